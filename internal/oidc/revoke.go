package oidc

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/oauth2"
)

// Revoke gives a grant back (RFC 7009): from then on nobody can ask with it. It does
// nothing where the provider offers no such address. It goes through the client of the
// provider and not through package egress, whose addresses are what people typed in and
// never inside the network, where many a provider is.
func (p *Provider) Revoke(ctx context.Context, g Grant) error { return p.named(p.revoke(ctx, g)) }

func (p *Provider) revoke(ctx context.Context, g Grant) error {
	m, err := p.discover(ctx)
	if err != nil || m.document.Revocation == "" || g.Way() == NoWay {
		return err
	}
	form := url.Values{"token": {g.Access}, "token_type_hint": {"access_token"}}
	if g.Refresh != "" {
		form = url.Values{"token": {g.Refresh}, "token_type_hint": {"refresh_token"}}
	}
	inHeader := p.oauth(m).Endpoint.AuthStyle == oauth2.AuthStyleInHeader
	if !inHeader {
		form.Set("client_id", p.config.ClientID)
		form.Set("client_secret", p.config.ClientSecret)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, m.document.Revocation, strings.NewReader(form.Encode()))
	if err != nil {
		return fail(Misconfigured, "revocation endpoint: %w", err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if inHeader {
		req.SetBasicAuth(url.QueryEscape(p.config.ClientID), url.QueryEscape(p.config.ClientSecret))
	}
	res, err := p.client.Do(req)
	if err != nil {
		return fail(Unavailable, "revocation endpoint: %w", err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		said, _ := io.ReadAll(io.LimitReader(res.Body, 200))
		return fail(Unavailable, "revocation endpoint: %w", fmt.Errorf("%s: %q", res.Status, said))
	}
	return nil
}
