// Package idp is the demonstration identity provider: a real OpenID provider with
// code flow, PKCE, refresh tokens and both kinds of logout, whose sign-in page is one button per
// person instead of a password. It answers on loopback only and has no place in
// production; it knows nothing of the product it signs people in to.
package idp

import (
	"crypto"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Lifetimes. The code's matters most: it travels in an address.
const (
	CodeLife   = time.Minute
	TokenLife  = 10 * time.Minute // ID token
	BearerLife = time.Hour        // access token, good for the userinfo endpoint only
	SignInLife = 12 * time.Hour   // how long a sign-in can still be ended by its sid
)

// A Person can sign in.
type Person struct {
	Email  string
	Name   string
	Title  string // shown on the sign-in page only
	Role   string // shown on the sign-in page only; what counts are the groups
	Groups []string
	// Subject is the stable identifier sent as "sub". Left empty, it is derived from
	// the address by a one-way function and so survives a restart.
	Subject string
}

// A Client is a site that people sign in to.
type Client struct {
	ID            string
	Secret        string
	RedirectURIs  []string // compared as whole strings
	LogoutReturns []string // where end_session may send the browser afterwards
	BackChannel   string   // receives logout tokens; empty means none are sent
}

// Config says who can sign in to what.
type Config struct {
	Issuer  string // for example http://127.0.0.1:8080/demo-idp
	People  []Person
	Clients []Client

	Key        crypto.Signer    // RSA of 2048 bits or more, or ECDSA P-256; nil makes a fresh P-256 key
	Now        func() time.Time // nil is the clock on the wall
	Stylesheet string           // same-origin address of a further style sheet
	Log        *slog.Logger     // nil is the default logger
}

// Server is the provider. It answers the paths below its issuer, so it is mounted
// without stripping a prefix.
type Server struct {
	issuer     string
	base       string // the issuer's path
	clients    []Client
	people     []Person
	now        func() time.Time
	stylesheet string
	log        *slog.Logger
	key        jose.JSONWebKey
	outbound   *http.Client
	handler    http.Handler
	memory     memory
}

// New checks the configuration and makes a provider. It refuses an issuer that is not
// on loopback, a client without a secret, and two people with one address.
func New(c Config) (*Server, error) {
	base, err := loopbackIssuer(c.Issuer)
	if err != nil {
		return nil, err
	}
	if err := checkClients(c.Clients); err != nil {
		return nil, err
	}
	people, err := withSubjects(c.People)
	if err != nil {
		return nil, err
	}
	key, err := signingKey(c.Key)
	if err != nil {
		return nil, err
	}
	s := &Server{
		issuer: c.Issuer, base: base, clients: slices.Clone(c.Clients), people: people,
		now: c.Now, stylesheet: c.Stylesheet, log: c.Log, key: key,
		outbound: &http.Client{Timeout: 5 * time.Second, CheckRedirect: noRedirect},
		memory:   newMemory(),
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.log == nil {
		s.log = slog.Default()
	}
	s.handler = s.routes()
	return s, nil
}

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+s.base+"/.well-known/openid-configuration", s.discovery)
	mux.HandleFunc("GET "+s.base+"/keys", s.keys)
	mux.HandleFunc("GET "+s.base+"/authorize", s.authorize)
	mux.HandleFunc("POST "+s.base+"/authorize", s.authorize)
	mux.HandleFunc("POST "+s.base+"/token", s.token)
	mux.HandleFunc("POST "+s.base+"/revoke", s.revoke)
	mux.HandleFunc("GET "+s.base+"/userinfo", s.userinfo)
	mux.HandleFunc("POST "+s.base+"/userinfo", s.userinfo)
	mux.HandleFunc("GET "+s.base+"/logout", s.endSession)
	mux.HandleFunc("POST "+s.base+"/logout", s.endSession)
	mux.HandleFunc("GET "+s.base+"/page.css", s.css)
	return mux
}

// ServeHTTP answers loopback callers and refuses everyone else. The Host header is
// checked as well as the peer, against pages that rebind a name to 127.0.0.1.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !loopback(r.RemoteAddr) || !loopback(r.Host) {
		http.Error(w, "The demonstration sign-in answers on this machine only.", http.StatusForbidden)
		return
	}
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Referrer-Policy", "no-referrer")
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	s.handler.ServeHTTP(w, r)
}

// loopback reports whether an address with or without a port is this machine's.
func loopback(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = strings.Trim(hostport, "[]")
	}
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}

func loopbackIssuer(issuer string) (base string, err error) {
	u, err := url.Parse(issuer)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || !loopback(u.Host) ||
		u.RawQuery != "" || u.Fragment != "" || strings.HasSuffix(issuer, "/") {
		return "", fmt.Errorf("the demonstration provider's issuer %q should be a loopback address such as http://127.0.0.1:8080/demo-idp", issuer)
	}
	return u.Path, nil
}

func checkClients(clients []Client) error {
	for _, c := range clients {
		if c.ID == "" || c.Secret == "" || len(c.RedirectURIs) == 0 {
			return fmt.Errorf("client %q needs an id, a secret and a redirect address", c.ID)
		}
	}
	return nil
}

func withSubjects(people []Person) ([]Person, error) {
	out := slices.Clone(people)
	seen := map[string]bool{}
	for i, p := range out {
		if p.Email == "" {
			return nil, errors.New("a person of the demonstration provider needs an e-mail address")
		}
		if p.Subject == "" {
			sum := sha256.Sum256([]byte("assay demonstration subject\n" + p.Email))
			out[i].Subject = base64.RawURLEncoding.EncodeToString(sum[:18])
		}
		if seen[p.Email] || seen[out[i].Subject] {
			return nil, fmt.Errorf("two people of the demonstration provider share the address or subject of %s", p.Email)
		}
		seen[p.Email], seen[out[i].Subject] = true, true
	}
	return out, nil
}

func (s *Server) client(id string) (Client, bool) {
	i := slices.IndexFunc(s.clients, func(c Client) bool { return c.ID == id })
	if i < 0 {
		return Client{}, false
	}
	return s.clients[i], true
}

// person finds someone who may sign in now.
func (s *Server) person(match func(Person) bool) (Person, bool) {
	i := slices.IndexFunc(s.people, match)
	if i < 0 || s.memory.isInactive(s.people[i].Subject) {
		return Person{}, false
	}
	return s.people[i], true
}

func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
