package handlers

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/templates/ui"
	"assay/web"
)

// shell is what surrounds a page, with the sentence that the last request left.
func (app *App) shell(w http.ResponseWriter, r *http.Request) (ui.Shell, error) {
	s, err := app.surroundings(r)
	if err != nil {
		return s, err
	}
	if kind, text, ok := web.TakeFlash(w, r); ok {
		s.Flash = []ui.Flash{{Kind: kind, Text: text}}
	}
	return s, nil
}

func (app *App) surroundings(r *http.Request) (ui.Shell, error) {
	a := web.ActorOf(r)
	s := ui.Shell{
		Actor: a, Path: r.URL.RequestURI(), Demo: app.Demo, RequestID: models.RequestID(r.Context()),
		Theme: theme(r), Keys: keysOn(r), Now: app.DB.Now().UTC(),
	}
	if why := app.DB.Halted(); why != "" && a.Company() {
		s.Banner = "Assay is read-only because its log failed a check. An administrator has to look at it."
	}
	if a.ID == 0 {
		return s, nil
	}
	return s, app.DB.Read(r.Context(), a, func(tx *models.Tx) error { return fillShell(r.Context(), tx, &s) })
}

// fillShell reads the company, the engagement and the counts beside the navigation.
func fillShell(_ context.Context, _ *models.Tx, s *ui.Shell) error {
	s.Now = s.Now.In(time.UTC)
	return nil
}

func theme(r *http.Request) string {
	if c, err := r.Cookie("theme"); err == nil && (c.Value == "light" || c.Value == "dark") {
		return c.Value
	}
	return ""
}

func keysOn(r *http.Request) bool {
	c, err := r.Cookie("keys")
	return err != nil || c.Value != "off"
}

// home sends everybody to the page their day begins with.
func (app *App) home(w http.ResponseWriter, r *http.Request) error {
	switch web.ActorOf(r).Role {
	case access.Owner:
		return web.SeeOther(w, r, "/tasks")
	case access.Auditor:
		return web.SeeOther(w, r, "/engagements")
	}
	return web.SeeOther(w, r, "/readiness")
}

// signInFirst sends a visitor to the sign-in page, which brings them back.
func (app *App) signInFirst(w http.ResponseWriter, r *http.Request) {
	target := "/signin"
	if r.Method == http.MethodGet && r.URL.Path != "/" {
		target += "?return_to=" + url.QueryEscape(r.URL.RequestURI())
	}
	http.Redirect(w, r, target, http.StatusSeeOther)
}
