package handlers

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"assay/models"
	"assay/models/controltest"
	"assay/templates/controltests"
	"assay/web"
)

// A testInput is what the forms of a test's page send. Each verb takes what it needs.
type testInput struct {
	ID, Rev, Auditor, Item int64
	Picked                 int64 // a population, a sample, a link or a note
	Evidence, Letters      string
	Basis, Reason, Waiver  string
	Design                 controltest.Design
	Conclusion             controltest.Conclusion
	Attributes             []controltest.Attribute
}

func readTestInput(f *web.Values) testInput {
	in := testInput{
		Rev: f.Rev(), Auditor: f.ID("auditor"), Item: f.Item("item"), Evidence: f.Line("evidence", 20), Letters: f.Line("letters", 10),
		Basis: f.Text("basis", 4000), Reason: f.Text("reason", 2000), Waiver: f.Text("waiver", 2000),
		Design: controltest.Design(f.Line("design", 20)), Conclusion: controltest.Conclusion(f.Line("conclusion", 40)),
	}
	for _, field := range []string{"population", "sample", "link", "note"} {
		if f.Typed(field) != "" {
			in.Picked = f.ID(field)
		}
	}
	for n := range controltest.MostAttributes {
		id := strconv.Itoa(n)
		in.Attributes = append(in.Attributes, controltest.Attribute{Text: f.Line("text-"+id, 300), Technique: controltest.Technique(f.Line("technique-"+id, 20))})
	}
	return in
}

// testVerbs are what a test's page can do, by the last part of the address.
var testVerbs = map[string]struct {
	said string
	do   func(context.Context, *models.Tx, testInput) error
}{
	"walk": {"The walkthrough is linked. Its digest is kept as it is now.", func(ctx context.Context, tx *models.Tx, in testInput) error {
		return controltest.Walk(ctx, tx, in.ID, in.Auditor, in.Evidence)
	}},
	"design": {"The design is concluded.", func(ctx context.Context, tx *models.Tx, in testInput) error {
		return controltest.ConcludeDesign(ctx, tx, in.ID, in.Rev, in.Auditor, in.Design, in.Basis)
	}},
	"attributes": {"The attributes are fixed. A sample that counts is drawn from now on.", func(ctx context.Context, tx *models.Tx, in testInput) error {
		return controltest.Fix(ctx, tx, in.ID, in.Rev, in.Auditor, in.Attributes)
	}},
	"population": {"The population is taken.", func(ctx context.Context, tx *models.Tx, in testInput) error {
		return controltest.TakePopulation(ctx, tx, in.ID, in.Rev, in.Auditor, in.Picked)
	}},
	"sample": {"The sample is taken. Its items are listed below.", func(ctx context.Context, tx *models.Tx, in testInput) error {
		return controltest.TakeSample(ctx, tx, in.ID, in.Rev, in.Auditor, in.Picked)
	}},
	"start": {"The configuration is tested now.", func(ctx context.Context, tx *models.Tx, in testInput) error {
		return controltest.TakeConfiguration(ctx, tx, in.ID, in.Rev, in.Auditor)
	}},
	"evidence": {"The evidence is linked. Its digest is kept as it is now.", func(ctx context.Context, tx *models.Tx, in testInput) error {
		return controltest.LinkItem(ctx, tx, in.ID, in.Auditor, in.Item, in.Letters, in.Evidence)
	}},
	"unlink": {"The link is taken back. The history keeps that it was there.", func(ctx context.Context, tx *models.Tx, in testInput) error {
		return controltest.Unlink(ctx, tx, in.ID, in.Picked, in.Auditor)
	}},
	"conclude": {"The test is concluded. The lead reviews it next.", func(ctx context.Context, tx *models.Tx, in testInput) error {
		return controltest.Conclude(ctx, tx, in.ID, in.Rev, in.Auditor, in.Conclusion, in.Basis)
	}},
	"review": {"The test is reviewed.", func(ctx context.Context, tx *models.Tx, in testInput) error {
		return controltest.Review(ctx, tx, in.ID, in.Rev, in.Auditor, in.Waiver)
	}},
	"reopen": {"The test is open again, in its next round. The earlier ones stay.", func(ctx context.Context, tx *models.Tx, in testInput) error {
		return controltest.Reopen(ctx, tx, in.ID, in.Rev, in.Auditor, in.Reason)
	}},
	"share": {"The test is shared with the company. Notes stay the audit team's.", func(ctx context.Context, tx *models.Tx, in testInput) error {
		return controltest.Share(ctx, tx, in.ID, in.Rev, in.Auditor)
	}},
	"share-note": {"The note is shared with the company.", func(ctx context.Context, tx *models.Tx, in testInput) error {
		return controltest.ShareNote(ctx, tx, in.ID, in.Picked, in.Auditor)
	}},
}

// testVerb does one thing and leads back to the page. When it is refused, the page comes
// back with the form open, as it was filled in.
func (app *App) testVerb(name string) web.Handler {
	verb, known := testVerbs[name]
	if !known {
		panic("handlers: no verb " + name)
	}
	return func(w http.ResponseWriter, r *http.Request) error {
		f := web.Form(r)
		in := readTestInput(f)
		err := f.Err()
		var t controltest.Test
		if err == nil {
			t, err = write(app, r, func(ctx context.Context, tx *models.Tx) (controltest.Test, error) {
				_, t, err := testAt(ctx, tx, r)
				if err != nil {
					return t, err
				}
				in.ID = t.ID
				return t, verb.do(ctx, tx, in)
			})
		}
		if refused := web.Errors(err); refused != nil {
			return app.testAgain(w, r, web.Status(err), func(d *controltests.PageData) {
				d.Ask, d.Errors, d.Typed, d.Item = name, refused, f.All(), itemShown(d.Paper, f.Typed("item"))
			})
		}
		if err != nil {
			return err
		}
		web.Flash(w, r, "ok", verb.said)
		to := "/" + t.Path()
		if f.Typed("item") != "" {
			to += "?item=" + f.Typed("item")
		}
		return web.SeeOther(w, r, to)
	}
}

// testResults keeps the results of one item, and goes on to the next.
func (app *App) testResults(w http.ResponseWriter, r *http.Request) error {
	f := web.Form(r)
	item := f.Item("item")
	var to string
	_, err := write(app, r, func(ctx context.Context, tx *models.Tx) (int, error) {
		e, t, err := testAt(ctx, tx, r)
		if err != nil {
			return 0, err
		}
		p, err := controltest.Load(ctx, tx, e, t)
		if err != nil {
			return 0, err
		}
		to = "/" + t.Path() + "?item=" + strconv.FormatInt(nextItem(p, item), 10)
		seen, notes := marksOf(f, p, item)
		if err := f.Err(); err != nil {
			return 0, err
		}
		n, err := controltest.Set(ctx, tx, t.ID, tx.Actor.ID, seen)
		if err != nil {
			return n, err
		}
		more, err := controltest.Jot(ctx, tx, t.ID, tx.Actor.ID, notes)
		if err == nil && n+more == 0 {
			err = errSame
		}
		return n, err
	})
	if errors.Is(err, errSame) {
		return web.SeeOther(w, r, to)
	}
	if refused := web.Errors(err); refused != nil {
		return app.testAgain(w, r, web.Status(err), func(d *controltests.PageData) {
			d.Errors, d.Typed, d.Item = refused, f.All(), itemShown(d.Paper, f.Typed("item"))
		})
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, to)
}

// errSame ends a transaction in which nothing changed.
var errSame = models.Conflict("nothing changed")

// marksOf reads the cells of one item, and the notes beside them.
func marksOf(f *web.Values, p controltest.Paper, item int64) (seen []controltest.Seen, notes []controltest.Jotting) {
	for _, a := range p.Attributes {
		said := f.Typed("r-" + a.Letter)
		s := controltest.Seen{ItemID: item, Letter: a.Letter, Result: controltest.Mark(said), Reason: f.Text("why-"+a.Letter, 1000), Rev: f.ID("rev-" + a.Letter)}
		if said == "missing" {
			s.Result, s.Missing = controltest.Deviation, true
		}
		seen = append(seen, s)
		notes = append(notes, controltest.Jotting{ItemID: item, Letter: a.Letter, Text: f.Text("note-"+a.Letter, 4000)})
	}
	return seen, notes
}

// nextItem is the next one that counts after item, or item itself at the end.
func nextItem(p controltest.Paper, item int64) int64 {
	found := false
	for _, row := range p.Rows {
		if found && !row.Excluded() {
			return row.ItemID
		}
		found = found || row.ItemID == item
	}
	return item
}
