package oidc_test

import (
	"net/http"
	"testing"
	"time"

	"assay/internal/oidc"

	"github.com/go-jose/go-jose/v4"
)

// signIn makes one sign-in through a provider that is kept from one to the next.
func (h *hostile) signIn(provider *oidc.Provider) error {
	h.t.Helper()
	address, pending, err := provider.Begin(h.t.Context(), "/", oidc.Ask{})
	if err != nil {
		return err
	}
	h.claims["nonce"] = parameter(h.t, address, "nonce")
	h.claims["iat"], h.claims["exp"] = h.now.Unix(), h.now.Add(time.Hour).Unix()
	_, err = provider.Finish(h.t.Context(), map[string][]string{"code": {"good"}, "state": {pending.State}}, pending)
	return err
}

func (h *hostile) provider() *oidc.Provider {
	h.t.Helper()
	provider, err := oidc.New(h.config)
	if err != nil {
		h.t.Fatal(err)
	}
	return provider
}

func TestARotatedKeyIsTakenUp(t *testing.T) {
	h := newHostile(t)
	provider := h.provider()
	if err := h.signIn(provider); err != nil {
		t.Fatal(err)
	}
	h.now = h.now.Add(31 * time.Second)
	h.key, h.kid, h.header["kid"] = foreignKey, "k2", "k2"
	if err := h.signIn(provider); err != nil {
		t.Errorf("after the rotation: %v", err)
	}
	if got := h.fetches.Load(); got != 2 {
		t.Errorf("the keys were fetched %d times, want 2", got)
	}
}

func TestARotatedKeyUnderItsOldNameIsTakenUp(t *testing.T) {
	h := newHostile(t)
	provider := h.provider()
	if err := h.signIn(provider); err != nil {
		t.Fatal(err)
	}
	h.now = h.now.Add(31 * time.Second)
	h.key = foreignKey
	if err := h.signIn(provider); err != nil {
		t.Errorf("after the rotation: %v", err)
	}
}

func TestAStormOfUnknownKeysReachesTheProviderOnce(t *testing.T) {
	h := newHostile(t)
	provider := h.provider()
	if err := h.signIn(provider); err != nil {
		t.Fatal(err)
	}
	h.header["kid"] = "unheard-of"
	for range 50 {
		if err := h.signIn(provider); oidc.Why(err) != oidc.KeyUnknown {
			t.Fatal(err)
		}
	}
	if got := h.fetches.Load(); got != 1 {
		t.Errorf("within the cool-down the keys were fetched %d times, want 1", got)
	}
	h.now = h.now.Add(31 * time.Second)
	for range 50 {
		_ = h.signIn(provider)
	}
	if got := h.fetches.Load(); got != 2 {
		t.Errorf("after the cool-down the keys were fetched %d times, want 2", got)
	}
	h.header["kid"] = "k1"
	if err := h.signIn(provider); err != nil {
		t.Errorf("the storm drove out the good key: %v", err)
	}
}

func TestAWithdrawnKeyIsForgottenWithinTheHour(t *testing.T) {
	h := newHostile(t)
	provider := h.provider()
	if err := h.signIn(provider); err != nil {
		t.Fatal(err)
	}
	h.jwks = func(w http.ResponseWriter, _ *http.Request) { write(w, jose.JSONWebKeySet{}) }
	h.now = h.now.Add(time.Hour)
	if err := h.signIn(provider); oidc.Why(err) != oidc.KeyUnknown {
		t.Errorf("a withdrawn key gave %v", err)
	}
}

func TestKeysThatFailAreTriedAgainSoon(t *testing.T) {
	h := newHostile(t)
	provider := h.provider()
	h.jwks = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }
	if err := h.signIn(provider); oidc.Why(err) != oidc.KeysUnavailable {
		t.Fatal(err)
	}
	h.jwks = nil
	h.now = h.now.Add(6 * time.Second)
	if err := h.signIn(provider); err != nil {
		t.Errorf("after the provider came back: %v", err)
	}
}

// The slow provider is real time, because the limit is the HTTP client's own.
func TestKeysThatComeDropByDropAreGivenUp(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for the five seconds a provider has to answer")
	}
	t.Parallel()
	h := newHostile(t)
	h.jwks = func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			_, _ = w.Write([]byte(" "))
			_ = http.NewResponseController(w).Flush()
			time.Sleep(50 * time.Millisecond)
		}
	}
	began := time.Now()
	if err := h.signIn(h.provider()); oidc.Why(err) != oidc.KeysUnavailable {
		t.Errorf("slow keys gave %v", err)
	}
	if took := time.Since(began); took > 7*time.Second {
		t.Errorf("gave up only after %s", took)
	}
}

func TestAServerStartsWhileItsProviderIsDown(t *testing.T) {
	h := newHostile(t)
	down := true
	h.config.Transport = transport(func(r *http.Request) (*http.Response, error) {
		if down {
			return nil, http.ErrServerClosed
		}
		return http.DefaultTransport.RoundTrip(r)
	})
	provider := h.provider()
	err := provider.Ready(t.Context())
	refused(t, err, oidc.Unavailable)
	if got := status(err); got != http.StatusServiceUnavailable {
		t.Errorf("status is %d", got)
	}
	if provider.LogoutURL(t.Context(), "", "") != "" {
		t.Error("a logout address came from nowhere")
	}
	down = false
	if err := h.signIn(provider); oidc.Why(err) != oidc.Unavailable {
		t.Errorf("a moment later the failure was not repeated: %v", err)
	}
	h.now = h.now.Add(3 * time.Second)
	if err := h.signIn(provider); err != nil {
		t.Errorf("after the provider came up: %v", err)
	}
	down, h.now = true, h.now.Add(2*time.Hour)
	if err := provider.Ready(t.Context()); err != nil {
		t.Errorf("a document once read was thrown away: %v", err)
	}
}

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
