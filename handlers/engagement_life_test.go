package handlers_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"assay/handlers/handlerstest"
	"assay/models"
	"assay/models/access"
	"assay/models/engagement"
	"assay/models/framework"
	"assay/models/modelstest"
)

// sent is a form with one file.
func sent(t *testing.T, s *handlerstest.Site, a access.Actor, path, field, name, content string, fields ...string) handlerstest.Page {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for i := 0; i+1 < len(fields); i += 2 {
		_ = w.WriteField(fields[i], fields[i+1])
	}
	if name != "" {
		part, err := w.CreateFormFile(field, name)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = part.Write([]byte(content))
	}
	_ = w.Close()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, &b)
	r.Header.Set("Content-Type", w.FormDataContentType())
	return s.Do(a, r)
}

// underway is an engagement in fieldwork, with its lead.
func underway(t *testing.T, db *models.DB, ana access.Actor) (e engagement.Engagement, lead access.Actor) {
	t.Helper()
	lead = outsider(t, db, "Miriam Brandt")
	err := modelstest.As(t, db, ana, func(ctx context.Context, tx *models.Tx) (err error) {
		e, err = engagement.Create(ctx, tx, engagement.Terms{
			Name: "SOC 2 Type II 2026", Firm: "Brandt & Okafor", Kind: engagement.TypeII, Criteria: codesOf("security"),
			PeriodStart: "2026-01-01", PeriodEnd: "2026-06-30", Zone: "America/New_York", OpensOn: "2026-03-01", ClosesOn: "2026-10-31",
		})
		if err == nil {
			err = engagement.AddAuditor(ctx, tx, e, lead.ID, engagement.Lead)
		}
		for _, to := range []engagement.Status{engagement.Planning, engagement.Fieldwork} {
			if err == nil {
				err = engagement.Move(ctx, tx, &e, to, "")
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	lead.Engagements = []int64{e.ID}
	return e, lead
}

func TestScopeOfAnEngagement(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := handlerstest.New(t, db)
		ana, eve := modelstest.Person(t, db, access.Compliance), modelstest.Person(t, db, access.Executive)
		e, lead := underway(t, db, ana)
		at := "/" + e.Path()
		scope := []string{
			"kind", "type_2", "criteria", "security", "criteria", "availability", "period_start", "2026-01-01", "period_end", "2026-06-30",
			"zone", "America/New_York", "systems", "Halyard Code: the assistant\nHalyard Platform", "boundary", "Production only.", "reason", "A customer asks.",
		}
		s.Get(eve, at+"/scope").Want(200).Has("Security, 33 of 33", "Both sides agree").Lacks("Propose")
		s.Get(eve, at+"/scope/propose").Want(404)
		s.Get(lead, at+"/scope/propose").Want(404) // only reads
		s.Get(ana, at+"/edit").Want(200).Has("propose a change of the scope").Lacks("Trust services categories")
		s.Get(ana, at+"/scope/propose").Want(200).Has("Trust services categories")
		s.Post(ana, at+"/scope/propose", with(scope, "reason", "")...).Want(422).Has("Say why", "Halyard Code: the assistant")
		s.Post(ana, at+"/scope/propose", with(scope, "period_end", "2025-06-30")...).Want(422).Has("cannot end before it starts")
		s.Post(ana, at+"/scope/propose", with(scope, "systems", ": nothing")...).Want(422).Has("needs a name")
		s.Post(ana, at+"/scope/propose", scope...).Want(303)
		s.Get(eve, at).Has("The company proposes a change of the scope.", "Criteria added: A1.1 A1.2 A1.3", "Reason: A customer asks.")
		s.Get(lead, at+"/scope").Want(200).Has("Systems added: Halyard Code (the assistant); Halyard Platform").Lacks("Agree")
		page := s.Get(ana, at+"/scope").Has("Record the lead auditor's agreement").Lacks("Availability, 3 of 3")
		s.Post(ana, at+"/scope/proposals/1/agree", "rev", page.Field("rev")).Want(422).Has("Name the letter or mail")
		s.Post(ana, at+"/scope/proposals/1/agree", "rev", "7", "letter", "Mail of 2 March").Want(409)
		s.Post(ana, at+"/scope/proposals/1/agree", "rev", page.Field("rev"), "letter", "Mail of 2 March").Want(303)
		s.Get(lead, at+"/scope").Has("Availability, 3 of 3", "Production only.", "Agreed by both sides", "brought in by "+ana.Name+": Mail of 2 March")

		lead.Fieldwork = []int64{e.ID}
		if err := modelstest.As(t, db, modelstest.Person(t, db, access.Administrator), func(ctx context.Context, tx *models.Tx) error {
			team, err := engagement.Team(ctx, tx, e.ID)
			if err != nil {
				return err
			}
			return engagement.GrantFieldwork(ctx, tx, e, team[0].ID, team[0].Rev)
		}); err != nil {
			t.Fatal(err)
		}
		s.Post(lead, at+"/scope/propose", with(scope, "boundary", "Production and staging.")...).Want(303)
		s.Get(ana, at+"/scope").Has("The lead auditor proposes", "Agree", "Decline").Lacks("Record the lead auditor's agreement")
		s.Post(lead, at+"/scope/proposals/2/agree", "rev", "1").Want(403)
		s.Post(ana, at+"/scope/proposals/2/decline", "rev", "1").Want(422).Has("Say why")
		s.Post(ana, at+"/scope/proposals/2/decline", "rev", "1", "answer", "Staging has no customer data.").Want(303)
		s.Get(lead, at+"/scope").Has("Declined", "Staging has no customer data.", "Production only.")
	})
}

func TestRoundsPage(t *testing.T) {
	db := modelstest.SQLite(t)
	s := handlerstest.New(t, db)
	ana := modelstest.Person(t, db, access.Compliance)
	e, lead := underway(t, db, ana)
	at := "/" + e.Path()
	round := []string{"round_kind", "interim", "round_name", "Walkthroughs", "from_on", "2026-04-06", "to_on", "2026-04-17"}
	s.Post(ana, at+"/rounds", with(round, "to_on", "2026-04-01")...).Want(422).Has("cannot end before it begins")
	s.Post(ana, at+"/rounds", round...).Want(303)
	s.Get(lead, at+"/scope").Has("Walkthroughs", "Interim fieldwork").Lacks("Plan a round")
	s.Get(lead, at).Has("Interim")
	s.Post(lead, at+"/rounds", round...).Want(404)
	s.Post(ana, at+"/rounds/1", append(with(round, "round_name", ""), "rev", "1")...).Want(422).Has("Give the round a name")
	s.Post(ana, at+"/rounds/1", append(with(round, "round_name", "First half"), "rev", "1")...).Want(303)
	s.Post(ana, at+"/rounds/1/drop", "rev", "1").Want(409)
	s.Post(ana, at+"/rounds/1/drop", "rev", "2").Want(303)
	s.Get(ana, at+"/scope").Has("No date is planned yet")
}

func TestReportPages(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := handlerstest.New(t, db)
		ana := modelstest.Person(t, db, access.Compliance)
		e, lead := underway(t, db, ana)
		at := "/" + e.Path()
		s.Get(ana, at+"/report").Want(200).Has("No report is registered").Lacks("Write an addendum")
		at0 := s.Get(ana, at).Want(200).Field("rev")
		s.Post(ana, at+"/move", "rev", at0, "to", "reporting").Want(409).Has("The period runs until 2026-06-30 (America/New_York)", "Reporting can begin from 2026-07-01 on")
		s.Get(ana, at+"/deliverables").Has("The period is over", "Reporting can begin from 2026-07-01 on")
		modelstest.At(db, time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC))
		s.Post(ana, at+"/move", "rev", at0, "to", "reporting").Want(303)
		s.Get(ana, at+"/deliverables").Has("The period is over").Lacks("Reporting can begin")
		s.Get(ana, at+"/requests").Has("Nothing new is asked since reporting began").Lacks("New request")
		s.Get(ana, at+"/requests/import").Has("Bring decisions in", "nothing new is asked any more").Lacks("Open what is new")
		s.Post(ana, at+"/requests", "title", "One more", "due_on", "2026-09-30").Want(409).Has("frozen since reporting began")
		const text = "the report of the firm"
		h := sha256.Sum256([]byte(text))
		digest := hex.EncodeToString(h[:])
		form := []string{"rev", s.Get(ana, at+"/report").Has("Register the issued report", "Miriam Brandt").Field("rev"), "reported_on", "2026-08-20", "signed_by", "M. Brandt, partner"}
		s.Post(ana, at+"/move", "rev", form[1], "to", "issued").Want(409).Has("The report is registered with its digest")
		if p := sent(t, s, ana, at+"/report", "", "", "", form...).Want(422).Has("Choose the file of the report, or enter its SHA-256"); p.Field("signed_by") != "M. Brandt, partner" {
			t.Error("what was typed is gone")
		}
		sent(t, s, ana, at+"/report", "report", "r.pdf", text, append(form, "digest", strings.Repeat("0", 64))...).Want(422).Has("The file has another SHA-256: " + digest)
		sent(t, s, ana, at+"/report", "report", "r.pdf", "", form...).Want(422).Has("The file is empty")
		sent(t, s, lead, at+"/report", "report", "r.pdf", text, form...).Want(404)
		sent(t, s, ana, at+"/report", "report", "r.pdf", text, form...).Want(303)
		s.Get(lead, at+"/report").Want(200).Has(digest, "M. Brandt, partner", "r.pdf").Lacks("Write an addendum")
		if p := s.Get(lead, at+"/report/file").Want(200); p.Body != text {
			t.Errorf("the file says %q", p.Body)
		}
		eve := modelstest.Person(t, db, access.Executive)
		sent(t, s, lead, at+"/report/check", "check", "copy.pdf", text).Want(200).Has("This is the registered report.")
		before := logged(t, db)
		sent(t, s, eve, at+"/report/check", "check", "copy.pdf", text).Want(200).Has("This is the registered report.", "copy.pdf")
		sent(t, s, eve, at+"/report/check", "check", "other.pdf", text+".").Want(200).Has("This is another file.", "other.pdf")
		sent(t, s, eve, at+"/report/check", "check", "", "").Want(422).Has("Choose a file.")
		if after := logged(t, db); after != before {
			t.Errorf("comparing wrote %d leaves", after-before)
		}
		s.Get(ana, at).Lacks("Cancel the engagement")

		addendum := []string{"text", "A key was public in June.", "happened_on", "2026-06-12"}
		s.Post(lead, at+"/addenda", addendum...).Want(404)
		s.Post(ana, at+"/addenda", append(addendum, "evidence", "E-99")...).Want(422).Has("No evidence has this code")
		s.Post(ana, at+"/addenda", append(addendum, "finding", "99")...).Want(422).Has("No finding has this code")
		s.Post(ana, at+"/addenda", with(addendum, "happened_on", "2026-12-01")...).Want(422).Has("still to come", "A key was public")
		s.Post(ana, at+"/addenda", addendum...).Want(303)
		s.Get(lead, at+"/report").Has("Addendum 1", "A key was public in June.")
	})
}

func logged(t *testing.T, db *models.DB) (n int64) {
	t.Helper()
	modelstest.Look(t, db, access.Clock, func(ctx context.Context, tx *models.Tx) (err error) {
		n, err = tx.LogSize(ctx)
		return err
	})
	return n
}

func codesOf(categories ...string) (out []string) {
	for _, c := range framework.CriteriaFor(categories) {
		out = append(out, c.Code)
	}
	return out
}
