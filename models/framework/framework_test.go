package framework_test

import (
	"regexp"
	"slices"
	"testing"

	"assay/models/framework"

	"github.com/google/go-cmp/cmp"
)

func TestTheCatalogHoldsEveryCriterion(t *testing.T) {
	counts := map[string]int{}
	for _, f := range framework.All() {
		counts[f.ID] = len(f.Criteria)
	}
	want := map[string]int{
		framework.SOC2: 61, framework.AIRMF: 72, framework.ISO42001: 38,
		framework.CSF: 106, framework.OWASPLLM: 10,
	}
	if diff := cmp.Diff(want, counts); diff != "" {
		t.Error(diff)
	}
}

func TestTheCatalogHoldsEveryTemplate(t *testing.T) {
	ai := 0
	for _, c := range framework.Controls() {
		if c.AI {
			ai++
		}
	}
	if n := len(framework.Controls()); n != 130 || ai != 47 {
		t.Errorf("%d templates, %d of them for AI; want 130 and 47", n, ai)
	}
	c := framework.Catalog()
	got := []int{
		len(c.Frequencies), len(c.EvidenceKinds), len(c.Groups), len(c.OwnerFunctions), len(c.Description),
		len(c.CUECs), len(c.CSOCs), len(c.AIQuestionnaire), len(c.FieldNotes), len(c.Sampling.SeenSources),
	}
	if diff := cmp.Diff([]int{9, 11, 25, 15, 9, 12, 17, 20, 9, 8}, got); diff != "" {
		t.Error(diff)
	}
}

func TestEveryCriterionBelongsToAGroupOfItsFramework(t *testing.T) {
	for _, f := range framework.All() {
		seen := 0
		for _, g := range f.Groups {
			seen += len(f.In(g.ID))
		}
		if seen != len(f.Criteria) {
			t.Errorf("%s: %d of %d criteria stand in a group", f.ID, seen, len(f.Criteria))
		}
	}
}

func TestEveryMappingNamesACriterion(t *testing.T) {
	for _, c := range framework.Controls() {
		if len(c.TSC) == 0 {
			t.Errorf("%s maps to no trust services criterion", c.Code)
		}
		for _, ref := range c.Criteria() {
			if _, ok := framework.CriterionOf(ref.Framework, ref.Code); !ok {
				t.Errorf("%s maps to %v, which does not exist", c.Code, ref)
			}
		}
	}
}

func TestExactlyTheKnownCriteriaAreUncovered(t *testing.T) {
	covered := map[framework.Ref]bool{}
	for _, c := range framework.Controls() {
		for _, ref := range c.Criteria() {
			covered[ref] = true
		}
	}
	var uncovered []string
	for _, f := range framework.All() {
		for _, c := range f.Criteria {
			if !covered[c.Ref()] {
				uncovered = append(uncovered, c.Code)
			}
		}
	}
	want := []string{"MEASURE 2.2", "MEASURE 2.12", "MEASURE 3.2", "GV.OC-01", "GV.RM-07", "GV.OV-02"}
	if diff := cmp.Diff(want, uncovered); diff != "" {
		t.Error(diff)
	}
}

func TestTemplatesUseOnlyWordsTheCatalogDefines(t *testing.T) {
	catalog := framework.Catalog()
	frequency := func(id string) bool {
		return slices.ContainsFunc(catalog.Frequencies, func(f framework.Frequency) bool { return f.ID == id })
	}
	group := func(title string) bool {
		return slices.ContainsFunc(catalog.Groups, func(g framework.ControlGroup) bool { return g.Title == title })
	}
	category := func(id string) bool {
		return slices.ContainsFunc(framework.Categories(), func(c framework.Category) bool { return c.ID == id })
	}
	for _, c := range framework.Controls() {
		if !frequency(c.Frequency) || !group(c.Category) || !category(c.PrimaryCategory) || !slices.Contains(catalog.OwnerFunctions, c.OwnerFunction) {
			t.Errorf("%s: frequency %q, category %q, primary category %q or owner %q is unknown",
				c.Code, c.Frequency, c.Category, c.PrimaryCategory, c.OwnerFunction)
		}
		if (c.Frequency == "event") != (c.EventRule != nil) {
			t.Errorf("%s: frequency %s, event rule %v", c.Code, c.Frequency, c.EventRule)
		}
		if len(c.Evidence) == 0 || len(c.DesignTests) == 0 || len(c.OperatingTests) == 0 {
			t.Errorf("%s lacks evidence or tests", c.Code)
		}
		main, _ := framework.CriterionOf(framework.SOC2, c.TSC[0])
		if main.Category != c.PrimaryCategory {
			t.Errorf("%s: primary category %s, but %s is %s", c.Code, c.PrimaryCategory, main.Code, main.Category)
		}
	}
}

func TestParametersAreTheBracketsOfTheDescriptionInOrder(t *testing.T) {
	bracket := regexp.MustCompile(`\[([^\]]*)\]`)
	for _, c := range framework.Controls() {
		var written, declared []string
		for _, m := range bracket.FindAllStringSubmatch(c.Description, -1) {
			written = append(written, m[1])
		}
		for _, p := range c.Parameters {
			declared = append(declared, p.Default)
		}
		if diff := cmp.Diff(written, declared); diff != "" {
			t.Errorf("%s: %s", c.Code, diff)
		}
	}
}

func TestScopeChoosesCriteriaAndTemplates(t *testing.T) {
	every := []string{
		framework.Security, framework.Availability, framework.Confidentiality,
		framework.ProcessingIntegrity, framework.Privacy,
	}
	for _, c := range []struct {
		name                string
		categories          []string
		criteria, templates int
	}{
		{"security is in scope even when it is not named", nil, 33, 91},
		{"naming security changes nothing", []string{framework.Security}, 33, 91},
		{"availability brings three criteria and its five controls", []string{framework.Availability}, 36, 96},
		{"privacy also brings controls that touch it beside confidentiality", []string{framework.Privacy}, 51, 112},
		{"everything in scope brings everything", every, 61, 130},
	} {
		t.Run(c.name, func(t *testing.T) {
			if n := len(framework.CriteriaFor(c.categories)); n != c.criteria {
				t.Errorf("%d criteria, want %d", n, c.criteria)
			}
			if n := len(framework.TemplatesFor(c.categories)); n != c.templates {
				t.Errorf("%d templates, want %d", n, c.templates)
			}
		})
	}
}

func BenchmarkParse(b *testing.B) {
	for b.Loop() {
		if err := framework.ParseAgain(); err != nil {
			b.Fatal(err)
		}
	}
}
