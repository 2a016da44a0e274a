package handlers_test

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"assay/internal/browser"
	"assay/models/access"
)

// browse opens the shop in a browser. The person who looks can change.
func (s shop) browse() (*browser.Page, *atomic.Pointer[access.Actor]) {
	var who atomic.Pointer[access.Actor]
	who.Store(&s.owner)
	app := *s.App
	app.Who = func(_ http.ResponseWriter, r *http.Request) (context.Context, access.Actor, error) {
		return r.Context(), *who.Load(), nil
	}
	server := httptest.NewServer(app.Router())
	s.Cleanup(server.Close)
	return browser.Open(s.T, server.URL), &who
}

func saved(t *testing.T, name, body string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(body), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestEvidenceInABrowser(t *testing.T) {
	s := newShop(t)
	p, who := s.browse()
	p.Goto("/tasks")
	p.Follow(`main .task[open] a.btn--primary`)
	p.Fill(`#f-performed_at`, "2026-02-28T10:00")
	p.Fill(`#f-kind`, "system_export")
	p.Fill(`#f-source`, "Okta")
	p.Upload(`#f-files`, saved(t, "review.csv", review.body), saved(t, "note.txt", "All kept.\n"))
	p.Wait(`#f-files-list li:nth-child(2)[data-state="recorded"]`) // until then the list grows, and what is below it moves
	p.Keep("evidence-form")
	if code := p.Follow(browser.Button("Submit for review")); code != 200 {
		t.Fatalf("status %d", code)
	}
	if !p.Reads("E-1 waits for a reviewer.") || !p.Reads("note.txt") {
		t.Error("the item is not there")
	}

	who.Store(&s.priya)
	p.Goto("/review")
	p.Keep("review")
	p.Press("r") // without a reason
	p.Wait(`.error-summary`)
	p.Fill(`#f-note`, "Which system is it?")
	p.Follow(`main [aria-keyshortcuts="r"]`)
	if !p.Reads("Nothing to review") {
		t.Error("it still waits")
	}

	who.Store(&s.owner)
	p.Goto("/tasks")
	p.Follow(browser.Link("Correct and send again E-1"))
	p.Fill(`#f-description`, "Okta, production tenant.")
	p.Follow(browser.Button("Submit for review"))

	who.Store(&s.ines)
	p.Goto("/review")
	p.Press("a") // the one box that has to be ticked takes the focus
	p.Press(" ")
	p.Press("a")
	p.Wait(`.empty`)
	p.Goto("/evidence/E-1")
	if !p.Reads("Accepted") {
		t.Error("pressing a did not accept")
	}
}

// TestEvidencePagesSuitEverybody runs axe-core over each page as it is on a wide screen
// and on a phone, and holds it to the width of the window.
func TestEvidencePagesSuitEverybody(t *testing.T) {
	s := newShop(t)
	shot := image.NewRGBA(image.Rect(0, 0, 900, 500))
	for n := range shot.Pix {
		shot.Pix[n] = color.RGBA{200, 210, 220, 255}.B
	}
	var picture bytes.Buffer
	if err := png.Encode(&picture, shot); err != nil {
		t.Fatal(err)
	}
	s.send(s.owner, "/evidence", fields("title", "Access review of every system, February, with all contractors"), review,
		file{"a-very-long-name-of-a-document-that-has-to-break-somewhere-because-it-never-ends-2026-10-31.txt", strings.Repeat("long line ", 80)},
		file{"screen.png", picture.String()}, file{"empty-cells.csv", "name,,kept\n,,\n"}, file{"config.json", `{"mfa":{"required":true}}`}).Want(303)
	s.send(s.owner, "/evidence", fields("key", "k2", "covers_to", ""), review, file{"bad.exe", "MZ"}).Want(422)
	s.send(s.owner, "/evidence", fields("key", "k3"), file{"b.txt", "b\n"}).Want(303)
	s.Post(s.priya, "/evidence/E-3/return", "rev", "2", "note", "Which system?").Want(303)
	p, who := s.browse()
	for _, window := range [][2]int64{{1440, 900}, {390, 844}, {320, 700}} {
		p.Viewport(window[0], window[1])
		for _, page := range []struct {
			name string
			who  *access.Actor
			path string
		}{
			{"tasks", &s.owner, "/tasks"},
			{"tasks-none", &s.other, "/tasks"},
			{"evidence", &s.owner, "/evidence"},
			{"evidence-none", &s.other, "/evidence"},
			{"new", &s.owner, "/evidence/new?control=AC-03&from=2026-02-01&to=2026-02-28"},
			{"new-any", &s.priya, "/evidence/new"},
			{"item", &s.priya, "/evidence/E-1"},
			{"item-stored", &s.owner, "/evidence/E-2"},
			{"item-returned", &s.owner, "/evidence/E-3"},
			{"preview-table", &s.priya, "/evidence/E-1/files/1/preview"},
			{"preview-text", &s.priya, "/evidence/E-1/files/2/preview"},
			{"preview-picture", &s.priya, "/evidence/E-1/files/3/preview"},
			{"preview-blank", &s.priya, "/evidence/E-1/files/4/preview"},
			{"preview-json", &s.priya, "/evidence/E-1/files/5/preview"},
			{"review", &s.priya, "/review"},
			{"review-decided", &s.priya, "/review/E-3"},
		} {
			who.Store(page.who)
			if code := p.Goto(page.path); code != http.StatusOK {
				t.Errorf("%s: status %d", page.path, code)
			}
			if over := p.Overflow(); over > 0 {
				t.Errorf("%s is %d pixels wider than a window of %d", page.path, over, window[0])
			}
			if window[0] != 390 { // axe-core looks at the two ends
				p.Accessible()
			}
			if window[0] != 320 {
				p.Keep(page.name + map[int64]string{1440: "", 390: "-phone"}[window[0]])
			}
		}
	}
}
