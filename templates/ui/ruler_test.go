package ui_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"assay/templates/ui"
)

func day(iso string) time.Time {
	d, err := time.Parse("2006-01-02", iso)
	if err != nil {
		panic(err)
	}
	return d
}

func TestTheRulerCountsDaysOfThePeriod(t *testing.T) {
	for _, c := range []struct {
		name, start, end, today string
		elapsed                 float64
		label                   string
		months                  int
	}{
		{"within the year", "2026-01-01", "2026-12-31", "2026-11-23", 89.32, "Today, day 327 of 365", 12},
		{"on the first day", "2026-01-01", "2026-12-31", "2026-01-01", 0, "Today, day 1 of 365", 12},
		{"on the last day", "2026-01-01", "2026-12-31", "2026-12-31", 99.73, "Today, day 365 of 365", 12},
		{"the day before", "2026-01-01", "2026-12-31", "2025-12-31", 0, "Starts in 1 day", 12},
		{"long after", "2026-01-01", "2026-12-31", "2027-01-10", 100, "Ended 10 days ago", 12},
		{"across a leap day, from the middle of a month", "2027-12-15", "2028-03-14", "2028-03-01", 84.62, "Today, day 78 of 91", 4},
		{"a single day", "2026-05-01", "2026-05-01", "2026-05-01", 0, "Today, day 1 of 1", 1},
	} {
		r := ui.NewRuler(day(c.start), day(c.end), day(c.today))
		if math.Abs(r.Elapsed-c.elapsed) > 0.01 || r.TodayLabel != c.label || len(r.Months) != c.months {
			t.Errorf("%s: %.2f %%, %q, %d months; want %.2f, %q, %d", c.name, r.Elapsed, r.TodayLabel, len(r.Months), c.elapsed, c.label, c.months)
		}
	}
}

func TestTheRulerMarksMonthsWhereTheyBegin(t *testing.T) {
	r := ui.NewRuler(day("2026-01-01"), day("2026-12-31"), day("2026-11-23"))
	if m := r.Months[1]; m.Label != "Feb" || math.Abs(m.Percent-8.49) > 0.01 {
		t.Errorf("the second mark is %+v, want Feb at 8.49", m)
	}
	if r := ui.NewRuler(day("2026-01-28"), day("2026-12-31"), day("2026-02-01")); r.Months[0].Label != "" || r.Months[1].Label != "Feb" {
		t.Errorf("names of marks four days apart overlap: %+v", r.Months[:2])
	}
}

func TestAPeriodThatEndsBeforeItStartsHasNoRuler(t *testing.T) {
	for _, r := range []ui.Ruler{
		ui.NewRuler(day("2026-12-31"), day("2026-01-01"), monday),
		ui.NewRuler(time.Time{}, day("2026-01-01"), monday),
	} {
		if len(r.Months) != 0 || r.Label != "" {
			t.Errorf("there is a ruler: %+v", r)
		}
	}
}

func TestRulerMarksTheAuditorsDays(t *testing.T) {
	r := ui.NewRuler(day("2026-01-01"), day("2026-12-31"), day("2026-06-01"))
	in := r.Marking("Auditors' access", day("2026-11-09"), day("2027-02-28"))
	if in.Band.From < 85 || in.Band.From+in.Band.Width != 100 || !strings.Contains(in.Label, "Auditors' access from 9 November 2026 to 28 February 2027.") {
		t.Errorf("%+v, %s", in.Band, in.Label)
	}
	if after := r.Marking("Auditors' access", day("2027-01-05"), day("2027-02-28")); after.Band != (ui.Band{}) {
		t.Errorf("after the period: %+v", after.Band)
	}
	if got := (ui.Ruler{}).Marking("x", day("2026-01-01"), day("2026-01-02")); got.Label != "" {
		t.Errorf("without a period: %+v", got)
	}
}
