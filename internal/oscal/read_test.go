package oscal_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"assay/internal/oscal"
)

func file(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestDocumentsOfOthersAreRead: published documents, some of which break the schema, give
// rows.
func TestDocumentsOfOthersAreRead(t *testing.T) {
	for name, want := range map[string]struct {
		rows   int
		header string
		id     string   // of a row
		holds  []string // in its cells
		notes  string
	}{
		"basic-catalog.json": {
			4, "id title statement", "S1.1.1",
			[]string{"Information security roles and responsibilities", "[initiating a device lock after [a duration] of inactivity or requiring"},
			"OSCAL 1.1.2, catalog: Sample Security Catalog",
		},
		"ai-rmf-catalog.json":       {466, "id title statement", "GV-1.1-003", []string{"Disclose use of GAI to end users."}, "titles are longer than 200 characters and are cut: "},
		"ai-platform.json":          {104, "id title statement", "MP-2.3-001", []string{"ai_platform, MP-2.3-001"}, "component definition: AI Platform"},
		"example-component.json":    {3, "id title statement", "SC-8", []string{"MongoDB, sc-8", "MongoDB implements TLS 1.x to protect the [", "at the statement level.\nMongoDB"}, "MongoDB Component Definition"},
		"trestle-comp-def.json":     {12, "id title statement", "AC-2.1", []string{"OSCO, ac-2.1"}, "OSCAL 1.0.2"},
		"invalid-missing-uuid.json": {1, "id title", "AC-1", []string{"A policy"}, "without a title"},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := oscal.Read(file(t, name), 5000)
			if err != nil {
				t.Fatal(err)
			}
			if len(r.Rows) != want.rows || strings.Join(r.Header, " ") != want.header || len(r.Lines) != len(r.Rows) {
				t.Errorf("%d rows, %d lines, columns %v", len(r.Rows), len(r.Lines), r.Header)
			}
			at := slices.IndexFunc(r.Rows, func(row []string) bool { return row[0] == want.id })
			if at < 0 {
				t.Fatalf("no row %s among %q", want.id, r.Rows[:min(5, len(r.Rows))])
			}
			for _, text := range want.holds {
				if !strings.Contains(strings.Join(r.Rows[at], "\t"), text) {
					t.Errorf("%q does not hold %q", r.Rows[at], text)
				}
			}
			if notes := strings.Join(r.Notes, "\n"); !strings.Contains(notes, want.notes) {
				t.Errorf("notes %q", notes)
			}
			for _, row := range r.Rows {
				if len(row) != len(r.Header) || len([]rune(row[1])) > 200 || strings.Contains(strings.Join(row, ""), "{{") {
					t.Errorf("row %q", row)
				}
			}
		})
	}
}

func TestWithdrawnControlsAreLeftOutAndNamed(t *testing.T) {
	r, err := oscal.Read([]byte(`{"catalog":{"metadata":{"title":"T","oscal-version":"1.2.2"},"groups":[{"groups":[{"controls":[
		{"id":"ac-1","title":"Kept","parts":[{"name":"statement","parts":[{"prose":"first","props":[{"name":"label","value":"a."}]},{"prose":"second","parts":[{"prose":"within"}]}]},{"name":"guidance","prose":"not read"}]},
		{"id":"ac-2","title":"Gone","props":[{"name":"status","value":"Withdrawn"}]},
		{"id":"cc6.1","title":"Known"}]}]}]}}`), 10)
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprintf("%q", r.Rows); got != `[["AC-1" "Kept" "a. first\nsecond\n  within" ""] ["CC6.1" "Known" "" "CC6.1"]]` {
		t.Errorf("rows %s", got)
	}
	if got := strings.Join(r.Notes, "\n"); !strings.Contains(got, "1 withdrawn and left out: ac-2.") {
		t.Errorf("notes %q", got)
	}
}

func TestWhatIsNoDocumentIsRefused(t *testing.T) {
	for sent, want := range map[string]string{
		`{"catalog":`:                                                                   "cannot be read",
		"{\n\n\"catalog\": {]}":                                                         "line 3",
		`{"Framework":"SOC2"}`:                                                          "neither an OSCAL catalog nor",
		`{"catalog":{"metadata":{}}}`:                                                   "holds no control",
		`{"catalog":{"controls":"many"}}`:                                               "“controls” is a string",
		`{"catalog":null,"profile":{}}`:                                                 "neither",
		`{"component-definition":{"components":[{"title":"x"}]}}`:                       "holds no control",
		`{"catalog":{"controls":[{"id":"a"},{"id":"b"},{"id":"c"}]}}`:                   "holds 3 controls; an import takes 2",
		`{"catalog":{"controls":` + strings.Repeat(`[{"controls":`, 9000) + `1`:         "cannot be read",
		`{"catalog":{"controls":[{"params":[{"id":"p","select":{"choice":["{{"]}}]}]}}`: "",
	} {
		_, err := oscal.Read([]byte(sent), 2)
		if want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%.80s: %v, want %q", sent, err, want)
		}
	}
}

func FuzzReadNeverPanics(f *testing.F) {
	for _, name := range []string{"basic-catalog.json", "example-component.json", "invalid-missing-uuid.json"} {
		b, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := oscal.Read(b, 100)
		if err != nil && err.Error() == "" {
			t.Error("refused without a sentence")
		}
		for _, row := range r.Rows {
			if len(row) != len(r.Header) {
				t.Errorf("%d cells under %d columns", len(row), len(r.Header))
			}
		}
	})
}
