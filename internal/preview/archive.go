package preview

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
)

// What an archive shows, and what it may be.
const (
	MaxEntries   = 500     // shown
	maxEntries   = 10_000  // in it
	maxDeclared  = 2 << 30 // unpacked, as it says itself
	maxRatio     = 100     // of that to what it takes packed
	harmlessSize = 1 << 20 // unpacked: so little may be packed as tightly as it likes
	maxDirectory = 4 << 20 // bytes read of its table of contents
)

// An Entry is a file in an archive, as the archive describes it.
type Entry struct {
	Name     string
	Size     int64
	Modified time.Time // zero when it is not said
	Warning  string    // why nobody should unpack it carelessly
}

// An Archive is the table of contents of a ZIP file. Nothing in it is unpacked.
type Archive struct {
	Entries  []Entry // the first of them
	Files    int
	Size     uint64 // unpacked, in all
	Warnings []string
	unsafe   string // the first entry that must not be unpacked, and why
}

// ZIP reads the table of contents, which is at the end of the file, and no more than that.
// An archive with more entries than anybody could check is ErrTooLarge; one whose table
// cannot be read is ErrBroken.
func ZIP(r io.ReadSeeker) (Archive, error) {
	size, err := r.Seek(0, io.SeekEnd)
	if err != nil {
		return Archive{}, err
	}
	budget := &budgeted{r: r, left: maxDirectory}
	z, err := zip.NewReader(budget, size)
	switch {
	case budget.err != nil:
		return Archive{}, budget.err
	case errors.Is(err, zip.ErrInsecurePath): // named below, entry by entry
	case err != nil:
		return Archive{}, ErrBroken
	}
	if len(z.File) > maxEntries {
		return Archive{}, Refusal(fmt.Sprintf("The archive names %d files, more than anybody can check. Download it to see them, or ask for a smaller one.", len(z.File)))
	}
	a := Archive{}
	stored := uint64(0)
	for _, f := range z.File {
		e, harm := entry(f)
		if harm && a.unsafe == "" {
			a.unsafe = fmt.Sprintf("%q: %s", e.Name, e.Warning)
		}
		if len(a.Entries) < MaxEntries {
			a.Entries = append(a.Entries, e)
		}
		if !f.FileInfo().IsDir() {
			a.Files++
		}
		a.Size, stored = a.Size+f.UncompressedSize64, stored+f.CompressedSize64
	}
	a.warn(stored)
	return a, nil
}

func (a *Archive) warn(stored uint64) {
	if a.Size > maxDeclared {
		a.Warnings = append(a.Warnings, "It says that it unpacks to more than 2 GiB.")
	}
	if a.Size > harmlessSize && a.Size > maxRatio*max(stored, 1) {
		a.Warnings = append(a.Warnings, "It says that it unpacks to more than a hundred times its size. Nothing that people make does.")
	}
}

// Safe refuses an archive that would do harm to whoever unpacks it, or whose table of
// contents nobody can read: what comes in is looked at once, and handed out for years.
func Safe(r io.ReadSeeker) error {
	a, err := ZIP(r)
	switch {
	case errors.Is(err, ErrBroken):
		return Refusal("Its table of contents cannot be read, so it may be cut off. Check that it opens, and send it again.")
	case errors.Is(err, ErrTooLarge):
		return Refusal("Its table of contents is longer than anybody can check. Send it in parts.")
	case err != nil:
		return err
	case len(a.Warnings) > 0:
		return Refusal(a.Warnings[0] + " Send the files themselves, or pack them anew.")
	case a.unsafe != "":
		return Refusal("It holds an entry that must not be unpacked. " + a.unsafe + ". Pack it anew without.")
	}
	return nil
}

// packed are the endings of what is an archive itself.
var packed = []string{".zip", ".gz", ".tgz", ".tar", ".bz2", ".xz", ".zst", ".7z", ".rar", ".jar"}

// entry describes f; harm says that it must not be unpacked at all.
func entry(f *zip.File) (e Entry, harm bool) {
	e = Entry{Name: harmless(shorten(f.Name)), Size: int64(min(f.UncompressedSize64, 1<<62)), Modified: f.Modified} //nolint:gosec // it is bounded
	switch name := strings.ReplaceAll(f.Name, `\`, "/"); {
	case path.IsAbs(name) || len(name) > 1 && name[1] == ':' || name == ".." || strings.HasPrefix(path.Clean(name), "../"):
		e.Warning, harm = "Would be written outside of the folder it is unpacked in", true
	case f.Mode()&fs.ModeSymlink != 0:
		e.Warning, harm = "A link to another file", true
	case f.Flags&1 != 0:
		e.Warning = "Needs a password"
	case slices.Contains(packed, strings.ToLower(path.Ext(name))):
		e.Warning = "An archive in the archive, which nobody has looked into"
	}
	return e, harm
}

// A budgeted reader gives up after so many bytes: the length that an archive says its
// table has is only what it says.
type budgeted struct {
	r    io.ReadSeeker
	left int64
	err  error
}

func (b *budgeted) ReadAt(p []byte, offset int64) (int, error) {
	if b.left -= int64(len(p)); b.left < 0 && b.err == nil {
		b.err = ErrTooLarge
	}
	if b.err != nil {
		return 0, b.err
	}
	if _, err := b.r.Seek(offset, io.SeekStart); err != nil {
		b.err = err
		return 0, err
	}
	n, err := io.ReadFull(b.r, p)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = io.EOF
	}
	if err != nil && !errors.Is(err, io.EOF) {
		b.err = err
	}
	return n, err
}
