package occurrence_test

import (
	"context"
	"testing"
	"time"

	"assay/models"
	"assay/models/occurrence"
	"assay/models/period"
)

// TestRule12AListKnowsNothingOfAnActAfterItWasTaken: somebody left on the last morning of
// February, and the list was taken next morning, before the day in which access is removed was
// over. Whether it was removed by then the list cannot tell: nobody knows, and "missed" is not
// stated. A list that was taken after the deadline knows.
func TestRule12AListKnowsNothingOfAnActAfterItWasTaken(t *testing.T) {
	each(t, func(c company) {
		ac := c.control("AC-03", leavers())
		f := c.frame("2026-01-01", "2026-12-31")
		l := list("2026-01-01", "2026-02-28")
		l.ExtractedAt = at("2026-03-01T12:00:00Z")
		first, err := c.add(c.owner, ac, l, table("key,triggered_at,performed_at\nL-1,2026-01-10T17:00:00Z,2026-01-11T17:00:00Z\nL-2,2026-01-20T17:00:00Z,\nL-3,2026-02-28T13:00:00Z,"))
		c.must(err)
		f.Now = at("2026-03-01T13:00:00Z").Add(24 * time.Hour)
		f.Today = period.DayAt(f.Now, f.Zone)
		got := c.sheet(ac, f).Tally(f)
		if got.Of(period.Missed) != 1 || got.Of(period.Unknown) != 1 {
			t.Errorf("missed %d, want L-2 alone; unknown %d, want L-3", got.Of(period.Missed), got.Of(period.Unknown))
		}
		sheet := c.sheet(ac, f)
		if s := sheet.Squares(f)[1]; s.Blind != 1 {
			t.Errorf("the square of February: %+v", s)
		}
		tasks := occurrence.Tasks([]*occurrence.Sheet{sheet}, f)
		if len(tasks) != 1 || tasks[0].Untold != 1 || tasks[0].Span() != span("2026-02-01", "2026-02-28") || tasks[0].Window.By.Date() != "2026-03-01" || tasks[0].Window.Due.Date() != "2026-03-11" {
			t.Errorf("a later list of February is wanted by the 1st, the day of the limit in New York, with grace until the 11th: %+v", tasks)
		}
		c.must(c.as(c.owner, func(ctx context.Context, tx *models.Tx) error {
			_, err := occurrence.WithdrawList(ctx, tx, first.ID, first.Rev, "Taken too early.")
			return err
		}))
		l.ExtractedAt = at("2026-03-01T13:30:00Z")
		_, err = c.add(c.owner, ac, l, table("key,triggered_at,performed_at\nL-1,2026-01-10T17:00:00Z,2026-01-11T17:00:00Z\nL-2,2026-01-20T17:00:00Z,\nL-3,2026-02-28T13:00:00Z,"))
		c.must(err)
		sheet = c.sheet(ac, f)
		if got := sheet.Tally(f); got.Of(period.Missed) != 2 || got.Of(period.Unknown) != 0 {
			t.Errorf("a list that was taken after the limit knows: %+v", got.Counts)
		}
		if tasks := occurrence.Tasks([]*occurrence.Sheet{sheet}, f); len(tasks) != 0 {
			t.Errorf("still wanted: %+v", tasks)
		}
	})
	each(t, func(c company) {
		ac := c.control("AC-03", leavers())
		f := c.frame("2026-01-01", "2026-12-31")
		l := list("2026-01-01", "2026-02-28")
		l.ExtractedAt = at("2026-03-01T12:00:00Z")
		_, err := c.add(c.owner, ac, l, table("key,triggered_at,performed_at\nL-3,2026-02-28T13:00:00Z,"))
		c.must(err)
		f.Now = at("2026-04-02T13:00:00Z")
		f.Today = period.DayAt(f.Now, f.Zone)
		if s := c.sheet(ac, f).Standing(f, false); s != occurrence.Blind {
			t.Errorf("it stands %s, want unknown", s)
		}
	})
}
