package keeper

import (
	"context"
	"errors"
	"fmt"

	"assay/internal/blob"
	"assay/models"
	"assay/models/access"
	"assay/models/custody"
)

// A Report is what a check of the store found. Missing and altered blobs are damage; an
// orphan is what an upload that was given up leaves.
type Report struct {
	Blobs, Files               int
	Bytes                      int64
	Missing, Altered, Orphaned int
}

// Holds reports that nothing is missing or altered.
func (r Report) Holds() bool { return r.Missing+r.Altered == 0 }

// Check reads every blob and hashes it again. With a database it also looks for the bytes
// of every file that a record names. say is told of each finding in a line.
func Check(ctx context.Context, db *models.DB, store blob.Store, say func(string)) (r Report, err error) {
	for batch, err := range batches(store.List(ctx)) {
		if err != nil {
			return r, fmt.Errorf("list the store: %w", err)
		}
		if err := r.hash(ctx, db, store, batch, say); err != nil {
			return r, err
		}
		if db == nil {
			continue
		}
		orphans, err := orphansOf(ctx, db, batch)
		if err != nil {
			return r, err
		}
		for _, o := range orphans {
			r.Orphaned++
			say(fmt.Sprintf("orphaned: %s, %d bytes, since %s", o.Digest, o.Size, o.ModTime.UTC().Format("2006-01-02 15:04")))
		}
	}
	if db == nil {
		return r, nil
	}
	for _, next := range []lister{custody.FilesAfter, custody.ListsAfter, custody.PopulationsAfter, custody.ReportsAfter} {
		if err := r.findAll(ctx, db, store, next, say); err != nil {
			return r, err
		}
	}
	return r, nil
}

func (r *Report) hash(ctx context.Context, db *models.DB, store blob.Store, batch []blob.Info, say func(string)) error {
	for _, info := range batch {
		r.Blobs++
		r.Bytes += info.Size
		err := blob.Verify(ctx, store, info.Digest)
		switch {
		case errors.Is(err, blob.ErrNotFound): // removed since it was listed
		case errors.Is(err, blob.ErrCorrupt):
			r.Altered++
			names, err := namesOf(ctx, db, info.Digest)
			if err != nil {
				return err
			}
			say("altered: " + info.Digest + names)
		case err != nil:
			return err
		}
	}
	return nil
}

// namesOf says which files are these bytes.
func namesOf(ctx context.Context, db *models.DB, digest string) (names string, err error) {
	if db == nil {
		return "", nil
	}
	err = db.Read(ctx, access.Clock, func(tx *models.Tx) error {
		files, err := custody.FilesWith(ctx, tx, digest)
		for _, f := range files {
			names += ", " + f.String()
		}
		return err
	})
	return names, err
}

// A lister gives the next files after an id.
type lister func(ctx context.Context, tx *models.Tx, after int64, limit int) ([]custody.File, error)

// findAll asks the store for the bytes of every file.
func (r *Report) findAll(ctx context.Context, db *models.DB, store blob.Store, next lister, say func(string)) error {
	for after := int64(0); ; {
		var files []custody.File
		err := db.Read(ctx, access.Clock, func(tx *models.Tx) (err error) {
			files, err = next(ctx, tx, after, together)
			return err
		})
		if err != nil || len(files) == 0 {
			return err
		}
		for _, f := range files {
			r.Files++
			_, err := store.Stat(ctx, f.Digest)
			if err != nil && !errors.Is(err, blob.ErrNotFound) {
				return err
			}
			if err != nil {
				r.Missing++
				say("missing: " + f.Digest + ", " + f.String())
			}
		}
		after = files[len(files)-1].ID
	}
}
