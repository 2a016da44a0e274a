// Package tasks is the page of what one person owes, and the page of one task.
package tasks

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"assay/models"
	"assay/models/control"
	"assay/models/evidence"
	"assay/models/occurrence"
	"assay/models/people"
	"assay/models/period"
	"assay/static"
	"assay/templates/evidences"
	"assay/templates/readinesses"
	"assay/templates/ui"
)

// Data is the page.
type Data struct {
	Name      string
	Since     models.Date // on which the earliest period began that is asked about, or ""
	Today     period.Day
	Late, Due []occurrence.Task       // finished windows, past and within their grace, and missing lists
	Coming    []occurrence.Task       // windows that still run
	Excused   []occurrence.Task       // somebody asked that they do not count
	Backup    []occurrence.Task       // of controls that the person backs up
	Unsent    []evidences.Row         // stored, and not submitted
	Returned  []evidences.Row         // with a reason
	Waiting   []evidences.Row         // with a reviewer
	Asks      map[int64]string        // what a control expects, by control
	Examples  map[int64]evidence.Item // the last accepted item, by control
	// Milestones is what the person owes for findings, drawn by their package; nil is
	// nothing. Owed and OwedLate count them for the sentence at the top.
	Milestones templ.Component
	// Requests is what auditors ask them for, and what they check, drawn by their package.
	Requests       templ.Component
	Owed, OwedLate int
	// What a compliance manager has to decide or answer.
	Exemptions []occurrence.Exemption
	Questions  []occurrence.Question
	People     map[int64]people.Person
	// What was refused, and about which of these.
	RefusedID string
	Errors    map[string]string
	Typed     map[string]string
}

// written are the fields of all forms here into which people write sentences.
var written = []string{"result", "late_reason", "note", "question", "reason", "answer"}

// whole puts what was wrong with fields into one sentence about the form.
func whole(errs map[string]string) map[string]string {
	var said []string
	for _, field := range slices.Sorted(maps.Keys(errs)) {
		said = append(said, errs[field])
	}
	return map[string]string{"": strings.Join(said, " ")}
}

// gone is what was refused about something that no longer waits, and what was typed.
func (d Data) gone() (errs, typed map[string]string) {
	there := d.RefusedID == ""
	for _, e := range d.Exemptions {
		there = there || d.RefusedID == "exemption"+strconv.FormatInt(e.ID, 10)
	}
	for _, q := range d.Questions {
		there = there || d.RefusedID == "question"+strconv.FormatInt(q.ID, 10)
	}
	if there {
		return nil, nil
	}
	return whole(d.Errors), d.Typed
}

// Take sorts tasks into the parts of the page, for a person.
func (d *Data) Take(all []occurrence.Task, person int64) {
	for _, t := range all {
		switch {
		case t.PersonID != person:
			if t.Sheet.BackupID == person && t.Begun(d.Today) {
				d.Backup = append(d.Backup, t)
			}
		case t.Excused:
			d.Excused = append(d.Excused, t)
		case !t.Begun(d.Today) && t.Window.By >= d.Today:
			d.Coming = append(d.Coming, t)
		case t.Late(d.Today):
			d.Late = append(d.Late, t)
		default:
			d.Due = append(d.Due, t)
		}
	}
}

// Controls lists the controls that tasks are about.
func (d Data) Controls() []int64 {
	var ids []int64
	for _, list := range [][]occurrence.Task{d.Late, d.Due, d.soon(), d.Backup} {
		for _, t := range list {
			ids = append(ids, t.Sheet.ID)
		}
	}
	return ids
}

// Needs counts what waits for this person: what is late, due, returned or unsent, what
// they have to decide, and what findings and requests ask of them.
func (d Data) Needs() int {
	return len(d.Late) + len(d.Due) + len(d.Returned) + len(d.Unsent) + len(d.Exemptions) + len(d.Questions) + d.Owed
}

func (d Data) late() int { return len(d.Late) + d.OwedLate }

// heading says it in a sentence.
func (d Data) heading() string {
	first, _, _ := strings.Cut(d.Name, " ")
	var s string
	switch n := d.Needs(); n {
	case 0:
		return first + ", nothing needs you."
	case 1:
		s = first + ", one thing needs you."
	default:
		s = fmt.Sprintf("%s, %s things need you.", first, number(n))
	}
	switch n := d.late(); {
	case n == 1:
		s += " One is late."
	case n > 1:
		s += " " + strings.ToUpper(number(n)[:1]) + number(n)[1:] + " are late."
	}
	return s
}

// unfolded is how many tasks of a part say in place how they are done. The others lead to
// their page, which says it too: the more there are, the more, so that the list of somebody
// with forty controls stays light. What is not due yet says it on its page only then.
func (d Data) unfolded(part string) int {
	const list, few = 40, 4
	switch n := len(d.Returned) + len(d.Unsent) + len(d.Late) + len(d.Due) + len(d.soon()) + len(d.Waiting) + len(d.Excused) + len(d.Backup); {
	case n <= list:
		return 12
	case part == "later":
		return 0
	}
	return few
}

// shownLater is how much of what is not due yet is listed.
const shownLater = 8

func (d Data) soon() []occurrence.Task { return d.Coming[:min(len(d.Coming), shownLater)] }

func moreLater(n int) string {
	if n == 1 {
		return "One more is due after these."
	}
	return fmt.Sprintf("%d more are due after these.", n)
}

// rule says what the page asks for and what it does not.
func (d Data) rule() string {
	s := "Asked for is what the controls you own owe: the " + number(occurrence.Recent) +
		" newest open windows of each and the one that runs, and where it comes back so often that these are never late for long, the one with which the neglect began. A window is done when the control was performed in it and evidence that was submitted or accepted covers every day."
	if d.Since != "" {
		s += " Windows that ended before " + d.Since.In(time.UTC).Format("2 January 2006") + ", when the period began, are not asked for."
	}
	return s
}

func number(n int) string {
	words := []string{"no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"}
	if n < len(words) {
		return words[n]
	}
	return strconv.Itoa(n)
}

// chevron turns when its task opens, which takes a class that ui.Icon has not.
func chevron() string { return static.Path("icons.svg") + "#right" }

func iso(d period.Day) string { return string(d.Date()) }

// href is the page of a task.
func href(t occurrence.Task) string { return "/" + t.Path() }

// wanted is the main button of a task.
func wanted(t occurrence.Task) string {
	switch t.Want {
	case occurrence.WantList:
		return "Add the list"
	case occurrence.WantEvidence:
		return "Add the evidence"
	case occurrence.WantPerformance:
	}
	return "Add evidence"
}

// stateOf is late or due by the calendar; what is not due yet is neither.
func stateOf(t occurrence.Task, today period.Day) (ui.State, string) {
	days := int(t.Window.Due - today)
	switch {
	case t.Excused:
		return ui.InReview, "Asked to be excused"
	case days < 0:
		return ui.Late, models.Plural(-days, "day") + " late"
	case days == 0:
		return ui.Soon, "Due today"
	case days <= occurrence.Soon:
		return ui.Soon, "Due in " + models.Plural(days, "day")
	case t.Begun(today): // it can be done, and there is time
		return ui.Open, "Due in " + models.Plural(days, "day")
	}
	return ui.Future, "Not due yet"
}

// OneData is the page of one task.
type OneData struct {
	Control      control.Control
	Sheet        *occurrence.Sheet
	Window       period.Span
	Occurrence   period.Occurrence
	Task         *occurrence.Task // nil when nothing of it is open
	Today        period.Day
	Zone         *time.Location // in which times are typed
	Days         *time.Location // in which days are counted
	Mine         bool           // the reader may record what happened
	Form         evidences.FormData
	Candidates   []ui.Option
	Performances []occurrence.Performance // of the control
	Exemptions   []occurrence.Exemption
	Questions    []occurrence.Question
	People       map[int64]people.Person
	Open         string // the question that a refusal opens again
	Errors       map[string]string
	Typed        map[string]string
}

func (d OneData) action(verb string) string {
	return fmt.Sprintf("/tasks/%s/%s/%s/%s", d.Control.Code, d.Window.From, d.Window.To, verb)
}

// asks reports whether the page has the form of a question.
func (d OneData) asks(question string) bool {
	switch {
	case !d.Mine || d.Task == nil:
		return false
	case question == "perform":
		return d.Occurrence.Act < 0 && d.Window.Days().First <= d.Today
	case question == "excuse":
		return !d.Task.Excused && d.Occurrence.Act < 0
	}
	return true
}

// gone is what was refused in a form that is no longer there, and what was typed.
func (d OneData) gone() (errs, typed map[string]string) {
	if d.Open == "" || d.asks(d.Open) {
		return nil, nil
	}
	return whole(d.Errors), d.Typed
}

func (d OneData) name(id int64) string { return d.People[id].Name }

// holder is who has the task, and whose control it is if that is somebody else.
func (d OneData) holder() (who, instead string) {
	owner := d.name(d.Sheet.OwnerID)
	if to := d.Sheet.Handed[d.Window.Days()]; to != 0 && to != d.Sheet.OwnerID {
		return d.name(to), owner
	}
	return owner, ""
}

// acts are the performances of this window, the withdrawn ones too.
func (d OneData) acts() []occurrence.Performance {
	var out []occurrence.Performance
	days := d.Window.Days()
	for _, p := range d.Performances {
		own := period.Span{From: p.WindowFrom, To: p.WindowTo}
		if own == d.Window || p.WindowFrom.IsZero() && days.Has(period.DayAt(p.PerformedAt, d.Days)) {
			out = append(out, p)
		}
	}
	return out
}

func (d OneData) exemptions() []occurrence.Exemption {
	var out []occurrence.Exemption
	for _, e := range d.Exemptions {
		if e.Window() == d.Window {
			out = append(out, e)
		}
	}
	return out
}

func (d OneData) questions() []occurrence.Question {
	var out []occurrence.Question
	for _, q := range d.Questions {
		if (period.Span{From: q.WindowFrom, To: q.WindowTo}) == d.Window {
			out = append(out, q)
		}
	}
	return out
}

func (d OneData) errors(question string) map[string]string {
	if d.Open != question {
		return nil
	}
	return d.Errors
}

func (d OneData) typed(question, field, otherwise string) string {
	if d.Open == question {
		return d.Typed[field]
	}
	return otherwise
}

func (d OneData) state() (ui.State, string) {
	if d.Task != nil {
		return stateOf(*d.Task, d.Today)
	}
	if d.Occurrence.Status == period.NotApplicable {
		return ui.NA, "Not applicable"
	}
	return readinesses.StateOf(d.Occurrence.Status), d.Occurrence.Status.Label()
}
