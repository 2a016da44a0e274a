package handlers

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"assay/models"
	"assay/models/control"
	"assay/models/evidence"
	"assay/models/occurrence"
	"assay/templates/evidences"
	"assay/templates/reviews"
	"assay/web"
)

const queuePageSize = 30

// reviewQueue opens on the oldest item that the visitor may decide.
func (app *App) reviewQueue(w http.ResponseWriter, r *http.Request) error {
	d, err := app.reviewData(r, 0)
	if err != nil {
		return err
	}
	return app.page(w, r, http.StatusOK, reviews.Page(d))
}

// reviewItem is the queue with one item open.
func (app *App) reviewItem(w http.ResponseWriter, r *http.Request) error {
	id, err := web.Code(r, "item", "E-")
	if err != nil {
		return err
	}
	d, err := app.reviewData(r, id)
	if err != nil {
		return err
	}
	return app.page(w, r, http.StatusOK, reviews.Page(d))
}

// reviewData is the page with item id open, or with the first of the queue when it is 0.
func (app *App) reviewData(r *http.Request, id int64) (reviews.Data, error) {
	d, err := read(app, r, func(ctx context.Context, tx *models.Tx) (reviews.Data, error) {
		d, open, err := queueData(ctx, tx, r, id)
		if err != nil {
			return d, err
		}
		if d.Undo, err = undoable(ctx, tx, r.URL.Query().Get("accepted")); err != nil || open == nil {
			return d, err
		}
		return d, app.openForReview(ctx, tx, &d, *open)
	})
	if err != nil || d.Item == nil {
		return d, err
	}
	return d, app.showFile(r, &d)
}

// queueData is what waits, and the item to open: the one with the id, which need not wait,
// else the first to decide, else none.
func queueData(ctx context.Context, tx *models.Tx, r *http.Request, id int64) (d reviews.Data, open *evidences.Row, err error) {
	queue, err := evidence.Queue(ctx, tx, web.PageOf(r, queuePageSize))
	if err != nil {
		return d, nil, err
	}
	items := queue.Items
	if id != 0 && !slices.ContainsFunc(items, func(i evidence.Item) bool { return i.ID == id }) {
		i, err := evidence.ByID(ctx, tx, id)
		if err != nil {
			return d, nil, err
		}
		items = append(items, i)
	}
	rows, err := evidenceRows(ctx, tx, items)
	if err != nil {
		return d, nil, err
	}
	d.Queue = rows[:len(queue.Items)]
	d.Earlier, d.Later = evidenceCursors(r, queue.Earlier, queue.Later)
	counts, err := companyCounts(ctx, tx)
	d.Waiting = counts.Review
	if id == 0 {
		return d, firstToDecide(tx, rows), err
	}
	at := slices.IndexFunc(rows, func(row evidences.Row) bool { return row.ID == id })
	return d, &rows[at], err
}

// firstToDecide is the oldest item that the visitor may decide, else the oldest, else nil.
func firstToDecide(tx *models.Tx, queue []evidences.Row) *evidences.Row {
	for n, row := range queue {
		if evidence.MayNotDecide(tx.Actor, row.Item, row.Control) == "" {
			return &queue[n]
		}
	}
	if len(queue) > 0 {
		return &queue[0]
	}
	return nil
}

func (app *App) openForReview(ctx context.Context, tx *models.Tx, d *reviews.Data, row evidences.Row) error {
	item, err := app.evidenceFacts(ctx, tx, row)
	if err != nil {
		return err
	}
	d.Item, d.Why = &item, evidence.MayNotDecide(tx.Actor, row.Item, row.Control)
	if d.Control, err = control.Shown(ctx, tx, row.Control); err != nil {
		return err
	}
	d.Expected, err = evidence.Expectations(ctx, tx, row.Item, d.Control)
	return err
}

// showFile puts the file that ?file= names, else the first, into the middle.
func (app *App) showFile(r *http.Request, d *reviews.Data) error {
	for n, f := range d.Item.Files {
		if asked := r.URL.Query().Get("file"); n == 0 && asked == "" || asked == strconv.FormatInt(f.ID, 10) {
			if f.Receipt.Sealed {
				if err := app.unseal(r, d.Item.Item, f); err != nil {
					return err
				}
			}
			p, err := app.previewOf(r, d.Item.Item, f)
			p.Base = fmt.Sprintf("/review/%s?file=%d", d.Item.Code(), f.ID) // its parts and sheets are turned here
			d.Shown = &p
			return err
		}
	}
	return nil
}

// undoable is the item that the visitor accepted a moment ago, while they are offered to
// take that back.
func undoable(ctx context.Context, tx *models.Tx, code string) (*evidence.Item, error) {
	if code == "" {
		return nil, nil //nolint:nilnil // nothing was accepted, which is no error
	}
	i, err := evidence.ByCode(ctx, tx, code)
	if models.KindOf(err) == models.KindNotFound || err == nil && !i.MayUndo(tx.Actor, tx.Now.Add(evidence.UndoWithin-evidence.UndoShown)) {
		return nil, nil //nolint:nilnil // too late, or never
	}
	return &i, err
}

func (app *App) evidenceAccept(w http.ResponseWriter, r *http.Request) error {
	id, err := web.Code(r, "item", "E-")
	if err != nil {
		return err
	}
	checked := answers(web.Form(r).Texts("checked"))
	return app.decide(w, r, id, checked, func(ctx context.Context, tx *models.Tx, rev int64, note string) (evidence.Item, error) {
		return evidence.Accept(ctx, tx, id, rev, note, checked...)
	})
}

func (app *App) evidenceReturn(w http.ResponseWriter, r *http.Request) error {
	id, err := web.Code(r, "item", "E-")
	if err != nil {
		return err
	}
	return app.decide(w, r, id, nil, func(ctx context.Context, tx *models.Tx, rev int64, note string) (evidence.Item, error) {
		return occurrence.ReturnEvidence(ctx, tx, id, rev, note)
	})
}

type decision func(ctx context.Context, tx *models.Tx, rev int64, note string) (evidence.Item, error)

// decide records a decision and goes on to the next in the queue.
func (app *App) decide(w http.ResponseWriter, r *http.Request, id int64, checked []evidence.Answer, verb decision) error {
	f := web.Form(r)
	rev, note := f.Rev(), f.Text("note", 2000)
	err, item := f.Err(), evidence.Item{}
	if err == nil {
		item, err = write(app, r, func(ctx context.Context, tx *models.Tx) (evidence.Item, error) { return verb(ctx, tx, rev, note) })
	}
	if refused := web.Errors(err); refused != nil {
		return app.reviewAgain(w, r, id, web.Status(err), func(d *reviews.Data) { d.Errors, d.Note, d.Checked = refused, note, checked })
	}
	if err != nil {
		return err
	}
	if item.Status == evidence.Accepted {
		return web.SeeOther(w, r, "/review?accepted="+item.Code())
	}
	web.Flash(w, r, "ok", item.Code()+" is returned with your reason.")
	return web.SeeOther(w, r, "/review")
}

// evidenceUndo takes back an acceptance, and opens the item again.
func (app *App) evidenceUndo(w http.ResponseWriter, r *http.Request) error {
	id, err := web.Code(r, "item", "E-")
	if err != nil {
		return err
	}
	f := web.Form(r)
	rev := f.Rev()
	err = f.Err()
	if err == nil {
		_, err = write(app, r, func(ctx context.Context, tx *models.Tx) (evidence.Item, error) {
			return evidence.Undo(ctx, tx, id, rev)
		})
	}
	if refused := web.Errors(err); refused != nil {
		return app.reviewAgain(w, r, id, web.Status(err), func(d *reviews.Data) { d.Errors = refused })
	}
	if err != nil {
		return err
	}
	code := "E-" + strconv.FormatInt(id, 10)
	web.Flash(w, r, "ok", code+" waits for a reviewer again. Both the acceptance and this stay in the record.")
	return web.SeeOther(w, r, "/review/"+code)
}

// reviewAgain shows the page with an item open and what went wrong.
func (app *App) reviewAgain(w http.ResponseWriter, r *http.Request, id int64, code int, change func(*reviews.Data)) error {
	d, err := app.reviewData(r, id)
	if err != nil {
		return err
	}
	change(&d)
	return app.page(w, r, code, reviews.Page(d))
}
