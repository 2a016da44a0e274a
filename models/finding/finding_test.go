package finding_test

import (
	"context"
	"testing"

	"assay/models"
	"assay/models/access"
	"assay/models/finding"
	"assay/models/ledger"
	"assay/models/modelstest"
)

func TestVerbsReachEveryStatus(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		w := newWorld(t, db)
		for _, s := range finding.Statuses {
			w.at(s)
		}
		report, err := ledger.Verify(t.Context(), db)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range report.Problems {
			t.Error(p)
		}
	})
}

// TestRules tries each act at a status of the finding.
func TestRules(t *testing.T) {
	const ok = models.Kind(-1)
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		w := newWorld(t, db)
		for _, c := range []struct {
			name string
			at   finding.Status
			who  access.Actor
			act  act
			want models.Kind
		}{
			{"the owner of the control confirms the facts", finding.Raised, w.sam, confirm, ok},
			{"the backup owner of the control confirms the facts", finding.Raised, w.dana, confirm, ok},
			{"somebody else's control owner does not even find it", finding.Raised, w.tomas, confirm, models.KindNotFound},
			{"an executive does not confirm facts", finding.Raised, w.ruth, confirm, models.KindForbidden},
			{"an administrator decides nothing about findings", finding.Raised, w.admin, confirm, models.KindForbidden},
			{"the owner disputes the facts", finding.Raised, w.sam, dispute, ok},
			{"nobody disputes what they raised themselves", finding.Raised, w.ana, dispute, models.KindForbidden},
			{"a dispute takes a reason", finding.Raised, w.sam, func(ctx context.Context, tx *models.Tx, c finding.Case) error {
				return finding.Dispute(ctx, tx, c.ID, c.Rev, "  ")
			}, models.KindInvalid},
			{"the raiser settles a dispute", finding.Disputed, w.ana, confirm, ok},
			{"settling a dispute takes a word", finding.Disputed, w.ana, func(ctx context.Context, tx *models.Tx, c finding.Case) error {
				return finding.Confirm(ctx, tx, c.ID, c.Rev, "")
			}, models.KindInvalid},
			{"a dispute is not disputed again", finding.Disputed, w.sam, dispute, models.KindConflict},
			{"the owner does not rate", finding.FactsConfirmed, w.sam, w.rate, models.KindForbidden},
			{"a compliance manager rates", finding.FactsConfirmed, w.ana, w.rate, ok},
			{"what nobody confirmed is not rated", finding.Raised, w.ana, w.rate, models.KindConflict},
			{"a rated finding is rated again", finding.Rated, w.ben, w.rate, ok},
			{"the rating stands once a plan is approved", finding.RemediationPlanned, w.ben, w.rate, models.KindConflict},
			{"an executive cannot be made the owner", finding.FactsConfirmed, w.ana, func(ctx context.Context, tx *models.Tx, c finding.Case) error {
				return finding.Rate(ctx, tx, c.ID, c.Rev, finding.Low, w.ruth.ID, "2026-12-31")
			}, models.KindInvalid},
			{"a target in the past is refused", finding.FactsConfirmed, w.ana, func(ctx context.Context, tx *models.Tx, c finding.Case) error {
				return finding.Rate(ctx, tx, c.ID, c.Rev, finding.Low, w.sam.ID, "2026-01-04")
			}, models.KindInvalid},
			{"the owner responds", finding.Rated, w.sam, respond, ok},
			{"an executive has no form to respond", finding.Rated, w.ruth, respond, models.KindForbidden},
			{"a closed finding takes no response", finding.ClosedVerified, w.sam, respond, models.KindConflict},
			{"the raiser's side dismisses", finding.FactsConfirmed, w.ben, dismiss, ok},
			{"the owner of the finding does not dismiss it", finding.Raised, w.sam, dismiss, models.KindForbidden},
			{"a plan that is approved is not dismissed away", finding.RemediationPlanned, w.ben, dismiss, models.KindConflict},
			{"a dismissed finding stays dismissed", finding.Dismissed, w.ben, reopen, models.KindConflict},
			{"a plan waits for the rating", finding.FactsConfirmed, w.sam, w.plan, models.KindConflict},
			{"the owner draws up a plan", finding.Rated, w.sam, w.plan, ok},
			{"an executive draws up no plan", finding.Rated, w.ruth, w.plan, models.KindForbidden},
			{"a step cannot start before the plan is approved", finding.RemediationPlanned, w.tomas, start, models.KindNotFound},
			{"the owner of a step starts it", finding.RemediationPlanned, w.dana, start, ok},
			{"an executive does no step", finding.RemediationPlanned, w.ruth, start, models.KindForbidden},
			{"a step is not done before it was started", finding.RemediationPlanned, w.dana, w.finishStep, models.KindConflict},
			{"a step is done with a proof", finding.InRemediation, w.dana, w.finishStep, ok},
			{"a step is not done without a proof", finding.InRemediation, w.dana, func(ctx context.Context, tx *models.Tx, c finding.Case) error {
				return finding.FinishMilestone(ctx, tx, c.ID, first(c).ID, first(c).Rev, 0, "")
			}, models.KindInvalid},
			{"withdrawn evidence proves nothing", finding.InRemediation, w.dana, func(ctx context.Context, tx *models.Tx, c finding.Case) error {
				return finding.FinishMilestone(ctx, tx, c.ID, first(c).ID, first(c).Rev, w.withdrawn, "")
			}, models.KindInvalid},
			{"a plan with an open step is not complete", finding.InRemediation, w.sam, complete, models.KindConflict},
			{"a step is cancelled with a reason", finding.InRemediation, w.sam, cancelStep, ok},
			{"the owner of a step cannot take it out of the plan", finding.InRemediation, w.tomas, cancelStep, models.KindNotFound},
			{"a step of another finding is not found", finding.InRemediation, w.sam, func(ctx context.Context, tx *models.Tx, c finding.Case) error {
				return finding.StartMilestone(ctx, tx, c.ID, first(c).ID+1000, 1)
			}, models.KindNotFound},
			{"the owner of the plan does not verify the finding", finding.ReadyForVerification, w.sam, verify, models.KindForbidden},
			{"the owner of a step does not verify the finding", finding.ReadyForVerification, w.dana, verify, models.KindForbidden},
			{"an executive does not verify", finding.ReadyForVerification, w.ruth, verify, models.KindForbidden},
			{"somebody who took no part verifies", finding.ReadyForVerification, w.ben, verify, ok},
			{"somebody who took no part sends it back", finding.ReadyForVerification, w.ben, sendBack, ok},
			{"somebody who took no part returns one step", finding.ReadyForVerification, w.ben, returnStep, ok},
			{"somebody who took no part verifies one step", finding.ReadyForVerification, w.ben, verifyStep, ok},
			{"the owner of the plan does not verify a step", finding.ReadyForVerification, w.sam, verifyStep, models.KindForbidden},
			{"nothing is verified before it is ready", finding.InRemediation, w.ben, verify, models.KindConflict},
			{"an executive accepts the risk", finding.Rated, w.ruth, accept("2027-01-05"), ok},
			{"a compliance manager accepts the risk of a plan under way", finding.InRemediation, w.ana, accept("2026-06-30"), ok},
			{"a control owner accepts no risk", finding.Rated, w.dana, accept("2026-06-30"), models.KindForbidden},
			{"twelve months and a day are too long", finding.Rated, w.ruth, accept("2027-01-06"), models.KindInvalid},
			{"yesterday is no end of an acceptance", finding.Rated, w.ruth, accept("2026-01-04"), models.KindInvalid},
			{"what is not rated is not accepted", finding.FactsConfirmed, w.ruth, accept("2026-06-30"), models.KindConflict},
			{"a closed finding is re-opened", finding.ClosedVerified, w.ben, reopen, ok},
			{"an accepted finding is re-opened", finding.RiskAccepted, w.ben, reopen, ok},
			{"its owner does not re-open it", finding.ClosedVerified, w.sam, reopen, models.KindForbidden},
			{"an open finding is not re-opened", finding.Rated, w.ben, reopen, models.KindConflict},
		} {
			t.Run(c.name, func(t *testing.T) {
				w.t = t
				id := w.at(c.at)
				err := w.try(c.who, id, c.act)
				switch {
				case c.want == ok && err != nil:
					t.Errorf("refused: %v", err)
				case c.want != ok && err == nil:
					t.Error("allowed")
				case c.want != ok && models.KindOf(err) != c.want:
					t.Errorf("refused as %v: %v", models.KindOf(err), err)
				}
			})
		}
	})
}

func TestPlanIsDecidedBySomebodyElse(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		w := newWorld(t, db)
		id := w.at(finding.Rated)
		w.do(w.ana, id, func(ctx context.Context, tx *models.Tx, c finding.Case) error {
			_, err := finding.DraftPlan(ctx, tx, c.ID, finding.PlanDraft{Summary: "Do it.", OwnerID: w.ana.ID, DueOn: "2026-12-31"})
			return err
		})
		if err := w.try(w.ana, id, submit); models.KindOf(err) != models.KindConflict {
			t.Errorf("a plan without milestones was submitted: %v", err)
		}
		w.do(w.ana, id, w.addStep)
		w.do(w.ana, id, submit)
		if err := w.try(w.ana, id, approve); models.KindOf(err) != models.KindForbidden {
			t.Errorf("its owner approved the plan: %v", err)
		}
		if err := w.try(w.ana, id, w.addStep); models.KindOf(err) != models.KindConflict {
			t.Errorf("a step was added while the plan waits: %v", err)
		}
		w.do(w.ben, id, reject)
		if c := w.load(id); c.Status != finding.Rated || c.Plan().Status != finding.PlanRejected || c.Plan().DecisionNote == "" {
			t.Errorf("after rejection: %s, %+v", c.Status, c.Plan())
		}
		w.do(w.ana, id, func(ctx context.Context, tx *models.Tx, c finding.Case) error {
			return finding.RevisePlan(ctx, tx, c.ID, c.Plan().Rev, finding.PlanDraft{Summary: "Do it well.", OwnerID: w.ana.ID, DueOn: "2026-12-24"})
		})
		w.do(w.ana, id, submit)
		w.do(w.ben, id, approve)
		if c := w.load(id); c.Status != finding.RemediationPlanned || c.DueOn != "2026-12-24" {
			t.Errorf("after approval: %s, due %s", c.Status, c.DueOn)
		}
	})
}

func TestSentBackWorkIsDoneAgain(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		w := newWorld(t, db)
		id := w.at(finding.ReadyForVerification)
		w.do(w.ben, id, returnStep)
		if c := w.load(id); c.Status != finding.InRemediation || c.Plan().Status != finding.PlanInProgress || first(c).Status != finding.MilestoneInProgress {
			t.Fatalf("after the step was returned: %s, %s, %s", c.Status, c.Plan().Status, first(c).Status)
		}
		if err := w.try(w.sam, id, complete); models.KindOf(err) != models.KindConflict {
			t.Errorf("completed with a returned step: %v", err)
		}
		w.do(w.dana, id, w.finishStep)
		w.do(w.ana, id, complete) // for sam, who is away
		if err := w.try(w.ana, id, verify); models.KindOf(err) != models.KindForbidden {
			t.Errorf("who completed the plan verified it: %v", err)
		}
		w.do(w.ben, id, verify)
		c := w.load(id)
		if c.Status != finding.ClosedVerified || c.Plan().Status != finding.PlanVerified || first(c).Status != finding.MilestoneVerified {
			t.Errorf("after verification: %s, %s, %s", c.Status, c.Plan().Status, first(c).Status)
		}
	})
}

// TestRule07ReopenedFinding is rule 7: closed on 1 March, it recurs on 20 April.
func TestRule07ReopenedFinding(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		w := newWorld(t, db)
		id := w.raise(w.facts())
		w.bring(id, finding.ReadyForVerification)
		w.on("2026-03-01")
		w.do(w.ben, id, verify)
		if got := w.age(id, "2026-04-01"); got != 55 {
			t.Errorf("a finding of 5 January that was closed on 1 March is %d days old, want 55", got)
		}
		w.on("2026-04-20")
		w.do(w.ben, id, reopen)
		c := w.load(id)
		if c.Status != finding.Raised || c.Cycle != 2 || c.Repeats() != 1 || c.ClosedAt != nil {
			t.Errorf("after it recurred: %s, cycle %d, %d repeats", c.Status, c.Cycle, c.Repeats())
		}
		if got := w.age(id, "2026-04-30"); got != 10 {
			t.Errorf("on 30 April cycle 2 is %d days old, want 10", got)
		}
		first := c.Cycles[0]
		if len(c.Cycles) != 2 || first.Outcome != finding.ClosedVerified || models.DateOf(*first.ClosedAt, w.db.Now().Location()) != "2026-03-01" {
			t.Errorf("cycle 1 is now %+v", first)
		}
		if c.Plan() != nil || len(c.Plans) != 1 || *c.Milestones[0].ProofID != w.proof {
			t.Error("the plan and the proof of cycle 1 are not as they were")
		}
		w.bring(id, finding.ClosedVerified)
		if c := w.load(id); len(c.Plans) != 2 || c.Cycles[1].Outcome != finding.ClosedVerified {
			t.Errorf("cycle 2 ended with %d plans, outcome %q", len(c.Plans), c.Cycles[1].Outcome)
		}
	})
}

func (w *world) age(id int64, day string) (days int) {
	w.t.Helper()
	w.on(day)
	modelstest.Look(w.t, w.db, w.ana, func(ctx context.Context, tx *models.Tx) error {
		today, err := finding.Today(ctx, tx)
		days = today.Age(w.load(id).Finding)
		return err
	})
	return days
}

func TestExtensions(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		w := newWorld(t, db)
		id := w.at(finding.InRemediation)
		w.do(w.sam, id, askPlan("2027-01-31"))
		for _, c := range []struct {
			name string
			who  access.Actor
			act  act
			want models.Kind
		}{
			{"who asked does not decide", w.sam, grant, models.KindForbidden},
			{"a control owner does not decide", w.dana, grant, models.KindForbidden},
			{"two requests about one date do not wait at once", w.sam, askPlan("2027-02-28"), models.KindConflict},
		} {
			if err := w.try(c.who, id, c.act); models.KindOf(err) != c.want {
				t.Errorf("%s: got %v", c.name, err)
			}
		}
		w.do(w.ana, id, refuse)
		w.do(w.sam, id, askPlan("2027-01-31"))
		w.do(w.ana, id, grant)
		w.do(w.sam, id, askPlan("2027-02-28"))
		w.do(w.ben, id, grant)
		w.do(w.sam, id, askPlan("2027-03-31"))
		if err := w.try(w.ben, id, grant); models.KindOf(err) != models.KindForbidden {
			t.Errorf("the third extension was granted without an executive: %v", err)
		}
		w.do(w.ruth, id, grant)
		c := w.load(id)
		if p := c.Plan(); p.DueOn != "2027-03-31" || p.OriginalDueOn != "2026-12-31" || c.DueOn != "2027-03-31" {
			t.Errorf("due %s, originally %s, finding %s", p.DueOn, p.OriginalDueOn, c.DueOn)
		}
		step := func(until models.Date) act {
			return func(ctx context.Context, tx *models.Tx, c finding.Case) error {
				_, err := finding.AskExtension(ctx, tx, c.ID, first(c).ID, until, "Holidays.")
				return err
			}
		}
		for until, why := range map[models.Date]string{"2027-04-01": "after the plan ends", "2026-11-30": "the day it is due anyway", "": "no day"} {
			if err := w.try(w.dana, id, step(until)); models.KindOf(err) != models.KindInvalid {
				t.Errorf("a step was extended until %s: %v", why, err)
			}
		}
		w.do(w.dana, id, step("2027-01-15"))
		w.do(w.ana, id, grant)
		if m := first(w.load(id)); m.DueOn != "2027-01-15" || m.OriginalDueOn != "2026-11-30" {
			t.Errorf("step due %s, originally %s", m.DueOn, m.OriginalDueOn)
		}
	})
}

// TestRule15AnAcceptanceThatRunsOutOvernight: an acceptance until 31 March ends with that day, and the finding is open
// on 1 April.
func TestRule15AnAcceptanceThatRunsOutOvernight(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		w := newWorld(t, db)
		id := w.at(finding.Rated)
		w.do(w.ruth, id, accept("2026-03-31"))
		expire := func() (n int, err error) {
			err = w.as(access.Clock, func(ctx context.Context, tx *models.Tx) (err error) {
				n, err = finding.ExpireAcceptances(ctx, tx)
				return err
			})
			return n, err
		}
		lapsed := func() (ids []int64) {
			modelstest.Look(t, db, access.Clock, func(ctx context.Context, tx *models.Tx) (err error) {
				ids, err = finding.LapsedAcceptances(ctx, tx)
				return err
			})
			return ids
		}
		w.on("2026-03-31")
		if got := lapsed(); len(got) != 0 {
			t.Errorf("lapsed on its last day: %v", got)
		}
		w.on("2026-04-01")
		if got := lapsed(); len(got) != 1 || got[0] != id {
			t.Errorf("on the day after, %v have lapsed", got)
		}
		if n, err := expire(); n != 1 || err != nil {
			t.Fatalf("%d findings came back: %v", n, err)
		}
		c := w.load(id)
		if c.Status != finding.Rated || c.Cycle != 2 || c.Severity != finding.High || c.Acceptance() != nil || c.Acceptances[0].EndedAt == nil {
			t.Errorf("after the lapse: %s, cycle %d, %q", c.Status, c.Cycle, c.Severity)
		}
		if c.Cycles[0].Outcome != finding.RiskAccepted || c.Cycles[1].OpenedBy != 0 {
			t.Errorf("cycles %+v", c.Cycles)
		}
		if got := lapsed(); len(got) != 0 {
			t.Errorf("it lapsed twice: %v", got)
		}
		if err := w.as(w.ana, func(ctx context.Context, tx *models.Tx) error {
			_, err := finding.ExpireAcceptances(ctx, tx)
			return err
		}); models.KindOf(err) != models.KindForbidden {
			t.Errorf("a person ended acceptances: %v", err)
		}
	})
}

func TestSlowerOfTwoIsTold(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		w := newWorld(t, db)
		id := w.at(finding.Rated)
		before := w.load(id)
		w.do(w.ana, id, w.rate)
		err := w.as(w.ben, func(ctx context.Context, tx *models.Tx) error { return w.rate(ctx, tx, before) })
		if models.KindOf(err) != models.KindConflict {
			t.Errorf("got %v", err)
		}
	})
}

func TestAuditFindings(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		w := newWorld(t, db)
		in := w.facts()
		in.Source = finding.FromAudit
		raise := func(a access.Actor, in finding.Facts) error {
			return w.as(a, func(ctx context.Context, tx *models.Tx) error {
				_, err := finding.Raise(ctx, tx, in)
				return err
			})
		}
		if err := raise(w.ana, in); models.KindOf(err) != models.KindInvalid {
			t.Errorf("an audit's finding without engagement: %v", err)
		}
		in.EngagementID = w.audit.ID
		if err := raise(w.sam, in); models.KindOf(err) != models.KindForbidden {
			t.Errorf("a control owner spoke for the auditors: %v", err)
		}
		if err := raise(w.jonas, in); models.KindOf(err) != models.KindForbidden {
			t.Errorf("an auditor wrote: %v", err)
		}
		id := w.raise(in)
		if err := w.try(w.ana, id, dismiss); models.KindOf(err) != models.KindForbidden {
			t.Errorf("the company dismissed an audit's finding: %v", err)
		}
		w.bring(id, finding.ClosedVerified)
		if got := w.load(id).ReportEffect; got != finding.Undecided {
			t.Errorf("the company decided the effect on the report: %s", got)
		}
		in.Source = finding.FromOther
		if err := raise(w.ana, in); models.KindOf(err) != models.KindInvalid {
			t.Errorf("an engagement on what no auditor found: %v", err)
		}
	})
}

func TestCorrect(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		w := newWorld(t, db)
		id := w.at(finding.Disputed)
		in := w.facts()
		in.Title, in.Controls = "1 of 31 leavers kept access", []int64{w.changes.ID}
		change := func(ctx context.Context, tx *models.Tx, c finding.Case) error {
			return finding.Correct(ctx, tx, c.ID, c.Rev, in)
		}
		if err := w.try(w.sam, id, change); models.KindOf(err) != models.KindForbidden {
			t.Errorf("who answers changed the facts: %v", err)
		}
		w.do(w.ana, id, change)
		c := w.load(id)
		if c.Title != in.Title || len(c.Controls) != 1 || c.Controls[0].Code != "CM-01" || *c.OwnerID != w.tomas.ID {
			t.Errorf("corrected to %q, %v", c.Title, c.Controls)
		}
		w.do(w.tomas, id, confirm)
		if err := w.try(w.ana, id, change); models.KindOf(err) != models.KindConflict {
			t.Errorf("confirmed facts were changed: %v", err)
		}
	})
}
