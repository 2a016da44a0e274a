package request_test

import (
	"bytes"
	"context"
	"io"
	"iter"
	"strings"
	"testing"

	"assay/internal/sheet"
	"assay/models"
	"assay/models/access"
	"assay/models/modelstest"
	"assay/models/request"
)

func (w *world) table(text string) sheet.Table {
	w.Helper()
	t, err := sheet.Read(w.Context(), strings.NewReader(text), "list.csv", sheet.Default)
	w.must(err)
	return t
}

func (w *world) plan(a access.Actor, t sheet.Table, o request.Order) (p request.Plan, err error) {
	err = w.db.Read(w.Context(), a, func(tx *models.Tx) error {
		p, err = request.PlanImport(w.Context(), tx, w.engagement, t, o)
		return err
	})
	return p, err
}

func (w *world) bring(a access.Actor, t sheet.Table, o request.Order) (p request.Plan, err error) {
	w.Helper()
	p, err = w.plan(a, t, o)
	w.must(err)
	return p, w.as(a, func(ctx context.Context, tx *models.Tx) error {
		_, err := request.Import(ctx, tx, w.engagement, t, o, p.Digest)
		return err
	})
}

func (w *world) all() (out []request.Request) {
	w.Helper()
	modelstest.Look(w.T, w.db, w.priya, func(ctx context.Context, tx *models.Tx) (err error) {
		win, err := request.List(ctx, tx, w.engagement, request.Filter{}, models.Page{Limit: 100})
		out = win.Items
		return err
	})
	return out
}

func TestTheFirmsOwnListIsBroughtIn(t *testing.T) {
	each(t, func(w *world) {
		list := w.table("No.,Description of request,Control ID,Date Due,Client contact,Area\n" +
			"1,\"All merges to production\nwith who approved them\",cm-01,20.03.2026,,Change\n" +
			"2,Organisation chart,,\"Mar 31, 2026\"," + strings.ToUpper(w.ben.Name) + ",People\n" +
			"3,Board minutes,CC1.2,,Somebody Else,People\n")
		o := request.Order{Auditor: w.jonas.ID, Open: true}
		p, err := w.bring(w.priya, list, o)
		w.must(err)
		if p.Count(request.IsNew) != 3 || strings.Join(p.Unused, " ") != "Area" {
			w.Fatalf("the plan: %+v", p)
		}
		if r := strings.Join(p.Rows[2].Remarks, " "); !strings.Contains(r, "CC1.2") || !strings.Contains(r, "Somebody Else") || !strings.Contains(r, "stays a draft") {
			w.Errorf("of the third row it remarks %q", r)
		}
		got := w.all()
		if len(got) != 3 {
			w.Fatalf("%d requests are there", len(got))
		}
		first := got[0]
		if first.Title != "All merges to production" || first.Detail != "with who approved them" || first.Control != "CM-01" || *first.OwnerID != w.ana.ID || first.DueOn != "2026-03-20" || first.Reference != "1" {
			w.Errorf("the first says %+v", first)
		}
		if first.Status != request.Open || !first.Imported() || first.RequesterID != w.jonas.ID {
			w.Errorf("the first is %+v", first)
		}
		if *got[1].OwnerID != w.ben.ID || got[1].DueOn != "2026-03-31" {
			w.Errorf("the second says %+v", got[1])
		}
		if got[2].Status != request.Draft || got[2].ControlID != nil || got[2].OwnerID != nil {
			w.Errorf("the third says %+v", got[2])
		}
		again, err := w.plan(w.priya, list, o)
		w.must(err)
		if again.Count(request.Unchanged) != 3 || again.Ready() {
			w.Errorf("brought in twice: %+v", again.Rows)
		}
	})
}

// TestTheListGoesOutAndComesBack: what is written is read again as nothing new, and with
// an auditor's decisions in it as those.
func TestTheListGoesOutAndComesBack(t *testing.T) {
	each(t, func(w *world) {
		good, bad := w.released(), w.written(w.miriam, w.ask())
		w.take(w.miriam, &bad, request.OpenUp)
		for _, i := range w.items(bad) {
			_, err := w.reply(w.ana, &bad, i.ID, "", "See the list.")
			w.must(err)
		}
		w.take(w.ana, &bad, request.Fulfil)
		w.take(w.priya, &bad, request.Release)
		w.must(w.say(w.miriam, good, request.TeamOnly, "xylophone"))
		for name, write := range map[string]func(io.Writer, []string, iter.Seq2[[]string, error]) error{
			"csv": sheet.WriteCSV,
			"xlsx": func(b io.Writer, h []string, rows iter.Seq2[[]string, error]) error {
				return sheet.WriteXLSX(b, "Requests", h, rows)
			},
		} {
			var file bytes.Buffer
			modelstest.Look(t, w.db, w.priya, func(ctx context.Context, tx *models.Tx) error {
				return write(&file, request.Columns, request.Export(ctx, tx, w.engagement, request.Filter{}))
			})
			if strings.Contains(file.String(), "xylophone") {
				w.Errorf("%s: a private note went out", name)
			}
			table, err := sheet.Read(t.Context(), &file, "requests."+name, sheet.Default)
			w.must(err)
			p, err := w.plan(w.priya, table, request.Order{Auditor: w.jonas.ID})
			w.must(err)
			if len(p.Rows) != 2 || p.Count(request.Unchanged) != 2 || len(p.Unused) > 0 {
				w.Errorf("%s: as it went out: %+v", name, p)
			}
		}
		decided := w.table("Request,Decision,Decision reason\n" + good.Code() + ",accept,\n" + bad.Code() + ",return,Which list?\n")
		p, err := w.bring(w.priya, decided, request.Order{Auditor: w.jonas.ID})
		w.must(err)
		if p.Count(request.ToAccept) != 1 || p.Count(request.ToReturn) != 1 {
			w.Fatalf("%+v", p.Rows)
		}
		now := w.all()
		if now[0].Status != request.Accepted || now[1].Status != request.Returned {
			w.Errorf("they are %s and %s", now[0].Status, now[1].Status)
		}
		modelstest.Look(t, w.db, w.priya, func(ctx context.Context, tx *models.Tx) error {
			steps, err := request.StepsOf(ctx, tx, bad.ID)
			if s := steps[len(steps)-1]; !s.Imported() || *s.AuditorID != w.jonas.ID || s.Reason != "Which list?" {
				w.Errorf("the return says %+v", s)
			}
			return err
		})
		again, err := w.plan(w.priya, decided, request.Order{Auditor: w.jonas.ID})
		w.must(err)
		if again.Count(request.Unchanged) != 2 {
			w.Errorf("twice: %+v", again.Rows)
		}
	})
}

func TestRowsThatAreRefused(t *testing.T) {
	each(t, func(w *world) {
		open := w.written(w.miriam, w.ask())
		w.take(w.miriam, &open, request.OpenUp)
		done := w.released()
		for text, why := range map[string]string{
			"Request,Decision\nR-999,accept\n":               "No request of this engagement has the id R-999.",
			"Request,Decision\n" + open.Code() + ",accept\n": "is in state Open",
			"Request,Decision\n" + done.Code() + ",maybe\n":  "is no decision",
			"Request,Decision\n" + done.Code() + ",return\n": "without a reason",
			"No,Description,Due\n7,A list,03/04/2026\n":      "can be 2026-04-03 or 2026-03-04",
			"No,Description,Due\n7,A list,soon\n":            "is no date",
			"No,Description,Decision\n7,A list,accept\n":     "not here yet",
			"No,Description\n7,A list\n7,Another\n":          "already stands on line 2",
			"No,Description,Detail\n7,,See below\n":          "nothing that is asked",
		} {
			p, err := w.plan(w.priya, w.table(text), request.Order{Auditor: w.jonas.ID})
			w.must(err)
			last := p.Rows[len(p.Rows)-1]
			if last.Fate != request.Refused || !strings.Contains(strings.Join(last.Why, " "), why) || p.Ready() {
				w.Errorf("%q: %+v", text, last)
			}
		}
		p, err := w.plan(w.priya, w.table("Request,Decision\n"+done.Code()+",accept\n"), request.Order{})
		w.must(err)
		if p.Rows[0].Fate != request.Refused {
			w.Error("the company decided by itself")
		}
		_, err = w.plan(w.priya, w.table("Colour\nred\n"), request.Order{})
		w.refused("nothing that is asked", err, models.KindInvalid, "file")
		_, err = w.plan(w.ana, w.table("Description\nA list\n"), request.Order{})
		w.refused("an owner", err, models.KindForbidden, "written by compliance managers")
		_, err = w.plan(w.priya, w.table("Description\nA list\n"), request.Order{Auditor: w.olga.ID})
		w.refused("an auditor of another engagement", err, models.KindInvalid, "auditor")

		list := w.table("Description\nA list\n")
		p, err = w.plan(w.priya, list, request.Order{})
		w.must(err)
		w.written(w.priya, w.ask()) // changes nothing that the file is compared with
		w.refused("another file than was looked at", w.as(w.priya, func(ctx context.Context, tx *models.Tx) error {
			_, err := request.Import(ctx, tx, w.engagement, list, request.Order{Open: true}, p.Digest)
			return err
		}), models.KindConflict, "since this preview was made")
		mine, err := w.bring(w.miriam, w.table("Request,Decision,Reason\n"+done.Code()+",return,Which list?\n,,\n"), request.Order{})
		w.must(err)
		if mine.Count(request.ToReturn) != 1 {
			w.Errorf("an auditor's own file: %+v", mine.Rows)
		}
	})
}

func TestWhatControlsExpectIsProposed(t *testing.T) {
	each(t, func(w *world) {
		w.addControl("CM-02", "CC8.1", "Deploy log | log_extract", "(optional) Note of a rollback")
		w.addControl("AC-09", "CC6.1", "Not in scope")
		modelstest.Look(t, w.db, w.priya, func(ctx context.Context, tx *models.Tx) error {
			list, err := request.Proposals(ctx, tx, w.engagement, models.Page{Limit: 10})
			if err != nil {
				return err
			}
			if len(list.Items) != 2 || list.Items[1].Control.Code != "CM-02" || strings.Join(list.Items[1].Items, "; ") != "Deploy log; Note of a rollback (if there is any)" {
				w.Errorf("proposed is %+v", list.Items)
			}
			return nil
		})
		choose := func(a access.Actor, codes ...string) error {
			return w.as(a, func(ctx context.Context, tx *models.Tx) error {
				_, err := request.WriteProposed(ctx, tx, w.engagement, codes, "2026-03-31", 0)
				return err
			})
		}
		w.refused("out of scope", choose(w.priya, "AC-09"), models.KindInvalid, "no longer in scope")
		w.refused("none", choose(w.priya), models.KindInvalid, "at least one")
		w.must(choose(w.priya, "CM-01", "CM-02"))
		got := w.all()
		if len(got) != 2 || got[1].Control != "CM-02" || *got[1].OwnerID != w.ana.ID || got[1].Status != request.Draft || len(w.items(got[1])) != 2 {
			w.Errorf("they are %+v", got)
		}
		w.must(choose(w.miriam, "CM-02"))
	})
}

func TestListsAndWhatWaits(t *testing.T) {
	each(t, func(w *world) {
		late, soon := w.ask(), w.ask()
		late.DueOn, soon.DueOn = "2026-02-28", "2026-03-01" // today in New York is 1 March
		l, s := w.written(w.miriam, late), w.written(w.miriam, soon)
		w.take(w.miriam, &l, request.OpenUp)
		w.take(w.miriam, &s, request.OpenUp)
		none := w.ask()
		none.OwnerID = nil
		n := w.written(w.priya, none)
		w.take(w.priya, &n, request.OpenUp)
		done := w.answered()
		codes := func(a access.Actor, f request.Filter) string {
			var out []string
			modelstest.Look(t, w.db, a, func(ctx context.Context, tx *models.Tx) error {
				win, err := request.List(ctx, tx, w.engagement, f, models.Page{Limit: 2})
				for err == nil {
					for _, r := range win.Items {
						out = append(out, r.Code())
					}
					if win.Later == "" {
						return nil
					}
					win, err = request.List(ctx, tx, w.engagement, f, models.Page{Limit: 2, After: win.Later})
				}
				return err
			})
			return strings.Join(out, " ")
		}
		all := []string{l.Code(), s.Code(), n.Code(), done.Code()}
		for want, f := range map[string]request.Filter{
			strings.Join(all, " "):               {},
			all[0]:                               {Overdue: true},
			all[2]:                               {Nobodys: true},
			all[3]:                               {Status: request.Fulfilled},
			all[0] + " " + all[1] + " " + all[3]: {OwnerID: w.ana.ID},
		} {
			if got := codes(w.priya, f); got != want {
				w.Errorf("%+v: %s, not %s", f, got, want)
			}
		}
		if got := codes(w.ana, request.Filter{DueFirst: true}); got != all[0]+" "+all[1]+" "+all[3] {
			w.Errorf("the owner's: %s", got)
		}
		modelstest.Look(t, w.db, w.priya, func(ctx context.Context, tx *models.Tx) error {
			sum, err := request.Summarise(ctx, tx, w.engagement)
			if sum.Total() != 4 || sum.Overdue != 1 || sum.Nobodys != 1 || sum.By[request.Open] != 3 {
				w.Errorf("counted: %+v", sum)
			}
			_, check, err2 := request.WaitingFor(ctx, tx)
			if err == nil {
				err = err2
			}
			if len(check) != 1 || check[0].ID != done.ID {
				w.Errorf("to check: %+v", check)
			}
			return err
		})
		w.take(w.priya, &done, request.Release, giveBack(w.jonas, "Which list?"))
		modelstest.Look(t, w.db, w.ana, func(ctx context.Context, tx *models.Tx) error {
			mine, check, err := request.WaitingFor(ctx, tx)
			if len(mine) != 3 || mine[0].ID != done.ID || mine[0].Reason != "Which list?" || !mine[1].Late || mine[2].Late || check != nil {
				w.Errorf("waiting for the owner: %+v", mine)
			}
			due, err2 := request.Soon(ctx, tx, 5)
			if len(due) != 2 || !due[0].Late {
				w.Errorf("due soon: %+v", due)
			}
			if err == nil {
				err = err2
			}
			return err
		})
	})
}
