package main

import (
	"archive/zip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestWhichArgumentIsABinder(t *testing.T) {
	for line, want := range map[string]struct {
		path string
		rest []string
	}{
		"b.zip":                      {"b.zip", nil},
		"b.zip -since old.note":      {"b.zip", []string{"-since", "old.note"}},
		"-since old.note b.zip":      {"b.zip", []string{"-since", "old.note"}},
		"-key=log.pub B.ZIP":         {"B.ZIP", []string{"-key=log.pub"}},
		"-db sqlite:///x":            {"", []string{"-db", "sqlite:///x"}},
		"-db sqlite:///x.zip":        {"", []string{"-db", "sqlite:///x.zip"}},
		"--help":                     {"", []string{"--help"}},
		"-key k -since s a.zip more": {"a.zip", []string{"-key", "k", "-since", "s", "more"}},
	} {
		path, rest := archiveOf(strings.Fields(line))
		if path != want.path || !reflect.DeepEqual(rest, want.rest) {
			t.Errorf("%s: got %q and %q", line, path, rest)
		}
	}
}

func TestVerifySaysWhatIsNoBinder(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "letter.zip")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(f)
	if _, err := z.Create("letter.txt"); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	renamed := filepath.Join(dir, "binder")
	if err := os.Rename(path, renamed); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"verify", renamed}, exitFailed, `the entry "letter.txt" is compressed`},
		{[]string{"verify", filepath.Join(dir, "missing.zip")}, exitUnusable, "no such file"},
		{[]string{"verify", renamed, "-db", "sqlite:///x"}, exitUnusable, "a binder or -db, not both"},
		{[]string{"verify", renamed, "-key", filepath.Join(dir, "missing")}, exitUnusable, "-key"},
	} {
		code, stdout, stderr := assay(t, nil, c.args...)
		if code != c.code || !strings.Contains(stdout+stderr, c.says) {
			t.Errorf("%q: %d, %s%s", c.args, code, stdout, stderr)
		}
	}
}
