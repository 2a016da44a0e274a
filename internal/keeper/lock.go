package keeper

import (
	"context"
	"errors"
	"fmt"
	"time"

	"assay/internal/blob"
	"assay/internal/jobs"
	"assay/models"
	"assay/models/access"
	"assay/models/retention"
)

// lockAll goes through the evidence and locks what is kept longer than its lock says.
func lockAll(ctx context.Context, r *jobs.Run, locker blob.Locker) error {
	if able, err := locker.Locks(ctx); err != nil || !able {
		r.Said = "the bucket has no object lock"
		return err
	}
	n := 0
	for after := int64(0); ; {
		var due []retention.Lock
		var last int64
		err := r.DB.Read(ctx, access.Clock, func(tx *models.Tx) (err error) {
			due, last, err = retention.Unlocked(ctx, tx, after, together)
			return err
		})
		if err != nil || last == after {
			r.Said = fmt.Sprintf("%d blobs locked", n)
			return err
		}
		for _, l := range due {
			if err := lockOne(ctx, r.DB, locker, l); err != nil {
				return err
			}
			n++
		}
		after = last
	}
}

func lockOne(ctx context.Context, db *models.DB, locker blob.Locker, l retention.Lock) error {
	err := locker.Lock(ctx, l.Digest, l.Until.In(time.UTC).AddDate(0, 0, 1))
	if errors.Is(err, blob.ErrNotFound) {
		return nil // a check of the store names it
	}
	if err != nil {
		return fmt.Errorf("lock blob %s: %w", l.Digest, err)
	}
	return db.Bookkeep(ctx, func(tx *models.Tx) error { return l.Keep(ctx, tx) })
}
