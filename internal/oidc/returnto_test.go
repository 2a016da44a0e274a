package oidc_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"assay/internal/oidc"
)

func TestTheWayBackStaysOnTheSite(t *testing.T) {
	for _, keep := range []string{
		"/", "/controls", "/controls/AC-03?tab=tests&q=a%2Fb", "/search?q=https://example.com/", "/evidence/E-12?name=100%25",
		"/people/%C3%A9va", "/a%20b", "/controls?cursor=a%2F%2Fb",
	} {
		if got := oidc.SafeReturn(keep); got != keep {
			t.Errorf("%q became %q", keep, got)
		}
	}
	for _, drop := range []string{
		"", "controls", "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example", "/\\/evil.example",
		"https://evil.example", "https:evil.example", "javascript:alert(1)", "data:text/html,x", "//evil.example/%2f..",
		"/\t/evil.example", "/\n/evil.example", "/\x00", "/a\r\nSet-Cookie: x=1", "\t//evil.example", " /controls",
		"/%2fevil.example", "/%2Fevil.example", "/%5cevil.example", "/%5C%5Cevil.example", "/%252fevil.example", "/%25252fevil.example",
		"/%09/evil.example", "/%0d%0aLocation:x", "/..//evil.example", "/.//evil.example", "/%2e%2e/%2fevil.example", "/a/../b", "/a/./b", "/%2e/",
		"/a//b", "/@evil.example//", "/\u2028", "/\u200bx", "/\xff", "/%ff", "/%zz", "/" + strings.Repeat("a", 3000),
	} {
		if got := oidc.SafeReturn(drop); got != "/" {
			t.Errorf("%q became %q", drop, got)
		}
	}
	if got := oidc.SafeReturn("/controls#x"); got != "/controls" {
		t.Errorf("a fragment was kept: %q", got)
	}
}

func FuzzSafeReturn(f *testing.F) {
	for _, seed := range []string{"/", "//evil.example", "/\\evil.example", "/%5c", "/%252f%252fevil.example", "/a?b=//c", "/..;/x", "/\u2028", "?x", "/:80/x", "/%2e%2e/"} {
		f.Add(seed)
	}
	site, _ := url.Parse("https://assay.example/auth/callback")
	f.Fuzz(func(t *testing.T, to string) {
		got := oidc.SafeReturn(to)
		u, err := site.Parse(got)
		if err != nil || u.Host != site.Host || u.Scheme != site.Scheme || u.User != nil {
			t.Fatalf("%q became %q, which leads to %v (%v)", to, got, u, err)
		}
		if got[0] != '/' || strings.HasPrefix(got, "//") || strings.ContainsAny(got, "\\\r\n\t\x00") {
			t.Fatalf("%q became %q", to, got)
		}
		if again := oidc.SafeReturn(got); again != got {
			t.Fatalf("%q became %q and then %q", to, got, again)
		}
		// The whole way through net/http, which cleans paths of its own accord.
		w := httptest.NewRecorder()
		http.Redirect(w, httptest.NewRequest(http.MethodGet, "/auth/callback", http.NoBody), got, http.StatusSeeOther)
		if at := w.Header().Get("Location"); strings.HasPrefix(at, "//") || at[0] != '/' {
			t.Fatalf("%q is sent as %q", to, at)
		}
	})
}
