package oidc

import (
	"context"
	"encoding/json"
	"time"
)

const (
	logoutAge   = 2 * time.Minute
	logoutEvent = "http://schemas.openid.net/event/backchannel-logout"
)

// Logout is a verified order from the provider to end sittings here. When SID is set it
// concerns that sitting; otherwise all of Subject's.
type Logout struct {
	Issuer  string
	Subject string
	SID     string
	// ID and Until are for the caller's replay check: an order whose (Issuer, ID) has been
	// seen must be refused, and can be forgotten after Until because it is too old then.
	ID    string
	Until time.Time
}

// VerifyLogout checks a back-channel logout token. Beyond go-oidc it wants the type
// logout+jwt, so that no other token of the provider passes for one, an age of at most
// two minutes, and an event that is an object.
func (p *Provider) VerifyLogout(ctx context.Context, raw string) (Logout, error) {
	out, err := p.verifyLogout(ctx, raw)
	return out, p.named(err)
}

func (p *Provider) verifyLogout(ctx context.Context, raw string) (Logout, error) {
	c, err := p.inspect(raw, "logout+jwt")
	if err != nil {
		return Logout{}, err
	}
	m, err := p.discover(ctx)
	if err != nil {
		return Logout{}, err
	}
	verifier, ctx, v := p.verifier(ctx, m)
	token, err := verifier.VerifyLogout(ctx, raw)
	if err != nil {
		return Logout{}, p.explainLogout(err, v, c)
	}
	now := p.config.Now()
	switch {
	case token.IssuedAt.After(now.Add(Skew)) || now.Sub(token.IssuedAt) > logoutAge:
		return Logout{}, fail(IssuedAt, "iat is %s, it is %s", token.IssuedAt.UTC().Format(time.RFC3339), now.UTC().Format(time.RFC3339))
	case !c.ordersLogout():
		return Logout{}, fail(LogoutEvent, "events is %.200s", c["events"])
	}
	return Logout{
		Issuer: p.config.Issuer, Subject: token.Subject, SID: token.SessionID, ID: token.TokenID,
		Until: token.IssuedAt.Add(logoutAge + Skew),
	}, nil
}

// explainLogout names go-oidc's refusals of a logout token, as explain does for ID tokens.
func (p *Provider) explainLogout(err error, v *verdict, c claims) error {
	switch {
	case v.err != nil || v.payload == nil:
		return p.explain(err, v, c)
	case !c.ordersLogout():
		return fail(LogoutEvent, "%w", err)
	case c.has("nonce"):
		return fail(LogoutNonce, "%w", err)
	case c.text("jti") == "":
		return fail(LogoutID, "%w", err)
	case c.text("sub") == "" && c.text("sid") == "":
		return fail(LogoutSubject, "%w", err)
	case !c.has("exp"):
		return fail(Expired, "%w", err)
	}
	return p.explain(err, v, c)
}

func (c claims) ordersLogout() bool {
	var events map[string]json.RawMessage
	var event map[string]json.RawMessage
	return json.Unmarshal(c["events"], &events) == nil &&
		json.Unmarshal(events[logoutEvent], &event) == nil && event != nil
}
