package sheet

import (
	"archive/zip"
	"bufio"
	"bytes"
	"strings"

	"github.com/xuri/excelize/v2"
)

// A merge is a cell that stands for those below it.
type merge struct {
	column, from, to int // all counted from one; from is the row that has the text
	text             string
}

// mergedMost is how large the sheets of a workbook may be, unpacked, whose merged cells are
// looked up: the library needs a whole sheet in memory for that.
const mergedMost = 32 << 20

// mergesOf lists the cells of a sheet that were merged downwards. What is merged across
// stays in its first column: it is a heading more often than a value.
func mergesOf(book *excelize.File, archive *zip.Reader, sheet, name string) ([]*merge, error) {
	size, found := int64(0), false
	for _, f := range archive.File {
		if strings.HasPrefix(f.Name, "xl/worksheets/") {
			size += int64(min(f.UncompressedSize64, 1<<40))
			found = found || holds(f, "<mergeCell ")
		}
	}
	switch {
	case !found:
		return nil, nil
	case size > mergedMost:
		return nil, unreadable("%s has merged cells and is too large to resolve them. Unmerge them, or split it into several files.", name)
	}
	cells, err := book.GetMergeCells(sheet, true)
	if err != nil {
		return nil, damaged(name)
	}
	var merges []*merge
	for _, c := range cells {
		column, from, err := excelize.CellNameToCoordinates(c.GetStartAxis())
		_, to, err2 := excelize.CellNameToCoordinates(c.GetEndAxis())
		if err == nil && err2 == nil && to > from {
			merges = append(merges, &merge{column: column, from: from, to: to})
		}
	}
	return merges, nil
}

// holds reports whether a file of an archive holds the words.
func holds(f *zip.File, words string) bool {
	r, err := f.Open()
	if err != nil {
		return false
	}
	defer r.Close()
	scan := bufio.NewScanner(r)
	scan.Split(func(data []byte, atEOF bool) (int, []byte, error) {
		if i := bytes.Index(data, []byte(words)); i >= 0 {
			return i + len(words), []byte(words), nil
		}
		if atEOF {
			return len(data), nil, nil
		}
		return max(0, len(data)-len(words)), nil, nil // the words may straddle two reads
	})
	return scan.Scan()
}

// fill puts the text of merged cells into a row that they reach down to and that says
// something by itself, and reports whether it did.
func fill(merges []*merge, line int, cells []string) (filled bool) {
	blank := filledWidth(cells) == 0
	for _, m := range merges {
		switch at := m.column - 1; {
		case line == m.from && at < len(cells):
			m.text = cells[at]
		case line > m.from && line <= m.to && !blank && at < len(cells) && cells[at] == "" && m.text != "":
			cells[at], filled = m.text, true
		}
	}
	return filled
}
