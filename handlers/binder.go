package handlers

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strconv"

	"assay/internal/blob"
	"assay/models"
	"assay/models/binder"
	"assay/models/engagement"
	"assay/models/freeze"
	"assay/models/people"
	"assay/templates/binders"
	"assay/web"
)

func (app *App) binderMaker() binder.Maker {
	m := binder.Maker{DB: app.DB, Open: app.storedBytes, Scanning: app.Scanning}
	if app.Signer != nil {
		m.Sign, m.Key = app.Signer.SignText, app.Signer.VerifierKey
	}
	return m
}

func (app *App) storedBytes(ctx context.Context, digest string) (io.ReadCloser, int64, error) {
	body, info, err := app.Blobs.Open(ctx, digest)
	switch {
	case errors.Is(err, blob.ErrNotFound):
		slog.ErrorContext(ctx, "a file of a binder is missing from the store", "digest", digest)
		return nil, 0, models.Conflict(missingBytes)
	case errors.Is(err, blob.ErrUnavailable):
		return nil, 0, models.Unavailable("The store of evidence does not answer at the moment. Try again in a few minutes.", err)
	}
	return body, info.Size, err
}

// binderPage says what is in the binder, and how to verify it.
func (app *App) binderPage(w http.ResponseWriter, r *http.Request) error {
	d, err := read(app, r, func(ctx context.Context, tx *models.Tx) (d binders.PageData, err error) {
		if d.Engagement, err = engagement.BySlug(ctx, tx, web.Param(r, "engagement")); err != nil {
			return d, err
		}
		d.View, d.Key = binder.ViewOf(tx.Actor), app.binderMaker().Key
		if d.Freeze, d.Frozen, err = freeze.Of(ctx, tx, d.Engagement.ID); err != nil || !d.Frozen {
			return d, err
		}
		if d.By, err = people.Named(ctx, tx, d.Freeze.FrozenBy); err != nil {
			return d, err
		}
		if d.Made, d.WasMade, err = binder.LastMade(ctx, tx, d.Engagement.ID); err != nil {
			return d, err
		}
		today := d.Key
		d.Key = d.Made.Key(today)
		d.Replaced = d.Key != today
		if d.Leaf, d.Checkpoint, d.Signed, err = binder.Checkpoint(ctx, tx, d.Freeze, d.Key); err != nil {
			return d, err
		}
		d.SealedSince, err = freeze.SealedSince(ctx, tx, d.Freeze)
		return d, err
	})
	if err != nil {
		return err
	}
	return app.page(w, r, http.StatusOK, binders.Page(d))
}

// binderDownload streams the binder. It is logged before the first byte. What goes wrong
// after that breaks the connection off, and the archive, whose table of contents comes
// last, is none.
func (app *App) binderDownload(w http.ResponseWriter, r *http.Request) error {
	a, ctx := web.ActorOf(r), r.Context()
	job, err := app.binderMaker().Prepare(ctx, a, web.Param(r, "engagement"))
	if err != nil {
		return err
	}
	if err := app.DB.Observe(ctx, a, "binder.download", job.Engagement.Path(), models.Note{"manifest": job.Digest, "view": job.View}); err != nil {
		return err
	}
	h := w.Header()
	harden(h)
	h.Set("Content-Type", "application/zip")
	h.Set("Content-Disposition", `attachment; filename="`+binders.FileName(job.Engagement.Slug, job.View)+`"`)
	h.Set("Content-Length", strconv.FormatInt(job.Size, 10))
	digest := sha256.New()
	err = job.Write(ctx, io.MultiWriter(w, digest))
	if err == nil {
		err = job.Sent(ctx, a, hex.EncodeToString(digest.Sum(nil)))
	}
	if err != nil {
		slog.ErrorContext(ctx, "binder broke off", "id", models.RequestID(ctx), "engagement", job.Engagement.Slug, "err", err)
		panic(http.ErrAbortHandler)
	}
	return nil
}
