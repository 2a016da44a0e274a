package sheet

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"iter"
	"strings"

	"github.com/xuri/excelize/v2"

	"assay/internal/confine"
)

var errSheetEmpty = errors.New("no text in this sheet")

const maxEntries = 10_000 // in the archive; a workbook of one table has about ten

// question is what a child has to know beside the bytes.
type question struct {
	Name   string
	Limits Limits
}

var workbook = confine.Register("sheet", 64<<20, readXLSX)

// unpack has a child read a workbook.
func unpack(ctx context.Context, content []byte, name string, limits Limits) (Table, error) {
	t, err := workbook.Do(ctx, question{name, limits}, bytes.NewReader(content))
	var said confine.Refusal
	switch {
	case errors.As(err, &said):
		err = UnreadableError(said)
	case errors.Is(err, confine.ErrTooLarge), errors.Is(err, confine.ErrExceeded), errors.Is(err, confine.ErrBroken):
		err = damaged(name)
	case errors.Is(err, confine.ErrBusy):
		err = unreadable("Too many other files are being read at the moment, so %s was not. Send it again in a minute.", name)
	}
	return t, err
}

func readXLSX(q question, content []byte) (Table, error) {
	collect := &collector{name: q.Name, limits: q.Limits}
	return collect.result(readBook(content, collect))
}

func readBook(content []byte, collect *collector) error {
	archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil || len(archive.File) > maxEntries {
		return damaged(collect.name)
	}
	book, err := excelize.OpenReader(bytes.NewReader(content), excelize.Options{
		UnzipSizeLimit:    collect.limits.Unzipped,
		UnzipXMLSizeLimit: collect.limits.Unzipped, // no temporary files: a child opens none
		// Excel's own short date is 01-05-26, which nobody can tell from 26-05-01.
		ShortDatePattern: "yyyy-mm-dd",
	})
	if err != nil {
		return damaged(collect.name)
	}
	defer book.Close()

	sheets := book.GetSheetList()
	for i, sheet := range sheets {
		merges, err := mergesOf(book, archive, sheet, collect.name)
		if err == nil {
			err = readSheet(book, sheet, merges, collect)
		}
		if errors.Is(err, errSheetEmpty) {
			continue
		}
		for _, other := range sheets[i+1:] {
			if hasText(book, other) {
				collect.table.Others = append(collect.table.Others, other)
			}
		}
		return err
	}
	return nil
}

// hasText reports whether a sheet says anything.
func hasText(book *excelize.File, sheet string) bool {
	rows, err := book.Rows(sheet)
	if err != nil {
		return false // a chart
	}
	defer rows.Close()
	for rows.Next() {
		if cells, err := rows.Columns(); err != nil || filledWidth(cells) > 0 {
			return true
		}
	}
	return false
}

func damaged(name string) error {
	return unreadable("%s is not a workbook that can be read: it is damaged, or far larger than a table when unpacked. Save it again as .xlsx, or as CSV UTF-8.", name)
}

func readSheet(book *excelize.File, sheet string, merges []*merge, collect *collector) error {
	rows, err := book.Rows(sheet)
	if err != nil {
		return errSheetEmpty // a chart, not a table
	}
	defer rows.Close()
	for line := 1; rows.Next(); line++ {
		cells, err := rows.Columns()
		if err != nil {
			return damaged(collect.name)
		}
		if fill(merges, line, cells) && collect.table.Header != nil {
			collect.table.Merged++
		}
		if err := collect.add(line, cells); err != nil {
			return err
		}
	}
	if rows.Error() != nil {
		return damaged(collect.name)
	}
	if collect.table.Header == nil {
		return errSheetEmpty
	}
	return nil
}

// WriteXLSX writes a table as a workbook of one sheet. Every cell is text, never
// a formula, so nothing is escaped and Read gives it back unchanged, save that
// CRLF becomes LF and characters XML cannot hold become U+FFFD. (One more: the
// library garbles two of the format's own escapes that share an underscore, as
// in _x0041_x0042_.) It refuses a cell longer than a workbook can hold, and stops
// at the first error of rows.
func WriteXLSX(w io.Writer, sheetName string, header []string, rows iter.Seq2[[]string, error]) error {
	book := excelize.NewFile()
	defer book.Close()
	if err := book.SetSheetName("Sheet1", sheetName); err != nil {
		return err
	}
	out, err := book.NewStreamWriter(sheetName)
	if err != nil {
		return err
	}
	if err := out.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	bold, err := book.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}})
	if err != nil {
		return err
	}
	line := 1
	if err := writeRow(out, line, header, bold); err != nil {
		return err
	}
	for row, err := range rows {
		if err != nil {
			return err
		}
		line++
		if err := writeRow(out, line, row, 0); err != nil {
			return err
		}
	}
	if err := out.Flush(); err != nil {
		return err
	}
	return book.Write(w)
}

func writeRow(out *excelize.StreamWriter, line int, row []string, style int) error {
	at, err := excelize.CoordinatesToCellName(1, line)
	if err != nil {
		return err
	}
	cells := make([]any, len(row))
	for i, text := range row {
		text = strings.ToValidUTF8(withLF(text), "\ufffd")
		if tooLong(text, maxCell) { // excelize would cut it off without a word
			return unreadable("Column %d in row %d is longer than the %d characters a workbook holds. Export as CSV instead.", i+1, line, maxCell)
		}
		cells[i] = excelize.Cell{StyleID: style, Value: text}
	}
	return out.SetRow(at, cells)
}
