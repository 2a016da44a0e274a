package controltest_test

import (
	"context"
	"strings"
	"testing"

	"assay/models"
	"assay/models/access"
	"assay/models/controltest"
	"assay/models/engagement"
	"assay/models/ledger"
	"assay/models/modelstest"
	"assay/models/population"
	"assay/models/sample"
)

func TestATestGoesFromPlanToReview(t *testing.T) {
	each(t, func(w *world) {
		c := w.planned()
		w.refused("no walkthrough", w.design(w.jonas, c.ID, controltest.Adequate, "x"), models.KindInvalid, "Link the evidence of the walkthrough first")
		w.refused("population before design", w.takePopulation(w.jonas, c.ID, 1), models.KindConflict, "once the design is adequate")
		e1 := w.proof(w.control, "Walkthrough", nil)
		w.must(w.walk(w.jonas, c.ID, e1.Code()))
		w.refused("twice", w.walk(w.jonas, c.ID, e1.Code()), models.KindConflict, "is linked there already")
		w.refused("no basis", w.design(w.jonas, c.ID, controltest.Adequate, " "), models.KindInvalid, "basis: Say what the walkthrough showed")
		w.must(w.design(w.jonas, c.ID, controltest.Adequate, "Followed CHG-001."))
		w.refused("sample before population", w.takeSample(w.jonas, c.ID, 1), models.KindConflict, "once the population is accepted")
		p := w.locked(w.control, 40)
		w.refused("another control's", w.takePopulation(w.jonas, c.ID, w.locked(w.automated, 3).ID), models.KindInvalid, "Choose a population of CM-01")
		w.must(w.takePopulation(w.jonas, c.ID, p.ID))
		early, _ := w.draw(p, 2, nil)
		w.refused("attributes not fixed", w.takeSample(w.jonas, c.ID, early.ID), models.KindConflict, "Fix the attributes first")
		w.later()
		w.must(w.fix(w.jonas, c.ID, "Approved by someone else", "", "Linked to a ticket"))
		w.refused("drawn before the attributes", w.takeSample(w.jonas, c.ID, early.ID), models.KindInvalid, "was drawn before the attributes were fixed")
		w.refused("conclude untested", w.conclude(w.jonas, c.ID, controltest.Effective, ""), models.KindConflict, "Nothing was tested yet")
		w.later()
		s, items := w.draw(p, 2, func(s *population.Sample) { s.RedrawsID, s.Reason = &early.ID, "Attributes were fixed." })
		w.must(w.takeSample(w.jonas, c.ID, s.ID))
		w.refused("an attribute after the selection", w.fix(w.jonas, c.ID, "One more"), models.KindConflict, "Attributes are fixed before the selection")
		w.must(w.set(w.jonas, c.ID, pass(items[0].ID, "AB")...))
		if now := w.paper(w.jonas, c.ID); now.Status != controltest.Testing || now.Tally().Done != 1 {
			t.Fatalf("got %s, %+v", now.Status, now.Tally())
		}
		w.refused("an item without result", w.conclude(w.jonas, c.ID, controltest.Effective, ""), models.KindConflict, "1 of 2 items have a result")
		w.must(w.set(w.jonas, c.ID, pass(items[1].ID, "AB")...))
		w.refused("no exception to note", w.conclude(w.jonas, c.ID, controltest.Exceptions, ""), models.KindInvalid, "No item deviates")
		w.refused("it happened", w.conclude(w.jonas, c.ID, controltest.DidNotOperate, "x"), models.KindConflict, "empty population")
		w.must(w.conclude(w.jonas, c.ID, controltest.Effective, ""))
		w.refused("twice", w.conclude(w.jonas, c.ID, controltest.Effective, ""), models.KindConflict, "is concluded already")
		w.refused("a result after it", w.set(w.jonas, c.ID, pass(items[0].ID, "A")...), models.KindConflict, "between the selection and the conclusion")
		w.refused("by who tested", w.review(w.jonas, c.ID, "x"), models.KindForbidden, "what somebody else tested")
		w.must(w.review(w.lea, c.ID, ""))
		now := w.paper(w.jonas, c.ID)
		if now.Status != controltest.Reviewed || now.Words != "No exceptions noted" || *now.Now().ReviewedBy != w.lea.ID || now.AuditorID != w.jonas.ID || now.BroughtIn() {
			t.Errorf("got %+v", now.Test)
		}
		w.verified()
	})
}

func TestRule12NothingHappenedIsNotEffective(t *testing.T) {
	each(t, func(w *world) {
		c := w.designed()
		empty := w.locked(w.control, 0)
		w.must(w.takePopulation(w.jonas, c.ID, empty.ID))
		w.refused("effective", w.conclude(w.jonas, c.ID, controltest.Effective, ""), models.KindConflict, "whether the control operated is not known")
		w.refused("uncorroborated", w.conclude(w.jonas, c.ID, controltest.DidNotOperate, " "), models.KindInvalid, "Say what corroborates")
		w.must(w.conclude(w.jonas, c.ID, controltest.DidNotOperate, "the incident register and inquiry of the head of security"))
		if now := w.paper(w.jonas, c.ID); now.Words != "Did not operate during the period; corroborated by the incident register and inquiry of the head of security" {
			t.Errorf("got %q", now.Words)
		}
	})
}

func TestRule12WhatHappenedDidOperate(t *testing.T) {
	each(t, func(w *world) {
		c := w.designed()
		w.refused("unknown", w.conclude(w.jonas, c.ID, controltest.DidNotOperate, "x"), models.KindConflict, "an empty population that is tied out")
		w.must(w.takePopulation(w.jonas, c.ID, w.locked(w.control, 3).ID))
		w.refused("not empty", w.conclude(w.jonas, c.ID, controltest.DidNotOperate, "x"), models.KindInvalid, "has 3 rows")
		w.broken("past the verb", w.as(w.jonas, func(ctx context.Context, tx *models.Tx) error {
			now, err := controltest.ByID(ctx, tx, c.ID)
			now.Status, now.Conclusion, now.Words = controltest.Concluded, controltest.DidNotOperate, "x"
			if err != nil {
				return err
			}
			return models.Update(ctx, tx, &now, models.Columns{"Status", "Conclusion", "Words"}, "test.conclude")
		}))
		w.refused("not tested without reason", w.conclude(w.jonas, c.ID, controltest.NotTested, ""), models.KindInvalid, "Say why it is not tested")
		w.must(w.conclude(w.jonas, c.ID, controltest.NotTested, "the control was retired"))
	})
}

func TestAnInadequateDesignEndsWithoutASample(t *testing.T) {
	each(t, func(w *world) {
		c := w.planned()
		w.must(w.walk(w.jonas, c.ID, w.proof(w.control, "Walkthrough", nil).Code()))
		w.must(w.design(w.jonas, c.ID, controltest.Inadequate, "the author can approve their own change"))
		now := w.paper(w.jonas, c.ID)
		if now.Status != controltest.Concluded || now.Conclusion != controltest.DesignInadequate || now.Words != "Design inadequate: the author can approve their own change" {
			t.Errorf("got %+v", now.Test)
		}
		w.refused("a population", w.takePopulation(w.jonas, c.ID, w.locked(w.control, 4).ID), models.KindConflict, "once the design is adequate")
		w.must(w.reopen(w.lea, c.ID, "The branch rule was shown."))
		if now := w.paper(w.jonas, c.ID); now.Status != controltest.Planned || now.Design != "" || now.Rounds[0].Design != controltest.Inadequate {
			t.Errorf("opened again: %+v", now.Test)
		}
	})
}

func TestAnotherRoundKeepsTheEarlierOne(t *testing.T) {
	each(t, func(w *world) {
		c, _, items := w.tested(2)
		w.must(w.conclude(w.jonas, c.ID, controltest.Effective, ""))
		w.must(w.review(w.lea, c.ID, ""))
		w.refused("not the lead", w.reopen(w.jonas, c.ID, "x"), models.KindForbidden, "The lead")
		w.refused("no reason", w.reopen(w.lea, c.ID, ""), models.KindInvalid, "Say why")
		w.must(w.reopen(w.lea, c.ID, "The approver of CHG-002 had left."))
		w.must(w.set(w.jonas, c.ID, controltest.Seen{ItemID: items[1].ID, Letter: "A", Result: controltest.Deviation, Rev: controltest.Any}))
		w.refused("a deviation is an exception", w.conclude(w.jonas, c.ID, controltest.Effective, ""), models.KindInvalid, "1 of 2 items deviate")
		w.must(w.conclude(w.jonas, c.ID, controltest.Exceptions, ""))
		now := w.paper(w.jonas, c.ID)
		if len(now.Rounds) != 2 || now.Rounds[0].Words != "No exceptions noted" || now.Rounds[1].Reason != "The approver of CHG-002 had left." ||
			now.Words != "Exceptions noted: 1 of 2 items. Attributes not met: A, Approved by someone else" {
			t.Errorf("got %+v", now.Rounds)
		}
		var list []controltest.Result
		modelstest.Look(t, w.db, w.jonas, func(ctx context.Context, tx *models.Tx) (err error) {
			list, err = models.Rows[controltest.Result](tx).Where("item_id = ? AND letter = 'A'", items[1].ID).Order("round").Find(ctx)
			return err
		})
		if len(list) != 2 || list[0].Result != controltest.Pass {
			t.Fatalf("kept of the cell: %+v", list)
		}
		w.broken("an earlier round's result", w.as(w.jonas, func(ctx context.Context, tx *models.Tx) error {
			list[0].Result = controltest.Deviation
			return models.Update(ctx, tx, &list[0], models.Columns{"Result"}, "test.result")
		}))
	})
}

func TestATeamOfOneWaivesTheReview(t *testing.T) {
	each(t, func(w *world) {
		w.must(w.as(w.priya, func(ctx context.Context, tx *models.Tx) error {
			team, err := models.Rows[engagement.Auditor](tx).Where("engagement_id = ? AND person_id <> ?", w.engagement.ID, w.jonas.ID).Find(ctx)
			for _, a := range team {
				if err == nil {
					err = engagement.RemoveAuditor(ctx, tx, w.engagement, a.ID, a.Rev)
				}
			}
			return err
		}))
		c, _, _ := w.tested(1)
		w.must(w.conclude(w.jonas, c.ID, controltest.Effective, ""))
		w.refused("no reason", w.review(w.jonas, c.ID, ""), models.KindInvalid, "waiver: Nobody else is in the team")
		w.must(w.review(w.jonas, c.ID, "Sole practitioner."))
		if now := w.paper(w.jonas, c.ID); now.Now().Waiver != "Sole practitioner." || now.Status != controltest.Reviewed {
			t.Errorf("got %+v", now.Now())
		}
	})
}

func TestNoCompanyRoleWritesATest(t *testing.T) {
	each(t, func(w *world) {
		c, _, items := w.tested(1)
		for _, a := range []access.Actor{w.admin, w.owner, w.executive, w.rita, w.olga, {}} {
			for what, err := range map[string]error{
				"plan": func() error {
					_, err := w.begin(a, controltest.Plan{ControlID: w.control.ID, FirstVersion: 1}, w.jonas.ID)
					return err
				}(),
				"walk":     w.walk(a, c.ID, "E-1"),
				"design":   w.design(a, c.ID, controltest.Adequate, "x"),
				"fix":      w.fix(a, c.ID, "x"),
				"set":      w.set(a, c.ID, pass(items[0].ID, "A")...),
				"conclude": w.conclude(a, c.ID, controltest.Effective, ""),
				"review":   w.review(a, c.ID, ""),
				"reopen":   w.reopen(a, c.ID, "x"),
			} {
				if k := models.KindOf(err); err == nil || k != models.KindForbidden && k != models.KindNotFound {
					t.Errorf("%s as %s: got %v", what, a.Role, err)
				}
			}
		}
		// Who goes past the verbs meets the database.
		for who, by := range map[string][2]int64{
			"a manager as auditor":        {w.priya.ID, w.priya.ID},
			"an owner for an auditor":     {w.jonas.ID, w.owner.ID},
			"an administrator":            {w.jonas.ID, w.admin.ID},
			"an auditor of another one":   {w.olga.ID, w.olga.ID},
			"one who only reads":          {w.rita.ID, w.rita.ID},
			"another auditor for the one": {w.jonas.ID, w.lea.ID},
		} {
			r := controltest.Result{TestID: c.ID, EngagementID: w.engagement.ID, Slug: "x", Round: 1, ItemID: items[0].ID, Letter: "C", Result: controltest.Pass, AuditorID: by[0], EnteredBy: by[1], At: w.clock}
			w.broken(who, w.as(access.Clock, func(ctx context.Context, tx *models.Tx) error { return models.Insert(ctx, tx, &r, "test.result") }))
		}
	})
}

func TestAManagerBringsInWhatAnAuditorDecided(t *testing.T) {
	each(t, func(w *world) {
		_, err := w.begin(w.priya, controltest.Plan{ControlID: w.control.ID, FirstVersion: 1}, w.olga.ID)
		w.refused("nobody's auditor", err, models.KindInvalid, "auditor: Choose the auditor of this engagement")
		c, err := w.begin(w.priya, controltest.Plan{ControlID: w.control.ID, FirstVersion: 1}, w.rita.ID)
		w.must(err)
		if !c.BroughtIn() || c.AuditorID != w.rita.ID || c.EnteredBy != w.priya.ID || c.SharedAt == nil {
			t.Errorf("got %+v", c)
		}
		_, err = w.begin(w.jonas, controltest.Plan{ControlID: w.control.ID, FirstVersion: 1}, 0)
		w.refused("a second one", err, models.KindConflict, "There is a test of this segment already")
	})
}

func TestATestIsPrivateUntilItIsShared(t *testing.T) {
	each(t, func(w *world) {
		c, _, items := w.tested(1)
		w.must(w.as(w.jonas, func(ctx context.Context, tx *models.Tx) error {
			_, err := controltest.Jot(ctx, tx, c.ID, 0, []controltest.Jotting{{ItemID: items[0].ID, Letter: "A", Text: "The approver seems to be a robot."}})
			return err
		}))
		for _, a := range []access.Actor{w.priya, w.admin, w.owner, w.executive, w.olga} {
			if w.sees(a, c.ID) {
				t.Errorf("%s sees a test that is not shared", a.Role)
			}
		}
		if !w.sees(w.rita, c.ID) || len(w.paper(w.rita, c.ID).Notes) != 1 {
			t.Error("the audit team does not see it")
		}
		w.must(w.as(w.jonas, func(ctx context.Context, tx *models.Tx) error { return controltest.Share(ctx, tx, c.ID, 0, 0) }))
		if now := w.paper(w.priya, c.ID); len(now.Notes) != 0 || now.Rows[0].Results["A"].Result != controltest.Pass {
			t.Errorf("the company reads %+v", now.Notes)
		}
		for _, a := range []access.Actor{w.owner, w.executive, w.olga} {
			if w.sees(a, c.ID) {
				t.Errorf("%s sees a shared test", a.Role)
			}
		}
		w.logSilent("robot")
		note := w.paper(w.jonas, c.ID).Notes[0]
		w.must(w.as(w.jonas, func(ctx context.Context, tx *models.Tx) error {
			return controltest.ShareNote(ctx, tx, c.ID, note.ID, 0)
		}))
		if now := w.paper(w.priya, c.ID); len(now.Notes) != 1 {
			t.Error("the company does not read a note that was shared")
		}
		w.broken("a shared note changes", w.as(w.jonas, func(ctx context.Context, tx *models.Tx) error {
			n := w.paper(w.jonas, c.ID).Notes[0]
			n.Text = "Something else."
			return models.Update(ctx, tx, &n, models.Columns{"Text"}, "test.note")
		}))
	})
}

// logSilent fails the test if the log or search says a word.
func (w *world) logSilent(word string) {
	w.Helper()
	modelstest.Look(w.T, w.db, access.Clock, func(ctx context.Context, tx *models.Tx) error {
		details, err := models.Raw[models.LogDetail](ctx, tx, "SELECT seq, salt, text FROM log_details")
		for _, d := range details {
			if strings.Contains(strings.ToLower(d.Text), word) {
				w.Errorf("the text of leaf %d says %q", d.Seq, word)
			}
		}
		return err
	})
}

func (w *world) verified() {
	w.Helper()
	report, err := models.Verify(w.Context(), w.db, models.VerifyOptions{Tables: ledger.Tables()})
	if err != nil || len(report.Problems) > 0 {
		w.Errorf("%v: %v", err, report.Problems)
	}
}

// TestRule12WhatIsEmptyIsNotSampled: a control that had nothing to act on did not operate, and
// no selection from its empty list makes it effective.
func TestRule12WhatIsEmptyIsNotSampled(t *testing.T) {
	each(t, func(w *world) {
		c := w.designed()
		p := w.locked(w.control, 0)
		w.must(w.takePopulation(w.jonas, c.ID, p.ID))
		w.later()
		all, _ := w.draw(p, 0, func(x *population.Sample) { x.Method, x.Seed = sample.Full, "" })
		none, _ := w.draw(p, 0, nil)
		for what, s := range map[string]population.Sample{"all of nothing": all, "some of it": none} {
			w.refused(what, w.takeSample(w.jonas, c.ID, s.ID), models.KindInvalid, "sample: P-1 is empty, so the control had nothing to act on")
		}
		w.must(w.conclude(w.jonas, c.ID, controltest.DidNotOperate, "The source has none either."))
	})
}
