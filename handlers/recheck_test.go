package handlers_test

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"assay/handlers"
	"assay/internal/oidc"
	"assay/models"
	"assay/models/access"
	"assay/models/modelstest"
	"assay/models/people"
)

func (h *house) check() handlers.Checks {
	h.t.Helper()
	done, err := h.app.CheckSessions(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	return done
}

// pass moves the clock on by d, in steps in which these use the site, so that none of
// their sessions ends for want of use.
func (h *house) pass(d time.Duration, browsers ...*http.Client) {
	h.t.Helper()
	for d > 0 {
		step := min(d, 10*time.Minute)
		modelstest.At(h.db, h.db.Now().Add(step))
		d -= step
		for _, b := range browsers {
			h.isIn(b, h.base)
		}
	}
}

func (h *house) open(email string) (list []people.Session) {
	h.t.Helper()
	p := h.person(email)
	modelstest.Look(h.t, h.db, access.Clock, func(ctx context.Context, tx *models.Tx) (err error) {
		list, err = models.Rows[people.Session](tx).Where("person_id = ? AND ended_at IS NULL", p.ID).Order("id").Find(ctx)
		return err
	})
	return list
}

func TestALeaverOfWhomNobodyIsTold(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		h := open(t, db, silently)
		replica := h.replica()
		leaver, other := h.enter("max@example.com"), h.enter("ada@example.com")
		if err := h.peer.idp.Deactivate(t.Context(), "max@example.com"); err != nil {
			t.Fatal(err)
		}
		h.pass(10*time.Minute, leaver, other)
		if done := h.check(); done != (handlers.Checks{Stand: 1, Ended: 1}) {
			t.Errorf("came to %v", done)
		}
		if h.isIn(leaver, h.base) || h.isIn(leaver, replica) {
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

func TestGroupsAreReadAnewAtEachCheck(t *testing.T) {
	for name, tc := range map[string]struct {
		groups []string
		role   access.Role
		in     bool
	}{
		"as they were":                {[]string{"assay-managers"}, access.Compliance, true},
		"another role":                {[]string{"assay-owners"}, access.Owner, false}, // to sign in again with the other rights
		"no role":                     {nil, "", false},
		"an auditor of one's own":     {[]string{"assay-auditors"}, access.Compliance, false},
		"an auditor and of the house": {[]string{"assay-auditors", "assay-owners"}, access.Compliance, false},
	} {
		t.Run(name, func(t *testing.T) {
			forge := false
			h := open(t, modelstest.SQLite(t), silently, func(_ *handlers.App, c *oidc.Config) {
				c.UserInfo = false
				c.Transport = forging{t, func(claims map[string]any) {
					if forge {
						claims["groups"] = tc.groups
					}
				}}
			})
			browser := h.enter("max@example.com")
			forge = true
			h.pass(10*time.Minute, browser)
			h.check()
			if got := h.isIn(browser, h.base); got != tc.in {
				t.Errorf("still in: %v", got)
			}
			if p := h.person("max@example.com"); p.Role != tc.role {
				t.Errorf("the role is %q, want %q", p.Role, tc.role)
			}
		})
	}
}

// wire is a way to the provider that can be cut.
func wire(cut func(*http.Request) (*http.Response, error)) func(*handlers.App, *oidc.Config) {
	return func(_ *handlers.App, c *oidc.Config) {
		c.Transport = transport(func(r *http.Request) (*http.Response, error) {
			if resp, err := cut(r); resp != nil || err != nil {
				return resp, err
			}
			return http.DefaultTransport.RoundTrip(r)
		})
	}
}

func TestWhileTheProviderDoesNotAnswer(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		var down atomic.Bool
		h := open(t, db, silently, wire(func(*http.Request) (*http.Response, error) {
			if down.Load() {
				return nil, errors.New("connection refused")
			}
			return nil, nil
		}))
		manager, admin, auditor := h.enter("max@example.com"), h.enter("ada@example.com"), h.enter("jo@example.com")
		all := []*http.Client{manager, admin, auditor}
		h.pass(9*time.Minute, all...)
		down.Store(true)
		h.pass(30*time.Minute, all...)
		if done := h.check(); done != (handlers.Checks{Unanswered: 3}) {
			t.Errorf("came to %v", done)
		}
		for _, b := range all {
			if !h.isIn(b, h.base) {
				t.Error("somebody was put out within half an hour")
			}
		}
		h.pass(time.Minute, all...)
		if h.isIn(admin, h.base) || h.isIn(auditor, h.base) {
			t.Error("an administrator or an auditor outlasted half an hour")
		}
		h.pass(11*time.Hour, manager)
		if !h.isIn(manager, h.base) {
			t.Error("a manager was put out before the end of the day")
		}
		down.Store(false)
		if done := h.check(); done != (handlers.Checks{Stand: 1}) {
			t.Errorf("when it answers again: %v", done)
		}
		h.pass(30*time.Minute, manager)
		if h.isIn(manager, h.base) {
			t.Error("a session outlasted twelve hours")
		}
	})
}

// Dex answers 500 for people whom its connector no longer knows. That is an answer when it
// goes on while others are confirmed, and trouble when nobody is.
func TestAProviderThatFailsOverOnePerson(t *testing.T) {
	var failsFor atomic.Pointer[string]
	h := open(t, modelstest.SQLite(t), silently, wire(func(r *http.Request) (*http.Response, error) {
		subject := failsFor.Load()
		if subject == nil || !strings.HasSuffix(r.URL.Path, "/token") {
			return nil, nil
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		form, _ := url.ParseQuery(string(body))
		parts := strings.Split(form.Get("refresh_token"), ".")
		claims, _ := base64.RawURLEncoding.DecodeString(parts[min(1, len(parts)-1)])
		if !strings.Contains(string(claims), *subject) {
			return nil, nil
		}
		return &http.Response{
			StatusCode: 500, Status: "500 Internal Server Error", Request: r, Header: http.Header{"Content-Type": {"application/json"}},
			Body: io.NopCloser(strings.NewReader(`{"error":"invalid_request"}`)),
		}, nil
	}))
	leaver := h.enter("max@example.com")
	subject := h.person("max@example.com").Subject
	failsFor.Store(&subject)
	for range 5 {
		h.pass(10*time.Minute, leaver)
		if done := h.check(); done != (handlers.Checks{Unanswered: 1}) || !h.isIn(leaver, h.base) {
			t.Fatalf("alone: %v", done)
		}
	}
	other := h.enter("jo@example.com")
	h.pass(10*time.Minute, leaver, other)
	h.check() // in which the other is confirmed, before or after
	h.pass(time.Minute, leaver, other)
	if done := h.check(); done.Ended > 1 || h.isIn(leaver, h.base) || !h.isIn(other, h.base) {
		t.Errorf("beside somebody who is confirmed: %v", done)
	}
}

func TestWhatTheDatabaseHoldsOpensNothing(t *testing.T) {
	var tokens []string
	h := open(t, modelstest.SQLite(t), silently, func(_ *handlers.App, c *oidc.Config) {
		c.Transport = transport(func(r *http.Request) (*http.Response, error) {
			resp, err := http.DefaultTransport.RoundTrip(r)
			if err == nil && strings.HasSuffix(r.URL.Path, "/token") {
				b, _ := io.ReadAll(resp.Body)
				_, token, _ := strings.Cut(string(b), `"refresh_token":"`)
				token, _, _ = strings.Cut(token, `"`)
				tokens = append(tokens, token)
				resp.Body = io.NopCloser(strings.NewReader(string(b)))
			}
			return resp, err
		})
	})
	one, two := h.enter("max@example.com"), h.enter("ada@example.com")
	max, ada := h.open("max@example.com")[0], h.open("ada@example.com")[0]
	for _, s := range []people.Session{max, ada} {
		for _, token := range tokens {
			if token == "" || strings.Contains(string(s.Sealed), token) || len(s.Sealed) == 0 {
				t.Fatalf("session %d holds %q", s.ID, s.Sealed)
			}
		}
	}
	// Somebody with the database alone gives one session what belongs to another.
	err := h.db.Bookkeep(t.Context(), func(tx *models.Tx) error {
		_, err := models.Change(t.Context(), tx, people.Session{Sealed: ada.Sealed}, models.Columns{"Sealed"}, "id = ?", max.ID)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	h.pass(10*time.Minute, one, two)
	if done := h.check(); done != (handlers.Checks{Stand: 1, Ended: 1}) || h.isIn(one, h.base) || !h.isIn(two, h.base) {
		t.Errorf("came to %v", done)
	}
	h.app.Box = boxOf(2) // another signing key: what was sealed before cannot be asked with
	h.pass(10*time.Minute, two)
	if done := h.check(); done != (handlers.Checks{Ended: 1}) || h.isIn(two, h.base) {
		t.Errorf("with another key: %v", done)
	}
	for _, s := range h.open("ada@example.com") {
		if s.Sealed != nil {
			t.Error("a session that ended kept its secret")
		}
	}
}

func TestAProviderThatCannotBeAsked(t *testing.T) {
	h := open(t, modelstest.SQLite(t), silently, func(_ *handlers.App, c *oidc.Config) { c.Offline, c.UserInfo = false, false })
	manager, admin := h.enter("max@example.com"), h.enter("ada@example.com")
	h.pass(29*time.Minute, manager, admin)
	if done := h.check(); done != (handlers.Checks{}) || !h.isIn(admin, h.base) {
		t.Errorf("within half an hour: %v", done)
	}
	h.pass(time.Minute, manager, admin)
	if h.isIn(admin, h.base) || !h.isIn(manager, h.base) {
		t.Error("after half an hour the administrator should be out, and nobody else")
	}
	h.pass(30*time.Minute, manager)
	if h.isIn(manager, h.base) {
		t.Error("after an hour everybody should be out")
	}
}

func TestAProviderThatIsAskedAtUserinfo(t *testing.T) {
	h := open(t, modelstest.SQLite(t), silently, func(_ *handlers.App, c *oidc.Config) { c.Offline = false })
	manager, admin := h.enter("max@example.com"), h.enter("ada@example.com")
	h.pass(10*time.Minute, manager, admin)
	if done := h.check(); done != (handlers.Checks{Stand: 2}) {
		t.Errorf("came to %v", done)
	}
	if err := h.peer.idp.Deactivate(t.Context(), "max@example.com"); err != nil {
		t.Fatal(err)
	}
	h.pass(10*time.Minute, manager, admin)
	if done := h.check(); done != (handlers.Checks{Stand: 1, Ended: 1}) || h.isIn(manager, h.base) {
		t.Errorf("a leaver: %v", done)
	}
	h.pass(39*time.Minute, admin)
	h.check()
	if !h.isIn(admin, h.base) {
		t.Error("out before the access token ended")
	}
	h.pass(2*time.Minute, admin)
	if h.isIn(admin, h.base) {
		t.Error("a session outlasted its access token, and nobody can be asked any more")
	}
}

// A provider that keeps one refresh token for each person answers for the earlier browser
// that it does not know its token.
func TestASecondBrowserDoesNotPutTheFirstOneOut(t *testing.T) {
	var known atomic.Value
	h := open(t, modelstest.SQLite(t), silently, func(_ *handlers.App, c *oidc.Config) {
		c.Transport = transport(func(r *http.Request) (*http.Response, error) {
			if !strings.HasSuffix(r.URL.Path, "/token") {
				return http.DefaultTransport.RoundTrip(r)
			}
			body, _ := io.ReadAll(r.Body)
			r.Body = io.NopCloser(strings.NewReader(string(body)))
			form, _ := url.ParseQuery(string(body))
			if token := form.Get("refresh_token"); token != "" && token != known.Load() {
				return &http.Response{
					StatusCode: 400, Status: "400 Bad Request", Request: r, Header: http.Header{"Content-Type": {"application/json"}},
					Body: io.NopCloser(strings.NewReader(`{"error":"invalid_request"}`)),
				}, nil
			}
			resp, err := http.DefaultTransport.RoundTrip(r)
			if err == nil && resp.StatusCode == 200 {
				b, _ := io.ReadAll(resp.Body)
				_, token, _ := strings.Cut(string(b), `"refresh_token":"`)
				token, _, _ = strings.Cut(token, `"`)
				known.Store(token)
				resp.Body = io.NopCloser(strings.NewReader(string(b)))
			}
			return resp, err
		})
	})
	first := h.enter("max@example.com")
	h.pass(5*time.Minute, first)
	second := h.enter("max@example.com")
	for range 4 {
		h.pass(5*time.Minute, first, second)
		h.check()
		if !h.isIn(first, h.base) || !h.isIn(second, h.base) {
			t.Fatal("one of two browsers was put out")
		}
	}
	if err := h.peer.idp.Deactivate(t.Context(), "max@example.com"); err != nil {
		t.Fatal(err)
	}
	for n := range 15 {
		h.pass(time.Minute, first, second)
		h.check()
		if !h.isIn(first, h.base) && !h.isIn(second, h.base) {
			t.Logf("a leaver was out of both after %d minutes", n+1)
			return
		}
	}
	t.Error("a leaver is still in after a quarter of an hour")
}
