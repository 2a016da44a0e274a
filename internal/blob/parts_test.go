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
				p, err := []*blob.Disk{d, other}[n%2].PutPart(t.Context(), bytes.NewReader(content), limit)
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
	for name, damage := range map[string]func(string) error{
		"gone":    os.Remove,
		"shorter": func(p string) error { return errors.Join(os.Chmod(p, 0o600), os.Truncate(p, 3)) },
		"longer": func(p string) error {
			return errors.Join(os.Chmod(p, 0o600), os.WriteFile(p, []byte("second, and more"), 0o600))
		},
	} {
		t.Run(name, func(t *testing.T) {
			d, dir := open(t)
			var parts []blob.Part
			for _, content := range []string{"first", "second"} {
				p, err := d.PutPart(t.Context(), strings.NewReader(content), limit)
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

func TestAPartFollowsTheRulesOfPut(t *testing.T) {
	d, dir := open(t)
	if _, err := d.PutPart(t.Context(), bytes.NewReader(random(limit+1)), limit); !errors.Is(err, blob.ErrTooLarge) {
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
	p, err := d.PutPart(t.Context(), strings.NewReader("x"), limit)
	must(t, err)
	aged, err := d.PutPart(t.Context(), strings.NewReader("y"), limit)
	must(t, err)
	yesterday := time.Now().Add(-25 * time.Hour)
	must(t, os.Chtimes(filepath.Join(dir, "parts", aged.Name), yesterday, yesterday))
	old, err := d.OldParts(t.Context(), time.Now().Add(-24*time.Hour))
	must(t, err)
	if len(old) != 1 || old[0] != aged.Name {
		t.Errorf("old: %v, want %s and not %s", old, aged.Name, p.Name)
	}
}
