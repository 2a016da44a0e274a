package period

import "assay/models"

// A Freshness says how old the newest evidence of a control is, measured by its rhythm.
type Freshness string

// The degrees of freshness.
const (
	Fresh   Freshness = "fresh"   // no older than one interval
	Stale   Freshness = "stale"   // no older than two
	Expired Freshness = "expired" // older
	Unaged  Freshness = ""        // no rhythm to measure by, or no evidence
)

// Label is f in words.
func (f Freshness) Label() string {
	switch f {
	case Fresh:
		return "Fresh"
	case Stale:
		return "Stale"
	case Expired:
		return "Expired"
	case Unaged:
	}
	return ""
}

// FreshnessOf judges evidence that covers days up to coversTo, on a day, for a control of
// a frequency. Intervals are those of the calendar: monthly evidence up to 31 January is
// fresh until 28 February.
func FreshnessOf(frequency string, coversTo, on models.Date) Freshness {
	if coversTo.IsZero() || !Dated(frequency) {
		return Unaged
	}
	switch {
	case on <= later(frequency, coversTo, 1):
		return Fresh
	case on <= later(frequency, coversTo, 2):
		return Stale
	}
	return Expired
}

// later is the day n intervals after day.
func later(frequency string, day models.Date, n int) models.Date {
	switch frequency {
	case "daily":
		return day.AddDays(n)
	case "weekly":
		return day.AddDays(7 * n)
	}
	return day.AddMonths(n * months(frequency))
}
