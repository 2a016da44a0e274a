package controltest_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"assay/internal/sheet"
	"assay/models"
	"assay/models/access"
	"assay/models/controltest"
	"assay/models/population"
)

// table is the worksheet of a test as it is, with some cells written over.
func (w *world) table(a access.Actor, id int64, change func(rows [][]string)) (t sheet.Table) {
	w.Helper()
	p := w.paper(a, id)
	t.Header = p.SheetHeader()
	for row, err := range p.SheetRows() {
		w.must(err)
		t.Rows, t.Lines = append(t.Rows, slices.Clone(row)), append(t.Lines, len(t.Lines)+2)
	}
	change(t.Rows)
	return t
}

func (w *world) bringIn(a access.Actor, id int64, t sheet.Table) (s controltest.Sheet, err error) {
	err = w.as(a, func(ctx context.Context, tx *models.Tx) error {
		s, err = controltest.BringIn(ctx, tx, id, w.rita.ID, t)
		return err
	})
	return s, err
}

func TestAWorksheetBringsInWhatChanged(t *testing.T) {
	each(t, func(w *world) {
		c, s, items := w.selected(3)
		w.must(w.set(w.jonas, c.ID, slices.Concat(pass(items[0].ID, "AB"), pass(items[1].ID, "B"), pass(items[2].ID, "AB"))...))
		w.must(w.as(w.jonas, func(ctx context.Context, tx *models.Tx) error {
			if _, err := controltest.Jot(ctx, tx, c.ID, 0, []controltest.Jotting{{ItemID: items[0].ID, Letter: "A", Text: "Private."}}); err != nil {
				return err
			}
			return controltest.Share(ctx, tx, c.ID, 0, 0)
		}))
		for _, a := range []access.Actor{w.priya, w.jonas} {
			if text := strings.Join(w.table(a, c.ID, func([][]string) {}).Rows[0], " "); strings.Contains(text, "Private") || !strings.Contains(text, "No exception") {
				t.Errorf("the worksheet of %s says %q", a.Name, text)
			}
		}
		_, err := w.bringIn(w.priya, c.ID, w.table(w.priya, c.ID, func([][]string) {}))
		w.refused("nothing changed", err, models.KindInvalid, "says what the test says already")
		wrong := w.table(w.priya, c.ID, func(rows [][]string) { rows[0][4], rows[1][4] = "deviation", "perhaps" })
		_, err = w.bringIn(w.priya, c.ID, wrong)
		w.refused("a word that is none", err, models.KindInvalid, "Some lines are wrong, so nothing was written")
		good := w.table(w.priya, c.ID, func(rows [][]string) { rows[1][4], rows[1][6], rows[2][7] = "no evidence", "Nobody kept it.", "" })
		for _, a := range []access.Actor{w.admin, w.owner, w.executive, w.rita} {
			if _, err := w.bringIn(a, c.ID, good); err == nil {
				t.Errorf("%s brought it in", a.Role)
			}
		}
		sheet, err := w.bringIn(w.priya, c.ID, good)
		w.must(err)
		now := w.paper(w.priya, c.ID)
		x := now.Rows[1].Results["A"]
		if sheet.Cells != 2 || !x.Missing || x.AuditorID != w.rita.ID || x.EnteredBy != w.priya.ID || now.Rows[2].Results["B"].EnteredBy != w.jonas.ID {
			t.Errorf("%d cells, %+v", sheet.Cells, x)
		}
		if len(now.Notes) != 1 || now.Notes[0].Text != "Nobody kept it." || now.Notes[0].SharedAt == nil {
			t.Errorf("notes %+v", now.Notes)
		}
		// Drawn again, the older worksheet is refused.
		w.later()
		var p population.Population
		w.must(w.db.Read(w.Context(), w.jonas, func(tx *models.Tx) (err error) {
			p, err = population.ByID(w.Context(), tx, s.PopulationID)
			return err
		}))
		again, _ := w.draw(p, 3, func(x *population.Sample) { x.RedrawsID, x.Reason = &s.ID, "A row was left out." })
		w.must(w.takeSample(w.jonas, c.ID, again.ID))
		_, err = w.bringIn(w.priya, c.ID, good)
		w.refused("an older draw", err, models.KindInvalid, "a draw that no longer counts in T-1. Download the worksheet again")
	})
}

// TestAWorksheetKnowsItemsWithBlanks that their keys begin or end with, whether or not the
// program it was filled in with kept them.
func TestAWorksheetKnowsItemsWithBlanks(t *testing.T) {
	each(t, func(w *world) {
		c := w.designed()
		p := w.locked(w.control, 40)
		w.must(w.takePopulation(w.jonas, c.ID, p.ID))
		w.later()
		s, _ := w.draw(p, 0, nil)
		for k, key := range []string{" CHG-001", "CHG-001", "CHG-002 "} {
			i := population.Item{SampleID: s.ID, PopulationID: s.PopulationID, Slug: s.Slug, Place: k + 1, Key: key, RowDigest: strings.Repeat("0", 64), Cells: []string{key, "ana"}, AddedAt: w.clock}
			w.must(w.as(access.Clock, func(ctx context.Context, tx *models.Tx) error { return models.Insert(ctx, tx, &i, "sample.select") }))
		}
		w.must(w.takeSample(w.jonas, c.ID, s.ID))
		w.must(w.as(w.jonas, func(ctx context.Context, tx *models.Tx) error { return controltest.Share(ctx, tx, c.ID, 0, 0) }))
		filled := w.table(w.priya, c.ID, func(rows [][]string) {
			for i := range rows {
				rows[i][4] = "No exception"
			}
			rows[2][3] = "CHG-002"
		})
		sheet, err := w.bringIn(w.priya, c.ID, filled)
		if err != nil || sheet.Cells != 3 || sheet.Wrong != 0 {
			t.Errorf("got %+v, %v", sheet.Lines, err)
		}
	})
}
