package blob_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"assay/internal/blob"
	"assay/internal/testenv"
)

// stores runs a test on every kind of store: what a caller may rely on does not depend on
// where the bytes are.
func stores(t *testing.T, test func(t *testing.T, s blob.Store)) {
	t.Run("disk", func(t *testing.T) {
		d, _ := open(t)
		test(t, d)
	})
	t.Run("S3", func(t *testing.T) { test(t, openS3(t, testenv.S3(t))) })
}

func openS3(t *testing.T, b *testenv.Bucket) *blob.S3 {
	t.Helper()
	s, err := blob.OpenS3(b.URL("assay/blobs"), blob.Credentials{AccessKey: b.AccessKey, SecretKey: b.SecretKey})
	must(t, err)
	return s
}

func TestAStoreGivesBackWhatItTook(t *testing.T) {
	stores(t, func(t *testing.T, s blob.Store) {
		must(t, s.Check(t.Context()))
		for _, size := range []int{0, 1, blob.HeadSize, blob.HeadSize + 1, 300_000} {
			content := random(size)
			for range 2 { // the same bytes again are the same blob
				b, err := s.Put(t.Context(), bytes.NewReader(content), limit)
				must(t, err)
				if b.Digest != sum(content) || b.Size != int64(size) || !bytes.Equal(b.Head, content[:min(size, blob.HeadSize)]) {
					t.Errorf("%d bytes: acknowledged %s of %d", size, b.Digest, b.Size)
				}
			}
			r, info, err := s.Open(t.Context(), sum(content))
			must(t, err)
			got, err := io.ReadAll(r)
			must(t, err)
			must(t, r.Close())
			if !bytes.Equal(got, content) || info.Size != int64(size) || time.Since(info.ModTime).Abs() > time.Minute {
				t.Errorf("%d bytes: %d came back, %+v", size, len(got), info)
			}
			if stat, err := s.Stat(t.Context(), sum(content)); err != nil || stat.Size != info.Size {
				t.Errorf("Stat says %+v, %v", stat, err)
			}
			must(t, blob.Verify(t.Context(), s, sum(content)))
		}
	})
}

func TestABlobIsReadInRanges(t *testing.T) {
	stores(t, func(t *testing.T, s blob.Store) {
		content := random(300_000)
		b, err := s.Put(t.Context(), bytes.NewReader(content), limit)
		must(t, err)
		r, _, err := s.Open(t.Context(), b.Digest)
		must(t, err)
		defer r.Close()
		for _, at := range []int{0, 10, blob.HeadSize - 5, blob.HeadSize, 299_990, 200_000, 200_100, 0} {
			_, err := r.Seek(int64(at), io.SeekStart)
			must(t, err)
			got := make([]byte, min(100, len(content)-at))
			_, err = io.ReadFull(r, got)
			must(t, err)
			if !bytes.Equal(got, content[at:at+len(got)]) {
				t.Errorf("other bytes at %d", at)
			}
		}
		if end, err := r.Seek(0, io.SeekEnd); err != nil || end != int64(len(content)) {
			t.Errorf("the end is at %d, %v", end, err)
		}
		if n, err := r.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
			t.Errorf("after the end: %d, %v", n, err)
		}
		if _, err := r.Seek(-1, io.SeekStart); err == nil {
			t.Error("it went before the beginning")
		}
	})
}

func TestAStoreRefuses(t *testing.T) {
	stores(t, func(t *testing.T, s blob.Store) {
		unwanted := errors.New("not now")
		ended, end := context.WithCancel(t.Context())
		end()
		for name, c := range map[string]struct {
			ctx  context.Context
			r    io.Reader
			want error
		}{
			"too many bytes":       {t.Context(), bytes.NewReader(random(limit + 1)), blob.ErrTooLarge},
			"a sender that stops":  {t.Context(), io.MultiReader(strings.NewReader("x"), iotest.ErrReader(io.ErrUnexpectedEOF)), io.ErrUnexpectedEOF},
			"a context that ended": {ended, strings.NewReader("x"), context.Canceled},
		} {
			if _, err := s.Put(c.ctx, c.r, limit); !errors.Is(err, c.want) {
				t.Errorf("%s: %v, want %v", name, err, c.want)
			}
		}
		for _, digest := range []string{sum([]byte("nowhere")), "", "../../etc/passwd", strings.Repeat("Z", 64)} {
			_, _, openErr := s.Open(t.Context(), digest)
			_, statErr := s.Stat(t.Context(), digest)
			if !errors.Is(openErr, blob.ErrNotFound) || !errors.Is(statErr, blob.ErrNotFound) {
				t.Errorf("%q: %v, %v", digest, openErr, statErr)
			}
		}
		var asked []string
		s.Before(func(_ context.Context, digest string, size int64) error {
			asked = append(asked, digest)
			if size == 7 {
				return unwanted
			}
			return nil
		})
		if _, err := s.Put(t.Context(), strings.NewReader("refused"), limit); !errors.Is(err, unwanted) {
			t.Errorf("a blob nobody wants: %v", err)
		}
		part, err := s.PutPart(t.Context(), blob.Part{}, strings.NewReader("refused"), limit)
		must(t, err)
		if _, err := s.Join(t.Context(), []blob.Part{part}); !errors.Is(err, unwanted) {
			t.Errorf("a blob in parts that nobody wants: %v", err)
		}
		_, err = s.Stat(t.Context(), sum([]byte("refused")))
		if want := sum([]byte("refused")); !errors.Is(err, blob.ErrNotFound) || !slices.Equal(asked, []string{want, want}) {
			t.Errorf("it is there: %v; asked for %v", err, asked)
		}
	})
}

func TestAStoreListsAndRemoves(t *testing.T) {
	stores(t, func(t *testing.T, s blob.Store) {
		var want []string
		for _, content := range []string{"one", "two", "three"} {
			b, err := s.Put(t.Context(), strings.NewReader(content), limit)
			must(t, err)
			want = append(want, b.Digest)
		}
		_, err := s.PutPart(t.Context(), blob.Part{}, strings.NewReader("no blob yet"), limit)
		must(t, err)
		slices.Sort(want)
		if got := listed(t, s); !slices.Equal(got, want) {
			t.Errorf("listed %v, want %v", got, want)
		}
		for range 2 { // what is gone already is no error
			must(t, s.Remove(t.Context(), want[1]))
		}
		must(t, s.Tidy(t.Context()))
		if got := listed(t, s); !slices.Equal(got, []string{want[0], want[2]}) {
			t.Errorf("after removing %s: %v", want[1], got)
		}
		if _, err := s.Stat(t.Context(), want[1]); !errors.Is(err, blob.ErrNotFound) {
			t.Errorf("removed: %v", err)
		}
		for _, err := range s.List(t.Context()) { // ending early is fine
			must(t, err)
			break
		}
	})
}

func listed(t *testing.T, s blob.Store) (digests []string) {
	t.Helper()
	for info, err := range s.List(t.Context()) {
		must(t, err)
		if info.Size == 0 || info.ModTime.IsZero() {
			t.Errorf("listed as %+v", info)
		}
		digests = append(digests, info.Digest)
	}
	slices.Sort(digests)
	return digests
}

func TestAStoreJoinsParts(t *testing.T) {
	stores(t, func(t *testing.T, s blob.Store) {
		for _, contents := range [][]string{{"only"}, {"first, ", "second, ", "third"}} {
			var parts []blob.Part
			var names []string
			for _, c := range contents {
				p, err := s.PutPart(t.Context(), blob.Part{}, strings.NewReader(c), limit)
				must(t, err)
				parts, names = append(parts, p), append(names, p.Name)
			}
			if old, err := s.OldParts(t.Context(), time.Now().Add(time.Hour)); err != nil || len(old) != len(names) {
				t.Errorf("parts %v, %v", old, err)
			}
			if old, err := s.OldParts(t.Context(), time.Now().Add(-time.Hour)); err != nil || len(old) != 0 {
				t.Errorf("parts older than an hour: %v, %v", old, err)
			}
			whole := strings.Join(contents, "")
			for range 2 {
				b, err := s.Join(t.Context(), parts)
				must(t, err)
				if b.Digest != sum([]byte(whole)) || b.Size != int64(len(whole)) {
					t.Errorf("joined to %+v", b)
				}
			}
			must(t, blob.Verify(t.Context(), s, sum([]byte(whole))))
			must(t, s.DropParts(t.Context(), append(names, "no part")...))
			if len(parts) == 1 { // the caller missed the answer, and the part went
				b, err := s.Join(t.Context(), parts)
				must(t, err)
				if b.Digest != sum([]byte(whole)) {
					t.Errorf("joined again to %+v", b)
				}
			} else if _, err := s.Join(t.Context(), parts); !errors.Is(err, blob.ErrNotFound) {
				t.Errorf("joined what is gone: %v", err)
			}
		}
	})
}
