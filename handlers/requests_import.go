package handlers

import (
	"bytes"
	"context"
	"fmt"
	"net/http"

	"assay/internal/filetype"
	"assay/internal/sheet"
	"assay/models"
	"assay/models/engagement"
	"assay/models/request"
	"assay/models/upload"
	"assay/templates/requests"
	"assay/web"
)

// requestImport is the form that brings a list in.
func (app *App) requestImport(w http.ResponseWriter, r *http.Request) error {
	return app.importAgain(w, r, http.StatusOK, nil, nil)
}

func (app *App) importAgain(w http.ResponseWriter, r *http.Request, code int, typed, refused map[string]string) error {
	d, err := read(app, r, func(ctx context.Context, tx *models.Tx) (d requests.ImportData, err error) {
		if d.Engagement, err = engagement.BySlug(ctx, tx, web.Param(r, "engagement")); err != nil {
			return d, err
		}
		d.Team, err = askingFor(ctx, tx, d.Engagement)
		return d, err
	})
	if err != nil {
		return err
	}
	d.Typed, d.Errors = typed, refused
	return app.page(w, r, code, requests.Import(d))
}

// requestsOf is what the lists of requests that people send are about.
func requestsOf(r *http.Request) string {
	return "engagements/" + web.Param(r, "engagement") + "/requests"
}

// requestUpload keeps the file as an upload of the visitor and goes to its preview, which
// reads the bytes back: what is confirmed is what was shown.
func (app *App) requestUpload(w http.ResponseWriter, r *http.Request) error {
	g := app.gate(r, func(ctx context.Context, tx *models.Tx, fields *web.Values) error {
		e, err := engagement.BySlug(ctx, tx, web.Param(r, "engagement"))
		if err == nil {
			err = request.MayImport(ctx, tx, e, fields.ID("auditor"))
		}
		return err
	})
	defer g.close()
	fields, name, b, err := listForm(r, g, importLimits.Bytes)
	f := web.NewValues(fields)
	auditor, open := f.ID("auditor"), f.Bool("open")
	switch {
	case err != nil:
	case f.Err() != nil:
		err = f.Err()
	case len(b) == 0:
		err = models.Invalid(map[string]string{"file": "Choose a CSV or XLSX file."})
	default:
		_, err = requestTable(r.Context(), b, name)
	}
	var u upload.Upload
	if err == nil {
		u, err = app.keepFile(r, requestsOf(r), filetype.CleanName(name), b)
	}
	if refused := web.Errors(err); refused != nil {
		return app.importAgain(w, r, web.Status(err), f.All(), refused)
	}
	if err != nil {
		return err
	}
	to := fmt.Sprintf("/%s/import/%s?auditor=%d", requestsOf(r), u.ID, auditor)
	if open {
		to += "&open=1"
	}
	return web.SeeOther(w, r, to)
}

func requestTable(ctx context.Context, b []byte, name string) (sheet.Table, error) {
	t, err := sheet.Read(ctx, bytes.NewReader(b), name, importLimits)
	if err != nil {
		err = unreadableList(err)
	}
	return t, err
}

// requestFile reads the list of the address back: one that the visitor sent, for this
// engagement, within a day.
func (app *App) requestFile(r *http.Request) (u upload.Upload, t sheet.Table, err error) {
	u, b, err := app.keptFile(r, requestsOf(r), web.Param(r, "upload"))
	if err == nil {
		t, err = requestTable(r.Context(), b, u.Name)
	}
	return u, t, err
}

func importOrder(f *web.Values) (o request.Order) {
	o.Auditor, o.Open = f.ID("auditor"), f.Bool("open")
	return o
}

func (app *App) requestPreview(w http.ResponseWriter, r *http.Request) error {
	return app.previewAgain(w, r, http.StatusOK, importOrder(web.Query(r)), nil)
}

func (app *App) previewAgain(w http.ResponseWriter, r *http.Request, code int, o request.Order, refused map[string]string) error {
	u, table, err := app.requestFile(r)
	var d requests.PreviewData
	if err == nil {
		d, err = read(app, r, func(ctx context.Context, tx *models.Tx) (d requests.PreviewData, err error) {
			if d.Engagement, err = engagement.BySlug(ctx, tx, web.Param(r, "engagement")); err != nil {
				return d, err
			}
			if d.Plan, err = request.PlanImport(ctx, tx, d.Engagement, table, o); err != nil || o.Auditor == 0 {
				return d, err
			}
			d.Team, err = engagement.Team(ctx, tx, d.Engagement.ID)
			return d, err
		})
	}
	if wrong := web.Errors(err); wrong != nil {
		return app.importAgain(w, r, web.Status(err), nil, wrong)
	}
	if err != nil {
		return err
	}
	d.Upload, d.Name, d.Notes, d.Errors = u.ID, u.Name, table.Notes(), refused
	return app.page(w, r, code, requests.Preview(d))
}

// requestConfirm writes what the preview showed. When anything changed meanwhile it shows
// the new preview instead.
func (app *App) requestConfirm(w http.ResponseWriter, r *http.Request) error {
	f := web.Form(r)
	o := importOrder(f)
	u, table, err := app.requestFile(r)
	if err != nil {
		return err
	}
	plan, err := write(app, r, func(ctx context.Context, tx *models.Tx) (request.Plan, error) {
		e, err := engagement.BySlug(ctx, tx, web.Param(r, "engagement"))
		if err != nil {
			return request.Plan{}, err
		}
		p, err := request.Import(ctx, tx, e, table, o, f.Typed("plan"))
		if err != nil {
			return p, err
		}
		return p, upload.Drop(ctx, tx, tx.Actor.ID, u.ID)
	})
	if refused := web.Errors(err); refused != nil {
		return app.previewAgain(w, r, web.Status(err), o, refused)
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "ok", fmt.Sprintf("Brought in: %d new, %d accepted, %d returned.", plan.Count(request.IsNew), plan.Count(request.ToAccept), plan.Count(request.ToReturn)))
	return web.SeeOther(w, r, "/"+requestsOf(r))
}
