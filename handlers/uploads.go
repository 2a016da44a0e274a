package handlers

import (
	"context"
	"crypto/rand"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"assay/models"
	"assay/models/control"
	"assay/models/evidence"
	"assay/models/occurrence"
	"assay/models/scan"
	"assay/models/upload"
	"assay/templates/evidences"
	"assay/web"
)

// uploadBody is how large a form with files can be.
func (app *App) uploadBody() int64 { return evidence.MaxFiles*app.MaxFile + 1<<20 }

// evidenceNew shows the empty form. A task prefills the control and the days, an older
// item what usually stays the same.
func (app *App) evidenceNew(w http.ResponseWriter, r *http.Request) error {
	form, err := read(app, r, func(ctx context.Context, tx *models.Tx) (evidences.FormData, error) {
		q := web.Query(r)
		var c *control.Control
		if code := q.Line("control", 40); code != "" {
			found, err := control.ByCode(ctx, tx, code)
			if err != nil {
				return evidences.FormData{}, err
			}
			c = &found
		}
		f, err := app.evidenceForm(ctx, tx, c)
		f.Typed = map[string]string{
			"key": rand.Text(), "covers_from": string(q.Date("from")), "covers_to": string(q.Date("to")), "supersedes": q.Line("supersedes", 20),
			"request": q.Line("request", 200), "item": q.Line("item", 20),
		}
		if f.Example != nil {
			f.Typed["kind"], f.Typed["source"], f.Typed["location"] = f.Example.Kind, f.Example.Source, f.Example.Location
		}
		f.Answered = likely(f)
		return f, err
	})
	if err != nil {
		return err
	}
	return app.page(w, r, http.StatusOK, evidences.New(form))
}

// evidenceForm is the form for a control, nil while it is to be chosen.
func (app *App) evidenceForm(ctx context.Context, tx *models.Tx, c *control.Control) (evidences.FormData, error) {
	f := evidences.FormData{Control: c, Kinds: evidence.Kinds(), MaxFile: app.MaxFile}
	zone, err := companyZone(ctx, tx)
	if err != nil {
		return f, err
	}
	f.Zone, f.PartSize = zone.String(), PartSize
	if c == nil {
		f.Arrived, err = upload.For(ctx, tx, "")
		return f, err
	}
	f.About = c.Path()
	if f.Arrived, err = upload.For(ctx, tx, f.About); err != nil {
		return f, err
	}
	list, err := evidence.List(ctx, tx, evidence.Filter{ControlID: c.ID, Status: evidence.Accepted}, models.Page{Limit: 20})
	if err != nil {
		return f, err
	}
	f.Replaceable = list.Items
	if len(list.Items) > 0 {
		f.Example = &list.Items[0]
	}
	v, err := control.Shown(ctx, tx, *c)
	f.Expected = v.Expects()
	return f, err
}

// likely ticks, on an empty form, what the last accepted item answered, or the only thing
// there is to answer.
func likely(f evidences.FormData) []evidence.Answer {
	var ticked []evidence.Answer
	for _, e := range f.Expected {
		if len(f.Expected) == 1 || f.Example != nil && f.Example.Names(e) {
			ticked = append(ticked, evidence.Answer{Version: e.Version, Number: e.Number})
		}
	}
	return ticked
}

// evidenceUpload takes a new item: files first into the store, then one short
// transaction. What arrived is kept whatever is wrong with the words around it.
func (app *App) evidenceUpload(w http.ResponseWriter, r *http.Request) error {
	var c control.Control
	p, err := app.receive(w, r, func(fields url.Values) (err error) {
		if key := fields.Get("key"); key == "" || len(key) > 64 { // an index of PostgreSQL holds no long one
			return models.Invalid(map[string]string{"files": "The form is incomplete, so its files were not read. Load the page again and send them from there."})
		}
		c, err = app.controlNamed(r, fields.Get("control"))
		return err
	})
	if err != nil {
		return app.evidenceFormAgain(w, r, p, err)
	}
	if len(p.files) == 0 {
		if found, again := app.sentBefore(r, p); again { // it took them the first time
			return app.alreadySent(w, r, found)
		}
		why := "Choose at least one file."
		if p.trouble != 0 {
			why = "No file was kept. What you typed is here; choose the files again once there is a place for them."
		}
		return app.evidenceFormAgain(w, r, p, app.besides(r, p, c, map[string]string{"files": why}))
	}
	in := evidence.Parcel{ControlID: c.ID, Key: p.fields.Get("key"), Files: p.files}
	return app.settle(w, r, p, func(ctx context.Context, tx *models.Tx, d evidence.Details) (evidence.Item, error) {
		in.Details = d
		i, err := evidence.Store(ctx, tx, in)
		if err == nil {
			err = answerWith(ctx, tx, web.NewValues(p.fields), i)
		}
		if err != nil {
			return i, err
		}
		return i, upload.Drop(ctx, tx, tx.Actor.ID, p.taken...)
	})
}

// besides adds to what is wrong with the files what else of the form is, so that it comes
// back once.
func (app *App) besides(r *http.Request, p parcel, c control.Control, wrong map[string]string) error {
	_, err := read(app, r, func(ctx context.Context, tx *models.Tx) (struct{}, error) {
		zone, err := companyZone(ctx, tx)
		if err != nil {
			return struct{}{}, err
		}
		d, err := detailsOf(p.fields, zone)
		if err == nil {
			err = evidence.Check(ctx, tx, evidence.Item{ControlID: c.ID, Details: d, UploadedBy: tx.Actor.ID, UploadedAt: tx.Now})
		}
		return struct{}{}, err
	})
	all := web.Errors(err)
	if err != nil && all == nil {
		return err
	}
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, wrong)
	return models.Invalid(all)
}

// evidenceSubmit completes an item that is stored or returned: more files, if any came,
// and what it proves.
func (app *App) evidenceSubmit(w http.ResponseWriter, r *http.Request) error {
	id, err := web.Code(r, "item", "E-")
	if err != nil {
		return err
	}
	p, err := app.receive(w, r, func(url.Values) error {
		_, err := read(app, r, func(ctx context.Context, tx *models.Tx) (evidence.Item, error) { return evidence.ByID(ctx, tx, id) })
		return err
	})
	if err != nil {
		return app.keptAgain(w, r, id, p, err)
	}
	f := web.NewValues(p.fields)
	rev := f.Rev()
	if err := f.Err(); err != nil {
		return app.keptAgain(w, r, id, p, err)
	}
	return app.settle(w, r, p, func(ctx context.Context, tx *models.Tx, d evidence.Details) (evidence.Item, error) {
		i, err := evidence.Amend(ctx, tx, id, rev, d)
		if err != nil || len(p.files) == 0 {
			return i, err
		}
		if i, err = evidence.AddFiles(ctx, tx, id, p.files); err != nil {
			return i, err
		}
		return i, upload.Drop(ctx, tx, tx.Actor.ID, p.taken...)
	})
}

// settle keeps what arrived, and submits it when nothing is missing, in one transaction.
// Otherwise the form comes back for the item that was kept.
func (app *App) settle(w http.ResponseWriter, r *http.Request, p parcel, keep func(context.Context, *models.Tx, evidence.Details) (evidence.Item, error)) error {
	var complaint error
	item, err := write(app, r, func(ctx context.Context, tx *models.Tx) (evidence.Item, error) {
		zone, err := companyZone(ctx, tx)
		if err != nil {
			return evidence.Item{}, err
		}
		if err := app.Quota.Admit(ctx, tx, p.files); err != nil {
			return evidence.Item{}, err
		}
		d, wrong := detailsOf(p.fields, zone)
		i, err := keep(ctx, tx, d)
		if err == nil {
			err = app.haveScanned(ctx, tx, digestsOf(p.files)...)
		}
		if err != nil {
			return i, err
		}
		if complaint = wrong; complaint == nil {
			complaint = evidence.Check(ctx, tx, i)
		}
		if complaint == nil && d.SupersedesID != nil && i.SupersedesID == nil {
			complaint = models.Invalid(map[string]string{"supersedes": "What this was to replace is not accepted evidence of this control. Choose again, or nothing."})
		}
		if complaint == nil && len(p.refused) == 0 {
			return occurrence.SubmitEvidence(ctx, tx, i.ID, i.Rev, evidenceWindow(web.NewValues(p.fields)))
		}
		if complaint != nil && models.KindOf(complaint) != models.KindInvalid {
			err = complaint
		}
		return i, err // without one, what keep wrote stays
	})
	if models.KindOf(err) == models.KindConflict || models.Duplicate(err) {
		if found, again := app.sentBefore(r, p); again {
			return app.sentAgain(w, r, p, found)
		}
	}
	if err != nil {
		return app.evidenceFormAgain(w, r, p, err)
	}
	if complaint != nil || len(p.refused) > 0 {
		return app.keptAgain(w, r, item.ID, p, complaint)
	}
	web.Flash(w, r, "ok", item.Code()+" waits for a reviewer.")
	if at := p.fields.Get("request"); requestPath.MatchString(at) {
		return web.SeeOther(w, r, "/"+at)
	}
	return web.SeeOther(w, r, evidences.Href(item))
}

// haveScanned leaves new bytes to the malware scanner, if there is one.
func (app *App) haveScanned(ctx context.Context, tx *models.Tx, digests ...string) error {
	if !app.Scanning {
		return nil
	}
	for _, d := range digests {
		if err := scan.Enqueue(ctx, tx, d); err != nil {
			return err
		}
	}
	return nil
}

func digestsOf(files []evidence.Upload) []string {
	out := make([]string, len(files))
	for i, f := range files {
		out[i] = f.Digest
	}
	return out
}

// sentBefore finds the item that the same form made when it was sent the first time.
func (app *App) sentBefore(r *http.Request, p parcel) (evidence.Item, bool) {
	i, err := read(app, r, func(ctx context.Context, tx *models.Tx) (evidence.Item, error) {
		return evidence.ByFormKey(ctx, tx, p.fields.Get("key"))
	})
	return i, err == nil
}

// sentAgain answers a form that was sent once before. With the same files that is the same
// item; with others somebody went back to make another one, and the form, as a new one,
// says so.
func (app *App) sentAgain(w http.ResponseWriter, r *http.Request, p parcel, i evidence.Item) error {
	kept, err := read(app, r, func(ctx context.Context, tx *models.Tx) ([]evidence.File, error) {
		return evidence.FilesOf(ctx, tx, i.ID)
	})
	if err != nil {
		return err
	}
	another := slices.ContainsFunc(p.files, func(u evidence.Upload) bool {
		return !slices.ContainsFunc(kept, func(f evidence.File) bool { return f.Digest == u.Digest })
	})
	if !another {
		return app.alreadySent(w, r, i)
	}
	p.fields.Del("key")
	return app.evidenceFormAgain(w, r, p, models.Invalid(map[string]string{
		"files": "This form had been sent already and made " + i.Code() + ". To make another item, choose its files again and submit.",
	}))
}

func (app *App) alreadySent(w http.ResponseWriter, r *http.Request, i evidence.Item) error {
	web.Flash(w, r, "ok", "This form had been sent already. This is the item it made.")
	return web.SeeOther(w, r, evidences.Href(i))
}

// controlNamed finds the control of a new item by its code.
func (app *App) controlNamed(r *http.Request, code string) (control.Control, error) {
	c, err := read(app, r, func(ctx context.Context, tx *models.Tx) (control.Control, error) {
		return control.ByCode(ctx, tx, code)
	})
	if models.KindOf(err) == models.KindNotFound {
		return c, models.Invalid(map[string]string{"control": "No control has this code. Correct it and choose the files again."})
	}
	return c, err
}

// evidenceFormAgain shows the form of a new item with everything typed, and what is wrong.
func (app *App) evidenceFormAgain(w http.ResponseWriter, r *http.Request, p parcel, problem error) error {
	refused := web.Errors(problem)
	if refused == nil {
		return problem
	}
	form, err := read(app, r, func(ctx context.Context, tx *models.Tx) (evidences.FormData, error) {
		c, err := control.ByCode(ctx, tx, p.fields.Get("control"))
		if models.KindOf(err) == models.KindNotFound {
			return app.evidenceForm(ctx, tx, nil)
		}
		if err != nil {
			return evidences.FormData{}, err
		}
		return app.evidenceForm(ctx, tx, &c)
	})
	if err != nil {
		return err
	}
	form.Typed, form.Errors, form.Refused, form.Answered = typed(p.fields), refused, p.refused, answers(p.fields["answers"])
	if form.Typed["key"] == "" {
		form.Typed["key"] = rand.Text()
	}
	web.RetryAfter(w, problem)
	return app.page(w, r, p.answer(problem), evidences.New(form))
}

// keptAgain shows the form of an item that is kept. problem may be nil when only files
// were refused.
func (app *App) keptAgain(w http.ResponseWriter, r *http.Request, id int64, p parcel, problem error) error {
	refused := web.Errors(problem)
	if problem != nil && refused == nil {
		return problem
	}
	if problem != nil {
		web.RetryAfter(w, problem)
	}
	d, err := read(app, r, func(ctx context.Context, tx *models.Tx) (evidences.ItemData, error) {
		i, err := evidence.ByID(ctx, tx, id)
		if err != nil {
			return evidences.ItemData{}, err
		}
		return app.evidenceData(ctx, tx, i)
	})
	switch {
	case err != nil:
		return err
	case d.Form == nil: // submitted, or somebody else's: there is no form to show
		return problem
	}
	d.Form.Typed, d.Form.Errors, d.Form.Refused, d.Form.Answered = typed(p.fields), refused, p.refused, answers(p.fields["answers"])
	return app.page(w, r, p.answer(problem), evidences.New(*d.Form))
}

func typed(fields url.Values) map[string]string {
	out := map[string]string{}
	for name := range fields {
		out[name] = fields.Get(name)
	}
	return out
}

// detailsOf reads the fields. What cannot be read is left out and is wrong.
func detailsOf(fields url.Values, zone *time.Location) (d evidence.Details, wrong error) {
	f := web.NewValues(fields)
	d = evidence.Details{
		Title: f.Line("title", 200), Kind: f.Line("kind", 40), Source: f.Line("source", 200),
		Location: f.Text("location", 2000), Extractor: f.Line("extractor", 200), Description: f.Text("description", 4000),
		PerformedAt: instant(f, "performed_at", zone), CollectedAt: instant(f, "collected_at", zone),
		CoversFrom: f.Date("covers_from"), CoversTo: f.Date("covers_to"), LateReason: f.Text("late_reason", 2000),
	}
	d.Answers = answers(f.Texts("answers"))
	if id := f.ID("supersedes"); id != 0 {
		d.SupersedesID = &id
	}
	return d, f.Err()
}

// answers reads the boxes that were ticked. One that is none is dropped.
func answers(keys []string) (list []evidence.Answer) {
	for _, key := range keys {
		if a, ok := evidence.ReadAnswer(key); ok && len(list) < 100 {
			list = append(list, a)
		}
	}
	return list
}

func instant(f *web.Values, name string, zone *time.Location) *time.Time {
	if t := f.Instant(name, zone); !t.IsZero() {
		return &t
	}
	return nil
}

// typedOf is what a reader would have typed to say d.
func typedOf(d evidence.Details, zone *time.Location) map[string]string {
	const local = "2006-01-02T15:04"
	out := map[string]string{
		"title": d.Title, "kind": d.Kind, "source": d.Source, "location": d.Location, "extractor": d.Extractor,
		"description": d.Description, "covers_from": string(d.CoversFrom), "covers_to": string(d.CoversTo), "late_reason": d.LateReason,
	}
	if d.PerformedAt != nil {
		out["performed_at"] = d.PerformedAt.In(zone).Format(local)
	}
	if d.CollectedAt != nil {
		out["collected_at"] = d.CollectedAt.In(zone).Format(local)
	}
	if d.SupersedesID != nil {
		out["supersedes"] = strconv.FormatInt(*d.SupersedesID, 10)
	}
	return out
}
