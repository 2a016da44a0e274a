package handlers_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"

	"assay/handlers"
	"assay/models/access"
	"assay/models/modelstest"
	"assay/web"
)

func roles(p access.Permission) string {
	if p == access.Public {
		return "everyone"
	}
	var who []string
	for _, role := range access.Roles {
		if (access.Actor{ID: 1, Role: role}).Can(p) {
			who = append(who, string(role))
		} else if (access.Actor{ID: 1, Role: role, Fieldwork: []int64{1}}).Can(p) {
			who = append(who, string(role)+" (by grant)")
		}
	}
	return strings.Join(who, " ")
}

// TestRoutes compares what is served with testdata/routes.golden, so that a change to
// who may reach a page is a line in the diff.
func TestRoutes(t *testing.T) {
	app := &handlers.App{}
	needs, fresh := map[string]access.Permission{}, map[string]string{}
	for _, rt := range app.Routes() {
		needs[rt.Method+" "+rt.Pattern] = rt.Needs
		if rt.Fresh != "" {
			fresh[rt.Method+" "+rt.Pattern] = " (fresh sign-in: to " + rt.Fresh + ")"
		}
	}
	var lines []string
	err := chi.Walk(web.New(app.Routes(), web.Site{}), func(method, pattern string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		if method == http.MethodHead {
			return nil // served for every GET, under the same guard
		}
		p, ok := needs[method+" "+pattern]
		if !ok {
			t.Errorf("%s %s is served but not in the table", method, pattern)
		}
		lines = append(lines, fmt.Sprintf("%-5s %-48s %-18s %s", method, pattern, p, roles(p))+fresh[method+" "+pattern])
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(lines)
	got := strings.Join(lines, "\n") + "\n"
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile("testdata/routes.golden", []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/routes.golden")
	if err != nil || got != string(want) {
		t.Errorf("routes changed (run with UPDATE=1 and read the diff): %v\n%s", err, got)
	}
}

var param = regexp.MustCompile(`\{[^}]+\}|\*`)

// TestRoleMatrix asks every route as every role through the real router, and expects
// exactly the table: in, sent to sign in, or not found.
func TestRoleMatrix(t *testing.T) {
	app := &handlers.App{}
	for _, role := range append([]access.Role{""}, access.Roles...) {
		who := access.Actor{Role: role}
		if role != "" {
			who.ID = 7
		}
		routes := app.Routes()
		for i := range routes { // the question is who gets in, not what happens there
			routes[i].Do = func(w http.ResponseWriter, _ *http.Request) error {
				w.WriteHeader(http.StatusNoContent)
				return nil
			}
		}
		mux := web.New(routes, web.Site{
			Who: func(_ http.ResponseWriter, r *http.Request) (context.Context, access.Actor, error) {
				return r.Context(), who, nil
			},
			SignIn: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusSeeOther) },
			Fresh:  func(*http.Request) bool { return true },
			Failed: func(w http.ResponseWriter, _ *http.Request, code int, _ string) { w.WriteHeader(code) },
		})
		for _, rt := range routes {
			r := httptest.NewRequest(rt.Method, param.ReplaceAllString(rt.Pattern, "1"), http.NoBody)
			r.Header.Set("Sec-Fetch-Site", "same-origin")
			rec := httptest.NewRecorder()
			mux.ServeHTTP(rec, r)
			want := http.StatusNotFound
			switch {
			case who.Can(rt.Needs):
				want = http.StatusNoContent
			case role == "":
				want = http.StatusSeeOther
			}
			if rec.Code != want {
				t.Errorf("%q %s %s: got %d, want %d", role, rt.Method, rt.Pattern, rec.Code, want)
			}
		}
	}
}

// TestNothingIsWrittenByReadOnlyRoles holds the table to itself: whatever a role that
// only reads can reach is no POST, but for leaving.
func TestNothingIsWrittenByReadOnlyRoles(t *testing.T) {
	own := []string{
		"/signout", "/account/sessions/{session}/end", "/account/appearance",
		"/account/notifications", "/notices/read", "/notices/{notice}/open",
		"/engagements/{engagement}/report/check", // compares a file, and writes nothing
	}
	for _, rt := range (&handlers.App{}).Routes() {
		auditor := access.Actor{ID: 1, Role: access.Auditor}
		if rt.Method != http.MethodGet && rt.Needs != access.Public && auditor.Can(rt.Needs) && !slices.Contains(own, rt.Pattern) {
			t.Errorf("an auditor can reach %s %s", rt.Method, rt.Pattern)
		}
	}
}

func TestCrossSiteChangesAreRefused(t *testing.T) {
	who := access.Actor{ID: 1, Role: access.Compliance}
	site := func(secure, programs bool) http.Handler {
		return web.New([]web.Route{web.Post("/x", access.SignedIn, func(w http.ResponseWriter, _ *http.Request) error {
			w.WriteHeader(http.StatusNoContent)
			return nil
		})}, web.Site{
			Who: func(_ http.ResponseWriter, r *http.Request) (context.Context, access.Actor, error) {
				return r.Context(), who, nil
			},
			Failed: func(w http.ResponseWriter, _ *http.Request, code int, _ string) { w.WriteHeader(code) },
			Secure: secure, Programs: programs,
		})
	}
	for name, c := range map[string]struct {
		header     map[string]string
		want, demo int
	}{
		"the same origin":                       {map[string]string{"Sec-Fetch-Site": "same-origin", "Cookie": "a=b"}, 204, 204},
		"another site":                          {map[string]string{"Sec-Fetch-Site": "cross-site", "Cookie": "a=b"}, 403, 403},
		"a sibling of the site":                 {map[string]string{"Sec-Fetch-Site": "same-site", "Cookie": "a=b"}, 403, 403},
		"another origin":                        {map[string]string{"Origin": "https://evil.example", "Cookie": "a=b"}, 403, 403},
		"a browser that does not say":           {map[string]string{"User-Agent": "Mozilla/5.0 (old)", "Cookie": "a=b"}, 403, 403},
		"a text browser, or a script":           {map[string]string{"User-Agent": "Lynx/2.9", "Cookie": "a=b"}, 403, 204},
		"a script that says":                    {map[string]string{"User-Agent": "curl/8.0", "Origin": "https://example.com", "Cookie": "a=b"}, 204, 204},
		"our host over plain HTTP":              {map[string]string{"Origin": "http://example.com", "Cookie": "a=b"}, 403, 204},
		"a program that carries no cookie":      {nil, 204, 204},
		"an opaque origin (sandboxed document)": {map[string]string{"Origin": "null", "Cookie": "a=b"}, 403, 403},
	} {
		t.Run(name, func(t *testing.T) {
			for mux, want := range map[http.Handler]int{site(true, false): c.want, site(false, true): c.demo} {
				r := httptest.NewRequest(http.MethodPost, "/x", http.NoBody)
				for k, v := range c.header {
					r.Header.Set(k, v)
				}
				rec := httptest.NewRecorder()
				mux.ServeHTTP(rec, r)
				if rec.Code != want {
					t.Errorf("got %d, want %d", rec.Code, want)
				}
			}
		})
	}
}

// Every answer of every route, whoever asks, carries what a browser needs to keep it safe.
func TestEveryAnswerIsGuarded(t *testing.T) {
	app := &handlers.App{DB: modelstest.SQLite(t), Secure: true}
	app.Who = func(_ http.ResponseWriter, r *http.Request) (context.Context, access.Actor, error) {
		return r.Context(), access.Actor{}, nil
	}
	router := app.Router()
	routes := append(app.Routes(), web.Route{Method: http.MethodGet, Pattern: "/nowhere"}, web.Route{Method: "TRACE", Pattern: "/"})
	for _, rt := range routes {
		r := httptest.NewRequest(rt.Method, param.ReplaceAllString(rt.Pattern, "1"), http.NoBody)
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		rec := httptest.NewRecorder()
		router.ServeHTTP(rec, r)
		h := rec.Header()
		for name, want := range map[string]string{
			"Content-Security-Policy": "default-src 'none'", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
			"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
			"Permissions-Policy": "microphone=()", "Strict-Transport-Security": "max-age=31536000",
		} {
			if !strings.Contains(h.Get(name), want) {
				t.Errorf("%s %s: %s is %q", rt.Method, rt.Pattern, name, h.Get(name))
			}
		}
		if !strings.HasPrefix(rt.Pattern, "/static/") && h.Get("Cache-Control") != "no-store" {
			t.Errorf("%s %s may be kept: %q", rt.Method, rt.Pattern, h.Get("Cache-Control"))
		}
		for _, c := range rec.Result().Cookies() {
			if !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteLaxMode || !strings.HasPrefix(c.Name, "__Host-") {
				t.Errorf("%s %s: cookie %v", rt.Method, rt.Pattern, c)
			}
		}
	}
}
