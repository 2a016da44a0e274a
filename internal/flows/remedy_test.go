package flows_test

import (
	"fmt"

	"assay/internal/browser"
)

// remedy takes a finding of the auditors from the day it is recorded to the day
// somebody else closes it. A second one, of the company's own, stays open.
func (c *company) remedy() {
	c.Helper()
	m, o, v := c.as(manager), c.as(owner), c.as(verifier)
	c.raise("F-001", "A leaver kept access for nine days", "audit")
	c.raise("F-002", "Two tickets have no approval", "internal_test")

	c.open(o, "/findings/F-001")
	c.ask(o, "confirm", "Confirm the facts", "note", "Checked against the directory.")
	c.ask(o, "respond", "Sign the response", "position", "agree", "text", "We agree and will automate it.")
	c.open(m, "/findings/F-001")
	c.ask(m, "rate", "Rate the finding", "severity", "high", "owner", "Olu Owner", "due_on", day(40))

	c.open(o, "/findings/F-001")
	c.ask(o, "plan", "Save the plan", "summary", "Disable accounts from the personnel system.", "owner", "Olu Owner", "due_on", day(40))
	c.ask(o, "milestones", "Add the milestone", "title", "Connect the personnel system", "owner", "Olu Owner", "due_on", day(20))
	c.press(o, browser.Button("Submit for approval"))
	if o.Has("#plan-approve") {
		c.Error("the owner of the plan is offered to approve it")
	}
	if status := send(o, "/findings/F-001/plan/approve", "rev=1"); status < 400 {
		c.Errorf("the owner's approval of their own plan is answered with %d", status)
	}
	c.open(m, "/findings/F-001")
	c.ask(m, "plan-approve", "Approve the plan", "note", "Good.")

	c.open(o, "/findings/F-001")
	c.press(o, `form[action="/findings/F-001/milestones/1/start"] button`)
	o.Click("#milestones-1-done > summary")
	o.Fill(asked("milestones-1-done", "proof"), "E-99")
	c.want(o, o.Follow(browser.Button("Mark as done")), 422)
	c.reads(o, "There is no such evidence item")
	c.open(o, "/findings/F-001")
	c.ask(o, "milestones-1-done", "Mark as done", "proof", "E-1")
	c.ask(o, "plan-complete", "Complete the plan", "note", "It runs since Monday.")

	if o.Has("#verify") {
		c.Error("who remediated is offered to verify it")
	}
	c.open(v, "/findings/F-001")
	c.ask(v, "verify", "Verify and close", "note", "Saw the run of Monday.")
	c.reads(v, "Closed")
}

// raise records a finding about the owner's control.
func (c *company) raise(code, title, source string) {
	c.Helper()
	p := c.as(manager)
	c.open(p, "/findings/new")
	p.Fill(browser.Field("What happened"), title)
	p.Fill(browser.Field("Source"), source)
	if source == "audit" {
		p.Fill(browser.Field("Engagement"), "SOC 2 Type II")
	}
	p.Fill(browser.Field("Affected controls"), "AC-05")
	c.want(p, p.Follow(browser.Button("Record the finding")), 422) // it says what is missing, and keeps the rest
	p.Fill(browser.Field("Condition"), "One of 25 leavers kept an account for nine days.")
	c.press(p, browser.Button("Record the finding"))
	c.at(p, "/findings/"+code)
}

// ask opens a question of a page by its id, fills in name, value, name, value …, and
// answers with the button that reads verb.
func (c *company) ask(p *browser.Page, id, verb string, fields ...string) {
	c.Helper()
	p.Click("#" + id + " > summary")
	for i := 0; i+1 < len(fields); i += 2 {
		p.Fill(asked(id, fields[i]), fields[i+1])
	}
	c.press(p, browser.Button(verb))
}

// asked is a field of a question: above the page with script, in its place without.
func asked(id, field string) string {
	return fmt.Sprintf(`dialog[open] [name=%[2]q], #%[1]s [name=%[2]q]`, id, field)
}
