package binder_test

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	"assay/models"
	"assay/models/access"
	"assay/models/engagement"
	"assay/models/people"
)

// TestANewNameIsNoNewBinder: what the manifest says of the engagement and of people was
// frozen, too. Otherwise nobody could have the binder any more once one of them is called
// otherwise.
func TestANewNameIsNoNewBinder(t *testing.T) {
	each(t, func(w *world) {
		w.full()
		w.on("2026-07-20")
		w.report()
		before := w.export(w.priya)
		w.do(w.priya, func(ctx context.Context, tx *models.Tx) error {
			x := w.engagement.Terms()
			x.Name = "Another name"
			e := w.engagement
			return engagement.Change(ctx, tx, &e, x)
		})
		w.do(access.Clock, func(ctx context.Context, tx *models.Tx) error {
			p, err := people.ByID(ctx, tx, w.priya.ID)
			if err != nil {
				return err
			}
			p.Name = "Priya Married"
			return models.Update(ctx, tx, &p, models.Columns{"Name"}, "person.rename")
		})
		if !bytes.Equal(before, w.export(w.priya)) {
			t.Error("it is another binder")
		}
		w.holds(w.export(w.priya))
	})
}

func TestTwoExportsAreTheSameBytes(t *testing.T) {
	each(t, func(w *world) {
		w.full()
		w.on("2026-07-20")
		w.report()
		first := w.export(w.priya)
		r := w.holds(first)
		if r.Draws != 5 || r.Leaves == 0 || r.Checkpoints != 1 {
			w.Errorf("got %+v", r)
		}
		w.on("2026-09-01")
		w.accepted(nil, "2026-03-01", "2026-03-31", w.upload("march.csv", "march"))
		w.sign()
		if second := w.export(w.ines); !bytes.Equal(first, second) {
			w.Error("the second export is not the first")
		}
		w.holds(w.export(w.jonas))
		names := slices.Sorted(maps.Keys(unpacked(w, first)))
		if len(names) < 20 {
			w.Error(strings.Join(names, "\n"))
		}
	})
}
