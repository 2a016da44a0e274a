package period_test

import (
	"testing"

	"assay/models/period"
)

// TestDaysInAnotherZone: what is whole lies within, what is around holds all, and there and
// back nothing is gained. 8 March and 1 November have 23 and 25 hours in New York.
func TestDaysInAnotherZone(t *testing.T) {
	names := []string{"America/New_York", "Pacific/Auckland", "Europe/Berlin", "Pacific/Kiritimati", "America/Los_Angeles", "UTC"}
	first := period.DayOf("2026-01-01", 0)
	for _, a := range names {
		for _, b := range names {
			from, to := zoneOf(t, a), zoneOf(t, b)
			for n := range period.Day(365) {
				r := period.Days{First: first + n, Last: first + n + n%5}
				start, end := r.Span().Instants(from)
				around, whole := r.Around(from, to), r.Whole(from, to)
				s, e := around.Span().Instants(to)
				if s.After(start) || e.Before(end) || !(around.First + 1).Starts(to).After(start) || !around.Last.Starts(to).Before(end) {
					t.Fatalf("%v of %s: around it in %s are %v", r.Span(), a, b, around.Span())
				}
				if a == b && (whole != r || around != r) {
					t.Fatalf("%v of %s: %v whole, %v around", r.Span(), a, whole.Span(), around.Span())
				}
				if whole.Len() == 0 {
					continue
				}
				if s, e = whole.Span().Instants(to); s.Before(start) || e.After(end) || !whole.Around(to, from).Within(r) {
					t.Fatalf("%v of %s: whole in %s are %v", r.Span(), a, b, whole.Span())
				}
			}
		}
	}
}
