// Package period is the engine of a Type II examination: in which windows a control
// should have acted, whether it did and when, which days its evidence covers, and what
// nobody knows. It is pure: no database, no clock of its own, no reader's time zone.
//
// Dates are civil days in the one zone of the examination. Three instants are never
// mixed: when the control acted (performed), when its evidence was captured
// (collected), and when that was handed in (submitted). Only the first decides whether
// the control operated.
package period

import (
	"slices"
	"time"

	"assay/models"
)

// A Day is a civil day, counted from 1 January 1970. Windows are many and days are
// compared often, which a number does thirty times faster than the text of a
// models.Date.
type Day int32

// The ends of time, for what is open on one side.
const (
	Ever  Day = -1 << 31
	Never Day = 1<<31 - 1
)

// DayOf reads a date; the zero Date gives none, which the caller chooses: Ever for a
// beginning, Never for an end.
func DayOf(d models.Date, none Day) Day {
	if d.IsZero() {
		return none
	}
	return Day(d.In(time.UTC).Unix() / 86400)
}

// DayAt is the day on which t falls in zone.
func DayAt(t time.Time, zone *time.Location) Day {
	t = t.In(zone)
	_, offset := t.Zone()
	return Day(floorDiv(t.Unix()+int64(offset), 86400))
}

// Date is d as records keep it; the ends of time are the zero Date.
func (d Day) Date() models.Date {
	if d == Ever || d == Never {
		return ""
	}
	return models.Date(time.Unix(int64(d)*86400, 0).UTC().Format(time.DateOnly))
}

// Weekday is the day of the week of d.
func (d Day) Weekday() time.Weekday { return time.Weekday(((int(d)+4)%7 + 7) % 7) }

// Starts is the instant at which d begins in zone.
func (d Day) Starts(zone *time.Location) time.Time { return d.Date().In(zone) }

// civil is the year and month of d (Howard Hinnant's civil_from_days).
func (d Day) civil() (year, month int) {
	z := int(d) + 719468
	era := floorDiv(z, 146097)
	doe := z - era*146097
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	month = mp + 3
	if month > 12 {
		month -= 12
	}
	year = yoe + era*400
	if month <= 2 {
		year++
	}
	return year, month
}

// MonthStart is the first day of the month of d.
func (d Day) MonthStart() Day {
	year, month := d.civil()
	return firstOf(year, month)
}

// CivilDay is the day of a date that exists.
func CivilDay(year, month, day int) Day { return firstOf(year, month) + Day(day-1) }

// firstOf is the first day of a month, which may lie outside 1 to 12.
func firstOf(year, month int) Day {
	m := month - 1
	year += floorDiv(m, 12)
	month = m - floorDiv(m, 12)*12 + 1
	y := year
	if month <= 2 {
		y--
	}
	era := floorDiv(y, 400)
	yoe := y - era*400
	mp := month - 3
	if mp < 0 {
		mp += 12
	}
	doe := yoe*365 + yoe/4 - yoe/100 + (153*mp+2)/5
	return Day(era*146097 + doe - 719468)
}

func floorDiv[T int | int64](a, b T) T {
	q := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		q--
	}
	return q
}

// A Span is a range of dates as records keep it, both included. An empty To is open.
type Span struct{ From, To models.Date }

// Contains reports whether day lies in s.
func (s Span) Contains(day models.Date) bool {
	return day >= s.From && (s.To.IsZero() || day <= s.To)
}

// Instants is s as the half-open range of instants that its days are in zone.
func (s Span) Instants(zone *time.Location) (from, until time.Time) {
	return s.From.In(zone).UTC(), s.To.AddDays(1).In(zone).UTC()
}

// Days is s for the engine.
func (s Span) Days() Days { return Days{DayOf(s.From, Ever), DayOf(s.To, Never)} }

// Days is a run of days, both included; one whose Last is before its First is empty.
type Days struct{ First, Last Day }

// Span is r as records keep it.
func (r Days) Span() Span { return Span{r.First.Date(), r.Last.Date()} }

// Len is how many days r has.
func (r Days) Len() int { return max(0, int(r.Last)-int(r.First)+1) }

// Has reports whether d lies in r.
func (r Days) Has(d Day) bool { return r.First <= d && d <= r.Last }

// Within reports whether all of r lies in s.
func (r Days) Within(s Days) bool { return s.First <= r.First && r.Last <= s.Last }

// Meets reports whether r and s share a day.
func (r Days) Meets(s Days) bool { return r.First <= s.Last && s.First <= r.Last }

// Whole are the days of another zone that lie whole within r; there may be none.
func (r Days) Whole(zone, other *time.Location) Days {
	from, until := r.Span().Instants(zone)
	first := DayAt(from, other)
	if first.Starts(other).Before(from) {
		first++
	}
	return Days{first, DayAt(until, other) - 1}
}

// Around are the days of another zone that r reaches into.
func (r Days) Around(zone, other *time.Location) Days {
	from, until := r.Span().Instants(zone)
	return Days{DayAt(from, other), DayAt(until.Add(-1), other)}
}

// And is what r and s share; it may be empty.
func (r Days) And(s Days) Days { return Days{max(r.First, s.First), min(r.Last, s.Last)} }

// Join sorts runs and joins those that share a day or meet without one between them.
func Join(runs []Days) []Days {
	sorted := slices.Clone(runs)
	slices.SortFunc(sorted, byFirst)
	return joinSorted(sorted)
}

func byFirst(a, b Days) int {
	if a.First != b.First {
		return int(a.First) - int(b.First)
	}
	return int(a.Last) - int(b.Last)
}

// joinSorted joins in place.
func joinSorted(sorted []Days) []Days {
	out := sorted[:0]
	for _, r := range sorted {
		out = joinLast(out, r)
	}
	return out
}

// joinLast adds a run to joined ones, none of which begins after it.
func joinLast(out []Days, r Days) []Days {
	if n := len(out); n > 0 && (out[n-1].Last == Never || r.First <= out[n-1].Last+1) {
		out[n-1].Last = max(out[n-1].Last, r.Last)
	} else if r.First <= r.Last {
		out = append(out, r)
	}
	return out
}

// Holes lists the days of r that none of these runs covers, in order.
func Holes(r Days, covered []Days) []Days {
	var holes []Days
	day := r.First // the first day not known to be covered
	for _, c := range Join(covered) {
		if c.First > r.Last {
			break
		}
		if c.First > day {
			holes = append(holes, Days{day, c.First - 1})
		}
		if c.Last >= r.Last {
			return holes
		}
		day = max(day, c.Last+1)
	}
	if day <= r.Last {
		holes = append(holes, Days{day, r.Last})
	}
	return holes
}
