package keeper

import (
	"context"
	"log/slog"
	"time"

	"assay/internal/blob"
	"assay/internal/jobs"
	"assay/models"
	"assay/models/custody"
)

// Work is what the clock does with the store. Without remove, orphans are counted only.
func Work(store blob.Store, remove bool) []jobs.Work {
	label := "Count stored bytes that nothing needs"
	if remove {
		label = "Remove stored bytes that nothing needs"
	}
	return []jobs.Work{{
		Kind: "blob.sweep", Label: label, Next: jobs.After(24 * time.Hour), Lease: time.Hour, Attempts: 3,
		Do: func(ctx context.Context, r *jobs.Run) error {
			swept, err := Sweep(ctx, r.DB, store, remove, func(o blob.Info) {
				slog.InfoContext(ctx, "orphan", "digest", o.Digest, "bytes", o.Size, "since", o.ModTime, "remove", remove)
			})
			if err != nil {
				return err
			}
			r.Said = swept.String()
			return r.Bookkeep(ctx, func(ctx context.Context, tx *models.Tx) error {
				_, err := custody.Forget(ctx, tx)
				return err
			})
		},
	}}
}
