package ui

import (
	"context"
	"time"
)

// Dates follow one rule: weekday, day and month; the year only when it is not this
// one; a relative word only within a fortnight, and always beside the date. Records
// are in UTC, due dates in the company's calendar.

const isoDay = "2006-01-02"

// relativeWithin is how many days away a date still says so.
const relativeWithin = 14

// dayText writes a civil date such as 2026-11-18. What is not a date is returned
// as it came, so that a mistake in the data shows.
func dayText(ctx context.Context, iso string) string {
	d, err := time.Parse(isoDay, iso)
	if err != nil {
		return iso
	}
	return d.Format(dayLayout(ctx, d))
}

func dayLayout(ctx context.Context, d time.Time) string {
	if d.Year() == ShellOf(ctx).Now.Year() {
		return "Mon 2 Jan"
	}
	return "Mon 2 Jan 2006"
}

func instantText(ctx context.Context, t time.Time) string {
	t = t.UTC()
	return t.Format(dayLayout(ctx, t) + " 15:04 MST")
}

// relative is "today", "in 3 days", "5 days ago", or "" when that says less than
// the date does.
func relative(ctx context.Context, iso string) string {
	d, err := time.Parse(isoDay, iso)
	now := ShellOf(ctx).Now
	if err != nil || now.IsZero() {
		return ""
	}
	switch n := daysBetween(civil(now), d); {
	case n == 0:
		return "today"
	case n == 1:
		return "tomorrow"
	case n == -1:
		return "yesterday"
	case n > 0 && n < relativeWithin:
		return "in " + inDays(n)
	case n < 0 && n > -relativeWithin:
		return inDays(-n) + " ago"
	}
	return ""
}

// instantDay is the calendar day of t where the company is.
func instantDay(ctx context.Context, t time.Time) string {
	if now := ShellOf(ctx).Now; !now.IsZero() {
		t = t.In(now.Location())
	}
	return t.Format(isoDay)
}
