package controltest

import (
	"slices"
	"strings"

	"assay/models"
)

// A Status is where a test stands.
//
//	planned → design_concluded → population_locked → sampled → testing → concluded → reviewed
//	    │           │  └───── automated ────────────────↗                    │           │
//	    └───────────┴──── without sample: concluded                          │           │
//	    ↖────────────────────── opened again, as the next round ─────────────┴───────────┘
//
// A design that is inadequate, a population in which nothing happened and what could not
// be tested are concluded without a sample. Opened again, a test goes on from where its
// sample, its population or its design still stands.
type Status string

// The states of a test.
const (
	Planned          Status = "planned"
	DesignConcluded  Status = "design_concluded"
	PopulationLocked Status = "population_locked"
	Sampled          Status = "sampled"
	Testing          Status = "testing"
	Concluded        Status = "concluded"
	Reviewed         Status = "reviewed"
)

// Statuses lists them in their order.
var Statuses = []Status{Planned, DesignConcluded, PopulationLocked, Sampled, Testing, Concluded, Reviewed}

var next = map[Status][]Status{
	Planned:          {DesignConcluded, Concluded},
	DesignConcluded:  {PopulationLocked, Sampled, Concluded},
	PopulationLocked: {Sampled, Concluded},
	Sampled:          {Testing, Concluded},
	Testing:          {Concluded},
	Concluded:        {Reviewed, Testing, PopulationLocked, Planned},
	Reviewed:         {Testing, PopulationLocked, Planned},
}

// CanBecome reports whether a test in s can go to t.
func (s Status) CanBecome(t Status) bool { return slices.Contains(next[s], t) }

// Done reports that there is a conclusion.
func (s Status) Done() bool { return s == Concluded || s == Reviewed }

// Label is s in words.
func (s Status) Label() string {
	return map[Status]string{
		Planned: "Planned", DesignConcluded: "Design concluded", PopulationLocked: "Population accepted", Sampled: "Sample drawn",
		Testing: "In testing", Concluded: "Concluded", Reviewed: "Reviewed",
	}[s]
}

func (s Status) in(list ...Status) bool { return slices.Contains(list, s) }

// move takes t to another state.
func (t *Test) move(to Status) error {
	if !t.Status.CanBecome(to) {
		return models.Conflict(t.Code() + " is in state " + strings.ToLower(t.Status.Label()) + ", and cannot go to " + strings.ToLower(to.Label()) + " from there.")
	}
	t.Status = to
	return nil
}

// while refuses what can only be done in some states.
func (t Test) while(what string, list ...Status) error {
	if t.Status.in(list...) {
		return nil
	}
	return models.Conflict(what + " " + t.Code() + " is in state " + strings.ToLower(t.Status.Label()) + ".")
}

// A Design says whether the control would work if it is performed as described.
type Design string

// The designs.
const (
	Adequate   Design = "adequate"
	Inadequate Design = "inadequate"
)

// Label is d in words.
func (d Design) Label() string {
	return map[Design]string{Adequate: "Adequate", Inadequate: "Inadequate", "": "Not concluded"}[d]
}

// A Conclusion is the auditor's alone.
type Conclusion string

// The conclusions.
const (
	Effective        Conclusion = "operated_effectively"
	Exceptions       Conclusion = "exceptions_noted"
	DidNotOperate    Conclusion = "did_not_operate"
	NotTested        Conclusion = "not_tested"
	DesignInadequate Conclusion = "design_inadequate"
)

// Conclusions lists them.
var Conclusions = []Conclusion{Effective, Exceptions, DidNotOperate, NotTested, DesignInadequate}

// Label is c in words.
func (c Conclusion) Label() string {
	return map[Conclusion]string{
		Effective: "Operated effectively", Exceptions: "Exceptions noted", DidNotOperate: "Did not operate",
		NotTested: "Not tested", DesignInadequate: "Design inadequate",
	}[c]
}

// A Mark is what an item showed about an attribute.
type Mark string

// The marks. A cleared cell has none.
const (
	Pass          Mark = "pass"
	Deviation     Mark = "deviation"
	NotApplicable Mark = "not_applicable"
)

// Marks lists them.
var Marks = []Mark{Pass, Deviation, NotApplicable}

// Label is m in words.
func (m Mark) Label() string {
	return map[Mark]string{Pass: "No exception", Deviation: "Deviation", NotApplicable: "Not applicable", "": "Not tested"}[m]
}

// A Technique is how an attribute is looked at. Inquiry is never enough alone.
type Technique string

// The techniques.
const (
	Inquiry       Technique = "inquiry"
	Observation   Technique = "observation"
	Inspection    Technique = "inspection"
	Reperformance Technique = "reperformance"
)

// Techniques lists them.
var Techniques = []Technique{Inspection, Reperformance, Observation, Inquiry}

// Label is t in words.
func (t Technique) Label() string {
	return map[Technique]string{Inquiry: "Inquiry", Observation: "Observation", Inspection: "Inspection", Reperformance: "Reperformance"}[t]
}

// A Purpose is what evidence is linked for.
type Purpose string

// The purposes.
const (
	Walkthrough Purpose = "walkthrough"
	OfItem      Purpose = "item"
)
