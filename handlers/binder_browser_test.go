package handlers_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"assay/internal/browser"
)

// TestBinderInABrowser looks at the page before and after the freeze, and at the index
// inside, which has to read without us.
func TestBinderInABrowser(t *testing.T) {
	s := newShop(t)
	s.reported()
	s.checkpoint()
	archive := s.Get(s.priya, "/engagements/soc2/binder.zip").Want(200).Body
	p, who := s.browse()
	who.Store(&s.priya)
	for _, look := range []struct {
		name, scheme string
		width        int64
	}{{"binder", "light", 1440}, {"binder-phone", "light", 390}, {"binder-dark", "dark", 1440}} {
		p.Viewport(look.width, 900)
		p.Media("prefers-color-scheme", look.scheme)
		p.Goto("/engagements/soc2/binder")
		p.Accessible()
		if over := p.Overflow(); over > 0 {
			t.Errorf("%s: %d pixels wider than %d", look.name, over, look.width)
		}
		p.Keep(look.name)
	}
	index := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = strings.NewReader(unzipped(t, archive, "README.html")).WriteTo(w)
	}))
	defer index.Close()
	p = browser.Open(t, index.URL)
	for name, width := range map[string]int64{"readme": 1440, "readme-phone": 390} {
		p.Viewport(width, 900)
		p.Goto("/")
		p.Accessible()
		if over := p.Overflow(); over > 0 {
			t.Errorf("README.html: %d pixels wider than %d", over, width)
		}
		p.Keep(name)
	}
}
