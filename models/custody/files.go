package custody

import (
	"context"
	"fmt"

	"assay/models"
)

// A File is what a record says of stored bytes.
type File struct {
	ID     int64
	Item   int64
	Digest string
	Name   string
	Size   int64
}

// String names f as a person would look for it.
func (f File) String() string { return fmt.Sprintf("%q of E-%d", f.Name, f.Item) }

const fileColumns = "SELECT id, evidence_id AS item, digest, name, size FROM evidence_files "

// FilesAfter lists files whose bytes have to be there, in the order of their ids.
func FilesAfter(ctx context.Context, tx *models.Tx, after int64, limit int) ([]File, error) {
	return models.Raw[File](ctx, tx, fileColumns+"WHERE id > ? AND removal_id IS NULL ORDER BY id LIMIT ?", after, limit)
}

// FilesWith lists the files of these bytes, at most a page of them.
func FilesWith(ctx context.Context, tx *models.Tx, digest string) ([]File, error) {
	return models.Raw[File](ctx, tx, fileColumns+"WHERE digest = ? AND removal_id IS NULL ORDER BY id LIMIT 20", digest)
}
