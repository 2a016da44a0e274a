package blob_test

import (
	"bytes"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"assay/internal/blob"
	"assay/internal/testenv"
)

// admin speaks to the server as somebody who is not Assay.
func admin(t *testing.T, b *testenv.Bucket) *minio.Client {
	t.Helper()
	c, err := minio.New(b.Endpoint, &minio.Options{Creds: credentials.NewStaticV4(b.AccessKey, b.SecretKey, ""), Region: b.Region})
	must(t, err)
	return c
}

func keyOf(digest string) string { return "assay/blobs/" + digest[:2] + "/" + digest }

func TestAnS3AddressIsReadOrRefused(t *testing.T) {
	for address, says := range map[string]string{
		"s3://":                                       "names no bucket",
		"s3://UPPER/x":                                "names no bucket",
		"s3://key:secret@bucket":                      "without the keys",
		"s3://bucket?endpoint=ftp://host":             "should be scheme and host",
		"s3://bucket?endpoint=https://h/path":         "should be scheme and host",
		"s3://bucket?path_style=sometimes":            "should be true or false",
		"s3://bucket?object_lock=on":                  "it knows endpoint, region, path_style, spool and ca",
		"s3://bucket?spool=/nowhere/at/all":           "should be a folder",
		"s3://bucket?ca=/nowhere/at/all":              "should be a file with the certificate",
		"s3://bucket?ca=s3_test.go":                   "holds no certificate",
		"s3://bucket?endpoint=https%3A%2F%2Fh%2Fpath": "should be scheme and host",
	} {
		if _, err := blob.OpenURL(address, blob.Credentials{}); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", address, err, says)
		}
	}
	for _, address := range []string{"s3://bucket", "s3://bucket/a/b?endpoint=s3.example.com&region=eu-west-1&path_style=false&spool=" + t.TempDir()} {
		if _, err := blob.OpenURL(address, blob.Credentials{AccessKey: "a", SecretKey: "b"}); err != nil {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestABlobIsCreatedOnce(t *testing.T) {
	bucket := testenv.S3(t)
	s, c := openS3(t, bucket), admin(t, bucket)
	must(t, c.EnableVersioning(t.Context(), bucket.Name))
	first, err := s.Put(t.Context(), strings.NewReader("once"), limit)
	must(t, err)
	again, err := s.Put(t.Context(), strings.NewReader("once"), limit)
	must(t, err)
	if first.Version == "" || again.Version != first.Version {
		t.Errorf("versions %q, then %q", first.Version, again.Version)
	}

	// Somebody put other bytes under the name that these should have.
	squatted := sum([]byte("honest"))
	_, err = c.PutObject(t.Context(), bucket.Name, keyOf(squatted), strings.NewReader("forged"), 6, minio.PutObjectOptions{})
	must(t, err)
	if _, err := s.Put(t.Context(), strings.NewReader("honest"), limit); err == nil {
		// The server kept no SHA-256 of the other bytes, which have the same length: only
		// reading them tells.
		if err := blob.Verify(t.Context(), s, squatted); !errors.Is(err, blob.ErrCorrupt) {
			t.Errorf("forged bytes: %v", err)
		}
	} else if !errors.Is(err, blob.ErrCorrupt) {
		t.Error(err)
	}
	_, err = c.PutObject(t.Context(), bucket.Name, keyOf(sum([]byte("longer"))), strings.NewReader("x"), 1, minio.PutObjectOptions{})
	must(t, err)
	if _, err := s.Put(t.Context(), strings.NewReader("longer"), limit); !errors.Is(err, blob.ErrCorrupt) {
		t.Errorf("bytes of another length: %v", err)
	}
}

func TestADeletedObjectIsFoundBehindItsMarker(t *testing.T) {
	bucket := testenv.S3(t)
	s, c := openS3(t, bucket), admin(t, bucket)
	must(t, c.EnableVersioning(t.Context(), bucket.Name))
	content := random(20_000)
	b, err := s.Put(t.Context(), bytes.NewReader(content), limit)
	must(t, err)
	must(t, c.RemoveObject(t.Context(), bucket.Name, keyOf(b.Digest), minio.RemoveObjectOptions{}))
	must(t, blob.Verify(t.Context(), s, b.Digest))
	if info, err := s.Stat(t.Context(), b.Digest); err != nil || info.Size != b.Size {
		t.Errorf("%+v, %v", info, err)
	}
	must(t, s.Remove(t.Context(), b.Digest)) // marker and versions
	if _, err := s.Stat(t.Context(), b.Digest); !errors.Is(err, blob.ErrNotFound) {
		t.Errorf("removed for good: %v", err)
	}
}

func TestALockedBlobStays(t *testing.T) {
	bucket := testenv.S3(t)
	s, c := openS3(t, bucket), admin(t, bucket)
	if locks, err := s.Locks(t.Context()); err != nil || locks {
		t.Errorf("a bucket without locks: %v, %v", locks, err)
	}
	must(t, c.MakeBucket(t.Context(), "locked", minio.MakeBucketOptions{ObjectLocking: true}))
	bucket.Name = "locked"
	s = openS3(t, bucket)
	must(t, s.Check(t.Context()))
	if locks, err := s.Locks(t.Context()); err != nil || !locks {
		t.Fatalf("a bucket with locks: %v, %v", locks, err)
	}
	b, err := s.Put(t.Context(), strings.NewReader("kept"), limit)
	must(t, err)
	until := time.Now().Add(time.Hour)
	must(t, s.Lock(t.Context(), b.Digest, until))
	if err := s.Remove(t.Context(), b.Digest); !errors.Is(err, blob.ErrLocked) {
		t.Errorf("removing it: %v", err)
	}
	must(t, blob.Verify(t.Context(), s, b.Digest))
	must(t, s.Lock(t.Context(), b.Digest, until.Add(time.Hour)))
	if err := s.Lock(t.Context(), b.Digest, until.Add(-30*time.Minute)); err == nil {
		t.Error("a lock was shortened")
	}
}

func TestWhatOthersLeftInPartsIsAborted(t *testing.T) {
	bucket := testenv.S3(t)
	s := openS3(t, bucket)
	core := minio.Core{Client: admin(t, bucket)}
	_, err := core.NewMultipartUpload(t.Context(), bucket.Name, "assay/blobs/x", minio.PutObjectOptions{})
	must(t, err)
	must(t, s.Tidy(t.Context()))
	if n := incomplete(t, core, bucket.Name); n != 1 {
		t.Errorf("%d uploads are left of a young one", n)
	}
	age(t, filepath.Join(bucket.Folder(), ".sgwtmp"), 25*time.Hour)
	must(t, s.Tidy(t.Context()))
	if n := incomplete(t, core, bucket.Name); n != 0 {
		t.Errorf("%d uploads are left of one a day old", n)
	}
}

func incomplete(t *testing.T, c minio.Core, bucket string) (n int) {
	t.Helper()
	list, err := c.ListMultipartUploads(t.Context(), bucket, "", "", "", "", 10)
	must(t, err)
	return len(list.Uploads)
}

// age makes everything in a folder of the server's older.
func age(t *testing.T, dir string, by time.Duration) {
	t.Helper()
	old := time.Now().Add(-by)
	must(t, filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chtimes(path, old, old)
	}))
}

// A lesser server lacks one thing that the store builds upon.
func TestTheSelfTestNamesWhatAServerLacks(t *testing.T) {
	bucket := testenv.S3(t)
	target, err := url.Parse("http://" + bucket.Endpoint)
	must(t, err)
	var taken sync.Map
	isProbe := func(r *http.Request) bool { return strings.Contains(r.URL.Path, "/probe/") }
	for lacks, handle := range map[string]func(next http.Handler, w http.ResponseWriter, r *http.Request){
		"cannot be reached": func(_ http.Handler, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) },
		"does not take objects": func(next http.Handler, w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPut {
				w.WriteHeader(http.StatusForbidden)
				return
			}
			next.ServeHTTP(w, r)
		},
		"replaces an object although it was asked not to": func(next http.Handler, w http.ResponseWriter, r *http.Request) {
			if _, before := taken.LoadOrStore(r.Method+r.URL.Path, true); before && r.Method == http.MethodPut {
				return // 200, in place of 412
			}
			next.ServeHTTP(w, r)
		},
		"does not give back what it took": func(next http.Handler, w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet && isProbe(r) {
				_, _ = io.WriteString(w, "something else")
				return
			}
			next.ServeHTTP(w, r)
		},
		"takes bytes that do not match their SHA-256": func(next http.Handler, w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "-wrong") {
				w.WriteHeader(http.StatusOK)
				return
			}
			next.ServeHTTP(w, r)
		},
		"does not list what it has": func(next http.Handler, w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Get("list-type") != "" {
				_, _ = io.WriteString(w, "<ListBucketResult></ListBucketResult>")
				return
			}
			next.ServeHTTP(w, r)
		},
	} {
		t.Run(lacks, func(t *testing.T) {
			proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
				r.SetURL(target)
				r.Out.Host = r.In.Host // it is signed; the server asks for nothing else
			}}
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handle(proxy, w, r) }))
			defer server.Close()
			lesser := *bucket
			lesser.Endpoint = strings.TrimPrefix(server.URL, "http://")
			err := openS3(t, &lesser).Check(t.Context())
			if err == nil || !strings.Contains(err.Error(), "the bucket evidence "+lacks) {
				t.Errorf("said %v", err)
			}
		})
	}
	must(t, openS3(t, bucket).Check(t.Context()))
	if left := listed(t, openS3(t, bucket)); len(left) > 0 {
		t.Errorf("the test left %v", left)
	}
}

func TestAServerThatIsAwayIsNoticedAtOnce(t *testing.T) {
	bucket := testenv.S3(t)
	s := openS3(t, bucket)
	b, err := s.Put(t.Context(), strings.NewReader("before"), limit)
	must(t, err)
	bucket.Stop(t)
	began, read := time.Now(), new(atomic.Int64)
	if _, err := s.Put(t.Context(), counted{strings.NewReader("during"), read}, limit); !errors.Is(err, blob.ErrUnavailable) {
		t.Errorf("put: %v", err)
	}
	if _, _, err := s.Open(t.Context(), b.Digest); !errors.Is(err, blob.ErrUnavailable) {
		t.Errorf("open: %v", err)
	}
	if took := time.Since(began); took > 10*time.Second || read.Load() > 0 {
		t.Errorf("took %s and read %d bytes", took, read.Load())
	}
	bucket.Start(t)
	must(t, blob.Verify(t.Context(), s, b.Digest))
	_, err = s.Put(t.Context(), strings.NewReader("after"), limit)
	must(t, err)
}

type counted struct {
	io.Reader
	n *atomic.Int64
}

func (c counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n.Add(int64(n))
	return n, err
}

func TestALargeFileTakesLittleMemory(t *testing.T) {
	s := openS3(t, testenv.S3(t))
	const size = 96 << 20
	var most atomic.Uint64
	source := io.LimitReader(&watched{most: &most}, size)
	b, err := s.Put(t.Context(), source, size)
	must(t, err)
	r, _, err := s.Open(t.Context(), b.Digest)
	must(t, err)
	defer r.Close()
	n, err := io.Copy(io.Discard, &watched{r, &most, 0})
	must(t, err)
	if n != size || most.Load() > 32<<20 {
		t.Errorf("%d bytes with %d MiB on the heap", n, most.Load()>>20)
	}
}

// watched is a reader, of zeros unless it has another, that notes how large the heap gets.
type watched struct {
	io.Reader
	most  *atomic.Uint64
	reads int
}

func (w *watched) Read(p []byte) (int, error) {
	if w.reads++; w.reads%64 == 0 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		w.most.Store(max(w.most.Load(), m.HeapInuse))
	}
	if w.Reader != nil {
		return w.Reader.Read(p)
	}
	clear(p)
	return len(p), nil
}

// TestTheServerIsWhoItSays: a server whose certificate a private authority signed is spoken
// to with that authority's certificate, and not a byte is sent without.
func TestTheServerIsWhoItSays(t *testing.T) {
	bucket := testenv.S3(t)
	var asked atomic.Int64
	front := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		(&httputil.ReverseProxy{Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(&url.URL{Scheme: "http", Host: bucket.Endpoint})
			p.Out.Host = p.In.Host
		}}).ServeHTTP(w, r)
	}))
	defer front.Close()
	authority := filepath.Join(t.TempDir(), "ca.pem")
	must(t, os.WriteFile(authority, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: front.Certificate().Raw}), 0o600))
	address := "s3://" + bucket.Name + "/assay/blobs?path_style=true&region=" + bucket.Region + "&endpoint=" + front.URL
	keys := blob.Credentials{AccessKey: bucket.AccessKey, SecretKey: bucket.SecretKey}

	stranger, err := blob.OpenS3(address, keys)
	must(t, err)
	if err := stranger.Check(t.Context()); err == nil || asked.Load() != 0 {
		t.Errorf("a server that nobody vouches for was asked %d times: %v", asked.Load(), err)
	}
	s, err := blob.OpenS3(address+"&ca="+url.QueryEscape(authority), keys)
	must(t, err)
	must(t, s.Check(t.Context()))
	content := random(300_000)
	b, err := s.Put(t.Context(), bytes.NewReader(content), limit)
	must(t, err)
	must(t, blob.Verify(t.Context(), s, b.Digest))
	if asked.Load() == 0 {
		t.Error("nothing went through TLS")
	}
}
