package blob

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"path"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	tmpDir   = "tmp"   // uploads on their way
	blobsDir = "blobs" // blobs/ab/ab12…: 256 shards keep directories small

	// A temporary file this old was left by a crash. The age must be longer than any
	// upload, because two processes may share the directory.
	leftoverAge = 24 * time.Hour

	// The last of the disk is left to the database, which is often beside the blobs and
	// cannot do without: a twentieth, but no more than this.
	reserve = 1 << 30

	// After this many uploads in a row whose sync failed the store calls itself unfit.
	distrustAfter = 2
)

// Disk is a Store in a directory of a local file system. Several processes may share it.
// It assumes that the disk does not lie about a flush.
type Disk struct {
	files       fileSystem
	shards      [256]atomic.Bool // shard directories this process knows to be durable
	failedSyncs atomic.Int32
	arriving    Arriving
	growing     growth
}

var _ Store = (*Disk)(nil)

// Open opens the store in dir, creating it if need be, and removes what uploads that a
// crash cut off left behind more than a day ago. A directory that cannot be written to is
// refused with a sentence that names it.
func Open(dir string) (*Disk, error) {
	files, err := openDisk(dir)
	if err != nil {
		return nil, fmt.Errorf("the blob directory %s cannot be opened: %w", dir, err)
	}
	d, err := newDisk(files, time.Now())
	if err != nil {
		files.Close()
		return nil, fmt.Errorf("the blob directory %s cannot be written to: %w", dir, err)
	}
	return d, nil
}

func newDisk(files fileSystem, now time.Time) (*Disk, error) {
	d := &Disk{files: files}
	if err := errors.Join(files.Mkdir(tmpDir), files.Mkdir(partsDir), files.Mkdir(blobsDir)); err != nil {
		return nil, err
	}
	if err := files.SyncDir("."); err != nil {
		return nil, err
	}
	if err := d.removeLeftovers(now); err != nil {
		return nil, err
	}
	return d, d.probe()
}

// Before implements Store.
func (d *Disk) Before(f Arriving) { d.arriving = f }

// Close releases the directory. Readers already open stay usable.
func (d *Disk) Close() error {
	d.growing.end()
	return d.files.Close()
}

// Put implements Store. The order is the promise: the bytes are durable before they have
// their name, and the name is durable before it is returned.
func (d *Disk) Put(ctx context.Context, r io.Reader, limit int64) (Blob, error) {
	if err := d.spare(); err != nil {
		return Blob{}, err
	}
	tmp := path.Join(tmpDir, rand.Text())
	b, err := d.receive(tmp, untilDone{ctx, r}, limit)
	if err == nil {
		err = context.Cause(ctx)
	}
	if err == nil {
		err = d.arriving.ask(ctx, b)
	}
	if err == nil {
		err = d.publish(tmp, b.Digest)
	}
	d.trust(err)
	if err != nil {
		_ = d.files.Remove(tmp) // what this leaves, a later start sweeps
		return Blob{}, asFull(err)
	}
	return b, nil
}

// spare refuses to eat into the reserve.
func (d *Disk) spare() error {
	free, total, err := d.files.Room()
	if err != nil {
		return err
	}
	if free < min(total/20, reserve) {
		return fmt.Errorf("%w: %d MiB are left, which are kept for the database", ErrFull, free>>20)
	}
	return nil
}

// receive writes r to a new file and makes its bytes durable.
func (d *Disk) receive(tmp string, r io.Reader, limit int64) (Blob, error) {
	f, err := d.files.Create(tmp)
	if err != nil {
		return Blob{}, err
	}
	b, err := copyHashed(f, r, limit, sha256.New())
	if err == nil {
		err = synced(f.Sync())
	}
	return b, errors.Join(err, f.Close())
}

// publish gives a durable file its name. A blob that is there already is replaced by its
// equal: that costs nothing, heals a copy that has rotted, and renews the age by which
// unreferenced blobs are swept. It must be synced even then, because whoever put the first
// copy may not have got that far.
func (d *Disk) publish(tmp, digest string) error {
	if err := d.makeShard(digest); err != nil {
		return err
	}
	if err := d.files.Rename(tmp, blobName(digest)); err != nil {
		return err
	}
	return synced(d.files.SyncDir(path.Dir(blobName(digest))))
}

// makeShard does its work once per shard and process. A directory found existing is synced
// too: another process may have made it a moment ago.
func (d *Disk) makeShard(digest string) error {
	n, err := strconv.ParseUint(digest[:2], 16, 8)
	if err != nil {
		return err
	}
	if d.shards[n].Load() {
		return nil
	}
	if err := d.files.Mkdir(path.Dir(blobName(digest))); err != nil {
		return err
	}
	if err := synced(d.files.SyncDir(blobsDir)); err != nil {
		return err
	}
	d.shards[n].Store(true)
	return nil
}

// Open implements Store.
func (d *Disk) Open(ctx context.Context, digest string) (io.ReadSeekCloser, Info, error) {
	if err := findable(ctx, digest); err != nil {
		return nil, Info{}, err
	}
	r, info, err := d.files.Open(blobName(digest))
	if err != nil {
		return nil, Info{}, asMissing(err, digest)
	}
	return r, Info{Digest: digest, Size: info.Size(), ModTime: info.ModTime()}, nil
}

// Stat implements Store.
func (d *Disk) Stat(ctx context.Context, digest string) (Info, error) {
	if err := findable(ctx, digest); err != nil {
		return Info{}, err
	}
	info, err := d.files.Stat(blobName(digest))
	if err == nil && !info.Mode().IsRegular() {
		err = fs.ErrNotExist
	}
	if err != nil {
		return Info{}, asMissing(err, digest)
	}
	return Info{Digest: digest, Size: info.Size(), ModTime: info.ModTime()}, nil
}

// List implements Store.
func (d *Disk) List(ctx context.Context) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		shards, err := d.files.ReadDir(blobsDir)
		if err != nil {
			yield(Info{}, err)
			return
		}
		for _, shard := range shards {
			if !d.listShard(ctx, path.Join(blobsDir, shard.Name()), yield) {
				return
			}
		}
	}
}

func (d *Disk) listShard(ctx context.Context, shard string, yield func(Info, error) bool) bool {
	entries, err := d.files.ReadDir(shard)
	if err != nil {
		yield(Info{}, err)
		return false
	}
	for _, e := range entries {
		if !isDigest(e.Name()) || !e.Type().IsRegular() || blobName(e.Name()) != path.Join(shard, e.Name()) {
			continue // no blob of ours
		}
		info, err := d.Stat(ctx, e.Name())
		if errors.Is(err, ErrNotFound) {
			continue // removed since
		}
		if !yield(info, err) || err != nil {
			return false
		}
	}
	return true
}

// Remove implements Store. That the name is gone is synced, so that what the log says was
// removed does not come back with a power cut.
func (d *Disk) Remove(ctx context.Context, digest string) error {
	if err := findable(ctx, digest); err != nil {
		return err
	}
	if err := d.files.Remove(blobName(digest)); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	return synced(d.files.SyncDir(path.Dir(blobName(digest))))
}

// Tidy implements Store.
func (d *Disk) Tidy(context.Context) error { return d.removeLeftovers(time.Now()) }

// Check implements Store: it writes, syncs and removes a small file. A store that lost
// two uploads in a row to a failed sync stays unfit until it is opened again: Linux reports
// a lost write once and then calls the pages clean (Rebello et al., ATC 2020).
func (d *Disk) Check(ctx context.Context) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	if d.failedSyncs.Load() >= distrustAfter {
		return errors.New("the disk of the blob directory failed to store data more than once; check the disk, then restart")
	}
	if err := errors.Join(d.spare(), d.probe()); err != nil {
		return fmt.Errorf("the blob directory cannot be written to: %w", asFull(err))
	}
	return nil
}

func (d *Disk) probe() error {
	name := path.Join(tmpDir, rand.Text())
	_, err := d.receive(name, strings.NewReader("probe"), bufferSize)
	removeErr := d.files.Remove(name)
	if err != nil {
		return err // usually the reason why there was nothing to remove
	}
	return removeErr
}

// trust counts the uploads in a row that failed for want of a sync. A count that has
// reached the limit stays.
func (d *Disk) trust(err error) {
	n := d.failedSyncs.Load()
	switch {
	case errors.Is(err, errSync):
		d.failedSyncs.Add(1)
	case err == nil && n > 0 && n < distrustAfter:
		d.failedSyncs.CompareAndSwap(n, 0)
	}
}

var errSync = errors.New("the disk failed to store the data")

func synced(err error) error {
	if err != nil {
		return fmt.Errorf("%w: %w", errSync, err)
	}
	return nil
}

func (d *Disk) removeLeftovers(now time.Time) error {
	entries, err := d.files.ReadDir(tmpDir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue // its upload has just ended in another process
		}
		if err != nil {
			return err
		}
		if now.Sub(info.ModTime()) < leftoverAge {
			continue
		}
		if err := d.files.Remove(path.Join(tmpDir, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func blobName(digest string) string { return path.Join(blobsDir, digest[:2], digest) }

func findable(ctx context.Context, digest string) error {
	if !isDigest(digest) {
		return asMissing(fs.ErrNotExist, digest)
	}
	return context.Cause(ctx)
}

func asMissing(err error, digest string) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("blob %.64q: %w", digest, ErrNotFound)
	}
	return err
}

func asFull(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fmt.Errorf("%w: %w", ErrFull, err)
	}
	return err
}
