// Package keeper looks after the blob store for whoever runs Assay: it checks every blob
// against the records, moves them to another store, and removes what nothing needs.
package keeper

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"assay/internal/blob"
	"assay/models"
	"assay/models/access"
	"assay/models/custody"
)

// together is how many blobs are looked up at once.
const together = 500

// batches gathers a list, so that the database is asked for many at a time and no more
// than that is in memory.
func batches(list iter.Seq2[blob.Info, error]) iter.Seq2[[]blob.Info, error] {
	return func(yield func([]blob.Info, error) bool) {
		var batch []blob.Info
		for info, err := range list {
			if err != nil {
				yield(nil, err)
				return
			}
			if batch = append(batch, info); len(batch) == together {
				if !yield(batch, nil) {
					return
				}
				batch = nil
			}
		}
		if len(batch) > 0 {
			yield(batch, nil)
		}
	}
}

// A Swept is what came of a look for orphans.
type Swept struct {
	Blobs   int // all there are
	Orphans int // that nothing needs
	Bytes   int64
	Removed int
	Locked  int // that the store keeps
}

// String says s in a line.
func (s Swept) String() string {
	return fmt.Sprintf("%d of %d blobs are needed by nothing (%d bytes), %d removed, %d locked", s.Orphans, s.Blobs, s.Bytes, s.Removed, s.Locked)
}

// Sweep finds the blobs that no record needs and that came more than a day ago, and with
// remove it removes them, each under the lock of its digest and with a leaf of its own.
// each is told of every one.
func Sweep(ctx context.Context, db *models.DB, store blob.Store, remove bool, each func(blob.Info)) (s Swept, err error) {
	if err := store.Tidy(ctx); err != nil {
		return s, fmt.Errorf("tidy the store: %w", err)
	}
	for batch, err := range batches(store.List(ctx)) {
		if err != nil {
			return s, fmt.Errorf("list the store: %w", err)
		}
		s.Blobs += len(batch)
		orphans, err := orphansOf(ctx, db, batch)
		if err != nil {
			return s, err
		}
		for _, o := range orphans {
			s.Orphans++
			s.Bytes += o.Size
			each(o)
			if !remove {
				continue
			}
			if err := s.discard(ctx, db, store, o); err != nil {
				return s, err
			}
		}
	}
	return s, nil
}

// orphansOf are the blobs of a batch that are old and that nothing needs, as far as a look
// without locks can tell.
func orphansOf(ctx context.Context, db *models.DB, batch []blob.Info) (orphans []blob.Info, err error) {
	var digests []string
	for _, info := range batch {
		digests = append(digests, info.Digest)
	}
	err = db.Read(ctx, access.Clock, func(tx *models.Tx) error {
		needed, err := custody.Needed(ctx, tx, digests)
		for _, info := range batch {
			if err == nil && !needed[info.Digest] && old(tx.Now, info) {
				orphans = append(orphans, info)
			}
		}
		return err
	})
	return orphans, err
}

func old(now time.Time, info blob.Info) bool { return now.Sub(info.ModTime) > custody.Grace }

// discard looks at the age again under the lock: a program of an older version, which
// still runs during an upgrade, notes no arrivals.
func (s *Swept) discard(ctx context.Context, db *models.DB, store blob.Store, o blob.Info) error {
	a := custody.Arrival{Digest: o.Digest, Size: o.Size, At: o.ModTime}
	gone, err := custody.Discard(ctx, db, a, func(ctx context.Context) (bool, error) {
		info, err := store.Stat(ctx, o.Digest)
		switch {
		case errors.Is(err, blob.ErrNotFound):
			return false, nil
		case err != nil || !old(db.Now(), info):
			return false, err
		}
		return true, store.Remove(ctx, o.Digest)
	})
	switch {
	case errors.Is(err, blob.ErrLocked):
		s.Locked++
	case err != nil:
		return fmt.Errorf("remove blob %s: %w", o.Digest, err)
	case gone:
		s.Removed++
	}
	return nil
}
