package preview

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"

	"assay/internal/confine"
)

// What a table shows at most.
const (
	MaxRows    = 200
	MaxColumns = 50
	maxCell    = 500 // characters
	maxSheets  = 50
)

// Table is the upper left corner of a table. Rows may differ in length.
type Table struct {
	Sheet       string // of a workbook
	Sheets      []string
	Encoding    string // of a text file
	Delimiter   rune   // of a text file
	Rows        [][]string
	MoreRows    bool
	MoreColumns bool
}

const (
	maxCSV  = 4 << 20  // read at most this much for the rows shown: one quote that never closes takes the whole file
	maxXLSX = 32 << 20 // the file as it is

	// Unpacked, in total. A single cell may be all of it, and the parser holds a cell in
	// memory several times: 60 MiB took 330 MB, and as many empty rows took 15 seconds.
	maxUnpacked = 32 << 20
)

// CSV returns the corner of a file of values separated by commas, semicolons, tabs or
// bars, in any of the encodings spreadsheets write. A file that is not a table is a table
// of one column.
func CSV(r io.Reader) (Table, error) {
	in, e, err := decoded(r)
	if err != nil {
		return Table{}, err
	}
	sample, err := io.ReadAll(io.LimitReader(in, sniffBytes))
	if err != nil {
		return Table{}, err
	}
	t := Table{Encoding: e.name, Delimiter: delimiterOf(sample)}
	rows := reader(io.LimitReader(io.MultiReader(bytes.NewReader(sample), in), maxCSV), t.Delimiter)
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return t, nil
		}
		if err != nil {
			return Table{}, err
		}
		if !t.add(row) {
			return t, nil
		}
	}
}

func reader(r io.Reader, delimiter rune) *csv.Reader {
	c := csv.NewReader(r)
	c.Comma, c.LazyQuotes, c.FieldsPerRecord = delimiter, true, -1
	return c
}

// delimiterOf parses the sample with each delimiter and takes the one under which most
// rows have as many fields as the first, and then the one with most fields.
func delimiterOf(sample []byte) rune {
	best, bestScore := ',', 0
	for _, d := range ",;\t|" {
		if score := regularity(sample, d); score > bestScore {
			best, bestScore = d, score
		}
	}
	return best
}

func regularity(sample []byte, delimiter rune) int {
	rows, err := reader(bytes.NewReader(sample), delimiter).ReadAll()
	if err != nil || len(rows) == 0 || len(rows[0]) == 1 {
		return 0
	}
	same := 0
	for _, row := range rows {
		if len(row) == len(rows[0]) {
			same++
		}
	}
	return same*1000 + min(len(rows[0]), 999)
}

// XLSX returns the corner of one sheet of a workbook, counted from 0, cells as a
// spreadsheet shows them, formulas as their last result. A sheet that there is not is the
// first. A workbook that is large, or unpacks to something
// large, is ErrTooLarge; one that cannot be read is ErrBroken.
func XLSX(ctx context.Context, r io.Reader, sheet int) (Table, error) {
	t, err := book.Do(ctx, sheet, r)
	return t, refused(err)
}

var book = confine.Register("workbook", maxXLSX, workbook)

func workbook(sheet int, packed []byte) (Table, error) {
	f, err := excelize.OpenReader(bytes.NewReader(packed), excelize.Options{
		UnzipSizeLimit: maxUnpacked, UnzipXMLSizeLimit: maxUnpacked, // no temporary files: a child opens none
	})
	if err != nil {
		return Table{}, asRefusal(err)
	}
	defer f.Close()
	sheets := f.GetSheetList()
	if len(sheets) == 0 {
		return Table{}, ErrBroken
	}
	if sheet < 0 || sheet >= len(sheets) {
		sheet = 0
	}
	rows, err := f.Rows(sheets[sheet])
	if err != nil {
		return Table{}, ErrBroken
	}
	defer rows.Close()
	t := Table{Sheet: harmless(sheets[sheet])}
	for _, name := range sheets[:min(len(sheets), maxSheets)] {
		t.Sheets = append(t.Sheets, harmless(shorten(name)))
	}
	for rows.Next() {
		row, err := rows.Columns()
		if err != nil {
			return Table{}, ErrBroken
		}
		if !t.add(row) {
			break
		}
	}
	return t, nil
}

// asRefusal reads the message, for the library has no error to compare with.
func asRefusal(err error) error {
	if strings.Contains(err.Error(), "unzip size exceeds") {
		return ErrTooLarge
	}
	return ErrBroken
}

// add takes a row, or notes that there are more and reports false.
func (t *Table) add(row []string) bool {
	if len(t.Rows) == MaxRows {
		t.MoreRows = true
		return false
	}
	if len(row) > MaxColumns {
		t.MoreColumns = true
		row = row[:MaxColumns]
	}
	cells := make([]string, len(row))
	for i, cell := range row {
		cells[i] = harmless(shorten(cell))
	}
	t.Rows = append(t.Rows, cells)
	return true
}

func shorten(cell string) string {
	if utf8.RuneCountInString(cell) <= maxCell {
		return strings.Clone(cell) // not a slice of the whole row
	}
	return string([]rune(cell[:min(len(cell), utf8.UTFMax*maxCell)])[:maxCell]) + "…"
}
