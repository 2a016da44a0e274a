// Package filetype decides which files may come in as evidence, by their extension and by
// their first bytes, and how each may go out again. It reads names and bytes only; it
// stores nothing and renders nothing.
//
// The list is what audits are made of: documents, exports, screenshots, logs,
// configuration. Left out on purpose are programs and scripts that run on a double click,
// SVG (a drawing that runs script), Office files that carry macros or hide their content
// behind a password, and formats no reviewer can open. Plain text is welcome whatever it
// says: a script renamed to .txt is evidence and harmless.
//
// No check of the first bytes can find a file that is two things at once. What makes such
// a file harmless is how it is served: as an attachment, with the media type from this
// list, never one a browser would run.
package filetype

import (
	"bytes"
	"fmt"
	"path"
	"strings"

	"github.com/gabriel-vasile/mimetype"
)

// A Preview says how a page may show a file. Nothing is ever shown by handing the original
// bytes to the page.
type Preview string

// The kinds of preview. PDF is drawn by the viewer in static/js, with scripting off.
const (
	PreviewNone  Preview = ""
	PreviewText  Preview = "text"
	PreviewCSV   Preview = "csv"
	PreviewJSON  Preview = "json"
	PreviewXLSX  Preview = "xlsx"
	PreviewImage Preview = "image"
	PreviewPDF   Preview = "pdf"
	PreviewZIP   Preview = "zip"
)

// A Type is the verdict on a file that may come in.
type Type struct {
	Name      string // for people: "PDF", "Excel workbook"
	MediaType string // for the download; HTML and XML go out as plain bytes
	Preview   Preview
}

// A Refusal is a sentence for the person who chose the file.
type Refusal string

func (r Refusal) Error() string { return string(r) }

// Of returns the type of a file from its name and its first bytes (blob.HeadSize is
// enough). A file that is empty, is of a kind not on the list, or is not what its name
// says is a Refusal.
func Of(name string, head []byte) (Type, error) {
	if err := Named(name); err != nil {
		return Type{}, err
	}
	ext := extension(name)
	k := kinds[ext]
	switch {
	case len(head) == 0:
		return Type{}, Refusal("The file is empty. Check the export that made it and send it again.")
	case !k.matches(head):
		return Type{}, mismatch(ext, k, head)
	}
	return k.Type, nil
}

// Named refuses what a name alone tells will not be taken.
func Named(name string) error {
	ext := extension(name)
	if advice, ok := refused[ext]; ok {
		return Refusal(fmt.Sprintf("Files that end in .%s are not accepted. %s", ext, advice))
	}
	if ext == "" {
		return Refusal("The file has no extension, so nobody can tell how to open it. Rename it, for example to end in .txt, and send it again.")
	}
	if _, ok := kinds[ext]; !ok {
		return Refusal(fmt.Sprintf("Files that end in .%s are not accepted. Send a PDF, a text file, a picture, or a ZIP archive.", ext))
	}
	return nil
}

// Packed reports whether a file that begins with head is a ZIP archive, as Office
// documents are.
func Packed(head []byte) bool {
	return bytes.HasPrefix(head, []byte("PK\x03\x04")) || bytes.HasPrefix(head, []byte("PK\x05\x06"))
}

// Accept is the value for the accept attribute of a file field: every extension on the list.
func Accept() string { return accept }

func mismatch(ext string, k kind, head []byte) Refusal {
	found := mimetype.Detect(head)
	switch {
	case found.Is("application/x-ole-storage") || parentIs(found, "application/x-ole-storage"):
		return Refusal(fmt.Sprintf("The file ends in .%s but is an old or password-protected Office file. Save it without a password in the current format and send it again.", ext))
	case found.Is("text/html"):
		return Refusal(fmt.Sprintf("The file ends in .%s but contains a web page, perhaps a sign-in page saved in place of the export. Check it and send it again.", ext))
	}
	return Refusal(fmt.Sprintf("The file ends in .%s but its content is not %s. Check that it opens, give it the extension of what it is, and send it again.", ext, k.Name))
}

func parentIs(m *mimetype.MIME, mediaType string) bool {
	for m = m.Parent(); m != nil; m = m.Parent() {
		if m.Is(mediaType) {
			return true
		}
	}
	return false
}

// extension is in lower case and without its dot. Only the last one counts, as it does for
// the computer that will open the file.
func extension(name string) string {
	return strings.ToLower(strings.TrimPrefix(path.Ext(CleanName(name)), "."))
}

// is accepts what the detector calls any of the media types, or a finer kind of one.
func is(mediaTypes ...string) func([]byte) bool {
	return func(head []byte) bool {
		found := mimetype.Detect(head)
		for _, mt := range mediaTypes {
			if found.Is(mt) || parentIs(found, mt) {
				return true
			}
		}
		return false
	}
}

// office accepts one kind of Office document, and an archive too ordinary to tell: which
// parts come first in it is up to the program that wrote it.
func office(mediaType string) func([]byte) bool {
	return func(head []byte) bool {
		found := mimetype.Detect(head)
		return found.Is(mediaType) || found.Is("application/zip")
	}
}

// isText is the rule browsers use (WHATWG MIME Sniffing §7.1): a byte order mark, or no
// byte that text never holds. The detector is not asked, because it takes a list that
// begins with "BM" for a bitmap.
func isText(head []byte) bool {
	for _, mark := range []string{"\xef\xbb\xbf", "\xff\xfe", "\xfe\xff"} {
		if bytes.HasPrefix(head, []byte(mark)) {
			return true
		}
	}
	return !bytes.ContainsFunc(head, func(r rune) bool {
		return r <= 0x08 || r == 0x0b || 0x0e <= r && r <= 0x1a || 0x1c <= r && r <= 0x1f
	})
}

// isData is text that is not a web page: exports fail by saving the sign-in page.
func isData(head []byte) bool {
	found := mimetype.Detect(head)
	return isText(head) && !found.Is("text/html") && !found.Is("image/svg+xml")
}

// beginsWith is text whose first visible character is one of these, in any of the
// encodings isText lets through.
func beginsWith(chars string) func([]byte) bool {
	return func(head []byte) bool {
		if !isText(head) {
			return false
		}
		first := bytes.TrimLeft(head, "\xef\xbb\xbf\xff\xfe\x00 \t\r\n")
		return len(first) > 0 && strings.IndexByte(chars, first[0]) >= 0
	}
}

// isDER is an ASN.1 sequence, as every certificate, signature and time stamp is: one whose
// length follows, or a short one that ends where it says.
func isDER(head []byte) bool {
	return len(head) > 2 && head[0] == 0x30 && (head[1] >= 0x80 && head[1] <= 0x84 || int(head[1]) == len(head)-2)
}

// isMail looks for a header line at the top, "Name: value", as RFC 5322 has it.
func isMail(head []byte) bool {
	line, _, _ := bytes.Cut(head, []byte("\n"))
	name, _, found := bytes.Cut(line, []byte(":"))
	return isText(head) && (found || bytes.HasPrefix(line, []byte("From "))) && !bytes.ContainsAny(name, "<>{}")
}
