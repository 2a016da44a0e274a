// Package period is the calendar of controls: in which windows a control should have
// acted, when proof of it is due, and which days given evidence covers. It is pure, and
// knows neither evidence nor the database. All dates are civil dates in one zone, the
// caller's.
//
// It answers for controls with a rhythm. An event-driven control is due when its trigger
// happens and a continuous one all the time; neither can be told from a calendar, so
// they have no windows here.
package period

import (
	"slices"
	"time"

	"assay/models"
	"assay/models/framework"
)

// A Span is a range of days, both included. An empty To is open.
type Span struct{ From, To models.Date }

// Contains reports whether day lies in s.
func (s Span) Contains(day models.Date) bool {
	return day >= s.From && (s.To.IsZero() || day <= s.To)
}

// A Version is a control's rhythm while one of its versions was effective.
type Version struct {
	Frequency   string
	AnchorMonth int  // 1 to 12; 0 is January
	Effective   Span // the days on which this version counts
}

// A Window is a stretch in which the control should act once.
type Window struct {
	Span
	Due models.Date // the last day for its evidence: the end and the grace
}

// months is how many of them a window spans.
var months = map[string]int{"monthly": 1, "quarterly": 3, "semiannual": 6, "annual": 12}

// Dated reports whether a control of this frequency has windows.
func Dated(frequency string) bool {
	return months[frequency] > 0 || frequency == "weekly" || frequency == "daily"
}

// Windows lists, in order, what is expected of a control between two days: each window
// whose last day lies between them and on whose last day a version was effective. The
// version of the last day decides the rhythm, so a control that became weekly in June
// owes months until May and weeks from June on.
func Windows(versions []Version, from, to models.Date) []Window {
	var all []Window
	for _, v := range versions {
		first, last := max(from, v.Effective.From), to
		if !v.Effective.To.IsZero() {
			last = min(last, v.Effective.To)
		}
		all = append(all, v.between(first, last)...)
	}
	slices.SortFunc(all, func(a, b Window) int {
		switch {
		case a.To < b.To:
			return -1
		case a.To > b.To:
			return 1
		}
		return 0
	})
	return all
}

// between lists the windows of v's rhythm that end on one of these days.
func (v Version) between(first, last models.Date) []Window {
	if !Dated(v.Frequency) || first > last {
		return nil
	}
	grace := graceDays(v.Frequency)
	var out []Window
	for start := v.startOf(first); ; {
		following := v.after(start)
		end := following.AddDays(-1)
		if end > last {
			return out
		}
		out = append(out, Window{Span{start, end}, end.AddDays(grace)})
		start = following
	}
}

// startOf is the first day of the window that holds day.
func (v Version) startOf(day models.Date) models.Date {
	t := day.In(time.UTC)
	switch v.Frequency {
	case "daily":
		return day
	case "weekly": // ISO weeks begin on Monday
		return day.AddDays(-(int(t.Weekday()) + 6) % 7)
	}
	n := months[v.Frequency]
	anchor := max(v.AnchorMonth, 1)
	since := (int(t.Month()) - anchor + 12) % n
	return models.Date(time.Date(t.Year(), t.Month()-time.Month(since), 1, 0, 0, 0, 0, time.UTC).Format(time.DateOnly))
}

// after is the first day of the window that follows the one beginning on start.
func (v Version) after(start models.Date) models.Date {
	switch v.Frequency {
	case "daily":
		return start.AddDays(1)
	case "weekly":
		return start.AddDays(7)
	}
	return start.AddMonths(months[v.Frequency])
}

func graceDays(frequency string) int {
	for _, f := range framework.Frequencies() {
		if f.ID == frequency {
			return f.GraceDays
		}
	}
	return 0
}

// Holes lists the days of s that none of these spans covers, as spans in order. Spans
// may overlap; two that meet without a day between them leave no hole.
func Holes(s Span, covered []Span) []Span {
	sorted := slices.Clone(covered)
	slices.SortFunc(sorted, func(a, b Span) int {
		if a.From < b.From {
			return -1
		}
		return 1
	})
	var holes []Span
	day := s.From // the first day not known to be covered
	for _, c := range sorted {
		if c.From > s.To {
			break
		}
		if c.From > day {
			holes = append(holes, Span{day, c.From.AddDays(-1)})
		}
		if c.To >= day {
			day = c.To.AddDays(1)
		}
	}
	if day <= s.To {
		holes = append(holes, Span{day, s.To})
	}
	return holes
}

// Instants is s as the half-open range of instants that its days are in zone.
func (s Span) Instants(zone *time.Location) (from, until time.Time) {
	return s.From.In(zone).UTC(), s.To.AddDays(1).In(zone).UTC()
}
