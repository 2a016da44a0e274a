package oidc_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"assay/internal/oidc"
)

const event = "http://schemas.openid.net/event/backchannel-logout"

// newLogout is a provider whose next token is a good logout token.
func newLogout(t *testing.T) *hostile {
	t.Helper()
	h := newHostile(t)
	h.header["typ"] = "logout+jwt"
	h.claims = map[string]any{
		"iss": h.issuer, "aud": "assay", "sub": "u-1", "sid": "s-1", "jti": "j-1",
		"iat": h.now.Unix(), "exp": h.now.Add(2 * time.Minute).Unix(), "events": map[string]any{event: map[string]any{}},
	}
	return h
}

func TestAGoodLogoutTokenIsBelieved(t *testing.T) {
	h := newLogout(t)
	out, err := h.provider().VerifyLogout(t.Context(), h.token())
	if err != nil {
		t.Fatal(err)
	}
	if out.Issuer != h.issuer || out.Subject != "u-1" || out.SID != "s-1" || out.ID != "j-1" || out.Until.Before(h.now.Add(2*time.Minute)) {
		t.Errorf("the order is %+v", out)
	}
	for _, only := range []string{"sub", "sid"} {
		h := newLogout(t)
		delete(h.claims, map[string]string{"sub": "sid", "sid": "sub"}[only])
		if _, err := h.provider().VerifyLogout(t.Context(), h.token()); err != nil {
			t.Errorf("with %s alone: %v", only, err)
		}
	}
}

func TestAHostileLogoutTokenEndsNothing(t *testing.T) {
	claim := func(name string, value any) func(*hostile) { return func(h *hostile) { h.claims[name] = value } }
	drop := func(name string) func(*hostile) { return func(h *hostile) { delete(h.claims, name) } }
	at := func(name string, ago time.Duration) func(*hostile) {
		return func(h *hostile) { h.claims[name] = h.now.Add(-ago).Unix() }
	}
	for name, tc := range map[string]struct {
		lie  func(*hostile)
		want oidc.Reason
	}{
		"an ID token":                       {func(h *hostile) { h.header["typ"] = "JWT" }, oidc.WrongType},
		"a token without a type":            {func(h *hostile) { delete(h.header, "typ") }, oidc.WrongType},
		"a token with a nonce":              {claim("nonce", "n"), oidc.LogoutNonce},
		"a token with an empty nonce":       {claim("nonce", ""), oidc.LogoutNonce},
		"a token with a nonce that is null": {claim("nonce", nil), oidc.LogoutNonce},
		"no event":                          {drop("events"), oidc.LogoutEvent},
		"another event":                     {claim("events", map[string]any{"x": map[string]any{}}), oidc.LogoutEvent},
		"an event that is a word":           {claim("events", map[string]any{event: "yes"}), oidc.LogoutEvent},
		"an event that is null":             {claim("events", map[string]any{event: nil}), oidc.LogoutEvent},
		"an event in other capitals":        {claim("events", json.RawMessage(`{"HTTP://schemas.openid.net/event/backchannel-logout":{}}`)), oidc.LogoutEvent},
		"events that are a list":            {claim("events", []string{event}), oidc.LogoutEvent},
		"no id":                             {drop("jti"), oidc.LogoutID},
		"nobody to sign out":                {func(h *hostile) { drop("sub")(h); drop("sid")(h) }, oidc.LogoutSubject},
		"another issuer":                    {claim("iss", "https://login.example"), oidc.Issuer},
		"another site":                      {claim("aud", "other"), oidc.Audience},
		"no site":                           {drop("aud"), oidc.Audience},
		"an order from long ago":            {at("iat", 2*time.Minute+time.Second), oidc.IssuedAt},
		"an order from the future":          {at("iat", -61*time.Second), oidc.IssuedAt},
		"an order from no time":             {drop("iat"), oidc.IssuedAt},
		"an expired order":                  {at("exp", time.Second), oidc.Expired},
		"an order that never expires":       {drop("exp"), oidc.Expired},
		"two spellings of events":           {claim("Events", map[string]any{}), oidc.DuplicateClaim},
		"a foreign key": {func(h *hostile) {
			h.jws = func(a, b []byte) string { return rs256(foreignKey, a, b) }
		}, oidc.Signature},
		"no signature": {func(h *hostile) {
			h.header["alg"] = "none"
			h.jws = func(a, b []byte) string { return input(a, b) + "." }
		}, oidc.Algorithm},
		"words":         {func(h *hostile) { h.jws = func([]byte, []byte) string { return "hello" } }, oidc.Malformed},
		"an empty body": {func(h *hostile) { h.jws = func([]byte, []byte) string { return "" } }, oidc.Malformed},
		"a provider that is down": {func(h *hostile) {
			h.config.Transport = transport(func(*http.Request) (*http.Response, error) { return nil, http.ErrServerClosed })
		}, oidc.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			h := newLogout(t)
			tc.lie(h)
			_, err := h.provider().VerifyLogout(t.Context(), h.token())
			refused(t, err, tc.want)
		})
	}
}

func TestALogoutTokenIsNoIDToken(t *testing.T) {
	h := newLogout(t)
	a, err := h.begin(oidc.Ask{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = a.finish()
	refused(t, err, oidc.WrongType)
}

func FuzzVerifyLogout(f *testing.F) {
	f.Add("a.b.c")
	f.Add("eyJhbGciOiJub25lIiwidHlwIjoibG9nb3V0K2p3dCJ9.e30.")
	f.Add("eyJhbGciOiJSUzI1NiIsInR5cCI6ImxvZ291dCtqd3QifQ.e30.AAAA")
	provider, err := oidc.New(oidc.Config{
		Name: "demo", Issuer: "http://127.0.0.1:9", ClientID: "assay", ClientSecret: "s", RedirectURL: callback,
		Transport: transport(func(*http.Request) (*http.Response, error) { return nil, http.ErrServerClosed }),
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, token string) {
		if _, err := provider.VerifyLogout(t.Context(), token); oidc.Why(err) == "" {
			t.Fatalf("%q was not refused with a reason: %v", token, err)
		}
	})
}
