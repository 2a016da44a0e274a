package handlers_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"assay/internal/blob"
	"assay/internal/browser"
	"assay/models/access"
)

// A slowLine lets through so many bytes a second of what is sent, so that a person has
// time to press a button meanwhile. Zero is as fast as it can.
type slowLine struct {
	io.ReadCloser
	perSecond *atomic.Int64
}

func (s slowLine) Read(p []byte) (int, error) {
	speed := s.perSecond.Load()
	if speed > 0 {
		time.Sleep(20 * time.Millisecond)
		p = p[:min(int64(len(p)), max(speed/50, 1))]
	}
	return s.ReadCloser.Read(p)
}

// cluster is two replicas behind one address that takes turns, over a line of a given
// speed.
func (s shop) cluster() (p *browser.Page, speed *atomic.Int64, patches *[2]atomic.Int64) {
	s.Helper()
	var who atomic.Pointer[access.Actor]
	who.Store(&s.owner)
	speed, patches = new(atomic.Int64), new([2]atomic.Int64)
	var replicas [2]http.Handler
	for n, site := range []shop{s, s.replica()} {
		app := *site.App
		app.Who = func(_ http.ResponseWriter, r *http.Request) (context.Context, access.Actor, error) {
			return r.Context(), *who.Load(), nil
		}
		replicas[n] = app.Router()
	}
	var turn atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := turn.Add(1) % 2
		if r.Method == http.MethodPatch {
			n = (patches[0].Load() + patches[1].Load()) % 2
			patches[n].Add(1)
			r.Body = slowLine{r.Body, speed}
		}
		replicas[n].ServeHTTP(w, r)
	}))
	s.Cleanup(server.Close)
	return browser.Open(s.T, server.URL), speed, patches
}

const formOfFebruary = "/evidence/new?control=AC-03&from=2026-02-01&to=2026-02-28"

// say fills in what the form asks besides files.
func say(p *browser.Page) {
	p.Fill(`#f-performed_at`, "2026-02-28T10:00")
	p.Fill(`#f-kind`, "system_export")
	p.Fill(`#f-source`, "Okta")
}

func does(what string) string { return fmt.Sprintf(`#f-files-list [data-does=%s]:not([hidden])`, what) }

func TestAnUploadIsPausedAndGoesOnAfterAReloadOnTwoReplicas(t *testing.T) {
	s := newShop(t)
	p, speed, patches := s.cluster()
	speed.Store(12 << 20)
	content := bytesOf(40<<20 + 3)
	path := saved(t, "gateway.log", string(content))
	p.Goto(formOfFebruary)
	p.Upload(`#f-files`, path)
	p.Wait(does("pause"))
	p.Wait(`//small[@data-far][contains(., "left")]`)
	p.Wait(`//p[@role="status"][contains(., "25 per cent")]`)
	p.Keep("upload-sending")
	p.Accessible()
	p.Click(does("pause"))
	p.Wait(does("resume"))
	p.Keep("upload-paused")
	speed.Store(0) // what the line still holds of the last part arrives now
	paused := p.Text(`[data-far]`)
	time.Sleep(300 * time.Millisecond)
	if now := p.Text(`[data-far]`); now != paused || !strings.Contains(now, "paused") {
		t.Errorf("paused at %q, and then %q", paused, now)
	}

	p.Goto(formOfFebruary) // another form, the same control
	if !p.Reads("Choose this file again to send the rest of it.") {
		t.Fatalf("the page does not offer to go on: %s", p.Text("main"))
	}
	p.Keep("upload-begun")
	p.Accessible()
	arrived, err := s.App.Blobs.OldParts(t.Context(), time.Now().Add(time.Hour))
	must(t, err)
	before := patches[0].Load() + patches[1].Load()
	p.Upload(`#f-files`, path)
	p.Wait(`#f-files-list input[name=upload]`)
	if p.Count(`#f-files-list li`) != 1 {
		t.Error("the file is listed twice")
	}
	if whole := int64(len(content)>>23 + 1); patches[0].Load()+patches[1].Load()-before >= whole || len(arrived) == 0 {
		t.Errorf("%d parts had arrived, and all %d were sent again", len(arrived), whole)
	}
	if patches[0].Load() == 0 || patches[1].Load() == 0 {
		t.Errorf("one replica took all parts: %d and %d", patches[0].Load(), patches[1].Load())
	}
	p.Keep("upload-recorded")
	p.Accessible()
	say(p)
	p.Follow(browser.Button("Submit for review"))
	if !p.Reads("E-1 waits for a reviewer.") || !p.Reads(sum(content)) {
		t.Errorf("not submitted: %s", p.Text("main"))
	}
	must(t, blob.Verify(t.Context(), s.App.Blobs, sum(content)))
}

// submits presses Enter on the button: where it stands moves while files come and go.
func submits(p *browser.Page) {
	browser.Script[any](p, `[...document.querySelectorAll("main button")].find(b => b.textContent.trim() === "Submit for review").focus()`)
	p.Press("\r")
}

func TestTheFormWaitsForItsFiles(t *testing.T) {
	s := newShop(t)
	p, speed, _ := s.cluster()
	speed.Store(1 << 20)
	p.Goto(formOfFebruary)
	say(p)
	p.Upload(`#f-files`, saved(t, "a.txt", string(bytesOf(1<<20))), saved(t, "b.txt", "bee\n"), saved(t, "c.txt", "sea\n"), saved(t, "d.txt", string(bytesOf(2<<20))), saved(t, "e.exe", "MZ"))
	p.Wait(`//li[@data-name="e.exe"][contains(., "are not accepted")]`)
	p.Keep("upload-several")
	submits(p)
	p.Wait(`//p[@role="status"][contains(., "Send or remove it first")]`)
	p.Press("\r") // the focus is on the button that removes it
	p.WaitGone(`li[data-name="e.exe"]`)
	speed.Store(4 << 20)
	submits(p)
	p.Wait(browser.Words("E-1 waits for a reviewer."))
	for _, name := range []string{"a.txt", "b.txt", "c.txt", "d.txt"} {
		if !p.Reads(name) {
			t.Errorf("%s is missing", name)
		}
	}
}

// TestAFormWaitsForWhatSendsItsFiles: the module that sends files is still on its way when the
// form is sent. No file is lost on that account.
func TestAFormWaitsForWhatSendsItsFiles(t *testing.T) {
	s := newShop(t)
	app := *s.App
	app.Who = func(_ http.ResponseWriter, r *http.Request) (context.Context, access.Actor, error) {
		return r.Context(), s.owner, nil
	}
	router := app.Router()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/static/") && strings.Contains(r.URL.Path, "uploads") {
			time.Sleep(3 * time.Second)
		}
		router.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	p := browser.Open(t, server.URL)
	p.Goto(formOfFebruary)
	say(p)
	p.Upload(`#f-files`, saved(t, "a.txt", "a line\n"))
	submits(p)
	p.Wait(browser.Words("E-1 waits for a reviewer."))
	if !p.Reads("a.txt") {
		t.Error("the file is missing")
	}
}

func TestWhatIsKnownIsSaidBeforeItTravels(t *testing.T) {
	s := newShop(t)
	s.App.MaxFile = 1 << 20
	s.upload(s.owner)
	p, _, patches := s.cluster()
	p.Goto(formOfFebruary)
	p.Upload(`#f-files`, saved(t, "again.csv", review.body), saved(t, "large.txt", string(bytesOf(1<<20+1))))
	p.Wait(browser.Words("These bytes are part of"))
	p.Wait(browser.Words("Larger than 1 MiB"))
	p.Keep("upload-known")
	p.Accessible()
	if n := patches[0].Load() + patches[1].Load(); n > 0 {
		t.Errorf("%d parts travelled", n)
	}
	p.Click(does("anyway"))
	p.Wait(`#f-files-list input[name=upload]`)
	if n := patches[0].Load() + patches[1].Load(); n != 1 {
		t.Errorf("%d parts travelled", n)
	}
}

func TestAScreenshotIsPasted(t *testing.T) {
	s := newShop(t)
	p, _, _ := s.cluster()
	p.Goto(formOfFebruary)
	browser.Script[bool](p, `(async () => {
		const canvas = Object.assign(document.createElement("canvas"), {width: 40, height: 30});
		const blob = await new Promise(done => canvas.toBlob(done));
		const carrier = new DataTransfer();
		carrier.items.add(new File([blob], "image.png", {type: "image/png"}));
		document.body.dispatchEvent(new ClipboardEvent("paste", {clipboardData: carrier, bubbles: true}));
		return true;
	})()`)
	p.Wait(`#f-files-list input[name=upload]`)
	browser.Script[bool](p, `(() => {
		const carrier = new DataTransfer();
		carrier.items.add(new File(["dropped\n"], "dropped.txt"));
		document.querySelector(".drop input").dispatchEvent(new DragEvent("drop", {dataTransfer: carrier, bubbles: true}));
		return true;
	})()`)
	p.Wait(`//li[@data-name="dropped.txt"]//input[@name="upload"]`)
	say(p)
	p.Follow(browser.Button("Submit for review"))
	if !p.Reads("image.png") || !p.Reads("dropped.txt") {
		t.Errorf("not part of the item: %s", p.Text("main"))
	}
}

func TestTheFormWorksWithoutScript(t *testing.T) {
	s := newShop(t)
	p, _, patches := s.cluster()
	p.WithoutScript()
	p.Goto(formOfFebruary)
	say(p)
	p.Upload(`#f-files`, saved(t, "review.csv", review.body), saved(t, "note.txt", "Kept.\n"))
	p.Follow(browser.Button("Submit for review"))
	if !p.Reads("E-1 waits for a reviewer.") || !p.Reads("note.txt") || patches[0].Load()+patches[1].Load() > 0 {
		t.Errorf("the plain form does not work: %s", p.Text("main"))
	}
}
