package custody

import (
	"context"
	"errors"
	"time"

	"assay/models"
	"assay/models/access"
)

// errKept drops a transaction in which nothing was removed: a write without a leaf is
// refused.
var errKept = errors.New("custody: kept")

func or(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}

// write is a transaction of the clock that may find nothing to do.
func write(ctx context.Context, db *models.DB, f func(*models.Tx) error) error {
	err := db.Write(ctx, access.Clock, f)
	if errors.Is(err, errKept) {
		return nil
	}
	return err
}

// Try runs f as the clock; when it says that there was nothing to do, nothing is written.
func Try(ctx context.Context, db *models.DB, f func(*models.Tx) (bool, error)) error {
	return write(ctx, db, func(tx *models.Tx) error {
		did, err := f(tx)
		if err == nil && !did {
			err = errKept
		}
		return err
	})
}

// lock takes the row of a digest until the transaction ends. One that has none gets one,
// as old as the bytes: an upload that begins now waits for this transaction.
func lock(ctx context.Context, tx *models.Tx, a Arrival) error {
	for range 3 {
		n, err := models.Change(ctx, tx, Arrival{Size: a.Size}, models.Columns{"Size"}, "digest = ?", a.Digest)
		if err != nil || n > 0 {
			return err
		}
		old := a
		if young := tx.Now.Add(-Grace - time.Second); old.At.After(young) {
			old.At = young // it is here to be locked, not to keep them
		}
		if added, err := models.PutNew(ctx, tx, &old); err != nil || added {
			return err
		}
	}
	return errKept
}
