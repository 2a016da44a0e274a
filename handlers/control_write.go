package handlers

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"assay/models"
	"assay/models/control"
	"assay/templates/controls"
	"assay/templates/ui"
	"assay/web"
)

func (app *App) controlNew(w http.ResponseWriter, r *http.Request) error {
	return app.controlForm(w, r, http.StatusOK, controls.FormData{New: true})
}

// controlForm shows the form of a version.
func (app *App) controlForm(w http.ResponseWriter, r *http.Request, code int, d controls.FormData) error {
	calendars, err := read(app, r, control.AllCalendars)
	if err != nil {
		return err
	}
	for _, c := range calendars {
		d.Calendars = append(d.Calendars, ui.Option{Value: strconv.FormatInt(c.ID, 10), Label: c.Name})
	}
	return app.page(w, r, code, controls.Form(d))
}

func (app *App) controlCreate(w http.ResponseWriter, r *http.Request) error {
	f := web.Form(r)
	code := f.Line("code", 20)
	content := contentTyped(f, control.Content{})
	err := f.Err()
	var c control.Control
	if err == nil {
		c, err = write(app, r, func(ctx context.Context, tx *models.Tx) (control.Control, error) {
			c, _, err := control.New(ctx, tx, code, content)
			return c, err
		})
	}
	if errs := web.Errors(err); errs != nil {
		d := controls.FormData{New: true, Errors: errs, Typed: typedContent(f)}
		return app.controlForm(w, r, web.Status(err), d)
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "ok", c.Code+" is written. Assign an owner, then submit it for review.")
	return web.SeeOther(w, r, "/"+c.Path())
}

// controlEdit is the form of the draft that is open; without one there is nothing to
// edit, and the control's page says how to begin.
func (app *App) controlEdit(w http.ResponseWriter, r *http.Request) error {
	v, err := app.openDraft(r)
	if err != nil {
		return err
	}
	if v.ID == 0 {
		return web.SeeOther(w, r, "/controls/"+web.Param(r, "code"))
	}
	return app.controlForm(w, r, http.StatusOK, formOf(v))
}

// openDraft finds the draft of the control in the address, for somebody who may write
// in it; the zero Version is none.
func (app *App) openDraft(r *http.Request) (control.Version, error) {
	return read(app, r, func(ctx context.Context, tx *models.Tx) (control.Version, error) {
		c, err := control.ByCode(ctx, tx, web.Param(r, "code"))
		if err != nil || !control.MayWrite(tx.Actor, c) {
			return control.Version{}, err
		}
		all, err := control.Versions(ctx, tx, c)
		i := slices.IndexFunc(all, func(v control.Version) bool { return v.Status == control.Draft })
		if i < 0 {
			return control.Version{}, err
		}
		return all[i], err
	})
}

func (app *App) controlSave(w http.ResponseWriter, r *http.Request) error {
	f := web.Form(r)
	rev := f.Rev()
	var content control.Content
	v, err := write(app, r, func(ctx context.Context, tx *models.Tx) (control.Version, error) {
		v, err := draftOf(ctx, tx, web.Param(r, "code"))
		if err != nil {
			return v, err
		}
		content = contentTyped(f, v.Content)
		if err := f.Err(); err != nil {
			return v, err
		}
		v.Rev = rev
		if v.Editorial != f.Bool("editorial") && v.Number > 1 {
			if err := control.SetEditorial(ctx, tx, &v, f.Bool("editorial")); err != nil {
				return v, err
			}
		}
		return v, control.Edit(ctx, tx, &v, content)
	})
	if errs := web.Errors(err); errs != nil && v.ID != 0 {
		d := formOf(v)
		d.Rev, d.Editorial, d.Typed, d.Errors, d.Values = rev, f.Bool("editorial"), typedContent(f), errs, controls.Values(content)
		return app.controlForm(w, r, web.Status(err), d)
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "ok", "Draft saved.")
	return web.SeeOther(w, r, "/"+v.Path())
}

func draftOf(ctx context.Context, tx *models.Tx, code string) (control.Version, error) {
	c, err := control.ByCode(ctx, tx, code)
	if err != nil {
		return control.Version{}, err
	}
	all, err := control.Versions(ctx, tx, c)
	if err != nil {
		return control.Version{}, err
	}
	for _, v := range all {
		if v.Status == control.Draft || v.Status == control.InReview {
			return v, nil
		}
	}
	return control.Version{}, models.Conflict("No version of " + c.Code + " is being written. Begin a new one first.")
}

// formOf is the form of a draft, filled in.
func formOf(v control.Version) controls.FormData {
	criteria := make([]string, len(v.Criteria))
	for i, r := range v.Criteria {
		criteria[i] = r.Code
	}
	typed := map[string]string{
		"title": v.Title, "statement": v.Statement, "criteria": strings.Join(criteria, ", "), "evidence": strings.Join(v.Evidence, "\n"),
		"frequency": v.Frequency, "event_trigger": v.EventTrigger, "event_direction": v.EventDirection, "event_limit": control.LimitLabel(v.EventLimit),
		"category": v.Category, "kind": v.Kind, "nature": v.Nature, "owner_function": v.OwnerFunction, "population": v.Population,
		"tests_design": control.WriteTests(v.TestsDesign), "tests_operating": control.WriteTests(v.TestsOperating), "change_note": v.ChangeNote,
	}
	if v.AnchorMonth > 0 {
		typed["anchor_month"] = strconv.Itoa(v.AnchorMonth)
	}
	if v.DueDay > 0 {
		typed["due_day"] = strconv.Itoa(v.DueDay)
	}
	if v.GraceDays != nil {
		typed["grace_days"] = strconv.Itoa(*v.GraceDays)
	}
	if v.CalendarID != nil {
		typed["calendar"] = strconv.FormatInt(*v.CalendarID, 10)
	}
	if v.AI {
		typed["ai"] = "on"
	}
	return controls.FormData{Code: v.Code, Number: v.Number, Rev: v.Rev, Editorial: v.Editorial, Typed: typed, Values: controls.Values(v.Content)}
}

// contentTyped reads the form on top of what base says and the form does not ask.
func contentTyped(f *web.Values, base control.Content) control.Content {
	c := base
	c.Title, c.Statement = f.Line("title", 200), f.Text("statement", 10_000)
	c.Category, c.Kind, c.Nature = f.Line("category", 100), f.Line("kind", 20), f.Line("nature", 20)
	c.Frequency, c.AnchorMonth = f.Line("frequency", 30), f.Int("anchor_month")
	c.DueDay, c.GraceDays, c.CalendarID = f.Int("due_day"), nil, nil
	if f.Typed("grace_days") != "" {
		grace := f.Int("grace_days")
		c.GraceDays = &grace
	}
	if id := f.ID("calendar"); id != 0 {
		c.CalendarID = &id
	}
	c.EventTrigger, c.EventDirection = f.Line("event_trigger", 300), f.Line("event_direction", 10)
	limit, err := control.ReadLimit(f.Line("event_limit", 40))
	if err != nil {
		f.Refuse("event_limit", err.Error())
	}
	c.EventLimit = limit
	c.OwnerFunction, c.Population = f.Line("owner_function", 100), f.Line("population", 500)
	c.Evidence = f.Lines("evidence", 4000)
	c.TestsDesign, c.TestsOperating = control.ReadTests(f.Text("tests_design", 8000)), control.ReadTests(f.Text("tests_operating", 8000))
	c.AI, c.ChangeNote = f.Bool("ai"), f.Text("change_note", 2000)
	criteria, err := control.ReadCriteria(f.Text("criteria", 4000))
	if err != nil {
		f.Refuse("criteria", err.Error())
	}
	c.Criteria = criteria
	return tailored(f, base, c)
}

// tailored puts the values that were changed in their own fields into the statement.
// Where the statement gained or lost a value, the statement decides.
func tailored(f *web.Values, base, c control.Content) control.Content {
	was, now := base.Values(), c.Values()
	if len(was) != len(now) {
		return c
	}
	changed := make([]string, len(was))
	for i, v := range was {
		if typed := f.Line("value-"+strconv.Itoa(i), 200); typed != v {
			changed[i] = typed
		}
	}
	c.Statement = c.Tailored(changed)
	return c
}

// typedContent is what stood in each field of a form that comes back.
func typedContent(f *web.Values) map[string]string {
	typed := map[string]string{}
	for _, name := range []string{
		"code", "title", "statement", "criteria", "evidence", "frequency", "anchor_month", "due_day", "grace_days", "calendar", "event_trigger", "event_direction", "event_limit",
		"category", "kind", "nature", "owner_function", "population", "tests_design", "tests_operating", "ai", "change_note",
	} {
		typed[name] = f.Typed(name)
	}
	return typed
}
