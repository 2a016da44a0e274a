package blob

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"time"
)

// A Part is a stretch of a file that comes in parts: durable, and not yet a blob. Who
// keeps the list of a file's parts is not the store's business.
type Part struct {
	Name   string // the store's own; a fresh one each time, so that no two senders ever write to one
	Digest string // of this stretch
	Size   int64
	Head   []byte // its first HeadSize bytes
}

// joined reads parts one after the other. Each is opened when its turn comes, and one that
// ends too early or goes on too long is ErrCorrupt: never a file with a hole.
func joined(ctx context.Context, parts []Part, open func(context.Context, string) (io.ReadCloser, error)) io.ReadCloser {
	return &joiner{ctx: ctx, parts: parts, open: open}
}

type joiner struct {
	ctx   context.Context
	parts []Part
	open  func(context.Context, string) (io.ReadCloser, error)
	now   io.ReadCloser // the part being read
	left  int64         // of it
}

func (j *joiner) Read(p []byte) (int, error) {
	for j.now == nil {
		if len(j.parts) == 0 {
			return 0, io.EOF
		}
		var err error
		if j.now, err = j.open(j.ctx, j.parts[0].Name); err != nil {
			return 0, err
		}
		j.left = j.parts[0].Size
	}
	n, err := j.now.Read(p)
	j.left -= int64(n)
	if j.left < 0 || errors.Is(err, io.EOF) && j.left > 0 {
		return 0, fmt.Errorf("part %s: %w", j.parts[0].Name, ErrCorrupt)
	}
	if errors.Is(err, io.EOF) {
		j.parts = j.parts[1:]
		err = j.Close()
	}
	return n, err
}

func (j *joiner) Close() error {
	if j.now == nil {
		return nil
	}
	err := j.now.Close()
	j.now = nil
	return err
}

func total(parts []Part) (n int64) {
	for _, p := range parts {
		n += p.Size
	}
	return n
}

const partsDir = "parts" // files on their way that come in parts

func partName(name string) string { return path.Join(partsDir, name) }

// PutPart implements Store.
func (d *Disk) PutPart(ctx context.Context, r io.Reader, limit int64) (Part, error) {
	if err := d.spare(); err != nil {
		return Part{}, err
	}
	name := rand.Text()
	b, err := d.receive(partName(name), untilDone{ctx, r}, limit)
	if err == nil {
		err = context.Cause(ctx)
	}
	if err == nil {
		err = synced(d.files.SyncDir(partsDir))
	}
	d.trust(err)
	if err != nil {
		_ = d.files.Remove(partName(name)) // what this leaves, OldParts finds
		return Part{}, asFull(err)
	}
	return Part{Name: name, Digest: b.Digest, Size: b.Size, Head: b.Head}, nil
}

// Join implements Store. A file that came in one part is there already, and gets its name;
// nobody can still write to it. Two parts or more are put like any other bytes.
func (d *Disk) Join(ctx context.Context, parts []Part) (Blob, error) {
	if len(parts) == 1 {
		return d.promote(ctx, parts[0])
	}
	all := joined(ctx, parts, func(_ context.Context, name string) (io.ReadCloser, error) {
		if !isPart(name) {
			return nil, asMissing(fs.ErrNotExist, name)
		}
		r, _, err := d.files.Open(partName(name))
		return r, asMissing(err, name)
	})
	defer all.Close()
	return d.Put(ctx, all, total(parts))
}

// promote makes a blob of the only part. When that was done before and the caller never
// heard of it, the blob is what it left.
func (d *Disk) promote(ctx context.Context, p Part) (Blob, error) {
	b := Blob{Digest: p.Digest, Size: p.Size, Head: p.Head}
	if !isPart(p.Name) || !isDigest(p.Digest) {
		return Blob{}, asMissing(fs.ErrNotExist, p.Name)
	}
	if err := d.arriving.ask(ctx, b); err != nil {
		return Blob{}, err
	}
	err := d.publish(partName(p.Name), p.Digest)
	if errors.Is(err, fs.ErrNotExist) {
		if info, gone := d.files.Stat(blobName(p.Digest)); gone != nil || info.Size() != p.Size {
			return Blob{}, asMissing(err, p.Name)
		}
		err = synced(d.files.SyncDir(path.Dir(blobName(p.Digest)))) // the name may not have been durable yet
	}
	d.trust(err)
	if err != nil {
		return Blob{}, err
	}
	return b, nil
}

// DropParts implements Store.
func (d *Disk) DropParts(_ context.Context, names ...string) error {
	var errs []error
	for _, name := range names {
		if !isPart(name) {
			continue
		}
		if err := d.files.Remove(partName(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// OldParts implements Store.
func (d *Disk) OldParts(ctx context.Context, before time.Time) ([]string, error) {
	entries, err := d.files.ReadDir(partsDir)
	if err != nil {
		return nil, err
	}
	var old []string
	for _, e := range entries {
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue // joined or dropped a moment ago
		}
		if err != nil {
			return nil, err
		}
		if info.ModTime().Before(before) {
			old = append(old, e.Name())
		}
	}
	return old, context.Cause(ctx)
}

// isPart keeps everything but rand.Text out of path names.
func isPart(name string) bool {
	if len(name) < 20 || len(name) > 64 {
		return false
	}
	for _, c := range []byte(name) {
		if (c < '2' || c > '7') && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return true
}
