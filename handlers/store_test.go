package handlers_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"assay/internal/blob"
	"assay/internal/testenv"
	"assay/models"
	"assay/models/access"
	"assay/models/custody"
	"assay/models/modelstest"
)

// onS3 puts the evidence of a shop in a bucket.
func onS3(t *testing.T, s shop) *testenv.Bucket {
	t.Helper()
	bucket := testenv.S3(t)
	store, err := blob.OpenS3(bucket.URL("blobs"), blob.Credentials{AccessKey: bucket.AccessKey, SecretKey: bucket.SecretKey})
	must(t, err)
	store.Before(custody.Arrive(s.db))
	s.App.Blobs = store
	return bucket
}

// onLockedS3 is onS3 in a bucket that can lock objects.
func onLockedS3(t *testing.T, s shop) {
	t.Helper()
	bucket := testenv.S3(t)
	bucket.Name = "locked"
	c, err := minio.New(bucket.Endpoint, &minio.Options{Creds: credentials.NewStaticV4(bucket.AccessKey, bucket.SecretKey, "")})
	must(t, err)
	must(t, c.MakeBucket(t.Context(), bucket.Name, minio.MakeBucketOptions{Region: bucket.Region, ObjectLocking: true}))
	store, err := blob.OpenS3(bucket.URL("blobs"), blob.Credentials{AccessKey: bucket.AccessKey, SecretKey: bucket.SecretKey})
	must(t, err)
	s.App.Blobs = store
}

// dangling counts the files whose bytes are nowhere.
func (s shop) dangling() (n int) {
	s.Helper()
	modelstest.Look(s.T, s.db, access.Clock, func(ctx context.Context, tx *models.Tx) error {
		files, err := custody.FilesAfter(ctx, tx, 0, 1000)
		for _, f := range files {
			if blob.Verify(ctx, s.App.Blobs, f.Digest) != nil {
				n++
			}
		}
		return err
	})
	return n
}

func TestWhileTheStoreIsAway(t *testing.T) {
	eachShop(t, func(s shop) {
		bucket := onS3(s.T, s)
		item := s.upload(s.owner)
		half := s.begin(s.owner, "log.csv", 2000).Header.Get("Location")
		if p := s.patch(s.owner, half, 0, bytes.NewReader(bytesOf(1000))); p.Status != http.StatusNoContent {
			s.Fatalf("the first part: %d %s", p.Status, p.Body)
		}
		bucket.Stop(s.T)
		for _, path := range []string{"/readiness", "/controls", "/controls/AC-03", "/evidence", item, "/review", "/activity", "/settings", "/evidence/new?control=AC-03"} {
			who := s.priya
			if p := s.Get(who, path); p.Status != http.StatusOK {
				s.Errorf("GET %s: %d", path, p.Status)
			}
		}
		began := time.Now()
		p := s.send(s.owner, "/evidence", fields("key", "k2", "source", "Typed before"), file{"a.csv", "a\n"}, file{"b.csv", "b\n"}, file{"c.csv", "c\n"})
		if took := time.Since(began); p.Status != http.StatusServiceUnavailable || took > 5*time.Second {
			s.Errorf("an upload: %d after %s", p.Status, took)
		}
		for _, want := range []string{`value="Typed before"`, "a.csv", "c.csv", "does not answer"} {
			if !strings.Contains(p.Body, want) {
				s.Errorf("the form lacks %q", want)
			}
		}
		if p := s.patch(s.owner, half, 1000, bytes.NewReader(bytesOf(1000))); p.Status != http.StatusServiceUnavailable || !strings.Contains(p.Body, "does not answer") {
			s.Errorf("a part: %d %s", p.Status, p.Body)
		}
		for path, status := range map[string]int{"": http.StatusServiceUnavailable, "/preview": http.StatusOK} {
			if p := s.Get(s.priya, item+"/files/1"+path); p.Status != status || !strings.Contains(p.Body, "try the file again") {
				s.Errorf("GET %s: %d", path, p.Status)
			}
		}
		bucket.Start(s.T)
		if n := s.dangling(); n != 0 {
			s.Errorf("%d files dangle", n)
		}
		if p := s.Get(s.priya, item+"/files/1"); p.Status != http.StatusOK || p.Body != review.body {
			s.Errorf("the file again: %d", p.Status)
		}
		if p := s.patch(s.owner, half, 1000, bytes.NewReader(bytesOf(1000))); p.Status != http.StatusNoContent {
			s.Errorf("the part again: %d %s", p.Status, p.Body)
		}
		if p := s.send(s.owner, "/evidence", fields("key", "k2"), file{"a.csv", "a\n"}); p.Status != http.StatusSeeOther {
			s.Errorf("the form again: %d", p.Status)
		}
	})
}

// full is a store on a disk without room.
type full struct{ blob.Store }

func (full) Put(_ context.Context, r io.Reader, _ int64) (blob.Blob, error) {
	_, _ = io.CopyN(io.Discard, r, 10)
	return blob.Blob{}, fmt.Errorf("%w: no space left on device", blob.ErrFull)
}

func TestWhileTheDiskIsFull(t *testing.T) {
	s := newShop(t)
	item := s.upload(s.owner)
	room := s.App.Blobs
	s.App.Blobs = full{room}
	p := s.send(s.owner, "/evidence", fields("key", "k2", "source", "Typed before"), file{"a.csv", "a\n"})
	if p.Status != http.StatusInsufficientStorage || !strings.Contains(p.Body, `value="Typed before"`) || !strings.Contains(p.Body, "no room left") {
		t.Errorf("an upload: %d", p.Status)
	}
	if p := s.Get(s.priya, item+"/files/1"); p.Status != http.StatusOK {
		t.Errorf("what was stored before: %d", p.Status)
	}
	s.App.Blobs = room
	if p := s.send(s.owner, "/evidence", fields("key", "k2"), file{"a.csv", "a\n"}); p.Status != http.StatusSeeOther {
		t.Errorf("once there is room: %d", p.Status)
	}
}
