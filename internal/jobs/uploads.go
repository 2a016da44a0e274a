package jobs

import (
	"context"
	"fmt"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/upload"
)

// A PartStore is what sweeping asks of the store that keeps the parts of files on their
// way.
type PartStore interface {
	OldParts(ctx context.Context, before time.Time) ([]string, error)
	DropParts(ctx context.Context, names ...string) error
}

// Uploads forgets files that nobody went on sending, and removes the parts that no file
// refers to: theirs, and what a crash left between a part and its row.
func Uploads(store PartStore) Work {
	return Work{Kind: "upload.sweep", Label: "Forget uploads that stood still for a day", Next: After(time.Hour), Lease: 10 * time.Minute, Do: func(ctx context.Context, r *Run) error {
		var forgotten int
		err := r.DB.Bookkeep(ctx, func(tx *models.Tx) (err error) {
			forgotten, err = upload.Expire(ctx, tx)
			return err
		})
		if err != nil {
			return err
		}
		parts, err := unknownParts(ctx, r.DB, store)
		if err != nil {
			return err
		}
		r.Said = fmt.Sprintf("%d uploads forgotten, %d parts removed", forgotten, len(parts))
		return store.DropParts(ctx, parts...)
	}}
}

// unknownParts lists what no upload refers to. A part has its row within moments of its
// last byte, but on a slow line the moment of its first is long ago: only what is as old
// as an upload can get is looked at.
func unknownParts(ctx context.Context, db *models.DB, store PartStore) (unknown []string, err error) {
	old, err := store.OldParts(ctx, db.Now().Add(-upload.Life))
	if err != nil || len(old) == 0 {
		return nil, err
	}
	err = db.Read(ctx, access.Clock, func(tx *models.Tx) error {
		unknown, err = upload.Unknown(ctx, tx, old)
		return err
	})
	return unknown, err
}
