package flows_test

import (
	"fmt"

	"assay/internal/browser"
)

// audit is what the external auditor finds: what belongs to the engagement, and nothing
// else.
func (c *company) audit() {
	c.Helper()
	p := c.as(auditor)
	c.open(p, "/")
	c.at(p, "/engagements/soc-2-type-ii")
	c.open(p, "/evidence")
	c.reads(p, "E-1", "Quarterly review")
	c.lacks(p, "E-2", "Leavers of the quarter")
	c.open(p, "/findings?group=all")
	c.reads(p, "A leaver kept access")
	c.lacks(p, "Two tickets have no approval")

	c.open(p, "/evidence/E-1")
	link := `main a[download][href^="/evidence/E-1/files/"]`
	if got := browser.Script[string](p, fmt.Sprintf(`fetch(document.querySelector(%q).href).then(r => r.text())`, link)); got != reviewed {
		c.Errorf("the auditor downloads %q, which is not what was uploaded", got)
	}
	for _, path := range []string{"/engagements/soc-2-type-ii", "/controls", "/controls/AC-05", "/evidence/E-1", "/findings/F-001", "/frameworks"} {
		c.open(p, path)
		if n := p.Count(`main form[method="post"]`); n != 0 {
			c.Errorf("%s offers the auditor %d forms that change something", path, n)
		}
	}
	for _, path := range []string{
		"/evidence/E-2", "/findings/F-002", "/people", "/review", "/review/E-1", "/tasks", "/readiness", "/activity",
		"/settings", "/setup", "/evidence/new", "/findings/new", "/controls/new", "/controls/AC-05/edit", "/engagements/new",
	} {
		c.want(p, p.Goto(path), 404)
	}
	for _, path := range []string{"/evidence/E-1/accept", "/evidence/E-1/withdraw", "/findings/F-001/respond", "/controls/AC-05/assign"} {
		if status := send(p, path, "rev=1&note=no"); status != 404 {
			c.Errorf("the auditor's POST %s is answered with %d", path, status)
		}
	}
	m := c.as(manager)
	c.open(m, "/evidence/E-1")
	c.reads(m, "Aud Auditor") // looking is recorded, and the company can see it
	c.comeBack()
}

// comeBack is a session that ended while somebody was reading.
func (c *company) comeBack() {
	c.Helper()
	p := c.as(owner)
	c.open(p, "/evidence/E-2")
	p.Forget()
	c.open(p, "/evidence/E-2")
	c.at(p, "/signin")
	c.press(p, `a[href^="/auth/start"]`)
	c.press(p, fmt.Sprintf(`button[name="login"][value=%q]`, owner))
	c.at(p, "/evidence/E-2")
}

func (c *company) lacks(p *browser.Page, words ...string) {
	c.Helper()
	for _, w := range words {
		if p.Reads(w) {
			c.Errorf("%s says %q", p.Path(), w)
		}
	}
}
