package handlers

import (
	"context"
	"net/http"

	"assay/internal/readout"
	"assay/models"
	"assay/models/readiness"
	"assay/templates/readinesses"
)

func (app *App) readoutData(r *http.Request) (readiness.Readout, error) {
	return read(app, r, func(ctx context.Context, tx *models.Tx) (readiness.Readout, error) {
		return readiness.ReadoutOf(ctx, tx, r.URL.Query().Get("period"))
	})
}

func (app *App) readoutPage(w http.ResponseWriter, r *http.Request) error {
	d, err := app.readoutData(r)
	if err != nil {
		return err
	}
	return app.page(w, r, http.StatusOK, readinesses.Readout(d))
}

// readoutPDF is the same page as a file.
func (app *App) readoutPDF(w http.ResponseWriter, r *http.Request) error {
	d, err := app.readoutData(r)
	if err != nil {
		return err
	}
	if d.Total() == 0 {
		return models.NotFound("Readout")
	}
	b, err := readout.PDF(d)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/pdf")
	w.Header().Set("Content-Disposition", `attachment; filename="readout-`+string(d.Frame.Today.Date())+`.pdf"`)
	_, err = w.Write(b)
	return err
}
