package oidc

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"time"

	gooidc "github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

const (
	answerTime  = 5 * time.Second // for any answer of a provider
	answerSize  = 1 << 20
	metadataAge = time.Hour       // then the document is read again
	retryAfter  = 2 * time.Second // no more than one attempt in this time while it fails
)

// metadata is what a provider says of itself.
type metadata struct {
	*gooidc.Provider
	document document
	keys     *keySet
	read     time.Time
}

// document holds the members of the discovery document that go-oidc leaves out.
type document struct {
	EndSession  string   `json:"end_session_endpoint"`
	Revocation  string   `json:"revocation_endpoint"`
	JWKS        string   `json:"jwks_uri"`
	Challenges  []string `json:"code_challenge_methods_supported"`
	AuthMethods []string `json:"token_endpoint_auth_methods_supported"`
	SendsIssuer bool     `json:"authorization_response_iss_parameter_supported"`
	Scopes      []string `json:"scopes_supported"`
	Grants      []string `json:"grant_types_supported"`
}

// Ready reports whether the provider can be used now, contacting it if need be.
func (p *Provider) Ready(ctx context.Context) error {
	_, err := p.discover(ctx)
	return p.named(err)
}

// discover returns the provider's metadata. While the provider is down, a document once
// read stays in use; without one, the last failure is repeated for retryAfter so that a
// crowd at the sign-in page does not become a crowd at the provider.
func (p *Provider) discover(ctx context.Context) (*metadata, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.config.Now()
	if p.known != nil && now.Sub(p.known.read) < metadataAge {
		return p.known, nil
	}
	if p.failed == nil || now.Sub(p.tried) >= retryAfter {
		p.refresh(ctx, now)
		p.tried = p.config.Now() // after the answer: whoever waited for it must not ask again
	}
	if p.known != nil {
		return p.known, nil
	}
	return nil, p.failed
}

func (p *Provider) refresh(ctx context.Context, now time.Time) {
	fresh, err := p.readMetadata(ctx, now)
	p.failed = err
	if err != nil {
		return
	}
	if p.known != nil && p.known.document.JWKS == fresh.document.JWKS {
		fresh.keys = p.known.keys // with its cool-down
	}
	p.known = fresh
}

// readMetadata does not stop when the browser that caused it goes away: the next one
// needs the same document. The client's own time limit ends it.
func (p *Provider) readMetadata(ctx context.Context, now time.Time) (*metadata, error) {
	provider, err := gooidc.NewProvider(p.withClient(context.WithoutCancel(ctx)), p.config.Issuer)
	var mismatch *gooidc.IssuerMismatchError
	if errors.As(err, &mismatch) {
		return nil, fail(Misconfigured, "discovery: %w", err)
	}
	if err != nil {
		return nil, fail(Unavailable, "discovery: %w", err)
	}
	m := &metadata{Provider: provider, read: now}
	if err := provider.Claims(&m.document); err != nil {
		return nil, fail(Unavailable, "discovery: %w", err)
	}
	if err := m.check(); err != nil {
		return nil, err
	}
	m.keys = &keySet{address: m.document.JWKS, client: p.client, now: p.config.Now}
	return m, nil
}

// check refuses addresses that secrets must not be sent to, and a provider that says it
// does not do PKCE with S256. Silence on PKCE is allowed: Entra does it and does not say so.
func (m *metadata) check() error {
	endpoint := m.Endpoint()
	for _, address := range []string{endpoint.AuthURL, endpoint.TokenURL, m.document.JWKS} {
		if !trustworthy(address) {
			return fail(Misconfigured, "discovery: %q is no https address", address)
		}
	}
	for _, address := range []string{m.document.EndSession, m.document.Revocation, m.UserInfoEndpoint()} {
		if address != "" && !trustworthy(address) {
			return fail(Misconfigured, "discovery: %q is no https address", address)
		}
	}
	if m.document.Challenges != nil && !slices.Contains(m.document.Challenges, "S256") {
		return fail(Misconfigured, "discovery: PKCE methods are %q, without S256", m.document.Challenges)
	}
	return nil
}

// oauth is the OAuth half of the configuration. The way to send the secret is taken from
// the document: left to itself, x/oauth2 finds out by sending the single-use code twice.
func (p *Provider) oauth(m *metadata) *oauth2.Config {
	endpoint := m.Endpoint()
	endpoint.AuthStyle = oauth2.AuthStyleInHeader
	methods := m.document.AuthMethods
	if slices.Contains(methods, "client_secret_post") && !slices.Contains(methods, "client_secret_basic") {
		endpoint.AuthStyle = oauth2.AuthStyleInParams
	}
	scopes := p.config.Scopes
	if p.offline(m) && !slices.Contains(scopes, gooidc.ScopeOfflineAccess) {
		scopes = append(slices.Clone(scopes), gooidc.ScopeOfflineAccess)
	}
	return &oauth2.Config{
		ClientID: p.config.ClientID, ClientSecret: p.config.ClientSecret,
		RedirectURL: p.config.RedirectURL, Scopes: scopes, Endpoint: endpoint,
	}
}

func (p *Provider) withClient(ctx context.Context) context.Context {
	return gooidc.ClientContext(ctx, p.client)
}

// boundedClient gives up after answerTime, reads at most answerSize and follows no
// redirect: a provider's addresses are configured or discovered, never handed on.
func boundedClient(base http.RoundTripper) *http.Client {
	if base == nil {
		base = http.DefaultTransport
	}
	return &http.Client{
		Timeout:       answerTime,
		Transport:     bounded{base},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

type bounded struct{ base http.RoundTripper }

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := b.base.RoundTrip(r)
	if err == nil {
		resp.Body = &boundedBody{resp.Body, answerSize}
	}
	return resp, err
}

var errTooLarge = errors.New("the answer is larger than 1 MiB")

type boundedBody struct {
	io.ReadCloser
	left int
}

func (b *boundedBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTooLarge
	}
	n, err := b.ReadCloser.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}
