// Package subservices is how the pages look of whose controls, besides the company's own,
// a report rests on.
package subservices

import (
	"strconv"
	"strings"

	"assay/models/control"
	"assay/models/engagement"
	"assay/models/evidence"
	"assay/models/subservice"
	"assay/templates/ui"
)

// A Form is what stands on a page of forms: what the visitor may do, and the one that was
// refused.
type Form struct {
	Asked  string // the form that came back with errors
	Typed  map[string]string
	Errors map[string]string
}

// ListData is the subservice organisations of an engagement with their CSOCs.
type ListData struct {
	Engagement    engagement.Engagement
	Organisations []subservice.Organisation
	Complements   []subservice.Complement
	Add           bool // the visitor can name one, or propose it
}

// UserData is the CUECs of an engagement.
type UserData struct {
	Form
	Engagement  engagement.Engagement
	Complements []subservice.Complement
	Edit        bool
}

// PageData is one organisation.
type PageData struct {
	Form
	Engagement   engagement.Engagement
	Organisation subservice.Organisation
	Complements  []subservice.Complement
	Monitors     []control.Control // of its monitoring controls those that the visitor may open
	Evidence     *evidence.Item    // its report, for those who may open it
	Edit         bool              // lists and reports
	Scope        bool              // name, services, method: alone
	Propose      bool              // the same, with the other side
}

// NewData is the form of a new organisation.
type NewData struct {
	Form
	Engagement engagement.Engagement
	Propose    bool
}

func home(e engagement.Engagement) string { return "/" + e.Path() + "/deliverables" }

func listAt(e engagement.Engagement) string { return home(e) + "/subservice" }

func crumbs(e engagement.Engagement, more ...ui.Crumb) []ui.Crumb {
	return append([]ui.Crumb{{Label: "Engagements", Href: "/engagements"}, {Label: e.Name, Href: "/" + e.Path()}, {Label: "Deliverables", Href: home(e)}}, more...)
}

// of are the CSOCs of o.
func of(list []subservice.Complement, o subservice.Organisation) (out []subservice.Complement) {
	for _, c := range list {
		if c.OrganisationID != nil && *c.OrganisationID == o.ID {
			out = append(out, c)
		}
	}
	return out
}

func methods() (out []ui.Option) {
	hints := map[subservice.Method]string{
		subservice.CarveOut: "Its controls are left out; those assumed are listed, and it is monitored.", subservice.Inclusive: "Its controls are described and tested as well.",
	}
	for _, m := range subservice.Methods {
		out = append(out, ui.Option{Value: string(m), Label: m.Label(), Hint: hints[m]})
	}
	return out
}

func reportKinds() (out []ui.Option) {
	for _, k := range subservice.ReportKinds {
		out = append(out, ui.Option{Value: string(k), Label: k.Label()})
	}
	return out
}

// was is what was typed in the form that was refused, and else what is kept.
func (f Form) was(asked, field, kept string) string {
	if f.Asked == asked {
		return f.Typed[field]
	}
	return kept
}

func (f Form) wrong(asked, field string) string {
	if f.Asked == asked {
		return f.Errors[field]
	}
	return ""
}

func rev(n int64) string { return strconv.FormatInt(n, 10) }

func joined(list []string) string { return strings.Join(list, " ") }

// evidenceCode is the code of the report's evidence as the form takes it.
func evidenceCode(o subservice.Organisation) string {
	if o.ReportEvidenceID == nil {
		return ""
	}
	return "E-" + rev(*o.ReportEvidenceID)
}

// gapState marks days without a report as what to look at.
func (d PageData) gapState() ui.State {
	if d.Organisation.GapWords(d.Engagement) == "" {
		return ui.OK
	}
	return ui.Open
}

// opens reports whether the visitor may open the control with this code.
func (d PageData) opens(code string) bool {
	for _, c := range d.Monitors {
		if c.Code == code {
			return true
		}
	}
	return false
}
