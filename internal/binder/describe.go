package binder

import (
	"encoding/json"
	"strings"
)

// Described is what a document says for the manifest.
type Described struct {
	Document File
	Stored   []File   // the files it names; how long those of a population are, it does not say
	Answers  []string // the evidence that a request was answered with
}

// Describe works out what the manifest says of a document and of the files it names, so
// that whoever writes a binder and whoever verifies it say the same.
func Describe(path string, body []byte) (d Described, err error) {
	d.Document.Path = path
	switch kind, _, _ := strings.Cut(path, "/"); kind {
	case "evidence":
		err = d.evidence(body)
	case "populations":
		err = d.population(body)
	case "samples":
		var s Sample
		err = json.Unmarshal(body, &s)
		d.Document.Title = "Sample " + s.Code + " of " + s.Population
	case "requests":
		err = d.request(body)
	}
	return d, err
}

func (d *Described) evidence(body []byte) error {
	var e Evidence
	if err := json.Unmarshal(body, &e); err != nil {
		return err
	}
	f := &d.Document
	f.Evidence, f.Control, f.Title, f.Covers, f.Uploader = e.Code, e.Control, e.Title, e.CoversFrom+"/"+e.CoversTo, e.Uploader.Name
	if e.Approver != nil {
		f.Approver = e.Approver.Name
	}
	for _, x := range e.Files {
		if x.Withheld == "" {
			one := *f
			one.Path, one.Size, one.SHA256, one.Title = x.Path, x.Size, x.SHA256, x.Name
			d.Stored = append(d.Stored, one)
		}
	}
	return nil
}

func (d *Described) population(body []byte) error {
	var p Population
	if err := json.Unmarshal(body, &p); err != nil {
		return err
	}
	d.Document.Control, d.Document.Title = p.Control, p.Name
	stored := []Stored{p.List, p.Text}
	if p.Second != nil {
		stored = append(stored, *p.Second)
	}
	for _, s := range stored {
		d.Stored = append(d.Stored, File{Path: s.Path, SHA256: s.SHA256, Control: p.Control, Title: s.Name})
	}
	return nil
}

func (d *Described) request(body []byte) error {
	var q Request
	if err := json.Unmarshal(body, &q); err != nil {
		return err
	}
	d.Document.Request, d.Document.Control, d.Document.Title = q.Code, q.Control, q.Title
	for _, item := range q.Items {
		for _, a := range item.Answers {
			if a.Evidence != "" {
				d.Answers = append(d.Answers, a.Evidence)
			}
		}
	}
	return nil
}

// Describe takes from the frozen engagement what the manifest says of it.
func (m *Manifest) Describe(e Engagement) {
	m.Engagement, m.Name, m.Firm, m.Kind, m.Period = e.Slug, e.Name, e.Firm, e.Kind, e.PeriodStart+"/"+e.PeriodEnd
	if e.FrozenBy != nil {
		m.FrozenBy = e.FrozenBy.Name
	}
}

// Counted is how many of each kind were frozen, as the row of a freeze has it.
type Counted struct {
	Controls, Versions, Evidence, Files, Withheld, Populations, Samples, Tests, Requests, Findings int

	Carried int `json:",omitempty"` // findings of an earlier period; freezes before it had none
}

// Map is c as the manifest has it: without what there is none of.
func (c Counted) Map() map[string]int {
	out := map[string]int{}
	for name, n := range map[string]int{
		"controls": c.Controls, "control_versions": c.Versions, "evidence_items": c.Evidence, "evidence_files": c.Files, "files_withheld": c.Withheld,
		"populations": c.Populations, "samples": c.Samples, "tests": c.Tests, "requests": c.Requests, "findings": c.Findings, "carried_findings": c.Carried,
	} {
		if n > 0 {
			out[name] = n
		}
	}
	return out
}
