// Package handlers is the product as the browser sees it: one table of routes and
// one file per kind of page.
package handlers

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/a-h/templ"

	"assay/internal/blob"
	"assay/internal/egress"
	"assay/internal/oidc"
	"assay/internal/seal"
	"assay/internal/throttle"
	"assay/internal/tlog"
	"assay/models"
	"assay/models/access"
	"assay/models/evidence"
	"assay/static"
	"assay/templates/ui"
	"assay/web"
)

// An App is everything the handlers work with.
type App struct {
	DB    *models.DB
	Blobs blob.Store
	// Who finds the visitor. It is nil, which means the session store, but in tests.
	Who func(w http.ResponseWriter, r *http.Request) (context.Context, access.Actor, error)
	// Signer signs binders, with the key of the log. Without it there are none.
	Signer *tlog.Signer
	// MaxFile is the largest evidence file in bytes.
	MaxFile int64
	Quota   evidence.Quota
	Demo    bool // shows the component page, and says that the data is invented
	Secure  bool // served over HTTPS
	// MailServer is where mail goes; "" is nowhere.
	MailServer, MailFrom string
	// Draining says that this server stops soon and wants no new visitors. nil is never.
	Draining func() bool
	// Scanning is for malware: auditors then get what was found clean only.
	Scanning bool
	// HookClient calls webhooks, at the hosts that the operator lists; HookBox seals their
	// secrets. Both are nil where no hosts are listed.
	HookClient *egress.Client
	HookHosts  []string
	HookBox    *seal.Box
	// JobLabel says a kind of job in words, JobWaits what its turns wait for besides the clock.
	JobLabel, JobWaits func(kind string) string

	// OIDC signs people in; without it nobody can.
	OIDC         *oidc.Provider
	ProviderName string       // on the button, "single sign-on" when empty
	Roles        oidc.RoleMap // which groups give which role
	TrustEmail   bool         // believe addresses that the provider does not call verified
	TrustPrompt  bool         // believe that the provider asks people anew when it never says when it did
	Box          *seal.Box    // seals what the provider gives to be asked again with; without it nothing is kept
	Contact      string       // whom people without a role should ask
	BaseURL      string       // scheme and host under which people reach Assay
	SignInLimit  int          // sign-ins a minute that one address may begin and not finish; 0 is no limit
	Proxies      []string     // networks whose X-Forwarded-For is believed

	sending *throttle.Turns // who is sending files to this replica
	reading *throttle.Turns // whose lists it is reading
	guesses *throttle.Rates // who brought this replica tokens that are none
}

// Router serves the table of routes.
func (app *App) Router() http.Handler {
	app.sending, app.reading, app.guesses = new(throttle.Turns), new(throttle.Turns), throttle.NewRates(guessesMost, time.Minute)
	who := app.Who
	if who == nil {
		who = app.visitor
	}
	return web.New(app.Routes(), web.Site{
		Who: who, Around: around, SignIn: app.signInFirst, Seen: app.seen, Fresh: app.fresh, StepUp: app.stepUp, Failed: app.failed, Secure: app.Secure, Programs: app.Demo, Proxies: app.Proxies,
	})
}

// read runs f with what the visitor may see.
func read[T any](app *App, r *http.Request, f func(context.Context, *models.Tx) (T, error)) (v T, err error) {
	err = app.DB.Read(r.Context(), web.ActorOf(r), func(tx *models.Tx) error {
		v, err = f(r.Context(), tx)
		return err
	})
	return v, err
}

// write runs f in a transaction of the visitor.
func write[T any](app *App, r *http.Request, f func(context.Context, *models.Tx) (T, error)) (v T, err error) {
	err = app.DB.Write(r.Context(), web.ActorOf(r), func(tx *models.Tx) error {
		v, err = f(r.Context(), tx)
		return err
	})
	return v, err
}

// page renders c inside the shell of the visitor.
func (app *App) page(w http.ResponseWriter, r *http.Request, code int, c templ.Component) error {
	shell, err := app.shell(w, r)
	if err != nil {
		return err
	}
	return web.Render(w, r.WithContext(ui.WithShell(r.Context(), shell)), code, c)
}

// fragment renders the part of a page that htmx asked for.
func (app *App) fragment(w http.ResponseWriter, r *http.Request, code int, c templ.Component) error {
	shell, err := app.surroundings(r)
	if err != nil {
		return err
	}
	return web.Render(w, r.WithContext(ui.WithShell(r.Context(), shell)), code, c)
}

// seen logs that an auditor is about to be shown a page or a file. It names the
// record by the first two parts of the address, so the entry stands on its feed.
func (app *App) seen(r *http.Request, a access.Actor) error {
	verb := "page.view"
	if strings.Contains(r.URL.Path, "/files/") || strings.Contains(r.URL.Path, "/export.") || strings.HasSuffix(r.URL.Path, "/binder.zip") {
		verb = "file.download"
	}
	parts := strings.SplitN(strings.TrimPrefix(r.URL.Path, "/"), "/", 3)
	about := strings.Join(parts[:min(len(parts), 2)], "/")
	return app.DB.Observe(r.Context(), a, verb, about, models.Note{"path": r.URL.Path})
}

var headings = map[int]string{
	http.StatusNotFound:              "Not found",
	http.StatusForbidden:             "Not allowed",
	http.StatusConflict:              "Somebody was faster",
	http.StatusUnprocessableEntity:   "Please check what you entered",
	http.StatusRequestEntityTooLarge: "Too large",
	http.StatusGone:                  "No longer kept",
	http.StatusServiceUnavailable:    "Not available right now",
	http.StatusInsufficientStorage:   "No room left",
	http.StatusTooManyRequests:       "Too many at once",
}

// failed renders an error page. When even the shell cannot be read, the page is the
// gate, which needs nothing.
func (app *App) failed(w http.ResponseWriter, r *http.Request, code int, message string) {
	heading := headings[code]
	if heading == "" {
		heading = "Something went wrong"
	}
	id := models.RequestID(r.Context())
	c := ui.ErrorPage(code, heading, message, id)
	shell, err := app.surroundings(r)
	if err != nil {
		shell = ui.Shell{RequestID: id}
	}
	if err := web.Render(w, r.WithContext(ui.WithShell(r.Context(), shell)), code, c); err != nil {
		http.Error(w, fmt.Sprintf("%s\n\nRequest %s", message, id), code)
	}
}

func (app *App) static(w http.ResponseWriter, r *http.Request) error {
	static.Handler().ServeHTTP(w, r)
	return nil
}

func (app *App) health(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if app.Draining != nil && app.Draining() { // first, for it must be heard in time, however busy the database is
		w.WriteHeader(http.StatusServiceUnavailable)
		_, err := fmt.Fprintln(w, "stopping")
		return err
	}
	if err := app.DB.Ping(r.Context()); err != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		_, err = fmt.Fprintln(w, "the database does not answer")
		return err
	}
	if app.DB.Halted() != "" {
		w.WriteHeader(http.StatusServiceUnavailable)
		_, err := fmt.Fprintln(w, "the log failed a check; read-only")
		return err
	}
	_, err := fmt.Fprintln(w, "ok")
	return err
}

func (app *App) components(w http.ResponseWriter, r *http.Request) error {
	if !app.Demo {
		return models.NotFound("Page")
	}
	return app.page(w, r, http.StatusOK, ui.Components())
}
