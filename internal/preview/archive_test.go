package preview_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"assay/internal/preview"
)

func zipped(t *testing.T, f func(*zip.Writer) error) *bytes.Reader {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	if err := errors.Join(f(w), w.Close()); err != nil {
		t.Fatal(err)
	}
	return bytes.NewReader(b.Bytes())
}

func TestAnArchiveIsListedAndNeverUnpacked(t *testing.T) {
	got, err := preview.ZIP(zipped(t, func(w *zip.Writer) error {
		for _, name := range []string{"exports/october.csv", "../../etc/passwd", "/etc/shadow", `..\windows.ini`, "C:/autoexec.bat", "a/../../up.txt", "a/../fine.txt"} {
			f, err := w.Create(name)
			if err != nil {
				return err
			}
			if _, err := io.WriteString(f, "user,kept\n"); err != nil {
				return err
			}
		}
		link := &zip.FileHeader{Name: "link"}
		link.SetMode(fs.ModeSymlink | 0o777)
		if _, err := w.CreateHeader(link); err != nil {
			return err
		}
		_, err := w.Create("folder/")
		return err
	}))
	if err != nil {
		t.Fatal(err)
	}
	warned := map[string]bool{}
	for _, e := range got.Entries {
		warned[e.Name] = e.Warning != ""
	}
	for name, want := range map[string]bool{
		"exports/october.csv": false, "../../etc/passwd": true, "/etc/shadow": true, `..\windows.ini`: true,
		"C:/autoexec.bat": true, "a/../../up.txt": true, "a/../fine.txt": false, "link": true, "folder/": false,
	} {
		if got, ok := warned[name]; !ok || got != want {
			t.Errorf("%s: listed %v, warned %v, want %v", name, ok, got, want)
		}
	}
	if got.Files != 8 || got.Size != 70 || len(got.Warnings) != 0 {
		t.Errorf("got %d files of %d bytes, %v", got.Files, got.Size, got.Warnings)
	}
}

func TestAnArchiveThatIsABombIsCalledOne(t *testing.T) {
	got, err := preview.ZIP(zipped(t, func(w *zip.Writer) error {
		f, err := w.Create("zeros.txt")
		if err == nil {
			_, err = f.Write(make([]byte, 8<<20))
		}
		return err
	}))
	if err != nil || len(got.Warnings) != 1 {
		t.Errorf("got %v, %v", got.Warnings, err)
	}
}

func TestArchivesThatNobodyCouldCheck(t *testing.T) {
	many := func(n int) *bytes.Reader {
		return zipped(t, func(w *zip.Writer) error {
			for i := range n {
				if _, err := w.CreateHeader(&zip.FileHeader{Name: fmt.Sprintf("%0200d", i)}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if got, err := preview.ZIP(many(10_000)); err != nil || got.Files != 10_000 || len(got.Entries) != preview.MaxEntries {
		t.Errorf("10,000 entries: %d of %d, %v", len(got.Entries), got.Files, err)
	}
	var why preview.Refusal
	if _, err := preview.ZIP(many(10_001)); !errors.As(err, &why) || !strings.Contains(string(why), "10001 files") {
		t.Errorf("10,001 entries: %v", err)
	}
	if _, err := preview.ZIP(many(60_000)); !errors.Is(err, preview.ErrTooLarge) {
		t.Errorf("a table of 15 MB: %v", err)
	}
	for name, b := range map[string][]byte{"nothing": nil, "noise": []byte(strings.Repeat("PK", 1000)), "half": readAll(many(10))[:500]} {
		if _, err := preview.ZIP(bytes.NewReader(b)); !errors.Is(err, preview.ErrBroken) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// A table that says to be larger than the file.
	lie := readAll(many(3))
	binary.LittleEndian.PutUint32(lie[len(lie)-10:], 1<<31)
	if _, err := preview.ZIP(bytes.NewReader(lie)); err == nil {
		t.Error("a table larger than its file was listed")
	}
}

func readAll(r io.Reader) []byte {
	b, err := io.ReadAll(r)
	if err != nil {
		panic(err)
	}
	return b
}

func TestEachSheetOfAWorkbook(t *testing.T) {
	f := excelize.NewFile()
	for n, name := range []string{"Leavers", "Joiners"} {
		if _, err := f.NewSheet(name); err != nil {
			t.Fatal(err)
		}
		if err := f.SetCellValue(name, "A1", name+fmt.Sprint(n)); err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	for sheet, want := range map[int]string{0: "Sheet1", 1: "Leavers", 2: "Joiners", 3: "Sheet1", -1: "Sheet1"} {
		got, err := preview.XLSX(t.Context(), bytes.NewReader(b.Bytes()), sheet)
		if err != nil || got.Sheet != want || len(got.Sheets) != 3 {
			t.Errorf("sheet %d is %q of %q, %v", sheet, got.Sheet, got.Sheets, err)
		}
	}
}

// A log is a file of 100 MB that exists only where it is read.
type log struct{ at int64 }

const (
	logLine = "2026-10-31T09:00:00Z gateway ok 0123456789 0123456789 0123456789\n"
	logSize = int64(len(logLine)) * 1_600_000
)

func (l *log) Read(p []byte) (int, error) {
	if l.at >= logSize {
		return 0, io.EOF
	}
	n := 0
	for ; n < len(p) && l.at < logSize; n++ {
		p[n] = logLine[l.at%int64(len(logLine))]
		l.at++
	}
	return n, nil
}

func (l *log) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekStart:
		l.at = offset
	case io.SeekCurrent:
		l.at += offset
	case io.SeekEnd:
		l.at = logSize + offset
	}
	return l.at, nil
}

func TestALogOf100MBIsTurnedByPages(t *testing.T) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	at := func(offset int64) preview.Text {
		t.Helper()
		got, err := preview.TextAt(&log{}, offset)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range got.Lines {
			if line != strings.TrimSuffix(logLine, "\n") {
				t.Fatalf("from %d a line is cut: %q", offset, line)
			}
		}
		return got
	}
	first := at(0)
	second := at(first.Next)
	last := at(first.Last)
	if last.More || last.Next != 0 || last.Start+int64(len(last.Lines)*len(logLine)) != logSize {
		t.Errorf("the last part begins at %d and has %d lines", last.Start, len(last.Lines))
	}
	before2 := at(last.Prev)
	if before2.Next < last.Start {
		t.Errorf("between %d and %d nothing is shown", before2.Next, last.Start)
	}
	if back := at(second.Prev); back.Start != 0 && back.Next < second.Start {
		t.Errorf("back from %d one sees %d to %d", second.Start, back.Start, back.Next)
	}
	runtime.ReadMemStats(&after)
	if spent := after.TotalAlloc - before.TotalAlloc; spent > 8<<20 {
		t.Errorf("five parts of 100 MB allocated %d KiB", spent>>10)
	}
}

// TestArchivesThatNobodyShouldUnpack are refused when they come in; what only deserves a
// warning is taken.
func TestArchivesThatNobodyShouldUnpack(t *testing.T) {
	with := func(names ...string) func(*zip.Writer) error {
		return func(w *zip.Writer) error {
			for _, name := range names {
				f, err := w.Create(name)
				if err != nil {
					return err
				}
				if _, err := io.WriteString(f, "user,kept\n"); err != nil {
					return err
				}
			}
			return nil
		}
	}
	many := make([]string, 10_001)
	for i := range many {
		many[i] = fmt.Sprint(i)
	}
	late := append(slices.Clone(many[:600]), "../../up.txt") // further down than a page shows
	for name, c := range map[string]struct {
		fill func(*zip.Writer) error
		want string
	}{
		"exports":                {with("a.csv", "b/c.csv", "at 10:30.log", "a/../fine.txt"), ""},
		"an archive in it":       {with("inner.zip", "logs.tar.gz"), ""},
		"out of its folder":      {with("a.csv", "../../etc/passwd"), "../../etc/passwd"},
		"an absolute path":       {with("/etc/shadow"), "/etc/shadow"},
		"a drive":                {with(`C:\autoexec.bat`), "autoexec"},
		"backslashes":            {with(`..\windows.ini`), "windows.ini"},
		"out of it, far down":    {with(late...), "../../up.txt"},
		"more than ten thousand": {with(many...), "10001"},
		"a link": {func(w *zip.Writer) error {
			link := &zip.FileHeader{Name: "link"}
			link.SetMode(fs.ModeSymlink | 0o777)
			_, err := w.CreateHeader(link)
			return err
		}, "link"},
		"a bomb": {func(w *zip.Writer) error {
			f, err := w.Create("zeros.txt")
			if err == nil {
				_, err = f.Write(make([]byte, 8<<20))
			}
			return err
		}, "hundred times"},
		"a bomb that lies not": {func(w *zip.Writer) error {
			_, err := w.CreateRaw(&zip.FileHeader{Name: "zeros.txt", UncompressedSize64: 3 << 30, CompressedSize64: 1 << 30})
			return err
		}, "2 GiB"},
		"little, tightly packed": {func(w *zip.Writer) error {
			f, err := w.Create("zeros.txt")
			if err == nil {
				_, err = f.Write(make([]byte, 900<<10))
			}
			return err
		}, ""},
	} {
		err := preview.Safe(zipped(t, c.fill))
		var refusal preview.Refusal
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.want != "" && (!errors.As(err, &refusal) || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: taken, or for another reason: %v", name, err)
		}
	}
	cut := zipped(t, with("a.csv"))
	half := make([]byte, cut.Len()/2)
	if _, err := cut.Read(half); err != nil {
		t.Fatal(err)
	}
	if err := preview.Safe(bytes.NewReader(half)); err == nil || !strings.Contains(err.Error(), "cut off") {
		t.Errorf("half of an archive: %v", err)
	}
	got, err := preview.ZIP(zipped(t, with("inner.zip")))
	if err != nil || got.Entries[0].Warning == "" {
		t.Errorf("an archive in it is not warned of: %+v, %v", got.Entries, err)
	}
}
