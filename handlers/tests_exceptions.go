package handlers

import (
	"context"
	"io"
	"net/http"

	"assay/internal/sheet"
	"assay/models"
	"assay/models/controltest"
	"assay/models/engagement"
	"assay/models/finding"
	"assay/models/population"
	"assay/templates/controltests"
	"assay/web"
)

// A spot is what an exception is raised from: a cell of a test, or rows that a population
// lacked.
type spot struct {
	item       int64
	letter     string
	population int64 // the version that has the rows
	rows       []string
}

// mostOmitted is how many omitted rows one exception can name.
const mostOmitted = 50

// exceptionNew is the form that raises an exception from a cell of a test, or from rows
// that its population lacked.
func (app *App) exceptionNew(w http.ResponseWriter, r *http.Request) error {
	q := web.Query(r)
	s := spot{item: q.Item("item"), letter: q.Line("letter", 1), population: q.ID("population")}
	if err := q.Err(); err != nil {
		return models.NotFound("Item of the test")
	}
	return app.exceptionForm(w, r, http.StatusOK, s, nil, nil)
}

func (app *App) exceptionForm(w http.ResponseWriter, r *http.Request, code int, s spot, typed, refused map[string]string) error {
	d, err := read(app, r, func(ctx context.Context, tx *models.Tx) (d controltests.ExceptionData, err error) {
		e, t, err := testAt(ctx, tx, r)
		if err != nil {
			return d, err
		}
		d.Item, d.Letter, d.Population = s.item, s.letter, s.population
		if s.population != 0 {
			err = begunOmitted(ctx, tx, e, t, &d)
		} else {
			d.Facts, d.Paper, err = finding.Begun(ctx, tx, e, controltest.Cell{TestID: t.ID, ItemID: s.item, Letter: s.letter})
		}
		if err != nil {
			return d, err
		}
		d.Own = tx.Actor.InFieldwork(e.ID)
		if d.Others, err = finding.Joinable(ctx, tx, t.ID); err != nil || d.Own {
			return d, err
		}
		d.Team, err = testTeam(ctx, tx, e.ID)
		return d, err
	})
	if err != nil {
		return err
	}
	d.Typed, d.Errors = typed, refused
	return app.page(w, r, code, controltests.Exception(d))
}

// begunOmitted begins the form with those of the omitted rows that the record names and
// that no exception stands on.
func begunOmitted(ctx context.Context, tx *models.Tx, e engagement.Engagement, t controltest.Test, d *controltests.ExceptionData) error {
	p, _, err := population.OmittedBefore(ctx, tx, e.ID, d.Population)
	if err != nil {
		return err
	}
	taken, err := finding.OmittedOf(ctx, tx, p.ID)
	if err != nil {
		return err
	}
	for _, key := range p.Change.V.Added.Examples {
		if taken[key] == 0 {
			d.Rows = append(d.Rows, key)
		}
	}
	d.Lacked = p.Change.V.Added.Count
	d.Facts, d.Paper, err = finding.BegunOmitted(ctx, tx, e, t.ID, population.Omission{Population: p, Keys: d.Rows})
	return err
}

// exceptionRaise raises an exception, or adds the cell or the rows to one of the same test.
func (app *App) exceptionRaise(w http.ResponseWriter, r *http.Request) error {
	f := web.Form(r)
	s := spot{item: f.Item("item"), letter: f.Line("letter", 1), population: f.ID("population")}
	auditor, other := f.ID("auditor"), f.ID("finding")
	in := finding.Facts{
		Title: f.Line("title", 200), Condition: f.Text("condition", 10000), Criterion: f.Text("criterion", 10000), Cause: f.Text("cause", 10000),
		Effect: f.Text("effect", 10000), Recommendation: f.Text("recommendation", 10000),
	}
	if s.population != 0 {
		if s.rows = f.Lines("rows", 200); len(s.rows) > mostOmitted {
			f.Refuse("rows", "Name at most 50 rows here. More can be added to the exception afterwards.")
		}
	}
	err := f.Err()
	var gone population.Omission
	if err == nil && s.population != 0 {
		gone, err = app.omission(r, s)
	}
	var to string
	if err == nil {
		to, err = write(app, r, func(ctx context.Context, tx *models.Tx) (string, error) {
			e, t, err := testAt(ctx, tx, r)
			if err != nil {
				return "", err
			}
			if s.population != 0 {
				return exceptOmitted(ctx, tx, e, t.ID, gone, in, other, auditor)
			}
			return except(ctx, tx, e, controltest.Cell{TestID: t.ID, ItemID: s.item, Letter: s.letter}, in, other, auditor)
		})
	}
	if refused := web.Errors(err); refused != nil && models.KindOf(err) == models.KindInvalid {
		return app.exceptionForm(w, r, web.Status(err), s, f.All(), refused)
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "ok", "The exception is raised. Management confirms or disputes its facts.")
	return web.SeeOther(w, r, to)
}

// omission looks in the stored lists whether the rows were omitted, before any transaction.
func (app *App) omission(r *http.Request, s spot) (out population.Omission, err error) {
	var p, before population.Population
	p, err = read(app, r, func(ctx context.Context, tx *models.Tx) (p population.Population, err error) {
		e, _, err := testAt(ctx, tx, r)
		if err == nil {
			p, before, err = population.OmittedBefore(ctx, tx, e.ID, s.population)
		}
		return p, err
	})
	if err != nil {
		return out, err
	}
	var files []io.Closer
	defer func() {
		for _, f := range files {
			_ = f.Close() // they were only read
		}
	}()
	opened := func(p population.Population) func() (sheet.Rows, error) {
		return func() (sheet.Rows, error) {
			rows, file, err := app.rowsOf(r.Context(), p.Digest, p.FileName)
			if err == nil {
				files = append(files, file)
			}
			return rows, err
		}
	}
	return population.Omit(p, s.rows, opened(p), population.Earlier{Population: before, Rows: opened(before)})
}

func except(ctx context.Context, tx *models.Tx, e engagement.Engagement, at controltest.Cell, in finding.Facts, other, auditor int64) (string, error) {
	if other != 0 {
		return findingHref(other), finding.Join(ctx, tx, e, other, at, auditor)
	}
	x, err := finding.Except(ctx, tx, e, at, in, auditor)
	return findingHref(x.ID), err
}

func exceptOmitted(ctx context.Context, tx *models.Tx, e engagement.Engagement, test int64, gone population.Omission, in finding.Facts, other, auditor int64) (string, error) {
	if other != 0 {
		return findingHref(other), finding.JoinOmitted(ctx, tx, e, other, test, gone, auditor)
	}
	x, err := finding.ExceptOmitted(ctx, tx, e, test, gone, in, auditor)
	return findingHref(x.ID), err
}
