// Package web is the HTTP machinery: routes, the guard, errors, forms, rendering. It
// knows no noun; handlers tell it who the visitor is and how a page looks.
package web

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/a-h/templ"
	"github.com/go-chi/chi/v5"
	"github.com/klauspost/compress/gzhttp"

	"assay/models"
	"assay/models/access"
)

// A Handler answers one request. What it returns as an error, it has not written.
type Handler func(w http.ResponseWriter, r *http.Request) error

// A Route is one line of the table in handlers/routes.go.
type Route struct {
	Method  string
	Pattern string
	Needs   access.Permission
	Do      Handler
	// Body is the largest request body in bytes; 0 means DefaultBody.
	Body int64
	// Fresh says in words what the route does, if it does so only for somebody who proved
	// a moment ago who they are.
	Fresh string
}

// DefaultBody bounds forms without files.
const DefaultBody = 1 << 20

// Get is a route that only reads.
func Get(pattern string, needs access.Permission, do Handler) Route {
	return Route{Method: http.MethodGet, Pattern: pattern, Needs: needs, Do: do}
}

// Post is a route that changes something.
func Post(pattern string, needs access.Permission, do Handler) Route {
	return Route{Method: http.MethodPost, Pattern: pattern, Needs: needs, Do: do}
}

// Fresh is a route for somebody who proved a moment ago who they are. what says what it
// does, as in "to change a role".
func Fresh(what string, rt Route) Route {
	rt.Fresh = what
	return rt
}

// Upload is Post with a body of at most limit bytes.
func Upload(pattern string, needs access.Permission, limit int64, do Handler) Route {
	return Route{Method: http.MethodPost, Pattern: pattern, Needs: needs, Do: do, Body: limit}
}

// Patch is a route that changes part of something, with a body of at most limit bytes.
func Patch(pattern string, needs access.Permission, limit int64, do Handler) Route {
	return Route{Method: http.MethodPatch, Pattern: pattern, Needs: needs, Do: do, Body: limit}
}

// Delete is a route that takes something away.
func Delete(pattern string, needs access.Permission, do Handler) Route {
	return Route{Method: http.MethodDelete, Pattern: pattern, Needs: needs, Do: do}
}

// Options is a route that says what an address can do.
func Options(pattern string, needs access.Permission, do Handler) Route {
	return Route{Method: http.MethodOptions, Pattern: pattern, Needs: needs, Do: do}
}

// A Site is what package web needs to be told.
type Site struct {
	// Who finds the visitor. The zero Actor is nobody. It may return a context that
	// carries more, such as the session.
	Who func(w http.ResponseWriter, r *http.Request) (context.Context, access.Actor, error)
	// Around is what every page needs to know, as far as it can be kept.
	Around func(*models.Tx) []models.Keep
	// SignIn answers somebody who has to sign in first.
	SignIn func(w http.ResponseWriter, r *http.Request)
	// Seen logs that a read-only actor is about to be shown something. When it fails
	// the page is not shown.
	Seen func(r *http.Request, a access.Actor) error
	// Fresh reports whether the visitor proved a moment ago who they are, and StepUp asks
	// them to, for what a route does.
	Fresh  func(r *http.Request) bool
	StepUp func(w http.ResponseWriter, r *http.Request, what string) error
	// Failed renders an error page.
	Failed func(w http.ResponseWriter, r *http.Request, code int, message string)
	// Secure adds what holds on HTTPS only.
	Secure bool
	// Programs may change things with a cookie without saying where they come from. It is
	// for demonstrations, which scripts try out.
	Programs bool
	// Proxies are the networks, as CIDR prefixes, whose X-Forwarded-For is believed.
	Proxies []string
}

type actorKey struct{}

// ActorOf is who makes the request.
func ActorOf(r *http.Request) access.Actor { return ActorIn(r.Context()) }

// ActorIn is ActorOf for work that goes on when the request has ended.
func ActorIn(ctx context.Context) access.Actor {
	a, _ := ctx.Value(actorKey{}).(access.Actor)
	return a
}

// WithActor puts the actor into a context.
func WithActor(ctx context.Context, a access.Actor) context.Context {
	return context.WithValue(ctx, actorKey{}, a)
}

// New builds the router. A route that names no permission is a bug, not a default.
func New(routes []Route, site Site) chi.Router {
	mux := chi.NewRouter()
	mux.Use(site.clientIP(), site.identify, site.recover, site.headers, http.NewCrossOriginProtection().Handler, site.knownOrigin)
	compress := compressor()
	for _, rt := range routes {
		if rt.Needs == "" {
			panic(fmt.Sprintf("%s %s names no permission", rt.Method, rt.Pattern))
		}
		mux.Method(rt.Method, rt.Pattern, compress(site.guard(rt)))
		if rt.Method == http.MethodGet {
			mux.Method(http.MethodHead, rt.Pattern, site.guard(rt))
		}
	}
	mux.NotFound(site.notFound)
	mux.MethodNotAllowed(site.notFound)
	return mux
}

// compressor packs pages only: downloads are served by sendfile and are mostly packed
// already. The random padding blunts guesses from the length.
func compressor() func(http.Handler) http.HandlerFunc {
	// Level 5 makes a list a ninth smaller than 2 does, for a twentieth of a millisecond.
	wrap, err := gzhttp.NewWrapper(gzhttp.CompressionLevel(5), gzhttp.MinSize(1024),
		gzhttp.RandomJitter(32, 0, false), gzhttp.ContentTypes([]string{"text/html"}))
	if err != nil {
		panic(err)
	}
	return wrap
}

// identify gives the request an id and logs one line when it is answered.
func (s Site) identify(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := rand.Text()[:12]
		ctx := models.WithLog(models.WithRequestID(r.Context(), id))
		if s.Around != nil {
			ctx = models.KeepTogether(ctx, s.Around)
		}
		sw := &statusWriter{ResponseWriter: w}
		start := time.Now()
		r = r.WithContext(context.WithValue(ctx, lineKey{}, sw))
		next.ServeHTTP(sw, r)
		pattern := ""
		if rc := chi.RouteContext(r.Context()); rc != nil {
			pattern = rc.RoutePattern()
		}
		slog.LogAttrs(ctx, slog.LevelInfo, "request", slog.String("id", id), slog.String("method", r.Method),
			slog.String("route", pattern), slog.Int64("actor", sw.actor), slog.Int("status", sw.status()),
			slog.Duration("took", time.Since(start)))
	})
}

type statusWriter struct {
	http.ResponseWriter
	code  int
	actor int64
}

type lineKey struct{}

// noteActor names the actor in the line that identify will log. It goes through the
// context because other writers may lie between.
func noteActor(ctx context.Context, id int64) {
	if sw, ok := ctx.Value(lineKey{}).(*statusWriter); ok {
		sw.actor = id
	}
}

func (w *statusWriter) WriteHeader(code int) {
	if w.code == 0 {
		w.code = code
	}
	w.ResponseWriter.WriteHeader(code)
}

func (w *statusWriter) status() int {
	if w.code == 0 {
		return http.StatusOK
	}
	return w.code
}

// Unwrap lets http.ResponseController and sendfile reach the connection.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// ReadFrom keeps sendfile for downloads.
func (w *statusWriter) ReadFrom(src io.Reader) (int64, error) {
	return io.Copy(w.ResponseWriter, src)
}

func (s Site) recover(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			switch p := recover(); p {
			case nil:
			case http.ErrAbortHandler:
				panic(p)
			default:
				s.fail(w, r, fmt.Errorf("panic: %v", p))
			}
		}()
		next.ServeHTTP(w, r)
	})
}

// Policy is the content security policy of every page. The policies of Trusted Types are
// in static/js: default in trusted.js, search in palette.js.
const Policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; " +
	"worker-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'; " +
	"require-trusted-types-for 'script'; trusted-types default search"

func (s Site) headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", Policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
		h.Set("Cache-Control", "no-store")
		h.Add("Vary", "HX-Request, Cookie")
		if s.Secure {
			h.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
			r = r.WithContext(context.WithValue(r.Context(), secureKey{}, true))
		}
		next.ServeHTTP(w, r)
	})
}

// knownOrigin closes the gaps that CrossOriginProtection leaves: a change that comes with
// a cookie has to say where it comes from, and on HTTPS that is not plain HTTP. Only where
// Programs are let through need one not say so, if it does not call itself Mozilla, as
// every browser but a text one does.
func (s Site) knownOrigin(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		unsafe := r.Method != http.MethodGet && r.Method != http.MethodHead && r.Method != http.MethodOptions
		origin := r.Header.Get("Origin")
		silent := r.Header.Get("Cookie") != "" && r.Header.Get("Sec-Fetch-Site") == "" && origin == ""
		program := s.Programs && !strings.HasPrefix(r.UserAgent(), "Mozilla/")
		switch {
		case unsafe && silent && !program:
			s.Failed(w, r, http.StatusForbidden, "Your browser did not say which page this came from, so it was not done.")
		case unsafe && s.Secure && strings.HasPrefix(origin, "http://"):
			s.Failed(w, r, http.StatusForbidden, "This came from a page that was not read over HTTPS, so it was not done.")
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func (s Site) guard(rt Route) http.HandlerFunc {
	limit := rt.Body
	if limit == 0 {
		limit = DefaultBody
	}
	return func(w http.ResponseWriter, r *http.Request) {
		if rt.Needs == access.Public && strings.HasPrefix(rt.Pattern, "/static/") {
			s.finish(w, r, rt.Do(w, r))
			return
		}
		ctx, a, err := s.Who(w, r)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		r = r.WithContext(WithActor(ctx, a))
		noteActor(ctx, a.ID)
		r.Body = http.MaxBytesReader(w, r.Body, limit)
		switch {
		case !storable(r.URL):
			s.fail(w, r, models.NotFound("Page"))
		case a.Can(rt.Needs):
			s.finish(w, r, s.serve(rt, w, r, a))
		case a.ID == 0:
			s.SignIn(w, r)
		default: // what you may not see is not there
			s.fail(w, r, models.NotFound("Page"))
		}
	}
}

// serve logs what a read-only actor is about to see, then answers, or asks for a proof
// first.
func (s Site) serve(rt Route, w http.ResponseWriter, r *http.Request, a access.Actor) error {
	if a.ID != 0 && !a.Company() && rt.Needs != access.Public && s.Seen != nil {
		if err := s.Seen(r, a); err != nil {
			return fmt.Errorf("the view could not be logged: %w", err)
		}
	}
	if rt.Fresh != "" && !s.Fresh(r) {
		return s.StepUp(w, r, rt.Fresh)
	}
	return rt.Do(w, r)
}

func (s Site) finish(w http.ResponseWriter, r *http.Request, err error) {
	if err != nil {
		s.fail(w, r, err)
	}
}

func (s Site) notFound(w http.ResponseWriter, r *http.Request) {
	ctx, a, err := s.Who(w, r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.fail(w, r.WithContext(WithActor(ctx, a)), models.NotFound("Page"))
}

var statuses = map[models.Kind]int{
	models.KindInvalid: http.StatusUnprocessableEntity, models.KindNotFound: http.StatusNotFound,
	models.KindForbidden: http.StatusForbidden, models.KindConflict: http.StatusConflict,
	models.KindUnavailable: http.StatusServiceUnavailable, models.KindGone: http.StatusGone,
	models.KindTooMany: http.StatusTooManyRequests,
}

// Status is the HTTP status for err.
func Status(err error) int {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return http.StatusRequestEntityTooLarge
	}
	if code, ok := statuses[models.KindOf(err)]; ok {
		return code
	}
	switch {
	case models.NoRoom(err):
		return http.StatusInsufficientStorage
	case models.Away(err):
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// RetryAfter says in the answer when what err refused may be tried again, if err knows.
func RetryAfter(w http.ResponseWriter, err error) {
	var e *models.Error
	if errors.As(err, &e) && e.Kind == models.KindTooMany {
		w.Header().Set("Retry-After", strconv.Itoa(max(1, int(math.Ceil(e.After.Seconds())))))
	}
}

// fail is the one place where an error becomes a page. What is no *models.Error is
// logged in full and shown as an apology.
func (s Site) fail(w http.ResponseWriter, r *http.Request, err error) {
	code := Status(err)
	message := "Something went wrong on our side. Nothing you sent was half done."
	var e *models.Error
	switch {
	case errors.As(err, &e):
		message = e.Message
		for _, text := range e.Fields { // an Invalid that no form took back
			message += " " + text
		}
	case code == http.StatusRequestEntityTooLarge:
		message = "What you sent is larger than this page takes."
	case r.Context().Err() != nil:
		return // the reader left
	case code == http.StatusInsufficientStorage:
		message = "The disk is full, so nothing new can be kept. What was kept before is safe and can be read. An administrator has to make room."
	case code == http.StatusServiceUnavailable:
		message = "The database does not answer at the moment. Nothing you sent was half done. Try again in a minute."
	}
	if e == nil && code >= http.StatusInternalServerError {
		slog.ErrorContext(r.Context(), "request failed", "id", models.RequestID(r.Context()), "method", r.Method, "path", r.URL.Path, "err", err)
	}
	RetryAfter(w, err)
	s.Failed(w, r, code, message)
}

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// Render writes c, or nothing: a page that fails half way is an error page.
func Render(w http.ResponseWriter, r *http.Request, code int, c templ.Component) error {
	b := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(b)
	b.Reset()
	if err := c.Render(r.Context(), b); err != nil {
		return fmt.Errorf("render: %w", err)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(code)
	_, _ = b.WriteTo(w)
	return nil
}

// ID reads a number from the address.
func ID(r *http.Request, name string) (int64, error) {
	id, err := strconv.ParseInt(chi.URLParam(r, name), 10, 64)
	if err != nil || id <= 0 {
		return 0, models.NotFound("Page")
	}
	return id, nil
}

// Code reads a numbered code such as E-12 from the address and returns its number. There
// is one way to write each, so that no record has two addresses: E-012 is not found.
func Code(r *http.Request, name, prefix string) (int64, error) {
	digits, ok := strings.CutPrefix(chi.URLParam(r, name), prefix)
	id, err := strconv.ParseInt(digits, 10, 64)
	if !ok || err != nil || id <= 0 || digits != strconv.FormatInt(id, 10) {
		return 0, models.NotFound("Page")
	}
	return id, nil
}

// storable reports that PostgreSQL could hold every text in an address, so that no lookup
// of one fails there.
func storable(u *url.URL) bool {
	query, err := url.QueryUnescape(u.RawQuery)
	return err != nil || keeps(u.Path) && keeps(query)
}

func keeps(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }

// Param is a part of the address as text.
func Param(r *http.Request, name string) string {
	s, err := url.PathUnescape(chi.URLParam(r, name))
	if err != nil || !keeps(s) {
		return ""
	}
	return s
}

// PageOf reads the cursor of a list from the query.
func PageOf(r *http.Request, limit int) models.Page {
	q := r.URL.Query()
	return models.Page{After: q.Get("after"), Before: q.Get("before"), Limit: limit}
}

// SeeOther sends the browser on with 303, so that the back button asks for nothing
// twice.
func SeeOther(w http.ResponseWriter, r *http.Request, target string) error {
	http.Redirect(w, r, target, http.StatusSeeOther)
	return nil
}

// Fragment reports whether htmx asks for part of the page: a boosted link asks for
// all of it.
func Fragment(r *http.Request) bool {
	return r.Header.Get("HX-Request") == "true" && r.Header.Get("HX-Boosted") == "" && r.Header.Get("HX-History-Restore-Request") == ""
}
