package webhook

import (
	"fmt"
	"slices"
	"strings"

	"assay/models"
)

// An Event is a verb of the log that others can be told of. The sentence names the record
// and nobody: what leaves the house says no more than a mail does.
type Event struct {
	Type     string // as receivers know it
	Label    string
	verb     string
	sentence string
}

// Events lists what others can be told of.
var Events = []Event{
	{"evidence.submitted", "Evidence waits for review", "evidence.submit", "%s waits for review."},
	{"evidence.accepted", "Evidence was accepted", "evidence.accept", "%s was accepted."},
	{"evidence.returned", "Evidence was returned", "evidence.return", "%s was returned, with a reason."},
	{"evidence.withdrawn", "Evidence was withdrawn", "evidence.withdraw", "%s was withdrawn."},
	{"finding.raised", "A finding was raised", "finding.raise", "%s was raised."},
	{"finding.closed", "A finding was verified and closed", "finding.close", "%s was verified and closed."},
	{"finding.reopened", "A finding was opened again", "finding.reopen", "%s was opened again."},
	{"risk.accepted", "A risk was accepted", "finding.accept_risk", "The risk of %s was accepted, for a time."},
	{"risk.expired", "An accepted risk ran out", "finding.expire", "The accepted risk of %s has ended, and the finding is open again."},
	{"control.assigned", "A control changed hands", "control.assign", "Somebody else answers for %s."},
	{"control.approved", "A control version was approved", "version.approve", "A version of %s was approved."},
	{"control.retired", "A control was retired", "version.retire", "%s was retired."},
	{TaskLate, "A task became late", "", ""}, // the clock's doing, which is no leaf: see Late
	{"question.asked", "A question about a task was asked", "question.ask", "A question was asked about a task of %s."},
	{"question.answered", "A question about a task was answered", "question.answer", "A question about a task of %s was answered."},
	{"exemption.asked", "Somebody says that nothing was due", "exemption.ask", "Somebody says that a window of %s does not count; it waits for a decision."},
}

// TaskLate is the type of what Late tells.
const TaskLate = "task.late"

// Tested is the type of a test message.
const Tested = "assay.test"

func eventOf(kind string) (Event, bool) {
	i := slices.IndexFunc(Events, func(e Event) bool { return e.Type == kind })
	if i < 0 {
		return Event{}, false
	}
	return Events[i], true
}

// of finds the event that a leaf is.
func of(l models.LogLeaf) (Event, bool) {
	i := slices.IndexFunc(Events, func(e Event) bool { return e.verb != "" && e.verb == l.Verb })
	if i < 0 {
		return Event{}, false
	}
	return Events[i], true
}

func verbs() []string {
	var out []string
	for _, e := range Events {
		if e.verb != "" {
			out = append(out, e.verb)
		}
	}
	return out
}

// record is the part of a leaf's path that has a page: "controls/AC-03/versions/2" is of
// AC-03.
func record(about string) (path, code string) {
	about, _, _ = strings.Cut(about, "#")
	parts := strings.Split(about, "/")
	if len(parts) < 2 {
		return about, about
	}
	return parts[0] + "/" + parts[1], parts[1]
}

func (e Event) about(code string) string { return fmt.Sprintf(e.sentence, code) }
