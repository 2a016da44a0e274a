package handlers_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"assay/internal/browser"
	"assay/models/access"
)

// browse opens the portal in a browser. The person who looks can change.
func (p portal) browse() (*browser.Page, *atomic.Pointer[access.Actor]) {
	var who atomic.Pointer[access.Actor]
	who.Store(&p.priya)
	app := *p.App
	app.Who = func(_ http.ResponseWriter, r *http.Request) (context.Context, access.Actor, error) {
		return r.Context(), *who.Load(), nil
	}
	server := httptest.NewServer(app.Router())
	p.t.Cleanup(server.Close)
	return browser.Open(p.t, server.URL), &who
}

func TestControlsInABrowser(t *testing.T) {
	p := newPortal(t)
	b, who := p.browse()
	b.Goto("/controls")
	b.Fill(`#f-q`, "leaver remov")
	b.WaitGone(`#results a[href="/controls/AC-01"]`)
	if !b.Reads("Leaver access removed in time") {
		t.Error("search as one types does not find AC-03")
	}
	b.Click(`input[value="AC-03"]`)
	b.Fill(`#bulk-owner`, id(p.tomas))
	if code := b.Follow(browser.Button("Assign")); code != 200 {
		t.Fatalf("assign: status %d", code)
	}
	if !b.Reads("1 control assigned.") || !b.Reads(p.tomas.Name) {
		t.Error("nobody was assigned")
	}

	who.Store(&p.tomas)
	b.Goto("/controls/AC-03")
	b.Click(`#revise > summary`)
	b.Follow(browser.Button("Begin the version"))
	b.Fill(`#f-value-0`, "4 hours")
	b.Follow(browser.Button("Save draft"))
	b.Follow(browser.Button("Submit for review"))
	if !b.Reads("within 4 hours of the last working moment") {
		t.Error("the value was not tailored")
	}
	who.Store(&p.ines)
	b.Goto("/controls/AC-03/versions/2")
	b.Click(`#approve > summary`)
	b.Fill(`#f-effective_from`, "2026-04-01")
	b.Follow(browser.Button("Approve the version"))
	if !b.Reads("Approved.") {
		t.Error("the version was not approved")
	}
}

// TestControlPagesLookRight holds every page to the width of a phone and to axe-core.
func TestControlPagesLookRight(t *testing.T) {
	p := newPortal(t)
	form := p.Get(p.priya, "/controls/AC-03").Want(200)
	p.Post(p.priya, "/controls/AC-03/assign", "rev", form.Field("rev"), "owner", id(p.tomas)).Want(303)
	p.Post(p.tomas, "/controls/AC-03/revise").Want(303)
	good := p.upload(p.priya, "list.csv", "id,title,note\nQQ-1,Something new,\nAC-01,Another title,\nAC-02,,\n").Want(303)
	b, who := p.browse()
	for _, window := range [][2]int64{{1440, 900}, {320, 700}} {
		b.Viewport(window[0], window[1])
		for _, page := range []struct {
			name, path string
			who        *access.Actor
		}{
			{"controls", "/controls", &p.priya},
			{"controls-none", "/controls?q=zebra", &p.viewer},
			{"control", "/controls/AC-03", &p.priya},
			{"control-auditor", "/controls", &p.auditor},
			{"version", "/controls/AC-03/versions/2", &p.tomas},
			{"version-diff", "/controls/AC-03/versions/2/diff", &p.viewer},
			{"control-edit", "/controls/AC-03/edit", &p.tomas},
			{"control-new", "/controls/new", &p.priya},
			{"control-import", "/controls/import", &p.priya},
			{"control-import-preview", good.Location, &p.priya},
			{"frameworks", "/frameworks", &p.viewer},
			{"framework", "/frameworks/soc2-tsc", &p.viewer},
			{"criterion", "/frameworks/soc2-tsc/CC6.2", &p.viewer},
			{"programme", "/settings/programme", &p.priya},
		} {
			who.Store(page.who)
			if code := b.Goto(page.path); code != http.StatusOK {
				t.Errorf("%s: status %d", page.path, code)
			}
			if over := b.Overflow(); over > 0 {
				t.Errorf("%s is %d pixels wider than a window of %d", page.path, over, window[0])
			}
			b.Accessible()
			if window[0] == 1440 {
				b.Keep(page.name)
			}
		}
	}
}
