package activity

import (
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"assay/models"
	"assay/models/framework"
	"assay/models/people"
)

// phrases says every verb of the log in words; %s is the record. A test reads the
// source for verbs and fails when one has no phrase here.
var phrases = map[string]string{
	"page.view":       "looked at %s",
	"file.download":   "downloaded from %s",
	"export.download": "exported %s",

	"session.start":  "signed in",
	"session.end":    "signed out",
	"session.refuse": "was refused at sign-in",
	"session.revoke": "ended a session of %s",

	"breakglass.make":  "made, on the host, a break-glass link for %s",
	"breakglass.enter": "came in with a break-glass link as %s",

	"person.invite":     "invited %s",
	"person.provision":  "opened an account for %s at their first sign-in",
	"person.bind":       "tied the invitation of %s to an identity",
	"person.rename":     "renamed %s",
	"person.change":     "changed what is recorded about %s",
	"person.role":       "changed the role of %s",
	"person.deactivate": "deactivated %s",
	"person.reactivate": "let %s in again",
	"person.erase":      "erased the contact data of %s",
	"person.hand_over":  "handed over what %s owned",

	"programme.set_up": "set Assay up",
	"programme.change": "changed the programme",
	"blob.discard":     "removed stored bytes that nothing needed",
	"catalog.adopt":    "took controls from the catalog into use",
	"webhook.create":   "added a webhook",
	"webhook.change":   "changed a webhook",
	"webhook.secret":   "gave a webhook a new secret",
	"webhook.switch":   "switched a webhook",
	"webhook.test":     "had a webhook tested",
	"task.chase":       "asked for what is owed on %s",
	"calendar.make":    "made a calendar address",
	"calendar.revoke":  "revoked a calendar address",
	"mail.test":        "asked for a test mail",
	"job.retry":        "had a job tried again",
	"view.save":        "saved a view of %s",
	"view.remove":      "removed a saved view of %s",

	"control.adopt":     "took %s into use",
	"control.create":    "wrote %s",
	"control.assign":    "changed who answers for %s",
	"control.show":      "changed which version of %s is shown",
	"control.import":    "imported %s",
	"controls.import":   "imported controls",
	"version.adopt":     "took %s from the catalog",
	"version.draft":     "drafted %s",
	"version.edit":      "edited %s",
	"version.import":    "imported %s",
	"version.discard":   "discarded the draft %s",
	"control.discard":   "discarded %s before any version of it was approved",
	"version.submit":    "sent %s to review",
	"version.return":    "returned %s to its author",
	"version.approve":   "approved %s",
	"version.activate":  "put %s into effect",
	"version.supersede": "ended %s, which another version follows",
	"version.retire":    "retired %s",

	"performance.record":   "recorded a performance of %s",
	"performance.withdraw": "withdrew a performance of %s",
	"exemption.ask":        "said that a window of %s does not count",
	"exemption.approved":   "agreed that a window of %s does not count",
	"exemption.refused":    "refused that a window of %s does not count",
	"exemption.withdrawn":  "took back that a window of %s does not count",
	"task.handover":        "handed a task of %s over",
	"task.handover.end":    "ended the handing over of a task of %s",
	"task.return":          "gave a task of %s back to its owner",
	"question.ask":         "asked about a task of %s",
	"question.answer":      "answered a question about %s",
	"list.add":             "added a list to %s",
	"list.withdraw":        "withdrew a list of %s",
	"engagement.freeze":    "froze what was examined",
	"binder.download":      "downloaded the binder of %s",
	"population.import":    "brought in %s",
	"population.prove":     "wrote down how complete %s is",
	"population.lock":      "locked %s",
	"population.discard":   "discarded the draft of %s",
	"population.accept":    "accepted how complete and accurate %s is",
	"sample.draw":          "drew %s",
	"document.draft":       "drafted %s",
	"document.write":       "wrote in %s",
	"document.approve":     "approved %s",
	"document.return":      "returned %s",
	"document.sign":        "signed %s",
	"sample.size":          "set the sample sizes of %s",
	"sample.select":        "selected an item of %s",
	"sample.extend":        "extended %s",
	"sample.exclude":       "excluded an item from %s",

	"test.plan":         "planned %s",
	"test.round":        "began a round of %s",
	"test.link":         "linked evidence to %s",
	"test.unlink":       "took a link to evidence of %s back",
	"test.round_design": "noted what the walkthrough of %s showed",
	"test.design":       "concluded on the design in %s",
	"test.fix":          "fixed the attributes of %s",
	"test.population":   "took a population for %s",
	"test.sample":       "took a sample for %s",
	"test.sample_end":   "ended a sample of %s, which was drawn again",
	"test.start":        "made the selection of %s",
	"test.first":        "began testing in %s",
	"test.result":       "set a result of %s",
	"test.note":         "wrote a note in %s",
	"test.unnote":       "removed a private note of %s",
	"test.share":        "shared %s with the company",
	"test.share_note":   "shared a note of %s with the company",
	"test.round_end":    "ended a round of %s",
	"test.conclude":     "concluded %s",
	"test.round_review": "reviewed a round of %s",
	"test.review":       "reviewed %s",
	"test.reopen":       "opened %s again",

	"calendar.create": "made a calendar of holidays",
	"holiday.add":     "added a holiday",
	"holiday.remove":  "removed a holiday",

	"evidence.store":     "stored the files of %s",
	"evidence.file":      "added %s",
	"evidence.submit":    "submitted %s for review",
	"evidence.accept":    "accepted %s",
	"evidence.return":    "returned %s",
	"evidence.amend":     "corrected %s",
	"evidence.redact":    "redacted %s",
	"file.unseal":        "opened the sealed original of a file of %s",
	"evidence.undo":      "took back the acceptance of %s",
	"evidence.reinstate": "marked %s as accepted again",
	"evidence.supersede": "marked %s as superseded",
	"evidence.withdraw":  "withdrew %s",

	"evidence.remove":       "removed the bytes of %s, whose time is over",
	"retention.term":        "changed how long evidence is kept",
	"retention.ask_shorten": "asked that evidence be kept for a shorter time",
	"retention.ask_release": "asked that a legal hold end",
	"retention.ask_remove":  "asked that the bytes of evidence be removed",
	"retention.approve":     "approved, as the second person, what was asked about the keeping of evidence",
	"retention.refuse":      "refused what was asked about the keeping of evidence",
	"retention.withdraw":    "took back what was asked about the keeping of evidence",
	"hold.set":              "set a legal hold",
	"hold.release":          "released a legal hold",
	"scan.clean":            "found no malware in a file of %s",
	"scan.infected":         "found malware in a file of %s and set it aside",
	"scan.unscanned":        "could not scan a file of %s for malware",
	"scan.again":            "had a file of %s scanned for malware again",

	"engagement.create":       "set up the engagement %s",
	"engagement.change":       "changed the engagement %s",
	"engagement.plan":         "moved %s to planning",
	"engagement.start":        "started the fieldwork of %s",
	"engagement.report":       "moved %s to reporting",
	"engagement.issue":        "marked the report of %s as issued",
	"engagement.rescope":      "changed the scope of %s, as both sides agreed",
	"engagement.addendum":     "wrote an addendum to %s",
	"scope.propose":           "proposed a change of the scope of %s",
	"scope.agree":             "agreed to a change of the scope of %s",
	"scope.decline":           "declined a change of the scope of %s",
	"scope.withdraw":          "took back a proposed change of the scope of %s",
	"report.register":         "registered the issued report of %s",
	"engagement.roll_forward": "set up %s as the period after another",
	"finding.carry":           "carried a finding of the period before into %s",

	"subservice.add":    "named the subservice organisation %s",
	"subservice.change": "changed the subservice organisation %s",
	"subservice.remove": "took the subservice organisation %s off the list",
	"subservice.agree":  "put into effect what both sides agreed on for the subservice organisation %s",
	"subservice.rely":   "recorded the report and the monitoring of the subservice organisation %s",
	"complement.add":    "listed the complementary control %s",
	"complement.change": "changed the complementary control %s",
	"complement.remove": "took the complementary control %s off the list",

	"round.plan":                  "planned a round of fieldwork of %s",
	"round.change":                "changed a round of fieldwork of %s",
	"round.drop":                  "took a round of fieldwork out of %s",
	"engagement.archive":          "archived %s",
	"engagement.cancel":           "cancelled %s",
	"engagement.add_auditor":      "gave an auditor access to %s",
	"engagement.grant_fieldwork":  "let an auditor write in %s",
	"engagement.revoke_fieldwork": "made an auditor of %s a reader again",
	"engagement.remove_auditor":   "took an auditor's access to %s away",
	"engagement.view_as_auditor":  "looked at %s as its auditors do",
	"anchor.mail":                 "had the checkpoint of the log mailed out",
	"anchor.witness":              "had the checkpoint of the log cosigned by a witness",
	"anchor.timestamp":            "had the checkpoint of the log time stamped",
	"auditor.grant":               "gave %s access to an engagement",
	"auditor.grant_fieldwork":     "let %s write in an engagement",
	"auditor.revoke_fieldwork":    "made %s a reader of an engagement again",
	"auditor.revoke":              "took the access of %s to an engagement away",

	"request.write":         "wrote %s",
	"request.item":          "said what %s asks for",
	"request.drop_item":     "changed what %s asks for",
	"request.edit":          "changed %s",
	"request.assign":        "assigned %s",
	"request.unassign":      "took %s from somebody who can no longer answer it",
	"request.discard":       "discarded the draft %s",
	"request.step":          "took %s a step further",
	"request.open":          "opened %s",
	"request.start":         "began to answer %s",
	"request.fulfil":        "answered %s",
	"request.send_back":     "sent %s back from the release check",
	"request.release":       "released the answer to %s",
	"request.accept":        "accepted %s",
	"request.return":        "returned %s",
	"request.cancel":        "cancelled %s",
	"request.answer":        "added an answer to %s",
	"request.take_out":      "took an answer out of %s",
	"request.show":          "let the auditors see an answer to %s",
	"request.write_to_both": "wrote to company and auditors on %s",
	"request.write_within":  "wrote to the company on %s",
	"requests.import":       "brought in a request list of %s",
	"request.note":          "noted something for the audit team on %s",

	"finding.raise":       "raised %s",
	"finding.except":      "raised %s from a test",
	"finding.cell":        "tied %s to a cell of its test",
	"finding.cell_end":    "let go a cell of %s, which was dismissed",
	"finding.effect":      "decided what %s means for the report",
	"finding.correct":     "corrected %s",
	"finding.confirm":     "confirmed the facts of %s",
	"finding.dispute":     "disputed %s",
	"finding.rate":        "rated %s",
	"finding.assign":      "changed who answers for %s",
	"finding.link":        "tied %s to a control",
	"finding.unlink":      "untied %s from a control",
	"finding.respond":     "answered %s for management",
	"response.draft":      "drafted the response to %s",
	"response.write":      "wrote in the response to %s",
	"response.approve":    "approved the response to %s",
	"response.return":     "returned the response to %s",
	"response.sign":       "signed the response to %s",
	"finding.compensate":  "named a compensating control for %s",
	"finding.uncover":     "took back a compensating control of %s",
	"finding.plan":        "planned the remediation of %s",
	"finding.start":       "began the remediation of %s",
	"finding.extend":      "moved the date of %s",
	"finding.ready":       "called %s ready for verification",
	"finding.send_back":   "sent %s back to remediation",
	"finding.close":       "verified and closed %s",
	"finding.accept_risk": "accepted the risk of %s",
	"finding.expire":      "ended the accepted risk of %s, which had run out",
	"finding.dismiss":     "dismissed %s",
	"finding.reopen":      "opened %s again",
	"finding.cycle":       "began a cycle of %s",
	"finding.cycle_end":   "ended a cycle of %s",
	"risk.accept":         "accepted the risk of %s",
	"risk.end":            "ended the accepted risk of %s",
	"plan.draft":          "drafted the plan for %s",
	"plan.revise":         "revised the plan for %s",
	"plan.submit":         "submitted the plan for %s",
	"plan.approve":        "approved the plan for %s",
	"plan.reject":         "rejected the plan for %s",
	"plan.start":          "started the plan for %s",
	"plan.extend":         "moved the date of the plan for %s",
	"plan.complete":       "completed the plan for %s",
	"plan.return":         "returned the plan for %s",
	"plan.verify":         "verified the plan for %s",
	"plan.assign":         "handed over the plan for %s",
	"milestone.assign":    "handed over %s",
	"milestone.add":       "added %s",
	"milestone.edit":      "edited %s",
	"milestone.start":     "started %s",
	"milestone.done":      "called %s done",
	"milestone.return":    "returned %s",
	"milestone.extend":    "moved the date of %s",
	"milestone.verify":    "verified %s",
	"milestone.cancel":    "cancelled %s",
	"extension.ask":       "asked for more time for %s",
	"extension.grant":     "granted more time for %s",
	"extension.refuse":    "refused more time for %s",
}

// Phrase is how verb is said, and whether it can be. %s stands for the record.
func Phrase(verb string) (string, bool) {
	p, ok := phrases[verb]
	return p, ok
}

// Groups lists the nouns of the verbs, for a filter.
func Groups() []string {
	seen := map[string]bool{}
	for verb := range phrases {
		seen[noun(verb)] = true
	}
	return slices.Sorted(maps.Keys(seen))
}

func verbsOf(group string) []string {
	out := []string{""} // never empty, since IN () is no SQL
	for verb := range phrases {
		if noun(verb) == group {
			out = append(out, verb)
		}
	}
	slices.Sort(out)
	return out
}

func noun(verb string) string {
	n, _, _ := strings.Cut(verb, ".")
	return n
}

// sentence is what follows the name. A verb of a newer build is shown as it is.
func sentence(verb, label string) string {
	p, ok := phrases[verb]
	switch {
	case !ok:
		return strings.TrimSpace("did " + verb + " on " + label)
	case strings.Contains(p, "%s"):
		return fmt.Sprintf(p, label)
	}
	return p
}

// labelFor is what people call the record of a leaf: by name where it has one.
func labelFor(l models.LogLeaf, names map[int64]people.Person, engagements map[string]string) string {
	if p, ok := names[personIn(l.About)]; ok {
		return p.Name
	}
	if name, ok := engagements[l.About]; ok {
		return name
	}
	return labelOf(l.About)
}

// labelOf is what people call the record at path: its code, or the part of it, as in
// "version 2 of AC-03".
func labelOf(path string) string {
	path, _, _ = strings.Cut(path, "?")
	parts := strings.FieldsFunc(path, func(r rune) bool { return r == '/' || r == '#' })
	switch len(parts) {
	case 0:
		return "the start page"
	case 1:
		return "the page " + parts[0]
	case 2:
		if f, ok := framework.ByID(parts[1]); ok && parts[0] == "frameworks" {
			return f.Name
		}
		return parts[1]
	case 3:
		if parts[0] == "frameworks" {
			if code, err := url.PathUnescape(parts[2]); err == nil {
				return code
			}
		}
		return partOf(parts[2], parts[1])
	}
	if parts[2] == "deliverables" {
		if len(parts) > 4 && (parts[3] == "subservice" || parts[3] == "cuecs") {
			return parts[len(parts)-1] + " of " + parts[1]
		}
		return parts[3] + " of " + parts[1]
	}
	if parts[2] == "populations" {
		if len(parts) > 5 && parts[4] == "samples" {
			return parts[5] + " of " + parts[3]
		}
		if parts[3] == "sizes" {
			return parts[1]
		}
		return parts[3]
	}
	if parts[2] == "requests" { // whichever part of it
		return parts[3]
	}
	if parts[2] == "files" { // their numbers in the database would say nothing either
		return "a file of " + parts[1]
	}
	return strings.TrimSuffix(parts[2], "s") + " " + parts[3] + " of " + parts[1]
}

// partOf is what people call the part of a record behind its #. Phrases speak of plans,
// answers and cycles themselves; their numbers in the database would say nothing.
func partOf(part, record string) string {
	if strings.HasPrefix(part, "milestone-") {
		return "a step of " + record
	}
	return record
}

// written lists the keys of a note under which somebody's own words stand.
var written = []string{"reason", "note", "comment"}

// message is what somebody wrote with a leaf.
func message(n models.Note) string {
	var out []string
	for _, key := range written {
		if n[key] != "" {
			out = append(out, n[key])
		}
	}
	return strings.Join(out, "\n")
}

// facts is the rest of a note by name: the step first, then who answers, then the others
// as the alphabet has them.
func facts(n models.Note) []string {
	var out []string
	if n["to"] != "" {
		step := strings.TrimSpace(n["from"] + " → " + n["to"])
		out = append(out, strings.ReplaceAll(step, "_", " "))
	}
	said := append([]string{"path", "from", "to"}, written...)
	for _, key := range append([]string{"owner"}, slices.Sorted(maps.Keys(n))...) {
		if n[key] == "" || slices.Contains(said, key) {
			continue
		}
		said = append(said, key)
		name := strings.ReplaceAll(key, "_", " ")
		out = append(out, strings.ToUpper(name[:1])+name[1:]+": "+n[key])
	}
	return out
}

var (
	evidenceCode = regexp.MustCompile(`^E-\d+$`)
	findingCode  = regexp.MustCompile(`^F-\d+$`)
	controlCode  = regexp.MustCompile(`^[A-Z][A-Z0-9]{0,5}-[A-Z0-9-]+$`)
)

// PathOf is the path that a code, a path or an address within the site names, or "".
func PathOf(typed string) string {
	s := strings.Trim(strings.TrimSpace(typed), "/")
	code := strings.ToUpper(s)
	switch {
	case strings.Contains(s, "/"):
		return s
	case evidenceCode.MatchString(code):
		return "evidence/" + code
	case findingCode.MatchString(code):
		return "findings/" + code
	case controlCode.MatchString(code):
		return "controls/" + code
	}
	return s
}
