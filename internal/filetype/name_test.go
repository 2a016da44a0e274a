package filetype_test

import (
	"mime"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"assay/internal/filetype"

	"golang.org/x/text/unicode/norm"
)

func TestNamesAreCleaned(t *testing.T) {
	for _, c := range []struct{ sentence, sent, want string }{
		{"an ordinary name stays", "Access review Q3.xlsx", "Access review Q3.xlsx"},
		{"folders go, of either kind", `C:\Users\ada/notes.txt`, "notes.txt"},
		{"climbing out of the folder goes", "../../etc/passwd", "passwd"},
		{"control characters go", "a\r\nSet-Cookie: x\x00.txt", "a  Set-Cookie: x.txt"},
		{"bidi overrides go", "invoice\u202efdp.exe", "invoicefdp.exe"},
		{"bidi isolates and zero widths go", "a\u2066b\u200bc\ufeff.txt", "abc.txt"},
		{"letters are composed", "Gepru\u0308ft.pdf", "Geprüft.pdf"},
		{"other scripts stay", "監査証跡.pdf", "監査証跡.pdf"},
		{"bytes that are no Unicode are marked", "a\xff.txt", "a_.txt"},
		{"hidden files are shown", ".htaccess", "htaccess"},
		{"blanks and dots at the ends go", " report.pdf. . ", "report.pdf"},
		{"nothing becomes something", "///", "file"},
		{"only dots become something", "..", "file"},
		{"a long name keeps its extension", strings.Repeat("ä", 200) + ".pdf", strings.Repeat("ä", 125) + ".pdf"},
		{"an endless extension is cut", "a." + strings.Repeat("b", 300), "a." + strings.Repeat("b", 253)},
	} {
		t.Run(c.sentence, func(t *testing.T) {
			if got := filetype.CleanName(c.sent); got != c.want {
				t.Errorf("CleanName(%q) = %q, want %q", c.sent, got, c.want)
			}
		})
	}
}

func TestDownloadsCarryTheirNameInBothForms(t *testing.T) {
	for _, c := range []struct{ sent, want string }{
		{"a b.pdf", `attachment; filename="a b.pdf"; filename*=UTF-8''a%20b.pdf`},
		{`a".pdf`, `attachment; filename="a_.pdf"; filename*=UTF-8''a%22.pdf`},
		{"ü%41'.pdf", `attachment; filename="__41'.pdf"; filename*=UTF-8''%C3%BC%2541%27.pdf`},
	} {
		if got := filetype.ContentDisposition(c.sent); got != c.want {
			t.Errorf("%q:\n got %s\nwant %s", c.sent, got, c.want)
		}
	}
}

func FuzzCleanName(f *testing.F) {
	for _, s := range []string{"a.pdf", "../x", "e\u0301\u202e", strings.Repeat("\u0958", 99) + ".p df", "\xff", ". .", "K\u212a"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, sent string) {
		got := filetype.CleanName(sent)
		switch {
		case got == "" || len(got) > 255 || !utf8.ValidString(got):
			t.Errorf("%q: empty, too long or invalid", got)
		case strings.ContainsAny(got, `/\`) || strings.Trim(got, " .") != got:
			t.Errorf("%q: could be a path", got)
		case strings.ContainsFunc(got, func(r rune) bool { return !unicode.IsGraphic(r) }):
			t.Errorf("%q: holds an invisible character", got)
		case !norm.NFC.IsNormalString(got):
			t.Errorf("%q: not NFC", got)
		case filetype.CleanName(got) != got:
			t.Errorf("%q: cleaned again it is %q", got, filetype.CleanName(got))
		}
		header := filetype.ContentDisposition(sent)
		kind, params, err := mime.ParseMediaType(header)
		if err != nil || kind != "attachment" || params["filename"] != got {
			t.Errorf("%q parses as %q %q, %v", header, kind, params, err)
		}
	})
}
