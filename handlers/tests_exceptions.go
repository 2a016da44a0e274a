package handlers

import (
	"context"
	"net/http"

	"assay/models"
	"assay/models/controltest"
	"assay/models/engagement"
	"assay/models/finding"
	"assay/templates/controltests"
	"assay/web"
)

// exceptionNew is the form that raises an exception from a cell of a test.
func (app *App) exceptionNew(w http.ResponseWriter, r *http.Request) error {
	q := web.Query(r)
	item, letter := q.ID("item"), q.Line("letter", 1)
	if err := q.Err(); err != nil {
		return models.NotFound("Item of the test")
	}
	return app.exceptionForm(w, r, http.StatusOK, item, letter, nil, nil)
}

func (app *App) exceptionForm(w http.ResponseWriter, r *http.Request, code int, item int64, letter string, typed, refused map[string]string) error {
	d, err := read(app, r, func(ctx context.Context, tx *models.Tx) (d controltests.ExceptionData, err error) {
		e, t, err := testAt(ctx, tx, r)
		if err != nil {
			return d, err
		}
		d.Item, d.Letter = item, letter
		if d.Facts, d.Paper, err = finding.Begun(ctx, tx, e, controltest.Cell{TestID: t.ID, ItemID: item, Letter: letter}); err != nil {
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

// exceptionRaise raises an exception, or adds the cell to one of the same test.
func (app *App) exceptionRaise(w http.ResponseWriter, r *http.Request) error {
	f := web.Form(r)
	item, letter, auditor, other := f.ID("item"), f.Line("letter", 1), f.ID("auditor"), f.ID("finding")
	in := finding.Facts{
		Title: f.Line("title", 200), Condition: f.Text("condition", 10000), Criterion: f.Text("criterion", 10000), Cause: f.Text("cause", 10000),
		Effect: f.Text("effect", 10000), Recommendation: f.Text("recommendation", 10000),
	}
	err := f.Err()
	var to string
	if err == nil {
		to, err = write(app, r, func(ctx context.Context, tx *models.Tx) (string, error) {
			e, t, err := testAt(ctx, tx, r)
			if err != nil {
				return "", err
			}
			return except(ctx, tx, e, controltest.Cell{TestID: t.ID, ItemID: item, Letter: letter}, in, other, auditor)
		})
	}
	if refused := web.Errors(err); refused != nil && models.KindOf(err) == models.KindInvalid {
		return app.exceptionForm(w, r, web.Status(err), item, letter, f.All(), refused)
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "ok", "The exception is raised. Management confirms or disputes its facts.")
	return web.SeeOther(w, r, to)
}

func except(ctx context.Context, tx *models.Tx, e engagement.Engagement, at controltest.Cell, in finding.Facts, other, auditor int64) (string, error) {
	if other != 0 {
		return findingHref(other), finding.Join(ctx, tx, e, other, at, auditor)
	}
	x, err := finding.Except(ctx, tx, e, at, in, auditor)
	return findingHref(x.ID), err
}
