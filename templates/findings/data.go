// Package findings is how findings look: the register, one finding, and the form to
// record one.
package findings

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"assay/models"
	"assay/models/access"
	"assay/models/activity"
	"assay/models/control"
	"assay/models/engagement"
	"assay/models/evidence"
	"assay/models/finding"
	"assay/models/people"
	"assay/templates/ui"
)

// A Row is one finding of the register, with what is said about it in other tables.
type Row struct {
	finding.Finding
	Controls []control.Control
	Owner    string
	RaisedBy string
	Progress finding.Progress
	Age      int // days
	Overdue  bool
}

// ListData is what the register shows.
type ListData struct {
	Rows           []Row
	Summary        finding.Summary
	Filter         map[string]string // what was typed, by field
	Narrowed       bool              // by more than the tab
	Errors         map[string]string
	Owners         []ui.Option
	Engagements    []ui.Option
	Tabs           []ui.Tab
	Ageing         []ui.Tab
	Earlier, Later string
	Query          string // of this view, for exports: "" or "?…"
	Print          bool
	More           bool // there are findings beyond those printed
	Today          string
}

// FormFields are the fields of the form to record a finding, in its order.
var FormFields = []string{
	"title", "source", "engagement", "controls", "condition", "criterion", "cause", "effect", "recommendation", "owner", "due_on",
}

// FormData is the form to record a finding, or to correct one.
type FormData struct {
	Of          *finding.Finding // nil: a new one
	Typed       map[string]string
	Errors      map[string]string
	Owners      []ui.Option
	Engagements []ui.Option
	Sources     []finding.Source // those the actor may name
}

func (f FormData) action() string {
	if f.Of == nil {
		return "/findings"
	}
	if f.exception() {
		return "/" + f.Of.Path() + "/amend"
	}
	return "/" + f.Of.Path() + "/correct"
}

func (f FormData) title() string {
	if f.Of == nil {
		return "Record a finding"
	}
	return "Correct " + f.Of.Code()
}

func (f FormData) sources() []ui.Option {
	out := make([]ui.Option, len(f.Sources))
	for i, s := range f.Sources {
		out[i] = ui.Option{Value: string(s), Label: s.Label()}
	}
	return out
}

// field is an input that keeps what was typed and says what is wrong with it.
func (f FormData) field(in ui.Input) ui.Input {
	in.Value, in.Error = f.Typed[in.Name], f.Errors[in.Name]
	return in
}

// PageData is what one finding's page shows.
type PageData struct {
	finding.Case
	Actor      access.Actor
	Today      finding.Day
	People     map[int64]people.Person
	Engagement *engagement.Engagement
	Proofs     map[int64]evidence.Item // those the actor may see
	Feed       []activity.Entry
	Owners     []ui.Option
	Executives []ui.Option
	Audit      finding.AuditPart // what the tests say of it, as far as the reader may see them
	Retest     bool              // the reader may plan one
	Team       []ui.Option       // the auditors, for who brings in what they decided
	Print      bool

	// A form of the page that was refused.
	Ask    string
	Typed  map[string]string
	Errors map[string]string
}

// Status is how a status looks.
func Status(s finding.Status, overdue bool) ui.State {
	switch {
	case overdue:
		return ui.Late
	case s == finding.ClosedVerified:
		return ui.OK
	case s == finding.RiskAccepted, s == finding.Dismissed:
		return ui.NA
	case s == finding.Disputed:
		return ui.Returned
	case s == finding.Raised, s == finding.FactsConfirmed, s == finding.ReadyForVerification:
		return ui.InReview
	}
	return ui.Exception
}

func statusLabel(s finding.Status, overdue bool) string {
	if overdue {
		return s.Label() + ", overdue"
	}
	return s.Label()
}

func stepState(s finding.MilestoneStatus, missed bool) ui.State {
	switch {
	case missed:
		return ui.Late
	case s == finding.MilestoneDone:
		return ui.InReview
	case s == finding.MilestoneVerified:
		return ui.OK
	case s == finding.MilestoneInProgress:
		return ui.Soon
	case s == finding.MilestoneCancelled:
		return ui.NA
	}
	return ui.Open
}

func stepLabel(s finding.MilestoneStatus, missed bool) string {
	if missed {
		return "Missed, " + lower(s.Label())
	}
	return s.Label()
}

func planState(s finding.PlanStatus) ui.State {
	switch s {
	case finding.PlanDrafted:
		return ui.Open
	case finding.PlanSubmitted, finding.PlanCompleted:
		return ui.InReview
	case finding.PlanRejected:
		return ui.Returned
	case finding.PlanVerified:
		return ui.OK
	}
	return ui.Soon
}

func lower(s string) string { return strings.ToLower(s) }

func progressText(p finding.Progress) string {
	if p.Total == 0 {
		return "No steps yet"
	}
	return fmt.Sprintf("%d of %s", p.Done, models.Plural(int64(p.Total), "step"))
}

// lede says how things stand, for the register.
func (d ListData) lede() string {
	s := d.Summary
	if s.Open == 0 {
		return "None open. " + strconv.FormatInt(s.Closed, 10) + " closed."
	}
	out := strconv.FormatInt(s.Open, 10) + " open."
	if s.Overdue > 0 {
		out += " " + strconv.FormatInt(s.Overdue, 10) + " past the date."
	}
	if s.FromAudit > 0 {
		out += " " + strconv.FormatInt(s.FromAudit, 10) + " from the audit."
	}
	return out
}

func (d PageData) name(id int64) string {
	if id == 0 {
		return "Assay"
	}
	return cmp.Or(d.People[id].Name, "Somebody")
}

func (d PageData) nameOf(id *int64) string {
	if id == nil {
		return "Assay"
	}
	return d.name(*id)
}

// ender is who ended a cycle, and who brought in what an auditor decided.
func (d PageData) ender(c finding.Cycle) string {
	if c.ClosedEntry != nil && c.ClosedBy != nil && *c.ClosedEntry != *c.ClosedBy {
		return d.nameOf(c.ClosedBy) + ", brought in by " + d.nameOf(c.ClosedEntry)
	}
	return d.nameOf(c.ClosedBy)
}

func (d PageData) href(suffix string) string { return "/" + d.Path() + "/" + suffix }

// AskID is the id of the form that is sent to this part of the address.
func AskID(suffix string) string { return strings.ReplaceAll(suffix, "/", "-") }

// in completes an input of the form sent to suffix. Of the form that was refused, it
// keeps what was typed and has the id that the summary links to.
func (d PageData) in(suffix string, f ui.Input) ui.Input {
	if d.Ask == AskID(suffix) {
		f.Value, f.Error = d.Typed[f.Name], d.Errors[f.Name]
	} else {
		f.ID = AskID(suffix) + "-f-" + f.Name // its heading is AskID-title
	}
	return f
}

func (d PageData) ownerID() string {
	if d.OwnerID == nil {
		return ""
	}
	return id(*d.OwnerID)
}

// next is the sentence that says who must do what now.
func (d PageData) next() string {
	switch d.Status {
	case finding.Raised:
		return "The facts wait to be confirmed or disputed."
	case finding.Disputed:
		return "The facts are disputed."
	case finding.FactsConfirmed:
		return "A compliance manager rates it next."
	case finding.Rated:
		if p := d.Plan(); p != nil {
			return map[finding.PlanStatus]string{
				finding.PlanDrafted: "The plan is a draft. Submit it for approval.", finding.PlanRejected: "The plan was rejected and has to change.",
				finding.PlanSubmitted: "The plan waits for the approval of somebody other than its owner.",
			}[p.Status]
		}
		return "No plan yet."
	case finding.RemediationPlanned:
		return "The plan is approved and can start."
	case finding.ReadyForVerification:
		return "Somebody who took no part in the remediation verifies it next."
	}
	return ""
}

func (d PageData) extensionsOf(p finding.Plan) []*finding.Extension {
	var out []*finding.Extension
	for i := range d.Extensions {
		if d.Extensions[i].PlanID == p.ID {
			out = append(out, &d.Extensions[i])
		}
	}
	return out
}

func (d PageData) dates(p finding.Plan) string {
	if p.DueOn == p.OriginalDueOn {
		return ""
	}
	return string(p.OriginalDueOn)
}

// place is the address of the cell on the page of its test, if the reader may see that.
func (d PageData) place(c finding.Cell) string {
	if _, seen := d.Audit.Tests[c.TestID]; !seen || d.Engagement == nil {
		return ""
	}
	return "/" + c.Place(d.Engagement.Path())
}

// decides reports that the reader can say what it means for the report: an auditor, or who
// brings in what a named one decided.
func (d PageData) decides() bool {
	return d.MayDecideEffect(d.Actor) == nil && (d.Actor.InFieldwork(*d.EngagementID) || len(d.Team) > 0)
}

// effectWords say what it means for the report, and whose word that is.
func (d PageData) effectWords() string {
	out := d.ReportEffect.Label()
	if d.EffectBy != nil {
		out += ", " + d.name(*d.EffectBy)
		if *d.EffectEntered != *d.EffectBy {
			out += ", brought in by " + d.name(*d.EffectEntered)
		}
	}
	return out
}

// retestHref plans a test of the first failure again.
func (d PageData) retestHref() string {
	c := d.Cells[0]
	return fmt.Sprintf("/%s/tests/new?control=%s&retests=%s&item=%d&letter=%s", d.Engagement.Path(), d.Audit.Tests[c.TestID].Control, c.Test(), c.ItemID, c.Letter)
}

func responseState(s finding.ResponseStatus) ui.State {
	switch s {
	case finding.ResponseSigned:
		return ui.OK
	case finding.ResponseApproved:
		return ui.InReview
	case finding.ResponseDraft, finding.ResponseGiven:
	}
	return ui.Open
}

// replaced reports that a later version of r was given.
func (d PageData) replaced(r finding.Response) bool {
	for _, x := range d.Responses {
		if x.Cycle == r.Cycle && x.ID > r.ID && !x.Status.Open() {
			return true
		}
	}
	return false
}

// signatories are who can be named as the author of a response.
func (d PageData) signatories() []ui.Option {
	return append(append([]ui.Option{}, d.Executives...), d.Owners...)
}

func effects() []ui.Option {
	out := make([]ui.Option, len(finding.ReportEffects))
	for i, e := range finding.ReportEffects {
		out[i] = ui.Option{Value: string(e), Label: e.Label()}
	}
	return out
}

func id(n int64) string { return strconv.FormatInt(n, 10) }

func step(id int64, verb string) string { return fmt.Sprintf("milestones/%d/%s", id, verb) }

func severities() []ui.Option {
	out := make([]ui.Option, len(finding.Severities))
	for i, s := range finding.Severities {
		out[i] = ui.Option{Value: string(s), Label: s.Label()}
	}
	return out
}

func positions() []ui.Option {
	out := make([]ui.Option, len(finding.Positions))
	for i, p := range finding.Positions {
		out[i] = ui.Option{Value: string(p), Label: p.Label()}
	}
	return out
}

func statusOptions() []ui.Option {
	out := make([]ui.Option, len(finding.Statuses))
	for i, s := range finding.Statuses {
		out[i] = ui.Option{Value: string(s), Label: s.Label()}
	}
	return out
}

func allSources() []ui.Option { return FormData{Sources: finding.Sources}.sources() }

func orders() []ui.Option {
	return []ui.Option{{Value: string(finding.DueFirst), Label: "Due first"}, {Value: string(finding.Oldest), Label: "Oldest first"}}
}

// AgeLabel names an age class of the register.
func AgeLabel(n int) string {
	switch {
	case n == 1:
		return fmt.Sprintf("Up to %d days", finding.Ages[0])
	case n <= len(finding.Ages):
		return fmt.Sprintf("%d to %d days", finding.Ages[n-2]+1, finding.Ages[n-1])
	}
	return fmt.Sprintf("More than %d days", finding.Ages[len(finding.Ages)-1])
}
