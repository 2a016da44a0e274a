package handlers

import (
	"context"
	"net/http"
	"strconv"

	"assay/models"
	"assay/models/access"
	"assay/models/control"
	"assay/models/framework"
	"assay/models/people"
	"assay/models/programme"
	"assay/templates/setups"
	"assay/web"
)

// setupPage asks what an empty Assay is for; afterwards there is nothing to ask.
func (app *App) setupPage(w http.ResponseWriter, r *http.Request) error {
	p, err := app.programme(r)
	if err != nil {
		return err
	}
	if p.Ready() {
		return web.SeeOther(w, r, "/settings/programme")
	}
	return app.page(w, r, http.StatusOK, setups.SetUp(setups.Data{Choices: choices()}))
}

func (app *App) programme(r *http.Request) (programme.Programme, error) {
	return read(app, r, programme.Current)
}

// choices says what each category brings, security first.
func choices() []setups.Choice {
	base := len(framework.TemplatesFor(nil))
	var out []setups.Choice
	for _, c := range framework.Categories() {
		choice := setups.Choice{ID: c.ID, Title: c.Title, Controls: len(framework.TemplatesFor([]string{c.ID})) - base}
		for _, criterion := range framework.CriteriaFor([]string{c.ID}) {
			if criterion.Category == c.ID {
				choice.Criteria++
			}
		}
		if c.ID == framework.Security {
			choice.Controls = base
		}
		out = append(out, choice)
	}
	return out
}

// setupSave sets Assay up and takes the catalog into use, in one step.
func (app *App) setupSave(w http.ResponseWriter, r *http.Request) error {
	f := web.Form(r)
	d := setupTyped(f)
	err := f.Err()
	n := 0
	if err == nil {
		n, err = write(app, r, func(ctx context.Context, tx *models.Tx) (int, error) {
			p, err := programme.SetUp(ctx, tx, d.Company, d.Zone, d.Chosen)
			if err != nil {
				return 0, err
			}
			return control.Adopt(ctx, tx, p.Categories)
		})
	}
	if errs := web.Errors(err); errs != nil {
		d.Errors = errs
		return app.page(w, r, web.Status(err), setups.SetUp(d))
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "ok", strconv.Itoa(n)+" controls are in use. Assign their owners next.")
	return web.SeeOther(w, r, "/controls?owner=none")
}

func setupTyped(f *web.Values) setups.Data {
	return setups.Data{
		Company: f.Line("company", 120), Zone: f.Line("zone", 60), Chosen: f.Texts("categories"), Rev: f.Rev(), Choices: choices(),
	}
}

func (app *App) programmePage(w http.ResponseWriter, r *http.Request) error {
	p, err := app.programme(r)
	if err != nil {
		return err
	}
	if !p.Ready() {
		return web.SeeOther(w, r, "/setup")
	}
	d := setups.Data{Company: p.Company, Zone: p.Zone, Chosen: p.Categories, Rev: p.Rev, Choices: choices()}
	return app.page(w, r, http.StatusOK, setups.Programme(d))
}

// programmeSave changes the programme, and takes into use what a new category brings.
func (app *App) programmeSave(w http.ResponseWriter, r *http.Request) error {
	f := web.Form(r)
	d := setupTyped(f)
	err := f.Err()
	n := 0
	if err == nil {
		n, err = write(app, r, func(ctx context.Context, tx *models.Tx) (int, error) {
			p, err := programme.Current(ctx, tx)
			if err != nil {
				return 0, err
			}
			p.Rev = d.Rev
			if err := programme.Change(ctx, tx, &p, d.Company, d.Zone, d.Chosen); err != nil {
				return 0, err
			}
			return control.Adopt(ctx, tx, p.Categories)
		})
	}
	if errs := web.Errors(err); errs != nil {
		d.Errors = errs
		return app.page(w, r, web.Status(err), setups.Programme(d))
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "ok", "Programme saved; "+strconv.Itoa(n)+" more controls are in use.")
	return web.SeeOther(w, r, "/settings/programme")
}

// setUpFirst answers whoever comes before Assay is set up: those who can are sent to
// do it, the others are told whom to ask. It reports whether it answered.
func (app *App) setUpFirst(w http.ResponseWriter, r *http.Request) (bool, error) {
	p, err := app.programme(r)
	if err != nil || p.Ready() {
		return false, err
	}
	if web.ActorOf(r).Can(access.ProgrammeManage) {
		return true, web.SeeOther(w, r, "/setup")
	}
	names, err := read(app, r, func(ctx context.Context, tx *models.Tx) ([]string, error) {
		list, err := models.Rows[people.Person](tx).Where("status = ? AND role IN ?", people.Active, []access.Role{access.Administrator, access.Compliance}).Order("name").Limit(20).Find(ctx)
		names := make([]string, len(list))
		for i, p := range list {
			names[i] = p.Name
		}
		return names, err
	})
	if err != nil {
		return true, err
	}
	return true, app.page(w, r, http.StatusOK, setups.Waiting(names))
}
