package handlers_test

import (
	"context"
	"strings"
	"testing"

	"assay/handlers/handlerstest"
	"assay/internal/tlog"
	"assay/models"
	"assay/models/access"
	"assay/models/control"
	"assay/models/finding"
	"assay/models/modelstest"
)

func TestReadinessPages(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		a := newAudit(t, db)
		// One control in scope of the current engagement. It acts quarterly, so nothing was due yet.
		before := db.Queries()
		p := a.Get(a.priya, "/readiness").Want(200)
		if n := db.Queries() - before; n > 16 {
			t.Errorf("the page took %d queries when something had changed, want at most 16", n)
		}
		before = db.Queries()
		a.Get(a.priya, "/readiness").Want(200)
		if n := db.Queries() - before; n > 8 {
			t.Errorf("the page took %d queries when nothing had changed, want at most 8", n)
		}
		p.Has("0 of 1 control is operating with evidence.", "1 Not yet due", "A1, March 2026: in progress, 0 of 1 performed", "A1, April 2026: not yet due", "Every criterion in scope has at least one")
		a.Get(a.priya, "/readiness/A1/2026-03").Want(200).Has("AV-01", "Pending", "none due")
		a.Get(a.priya, "/readiness/A1/2026-07").Want(404)
		a.Get(a.priya, "/readiness/ZZ/2026-03").Want(404)
		a.Get(a.priya, "/readiness/controls?standing=not_yet&group=A1").Want(200).Has("AV-01")
		a.Get(a.priya, "/readiness/controls?standing=behind").Want(200).Has("No control of the period is here")
		a.Get(a.priya, "/readiness?period=nothing").Want(404)

		// The quarter is over, and so is its grace: it was missed, and says who is waited for.
		modelstest.At(db, modelstest.Now.AddDate(0, 2, 0))
		a.Get(a.priya, "/readiness").Has("1 is late", "A1, March 2026: 1 of 1 missed", "Late and due this week", "Chase late items")
		a.Get(a.priya, "/readiness/chase?late").Want(200).Has("AV-01", "Send to ")
		a.Get(modelstest.Person(t, db, access.Executive), "/readiness").Lacks("Chase late items")

		// An open finding about the control comes before everything.
		a.do(func(ctx context.Context, tx *models.Tx) error {
			return models.Insert(ctx, tx, &finding.Affected{FindingID: a.theirs.ID, ControlID: a.aside.ID}, "finding.link")
		})
		a.Get(a.priya, "/readiness").Has("1 carries an open finding .")

		// A retired control covers nothing, and its criterion is named. What it owed stays.
		a.do(func(ctx context.Context, tx *models.Tx) error {
			c, err := control.ByCode(ctx, tx, "AV-01")
			if err != nil {
				return err
			}
			return control.Retire(ctx, tx, &c, "No longer done.", true)
		})
		a.Get(a.priya, "/readiness").Has("No control is in use for the criteria in scope", "A1.1")
		a.Get(a.priya, "/readiness/A1/2026-03").Has("Missed")
		a.Get(modelstest.Person(t, db, access.Executive), "/readiness").Want(200)
	})
}

func TestReadinessBeforeSetUp(t *testing.T) {
	db := modelstest.SQLite(t)
	site := handlerstest.New(t, db)
	site.Get(modelstest.Person(t, db, access.Compliance), "/readiness").Want(200).Has("Assay is not set up yet")
}

// TestReadinessWithoutAnEngagement: who has just set up sees this year, with all of its pages.
func TestReadinessWithoutAnEngagement(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		site := handlerstest.New(t, db)
		ana := modelstest.Person(t, db, access.Compliance)
		site.Post(ana, "/setup", "company", "Halyard AI", "zone", "America/New_York").Want(303)
		for _, path := range []string{"/readiness", "/readiness/controls", "/readiness/CC6/2026-03", "/readout", "/readiness/chase?late", "/tasks"} {
			site.Get(ana, path).Want(200)
		}
	})
}

func TestActivityPage(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		a := newAudit(t, db)
		a.Get(a.priya, "/activity/checkpoint").Want(404)
		a.Get(a.priya, "/activity").Want(200).Has("No checkpoint is signed yet", "raised F-001", "approved version 1 of AC-03")
		signer, err := tlog.LoadSigner(t.TempDir()+"/key", "halyard.example/log")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.SignCheckpoint(t.Context(), signer); err != nil {
			t.Fatal(err)
		}
		a.Get(a.priya, "/activity").Has(signer.VerifierKey)
		note := a.Get(a.priya, "/activity/checkpoint").Want(200)
		if c, err := tlog.OpenCheckpoint(note.Body, signer.VerifierKey); err != nil || c.Size != a.leaves() {
			t.Errorf("the note does not open: %v %v", c, err)
		}
		a.Get(a.priya, "/activity?record=ac-03&about=version").Has("approved version 1 of AC-03").Lacks("raised F-001")
		a.Get(a.priya, "/activity?from=2026-02-31").Want(200).Has("Enter a date that exists")
		a.Get(modelstest.Person(t, db, access.Owner), "/activity").Want(404)
	})
}

func TestSearchHelpAndSettings(t *testing.T) {
	a := newAudit(t, modelstest.SQLite(t))
	if p := a.Get(a.priya, "/search?q=ac-03").Want(303); p.Location != "/controls/AC-03" {
		t.Errorf("a code leads to %s", p.Location)
	}
	if p := a.Get(a.priya, "/search?q=f-3").Want(303); p.Location != "/findings/F-003" {
		t.Errorf("a finding's code leads to %s", p.Location)
	}
	a.Get(a.priya, "/search").Want(200).Has("Type what you look for")
	a.Get(a.priya, "/search?q=readi").Has("Readiness", "Page")
	a.Get(a.priya, "/search?q=logical+access").Has("CC6.1")
	a.Get(a.priya, "/search?q=miriam").Has("Miriam Brandt")
	a.Get(modelstest.Person(t, a.db, access.Owner), "/search?q=miriam").Lacks("Miriam Brandt")
	a.Get(a.priya, "/search?q=zzzzz").Has("Nothing found")
	for _, role := range access.Roles {
		who := modelstest.Person(t, a.db, role)
		a.Get(who, "/help").Want(200).Has("What you can do here", role.Label(), "Access window")
	}
	p := a.Get(a.priya, "/settings").Want(200).Has("Halyard AI", "America/New_York", "SQLite", "Security")
	if strings.Contains(p.Text(), "100%") {
		t.Error("settings state a percentage")
	}
}
