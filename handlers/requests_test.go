package handlers_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"

	"assay/handlers/handlerstest"
	"assay/models"
	"assay/models/access"
	"assay/models/control"
	"assay/models/modelstest"
	"assay/models/request"
)

const requestsAt = "/engagements/fieldwork-2026/requests"

// scoped is w with AC-03 in the scope of its engagement.
func scoped(w fieldwork) fieldwork {
	w.Helper()
	must(w.T, modelstest.As(w.T, w.db, w.priya, func(ctx context.Context, tx *models.Tx) error {
		if err := tx.Record("control.edit", "controls/AC-03"); err != nil {
			return err
		}
		if _, err := models.Raw[control.Control](ctx, tx, `INSERT INTO version_criteria
			SELECT id, control_id, 'soc2-tsc', 'CC6.1', effective_from, effective_to, TRUE FROM control_versions WHERE control_id = 1 RETURNING control_id AS id`); err != nil {
			return err
		}
		_, err := models.Raw[control.Control](ctx, tx, "INSERT INTO control_criteria (control_id, framework, code) VALUES (1, 'soc2-tsc', 'CC6.1') RETURNING control_id AS id")
		return err
	}))
	return w
}

// writing is Jonas once fieldwork is granted to him.
func (w fieldwork) writing() access.Actor {
	a := w.jonas
	a.Fieldwork = []int64{w.engagement.ID}
	return a
}

// asks writes and opens a request of two items for the owner, and answers with its address.
func (w fieldwork) asks(a access.Actor, more ...string) string {
	w.Helper()
	fields := append([]string{"title", "Access reviews of the period", "items", "The review\nWhat was changed after it", "control", "AC-03", "due_on", "2026-03-20", "do", "open"}, more...)
	return w.Post(a, requestsAt, fields...).Want(303).Location
}

// TestARequestFromTheAuditorToTheAuditor is the whole way, as the people concerned: asked,
// assigned, answered, checked, released, returned, answered again, accepted.
func TestARequestFromTheAuditorToTheAuditor(t *testing.T) {
	eachFieldwork(t, func(w fieldwork) {
		jonas := scoped(w).writing()
		at := w.asks(jonas)
		w.Get(w.owner, at).Want(404)
		w.Get(w.priya, at).Want(200).Has("Access reviews of the period", "Nobody yet", "Jonas Lindqvist")
		w.Post(w.priya, at+"/assign", "owner", fmt.Sprint(w.owner.ID)).Want(303)
		w.Get(w.owner, "/tasks").Want(200).Has("Requests to answer", "Access reviews of the period")

		page := w.Get(w.owner, at).Want(200).Has("Your turn", "The review", "Upload new evidence")
		item := page.Field("item")
		form := "/evidence/new?control=AC-03&request=" + strings.TrimPrefix(at, "/") + "&item=" + item
		w.Get(w.owner, form).Want(200).Has("Add evidence for AC-03")
		back := w.send(w.owner, "/evidence", fields("request", strings.TrimPrefix(at, "/"), "item", item), review).Want(303).Location
		if back != at {
			t.Fatalf("from the upload one comes to %s", back)
		}
		w.Get(w.owner, at).Want(200).Has("E-1", "In review", "not released", "In progress")
		w.Post(w.owner, at+"/fulfil", "rev", "99").Want(409)
		w.Post(w.owner, at+"/fulfil").Want(409).Has("Not answered yet", "What was changed after it")
		w.Post(w.owner, at+"/answers", "item", item, "evidence", "E-77").Want(422).Has("No evidence has the id E-77")
		second := itemAfter(t, item)
		w.Post(w.owner, at+"/answers", "item", second, "words", "Two accounts were closed.").Want(303)
		w.Post(w.owner, at+"/fulfil").Want(303)

		w.Get(w.priya, "/tasks").Want(200).Has("Release checks")
		w.Get(jonas, at).Want(200).Has("Release check", "Nothing is released yet").Lacks("Two accounts were closed", "E-1")
		w.Get(w.priya, at+"/check").Want(200).Has("E-1 is not accepted", "Jonas Lindqvist").Lacks("Release to the auditors")
		w.Post(w.priya, at+"/release").Want(409).Has("E-1 is not accepted")
		w.Post(w.priya, at+"/send-back", "reason", "").Want(422).Has("Say what is missing")
		w.Post(w.priya, "/evidence/E-1/accept", "rev", "2").Want(303)
		w.Get(w.priya, at+"/check").Want(200).Has("Release to the auditors", "Two accounts were closed")
		w.Post(w.priya, at+"/release").Want(303)
		w.Get(jonas, at).Want(200).Has("Two accounts were closed", "E-1", "Is this what you asked for?")

		w.Post(jonas, at+"/decide", "do", "return").Want(422).Has("Say what is missing")
		w.Post(jonas, at+"/decide", "do", "return", "reason", "Which two?").Want(303)
		w.Get(w.owner, "/tasks").Want(200).Has("It came back:", "Which two?")
		w.Post(w.owner, at+"/answers", "item", second, "words", "Those of Lee and Kim.").Want(303)
		w.Get(jonas, at).Want(200).Lacks("Lee and Kim")
		w.Post(w.owner, at+"/fulfil").Want(303)
		w.Post(w.priya, at+"/release").Want(303)
		w.Get(jonas, at).Want(200).Has("Lee and Kim")
		w.Post(jonas, at+"/decide", "do", "accept").Want(303)
		w.Get(w.owner, at).Want(200).Has("Accepted", "Which two?").Lacks("Your turn", "Cancel the request")
		w.Get(w.priya, requestsAt).Want(200).Has("1 of 1 accepted")
		w.Post(w.jonas, at+"/decide", "do", "accept").Want(404) // without the grant there is no such page
	})
}

func itemAfter(t *testing.T, item string) string {
	t.Helper()
	n, err := strconv.Atoi(item)
	must(t, err)
	return strconv.Itoa(n + 1)
}

// TestAThreadSaysWhoReadsIt: audiences are shown before and after sending, and each side's
// own words reach nobody else, on no page and in no export.
func TestAThreadSaysWhoReadsIt(t *testing.T) {
	w := scoped(inFieldwork(newShop(t)))
	jonas := w.writing()
	at := w.asks(jonas)
	w.Post(w.priya, at+"/assign", "owner", fmt.Sprint(w.owner.ID)).Want(303)
	w.Get(jonas, at).Want(200).Has("Who can read it", "Audit team only", "Company and auditors").Lacks("Company only")
	w.Get(w.owner, at).Want(200).Has("Who can read it", "Company only", "Company and auditors").Lacks("Audit team only")
	w.Post(jonas, at+"/messages", "audience", "firm", "text", "xylophone").Want(303)
	w.Post(w.owner, at+"/messages", "audience", "company", "text", "zeppelin").Want(303)
	w.Post(w.priya, at+"/messages", "audience", "both", "text", "harmonica").Want(303)
	w.Post(w.priya, at+"/messages", "audience", "firm", "text", "x").Want(422).Has("Choose who can read it")
	w.Post(w.owner, at+"/messages", "audience", "company", "text", " ").Want(422).Has("Write something")
	w.Get(jonas, at).Want(200).Has("xylophone", "Audit team only", "harmonica").Lacks("zeppelin")
	for _, a := range []access.Actor{w.owner, w.priya, w.admin} {
		w.Get(a, at).Want(200).Has("zeppelin", "harmonica").Lacks("xylophone")
	}
	for _, path := range []string{at + "?as=auditor", "/activity", "/engagements/fieldwork-2026", requestsAt + "/export.csv", "/search?q=xylophone"} {
		if body := w.Get(w.priya, path).Want(200).Body; strings.Contains(strings.ReplaceAll(body, `value="xylophone"`, ""), "xylophone</") {
			t.Errorf("%s shows a private note", path)
		}
	}
	w.Get(w.priya, at+"?as=auditor").Want(200).Has("harmonica").Lacks("zeppelin", "xylophone")
}

// TestALongThreadIsReadInParts: the latest messages first, and a link to those before, of
// which nobody counts what they may not read.
func TestALongThreadIsReadInParts(t *testing.T) {
	w := scoped(inFieldwork(newShop(t)))
	jonas := w.writing()
	at := w.asks(jonas)
	for n := range request.ThreadShown + 2 {
		w.Post(w.priya, at+"/messages", "audience", "both", "text", fmt.Sprintf("message number %d.", n)).Want(303)
		w.Post(jonas, at+"/messages", "audience", "firm", "text", "xylophone").Want(303)
	}
	end := w.Get(w.priya, at).Want(200).Has("message number 2.", "message number 51.", "Earlier messages").Lacks("message number 1.", "Latest messages")
	_, rest, _ := strings.Cut(end.Body, at+"?before=")
	before, _, _ := strings.Cut(rest, "#")
	w.Get(w.priya, at+"?before="+before).Want(200).Has("message number 0.", "message number 1.", "Latest messages").Lacks("message number 2.", "Earlier messages")
	w.Get(w.priya, at+"?before=x").Want(200).Has("message number 51.")
	w.Get(jonas, at).Want(200).Has("message number 51.", "message number 27.", "xylophone", "Earlier messages").Lacks("message number 26.")
}

// TestALinkToAMessageShowsIt, however much was written after it, and counts nothing that the
// reader may not see.
func TestALinkToAMessageShowsIt(t *testing.T) {
	w := scoped(inFieldwork(newShop(t)))
	jonas := w.writing()
	at := w.asks(jonas)
	for n := range 2*request.ThreadShown + 2 {
		w.Post(w.priya, at+"/messages", "audience", "both", "text", fmt.Sprintf("message number %d.", n)).Want(303)
		if n%2 == 0 {
			w.Post(jonas, at+"/messages", "audience", "firm", "text", "xylophone").Want(303)
		}
	}
	first := w.Get(w.priya, at+"?message=1").Want(200).Has("message number 0.", "message number 23.", "Latest messages").Lacks("message number 26.", "Earlier messages")
	w.Get(w.priya, at+"?message=146").Want(200).Has("message number 101.", "message number 52.").Lacks("message number 51.", "Latest messages")
	mid := w.Get(w.priya, at+"?message=76").Want(200).Has("message number 50.", "Earlier messages", "Latest messages")
	if n := strings.Count(mid.Body, `id="message-`); n != request.ThreadShown {
		t.Errorf("%d messages", n)
	}
	own := w.Get(jonas, at+"?message=2").Want(200).Has("message number 0.", "xylophone")
	for _, odd := range []string{"x", "-1", "999999", "0"} {
		w.Get(w.priya, at+"?message="+odd).Want(200).Has("message number 101.").Lacks("message number 51.")
	}
	for id, body := range map[string]string{"message-1": first.Body, "message-76": mid.Body, "message-2": own.Body} {
		if !strings.Contains(body, `id="`+id+`"`) {
			t.Errorf("the page with %s lacks its place", id)
		}
	}
	if body := w.Get(w.priya, "/activity").Want(200).Body; !strings.Contains(body, at+"?message=153#message-153") {
		t.Error("the activity does not lead to the part of the thread")
	}
}

// TestTheCompanyLooksAsTheAuditors: the same pages with nothing to press, a bar that says
// so, and a leaf.
func TestTheCompanyLooksAsTheAuditors(t *testing.T) {
	w := scoped(inFieldwork(newShop(t)))
	jonas := w.writing()
	draft := w.Post(jonas, requestsAt, "title", "A thought of the firm", "do", "draft").Want(303).Location
	at := w.asks(jonas)
	own := w.Post(w.priya, requestsAt, "title", "A draft of the company", "do", "draft").Want(303).Location
	w.Get(w.priya, draft).Want(404)
	w.Get(w.priya, draft+"?as=auditor").Want(404)
	w.Get(w.priya, own+"?as=auditor").Want(404)
	bar := "as its auditors do"
	w.Get(w.priya, requestsAt+"?as=auditor").Want(200).Has(bar, "Back to your own view", "Access reviews of the period").
		Lacks("New request", "Bring in a list", "A draft of the company", "A thought of the firm")
	w.Get(w.priya, at+"?as=auditor").Want(200).Has(bar).Lacks("Cancel the request", "Assign", "Send")
	w.Get(w.priya, "/engagements/fieldwork-2026?as=auditor").Want(200).Has(bar).Lacks("Start reporting", "Add an auditor", "Remove")
	w.Get(w.priya, "/engagements/fieldwork-2026/populations?as=auditor").Want(200).Has(bar).Lacks("Bring in a population")
	w.Get(w.priya, "/activity").Want(200).Has("looked at Fieldwork 2026 as its auditors do")
	for _, a := range []access.Actor{w.owner, jonas} { // for everybody else it means nothing
		w.Get(a, requestsAt+"?as=auditor").Want(200).Lacks(bar)
	}
	w.Get(w.jonas, draft).Want(200).Has("A thought of the firm").Lacks("Open it")
}

func TestAListIsBroughtInAfterItWasLookedAt(t *testing.T) {
	w := scoped(inFieldwork(newShop(t)))
	auditor := fmt.Sprint(w.jonas.ID)
	w.Get(w.priya, requestsAt+"/import").Want(200).Has("Whose list it is", "Jonas Lindqvist")
	w.sendList(w.priya, requestsAt+"/import", [][2]string{{"auditor", auditor}}, file{"", ""}).Want(422).Has("Choose a CSV or XLSX file")
	csv := "No,Description,Control,Due,Area\n1,Access reviews,AC-03,2026-03-20,IT\n2,Organisation chart,,soon,HR\n"
	at := w.sendList(w.priya, requestsAt+"/import", [][2]string{{"auditor", auditor}, {"open", "on"}}, file{"list.csv", csv}).Want(303).Location
	w.Get(w.priya, at).Want(200).Has("1 new, 1 refused", "is no date", "Not read:", "Area", "Brought in for Jonas Lindqvist").Lacks("Take it")
	w.Get(w.ines, at).Want(404)
	csv = strings.Replace(csv, "soon", "31.03.2026", 1)
	at = w.sendList(w.priya, requestsAt+"/import", [][2]string{{"auditor", auditor}, {"open", "on"}}, file{"list.csv", csv}).Want(303).Location
	page := w.Get(w.priya, at).Want(200).Has("2 new", "Take it")
	w.Get(w.priya, requestsAt).Has("No request yet")
	path, _, _ := strings.Cut(at, "?")
	w.Post(w.priya, path, "plan", "another", "auditor", auditor, "open", "1").Want(409).Has("Something has changed")
	w.Post(w.priya, path, "plan", page.Field("plan"), "auditor", auditor, "open", "1").Want(303)
	w.Get(w.priya, requestsAt).Want(200).Has("Access reviews", "Organisation chart", "Open")
	w.Get(w.priya, requestsAt+"/R-001").Want(200).Has("Jonas Lindqvist, brought in by")
	w.Get(w.jonas, requestsAt+"/R-001").Want(200)
	if body := w.Get(w.jonas, requestsAt+"/export.csv").Want(200).Body; !strings.Contains(body, "Organisation chart") {
		t.Errorf("the export says %s", body)
	}
	w.Get(w.priya, requestsAt+"/propose").Want(200).Has("AC-03", "asked: R-001")
	w.Post(w.priya, requestsAt+"/propose").Want(422).Has("at least one control")
	w.Post(w.priya, requestsAt+"/propose", "control", "AC-03").Want(303)
	w.Get(w.priya, requestsAt+"?state=draft").Want(200).Has("Evidence of AC-03")
	if title := w.Get(w.priya, requestsAt+"/R-003/edit").Want(200).Field("title"); title != "Evidence of AC-03, User access review" {
		t.Errorf("the form says %q", title)
	}
	w.Post(w.priya, requestsAt+"/R-003/edit", "title", "").Want(422).Has("Say in a line")
	w.Post(w.priya, requestsAt+"/R-003/open").Want(422).Has("by when")
	w.Post(w.priya, requestsAt+"/R-003/discard").Want(303)
	w.Post(w.priya, requestsAt+"/R-001/cancel", "reason", "").Want(422).Has("no longer needed")
	w.Post(w.priya, requestsAt+"/R-001/cancel", "reason", "Asked twice.").Want(303)
	w.Get(w.priya, requestsAt+"/R-001").Want(200).Has("Cancelled", "Asked twice.")
}

// TestAListOfManyRequestsKeepsToItsQueries: five hundred of them cost a page what fifty do.
func TestAListOfManyRequestsKeepsToItsQueries(t *testing.T) {
	w := scoped(inFieldwork(newShop(t)))
	var csv strings.Builder
	csv.WriteString("No,Description,Control,Due\n")
	for n := range 500 {
		fmt.Fprintf(&csv, "%d,Evidence number %d of the period,AC-03,2026-03-%02d\n", n+1, n+1, n%28+1)
	}
	at := w.sendList(w.priya, requestsAt+"/import", [][2]string{{"auditor", fmt.Sprint(w.jonas.ID)}, {"open", "on"}}, file{"list.csv", csv.String()}).Want(303).Location
	path, _, _ := strings.Cut(at, "?")
	w.Post(w.priya, path, "plan", w.Get(w.priya, at).Field("plan"), "auditor", fmt.Sprint(w.jonas.ID), "open", "1").Want(303)
	for _, page := range []string{requestsAt, requestsAt + "?state=open", requestsAt + "?state=overdue", requestsAt + "?sort=due", fmt.Sprintf("%s?owner=%d", requestsAt, w.owner.ID), requestsAt + "/R-250", requestsAt + "/R-250?as=auditor", requestsAt + "/propose"} {
		for _, a := range []access.Actor{w.priya, w.owner, w.jonas} {
			if strings.HasSuffix(page, "propose") && a.ID != w.priya.ID {
				continue
			}
			if strings.HasSuffix(page, "/R-250") && a.ID == w.owner.ID || strings.Contains(page, "as=") && a.ID != w.priya.ID {
				continue
			}
			w.Get(a, page)
			before := w.db.Queries()
			shown := w.Get(a, page).Want(200)
			if n := w.db.Queries() - before; n > handlerstest.QueryBudget {
				t.Errorf("%s for %s takes %d queries", page, a.Role, n)
			}
			if size := gzipped(t, shown.Body); size > 12<<10 {
				t.Errorf("%s for %s weighs %d bytes", page, a.Role, size)
			}
		}
	}
}

func gzipped(t *testing.T, body string) int {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := io.WriteString(z, body); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Len()
}

// A request is found by number and words by whoever may read it, and its owner's leaving
// puts it on the compliance manager's list.
func TestARequestIsFoundAndOutlivesItsOwner(t *testing.T) {
	eachFieldwork(t, func(w fieldwork) {
		w = scoped(w)
		at := w.asks(w.priya, "owner", strconv.FormatInt(w.owner.ID, 10))
		code := at[strings.LastIndex(at, "/")+1:]
		for _, a := range []access.Actor{w.priya, w.owner, w.jonas} {
			w.Get(a, "/search?q=reviews+of+the+per").Want(200).Has(code+" Access reviews of the period", "Request")
			if p := w.Get(a, "/search?q="+strings.ToLower(code)).Want(303); p.Location != at {
				w.Errorf("%s goes to %s", a.Name, p.Location)
			}
		}
		w.Get(w.auditor, "/search?q=reviews+of+the+per").Want(200).Lacks(code + " Access reviews")
		person := "/people/" + strconv.FormatInt(w.owner.ID, 10)
		w.Get(w.admin, person).Want(200).Has(code, "Access reviews of the period", "request")
		w.Post(w.admin, person+"/handover", "to", strconv.FormatInt(w.other.ID, 10)).Want(303)
		w.Get(w.other, at).Want(200)
		w.Get(w.owner, at).Want(404)
		heir := "/people/" + strconv.FormatInt(w.other.ID, 10)
		w.Post(w.admin, heir+"/deactivate", "rev", w.Get(w.admin, heir).Field("rev"), "reason", "Left.").Want(303)
		w.Get(w.admin, heir).Want(200).Lacks(code + " Access")
		w.Get(w.priya, requestsAt+"?owner=nobody").Want(200).Has(code)
	})
}
