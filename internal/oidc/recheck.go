package oidc

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	gooidc "github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// A Grant is what a sign-in left us with to ask the provider later whether the person may
// still come in. It is a secret.
type Grant struct {
	Refresh string        `json:",omitempty"`
	Access  string        `json:",omitempty"` // only without Refresh
	Lasts   time.Duration `json:",omitempty"` // Access, from the sign-in on; 0 is for ever
}

// A Way is how a provider can be asked about somebody who is signed in.
type Way string

// The ways. A refresh token is best: a provider takes it back when somebody leaves, and
// answers it with what their groups are now. An access token is asked about at the
// userinfo endpoint, for as long as it lasts.
const (
	ByRefresh  Way = "refresh"
	ByUserInfo Way = "userinfo"
	NoWay      Way = ""
)

// shortest is how long an access token has to last to be worth asking about.
const shortest = 20 * time.Minute

// Way is how g can be asked about.
func (g Grant) Way() Way {
	switch {
	case g.Refresh != "":
		return ByRefresh
	case g.Access != "":
		return ByUserInfo
	}
	return NoWay
}

// Asked is how the provider will be asked, as far as it says of itself, and whether it
// has said anything yet. It contacts nobody.
func (p *Provider) Asked() (way Way, known bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.known == nil:
		return NoWay, false
	case p.offline(p.known) || slices.Contains(p.known.document.Grants, "refresh_token"):
		return ByRefresh, true
	case p.known.UserInfoEndpoint() != "":
		return ByUserInfo, true
	}
	return NoWay, true
}

// offline reports whether to ask for a refresh token that outlives the browser's visit to
// the provider.
func (p *Provider) offline(m *metadata) bool {
	return p.config.Offline && slices.Contains(m.document.Scopes, gooidc.ScopeOfflineAccess)
}

// grant is what of a token response is worth keeping.
func (p *Provider) grant(m *metadata, t *oauth2.Token) Grant {
	switch {
	case t.RefreshToken != "":
		return Grant{Refresh: t.RefreshToken}
	case p.config.UserInfo && m.UserInfoEndpoint() != "" && (t.Expiry.IsZero() || t.ExpiresIn >= int64(shortest.Seconds())):
		return Grant{Access: t.AccessToken, Lasts: time.Duration(t.ExpiresIn) * time.Second}
	}
	return Grant{}
}

// Recheck asks the provider whether it still stands by somebody, and what it says of them
// now. The next Recheck takes the grant that this one returns. A Failure with the reason
// GrantUnknown may mean that a later sign-in of the same person replaced the grant; one
// that Final reports means that they are to leave; any other, that nothing was learned.
func (p *Provider) Recheck(ctx context.Context, g Grant, subject string) (Identity, Grant, error) {
	id, g, err := p.recheck(ctx, g, subject)
	return id, g, p.named(err)
}

// Final reports whether err of Recheck is the provider's answer about this person, rather
// than trouble on the way to it.
func Final(err error) bool {
	switch Why(err) {
	case Withdrawn, Subject, GroupOverage, GroupsUnclear, RoleConflict:
		return true
	}
	return false
}

func (p *Provider) recheck(ctx context.Context, g Grant, subject string) (Identity, Grant, error) {
	m, err := p.discover(ctx)
	if err != nil {
		return Identity{}, g, err
	}
	token, c := &oauth2.Token{AccessToken: g.Access}, claims{}
	if g.Refresh != "" {
		if token, err = p.renew(ctx, m, g.Refresh); err != nil {
			return Identity{}, g, err
		}
		if token.RefreshToken != "" {
			g.Refresh = token.RefreshToken // the old one may be spent
		}
		if c, err = p.renewed(ctx, m, token, subject); err != nil {
			return Identity{}, g, err
		}
	}
	if p.config.UserInfo && m.UserInfoEndpoint() != "" {
		if c, err = p.addUserInfo(ctx, m, token, subject, c); err != nil {
			return Identity{}, g, err
		}
	}
	id, err := p.identity(subject, c, "")
	id.Silent = len(c) == 0
	return id, g, err
}

// renew spends a refresh token.
func (p *Provider) renew(ctx context.Context, m *metadata, refresh string) (*oauth2.Token, error) {
	token, err := p.oauth(m).TokenSource(p.withClient(ctx), &oauth2.Token{RefreshToken: refresh}).Token()
	var refused *oauth2.RetrieveError
	if !errors.As(err, &refused) {
		if err != nil {
			return nil, fail(Unavailable, "token endpoint: %w", err)
		}
		return token, nil
	}
	status := refused.Response.StatusCode
	switch {
	case refused.ErrorCode == "invalid_client" || refused.ErrorCode == "unauthorized_client":
		return nil, fail(Misconfigured, "token endpoint: %s: our client id or secret is wrong: %q", refused.Response.Status, refused.ErrorDescription)
	case status >= http.StatusInternalServerError:
		return nil, fail(RefreshFailed, "token endpoint: %s: %q", refused.Response.Status, refused.ErrorCode)
	case status == http.StatusTooManyRequests || refused.ErrorCode == "temporarily_unavailable" || refused.ErrorCode == "slow_down":
		return nil, fail(Unavailable, "token endpoint: %s: %q", refused.Response.Status, refused.ErrorCode)
	case refused.ErrorCode == "invalid_request":
		return nil, fail(GrantUnknown, "token endpoint: %s: %q: %q", refused.Response.Status, refused.ErrorCode, refused.ErrorDescription)
	case status == http.StatusBadRequest || status == http.StatusUnauthorized || status == http.StatusForbidden:
		return nil, fail(Withdrawn, "token endpoint: %s: %q: %q", refused.Response.Status, refused.ErrorCode, refused.ErrorDescription)
	}
	return nil, fail(Unavailable, "token endpoint: %s", refused.Response.Status)
}

// renewed is what the ID token of a renewed grant says, if one came; a provider may leave
// it out (OpenID Connect Core, section 12.2). There is no nonce to compare.
func (p *Provider) renewed(ctx context.Context, m *metadata, token *oauth2.Token, subject string) (claims, error) {
	raw, _ := token.Extra("id_token").(string)
	if raw == "" {
		return claims{}, nil
	}
	c, err := p.inspect(raw, "", "jwt")
	if err != nil {
		return nil, err
	}
	verified, err := p.verifyIDToken(ctx, m, raw, c)
	if err != nil {
		return nil, err
	}
	if verified.Subject != subject {
		return nil, fail(Subject, "the renewed token speaks of %q, the session of %q", verified.Subject, subject)
	}
	return c, p.checkIssued(verified, c, token.AccessToken)
}

// unauthorized reports whether a userinfo endpoint said that the access token is no
// longer good. go-oidc has no error for it; its message begins with the status.
func unauthorized(err error) bool {
	return strings.HasPrefix(err.Error(), "401 ") || strings.HasPrefix(err.Error(), "403 ")
}
