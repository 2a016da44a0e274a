package oidc_test

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"assay/internal/idp"
	"assay/internal/oidc"
	"assay/internal/testenv"
)

// callback is never served: the tests stop the browser before it gets there.
const callback = "http://127.0.0.1:9/auth/peer/callback"

// peer is a real provider: the one we bring, or Dex.
type peer struct {
	config                     oidc.Config
	manager, stranger, twofold string
	press                      func(t *testing.T, browser *http.Client, address, login string) *http.Response
}

func TestTheDemonstrationProvider(t *testing.T) { realProvider(t, demonstration(t)) }
func TestDex(t *testing.T)                      { realProvider(t, dex(t)) }

func demonstration(t *testing.T) peer {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	issuer := "http://" + server.Listener.Addr().String() + "/demo-idp"
	provider, err := idp.New(idp.Config{
		Issuer: issuer,
		People: []idp.Person{
			{Email: "max@example.com", Name: "Max Manager", Groups: []string{"assay-managers"}},
			{Email: "sam@example.com", Name: "Sam Stranger"},
			{Email: "tia@example.com", Name: "Tia Twofold", Groups: []string{"assay-auditors", "assay-owners"}},
		},
		Clients: []idp.Client{{ID: "assay", Secret: "s3cret", RedirectURIs: []string{callback}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	server.Config.Handler = provider
	server.Start()
	t.Cleanup(server.Close)
	return peer{
		config:  oidc.Config{Issuer: issuer, ClientID: "assay", ClientSecret: "s3cret"},
		manager: "max@example.com", stranger: "sam@example.com", twofold: "tia@example.com",
		press: func(t *testing.T, browser *http.Client, address, login string) *http.Response {
			t.Helper()
			page := fetch(t, browser, address)
			form := hiddenFields(page)
			form.Set("login", login)
			return post(t, browser, issuer+"/authorize", form)
		},
	}
}

func dex(t *testing.T) peer {
	t.Helper()
	d := testenv.StartDex(t, callback)
	return peer{
		config:  oidc.Config{Issuer: d.Issuer, ClientID: d.ClientID, ClientSecret: d.ClientSecret},
		manager: testenv.DexManager, stranger: testenv.DexStranger, twofold: testenv.DexTwofold,
		press: func(t *testing.T, browser *http.Client, address, login string) *http.Response {
			t.Helper()
			page := fetch(t, browser, address)
			action := regexp.MustCompile(`<form method="post" action="([^"]+)"`).FindStringSubmatch(page)
			if action == nil {
				t.Fatalf("no sign-in form:\n%s", page)
			}
			base, _ := url.Parse(d.Issuer)
			target, err := base.Parse(strings.ReplaceAll(action[1], "&amp;", "&"))
			if err != nil {
				t.Fatal(err)
			}
			return post(t, browser, target.String(), url.Values{"login": {login}, "password": {d.Password}})
		},
	}
}

func hiddenFields(page string) url.Values {
	form := url.Values{}
	for _, m := range regexp.MustCompile(`type="hidden" name="([^"]+)" value="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		form.Set(m[1], strings.NewReplacer("&amp;", "&", "&#43;", "+").Replace(m[2]))
	}
	return form
}

func fetch(t *testing.T, browser *http.Client, address string) string {
	t.Helper()
	resp, err := browser.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func post(t *testing.T, browser *http.Client, address string, form url.Values) *http.Response {
	t.Helper()
	resp, err := browser.PostForm(address, form)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	return resp
}

// newBrowser follows the provider's redirects and stops at our callback.
func newBrowser() *http.Client {
	jar, _ := cookiejar.New(nil)
	return &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(r.URL.String(), callback) {
			return http.ErrUseLastResponse
		}
		return nil
	}}
}

func (p peer) provider(t *testing.T, change ...func(*oidc.Config)) *oidc.Provider {
	t.Helper()
	c := p.config
	c.Name, c.RedirectURL, c.Scopes = "peer", callback, []string{"openid", "profile", "email", "groups"}
	for _, f := range change {
		f(&c)
	}
	provider, err := oidc.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return provider
}

// offline asks for what a recheck needs.
func offline(c *oidc.Config) { c.Offline, c.UserInfo = true, true }

// answer goes through the provider's sign-in page and returns what the browser brings back.
func (p peer) answer(t *testing.T, provider *oidc.Provider, login string) (url.Values, oidc.Pending) {
	t.Helper()
	address, pending, err := provider.Begin(t.Context(), "/controls/AC-03?tab=tests", oidc.Ask{})
	if err != nil {
		t.Fatal(err)
	}
	resp := p.press(t, newBrowser(), address, login)
	at, err := resp.Location()
	if err != nil || !strings.HasPrefix(at.String(), callback) {
		t.Fatalf("the provider answered %s to %v", resp.Status, at)
	}
	return at.Query(), pending
}

func (p peer) signIn(t *testing.T, provider *oidc.Provider, login string) (oidc.Identity, error) {
	t.Helper()
	query, pending := p.answer(t, provider, login)
	return provider.Finish(t.Context(), query, pending)
}

// realProvider is the suite both providers have to pass.
func realProvider(t *testing.T, p peer) {
	t.Run("a person signs in and is the same person the next time", func(t *testing.T) {
		provider := p.provider(t)
		first, err := p.signIn(t, provider, p.manager)
		if err != nil {
			t.Fatal(err)
		}
		again, err := p.signIn(t, provider, p.manager)
		if err != nil {
			t.Fatal(err)
		}
		if first.Subject == "" || first.Subject != again.Subject || first.Issuer != p.config.Issuer {
			t.Errorf("identities %q and %q", first.Subject, again.Subject)
		}
		if first.Email != p.manager || !first.EmailVerified || first.Name != "Max Manager" || !slices.Equal(first.Groups, []string{"assay-managers"}) {
			t.Errorf("identity is %+v", first)
		}
	})
	t.Run("two people are two identities, and no groups are no groups", func(t *testing.T) {
		provider := p.provider(t)
		a, _ := p.signIn(t, provider, p.manager)
		b, err := p.signIn(t, provider, p.stranger)
		if err != nil || a.Subject == b.Subject || len(b.Groups) != 0 {
			t.Errorf("identity is %+v (%v)", b, err)
		}
	})
	t.Run("all groups arrive", func(t *testing.T) {
		id, err := p.signIn(t, p.provider(t), p.twofold)
		if err != nil || !slices.Equal(id.Groups, []string{"assay-auditors", "assay-owners"}) {
			t.Errorf("groups are %q (%v)", id.Groups, err)
		}
	})
	t.Run("the userinfo endpoint speaks of the same person", func(t *testing.T) {
		id, err := p.signIn(t, p.provider(t, func(c *oidc.Config) { c.UserInfo = true }), p.manager)
		if err != nil || id.Email != p.manager {
			t.Errorf("identity is %+v (%v)", id, err)
		}
	})
	t.Run("the way back survives", func(t *testing.T) {
		_, pending := p.answer(t, p.provider(t), p.manager)
		if pending.ReturnTo != "/controls/AC-03?tab=tests" {
			t.Errorf("return address is %q", pending.ReturnTo)
		}
	})
	for _, tc := range []struct {
		name   string
		tamper func(url.Values, *oidc.Pending)
		want   oidc.Reason
	}{
		{"another verifier", func(_ url.Values, b *oidc.Pending) { b.Verifier = strings.Repeat("x", 43) }, oidc.CodeRefused},
		{"no verifier", func(_ url.Values, b *oidc.Pending) { b.Verifier = "" }, oidc.CodeRefused},
		{"a made-up code", func(q url.Values, _ *oidc.Pending) { q.Set("code", "made-up") }, oidc.CodeRefused},
		{"another state", func(_ url.Values, b *oidc.Pending) { b.State = "other" }, oidc.StateWrong},
		{"another nonce", func(_ url.Values, b *oidc.Pending) { b.Nonce = "other" }, oidc.Nonce},
		{"another provider's name", func(q url.Values, _ *oidc.Pending) { q.Set("iss", "https://login.example") }, oidc.MixUp},
		{"another provider's sign-in", func(_ url.Values, b *oidc.Pending) { b.Provider = "okta" }, oidc.MixUp},
		{"an old sign-in", func(_ url.Values, b *oidc.Pending) { b.CreatedAt = b.CreatedAt.Add(-time.Hour) }, oidc.TooLate},
	} {
		t.Run(tc.name+" is refused", func(t *testing.T) {
			provider := p.provider(t)
			query, pending := p.answer(t, provider, p.manager)
			tc.tamper(query, &pending)
			if _, err := provider.Finish(t.Context(), query, pending); oidc.Why(err) != tc.want {
				t.Errorf("refused as %q (%v), want %q", oidc.Why(err), err, tc.want)
			}
		})
	}
	t.Run("a code works once", func(t *testing.T) {
		provider := p.provider(t)
		query, pending := p.answer(t, provider, p.manager)
		if _, err := provider.Finish(t.Context(), query, pending); err != nil {
			t.Fatal(err)
		}
		if _, err := provider.Finish(t.Context(), query, pending); oidc.Why(err) != oidc.CodeRefused {
			t.Errorf("the second time: %v", err)
		}
	})
	t.Run("whoever signed in is still there when asked again, and again", func(t *testing.T) {
		provider := p.provider(t, offline)
		id, err := p.signIn(t, provider, p.twofold)
		if err != nil || id.Grant.Way() != oidc.ByRefresh {
			t.Fatalf("the grant can be asked about by %q (%v)", id.Grant.Way(), err)
		}
		if way, known := provider.Asked(); way != oidc.ByRefresh || !known {
			t.Errorf("the provider says %q, %v", way, known)
		}
		for range 2 {
			again, next, err := provider.Recheck(t.Context(), id.Grant, id.Subject)
			if err != nil {
				t.Fatal(err)
			}
			if again.Subject != id.Subject || again.Silent || !slices.Equal(again.Groups, id.Groups) || next.Refresh == "" || next.Refresh == id.Grant.Refresh {
				t.Errorf("asked again: %+v", again)
			}
			id.Grant = next
		}
	})
	t.Run("somebody else's grant, or a made-up one, is nothing", func(t *testing.T) {
		provider := p.provider(t, offline)
		id, err := p.signIn(t, provider, p.manager)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := provider.Recheck(t.Context(), oidc.Grant{Refresh: "made-up"}, id.Subject); oidc.Why(err) != oidc.Withdrawn && oidc.Why(err) != oidc.GrantUnknown {
			t.Errorf("a made-up one: %v", err)
		}
		if _, _, err := provider.Recheck(t.Context(), id.Grant, "other"); oidc.Why(err) != oidc.Subject || !oidc.Final(err) {
			t.Errorf("somebody else's: %v", err)
		}
		wrong := p.provider(t, offline, func(c *oidc.Config) { c.ClientSecret = "wrong" })
		if _, _, err := wrong.Recheck(t.Context(), id.Grant, id.Subject); oidc.Why(err) != oidc.Misconfigured || oidc.Final(err) {
			t.Errorf("with the wrong secret: %v", err)
		}
	})
	t.Run("without a refresh token the userinfo endpoint is asked", func(t *testing.T) {
		provider := p.provider(t, func(c *oidc.Config) { c.UserInfo = true })
		id, err := p.signIn(t, provider, p.manager)
		if err != nil || id.Grant.Way() != oidc.ByUserInfo || id.Grant.Lasts < time.Hour-time.Minute {
			t.Fatalf("the grant can be asked about by %q for %s (%v)", id.Grant.Way(), id.Grant.Lasts, err)
		}
		again, next, err := provider.Recheck(t.Context(), id.Grant, id.Subject)
		if err != nil || again.Silent || !slices.Equal(again.Groups, id.Groups) || next != id.Grant {
			t.Errorf("asked again: %+v (%v)", again, err)
		}
		if _, _, err := provider.Recheck(t.Context(), oidc.Grant{Access: "made-up"}, id.Subject); oidc.Why(err) != oidc.Withdrawn {
			t.Errorf("a made-up one: %v", err)
		}
	})
	t.Run("the wrong secret is refused", func(t *testing.T) {
		provider := p.provider(t, func(c *oidc.Config) { c.ClientSecret = "wrong" })
		if _, err := p.signIn(t, provider, p.manager); oidc.Why(err) != oidc.Misconfigured {
			t.Errorf("refused as %q (%v)", oidc.Why(err), err)
		}
	})
	t.Run("a token for this site is nothing to another", func(t *testing.T) {
		provider := p.provider(t)
		query, pending := p.answer(t, provider, p.manager)
		other := p.provider(t, func(c *oidc.Config) { c.ClientID = "other" })
		if _, err := other.Finish(t.Context(), query, pending); oidc.Why(err) != oidc.Misconfigured {
			t.Errorf("refused as %q (%v)", oidc.Why(err), err)
		}
	})
}
