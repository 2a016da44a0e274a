package web

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"log/slog"
	"net/http"
	"sync"

	"github.com/go-chi/chi/v5/middleware"
	"github.com/gorilla/sessions"

	"assay/models/access"
)

// NewToken is 256 random bits, for a cookie. Only its hash is ever stored.
func NewToken() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

// SecretCookie is a cookie that no script can read and no other site can make a browser
// send along with a change. Over HTTPS its name begins with __Host-, so that neither a
// neighbouring host nor plain HTTP can plant one. maxAge 0 lasts as long as the
// browser, a negative one deletes.
func SecretCookie(name, value string, maxAge int, secure bool) *http.Cookie {
	return &http.Cookie{
		Name: secretName(name, secure), Value: value, Path: "/", MaxAge: maxAge,
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: secure,
	}
}

// Secret is the value of a SecretCookie, or "" when the browser sent none.
func Secret(r *http.Request, name string, secure bool) string {
	c, err := r.Cookie(secretName(name, secure))
	if err != nil {
		return ""
	}
	return c.Value
}

type secureKey struct{}

// secureSite reports whether the site that answers r is served over HTTPS.
func secureSite(r *http.Request) bool {
	secure, _ := r.Context().Value(secureKey{}).(bool)
	return secure
}

func secretName(name string, secure bool) string {
	if secure {
		return "__Host-" + name
	}
	return name
}

// ClientIP is the address of the visitor. Proxies are believed only as far as
// Site.Proxies says.
func ClientIP(r *http.Request) string { return middleware.GetClientIP(r.Context()) }

// clientIP notes the visitor's address. Without trusted proxies that is whoever opened the
// connection, which is the proxy when there is one: then everybody counts as one, and
// whoever runs it is told.
func (s Site) clientIP() func(http.Handler) http.Handler {
	if len(s.Proxies) > 0 {
		return middleware.ClientIPFromXFF(s.Proxies...)
	}
	warn := sync.OnceFunc(func() {
		slog.Warn("a request came through a proxy, and no proxy is trusted, so all visitors count as one address; set ASSAY_TRUSTED_PROXIES")
	})
	return func(next http.Handler) http.Handler {
		return middleware.ClientIPFromRemoteAddr(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("X-Forwarded-For") != "" {
				warn()
			}
			next.ServeHTTP(w, r)
		}))
	}
}

// SessionRows is where sessions are kept: a table that this package does not know.
type SessionRows[S any] interface {
	// Find returns the session under the hash of a token, and who holds it. The zero
	// Actor means that nobody does.
	Find(ctx context.Context, tokenHash string) (S, access.Actor, error)
	// Begin keeps s under tokenHash and ends what was under before.
	Begin(ctx context.Context, s S, tokenHash, before string) error
	// End ends what is under tokenHash.
	End(ctx context.Context, tokenHash string) error
}

// Sessions is a gorilla store over SessionRows. The cookie holds a random token and
// nothing else, so there is nothing to sign and no key to keep; the rows are asked at
// every request, so that an end takes effect on every replica at once.
type Sessions[S any] struct {
	Rows   SessionRows[S]
	Secure bool
}

const sessionCookie = "assay"

// What a gorilla session holds here.
const (
	rowValue   = "row"
	actorValue = "actor"
)

// TokenHash is how a secret is kept that only has to be recognised.
func TokenHash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// Get returns the session of the request, read at most once.
func (st Sessions[S]) Get(r *http.Request, name string) (*sessions.Session, error) {
	return sessions.GetRegistry(r).Get(st, name)
}

// New reads the session that the browser's token stands for. Without one, or when it is
// over, the session is new and nobody's.
func (st Sessions[S]) New(r *http.Request, name string) (*sessions.Session, error) {
	s := sessions.NewSession(st, name)
	s.IsNew = true
	token := Secret(r, name, st.Secure)
	if token == "" {
		return s, nil
	}
	row, actor, err := st.Rows.Find(r.Context(), TokenHash(token))
	if err != nil || actor.ID == 0 {
		return s, err
	}
	s.IsNew, s.ID = false, token
	s.Values[rowValue], s.Values[actorValue] = row, actor
	return s, nil
}

// Save starts the session that s holds, under the token that is its ID, or ends it when
// its MaxAge is negative. Whatever session the browser had before is over: a token is
// never kept from one sign-in to the next.
func (st Sessions[S]) Save(r *http.Request, w http.ResponseWriter, s *sessions.Session) error {
	before := TokenHash(Secret(r, s.Name(), st.Secure))
	if s.Options != nil && s.Options.MaxAge < 0 {
		http.SetCookie(w, SecretCookie(s.Name(), "", -1, st.Secure))
		return st.Rows.End(r.Context(), before)
	}
	row, ok := s.Values[rowValue].(S)
	if !ok || s.ID == "" {
		return errors.New("web: a session without a row or a token")
	}
	if err := st.Rows.Begin(r.Context(), row, TokenHash(s.ID), before); err != nil {
		return err
	}
	http.SetCookie(w, SecretCookie(s.Name(), s.ID, 0, st.Secure))
	return nil
}

// Visitor is who makes the request, and the session they make it in.
func (st Sessions[S]) Visitor(r *http.Request) (row S, a access.Actor, err error) {
	s, err := st.New(r, sessionCookie)
	if err != nil {
		return row, a, err
	}
	row, _ = s.Values[rowValue].(S)
	a, _ = s.Values[actorValue].(access.Actor)
	return row, a, nil
}

// Start lets the browser in with a token that nobody has seen before.
func (st Sessions[S]) Start(w http.ResponseWriter, r *http.Request, token string, row S) error {
	s := sessions.NewSession(st, sessionCookie)
	s.ID, s.Values[rowValue] = token, row
	return st.Save(r, w, s)
}

// Stop ends the session of the browser, if it has one.
func (st Sessions[S]) Stop(w http.ResponseWriter, r *http.Request) error {
	s := sessions.NewSession(st, sessionCookie)
	s.Options = &sessions.Options{MaxAge: -1}
	return st.Save(r, w, s)
}

type sessionKey struct{}

// WithSession carries what handlers want to know of the visitor's session.
func WithSession[T any](ctx context.Context, s T) context.Context {
	return context.WithValue(ctx, sessionKey{}, s)
}

// SessionOf is what WithSession put into the context of r, or the zero value.
func SessionOf[T any](r *http.Request) T {
	s, _ := r.Context().Value(sessionKey{}).(T)
	return s
}
