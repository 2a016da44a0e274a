package blob

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/minio/minio-go/v7"
)

// Open implements Store. The first request brings the head of the object, and with it all
// of a small one; the rest is asked for where it is read.
func (s *S3) Open(ctx context.Context, digest string) (io.ReadSeekCloser, Info, error) {
	if err := findable(ctx, digest); err != nil {
		return nil, Info{}, err
	}
	r := &s3Reader{ctx: ctx, s: s, digest: digest}
	o, err := r.readHead()
	if missing(err) {
		if r.version, err = s.hidden(ctx, digest); err == nil {
			o, err = r.readHead()
		}
	}
	if errors.Is(err, ErrNotFound) {
		return nil, Info{}, err
	}
	if err != nil {
		return nil, Info{}, s.failure(ctx, err)
	}
	r.size = o.Size
	return r, Info{digest, o.Size, o.LastModified, o.VersionID}, nil
}

// An s3Reader reads an object in ranges. Seeking costs nothing until the next Read.
type s3Reader struct {
	ctx     context.Context //nolint:containedctx // a reader lives as long as the request it was opened for
	s       *S3
	digest  string
	version string
	head    []byte
	size    int64
	at      int64         // of the next Read
	body    io.ReadCloser // nil, or open at bodyAt
	bodyAt  int64
}

func (r *s3Reader) readHead() (minio.ObjectInfo, error) {
	body, o, h, err := r.get(0, HeadSize)
	if minio.ToErrorResponse(err).StatusCode == http.StatusRequestedRangeNotSatisfiable { // no byte has that range
		return r.s.core.StatObject(r.ctx, r.s.bucket, r.s.key(r.digest), minio.StatObjectOptions{VersionID: r.version})
	}
	if err != nil {
		return o, err
	}
	defer body.Close()
	if r.head, err = io.ReadAll(io.LimitReader(body, HeadSize)); err != nil {
		return o, err
	}
	if whole := h.Get("Content-Range"); whole != "" {
		if _, err := fmt.Sscanf(whole[bytes.IndexByte([]byte(whole), '/')+1:], "%d", &o.Size); err != nil {
			return o, fmt.Errorf("the server answered with the range %q", whole)
		}
	}
	return o, nil
}

// get asks for at most n bytes from offset, all that follow when n is 0.
func (r *s3Reader) get(offset, n int64) (io.ReadCloser, minio.ObjectInfo, http.Header, error) {
	o := minio.GetObjectOptions{VersionID: r.version}
	var err error
	if n > 0 {
		err = o.SetRange(offset, offset+n-1)
	} else if offset > 0 {
		err = o.SetRange(offset, 0)
	}
	if err != nil {
		return nil, minio.ObjectInfo{}, nil, err
	}
	return r.s.core.GetObject(r.ctx, r.s.bucket, r.s.key(r.digest), o)
}

func (r *s3Reader) Read(p []byte) (int, error) {
	if r.at >= r.size {
		return 0, io.EOF
	}
	if r.at < int64(len(r.head)) {
		n := copy(p, r.head[r.at:])
		r.at += int64(n)
		return n, nil
	}
	if r.body != nil && r.bodyAt != r.at {
		r.drop()
	}
	if r.body == nil {
		body, _, _, err := r.get(r.at, 0)
		if err != nil {
			return 0, r.s.failure(r.ctx, err)
		}
		r.body, r.bodyAt = body, r.at
	}
	n, err := r.body.Read(p)
	r.at, r.bodyAt = r.at+int64(n), r.bodyAt+int64(n)
	switch {
	case errors.Is(err, io.EOF) && r.at < r.size:
		return n, io.ErrUnexpectedEOF
	case errors.Is(err, io.EOF) && n > 0:
		return n, nil
	case err != nil && !errors.Is(err, io.EOF):
		return n, r.s.failure(r.ctx, err)
	}
	return n, err
}

// Seek implements io.Seeker.
func (r *s3Reader) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += r.at
	case io.SeekEnd:
		offset += r.size
	}
	if offset < 0 {
		return 0, errors.New("blob: seek before the first byte")
	}
	r.at = offset
	return offset, nil
}

// Close ends the request that is open.
func (r *s3Reader) Close() error {
	r.drop()
	return nil
}

func (r *s3Reader) drop() {
	if r.body != nil {
		_ = r.body.Close() // what is left of the answer is not wanted
		r.body = nil
	}
}
