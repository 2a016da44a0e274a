// Package persons is how people look: the list, one person with what they own and where
// they are signed in, the invitation, and one's own account.
package persons

import (
	"strconv"
	"strings"

	"assay/models/access"
	"assay/models/activity"
	"assay/models/control"
	"assay/models/finding"
	"assay/models/people"
	"assay/models/reminder"
	"assay/models/request"
	"assay/templates/ui"
)

// ListData is the page of everybody.
type ListData struct {
	Rows           []people.Person
	Filter         map[string]string // as typed
	Narrowed       bool
	Earlier, Later string
}

// A Sitting is a session as its owner or an administrator sees it.
type Sitting struct {
	people.Session
	Current bool // the one that asks
}

// PersonData is the page of one person.
type PersonData struct {
	people.Person
	Inviter  string
	Self     bool
	Controls []control.Control
	Duties   finding.Duties
	Requests []request.Request // that they answer and that are not over
	Sittings []Sitting
	Heirs    []people.Person // who could take over what they own
	Feed     []activity.Entry

	Asked  string // the question that came back with errors: role, deactivate, erase or handover
	Errors map[string]string
	Typed  map[string]string
}

// Owns counts what would be left without an owner.
func (d PersonData) Owns() int { return len(d.Controls) + d.Duties.Count() + len(d.Requests) }

func (d PersonData) errs(asked string) map[string]string {
	if d.Asked != asked {
		return nil
	}
	return d.Errors
}

// homeless are the errors of a question that the page no longer asks.
func (d PersonData) homeless() map[string]string {
	asks := !d.Self && d.Status != people.Deactivated
	switch d.Asked {
	case "erase":
		asks = !d.Self && d.Status == people.Deactivated && d.ErasedAt == nil
	case "handover":
		asks = !d.Self && d.Owns() > 0
	}
	if d.Asked != "" && asks {
		return nil
	}
	return d.Errors
}

func (d PersonData) to(verb string) string { return "/" + d.Path() + "/" + verb }

func (d PersonData) rev() string { return strconv.FormatInt(d.Rev, 10) }

// InviteData is the form that invites somebody.
type InviteData struct {
	Typed  map[string]string
	Errors map[string]string
}

// AccountData is one's own account.
type AccountData struct {
	people.Person
	Sittings    []Sitting
	Engagements int // open to an auditor now
	Feed        reminder.Feed
	HasFeed     bool
}

func state(s people.Status) ui.State {
	return map[people.Status]ui.State{people.Active: ui.OK, people.Invited: ui.Open, people.Deactivated: ui.NA}[s]
}

func roleOptions() []ui.Option {
	out := make([]ui.Option, len(access.Roles))
	for i, r := range access.Roles {
		out[i] = ui.Option{Value: string(r), Label: r.Label()}
	}
	return out
}

func statusOptions() []ui.Option {
	out := make([]ui.Option, len(people.Statuses))
	for i, s := range people.Statuses {
		out[i] = ui.Option{Value: string(s), Label: s.Label()}
	}
	return out
}

func heirOptions(list []people.Person) []ui.Option {
	out := make([]ui.Option, len(list))
	for i, p := range list {
		out[i] = ui.Option{Value: strconv.FormatInt(p.ID, 10), Label: p.Name + ", " + p.Role.Label()}
	}
	return out
}

// device says in a few words what a browser calls itself in many.
func device(agent string) string {
	browser := "A browser"
	for _, b := range [][2]string{{"Edg/", "Edge"}, {"OPR/", "Opera"}, {"Firefox/", "Firefox"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"}, {"curl/", "curl"}} {
		if strings.Contains(agent, b[0]) {
			browser = b[1]
			break
		}
	}
	for _, s := range [][2]string{{"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Android", "Android"}, {"Windows", "Windows"}, {"Mac OS", "macOS"}, {"Linux", "Linux"}} {
		if strings.Contains(agent, s[0]) {
			return browser + " on " + s[1]
		}
	}
	return browser
}

func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}
