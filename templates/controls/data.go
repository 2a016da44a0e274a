// Package controls is how controls, their versions and their import look.
package controls

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"assay/models/activity"
	"assay/models/control"
	"assay/models/framework"
	"assay/models/occurrence"
	"assay/models/people"
	"assay/templates/ui"
)

// State is the shape of a version's status.
func State(s control.Status) ui.State {
	switch s {
	case control.Draft:
		return ui.Open
	case control.InReview:
		return ui.InReview
	case control.Approved:
		return ui.Future
	case control.Effective:
		return ui.OK
	case control.Superseded, control.Retired:
	}
	return ui.NA
}

// A Row is a line of the list.
type Row struct {
	control.Row
	Owner, Backup string
	Codes         []string
	Chosen        bool
}

// A View is a saved view as a tab, with the way to remove it.
type View struct {
	ID      int64
	Name    string
	Href    string
	Current bool
}

// ListData is the page of the list.
type ListData struct {
	Rows           []Row
	Filter         control.Filter
	Order          control.Order
	Query          string // of this list, without the place in it
	Count          string // "130 controls"
	Earlier, Later string // addresses
	Views          []View
	Owners         []ui.Option
	People         []ui.Option // who can be assigned
	Assigned       map[string]string
	Errors         map[string]string
	ViewErrors     map[string]string
	ViewName       string
}

// Narrowed reports whether the list is filtered.
func (d ListData) Narrowed() bool { return d.Filter != control.Filter{} }

// views are the lists that everybody asks for, in words. Mine is for those who can own a
// control, and what is being written for the company only.
var views = []struct {
	label, query string
	own, inside  bool
}{
	{"All", "", false, false},
	{"Mine", "owner=me", true, true},
	{"AI controls", "ai=yes", false, false},
	{"No owner", "owner=" + control.Nobody, false, true},
	{"No backup owner", "backup=" + control.Nobody, false, true},
	{"In review", "status=" + string(control.InReview), false, true},
}

func (d ListData) tabs(owns, company bool) []ui.Tab {
	var tabs []ui.Tab
	for _, v := range views {
		if v.own && !owns || v.inside && !company {
			continue
		}
		href := "/controls"
		if v.query != "" {
			href += "?" + v.query
		}
		tabs = append(tabs, ui.Tab{Label: v.label, Href: href, Current: d.Query == v.query})
	}
	for _, v := range d.Views {
		tabs = append(tabs, ui.Tab{Label: v.Name, Href: v.Href, Current: v.Current})
	}
	return tabs
}

// with is the address of this list sorted by column, turned round if it is already.
func (d ListData) sorted(column string) string {
	order := column
	if d.direction(column) == "ascending" {
		order = "-" + column
	}
	q := strings.Split(d.Query, "&")
	kept := q[:0]
	for _, part := range q {
		if part != "" && !strings.HasPrefix(part, "sort=") {
			kept = append(kept, part)
		}
	}
	return "/controls?" + strings.Join(append(kept, "sort="+order), "&")
}

func (d ListData) direction(column string) string {
	switch {
	case d.Order.Column() != column:
		return ""
	case d.Order.Desc():
		return "descending"
	}
	return "ascending"
}

func (d ListData) export(kind string) string {
	if d.Query == "" {
		return "/controls/export." + kind
	}
	return "/controls/export." + kind + "?" + d.Query
}

// PageData is the page of one control.
type PageData struct {
	Control    control.Control
	Shown      control.Version
	Versions   []control.Version
	People     map[int64]people.Person
	Candidates []ui.Option
	Feed       []activity.Entry
	MayWrite   bool
	Timeline   *TimelineData   // nil before the company is set up
	Evidence   templ.Component // may be nil
	Findings   templ.Component // may be nil
	Open       string          // the question that came back with errors; "" when they are about the whole page
	Errors     map[string]string
	Typed      map[string]string
	Unsent     string // what was typed into a form that the page no longer has
}

func (d PageData) name(id *int64) string {
	if id == nil {
		return ""
	}
	return d.People[*id].Name
}

// pending is the version that is being written, reviewed or waits for its day, unless
// it is the one shown.
func (d PageData) pending() (control.Version, bool) {
	for _, v := range d.Versions {
		switch v.Status {
		case control.Draft, control.InReview, control.Approved:
			return v, true
		case control.Effective, control.Superseded, control.Retired:
		}
	}
	return control.Version{}, false
}

// canRevise reports whether a new version can be begun.
func (d PageData) canRevise() bool {
	for _, v := range d.Versions {
		if v.Status == control.Draft || v.Status == control.InReview {
			return false
		}
	}
	return d.MayWrite
}

func (d PageData) typed(field string, id *int64) string {
	if v, ok := d.Typed[field]; ok {
		return v
	}
	if id == nil {
		return ""
	}
	return strconv.FormatInt(*id, 10)
}

// VersionData is the page of one version.
type VersionData struct {
	Control  control.Control
	Version  control.Version
	Before   int // the number of the version before it, 0 for none
	People   map[int64]people.Person
	Feed     []activity.Entry
	MayWrite bool
	Approve  bool
	Today    string
	Open     string
	Errors   map[string]string
	Typed    map[string]string
}

func (d VersionData) author() string {
	if d.Version.AuthorID == nil {
		return "The catalog"
	}
	return d.People[*d.Version.AuthorID].Name
}

func (d VersionData) approver() string {
	if d.Version.ApproverID == nil {
		return ""
	}
	return d.People[*d.Version.ApproverID].Name
}

// FormData is the page on which a version is written.
type FormData struct {
	New       bool
	Code      string
	Number    int
	Rev       int64
	Editorial bool
	Typed     map[string]string // what stands in each field
	Values    []Value
	Calendars []ui.Option // of business days
	Errors    map[string]string
}

// A Value is one parameter to tailor.
type Value struct{ Name, Value, Default, Context string }

// Values are the parameters of c as fields.
func Values(c control.Content) []Value {
	var out []Value
	for i, v := range c.Values() {
		field := Value{Name: "value-" + strconv.Itoa(i), Value: v}
		if i < len(c.Parameters) {
			field.Default, field.Context = c.Parameters[i].Default, c.Parameters[i].Context
		}
		out = append(out, field)
	}
	return out
}

func (v Value) label(i int) string { return "Value " + strconv.Itoa(i+1) }

func (v Value) hint() string {
	switch {
	case v.Context == "":
		return ""
	case v.Default == v.Value:
		return v.Context
	}
	return v.Context + " (catalog: " + v.Default + ")"
}

// DiffData compares two versions.
type DiffData struct {
	Control      control.Control
	Older, Newer control.Version
	Changes      []control.Change
	Numbers      []int
}

func lines(c control.Change) []ui.DiffLine {
	return []ui.DiffLine{{Op: "del", Segments: segments(c.Was)}, {Op: "add", Segments: segments(c.Now)}}
}

func segments(pieces []control.Piece) []ui.Segment {
	out := make([]ui.Segment, len(pieces))
	for i, p := range pieces {
		out[i] = ui.Segment{Text: p.Text, Changed: p.Changed}
	}
	return out
}

// ImportData is the preview of an import.
type ImportData struct {
	Name   string   // of the file
	Upload string   // of the file
	Notes  []string // what was made of it
	Plan   control.Plan
	Errors map[string]string
}

func (d ImportData) summary() string {
	return fmt.Sprintf("%d new, %d changed, %d unchanged, %d refused", d.Plan.Count(control.IsNew), d.Plan.Count(control.Changed), d.Plan.Count(control.Unchanged), d.Plan.Count(control.Refused))
}

func fateState(f control.Fate) ui.State {
	switch f {
	case control.IsNew:
		return ui.OK
	case control.Changed:
		return ui.InReview
	case control.Refused:
		return ui.Exception
	case control.Unchanged:
	}
	return ui.NA
}

func fateLabel(f control.Fate) string { return strings.ToUpper(string(f[:1])) + string(f[1:]) }

func frequencies() []ui.Option {
	var out []ui.Option
	for _, f := range framework.Frequencies() {
		out = append(out, ui.Option{Value: f.ID, Label: f.Label})
	}
	return out
}

func frameworks() []ui.Option {
	var out []ui.Option
	for _, f := range framework.All() {
		out = append(out, ui.Option{Value: f.ID, Label: f.Name})
	}
	return out
}

func statuses() []ui.Option {
	var out []ui.Option
	for _, s := range control.Statuses {
		if s != control.Superseded { // a control is retired, or has a version after it
			out = append(out, ui.Option{Value: string(s), Label: s.Label()})
		}
	}
	return out
}

func months() []ui.Option {
	var out []ui.Option
	for m := time.January; m <= time.December; m++ {
		out = append(out, ui.Option{Value: strconv.Itoa(int(m)), Label: m.String()})
	}
	return out
}

// rhythm says frequency and nature together, as a page's head does.
func rhythm(v control.Content) string {
	f := control.FrequencyLabel(v.Frequency)
	switch {
	case f == "":
		return v.Nature
	case v.Nature == "":
		return f
	}
	return f + ", " + v.Nature
}

func capital(s string) string {
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// event says when an event-driven control must have acted.
func event(c control.Content) string {
	switch c.EventDirection {
	case "before":
		return "Before: " + c.EventTrigger
	case "after":
		if c.EventLimit == "" {
			return "After: " + c.EventTrigger
		}
		return "Within " + control.LimitLabel(c.EventLimit) + " after: " + c.EventTrigger
	}
	return c.EventTrigger
}

func href(c control.Control) string { return "/" + c.Path() }

// CriterionHref is the address of a criterion.
func CriterionHref(r framework.Ref) string {
	return "/frameworks/" + r.Framework + "/" + url.PathEscape(r.Code)
}

// ListsData is the lists that a control rests on.
type ListsData struct {
	Control   control.Control
	Kind      string // of list that the control rests on, or last did
	Lists     []occurrence.List
	People    map[int64]people.Person
	Zone      string
	Now       string // for a field
	MaxBytes  int64  // of a file
	Of        MonthData
	Mine      bool // the reader may add one
	Typed     map[string]string
	RefusedID int64 // the list that a refusal is about; 0 is the form
	Errors    map[string]string
}

func (d ListsData) triggers() bool {
	return d.Kind == occurrence.Triggers
}

// reason is what was typed to withdraw a list, when that was refused.
func (d ListsData) reason(id int64) string {
	if d.RefusedID != id {
		return ""
	}
	return d.Typed["reason"]
}

func (d ListsData) title() string {
	if d.triggers() {
		return "Triggers of " + d.Control.Code
	}
	return "Check results of " + d.Control.Code
}

func (d ListsData) lede() string {
	if d.triggers() {
		return "How often this control should have acted comes from the list of what triggered it. Without one it is unknown, and never counts as good."
	}
	return "This control acts all the time. What is known of it are the intervals in which a check had a result; what lies between is unknown, and never a pass."
}

func (d ListsData) aside() string {
	if d.Mine {
		return "Add a list"
	}
	return "The list of this month"
}

// missing says what is not known without a list, and who can add one.
func (d ListsData) missing() string {
	s := "Until there is one, whether this control passed its checks is unknown."
	if d.triggers() {
		s = "Until there is one, how often this control should have acted is unknown."
	}
	if d.Mine {
		return s + " Add the first one here."
	}
	return s + " Its owner can add one."
}

func (d ListsData) columns() string {
	if d.triggers() {
		return "CSV or XLSX with the columns key, triggered_at and performed_at. One line for each trigger; performed_at stays empty where nothing was done. Give times: a date alone counts as the beginning of its day for a trigger and as the end of it for an act." + d.most()
	}
	return "CSV or XLSX with the columns from, to and result (pass or fail), and collected_at where it differs." + d.most()
}

// most says how long a list can be.
func (d ListsData) most() string {
	return " A list has up to " + ui.Count(occurrence.MaxLines) + " lines and " + ui.Limit(d.MaxBytes) + "; two lists cannot speak of the same day."
}

func (d ListsData) input(name, label string, in ui.Input) ui.Input {
	in.Name, in.Label, in.Value = name, label, d.Typed[name]
	if d.RefusedID == 0 {
		in.Error = d.Errors[name]
	}
	if name == "extracted_at" && in.Value == "" {
		in.Value = d.Now
	}
	return in
}
