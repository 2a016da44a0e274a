package demo

import (
	"context"

	"assay/models"
	"assay/models/control"
	"assay/models/evidence"
)

// incidents is the evidence that did not go the straight way, and what waits now.
func (s *story) incidents() {
	s.returnedOnce()
	s.replaced()
	s.sameBytes()
	s.late()
	s.waiting()
	s.leftLying()
	s.takenBack()
}

// returnedOnce came back, was completed and then accepted.
func (s *story) returnedOnce() {
	span := days{s.period.from, s.in(29)}
	sessions := custom{code: "AI-38", title: "Human reviews of prompts", kind: "log_extract", source: "Review console", file: "prompt-reviews-%s.csv", make: tickets("PRV", "Prompt opened for review")}
	more := s.shelf.put("prompt-reviews-weekend.csv", tickets("PRV", "Prompt opened at a weekend")(span, chance("weekend")))
	s.store(sessions.parcel(s, span, s.in(34), 20)).submit(0, 30).
		giveBack(2, 210, "The weekends are missing. Please add the export of the on-call queue.").
		add(5, 240, more).submit(5, 250).accept(6, 260, "Complete now.")

	span = days{s.in(61), s.in(90)}
	alerts := custom{code: "OP-01", title: "Drift from the baseline", kind: "system_export", source: "Wiz", file: "drift-%s.csv", make: measurements("drifted hosts", "count", 3)}
	s.store(alerts.parcel(s, span, s.in(95), 25)).submit(0, 35).
		giveBack(1, 205, "Covers eu only. The control names both regions.").
		add(4, 215, s.shelf.put("drift-us.csv", measurements("drifted hosts", "count", 2)(span, chance("us")))).
		submit(4, 225).accept(7, 235, "")
}

// replaced was accepted, and then a better item took its place.
func (s *story) replaced() {
	for i, c := range []custom{
		{code: "AI-01", title: "AI system inventory", kind: "system_export", source: "AI governance", file: "ai-inventory-%s.xlsx", make: register("AI system")},
		{code: "NW-01", title: "Firewall rules reviewed", kind: "observed_export", source: "Terraform", file: "rules-%s.csv", make: accounts("firewall")},
		{code: "AC-09", title: "Role matrix of the product", kind: "system_export", source: "Product", file: "role-matrix-%s.csv", make: accounts("console")},
	} {
		span := days{s.in(31 * (i + 1)), s.in(31*(i+1) + 29)}
		old := s.store(c.parcel(s, span, s.in(31*(i+1)+33), 40)).submit(0, 44).accept(1, 220, "")
		c.title += ", corrected"
		c.file = "corrected-" + c.file
		p := c.parcel(s, span, s.in(31*(i+1)+40), 60)
		p.newer, p.note = old, "The first export left out the new region."
		s.store(p).submit(0, 66).accept(2, 230, "Replaces the first export.")
	}
}

// sameBytes is one export that was sent for two controls.
func (s *story) sameBytes() {
	span := days{s.in(92), s.in(121)}
	c := custom{code: "AC-04", title: "Role changes and their access", kind: "system_export", source: "Okta", file: "role-changes-%s.csv", make: accounts("okta-roles")}
	s.store(c.parcel(s, span, s.in(125), 70)).submit(0, 74).accept(1, 240, "")
	p := c.parcel(s, span, s.in(126), 80)
	p.code, p.title = "NW-03", "Devices of people who changed role, "+span.label()
	p.note = "The same export shows the device group of each account."
	s.store(p).submit(0, 84).accept(3, 245, "")
}

// late is evidence uploaded long after the control acted.
func (s *story) late() {
	span := days{s.in(30), s.in(59)}
	c := custom{code: "PV-05", title: "Data subject requests", kind: "ticket", source: "Privacy mailbox", file: "requests-%s.csv", make: tickets("DSR", "Request of a person answered")}
	p := c.parcel(s, span, s.in(81), 90)
	p.acted = s.in(61)
	p.late = "I was away for three weeks and nobody stood in for me. The mailbox dates every answer."
	s.store(p).submit(0, 96).accept(4, 250, "Dates come from the mailbox.")
}

// waiting is what the reviewers have to do today.
func (s *story) waiting() {
	span := s.lastMonth()
	merges := custom{code: "CM-01", title: "Merged changes and their reviews", kind: "system_export", source: "GitHub", where: "query merged:production", file: "merges-%s.csv", make: changes("api-gateway")}
	providersAgain := custom{code: "AI-45", title: "Changes announced by model providers", kind: "signed_record", source: "AI governance", file: "provider-review-%s.pdf", make: minutes("Review of model providers", "Release notes of three providers were read.", "A new region is offered; not used.")}
	for i, c := range []custom{
		merges, providersAgain,
		{code: "CM-02", title: "Deploy pipeline approvals", kind: "system_export", source: "GitHub Actions", file: "deploy-approvals-%s.csv", make: changes("console")},
		{code: "DP-02", title: "Encryption at rest", kind: "screenshot", source: "AWS", where: "Security Hub", file: "encryption-at-rest-%s.png", make: dashboard("Encrypted volumes", "AWS / Security Hub")},
		{code: "BC-03", title: "Restore test, prod-eu", kind: "signed_record", source: "Site reliability", file: "restore-prod-eu-%s.pdf", make: minutes("Restore test, prod-eu", "41 of 41 tables restored and compared.", "Took 58 minutes.")},
		{code: "HR-02", title: "Training completions of new starters", kind: "system_export", source: "Learning platform", file: "starters-%s.csv", make: accounts("learning")},
		{code: "AI-24", title: "Red-team summary, Halyard Code 4.2", kind: "report_third_party", source: "Kestrel Security", file: "red-team-4.2.pdf", make: minutes("Adversarial test of Halyard Code 4.2", "Nine attempts at tool misuse, one succeeded in a sandbox.", "Fixed before release.")},
		{code: "PV-06", title: "Subprocessors, current list", kind: "system_export", source: "Privacy register", file: "subprocessors-%s.xlsx", make: register("Subprocessor")},
		{code: "HAL-01", title: "Bastion recordings that were looked at", kind: "log_extract", source: "Teleport", file: "recordings-%s.log", make: verifications()},
	} {
		p := c.parcel(s, span, s.ago(1+i/3), 15+9*i)
		switch c.code {
		case "HAL-01":
			p.who = "ines"
		case "AI-45":
			p.acted, p.late = workday(span.to.AddDays(-2)), "The review was held in its month. The minutes were signed only now."
		}
		s.store(p).submit(0, 18+9*i)
	}
}

// leftLying was stored or returned, and its owner has not come back to it.
func (s *story) leftLying() {
	span := s.lastMonth()
	deletions := custom{code: "PV-04", title: "Deletions under the retention schedule", kind: "system_export", source: "retention-job", file: "retention-%s.csv", make: measurements("records deleted", "thousand", 355)}
	s.store(deletions.parcel(s, span, s.ago(4), 35)).submit(0, 42).
		giveBack(2, 225, "Region us-west is not in the export. Please add it, or say why it is not there.")
	tools := custom{code: "AI-33", title: "Changes to system prompts", kind: "system_export", source: "GitHub", file: "prompt-changes-%s.csv", make: changes("guardrails")}
	s.store(tools.parcel(s, span, s.ago(5), 50)).submit(0, 55).
		giveBack(1, 215, "Three rows have no approver. Is that the export, or did nobody approve them?")
	keys := custom{code: "AC-07", title: "Key rotation, half-way", kind: "screenshot", source: "Vault", file: "vault-keys.png", make: dashboard("Keys by age", "Vault / pki")}
	s.store(keys.parcel(s, span, s.ago(2), 100))
	s.on(s.ago(1), 110, "tomas", func(ctx context.Context, tx *models.Tx) error {
		c, err := control.ByCode(ctx, tx, "CM-04")
		if err != nil {
			return err
		}
		_, err = evidence.Store(ctx, tx, evidence.Parcel{ControlID: c.ID, Files: []evidence.Upload{
			s.shelf.put("IMG_4127.png", dashboard("Emergency changes", "Whiteboard")(days{s.ago(2), s.ago(2)}, chance("board"))),
		}})
		return err
	})
}

// takenBack was withdrawn: one before anybody looked, one after it was accepted.
func (s *story) takenBack() {
	span := days{s.in(45), s.in(74)}
	calls := custom{code: "CF-03", title: "Staff access to customer content", kind: "log_extract", source: "Support console", file: "content-access-%s.csv", make: tickets("SUP", "Customer content opened")}
	s.store(calls.parcel(s, span, s.in(78), 30)).submit(0, 36).
		withdraw(1, 220, "The export names customers. A version with pseudonyms follows.")
	s.store(calls.parcel(s, days{s.in(46), s.in(75)}, s.in(80), 30)).submit(0, 36).accept(1, 221, "")
	scans := custom{code: "AC-08", title: "Secrets found in repositories", kind: "report_third_party", source: "GitGuardian", file: "secret-scan-%s.csv", make: weaknesses()}
	s.store(scans.parcel(s, span, s.in(84), 44)).submit(0, 50).accept(3, 226, "").
		withdraw(20, 260, "Taken from the staging organisation by mistake.")
}
