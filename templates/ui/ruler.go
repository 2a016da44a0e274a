package ui

import (
	"fmt"
	"time"
)

// A Ruler is the examination period drawn to scale, with every position worked out
// beforehand. The zero Ruler is no period and draws nothing.
type Ruler struct {
	Months       []Month
	Elapsed      float64 // percent of the period that lies behind us
	TodayLabel   string
	TodayOnRight bool   // the label has more room on the left of the mark
	Label        string // the whole ruler in one sentence
	Band         Band   // a stretch that is marked, such as the days on which auditors look
	start        time.Time
	days         int
}

// A Band is a stretch of a ruler. Without a label there is none.
type Band struct {
	Label       string
	From, Width float64
}

// Marking draws a band from one day to another, both included, as far as it lies in the
// period, and says in the sentence when it is.
func (r Ruler) Marking(label string, from, to time.Time) Ruler {
	from, to = civil(from), civil(to)
	if r.days == 0 || from.IsZero() || to.Before(from) {
		return r
	}
	r.Label += fmt.Sprintf(" %s from %s to %s.", label, from.Format("2 January 2006"), to.Format("2 January 2006"))
	first, last := max(daysBetween(r.start, from), 0), min(daysBetween(r.start, to)+1, r.days)
	if first < last {
		r.Band = Band{label, percent(first, r.days), percent(last-first, r.days)}
	}
	return r
}

// A Month is one mark of a ruler.
type Month struct {
	Label   string
	Percent float64
}

// NewRuler draws the days from start to end, both included, seen from today. Only
// the civil dates of its arguments count. A period that ends before it starts has
// no ruler.
func NewRuler(start, end, today time.Time) Ruler {
	start, end, today = civil(start), civil(end), civil(today)
	if start.IsZero() || end.Before(start) {
		return Ruler{}
	}
	days := daysBetween(start, end) + 1
	r := Ruler{Months: months(start, end, days), start: start, days: days}
	day := daysBetween(start, today) + 1
	switch {
	case day < 1:
		r.TodayLabel = "Starts in " + inDays(1-day)
	case day > days:
		r.Elapsed, r.TodayLabel = 100, "Ended "+inDays(day-days)+" ago"
	default:
		r.Elapsed = percent(day-1, days)
		r.TodayLabel = fmt.Sprintf("Today, day %d of %d", day, days)
	}
	r.TodayOnRight = r.Elapsed > 50
	r.Label = fmt.Sprintf("Examination period %s to %s. %s.",
		start.Format("2 January 2006"), end.Format("2 January 2006"), r.TodayLabel)
	return r
}

// bandSaid reports that there is room for the label of the band beside that of today.
func (r Ruler) bandSaid() bool {
	const label = 18.0
	from, to := r.Elapsed, r.Elapsed+label
	if r.TodayOnRight {
		from, to = r.Elapsed-label, r.Elapsed+1
	}
	return r.Band.From < 100-label/2 && (r.Band.From > to || r.Band.From+label < from)
}

// short is TodayLabel where there is little room.
func (r Ruler) short() string {
	if r.Elapsed > 0 && r.Elapsed < 100 {
		return "Today"
	}
	return r.TodayLabel
}

// months marks the start and the first of every month after it.
func months(start, end time.Time, days int) []Month {
	var marks []Month
	for at := start; !at.After(end); at = time.Date(at.Year(), at.Month()+1, 1, 0, 0, 0, 0, time.UTC) {
		marks = append(marks, Month{at.Format("Jan"), percent(daysBetween(start, at), days)})
	}
	// Two marks closer than this would print their names over each other.
	const apart = 3.5
	if len(marks) > 1 && marks[1].Percent < apart {
		marks[0].Label = ""
	}
	return marks
}

// civil is the calendar day of t, as midnight UTC, so that days can be counted
// without meeting a change of clocks.
func civil(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	y, m, d := t.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

func daysBetween(a, b time.Time) int { return int(b.Sub(a).Hours() / 24) }

func percent(part, whole int) float64 { return 100 * float64(part) / float64(whole) }

// inDays is "1 day" or "3 days".
func inDays(n int) string {
	if n == 1 {
		return "1 day"
	}
	return fmt.Sprintf("%d days", n)
}
