package readinesses_test

import (
	"testing"

	"assay/models/occurrence"
	"assay/models/period"
	"assay/templates/readinesses"
	"assay/templates/ui"
)

// TestWhatASquareOfAMonthShows: what is worst in it, and never green for what nobody knows.
// What was done before the period began is neither on time nor missed: it takes nothing
// away from a month, and makes none by itself.
func TestWhatASquareOfAMonthShows(t *testing.T) {
	april := period.Days{First: period.DayOf("2026-04-01", 0), Last: period.DayOf("2026-04-30", 0)}
	square := func(blind, waiting int, counts ...int) (sq occurrence.Square) {
		for i, s := range []period.Status{period.OnTime, period.Late, period.Missed, period.Pending, period.OutsidePeriod, period.NotApplicable} {
			if i < len(counts) {
				sq.Counts[s] = counts[i]
			}
		}
		sq.Blind, sq.Waiting = blind, waiting
		return sq
	}
	for words, c := range map[string]struct {
		sq    occurrence.Square
		state ui.State
	}{
		"nothing due":                                {square(0, 0), ui.NA},
		"operated, 4 of 4":                           {square(0, 0, 4), ui.OK},
		"1 of 4 missed":                              {square(1, 0, 3, 0, 1, 0, 2), ui.Exception},
		"unknown for 1 control":                      {square(1, 0, 4, 0, 0, 0, 1), ui.Open},
		"1 of 4 performed late":                      {square(0, 0, 3, 1), ui.Late},
		"in progress, 3 of 4 performed":              {square(0, 0, 3, 0, 0, 1), ui.InReview},
		"operated, 4 of 4, and 2 outside the period": {square(0, 0, 4, 0, 0, 0, 2), ui.OK},
		"performed outside the period, for the auditor to decide": {square(0, 0, 0, 0, 0, 0, 1), ui.InReview},
		"not applicable": {square(0, 0, 0, 0, 0, 0, 0, 1), ui.NA},
	} {
		if state, said := readinesses.LookOf(c.sq, april, april.Last+30); state != c.state || said != words {
			t.Errorf("%q as %v, want %q as %v", said, state, words, c.state)
		}
	}
}
