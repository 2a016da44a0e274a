package handlers

import (
	"context"
	"net/http"
	"net/url"

	"assay/models"
	"assay/models/evidence"
	"assay/models/upload"
	"assay/templates/evidences"
	"assay/web"
)

// fileRedact takes the redacted copy of a file.
func (app *App) fileRedact(w http.ResponseWriter, r *http.Request) error {
	id, err := web.Code(r, "item", "E-")
	if err != nil {
		return err
	}
	file, err := web.ID(r, "file")
	if err != nil {
		return err
	}
	p, err := app.receive(w, r, func(url.Values) error {
		_, err := read(app, r, func(ctx context.Context, tx *models.Tx) (evidence.File, error) {
			return evidence.FileByID(ctx, tx, id, file)
		})
		return err
	})
	f := web.NewValues(p.fields)
	why := f.Text("redaction", 2000)
	if err == nil {
		err = f.Err()
	}
	if err == nil {
		err = oneCopy(p)
	}
	if err == nil {
		err = app.keepCopy(r, p, id, file, why)
	}
	if refused := web.Errors(err); refused != nil {
		return app.evidenceAgain(w, r, id, web.Status(err), func(d *evidences.ItemData) {
			d.Redacting = evidences.Redacting{File: file, Why: why, Errors: refused}
		})
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "ok", "The redacted copy is recorded, and the original is sealed. Auditors get the copy.")
	return web.SeeOther(w, r, "/evidence/"+url.PathEscape(web.Param(r, "item")))
}

// oneCopy refuses a form with no file, with more than one, or with one that is not taken.
func oneCopy(p parcel) error {
	switch {
	case len(p.refused) > 0:
		return models.Invalid(map[string]string{"files": p.refused[0].Name + " was not taken. " + p.refused[0].Why})
	case len(p.files) != 1:
		return models.Invalid(map[string]string{"files": "Choose the redacted copy, one file."})
	}
	return nil
}

func (app *App) keepCopy(r *http.Request, p parcel, id, file int64, why string) error {
	_, err := write(app, r, func(ctx context.Context, tx *models.Tx) (evidence.Item, error) {
		if err := app.Quota.Admit(ctx, tx, p.files); err != nil {
			return evidence.Item{}, err
		}
		i, err := evidence.Redact(ctx, tx, id, file, p.files[0], why)
		if err != nil {
			return i, err
		}
		if err := app.haveScanned(ctx, tx, digestsOf(p.files)...); err != nil {
			return i, err
		}
		return i, upload.Drop(ctx, tx, tx.Actor.ID, p.taken...)
	})
	return err
}
