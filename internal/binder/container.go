package binder

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"
)

// newMeter hashes and counts.
func newMeter() *meter { return &meter{hash: sha256.New()} }

// mostDirectory bounds the table of contents, which is read into memory.
const mostDirectory = 96 << 20

// open reads the table of contents of an archive that may be hostile, and goes on with it
// only if every entry is a plain file under a plain name that says how long it is, and all
// of them together are no longer than the archive. So nothing is unpacked, and reading
// costs no more than the bytes that are there.
func (v *verifier) open() bool {
	if err := v.directory(); err != nil {
		v.problem("the archive cannot be read: %v", err)
		return false
	}
	z, err := zip.NewReader(v.source, v.size)
	if err != nil {
		v.problem("the archive cannot be read: %v", err)
		return false
	}
	before := len(v.report.Problems)
	v.byPath = make(map[string]*zip.File, len(z.File))
	lower := make(map[string]string, len(z.File))
	left := uint64(v.size)
	for _, f := range z.File {
		if why := refused(f); why != "" {
			v.problem("the entry %q %s", clip(f.Name), why)
			continue
		}
		if first, twice := lower[strings.ToLower(f.Name)]; twice {
			v.problem("the entry %q is there twice, or differs from %q only in capitals", clip(f.Name), clip(first))
			continue
		}
		if f.UncompressedSize64 > left {
			v.problem("the entry %q and those before it say that they are longer than the archive", clip(f.Name))
			return false
		}
		left -= f.UncompressedSize64
		lower[strings.ToLower(f.Name)], v.byPath[f.Name] = f.Name, f
		v.entries = append(v.entries, f)
	}
	return len(v.report.Problems) == before
}

// directory looks at the end of the archive, before anything believes it.
func (v *verifier) directory() error {
	const end, locator, end64 = 22, 20, 56
	if v.size < end {
		return errors.New("it is too short for an archive")
	}
	tail := make([]byte, min(v.size, end+locator+end64))
	if n, err := v.source.ReadAt(tail, v.size-int64(len(tail))); n < len(tail) {
		return fmt.Errorf("its end: %w", err)
	}
	last := tail[len(tail)-end:]
	if !bytes.HasPrefix(last, []byte("PK\x05\x06")) {
		return errors.New("it does not end as a binder ends: it was cut short, or something was added to its end")
	}
	records, length := uint64(binary.LittleEndian.Uint16(last[10:])), uint64(binary.LittleEndian.Uint32(last[12:]))
	if before := tail[:len(tail)-end]; len(before) == locator+end64 && bytes.HasPrefix(before, []byte("PK\x06\x06")) {
		records, length = binary.LittleEndian.Uint64(before[32:]), binary.LittleEndian.Uint64(before[40:])
	}
	if records > Most || length > mostDirectory {
		return fmt.Errorf("its table of contents has %d entries in %d bytes, more than a binder has", records, length)
	}
	return nil
}

// refused says why an entry is none of a binder.
func refused(f *zip.File) string {
	const encrypted = 1
	switch {
	case checkPath(f.Name) != nil:
		return "has a name that leads out of the binder or cannot be unpacked everywhere"
	case f.Flags&encrypted != 0:
		return "is encrypted"
	case f.Mode()&fs.ModeType != 0:
		return "is no plain file"
	case f.Method != zip.Store:
		return "is compressed, and nothing in a binder is"
	case f.CompressedSize64 != f.UncompressedSize64:
		return "says two different lengths"
	}
	return ""
}

// contents reads the archive from its first byte to its last and hashes every file. At the
// same time it writes the archive anew, from the names and the bytes, and compares: so
// there is no byte that belongs to no file, and no file that says one thing at its place
// and another in the table of contents. If the two differ, the files are read as the table
// says, to name what else is wrong.
func (v *verifier) contents() {
	v.digests = make(map[string]string, len(v.entries))
	v.stored, v.populations, v.tests = map[string]string{}, map[string]Population{}, map[string]map[cell]bool{}
	v.described, v.asked = map[string]File{}, map[string]string{}
	twin := &comparer{source: v.source, size: v.size}
	at := v.report.Manifest.FrozenAt
	if at.Year() < 1980 || at.Year() > 2100 {
		at = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	z := newArchive(twin, at)
	buffer := make([]byte, 256<<10)
	if !slices.IsSortedFunc(v.entries, func(a, b *zip.File) int { return strings.Compare(a.Name, b.Name) }) {
		v.problem("the archive is not laid out as a binder is: its files are not in the order of their names")
	}
	for _, f := range v.entries {
		if v.ctx.Err() != nil {
			return
		}
		if !twin.differs && v.inPlace(z, twin, f, buffer) {
			continue
		}
		v.byTable(f, buffer)
	}
	if !twin.differs {
		_ = z.Close() // a comparer refuses nothing
	}
	if twin.differs || twin.at != v.size {
		v.problem("the archive is not laid out as a binder is: from byte %d on it holds something else than its files", twin.at)
	}
}

// inPlace reads f where the archive that is written anew has it.
func (v *verifier) inPlace(z *archive, twin *comparer, f *zip.File, buffer []byte) bool {
	out, err := z.create(f.Name)
	if err != nil || z.Flush() != nil || twin.differs {
		return false
	}
	d := v.digesting(f)
	twin.trusted = true // what is written comes from this place
	_, err = io.CopyBuffer(struct{ io.Writer }{io.MultiWriter(out, d)}, struct{ io.Reader }{io.NewSectionReader(v.source, twin.at, int64(f.UncompressedSize64))}, buffer)
	flushed := z.Flush()
	twin.trusted = false
	if err != nil || flushed != nil || d.size != int64(f.UncompressedSize64) {
		twin.differs = true
		return false
	}
	v.done(f, d)
	return true
}

// byTable reads f where the table of contents says it is.
func (v *verifier) byTable(f *zip.File, buffer []byte) {
	r, err := f.Open()
	if err != nil {
		v.problem("%s cannot be read: %v", f.Name, err)
		return
	}
	d := v.digesting(f)
	if _, err := io.CopyBuffer(struct{ io.Writer }{d}, struct{ io.Reader }{r}, buffer); err != nil {
		v.problem("%s cannot be read: %v", f.Name, err)
		return
	}
	v.done(f, d)
}

// A digesting hashes a file and keeps it when it is a document.
type digesting struct {
	*meter
	keep *bytes.Buffer
}

func (d *digesting) Write(p []byte) (int, error) {
	if d.keep != nil {
		d.keep.Write(p)
	}
	return d.meter.Write(p)
}

func (v *verifier) digesting(f *zip.File) *digesting {
	d := &digesting{meter: newMeter()}
	if documentOf(f.Name) && !strings.HasSuffix(f.Name, ".txt") && f.UncompressedSize64 <= smallDocument {
		d.keep = new(bytes.Buffer)
	}
	return d
}

func (v *verifier) done(f *zip.File, d *digesting) {
	v.digests[f.Name] = d.digest()
	v.report.Files++
	v.report.Bytes += d.size
	if d.keep != nil {
		if err := v.document(f.Name, d.keep.Bytes()); err != nil {
			v.problem("%s cannot be read: %v", f.Name, err)
		}
	}
}

// document takes from a document what other checks need.
func (v *verifier) document(path string, body []byte) error {
	var d struct {
		Records []Record `json:"records"`
	}
	if err := json.Unmarshal(body, &d); err != nil {
		return err
	}
	for _, r := range d.Records {
		v.held[record{r.Table, r.ID, r.Rev}] = path
		v.report.Records++
	}
	said, err := Describe(path, body)
	if err != nil {
		return err
	}
	v.describe(said)
	switch {
	case path == EngagementFile:
		if err := json.Unmarshal(body, &v.engagement); err != nil {
			return err
		}
	case strings.HasPrefix(path, "evidence/"):
		var e Evidence
		if err := json.Unmarshal(body, &e); err != nil {
			return err
		}
		for _, f := range e.Files {
			if f.Withheld == "" {
				v.stored[f.Path] = f.SHA256
			}
		}
	case strings.HasPrefix(path, "populations/"):
		var p Population
		if err := json.Unmarshal(body, &p); err != nil {
			return err
		}
		v.populations[p.Code] = p
		v.stored[p.List.Path], v.stored[p.Text.Path] = p.List.SHA256, p.Digest
		if p.Second != nil {
			v.stored[p.Second.Path] = p.Second.SHA256
		}
	case strings.HasPrefix(path, "samples/"):
		var s Sample
		if err := json.Unmarshal(body, &s); err != nil {
			return err
		}
		v.samples = append(v.samples, s)
	case strings.HasPrefix(path, "tests/"):
		var t Test
		if err := json.Unmarshal(body, &t); err != nil {
			return err
		}
		v.tests[t.Code] = deviations(t)
	case strings.HasPrefix(path, CarriedDir):
		var c Carried
		if err := json.Unmarshal(body, &c); err != nil {
			return err
		}
		v.carried = append(v.carried, c.Code)
	case strings.HasPrefix(path, "findings/"):
		var f Finding
		if err := json.Unmarshal(body, &f); err != nil {
			return err
		}
		v.findings = append(v.findings, f)
	}
	return nil
}

// A comparer holds what is written against what is there.
type comparer struct {
	source  *source
	size    int64
	at      int64
	trusted bool
	differs bool
	buffer  []byte
}

func (c *comparer) Write(p []byte) (int, error) {
	if c.differs {
		return len(p), nil
	}
	if c.trusted {
		c.at += int64(len(p))
		return len(p), nil
	}
	if cap(c.buffer) < len(p) {
		c.buffer = make([]byte, len(p))
	}
	have := c.buffer[:len(p)]
	n, _ := c.source.ReadAt(have, c.at) // too few bytes differ
	if !bytes.Equal(have[:n], p) {
		c.differs = true
		return len(p), nil
	}
	c.at += int64(len(p))
	return len(p), nil
}
