// Package custody knows which stored bytes are needed: by a record, or by an upload that
// is about to make one. It decides what may be removed from the blob store, one digest at
// a time and under a lock, and knows no store itself.
package custody

import (
	"context"
	"fmt"
	"time"

	"assay/models"
)

// Grace is how long bytes stay that no record names: longer than any upload takes.
const Grace = 24 * time.Hour

// An Arrival says that bytes came and may be about to be named by a record.
type Arrival struct {
	Digest string `gorm:"primaryKey"`
	Size   int64
	At     time.Time
}

// TableName is where arrivals live.
func (Arrival) TableName() string { return "arrivals" }

// WhyUnlogged says why changing one leaves no leaf.
func (Arrival) WhyUnlogged() string {
	return "it keeps bytes from being removed until the record that needs them has its leaf"
}

// Arrive notes that bytes are about to be stored. It is called when they are known and
// before they have their name: from here on Discard lets them be, and a Discard that is
// at it is waited for, so that what it removes is stored again.
func Arrive(db *models.DB) func(ctx context.Context, digest string, size int64) error {
	return func(ctx context.Context, digest string, size int64) error {
		return db.Bookkeep(ctx, func(tx *models.Tx) error {
			return arrive(ctx, tx, Arrival{Digest: digest, Size: size, At: tx.Now})
		})
	}
}

// arrive locks the row of a digest, whether it was there or not.
func arrive(ctx context.Context, tx *models.Tx, a Arrival) error {
	for range 3 {
		n, err := models.Change(ctx, tx, a, models.Columns{"At"}, "digest = ?", a.Digest)
		if err != nil || n > 0 {
			return err
		}
		if added, err := models.PutNew(ctx, tx, &a); err != nil || added {
			return err
		} // another one was faster, and its row may be gone again
	}
	return fmt.Errorf("custody: no place for blob %s", a.Digest)
}

// needed lists the digests among those asked for that a record names or that came after
// the instant.
const needed = `SELECT digest FROM evidence_files WHERE digest IN ? AND removal_id IS NULL
	UNION SELECT digest FROM fact_lists WHERE digest IN ?
	UNION SELECT digest FROM populations WHERE digest IN ?
	UNION SELECT text_digest FROM populations WHERE text_digest IN ? AND text_digest <> ''
	UNION SELECT tie_digest FROM populations WHERE tie_digest IN ? AND tie_digest <> ''
	UNION SELECT digest FROM engagement_reports WHERE digest IN ? AND file_name <> ''
	UNION SELECT digest FROM uploads WHERE digest IN ? AND digest <> ''
	UNION SELECT digest FROM arrivals WHERE digest IN ? AND at > ?`

// Needed tells, of some hundred digests, which may not be removed.
func Needed(ctx context.Context, tx *models.Tx, digests []string) (map[string]bool, error) {
	type row struct{ Digest string }
	out := map[string]bool{}
	if len(digests) == 0 {
		return out, nil
	}
	rows, err := models.Raw[row](ctx, tx, needed, digests, digests, digests, digests, digests, digests, digests, digests, tx.Now.Add(-Grace))
	for _, r := range rows {
		out[r.Digest] = true
	}
	return out, err
}

// Discard has an orphan removed and leaves the leaf about it. It holds the lock of the
// digest while it looks again whether the bytes are needed and while remove runs, which
// says whether it removed anything. What is needed stays, and nothing is written.
func Discard(ctx context.Context, db *models.DB, a Arrival, remove func(context.Context) (bool, error)) (gone bool, err error) {
	err = write(ctx, db, func(tx *models.Tx) error {
		if err := lock(ctx, tx, a); err != nil {
			return err
		}
		kept, err := Needed(ctx, tx, []string{a.Digest})
		if err != nil || kept[a.Digest] {
			return or(err, errKept)
		}
		if gone, err = remove(ctx); err != nil || !gone {
			return or(err, errKept)
		}
		if _, err := models.Remove[Arrival](ctx, tx, "digest = ?", a.Digest); err != nil {
			return err
		}
		return tx.Record("blob.discard", "settings", models.Note{
			"digest": a.Digest, "bytes": fmt.Sprint(a.Size), "stored": a.At.UTC().Format(time.RFC3339),
		})
	})
	return gone && err == nil, err
}

// Forget drops the notes of bytes that came long ago. What needs them has a record by now.
func Forget(ctx context.Context, tx *models.Tx) (int, error) {
	return models.Remove[Arrival](ctx, tx, "at < ?", tx.Now.Add(-2*Grace))
}
