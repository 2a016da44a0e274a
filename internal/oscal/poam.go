package oscal

import (
	"errors"
	"io"
	"iter"
	"strconv"
	"strings"
	"time"

	types "github.com/defenseunicorns/go-oscal/src/types/oscal-1-2-2"

	"assay/models"
	"assay/models/finding"
)

// ErrEmpty means that a document would have nothing in it, which OSCAL does not allow.
var ErrEmpty = errors.New("oscal: there is nothing to write")

// Actions writes findings as a plan of action and milestones: an item and a risk for each,
// whose remediations are the plans of all cycles. Days end in zone. It reads the cases
// twice, once for the items and once for the risks.
func Actions(to io.Writer, h Head, zone *time.Location, cases iter.Seq2[finding.Case, error]) error {
	return document(to, "plan-of-action-and-milestones", func(w *writer) {
		w.member("uuid", h.id("poam "+h.version()))
		w.member("metadata", h.metadata("Findings and remediation of "+h.Company))
		w.member("system-id", types.SystemId{IdentifierType: "http://ietf.org/rfc/rfc4122", ID: h.id("system")})
		w.each("poam-items", cases, func(c finding.Case) any { return item(h, c) })
		if w.err == nil && w.items == 0 {
			w.err = ErrEmpty
		}
		w.each("risks", cases, func(c finding.Case) any { return risk(h, zone, c) })
	})
}

func (w *writer) each(name string, cases iter.Seq2[finding.Case, error], of func(finding.Case) any) {
	for c, err := range cases {
		if w.err == nil {
			w.err = err
		}
		if w.err != nil {
			return
		}
		w.item(name, of(c))
	}
	w.end()
}

func item(h Head, c finding.Case) types.PoamItem {
	var codes []string
	for _, k := range c.Controls {
		codes = append(codes, k.Code)
	}
	return types.PoamItem{
		UUID: h.id("item " + c.Path()), Title: line(c.Code() + ": " + c.Title), Description: prose(c.Condition),
		Props: props(
			[2]string{"finding-id", c.Code()}, [2]string{"state", string(c.Status)}, [2]string{"severity", string(c.Severity)},
			[2]string{"source", string(c.Source)}, [2]string{"cycle", strconv.Itoa(c.Cycle)}, [2]string{"controls", strings.Join(codes, " ")},
			[2]string{"criterion", c.Criterion},
		),
		RelatedRisks: &[]types.AssociatedRisk{{RiskUuid: h.id("risk " + c.Path())}},
	}
}

// statuses are those of OSCAL.
var statuses = map[finding.Status]string{
	finding.Raised: "investigating", finding.Disputed: "investigating", finding.FactsConfirmed: "open", finding.Rated: "open",
	finding.RemediationPlanned: "remediating", finding.InRemediation: "remediating", finding.ReadyForVerification: "remediating",
	finding.RiskAccepted: "deviation-approved", finding.ClosedVerified: "closed", finding.Dismissed: "closed",
}

func risk(h Head, zone *time.Location, c finding.Case) types.Risk {
	out := types.Risk{
		UUID: h.id("risk " + c.Path()), Title: line(c.Title), Description: prose(c.Condition), Statement: prose(c.Effect),
		Status: statuses[c.Status], Deadline: endOf(c.DueOn, zone),
		Props: props([2]string{"cause", c.Cause}, [2]string{"recommendation", c.Recommendation}),
	}
	var entries []types.RiskLogEntry
	for _, k := range c.Cycles {
		entry := types.RiskLogEntry{UUID: h.id(k.Path()), Title: "Cycle " + strconv.Itoa(k.Number), Start: k.OpenedAt.UTC(), End: utc(k.ClosedAt), StatusChange: statuses[k.Outcome]}
		if text := strings.TrimSpace(k.Reason + "\n" + k.Note); text != "" {
			entry.Description = text
		}
		entries = append(entries, entry)
	}
	if len(entries) > 0 {
		out.RiskLog = &types.RiskLog{Entries: entries}
	}
	var plans []types.Response
	for _, p := range c.Plans {
		plans = append(plans, remediation(h, zone, c, p))
	}
	if len(plans) > 0 {
		out.Remediations = &plans
	}
	return out
}

func remediation(h Head, zone *time.Location, c finding.Case, p finding.Plan) types.Response {
	out := types.Response{
		UUID: h.id(p.Path()), Lifecycle: "planned", Title: line("Remediation in cycle " + strconv.Itoa(p.Cycle)), Description: prose(p.Summary),
		Props: props([2]string{"state", string(p.Status)}, [2]string{"due", string(p.DueOn)}, [2]string{"first-due", string(p.OriginalDueOn)}),
	}
	if p.CompletedAt != nil {
		out.Lifecycle = "completed"
	}
	var tasks []types.Task
	for _, m := range c.Steps(p.ID) {
		t := types.Task{
			UUID: h.id(m.Path()), Type: "milestone", Title: line(m.Title),
			Props: props([2]string{"state", string(m.Status)}, [2]string{"due", string(m.DueOn)}, [2]string{"first-due", string(m.OriginalDueOn)}),
		}
		if end := endOf(m.DueOn, zone); end != nil && end.After(p.CreatedAt) {
			t.Timing = &types.EventTiming{WithinDateRange: &types.OnDateRangeCondition{Start: p.CreatedAt.UTC(), End: *end}}
		}
		tasks = append(tasks, t)
	}
	if len(tasks) > 0 {
		out.Tasks = &tasks
	}
	return out
}

// endOf is the instant at which a day is over, or nil.
func endOf(day models.Date, zone *time.Location) *time.Time {
	if day.IsZero() {
		return nil
	}
	end := day.AddDays(1).In(zone).UTC()
	return &end
}

func utc(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC()
	return &u
}
