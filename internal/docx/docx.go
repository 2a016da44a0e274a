// Package docx writes Word documents: headings, paragraphs and tables, and nothing else.
// What is written holds no field, link, macro or external part, so opening it does nothing.
package docx

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A Document is built from top to bottom and written once.
type Document struct {
	body      bytes.Buffer
	landscape bool
}

// New is an empty document on portrait or landscape paper.
func New(landscape bool) *Document { return &Document{landscape: landscape} }

// Heading adds a heading of level 1 to 3.
func (d *Document) Heading(level int, text string) {
	d.paragraph("Heading"+strconv.Itoa(min(max(level, 1), 3)), text)
}

// Text adds a paragraph; its line breaks stay.
func (d *Document) Text(text string) { d.paragraph("", text) }

func (d *Document) paragraph(style, text string) {
	d.body.WriteString("<w:p>")
	if style != "" {
		d.body.WriteString(`<w:pPr><w:pStyle w:val="` + style + `"/></w:pPr>`)
	}
	for n, line := range strings.Split(text, "\n") {
		d.body.WriteString("<w:r>")
		if n > 0 {
			d.body.WriteString("<w:br/>")
		}
		d.body.WriteString(`<w:t xml:space="preserve">`)
		escape(&d.body, line)
		d.body.WriteString("</w:t></w:r>")
	}
	d.body.WriteString("</w:p>")
}

// escape writes text without what XML cannot hold.
func escape(to *bytes.Buffer, text string) {
	clean := strings.Map(func(r rune) rune {
		if r == utf8.RuneError || r < ' ' && r != '\t' || r == 0xFFFE || r == 0xFFFF {
			return ' '
		}
		return r
	}, text)
	_ = xml.EscapeText(to, []byte(clean)) // a buffer takes everything
}

// Table adds a table whose header is repeated on every page.
func (d *Document) Table(header []string, rows [][]string) {
	d.body.WriteString(`<w:tbl><w:tblPr><w:tblStyle w:val="TableGrid"/><w:tblW w:w="5000" w:type="pct"/></w:tblPr><w:tblGrid>`)
	for range header {
		d.body.WriteString("<w:gridCol/>")
	}
	d.body.WriteString("</w:tblGrid>")
	d.row(header, true)
	for _, r := range rows {
		d.row(r, false)
	}
	d.body.WriteString("</w:tbl>")
	d.paragraph("", "") // two tables in a row would become one
}

func (d *Document) row(cells []string, head bool) {
	d.body.WriteString("<w:tr>")
	style := "TableText"
	if head {
		d.body.WriteString("<w:trPr><w:tblHeader/></w:trPr>")
		style = "TableHead"
	}
	for _, c := range cells {
		d.body.WriteString("<w:tc><w:tcPr/>")
		d.paragraph(style, c)
		d.body.WriteString("</w:tc>")
	}
	d.body.WriteString("</w:tr>")
}

// WriteTo writes the document. The same text gives the same bytes.
func (d *Document) WriteTo(w io.Writer) (int64, error) {
	size := `<w:pgSz w:w="11906" w:h="16838"/>`
	if d.landscape {
		size = `<w:pgSz w:w="16838" w:h="11906" w:orient="landscape"/>`
	}
	document := head + `<w:document xmlns:w="` + main + `"><w:body>` + d.body.String() +
		`<w:sectPr>` + size + `<w:pgMar w:top="1134" w:right="1134" w:bottom="1134" w:left="1134" w:header="567" w:footer="567" w:gutter="0"/></w:sectPr></w:body></w:document>`
	count := &counter{w: w}
	z := zip.NewWriter(count)
	for _, part := range []struct{ name, text string }{
		{"[Content_Types].xml", contentTypes},
		{"_rels/.rels", relations},
		{"word/_rels/document.xml.rels", documentRelations},
		{"word/document.xml", document},
		{"word/styles.xml", styles},
	} {
		f, err := z.Create(part.name)
		if err == nil {
			_, err = io.WriteString(f, part.text)
		}
		if err != nil {
			return count.n, err
		}
	}
	return count.n, z.Close()
}

type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

const (
	head         = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"
	main         = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
	office       = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
	packages     = "http://schemas.openxmlformats.org/package/2006/"
	mediaType    = "application/vnd.openxmlformats-officedocument.wordprocessingml."
	contentTypes = head + `<Types xmlns="` + packages + `content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
		`<Override PartName="/word/document.xml" ContentType="` + mediaType + `document.main+xml"/><Override PartName="/word/styles.xml" ContentType="` + mediaType + `styles+xml"/></Types>`
	relations         = head + `<Relationships xmlns="` + packages + `relationships"><Relationship Id="rId1" Type="` + office + `officeDocument" Target="word/document.xml"/></Relationships>`
	documentRelations = head + `<Relationships xmlns="` + packages + `relationships"><Relationship Id="rId1" Type="` + office + `styles" Target="styles.xml"/></Relationships>`
	styles            = head + `<w:styles xmlns:w="` + main + `"><w:docDefaults><w:rPrDefault><w:rPr><w:rFonts w:ascii="Calibri" w:hAnsi="Calibri"/><w:sz w:val="22"/></w:rPr></w:rPrDefault><w:pPrDefault><w:pPr><w:spacing w:after="120"/></w:pPr></w:pPrDefault></w:docDefaults>` +
		`<w:style w:type="paragraph" w:default="1" w:styleId="Normal"><w:name w:val="Normal"/></w:style>` +
		`<w:style w:type="paragraph" w:styleId="Heading1"><w:name w:val="heading 1"/><w:basedOn w:val="Normal"/><w:pPr><w:keepNext/><w:outlineLvl w:val="0"/></w:pPr><w:rPr><w:b/><w:sz w:val="32"/></w:rPr></w:style>` +
		`<w:style w:type="paragraph" w:styleId="Heading2"><w:name w:val="heading 2"/><w:basedOn w:val="Normal"/><w:pPr><w:keepNext/><w:outlineLvl w:val="1"/></w:pPr><w:rPr><w:b/><w:sz w:val="26"/></w:rPr></w:style>` +
		`<w:style w:type="paragraph" w:styleId="Heading3"><w:name w:val="heading 3"/><w:basedOn w:val="Normal"/><w:pPr><w:keepNext/><w:outlineLvl w:val="2"/></w:pPr><w:rPr><w:b/></w:rPr></w:style>` +
		`<w:style w:type="paragraph" w:styleId="TableText"><w:name w:val="Table Text"/><w:basedOn w:val="Normal"/><w:pPr><w:spacing w:after="0"/></w:pPr><w:rPr><w:sz w:val="18"/></w:rPr></w:style>` +
		`<w:style w:type="paragraph" w:styleId="TableHead"><w:name w:val="Table Head"/><w:basedOn w:val="TableText"/><w:rPr><w:b/></w:rPr></w:style>` +
		`<w:style w:type="table" w:styleId="TableGrid"><w:name w:val="Table Grid"/><w:tblPr><w:tblBorders><w:top w:val="single" w:sz="4"/><w:left w:val="single" w:sz="4"/><w:bottom w:val="single" w:sz="4"/><w:right w:val="single" w:sz="4"/><w:insideH w:val="single" w:sz="4"/><w:insideV w:val="single" w:sz="4"/></w:tblBorders></w:tblPr></w:style></w:styles>`
)
