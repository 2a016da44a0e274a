package flows_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"assay/internal/browser"
)

// TestAccessibility reads a page of each kind in each role, as a person at a wide
// screen, a person who prefers dark, a person with a phone, and a person who enlarges
// everything. That the browser has no complaint is asserted by the page itself.
func TestAccessibility(t *testing.T) {
	p := demo(t)
	for _, who := range cast(t, p.base) {
		t.Run(who.role, func(t *testing.T) {
			pages := crawled(t, p.base, who).pages
			at := browser.Open(t, p.base)
			at.SignIn(who.email)
			for _, pattern := range slices.Sorted(maps.Keys(pages)) {
				for n, target := range pages[pattern] {
					if status := at.Goto(target); status != http.StatusOK {
						t.Errorf("%s: status %d", target, status)
					}
					usable(t, at, fmt.Sprintf("%s %s %d", who.role, pattern, n))
				}
			}
			if status := at.Goto("/nowhere"); status != http.StatusNotFound {
				t.Errorf("/nowhere: status %d", status)
			}
			usable(t, at, who.role+" not found")
		})
	}
	t.Run("nobody", func(t *testing.T) {
		at := browser.Open(t, p.base)
		for _, target := range []string{"/signin", "/signin?return_to=%2Fcontrols%3Fq%3Daccess", "/signin?left=1", "/auth/callback?state=forged&code=1"} {
			at.Goto(target)
			usable(t, at, "nobody "+target)
		}
	})
}

// usable holds the page that is open to everybody's use. Pictures of it are kept where
// ASSAY_TEST_SCREENSHOTS says.
func usable(t *testing.T, at *browser.Page, name string) {
	t.Helper()
	name = strings.Trim(strings.NewReplacer("/", "_", "{", "", "}", "", " ", "-", "?", "_", "&", "_", "%", "").Replace(name), "_")
	for _, way := range []struct {
		name   string
		width  int64
		scheme string
	}{{"wide", 1440, "light"}, {"dark", 1440, "dark"}, {"phone", 390, "light"}} {
		at.Viewport(way.width, 900)
		at.Media("prefers-color-scheme", way.scheme)
		at.Accessible()
		at.Keep(name + "." + way.name)
	}
	at.Viewport(320, 640)
	if over := at.Overflow(); over > 0 {
		t.Errorf("%s: %d px too wide for 320 px", at.Path(), over)
	}
}
