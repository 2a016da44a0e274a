package period

import (
	"cmp"
	"slices"
	"time"
)

// A Signal is an interval in which a check gave valid results, all the same.
type Signal struct {
	From, To  time.Time // half-open
	Pass      bool
	Collected time.Time // when the result was captured; much later than To is a backfill
}

// A Gap is an interval without any valid result.
type Gap struct{ From, To time.Time }

// Length is how long g is.
func (g Gap) Length() time.Duration { return g.To.Sub(g.From) }

// A Backfill is an interval of which the results were captured more than a day after it.
type Backfill struct{ From, To, Collected time.Time }

// A Coverage is what valid results say of a continuous control. What they do not speak
// of is unknown, and never a pass.
type Coverage struct {
	Scope      time.Duration // the time that was looked at
	Valid      time.Duration // of that, with a valid result
	Passing    time.Duration // of that, all good; where two checks disagree the bad one counts
	Backfilled time.Duration // of Valid, captured more than a day after
	Backfills  []Backfill    // likewise, with when they were captured
	Gaps       []Gap         // in order
	Days       Counts        // days by OnTime, Missed (some of it failed) and Unknown (some of it unseen)
	Daily      []Status      // the same, day by day of the scope
}

// Add puts another stretch of time beside c. Of neither is known what lies between them.
func (c *Coverage) Add(d Coverage) {
	c.Scope, c.Valid, c.Passing, c.Backfilled = c.Scope+d.Scope, c.Valid+d.Valid, c.Passing+d.Passing, c.Backfilled+d.Backfilled
	c.Gaps, c.Daily, c.Backfills = append(c.Gaps, d.Gaps...), append(c.Daily, d.Daily...), append(c.Backfills, d.Backfills...)
	c.Days.Add(d.Days)
}

// Longest is the longest gap; the zero Gap when there is none.
func (c Coverage) Longest() Gap {
	var longest Gap
	for _, g := range c.Gaps {
		if g.Length() > longest.Length() {
			longest = g
		}
	}
	return longest
}

// BackfilledAfter is how late a result may be captured and still count as watched.
const BackfilledAfter = 24 * time.Hour

// Observe measures what signals say of the time from one instant until another, which
// the caller ends at now. Signals may come in any order, overlap and disagree.
func Observe(from, until time.Time, zone *time.Location, signals []Signal) Coverage {
	c := Coverage{Scope: max(0, until.Sub(from))}
	if c.Scope == 0 {
		return c
	}
	days, all := newDayStates(from, until, zone), pieces(from, until, signals)
	for _, p := range all {
		n := p.to.Sub(p.from)
		switch {
		case !p.known:
			c.Gaps = append(c.Gaps, Gap{p.from, p.to})
			days.mark(p.from, p.to, Unknown)
			continue
		case p.pass:
			c.Passing += n
		default:
			days.mark(p.from, p.to, Missed)
		}
		c.Valid += n
		if p.backfilled {
			c.Backfilled += n
		}
	}
	c.Days, c.Daily = days.counts(), days.state
	if c.Backfilled > 0 {
		c.Backfills = backfills(all, signals)
	}
	return c
}

// backfills says of each backfilled piece when its results were captured. Where two captures
// overlap the one that begins first counts.
func backfills(all []piece, signals []Signal) []Backfill {
	var stale []Backfill
	for _, s := range signals {
		if s.Collected.Sub(s.To) > BackfilledAfter {
			stale = append(stale, Backfill{s.From, s.To, s.Collected})
		}
	}
	slices.SortFunc(stale, func(a, b Backfill) int {
		return cmp.Or(a.From.Compare(b.From), a.Collected.Compare(b.Collected))
	})
	var out []Backfill
	var done time.Time // up to which it is said
	for _, s := range stale {
		first, _ := slices.BinarySearchFunc(all, s.From, func(p piece, t time.Time) int {
			if p.to.After(t) {
				return 1
			}
			return -1
		})
		for _, p := range all[first:] {
			if !p.from.Before(s.To) {
				break
			}
			b := Backfill{latest(latest(p.from, s.From), done), earliest(p.to, s.To), s.Collected}
			if !p.backfilled || !b.From.Before(b.To) {
				continue
			}
			done = b.To
			if n := len(out); n > 0 && out[n-1].To.Equal(b.From) && out[n-1].Collected.Equal(b.Collected) {
				out[n-1].To = b.To
				continue
			}
			out = append(out, b)
		}
	}
	return out
}

// A piece is a stretch in which nothing changes.
type piece struct {
	from, to                time.Time
	known, pass, backfilled bool
}

// pieces cuts the time at every beginning and end of a signal. Neighbours that say the
// same are one.
func pieces(from, until time.Time, signals []Signal) []piece {
	type edge struct {
		at    time.Time
		known int // how many signals begin, less those that end
		fail  int
		fresh int // captured in time
	}
	edges := []edge{{at: from}, {at: until}}
	for _, s := range signals {
		a, b := latest(s.From, from), earliest(s.To, until)
		if !a.Before(b) {
			continue
		}
		fail, fresh := 0, 0
		if !s.Pass {
			fail = 1
		}
		if s.Collected.Sub(s.To) <= BackfilledAfter {
			fresh = 1
		}
		edges = append(edges, edge{a, 1, fail, fresh}, edge{b, -1, -fail, -fresh})
	}
	slices.SortStableFunc(edges, func(a, b edge) int { return a.at.Compare(b.at) })
	var out []piece
	var now edge
	for i, e := range edges[:len(edges)-1] {
		now.known, now.fail, now.fresh = now.known+e.known, now.fail+e.fail, now.fresh+e.fresh
		next := edges[i+1].at
		if !e.at.Before(next) {
			continue
		}
		p := piece{e.at, next, now.known > 0, now.known > 0 && now.fail == 0, now.known > 0 && now.fresh == 0}
		if n := len(out); n > 0 && out[n-1].known == p.known && out[n-1].pass == p.pass && out[n-1].backfilled == p.backfilled {
			out[n-1].to = p.to
			continue
		}
		out = append(out, p)
	}
	return out
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earliest(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// dayStates holds the worst that is known of each day.
type dayStates struct {
	first Day
	zone  *time.Location
	state []Status
}

func newDayStates(from, until time.Time, zone *time.Location) *dayStates {
	first := DayAt(from, zone)
	last := DayAt(until.Add(-1), zone)
	state := make([]Status, last-first+1)
	for i := range state {
		state[i] = OnTime
	}
	return &dayStates{first, zone, state}
}

// mark notes s on every day that the interval touches. That something failed is worse
// than not knowing.
func (d *dayStates) mark(from, to time.Time, s Status) {
	for day := DayAt(from, d.zone); day <= DayAt(to.Add(-1), d.zone); day++ {
		if at := &d.state[day-d.first]; *at != Missed {
			*at = s
		}
	}
}

func (d *dayStates) counts() (c Counts) {
	for _, s := range d.state {
		c[s]++
	}
	return c
}
