package handlers_test

import (
	"context"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/breakglass"
	"assay/models/modelstest"
	"assay/models/notice"
	"assay/web"
)

// link makes a break-glass link as the host does, and returns its path.
func (h *house) link(email string) (path string, err error) {
	h.t.Helper()
	token := web.NewToken()
	err = h.db.Write(h.t.Context(), access.Clock, func(tx *models.Tx) error {
		_, _, err := breakglass.Make(h.t.Context(), tx, email, web.TokenHash(token), "The provider is down.", "root@host")
		return err
	})
	return "/break-glass/" + token, err
}

func (h *house) mustLink(email string) string {
	h.t.Helper()
	path, err := h.link(email)
	if err != nil {
		h.t.Fatal(err)
	}
	return path
}

func TestABreakGlassLinkLetsAnAdministratorInOnce(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		h := open(t, db, demonstration)
		h.enter("max@example.com")
		h.enter("ada@example.com")
		path := h.mustLink("ADA@example.com")
		if h.leaves("breakglass.make") != 1 {
			t.Error("the link is not in the log")
		}

		browser := h.browser()
		h.get(browser, path).want(http.StatusOK).has("Ada Admin", "without the identity provider")
		h.get(browser, path).want(http.StatusOK) // to look spends nothing
		h.send(browser, path).want(http.StatusSeeOther)
		h.get(browser, "/settings").want(http.StatusOK).has("break-glass link")
		if h.leaves("breakglass.enter") != 1 || h.leaves("session.start") != 3 {
			t.Error("coming in with it is not in the log")
		}
		h.send(h.browser(), path).want(http.StatusNotFound).has("was used")
		h.get(h.browser(), path).want(http.StatusNotFound)
		told := func(email string) (n int) {
			modelstest.Look(t, db, access.Clock, func(ctx context.Context, tx *models.Tx) (err error) {
				n, err = models.Value[int](ctx, tx, "SELECT count(*) FROM notices WHERE kind = ? AND mail = ? AND person_id = ?", notice.BreakGlass, notice.Now, h.person(email).ID)
				return err
			})
			return n
		}
		if n := told("max@example.com"); n != 2 {
			t.Errorf("the compliance manager was told of %d of the two", n)
		}
		if n := told("ada@example.com"); n != 1 { // of the link, not of what she did herself
			t.Errorf("the administrator was told %d times", n)
		}

		// It is fresh, because the host is a proof; then it is not, and after half an hour over.
		max := h.person("max@example.com")
		role := "/people/" + strconv.FormatInt(max.ID, 10) + "/role"
		h.send(browser, role, "rev", strconv.FormatInt(max.Rev, 10), "role", "control_owner", "reason", "x").want(http.StatusSeeOther)
		max = h.person("max@example.com")
		h.pass(6*time.Minute, browser)
		h.send(browser, role, "rev", strconv.FormatInt(max.Rev, 10), "role", "executive_viewer", "reason", "x").want(http.StatusUnauthorized)
		h.pass(12*time.Minute, browser)
		h.pass(11*time.Minute, browser)
		if !h.isIn(browser, h.base) {
			t.Error("the session ended early")
		}
		h.pass(2*time.Minute, browser)
		if h.isIn(browser, h.base) {
			t.Error("the session outlived its half hour")
		}
	})
}

func TestWhomABreakGlassLinkKeepsOut(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		h := open(t, db, demonstration)
		for _, email := range []string{"max@example.com", "ada@example.com", "jo@example.com"} {
			h.enter(email)
		}
		for email, kind := range map[string]models.Kind{
			"max@example.com": models.KindForbidden, "jo@example.com": models.KindForbidden, "nobody@example.com": models.KindNotFound,
		} {
			if _, err := h.link(email); models.KindOf(err) != kind {
				t.Errorf("a link for %s: %v", email, err)
			}
		}
		earlier, later := h.mustLink("ada@example.com"), h.mustLink("ada@example.com")
		h.send(h.browser(), earlier).want(http.StatusNotFound)
		h.pass(15*time.Minute, h.browser())
		h.send(h.browser(), later).want(http.StatusNotFound)

		// Of many who bring it at once, one is let in.
		path := h.mustLink("ada@example.com")
		var in atomic.Int32
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				if h.send(h.browser(), path).Status == http.StatusSeeOther {
					in.Add(1)
				}
			})
		}
		all.Wait()
		if in.Load() != 1 {
			t.Errorf("%d were let in with one link", in.Load())
		}

		path = h.mustLink("ada@example.com")
		demote(t, db, "ada@example.com")
		h.send(h.browser(), path).want(http.StatusNotFound)
		for range 25 {
			h.get(h.browser(), "/break-glass/guess")
		}
		h.get(h.browser(), "/break-glass/guess").want(http.StatusTooManyRequests)
	})
}

// demote takes the role of administrator away, past the rule that keeps the last one.
func demote(t *testing.T, db *models.DB, email string) {
	t.Helper()
	err := db.Bookkeep(t.Context(), func(tx *models.Tx) error {
		_, err := models.Raw[struct{ ID int64 }](t.Context(), tx, "UPDATE people SET role = 'control_owner' WHERE email = ? RETURNING id", email)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
