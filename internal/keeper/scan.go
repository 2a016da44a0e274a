package keeper

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"assay/internal/blob"
	"assay/internal/clamd"
	"assay/internal/jobs"
	"assay/models"
	"assay/models/access"
	"assay/models/custody"
	"assay/models/scan"
)

// A Scanner says which malware a stream is, "" for none. *clamd.Scanner is one.
type Scanner interface {
	Scan(ctx context.Context, r io.Reader) (signature string, err error)
	Version(ctx context.Context) (string, error)
}

// scanAttempts is over about two days, after which a file counts as not scanned.
const scanAttempts = 12

// ScanWork has the bytes of evidence scanned for malware: what is uploaded at once, what
// was there before the scanner was within the hour.
func ScanWork(store blob.Store, scanner Scanner) []jobs.Work {
	return []jobs.Work{
		{
			Kind: scan.Kind, Label: "Scan a file for malware", Lease: 30 * time.Minute, Attempts: scanAttempts,
			Do: func(ctx context.Context, r *jobs.Run) error {
				var t scan.Task
				if err := r.Job.Read(&t); err != nil {
					return jobs.Hopeless(err)
				}
				said, err := look(ctx, store, scanner, t.Digest)
				if err != nil && r.Job.Attempts < scanAttempts {
					return err
				}
				if err != nil {
					said = opinion{scan.Unscanned, "the scanner did not answer for two days", ""}
				}
				return r.Write(ctx, func(ctx context.Context, tx *models.Tx) (int, error) { return said.conclude(ctx, tx, t.Digest) })
			},
		},
		{Kind: "evidence.scan_backlog", Label: "Find files that were never scanned for malware", Next: jobs.After(time.Hour), Do: enqueueBacklog},
	}
}

// An opinion is what came of looking at one blob.
type opinion struct {
	verdict          scan.Verdict
	finding, scanner string
}

func (o opinion) conclude(ctx context.Context, tx *models.Tx, digest string) (int, error) {
	changed, err := scan.Conclude(ctx, tx, digest, o.verdict, o.finding, o.scanner)
	if changed {
		return 1, err
	}
	return 0, err
}

// look scans one blob. An error is one that may pass.
func look(ctx context.Context, store blob.Store, scanner Scanner, digest string) (opinion, error) {
	name, err := scanner.Version(ctx)
	if err != nil {
		return opinion{}, err
	}
	body, _, err := store.Open(ctx, digest)
	if errors.Is(err, blob.ErrNotFound) {
		return opinion{scan.Unscanned, "its bytes are missing from the store", name}, nil
	}
	if err != nil {
		return opinion{}, err
	}
	defer body.Close()
	signature, err := scanner.Scan(ctx, body)
	switch {
	case errors.Is(err, clamd.ErrTooLarge):
		return opinion{scan.Unscanned, clamd.ErrTooLarge.Error(), name}, nil
	case err != nil:
		return opinion{}, err
	case signature != "":
		return opinion{scan.Infected, signature, name}, nil
	}
	return opinion{scan.Clean, "", name}, nil
}

func enqueueBacklog(ctx context.Context, r *jobs.Run) error {
	return r.Bookkeep(ctx, func(ctx context.Context, tx *models.Tx) error {
		n := 0
		for after := ""; ; {
			digests, err := scan.Backlog(ctx, tx, after, together)
			if err != nil || len(digests) == 0 {
				r.Said = fmt.Sprintf("%d files have no scan yet", n)
				return err
			}
			for _, d := range digests {
				if err := scan.Enqueue(ctx, tx, d); err != nil {
					return err
				}
			}
			n, after = n+len(digests), digests[len(digests)-1]
		}
	})
}

// A Scanned is what came of scanning many.
type Scanned struct{ Clean, Infected, Unscanned int }

// ScanAll scans every file of evidence, every list and every issued report, or with missing only those that no
// scan is known of. each is told of what is not clean.
func ScanAll(ctx context.Context, db *models.DB, store blob.Store, scanner Scanner, missing bool, each func(string)) (s Scanned, err error) {
	for _, next := range []lister{custody.FilesAfter, custody.ListsAfter, custody.PopulationsAfter, custody.ReportsAfter} {
		if err := s.all(ctx, db, store, scanner, next, missing, each); err != nil {
			return s, err
		}
	}
	return s, nil
}

func (s *Scanned) all(ctx context.Context, db *models.DB, store blob.Store, scanner Scanner, next lister, missing bool, each func(string)) error {
	for after := int64(0); ; {
		var files []custody.File
		known := map[string]scan.Scan{}
		err := db.Read(ctx, access.Clock, func(tx *models.Tx) (err error) {
			if files, err = next(ctx, tx, after, together); err == nil {
				known, err = scan.Of(ctx, tx, digestsOf(files)...)
			}
			return err
		})
		if err != nil || len(files) == 0 {
			return err
		}
		for _, f := range files {
			if missing && known[f.Digest].Verdict != scan.Pending {
				continue
			}
			if err := s.one(ctx, db, store, scanner, f, each); err != nil {
				return err
			}
		}
		after = files[len(files)-1].ID
	}
}

func digestsOf(files []custody.File) []string {
	out := make([]string, len(files))
	for i, f := range files {
		out[i] = f.Digest
	}
	return out
}

func (s *Scanned) one(ctx context.Context, db *models.DB, store blob.Store, scanner Scanner, f custody.File, each func(string)) error {
	o, err := look(ctx, store, scanner, f.Digest)
	if err != nil {
		return err
	}
	switch o.verdict {
	case scan.Infected:
		s.Infected++
		each("infected: " + o.finding + ", " + f.String())
	case scan.Unscanned:
		s.Unscanned++
		each("not scanned: " + o.finding + ", " + f.String())
	default:
		s.Clean++
	}
	return custody.Try(ctx, db, func(tx *models.Tx) (bool, error) {
		n, err := o.conclude(ctx, tx, f.Digest)
		return n > 0, err
	})
}
