package flows_test

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"assay/internal/binder"
	"assay/internal/browser"
	"assay/models"
	"assay/models/access"
	nouns "assay/models/binder"
	"assay/models/ledger"
	"assay/models/modelstest"
	"assay/models/people"

	"github.com/xuri/excelize/v2"
)

const firm = "Brandt & Okafor LLP"

// An examination is lived through by the company and its auditor, from planning to a
// report that is issued and a binder that is verified. Either the auditor has the
// fieldwork grant and writes, or only reads, and a compliance manager brings in what the
// firm decided.
type examination struct {
	*world
	granted                         bool
	ada, mara, vera, olu, eva, miri *resident
	at                              string // the address of the engagement
}

func TestAWholeEngagement(t *testing.T) {
	for name, granted := range map[string]bool{"fieldwork granted": true, "read-only, by worksheets": false} {
		t.Run(name, func(t *testing.T) {
			modelstest.Each(t, func(t *testing.T, db *models.DB) {
				x := newExamination(t, db, granted)
				x.isSetUp()
				x.controlChanges()
				x.fieldworkBegins()
				x.isAsked()
				x.isPlanned()
				x.isSampled()
				x.isTested()
				x.isDisputed()
				x.isRemediated()
				x.isRetested()
				x.isConcluded()
				x.isFrozen()
				x.isIssued()
				x.isProved()
			})
		})
	}
}

func newExamination(t *testing.T, db *models.DB, granted bool) *examination {
	t.Helper()
	x := &examination{world: newWorld(t, db, "2026-03-02 09:30"), granted: granted, at: "/engagements/soc-2-type-ii-2026"}
	x.ada, x.mara, x.vera = x.resident(access.Administrator), x.resident(access.Compliance), x.resident(access.Compliance)
	x.olu, x.eva = x.resident(access.Owner), x.resident(access.Executive)
	outsider := people.Person{Name: "Miriam Brandt", Email: "miriam@firm.example", Firm: firm, Role: access.Auditor, Status: people.Active, InvitedAt: db.Now()}
	err := modelstest.As(t, db, x.ada.Actor, func(ctx context.Context, tx *models.Tx) error {
		return models.Insert(ctx, tx, &outsider, "person.invite")
	})
	if err != nil {
		t.Fatal(err)
	}
	x.miri = x.settle(outsider.Actor())
	return x
}

// hand is who enters what the auditor decides.
func (x *examination) hand() *resident {
	if x.granted {
		return x.miri
	}
	return x.mara
}

// decides fills in who decided, where somebody else enters it.
func (x *examination) decides(field string) {
	x.Helper()
	if !x.granted {
		x.mara.Fill(field, x.miri.Name)
	}
}

// asks opens a question of the page, fills in its fields and answers it.
func (r *resident) asks(id, answer string, fields ...string) {
	r.w.Helper()
	r.Click("#" + id + " > summary")
	for i := 0; i+1 < len(fields); i += 2 {
		selector := fmt.Sprintf(":is(dialog[open], #%s) [name=%q]", id, fields[i])
		if choice := fmt.Sprintf("%s[type=radio][value=%q]", selector, fields[i+1]); r.Has(choice) {
			r.Fill(choice, "yes")
			continue
		}
		r.Fill(selector, fields[i+1])
	}
	r.press(fmt.Sprintf(`(//dialog[@open] | //*[@id=%[1]q])//button[normalize-space()=%[2]q]`, id, answer))
}

func (x *examination) isSetUp() {
	m := x.mara
	m.open("/setup")
	m.Fill(browser.Field("Company"), "Example AI")
	m.Fill(browser.Field("Time zone"), zone)
	m.press(browser.Button("Take the catalog into use"))
	m.open("/controls/CM-01")
	m.asks("assign", "Assign", "owner", x.olu.Name)
	m.open("/engagements/new")
	for label, value := range map[string]string{
		"Name": "SOC 2 Type II 2026", "Audit firm": firm, "First day of the period": "2026-04-01", "Last day of the period": "2026-09-30",
		"Auditors may look from": "2026-08-03", "Until the end of": "2026-12-31",
	} {
		m.Fill(browser.Field(label), value)
	}
	m.press(browser.Button("Set up the engagement"))
	m.open(x.at)
	m.Fill(browser.Field("Give access to"), x.miri.Name)
	m.Fill(`[name="part"][value="lead"]`, "yes")
	m.press(browser.Button("Give access"))
	m.asks("move-planning", "Begin planning")
	if x.miri.Goto(x.at) != 404 {
		x.Error("the auditor looks before the window opens")
	}
}

// controlChanges is a change of CM-01 in the middle of the period, which auditors test
// as two segments.
func (x *examination) controlChanges() {
	x.moveTo("2026-07-01 10:00")
	m := x.mara
	m.open("/controls/CM-01")
	m.asks("revise", "Begin the version")
	if !m.Has(`[name="statement"]`) {
		m.open("/controls/CM-01/edit")
	}
	m.Fill(browser.Field("What the control does"), "Two engineers other than the author review each change before it is merged, and the tests pass.")
	m.Fill(browser.Field("What changed, and why"), "A second reviewer, after the incident of May.")
	m.press(browser.Button("Save draft"))
	m.press(browser.Button("Submit for review"))
	x.vera.open("/controls/CM-01/versions/2")
	x.vera.asks("approve", "Approve the version", "effective_from", "2026-07-01")
	x.vera.reads("Version 2")
}

func (x *examination) fieldworkBegins() {
	x.moveTo("2026-08-10 10:00")
	x.mara.open(x.at)
	x.mara.asks("move-fieldwork", "Start fieldwork")
	x.miri.open(x.at)
	if n := x.miri.Count(`main form[method="post"]`); n != 0 {
		x.Errorf("an auditor who only reads is offered %d forms", n)
	}
	if x.granted {
		x.ada.open(x.at)
		x.ada.Click(`[id^="fieldwork-"] > summary`)
		x.ada.press(`(//button[normalize-space()="Grant fieldwork"])[1]`)
		x.ada.reads("May write")
	}
}

// evidence is uploaded by Olu for CM-01 and accepted by Mara.
func (x *examination) evidence(title, content string) {
	x.Helper()
	o := x.olu
	o.open("/evidence/new?control=CM-01")
	o.Upload("#f-files", x.file(strings.ReplaceAll(title, " ", "-")+".csv", content))
	o.Wait(`main li[data-state="recorded"]`)
	o.Fill("#f-covers_from", "2026-07-01")
	o.Fill("#f-covers_to", "2026-07-31")
	o.Fill("#f-performed_at", x.db.Now().In(here().Location()).Format("2006-01-02T15:04"))
	o.Fill(browser.Field("Kind"), "system_export")
	o.Fill(browser.Field("Source"), "GitHub")
	o.Click("main form details > summary")
	o.Fill(browser.Field("Title"), title)
	o.press(browser.Button("Submit for review"))
	m := x.mara
	m.open("/review")
	browser.Script[any](m.Page, `document.querySelectorAll('main form input[type=checkbox]').forEach(c => { if (!c.checked) c.click() })`)
	m.press(`form[action$="/accept"] button:not([formaction])`)
}

// isAsked is a request that is answered, returned, answered again and accepted.
func (x *examination) isAsked() {
	x.evidence("Branch rules", "branch,reviews\nmain,2\n")
	h := x.hand()
	h.open(x.at + "/requests/new")
	h.Fill(browser.Field("What is asked, in a line"), "Branch protection of the repositories")
	h.Fill(browser.Field("Control"), "CM-01")
	h.Fill(browser.Field("Due"), "2026-08-17")
	x.decides(browser.Field("Asked by"))
	h.press(browser.Button("Open the request"))
	x.mara.open(x.at + "/requests/R-001")
	if !x.granted {
		x.mara.reads("brought in by " + x.mara.Name)
	}
	x.mara.asks("assign", "Assign", "owner", x.olu.Name)

	x.olu.open(x.at + "/requests/R-001")
	x.olu.press(browser.Button("Start"))
	x.answers("E-1", "The rules of main.")
	x.miri.open(x.at + "/requests/R-001")
	if x.miri.Reads("The rules of main.") {
		x.Error("the auditor reads an answer that was not released")
	}
	x.releases()
	x.miri.open(x.at + "/requests/R-001")
	x.miri.reads("The rules of main.")

	h.open(x.at + "/requests/R-001")
	h.Fill(browser.Field("What is missing"), "The same for the other repositories.")
	x.decides(browser.Field("Auditor who decided"))
	h.press(browser.Button("Return"))
	x.olu.open("/tasks")
	x.olu.reads("Branch protection of the repositories")
	x.olu.open(x.at + "/requests/R-001")
	x.olu.reads("The same for the other repositories.")
	if x.olu.Has(browser.Button("Start")) {
		x.olu.press(browser.Button("Start"))
	}
	x.answers("", "All repositories have the same rules.")
	x.releases()
	h.open(x.at + "/requests/R-001")
	x.decides(browser.Field("Auditor who decided"))
	h.press(browser.Button("Accept"))
	x.mara.open(x.at + "/requests/R-001")
	x.mara.reads("Accepted")
}

// answers lets Olu answer in words, and with evidence if there is any, and send it for the
// release check.
func (x *examination) answers(evidence, words string) {
	x.Helper()
	o := x.olu
	if !o.Has(`details[open] [name="words"]`) {
		o.Click(`(//summary[starts-with(normalize-space(), "Add an answer")])[1]`)
	}
	o.Fill(`details[open] [name="evidence"]`, evidence)
	o.Fill(`details[open] [name="words"]`, words)
	o.press(`form[action$="/answers"] button`)
	o.press(browser.Button("Send for the release check"))
}

func (x *examination) releases() {
	x.Helper()
	x.mara.open(x.at + "/requests/R-001/check")
	x.mara.press(browser.Button("Release to the auditors"))
}

// merges is a list of n changes, one a day from a day on.
func merges(first int, from models.Date, n int) string {
	var b strings.Builder
	b.WriteString("change,merged at,title\n")
	for i := range n {
		fmt.Fprintf(&b, "CHG-%03d,%s,Change number %d\n", first+i, from.AddDays(i), first+i)
	}
	return b.String()
}

// traced are keys of a list that were followed to and from its source.
func traced(first int) string {
	return strings.Join([]string{fmt.Sprintf("CHG-%03d", first+1), fmt.Sprintf("CHG-%03d", first+2)}, "\n")
}

// isPlanned is a test of each segment of CM-01: of the first nothing can be seen any more,
// of the second a population is taken.
func (x *examination) isPlanned() {
	h := x.hand()
	for n, version := range []string{"2", "1"} {
		h.open(x.at + "/tests/new?control=CM-01")
		h.Fill(fmt.Sprintf(`[name="version"][value=%q]`, version), "yes")
		x.decides(browser.Field("Auditor who decided it"))
		h.press(browser.Button("Plan the test"))
		h.reads(fmt.Sprintf("T-%d", n+1))
	}
	x.decide("conclude", "Conclude", "conclusion", "not_tested", "basis", "The log of merges before July was not kept.")
	h.open(x.at + "/tests/T-1")
	x.decide("walk", "Link the walkthrough", "evidence", "E-1")
	x.decide("design", "Conclude on the design", "design", "adequate", "basis", "One merge was followed from the branch to the release.")
	x.decide("attributes", "Fix the attributes", "text-0", "Two reviewers other than the author", "technique-0", "inspection", "text-1", "The tests passed before the merge", "technique-1", "reperformance")

	x.bringsIn("/populations/new", 0, "2026-07-01", 30, "")
	x.accepts("P-1")
	h.open(x.at + "/tests/T-1")
	x.decide("population", "Take a population", "population", "1")
}

// decide answers a question of the test that is open.
func (x *examination) decide(id, answer string, fields ...string) {
	x.Helper()
	if !x.granted {
		fields = append(fields, "auditor", x.miri.Name)
	}
	x.hand().asks("ask-"+id, answer, fields...)
}

func (x *examination) accepts(population string) {
	x.Helper()
	h := x.hand()
	h.open(x.at + "/populations/" + population)
	x.decides(browser.Field("Auditor who accepts it"))
	h.Fill(browser.Field("What was relied on"), "The query, and the count in the system itself.")
	h.press(browser.Button("Accept the record"))
	h.reads("Accepted by the auditor")
}

func (x *examination) bringsIn(path string, first int, from models.Date, n int, lacked string) {
	x.Helper()
	m := x.mara
	m.open(x.at + path)
	if lacked != "" {
		m.Fill(`[name="change_note"]`, lacked)
	} else {
		m.Fill(`[name="control"]`, "CM-01")
	}
	m.Fill(`[name="name"]`, "Merges to production")
	m.Fill(`[name="system"]`, "GitHub")
	m.Fill(`[name="query"]`, "is:merged base:main merged:2026-07-01..2026-09-30")
	m.Fill(`[name="extractor"]`, "export job")
	m.Fill(`[name="extracted_at"]`, x.db.Now().In(here().Location()).Add(-time.Hour).Format("2006-01-02T15:04"))
	m.Fill(`[name="source_count"]`, fmt.Sprint(n))
	m.Fill(`[name="key"]`, "change")
	m.Fill(`[name="when"]`, "merged at")
	m.Upload(`[name="file"]`, x.file(fmt.Sprintf("merges-%d.csv", n), merges(first, from, n)))
	m.press(browser.Button("Keep as a draft"))
	m.Fill(`[name="to_source"]`, traced(first))
	m.Fill(`[name="to_list"]`, traced(first))
	m.Fill(`[name="assessment"]`, "Counted in the system and traced in both directions.")
	m.press(browser.Button("Save the record"))
	m.asks("lock", "Lock it")
	m.reads("Locked")
}

// isSampled draws four items, replaces one that is none, and draws from what was left out
// of the list for itself.
func (x *examination) isSampled() {
	h := x.hand()
	x.draws("P-1", "size", "4", "seed", "roll of dice 4 1 6 2")
	first := x.items("S-1")
	if len(first) != 4 {
		x.Fatalf("the sample has %q", first)
	}
	x.decides(`form[action$="/exclude"] [name="by"]`)
	h.Fill(`form[action$="/exclude"] [name="item"]`, first[1])
	h.Fill(`form[action$="/exclude"] [name="class"]`, "not_an_occurrence")
	h.Fill(`form[action$="/exclude"] [name="why"]`, "A change of a page of documentation.")
	h.press(browser.Button("Exclude it"))
	if now := x.items("S-1"); len(now) != 5 || now[0] != first[0] || now[1] != first[1] {
		x.Errorf("after the replacement the sample has %q, before %q", now, first)
	}
	h.open(x.at + "/tests/T-1")
	x.decide("sample", "Take a sample", "sample", "1")

	x.bringsIn("/populations/new?replaces=P-1", 0, "2026-07-01", 31, "A merge by a bot account was left out.")
	x.accepts("P-2")
	x.draws("P-2", "since", "added", "size", "1", "seed", "roll of dice 3 3 5 1")
	if got := x.items("S-2"); len(got) != 1 || got[0] != "CHG-030" {
		x.Errorf("what was left out gives %q", got)
	}
	h.open(x.at + "/tests/T-1")
	x.decide("sample", "Take a sample", "sample", "2")
	if n := h.Count(`main tbody tr`); n < 6 {
		x.Errorf("the matrix has %d rows", n)
	}
}

func (x *examination) draws(population string, fields ...string) {
	x.Helper()
	h := x.hand()
	h.open(x.at + "/populations/" + population)
	x.decides(`form[action$="/samples"] [name="auditor"]`)
	for i := 0; i < len(fields); i += 2 {
		h.Fill(fmt.Sprintf(`form[action$="/samples"] [name=%q]`, fields[i]), fields[i+1])
	}
	h.press(browser.Button("Draw the sample"))
}

// items are the keys of a sample in the order of their ranks.
func (x *examination) items(sample string) []string {
	x.Helper()
	if !strings.HasSuffix(x.hand().Path(), sample) {
		x.Fatalf("%s is not %s", x.hand().Path(), sample)
	}
	return strings.Fields(browser.Script[string](x.hand().Page, `[...document.querySelectorAll("main tbody tr")].map(r => (r.textContent.match(/CHG-\d+/) || [""])[0]).join(" ")`))
}

// isTested sets the results, two of them deviations.
func (x *examination) isTested() {
	x.marks("T-1", "11", "12", "12", "11", "11")
	h := x.hand()
	h.open(x.at + "/tests/T-1")
	h.reads("5 of 5", "2 with deviation")
	if x.granted {
		h.Fill(`form[action$="/T-1/evidence"] [name="evidence"]`, "E-1")
		h.press(browser.Button("Link evidence"))
		h.Wait(`[aria-label^="Item "] .viewer .sheet`) // beside the results
	}
}

// marks sets the results of a test, an item after the other: 1 for no exception, 2 for a
// deviation from each of its attributes.
func (x *examination) marks(test string, items ...string) {
	x.Helper()
	if x.granted {
		x.byKeys(test, items)
	} else {
		x.byWorksheet(test, items)
	}
}

// byKeys goes through the items with 1, 2 and Enter.
func (x *examination) byKeys(test string, items []string) {
	h := x.miri
	h.open(x.at + "/tests/" + test)
	for _, keys := range items {
		for _, k := range keys {
			h.Press(string(k))
		}
		if status := h.Submit(); status != 200 {
			x.Fatalf("%s: status %d; it reads:\n%s", h.Path(), status, h.Text("body"))
		}
	}
}

// byWorksheet fills in the workbook as the firm would, and brings it in.
func (x *examination) byWorksheet(test string, items []string) {
	m, at := x.mara, x.at+"/tests/"+test+"/worksheet"
	book, err := excelize.OpenReader(bytes.NewReader(m.get(at + ".xlsx")))
	if err != nil {
		x.Fatal(err)
	}
	sheet, cells := book.GetSheetName(0), 0
	columns := map[string]string{} // by what the header says
	header, err := book.GetRows(sheet)
	if err != nil {
		x.Fatal(err)
	}
	for i, name := range header[0] {
		columns[name], _ = excelize.ColumnNumberToName(i + 1) // a column that is there has a name
	}
	for n, keys := range items {
		for i, k := range keys {
			said := map[rune]string{'1': "No exception", '2': "Deviation"}[k]
			if err := book.SetCellValue(sheet, fmt.Sprint(columns[string(rune('A'+i))], n+2), said); err != nil {
				x.Fatal(err)
			}
			cells++
		}
	}
	path := filepath.Join(x.TempDir(), test+".xlsx")
	if err := book.SaveAs(path); err != nil {
		x.Fatal(err)
	}
	m.open(at)
	m.Upload(`[name="file"]`, path)
	m.press(browser.Button("Show what would happen"))
	x.decides(browser.Field("Auditor who decided it"))
	m.press(browser.Button(fmt.Sprintf("Bring in %d cells", cells)))
	m.reads("brought in by " + m.Name)
}

func (x *examination) isConcluded() {
	h := x.hand()
	h.open(x.at + "/tests/T-1")
	x.decide("conclude", "Conclude", "conclusion", "exceptions_noted", "basis", "")
	x.decide("review", "Review", "waiver", "The firm has one person on this engagement.")
	if h.Has("#ask-share") {
		x.decide("share", "Share with the company")
	}
	h.open(x.at + "/tests/T-2")
	x.decide("review", "Review", "waiver", "The firm has one person on this engagement.")
	x.vera.open(x.at + "/tests/T-1")
	x.vera.reads("Exceptions noted")
	if n := x.vera.Count(`form[action$="/results"]`); n != 0 {
		x.Error("a compliance manager is offered to set results")
	}
	if section := string(x.mara.get(x.at + "/deliverables/section-iv.csv")); !strings.Contains(section, "Exceptions noted") {
		x.Errorf("the exception that was put right is gone from its period:\n%s", section)
	}
	x.mara.open(x.at + "/deliverables/findings")
	x.mara.reads("F-001", "F-002", "We hold that the tests passed")
	x.mara.Accessible()
}

// isFrozen is the end of fieldwork: what was examined stays as it is.
func (x *examination) isFrozen() {
	x.moveTo("2026-11-02 10:00")
	m := x.mara
	m.open(x.at)
	m.asks("move-reporting", "Begin reporting")
	if status := send(x.olu.Page, x.at+"/requests/R-001/start", "rev=1"); status < 400 {
		x.Errorf("a request of a frozen engagement is answered with %d", status)
	}
	for _, kind := range []string{"System description", "Management assertion"} {
		m.open(x.at + "/deliverables")
		m.Fill(browser.Field("Draft"), kind)
		m.Fill(browser.Field("Signs for management"), x.eva.Name)
		m.press(browser.Button("Draft it"))
		path := m.Path()
		m.Fill(`[name="body"]`, "Example AI runs the assistant as described.\n\nControls operated from 1 April to 30 September 2026.")
		m.press(browser.Button("Save the draft"))
		x.vera.open(path)
		x.vera.press(browser.Button("Approve the text"))
		x.eva.open(path)
		x.eva.press(browser.Button("Sign it"))
		x.eva.reads("Signed")
	}
}

// isIssued registers the report. What becomes known afterwards is an addendum.
func (x *examination) isIssued() {
	x.moveTo("2026-11-20 10:00")
	m := x.mara
	m.open(x.at + "/report")
	m.Fill(browser.Field("Report date"), "2026-11-19")
	m.Fill(browser.Field("Signed for the firm by"), "M. Brandt, partner")
	m.Upload(`[name="report"]`, x.file("report.pdf", "%PDF-1.7 the report of the firm"))
	m.press(browser.Button("Register the report and issue"))
	m.open(x.at)
	m.reads("Issued")
	m.open(x.at + "/report")
	m.asks("addendum", "Write the addendum", "text", "A key of the build system was public in August.", "happened_on", "2026-08-14")
	x.miri.open(x.at + "/report")
	x.miri.reads("Addendum 1", "A key of the build system")
}

// isProved reads both binders without the product, and finds an alteration in each.
func (x *examination) isProved() {
	if _, err := x.db.SignCheckpoint(x.Context(), x.app.Signer); err != nil {
		x.Fatal(err)
	}
	for _, r := range []*resident{x.mara, x.miri} {
		archive := r.get(x.at + "/binder.zip")
		if again := r.get(x.at + "/binder.zip"); !bytes.Equal(again, archive) {
			x.Error("another export has other bytes")
		}
		if problems := x.verify(archive); len(problems) > 0 {
			x.Errorf("the binder of %s does not hold: %q", r.Role, problems)
		}
		altered := bytes.Clone(archive)
		altered[bytes.Index(altered, []byte("CHG-030"))] = 'X'
		if len(x.verify(altered)) == 0 {
			x.Error("an altered binder holds")
		}
	}
	report, err := ledger.Verify(x.Context(), x.db)
	if err != nil || len(report.Problems) > 0 {
		x.Errorf("the log does not hold: %v %+v", err, report)
	}
	x.moveTo("2027-01-01 00:01")
	if status := x.miri.Goto(x.at); status != 404 {
		x.Errorf("after the window the auditor is answered with %d", status)
	}
}

func (x *examination) verify(archive []byte) []string {
	x.Helper()
	report, err := binder.Verify(x.Context(), bytes.NewReader(archive), int64(len(archive)), binder.Options{Key: x.app.Signer.VerifierKey, Redraw: nouns.Redraw, Steps: nouns.Steps})
	if err != nil {
		x.Fatal(err)
	}
	return report.Problems
}
