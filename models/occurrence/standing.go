package occurrence

import (
	"slices"

	"assay/models/period"
)

// A Standing is where one control stands in a period. A control has exactly one: the
// first that applies, the gravest first.
type Standing string

// The standings, in that order.
const (
	Planned    Standing = "planned"   // no version is in effect
	Exception  Standing = "exception" // a finding about it is open
	Behind     Standing = "behind"    // a window's grace is over and it was not performed, or its evidence is missing
	Deviated   Standing = "deviated"  // everything was done, and something of it late
	Blind      Standing = "unknown"   // for some days nobody knows
	InReview   Standing = "in_review" // all of it is there, and some waits for review
	DueSoon    Standing = "due_soon"  // nothing is wrong, and something is due within 14 days
	Idle       Standing = "idle"      // nothing triggered it, and that is proven: it did not operate
	NotYet     Standing = "not_yet"   // nothing was due so far
	NothingDue Standing = "none_due"  // nothing was due in the period, which is over
	Operating  Standing = "operating" // everything due was performed in time, and accepted evidence covers it
)

// Standings lists every standing, as a bar shows them.
var Standings = []Standing{Operating, DueSoon, InReview, Idle, NothingDue, NotYet, Blind, Behind, Deviated, Exception, Planned}

// Label is s in words.
func (s Standing) Label() string {
	switch s {
	case Planned:
		return "Not in effect"
	case Exception:
		return "Open finding"
	case Behind:
		return "Late"
	case Deviated:
		return "Done late"
	case Blind:
		return "Unknown"
	case InReview:
		return "In review"
	case DueSoon:
		return "Due in 14 days"
	case Idle:
		return "Did not operate"
	case NotYet:
		return "Not yet due"
	case NothingDue:
		return "Nothing was due"
	case Operating:
		return "Operating"
	}
	return string(s)
}

// Soon is how many days ahead something counts as due soon.
const Soon = 14

// Standing is where s stands; finding says that one about it is open. Where versions of
// several kinds counted in the period, the gravest of what each left behind stands.
func (s *Sheet) Standing(f Frame, finding bool) Standing {
	switch {
	case !s.InEffect(f):
		return Planned
	case finding:
		return Exception
	}
	parts := []Standing{s.dated(f), s.triggered(f), s.watched(f)}
	for _, gravest := range []Standing{Behind, Deviated, Blind, InReview, DueSoon, Operating, NotYet, NothingDue, Idle} {
		if slices.Contains(parts, gravest) {
			return gravest
		}
	}
	return f.nothingDue()
}

// nothingDue is where a control stands of which nothing was due.
func (f Frame) nothingDue() Standing {
	if f.Over() {
		return NothingDue
	}
	return NotYet
}

// none is no standing: no version of this kind counted.
const none Standing = ""

func (s *Sheet) dated(f Frame) Standing {
	if len(s.InForce(f, period.Dated)) == 0 {
		return none
	}
	var behind, deviated, review, soon, due bool
	for o := range s.Facts.Occurrences(f.Days, f.Today) {
		if o.First > f.Today+Soon {
			break
		}
		over, waits := o.Due < f.Today, o.Waits()
		switch {
		case o.Status == period.Missed, over && o.Status.Due() && !o.Answered():
			behind = true
		case o.Status == period.Late:
			deviated = true
		case o.Status == period.Pending && o.By <= f.Today+Soon && !o.Answered() && (o.Len() > Soon || f.Over()):
			soon = true // while the period runs, a daily or weekly control is due every fortnight, which tells nobody anything
		}
		if waits && (o.Status.Due() || o.Status == period.Pending) {
			review = true
		}
		if o.Status.Due() && !over && !o.Answered() {
			soon = true // performed, and its evidence is still due
		}
		due = due || o.Status.Due()
	}
	switch {
	case behind:
		return Behind
	case deviated:
		return Deviated
	case review:
		return InReview
	case soon:
		return DueSoon
	case !due:
		return f.nothingDue()
	}
	return Operating
}

func (s *Sheet) triggered(f Frame) Standing {
	runs := s.InForce(f, period.Triggered)
	if len(runs) == 0 {
		return none
	}
	t := s.tally(f, f.settled())
	switch {
	case t.Of(period.Missed) > 0:
		return Behind
	case t.Of(period.Late) > 0:
		return Deviated
	case len(t.Unknown) > 0, s.untold(f):
		return Blind
	case s.Frequency != "multiple_daily" && slices.ContainsFunc(s.Events, func(m MonthOfEvents) bool { return m.Soon > 0 }):
		return DueSoon // of what happens many times a day something always is
	case t.Due() > 0:
		return Operating
	case t.Idle: // a pending trigger is one
		return Idle
	}
	return NotYet
}

// untold reports triggers that were still to be acted on when their list was taken, in months
// that are over: what came of them no list says.
func (s *Sheet) untold(f Frame) bool {
	last := keyOf(period.Days{First: f.settled()})
	return slices.ContainsFunc(s.Events, func(m MonthOfEvents) bool {
		return m.Of(period.Unknown) > 0 && m.Month != "" && m.Month <= last
	})
}

func (s *Sheet) watched(f Frame) Standing {
	if len(s.InForce(f, period.Continuous)) == 0 {
		return none
	}
	c := s.Coverage(f)
	switch {
	case c.Valid > c.Passing:
		return Deviated
	case f.overdue(c):
		return Blind
	case c.Valid == 0:
		return NotYet
	}
	return Operating
}

// Over reports that the period has ended.
func (f Frame) Over() bool { return f.Days.Last < f.Today }

// settled is the last day of which lists should be there: the running month is still being
// collected, unless the period is over.
func (f Frame) settled() period.Day {
	if f.Over() {
		return f.Days.Last
	}
	return f.Today.MonthStart() - 1
}

// overdue reports a gap in days of which lists should be there.
func (f Frame) overdue(c period.Coverage) bool {
	until := (f.settled() + 1).Starts(f.Zone)
	return slices.ContainsFunc(c.Gaps, func(g period.Gap) bool { return g.From.Before(until) })
}

// A Square is what is known of a month of one control or of many: the windows that ended
// in it, the triggers of it, the days on which it was watched.
type Square struct {
	period.Counts
	Unproven  int // windows whose grace is over and that evidence does not cover
	Waiting   int // windows covered by evidence that waits for review
	LateProof int // windows covered only after their grace
	Blind     int // controls of which some days are unknown
	Open      int // controls of which only days are unknown that are still being collected
	Watch     Watch
}

// Add adds q.
func (sq *Square) Add(q Square) {
	sq.Counts.Add(q.Counts)
	sq.Unproven, sq.Waiting, sq.LateProof = sq.Unproven+q.Unproven, sq.Waiting+q.Waiting, sq.LateProof+q.LateProof
	sq.Blind, sq.Open = sq.Blind+q.Blind, sq.Open+q.Open
	sq.Watch.Add(q.Watch)
}

// Empty reports that nothing was expected.
func (sq Square) Empty() bool { return sq.Total() == 0 && sq.Blind == 0 && sq.Open == 0 }

// Months are the months of the frame, as Squares lists them.
func (f Frame) Months() []period.Days {
	var out []period.Days
	for m := f.Days.First.MonthStart(); m <= f.Days.Last; {
		next := (m + 31).MonthStart()
		out = append(out, period.Days{First: max(m, f.Days.First), Last: min(next-1, f.Days.Last)})
		m = next
	}
	return out
}

// Squares is what is known of s in each month of the frame.
func (s *Sheet) Squares(f Frame) []Square {
	months := f.Months()
	out := make([]Square, len(months))
	s.eventSquares(f, months, out)
	s.watchedSquares(f, months, out)
	for n := range out { // one control, however many stretches of the month are unknown
		if out[n].Blind = min(out[n].Blind, 1); out[n].Blind > 0 {
			out[n].Open = 0
		}
		out[n].Open = min(out[n].Open, 1)
	}
	s.windowSquares(f, months, out)
	return out
}

// WindowSquares is what is known of the windows of s that ended in each month.
func (s *Sheet) WindowSquares(f Frame) []Square {
	months := f.Months()
	out := make([]Square, len(months))
	s.windowSquares(f, months, out)
	return out
}

// TriggerSquares is what lists of triggers say of each month.
func (s *Sheet) TriggerSquares(f Frame) []Square {
	months := f.Months()
	out := make([]Square, len(months))
	s.eventSquares(f, months, out)
	return out
}

func (s *Sheet) windowSquares(f Frame, months []period.Days, out []Square) {
	at := 0
	for o := range s.Facts.Occurrences(f.Days, f.Today) {
		for at < len(months)-1 && months[at].Last < o.Last {
			at++
		}
		out[at].count(o, f.Today)
	}
}

func (sq *Square) count(o period.Occurrence, today period.Day) {
	sq.Counts[o.Status]++
	switch {
	case !o.Status.Due():
	case o.Waits():
		sq.Waiting++
	case !o.Answered() && o.Due < today:
		sq.Unproven++
	}
	if o.ProofLate && o.Status.Due() {
		sq.LateProof++
	}
}

func (s *Sheet) eventSquares(f Frame, months []period.Days, out []Square) {
	if len(s.Events) == 0 && len(s.InForce(f, period.Triggered)) == 0 {
		return
	}
	t := s.Tally(f)
	for n, m := range months {
		if i := slices.IndexFunc(t.Unknown, m.Meets); i >= 0 { // the first in the month
			out[n].unknown(f, max(m.First, t.Unknown[i].First))
		}
		month := keyOf(m)
		for _, e := range s.Events {
			if e.Month == month {
				out[n].Counts.Add(e.Counts)
				if e.Of(period.Unknown) > 0 {
					out[n].unknown(f, m.First)
				}
			}
		}
	}
}

// unknown counts a control of which nothing is known from a day on.
func (sq *Square) unknown(f Frame, from period.Day) {
	if from <= f.settled() {
		sq.Blind++
		return
	}
	sq.Open++
}

func (s *Sheet) watchedSquares(f Frame, months []period.Days, out []Square) {
	for _, run := range s.InForce(f, period.Continuous) {
		for n, m := range months {
			c := s.observed(f, m.And(run))
			out[n].Counts.Add(c.Days)
			out[n].Watch.Add(s.watchOf(c))
			out[n].Watch.Controls = min(out[n].Watch.Controls, 1)
			if len(c.Gaps) > 0 {
				out[n].unknown(f, period.DayAt(c.Gaps[0].From, f.Zone))
			}
		}
	}
}
