package handlers_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"assay/handlers/handlerstest"
	"assay/models"
	"assay/models/access"
	"assay/models/control"
	"assay/models/engagement"
	"assay/models/evidence"
	"assay/models/finding"
	"assay/models/framework"
	"assay/models/modelstest"
	"assay/models/programme"
	"assay/web"
)

// An audit is a company with one control in scope of an engagement, one beside it, and
// around them everything an auditor of it may and may not see.
type audit struct {
	*testing.T
	*handlerstest.Site
	db                        *models.DB
	priya, ines, miriam       access.Actor
	mine, other               engagement.Engagement
	inScope, aside            control.Control
	accepted, superseded      evidence.Item
	before, submitted, beside evidence.Item
	ours, internal, theirs    finding.Finding
	file, hiddenFile          evidence.File
}

func (a *audit) do(f func(ctx context.Context, tx *models.Tx) error) {
	a.Helper()
	if err := modelstest.As(a.T, a.db, a.priya, f); err != nil {
		a.Fatal(err, web.Errors(err))
	}
}

func newAudit(t *testing.T, db *models.DB) *audit {
	t.Helper()
	a := &audit{T: t, Site: handlerstest.New(t, db), db: db}
	a.priya, a.ines = modelstest.Person(t, db, access.Compliance), modelstest.Person(t, db, access.Compliance)
	a.miriam = outsider(t, db, "Miriam Brandt")
	a.do(func(ctx context.Context, tx *models.Tx) (err error) {
		_, err = programme.SetUp(ctx, tx, "Halyard AI", "America/New_York", nil)
		return err
	})
	a.inScope, a.aside = a.control("AC-03", "CC6.1"), a.control("AV-01", "A1.1")
	terms := engagement.Terms{
		Name: "Mine", Firm: "Brandt & Okafor", Kind: engagement.Readiness, Criteria: []string{"CC6.1"},
		PeriodStart: "2026-01-01", PeriodEnd: "2026-06-30", Zone: "America/New_York", OpensOn: "2026-03-01", ClosesOn: "2026-10-31",
	}
	a.do(func(ctx context.Context, tx *models.Tx) (err error) {
		if a.mine, err = engagement.Create(ctx, tx, terms); err != nil {
			return err
		}
		terms.Name, terms.Criteria = "Other", []string{"A1.1"}
		if a.other, err = engagement.Create(ctx, tx, terms); err != nil {
			return err
		}
		return engagement.AddAuditor(ctx, tx, a.mine, a.miriam.ID, engagement.Lead)
	})
	a.accepted = a.item(a.inScope, evidence.Accepted, "2026-02-01", "2026-02-28")
	a.superseded = a.item(a.inScope, evidence.Superseded, "2025-12-15", "2026-01-01")
	a.before = a.item(a.inScope, evidence.Accepted, "2025-12-01", "2025-12-31")
	a.submitted = a.item(a.inScope, evidence.Submitted, "2026-02-01", "2026-02-28")
	a.beside = a.item(a.aside, evidence.Accepted, "2026-02-01", "2026-02-28")
	a.file, a.hiddenFile = a.attach(a.accepted), a.attach(a.before)
	a.ours = a.finding(finding.FromAudit, &a.mine.ID)
	a.theirs = a.finding(finding.FromAudit, &a.other.ID)
	a.internal = a.finding(finding.FromIncident, nil)
	return a
}

// control writes one that acts monthly, meets a criterion and takes effect today.
func (a *audit) control(code, criterion string) control.Control {
	a.Helper()
	return a.acting("monthly", code, criterion)
}

func (a *audit) acting(frequency, code, criterion string) (c control.Control) {
	a.Helper()
	content := control.Content{
		Title: "Control " + code, Statement: "Somebody reviews it.", Category: control.Categories()[0], Kind: control.Kinds[0],
		Nature: control.Natures[0], Frequency: frequency, Evidence: models.List[string]{"An export"},
		Criteria: models.List[framework.Ref]{{Framework: framework.SOC2, Code: criterion}},
	}
	var v control.Version
	a.do(func(ctx context.Context, tx *models.Tx) (err error) {
		if c, v, err = control.New(ctx, tx, code, content); err != nil {
			return err
		}
		if err = control.Assign(ctx, tx, &c, &a.ines.ID, nil); err != nil {
			return err
		}
		return control.Submit(ctx, tx, &v)
	})
	err := modelstest.As(a.T, a.db, a.ines, func(ctx context.Context, tx *models.Tx) error {
		today, err := programme.Today(ctx, tx)
		if err != nil {
			return err
		}
		return control.Approve(ctx, tx, &v, today)
	})
	if err != nil {
		a.Fatal(err)
	}
	return c
}

func (a *audit) item(c control.Control, s evidence.Status, from, to models.Date) evidence.Item {
	a.Helper()
	now := modelstest.Now
	i := evidence.Item{
		ControlID: c.ID, Status: s, UploadedBy: a.priya.ID, UploadedAt: now, SubmittedAt: &now,
		Details: evidence.Details{Title: "Export", Kind: "system_export", Source: "Okta", PerformedAt: &now, CoversFrom: from, CoversTo: to},
	}
	if s != evidence.Submitted {
		i.DecidedBy, i.DecidedAt, i.DecisionNote = &a.ines.ID, &now, "It shows what it should, or does not."
	}
	a.do(func(ctx context.Context, tx *models.Tx) error { return models.Insert(ctx, tx, &i, "evidence.store") })
	return i
}

// attach gives an item a file.
func (a *audit) attach(i evidence.Item) evidence.File {
	a.Helper()
	b, err := a.App.Blobs.Put(a.Context(), strings.NewReader("user,kept\nOkta,yes\n"), 1<<20)
	if err != nil {
		a.Fatal(err)
	}
	f := evidence.File{EvidenceID: i.ID, Digest: b.Digest, Name: "review.csv", Size: b.Size, AddedBy: a.priya.ID, AddedAt: modelstest.Now}
	a.do(func(ctx context.Context, tx *models.Tx) error { return models.Insert(ctx, tx, &f, "evidence.file") })
	return f
}

func (a *audit) finding(source finding.Source, of *int64) finding.Finding {
	a.Helper()
	f := finding.Finding{
		Title: "Late removal", Condition: "Accounts stayed open.", Source: source, EngagementID: of, ReportEffect: finding.Undecided,
		Status: finding.Raised, Cycle: 1, CycleOpenedAt: modelstest.Now, RaisedBy: a.priya.ID, RaisedAt: modelstest.Now,
	}
	a.do(func(ctx context.Context, tx *models.Tx) error {
		if err := models.Insert(ctx, tx, &f, "finding.raise"); err != nil {
			return err
		}
		return models.Insert(ctx, tx, &finding.Cycle{FindingID: f.ID, Number: 1, OpenedBy: a.priya.ID, OpenedAt: modelstest.Now, Reason: "Raised."}, "finding.cycle")
	})
	return f
}

// now is Miriam as her next request finds her.
func (a *audit) now() access.Actor {
	a.Helper()
	who := a.miriam
	err := a.db.Read(a.Context(), access.Actor{}, func(tx *models.Tx) error {
		grants, err := engagement.OpenFor(a.Context(), tx, who.ID)
		who.Engagements = engagement.IDs(grants)
		return err
	})
	if err != nil {
		a.Fatal(err)
	}
	return who
}

func (a *audit) leaves() (n int64) {
	a.Helper()
	modelstest.Look(a.T, a.db, a.priya, func(ctx context.Context, tx *models.Tx) (err error) {
		n, err = tx.LogSize(ctx)
		return err
	})
	return n
}

func (a *audit) paths() (seen, hidden map[string]string) {
	seen = map[string]string{
		"the engagement":                "/" + a.mine.Path(),
		"a control in scope":            "/" + a.inScope.Path(),
		"its version in the period":     "/" + a.inScope.Path() + "/versions/1",
		"accepted evidence":             "/" + a.accepted.Path(),
		"superseded evidence":           "/" + a.superseded.Path(),
		"a finding of the engagement":   "/" + a.ours.Path(),
		"its file":                      fmt.Sprintf("/%s/files/%d", a.accepted.Path(), a.file.ID),
		"the export of controls":        "/controls/export.csv",
		"the list of controls":          "/controls",
		"the list of evidence":          "/evidence",
		"the list of findings":          "/findings",
		"the search":                    "/search?q=export",
		"help":                          "/help",
		"the frameworks":                "/frameworks",
		"the list of engagements, home": "/engagements",
	}
	hidden = map[string]string{
		"another engagement":             "/" + a.other.Path(),
		"a control out of scope":         "/" + a.aside.Path(),
		"a version out of scope":         "/" + a.aside.Path() + "/versions/1",
		"evidence of before the period":  "/" + a.before.Path(),
		"evidence that is in review":     "/" + a.submitted.Path(),
		"evidence of another control":    "/" + a.beside.Path(),
		"an internal finding":            "/" + a.internal.Path(),
		"a finding of another auditor's": "/" + a.theirs.Path(),
		"a file of hidden evidence":      fmt.Sprintf("/%s/files/%d", a.before.Path(), a.hiddenFile.ID),
		"a hidden file by another door":  fmt.Sprintf("/%s/files/%d", a.accepted.Path(), a.hiddenFile.ID),
		"what is not there":              "/evidence/E-9999",
		"the company's readiness":        "/readiness",
		"the company's activity":         "/activity",
		"the checkpoint":                 "/activity/checkpoint",
		"people":                         "/people",
		"settings":                       "/settings",
		"the form to change the scope":   "/" + a.mine.Path() + "/edit",
		"the form for evidence":          "/evidence/new",
		"the review queue":               "/review",
		"the import of controls":         "/controls/import",
	}
	return seen, hidden
}

// TestAuditor holds section 7: what belongs to an open engagement is shown, everything
// else is not found, and each thing that is shown is a leaf.
func TestAuditor(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		a := newAudit(t, db)
		seen, hidden := a.paths()
		for what, path := range seen {
			before := a.leaves()
			p := a.Get(a.now(), path)
			if p.Status != http.StatusOK && (p.Status != http.StatusSeeOther || path != "/engagements") {
				t.Errorf("%s (%s): %d, want it shown", what, path, p.Status)
			}
			if p.Status == http.StatusOK && strings.HasPrefix(p.Header.Get("Content-Type"), "text/html") {
				p.Has("You can read and download what is in scope of Mine until the end of 31 October 2026 (America/New_York)")
			}
			if got := a.leaves(); got != before+1 {
				t.Errorf("%s: %d leaves, want one", what, got-before)
			}
		}
		for what, path := range hidden {
			if p := a.Get(a.now(), path); p.Status != http.StatusNotFound {
				t.Errorf("%s (%s): %d, want not found", what, path, p.Status)
			}
		}
		a.Get(a.now(), "/evidence").Has(a.accepted.Code(), a.superseded.Code()).Lacks(a.before.Code()+" ", a.submitted.Code()+" ")
		a.Get(a.now(), "/controls").Has("AC-03").Lacks("AV-01")
		a.Get(a.now(), "/search?q=control").Has("AC-03").Lacks("AV-01")
		a.Get(a.now(), "/search?q=AV-01").Want(http.StatusOK).Lacks("Control AV-01")
		a.Get(a.now(), "/"+a.mine.Path()).Has("AC-03", a.ours.Code()).Lacks("AV-01", "History", "Give access to")

		t.Run("in the window to the second, and not beside it", func(t *testing.T) {
			defer modelstest.At(db, modelstest.Now)
			for instant, want := range map[string]int{
				"2026-03-01T04:59:59Z": 404, "2026-03-01T05:00:00Z": 200, "2026-11-01T03:59:59Z": 200, "2026-11-01T04:00:00Z": 404,
			} {
				at, err := time.Parse(time.RFC3339, instant)
				if err != nil {
					t.Fatal(err)
				}
				modelstest.At(db, at)
				for _, what := range []string{"the engagement", "a control in scope", "accepted evidence", "a finding of the engagement"} {
					if p := a.Get(a.now(), seen[what]); p.Status != want {
						t.Errorf("%s at %s: %d, want %d", what, instant, p.Status, want)
					}
				}
			}
		})
		t.Run("no route lets them write", func(t *testing.T) {
			before := a.leaves()
			for _, rt := range a.App.Routes() {
				looks := strings.HasSuffix(rt.Pattern, "/report/check") // compares a file, and is recorded like a look
				if rt.Method != http.MethodPost || rt.Needs == access.Public || rt.Needs == access.SignedIn || looks {
					continue
				}
				path := param.ReplaceAllString(rt.Pattern, "1")
				if p := a.Post(a.now(), path, "rev", "1"); p.Status != http.StatusNotFound {
					t.Errorf("%s: %d", rt.Pattern, p.Status)
				}
			}
			if got := a.leaves(); got != before {
				t.Errorf("%d leaves were added", got-before)
			}
		})
	})
}

// TestNothingIsShownThatCannotBeLogged takes the log away and asks for everything.
func TestNothingIsShownThatCannotBeLogged(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		a := newAudit(t, db)
		who := a.now()
		a.Get(who, "/"+a.accepted.Path()).Want(http.StatusOK)
		// The head of the log is what every leaf needs. Without it none can be added.
		err := db.Bookkeep(t.Context(), func(tx *models.Tx) error {
			_, err := models.Raw[struct{ ID int64 }](t.Context(), tx, "DELETE FROM log_head RETURNING id")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		seen, _ := a.paths()
		for what, path := range seen {
			p := a.Get(who, path)
			if p.Status < 500 {
				t.Errorf("%s: %d although the view cannot be logged", what, p.Status)
			}
			for _, secret := range []string{"Control AC-03", "Late removal", "Okta"} {
				p.Lacks(secret)
			}
		}
		if p := a.Get(a.priya, "/"+a.accepted.Path()); p.Status != http.StatusOK {
			t.Errorf("the company, whose views are not logged, got %d: %s", p.Status, fmt.Sprint(p.Text()))
		}
	})
}
