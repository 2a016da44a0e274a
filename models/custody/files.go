package custody

import (
	"context"
	"fmt"
	"slices"

	"assay/models"
)

// A File is what a record says of stored bytes.
type File struct {
	ID     int64
	Part   string // code of the record it is part of
	Digest string
	Name   string
}

// String names f as a person would look for it.
func (f File) String() string { return fmt.Sprintf("%q of %s", f.Name, f.Part) }

// A population needs its file, the text that its digest is of, and the file of its second
// source.
const ofPopulations = `SELECT id, 'P-' || id AS part, digest, name FROM (
	SELECT id, digest, file_name AS name FROM populations
	UNION ALL SELECT id, text_digest, 'population.txt' FROM populations WHERE text_digest <> ''
	UNION ALL SELECT id, tie_digest, tie_name FROM populations WHERE tie_digest <> '') AS f WHERE `

const (
	ofEvidence = "SELECT id, 'E-' || evidence_id AS part, digest, name FROM evidence_files WHERE removal_id IS NULL AND "
	ofLists    = "SELECT id, code AS part, digest, name FROM fact_lists WHERE "
	ofReports  = "SELECT id, slug AS part, digest, file_name AS name FROM engagement_reports WHERE file_name <> '' AND "
)

// FilesAfter lists files of evidence whose bytes have to be there, in the order of their
// ids.
func FilesAfter(ctx context.Context, tx *models.Tx, after int64, limit int) ([]File, error) {
	return models.Raw[File](ctx, tx, ofEvidence+"id > ? ORDER BY id LIMIT ?", after, limit)
}

// ListsAfter is FilesAfter for the lists of what happened that controls are held against.
func ListsAfter(ctx context.Context, tx *models.Tx, after int64, limit int) ([]File, error) {
	return models.Raw[File](ctx, tx, ofLists+"id > ? ORDER BY id LIMIT ?", after, limit)
}

// PopulationsAfter is FilesAfter for populations. Of one it lists all files or none.
func PopulationsAfter(ctx context.Context, tx *models.Tx, after int64, limit int) ([]File, error) {
	return models.Raw[File](ctx, tx, ofPopulations+`id > ? AND id IN (
		SELECT id FROM populations WHERE id > ? ORDER BY id LIMIT ?) ORDER BY id`, after, after, limit)
}

// ReportsAfter is FilesAfter for the issued reports of engagements.
func ReportsAfter(ctx context.Context, tx *models.Tx, after int64, limit int) ([]File, error) {
	return models.Raw[File](ctx, tx, ofReports+"id > ? ORDER BY id LIMIT ?", after, limit)
}

// FilesWith names the records of these bytes, at most a page of them.
func FilesWith(ctx context.Context, tx *models.Tx, digest string) ([]File, error) {
	files, err := models.Raw[File](ctx, tx, ofEvidence+"digest = ? ORDER BY id LIMIT 20", digest)
	if err != nil {
		return nil, err
	}
	lists, err := models.Raw[File](ctx, tx, ofLists+"digest = ? ORDER BY id LIMIT 20", digest)
	if err != nil {
		return nil, err
	}
	populations, err := models.Raw[File](ctx, tx, ofPopulations+"digest = ? ORDER BY id LIMIT 20", digest)
	if err != nil {
		return nil, err
	}
	reports, err := models.Raw[File](ctx, tx, ofReports+"digest = ? ORDER BY id LIMIT 20", digest)
	return slices.Concat(files, lists, populations, reports), err
}
