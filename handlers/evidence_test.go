package handlers_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"assay/handlers/handlerstest"
	"assay/internal/blob"
	"assay/models"
	"assay/models/access"
	"assay/models/control"
	"assay/models/engagement"
	"assay/models/modelstest"
)

// A shop is a company with one monthly control, AC-03, and people around it.
type shop struct {
	*testing.T
	*handlerstest.Site
	db                                                   *models.DB
	owner, other, priya, ines, admin, auditor, executive access.Actor
}

func newShop(t *testing.T) shop {
	t.Helper()
	return newShopOn(t, modelstest.SQLite(t))
}

func newShopOn(t *testing.T, db *models.DB) shop {
	t.Helper()
	s := shop{T: t, Site: handlerstest.New(t, db), db: db}
	for role, actors := range map[access.Role][]*access.Actor{
		access.Owner: {&s.owner, &s.other}, access.Compliance: {&s.priya, &s.ines}, access.Administrator: {&s.admin},
		access.Auditor: {&s.auditor}, access.Executive: {&s.executive},
	} {
		for _, a := range actors {
			*a = modelstest.Person(t, db, role)
		}
	}
	c := control.Control{
		Code: "AC-03", Title: "User access review", Frequency: "monthly", Status: control.Effective, OwnerID: &s.owner.ID,
		Version: 1, CreatedAt: modelstest.Now,
	}
	err := modelstest.As(t, db, access.Clock, func(ctx context.Context, tx *models.Tx) error {
		if err := models.Insert(ctx, tx, &c, "control.create"); err != nil {
			return err
		}
		v := control.Version{
			ControlID: c.ID, Code: c.Code, Number: 1, Status: control.Effective, AuthoredAt: modelstest.Now,
			Content: control.Content{
				Title: c.Title, Frequency: "monthly", Statement: "Each month the [owner] reviews who has access.",
				Evidence: models.List[string]{"Export of the accounts"},
			},
			ApproverID: &s.priya.ID, ApprovedAt: &modelstest.Now, EffectiveFrom: "2026-01-01",
		}
		return models.Insert(ctx, tx, &v, "control.approve")
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A file is one part of a form.
type file struct{ name, body string }

var review = file{"review.csv", "user,kept\nana,yes\n"}

// fields of evidence for February, with changes as name, value, name, value …
func fields(changes ...string) [][2]string {
	list := [][2]string{
		{"key", "k1"},
		{"control", "AC-03"},
		{"kind", "system_export"},
		{"source", "Okta"},
		{"performed_at", "2026-02-28T10:00"},
		{"covers_from", "2026-02-01"},
		{"covers_to", "2026-02-28"},
	}
	for n := 0; n+1 < len(changes); n += 2 {
		replaced := false
		for m := range list {
			if list[m][0] == changes[n] {
				list[m][1], replaced = changes[n+1], true
			}
		}
		if !replaced {
			list = append(list, [2]string{changes[n], changes[n+1]})
		}
	}
	return list
}

// form writes a body as a browser does: fields, then files.
func form(w *multipart.Writer, fields [][2]string, files ...file) error {
	for _, f := range fields {
		if err := w.WriteField(f[0], f[1]); err != nil {
			return err
		}
	}
	for _, f := range files {
		part, err := w.CreatePart(textproto.MIMEHeader{
			"Content-Disposition": {`form-data; name="files"; filename="` + f.name + `"`},
			"Content-Type":        {"application/octet-stream"},
		})
		if err != nil {
			return err
		}
		if _, err := io.WriteString(part, f.body); err != nil {
			return err
		}
	}
	return w.Close()
}

func (s shop) send(a access.Actor, path string, fields [][2]string, files ...file) handlerstest.Page {
	s.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	if err := form(w, fields, files...); err != nil {
		s.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, path, &b)
	r.Header.Set("Content-Type", w.FormDataContentType())
	return s.Do(a, r)
}

func (s shop) upload(a access.Actor, changes ...string) string {
	s.Helper()
	return s.send(a, "/evidence", fields(changes...), review).Want(http.StatusSeeOther).Location
}

func TestEvidenceFromTheOwnerToTheReviewer(t *testing.T) {
	s := newShop(t)
	s.Get(s.owner, "/tasks").Want(200).Has("things need you", "AC-03", "Expected: Export of the accounts.")
	s.Get(s.owner, "/evidence/new?control=AC-03&from=2026-02-01&to=2026-02-28").Want(200).Has("Add evidence for AC-03")
	at := s.upload(s.owner)
	if at != "/evidence/E-1" {
		t.Fatalf("sent on to %s", at)
	}
	digest := sha256.Sum256([]byte(review.body))
	s.Get(s.owner, at).Want(200).Has("review.csv", "In review", hex.EncodeToString(digest[:]), "leaf", "submitted E-1")
	s.Get(s.owner, "/tasks").Want(200).Has("Waiting on someone else")
	s.Get(s.priya, "/review").Want(200).Has("1 to review", "Each month the owner reviews who has access.", "Accept", "Return", "ana")

	s.Post(s.priya, at+"/return", "rev", "2", "note", "").Want(422).Has("Say what is missing")
	s.Post(s.priya, at+"/return", "rev", "2", "note", "Add the contractors.").Want(303)
	s.Get(s.owner, "/tasks").Want(200).Has("Returned to you", "Add the contractors.")
	page := s.Get(s.owner, at).Want(200).Has("Send it again", "Add the contractors.")
	s.send(s.owner, at+"/submit", fields("rev", page.Field("rev"), "description", "With contractors."), file{"contractors.csv", "user\nbo\n"}).Want(303)
	s.Get(s.ines, "/review/E-1").Want(200).Has("contractors.csv", "It was returned once", "With contractors.")
	rev := s.Get(s.ines, "/review/E-1").Field("rev")
	s.Post(s.ines, at+"/accept", "rev", rev).Want(303)
	s.Get(s.ines, "/review").Want(200).Has("Nothing to review")
	s.Post(s.priya, at+"/return", "rev", rev, "note", "Too late.").Want(409).Has(s.ines.Name+" decided first", "Nothing was recorded")
	s.Get(s.owner, at).Want(200).Has("Accepted", s.ines.Name)

	s.Post(s.priya, at+"/withdraw", "rev", "9", "reason", "x").Want(409)
	rev = s.Get(s.priya, at).Field("rev")
	s.Post(s.priya, at+"/withdraw", "rev", rev, "reason", "").Want(422).Has("Say why it is withdrawn")
	s.Post(s.priya, at+"/withdraw", "rev", rev, "reason", "A customer's name shows.").Want(303)
	s.Get(s.owner, at).Want(200).Has("Withdrawn", "A customer's name shows.", "review.csv")
}

func TestWhoReachesWhichEvidence(t *testing.T) {
	s := newShop(t)
	at := s.upload(s.owner)
	for _, path := range []string{at, at + "/files/1", at + "/files/1/preview"} {
		for a, want := range map[*access.Actor]int{&s.owner: 200, &s.priya: 200, &s.admin: 200, &s.other: 404, &s.executive: 404, &s.auditor: 404} {
			if got := s.Get(*a, path); got.Status != want {
				t.Errorf("%s %s: %d, want %d", a.Name, path, got.Status, want)
			}
		}
	}
	for _, path := range []string{"/evidence/E-2", "/evidence/E-01", "/evidence/1", at + "/files/2", "/evidence/E-2/files/1", at + "/files/x"} {
		s.Get(s.priya, path).Want(404)
	}
	s.Get(s.other, "/evidence").Want(200).Lacks("E-1")
	s.Get(s.priya, "/evidence?q=review&status=submitted&control=AC-03").Want(200).Has("E-1")
	s.Get(s.priya, "/evidence?status=accepted").Want(200).Lacks("E-1").Has("No evidence matches")
	s.Get(s.priya, "/evidence?control=XX-99").Want(200).Has("No control has the code")
	s.Get(s.priya, "/evidence?from=31.12.2026").Want(200).Has("Enter a date that exists")
	for _, a := range []access.Actor{s.other, s.admin, s.executive, s.auditor} {
		s.Post(a, at+"/accept", "rev", "2").Want(404)
		s.Post(a, at+"/withdraw", "rev", "2", "reason", "x").Want(404)
	}
	s.send(s.other, at+"/submit", fields("rev", "2"), review).Want(404)
	s.upload(s.priya, "key", "own")
	s.Get(s.priya, "/review/E-2").Want(200).Has("You uploaded this. Somebody else has to decide on it.")
	s.Post(s.priya, "/evidence/E-2/accept", "rev", "2").Want(403).Has("You uploaded this")
}

func TestNothingUploadedIsLost(t *testing.T) {
	s := newShop(t)
	bad := s.send(s.owner, "/evidence", fields("performed_at", "2026-02-01T10:00", "covers_to", "2026-01-31", "source", "Okta & <Entra>"), review, file{"notes.exe", "MZ"})
	bad.Want(422).Has("E-1 keeps your files", "notes.exe was not taken.", "Files that end in .exe are not accepted.", "The last day is before the first day.", "review.csv")
	if bad.Field("source") != "Okta & <Entra>" || bad.Field("performed_at") != "2026-02-01T10:00" {
		t.Errorf("what was typed is gone: %q, %q", bad.Field("source"), bad.Field("performed_at"))
	}
	refused := sha256.Sum256([]byte("MZ"))
	if _, _, err := s.App.Blobs.Open(t.Context(), hex.EncodeToString(refused[:])); !errors.Is(err, blob.ErrNotFound) {
		t.Errorf("what was not taken is in the store: %v", err)
	}
	s.Get(s.owner, "/tasks").Want(200).Has("Uploaded, not submitted")
	again := s.send(s.owner, "/evidence/E-1/submit", fields("rev", bad.Field("rev"), "performed_at", "2026-02-01T10:00"))
	again.Want(422).Has("Say why it is late")
	s.send(s.owner, "/evidence/E-1/submit", fields("rev", again.Field("rev"), "performed_at", "2026-02-01T10:00", "late_reason", "On leave.")).Want(303)
	s.Get(s.priya, "/review/E-1").Want(200).Has("The time is stated by the owner", "On leave.")

	// A date that does not exist is no reason to lose the file either.
	s.send(s.owner, "/evidence", fields("key", "k2", "covers_from", "2026-02-30"), review).Want(422).Has("E-2 keeps your files", "Enter a date that exists")
	// One bad file among several: the others wait for the rest.
	s.send(s.owner, "/evidence", fields("key", "k3"), review, file{"empty.csv", ""}).Want(422).Has("E-3 keeps your files", "empty.csv was not taken.", "The file is empty.")
}

func TestTheSameFormTwiceMakesOneItem(t *testing.T) {
	s := newShop(t)
	first := s.upload(s.owner)
	if second := s.upload(s.owner); second != first {
		t.Errorf("the second time led to %s", second)
	}
	s.upload(s.owner, "key", "k2")
	s.Get(s.owner, "/evidence/E-2").Want(200).Has("The same bytes were handed in before.", "E-1")
	s.Get(s.owner, "/evidence/E-3").Want(404)
}

func TestFormsThatAreNoUploads(t *testing.T) {
	s := newShop(t)
	s.send(s.owner, "/evidence", fields()).Want(422).Has("Choose at least one file.").Lacks("Choose what kind of evidence this is.")
	s.send(s.owner, "/evidence", fields("kind", "", "covers_to", "31.12.", "source", "")).Want(422).
		Has("Choose at least one file.", "Enter a date that exists")
	s.send(s.owner, "/evidence", fields("kind", "", "source", "")).Want(422).
		Has("Choose at least one file.", "Choose what kind of evidence this is.", "Name the system or place this comes from.")
	s.send(s.owner, "/evidence", fields("control", "XX-99"), review).Want(422).Has("No control has this code")
	s.send(s.owner, "/evidence", [][2]string{{"control", "AC-03"}}, review).Want(422).Has("The form is incomplete")
	s.Post(s.owner, "/evidence", "control", "AC-03").Want(422).Has("came without its files")
	s.send(s.owner, "/evidence", fields("description", strings.Repeat("x", 70<<10)), review).Want(422).Has("too long")

	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	part, err := w.CreateFormFile("files", "review.csv")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(part, review.body)
	if err := form(w, fields()); err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "/evidence", &b)
	r.Header.Set("Content-Type", w.FormDataContentType())
	s.Do(s.owner, r).Want(422).Has("The form is incomplete, so its files were not read.")
	s.Get(s.owner, "/evidence").Want(200).Lacks("E-1")
}

// broken is how net/http ends a body whose sender vanished.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestAnUploadThatIsCutShortIsNoUpload(t *testing.T) {
	s := newShop(t)
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	if err := form(w, fields(), review, file{"second.csv", "a,b\n"}); err != nil {
		t.Fatal(err)
	}
	whole := b.String()
	for _, end := range []int{
		strings.Index(whole, "ana,yes"),                 // inside a file
		strings.Index(whole, "second.csv"),              // in the head of a part
		strings.Index(whole, "\r\n--"+w.Boundary()) + 2, // between two fields
		len(whole) - len("--\r\n"),                      // before the last two signs
	} {
		r := httptest.NewRequest(http.MethodPost, "/evidence", io.MultiReader(strings.NewReader(whole[:end]), broken{}))
		r.Header.Set("Content-Type", w.FormDataContentType())
		s.Do(s.owner, r).Want(422).Has("The upload was cut short")
	}
	s.Get(s.owner, "/evidence").Want(200).Lacks("E-1")
}

func TestNamesAndHeadersOfDownloads(t *testing.T) {
	s := newShop(t)
	s.send(s.owner, "/evidence", fields(),
		file{`../../etc/passwd.txt`, "root\n"},
		file{"Zugriffe März 2026 – Prüfung.csv", "a;b\n"},
		file{"page.html", "<script>alert(1)</script>"},
		file{`C:\\temp\\evil\u202egpj.csv`, "x,y\n"}).Want(303)
	page := s.Get(s.owner, "/evidence/E-1").Want(200).Has("passwd.txt", "Zugriffe März 2026 – Prüfung.csv", "page.html").Lacks("etc/", "temp")
	if strings.Contains(page.Body, "\u202e") {
		t.Error("a name turns its extension round")
	}
	for id, want := range map[int]struct{ media, disposition string }{
		1: {"text/plain; charset=utf-8", `attachment; filename="passwd.txt"`},
		2: {"text/csv; charset=utf-8", "filename*=UTF-8''Zugriffe%20M%C3%A4rz%202026"},
		3: {"application/octet-stream", `attachment; filename="page.html"`},
	} {
		h := s.Get(s.owner, fmt.Sprintf("/evidence/E-1/files/%d", id)).Want(200).Header
		if h.Get("Content-Type") != want.media || !strings.Contains(h.Get("Content-Disposition"), want.disposition) || !strings.HasPrefix(h.Get("Content-Disposition"), "attachment;") {
			t.Errorf("file %d: %s, %s", id, h.Get("Content-Type"), h.Get("Content-Disposition"))
		}
		for name, value := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox; default-src 'none'",
			"Cross-Origin-Resource-Policy": "same-origin", "Cache-Control": "no-store",
		} {
			if h.Get(name) != value {
				t.Errorf("file %d: %s is %q", id, name, h.Get(name))
			}
		}
	}
	r := httptest.NewRequest(http.MethodGet, "/evidence/E-1/files/1", http.NoBody)
	r.Header.Set("Range", "bytes=1-2")
	if part := s.Do(s.owner, r).Want(206); part.Body != "oo" {
		t.Errorf("a range gave %q", part.Body)
	}
}

func TestPreviews(t *testing.T) {
	s := newShop(t)
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 4, 4))); err != nil {
		t.Fatal(err)
	}
	hostile := "<img src=x onerror=alert(1)>"
	s.send(s.owner, "/evidence", fields(),
		file{"a.csv", "name,note\nana," + hostile + "\n"}, file{"b.txt", hostile + "\n"}, file{"c.json", `{"a":"` + hostile + `"}`},
		file{"d.png", picture.String()}, file{"e.html", hostile}, file{"f.pdf", "%PDF-1.7\n"}, file{"g.png", picture.String()[:40]}).Want(303)
	for id, want := range map[int]string{1: hostile, 2: hostile, 3: hostile, 5: "not shown here"} {
		p := s.Get(s.priya, fmt.Sprintf("/evidence/E-1/files/%d/preview", id)).Want(200).Has(want)
		if strings.Contains(p.Body, "<img src=x") {
			t.Errorf("file %d runs in the page", id)
		}
	}
	s.Get(s.priya, "/evidence/E-1/files/4/preview").Want(200)
	p := s.Get(s.priya, "/evidence/E-1/files/4/picture").Want(200)
	if p.Header.Get("Content-Type") != "image/png" || p.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("got %v", p.Header)
	}
	if pdf := s.Get(s.priya, "/evidence/E-1/files/6/preview").Want(200); !strings.Contains(pdf.Body, `data-pdf="/evidence/E-1/files/6"`) {
		t.Error("the PDF is not drawn")
	}
	s.Get(s.priya, "/evidence/E-1/files/7/picture").Want(409)
	s.Get(s.priya, "/evidence/E-1/files/1/picture").Want(404)
	for id := range 7 {
		s.Get(s.priya, fmt.Sprintf("/review/E-1?file=%d", id+1)).Want(200)
	}
}

// zeros is text without end that costs no memory.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	for n := range b {
		b[n] = '0'
	}
	return len(b), nil
}

// stream sends files of these sizes without ever holding one.
func (s shop) stream(t *testing.T, key string, sizes ...int64) handlerstest.Page {
	body, out := io.Pipe()
	w := multipart.NewWriter(out)
	go func() {
		for _, f := range fields("key", key) {
			_ = w.WriteField(f[0], f[1])
		}
		for n, size := range sizes {
			part, err := w.CreateFormFile("files", fmt.Sprintf("big-%d.txt", n))
			if err == nil {
				_, err = io.Copy(part, io.LimitReader(zeros{}, size))
			}
			if err != nil {
				break
			}
		}
		_ = w.Close()
		_ = out.Close()
	}()
	r := httptest.NewRequest(http.MethodPost, "/evidence", body)
	r.Header.Set("Content-Type", w.FormDataContentType())
	return s.Do(s.owner, r)
}

func TestUploadsAreStreamed(t *testing.T) {
	s := newShop(t)
	s.stream(t, "warm", 1<<20).Want(303)
	runtime.GC()
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	var peak atomic.Uint64
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 200 {
			var now runtime.MemStats
			runtime.ReadMemStats(&now)
			peak.Store(max(peak.Load(), now.HeapAlloc))
			time.Sleep(2 * time.Millisecond)
		}
	}()
	s.stream(t, "big", 64<<20).Want(303)
	<-done
	const most = 12 << 20 // the garbage of everything else in the process between two collections
	if grown := int64(peak.Load()) - int64(before.HeapAlloc); grown > most {
		t.Errorf("the heap grew by %d KiB during an upload of 64 MiB", grown>>10)
	}
	var after runtime.MemStats
	runtime.ReadMemStats(&after)
	if spent := after.TotalAlloc - before.TotalAlloc; spent > 8<<20 {
		t.Errorf("an upload of 64 MiB allocated %d KiB in all", spent>>10)
	}
}

func TestFilesThatAreTooLarge(t *testing.T) {
	s := newShop(t)
	s.App.MaxFile = 1 << 20
	s.stream(t, "one", 1<<20+1).Want(422).Has("big-0.txt was not taken.", "larger than 1 MiB")
	s.stream(t, "two", 1<<20, 2<<20, 1<<10).Want(422).Has("E-1 keeps your files", "big-1.txt was not taken.", "big-0.txt", "big-2.txt")
}

func TestWhatAnAuditorIsShown(t *testing.T) {
	s := newShop(t)
	accept := func(at string) {
		t.Helper()
		s.Post(s.priya, at+"/accept", "rev", "2").Want(303)
	}
	inside, waiting := s.upload(s.owner), s.upload(s.owner, "key", "k2")
	before := s.upload(s.owner, "key", "k3", "covers_from", "2025-12-01", "covers_to", "2025-12-31")
	accept(inside)
	accept(before)
	s.auditor.Engagements = []int64{s.engage("2026-01-01", "2026-12-31", "CC6.1")}
	s.Get(s.auditor, "/evidence").Want(200).Has("E-1").Lacks("E-2", "E-3", "Add evidence", "Anybody")
	s.Get(s.auditor, inside).Want(200).Has("review.csv", "Accepted").Lacks("Withdraw", "Replace with", "E-2", "E-3")
	s.Get(s.auditor, inside+"/files/1").Want(200)
	s.Get(s.auditor, inside+"/files/1/preview").Want(200).Has("ana")
	for _, path := range []string{waiting, waiting + "/files/2", before, before + "/files/3/preview", "/review", "/tasks", "/evidence/new"} {
		s.Get(s.auditor, path).Want(404)
	}
	s.send(s.auditor, "/evidence", fields("key", "k4"), review).Want(404)
	seen := s.auditor
	seen.Engagements = nil
	s.Get(seen, inside).Want(404)

	modelstest.Look(t, s.db, s.priya, func(ctx context.Context, tx *models.Tx) error {
		n, err := models.Value[int64](ctx, tx, "SELECT count(*) FROM log_leaves WHERE actor_id = ? AND about = 'evidence/E-1' AND verb IN ('page.view', 'file.download')", s.auditor.ID)
		if n < 3 {
			t.Errorf("%d of the auditor's looks at E-1 are in the log", n)
		}
		return err
	})
}

// engage opens an engagement over a period, with AC-03 in scope through the criterion.
func (s shop) engage(from, to, criterion string) int64 {
	s.Helper()
	e := engagement.Engagement{
		Slug: "soc2", Name: "SOC 2", Kind: engagement.TypeII, Status: engagement.Fieldwork, Criteria: []string{criterion},
		PeriodStart: models.Date(from), PeriodEnd: models.Date(to), Zone: "UTC", OpensOn: models.Date(from), ClosesOn: models.Date(to),
		CreatedBy: s.priya.ID, CreatedAt: modelstest.Now,
	}
	err := modelstest.As(s.T, s.db, s.priya, func(ctx context.Context, tx *models.Tx) error {
		if err := models.Insert(ctx, tx, &e, "engagement.create"); err != nil {
			return err
		}
		if _, err := models.Raw[engagement.Engagement](ctx, tx, `INSERT INTO version_criteria
			SELECT id, control_id, 'soc2-tsc', '`+criterion+`', effective_from, effective_to, TRUE FROM control_versions WHERE control_id = 1 RETURNING 1 AS id`); err != nil {
			return err
		}
		for table, id := range map[string]int64{"engagement_criteria (engagement_id": e.ID, "control_criteria (control_id": 1} {
			if _, err := models.Raw[engagement.Engagement](ctx, tx, "INSERT INTO "+table+", framework, code) VALUES (?, 'soc2-tsc', ?) RETURNING 1 AS id", id, criterion); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		s.Fatal(err)
	}
	return e.ID
}
