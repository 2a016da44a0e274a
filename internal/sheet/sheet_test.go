package sheet_test

import (
	"bytes"
	"errors"
	"iter"
	"os"
	"strings"
	"testing"
	"unicode/utf16"

	"assay/internal/sheet"

	"github.com/google/go-cmp/cmp"
)

func read(t *testing.T, content string) sheet.Table {
	t.Helper()
	table, err := sheet.Read(t.Context(), strings.NewReader(content), "controls.csv", sheet.Default)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func each(rows ...[]string) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		for _, row := range rows {
			if !yield(row, nil) {
				return
			}
		}
	}
}

func asUTF16(s string, order string) string {
	var b bytes.Buffer
	for _, u := range utf16.Encode([]rune("\ufeff" + s)) {
		if order == "little" {
			b.Write([]byte{byte(u), byte(u >> 8)})
		} else {
			b.Write([]byte{byte(u >> 8), byte(u)})
		}
	}
	return b.String()
}

func TestReadUnderstandsTheWaysCSVIsWritten(t *testing.T) {
	want := [][]string{{"AC-01", "Zoë, \"lead\"\nof access"}, {"AC-02", ""}}
	for name, content := range map[string]string{
		"commas":                     "Code,Title\nAC-01,\"Zoë, \"\"lead\"\"\nof access\"\nAC-02,\n",
		"semicolons":                 "Code;Title\nAC-01;\"Zoë, \"\"lead\"\"\nof access\"\nAC-02;\n",
		"tabs":                       "Code\tTitle\nAC-01\t\"Zoë, \"\"lead\"\"\nof access\"\nAC-02\t\n",
		"bars":                       "Code|Title\nAC-01|\"Zoë, \"\"lead\"\"\nof access\"\nAC-02|\n",
		"a line that names them":     "sep=;\r\nCode;Title\r\nAC-01;\"Zoë, \"\"lead\"\"\r\nof access\"\r\nAC-02;\r\n",
		"CRLF and a byte order mark": "\ufeffCode,Title\r\nAC-01,\"Zoë, \"\"lead\"\"\r\nof access\"\r\nAC-02,\r\n",
		"UTF-16, little end first":   asUTF16("Code\tTitle\r\nAC-01\t\"Zoë, \"\"lead\"\"\r\nof access\"\r\nAC-02\t\r\n", "little"),
		"UTF-16, big end first":      asUTF16("Code,Title\nAC-01,\"Zoë, \"\"lead\"\"\nof access\"\nAC-02,\n", "big"),
		"blank lines and no end":     "\n , \nCode , Title\n\nAC-01,\"Zoë, \"\"lead\"\"\nof access\"\n , \nAC-02,",
	} {
		t.Run(name, func(t *testing.T) {
			table := read(t, content)
			if diff := cmp.Diff([]string{"Code", "Title"}, table.Header); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(want, table.Rows); diff != "" {
				t.Error(diff)
			}
			if len(table.Beyond) > 0 {
				t.Errorf("beyond the header: %v", table.Beyond)
			}
		})
	}
}

func TestReadReportsWhatStandsBeyondTheHeaderAndWhereRowsStand(t *testing.T) {
	table := read(t, "a,b\n1\n\"x\ny\",2\n1,2,3\n1,2,,\n")
	if diff := cmp.Diff([][]string{{"1", ""}, {"x\ny", "2"}, {"1", "2"}, {"1", "2"}}, table.Rows); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]int{2, 3, 5, 6}, table.Lines); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]int{5}, table.Beyond); diff != "" {
		t.Error(diff)
	}
}

func TestReadRefuses(t *testing.T) {
	limits := sheet.Limits{Bytes: 1 << 10, Unzipped: 1 << 20, Rows: 3, Columns: 4, Cell: 20}
	for name, c := range map[string]struct{ content, why string }{
		"an empty file":            {"", "holds no table"},
		"blank lines":              {"\n,,\n", "holds no table"},
		"too many bytes":           {strings.Repeat("a,b\n", 300), "larger than"},
		"too many rows":            {"a\n1\n2\n3\n4\n", "more than 3 rows"},
		"too many columns":         {"a,b,c,d,e\n", "more than 4 columns"},
		"a cell that is too long":  {"a,b\n1,\"" + strings.Repeat("é", 21) + "\"\n", "Column 2 in row 2"},
		"text in another encoding": {"a,b\nZo\xeb,1\n", "UTF-8"},
		"a quotation mark too few": {"a,b\n1,\"x\n2,y\n", "A text in row 2 of controls.csv begins with a quotation mark"},
		"lines that end in CR":     {"a,b\r1,2\r", "could be read as one line"},
		"an old workbook":          {"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 and so on", ".xlsx workbook without a password"},
		"a broken workbook":        {"PK\x03\x04 and so on", "damaged"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := sheet.Read(t.Context(), strings.NewReader(c.content), "controls.csv", limits)
			var unreadable sheet.UnreadableError
			if !errors.As(err, &unreadable) || !strings.Contains(err.Error(), c.why) {
				t.Errorf("got %v, want a sentence with %q", err, c.why)
			}
		})
	}
}

func TestReadTakesFilesOtherProductsWrote(t *testing.T) {
	for _, c := range []struct {
		file          string
		columns, rows int
		beyond        int
		first         string
	}{
		{"core__sample_control.csv", 79, 1, 0, "Tags"},
		{"core__sample_evidence.csv", 30, 1, 0, "Tags"},
		{"core__sample_finding.csv", 77, 1, 0, "Tags"},
		{"prowler__example_output_aws.csv", 42, 4, 0, "AUTH_METHOD"},
		{"ScubaGear__ActionPlan.csv", 16, 14, 0, "Control ID"},
		{"compliance-trestle__soc2.sample.v1.csv", 41, 32, 0, "$$Component_Title"},
	} {
		t.Run(c.file, func(t *testing.T) {
			f, err := os.Open("testdata/" + c.file)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			table, err := sheet.Read(t.Context(), f, c.file, sheet.Default)
			if err != nil {
				t.Fatal(err)
			}
			if len(table.Header) != c.columns || len(table.Rows) != c.rows || len(table.Beyond) != c.beyond || table.Header[0] != c.first {
				t.Errorf("%d columns, %d rows, beyond %v, first %q", len(table.Header), len(table.Rows), table.Beyond, table.Header[0])
			}
		})
	}
}

func TestColumnsAreFoundWhateverTheirCase(t *testing.T) {
	found, unused := sheet.Columns(
		[]string{"Control ID", "TITLE", "Test_Procedure", "title", "", "Colour", "owner-email"},
		map[string][]string{"code": {"control id", "id"}, "title": nil, "test procedure": nil, "owner": {"Owner email"}, "notes": nil},
	)
	if diff := cmp.Diff(map[string]int{"code": 0, "title": 1, "test procedure": 2, "owner": 6}, found); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"title", "Colour"}, unused); diff != "" {
		t.Error(diff)
	}
}

func TestQuotationMarksWithinTextAreText(t *testing.T) {
	for _, content := range []string{"a,b\n1,a 5\" pipe\n", "a,b\n1,\"said \"\"x\"\"\"\n", "a,b\n1,\"x\ny\"", "a,b\n1,\"\"\n2,\"z\"\n"} {
		if rows := read(t, content).Rows; len(rows) == 0 || rows[0][0] != "1" {
			t.Errorf("%q gives %q", content, rows)
		}
	}
}
