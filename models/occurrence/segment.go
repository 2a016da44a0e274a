package occurrence

import (
	"time"

	"assay/models/period"
)

// A Segment is a stretch of a period that is tested by itself: a version and the editorial
// ones that follow it. Of a continuous control it is a configuration.
type Segment struct {
	period.Days
	Number      int // in the period, from 1
	First, Last int // versions
	Frequency   string
	Counts      period.Counts   // windows that ended in it
	Coverage    period.Coverage // of a continuous control
}

// Segments are those of the period, in order, those to come among them.
func (s *Sheet) Segments(f Frame) []Segment {
	versions := s.Facts.Versions
	of, out := make([]int, len(versions)), []Segment(nil)
	for _, group := range period.Segments(versions) {
		first, last := versions[group[0]], versions[group[1]]
		in := period.Days{First: first.Effective.First, Last: last.Effective.Last}.And(f.Days)
		for i := group[0]; i <= group[1]; i++ {
			of[i] = len(out)
		}
		if in.Len() == 0 {
			continue
		}
		seg := Segment{Days: in, Number: len(out) + 1, First: first.Number, Last: last.Number, Frequency: last.Frequency}
		if period.Continuous(seg.Frequency) {
			seg.Coverage = s.observed(f, in)
		}
		out = append(out, seg)
	}
	for o := range s.Facts.Occurrences(f.Days, f.Today) { // each lies in a segment: its last day does
		out[of[o.Segment]].Counts[o.Status]++
	}
	return out
}

// Uncontrolled are the days of the period on which no version counted: there was no control.
func (s *Sheet) Uncontrolled(f Frame) []period.Days {
	return period.Uncontrolled(s.Facts.Versions, f.Days)
}

// A Watch is how much of the time check results speak of, which is shown with every rate
// of continuous controls.
type Watch struct {
	Controls   int
	Scope      time.Duration
	Valid      time.Duration // of that, with a result
	Backfilled time.Duration // of that, collected more than a day later
	Gap        period.Gap    // the longest
	Code       string        // of the control it is of
}

// Add adds v.
func (w *Watch) Add(v Watch) {
	w.Controls, w.Scope, w.Valid, w.Backfilled = w.Controls+v.Controls, w.Scope+v.Scope, w.Valid+v.Valid, w.Backfilled+v.Backfilled
	if v.Gap.Length() > w.Gap.Length() {
		w.Gap, w.Code = v.Gap, v.Code
	}
}

// watchOf is c of a control.
func (s *Sheet) watchOf(c period.Coverage) Watch {
	if c.Scope == 0 {
		return Watch{}
	}
	return Watch{Controls: 1, Scope: c.Scope, Valid: c.Valid, Backfilled: c.Backfilled, Gap: c.Longest(), Code: s.Code}
}

// Watch is how much of the days of which lists should be there check results speak of.
func (s *Sheet) Watch(f Frame) Watch {
	var c period.Coverage
	for _, run := range s.InForce(f, period.Continuous) {
		if run.Last = min(run.Last, f.settled()); run.Len() > 0 {
			c.Add(s.observed(f, run))
		}
	}
	return s.watchOf(c)
}
