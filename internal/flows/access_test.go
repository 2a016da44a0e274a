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
// screen and a person who enlarges everything; and where a kind of page is met for the
// first time, several of it, also as a person who prefers dark and a person with a
// phone. What a role adds to a page is words and buttons that have been seen in all of
// these. That the browser has no complaint is asserted by the page itself.
func TestAccessibility(t *testing.T) {
	p := demo(t)
	met := map[string]bool{}
	for _, who := range cast(t, p.base) {
		t.Run(who.role, func(t *testing.T) {
			pages := crawled(t, p.base, who).pages
			at := browser.Open(t, p.base)
			at.SignIn(who.email)
			for _, pattern := range slices.Sorted(maps.Keys(pages)) {
				ways, targets := all[:1], pages[pattern][:1]
				if !met[pattern] {
					ways, targets = all, pages[pattern]
				}
				met[pattern] = true
				for n, target := range targets {
					if status := at.Goto(target); status != http.StatusOK {
						t.Errorf("%s: status %d", target, status)
					}
					usable(t, at, fmt.Sprintf("%s %s %d", who.role, pattern, n), ways)
				}
			}
			if status := at.Goto("/nowhere"); status != http.StatusNotFound {
				t.Errorf("/nowhere: status %d", status)
			}
			usable(t, at, who.role+" not found", all)
		})
	}
	t.Run("nobody", func(t *testing.T) {
		at := browser.Open(t, p.base)
		for _, target := range []string{"/signin", "/signin?return_to=%2Fcontrols%3Fq%3Daccess", "/signin?left=1", "/auth/callback?state=forged&code=1"} {
			at.Goto(target)
			usable(t, at, "nobody "+target, all)
		}
	})
}

// A way is how somebody looks at a page.
type way struct {
	name   string
	width  int64
	scheme string
}

var all = []way{{"wide", 1440, "light"}, {"dark", 1440, "dark"}, {"phone", 390, "light"}}

// usable holds the page that is open to everybody's use. Pictures of it are kept where
// ASSAY_TEST_SCREENSHOTS says.
func usable(t *testing.T, at *browser.Page, name string, ways []way) {
	t.Helper()
	name = strings.Trim(strings.NewReplacer("/", "_", "{", "", "}", "", " ", "-", "?", "_", "&", "_", "%", "").Replace(name), "_")
	for _, w := range ways {
		at.Viewport(w.width, 900)
		at.Media("prefers-color-scheme", w.scheme)
		at.Accessible()
		if words := at.Squeezed(); words != "" {
			t.Errorf("%s, %s: no room for %s", at.Path(), w.name, words)
		}
		at.Keep(name + "." + w.name)
	}
	at.Viewport(320, 640)
	if over := at.Overflow(); over > 0 {
		t.Errorf("%s: %d px too wide for 320 px: %s", at.Path(), over, at.Sticking())
	}
}
