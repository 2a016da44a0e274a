package occurrence_test

import (
	"testing"
	"time"

	"assay/models/occurrence"
	"assay/models/period"
)

// TestWhatIsDueSoon holds a control that acts every week or day to its windows that are
// over: of such a one something is always due within the fortnight.
func TestWhatIsDueSoon(t *testing.T) {
	year := period.Span{From: "2026-01-01", To: "2026-12-31"}
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC) // a Wednesday
	for frequency, want := range map[string]occurrence.Standing{
		"daily": occurrence.Operating, "weekly": occurrence.Operating, "monthly": occurrence.DueSoon, "quarterly": occurrence.Operating,
	} {
		covered := period.Span{From: "2025-12-01", To: "2026-10-31"}
		if frequency == "daily" || frequency == "weekly" {
			covered.To = "2026-11-24"
		}
		s := occurrence.Sheet{Effective: true, Frequency: frequency, Facts: period.Facts{
			Versions: []period.Version{{
				Rhythm:    period.Rhythm{Frequency: frequency, Grace: period.DefaultGrace(frequency)},
				Effective: period.Span{From: "2026-01-01"}.Days(),
			}},
			Covers: []period.Cover{{Days: covered.Days(), Submitted: period.DayOf("2026-01-01", period.Never), Accepted: true, Shows: period.EveryDay}},
		}}
		if got := s.Standing(occurrence.FrameOf(year, time.UTC, now), false); got != want {
			t.Errorf("%s: %s, want %s", frequency, got.Label(), want.Label())
		}
	}
}
