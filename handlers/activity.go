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
	"assay/models/anchor"
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
	l.Size, l.Root, l.At, l.Key, l.Now = c.Size, hex.EncodeToString(note.Root[:]), c.At, c.VerifierKey, tx.Now
	if a, ok, err := anchor.Newest(ctx, tx); err != nil {
		return l, err
	} else if ok {
		l.Anchor = &a
	}
	return l, nil
}

// anchorsShown is how many anchors the page lists: a season of days.
const anchorsShown = 100

func (app *App) anchorsPage(w http.ResponseWriter, r *http.Request) error {
	d, err := read(app, r, func(ctx context.Context, tx *models.Tx) (d activities.AnchorsData, err error) {
		if d.Log, err = logState(ctx, tx); err != nil {
			return d, err
		}
		if d.List, err = anchor.Latest(ctx, tx, anchorsShown); err != nil {
			return d, err
		}
		var ids []int64
		for _, a := range d.List {
			if id, ok := numbered(a.Place, "people/"); ok {
				ids = append(ids, id)
			}
		}
		d.People, err = people.Named(ctx, tx, ids...)
		return d, err
	})
	if err != nil {
		return err
	}
	return app.page(w, r, http.StatusOK, activities.Anchors(d))
}

// anchorNote is what the outside confirmed: the checkpoint, or the time stamp on it.
func (app *App) anchorNote(w http.ResponseWriter, r *http.Request) error {
	id, err := web.ID(r, "anchor")
	if err != nil {
		return err
	}
	a, err := read(app, r, func(ctx context.Context, tx *models.Tx) (anchor.Anchor, error) { return anchor.ByID(ctx, tx, id) })
	if err != nil {
		return err
	}
	name, kind, body := fmt.Sprintf("checkpoint-%d.note", a.Size), "text/plain; charset=utf-8", []byte(a.Note)
	if r.URL.Query().Get("token") != "" {
		if len(a.Token) == 0 {
			return models.NotFound("Time stamp")
		}
		name, kind, body = fmt.Sprintf("checkpoint-%d.tst", a.Size), "application/octet-stream", a.Token
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", name))
	_, _ = w.Write(body) // a reader who left is no failure of ours
	return nil
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
