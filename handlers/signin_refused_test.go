package handlers_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"assay/handlers"
	"assay/internal/oidc"
	"assay/models/modelstest"
)

func TestWhatTheProviderSays(t *testing.T) {
	for name, tc := range map[string]struct {
		claims func(map[string]any)
		trust  bool
		status int
		says   string
	}{
		"too many groups for a token":                 {func(c map[string]any) { delete(c, "groups"); c["_claim_names"] = map[string]any{"groups": "src1"} }, false, 403, "more groups than"},
		"an address that is not verified":             {func(c map[string]any) { c["email_verified"] = false }, false, 403, "does not confirm"},
		"an address that is trusted without that":     {func(c map[string]any) { delete(c, "email_verified") }, true, 303, ""},
		"no address at all":                           {func(c map[string]any) { delete(c, "email") }, true, 403, "did not say what your e-mail"},
		"a nonce of another sign-in":                  {func(c map[string]any) { c["nonce"] = "x" }, false, 400, "did not pass our checks"},
		"a name in several lines, and none of it bad": {func(c map[string]any) { c["name"] = "Max\nManager" }, false, 303, ""},
	} {
		t.Run(name, func(t *testing.T) {
			h := open(t, modelstest.SQLite(t), demonstration, func(app *handlers.App, c *oidc.Config) {
				app.TrustEmail, c.UserInfo, c.Transport = tc.trust, false, forging{t, tc.claims}
			})
			browser := h.browser()
			got := h.signIn(browser, "max@example.com").want(tc.status)
			if tc.says != "" {
				got.has(tc.says)
			}
		})
	}
}

// forging changes the claims of ID tokens on their way, and signs them with the
// provider's own key.
type forging struct {
	t      *testing.T
	change func(map[string]any)
}

func (f forging) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil || !strings.HasSuffix(r.URL.Path, "/token") {
		return resp, err
	}
	defer resp.Body.Close()
	var body map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&body); err != nil {
		return nil, err
	}
	old, err := jose.ParseSigned(body["id_token"].(string), []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		return nil, err
	}
	var claims map[string]any
	if err := json.Unmarshal(old.UnsafePayloadWithoutVerification(), &claims); err != nil {
		return nil, err
	}
	f.change(claims)
	body["id_token"] = sign(f.t, "JWT", claims)
	b, err := json.Marshal(body)
	resp.Body, resp.ContentLength = io.NopCloser(strings.NewReader(string(b))), int64(len(b))
	resp.Header.Del("Content-Length")
	return resp, err
}

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestAProviderThatIsDown(t *testing.T) {
	down := false
	h := open(t, modelstest.SQLite(t), demonstration, func(_ *handlers.App, c *oidc.Config) {
		c.Transport = transport(func(r *http.Request) (*http.Response, error) {
			if down {
				return nil, errors.New("connection refused")
			}
			return http.DefaultTransport.RoundTrip(r)
		})
	})
	down = true
	h.get(h.browser(), "/auth/start").want(http.StatusServiceUnavailable).has("cannot be reached", "name request")
	down = false
	h.late.Store(3)
	browser := h.enter("max@example.com")
	down = true
	if !h.isIn(browser, h.base) {
		t.Error("somebody signed in is put out when the provider goes down")
	}
	h.app.OIDC = nil
	h.get(h.browser(), "/auth/start").want(http.StatusServiceUnavailable).has("no identity provider is configured")
}

func TestSignInsAreThrottled(t *testing.T) {
	db := modelstest.SQLite(t)
	h := open(t, db, demonstration, func(app *handlers.App, _ *oidc.Config) { app.SignInLimit, app.Proxies = 3, []string{"127.0.0.0/8"} })
	for range 5 { // signing in is not what is counted
		h.enter("max@example.com")
	}
	browser := h.browser()
	for range 3 {
		h.get(browser, "/auth/start").want(http.StatusSeeOther)
	}
	h.get(browser, "/auth/start").want(http.StatusTooManyRequests).has("Wait a minute")
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.base+"/auth/start", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Forwarded-For", "192.0.2.7")
	h.do(browser, r).want(http.StatusSeeOther) // somebody else behind the same proxy
	modelstest.At(db, modelstest.Now.Add(61*time.Second))
	h.get(browser, "/auth/start").want(http.StatusSeeOther)
}

func TestTokensThatAreNoneAreCounted(t *testing.T) {
	db := modelstest.SQLite(t)
	h := open(t, db, demonstration, func(app *handlers.App, _ *oidc.Config) { app.Proxies = []string{"127.0.0.0/8"} })
	from := func(address, method, path, body string) answer {
		r, err := http.NewRequestWithContext(t.Context(), method, h.base+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("X-Forwarded-For", address)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		return h.do(h.browser(), r)
	}
	for range 10 {
		from("192.0.2.7", http.MethodPost, handlers.LogoutPath, "logout_token=nonsense").want(http.StatusBadRequest)
		from("192.0.2.7", http.MethodGet, handlers.CallbackPath+"?state=forged&code=1", "").want(http.StatusBadRequest)
	}
	order := from("192.0.2.7", http.MethodPost, handlers.LogoutPath, "logout_token=nonsense").want(http.StatusTooManyRequests)
	if order.Header.Get("Retry-After") != "3" {
		t.Errorf("try again after %q seconds", order.Header.Get("Retry-After"))
	}
	page := from("192.0.2.7", http.MethodGet, handlers.CallbackPath+"?state=forged&code=1", "").want(http.StatusTooManyRequests).has("Wait a minute")
	if page.Header.Get("Retry-After") != "3" {
		t.Errorf("try again after %q seconds", page.Header.Get("Retry-After"))
	}
	from("192.0.2.8", http.MethodPost, handlers.LogoutPath, "logout_token=nonsense").want(http.StatusBadRequest)
	// What the visitor writes in front of what the proxy adds counts for nothing.
	from("203.0.113.9, 192.0.2.7", http.MethodPost, handlers.LogoutPath, "logout_token=nonsense").want(http.StatusTooManyRequests)
	h.enter("max@example.com") // somebody who signs in is not counted
	modelstest.At(db, modelstest.Now.Add(time.Minute))
	from("192.0.2.7", http.MethodPost, handlers.LogoutPath, "logout_token=nonsense").want(http.StatusBadRequest)
}

func TestAnAddressIsBelievedFromTrustedProxiesOnly(t *testing.T) {
	h := open(t, modelstest.SQLite(t), demonstration, func(app *handlers.App, _ *oidc.Config) {
		app.SignInLimit, app.Proxies = 2, []string{"10.0.0.0/8"} // and the tests come from 127.0.0.1
	})
	for n, want := range []int{http.StatusSeeOther, http.StatusSeeOther, http.StatusTooManyRequests} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.base+"/auth/start", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("X-Forwarded-For", fmt.Sprintf("192.0.2.%d", n))
		if got := h.do(h.browser(), r).want(want); want == http.StatusTooManyRequests && got.Header.Get("Retry-After") != "60" {
			t.Errorf("try again after %q seconds", got.Header.Get("Retry-After"))
		}
	}
}
