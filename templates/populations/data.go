// Package populations is how the lists look that auditors sample from, and the samples.
package populations

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"assay/models/activity"
	"assay/models/controltest"
	"assay/models/engagement"
	"assay/models/finding"
	"assay/models/framework"
	"assay/models/people"
	"assay/models/period"
	"assay/models/population"
	"assay/models/sample"
	"assay/models/upload"
	"assay/templates/ui"
)

// ListData is the populations of an engagement.
type ListData struct {
	Engagement  engagement.Engagement
	Populations []population.Line
}

// FormData is the form of a new population, or of the next version of one.
type FormData struct {
	Engagement engagement.Engagement
	Before     population.Population // the version it follows
	Kept       upload.Upload         // the list that was sent before
	Columns    []string              // of it
	Typed      map[string]string
	Errors     map[string]string
}

// Suggest fills in what usually stays the same from one version to the next.
func (d *FormData) Suggest(p population.Population) {
	for field, value := range map[string]string{
		"name": p.Name, "system": p.System, "environment": p.Environment, "query": p.Query, "extractor": p.Extractor, "key": p.KeyColumn, "when": p.WhenColumn, "dates": string(p.DateOrder),
	} {
		d.Typed[field] = value
	}
}

// PageData is one population.
type PageData struct {
	Engagement engagement.Engagement
	Population population.Population
	Interim    bool
	Manage     bool // bring in, prove, lock
	Select     bool // accept the record and draw, for oneself or for a named auditor
	Own        bool // the visitor is an auditor who does it with their own hand
	Acceptance population.Acceptance
	Accepted   bool
	Samples    []population.Sample
	Before     population.Population
	Follows    bool // it follows Before
	Next       population.Population
	Replaced   bool // Next replaces it
	Team       []engagement.Teammate
	People     map[int64]people.Person
	Proposed   Proposal
	Resting    []controltest.Test // that took this version or the one before, if it lacked rows
	Omitted    map[string]int64   // the exceptions that were raised from those rows
	Feed       []activity.Entry
	Typed      map[string]string
	Errors     map[string]string
}

// A Proposal is how many items the table of the engagement would test. Without a frequency
// there is none: the control is not the visitor's to see.
type Proposal struct {
	Frequency string
	Sizes     [3]int // by risk
	Table     population.SizeTable
}

// why says what the proposal follows from.
func (p Proposal) why(of population.Population) string {
	table := "Assay's defaults, which nobody changed for this engagement."
	if !p.Table.Default() {
		table = "the table of this engagement: " + p.Table.Reason
	}
	return fmt.Sprintf("Frequency of %s: %s. The list has %s rows, and the size is never more than that. It follows %s", of.Control, strings.ToLower(frequencyWord(p.Frequency)), count(of.RowCount), table)
}

func frequencyWord(id string) string {
	for _, f := range framework.Frequencies() {
		if f.ID == id {
			return f.Label
		}
	}
	return id
}

// A figure is what an exact formula gives.
type figure struct {
	label       string
	large, here int
}

func figuresOf(p population.Population) []figure {
	var out []figure
	for _, plan := range []struct {
		label                 string
		confidence, tolerable int64
	}{{"90 %, 10 %", 90, 10}, {"90 %, 5 %", 90, 5}, {"95 %, 10 %", 95, 10}, {"95 %, 5 %", 95, 5}} {
		of := sample.Plan{Confidence: sample.Percent(plan.confidence), Tolerable: sample.Percent(plan.tolerable)}
		large, err := of.Size()
		if err != nil {
			return nil
		}
		here, err := of.SizeOf(int(p.RowCount))
		if err != nil {
			return nil
		}
		out = append(out, figure{plan.label, large, here})
	}
	return out
}

// SampleData is one sample.
type SampleData struct {
	Engagement engagement.Engagement
	Population population.Population
	Selection  population.Selection
	Manage     bool
	Own        bool // the visitor is an auditor who does it with their own hand
	Team       []engagement.Teammate
	People     map[int64]people.Person
	Feed       []activity.Entry
	Typed      map[string]string
	Errors     map[string]string
}

func crumbs(e engagement.Engagement, more ...ui.Crumb) []ui.Crumb {
	return append([]ui.Crumb{{Label: e.Name, Href: "/" + e.Path()}, {Label: "Populations", Href: home(e)}}, more...)
}

func home(e engagement.Engagement) string { return "/" + e.Path() + "/populations" }

func state(s population.Status) ui.State {
	if s == population.Locked {
		return ui.OK
	}
	return ui.Open
}

func count(n int64) string { return ui.Count(n) }

// input fills an input with what was typed and what is wrong with it.
func input(typed, errs map[string]string, name, label string, in ui.Input) ui.Input {
	in.Name, in.Label, in.Error = name, label, errs[name]
	if typed[name] != "" || in.Value == "" {
		in.Value = typed[name]
	}
	return in
}

func team(members []engagement.Teammate) []ui.Option {
	var out []ui.Option
	for _, m := range engagement.ReadersOf(members) {
		out = append(out, ui.Option{Value: strconv.FormatInt(m.PersonID, 10), Label: m.Person.Name})
	}
	return out
}

func months(list []sample.Month) string {
	var out []string
	for _, m := range list {
		out = append(out, month(m.First))
	}
	return strings.Join(out, ", ")
}

func month(d period.Day) string { return string(d.Date())[:7] }

func gaps(s sample.Sequence) string {
	var out []string
	for _, g := range s.Gaps {
		if g.From == g.To {
			out = append(out, strconv.FormatUint(g.From, 10))
		} else {
			out = append(out, fmt.Sprintf("%d to %d", g.From, g.To))
		}
	}
	text := strings.Join(out, ", ")
	if len(s.Gaps) == 10 {
		text += " …"
	}
	return text
}

// exampleWords are the first few of what was noted.
func exampleWords(n sample.Noted) string {
	text := strings.Join(n.Examples, "; ")
	if n.Count > len(n.Examples) {
		text += " …"
	}
	return text
}

// traced says how many of those followed held.
func traced(list []population.Trace) string {
	held := 0
	for _, t := range list {
		if t.Held {
			held++
		}
	}
	return fmt.Sprintf("%d of %d held", held, len(list))
}

// keysOf are the keys of traces, a line each, as the form takes them back.
func keysOf(list []population.Trace, failed bool) string {
	var out []string
	for _, t := range list {
		if !failed || !t.Held {
			out = append(out, t.Key)
		}
	}
	return strings.Join(out, "\n")
}

var methodWords = map[sample.Method]string{
	sample.Random:      "Random, by rank",
	sample.Systematic:  "Systematic, from a seeded start",
	sample.Monetary:    "Monetary unit, from a seeded start",
	sample.Full:        "Full population",
	sample.Judgemental: "Judgemental: non-statistical, and not projected",
}

func methods() []ui.Option {
	out := make([]ui.Option, len(sample.Methods))
	for i, m := range sample.Methods {
		out[i] = ui.Option{Value: string(m), Label: methodWords[m]}
	}
	return out
}

func origins() []ui.Option {
	out := make([]ui.Option, len(population.Origins))
	for i, o := range population.Origins {
		out[i] = ui.Option{Value: string(o), Label: o.Label()}
	}
	return out
}

func classes() []ui.Option {
	var out []ui.Option
	for _, c := range population.Classes {
		out = append(out, ui.Option{Value: string(c), Label: c.Label()})
	}
	return out
}

// redrawable are the samples that can be drawn again.
func redrawable(list []population.Sample) []ui.Option {
	again := map[int64]bool{}
	for _, s := range list {
		if s.RedrawsID != nil {
			again[*s.RedrawsID] = true
		}
	}
	var out []ui.Option
	for _, s := range list {
		if !again[s.ID] {
			out = append(out, ui.Option{Value: s.Code(), Label: s.Code() + ", " + methodWords[s.Method]})
		}
	}
	return out
}

// strata are those of the sample, in order; one without a name where there are none.
func (d SampleData) strata() []string {
	var out []string
	for _, i := range d.Selection.Items {
		if !slices.Contains(out, i.Stratum) {
			out = append(out, i.Stratum)
		}
	}
	return out
}

// recipe repeats one stratum with coreutils.
func (d SampleData) recipe(stratum string) []string {
	r := sample.Recipe{
		Draw: sample.Draw{Population: d.Population.TextDigest, Seed: d.Selection.Seed}, Text: "population.txt", Stratum: stratum, Size: d.listed(stratum),
	}
	if d.stratified() {
		r.Keys = "keys.txt"
	}
	return r.Lines()
}

// listed is how many items of a stratum stand in the sample, those excluded included.
func (d SampleData) listed(stratum string) int {
	n := 0
	for _, i := range d.Selection.Items {
		if i.Stratum == stratum {
			n++
		}
	}
	return n
}

// longest is the number of items of the stratum that has most, those excluded included:
// what a command has to ask for to see them all.
func (d SampleData) longest() int {
	n := d.Selection.Target()
	for _, stratum := range d.strata() {
		n = max(n, d.listed(stratum))
	}
	return n
}

// stratified reports whether the items have strata.
func (d SampleData) stratified() bool {
	return d.Selection.Stratum != "" || d.Selection.SinceID != nil
}

// stratumName is what strata are values of.
func (d SampleData) stratumName() string {
	if d.Selection.Stratum != "" {
		return d.Selection.Stratum
	}
	return "Stratum"
}

// candidate is the form of a finding about what the version before lacked.
func (d PageData) candidate() string {
	c := d.Population.Change.V.Added
	q := url.Values{
		"control": {d.Population.Control}, "source": {string(finding.FromAudit)}, "engagement": {strconv.FormatInt(d.Engagement.ID, 10)},
		"title": {fmt.Sprintf("The population of %s was not complete", d.Population.Control)},
		"condition": {fmt.Sprintf("%s (%s) lacked %d rows that version %d has: %s. What was said: %s",
			d.Before.Code(), d.Before.Name, c.Count, d.Population.Version, exampleWords(c), d.Population.ChangeNote)},
	}
	return "/findings/new?" + q.Encode()
}

func (d SampleData) keysHref(stratum string) string {
	return "/" + d.Selection.Path() + "/keys?stratum=" + url.QueryEscape(stratum)
}

// command is the line of assay sample that repeats the draw.
func (d SampleData) command() string {
	args := []string{"assay sample", "-population", word(d.Population.FileName), "-key", word(d.Population.KeyColumn), "-seed", word(d.Selection.Seed), "-n", strconv.Itoa(d.longest())}
	if d.Selection.Stratum != "" {
		args = append(args, "-strata", word(d.Selection.Stratum))
	}
	return strings.Join(args, " ")
}

// word is text as one word of a shell.
func word(text string) string {
	if text != "" && !strings.ContainsFunc(text, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("-_.", r)
	}) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// handWords say who decided, and who brought it in if that was somebody else.
func (d SampleData) handWords(auditor, by int64) string {
	if auditor == by {
		return d.People[auditor].Name
	}
	return d.People[auditor].Name + ", brought in by " + d.People[by].Name
}

// exclusion is why an item does not count, if it does not.
func (d SampleData) exclusion(i population.Item) (population.Exclusion, bool) {
	for _, x := range d.Selection.Exclusions {
		if x.ItemID == i.ID {
			return x, true
		}
	}
	return population.Exclusion{}, false
}

// counting are the items that count.
func (d SampleData) counting() int { return len(d.Selection.Items) - len(d.Selection.Exclusions) }

// A limit is what so many deviations would say of the population.
type limit struct {
	Deviations int
	Rate       string
	Most       int
}

// limits are computed for a random sample without strata, at 90 % confidence.
func (d SampleData) limits() []limit {
	n := d.counting()
	if d.Selection.Method != sample.Random || d.stratified() || n == 0 {
		return nil
	}
	var out []limit
	for deviations := range min(4, n+1) {
		rate, err := sample.UpperLimit(n, deviations, sample.Percent(90))
		if err != nil {
			return nil
		}
		most, err := sample.UpperLimitOf(int(d.Population.RowCount), n, deviations, sample.Percent(90))
		if err != nil {
			return nil
		}
		out = append(out, limit{deviations, rate.String(), most})
	}
	return out
}

// itemOptions are the items that can be excluded.
func (d SampleData) itemOptions() []ui.Option {
	var out []ui.Option
	for _, i := range d.Selection.Items {
		if _, gone := d.exclusion(i); !gone {
			out = append(out, ui.Option{Value: strconv.FormatInt(i.ID, 10), Label: i.Key})
		}
	}
	return out
}
