package preview_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"assay/internal/preview"

	"github.com/xuri/excelize/v2"
)

func TestTextIsReadInWhateverItIsIn(t *testing.T) {
	for _, c := range []struct {
		sentence string
		sent     string
		encoding string
		want     []string
	}{
		{"nothing", "", "UTF-8", nil},
		{"UTF-8", "Grüße\nzwei\n", "UTF-8", []string{"Grüße", "zwei"}},
		{"no newline at the end", "a\nb", "UTF-8", []string{"a", "b"}},
		{"lines of Windows and empty lines", "a\r\n\r\nb\r\n", "UTF-8", []string{"a", "", "b"}},
		{"a byte order mark", "\xef\xbb\xbfa", "UTF-8", []string{"a"}},
		{"UTF-16, little end first", utf16s("Grüße\r\n終\n", binary.LittleEndian), "UTF-16", []string{"Grüße", "終"}},
		{"UTF-16, big end first", utf16s("Grüße\nab", binary.BigEndian), "UTF-16", []string{"Grüße", "ab"}},
		{"what Windows wrote before", "Gr\xfc\xdfe \x80 5\n", "Windows-1252", []string{"Grüße € 5"}},
		{"control characters become signs", "\x1b[31mred\x00\tx\x7f", "UTF-8", []string{"␛[31mred␀\tx␡"}},
		{"characters that reorder the line become signs", "if \u202eadmin\u2066\u200b", "UTF-8", []string{"if \ufffdadmin\ufffd\ufffd"}},
		{"markup stays text", "<script>alert(1)</script>", "UTF-8", []string{"<script>alert(1)</script>"}},
	} {
		t.Run(c.sentence, func(t *testing.T) {
			got, err := preview.TextAt(strings.NewReader(c.sent), 0)
			if err != nil {
				t.Fatal(err)
			}
			if got.Encoding != c.encoding || !slices.Equal(got.Lines, c.want) || got.More {
				t.Errorf("got %+v, want %s %q", got, c.encoding, c.want)
			}
		})
	}
}

// utf16s encodes s with a byte order mark.
func utf16s(s string, order binary.AppendByteOrder) string {
	var b []byte
	for _, u := range utf16.Encode([]rune("\ufeff" + s)) {
		b = order.AppendUint16(b, u)
	}
	return string(b)
}

func TestPagesOfALongTextMakeTheWholeText(t *testing.T) {
	var long strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&long, "line %d – ok\n", i)
	}
	oneLine := strings.Repeat("終", 100_000)
	for name, c := range map[string]struct{ sent, joint, want string }{
		"lines":               {long.String(), "\n", long.String()},
		"lines in UTF-16":     {utf16s(long.String(), binary.LittleEndian), "\n", long.String()},
		"lines in big UTF-16": {utf16s(long.String(), binary.BigEndian), "\n", long.String()},
		"one line":            {oneLine, "", oneLine},
		"one line in UTF-16":  {utf16s(oneLine, binary.LittleEndian), "", oneLine},
		"a newline that is half another character": {utf16s(strings.Repeat("\u0a0a\u0a41", 50_000), binary.LittleEndian), "", strings.Repeat("\u0a0a\u0a41", 50_000)},
	} {
		t.Run(name, func(t *testing.T) {
			var pages []string
			for offset, more := int64(0), true; more; {
				p, err := preview.TextAt(strings.NewReader(c.sent), offset)
				if err != nil {
					t.Fatal(err)
				}
				if p.Start != offset || p.More && p.Next <= offset || p.Next-offset > 64<<10 || p.Size != int64(len(c.sent)) {
					t.Fatalf("asked for %d, got %d to %d of %d", offset, p.Start, p.Next, p.Size)
				}
				pages = append(pages, strings.Join(p.Lines, "\n"))
				offset, more = p.Next, p.More
			}
			if len(pages) < 3 {
				t.Errorf("only %d pages", len(pages))
			}
			if got := strings.Join(pages, c.joint); strings.TrimSuffix(c.want, "\n") != got {
				t.Errorf("the pages make %d bytes, want %d", len(got), len(c.want))
			}
		})
	}
}

func TestAnOffsetFromAStrangerIsHarmless(t *testing.T) {
	for offset, want := range map[int64]string{-5: "äöü", 1: "öü", 2: "öü", 6: "", 999: ""} {
		got, err := preview.TextAt(strings.NewReader("äöü"), offset)
		if err != nil || strings.Join(got.Lines, "") != want {
			t.Errorf("offset %d: %q, %v, want %q", offset, got.Lines, err, want)
		}
	}
}

func TestTablesAreReadWithTheirDelimiter(t *testing.T) {
	want := [][]string{{"name", "role"}, {"Ada; L.", "admin"}, {"Bob", "user, guest"}}
	for name, c := range map[string]struct {
		sent      string
		delimiter rune
	}{
		"commas":            {"name,role\nAda; L.,admin\nBob,\"user, guest\"\n", ','},
		"semicolons":        {"name;role\r\n\"Ada; L.\";admin\r\nBob;user, guest\r\n", ';'},
		"tabs in UTF-16":    {utf16s("name\trole\nAda; L.\tadmin\nBob\tuser, guest\n", binary.LittleEndian), '\t'},
		"bars":              {"name|role\nAda; L.|admin\nBob|user, guest\n", '|'},
		"a byte order mark": {"\xef\xbb\xbfname,role\nAda; L.,admin\nBob,\"user, guest\"\n", ','},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := preview.CSV(strings.NewReader(c.sent))
			if err != nil {
				t.Fatal(err)
			}
			if got.Delimiter != c.delimiter || !slices.EqualFunc(got.Rows, want, slices.Equal) {
				t.Errorf("got %q %q", got.Delimiter, got.Rows)
			}
		})
	}
}

func TestATableIsShownInPart(t *testing.T) {
	row := strings.Repeat("x,", 59) + strings.Repeat("ä", 600) + "\n"
	got, err := preview.CSV(strings.NewReader(strings.Repeat(row, 201)))
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Rows) != 200 || len(got.Rows[0]) != 50 || !got.MoreRows || !got.MoreColumns {
		t.Errorf("%d rows of %d, more %v %v", len(got.Rows), len(got.Rows[0]), got.MoreRows, got.MoreColumns)
	}
	got, err = preview.CSV(strings.NewReader(strings.Repeat("ä", 600) + ",b\n"))
	if err != nil || got.Rows[0][0] != strings.Repeat("ä", 500)+"…" || got.MoreRows {
		t.Errorf("a long cell is %d bytes, %v", len(got.Rows[0][0]), err)
	}
}

func TestJSONIsLaidOut(t *testing.T) {
	for _, c := range []struct{ sentence, sent, want string }{
		{"nothing", "", ""},
		{
			"an object", `{"a":[1,2,{}],"b":{"c":"x, {y}: \"z\" \\"},"d":[]}`,
			"{\n  \"a\": [\n    1,\n    2,\n    {}\n  ],\n  \"b\": {\n    \"c\": \"x, {y}: \\\"z\\\" \\\\\"\n  },\n  \"d\": []\n}",
		},
		{"what is laid out already", "{\n\t\"a\" : 1\n}\n", "{\n  \"a\": 1\n}"},
		{"lines of JSON", "{\"a\":1}\n{\"a\":2}\n3\n4\n", "{\n  \"a\": 1\n}\n{\n  \"a\": 2\n}\n3\n4"},
		{"a mistake", `{"a":1,]}}`, "{\n  \"a\": 1,\n  \n]\n}\n}"},
		{"UTF-16", utf16s(`["ü"]`, binary.LittleEndian), "[\n  \"ü\"\n]"},
	} {
		t.Run(c.sentence, func(t *testing.T) {
			got, err := preview.JSON(strings.NewReader(c.sent))
			if err != nil || strings.Join(got.Lines, "\n") != c.want || got.More {
				t.Errorf("got %q, %v\nwant %q", strings.Join(got.Lines, "\n"), err, c.want)
			}
		})
	}
}

func TestBombsStaySmall(t *testing.T) {
	for name, show := range map[string]func() (size int, more bool, err error){
		"brackets without end": func() (int, bool, error) {
			got, err := preview.JSON(strings.NewReader(strings.Repeat("[", 5<<20)))
			return len(strings.Join(got.Lines, "\n")), got.More, err
		},
		"a string without end": func() (int, bool, error) {
			got, err := preview.JSON(io.MultiReader(strings.NewReader(`"`), io.LimitReader(letters{}, 1<<30)))
			return len(strings.Join(got.Lines, "\n")), got.More, err
		},
		"a line without end": func() (int, bool, error) {
			got, err := preview.TextAt(strings.NewReader(strings.Repeat("x", 16<<20)), 0)
			return len(strings.Join(got.Lines, "\n")), got.More, err
		},
		"a quote that never closes": func() (int, bool, error) {
			got, err := preview.CSV(io.MultiReader(strings.NewReader(`a,"`), io.LimitReader(letters{}, 1<<30)))
			return len(fmt.Sprint(got.Rows)), true, err
		},
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			size, more, err := show()
			runtime.ReadMemStats(&after)
			if err != nil || size > 200<<10 || !more {
				t.Errorf("%d bytes, more %v, %v", size, more, err)
			}
			if got := after.TotalAlloc - before.TotalAlloc; got > 64<<20 {
				t.Errorf("took %d MiB", got>>20)
			}
		})
	}
}

type letters struct{}

func (letters) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

func TestAWorkbookIsShownAsItsFirstSheet(t *testing.T) {
	f := excelize.NewFile()
	defer f.Close()
	for i := range 250 {
		cell, _ := excelize.CoordinatesToCellName(1, i+1)
		_ = f.SetSheetRow("Sheet1", cell, &[]any{fmt.Sprintf("user %d", i), i, true})
	}
	_ = f.SetCellValue("Sheet1", "BZ2", "far right")
	_, _ = f.NewSheet("Second")
	packed, err := f.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	got, err := preview.XLSX(t.Context(), packed, 0)
	if err != nil {
		t.Fatal(err)
	}
	if got.Sheet != "Sheet1" || len(got.Rows) != preview.MaxRows || !got.MoreRows || !got.MoreColumns {
		t.Errorf("sheet %q, %d rows, more %v %v", got.Sheet, len(got.Rows), got.MoreRows, got.MoreColumns)
	}
	if want := []string{"user 3", "3", "TRUE"}; !slices.Equal(got.Rows[3], want) {
		t.Errorf("row 3 is %q, want %q", got.Rows[3], want)
	}
}

func TestAWorkbookThatIsABombOrBrokenIsRefused(t *testing.T) {
	const sheet = `<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>`
	for name, c := range map[string]struct {
		sent []byte
		want error
	}{
		"100 MiB of blanks in a sheet":   {bomb(sheet+"<row r=\"1\"><c t=\"inlineStr\"><is><t>", 100<<20), preview.ErrTooLarge},
		"a file that is large by itself": {make([]byte, 33<<20), preview.ErrTooLarge},
		"no archive":                     {[]byte("PK\x03\x04 and then nothing"), preview.ErrBroken},
		"nothing":                        {nil, preview.ErrBroken},
		"an archive of something else":   {archive(map[string]string{"a.txt": "x"}), preview.ErrBroken},
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := preview.XLSX(t.Context(), bytes.NewReader(c.sent), 0); !errors.Is(err, c.want) {
				t.Errorf("got %d rows and %v, want %v", len(got.Rows), err, c.want)
			}
		})
	}
}

// A row number far down costs nothing: the rows above it are not made.
func TestARowFarDownIsNotReached(t *testing.T) {
	got, err := preview.XLSX(t.Context(), bytes.NewReader(bookOf(
		`<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>2</v></c></row>`)), 0)
	if err != nil || len(got.Rows) != preview.MaxRows || !got.MoreRows {
		t.Errorf("%d rows, %v", len(got.Rows), err)
	}
}

func bookOf(rows string) []byte {
	return archive(map[string]string{
		"[Content_Types].xml":        `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>`,
		"_rels/.rels":                `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
		"xl/workbook.xml":            `<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels": `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`,
		"xl/worksheets/sheet1.xml":   `<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>` + rows + `</sheetData></worksheet>`,
	})
}

func archive(parts map[string]string) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, content := range parts {
		f, _ := w.Create(name)
		_, _ = io.WriteString(f, content)
	}
	_ = w.Close()
	return b.Bytes()
}

func bomb(begin string, size int64) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	f, _ := w.Create("xl/worksheets/sheet1.xml")
	_, _ = io.WriteString(f, begin)
	_, _ = io.Copy(f, io.LimitReader(letters{}, size))
	_ = w.Close()
	return b.Bytes()
}

func TestAPictureIsDrawnAgainSmaller(t *testing.T) {
	for _, c := range []struct {
		sentence                 string
		width, height, ww, wantH int
	}{
		{"a small one keeps its size", 30, 20, 30, 20},
		{"a wide one is fitted", 3200, 100, 1600, 50},
		{"a long page keeps its width", 1200, 6000, 1200, 6000},
		{"an endless page is fitted", 100, 12800, 50, 6400},
		{"a hair keeps one pixel", 6400, 1, 1600, 1},
	} {
		t.Run(c.sentence, func(t *testing.T) {
			picture, err := preview.Image(t.Context(), bytes.NewReader(pngOf(c.width, c.height)))
			if err != nil {
				t.Fatal(err)
			}
			got, err := png.DecodeConfig(bytes.NewReader(picture))
			if err != nil || got.Width != c.ww || got.Height != c.wantH {
				t.Errorf("%d × %d, %v, want %d × %d", got.Width, got.Height, err, c.ww, c.wantH)
			}
		})
	}
}

func TestOnlyPixelsSurvive(t *testing.T) {
	var b bytes.Buffer
	img := image.NewRGBA(image.Rect(0, 0, 8, 8))
	img.Set(0, 0, color.White)
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	// A comment segment after the start marker, and an archive behind the picture.
	secret := "GPS 52.5200 N <script>"
	segment := append([]byte{0xff, 0xfe, 0, byte(2 + len(secret))}, secret...)
	sent := slices.Concat(b.Bytes()[:2], segment, b.Bytes()[2:], archive(map[string]string{"evil.js": secret}))
	got, err := preview.Image(t.Context(), bytes.NewReader(sent))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(got, []byte("GPS")) || bytes.Contains(got, []byte("evil")) || !bytes.HasPrefix(got, []byte("\x89PNG")) {
		t.Errorf("%q holds more than a picture", got)
	}
}

func TestAPictureThatIsABombOrBrokenIsRefused(t *testing.T) {
	whole := pngOf(100, 100)
	for name, c := range map[string]struct {
		sent []byte
		want error
	}{
		"a header of 50,000 × 50,000":              {resized(whole, 50_000, 50_000), preview.ErrTooLarge},
		"a header of two thousand million squared": {resized(whole, 1<<31-1, 1<<31-1), preview.ErrBroken},
		"half a picture":                           {whole[:len(whole)/2], preview.ErrBroken},
		"text":                                     {[]byte("not a picture"), preview.ErrBroken},
		"nothing":                                  {nil, preview.ErrBroken},
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := preview.Image(t.Context(), bytes.NewReader(c.sent)); !errors.Is(err, c.want) {
				t.Errorf("got %d bytes and %v, want %v", len(got), err, c.want)
			}
		})
	}
}

func TestWhoLeavesDoesNotWaitForTheirTurn(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	busy, done := make(chan struct{}), make(chan struct{})
	go func() { _, _ = preview.XLSX(t.Context(), blocked{busy, done}, 0) }()
	<-busy
	cancel()
	if _, err := preview.Image(ctx, bytes.NewReader(pngOf(1, 1))); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want canceled", err)
	}
	close(done)
}

// blocked says when it is first read and then waits.
type blocked struct{ busy, done chan struct{} }

func (b blocked) Read([]byte) (int, error) {
	close(b.busy)
	<-b.done
	return 0, io.EOF
}

func pngOf(width, height int) []byte {
	var b bytes.Buffer
	_ = png.Encode(&b, image.NewGray(image.Rect(0, 0, width, height)))
	return b.Bytes()
}

// resized changes the size a PNG claims to have.
func resized(sent []byte, width, height uint32) []byte {
	out := bytes.Clone(sent)
	binary.BigEndian.PutUint32(out[16:], width)
	binary.BigEndian.PutUint32(out[20:], height)
	binary.BigEndian.PutUint32(out[29:], crc32.ChecksumIEEE(out[12:29]))
	return out
}
