package handlers

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/url"

	"assay/internal/oidc"
	"assay/models"
	"assay/models/people"
	"assay/templates/signins"
	"assay/web"
)

// held is a form that waits until somebody has proved who they are. It stays on our side.
type held struct {
	Person int64
	What   string // as in "change a role"
	Path   string
	Form   url.Values
	Back   string // the page it came from
}

// fresh reports whether the visitor proved a moment ago who they are.
func (app *App) fresh(r *http.Request) bool {
	return web.SessionOf[people.Session](r).Fresh(app.DB.Now())
}

// stepUp keeps the form that was sent and asks its sender to sign in again. It answers
// with a page, not a redirect: the content policy also governs where the answer to a form
// may redirect to, and the provider is another site.
func (app *App) stepUp(w http.ResponseWriter, r *http.Request, what string) error {
	if err := r.ParseForm(); err != nil {
		return models.Invalid(map[string]string{"form": "This form could not be read. Please send it again."})
	}
	h := held{Person: web.ActorOf(r).ID, What: what, Path: oidc.SafeReturn(r.URL.RequestURI()), Form: r.PostForm, Back: back(r)}
	address, err := app.begin(w, r, oidc.Ask{MaxAge: people.FreshFor, Login: true, TrustPrompt: app.TrustPrompt}, &h)
	if err != nil {
		return app.refuse(w, r, err)
	}
	// RFC 9470, for a program that reads it.
	w.Header().Set("WWW-Authenticate", `Cookie error="insufficient_user_authentication", max_age="300"`)
	return app.page(w, r, http.StatusUnauthorized, signins.StepUp(signins.StepUpData{
		What: what, Provider: app.provider(), Address: address, Back: h.Back,
	}))
}

// back is the page of ours that a form was on.
func back(r *http.Request) string {
	u, err := url.Parse(r.Referer())
	if err != nil || u.Host != r.Host {
		return "/"
	}
	return oidc.SafeReturn(u.RequestURI())
}

// stepUpDone takes somebody who has proved who they are to what they were about to do. It
// gets a name of its own, so that the page can be loaded again.
func (app *App) stepUpDone(w http.ResponseWriter, r *http.Request, h held) error {
	name := rand.Text()
	if err := app.keep(w, r, name, h, 0); err != nil {
		return err
	}
	return web.SeeOther(w, r, "/auth/continue?with="+name)
}

// stepUpContinue shows what was about to be done, as a form to send once more. To look at
// it does nothing.
func (app *App) stepUpContinue(w http.ResponseWriter, r *http.Request) error {
	h, err := read(app, r, func(ctx context.Context, tx *models.Tx) (h held, err error) {
		row, err := people.FindPending(ctx, tx, web.TokenHash(r.URL.Query().Get("with")), web.TokenHash(web.Secret(r, browserCookie, app.Secure)))
		if err != nil {
			return h, err
		}
		if err := json.Unmarshal([]byte(row.Data), &h); err != nil {
			return h, err
		}
		if h.Person != tx.Actor.ID {
			return h, models.NotFound("What you were about to do")
		}
		return h, nil
	})
	if err != nil {
		return err
	}
	return app.page(w, r, http.StatusOK, signins.Continue(signins.ContinueData{What: h.What, Path: h.Path, Form: h.Form, Back: h.Back}))
}
