package oscal_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"assay/internal/oscal"
	"assay/models"
	"assay/models/controltest"
	"assay/models/engagement"
	"assay/models/finding"
)

// assessed is an engagement with a test of every conclusion and one that goes on.
func assessed(t *testing.T) oscal.Assessment {
	t.Helper()
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 7, 14, 9, 0, 0, 7, zone)
	e := engagement.Engagement{Meta: models.Meta{ID: 3}, Slug: "soc2-2026", Name: "SOC 2\n2026 ", Criteria: []string{"CC6.1", "A1.2"}, PeriodStart: "2026-01-01", PeriodEnd: "2026-06-30", Zone: "America/New_York"}
	var list []controltest.Paper
	for n, c := range []controltest.Conclusion{"", controltest.Effective, controltest.Exceptions, controltest.DidNotOperate, controltest.NotTested, controltest.DesignInadequate} {
		p := controltest.Paper{Test: controltest.Test{
			Meta: models.Meta{ID: int64(n + 1)}, EngagementID: 3, Slug: e.Slug, Control: "AC-03", Status: controltest.Reviewed, Conclusion: c, Words: "Words of " + string(c) + "\n", PlannedAt: at,
			Attributes: models.List[controltest.Attribute]{{Letter: "A", Text: "x\ny", Technique: controltest.Inquiry}, {Letter: "B", Technique: controltest.Reperformance}, {Letter: "C", Technique: controltest.Inspection}},
		}}
		if c == "" {
			p.Status, p.Attributes, p.Words = controltest.Planned, nil, ""
		} else {
			p.Rounds = []controltest.Round{{ConcludedAt: &at}}
		}
		list = append(list, p)
	}
	f := finding.Case{Finding: finding.Finding{Meta: models.Meta{ID: 12}, Title: "1 of 25", Condition: "x", Status: finding.Rated, RaisedAt: at}}
	return oscal.Assessment{
		Engagement: e, Zone: zone, Tests: each(list...), Cases: each(f),
		Rounds: []engagement.Round{{Meta: models.Meta{ID: 1}, Slug: e.Slug, Kind: engagement.Interim, Name: "Walkthroughs", FromOn: "2026-04-01", ToOn: "2026-04-10"}},
	}
}

func written(t *testing.T, write func(io.Writer, oscal.Head, oscal.Assessment) error, a oscal.Assessment) string {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b, head, a); err != nil {
		t.Fatal(err)
	}
	valid(t, b.Bytes())
	return b.String()
}

func TestAnEngagementIsAValidAssessmentPlan(t *testing.T) {
	a := assessed(t)
	text := written(t, oscal.Plan, a)
	for what, want := range map[string]int{`"control-id":"cc6.1"`: 1, `"end":"2026-04-11T04:00:00Z"`: 1, `"value":"INTERVIEW"`: 5, `"title":"T-1: AC-03"`: 1} {
		if n := strings.Count(text, what); n != want {
			t.Errorf("%s is in it %d times, want %d", what, n, want)
		}
	}
	a.Tests, a.Rounds = each[controltest.Paper](), nil
	written(t, oscal.Plan, a)
}

func TestAnEngagementIsValidAssessmentResults(t *testing.T) {
	a := assessed(t)
	text := written(t, oscal.Results, a)
	for what, want := range map[string]int{
		`"methods":["INTERVIEW","TEST","EXAMINE"]`: 5, `"state":"satisfied"`: 1, `"state":"not-satisfied"`: 2, `"observation-uuid"`: 3,
		`"start":"2026-01-01T05:00:00Z"`: 1, `"end":"2026-07-01T04:00:00Z"`: 1, `"collected":"2026-07-14T13:00:00.000000007Z"`: 5, "did_not_operate": 2, "T-1": 0,
	} {
		if n := strings.Count(text, what); n != want {
			t.Errorf("%s is in it %d times, want %d", what, n, want)
		}
	}
	if again := written(t, oscal.Results, a); again != text {
		t.Error("the same data give another document")
	}
	later := head
	later.Size++
	var b bytes.Buffer
	identity, _, found := strings.Cut(text, `"metadata"`)
	if err := oscal.Results(&b, later, a); err != nil || !found || !strings.HasPrefix(b.String(), identity) {
		t.Errorf("%v: the document has another identity at another length of the log", err)
	}
	a.Tests, a.Cases = each[controltest.Paper](), each[finding.Case]()
	written(t, oscal.Results, a)
	broken := errors.New("the database is gone")
	a.Tests = func(yield func(controltest.Paper, error) bool) { yield(controltest.Paper{}, broken) }
	if err := oscal.Results(io.Discard, head, a); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}
