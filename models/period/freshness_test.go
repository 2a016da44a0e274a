package period_test

import (
	"testing"

	"assay/models"
	"assay/models/period"
)

func TestFreshnessIsMeasuredByTheRhythm(t *testing.T) {
	for _, c := range []struct {
		what, frequency string
		coversTo, on    models.Date
		want            period.Freshness
	}{
		{"covers days to come", "monthly", "2026-03-31", "2026-03-10", period.Fresh},
		{"on its last day", "monthly", "2026-03-31", "2026-03-31", period.Fresh},
		{"one month later", "monthly", "2026-03-15", "2026-04-15", period.Fresh},
		{"one month and a day later", "monthly", "2026-03-15", "2026-04-16", period.Stale},
		{"two months later", "monthly", "2026-03-15", "2026-05-15", period.Stale},
		{"two months and a day later", "monthly", "2026-03-15", "2026-05-16", period.Expired},
		{"a month that is shorter", "monthly", "2026-01-31", "2026-02-28", period.Fresh},
		{"a month that is shorter, a day later", "monthly", "2026-01-31", "2026-03-01", period.Stale},
		{"a leap year", "annual", "2024-02-29", "2025-02-28", period.Fresh},
		{"a year and a day", "annual", "2025-06-30", "2026-07-01", period.Stale},
		{"two years and a day", "annual", "2024-06-30", "2026-07-01", period.Expired},
		{"a quarter", "quarterly", "2025-12-31", "2026-03-31", period.Fresh},
		{"a quarter and a day", "quarterly", "2025-12-31", "2026-04-01", period.Stale},
		{"half a year", "semiannual", "2025-12-31", "2026-06-30", period.Fresh},
		{"seven days", "weekly", "2026-03-01", "2026-03-08", period.Fresh},
		{"eight days", "weekly", "2026-03-01", "2026-03-09", period.Stale},
		{"fifteen days", "weekly", "2026-03-01", "2026-03-16", period.Expired},
		{"the next day", "daily", "2026-03-01", "2026-03-02", period.Fresh},
		{"two days later", "daily", "2026-03-01", "2026-03-03", period.Stale},
		{"three days later", "daily", "2026-03-01", "2026-03-04", period.Expired},
		{"no evidence", "monthly", "", "2026-03-04", period.Unaged},
		{"an event has no rhythm", "event", "2026-03-01", "2026-03-04", period.Unaged},
		{"nor has what runs all the time", "continuous", "2026-03-01", "2026-03-04", period.Unaged},
	} {
		if got := period.FreshnessOf(c.frequency, c.coversTo, c.on); got != c.want {
			t.Errorf("%s, %s, up to %s, on %s: %q, want %q", c.what, c.frequency, c.coversTo, c.on, got, c.want)
		}
	}
}
