package blob_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"assay/internal/blob"
)

func TestAFileThatComesInParts(t *testing.T) {
	d, dir := open(t)
	other, err := blob.Open(dir) // a second process takes every other part
	must(t, err)
	defer other.Close()
	for name, sizes := range map[string][]int{
		"one part": {700_001}, "two parts": {700_001, 3}, "many parts": {64 << 10, 64 << 10, 64<<10 + 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			var parts []blob.Part
			var whole []byte
			for n, size := range sizes {
				content := random(size)
				p, err := []*blob.Disk{d, other}[n%2].PutPart(t.Context(), blob.Part{}, bytes.NewReader(content), limit)
				must(t, err)
				if p.Size != int64(size) || p.Digest != sum(content) || !bytes.Equal(p.Head, content[:min(size, blob.HeadSize)]) {
					t.Errorf("acknowledged %+v", p)
				}
				parts, whole = append(parts, p), append(whole, content...)
			}
			for range 2 { // the second time somebody missed the answer to the first
				b, err := other.Join(t.Context(), parts)
				must(t, err)
				if b.Digest != sum(whole) || b.Size != int64(len(whole)) || !bytes.Equal(b.Head, whole[:min(len(whole), blob.HeadSize)]) {
					t.Errorf("joined to %s of %d bytes", b.Digest, b.Size)
				}
				must(t, blob.Verify(t.Context(), d, b.Digest))
			}
			for _, p := range parts {
				must(t, d.DropParts(t.Context(), p.Name, p.Name))
			}
			if left, err := d.OldParts(t.Context(), time.Now().Add(time.Hour)); err != nil || len(left) > 0 {
				t.Errorf("%v are left, %v", left, err)
			}
		})
	}
}

func TestPartsThatAreNotWhatTheyWere(t *testing.T) {
	write := func(content string) func(string) error {
		return func(p string) error {
			return errors.Join(os.Chmod(p, 0o600), os.WriteFile(p, []byte(content), 0o600))
		}
	}
	for name, damage := range map[string]func(string) error{
		"gone": os.Remove, "shorter": write("sec"), "other": write("sekond"), "other and longer": write("sekond, and more"),
	} {
		t.Run(name, func(t *testing.T) {
			d, dir := open(t)
			var parts []blob.Part
			for _, content := range []string{"first", "second"} {
				p, err := d.PutPart(t.Context(), blob.Part{}, strings.NewReader(content), limit)
				must(t, err)
				parts = append(parts, p)
			}
			must(t, damage(filepath.Join(dir, "parts", parts[1].Name)))
			if b, err := d.Join(t.Context(), parts); err == nil {
				t.Errorf("joined to %d bytes", b.Size)
			}
			if got := stored(t, dir); len(got) > 0 {
				t.Errorf("left %v", got)
			}
		})
	}
}

// put sends contents one after the other, each as what follows the part before it.
func put(t *testing.T, d *blob.Disk, contents ...string) (parts []blob.Part) {
	t.Helper()
	for _, content := range contents {
		var after blob.Part
		if n := len(parts); n > 0 {
			after = parts[n-1]
		}
		p, err := d.PutPart(t.Context(), after, strings.NewReader(content), limit)
		must(t, err)
		parts = append(parts, p)
	}
	return parts
}

// As long as one process takes a file it is written once: what follows is added to the part
// before it, which gets the name of a blob at the end.
func TestWhatFollowsIsAddedToThePartBeforeIt(t *testing.T) {
	d, dir := open(t)
	parts := put(t, d, "first, ", "second, ", "third")
	for n, p := range parts {
		if want := "first, second, third"[:[]int{7, 15, 20}[n]]; p.Name != parts[0].Name || p.Digest != sum([]byte(want)) || p.Size != int64(len(want)) || string(p.Head) != want {
			t.Errorf("acknowledged %+v, want %q", p, want)
		}
	}
	before, err := os.Stat(filepath.Join(dir, "parts", parts[2].Name))
	must(t, err)
	b, err := d.Join(t.Context(), parts[2:])
	must(t, err)
	after, err := os.Stat(filepath.Join(dir, "blobs", b.Digest[:2], b.Digest))
	must(t, err)
	if !os.SameFile(before, after) {
		t.Error("it was written a second time")
	}
	must(t, blob.Verify(t.Context(), d, b.Digest))
	// The caller's list may not have come that far: what was counted before is still there,
	// and nobody adds to bytes that are a blob.
	again, err := d.PutPart(t.Context(), parts[1], strings.NewReader("THIRD"), limit)
	must(t, err)
	if again.Name == parts[1].Name {
		t.Error("a blob was added to")
	}
	other, err := d.Join(t.Context(), []blob.Part{parts[1], again})
	must(t, err)
	if other.Digest != sum([]byte("first, second, THIRD")) {
		t.Errorf("joined to %s", other.Digest)
	}
	must(t, blob.Verify(t.Context(), d, b.Digest))
}

func TestWhatCannotBeAddedToIsFollowedByAPartOfItsOwn(t *testing.T) {
	d, dir := open(t)
	other, err := blob.Open(dir)
	must(t, err)
	defer other.Close()
	for name, c := range map[string]struct {
		by    *blob.Disk
		spoil func(p blob.Part)
	}{
		"another process took it": {other, func(blob.Part) {}},
		"its last stretch was never counted": {d, func(p blob.Part) {
			_, err := d.PutPart(t.Context(), p, strings.NewReader("lost"), limit)
			must(t, err)
		}},
		"its last stretch was too large": {d, func(p blob.Part) {
			if _, err := d.PutPart(t.Context(), p, bytes.NewReader(random(limit+1)), limit); !errors.Is(err, blob.ErrTooLarge) {
				t.Error(err)
			}
		}},
		"it was closed to make room": {d, func(blob.Part) {
			for range 70 {
				put(t, d, "another file")
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			first := put(t, d, "first, ")[0]
			c.spoil(first)
			second, err := c.by.PutPart(t.Context(), first, strings.NewReader("second"), limit)
			must(t, err)
			if second.Name == first.Name || second.Size != 6 {
				t.Errorf("acknowledged %+v after %+v", second, first)
			}
			b, err := d.Join(t.Context(), []blob.Part{first, second})
			must(t, err)
			if b.Digest != sum([]byte("first, second")) {
				t.Errorf("joined to %+v", b)
			}
			must(t, blob.Verify(t.Context(), d, b.Digest))
		})
	}
}

func TestADiskThatGivesAFileOneName(t *testing.T) {
	d, f, dir := openFailing(t)
	f.link = errors.ErrUnsupported
	p := put(t, d, "all, ", "of it")[1]
	b, err := d.Join(t.Context(), []blob.Part{p})
	must(t, err)
	if b.Digest != sum([]byte("all, of it")) {
		t.Errorf("joined to %+v", b)
	}
	must(t, blob.Verify(t.Context(), d, b.Digest))
	if got := stored(t, dir); len(got) != 1 {
		t.Errorf("left %v", got)
	}
}

func TestAFailedSyncOfAGrowingPart(t *testing.T) {
	d, f, _ := openFailing(t)
	first := put(t, d, "first, ")[0]
	f.sync = errors.New("input/output error")
	if _, err := d.PutPart(t.Context(), first, strings.NewReader("second"), limit); err == nil {
		t.Error("acknowledged without a sync")
	}
	f.sync = nil
	second, err := d.PutPart(t.Context(), first, strings.NewReader("second"), limit)
	must(t, err)
	if second.Name == first.Name { // Linux calls the lost pages clean
		t.Error("a file whose sync failed was synced again")
	}
	b, err := d.Join(t.Context(), []blob.Part{first, second})
	must(t, err)
	must(t, blob.Verify(t.Context(), d, b.Digest))
}

func TestAPartFollowsTheRulesOfPut(t *testing.T) {
	d, dir := open(t)
	if _, err := d.PutPart(t.Context(), blob.Part{}, bytes.NewReader(random(limit+1)), limit); !errors.Is(err, blob.ErrTooLarge) {
		t.Errorf("too large: %v", err)
	}
	must(t, os.WriteFile(filepath.Join(dir, "secret"), []byte("key"), 0o600))
	for _, name := range []string{"../secret", "", "..", strings.Repeat("A", 26)} {
		must(t, d.DropParts(t.Context(), name))
		for _, parts := range [][]blob.Part{{{Name: name, Digest: sum(nil), Size: 3}}, {{Name: name, Size: 3}, {Name: name}}} {
			if _, err := d.Join(t.Context(), parts); !errors.Is(err, blob.ErrNotFound) {
				t.Errorf("joined %q: %v", name, err)
			}
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "secret")); err != nil {
		t.Error(err)
	}
	if left, err := filepath.Glob(filepath.Join(dir, "parts", "*")); err != nil || len(left) > 0 {
		t.Errorf("left %v, %v", left, err)
	}
}

func TestOnlyOldPartsAreOld(t *testing.T) {
	d, dir := open(t)
	p, err := d.PutPart(t.Context(), blob.Part{}, strings.NewReader("x"), limit)
	must(t, err)
	aged, err := d.PutPart(t.Context(), blob.Part{}, strings.NewReader("y"), limit)
	must(t, err)
	yesterday := time.Now().Add(-25 * time.Hour)
	must(t, os.Chtimes(filepath.Join(dir, "parts", aged.Name), yesterday, yesterday))
	old, err := d.OldParts(t.Context(), time.Now().Add(-24*time.Hour))
	must(t, err)
	if len(old) != 1 || old[0] != aged.Name {
		t.Errorf("old: %v, want %s and not %s", old, aged.Name, p.Name)
	}
}
