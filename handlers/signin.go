package handlers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"assay/internal/oidc"
	"assay/internal/throttle"
	"assay/models"
	"assay/models/access"
	"assay/models/people"
	"assay/templates/signins"
	"assay/templates/ui"
	"assay/web"
)

// browserCookie binds a pending sign-in to the browser it was begun in.
const browserCookie = "assay-signin"

func (app *App) signinPage(w http.ResponseWriter, r *http.Request) error {
	back := oidc.SafeReturn(r.URL.Query().Get("return_to"))
	if web.ActorOf(r).ID != 0 {
		return web.SeeOther(w, r, back)
	}
	return app.page(w, r, http.StatusOK, signins.Page(signins.PageData{
		Provider: app.provider(), ReturnTo: back, Left: r.URL.Query().Has("left"),
	}))
}

func (app *App) provider() string {
	if app.ProviderName == "" {
		return "single sign-on"
	}
	return app.ProviderName
}

func (app *App) signinStart(w http.ResponseWriter, r *http.Request) error {
	address, err := app.begin(w, r, oidc.Ask{}, nil)
	if err != nil {
		return app.refuse(w, r, err)
	}
	return web.SeeOther(w, r, address)
}

// pendingSignIn is what is kept on our side while somebody is at the provider.
type pendingSignIn struct {
	oidc.Pending
	Held *held `json:",omitempty"`
}

var errNoProvider = errors.New("no identity provider is configured")

// begin remembers a sign-in on our side and returns where to send the browser. Several
// tabs may each have one pending; they share the cookie of the browser.
func (app *App) begin(w http.ResponseWriter, r *http.Request, ask oidc.Ask, what *held) (address string, err error) {
	if app.OIDC == nil {
		return "", errNoProvider
	}
	p := pendingSignIn{Held: what}
	if address, p.Pending, err = app.OIDC.Begin(r.Context(), r.URL.Query().Get("return_to"), ask); err != nil {
		return "", err
	}
	return address, app.keep(w, r, p.State, p, app.SignInLimit)
}

// keep puts what into the table of pending sign-ins under the name, for this browser.
func (app *App) keep(w http.ResponseWriter, r *http.Request, name string, what any, limit int) error {
	data, err := json.Marshal(what)
	if err != nil {
		return err
	}
	browser := web.Secret(r, browserCookie, app.Secure)
	if browser == "" {
		browser = web.NewToken()
	}
	row := people.PendingSignIn{
		StateHash: web.TokenHash(name), Browser: web.TokenHash(browser), Data: string(data), Address: throttle.Network(web.ClientIP(r)),
	}
	if err := app.DB.Bookkeep(r.Context(), func(tx *models.Tx) error { return row.Begin(r.Context(), tx, limit) }); err != nil {
		return err
	}
	http.SetCookie(w, web.SecretCookie(browserCookie, browser, int(people.PendingLife.Seconds()), app.Secure))
	return nil
}

// signinFinish takes the browser back from the provider. The pending sign-in is taken
// out first, so whatever happens next it cannot be finished twice.
func (app *App) signinFinish(w http.ResponseWriter, r *http.Request) error {
	if app.OIDC == nil {
		return app.refuse(w, r, errNoProvider)
	}
	if err := app.guessing(r); err != nil {
		return app.refuse(w, r, err)
	}
	pending, err := app.takePending(r)
	if err != nil {
		return app.refuse(w, r, err)
	}
	id, err := app.OIDC.Finish(r.Context(), r.URL.Query(), pending.Pending)
	if err != nil {
		if pending.State == "" {
			app.guessed(r)
		}
		return app.refuse(w, r, err)
	}
	p, err := app.arrive(r.Context(), id)
	if err == nil && pending.Held != nil && pending.Held.Person != p.ID {
		err = models.Forbidden("You signed in as somebody else than had begun this, so nothing was done.")
	}
	if err != nil {
		return app.refuse(w, r, err)
	}
	if err := app.startSession(w, r, p, id, pending.Ask); err != nil {
		return err
	}
	if pending.Held != nil {
		return app.stepUpDone(w, r, *pending.Held)
	}
	return web.SeeOther(w, r, pending.ReturnTo)
}

// takePending returns the zero Pending, which oidc refuses with a reason, when this
// browser has none with the state it brings.
func (app *App) takePending(r *http.Request) (pending pendingSignIn, err error) {
	browser := web.Secret(r, browserCookie, app.Secure)
	err = app.DB.Bookkeep(r.Context(), func(tx *models.Tx) error {
		p, err := people.TakePending(r.Context(), tx, web.TokenHash(r.URL.Query().Get("state")), web.TokenHash(browser))
		if err != nil {
			return err
		}
		return json.Unmarshal([]byte(p.Data), &pending)
	})
	if models.KindOf(err) == models.KindNotFound {
		return pendingSignIn{}, nil
	}
	return pending, err
}

// arrive turns an identity into a person who may come in. What has to be written about
// them is decided again inside the transaction that writes it; when two tabs bring a
// new person at once, the second one finds the first one's work.
func (app *App) arrive(ctx context.Context, id oidc.Identity) (people.Person, error) {
	role, err := app.Roles.Role(id.Groups)
	if err != nil {
		return people.Person{}, err
	}
	a := people.Arrival{
		Issuer: id.Issuer, Subject: id.Subject, Email: id.Email, EmailVerified: id.EmailVerified || app.TrustEmail,
		Name: id.Name, Role: access.Role(role),
	}
	var welcome people.Welcome
	look := func(tx *models.Tx) (err error) {
		welcome, err = people.Arrive(ctx, tx, a)
		return err
	}
	settle := func(tx *models.Tx) error {
		if err := look(tx); err != nil {
			return err
		}
		if err := welcome.Settle(ctx, tx); err != nil {
			return err
		}
		return relieve(ctx, tx, welcome.Person) // the provider may have given another role
	}
	err = app.DB.Read(ctx, access.Actor{}, look)
	if err == nil && !welcome.Settled() {
		err = app.DB.Write(ctx, access.Clock, settle)
		if models.Duplicate(err) {
			err = app.DB.Write(ctx, access.Clock, settle)
		}
	}
	if err == nil && welcome.Person.Role == "" {
		err = models.Forbidden(people.NoRole)
	}
	if models.KindOf(err) == models.KindForbidden && welcome.Person.ID != 0 {
		app.noteRefusal(ctx, welcome.Person, err)
	}
	return welcome.Person, err
}

// noteRefusal logs that somebody known was turned away. They stay turned away when it
// cannot be logged.
func (app *App) noteRefusal(ctx context.Context, p people.Person, why error) {
	var e *models.Error
	if !errors.As(why, &e) {
		return
	}
	if err := app.DB.Observe(ctx, p.Actor(), "session.refuse", p.Path(), models.Note{"reason": e.Message}); err != nil {
		slog.ErrorContext(ctx, "refusal not logged", "id", models.RequestID(ctx), "err", err)
	}
}

// refuse renders the page that says why nobody was signed in. The cause goes to the
// program's log; the reader gets a sentence, and the id to name.
func (app *App) refuse(w http.ResponseWriter, r *http.Request, err error) error {
	code, message := http.StatusInternalServerError, "Something went wrong on our side, and nobody has been signed in."
	var failure *oidc.Failure
	var rule *models.Error
	switch {
	case errors.As(err, &failure):
		code, message = failure.Status(), failure.Sentence()
	case errors.As(err, &rule):
		code, message = web.Status(err), rule.Message
	}
	if app.OIDC == nil {
		code, message = http.StatusServiceUnavailable, "Nobody can sign in, because no identity provider is configured."
	}
	web.RetryAfter(w, err)
	slog.WarnContext(r.Context(), "sign-in refused", "id", models.RequestID(r.Context()), "reason", string(oidc.Why(err)), "err", err)
	d := signins.Refusal{Heading: "You are not signed in", Message: message, RequestID: models.RequestID(r.Context()), Retry: "/signin"}
	if code == http.StatusForbidden {
		d.Contact = app.Contact
		if d.Contact == "" {
			d.Contact = "whoever runs Assay in your company"
		}
	}
	shell, err := app.shell(w, r)
	if err != nil {
		return err
	}
	shell.Actor = access.Actor{} // the page is the gate, whoever was signed in before
	return web.Render(w, r.WithContext(ui.WithShell(r.Context(), shell)), code, signins.Refused(d))
}

// signout ends the session here, and then at the provider if it offers that. The browser
// is sent on by a header, not by a redirect: the content policy also governs where the
// answer to a form may redirect to, and the provider is another site.
func (app *App) signout(w http.ResponseWriter, r *http.Request) error {
	hint := web.SessionOf[people.Session](r).IDToken
	if err := app.giveBack(r); err != nil {
		slog.WarnContext(r.Context(), "grant not given back", "id", models.RequestID(r.Context()), "err", err) // leaving is not worth failing for
	}
	if err := app.endSession(w, r); err != nil {
		return err
	}
	w.Header().Set("Clear-Site-Data", `"storage"`)
	here := "/signin?left=1"
	if app.OIDC == nil || hint == "" {
		return web.SeeOther(w, r, here)
	}
	address := app.OIDC.LogoutURL(r.Context(), hint, app.BaseURL+"/signin")
	if address == "" {
		return web.SeeOther(w, r, here)
	}
	w.Header().Set("Refresh", "0; url="+address)
	r = r.WithContext(web.WithActor(r.Context(), access.Actor{}))
	return app.page(w, r, http.StatusOK, signins.Leaving(app.provider(), address))
}

// signoutByProvider is back-channel logout: the provider says that a sitting is over.
// Anybody can reach it, so it believes nothing but the token, and each token once.
func (app *App) signoutByProvider(w http.ResponseWriter, r *http.Request) error {
	if app.OIDC == nil {
		return models.NotFound("Page")
	}
	if err := app.guessing(r); err != nil {
		return app.refuseOrder(w, r, err)
	}
	order, err := app.OIDC.VerifyLogout(r.Context(), web.Form(r).Typed("logout_token"))
	if err != nil {
		app.guessed(r)
		return app.refuseOrder(w, r, err)
	}
	var ended []people.Session
	err = app.DB.Bookkeep(r.Context(), func(tx *models.Tx) error {
		if err := people.Spend(r.Context(), tx, order.Issuer, order.ID); err != nil {
			return err
		}
		ended, err = people.EndedByProvider(r.Context(), tx, order.Issuer, order.Subject, order.SID)
		return err
	})
	if models.KindOf(err) == models.KindConflict {
		return app.refuseOrder(w, r, err)
	}
	if err != nil {
		return err
	}
	for _, s := range ended {
		if err := app.noteRevoked(r.Context(), s, "The identity provider ended it."); err != nil {
			return err
		}
	}
	w.WriteHeader(http.StatusOK)
	return nil
}

// refuseOrder answers as OpenID Connect Back-Channel Logout 1.0 says, section 2.8.
func (app *App) refuseOrder(w http.ResponseWriter, r *http.Request, err error) error {
	slog.WarnContext(r.Context(), "logout order refused", "id", models.RequestID(r.Context()), "err", err)
	code := http.StatusBadRequest
	var failure *oidc.Failure
	switch {
	case errors.As(err, &failure) && failure.Status() == http.StatusServiceUnavailable:
		code = http.StatusServiceUnavailable // the provider may send it again
	case models.KindOf(err) == models.KindTooMany:
		code = http.StatusTooManyRequests
		web.RetryAfter(w, err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_, err = fmt.Fprintln(w, `{"error":"invalid_request"}`)
	return err
}

// CallbackPath is where the provider sends the browser back to, and LogoutPath where it
// sends its orders to end sessions. Both are registered there, below the base URL.
const (
	CallbackPath = "/auth/callback"
	LogoutPath   = "/auth/backchannel-logout"
)
