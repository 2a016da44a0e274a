package handlers

import (
	"net/http"

	"assay/models/readiness"
	"assay/templates/readinesses"
)

func (app *App) readinessPage(w http.ResponseWriter, r *http.Request) error {
	p, err := read(app, r, readiness.Of)
	if err != nil {
		return err
	}
	return app.page(w, r, http.StatusOK, readinesses.Page(p))
}
