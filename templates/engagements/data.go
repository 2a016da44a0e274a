// Package engagements is how audits from outside look: the list, the form, and the page
// that is an auditor's home.
package engagements

import (
	"strconv"
	"time"

	"assay/models/control"
	"assay/models/engagement"
	"assay/models/framework"
	"assay/models/people"
	"assay/models/rollforward"
	"assay/templates/ui"
)

// ListData is what the list shows.
type ListData struct {
	Items []engagement.Engagement
	Open  map[int64]bool // the window is open now
}

// FormData is the form of a new engagement, or of one that is changed.
type FormData struct {
	Slug       string // "" for a new one
	Rev        int64
	Terms      engagement.Terms
	Categories []string // chosen
	Left       []string // criteria of those that are left out
	Settled    bool     // fieldwork has started: the scope is agreed on elsewhere
	Frozen     bool     // it cannot change at all
	Reason     string   // of a proposal
	Errors     map[string]string
}

// examined is the engagement that is changed, with what is being said of it.
func (d FormData) examined(now time.Time) ui.Engagement {
	if d.Slug == "" {
		return ui.Engagement{}
	}
	t := d.Terms
	return Examination(engagement.Engagement{
		Name: t.Name, Slug: d.Slug, Zone: t.Zone,
		PeriodStart: t.PeriodStart, PeriodEnd: t.PeriodEnd, OpensOn: t.OpensOn, ClosesOn: t.ClosesOn,
	}, now)
}

// PageData is the page of one engagement.
type PageData struct {
	Engagement   engagement.Engagement
	Now          time.Time
	Open         bool      // the window is open now
	Opens        time.Time // its ends, as instants
	Closes       time.Time
	Proposal     engagement.Proposal // that waits for an answer
	Rounds       []engagement.Round
	Team         []engagement.Teammate
	Candidates   []people.Person
	Controls     []ControlLine
	Total        Totals
	Findings     []FindingLine
	Carried      []rollforward.Carried
	OpensCarried bool // the visitor may open the findings that were carried over
	Earlier      string
	Later        string
	Manage       bool
	Errors       map[string]string
	Part         string            // of the form to add an auditor, as it was sent
	Opened       engagement.Status // the question that came back with errors
	Reason       string
}

// frozen reports that what was examined no longer changes.
func (d PageData) frozen() bool {
	switch d.Engagement.Status {
	case engagement.Reporting, engagement.Issued, engagement.Archived:
		return true
	case engagement.Setup, engagement.Planning, engagement.Fieldwork, engagement.Cancelled:
	}
	return false
}

// Totals count what the auditors of the engagement can see.
type Totals struct{ Controls, Evidence, Findings int }

// CategoryScope is what of one trust services category is in scope.
type CategoryScope struct {
	Title string
	Codes []string
	Of    int
}

// ControlLine is one control in scope.
type ControlLine struct {
	control.Row
	Owner    people.Person
	Evidence int // items that the auditors can see
}

// FindingLine is one finding of the engagement.
type FindingLine struct {
	Code, Path, Title, Severity, Status string
	State                               ui.State
}

// ScopeOf sorts codes by category, in the order of the framework.
func ScopeOf(codes []string) []CategoryScope {
	in := map[string]bool{}
	for _, c := range codes {
		in[c] = true
	}
	var out []CategoryScope
	for _, category := range framework.Categories() {
		s := CategoryScope{Title: category.Title}
		for _, c := range inCategory(category.ID) {
			s.Of++
			if in[c.Code] {
				s.Codes = append(s.Codes, c.Code)
			}
		}
		if len(s.Codes) > 0 {
			out = append(out, s)
		}
	}
	return out
}

func inCategory(id string) []framework.Criterion {
	var out []framework.Criterion
	for _, c := range framework.CriteriaFor([]string{id}) {
		if c.Category == id {
			out = append(out, c)
		}
	}
	return out
}

// Choice turns criteria into what the form asks: whole categories, and what of them is
// left out.
func Choice(codes []string) (categories, left []string) {
	for _, category := range framework.Categories() {
		var missing []string
		all := inCategory(category.ID)
		for _, c := range all {
			if !contains(codes, c.Code) {
				missing = append(missing, c.Code)
			}
		}
		if len(missing) < len(all) {
			categories = append(categories, category.ID)
			left = append(left, missing...)
		}
	}
	return categories, left
}

// Chosen turns the answers of the form back into criteria. The common criteria belong
// to every category.
func Chosen(categories, left []string) []string {
	var out []string
	for _, c := range framework.CriteriaFor(categories) {
		if !contains(left, c.Code) {
			out = append(out, c.Code)
		}
	}
	return out
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

func categoryOptions() []ui.Option {
	var out []ui.Option
	for _, c := range framework.Categories() {
		n := len(inCategory(c.ID))
		hint := strconv.Itoa(n) + " criteria"
		if c.ID == framework.Security {
			hint += ", part of every SOC 2 report"
		}
		out = append(out, ui.Option{Value: c.ID, Label: c.Title, Hint: hint})
	}
	return out
}

func criterionOptions(category string) []ui.Option {
	var out []ui.Option
	for _, c := range inCategory(category) {
		out = append(out, ui.Option{Value: c.Code, Label: c.Code + " " + c.Title})
	}
	return out
}

func kindOptions() []ui.Option {
	var out []ui.Option
	for _, k := range engagement.Kinds {
		out = append(out, ui.Option{Value: string(k), Label: k.Label()})
	}
	return out
}

func candidateOptions(list []people.Person) []ui.Option {
	var out []ui.Option
	for _, p := range list {
		label := p.Name
		if p.Title != "" {
			label += ", " + p.Title
		}
		out = append(out, ui.Option{Value: strconv.FormatInt(p.ID, 10), Label: label})
	}
	return out
}

// stages is the way of an engagement, without cancelled, which is no stage.
var stages = engagement.Statuses[:6]

func stageIndex(s engagement.Status) int {
	for i, st := range stages {
		if s == st {
			return i
		}
	}
	return -1
}

func state(s engagement.Status) ui.State {
	switch s {
	case engagement.Issued, engagement.Archived:
		return ui.OK
	case engagement.Fieldwork, engagement.Reporting:
		return ui.InReview
	case engagement.Planning:
		return ui.Future
	case engagement.Setup:
		return ui.Open
	case engagement.Cancelled:
		return ui.NA
	}
	return ui.Open
}

func controlState(s control.Status) ui.State {
	switch s {
	case control.Effective:
		return ui.OK
	case control.InReview:
		return ui.InReview
	case control.Approved:
		return ui.Future
	case control.Draft:
		return ui.Open
	case control.Superseded, control.Retired:
		return ui.NA
	}
	return ui.Open
}

// moveLabel is the button of a move, and moveWarning what to know before pressing it.
func moveLabel(to engagement.Status) string {
	switch to {
	case engagement.Planning:
		return "Begin planning"
	case engagement.Fieldwork:
		return "Start fieldwork"
	case engagement.Reporting:
		return "Begin reporting"
	case engagement.Issued:
		return "Register the issued report"
	case engagement.Archived:
		return "Archive"
	case engagement.Cancelled:
		return "Cancel the engagement"
	case engagement.Setup:
	}
	return to.Label()
}

func moveWarning(to engagement.Status) string {
	switch to {
	case engagement.Planning:
		return "Terms and criteria can still be changed while planning."
	case engagement.Fieldwork:
		return "From then on both sides have to agree on a change of the scope: criteria, period, time zone, kind of report and systems."
	case engagement.Reporting:
		return "Fieldwork is over and cannot be started again. What was examined is frozen as it is now: the binder is made from that, whatever changes later."
	case engagement.Issued:
		return "After issue nothing about the engagement changes but the access window."
	case engagement.Archived:
		return "The auditors lose access at once, whatever the window says. What is recorded stays."
	case engagement.Cancelled:
		return "The auditors lose access at once. The engagement stays in the record with your reason, and cannot be taken up again."
	case engagement.Setup:
	}
	return ""
}

func rev(n int64) string { return strconv.FormatInt(n, 10) }

// stamp is an instant in words, in the zone of the engagement.
func stamp(t time.Time, zone string) string {
	if loc, err := time.LoadLocation(zone); err == nil {
		t = t.In(loc)
	}
	return t.Format("Mon 2 Jan 2006, 15:04") + " " + zone
}

func windowWords(d PageData) string {
	switch {
	case d.Open:
		return "Open until " + stamp(d.Closes, d.Engagement.Zone)
	case !d.Engagement.Status.Readable():
		return "Closed, since the engagement is " + d.Engagement.Status.Label()
	case d.Now.Before(d.Opens):
		return "Opens " + stamp(d.Opens, d.Engagement.Zone)
	}
	return "Closed " + stamp(d.Closes, d.Engagement.Zone)
}
