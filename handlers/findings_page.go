package handlers

import (
	"context"
	"net/http"
	"strconv"

	"assay/models"
	"assay/models/access"
	"assay/models/activity"
	"assay/models/control"
	"assay/models/controltest"
	"assay/models/engagement"
	"assay/models/evidence"
	"assay/models/finding"
	"assay/templates/findings"
	"assay/templates/ui"
	"assay/web"
)

// findingOf loads the finding that the address names.
func findingOf(ctx context.Context, tx *models.Tx, r *http.Request) (finding.Case, error) {
	id, err := finding.ParseCode(web.Param(r, "finding"))
	if err != nil {
		return finding.Case{}, err
	}
	return finding.Load(ctx, tx, id)
}

func (app *App) findingPage(w http.ResponseWriter, r *http.Request) error {
	return app.findingShown(w, r, http.StatusOK, nil)
}

// findingShown shows a finding's page. change may put a form that was refused into it.
func (app *App) findingShown(w http.ResponseWriter, r *http.Request, code int, change func(*findings.PageData)) error {
	d, err := read(app, r, func(ctx context.Context, tx *models.Tx) (findings.PageData, error) {
		c, err := findingOf(ctx, tx, r)
		if err != nil {
			return findings.PageData{}, err
		}
		return findingData(ctx, tx, c)
	})
	if err != nil {
		return err
	}
	d.Print = r.URL.Query().Has("print")
	if change != nil {
		change(&d)
	}
	return app.page(w, r, code, findings.Page(d))
}

func findingData(ctx context.Context, tx *models.Tx, c finding.Case) (d findings.PageData, err error) {
	d = findings.PageData{Case: c, Actor: tx.Actor}
	if d.Today, err = finding.Today(ctx, tx); err != nil {
		return d, err
	}
	if d.People, err = control.Named(ctx, tx, c.People()...); err != nil {
		return d, err
	}
	if d.Proofs, err = proofsOf(ctx, tx, c); err != nil {
		return d, err
	}
	if d.Engagement, err = engagementOf(ctx, tx, c.EngagementID); err != nil {
		return d, err
	}
	if tx.Actor.Can(access.FindingRespond) {
		if d.Owners, err = answerable(ctx, tx); err != nil {
			return d, err
		}
	}
	if err := findingAudit(ctx, tx, &d); err != nil {
		return d, err
	}
	d.Feed, err = activity.For(ctx, tx, c.Path())
	return d, err
}

// findingAudit reads what the tests of an exception say, and whom a decision is brought in
// for.
func findingAudit(ctx context.Context, tx *models.Tx, d *findings.PageData) error {
	if d.Exception() && tx.Actor.Can(access.TestView) {
		list, err := models.Rows[controltest.Test](tx).Where("control_tests.id = ? OR control_tests.retests_id = ?", *d.TestID, *d.TestID).Order("id").Find(ctx)
		if err != nil {
			return err
		}
		d.Tests = map[int64]controltest.Test{}
		for _, t := range list {
			d.Tests[t.ID] = t
		}
	}
	if d.EngagementID == nil || !tx.Actor.Can(access.FieldworkImport) || d.MayDecideEffect(tx.Actor) != nil {
		return nil
	}
	team, err := testTeam(ctx, tx, *d.EngagementID)
	for _, m := range team {
		d.Team = append(d.Team, ui.Option{Value: strconv.FormatInt(m.PersonID, 10), Label: m.Person.Name})
	}
	return err
}

// proofsOf reads the evidence of the steps, as far as the actor may see it.
func proofsOf(ctx context.Context, tx *models.Tx, c finding.Case) (map[int64]evidence.Item, error) {
	var ids []int64
	for _, m := range c.Milestones {
		if m.ProofID != nil {
			ids = append(ids, *m.ProofID)
		}
	}
	out := map[int64]evidence.Item{}
	if len(ids) == 0 {
		return out, nil
	}
	items, err := models.Rows[evidence.Item](tx).Where("evidence.id IN ?", ids).Find(ctx)
	for _, i := range items {
		out[i.ID] = i
	}
	return out, err
}

// engagementOf is nil without id, and for those who may not look at engagements.
func engagementOf(ctx context.Context, tx *models.Tx, id *int64) (*engagement.Engagement, error) {
	if id == nil || !tx.Actor.Can(access.EngagementView) {
		return nil, nil
	}
	list, err := engagement.List(ctx, tx)
	if err != nil {
		return nil, err
	}
	for _, e := range list {
		if e.ID == *id {
			return &e, nil
		}
	}
	e, err := models.Rows[engagement.Engagement](tx).Where("engagements.id = ?", *id).Take(ctx) // older than those that are listed
	e, err = models.One(e, err, "Engagement")
	return &e, err
}
