package flows_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"assay/handlers"
	"assay/internal/blob"
	"assay/internal/browser"
	"assay/internal/jobs"
	"assay/internal/mail"
	"assay/internal/mailtest"
	"assay/models"
	"assay/models/access"
	"assay/models/ledger"
	"assay/models/modelstest"
	"assay/models/people"
	"assay/web"
)

// A half-year is lived through by four people, with a clock that the test moves. It runs
// in this process for the sake of that clock; everything else is the product's own.
type halfYear struct {
	*testing.T
	db                   *models.DB
	clock                atomic.Int64 // microseconds since 1970
	worker               *jobs.Worker
	post                 *mailtest.Server
	mara, vera, olu, eva *resident
	delivered            int
}

// A resident is one of the people and their browser.
type resident struct {
	access.Actor
	*browser.Page
}

func newHalfYear(t *testing.T, db *models.DB) *halfYear {
	t.Helper()
	before := slog.Default()
	slog.SetDefault(slog.New(slog.DiscardHandler)) // a line for every request says nothing of the test
	t.Cleanup(func() { slog.SetDefault(before) })
	h := &halfYear{T: t, db: db, post: mailtest.New(t, mailtest.StartTLS)}
	h.moveTo("2026-12-01 09:30")
	db.Now = func() time.Time { return time.UnixMicro(h.clock.Load()).UTC() }
	store, err := blob.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	app := handlers.App{DB: db, Blobs: store, MaxFile: 10 << 20}
	h.mara, h.vera = h.resident(app, access.Compliance), h.resident(app, access.Compliance)
	h.olu, h.eva = h.resident(app, access.Owner), h.resident(app, access.Executive)
	sender, err := mail.Open(h.post.URL, "Assay <assay@example.com>")
	if err != nil {
		t.Fatal(err)
	}
	sender.RootCAs = h.post.RootCAs
	h.worker = jobs.New(db, append(jobs.Clock(), jobs.Mail(jobs.Post{Sender: sender, BaseURL: "https://assay.example.com"})...)...)
	return h
}

// resident is a new person with a browser that is signed in as them.
func (h *halfYear) resident(app handlers.App, role access.Role) *resident {
	h.Helper()
	r := &resident{Actor: modelstest.Person(h.T, h.db, role)}
	app.Who = func(_ http.ResponseWriter, req *http.Request) (context.Context, access.Actor, error) {
		now := h.db.Now()
		return web.WithSession(req.Context(), people.Session{AuthAt: &now}), r.Actor, nil
	}
	server := httptest.NewServer(app.Router())
	h.Cleanup(server.Close)
	r.Page = browser.Open(h.T, server.URL)
	return r
}

// moveTo sets the clock to an hour of the company's.
func (h *halfYear) moveTo(local string) {
	h.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04", local, here().Location())
	if err != nil {
		h.Fatal(err)
	}
	h.clock.Store(at.UnixMicro())
}

// works lets the clock's work happen that is due by now, and returns the mails it sent.
func (h *halfYear) works() []mailtest.Mail {
	h.Helper()
	for range 2 { // what the first turn gathers, the second sends
		if err := h.worker.Stand(h.Context()); err != nil {
			h.Fatal(err)
		}
		if err := h.worker.Drain(h.Context()); err != nil {
			h.Fatal(err)
		}
	}
	all := h.post.Mails()
	fresh := all[h.delivered:]
	h.delivered = len(all)
	return fresh
}

func (r *resident) open(h *halfYear, path string) {
	h.Helper()
	if status := r.Goto(path); status != 200 {
		h.Fatalf("%s: status %d; it reads:\n%s", path, status, r.Text("body"))
	}
}

func (r *resident) press(h *halfYear, selector string) {
	h.Helper()
	if status := r.Follow(selector); status != 200 {
		h.Fatalf("%s: status %d; it reads:\n%s", r.Path(), status, r.Text("body"))
	}
}

func (r *resident) reads(h *halfYear, words ...string) {
	h.Helper()
	for _, w := range words {
		if !r.Reads(w) {
			h.Fatalf("%s does not say %q; it reads:\n%s", r.Path(), w, r.Text("body"))
		}
	}
}

func TestAWholePeriod(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		h := newHalfYear(t, db)
		h.begins()
		h.january()
		h.february()
		h.march()
		h.april()
		h.ends()
	})
}

// begins takes the catalog into use, gives one monthly control to Olu and sets the dates
// of the examination, in the month before it.
func (h *halfYear) begins() {
	m := h.mara
	m.open(h, "/setup")
	m.Fill(browser.Field("Company"), "Example AI")
	m.Fill(browser.Field("Time zone"), zone)
	m.press(h, browser.Button("Take the catalog into use"))
	m.open(h, "/controls/AC-10")
	m.Click("#assign > summary")
	m.Fill(asked("assign", "owner"), h.olu.Name)
	m.press(h, browser.Button("Assign"))
	m.open(h, "/engagements/new")
	for label, value := range map[string]string{
		"Name": "SOC 2 Type II 2027", "Audit firm": "Firm LLP", "First day of the period": "2027-01-01", "Last day of the period": "2027-06-30",
		"Auditors may look from": "2027-07-01", "Until the end of": "2027-09-30",
	} {
		m.Fill(browser.Field(label), value)
	}
	m.press(h, browser.Button("Set up the engagement"))
	h.moveTo("2027-01-04 09:00")
	h.works()
	h.squareSays("January 2027", "in progress, 0 of 1 performed")
	h.squareSays("February 2027", "not yet due")
}

// hands uploads a file for a window of AC-10, as Olu does from the page that a mail opens:
// the days it covers and when the control was performed are the only things changed.
func (h *halfYear) hands(from, to, coversTo, performed, late string) {
	h.Helper()
	o := h.olu
	o.open(h, "/tasks/AC-10/"+from+"/"+to)
	if coversTo != "" {
		o.Fill("#f-covers_to", coversTo)
	}
	o.Fill("#f-performed_at", performed)
	o.Fill("#f-kind", "system_export")
	o.Fill("#f-source", "Cloud console")
	if late != "" {
		o.Click("main form details > summary")
		o.Fill(browser.Field("Why it comes late"), late)
	}
	o.Upload("#f-files", h.file("accounts-"+from+coversTo+".csv", "account,last used\nsvc-"+from+coversTo+","+performed+"\n"))
	o.Wait(`main li[data-state="recorded"]`)
	o.press(h, browser.Button("Submit for review"))
	o.reads(h, "waits for a reviewer")
}

// accepts lets Mara find the oldest item of the queue good.
func (h *halfYear) accepts() {
	h.Helper()
	m := h.mara
	m.open(h, "/review")
	browser.Script[any](m.Page, `document.querySelectorAll('main form input[type=checkbox]').forEach(c => { if (!c.checked) c.click() })`)
	m.press(h, `form[action$="/accept"] button:not([formaction])`)
	m.reads(h, "is accepted")
}

func (h *halfYear) file(name, content string) string {
	h.Helper()
	path := filepath.Join(h.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		h.Fatal(err)
	}
	return path
}

// mailFor is the one mail to Olu among those, which says all of these words.
func (h *halfYear) mailFor(mails []mailtest.Mail, words ...string) {
	h.Helper()
	n := 0
	for _, m := range mails {
		if !strings.Contains(m.To, h.olu.email(h)) {
			continue
		}
		n++
		for _, w := range words {
			if !strings.Contains(m.Subject+"\n"+m.Text, w) || !strings.Contains(m.Subject+m.HTML, w) {
				h.Errorf("the mail does not say %q in both forms:\n%s\n%s", w, m.Subject, m.Text)
			}
		}
		if strings.Contains(m.Text, "accounts-") || strings.Contains(m.Text, "svc-") {
			h.Errorf("the mail gives away evidence:\n%s", m.Text)
		}
	}
	if n != 1 {
		h.Errorf("%s: %d mails to Olu, want one", h.db.Now(), n)
	}
}

func (r *resident) email(h *halfYear) (address string) {
	h.Helper()
	modelstest.Look(h.T, h.db, h.mara.Actor, func(ctx context.Context, tx *models.Tx) error {
		p, err := people.ByID(ctx, tx, r.ID)
		address = p.Email
		return err
	})
	return address
}

// square is the words of the square of CC6 in a month, as a screen reader says them.
func (h *halfYear) square(month string) string {
	h.Helper()
	h.mara.open(h, "/readiness/controls?group=CC6")
	return browser.Script[string](h.mara.Page, `[...document.querySelectorAll("tr")].find(r => r.textContent.includes("AC-10")).querySelector(".strip").textContent`)
}

func (h *halfYear) squareSays(month, words string) {
	h.Helper()
	if got := h.square(month); !strings.Contains(got, month+": "+words) {
		h.Errorf("%s: AC-10 in %s does not say %q: %s", h.db.Now().Format(time.DateOnly), month, words, got)
	}
}

// january is done in January.
func (h *halfYear) january() {
	h.moveTo("2027-01-28 16:00")
	h.hands("2027-01-01", "2027-01-31", "", "2027-01-28T15:30", "")
	h.accepts()
	h.moveTo("2027-02-12 09:00")
	h.squareSays("January 2027", "operated, 1 of 1")
}

// february is forgotten until a mail says so, and done in the grace.
func (h *halfYear) february() {
	h.moveTo("2027-03-06 09:00") // a Saturday: five days before it is due
	h.works()
	if mails := h.works(); len(mails) > 0 {
		h.Errorf("mail on a Saturday: %q", mails[0].Subject)
	}
	h.moveTo("2027-03-08 07:45")
	h.works()
	h.moveTo("2027-03-08 08:01")
	h.mailFor(h.works(), "AC-10", "/tasks/AC-10/2027-02-01/2027-02-28")
	h.moveTo("2027-03-08 11:00")
	h.hands("2027-02-01", "2027-02-28", "", "2027-03-08T10:30", "")
	h.accepts()
	h.mara.open(h, "/tasks/AC-10/2027-02-01/2027-02-28")
	h.mara.reads(h, "On time in grace", "This is done.")
}

// march is late, and everybody who looks can see it.
func (h *halfYear) march() {
	h.moveTo("2027-04-13 07:40") // a Tuesday, three days after the grace
	h.works()
	h.moveTo("2027-04-13 08:05")
	h.mailFor(h.works(), "late", "AC-10")
	h.eva.open(h, "/readiness")
	h.eva.reads(h, " are late", h.olu.Name)
	h.squareSays("March 2027", "1 of 1 missed")
	h.moveTo("2027-04-13 10:00")
	h.hands("2027-03-01", "2027-03-31", "", "2027-04-13T09:30", "")
	h.accepts()
	h.squareSays("March 2027", "1 of 1 performed late")
}

// april is covered in part. Readiness shows the hole, to the day, until it is closed.
func (h *halfYear) april() {
	h.moveTo("2027-05-03 09:00")
	h.hands("2027-04-01", "2027-04-30", "2027-04-20", "2027-04-29T15:00", "")
	h.accepts()
	h.olu.open(h, "/tasks")
	h.olu.reads(h, "Part of it is there. Not covered yet: Wed 21 Apr to Thu 29 Apr")
	h.moveTo("2027-05-12 09:00")
	h.squareSays("April 2027", "1 of 1 performed without evidence")
	h.mara.open(h, "/readiness/CC6/2027-04")
	h.mara.reads(h, "Evidence for a part")
	h.hands("2027-04-01", "2027-04-30", "", "2027-04-29T15:00", "The export stopped on the 20th.")
	h.accepts()
	h.squareSays("April 2027", "operated, evidence late for 1 of 1")
	h.olu.open(h, "/tasks/AC-10/2027-04-01/2027-04-30")
	h.olu.reads(h, "This is done.", "Evidence accepted")
}

// ends looks back: what was late stays late, and the log holds.
func (h *halfYear) ends() {
	h.moveTo("2027-07-05 09:00")
	h.works()
	h.squareSays("March 2027", "1 of 1 performed late")
	h.squareSays("May 2027", "1 of 1 missed")
	report, err := ledger.Verify(h.Context(), h.db)
	if err != nil || len(report.Problems) > 0 {
		h.Errorf("the log does not hold: %v %+v", err, report)
	}
}
