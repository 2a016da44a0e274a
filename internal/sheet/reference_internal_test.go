package sheet

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// A reference reads every row with encoding/csv, as Stream did before it cut plain rows by
// itself.
type reference struct {
	name   string
	limits Limits
	fence  *fence
	csv    *csv.Reader
	skip   int
	width  int
}

func newReference(ctx context.Context, in *bufio.Reader, head []byte, name string, limits Limits) *reference {
	if bytes.HasPrefix(head, []byte("\xef\xbb\xbf")) {
		_, _ = in.Discard(3) // they were peeked
		head = head[3:]
	}
	rest, comma, skipped := delimiter(string(head))
	_, _ = in.Discard(len(head) - len(rest))
	s := &reference{name: name, limits: limits, skip: skipped, fence: &fence{ctx: ctx, in: in, left: limits.Bytes}}
	s.csv = csv.NewReader(s.fence)
	s.csv.Comma, s.csv.FieldsPerRecord, s.csv.ReuseRecord = comma, -1, true
	return s
}

func (s *reference) header() ([]string, error) {
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
		return slices.Clone(row.Cells), err
	}
}

func (s *reference) rows(yield func(Row, error) bool) {
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

func (s *reference) next() (Row, error) {
	s.fence.row = mostOfRow
	cells, err := s.csv.Read()
	if err != nil {
		return Row{}, s.explain(err)
	}
	line, _ := s.csv.FieldPos(0)
	line += s.skip
	for i, cell := range cells {
		if !utf8.ValidString(cell) {
			return Row{}, unreadable("Row %d of %s is not text in UTF-8. In Excel, save it as “CSV UTF-8” or as an .xlsx workbook.", line, s.name)
		}
		if tooLong(cell, s.limits.Cell) {
			return Row{}, unreadable("Column %d in row %d of %s is longer than %d characters. Shorten it, or look for a missing quotation mark.", i+1, line, s.name, s.limits.Cell)
		}
	}
	return Row{Line: line, Cells: cells}, nil
}

func (s *reference) fit(row Row) (Row, error) {
	if len(row.Cells) < s.width || filledWidth(row.Cells) > s.width {
		return row, unreadable("Row %d of %s has %d cells and the header names %d columns. Look for a missing quotation mark, or a row that is cut off.",
			row.Line, s.name, len(row.Cells), s.width)
	}
	row.Cells = row.Cells[:s.width]
	for i, cell := range row.Cells {
		if strings.Contains(cell, "\r\n") {
			row.Cells[i] = withLF(cell)
		}
	}
	return row, nil
}

func (s *reference) explain(err error) error {
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

// told is all that somebody learns from a file.
type told struct {
	Header []string
	Lines  []int
	Cells  [][]string
	Err    string
}

func tell(header []string, err error, rows func(func(Row, error) bool)) (out told) {
	if out.Header = header; err != nil {
		return told{Err: err.Error()}
	}
	for row, err := range rows {
		if err != nil {
			out.Err = err.Error()
			break
		}
		if row.ASCII && strings.ContainsFunc(strings.Join(row.Cells, ""), func(r rune) bool { return r >= utf8.RuneSelf }) {
			out.Err = fmt.Sprintf("row %d is not ASCII", row.Line)
		}
		out.Lines, out.Cells = append(out.Lines, row.Line), append(out.Cells, slices.Clone(row.Cells))
	}
	return out
}

// compared reads content both ways, in pieces of the size that pieces makes of it.
func compared(t *testing.T, content string, limits Limits, pieces func(io.Reader) io.Reader) told {
	t.Helper()
	open := func() (*bufio.Reader, []byte) {
		in := bufio.NewReaderSize(pieces(strings.NewReader(content)), sniffed)
		head, _ := in.Peek(sniffed)
		return in, head
	}
	in, head := open()
	slow := newReference(t.Context(), in, head, "f", limits)
	header, err := slow.header()
	want := tell(header, err, slow.rows)
	in, head = open()
	fast := newStream(t.Context(), in, head, "f", limits)
	header, err = fast.header()
	if diff := cmp.Diff(want, tell(header, err, fast.rows)); diff != "" {
		t.Fatalf("%q: %s", shortened(content), diff)
	}
	return want
}

func shortened(s string) string { return s[:min(len(s), 400)] }

func inOne(r io.Reader) io.Reader { return r }

var fences = []Limits{
	{Bytes: 1 << 30, Rows: 1 << 20, Columns: 200, Cell: maxCell},
	{Bytes: 1 << 30, Rows: 4, Columns: 3, Cell: 5},
}

// FuzzStream holds the rows that are cut here against those of encoding/csv.
func FuzzStream(f *testing.F) {
	for _, s := range []string{
		"key,b\n1,2\n3,4", "key;b\r\n1;\"x\r\ny\"\r\n3;4\r\n", "\ufeffkey,b\n1,ü\n\n,\n", "sep=;\nkey;b\n1\n",
		"key,b\n1,5\" disk\n2,x\n", "key,b\n1,\"x\n", "key\r\r\n1\r2\n3\r", "key,b\n1,M\xfcller\n2,x\n", "key\tb\n\"1\"\t2\n3\t4\n\"5\n6\"\t7\n8\t9",
		"key,b\n\"a\"\"b\",c\r\n\r\nd,e\r", "a\n123456\n", "a,b,c,d\n", "a\n\r\n\r\r\n\"\"\n1",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, content string) {
		for _, limits := range fences {
			compared(t, content, limits, inOne)
			compared(t, content, limits, iotest.OneByteReader)
		}
	})
}

// TestPlainRowsAreCutAsCSVWould makes files of all that a row can be, long enough for
// many blocks, and rows that are longer than one.
func TestPlainRowsAreCutAsCSVWould(t *testing.T) {
	cells := []string{"", "a", "bc", " ", "ü", "e\u0301", "\"x,\n\"\"y\"", "\"\"", "1234567890", "\r", "a\rb", "'=1", strings.Repeat("long ", 6000), "\"" + strings.Repeat("z\r\n", 10_000) + "\""}
	ends := []string{"\n", "\n", "\r\n", "\n\n", "\r\n\r\n", ",\n", ", \r\n"}
	rare := []string{"\"", "\xff", strings.Repeat("long ", 40_000), "\"un,\"quoted", ",,x"}
	refused := 0
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 7))
		var b strings.Builder
		b.WriteString("key,b\n")
		for range r.IntN(3000) {
			switch r.IntN(8) {
			case 0:
				b.WriteString(cells[r.IntN(len(cells)-2*min(1, r.IntN(60)))] + "," + cells[r.IntN(len(cells)-2)] + ends[r.IntN(len(ends))])
			case 1:
				if seed%3 == 0 && r.IntN(200) == 0 {
					b.WriteString("k," + rare[r.IntN(len(rare))] + "\n")
				}
			default:
				b.WriteString("key of a row,what it says\n")
			}
		}
		if told := compared(t, b.String(), fences[0], inOne); told.Err != "" {
			refused++
		}
		compared(t, b.String(), fences[0], iotest.HalfReader)
		compared(t, b.String(), fences[0], iotest.DataErrReader)
	}
	if refused == 0 || refused == 40 {
		t.Errorf("%d of 40 were refused: that compares little", refused)
	}
}

func TestLongListsAreReadAlike(t *testing.T) {
	var b strings.Builder
	b.WriteString("key,at,title\r\n")
	for i := range 30_000 {
		switch {
		case i%1000 == 7:
			fmt.Fprintf(&b, "K-%d,2026-01-%02d,\"a, b\r\nc %d\"\r\n\r\n", i, i%28+1, i)
		case i%777 == 3:
			fmt.Fprintf(&b, "K-%d,,Jörg %d\r\n", i, i)
		default:
			fmt.Fprintf(&b, "K-%d,2026-01-%02d,plain %d\r\n", i, i%28+1, i)
		}
	}
	if told := compared(t, b.String(), fences[0], inOne); told.Err != "" || len(told.Cells) != 30_000 {
		t.Fatal(told.Err, len(told.Cells))
	}
	broken := strings.Replace(b.String(), "plain 25000", "pl\"ain", 1)
	if told := compared(t, broken, fences[0], inOne); !strings.Contains(told.Err, "quotation mark") {
		t.Fatal(told.Err)
	}
	for _, left := range []int64{1000, readAhead, 500_000} {
		limits := fences[0]
		limits.Bytes = left
		rows, err := Stream(t.Context(), strings.NewReader(b.String()), "f", limits)
		if err == nil {
			for _, e := range rows.All {
				err = e
			}
		}
		if err == nil || !strings.Contains(err.Error(), "larger than") {
			t.Errorf("%d bytes: %v", left, err)
		}
	}
}

func TestFilesOfTheWorldAreReadAlike(t *testing.T) {
	names, err := filepath.Glob("testdata/*.csv")
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		compared(t, string(content), fences[0], inOne)
		compared(t, string(content), fences[1], inOne)
	}
}

// TestAReaderThatFailsIsHeard gives what went before, and then the error.
func TestAReaderThatFailsIsHeard(t *testing.T) {
	broken := errors.New("the disk is gone")
	_, err := Stream(t.Context(), io.MultiReader(strings.NewReader("a,b\n1,2\n3,4\n5,"), iotest.ErrReader(broken)), "f", Large)
	if err == nil {
		t.Fatal("nobody noticed") // the beginning is looked at first
	}
	big := "a,b\n" + strings.Repeat("1,2\n", 60_000)
	rows, err := Stream(t.Context(), io.MultiReader(strings.NewReader(big), iotest.ErrReader(broken)), "f", Large)
	n := 0
	if err == nil {
		for _, e := range rows.All {
			if err = e; e == nil {
				n++
			}
		}
	}
	if !errors.Is(err, broken) || n != 60_000 {
		t.Errorf("%d rows and then %v", n, err)
	}
}
