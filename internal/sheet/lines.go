package sheet

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"unicode/utf8"
)

// lines hands out a file, many lines at a time to whoever cuts plain ones, and one at a
// time to a csv.Reader, which therefore never holds more than it has been asked for.
type lines struct {
	fence fence
	err   error // of the fence; what was read before it comes first
	ahead []byte
	kept  int // bytes of ahead: the beginning of a line whose end was not read yet

	block string // read and not handed out, from at on
	at    int
	whole bool // block ends where a line does
	text  bool // block is UTF-8
	ascii bool
	quote int // a place in block before which there is no quotation mark from at on
	given int // lines a csv.Reader got
}

const readAhead = 128 << 10

// fill reports whether there is more, having read it if need be.
func (l *lines) fill() bool {
	if l.at < len(l.block) {
		return true
	}
	if l.ahead == nil {
		l.ahead = make([]byte, readAhead)
	}
	for idle := 0; ; {
		if end := bytes.LastIndexByte(l.ahead[:l.kept], '\n') + 1; end > 0 {
			return l.take(end, true)
		}
		if l.kept == len(l.ahead) || l.kept > 0 && l.err != nil {
			return l.take(l.kept, errors.Is(l.err, io.EOF))
		}
		if l.err != nil {
			return false
		}
		var n int
		n, l.err = l.fence.Read(l.ahead[l.kept:])
		if l.kept += n; n > 0 {
			idle = 0
		} else if idle++; idle == 100 && l.err == nil {
			l.err = io.ErrNoProgress
		}
	}
}

// take makes a block of what was read. It is a string of its own, so cells cut from it
// stay what they are.
func (l *lines) take(n int, whole bool) bool {
	l.block, l.at, l.quote, l.whole = string(l.ahead[:n]), 0, 0, whole
	l.kept = copy(l.ahead, l.ahead[n:l.kept])
	l.ascii = isASCII(l.block)
	l.text = l.ascii || utf8.ValidString(l.block)
	return true
}

func isASCII(s string) bool {
	for len(s) >= 8 {
		if (s[0]|s[1]|s[2]|s[3]|s[4]|s[5]|s[6]|s[7])&utf8.RuneSelf != 0 {
			return false
		}
		s = s[8:]
	}
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// plain takes the next line, without its end, if there is no quotation mark in it and it
// is text for certain.
func (l *lines) plain() (line string, ok bool) {
	if !l.whole || !l.text {
		return "", false
	}
	rest := l.block[l.at:]
	end := strings.IndexByte(rest, '\n')
	if end < 0 {
		end = len(rest)
	}
	if l.quoteBefore(l.at + end) {
		return "", false
	}
	l.at += min(end+1, len(rest))
	return strings.TrimSuffix(rest[:end], "\r"), true
}

func (l *lines) quoteBefore(end int) bool {
	if l.quote < l.at {
		l.quote = l.at
	}
	if l.quote < end && l.block[l.quote] != '"' {
		to := strings.IndexByte(l.block[l.quote:], '"')
		if l.quote += to; to < 0 {
			l.quote = len(l.block)
		}
	}
	return l.quote < end
}

// Read gives at most one line.
func (l *lines) Read(p []byte) (int, error) {
	if !l.fill() {
		return 0, l.err
	}
	rest := l.block[l.at:]
	if end := strings.IndexByte(rest, '\n'); end >= 0 {
		rest = rest[:end+1]
	}
	n := copy(p, rest)
	l.at += n
	if n > 0 && rest[n-1] == '\n' {
		l.given++
	}
	return n, nil
}
