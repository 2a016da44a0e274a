package ui

import (
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
	return first + firstLetter(words[len(words)-1])
}

func firstLetter(word string) string {
	r, _ := utf8.DecodeRuneInString(word)
	return string(unicode.ToUpper(r))
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
