package flows_test

import (
	"strings"

	"assay/internal/browser"
)

// raises makes an exception of the n-th cell that deviates and has none yet.
func (x *examination) raises(code, title string) {
	x.Helper()
	h := x.hand()
	h.open(x.at + "/tests/T-1")
	items := browser.Script[string](h.Page, `[...document.querySelectorAll("main tbody tr")].filter(r => r.textContent.includes("Deviation,")).map(r => r.querySelector("a").href).join(" ")`)
	for _, item := range strings.Fields(items) {
		h.open(strings.TrimPrefix(item, h.base))
		if !h.Has(`main a[href*="/exceptions/new"]`) {
			continue
		}
		h.press(`main a[href*="/exceptions/new"]`)
		h.Accessible()
		h.Keep("exception-" + code)
		h.Fill(`[name="title"]`, title)
		x.decides(`form:first-of-type [name="auditor"]`)
		h.press(browser.Button("Raise the exception"))
		h.reads(code)
		return
	}
	x.Fatalf("no cell is left to raise an exception from, of %q", items)
}

// brings answers a question about a finding, for the auditor who decides it.
func (x *examination) brings(id, answer string, fields ...string) {
	x.Helper()
	if h := x.hand(); !x.granted && h.Has("#"+id+` [name="auditor"]`) {
		fields = append(fields, "auditor", x.miri.Name)
	}
	x.hand().asks(id, answer, fields...)
}

// isDisputed is an exception whose facts management disputes. Nobody of the company can
// make it go away, or say what it means for the report.
func (x *examination) isDisputed() {
	x.raises("F-001", "Tests did not pass before one merge")
	o, m := x.olu, x.mara
	o.open("/findings/F-001")
	o.asks("dispute", "Dispute the facts", "note", "The run is in the log of the other pipeline.")
	for _, verb := range []string{"dismiss", "withdraw"} {
		if status := send(x.vera.Page, "/findings/F-001/"+verb, "rev=2&note=It+is+none."); status < 400 {
			x.Errorf("the company's %s is answered with %d", verb, status)
		}
	}
	if status := send(o.Page, "/findings/F-001/effect", "rev=2&effect=not_reported"); status < 400 {
		x.Errorf("the owner's word on the report is answered with %d", status)
	}
	if x.granted {
		x.miri.open("/findings/F-001")
		x.miri.asks("settle", "Uphold the facts", "note", "That run is of another commit.")
	} else {
		m.open("/findings/F-001")
		m.asks("confirm", "Confirm the facts", "note", "That run is of another commit.")
	}
	m.open("/findings/F-001")
	m.asks("rate", "Rate the finding", "severity", "medium", "owner", x.olu.Name, "due_on", "2026-09-30")
	x.responds("F-001", "disagree", "We hold that the tests passed, and keep the run.")
	x.hand().open("/findings/F-001")
	x.brings("effect", "Decide the effect", "effect", "noted")
	o.open("/findings/F-001")
	o.reads("We hold that the tests passed", "That run is of another commit.")
	o.Accessible()
}

// responds lets Olu write the response of management, Mara approve its text, and Olu sign it.
func (x *examination) responds(code, position, text string) {
	x.Helper()
	x.olu.open("/findings/" + code)
	x.olu.asks("responses-draft", "Save the draft", "position", position, "text", text)
	x.mara.open("/findings/" + code)
	x.mara.asks("responses-approve", "Approve the response")
	x.olu.open("/findings/" + code)
	x.olu.asks("responses-sign", "Sign the response")
	x.olu.reads("Signed")
}

// isRemediated is an exception that is confirmed and put right.
func (x *examination) isRemediated() {
	x.raises("F-002", "One merge without its tests")
	o, m := x.olu, x.mara
	o.open("/findings/F-002")
	o.asks("confirm", "Confirm the facts", "note", "Checked in the pipeline.")
	x.responds("F-002", "agree", "A rule of the branch will refuse it.")
	m.open("/findings/F-002")
	m.asks("rate", "Rate the finding", "severity", "high", "owner", x.olu.Name, "due_on", "2026-09-30")
	x.hand().open("/findings/F-002")
	x.brings("effect", "Decide the effect", "effect", "noted")
	o.open("/findings/F-002")
	o.asks("plan", "Save the plan", "summary", "Require the check for every merge.", "owner", x.olu.Name, "due_on", "2026-08-20")
	o.asks("milestones", "Add the milestone", "title", "Turn the rule on", "owner", x.olu.Name, "due_on", "2026-08-16")
	o.press(browser.Button("Submit for approval"))
	m.open("/findings/F-002")
	m.asks("plan-approve", "Approve the plan", "note", "Good.")
	o.open("/findings/F-002")
	o.press(`form[action="/findings/F-002/milestones/1/start"] button`)
	o.asks("milestones-1-done", "Mark as done", "proof", "E-1")
	o.asks("plan-complete", "Complete the plan", "note", "It is on since Monday.")
}

// isRetested tests what came after the remediation, with a population and a sample of its
// own. Only then somebody who had no part in it closes the finding, and the exception stays
// in its period.
func (x *examination) isRetested() {
	x.moveTo("2026-10-05 10:00")
	h := x.hand()
	h.open("/findings/F-002")
	h.press(browser.Link("Plan a retest"))
	h.Fill(`[name="version"][value="2"]`, "yes")
	h.Fill(`[name="from"]`, "2026-08-21")
	x.decides(browser.Field("Auditor who decided it"))
	h.press(browser.Button("Plan the test"))
	x.decide("walk", "Link the walkthrough", "evidence", "E-1")
	x.decide("design", "Conclude on the design", "design", "adequate", "basis", "A merge without its tests was refused.")
	x.decide("attributes", "Fix the attributes", "text-0", "The tests passed before the merge", "technique-0", "reperformance")
	x.bringsIn("/populations/new", 100, "2026-08-24", 20, "")
	x.accepts("P-3")
	h.open(x.at + "/tests/T-3")
	x.decide("population", "Take a population", "population", "3")
	x.draws("P-3", "size", "3", "seed", "roll of dice 6 6 1 2")
	h.open(x.at + "/tests/T-3")
	x.decide("sample", "Take a sample", "sample", "3")
	x.marks("T-3", "1", "1", "1")
	h.open(x.at + "/tests/T-3")
	x.decide("conclude", "Conclude", "conclusion", "operated_effectively", "basis", "")
	x.decide("review", "Review", "waiver", "The firm has one person on this engagement.")
	if h.Has("#ask-share") {
		x.decide("share", "Share with the company")
	}

	x.vera.open("/findings/F-002")
	x.vera.reads("T-3")
	x.vera.asks("verify", "Verify and close", "note", "Saw the rule refuse a merge.")
	x.vera.reads("Closed")
	x.vera.Accessible()
}
