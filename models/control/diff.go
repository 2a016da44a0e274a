package control

import (
	"strings"
	"unicode"

	udiff "github.com/aymanbagabas/go-udiff"
)

// A Change is one field in which two versions differ, word by word.
type Change struct {
	Label string
	Was   []Piece // of the older version; those it lost are marked
	Now   []Piece // of the newer one; those it gained are marked
}

// A Piece is some words of a text.
type Piece struct {
	Text    string
	Changed bool
}

// Diff compares two versions field by field. Fields that say the same are left out.
func Diff(older, newer Version) []Change {
	var out []Change
	for _, f := range fields {
		was, now := f.write(older.Content), f.write(newer.Content)
		if was == now {
			continue
		}
		c := Change{Label: f.label}
		c.Was, c.Now = compare(was, now)
		out = append(out, c)
	}
	return out
}

// compare finds the words that differ. The library compares lines, so each word and
// each stretch of blanks is made one.
func compare(was, now string) (before, after []Piece) {
	a, b := pieces(was), pieces(now)
	edits := udiff.Lines(asLines(a), asLines(b))
	at, from := 0, 0
	for _, e := range edits {
		same := wordsUpTo(a, e.Start) - at
		before, after = add(before, a[at:at+same], false), add(after, b[from:from+same], false)
		at, from = at+same, from+same
		end := wordsUpTo(a, e.End)
		gained := strings.Count(e.New, "\n")
		before, after = add(before, a[at:end], true), add(after, b[from:from+gained], true)
		at, from = end, from+gained
	}
	return add(before, a[at:], false), add(after, b[from:], false)
}

// wordsUpTo counts the words whose lines end at or before a byte offset of asLines.
func wordsUpTo(words []string, offset int) int {
	n, i := 0, 0
	for i < len(words) && n < offset {
		n += len(encode(words[i])) + 1
		i++
	}
	return i
}

func add(list []Piece, words []string, changed bool) []Piece {
	if len(words) == 0 {
		return list
	}
	return append(list, Piece{strings.Join(words, ""), changed})
}

func asLines(words []string) string {
	var b strings.Builder
	for _, w := range words {
		b.WriteString(encode(w))
		b.WriteByte('\n')
	}
	return b.String()
}

// encode keeps a line break inside a word from ending its line.
func encode(word string) string { return strings.ReplaceAll(word, "\n", "\r") }

// pieces cuts text into words and the blanks between them.
func pieces(text string) []string {
	var out []string
	var last bool
	for i, r := range text {
		blank := unicode.IsSpace(r)
		if i == 0 || blank != last {
			out = append(out, "")
		}
		out[len(out)-1] += string(r)
		last = blank
	}
	return out
}
