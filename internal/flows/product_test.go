// Package flows holds the whole product to its promise: the program is built and run as
// somebody would run it, and people sign in to it, in a browser and without one.
//
// TestTheWholeJob does the main job from an empty installation, on both databases.
// TestCrawl and TestAccessibility read every page of the demonstration in every role.
package flows_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"assay/internal/browser"
)

// shared is where this test process keeps the program it built, and the demonstration
// that several tests read.
var shared struct {
	sync.Mutex
	dir  string
	demo *program
}

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "assay-flows-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	shared.dir = dir
	code := browser.Main(m)
	if shared.demo != nil {
		if err := shared.demo.stop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	_ = os.RemoveAll(dir) // a temporary folder; the next clean-up takes what is left
	os.Exit(code)
}

// plain and raced compile the program once each, raced with the race detector when the
// tests have it. The crawl and the look at every page ask thousands of pages one after
// the other: under the detector that is a quarter of an hour in which nothing races.
var (
	plain = sync.OnceValues(func() (string, error) { return compile("assay") })
	raced = sync.OnceValues(func() (string, error) {
		if info, ok := debug.ReadBuildInfo(); ok {
			for _, s := range info.Settings {
				if s.Key == "-race" && s.Value == "true" {
					return compile("assay-raced", "-race")
				}
			}
		}
		return plain()
	})
)

func compile(name string, flags ...string) (string, error) {
	path := filepath.Join(shared.dir, name)
	args := slices.Concat([]string{"build", "-o", path}, flags, []string{"assay/cmd/assay"})
	out, err := exec.Command("go", args...).CombinedOutput() //nolint:gosec // our own arguments
	if err != nil {
		return "", fmt.Errorf("build the program: %w\n%s", err, out)
	}
	return path, nil
}

// A program is a running Assay.
type program struct {
	base string
	cmd  *exec.Cmd
	said *notes
}

// notes is what a program writes, readable while it runs.
type notes struct {
	sync.Mutex
	bytes.Buffer
}

func (n *notes) Write(b []byte) (int, error) {
	n.Lock()
	defer n.Unlock()
	return n.Buffer.Write(b)
}

func (n *notes) String() string {
	n.Lock()
	defer n.Unlock()
	return n.Buffer.String()
}

// patience bounds a start. The demonstration tells fifteen months first, and the race
// detector on a busy machine makes that slow.
const patience = 3 * time.Minute

// start runs the program with args, which name addr as the address to listen on. Whoever
// starts it stops it.
func start(tb testing.TB, addr string, env []string, args ...string) *program {
	tb.Helper()
	build := raced
	if args[0] == "demo" {
		build = plain
	}
	path, err := build()
	if err != nil {
		tb.Fatal(err)
	}
	p := &program{base: "http://" + addr, cmd: exec.Command(path, args...), said: &notes{}}
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Stdout, p.cmd.Stderr = p.said, p.said
	if err := p.cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(tb.Context(), patience)
	defer cancel()
	for !answers(ctx, p.base+"/healthz") {
		if ctx.Err() != nil {
			_ = p.cmd.Process.Kill()
			tb.Fatalf("assay %s does not answer; it says:\n%s", strings.Join(args, " "), p.said)
		}
		time.Sleep(50 * time.Millisecond)
	}
	return p
}

func answers(ctx context.Context, address string) bool {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return false
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return false
	}
	_ = answer.Body.Close() // only the status counts
	return answer.StatusCode == http.StatusOK
}

// stop ends the program as an operator would, and tells how it took that.
func (p *program) stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("stop the program: %w; it said:\n%s", err, p.said)
	}
	late := time.AfterFunc(30*time.Second, func() { _ = p.cmd.Process.Kill() }) // then Wait tells of it
	defer late.Stop()
	if err := p.cmd.Wait(); err != nil {
		return fmt.Errorf("the program did not stop cleanly: %w; it said:\n%s", err, p.said)
	}
	return nil
}

// freeAddr is a loopback address that nobody listened on a moment ago.
func freeAddr(tb testing.TB) string {
	tb.Helper()
	l, err := (&net.ListenConfig{}).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// demo is the demonstration, started by the first test that asks.
func demo(tb testing.TB) *program {
	tb.Helper()
	shared.Lock()
	defer shared.Unlock()
	if shared.demo == nil {
		addr := freeAddr(tb)
		shared.demo = start(tb, addr, nil, "demo", "-addr", addr, "-data", filepath.Join(shared.dir, "demo"))
	}
	return shared.demo
}
