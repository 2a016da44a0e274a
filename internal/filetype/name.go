package filetype

import (
	"fmt"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

const (
	maxName      = 255 // bytes: the limit of every common file system
	maxExtension = 16
)

// CleanName turns whatever a browser sent into a name that is safe to keep, to show and to
// give to a file: Unicode NFC, without folders, control characters, or the invisible ones
// that make "exe.fdp" read as "pdf.exe", and at most 255 bytes, the extension kept. A name
// of which nothing is left becomes "file". Cleaning a clean name changes nothing.
func CleanName(name string) string {
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	name = strings.Map(visible, strings.ToValidUTF8(name, "_"))
	name = strings.TrimFunc(norm.NFC.String(name), spaceOrDot)
	name = strings.TrimRightFunc(shorten(name), spaceOrDot)
	if name == "" {
		return "file"
	}
	return name
}

// visible drops control, format and other characters that print nothing, and turns every
// kind of blank into a space.
func visible(r rune) rune {
	switch {
	case unicode.IsSpace(r):
		return ' '
	case unicode.IsGraphic(r):
		return r
	}
	return -1
}

func spaceOrDot(r rune) bool { return r == ' ' || r == '.' }

func shorten(name string) string {
	if len(name) <= maxName {
		return name
	}
	ext := path.Ext(name)
	if len(ext) > maxExtension {
		ext = ""
	}
	stem := name[:maxName-len(ext)]
	for !utf8.RuneStart(name[len(stem)]) {
		stem = stem[:len(stem)-1]
	}
	return stem + ext
}

// ContentDisposition is the header of a download under the given name: always an
// attachment, in ASCII for old programs and in full for the others (RFC 6266).
func ContentDisposition(name string) string {
	name = CleanName(name)
	return fmt.Sprintf(`attachment; filename="%s"; filename*=UTF-8''%s`, strings.Map(ascii, name), percentEncode(name))
}

// ascii keeps what needs no escape inside quotes. The percent sign goes too, since some
// browsers decode it there.
func ascii(r rune) rune {
	if r < ' ' || r > '~' || strings.ContainsRune(`"\%`, r) {
		return '_'
	}
	return r
}

// percentEncode escapes all but the attr-char of RFC 8187. url.PathEscape would leave
// characters that end the value.
func percentEncode(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		if c < 0x80 && (unicode.IsLetter(rune(c)) || unicode.IsDigit(rune(c)) || strings.IndexByte("!#$&+-.^_`|~", c) >= 0) {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
