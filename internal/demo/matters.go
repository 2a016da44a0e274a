package demo

import (
	"context"

	"assay/models"
	"assay/models/finding"
)

// matters are the findings, in the order they were raised.
func (s *story) matters() {
	s.oldMatters()
	s.closedMatters()
	s.carriedMatters()
	s.auditMatters()
	s.lateMatters()
	s.freshMatters()
}

// oldMatters come from the engagement that is over.
func (s *story) oldMatters() {
	d := s.in(-24)
	s.raise(d, "priya", s.first, finding.Facts{
		Title:          "Two quarterly access reviews were not kept",
		Condition:      "For Snowflake and the ticket system the reviews of the second quarter were done in a meeting. No list with decisions exists.",
		Criterion:      "AC-05 asks for a decision on every account, kept with the list it was made on. CC6.3.",
		Cause:          "The two owners did not know that the list itself has to be kept.",
		Effect:         "Nobody can show that the reviews took place.",
		Recommendation: "Give every system owner the same export and the same form.",
	}, "AC-05").
		confirm(d.AddDays(1), "tomas", "Both owners confirm it.").
		respond(d.AddDays(1), "tomas", finding.Agree, "We agree. From the next quarter on, the list comes from the system and is uploaded with its decisions.").
		rate(d.AddDays(2), finding.Medium, "tomas", d.AddDays(40)).
		plan(d.AddDays(3), "tomas", "One export for all systems, with decisions in the file.", d.AddDays(40),
			step{"Write down how the export is made for each system", "tomas", d.AddDays(14)},
			step{"Repeat the two reviews", "ines", d.AddDays(30)}).
		submitPlan(d.AddDays(3), "tomas").approvePlan(d.AddDays(5), "Good.").
		begin(d.AddDays(6), "tomas", 0).
		finish(d.AddDays(12), "tomas", 0, "AC-05", "Export instructions", "Instructions for six systems.").
		begin(d.AddDays(12), "ines", 1).
		finish(d.AddDays(27), "ines", 1, "AC-05", "Repeated reviews", "Snowflake: 23 accounts, 2 removed. Tickets: 118, none.").
		complete(d.AddDays(28), "tomas", "Both reviews repeated.").
		verify(d.AddDays(33), "Looked at both lists: every account has a decision and a date.")
}

// closedMatters were put right in this period. One of them came back.
func (s *story) closedMatters() {
	d := s.in(44)
	s.raise(d, "meiling", nil, finding.Facts{
		Source: finding.FromIncident, Title: "Model digest did not match on the canary for 42 minutes",
		Condition: "A canary node served a build whose digest was not in the manifest. The verifier reported it after 42 minutes.",
		Criterion: "AI-17: a model is verified before it takes traffic. CC6.8.",
		Cause:     "The canary pool was left out when the verifier was rolled out.",
		Effect:    "318 requests of internal users were answered by an unreleased build.",
	}, "AI-16", "AI-17", "AI-18").
		confirm(d.AddDays(1), "meiling", "").
		rate(d.AddDays(1), finding.High, "meiling", d.AddDays(20)).
		respond(d.AddDays(2), "meiling", finding.Agree, "We agree. The verifier is a condition of the pool from now on, not a step of the rollout.").
		plan(d.AddDays(2), "meiling", "Verification becomes part of admission, for every pool.", d.AddDays(20),
			step{"Admission rule for all pools", "meiling", d.AddDays(9)},
			step{"Alert when a pool has no verifier", "seun", d.AddDays(16)}).
		submitPlan(d.AddDays(2), "meiling").approvePlan(d.AddDays(3), "").
		begin(d.AddDays(4), "meiling", 0).
		finish(d.AddDays(8), "meiling", 0, "AI-17", "Admission rule", "Rule merged and rolled out to five pools.").
		verifyStep(d.AddDays(9), 0).
		begin(d.AddDays(9), "seun", 1).
		finish(d.AddDays(14), "seun", 1, "AI-18", "Alert without verifier", "Alert fired in a test on the canary pool.").
		complete(d.AddDays(15), "meiling", "Both done, tested on the canary.").
		verify(d.AddDays(18), "Saw the rule refuse an unsigned build, and the alert of the test.")

	d = s.in(70)
	s.raise(d, "yusuf", nil, finding.Facts{
		Source: finding.FromTest, Title: "Restore test of prod-us stopped at 31 of 41 tables",
		Condition: "The quarterly restore of prod-us ended with ten tables missing. Nobody looked at the result for ten weeks.",
		Criterion: "BC-03: restores are tested and compared. A1.3.",
		Cause:     "The job ended with a warning, and a warning sends no message.",
		Effect:    "Until it was found, nobody knew whether prod-us could have been restored.",
	}, "BC-03").
		confirm(d.AddDays(1), "seun", "").rate(d.AddDays(2), finding.High, "seun", d.AddDays(30)).
		plan(d.AddDays(3), "seun", "A restore that is not complete fails, and failing wakes somebody.", d.AddDays(30),
			step{"Compare the number of tables", "seun", d.AddDays(12)}).
		submitPlan(d.AddDays(3), "seun").approvePlan(d.AddDays(4), "").
		begin(d.AddDays(5), "seun", 0).
		finish(d.AddDays(11), "seun", 0, "BC-03", "Table count", "The job compares and fails.").
		complete(d.AddDays(12), "seun", "Restored prod-us completely.").
		verify(d.AddDays(16), "Saw a complete restore, and a broken one that failed.").
		// cycle 2
		reopen(s.ago(38), "The October test of prod-eu ended incomplete in the same way: the comparison was never rolled out there.").
		confirm(s.ago(36), "seun", "prod-eu runs another version of the job.").
		rate(s.ago(35), finding.High, "seun", s.ago(-12)).
		respond(s.ago(34), "seun", finding.Agree, "We agree. There will be one job for all regions.").
		plan(s.ago(33), "seun", "One restore job, configured by region, deployed from one place.", s.ago(-12),
			step{"Merge the two jobs", "seun", s.ago(14)},
			step{"Restore every region once with it", "seun", s.ago(-10)},
			step{"Page the on-call person when a restore fails", "tomas", s.ago(-11)}).
		submitPlan(s.ago(33), "seun").approvePlan(s.ago(31), "The third step is what was missing the first time.").
		begin(s.ago(30), "seun", 0).
		finish(s.ago(16), "seun", 0, "BC-03", "One restore job", "Merged; three regions use it.").
		begin(s.ago(12), "seun", 1)
}

// carriedMatters are risks that somebody signed for.
func (s *story) carriedMatters() {
	d := s.in(25)
	s.raise(d, "ines", nil, finding.Facts{
		Source: finding.FromTest, Title: "The old batch importer cannot use single sign-on",
		Condition: "The importer that two customers still use signs in with a service password.",
		Criterion: "AC-01: every sign-in goes through the identity provider. CC6.1.",
		Effect:    "A stolen password works until it is rotated, every 30 days.",
	}, "AC-01").
		confirm(d.AddDays(1), "dana", "").rate(d.AddDays(3), finding.Medium, "dana", d.AddDays(60)).
		respond(d.AddDays(4), "dana", finding.Partly, "The importer ends with the customers' contracts. Replacing it would take longer than that.").
		accept(d.AddDays(8), "ruth", s.ago(-96), "Both contracts end before this date. The password is rotated monthly and works from two addresses only.")

	d = s.in(33)
	s.raise(d, "yusuf", nil, finding.Facts{
		Source: finding.FromOther, Title: "Badge reader at the side entrance keeps no log",
		Condition: "The reader opens the door and keeps no record of who came in.",
		Criterion: "PH-01: who enters can be told afterwards. CC6.4.",
		Cause:     "The reader belongs to the landlord.",
	}, "PH-01").
		confirm(d.AddDays(2), "dana", "").rate(d.AddDays(4), finding.Low, "dana", d.AddDays(60)).
		accept(d.AddDays(9), "priya", s.ago(8), "The lease of the side entrance ends; until then a camera covers it.")
	s.atMidnight(s.ago(7), func(ctx context.Context, tx *models.Tx) error {
		_, err := finding.ExpireAcceptances(ctx, tx)
		return err
	})

	d = s.in(52)
	m := s.raise(d, "camille", nil, finding.Facts{
		Source: finding.FromOther, Title: "Consent texts differ between two sign-up pages",
		Condition: "The German sign-up page seemed to ask for a wider consent than the English one.",
	}, "PV-02")
	m.on(d.AddDays(2), "priya", func(ctx context.Context, tx *models.Tx, c *finding.Case) error {
		return finding.Dismiss(ctx, tx, c.ID, c.Rev, "Both pages were compared with legal: the words differ, the consent does not.", 0)
	})
}

// auditMatters are what the auditors found in the fieldwork that runs.
func (s *story) auditMatters() {
	d := s.ago(11)
	s.raise(d, "priya", s.running, finding.Facts{
		Title:          "2 of 31 leavers kept access past one business day",
		Condition:      "For two of 31 leavers, accounts in GitHub and the model registry stayed active for four and six days after the last working day.",
		Criterion:      "AC-03 requires removal of all access within one business day. CC6.2.",
		Cause:          "Both people were contractors. Contract ends are kept in a spreadsheet that does not feed the identity provider.",
		Effect:         "Access existed without a business need. The session logs show no sign-in by either account after the last day.",
		Recommendation: "Let the end of a contract end the access, whatever the kind of contract.",
	}, "AC-03").
		confirm(d.AddDays(1), "dana", "Both cases are as described.").
		rate(d.AddDays(2), finding.High, "sam", s.ago(-38)).
		respond(d.AddDays(2), "sam", finding.Agree, "We agree. Contractor records move into the personnel system, so that one event ends access everywhere. Until then People Operations files a ticket on the day notice is given, and IT confirms the same day.").
		plan(d.AddDays(3), "sam", "One source for the last day of everybody, employed or not.", s.ago(-38),
			step{"Remove the two accounts and review their sessions", "dana", d.AddDays(4)},
			step{"Search every leaver of the period for the same gap", "sam", d.AddDays(8)},
			step{"The personnel system ends access on the last day, 17:00 local", "dana", s.ago(-11)},
			step{"Daily check: active account with a past last day", "ines", s.ago(-25)}).
		submitPlan(d.AddDays(3), "sam").approvePlan(d.AddDays(3), "").
		begin(d.AddDays(4), "dana", 0).
		finish(d.AddDays(4), "dana", 0, "AC-03", "Two accounts removed", "Removed, 0 sessions after the last day.").
		verifyStep(d.AddDays(5), 0).
		begin(d.AddDays(5), "sam", 1).
		finish(d.AddDays(7), "sam", 1, "AC-03", "Search of all leavers", "No further case among 31.").
		begin(d.AddDays(7), "dana", 2)

	d = s.ago(4)
	s.raise(d, "priya", s.running, finding.Facts{
		Title:     "Change without a linked ticket, 1 of 10 tested",
		Condition: "One of ten sampled changes to the billing service has an approval but no ticket.",
		Criterion: "CM-01: every change is linked to its reason. CC8.1.",
	}, "CM-01")
}

// lateMatters are past a date, or nearly.
func (s *story) lateMatters() {
	d := s.ago(26)
	s.raise(d, "seun", nil, finding.Facts{
		Source: finding.FromTest, Title: "Backup alert goes to a closed channel",
		Condition: "Alerts about failed backups were sent to a chat channel that was archived in summer.",
		Criterion: "BC-03: a backup that cannot be restored is noticed. A1.2.", Cause: "Alerts name channels, not teams.",
		Effect: "Two failures were seen a day late.",
	}, "BC-03").
		confirm(d.AddDays(1), "seun", "").rate(d.AddDays(1), finding.Medium, "seun", s.ago(3)).
		plan(d.AddDays(2), "seun", "Alerts go to teams, and an alert that reaches nobody is an alert.", s.ago(3),
			step{"Send backup alerts to the on-call team", "seun", d.AddDays(5)},
			step{"Find other alerts that name channels", "tomas", d.AddDays(12)},
			step{"Alert on undelivered alerts", "seun", s.ago(5)},
			step{"Retire the chat integration", "tomas", s.ago(4)}).
		submitPlan(d.AddDays(2), "seun").approvePlan(d.AddDays(3), "").
		begin(d.AddDays(3), "seun", 0).
		finish(d.AddDays(4), "seun", 0, "BC-03", "Alerts to on-call", "Test alert acknowledged after 3 minutes.").
		verifyStep(d.AddDays(5), 0).
		begin(d.AddDays(5), "tomas", 1).
		finish(d.AddDays(11), "tomas", 1, "BC-03", "Other channel alerts", "Four found, all changed.").
		begin(d.AddDays(12), "seun", 2).
		on(d.AddDays(14), "seun", func(ctx context.Context, tx *models.Tx, c *finding.Case) error {
			st := c.Steps(c.Plan().ID)[3]
			return finding.CancelMilestone(ctx, tx, c.ID, st.ID, st.Rev, "The integration carries other messages and stays.")
		})

	d = s.ago(52)
	s.raise(d, "ines", nil, finding.Facts{
		Source: finding.FromTest, Title: "Northgate GPU Cloud: no assurance since the end of its report",
		Condition: "The provider's report ended seven weeks ago. There is no bridge letter.",
		Criterion: "VM-03: critical vendors have current assurance. CC9.2.",
	}, "VM-03").
		confirm(d.AddDays(2), "yusuf", "").rate(d.AddDays(3), finding.Medium, "yusuf", s.ago(20)).
		plan(d.AddDays(4), "yusuf", "Ask for the letter, and check ourselves what it would say.", s.ago(20),
			step{"Ask the vendor for a bridge letter", "yusuf", d.AddDays(10)},
			step{"Own review of the isolation settings", "ines", s.ago(20)}).
		submitPlan(d.AddDays(4), "yusuf").approvePlan(d.AddDays(6), "").
		begin(d.AddDays(7), "yusuf", 0).
		finish(d.AddDays(9), "yusuf", 0, "VM-03", "Request to Northgate", "Asked in writing; answer promised by their counsel.").
		begin(d.AddDays(10), "ines", 1).
		ask(s.ago(23), "yusuf", -1, s.ago(-7), "Their counsel needs three more weeks.").
		grant(s.ago(22), "priya", "Granted once; the original date stays visible.").
		ask(s.ago(21), "ines", 1, s.ago(-5), "The settings cannot be read before the new contract.").
		grant(s.ago(21), "priya", "").
		ask(s.ago(2), "yusuf", -1, s.ago(-21), "The letter is promised for the second week of next month.")
}

// freshMatters are at the beginning of their way, one in each place.
func (s *story) freshMatters() {
	d := s.ago(30)
	s.raise(d, "priya", nil, finding.Facts{
		Source: finding.FromTest, Title: "Releases of Halyard Review name no approver",
		Condition: "The release before last has a result of its evaluation and no name of who approved it.",
		Criterion: "CM-01: a change is approved by a named person. CC8.1.",
	}, "CM-01").
		confirm(d.AddDays(1), "tomas", "").rate(d.AddDays(2), finding.Medium, "tomas", s.ago(-9)).
		plan(d.AddDays(3), "tomas", "The release cannot be tagged without the name.", s.ago(-9),
			step{"Make the approver a field of the release", "tomas", d.AddDays(20)}).
		submitPlan(d.AddDays(3), "tomas").approvePlan(d.AddDays(5), "").
		begin(d.AddDays(6), "tomas", 0).
		finish(d.AddDays(18), "tomas", 0, "CM-01", "Approver field", "Two releases since, both with a name.").
		complete(s.ago(6), "tomas", "Done; see the two releases.")

	d = s.ago(19)
	s.raise(d, "tomas", nil, finding.Facts{
		Source: finding.FromTest, Title: "3 merges written by an agent carry no human-review label",
		Condition: "Three of 214 changes by coding agents were merged without the label. All three had an approval.",
		Criterion: "CM-01, version 2. CC8.1.",
	}, "CM-01").
		confirm(d.AddDays(1), "tomas", "").rate(d.AddDays(2), finding.Medium, "tomas", s.ago(-18)).
		plan(d.AddDays(4), "tomas", "The label becomes a required check.", s.ago(-18),
			step{"Required check on all repositories", "tomas", s.ago(-9)},
			step{"Look at the three changes again", "ines", s.ago(-9)},
			step{"Say it in the handbook", "tomas", s.ago(-17)}).
		submitPlan(d.AddDays(5), "tomas").approvePlan(d.AddDays(7), "")

	d = s.ago(16)
	s.raise(d, "zoe", nil, finding.Facts{
		Source: finding.FromIncident, Title: "Retention job skipped one region for four days",
		Condition: "From a Friday to the Monday after, nothing was deleted in us-west.", Criterion: "PV-04. P4.2.",
	}, "PV-04").confirm(d.AddDays(2), "tomas", "The queue of us-west was paused for an upgrade.")

	d = s.ago(14)
	s.raise(d, "priya", nil, finding.Facts{
		Source: finding.FromTest, Title: "Seven accounts of leavers without a second factor",
		Condition: "The export of the identity provider shows seven accounts of leavers without a second factor.", Criterion: "AC-03. CC6.2.",
	}, "AC-03").on(d.AddDays(1), "dana", func(ctx context.Context, tx *models.Tx, c *finding.Case) error {
		return finding.Dispute(ctx, tx, c.ID, c.Rev, "All seven are disabled accounts. The export lists them because they were never deleted.")
	})

	s.planned(s.ago(15), "Weekly isolation test did not run in one week", "AI-35", "tomas", "submitted")
	s.planned(s.ago(21), "Two restore dashboards without an owner", "BC-03", "seun", "rejected")
	s.planned(s.ago(9), "The isolation test writes times without a zone", "AI-35", "tomas", "draft")

	s.raise(s.ago(3), "ines", nil, finding.Facts{
		Source: finding.FromIncident, Title: "A prompt in the support console showed another tenant’s file name",
		Condition: "A support agent saw the name of a file of another customer in a suggestion. No content was shown.",
		Criterion: "AI-35: context of tenants is kept apart. CC6.1.",
	}, "AI-35")
}

// planned is a finding that is rated and whose plan is in one of its first states.
func (s *story) planned(d models.Date, title, code, owner, state string) {
	m := s.raise(d, "yusuf", nil, finding.Facts{Source: finding.FromTest, Title: title, Condition: title + ". Found while the controls were tested in house.", Criterion: code + "."}, code).
		confirm(d.AddDays(1), owner, "").rate(d.AddDays(2), finding.Low, owner, s.ago(-25)).
		plan(d.AddDays(3), owner, "Find out why, and let it be noticed next time.", s.ago(-25),
			step{"Find the cause", owner, s.ago(-10)}, step{"Alert on it", owner, s.ago(-20)})
	if state == "draft" {
		return
	}
	m.submitPlan(d.AddDays(4), owner)
	if state == "rejected" {
		m.rejectPlan(d.AddDays(6), "Says what will be done and not how it will be noticed. Please add that.")
	}
}
