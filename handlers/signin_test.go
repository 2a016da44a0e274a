package handlers_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"assay/handlers"
	"assay/internal/idp"
	"assay/internal/oidc"
	"assay/models"
	"assay/models/access"
	"assay/models/modelstest"
	"assay/models/occurrence"
	"assay/models/people"
	"assay/models/period"
	"assay/web"
)

var signingKey, _ = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)

func TestSignInWithTheDemonstrationProvider(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) { suite(t, db, demonstration) })
}

func TestSignInWithDex(t *testing.T) { suite(t, modelstest.SQLite(t), dex) }

// suite is what both providers have to pass.
func suite(t *testing.T, db *models.DB, from provider) {
	h := open(t, db, from, func(app *handlers.App, _ *oidc.Config) { app.TrustPrompt = true }) // Dex never says when
	at := func(f func(t *testing.T)) func(t *testing.T) {
		return func(t *testing.T) {
			h.t = t
			f(t)
		}
	}
	t.Run("a page that needs somebody brings them back to itself", at(func(t *testing.T) {
		browser := h.browser()
		to := h.get(browser, "/components?tab=sessions").want(http.StatusSeeOther).To
		page := h.get(browser, to).want(http.StatusOK).has("You were opening", "/components?tab=sessions", "Continue with single sign-on")
		if !strings.Contains(page.Body, `href="/auth/start?return_to=%2Fcomponents%3Ftab%3Dsessions"`) {
			t.Errorf("the button does not carry the way back:\n%s", page.Body)
		}
		back := h.get(browser, h.answer(browser, "/components?tab=sessions", h.peer.manager)).want(http.StatusSeeOther)
		if back.To != "/components?tab=sessions" || !h.isIn(browser, h.base) {
			t.Errorf("brought back to %q", back.To)
		}
		if p := h.person(h.peer.manager); p.Role != access.Compliance || p.RoleFrom != people.Groups || p.Status != people.Active || p.Name != "Max Manager" {
			t.Errorf("provisioned as %+v", p)
		}
	}))
	t.Run("the way back cannot leave the site", at(func(t *testing.T) {
		for _, to := range []string{"https://evil.example/", "//evil.example", `/\evil.example`, "/%2f/evil.example"} {
			browser := h.browser()
			if back := h.get(browser, h.answer(browser, to, h.peer.manager)); back.To != "/" {
				t.Errorf("%q leads to %q", to, back.To)
			}
		}
	}))
	t.Run("the same person signs in again, and is one person", at(func(t *testing.T) {
		one, two := h.enter(h.peer.manager), h.enter(h.peer.manager)
		if !h.isIn(one, h.base) || !h.isIn(two, h.base) {
			t.Error("the second browser pushed the first one out")
		}
		if n := h.leaves("person.provision"); n != 1 {
			t.Errorf("provisioned %d times", n)
		}
	}))
	t.Run("an answer cannot be brought twice", at(func(t *testing.T) {
		browser := h.browser()
		back := h.answer(browser, "/", h.peer.manager)
		h.get(browser, back).want(http.StatusSeeOther)
		h.get(browser, back).want(http.StatusBadRequest).has("already finished", "name request")
	}))
	t.Run("two tabs can be under way at once", at(func(t *testing.T) {
		browser := h.browser()
		one := h.answer(browser, "/account", h.peer.manager)
		two := h.answer(browser, "/people", h.peer.manager)
		if to := h.get(browser, two).want(http.StatusSeeOther).To; to != "/people" {
			t.Errorf("the second tab ended at %q", to)
		}
		if to := h.get(browser, one).want(http.StatusSeeOther).To; to != "/account" {
			t.Errorf("the first tab ended at %q", to)
		}
	}))
	t.Run("an answer that comes after ten minutes is refused", at(func(t *testing.T) {
		browser := h.browser()
		back := h.answer(browser, "/", h.peer.manager)
		h.late.Store(601)
		defer h.late.Store(0)
		h.get(browser, back).want(http.StatusBadRequest).has("longer than ten minutes")
		if h.isIn(browser, h.base) {
			t.Error("it signed in all the same")
		}
	}))
	t.Run("another state is refused", at(func(t *testing.T) {
		browser := h.browser()
		u, _ := url.Parse(h.answer(browser, "/", h.peer.manager))
		q := u.Query()
		q.Set("state", "other")
		u.RawQuery = q.Encode()
		h.get(browser, u.String()).want(http.StatusBadRequest)
	}))
	t.Run("an answer brought to another browser signs nobody in there", at(func(t *testing.T) {
		browser, victim := h.browser(), h.browser()
		back := h.answer(browser, "/", h.peer.manager)
		h.toProvider(victim, "/") // the victim has a sign-in under way too
		h.get(victim, back).want(http.StatusBadRequest)
		if h.isIn(victim, h.base) {
			t.Error("the victim is signed in as the attacker")
		}
		h.get(browser, back).want(http.StatusSeeOther) // and it cost the one it belongs to nothing
	}))
	t.Run("a session planted before does not become the visitor's", at(func(t *testing.T) {
		browser := h.browser()
		u, _ := url.Parse(h.base)
		browser.Jar.SetCookies(u, []*http.Cookie{{Name: "assay", Value: "planted", Path: "/"}})
		h.signIn(browser, h.peer.manager).want(http.StatusSeeOther)
		if h.cookie(browser, "assay") == "planted" {
			t.Error("the planted token was taken over")
		}
		before := h.cookie(browser, "assay")
		h.signIn(browser, h.peer.manager).want(http.StatusSeeOther)
		thief := h.browser()
		thief.Jar.SetCookies(u, []*http.Cookie{{Name: "assay", Value: before, Path: "/"}})
		if h.isIn(thief, h.base) || h.cookie(browser, "assay") == before {
			t.Error("signing in again left the earlier token good")
		}
	}))
	t.Run("whoever is signed in is put to the provider every ten minutes", at(func(t *testing.T) {
		browser := h.enter(h.peer.manager)
		now := db.Now()
		defer modelstest.At(db, now)
		modelstest.At(db, now.Add(9*time.Minute))
		if done := h.check(); done != (handlers.Checks{}) {
			t.Errorf("before their time: %v", done)
		}
		for n := range 2 { // the second time with what the first one brought
			modelstest.At(db, now.Add(time.Duration(n+1)*10*time.Minute))
			if done := h.check(); done.Stand < 2 || done.Ended != 0 || done.Unanswered != 0 {
				t.Errorf("when it is time: %v", done)
			}
		}
		if done := h.check(); done != (handlers.Checks{}) {
			t.Errorf("twice: %v", done)
		}
		if !h.isIn(browser, h.base) {
			t.Error("somebody the provider stands by was put out")
		}
	}))
	t.Run("what gives rights wants a fresh sign-in, and what was typed waits for it", at(func(t *testing.T) {
		browser := h.enter(h.peer.manager)
		now := db.Now()
		defer modelstest.At(db, now)
		modelstest.At(db, now.Add(6*time.Minute))
		asked := h.send(browser, "/engagements/7/auditors", "email", "jo@firm.example", "name", "Jo <O'Hara>").want(http.StatusUnauthorized)
		done := h.stepUp(browser, asked, h.peer.manager).want(http.StatusSeeOther)
		page := h.get(browser, done.To).want(http.StatusOK).has("Go on to give an auditor access", "jo@firm.example", `action="/engagements/7/auditors"`)
		h.get(browser, done.To).want(http.StatusOK) // it can be loaded again
		form := hiddenFields(page.Body)
		if form.Get("email") != "jo@firm.example" || len(form) != 2 {
			t.Errorf("the form carries %v", form)
		}
		h.send(browser, "/engagements/7/auditors", "email", form.Get("email")).want(http.StatusNotFound) // there is no such engagement: it was tried
		h.get(h.enter(h.peer.manager), done.To).want(http.StatusNotFound)                                // in another browser there is nothing
	}))
	t.Run("signing out ends the session", at(func(t *testing.T) {
		browser := h.enter(h.peer.manager)
		token := h.cookie(browser, "assay")
		h.send(browser, "/signout")
		if h.isIn(browser, h.base) || h.cookie(browser, "assay") != "" {
			t.Error("still signed in")
		}
		u, _ := url.Parse(h.base)
		browser.Jar.SetCookies(u, []*http.Cookie{{Name: "assay", Value: token, Path: "/"}})
		if h.isIn(browser, h.base) {
			t.Error("the token still works")
		}
	}))
	t.Run("somebody whose groups give no role learns whom to ask", at(func(t *testing.T) {
		browser := h.browser()
		h.signIn(browser, h.peer.stranger).want(http.StatusForbidden).has("Your account has no role here.", "Ask Priya Raman.", "name request")
		if h.isIn(browser, h.base) {
			t.Error("let in without a role")
		}
	}))
	t.Run("an auditor who is also of the company is nobody", at(func(t *testing.T) {
		browser := h.browser()
		h.signIn(browser, h.peer.twofold).want(http.StatusForbidden).has("external auditor and a member of the company at once")
		if h.isIn(browser, h.base) {
			t.Error("let in with two roles")
		}
	}))
	t.Run("the log holds together", at(func(t *testing.T) {
		report, err := models.Verify(t.Context(), db, models.VerifyOptions{Tables: []models.LoggedTable{models.Logged[people.Person]()}})
		if err != nil || len(report.Problems) > 0 {
			t.Errorf("%v %v", report.Problems, err)
		}
		if h.leaves("session.start") < 6 || h.leaves("session.end") == 0 {
			t.Errorf("%d came and %d went", h.leaves("session.start"), h.leaves("session.end"))
		}
	}))
}

func TestCookies(t *testing.T) {
	h := open(t, modelstest.SQLite(t), demonstration)
	browser := h.browser()
	back := h.signIn(browser, "max@example.com")
	if got := back.Header.Get("Set-Cookie"); !strings.HasPrefix(got, "assay=") || !strings.HasSuffix(got, "; Path=/; HttpOnly; SameSite=Lax") {
		t.Errorf("over HTTP the cookie is %q", got)
	}
	h.app.Secure = true
	secure := h.get(h.browser(), "/auth/start").Header.Get("Set-Cookie")
	if !strings.HasPrefix(secure, "__Host-assay-signin=") || !strings.HasSuffix(secure, "; Path=/; Max-Age=600; HttpOnly; Secure; SameSite=Lax") {
		t.Errorf("over HTTPS the cookie is %q", secure)
	}
	token := h.cookie(browser, "assay")
	var n int
	modelstest.Look(t, h.db, access.Clock, func(ctx context.Context, tx *models.Tx) (err error) {
		n, err = models.Value[int](ctx, tx, "SELECT count(*) FROM sessions WHERE token_hash LIKE ? OR token_hash = ?", "%"+token+"%", web.TokenHash(token))
		return err
	})
	if n != 1 || len(token) != 43 {
		t.Errorf("a token of %d characters, found in %d rows", len(token), n)
	}
}

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

func TestWhoIsLetIn(t *testing.T) {
	kim := func(groups ...string) idp.Person {
		return idp.Person{Email: "kim@example.com", Name: "Kim", Subject: "kim-1", Groups: groups}
	}
	admin, owner, auditor, plain := kim("assay-admins"), kim("assay-owners"), kim("assay-auditors"), kim()
	known := func(change func(*people.Person)) func(*house) people.Person {
		return func(h *house) people.Person {
			p := people.Person{Name: "Kim", Email: "Kim@Example.com", Role: access.Executive, Status: people.Invited, InvitedAt: h.db.Now()}
			change(&p)
			if err := modelstest.As(h.t, h.db, access.Clock, func(ctx context.Context, tx *models.Tx) error { return models.Insert(ctx, tx, &p, "person.invite") }); err != nil {
				h.t.Fatal(err)
			}
			return p
		}
	}
	signedInBefore := func(role access.Role, from people.Source) func(*house) people.Person {
		return func(h *house) people.Person {
			return known(func(p *people.Person) {
				p.Issuer, p.Subject, p.Status, p.Role, p.RoleFrom, p.FirstSeenAt = h.peer.config.Issuer, plain.Subject, people.Active, role, from, &p.InvitedAt
			})(h)
		}
	}
	for name, tc := range map[string]struct {
		before func(*house) people.Person
		comes  idp.Person
		says   string      // on the page, when they are refused
		role   access.Role // afterwards, when they are let in
	}{
		"an invited person takes the account over":                    {known(func(*people.Person) {}), plain, "", access.Executive},
		"a role that groups give wins over the one of the invitation": {known(func(*people.Person) {}), owner, "", access.Owner},
		"a withdrawn invitation lets nobody in": {known(func(p *people.Person) {
			p.Status, p.DeactivatedAt = people.Deactivated, &p.InvitedAt
		}), owner, "deactivated", ""},
		"a known address under another identity is refused": {known(func(p *people.Person) {
			p.Status, p.Issuer, p.Subject = people.Active, "https://old.example", "1"
		}), owner, "under an earlier identity", ""},
		"a person who is deactivated is refused": {func(h *house) people.Person {
			return known(func(p *people.Person) {
				p.Status, p.DeactivatedAt, p.Issuer, p.Subject = people.Deactivated, &p.InvitedAt, h.peer.config.Issuer, plain.Subject
			})(h)
		}, owner, "deactivated", ""},
		"a role given here stands when groups give none":     {signedInBefore(access.Executive, people.Here), plain, "", access.Executive},
		"a role that came from groups goes with them":        {signedInBefore(access.Owner, people.Groups), plain, "no role", ""},
		"a change of groups changes the role":                {signedInBefore(access.Owner, people.Groups), admin, "", access.Administrator},
		"the last administrator keeps the role":              {signedInBefore(access.Administrator, people.Groups), owner, "", access.Administrator},
		"an auditor's account does not join the company":     {signedInBefore(access.Auditor, people.Groups), owner, "auditor", ""},
		"a company account does not become an auditor's":     {signedInBefore(access.Owner, people.Groups), auditor, "auditor", ""},
		"an invited owner can turn out to be the auditor":    {known(func(p *people.Person) { p.Role = access.Owner }), auditor, "", access.Auditor},
		"an unknown person without groups leaves no account": {nil, plain, "no role", ""},
	} {
		t.Run(name, func(t *testing.T) {
			h := open(t, modelstest.SQLite(t), demonstrationOf(tc.comes))
			var before people.Person
			if tc.before != nil {
				before = tc.before(h)
			}
			browser := h.browser()
			got := h.signIn(browser, tc.comes.Email)
			if tc.says != "" {
				got.want(http.StatusForbidden).has(tc.says, "name request")
				if h.isIn(browser, h.base) {
					t.Error("let in all the same")
				}
				if n := h.leaves("session.refuse"); (n == 1) != (before.ID != 0) {
					t.Errorf("%d refusals in the log", n)
				}
				return
			}
			got.want(http.StatusSeeOther)
			after := h.person(before.Email)
			if after.Role != tc.role || after.Subject == "" || after.Status != people.Active || after.ID != before.ID {
				t.Errorf("let in as %+v", after)
			}
		})
	}
}

// TestARoleFromTheProviderTakesTasksAway: Kim was handed March and comes back as an
// administrator, who holds no tasks. The hand-over ends with the sign-in.
func TestARoleFromTheProviderTakesTasksAway(t *testing.T) {
	for group, ended := range map[string]bool{"assay-admins": true, "assay-owners": false} {
		comes := idp.Person{Email: "kim@example.com", Name: "Kim", Subject: "kim-1", Groups: []string{group}}
		h := open(t, modelstest.SQLite(t), demonstrationOf(comes))
		kim := people.Person{
			Name: "Kim", Email: comes.Email, Role: access.Owner, RoleFrom: people.Groups, Status: people.Active, Issuer: h.peer.config.Issuer, Subject: comes.Subject, InvitedAt: h.db.Now(),
		}
		kim.FirstSeenAt = &kim.InvitedAt
		must(t, modelstest.As(t, h.db, access.Clock, func(ctx context.Context, tx *models.Tx) error { return models.Insert(ctx, tx, &kim, "person.invite") }))
		setUp(t, h.db)
		sam := modelstest.Person(t, h.db, access.Owner)
		c := owned(t, h.db, "AC-03", "monthly", sam)
		march := period.Span{From: "2026-03-01", To: "2026-03-31"}
		must(t, modelstest.As(t, h.db, sam, func(ctx context.Context, tx *models.Tx) error {
			_, err := occurrence.HandOver(ctx, tx, c, march, kim.ID, "")
			return err
		}))
		h.signIn(h.browser(), comes.Email).want(http.StatusSeeOther)
		modelstest.Look(t, h.db, access.Clock, func(ctx context.Context, tx *models.Tx) error {
			held, err := models.Value[int](ctx, tx, "SELECT count(*) FROM delegations WHERE ended_at IS NULL")
			if (held == 0) != ended {
				t.Errorf("in the group %s Kim holds %d tasks", group, held)
			}
			return err
		})
	}
}

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
