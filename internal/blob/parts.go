package blob

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"path"
	"time"
)

// A Part is the beginning of a file that comes in parts, or what follows such a beginning:
// durable, and not yet a blob. Who keeps the list of a file's parts is not the store's
// business.
type Part struct {
	Name   string // the store's own, so that no two senders ever write to one
	Digest string // of its bytes
	Size   int64
	Head   []byte // its first HeadSize bytes
}

// joined reads parts one after the other. Each is opened when its turn comes, and one whose
// bytes are not what was acknowledged is ErrCorrupt: never a file with a hole. What stands
// behind them was never counted.
func joined(ctx context.Context, parts []Part, open func(context.Context, string) (io.ReadCloser, error)) io.ReadCloser {
	return &joiner{ctx: ctx, parts: parts, open: open}
}

type joiner struct {
	ctx   context.Context
	parts []Part
	open  func(context.Context, string) (io.ReadCloser, error)
	now   io.ReadCloser // the part being read
	left  int64         // of it
	hash  hash.Hash     // of what was read of it
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
		j.left, j.hash = j.parts[0].Size, sha256.New()
	}
	n, err := j.now.Read(p[:min(int64(len(p)), j.left)])
	j.hash.Write(p[:n])
	if j.left -= int64(n); j.left > 0 && !errors.Is(err, io.EOF) {
		return n, err
	}
	if j.left > 0 || hex.EncodeToString(j.hash.Sum(nil)) != j.parts[0].Digest {
		return 0, fmt.Errorf("part %s: %w", j.parts[0].Name, ErrCorrupt)
	}
	j.parts = j.parts[1:]
	return n, j.Close()
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
func (d *Disk) PutPart(ctx context.Context, after Part, r io.Reader, limit int64) (Part, error) {
	if err := d.spare(); err != nil {
		return Part{}, err
	}
	part := d.growing.take(after)
	fresh := part == nil
	if fresh {
		var err error
		if part, err = d.begin(); err != nil {
			return Part{}, asFull(err)
		}
	}
	err := part.add(untilDone{ctx, r}, limit)
	if err == nil {
		err = context.Cause(ctx)
	}
	if err == nil && fresh {
		err = synced(d.files.SyncDir(partsDir))
	}
	d.trust(err)
	if err != nil {
		_ = part.file.Close() // what was acknowledged of it is durable
		if fresh {
			_ = d.files.Remove(partName(part.Name)) // what this leaves, OldParts finds
		}
		return Part{}, asFull(err)
	}
	d.growing.keep(part)
	return part.Part, nil
}

// Join implements Store. A file that this process wrote into one part is there already, and
// gets its name once nobody can write to it any more. Anything else is put like other bytes.
func (d *Disk) Join(ctx context.Context, parts []Part) (Blob, error) {
	if len(parts) == 1 {
		if part := d.growing.take(parts[0]); part != nil {
			_ = part.file.Close() // all of it is durable
			b, err := d.promote(ctx, part.Part)
			if !errors.Is(err, errNoLink) {
				return b, err
			}
		}
	}
	all := joined(ctx, parts, func(_ context.Context, name string) (io.ReadCloser, error) {
		if !isPart(name) {
			return nil, asMissing(fs.ErrNotExist, name)
		}
		r, _, err := d.files.Open(partName(name))
		return r, asMissing(err, name)
	})
	defer all.Close()
	b, err := d.Put(ctx, all, total(parts))
	if err != nil && len(parts) == 1 && errors.Is(err, ErrNotFound) {
		return d.joinedBefore(ctx, parts[0])
	}
	return b, err
}

var errNoLink = errors.New("the disk gives a file one name only")

// promote gives the file of a part the name of a blob beside its own, which stays the
// caller's: until the upload is known to be whole, the part is what has arrived of it.
func (d *Disk) promote(ctx context.Context, p Part) (Blob, error) {
	b := Blob{Digest: p.Digest, Size: p.Size, Head: p.Head}
	if err := d.arriving.ask(ctx, b); err != nil {
		return Blob{}, err
	}
	tmp := path.Join(tmpDir, rand.Text())
	if err := d.files.Link(partName(p.Name), tmp); err != nil {
		return Blob{}, errNoLink
	}
	err := d.publish(tmp, p.Digest)
	d.trust(err)
	if err != nil {
		_ = d.files.Remove(tmp) // what this leaves, a later start sweeps
		return Blob{}, asFull(err)
	}
	return b, nil
}

// joinedBefore is the blob that the only part became, when the caller did not hear of it.
func (d *Disk) joinedBefore(ctx context.Context, p Part) (Blob, error) {
	info, err := d.Stat(ctx, p.Digest)
	if err == nil && info.Size != p.Size {
		err = ErrCorrupt
	}
	b := Blob{Digest: p.Digest, Size: p.Size, Head: p.Head}
	if err == nil {
		err = d.arriving.ask(ctx, b)
	}
	if err == nil { // the name may not have been durable yet
		err = synced(d.files.SyncDir(path.Dir(blobName(p.Digest))))
		d.trust(err)
	}
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
		d.growing.end(name)
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
