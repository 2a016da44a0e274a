// Package helps is the help page.
package helps

import "assay/models/access"

// tasks is what each role comes for, and where it is.
var tasks = map[access.Role][]entry{
	access.Owner: {
		{"See what you owe", "My tasks lists the evidence that is due for your controls, oldest first, and what came back to you with a reason.", "/tasks"},
		{"Hand evidence in", "Open the task, add the files, say when the control acted and which days the files cover, and submit. Somebody else reviews it.", "/evidence"},
		{"Answer a finding", "A finding you answer for asks for a response, a plan with dates, and proof for each milestone.", "/findings"},
		{"Change how a control reads", "Draft a new version and send it to review. What is in effect stays as it is until the new one is approved.", "/controls"},
	},
	access.Compliance: {
		{"See where you stand", "Readiness counts controls by what is known of their evidence, names who is waited for, and the criteria nothing covers.", "/readiness"},
		{"Review evidence", "The queue opens on the oldest item, with the control's text beside it. Accept it, or return it with a reason. Your own uploads wait for somebody else.", "/review"},
		{"Assign owners", "Filter the controls, tick them and assign an owner and a backup in one go.", "/controls"},
		{"Look after findings", "Rate them, approve plans, verify what was put right. Whoever put it right cannot verify it.", "/findings"},
		{"Let auditors in", "Set up an engagement with criteria, period and access window, and name the firm's auditors.", "/engagements"},
	},
	access.Administrator: {
		{"Look after people", "Invite people, change roles, hand over what somebody owned, end sessions.", "/people"},
		{"Change company, zone and categories", "They are under Settings, with the state of the log and of the storage.", "/settings"},
		{"See everything that happened", "Activity shows the log itself, and gives you its newest checkpoint to keep elsewhere.", "/activity"},
	},
	access.Auditor: {
		{"See what is in scope", "Your engagement lists its controls, with the evidence accepted for each and the findings of the engagement.", "/engagements"},
		{"Read and download", "Open a control for its versions in the period, and an item of evidence for its files and their digests. Each page you open and each file you download is recorded.", "/controls"},
		{"Know when access ends", "The bar above each page says so. After the window closes, every address answers not found.", "/engagements"},
	},
	access.Executive: {
		{"See where the company stands", "Readiness says in one sentence what is proven and what is not.", "/readiness"},
		{"Follow findings", "The register shows what is open, who answers for it and what is late. You may accept a risk you do not own, for twelve months at most.", "/findings"},
	},
}

// An entry is a thing to do and where.
type entry struct{ Title, Text, Href string }

// A term is a word of the trade.
type term struct{ Word, Means string }

var glossary = []term{
	{"Trust services criteria", "The outcomes a SOC 2 auditor measures against. The common criteria, CC1 to CC9, belong to every report; availability, confidentiality, processing integrity and privacy are added as the company chooses."},
	{"Control", "Something somebody does so that a criterion is met: what, how often, and what shows that it was done. It lives in versions; the one in effect never changes."},
	{"Control owner", "The person who answers for a control. Their backup acts when they cannot."},
	{"Performance", "One occasion on which a control acted, such as the access review of October. Its date is when it happened, not when somebody uploaded the proof."},
	{"Evidence", "Files that show a performance, with the days they cover. It counts once somebody who neither uploaded it nor owns the control has accepted it."},
	{"Design and operation", "Whether a control would work if it were done as described, and whether it was done so all the time. A Type I report speaks of the first, a Type II report of both over a period."},
	{"Period", "The first to the last day a report covers. Its days begin at midnight in the engagement's time zone."},
	{"Engagement", "One examination by one firm: criteria, period, and the days on which its auditors may look."},
	{"Access window", "From the start of its first day to the end of its last, auditors of the engagement can read. It is not the period, and usually longer."},
	{"Finding", "A weakness, wherever it came from: the condition, the criterion it falls short of, cause, effect and recommendation. Closing it never removes it from the period it happened in."},
	{"Exception", "A performance that an auditor tested and that did not hold. It is a finding from an audit."},
	{"Remediation plan", "What will be done about a finding, in milestones with owners and dates. Moving a date keeps the first one visible."},
	{"Risk acceptance", "A decision to live with a finding for a while. It has an approver other than the owner, and an end."},
	{"Checkpoint", "A signed statement of how many leaves the log has and what its root is."},
}
