package oidc_test

import (
	"net/http"
	"testing"
	"time"

	"assay/internal/oidc"
)

// What a provider can answer to a refresh token, and whether it is about the person.
func TestWhatARecheckLearns(t *testing.T) {
	status := func(code int, error string) func(*hostile) {
		return func(h *hostile) {
			h.mint = func(w http.ResponseWriter, _ map[string]any) {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(code)
				write(w, map[string]any{"error": error})
			}
		}
	}
	for name, tc := range map[string]struct {
		lie   func(*hostile)
		want  oidc.Reason
		final bool
	}{
		"all is well":                    {func(*hostile) {}, "", false},
		"the grant was taken back":       {status(400, "invalid_grant"), oidc.Withdrawn, true},
		"the grant was replaced, by Dex": {status(400, "invalid_request"), oidc.GrantUnknown, false},
		"the person has to do something": {status(400, "interaction_required"), oidc.Withdrawn, true},
		"the connector of Dex refused":   {status(500, "invalid_request"), oidc.RefreshFailed, false},
		"it is down":                     {status(503, ""), oidc.RefreshFailed, false},
		"it is busy":                     {status(429, ""), oidc.Unavailable, false},
		"it asks for patience":           {status(400, "temporarily_unavailable"), oidc.Unavailable, false},
		"it forgot our secret":           {status(401, "invalid_client"), oidc.Misconfigured, false},
		"another person":                 {func(h *hostile) { h.claims["sub"] = "u-2" }, oidc.Subject, true},
		"another site":                   {func(h *hostile) { h.claims["aud"] = "other" }, oidc.Audience, false},
		"a forged signature":             {func(h *hostile) { h.key = foreignKey; h.jwks = honestly }, oidc.Signature, false},
		"an old token":                   {func(h *hostile) { h.claims["iat"] = h.now.Add(-time.Hour).Unix() }, oidc.IssuedAt, false},
		"too many groups": {func(h *hostile) {
			delete(h.claims, "groups")
			h.claims["_claim_names"] = map[string]string{"groups": "src1"}
		}, oidc.GroupOverage, true},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHostile(t)
			provider := h.provider()
			if err := provider.Ready(t.Context()); err != nil {
				t.Fatal(err)
			}
			h.mint = func(w http.ResponseWriter, answer map[string]any) { write(w, answer) }
			tc.lie(h)
			id, next, err := provider.Recheck(t.Context(), oidc.Grant{Refresh: "r-1"}, "u-1")
			if oidc.Why(err) != tc.want || oidc.Final(err) != tc.final || tc.want == "" && (err != nil || id.Subject != "u-1") {
				t.Errorf("%v, final %v", err, oidc.Final(err))
			}
			if next.Refresh != "r-1" {
				t.Errorf("the grant became %+v", next)
			}
		})
	}
}

func honestly(w http.ResponseWriter, _ *http.Request) {
	h := &hostile{key: ourKey, kid: "k1"}
	h.publish(w, nil)
}

// A provider may answer without an ID token; then nothing is known but that it stands by
// the person.
func TestARecheckWithoutWords(t *testing.T) {
	h := newHostile(t)
	h.mint = func(w http.ResponseWriter, answer map[string]any) {
		delete(answer, "id_token")
		answer["refresh_token"] = "r-2"
		write(w, answer)
	}
	id, next, err := h.provider().Recheck(t.Context(), oidc.Grant{Refresh: "r-1"}, "u-1")
	if err != nil || !id.Silent || id.Subject != "u-1" || next.Refresh != "r-2" {
		t.Errorf("%+v %+v %v", id, next, err)
	}
}

func TestAnAccessTokenThatEndsSoonIsNoGrant(t *testing.T) {
	id := believed(t, oidc.Ask{}, func(h *hostile) { h.config.UserInfo, h.userinfo = true, map[string]any{"sub": "u-1"} }) // 300 seconds
	if id.Grant.Way() != oidc.NoWay {
		t.Errorf("the grant is %+v", id.Grant)
	}
}

// Not every provider has a userinfo endpoint; those without can be signed in with.
func TestAProviderWithoutUserinfo(t *testing.T) {
	id := believed(t, oidc.Ask{}, func(h *hostile) {
		h.config.UserInfo = true
		delete(h.document, "userinfo_endpoint")
	})
	if id.Subject != "u-1" || id.Grant.Way() != oidc.NoWay {
		t.Errorf("%+v", id)
	}
}

func TestAFreshSignIn(t *testing.T) {
	ask := oidc.Ask{MaxAge: 5 * time.Minute, Login: true}
	id := believed(t, ask, func(h *hostile) { h.claims["auth_time"] = h.now.Add(-time.Minute).Unix() })
	if id.AuthAge != time.Minute {
		t.Errorf("%s old", id.AuthAge)
	}
	ask.TrustPrompt = true
	id = believed(t, ask, func(*hostile) {}) // it does not say, and is trusted to have asked
	if !id.AuthTime.IsZero() {
		t.Errorf("signed in at %s", id.AuthTime)
	}
	h := newHostile(t)
	h.claims["auth_time"] = h.now.Add(-7 * time.Minute).Unix()
	a, err := h.begin(ask)
	if err != nil {
		t.Fatal(err)
	}
	if parameter(t, a.address, "prompt") != "login" || parameter(t, a.address, "max_age") != "300" {
		t.Errorf("asked at %s", a.address)
	}
	_, err = a.finish() // trust is for silence, not for a time that is too long ago
	refused(t, err, oidc.AuthTime)
}
