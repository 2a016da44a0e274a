package handlers_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
	"golang.org/x/net/html"

	"assay/handlers/handlerstest"
	"assay/internal/blob"
	"assay/models"
	"assay/models/access"
	"assay/models/control"
	"assay/models/controltest"
	"assay/models/engagement"
	"assay/models/evidence"
	"assay/models/modelstest"
)

// A fieldwork is an engagement in fieldwork and its auditor.
type fieldwork struct {
	shop
	engagement engagement.Engagement
	jonas      access.Actor
}

const populationsAt = "/engagements/fieldwork-2026/populations"

func eachFieldwork(t *testing.T, f func(fieldwork)) {
	t.Helper()
	eachShop(t, func(s shop) { f(inFieldwork(s)) })
}

func inFieldwork(s shop) fieldwork {
	s.Helper()
	w := fieldwork{shop: s, jonas: outsider(s.T, s.db, "Jonas Lindqvist")}
	must(s.T, modelstest.As(s.T, s.db, s.priya, func(ctx context.Context, tx *models.Tx) (err error) {
		w.engagement, err = engagement.Create(ctx, tx, engagement.Terms{
			Name: "Fieldwork 2026", Firm: "Brandt & Okafor", Kind: engagement.Readiness, Criteria: []string{"CC6.1"},
			PeriodStart: "2025-07-01", PeriodEnd: "2026-06-30", Zone: "America/New_York", OpensOn: "2026-02-01", ClosesOn: "2026-12-31",
		})
		if err == nil {
			err = engagement.AddAuditor(ctx, tx, w.engagement, w.jonas.ID, engagement.Lead)
		}
		for _, to := range []engagement.Status{engagement.Planning, engagement.Fieldwork} {
			if err == nil {
				err = engagement.Move(ctx, tx, &w.engagement, to, "")
			}
		}
		return err
	}))
	w.jonas.Engagements = []int64{w.engagement.ID}
	return w
}

// merges is a list of forty changes, the last of them after the period.
func merges() string {
	var b strings.Builder
	b.WriteString("key,merged_at,repository\n")
	for i := range 40 {
		day := "2025-" + fmt.Sprintf("%02d-%02d", 7+i%6, i%28+1)
		if i == 39 {
			day = "2026-07-01"
		}
		fmt.Fprintf(&b, "CHG-%03d,%sT15:00:00Z,repo-%d\n", i+1, day, i%3)
	}
	return b.String()
}

// listFields are those of the form, with changes as name, value, name, value …
func listFields(changes ...string) [][2]string {
	list := [][2]string{
		{"control", "AC-03"},
		{"name", "Merges to production"},
		{"system", "GitHub"},
		{"environment", "production"},
		{"query", "is:merged base:main"},
		{"extractor", "audit API"},
		{"extracted_at", "2026-02-28T10:00"},
		{"source_count", "40"},
		{"key", "key"},
		{"when", "merged_at"},
	}
	for n := 0; n+1 < len(changes); n += 2 {
		at := -1
		for m := range list {
			if list[m][0] == changes[n] {
				at = m
			}
		}
		if at < 0 {
			list = append(list, [2]string{changes[n], changes[n+1]})
		} else {
			list[at][1] = changes[n+1]
		}
	}
	return list
}

// sendList sends a form whose file, if there is one, is called "file".
func (w fieldwork) sendList(a access.Actor, path string, fields [][2]string, files ...file) handlerstest.Page {
	w.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for _, f := range fields {
		must(w.T, m.WriteField(f[0], f[1]))
	}
	for _, f := range files {
		part, err := m.CreateFormFile("file", f.name)
		must(w.T, err)
		_, err = part.Write([]byte(f.body))
		must(w.T, err)
	}
	must(w.T, m.Close())
	r := httptest.NewRequest(http.MethodPost, path, &b)
	r.Header.Set("Content-Type", m.FormDataContentType())
	return w.Do(a, r)
}

// locked brings in the merges and locks them.
func (w fieldwork) locked() string {
	w.Helper()
	at := w.sendList(w.priya, populationsAt, listFields(), file{"changes.csv", merges()}).Want(303).Location
	page := w.Get(w.priya, at).Want(200)
	w.sendList(w.priya, at+"/proof", [][2]string{
		{"rev", page.Field("rev")}, {"to_source", "CHG-003\nCHG-014"}, {"to_list", "CHG-021"}, {"assessment", "One merge of July 2026 came with the export."},
	}).Want(303)
	w.Post(w.priya, at+"/lock", "rev", w.Get(w.priya, at).Field("rev")).Want(303)
	w.Post(w.priya, at+"/accept", "accepted", "The export was watched.", "accepted_by", strconv.FormatInt(w.jonas.ID, 10)).Want(303)
	return at
}

// twoSheets is a workbook with the merges of a month on each of its sheets.
func twoSheets(t *testing.T) string {
	t.Helper()
	book := excelize.NewFile()
	defer book.Close()
	must(t, book.SetSheetName("Sheet1", "January"))
	_, err := book.NewSheet("February")
	must(t, err)
	for _, month := range book.GetSheetList() {
		must(t, book.SetSheetRow(month, "A1", &[]string{"key", "merged_at", "repository"}))
		must(t, book.SetSheetRow(month, "A2", &[]string{"CHG-" + month, "2026-01-05", "repo-1"}))
	}
	b, err := book.WriteToBuffer()
	must(t, err)
	return b.String()
}

func TestAPopulationFromTheFileToTheLock(t *testing.T) {
	eachFieldwork(t, func(w fieldwork) {
		w.Get(w.priya, populationsAt).Want(200).Has("No population yet", "Bring in a population")
		w.Get(w.priya, populationsAt+"/new").Want(200).Has("Where it comes from", "America/New_York")
		w.sendList(w.priya, populationsAt, listFields()).Want(422).Has("Choose a CSV or XLSX file, or paste the rows", "is:merged base:main")
		w.sendList(w.priya, populationsAt, listFields("control", "XX-1"), file{"changes.csv", merges()}).Want(422).Has("No control has this code", "changes.csv is here")
		w.sendList(w.priya, populationsAt, listFields("source_count", "many"), file{"changes.csv", merges()}).Want(422).Has("Please enter a whole number")
		w.sendList(w.priya, populationsAt, listFields("key", "id"), file{"changes.csv", merges()}).Want(422).Has("No column is called “id”. The header names: key, merged_at, repository.")
		w.sendList(w.priya, populationsAt, listFields(), file{"changes.csv", "key,merged_at\nA\n"}).Want(422).Has("Row 2 of changes.csv has 1 cells")
		w.sendList(w.priya, populationsAt, listFields(), file{"changes.xlsx", "PK\x03\x04"}).Want(422).Has("is not a workbook")
		w.sendList(w.priya, populationsAt, listFields(), file{"changes.xlsx", twoSheets(w.T)}).Want(422).Has("There is text on other sheets of changes.xlsx too: February.")
		w.sendList(w.priya, populationsAt, listFields("system", " "), file{"changes.csv", merges()}).Want(422).Has("Name the system")

		// The columns can be chosen from the list, which need not be sent again.
		asked := w.sendList(w.priya, populationsAt, listFields("key", "", "when", ""), file{"changes.csv", merges()}).Want(422).
			Has("The list is here. Choose the column that tells its items apart", "repository")
		kept := asked.Field("kept")
		if kept == "" || strings.Contains(asked.Body, sum([]byte(merges()))) {
			w.Fatalf("the form names %q", kept)
		}
		// Nobody takes in bytes that somebody else sent, by their name or by their digest.
		for _, other := range []string{kept, sum([]byte(merges()))} {
			a := w.priya
			if other == kept {
				a = w.ines
			}
			w.sendList(a, populationsAt, listFields("kept", other)).Want(422).Has("The list is not there any more")
		}
		at := w.sendList(w.priya, populationsAt, listFields("kept", kept)).Want(303).Location
		w.sendList(w.priya, populationsAt, listFields("kept", kept)).Want(422).Has("The list is not there any more")
		if at != populationsAt+"/P-1" {
			w.Fatalf("went to %s", at)
		}
		page := w.Get(w.priya, at).Want(200).Has("40 here, 40 counted at the source", "Draft", "1 CHG-040 in row 41: 2026-07-01T15:00:00Z",
			"2 of 8: 2026-01, 2026-02", "CHG-1 to CHG-40: none missing", "1 outside the period.", "Follow some items from the list", "interim: taken before the period was over")
		w.Get(w.jonas, at).Want(404) // no drafts for auditors
		w.Get(w.jonas, populationsAt).Want(200).Lacks("Merges to production")

		w.Post(w.priya, at+"/lock", "rev", page.Field("rev")).Want(409).Has("Follow some items from the list to their source")
		proof := func(changes ...string) [][2]string {
			out := [][2]string{{"rev", w.Get(w.priya, at).Field("rev")}}
			for n := 0; n+1 < len(changes); n += 2 {
				out = append(out, [2]string{changes[n], changes[n+1]})
			}
			return out
		}
		w.sendList(w.priya, at+"/proof", proof("to_source", "CHG-001\nCHG-999")).Want(422).Has("The list has no CHG-999", "CHG-001")
		w.sendList(w.priya, at+"/proof", proof("tie_source", "", "to_list", "CHG-002"), file{"deployments.csv", "key\nCHG-001\n"}).Want(422).Has("Name the second source")
		w.sendList(w.priya, at+"/proof", proof("tie_source", "Deployments", "tie_key", "id"), file{"deployments.csv", "key\nCHG-001\n"}).Want(422).Has("No column is called “id”")
		w.sendList(w.priya, at+"/proof", proof("tie_source", "Deployments", "to_source", "CHG-001\nCHG-002", "unlike", "CHG-002", "to_list", "CHG-003\nCHG-777", "assessment", "All is well."),
			file{"deployments.csv", "key\nCHG-001\nCHG-888\n"}).Want(303)
		w.Get(w.priya, at).Want(200).Has("Deployments: 1 in both, 39 only here, 1 only there", "CHG-888", "1 of 2 held", "1 of 2 items that were picked at the source are not in the list", "Lock the population")
		w.Post(w.priya, at+"/lock", "rev", page.Field("rev")).Want(409).Has("Someone changed this")
		w.Post(w.priya, at+"/lock", "rev", w.Get(w.priya, at).Field("rev")).Want(303)
		w.Get(w.priya, at).Want(200).Has("Locked", "Bring in the acceptance", "locked P-1").Lacks("Discard the draft", "Bring in a draw")
		w.Post(w.priya, at+"/samples", "method", "full", "auditor", strconv.FormatInt(w.jonas.ID, 10)).Want(409).Has("The auditor accepts the record of P-1 first")
		w.Post(w.priya, at+"/accept", "accepted", "x").Want(422).Has("Choose the auditor of this engagement")
		w.Post(w.priya, at+"/accept", "accepted_by", strconv.FormatInt(w.jonas.ID, 10)).Want(422).Has("Say what you relied on")
		w.Post(w.priya, at+"/accept", "accepted", "The export was watched.", "accepted_by", strconv.FormatInt(w.jonas.ID, 10)).Want(303)
		w.Get(w.priya, at).Want(200).Has("Bring in a draw", "The export was watched.", "brought in by")

		// What the auditor sees, and takes away.
		w.Get(w.jonas, at).Want(200).Has("Merges to production", "All is well.", "None was drawn yet").Lacks("Bring in a draw", "History")
		if got := w.Get(w.jonas, at+"/file").Want(200); got.Body != merges() || !strings.Contains(got.Header.Get("Content-Disposition"), "changes.csv") {
			w.Errorf("the file is %q", got.Body[:40])
		}
		text := w.Get(w.jonas, at+"/text").Want(200).Body
		h := sha256.Sum256([]byte(text))
		w.Get(w.jonas, at).Has("sha256 " + hex.EncodeToString(h[:]))
	})
}

func TestADraftIsDiscardedAndPastedAnew(t *testing.T) {
	eachFieldwork(t, func(w fieldwork) {
		at := w.sendList(w.priya, populationsAt, listFields("source_count", "2", "pasted", "key\tmerged_at\nA\t2026-01-02\nA\t2026-01-03\n")).Want(303).Location
		page := w.Get(w.priya, at).Want(200).Has("1 row with a key that is there already (A in rows 2 and 3)", "none while items cannot be told apart", "pasted.csv")
		w.Get(w.priya, at+"/text").Want(404)
		w.Post(w.priya, at+"/discard", "rev", page.Field("rev")).Want(303)
		w.Get(w.priya, at).Want(404)
		w.Get(w.priya, populationsAt).Has("No population yet")
	})
}

func TestTheNextVersionSaysWhatTheOneBeforeLacked(t *testing.T) {
	eachFieldwork(t, func(w fieldwork) {
		one := w.locked()
		w.Get(w.priya, one).Has("Bring in the next version")
		w.Get(w.priya, populationsAt+"/new?replaces=P-1").Want(200).Has("Next version of P-1", "is:merged base:main").Lacks("Its id, such as CM-01")
		w.Get(w.priya, populationsAt+"/new?replaces=P-9").Want(404)
		more := file{"changes.csv", merges() + "CHG-041,2026-01-05T15:00:00Z,repo-1\n"}
		w.sendList(w.priya, populationsAt, listFields("replaces", "P-1", "source_count", "41"), more).Want(422).Has("Say what the version before lacked", "Next version of P-1")
		two := w.sendList(w.priya, populationsAt, listFields("replaces", "P-1", "source_count", "41", "change_note", "CHG-041 was merged while the export ran."), more).Want(303).Location
		w.Get(w.jonas, one).Want(200).Lacks("A next version exists") // it is a draft
		page := w.Get(w.priya, two).Has("version 2", "CHG-041 was merged while the export ran.", "Rows added 1 CHG-041", "Raise the omission as an exception")
		link := regexp.MustCompile(`href="(/findings/new[^"]*)"`).FindStringSubmatch(page.Body)
		w.Get(w.priya, html.UnescapeString(link[1])).Want(200).Has("P-1 (Merges to production) lacked 1 rows that version 2 has: CHG-041")
		jonas := strconv.FormatInt(w.jonas.ID, 10)
		w.sendList(w.priya, two+"/proof", [][2]string{{"rev", page.Field("rev")}, {"to_source", "CHG-003"}, {"to_list", "CHG-021"}, {"assessment", "One merge of July 2026."}}).Want(303)
		w.Post(w.priya, two+"/lock", "rev", w.Get(w.priya, two).Field("rev")).Want(303)
		w.Post(w.priya, two+"/accept", "accepted", "Seen.", "accepted_by", jonas).Want(303)
		extra := w.Post(w.priya, two+"/samples", "method", "random", "size", "5", "seed", "s", "since", "added", "auditor", jonas).Want(303).Location
		w.Get(w.jonas, extra).Want(200).Has("added in version 2", "CHG-041", "keys.txt").Lacks("assay sample -population")
		if keys := w.Get(w.jonas, extra+"/keys").Want(200).Body; keys != "CHG-041\n" {
			w.Errorf("the keys of what was added are %q", keys)
		}
		w.Post(w.priya, extra+"/extend", "size", "6", "reason", "x", "auditor", jonas).Want(303)
		w.Get(w.priya, one).Has("A next version exists", "P-2")
	})
}

// What a list lacked becomes an exception of the test that took it, also when its record has
// no room to name the row.
func TestAnOmissionBecomesAnException(t *testing.T) {
	eachFieldwork(t, func(w fieldwork) {
		w = scoped(w)
		one := w.locked()
		w.took(1)
		jonas := strconv.FormatInt(w.jonas.ID, 10)
		var more strings.Builder
		for n := 41; n <= 53; n++ {
			fmt.Fprintf(&more, "CHG-%03d,2026-01-05T15:00:00Z,repo-1\n", n)
		}
		two := w.sendList(w.priya, populationsAt, listFields("replaces", "P-1", "source_count", "53", "change_note", "The export was cut off."), file{"changes.csv", merges() + more.String()}).Want(303).Location
		form := "/engagements/fieldwork-2026/tests/T-1/exceptions"
		w.Get(w.priya, form+"/new?population=2").Want(409).Has("no row that a version before lacked") // a draft
		w.sendList(w.priya, two+"/proof", [][2]string{{"rev", w.Get(w.priya, two).Field("rev")}, {"to_source", "CHG-003"}, {"to_list", "CHG-021"}, {"assessment", "One merge of July 2026."}}).Want(303)
		w.Post(w.priya, two+"/lock", "rev", w.Get(w.priya, two).Field("rev")).Want(303)
		w.Get(w.priya, one).Want(200).Lacks("Raise the omission")
		w.Get(w.priya, two).Want(200).Has("Raise the omission as an exception of T-1")
		w.Get(w.jonas, two).Want(200).Lacks("Raise the omission")
		w.Get(w.priya, form+"/new?population=2").Want(200).Has("CHG-041", "CHG-050", "13 were omitted").Lacks("CHG-051")
		words := []string{"population", "2", "item", "0", "letter", "", "title", "The export was cut off", "condition", "Thirteen merges were missing."}
		w.Post(w.priya, form, append(words, "auditor", jonas, "rows", "CHG-053\nCHG-003")...).Want(422).Has("CHG-003 is no row that P-2 has", "Thirteen merges were missing.")
		w.Post(w.priya, form, append(words, "rows", "CHG-053")...).Want(422).Has("Choose the auditor")
		w.Post(w.jonas, form, append(words, "rows", "CHG-053")...).Want(404)
		x := w.Post(w.priya, form, append(words, "auditor", jonas, "rows", "CHG-053\nCHG-041")...).Want(303).Location
		w.Get(w.priya, x).Want(200).Has("CHG-053, omitted from the population", "Listed in P-1", "brought in by")
		w.Get(w.priya, two).Want(200).Has("CHG-041: exception F-001")
		w.Get(w.jonas, "/engagements/fieldwork-2026/tests/T-1").Want(200).Has("CHG-053 was omitted: exception F-001")
		w.Post(w.priya, form, "population", "2", "item", "0", "letter", "", "finding", "1", "rows", "CHG-042", "auditor", jonas).Want(303)
		w.Get(w.priya, x).Want(200).Has("CHG-042, omitted from the population")
	})
}

// took is a test of the control of the list, which took that list.
func (w fieldwork) took(population int64) {
	w.Helper()
	at := w.db.Now()
	proof := evidence.Item{
		ControlID: 1, Status: evidence.Accepted, UploadedBy: w.jonas.ID, UploadedAt: at, SubmittedAt: &at, DecidedBy: &w.priya.ID, DecidedAt: &at, DecisionNote: "x",
		Details: evidence.Details{Title: "Walkthrough", Kind: "system_export", Source: "GitHub", PerformedAt: &at, CoversFrom: "2026-02-01", CoversTo: "2026-02-28"},
	}
	must(w.T, modelstest.As(w.T, w.db, access.Clock, func(ctx context.Context, tx *models.Tx) error {
		return models.Insert(ctx, tx, &proof, "evidence.store")
	}))
	must(w.T, modelstest.As(w.T, w.db, w.priya, func(ctx context.Context, tx *models.Tx) error {
		c, err := control.ByCode(ctx, tx, "AC-03")
		if err != nil {
			return err
		}
		t, err := controltest.Begin(ctx, tx, w.engagement, controltest.Plan{ControlID: c.ID, FirstVersion: 1}, w.jonas.ID)
		if err != nil {
			return err
		}
		if err := controltest.Walk(ctx, tx, t.ID, w.jonas.ID, proof.Code()); err != nil {
			return err
		}
		if err := controltest.ConcludeDesign(ctx, tx, t.ID, 0, w.jonas.ID, controltest.Adequate, "Followed one."); err != nil {
			return err
		}
		if err := controltest.Fix(ctx, tx, t.ID, 0, w.jonas.ID, []controltest.Attribute{{Text: "Approved", Technique: controltest.Inspection}}); err != nil {
			return err
		}
		return controltest.TakePopulation(ctx, tx, t.ID, 0, w.jonas.ID, population)
	}))
}

func TestASampleIsDrawnExtendedAndRepeated(t *testing.T) {
	eachFieldwork(t, func(w fieldwork) {
		at := w.locked()
		jonas := strconv.FormatInt(w.jonas.ID, 10)
		draw := at + "/samples"
		w.Post(w.priya, draw, "method", "random", "size", "5", "seed", "s").Want(422).Has("Choose the auditor of this engagement")
		w.Post(w.priya, draw, "method", "random", "size", "0", "seed", "s", "auditor", jonas).Want(422).Has("Say how many items are selected")
		w.Post(w.priya, draw, "method", "random", "size", "5", "seed", "s\ts", "auditor", jonas).Want(422).Has("A seed is 1 to 200 characters")
		w.Post(w.priya, draw, "method", "monetary", "every", "10", "amount", "repository", "auditor", jonas).Want(422).Has("“repo-", "is not an amount")
		s := w.Post(w.priya, draw, "method", "random", "size", "5", "seed", "it's 40817", "auditor", jonas).Want(303).Location
		if s != at+"/samples/S-1" {
			w.Fatalf("went to %s", s)
		}
		w.Get(w.priya, s).Want(200).Has("Random, by rank", "it's 40817", "Brought in by", "36.9 %", "merged_at")
		w.Post(w.priya, draw, "method", "random", "size", "5", "seed", "nicer", "auditor", jonas).Want(409).Has("Draw it again, with the reason")

		w.Post(w.priya, s+"/extend", "size", "5", "reason", "x", "auditor", jonas).Want(422).Has("The sample has 5 already")
		w.Post(w.priya, s+"/extend", "size", "8", "reason", "", "auditor", jonas).Want(422).Has("Say why the sample is made longer")
		w.Post(w.priya, s+"/extend", "size", "8", "reason", "One deviation.", "auditor", jonas).Want(303)
		first := regexp.MustCompile(`<option value="(\d+)">(CHG-\d+)</option>`).FindStringSubmatch(w.Get(w.priya, s).Body)
		w.Post(w.priya, s+"/exclude", "item", first[1], "class", "missing", "why", "x", "by", jonas).Want(422).Has("Missing evidence is a deviation")
		w.Post(w.priya, s+"/exclude", "item", first[1], "class", "duplicate", "why", "The same merge.", "by", jonas).Want(303)
		w.Post(w.priya, s+"/exclude", "item", first[1], "class", "duplicate", "why", "The same merge.", "by", jonas).Want(409).Has("is excluded already")
		seen := w.Get(w.jonas, s).Want(200).Has("Excluded", "The same merge.", "Extended to 8").Lacks("Make it longer", "History")
		w.repeats(seen, at, s, 9)

		again := w.Post(w.priya, draw, "method", "random", "size", "2", "stratum", "repository", "redraws", "S-1", "reason", "The seed was known before.", "auditor", jonas).Want(303).Location
		page := w.Get(w.jonas, again).Want(200).Has("In place of", "S-1", "repo-2", "keys.txt")
		if seed := regexp.MustCompile(`-seed ([0-9a-f]{32}) `).FindStringSubmatch(page.Body); seed == nil {
			w.Error("the server took no seed")
		}
		if keys := w.Get(w.jonas, again+"/keys?stratum=repo-1").Want(200).Body; strings.Count(keys, "\n") != 13 || !strings.Contains(keys, "CHG-002\n") {
			w.Errorf("the keys of a stratum are %q", keys)
		}
		w.Get(w.jonas, s+"/keys").Want(404)
		w.Get(w.jonas, at).Has("in place of S-1: The seed was known before.")
		full := w.Post(w.priya, draw, "method", "full", "auditor", jonas).Want(303).Location
		w.Get(w.jonas, full).Want(200).Has("Every one of the 40 items is tested")
		w.Post(w.priya, full+"/extend", "size", "50", "reason", "x", "auditor", jonas).Want(409).Has("Only a random sample goes on")
	})
}

var preformatted = regexp.MustCompile(`(?s)<pre[^>]*aria-label="Recipe[^"]*"[^>]*>(.*?)</pre>`)

// repeats types the recipe of the page into a shell, beside the text of the population.
func (w fieldwork) repeats(page handlerstest.Page, at, sample string, items int) {
	w.Helper()
	if !strings.Contains(page.Body, fmt.Sprintf("-n %d</pre>", items)) {
		w.Error("the command asks for another number of items than the page has")
	}
	found := preformatted.FindStringSubmatch(page.Body)
	if found == nil {
		w.Fatal("the page has no recipe")
	}
	recipe := strings.TrimSpace(html.UnescapeString(found[1]))
	if strings.Count(recipe, "\n") != 2 {
		w.Fatalf("the recipe is not three lines:\n%s", recipe)
	}
	dir := w.TempDir()
	must(w.T, os.WriteFile(filepath.Join(dir, "population.txt"), []byte(w.Get(w.jonas, at+"/text").Body), 0o600))
	cmd := exec.CommandContext(w.Context(), "sh", "-eu", "-c", recipe)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		w.Fatalf("%v: %s", err, out)
	}
	var want []string
	for _, m := range regexp.MustCompile(`title="([0-9a-f]{64})"`).FindAllStringSubmatch(page.Body, -1) {
		want = append(want, m[1])
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(lines) != items {
		w.Fatalf("%d lines, want %d:\n%s", len(lines), items, out)
	}
	for n, line := range lines {
		rank, key, _ := strings.Cut(line, "  ")
		if !strings.Contains(strings.Join(want, " "), rank) || !strings.Contains(page.Body, ">"+key+"<") {
			w.Errorf("line %d of the recipe, %s, is not on the page", n+1, line)
		}
	}
}

func TestAListThatWasAlteredIsNotSampled(t *testing.T) {
	w, root := inFieldwork(newShop(t)), t.TempDir()
	store, err := blob.Open(root)
	must(t, err)
	w.App.Blobs = store
	at := w.locked()
	var altered bool
	must(t, filepath.WalkDir(root, func(path string, _ os.DirEntry, err error) error {
		if err == nil && filepath.Base(path) == sum([]byte(merges())) {
			altered = true
			must(t, os.Chmod(path, 0o600))
			return os.WriteFile(path, []byte(strings.Replace(merges(), "repo-1", "repo-9", 1)), 0o600)
		}
		return err
	}))
	if !altered {
		t.Fatal("the list was not found in the store")
	}
	w.Post(w.priya, at+"/samples", "method", "random", "size", "5", "seed", "s", "auditor", strconv.FormatInt(w.jonas.ID, 10)).
		Want(409).Has("It was altered, so nothing was drawn")
}

// An auditor with the fieldwork grant accepts, draws, extends and excludes with their own
// hand; without it there is no such page.
func TestAnAuditorDrawsWithTheirOwnHand(t *testing.T) {
	eachFieldwork(t, func(w fieldwork) {
		at := w.sendList(w.priya, populationsAt, listFields(), file{"changes.csv", merges()}).Want(303).Location
		page := w.Get(w.priya, at).Want(200)
		w.sendList(w.priya, at+"/proof", [][2]string{
			{"rev", page.Field("rev")}, {"to_source", "CHG-003"}, {"to_list", "CHG-021"}, {"assessment", "One merge of July 2026 came with the export."},
		}).Want(303)
		w.Post(w.priya, at+"/lock", "rev", w.Get(w.priya, at).Field("rev")).Want(303)
		w.Post(w.jonas, at+"/accept", "accepted", "x").Want(404)
		w.Get(w.jonas, at).Want(200).Lacks("Accept the record")
		auditor := w.jonas
		auditor.Fieldwork = []int64{w.engagement.ID}
		w.Get(auditor, at).Want(200).Has("Accept the record").Lacks("Choose the auditor", "Bring in")
		w.Post(auditor, at+"/accept", "accepted", "The query was run again in front of me.").Want(303)
		w.Get(auditor, at).Want(200).Has("Draw a sample", "Jonas Lindqvist accepted the record").Lacks("Choose the auditor", "brought in by", "Lock the population")
		s := w.Post(auditor, at+"/samples", "method", "random", "size", "5", "seed", "40817").Want(303).Location
		w.Post(w.jonas, s+"/extend", "size", "8", "reason", "x").Want(404)
		w.Post(auditor, s+"/extend", "size", "8", "reason", "One deviation.").Want(303)
		first := regexp.MustCompile(`<option value="(\d+)">(CHG-\d+)</option>`).FindStringSubmatch(w.Get(auditor, s).Want(200).Has("Make it longer").Body)
		w.Post(auditor, s+"/exclude", "item", first[1], "class", "duplicate", "why", "The same merge.").Want(303)
		w.Get(w.priya, s).Want(200).Has("Excluded", "The same merge.").Lacks("brought in by", "Brought in by")
		w.Post(auditor, at+"/samples", "method", "random", "size", "5", "seed", "9", "redraws", "S-1", "reason", "The seed was known.").Want(303)
		w.sendList(auditor, populationsAt, listFields(), file{"changes.csv", merges()}).Want(404)
	})
}

// What Assay itself knows becomes a file with its provenance, and is locked as any other.
func TestAPopulationFromWhatAssayKnows(t *testing.T) {
	eachFieldwork(t, func(w fieldwork) {
		w.Get(w.priya, populationsAt+"/new").Want(200).Has("Or take it from what Assay itself knows")
		w.Post(w.priya, populationsAt+"/own", "of", "XX-9", "from", "windows").Want(422).Has("No control has this code")
		w.Post(w.priya, populationsAt+"/own", "of", "AC-03", "from", "").Want(422).Has("Choose what the list is made of")
		at := w.Post(w.priya, populationsAt+"/own", "of", "AC-03", "from", "windows").Want(303).Location
		w.Get(w.priya, at).Want(200).Has("Assay itself: Expected windows with their status", "2 here, 2 counted at the source", "Windows of AC-03", "ac-03-windows.csv", "Draft")
		file := w.Get(w.priya, at+"/file").Want(200).Body
		if !strings.HasPrefix(file, "\ufeffwindow,from,to,") && !strings.HasPrefix(file, "window,from,to,") || !strings.Contains(file, "AC-03 2026-01-01 to 2026-01-31") {
			w.Errorf("the file is %q", file)
		}
		w.Post(w.auditor, populationsAt+"/own", "of", "AC-03", "from", "windows").Want(404)
	})
}

func TestTheSizesOfAnEngagement(t *testing.T) {
	eachFieldwork(t, func(w fieldwork) {
		at := populationsAt + "/sizes"
		w.Get(w.jonas, at).Want(200).Has("Assay's defaults", "2 / 3 / 5").Lacks("Change them")
		auditor := w.jonas
		auditor.Fieldwork = []int64{w.engagement.ID}
		w.Post(w.jonas, at, "reason", "x").Want(404)
		form := []string{"rev", "0", "annual", "1/1/1", "semiannual", "2/2/2", "quarterly", "2/2/3", "monthly", "3 / 4 / 6", "weekly", "5/8/15", "daily", "20/25/40", "multiple_daily", "25/40/60"}
		page := w.Get(auditor, at).Want(200).Has("Change them")
		for _, m := range regexp.MustCompile(`name="([a-z_]+)" value="(\d+ / \d+ / \d+)"`).FindAllStringSubmatch(page.Body, -1) {
			if !strings.Contains(strings.Join(form, " ")+" ", m[1]+" ") {
				form = append(form, m[1], m[2])
			}
		}
		w.Post(auditor, at, append(form, "reason", "")...).Want(422).Has("Say where the sizes come from")
		w.Post(auditor, at, append([]string{"monthly", "many"}, append(form, "reason", "x")...)...).Want(422).Has("Enter a number from 1")
		w.Post(auditor, at, append(form, "reason", "The firm's guidance of 2026.")...).Want(303)
		w.Get(w.priya, at).Want(200).Has("The firm's guidance of 2026.", "Jonas Lindqvist set them")
		list := w.locked()
		w.Get(w.priya, list).Want(200).Has("Proposed: 3 at low, 4 at base, 6 at high risk", "the table of this engagement: The firm's guidance of 2026.", "hypergeometric")
	})
}
