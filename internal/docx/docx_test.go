package docx_test

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"assay/internal/docx"
)

func written(t *testing.T) []byte {
	t.Helper()
	d := docx.New(true)
	d.Heading(1, "Section IV")
	d.Text("A <b> & a \x00 control\nsecond line ]]>")
	d.Table([]string{"Criterion", "Result"}, [][]string{{"CC6.1", "=HYPERLINK(\"x\")"}, {"CC7.2", "Exceptions noted: 1 of 25 items"}})
	var out bytes.Buffer
	n, err := d.WriteTo(&out)
	if err != nil || n != int64(out.Len()) {
		t.Fatalf("%d of %d, %v", n, out.Len(), err)
	}
	return out.Bytes()
}

// Every part is well-formed, every part that is named is there, and the text comes back.
func TestADocumentIsRealOOXML(t *testing.T) {
	b := written(t)
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	parts := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		parts[f.Name] = string(text)
		for dec := xml.NewDecoder(bytes.NewReader(text)); ; {
			if _, err := dec.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", f.Name, err)
			}
		}
	}
	if z.File[0].Name != "[Content_Types].xml" {
		t.Errorf("the first part is %s", z.File[0].Name)
	}
	var types struct {
		Override []struct {
			PartName string `xml:",attr"`
		}
	}
	if err := xml.Unmarshal([]byte(parts["[Content_Types].xml"]), &types); err != nil || len(types.Override) != 2 {
		t.Fatalf("%v %v", types, err)
	}
	for _, o := range types.Override {
		if parts[strings.TrimPrefix(o.PartName, "/")] == "" {
			t.Errorf("%s is named and not there", o.PartName)
		}
	}
	var doc struct {
		Body struct {
			P []struct {
				R []struct {
					T string `xml:"t"`
				} `xml:"r"`
			} `xml:"p"`
			Tbl struct {
				Tr []struct {
					Tc []struct {
						T string `xml:"p>r>t"`
					} `xml:"tc"`
				} `xml:"tr"`
			} `xml:"tbl"`
		} `xml:"body"`
	}
	if err := xml.Unmarshal([]byte(parts["word/document.xml"]), &doc); err != nil {
		t.Fatal(err)
	}
	if len(doc.Body.Tbl.Tr) != 3 || doc.Body.Tbl.Tr[2].Tc[1].T != "Exceptions noted: 1 of 25 items" || doc.Body.Tbl.Tr[1].Tc[1].T != `=HYPERLINK("x")` {
		t.Errorf("the table is %+v", doc.Body.Tbl)
	}
	if r := doc.Body.P[1].R; len(r) != 2 || r[0].T != "A <b> & a   control" || r[1].T != "second line ]]>" {
		t.Errorf("the paragraph is %+v", r)
	}
	for _, style := range []string{"Heading1", "TableText", "TableHead", "TableGrid"} {
		if !strings.Contains(parts["word/document.xml"], `"`+style+`"`) || !strings.Contains(parts["word/styles.xml"], `w:styleId="`+style+`"`) {
			t.Errorf("%s is not used or not there", style)
		}
	}
	for _, what := range []string{"fldSimple", "instrText", "External", "oleObject"} {
		if strings.Contains(string(b), what) || strings.Contains(parts["word/document.xml"], what) {
			t.Errorf("it holds %s", what)
		}
	}
}

func TestTheSameTextGivesTheSameBytes(t *testing.T) {
	if !bytes.Equal(written(t), written(t)) {
		t.Error("two writings differ")
	}
}
