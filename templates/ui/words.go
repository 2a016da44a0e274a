package ui

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// State is one of the nine shapes a status can have. Shape comes first, colour
// second, and the words are always there.
type State string

// The nine states.
const (
	OK        State = "ok"   // done, operating, accepted, closed
	Soon      State = "soon" // due soon
	Late      State = "late"
	Exception State = "exc" // failed, deviation, open finding
	InReview  State = "rev"
	Returned  State = "ret"
	Open      State = "open" // not started, draft
	Future    State = "fut"  // not yet due
	NA        State = "na"   // not applicable, withdrawn, retired
)

// States lists them in the order of their seriousness in legends.
var States = []State{OK, Soon, Late, Exception, InReview, Returned, Open, Future, NA}

// Initials are the first letters of the first and the last word of a name.
func Initials(name string) string {
	words := strings.Fields(name)
	if len(words) == 0 {
		return "?"
	}
	first := firstLetter(words[0])
	if len(words) == 1 {
		return first
	}
	for last := len(words) - 1; last > 0; last-- {
		// of a name given in two scripts, the one it begins with
		if letter := firstLetter(words[last]); sameScript(first, letter) {
			return first + letter
		}
	}
	return first
}

func sameScript(a, b string) bool { return isLatin(a) == isLatin(b) }

func isLatin(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.Is(unicode.Latin, r)
}

func firstLetter(word string) string {
	r, _ := utf8.DecodeRuneInString(word)
	return string(unicode.ToUpper(r))
}

// Count is a number as people write it: "2,773".
func Count(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// shortDigest keeps both ends of a long digest, which is what people compare.
func shortDigest(d string) string {
	const head, tail = 8, 4
	if len(d) <= head+tail+3 {
		return d
	}
	return d[:head] + " … " + d[len(d)-tail:]
}

// severityBars is how many of the three bars a severity fills.
func severityBars(level string) int {
	switch level {
	case "critical", "high":
		return 3
	case "medium":
		return 2
	case "low":
		return 1
	}
	return 0
}

// paragraphs splits text at line ends and drops empty lines.
func paragraphs(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' })
}
