package bench_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
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
	"assay/models/access"
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
		"-oidc-role-map", "staff=control_owner", "-max-upload", "5368709120", "-max-evidence", "0")
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
	for n := range int64(5) { // owners who send files at once
		a := access.Actor{ID: bench.OwnerActor.ID + n}
		p.tokens[a.ID] = session(t, db, a)
	}
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
