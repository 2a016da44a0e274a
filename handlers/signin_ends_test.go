package handlers_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"assay/handlers"
	"assay/internal/idp"
	"assay/models"
	"assay/models/modelstest"
)

func TestSessionsEnd(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		h := open(t, db, demonstration)
		start := modelstest.Now
		for name, tc := range map[string]struct {
			login string
			uses  []time.Duration // after signing in, each has to work
			over  time.Duration   // and then, this does not
		}{
			"a session that is not used ends after half an hour":  {"max@example.com", []time.Duration{29 * time.Minute}, 59 * time.Minute},
			"an administrator's ends after a quarter":             {"ada@example.com", []time.Duration{14 * time.Minute}, 29 * time.Minute},
			"an auditor's ends after a quarter":                   {"jo@example.com", []time.Duration{14 * time.Minute}, 29 * time.Minute},
			"one that is used all day ends after twelve hours":    {"max@example.com", every(20*time.Minute, 12*time.Hour-time.Second), 12 * time.Hour},
			"one used within the same minute is not written anew": {"max@example.com", []time.Duration{59 * time.Second}, 30 * time.Minute},
		} {
			t.Run(name, func(t *testing.T) {
				h.t = t
				start = start.Add(24 * time.Hour)
				modelstest.At(db, start)
				browser := h.enter(tc.login)
				for _, after := range tc.uses {
					modelstest.At(db, start.Add(after))
					if !h.isIn(browser, h.base) {
						t.Fatalf("over after %s already", after)
					}
				}
				modelstest.At(db, start.Add(tc.over))
				if h.isIn(browser, h.base) {
					t.Errorf("still good after %s", tc.over)
				}
			})
		}
	})
}

func every(step, until time.Duration) (out []time.Duration) {
	for d := step; d < until; d += step {
		out = append(out, d)
	}
	return append(out, until)
}

func TestTheProviderEndsSessions(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		h := open(t, db, demonstration)
		replica := h.replica()
		one, other := h.enter("max@example.com"), h.enter("ada@example.com")
		if err := h.peer.idp.Deactivate(t.Context(), "max@example.com"); err != nil {
			t.Fatal(err)
		}
		if h.isIn(one, h.base) || h.isIn(one, replica) {
			t.Error("the leaver is still in")
		}
		if !h.isIn(other, replica) {
			t.Error("somebody else was put out")
		}
		if h.leaves("session.revoke") != 1 {
			t.Error("nobody can tell why the session ended")
		}
	})
}

func TestLogoutOrders(t *testing.T) {
	h := open(t, modelstest.SQLite(t), demonstration)
	browser := h.enter("max@example.com")
	p := h.person("max@example.com")
	order := func(change func(map[string]any)) string {
		now := time.Now()
		c := map[string]any{
			"iss": h.peer.config.Issuer, "aud": "assay", "sub": p.Subject, "jti": "j-1", "iat": now.Unix(), "exp": now.Add(time.Minute).Unix(),
			"events": map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}},
		}
		change(c)
		return sign(t, "logout+jwt", c)
	}
	good := order(func(map[string]any) {})
	h.send(h.browser(), handlers.LogoutPath, "logout_token", "nonsense").want(http.StatusBadRequest)
	h.send(h.browser(), handlers.LogoutPath, "logout_token", order(func(c map[string]any) { c["aud"] = "other" })).want(http.StatusBadRequest)
	if !h.isIn(browser, h.base) {
		t.Fatal("a bad order was carried out")
	}
	h.send(h.browser(), handlers.LogoutPath, "logout_token", good).want(http.StatusOK)
	if h.isIn(browser, h.base) {
		t.Error("a good order for all of somebody's sessions ended nothing")
	}
	again := h.enter("max@example.com")
	h.send(h.browser(), handlers.LogoutPath, "logout_token", good).want(http.StatusBadRequest)
	if !h.isIn(again, h.base) {
		t.Error("an order was carried out twice")
	}
}

func sign(t *testing.T, kind string, claims map[string]any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: signingKey, KeyID: kid(t)}},
		(&jose.SignerOptions{}).WithType(jose.ContentType(kind)))
	if err != nil {
		t.Fatal(err)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	jws, err := signer.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	token, err := jws.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// kid is what the demonstration provider calls its key: it follows from the key.
func kid(t *testing.T) string {
	t.Helper()
	s, err := idp.New(idp.Config{Issuer: "http://127.0.0.1/x", Key: signingKey})
	if err != nil {
		t.Fatal(err)
	}
	rec := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, "http://127.0.0.1/x/keys", http.NoBody)
	r.RemoteAddr = "127.0.0.1:1"
	s.ServeHTTP(rec, r)
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(rec.Body.Bytes(), &set); err != nil {
		t.Fatal(err)
	}
	return set.Keys[0].KeyID
}

func TestASignOutEndsAtTheProviderToo(t *testing.T) {
	h := open(t, modelstest.SQLite(t), demonstration)
	browser := h.enter("max@example.com")
	page := h.send(browser, "/signout").want(http.StatusOK)
	if page.Header.Get("Clear-Site-Data") != `"storage"` || h.cookie(browser, "assay") != "" {
		t.Errorf("the browser keeps something: clears %q", page.Header.Get("Clear-Site-Data"))
	}
	_, onward, _ := strings.Cut(page.Header.Get("Refresh"), "url=")
	if !strings.HasPrefix(onward, h.peer.config.Issuer) {
		t.Fatalf("sent on to %q", onward)
	}
	at := h.get(browser, onward)
	if at.To != h.base+"/signin" {
		t.Errorf("the provider answered %d to %q\n%s", at.Status, at.To, at.Body)
	}
	h.send(browser, "/signout").want(http.StatusSeeOther) // nobody is left to sign out
}
