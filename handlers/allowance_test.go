package handlers_test

import (
	"io"
	"mime/multipart"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"assay/handlers/handlerstest"
	"assay/models/access"
	"assay/models/evidence"
	"assay/models/modelstest"
)

// slowly begins an upload whose file goes on until finish is called.
func (s shop) slowly(a access.Actor, key string) (finish func() handlerstest.Page) {
	s.Helper()
	body, out := io.Pipe()
	w := multipart.NewWriter(out)
	r := httptest.NewRequestWithContext(s.Context(), "POST", "/evidence", body)
	r.Header.Set("Content-Type", w.FormDataContentType())
	answer := make(chan handlerstest.Page, 1)
	go func() { answer <- s.Do(a, r) }()
	for _, f := range fields("key", key) {
		if err := w.WriteField(f[0], f[1]); err != nil {
			s.Fatal(err)
		}
	}
	part, err := w.CreateFormFile("files", "slow.txt")
	if err == nil {
		_, err = io.WriteString(part, "a line, and more to come\n")
	}
	if err != nil {
		s.Fatal(err)
	}
	return func() handlerstest.Page {
		_ = w.Close()
		_ = out.Close()
		return <-answer
	}
}

func TestFourUploadsAtOnce(t *testing.T) {
	s := newShop(t)
	var waiting []func() handlerstest.Page
	for _, key := range []string{"a", "b", "c", "d"} {
		waiting = append(waiting, s.slowly(s.owner, key))
	}
	p := s.send(s.owner, "/evidence", fields("key", "fifth", "source", "Okta & <Entra>"), review)
	p.Want(429).Has("in four places at once", "choose them again")
	if p.Header.Get("Retry-After") != "10" || p.Field("source") != "Okta & <Entra>" {
		t.Errorf("retry after %q, typed %q", p.Header.Get("Retry-After"), p.Field("source"))
	}
	s.send(s.priya, "/evidence", fields("key", "p"), review).Want(303) // somebody else is not kept waiting
	waiting[0]().Want(303)
	s.send(s.owner, "/evidence", fields("key", "fifth"), review).Want(303)
	for _, finish := range waiting[1:] {
		finish().Want(303)
	}
}

func TestAsManyFilesADayAsOneMayStore(t *testing.T) {
	s := newShop(t)
	s.App.Quota = evidence.Quota{FilesPerDay: 3}
	two := file{"two.csv", "a,b\n1,2\n"}
	s.send(s.owner, "/evidence", fields("key", "1"), review, two).Want(303)
	p := s.send(s.owner, "/evidence", fields("key", "2"), review, two)
	p.Want(422).Has("keeps your files", "review.csv", "two.csv was not taken.", "You have stored 3 files in the last 24 hours")
	s.send(s.owner, "/evidence", fields("key", "3"), review).Want(422).Has("You have stored 3 files")
	s.send(s.priya, "/evidence", fields("key", "4"), review).Want(303)
	modelstest.At(s.App.DB, modelstest.Now.Add(24*time.Hour+time.Second))
	s.send(s.owner, "/evidence", fields("key", "5", "late_reason", "x"), review).Want(303)
}

func TestTheEvidenceStoreHasASize(t *testing.T) {
	s := newShop(t)
	s.App.Quota = evidence.Quota{Bytes: 100}
	s.send(s.owner, "/evidence", fields("key", "1"), review).Want(303) // 22 bytes
	large := file{"large.csv", strings.Repeat("x", 100)}
	s.send(s.owner, "/evidence", fields("key", "2"), large, file{"small.csv", "a,b\n"}).Want(422).
		Has("large.csv was not taken.", "has reached the size it may have", "small.csv")
	s.App.Quota.Bytes = 26
	s.send(s.priya, "/evidence", fields("key", "3"), review).Want(422).Has("has reached the size it may have")
}
