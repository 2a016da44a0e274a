package binder

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"iter"
	"slices"
	"strings"
	"time"

	"assay/internal/tlog"
)

// Contents is all that a binder is made of. The same contents give the same bytes.
type Contents struct {
	Manifest Manifest // without files, size and root of the log
	// Files are those that somebody keeps, with their digests: documents and evidence.
	Files []File
	// Open reads one of Files.
	Open func(ctx context.Context, f File) (io.ReadCloser, error)
	Log  Log
	// Draws are steps of a shell that repeat a draw, for verify.txt.
	Draws []DrawSteps
	// Sign signs a text as a note with the key of the log.
	Sign func(text string) (string, error)
}

// Log is what the binder shows of the log. Hashes and Leaves can be gone through again,
// and say the same each time.
type Log struct {
	Checkpoint string // signed, the first over the freeze
	Hashes     func(context.Context) iter.Seq2[tlog.Hash, error]
	Leaves     func(context.Context) iter.Seq2[Leaf, error]
}

// A Leaf is one line of the log, as the tree commits to it.
type Leaf struct {
	Index int64
	Data  []byte
}

// A DrawSteps repeats one draw with a shell.
type DrawSteps struct {
	Sample string
	Lines  []string // that print ranks and keys
	Want   string   // what they have to print
}

// ErrAltered is a file whose bytes are no longer those that were frozen.
var ErrAltered = errors.New("the stored bytes do not match their digest")

// A Binder is ready to be written, as often as one likes.
type Binder struct {
	Manifest  Manifest
	Digest    string // of the manifest, which is signed
	Signature string // the note over it
	Size      int64  // of the archive in bytes
	contents  Contents
	files     []File
	own       map[string]func(context.Context, io.Writer) error // what is made here
	tree      *tree
}

// New works out every digest, and reads no stored file. It goes through the log twice.
func New(ctx context.Context, c Contents) (*Binder, error) {
	b := &Binder{Manifest: c.Manifest, contents: c, files: slices.Clone(c.Files)}
	b.Manifest.Format = Format
	if err := b.readLog(ctx); err != nil {
		return nil, err
	}
	b.own = map[string]func(context.Context, io.Writer) error{
		Readme: b.readme, Steps: b.steps, CheckpointFile: text(c.Log.Checkpoint), LeavesFile: b.leaves,
		HashesFile: b.hashes,
	}
	for path, make := range b.own {
		if err := b.add(ctx, path, make); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(b.files, func(x, y File) int { return strings.Compare(x.Path, y.Path) })
	b.Manifest.Files = slices.Clone(b.files)
	if err := b.seal(ctx); err != nil {
		return nil, err
	}
	b.Size = archiveSize(b.files)
	return b, checkFiles(b.files)
}

// checkFiles refuses what a verifier would.
func checkFiles(files []File) error {
	if len(files) > Most {
		return fmt.Errorf("binder: %d files are more than a binder holds", len(files))
	}
	seen := make(map[string]bool, len(files))
	for _, f := range files {
		if err := checkPath(f.Path); err != nil {
			return fmt.Errorf("binder: %w", err)
		}
		lower := strings.ToLower(f.Path)
		if seen[lower] {
			return fmt.Errorf("binder: %s is there twice", f.Path)
		}
		seen[lower] = true
	}
	return nil
}

func text(s string) func(context.Context, io.Writer) error {
	return func(_ context.Context, w io.Writer) error {
		_, err := io.WriteString(w, s)
		return err
	}
}

// add measures a file that is made here.
func (b *Binder) add(ctx context.Context, path string, make func(context.Context, io.Writer) error) error {
	m := meter{hash: sha256.New()}
	if err := make(ctx, &m); err != nil {
		return fmt.Errorf("binder: %s: %w", path, err)
	}
	b.own[path] = make
	b.files = append(b.files, File{Path: path, Size: m.size, SHA256: m.digest()})
	return nil
}

type meter struct {
	hash hash.Hash
	size int64
}

func (m *meter) Write(p []byte) (int, error) {
	m.size += int64(len(p))
	return m.hash.Write(p)
}

func (m *meter) digest() string { return hex.EncodeToString(m.hash.Sum(nil)) }

func (b *Binder) readLog(ctx context.Context) error {
	c, err := tlog.OpenCheckpoint(b.contents.Log.Checkpoint, b.Manifest.Key)
	if err != nil {
		return err
	}
	if b.tree, err = grow(c.Size, b.contents.Log.Hashes(ctx), func(tlog.Hash) {}); err != nil {
		return err
	}
	if b.tree.root != c.Root {
		return errors.New("binder: the log is not what its checkpoint was signed over")
	}
	b.Manifest.LogSize, b.Manifest.LogRoot = c.Size, base64.StdEncoding.EncodeToString(c.Root[:])
	return nil
}

// seal adds the manifest, its signature, and the sums over all of it.
func (b *Binder) seal(ctx context.Context) error {
	manifest := func(_ context.Context, w io.Writer) error { return b.Manifest.writeTo(w) }
	if err := b.add(ctx, ManifestFile, manifest); err != nil {
		return err
	}
	b.Digest = b.files[len(b.files)-1].SHA256
	var err error
	if b.Signature, err = b.contents.Sign(statement(b.Digest)); err != nil {
		return err
	}
	if err := b.add(ctx, SignatureFile, text(b.Signature)); err != nil {
		return err
	}
	slices.SortFunc(b.files, func(x, y File) int { return strings.Compare(x.Path, y.Path) })
	listed := slices.Clone(b.files)
	if err := b.add(ctx, Sums, func(_ context.Context, w io.Writer) error { return sums(w, listed) }); err != nil {
		return err
	}
	slices.SortFunc(b.files, func(x, y File) int { return strings.Compare(x.Path, y.Path) })
	return nil
}

// Len is how many files there are.
func (b *Binder) Len() int { return len(b.files) }

// Write writes the archive and hashes every file on the way. After an error what was
// written is no archive: its table of contents, which comes last, is missing.
func (b *Binder) Write(ctx context.Context, w io.Writer) error {
	z := newArchive(w, b.Manifest.FrozenAt)
	buffer := make([]byte, 128<<10)
	for _, f := range b.files {
		if err := b.write(ctx, z, f, buffer); err != nil {
			return fmt.Errorf("binder: %s: %w", f.Path, err)
		}
	}
	return z.Close()
}

func (b *Binder) write(ctx context.Context, z *archive, f File, buffer []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	out, err := z.create(f.Path)
	if err != nil {
		return err
	}
	m := meter{hash: sha256.New()}
	if make := b.own[f.Path]; make != nil {
		err = make(ctx, io.MultiWriter(out, &m))
	} else {
		err = b.copy(ctx, io.MultiWriter(out, &m), f, buffer)
	}
	if err == nil && (m.size != f.Size || m.digest() != f.SHA256) {
		err = ErrAltered
	}
	return err
}

func (b *Binder) copy(ctx context.Context, w io.Writer, f File, buffer []byte) error {
	r, err := b.contents.Open(ctx, f)
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }() // it was only read
	_, err = io.CopyBuffer(struct{ io.Writer }{w}, struct{ io.Reader }{io.LimitReader(r, f.Size+1)}, buffer)
	return err
}

// archive is a ZIP whose bytes depend on names, contents and one instant only: nothing is
// compressed, since what a compressor makes depends on its version.
type archive struct {
	*zip.Writer
	at time.Time
}

func newArchive(w io.Writer, at time.Time) *archive { return &archive{zip.NewWriter(w), at.UTC()} }

func (a *archive) create(path string) (io.Writer, error) {
	return a.CreateHeader(&zip.FileHeader{Name: path, Method: zip.Store, Modified: a.at})
}

// archiveSize is how long the archive of these files is.
func archiveSize(files []File) int64 {
	const big = 1<<32 - 1
	offset, directory := int64(0), int64(0)
	for _, f := range files {
		name := int64(len(f.Path)) + 9 // with the time
		descriptor, entry := int64(16), 46+name
		if f.Size >= big {
			descriptor = 24
		}
		if f.Size >= big || offset >= big {
			entry += 28
		}
		offset += 30 + name + f.Size + descriptor
		directory += entry
	}
	end := int64(22)
	if len(files) >= 1<<16-1 || directory >= big || offset >= big {
		end += 76
	}
	return offset + directory + end
}
