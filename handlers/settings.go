package handlers

import (
	"context"
	"net/http"

	"assay/internal/jobs"
	"assay/models"
	"assay/models/programme"
	"assay/templates/helps"
	"assay/templates/settings"
	"assay/web"
)

func (app *App) settingsPage(w http.ResponseWriter, r *http.Request) error {
	d, err := read(app, r, func(ctx context.Context, tx *models.Tx) (d settings.Data, err error) {
		d = settings.Data{Database: app.DB.Dialect(), MaxFile: app.MaxFile, Room: app.Quota.Bytes, FilesPerDay: app.Quota.FilesPerDay, Leavers: app.checking(), Build: app.DB.Build, Scanning: app.Scanning, MailServer: app.MailServer, MailFrom: app.MailFrom}
		if d.Programme, err = programme.Current(ctx, tx); err != nil {
			return d, err
		}
		if d.Log, err = logState(ctx, tx); err != nil {
			return d, err
		}
		stored, err := models.Raw[struct {
			Files int
			Bytes int64
		}](ctx, tx, "SELECT count(*) AS files, coalesce(sum(size), 0) AS bytes FROM (SELECT DISTINCT digest, size FROM evidence_files) stored")
		if err == nil && len(stored) == 1 {
			d.Files, d.Bytes = stored[0].Files, stored[0].Bytes
		}
		return d, err
	})
	if err != nil {
		return err
	}
	return app.page(w, r, http.StatusOK, settings.Page(d))
}

// mailTest has a test mail sent to whoever asks for it.
func (app *App) mailTest(w http.ResponseWriter, r *http.Request) error {
	if app.MailServer == "" {
		return models.Conflict("This installation has no mail server, so no mail can be sent.")
	}
	_, err := write(app, r, func(ctx context.Context, tx *models.Tx) (struct{}, error) {
		if err := tx.Record("mail.test", "settings"); err != nil {
			return struct{}{}, err
		}
		return struct{}{}, jobs.AskTest(ctx, tx, tx.Actor.ID)
	})
	if err != nil {
		return err
	}
	web.Flash(w, r, "ok", "A test mail is on its way to you. If it does not arrive, the jobs say why.")
	return web.SeeOther(w, r, "/settings")
}

func (app *App) help(w http.ResponseWriter, r *http.Request) error {
	return app.page(w, r, http.StatusOK, helps.Page())
}
