package handlers

import (
	"context"
	"fmt"
	"net/http"
	"strconv"

	"assay/internal/filetype"
	"assay/models"
	"assay/models/access"
	"assay/models/activity"
	"assay/models/control"
	"assay/models/controltest"
	"assay/models/engagement"
	"assay/models/evidence"
	"assay/models/finding"
	"assay/models/people"
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
		if c.MayDraft(tx.Actor) == nil {
			if d.Executives, err = executives(ctx, tx); err != nil {
				return d, err
			}
		}
	}
	if err := findingAudit(ctx, tx, &d); err != nil {
		return d, err
	}
	d.Feed, err = activity.For(ctx, tx, c.Path())
	return d, err
}

// executives are who of management can sign, besides those who answer.
func executives(ctx context.Context, tx *models.Tx) (out []ui.Option, err error) {
	list, err := people.Holders(ctx, tx, access.Executive)
	for _, p := range list {
		if p.Status != people.Deactivated {
			out = append(out, ui.Option{Value: strconv.FormatInt(p.ID, 10), Label: p.Name, Group: p.Role.Label()})
		}
	}
	return out, err
}

// responseText answers with exactly the bytes that the digest of a response is of.
func (app *App) responseText(w http.ResponseWriter, r *http.Request) error {
	part, err := web.ID(r, "part")
	if err != nil {
		return err
	}
	x, err := read(app, r, func(ctx context.Context, tx *models.Tx) (finding.Response, error) {
		c, err := findingOf(ctx, tx, r)
		if err != nil {
			return finding.Response{}, err
		}
		for _, x := range c.Responses {
			if x.ID == part && x.Digest != "" {
				return x, nil
			}
		}
		return finding.Response{}, models.NotFound("Response")
	})
	if err != nil {
		return err
	}
	harden(w.Header())
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Content-Disposition", filetype.ContentDisposition(fmt.Sprintf("%s-response-%d.txt", finding.Code(x.FindingID), x.Version)))
	_, err = w.Write([]byte(x.Signable()))
	return err
}

// findingAudit reads what the tests of an exception say, and whom a decision is brought in
// for.
func findingAudit(ctx context.Context, tx *models.Tx, d *findings.PageData) error {
	var err error
	if d.Audit, err = finding.AuditOf(ctx, tx, d.Case); err != nil {
		return err
	}
	if d.Exception() && d.Engagement != nil && len(d.Cells) > 0 {
		_, seen := d.Audit.Tests[*d.TestID]
		d.Retest = seen && controltest.MayWrite(tx.Actor, *d.Engagement) && d.Engagement.Status == engagement.Fieldwork && d.Status != finding.Dismissed
	}
	brings := d.EngagementID != nil && tx.Actor.Can(access.FieldworkImport) && (!d.Exception() || d.BroughtIn()) && (d.MayDecideEffect(tx.Actor) == nil || d.MayDismiss(tx.Actor) == nil)
	if !brings {
		return nil
	}
	team, err := testTeam(ctx, tx, *d.EngagementID)
	for _, m := range engagement.ReadersOf(team) {
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
