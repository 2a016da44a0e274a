package flows_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"assay/internal/browser"
)

// TestTheWholeJob is the main job, done by four people from an empty installation to
// what the auditor may see; with script and without, on SQLite and on PostgreSQL.
func TestTheWholeJob(t *testing.T) {
	for _, way := range []struct {
		name     string
		database func(*testing.T) string
		script   bool
	}{
		{"on SQLite", func(*testing.T) string { return "" }, true},
		{"on PostgreSQL", postgres, true},
		{"without script", func(*testing.T) string { return "" }, false},
	} {
		t.Run(way.name, func(t *testing.T) {
			c := found(t, way.database(t), way.script)
			defer func() {
				if t.Failed() {
					t.Logf("the program says:\n%s", tail(c.said.String(), "ERROR"))
				}
			}()
			c.setUp()
			c.assign()
			c.evidence()
			c.engage()
			c.remedy()
			c.audit()
		})
	}
}

// setUp takes the catalog into use.
func (c *company) setUp() {
	c.Helper()
	p := c.as(manager)
	c.open(p, "/setup")
	p.Fill(browser.Field("Company"), "Example AI")
	p.Fill(browser.Field("Time zone"), "Nowhere/Atlantis")
	p.Fill(browser.Field("Confidentiality"), "yes")
	c.want(p, p.Follow(browser.Button("Take the catalog into use")), 422)
	p.Fill(browser.Field("Time zone"), zone)
	c.press(p, browser.Button("Take the catalog into use"))
	for _, who := range []string{owner, verifier} { // they are known from their first sign-in
		c.as(who)
	}
}

// assign gives a control to the owner, and in another window finds out that somebody
// was faster.
func (c *company) assign() {
	c.Helper()
	p, other := c.as(manager), c.as(verifier)
	c.open(p, "/controls?q=AC-05")
	c.press(p, `main a[href="/controls/AC-05"]`)
	c.open(other, "/controls/AC-05")
	p.Click("#assign > summary")
	p.Fill(asked("assign", "owner"), "Olu Owner")
	c.press(p, browser.Button("Assign"))
	c.reads(p, "Olu Owner")

	other.Click("#assign > summary")
	other.Fill(asked("assign", "owner"), "Vera Verifier")
	c.want(other, other.Follow(browser.Button("Assign")), 409)
	c.open(other, "/controls/AC-05")
	c.reads(other, "Olu Owner")
}

const reviewed = "user,role,decision\nolu,engineer,keep\nmax,leaver,remove\n"

// evidence is uploaded, with mistakes, and reviewed: one item accepted, one returned.
func (c *company) evidence() {
	c.Helper()
	p := c.as(owner)
	c.open(p, "/controls/AC-05")
	c.press(p, browser.Link("Add evidence"))
	c.describe(p, "Quarterly review")
	p.Upload(`main input[type=file]`, c.file("review.exe", "MZ"))
	if c.script { // the page says so before the file travels, and nothing is lost
		p.Wait(`main li[data-state="refused"]`)
		c.reads(p, "review.exe")
		p.Click(`main li[data-state="refused"] [data-does="remove"]`)
	} else {
		c.want(p, p.Follow(browser.Button("Submit for review")), 422)
		c.reads(p, "review.exe was not taken")
	}

	p.Fill(browser.Field("Source"), "")
	p.Upload(`main input[type=file]`, c.file("review.csv", reviewed))
	c.want(p, p.Follow(browser.Button("Submit for review")), 422)
	c.reads(p, "E-1 keeps your files", "review.csv")
	p.Fill(browser.Field("Source"), "Identity provider")
	c.press(p, browser.Button("Submit for review"))
	c.at(p, "/evidence/E-1")
	c.reads(p, "E-1 waits for a reviewer")

	c.open(p, "/evidence/new?control=AC-05")
	c.describe(p, "Leavers of the quarter")
	p.Upload(`main input[type=file]`, c.file("leavers.txt", "max, left on Monday\n"))
	p.Click(`main form[action="/evidence"] .btn--primary`) // pressed twice, as people do
	browser.Script[any](p, `document.querySelector('main form[action="/evidence"] .btn--primary')?.click()`)
	p.Wait(browser.Words("E-2 waits for a reviewer"))
	c.goesBack(p)
	c.open(p, "/evidence?control=AC-05")
	if n := p.Count("main tbody tr"); n != 2 {
		c.Fatalf("%d items after two uploads, one of them sent twice", n)
	}
	c.review()
}

// goesBack returns to a form that was sent, where what was typed still stands, and to a list
// that was narrowed, which stays narrowed.
func (c *company) goesBack(p *browser.Page) {
	c.Helper()
	p.Back()
	if got := browser.Script[string](p, `document.querySelector("[name=title]").value`); got != "Leavers of the quarter" {
		c.Errorf("after going back the title reads %q", got)
	}
	c.open(p, "/controls?q=AC-05")
	narrowed := p.Count("main tbody tr")
	c.press(p, `main a[href="/controls/AC-05"]`)
	p.Back()
	c.at(p, "/controls")
	if n := p.Count("main tbody tr"); n != narrowed || browser.Script[string](p, `document.querySelector("main [name=q]").value`) != "AC-05" {
		c.Errorf("after going back the list shows %d controls instead of %d", n, narrowed)
	}
}

// describe fills in what an item of evidence proves.
func (c *company) describe(p *browser.Page, title string) {
	c.Helper()
	p.Fill("#f-covers_from", day(0))
	p.Fill("#f-covers_to", day(0))
	p.Fill("#f-performed_at", here().Add(-time.Minute).Format("2006-01-02T15:04"))
	p.Fill(browser.Field("Kind"), "system_export")
	p.Fill(browser.Field("Source"), "Identity provider")
	p.Click("main form details > summary")
	p.Fill(browser.Field("Title"), title)
}

// review is somebody else's: the owner has no page for it and no way around that.
func (c *company) review() {
	c.Helper()
	p := c.as(owner)
	c.want(p, p.Goto("/review/E-1"), 404)
	c.open(p, "/evidence/E-1")
	if p.Has(browser.Link("Review")) {
		c.Error("the owner is offered to review what they uploaded")
	}
	if status := send(p, "/evidence/E-1/accept", "rev=2"); status != 404 {
		c.Errorf("the owner's own acceptance is answered with %d", status)
	}

	m, late := c.as(manager), c.as(verifier)
	c.open(m, "/review/E-1")
	c.reads(m, "leaver", "Olu Owner") // the file itself, beside who sent it
	c.press(m, `form[action="/evidence/E-1/accept"] button:not([formaction])`)
	c.reads(m, "E-1 is accepted")

	c.open(late, "/review/E-2")
	c.open(m, "/review/E-2")
	c.want(m, m.Follow(`button[formaction="/evidence/E-2/return"]`), 422)
	m.Fill("#f-note", "Name the day each of them lost access.")
	c.press(m, `button[formaction="/evidence/E-2/return"]`)
	c.want(late, late.Follow(`form[action="/evidence/E-2/accept"] button:not([formaction])`), 409)

	c.open(p, "/tasks")
	c.reads(p, "Name the day each of them lost access.")
}

// send posts a form from within the page, as somebody would who knows the address. That
// the browser notes the refusal is no complaint about a page.
func send(p *browser.Page, path, form string) int {
	status := browser.Script[int](p, fmt.Sprintf(`fetch(%q, {method: "POST", redirect: "manual", body: new URLSearchParams(%q)}).then(r => r.status)`, path, form))
	p.Complaints()
	return status
}

// engage lets the auditor in: invited by an administrator with their firm, and named
// for an engagement whose period has begun.
func (c *company) engage() {
	c.Helper()
	a := c.as(admin)
	c.open(a, "/people/new")
	a.Fill(browser.Field("Name"), "Aud Auditor")
	a.Fill(browser.Field("E-mail address"), auditor)
	a.Fill(browser.Field("Role"), "external_auditor")
	a.Fill(browser.Field("Firm"), "Firm LLP")
	c.press(a, browser.Button("Invite"))

	p := c.as(manager)
	c.open(p, "/engagements/new")
	p.Fill(browser.Field("Name"), "SOC 2 Type II")
	p.Fill(browser.Field("Audit firm"), "Firm LLP")
	p.Fill(browser.Field("First day of the period"), day(-30))
	p.Fill(browser.Field("Last day of the period"), day(60))
	p.Fill(browser.Field("Auditors may look from"), day(-1))
	p.Fill(browser.Field("Until the end of"), day(-2))
	c.want(p, p.Follow(browser.Button("Set up the engagement")), 422)
	p.Fill(browser.Field("Until the end of"), day(90))
	c.press(p, browser.Button("Set up the engagement"))
	c.at(p, "/engagements/soc-2-type-ii")

	c.open(p, "/engagements/soc-2-type-ii")
	p.Fill(browser.Field("Give access to"), "Aud Auditor")
	c.press(p, browser.Button("Give access"))
	c.reads(p, "Aud Auditor")
}

// at fails the test when somebody is elsewhere.
func (c *company) at(p *browser.Page, path string) {
	c.Helper()
	if got, _, _ := strings.Cut(p.Path(), "?"); got != path {
		c.Fatalf("at %s, not at %s; it reads:\n%s", got, path, p.Text("body"))
	}
}
