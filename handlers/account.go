package handlers

import (
	"context"
	"net/http"

	"assay/models"
	"assay/models/people"
	"assay/models/reminder"
	"assay/templates/persons"
	"assay/web"
)

func (app *App) accountPage(w http.ResponseWriter, r *http.Request) error {
	d, err := read(app, r, func(ctx context.Context, tx *models.Tx) (d persons.AccountData, err error) {
		d.Engagements = len(tx.Actor.Engagements)
		if d.Person, err = people.ByID(ctx, tx, tx.Actor.ID); err != nil {
			return d, err
		}
		if d.Feed, d.HasFeed, err = reminder.FeedOf(ctx, tx, tx.Actor.ID); err != nil {
			return d, err
		}
		d.Sittings, err = sittings(ctx, tx, d.Person, web.SessionOf[people.Session](r))
		return d, err
	})
	if err != nil {
		return err
	}
	return app.page(w, r, http.StatusOK, persons.Account(d))
}

// accountSessionEnd ends a session of one's own, or all but this one. Those who may
// only read can do it too: it is logged, and it changes nothing that is kept.
func (app *App) accountSessionEnd(w http.ResponseWriter, r *http.Request) error {
	a, current := web.ActorOf(r), web.SessionOf[people.Session](r)
	err := app.DB.Bookkeep(r.Context(), func(tx *models.Tx) error {
		return endSessions(r.Context(), tx, a.ID, web.Param(r, "session"), current.ID)
	})
	if err != nil {
		return err
	}
	if err := app.DB.Observe(r.Context(), a, "session.revoke", people.PathOf(a.ID), nil); err != nil {
		return err
	}
	web.Flash(w, r, "ok", "Ended. It takes effect at once.")
	return web.SeeOther(w, r, "/account")
}

// preferenceLife is a year, in seconds.
const preferenceLife = 365 * 24 * 60 * 60

// accountAppearance keeps how this browser shows Assay. The cookies hold no secret, and
// a script of ours reads and writes the theme too.
func (app *App) accountAppearance(w http.ResponseWriter, r *http.Request) error {
	f := web.Form(r)
	theme, keys := f.Line("theme", 10), "off"
	if f.Bool("keys") {
		keys = "on"
	}
	life := preferenceLife
	if theme != "light" && theme != "dark" {
		theme, life = "", -1
	}
	app.preference(w, "theme", theme, life)
	app.preference(w, "keys", keys, preferenceLife)
	web.Flash(w, r, "ok", "Saved for this browser.")
	return web.SeeOther(w, r, "/account")
}

func (app *App) preference(w http.ResponseWriter, name, value string, life int) {
	http.SetCookie(w, &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: life, SameSite: http.SameSiteLaxMode, Secure: app.Secure})
}
