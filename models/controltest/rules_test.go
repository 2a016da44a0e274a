package controltest_test

import (
	"context"
	"testing"

	"assay/models"
	"assay/models/control"
	"assay/models/controltest"
	"assay/models/population"
	"assay/models/sample"
)

func (w *world) segments(c control.Control) (out []controltest.Segment) {
	w.Helper()
	w.must(w.db.Read(w.Context(), w.jonas, func(tx *models.Tx) error {
		all, err := controltest.Segments(w.Context(), tx, w.engagement, c.ID)
		out = all[c.ID]
		return err
	}))
	return out
}

func (w *world) end(c control.Control, number int, on models.Date, status control.Status) {
	w.Helper()
	w.must(w.as(w.priya, func(ctx context.Context, tx *models.Tx) error {
		v, err := control.VersionOf(ctx, tx, c, number)
		v.EffectiveTo, v.Status = on, status
		if err != nil {
			return err
		}
		return models.Update(ctx, tx, &v, models.Columns{"EffectiveTo", "Status"}, "version.supersede")
	}))
}

func TestRule04TwoVersionsAreTwoTests(t *testing.T) {
	each(t, func(w *world) {
		w.end(w.control, 1, "2026-03-31", control.Superseded)
		w.addVersion(w.control, 2, control.Superseded, true, "manual", "2026-04-01", "2026-05-31")
		w.addVersion(w.control, 3, control.Effective, false, "manual", "2026-06-01", "")
		w.addVersion(w.control, 4, control.Approved, false, "manual", "2026-09-01", "")
		list := w.segments(w.control)
		if len(list) != 2 || list[0].First != 1 || list[0].Last != 2 || list[0].From != "2026-01-01" || list[0].To != "2026-05-31" ||
			list[1].First != 3 || list[1].From != "2026-06-01" || list[1].To != "2026-12-31" || list[1].Number != 2 || list[1].Of != 2 {
			t.Fatalf("got %+v", list)
		}
		one, err := w.begin(w.jonas, controltest.Plan{ControlID: w.control.ID, FirstVersion: 1}, 0)
		w.must(err)
		two, err := w.begin(w.jonas, controltest.Plan{ControlID: w.control.ID, FirstVersion: 3}, 0)
		w.must(err)
		if one.ID == two.ID || w.paper(w.jonas, two.ID).Segment.From != "2026-06-01" {
			t.Error("the segments are not two tests")
		}
		_, err = w.begin(w.jonas, controltest.Plan{ControlID: w.control.ID, FirstVersion: 2}, 0)
		w.refused("an editorial version begins no segment", err, models.KindInvalid, "version: Choose a segment")
	})
}

func TestRule04AGapEndsASegment(t *testing.T) {
	each(t, func(w *world) {
		w.end(w.control, 1, "2026-03-31", control.Retired)
		w.addVersion(w.control, 2, control.Effective, true, "manual", "2026-05-01", "")
		if list := w.segments(w.control); len(list) != 2 || list[0].To != "2026-03-31" || list[1].From != "2026-05-01" {
			t.Errorf("got %+v", list)
		}
	})
}

func TestRule08ATestKeepsTheEvidenceItUsed(t *testing.T) {
	each(t, func(w *world) {
		c, _, items := w.selected(1)
		e1 := w.proof(w.control, "Merge record", nil)
		link := func(code string) error {
			return w.as(w.jonas, func(ctx context.Context, tx *models.Tx) error {
				return controltest.LinkItem(ctx, tx, c.ID, 0, items[0].ID, "A", code)
			})
		}
		w.must(link(e1.Code()))
		linked := func() controltest.LinkedProof {
			p := w.paper(w.jonas, c.ID)
			return p.ProofsOf(controltest.OfItem, items[0].ID)[0]
		}
		before := linked()
		e2 := w.proof(w.control, "Merge record, whole", &e1.ID)
		now := linked()
		if !now.Superseded || now.ReplacedBy != e2.ID || now.Code() != e1.Code() || len(now.Files) != 1 || now.Files[0] != before.Files[0] || now.Files[0].Digest == "" {
			t.Errorf("it shows %+v", now)
		}
		w.refused("a new link", link(e1.Code()), models.KindInvalid, "was superseded. Link the item that replaced it")
		w.must(link(e2.Code()))
		w.must(w.set(w.jonas, c.ID, pass(items[0].ID, "AB")...))
		w.must(w.conclude(w.jonas, c.ID, controltest.Effective, ""))
		w.refused("what a conclusion rests on", w.as(w.jonas, func(ctx context.Context, tx *models.Tx) error {
			return controltest.Unlink(ctx, tx, c.ID, now.ID, 0)
		}), models.KindConflict, "A conclusion rests on this link")
		w.verified()
	})
}

func TestRule10ExcludedItemsStayAndNextRanksFollow(t *testing.T) {
	each(t, func(w *world) {
		c, s, items := w.tested(2)
		x := population.Exclusion{ItemID: items[1].ID, SampleID: s.ID, PopulationID: s.PopulationID, Slug: s.Slug, Class: population.Duplicate, Reason: "The same merge.", AuditorID: w.jonas.ID, ExcludedBy: w.priya.ID, ExcludedAt: w.clock}
		w.must(w.as(w.priya, func(ctx context.Context, tx *models.Tx) error { return models.Insert(ctx, tx, &x, "sample.exclude") }))
		next := w.items(s, 3, 3)[0]
		now := w.paper(w.jonas, c.ID)
		if len(now.Rows) != 3 || !now.Rows[1].Excluded() || now.Rows[2].ItemID != next.ID || now.Tally().Items != 2 || now.Tally().Done != 1 {
			t.Fatalf("got %+v", now.Rows)
		}
		w.refused("an excluded item", w.set(w.jonas, c.ID, pass(items[1].ID, "A")...), models.KindInvalid, "is excluded from the sample")
		w.refused("a replacement without result", w.conclude(w.jonas, c.ID, controltest.Effective, ""), models.KindConflict, "1 of 2 items")
		w.must(w.set(w.jonas, c.ID, controltest.Seen{ItemID: next.ID, Letter: "A", Result: controltest.Deviation, Missing: true, Rev: controltest.Any}, pass(next.ID, "B")[0]))
		w.refused("missing evidence is no reason to replace an item", w.as(w.jonas, func(ctx context.Context, tx *models.Tx) error {
			drawn, err := population.SampleByCode(ctx, tx, s.PopulationID, s.Code())
			if err != nil {
				return err
			}
			return population.Exclude(ctx, tx, drawn, next.ID, population.Drawn{}, population.Duplicate, "The same merge.", 0)
		}), models.KindConflict, "its evidence is missing")
		w.refused("missing evidence is a deviation", w.conclude(w.jonas, c.ID, controltest.Effective, ""), models.KindInvalid, "exceptions are noted")
		w.must(w.conclude(w.jonas, c.ID, controltest.Exceptions, ""))
		if now := w.paper(w.jonas, c.ID); now.Tally().Missing != 1 || now.Words != "Exceptions noted: 1 of 2 items. Attributes not met: A, Approved by someone else" {
			t.Errorf("got %q", now.Words)
		}
		w.items(s, 4, 4) // an extension after the conclusion
		w.refused("a review of what is not complete", w.review(w.lea, c.ID, ""), models.KindConflict, "came into the sample after the conclusion")
	})
}

func TestRule11ADrawThatWasRepeatedGivesItsPlace(t *testing.T) {
	each(t, func(w *world) {
		c, s, _ := w.tested(2)
		w.later()
		var p population.Population
		w.must(w.db.Read(w.Context(), w.jonas, func(tx *models.Tx) (err error) {
			p, err = population.ByID(w.Context(), tx, s.PopulationID)
			return err
		}))
		again, _ := w.draw(p, 3, func(x *population.Sample) { x.RedrawsID, x.Reason = &s.ID, "A row had been left out." })
		w.must(w.takeSample(w.jonas, c.ID, again.ID))
		now := w.paper(w.jonas, c.ID)
		if len(now.Draws) != 2 || now.Draws[0].EndedAt == nil || len(now.Rows) != 3 || now.Tally().Done != 0 {
			t.Errorf("got %+v", now.Draws)
		}
		w.refused("the earlier draw", w.takeSample(w.jonas, c.ID, s.ID), models.KindInvalid, "was drawn again")
		extra := w.locked(w.control, 1)
		more, _ := w.draw(extra, 1, func(x *population.Sample) { x.Method, x.Seed, x.Reason = sample.Judgemental, "", "The omitted row." })
		w.must(w.takeSample(w.jonas, c.ID, more.ID))
		if now := w.paper(w.jonas, c.ID); len(now.Rows) != 4 {
			t.Errorf("with the added rows: %d", len(now.Rows))
		}
	})
}

func TestAnAutomatedControlIsTestedOnceForItsConfiguration(t *testing.T) {
	each(t, func(w *world) {
		_, err := w.begin(w.jonas, controltest.Plan{ControlID: w.automated.ID, FirstVersion: 1}, 0)
		w.refused("no configuration", err, models.KindInvalid, "configuration: Say which configuration")
		_, err = w.begin(w.jonas, controltest.Plan{ControlID: w.automated.ID, FirstVersion: 1, Configuration: "Branch protection"}, 0)
		w.refused("nothing holds it still", err, models.KindInvalid, "reliance: Name the tested controls")
		c, err := w.begin(w.jonas, controltest.Plan{ControlID: w.automated.ID, FirstVersion: 1, Configuration: "Branch protection to 30 June", Reliance: "CM-01", ToDay: "2026-06-30"}, 0)
		w.must(err)
		_, err = w.begin(w.jonas, controltest.Plan{ControlID: w.automated.ID, FirstVersion: 1, Configuration: "Branch protection from 1 July", Reliance: "CM-01", FromDay: "2026-07-01"}, 0)
		w.must(err)
		w.must(w.walk(w.jonas, c.ID, w.proof(w.automated, "Settings page", nil).Code()))
		w.must(w.design(w.jonas, c.ID, controltest.Adequate, "The rule blocks a merge without approval."))
		start := func() error {
			return w.as(w.jonas, func(ctx context.Context, tx *models.Tx) error {
				return controltest.TakeConfiguration(ctx, tx, c.ID, 0, 0)
			})
		}
		w.refused("attributes not fixed", start(), models.KindConflict, "Fix the attributes first")
		w.must(w.fix(w.jonas, c.ID, "A merge without approval is blocked"))
		w.must(start())
		w.must(w.set(w.jonas, c.ID, pass(0, "A")...))
		w.must(w.conclude(w.jonas, c.ID, controltest.Effective, ""))
		now := w.paper(w.jonas, c.ID)
		if len(now.Rows) != 1 || now.Rows[0].Key != "Branch protection to 30 June" || now.Words != "No exceptions noted" {
			t.Errorf("got %+v", now.Rows)
		}
	})
}

func TestWhatACellCanSay(t *testing.T) {
	each(t, func(w *world) {
		c, _, items := w.selected(1)
		id := items[0].ID
		w.refused("no such item", w.set(w.jonas, c.ID, pass(id+99, "A")...), models.KindInvalid, "item: This item is not in the sample")
		w.refused("no such attribute", w.set(w.jonas, c.ID, pass(id, "C")...), models.KindInvalid, "attribute: T-1 has no attribute")
		w.refused("no such result", w.set(w.jonas, c.ID, controltest.Seen{ItemID: id, Letter: "A", Result: "fine"}), models.KindInvalid, "result: Choose")
		w.refused("not applicable without reason", w.set(w.jonas, c.ID, controltest.Seen{ItemID: id, Letter: "A", Result: controltest.NotApplicable}), models.KindInvalid, "reason: Say why attribute A does not apply")
		na := controltest.Seen{ItemID: id, Letter: "A", Result: controltest.NotApplicable, Reason: "A revert needs no ticket."}
		w.must(w.set(w.jonas, c.ID, na))
		w.refused("a form that was overtaken", w.set(w.lea, c.ID, controltest.Seen{ItemID: id, Letter: "A", Result: controltest.Pass}), models.KindConflict, "Someone else set attribute A of CHG-001")
		w.must(w.set(w.lea, c.ID, controltest.Seen{ItemID: id, Letter: "A", Rev: 1})) // cleared
		if now := w.paper(w.jonas, c.ID).Rows[0].Results["A"]; now.Result != "" || now.AuditorID != w.lea.ID || now.Reason != "" {
			t.Errorf("cleared: %+v", now)
		}
		w.must(w.set(w.jonas, c.ID, controltest.Seen{ItemID: id, Letter: "A", Result: controltest.NotApplicable, Reason: "x", Rev: 2}, controltest.Seen{ItemID: id, Letter: "B", Result: controltest.NotApplicable, Reason: "x"}))
		w.refused("nothing applies", w.conclude(w.jonas, c.ID, controltest.Effective, ""), models.KindInvalid, "Every result is not applicable")
	})
}

func TestWhatAttributesHaveToBe(t *testing.T) {
	each(t, func(w *world) {
		c := w.planned()
		fix := func(list ...controltest.Attribute) error {
			return w.as(w.jonas, func(ctx context.Context, tx *models.Tx) error { return controltest.Fix(ctx, tx, c.ID, 0, 0, list) })
		}
		w.refused("none", fix(), models.KindInvalid, "Name at least one attribute")
		w.refused("no technique", fix(controltest.Attribute{Text: "x"}), models.KindInvalid, "Choose how each attribute is looked at")
		w.refused("inquiry alone", fix(controltest.Attribute{Text: "x", Technique: controltest.Inquiry}), models.KindInvalid, "Inquiry alone is never enough")
		w.refused("too many", fix(make11()...), models.KindInvalid, "at most 10 attributes")
		w.must(fix(controltest.Attribute{Text: "x", Technique: controltest.Inquiry}, controltest.Attribute{Text: "y", Technique: controltest.Reperformance}))
	})
}

func make11() (out []controltest.Attribute) {
	for range 11 {
		out = append(out, controltest.Attribute{Text: "x", Technique: controltest.Inspection})
	}
	return out
}

func TestARetestHasItsOwnPopulation(t *testing.T) {
	each(t, func(w *world) {
		c, s, items := w.tested(1)
		cell := &controltest.Cell{TestID: c.ID, ItemID: items[0].ID, Letter: "A"}
		_, err := w.begin(w.jonas, controltest.Plan{ControlID: w.control.ID, FirstVersion: 1, FromDay: "2026-07-01", Retests: cell}, 0)
		w.refused("of what passed", err, models.KindInvalid, "A retest is of a deviation")
		w.must(w.set(w.jonas, c.ID, controltest.Seen{ItemID: items[0].ID, Letter: "A", Result: controltest.Deviation, Rev: controltest.Any}))
		_, err = w.begin(w.jonas, controltest.Plan{ControlID: w.control.ID, FirstVersion: 1, Retests: cell}, 0)
		w.refused("without a first day", err, models.KindInvalid, "from: Say from which day on")
		r, err := w.begin(w.jonas, controltest.Plan{ControlID: w.control.ID, FirstVersion: 1, FromDay: "2026-07-01", Retests: cell}, 0)
		w.must(err)
		w.must(w.walk(w.jonas, r.ID, w.proof(w.control, "The new rule", nil).Code()))
		w.must(w.design(w.jonas, r.ID, controltest.Adequate, "x"))
		w.refused("the population that failed", w.takePopulation(w.jonas, r.ID, s.PopulationID), models.KindInvalid, "A retest has a population of its own")
		w.must(w.takePopulation(w.jonas, r.ID, w.locked(w.control, 5).ID))
		if r.Retest != 1 || *r.RetestsID != c.ID || r.RetestLetter != "A" {
			t.Errorf("got %+v", r)
		}
	})
}

func TestAllOfAnEngagement(t *testing.T) {
	each(t, func(w *world) {
		c, _, items := w.tested(2)
		w.must(w.as(w.jonas, func(ctx context.Context, tx *models.Tx) error {
			_, err := controltest.Jot(ctx, tx, c.ID, 0, []controltest.Jotting{{ItemID: items[0].ID, Letter: "A", Text: "Private."}})
			return err
		}))
		n := 0
		w.must(w.db.Read(w.Context(), w.jonas, func(tx *models.Tx) error {
			for p, err := range controltest.All(w.Context(), tx, w.engagement) {
				if err != nil {
					return err
				}
				if n++; len(p.Rows) != 2 || len(p.Attributes) != 2 || p.Segment.Label() != "Version 1" || len(p.Notes) != 0 || len(p.Proofs) != 1 {
					t.Errorf("got %+v", p)
				}
			}
			return nil
		}))
		if n != 1 {
			t.Errorf("%d tests", n)
		}
	})
}
