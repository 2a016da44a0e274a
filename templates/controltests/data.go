// Package controltests is how tests of controls look: the list, the plan, and the matrix of
// items and attributes with the evidence beside it.
package controltests

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"assay/models"
	"assay/models/control"
	"assay/models/controltest"
	"assay/models/engagement"
	"assay/models/people"
	"assay/models/population"
	"assay/models/sample"
	"assay/templates/ui"
)

// ListData is a page of the tests of an engagement.
type ListData struct {
	Engagement     engagement.Engagement
	Tests          []controltest.Test
	Titles         map[int64]string // of the controls
	Counts         map[controltest.Status]int
	Write          bool
	Earlier, Later string
}

// NewData is the form that plans a test.
type NewData struct {
	Engagement engagement.Engagement
	Controls   []control.Control
	Control    control.Control // the chosen one
	Segments   []controltest.Segment
	Own        bool
	Team       []engagement.Teammate
	Retests    string // the test whose failure is tested again, T-3, or ""
	Item       int64
	Letter     string
	Typed      map[string]string
	Errors     map[string]string
}

// PageData is one test.
type PageData struct {
	controltest.Paper
	Write       bool // for oneself, or for a named auditor
	Own         bool // the visitor is an auditor who does it with their own hand
	Lead        bool
	Me          int64
	Item        int64 // the one that is looked at
	Team        []engagement.Teammate
	People      map[int64]people.Person
	Populations []population.Line
	Samples     []population.Sample
	Ask         string // the form that came back
	Typed       map[string]string
	Errors      map[string]string
}

func home(e engagement.Engagement) string { return "/" + e.Path() + "/tests" }

func crumbs(e engagement.Engagement, more ...ui.Crumb) []ui.Crumb {
	return append([]ui.Crumb{{Label: e.Name, Href: "/" + e.Path()}, {Label: "Tests of controls", Href: home(e)}}, more...)
}

// state is the shape of where a test stands.
func state(t controltest.Test) ui.State {
	switch {
	case t.Conclusion == controltest.Exceptions || t.Conclusion == controltest.DesignInadequate:
		return ui.Exception
	case t.Conclusion == controltest.NotTested || t.Conclusion == controltest.DidNotOperate:
		return ui.NA
	case t.Status == controltest.Concluded:
		return ui.InReview
	case t.Status == controltest.Reviewed:
		return ui.OK
	case t.Status == controltest.Planned:
		return ui.Open
	}
	return ui.Future
}

func mark(r controltest.Result) ui.State {
	switch r.Result {
	case controltest.Pass:
		return ui.OK
	case controltest.Deviation:
		return ui.Exception
	case controltest.NotApplicable:
		return ui.NA
	}
	return ui.Open
}

func markClass(r controltest.Result) string {
	switch r.Result {
	case controltest.Pass:
		return "tm"
	case controltest.Deviation:
		return "tm tm--x"
	case controltest.NotApplicable:
	}
	return "tm tm--na"
}

func markWords(r controltest.Result) string {
	if r.Missing {
		return "Deviation: no evidence"
	}
	return r.Result.Label()
}

// rowWords is what an item showed, as the last column says it.
func (d PageData) rowWords(r controltest.Row) (ui.State, string) {
	if r.Excluded() {
		return ui.NA, "Excluded"
	}
	if failed := r.Deviates(); len(failed) > 0 {
		return ui.Exception, "Deviation, " + strings.Join(failed, " ")
	}
	for _, a := range d.Attributes {
		if r.Results[a.Letter].Result == "" {
			return ui.Open, "Not tested"
		}
	}
	return ui.OK, "No exception"
}

// selected is the item that is looked at.
func (d PageData) selected() (controltest.Row, bool) {
	i := slices.IndexFunc(d.Rows, func(r controltest.Row) bool { return r.ItemID == d.Item })
	if i < 0 {
		return controltest.Row{}, false
	}
	return d.Rows[i], true
}

// beside is the address of the item so many rows further, those excluded left out, or "".
func (d PageData) beside(step int) string {
	i := slices.IndexFunc(d.Rows, func(r controltest.Row) bool { return r.ItemID == d.Item })
	for i += step; i >= 0 && i < len(d.Rows); i += step {
		if !d.Rows[i].Excluded() {
			return d.at(d.Rows[i].ItemID)
		}
	}
	return ""
}

func (d PageData) at(item int64) string {
	return "/" + d.Path() + "?item=" + strconv.FormatInt(item, 10)
}

// number is the place of an item in the list.
func (d PageData) number(item int64) string {
	return strconv.Itoa(1 + slices.IndexFunc(d.Rows, func(r controltest.Row) bool { return r.ItemID == item }))
}

// cells are the columns that help to recognise an item, besides its key.
func (d PageData) cells(r controltest.Row) (out [][2]string) {
	for _, w := range d.Draws {
		if w.SampleID != r.SampleID {
			continue
		}
		for n, c := range r.Cells {
			if n < len(w.Columns) && c != "" && c != r.Key {
				out = append(out, [2]string{w.Columns[n], c})
			}
		}
	}
	return out
}

// current is the first attribute of the item without a result: the one that keys set.
func (d PageData) current(r controltest.Row) string {
	for _, a := range d.Attributes {
		if r.Results[a.Letter].Result == "" {
			return a.Letter
		}
	}
	if len(d.Attributes) > 0 {
		return d.Attributes[0].Letter
	}
	return ""
}

// private is the note beside a cell that only the team reads.
func (d PageData) private(item int64, letter string) string {
	for _, n := range d.NotesOf(item, letter) {
		if n.SharedAt == nil {
			return n.Text
		}
	}
	return ""
}

func (d PageData) name(id *int64) string {
	if id == nil {
		return ""
	}
	return d.People[*id].Name
}

// hand says who decided, and who brought it in if that was somebody else.
func (d PageData) hand(auditor, entered *int64) string {
	if auditor == nil || entered == nil || *auditor == *entered {
		return d.name(auditor)
	}
	return d.name(auditor) + ", brought in by " + d.name(entered)
}

// testing reports that results are being set.
func (d PageData) testing() bool {
	return d.Status == controltest.Sampled || d.Status == controltest.Testing
}

func (d PageData) input(name, label string, in ui.Input) ui.Input {
	in.Name, in.Label, in.Error = name, label, d.Errors[name]
	if d.Ask == "" || in.ID == "" {
		in.ID = "f-" + name
	}
	if v, ok := d.Typed[name]; ok {
		in.Value = v
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

func designs() []ui.Option {
	return []ui.Option{{Value: string(controltest.Adequate), Label: "Adequate"}, {Value: string(controltest.Inadequate), Label: "Inadequate: the test ends here"}}
}

func techniques() []ui.Option {
	out := make([]ui.Option, len(controltest.Techniques))
	for i, t := range controltest.Techniques {
		out[i] = ui.Option{Value: string(t), Label: t.Label()}
	}
	return out
}

func (d PageData) conclusions() []ui.Option {
	list := []controltest.Conclusion{controltest.NotTested}
	switch d.Status {
	case controltest.Testing:
		list = []controltest.Conclusion{controltest.Effective, controltest.Exceptions, controltest.NotTested}
	case controltest.PopulationLocked:
		list = []controltest.Conclusion{controltest.DidNotOperate, controltest.NotTested}
	case controltest.Planned, controltest.DesignConcluded, controltest.Sampled, controltest.Concluded, controltest.Reviewed:
	}
	out := make([]ui.Option, len(list))
	for i, c := range list {
		out[i] = ui.Option{Value: string(c), Label: c.Label()}
	}
	return out
}

func populations(list []population.Line) []ui.Option {
	var out []ui.Option
	for _, p := range list {
		out = append(out, ui.Option{Value: strconv.FormatInt(p.ID, 10), Label: fmt.Sprintf("%s %s, %s rows", p.Code(), p.Name, ui.Count(p.RowCount))})
	}
	return out
}

func samples(list []population.Sample) []ui.Option {
	var out []ui.Option
	for _, s := range list {
		words := map[sample.Method]string{sample.Random: "random", sample.Systematic: "systematic", sample.Monetary: "monetary unit", sample.Full: "full population", sample.Judgemental: "judgemental"}[s.Method]
		out = append(out, ui.Option{Value: strconv.FormatInt(s.ID, 10), Label: fmt.Sprintf("%s of P-%d, %s, drawn %s", s.Code(), s.PopulationID, words, s.DrawnAt.UTC().Format("2 Jan 15:04"))})
	}
	return out
}

// stage is one step of a test, as the row of steps shows it.
type stage struct {
	label, words string
	done, here   bool
}

func (d PageData) stages() []stage {
	t := d.Tally()
	at := slices.Index(controltest.Statuses, d.Status)
	over := d.Status == controltest.Concluded || d.Status == controltest.Reviewed
	selected := d.SampledAt != nil
	return []stage{
		{"Design", d.Design.Label(), d.Design != "", d.Status == controltest.Planned},
		{"Population", d.populationWords(), d.PopulationID != nil || d.Automated && selected, d.Status == controltest.DesignConcluded},
		{"Sample", d.sampleWords(), selected, d.Status == controltest.PopulationLocked},
		{"Test", fmt.Sprintf("%d of %d done, %d with deviation", t.Done, t.Items, t.Deviating), over && selected, at >= 3 && !over},
		{"Conclude", d.concludeWords(), d.Status == controltest.Reviewed, d.Status == controltest.Concluded},
	}
}

// omittedRows are those from whose omission exceptions were raised, by key.
func (d PageData) omittedRows() []controltest.Gone {
	return slices.SortedFunc(maps.Keys(d.Omitted), func(a, b controltest.Gone) int {
		return cmp.Or(cmp.Compare(a.PopulationID, b.PopulationID), cmp.Compare(a.Key, b.Key))
	})
}

func (d PageData) populationWords() string {
	switch {
	case d.PopulationID != nil:
		return fmt.Sprintf("P-%d", *d.PopulationID)
	case d.Automated:
		return "One configuration"
	}
	return "Not accepted"
}

func (d PageData) sampleWords() string {
	switch live := d.Live(); {
	case d.SampledAt == nil:
		return "Not drawn"
	case d.Automated && len(live) == 0:
		return "Test of one"
	}
	return models.Plural(d.Tally().Items, "item")
}

func (d PageData) concludeWords() string {
	if d.Conclusion == "" {
		return "Open"
	}
	return d.Conclusion.Label()
}

func segmentWords(s controltest.Segment) string {
	if s.Of < 2 {
		return s.Label()
	}
	return fmt.Sprintf("%s, segment %d of %d", s.Label(), s.Number, s.Of)
}

func lower(s string) string { return strings.ToLower(s) }

// lastShown is the evidence linked last that has a file to look at, or nil.
func lastShown(list []controltest.LinkedProof) *controltest.LinkedProof {
	for i := range slices.Backward(list) {
		if list[i].ShownFile != 0 {
			return &list[i]
		}
	}
	return nil
}

func previewOf(p controltest.LinkedProof) string {
	return fmt.Sprintf("/evidence/%s/files/%d/preview", p.Code(), p.ShownFile)
}

// days are those of the segment that are tested, when it is not all of them.
func (d PageData) days() string {
	switch {
	case d.ToDay == "":
		return "from " + string(d.FromDay)
	case d.FromDay == "":
		return "to " + string(d.ToDay)
	}
	return string(d.FromDay) + " to " + string(d.ToDay)
}
