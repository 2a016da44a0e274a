package handlers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"assay/internal/oscal"
	"assay/internal/sheet"
	"assay/models"
	"assay/models/access"
	"assay/models/control"
	"assay/models/people"
	"assay/models/view"
	"assay/templates/controls"
	"assay/templates/ui"
	"assay/web"
)

// controlPageSize keeps the page under twelve kilobytes.
const controlPageSize = 75

// controlFilters are the names of a filter in the address, in the order a saved view
// keeps them.
var controlFilters = []string{"q", "criterion", "owner", "backup", "category", "frequency", "status", "framework", "ai", "sort"}

func (app *App) controlList(w http.ResponseWriter, r *http.Request) error {
	d, err := read(app, r, func(ctx context.Context, tx *models.Tx) (controls.ListData, error) {
		return controlListData(ctx, tx, r.URL.Query())
	})
	if err != nil {
		return err
	}
	return app.page(w, r, http.StatusOK, controls.List(d))
}

func controlFilter(q url.Values) (control.Filter, control.Order) {
	f := control.Filter{
		Text: q.Get("q"), Criterion: q.Get("criterion"), Owner: q.Get("owner"), Backup: q.Get("backup"),
		Category: q.Get("category"), Frequency: q.Get("frequency"), Status: q.Get("status"),
		Framework: q.Get("framework"), AI: q.Get("ai"),
	}
	return f, control.Order(q.Get("sort"))
}

// controlQuery is the part of an address that names a list, without the place in it.
// It is always in the same order, so that a saved view recognises itself.
func controlQuery(q url.Values) string {
	kept := url.Values{}
	for _, name := range controlFilters {
		if v := q.Get(name); v != "" && len(v) <= 200 {
			kept.Set(name, v)
		}
	}
	return kept.Encode()
}

func controlListData(ctx context.Context, tx *models.Tx, q url.Values) (controls.ListData, error) {
	d := controls.ListData{Query: controlQuery(q)}
	d.Filter, d.Order = controlFilter(q)
	f := d.Filter
	if f.Owner == "me" {
		f.Owner = strconv.FormatInt(tx.Actor.ID, 10)
	}
	list, err := control.List(ctx, tx, f, d.Order, models.Page{After: q.Get("after"), Before: q.Get("before"), Limit: controlPageSize})
	if err != nil {
		return d, err
	}
	d.Earlier, d.Later = controlCursor(d.Query, "before", list.Earlier), controlCursor(d.Query, "after", list.Later)
	n, more, err := control.Count(ctx, tx, f)
	if err != nil {
		return d, err
	}
	d.Count = countOf(n, more)
	if d.Rows, err = controlRows(ctx, tx, list.Items); err != nil {
		return d, err
	}
	return d, controlChoices(ctx, tx, &d)
}

func countOf(n int, more bool) string {
	switch {
	case more:
		return "1,000+ controls"
	case n == 1:
		return "1 control"
	}
	return strconv.Itoa(n) + " controls"
}

func controlCursor(query, name, cursor string) string {
	if cursor == "" {
		return ""
	}
	if query != "" {
		query += "&"
	}
	return "/controls?" + query + name + "=" + cursor
}

// controlRows adds names and criteria to rows.
func controlRows(ctx context.Context, tx *models.Tx, rows []control.Row) ([]controls.Row, error) {
	var ids []int64
	for _, r := range rows {
		for _, id := range []*int64{r.OwnerID, r.BackupID} {
			if id != nil && !slices.Contains(ids, *id) {
				ids = append(ids, *id)
			}
		}
	}
	names, err := control.Named(ctx, tx, ids...)
	if err != nil {
		return nil, err
	}
	codes, err := control.CriteriaOf(ctx, tx, rows)
	out := make([]controls.Row, len(rows))
	for i, r := range rows {
		out[i] = controls.Row{Row: r, Owner: nameOf(names, r.OwnerID), Backup: nameOf(names, r.BackupID), Codes: codes[r.ID]}
	}
	return out, err
}

func nameOf(names map[int64]people.Person, id *int64) string {
	if id == nil {
		return ""
	}
	return names[*id].Name
}

// controlChoices fills what the filter, the bulk form and the tabs offer.
func controlChoices(ctx context.Context, tx *models.Tx, d *controls.ListData) error {
	d.Owners = []ui.Option{{Value: control.Nobody, Label: "No owner"}}
	if tx.Actor.Company() {
		who, err := owners(ctx, tx)
		if err != nil {
			return err
		}
		if tx.Actor.Can(access.ControlWrite) {
			d.Owners = append(d.Owners, ui.Option{Value: "me", Label: "Me"})
		}
		d.People = append([]ui.Option{{Value: control.Nobody, Label: "Nobody"}}, who...)
		d.Owners = append(d.Owners, who...)
	}
	if !tx.Actor.Can(access.ViewSave) {
		return nil
	}
	saved, err := view.Of(ctx, tx, "controls")
	for _, v := range saved {
		d.Views = append(d.Views, controls.View{ID: v.ID, Name: v.Name, Href: "/" + v.Path(), Current: v.Query == d.Query && d.Query != ""})
	}
	return err
}

// owners lists who can answer for a control, as options.
func owners(ctx context.Context, tx *models.Tx) ([]ui.Option, error) {
	list, err := control.Candidates(ctx, tx)
	out := make([]ui.Option, len(list))
	for i, p := range list {
		out[i] = ui.Option{Value: strconv.FormatInt(p.ID, 10), Label: p.Name}
	}
	return out, err
}

// controlsAssign gives the chosen controls an owner, a backup owner or both.
func (app *App) controlsAssign(w http.ResponseWriter, r *http.Request) error {
	f := web.Form(r)
	codes, back := f.Texts("code"), listQuery(f)
	a := control.Assignment{}
	a.SetOwner, a.Owner = chosen(f, "owner")
	a.SetBackup, a.Backup = chosen(f, "backup")
	n, err := 0, f.Err()
	if err == nil {
		n, err = write(app, r, func(ctx context.Context, tx *models.Tx) (int, error) { return control.AssignMany(ctx, tx, codes, a) })
	}
	if errs := web.Errors(err); errs != nil {
		return app.listAgain(w, r, back, web.Status(err), func(d *controls.ListData) {
			d.Errors = errs
			d.Assigned = map[string]string{"owner": f.Typed("owner"), "backup": f.Typed("backup")}
			for i, row := range d.Rows {
				d.Rows[i].Chosen = slices.Contains(codes, row.Code)
			}
		})
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "ok", fmt.Sprintf("%s assigned.", capitalCount(n)))
	return web.SeeOther(w, r, "/controls?"+back.Encode())
}

func capitalCount(n int) string {
	if n == 1 {
		return "1 control"
	}
	return strconv.Itoa(n) + " controls"
}

// chosen reads a choice of person: "" leaves things as they are, Nobody takes the
// person away.
func chosen(f *web.Values, field string) (set bool, id *int64) {
	switch f.Typed(field) {
	case "":
		return false, nil
	case control.Nobody:
		return true, nil
	}
	return true, personChosen(f, field)
}

// personChosen is the person a select names, nil for nobody.
func personChosen(f *web.Values, field string) *int64 {
	n := f.ID(field)
	if n == 0 {
		return nil
	}
	return &n
}

// listQuery is the list that a form on it came from.
func listQuery(f *web.Values) url.Values {
	q, err := url.ParseQuery(f.Typed("list"))
	if err != nil {
		return url.Values{}
	}
	kept, _ := url.ParseQuery(controlQuery(q)) // what Encode wrote can be read
	return kept
}

// listAgain shows the list with what was refused on it.
func (app *App) listAgain(w http.ResponseWriter, r *http.Request, q url.Values, code int, change func(*controls.ListData)) error {
	d, err := read(app, r, func(ctx context.Context, tx *models.Tx) (controls.ListData, error) {
		return controlListData(ctx, tx, q)
	})
	if err != nil {
		return err
	}
	change(&d)
	return app.page(w, r, code, controls.List(d))
}

func (app *App) viewSave(w http.ResponseWriter, r *http.Request) error {
	f := web.Form(r)
	name, q := f.Line("name", 60), listQuery(f)
	err := f.Err()
	var v view.View
	if err == nil {
		v, err = write(app, r, func(ctx context.Context, tx *models.Tx) (view.View, error) {
			return view.Save(ctx, tx, "controls", name, q.Encode())
		})
	}
	if errs := web.Errors(err); errs != nil {
		return app.listAgain(w, r, q, web.Status(err), func(d *controls.ListData) { d.ViewErrors, d.ViewName = errs, f.Typed("name") })
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "ok", "View “"+v.Name+"” saved.")
	return web.SeeOther(w, r, "/"+v.Path())
}

func (app *App) viewRemove(w http.ResponseWriter, r *http.Request) error {
	id, err := web.ID(r, "view")
	if err != nil {
		return err
	}
	if _, err = write(app, r, func(ctx context.Context, tx *models.Tx) (struct{}, error) {
		return struct{}{}, view.Remove(ctx, tx, id)
	}); err != nil {
		return err
	}
	web.Flash(w, r, "ok", "View removed.")
	return web.SeeOther(w, r, "/controls")
}

func (app *App) controlCSV(w http.ResponseWriter, r *http.Request) error {
	return app.export(w, r, "controls", "csv", func(ctx context.Context, tx *models.Tx) error {
		f, o := exported(r, tx)
		return sheet.WriteCSV(w, control.ExportHeader(), control.Export(ctx, tx, f, o))
	})
}

func (app *App) controlXLSX(w http.ResponseWriter, r *http.Request) error {
	return app.export(w, r, "controls", "xlsx", func(ctx context.Context, tx *models.Tx) error {
		f, o := exported(r, tx)
		return sheet.WriteXLSX(w, "Controls", control.ExportHeader(), control.Export(ctx, tx, f, o))
	})
}

func exported(r *http.Request, tx *models.Tx) (control.Filter, control.Order) {
	f, o := controlFilter(r.URL.Query())
	if f.Owner == "me" {
		f.Owner = strconv.FormatInt(tx.Actor.ID, 10)
	}
	return f, o
}

// importLimits bound a list of controls: as many rows as somebody can look through.
var importLimits = sheet.Limits{Bytes: 8 << 20, Unzipped: 64 << 20, Rows: 5000, Columns: 200, Cell: sheet.Default.Cell}

// tableOf reads a table, or an OSCAL document as one.
func tableOf(ctx context.Context, b []byte, name string) (oscal.Reading, error) {
	var t oscal.Reading
	var err error
	if oscal.Is(b) {
		t, err = oscal.Read(b, importLimits.Rows)
	} else {
		t.Table, err = sheet.Read(ctx, bytes.NewReader(b), name, importLimits)
		t.Notes = t.Table.Notes()
	}
	var table sheet.UnreadableError
	var document oscal.UnreadableError
	if errors.As(err, &table) || errors.As(err, &document) {
		return t, models.Invalid(map[string]string{"file": err.Error()})
	}
	return t, err
}
