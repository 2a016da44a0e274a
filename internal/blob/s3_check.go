package blob

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/minio/minio-go/v7"
)

// Check implements Store. S3 servers differ in what they take in silence, so each promise
// this store builds upon is asked for with an object of its own: that it takes bytes,
// refuses to replace them, gives them back, refuses bytes that do not match their
// checksum, and lists what it has.
func (s *S3) Check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if err := s.there(ctx); err != nil {
		return fmt.Errorf("the bucket %s cannot be reached: %w", s.bucket, err)
	}
	p := probe{s: s, content: []byte("a probe of Assay's, " + rand.Text())}
	p.key = s.prefix + "probe/" + rand.Text()
	defer p.clean(context.WithoutCancel(ctx))
	for _, step := range []struct {
		lacks string
		do    func(context.Context) error
	}{
		{"does not take objects", p.write},
		{"replaces an object although it was asked not to (If-None-Match: *)", p.refuseSecond},
		{"does not give back what it took", p.readBack},
		{"takes bytes that do not match their SHA-256", p.refuseWrong},
		{"does not list what it has", p.list},
	} {
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("the bucket %s %s: %w", s.bucket, step.lacks, err)
		}
	}
	return nil
}

type probe struct {
	s       *S3
	key     string
	content []byte
}

func (p *probe) send(ctx context.Context, key string, content, claimed []byte) error {
	sum := sha256.Sum256(claimed)
	_, err := p.s.send(ctx, key, hex.EncodeToString(sum[:]), int64(len(content)), bytes.NewReader(content))
	return err
}

func (p *probe) write(ctx context.Context) error { return p.send(ctx, p.key, p.content, p.content) }

func (p *probe) refuseSecond(ctx context.Context) error {
	return refusedWith(p.send(ctx, p.key, p.content, p.content), http.StatusPreconditionFailed)
}

func (p *probe) refuseWrong(ctx context.Context) error {
	other := append([]byte("not "), p.content...)
	return refusedWith(p.send(ctx, p.key+"-wrong", other, p.content), http.StatusBadRequest)
}

func refusedWith(err error, status int) error {
	switch got := minio.ToErrorResponse(err).StatusCode; {
	case err == nil:
		return errors.New("it was accepted")
	case got != status:
		return fmt.Errorf("it was answered with status %d: %w", got, err)
	}
	return nil
}

func (p *probe) readBack(ctx context.Context) error {
	body, _, _, err := p.s.core.GetObject(ctx, p.s.bucket, p.key, minio.GetObjectOptions{})
	if err != nil {
		return err
	}
	defer body.Close()
	got, err := io.ReadAll(io.LimitReader(body, 1<<10))
	if err == nil && !bytes.Equal(got, p.content) {
		err = errors.New("other bytes came back")
	}
	return err
}

func (p *probe) list(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for o := range p.s.core.ListObjectsIter(ctx, p.s.bucket, minio.ListObjectsOptions{Prefix: p.key}) {
		if o.Err != nil {
			return o.Err
		}
		if o.Key == p.key {
			return nil
		}
	}
	return errors.New("an object that was just written is not in the list")
}

// clean removes the probe. A bucket whose lock is on for every object keeps it, a few
// bytes under a name that is none of evidence.
func (p *probe) clean(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for _, key := range []string{p.key, p.key + "-wrong"} {
		_ = p.s.core.RemoveObject(ctx, p.s.bucket, key, minio.RemoveObjectOptions{})
	}
}
