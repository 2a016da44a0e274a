package framework_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"assay/models/framework"
)

func TestNormaliseCriterion(t *testing.T) {
	for _, c := range []struct{ written, framework, code string }{
		{"CC6.1", framework.SOC2, "CC6.1"},
		{" cc6.1 ", framework.SOC2, "CC6.1"},
		{"cc_6_1", framework.SOC2, "CC6.1"},
		{"SOC2-CC6.1", framework.SOC2, "CC6.1"},
		{"SOC 2 CC 6.1", framework.SOC2, "CC6.1"},
		{"soc2-tsc/CC6.1", framework.SOC2, "CC6.1"},
		{"TSC 2017: CC6.1", framework.SOC2, "CC6.1"},
		{"CC6.1.2", framework.SOC2, "CC6.1"},
		{"A1.2", framework.SOC2, "A1.2"},
		{"A1.2.3", framework.SOC2, "A1.2"},
		{"cc_a_1_1", framework.SOC2, "A1.1"},
		{"cc_c_1_2", framework.SOC2, "C1.2"},
		{"pi_1_5", framework.SOC2, "PI1.5"},
		{"P6.7", framework.SOC2, "P6.7"},
		{"A.6.2.4", framework.ISO42001, "A.6.2.4"},
		{"ISO/IEC 42001:2023 A.10.2", framework.ISO42001, "A.10.2"},
		{"iso-42001-annex-a A.2.2", framework.ISO42001, "A.2.2"},
		{"GV.RR-04", framework.CSF, "GV.RR-04"},
		{"gv.rr-4", framework.CSF, "GV.RR-04"},
		{"NIST CSF 2.0 GV.RR-04", framework.CSF, "GV.RR-04"},
		{"GOVERN 1.6", framework.AIRMF, "GOVERN 1.6"},
		{"govern-1.6", framework.AIRMF, "GOVERN 1.6"},
		{"NIST AI RMF: MEASURE 2.10", framework.AIRMF, "MEASURE 2.10"},
		{"LLM01", framework.OWASPLLM, "LLM01:2025"},
		{"LLM1", framework.OWASPLLM, "LLM01:2025"},
		{"LLM10:2025", framework.OWASPLLM, "LLM10:2025"},
		{"OWASP LLM01:2025", framework.OWASPLLM, "LLM01:2025"},
	} {
		t.Run(c.written+" is "+c.code, func(t *testing.T) {
			f, code, ok := framework.NormaliseCriterion(c.written)
			if !ok || f != c.framework || code != c.code {
				t.Errorf("got %q %q %v, want %q %q", f, code, ok, c.framework, c.code)
			}
		})
	}
}

func TestNormaliseCriterionRefuses(t *testing.T) {
	for why, written := range map[string]string{
		"nothing":                            "",
		"a heading":                          "P1.0",
		"a group":                            "CC6",
		"a mislabelled processing integrity": "PP1.1",
		"another edition":                    "LLM01:2023",
		"another standard":                   "ISO 27001 A.8.2",
		"a code under the wrong framework":   "NIST CSF CC6.1",
		"a criterion that does not exist":    "CC6.9",
		"a deeper number outside SOC 2":      "A.6.2.4.1",
		"prose":                              "see CC6.1",
		"a very long text":                   "CC6.1" + strings.Repeat(".1", 60),
	} {
		t.Run(why, func(t *testing.T) {
			if f, code, ok := framework.NormaliseCriterion(written); ok {
				t.Errorf("%q was taken for %s %s", written, f, code)
			}
		})
	}
}

func TestEveryCodeNormalisesToItself(t *testing.T) {
	for _, f := range framework.All() {
		for _, c := range f.Criteria {
			got, code, ok := framework.NormaliseCriterion(strings.ToLower(c.Code))
			if !ok || got != f.ID || code != c.Code {
				t.Errorf("%s %s became %s %s", f.ID, c.Code, got, code)
			}
		}
	}
}

func TestEveryCriterionOfAPublishedLibraryIsFound(t *testing.T) {
	text, err := os.ReadFile("testdata/prowler__soc2_aws.json")
	if err != nil {
		t.Fatal(err)
	}
	var library struct{ Requirements []struct{ ID string } }
	if err := json.Unmarshal(text, &library); err != nil {
		t.Fatal(err)
	}
	if len(library.Requirements) != 27 {
		t.Fatalf("%d requirements, want 27", len(library.Requirements))
	}
	for _, r := range library.Requirements {
		if f, _, ok := framework.NormaliseCriterion(r.ID); !ok || f != framework.SOC2 {
			t.Errorf("%q is not found", r.ID)
		}
	}
}

func FuzzNormaliseCriterion(f *testing.F) {
	for _, seed := range []string{"CC6.1", "cc_a_1_1", "ISO 42001 A.6.2.4", "LLM01:2025", "P1.0", "\x00", "ǅ١"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, code, ok := framework.NormaliseCriterion(s)
		if _, exists := framework.CriterionOf(id, code); exists != ok {
			t.Errorf("%q became %q %q, which does not exist", s, id, code)
		}
	})
}
