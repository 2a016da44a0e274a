package handlers_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"assay/handlers/handlerstest"
	"assay/models"
	"assay/models/control"
	"assay/models/engagement"
	"assay/models/evidence"
	"assay/models/modelstest"
	"assay/models/occurrence"
	"assay/models/period"
)

// performed records acts of c as rows, since a test cannot wait for a year to pass.
func (a *audit) performed(c control.Control, result string, days ...models.Date) {
	a.Helper()
	a.do(func(ctx context.Context, tx *models.Tx) error {
		var list []*occurrence.Performance
		for _, d := range days {
			at := d.In(time.UTC).Add(16 * time.Hour)
			list = append(list, &occurrence.Performance{
				ControlID: c.ID, Code: c.Code, PerformedAt: at, PerformedBy: "Ines Duarte", Result: result, RecordedBy: a.ines.ID, RecordedAt: at.Add(time.Hour),
			})
		}
		return models.InsertAll(ctx, tx, list, "performance.record")
	})
}

func TestTimeline(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		a := newAudit(t, db) // AC-03 acts monthly from 1 March 2026 on
		a.performed(a.inScope, "Nobody kept access.", "2026-03-20", "2026-05-25")
		a.performed(a.inScope, "Before the examination.", "2025-11-20")
		modelstest.At(db, modelstest.Now.AddDate(0, 3, 0))
		a.do(func(ctx context.Context, tx *models.Tx) error {
			c, err := control.ByCode(ctx, tx, "AC-03")
			if err != nil {
				return err
			}
			if _, err := occurrence.Ask(ctx, tx, c, period.Span{From: "2026-04-01", To: "2026-04-30"}, "Does April count?"); err != nil {
				return err
			}
			_, err = occurrence.Excuse(ctx, tx, c, period.Span{From: "2026-04-01", To: "2026-04-30"}, "The system was not in use.")
			return err
		})
		p := a.Get(a.priya, "/controls/AC-03").Want(200)
		p.Has("on time 2 of 3 due", "Missed", "20 Mar 2026, Ines Duarte", "Nobody kept access.", "Waits for approval", "Does April count?", "1 version", "E-1")
		p.Lacks("Before the examination.")
		for _, part := range []string{`id="h-timeline"`, `href="/tasks/AC-03/2026-04-01/2026-04-30"`} {
			if !strings.Contains(p.Body, part) {
				t.Errorf("the page lacks %s", part)
			}
		}
		a.Get(a.priya, "/controls/AC-03?period=nothing").Want(404)

		// A withdrawal that is refused says so; one that is not leaves the window without an act.
		a.Post(a.priya, "/performances/1/withdraw", "rev", "1", "reason", "").Want(422).Has("Not withdrawn", "Say why it is withdrawn.")
		long := strings.Repeat("The wrong system. ", 200)
		if got := a.Post(a.priya, "/performances/1/withdraw", "rev", "1", "reason", long).Want(422); !strings.Contains(got.Body, ">"+long+"<") {
			t.Error("what was typed is lost")
		}
		if got := a.Post(a.priya, "/performances/1/withdraw", "rev", "9", "reason", "Mine.").Want(409); !strings.Contains(got.Body, ">Mine.<") {
			t.Error("what was typed is lost to somebody who was slower")
		}
		a.Post(a.priya, "/performances/1/withdraw", "rev", "1", "reason", "It was another system.").Want(303)
		a.Get(a.priya, "/controls/AC-03").Has("Withdrawn, counts no longer: It was another system.", "on time 1 of 3 due")
	})
}

// TestTimelineOfAnAuditor: the period and the scope of their engagement, and no more.
func TestTimelineOfAnAuditor(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		a := newAudit(t, db)
		a.performed(a.inScope, "Inside.", "2026-03-20")
		a.performed(a.inScope, "Before the examination.", "2025-11-20")
		a.do(func(ctx context.Context, tx *models.Tx) error {
			c, err := control.ByCode(ctx, tx, "AC-03")
			if err != nil {
				return err
			}
			if _, err = occurrence.Ask(ctx, tx, c, period.Span{From: "2026-03-01", To: "2026-03-31"}, "Only among us?"); err != nil {
				return err
			}
			_, err = occurrence.Excuse(ctx, tx, c, period.Span{From: "2026-03-01", To: "2026-03-31"}, "Asked, and not approved.")
			return err
		})
		modelstest.At(db, modelstest.Now.AddDate(0, 3, 0))
		p := a.Get(a.now(), "/controls/AC-03").Want(200)
		p.Has("Inside.", "Mine", a.accepted.Code())
		p.Lacks("Before the examination.", "Only among us?", "not approved", a.submitted.Code(), a.before.Code(), "change of owner", "/tasks/", "Withdraw", "Other", "period=")
		// The other engagement is not theirs, and once it is, the control is not in its scope.
		a.Get(a.now(), "/controls/AC-03?period=other").Want(404)
		a.do(func(ctx context.Context, tx *models.Tx) error {
			return engagement.AddAuditor(ctx, tx, a.other, a.miriam.ID, engagement.Member)
		})
		a.Get(a.now(), "/controls/AC-03?period=other").Want(404)
		a.Get(a.now(), "/controls/AV-01").Want(200).Has("Other").Lacks("Inside.")
		// Their window closes.
		modelstest.At(db, modelstest.Now.AddDate(1, 0, 0))
		a.Get(a.now(), "/controls/AC-03").Want(404)
	})
}

// A daily control over twelve months stays a light page.
func TestTimelineOfADailyControl(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		a, c := newDaily(t, db)
		before := db.Queries()
		p := a.Get(a.priya, "/controls/"+c.Code).Want(200)
		first := db.Queries() - before
		before = db.Queries()
		a.Get(a.priya, "/controls/"+c.Code).Want(200)
		again := db.Queries() - before
		t.Logf("%d bytes, %d queries after a change, %d again", len(p.Body), first, again)
		if again > handlerstest.QueryBudget || first > handlerstest.QueryBudget {
			t.Errorf("%d queries after a change and %d again", first, again)
		}
		if len(p.Body) > 80<<10 {
			t.Errorf("the page has %d bytes", len(p.Body))
		}
		p.Has("on time 360 of 365 due", "Every window as a table, 365", "25/30", "All 360")
		if n := strings.Count(p.Body, "<tr><th scope=\"row\">"); n > 60 {
			t.Errorf("the page has tables of %d rows", n)
		}
		whole := a.Get(a.priya, "/controls/"+c.Code+"?tables=all").Want(200).Has("Every window as a table, 365")
		if n := strings.Count(whole.Body, "<tr><th scope=\"row\">"); n < 365 {
			t.Errorf("the table has %d rows", n)
		}
		if all := a.Get(a.priya, "/controls/"+c.Code+"?performances=all"); strings.Count(all.Body, "/withdraw") != 360 {
			t.Error("not every performance is listed")
		}
	})
}

// newDaily is a company whose control acts every day of a period of twelve months, but on
// five days.
func newDaily(t *testing.T, db *models.DB) (*audit, control.Control) {
	t.Helper()
	a := newAudit(t, db)
	c := a.acting("daily", "CH-01", "CC6.1")
	a.do(func(ctx context.Context, tx *models.Tx) error {
		_, err := engagement.Create(ctx, tx, engagement.Terms{
			Name: "Year", Firm: "Brandt & Okafor", Kind: engagement.Readiness, Criteria: []string{"CC6.1"},
			PeriodStart: "2026-04-01", PeriodEnd: "2027-03-31", Zone: "America/New_York", OpensOn: "2027-01-01", ClosesOn: "2027-10-31",
		})
		return err
	})
	var days []models.Date
	for n := range 365 {
		if n < 1 || n > 5 {
			days = append(days, models.Date("2026-05-01").AddDays(n-30))
		}
	}
	modelstest.At(db, time.Date(2027, 4, 10, 12, 0, 0, 0, time.UTC))
	a.performed(c, "All backups restored.", days...)
	a.do(func(ctx context.Context, tx *models.Tx) error {
		now := tx.Now
		var list []*evidence.Item
		for _, d := range days {
			list = append(list, &evidence.Item{
				ControlID: c.ID, Status: evidence.Accepted, UploadedBy: a.ines.ID, UploadedAt: now, SubmittedAt: &now, DecidedBy: &a.priya.ID, DecidedAt: &now,
				Details: evidence.Details{Title: "Restore log", Kind: "log", Source: "Backups", PerformedAt: &now, CoversFrom: d, CoversTo: d},
			})
		}
		return models.InsertAll(ctx, tx, list, "evidence.store")
	})
	return a, c
}
