package handlers

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"assay/models"
	"assay/models/access"
	"assay/models/engagement"
	"assay/models/framework"
	"assay/models/people"
	"assay/models/population"
	"assay/models/sample"
	"assay/templates/populations"
	"assay/web"
)

func (app *App) sizePage(w http.ResponseWriter, r *http.Request) error {
	return app.sizesAgain(w, r, http.StatusOK, func(*populations.SizesData) {})
}

func (app *App) sizesAgain(w http.ResponseWriter, r *http.Request, code int, change func(*populations.SizesData)) error {
	d, err := read(app, r, func(ctx context.Context, tx *models.Tx) (d populations.SizesData, err error) {
		if d.Engagement, err = engagement.BySlug(ctx, tx, web.Param(r, "engagement")); err != nil {
			return d, err
		}
		d.Own = tx.Actor.InFieldwork(d.Engagement.ID)
		d.Write = (d.Own || tx.Actor.Can(access.FieldworkImport)) && (d.Engagement.Status == engagement.Planning || d.Engagement.Status == engagement.Fieldwork)
		if d.Table, err = population.SizesOf(ctx, tx, d.Engagement); err != nil {
			return d, err
		}
		if d.Team, err = engagement.Team(ctx, tx, d.Engagement.ID); err != nil {
			return d, err
		}
		d.People, err = people.Named(ctx, tx, d.Table.AuditorID, d.Table.EnteredBy)
		return d, err
	})
	if err != nil {
		return err
	}
	change(&d)
	return app.page(w, r, code, populations.Sizes(d))
}

// sizeChange gives the engagement sizes of its own.
func (app *App) sizeChange(w http.ResponseWriter, r *http.Request) error {
	f := web.Form(r)
	sizes := sample.Sizes{}
	for _, q := range framework.Frequencies() {
		if q.ID != sample.Event {
			sizes[q.ID] = threeOf(f.Line(q.ID, 40))
		}
	}
	reason, rev, auditor := f.Text("reason", 2000), f.Rev(), f.ID("auditor")
	err := f.Err()
	var e engagement.Engagement
	if err == nil {
		e, err = write(app, r, func(ctx context.Context, tx *models.Tx) (engagement.Engagement, error) {
			e, err := engagement.BySlug(ctx, tx, web.Param(r, "engagement"))
			if err != nil {
				return e, err
			}
			return e, population.SetSizes(ctx, tx, e, rev, auditor, sizes, reason)
		})
	}
	if refused := web.Errors(err); refused != nil {
		return app.sizesAgain(w, r, web.Status(err), func(d *populations.SizesData) { d.Errors, d.Typed = refused, f.All() })
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "ok", "The sizes are saved. Samples that were drawn keep theirs.")
	return web.SeeOther(w, r, "/"+e.Path()+"/populations/sizes")
}

// threeOf reads sizes as they are written, such as 2 / 3 / 5. What is none becomes 0, which
// the verb refuses.
func threeOf(text string) (out [3]int) {
	parts := strings.Split(text, "/")
	if len(parts) != len(out) {
		return out
	}
	for i, p := range parts {
		n, err := strconv.Atoi(strings.TrimSpace(p))
		if err != nil {
			return [3]int{}
		}
		out[i] = n
	}
	return out
}
