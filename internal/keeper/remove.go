package keeper

import (
	"context"
	"errors"
	"time"

	"assay/internal/blob"
	"assay/internal/jobs"
	"assay/models/custody"
	"assay/models/retention"
)

// RemovalWork removes the bytes that two people decided are no longer kept, unless another
// record needs the same. A store that keeps them under a lock is asked again later.
func RemovalWork(store blob.Store) jobs.Work {
	return jobs.Work{
		Kind: retention.RemoveKind, Label: "Remove the bytes of evidence whose time is over", Attempts: 20,
		Do: func(ctx context.Context, r *jobs.Run) error {
			var t retention.Task
			if err := r.Job.Read(&t); err != nil {
				return jobs.Hopeless(err)
			}
			a := custody.Arrival{Digest: t.Digest, Size: t.Size, At: r.Job.CreatedAt}
			gone, err := custody.Discard(ctx, r.DB, a, func(ctx context.Context) (bool, error) {
				_, err := store.Stat(ctx, t.Digest)
				if errors.Is(err, blob.ErrNotFound) {
					return false, nil
				}
				if err != nil {
					return false, err
				}
				return true, store.Remove(ctx, t.Digest)
			})
			r.Said = "removed"
			if !gone {
				r.Said = "another record needs these bytes, or they were gone"
			}
			return err
		},
	}
}

// LockWork keeps the bytes of evidence in the store until their time is over, where the
// store can: a longer term makes the lock longer, and nothing makes it shorter.
func LockWork(store blob.Store) []jobs.Work {
	locker, ok := store.(blob.Locker)
	if !ok {
		return nil
	}
	return []jobs.Work{{
		Kind: "blob.lock", Label: "Lock stored evidence until its time is over", Next: jobs.After(time.Hour), Lease: time.Hour, Attempts: 3,
		Do: func(ctx context.Context, r *jobs.Run) error { return lockAll(ctx, r, locker) },
	}}
}
