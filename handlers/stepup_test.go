package handlers_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"assay/handlers"
	"assay/internal/oidc"
	"assay/models/access"
	"assay/models/modelstest"
)

var onward = regexp.MustCompile(`href="([^"]+)"[^>]*>\s*Sign in again`)

// stepUp goes from the page that asks for a fresh sign-in to the provider, signs in there
// as login, and returns our answer.
func (h *house) stepUp(browser *http.Client, asked answer, login string) answer {
	h.t.Helper()
	asked.has("Sign in again first", "What you entered is kept")
	m := onward.FindStringSubmatch(asked.Body)
	if m == nil {
		h.t.Fatalf("no way onward:\n%s", asked.Body)
	}
	address := html.UnescapeString(m[1])
	if u, err := url.Parse(address); err != nil || u.Query().Get("prompt") != "login" || u.Query().Get("max_age") != "300" {
		h.t.Errorf("the provider is asked with %s", address)
	}
	page := h.get(browser, address)
	for page.To != "" {
		u, _ := url.Parse(h.peer.config.Issuer)
		next, err := u.Parse(page.To)
		if err != nil {
			h.t.Fatal(err)
		}
		page = h.get(browser, next.String())
	}
	return h.get(browser, h.peer.press(h, browser, page.Body, login).Header.Get("Location"))
}

func TestRightsAreGivenAfterAFreshSignIn(t *testing.T) {
	h := open(t, modelstest.SQLite(t), demonstration)
	h.enter("max@example.com")
	admin := h.enter("ada@example.com")
	p := h.person("max@example.com")
	role := "/people/" + strconv.FormatInt(p.ID, 10) + "/role"
	change := func(rev int64, to access.Role) answer {
		return h.send(admin, role, "rev", strconv.FormatInt(rev, 10), "role", string(to), "reason", "A new job.")
	}
	change(p.Rev, access.Owner).want(http.StatusSeeOther) // within five minutes of signing in
	p = h.person("max@example.com")
	if p.Role != access.Owner {
		t.Fatalf("the role is %q", p.Role)
	}

	h.pass(5*time.Minute+time.Second, admin)
	before := h.cookie(admin, "assay")
	asked := change(p.Rev, access.Executive).want(http.StatusUnauthorized)
	if got := asked.Header.Get("WWW-Authenticate"); !strings.Contains(got, "insufficient_user_authentication") {
		t.Errorf("a program is told %q", got)
	}
	if h.person("max@example.com").Role != access.Owner {
		t.Fatal("it was done without a fresh sign-in")
	}
	done := h.stepUp(admin, asked, "ada@example.com").want(http.StatusSeeOther)
	page := h.get(admin, done.To).want(http.StatusOK).has("change what somebody may do", "A new job.")
	if h.person("max@example.com").Role != access.Owner {
		t.Fatal("looking at it did it")
	}
	var fields []string
	for name, values := range hiddenFields(page.Body) {
		fields = append(fields, name, values[0])
	}
	h.send(admin, role, fields...).want(http.StatusSeeOther)
	if h.person("max@example.com").Role != access.Executive {
		t.Error("it was not done after a fresh sign-in")
	}
	thief := h.browser()
	u, _ := url.Parse(h.base)
	thief.Jar.SetCookies(u, []*http.Cookie{{Name: "assay", Value: before, Path: "/"}})
	if h.isIn(thief, h.base) || h.cookie(admin, "assay") == before {
		t.Error("the earlier token is still good")
	}
}

func TestAFreshSignInAsSomebodyElse(t *testing.T) {
	h := open(t, modelstest.SQLite(t), demonstration)
	h.enter("max@example.com")
	admin := h.enter("ada@example.com")
	h.pass(6*time.Minute, admin)
	asked := h.send(admin, "/people", "email", "new@example.com", "name", "New", "role", "control_owner").want(http.StatusUnauthorized)
	h.stepUp(admin, asked, "max@example.com").want(http.StatusForbidden).has("somebody else than had begun this")
	h.get(admin, "/people").want(http.StatusOK)
	h.get(admin, "/settings").want(http.StatusOK) // still the administrator
	if h.leaves("person.invite") != 0 {
		t.Error("somebody was invited")
	}
}

func TestAProviderThatDoesNotSayWhen(t *testing.T) {
	silent := func(trust bool) *house {
		return open(t, modelstest.SQLite(t), demonstration, func(app *handlers.App, c *oidc.Config) {
			app.TrustPrompt = trust
			c.Transport = forging{t, func(claims map[string]any) { delete(claims, "auth_time") }}
		})
	}
	h := silent(false)
	admin := h.enter("ada@example.com")
	asked := h.send(admin, "/people", "email", "new@example.com", "name", "New", "role", "control_owner").want(http.StatusUnauthorized) // at once: nobody knows how old it is
	h.stepUp(admin, asked, "ada@example.com").want(http.StatusBadRequest).has("does not say when you signed in")
	if !h.isIn(admin, h.base) {
		t.Error("the earlier session is gone")
	}

	h = silent(true)
	admin = h.enter("ada@example.com")
	asked = h.send(admin, "/people", "email", "new@example.com", "name", "New", "role", "control_owner").want(http.StatusUnauthorized)
	h.stepUp(admin, asked, "ada@example.com").want(http.StatusSeeOther)
	h.send(admin, "/people", "email", "new@example.com", "name", "New", "role", "control_owner").want(http.StatusSeeOther)
}

func TestAProviderThatAsksNobodyAnew(t *testing.T) {
	h := open(t, modelstest.SQLite(t), demonstration, func(app *handlers.App, c *oidc.Config) {
		app.TrustPrompt = true // which is for silence, not for this
		c.Transport = forging{t, func(claims map[string]any) { claims["auth_time"] = time.Now().Add(-time.Hour).Unix() }}
	})
	admin := h.enter("ada@example.com")
	asked := h.send(admin, "/people", "email", "new@example.com", "name", "New", "role", "control_owner").want(http.StatusUnauthorized)
	h.stepUp(admin, asked, "ada@example.com").want(http.StatusBadRequest).has("did not ask you for one")
}
