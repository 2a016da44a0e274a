package handlers

import (
	"context"
	"net/http"
	"strconv"

	"assay/models"
	"assay/models/control"
	"assay/models/engagement"
	"assay/models/people"
	"assay/models/retention"
	"assay/templates/settings"
	"assay/web"
)

// retentionRows is how many rows of a kind the page shows.
const retentionRows = 50

func (app *App) retentionPage(w http.ResponseWriter, r *http.Request) error {
	return app.retentionWith(w, r, http.StatusOK, nil, nil)
}

// retentionWith shows the page, with what was typed and what is wrong with it.
func (app *App) retentionWith(w http.ResponseWriter, r *http.Request, code int, typed, refused map[string]string) error {
	d, err := read(app, r, func(ctx context.Context, tx *models.Tx) (d settings.RetentionData, err error) {
		d = settings.RetentionData{Typed: typed, Errors: refused, Me: tx.Actor.ID}
		if d.Terms, err = retention.Terms(ctx, tx); err != nil {
			return d, err
		}
		if d.Engagements, err = engagement.List(ctx, tx); err != nil {
			return d, err
		}
		if d.Holds, err = retention.Holds(ctx, tx); err != nil {
			return d, err
		}
		if d.Open, err = retention.Requests(ctx, tx, true, retentionRows); err != nil {
			return d, err
		}
		if d.Decided, err = retention.Requests(ctx, tx, false, retentionRows); err != nil {
			return d, err
		}
		if d.Past, d.PastNext, err = retention.Past(ctx, tx, r.URL.Query().Get("after"), retentionRows); err != nil {
			return d, err
		}
		return d, retentionNames(ctx, tx, &d)
	})
	if err != nil {
		return err
	}
	return app.page(w, r, code, settings.Retention(d))
}

// retentionNames adds the names of people and the codes of controls, in two queries.
func retentionNames(ctx context.Context, tx *models.Tx, d *settings.RetentionData) (err error) {
	var persons, controls []int64
	for _, h := range d.Holds {
		persons = append(persons, h.SetBy)
		if h.ControlID != nil {
			controls = append(controls, *h.ControlID)
		}
	}
	for _, list := range [][]retention.Request{d.Open, d.Decided} {
		for _, q := range list {
			persons = append(persons, q.AskedBy)
			if q.DecidedBy != nil {
				persons = append(persons, *q.DecidedBy)
			}
		}
	}
	if d.People, err = people.Named(ctx, tx, persons...); err != nil {
		return err
	}
	d.Controls = map[int64]string{}
	if len(controls) == 0 {
		return nil
	}
	list, err := models.Rows[control.Control](tx).Where("controls.id IN ?", controls).Find(ctx)
	for _, c := range list {
		d.Controls[c.ID] = c.Code
	}
	return err
}

// retained answers a form of the page: with the page again when it was refused, else with
// a sentence on it.
func (app *App) retained(w http.ResponseWriter, r *http.Request, f *web.Values, said string, err error, fields ...string) error {
	if refused := web.Errors(err); refused != nil {
		typed := map[string]string{}
		for _, name := range fields {
			typed[name] = f.Typed(name)
		}
		return app.retentionWith(w, r, web.Status(err), typed, refused)
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "ok", said)
	return web.SeeOther(w, r, "/settings/retention")
}

const waitsForSecond = "It waits for a second person now."

func (app *App) retentionTerm(w http.ResponseWriter, r *http.Request) error {
	f := web.Form(r)
	of, years, reason := optional(f.ID("term_of")), f.Int("years"), f.Text("reason", 2000)
	said, err := "Evidence is kept longer from now on.", f.Err()
	if err == nil {
		var asked *retention.Request
		asked, err = write(app, r, func(ctx context.Context, tx *models.Tx) (*retention.Request, error) {
			return retention.SetTerm(ctx, tx, of, years, reason)
		})
		if asked != nil {
			said = "A shorter time needs two people. " + waitsForSecond
		}
	}
	return app.retained(w, r, f, said, err, "term_of", "years", "reason")
}

func optional(id int64) *int64 {
	if id == 0 {
		return nil
	}
	return &id
}

func (app *App) retentionHold(w http.ResponseWriter, r *http.Request) error {
	f := web.Form(r)
	of, code, reason := optional(f.ID("engagement")), f.Line("control", 40), f.Text("hold_reason", 2000)
	err := f.Err()
	if err == nil {
		_, err = write(app, r, func(ctx context.Context, tx *models.Tx) (h retention.Hold, err error) {
			var about *int64
			if code != "" {
				c, err := control.ByCode(ctx, tx, code)
				if models.KindOf(err) == models.KindNotFound {
					return h, models.Invalid(map[string]string{"control": "No control has this code."})
				} else if err != nil {
					return h, err
				}
				about = &c.ID
			}
			return retention.SetHold(ctx, tx, of, about, reason)
		})
	}
	return app.retained(w, r, f, "The hold is on. Nothing under it can be removed.", err, "engagement", "control", "hold_reason")
}

func (app *App) retentionRelease(w http.ResponseWriter, r *http.Request) error {
	id, err := web.ID(r, "hold")
	if err != nil {
		return err
	}
	f := web.Form(r)
	reason := f.Text("release_reason", 2000)
	if err = f.Err(); err == nil {
		_, err = write(app, r, func(ctx context.Context, tx *models.Tx) (*retention.Request, error) {
			return retention.Release(ctx, tx, id, reason)
		})
	}
	return app.retained(w, r, f, waitsForSecond, err, "release_reason")
}

// retentionRemove asks that the bytes of every chosen item be removed, all of them or none.
func (app *App) retentionRemove(w http.ResponseWriter, r *http.Request) error {
	f := web.Form(r)
	reason, chosen, err := f.Text("remove_reason", 2000), f.Texts("item"), f.Err()
	if err == nil && len(chosen) == 0 {
		err = models.Invalid(map[string]string{"item": "Choose at least one item."})
	}
	if err == nil {
		_, err = write(app, r, func(ctx context.Context, tx *models.Tx) (n int, err error) {
			for _, text := range chosen[:min(len(chosen), retentionRows)] {
				id, _ := strconv.ParseInt(text, 10, 64) // what is no number is no item
				if _, err := retention.AskRemoval(ctx, tx, id, reason); err != nil {
					return n, err
				}
			}
			return n, nil
		})
	}
	return app.retained(w, r, f, waitsForSecond, err, "remove_reason")
}

// retentionDecide answers a request with one of the verbs.
func (app *App) retentionDecide(verb func(context.Context, *models.Tx, int64) (retention.Request, error), said string) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		id, err := web.ID(r, "request")
		if err != nil {
			return err
		}
		_, err = write(app, r, func(ctx context.Context, tx *models.Tx) (retention.Request, error) { return verb(ctx, tx, id) })
		return app.retained(w, r, web.NewValues(nil), said, err)
	}
}
