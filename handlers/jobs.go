package handlers

import (
	"context"
	"net/http"

	"assay/models"
	"assay/models/job"
	"assay/templates/settings"
	"assay/templates/ui"
	"assay/web"
)

const jobPageSize = 50

func (app *App) jobsPage(w http.ResponseWriter, r *http.Request) error {
	d := settings.JobsData{Label: app.jobLabel, Waits: app.jobWaits, State: job.State(web.Query(r).Line("state", 20))}
	list, err := read(app, r, func(ctx context.Context, tx *models.Tx) (list models.Window[job.Job], err error) {
		if d.Turns, err = job.Turns(ctx, tx); err != nil {
			return list, err
		}
		if d.Dead, err = job.CountDead(ctx, tx, ui.CountLimit); err != nil {
			return list, err
		}
		return job.List(ctx, tx, d.State, web.PageOf(r, jobPageSize))
	})
	if err != nil {
		return err
	}
	d.Rows = list.Items
	d.Earlier, d.Later = evidenceCursors(r, list.Earlier, list.Later)
	return app.page(w, r, http.StatusOK, settings.Jobs(d))
}

// jobLabel is a kind of job in words.
func (app *App) jobLabel(kind string) string {
	if app.JobLabel == nil {
		return kind
	}
	return app.JobLabel(kind)
}

func (app *App) jobWaits(kind string) string {
	if app.JobWaits == nil {
		return ""
	}
	return app.JobWaits(kind)
}

func (app *App) jobRetry(w http.ResponseWriter, r *http.Request) error {
	id, err := web.ID(r, "job")
	if err != nil {
		return err
	}
	j, err := write(app, r, func(ctx context.Context, tx *models.Tx) (job.Job, error) { return job.Retry(ctx, tx, id) })
	if err != nil {
		return err
	}
	web.Flash(w, r, "ok", app.jobLabel(j.Kind)+": a replica tries it within seconds.")
	return web.SeeOther(w, r, "/settings/jobs")
}
