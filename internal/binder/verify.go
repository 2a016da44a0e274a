package binder

import (
	"archive/zip"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode"

	"assay/internal/tlog"
)

// Options say what to hold a binder against.
type Options struct {
	Key      string   // verifier key of the log; "" takes the one in the binder
	Replaced []string // what it replaced: a binder may be signed with one of them
	Since    string   // a checkpoint kept outside, signed; "" is none
	// Redraw repeats a draw from a list, and returns the digest of the population and what
	// is selected. The verifier compares. Before is the version before, if only what that
	// lacked was selected from, and nil otherwise.
	Redraw func(ctx context.Context, of Listed, before *Listed, s Sample) (digest string, picks []SampleItem, err error)
	// Steps are those of a shell that repeat a draw from the text of its population, if a
	// shell can.
	Steps func(s Sample, text string) (DrawSteps, bool)
}

// Listed is a population with its list as it came.
type Listed struct {
	Population
	Rows io.Reader
}

// A Report is what Verify found. The binder holds when Problems is empty.
type Report struct {
	Manifest    Manifest
	Digest      string // of the manifest
	Replaced    bool   // the key that signed it counts no more
	Files       int
	Bytes       int64
	Leaves      int64
	Checkpoints int
	Draws       int
	Records     int
	Extends     int64 // leaves of the older checkpoint, 0 when none was given
	Problems    []string
}

// mostProblems keeps a report readable.
const mostProblems = 500

// Verify checks a binder of this size and trusts nothing that it says of itself but the
// key, when none is given. An error means that r could not be read.
func Verify(ctx context.Context, r io.ReaderAt, size int64, o Options) (Report, error) {
	v := &verifier{ctx: ctx, o: o, source: &source{r: r}, size: size, claims: map[string]File{}, held: map[record]string{}}
	v.run()
	if len(v.report.Problems) > mostProblems {
		more := len(v.report.Problems) - mostProblems
		v.report.Problems = append(v.report.Problems[:mostProblems], fmt.Sprintf("… and %d more", more))
	}
	if err := ctx.Err(); err != nil {
		return v.report, err
	}
	return v.report, v.source.err
}

// A source notes whether reading itself failed: what is missing at the end of a file is
// the binder's fault, a broken disk is not.
type source struct {
	r   io.ReaderAt
	err error
}

func (s *source) ReadAt(p []byte, at int64) (int, error) {
	if at < 0 { // an archive says that something lies before its beginning
		return 0, io.ErrUnexpectedEOF
	}
	n, err := s.r.ReadAt(p, at)
	if err != nil && !errors.Is(err, io.EOF) && s.err == nil {
		s.err = err
	}
	return n, err
}

type record struct {
	table   string
	id, rev int64
}

type verifier struct {
	ctx     context.Context //nolint:containedctx // it lives as long as one Verify
	o       Options
	source  *source
	size    int64
	report  Report
	key     string
	entries []*zip.File
	byPath  map[string]*zip.File
	digests map[string]string // of what is in the archive
	claims  map[string]File   // what the manifest says
	stored  map[string]string // path and digest of what documents say is there
	held    map[record]string // what documents are about, until its leaf is found

	populations map[string]Population
	tests       map[string]map[cell]bool // the deviations of each test
	findings    []Finding
	carried     []string                   // findings of earlier periods
	gone        map[string]bool            // items from whose omission exceptions were raised
	listedIn    map[string]map[string]bool // those of them that a population lists
	samples     []Sample
	engagement  Engagement
	described   map[string]File   // what documents say for the manifest
	asked       map[string]string // evidence to the first request that it answers
	freezeLeaf  string            // the row digest that it has
	freezeAt    string
}

func (v *verifier) problem(format string, args ...any) {
	v.report.Problems = append(v.report.Problems, Printable(fmt.Sprintf(format, args...)))
}

// Printable is a text of an archive on one line of a terminal: whoever made it could
// otherwise move the cursor and write over what is wrong.
func Printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, s)
}

// run goes from the container to what is in it. What a step needs and does not find has
// been named, so the later ones are left out.
func (v *verifier) run() {
	if !v.open() {
		return
	}
	if !v.manifest() {
		v.foreign()
		return
	}
	v.contents()
	v.compare()
	v.frozen()
	v.facts()
	v.log()
	v.draws()
	v.exceptions()
}

// foreign names the archive that is no binder at all.
func (v *verifier) foreign() {
	if len(v.byPath) > 0 && v.byPath[ManifestFile] == nil && v.byPath[SignatureFile] == nil {
		v.problem("This archive is no binder of Assay, or all that makes it one was taken out.")
	}
}

// small bounds what is read into memory at once.
const (
	smallNote     = 64 << 10
	smallDocument = 16 << 20
	smallManifest = 192 << 20
)

// read reads a file that has to be small. It says so when there is none.
func (v *verifier) read(path string, most int64) (string, bool) {
	f := v.byPath[path]
	if f == nil {
		v.problem("%s is missing", path)
		return "", false
	}
	if int64(f.UncompressedSize64) > most {
		v.problem("%s has %d bytes, more than it can have", path, f.UncompressedSize64)
		return "", false
	}
	r, err := f.Open()
	if err != nil {
		v.problem("%s cannot be read: %v", path, err)
		return "", false
	}
	b, err := io.ReadAll(io.LimitReader(r, most))
	if err != nil {
		v.problem("%s cannot be read: %v", path, err)
		return "", false
	}
	return string(b), true
}

// manifest checks the signature and the form of the manifest, and takes what it claims.
func (v *verifier) manifest() bool {
	text, ok := v.read(ManifestFile, smallManifest)
	if !ok {
		return false
	}
	v.report.Digest = digestOf([]byte(text))
	m := &v.report.Manifest
	if err := json.Unmarshal([]byte(text), m); err != nil {
		v.problem("%s cannot be read: %v", ManifestFile, err)
		return false
	}
	if m.Format != Format {
		v.problem("%s has the format %q, which this build does not know", ManifestFile, clip(m.Format))
		return false
	}
	canonical := newMeter()
	if err := m.writeTo(canonical); err != nil || canonical.digest() != v.report.Digest {
		v.problem("%s is not in the form that a manifest has", ManifestFile)
	}
	for _, f := range m.Files {
		if _, twice := v.claims[f.Path]; twice {
			v.problem("%s lists %s twice", ManifestFile, clip(f.Path))
		}
		v.claims[f.Path] = f
	}
	v.signature()
	return true
}

func (v *verifier) signature() {
	v.key = v.report.Manifest.Key
	v.report.Replaced = slices.Contains(v.o.Replaced, v.key)
	if v.o.Key != "" && v.key != v.o.Key && !v.report.Replaced {
		v.problem("%s names another key than the one it is checked with", ManifestFile)
		v.key = v.o.Key
	}
	signed, ok := v.read(SignatureFile, smallNote)
	if !ok {
		return
	}
	text, err := tlog.OpenText(signed, v.key)
	switch {
	case err != nil:
		v.problem("the manifest is not signed by the key: %v", err)
	case text != statement(v.report.Digest):
		v.problem("the signature is not over this manifest: it was changed after it was signed")
	}
}

// compare holds what is in the archive against the manifest. A file that went and came
// back under another name is named once.
func (v *verifier) compare() {
	gone, come := []string{}, []string{}
	unlisted := map[string]bool{ManifestFile: true, SignatureFile: true, Sums: true}
	for path, f := range v.claims {
		digest, there := v.digests[path]
		switch {
		case unlisted[path]:
			v.problem("%s lists %s, which no manifest does", ManifestFile, path)
		case v.byPath[path] == nil:
			gone = append(gone, path)
		case there && digest != f.SHA256:
			v.problem("%s was changed: its digest is %s, and the manifest says %s", path, digest, clip(f.SHA256))
		case there && int64(v.byPath[path].UncompressedSize64) != f.Size:
			v.problem("%s has %d bytes, and the manifest says %d", path, v.byPath[path].UncompressedSize64, f.Size)
		}
	}
	for path := range v.byPath {
		if _, listed := v.claims[path]; !listed && !unlisted[path] {
			come = append(come, path)
		}
	}
	v.moves(gone, come)
	v.sums()
}

func (v *verifier) moves(gone, come []string) {
	slices.Sort(gone)
	slices.Sort(come)
	under := map[string][]string{}
	for _, path := range come {
		under[v.digests[path]] = append(under[v.digests[path]], path)
	}
	renamed := map[string]bool{}
	for _, path := range gone {
		digest := v.claims[path].SHA256
		if now := under[digest]; len(now) > 0 {
			v.problem("%s was renamed to %s", path, now[0])
			renamed[now[0]] = true
			under[digest] = now[1:]
		} else {
			v.problem("%s was removed", path)
		}
	}
	for _, path := range come {
		if !renamed[path] {
			v.problem("%s was added: the manifest does not list it", path)
		}
	}
}

// sums checks that the list for sha256sum says what the manifest says.
func (v *verifier) sums() {
	files := slices.Collect(maps.Values(v.claims))
	for _, path := range []string{ManifestFile, SignatureFile} {
		if digest, ok := v.digests[path]; ok {
			files = append(files, File{Path: path, SHA256: digest})
		}
	}
	m := newMeter()
	if err := sums(m, sortedFiles(files)); err != nil {
		v.problem("%s cannot be worked out: %v", Sums, err)
		return
	}
	switch digest, ok := v.digests[Sums]; {
	case v.byPath[Sums] == nil:
		v.problem("%s was removed", Sums)
	case ok && digest != m.digest():
		v.problem("%s does not say what the manifest says", Sums)
	}
}

func sortedFiles(files []File) []File {
	return slices.SortedFunc(slices.Values(files), func(x, y File) int { return strings.Compare(x.Path, y.Path) })
}

// frozen holds the documents against the list that was frozen, and the list against its
// row. Whether the row is the one in the log, the log says.
func (v *verifier) frozen() {
	row, ok := v.freezeRow()
	if !ok {
		return
	}
	listed := map[string]bool{}
	v.documents(FreezeList, row.Digest, listed)
	if v.report.Manifest.View == FirmView && row.PrivateDigest != "" {
		v.documents(PrivateList, row.PrivateDigest, listed)
	}
	for path := range v.byPath {
		if documentOf(path) && !listed[path] {
			v.problem("%s is no document that was frozen", path)
		}
	}
	if row.Digest != v.report.Manifest.Freeze {
		v.problem("%s names another freeze than %s does", ManifestFile, FreezeRow)
	}
	var counts Counted
	if err := json.Unmarshal([]byte(row.Counts), &counts); err != nil || !maps.Equal(counts.Map(), v.report.Manifest.Counts) {
		v.problem("%s counts something else than was frozen", ManifestFile)
	}
	v.files(listed)
}

type freezeRow struct {
	Slug          string `json:"slug"`
	Counts        string `json:"counts"`
	Digest        string `json:"digest"`
	PrivateDigest string `json:"private_digest"`
	FrozenAt      string `json:"frozen_at"`
}

func (v *verifier) freezeRow() (row freezeRow, ok bool) {
	text, ok := v.read(FreezeRow, smallNote)
	if !ok {
		return row, false
	}
	body, ok := strings.CutPrefix(text, "freezes\n")
	if err := json.Unmarshal([]byte(body), &row); !ok || err != nil {
		v.problem("%s is no row of a freeze", FreezeRow)
		return row, false
	}
	if want := tlog.Instant(v.report.Manifest.FrozenAt); row.FrozenAt != want || row.Slug != v.report.Manifest.Engagement {
		v.problem("%s says that %s was frozen at %s, and %s says %s at %s", ManifestFile, clip(v.report.Manifest.Engagement), want, FreezeRow, clip(row.Slug), clip(row.FrozenAt))
	}
	return row, true
}

// documentOf reports whether a file is a document by its place, and no evidence or list.
func documentOf(path string) bool {
	dir, _, nested := strings.Cut(path, "/")
	switch {
	case !nested:
		return path == EngagementFile || path == SubserviceFile
	case dir == "log":
		return false
	case dir == "evidence":
		return strings.HasSuffix(path, "/item.json")
	case dir == "populations":
		return strings.HasSuffix(path, "/population.json")
	}
	return true
}

func (v *verifier) documents(list, digest string, listed map[string]bool) {
	text, ok := v.read(list, smallManifest)
	if !ok {
		return
	}
	if digestOf([]byte(text)) != digest {
		v.problem("%s is not the list that was frozen", list)
	}
	for line := range strings.Lines(text) {
		want, path, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "  ")
		if !ok {
			v.problem("%s has a line that is none", list)
			return
		}
		listed[path] = true
		switch have, there := v.digests[path]; {
		case v.byPath[path] == nil:
			v.problem("%s was frozen and is missing", clip(path))
		case there && have != want:
			v.problem("%s is not what was frozen", path)
		}
	}
}

// files holds evidence and lists against the documents that name them.
func (v *verifier) files(listed map[string]bool) {
	for path, want := range v.stored {
		switch have, there := v.digests[path]; {
		case v.byPath[path] == nil:
			v.problem("%s is named by a document and missing", clip(path))
		case there && have != want:
			v.problem("%s is not the file that its document names", path)
		}
	}
	for path := range v.byPath {
		dir, _, _ := strings.Cut(path, "/")
		if _, named := v.stored[path]; (dir == "evidence" || dir == "populations") && !named && !listed[path] {
			v.problem("%s belongs to no record", path)
		}
	}
}

func root(b [32]byte) string { return base64.StdEncoding.EncodeToString(b[:]) }
