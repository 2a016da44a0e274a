// Package jobs is the handlers for the clock: what has to happen because time
// passed, not because somebody asked. Each step is safe to run twice and on several
// replicas at once, because its verb changes only what is due and checks the row's
// state again under its lock.
package jobs

import (
	"context"
	"log/slog"
	"time"

	"assay/models"
	"assay/models/access"
)

// A step is one thing the clock does. It returns how many records it changed.
type step struct {
	name string
	do   func(context.Context, *models.Tx) (int, error)
}

func steps() []step {
	return []step{}
}

// Every is how often the clock looks: a version that becomes effective at midnight
// does so within this time.
const Every = time.Minute

// KeepTime runs the steps at once and then every minute, until ctx ends.
func KeepTime(ctx context.Context, db *models.DB) {
	tick := time.NewTicker(Every)
	defer tick.Stop()
	for {
		for _, s := range steps() {
			if n, err := Run(ctx, db, s.do); err != nil && ctx.Err() == nil {
				slog.ErrorContext(ctx, "clock", "step", s.name, "err", err)
			} else if n > 0 {
				slog.InfoContext(ctx, "clock", "step", s.name, "changed", n)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// errNothing keeps a step with nothing to do from being a write without a leaf.
type errNothing struct{}

func (errNothing) Error() string { return "nothing was due" }

// Run does one step in a transaction of the clock, which is dropped when nothing was
// due.
func Run(ctx context.Context, db *models.DB, do func(context.Context, *models.Tx) (int, error)) (n int, err error) {
	err = db.Write(ctx, access.Clock, func(tx *models.Tx) error {
		if n, err = do(ctx, tx); err == nil && n == 0 {
			return errNothing{}
		}
		return err
	})
	if _, nothing := err.(errNothing); nothing { //nolint:errorlint // Write returns it as it is
		return 0, nil
	}
	return n, err
}
