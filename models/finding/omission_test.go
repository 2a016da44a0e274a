package finding_test

import (
	"context"
	"strings"
	"testing"

	"assay/models"
	"assay/models/access"
	"assay/models/controltest"
	"assay/models/finding"
	"assay/models/freeze"
	"assay/models/ledger"
	"assay/models/modelstest"
	"assay/models/population"
	"assay/models/sample"
)

// next is a second version of the list that the test rests on, with rows that it lacked.
func (f *field) next(keys ...string) population.Population {
	f.t.Helper()
	before := *f.population0()
	p := before
	p.Meta, p.Version, p.ReplacesID, p.ChangeNote = models.Meta{}, before.Version+1, &before.ID, "The export ran while CHG-041 was merged."
	p.Digest, p.TextDigest = p.Digest[:60]+"ffff", p.TextDigest[:60]+"ffff"
	p.Change.V = sample.Change{Added: sample.Noted{Count: len(keys), Examples: keys}}
	f.must(access.Clock, func(ctx context.Context, tx *models.Tx) error { return models.Insert(ctx, tx, &p, "population.import") })
	return p
}

func (f *field) population0() (p *population.Population) {
	f.t.Helper()
	modelstest.Look(f.t, f.db, f.lea, func(ctx context.Context, tx *models.Tx) error {
		got, err := population.ByID(ctx, tx, *f.paperOf().PopulationID)
		p = &got
		return err
	})
	return p
}

func (f *field) paperOf() (p controltest.Paper) {
	f.t.Helper()
	modelstest.Look(f.t, f.db, f.lea, func(ctx context.Context, tx *models.Tx) (err error) {
		p, err = f.paper(ctx, tx, f.test.ID)
		return err
	})
	return p
}

func (f *field) omit(a access.Actor, p population.Population, auditor int64, keys ...string) (x finding.Finding, err error) {
	f.t.Helper()
	gone, err := population.Omit(p, keys, nil, population.Earlier{})
	if err != nil {
		return x, err
	}
	err = f.as(a, func(ctx context.Context, tx *models.Tx) error {
		in, _, err := finding.BegunOmitted(ctx, tx, f.e, f.test.ID, gone)
		if err != nil {
			return err
		}
		x, err = finding.ExceptOmitted(ctx, tx, f.e, f.test.ID, gone, in, auditor)
		return err
	})
	return x, err
}

// Rule 11: the omission itself is an exception candidate.
func TestRule11AnExceptionBeginsFromAnOmittedRow(t *testing.T) {
	fields(t, func(f *field) {
		two := f.next("CHG-041", "CHG-042")
		for _, a := range []access.Actor{f.tomas, f.admin, f.ruth, f.rita, f.olga} {
			if _, err := f.omit(a, two, f.lea.ID, "CHG-041"); err == nil {
				t.Errorf("%s raised it", a.Name)
			}
		}
		_, err := f.omit(f.ana, two, 0, "CHG-041")
		f.refused("brought in for nobody", err, models.KindInvalid, "Choose the auditor")
		_, err = f.omit(f.lea, two, 0, "CHG-001")
		f.refused("a row that was there", err, models.KindInvalid, "CHG-001 is no row that P-2 has")
		_, err = f.omit(f.lea, two, 0)
		f.refused("no row", err, models.KindInvalid, "Name the rows")
		_, err = f.omit(f.lea, *f.population0(), 0, "CHG-041")
		f.refused("of a first version", err, models.KindConflict, "once its next version is locked")

		x, err := f.omit(f.lea, two, 0, "CHG-041")
		if err != nil {
			t.Fatal(err)
		}
		c := f.load(x.ID)
		if !c.Exception() || *c.TestID != f.test.ID || len(c.Cells) != 1 || *c.Cells[0].PopulationID != two.ID || c.Cells[0].Words() != "CHG-041, omitted from the population" ||
			c.Condition != "P-1 lacked CHG-041, which version 2 (P-2) has. Said with that version: “The export ran while CHG-041 was merged.”" {
			t.Errorf("got %+v", c)
		}
		_, err = f.omit(f.lea, two, 0, "CHG-041")
		f.refused("the same row twice", err, models.KindConflict, x.Code()+" was raised from the omission of CHG-041 already")
		again := c.Cells[0]
		again.ID = 0
		err = f.as(f.lea, func(ctx context.Context, tx *models.Tx) error { return models.Insert(ctx, tx, &again, "finding.cell") })
		if !models.Duplicate(err) {
			t.Errorf("the same row twice past the verb: %v", err)
		}
		gone, err := population.Omit(two, []string{"CHG-042"}, nil, population.Earlier{})
		if err != nil {
			t.Fatal(err)
		}
		f.must(f.lea, func(ctx context.Context, tx *models.Tx) error {
			return finding.JoinOmitted(ctx, tx, f.e, x.ID, f.test.ID, gone, 0)
		})
		if c := f.load(x.ID); len(c.Cells) != 2 || c.Cells[1].ItemKey != "CHG-042" {
			t.Errorf("joined: %+v", c.Cells)
		}
		cell := f.load(x.ID).Cells[0]
		cell.PopulationID, cell.EndedAt = nil, &f.clock
		f.broken("another population", f.as(f.lea, func(ctx context.Context, tx *models.Tx) error {
			return models.Update(ctx, tx, &cell, models.Columns{"PopulationID", "EndedAt"}, "finding.cell_end")
		}))
		report, err := models.Verify(t.Context(), f.db, models.VerifyOptions{Tables: ledger.Tables()})
		if err != nil || len(report.Problems) > 0 {
			t.Errorf("the log: %v %v", report.Problems, err)
		}
	})
}

// What was omitted shows in the conclusion: a test that passed everything it selected has
// an exception all the same.
func TestAnOmissionIsInTheConclusion(t *testing.T) {
	fields(t, func(f *field) {
		f.mark(f.test, f.items[1], "B", controltest.Pass)
		two := f.next("CHG-041")
		conclude := func(c controltest.Conclusion) error {
			return f.as(f.lea, func(ctx context.Context, tx *models.Tx) error {
				return controltest.Conclude(ctx, tx, f.test.ID, 0, 0, c, "")
			})
		}
		f.refused("exceptions without any", conclude(controltest.Exceptions), models.KindInvalid, "no exception to note")
		x, err := f.omit(f.lea, two, 0, "CHG-041")
		if err != nil {
			t.Fatal(err)
		}
		f.refused("none", conclude(controltest.Effective), models.KindInvalid, "raised from 1 row that the population lacked")
		p := f.paperOf()
		p.Status, p.Conclusion = controltest.Concluded, controltest.Effective
		f.broken("none, past the verb", f.as(f.lea, func(ctx context.Context, tx *models.Tx) error {
			return models.Update(ctx, tx, &p.Test, models.Columns{"Status", "Conclusion"}, "test.conclude")
		}))
		if err := conclude(controltest.Exceptions); err != nil {
			t.Fatal(err)
		}
		if got := f.paperOf().Words; got != "Exceptions noted: 0 of 3 items. The population lacked 1 row" {
			t.Errorf("the report says %q", got)
		}
		f.later()
		f.must(f.lea, func(ctx context.Context, tx *models.Tx) error {
			c, err := finding.Load(ctx, tx, x.ID)
			if err != nil {
				return err
			}
			return finding.Dismiss(ctx, tx, c.ID, c.Rev, "The row was a test merge that was reverted.", 0)
		})
		_, err = f.omit(f.lea, two, 0, "CHG-041")
		f.refused("of a test that is concluded", err, models.KindConflict, "T-1 is concluded. The lead opens it again first")

		if got := f.changed(); got != "The conclusion says “Exceptions noted: 0 of 3 items. The population lacked 1 row”. By what is known now it would be “Exceptions noted: 0 of 3 items”." {
			t.Errorf("the test says %q", got)
		}
		f.looks(1)
		review := func() error {
			return f.as(f.lea, func(ctx context.Context, tx *models.Tx) error {
				return controltest.Review(ctx, tx, f.test.ID, 0, 0, "Nobody else is here.")
			})
		}
		f.alone()
		f.refused("a review of it", review(), models.KindConflict, "By what is known now")
		f.must(f.lea, func(ctx context.Context, tx *models.Tx) error {
			return controltest.Reopen(ctx, tx, f.test.ID, 0, 0, "The omission was none.")
		})
		f.later()
		if err := conclude(controltest.Effective); err != nil {
			t.Fatal(err)
		}
		if p := f.paperOf(); f.changed() != "" || p.Words != "No exceptions noted" {
			t.Errorf("concluded anew, and it says %q: %q", p.Words, f.changed())
		}
		f.looks(0)
	})
}

// changed is what the test says about its conclusion.
func (f *field) changed() string {
	p := f.paperOf()
	return p.Changed()
}

// looks counts the tests that the checklist sends back to their auditor.
func (f *field) looks(want int64) {
	modelstest.Look(f.t, f.db, f.lea, func(ctx context.Context, tx *models.Tx) error {
		n, err := models.Value[int64](ctx, tx, "SELECT count(*) FROM control_tests WHERE engagement_id = ? AND "+controltest.ChangedTests, f.e.ID)
		if n != want {
			f.t.Errorf("%d tests are looked at again, want %d", n, want)
		}
		return err
	})
}

// TestADismissalAfterTheConclusionIsLookedAt: the words may stay, and somebody weighs it.
func TestADismissalAfterTheConclusionIsLookedAt(t *testing.T) {
	fields(t, func(f *field) {
		x := f.exception()
		f.must(f.lea, func(ctx context.Context, tx *models.Tx) error {
			return controltest.Conclude(ctx, tx, f.test.ID, 0, 0, controltest.Exceptions, "")
		})
		if got := f.changed(); got != "" {
			t.Errorf("nothing happened since, and it says %q", got)
		}
		f.looks(0)
		f.later()
		f.do(f.lea, x.ID, dismiss)
		if got := f.changed(); !strings.Contains(got, "was dismissed on") {
			t.Errorf("the test says %q", got)
		}
		f.looks(1)
		err := f.as(f.lea, func(ctx context.Context, tx *models.Tx) error { return freeze.Report(ctx, tx, &f.e, "") })
		f.refused("a freeze", err, models.KindConflict, "")
	})
}

func TestAnOmissionIsOfThePopulationOfTheTest(t *testing.T) {
	fields(t, func(f *field) {
		other := f.scoped("CM-03")
		stray := f.population(other)
		two := stray
		two.Meta, two.Version, two.ReplacesID = models.Meta{}, 2, &stray.ID
		two.Digest, two.TextDigest = two.Digest[:60]+"eeee", two.TextDigest[:60]+"eeee"
		two.ChangeNote, two.Change.V = "x", sample.Change{Added: sample.Noted{Count: 1, Examples: []string{"X"}}}
		f.must(access.Clock, func(ctx context.Context, tx *models.Tx) error {
			return models.Insert(ctx, tx, &two, "population.import")
		})
		_, err := f.omit(f.lea, two, 0, "X")
		f.refused("of another control", err, models.KindConflict, "T-1 does not rest on "+two.Code())
		x := f.exception()
		cell := f.load(x.ID).Cells[0]
		cell.ID, cell.ItemID, cell.Letter, cell.ItemKey, cell.PopulationID = 0, 0, "", "X", &two.ID
		f.broken("of another control, past the verb", f.as(f.lea, func(ctx context.Context, tx *models.Tx) error {
			return models.Insert(ctx, tx, &cell, "finding.cell")
		}))
		// a retest of the control is of its own failure; an omission can be one
		three := f.next("CHG-041")
		if _, err := f.omit(f.lea, three, 0, "CHG-041"); err != nil {
			t.Fatal(err)
		}
		f.must(f.lea, func(ctx context.Context, tx *models.Tx) error {
			_, err := controltest.Begin(ctx, tx, f.e, controltest.Plan{ControlID: f.merges.ID, FirstVersion: 1, FromDay: "2026-03-01", Retests: &controltest.Cell{TestID: f.test.ID}}, 0)
			return err
		})
	})
}

// TestRule11AnExceptionFromAFullPopulationStandsAfterItIsDrawnAgain: the cell has no item,
// and what was raised from it is not gone with the draw.
func TestRule11AnExceptionFromAFullPopulationStandsAfterItIsDrawnAgain(t *testing.T) {
	fields(t, func(f *field) {
		redraw := func(id int64, n int, m sample.Method) (s population.Sample) {
			f.later()
			s = population.Sample{
				EngagementID: f.e.ID, PopulationID: f.items[0].PopulationID, Slug: f.e.Slug, Method: m, Size: n,
				AuditorID: f.lea.ID, DrawnBy: f.lea.ID, DrawnAt: f.db.Now(), RedrawsID: &id, Reason: "To look at it in another way.",
			}
			f.must(access.Clock, func(ctx context.Context, tx *models.Tx) error { return models.Insert(ctx, tx, &s, "sample.draw") })
			f.must(f.lea, func(ctx context.Context, tx *models.Tx) error {
				return controltest.TakeSample(ctx, tx, f.test.ID, 0, 0, s.ID)
			})
			return s
		}
		all := redraw(f.items[0].SampleID, 0, sample.Full)
		whole := population.Item{Meta: models.Meta{ID: -all.ID}}
		f.mark(f.test, whole, "A", controltest.Pass)
		f.mark(f.test, whole, "B", controltest.Deviation)
		x, err := f.except(f.lea, controltest.Cell{TestID: f.test.ID, ItemID: whole.ID, Letter: "B"}, 0)
		if err != nil {
			t.Fatal(err)
		}
		few := redraw(all.ID, 0, sample.Judgemental)
		i := population.Item{EngagementID: f.e.ID, SampleID: few.ID, PopulationID: few.PopulationID, Slug: f.e.Slug, Place: 1, Key: "CHG-001", RowDigest: strings.Repeat("0", 64), Cells: []string{"CHG-001"}, AddedAt: f.db.Now()}
		f.must(access.Clock, func(ctx context.Context, tx *models.Tx) error { return models.Insert(ctx, tx, &i, "sample.select") })
		f.mark(f.test, i, "A", controltest.Pass)
		f.mark(f.test, i, "B", controltest.Pass)
		f.refused("effective", f.as(f.lea, func(ctx context.Context, tx *models.Tx) error {
			return controltest.Conclude(ctx, tx, f.test.ID, 0, 0, controltest.Effective, "")
		}), models.KindInvalid, x.Code()+" was raised from a sample that was drawn again")
	})
}
