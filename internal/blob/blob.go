// Package blob keeps the bytes of evidence under the SHA-256 of their content: written
// once, never changed, the same bytes once. It knows no evidence, no names and no types.
// What it is asked to remove it removes; whether that may be is the caller's to know.
package blob

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/url"
	"path/filepath"
	"strings"
	"time"
)

// A Blob is what Put acknowledges: these bytes are on stable storage.
type Blob struct {
	Digest string // lower-case hexadecimal SHA-256, the name of the blob for ever
	Size   int64
	Head   []byte // the first HeadSize bytes, or all of a smaller blob: enough to tell its type
	// Version is what the store calls these bytes under this name, "" where it keeps only
	// one version.
	Version string
}

// HeadSize is how much of each blob Put hands back, as much as type detection looks at.
const HeadSize = 4096

// Info describes a stored blob.
type Info struct {
	Digest  string
	Size    int64
	ModTime time.Time
	Version string // as in Blob
}

// Refusals and failures a caller tells apart with errors.Is.
var (
	ErrTooLarge = errors.New("the file is larger than the limit")
	ErrNotFound = errors.New("no such blob")
	ErrFull     = errors.New("the blob store has no room left")
	ErrCorrupt  = errors.New("the stored bytes do not match their digest")
	// ErrUnavailable is a store that cannot be reached, or answers with an error of its
	// own. Later it may do.
	ErrUnavailable = errors.New("the blob store does not answer")
	// ErrLocked is a blob that the store keeps until a date, whoever asks.
	ErrLocked = errors.New("the blob store keeps these bytes under a lock")
)

// Arriving is asked when the bytes of an upload are known and before they get their name.
// An error refuses the upload. It is how whoever removes blobs learns that one is wanted
// again: what is noted here cannot be removed from under an upload.
type Arriving func(ctx context.Context, digest string, size int64) error

func (f Arriving) ask(ctx context.Context, b Blob) error {
	if f == nil {
		return nil
	}
	return f(ctx, b.Digest, b.Size)
}

// A Store keeps blobs: Disk or S3.
type Store interface {
	// Put reads r to its end and returns once the bytes would survive a power cut. More
	// than limit bytes is ErrTooLarge, no room is ErrFull; after any error nothing is
	// stored and the caller may send the same bytes again.
	Put(ctx context.Context, r io.Reader, limit int64) (Blob, error)

	// Open returns the bytes of a blob, or ErrNotFound. Pass the reader to
	// http.ServeContent as it is: a wrapper around it would cost the kernel's sendfile.
	Open(ctx context.Context, digest string) (io.ReadSeekCloser, Info, error)

	// Stat is Open without the bytes.
	Stat(ctx context.Context, digest string) (Info, error)

	// PutPart keeps the next stretch of a file that comes in parts, and returns once the
	// bytes would survive a power cut. Its refusals are Put's. After is the part before it,
	// zero for the first: the store may add to that one, and then it comes back longer,
	// under its name. Until it is counted so, it is what it was.
	PutPart(ctx context.Context, after Part, r io.Reader, limit int64) (Part, error)

	// Join makes one blob of parts in their order, with the promise of Put. The parts
	// stay the caller's to drop. Joining again what was joined before gives the same.
	Join(ctx context.Context, parts []Part) (Blob, error)

	// DropParts forgets parts. One that is gone already is no error.
	DropParts(ctx context.Context, names ...string) error

	// OldParts names the parts that were put before an instant, whoever put them: some of
	// them nobody will ask for again.
	OldParts(ctx context.Context, before time.Time) ([]string, error)

	// Check proves that the store can do what it promises. Its error is a sentence for
	// the person who runs the server.
	Check(ctx context.Context) error

	// List goes through every blob, in no order. After an error there is nothing more.
	List(ctx context.Context) iter.Seq2[Info, error]

	// Remove takes a blob away for good. One that is not there is no error; one under a
	// lock is ErrLocked.
	Remove(ctx context.Context, digest string) error

	// Tidy removes what uploads that were cut off more than a day ago left behind.
	Tidy(ctx context.Context) error

	// Before sets what Put asks. It is called once, before the first Put.
	Before(Arriving)
}

// A Locker is a store that can refuse to remove a blob before a date, even to whoever
// holds its keys.
type Locker interface {
	// Locks reports whether the store is set up for it.
	Locks(ctx context.Context) (bool, error)
	// Lock keeps a blob until then. It can be called again with a later date only.
	Lock(ctx context.Context, digest string, until time.Time) error
}

// OpenURL opens the store that an address names: file:///var/lib/assay/blobs, or
// s3://bucket/prefix?endpoint=…, for which the keys are. Anything else is refused.
func OpenURL(address string, keys Credentials) (Store, error) {
	if strings.HasPrefix(address, "s3://") {
		return OpenS3(address, keys)
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "file" || u.Host != "" || u.RawQuery != "" || !filepath.IsAbs(u.Path) {
		return nil, fmt.Errorf("the blob store address %q must look like file:///var/lib/assay/blobs or s3://bucket/prefix", address)
	}
	return Open(filepath.FromSlash(u.Path))
}

// Verify reads a stored blob and hashes it again. Bytes that are no longer what was
// acknowledged are ErrCorrupt.
func Verify(ctx context.Context, s Store, digest string) error {
	r, _, err := s.Open(ctx, digest)
	if err != nil {
		return err
	}
	defer r.Close()
	h := sha256.New()
	if _, err := io.Copy(h, untilDone{ctx, r}); err != nil {
		return fmt.Errorf("read blob %s: %w", digest, err)
	}
	if found := hex.EncodeToString(h.Sum(nil)); found != digest {
		return fmt.Errorf("blob %s now hashes to %s: %w", digest, found, ErrCorrupt)
	}
	return nil
}

// untilDone stops reading when its context ends.
type untilDone struct {
	ctx context.Context
	r   io.Reader
}

func (u untilDone) Read(p []byte) (int, error) {
	if err := context.Cause(u.ctx); err != nil {
		return 0, err
	}
	return u.r.Read(p)
}

// isDigest keeps everything but a digest out of path names.
func isDigest(s string) bool {
	if len(s) != 2*sha256.Size {
		return false
	}
	for _, c := range []byte(s) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
