package handlers

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/activity"
	"assay/models/control"
	"assay/models/evidence"
	"assay/models/freeze"
	"assay/models/occurrence"
	"assay/models/people"
	"assay/models/programme"
	"assay/models/scan"
	"assay/models/upload"
	"assay/templates/evidences"
	"assay/templates/ui"
	"assay/web"
)

const evidencePageSize = 50

func (app *App) evidenceList(w http.ResponseWriter, r *http.Request) error {
	d, err := read(app, r, func(ctx context.Context, tx *models.Tx) (evidences.ListData, error) {
		return evidenceListData(ctx, tx, r)
	})
	if err != nil {
		return err
	}
	return app.page(w, r, http.StatusOK, evidences.List(d))
}

func evidenceListData(ctx context.Context, tx *models.Tx, r *http.Request) (evidences.ListData, error) {
	q := web.Query(r)
	f := evidence.Filter{
		Status: evidence.Status(q.Line("status", 20)), Kind: q.Line("kind", 40), UploadedBy: q.ID("uploader"),
		Text: q.Line("q", 200), From: q.Date("from"), To: q.Date("to"),
	}
	d := evidences.ListData{Kinds: evidence.Kinds(), Filter: map[string]string{}}
	for _, name := range []string{"q", "status", "kind", "uploader", "control", "from", "to"} {
		if d.Filter[name] = q.Typed(name); d.Filter[name] != "" {
			d.Narrowed = true
		}
	}
	if code := q.Line("control", 40); code != "" {
		c, err := control.ByCode(ctx, tx, code)
		if models.KindOf(err) == models.KindNotFound {
			q.Refuse("control", "No control has the code "+code+".")
		} else if err != nil {
			return d, err
		}
		f.ControlID = c.ID
	}
	if err := q.Err(); err != nil {
		d.Errors = web.Errors(err)
		return d, nil
	}
	list, err := evidence.List(ctx, tx, f, web.PageOf(r, evidencePageSize))
	if err != nil {
		return d, err
	}
	d.Earlier, d.Later = evidenceCursors(r, list.Earlier, list.Later)
	if d.Rows, err = evidenceRows(ctx, tx, list.Items); err != nil {
		return d, err
	}
	d.Uploaders, err = evidenceUploaders(ctx, tx)
	return d, err
}

// evidenceCursors are the addresses of the stretches before and after, filters kept.
func evidenceCursors(r *http.Request, earlier, later string) (before, after string) {
	link := func(name, cursor string) string {
		if cursor == "" {
			return ""
		}
		q := r.URL.Query()
		q.Del("before")
		q.Del("after")
		q.Set(name, cursor)
		return r.URL.Path + "?" + q.Encode()
	}
	return link("before", earlier), link("after", later)
}

// evidenceRows adds the control and the uploader's name to items, in two queries.
func evidenceRows(ctx context.Context, tx *models.Tx, items []evidence.Item) ([]evidences.Row, error) {
	if len(items) == 0 {
		return nil, nil
	}
	controls, err := models.Rows[control.Control](tx).Where("controls.id IN ?", evidence.ControlIDs(items)).Find(ctx)
	if err != nil {
		return nil, err
	}
	names, err := control.Named(ctx, tx, evidence.Uploaders(items)...)
	if err != nil {
		return nil, err
	}
	return evidenceRowsOf(ctx, tx, items, names, controls...)
}

// evidenceRowsOf is evidenceRows of people and controls that were read already.
func evidenceRowsOf(ctx context.Context, tx *models.Tx, items []evidence.Item, names map[int64]people.Person, controls ...control.Control) ([]evidences.Row, error) {
	rows := rowsOf(items, names, controls...)
	return rows, age(ctx, tx, rows)
}

func rowsOf(items []evidence.Item, names map[int64]people.Person, controls ...control.Control) []evidences.Row {
	byID := make(map[int64]control.Control, len(controls))
	for _, c := range controls {
		byID[c.ID] = c
	}
	rows := make([]evidences.Row, len(items))
	for n, i := range items {
		rows[n] = evidences.Row{Item: i, Control: byID[i.ControlID], Uploader: names[i.UploadedBy].Name}
	}
	return rows
}

// age marks the newest accepted evidence of each control, of which pages say how fresh it
// is. Older items are as old as they should be.
func age(ctx context.Context, tx *models.Tx, rows []evidences.Row) error {
	var accepted []evidence.Item
	for _, r := range rows {
		if r.Status == evidence.Accepted {
			accepted = append(accepted, r.Item)
		}
	}
	if len(accepted) == 0 {
		return nil
	}
	newest, err := evidence.Newest(ctx, tx, evidence.ControlIDs(accepted))
	if err != nil {
		return err
	}
	markNewest(rows, newest)
	return nil
}

func markNewest(rows []evidences.Row, newest map[int64]models.Date) {
	for n, r := range rows {
		rows[n].Newest = r.Status == evidence.Accepted && r.CoversTo == newest[r.ControlID]
	}
}

// evidenceUploaders lists whom the reader can filter by. To auditors, who of the company
// uploads is shown with each item and nowhere else.
func evidenceUploaders(ctx context.Context, tx *models.Tx) ([]ui.Option, error) {
	if !tx.Actor.Company() {
		return nil, nil
	}
	list, err := people.Holders(ctx, tx, access.Owner, access.Compliance)
	out := make([]ui.Option, len(list))
	for n, p := range list {
		out[n] = ui.Option{Value: strconv.FormatInt(p.ID, 10), Label: p.Name}
	}
	return out, err
}

func (app *App) evidencePage(w http.ResponseWriter, r *http.Request) error {
	d, err := read(app, r, func(ctx context.Context, tx *models.Tx) (evidences.ItemData, error) {
		i, err := evidence.ByCode(ctx, tx, web.Param(r, "item"))
		if err != nil {
			return evidences.ItemData{}, err
		}
		return app.evidenceData(ctx, tx, i)
	})
	if err != nil {
		return err
	}
	return app.page(w, r, http.StatusOK, evidences.Item(d))
}

func (app *App) evidenceData(ctx context.Context, tx *models.Tx, i evidence.Item) (evidences.ItemData, error) {
	c, err := control.ByID(ctx, tx, i.ControlID)
	if err != nil {
		return evidences.ItemData{Item: i}, err
	}
	d, err := app.evidenceFacts(ctx, tx, evidences.Row{Item: i, Control: c})
	if err != nil {
		return d, err
	}
	if d.Feed, err = activity.For(ctx, tx, i.Path()); err != nil {
		return d, err
	}
	d.Decide = i.Status == evidence.Submitted && evidence.MayNotDecide(tx.Actor, i, d.Control) == ""
	if i.UploadedBy == tx.Actor.ID && i.Status.Open() {
		form, err := app.evidenceForm(ctx, tx, &d.Control)
		if err != nil {
			return d, err
		}
		zone, err := companyZone(ctx, tx)
		if err != nil {
			return d, err
		}
		form.Kept, form.Files, form.Typed, form.About = &d.Item, d.Files, typedOf(i.Details, zone), i.Path()
		form.Answered = i.Answers
		if form.Arrived, err = upload.For(ctx, tx, form.About); err != nil {
			return d, err
		}
		d.Form = &form
	}
	return d, nil
}

// evidenceFacts is what the page of an item and its review both show.
func (app *App) evidenceFacts(ctx context.Context, tx *models.Tx, row evidences.Row) (d evidences.ItemData, err error) {
	d.Item, d.Control = row.Item, row.Control
	d.Redact, d.Unseal = evidence.MayRedact(tx.Actor, row.Item), evidence.MayUnseal(tx.Actor, row.Item)
	beside, err := evidence.BesideOf(ctx, tx, row.Item)
	if err != nil {
		return d, err
	}
	d.Twins, d.Replaces, d.Successors, d.Later, d.Named = beside.Twins, beside.Replaced, beside.Successors, beside.Later, beside.Answered
	if d.Files, err = app.viewsOf(ctx, tx, beside.Files...); err != nil {
		return d, err
	}
	if d.Redact {
		digests := make([]string, len(d.Files))
		for n, f := range d.Files {
			digests[n] = f.Digest
		}
		if d.Held, err = freeze.Holding(ctx, tx, digests...); err != nil {
			return d, err
		}
	}
	d.Uploader = beside.Hands[d.UploadedBy].Name
	if d.DecidedBy != nil {
		d.Decider = beside.Hands[*d.DecidedBy].Name
	}
	if d.WithdrawnBy != nil {
		d.Withdrawn = beside.Hands[*d.WithdrawnBy].Name
	}
	return d, nil
}

// viewsOf adds to files of one item what is known of their bytes.
func (app *App) viewsOf(ctx context.Context, tx *models.Tx, files ...evidence.File) ([]evidences.FileView, error) {
	receipts, err := evidence.Receipts(ctx, tx, files)
	views := make([]evidences.FileView, len(files))
	for n, f := range files {
		r := receipts[f.ID]
		views[n] = evidences.FileView{File: f, Receipt: r, Scan: scan.Scan{Digest: f.Digest, Verdict: r.Verdict, Finding: r.Finding}, Scanning: app.Scanning}
	}
	return views, err
}

// companyZone is where the company's days begin and end.
func companyZone(ctx context.Context, tx *models.Tx) (*time.Location, error) {
	p, err := programme.Current(ctx, tx)
	return p.Location(), err
}

func (app *App) evidenceWithdraw(w http.ResponseWriter, r *http.Request) error {
	id, err := web.Code(r, "item", "E-")
	if err != nil {
		return err
	}
	f := web.Form(r)
	rev, reason := f.Rev(), f.Text("reason", 2000)
	err = f.Err()
	if err == nil {
		_, err = write(app, r, func(ctx context.Context, tx *models.Tx) (evidence.Item, error) {
			return occurrence.WithdrawEvidence(ctx, tx, id, rev, reason)
		})
	}
	if refused := web.Errors(err); refused != nil {
		return app.evidenceAgain(w, r, id, web.Status(err), func(d *evidences.ItemData) { d.Errors, d.Reason = refused, reason })
	}
	if err != nil {
		return err
	}
	item := "E-" + strconv.FormatInt(id, 10)
	web.Flash(w, r, "ok", item+" is withdrawn. Its files and your reason stay in the record.")
	return web.SeeOther(w, r, "/evidence/"+url.PathEscape(item))
}

// evidenceAgain shows an item's page with what went wrong.
func (app *App) evidenceAgain(w http.ResponseWriter, r *http.Request, id int64, code int, change func(*evidences.ItemData)) error {
	d, err := read(app, r, func(ctx context.Context, tx *models.Tx) (evidences.ItemData, error) {
		i, err := evidence.ByID(ctx, tx, id)
		if err != nil {
			return evidences.ItemData{}, err
		}
		return app.evidenceData(ctx, tx, i)
	})
	if err != nil {
		return err
	}
	change(&d)
	return app.page(w, r, code, evidences.Item(d))
}
