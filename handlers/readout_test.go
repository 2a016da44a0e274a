package handlers_test

import (
	"bytes"
	"context"
	"fmt"
	"regexp"
	"testing"

	"assay/handlers/handlerstest"
	"assay/models"
	"assay/models/access"
	"assay/models/finding"
	"assay/models/modelstest"
	"assay/models/readiness"
)

// pages matches the pages of a PDF; the tree that holds them is /Pages.
var pages = regexp.MustCompile(`/Type\s*/Page[^s]`)

// busy is a company with more to tell than a page has room for.
func busy(t *testing.T, db *models.DB) *audit {
	t.Helper()
	a := newAudit(t, db)
	for n := range 12 {
		f := a.finding(finding.FromIncident, nil)
		a.do(func(ctx context.Context, tx *models.Tx) error {
			f.Severity = finding.Severities[n%len(finding.Severities)]
			f.Title = fmt.Sprintf("Accounts of people who left stayed open for longer than the policy allows, case %d of many", n)
			return models.Update(ctx, tx, &f, models.Columns{"Severity", "Title"}, "finding.correct")
		})
	}
	for week := range 20 {
		modelstest.At(db, modelstest.Now.AddDate(0, 0, 7*week))
		if err := db.Bookkeep(t.Context(), func(tx *models.Tx) error {
			tx.Actor = access.Clock
			return readiness.Note(t.Context(), tx)
		}); err != nil {
			t.Fatal(err)
		}
	}
	modelstest.At(db, modelstest.Now.AddDate(0, 3, 15))
	return a
}

func TestReadout(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		a := busy(t, db)
		ruth := modelstest.Person(t, db, access.Executive)
		if p := a.Get(ruth, "/").Want(303); p.Location != "/readout" {
			t.Errorf("an executive's day begins at %s", p.Location)
		}
		before := db.Queries()
		p := a.Get(ruth, "/readout").Want(200)
		if n := db.Queries() - before; n > handlerstest.QueryBudget {
			t.Errorf("%d queries", n)
		}
		p.Has("0 of 1 control is operating with evidence. 1 is late.", "0% 0 of 1", "15 6 high or critical", "Critical", "The first 5 of 15", "Week 25", "1 late")
		p.Lacks("unqualified", "on course")
		a.Get(ruth, "/readout?period=mine").Want(200).Has("Mine")
		a.Get(ruth, "/readout?period=nothing").Want(404)
		a.Get(a.now(), "/readout").Want(404) // an auditor

		file := a.Get(ruth, "/readout.pdf").Want(200)
		if n := len(pages.FindAllString(file.Body, -1)); n != 1 || !bytes.HasPrefix([]byte(file.Body), []byte("%PDF-")) {
			t.Errorf("the PDF has %d pages", n)
		}
		for _, part := range []string{"/ToUnicode", "/FontFile2"} {
			if !bytes.Contains([]byte(file.Body), []byte(part)) {
				t.Errorf("the PDF lacks %s: its text cannot be selected, or its font is elsewhere", part)
			}
		}
		p = a.Get(a.priya, "/readiness").Want(200)
		p.Has("Operating, by week", "The weeks as a table")
	})
}

func TestReadoutInABrowser(t *testing.T) {
	a := busy(t, modelstest.SQLite(t))
	b := a.look(modelstest.Person(t, a.db, access.Executive))
	seenAt(t, b, "readout", "/readout")
	b.Media("prefers-color-scheme", "light")
	b.Viewport(1440, 900)
	b.Goto("/readout")
	if n := len(pages.FindAll(b.PDF(), -1)); n != 1 {
		t.Errorf("printed, the readout has %d pages", n)
	}
	b.Print()
	b.Keep("readout-print")
	c := a.look(a.priya)
	seenAt(t, c, "readiness", "/readiness")
}
