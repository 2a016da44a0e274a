package handlers_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"assay/internal/browser"
	"assay/models/access"
	"assay/models/modelstest"
)

// look opens the company in a browser, as somebody.
func (a *audit) look(who access.Actor) *browser.Page {
	a.Helper()
	app := *a.App
	app.Who = func(_ http.ResponseWriter, r *http.Request) (context.Context, access.Actor, error) {
		return r.Context(), who, nil
	}
	server := httptest.NewServer(app.Router())
	a.Cleanup(server.Close)
	return browser.Open(a, server.URL)
}

// seenAt looks at a page on a screen and on a phone, light and dark, and holds it to its
// width and to axe.
func seenAt(t *testing.T, b *browser.Page, name, path string) {
	t.Helper()
	for _, window := range []struct {
		name          string
		width, height int64
		scheme        string
	}{{"", 1440, 900, "light"}, {"-dark", 1440, 900, "dark"}, {"-390", 390, 844, "light"}, {"-320", 320, 700, "light"}} {
		b.Viewport(window.width, window.height)
		b.Media("prefers-color-scheme", window.scheme)
		if code := b.Goto(path); code != http.StatusOK {
			t.Fatalf("%s: status %d", path, code)
		}
		b.Keep(name + window.name)
		if n := b.Overflow(); n > 0 {
			t.Errorf("%s at %d: %d pixels too wide", path, window.width, n)
		}
		b.Accessible()
	}
}

func TestTimelineInABrowser(t *testing.T) {
	a, c := newDaily(t, modelstest.SQLite(t))
	b := a.look(a.priya)
	seenAt(t, b, "timeline-daily", "/controls/"+c.Code)
	seenAt(t, b, "timeline-monthly", "/controls/AC-03")
	b.Viewport(1440, 900)
	b.Goto("/controls/AC-03")
	b.Click(`details.twin > summary`)
	b.Accessible()
	b.Keep("timeline-table")
}
