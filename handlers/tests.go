package handlers

import (
	"context"
	"net/http"
	"slices"
	"strconv"

	"assay/models"
	"assay/models/control"
	"assay/models/controltest"
	"assay/models/engagement"
	"assay/models/people"
	"assay/templates/controltests"
	"assay/web"
)

const testsShown = 50

// testList shows the tests of an engagement.
func (app *App) testList(w http.ResponseWriter, r *http.Request) error {
	d, err := read(app, r, func(ctx context.Context, tx *models.Tx) (d controltests.ListData, err error) {
		if d.Engagement, err = engagement.BySlug(ctx, tx, web.Param(r, "engagement")); err != nil {
			return d, err
		}
		list, err := controltest.List(ctx, tx, d.Engagement.ID, web.PageOf(r, testsShown))
		if err != nil {
			return d, err
		}
		d.Write = controltest.MayWrite(tx.Actor, d.Engagement)
		d.Tests = list.Items
		d.Earlier, d.Later = evidenceCursors(r, list.Earlier, list.Later)
		if d.Titles, err = titlesOf(ctx, tx, list.Items); err != nil {
			return d, err
		}
		d.Counts, err = controltest.Counts(ctx, tx, d.Engagement.ID)
		return d, err
	})
	if err != nil {
		return err
	}
	return app.page(w, r, http.StatusOK, controltests.List(d))
}

func titlesOf(ctx context.Context, tx *models.Tx, tests []controltest.Test) (map[int64]string, error) {
	ids := []int64{0}
	for _, t := range tests {
		ids = append(ids, t.ControlID)
	}
	list, err := models.Rows[control.Control](tx).Select("id", "title").Where("controls.id IN ?", ids).Find(ctx)
	out := map[int64]string{}
	for _, c := range list {
		out[c.ID] = c.Title
	}
	return out, err
}

func (app *App) testNew(w http.ResponseWriter, r *http.Request) error {
	return app.testNewAgain(w, r, http.StatusOK, r.URL.Query().Get("control"), func(*controltests.NewData) {})
}

func (app *App) testNewAgain(w http.ResponseWriter, r *http.Request, code int, chosen string, change func(*controltests.NewData)) error {
	d, err := read(app, r, func(ctx context.Context, tx *models.Tx) (d controltests.NewData, err error) {
		if d.Engagement, err = engagement.BySlug(ctx, tx, web.Param(r, "engagement")); err != nil {
			return d, err
		}
		if d.Controls, err = controltest.Controls(ctx, tx, d.Engagement); err != nil {
			return d, err
		}
		if i := slices.IndexFunc(d.Controls, func(c control.Control) bool { return c.Code == chosen }); i >= 0 {
			d.Control = d.Controls[i]
		}
		all, err := controltest.Segments(ctx, tx, d.Engagement, d.Control.ID)
		if err != nil {
			return d, err
		}
		d.Segments, d.Own = all[d.Control.ID], tx.Actor.InFieldwork(d.Engagement.ID)
		d.Retests, d.Item, d.Letter = retested(r)
		d.Team, err = engagement.Team(ctx, tx, d.Engagement.ID)
		return d, err
	})
	if err != nil {
		return err
	}
	change(&d)
	return app.page(w, r, code, controltests.New(d))
}

// retested is the failure that the address or the form names to be tested again.
func retested(r *http.Request) (test string, item int64, letter string) {
	q := web.Query(r)
	if r.Method == http.MethodPost {
		q = web.Form(r)
	}
	return q.Line("retests", 20), q.Item("item"), q.Line("letter", 1)
}

// testPlan plans a test.
func (app *App) testPlan(w http.ResponseWriter, r *http.Request) error {
	f := web.Form(r)
	code, auditor := f.Line("control", 40), f.ID("auditor")
	again, failed, letter := f.Line("retests", 20), f.Item("item"), f.Line("letter", 1)
	in := controltest.Plan{
		FirstVersion: f.Int("version"), Configuration: f.Line("configuration", 200), Reliance: f.Text("reliance", 2000), FromDay: f.Date("from"), ToDay: f.Date("to"),
	}
	err := f.Err()
	var t controltest.Test
	if err == nil {
		t, err = write(app, r, func(ctx context.Context, tx *models.Tx) (controltest.Test, error) {
			e, err := engagement.BySlug(ctx, tx, web.Param(r, "engagement"))
			if err != nil {
				return t, err
			}
			c, err := control.ByCode(ctx, tx, code)
			if err != nil {
				return t, err
			}
			in.ControlID = c.ID
			if again != "" {
				before, err := controltest.ByCode(ctx, tx, e.ID, again)
				if err != nil {
					return t, err
				}
				in.Retests = &controltest.Cell{TestID: before.ID, ItemID: failed, Letter: letter}
			}
			return controltest.Begin(ctx, tx, e, in, auditor)
		})
	}
	if refused := web.Errors(err); refused != nil {
		return app.testNewAgain(w, r, web.Status(err), code, func(d *controltests.NewData) { d.Errors, d.Typed = refused, f.All() })
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "ok", t.Code()+" is planned.")
	return web.SeeOther(w, r, "/"+t.Path())
}

// testAt finds the engagement and the test of the address.
func testAt(ctx context.Context, tx *models.Tx, r *http.Request) (e engagement.Engagement, t controltest.Test, err error) {
	if e, err = engagement.BySlug(ctx, tx, web.Param(r, "engagement")); err != nil {
		return e, t, err
	}
	t, err = controltest.ByCode(ctx, tx, e.ID, web.Param(r, "test"))
	return e, t, err
}

func (app *App) testPage(w http.ResponseWriter, r *http.Request) error {
	return app.testAgain(w, r, http.StatusOK, func(*controltests.PageData) {})
}

// testAgain is the page with what a refused form of it said.
func (app *App) testAgain(w http.ResponseWriter, r *http.Request, code int, change func(*controltests.PageData)) error {
	d, err := read(app, r, func(ctx context.Context, tx *models.Tx) (controltests.PageData, error) {
		return testData(ctx, tx, r)
	})
	if err != nil {
		return err
	}
	change(&d)
	return app.page(w, r, code, controltests.Page(d))
}

func testData(ctx context.Context, tx *models.Tx, r *http.Request) (d controltests.PageData, err error) {
	e, t, err := testAt(ctx, tx, r)
	if err != nil {
		return d, err
	}
	var choice controltest.Choice
	var team teamRows
	var beside []models.Reading
	if d.Write = controltest.MayWrite(tx.Actor, e); d.Write {
		beside = append(choice.Of(tx, t), team.of(e.ID))
	}
	if d.Paper, err = controltest.Load(ctx, tx, e, t, beside...); err != nil {
		return d, err
	}
	d.Me, d.Own = tx.Actor.ID, tx.Actor.InFieldwork(e.ID)
	d.Team, d.Populations, d.Samples = team.mates(), choice.Populations, choice.Samples
	d.Item = itemShown(d.Paper, web.Query(r).Line("item", 20))
	return d, testPeople(ctx, tx, &d)
}

// itemShown is the item that the address names, or the first that has no result yet.
func itemShown(p controltest.Paper, named string) int64 {
	if len(p.Rows) == 0 {
		return 0
	}
	if id, err := strconv.ParseInt(named, 10, 64); err == nil {
		return id
	}
	if i := slices.IndexFunc(p.Rows, func(row controltest.Row) bool { return !row.Excluded() && len(row.Results) < len(p.Attributes) }); i >= 0 {
		return p.Rows[i].ItemID
	}
	return p.Rows[0].ItemID
}

// testPeople reads the names of the page: mostly those of the team, which who writes
// chooses from.
func testPeople(ctx context.Context, tx *models.Tx, d *controltests.PageData) (err error) {
	d.People = map[int64]people.Person{tx.Actor.ID: {Name: tx.Actor.Name}}
	for _, m := range d.Team {
		d.People[m.PersonID] = m.Person
		if m.PersonID == tx.Actor.ID {
			d.Lead = m.Part == engagement.Lead || len(d.Team) == 1
		}
	}
	var missing []int64
	for _, id := range d.Hands() {
		if _, ok := d.People[id]; !ok {
			missing = append(missing, id)
		}
	}
	more, err := people.Named(ctx, tx, missing...)
	for id, p := range more {
		d.People[id] = p
	}
	return err
}

// testTeam is the audit team in one query: its page has many to ask.
func testTeam(ctx context.Context, tx *models.Tx, e int64) ([]engagement.Teammate, error) {
	var team teamRows
	err := models.Together(ctx, tx, team.of(e))
	return team.mates(), err
}

// teamRows are the audit team as a page names it.
type teamRows []teamRow

type teamRow struct {
	PersonID    int64
	Part        engagement.Part
	FieldworkBy *int64
	Name        string
}

func (t *teamRows) of(e int64) models.Reading {
	return models.RawInto((*[]teamRow)(t), "part, id", "SELECT a.id, a.person_id, a.part, a.fieldwork_by, p.name FROM engagement_auditors a JOIN people p ON p.id = a.person_id WHERE a.engagement_id = ?", e)
}

func (t teamRows) mates() []engagement.Teammate {
	team := make([]engagement.Teammate, len(t))
	for i, r := range t {
		team[i].PersonID, team[i].Part, team[i].FieldworkBy, team[i].Person.ID, team[i].Person.Name = r.PersonID, r.Part, r.FieldworkBy, r.PersonID, r.Name
	}
	return team
}
