package preview_test

import (
	"encoding/binary"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"assay/internal/preview"
)

// Whatever the bytes, the pages of a text end, follow one another without a gap, and like
// the table and the layout show nothing that could steer the page.
func FuzzText(f *testing.F) {
	for _, s := range []string{"", "a,b\n\"c", "\xff\xfe\n\x00\x0a", "\xef\xbb\xbfx", utf16s("ä\n終", binary.BigEndian), `{"a":[1,"\u202e` + "\u202e", "\xc3"} {
		f.Add(s, int64(1))
	}
	f.Fuzz(func(t *testing.T, sent string, offset int64) {
		shown := []string{}
		for at, more := offset, true; more; {
			p, err := preview.TextAt(strings.NewReader(sent), at)
			if err != nil {
				t.Fatal(err)
			}
			if p.Start > int64(len(sent)) || p.More && p.Next <= p.Start {
				t.Fatalf("from %d: %d to %d of %d", at, p.Start, p.Next, len(sent))
			}
			shown = append(shown, p.Lines...)
			at, more = p.Next, p.More
		}
		table, err := preview.CSV(strings.NewReader(sent))
		if err == nil {
			for _, row := range table.Rows {
				shown = append(shown, row...)
			}
		}
		laidOut, err := preview.JSON(strings.NewReader(sent))
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range append(shown, laidOut.Lines...) {
			if !utf8.ValidString(s) || strings.ContainsFunc(s, steers) {
				t.Errorf("shows %q", s)
			}
		}
	})
}

func steers(r rune) bool {
	return r != '\t' && r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r))
}
