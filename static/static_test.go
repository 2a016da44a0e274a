package static_test

import (
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"

	"assay/static"
)

func get(t *testing.T, url, encoding string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, url, nil)
	if encoding != "" {
		r.Header.Set("Accept-Encoding", encoding)
	}
	w := httptest.NewRecorder()
	static.Handler().ServeHTTP(w, r)
	return w.Result()
}

func read(t *testing.T, r io.Reader) string {
	t.Helper()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestEachAssetIsServedUnderItsDigestNameWithItsType(t *testing.T) {
	types := map[string]string{
		"assay.css":                 "text/css; charset=utf-8",
		"assay.js":                  "text/javascript; charset=utf-8",
		"htmx.min.js":               "text/javascript; charset=utf-8",
		"icons.svg":                 "image/svg+xml",
		"icon.svg":                  "image/svg+xml",
		"instrument-sans.woff2":     "font/woff2",
		"source-serif-4.woff2":      "font/woff2",
		"geist-mono.woff2":          "font/woff2",
		"instrument-sans-ext.woff2": "font/woff2",
	}
	digest := regexp.MustCompile(`^/static/[a-z0-9.-]+\.[0-9a-f]{12}\.(css|js|svg|woff2)$`)
	for name, want := range types {
		url := static.Path(name)
		if !digest.MatchString(url) {
			t.Errorf("%s has the address %s, without a digest", name, url)
		}
		res := get(t, url, "")
		if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != want {
			t.Errorf("%s: status %d, type %q; want 200, %q", url, res.StatusCode, res.Header.Get("Content-Type"), want)
		}
		if c := res.Header.Get("Cache-Control"); !strings.Contains(c, "immutable") {
			t.Errorf("%s: Cache-Control %q is not immutable", url, c)
		}
	}
}

func TestWhatIsReferredToExists(t *testing.T) {
	refer := regexp.MustCompile(`(?:url\("|from "|import ")(/static/[^"]+)"`)
	for name, atLeast := range map[string]int{"assay.css": 4, "assay.js": 3} {
		body := read(t, get(t, static.Path(name), "").Body)
		found := refer.FindAllStringSubmatch(body, -1)
		if len(found) < atLeast {
			t.Errorf("%s refers to %d assets, want at least %d", name, len(found), atLeast)
		}
		for _, m := range found {
			if res := get(t, m[1], ""); res.StatusCode != http.StatusOK {
				t.Errorf("%s refers to %s: status %d", name, m[1], res.StatusCode)
			}
		}
		if strings.Contains(body, `"./`) || strings.Contains(body, `"../`) {
			t.Errorf("%s still holds a relative reference", name)
		}
	}
}

func TestCompressionIsOfferedOnlyToThoseWhoTakeIt(t *testing.T) {
	url := static.Path("assay.css")
	plain := read(t, get(t, url, "").Body)
	for _, encoding := range []string{"gzip", "br, gzip;q=0.8", "deflate, gzip"} {
		res := get(t, url, encoding)
		if res.Header.Get("Content-Encoding") != "gzip" {
			t.Errorf("Accept-Encoding %q: not compressed", encoding)
			continue
		}
		zr, err := gzip.NewReader(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		if read(t, zr) != plain {
			t.Errorf("Accept-Encoding %q: the content differs from the plain one", encoding)
		}
	}
	for _, encoding := range []string{"", "br", "gzip;q=0"} {
		if e := get(t, url, encoding).Header.Get("Content-Encoding"); e != "" {
			t.Errorf("Accept-Encoding %q: got Content-Encoding %q", encoding, e)
		}
	}
	if e := get(t, static.Path("geist-mono.woff2"), "gzip").Header.Get("Content-Encoding"); e != "" {
		t.Errorf("a font was compressed a second time: %q", e)
	}
}

func TestOtherAddressesAreNotFound(t *testing.T) {
	for _, url := range []string{"/static/assay.css", "/static/", "/static/css/00-fonts.css", "/static/../go.mod"} {
		if res := get(t, url, ""); res.StatusCode != http.StatusNotFound {
			t.Errorf("%s: status %d, want 404", url, res.StatusCode)
		}
	}
}

func TestANameThatDoesNotExistPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("Path of an unknown asset did not panic")
		}
	}()
	static.Path("missing.css")
}

// The budget of a cold page is 130 KB; the style sheet and the scripts may take
// this much of it.
func TestTheWeightStaysWithinBudget(t *testing.T) {
	total := 0
	for _, name := range []string{"assay.css", "assay.js", "htmx.min.js", "icons.svg"} {
		total += len(read(t, get(t, static.Path(name), "gzip").Body))
	}
	if limit := 40 << 10; total > limit {
		t.Errorf("style sheet, scripts and icons weigh %d bytes compressed, budget %d", total, limit)
	}
}

func TestTheVendoredScriptIsTheOnePublished(t *testing.T) {
	const published = "d6fdc75f204e6bdefa99b69bf1e6d4ac69b8a364f77929f45c13476b4000f717"
	body := read(t, get(t, static.Path("htmx.min.js"), "").Body)
	if got := fmt.Sprintf("%x", sha256.Sum256([]byte(body))); got != published {
		t.Errorf("htmx.min.js has the digest %s, THIRD_PARTY.md says %s", got, published)
	}
}
