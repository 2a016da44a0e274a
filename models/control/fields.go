package control

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"assay/models"
	"assay/models/framework"
)

// A field is one thing that a version says, as a person reads it in a comparison and
// as a table holds it: write and read are inverse.
type field struct {
	key     string // of the column
	label   string
	aliases []string // what other products call it
	write   func(Content) string
	read    func(*Content, string) error
}

// text is a field that is a string as it stands.
func text(key, label string, at func(*Content) *string, aliases ...string) field {
	return field{
		key, label, aliases,
		func(c Content) string { return *at(&c) },
		func(c *Content, s string) error { *at(c) = s; return nil },
	}
}

var fields = []field{
	text("title", "Title", func(c *Content) *string { return &c.Title }, "name", "control_title", "control_name", "control name"),
	text("statement", "Statement", func(c *Content) *string { return &c.Statement }, "description", "control_description", "control_statement", "activity", "control_activity"),
	{
		"criteria", "Criteria",
		[]string{"criterion", "tsc", "requirements", "requirement", "mapped_criteria", "mapped_categories", "trust_services_criteria", "controls_to_requirements"},
		func(c Content) string { return strings.Join(codesOf(c.Criteria), "; ") }, readCriteria,
	},
	text("category", "Category", func(c *Content) *string { return &c.Category }, "domain", "control_category"),
	{
		"kind", "Type",
		[]string{"type", "control_type", "control_kind", "control_kind_name"},
		func(c Content) string { return c.Kind }, func(c *Content, s string) (err error) {
			c.Kind, err = oneOf(s, "type", Kinds)
			return err
		},
	},
	{
		"nature", "Nature",
		[]string{"automation", "manual_or_automated"},
		func(c Content) string { return c.Nature }, func(c *Content, s string) (err error) {
			c.Nature, err = oneOf(s, "nature", Natures)
			return err
		},
	},
	{
		"frequency", "Frequency",
		[]string{"control_frequency", "how_often", "cadence"},
		func(c Content) string { return FrequencyLabel(c.Frequency) }, readFrequency,
	},
	{"anchor_month", "Counted from", []string{"anchor"}, writeMonth, readMonth},
	{
		"due_day", "Due on day of the month",
		nil, func(c Content) string { return number(c.DueDay) }, func(c *Content, s string) (err error) {
			c.DueDay, err = readNumber(s, "day of the month", 1, 31)
			return err
		},
	},
	{
		"grace_days", "Grace in days",
		[]string{"grace"},
		func(c Content) string {
			if c.GraceDays == nil {
				return ""
			}
			return strconv.Itoa(*c.GraceDays)
		}, func(c *Content, s string) error {
			c.GraceDays = nil
			if strings.TrimSpace(s) == "" {
				return nil
			}
			n, err := readNumber(s, "grace", 0, 180)
			c.GraceDays = &n
			return err
		},
	},
	text("event_trigger", "Trigger", func(c *Content) *string { return &c.EventTrigger }, "trigger"),
	{
		"event_direction", "Before or after the trigger", nil,
		func(c Content) string { return c.EventDirection }, func(c *Content, s string) (err error) {
			c.EventDirection, err = oneOf(s, "direction", []string{"before", "after"})
			return err
		},
	},
	{
		"event_limit", "Limit after the trigger", nil,
		func(c Content) string { return LimitLabel(c.EventLimit) }, func(c *Content, s string) (err error) {
			c.EventLimit, err = ReadLimit(s)
			return err
		},
	},
	text("owner_function", "Function that owns it", func(c *Content) *string { return &c.OwnerFunction }, "function", "department", "team"),
	text("population", "Population", func(c *Content) *string { return &c.Population }),
	{
		"evidence", "Evidence to expect",
		[]string{"expected_evidence", "example_evidence", "evidence_requests", "evidence_to_expect"},
		func(c Content) string { return strings.Join(c.Evidence, "\n") },
		func(c *Content, s string) error { c.Evidence = lines(s); return nil },
	},
	{
		"tests_design", "Tests of design",
		[]string{"design_tests"},
		func(c Content) string { return WriteTests(c.TestsDesign) }, func(c *Content, s string) error {
			c.TestsDesign = ReadTests(s)
			return nil
		},
	},
	{
		"tests_operating", "Tests of operation",
		[]string{"testing_procedures", "test_procedures", "test_procedure", "operating_tests"},
		func(c Content) string { return WriteTests(c.TestsOperating) }, func(c *Content, s string) error {
			c.TestsOperating = ReadTests(s)
			return nil
		},
	},
	{
		"ai", "Concerns AI",
		[]string{"ai_specific", "ai_control"},
		func(c Content) string { return yesNo(c.AI) }, func(c *Content, s string) error {
			v, err := oneOf(s, "AI column", []string{"yes", "no", "true", "false", "1", "0"})
			c.AI = v == "yes" || v == "true" || v == "1"
			return err
		},
	},
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func codesOf(refs []framework.Ref) []string {
	out := make([]string, len(refs))
	for i, r := range refs {
		out[i] = r.Code
	}
	return out
}

func lines(s string) models.List[string] {
	var out models.List[string]
	for l := range strings.SplitSeq(s, "\n") {
		if l = strings.TrimSpace(l); l != "" {
			out = append(out, l)
		}
	}
	return out
}

// WriteTests is a test procedure as text, a step on each line, "inspection: …".
func WriteTests(tests []framework.Test) string {
	out := make([]string, len(tests))
	for i, t := range tests {
		out[i] = t.Step
		if t.Technique != "" {
			out[i] = t.Technique + ": " + t.Step
		}
	}
	return strings.Join(out, "\n")
}

// Techniques are the ways to test, weakest first.
var Techniques = []string{"inquiry", "observation", "inspection", "reperformance"}

// ReadTests reads what WriteTests wrote. A line that names no technique has none.
func ReadTests(s string) models.List[framework.Test] {
	var out models.List[framework.Test]
	for _, l := range lines(s) {
		t := framework.Test{Step: l}
		if head, rest, ok := strings.Cut(l, ":"); ok {
			if head = strings.ToLower(strings.TrimSpace(head)); slices.Contains(Techniques, head) {
				t = framework.Test{Technique: head, Step: strings.TrimSpace(rest)}
			}
		}
		out = append(out, t)
	}
	return out
}

func oneOf(s, what string, words []string) (string, error) {
	w := strings.ToLower(strings.TrimSpace(s))
	if w == "" || slices.Contains(words, w) {
		return w, nil
	}
	return "", fmt.Errorf("The %s “%s” is none of %s.", what, s, strings.Join(words, ", ")) //nolint:revive,staticcheck // a sentence for the reader
}

// FrequencyLabel is a frequency in words.
func FrequencyLabel(id string) string {
	for _, f := range framework.Frequencies() {
		if f.ID == id {
			return f.Label
		}
	}
	return id
}

// spokenFrequencies are words of other products.
var spokenFrequencies = map[string]string{
	"yearly": "annual", "annually": "annual", "once a year": "annual",
	"half-yearly": "semiannual", "semi-annual": "semiannual", "semi-annually": "semiannual", "biannual": "semiannual", "biannually": "semiannual", "semiannually": "semiannual",
	"quarter": "quarterly", "per quarter": "quarterly", "month": "monthly", "per month": "monthly", "week": "weekly", "per week": "weekly",
	"day": "daily", "per day": "daily", "multiple times a day": "multiple_daily",
	"per event": "event", "event driven": "event", "as needed": "event", "ad hoc": "event", "ad-hoc": "event", "on demand": "event",
	"automated": "continuous", "always": "continuous", "always on": "continuous", "real-time": "continuous",
}

func readFrequency(c *Content, s string) error {
	w := strings.ToLower(strings.TrimSpace(s))
	if id, ok := spokenFrequencies[w]; ok {
		w = id
	}
	c.Frequency = ""
	if w == "" {
		return nil
	}
	var labels []string
	for _, f := range framework.Frequencies() {
		if w == f.ID || w == strings.ToLower(f.Label) {
			c.Frequency = f.ID
			return nil
		}
		labels = append(labels, f.Label)
	}
	return fmt.Errorf("The frequency “%s” is none of %s.", s, strings.Join(labels, ", ")) //nolint:revive,staticcheck // a sentence for the reader
}

func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func readNumber(s, what string, least, most int) (int, error) {
	if s = strings.TrimSpace(s); s == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < least || n > most {
		return 0, fmt.Errorf("The %s “%s” is no number from %d to %d.", what, s, least, most) //nolint:revive,staticcheck // a sentence for the reader
	}
	return n, nil
}

func writeMonth(c Content) string {
	if c.AnchorMonth == 0 {
		return ""
	}
	return time.Month(c.AnchorMonth).String()
}

func readMonth(c *Content, s string) error {
	c.AnchorMonth = 0
	s = strings.TrimSpace(s)
	if s == "" {
		return nil
	}
	n, err := strconv.Atoi(s)
	for m := 1; m <= 12; m++ {
		if err == nil && n == m || len(s) >= 3 && strings.EqualFold(s, time.Month(m).String()[:min(len(s), len(time.Month(m).String()))]) {
			c.AnchorMonth = m
			return nil
		}
	}
	return fmt.Errorf("“%s” is no month.", s) //nolint:revive,staticcheck // a sentence for the reader
}

func readCriteria(c *Content, s string) error {
	c.Criteria = nil
	var unknown []string
	for part := range strings.FieldsFuncSeq(s, func(r rune) bool { return strings.ContainsRune(";,\n|", r) }) {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		id, code, ok := framework.NormaliseCriterion(part)
		if !ok {
			unknown = append(unknown, "“"+part+"”"+suggestion(part))
			continue
		}
		if ref := (framework.Ref{Framework: id, Code: code}); !slices.Contains(c.Criteria, ref) {
			c.Criteria = append(c.Criteria, ref)
		}
	}
	c.Criteria = inOrder(c.Criteria)
	if len(unknown) > 0 {
		return fmt.Errorf("Unknown criterion: %s.", strings.Join(unknown, ", ")) //nolint:revive,staticcheck // a sentence for the reader
	}
	return nil
}

// ReadCriteria reads criteria as people write them, separated by commas, semicolons or
// lines. The error names those that do not exist, with the nearest that does.
func ReadCriteria(s string) (models.List[framework.Ref], error) {
	var c Content
	err := readCriteria(&c, s)
	return c.Criteria, err
}

// suggestion names the criterion nearest to what somebody wrote, if one is near.
func suggestion(s string) string {
	s = strings.ToUpper(strings.NewReplacer("_", "", "-", "", " ", "").Replace(s))
	best, at := "", 3
	for _, f := range framework.All() {
		for _, c := range f.Criteria {
			code := strings.NewReplacer("-", "", " ", "").Replace(c.Code)
			if d := distance(s, code, at); d < at {
				best, at = c.Code, d
			}
		}
	}
	if best == "" {
		return ""
	}
	return " (did you mean " + best + "?)"
}

// distance counts the letters to change, add or remove to make b of a, and gives up
// where that is certain to be limit or more.
func distance(a, b string, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit {
		return limit
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
