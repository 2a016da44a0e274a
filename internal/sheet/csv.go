package sheet

import (
	"bytes"
	"encoding/binary"
	"encoding/csv"
	"errors"
	"io"
	"iter"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

func readCSV(content []byte, collect *collector) error {
	text, err := decode(content, collect.name)
	if err != nil {
		return err
	}
	text, comma, skipped := delimiter(text)
	r := csvReader(text, comma)
	for {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return unreadable("%s cannot be read as CSV: %v.", collect.name, err)
		}
		line, _ := r.FieldPos(0)
		line += skipped
		if lastLine, column := r.FieldPos(len(cells) - 1); int(r.InputOffset()) == len(text) && open(text, lastLine, column) {
			return unreadable("A text in row %d of %s begins with a quotation mark, and no other one ends it. Everything after it would be taken for one cell.", line, collect.name)
		}
		if collect.table.Header == nil {
			if err := oneLine(cells, collect.name); err != nil {
				return err
			}
		}
		for i := range cells {
			cells[i] = unescape(cells[i])
		}
		if err := collect.add(line, cells); err != nil {
			return err
		}
	}
}

// oneLine refuses a header that a carriage return without a line feed runs through: to some
// programs it ends a line, and to others the whole file is one.
func oneLine(header []string, name string) error {
	for _, cell := range header {
		if strings.Contains(strings.ReplaceAll(cell, "\r\n", ""), "\r") {
			return unreadable("The lines of %s end in a carriage return alone, so it could be read as one line. Save it as “CSV UTF-8”.", name)
		}
	}
	return nil
}

// open reports that the last cell of text, at a line and column counted from one, begins
// with a quotation mark that nothing ends.
func open(text string, line, column int) bool {
	for range line - 1 {
		_, text, _ = strings.Cut(text, "\n")
	}
	return strings.HasPrefix(text[column-1:], `"`) && strings.Count(text[column-1:], `"`)%2 == 1
}

func csvReader(text string, comma rune) *csv.Reader {
	r := csv.NewReader(strings.NewReader(text))
	r.Comma = comma
	r.FieldsPerRecord = -1 // rows that are too long are reported, not refused
	r.LazyQuotes = true    // a quotation mark in the middle of a word is common
	return r
}

// decode returns the text of a file in UTF-8, or in UTF-16 with a byte order
// mark, which is what Excel calls "Unicode text".
func decode(content []byte, name string) (string, error) {
	switch {
	case bytes.HasPrefix(content, []byte("\xff\xfe")):
		return fromUTF16(content[2:], binary.LittleEndian), nil
	case bytes.HasPrefix(content, []byte("\xfe\xff")):
		return fromUTF16(content[2:], binary.BigEndian), nil
	}
	content = bytes.TrimPrefix(content, []byte("\xef\xbb\xbf"))
	if !utf8.Valid(content) {
		return "", unreadable("%s is not text in UTF-8. In Excel, save it as “CSV UTF-8” or as an .xlsx workbook.", name)
	}
	return string(content), nil
}

func fromUTF16(content []byte, order binary.ByteOrder) string {
	units := make([]uint16, len(content)/2)
	for i := range units {
		units[i] = order.Uint16(content[2*i:])
	}
	return string(utf16.Decode(units))
}

// delimiter finds what separates the cells. Excel may say so in a first line
// "sep=;", which is then taken off; otherwise it is the candidate that cuts most
// rows of the beginning into as many cells as the header, two at least.
func delimiter(text string) (rest string, comma rune, skipped int) {
	if first, rest, found := strings.Cut(text, "\n"); found {
		said, is := strings.CutPrefix(strings.TrimRight(first, "\r"), "sep=")
		if is && len(said) == 1 && strings.Contains(candidates, said) {
			return rest, rune(said[0]), 1
		}
	}
	comma, best := ',', 0
	for _, candidate := range candidates {
		if score := agreement(text, candidate); score > best {
			comma, best = candidate, score
		}
	}
	return text, comma, 0
}

const candidates = ",;\t|"

// agreement counts the rows, header included, that have the header's width,
// among those that begin in the first 64 KiB; equal counts go to the wider one.
func agreement(text string, comma rune) int {
	const sample, rows = 64 << 10, 50
	r := csvReader(text, comma)
	width, same := 0, 0
	for range rows {
		cells, err := r.Read()
		if err != nil || width > 0 && r.InputOffset() > sample {
			break
		}
		if width == 0 {
			width = len(cells)
		}
		if len(cells) == width {
			same++
		}
	}
	if width < 2 {
		return 0
	}
	return same<<16 + min(width, 1<<16-1)
}

// WriteCSV writes a table that spreadsheet programs open without running any of
// it, and that Read gives back unchanged, save that CRLF in a cell becomes LF.
// It begins with a byte order mark, without which Excel takes UTF-8 for
// something else. The names in header hold no delimiters, or Read could take
// one of those for the delimiter of the file. It stops at the first error of rows.
func WriteCSV(w io.Writer, header []string, rows iter.Seq2[[]string, error]) error {
	if _, err := io.WriteString(w, "\ufeff"); err != nil {
		return err
	}
	out := csv.NewWriter(w)
	if err := out.Write(escaped(header)); err != nil {
		return err
	}
	for row, err := range rows {
		if err != nil {
			return err
		}
		if err := out.Write(escaped(row)); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

func escaped(row []string) []string {
	out := make([]string, len(row))
	for i, cell := range row {
		// Read refuses a file that is not UTF-8, and an export has to be readable.
		out[i] = escape(strings.ToValidUTF8(withLF(cell), "\ufffd"))
	}
	return out
}
