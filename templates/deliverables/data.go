// Package deliverables is how the pages look of what an engagement hands over.
package deliverables

import (
	"strconv"

	"assay/models/activity"
	"assay/models/deliverable"
	"assay/models/engagement"
	"assay/models/people"
	"assay/templates/ui"
)

// MostText is how long a document can be.
const MostText = 60_000

// PageData is all deliverables of an engagement.
type PageData struct {
	Engagement  engagement.Engagement
	Documents   []deliverable.Document
	Steps       []deliverable.Step // nil for those who see no tests
	Signatories []people.Person
	Errors      map[string]string
}

// DocumentData is one document.
type DocumentData struct {
	Engagement  engagement.Engagement
	Document    deliverable.Document
	Manage      bool
	Mine        bool // the visitor is the signatory
	People      map[int64]people.Person
	Signatories []people.Person
	Feed        []activity.Entry
	Typed       map[string]string
	Errors      map[string]string
}

// MatrixData is a group of criteria of section IV.
type MatrixData struct {
	Engagement engagement.Engagement
	Groups     []string
	Group      string
	Lines      []deliverable.Line
}

func home(e engagement.Engagement) string { return "/" + e.Path() + "/deliverables" }

func crumbs(e engagement.Engagement, more ...ui.Crumb) []ui.Crumb {
	return append([]ui.Crumb{{Label: "Engagements", Href: "/engagements"}, {Label: e.Name, Href: "/" + e.Path()}, {Label: "Deliverables", Href: home(e)}}, more...)
}

func state(s deliverable.Status) ui.State {
	switch s {
	case deliverable.Signed:
		return ui.OK
	case deliverable.Approved:
		return ui.Open
	}
	return ui.Open
}

func signatories(list []people.Person) []ui.Option {
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

func kinds() []ui.Option {
	var out []ui.Option
	for _, k := range deliverable.Kinds {
		out = append(out, ui.Option{Value: string(k), Label: k.Label()})
	}
	return out
}

// blocking counts the steps that are not done.
func (d PageData) blocking() (n int) {
	for _, s := range d.Steps {
		if s.Open > 0 {
			n++
		}
	}
	return n
}

// SignedWords say who signed a document, when, and what exactly; or that nobody has.
func SignedWords(d deliverable.Document, signatory string) string {
	if d.SignedAt == nil {
		return d.Status.Label() + ". Not signed."
	}
	return "Signed by " + signatory + " on " + d.SignedAt.UTC().Format("2 January 2006, 15:04 UTC") + ". SHA-256 of the text: " + d.Digest
}

func (d DocumentData) authors() string {
	text := ""
	for i, id := range d.Document.Authors {
		if i > 0 {
			text += ", "
		}
		text += d.People[id].Name
	}
	return text
}

func (d DocumentData) value(field, kept string) string {
	if v, ok := d.Typed[field]; ok {
		return v
	}
	return kept
}
