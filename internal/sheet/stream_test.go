package sheet_test

import (
	"errors"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"

	"assay/internal/sheet"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
)

// streamed reads all of a file, its header first.
func streamed(t *testing.T, content string, limits sheet.Limits) (out [][]string, lines []int, err error) {
	t.Helper()
	rows, err := sheet.Stream(t.Context(), strings.NewReader(content), "list.csv", limits)
	if err != nil {
		return nil, nil, err
	}
	out = append(out, rows.Header)
	for row, err := range rows.All {
		if err != nil {
			return nil, nil, err
		}
		out, lines = append(out, slices.Clone(row.Cells)), append(lines, row.Line)
	}
	return out, lines, nil
}

func TestStreamGivesCellsAsTheFileHasThem(t *testing.T) {
	for name, c := range map[string]struct {
		content string
		want    [][]string
		lines   []int
	}{
		"plain":                         {"key,b\n1,2\n3,4", [][]string{{"key", "b"}, {"1", "2"}, {"3", "4"}}, []int{2, 3}},
		"a mark at the beginning, CRLF": {"\ufeffkey;b\r\n1;\"x\r\ny\"\r\n3;4\r\n", [][]string{{"key", "b"}, {"1", "x\ny"}, {"3", "4"}}, []int{2, 4}},
		"an apostrophe stays":           {"key,b\n'=1,'-2\n", [][]string{{"key", "b"}, {"'=1", "'-2"}}, []int{2}},
		"blanks stay":                   {" key ,b\n 1 ,\n", [][]string{{" key ", "b"}, {" 1 ", ""}}, []int{2}},
		"rows without text":             {"\n,\nkey,b\n\n,\n1,2\n", [][]string{{"key", "b"}, {"1", "2"}}, []int{6}},
		"blank cells beyond the header": {"key,b\n1,2,,\n3,4, \n", [][]string{{"key", "b"}, {"1", "2"}, {"3", "4"}}, []int{2, 3}},
		"a column without a name":       {"key,b,\n1,2,x\n", [][]string{{"key", "b", ""}, {"1", "2", "x"}}, []int{2}},
		"the separator said":            {"sep=;\nkey;b\n1;2\n", [][]string{{"key", "b"}, {"1", "2"}}, []int{3}},
		"one column":                    {"key\n1\n2\n", [][]string{{"key"}, {"1"}, {"2"}}, []int{2, 3}},
		"no rows":                       {"key,b\n", [][]string{{"key", "b"}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got, lines, err := streamed(t, c.content, sheet.Large)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
			if !slices.Equal(lines, c.lines) {
				t.Errorf("lines %v, want %v", lines, c.lines)
			}
		})
	}
}

func TestStreamRefusesWhatCouldBeReadInTwoWays(t *testing.T) {
	small := sheet.Limits{Bytes: 200_000, Rows: 3, Columns: 3, Cell: 10}
	for name, c := range map[string]struct{ content, why string }{
		"nothing":                        {"", "holds no table"},
		"blanks only":                    {"\n,,\n", "holds no table"},
		"a row that is cut off":          {"key,b\n1,2\n3", "Row 3 of list.csv has 1 cells and the header names 2"},
		"text beyond the header":         {"key,b\n1,2,x\n", "Row 2 of list.csv has 3 cells"},
		"a quotation mark in a word":     {"key,b\n1,5\" disk\n", "Row 2 of list.csv has a quotation mark"},
		"a quotation mark without end":   {"key,b\n1,2\n3,\"x\n", "Row 3 of list.csv has a quotation mark"},
		"UTF-16":                         {"\xff\xfek\x00", "UTF-16"},
		"lines that end in CR alone":     {"key,b\r1,2\r3,4\r", "one line"},
		"another encoding":               {"key,b\n1,M\xfcller\n", "Row 2 of list.csv is not text in UTF-8"},
		"too many rows":                  {"key\n1\n2\n3\n4\n", "more than 3 rows"},
		"too many columns":               {"a,b,c,d\n", "more than 3 columns"},
		"a long cell":                    {"key\n12345678901\n", "longer than 10 characters"},
		"a long file":                    {"key\n" + strings.Repeat("\n", 300_000), "larger than 0 MiB"},
		"an old workbook":                {"\xd0\xcf\x11\xe0", "old or password-protected"},
		"what begins like a workbook":    {"PK\x03\x04", "not a workbook"},
		"a separator said and a bad row": {"sep=;\nkey;b\n1\n", "Row 3 of list.csv has 1 cells"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := streamed(t, c.content, small)
			var said sheet.UnreadableError
			if !errors.As(err, &said) || !strings.Contains(err.Error(), c.why) {
				t.Errorf("got %v, want a sentence with %q", err, c.why)
			}
		})
	}
}

func TestStreamReadsAWorkbookAsRead(t *testing.T) {
	b := workbook(t, func(book *excelize.File) {
		for cell, value := range map[string]any{"A1": "key", "B1": "at", "A2": "CHG-1", "B2": "2026-01-05", "A4": "CHG-2", "B4": "'=1"} {
			set(t, book, "Sheet1", cell, value)
		}
	})
	got, lines, err := streamed(t, b.String(), sheet.Large)
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{{"key", "at"}, {"CHG-1", "2026-01-05"}, {"CHG-2", "'=1"}}
	if diff := cmp.Diff(want, got); diff != "" || !slices.Equal(lines, []int{2, 4}) {
		t.Error(diff, lines)
	}
	wide := workbook(t, func(book *excelize.File) {
		set(t, book, "Sheet1", "A1", "key")
		set(t, book, "Sheet1", "A2", "CHG-1")
		set(t, book, "Sheet1", "B2", "beyond")
	})
	if _, _, err := streamed(t, wide.String(), sheet.Large); err == nil || !strings.Contains(err.Error(), "Row 2 has text beyond") {
		t.Errorf("got %v", err)
	}
}

// endless is a quotation mark that nothing ends.
type endless struct{ begun bool }

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	if !e.begun {
		copy(p, "key\n\"")
		e.begun = true
	}
	return len(p), nil
}

func TestStreamStopsInARowWithoutEnd(t *testing.T) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	rows, err := sheet.Stream(t.Context(), io.LimitReader(&endless{}, 1<<30), "list.csv", sheet.Large)
	for _, e := range rows.All {
		err = e
	}
	runtime.ReadMemStats(&after)
	if err == nil || !strings.Contains(err.Error(), "A row of list.csv is longer than 8 MiB") {
		t.Errorf("got %v", err)
	}
	if took := (after.TotalAlloc - before.TotalAlloc) >> 20; took > 100 {
		t.Errorf("%d MiB were taken for it", took)
	}
}
