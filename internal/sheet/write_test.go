package sheet_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"

	"assay/internal/sheet"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
)

// dangerous is text a spreadsheet program would run, or could be led to run.
var dangerous = []string{
	"=1+1", "+1", "-1", "@SUM(A1)", "=cmd|' /C calc'!A0", "=HYPERLINK(\"http://evil.example\",\"x\")",
	"\t=1", "\r=1", "\x00=1", "\tharmless", "\rharmless", "\x00harmless",
	"  =1", "\u00a0=1", "\u3000＝1", "\n=1", "\u200b=1", "\ufeff=1", "\v@x",
	"＝1+1", "＋1", "－1", "＠SUM(A1)", "'=1", "''=1", "'  +1", "=1\nsecond line", "-",
}

// harmless is text that must arrive in a file as it is.
var harmless = []string{
	"AC-01", "1+1=2", "a@b.example", "'quoted'", "''", "'", "' '=1", "don't", "≥ 90 %", "[12 months]", "“=”", "#REF!", "\"", "a\nb", "0123",
}

func TestNoCellOfACSVFileBeginsAFormula(t *testing.T) {
	for _, text := range dangerous {
		var b bytes.Buffer
		if err := sheet.WriteCSV(&b, []string{"a", text}, each([]string{text, "x"})); err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(b.String(), "\ufeff"))).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		for _, cell := range []string{rows[0][1], rows[1][0]} {
			if cell != "'"+text {
				t.Errorf("%q was written as %q", text, cell)
			}
		}
	}
	for _, text := range harmless {
		var b bytes.Buffer
		if err := sheet.WriteCSV(&b, []string{"a", "b"}, each([]string{"x", text})); err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(&b).ReadAll()
		if err != nil || rows[1][1] != text {
			t.Errorf("%q was written as %q (%v)", text, rows, err)
		}
	}
}

func TestNoCellOfAWorkbookIsAFormula(t *testing.T) {
	for _, text := range append(dangerous, harmless...) {
		var b bytes.Buffer
		if err := sheet.WriteXLSX(&b, "Controls", []string{"a"}, each([]string{text})); err != nil {
			t.Fatal(err)
		}
		book, err := excelize.OpenReader(&b)
		if err != nil {
			t.Fatal(err)
		}
		formula, err := book.GetCellFormula("Controls", "A2")
		if err != nil || formula != "" {
			t.Errorf("%q became the formula %q (%v)", text, formula, err)
		}
		kind, err := book.GetCellType("Controls", "A2")
		if err != nil || kind != excelize.CellTypeInlineString {
			t.Errorf("%q has cell type %v (%v)", text, kind, err)
		}
		book.Close()
	}
}

func TestAnExportImportsAgainUnchanged(t *testing.T) {
	var rows [][]string
	for i, text := range append(dangerous, harmless...) {
		rows = append(rows, []string{"AC-" + strings.Repeat("1", i+1), text, "  spaces  "})
	}
	header := []string{"Code", "Text", "Note"}
	for format, write := range writers {
		t.Run(format, func(t *testing.T) {
			var b bytes.Buffer
			if err := write(&b, header, rows...); err != nil {
				t.Fatal(err)
			}
			table, err := sheet.Read(t.Context(), &b, "export", sheet.Default)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(expected(format, rows), table.Rows); diff != "" {
				t.Error(diff)
			}
		})
	}
}

var writers = map[string]func(w io.Writer, header []string, rows ...[]string) error{
	"csv": func(w io.Writer, header []string, rows ...[]string) error {
		return sheet.WriteCSV(w, header, each(rows...))
	},
	"xlsx": func(w io.Writer, header []string, rows ...[]string) error {
		return sheet.WriteXLSX(w, "Controls", header, each(rows...))
	},
}

// expected applies what the writers promise to change, and nothing else.
func expected(format string, rows [][]string) [][]string {
	var out [][]string
	for _, row := range rows {
		changed := make([]string, len(row))
		for i, cell := range row {
			cell = strings.ToValidUTF8(cell, "\ufffd")
			for strings.Contains(cell, "\r\n") {
				cell = strings.ReplaceAll(cell, "\r\n", "\n")
			}
			if format == "xlsx" {
				cell = strings.Map(inXML, cell)
			}
			changed[i] = cell
		}
		out = append(out, changed)
	}
	return out
}

func inXML(r rune) rune {
	if r < 0x20 && r != '\t' && r != '\n' && r != '\r' || r == 0xfffe || r == 0xffff {
		return 0xfffd
	}
	return r
}

var overlapping = regexp.MustCompile(`(?i)_x[0-9a-f]{4}_x[0-9a-f]{4}_`)

func FuzzAnExportImportsAgainUnchanged(f *testing.F) {
	for _, text := range append(dangerous, harmless...) {
		f.Add(text, "x")
	}
	f.Add("_x000D_", "_x005F_x000D_")
	f.Add("a\r\r\nb", "\xff\xfe")
	f.Fuzz(func(t *testing.T, one, two string) {
		if overlapping.MatchString(one) || overlapping.MatchString(two) {
			t.Skip("a known limit of the library, see WriteXLSX")
		}
		rows := [][]string{{"AC-01", one, two}, {"AC-02", two, one}}
		for format, write := range writers {
			var b bytes.Buffer
			if err := write(&b, []string{"Code", "One", "Two"}, rows...); err != nil {
				t.Fatal(err)
			}
			table, err := sheet.Read(t.Context(), &b, "export", sheet.Default)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(expected(format, rows), table.Rows); diff != "" {
				t.Errorf("%s: %s", format, diff)
			}
		}
	})
}

func TestWritersStopAtAnErrorAndRefuseWhatTheyWouldCut(t *testing.T) {
	broken := errors.New("the database went away")
	rows := func(yield func([]string, error) bool) { yield(nil, broken) }
	if err := sheet.WriteCSV(io.Discard, []string{"a"}, rows); !errors.Is(err, broken) {
		t.Errorf("CSV: %v", err)
	}
	if err := sheet.WriteXLSX(io.Discard, "a", []string{"a"}, rows); !errors.Is(err, broken) {
		t.Errorf("XLSX: %v", err)
	}
	long := each([]string{strings.Repeat("🙂", 16_384)})
	var unreadable sheet.UnreadableError
	if err := sheet.WriteXLSX(io.Discard, "a", []string{"a"}, long); !errors.As(err, &unreadable) {
		t.Errorf("a cell too long for a workbook: %v", err)
	}
}
