package testenv

import (
	"crypto/rand"
	"net/http"
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
}

// S3 starts an S3 server over a temporary folder and returns a bucket on it. The server is versitygw: minio's
// licence was the reason against it, and seaweedfs keeps no object locks.
func S3(tb testing.TB) Bucket {
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
	bucket := Bucket{
		Endpoint: "127.0.0.1:" + strconv.Itoa(freePort(tb)), Region: "us-east-1",
		AccessKey: "assay-test", SecretKey: rand.Text(), Name: "evidence",
	}
	for _, path := range []string{filepath.Join(data, bucket.Name), versions} {
		if err := os.MkdirAll(path, 0o700); err != nil {
			tb.Fatal(err)
		}
	}
	leash := leashed(tb, nil, dir, program, "--access", bucket.AccessKey, "--secret", bucket.SecretKey,
		"--port", bucket.Endpoint, "--region", bucket.Region, "--health", "/health", "--quiet",
		"posix", "--versioning-dir", versions, data)
	tb.Cleanup(func() {
		if err := leash.Close(); err != nil {
			tb.Error(err)
		}
	})
	awaitHealth(tb, dir, "http://"+bucket.Endpoint+"/health")
	return bucket
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
