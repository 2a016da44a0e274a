package occurrence

import "assay/models/period"

// A Standing is where one control stands in a period. A control has exactly one: the
// first that applies, the gravest first.
type Standing string

// The standings, in that order.
const (
	Planned   Standing = "planned"   // no version is in effect
	Exception Standing = "exception" // a finding about it is open
	Behind    Standing = "behind"    // a window's grace is over and it was not performed, or its evidence is missing
	Deviated  Standing = "deviated"  // everything was done, and something of it late
	Blind     Standing = "unknown"   // for some days nobody knows
	InReview  Standing = "in_review" // all of it is there, and some waits for review
	DueSoon   Standing = "due_soon"  // nothing is wrong, and something is due within 14 days
	Idle      Standing = "idle"      // nothing triggered it, and that is proven: it did not operate
	NotYet    Standing = "not_yet"   // nothing was due so far
	Operating Standing = "operating" // everything due was performed in time, and accepted evidence covers it
)

// Standings lists every standing, as a bar shows them.
var Standings = []Standing{Operating, DueSoon, InReview, Idle, NotYet, Blind, Behind, Deviated, Exception, Planned}

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
	case Operating:
		return "Operating"
	}
	return string(s)
}

// Soon is how many days ahead something counts as due soon.
const Soon = 14

// Standing is where s stands; finding says that one about it is open.
func (s *Sheet) Standing(f Frame, finding bool) Standing {
	switch {
	case !s.Effective:
		return Planned
	case finding:
		return Exception
	case period.Continuous(s.Frequency):
		return s.watched(f)
	case period.Triggered(s.Frequency):
		return s.triggered(f)
	}
	return s.dated(f)
}

func (s *Sheet) dated(f Frame) Standing {
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
		case o.Status == period.Pending && o.By <= f.Today+Soon && !o.Answered() && o.Len() > Soon:
			soon = true // a daily or weekly control is due every fortnight, which tells nobody anything
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
		return NotYet
	}
	return Operating
}

func (s *Sheet) triggered(f Frame) Standing {
	t := s.Tally(f)
	past := period.Holes(s.InForce(f).And(period.Days{First: period.Ever, Last: f.Today.MonthStart() - 1}), t.Listed)
	switch {
	case t.Of(period.Missed) > 0:
		return Behind
	case t.Of(period.Late) > 0:
		return Deviated
	case len(past) > 0:
		return Blind
	case s.InForce(f).First >= f.Today.MonthStart():
		return NotYet
	case t.Due() == 0:
		return Idle
	}
	return Operating
}

func (s *Sheet) watched(f Frame) Standing {
	c := s.Coverage(f)
	past := period.Holes(s.InForce(f).And(period.Days{First: period.Ever, Last: f.Today.MonthStart() - 1}), s.Listed)
	switch {
	case c.Valid > c.Passing:
		return Deviated
	case len(past) > 0, s.gapBefore(f, c):
		return Blind
	case c.Valid == 0:
		return NotYet
	}
	return Operating
}

// gapBefore reports a gap that ended before this month began: the running month is still
// being collected.
func (s *Sheet) gapBefore(f Frame, c period.Coverage) bool {
	month := f.Today.MonthStart().Starts(f.Zone)
	for _, g := range c.Gaps {
		if g.From.Before(month) {
			return true
		}
	}
	return false
}

// A Square is what is known of a month of one control or of many: the windows that ended
// in it, the triggers of it, the days on which it was watched.
type Square struct {
	period.Counts
	Unproven  int // windows whose grace is over and that evidence does not cover
	Waiting   int // windows covered by evidence that waits for review
	LateProof int // windows covered only after their grace
	Blind     int // controls of which some days are unknown
}

// Add adds q.
func (sq *Square) Add(q Square) {
	sq.Counts.Add(q.Counts)
	sq.Unproven, sq.Waiting, sq.LateProof, sq.Blind = sq.Unproven+q.Unproven, sq.Waiting+q.Waiting, sq.LateProof+q.LateProof, sq.Blind+q.Blind
}

// Empty reports that nothing was expected.
func (sq Square) Empty() bool { return sq.Total() == 0 && sq.Blind == 0 }

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
	switch {
	case period.Triggered(s.Frequency):
		s.eventSquares(f, months, out)
	case period.Continuous(s.Frequency):
		s.watchedSquares(f, months, out)
	}
	at := 0
	for o := range s.Facts.Occurrences(f.Days, f.Today) {
		for at < len(months)-1 && months[at].Last < o.Last {
			at++
		}
		out[at].count(o, f.Today)
	}
	return out
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
	force := s.InForce(f).And(period.Days{First: period.Ever, Last: f.Today})
	for i, m := range months {
		if in := m.And(force); in.Len() > 0 && len(period.Holes(in, s.Listed)) > 0 {
			out[i].Blind++
		}
		month := string(m.First.Date())[:7]
		for _, e := range s.Events {
			if e.Month == month {
				out[i].Counts.Add(e.Counts)
				out[i].Counts[period.OutsidePeriod] -= e.Of(period.OutsidePeriod) // they are no part of the period
			}
		}
	}
}

func (s *Sheet) watchedSquares(f Frame, months []period.Days, out []Square) {
	force := s.InForce(f).And(period.Days{First: period.Ever, Last: f.Today})
	for i, m := range months {
		in := m.And(force)
		if in.Len() == 0 {
			continue
		}
		from, until := in.Span().Instants(f.Zone)
		if until.After(f.Now) {
			until = f.Now
		}
		c := period.Observe(from, until, f.Zone, s.Signals)
		out[i].Counts.Add(c.Days)
		if len(c.Gaps) > 0 {
			out[i].Blind++
		}
	}
}
