package handlers

import (
	"context"
	"net/http"
	"slices"

	"assay/models"
	"assay/models/occurrence"
	"assay/models/readiness"
	"assay/templates/readinesses"
	"assay/web"
)

func (app *App) readinessPage(w http.ResponseWriter, r *http.Request) error {
	p, err := read(app, r, func(ctx context.Context, tx *models.Tx) (readiness.Picture, error) {
		return readiness.Of(ctx, tx, r.URL.Query().Get("period"))
	})
	if err != nil {
		return err
	}
	return app.page(w, r, http.StatusOK, readinesses.Page(p))
}

// readinessControls lists the controls of the period by standing and group.
func (app *App) readinessControls(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	d, err := read(app, r, func(ctx context.Context, tx *models.Tx) (d readinesses.ListData, err error) {
		if s := occurrence.Standing(q.Get("standing")); slices.Contains(occurrence.Standings, s) {
			d.Standing = s
		}
		d.Group = q.Get("group")
		d.Picture, d.Rows, d.Turn, err = readiness.List(ctx, tx, q.Get("period"), d.Standing, d.Group, q.Get("after"))
		return d, err
	})
	if err != nil {
		return err
	}
	return app.page(w, r, http.StatusOK, readinesses.List(d))
}

// readinessSquare shows what one square is made of.
func (app *App) readinessSquare(w http.ResponseWriter, r *http.Request) error {
	s, err := read(app, r, func(ctx context.Context, tx *models.Tx) (readiness.Square, error) {
		q := r.URL.Query()
		return readiness.At(ctx, tx, q.Get("period"), web.Param(r, "group"), web.Param(r, "month"), q.Get("after"))
	})
	if err != nil {
		return err
	}
	return app.page(w, r, http.StatusOK, readinesses.SquarePage(s))
}
