package period

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A Limit is how long after its trigger a control may act.
type Limit struct {
	Exact    time.Duration // hours, minutes and seconds, to the instant
	Days     int           // whole days: the deadline is the end of the last of them
	Business bool          // the days are business days
}

// ParseLimit reads an ISO 8601 duration of weeks, days, hours, minutes and seconds, or of
// days followed by "business", as the catalog writes them: PT24H, P30D, P3D business.
func ParseLimit(s string) (Limit, error) {
	text, business := strings.CutSuffix(strings.TrimSpace(s), "business")
	text = strings.TrimSpace(text)
	refuse := fmt.Errorf("%q is no time limit; write PT24H, P30D or P3D business", s)
	rest, ok := strings.CutPrefix(text, "P")
	if !ok || rest == "" || strings.HasSuffix(rest, "T") {
		return Limit{}, refuse
	}
	l := Limit{Business: business}
	date, clock, _ := strings.Cut(rest, "T")
	if err := l.read(date, map[byte]func(int){'W': func(n int) { l.Days += 7 * n }, 'D': func(n int) { l.Days += n }}); err != nil {
		return Limit{}, refuse
	}
	add := func(unit time.Duration) func(int) { return func(n int) { l.Exact += time.Duration(n) * unit } }
	if err := l.read(clock, map[byte]func(int){'H': add(time.Hour), 'M': add(time.Minute), 'S': add(time.Second)}); err != nil {
		return Limit{}, refuse
	}
	if l.Exact > 0 && (l.Business || l.Days > 0) {
		return Limit{}, refuse // "one day and two hours" has no meaning that people share
	}
	return l, nil
}

// read takes numbers, each followed by its unit.
func (l *Limit) read(s string, units map[byte]func(int)) error {
	for s != "" {
		n := strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' })
		if n < 1 || n > 6 {
			return strconv.ErrSyntax
		}
		add, ok := units[s[n]]
		if !ok {
			return strconv.ErrSyntax
		}
		v, err := strconv.Atoi(s[:n])
		if err != nil {
			return err
		}
		add(v)
		s = s[n+1:]
	}
	return nil
}

// A Rule says when a control has to act for each trigger.
type Rule struct {
	Before bool  // no later than the trigger; otherwise within Limit after it
	Limit  Limit // of an "after"
}

// Deadline is the last instant at which acting for a trigger is in time. Days are those
// of zone, business days those of open; a nil open is every weekday but Saturday and
// Sunday.
func (r Rule) Deadline(trigger time.Time, zone *time.Location, open *Calendar) time.Time {
	if r.Before {
		return trigger
	}
	if r.Limit.Days == 0 {
		return trigger.Add(r.Limit.Exact)
	}
	day := DayAt(trigger, zone)
	if !r.Limit.Business {
		day += Day(r.Limit.Days)
	} else {
		if open == nil {
			open = &Calendar{Weekend: SatSun}
		}
		day = open.After(day, r.Limit.Days)
	}
	return (day + 1).Starts(zone).Add(-time.Microsecond)
}

// An Event is one trigger of an event-driven control, or one execution of a control that
// acts many times a day.
type Event struct {
	At       time.Time // the trigger
	Deadline time.Time // what Rule.Deadline gives
	Done     time.Time // when the control acted for it; zero when it has not
}

// Judge is what is known of e at now. Whether it belongs to a period is decided by the
// trigger, half-open: from its first instant until the first one after it.
func (e Event) Judge(from, until, now time.Time) Status {
	switch {
	case e.At.Before(from) || !e.At.Before(until):
		return OutsidePeriod
	case e.At.After(now):
		return Upcoming
	case !e.Done.IsZero() && !e.Done.After(now):
		if e.Done.After(e.Deadline) {
			return Late
		}
		return OnTime
	case !now.After(e.Deadline):
		return Pending
	}
	return Missed
}

// A Tally is what populations of triggers say of a control in a period.
type Tally struct {
	Counts
	Listed  []Days // the days that populations account for, up to today
	Unknown []Days // the days up to today that none accounts for
	// Idle reports that every day up to today is accounted for and nothing triggered the
	// control: it did not operate, which is not the same as operating without fault.
	Idle bool
}

// Sum adds up what populations covering these days say of the days on which the control
// rested on them. Days ahead are neither listed nor unknown.
func Sum(counts Counts, listed, within []Days, today Day) Tally {
	t, elapsed := Tally{Counts: counts}, 0
	listed = Join(listed)
	for _, w := range Join(within) {
		if w = w.And(Days{Ever, today}); w.Len() == 0 {
			continue
		}
		elapsed += w.Len()
		for _, d := range listed {
			if d = d.And(w); d.Len() > 0 {
				t.Listed = append(t.Listed, d)
			}
		}
		t.Unknown = append(t.Unknown, Holes(w, listed)...)
	}
	t.Idle = elapsed > 0 && len(t.Unknown) == 0 && counts.Total()-counts[OutsidePeriod] == 0
	return t
}
