package period

import (
	"iter"
	"time"

	"assay/models/framework"
)

// A Rhythm is how often a control acts.
type Rhythm struct {
	Frequency string
	Anchor    int // month, 1 to 12, from which quarters and years are counted; 0 is January
	// DueDay is the day of a window's last month by which the control acts, 1 to 31; it
	// is the month's last day where the month is shorter, and always when it is 0. It
	// is for rhythms of months.
	DueDay   int
	Grace    int       // days after that in which acting is still in time
	Business *Calendar // a daily control acts on its business days only; nil is every day
}

// A Calendar says on which days business is done.
type Calendar struct {
	Weekend  [7]bool // by time.Weekday
	Holidays map[Day]string
}

// Open reports whether d is a business day. Of no calendar, every day is.
func (c *Calendar) Open(d Day) bool {
	if c == nil {
		return true
	}
	_, holiday := c.Holidays[d]
	return !holiday && !c.Weekend[d.Weekday()]
}

// After is the n-th business day after d. A calendar without any gives d + n.
func (c *Calendar) After(d Day, n int) Day {
	if c == nil || c.Weekend == [7]bool{true, true, true, true, true, true, true} {
		return d + Day(n)
	}
	for n > 0 {
		d++
		if c.Open(d) {
			n--
		}
	}
	return d
}

// SatSun is the weekend of most calendars.
var SatSun = [7]bool{time.Saturday: true, time.Sunday: true}

// months is how many of them a window spans.
func months(frequency string) int {
	switch frequency {
	case "monthly":
		return 1
	case "quarterly":
		return 3
	case "semiannual":
		return 6
	case "annual":
		return 12
	}
	return 0
}

// Dated reports whether controls of this frequency have windows that a calendar tells.
func Dated(frequency string) bool {
	return months(frequency) > 0 || frequency == "weekly" || frequency == "daily"
}

// Triggered reports whether what is expected comes from a population: of triggers, or
// of the executions of a control that acts many times a day.
func Triggered(frequency string) bool { return frequency == "event" || frequency == "multiple_daily" }

// Continuous reports whether a control acts all the time, so that only the intervals in
// which it was seen to do so say anything.
func Continuous(frequency string) bool { return frequency == "continuous" }

// DefaultGrace is the grace of a frequency whose control states none, in days.
func DefaultGrace(frequency string) int {
	for _, f := range framework.Frequencies() {
		if f.ID == frequency {
			return f.GraceDays
		}
	}
	return 0
}

// A Window is a stretch in which a control should act once.
type Window struct {
	Days
	By      Day // the last day on which acting is on time
	Due     Day // the last day of the grace
	Segment int // which of the versions given expects it
}

// holding is the window of r that holds d. Every day is in exactly one, but for the
// days on which no business is done.
func (r Rhythm) holding(d Day) Days {
	switch r.Frequency {
	case "daily":
		return Days{d, d}
	case "weekly": // ISO weeks begin on Monday
		first := d - Day((int(d.Weekday())+6)%7)
		return Days{first, first + 6}
	}
	n := months(r.Frequency)
	year, month := d.civil()
	month -= ((month-max(r.Anchor, 1))%n + n) % n
	return Days{firstOf(year, month), firstOf(year, month+n) - 1}
}

func (r Rhythm) window(d Days, segment int) Window {
	w := Window{Days: d, By: d.Last, Segment: segment}
	if r.DueDay > 0 && months(r.Frequency) > 0 {
		year, month := d.Last.civil()
		w.By = min(d.Last, firstOf(year, month)+Day(r.DueDay)-1)
	}
	w.Due = w.By + Day(r.Grace)
	return w
}

// windows yields the windows of r that end on one of these days, in order.
func (r Rhythm) windows(ends Days, segment int, yield func(Window) bool) bool {
	if !Dated(r.Frequency) || ends.First > ends.Last {
		return true
	}
	n := months(r.Frequency)
	for w := r.holding(ends.First); w.Last <= ends.Last; {
		if r.Frequency != "daily" || r.Business.Open(w.First) {
			if !yield(r.window(w, segment)) {
				return false
			}
		}
		switch {
		case n > 0:
			year, month := w.First.civil()
			w.First = w.Last + 1
			w.Last = firstOf(year, month+2*n) - 1
		case r.Frequency == "weekly":
			w = Days{w.First + 7, w.Last + 7}
		default:
			w = Days{w.First + 1, w.Last + 1}
		}
	}
	return true
}

// A Version is a control's rhythm on the days on which one of its versions counted.
type Version struct {
	Rhythm
	Number    int
	Effective Days
	Editorial bool // a wording fix: the same test segment as the version before
}

// Windows yields, in order, what is expected of a control in a period: each window whose
// last day lies in the period and on whose last day a version was effective. That
// version decides the rhythm, so a control that became weekly in June owes months until
// May and weeks from June on. Versions are in the order of their days, which do not
// overlap.
func Windows(versions []Version, within Days) iter.Seq[Window] {
	return func(yield func(Window) bool) {
		for i, v := range versions {
			if !v.windows(v.Effective.And(within), i, yield) {
				return
			}
		}
	}
}

// begun is the day from which on some version was effective until the i-th was.
func begun(versions []Version, i int) Day {
	for i > 0 && versions[i-1].Effective.Last+1 >= versions[i].Effective.First {
		i--
	}
	return versions[i].Effective.First
}

// BeyondEnd is the window that begins in the period and ends after it, so that it is not
// due in it. There is none where the period ends with a window.
func BeyondEnd(versions []Version, within Days) (Window, bool) {
	for i, v := range versions {
		if !v.Effective.Has(within.Last) || !Dated(v.Frequency) {
			continue
		}
		d := v.holding(within.Last)
		return v.window(d, i), d.Last > within.Last
	}
	return Window{}, false
}

// InForce lists the days of within on which a version counted whose frequency is of a kind,
// Dated, Triggered or Continuous. What another version said of other days says nothing of
// these.
func InForce(versions []Version, within Days, kind func(frequency string) bool) []Days {
	var runs []Days
	for _, v := range versions {
		if in := v.Effective.And(within); in.Len() > 0 && kind(v.Frequency) {
			runs = append(runs, in)
		}
	}
	return Join(runs)
}

// Uncontrolled lists the days of a period on which no version was effective: before the
// control began, after it was retired, or between.
func Uncontrolled(versions []Version, within Days) []Days {
	runs := make([]Days, len(versions))
	for i, v := range versions {
		runs[i] = v.Effective
	}
	return Holes(within, runs)
}

// Segments groups versions that are tested as one: an editorial version continues the
// segment of the version before, unless days without a control lie between. Each is the first and the last index of its versions.
func Segments(versions []Version) [][2]int {
	var out [][2]int
	for i, v := range versions {
		if i > 0 && v.Editorial && versions[i-1].Effective.Last+1 >= v.Effective.First {
			out[len(out)-1][1] = i
			continue
		}
		out = append(out, [2]int{i, i})
	}
	return out
}
