package handlers_test

import (
	"bytes"
	"context"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"assay/handlers/handlerstest"
	"assay/models"
	"assay/models/access"
	"assay/models/control"
	"assay/models/modelstest"
)

// february is the task of a window that is over, and still in its grace.
const february = "/tasks/AC-03/2026-02-01/2026-02-28"

func TestATaskIsDoneByHandAndTakenBack(t *testing.T) {
	eachShop(t, func(s shop) {
		s.Get(s.owner, february).Want(200).Has("Record without a file", "Hand over", "Ask a question", "It did not apply")
		s.Get(s.other, february).Want(200).Has("somebody else's task").Lacks("Record without a file")
		s.Get(s.owner, "/tasks/AC-03/2026-02-02/2026-02-28").Want(404)
		for _, at := range []string{"/tasks/AC-03/2026-02-02/2026-02-28", "/tasks/AC-03/2020-02-01/2020-02-29", "/tasks/AC-03/2030-02-01/2030-02-28"} {
			s.Post(s.owner, at+"/perform", "performed_at", "2026-02-27T10:00", "result", "Done.").Want(404).Has("AC-03 has no window of these days, so nothing was written.")
			s.Post(s.owner, at+"/ask", "question", "Does it count?").Want(404).Has("AC-03 has no window of these days")
		}
		good := []string{"performed_at", "2026-02-27T10:00", "performed_by", "", "result", "Nobody was removed."}
		s.Post(s.owner, february+"/perform", "performed_at", "2026-02-27T10:00", "performed_by", "The night shift", "result", "").
			Want(422).Has("Say in a sentence what came of it.")
		s.Post(s.owner, february+"/perform", "performed_at", "2026-03-09T10:00", "result", "x").Want(422).Has("This is still to come.")
		s.Post(s.owner, february+"/perform", "performed_at", "2026-01-30T10:00", "result", "x").Want(422).Has("This is before 2026-02-01")
		s.Post(s.owner, february+"/perform", "performed_at", "2026-02-10T10:00", "result", "Kept all").Want(422).Has("performed more than 7 days ago", "add the evidence on this page instead", "Kept all")
		s.Post(s.other, february+"/perform", good...).Want(http.StatusForbidden)
		s.Post(s.executive, february+"/perform", good...).Want(404)
		s.Post(s.owner, february+"/perform", good...).Want(303)
		s.Get(s.owner, february).Want(200).Has("Nobody was removed.", "The performance is recorded.").Lacks("Record without a file")
		s.Post(s.other, "/performances/1/withdraw", "rev", "1", "reason", "It is not mine.").Want(http.StatusForbidden).Has("by whoever recorded it", "You had written: It is not mine.")
		s.Get(s.owner, february).Want(200).Lacks("Withdrawn")
		s.Post(s.owner, "/performances/1/withdraw", "rev", "1", "reason", "It was another month.").Want(303)
		s.Get(s.owner, february).Want(200).Has("Withdrawn: It was another month.", "Record without a file")
	})
}

func TestATaskIsHandedOver(t *testing.T) {
	eachShop(t, func(s shop) {
		s.Post(s.owner, february+"/handover", "to", "", "note", "I am away.").Want(422).Has("I am away.")
		s.Post(s.owner, february+"/handover", "to", id(s.executive), "note", "I am away.").Want(422).Has("Choose a person from the list", "I am away.")
		s.Post(s.other, february+"/handover", "to", id(s.other)).Want(http.StatusForbidden)
		s.Post(s.owner, february+"/handover", "to", id(s.other), "note", "I am away.").Want(303)
		s.Get(s.other, february).Want(200).Has("Record without a file")
		s.Get(s.other, "/tasks").Want(200).Has("AC-03")
		s.Post(s.other, february+"/perform", "performed_at", "2026-02-27T10:00", "result", "Done for a colleague.").Want(303)
	})
}

// TestATaskOfSomebodyWhoIsPutOutIsTheOwnersAgain: February was handed to a colleague, whose
// account is deactivated. It stands on the owner's list again, who is told.
func TestATaskOfSomebodyWhoIsPutOutIsTheOwnersAgain(t *testing.T) {
	eachShop(t, func(s shop) {
		s.Post(s.owner, february+"/handover", "to", id(s.other), "note", "I am away.").Want(303)
		held := strings.Count(s.Get(s.owner, "/tasks").Want(200).Body, february)
		s.Post(s.admin, "/people/"+id(s.other)+"/deactivate", "reason", "Left.").Want(303)
		if now := strings.Count(s.Get(s.owner, "/tasks").Want(200).Body, february); held != 0 || now == 0 {
			s.Errorf("the owner's list names February %d times while it is handed over and %d times after", held, now)
		}
		s.Get(s.owner, "/notices").Want(200).Has("is yours again: whoever held it no longer can.")
		s.Post(s.owner, february+"/perform", "performed_at", "2026-02-27T10:00", "result", "Done after all.").Want(303)
	})
}

// TestWhatWaitsForAReviewerIsNotDone: what was handed in covers the window, and nobody has
// looked at it yet.
func TestWhatWaitsForAReviewerIsNotDone(t *testing.T) {
	eachShop(t, func(s shop) {
		at := s.upload(s.owner)
		s.Get(s.owner, february).Want(200).Has("waits for a reviewer").Lacks("This is done.")
		s.Post(s.priya, at+"/accept", "rev", "2").Want(303)
		s.Get(s.owner, february).Want(200).Has("This is done.").Lacks("waits for a reviewer")
	})
}

func TestAQuestionAboutATaskIsAnswered(t *testing.T) {
	eachShop(t, func(s shop) {
		s.Post(s.owner, february+"/ask", "question", "").Want(422).Has("Write what you would like to know.")
		s.Post(s.other, february+"/ask", "question", "What is this?").Want(http.StatusForbidden)
		s.Post(s.owner, february+"/ask", "question", "Are contractors part of it?").Want(303)
		s.Get(s.priya, "/tasks").Want(200).Has("Are contractors part of it?")
		s.Post(s.priya, "/questions/1/answer", "rev", "1", "answer", "").Want(422).Has("Write an answer.")
		s.Post(s.other, "/questions/1/answer", "rev", "1", "answer", "Yes.").Want(http.StatusForbidden)
		s.Post(s.priya, "/questions/1/answer", "rev", "1", "answer", "Yes, all of them.").Want(303)
		s.Post(s.ines, "/questions/1/answer", "rev", "2", "answer", "No.").Want(http.StatusConflict).Has("answered already", "No.")
		s.Get(s.owner, february).Want(200).Has("Yes, all of them.")
	})
}

// TestAWindowToComeThatDoesNotApplyReadsAsNothingYet: March is excused and approved before it
// begins.
func TestAWindowToComeThatDoesNotApplyReadsAsNothingYet(t *testing.T) {
	const april = "/tasks/AC-03/2026-04-01/2026-04-30"
	eachShop(t, func(s shop) {
		s.Post(s.owner, april+"/excuse", "reason", "The system is switched off in April.").Want(303)
		s.Post(s.priya, "/exemptions/1/decide", "rev", "1", "decision", "approve").Want(303)
		s.Get(s.owner, april).Want(200).Has("Approved; counts once the window begins").Lacks("Not applicable, approved", "It was approved that this window does not apply.")
	})
}

func TestAWindowDidNotApplyOnceSomebodyElseSaysSo(t *testing.T) {
	eachShop(t, func(s shop) {
		s.Post(s.owner, february+"/excuse", "reason", "").Want(422).Has("Say why there was nothing to do.")
		s.Post(s.other, february+"/excuse", "reason", "x").Want(http.StatusForbidden)
		s.Post(s.owner, february+"/excuse", "reason", "No account existed.").Want(303)
		s.Post(s.owner, february+"/excuse", "reason", "No account, again.").Want(http.StatusConflict).Has("already asked", "No account, again.")
		s.Get(s.owner, february).Want(200).Has("A compliance manager decides", "No account existed.")
		s.Get(s.priya, "/tasks").Want(200).Has("No account existed.")
		s.Post(s.priya, "/exemptions/1/decide", "rev", "1", "decision", "refuse", "note", "").Want(422).Has("Say why not")
		s.Post(s.owner, "/exemptions/1/decide", "rev", "1", "decision", "approve").Want(404)
		s.Post(s.other, "/exemptions/1/withdraw", "rev", "1").Want(http.StatusForbidden)
		s.Post(s.priya, "/exemptions/1/decide", "rev", "1", "decision", "approve").Want(303)
		s.Post(s.ines, "/exemptions/1/decide", "rev", "2", "decision", "refuse", "note", "There were two.").Want(http.StatusConflict).Has("decided already", "There were two.")
		s.Get(s.owner, february).Want(200).Has("It was approved that this window does not apply.")
		s.Post(s.priya, "/exemptions/1/withdraw", "rev", "2", "note", "There were two.").Want(303)
		s.Get(s.owner, february).Want(200).Lacks("It was approved")
	})
}

// leavers gives the shop a control that events drive.
func (s shop) leavers() {
	s.Helper()
	c := control.Control{Code: "AC-04", Title: "Leavers", Frequency: "event", Status: control.Effective, OwnerID: &s.owner.ID, Version: 1, CreatedAt: modelstest.Now}
	err := modelstest.As(s.T, s.db, access.Clock, func(ctx context.Context, tx *models.Tx) error {
		if err := models.Insert(ctx, tx, &c, "control.create"); err != nil {
			return err
		}
		return models.Insert(ctx, tx, &control.Version{
			ControlID: c.ID, Code: c.Code, Number: 1, Status: control.Effective, AuthoredAt: modelstest.Now,
			Content:    control.Content{Title: c.Title, Frequency: "event", EventDirection: "after", EventLimit: "PT24H", EventTrigger: "last day"},
			ApproverID: &s.priya.ID, ApprovedAt: &modelstest.Now, EffectiveFrom: "2026-01-01",
		}, "control.approve")
	})
	must(s.T, err)
}

// sendList sends the form of a list, with its file when there is a body.
func (s shop) sendList(a access.Actor, path string, fields [][2]string, body string) handlerstest.Page {
	s.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	must(s.T, func() error {
		for _, f := range fields {
			if err := w.WriteField(f[0], f[1]); err != nil {
				return err
			}
		}
		if body != "" {
			part, err := w.CreateFormFile("file", "leavers.csv")
			if err != nil {
				return err
			}
			if _, err := part.Write([]byte(body)); err != nil {
				return err
			}
		}
		return w.Close()
	}())
	r := httptest.NewRequestWithContext(s.Context(), http.MethodPost, path, &b)
	r.Header.Set("Content-Type", w.FormDataContentType())
	return s.Do(a, r)
}

// list is a form that adds a list of February, with changes.
func list(changes ...string) [][2]string {
	out := [][2]string{{"covers_from", "2026-02-01"}, {"covers_to", "2026-02-28"}, {"source", "HiBob"}, {"query", "leavers"}, {"extracted_at", "2026-03-01T09:00"}, {"note", ""}}
	for n := 0; n+1 < len(changes); n += 2 {
		for m := range out {
			if out[m][0] == changes[n] {
				out[m][1] = changes[n+1]
			}
		}
	}
	return out
}

// TestTheListOfAMonthIsHandedOver by its owner, who is asked where it is done; the colleague
// asks a question there and adds it.
func TestTheListOfAMonthIsHandedOver(t *testing.T) {
	const at, month = "/controls/AC-04/lists", "/controls/AC-04/lists/2026-02"
	eachShop(t, func(s shop) {
		s.leavers()
		s.Get(s.owner, month).Want(200).Has("The list of February 2026", "Hand over", "Ask a question")
		s.Get(s.owner, month+"?open=handover").Want(200).Has("Hand this list over")
		s.Get(s.other, month).Want(200).Has("Held by").Lacks("Hand this list over", "Add the list")
		s.Get(s.owner, at).Want(200).Lacks("Hand over")
		s.Get(s.auditor, month).Want(404)
		s.Post(s.owner, month+"/handover", "to", "", "note", "I am away.").Want(422).Has("Not handed over", "I am away.")
		s.Post(s.other, month+"/handover", "to", id(s.other)).Want(http.StatusForbidden)
		s.Post(s.other, month+"/ask", "question", "Which system?").Want(http.StatusForbidden)
		s.Post(s.executive, month+"/handover", "to", id(s.other)).Want(404)
		for _, none := range []string{"2027-02", "2020-02", "2026-13"} {
			s.Post(s.owner, at+"/"+none+"/handover", "to", id(s.other)).Want(404)
		}
		s.Post(s.owner, month+"/handover", "to", id(s.other), "note", "I am away.").Want(303)
		s.Post(s.owner, month+"/handover", "to", id(s.other), "note", "I am away.").Want(http.StatusConflict)
		s.Get(s.other, "/tasks").Want(200).Has("handed to you")
		s.Get(s.other, "/notices").Want(200).Has("for February 2026, was handed to you.")
		s.Post(s.other, month+"/ask", "question", "").Want(422).Has("Write what you would like to know.")
		s.Post(s.other, month+"/ask", "question", "Which system?").Want(303)
		s.Get(s.owner, month).Want(200).Has("Which system?", "Not answered yet")
		s.Get(s.other, month).Want(200).Has("Add the list")
		body := "key,triggered_at,performed_at\nL-1,2026-02-03 10:00,2026-02-03 15:00\n"
		s.sendList(s.other, at, list("covers_from", "2026-01-01"), body).Want(422).Has("You were handed the list of February 2026.")
		s.sendList(s.other, at, list(), body).Want(303)
		s.Get(s.owner, month).Want(200).Lacks("Hand over")
	})
}

func TestAListIsTakenWholeOrNotAtAll(t *testing.T) {
	const at = "/controls/AC-04/lists"
	eachShop(t, func(s shop) {
		s.leavers()
		good := "key,triggered_at,performed_at\nL-1,2026-02-03 10:00,2026-02-03 15:00\nL-2,2026-02-10 10:00,\n"
		s.Get(s.owner, "/controls/AC-03/lists").Want(404)
		s.Get(s.owner, at).Want(200).Has("No list yet", "Add the list")
		s.Get(s.other, at).Want(200).Lacks("Add the list")
		for _, c := range []struct{ field, value, body, says string }{
			{"source", "", good, "Name the system the list comes from."},
			{"covers_to", "2026-01-31", good, "The last day is before the first day."},
			{"covers_to", "2026-03-31", good, "A list cannot speak of days to come."},
			{"covers_to", "never", good, "Enter a date that exists"},
			{"extracted_at", "2026-02-20T09:00", good, "The list was taken before the last day"},
			{"note", "", "key,triggered_at\n", "The list is empty."},
			{"note", "", "who,when\nx,y\n", "The first row must name a column"},
			{"note", "", "key,triggered_at\nL-1,3.2.2026\n", "Line 2: “3.2.2026” is no time."},
			{"note", "", "key,triggered_at\nL-1,2026-02-03\nL-1,2026-02-04\n", "the key L-1 is there twice"},
		} {
			s.sendList(s.owner, at, list(c.field, c.value, "query", "my own query"), c.body).Want(422).Has(c.says, "my own query", "No list yet")
		}
		for _, month := range []string{"2026-13", "soon", "2026-02-01"} {
			s.Get(s.owner, at+"/"+month).Want(404)
		}
		if body := s.Get(s.owner, "/tasks").Want(200).Body; !strings.Contains(body, at+"/2026-01") || !strings.Contains(body, at+"/2026-02") {
			s.Error("the owner's tasks do not lead to January's list and to February's")
		}
		p := s.Get(s.owner, at+"/2026-02").Want(200).Has("Add the list")
		if from, to := p.Field("covers_from"), p.Field("covers_to"); from != "2026-02-01" || to != "2026-02-28" {
			s.Errorf("the page of February asks for %s to %s", from, to)
		}
		s.Get(s.executive, at+"/2026-02").Want(200).Lacks("Add the list")
		s.sendList(s.other, at, list(), good).Want(http.StatusForbidden)
		s.sendList(s.executive, at, list(), good).Want(404)
		s.sendList(s.owner, at, list(), good).Want(303)
		s.sendList(s.owner, at, list("query", "my own query"), good).Want(422).Has("is there already", "my own query")
		s.Get(s.owner, at).Want(200).Has("HiBob", "leavers.csv", "Counts")
		s.Post(s.owner, at+"/1/withdraw", "rev", "1", "reason", "").Want(422).Has("Say why it is withdrawn.")
		s.Post(s.other, at+"/1/withdraw", "rev", "1", "reason", "x").Want(http.StatusForbidden)
		s.Post(s.owner, at+"/1/withdraw", "rev", "7", "reason", "The wrong month.").Want(http.StatusConflict).Has("The wrong month.")
		s.Post(s.owner, at+"/1/withdraw", "rev", "1", "reason", "The wrong month.").Want(303)
		s.sendList(s.owner, at, list("note", "HR had no leaver."), "").Want(303)
		if n := strings.Count(s.Get(s.owner, at).Want(200).Has("The wrong month.", "HR had no leaver.").Body, "sha256"); n < 2 {
			s.Errorf("%d digests", n)
		}
	})
}
