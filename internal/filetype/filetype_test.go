package filetype_test

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"
	"unicode/utf16"

	"assay/internal/filetype"

	"github.com/xuri/excelize/v2"
)

func TestWhatIsOnTheListComesInAsWhatItIs(t *testing.T) {
	for _, c := range []struct {
		sentence, name string
		head           []byte
		mediaType      string
		preview        filetype.Preview
	}{
		{"a PDF", "policy.pdf", pdf, "application/pdf", filetype.PreviewPDF},
		{"an extension in capitals", "POLICY.PDF", pdf, "application/pdf", filetype.PreviewPDF},
		{"a PNG", "screen.png", picture("png"), "image/png", filetype.PreviewImage},
		{"a JPEG by either name", "photo.jpeg", picture("jpeg"), "image/jpeg", filetype.PreviewImage},
		{"a GIF", "steps.gif", picture("gif"), "image/gif", filetype.PreviewImage},
		{"a WebP", "a.webp", []byte("RIFF\x24\x00\x00\x00WEBPVP8 \x18\x00\x00\x00"), "image/webp", filetype.PreviewImage},
		{"a workbook as Excel libraries write it", "users.xlsx", workbook(), ooxml + "spreadsheetml.sheet", filetype.PreviewXLSX},
		{"a document", "minutes.docx", archive("[Content_Types].xml", "_rels/.rels", "word/document.xml"), ooxml + "wordprocessingml.document", filetype.PreviewNone},
		{"an archive", "bundle.zip", archive("a.txt"), "application/zip", filetype.PreviewZIP},
		{"an archive of one workbook under .zip", "export.zip", workbook(), "application/zip", filetype.PreviewZIP},
		{"a packed log", "auth.log.gz", gzipped("x"), "application/gzip", filetype.PreviewNone},
		{"text", "notes.txt", []byte("Reviewed on 3 August.\n"), plain, filetype.PreviewText},
		{"text in Latin-1", "notes.txt", []byte("Gepr\xfcft\n"), plain, filetype.PreviewText},
		{"text in UTF-16", "notes.txt", utf16le("Geprüft\n"), plain, filetype.PreviewText},
		{"text with a byte order mark", "notes.txt", []byte("\xef\xbb\xbfok"), plain, filetype.PreviewText},
		{"a shell script shown as text", "deploy.txt", []byte("#!/bin/sh\nrm -rf /\n"), plain, filetype.PreviewText},
		{"a coloured log", "ci.log", []byte("\x1b[32mok\x1b[0m\n"), plain, filetype.PreviewText},
		{"a table", "users.csv", []byte("name,role\nAda,admin\n"), "text/csv; charset=utf-8", filetype.PreviewCSV},
		{"a table whose first letters are the magic of a bitmap", "b.csv", []byte("BM,MZ\n1,2\n"), "text/csv; charset=utf-8", filetype.PreviewCSV},
		{"a table from Excel in UTF-16", "users.csv", utf16le("name\trole\n"), "text/csv; charset=utf-8", filetype.PreviewCSV},
		{"JSON", "scan.json", []byte(" \n{\"a\": 1}"), "application/json", filetype.PreviewJSON},
		{"JSON in UTF-16", "scan.json", utf16le("[1]"), "application/json", filetype.PreviewJSON},
		{"the beginning of long JSON", "scan.json", []byte(`[{"a":` + strings.Repeat(" ", 4000)), "application/json", filetype.PreviewJSON},
		{"a scan result", "codeql.sarif", []byte(`{"version":"2.1.0"}`), "application/json", filetype.PreviewJSON},
		{"a bundle of a signature", "model.sig", []byte(`{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json"}`), plain, filetype.PreviewText},
		{"a certificate in letters", "signer.pem", []byte("-----BEGIN CERTIFICATE-----\n"), plain, filetype.PreviewText},
		{"a time stamp", "root.tsr", []byte{0x30, 0x82, 0x05, 0x1f, 0x30}, "application/octet-stream", filetype.PreviewNone},
		{"a request for one", "root.tsq", []byte{0x30, 0x03, 0x02, 0x01, 0x01}, "application/octet-stream", filetype.PreviewNone},
		{"results of a scanner", "web.nessus", []byte("<?xml version=\"1.0\" ?>\n<NessusClientData_v2>"), "application/octet-stream", filetype.PreviewText},
		{"XML, never with a type a browser runs", "n.xml", []byte("<?xml version=\"1.0\"?><a/>"), "application/octet-stream", filetype.PreviewText},
		{"a web page, never with its type", "p.html", []byte("<!doctype html><script>alert(1)</script>"), "application/octet-stream", filetype.PreviewNone},
		{"an email", "approval.eml", []byte("From: a@example.com\r\nTo: b@example.com\r\n\r\nyes"), "message/rfc822", filetype.PreviewText},
		{"a picture that is a script too, as the picture", "a.gif", []byte("GIF89a/*\x00\x00\x00*/=alert(1)"), "image/gif", filetype.PreviewImage},
	} {
		t.Run(c.sentence, func(t *testing.T) {
			got, err := filetype.Of(c.name, c.head)
			if err != nil {
				t.Fatal(err)
			}
			if got.MediaType != c.mediaType || got.Preview != c.preview || got.Name == "" {
				t.Errorf("got %+v, want %s shown as %q", got, c.mediaType, c.preview)
			}
		})
	}
}

func TestEverythingElseIsRefusedWithASentence(t *testing.T) {
	ole := append([]byte{0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1}, make([]byte, 1000)...)
	for _, c := range []struct {
		sentence, name string
		head           []byte
		says           string
	}{
		{"an empty file", "a.pdf", nil, "empty"},
		{"no extension", "README", []byte("x"), "no extension"},
		{"an unknown extension", "a.xyz", []byte("x"), ".xyz"},
		{"a program", "setup.exe", []byte("MZ\x90\x00"), ".txt"},
		{"a program that hides behind a document's name", "policy.pdf.exe", pdf, ".exe"},
		{"a program turned round by an invisible character", "policy\u202efdp.exe", []byte("MZ"), ".exe"},
		{"a program that says it is text", "a.txt", []byte("MZ\x90\x00\x03\x00\x00\x00"), "not text"},
		{"a drawing that runs script", "a.svg", []byte("<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"), "PNG or PDF"},
		{"a script", "a.js", []byte("alert(1)"), ".txt"},
		{"a picture that is a script too, as the script", "a.js", []byte("GIF89a/*\x00*/=alert(1)"), ".txt"},
		{"a workbook with macros", "a.xlsm", workbook(), "macros"},
		{"an old document", "a.doc", ole, "current format"},
		{"a workbook with a password", "a.xlsx", ole, "password"},
		{"a web page that says it is a PDF", "a.pdf", []byte("<!doctype html><title>Sign in</title>"), "web page"},
		{"a sign-in page in place of an export", "users.csv", []byte("<!DOCTYPE html><html><body>Sign in"), "web page"},
		{"a JPEG that says it is a PNG", "a.png", picture("jpeg"), "not PNG picture"},
		{"a document that says it is a workbook", "a.xlsx", archive("[Content_Types].xml", "_rels/.rels", "word/document.xml"), "not Excel workbook"},
		{"a PDF that says it is an archive", "a.zip", pdf, "not ZIP archive"},
		{"text that says it is JSON", "a.json", []byte("hello"), "not JSON"},
		{"blanks that say they are JSON", "a.json", []byte("   "), "not JSON"},
		{"prose that says it is an email", "a.eml", []byte("hello"), "not email"},
		{"UTF-16 without its mark", "a.txt", utf16le("hello")[2:], "not text"},
	} {
		t.Run(c.sentence, func(t *testing.T) {
			got, err := filetype.Of(c.name, c.head)
			var refusal filetype.Refusal
			if !errors.As(err, &refusal) || got != (filetype.Type{}) {
				t.Fatalf("got %+v and %v, want a refusal", got, err)
			}
			if !strings.Contains(string(refusal), c.says) || !strings.HasSuffix(string(refusal), ".") {
				t.Errorf("%q does not say %q in sentences", refusal, c.says)
			}
		})
	}
}

func TestTheFileFieldOffersWhatIsOnTheList(t *testing.T) {
	for ext := range strings.SplitSeq(filetype.Accept(), ",") {
		if _, err := filetype.Of("a"+ext, nil); err == nil || !strings.Contains(err.Error(), "empty") {
			t.Errorf("%s is offered, then: %v", ext, err)
		}
	}
}

const (
	ooxml = "application/vnd.openxmlformats-officedocument."
	plain = "text/plain; charset=utf-8"
)

var pdf = []byte("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n")

func picture(format string) []byte {
	var b bytes.Buffer
	img := image.NewGray(image.Rect(0, 0, 4, 4))
	switch format {
	case "png":
		_ = png.Encode(&b, img)
	case "jpeg":
		_ = jpeg.Encode(&b, img, nil)
	case "gif":
		_ = gif.Encode(&b, img, nil)
	}
	return b.Bytes()
}

func archive(names ...string) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range names {
		f, _ := w.Create(name)
		_, _ = f.Write([]byte("<x/>"))
	}
	_ = w.Close()
	return b.Bytes()
}

func workbook() []byte {
	f := excelize.NewFile()
	defer f.Close()
	b, err := f.WriteToBuffer()
	if err != nil {
		panic(err)
	}
	return b.Bytes()
}

func gzipped(s string) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(s))
	_ = w.Close()
	return b.Bytes()
}

func utf16le(s string) []byte {
	b := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(s)) {
		b = append(b, byte(u), byte(u>>8))
	}
	return b
}
