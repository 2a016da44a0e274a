// Package framework is the built-in content: five frameworks with their
// criteria, and the control templates a programme starts from. It is pure data,
// embedded and parsed once; which of it a company has taken into use is the
// business of models/control.
//
// Everything returned is shared by all callers and is read-only: who wants to
// change a slice or what it points at copies it first.
package framework

import "slices"

// Identifiers of the built-in frameworks.
const (
	SOC2     = "soc2-tsc"
	AIRMF    = "nist-ai-rmf"
	ISO42001 = "iso-42001-annex-a"
	CSF      = "nist-csf"
	OWASPLLM = "owasp-llm"
)

// Categories of the trust services criteria. Security is always in scope.
const (
	Security            = "security"
	Availability        = "availability"
	Confidentiality     = "confidentiality"
	ProcessingIntegrity = "processing_integrity"
	Privacy             = "privacy"
)

// A Category is one of the five trust services categories.
type Category struct {
	ID    string
	Title string
}

// Categories lists the trust services categories in the order of the criteria.
func Categories() []Category {
	return []Category{
		{Security, "Security"},
		{Availability, "Availability"},
		{Confidentiality, "Confidentiality"},
		{ProcessingIntegrity, "Processing integrity"},
		{Privacy, "Privacy"},
	}
}

// A Framework is a published set of criteria in the order it prints them.
type Framework struct {
	ID          string      `json:"id"`
	Name        string      `json:"name"`
	Version     string      `json:"version"`
	Publisher   string      `json:"publisher"`
	LicenceNote string      `json:"licence_note"`
	Groups      []Group     `json:"groups"`
	Criteria    []Criterion `json:"requirements"`
}

// A Group is a heading of a framework, such as CC6 or GOVERN 1.
type Group struct {
	ID       string `json:"id"`
	Title    string `json:"title"`
	Category string `json:"category"`
}

// A Criterion is one requirement a control can help meet. Summary is empty
// outside SOC 2 and OWASP, AuditorFocus outside SOC 2.
type Criterion struct {
	Framework    string `json:"-"`
	Code         string `json:"id"`
	Group        string `json:"group"`
	Category     string `json:"category"`
	Title        string `json:"title"`
	Summary      string `json:"summary"`
	AuditorFocus string `json:"auditor_focus"`
}

// A Ref names a criterion: its framework and its code there.
type Ref struct {
	Framework string
	Code      string
}

// Ref returns the name of the criterion.
func (c Criterion) Ref() Ref { return Ref{c.Framework, c.Code} }

// In returns the criteria of one group, in order.
func (f Framework) In(group string) []Criterion {
	var in []Criterion
	for _, c := range f.Criteria {
		if c.Group == group {
			in = append(in, c)
		}
	}
	return in
}

// All returns the frameworks, SOC 2 first.
func All() []Framework { return catalog().Frameworks }

// ByID returns the framework with this identifier.
func ByID(id string) (Framework, bool) {
	all := All()
	i := slices.IndexFunc(all, func(f Framework) bool { return f.ID == id })
	if i < 0 {
		return Framework{}, false
	}
	return all[i], true
}

// CriterionOf returns the criterion a framework prints under exactly this code;
// text that people or other tools wrote goes through NormaliseCriterion first.
func CriterionOf(framework, code string) (Criterion, bool) {
	c, ok := catalog().criteria[Ref{framework, code}]
	return c, ok
}

// CriteriaFor returns the SOC 2 criteria of these categories, in order. The
// common criteria are among them whether or not security is named.
func CriteriaFor(categories []string) []Criterion {
	soc2, _ := ByID(SOC2)
	var in []Criterion
	for _, c := range soc2.Criteria {
		if c.Category == Security || slices.Contains(categories, c.Category) {
			in = append(in, c)
		}
	}
	return in
}
