package demo_test

import (
	"context"
	"testing"
	"time"

	"assay/internal/blob"
	"assay/models"
	"assay/models/access"
	"assay/models/modelstest"
	"assay/models/occurrence"
	"assay/models/period"
	"assay/models/readiness"
)

// picture is where the running period stands.
func picture(t *testing.T, db *models.DB) (p readiness.Picture) {
	t.Helper()
	modelstest.Look(t, db, access.Clock, func(ctx context.Context, tx *models.Tx) (err error) {
		p, err = readiness.Of(ctx, tx, "")
		return err
	})
	return p
}

// within fails unless n lies between least and most.
func within(t *testing.T, what string, n, least, most int) {
	t.Helper()
	if n < least || n > most {
		t.Errorf("%s: %d, want %d to %d", what, n, least, most)
	}
}

func TestThePeriodStandsAsInThePicture(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		store := open(t, db, noon)
		p := picture(t, db)
		within(t, "controls", p.Total(), 120, 131)
		for standing, want := range map[occurrence.Standing][2]int{
			occurrence.Operating: {98, 115}, occurrence.Behind: {6, 6}, occurrence.Deviated: {2, 2}, occurrence.Blind: {3, 3},
			occurrence.DueSoon: {2, 9}, occurrence.InReview: {1, 3}, occurrence.Idle: {1, 1}, occurrence.Exception: {3, 8},
			occurrence.Planned: {0, 0}, occurrence.NotYet: {0, 0},
		} {
			within(t, string(standing), p.Counts[standing], want[0], want[1])
		}
		var all occurrence.Square
		for _, g := range p.Groups {
			for _, sq := range g.Squares {
				all.Add(sq)
			}
		}
		for _, s := range []period.Status{period.OnTime, period.Late, period.Missed, period.NotApplicable, period.Pending, period.Upcoming, period.Unknown} {
			if all.Of(s) == 0 {
				t.Errorf("nothing is %s", s.Label())
			}
		}
		if all.Unproven == 0 || all.LateProof == 0 || all.Waiting == 0 {
			t.Errorf("windows: %d unproven, %d covered late, %d waiting", all.Unproven, all.LateProof, all.Waiting)
		}
		within(t, "weeks of history", len(p.History), 30, 40)
		for n, h := range p.History[8:] { // after two months nearly everything has acted once
			if was := p.History[n+7].Counts[occurrence.Operating]; h.Counts[occurrence.Operating] < was-9 {
				t.Errorf("on %s only %d operate, after %d the week before: nothing happened that makes so many unknown", h.Day, h.Counts[occurrence.Operating], was)
			}
		}
		for what, query := range map[string]string{
			"exemptions that wait":    "SELECT count(*) FROM exemptions WHERE status = 'asked'",
			"exemptions approved":     "SELECT count(*) FROM exemptions WHERE status = 'approved'",
			"questions open":          "SELECT count(*) FROM questions WHERE answered_at IS NULL",
			"questions answered":      "SELECT count(*) FROM questions WHERE answered_at IS NOT NULL",
			"windows handed over":     "SELECT count(*) FROM delegations WHERE ended_at IS NULL",
			"triggers not acted on":   "SELECT count(*) FROM trigger_events WHERE done_at IS NULL",
			"triggers acted on late":  "SELECT count(*) FROM trigger_events WHERE done_at > deadline",
			"controls that were idle": "SELECT count(DISTINCT control_id) FROM fact_lists WHERE lines = 0",
		} {
			within(t, what, count(t, db, query), 1, 1)
		}
		listsKept(t, db, store)
	})
}

// listsKept checks that the bytes of every list are there.
func listsKept(t *testing.T, db *models.DB, store blob.Store) {
	t.Helper()
	modelstest.Look(t, db, access.Clock, func(ctx context.Context, tx *models.Tx) error {
		lists, err := models.Rows[occurrence.List](tx).Find(ctx)
		for _, l := range lists {
			if info, err := store.Stat(ctx, l.Digest); err != nil || info.Size == 0 {
				t.Errorf("%s: %v, %d bytes", l.Name, err, info.Size)
			}
		}
		within(t, "lists", len(lists), 100, 700)
		return err
	})
}

// TestThePeriodStandsOnAnyDay walks a year in steps that meet every part of a month, and
// the days on which something ends.
func TestThePeriodStandsOnAnyDay(t *testing.T) {
	days := []time.Time{
		time.Date(2027, 1, 1, 5, 10, 0, 0, time.UTC), time.Date(2028, 2, 29, 14, 0, 0, 0, time.UTC), time.Date(2027, 12, 31, 22, 0, 0, 0, time.UTC),
		time.Date(2027, 4, 1, 12, 0, 0, 0, time.UTC),
	}
	for day := time.Date(2027, 1, 17, 15, 0, 0, 0, time.UTC); day.Year() == 2027; day = day.AddDate(0, 0, 82) {
		days = append(days, day)
	}
	for _, day := range days {
		t.Run(day.Format(time.DateOnly), func(t *testing.T) {
			db := modelstest.SQLite(t)
			open(t, db, day)
			p := picture(t, db)
			for standing, want := range map[occurrence.Standing][2]int{
				occurrence.Operating: {95, 116}, occurrence.Behind: {6, 6}, occurrence.Deviated: {2, 2}, occurrence.Blind: {3, 3},
				occurrence.DueSoon: {2, 9}, occurrence.Idle: {1, 1}, occurrence.Exception: {3, 8},
			} {
				within(t, string(standing), p.Counts[standing], want[0], want[1])
			}
			t.Log(p.Counts)
		})
	}
}
