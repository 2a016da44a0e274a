package oscal_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"assay/internal/oscal"
	"assay/models"
	"assay/models/control"
	"assay/models/finding"
	"assay/models/framework"
)

var head = oscal.Head{Base: "https://assay.example.com", Company: "Halyard\nAI", At: time.Date(2026, 3, 1, 9, 30, 0, 5, time.UTC), Size: 4711}

// valid holds a document against the official schema, and returns it parsed.
func valid(t *testing.T, document []byte) map[string]any {
	t.Helper()
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	schema, err := jsonschema.UnmarshalJSON(bytes.NewReader(file(t, "oscal_complete_schema-1-2-2.json")))
	if err != nil {
		t.Fatal(err)
	}
	if err := compiler.AddResource("oscal.json", schema); err != nil {
		t.Fatal(err)
	}
	compiled, err := compiler.Compile("oscal.json")
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(document))
	if err != nil {
		t.Fatalf("%v in\n%s", err, document)
	}
	if err := compiled.Validate(parsed); err != nil {
		t.Fatalf("%v\n%s", err, document)
	}
	return parsed.(map[string]any)
}

func TestTheSchemaTellsWrongFromRight(t *testing.T) {
	valid(t, file(t, "basic-catalog.json"))
	valid(t, file(t, "example-component.json"))
}

func TestEveryFrameworkIsAValidCatalog(t *testing.T) {
	for _, f := range framework.All() {
		var b bytes.Buffer
		if err := oscal.Catalog(&b, head, f); err != nil {
			t.Fatal(err)
		}
		valid(t, b.Bytes())
		r, err := oscal.Read(b.Bytes(), 1000)
		if err != nil || len(r.Rows) != len(f.Criteria) {
			t.Errorf("%s: %d of %d criteria come back, %v", f.ID, len(r.Rows), len(f.Criteria), err)
		}
	}
}

func described(code, title string, criteria ...framework.Ref) control.Described {
	var d control.Described
	d.Code = code
	d.Version = control.Version{Number: 2, Status: control.Effective, EffectiveFrom: "2026-01-01", Content: control.Content{
		Title: title, Statement: "Accounts are reviewed.\n\nAnd <pruned> & \"logged\".", Category: "access", Kind: "detective", Nature: "manual",
		Frequency: "monthly", OwnerFunction: "IT", Criteria: criteria,
	}}
	return d
}

func each[T any](list ...T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, v := range list {
			if !yield(v, nil) {
				return
			}
		}
	}
}

func TestControlsAreAValidComponentDefinition(t *testing.T) {
	everything := described("AC-03", "  Access\nreview ")
	for _, f := range framework.All() {
		everything.Version.Criteria = append(everything.Version.Criteria, f.Criteria[0].Ref(), f.Criteria[len(f.Criteria)-1].Ref())
	}
	bare := control.Described{}
	bare.Code, bare.Version.Number, bare.Version.Status = "9.X_1", 1, control.Draft
	for name, list := range map[string][]control.Described{"none": nil, "bare": {bare}, "all": {everything, bare}} {
		var b bytes.Buffer
		if err := oscal.Components(&b, head, each(list...)); err != nil {
			t.Fatal(err)
		}
		valid(t, b.Bytes())
		if name != "all" {
			continue
		}
		r, err := oscal.Read(b.Bytes(), 10)
		if err != nil || len(r.Rows) != 2 {
			t.Fatalf("%v, %v", r.Rows, err)
		}
		codes := strings.Join(codesOf(everything.Version.Criteria), "; ")
		want := []string{"AC-03", "Access review", everything.Version.Statement, codes, "access", "detective", "manual", "monthly", "IT", "no"}
		if got := strings.Join(r.Rows[0], "\t"); got != strings.Join(want, "\t") {
			t.Errorf("it comes back as\n%q", r.Rows[0])
		}
	}
}

func codesOf(refs []framework.Ref) []string {
	out := make([]string, len(refs))
	for i, r := range refs {
		out[i] = r.Code
	}
	return out
}

func TestTheSameRecordHasTheSameUUID(t *testing.T) {
	write := func(h oscal.Head) string {
		var b bytes.Buffer
		if err := oscal.Components(&b, h, each(described("AC-03", "Access review", framework.Ref{Framework: framework.SOC2, Code: "CC6.1"}))); err != nil {
			t.Fatal(err)
		}
		var doc struct {
			Definition struct {
				UUID       string
				Components []struct{ UUID string }
			} `json:"component-definition"`
		}
		if err := json.Unmarshal(b.Bytes(), &doc); err != nil {
			t.Fatal(err)
		}
		return doc.Definition.UUID + " " + doc.Definition.Components[0].UUID
	}
	later, elsewhere := head, head
	later.Size, elsewhere.Base = 4712, "https://other.example.com"
	first, second, third := strings.Fields(write(head)), strings.Fields(write(later)), strings.Fields(write(elsewhere))
	if first[1] != second[1] || first[0] == second[0] || first[1] == third[1] || write(head) != strings.Join(first, " ") {
		t.Errorf("%v %v %v", first, second, third)
	}
}

func TestFindingsAreAValidPlanOfAction(t *testing.T) {
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	at := head.At
	var cases []finding.Case
	for i, s := range finding.Statuses {
		c := finding.Case{Finding: finding.Finding{
			Meta: models.Meta{ID: int64(i + 1)}, Title: "Accounts of leavers\nstay open", Condition: "Two of 25.", Severity: finding.Severity("high"),
			Status: s, Cycle: 1, DueOn: "2026-03-31", Source: finding.Source("audit"),
		}}
		c.Cycles = []finding.Cycle{{FindingID: c.ID, Number: 1, OpenedAt: at}, {FindingID: c.ID, Number: 2, OpenedAt: at, ClosedAt: &at, Outcome: finding.ClosedVerified, Reason: "Again."}}
		c.Plans = []finding.Plan{{Meta: models.Meta{ID: 7}, FindingID: c.ID, Cycle: 1, Summary: "Automate.", DueOn: "2026-03-31", OriginalDueOn: "2026-03-15", CreatedAt: at}}
		c.Milestones = []finding.Milestone{
			{Meta: models.Meta{ID: 1}, FindingID: c.ID, PlanID: 7, Title: "First", DueOn: "2026-03-10"},
			{Meta: models.Meta{ID: 2}, FindingID: c.ID, PlanID: 7, Title: " ", DueOn: "2025-01-01"}, // before the plan was made
		}
		cases = append(cases, c)
	}
	var b bytes.Buffer
	if err := oscal.Actions(&b, head, zone, each(cases...)); err != nil {
		t.Fatal(err)
	}
	valid(t, b.Bytes())
	for _, want := range []string{`"deadline":"2026-04-01T04:00:00Z"`, `"end":"2026-03-11T04:00:00Z"`, `"status":"deviation-approved"`} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%s is not in it", want)
		}
	}
	if n := strings.Count(b.String(), `"within-date-range"`); n != len(cases) {
		t.Errorf("%d milestones lie in a range, want %d", n, len(cases))
	}
	if err := oscal.Actions(&b, head, zone, each[finding.Case]()); !errors.Is(err, oscal.ErrEmpty) {
		t.Errorf("of nothing: %v", err)
	}
}

func TestAFailureEndsTheDocument(t *testing.T) {
	broken := errors.New("the database is gone")
	fails := func(yield func(control.Described, error) bool) {
		_ = yield(described("AC-03", "x"), nil) && yield(control.Described{}, broken)
	}
	var b bytes.Buffer
	if err := oscal.Components(&b, head, fails); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
	if json.Valid(b.Bytes()) {
		t.Error("half a document looks whole")
	}
}
