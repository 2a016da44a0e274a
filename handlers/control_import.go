package handlers

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"

	"assay/internal/blob"
	"assay/internal/oscal"
	"assay/models"
	"assay/models/control"
	"assay/templates/controls"
	"assay/web"
)

func (app *App) importForm(w http.ResponseWriter, r *http.Request) error {
	return app.page(w, r, http.StatusOK, controls.Import(nil))
}

// importUpload keeps the file under its digest and goes to the preview of it, which
// reads the bytes back: what is confirmed is what was shown, whichever replica answers.
func (app *App) importUpload(w http.ResponseWriter, r *http.Request) error {
	name, b, err := importedFile(r)
	if err == nil {
		_, err = tableOf(r.Context(), b, name)
	}
	var kept blob.Blob
	if err == nil {
		kept, err = app.Blobs.Put(r.Context(), bytes.NewReader(b), importLimits.Bytes)
	}
	if errs := web.Errors(err); errs != nil {
		return app.page(w, r, web.Status(err), controls.Import(errs))
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, "/controls/import/"+kept.Digest+"?name="+url.QueryEscape(name))
}

// importedFile reads the one file of the form into memory, which importLimits allow.
func importedFile(r *http.Request) (name string, b []byte, err error) {
	missing := models.Invalid(map[string]string{"file": "Choose a CSV, XLSX or OSCAL file."})
	parts, err := r.MultipartReader()
	if err != nil {
		return "", nil, missing
	}
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return "", nil, missing
		}
		if err != nil {
			return "", nil, err
		}
		if part.FormName() != "file" || part.FileName() == "" {
			continue
		}
		b, err := io.ReadAll(io.LimitReader(part, importLimits.Bytes+1))
		switch {
		case err != nil:
			return "", nil, err
		case len(b) == 0:
			return "", nil, models.Invalid(map[string]string{"file": "The file is empty."})
		case int64(len(b)) > importLimits.Bytes:
			return "", nil, models.Invalid(map[string]string{"file": "The file is larger than 8 MB. Split it in two."})
		}
		return part.FileName(), b, nil
	}
}

// importTable reads the file of the address back.
func (app *App) importTable(r *http.Request, name string) (oscal.Reading, error) {
	body, _, err := app.Blobs.Open(r.Context(), web.Param(r, "digest"))
	if errors.Is(err, blob.ErrNotFound) {
		return oscal.Reading{}, models.NotFound("This file")
	}
	if err != nil {
		return oscal.Reading{}, err
	}
	defer func() { _ = body.Close() }()
	b, err := io.ReadAll(io.LimitReader(body, importLimits.Bytes+1))
	if err != nil {
		return oscal.Reading{}, err
	}
	return tableOf(r.Context(), b, name)
}

func (app *App) importPreview(w http.ResponseWriter, r *http.Request) error {
	d := controls.ImportData{Name: web.Query(r).Line("name", 200), Digest: web.Param(r, "digest")}
	table, err := app.importTable(r, d.Name)
	d.Notes = table.Notes
	if err == nil {
		d.Plan, err = read(app, r, func(ctx context.Context, tx *models.Tx) (control.Plan, error) {
			return control.PlanImport(ctx, tx, table.Table)
		})
	}
	if errs := web.Errors(err); errs != nil {
		return app.page(w, r, web.Status(err), controls.Import(errs))
	}
	if err != nil {
		return err
	}
	return app.page(w, r, http.StatusOK, controls.Preview(d))
}

// importConfirm writes what the preview showed. When anything changed meanwhile it
// shows the new preview instead.
func (app *App) importConfirm(w http.ResponseWriter, r *http.Request) error {
	f := web.Form(r)
	d := controls.ImportData{Name: f.Line("name", 200), Digest: web.Param(r, "digest")}
	table, err := app.importTable(r, d.Name)
	if err != nil {
		return err
	}
	d.Notes = table.Notes
	d.Plan, err = write(app, r, func(ctx context.Context, tx *models.Tx) (control.Plan, error) {
		return control.Import(ctx, tx, table.Table, f.Typed("plan"))
	})
	if errs := web.Errors(err); errs != nil {
		d.Errors = errs
		return app.page(w, r, web.Status(err), controls.Preview(d))
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "ok", strconv.Itoa(d.Plan.Count(control.IsNew))+" controls added, "+strconv.Itoa(d.Plan.Count(control.Changed))+" changed.")
	return web.SeeOther(w, r, "/controls")
}
