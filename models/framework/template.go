package framework

import "slices"

// A Template is a control to start from: text to tailor, how it is tested, what
// proves it, and the criteria it helps meet.
type Template struct {
	Code            string      `json:"id"`
	Title           string      `json:"title"`
	Category        string      `json:"category"` // "Access control": a control category, not a trust services one
	Description     string      `json:"description"`
	Type            string      `json:"type"`   // preventive, detective, corrective
	Nature          string      `json:"nature"` // manual, automated, hybrid
	Frequency       string      `json:"frequency"`
	OwnerFunction   string      `json:"owner_function"`
	Population      string      `json:"population"`
	Evidence        []string    `json:"evidence"`
	DesignTests     []Test      `json:"tests_design"`
	OperatingTests  []Test      `json:"tests_operating"`
	AutomationHint  string      `json:"automation_hint"` // empty: evidence stays manual
	TSC             []string    `json:"tsc"`             // the first is the main one
	CSF             []string    `json:"nist_csf"`
	AIRMF           []string    `json:"nist_ai_rmf"`
	ISO42001        []string    `json:"iso_42001"`
	OWASPLLM        []string    `json:"owasp_llm"`
	ATLAS           []string    `json:"mitre_atlas_mitigations"`
	AI              bool        `json:"ai_specific"`
	Parameters      []Parameter `json:"parameters"`
	ScopeCategories []string    `json:"scope_categories"`
	PrimaryCategory string      `json:"primary_category"`
	EventRule       *EventRule  `json:"event_rule"` // event-driven controls only
}

// A Test is one step of a test procedure.
type Test struct {
	Technique string `json:"technique"` // inquiry, observation, inspection, reperformance
	Step      string `json:"step"`
}

// A Parameter is a value in [square brackets] of the description, in the order
// they stand there; Context has "…" in the value's place.
type Parameter struct {
	Key     string `json:"key"`
	Default string `json:"default"`
	Context string `json:"context"`
}

// An EventRule says when an event-driven control must have acted: complete
// before its trigger, or within Limit after it. Limit is an ISO 8601 duration,
// followed by "business" where business days count; it is empty for before.
type EventRule struct {
	Trigger   string `json:"trigger"`
	Direction string `json:"direction"`
	Limit     string `json:"limit"`
}

// Controls returns all control templates in catalog order.
func Controls() []Template { return catalog().Controls }

// TemplateOf returns the template with this code, such as AC-03.
func TemplateOf(code string) (Template, bool) {
	all := Controls()
	i := slices.IndexFunc(all, func(t Template) bool { return t.Code == code })
	if i < 0 {
		return Template{}, false
	}
	return all[i], true
}

// TemplatesFor returns the templates worth suggesting for these categories:
// those whose main criterion is in scope, and those that touch any category in
// scope other than security, which would suggest nearly all of them.
func TemplatesFor(categories []string) []Template {
	var in []Template
	for _, t := range Controls() {
		if t.suits(categories) {
			in = append(in, t)
		}
	}
	return in
}

func (t Template) suits(categories []string) bool {
	if t.PrimaryCategory == Security {
		return true
	}
	return slices.ContainsFunc(t.ScopeCategories, func(c string) bool {
		return c != Security && slices.Contains(categories, c)
	})
}

// Criteria returns everything the template maps to, framework by framework in
// the order of All; the main SOC 2 criterion comes first.
func (t Template) Criteria() []Ref {
	var refs []Ref
	for _, m := range []struct {
		framework string
		codes     []string
	}{{SOC2, t.TSC}, {AIRMF, t.AIRMF}, {ISO42001, t.ISO42001}, {CSF, t.CSF}, {OWASPLLM, t.OWASPLLM}} {
		for _, code := range m.codes {
			refs = append(refs, Ref{m.framework, code})
		}
	}
	return refs
}
