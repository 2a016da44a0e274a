package preview

import (
	"bytes"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	utf "golang.org/x/text/encoding/unicode"
)

// pageBytes is how much of a text one page shows.
const pageBytes = 64 << 10

// Text is a stretch of a text file.
type Text struct {
	Lines    []string
	Encoding string // as a reader would call it: "UTF-8", "UTF-16", "Windows-1252"
	More     bool   // whether the file goes on
	Start    int64  // where in the file the stretch begins, in bytes
	Next     int64  // where the next one begins, when there is more
	Prev     int64  // where the one before begins
	Last     int64  // where the last one does
	Size     int64  // of the file
}

// TextAt returns the stretch of text that begins at the given byte, about 64 KiB, ending
// with a whole line where there is one. An offset inside a character is moved to the next;
// one outside the file shows nothing. Characters that would steer the page or hide from
// it are replaced by visible signs.
func TextAt(r io.ReadSeeker, offset int64) (Text, error) {
	size, err := r.Seek(0, io.SeekEnd)
	if err != nil {
		return Text{}, err
	}
	head, err := readAt(r, 0, sniffBytes)
	if err != nil {
		return Text{}, err
	}
	e := encodingOf(head)
	offset = min(max(offset, 0), size)
	offset -= offset % e.unit
	page, err := readAt(r, offset, pageBytes)
	if err != nil {
		return Text{}, err
	}
	skipped := e.toBoundary(page)
	page = page[skipped:]
	offset += int64(skipped)
	t := Text{Encoding: e.name, Start: offset, Size: size}
	if offset+int64(len(page)) < size {
		page = page[:e.lastWhole(page)]
		t.More, t.Next = true, offset+int64(len(page))
	}
	if t.Lines, err = e.lines(page); err != nil {
		return t, err
	}
	if t.Prev, err = e.lineAt(r, offset-pageBytes, offset); err != nil {
		return t, err
	}
	t.Last, err = e.lineAt(r, size-pageBytes/2, size)
	return t, err
}

// lineAt is the beginning of the first line between two offsets, or the first offset where
// none begins: what is shown there is whole lines, wherever one comes from.
func (e encoded) lineAt(r io.ReadSeeker, from, until int64) (int64, error) {
	if from <= 0 {
		return 0, nil
	}
	from -= from % e.unit
	stretch, err := readAt(r, from, int(min(until-from, pageBytes)))
	if err != nil {
		return 0, err
	}
	for at := 0; at < len(stretch); at++ {
		n := bytes.Index(stretch[at:], e.newline)
		if n < 0 {
			break
		}
		at += n
		if line := at + len(e.newline); int64(at)%e.unit == 0 && line < len(stretch) {
			return from + int64(line), nil
		}
	}
	return from, nil
}

func readAt(r io.ReadSeeker, offset int64, n int) ([]byte, error) {
	if _, err := r.Seek(offset, io.SeekStart); err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(r, int64(n)))
}

// sniffBytes is how much of a file decides its encoding and its delimiter.
const sniffBytes = 8 << 10

// An encoded text has characters that begin at multiples of unit.
type encoded struct {
	name    string
	unit    int64
	newline []byte
	codec   encoding.Encoding
}

var (
	utf8Text  = encoded{"UTF-8", 1, []byte("\n"), utf.UTF8BOM}
	utf16LE   = encoded{"UTF-16", 2, []byte("\n\x00"), utf.UTF16(utf.LittleEndian, utf.UseBOM)}
	utf16BE   = encoded{"UTF-16", 2, []byte("\x00\n"), utf.UTF16(utf.BigEndian, utf.UseBOM)}
	windows52 = encoded{"Windows-1252", 1, []byte("\n"), charmap.Windows1252}
)

// encodingOf trusts a byte order mark, then what decodes as UTF-8, and takes the rest for
// what Western Windows programs write.
func encodingOf(head []byte) encoded {
	switch {
	case bytes.HasPrefix(head, []byte("\xff\xfe")):
		return utf16LE
	case bytes.HasPrefix(head, []byte("\xfe\xff")):
		return utf16BE
	case utf8.Valid(head[:wholeRunes(head)]):
		return utf8Text
	}
	return windows52
}

// wholeRunes is the length without a character that the end cut in two.
func wholeRunes(b []byte) int {
	for i := len(b) - 1; i >= 0 && i >= len(b)-utf8.UTFMax; i-- {
		if utf8.RuneStart(b[i]) {
			if utf8.FullRune(b[i:]) {
				return len(b)
			}
			return i
		}
	}
	return len(b)
}

// toBoundary is the number of bytes before the first whole character.
func (e encoded) toBoundary(page []byte) int {
	n := 0
	for e.name == utf8Text.name && n < len(page) && n < utf8.UTFMax-1 && !utf8.RuneStart(page[n]) {
		n++
	}
	return n
}

// lastWhole is the length of a full page without its last, unfinished line; or, when it is
// all one line, without its last, unfinished character.
func (e encoded) lastWhole(page []byte) int {
	for at := len(page); ; {
		at = bytes.LastIndex(page[:at], e.newline)
		if at < 0 {
			break
		}
		if int64(at)%e.unit == 0 {
			return at + len(e.newline)
		}
		at += len(e.newline) - 1
	}
	if e.name == utf8Text.name {
		return wholeRunes(page)
	}
	return len(page) - len(page)%int(e.unit)
}

func (e encoded) lines(page []byte) ([]string, error) {
	decoded, err := io.ReadAll(e.decoder(bytes.NewReader(page)))
	if err != nil || len(decoded) == 0 {
		return nil, err
	}
	lines := strings.Split(strings.TrimSuffix(string(decoded), "\n"), "\n")
	for i, line := range lines {
		lines[i] = harmless(strings.TrimSuffix(line, "\r"))
	}
	return lines, nil
}

// decoder turns r into UTF-8 without a byte order mark.
func (e encoded) decoder(r io.Reader) io.Reader {
	return e.codec.NewDecoder().Reader(r)
}

// decoded reads r as UTF-8, whatever it is in.
func decoded(r io.Reader) (io.Reader, encoded, error) {
	head, err := io.ReadAll(io.LimitReader(r, sniffBytes))
	if err != nil {
		return nil, encoded{}, err
	}
	e := encodingOf(head)
	return e.decoder(io.MultiReader(bytes.NewReader(head), r)), e, nil
}

// harmless shows control characters as their Unicode pictures, and the marks that reorder
// or hide text as a replacement sign: what the reviewer reads is what is there.
func harmless(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n':
			return r
		case r < ' ':
			return '\u2400' + r
		case r == 0x7f:
			return '\u2421'
		case 0x80 <= r && r <= 0x9f, unicode.Is(unicode.Bidi_Control, r), 0x200b <= r && r <= 0x200d, r == 0x2028, r == 0x2029, r == 0xfeff:
			return utf8.RuneError
		}
		return r
	}, s)
}
