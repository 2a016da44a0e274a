package handlers_test

import (
	"strings"
	"testing"

	"assay/internal/browser"
)

// TestNoTextBecomesMarkup: what a script of ours, or one that got in, makes of text is
// refused by the browser; what htmx puts into the page of our answers is not.
func TestNoTextBecomesMarkup(t *testing.T) {
	p := newPortal(t)
	b, _ := p.browse()
	b.Goto("/controls")
	for _, attempt := range []string{
		`document.querySelector("h1").innerHTML = "<img src=x>"`,
		`new DOMParser().parseFromString("<p>", "text/html")`,
		`document.createElement("script").src = "/evidence/E-1/files/1"`,
		`new Worker("/evidence/E-1/files/1")`,
		`trustedTypes.createPolicy("default", { createHTML: (s) => s })`,
		`trustedTypes.createPolicy("mine", { createHTML: (s) => s })`,
	} {
		refused := browser.Script[string](b, `(() => { try { `+attempt+`; return "done" } catch (e) { return e.name } })()`)
		if refused != "TypeError" {
			t.Errorf("%s: %s", attempt, refused)
		}
	}
	if said := strings.Join(b.Complaints(), "\n"); !strings.Contains(said, "TrustedHTML") {
		t.Errorf("the browser says %q", said)
	}
	b.Fill(`#f-q`, "leaver remov")
	b.WaitGone(`#results a[href="/controls/AC-01"]`)
	b.Goto("/controls")
	b.Press("/")
	b.Wait(`#palette[open]`)
	b.Fill(`#palette input`, "leaver")
	b.Wait(`#palette a[href="/controls/AC-03"]`)
}
