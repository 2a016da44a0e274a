// Package jobs is the handlers for the clock: what has to happen because time
// passed, not because somebody asked. Each step is safe to run twice and on several
// replicas at once, because its verb changes only what is due and checks the row's
// state again under its lock.
package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/control"
	"assay/models/finding"
)

// A step is one thing the clock does. It says how many records it changed. Due looks
// whether there are any, so that a quiet minute takes no lock.
type step struct {
	name string
	due  func(context.Context, *models.Tx) (bool, error)
	do   func(context.Context, *models.Tx) (int, error)
}

func steps() []step {
	return []step{
		{"activate control versions", control.Waiting, control.Activate},
		{"expire risk acceptances", lapsed, finding.ExpireAcceptances},
	}
}

func lapsed(ctx context.Context, tx *models.Tx) (bool, error) {
	ids, err := finding.LapsedAcceptances(ctx, tx)
	return len(ids) > 0, err
}

// Every is how often the clock looks: a version that becomes effective at midnight
// does so within this time.
const Every = time.Minute

// KeepTime runs the steps at once and then every minute, until ctx ends. What fails is
// tried again the next minute.
func KeepTime(ctx context.Context, db *models.DB) {
	tick, hour := time.NewTicker(Every), time.NewTicker(time.Hour)
	defer tick.Stop()
	defer hour.Stop()
	for {
		if err := Once(ctx, db); err != nil && ctx.Err() == nil {
			slog.ErrorContext(ctx, "clock", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-hour.C:
			if err := db.Analyse(ctx); err != nil && ctx.Err() == nil {
				slog.ErrorContext(ctx, "clock", "err", err)
			}
		}
	}
}

// Once runs every step that has something to do. One that fails does not keep the
// others from running.
func Once(ctx context.Context, db *models.DB) error {
	var errs []error
	for _, s := range steps() {
		n, err := s.run(ctx, db)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", s.name, err))
		} else if n > 0 {
			slog.InfoContext(ctx, "clock", "step", s.name, "changed", n)
		}
	}
	return errors.Join(errs...)
}

// errNothing drops a transaction in which nothing was left to do, because another
// replica was faster: a write without a leaf is refused.
var errNothing = errors.New("nothing was due")

func (s step) run(ctx context.Context, db *models.DB) (n int, err error) {
	due := false
	err = db.Read(ctx, access.Clock, func(tx *models.Tx) error {
		due, err = s.due(ctx, tx)
		return err
	})
	if err != nil || !due {
		return 0, err
	}
	err = db.Write(ctx, access.Clock, func(tx *models.Tx) error {
		if n, err = s.do(ctx, tx); err == nil && n == 0 {
			return errNothing
		}
		return err
	})
	if errors.Is(err, errNothing) {
		return 0, nil
	}
	return n, err
}
