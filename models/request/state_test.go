package request_test

import (
	"context"
	"slices"
	"testing"

	"assay/models"
	"assay/models/access"
	"assay/models/engagement"
	"assay/models/evidence"
	"assay/models/modelstest"
	"assay/models/request"
)

func TestTheLifeOfARequest(t *testing.T) {
	each(t, func(w *world) {
		r := w.answered()
		w.take(w.priya, &r, sendBack("The list lacks the days after the 14th."))
		if r.Status != request.InProgress {
			w.Fatalf("sent back it is %s", r.Status)
		}
		w.take(w.ana, &r, request.Fulfil)
		w.take(w.priya, &r, request.Release)
		w.take(w.miriam, &r, giveBack(w.miriam, "Which system is this from?"))
		w.refused("an answer that is still the same", w.try(w.ana, &r, request.Fulfil), models.KindConflict, "answered while it is in progress")
		w.take(w.ana, &r, request.Start)
		w.refused("an answer that is still the same", w.try(w.ana, &r, request.Fulfil), models.KindConflict, "Nothing was added")
		_, err := w.reply(w.ana, &r, w.items(r)[0].ID, "", "From GitHub, by the audit API.")
		w.must(err)
		w.take(w.ana, &r, request.Fulfil)
		w.take(w.priya, &r, request.Release)
		w.take(w.miriam, &r, accept(w.miriam))

		var steps []request.Step
		modelstest.Look(t, w.db, w.priya, func(ctx context.Context, tx *models.Tx) (err error) {
			steps, err = request.StepsOf(ctx, tx, r.ID)
			return err
		})
		var states []request.Status
		for _, s := range steps {
			states = append(states, s.ToStatus)
		}
		want := []request.Status{
			request.Open, request.InProgress, request.Fulfilled, request.InProgress, request.Fulfilled, request.Released,
			request.Returned, request.InProgress, request.Fulfilled, request.Released, request.Accepted,
		}
		if !slices.Equal(states, want) {
			w.Errorf("it went %v", states)
		}
		if last := steps[len(steps)-1]; last.AuditorID == nil || *last.AuditorID != w.miriam.ID || last.Imported() {
			w.Errorf("it was accepted by %+v", last)
		}
		for _, says := range []struct {
			who  access.Actor
			kind string
			n    int
		}{
			{w.ana, "request_assigned", 1},
			{w.ana, "request_returned", 2},
			{w.ana, "request_accepted", 1},
			{w.ines, "request_to_check", 4},
			{w.jonas, "request_released", 2},
			{w.olga, "request_released", 0},
		} {
			if told := w.told(says.who, says.kind); len(told) != says.n {
				w.Errorf("%s was told of %s: %q", says.who.Name, says.kind, told)
			}
		}
	})
}

func TestEveryMoveThatTheMachineLacksIsRefused(t *testing.T) {
	each(t, func(w *world) {
		by := map[string]struct {
			who  access.Actor
			verb turn
			to   request.Status
			says string
		}{
			"open":      {w.miriam, request.OpenUp, request.Open, "cannot become"},
			"start":     {w.ana, request.Start, request.InProgress, ""},
			"fulfil":    {w.ana, request.Fulfil, request.Fulfilled, "is in state"},
			"send back": {w.priya, sendBack("x"), request.InProgress, "is in state"},
			"release":   {w.priya, request.Release, request.Released, "is in state"},
			"accept":    {w.miriam, accept(w.miriam), request.Accepted, "only a released answer"},
			"return":    {w.miriam, giveBack(w.miriam, "x"), request.Returned, "only a released answer"},
			"cancel":    {w.miriam, cancel("x"), request.Cancelled, "cannot become"},
		}
		for status, r := range w.inEveryState() {
			for name, m := range by {
				possible := status.CanBecome(m.to) && (name != "start" || status != request.Fulfilled) && (name != "send back" || status == request.Fulfilled)
				if possible {
					continue
				}
				next := r
				w.refused(name+" of "+string(status), w.try(m.who, &next, m.verb), models.KindConflict, m.says)
			}
		}
	})
}

// inEveryState is a request of Miriam's in each state.
func (w *world) inEveryState() map[request.Status]request.Request {
	w.Helper()
	out := map[request.Status]request.Request{}
	draft := func() request.Request { return w.written(w.miriam, w.ask()) }
	out[request.Draft] = draft()
	ready := func(turns ...func(*request.Request)) request.Request {
		r := draft()
		for _, f := range turns {
			f(&r)
		}
		return r
	}
	open := func(r *request.Request) { w.take(w.miriam, r, request.OpenUp) }
	start := func(r *request.Request) { w.take(w.ana, r, request.Start) }
	fulfil := func(r *request.Request) {
		for _, i := range w.items(*r) {
			_, err := w.reply(w.ana, r, i.ID, "", "See the list.")
			w.must(err)
		}
		w.take(w.ana, r, request.Fulfil)
	}
	release := func(r *request.Request) { w.take(w.priya, r, request.Release) }
	out[request.Open] = ready(open)
	out[request.InProgress] = ready(open, start)
	out[request.Fulfilled] = ready(open, fulfil)
	out[request.Released] = ready(open, fulfil, release)
	out[request.Returned] = ready(open, fulfil, release, func(r *request.Request) { w.take(w.miriam, r, giveBack(w.miriam, "x")) })
	out[request.Accepted] = ready(open, fulfil, release, func(r *request.Request) { w.take(w.miriam, r, accept(w.miriam)) })
	out[request.Cancelled] = ready(open, func(r *request.Request) { w.take(w.miriam, r, cancel("x")) })
	return out
}

func TestWhoTakesWhichStep(t *testing.T) {
	each(t, func(w *world) {
		states := w.inEveryState()
		for _, c := range []struct {
			name  string
			state request.Status
			who   access.Actor
			verb  turn
			says  string
		}{
			{"a manager opens what an auditor drafts", request.Draft, w.priya, request.OpenUp, "only the auditors change"},
			{"an auditor without fieldwork opens", request.Draft, w.jonas, request.OpenUp, "can only read"},
			{"somebody else starts", request.Open, w.ben, request.Start, "assigned to"},
			{"a manager starts what is not theirs", request.Open, w.priya, request.Start, "assigned to"},
			{"somebody else fulfils", request.InProgress, w.ben, request.Fulfil, "assigned to"},
			{"the owner releases", request.Fulfilled, w.ana, request.Release, "Compliance managers check"},
			{"an administrator releases", request.Fulfilled, w.admin, request.Release, "Compliance managers check"},
			{"the owner sends back", request.Fulfilled, w.ana, sendBack("x"), "Compliance managers check"},
			{"an auditor without fieldwork accepts", request.Released, w.jonas, accept(w.jonas), "can only read"},
			{"an owner accepts", request.Released, w.ana, accept(w.miriam), "This is the auditor's"},
			{"an administrator accepts", request.Released, w.admin, accept(w.miriam), "This is the auditor's"},
			{"an auditor without fieldwork returns", request.Released, w.jonas, giveBack(w.jonas, "x"), "can only read"},
			{"a manager cancels what an auditor asked", request.Open, w.priya, cancel("x"), "only the auditors change or cancel"},
			{"the owner cancels", request.Open, w.ana, cancel("x"), "only the auditors change or cancel"},
		} {
			r := states[c.state]
			w.refused(c.name, w.try(c.who, &r, c.verb), models.KindForbidden, c.says)
		}
		own := w.written(w.priya, w.ask())
		w.take(w.priya, &own, request.OpenUp)
		w.refused("an auditor cancels what the company asked itself", w.try(w.miriam, &own, cancel("x")), models.KindForbidden, "The company asked this")
		w.take(w.ines, &own, cancel("Asked twice."))
		r := states[request.Released]
		w.refused("an auditor of another engagement", w.try(w.olga, &r, accept(w.olga)), models.KindForbidden, "This is the auditor's")
	})
}

func TestReasonsAndDates(t *testing.T) {
	each(t, func(w *world) {
		states := w.inEveryState()
		r := states[request.Released]
		w.refused("a return without a reason", w.try(w.miriam, &r, giveBack(w.miriam, "  ")), models.KindInvalid, "reason")
		r = states[request.Fulfilled]
		w.refused("sent back without a reason", w.try(w.priya, &r, sendBack("")), models.KindInvalid, "reason")
		r = states[request.Open]
		w.refused("cancelled without a reason", w.try(w.miriam, &r, cancel("")), models.KindInvalid, "reason")
		in := w.ask()
		in.DueOn = ""
		r = w.written(w.miriam, in)
		w.refused("opened without a date", w.try(w.miriam, &r, request.OpenUp), models.KindInvalid, "due_on")
		in.Title = " "
		_, err := w.write(w.miriam, in)
		w.refused("without a title", err, models.KindInvalid, "title")
		in = w.ask()
		in.OwnerID = &w.eve.ID
		_, err = w.write(w.priya, in)
		w.refused("an executive cannot answer", err, models.KindInvalid, "owner")
	})
}

func TestADecisionOfANamedAuditorIsBroughtIn(t *testing.T) {
	each(t, func(w *world) {
		r := w.released()
		w.refused("of nobody", w.try(w.priya, &r, accept(access.Actor{})), models.KindInvalid, "auditor")
		w.refused("of an auditor of another engagement", w.try(w.priya, &r, accept(w.olga)), models.KindInvalid, "auditor")
		w.take(w.priya, &r, giveBack(w.jonas, "The days after the 14th are missing."))
		modelstest.Look(t, w.db, w.ana, func(ctx context.Context, tx *models.Tx) error {
			steps, err := request.StepsOf(ctx, tx, r.ID)
			last := steps[len(steps)-1]
			if *last.AuditorID != w.jonas.ID || last.TakenBy != w.priya.ID || !last.Imported() || last.Reason == "" {
				w.Errorf("it says %+v", last)
			}
			return err
		})
		in := w.ask()
		in.Auditor = w.jonas.ID
		list := w.written(w.priya, in)
		if !list.Imported() || list.Side != request.Firm || list.RequesterID != w.jonas.ID || list.EnteredBy != w.priya.ID {
			w.Errorf("the firm's list says %+v", list)
		}
		w.take(w.priya, &list, request.OpenUp, cancel("Jonas took it off his list."))
	})
}

func TestOnlyAcceptedEvidenceIsReleased(t *testing.T) {
	each(t, func(w *world) {
		r := w.written(w.miriam, w.ask())
		w.take(w.miriam, &r, request.OpenUp)
		waiting, items := w.proof("merges"), w.items(r)
		_, err := w.reply(w.ana, &r, items[0].ID, waiting.Code(), "")
		w.must(err)
		w.refused("an item is not answered", w.try(w.ana, &r, request.Fulfil), models.KindConflict, "The review of one")
		_, err = w.reply(w.ana, &r, items[1].ID, "", "Each row names its reviewer.")
		w.must(err)
		w.take(w.ana, &r, request.Fulfil)
		w.refused("evidence in review", w.try(w.priya, &r, request.Release), models.KindConflict, waiting.Code()+" is not accepted: in review.")

		w.broken("past the verb", w.as(w.priya, func(ctx context.Context, tx *models.Tx) error {
			step := request.Step{EngagementID: r.EngagementID, Slug: r.Slug, RequestID: r.ID, Place: r.Steps + 1, FromStatus: r.Status, ToStatus: request.Released, TakenBy: w.priya.ID, TakenAt: tx.Now}
			if err := models.Insert(ctx, tx, &step, "request.step"); err != nil {
				return err
			}
			next := r
			next.Status, next.Steps, next.ReleasedAt = request.Released, step.Place, &tx.Now
			return models.Update(ctx, tx, &next, models.Columns{"Status", "Steps", "ReleasedAt"}, "request.release")
		}))
		w.approve(waiting)
		w.take(w.priya, &r, request.Release)
	})
}

func TestEvidenceThatAuditorsCouldNotOpenIsNotReleased(t *testing.T) {
	each(t, func(w *world) {
		outside := w.addControl("AC-03", "CC6.1") // the engagement covers CC8.1 only
		was := w.control
		w.control = outside
		i := w.proof("reviews")
		w.approve(i)
		w.control = was
		r := w.written(w.miriam, w.ask())
		w.take(w.miriam, &r, request.OpenUp)
		for _, item := range w.items(r) {
			_, err := w.reply(w.ana, &r, item.ID, i.Code(), "")
			w.must(err)
		}
		w.take(w.ana, &r, request.Fulfil)
		w.refused("out of scope", w.try(w.priya, &r, request.Release), models.KindConflict, "the auditors could not open it")
	})
}

func TestWhatWasReleasedStays(t *testing.T) {
	each(t, func(w *world) {
		r := w.answered()
		w.take(w.priya, &r, sendBack("x"))
		first, err := w.reply(w.ana, &r, w.items(r)[1].ID, "", "And by whom.")
		w.must(err)
		out := func(a request.Answer) error {
			return w.try(w.ana, &r, func(ctx context.Context, tx *models.Tx, e engagement.Engagement, r *request.Request) error {
				return request.TakeOut(ctx, tx, e, r, a.ID, a.Rev)
			})
		}
		w.must(out(first))
		second, err := w.reply(w.ana, &r, w.items(r)[1].ID, "", "And by whom it was merged.")
		w.must(err)
		w.take(w.ana, &r, request.Fulfil)
		w.take(w.priya, &r, request.Release)
		w.take(w.miriam, &r, giveBack(w.miriam, "x"))
		w.take(w.ana, &r, request.Start)
		w.refused("an answer that was shown", out(second), models.KindConflict, "The auditors were shown this")
		w.broken("past the verb", w.as(access.Clock, func(ctx context.Context, tx *models.Tx) error {
			a, err := models.Rows[request.Answer](tx).Where("id = ?", second.ID).Take(ctx)
			if err != nil {
				return err
			}
			return models.Delete(ctx, tx, &a, "request.take_out")
		}))
	})
}

func TestAnswers(t *testing.T) {
	each(t, func(w *world) {
		r := w.written(w.miriam, w.ask())
		items := w.items(r)
		w.take(w.miriam, &r, request.OpenUp)
		_, err := w.reply(w.ben, &r, items[0].ID, "", "x")
		w.refused("of somebody else", err, models.KindForbidden, "assigned to")
		_, err = w.reply(w.ana, &r, items[0].ID, "", " ")
		w.refused("that says nothing", err, models.KindInvalid, "evidence")
		_, err = w.reply(w.ana, &r, items[0].ID, "E-99", "")
		w.refused("with evidence that is none", err, models.KindInvalid, "E-99")
		other := w.written(w.miriam, w.ask())
		_, err = w.reply(w.ana, &r, w.items(other)[0].ID, "", "x")
		w.refused("to an item of another request", err, models.KindInvalid, "item")
		i := w.proof("merges")
		_, err = w.reply(w.ana, &r, items[0].ID, i.Code(), "")
		w.must(err)
		if r.Status != request.InProgress {
			w.Errorf("the first answer leaves it %s", r.Status)
		}
		_, err = w.reply(w.ana, &r, items[0].ID, i.Code(), "")
		w.refused("twice", err, models.KindInvalid, "already")
		_, err = w.reply(w.ana, &r, items[1].ID, i.Code(), "")
		w.must(err)
		gone := w.proof("reviews")
		w.must(w.as(w.priya, func(ctx context.Context, tx *models.Tx) error {
			_, err := evidence.Withdraw(ctx, tx, gone.ID, gone.Rev, "Wrong month.")
			return err
		}))
		_, err = w.reply(w.ana, &r, items[1].ID, gone.Code(), "")
		w.refused("with evidence that was withdrawn", err, models.KindInvalid, "withdrawn")
	})
}

func TestRequestsAreGuardedByTheDatabase(t *testing.T) {
	each(t, func(w *world) {
		r := w.released()
		state := func(s request.Status) func(context.Context, *models.Tx) error {
			return func(ctx context.Context, tx *models.Tx) error {
				next := r
				next.Status = s
				return models.Update(ctx, tx, &next, models.Columns{"Status"}, "request.accept")
			}
		}
		step := func(change func(*request.Step)) func(context.Context, *models.Tx) error {
			return func(ctx context.Context, tx *models.Tx) error {
				s := request.Step{
					EngagementID: r.EngagementID, Slug: r.Slug, RequestID: r.ID, Place: r.Steps + 1, FromStatus: r.Status, ToStatus: request.Accepted,
					AuditorID: &w.miriam.ID, TakenBy: w.miriam.ID, TakenAt: tx.Now,
				}
				change(&s)
				return models.Insert(ctx, tx, &s, "request.step")
			}
		}
		for name, f := range map[string]func(context.Context, *models.Tx) error{
			"a state without its step":       state(request.Accepted),
			"a step that the machine lacks":  step(func(s *request.Step) { s.ToStatus = request.Open }),
			"a step from elsewhere":          step(func(s *request.Step) { s.FromStatus, s.ToStatus = request.Open, request.InProgress }),
			"a step that leaves one out":     step(func(s *request.Step) { s.Place++ }),
			"an acceptance of nobody":        step(func(s *request.Step) { s.AuditorID = nil }),
			"an acceptance of somebody else": step(func(s *request.Step) { s.AuditorID = &w.olga.ID }),
			"a return without a reason":      step(func(s *request.Step) { s.ToStatus = request.Returned }),
			"an item of what is answered": func(ctx context.Context, tx *models.Tx) error {
				return models.Insert(ctx, tx, &request.Item{EngagementID: r.EngagementID, Slug: r.Slug, RequestID: r.ID, Place: 9, Words: "More"}, "request.item")
			},
			"an answer that auditors see at once": func(ctx context.Context, tx *models.Tx) error {
				return models.Insert(ctx, tx, &request.Answer{EngagementID: r.EngagementID, Slug: r.Slug, RequestID: r.ID, ItemID: w.items(r)[0].ID, Words: "x", AddedBy: w.ana.ID, AddedAt: tx.Now, ReleasedBy: &w.ana.ID, ReleasedAt: &tx.Now}, "request.answer")
			},
			"a note of the firm by the company": func(ctx context.Context, tx *models.Tx) error {
				return models.Insert(ctx, tx, &request.Message{EngagementID: r.EngagementID, Slug: r.Slug, RequestID: r.ID, Audience: request.TeamOnly, Text: "x", AuthorID: w.priya.ID, SentAt: tx.Now}, "request.note")
			},
			"a word to the company alone by an auditor": func(ctx context.Context, tx *models.Tx) error {
				return models.Insert(ctx, tx, &request.Message{EngagementID: r.EngagementID, Slug: r.Slug, RequestID: r.ID, Audience: request.CompanyOnly, Text: "x", AuthorID: w.jonas.ID, SentAt: tx.Now}, "request.write_within")
			},
			"a request that begins in the middle": func(ctx context.Context, tx *models.Tx) error {
				next := r
				next.ID, next.Status = 0, request.Open
				return models.Insert(ctx, tx, &next, "request.write")
			},
			"another requester": func(ctx context.Context, tx *models.Tx) error {
				next := r
				next.RequesterID = w.jonas.ID
				return models.Update(ctx, tx, &next, models.Columns{"RequesterID"}, "request.edit")
			},
			"a step that changes": func(ctx context.Context, tx *models.Tx) error {
				steps, err := request.StepsOf(ctx, tx, r.ID)
				if err != nil {
					return err
				}
				steps[0].Reason = "x"
				return models.Update(ctx, tx, &steps[0], models.Columns{"Reason"}, "request.step")
			},
			"an end of what was opened": func(ctx context.Context, tx *models.Tx) error {
				next := r
				return models.Delete(ctx, tx, &next, "request.discard")
			},
		} {
			w.broken(name, w.as(w.priya, f))
		}
		w.take(w.miriam, &r, accept(w.miriam))
		w.broken("a change of what is over", w.as(w.priya, func(ctx context.Context, tx *models.Tx) error {
			next := r
			next.Title = "Another"
			return models.Update(ctx, tx, &next, models.Columns{"Title"}, "request.edit")
		}))
	})
}

// TestRule13ANextEngagementAsksTheSameAsDrafts: roll-forward copies requests as drafts and
// nothing of their answers.
func TestRule13ANextEngagementAsksTheSameAsDrafts(t *testing.T) {
	each(t, func(w *world) {
		done := w.released()
		w.take(w.miriam, &done, accept(w.miriam))
		w.must(w.say(w.miriam, done, request.TeamOnly, "A private thought."))
		open := w.written(w.miriam, w.ask())
		w.take(w.miriam, &open, request.OpenUp)
		draft, gone := w.written(w.miriam, w.ask()), w.written(w.miriam, w.ask())
		w.take(w.miriam, &gone, request.OpenUp, cancel("x"))
		_ = draft // never asked

		var n int
		w.must(w.as(w.admin, func(ctx context.Context, tx *models.Tx) (err error) {
			n, err = request.CopyDrafts(ctx, tx, w.engagement, w.elsewhere)
			return err
		}))
		modelstest.Look(t, w.db, w.priya, func(ctx context.Context, tx *models.Tx) error {
			list, err := models.Rows[request.Request](tx).Where("engagement_id = ?", w.elsewhere.ID).Order("id").Find(ctx)
			if n != 2 || len(list) != 2 {
				w.Errorf("%d were copied, %d are there", n, len(list))
			}
			for _, r := range list {
				if r.Status != request.Draft || r.Side != request.Company || r.DueOn != "" || r.Title != "Merges to production" || r.Control != "CM-01" || *r.OwnerID != w.ana.ID || r.Reference != "PBC 12" || r.Steps != 0 {
					w.Errorf("the copy says %+v", r)
				}
				items, err := request.Items(ctx, tx, r.ID)
				if err != nil || len(items) != 2 || items[1].Words != "The review of one" {
					w.Errorf("it asks for %v %v", items, err)
				}
				if a, m, s := w.shown(w.priya, r); a+m+s != 0 {
					w.Errorf("%d answers, %d messages, %d steps came along", a, m, s)
				}
			}
			return err
		})
		if w.sees(w.olga, w.firstOf(w.elsewhere)) {
			w.Error("the auditor of the next engagement sees the company's draft")
		}
		w.refused("by an auditor", w.as(w.miriam, func(ctx context.Context, tx *models.Tx) error {
			_, err := request.CopyDrafts(ctx, tx, w.engagement, w.engagement)
			return err
		}), models.KindForbidden, "roll an engagement forward")
	})
}

func (w *world) firstOf(e engagement.Engagement) (r request.Request) {
	w.Helper()
	modelstest.Look(w.T, w.db, w.priya, func(ctx context.Context, tx *models.Tx) (err error) {
		r, err = models.Rows[request.Request](tx).Where("engagement_id = ?", e.ID).Order("id").Take(ctx)
		return err
	})
	return r
}
