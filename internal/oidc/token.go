package oidc

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	gooidc "github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// identify takes the ID token out of the token response, has go-oidc verify it, and adds
// the checks go-oidc leaves to us.
func (p *Provider) identify(ctx context.Context, m *metadata, token *oauth2.Token, pending Pending) (Identity, error) {
	raw, _ := token.Extra("id_token").(string)
	if raw == "" {
		return Identity{}, fail(NoIDToken, "the token response holds no id_token")
	}
	claims, err := p.inspect(raw, "", "jwt")
	if err != nil {
		return Identity{}, err
	}
	verified, err := p.verifyIDToken(ctx, m, raw, claims)
	if err != nil {
		return Identity{}, err
	}
	if err := p.checkIDToken(verified, claims, token.AccessToken, pending); err != nil {
		return Identity{}, err
	}
	if p.config.UserInfo && m.UserInfoEndpoint() != "" {
		if claims, err = p.addUserInfo(ctx, m, token, verified.Subject, claims); err != nil {
			return Identity{}, err
		}
	}
	id, err := p.identity(verified.Subject, claims, raw)
	id.Grant = p.grant(m, token)
	return id, err
}

func (p *Provider) identity(subject string, c claims, raw string) (Identity, error) {
	groups, err := c.groups(p.config.GroupClaim)
	if err != nil {
		return Identity{}, err
	}
	id := Identity{
		Issuer: p.config.Issuer, Subject: subject, Email: c.text("email"), EmailVerified: c.yes("email_verified"),
		Name: c.text("name"), Groups: groups, AuthTime: c.instant("auth_time"), SID: c.text("sid"), IDToken: raw,
	}
	if !id.AuthTime.IsZero() {
		id.AuthAge = max(0, p.config.Now().Sub(id.AuthTime))
	}
	return id, nil
}

// inspect reads a token before its signature is checked, to refuse what no signature
// could make good: encryption, extensions, foreign types, and JSON that two readers would
// read differently. types are the accepted values of typ in lower case, "" for none.
func (p *Provider) inspect(raw string, types ...string) (claims, error) {
	parts := strings.Split(raw, ".")
	if len(parts) == 5 {
		return nil, fail(Wrapped, "the token is encrypted")
	}
	if len(parts) != 3 || len(raw) > tokenSizeMost {
		return nil, fail(Malformed, "%d bytes in %d parts", len(raw), len(parts))
	}
	header, err := segment(parts[0])
	if err != nil {
		return nil, err
	}
	if err := p.checkHeader(header, types); err != nil {
		return nil, err
	}
	return segment(parts[1])
}

func (p *Provider) checkHeader(header claims, types []string) error {
	typ := strings.TrimPrefix(strings.ToLower(header.text("typ")), "application/")
	switch {
	case !slices.Contains(p.config.Algorithms, header.text("alg")):
		return fail(Algorithm, "alg is %q, allowed are %q", header.text("alg"), p.config.Algorithms)
	case header.has("crit"):
		return fail(CriticalHeader, "crit is %s", header["crit"])
	case header.has("cty") || header.has("zip"):
		return fail(Wrapped, "cty is %q", header.text("cty"))
	case !slices.Contains(types, typ):
		return fail(WrongType, "typ is %q", header.text("typ"))
	}
	return nil
}

func segment(part string) (claims, error) {
	data, err := base64.RawURLEncoding.Strict().DecodeString(part)
	if err != nil {
		return nil, fail(Malformed, "decoding: %w", err)
	}
	return parseClaims(data)
}

// verifier makes go-oidc's verifier over our keys, and the place where our keys leave
// their own account of what happened.
func (p *Provider) verifier(ctx context.Context, m *metadata) (*gooidc.IDTokenVerifier, context.Context, *verdict) {
	v := new(verdict)
	config := &gooidc.Config{
		ClientID: p.config.ClientID, SupportedSigningAlgs: p.config.Algorithms, Now: p.config.Now,
	}
	return gooidc.NewVerifier(p.config.Issuer, m.keys, config), context.WithValue(ctx, verdictKey{}, v), v
}

func (p *Provider) verifyIDToken(ctx context.Context, m *metadata, raw string, c claims) (*gooidc.IDToken, error) {
	verifier, ctx, v := p.verifier(ctx, m)
	token, err := verifier.Verify(ctx, raw)
	if err != nil {
		return nil, p.explain(err, v, c)
	}
	return token, nil
}

// explain finds the reason behind go-oidc's refusal. go-oidc decides; it only has no
// names for its decisions.
func (p *Provider) explain(err error, v *verdict, c claims) error {
	var expired *gooidc.TokenExpiredError
	audience, _ := c.texts("aud")
	switch {
	case v.err != nil:
		return v.err
	case v.payload == nil:
		return fail(Malformed, "%w", err)
	case c.text("iss") != p.config.Issuer:
		return fail(Issuer, "%w", err)
	case !slices.Contains(audience, p.config.ClientID):
		return fail(Audience, "%w", err)
	case errors.As(err, &expired):
		return fail(Expired, "%w", err)
	case c.overage(p.config.GroupClaim):
		return fail(GroupOverage, "%w", err)
	case c.instant("nbf").After(p.config.Now().Add(Skew)):
		return fail(NotYetValid, "%w", err)
	}
	return fail(Malformed, "%w", err)
}

// checkIDToken holds a verified token against the sign-in it should belong to.
func (p *Provider) checkIDToken(t *gooidc.IDToken, c claims, accessToken string, pending Pending) error {
	now := p.config.Now()
	switch {
	case t.Issuer != p.config.Issuer:
		// go-oidc lets Google leave the scheme off, which would make a second identity.
		return fail(Issuer, "iss is %q", t.Issuer)
	case t.Subject == "" || len(t.Subject) > 255:
		return fail(Subject, "sub has %d bytes", len(t.Subject))
	case !same(t.Nonce, pending.Nonce):
		return fail(Nonce, "nonce is %q", t.Nonce)
	}
	if err := p.checkIssued(t, c, accessToken); err != nil {
		return err
	}
	return checkAsked(c, pending.Ask, now)
}

// checkIssued holds a verified token against the clock, us and its access token.
func (p *Provider) checkIssued(t *gooidc.IDToken, c claims, accessToken string) error {
	now := p.config.Now()
	switch {
	case t.IssuedAt.After(now.Add(Skew)) || now.Sub(t.IssuedAt) > p.config.IssuedWithin:
		return fail(IssuedAt, "iat is %s, it is %s", t.IssuedAt.UTC().Format(time.RFC3339), now.UTC().Format(time.RFC3339))
	case c.instant("nbf").After(now.Add(Skew)):
		return fail(NotYetValid, "nbf is %s", c["nbf"])
	}
	if err := p.checkParty(t, c); err != nil {
		return err
	}
	if t.AccessTokenHash != "" {
		if err := t.VerifyAccessToken(accessToken); err != nil {
			return fail(AccessTokenHash, "%w", err)
		}
	}
	return nil
}

// checkParty: a token for several audiences has to name us as the one it was made for,
// and one that names somebody was made for them.
func (p *Provider) checkParty(t *gooidc.IDToken, c claims) error {
	if !c.has("azp") && len(t.Audience) == 1 {
		return nil
	}
	if party := c.text("azp"); party != p.config.ClientID {
		return fail(AuthorisedParty, "azp is %q among the audiences %q", party, t.Audience)
	}
	return nil
}

func checkAsked(c claims, ask Ask, now time.Time) error {
	at := c.instant("auth_time")
	switch {
	case ask.MaxAge == 0 || at.IsZero() && ask.TrustPrompt:
	case at.IsZero():
		return fail(AuthTimeUnsaid, "max_age was asked for and auth_time is missing")
	case now.Sub(at) > ask.MaxAge+Skew || at.After(now.Add(Skew)):
		return fail(AuthTime, "auth_time is %s, asked was at most %s ago", c["auth_time"], ask.MaxAge)
	}
	if len(ask.ACR) > 0 && !slices.Contains(ask.ACR, c.text("acr")) {
		return fail(AuthContext, "acr is %q, asked was one of %q", c.text("acr"), ask.ACR)
	}
	return nil
}

// addUserInfo fills in claims the ID token lacks from the userinfo endpoint, if it speaks
// of the same person. What the signed token says is never replaced.
func (p *Provider) addUserInfo(ctx context.Context, m *metadata, token *oauth2.Token, subject string, c claims) (claims, error) {
	info, err := m.UserInfo(p.withClient(ctx), oauth2.StaticTokenSource(token))
	switch {
	case err != nil && unauthorized(err):
		return nil, fail(Withdrawn, "userinfo: %w", err)
	case err != nil:
		return nil, fail(Unavailable, "userinfo: %w", err)
	}
	if info.Subject != subject {
		return nil, fail(UserInfo, "userinfo speaks of %q, the token of %q", info.Subject, subject)
	}
	var body json.RawMessage
	if err := info.Claims(&body); err != nil {
		return nil, fail(Malformed, "userinfo: %w", err)
	}
	more, err := parseClaims(body)
	if err != nil {
		return nil, err
	}
	return c.filled(more), nil
}
