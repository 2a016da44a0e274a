package occurrence_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"assay/models"
	"assay/models/access"
	"assay/models/control"
	"assay/models/modelstest"
	"assay/models/notice"
	"assay/models/occurrence"
	"assay/models/people"
)

// TestRule05OwnerChangeMidPeriod: the control changes hands on 15 April. What the old owner
// did for March keeps their name, what is open from then on is asked of the new owner, and
// when that one leaves the managers hear of it the same day.
func TestRule05OwnerChangeMidPeriod(t *testing.T) {
	each(t, func(c company) {
		ac := c.control("AC-03", version("monthly", "2026-03-01"))
		march, april := span("2026-03-01", "2026-03-31"), span("2026-04-01", "2026-04-30")
		modelstest.At(c.db, at("2026-04-02T15:00:00Z"))
		item := c.submit(ac, march, at("2026-04-01T15:00:00Z"), march)

		modelstest.At(c.db, at("2026-04-15T15:00:00Z"))
		c.must(c.as(c.priya, func(ctx context.Context, tx *models.Tx) error {
			now, err := control.ByID(ctx, tx, ac.ID)
			if err != nil {
				return err
			}
			ac = now
			return control.Assign(ctx, tx, &ac, &c.other.ID, nil)
		}))
		modelstest.At(c.db, at("2026-05-02T15:00:00Z"))
		if got := words(c, c.owed(occurrence.Scope{Person: c.owner.ID})); len(got) != 0 {
			t.Errorf("the old owner is still asked for %q", got)
		}
		if got := words(c, c.owed(occurrence.Scope{Person: c.other.ID})); !slices.Contains(got, "AC-03 perform 2026-04-30 other") {
			t.Errorf("the new owner is asked for %q", got)
		}
		c.refused("April, recorded by the old owner", c.perform(c.owner, ac, occurrence.Act{At: at("2026-04-29T15:00:00Z"), Window: april, Result: "ok"}), models.KindForbidden, "")
		c.must(c.perform(c.other, ac, occurrence.Act{At: at("2026-04-29T15:00:00Z"), Window: april, Result: "ok"}))
		modelstest.Look(t, c.db, c.priya, func(ctx context.Context, tx *models.Tx) error {
			list, err := occurrence.Performances(ctx, tx, ac.ID, 10)
			for _, p := range list {
				if want := map[bool]access.Actor{true: c.owner, false: c.other}[p.WindowFrom == march.From]; p.PerformedBy != want.Name || p.RecordedBy != want.ID {
					t.Errorf("the performance for %s is of %s, recorded by %d", p.WindowFrom, p.PerformedBy, p.RecordedBy)
				}
			}
			if len(list) != 2 {
				t.Errorf("%d performances", len(list))
			}
			return err
		})
		if item.UploadedBy != c.owner.ID {
			t.Errorf("the evidence of March was uploaded by %d", item.UploadedBy)
		}

		ada := modelstest.Person(t, c.db, access.Administrator)
		modelstest.At(c.db, at("2026-05-04T13:00:00Z"))
		c.must(c.as(ada, func(ctx context.Context, tx *models.Tx) error {
			p, err := people.ByID(ctx, tx, c.other.ID)
			if err != nil {
				return err
			}
			return people.Deactivate(ctx, tx, &p, "left the company")
		}))
		modelstest.At(c.db, at("2026-05-04T14:00:00Z")) // the clock looks every hour
		c.must(c.db.Bookkeep(t.Context(), func(tx *models.Tx) error {
			tx.Actor = access.Clock
			_, err := control.TellLeft(t.Context(), tx)
			return err
		}))
		modelstest.Look(t, c.db, c.priya, func(ctx context.Context, tx *models.Tx) error {
			list, err := models.Rows[notice.Notice](tx).Where("kind = ?", notice.Ownerless).Find(ctx)
			if len(list) != 1 || !strings.Contains(list[0].Sentence, "AC-03") || models.DateOf(list[0].CreatedAt, c.frame("2026-01-01", "2026-12-31").Zone) != "2026-05-04" {
				t.Errorf("the manager was told %+v", list)
			}
			return err
		})
	})
}
