// Package requests is how the request list of an engagement looks, each request, and its
// release check.
package requests

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"assay/models"
	"assay/models/access"
	"assay/models/engagement"
	"assay/models/evidence"
	"assay/models/people"
	"assay/models/request"
	"assay/templates/ui"
)

// ListData is the request list of an engagement.
type ListData struct {
	Engagement     engagement.Engagement
	Today          models.Date
	Filter         request.Filter
	Query          url.Values // of the address
	Summary        request.Summary
	Requests       []request.Request
	People         map[int64]people.Person
	Owners         []ui.Option // whom a compliance manager can filter by
	Earlier, Later string
}

func home(e engagement.Engagement) string { return "/" + e.Path() + "/requests" }

// query is the query of this view with one change.
func (d ListData) query(name, value string) string {
	q := url.Values{}
	for _, keep := range []string{"state", "owner", "control", "sort", "as"} {
		if v := d.Query.Get(keep); v != "" {
			q.Set(keep, v)
		}
	}
	if q.Set(name, value); value == "" {
		q.Del(name)
	}
	if len(q) == 0 {
		return ""
	}
	return "?" + q.Encode()
}

// tabs are the states in which there is any request, what is overdue first.
func (d ListData) tabs() []ui.Tab {
	at := d.Query.Get("state")
	out := []ui.Tab{{Label: "All", Href: home(d.Engagement) + d.query("state", ""), Count: strconv.Itoa(d.Summary.Total()), Current: at == ""}}
	add := func(label, state string, n int) {
		if n > 0 || at == state {
			out = append(out, ui.Tab{Label: label, Href: home(d.Engagement) + d.query("state", state), Count: strconv.Itoa(n), Current: at == state})
		}
	}
	add("Overdue", "overdue", d.Summary.Overdue)
	add("Nobody answers", "unassigned", d.Summary.Nobodys)
	for _, s := range request.Statuses {
		add(s.Label(), string(s), d.Summary.By[s])
	}
	return out
}

func (d ListData) lede() string {
	n := d.Summary.Total()
	if n == 0 {
		return ""
	}
	said := fmt.Sprintf("%d of %d accepted.", d.Summary.By[request.Accepted], n-d.Summary.By[request.Cancelled])
	if k := d.Summary.Overdue; k > 0 {
		said += fmt.Sprintf(" %d overdue.", k)
	}
	return said
}

// mayAsk reports whether a can write requests of e.
func mayAsk(a access.Actor, e engagement.Engagement) bool {
	return e.Status.Running() && (a.InFieldwork(e.ID) || a.Company() && a.Can(access.RequestAsk))
}

// frozen reports that what is asked, answered or said now is in no binder.
func frozen(e engagement.Engagement) bool { return e.Status == engagement.Reporting }

// State is the shape of a status; what is late looks late.
func State(r request.Request, today models.Date) ui.State {
	switch r.Status {
	case request.Draft, request.Open, request.InProgress:
		if r.Overdue(today) {
			return ui.Late
		}
		if r.Status == request.Draft {
			return ui.Future
		}
		return ui.Open
	case request.Fulfilled, request.Released:
		return ui.InReview
	case request.Returned:
		return ui.Returned
	case request.Accepted:
		return ui.OK
	case request.Cancelled:
	}
	return ui.NA
}

// label is a status in words, with that it is late.
func label(r request.Request, today models.Date) string {
	if r.Overdue(today) {
		return r.Status.Label() + ", overdue"
	}
	return r.Status.Label()
}

// PageData is one request.
type PageData struct {
	Actor      access.Actor
	Engagement engagement.Engagement
	Request    request.Request
	Today      models.Date
	Items      []request.Item
	Answers    []request.Answer
	Steps      []request.Step
	Thread     []request.Message
	Before     int64                   // the message that the thread is shown up to, or 0
	Earlier    bool                    // more was said before what is shown
	Evidence   map[int64]evidence.Item // that answers, as far as the visitor may open it
	Candidates []evidence.Item         // what else the control has
	Withheld   []string                // what keeps the answer from being released
	Team       []engagement.Teammate
	Owners     []ui.Option
	People     map[int64]people.Person
	Opened     string // the question that a refusal opens again
	Typed      map[string]string
	Errors     map[string]string
}

// Unreleased is the evidence that answers and the auditors do not see yet, the oldest first.
func (d PageData) Unreleased() []evidence.Item {
	var out []evidence.Item
	for _, a := range d.Answers {
		if a.EvidenceID == nil || a.ReleasedAt != nil {
			continue
		}
		if i, ok := d.Evidence[*a.EvidenceID]; ok {
			out = append(out, i)
		}
	}
	slices.SortFunc(out, func(a, b evidence.Item) int { return cmp.Compare(a.ID, b.ID) })
	return slices.CompactFunc(out, func(a, b evidence.Item) bool { return a.ID == b.ID })
}

// Answering reports that it is the visitor's turn to answer.
func (d PageData) Answering() bool {
	q := d.Request
	return d.Engagement.Status.Running() && q.Status.Answerable() && q.OwnerID != nil && *q.OwnerID == d.Actor.ID && d.Actor.Can(access.RequestAnswer)
}

// Releasing reports that the visitor can check the answer.
func (d PageData) Releasing() bool {
	return d.Engagement.Status.Running() && d.Request.Status == request.Fulfilled && d.Actor.Can(access.RequestRelease)
}

// Deciding reports that the visitor can accept or return, for themselves or for an auditor.
func (d PageData) Deciding() bool {
	return d.Engagement.Status.Running() && d.Request.Status == request.Released && (d.Actor.InFieldwork(d.Engagement.ID) || d.Actor.Can(access.FieldworkImport))
}

// Importing reports that a decision would be brought in.
func (d PageData) Importing() bool { return d.Deciding() && !d.Actor.InFieldwork(d.Engagement.ID) }

// Assigning reports that the visitor can say who answers.
func (d PageData) Assigning() bool {
	return d.Engagement.Status.Running() && !d.Request.Status.Over() && d.Actor.Can(access.RequestRelease)
}

// asking reports that the visitor is on the side that asks.
func (d PageData) asking() bool {
	q, a := d.Request, d.Actor
	switch {
	case !d.Engagement.Status.Running() || q.Status.Over():
		return false
	case q.Side == request.Company:
		return a.Company() && a.Can(access.RequestAsk)
	}
	return a.InFieldwork(d.Engagement.ID) || q.Imported() && a.Can(access.FieldworkImport)
}

func (d PageData) talking() bool {
	return d.Engagement.Status.Running() && (d.Actor.InFieldwork(d.Engagement.ID) || d.Actor.Company() && d.Actor.Can(access.RequestTalk))
}

func (d PageData) name(id int64) string {
	if p := d.People[id]; p.Name != "" {
		return p.Name
	}
	return "Somebody"
}

// asker says who asks, and who brought it in.
func (d PageData) asker() string {
	q := d.Request
	if q.Imported() {
		return d.name(q.RequesterID) + ", brought in by " + d.name(q.EnteredBy)
	}
	return d.name(q.RequesterID)
}

// cameBack is the last step by which the answer came back, as long as nothing was
// released since.
func (d PageData) cameBack() *request.Step {
	if d.Request.Status != request.Returned && d.Request.Status != request.InProgress {
		return nil
	}
	for _, s := range slices.Backward(d.Steps) {
		switch {
		case s.ToStatus == request.Returned || s.SentBack():
			return &s
		case s.ToStatus == request.Released:
			return nil
		}
	}
	return nil
}

func (d PageData) answersTo(item int64) (out []request.Answer) {
	for _, a := range d.Answers {
		if a.ItemID == item {
			out = append(out, a)
		}
	}
	return out
}

// candidates are the pieces of evidence that do not answer item yet.
func (d PageData) candidates(item int64) (out []ui.Option) {
	for _, i := range d.Candidates {
		used := slices.ContainsFunc(d.answersTo(item), func(a request.Answer) bool { return a.EvidenceID != nil && *a.EvidenceID == i.ID })
		if !used {
			out = append(out, ui.Option{Value: i.Code(), Label: fmt.Sprintf("%s %s, %s", i.Code(), i.Title, strings.ToLower(i.Status.Label()))})
		}
	}
	return out
}

// uploadHref is the form for new evidence, with the way back to item.
func (d PageData) uploadHref(item request.Item) string {
	q := url.Values{"request": {d.Request.Path()}, "item": {strconv.FormatInt(item.ID, 10)}}
	if d.Request.Control != "" {
		q.Set("control", d.Request.Control)
	}
	return "/evidence/new?" + q.Encode()
}

// open reports whether the page has the form of a question, so that a refusal of one that
// is gone is said on top of the page.
func (d PageData) open(question string) bool { return d.Opened == question }

func (d PageData) typed(question, field string) string {
	if d.Opened == question {
		return d.Typed[field]
	}
	return ""
}

func (d PageData) wrong(question, field string) string {
	if d.Opened == question {
		return d.Errors[field]
	}
	return ""
}

func itemKey(i request.Item) string { return "item-" + strconv.FormatInt(i.ID, 10) }

func rev(n int64) string { return strconv.FormatInt(n, 10) }

func idOf(p *int64) string {
	if p == nil {
		return ""
	}
	return strconv.FormatInt(*p, 10)
}

func audiences(a access.Actor) []ui.Option {
	list := request.Audiences(a)
	out := make([]ui.Option, len(list))
	for n, to := range list {
		out[n] = ui.Option{Value: string(to), Label: to.Label()}
	}
	return out
}

// narrowest is the audience that is chosen until somebody says otherwise.
func narrowest(a access.Actor) string {
	list := request.Audiences(a)
	return string(list[len(list)-1])
}

func team(members []engagement.Teammate) []ui.Option {
	var out []ui.Option
	for _, m := range engagement.ReadersOf(members) {
		out = append(out, ui.Option{Value: strconv.FormatInt(m.PersonID, 10), Label: m.Person.Name})
	}
	return out
}

// names lists the team in a sentence.
func names(members []engagement.Teammate) string {
	var out []string
	for _, m := range members {
		out = append(out, m.Person.Name)
	}
	if len(out) == 0 {
		return "Nobody: no auditor is named for the engagement yet."
	}
	return strings.Join(out, ", ")
}

// stepWords says a step in words.
func stepWords(s request.Step) string {
	switch {
	case s.SentBack():
		return "Sent back from the release check"
	case s.ToStatus == request.InProgress && s.FromStatus == request.Returned:
		return "In progress again"
	case s.ToStatus == request.Fulfilled:
		return "Answered, for the release check"
	}
	return s.ToStatus.Label()
}

// FormData is the form of a new request, or of one that changes.
type FormData struct {
	Engagement engagement.Engagement
	Request    request.Request
	Items      []request.Item
	Team       []engagement.Teammate
	Owners     []ui.Option
	Typed      map[string]string
	Errors     map[string]string
}

// Fill puts what the request says into the form.
func (d *FormData) Fill() {
	q := d.Request
	d.Typed = map[string]string{}
	if q.ID == 0 {
		return
	}
	words := make([]string, len(d.Items))
	for n, i := range d.Items {
		words[n] = i.Words
	}
	d.Typed = map[string]string{
		"reference": q.Reference, "title": q.Title, "detail": q.Detail, "control": q.Control, "owner": idOf(q.OwnerID),
		"due_on": string(q.DueOn), "items": strings.Join(words, "\n"),
	}
}

func (d FormData) input(name, label string, in ui.Input) ui.Input {
	in.Name, in.Label, in.Value, in.Error = name, label, d.Typed[name], d.Errors[name]
	return in
}

func (d FormData) title() string {
	if d.Request.ID != 0 {
		return "Change " + d.Request.Code()
	}
	return "New request"
}

func (d FormData) action() string {
	if d.Request.ID != 0 {
		return "/" + d.Request.Path() + "/edit"
	}
	return home(d.Engagement)
}

func (d FormData) back() string {
	if d.Request.ID != 0 {
		return "/" + d.Request.Path()
	}
	return home(d.Engagement)
}

// ProposalsData is what the controls in scope expect.
type ProposalsData struct {
	Engagement     engagement.Engagement
	Proposals      []request.Proposal
	Team           []engagement.Teammate
	Earlier, Later string
	Chosen         []string
	Typed          map[string]string
	Errors         map[string]string
}

// chosen are the controls that are ticked: before anything was sent, those that nobody
// has asked about.
func (d ProposalsData) chosen() (out []string) {
	if d.Typed != nil {
		return d.Chosen
	}
	for _, p := range d.Proposals {
		if len(p.Asked) == 0 {
			out = append(out, p.Control.Code)
		}
	}
	return out
}

func (d ProposalsData) options() []ui.Option {
	out := make([]ui.Option, len(d.Proposals))
	for n, p := range d.Proposals {
		hint := strings.Join(p.Items, "; ")
		if len(p.Asked) > 0 {
			hint = strings.TrimPrefix(hint+" (asked: "+strings.Join(p.Asked, ", ")+")", " ")
		}
		out[n] = ui.Option{Value: p.Control.Code, Label: p.Control.Code + " " + p.Control.Title, Hint: hint}
	}
	return out
}

// ImportData is the form that brings a list in.
type ImportData struct {
	Engagement engagement.Engagement
	Team       []engagement.Teammate
	Typed      map[string]string
	Errors     map[string]string
}

// PreviewData is what an import would do.
type PreviewData struct {
	Engagement engagement.Engagement
	Plan       request.Plan
	Upload     string
	Name       string
	Notes      []string
	Team       []engagement.Teammate
	Errors     map[string]string
}

// shownRows bounds the preview; what is refused is listed first.
const shownRows = 100

func (d PreviewData) rows() []request.Planned {
	list := slices.Clone(d.Plan.Rows)
	slices.SortStableFunc(list, func(a, b request.Planned) int { return rank(a.Fate) - rank(b.Fate) })
	return list[:min(len(list), shownRows)]
}

func rank(f request.Fate) int {
	return slices.Index([]request.Fate{request.Refused, request.ToReturn, request.ToAccept, request.IsNew, request.Unchanged}, f)
}

func (d PreviewData) summary() string {
	var out []string
	for _, f := range []request.Fate{request.IsNew, request.ToAccept, request.ToReturn, request.Unchanged, request.Refused} {
		if n := d.Plan.Count(f); n > 0 {
			out = append(out, fmt.Sprintf("%d %s", n, strings.ToLower(f.Label())))
		}
	}
	return strings.Join(out, ", ") + "."
}

// behalf says in whose name the file is taken.
func (d PreviewData) behalf() string {
	for _, m := range d.Team {
		if m.PersonID == d.Plan.Auditor {
			return "Brought in for " + m.Person.Name + ", and marked so."
		}
	}
	return ""
}

func fateState(f request.Fate) ui.State {
	switch f {
	case request.IsNew, request.ToAccept:
		return ui.OK
	case request.ToReturn:
		return ui.Returned
	case request.Refused:
		return ui.Exception
	case request.Unchanged:
	}
	return ui.NA
}

// OwedData is what requests ask of one person.
type OwedData struct{ Answer, Check []request.Due }

// Count says how many things that are, and how many are late.
func (d OwedData) Count() (n, late int) {
	for _, r := range d.Answer {
		if r.Late {
			late++
		}
	}
	return len(d.Answer) + len(d.Check), late
}

// crumbs lead back to the list. A view as an auditor goes on as one.
func crumbs(e engagement.Engagement, a access.Actor, more ...ui.Crumb) []ui.Crumb {
	lens := ""
	if a.ID == 0 {
		lens = "?as=auditor"
	}
	out := []ui.Crumb{{Label: "Engagements", Href: "/engagements"}, {Label: e.Name, Href: "/" + e.Path() + lens}}
	if !a.Can(access.EngagementView) {
		out = []ui.Crumb{{Label: "My tasks", Href: "/tasks"}, {Label: e.Name}}
	}
	return append(append(out, ui.Crumb{Label: "Requests", Href: home(e) + lens}), more...)
}

func metaOf(id int64) models.Meta { return models.Meta{ID: id} }
