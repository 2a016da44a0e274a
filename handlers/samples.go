package handlers

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"iter"
	"net/http"
	"slices"

	"assay/internal/filetype"
	"assay/internal/sheet"
	"assay/models"
	"assay/models/access"
	"assay/models/activity"
	"assay/models/engagement"
	"assay/models/people"
	"assay/models/population"
	"assay/models/sample"
	"assay/templates/populations"
	"assay/web"
)

// repeat selects from the stored file of p, outside of any transaction; only from what
// before lacked, if there is one.
func (app *App) repeat(ctx context.Context, p population.Population, before *population.Population, t population.Ticket, size int, excluded []string) (population.Drawn, error) {
	var files []io.Closer
	defer func() {
		for _, f := range files {
			_ = f.Close() // they were only read
		}
	}()
	opened := func(p population.Population) func() (sheet.Rows, error) {
		return func() (sheet.Rows, error) {
			rows, file, err := app.rowsOf(ctx, p.Digest, p.FileName)
			if err == nil {
				files = append(files, file)
			}
			return rows, err
		}
	}
	if before != nil {
		t.Since = &population.Earlier{Population: *before, Rows: opened(*before)}
	}
	return population.Repeat(p, opened(p), t, size, excluded)
}

// lacking is the version before p, whose rows are left out of a selection.
func (app *App) lacking(r *http.Request, p population.Population) (*population.Population, error) {
	return read(app, r, func(ctx context.Context, tx *models.Tx) (*population.Population, error) {
		before, ok, err := population.Previous(ctx, tx, p)
		if err == nil && !ok {
			err = models.Invalid(map[string]string{"since": "There is no version before this one."})
		}
		return &before, err
	})
}

// ticketOf reads what an auditor decided. Without a seed the server takes one, now that
// the population is locked.
func ticketOf(f *web.Values) (population.Ticket, error) {
	t := population.Ticket{
		Method: sample.Method(f.Line("method", 20)), Seed: f.Typed("seed"), Stratum: f.Line("stratum", 200), Amount: f.Line("amount", 200),
		Decimals: f.Int("decimals"), Every: int64(f.Int("every")), Size: f.Int("size"), Keys: f.Lines("keys", 200), Reason: f.Text("reason", 2000), Auditor: f.ID("auditor"),
	}
	if code := f.Line("redraws", 20); code != "" {
		if _, err := fmt.Sscanf(code, "S-%d", &t.Redraws); err != nil {
			return t, models.NotFound("Sample")
		}
	}
	if t.Decimals < 0 || t.Decimals > 6 {
		f.Refuse("decimals", "Amounts have 0 to 6 decimals.")
	}
	if t.Method.Seeded() && t.Seed == "" {
		seed, err := sample.NewSeed(rand.Reader)
		if err != nil {
			return t, err
		}
		t.Seed = seed
	}
	if err := f.Err(); err != nil {
		return t, err
	}
	return t.Prepared()
}

// sampleDraw takes a draw, the auditor's own or one that is brought in.
func (app *App) sampleDraw(w http.ResponseWriter, r *http.Request) error {
	f := web.Form(r)
	p, err := app.populationOf(r)
	if err != nil {
		return err
	}
	t, err := ticketOf(f)
	var before *population.Population
	if err == nil && f.Line("since", 20) == "added" && t.Method == sample.Random {
		before, err = app.lacking(r, p)
	}
	var d population.Drawn
	if err == nil {
		d, err = app.repeat(r.Context(), p, before, t, t.Size, nil)
	}
	var s population.Selection
	if err == nil {
		s, err = write(app, r, func(ctx context.Context, tx *models.Tx) (population.Selection, error) {
			return population.Draw(ctx, tx, d)
		})
	}
	if refused := web.Errors(err); refused != nil {
		return app.populationAgain(w, r, web.Status(err), func(d *populations.PageData) { d.Errors, d.Typed = refused, f.All() })
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "ok", s.Code()+" is drawn.")
	return web.SeeOther(w, r, "/"+s.Path())
}

// selectionAt finds the sample of the address.
func selectionAt(ctx context.Context, tx *models.Tx, r *http.Request) (e engagement.Engagement, p population.Population, s population.Selection, err error) {
	if e, p, err = populationAt(ctx, tx, r); err != nil {
		return e, p, s, err
	}
	s, err = population.SampleByCode(ctx, tx, p.ID, web.Param(r, "sample"))
	return e, p, s, err
}

func (app *App) samplePage(w http.ResponseWriter, r *http.Request) error {
	return app.sampleAgain(w, r, http.StatusOK, func(*populations.SampleData) {})
}

func (app *App) sampleAgain(w http.ResponseWriter, r *http.Request, code int, change func(*populations.SampleData)) error {
	d, err := read(app, r, func(ctx context.Context, tx *models.Tx) (d populations.SampleData, err error) {
		if d.Engagement, d.Population, d.Selection, err = selectionAt(ctx, tx, r); err != nil {
			return d, err
		}
		d.Own = tx.Actor.InFieldwork(d.Engagement.ID)
		d.Manage = (d.Own || tx.Actor.Can(access.FieldworkImport)) && d.Engagement.Status == engagement.Fieldwork
		ids := []int64{d.Selection.AuditorID, d.Selection.DrawnBy}
		for _, x := range d.Selection.Exclusions {
			ids = append(ids, x.AuditorID, x.ExcludedBy)
		}
		for _, x := range d.Selection.Extensions {
			ids = append(ids, x.AuditorID, x.ExtendedBy)
		}
		if d.People, err = people.Named(ctx, tx, ids...); err != nil {
			return d, err
		}
		if d.Team, err = engagement.Team(ctx, tx, d.Engagement.ID); err != nil {
			return d, err
		}
		if tx.Actor.Can(access.PopulationManage) {
			d.Feed, err = activity.For(ctx, tx, d.Selection.Path())
		}
		return d, err
	})
	if err != nil {
		return err
	}
	change(&d)
	return app.page(w, r, code, populations.Sample(d))
}

// sampleChange reads a sample, repeats its draw with another size or more excluded, and
// keeps what came in.
func (app *App) sampleChange(w http.ResponseWriter, r *http.Request, f *web.Values, done string,
	plan func(s population.Selection) (size int, excluded []string, err error),
	verb func(ctx context.Context, tx *models.Tx, s population.Selection, d population.Drawn) error,
) error {
	var p population.Population
	s, err := read(app, r, func(ctx context.Context, tx *models.Tx) (s population.Selection, err error) {
		_, p, s, err = selectionAt(ctx, tx, r)
		return s, err
	})
	if err != nil {
		return err
	}
	err = f.Err()
	if err == nil && s.Method != sample.Random {
		err = models.Conflict("Only a random sample goes on with the next rank. Draw this one again.")
	}
	var size int
	var excluded []string
	if err == nil {
		size, excluded, err = plan(s)
	}
	var before *population.Population
	if err == nil && s.SinceID != nil {
		before, err = app.lacking(r, p)
	}
	var d population.Drawn
	if err == nil {
		d, err = app.repeat(r.Context(), p, before, s.Ticket(), size, excluded)
	}
	if err == nil {
		_, err = write(app, r, func(ctx context.Context, tx *models.Tx) (int, error) { return 0, verb(ctx, tx, s, d) })
	}
	if refused := web.Errors(err); refused != nil {
		return app.sampleAgain(w, r, web.Status(err), func(d *populations.SampleData) { d.Errors, d.Typed = refused, f.All() })
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "ok", done)
	return web.SeeOther(w, r, "/"+s.Path())
}

func (app *App) sampleExtend(w http.ResponseWriter, r *http.Request) error {
	f := web.Form(r)
	size, reason, auditor := f.Int("size"), f.Text("reason", 2000), f.ID("auditor")
	return app.sampleChange(w, r, f, "The sample is longer. What it had is still at its beginning.",
		func(s population.Selection) (int, []string, error) {
			if size <= s.Target() {
				return 0, nil, models.Invalid(map[string]string{"size": fmt.Sprintf("The sample has %d already. An extension is longer.", s.Target())})
			}
			return size, s.Excluded(), nil
		},
		func(ctx context.Context, tx *models.Tx, s population.Selection, d population.Drawn) error {
			return population.Extend(ctx, tx, s, d, auditor, reason)
		})
}

func (app *App) sampleExclude(w http.ResponseWriter, r *http.Request) error {
	f := web.Form(r)
	item, class, reason, auditor := f.ID("item"), population.Class(f.Line("class", 40)), f.Text("why", 2000), f.ID("by")
	return app.sampleChange(w, r, f, "The item is excluded and stays listed. The next rank replaces it.",
		func(s population.Selection) (int, []string, error) {
			at := slices.IndexFunc(s.Items, func(i population.Item) bool { return i.ID == item })
			if at < 0 {
				return 0, nil, models.Invalid(map[string]string{"item": "Choose the item."})
			}
			if slices.Contains(s.Excluded(), s.Items[at].Key) {
				return 0, nil, models.Conflict(s.Items[at].Key + " is excluded already.")
			}
			return s.Target(), append(s.Excluded(), s.Items[at].Key), nil
		},
		func(ctx context.Context, tx *models.Tx, s population.Selection, d population.Drawn) error {
			return population.Exclude(ctx, tx, s, item, d, class, reason, auditor)
		})
}

// sampleKeys answers with the keys of one stratum, a line each, which the recipe reads.
func (app *App) sampleKeys(w http.ResponseWriter, r *http.Request) error {
	var p population.Population
	s, err := read(app, r, func(ctx context.Context, tx *models.Tx) (s population.Selection, err error) {
		_, p, s, err = selectionAt(ctx, tx, r)
		return s, err
	})
	if err != nil {
		return err
	}
	if s.SinceID != nil {
		return app.sendAdded(w, r, p)
	}
	if s.Stratum == "" {
		return models.NotFound("A stratum")
	}
	rows, file, err := app.rowsOf(r.Context(), p.Digest, p.FileName)
	if err != nil {
		return err
	}
	defer file.Close()
	items, err := sample.Items(rows, sample.Columns{Key: p.KeyColumn, Stratum: s.Stratum})
	if err != nil {
		return err
	}
	return sendKeys(w, items, r.URL.Query().Get("stratum"))
}

// sendAdded answers with the keys that the version before p lacked.
func (app *App) sendAdded(w http.ResponseWriter, r *http.Request, p population.Population) error {
	before, err := app.lacking(r, p)
	if err != nil {
		return err
	}
	now, err := app.listOf(r.Context(), p.Digest, p.FileName, p.KeyColumn)
	if err != nil {
		return err
	}
	defer func() { _ = now.Close() }() // it was only read
	earlier, err := app.listOf(r.Context(), before.Digest, before.FileName, before.KeyColumn)
	if err != nil {
		return err
	}
	defer func() { _ = earlier.Close() }()
	return sendKeys(w, sample.AddedTo(now.Items(), earlier.Items(), p.AddedStratum()), p.AddedStratum())
}

func sendKeys(w http.ResponseWriter, items iter.Seq2[sample.Item, error], stratum string) error {
	harden(w.Header())
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Content-Disposition", filetype.ContentDisposition("keys.txt"))
	for it, err := range items {
		if err != nil {
			return err
		}
		if it.Stratum == stratum {
			_, _ = io.WriteString(w, it.Key+"\n")
		}
	}
	return nil
}
