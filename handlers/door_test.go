package handlers_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"assay/handlers"
	"assay/internal/idp"
	"assay/internal/oidc"
	"assay/internal/seal"
	"assay/internal/testenv"
	"assay/models"
	"assay/models/access"
	"assay/models/modelstest"
	"assay/models/people"
)

// A house is the product served over HTTP, with a real provider in front of it.
type house struct {
	t    *testing.T
	db   *models.DB
	app  *handlers.App
	base string
	peer peer
	late atomic.Int64 // seconds that the clock of the sign-in itself is ahead
}

// A peer is a provider: the one we bring, or Dex.
type peer struct {
	config                     oidc.Config
	manager, stranger, twofold string
	idp                        *idp.Server // nil for Dex
	press                      func(h *house, browser *http.Client, page, login string) *http.Response
}

type provider func(h *house) peer

var roleMap = oidc.RoleMap{
	Roles: map[string]string{
		"assay-admins": string(access.Administrator), "assay-managers": string(access.Compliance),
		"assay-owners": string(access.Owner), "assay-auditors": string(access.Auditor),
	},
	Alone: []string{string(access.Auditor)},
}

// open serves the product over db; change may set fields of the App and of the client
// of the provider before anything is asked.
func open(t *testing.T, db *models.DB, from provider, change ...func(*handlers.App, *oidc.Config)) *house {
	t.Helper()
	h := &house{t: t, db: db, app: &handlers.App{DB: db, Roles: roleMap, Contact: "Priya Raman", Box: box}}
	server := httptest.NewUnstartedServer(nil)
	h.base = "http://" + server.Listener.Addr().String()
	h.app.BaseURL = h.base
	h.peer = from(h)
	c := h.peer.config
	c.Name, c.RedirectURL, c.Scopes = "peer", h.base+handlers.CallbackPath, []string{"openid", "profile", "email", "groups"}
	c.Offline, c.UserInfo = true, true
	c.Now = func() time.Time { return time.Now().Add(time.Duration(h.late.Load()) * time.Second) }
	for _, f := range change {
		f(h.app, &c)
	}
	var err error
	if h.app.OIDC, err = oidc.New(c); err != nil {
		t.Fatal(err)
	}
	server.Config.Handler = h.app.Router()
	server.Start()
	t.Cleanup(server.Close)
	return h
}

var box = boxOf(1)

func boxOf(key byte) *seal.Box {
	b, err := seal.New(bytes.Repeat([]byte{key}, seal.KeySize))
	if err != nil {
		panic(err)
	}
	return b
}

// replica serves the same database a second time.
func (h *house) replica() string {
	h.t.Helper()
	other := *h.app
	server := httptest.NewServer((&other).Router())
	h.t.Cleanup(server.Close)
	return server.URL
}

var cast = []idp.Person{
	{Email: "max@example.com", Name: "Max Manager", Groups: []string{"assay-managers"}},
	{Email: "sam@example.com", Name: "Sam Stranger"},
	{Email: "tia@example.com", Name: "Tia Twofold", Groups: []string{"assay-auditors", "assay-owners"}},
	{Email: "ada@example.com", Name: "Ada Admin", Groups: []string{"assay-admins"}},
	{Email: "jo@example.com", Name: "Jo Auditor", Groups: []string{"assay-auditors"}},
}

func demonstration(h *house) peer { return demonstrationOf(cast...)(h) }

func demonstrationOf(cast ...idp.Person) provider {
	return demonstrationWith(handlers.LogoutPath, cast...)
}

// silently is the demonstration without back-channel logout: nobody is told of a leaver.
func silently(h *house) peer { return demonstrationWith("", cast...)(h) }

func demonstrationWith(backChannel string, cast ...idp.Person) provider {
	return func(h *house) peer {
		h.t.Helper()
		server := httptest.NewUnstartedServer(nil)
		issuer := "http://" + server.Listener.Addr().String() + "/demo-idp"
		if backChannel != "" {
			backChannel = h.base + backChannel
		}
		s, err := idp.New(idp.Config{
			Issuer: issuer, People: cast, Key: signingKey,
			Clients: []idp.Client{{
				ID: "assay", Secret: "s3cret", RedirectURIs: []string{h.base + handlers.CallbackPath},
				LogoutReturns: []string{h.base + "/signin"}, BackChannel: backChannel,
			}},
		})
		if err != nil {
			h.t.Fatal(err)
		}
		server.Config.Handler = s
		server.Start()
		h.t.Cleanup(server.Close)
		return peer{
			config:  oidc.Config{Issuer: issuer, ClientID: "assay", ClientSecret: "s3cret"},
			manager: "max@example.com", stranger: "sam@example.com", twofold: "tia@example.com", idp: s,
			press: func(h *house, browser *http.Client, page, login string) *http.Response {
				form := hiddenFields(page)
				form.Set("login", login)
				return h.post(browser, issuer+"/authorize", form)
			},
		}
	}
}

func dex(h *house) peer {
	d := testenv.StartDex(h.t, h.base+handlers.CallbackPath)
	return peer{
		config:  oidc.Config{Issuer: d.Issuer, ClientID: d.ClientID, ClientSecret: d.ClientSecret},
		manager: testenv.DexManager, stranger: testenv.DexStranger, twofold: testenv.DexTwofold,
		press: func(h *house, browser *http.Client, page, login string) *http.Response {
			action := regexp.MustCompile(`<form method="post" action="([^"]+)"`).FindStringSubmatch(page)
			if action == nil {
				h.t.Fatalf("no sign-in form:\n%s", page)
			}
			base, _ := url.Parse(d.Issuer)
			target, err := base.Parse(strings.ReplaceAll(action[1], "&amp;", "&"))
			if err != nil {
				h.t.Fatal(err)
			}
			return h.post(browser, target.String(), url.Values{"login": {login}, "password": {d.Password}})
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

// browser is somebody at a browser: it keeps cookies and follows the provider's
// redirects, but stops at the way back to us and at every redirect of ours.
func (h *house) browser() *http.Client {
	jar, _ := cookiejar.New(nil)
	return &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, via []*http.Request) error {
		provider := h.peer.config.Issuer
		if strings.HasPrefix(r.URL.String(), provider) && strings.HasPrefix(via[len(via)-1].URL.String(), provider) {
			return nil
		}
		return http.ErrUseLastResponse
	}}
}

// An answer is what a request came to.
type answer struct {
	t      *testing.T
	Status int
	Header http.Header
	To     string
	Body   string
}

func (h *house) do(browser *http.Client, r *http.Request) answer {
	h.t.Helper()
	r.Header.Set("User-Agent", "Mozilla/5.0 (test)")
	resp, err := browser.Do(r)
	if err != nil {
		h.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return answer{h.t, resp.StatusCode, resp.Header, resp.Header.Get("Location"), string(body)}
}

// get asks for a path here, or for an address anywhere.
func (h *house) get(browser *http.Client, to string) answer {
	h.t.Helper()
	if strings.HasPrefix(to, "/") {
		to = h.base + to
	}
	r, err := http.NewRequestWithContext(h.t.Context(), http.MethodGet, to, http.NoBody)
	if err != nil {
		h.t.Fatal(err)
	}
	return h.do(browser, r)
}

// send posts a form to a path here, from a page here.
func (h *house) send(browser *http.Client, path string, fields ...string) answer {
	h.t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Add(fields[i], fields[i+1])
	}
	r, err := http.NewRequestWithContext(h.t.Context(), http.MethodPost, h.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		h.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return h.do(browser, r)
}

func (h *house) post(browser *http.Client, address string, form url.Values) *http.Response {
	h.t.Helper()
	resp, err := browser.PostForm(address, form)
	if err != nil {
		h.t.Fatal(err)
	}
	_ = resp.Body.Close()
	return resp
}

// toProvider begins a sign-in and returns the provider's page.
func (h *house) toProvider(browser *http.Client, returnTo string) string {
	h.t.Helper()
	at := h.get(browser, "/auth/start?return_to="+url.QueryEscape(returnTo))
	at.want(http.StatusSeeOther)
	page := at
	for page.To != "" { // Dex redirects to its form
		u, _ := url.Parse(h.peer.config.Issuer)
		next, err := u.Parse(page.To)
		if err != nil {
			h.t.Fatal(err)
		}
		page = h.get(browser, next.String())
	}
	return page.Body
}

// answer presses the button of login and returns the way back with its code.
func (h *house) answer(browser *http.Client, returnTo, login string) string {
	h.t.Helper()
	resp := h.peer.press(h, browser, h.toProvider(browser, returnTo), login)
	at := resp.Header.Get("Location")
	if !strings.HasPrefix(at, h.base+handlers.CallbackPath) {
		h.t.Fatalf("the provider answered %s to %q", resp.Status, at)
	}
	return at
}

// signIn goes the whole way and returns our last answer.
func (h *house) signIn(browser *http.Client, login string) answer {
	h.t.Helper()
	return h.get(browser, h.answer(browser, "/account", login))
}

// enter is signIn that has to work.
func (h *house) enter(login string) *http.Client {
	h.t.Helper()
	browser := h.browser()
	h.signIn(browser, login).want(http.StatusSeeOther)
	return browser
}

func (a answer) want(status int) answer {
	a.t.Helper()
	if a.Status != status {
		a.t.Fatalf("status %d, want %d; to %q\n%.2000s", a.Status, status, a.To, a.Body)
	}
	return a
}

func (a answer) has(words ...string) answer {
	a.t.Helper()
	for _, w := range words {
		if !strings.Contains(a.Body, w) {
			a.t.Errorf("the page does not say %q:\n%.3000s", w, a.Body)
		}
	}
	return a
}

// isIn reports whether the browser is signed in, asking the site at base.
func (h *house) isIn(browser *http.Client, base string) bool {
	h.t.Helper()
	return h.get(browser, base+"/").To != "/signin"
}

func (h *house) person(email string) people.Person {
	h.t.Helper()
	var p people.Person
	modelstest.Look(h.t, h.db, access.Clock, func(ctx context.Context, tx *models.Tx) (err error) {
		p, err = models.Rows[people.Person](tx).Where("email = ?", email).Take(ctx)
		return err
	})
	return p
}

// leaves counts the leaves with the verb.
func (h *house) leaves(verb string) (n int) {
	h.t.Helper()
	modelstest.Look(h.t, h.db, access.Clock, func(ctx context.Context, tx *models.Tx) (err error) {
		n, err = models.Value[int](ctx, tx, "SELECT count(*) FROM log_leaves WHERE verb = ?", verb)
		return err
	})
	return n
}

// cookie is the value of a cookie that the browser would send.
func (h *house) cookie(browser *http.Client, name string) string {
	u, _ := url.Parse(h.base)
	for _, c := range browser.Jar.Cookies(u) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}
