package handlers_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"assay/models"
	"assay/models/access"
	"assay/models/engagement"
	"assay/models/modelstest"
)

// TestPeriods: the ruler of every page is of the period that the page is about, and a page
// of a period offers itself in the others, keeping what was chosen in its address.
func TestPeriods(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		a := newAudit(t, db) // Mine, and Other with the same days
		terms := a.mine.Terms()
		terms.Name, terms.PeriodStart, terms.PeriodEnd, terms.OpensOn, terms.ClosesOn = "Next", "2026-07-01", "2026-12-31", "2026-10-01", "2027-02-28"
		a.do(func(ctx context.Context, tx *models.Tx) error {
			e, err := engagement.Create(ctx, tx, terms)
			if err != nil {
				return err
			}
			return engagement.AddAuditor(ctx, tx, e, a.miriam.ID, engagement.Lead)
		})
		sam, ruth := modelstest.Person(t, db, access.Owner), modelstest.Person(t, db, access.Executive)
		const now, next = "Examination period 1 January 2026 to 30 June 2026.", "Examination period 1 July 2026 to 31 December 2026."
		for path, want := range map[string]string{
			"/readiness": now, "/readiness?period=next": next, "/readout?period=next": next, "/readiness/controls?period=next": next,
			"/readiness/CC6/2026-08?period=next": next, "/controls/AC-03": now, "/controls/AC-03?period=next": next,
			"/engagements/next": next, "/engagements": now, "/controls": now, "/tasks": now, "/evidence": now, "/findings": now, "/review": now,
			"/findings/" + a.ours.Code(): now, "/evidence/" + a.accepted.Code(): now, "/activity": now,
			"/engagements/next/requests": next, "/engagements/next/requests/new": next, "/engagements/next/tests": next, "/engagements/next/populations": next,
			"/engagements/next/populations/sizes": next, "/engagements/next/deliverables": next, "/engagements/next/deliverables/section-iv": next,
			"/engagements/next/deliverables/subservice": next, "/engagements/next/deliverables/cuecs": next, "/engagements/next/binder": next, "/engagements/next/populations/new": next, "/engagements/next/edit": next, "/engagements/next/scope": next, "/engagements/next/history": next,
			"/engagements/new": now, "/people": now, "/settings": now, "/settings/retention": now, "/settings/calendars": now, "/account": now,
			"/help": now, "/notices": now, "/search?q=access": now, "/controls/new": now,
		} {
			if p := a.Get(a.priya, path).Want(200); strings.Count(p.Body, "Examination period ") != 1 || !strings.Contains(p.Body, want) {
				t.Errorf("%s: its ruler is not of its period", path)
			}
		}
		if p := a.Get(sam, "/tasks").Want(200); !strings.Contains(p.Body, now) || strings.Contains(p.Body, `href="/engagements`) {
			t.Error("an owner sees no ruler, or a way to what they may not open")
		}
		for _, path := range []string{"/readiness", "/readout", "/readiness/controls", "/controls/AC-03"} {
			p := a.Get(ruth, path+"?period=next").Want(200)
			for _, slug := range []string{"mine", "other", "next"} {
				if !strings.Contains(p.Body, fmt.Sprintf(`href="%s?period=%s"`, path, slug)) {
					t.Errorf("%s does not lead to itself in %s", path, slug)
				}
			}
		}
		p := a.Get(ruth, "/readiness?period=next")
		for _, link := range []string{"/readout?period=next", "/readiness/controls?period=next"} {
			if !strings.Contains(p.Body, link) {
				t.Errorf("the chosen period is lost on the way to %s", link)
			}
		}
		if !strings.Contains(a.Get(ruth, "/readiness/controls?period=next").Body, `href="/controls/AC-03?period=next"`) {
			t.Error("the chosen period is lost on the way to a control")
		}
		if !strings.Contains(p.Body, "Mine is still under way") || !strings.Contains(p.Body, `href="/readiness?period=mine#h-due"`) {
			t.Error("what the period before owes is nowhere to be found")
		}
		if p := a.Get(ruth, "/readiness"); strings.Contains(p.Body, "is still under way") {
			t.Error("a period that comes later is said to owe something")
		}
		modelstest.At(db, modelstest.Now.AddDate(0, 7, 15)) // in October both windows are open
		auditor := a.now()
		if p := a.Get(auditor, "/controls/AC-03?period=next").Want(200); !strings.Contains(p.Body, next) || !strings.Contains(p.Body, "period=mine") || strings.Contains(p.Body, "period=other") {
			t.Error("an auditor does not choose among their engagements, or sees another")
		}
		a.Get(auditor, "/controls/AC-03?period=other").Want(404)
	})
}
