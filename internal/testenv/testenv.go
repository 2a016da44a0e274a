// Package testenv finds and starts what the tests talk to: a PostgreSQL server, a browser, Dex, an S3 server.
// It is imported by tests only, knows nothing of the product, and leaves nothing running behind.
package testenv

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// missing ends the test: as a skip on a machine that lacks what it needs, as a failure where everything was promised.
// Without that promise, a broken install step would turn half the suite into skips that nobody reads.
func missing(tb testing.TB, sentence string) {
	tb.Helper()
	if os.Getenv("ASSAY_TEST_ALL") == "1" {
		tb.Fatal(sentence)
	}
	tb.Skip(sentence)
}

// root is the folder of the repository, found from the folder of the package under test.
func root() (string, bool) {
	dir, err := os.Getwd()
	if err != nil {
		return "", false
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "tools.mod")); err == nil {
			return dir, true
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", false
		}
		dir = parent
	}
}

// tool is the path of a program that `make tools` built, or that is installed.
func tool(name string) (string, bool) {
	if dir, ok := root(); ok {
		path := filepath.Join(dir, ".cache", "bin", name)
		if _, err := os.Stat(path); err == nil {
			return path, true
		}
	}
	path, err := exec.LookPath(name)
	return path, err == nil
}

// Chromium is the path of a browser that the Chrome DevTools Protocol can drive.
func Chromium(tb testing.TB) string {
	tb.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	missing(tb, "This test needs Chromium: `make tools` installs it as root on Debian; elsewhere install it by hand.")
	return ""
}

// Dex is the path of the Dex identity provider, built by `make tools`.
func Dex(tb testing.TB) string {
	tb.Helper()
	path, ok := tool("dex")
	if !ok {
		missing(tb, "This test needs Dex: `make tools` builds it.")
	}
	return path
}

// Axe is the source of the axe-core accessibility checker, fetched by `make tools`.
func Axe(tb testing.TB) string {
	tb.Helper()
	if dir, ok := root(); ok {
		source, err := os.ReadFile(filepath.Join(dir, "internal", "testpeers", "axe", "node_modules", "axe-core", "axe.min.js"))
		if err == nil {
			return string(source)
		}
	}
	missing(tb, "This test needs axe-core: `make tools` fetches it with npm.")
	return ""
}
