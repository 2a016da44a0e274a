// Package oidc signs people in with an OpenID provider. It stands on go-oidc and adds
// the checks that library leaves to its caller. It knows no noun of the product, keeps
// nothing, and turns every refusal into a Failure with a reason, a sentence for the
// reader and a cause for the log.
package oidc

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"sync"
	"time"

	gooidc "github.com/coreos/go-oidc/v3/oidc"
)

// Limits of a sign-in.
const (
	PendingLife = 10 * time.Minute // from Begin to Finish
	Skew        = time.Minute      // how far two clocks may disagree
)

// Config describes one provider.
type Config struct {
	Name         string // part of its callback address, so that each provider has its own
	Issuer       string
	ClientID     string
	ClientSecret string
	RedirectURL  string
	Scopes       []string // nil is openid, profile, email

	// GroupClaim holds the groups or app roles; nil is "groups". An exact name wins, so
	// that https://example.com/roles works; otherwise dots descend, so that
	// realm_access.roles works too.
	GroupClaim string
	// Algorithms that may sign; nil is RS256, PS256, ES256 and EdDSA. Symmetric ones and
	// "none" are refused.
	Algorithms []string
	// IssuedWithin is how old a fresh ID token may say it is. Zero is Skew, except for
	// Microsoft Entra, which dates its tokens five minutes back.
	IssuedWithin time.Duration
	// UserInfo fetches name, address and groups that the ID token lacks, if the provider
	// has an address for it.
	UserInfo bool
	// Offline asks for a refresh token where the provider offers one, for Recheck.
	Offline bool

	Now       func() time.Time  // nil is the clock on the wall
	Transport http.RoundTripper // nil is http.DefaultTransport
}

// Provider is one configured provider. It contacts it when it is first needed and
// tries again after a failure, so that a server starts while its provider is down.
type Provider struct {
	config Config
	client *http.Client

	mu     sync.Mutex
	known  *metadata
	failed error
	tried  time.Time
}

var (
	defaultAlgorithms = []string{gooidc.RS256, gooidc.PS256, gooidc.ES256, gooidc.EdDSA}
	asymmetric        = []string{
		gooidc.RS256, gooidc.RS384, gooidc.RS512, gooidc.PS256, gooidc.PS384, gooidc.PS512,
		gooidc.ES256, gooidc.ES384, gooidc.ES512, gooidc.EdDSA,
	}
	namePattern = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,31}$`)
)

// New checks a configuration without contacting anybody. Its errors name the field and
// what it should be.
func New(c Config) (*Provider, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	c.fill()
	return &Provider{config: c, client: boundedClient(c.Transport)}, nil
}

func (c *Config) check() error {
	switch {
	case !namePattern.MatchString(c.Name):
		return fmt.Errorf("the provider's name %q should be lower-case letters, digits and hyphens", c.Name)
	case !trustworthy(c.Issuer):
		return fmt.Errorf("the issuer %q should be an https address (http only on loopback)", c.Issuer)
	case !trustworthy(c.RedirectURL):
		return fmt.Errorf("the redirect address %q should be an https address (http only on loopback)", c.RedirectURL)
	case c.ClientID == "":
		return errors.New("the client id is missing; the identity provider shows it where this site is registered")
	case c.ClientSecret == "":
		return errors.New("the client secret is missing; the identity provider shows it where this site is registered")
	}
	for _, alg := range c.Algorithms {
		if !slices.Contains(asymmetric, alg) {
			return fmt.Errorf("the signing algorithm %q should be one of %v", alg, asymmetric)
		}
	}
	return nil
}

func (c *Config) fill() {
	if len(c.Scopes) == 0 {
		c.Scopes = []string{gooidc.ScopeOpenID, gooidc.ScopeProfile, gooidc.ScopeEmail}
	}
	if !slices.Contains(c.Scopes, gooidc.ScopeOpenID) {
		c.Scopes = append([]string{gooidc.ScopeOpenID}, c.Scopes...)
	}
	if c.GroupClaim == "" {
		c.GroupClaim = "groups"
	}
	if len(c.Algorithms) == 0 {
		c.Algorithms = defaultAlgorithms
	}
	if c.IssuedWithin == 0 {
		c.IssuedWithin = issuedWithin(c.Issuer)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
}

// issuedWithin makes room for Entra, whose tokens carry an iat five minutes in the past.
func issuedWithin(issuer string) time.Duration {
	if u, err := url.Parse(issuer); err == nil && u.Hostname() == "login.microsoftonline.com" {
		return 5*time.Minute + Skew
	}
	return Skew
}

// Name is the provider's name in addresses and in the log.
func (p *Provider) Name() string { return p.config.Name }

// Issuer is the first half of everybody's identity.
func (p *Provider) Issuer() string { return p.config.Issuer }

// trustworthy reports whether secrets may be sent to an address: https, or plain http
// to this machine.
func trustworthy(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" {
		return false
	}
	if u.Scheme == "https" {
		return true
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return u.Scheme == "http" && (u.Hostname() == "localhost" || err == nil && ip.IsLoopback())
}
