package blob

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"path"
	"time"

	"github.com/minio/minio-go/v7"
)

// Parts are objects of their own. The multipart uploads of S3 would not do: their parts
// have to be 5 MiB and cannot be read back, and the whole has no SHA-256.

func (s *S3) partKey(name string) string { return s.prefix + partsDir + "/" + name }

// PutPart implements Store. An object cannot be added to.
func (s *S3) PutPart(ctx context.Context, _ Part, r io.Reader, limit int64) (Part, error) {
	if err := s.there(ctx); err != nil {
		return Part{}, err
	}
	file, b, err := s.receive(ctx, r, limit)
	if err != nil {
		return Part{}, err
	}
	defer file.Close()
	p := Part{Name: rand.Text(), Digest: b.Digest, Size: b.Size, Head: b.Head}
	_, err = s.send(ctx, s.partKey(p.Name), b.Digest, b.Size, file)
	if err != nil {
		return Part{}, s.failure(ctx, err)
	}
	return p, nil
}

// Join implements Store.
func (s *S3) Join(ctx context.Context, parts []Part) (Blob, error) {
	all := joined(ctx, parts, s.openPart)
	defer all.Close()
	b, err := s.Put(ctx, all, total(parts))
	if err != nil && len(parts) == 1 && errors.Is(err, ErrNotFound) {
		return s.joinedBefore(ctx, parts[0])
	}
	return b, err
}

// joinedBefore is the blob that the only part became, when the caller did not hear of it.
func (s *S3) joinedBefore(ctx context.Context, p Part) (Blob, error) {
	b := Blob{Digest: p.Digest, Size: p.Size, Head: p.Head}
	o, err := s.stat(ctx, p.Digest)
	b.Version = o.VersionID
	if err == nil && o.Size != p.Size {
		err = ErrCorrupt
	}
	if err != nil {
		return Blob{}, err
	}
	return b, s.arriving.ask(ctx, b)
}

func (s *S3) openPart(ctx context.Context, name string) (io.ReadCloser, error) {
	if !isPart(name) {
		return nil, ErrNotFound
	}
	body, _, _, err := s.core.GetObject(ctx, s.bucket, s.partKey(name), minio.GetObjectOptions{}) //nolint:dogsled // it is how the library answers
	return body, s.failure(ctx, err)
}

// DropParts implements Store.
func (s *S3) DropParts(ctx context.Context, names ...string) error {
	var errs []error
	for _, name := range names {
		if !isPart(name) {
			continue
		}
		errs = append(errs, s.removeAll(ctx, s.partKey(name)))
	}
	return errors.Join(errs...)
}

// OldParts implements Store.
func (s *S3) OldParts(ctx context.Context, before time.Time) ([]string, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var old []string
	for o := range s.core.ListObjectsIter(ctx, s.bucket, minio.ListObjectsOptions{Prefix: s.partKey("")}) {
		if o.Err != nil {
			return nil, s.failure(ctx, o.Err)
		}
		if name := path.Base(o.Key); isPart(name) && o.LastModified.Before(before) {
			old = append(old, name)
		}
	}
	return old, nil
}
