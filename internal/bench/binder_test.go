package bench_test

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"assay/internal/binder"
	"assay/internal/binder/bindertest"
)

// TestBinderNumbers measures a binder of ASSAY_BENCH_FILES files against the plainest way
// to the same: writing against a ZIP that stores the same files, verifying against hashing
// the same bytes. Half a mebibyte each, 10,000 files are 5 GiB.
func TestBinderNumbers(t *testing.T) {
	files, err := strconv.Atoi(os.Getenv("ASSAY_BENCH_FILES"))
	if err != nil {
		t.Skip("make bench measures; ASSAY_BENCH_FILES holds the number of files")
	}
	const size = 512 << 10
	dir := t.TempDir()
	list := make([]binder.EvidenceFile, files)
	on := map[string]string{}
	for i := range list {
		name := fmt.Sprintf("%05d.txt", i)
		path, digest := filepath.Join(dir, name), sha256.New()
		f, err := os.Create(path)
		if err == nil {
			_, err = io.Copy(io.MultiWriter(f, digest), file(name, size))
		}
		if err == nil {
			err = f.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
		info, _ := os.Stat(path)
		list[i] = binder.EvidenceFile{ID: int64(i), Name: name, Path: "evidence/CM-01/E-1/" + name, Size: info.Size(), SHA256: hex.EncodeToString(digest.Sum(nil))}
		on[list[i].Path] = path
	}
	s := bindertest.NewWith(t, list, func(path string) (io.ReadCloser, error) { return os.Open(on[path]) }, 100_000)
	r := (&report{}).on("none")
	whole := filepath.Join(dir, "binder.zip")
	plain := timed(t, func() error { return stored(filepath.Join(dir, "plain.zip"), list, on) })
	wrote := timed(t, func() error { return written(t.Context(), whole, s) })
	r.add("A binder of "+strconv.Itoa(files)+" files", "≤ 3 × a ZIP of the same, stored", fmt.Sprintf("%.2f × (%s, %s)", ratio(wrote, plain), ms(wrote), ms(plain)), ratio(wrote, plain) <= 3)
	hashed := timed(t, func() error { return digested(whole) })
	verified := timed(t, func() error { return holds(t.Context(), whole, s) })
	r.add("assay verify of that binder", "≤ 1.5 × sha256 of the same bytes", fmt.Sprintf("%.2f × (%s, %s)", ratio(verified, hashed), ms(verified), ms(hashed)), ratio(verified, hashed) <= 1.5)
	fmt.Print(r.table())
}

func ratio(a, b time.Duration) float64 { return float64(a) / float64(b) }

func timed(t *testing.T, f func() error) time.Duration {
	t.Helper()
	began := time.Now()
	if err := f(); err != nil {
		t.Fatal(err)
	}
	return time.Since(began)
}

func stored(path string, list []binder.EvidenceFile, on map[string]string) error {
	out, err := os.Create(path)
	if err != nil {
		return err
	}
	defer out.Close()
	z := zip.NewWriter(out)
	for _, f := range list {
		w, err := z.CreateHeader(&zip.FileHeader{Name: f.Path, Method: zip.Store})
		if err != nil {
			return err
		}
		in, err := os.Open(on[f.Path])
		if err != nil {
			return err
		}
		_, err = io.Copy(w, in)
		_ = in.Close()
		if err != nil {
			return err
		}
	}
	return z.Close()
}

func written(ctx context.Context, path string, s *bindertest.Small) error {
	b, err := binder.New(ctx, s.Contents)
	if err != nil {
		return err
	}
	out, err := os.Create(path)
	if err != nil {
		return err
	}
	defer out.Close()
	return b.Write(ctx, out)
}

func digested(path string) error {
	in, err := os.Open(path)
	if err != nil {
		return err
	}
	defer in.Close()
	_, err = io.Copy(sha256.New(), in)
	return err
}

func holds(ctx context.Context, path string, s *bindertest.Small) error {
	in, err := os.Open(path)
	if err != nil {
		return err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	r, err := binder.Verify(ctx, in, info.Size(), binder.Options{Key: s.Signer.VerifierKey})
	if err == nil && len(r.Problems) > 0 {
		err = fmt.Errorf("it does not hold: %s", r.Problems[0])
	}
	return err
}
