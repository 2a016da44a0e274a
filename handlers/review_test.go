package handlers_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"assay/internal/browser"
	"assay/models"
	"assay/models/access"
	"assay/models/control"
	"assay/models/evidence"
	"assay/models/modelstest"
)

// expecting gives the shop's control a second version that asks for three things.
func (s shop) expecting() {
	s.Helper()
	must(s.T, modelstest.As(s.T, s.db, access.Clock, func(ctx context.Context, tx *models.Tx) error {
		c, err := control.ByCode(ctx, tx, "AC-03")
		if err != nil {
			return err
		}
		v, err := control.VersionOf(ctx, tx, c, 1)
		if err != nil {
			return err
		}
		v.Meta, v.Number = models.Meta{}, 2
		v.Evidence = models.List[string]{"Account export with time and query | system_export", "Reviewer decisions | signed_record | The review tool, Decisions", "(optional) Removal tickets | ticket"}
		if _, err := models.Raw[control.Version](ctx, tx, "UPDATE control_versions SET status = 'superseded' WHERE control_id = ? RETURNING id", c.ID); err != nil {
			return err
		}
		if err := models.Insert(ctx, tx, &v, "control.approve"); err != nil {
			return err
		}
		c.Version = 2
		return models.Update(ctx, tx, &c, models.Columns{"Version"}, "control.approve")
	}))
}

func TestTheChecklistIsWhatTheControlExpects(t *testing.T) {
	eachShop(t, func(s shop) {
		s.expecting()
		s.Get(s.owner, formOfFebruary).Has("Account export with time and query", "Export it from the system itself", "The review tool, Decisions", "Removal tickets")
		s.send(s.owner, "/evidence", append(fields("key", "bad"), [2]string{"answers", "2.7"}), review).Want(422).Has("expects something else now")
		item := s.send(s.owner, "/evidence", append(fields(), [2]string{"answers", "2.1"}, [2]string{"answers", "2.3"}), review).Want(303).Location
		s.Get(s.owner, item).Has("Answers Account export with time and query Removal tickets")
		s.Get(s.priya, "/review/E-2").Has("Account export with time and query (needed to accept)", "Reviewer decisions (not named by")
		s.Post(s.priya, item+"/accept", "rev", "2").Want(422).Has("Tick what you have looked at before you accept: Account export")
		s.Post(s.priya, item+"/accept", "rev", "2", "checked", "2.1", "checked", "2.2").Want(303)
		// The next form knows what it was last time, and the list how old it is.
		next := s.Get(s.owner, formOfFebruary)
		if strings.Count(next.Body, `checked`) != 2 {
			s.Errorf("the next form ticks %d boxes", strings.Count(next.Body, `checked`))
		}
		if march := s.Get(s.owner, "/tasks/AC-03/2026-03-01/2026-03-31").Want(200); strings.Count(march.Body, `checked`) != 2 {
			s.Errorf("the task of the next month ticks %d boxes", strings.Count(march.Body, `checked`))
		}
		s.Get(s.owner, "/evidence").Has("Fresh")
		s.Get(s.owner, item).Has("Freshness Fresh")
		modelstest.At(s.db, time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC))
		s.Get(s.owner, item).Has("Freshness Stale")
		modelstest.At(s.db, time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC))
		s.Get(s.owner, "/evidence").Has("Expired")
	})
}

func TestAnAcceptanceIsTakenBackFromThePage(t *testing.T) {
	s := newShop(t)
	item := s.upload(s.owner)
	next := s.Post(s.priya, item+"/accept", "rev", "2").Want(303).Location
	s.Get(s.priya, next).Has("E-1 is accepted.", "Undo")
	s.Get(s.ines, next).Lacks("Undo")
	modelstest.At(s.db, modelstest.Now.Add(evidence.UndoShown+time.Second))
	s.Get(s.priya, next).Lacks("Undo")
	back := s.Post(s.priya, item+"/undo", "rev", "3").Want(303).Location
	s.Get(s.priya, back).Has("Before you accept", "Accept").Lacks("Decided")
	s.Get(s.priya, item).Has("took back the acceptance of E-1")
	s.Post(s.priya, item+"/undo", "rev", "4").Want(409).Has("nothing to take back")
	s.Post(s.owner, item+"/undo", "rev", "4").Want(404)
}

func TestASlowerReviewerSeesWhatWasDecided(t *testing.T) {
	s := newShop(t)
	item := s.upload(s.owner)
	s.Post(s.ines, item+"/return", "rev", "2", "note", "The contractors are missing.").Want(303)
	modelstest.At(s.db, modelstest.Now.Add(2*time.Minute))
	s.Post(s.priya, item+"/accept", "rev", "2").Want(409).Has(s.ines.Name+" decided first", "2 minutes ago", "The contractors are missing.", "Next in the queue")
}

func TestReviewByKeyboard(t *testing.T) {
	s := newShop(t)
	s.expecting()
	s.send(s.owner, "/evidence", append(fields(), [2]string{"answers", "2.1"}, [2]string{"answers", "2.2"}), review).Want(303)
	s.send(s.owner, "/evidence", fields("key", "k2", "title", "The second"), file{"b.txt", "b\n"}).Want(303)
	p, who := s.browse()
	who.Store(&s.priya)
	modelstest.At(s.db, time.Now()) // the page says 8 seconds by the clock on the wall
	p.Goto("/review")
	p.Keep("review-checklist")
	p.Accessible()
	p.Press("a") // nothing is ticked
	if at := browser.Script[string](p, `document.activeElement.value`); at != "2.1" || !strings.HasPrefix(p.Path(), "/review") {
		t.Fatalf("the focus is on %q at %s", at, p.Path())
	}
	p.Press(" ")
	p.Press("a")
	if at := browser.Script[string](p, `document.activeElement.value`); at != "2.2" {
		t.Fatalf("with one of two ticked the focus is on %q", at)
	}
	p.Press(" ")
	p.Press("a")
	p.Wait(browser.Words("E-1 is accepted."))
	if !p.Reads("The second") {
		t.Errorf("the next item is not loaded: %s", p.Text("main"))
	}
	p.Keep("review-undo")
	p.Accessible()
	p.Press("u")
	p.Wait(browser.Words("E-1 waits for a reviewer again."))
	p.Goto("/review/E-2")
	p.Press("a")
	p.Wait(browser.Words("E-2 is accepted."))
	p.WaitGone(`.toasts form`) // after 8 seconds
}
