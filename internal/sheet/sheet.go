// Package sheet reads and writes tables as CSV and XLSX files. It knows rows and
// cells of text, not what they mean; it refuses what is too big to be a table
// somebody works with.
package sheet

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// A Table is what a file says: a header, its names trimmed, and rows of exactly
// as many cells. Rows in which every cell is blank are left out. Line breaks
// inside a cell are LF, whatever the file used.
type Table struct {
	Header []string
	Rows   [][]string
	Lines  []int    // Lines[i] is the line, or the spreadsheet row, Rows[i] begins at
	Beyond []int    // lines with text beyond the header, which is left out
	Merged int      // rows that took text from a cell merged down to them
	Others []string // sheets of the workbook with text that were not read
}

// Notes says, in sentences, what of a workbook was read in a way that its author may not
// expect.
func (t Table) Notes() (notes []string) {
	if len(t.Others) > 0 {
		notes = append(notes, "Only the first sheet with text is read; not read: "+strings.Join(t.Others, ", ")+".")
	}
	if t.Merged > 0 {
		notes = append(notes, fmt.Sprintf("In %d rows a merged cell stands for the empty ones below it.", t.Merged))
	}
	return notes
}

// Limits bound what Read accepts.
type Limits struct {
	Bytes    int64 // of the file
	Unzipped int64 // of an XLSX file when unpacked
	Rows     int
	Columns  int
	Cell     int    // characters
	Split    string // what to do about a file that is too large; "" is to split it into several
}

func (l Limits) split() string {
	if l.Split != "" {
		return l.Split
	}
	return "Split it into several files."
}

// Default is enough for every control library seen so far, many times over.
// The cell length is the one spreadsheet programs have.
var Default = Limits{Bytes: 32 << 20, Unzipped: 256 << 20, Rows: 100_000, Columns: 200, Cell: maxCell}

const maxCell = 32_767

// An UnreadableError is a sentence for the person who sent the file: what is wrong with
// it and what to do. All other errors of Read come from its reader.
type UnreadableError string

func (e UnreadableError) Error() string { return string(e) }

func unreadable(format string, args ...any) error {
	return UnreadableError(fmt.Sprintf(format, args...))
}

// Read reads a CSV or XLSX file; its first bytes decide which, the name is only
// used in messages. Of a workbook it takes the first sheet that has text.
// It refuses files beyond the limits, text that is not UTF-8 or UTF-16 with a
// byte order mark, and old or encrypted workbooks. A workbook is unpacked by a confined
// child.
func Read(ctx context.Context, r io.Reader, name string, limits Limits) (Table, error) {
	content, err := io.ReadAll(io.LimitReader(r, limits.Bytes+1))
	if err != nil {
		return Table{}, err
	}
	if int64(len(content)) > limits.Bytes {
		return Table{}, unreadable("%s is larger than %d MiB. %s", name, limits.Bytes>>20, limits.split())
	}
	collect := &collector{name: name, limits: limits}
	switch {
	case bytes.HasPrefix(content, []byte("PK\x03\x04")):
		return unpack(ctx, content, name, limits)
	case bytes.HasPrefix(content, []byte("\xd0\xcf\x11\xe0")):
		err = unreadable("%s is an old or password-protected Excel file. Save it as an .xlsx workbook without a password.", name)
	default:
		err = readCSV(content, collect)
	}
	return collect.result(err)
}

// A collector makes a table of rows as they are read, so that a file beyond the
// limits is refused before the rest of it is looked at.
type collector struct {
	name   string
	limits Limits
	table  Table
}

// result is the table, unless err or an empty file kept it from being one.
func (c *collector) result(err error) (Table, error) {
	if err == nil && c.table.Header == nil {
		err = unreadable("%s holds no table. Its first row must name the columns.", c.name)
	}
	if err != nil {
		return Table{}, err
	}
	return c.table, nil
}

func (c *collector) add(line int, cells []string) error {
	filled := filledWidth(cells)
	if filled == 0 {
		return nil
	}
	if err := c.check(line, cells[:filled]); err != nil {
		return err
	}
	if c.table.Header == nil {
		c.table.Header = trimmed(cells[:filled])
		return nil
	}
	if len(c.table.Rows) == c.limits.Rows {
		return unreadable("%s has more than %d rows. %s", c.name, c.limits.Rows, c.limits.split())
	}
	width := len(c.table.Header)
	if filled > width {
		c.table.Beyond = append(c.table.Beyond, line)
	}
	row := make([]string, width)
	for i := range min(width, len(cells)) {
		row[i] = withLF(cells[i])
	}
	c.table.Rows = append(c.table.Rows, row)
	c.table.Lines = append(c.table.Lines, line)
	return nil
}

func (c *collector) check(line int, cells []string) error {
	if len(cells) > c.limits.Columns {
		return unreadable("Row %d of %s has more than %d columns. Remove those that are not needed.", line, c.name, c.limits.Columns)
	}
	for i, cell := range cells {
		if tooLong(cell, c.limits.Cell) {
			return unreadable("Column %d in row %d of %s is longer than %d characters. Shorten it, or look for a missing quotation mark.",
				i+1, line, c.name, c.limits.Cell)
		}
	}
	return nil
}

func filledWidth(cells []string) int {
	n := len(cells)
	if n > 0 && cells[n-1] != "" && ' ' < cells[n-1][0] && cells[n-1][0] < utf8.RuneSelf {
		return n // as most rows are
	}
	for n > 0 && strings.TrimSpace(cells[n-1]) == "" {
		n--
	}
	return n
}

func trimmed(cells []string) []string {
	out := make([]string, len(cells))
	for i, cell := range cells {
		out[i] = strings.TrimSpace(cell)
	}
	return out
}

// tooLong counts as spreadsheet programs do: a character outside the basic
// plane, such as an emoji, is two.
func tooLong(s string, limit int) bool {
	if len(s) <= limit {
		return false
	}
	n := 0
	for _, r := range s {
		n += max(1, utf16.RuneLen(r))
	}
	return n > limit
}

// Spreadsheets, forms and CSV readers disagree on line breaks inside a cell;
// without one form, text would look changed by every export and import.
func withLF(s string) string {
	for strings.Contains(s, "\r\n") {
		s = strings.ReplaceAll(s, "\r\n", "\n")
	}
	return s
}
