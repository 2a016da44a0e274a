package framework

import (
	"strings"
	"unicode"
)

// NormaliseCriterion finds the criterion that people and other tools write in
// many ways: CC6.1, cc_6_1, SOC2-CC6.1, "ISO 42001 A.6.2.4", gv.rr-4, LLM01.
// A SOC 2 point of focus (CC6.1.2) is taken for its criterion. Not found are
// headings (P1.0), other editions (LLM01:2023), and PP1.x, with which one
// published library mislabels processing integrity: it could as well be privacy.
func NormaliseCriterion(s string) (framework, code string, ok bool) {
	if len(s) > 100 {
		return "", "", false
	}
	words := spoken(s)
	ref, ok := catalog().heard(words)
	for _, p := range prefixes {
		if ok {
			break
		}
		if rest, found := strings.CutPrefix(words, p.words+" "); found {
			ref, ok = catalog().heard(rest)
			ok = ok && ref.Framework == p.framework
		}
	}
	if !ok {
		return "", "", false
	}
	return ref.Framework, ref.Code, true
}

// prefixes are the names frameworks go by in front of a code, in the form of
// spoken. One that is not listed (ISO 27001 A.8.2) makes a code of another
// framework out of a familiar one, so it is refused rather than skipped.
var prefixes = []struct{ framework, words string }{
	{SOC2, "SOC 2"},
	{SOC2, "SOC 2 TSC"},
	{SOC2, "TSC"},
	{SOC2, "TSC 2017"},
	{SOC2, "AICPA TSC"},
	{SOC2, "AICPA TSC 2017"},
	{SOC2, "CC"}, // cc_a_1_1, as Prowler writes A1.1
	{AIRMF, "AI RMF"},
	{AIRMF, "AI RMF 1 0"},
	{AIRMF, "NIST AI RMF"},
	{AIRMF, "NIST AI RMF 1 0"},
	{AIRMF, "NIST AI 100 1"},
	{ISO42001, "ISO 42001"},
	{ISO42001, "ISO 42001 2023"},
	{ISO42001, "ISO IEC 42001"},
	{ISO42001, "ISO IEC 42001 2023"},
	{ISO42001, "ISO 42001 ANNEX A"},
	{CSF, "CSF"},
	{CSF, "CSF 2 0"},
	{CSF, "NIST CSF"},
	{CSF, "NIST CSF 2 0"},
	{OWASPLLM, "OWASP"},
	{OWASPLLM, "OWASP LLM"},
}

// spoken reduces a code to its words and numbers, as one would read it aloud:
// "gv.rr-04" becomes "GV RR 4".
func spoken(s string) string {
	var words []string
	var word strings.Builder
	flush := func() {
		if word.Len() == 0 {
			return
		}
		w := word.String()
		if trimmed := strings.TrimLeft(w, "0"); trimmed != "" {
			w = trimmed
		} else {
			w = "0"
		}
		words = append(words, w)
		word.Reset()
	}
	var last rune
	for _, r := range strings.ToUpper(s) {
		letter, digit := unicode.IsLetter(r), unicode.IsDigit(r)
		if !letter && !digit || letter != unicode.IsLetter(last) {
			flush()
		}
		if letter || digit {
			word.WriteRune(r)
		}
		last = r
	}
	flush()
	return strings.Join(words, " ")
}

// heard looks spoken words up; words that go on behind a SOC 2 criterion with a
// number are a point of focus of it.
func (c *Content) heard(words string) (Ref, bool) {
	if ref, ok := c.criteriaBySpoken[words]; ok {
		return ref, true
	}
	i := strings.LastIndexByte(words, ' ')
	if i < 0 || strings.Trim(words[i+1:], "0123456789") != "" {
		return Ref{}, false
	}
	ref, ok := c.criteriaBySpoken[words[:i]]
	return ref, ok && ref.Framework == SOC2
}

func (c *Content) index(criterion Criterion) {
	ref := criterion.Ref()
	c.criteria[ref] = criterion
	c.criteriaBySpoken[spoken(ref.Code)] = ref
	// OWASP prints the edition into its codes; people leave it out.
	if code, _, found := strings.Cut(ref.Code, ":"); found {
		c.criteriaBySpoken[spoken(code)] = ref
	}
}
