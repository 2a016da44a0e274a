package static_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"assay/internal/browser"
	"assay/static"
)

// The policy every page of the product has.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; " +
	"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'"

// hostile is a PDF of two pages that tries to run script when it is opened, when a page is
// shown, and when a button or a link on it is pressed.
func hostile() []byte {
	const alert = "<</S /JavaScript /JS (app.alert\\('ran'\\); fetch\\('/ran'\\))>>"
	content := "BT /F 40 Tf 60 700 Td (Access review) Tj ET 0 0 0 rg 60 300 200 200 re f"
	return pdfOf(
		"<</Type /Catalog /Pages 2 0 R /OpenAction "+alert+" /AA <</WC "+alert+">> /Names <</JavaScript <</Names [(a) "+alert+"]>>>> /AcroForm <</Fields [7 0 R]>>>>",
		"<</Type /Pages /Kids [3 0 R 4 0 R] /Count 2>>",
		"<</Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 5 0 R /Resources <</Font <</F 6 0 R>>>> /AA <</O "+alert+">> /Annots [7 0 R 8 0 R]>>",
		"<</Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 5 0 R /Resources <</Font <</F 6 0 R>>>>>>",
		fmt.Sprintf("<</Length %d>>\nstream\n%s\nendstream", len(content), content),
		"<</Type /Font /Subtype /Type1 /BaseFont /Helvetica /FontMatrix [1 2 3 4 5 (1\\); fetch\\('/ran'\\)]>>", // CVE-2024-4367
		"<</Type /Annot /Subtype /Widget /FT /Btn /T (b) /Rect [0 0 612 792] /A "+alert+">>",
		"<</Type /Annot /Subtype /Link /Rect [0 0 612 792] /A <</S /URI /URI (javascript:fetch\\('/ran'\\))>>>>",
	)
}

// long is a file of sixty black pages.
func long() []byte {
	const content = "0 0 612 792 re f BT ET"
	objects := []string{
		"<</Type /Catalog /Pages 2 0 R>>",
		"",
		fmt.Sprintf("<</Length %d>>\nstream\n%s\nendstream", len(content), content),
	}
	kids := ""
	for range 60 {
		objects = append(objects, "<</Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 3 0 R>>")
		kids += fmt.Sprintf("%d 0 R ", len(objects))
	}
	objects[1] = "<</Type /Pages /Kids [" + kids + "] /Count 60>>"
	return pdfOf(objects...)
}

// pdfOf numbers the objects from 1 and writes the table of where they are.
func pdfOf(objects ...string) []byte {
	var b bytes.Buffer
	b.WriteString("%PDF-1.7\n")
	table := fmt.Sprintf("xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for i, o := range objects {
		table += fmt.Sprintf("%010d 00000 n \n", b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	at := b.Len()
	fmt.Fprintf(&b, "%strailer\n<</Root 1 0 R /Size %d>>\nstartxref\n%d\n%%%%EOF\n", table, len(objects)+1, at)
	return b.Bytes()
}

// scan is a page with nothing on it but a fax, as an office scanner makes it: black.
func scan() []byte {
	const content = "q 612 0 0 792 0 0 cm /I Do Q"
	// Group 4: each bit 1 repeats the row above, and above the first all is white. The end
	// mark follows. The picture is shown inverted, so a decoder that fails leaves a white page.
	fax := strings.Repeat("\xff", 64/8) + "\x00\x10\x01"
	return pdfOf(
		"<</Type /Catalog /Pages 2 0 R>>",
		"<</Type /Pages /Kids [3 0 R] /Count 1>>",
		"<</Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources <</XObject <</I 5 0 R>>>>>>",
		fmt.Sprintf("<</Length %d>>\nstream\n%s\nendstream", len(content), content),
		fmt.Sprintf("<</Type /XObject /Subtype /Image /Width 64 /Height 64 /BitsPerComponent 1 /ColorSpace /DeviceGray "+
			"/Decode [1 0] /Filter /CCITTFaxDecode /DecodeParms <</K -1 /Columns 64 /Rows 64>> /Length %d>>\nstream\n%s\nendstream", len(fax), fax),
	)
}

// viewer serves pages under the product's policy, and counts what script in a file asks for.
func viewer(t *testing.T) (address string, ran *atomic.Int32) {
	t.Helper()
	ran = new(atomic.Int32)
	mux := http.NewServeMux()
	mux.HandleFunc("/ran", func(http.ResponseWriter, *http.Request) { ran.Add(1) })
	mux.Handle(static.Prefix, static.Handler())
	mux.HandleFunc("/{name}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", policy)
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, `<!doctype html><title>t</title><link rel="stylesheet" href="%s"><script src="/watch.js"></script>
			<link rel="icon" href="%s">			<div data-pdf="/files/%s" data-library="%s" data-worker="%s" data-codecs="%s" data-page="Page {page} of {pages}"
			data-failed="It cannot be shown.">Download it.</div><script type="module" src="%s"></script>`,
			static.Path("assay.css"), static.Path("icon.svg"), r.PathValue("name"), static.Path("pdf.min.mjs"), static.Path("pdf.worker.min.mjs"),
			static.Path("pdf-codecs.js"), static.Path("pdf-view.js"))
	})
	mux.HandleFunc("/watch.js", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		fmt.Fprint(w, `for (const f of ["alert", "confirm", "prompt"]) window[f] = () => { window.ran = true }`)
	})
	mux.HandleFunc("/files/{name}", func(w http.ResponseWriter, r *http.Request) {
		body := map[string][]byte{"hostile": hostile(), "scan": scan(), "long": long(), "broken": []byte("%PDF-1.7\nnothing")}[r.PathValue("name")]
		w.Header().Set("Content-Disposition", "attachment")
		w.Header().Set("Content-Security-Policy", "sandbox; default-src 'none'")
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL, ran
}

// inked is the part of the first page that is dark.
const inked = `(() => { const c = document.querySelector("canvas");
	const d = c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
	let n = 0; for (let i = 0; i < d.length; i += 4) if (d[i+3] > 200 && d[i] < 60) n++;
	return n / (d.length / 4); })()`

func TestMain(m *testing.M) { os.Exit(browser.Main(m)) }

// A page that breaks the policy fails its test without being asked: see package browser.
func TestAPDFIsDrawnAndNothingInItRuns(t *testing.T) {
	server, ran := viewer(t)
	p := browser.Open(t, server)
	p.Goto("/hostile")
	p.Wait(".pdf-page p")
	for _, at := range []string{"canvas", "figure", "body"} {
		browser.Script[bool](p, `document.querySelector("`+at+`").click() || true`)
	}
	time.Sleep(500 * time.Millisecond) // for what should not happen there is nothing to wait for
	if ran.Load() > 0 || browser.Script[bool](p, "!!window.ran") {
		t.Error("script in the file ran")
	}
	if ink := browser.Script[float64](p, inked); ink < 0.05 || ink > 0.3 {
		t.Errorf("%.3f of the page is dark, want about a tenth", ink)
	}
	if n := p.Count(".pdf-page a, .pdf-page button, .pdf-page input, [style]"); n > 0 {
		t.Errorf("%d things on the page can be used or carry a style", n)
	}
	if got := p.Text("figcaption"); got != "Page 1 of 2" {
		t.Errorf("the first page is called %q", got)
	}
	if got := p.Text(".pdf-page p"); got != "Access review" {
		t.Errorf("the first page reads %q", got)
	}
	browser.Script[bool](p, `fetch("/ran").then(() => true)`)
	if ran.Load() != 1 {
		t.Error("this test would not notice a script that runs")
	}
}

func TestAScannedPageIsDrawn(t *testing.T) {
	server, _ := viewer(t)
	p := browser.Open(t, server)
	p.Goto("/scan")
	p.Wait(".pdf-page p")
	var ink float64
	for deadline := time.Now().Add(10 * time.Second); ink < 0.9 && time.Now().Before(deadline); {
		ink = browser.Script[float64](p, inked)
	}
	if ink < 0.9 {
		t.Errorf("%.3f of a black fax is dark", ink)
	}
}

func TestPagesAreDrawnAsTheyComeIntoView(t *testing.T) {
	server, _ := viewer(t)
	p := browser.Open(t, server)
	p.Goto("/long")
	p.Wait(".pdf-page p")
	if drawn, pages := p.Count(".pdf-page p"), p.Count(".pdf-page"); pages != 60 || drawn > 10 {
		t.Errorf("%d of %d pages were drawn before they were looked at", drawn, pages)
	}
	browser.Script[bool](p, `(document.querySelector(".pdf-page:last-child").scrollIntoView(), true)`)
	p.Wait(".pdf-page:last-child p")
	if ink := browser.Script[float64](p, inked); ink > 0 {
		t.Error("the first page, far away, still takes memory")
	}
}

func TestAPDFThatCannotBeOpenedSaysSo(t *testing.T) {
	server, _ := viewer(t)
	p := browser.Open(t, server)
	p.Goto("/broken")
	p.Wait(`[data-shown="failed"]`)
	if got := p.Text("[data-pdf]"); got != "It cannot be shown." {
		t.Errorf("reads %q", got)
	}
}

func TestTheVendoredViewerIsTheOnePublished(t *testing.T) {
	for name, published := range map[string]string{
		"pdf.min.mjs":                 "522ad2c83bc8a0010e7f0cc60d0892b77c8d2bf2c9702dc12288311d94270f42",
		"pdf.worker.min.mjs":          "b4c8353ded0d88d2e2009574a29eb4e0c3ff7e942ecdf51ef5f71566a9667f31",
		"jbig2_nowasm_fallback.js":    "70150223396487e1ccfef7eac61fc780074ad7fcc9e843b702a8a3bc23107494",
		"openjpeg_nowasm_fallback.js": "2855f1590e7fd7abbbf204cd13a5c09d30c92fe2c9313fb72b64aa763fe8b4f3",
	} {
		body := read(t, get(t, static.Path(name), "").Body)
		if got := fmt.Sprintf("%x", sha256.Sum256([]byte(body))); got != published {
			t.Errorf("%s has the digest %s, want %s", name, got, published)
		}
	}
}
