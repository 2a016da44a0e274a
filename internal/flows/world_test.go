package flows_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"assay/handlers"
	"assay/internal/blob"
	"assay/internal/browser"
	"assay/internal/jobs"
	"assay/internal/mail"
	"assay/internal/mailtest"
	"assay/internal/tlog"
	"assay/models"
	"assay/models/access"
	"assay/models/engagement"
	"assay/models/modelstest"
	"assay/models/people"
	"assay/web"
)

// A world is lived in by several people, with a clock that the test moves. It runs in
// this process for the sake of that clock; everything else is the product's own.
type world struct {
	*testing.T
	db        *models.DB
	app       handlers.App
	clock     atomic.Int64 // microseconds since 1970
	worker    *jobs.Worker
	post      *mailtest.Server
	delivered int
}

// A resident is one of the people and their browser.
type resident struct {
	access.Actor
	*browser.Page
	w    *world
	base string
}

func newWorld(t *testing.T, db *models.DB, begins string) *world {
	t.Helper()
	before := slog.Default()
	slog.SetDefault(slog.New(slog.DiscardHandler)) // a line for every request says nothing of the test
	t.Cleanup(func() { slog.SetDefault(before) })
	w := &world{T: t, db: db, post: mailtest.New(t, mailtest.StartTLS)}
	w.moveTo(begins)
	db.Now = func() time.Time { return time.UnixMicro(w.clock.Load()).UTC() }
	store, err := blob.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	signer, err := tlog.LoadSigner(filepath.Join(t.TempDir(), "log.key"), "assay/test")
	if err != nil {
		t.Fatal(err)
	}
	w.app = handlers.App{DB: db, Blobs: store, MaxFile: 10 << 20, Signer: signer}
	sender, err := mail.Open(w.post.URL, "Assay <assay@example.com>")
	if err != nil {
		t.Fatal(err)
	}
	sender.RootCAs = w.post.RootCAs
	w.worker = jobs.New(db, append(jobs.Clock(), jobs.Mail(jobs.Post{Sender: sender, BaseURL: "https://assay.example.com"})...)...)
	return w
}

// resident is a new person with a browser that is signed in as them.
func (w *world) resident(role access.Role) *resident {
	w.Helper()
	return w.settle(modelstest.Person(w.T, w.db, role))
}

// settle gives somebody a browser. What an auditor may do is found at each request, as
// for a session.
func (w *world) settle(who access.Actor) *resident {
	w.Helper()
	r := &resident{Actor: who, w: w}
	app := w.app
	app.Who = func(_ http.ResponseWriter, req *http.Request) (context.Context, access.Actor, error) {
		now, a := w.db.Now(), r.Actor
		err := w.db.Read(req.Context(), access.Actor{}, func(tx *models.Tx) error {
			grants, err := engagement.OpenFor(req.Context(), tx, a.ID)
			a.Engagements, a.Fieldwork = engagement.IDs(grants), engagement.FieldworkOf(grants)
			return err
		})
		return web.WithSession(req.Context(), people.Session{AuthAt: &now}), a, err
	}
	server := httptest.NewServer(app.Router())
	w.Cleanup(server.Close)
	r.base, r.Page = server.URL, browser.Open(w.T, server.URL)
	return r
}

// get downloads a file.
func (r *resident) get(path string) []byte {
	r.w.Helper()
	req, err := http.NewRequestWithContext(r.w.Context(), http.MethodGet, r.base+path, http.NoBody)
	if err != nil {
		r.w.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		r.w.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		r.w.Fatalf("%s: status %d, %v: %.300s", path, answer.StatusCode, err, body)
	}
	return body
}

// moveTo sets the clock to an hour of the company's.
func (w *world) moveTo(local string) {
	w.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04", local, here().Location())
	if err != nil {
		w.Fatal(err)
	}
	w.clock.Store(at.UnixMicro())
}

// works lets the clock's work happen that is due by now, and returns the mails it sent.
func (w *world) works() []mailtest.Mail {
	w.Helper()
	for range 2 { // what the first turn gathers, the second sends
		if err := w.worker.Stand(w.Context()); err != nil {
			w.Fatal(err)
		}
		if err := w.worker.Drain(w.Context()); err != nil {
			w.Fatal(err)
		}
	}
	all := w.post.Mails()
	fresh := all[w.delivered:]
	w.delivered = len(all)
	return fresh
}

func (w *world) file(name, content string) string {
	w.Helper()
	path := filepath.Join(w.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		w.Fatal(err)
	}
	return path
}

func (r *resident) open(path string) {
	r.w.Helper()
	if status := r.Goto(path); status != 200 {
		r.w.Fatalf("%s: status %d; it reads:\n%s", path, status, r.Text("body"))
	}
}

func (r *resident) press(selector string) {
	r.w.Helper()
	if status := r.Follow(selector); status != 200 {
		r.w.Fatalf("%s: status %d; it reads:\n%s", r.Path(), status, r.Text("body"))
	}
}

func (r *resident) reads(words ...string) {
	r.w.Helper()
	for _, words := range words {
		if !r.Reads(words) {
			r.w.Fatalf("%s does not say %q; it reads:\n%s", r.Path(), words, r.Text("body"))
		}
	}
}

func (r *resident) email() (address string) {
	r.w.Helper()
	modelstest.Look(r.w.T, r.w.db, access.Clock, func(ctx context.Context, tx *models.Tx) error {
		p, err := people.ByID(ctx, tx, r.ID)
		address = p.Email
		return err
	})
	return address
}
