package binder_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"assay/internal/binder"
	"assay/models"
	"assay/models/access"
	"assay/models/request"
)

// asked is a request that went through the hands of both sides, with three kinds of words.
func (w *world) asked() request.Request {
	w.Helper()
	var r request.Request
	step := func(a access.Actor, f func(context.Context, *models.Tx) error) {
		w.Helper()
		w.do(a, func(ctx context.Context, tx *models.Tx) (err error) {
			if r.ID != 0 {
				if r, err = request.ByCode(ctx, tx, w.engagement.ID, r.Code()); err != nil {
					return err
				}
			}
			return f(ctx, tx)
		})
	}
	w.grants()
	w.on("2026-04-06")
	step(w.jonas, func(ctx context.Context, tx *models.Tx) (err error) {
		r, err = request.Write(ctx, tx, w.engagement, request.Ask{Question: request.Question{Title: "Reviews of the period", ControlID: &w.control.ID, DueOn: "2026-05-01"}, Items: []string{"The list of merges"}})
		if err == nil {
			err = request.OpenUp(ctx, tx, w.engagement, &r)
		}
		return err
	})
	step(w.priya, func(ctx context.Context, tx *models.Tx) error {
		return request.Assign(ctx, tx, w.engagement, &r, w.owner.ID)
	})
	say := func(a access.Actor, to request.Audience, text string) {
		w.Helper()
		step(a, func(ctx context.Context, tx *models.Tx) error {
			_, err := request.Say(ctx, tx, w.engagement, r, to, text)
			return err
		})
	}
	answer := func(words string) {
		w.Helper()
		step(w.owner, func(ctx context.Context, tx *models.Tx) error {
			items, err := request.Items(ctx, tx, r.ID)
			if err == nil {
				_, err = request.Reply(ctx, tx, w.engagement, &r, items[0].ID, "", words)
			}
			if err == nil {
				err = request.Fulfil(ctx, tx, w.engagement, &r)
			}
			return err
		})
	}
	say(w.jonas, request.Both, "Which branch is it?")
	say(w.owner, request.Both, "main, and nothing else.")
	say(w.priya, request.CompanyOnly, "Say no more than that.")
	say(w.jonas, request.TeamOnly, "They say no more than they must.")
	answer("It is attached.")
	step(w.priya, func(ctx context.Context, tx *models.Tx) error {
		return request.SendBack(ctx, tx, w.engagement, &r, "Nothing is attached, and they would see it.")
	})
	answer("It is E-1.")
	step(w.priya, func(ctx context.Context, tx *models.Tx) error { return request.Release(ctx, tx, w.engagement, &r) })
	step(w.jonas, func(ctx context.Context, tx *models.Tx) error {
		return request.Return(ctx, tx, w.engagement, &r, w.jonas.ID, "March is missing.")
	})
	answer("March is in E-2.")
	step(w.priya, func(ctx context.Context, tx *models.Tx) error { return request.Release(ctx, tx, w.engagement, &r) })
	step(w.jonas, func(ctx context.Context, tx *models.Tx) error {
		return request.Accept(ctx, tx, w.engagement, &r, w.jonas.ID)
	})
	return r
}

// TestTheBinderHoldsWhatWasSaidAboutARequest: the question, what was asked for, how it went
// and what both sides said to each other, each with its leaf; what a side kept to itself is
// not in the other's copy, nor is the company's own check.
func TestTheBinderHoldsWhatWasSaidAboutARequest(t *testing.T) {
	each(t, func(w *world) {
		w.on("2026-04-02")
		w.accepted(nil, "2026-01-01", "2026-01-31", w.upload("january.csv", "1"))
		r := w.asked()
		w.on("2026-07-20")
		w.report()
		for who, copy := range map[string][]byte{"company": w.export(w.priya), "firm": w.export(w.jonas)} {
			w.holds(copy)
			files := unpacked(w, copy)
			var d binder.Request
			w.must(json.Unmarshal([]byte(files["requests/"+r.Code()+".json"]), &d))
			var thread, history []string
			for _, m := range d.Thread {
				thread = append(thread, m.By.Name+": "+m.Text)
			}
			for _, s := range d.History {
				history = append(history, fmt.Sprint(s.From, " ", s.To, " ", s.Reason))
			}
			if got := strings.Join(thread, "|"); got != w.jonas.Name+": Which branch is it?|"+w.owner.Name+": main, and nothing else." {
				w.Errorf("%s: the thread is %q", who, got)
			}
			if got := strings.Join(history, "|"); got != "draft open |open in_progress |in_progress fulfilled |in_progress fulfilled |fulfilled released |released returned March is missing.|returned in_progress |in_progress fulfilled |fulfilled released |released accepted " {
				w.Errorf("%s: the history is %q", who, got)
			}
			for _, own := range []string{"Say no more than that", "they would see it"} {
				if strings.Contains(string(copy), own) {
					w.Errorf("%s: the company's own %q is in it", who, own)
				}
			}
			if team := "They say no more than they must."; strings.Contains(string(copy), team) != (who == "firm") {
				w.Errorf("%s: the team's own words are in it, or are not", who)
			}
			leaves := files[binder.LeavesFile]
			for entity, want := range map[string]int{"request_messages": map[string]int{"company": 2, "firm": 3}[who], "request_steps": 10} {
				if got := strings.Count(leaves, `"entity":"`+entity+`"`); got != want {
					w.Errorf("%s: %d leaves of %s, want %d", who, got, entity, want)
				}
			}
			if page := files[binder.Readme]; !strings.Contains(page, "requests/"+r.Code()+".json") {
				w.Errorf("%s: the index does not lead to the request", who)
			}
		}
		w.intact()
	})
}
