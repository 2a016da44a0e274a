package handlers_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"assay/handlers/handlerstest"
	"assay/internal/blob"
	"assay/models"
	"assay/models/access"
	"assay/models/evidence"
	"assay/models/modelstest"
	"assay/models/upload"
)

// tus sends a request of the protocol.
func (s shop) tus(a access.Actor, method, path string, body io.Reader, headers ...string) handlerstest.Page {
	s.Helper()
	r := httptest.NewRequestWithContext(s.Context(), method, path, body)
	r.Header.Set("Tus-Resumable", "1.0.0")
	for n := 0; n+1 < len(headers); n += 2 {
		r.Header.Set(headers[n], headers[n+1])
	}
	return s.Do(a, r)
}

func (s shop) begin(a access.Actor, name string, size int, more ...string) handlerstest.Page {
	s.Helper()
	meta := []string{"filename " + base64.StdEncoding.EncodeToString([]byte(name)), "about " + base64.StdEncoding.EncodeToString([]byte("controls/AC-03"))}
	for n := 0; n+1 < len(more); n += 2 {
		meta = append(meta, more[n]+" "+base64.StdEncoding.EncodeToString([]byte(more[n+1])))
	}
	return s.tus(a, http.MethodPost, "/uploads", http.NoBody, "Upload-Length", strconv.Itoa(size), "Upload-Metadata", strings.Join(meta, ","))
}

func (s shop) patch(a access.Actor, path string, offset int, body io.Reader) handlerstest.Page {
	s.Helper()
	return s.tus(a, http.MethodPatch, path, body, "Content-Type", "application/offset+octet-stream", "Upload-Offset", strconv.Itoa(offset))
}

func (s shop) offset(a access.Actor, path string) string {
	s.Helper()
	return s.tus(a, http.MethodHead, path, http.NoBody).Want(200).Header.Get("Upload-Offset")
}

// replica is a second server on the same database and the same blob folder.
func (s shop) replica() shop {
	twin := s
	twin.Site = handlerstest.New(s.T, s.db)
	twin.App.Blobs, twin.App.MaxFile = s.App.Blobs, s.App.MaxFile
	return twin
}

func bytesOf(n int) []byte { return bytes.Repeat([]byte("0123456789abcde\n"), n/16+1)[:n] }

func sum(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

func eachShop(t *testing.T, f func(s shop)) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) { f(newShopOn(t, db)) })
}

func TestAnUploadGoesOnWhereItWasOnAnotherReplica(t *testing.T) {
	eachShop(t, func(s shop) {
		content, twin := bytesOf(20<<20), s.replica()
		at := s.begin(s.owner, "log.txt", len(content)).Want(201).Location
		s.patch(s.owner, at, 0, bytes.NewReader(content[:5<<20])).Want(204)
		// The connection breaks in the middle of a part: what came is kept.
		broken := io.MultiReader(bytes.NewReader(content[5<<20:7<<20+5]), &fails{})
		twin.patch(s.owner, at, 5<<20, broken)
		if got := s.offset(s.owner, at); got != strconv.Itoa(7<<20+5) {
			s.Fatalf("offset %s after a broken connection", got)
		}
		s.patch(s.owner, at, 5<<20, bytes.NewReader(content[5<<20:])).Want(409)
		last := s.patch(s.owner, at, 7<<20+5, bytes.NewReader(content[7<<20+5:])).Want(204)
		if last.Header.Get("Upload-Offset") != strconv.Itoa(len(content)) {
			s.Errorf("%v", last.Header)
		}
		var state struct{ Digest string }
		must(s.T, json.Unmarshal([]byte(twin.tus(s.owner, http.MethodGet, at, http.NoBody).Want(200).Body), &state))
		if state.Digest != sum(content) {
			s.Errorf("digest %s", state.Digest)
		}
		must(s.T, blob.Verify(s.Context(), s.App.Blobs, state.Digest))
		if left, err := s.App.Blobs.OldParts(s.Context(), time.Now().Add(time.Hour)); err != nil || len(left) > 0 {
			s.Errorf("parts are left: %v, %v", left, err)
		}
		id := strings.TrimPrefix(at, "/uploads/")
		twin.Get(s.owner, "/evidence/new?control=AC-03").Has("log.txt", sum(content))
		item := twin.send(s.owner, "/evidence", append(fields(), [2]string{"upload", id})).Want(303).Location
		twin.Get(s.owner, item).Has("log.txt", sum(content), "In review")
		s.Get(s.owner, "/evidence/new?control=AC-03").Lacks(sum(content))
		// The form sent twice leads to the same item, though its uploads are gone.
		if again := s.send(s.owner, "/evidence", append(fields(), [2]string{"upload", id})).Want(303).Location; again != item {
			s.Errorf("sent again: %s", again)
		}
	})
}

type fails struct{}

func (*fails) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestAnUploadIsOnePersons(t *testing.T) {
	eachShop(t, func(s shop) {
		at := s.begin(s.owner, "a.txt", 4).Want(201).Location
		for _, a := range []access.Actor{s.other, s.priya} {
			s.tus(a, http.MethodHead, at, http.NoBody).Want(404)
			s.patch(a, at, 0, strings.NewReader("evil")).Want(404)
			s.tus(a, http.MethodDelete, at, http.NoBody).Want(404)
			s.Get(a, "/evidence/new?control=AC-03").Lacks("a.txt")
		}
		s.patch(s.owner, at, 0, strings.NewReader("mine")).Want(204)
		stolen := append(fields("key", "k9"), [2]string{"upload", strings.TrimPrefix(at, "/uploads/")})
		s.send(s.priya, "/evidence", stolen).Want(422).Has("Choose at least one file")
		for _, a := range []access.Actor{s.admin, s.auditor, s.executive} {
			s.begin(a, "b.txt", 4).Want(404)
		}
	})
}

func TestWhatIsRefusedBeforeItTravels(t *testing.T) {
	s := newShop(t)
	s.App.MaxFile = 1 << 20
	s.begin(s.owner, "big.txt", 1<<20+1).Want(413).Has("larger than 1 MiB")
	s.begin(s.owner, "empty.txt", 0).Want(422).Has("The file is empty")
	s.begin(s.owner, "setup.exe", 10).Want(422).Has("are not accepted")
	s.begin(s.owner, "", 10).Want(422)
	s.tus(s.owner, http.MethodPost, "/uploads", http.NoBody, "Upload-Length", "10", "Upload-Metadata", "filename !").Want(422)
	s.tus(s.owner, http.MethodPost, "/uploads", http.NoBody).Want(422)
	s.tus(s.owner, http.MethodPost, "/uploads", http.NoBody, "Tus-Resumable", "0.2").Want(412)
	if o := s.tus(s.owner, http.MethodOptions, "/uploads", http.NoBody).Want(204); o.Header.Get("Tus-Max-Size") != "1048576" {
		t.Errorf("%v", o.Header)
	}
	// The first bytes show that it is no PDF; the rest need not come, and nothing is kept.
	at := s.begin(s.owner, "report.pdf", 100_000).Want(201).Location
	s.patch(s.owner, at, 0, bytes.NewReader(bytesOf(50_000))).Want(422).Has("its content is not")
	s.tus(s.owner, http.MethodHead, at, http.NoBody).Want(404)
	// A small one is judged when the form takes it.
	at = s.begin(s.owner, "report.pdf", 10).Want(201).Location
	s.patch(s.owner, at, 0, bytes.NewReader(bytesOf(5))).Want(204)
	s.patch(s.owner, at, 5, bytes.NewReader(bytesOf(5))).Want(204)
	s.send(s.owner, "/evidence", append(fields(), [2]string{"upload", strings.TrimPrefix(at, "/uploads/")}), review).Want(422).Has("report.pdf was not taken.")
	at = s.begin(s.owner, "a.txt", 10).Want(201).Location
	s.tus(s.owner, http.MethodPatch, at, strings.NewReader("x"), "Upload-Offset", "0", "Content-Type", "text/plain").Want(415)
	s.patch(s.owner, at, 0, strings.NewReader("more than ten bytes")).Want(413)
	told := s.begin(s.owner, "chunks.txt", 10).Want(201).Location
	s.patch(s.owner, told, 0, io.MultiReader(strings.NewReader("more than ten bytes"))).Want(413).Has("More bytes came")
	s.patch(s.owner, at, 3, strings.NewReader("x")).Want(409)
}

func TestAFileThatIsNotWhatWasAnnounced(t *testing.T) {
	s := newShop(t)
	at := s.begin(s.owner, "a.txt", 6, "sha256", sum([]byte("before"))).Want(201).Location
	s.patch(s.owner, at, 0, strings.NewReader("after!")).Want(422).Has("changed while it was sent")
	s.tus(s.owner, http.MethodHead, at, http.NoBody).Want(404)
	at = s.begin(s.owner, "a.txt", 6, "sha256", sum([]byte("before"))).Want(201).Location
	s.patch(s.owner, at, 0, strings.NewReader("before")).Want(204)
}

// TestAnArchiveThatWouldDoHarmIsNotTaken, whichever way it comes: in parts it is said as
// the last of them arrives, and in a form beside the files that are taken.
func TestAnArchiveThatWouldDoHarmIsNotTaken(t *testing.T) {
	eachShop(t, func(s shop) {
		bad, good := archiveOf(s.T, "a.csv", "../../etc/passwd"), archiveOf(s.T, "a.csv", "inner.zip")
		at := s.begin(s.owner, "bad.zip", len(bad)).Want(201).Location
		s.patch(s.owner, at, 0, strings.NewReader(bad)).Want(422).Has("../../etc/passwd")
		s.tus(s.owner, http.MethodHead, at, http.NoBody).Want(404)
		at = s.begin(s.owner, "good.zip", len(good)).Want(201).Location
		s.patch(s.owner, at, 0, strings.NewReader(good)).Want(204)
		s.send(s.owner, "/evidence", append(fields(), [2]string{"upload", strings.TrimPrefix(at, "/uploads/")}), file{"worse.zip", bad}, file{"sheet.xlsx", bad}).
			Want(422).Has("2 of the files could not be taken", "worse.zip", "sheet.xlsx", "../../etc/passwd", "good.zip")
		s.Get(s.owner, "/evidence/E-1").Has("good.zip").Lacks("worse.zip")
	})
}

func TestOnlyWhatOneSeesIsKnown(t *testing.T) {
	s := newShop(t)
	s.upload(s.owner)
	digest := sum([]byte(review.body))
	known := func(a access.Actor) string { return s.Get(a, "/uploads/known?sha256="+digest).Want(200).Body }
	if !strings.Contains(known(s.owner), "E-1") || !strings.Contains(known(s.priya), "E-1") {
		t.Error("those who see the item are not told")
	}
	nobodys := s.Get(s.other, "/uploads/known?sha256="+sum([]byte("nobody has this"))).Want(200).Body
	if got := known(s.other); got != nobodys {
		t.Errorf("whoever may not see the item is told %q, and of what does not exist %q", got, nobodys)
	}
	s.Get(s.owner, "/uploads/known?sha256=x").Want(422)
}

func TestTwoSendersAtTheSamePlace(t *testing.T) {
	eachShop(t, func(s shop) {
		at := s.begin(s.owner, "a.txt", 8).Want(201).Location
		twin := s.replica()
		first := make(chan int)
		pr, pw := io.Pipe()
		go func() { first <- s.patch(s.owner, at, 0, pr).Status }()
		_, err := pw.Write([]byte("AAAA"))
		must(s.T, err)
		twin.patch(s.owner, at, 0, strings.NewReader("BBBBBBBB")).Want(204)
		_, _ = pw.Write([]byte("AAAA")) // the reader may have gone
		must(s.T, pw.Close())
		if code := <-first; code != 409 {
			s.Errorf("the slower sender is answered %d", code)
		}
		must(s.T, blob.Verify(s.Context(), s.App.Blobs, sum([]byte("BBBBBBBB"))))
		if got := s.offset(s.owner, at); got != "8" {
			s.Errorf("offset %s", got)
		}
	})
}

// A store that fails at the last step must not leave a file that counts as arrived.
type cannotJoin struct{ blob.Store }

func (cannotJoin) Join(context.Context, []blob.Part) (blob.Blob, error) {
	return blob.Blob{}, errors.New("the disk is gone")
}

func TestAFileHasArrivedOnlyWhenItIsOneBlob(t *testing.T) {
	s := newShop(t)
	at := s.begin(s.owner, "a.txt", 8).Want(201).Location
	s.patch(s.owner, at, 0, strings.NewReader("good")).Want(204)
	whole := s.App.Blobs
	s.App.Blobs = cannotJoin{whole}
	s.patch(s.owner, at, 4, strings.NewReader("news")).Want(500)
	s.App.Blobs = whole
	if got := s.offset(s.owner, at); got != "4" {
		t.Fatalf("offset %s after the end failed", got)
	}
	s.patch(s.owner, at, 4, strings.NewReader("news")).Want(204)
	must(t, blob.Verify(t.Context(), whole, sum([]byte("goodnews"))))
}

func TestUploadsThatNobodyFinishesAreForgotten(t *testing.T) {
	eachShop(t, func(s shop) {
		at := s.begin(s.owner, "a.txt", 8).Want(201).Location
		s.patch(s.owner, at, 0, strings.NewReader("good")).Want(204)
		modelstest.At(s.db, modelstest.Now.Add(upload.Life-time.Second))
		s.offset(s.owner, at)
		modelstest.At(s.db, modelstest.Now.Add(upload.Life))
		s.tus(s.owner, http.MethodHead, at, http.NoBody).Want(404)
		s.Get(s.owner, "/evidence/new?control=AC-03").Lacks("a.txt")
	})
}

func TestOnePersonCannotFillTheHouse(t *testing.T) {
	s := newShop(t)
	for range upload.MostWaiting {
		s.begin(s.owner, "a.txt", 8).Want(201)
	}
	s.begin(s.owner, "a.txt", 8).Want(409).Has("on their way")
	s.begin(s.priya, "a.txt", 8).Want(201)
}

func TestTheQuotaIsSaidBeforeTheBytesTravel(t *testing.T) {
	eachShop(t, func(s shop) {
		s.App.Quota = evidence.Quota{FilesPerDay: 2, Bytes: 100}
		s.begin(s.owner, "a.txt", 101).Want(409).Has("reached the size it may have")
		s.begin(s.owner, "a.txt", 60).Want(201)
		s.begin(s.owner, "b.txt", 60).Want(409).Has("reached the size it may have")
		s.begin(s.owner, "b.txt", 40).Want(201)
		s.App.Quota.Bytes = 1000
		s.begin(s.owner, "c.txt", 1).Want(409).Has("in the last 24 hours")
		s.begin(s.priya, "c.txt", 1).Want(201)
	})
}

func TestPartsNeedLittleMemory(t *testing.T) {
	s := newShop(t)
	send := func(size int) uint64 {
		at := s.begin(s.owner, "big.txt", size).Want(201).Location
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		s.patch(s.owner, at, 0, io.LimitReader(zeros{}, int64(size))).Want(204)
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	send(1 << 20)
	if spent := send(64 << 20); spent > 8<<20 {
		t.Errorf("an upload of 64 MiB allocated %d KiB in all", spent>>10)
	}
}
