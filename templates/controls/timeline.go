package controls

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/control"
	"assay/models/evidence"
	"assay/models/finding"
	"assay/models/occurrence"
	"assay/models/people"
	"assay/models/period"
	"assay/models/readiness"
	"assay/models/timeline"
	"assay/templates/engagements"
	"assay/templates/readinesses"
	"assay/templates/ui"
)

// TimelineData is the part of a control's page that shows a period.
type TimelineData struct {
	timeline.Timeline
	Control  control.Control
	Versions []control.Version
	Findings []finding.Finding
	People   map[int64]people.Person
	All      bool // every performance, rather than the latest
	Tables   bool // every table, however long
	Alone    bool // what was asked for in full is a page of its own
	Open     string
	Errors   map[string]string
	Refused  refusedWithdrawal
}

// A refusedWithdrawal is the form of a performance that comes back.
type refusedWithdrawal struct {
	ID     int64
	Reason string
	Errors map[string]string
}

// of is r when it is that of p, else nothing.
func (r refusedWithdrawal) of(p timeline.Performance) refusedWithdrawal {
	if r.ID != p.ID {
		return refusedWithdrawal{}
	}
	return r
}

// mayWithdraw reports whether a may withdraw p.
func mayWithdraw(a access.Actor, p timeline.Performance) bool {
	return p.Withdrawn == "" && (a.Can(access.EvidenceWithdraw) || a.Can(access.EvidenceSubmit) && a.ID == p.RecordedBy)
}

// NotWithdrawn gives the form of a performance back with its reason. When the page has no
// such form any more, what was typed is shown to be copied.
func (d *PageData) NotWithdrawn(a access.Actor, id int64, reason string, errs map[string]string) {
	if t := d.Timeline; t != nil {
		for _, p := range t.Performances {
			if p.ID == id && mayWithdraw(a, p) {
				t.All, t.Refused = true, refusedWithdrawal{id, reason, errs}
				return
			}
		}
	}
	d.Errors, d.Unsent = errs, reason
}

// Up to so many windows are drawn as shapes and listed on the page itself, and up to so many are squares of their own.
// Beyond that a square is a month.
const (
	fewWindows  = 26
	manyWindows = 60
)

// shownPerformances is how many performances the page lists unless all are asked for.
const shownPerformances = 12

func (d TimelineData) listed() []timeline.Performance {
	if d.All {
		return d.Performances
	}
	return d.Performances[:min(len(d.Performances), shownPerformances)]
}

// href is the address of the control in this period.
func (d TimelineData) href(fragment string) string {
	return d.in(d.Engagement.Slug, d.Chosen) + fragment
}

func (d TimelineData) in(slug string, chosen bool) string {
	if !chosen {
		return href(d.Control)
	}
	return href(d.Control) + "?period=" + slug
}

// alone reports that only a part of the page was asked for, in full.
func (d PageData) alone() bool {
	return d.Timeline != nil && d.Timeline.Alone && d.Timeline.Sheet != nil
}

// page is the control in the period that its timeline shows.
func (d PageData) page() ui.Page {
	p := ui.Page{Title: d.Control.Code + " " + d.Shown.Title, Crumbs: []ui.Crumb{{Label: "Controls", Href: "/controls"}, {Label: d.Control.Code}}}
	if d.Timeline == nil {
		return p
	}
	return engagements.InPeriod(p, d.Timeline.Engagement, d.Timeline.Others, d.Timeline.Frame.Now, func(slug string) string { return d.Timeline.in(slug, true) })
}

// with is href with something asked for.
func (d TimelineData) with(query string) string {
	if d.Chosen {
		return d.href("&" + query)
	}
	return d.href("?" + query)
}

// periods are the periods to choose from, the shown one among them.
func (d TimelineData) name() string {
	if d.Engagement.ID == 0 {
		return string(d.Frame.Days.First.Date())[:4]
	}
	return d.Engagement.Name
}

// triggered reports whether the control went by triggers on days of the period.
func (d TimelineData) triggered() bool { return len(d.Sheet.InForce(d.Frame, period.Triggered)) > 0 }

// watched reports whether it was continuous on days of the period.
func (d TimelineData) watched() bool { return len(d.Sheet.InForce(d.Frame, period.Continuous)) > 0 }

// lists reports whether the control rested on lists.
func (d TimelineData) lists() bool { return d.triggered() || d.watched() }

// rate says how many windows were performed in time, of those that were due.
func rate(c period.Counts) string {
	if c.Due() == 0 {
		return "nothing due so far"
	}
	return fmt.Sprintf("on time %d of %d due", c.Operated(), c.Due())
}

// at is where a day begins on the axis, in percent.
func (d TimelineData) at(day period.Day) float64 {
	days := d.Frame.Days
	return 100 * float64(min(max(day, days.First), days.Last+1)-days.First) / float64(days.Len())
}

func (d TimelineData) mark(figure ui.Figure, r period.Days) ui.Mark {
	return ui.Mark{Figure: figure, From: d.at(r.First), Width: d.at(r.Last+1) - d.at(r.First)}
}

// lanes draws the period.
func (d TimelineData) lanes() ui.Lanes {
	l := ui.Lanes{ID: "ln", Title: d.Control.Code + " from " + day(d.Frame.Days.First) + " to " + day(d.Frame.Days.Last), Ruler: d.ruler()}
	if len(d.Windows) > 0 || !d.lists() {
		l.Lanes = append(l.Lanes, d.performanceLane())
	}
	if d.triggered() {
		l.Lanes = append(l.Lanes, ui.Lane{Label: "Triggers", Note: triggersNote(d.Sheet.Tally(d.Frame)), Marks: d.triggerMarks()})
	}
	if d.watched() {
		l.Lanes = append(l.Lanes, d.checkLane())
	}
	l.Lanes = append(l.Lanes, d.coverLane())
	if d.Findings != nil {
		l.Lanes = append(l.Lanes, d.findingLane())
	}
	l.Lanes = append(l.Lanes, d.segmentLane(), d.designLane())
	for _, lane := range l.Lanes {
		l.Words += lane.Label + ": " + lane.Note + ". "
	}
	l.Words += "The same as tables follows."
	return l
}

func (d TimelineData) ruler() ui.Ruler {
	days := d.Frame.Days
	return ui.NewRuler(days.First.Date().In(time.UTC), days.Last.Date().In(time.UTC), d.Frame.Today.Date().In(time.UTC))
}

func (d TimelineData) performanceLane() ui.Lane {
	lane := ui.Lane{Label: "Performances", Note: rate(d.Counts)}
	switch {
	case len(d.Windows) > manyWindows:
		lane.Marks = d.monthMarks()
	case len(d.Windows) > fewWindows:
		for _, w := range d.Windows {
			m := d.mark(ui.Cell, w.Days)
			m.State, m.Width = readinesses.StateOf(w.Status), max(m.Width-0.2, 0.2)
			lane.Marks = append(lane.Marks, m)
		}
	default:
		for _, w := range d.Windows {
			m := d.mark(ui.Expected, w.Days)
			m.Width -= 0.3
			lane.Marks = append(lane.Marks, m)
			if d.Frame.Days.Has(w.Due) {
				lane.Marks = append(lane.Marks, d.mark(ui.Deadline, period.Days{First: w.Due, Last: w.Due}))
			}
		}
		for _, w := range d.Windows { // over all that was expected
			lane.Marks = append(lane.Marks, d.shape(w))
		}
	}
	return lane
}

// shape stands on the day the control acted, else where the window ends.
func (d TimelineData) shape(w timeline.Window) ui.Mark {
	on := w.Last
	if w.Performed != period.Never {
		on = w.Performed
	}
	m := ui.Mark{Figure: ui.Shape, From: d.at(on), State: readinesses.StateOf(w.Status)}
	switch w.Status { //nolint:exhaustive // the shape says the others
	case period.Late:
		m.Text = models.Plural(int(w.Performed-w.By), "day") + " late"
	case period.Missed:
		m.Text = "missed"
	}
	return m
}

// monthMarks are squares of months, with how many of the windows due were performed.
func (d TimelineData) monthMarks() []ui.Mark { return d.squareMarks(d.Sheet.WindowSquares(d.Frame)) }

// triggerMarks are squares of the months in which the control went by triggers.
func (d TimelineData) triggerMarks() []ui.Mark {
	return d.squareMarks(d.Sheet.TriggerSquares(d.Frame), d.Sheet.InForce(d.Frame, period.Triggered)...)
}

// squareMarks draws months, or what of them lies in these runs.
func (d TimelineData) squareMarks(squares []occurrence.Square, runs ...period.Days) []ui.Mark {
	var out []ui.Mark
	for i, month := range d.Frame.Months() {
		for _, run := range runs {
			if in := month.And(run); in.Len() > 0 {
				month = in
			}
		}
		if len(runs) > 0 && !slices.ContainsFunc(runs, month.Meets) {
			continue
		}
		m := d.mark(ui.Cell, month)
		m.Width = max(m.Width-0.4, 0.4)
		if m.State, _ = readinesses.LookOf(squares[i], month, d.Frame.Today); m.State == ui.Late {
			m.State = ui.Returned // red is for what was missed
		}
		if due := squares[i].Due(); due > 0 {
			m.Text = fmt.Sprintf("%d/%d", squares[i].Operated(), due)
		}
		out = append(out, m)
	}
	return out
}

// checkLane is what lists of check results say.
func (d TimelineData) checkLane() ui.Lane {
	lane := ui.Lane{Label: "Check results", Note: seenNote(d.Sheet.Coverage(d.Frame))}
	for _, w := range d.Sheet.Watched(d.Frame) {
		for i := 0; i < len(w.Daily); {
			n := i
			for n < len(w.Daily) && w.Daily[n] == w.Daily[i] {
				n++
			}
			m := d.mark(ui.Cell, period.Days{First: w.First + period.Day(i), Last: w.First + period.Day(n-1)})
			m.State = readinesses.StateOf(w.Daily[i])
			lane.Marks = append(lane.Marks, m)
			i = n
		}
		for _, b := range w.Backfills {
			m := d.mark(ui.Later, d.daysOf(b.From, b.To))
			m.Text = "collected " + d.on(b.Collected)
			lane.Marks = append(lane.Marks, m)
		}
	}
	return lane
}

// triggersNote is what has room beside the lane.
func triggersNote(t period.Tally) string {
	if n := timeline.Days(t.Unknown); n > 0 && t.Due() == 0 {
		return "unknown for " + models.Plural(n, "day")
	}
	if n := t.Of(period.Unknown); n > 0 && t.Due() == 0 {
		return "unknown of " + models.Plural(n, "trigger")
	}
	return rate(t.Counts)
}

func triggersInWords(t period.Tally) string {
	out, n := triggersNote(t), timeline.Days(t.Unknown)
	switch {
	case n > 0 && t.Due() == 0:
		out += ", for which no list says what happened"
	case n > 0:
		out += ", unknown for " + models.Plural(n, "day")
	}
	if n := t.Of(period.Unknown); n > 0 {
		out += ", and of " + models.Plural(n, "trigger") + " what came after their list was taken"
	}
	return out
}

// coverageInWords never states a rate without how much was seen at all.
func coverageInWords(c period.Coverage, zone *time.Location) string {
	if c.Scope == 0 {
		return "not in effect yet"
	}
	w := occurrence.Watch{Scope: c.Scope, Valid: c.Valid, Backfilled: c.Backfilled, Gap: c.Longest()}
	out := readiness.CoverageSince(w, zone)
	if c.Valid > 0 {
		out += fmt.Sprintf(", passing %s of %s seen (%d%%)", readiness.Length(c.Passing), readiness.Length(c.Valid), readiness.Share(c.Passing, c.Valid))
	}
	return out
}

// seenNote is what has room beside the lane.
func seenNote(c period.Coverage) string {
	if c.Scope == 0 {
		return "not in effect yet"
	}
	return fmt.Sprintf("seen %s of %s", readiness.Length(c.Valid), readiness.Length(c.Scope))
}

func (d TimelineData) coverLane() ui.Lane {
	lane := ui.Lane{Label: "Evidence cover", Note: coverNote(d.Cover)}
	for _, r := range d.Cover.Accepted {
		m := d.mark(ui.Proven, r)
		m.Text, m.Mono = d.itemOf(r), true
		lane.Marks = append(lane.Marks, m)
	}
	for _, r := range d.Cover.Waiting {
		m := d.mark(ui.Waiting, r)
		m.Text = "in review"
		lane.Marks = append(lane.Marks, m)
	}
	for _, r := range d.Cover.Holes {
		if in := r.And(d.Frame.Days); in.Len() > 0 {
			lane.Marks = append(lane.Marks, d.mark(ui.Hole, in))
		}
	}
	return lane
}

// itemOf names the item that covers a run by itself.
func (d TimelineData) itemOf(r period.Days) string {
	for _, i := range d.Items {
		if i.Status == evidence.Accepted && r.Within(i.Days) {
			return i.Code()
		}
	}
	return ""
}

// coverNote is what has room beside the lane.
func coverNote(c timeline.Cover) string {
	if n := timeline.Days(c.Holes); n > 0 {
		return models.Plural(n, "day") + " missing"
	}
	if len(c.Accepted)+len(c.Waiting) == 0 {
		return "none asked for so far"
	}
	return "no gap to date"
}

func coverInWords(c timeline.Cover) string {
	out := "Accepted evidence covers " + models.Plural(timeline.Days(c.Accepted), "day")
	if n := timeline.Days(c.Waiting); n > 0 {
		out += ", evidence in review another " + strconv.Itoa(n)
	}
	if n := timeline.Days(c.Holes); n > 0 {
		return out + ", and none covers " + models.Plural(n, "day") + " of windows that are over."
	}
	return out + "; no window that is over has a gap."
}

func (d TimelineData) findingLane() ui.Lane {
	lane, open := ui.Lane{Label: "Findings"}, 0
	for i := len(d.Findings) - 1; i >= 0; i-- {
		f := d.Findings[i]
		days, running := d.standing(f)
		if !days.Meets(d.Frame.Days) {
			continue
		}
		m := d.mark(ui.Stretch, days)
		m.State, m.Text = ui.NA, f.Code()+", "+strings.ToLower(f.Status.Label())
		m.Width = max(m.Width, 0.6)
		if running {
			m.State = ui.Exception
			open++
		}
		lane.Marks = append(lane.Marks, m)
	}
	if lane.Note = "none"; len(lane.Marks) > 0 {
		lane.Note = fmt.Sprintf("%d, %d open", len(lane.Marks), open)
	}
	return lane
}

// standing is from when to when a finding was open.
func (d TimelineData) standing(f finding.Finding) (days period.Days, open bool) {
	days = period.Days{First: period.DayAt(f.RaisedAt, d.Frame.Zone), Last: d.Frame.Today}
	if f.Status.Open() {
		return days, true
	}
	if f.ClosedAt != nil {
		days.Last = period.DayAt(*f.ClosedAt, d.Frame.Zone)
	}
	return days, false
}

// designLane is the versions that took effect and the changes of owner.
func (d TimelineData) designLane() ui.Lane {
	lane, versions := ui.Lane{Label: "Versions and owners"}, 0
	for i := len(d.Versions) - 1; i >= 0; i-- {
		v := d.Versions[i]
		if from := period.DayOf(v.EffectiveFrom, period.Ever); d.Frame.Days.Has(from) {
			lane.Marks = append(lane.Marks, ui.Mark{Figure: ui.Occurrence, From: d.at(from), Text: "Version " + strconv.Itoa(v.Number)})
			versions++
		}
	}
	for i := len(d.Owners) - 1; i >= 0; i-- {
		lane.Marks = append(lane.Marks, ui.Mark{Figure: ui.Occurrence, From: d.at(d.Owners[i].Day), Text: ownerInWords(d.Owners[i])})
	}
	sortMarks(lane.Marks)
	switch owners := len(d.Owners); {
	case versions+owners == 0:
		lane.Note = "no change"
	case owners == 0:
		lane.Note = models.Plural(versions, "new version")
	case versions == 0:
		lane.Note = models.Plural(owners, "new owner")
	default:
		lane.Note = models.Plural(versions, "version") + ", " + models.Plural(owners, "owner")
	}
	return lane
}

func ownerInWords(o timeline.Owner) string {
	now := o.Owner
	switch now {
	case "":
		now = "somebody whose name was erased"
	case "nobody":
		now = "Nobody"
	}
	if o.Was != "" && o.Was != "nobody" {
		return now + " after " + o.Was
	}
	return now
}

func day(d period.Day) string { return d.Date().In(time.UTC).Format("2 January 2006") }

func short(d period.Day) string { return d.Date().In(time.UTC).Format("2 Jan 2006") }

func iso(d period.Day) string { return string(d.Date()) }

func taskHref(code string, w period.Days) string {
	return "/tasks/" + code + "/" + iso(w.First) + "/" + iso(w.Last)
}

func sortMarks(marks []ui.Mark) {
	slices.SortStableFunc(marks, func(a, b ui.Mark) int { return cmp.Compare(a.From, b.From) })
}

func lower(s string) string { return strings.ToLower(s) }

func actInWords(p timeline.Performance) string {
	out := short(p.Day) + ", " + p.By
	if p.Stated != "" {
		out += " (owner-stated)"
	}
	return out
}

func proofInWords(w timeline.Window) string {
	if w.ProofLate {
		return w.Proof.Label() + ", late"
	}
	return w.Proof.Label()
}

func versionInWords(v control.Version) string {
	out := lower(v.Status.Label())
	if v.EffectiveTo != "" {
		out += ", until " + short(period.DayOf(v.EffectiveTo, period.Never))
	}
	return out
}
