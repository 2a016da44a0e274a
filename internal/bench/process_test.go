package bench_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"assay/internal/bench"
	"assay/models"
)

// A process is the program as it is shipped, over a generated company.
type process struct {
	*site
	cmd  *exec.Cmd
	code string // of a control to upload for
}

// binary is the program that scripts/bench.sh has built.
func binary(t *testing.T) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("..", "..", "bin", "assay"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatal("bin/assay is missing; make build makes it")
	}
	return path
}

// start runs the program and returns how long it took until it answered.
func start(t *testing.T, c company) (*process, time.Duration) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := ln.Addr().String()
	_ = ln.Close()
	cmd := exec.Command(binary(t), "serve", "-addr", addr, "-database-url", c.url, "-blob-url", "file://"+c.dir,
		"-base-url", "http://"+addr, "-signing-key-file", filepath.Join(c.dir, "..", "log.key"),
		"-oidc-issuer", "https://login.example.com", "-oidc-client-id", "assay", "-oidc-client-secret", "secret",
		"-oidc-role-map", "staff=control_owner")
	cmd.Stderr = io.Discard
	began := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &process{site: &site{url: "http://" + addr, client: client(), tokens: map[int64]string{}}, cmd: cmd}
	t.Cleanup(p.stop)
	for time.Since(began) < 30*time.Second {
		if res, err := p.client.Get(p.url + "/healthz"); err == nil {
			_ = res.Body.Close()
			return p, time.Since(began)
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatal("the program did not answer within 30 s")
	return nil, 0
}

func (p *process) stop() {
	_ = p.cmd.Process.Signal(os.Interrupt)
	_ = p.cmd.Wait()
}

// memory is the resident set in MiB, now or at its highest since it was last reset.
func (p *process) memory(t *testing.T, field string) float64 {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	var kib float64
	found := regexp.MustCompile(field + `:\s+(\d+)`).FindSubmatch(b)
	if found == nil {
		t.Fatalf("no %s", field)
	}
	_, _ = fmt.Sscan(string(found[1]), &kib)
	return kib / 1024
}

// processor is what the process was given so far.
func (p *process) processor(t *testing.T) time.Duration {
	t.Helper()
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", p.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	var all time.Duration
	for _, thread := range threads {
		var spent time.Duration
		if b, err := os.ReadFile(thread); err == nil { // else it has ended meanwhile
			_, _ = fmt.Sscan(string(b), &spent)
		}
		all += spent
	}
	return all
}

// rest waits until the process has nothing to do.
func (p *process) rest(t *testing.T) {
	t.Helper()
	for end := time.Now().Add(3 * time.Minute); time.Now().Before(end); {
		before := p.processor(t)
		time.Sleep(3 * time.Second)
		if p.processor(t)-before < 60*time.Millisecond {
			return
		}
	}
	t.Error("the program does not come to rest")
}

func (p *process) resetPeak(t *testing.T) {
	t.Helper()
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", p.cmd.Process.Pid), []byte("5"), 0); err != nil {
		t.Fatal(err)
	}
}

// running measures the program from outside.
func running(t *testing.T, r *report, c company) {
	r.database = "sqlite"
	first, _ := start(t, c) // makes the key, signs, and does the work of the day
	first.rest(t)
	r.tell("the first start of a day, and its work", fmt.Sprintf("%.1f s of processor, %.0f MiB", first.processor(t).Seconds(), first.memory(t, "VmHWM")))
	first.stop()
	p, took := start(t, c)
	r.add("start to ready, existing data", "≤ 300 ms", ms(took), took <= 300*time.Millisecond)
	p.rest(t)
	idle := p.memory(t, "VmRSS")
	r.add("memory at rest", "≤ 60 MiB", fmt.Sprintf("%.0f MiB", idle), idle <= 60)
	db, err := models.Open(t.Context(), c.url)
	if err != nil {
		t.Fatal(err)
	}
	p.tokens[bench.Manager.ID] = session(t, db, bench.Manager)
	p.tokens[bench.OwnerActor.ID] = session(t, db, bench.OwnerActor)
	pages := visits(t, db)
	_ = db.Close()
	p.browse(t, pages)
	busy := p.memory(t, "VmHWM")
	r.add("memory, 50 people browsing", "≤ 200 MiB", fmt.Sprintf("%.0f MiB", busy), busy <= 200)
	p.weight(t, r)
	if info, err := os.Stat(binary(t)); err == nil {
		r.add("binary, stripped", "≤ 60 MB", fmt.Sprintf("%.1f MB", float64(info.Size())/1e6), info.Size() <= 60e6)
	}
	tokens := p.tokens
	p.stop()
	p, _ = start(t, c) // a fresh one, as memory that is free already would hide what uploads take
	p.tokens = tokens
	p.transfers(t, r, c)
}

func (p *process) browse(t *testing.T, pages []visit) {
	t.Helper()
	var group sync.WaitGroup
	began := time.Now()
	for n := range 50 {
		group.Go(func() {
			for i := n; time.Since(began) < 8*time.Second; i++ {
				v := pages[i%len(pages)]
				p.get(t, v.actor, v.path)
			}
		})
	}
	group.Wait()
}

var asset = regexp.MustCompile(`/static/[a-zA-Z0-9_./-]+|"\./[a-z.0-9-]+\.js"|url\("([^"]+)"\)`)

// weight counts what a browser with an empty cache fetches for the controls list: the
// page, and whatever it, the style sheet and the modules name, but for the font of rare
// letters and the viewer of PDF files.
func (p *process) weight(t *testing.T, r *report) {
	t.Helper()
	seen, total := map[string]bool{}, int64(0)
	var fetch func(path string)
	fetch = func(path string) {
		if seen[path] || strings.Contains(path, "-ext.") || strings.Contains(path, "pdf") {
			return
		}
		seen[path] = true
		_, bytes := p.get(t, bench.Manager, path)
		total += bytes
		if strings.Contains(path, "woff2") {
			return
		}
		for _, found := range asset.FindAllString(p.text(t, path), -1) {
			if strings.HasPrefix(found, "/static/") {
				fetch(found)
			}
		}
	}
	fetch("/controls")
	r.add(fmt.Sprintf("first page, cold: %d files", len(seen)), "≤ 130 KB", fmt.Sprintf("%.0f KB", float64(total)/1000), total <= 130_000)
	_, page := p.get(t, bench.Manager, "/controls")
	r.add("the same, warm", "≤ 12 KB", fmt.Sprintf("%.1f KB", float64(page)/1000), page <= 12_000)
}

// text is a page as it reads once unpacked.
func (p *process) text(t *testing.T, path string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.url+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Cookie", "assay="+p.tokens[bench.Manager.ID])
	res, err := p.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, _ := io.ReadAll(res.Body)
	return string(b)
}

const fileSize = 100 << 20

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

// transfers measures bytes in and out.
func (p *process) transfers(t *testing.T, r *report, c company) {
	t.Helper()
	p.code = regexp.MustCompile(`/controls/([A-Z]{2}-\d{5})`).FindStringSubmatch(p.text(t, "/controls"))[1]
	rss := p.memory(t, "VmRSS")
	p.resetPeak(t)
	began := time.Now()
	item := p.upload(t, "first", fileSize)
	up := time.Since(began)
	raw := rawUpload(t, filepath.Join(c.dir, "raw"))
	r.add("upload of 100 MiB, against stream, hash and fsync by hand", "≥ 0.8", fmt.Sprintf("%s of %s = %.2f", speed(up), speed(raw), raw.Seconds()/up.Seconds()), raw.Seconds()/up.Seconds() >= 0.8)
	more := p.memory(t, "VmHWM") - rss
	r.add("memory that it took", "≤ 16 MiB more", fmt.Sprintf("%.0f MiB", more), more <= 16)

	rss = p.memory(t, "VmRSS")
	p.resetPeak(t)
	var group sync.WaitGroup
	for n := range 20 {
		group.Go(func() { p.upload(t, fmt.Sprintf("parallel-%d", n), fileSize/10) })
	}
	group.Wait()
	more = p.memory(t, "VmHWM") - rss
	r.add("memory that 20 uploads in parallel took", "≤ 48 MiB more", fmt.Sprintf("%.0f MiB", more), more <= 48)

	link := regexp.MustCompile(`/evidence/E-\d+/files/\d+`).FindString(p.text(t, item))
	if link == "" {
		t.Errorf("%s names no file", item)
		return
	}
	down := p.fastest(t, p.url+link)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f, err := os.Open(filepath.Join(c.dir, "raw"))
		if err != nil {
			t.Error(err)
			return
		}
		defer f.Close()
		http.ServeContent(w, r, "raw.txt", time.Time{}, f)
	}))
	defer srv.Close()
	bare := p.fastest(t, srv.URL)
	r.add("download of 100 MiB, against ServeContent", "≥ 0.8", fmt.Sprintf("%s of %s = %.2f", speed(down), speed(bare), bare.Seconds()/down.Seconds()), bare.Seconds()/down.Seconds() >= 0.8)
}

func speed(d time.Duration) string { return fmt.Sprintf("%.0f MiB/s", fileSize/(1<<20)/d.Seconds()) }

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
func rawUpload(t *testing.T, path string) time.Duration {
	t.Helper()
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
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, srv.URL, file("first", fileSize))
	if err != nil {
		t.Fatal(err)
	}
	r.ContentLength = fileSize
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	return time.Since(began)
}
