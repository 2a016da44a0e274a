package finding_test

import (
	"context"
	"testing"

	"assay/models"
	"assay/models/finding"
	"assay/models/modelstest"
)

// TestAHandInTheRemediationIsNotForgotten: who was sent back, handed over or only wrote the
// plan is still not the one who judges it.
func TestAHandInTheRemediationIsNotForgotten(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		w := newWorld(t, db)
		refused := func(what string, err error) {
			t.Helper()
			if models.KindOf(err) != models.KindForbidden {
				t.Errorf("%s: %v", what, err)
			}
		}

		id := w.at(finding.InRemediation)
		w.do(w.dana, id, w.finishStep)
		w.do(w.ana, id, complete) // a compliance manager says that it is done
		w.do(w.ben, id, sendBack)
		w.do(w.sam, id, complete)
		refused("an earlier completer verifies", w.try(w.ana, id, verify))
		w.do(w.ben, id, verify)

		id = w.at(finding.ReadyForVerification)
		w.do(w.ben, id, returnStep) // dana's step is done by somebody else
		w.do(w.ana, id, w.finishStep)
		w.do(w.sam, id, complete)
		w.do(w.ben, id, returnStep)
		w.do(w.dana, id, w.finishStep)
		w.do(w.sam, id, complete)
		refused("who did a step before verifies it", w.try(w.ana, id, verifyStep))
		refused("and the finding", w.try(w.ana, id, verify))

		id = w.at(finding.Rated)
		w.do(w.ana, id, w.plan) // sam owns it
		w.do(w.sam, id, w.addStep)
		w.do(w.sam, id, submit)
		refused("the drafter approves", w.try(w.ana, id, approve))
		refused("the drafter rejects", w.try(w.ana, id, reject))
		w.do(w.ben, id, approve)

		id = w.at(finding.Rated)
		w.do(w.sam, id, w.plan)
		w.do(w.ana, id, w.addStep)
		w.do(w.sam, id, submit)
		refused("who wrote a step approves the plan", w.try(w.ana, id, approve))
	})
}

func TestAClosedCycleIsGuardedByTheDatabase(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		w := newWorld(t, db)
		id := w.at(finding.ClosedVerified)
		c := w.load(id)
		for what, change := range map[string]act{
			"its end": func(ctx context.Context, tx *models.Tx, c finding.Case) error {
				c.Cycles[0].Note = "Otherwise."
				return models.Update(ctx, tx, &c.Cycles[0], models.Columns{"Note"}, "finding.cycle_end")
			},
			"its plan": func(ctx context.Context, tx *models.Tx, c finding.Case) error {
				c.Plans[0].Summary = "Otherwise."
				return models.Update(ctx, tx, &c.Plans[0], models.Columns{"Summary"}, "plan.revise")
			},
			"a step of it": func(ctx context.Context, tx *models.Tx, c finding.Case) error {
				c.Milestones[0].Note = "Otherwise."
				return models.Update(ctx, tx, &c.Milestones[0], models.Columns{"Note"}, "milestone.edit")
			},
			"the cycle itself": func(ctx context.Context, tx *models.Tx, c finding.Case) error {
				return models.Delete(ctx, tx, &c.Cycles[0], "finding.cycle_end")
			},
		} {
			if err := w.try(w.ana, c.ID, change); !models.Broken(err) {
				t.Errorf("%s: %v", what, err)
			}
		}
		w.do(w.ben, id, reopen)
		if w.load(id).Cycle != 2 {
			t.Error("the finding was not re-opened")
		}
	})
}

// TestHandingOverLeavesClosedCyclesAlone: a step that was never done in a cycle that ended
// with an accepted risk belongs to whoever had it.
func TestHandingOverLeavesClosedCyclesAlone(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		w := newWorld(t, db)
		id := w.at(finding.InRemediation)
		w.do(w.ruth, id, accept("2026-06-30"))
		w.do(w.ben, id, reopen)
		w.must(w.admin, func(ctx context.Context, tx *models.Tx) error {
			n, err := finding.HandOver(ctx, tx, w.dana.ID, w.tomas.ID)
			if n != 0 {
				t.Errorf("%d things of a closed cycle were handed over", n)
			}
			if err == nil {
				err = tx.Record("person.hand_over", "people/1")
			}
			return err
		})
	})
}
