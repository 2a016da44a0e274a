package handlers

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"

	"assay/internal/filetype"
	"assay/internal/oscal"
	"assay/models"
	"assay/models/control"
	"assay/models/upload"
	"assay/templates/controls"
	"assay/web"
)

func (app *App) importForm(w http.ResponseWriter, r *http.Request) error {
	return app.page(w, r, http.StatusOK, controls.Import(nil))
}

// importsOf is what the lists of controls that people send are about.
const importsOf = "controls/import"

// importUpload keeps the file and goes to the preview of it.
func (app *App) importUpload(w http.ResponseWriter, r *http.Request) error {
	g := app.gate(r, nil)
	defer g.close()
	name, b, err := importedFile(r, g)
	if err == nil {
		_, err = tableOf(r.Context(), b, name)
	}
	var kept upload.Upload
	if err == nil {
		kept, err = app.keepFile(r, importsOf, name, b)
	}
	if errs := web.Errors(err); errs != nil {
		return app.page(w, r, web.Status(err), controls.Import(errs))
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, "/controls/import/"+kept.ID)
}

// importedFile reads the one file of the form into memory, which importLimits allow.
func importedFile(r *http.Request, g *gate) (name string, b []byte, err error) {
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
		if err := g.open(nil); err != nil {
			return "", nil, err
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
		return filetype.CleanName(part.FileName()), b, nil
	}
}

// importTable reads the file of the address back.
func (app *App) importTable(r *http.Request) (u upload.Upload, t oscal.Reading, err error) {
	u, b, err := app.keptFile(r, importsOf, web.Param(r, "upload"))
	if err == nil {
		t, err = tableOf(r.Context(), b, u.Name)
	}
	return u, t, err
}

func (app *App) importPreview(w http.ResponseWriter, r *http.Request) error {
	u, table, err := app.importTable(r)
	d := controls.ImportData{Name: u.Name, Upload: u.ID, Notes: table.Notes}
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
	u, table, err := app.importTable(r)
	if err != nil {
		return err
	}
	d := controls.ImportData{Name: u.Name, Upload: u.ID, Notes: table.Notes}
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
