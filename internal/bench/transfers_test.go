package bench_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"io/fs"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"assay/handlers"
	"assay/internal/bench"
	"assay/models/access"
)

const (
	fileSize = 100 << 20
	gib      = 1 << 30
)

// lines is an endless text file; every file has a beginning of its own.
type lines struct {
	head io.Reader
	left int64
}

func file(name string, size int64) io.Reader { return &lines{strings.NewReader(name + "\n"), size} }

var block = []byte(strings.Repeat("2026-03-01T14:30:00Z,ana@halyard.example,granted,production\n", 1100))

func (l *lines) Read(b []byte) (int, error) {
	if l.left <= 0 {
		return 0, io.EOF
	}
	if n, _ := l.head.Read(b); n > 0 {
		l.left -= int64(n)
		return n, nil
	}
	n := copy(b[:min(int64(len(b)), l.left)], block)
	l.left -= int64(n)
	return n, nil
}

// upload sends one form with one file and returns where the item is.
func (p *process) upload(t *testing.T, name string, size int64) string {
	t.Helper()
	var head bytes.Buffer
	form := multipart.NewWriter(&head)
	_ = form.WriteField("key", name)
	_ = form.WriteField("control", p.code)
	_, _ = form.CreateFormFile("files", name+".txt")
	before := head.Len()
	_ = form.Close()
	tail := bytes.NewReader(bytes.Clone(head.Bytes()[before:]))
	body := io.MultiReader(bytes.NewReader(head.Bytes()[:before]), file(name, size), tail)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.url+"/evidence", body)
	if err != nil {
		t.Fatal(err)
	}
	r.ContentLength = int64(head.Len()) + size
	r.Header.Set("Content-Type", form.FormDataContentType())
	r.Header.Set("Cookie", "assay="+p.tokens[bench.Manager.ID])
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	res, err := p.client.Do(r)
	if err != nil {
		t.Error(err)
		return ""
	}
	defer res.Body.Close()
	page, _ := io.ReadAll(res.Body)
	// The details are missing, so the item is kept and its form comes back.
	found := regexp.MustCompile(`(/evidence/E-\d+)/submit`).FindSubmatch(page)
	if found == nil {
		t.Errorf("the upload was answered %d", res.StatusCode)
		return ""
	}
	return string(found[1])
}

// ask sends a request as the page's own script does.
func (p *process) ask(t *testing.T, a access.Actor, method, path string, body io.Reader, size int64, headers ...string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, p.url+path, body)
	if err != nil {
		t.Fatal(err)
	}
	r.ContentLength = size
	r.Header.Set("Cookie", "assay="+p.tokens[a.ID])
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Tus-Resumable", "1.0.0")
	for n := 0; n+1 < len(headers); n += 2 {
		r.Header.Set(headers[n], headers[n+1])
	}
	res, err := p.client.Do(r)
	if err != nil {
		t.Error(err)
		return &http.Response{}
	}
	_, _ = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
	return res
}

// inParts sends one file as the page's own script does, 8 MiB at a time, and takes it back.
func (p *process) inParts(t *testing.T, a access.Actor, name string, size int64) (took time.Duration) {
	t.Helper()
	began := time.Now()
	meta := "filename " + base64.StdEncoding.EncodeToString([]byte(name+".txt"))
	at := p.ask(t, a, http.MethodPost, "/uploads", http.NoBody, 0, "Upload-Length", strconv.FormatInt(size, 10), "Upload-Metadata", meta).Header.Get("Location")
	body := file(name, size)
	for sent := int64(0); sent < size; sent += handlers.PartSize {
		n := min(handlers.PartSize, size-sent)
		res := p.ask(t, a, http.MethodPatch, at, io.LimitReader(body, n), n, "Upload-Offset", strconv.FormatInt(sent, 10), "Content-Type", "application/offset+octet-stream")
		if res.StatusCode != http.StatusNoContent {
			t.Errorf("part at %d of %s: status %d", sent, name, res.StatusCode)
			return time.Since(began)
		}
	}
	took = time.Since(began)
	if res := p.ask(t, a, http.MethodDelete, at, http.NoBody, 0); res.StatusCode != http.StatusNoContent {
		t.Errorf("%s cannot be taken back: status %d", name, res.StatusCode)
	}
	return took
}

// transfers measures bytes in and out.
func (p *process) transfers(t *testing.T, r *report, c company) {
	t.Helper()
	p.code = regexp.MustCompile(`/controls/([A-Z]{2}-\d{5})`).FindStringSubmatch(p.text(t, "/controls"))[1]
	p.againstRaw(t, r, "upload", c.dir, func(name string) time.Duration {
		began := time.Now()
		p.upload(t, name, gib)
		return time.Since(began)
	})
	p.againstRaw(t, r, "resumable upload", c.dir, func(name string) time.Duration { return p.inParts(t, bench.Manager, name, gib) })
	p.twenty(t, r, c)
	takeAway(t, c.dir)
	p.download(t, r, p.upload(t, "to-be-read", fileSize), filepath.Join(c.dir, "raw"))
}

// againstRaw sends 1 GiB in turn with the same bytes to a bare handler, five times, and
// compares the best of both: whatever else the machine does only makes a turn slower. What
// was sent is taken away each time, because a virtual disk writes where it has written
// before twice as fast as where it has not.
func (p *process) againstRaw(t *testing.T, r *report, work, dir string, send func(name string) time.Duration) {
	t.Helper()
	rss := p.memory(t, "VmRSS")
	p.resetPeak(t)
	ours, bare := time.Hour, time.Hour
	for n := range 5 {
		name := fmt.Sprintf("%s %d", work, n)
		ours = min(ours, send(name))
		takeAway(t, dir)
		bare = min(bare, rawUpload(t, filepath.Join(dir, "raw"), name, gib))
		takeAway(t, dir)
	}
	ratio := bare.Seconds() / ours.Seconds()
	r.add(work+" of 1 GiB, against stream, hash and fsync by hand", "≥ 0.8",
		fmt.Sprintf("%s of %s = %.2f", speed(gib, ours), speed(gib, bare), ratio), ratio >= 0.8)
	more := p.memory(t, "VmHWM") - rss
	r.add(work+": memory that it took", "≤ 16 MiB more", fmt.Sprintf("%.0f MiB", more), more <= 16)
}

// takeAway removes whatever is large.
func takeAway(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		if info, err := e.Info(); err != nil || info.Size() < fileSize {
			return err
		}
		return os.Remove(path)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// twenty sends twenty files of 1 GiB at once, four from each of five people, who may not
// send more.
func (p *process) twenty(t *testing.T, r *report, c company) {
	t.Helper()
	const files = 20
	var disk syscall.Statfs_t
	if err := syscall.Statfs(c.dir, &disk); err != nil {
		t.Fatal(err)
	}
	if free := disk.Bavail * uint64(disk.Bsize); free < (files+6)*gib { //nolint:gosec // a block size is positive
		t.Errorf("20 uploads of 1 GiB need more room than the %d GiB there are", free/gib)
		return
	}
	rss := p.memory(t, "VmRSS")
	p.resetPeak(t)
	began := time.Now()
	var group sync.WaitGroup
	for n := range files {
		a := access.Actor{ID: bench.OwnerActor.ID + int64(n/4)}
		group.Go(func() { p.inParts(t, a, fmt.Sprintf("parallel %d", n), gib) })
	}
	group.Wait()
	took := time.Since(began)
	more := p.memory(t, "VmHWM") - rss
	r.add("memory that 20 uploads of 1 GiB in parallel took", "≤ 48 MiB more", fmt.Sprintf("%.0f MiB; %s in all", more, speed(files*gib, took)), more <= 48)
}

// download reads a file of 100 MiB, beside the same bytes served by the library.
func (p *process) download(t *testing.T, r *report, item, raw string) {
	t.Helper()
	rawUpload(t, raw, "to be read", fileSize)
	link := regexp.MustCompile(`/evidence/E-\d+/files/\d+`).FindString(p.text(t, item))
	if link == "" {
		t.Errorf("%s names no file", item)
		return
	}
	down := p.fastest(t, p.url+link)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f, err := os.Open(raw)
		if err != nil {
			t.Error(err)
			return
		}
		defer f.Close()
		http.ServeContent(w, r, "raw.txt", time.Time{}, f)
	}))
	defer srv.Close()
	bare := p.fastest(t, srv.URL)
	ratio := bare.Seconds() / down.Seconds()
	r.add("download of 100 MiB, against ServeContent", "≥ 0.8", fmt.Sprintf("%s of %s = %.2f", speed(fileSize, down), speed(fileSize, bare), ratio), ratio >= 0.8)
}

func speed(bytes int64, d time.Duration) string {
	return fmt.Sprintf("%.0f MiB/s", float64(bytes)/(1<<20)/d.Seconds())
}

// fastest of three downloads.
func (p *process) fastest(t *testing.T, url string) time.Duration {
	t.Helper()
	best := time.Hour
	for range 3 {
		r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
		r.Header.Set("Cookie", "assay="+p.tokens[bench.Manager.ID])
		began := time.Now()
		res, err := p.client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		n, _ := io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
		if n != fileSize {
			t.Fatalf("%s: %d bytes, status %d", url, n, res.StatusCode)
		}
		best = min(best, time.Since(began))
	}
	return best
}

// rawUpload sends the same bytes over HTTP to a handler that hashes, writes and syncs
// them, one after the other.
func rawUpload(t *testing.T, path, name string, size int64) time.Duration {
	t.Helper()
	_ = os.Remove(path)
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		f, err := os.Create(path)
		if err != nil {
			t.Error(err)
			return
		}
		defer f.Close()
		if _, err := io.CopyBuffer(io.MultiWriter(f, sha256.New()), r.Body, make([]byte, 256<<10)); err != nil {
			t.Error(err)
		}
		if err := f.Sync(); err != nil {
			t.Error(err)
		}
	}))
	defer srv.Close()
	began := time.Now()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, srv.URL, file(name, size))
	if err != nil {
		t.Fatal(err)
	}
	r.ContentLength = size
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	return time.Since(began)
}
