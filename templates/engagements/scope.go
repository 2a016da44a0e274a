package engagements

import (
	"strings"

	"assay/models/engagement"
	"assay/models/people"
	"assay/templates/ui"
)

// ScopeData is what an engagement covers, and how that came about.
type ScopeData struct {
	Engagement engagement.Engagement
	Scope      []CategoryScope
	Rounds     []engagement.Round
	Open       engagement.Proposal   // that waits for an answer
	Past       []engagement.Proposal // answered ones, the newest first
	People     map[int64]people.Person
	Side       engagement.Side // for which the visitor answers; "" for none
	LeadWrites bool            // the lead answers here, and not by letter
	Manage     bool
	Typed      map[string]string
	Errors     map[string]string
	Asked      string // the question that came back with errors
}

// systemLines are systems as the form takes them, and Systems reads them back.
func systemLines(list []engagement.System) string {
	lines := make([]string, len(list))
	for i, s := range list {
		lines[i] = s.Name
		if s.About != "" {
			lines[i] += ": " + s.About
		}
	}
	return strings.Join(lines, "\n")
}

// Systems reads lines such as "Halyard Code: the assistant in the editor".
func Systems(lines []string) []engagement.System {
	var out []engagement.System
	for _, line := range lines {
		name, about, _ := strings.Cut(line, ":")
		out = append(out, engagement.System{Name: strings.TrimSpace(name), About: strings.TrimSpace(about)})
	}
	return out
}

func (d ScopeData) name(id *int64) string {
	if id == nil {
		return ""
	}
	return d.People[*id].Name
}

// proposer says who asks, and for which side.
func (d ScopeData) proposer(p engagement.Proposal) string {
	if p.Side == engagement.OfAuditor {
		return d.name(p.AuditorID) + " for " + d.Engagement.Firm
	}
	return d.name(p.CompanyID) + " for the company"
}

// words says who stands for which side of an answered proposal.
func (d ScopeData) words(p engagement.Proposal) string {
	var out []string
	if p.CompanyID != nil {
		out = append(out, d.name(p.CompanyID)+" for the company")
	}
	if p.AuditorID != nil {
		out = append(out, d.name(p.AuditorID)+" for "+d.Engagement.Firm)
	}
	return strings.Join(out, ", ")
}

// canPropose reports whether the visitor may begin a change of the scope that needs both sides.
func (d ScopeData) canPropose() bool { return d.Side != "" && d.Open.ID == 0 }

func (d ScopeData) canPlan() bool {
	return d.Manage && (d.Engagement.Status.ScopeOpen() || d.Engagement.Status == engagement.Fieldwork)
}

func proposalState(s engagement.ProposalStatus) ui.State {
	switch s {
	case engagement.Agreed:
		return ui.OK
	case engagement.Declined:
		return ui.Returned
	case engagement.Withdrawn:
		return ui.NA
	case engagement.Open:
	}
	return ui.InReview
}

func roundShort(k engagement.RoundKind) string {
	if k == engagement.Interim {
		return "Interim"
	}
	return "Year-end"
}

func roundOptions() []ui.Option {
	var out []ui.Option
	for _, k := range engagement.RoundKinds {
		out = append(out, ui.Option{Value: string(k), Label: k.Label()})
	}
	return out
}

func crumbsTo(e engagement.Engagement, more ...ui.Crumb) []ui.Crumb {
	return append([]ui.Crumb{{Label: "Engagements", Href: "/engagements"}, {Label: e.Name, Href: "/" + e.Path()}}, more...)
}
