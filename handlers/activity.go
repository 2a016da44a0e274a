package handlers

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"assay/internal/tlog"
	"assay/models"
	"assay/models/activity"
	"assay/models/people"
	"assay/models/programme"
	"assay/templates/activities"
	"assay/templates/ui"
	"assay/web"
)

const activityPageSize = 50

func (app *App) activityPage(w http.ResponseWriter, r *http.Request) error {
	d, err := read(app, r, func(ctx context.Context, tx *models.Tx) (activities.PageData, error) {
		return activityData(ctx, tx, r)
	})
	if err != nil {
		return err
	}
	return app.page(w, r, http.StatusOK, activities.Page(d))
}

func activityData(ctx context.Context, tx *models.Tx, r *http.Request) (d activities.PageData, err error) {
	q := web.Query(r)
	f := activity.Filter{Person: q.ID("person"), Record: q.Line("record", 120), Group: q.Line("about", 40), From: q.Date("from"), To: q.Date("to")}
	d.Filter = map[string]string{}
	for _, name := range []string{"person", "record", "about", "from", "to"} {
		d.Filter[name] = q.Typed(name)
	}
	if d.Log, err = logState(ctx, tx); err != nil {
		return d, err
	}
	if d.People, err = everybody(ctx, tx); err != nil {
		return d, err
	}
	if err := q.Err(); err != nil {
		d.Errors = web.Errors(err)
		return d, nil
	}
	p, err := programme.Current(ctx, tx)
	if err != nil {
		return d, err
	}
	f.Zone = p.Location()
	list, err := activity.List(ctx, tx, f, web.PageOf(r, activityPageSize))
	d.Entries = list.Items
	d.Newer, d.Older = evidenceCursors(r, list.Earlier, list.Later)
	return d, err
}

func everybody(ctx context.Context, tx *models.Tx) ([]ui.Option, error) {
	list, err := models.Rows[people.Person](tx).Order("name, id").Limit(500).Find(ctx)
	var out []ui.Option
	for _, p := range list {
		out = append(out, ui.Option{Value: strconv.FormatInt(p.ID, 10), Label: p.Name})
	}
	return out, err
}

// logState is the newest checkpoint in words, and the size of the log beside it.
func logState(ctx context.Context, tx *models.Tx) (activities.Log, error) {
	var l activities.Log
	c, err := tx.LastCheckpoint(ctx)
	if err != nil {
		return l, err
	}
	if l.Leaves, err = tx.LogSize(ctx); err != nil || c.Size == 0 {
		return l, err
	}
	note, err := tlog.OpenCheckpoint(c.Signed, c.VerifierKey)
	if err != nil {
		return l, fmt.Errorf("the newest checkpoint: %w", err)
	}
	l.Size, l.Root, l.At, l.Key = c.Size, hex.EncodeToString(note.Root[:]), c.At, c.VerifierKey
	return l, nil
}

// activityCheckpoint is the newest checkpoint as it was signed, to be kept elsewhere.
func (app *App) activityCheckpoint(w http.ResponseWriter, r *http.Request) error {
	c, err := read(app, r, func(ctx context.Context, tx *models.Tx) (models.Checkpoint, error) {
		c, err := tx.LastCheckpoint(ctx)
		if err == nil && c.Size == 0 {
			err = models.NotFound("Checkpoint")
		}
		return c, err
	})
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="checkpoint-%d.note"`, c.Size))
	_, _ = io.WriteString(w, c.Signed) // a reader who left is no failure of ours
	return nil
}
