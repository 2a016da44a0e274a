package binder_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"io"
	"io/fs"
	"runtime"
	"strings"
	"testing"

	"assay/internal/binder"
	"assay/internal/binder/bindertest"
)

// An entry is one file of an archive that a test makes.
type entry struct {
	name, text string
	change     func(*zip.FileHeader)
}

func zipped(tb testing.TB, comment string, entries ...entry) []byte {
	tb.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, e := range entries {
		h := &zip.FileHeader{Name: e.name, Method: zip.Store, Modified: bindertest.Frozen}
		if e.change != nil {
			e.change(h)
		}
		w, err := z.CreateHeader(h)
		if err == nil && !strings.HasSuffix(e.name, "/") {
			_, err = io.WriteString(w, e.text)
		}
		if err != nil {
			tb.Fatal(err)
		}
	}
	if err := z.SetComment(comment); err != nil {
		tb.Fatal(err)
	}
	if err := z.Close(); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

// entriesOf are the files of an archive, for packing them again.
func entriesOf(tb testing.TB, archive []byte) (out []entry) {
	tb.Helper()
	z, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		tb.Fatal(err)
	}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			tb.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			tb.Fatal(err)
		}
		out = append(out, entry{name: f.Name, text: string(b)})
	}
	return out
}

func evidence() map[string]string {
	return map[string]string{"01-a.csv": "a,b\n1,2\n", "02-b.txt": strings.Repeat("evidence ", 3000), "03-empty": ""}
}

func TestASmallBinderHolds(t *testing.T) {
	for _, others := range []int{0, 1, 2, 127, 128, 300, 700} {
		s := bindertest.New(t, evidence(), others)
		archive := s.Archive()
		if problems := s.Verify(archive); len(problems) > 0 {
			t.Errorf("%d others: %s", others, strings.Join(problems, "\n"))
		}
		if again := zipped(t, "", entriesOf(t, archive)...); !bytes.Equal(again, archive) {
			t.Error("what was unpacked and packed again is another archive")
		}
	}
}

// directory patches the entry of a file in the table of contents. Offsets are those of the
// header there: 8 flags, 20 compressed size, 24 size, 42 place.
func directory(tb testing.TB, archive []byte, name string, at int, value uint32, size int) []byte {
	tb.Helper()
	out := bytes.Clone(archive)
	found := bytes.LastIndex(out, []byte(name))
	if found < 46 || !bytes.HasPrefix(out[found-46:], []byte("PK\x01\x02")) {
		tb.Fatalf("no entry %s", name)
	}
	if size == 2 {
		binary.LittleEndian.PutUint16(out[found-46+at:], uint16(value))
	} else {
		binary.LittleEndian.PutUint32(out[found-46+at:], value)
	}
	return out
}

func TestHostileArchivesAreRefused(t *testing.T) {
	s := bindertest.New(t, evidence(), 3)
	good := s.Archive()
	all := entriesOf(t, good)
	with := func(e ...entry) []byte { return zipped(t, "", append(append([]entry{}, all...), e...)...) }
	bomb := entry{"evidence/zeros", strings.Repeat("\x00", 64<<20), func(h *zip.FileHeader) { h.Method = zip.Deflate }}
	for what, c := range map[string]struct {
		archive []byte
		says    string
	}{
		"a bomb":                     {with(bomb), "is compressed"},
		"a way out":                  {with(entry{name: "../../etc/cron.d/x"}), "leads out of the binder"},
		"a way out in the middle":    {with(entry{name: "evidence/../../x"}), "leads out of the binder"},
		"an absolute path":           {with(entry{name: "/etc/passwd"}), "leads out of the binder"},
		"a drive":                    {with(entry{name: "C:/x"}), "leads out of the binder"},
		"backslashes":                {with(entry{name: `..\..\x`}), "leads out of the binder"},
		"a device":                   {with(entry{name: "evidence/aux.txt"}), "leads out of the binder"},
		"a dot at the end":           {with(entry{name: "README.html."}), "leads out of the binder"},
		"a zero byte":                {with(entry{name: "a\x00b"}), "leads out of the binder"},
		"a folder":                   {with(entry{name: "evidence/x/"}), "leads out of the binder"},
		"no name":                    {with(entry{name: ""}), "leads out of the binder"},
		"a long name":                {with(entry{name: strings.Repeat("a", 5000)}), "leads out of the binder"},
		"a name twice":               {with(entry{name: "manifest.json", text: "{}"}), "is there twice"},
		"a name in other capitals":   {with(entry{name: "Manifest.JSON", text: "{}"}), "is there twice"},
		"a link":                     {with(entry{"evidence/link", "/etc/passwd", func(h *zip.FileHeader) { h.SetMode(fs.ModeSymlink | 0o777) }}), "is no plain file"},
		"a device file":              {with(entry{"evidence/dev", "", func(h *zip.FileHeader) { h.SetMode(fs.ModeDevice | 0o666) }}), "is no plain file"},
		"encryption":                 {directory(t, good, "engagement.json", 8, 9, 2), "is encrypted"},
		"two lengths":                {directory(t, good, "engagement.json", 20, 1, 4), "two different lengths"},
		"a length beyond the end":    {directory(t, directory(t, good, "engagement.json", 20, 1<<31, 4), "engagement.json", 24, 1<<31, 4), "longer than the archive"},
		"a shorter length":           {directory(t, directory(t, good, "evidence/CM-01/E-1/02-b.txt", 20, 100, 4), "evidence/CM-01/E-1/02-b.txt", 24, 100, 4), "is not laid out as a binder is"},
		"entries over each other":    {directory(t, good, "evidence/CM-01/E-1/02-b.txt", 42, 0, 4), "is not laid out as a binder is"},
		"bytes before the archive":   {append([]byte("#!/bin/sh\nexit\n"), good...), "is not laid out as a binder is"},
		"bytes after the archive":    {append(bytes.Clone(good), "more"...), "does not end as a binder ends"},
		"a comment":                  {zipped(t, "hidden", all...), "does not end as a binder ends"},
		"a comment of a file":        {zipped(t, "", append(append([]entry{}, all[:len(all)-1]...), entry{all[len(all)-1].name, all[len(all)-1].text, func(h *zip.FileHeader) { h.Comment = "hidden" }})...), "is not laid out as a binder is"},
		"another order":              {zipped(t, "", append(append([]entry{}, all[1:]...), all[0])...), "is not laid out as a binder is"},
		"another time":               {zipped(t, "", append([]entry{{all[0].name, all[0].text, func(h *zip.FileHeader) { h.Modified = bindertest.Frozen.AddDate(1, 0, 0) }}}, all[1:]...)...), "is not laid out as a binder is"},
		"a directory that is a lie":  {patchEnd(good, 10, 0xfffe), "cannot be read"},
		"a directory without an end": {patchEnd32(good, 12, 1<<30), "more than a binder has"},
		"nothing":                    {nil, "too short"},
		"no archive":                 {bytes.Repeat([]byte("x"), 5000), "does not end as a binder ends"},
		"an archive of others":       {zipped(t, "", entry{name: "letter.txt", text: "hello"}), "no binder of Assay"},
	} {
		s.Names(what, c.archive, c.says)
	}
}

func patchEnd(archive []byte, at int, value uint16) []byte {
	out := bytes.Clone(archive)
	binary.LittleEndian.PutUint16(out[len(out)-22+at:], value)
	return out
}

func patchEnd32(archive []byte, at int, value uint32) []byte {
	out := bytes.Clone(archive)
	binary.LittleEndian.PutUint32(out[len(out)-22+at:], value)
	return out
}

// TestEveryCutIsFound cuts an archive short at every place near its ends and at many
// between, and changes single bytes all over it.
func TestEveryCutIsFound(t *testing.T) {
	s := bindertest.New(t, map[string]string{"01-a.csv": "a,b\n"}, 2)
	good := s.Archive()
	for n := 0; n < len(good); n++ {
		if n > 300 && n < len(good)-300 && n%97 != 0 {
			continue
		}
		if len(s.Verify(good[:n])) == 0 {
			t.Fatalf("cut after %d of %d bytes, it holds", n, len(good))
		}
		other := bytes.Clone(good)
		other[n] ^= 0x20
		if len(s.Verify(other)) == 0 {
			t.Fatalf("with another byte %d of %d, it holds", n, len(good))
		}
	}
}

// TestABombTakesNoMemory: neither what an archive says nor what it would unpack to counts.
func TestABombTakesNoMemory(t *testing.T) {
	s := bindertest.New(t, evidence(), 3)
	var many []entry
	many = append(many, entriesOf(t, s.Archive())...)
	for i := range 20 {
		many = append(many, entry{"evidence/zeros" + string(rune('a'+i)), strings.Repeat("\x00", 16<<20), func(h *zip.FileHeader) { h.Method = zip.Deflate }})
	}
	bomb := zipped(t, "", many...)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	s.Names("a bomb", bomb, "is compressed")
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; took > 16<<20 {
		t.Errorf("it took %d MiB", took>>20)
	}
}

func FuzzVerify(f *testing.F) {
	s := bindertest.New(f, map[string]string{"01-a.csv": "a,b\n"}, 2)
	good := s.Archive()
	f.Add(good)
	f.Add(good[:len(good)-1])
	f.Add(zipped(f, "", entry{name: "manifest.json", text: "{}"}, entry{name: "signature", text: "x"}))
	f.Add(zipped(f, "x", entry{name: "../x"}))
	f.Fuzz(func(t *testing.T, archive []byte) {
		r, err := binder.Verify(t.Context(), bytes.NewReader(archive), int64(len(archive)), binder.Options{Key: s.Signer.VerifierKey})
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Problems) == 0 && !bytes.Equal(archive, good) {
			t.Error("another archive holds under the key of this one")
		}
	})
}
