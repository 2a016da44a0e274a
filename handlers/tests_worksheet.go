package handlers

import (
	"bytes"
	"context"
	"net/http"

	"assay/internal/sheet"
	"assay/models"
	"assay/models/controltest"
	"assay/models/finding"
	"assay/models/upload"
	"assay/templates/controltests"
	"assay/web"
)

// paperAt is the test of the address with all that belongs to it.
func paperAt(ctx context.Context, tx *models.Tx, r *http.Request) (controltest.Paper, error) {
	e, t, err := testAt(ctx, tx, r)
	if err != nil {
		return controltest.Paper{}, err
	}
	return controltest.Load(ctx, tx, e, t)
}

// worksheetOut answers with the worksheet that the firm fills in with its own tools.
func (app *App) worksheetOut(w http.ResponseWriter, r *http.Request) error {
	p, err := read(app, r, func(ctx context.Context, tx *models.Tx) (controltest.Paper, error) { return paperAt(ctx, tx, r) })
	if err != nil {
		return err
	}
	return app.export(w, r, p.Path()+"#worksheet", "xlsx", func(context.Context, *models.Tx) error {
		return sheet.WriteXLSX(w, p.Code(), p.SheetHeader(), p.SheetRows())
	})
}

func (app *App) worksheetForm(w http.ResponseWriter, r *http.Request) error {
	return app.worksheetAgain(w, r, http.StatusOK, nil)
}

func (app *App) worksheetAgain(w http.ResponseWriter, r *http.Request, code int, errs map[string]string) error {
	return app.worksheetPage(w, r, code, "", nil, errs)
}

// worksheetPage is the form, with what a file would change if there is one.
func (app *App) worksheetPage(w http.ResponseWriter, r *http.Request, code int, name string, t *sheet.Table, errs map[string]string) error {
	var refused error
	d, err := read(app, r, func(ctx context.Context, tx *models.Tx) (d controltests.WorksheetData, err error) {
		if d.Paper, err = paperAt(ctx, tx, r); err != nil {
			return d, err
		}
		d.Own = tx.Actor.InFieldwork(d.EngagementID)
		if t != nil {
			d.Read = true
			d.Sheet, refused = d.ReadSheet(*t, !d.Own)
		}
		d.Team, err = testTeam(ctx, tx, d.EngagementID)
		return d, err
	})
	if err != nil {
		return err
	}
	d.Name, d.Upload, d.Errors = name, web.Param(r, "upload"), errs
	if said := web.Errors(refused); said != nil {
		code, d.Errors, d.Read = web.Status(refused), said, false
	}
	return app.page(w, r, code, controltests.Worksheet(d))
}

// worksheetsOf is what the worksheets of a test that people send are about.
func worksheetsOf(r *http.Request) string {
	return "engagements/" + web.Param(r, "engagement") + "/tests/" + web.Param(r, "test") + "/worksheet"
}

// worksheetUpload keeps the file and goes to the preview of it.
func (app *App) worksheetUpload(w http.ResponseWriter, r *http.Request) error {
	g := app.gate(r, func(ctx context.Context, tx *models.Tx, _ *web.Values) error {
		e, _, err := testAt(ctx, tx, r)
		if err == nil {
			err = controltest.MayBringIn(tx.Actor, e)
		}
		return err
	})
	defer g.close()
	name, b, err := importedFile(r, g)
	if err == nil {
		_, err = worksheetTable(r.Context(), b, name)
	}
	var kept upload.Upload
	if err == nil {
		kept, err = app.keepFile(r, worksheetsOf(r), name, b)
	}
	if errs := web.Errors(err); errs != nil {
		return app.worksheetAgain(w, r, web.Status(err), errs)
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, r.URL.Path+"/"+kept.ID)
}

func worksheetTable(ctx context.Context, b []byte, name string) (sheet.Table, error) {
	t, err := sheet.Read(ctx, bytes.NewReader(b), name, importLimits)
	if err != nil {
		err = unreadableList(err)
	}
	return t, err
}

// worksheetKept reads the file of the address back.
func (app *App) worksheetKept(r *http.Request) (u upload.Upload, t sheet.Table, err error) {
	u, b, err := app.keptFile(r, worksheetsOf(r), web.Param(r, "upload"))
	if err == nil {
		t, err = worksheetTable(r.Context(), b, u.Name)
	}
	return u, t, err
}

func (app *App) worksheetPreview(w http.ResponseWriter, r *http.Request) error {
	u, t, err := app.worksheetKept(r)
	if errs := web.Errors(err); errs != nil {
		return app.worksheetAgain(w, r, web.Status(err), errs)
	}
	if err != nil {
		return err
	}
	return app.worksheetPage(w, r, http.StatusOK, u.Name, &t, nil)
}

// worksheetConfirm writes what the preview showed, in the name of the auditor.
func (app *App) worksheetConfirm(w http.ResponseWriter, r *http.Request) error {
	f := web.Form(r)
	auditor := f.ID("auditor")
	u, t, err := app.worksheetKept(r)
	if err != nil {
		return err
	}
	var to string
	var s controltest.Sheet
	if err = f.Err(); err == nil {
		s, err = write(app, r, func(ctx context.Context, tx *models.Tx) (controltest.Sheet, error) {
			e, x, err := testAt(ctx, tx, r)
			if err != nil {
				return controltest.Sheet{}, err
			}
			to = "/" + x.Path()
			s, err := controltest.BringIn(ctx, tx, x.ID, auditor, t)
			if err != nil {
				return s, err
			}
			return s, finding.ExceptAll(ctx, tx, e, x.ID, s.Raised(), auditor)
		})
	}
	if refused := web.Errors(err); refused != nil {
		return app.worksheetPage(w, r, web.Status(err), u.Name, &t, refused)
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "ok", "The worksheet is in: "+models.Plural(s.Cells, "cell")+" changed.")
	return web.SeeOther(w, r, to)
}
