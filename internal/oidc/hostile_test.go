package oidc_test

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"assay/internal/oidc"

	"github.com/go-jose/go-jose/v4"
)

// hostile is a provider that can be made to lie in one place at a time.
type hostile struct {
	t       *testing.T
	issuer  string
	now     time.Time
	key     *rsa.PrivateKey
	kid     string
	config  oidc.Config
	fetches atomic.Int32 // of the keys

	document map[string]any
	header   map[string]any
	claims   map[string]any
	userinfo map[string]any

	jws  func(header, claims []byte) string       // signs; nil signs honestly
	jwks func(http.ResponseWriter, *http.Request) // nil publishes honestly
	mint func(http.ResponseWriter, map[string]any)
}

const accessToken = "an-access-token"

var (
	ourKey     = mustKey(2048)
	foreignKey = mustKey(2048)
	shortKey   = mustKey(1024)
)

func mustKey(bits int) *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		panic(err)
	}
	return key
}

func newHostile(t *testing.T) *hostile {
	t.Helper()
	h := &hostile{t: t, key: ourKey, kid: "k1", now: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)}
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	h.issuer = server.URL
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) { write(w, h.document) })
	mux.HandleFunc("/keys", h.publish)
	mux.HandleFunc("/token", h.exchange)
	mux.HandleFunc("/userinfo", func(w http.ResponseWriter, _ *http.Request) { write(w, h.userinfo) })
	h.document = map[string]any{
		"issuer": h.issuer, "authorization_endpoint": h.issuer + "/authorize", "token_endpoint": h.issuer + "/token",
		"jwks_uri": h.issuer + "/keys", "userinfo_endpoint": h.issuer + "/userinfo",
		"end_session_endpoint": h.issuer + "/logout", "code_challenge_methods_supported": []string{"S256"},
		"id_token_signing_alg_values_supported": []string{"RS256"},
	}
	h.header = map[string]any{"alg": "RS256", "kid": "k1", "typ": "JWT"}
	h.claims = map[string]any{
		"iss": h.issuer, "aud": "assay", "sub": "u-1", "iat": h.now.Unix(), "exp": h.now.Add(time.Hour).Unix(),
		"email": "maya@halyard.example", "email_verified": true, "name": "Maya", "groups": []string{"compliance"},
	}
	h.config = oidc.Config{
		Name: "demo", Issuer: h.issuer, ClientID: "assay", ClientSecret: "secret",
		RedirectURL: "http://127.0.0.1:8080/auth/demo/callback",
		Now:         func() time.Time { return h.now },
	}
	return h
}

func write(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

func (h *hostile) publish(w http.ResponseWriter, r *http.Request) {
	h.fetches.Add(1)
	if h.jwks != nil {
		h.jwks(w, r)
		return
	}
	write(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: h.key.Public(), KeyID: h.kid, Algorithm: "RS256", Use: "sig"}}})
}

func (h *hostile) exchange(w http.ResponseWriter, r *http.Request) {
	answer := map[string]any{"access_token": accessToken, "token_type": "Bearer", "expires_in": 300, "id_token": h.token()}
	if h.mint != nil {
		h.mint(w, answer)
		return
	}
	if r.PostFormValue("code") != "good" {
		w.WriteHeader(http.StatusBadRequest)
		answer = map[string]any{"error": "invalid_grant"}
	}
	write(w, answer)
}

// token makes the ID or logout token of the moment.
func (h *hostile) token() string {
	header, _ := json.Marshal(h.header)
	claims, _ := json.Marshal(h.claims)
	if h.jws != nil {
		return h.jws(header, claims)
	}
	return rs256(h.key, header, claims)
}

func input(header, claims []byte) string {
	return base64.RawURLEncoding.EncodeToString(header) + "." + base64.RawURLEncoding.EncodeToString(claims)
}

func rs256(key *rsa.PrivateKey, header, claims []byte) string {
	signed := input(header, claims)
	sum := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		panic(err)
	}
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func hs256(secret, header, claims []byte) string {
	signed := input(header, claims)
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(signed))
	return signed + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// attempt is one sign-in with this provider.
type attempt struct {
	h        *hostile
	provider *oidc.Provider
	pending  oidc.Pending
	query    url.Values
	ask      oidc.Ask
	address  string
}

func (h *hostile) begin(ask oidc.Ask) (*attempt, error) {
	h.t.Helper()
	provider, err := oidc.New(h.config)
	if err != nil {
		h.t.Fatal(err)
	}
	address, pending, err := provider.Begin(h.t.Context(), "/evidence/E-12", ask)
	if err != nil {
		return nil, err
	}
	u, _ := url.Parse(address)
	if _, set := h.claims["nonce"]; !set {
		h.claims["nonce"] = u.Query().Get("nonce")
	}
	return &attempt{h, provider, pending, url.Values{"code": {"good"}, "state": {u.Query().Get("state")}}, ask, address}, nil
}

func (a *attempt) finish() (oidc.Identity, error) {
	return a.provider.Finish(a.h.t.Context(), a.query, a.pending)
}

func TestTheHonestProviderIsBelieved(t *testing.T) {
	h := newHostile(t)
	a, err := h.begin(oidc.Ask{})
	if err != nil {
		t.Fatal(err)
	}
	id, err := a.finish()
	if err != nil {
		t.Fatal(err)
	}
	if id.Issuer != h.issuer || id.Subject != "u-1" || id.Email != "maya@halyard.example" || !id.EmailVerified || len(id.Groups) != 1 {
		t.Errorf("identity is %+v", id)
	}
}

func TestAHostileProviderGetsNowhere(t *testing.T) {
	claim := func(name string, value any) func(*hostile) { return func(h *hostile) { h.claims[name] = value } }
	drop := func(name string) func(*hostile) { return func(h *hostile) { delete(h.claims, name) } }
	header := func(name string, value any) func(*hostile) { return func(h *hostile) { h.header[name] = value } }
	query := func(name, value string) func(*attempt) { return func(a *attempt) { a.query.Set(name, value) } }
	at := func(name string, ago time.Duration) func(*hostile) {
		return func(h *hostile) { h.claims[name] = h.now.Add(-ago).Unix() }
	}
	signed := func(f func(h *hostile, header, claims []byte) string) func(*hostile) {
		return func(h *hostile) { h.jws = func(a, b []byte) string { return f(h, a, b) } }
	}
	answer := func(f func(http.ResponseWriter, map[string]any)) func(*hostile) {
		return func(h *hostile) { h.mint = f }
	}
	publishes := func(f func(http.ResponseWriter, *http.Request)) func(*hostile) {
		return func(h *hostile) { h.jwks = f }
	}

	for _, tc := range []struct {
		name   string
		lie    func(*hostile)
		tamper func(*attempt)
		ask    oidc.Ask
		want   oidc.Reason
	}{
		// Claims
		{name: "a token of another issuer", lie: claim("iss", "https://login.example"), want: oidc.Issuer},
		{name: "an issuer with a slash behind", lie: func(h *hostile) { h.claims["iss"] = h.issuer + "/" }, want: oidc.Issuer},
		{name: "a token without an issuer", lie: drop("iss"), want: oidc.Issuer},
		{name: "a token for another site", lie: claim("aud", "other"), want: oidc.Audience},
		{name: "a token for nobody", lie: drop("aud"), want: oidc.Audience},
		{name: "several audiences and no authorised party", lie: claim("aud", []string{"assay", "other"}), want: oidc.AuthorisedParty},
		{name: "several audiences and a foreign party", lie: func(h *hostile) {
			h.claims["aud"], h.claims["azp"] = []string{"assay", "other"}, "other"
		}, want: oidc.AuthorisedParty},
		{name: "one audience and a foreign party", lie: claim("azp", "other"), want: oidc.AuthorisedParty},
		{name: "no nonce", lie: claim("nonce", nil), want: oidc.Nonce},
		{name: "the nonce of another sign-in", lie: claim("nonce", "other"), want: oidc.Nonce},
		{name: "an expired token", lie: at("exp", time.Second), want: oidc.Expired},
		{name: "a token that never expires", lie: drop("exp"), want: oidc.Expired},
		{name: "a token not yet valid", lie: at("nbf", -2*time.Minute), want: oidc.NotYetValid},
		{name: "a token valid only in an hour", lie: at("nbf", -time.Hour), want: oidc.NotYetValid},
		{name: "a token issued in the future", lie: at("iat", -61*time.Second), want: oidc.IssuedAt},
		{name: "a token issued long ago", lie: at("iat", 61*time.Second), want: oidc.IssuedAt},
		{name: "a token issued at no time", lie: drop("iat"), want: oidc.IssuedAt},
		{name: "a token about nobody", lie: drop("sub"), want: oidc.Subject},
		{name: "a subject without end", lie: claim("sub", strings.Repeat("x", 256)), want: oidc.Subject},
		{name: "a subject that is a number", lie: claim("sub", 7), want: oidc.Malformed},
		{name: "the hash of another access token", lie: claim("at_hash", "AAAAAAAAAAAAAAAAAAAAAA"), want: oidc.AccessTokenHash},
		{name: "a subject in two spellings", lie: claim("SUB", "admin"), want: oidc.DuplicateClaim},
		{name: "a subject twice", lie: signed(func(h *hostile, header, claims []byte) string {
			return rs256(h.key, header, append([]byte(`{"sub":"admin",`), claims[1:]...))
		}), want: oidc.DuplicateClaim},
		{name: "a member twice deep inside", lie: claim("realm_access", json.RawMessage(`{"roles":["a"],"roles":["b"]}`)), want: oidc.DuplicateClaim},
		{name: "claims that are a list", lie: signed(func(h *hostile, header, _ []byte) string {
			return rs256(h.key, header, []byte(`[1]`))
		}), want: oidc.Malformed},

		// What was asked for
		{name: "a fresh sign-in asked, no time given", ask: oidc.Ask{MaxAge: 5 * time.Minute}, want: oidc.AuthTimeUnsaid},
		{name: "a fresh sign-in asked, an old one given", ask: oidc.Ask{MaxAge: 5 * time.Minute}, lie: at("auth_time", 7*time.Minute), want: oidc.AuthTime},
		{name: "a fresh sign-in asked, a future one given", ask: oidc.Ask{MaxAge: 5 * time.Minute}, lie: at("auth_time", -2*time.Minute), want: oidc.AuthTime},
		{name: "a second factor asked, none given", ask: oidc.Ask{ACR: []string{"mfa"}}, lie: claim("acr", "pwd"), want: oidc.AuthContext},

		// Signatures and headers
		{name: "no signature", lie: func(h *hostile) {
			h.header["alg"] = "none"
			h.jws = func(a, b []byte) string { return input(a, b) + "." }
		}, want: oidc.Algorithm},
		{name: "the algorithm none in capitals", lie: header("alg", "nOnE"), want: oidc.Algorithm},
		{name: "a MAC under the public key", lie: func(h *hostile) {
			h.header["alg"] = "HS256"
			der, _ := x509.MarshalPKIXPublicKey(h.key.Public())
			public := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
			h.jws = func(a, b []byte) string { return hs256(public, a, b) }
		}, want: oidc.Algorithm},
		{name: "a MAC under the client secret", lie: func(h *hostile) {
			h.header["alg"] = "HS256"
			h.jws = func(a, b []byte) string { return hs256([]byte("secret"), a, b) }
		}, want: oidc.Algorithm},
		{name: "a MAC under a key published as symmetric", lie: func(h *hostile) {
			h.header["alg"] = "HS256"
			h.jws = func(a, b []byte) string { return hs256([]byte("published"), a, b) }
			h.jwks = func(w http.ResponseWriter, _ *http.Request) {
				write(w, map[string]any{"keys": []any{map[string]any{"kty": "oct", "kid": "k1", "k": "cHVibGlzaGVk"}}})
			}
		}, want: oidc.Algorithm},
		{name: "a foreign key under our key's name", lie: signed(func(_ *hostile, a, b []byte) string { return rs256(foreignKey, a, b) }), want: oidc.Signature},
		{name: "a foreign key under its own name", lie: func(h *hostile) {
			h.header["kid"] = "k2"
			h.jws = func(a, b []byte) string { return rs256(foreignKey, a, b) }
		}, want: oidc.KeyUnknown},
		{name: "a foreign key the token brings along", lie: func(h *hostile) {
			h.header["jwk"] = jose.JSONWebKey{Key: foreignKey.Public()}
			h.jws = func(a, b []byte) string { return rs256(foreignKey, a, b) }
		}, want: oidc.Signature},
		{name: "a foreign key the token points to", lie: func(h *hostile) {
			h.header["jku"], h.header["kid"] = "https://evil.example/keys", "evil"
			h.jws = func(a, b []byte) string { return rs256(foreignKey, a, b) }
		}, want: oidc.KeyUnknown},
		{name: "claims changed after signing", lie: signed(func(h *hostile, a, b []byte) string {
			token := rs256(h.key, a, b)
			return input(a, []byte(strings.Replace(string(b), "u-1", "u-2", 1))) + token[strings.LastIndex(token, "."):]
		}), want: oidc.Signature},
		{name: "a critical extension", lie: func(h *hostile) { h.header["crit"], h.header["exp"] = []string{"exp"}, 1 }, want: oidc.CriticalHeader},
		{name: "an algorithm twice in the header", lie: signed(func(h *hostile, a, b []byte) string {
			return rs256(h.key, append([]byte(`{"alg":"none",`), a[1:]...), b)
		}), want: oidc.DuplicateClaim},
		{name: "a token within a token", lie: header("cty", "JWT"), want: oidc.Wrapped},
		{name: "an encrypted token", lie: signed(func(*hostile, []byte, []byte) string { return "e30.e30.e30.e30.e30" }), want: oidc.Wrapped},
		{name: "an access token in place of the ID token", lie: header("typ", "at+jwt"), want: oidc.WrongType},
		{name: "a logout token in place of the ID token", lie: header("typ", "logout+jwt"), want: oidc.WrongType},
		{name: "words in place of a token", lie: signed(func(*hostile, []byte, []byte) string { return "hello" }), want: oidc.Malformed},
		{name: "a signature in the wrong alphabet", lie: signed(func(h *hostile, a, b []byte) string { return rs256(h.key, a, b) + "=" }), want: oidc.Malformed},

		// The browser's answer
		{name: "no state", tamper: func(a *attempt) { a.query.Del("state") }, want: oidc.StateWrong},
		{name: "the state of another sign-in", tamper: query("state", "other"), want: oidc.StateWrong},
		{name: "a state twice", tamper: func(a *attempt) { a.query.Add("state", "other") }, want: oidc.AnswerUnclear},
		{name: "no code", tamper: func(a *attempt) { a.query.Del("code") }, want: oidc.AnswerUnclear},
		{name: "an answer long after", tamper: func(a *attempt) { a.h.now = a.h.now.Add(oidc.PendingLife + time.Second) }, want: oidc.TooLate},
		{name: "an answer to nothing", tamper: func(a *attempt) { a.pending = oidc.Pending{}; a.query.Set("state", "") }, want: oidc.NotPending},
		{name: "an answer at another provider's address", tamper: func(a *attempt) { a.pending.Provider = "okta" }, want: oidc.MixUp},
		{name: "an answer in another provider's name", tamper: query("iss", "https://login.example"), want: oidc.MixUp},
		{name: "a name promised and not given", lie: func(h *hostile) { h.document["authorization_response_iss_parameter_supported"] = true }, want: oidc.MixUp},
		{name: "an error with a stolen state", tamper: func(a *attempt) { a.query = url.Values{"error": {"access_denied"}} }, want: oidc.StateWrong},
		{name: "a person who said no", tamper: query("error", "access_denied"), want: oidc.Denied},
		{name: "an error of the provider", tamper: query("error", "server_error"), want: oidc.ProviderError},
		{name: "an error nobody has heard of", tamper: query("error", "<script>"), want: oidc.ProviderError},
		{name: "a provider too busy", tamper: query("error", "temporarily_unavailable"), want: oidc.Unavailable},

		// The token endpoint
		{name: "a code seen before", tamper: query("code", "spent"), want: oidc.CodeRefused},
		{name: "no ID token", lie: answer(func(w http.ResponseWriter, m map[string]any) { delete(m, "id_token"); write(w, m) }), want: oidc.NoIDToken},
		{name: "an ID token that is no text", lie: answer(func(w http.ResponseWriter, m map[string]any) { m["id_token"] = 7; write(w, m) }), want: oidc.NoIDToken},
		{name: "no access token", lie: answer(func(w http.ResponseWriter, m map[string]any) { delete(m, "access_token"); write(w, m) }), want: oidc.Unavailable},
		{name: "a page in place of the tokens", lie: answer(func(w http.ResponseWriter, _ map[string]any) {
			w.Header().Set("Content-Type", "text/html")
			_, _ = w.Write([]byte("<html>Welcome</html>"))
		}), want: oidc.Unavailable},
		{name: "tokens by way of another address", lie: answer(func(w http.ResponseWriter, _ map[string]any) {
			w.Header().Set("Location", "https://evil.example/token")
			w.WriteHeader(http.StatusTemporaryRedirect)
		}), want: oidc.CodeRefused},
		{name: "a token endpoint that is down", lie: answer(func(w http.ResponseWriter, _ map[string]any) { w.WriteHeader(http.StatusBadGateway) }), want: oidc.Unavailable},

		// The keys
		{name: "keys without end", lie: publishes(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"keys":[` + strings.Repeat(" ", 2<<20) + `]}`))
		}), want: oidc.KeysUnavailable},
		{name: "keys that are a page", lie: publishes(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) }), want: oidc.KeysUnavailable},
		{name: "keys by way of another address", lie: publishes(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://evil.example/keys", http.StatusFound)
		}), want: oidc.KeysUnavailable},
		{name: "keys that are not served", lie: publishes(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }), want: oidc.KeysUnavailable},
		{name: "no keys", lie: publishes(func(w http.ResponseWriter, _ *http.Request) { write(w, map[string]any{"keys": []any{}}) }), want: oidc.KeyUnknown},
		{name: "our key, published for encryption", lie: func(h *hostile) {
			h.jwks = func(w http.ResponseWriter, _ *http.Request) {
				write(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: h.key.Public(), KeyID: "k1", Use: "enc"}}})
			}
		}, want: oidc.KeyUnknown},
		{name: "a key short enough to be broken", lie: func(h *hostile) { h.key = shortKey }, want: oidc.KeyUnknown},
		{name: "our key, published for another algorithm", lie: func(h *hostile) {
			h.jwks = func(w http.ResponseWriter, _ *http.Request) {
				write(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: h.key.Public(), KeyID: "k1", Algorithm: "PS256"}}})
			}
		}, want: oidc.Signature},

		// The discovery document
		{name: "a document of another issuer", lie: func(h *hostile) { h.document["issuer"] = "https://login.example" }, want: oidc.Misconfigured},
		{name: "PKCE in the clear only", lie: func(h *hostile) { h.document["code_challenge_methods_supported"] = []string{"plain"} }, want: oidc.Misconfigured},
		{name: "a token endpoint in the clear", lie: func(h *hostile) { h.document["token_endpoint"] = "http://login.example/token" }, want: oidc.Misconfigured},
		{name: "keys at a file", lie: func(h *hostile) { h.document["jwks_uri"] = "file:///etc/passwd" }, want: oidc.Misconfigured},
		{name: "a logout address that is a script", lie: func(h *hostile) { h.document["end_session_endpoint"] = "javascript:alert(1)" }, want: oidc.Misconfigured},

		// Groups
		{name: "groups left out for their number", lie: func(h *hostile) {
			delete(h.claims, "groups")
			h.claims["_claim_names"] = map[string]string{"groups": "src1"}
			h.claims["_claim_sources"] = map[string]any{"src1": map[string]string{"endpoint": "https://graph.example/groups"}}
		}, want: oidc.GroupOverage},
		{name: "groups left out, and no place to look", lie: func(h *hostile) {
			h.claims["_claim_names"] = map[string]string{"groups": "src1"}
		}, want: oidc.GroupOverage},
		{name: "groups left out by a flag", lie: claim("hasgroups", true), want: oidc.GroupOverage},
		{name: "groups left out by a flag in quotes", lie: claim("hasgroups", "true"), want: oidc.GroupOverage},
		{name: "groups that are numbers", lie: claim("groups", []int{1}), want: oidc.GroupsUnclear},
		{name: "groups that are an object", lie: claim("groups", map[string]bool{"admin": true}), want: oidc.GroupsUnclear},
		{name: "a group that is nothing", lie: claim("groups", []any{"admin", nil}), want: oidc.GroupsUnclear},

		// The userinfo endpoint
		{name: "another person in userinfo", lie: func(h *hostile) {
			h.config.UserInfo, h.userinfo = true, map[string]any{"sub": "u-2", "email": "ceo@halyard.example"}
		}, want: oidc.UserInfo},
		{name: "nobody in userinfo", lie: func(h *hostile) {
			h.config.UserInfo, h.userinfo = true, map[string]any{"email": "ceo@halyard.example"}
		}, want: oidc.UserInfo},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := newHostile(t)
			if tc.lie != nil {
				tc.lie(h)
			}
			a, err := h.begin(tc.ask)
			if err == nil {
				if tc.tamper != nil {
					tc.tamper(a)
				}
				_, err = a.finish()
			}
			refused(t, err, tc.want)
		})
	}
}

// refused checks the reason, and that the reader's sentence holds nothing the other side wrote.
func refused(t *testing.T, err error, want oidc.Reason) {
	t.Helper()
	var failure *oidc.Failure
	if !errors.As(err, &failure) || failure.Reason != want {
		t.Fatalf("refused as %q (%v), want %q", oidc.Why(err), err, want)
	}
	sentence := failure.Sentence()
	if !strings.HasSuffix(sentence, ".") || strings.Contains(sentence, "!") || strings.Contains(sentence, "<") {
		t.Errorf("the sentence is %q", sentence)
	}
	if failure.Provider != "demo" || failure.Status() < 400 || len(failure.Error()) > 1200 {
		t.Errorf("the failure is %d bytes, status %d, of provider %q", len(failure.Error()), failure.Status(), failure.Provider)
	}
}
