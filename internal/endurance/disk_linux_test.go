package endurance_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// small mounts a disk of some MiB, which goes with the test.
func small(t *testing.T, mib int) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("assay-test", dir, "tmpfs", 0, fmt.Sprintf("size=%dm", mib)); err != nil {
		t.Skipf("A small disk cannot be mounted here (%v); the tests of the blob store fill one that pretends.", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// fill leaves some KiB of a disk free.
func fill(t *testing.T, dir string, leave int64) {
	t.Helper()
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(filepath.Join(dir, "filler"))
	if err == nil {
		_, err = io.CopyN(f, zeros{}, int64(s.Bavail)*s.Bsize-leave<<10)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func TestAFullDiskStopsUploadsAndNothingElse(t *testing.T) {
	dir, addr := small(t, 64), freeAddr(t)
	s := found(t, dir, "", addr)
	v := s.serve(addr)
	s.signIn()
	l := s.work()
	time.Sleep(time.Second)
	l.rest()
	l.quiet()
	before := l.acknowledged()

	// Less than the twentieth that is kept for the database.
	fill(t, dir, 2<<10)
	if err := l.upload()(); err == nil || err.Error() != "upload: 507" {
		t.Errorf("an upload on a full disk: %v", err)
	}
	for name, do := range map[string]func() func() error{"a record": l.record, "a page": l.read} {
		if err := do()(); err != nil {
			t.Errorf("%s on a disk that is full but for its reserve: %v", name, err)
		}
	}
	must(t, os.Remove(filepath.Join(dir, "filler")))
	if err := l.upload()(); err != nil {
		t.Errorf("an upload once there is room: %v", err)
	}

	// Not a byte left, not even for the database.
	fill(t, dir, 0)
	if err := l.upload()(); err == nil || err.Error() != "upload: 507" {
		t.Errorf("an upload on a disk without a byte: %v", err)
	}
	refused := 0
	for range 200 {
		if err := l.record()(); err != nil {
			if !strings.HasSuffix(err.Error(), ": 507") {
				t.Errorf("a record on a disk without a byte: %v", err)
			}
			refused++
			break
		}
	}
	t.Logf("records were refused: %v", refused > 0)
	for _, path := range []string{"/controls", "/evidence", "/evidence/E-1", "/evidence/E-1/files/1", "/activity"} {
		if code, _, err := l.send(http.MethodGet, path, "", http.NoBody); err != nil || code != http.StatusOK {
			t.Errorf("%s on a disk without a byte: %d, %v", path, code, err)
		}
	}
	must(t, os.Remove(filepath.Join(dir, "filler")))
	for began := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		err := l.record()()
		if err == nil {
			err = l.upload()()
		}
		if err == nil {
			break
		}
		if time.Since(began) > 5*time.Second {
			t.Fatalf("five seconds after there is room: %v", err)
		}
	}
	v.stop()
	l.settle()
	t.Logf("%d acknowledged before, %d in all", before, l.acknowledged())
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
