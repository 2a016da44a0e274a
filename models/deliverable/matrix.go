package deliverable

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"assay/models"
	"assay/models/control"
	"assay/models/controltest"
	"assay/models/engagement"
	"assay/models/framework"
	"assay/models/sample"
)

// A Line is one row of section IV: a criterion, a segment of a control that helps to meet
// it, what was tested, and the result in the words of the report.
type Line struct {
	Criterion string
	Control   string
	Title     string
	Segment   string // which versions, from when to when
	Test      string // T-4, or "" while there is none
	Path      string
	Procedure string
	Status    string
	Result    string
	Deviates  bool // the words name exceptions or a design that is inadequate
}

// Columns are the names of Cells.
var Columns = []string{"Criterion", "Control", "Title", "Segment", "Test", "Tests performed", "State", "Result"}

// Cells are l as a row of a file.
func (l Line) Cells() []string {
	return []string{l.Criterion, l.Control, l.Title, l.Segment, l.Test, l.Procedure, l.Status, l.Result}
}

// helped says that a version of a control helped to meet a criterion in the period.
type helped struct {
	Code      string // of the criterion
	ControlID int64
	Control   string
	Number    int
}

// Matrix is section IV of an engagement as far as it stands, by criterion and control: of
// these criteria, or with none of all in scope. Every segment of a control is a line of its
// own, by what its versions said in the period and whatever they became later. One that
// nobody tests yet is in it, and says so.
func Matrix(ctx context.Context, tx *models.Tx, e engagement.Engagement, criteria ...string) ([]Line, error) {
	if len(criteria) == 0 {
		criteria = e.Criteria
	}
	var list []helped
	segments, err := controltest.SegmentsAt(ctx, tx, e, criteria, helping(tx, e, criteria, &list))
	if err != nil {
		return nil, err
	}
	tests := map[int64][]controltest.Paper{}
	for p, err := range controltest.All(ctx, tx, e) {
		if err != nil {
			return nil, err
		}
		tests[p.ControlID] = append(tests[p.ControlID], p)
	}
	var out []Line
	for _, code := range criteria {
		before := len(out)
		var shown controltest.Segment // a segment of several versions is one line
		for _, h := range list {
			at := slices.IndexFunc(segments[h.ControlID], func(s controltest.Segment) bool { return s.First <= h.Number && h.Number <= s.Last })
			if h.Code != code || at < 0 || segments[h.ControlID][at] == shown {
				continue
			}
			shown = segments[h.ControlID][at]
			out = append(out, h.lines(shown, tests[h.ControlID], untested(tx, e))...)
		}
		if len(out) == before {
			out = append(out, Line{Criterion: code, Status: "No control", Result: "No control of the company helps to meet this criterion."})
		}
	}
	return out, nil
}

// helping reads the versions that helped to meet these criteria in the period of e, by
// control, as far as the actor may see them.
func helping(tx *models.Tx, e engagement.Engagement, criteria []string, into *[]helped) models.Reading {
	query := `SELECT vc.code, vc.control_id, control_versions.code AS control, control_versions.number FROM version_criteria vc
		JOIN control_versions ON control_versions.id = vc.version_id WHERE vc.framework = ? AND vc.code IN ? AND vc.begun
		AND vc.effective_from <= ? AND (vc.effective_to = '' OR vc.effective_to >= ?)`
	args := []any{framework.SOC2, append([]string{""}, criteria...), e.PeriodEnd, e.PeriodStart}
	if cond, more := (control.Version{}).VisibleTo(tx.Actor); cond != "" {
		query, args = query+" AND "+cond, append(args, more...)
	}
	return models.RawInto(into, "control, number", query, args...)
}

// untested is what is said of a control without a test that the actor may see. As long as
// there is fieldwork the company sees only what the auditors shared.
func untested(tx *models.Tx, e engagement.Engagement) string {
	if tx.Actor.Company() && (e.Status.ScopeOpen() || e.Status == engagement.Fieldwork) {
		return "The auditors have shared no test of it yet."
	}
	return "Not tested."
}

// lines are those of one segment: a test of it, each retest and each configuration, or that
// there is none.
func (h helped) lines(s controltest.Segment, tests []controltest.Paper, untested string) (out []Line) {
	line := Line{Criterion: h.Code, Control: h.Control, Title: s.Title, Segment: fmt.Sprintf("%s, %s to %s", s.Label(), s.From, s.To), Status: "No test", Result: untested}
	for _, p := range tests {
		if p.FirstVersion < s.First || p.FirstVersion > s.Last {
			continue
		}
		l := line
		l.Test, l.Path, l.Status, l.Procedure, l.Result = p.Code(), p.Path(), p.Status.Label(), procedure(p), result(p)
		l.Deviates = p.Conclusion == controltest.Exceptions || p.Conclusion == controltest.DesignInadequate
		out = append(out, l)
	}
	if len(out) == 0 {
		out = append(out, line)
	}
	return out
}

// result is the conclusion in the words of the report, once there is one. It is the
// auditor's; nothing is computed from results.
func result(p controltest.Paper) string {
	if !p.Status.Done() || p.Words == "" {
		return "Not concluded yet."
	}
	return p.Words + "."
}

// procedure says what was done, and on what.
func procedure(p controltest.Paper) string {
	var parts []string
	for _, a := range p.Attributes {
		parts = append(parts, fmt.Sprintf("%s (%s): %s", a.Letter, strings.ToLower(a.Technique.Label()), strings.TrimSuffix(a.Text, ".")))
	}
	for _, d := range p.Live() {
		if d.SampleID == 0 {
			continue
		}
		of := fmt.Sprintf("%s, %d items from %s", d.Name, d.RowCount, d.System)
		if d.Method == sample.Full {
			parts = append(parts, "All of the population: "+of)
			continue
		}
		parts = append(parts, fmt.Sprintf("%d selected (%s) from the population: %s", selected(p, d.SampleID), d.Method, of))
	}
	if len(parts) == 0 {
		return "Nothing fixed yet."
	}
	return strings.Join(parts, ". ") + "."
}

func selected(p controltest.Paper, draw int64) (n int) {
	for _, r := range p.Rows {
		if r.SampleID == draw && !r.Excluded() {
			n++
		}
	}
	return n
}

// Groups are the groups of criteria in scope, such as CC6, each with its codes.
func Groups(e engagement.Engagement) (names []string, codes map[string][]string) {
	codes = map[string][]string{}
	for _, code := range e.Criteria {
		name, _, _ := strings.Cut(code, ".")
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
		codes[name] = append(codes[name], code)
	}
	return names, codes
}

// A Step is something that still blocks the issue of the report, or that does not.
type Step struct {
	Label string
	Open  int // 0: done
	Why   string
	Path  string
}

// Steps are all that has to be done before the report is issued, in the order of the work.
// Each is computed from what is there; nobody ticks a box.
func Steps(ctx context.Context, tx *models.Tx, e engagement.Engagement, documents []Document) ([]Step, error) {
	seen, shown := controltest.Test{}.VisibleTo(tx.Actor)
	if seen == "" {
		seen = "1 = 1"
	}
	var query strings.Builder
	var args []any
	list := checks(e, seen)
	for n, c := range list { // one statement, so that what they say is of one moment
		fmt.Fprintf(&query, "%s SELECT %d AS place, (%s) AS n", map[bool]string{true: " UNION ALL"}[n > 0], n, c.query)
		if args = append(args, e.ID); strings.Contains(c.query, "control_tests") {
			args = append(args, shown...)
		}
	}
	counts, err := models.Raw[struct{ Place, N int }](ctx, tx, query.String()+" ORDER BY place", args...)
	if err != nil {
		return nil, err
	}
	out := make([]Step, 0, len(list)+4)
	for _, c := range counts {
		step := list[c.Place]
		out = append(out, Step{Label: step.label, Open: c.N, Why: fmt.Sprintf(step.why, models.Plural(c.N, step.noun)), Path: step.path})
	}
	out = append(out, papers(e.Path(), documents, Description, Assertion)...)
	return append(out, ends(e, tx.Now)...), nil
}

// A check counts things of a kind that still block. why takes their number with its noun.
type check struct{ label, why, noun, query, path string }

// A deviation in a draw that was made again, or in an item that was excluded, is raised no more:
// the conclusion names the one, and the other was no item of the population.
func checks(e engagement.Engagement, seen string) []check {
	at := e.Path()
	return []check{
		{"Controls in scope have a test", "Without a test that you may see: %s in scope.", "control segment", `SELECT count(*) FROM engagements e JOIN control_versions v ON ` + helpsIn("v") + `
			WHERE e.id = ? AND NOT (v.editorial AND EXISTS (SELECT 1 FROM control_versions b WHERE b.control_id = v.control_id AND b.status <> 'retired' AND ` + helpsIn("b") + `
				AND b.number = (SELECT max(m.number) FROM control_versions m WHERE m.control_id = v.control_id AND m.number < v.number AND m.status IN ('superseded', 'retired'))))
			AND NOT EXISTS (SELECT 1 FROM control_tests WHERE control_tests.engagement_id = e.id AND control_tests.control_id = v.control_id AND control_tests.first_version = v.number AND ` + seen + `)`, at + "/tests"},
		{"Tests are concluded", "No conclusion is reached in %s.", "test", "SELECT count(*) FROM control_tests WHERE engagement_id = ? AND status NOT IN ('concluded', 'reviewed') AND " + seen, at + "/tests"},
		{"Conclusions are reviewed", "The lead's review is missing for %s.", "conclusion", "SELECT count(*) FROM control_tests WHERE engagement_id = ? AND status = 'concluded' AND " + seen, at + "/tests"},
		{"Conclusions rest on what is known", "What it rests on has changed since it was concluded, so its auditor looks again: %s.", "test", "SELECT count(*) FROM control_tests WHERE engagement_id = ? AND " + controltest.ChangedTests + " AND " + seen, at + "/tests"},
		{"Requests are answered", "Not accepted yet: %s.", "request", "SELECT count(*) FROM requests WHERE engagement_id = ? AND status NOT IN ('draft', 'accepted', 'cancelled')", at + "/requests"},
		{"Populations are accepted", "The auditor's acceptance is missing for %s.", "locked population", `SELECT count(*) FROM populations p WHERE p.engagement_id = ? AND p.status = 'locked'
			AND NOT EXISTS (SELECT 1 FROM population_acceptances a WHERE a.population_id = p.id) AND NOT EXISTS (SELECT 1 FROM populations n WHERE n.replaces_id = p.id)`, at + "/populations"},
		{"Exceptions are confirmed and rated", "Not rated: %s.", "exception", "SELECT count(*) FROM findings WHERE engagement_id = ? AND source = 'audit' AND status IN ('raised', 'facts_confirmed', 'disputed')", at + "/deliverables/findings"},
		{"Deviations are raised as exceptions", "No exception is raised from %s that you may see.", "deviation", `SELECT count(*) FROM test_results r JOIN control_tests ON control_tests.id = r.test_id WHERE control_tests.engagement_id = ? AND r.result = 'deviation'
			AND NOT EXISTS (SELECT 1 FROM test_results n WHERE n.test_id = r.test_id AND n.item_id = r.item_id AND n.letter = r.letter AND n.round > r.round)
			AND NOT EXISTS (SELECT 1 FROM finding_cells c WHERE c.test_id = r.test_id AND c.item_id = r.item_id AND c.letter = r.letter AND c.ended_at IS NULL)
			AND NOT EXISTS (SELECT 1 FROM test_samples l LEFT JOIN sample_items i ON i.id = r.item_id WHERE l.test_id = r.test_id AND l.ended_at IS NOT NULL AND (l.sample_id = i.sample_id OR r.item_id < 0 AND l.whole_item = r.item_id))
			AND NOT EXISTS (SELECT 1 FROM sample_exclusions x WHERE x.item_id = r.item_id) AND ` + seen, at + "/tests"},
		{"Disputes are settled", "Disputed: %s.", "exception", "SELECT count(*) FROM findings WHERE engagement_id = ? AND source = 'audit' AND status = 'disputed'", at + "/deliverables/findings"},
		{"Exceptions have a response", "No signed response of management, or one that still waits: %s.", "exception", `SELECT count(*) FROM findings f WHERE f.engagement_id = ? AND f.source = 'audit' AND f.status <> 'dismissed'
			AND (NOT EXISTS (SELECT 1 FROM finding_responses r WHERE r.finding_id = f.id AND (r.status = 'signed' OR r.status = '' AND f.test_id IS NULL))
			OR EXISTS (SELECT 1 FROM finding_responses r WHERE r.finding_id = f.id AND r.status IN ('draft', 'approved')))`, at + "/deliverables/findings"},
		{"The effect on the report is decided", "The auditors have not decided the effect on the report of %s.", "exception", "SELECT count(*) FROM findings WHERE engagement_id = ? AND source = 'audit' AND status <> 'dismissed' AND report_effect = 'undecided'", at + "/deliverables/findings"},
		{"Carved-out organisations have their controls listed", "No CSOC is listed for %s.", "carved-out organisation", `SELECT count(*) FROM subservice_organisations o WHERE o.engagement_id = ? AND o.left_at IS NULL AND o.method = 'carve_out'
			AND NOT EXISTS (SELECT 1 FROM complementary_controls c WHERE c.organisation_id = o.id)`, at + "/deliverables/subservice"},
		{"Subservice organisations are monitored", "No control of ours monitors %s.", "subservice organisation", "SELECT count(*) FROM subservice_organisations o WHERE o.engagement_id = ? AND o.left_at IS NULL AND o.monitors = ''", at + "/deliverables/subservice"},
	}
}

// helpsIn is that a version helped to meet a criterion in scope of the engagement e in its
// period.
func helpsIn(version string) string {
	return version + `.id IN (SELECT vc.version_id FROM version_criteria vc JOIN engagement_criteria ec ON ec.framework = vc.framework AND ec.code = vc.code
		WHERE ec.engagement_id = e.id AND vc.begun AND vc.effective_from <= e.period_end AND (vc.effective_to = '' OR vc.effective_to >= e.period_start))`
}

// ends are the last ones: the end of the period, the freeze of what was examined and, where
// there is one, the report.
func ends(e engagement.Engagement, now time.Time) []Step {
	past := func(s engagement.Status) int {
		if slices.Index(engagement.Statuses, e.Status) >= slices.Index(engagement.Statuses, s) && e.Status != engagement.Cancelled {
			return 0
		}
		return 1
	}
	var out []Step
	if e.Kind.Examination() {
		over := Step{Label: "The period is over", Path: e.Path()}
		if err := e.Examined(now); err != nil && past(engagement.Reporting) > 0 {
			over.Open, over.Why = 1, err.Error()
		}
		out = append(out, over)
	}
	out = append(out, Step{Label: "What was examined is frozen", Open: past(engagement.Reporting), Why: "Fieldwork is not over. It ends with the freeze.", Path: e.Path()})
	if e.Kind.Examination() {
		out = append(out, Step{Label: "The report is registered", Open: past(engagement.Issued), Why: "It is registered with its digest when the firm has issued it.", Path: e.Path() + "/report"})
	}
	return out
}

// papers are the documents that have to be signed.
func papers(at string, documents []Document, kinds ...Kind) (out []Step) {
	for _, k := range kinds {
		s := Step{Label: k.Label() + " is signed", Open: 1, Why: "It is not drafted.", Path: at + "/deliverables"}
		if i := slices.IndexFunc(documents, func(d Document) bool { return d.Kind == k }); i >= 0 {
			s.Why, s.Path = documents[i].Title()+": "+documents[i].Status.Label()+".", documents[i].Path()
			if documents[i].Status == Signed {
				s.Open = 0
			}
		}
		out = append(out, s)
	}
	return out
}
