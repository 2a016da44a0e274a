package testenv

import (
	"crypto/rand"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Bucket is an empty, versioned bucket on an S3 server of this test's own.
type Bucket struct {
	Endpoint  string // "127.0.0.1:7071", plain HTTP
	Region    string
	AccessKey string
	SecretKey string
	Name      string

	program, dir string
	leash        io.Closer
}

// S3 starts an S3 server over a temporary folder and returns a bucket on it. The server is versitygw: minio's
// licence was the reason against it, and seaweedfs keeps no object locks.
func S3(tb testing.TB) *Bucket {
	tb.Helper()
	program, ok := tool("versitygw")
	if !ok {
		missing(tb, "This test needs an S3 server: `make tools` builds versitygw.")
	}
	dir, err := os.MkdirTemp("", "assay-s3-")
	if err != nil {
		tb.Fatal(err)
	}
	// Absolute paths: the server changes its working directory.
	data, versions := filepath.Join(dir, "data"), filepath.Join(dir, "versions")
	b := &Bucket{
		Endpoint: "127.0.0.1:" + strconv.Itoa(freePort(tb)), Region: "us-east-1",
		AccessKey: "assay-test", SecretKey: rand.Text(), Name: "evidence",
		program: program, dir: dir,
	}
	for _, path := range []string{filepath.Join(data, b.Name), versions} {
		if err := os.MkdirAll(path, 0o700); err != nil {
			tb.Fatal(err)
		}
	}
	tb.Cleanup(func() {
		b.Stop(tb)
		if err := os.RemoveAll(dir); err != nil {
			tb.Error(err)
		}
	})
	b.Start(tb)
	return b
}

// Start starts the server again after Stop, with what it had.
func (b *Bucket) Start(tb testing.TB) {
	tb.Helper()
	run, err := os.MkdirTemp("", "assay-s3-run-")
	if err != nil {
		tb.Fatal(err)
	}
	b.leash = leashed(tb, nil, run, b.program, "--access", b.AccessKey, "--secret", b.SecretKey,
		"--port", b.Endpoint, "--region", b.Region, "--health", "/health", "--quiet",
		"posix", "--versioning-dir", filepath.Join(b.dir, "versions"), filepath.Join(b.dir, "data"))
	awaitHealth(tb, run, "http://"+b.Endpoint+"/health")
}

// Stop ends the server and keeps what it stores.
func (b *Bucket) Stop(tb testing.TB) {
	tb.Helper()
	if b.leash == nil {
		return
	}
	if err := b.leash.Close(); err != nil {
		tb.Error(err)
	}
	b.leash = nil
}

// Folder is where the server keeps the objects, for a test that changes them behind its back.
func (b *Bucket) Folder() string { return filepath.Join(b.dir, "data", b.Name) }

// URL is the address of the bucket as Assay takes it.
func (b *Bucket) URL(prefix string) string {
	return "s3://" + b.Name + "/" + prefix + "?path_style=true&region=" + b.Region + "&endpoint=" + url.QueryEscape("http://"+b.Endpoint)
}

func awaitHealth(tb testing.TB, dir, address string) {
	tb.Helper()
	last := "no answer"
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(30 * time.Millisecond) {
		request, err := http.NewRequestWithContext(tb.Context(), http.MethodGet, address, http.NoBody)
		if err != nil {
			tb.Fatal(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			continue
		}
		_ = response.Body.Close()
		if last = response.Status; response.StatusCode == http.StatusOK {
			return
		}
	}
	tb.Fatalf("the test's server did not start: %s\n%s", last, strings.TrimSpace(said(dir)))
}
