package finding_test

import (
	"testing"

	"assay/models/finding"
)

func machine[S comparable](t *testing.T, begin S, all []S, next func(S) []S, ends ...S) {
	t.Helper()
	reached := map[S]bool{begin: true}
	for todo := []S{begin}; len(todo) > 0; {
		s := todo[0]
		todo = todo[1:]
		for _, n := range next(s) {
			if !reached[n] {
				reached[n] = true
				todo = append(todo, n)
			}
		}
	}
	terminal := map[S]bool{}
	for _, s := range ends {
		terminal[s] = true
	}
	if len(reached) != len(all) {
		t.Errorf("%d states can be reached, %d are known", len(reached), len(all))
	}
	for _, s := range all {
		if !reached[s] {
			t.Errorf("%v cannot be reached", s)
		}
		if terminal[s] == (len(next(s)) > 0) {
			t.Errorf("%v can become %v", s, next(s))
		}
	}
}

func TestMachines(t *testing.T) {
	t.Run("every status of a finding is reached, and only a dismissed one stays", func(t *testing.T) {
		machine(t, finding.Raised, finding.Statuses, finding.Status.Next, finding.Dismissed)
	})
	t.Run("every status of a plan is reached, and only a verified one stays", func(t *testing.T) {
		machine(t, finding.PlanDrafted, []finding.PlanStatus{
			finding.PlanDrafted, finding.PlanSubmitted, finding.PlanApproved, finding.PlanRejected, finding.PlanInProgress,
			finding.PlanCompleted, finding.PlanVerified,
		}, finding.PlanStatus.Next, finding.PlanVerified)
	})
	t.Run("every status of a milestone is reached, and verified and cancelled ones stay", func(t *testing.T) {
		machine(t, finding.MilestonePlanned, []finding.MilestoneStatus{
			finding.MilestonePlanned, finding.MilestoneInProgress, finding.MilestoneDone, finding.MilestoneVerified, finding.MilestoneCancelled,
		}, finding.MilestoneStatus.Next, finding.MilestoneVerified, finding.MilestoneCancelled)
	})
}
