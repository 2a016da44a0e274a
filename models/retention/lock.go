package retention

import (
	"context"

	"assay/models"
	"assay/models/evidence"
)

// A Lock is until when the store itself was told to keep bytes.
type Lock struct {
	Digest string `gorm:"primaryKey"`
	Until  models.Date
}

// TableName is where locks live.
func (Lock) TableName() string { return "blob_locks" }

// WhyUnlogged says why changing one leaves no leaf.
func (Lock) WhyUnlogged() string { return "it follows from the terms, which are logged" }

// Keep notes that the store was told.
func (l Lock) Keep(ctx context.Context, tx *models.Tx) error {
	n, err := models.Change(ctx, tx, l, models.Columns{"Until"}, "digest = ?", l.Digest)
	if err == nil && n == 0 {
		_, err = models.PutNew(ctx, tx, &l)
	}
	return err
}

// Unlocked looks at the next items after an id and lists the bytes of theirs that the
// store has to be told about. last is the id to go on from, after itself at the end.
func Unlocked(ctx context.Context, tx *models.Tx, after int64, limit int) (due []Lock, last int64, err error) {
	items, err := models.Rows[evidence.Item](tx).Where("evidence.id > ?", after).Order("evidence.id").Limit(limit).Find(ctx)
	if err != nil || len(items) == 0 {
		return nil, after, err
	}
	fates, err := Fates(ctx, tx, items)
	if err != nil {
		return nil, after, err
	}
	until, ids := map[int64]models.Date{}, make([]int64, len(items))
	for n, f := range fates {
		until[f.ID], ids[n] = f.Until, f.ID
	}
	type held struct {
		Digest string
		Item   int64
		Until  models.Date
	}
	rows, err := models.Raw[held](ctx, tx, `SELECT f.digest AS digest, f.evidence_id AS item, COALESCE(l.until, '') AS until
		FROM evidence_files f LEFT JOIN blob_locks l ON l.digest = f.digest
		WHERE f.evidence_id IN ? AND f.removal_id IS NULL`, ids)
	most := map[string]models.Date{} // two items may hold the same bytes
	for _, r := range rows {
		if until[r.Item] > max(r.Until, most[r.Digest]) {
			most[r.Digest] = until[r.Item]
		}
	}
	for digest, until := range most {
		due = append(due, Lock{digest, until})
	}
	return due, items[len(items)-1].ID, err
}
