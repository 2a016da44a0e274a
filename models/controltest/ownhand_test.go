package controltest_test

import (
	"context"
	"testing"

	"assay/models"
	"assay/models/controltest"
)

// TestNobodyWritesForAnAuditorWhoWrites: whoever may write does so with their own hand. The
// company, whose controls are examined, cannot turn what they found into something else,
// neither in their name nor in that of a colleague who only reads.
func TestNobodyWritesForAnAuditorWhoWrites(t *testing.T) {
	each(t, func(w *world) {
		c, _, items := w.selected(2)
		w.must(w.set(w.jonas, c.ID, controltest.Seen{ItemID: items[0].ID, Letter: "A", Result: controltest.Deviation, Rev: controltest.Any}))
		w.must(w.as(w.jonas, func(ctx context.Context, tx *models.Tx) error { return controltest.Share(ctx, tx, c.ID, 0, 0) }))
		const own = "auditor: This auditor writes here with their own hand"
		w.refused("a result in their name", w.set(w.priya, c.ID, pass(items[1].ID, "A")...), models.KindInvalid, own)
		w.refused("a conclusion in their name", w.conclude(w.priya, c.ID, controltest.NotTested, "x"), models.KindInvalid, own)
		w.refused("a test in their name", func() error {
			_, err := w.begin(w.priya, controltest.Plan{ControlID: w.control.ID, FirstVersion: 1}, w.jonas.ID)
			return err
		}(), models.KindInvalid, own)
		as := func(seen ...controltest.Seen) error {
			return w.as(w.priya, func(ctx context.Context, tx *models.Tx) error {
				_, err := controltest.Set(ctx, tx, c.ID, w.rita.ID, seen)
				return err
			})
		}
		w.refused("over their result, for a colleague", as(pass(items[0].ID, "A")...), models.KindConflict, "with their own hand")
		w.must(as(pass(items[1].ID, "A")...))
		if x := w.paper(w.priya, c.ID).Rows; x[0].Results["A"].Result != controltest.Deviation || x[1].Results["A"].AuditorID != w.rita.ID {
			t.Errorf("got %+v", x)
		}
	})
}

// TestWhatDeviatesWasTested: a deviation does not disappear in the word "not tested".
func TestWhatDeviatesWasTested(t *testing.T) {
	each(t, func(w *world) {
		c, _, items := w.selected(2)
		w.must(w.set(w.jonas, c.ID, controltest.Seen{ItemID: items[0].ID, Letter: "B", Result: controltest.Deviation, Missing: true, Rev: controltest.Any}))
		w.refused("a deviation", w.conclude(w.jonas, c.ID, controltest.NotTested, "no time"), models.KindInvalid, "1 of 2 items deviate")
	})
}

func TestAWorksheetOfWhatChangedSinceIsRefused(t *testing.T) {
	each(t, func(w *world) {
		c, _, items := w.selected(3)
		w.must(w.as(w.jonas, func(ctx context.Context, tx *models.Tx) error { return controltest.Share(ctx, tx, c.ID, 0, 0) }))
		mine := w.table(w.priya, c.ID, func(rows [][]string) { rows[0][4], rows[0][7] = "Deviation", "No exception" })
		theirs := w.table(w.priya, c.ID, func(rows [][]string) { rows[0][4], rows[1][4] = "No exception", "No exception" })
		if _, err := w.bringIn(w.priya, c.ID, mine); err != nil {
			t.Fatal(err)
		}
		problem := func(what, says string, imported bool, change func(*[][]string)) {
			w.Helper()
			table := theirs
			table.Rows = append([][]string{}, theirs.Rows...)
			change(&table.Rows)
			for len(table.Lines) < len(table.Rows) {
				table.Lines = append(table.Lines, len(table.Lines)+2)
			}
			p := w.paper(w.priya, c.ID)
			s, err := p.ReadSheet(table, imported)
			w.must(err)
			for _, l := range s.Lines {
				if l.Problem == says {
					return
				}
			}
			t.Errorf("%s: %q is not among %+v", what, says, s.Lines)
		}
		problem("what a colleague brought in since", "A is Deviation now: it was set after this worksheet was downloaded. Download it again.", true, func(*[][]string) {})
		problem("an item twice", "CHG-002 is on line 3 already.", true, func(rows *[][]string) { *rows = append(*rows, (*rows)[1]) })
		w.must(w.set(w.jonas, c.ID, controltest.Seen{ItemID: items[2].ID, Letter: "A", Result: controltest.Deviation, Rev: controltest.Any}))
		theirs = w.table(w.priya, c.ID, func(rows [][]string) { rows[2][4] = "No exception" })
		problem("what an auditor set", "A is Deviation by the hand of an auditor, and nothing that is brought in changes that.", true, func(*[][]string) {})
		twice := theirs
		twice.Header = append(append([]string{}, theirs.Header...), "a ")
		p := w.paper(w.priya, c.ID)
		_, err := p.ReadSheet(twice, true)
		w.refused("two columns of a name", err, models.KindInvalid, "Two columns are called a")
		// Two people who filled in other cells of one row do not stand in each other's way.
		theirs = w.table(w.priya, c.ID, func(rows [][]string) { rows[1][7] = "No exception" })
		if _, err := w.bringIn(w.priya, c.ID, w.table(w.priya, c.ID, func(rows [][]string) { rows[1][4] = "No exception" })); err != nil {
			t.Fatal(err)
		}
		_, err = w.bringIn(w.priya, c.ID, theirs)
		w.must(err)
	})
}
