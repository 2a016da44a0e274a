// Package binder makes the evidence binder of a frozen engagement: it reads the freeze, the
// stored files and the log, and package internal/binder writes the archive. It is made from
// the freeze and from nothing that can still change, so that two exports are the same bytes.
package binder

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"assay/internal/binder"
	"assay/models"
	"assay/models/access"
	"assay/models/engagement"
	"assay/models/freeze"
	"assay/models/people"
)

// A Maker makes binders.
type Maker struct {
	DB *models.DB
	// Open reads stored bytes by their digest, and says how many there are.
	Open func(ctx context.Context, digest string) (io.ReadCloser, int64, error)
	// Sign signs a text with the key of the log, whose public half is Key.
	Sign func(text string) (string, error)
	Key  string
	// Scanning says that auditors get only what was found free of malware.
	Scanning bool
}

// A Made is what a binder was when it was made first.
type Made struct {
	EngagementID int64  `gorm:"primaryKey;autoIncrement:false"`
	View         string `gorm:"primaryKey"`
	Manifest     string // the digest that is signed
	Archive      string // of the whole file, "" until one was sent to its end
	Size         int64
	Files        int
	MadeAt       time.Time
	VerifierKey  string // of the key that signed it, which may have been replaced since
	Signature    string // the note over the manifest
}

// TableName is where they live.
func (Made) TableName() string { return "binders" }

// WhyUnlogged says why changing one leaves no leaf.
func (Made) WhyUnlogged() string {
	return "whoever makes the binder again gets the same, and each download is logged"
}

// Key is the verifier key of a binder: that of the key that signed it when it was made
// first, and until then the one of today.
func (m Made) Key(today string) string {
	if m.VerifierKey != "" {
		return m.VerifierKey
	}
	return today
}

// ViewOf is the binder that the actor gets: auditors the firm's own, with their working
// papers, the company the one it may hand on.
func ViewOf(a access.Actor) string {
	if a.Role == access.Auditor {
		return binder.FirmView
	}
	return binder.CompanyView
}

// LastMade is what is known of the binder of an engagement that the actor would get.
func LastMade(ctx context.Context, tx *models.Tx, engagement int64) (m Made, ok bool, err error) {
	rows, err := models.Raw[Made](ctx, tx, "SELECT engagement_id, view, manifest, archive, size, files, made_at, verifier_key, signature FROM binders WHERE engagement_id = ? AND view = ?", engagement, ViewOf(tx.Actor))
	if err != nil || len(rows) == 0 {
		return Made{}, false, err
	}
	return rows[0], true, nil
}

// A Job is one binder on its way to one reader.
type Job struct {
	*binder.Binder
	Engagement engagement.Engagement
	Freeze     freeze.Freeze
	View       string
	maker      Maker
}

// ErrDiffers is a binder that is not the one that was made before. Something that never
// changes has changed.
var ErrDiffers = errors.New("the binder is not the one that was made before")

// Prepare works out every digest of the binder of an engagement. The actor has to hold
// BinderExport and see the engagement. It reads no stored file.
func (m Maker) Prepare(ctx context.Context, a access.Actor, slug string) (*Job, error) {
	if !a.Can(access.BinderExport) {
		return nil, models.Forbidden("Binders are for compliance managers and the auditors of the engagement.")
	}
	r := &reader{maker: m, actor: a, ctx: ctx}
	err := r.read(func(tx *models.Tx) (err error) {
		if r.engagement, err = engagement.BySlug(ctx, tx, slug); err != nil {
			return err
		}
		return r.begin(tx)
	})
	if err != nil {
		return nil, err
	}
	contents, err := r.contents()
	if err != nil {
		return nil, err
	}
	b, err := binder.New(ctx, contents)
	if err != nil {
		return nil, fmt.Errorf("binder of %s: %w", slug, err)
	}
	j := &Job{Binder: b, Engagement: r.engagement, Freeze: r.freeze, View: ViewOf(a), maker: m}
	return j, j.keep(ctx, a)
}

// keep notes what the binder is, the first time, and compares later.
func (j *Job) keep(ctx context.Context, a access.Actor) error {
	return j.maker.DB.Bookkeep(ctx, func(tx *models.Tx) error {
		tx.Actor = a
		made := Made{EngagementID: j.Engagement.ID, View: j.View, Manifest: j.Digest, Size: j.Size, Files: j.Len(), MadeAt: tx.Now, VerifierKey: j.Manifest.Key, Signature: j.Signature}
		if _, err := models.PutNew(ctx, tx, &made); err != nil {
			return err
		}
		before, _, err := LastMade(ctx, tx, j.Engagement.ID)
		if err == nil && before.Signature == "" && before.Manifest == j.Digest { // made before signatures were kept
			_, err = models.Change(ctx, tx, made, models.Columns{"VerifierKey", "Signature"}, "engagement_id = ? AND view = ?", j.Engagement.ID, j.View)
		}
		if err == nil && (before.Manifest != j.Digest || before.Size != j.Size) {
			err = fmt.Errorf("%w: manifest %s, and it was %s", ErrDiffers, j.Digest, before.Manifest)
		}
		return err
	})
}

// Sent notes the digest of an archive that went out to its end.
func (j *Job) Sent(ctx context.Context, a access.Actor, digest string) error {
	return j.maker.DB.Bookkeep(ctx, func(tx *models.Tx) error {
		tx.Actor = a
		before, _, err := LastMade(ctx, tx, j.Engagement.ID)
		switch {
		case err != nil:
			return err
		case before.Archive == digest:
			return nil
		case before.Archive != "":
			return fmt.Errorf("%w: archive %s, and it was %s", ErrDiffers, digest, before.Archive)
		}
		_, err = models.Change(ctx, tx, Made{Archive: digest}, models.Columns{"Archive"}, "engagement_id = ? AND view = ?", j.Engagement.ID, j.View)
		return err
	})
}

// Checkpoint is the signed head of the log that the binder of a freeze is proved by, the
// first one over its leaf. ok is false while none is signed yet, which takes seconds.
func Checkpoint(ctx context.Context, tx *models.Tx, f freeze.Freeze, key string) (leaf int64, c models.Checkpoint, ok bool, err error) {
	type row struct{ Seq int64 }
	rows, err := models.Raw[row](ctx, tx, "SELECT seq FROM log_leaves WHERE about = ? AND entity = 'freezes' AND entity_id = ? ORDER BY seq LIMIT 1", f.Path(), f.ID)
	if err != nil || len(rows) == 0 {
		return 0, c, false, err
	}
	c, ok, err = tx.CheckpointOver(ctx, rows[0].Seq, key)
	return rows[0].Seq, c, ok, err
}

func frozenBy(ctx context.Context, tx *models.Tx, f freeze.Freeze) (string, error) {
	names, err := people.Named(ctx, tx, f.FrozenBy)
	return names[f.FrozenBy].Name, err
}
