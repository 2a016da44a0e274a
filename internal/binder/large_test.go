package binder_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"testing"
	"time"

	"assay/internal/binder"
	"assay/internal/binder/bindertest"
)

// peak is the most live memory while f runs, above what there was.
func peak(f func()) uint64 {
	var before, m runtime.MemStats
	defer debug.SetGCPercent(debug.SetGCPercent(20)) // what is live is asked for, and not what waits to be collected
	runtime.GC()
	runtime.ReadMemStats(&before)
	var most atomic.Uint64
	done := make(chan struct{})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-done:
				return
			case <-time.After(20 * time.Millisecond):
				runtime.ReadMemStats(&m)
				if m.HeapAlloc > most.Load() {
					most.Store(m.HeapAlloc)
				}
			}
		}
	}()
	f()
	close(done)
	<-ended
	return most.Load() - min(most.Load(), before.HeapAlloc)
}

// TestFiftyThousandFiles writes and verifies a binder whose files are made while they are
// asked for. Memory goes with the number of files, not with their bytes.
func TestFiftyThousandFiles(t *testing.T) {
	if testing.Short() {
		t.Skip("it writes 400 MB")
	}
	const files, size = 50_000, 8 << 10
	s := bindertest.New(t, nil, 5)
	text := bytes.Repeat([]byte("x"), size)
	digest := bindertest.Sum(string(text))
	for i := range files {
		s.Contents.Files = append(s.Contents.Files, binder.File{Path: fmt.Sprintf("other/%05d.bin", i), Size: size, SHA256: digest})
	}
	open := s.Contents.Open
	s.Contents.Open = func(ctx context.Context, f binder.File) (io.ReadCloser, error) {
		if f.Size == size {
			return io.NopCloser(bytes.NewReader(text)), nil
		}
		return open(ctx, f)
	}
	path := filepath.Join(t.TempDir(), "binder.zip")
	var length int64
	wrote := peak(func() {
		b, err := binder.New(t.Context(), s.Contents)
		if err != nil {
			t.Fatal(err)
		}
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Write(t.Context(), f); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		length = b.Size
	})
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || info.Size() != length || length < files*size {
		t.Fatalf("got %v, %v, said %d", info.Size(), err, length)
	}
	var r binder.Report
	read := peak(func() {
		r, err = binder.Verify(t.Context(), f, length, binder.Options{Key: s.Signer.VerifierKey})
	})
	if err != nil || r.Files < files {
		t.Fatalf("%d files, %v", r.Files, err)
	}
	for _, p := range r.Problems { // they belong to no document, which is all that is wrong
		if !bytes.Contains([]byte(p), []byte("other/")) && p[:3] != "…" {
			t.Error(p)
		}
	}
	t.Logf("writing took %d MiB, verifying %d MiB, the archive has %d MiB", wrote>>20, read>>20, length>>20)
	if most := uint64(160 << 20); wrote > most || read > most {
		t.Errorf("writing took %d MiB and verifying %d MiB", wrote>>20, read>>20)
	}
}

// TestTheSizeIsKnownBeforehand where the longer fields of an archive begin.
func TestTheSizeIsKnownBeforehand(t *testing.T) {
	if os.Getenv("ASSAY_LONG") == "" {
		t.Skip("set ASSAY_LONG to hash 24 GiB")
	}
	for _, size := range []int64{1<<32 - 2, 1<<32 - 1, 1 << 32} {
		s := bindertest.New(t, nil, 1)
		h := sha256.New()
		_, _ = io.CopyN(h, zeros{}, size)
		s.Contents.Files = append(s.Contents.Files, binder.File{Path: "other/zeros", Size: size, SHA256: hex.EncodeToString(h.Sum(nil))})
		open := s.Contents.Open
		s.Contents.Open = func(ctx context.Context, f binder.File) (io.ReadCloser, error) {
			if f.Size == size {
				return io.NopCloser(io.LimitReader(zeros{}, size)), nil
			}
			return open(ctx, f)
		}
		b, err := binder.New(t.Context(), s.Contents)
		if err != nil {
			t.Fatal(err)
		}
		var n counter
		if err := b.Write(t.Context(), &n); err != nil {
			t.Fatal(err)
		}
		if int64(n) != b.Size {
			t.Errorf("with %d bytes it has %d, and was said to have %d", size, n, b.Size)
		}
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}
