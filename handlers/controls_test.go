package handlers_test

import (
	"bytes"
	"context"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"assay/handlers/handlerstest"
	"assay/internal/sheet"
	"assay/models"
	"assay/models/access"
	"assay/models/control"
	"assay/models/framework"
	"assay/models/modelstest"
)

// A portal is a site with the people who work on controls, set up as a browser would.
type portal struct {
	*handlerstest.Site
	t                                        *testing.T
	db                                       *models.DB
	priya, ines, tomas, ana, viewer, auditor access.Actor
}

func emptyPortal(t *testing.T) portal {
	t.Helper()
	db := modelstest.SQLite(t)
	p := portal{Site: handlerstest.New(t, db), t: t, db: db}
	p.priya = modelstest.Person(t, db, access.Compliance)
	p.ines = modelstest.Person(t, db, access.Compliance)
	p.tomas = modelstest.Person(t, db, access.Owner)
	p.ana = modelstest.Person(t, db, access.Administrator)
	p.viewer = modelstest.Person(t, db, access.Executive)
	p.auditor = modelstest.Person(t, db, access.Auditor)
	return p
}

func newPortal(t *testing.T) portal {
	t.Helper()
	p := emptyPortal(t)
	p.Post(p.priya, "/setup", "company", "Halyard AI", "zone", "America/New_York", "categories", "privacy").Want(303)
	return p
}

// sees follows a redirect.
func (p portal) sees(a access.Actor, answer handlerstest.Page) handlerstest.Page {
	p.t.Helper()
	answer.Want(http.StatusSeeOther)
	return p.Get(a, answer.Location).Want(200)
}

func id(a access.Actor) string { return strconv.FormatInt(a.ID, 10) }

func TestSetUp(t *testing.T) {
	p := emptyPortal(t)
	for _, a := range []access.Actor{p.priya, p.ana} {
		if got := p.Get(a, "/").Want(303).Location; got != "/setup" {
			t.Errorf("%s is sent to %s", a.Role, got)
		}
	}
	p.Get(p.tomas, "/").Want(200).Has("Assay is not set up yet", p.priya.Name, p.ana.Name)
	p.Get(p.tomas, "/setup").Want(404)
	p.Get(p.priya, "/setup").Want(200).Has("Security is always in scope: 33 criteria", "18 criteria,", "more controls")
	p.Post(p.priya, "/setup", "company", "", "zone", "Mars/Olympus", "categories", "privacy").
		Want(422).Has("Enter the name of the company", "Choose a time zone")
	p.Post(p.priya, "/setup", "company", "Halyard AI", "zone", "Europe/Berlin", "categories", "privacy").Want(303)
	p.Post(p.ana, "/setup", "company", "Another", "zone", "UTC").Want(409).Has("already set up for Halyard AI")
	if got := p.Get(p.priya, "/setup").Want(303).Location; got != "/settings/programme" {
		t.Errorf("after set-up: %s", got)
	}
	form := p.Get(p.priya, "/settings/programme").Want(200)
	before := count(t, p)
	p.Post(p.priya, "/settings/programme", "rev", form.Field("rev"), "company", "Halyard AI", "zone", "Europe/Berlin", "categories", "privacy", "categories", "availability").Want(303)
	if after := count(t, p); after <= before {
		t.Errorf("a new category added nothing: %d, then %d", before, after)
	}
	p.Post(p.ana, "/settings/programme", "rev", form.Field("rev"), "company", "Halyard", "zone", "UTC").Want(409).Has("Someone changed this")
}

func count(t *testing.T, p portal) (n int) {
	t.Helper()
	modelstest.Look(t, p.db, p.priya, func(ctx context.Context, tx *models.Tx) (err error) {
		n, _, err = control.Count(ctx, tx, control.Filter{})
		return err
	})
	return n
}

func TestControlList(t *testing.T) {
	p := newPortal(t)
	p.Get(p.viewer, "/controls").Want(200).Has("AC-01", "controls", "Later").Lacks("New control", "Assign")
	p.Get(p.priya, "/controls?q=leaver+remov").Want(200).Has("AC-03", "Leaver access removed in time").Lacks("CM-01")
	p.Get(p.priya, "/controls?q=zebra").Want(200).Has("No controls match", "Clear the filter")
	p.Get(p.priya, "/controls?criterion=cc_6_2&sort=-title").Want(200).Has("AC-03").Lacks("GV-01")
	p.Get(p.priya, "/controls?after=nonsense").Want(422)

	later := p.Get(p.priya, "/controls?sort=title").Want(200)
	next := link(t, later, "next")
	if !strings.Contains(next, "sort=title") {
		t.Errorf("paging forgets the order: %s", next)
	}
	p.Get(p.priya, next).Want(200).Has("Earlier")

	p.Post(p.tomas, "/controls/assign", "code", "AC-01", "owner", id(p.tomas)).Want(404)
	p.Post(p.priya, "/controls/assign", "list", "category=Access+control", "code", "AC-01", "code", "AC-02", "owner", id(p.viewer)).
		Want(422).Has("is Executive viewer and cannot own controls").Lacks("CM-01")
	p.Post(p.priya, "/controls/assign", "owner", id(p.tomas)).Want(422).Has("Choose the controls first")
	done := p.Post(p.priya, "/controls/assign", "list", "category=Access+control", "code", "AC-01", "code", "AC-02", "owner", id(p.tomas))
	if done.Want(303).Location != "/controls?category=Access+control" {
		t.Errorf("went to %s", done.Location)
	}
	p.Get(p.tomas, "/controls?owner=me").Want(200).Has("AC-01", "AC-02", "2 controls").Lacks("AC-03")

	saved := p.Post(p.priya, "/controls/views", "list", "owner=none", "name", "Nobody answers")
	p.sees(p.priya, saved).Has("Nobody answers", "Remove view")
	p.Get(p.ines, "/controls").Want(200).Lacks("Nobody answers")
	p.Post(p.priya, "/controls/views", "list", "", "name", "").Want(422).Has("Give the view a name")
	p.Post(p.ines, "/controls/views/1/remove").Want(404)
	p.Post(p.priya, "/controls/views/1/remove").Want(303)
	p.Get(p.priya, "/controls?owner=none").Want(200).Lacks("Nobody answers")
}

func link(t *testing.T, p handlerstest.Page, rel string) string {
	t.Helper()
	before, _, ok := strings.Cut(p.Body, `" rel="`+rel+`"`)
	if !ok {
		t.Fatalf("no link %s", rel)
	}
	return strings.ReplaceAll(before[strings.LastIndex(before, `"`)+1:], "&amp;", "&")
}

func TestControlFromNothingIntoEffect(t *testing.T) {
	p := newPortal(t)
	p.Get(p.tomas, "/controls/new").Want(404)
	again := p.Post(p.priya, "/controls/new", "code", "ac-03", "title", "Taken", "criteria", "CC6.9").Want(422).Has("Unknown criterion: “CC6.9”")
	if again.Field("title") != "Taken" || again.Field("criteria") != "CC6.9" {
		t.Error("the form forgot what was typed")
	}
	p.Post(p.priya, "/controls/new", "code", "ac-03", "title", "Taken").Want(422).Has("AC-03 is already taken by")
	p.sees(p.priya, p.Post(p.priya, "/controls/new", "code", "zz-01", "title", "Badges are counted", "statement", "Every [week] badges are counted.",
		"frequency", "weekly", "evidence", "Count sheet", "criteria", "CC6.4")).Has("Badges are counted", "No owner", "Every week badges are counted.")

	version := "/controls/ZZ-01/versions/1"
	rev := func() string { p.t.Helper(); return p.Get(p.priya, version).Want(200).Field("rev") }
	p.Post(p.priya, version+"/submit", "rev", rev()).Want(422).Has("Assign an owner first")
	page := p.Get(p.priya, "/controls/ZZ-01").Want(200)
	p.Post(p.priya, "/controls/ZZ-01/assign", "rev", page.Field("rev"), "owner", id(p.tomas), "backup", id(p.tomas)).Want(422).Has("has to be somebody else")
	p.Post(p.priya, "/controls/ZZ-01/assign", "rev", page.Field("rev"), "owner", id(p.tomas)).Want(303)
	p.Post(p.ines, "/controls/ZZ-01/assign", "rev", page.Field("rev"), "owner", id(p.ines)).Want(409).Has("Someone changed this")

	form := p.Get(p.tomas, "/controls/ZZ-01/edit").Want(200).Has("Value 1")
	fields := []string{"rev", form.Field("rev"), "title", "Badges are counted", "statement", form.Field("statement"), "value-0", "month", "frequency", "monthly", "evidence", "Count sheet", "criteria", "CC6.4, PR.AA-06"}
	p.sees(p.tomas, p.Post(p.tomas, "/controls/ZZ-01/edit", fields...)).Has("Every month badges are counted.", "PR.AA-06")
	p.Post(p.priya, "/controls/ZZ-01/edit", fields...).Want(409).Has("Someone changed this", "Edit ZZ-01")
	p.Get(p.viewer, "/controls/ZZ-01/edit").Want(404)

	p.Post(p.tomas, version+"/submit", "rev", rev()).Want(303)
	p.Get(p.tomas, version).Want(200).Lacks("Approve the version", "Return to draft")
	p.Get(p.priya, version).Want(200).Has("You wrote in it, so somebody else approves it")
	p.Post(p.ines, version+"/return", "rev", rev(), "reason", "").Want(422).Has("Say what has to change")
	p.Post(p.priya, version+"/approve", "rev", rev(), "effective_from", "2026-03-01").Want(403).Has("Somebody else has to approve it")
	p.Post(p.ines, version+"/approve", "rev", rev(), "effective_from", "2026-02-28").Want(422).Has("Nothing is backdated")
	p.Post(p.ines, version+"/approve", "rev", rev(), "effective_from", "2026-02-31").Want(422).Has("Enter a date that exists")
	p.Post(p.ines, version+"/approve", "rev", rev(), "effective_from", "2026-03-01").Want(303)
	p.Get(p.viewer, "/controls/ZZ-01").Want(200).Has("Effective", "CC6.4", "Version 1").Lacks("New version", "Retire")

	p.Post(p.tomas, "/controls/ZZ-01/revise", "editorial", "on").Want(303)
	p.Post(p.tomas, "/controls/ZZ-01/revise").Want(409).Has("Version 2 is already being written")
	form = p.Get(p.tomas, "/controls/ZZ-01/edit").Want(200)
	p.Post(p.tomas, "/controls/ZZ-01/edit", "rev", form.Field("rev"), "title", "Badges are counted", "statement", "Every [quarter] all badges are counted.", "value-0", "month",
		"frequency", "quarterly", "evidence", "Count sheet", "criteria", "CC6.4", "change_note", "Too often").Want(303)
	p.Get(p.viewer, "/controls/ZZ-01").Want(200).Has("Every month badges are counted.", "Version 2 is a draft of")
	p.Get(p.viewer, "/controls/ZZ-01/versions/2/diff").Want(200).Has("Version 1 and version 2", "Frequency", "Quarterly")
	p.Get(p.viewer, "/controls/ZZ-01/versions/1/diff").Want(404)

	page = p.Get(p.priya, "/controls/ZZ-01").Want(200)
	p.Post(p.priya, "/controls/ZZ-01/retire", "rev", page.Field("rev"), "reason", "").Want(422).Has("Say why the control is retired")
	p.Post(p.priya, "/controls/ZZ-01/retire", "rev", page.Field("rev"), "reason", "Merged").Want(303)
	p.Get(p.viewer, "/controls/ZZ-01").Want(200).Has("Retired", "Merged")
}

func TestADraftIsDiscarded(t *testing.T) {
	p := newPortal(t)
	p.Post(p.priya, "/controls/new", "code", "zz-01", "title", "Badges are counted", "criteria", "CC6.4").Want(303)
	version := "/controls/ZZ-01/versions/1"
	page := p.Get(p.priya, version).Want(200).Has("Discard ZZ-01?", "The history keeps that Compliance manager 1 wrote it", "ZZ-01 goes with it")
	p.Get(p.tomas, version).Want(200).Lacks("Discard")
	p.Post(p.tomas, version+"/discard", "rev", page.Field("rev")).Want(403).Has("Only the owner of ZZ-01")
	p.Post(p.viewer, version+"/discard", "rev", page.Field("rev")).Want(404)
	p.Post(p.priya, version+"/discard", "rev", "7").Want(409).Has("Someone changed this")
	p.sees(p.priya, p.Post(p.priya, version+"/discard", "rev", page.Field("rev"))).Has("Controls").Lacks("ZZ-01")
	p.Get(p.priya, "/controls/ZZ-01").Want(404)
	p.Get(p.priya, "/activity?record=ZZ-01").Want(200).Has("discarded the draft version 1 of ZZ-01", "before any version of it was approved")

	effective := "/controls/AC-03/versions/1"
	p.Get(p.priya, effective).Want(200).Lacks("Discard")
	p.Post(p.priya, effective+"/discard", "rev", "1").Want(409).Has("Only a draft can be discarded")
	p.Post(p.priya, "/controls/AC-03/revise").Want(303)
	page = p.Get(p.priya, "/controls/AC-03/versions/2").Want(200).Has("Version 1 stays as it is.")
	p.sees(p.priya, p.Post(p.priya, "/controls/AC-03/versions/2/discard", "rev", page.Field("rev"))).Has("AC-03", "Effective").Lacks("Version 2")
}

func TestControlsAreNotFoundByAuditorsOutsideTheWindow(t *testing.T) {
	p := newPortal(t)
	p.Get(p.auditor, "/controls").Want(200).Has("No controls").Lacks("AC-03")
	p.Get(p.auditor, "/controls/AC-03").Want(404)
	p.Get(p.auditor, "/controls/AC-03/versions/1").Want(404)
	if rows := exported(t, p.Get(p.auditor, "/controls/export.csv")); len(rows.Rows) != 0 {
		t.Errorf("an export shows %d controls", len(rows.Rows))
	}
	p.Get(p.auditor, "/frameworks/soc2-tsc/CC6.2").Want(200).Has("No control").Lacks("AC-03")
}

func exported(t *testing.T, p handlerstest.Page) sheet.Table {
	t.Helper()
	got, err := sheet.Read(t.Context(), p.Want(200).Reader(), "controls", sheet.Default)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestFrameworkPages(t *testing.T) {
	p := newPortal(t)
	p.Get(p.tomas, "/frameworks").Want(200).Has("61 of 61", "NIST")
	p.Get(p.tomas, "/frameworks/soc2-tsc").Want(200).Has("Not in scope", "CC6.2")
	p.Get(p.tomas, "/frameworks/soc2-tsc/CC6.2").Want(200).Has("AC-03", "Crosswalk", "PR.AA-01", "Covered")
	p.Get(p.tomas, "/frameworks/owasp-llm/LLM03:2025").Want(200)
	p.Get(p.tomas, "/frameworks/nist-ai-rmf/"+url.PathEscape("GOVERN 1.6")).Want(200).Has("GOVERN 1.6")
	for _, path := range []string{"/frameworks/none", "/frameworks/soc2-tsc/CC99.1", "/frameworks/none/CC6.2"} {
		p.Get(p.tomas, path).Want(404)
	}
}

// TestUncoveredCriteriaAreNamed retires every control of CC2.1 and looks for it.
func TestUncoveredCriteriaAreNamed(t *testing.T) {
	p := newPortal(t)
	p.Get(p.viewer, "/frameworks/soc2-tsc").Want(200).Lacks("no control in effect")
	var codes []string
	modelstest.Look(t, p.db, p.priya, func(ctx context.Context, tx *models.Tx) error {
		rows, err := control.ForCriterion(ctx, tx, framework.Ref{Framework: framework.SOC2, Code: "CC2.1"})
		for _, r := range rows {
			codes = append(codes, r.Code)
		}
		return err
	})
	for _, code := range codes {
		page := p.Get(p.priya, "/controls/"+code).Want(200)
		p.Post(p.priya, "/controls/"+code+"/retire", "rev", page.Field("rev"), "reason", "No longer").Want(303)
	}
	p.Get(p.viewer, "/frameworks/soc2-tsc").Want(200).Has("no control in effect: CC2.1", "none in effect")
	p.Get(p.viewer, "/frameworks/soc2-tsc/CC2.1").Want(200).Has("No control in effect", codes[0])
}

func (p portal) upload(a access.Actor, name, content string) handlerstest.Page {
	p.t.Helper()
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	part, err := form.CreateFormFile("file", name)
	if err != nil {
		p.t.Fatal(err)
	}
	_, _ = part.Write([]byte(content)) // to memory
	_ = form.Close()
	r := httptest.NewRequest(http.MethodPost, "/controls/import", &b)
	r.Header.Set("Content-Type", form.FormDataContentType())
	return p.Do(a, r)
}

func TestImportThroughPages(t *testing.T) {
	p := newPortal(t)
	p.upload(p.tomas, "x.csv", "id,title\nQQ-1,x").Want(404)
	p.upload(p.priya, "x.csv", "").Want(422).Has("The file is empty")
	p.upload(p.priya, "x.csv", "PK\x03\x04 broken").Want(422).Has("The file was not read")
	p.Get(p.priya, "/controls/import/"+strings.Repeat("0", 64)).Want(404)

	refused := p.upload(p.priya, "bad.csv", "id,title\nQQ-1,One\nQQ-1,Two").Want(303)
	p.Get(p.priya, refused.Location).Want(200).Has("1 new, 0 changed, 0 unchanged, 1 refused", "already stands on line 2").Lacks("Import 1 rows")

	good := p.upload(p.priya, "good.csv", "id,title\nQQ-1,Something new\nAC-03,Leavers lose access in time").Want(303)
	preview := p.Get(p.priya, good.Location).Want(200).Has("1 new, 1 changed", "Becomes a draft of a new version")
	action, _, _ := strings.Cut(good.Location, "?")
	p.Post(p.priya, action, "plan", "something else").Want(409).Has("Something has changed since this preview", "QQ-1")
	p.Post(p.priya, action, "plan", preview.Field("plan")).Want(303)
	p.Post(p.priya, action, "plan", preview.Field("plan")).Want(409)
	p.Get(p.priya, good.Location).Want(200).Has("0 changes").Lacks("Import 0 rows")
	p.Get(p.viewer, "/controls/QQ-1").Want(200).Has("Something new", "Draft")

	all := p.Get(p.priya, "/controls/export.csv").Want(200)
	again := p.upload(p.priya, "controls.csv", all.Body).Want(303)
	p.Get(p.priya, again.Location).Want(200).Has("0 new, 0 changed,", "0 refused", "0 changes")
	// The same as OSCAL, and what others write as OSCAL.
	document := p.Get(p.priya, "/controls/export.oscal.json").Want(200)
	again = p.upload(p.priya, "controls.oscal.json", document.Body).Want(303)
	p.Get(p.priya, again.Location).Want(200).Has("OSCAL 1.2.2, component definition: Controls of", "0 new, 0 changed,", "0 refused", "0 changes")
	p.upload(p.priya, "x.json", `{"Framework":"SOC2"}`).Want(422).Has("neither an OSCAL catalog nor")
	catalog := p.upload(p.priya, "own.json", `{"catalog":{"metadata":{"title":"House rules","oscal-version":"1.1.2"},"controls":[{"id":"hr-1","title":"Doors are shut","parts":[{"name":"statement","prose":"Within {{ insert: param, hr-1_prm_1 }}."}],"params":[{"id":"hr-1_prm_1","label":"a minute"}]}]}}`).Want(303)
	p.Get(p.priya, catalog.Location).Want(200).Has("OSCAL 1.1.2, catalog: House rules.", "1 new", "HR-1", "Doors are shut", "Import 1 row")
	if rows := exported(t, p.Get(p.priya, "/controls/export.xlsx?category=Access+control")); len(rows.Rows) == 0 || len(rows.Rows) >= count(t, p) {
		t.Errorf("the filtered export has %d rows", len(rows.Rows))
	}
}

// TestPagesAskFewQueries holds the pages to a number of queries that does not grow
// with what they show.
func TestPagesAskFewQueries(t *testing.T) {
	p := newPortal(t)
	for path, most := range map[string]int64{"/controls": 12, "/controls?q=access&sort=owner": 12, "/controls/AC-03": 16, "/frameworks/soc2-tsc/CC6.2": 12} {
		before := p.db.Queries()
		p.Get(p.priya, path).Want(200)
		if n := p.db.Queries() - before; n > most {
			t.Errorf("%s: %d queries, want at most %d", path, n, most)
		}
	}
}
