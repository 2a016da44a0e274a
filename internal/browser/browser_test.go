package browser_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"assay/internal/browser"
)

func TestMain(m *testing.M) { os.Exit(browser.Main(m)) }

const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'"

const sound = `<!doctype html><html lang="en"><head><title>Sound</title><link rel="icon" href="/icon"><link rel="stylesheet" href="/ok.css"><script src="/ok.js" defer></script></head>
<body><main><h1>Evidence</h1>
<form method="post" action="/save" enctype="multipart/form-data">
<label for="t">Title <span>optional</span></label><input id="t" name="title">
<label>Note <textarea name="note">old</textarea></label>
<label for="d">Covers from</label><input id="d" type="date" name="from">
<label for="k">Kind</label><select id="k" name="kind"><option value="1">Log</option><option value="2">Screenshot</option></select>
<label><input type="checkbox" name="tick"> I have read it</label>
<label for="f">File</label><input id="f" type="file" name="file">
<button>Save "it"</button></form>
<button id="later" type="button">Show</button><a href="/missing">A missing page</a></main></body></html>`

// served answers with one page under the strict policy, says back what its form sends, and signs nobody in.
func served(t *testing.T, html string) string {
	t.Helper()
	mux := http.NewServeMux()
	answer := func(pattern, kind, body string) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Security-Policy", policy)
			w.Header().Set("Content-Type", kind)
			_, _ = io.WriteString(w, body)
		})
	}
	answer("GET /{$}", "text/html; charset=utf-8", html)
	answer("GET /ok.css", "text/css", "a, button, input, select { display: inline-block; min-height: 24px }")
	answer("GET /favicon.ico", "image/svg+xml", `<svg xmlns="http://www.w3.org/2000/svg"/>`) // asked for by what is no HTML
	answer("GET /icon", "image/svg+xml", `<svg xmlns="http://www.w3.org/2000/svg"/>`)
	answer("GET /ok.js", "text/javascript", `document.getElementById("later")?.addEventListener("click", () => setTimeout(() => {
		const p = document.createElement("p"); p.id = "shown"; p.textContent = "Here it is"; document.querySelector("main").append(p)}, 200))`)
	answer("GET /throws.js", "text/javascript", `throw new Error("not like this")`)
	answer("GET /complains.js", "text/javascript", `console.error("this is", "wrong")`)
	mux.HandleFunc("POST /save", func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseMultipartForm(1 << 20)
		_, file, err := r.FormFile("file")
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(http.StatusUnprocessableEntity)
		fmt.Fprintf(w, "%s|%s|%s|%s|%s|%s", r.FormValue("title"), r.FormValue("note"), r.FormValue("from"), r.FormValue("kind"), r.FormValue("tick"), file.Filename)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

func TestAPersonFillsInAFormAndSendsIt(t *testing.T) {
	p := browser.Open(t, served(t, sound))
	if status := p.Goto("/"); status != http.StatusOK {
		t.Fatalf("status %d", status)
	}
	upload := filepath.Join(t.TempDir(), "prüfung.txt")
	if err := os.WriteFile(upload, []byte("bytes"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.Fill(browser.Field("Title"), "Quarterly “review” é")
	p.Fill(browser.Field("Note"), "new")
	p.Fill(browser.Field("Covers from"), "2026-01-31")
	p.Fill(browser.Field("Kind"), "Screenshot")
	p.Fill(browser.Field("I have read it"), "yes")
	p.Upload(browser.Field("File"), upload)
	if status := p.Follow(browser.Button(`Save "it"`)); status != http.StatusUnprocessableEntity {
		t.Errorf("status %d, want 422", status)
	}
	if got, want := p.Text("body"), "Quarterly “review” é|new|2026-01-31|2|on|prüfung.txt"; got != want {
		t.Errorf("sent %q, want %q", got, want)
	}
}

func TestAClickThatStaysOnThePageIsWaitedFor(t *testing.T) {
	p := browser.Open(t, served(t, sound))
	p.Goto("/")
	p.Click(browser.Button("Show"))
	p.Wait(browser.Words("Here it is"))
	if !p.Reads("Here it is") || p.Text("#shown") != "Here it is" {
		t.Error("the paragraph is there but does not read")
	}
}

func TestAPageWithoutScriptRunsNone(t *testing.T) {
	p := browser.Open(t, served(t, sound))
	p.WithoutScript()
	p.Goto("/")
	p.Click(browser.Button("Show"))
	p.Press("\t")
	if p.Has("#shown") {
		t.Error("the page's script ran")
	}
}

func TestAMissingPageIsAStatusAndNoComplaint(t *testing.T) {
	p := browser.Open(t, served(t, sound))
	p.Goto("/")
	if status := p.Follow(browser.Link("A missing page")); status != http.StatusNotFound {
		t.Errorf("status %d, want 404", status)
	}
	if p.Path() != "/missing" {
		t.Errorf("at %s", p.Path())
	}
	if complaints := p.Complaints(); complaints != nil {
		t.Errorf("complaints: %q", complaints)
	}
}

func TestWhatTheBrowserComplainsOf(t *testing.T) {
	for _, tc := range []struct{ name, head, want string }{
		{"an inline style is blocked", `<style>p{color:red}</style>`, "Content Security Policy"},
		{"an inline script is blocked", `<script>var x</script>`, "Content Security Policy"},
		{"a script throws", `<script src="/throws.js"></script>`, "not like this"},
		{"a script logs an error", `<script src="/complains.js"></script>`, "this is wrong"},
		{"a picture is missing", `<img src="/missing.png" alt="">`, "404"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := browser.Open(t, served(t, strings.Replace(sound, "</head>", tc.head+"</head>", 1)))
			p.Goto("/")
			complaints := strings.Join(p.Complaints(), "\n")
			if !strings.Contains(complaints, tc.want) {
				t.Errorf("complaints %q lack %q", complaints, tc.want)
			}
		})
	}
}

// verdict is a TB that notes a failure in place of failing, and runs its clean-up when told.
type verdict struct {
	testing.TB
	failed   bool
	cleanups []func()
}

func (v *verdict) Errorf(string, ...any) { v.failed = true }
func (v *verdict) Cleanup(f func())      { v.cleanups = append(v.cleanups, f) }

func (v *verdict) end() {
	for _, f := range v.cleanups {
		f()
	}
}

func TestAComplaintNobodyTookFailsTheTest(t *testing.T) {
	for html, want := range map[string]bool{
		sound: false,
		strings.Replace(sound, "<h1>", `<h1 style="color:red">`, 1): true,
	} {
		v := &verdict{TB: t}
		browser.Open(v, served(t, html)).Goto("/")
		v.end()
		if v.failed != want {
			t.Errorf("failed: %v, want %v", v.failed, want)
		}
	}
}

func TestWhatCannotBeUsedByEverybodyIsFound(t *testing.T) {
	p := browser.Open(t, served(t, sound))
	p.Goto("/")
	p.Accessible()

	p = browser.Open(t, served(t, strings.Replace(sound, "<h1>", `<img src="/icon"><input name="bare"><h1>`, 1)))
	p.Goto("/")
	found := map[string]bool{}
	for _, violation := range p.Violations() {
		found[violation.ID] = true
	}
	if !found["image-alt"] || !found["label"] {
		t.Errorf("axe-core found %v, want image-alt and label", found)
	}
}

func TestAPageWiderThanTheWindowIsMeasured(t *testing.T) {
	p := browser.Open(t, served(t, strings.Replace(sound, "<h1>", `<table><tr><td><input size="90"></td></tr></table><h1>`, 1)))
	p.Goto("/")
	if got := p.Overflow(); got != 0 {
		t.Errorf("at 1280 px, %d px too wide", got)
	}
	p.Viewport(320, 700)
	if p.Overflow() == 0 {
		t.Error("at 320 px, a field of 90 characters is said to fit")
	}
}

func TestATextWithoutRoomIsFound(t *testing.T) {
	p := browser.Open(t, served(t, strings.Replace(sound, "<h1>", `<p>r e s u l t s</p><table><tr><td width="1">c h e c k s</td></tr></table><h1>`, 1)))
	p.Goto("/")
	if got := p.Squeezed(); got != "c h e c k s" {
		t.Errorf("squeezed is %q", got)
	}
}
