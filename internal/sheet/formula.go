package sheet

import (
	"strings"
	"unicode"
)

// A cell of a CSV file that begins like a formula is run by the program that
// opens it. escape puts an apostrophe before such text, which spreadsheet
// programs take for "this is text". So that unescape can tell that apostrophe
// from one somebody wrote, text that already is apostrophes followed by a
// formula gets one more: unescape(escape(s)) == s for every s.
func escape(s string) string {
	if looksLikeFormula(s) {
		return "'" + s
	}
	return s
}

// unescape takes off the apostrophe that escape puts on, and no other.
func unescape(s string) string {
	if rest, found := strings.CutPrefix(s, "'"); found && looksLikeFormula(rest) {
		return rest
	}
	return s
}

// looksLikeFormula says whether s, behind any apostrophes and then any blanks,
// begins with a character that starts a formula, or a control character that
// makes programs skip to the next one. Full-width forms count: Excel with an
// East Asian locale treats them alike.
func looksLikeFormula(s string) bool {
	for _, r := range strings.TrimLeft(s, "'") {
		switch r {
		case '=', '+', '-', '@', '＝', '＋', '－', '＠', '\t', '\r', 0:
			return true
		}
		if !blank(r) {
			return false
		}
	}
	return false
}

// blank also takes in what is drawn as nothing: zero-width characters and the
// byte order mark are format characters, not spaces, to Unicode.
func blank(r rune) bool {
	return unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r)
}
