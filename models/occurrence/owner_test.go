package occurrence_test

import (
	"context"
	"errors"
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
	"assay/models/period"
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

// TestATaskOfSomebodyWhoLeavesIsTheOwnersAgain: May was handed to the other owner, who
// leaves on 20 May. The task is the owner's from that moment on, with a notice, and was the
// owner's to see even before anybody ended the handing over.
func TestATaskOfSomebodyWhoLeavesIsTheOwnersAgain(t *testing.T) {
	each(t, func(c company) {
		ac := c.control("AC-03", version("monthly", "2026-05-01"))
		may := span("2026-05-01", "2026-05-31")
		modelstest.At(c.db, at("2026-05-10T15:00:00Z"))
		hand := func(to access.Actor) error {
			return c.as(c.owner, func(ctx context.Context, tx *models.Tx) error {
				_, err := occurrence.HandOver(ctx, tx, ac, may, to.ID, "")
				return err
			})
		}
		c.must(hand(c.other))
		c.refused("the same hand-over twice", hand(c.other), models.KindConflict, "")
		if got := words(c, c.owed(occurrence.Scope{Controls: []int64{ac.ID}})); !slices.Contains(got, "AC-03 perform 2026-05-31 other") {
			t.Errorf("handed over, it is asked of %q", got)
		}
		ada := modelstest.Person(t, c.db, access.Administrator)
		modelstest.At(c.db, at("2026-05-20T13:00:00Z"))
		var left people.Person
		c.must(c.as(ada, func(ctx context.Context, tx *models.Tx) (err error) {
			if left, err = people.ByID(ctx, tx, c.other.ID); err == nil {
				err = people.Deactivate(ctx, tx, &left, "left the company")
			}
			return err
		}))
		for when, relieve := range []bool{false, true} {
			if relieve {
				c.must(c.as(ada, func(ctx context.Context, tx *models.Tx) error { return occurrence.Relieve(ctx, tx, left) }))
			}
			if got := words(c, c.owed(occurrence.Scope{Person: c.owner.ID})); !slices.Contains(got, "AC-03 perform 2026-05-31 owner") {
				t.Errorf("%d: the owner is asked for %q", when, got)
			}
		}
		modelstest.Look(t, c.db, c.owner, func(ctx context.Context, tx *models.Tx) error {
			told, err := models.Rows[notice.Notice](tx).Where("person_id = ? AND kind = ?", c.owner.ID, notice.HandedOver).Find(ctx)
			if len(told) != 1 || !strings.Contains(told[0].Sentence, "is yours again") {
				t.Errorf("the owner was told %+v", told)
			}
			open, err2 := models.Rows[occurrence.Delegation](tx).Where("ended_at IS NULL").Find(ctx)
			if len(open) != 0 {
				t.Errorf("still handed over: %+v", open)
			}
			return errors.Join(err, err2)
		})
		c.refused("back, when nothing was handed over", hand(c.owner), models.KindInvalid, "to")
	})
}

// TestAnExemptionRemembersWhoOwned: Priya owned the control in the window, handed it on, and
// still cannot approve that there was nothing to do in it.
func TestAnExemptionRemembersWhoOwned(t *testing.T) {
	each(t, func(c company) {
		ac := c.control("AC-03", version("monthly", "2026-05-01"))
		assign := func(day string, owner access.Actor) {
			modelstest.At(c.db, at(day+"T15:00:00Z"))
			c.must(c.as(c.priya, func(ctx context.Context, tx *models.Tx) (err error) {
				if ac, err = control.ByID(ctx, tx, ac.ID); err == nil {
					err = control.Assign(ctx, tx, &ac, &owner.ID, nil)
				}
				return err
			}))
		}
		assign("2026-05-05", c.priya)
		assign("2026-06-02", c.owner)
		decide := func(window period.Span) error {
			var e occurrence.Exemption
			c.must(c.as(c.owner, func(ctx context.Context, tx *models.Tx) (err error) {
				e, err = occurrence.Excuse(ctx, tx, ac, window, "Nothing to review.")
				return err
			}))
			return c.as(c.priya, func(ctx context.Context, tx *models.Tx) error {
				_, err := occurrence.Decide(ctx, tx, e.ID, e.Rev, true, "")
				return err
			})
		}
		c.refused("May, in which Priya owned it", decide(span("2026-05-01", "2026-05-31")), models.KindForbidden, "")
		c.must(decide(span("2026-07-01", "2026-07-31")))
		for day, want := range map[string]period.Status{"2026-06-30": period.Upcoming, "2026-07-01": period.NotApplicable} {
			modelstest.At(c.db, at(day+"T15:00:00Z"))
			modelstest.Look(t, c.db, c.priya, func(ctx context.Context, tx *models.Tx) error {
				_, o, _, err := occurrence.At(ctx, tx, c.frame("2026-01-01", "2026-12-31"), ac.ID, span("2026-07-01", "2026-07-31"))
				if o.Status != want {
					t.Errorf("July on %s is %s", day, o.Status.Label())
				}
				return err
			})
		}
	})
}
