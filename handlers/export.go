package handlers

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"assay/internal/oscal"
	"assay/models"
	"assay/models/control"
	"assay/models/finding"
	"assay/models/framework"
	"assay/models/programme"
	"assay/web"
)

// exportKinds are the media types of exports, by the ending of their names.
var exportKinds = map[string]string{
	"csv":        "text/csv; charset=utf-8",
	"xlsx":       "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	"docx":       "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
	"oscal.json": oscal.MediaType,
}

// export streams a file about the page what. Once it has begun, the only honest way to report a
// failure is to break it off, so that nobody takes half a list for a whole one.
func (app *App) export(w http.ResponseWriter, r *http.Request, what, ending string, file func(context.Context, *models.Tx) error) error {
	a := web.ActorOf(r)
	if a.Company() { // what auditors take is logged before they are answered, like all they see
		if err := app.DB.Observe(r.Context(), a, "export.download", what, models.Note{"filter": r.URL.RawQuery}); err != nil {
			return err
		}
	}
	h := w.Header()
	h.Set("Content-Type", exportKinds[ending])
	h.Set("Content-Disposition", `attachment; filename="`+strings.NewReplacer("/", "-", "#", "-").Replace(what)+"-"+app.DB.Now().UTC().Format(time.DateOnly)+"."+ending+`"`)
	err := app.DB.Read(r.Context(), a, func(tx *models.Tx) error { return file(r.Context(), tx) })
	if err != nil {
		slog.ErrorContext(r.Context(), "export broke off", "id", models.RequestID(r.Context()), "err", err)
		panic(http.ErrAbortHandler)
	}
	return nil
}

// oscalHead is what documents say about themselves, with the company's zone.
func (app *App) oscalHead(ctx context.Context, tx *models.Tx) (oscal.Head, *time.Location, error) {
	p, err := programme.Current(ctx, tx)
	if err != nil {
		return oscal.Head{}, nil, err
	}
	size, err := tx.LogSize(ctx)
	return oscal.Head{Base: app.BaseURL, Company: p.Company, At: tx.Now, Size: size}, p.Location(), err
}

func (app *App) controlOSCAL(w http.ResponseWriter, r *http.Request) error {
	return app.export(w, r, "controls", "oscal.json", func(ctx context.Context, tx *models.Tx) error {
		h, _, err := app.oscalHead(ctx, tx)
		if err != nil {
			return err
		}
		f, o := exported(r, tx)
		return oscal.Components(w, h, control.Every(ctx, tx, f, o))
	})
}

// findingsOSCAL refuses a filter that lets nothing through before it begins: a plan of
// action has at least one item.
func (app *App) findingsOSCAL(w http.ResponseWriter, r *http.Request) error {
	f, err := read(app, r, func(ctx context.Context, tx *models.Tx) (finding.Filter, error) {
		f, err := findingFilter(ctx, tx, r)
		if err != nil {
			return f, err
		}
		list, err := finding.List(ctx, tx, f, models.Page{Limit: 1})
		if err == nil && len(list.Items) == 0 {
			err = models.Conflict("No finding is on this list, and a plan of action and milestones has at least one. Choose another filter.")
		}
		return f, err
	})
	if err != nil {
		return err
	}
	return app.export(w, r, "findings", "oscal.json", func(ctx context.Context, tx *models.Tx) error {
		h, zone, err := app.oscalHead(ctx, tx)
		if err != nil {
			return err
		}
		return oscal.Actions(w, h, zone, finding.Cases(ctx, tx, f))
	})
}

func (app *App) frameworkOSCAL(w http.ResponseWriter, r *http.Request) error {
	f, ok := framework.ByID(web.Param(r, "framework"))
	if !ok {
		return models.NotFound("Framework")
	}
	return app.export(w, r, "frameworks/"+f.ID, "oscal.json", func(ctx context.Context, tx *models.Tx) error {
		h, _, err := app.oscalHead(ctx, tx)
		if err != nil {
			return err
		}
		return oscal.Catalog(w, h, f)
	})
}
