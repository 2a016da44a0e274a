package sheet_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"assay/internal/sheet"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
)

func workbook(t *testing.T, fill func(*excelize.File)) *bytes.Buffer {
	t.Helper()
	book := excelize.NewFile()
	defer book.Close()
	fill(book)
	var b bytes.Buffer
	if err := book.Write(&b); err != nil {
		t.Fatal(err)
	}
	return &b
}

func set(t *testing.T, book *excelize.File, sheetName, cell string, value any) {
	t.Helper()
	if err := book.SetCellValue(sheetName, cell, value); err != nil {
		t.Fatal(err)
	}
}

func TestReadTakesTheFirstSheetWithText(t *testing.T) {
	b := workbook(t, func(book *excelize.File) {
		if _, err := book.NewSheet("Controls"); err != nil {
			t.Fatal(err)
		}
		set(t, book, "Controls", "A2", "Code")
		set(t, book, "Controls", "B2", "Due")
		set(t, book, "Controls", "A4", "AC-01")
		set(t, book, "Controls", "B4", 46027) // 5 January 2026 as Excel stores it
		style, err := book.NewStyle(&excelize.Style{NumFmt: 14})
		if err != nil {
			t.Fatal(err)
		}
		if err := book.SetCellStyle("Controls", "B4", "B4", style); err != nil {
			t.Fatal(err)
		}
		set(t, book, "Controls", "A5", 12)
		set(t, book, "Controls", "D5", "beyond")
	})
	table, err := sheet.Read(t.Context(), b, "controls.xlsx", sheet.Default)
	if err != nil {
		t.Fatal(err)
	}
	want := sheet.Table{
		Header: []string{"Code", "Due"},
		Rows:   [][]string{{"AC-01", "2026-01-05"}, {"12", ""}},
		Lines:  []int{4, 5},
		Beyond: []int{5},
	}
	if diff := cmp.Diff(want, table); diff != "" {
		t.Error(diff)
	}
}

func TestReadRefusesAWorkbookBeyondTheLimits(t *testing.T) {
	wide := workbook(t, func(book *excelize.File) { set(t, book, "Sheet1", "XFD1", "far out") })
	empty := workbook(t, func(*excelize.File) {})
	big := workbook(t, func(book *excelize.File) { set(t, book, "Sheet1", "A1", strings.Repeat("a", 30_000)) })
	small := sheet.Default
	small.Unzipped = 20_000
	for name, c := range map[string]struct {
		content *bytes.Buffer
		limits  sheet.Limits
		why     string
	}{
		"a column far out":           {wide, sheet.Default, "more than 200 columns"},
		"nothing in it":              {empty, sheet.Default, "holds no table"},
		"too much when it is opened": {big, small, "when unpacked"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := sheet.Read(t.Context(), c.content, "controls.xlsx", c.limits)
			var unreadable sheet.UnreadableError
			if !errors.As(err, &unreadable) || !strings.Contains(err.Error(), c.why) {
				t.Errorf("got %v, want a sentence with %q", err, c.why)
			}
		})
	}
}

func FuzzReadNeverPanics(f *testing.F) {
	var b bytes.Buffer
	if err := sheet.WriteXLSX(&b, "Controls", []string{"Code"}, each([]string{"AC-01"})); err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{b.String(), "a,b\n1,2\n", "sep=;\na;b", "\xff\xfea", "\"", "PK\x03\x04"} {
		f.Add([]byte(seed))
	}
	limits := sheet.Limits{Bytes: 1 << 20, Unzipped: 1 << 20, Rows: 100, Columns: 20, Cell: 1000}
	f.Fuzz(func(t *testing.T, content []byte) {
		table, err := sheet.Read(t.Context(), bytes.NewReader(content), "file", limits)
		if err != nil {
			var unreadable sheet.UnreadableError
			if !errors.As(err, &unreadable) {
				t.Fatal(err)
			}
			return
		}
		for _, row := range table.Rows {
			if len(row) != len(table.Header) {
				t.Fatalf("%d cells under %d names", len(row), len(table.Header))
			}
		}
	})
}

// TestReadTakesWorkbooksAsPeopleMakeThem: merged cells, further sheets, hidden columns,
// formulas with their last values, dates of both systems.
func TestReadTakesWorkbooksAsPeopleMakeThem(t *testing.T) {
	b := workbook(t, func(book *excelize.File) {
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		for row, cells := range [][]any{
			{"Category", "Code", "Title", "Since"},
			{"Access", "AC-01", "Accounts are approved"},
			{"", "AC-02", "Leavers are removed"},
			{"", "", ""},
			{"", "AC-03", ""},
			{"Change", "CM-01", "Changes are reviewed"},
			{"Section over all", "", ""},
		} {
			must(book.SetSheetRow("Sheet1", "A"+string(rune('1'+row)), &cells))
		}
		must(book.MergeCell("Sheet1", "A2", "A5"))
		must(book.MergeCell("Sheet1", "A7", "D7"))
		must(book.SetColVisible("Sheet1", "C", false))
		must(book.SetRowVisible("Sheet1", 3, false))
		must(book.SetCellValue("Sheet1", "D6", 46027))
		must(book.SetCellValue("Sheet1", "C5", 12))
		must(book.SetCellFormula("Sheet1", "C5", "6+6")) // beside the value that it last had
		style, err := book.NewStyle(&excelize.Style{NumFmt: 14})
		must(err)
		must(book.SetCellStyle("Sheet1", "D6", "D6", style))
		for _, name := range []string{"Notes", "Empty"} {
			_, err := book.NewSheet(name)
			must(err)
		}
		must(book.SetCellValue("Notes", "C9", "Ask Ann."))
	})
	table, err := sheet.Read(t.Context(), b, "controls.xlsx", sheet.Default)
	if err != nil {
		t.Fatal(err)
	}
	want := sheet.Table{
		Header: []string{"Category", "Code", "Title", "Since"},
		Rows: [][]string{
			{"Access", "AC-01", "Accounts are approved", ""},
			{"Access", "AC-02", "Leavers are removed", ""},
			{"Access", "AC-03", "12", ""},
			{"Change", "CM-01", "Changes are reviewed", "2026-01-05"},
			{"Section over all", "", "", ""},
		},
		Lines:  []int{2, 3, 5, 6, 7},
		Merged: 2, Others: []string{"Notes"},
	}
	if diff := cmp.Diff(want, table); diff != "" {
		t.Error(diff)
	}
	if notes := strings.Join(table.Notes(), " "); !strings.Contains(notes, "not read: Notes.") || !strings.Contains(notes, "In 2 rows a merged cell") {
		t.Errorf("it says %q", notes)
	}
}

// TestReadTakesTheDatesOfBothSystems: workbooks of old Macs count days from 1904.
func TestReadTakesTheDatesOfBothSystems(t *testing.T) {
	b := workbook(t, func(book *excelize.File) {
		on := true
		if err := book.SetWorkbookProps(&excelize.WorkbookPropsOptions{Date1904: &on}); err != nil {
			t.Fatal(err)
		}
		style, err := book.NewStyle(&excelize.Style{NumFmt: 14})
		if err != nil {
			t.Fatal(err)
		}
		set(t, book, "Sheet1", "A1", "Since")
		set(t, book, "Sheet1", "A2", 46027-1462) // the same day, counted from 1904
		if err := book.SetCellStyle("Sheet1", "A2", "A2", style); err != nil {
			t.Fatal(err)
		}
	})
	table, err := sheet.Read(t.Context(), b, "mac.xlsx", sheet.Default)
	if err != nil || len(table.Rows) != 1 || table.Rows[0][0] != "2026-01-05" {
		t.Errorf("read %v: %v", table.Rows, err)
	}
}
