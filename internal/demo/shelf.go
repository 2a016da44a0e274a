package demo

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"sync"

	"assay/internal/blob"
	"assay/internal/filetype"
	"assay/models/evidence"
)

// A shelf puts files away in the background, a few at once: each waits for the disk,
// and waits better in company.
type shelf struct {
	ctx   context.Context
	store blob.Store
	room  chan struct{}
	all   sync.WaitGroup
	mu    sync.Mutex
	err   error
}

func newShelf(ctx context.Context, store blob.Store) *shelf {
	return &shelf{ctx: ctx, store: store, room: make(chan struct{}, 16)}
}

// put takes in a file as the upload page would, and promises it to the store.
func (s *shelf) put(name string, content []byte) evidence.Upload {
	name = filetype.CleanName(name)
	if _, err := filetype.Of(name, content[:min(len(content), blob.HeadSize)]); err != nil {
		s.fail(fmt.Errorf("%s: %w", name, err))
	}
	digest := sha256.Sum256(content)
	s.all.Go(func() {
		s.room <- struct{}{}
		defer func() { <-s.room }()
		if _, err := s.store.Put(s.ctx, bytes.NewReader(content), int64(len(content))); err != nil {
			s.fail(fmt.Errorf("%s: %w", name, err))
		}
	})
	return evidence.Upload{Name: name, Digest: hex.EncodeToString(digest[:]), Size: int64(len(content))}
}

func (s *shelf) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = err
	}
}

// safe waits until every file is, or says which is not.
func (s *shelf) safe() error {
	s.all.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}
