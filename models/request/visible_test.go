package request_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/engagement"
	"assay/models/modelstest"
	"assay/models/request"
)

func TestWhoSeesARequest(t *testing.T) {
	each(t, func(w *world) {
		viewer := w.engagement.Viewer()
		everybody := map[string]access.Actor{
			"priya": w.priya, "admin": w.admin, "ana": w.ana, "ben": w.ben, "eve": w.eve, "miriam": w.miriam, "jonas": w.jonas, "olga": w.olga, "viewer": viewer, "nobody": {},
		}
		see := func(what string, r request.Request, want string) {
			t.Helper()
			for name, a := range everybody {
				if got, should := w.sees(a, r), strings.Contains(" "+want+" ", " "+name+" "); got != should {
					w.Errorf("%s: %s sees it: %v", what, name, got)
				}
			}
		}
		firms := w.written(w.miriam, w.ask())
		see("what an auditor drafts", firms, "miriam jonas")
		own := w.written(w.priya, w.ask())
		see("what the company drafts", own, "priya admin")
		in := w.ask()
		in.Auditor = w.jonas.ID
		see("what was brought in", w.written(w.priya, in), "priya admin miriam jonas viewer")
		w.take(w.miriam, &firms, request.OpenUp)
		see("what an auditor asks", firms, "priya admin ana miriam jonas viewer")
		w.take(w.priya, &own, request.OpenUp)
		see("what the company asks", own, "priya admin ana miriam jonas viewer")
		in = w.ask()
		in.OwnerID = nil
		nobodys := w.written(w.miriam, in)
		w.take(w.miriam, &nobodys, request.OpenUp)
		see("what nobody has to answer", nobodys, "priya admin miriam jonas viewer")
		dropped := w.written(w.miriam, w.ask())
		w.take(w.miriam, &dropped, cancel("Not needed."))
		see("what was never asked", dropped, "miriam jonas")
	})
}

// TestNoAnswerBeforeItsRelease: what auditors, and the company looking as one, read at
// each step.
func TestNoAnswerBeforeItsRelease(t *testing.T) {
	each(t, func(w *world) {
		r := w.answered()
		w.must(w.say(w.ana, r, request.CompanyOnly, "Is the list long enough?"))
		w.must(w.say(w.priya, r, request.Both, "It comes this week."))
		if err := w.say(w.priya, r, request.Both, " It comes this week. "); models.KindOf(err) != models.KindConflict {
			w.Errorf("the same form again: %v", err)
		}
		w.must(w.say(w.miriam, r, request.TeamOnly, "Ask about the gap in March."))
		outsiders := map[string]access.Actor{"miriam": w.miriam, "jonas": w.jonas, "viewer": w.engagement.Viewer()}
		read := func(when string, answers int) {
			t.Helper()
			for name, a := range outsiders {
				messages := 2
				if name == "viewer" {
					messages = 1
				}
				if n, m, _ := w.shown(a, r); n != answers || m != messages {
					w.Errorf("%s: %s reads %d answers and %d messages", when, name, n, m)
				}
			}
			for _, a := range []access.Actor{w.priya, w.admin, w.ana} {
				if _, m, _ := w.shown(a, r); m != 2 {
					w.Errorf("%s: %s reads %d messages", when, a.Name, m)
				}
			}
		}
		read("before the check", 0)
		w.take(w.priya, &r, sendBack("The gap in March."))
		read("sent back", 0)
		if _, _, steps := w.shown(w.jonas, r); steps != 3 {
			w.Errorf("the auditor reads %d steps: that it was sent back is the company's own", steps)
		}
		if _, _, steps := w.shown(w.ana, r); steps != 4 {
			w.Errorf("the owner reads %d steps", steps)
		}
		w.take(w.ana, &r, request.Fulfil)
		w.take(w.priya, &r, request.Release)
		read("released", 2)
		w.take(w.miriam, &r, giveBack(w.miriam, "Which system?"))
		_, err := w.reply(w.ana, &r, w.items(r)[0].ID, "", "GitHub.")
		w.must(err)
		read("answered again", 2)
		w.take(w.ana, &r, request.Fulfil)
		w.take(w.priya, &r, request.Release)
		read("released again", 3)
	})
}

// TestAPrivateNoteIsNowhereElse: its text is in no leaf, no notice and no row that
// anybody of the company reads.
func TestAPrivateNoteIsNowhereElse(t *testing.T) {
	each(t, func(w *world) {
		r := w.answered()
		before := w.notices()
		w.must(w.say(w.miriam, r, request.TeamOnly, "xylophone @Compliance manager 1"))
		if after := w.notices(); after != before {
			w.Errorf("%d people were told of a private note", after-before)
		}
		w.must(w.say(w.miriam, r, request.Both, "zeppelin"))
		modelstest.Look(t, w.db, access.Clock, func(ctx context.Context, tx *models.Tx) error {
			n, err := models.Value[int](ctx, tx, "SELECT count(*) FROM log_details WHERE text LIKE '%xylophone%' OR text LIKE '%zeppelin%'")
			if n != 0 {
				w.Errorf("%d leaves hold what was written", n)
			}
			p, err2 := request.PartsOf(ctx, tx, r.ID, 0)
			if len(p.Thread) != 1 {
				w.Errorf("the clock reads %d messages", len(p.Thread))
			}
			if err == nil {
				err = err2
			}
			return err
		})
	})
}

func (w *world) notices() (n int) {
	w.Helper()
	modelstest.Look(w.T, w.db, access.Clock, func(ctx context.Context, tx *models.Tx) (err error) {
		n, err = models.Value[int](ctx, tx, "SELECT count(*) FROM notices")
		return err
	})
	return n
}

func TestWhoSpeaksToWhom(t *testing.T) {
	each(t, func(w *world) {
		r := w.answered()
		for _, c := range []struct {
			who  access.Actor
			to   request.Audience
			kind models.Kind
		}{
			{w.miriam, request.CompanyOnly, models.KindInvalid},
			{w.priya, request.TeamOnly, models.KindInvalid},
			{w.ana, request.TeamOnly, models.KindInvalid},
			{w.jonas, request.Both, models.KindForbidden},
			{w.admin, request.Both, models.KindForbidden},
			{w.eve, request.CompanyOnly, models.KindForbidden},
			{w.priya, "", models.KindInvalid},
		} {
			w.refused(c.who.Name+" to "+string(c.to), w.say(c.who, r, c.to, "A word."), c.kind, "")
		}
		w.refused("nothing", w.say(w.priya, r, request.Both, " "), models.KindInvalid, "text")
		w.must(w.say(w.ana, r, request.Both, "A word."))
		if len(w.told(w.jonas, "request_written")) != 1 || len(w.told(w.priya, "request_written")) != 1 || len(w.told(w.ana, "request_written")) != 0 {
			w.Error("the others of the audience are told once, and the writer is not")
		}
	})
}

func TestNothingIsWrittenOnceTheReportIsIssued(t *testing.T) {
	each(t, func(w *world) {
		r := w.released()
		w.db.Now = func() time.Time { return modelstest.Now.AddDate(1, 0, 0) }
		for _, to := range []engagement.Status{engagement.Reporting, engagement.Issued} {
			w.moveTo(&w.engagement, to)
		}
		_, err := w.write(w.priya, w.ask())
		w.refused("a request", err, models.KindConflict, "stay as they are")
		w.refused("an acceptance", w.try(w.priya, &r, accept(w.jonas)), models.KindConflict, "stay as they are")
		w.refused("a message", w.say(w.priya, r, request.Both, "x"), models.KindConflict, "stay as they are")
	})
}
