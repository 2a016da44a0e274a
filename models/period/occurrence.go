package period

import (
	"iter"
	"slices"
)

// A Status is what is known of one window of one control on one day.
type Status uint8

// The statuses. Unknown is the zero value, so that nothing is taken for good by
// accident.
const (
	Unknown        Status = iota // nobody can say
	Upcoming                     // the window has not begun
	Pending                      // it runs, or its grace does, and the control has not acted yet
	OnTime                       // the control acted in its window
	OnTimeInGrace                // and here in the grace after it
	Late                         // it acted after the grace
	Missed                       // the grace is over and it has not acted
	NotApplicable                // there was nothing to do, for a reason that somebody approved
	NotDueInPeriod               // the window ends after the period
	OutsidePeriod                // it acted, but before the period began or after it ended; the auditor decides
	statuses       = iota
)

// Statuses lists every status, the best known first.
var Statuses = []Status{OnTime, OnTimeInGrace, Late, Missed, OutsidePeriod, NotApplicable, Pending, Upcoming, NotDueInPeriod, Unknown}

// ID is the word for s in addresses and exports.
func (s Status) ID() string {
	return [...]string{
		"unknown", "upcoming", "pending", "on_time", "on_time_in_grace", "late", "missed", "not_applicable",
		"not_due_in_period", "outside_period",
	}[s]
}

// Label is s in words, as pages show it.
func (s Status) Label() string {
	return [...]string{
		"Unknown", "Upcoming", "Pending", "On time", "On time in grace", "Late", "Missed", "Not applicable",
		"Not due in period", "Outside the period",
	}[s]
}

// Operated reports that the control acted when it should have.
func (s Status) Operated() bool { return s == OnTime || s == OnTimeInGrace }

// Deviates reports a candidate for a deviation.
func (s Status) Deviates() bool { return s == Late || s == Missed }

// Due reports whether s counts below the line of a rate: the control should have acted
// by now, and it is known whether it did.
func (s Status) Due() bool { return s.Operated() || s.Deviates() }

// A Performance is one act of a control, as somebody recorded it.
type Performance struct {
	Day Day  // on which the control acted
	For Days // the window it was meant for; the zero Days is the one that holds Day
}

// at is the day by which a performance finds its window.
func (p Performance) at() Day {
	if p.For == (Days{}) {
		return p.Day
	}
	return p.For.Last
}

// A Cover is the days that one item of evidence covers.
type Cover struct {
	Days
	Submitted Day  // on which it was handed in
	Accepted  bool // by somebody else; otherwise it waits for that
	Shows     Shows
}

// Shows is what an item says of whether the control acted.
type Shows uint8

// What evidence can show.
const (
	AnAct     Shows = iota // an act on a day that it states: the performance says when
	AnInstant              // the one moment in which the control acted, which is its one day
	EveryDay               // an export or a log without an act of its own: that the control acted in each window it covers whole
)

// Waits reports whether o is answered by something that waits for review.
func (o Occurrence) Waits() bool {
	if o.Act >= 0 {
		return o.Proof == Waiting
	}
	return o.Shown && !o.ByProof
}

// Kept is c as far as it can speak: evidence knows nothing of what came after it was
// captured, a log or an export nothing whole of the day itself, and what shows an
// instant nothing but the day of it.
func (c Cover) Kept(captured Day) Cover {
	switch c.Shows {
	case AnInstant:
		c.Days = Days{captured, captured}
	case EveryDay:
		c.Last = min(c.Last, captured-1)
	case AnAct:
		c.Last = min(c.Last, captured)
	}
	return c
}

// Proof is how far evidence covers a window.
type Proof uint8

// From nothing to all of it.
const (
	Nothing Proof = iota // no evidence for any day
	Partly               // for some days
	Waiting              // for every day, if what waits for review is accepted
	Proven               // accepted, for every day
)

// Label is p in words.
func (p Proof) Label() string {
	return [...]string{"No evidence", "Evidence for a part", "Evidence in review", "Evidence accepted"}[p]
}

// Facts is what is known of one control. The engine sorts what it is given.
type Facts struct {
	Versions     []Version
	Performances []Performance
	Covers       []Cover
	Excused      []Days // not applicable, approved
}

// An Occurrence is one window and what is known of it.
type Occurrence struct {
	Window
	Begun     Day // the day inside of the window on which the control began, or began again; Ever if it was there before
	Status    Status
	Performed Day  // Never when the control has not acted
	Act       int  // which of Facts.Performances says so, or -1
	ByProof   bool // no act is recorded, but accepted evidence shows that the control acted
	Proof     Proof
	ProofLate bool // the window was covered only after the grace, whenever the control acted
	Shown     bool // no act is recorded, and what was handed in shows that it acted, if all of it is accepted
}

// Owes are the days of o that evidence has to cover: those on which there was the control,
// or, once it acted inside of the window, those until it did. What follows is the next
// window's.
func (o Occurrence) Owes() Days {
	owed := Days{max(o.First, o.Begun), o.Last}
	if o.Act >= 0 && o.Has(o.Performed) {
		owed = Days{min(owed.First, o.Performed), o.Performed}
	}
	return owed
}

// Answered reports whether nothing is left to hand in for o: of an act that is recorded,
// evidence of it; without one, what shows that there was one. Some of it may still wait
// for review.
func (o Occurrence) Answered() bool {
	if o.Act >= 0 {
		return o.Proof >= Waiting
	}
	return o.Shown
}

// Occurrences yields what is known on today of each window that is expected in the
// period, in order. What happens after today is not known yet, whatever is recorded.
func (f *Facts) Occurrences(within Days, today Day) iter.Seq[Occurrence] {
	r := newReader(f, within, today)
	return func(yield func(Occurrence) bool) {
		for w := range Windows(f.Versions, within) {
			if !yield(r.read(w)) {
				return
			}
		}
	}
}

// Beyond is the window that begins in the period and ends after it, if there is one.
func (f *Facts) Beyond(within Days, today Day) (Occurrence, bool) {
	w, ok := BeyondEnd(f.Versions, within)
	if !ok {
		return Occurrence{}, false
	}
	o := newReader(f, Days{Ever, Never}, today).read(w)
	o.Status = NotDueInPeriod
	return o, true
}

// Holes lists the days of w that neither accepted evidence nor evidence in review covers.
func (f *Facts) Holes(w Days) []Days {
	var runs []Days
	for _, c := range f.Covers {
		if c.Meets(w) {
			runs = append(runs, c.Days)
		}
	}
	return Holes(w, runs)
}

// Missing lists the days for which o still lacks evidence: none once it has all.
func (f *Facts) Missing(o Occurrence) []Days {
	if o.Answered() {
		return nil
	}
	return f.Holes(o.Owes())
}

// A reader goes through the windows of one control in order, and through its facts
// beside them.
type reader struct {
	facts    *Facts
	within   Days
	today    Day
	acts     []int // performances by the day that finds their window, if they are in another order
	accepted runs
	claimed  runs // with what waits for review
	proving  runs // of accepted, what shows an act in each window
	showing  runs // of claimed, likewise
	covers   []Cover
	instants []Cover // of covers
	live     []Cover // those that reach into the window
	days     []Day   // on which the control acted for the window, inside the period
	nextAct  int
	nextCov  int
	segment  int
	begun    Day // since when the control has been there in this segment
}

// runs are joined runs of days, gone through in order.
type runs struct {
	list []Days
	at   int
}

// join adds one that begins no earlier than those before it.
func (r *runs) join(d Days) { r.list = joinLast(r.list, d) }

// over reports whether one of the runs holds all of w, and whether any of them meets it.
func (r *runs) over(w Days) (whole, part bool) {
	for r.at < len(r.list) && r.list[r.at].Last < w.First {
		r.at++
	}
	if r.at >= len(r.list) {
		return false, false
	}
	return w.Within(r.list[r.at]), w.Meets(r.list[r.at])
}

// Sort puts performances and covers into the order in which windows are gone through. Facts
// of which Occurrences is asked more than once are sorted once rather than each time.
func (f *Facts) Sort() {
	slices.SortStableFunc(f.Performances, byPlace)
	slices.SortFunc(f.Covers, byStart)
}

func byPlace(a, b Performance) int { return int(a.at()) - int(b.at()) }

func byStart(a, b Cover) int { return byFirst(a.Days, b.Days) }

func newReader(f *Facts, within Days, today Day) *reader {
	r := &reader{facts: f, within: within, today: today, covers: f.Covers, segment: -1}
	if !slices.IsSortedFunc(f.Performances, byPlace) {
		r.acts = make([]int, len(f.Performances))
		for i := range r.acts {
			r.acts[i] = i
		}
		slices.SortStableFunc(r.acts, func(a, b int) int { return byPlace(f.Performances[a], f.Performances[b]) })
	}
	if !slices.IsSortedFunc(f.Covers, byStart) {
		r.covers = slices.SortedFunc(slices.Values(f.Covers), byStart)
	}
	for _, c := range r.covers {
		r.claimed.join(c.Days)
		if c.Accepted {
			r.accepted.join(c.Days)
		}
		switch c.Shows {
		case AnAct:
		case AnInstant:
			r.instants = append(r.instants, c)
		case EveryDay:
			r.showing.join(c.Days)
			if c.Accepted {
				r.proving.join(c.Days)
			}
		}
	}
	return r
}

// placed is the n-th performance by the day that finds its window.
func (r *reader) placed(n int) int {
	if r.acts == nil {
		return n
	}
	return r.acts[n]
}

func (r *reader) read(w Window) Occurrence {
	o := Occurrence{Window: w, Begun: Ever, Performed: Never, Act: -1}
	if w.Segment != r.segment { // its first window may begin before the last one ended
		r.segment, r.begun, r.nextCov, r.live = w.Segment, begun(r.facts.Versions, w.Segment), 0, r.live[:0]
		r.accepted.at, r.claimed.at, r.proving.at, r.showing.at = 0, 0, 0, 0
	}
	if r.begun > w.First {
		o.Begun = r.begun
	}
	outside := r.act(w, &o)
	r.prove(w, &o)
	proven, shown := false, false
	if o.Act < 0 {
		proven, _ = r.proving.over(o.Owes())
		shown, _ = r.showing.over(o.Owes())
	}
	o.Shown = shown && w.Last <= r.today
	switch {
	case o.Act >= 0 && !outside:
		o.Status = w.timing(o.Performed)
	case r.excused(w.Days):
		o.Status = NotApplicable
	case o.Act >= 0:
		o.Status = OutsidePeriod
	case proven && w.Last <= r.today:
		o.Status, o.ByProof = OnTime, true
	case r.today < w.First:
		o.Status = Upcoming
	case r.today <= w.Due:
		o.Status = Pending
	default:
		o.Status = Missed
	}
	return o
}

func (w Window) timing(performed Day) Status {
	switch {
	case performed <= w.By:
		return OnTime
	case performed <= w.Due:
		return OnTimeInGrace
	}
	return Late
}

// act finds the first time the control acted for w inside the period, else the first
// time it acted at all, which is then outside.
func (r *reader) act(w Window, o *Occurrence) (outside bool) {
	r.days = r.days[:0]
	for ; r.nextAct < len(r.facts.Performances); r.nextAct++ {
		i := r.placed(r.nextAct)
		p := r.facts.Performances[i]
		if p.at() > w.Last {
			break
		}
		if p.at() < w.First || p.Day < w.First || p.Day > r.today {
			continue // of no window, too early for the one it names, or yet to come
		}
		in := r.within.Has(p.Day)
		if in {
			r.days = append(r.days, p.Day)
		}
		if o.Act < 0 || in && outside || in == !outside && p.Day < o.Performed {
			o.Act, o.Performed, outside = i, p.Day, !in
		}
	}
	return outside
}

// prove works out how far evidence covers the days that o owes, and whether it did in
// time. What shows the moment of an act is all that there is to show of it.
func (r *reader) prove(w Window, o *Occurrence) {
	accepted, _ := r.accepted.over(o.Owes())
	claimed, part := r.claimed.over(o.Owes())
	switch {
	case accepted:
		o.Proof = Proven
	case claimed:
		o.Proof = Waiting
	case part || w.Meets(r.claimed.here()):
		o.Proof = Partly
	}
	moment, inTime := r.moment(w, *o)
	o.Proof = max(o.Proof, moment)
	if o.Proof >= Waiting {
		o.ProofLate = !inTime && r.coveredAfter(w, o.Owes())
	}
}

// here is the run that is at hand; an empty one behind the last.
func (r *runs) here() Days {
	if r.at >= len(r.list) {
		return Days{Never, Ever}
	}
	return r.list[r.at]
}

// moment is the best evidence that shows an act for w as it happened, of those acts that
// were as timely as the one that counts, and whether one was handed in within the grace.
func (r *reader) moment(w Window, o Occurrence) (best Proof, inTime bool) {
	for _, day := range r.days {
		if w.timing(day) > w.timing(o.Performed) {
			continue
		}
		at, _ := slices.BinarySearchFunc(r.instants, day, func(c Cover, d Day) int { return int(c.First) - int(d) })
		for ; at < len(r.instants) && r.instants[at].First == day; at++ {
			c := r.instants[at]
			best, inTime = max(best, Waiting), inTime || c.Submitted <= w.Due
			if c.Accepted {
				best = Proven
			}
		}
	}
	return best, inTime
}

// coveredAfter reports that what was handed in by the end of the grace does not cover
// the days that are owed.
func (r *reader) coveredAfter(w Window, owed Days) bool {
	r.live = slices.DeleteFunc(r.live, func(c Cover) bool { return c.Last < w.First })
	for ; r.nextCov < len(r.covers) && r.covers[r.nextCov].First <= w.Last; r.nextCov++ {
		if c := r.covers[r.nextCov]; c.Last >= w.First {
			r.live = append(r.live, c)
		}
	}
	day := owed.First // the first day not known to be covered in time
	for _, c := range r.live {
		if c.First > day {
			break
		}
		if c.Submitted <= w.Due && c.Last >= day {
			if day = c.Last + 1; day > owed.Last {
				return false
			}
		}
	}
	return true
}

func (r *reader) excused(w Days) bool {
	return slices.ContainsFunc(r.facts.Excused, w.Within)
}

// Counts are occurrences by status.
type Counts [statuses]int

// Of is how many have the status.
func (c Counts) Of(s Status) int { return c[s] }

// Total is how many there are.
func (c Counts) Total() int {
	n := 0
	for _, v := range c {
		n += v
	}
	return n
}

// Due is how many should have been performed by now.
func (c Counts) Due() int { return c.Operated() + c[Late] + c[Missed] }

// Operated is how many were, in time.
func (c Counts) Operated() int { return c[OnTime] + c[OnTimeInGrace] }

// Add adds d.
func (c *Counts) Add(d Counts) {
	for i, v := range d {
		c[i] += v
	}
}
