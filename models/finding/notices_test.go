package finding_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"assay/models"
	"assay/models/access"
	"assay/models/finding"
	"assay/models/modelstest"
	"assay/models/notice"
)

// told is what a person was told of a finding, oldest first.
func (w *world) told(a access.Actor, id int64) (kinds []notice.Kind) {
	w.t.Helper()
	modelstest.Look(w.t, w.db, a, func(ctx context.Context, tx *models.Tx) error {
		list, err := models.Rows[notice.Notice](tx).Where("about = ?", "findings/"+finding.Code(id)).Order("id").Find(ctx)
		for _, n := range list {
			kinds = append(kinds, n.Kind)
			if strings.Contains(n.Sentence, "leavers kept access") {
				w.t.Errorf("a mail would say what is weak: %q", n.Sentence)
			}
		}
		return err
	})
	return kinds
}

func (w *world) wantTold(a access.Actor, id int64, want ...notice.Kind) {
	w.t.Helper()
	if got := w.told(a, id); !slices.Equal(got, want) {
		w.t.Errorf("%s was told %v, want %v", a.Name, got, want)
	}
}

func TestWhoIsToldOfAFinding(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		w := newWorld(t, db)
		id := w.raise(w.facts()) // by ana, and sam owns the control
		w.wantTold(w.sam, id, notice.FindingAssigned)
		w.do(w.sam, id, dispute)
		w.do(w.ana, id, confirm)
		w.do(w.sam, id, respond)
		w.wantTold(w.ana, id, notice.FindingAnswered, notice.FindingAnswered)
		w.do(w.ana, id, func(ctx context.Context, tx *models.Tx, c finding.Case) error {
			return finding.Rate(ctx, tx, c.ID, c.Rev, finding.High, w.sam.ID, "2026-12-31")
		})
		w.wantTold(w.sam, id, notice.FindingAssigned) // he owned it before
		w.do(w.ana, id, func(ctx context.Context, tx *models.Tx, c finding.Case) error {
			return finding.Assign(ctx, tx, c.ID, c.Rev, w.tomas.ID)
		})
		w.wantTold(w.tomas, id, notice.FindingAssigned)
		back := w.at(finding.ReadyForVerification)
		owner := w.told(w.sam, back)
		w.do(w.ben, back, sendBack)
		if got := w.told(w.sam, back); len(got) != len(owner)+1 || got[len(got)-1] != notice.FindingSentBack {
			t.Errorf("who put it right was told %v", got)
		}
		w.do(w.ben, id, func(ctx context.Context, tx *models.Tx, c finding.Case) error {
			return finding.Dismiss(ctx, tx, c.ID, c.Rev, "A duplicate, as @"+w.dana.Name+" says.", 0)
		})
		w.wantTold(w.dana, id, notice.Mentioned)
	})
}

func TestThoseWhoCarryARiskAreRemindedOnceAndToldOfItsEnd(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		w := newWorld(t, db)
		id := w.at(finding.Rated)
		w.do(w.ruth, id, accept("2026-03-31"))
		sam, ruth := w.told(w.sam, id), w.told(w.ruth, id)
		remind := func(day string) (due bool) {
			w.on(day)
			err := db.Bookkeep(t.Context(), func(tx *models.Tx) (err error) {
				tx.Actor = access.Clock
				if due, err = finding.AnyEnding(t.Context(), tx); err == nil {
					_, err = finding.TellEnding(t.Context(), tx)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return due
		}
		if remind("2026-03-16") {
			t.Error("reminded 15 days before the end")
		}
		if !remind("2026-03-17") || remind("2026-03-18") {
			t.Error("not reminded once, a fortnight before the end")
		}
		w.wantTold(w.sam, id, append(sam, notice.AcceptanceExpiring)...)
		w.wantTold(w.ruth, id, append(ruth, notice.AcceptanceExpiring)...)
		w.on("2026-04-01")
		w.must(access.Clock, func(ctx context.Context, tx *models.Tx) error {
			_, err := finding.ExpireAcceptances(ctx, tx)
			return err
		})
		w.wantTold(w.sam, id, append(sam, notice.AcceptanceExpiring, notice.AcceptanceExpired)...)
		w.wantTold(w.ruth, id, append(ruth, notice.AcceptanceExpiring, notice.AcceptanceExpired)...)
	})
}
