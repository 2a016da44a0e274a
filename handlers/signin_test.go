package handlers_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

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
