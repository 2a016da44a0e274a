// Package static holds what browsers download besides pages: the style sheet,
// a few small ES modules, fonts and icons. Everything is embedded in the binary
// and served under a name that carries the digest of its content, so it can be
// cached for ever and a new build is never mixed with an old one.
package static

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"regexp"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"
)

//go:embed css fonts js icon.svg icons.svg pdfjs/*js
var files embed.FS

// Prefix is where Handler expects to be mounted.
const Prefix = "/static/"

// Sheet is the name of the one style sheet: the files in css, joined in the
// order of their names.
const Sheet = "assay.css"

type asset struct {
	url         string // with the digest in the name
	contentType string
	body        []byte
	packed      func() []byte // gzip; nil when it would save nothing
}

// bundle is every asset by its plain name and by its address.
type bundle struct {
	byName map[string]*asset
	byURL  map[string]*asset
}

// Built once, when the first page asks, and each asset compressed when it is first
// sent: the PDF viewer alone takes longer than everything else together.
var built = sync.OnceValue(build)

// Path is the address of an asset, for example "/static/assay.1f0c9d2e4b7a.css"
// for "assay.css". It panics on a name that does not exist: that is a mistake in
// a template, and any test that renders the page finds it.
func Path(name string) string {
	a, ok := built().byName[name]
	if !ok {
		panic(fmt.Sprintf("static: no asset named %q", name))
	}
	return a.url
}

// Handler serves assets under their digest names, compressed where the browser
// takes it. Any other address is not found: a plain name must never be cached as
// if it could not change.
func Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, ok := built().byURL[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		a.serve(w, r)
	})
}

func (a *asset) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", a.contentType)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("X-Content-Type-Options", "nosniff")
	body := a.body
	if packed := a.packed(); packed != nil {
		h.Set("Vary", "Accept-Encoding")
		if takesGzip(r) {
			h.Set("Content-Encoding", "gzip")
			body = packed
		}
	}
	h.Set("Content-Length", fmt.Sprint(len(body)))
	if r.Method == http.MethodHead {
		return
	}
	_, _ = w.Write(body) // a reader who left is nobody's error
}

// takesGzip reports whether the browser named gzip and did not forbid it.
func takesGzip(r *http.Request) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, q, _ := strings.Cut(part, ";")
		if strings.TrimSpace(name) == "gzip" {
			return strings.TrimSpace(q) != "q=0"
		}
	}
	return false
}

func build() bundle {
	b := bundle{byName: map[string]*asset{}, byURL: map[string]*asset{}}
	sources := readSources()
	for name := range sources {
		b.add(name, sources, nil)
	}
	return b
}

// readSources returns every embedded file by its plain name, with the style
// sheet joined. Plain names are unique across folders, so a reference needs no
// folder.
func readSources() map[string][]byte {
	sources := map[string][]byte{}
	err := fs.WalkDir(files, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := files.ReadFile(p)
		if err != nil {
			return err
		}
		name := path.Base(p)
		if path.Ext(p) == ".css" { // WalkDir goes in lexical order, which is the order of the cascade
			name, body = Sheet, append(sources[Sheet], body...)
		}
		sources[name] = body
		return nil
	})
	if err != nil {
		panic("static: " + err.Error()) // embedded files cannot fail to read
	}
	return sources
}

// references finds what one asset asks for by name: url("../fonts/x.woff2") in
// CSS, from "./x.js" and import("./x.js") in a module.
var references = regexp.MustCompile(`(url\("|from "|import "|import\(")\.{1,2}/(?:[\w-]+/)*([\w.-]+)(")`)

// add puts an asset and, before it, everything it refers to: the digest in a name
// covers the names it contains.
func (b bundle) add(name string, sources map[string][]byte, above []string) *asset {
	if a, ok := b.byName[name]; ok {
		return a
	}
	body, ok := sources[name]
	if !ok {
		panic(fmt.Sprintf("static: %v refers to %q, which does not exist", above, name))
	}
	above = append(above, name)
	if len(above) > 10 {
		panic(fmt.Sprintf("static: assets refer to each other in a circle: %v", above))
	}
	if ext := path.Ext(name); ext == ".css" || ext == ".js" {
		body = references.ReplaceAllFunc(body, func(match []byte) []byte {
			m := references.FindSubmatch(match)
			target := b.add(string(m[2]), sources, above)
			return []byte(string(m[1]) + target.url + string(m[3]))
		})
	}
	a := newAsset(name, body)
	b.byName[name], b.byURL[a.url] = a, a
	return a
}

func newAsset(name string, body []byte) *asset {
	sum := sha256.Sum256(body)
	ext := path.Ext(name)
	return &asset{
		url:         Prefix + strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:6]) + ext,
		contentType: contentTypes[ext],
		body:        body,
		packed:      sync.OnceValue(func() []byte { return pack(body) }),
	}
}

// The standard table depends on files of the machine, so the types are named here.
var contentTypes = map[string]string{
	".css":   "text/css; charset=utf-8",
	".js":    "text/javascript; charset=utf-8",
	".mjs":   "text/javascript; charset=utf-8",
	".svg":   "image/svg+xml",
	".woff2": "font/woff2",
	".txt":   "text/plain; charset=utf-8",
}

// pack compresses body, or returns nil when that saves less than a tenth (fonts
// are compressed already).
func pack(body []byte) []byte {
	var buf bytes.Buffer
	w, err := gzip.NewWriterLevel(&buf, gzip.BestCompression)
	if err != nil {
		panic("static: " + err.Error()) // the level is a constant
	}
	_, _ = w.Write(body) // a bytes.Buffer cannot fail
	_ = w.Close()
	if buf.Len() > len(body)*9/10 {
		return nil
	}
	return buf.Bytes()
}
