package handlers

import (
	"fmt"
	"log/slog"
	"net/http"

	"assay/internal/oidc"
	"assay/models"
	"assay/models/access"
	"assay/models/breakglass"
	"assay/models/people"
	"assay/templates/signins"
	"assay/web"
)

// BreakGlassPath is where break-glass links lead; the token follows.
const BreakGlassPath = "/break-glass/"

// breakGlassPage asks whoever opens a link whether to use it.
func (app *App) breakGlassPage(w http.ResponseWriter, r *http.Request) error {
	p, _, err := app.breakGlass(r)
	if err != nil {
		return err
	}
	w.Header().Set("Referrer-Policy", "no-referrer") // the address is the key
	return app.page(w, r, http.StatusOK, signins.BreakGlass(p.Name))
}

// breakGlassEnter lets them in. The link is spent first, so whatever happens next it
// cannot be used twice. The session cannot be put to the provider, so it is short; and
// coming from the host is a proof of who one is, so it is fresh.
func (app *App) breakGlassEnter(w http.ResponseWriter, r *http.Request) error {
	p, hash, err := app.breakGlass(r)
	if err != nil {
		return err
	}
	if err := app.DB.Write(r.Context(), p.Actor(), func(tx *models.Tx) error { return breakglass.Enter(r.Context(), tx, hash) }); err != nil {
		return err
	}
	slog.WarnContext(r.Context(), "break-glass link used", "id", models.RequestID(r.Context()), "person", p.ID, "address", web.ClientIP(r))
	if err := app.startSession(w, r, p, oidc.Identity{}, oidc.Ask{Login: true}); err != nil {
		return err
	}
	web.Flash(w, r, "bad", fmt.Sprintf("You came in with a break-glass link, which is in the log. This session ends after %.0f minutes.", people.UncheckedLife(p.Role).Minutes()))
	return web.SeeOther(w, r, "/")
}

// breakGlass finds whom the link of a request lets in. A network that tries many links
// that are none is refused.
func (app *App) breakGlass(r *http.Request) (p people.Person, hash string, err error) {
	hash = web.TokenHash(web.Param(r, "token"))
	r.URL.Path = BreakGlassPath // what fails from here on is logged with its path, which is the key
	if err := app.guessing(r); err != nil {
		return p, hash, err
	}
	err = app.DB.Read(r.Context(), access.Actor{}, func(tx *models.Tx) error {
		p, err = breakglass.Find(r.Context(), tx, hash)
		return err
	})
	if models.KindOf(err) == models.KindNotFound {
		app.guessed(r)
		err = &models.Error{Kind: models.KindNotFound, Message: "This link was used, has run out after 15 minutes, or was replaced by a later one. A new one is made on the host: assay break-glass."}
	}
	return p, hash, err
}
