package occurrence

import (
	"cmp"
	"context"
	"slices"

	"assay/models"
	"assay/models/period"
)

// Recent is how many finished windows of a control are asked for. Older ones stay to be
// seen with the control; a list of everything ever missed helps nobody to begin.
const Recent = 2

// Long is how many days after the grace a task is late for long.
const Long = 7

// A Want is what a task asks for.
type Want string

// What tasks ask for.
const (
	WantPerformance Want = "perform"  // act, and show it
	WantEvidence    Want = "evidence" // it was done; the evidence is missing, or a part of it
	WantList        Want = "list"     // the list of triggers or of check results
)

// A Task is what one person owes for one window of one control.
type Task struct {
	Sheet    *Sheet
	Want     Want
	Window   period.Window // of WantList, from the first to the last day of a month that no list speaks of
	Status   period.Status // of the window
	Proof    period.Proof  // likewise
	Holes    []period.Days // the days of it that no evidence covers
	PersonID int64         // who holds it; 0 is nobody
	Handed   bool          // it was handed to them: the control is somebody else's
	Excused  bool          // somebody asked that it does not count; that is not decided
	Untold   int           // triggers whose limit ended after their list was taken, which is why another is wanted
	Older    int           // how many windows of the control before this one are open too
}

// Path is the address at which t is done, which an e-mail can name. A list that is missing
// has that of its month, so that each month is another task.
func (t Task) Path() string {
	if t.Want == WantList {
		return ListsPath(t.Sheet.Code) + "/" + t.Month()
	}
	return taskPath(t.Sheet.Code, t.Window.Span())
}

// Span is what t is called by where it is handed over and asked about: its window, and of a
// list that is missing the whole month.
func (t Task) Span() period.Span {
	if t.Want == WantList {
		return wholeMonth(t.Window.First).Span()
	}
	return t.Window.Span()
}

// ListsPath is the address of the lists of a control.
func ListsPath(code string) string { return "controls/" + code + "/lists" }

// Month is the month in which t begins, as 2026-08.
func (t Task) Month() string { return string(t.Window.First.MonthStart().Date())[:7] }

// Late reports that the grace of t is over.
func (t Task) Late(today period.Day) bool { return t.Window.Due < today }

// Later says why a list is wanted of days of which there is one.
func (t Task) Later() string {
	if t.Untold == 0 {
		return ""
	}
	them := "it"
	if t.Untold > 1 {
		them = "them"
	}
	return "The list was taken before the time to act on " + models.Plural(t.Untold, "trigger") + " was over, so nobody knows what came of " + them + ". Withdraw it, and add one that was taken since."
}

// Begun reports that the window of t has ended, so that it can be done whole.
func (t Task) Begun(today period.Day) bool { return t.Window.Last < today }

// TaskDays are the days in which tasks are looked for: from the first day of a period on,
// and into the future, for work goes on when a period ends.
func TaskDays(from models.Date, today period.Day) period.Days {
	first := period.DayOf(from, today-farBack)
	return period.Days{First: min(first, today), Last: today + farBack + 30}
}

// Owed reads the chosen controls and lists what is owed for them.
func Owed(ctx context.Context, tx *models.Tx, f Frame, scope Scope) ([]Task, error) {
	sheets, err := Sheets(ctx, tx, f, scope)
	return Tasks(sheets, f), err
}

// Tasks lists what is owed, the earliest first: of each control that is or was in effect the
// last Recent finished windows that are open, and the one that runs; and the list of each
// month that is over and has none. A window is open until the control has acted in it and
// evidence covers every day.
func Tasks(sheets []*Sheet, f Frame) []Task {
	var out []Task
	for _, s := range sheets {
		if !s.Effective && !s.Retired { // what it owed until it was retired is owed still
			continue
		}
		for _, t := range s.tasks(f) {
			t.PersonID = s.OwnerID
			if to := s.Handed[t.Span().Days()]; to != 0 {
				t.PersonID, t.Handed = to, true
			}
			t.Excused = slices.Contains(s.Asked, t.Window.Days)
			out = append(out, t)
		}
	}
	slices.SortStableFunc(out, func(a, b Task) int { return cmp.Compare(a.Window.Due, b.Window.Due) })
	return out
}

// tasks lists what is open of s.
func (s *Sheet) tasks(f Frame) []Task {
	lists := s.missingLists(f)
	var ended, running []Task
	neglected, done := -1, true // the first of ended that is late and fleeting, after the last that was done
	for o := range s.Facts.Occurrences(f.Days, f.Today) {
		if o.First > f.Today {
			break
		}
		t, open := s.task(o)
		switch {
		case !open:
			done = true
		case o.Last < f.Today:
			if done && t.fleeting() && t.Late(f.Today) && !slices.Contains(s.Asked, o.Days) {
				neglected, done = len(ended), false
			}
			ended = append(ended, t)
		default:
			running = append(running, t)
		}
	}
	return slices.Concat(lists, recent(ended, neglected), running[:min(1, len(running))])
}

// fleeting reports that t is among the recent no more before it is late for long, as what comes
// back every day, or has much grace. Of such a control the window in which the neglect began is
// asked for too.
func (t Task) fleeting() bool { return Recent*t.Window.Len()-1-int(t.Window.Due-t.Window.Last) <= Long }

// recent are the last of the windows that ended, and the one of that number if it is before
// them.
func recent(ended []Task, neglected int) []Task {
	older := len(ended) - Recent
	if older <= 0 {
		return ended
	}
	out := slices.Clone(ended[older:])
	out[0].Older = older
	if neglected >= 0 && neglected < older {
		out[0].Older--
		out = slices.Insert(out, 0, ended[neglected])
	}
	return out
}

// task is what o asks for, if anything.
func (s *Sheet) task(o period.Occurrence) (Task, bool) {
	t := Task{Sheet: s, Window: o.Window, Status: o.Status, Proof: o.Proof, Want: WantPerformance}
	switch {
	case o.Status == period.NotApplicable, o.Answered(): // what is in review is the reviewer's to judge
		return t, false
	case o.Act >= 0:
		t.Want = WantEvidence
	}
	t.Holes = s.Facts.Missing(o)
	return t, true
}

// listGrace is how many days after a month its list is asked for without being late.
const listGrace = 10

// missingLists asks for the list of each month that is over and of which no list speaks, or
// none of all of its days, or whose list was taken too early to know what came of a trigger.
// Each is late by itself: what is due of the month before last does not wait for the last one.
func (s *Sheet) missingLists(f Frame) []Task {
	last := f.Today.MonthStart() - 1
	unlisted := s.Unlisted(f, last)
	var out []Task
	for _, in := range f.Months() {
		month := wholeMonth(in.First)
		if month.Last > last {
			break
		}
		if t, missing := s.missingList(month, unlisted); missing {
			out = append(out, t)
		}
	}
	return out
}

func (s *Sheet) missingList(month period.Days, unlisted []period.Days) (Task, bool) {
	var unknown []period.Days
	for _, r := range unlisted {
		if in := r.And(month); in.Len() > 0 {
			unknown = append(unknown, in)
		}
	}
	t := Task{Sheet: s, Want: WantList, Status: period.Unknown, Holes: unknown}
	if n := len(unknown); n > 0 {
		t.Window = period.Window{Days: period.Days{First: unknown[0].First, Last: unknown[n-1].Last}, By: month.Last, Due: month.Last + listGrace}
		return t, true
	}
	at := slices.IndexFunc(s.Events, func(e MonthOfEvents) bool { return e.Month == keyOf(month) && e.Of(period.Unknown) > 0 })
	if at < 0 {
		return t, false
	}
	e := s.Events[at]
	t.Untold, t.Holes = e.Of(period.Unknown), []period.Days{month}
	t.Window = period.Window{Days: month, By: e.Limit, Due: e.Limit + listGrace}
	return t, true
}

// At finds what is known of one window of a control that the actor may see, and the task
// it is, if anything of it is open. Days that are no window of the control are not found.
func At(ctx context.Context, tx *models.Tx, f Frame, controlID int64, window period.Span) (*Sheet, period.Occurrence, *Task, error) {
	sheets, err := Sheets(ctx, tx, f, Scope{Controls: []int64{controlID}})
	if err != nil {
		return nil, period.Occurrence{}, nil, err
	}
	days := window.Days()
	for _, s := range sheets {
		for o := range s.Facts.Occurrences(f.Days, f.Today) {
			if o.Days != days {
				continue
			}
			t, open := s.task(o)
			t.PersonID, t.Excused = s.OwnerID, slices.Contains(s.Asked, days)
			if to := s.Handed[days]; to != 0 {
				t.PersonID, t.Handed = to, true
			}
			if !open {
				return s, o, nil, nil
			}
			return s, o, &t, nil
		}
	}
	return nil, period.Occurrence{}, nil, models.NotFound("Task")
}
