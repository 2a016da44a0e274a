package handlers_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"assay/handlers/handlerstest"
	"assay/internal/sheet"
	"assay/models"
	"assay/models/access"
	"assay/models/engagement"
	"assay/models/modelstest"
)

const f001 = "/findings/F-001"

// raise records a finding about AC-03, as priya unless fields say more.
func (s shop) raise(changes ...string) {
	s.Helper()
	fields := map[string]string{"title": "2 of 31 leavers kept access", "source": "internal_test", "controls": "AC-03", "condition": "Two accounts stayed active."}
	for i := 0; i+1 < len(changes); i += 2 {
		fields[changes[i]] = changes[i+1]
	}
	var list []string
	for name, value := range fields {
		list = append(list, name, value)
	}
	s.Post(s.priya, "/findings", list...).Want(http.StatusSeeOther)
}

// rev is what the form that page offers for this address was filled in against, or ""
// when it offers none.
func rev(t *testing.T, p handlerstest.Page, action string) string {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(p.Body))
	if err != nil {
		t.Fatal(err)
	}
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode || n.Data != "form" || attribute(n, "action") != action {
			continue
		}
		for in := range n.Descendants() {
			if in.Type == html.ElementNode && attribute(in, "name") == "rev" {
				return attribute(in, "value")
			}
		}
	}
	return ""
}

// idsOnce fails the test when two elements share an id, as a form's heading and a field
// of it once did.
func idsOnce(t *testing.T, p handlerstest.Page) {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(p.Body))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode || attribute(n, "id") == "" {
			continue
		}
		if id := attribute(n, "id"); seen[id] {
			t.Errorf("two elements have the id %s", id)
		} else {
			seen[id] = true
		}
	}
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// offered reports whether a's page has the form.
func (s shop) offered(a access.Actor, suffix string) bool {
	s.Helper()
	return rev(s.T, s.Get(a, f001).Want(http.StatusOK), f001+"/"+suffix) != ""
}

// does fills in a form of the page of F-001 and sends it.
func (s shop) does(a access.Actor, suffix string, fields ...string) handlerstest.Page {
	s.Helper()
	r := rev(s.T, s.Get(a, f001).Want(http.StatusOK), f001+"/"+suffix)
	if r == "" {
		s.Fatalf("%s is not offered %s", a.Name, suffix)
	}
	return s.Post(a, f001+"/"+suffix, append(fields, "rev", r)...)
}

func (s shop) done(a access.Actor, suffix string, fields ...string) {
	s.Helper()
	if got := s.does(a, suffix, fields...).Want(http.StatusSeeOther).Location; got != f001 {
		s.Fatalf("%s led to %s", suffix, got)
	}
}

func number(id int64) string { return strconv.FormatInt(id, 10) }

func TestFindingFromConditionToClosure(t *testing.T) {
	s := newShop(t)
	s.raise()
	proof := strings.TrimPrefix(s.upload(s.owner), "/evidence/")
	s.done(s.owner, "confirm")
	s.done(s.owner, "respond", "position", "agree", "text", "We agree and move contractors to HR.")
	s.done(s.priya, "rate", "severity", "high", "owner", number(s.owner.ID), "due_on", "2026-05-31")
	s.done(s.owner, "plan", "summary", "One event ends access everywhere.", "owner", number(s.owner.ID), "due_on", "2026-05-31")
	if s.offered(s.owner, "plan/submit") {
		t.Error("a plan without milestones can be submitted")
	}
	s.done(s.owner, "milestones", "title", "Remove both accounts", "owner", number(s.owner.ID), "due_on", "2026-03-31")
	idsOnce(t, s.Get(s.owner, f001))
	idsOnce(t, s.does(s.owner, "milestones/1/edit", "title", "").Want(http.StatusUnprocessableEntity))
	s.done(s.owner, "plan/submit")
	s.done(s.priya, "plan/approve")
	s.done(s.owner, "milestones/1/start")
	s.does(s.owner, "milestones/1/done", "proof", "E-99").Want(http.StatusUnprocessableEntity).Has("There is no such evidence item")
	s.done(s.owner, "milestones/1/done", "proof", proof)
	s.done(s.owner, "extensions", "until", "2026-06-30", "reason", "The vendor is late.")
	if s.offered(s.owner, "extensions/1/grant") {
		t.Error("who asked for more time can grant it")
	}
	s.done(s.executive, "extensions/1/grant")
	s.done(s.owner, "plan/complete", "note", "Both are gone.")
	if s.offered(s.owner, "verify") {
		t.Error("the owner is offered to verify their own remediation")
	}
	s.Post(s.owner, f001+"/verify", "rev", "1", "note", "Fine.").Want(http.StatusNotFound)
	s.done(s.ines, "verify", "note", "I searched both systems.")
	s.Get(s.ines, f001).Want(http.StatusOK).Has("Closed, verified", "We agree and move contractors to HR.", proof, "originally", "verified and closed F-001")
	s.done(s.ines, "reopen", "note", "It happened again.")
	s.Get(s.owner, f001).Want(http.StatusOK).Has("This is cycle 2", "Plan of cycle 1", "There is no plan in this cycle")
}

func TestVerifierIsNotRemediator(t *testing.T) {
	s := newShop(t)
	s.raise()
	proof := strings.TrimPrefix(s.upload(s.owner), "/evidence/")
	s.done(s.owner, "confirm")
	s.done(s.priya, "rate", "severity", "low", "owner", number(s.owner.ID), "due_on", "2026-05-31")
	s.done(s.priya, "plan", "summary", "Do it.", "owner", number(s.priya.ID), "due_on", "2026-05-31")
	s.done(s.priya, "milestones", "title", "Remove both accounts", "owner", number(s.owner.ID), "due_on", "2026-03-31")
	s.done(s.priya, "plan/submit")
	if s.offered(s.priya, "plan/approve") {
		t.Error("its owner is offered to approve the plan")
	}
	s.Post(s.priya, f001+"/plan/approve", "rev", "2").Want(http.StatusForbidden).Has("You own this plan")
	s.done(s.ines, "plan/approve")
	s.done(s.owner, "milestones/1/start")
	s.done(s.owner, "milestones/1/done", "proof", proof)
	s.done(s.priya, "plan/complete", "note", "Done.")
	if s.offered(s.priya, "verify") {
		t.Error("the owner of the plan is offered to verify")
	}
	r := rev(t, s.Get(s.ines, f001), f001+"/verify")
	s.Post(s.priya, f001+"/verify", "rev", r, "note", "Fine.").Want(http.StatusForbidden).Has("You took part in the remediation")
	s.Get(s.priya, f001).Has("Ready for verification")
}

func TestFindingFormKeepsWhatWasTyped(t *testing.T) {
	s := newShop(t)
	p := s.Post(s.priya, "/findings", "title", "Half a finding", "source", "audit", "controls", "AC-03 ZZ-99", "cause", "Haste.").Want(http.StatusUnprocessableEntity)
	p.Has("No control has the code ZZ-99")
	for field, want := range map[string]string{"title": "Half a finding", "controls": "AC-03 ZZ-99", "cause": "Haste."} {
		if got := p.Field(field); got != want {
			t.Errorf("%s came back as %q", field, got)
		}
	}
	s.Post(s.priya, "/findings", "title", "Half a finding", "source", "audit").Want(http.StatusUnprocessableEntity).
		Has("Describe what was found", "Choose the engagement")
	s.raise()
	s.done(s.owner, "confirm")
	p = s.does(s.priya, "rate", "severity", "high", "owner", number(s.executive.ID), "due_on", "2026-02-01").Want(http.StatusUnprocessableEntity)
	p.Has("cannot work on findings", "This day has passed")
	if got := p.Field("due_on"); got != "2026-02-01" {
		t.Errorf("the date came back as %q", got)
	}
}

func TestFindingConflict(t *testing.T) {
	s := newShop(t)
	s.raise()
	s.done(s.owner, "confirm")
	r := rev(t, s.Get(s.priya, f001), f001+"/rate")
	fields := []string{"rev", r, "severity", "high", "owner", number(s.owner.ID), "due_on", "2026-05-31"}
	s.Post(s.ines, f001+"/rate", fields...).Want(http.StatusSeeOther)
	s.Post(s.priya, f001+"/rate", fields...).Want(http.StatusConflict).Has("Someone changed this a moment ago")
	s.Post(s.priya, f001+"/correct", "rev", "1", "title", "x", "condition", "y", "source", "other").Want(http.StatusConflict)
}

func TestFindingsByRole(t *testing.T) {
	s := newShop(t)
	e := engagement.Engagement{
		Slug: "soc2", Name: "SOC 2 2026", Firm: "Brandt", Kind: engagement.TypeII, Status: engagement.Fieldwork, PeriodStart: "2026-01-01",
		PeriodEnd: "2026-12-31", Zone: "UTC", OpensOn: "2026-01-01", ClosesOn: "2026-12-31", CreatedBy: s.priya.ID, CreatedAt: modelstest.Now,
	}
	if err := modelstest.As(t, s.db, s.priya, func(ctx context.Context, tx *models.Tx) error {
		return models.Insert(ctx, tx, &e, "engagement.create")
	}); err != nil {
		t.Fatal(err)
	}
	s.raise("title", "Seen from inside")
	s.raise("title", "Seen by the auditors", "source", "audit", "engagement", number(e.ID))
	s.auditor.Engagements = []int64{e.ID}
	s.Get(s.auditor, "/findings").Want(http.StatusOK).Has("Seen by the auditors").Lacks("Seen from inside", "Record a finding")
	s.Get(s.auditor, f001).Want(http.StatusNotFound)
	p := s.Get(s.auditor, "/findings/F-002").Want(http.StatusOK).Has("Not decided by the auditors")
	if strings.Contains(p.Body, `action="/findings`) {
		t.Error("an auditor is offered a form")
	}
	s.Post(s.auditor, "/findings/F-002/confirm", "rev", "1").Want(http.StatusNotFound)
	if body := s.Get(s.auditor, "/findings/export.csv").Want(http.StatusOK).Body; strings.Contains(body, "Seen from inside") || !strings.Contains(body, "Seen by the auditors") {
		t.Errorf("an auditor exports %s", body)
	}
	s.Get(s.other, f001).Want(http.StatusNotFound)
	s.Get(s.owner, "/findings").Want(http.StatusOK).Has("Seen from inside", "Record a finding")
	s.Get(s.executive, "/findings").Want(http.StatusOK).Has("Seen from inside").Lacks("Record a finding")
	s.Get(s.admin, f001).Want(http.StatusOK).Lacks("Confirm the facts")
	s.Get(s.executive, "/findings/new").Want(http.StatusNotFound)
	for _, path := range []string{"/findings/F-1", "/findings/F-0001", "/findings/1", "/findings/F-999"} {
		s.Get(s.priya, path).Want(http.StatusNotFound)
	}
}

func TestFindingsExport(t *testing.T) {
	s := newShop(t)
	s.raise("title", "=HYPERLINK(\"http://evil.example\")", "source", "incident")
	s.raise("title", "Another one")
	for _, ending := range []string{"csv", "xlsx"} {
		p := s.Get(s.priya, "/findings/export."+ending+"?source=incident").Want(http.StatusOK)
		table, err := sheet.Read(t.Context(), p.Reader(), "findings."+ending, sheet.Default)
		if err != nil {
			t.Fatal(err)
		}
		if len(table.Rows) != 1 || table.Rows[0][0] != "F-001" || table.Rows[0][1] != "=HYPERLINK(\"http://evil.example\")" {
			t.Errorf("%s holds %v", ending, table.Rows)
		}
	}
	if body := s.Get(s.priya, "/findings/export.oscal.json?source=incident").Want(http.StatusOK).Body; !json.Valid([]byte(body)) || !strings.Contains(body, `"plan-of-action-and-milestones"`) {
		t.Errorf("as OSCAL: %s", body)
	}
	s.Get(s.priya, "/findings/export.oscal.json?q=nothing-holds-this").Want(http.StatusConflict).Has("has at least one")
	if body := s.Get(s.priya, "/findings/export.csv").Want(http.StatusOK).Body; strings.Contains(body, ",=HYPERLINK") || strings.Contains(body, "\"=HYPERLINK") {
		t.Error("a spreadsheet would run the title")
	}
	s.Get(s.priya, "/findings?print=1").Want(http.StatusOK).Has("Another one").Lacks("Record a finding")
	s.Get(s.priya, "/findings?q=another").Want(http.StatusOK).Has("Another one").Lacks("HYPERLINK")
	s.Get(s.priya, "/findings?control=ZZ-1").Want(http.StatusOK).Has("No control has the code ZZ-1")
}
