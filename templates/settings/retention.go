package settings

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"assay/models/engagement"
	"assay/models/people"
	"assay/models/retention"
	"assay/templates/ui"
)

// RetentionData is the page of how long evidence is kept.
type RetentionData struct {
	Terms         map[int64]retention.Term // by engagement, the company's under 0
	Engagements   []engagement.Engagement
	Holds         []retention.Hold
	Open, Decided []retention.Request
	Past          []retention.Fate
	PastNext      string // the cursor of what comes behind
	People        map[int64]people.Person
	Controls      map[int64]string // codes
	Typed, Errors map[string]string
	Me            int64
}

func (d RetentionData) years(engagement int64) int {
	if t, ok := d.Terms[engagement]; ok {
		return t.Years
	}
	return d.Terms[0].Years
}

// until is the last day on which evidence of e is kept.
func (d RetentionData) until(e engagement.Engagement) string {
	return string(e.PeriodEnd.AddMonths(12 * d.years(e.ID)))
}

func (d RetentionData) engagement(id *int64) string {
	if id == nil {
		return "the company"
	}
	for _, e := range d.Engagements {
		if e.ID == *id {
			return e.Name
		}
	}
	return "an engagement"
}

// under says what a hold keeps.
func (d RetentionData) under(h retention.Hold) string {
	if h.ControlID != nil {
		return "All evidence of " + d.Controls[*h.ControlID]
	}
	return "All evidence of " + d.engagement(h.EngagementID)
}

// asked says what a request asks for.
func (d RetentionData) asked(q retention.Request) string {
	switch q.Kind {
	case retention.Shorten:
		return "Keep the evidence of " + d.engagement(q.EngagementID) + " for " + yearCount(q.Years) + " only"
	case retention.ReleaseHold:
		return "Release a legal hold"
	case retention.Remove:
		return fmt.Sprintf("Remove the bytes of E-%d", *q.EvidenceID)
	}
	return string(q.Kind)
}

func (d RetentionData) options(none string) []ui.Option {
	out := []ui.Option{{Value: "", Label: none}}
	for _, e := range d.Engagements {
		out = append(out, ui.Option{Value: strconv.FormatInt(e.ID, 10), Label: e.Name})
	}
	return out
}

func yearCount(n int) string {
	if n == 1 {
		return "1 year"
	}
	return strconv.Itoa(n) + " years"
}

func decidedWord(s retention.Status) (ui.State, string) {
	switch s {
	case retention.Approved:
		return ui.OK, "Approved"
	case retention.Refused:
		return ui.Returned, "Refused"
	case retention.Withdrawn, retention.Open:
	}
	return ui.NA, "Taken back"
}

func (d RetentionData) decider(q retention.Request) string {
	if q.DecidedBy == nil {
		return d.People[q.AskedBy].Name
	}
	return d.People[*q.DecidedBy].Name
}

// removable reports that an item on the page can be asked for.
func (d RetentionData) removable() bool {
	return slices.ContainsFunc(d.Past, func(f retention.Fate) bool { return f.Held == "" })
}

func (d RetentionData) overSince(f retention.Fate) string {
	return f.Until.In(time.UTC).Format("2 January 2006")
}

// termAsked reports that the form of a term came back.
func (d RetentionData) termAsked() bool { return d.wrong("term_of", "years", "reason") }

// holdAsked reports that the form of a hold came back.
func (d RetentionData) holdAsked() bool { return d.wrong("engagement", "control", "hold_reason") }

func (d RetentionData) wrong(fields ...string) bool {
	return slices.ContainsFunc(fields, func(f string) bool { return d.Errors[f] != "" })
}
