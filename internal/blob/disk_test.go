package blob_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/iotest"
	"time"

	"assay/internal/blob"
)

const limit = 1 << 20

func open(t *testing.T) (*blob.Disk, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "new", "blobs")
	d, err := blob.Open(dir)
	must(t, err)
	t.Cleanup(func() { must(t, d.Close()) })
	return d, dir
}

func sum(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

// stored lists the files below dir that are blobs or uploads on their way.
func stored(t *testing.T, dir string) (names []string) {
	t.Helper()
	for _, pattern := range []string{"blobs/*/*", "tmp/*"} {
		found, err := filepath.Glob(filepath.Join(dir, pattern))
		must(t, err)
		names = append(names, found...)
	}
	return names
}

func TestWhatIsPutComesBack(t *testing.T) {
	d, _ := open(t)
	for name, size := range map[string]int{
		"nothing": 0, "one byte": 1, "exactly one buffer": 64 << 10,
		"one byte more than a buffer": 64<<10 + 1, "many buffers": 700_001, "exactly the limit": limit,
	} {
		t.Run(name, func(t *testing.T) {
			content := random(size)
			b, err := d.Put(t.Context(), bytes.NewReader(content), limit)
			must(t, err)
			if b.Digest != sum(content) || b.Size != int64(size) {
				t.Errorf("acknowledged %s of %d bytes, want %s of %d", b.Digest, b.Size, sum(content), size)
			}
			if !bytes.Equal(b.Head, content[:min(size, blob.HeadSize)]) {
				t.Errorf("the head of %d bytes is not the beginning of the content", len(b.Head))
			}
			r, info, err := d.Open(t.Context(), b.Digest)
			must(t, err)
			defer r.Close()
			got, err := io.ReadAll(r)
			must(t, err)
			if !bytes.Equal(got, content) {
				t.Error("other bytes came back")
			}
			if stat, err := d.Stat(t.Context(), b.Digest); err != nil || stat != info || info.Size != int64(size) {
				t.Errorf("Stat says %v, %v; Open said %v", stat, err, info)
			}
			must(t, blob.Verify(t.Context(), d, b.Digest))
		})
	}
}

func TestAnUploadThatFailsLeavesNothing(t *testing.T) {
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	midway, stop := context.WithCancel(t.Context())
	defer stop()
	broken := errors.New("the line is dead")
	for name, c := range map[string]struct {
		ctx  context.Context
		r    io.Reader
		want error
	}{
		"one byte more than the limit": {t.Context(), bytes.NewReader(random(limit + 1)), blob.ErrTooLarge},
		"a sender that fails at once":  {t.Context(), iotest.ErrReader(broken), broken},
		"a sender that fails midway": {t.Context(), io.MultiReader(
			bytes.NewReader(random(200_000)), iotest.ErrReader(broken)), broken},
		"a request body cut short": {t.Context(), io.MultiReader(
			bytes.NewReader(random(200_000)), iotest.ErrReader(io.ErrUnexpectedEOF)), io.ErrUnexpectedEOF},
		"a context that ended before": {cancelled, bytes.NewReader(random(10)), context.Canceled},
		"a context that ends midway": {midway, io.MultiReader(
			bytes.NewReader(random(200_000)), calls(stop), bytes.NewReader(random(200_000))), context.Canceled},
		"a context that ends with the last byte": {midway, calls(stop), context.Canceled},
	} {
		t.Run(name, func(t *testing.T) {
			d, dir := open(t)
			b, err := d.Put(c.ctx, c.r, limit)
			if !errors.Is(err, c.want) {
				t.Errorf("error %v, want %v", err, c.want)
			}
			if b.Digest != "" || len(stored(t, dir)) > 0 {
				t.Errorf("left %q and %v", b.Digest, stored(t, dir))
			}
		})
	}
}

// calls is an empty reader that runs f when it is read.
type calls func()

func (f calls) Read([]byte) (int, error) { f(); return 0, io.EOF }

func TestTheSameBytesAreStoredOnceHoweverManySendThem(t *testing.T) {
	d, dir := open(t)
	other, err := blob.Open(dir) // a second process
	must(t, err)
	defer other.Close()
	content := random(300_000)
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			b, err := []*blob.Disk{d, other}[i%2].Put(t.Context(), bytes.NewReader(content), limit)
			if err != nil || b.Digest != sum(content) {
				t.Errorf("Put: %v, %v", b.Digest, err)
				return
			}
			if err := blob.Verify(t.Context(), d, b.Digest); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := stored(t, dir); len(got) != 1 {
		t.Errorf("stored %v, want one file", got)
	}
}

func TestRottenBytesAreFoundAndHealedByTheSameUpload(t *testing.T) {
	d, dir := open(t)
	content := []byte("the population of August")
	b, err := d.Put(t.Context(), bytes.NewReader(content), limit)
	must(t, err)
	file := filepath.Join(dir, "blobs", b.Digest[:2], b.Digest)
	must(t, os.Chmod(file, 0o600))
	must(t, os.WriteFile(file, []byte("the population of Angust"), 0o600))
	if err := blob.Verify(t.Context(), d, b.Digest); !errors.Is(err, blob.ErrCorrupt) {
		t.Errorf("Verify of changed bytes: %v, want ErrCorrupt", err)
	}
	_, err = d.Put(t.Context(), bytes.NewReader(content), limit)
	must(t, err)
	must(t, blob.Verify(t.Context(), d, b.Digest))
}

func TestOnlyADigestFindsABlob(t *testing.T) {
	d, dir := open(t)
	must(t, os.WriteFile(filepath.Join(dir, "secret"), []byte("key"), 0o600))
	b, err := d.Put(t.Context(), strings.NewReader("x"), limit)
	must(t, err)
	for _, digest := range []string{
		"", "a", "../secret", "../../secret", strings.Repeat("0", 64), strings.ToUpper(b.Digest),
		b.Digest + "/", b.Digest[:2], strings.Repeat("../", 20) + "etc", b.Digest[:63] + "\x00",
	} {
		_, _, openErr := d.Open(t.Context(), digest)
		_, statErr := d.Stat(t.Context(), digest)
		if !errors.Is(openErr, blob.ErrNotFound) || !errors.Is(statErr, blob.ErrNotFound) {
			t.Errorf("%q: Open %v, Stat %v, want ErrNotFound", digest, openErr, statErr)
		}
	}
}

func TestStartingSweepsWhatACrashLeftADayAgo(t *testing.T) {
	d, dir := open(t)
	_, err := d.Put(t.Context(), strings.NewReader("kept"), limit)
	must(t, err)
	for name, age := range map[string]time.Duration{"OLD": 25 * time.Hour, "RUNNING": time.Hour} {
		file := filepath.Join(dir, "tmp", name)
		must(t, os.WriteFile(file, []byte("half"), 0o600))
		when := time.Now().Add(-age)
		must(t, os.Chtimes(file, when, when))
	}
	again, err := blob.Open(dir)
	must(t, err)
	defer again.Close()
	var names []string
	for _, name := range stored(t, dir) {
		names = append(names, filepath.Base(name))
	}
	want := []string{sum([]byte("kept")), "RUNNING"}
	if len(names) != 2 || names[0] != want[0] || names[1] != want[1] {
		t.Errorf("left %v, want %v", names, want)
	}
}

func TestADirectoryThatCannotBeUsedIsNamed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(file, nil, 0o600))
	_, err := blob.Open(filepath.Join(file, "blobs"))
	if err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("a directory below a file: %v", err)
	}
	tmpIsFile := t.TempDir()
	must(t, os.WriteFile(filepath.Join(tmpIsFile, "tmp"), nil, 0o600))
	_, err = blob.Open(tmpIsFile)
	if err == nil || !strings.Contains(err.Error(), tmpIsFile+" cannot be written to") {
		t.Errorf("a store that cannot hold uploads: %v", err)
	}
}

func TestAnAddressNamesADirectory(t *testing.T) {
	dir := t.TempDir()
	s, err := blob.OpenURL("file://"+filepath.ToSlash(dir), blob.Credentials{})
	must(t, err)
	must(t, s.Check(t.Context()))
	for _, address := range []string{
		"", dir, "file:blobs", "file://host/blobs", "ftp://bucket", "file://", "file:///a?b=c", "file:///%zz",
	} {
		if _, err := blob.OpenURL(address, blob.Credentials{}); err == nil {
			t.Errorf("%q was accepted", address)
		}
	}
}

// failing is a disk whose writes or syncs fail.
type failing struct {
	blob.FileSystem
	write, sync, syncDir, link error
	free, total                uint64
}

func (f *failing) Room() (free, total uint64, err error) { return f.free, f.total, nil }

func (f *failing) Create(name string) (blob.File, error) {
	file, err := f.FileSystem.Create(name)
	return failingFile{file, f}, err
}

func (f *failing) Link(from, to string) error {
	if f.link != nil {
		return f.link
	}
	return f.FileSystem.Link(from, to)
}

func (f *failing) SyncDir(name string) error {
	return errors.Join(f.syncDir, f.FileSystem.SyncDir(name))
}

type failingFile struct {
	blob.File
	f *failing
}

func (f failingFile) Write(p []byte) (int, error) {
	if f.f.write != nil {
		return 0, f.f.write
	}
	return f.File.Write(p)
}

func (f failingFile) Sync() error { return errors.Join(f.f.sync, f.File.Sync()) }

func openFailing(t *testing.T) (*blob.Disk, *failing, string) {
	t.Helper()
	dir := t.TempDir()
	files, err := blob.OpenDisk(dir)
	must(t, err)
	f := &failing{FileSystem: files}
	d, err := blob.OpenOn(f, time.Now())
	must(t, err)
	t.Cleanup(func() { must(t, d.Close()) })
	return d, f, dir
}

func TestAFullDiskIsToldApartAndRecovers(t *testing.T) {
	d, f, dir := openFailing(t)
	f.write = syscall.ENOSPC
	if _, err := d.Put(t.Context(), strings.NewReader("x"), limit); !errors.Is(err, blob.ErrFull) {
		t.Errorf("Put: %v, want ErrFull", err)
	}
	if err := d.Check(t.Context()); !errors.Is(err, blob.ErrFull) {
		t.Errorf("Check: %v, want ErrFull", err)
	}
	if got := stored(t, dir); len(got) > 0 {
		t.Errorf("left %v", got)
	}
	f.write = nil
	must(t, d.Check(t.Context()))
	_, err := d.Put(t.Context(), strings.NewReader("x"), limit)
	must(t, err)
}

func TestTheLastOfTheDiskIsLeftToTheDatabase(t *testing.T) {
	d, f, _ := openFailing(t)
	for _, c := range []struct {
		sentence    string
		free, total uint64
		full        bool
	}{
		{"room unknown", 0, 0, false},
		{"a small disk with a tenth left", 10 << 20, 100 << 20, false},
		{"a small disk with less than a twentieth left", 4 << 20, 100 << 20, true},
		{"a large disk with two gigabytes left", 2 << 30, 1 << 40, false},
		{"a large disk with half a gigabyte left", 1 << 29, 1 << 40, true},
	} {
		f.free, f.total = c.free, c.total
		_, err := d.Put(t.Context(), strings.NewReader(c.sentence), limit)
		if errors.Is(err, blob.ErrFull) != c.full || errors.Is(d.Check(t.Context()), blob.ErrFull) != c.full {
			t.Errorf("%s: Put says %v", c.sentence, err)
		}
	}
}

func TestAFailedSyncFailsTheUploadAndTwoInARowTheStore(t *testing.T) {
	for name, fail := range map[string]func(*failing, error){
		"of the file":      func(f *failing, err error) { f.sync = err },
		"of the directory": func(f *failing, err error) { f.syncDir = err },
	} {
		t.Run(name, func(t *testing.T) {
			d, f, _ := openFailing(t)
			put := func() error {
				_, err := d.Put(t.Context(), strings.NewReader("x"), limit)
				return err
			}
			fail(f, syscall.EIO)
			if err := put(); !errors.Is(err, syscall.EIO) {
				t.Errorf("Put: %v, want EIO", err)
			}
			fail(f, nil)
			must(t, put())
			must(t, d.Check(t.Context()))

			fail(f, syscall.EIO)
			for range 2 {
				if put() == nil {
					t.Error("an upload whose sync failed was acknowledged")
				}
			}
			fail(f, nil)
			if d.Check(t.Context()) == nil {
				t.Error("the store calls itself fit after two failed syncs in a row")
			}
		})
	}
}

// The figure that matters is per upload and independent of size; the pool may have been
// emptied by the collector, so it covers one full set of buffers. The runtime counts what the
// whole process took, of which an upload is never more: the least of several is the closest.
func TestAnUploadTakesABoundedAmountOfMemory(t *testing.T) {
	d, _ := open(t)
	const size = 64 << 20
	least := uint64(math.MaxUint64)
	for range 10 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := d.Put(t.Context(), io.LimitReader(zeros{}, size), size)
		must(t, err)
		runtime.ReadMemStats(&after)
		least = min(least, after.TotalAlloc-before.TotalAlloc)
	}
	if least > 256<<10 {
		t.Errorf("64 MiB took %d KiB of memory, want at most 256", least>>10)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func random(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rand.Uint32())
	}
	return b
}

func BenchmarkPut(b *testing.B) {
	d, err := blob.Open(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer d.Close()
	const size = 64 << 20
	b.SetBytes(size)
	for b.Loop() {
		if _, err := d.Put(b.Context(), io.LimitReader(zeros{}, size), size); err != nil {
			b.Fatal(err)
		}
	}
}
