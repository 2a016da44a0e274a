package handlers

import (
	"context"
	"fmt"
	"net/http"

	"assay/models"
	"assay/models/engagement"
	"assay/models/rollforward"
	"assay/templates/engagements"
	"assay/web"
)

func (app *App) rollPage(w http.ResponseWriter, r *http.Request) error {
	return app.rollAgain(w, r, http.StatusOK, engagement.Terms{}, nil)
}

func (app *App) rollAgain(w http.ResponseWriter, r *http.Request, code int, typed engagement.Terms, refused map[string]string) error {
	d, err := read(app, r, func(ctx context.Context, tx *models.Tx) (d engagements.RollData, err error) {
		if d.Engagement, err = engagement.BySlug(ctx, tx, web.Param(r, "engagement")); err != nil {
			return d, err
		}
		d.Next, _, err = rollforward.Next(ctx, tx, d.Engagement.ID)
		return d, err
	})
	if err != nil {
		return err
	}
	if d.Terms, d.Errors = typed, refused; refused == nil {
		d.Terms = rollforward.Suggest(d.Engagement)
	}
	return app.page(w, r, code, engagements.Roll(d))
}

func (app *App) rollForward(w http.ResponseWriter, r *http.Request) error {
	f := web.Form(r)
	t := engagement.Terms{
		Name: f.Line("name", 120), Firm: f.Line("firm", 120), PeriodStart: f.Date("period_start"), PeriodEnd: f.Date("period_end"),
		OpensOn: f.Date("opens_on"), ClosesOn: f.Date("closes_on"),
	}
	err := f.Err()
	var to engagement.Engagement
	var n rollforward.Counts
	if err == nil {
		to, err = write(app, r, func(ctx context.Context, tx *models.Tx) (engagement.Engagement, error) {
			from, err := engagement.BySlug(ctx, tx, web.Param(r, "engagement"))
			if err != nil {
				return from, err
			}
			next, counts, err := rollforward.Roll(ctx, tx, from, t)
			n = counts
			return next, err
		})
	}
	if refused := web.Errors(err); refused != nil {
		return app.rollAgain(w, r, web.Status(err), t, refused)
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "ok", fmt.Sprintf("%s is set up. Open findings: %d. Subservice organisations: %d. Complementary controls: %d. Requests, as drafts: %d.", to.Name, n.Findings, n.Organisations, n.Complements, n.Requests))
	return web.SeeOther(w, r, "/"+to.Path())
}
