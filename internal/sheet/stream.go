package sheet

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"unicode/utf8"
)

// Rows is a table that is read as it is needed, in little memory however long it is. It is
// for lists that prove something, so it is stricter than Read: what two programs could
// understand differently is refused, and every cell is what the file says.
type Rows struct {
	Header []string // as the file has it; of a workbook without blanks around the names
	Others []string // sheets of the workbook with text that are not part of it
	// All goes through the rows once. Its last pair may be an error, an UnreadableError
	// where the file is at fault. Cells are only good until the next row; each text stays
	// good, and may keep a great deal of the file in memory.
	All iter.Seq2[Row, error]
}

// A Row has exactly as many cells as the header. Line breaks inside a cell are LF.
type Row struct {
	Line  int // the line of the file, or the spreadsheet row, it begins at
	Cells []string
	ASCII bool // there is nothing beyond ASCII in it; of some such rows it is not known
}

// Large is for lists that are streamed. A workbook is unpacked in one piece and keeps the
// rows of Default.
var Large = Limits{Bytes: 1 << 30, Unzipped: 256 << 20, Rows: 2_000_000, Columns: 200, Cell: maxCell}

// Stream reads a CSV file in UTF-8, or a workbook; the first bytes decide which. Rows
// without any text are left out. A row of another width than the header is refused, and so
// is a quotation mark where none belongs: a list that can be cut into cells in two ways
// cannot be repeated by somebody else.
func Stream(ctx context.Context, r io.Reader, name string, limits Limits) (Rows, error) {
	in := bufio.NewReaderSize(r, sniffed)
	head, err := in.Peek(sniffed)
	if err != nil && !errors.Is(err, io.EOF) {
		return Rows{}, err
	}
	switch {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte("\xd0\xcf\x11\xe0")):
		limits.Bytes, limits.Rows = min(limits.Bytes, Default.Bytes), min(limits.Rows, Default.Rows)
		return whole(Read(ctx, in, name, limits))
	case bytes.HasPrefix(head, []byte("\xff\xfe")), bytes.HasPrefix(head, []byte("\xfe\xff")):
		return Rows{}, unreadable("%s is text in UTF-16. Save it as “CSV UTF-8”.", name)
	}
	s := newStream(ctx, in, head, name, limits)
	header, err := s.header()
	return Rows{Header: header, All: s.rows}, err
}

const (
	sniffed   = 64 << 10
	mostOfRow = 8 << 20 // bytes: a quotation mark that nothing ends would swallow the rest
)

// whole is a table that was read in one piece.
func whole(t Table, err error) (Rows, error) {
	if err == nil && len(t.Beyond) > 0 {
		err = unreadable("Row %d has text beyond the last column that has a name.", t.Beyond[0])
	}
	if err == nil && t.Merged > 0 {
		err = unreadable("The workbook has cells that are merged over several rows. Unmerge them, so that each row says what it means.")
	}
	return Rows{t.Header, t.Others, func(yield func(Row, error) bool) {
		for i, cells := range t.Rows {
			if !yield(Row{Line: t.Lines[i], Cells: cells}, nil) {
				return
			}
		}
	}}, err
}

// A stream is a CSV file being read. Rows without a quotation mark are cut where the
// separator stands; all others are the business of encoding/csv, which takes its lines
// from the same place. Between two rows it holds none of them back.
type stream struct {
	name   string
	limits Limits
	lines  lines
	csv    *csv.Reader
	comma  byte
	skip   int // lines that csv does not count: those before the table, and those cut here
	width  int
	cells  []string
}

func newStream(ctx context.Context, in *bufio.Reader, head []byte, name string, limits Limits) *stream {
	if bytes.HasPrefix(head, []byte("\xef\xbb\xbf")) {
		_, _ = in.Discard(3) // they were peeked
		head = head[3:]
	}
	rest, comma, skipped := delimiter(string(head))
	_, _ = in.Discard(len(head) - len(rest))
	s := &stream{name: name, limits: limits, skip: skipped, comma: byte(comma)}
	s.lines.fence = fence{ctx: ctx, in: in, left: limits.Bytes}
	s.csv = csv.NewReader(&s.lines)
	s.csv.Comma, s.csv.FieldsPerRecord, s.csv.ReuseRecord = comma, -1, true
	return s
}

func (s *stream) header() ([]string, error) {
	for {
		row, err := s.next()
		switch {
		case errors.Is(err, io.EOF):
			return nil, unreadable("%s holds no table. Its first row must name the columns.", s.name)
		case err != nil:
			return nil, err
		}
		if filledWidth(row.Cells) == 0 {
			continue
		}
		if err := oneLine(row.Cells, s.name); err != nil {
			return nil, err
		}
		if s.width = len(row.Cells); s.width > s.limits.Columns {
			return nil, unreadable("%s has more than %d columns. Remove those that are not needed.", s.name, s.limits.Columns)
		}
		row, err = s.fit(row)
		return cloned(row.Cells), err
	}
}

// cloned are cells that keep nothing of their file in memory.
func cloned(cells []string) []string {
	out := make([]string, len(cells))
	for i, cell := range cells {
		out[i] = strings.Clone(cell)
	}
	return out
}

func (s *stream) rows(yield func(Row, error) bool) {
	for count := 0; ; {
		row, err := s.next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err == nil {
			if filledWidth(row.Cells) == 0 {
				continue
			}
			row, err = s.fit(row)
		}
		if count++; err == nil && count > s.limits.Rows {
			err = unreadable("%s has more than %d rows. %s", s.name, s.limits.Rows, s.limits.split())
		}
		if !yield(row, err) || err != nil {
			return
		}
	}
}

// next is the next record, as it stands. It reads as csv would: a line without any
// character is none.
func (s *stream) next() (Row, error) {
	s.lines.fence.row = mostOfRow
	for s.lines.fill() {
		line, plain := s.lines.plain()
		if !plain {
			break
		}
		if s.skip++; line != "" {
			return s.short(Row{Line: s.lines.given + s.skip, Cells: s.cut(line), ASCII: s.lines.ascii}, len(line))
		}
	}
	return s.quoted()
}

// short refuses cells of a line of so many bytes that are too long.
func (s *stream) short(row Row, line int) (Row, error) {
	for i := 0; line > s.limits.Cell && i < len(row.Cells); i++ {
		if tooLong(row.Cells[i], s.limits.Cell) {
			return Row{}, s.long(row, i)
		}
	}
	return row, nil
}

// cut cuts a line without quotation marks.
func (s *stream) cut(line string) []string {
	s.cells = s.cells[:0]
	for {
		at := strings.IndexByte(line, s.comma)
		if at < 0 {
			s.cells = append(s.cells, line)
			return s.cells
		}
		s.cells = append(s.cells, line[:at])
		line = line[at+1:]
	}
}

// quoted has csv read the next record.
func (s *stream) quoted() (Row, error) {
	cells, err := s.csv.Read()
	if err != nil {
		return Row{}, s.explain(err)
	}
	line, _ := s.csv.FieldPos(0)
	row := Row{Line: line + s.skip, Cells: cells}
	for i, cell := range cells {
		if !utf8.ValidString(cell) {
			return Row{}, unreadable("Row %d of %s is not text in UTF-8. In Excel, save it as “CSV UTF-8” or as an .xlsx workbook.", row.Line, s.name)
		}
		if tooLong(cell, s.limits.Cell) {
			return Row{}, s.long(row, i)
		}
		if strings.Contains(cell, "\r\n") {
			cells[i] = withLF(cell)
		}
	}
	return row, nil
}

// long says that a cell is too long.
func (s *stream) long(row Row, at int) error {
	return unreadable("Column %d in row %d of %s is longer than %d characters. Shorten it, or look for a missing quotation mark.", at+1, row.Line, s.name, s.limits.Cell)
}

// fit makes a row as wide as the header. Blank cells beyond it are what spreadsheets
// leave; text beyond it, or cells that are missing, mean that the row was cut wrongly.
func (s *stream) fit(row Row) (Row, error) {
	if len(row.Cells) < s.width || filledWidth(row.Cells) > s.width {
		return row, unreadable("Row %d of %s has %d cells and the header names %d columns. Look for a missing quotation mark, or a row that is cut off.",
			row.Line, s.name, len(row.Cells), s.width)
	}
	row.Cells = row.Cells[:s.width]
	return row, nil
}

func (s *stream) explain(err error) error {
	var parse *csv.ParseError
	switch {
	case errors.Is(err, errLongRow):
		return unreadable("A row of %s is longer than %d MiB. Look for a quotation mark that no other one ends.", s.name, mostOfRow>>20)
	case errors.Is(err, errLongFile):
		return unreadable("%s is larger than %d MiB. Split it into several files.", s.name, s.limits.Bytes>>20)
	case errors.As(err, &parse):
		return unreadable("Row %d of %s has a quotation mark where none belongs, or one that no other one ends. Write a text with quotation marks between quotation marks, and each of its own twice.",
			parse.StartLine+s.skip, s.name)
	case errors.Is(err, io.EOF):
		return io.EOF
	}
	return fmt.Errorf("read %s: %w", s.name, err)
}

// A fence bounds what is read for one row, and for all of them.
type fence struct {
	ctx       context.Context
	in        io.Reader
	left, row int64
}

var (
	errLongRow  = errors.New("sheet: a row without an end")
	errLongFile = errors.New("sheet: a file beyond the limit")
)

func (f *fence) Read(p []byte) (int, error) {
	if err := f.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := f.in.Read(p)
	f.left, f.row = f.left-int64(n), f.row-int64(n)
	switch {
	case f.left < 0:
		return 0, errLongFile
	case f.row < 0:
		return 0, errLongRow
	}
	return n, err
}
