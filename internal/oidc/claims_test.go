package oidc_test

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"assay/internal/oidc"
)

func parameter(t *testing.T, address, name string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query().Get(name)
}

// believed signs in with a provider changed by lie and wants it to succeed.
func believed(t *testing.T, ask oidc.Ask, lie func(*hostile)) oidc.Identity {
	t.Helper()
	h := newHostile(t)
	lie(h)
	a, err := h.begin(ask)
	if err != nil {
		t.Fatal(err)
	}
	id, err := a.finish()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestGroupsAreFoundWhereTheConfigurationSays(t *testing.T) {
	for name, tc := range map[string]struct {
		claim  string
		claims string
		want   []string
	}{
		"at the top":                         {"", `{"groups":["a","b"]}`, []string{"a", "b"}},
		"one word for a list of one":         {"roles", `{"roles":"a"}`, []string{"a"}},
		"one word with a comma is one group": {"roles", `{"roles":"a,b"}`, []string{"a,b"}},
		"inside another claim":               {"realm_access.roles", `{"realm_access":{"roles":["a"]}}`, []string{"a"}},
		"two levels down":                    {"resource_access.assay.roles", `{"resource_access":{"assay":{"roles":["a"]}}}`, []string{"a"}},
		"under a name that is an address":    {"https://halyard.example/roles", `{"https://halyard.example/roles":["a"]}`, []string{"a"}},
		"the exact name before the path":     {"a.b", `{"a":{"b":["inner"]},"a.b":["exact"]}`, []string{"exact"}},
		"an address inside another claim":    {"app.https://x.y/r", `{"app":{"https://x.y/r":["a"]}}`, []string{"a"}},
		"nowhere":                            {"roles", `{}`, nil},
		"an empty list":                      {"roles", `{"roles":[]}`, nil},
		"null":                               {"roles", `{"roles":null}`, nil},
		"a path that ends early":             {"a.b", `{"a":"x"}`, nil},
		"app roles, while other groups overflow": {
			"roles", `{"roles":["a"],"hasgroups":true,"_claim_names":{"groups":"s"},"_claim_sources":{"s":{"endpoint":"https://g.example"}}}`, []string{"a"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			id := believed(t, oidc.Ask{}, func(h *hostile) {
				h.config.GroupClaim = tc.claim
				delete(h.claims, "groups")
				var more map[string]any
				if err := json.Unmarshal([]byte(tc.claims), &more); err != nil {
					t.Fatal(err)
				}
				for k, v := range more {
					h.claims[k] = v
				}
			})
			if !slices.Equal(id.Groups, tc.want) {
				t.Errorf("groups are %q, want %q", id.Groups, tc.want)
			}
		})
	}
}

func TestANewAddressIsTheSamePersonAndANewSubjectIsNot(t *testing.T) {
	before := believed(t, oidc.Ask{}, func(*hostile) {})
	married := believed(t, oidc.Ask{}, func(h *hostile) { h.claims["email"] = "maya.berg@halyard.example" })
	successor := believed(t, oidc.Ask{}, func(h *hostile) { h.claims["sub"] = "u-2" })
	if married.Subject != before.Subject || married.Email == before.Email {
		t.Errorf("a new address made %+v of %+v", married, before)
	}
	if successor.Subject == before.Subject || successor.Email != before.Email {
		t.Errorf("a new subject under an old address is %+v", successor)
	}
}

func TestWhatIsWithinBounds(t *testing.T) {
	for name, tc := range map[string]struct {
		ask oidc.Ask
		lie func(*hostile)
	}{
		"a clock a minute ahead":            {lie: func(h *hostile) { h.claims["iat"] = h.now.Add(time.Minute).Unix() }},
		"a clock a minute behind":           {lie: func(h *hostile) { h.claims["iat"] = h.now.Add(-time.Minute).Unix() }},
		"several audiences and us as party": {lie: func(h *hostile) { h.claims["aud"], h.claims["azp"] = []string{"assay", "x"}, "assay" }},
		"a true access token hash":          {lie: func(h *hostile) { h.claims["at_hash"] = "YiHPD2T9DaX5B837XJXtow" }},
		"a fresh sign-in as asked": {oidc.Ask{MaxAge: 5 * time.Minute}, func(h *hostile) {
			h.claims["auth_time"] = h.now.Add(-5 * time.Minute).Unix()
		}},
		"a second factor as asked":   {oidc.Ask{ACR: []string{"mfa", "hwk"}}, func(h *hostile) { h.claims["acr"] = "hwk" }},
		"no type":                    {lie: func(h *hostile) { delete(h.header, "typ") }},
		"no key name, with one key":  {lie: func(h *hostile) { delete(h.header, "kid") }},
		"PKCE that nobody speaks of": {lie: func(h *hostile) { delete(h.document, "code_challenge_methods_supported") }},
		"a backdated token, with leeway": {lie: func(h *hostile) {
			h.config.IssuedWithin = 6 * time.Minute
			h.claims["iat"] = h.now.Add(-5 * time.Minute).Unix()
		}},
	} {
		t.Run(name, func(t *testing.T) { believed(t, tc.ask, tc.lie) })
	}
}

func TestUserinfoFillsGapsAndReplacesNothing(t *testing.T) {
	id := believed(t, oidc.Ask{}, func(h *hostile) {
		h.config.UserInfo = true
		delete(h.claims, "name")
		delete(h.claims, "groups")
		h.claims["email_verified"] = false
		h.userinfo = map[string]any{
			"sub": "u-1", "name": "Maya Lindqvist", "groups": []string{"compliance"},
			"email": "other@halyard.example", "email_verified": true, "sid": "forged",
		}
	})
	if id.Name != "Maya Lindqvist" || !slices.Equal(id.Groups, []string{"compliance"}) {
		t.Errorf("the gaps are %q, %q", id.Name, id.Groups)
	}
	if id.Email != "maya@halyard.example" || id.EmailVerified || id.SID != "" {
		t.Errorf("the token's own words became %+v", id)
	}
}

func TestBeginAsksForEverything(t *testing.T) {
	h := newHostile(t)
	address, pending, err := h.provider().Begin(t.Context(), "//evil.example", oidc.Ask{MaxAge: 5 * time.Minute, ACR: []string{"mfa", "hwk"}})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"client_id": "assay", "response_type": "code", "redirect_uri": h.config.RedirectURL, "scope": "openid profile email",
		"state": pending.State, "nonce": pending.Nonce, "code_challenge_method": "S256", "max_age": "300", "acr_values": "mfa hwk",
	} {
		if got := parameter(t, address, name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if len(parameter(t, address, "code_challenge")) != 43 || strings.Contains(address, pending.Verifier) {
		t.Errorf("the challenge is wrong in %s", address)
	}
	if pending.ReturnTo != "/" || pending.Provider != "demo" || !pending.CreatedAt.Equal(h.now) {
		t.Errorf("pending is %+v", pending)
	}
	_, other, _ := h.provider().Begin(t.Context(), "/", oidc.Ask{})
	if other.State == pending.State || other.Nonce == pending.Nonce || other.Verifier == pending.Verifier {
		t.Error("two sign-ins share a secret")
	}
}

func TestTheWayOutNamesWhoLeaves(t *testing.T) {
	h := newHostile(t)
	address := h.provider().LogoutURL(t.Context(), "hint", "http://127.0.0.1:8080/")
	if !strings.HasPrefix(address, h.issuer+"/logout?") || parameter(t, address, "id_token_hint") != "hint" ||
		parameter(t, address, "post_logout_redirect_uri") != "http://127.0.0.1:8080/" || parameter(t, address, "client_id") != "assay" {
		t.Errorf("the address is %s", address)
	}
	delete(h.document, "end_session_endpoint")
	if address := h.provider().LogoutURL(t.Context(), "hint", ""); address != "" {
		t.Errorf("a provider without an address gave %s", address)
	}
}

func TestConfigurationIsChecked(t *testing.T) {
	good := oidc.Config{Name: "okta", Issuer: "https://login.example", ClientID: "a", ClientSecret: "b", RedirectURL: "https://assay.example/cb"}
	if _, err := oidc.New(good); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*oidc.Config){
		"no name":                     func(c *oidc.Config) { c.Name = "" },
		"a name that is a path":       func(c *oidc.Config) { c.Name = "../okta" },
		"an issuer in the clear":      func(c *oidc.Config) { c.Issuer = "http://login.example" },
		"an issuer with a password":   func(c *oidc.Config) { c.Issuer = "https://a:b@login.example" },
		"a redirect in the clear":     func(c *oidc.Config) { c.RedirectURL = "http://assay.example/cb" },
		"no client id":                func(c *oidc.Config) { c.ClientID = "" },
		"no client secret":            func(c *oidc.Config) { c.ClientSecret = "" },
		"a symmetric algorithm":       func(c *oidc.Config) { c.Algorithms = []string{"HS256"} },
		"an algorithm that is none":   func(c *oidc.Config) { c.Algorithms = []string{"none"} },
		"loopback as part of a name":  func(c *oidc.Config) { c.Issuer = "http://127.0.0.1.evil.example" },
		"localhost as part of a name": func(c *oidc.Config) { c.Issuer = "http://localhost.evil.example" },
	} {
		c := good
		change(&c)
		if _, err := oidc.New(c); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}
