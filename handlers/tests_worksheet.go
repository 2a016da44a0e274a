package handlers

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"strconv"

	"assay/internal/blob"
	"assay/internal/sheet"
	"assay/models"
	"assay/models/controltest"
	"assay/models/finding"
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
	return app.export(w, r, "worksheet-"+p.Code(), "xlsx", func(context.Context, *models.Tx) error {
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
			d.Sheet, refused = d.ReadSheet(*t)
		}
		d.Team, err = testTeam(ctx, tx, d.EngagementID)
		return d, err
	})
	if err != nil {
		return err
	}
	d.Name, d.Digest, d.Errors = name, web.Param(r, "digest"), errs
	if said := web.Errors(refused); said != nil {
		code, d.Errors, d.Read = web.Status(refused), said, false
	}
	return app.page(w, r, code, controltests.Worksheet(d))
}

// worksheetUpload keeps the file under its digest and goes to the preview of it.
func (app *App) worksheetUpload(w http.ResponseWriter, r *http.Request) error {
	name, b, err := importedFile(r)
	if err == nil {
		_, err = worksheetTable(r.Context(), b, name)
	}
	var kept blob.Blob
	if err == nil {
		kept, err = app.Blobs.Put(r.Context(), bytes.NewReader(b), importLimits.Bytes)
	}
	if errs := web.Errors(err); errs != nil {
		return app.worksheetAgain(w, r, web.Status(err), errs)
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, r.URL.Path+"/"+kept.Digest+"?name="+url.QueryEscape(name))
}

func worksheetTable(ctx context.Context, b []byte, name string) (sheet.Table, error) {
	t, err := sheet.Read(ctx, bytes.NewReader(b), name, importLimits)
	if err != nil {
		err = unreadableList(err)
	}
	return t, err
}

// worksheetKept reads the file of the address back.
func (app *App) worksheetKept(r *http.Request, name string) (sheet.Table, error) {
	t, err := app.importTable(r, name)
	return t.Table, err
}

func (app *App) worksheetPreview(w http.ResponseWriter, r *http.Request) error {
	name := web.Query(r).Line("name", 200)
	t, err := app.worksheetKept(r, name)
	if errs := web.Errors(err); errs != nil {
		return app.worksheetAgain(w, r, web.Status(err), errs)
	}
	if err != nil {
		return err
	}
	return app.worksheetPage(w, r, http.StatusOK, name, &t, nil)
}

// worksheetConfirm writes what the preview showed, in the name of the auditor.
func (app *App) worksheetConfirm(w http.ResponseWriter, r *http.Request) error {
	f := web.Form(r)
	name, auditor := f.Line("name", 200), f.ID("auditor")
	t, err := app.worksheetKept(r, name)
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
		return app.worksheetPage(w, r, web.Status(err), name, &t, refused)
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "ok", "The worksheet is in: "+strconv.Itoa(s.Cells)+" cells changed.")
	return web.SeeOther(w, r, to)
}
