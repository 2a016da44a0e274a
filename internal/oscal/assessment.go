package oscal

import (
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	types "github.com/defenseunicorns/go-oscal/src/types/oscal-1-2-2"

	"assay/models/controltest"
	"assay/models/engagement"
	"assay/models/finding"
	"assay/models/framework"
)

// An Assessment is an engagement with what its documents are about. Tests and cases are
// read as they are written, as far as whoever asks may see them.
type Assessment struct {
	Engagement engagement.Engagement
	Zone       *time.Location
	Rounds     []engagement.Round
	Tests      iter.Seq2[controltest.Paper, error]
	Cases      iter.Seq2[finding.Case, error]
}

// Plan writes what is to be examined as an assessment plan: the criteria in scope, the
// rounds of fieldwork, and each test of a control as an activity with its attributes.
func Plan(to io.Writer, h Head, a Assessment) error {
	e := a.Engagement
	return document(to, "assessment-plan", func(w *writer) {
		w.member("uuid", h.id("assessment-plan "+e.Path()))
		w.member("metadata", h.metadata("Assessment plan of "+e.Name))
		w.member("import-ssp", types.ImportSsp{Href: "#" + h.id("description "+e.Path()), Remarks: "The system description is kept with the engagement."})
		w.nested("local-definitions", "{", "}", func() {
			w.papers("activities", a.Tests, func(p controltest.Paper) (any, bool) { return activity(h, p), true })
		})
		w.member("reviewed-controls", reviewed(e))
		for _, r := range a.Rounds {
			w.item("tasks", task(h, a.Zone, r))
		}
		w.end()
		w.member("back-matter", types.BackMatter{Resources: &[]types.Resource{{
			UUID: h.id("description " + e.Path()), Title: line("System description of " + e.Name), Description: prose(e.Boundary),
			Citation: &types.Citation{Text: line(h.Company + ", system description, " + string(e.PeriodStart) + " to " + string(e.PeriodEnd))},
		}}})
	})
}

// Results writes what was examined as assessment results: an observation for each test
// that is concluded, a finding where its conclusion has a state in OSCAL, and the
// exceptions as risks. A control that did not operate, or was not tested, has none.
func Results(to io.Writer, h Head, a Assessment) error {
	e := a.Engagement
	from, _ := e.Period().Instants(a.Zone)
	return document(to, "assessment-results", func(w *writer) {
		w.member("uuid", h.id("assessment-results "+e.Path()))
		w.member("metadata", h.metadata("Assessment results of "+e.Name))
		w.member("import-ap", types.ImportAp{Href: e.Slug + "-assessment-plan.oscal.json"})
		w.nested("results", "[{", "}]", func() {
			w.member("uuid", h.id("result "+e.Path()))
			w.member("title", line(e.Name))
			w.member("description", "What the auditors concluded for each test of a control, in their words. It states no opinion.")
			w.member("start", from.UTC())
			w.member("end", endOf(e.PeriodEnd, a.Zone))
			w.member("reviewed-controls", reviewed(e))
			w.papers("observations", a.Tests, func(p controltest.Paper) (any, bool) { return observation(h, p), p.Status.Done() })
			w.each("risks", a.Cases, func(c finding.Case) any { return risk(h, a.Zone, c) })
			w.papers("findings", a.Tests, func(p controltest.Paper) (any, bool) { return concluded(h, p) })
		})
	})
}

// nested writes a member that has members itself.
func (w *writer) nested(name, begin, end string, members func()) {
	w.name(name)
	w.text(begin + "\n")
	w.some = false
	members()
	w.end()
	w.text(end)
	w.some = true
}

func (w *writer) papers(name string, tests iter.Seq2[controltest.Paper, error], of func(controltest.Paper) (any, bool)) {
	for p, err := range tests {
		if w.err == nil {
			w.err = err
		}
		if w.err != nil {
			return
		}
		if v, ok := of(p); ok {
			w.item(name, v)
		}
	}
	w.end()
}

// reviewed are the criteria in scope.
func reviewed(e engagement.Engagement) types.ReviewedControls {
	var ids []types.AssessedControlsSelectControlById
	for _, code := range e.Criteria {
		ids = append(ids, types.AssessedControlsSelectControlById{ControlId: token(code)})
	}
	out := types.ReviewedControls{ControlSelections: []types.AssessedControls{{Description: "Criteria of " + framework.SOC2 + " in scope"}}}
	if len(ids) > 0 {
		out.ControlSelections[0].IncludeControls = &ids
	}
	return out
}

func task(h Head, zone *time.Location, r engagement.Round) types.Task {
	t := types.Task{UUID: h.id(r.Path() + " round " + strconv.FormatInt(r.ID, 10)), Type: "action", Title: line(r.Name), Description: r.Kind.Label()}
	if end := endOf(r.ToOn, zone); end != nil {
		t.Timing = &types.EventTiming{WithinDateRange: &types.OnDateRangeCondition{Start: r.FromOn.In(zone).UTC(), End: *end}}
	}
	return t
}

func activity(h Head, p controltest.Paper) types.Activity {
	out := types.Activity{
		UUID: h.id("activity " + p.Path()), Title: line(p.Code() + ": " + p.Control), Description: prose(segment(p)),
		Props: props([2]string{"test-id", p.Code()}, [2]string{"control-id", p.Control}, [2]string{"state", string(p.Status)}),
	}
	var steps []types.Step
	for _, a := range p.Attributes {
		steps = append(steps, types.Step{
			UUID: h.id(p.Path() + " attribute " + a.Letter), Title: line("Attribute " + a.Letter), Description: prose(a.Text),
			Props: props([2]string{"technique", string(a.Technique)}, [2]string{"method", methodOf[a.Technique]}),
		})
	}
	if len(steps) > 0 {
		out.Steps = &steps
	}
	return out
}

func segment(p controltest.Paper) string {
	return p.Control + ", " + p.Segment.Label() + ", " + string(p.Segment.From) + " to " + string(p.Segment.To)
}

var methodOf = map[controltest.Technique]string{
	controltest.Inquiry: "INTERVIEW", controltest.Observation: "EXAMINE", controltest.Inspection: "EXAMINE", controltest.Reperformance: "TEST",
}

// methods are those of OSCAL by which p looked, each once. A walkthrough inspects.
func methods(p controltest.Paper) (out []string) {
	for _, a := range p.Attributes {
		if m := methodOf[a.Technique]; m != "" && !slices.Contains(out, m) {
			out = append(out, m)
		}
	}
	if len(out) == 0 {
		out = []string{"EXAMINE"}
	}
	return out
}

func observation(h Head, p controltest.Paper) types.Observation {
	return types.Observation{
		UUID: h.id("observation " + p.Path()), Title: line(p.Code() + ": " + p.Control), Description: prose(p.Words), Methods: methods(p),
		Types: &[]string{"control-objective"}, Collected: collected(p).UTC(),
		Props: props([2]string{"test-id", p.Code()}, [2]string{"control-id", p.Control}, [2]string{"segment", segment(p)}, [2]string{"conclusion", string(p.Conclusion)}, [2]string{"state", string(p.Status)}),
	}
}

// collected is when the last conclusion was drawn.
func collected(p controltest.Paper) time.Time {
	for _, r := range slices.Backward(p.Rounds) {
		if r.ConcludedAt != nil {
			return *r.ConcludedAt
		}
	}
	return p.PlannedAt
}

// states are the conclusions that OSCAL has a word for.
var states = map[controltest.Conclusion]string{
	controltest.Effective: "satisfied", controltest.Exceptions: "not-satisfied", controltest.DesignInadequate: "not-satisfied",
}

// concluded is the finding of a test about its control. It says nothing of a criterion:
// whether one is met is the auditor's opinion.
func concluded(h Head, p controltest.Paper) (any, bool) {
	state := states[p.Conclusion]
	if !p.Status.Done() || state == "" {
		return nil, false
	}
	return types.Finding{
		UUID: h.id("finding " + p.Path()), Title: line(p.Code() + ": " + p.Control), Description: prose(p.Words),
		Target:              types.FindingTarget{Type: "objective-id", TargetId: token(p.Control), Title: line(strings.TrimSpace(segment(p))), Status: types.ObjectiveStatus{State: state}},
		RelatedObservations: &[]types.RelatedObservation{{ObservationUuid: h.id("observation " + p.Path())}},
	}, true
}
