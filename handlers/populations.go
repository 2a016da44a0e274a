package handlers

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"assay/internal/blob"
	"assay/internal/filetype"
	"assay/internal/sheet"
	"assay/models"
	"assay/models/access"
	"assay/models/activity"
	"assay/models/control"
	"assay/models/controltest"
	"assay/models/engagement"
	"assay/models/finding"
	"assay/models/people"
	"assay/models/population"
	"assay/models/sample"
	"assay/models/scan"
	"assay/templates/populations"
	"assay/web"
)

const populationsShown = 200

// populationList shows the populations of an engagement.
func (app *App) populationList(w http.ResponseWriter, r *http.Request) error {
	d, err := read(app, r, func(ctx context.Context, tx *models.Tx) (d populations.ListData, err error) {
		if d.Engagement, err = engagement.BySlug(ctx, tx, web.Param(r, "engagement")); err != nil {
			return d, err
		}
		d.Populations, err = population.List(ctx, tx, d.Engagement.ID, models.Page{Limit: populationsShown})
		return d, err
	})
	if err != nil {
		return err
	}
	return app.page(w, r, http.StatusOK, populations.List(d))
}

// populationAt finds the engagement and the population of the address.
func populationAt(ctx context.Context, tx *models.Tx, r *http.Request) (e engagement.Engagement, p population.Population, err error) {
	if e, err = engagement.BySlug(ctx, tx, web.Param(r, "engagement")); err != nil {
		return e, p, err
	}
	p, err = population.ByCode(ctx, tx, e.ID, web.Param(r, "population"))
	return e, p, err
}

func (app *App) populationOf(r *http.Request) (p population.Population, err error) {
	return read(app, r, func(ctx context.Context, tx *models.Tx) (population.Population, error) {
		_, p, err := populationAt(ctx, tx, r)
		return p, err
	})
}

func (app *App) populationPage(w http.ResponseWriter, r *http.Request) error {
	return app.populationAgain(w, r, http.StatusOK, func(*populations.PageData) {})
}

// populationAgain is the page with what a refused form of it said.
func (app *App) populationAgain(w http.ResponseWriter, r *http.Request, code int, change func(*populations.PageData)) error {
	d, err := read(app, r, func(ctx context.Context, tx *models.Tx) (populations.PageData, error) {
		return populationData(ctx, tx, r)
	})
	if err != nil {
		return err
	}
	change(&d)
	return app.page(w, r, code, populations.Page(d))
}

func populationData(ctx context.Context, tx *models.Tx, r *http.Request) (d populations.PageData, err error) {
	if d.Engagement, d.Population, err = populationAt(ctx, tx, r); err != nil {
		return d, err
	}
	d.Manage, d.Own = tx.Actor.Can(access.PopulationManage), tx.Actor.InFieldwork(d.Engagement.ID)
	d.Select = (d.Own || tx.Actor.Can(access.FieldworkImport)) && d.Engagement.Status == engagement.Fieldwork
	if d.Interim, err = d.Population.Interim(d.Engagement); err != nil {
		return d, err
	}
	around, err := population.AroundOf(ctx, tx, d.Population)
	if err != nil {
		return d, err
	}
	d.Samples, d.Before, d.Follows, d.Next, d.Replaced = around.Samples, around.Before, around.Follows, around.Next, around.Replaced
	d.Acceptance, d.Accepted = around.Acceptance, around.Accepted
	if d.Follows && d.Population.Change.V.Added.Count > 0 {
		if d.Resting, err = controltest.Resting(ctx, tx, d.Engagement.ID, d.Population.ID, d.Before.ID); err != nil {
			return d, err
		}
		if d.Omitted, err = finding.OmittedOf(ctx, tx, d.Population.ID); err != nil {
			return d, err
		}
	}
	if d.Team, err = engagement.Team(ctx, tx, d.Engagement.ID); err != nil {
		return d, err
	}
	ids := []int64{d.Population.AddedBy, d.Acceptance.AuditorID, d.Acceptance.EnteredBy}
	if by := d.Population.LockedBy; by != nil {
		ids = append(ids, *by)
	}
	for _, s := range d.Samples {
		ids = append(ids, s.AuditorID, s.DrawnBy)
	}
	if d.People, err = people.Named(ctx, tx, ids...); err != nil {
		return d, err
	}
	if d.Select {
		if d.Proposed, err = proposed(ctx, tx, d.Engagement, d.Population); err != nil {
			return d, err
		}
	}
	if d.Manage {
		d.Feed, err = activity.For(ctx, tx, d.Population.Path())
	}
	return d, err
}

// proposed are the sizes of the engagement for the control's frequency, by risk.
func proposed(ctx context.Context, tx *models.Tx, e engagement.Engagement, p population.Population) (out populations.Proposal, err error) {
	c, err := control.ByID(ctx, tx, p.ControlID)
	if models.KindOf(err) == models.KindNotFound { // the list is the auditor's to see, its control is out of scope
		return out, nil
	}
	if err != nil {
		return out, err
	}
	if out.Table, err = population.SizesOf(ctx, tx, e); err != nil {
		return out, err
	}
	out.Frequency = c.Frequency
	for risk := range out.Sizes {
		out.Sizes[risk] = out.Table.Sizes.V.Of(c.Frequency, sample.Risk(risk), int(p.RowCount))
	}
	return out, nil
}

// rowsOf opens a stored list. Whoever closes the file may do so when the rows were read.
func (app *App) rowsOf(ctx context.Context, digest, name string) (sheet.Rows, io.Closer, error) {
	body, err := app.listBytes(ctx, digest)
	if err != nil {
		return sheet.Rows{}, nil, err
	}
	rows, err := sheet.Stream(ctx, body, name, sheet.Large)
	if err != nil {
		_ = body.Close() // it was only read
		return rows, nil, unreadableList(err)
	}
	return rows, body, nil
}

func (app *App) listBytes(ctx context.Context, digest string) (io.ReadSeekCloser, error) {
	body, _, err := app.Blobs.Open(ctx, digest)
	switch {
	case errors.Is(err, blob.ErrNotFound):
		return nil, models.Conflict("The bytes of this list are missing from the store. Its record and its digest stand. Tell an administrator, who can restore them from a backup.")
	case errors.Is(err, blob.ErrUnavailable):
		return nil, models.Unavailable("The store does not answer at the moment. Try again in a few minutes.", err)
	}
	return body, err
}

// unreadableList makes what is wrong with a list something to say beside its field.
func unreadableList(err error) error {
	var said sheet.UnreadableError
	var column *sample.ColumnError
	switch {
	case errors.As(err, &said):
		return models.Invalid(map[string]string{"file": said.Error()})
	case errors.As(err, &column):
		return models.Invalid(map[string]string{"file": column.Error()})
	}
	return err
}

// populationFile answers with the list as it came.
func (app *App) populationFile(w http.ResponseWriter, r *http.Request) error {
	p, err := app.populationOf(r)
	if err != nil {
		return err
	}
	said, err := read(app, r, func(ctx context.Context, tx *models.Tx) (map[string]scan.Scan, error) {
		return scan.Of(ctx, tx, p.Digest)
	})
	if err != nil {
		return err
	}
	if why := said[p.Digest].Refusal(web.ActorOf(r), app.Scanning); why != "" {
		return models.Conflict(why)
	}
	return app.sendList(w, r, p.Digest, p.FileName)
}

// populationText answers with the text that the population digest is of.
func (app *App) populationText(w http.ResponseWriter, r *http.Request) error {
	p, err := app.populationOf(r)
	if err != nil {
		return err
	}
	if p.TextDigest == "" {
		return models.NotFound("The text")
	}
	return app.sendList(w, r, p.TextDigest, "population.txt")
}

func (app *App) sendList(w http.ResponseWriter, r *http.Request, digest, name string) error {
	body, err := app.listBytes(r.Context(), digest)
	if err != nil {
		return err
	}
	defer body.Close()
	kind, err := typeOf(name, body)
	if err != nil {
		return err
	}
	h := w.Header()
	harden(h)
	h.Set("Content-Type", kind.MediaType)
	h.Set("Content-Disposition", filetype.ContentDisposition(name))
	h.Set("ETag", strconv.Quote(digest))
	http.ServeContent(w, r, "", time.Time{}, body)
	return nil
}

// populationAccept keeps that an auditor takes the record of a list.
func (app *App) populationAccept(w http.ResponseWriter, r *http.Request) error {
	f := web.Form(r)
	note, auditor := f.Text("accepted", 4000), f.ID("accepted_by")
	p, err := app.populationOf(r)
	if err != nil {
		return err
	}
	if err = f.Err(); err == nil {
		_, err = write(app, r, func(ctx context.Context, tx *models.Tx) (population.Acceptance, error) {
			return population.Accept(ctx, tx, p.ID, auditor, note)
		})
	}
	if refused := web.Errors(err); refused != nil {
		if why, ok := refused["auditor"]; ok { // the page has more than one field for an auditor
			refused["accepted_by"] = why
			delete(refused, "auditor")
		}
		return app.populationAgain(w, r, web.Status(err), func(d *populations.PageData) { d.Errors, d.Typed = refused, f.All() })
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "ok", "The record is accepted. A sample can be drawn.")
	return web.SeeOther(w, r, "/"+p.Path())
}

func (app *App) populationLock(w http.ResponseWriter, r *http.Request) error {
	return app.populationMove(w, r, population.Lock, "The population is locked. The auditor accepts its record, and draws from it.")
}

func (app *App) populationDiscard(w http.ResponseWriter, r *http.Request) error {
	return app.populationMove(w, r, population.Discard, "The draft is discarded. The history keeps that it was there.")
}

func (app *App) populationMove(w http.ResponseWriter, r *http.Request, verb func(context.Context, *models.Tx, *population.Population) error, done string) error {
	f := web.Form(r)
	rev := f.Rev()
	err := f.Err()
	var p population.Population
	if err == nil {
		p, err = write(app, r, func(ctx context.Context, tx *models.Tx) (population.Population, error) {
			_, p, err := populationAt(ctx, tx, r)
			if err != nil {
				return p, err
			}
			p.Rev = rev
			return p, verb(ctx, tx, &p)
		})
	}
	if refused := web.Errors(err); refused != nil {
		return app.populationAgain(w, r, web.Status(err), func(d *populations.PageData) { d.Errors = refused })
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "ok", done)
	if _, err := app.populationOf(r); models.KindOf(err) == models.KindNotFound {
		return web.SeeOther(w, r, "/"+p.Within()+"/populations")
	}
	return web.SeeOther(w, r, "/"+p.Path())
}
