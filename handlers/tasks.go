package handlers

import (
	"context"
	"net/http"
	"strings"

	"assay/models"
	"assay/models/access"
	"assay/models/control"
	"assay/models/engagement"
	"assay/models/evidence"
	"assay/models/finding"
	"assay/templates/evidences"
	"assay/templates/findings"
	"assay/templates/tasks"
)

// taskLimit bounds each part of the page.
const taskLimit = 100

func (app *App) taskList(w http.ResponseWriter, r *http.Request) error {
	d, err := read(app, r, taskData)
	if err != nil {
		return err
	}
	return app.page(w, r, http.StatusOK, tasks.Page(d))
}

// taskData is what the actor owes.
func taskData(ctx context.Context, tx *models.Tx) (tasks.Data, error) {
	d := tasks.Data{Name: tx.Actor.Name}
	zone, err := companyZone(ctx, tx)
	if err != nil {
		return d, err
	}
	current, _, err := engagement.Current(ctx, tx)
	if err != nil {
		return d, err
	}
	d.Period = current.Name
	if d.Debts, err = evidence.Owed(ctx, tx, zone, current.PeriodStart); err != nil {
		return d, err
	}
	for status, into := range map[evidence.Status]*[]evidences.Row{
		evidence.Stored: &d.Unsent, evidence.Returned: &d.Returned, evidence.Submitted: &d.Waiting,
	} {
		items, err := evidence.Uploads(ctx, tx, taskLimit, status)
		if err != nil {
			return d, err
		}
		if *into, err = evidenceRows(ctx, tx, items); err != nil {
			return d, err
		}
	}
	if err := owedToFindings(ctx, tx, &d); err != nil {
		return d, err
	}
	return d, explain(ctx, tx, &d)
}

// owedToFindings adds what findings ask of the actor.
func owedToFindings(ctx context.Context, tx *models.Tx, d *tasks.Data) error {
	if !tx.Actor.Can(access.FindingView) {
		return nil
	}
	waiting, err := finding.WaitingFor(ctx, tx)
	if err != nil {
		return err
	}
	day, err := finding.Today(ctx, tx)
	owed := findings.OwedData{Waiting: waiting, Day: day}
	if d.Owed, d.OwedLate = owed.Count(); d.Owed > 0 {
		d.Milestones = findings.Owed(owed)
	}
	return err
}

// explain adds what each control asks for, and what was last found good.
func explain(ctx context.Context, tx *models.Tx, d *tasks.Data) error {
	d.Asks = map[int64]string{}
	var ids []int64
	for _, list := range [][]evidence.Debt{d.Debts.Late, d.Debts.Due, d.Debts.Coming, d.Debts.Backup} {
		for _, debt := range list {
			ids = append(ids, debt.Control.ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	versions, err := models.Rows[control.Version](tx).Where("control_versions.control_id IN ? AND control_versions.status = ?", ids, control.Effective).Find(ctx)
	if err != nil {
		return err
	}
	for _, v := range versions {
		d.Asks[v.ControlID] = asks(v)
	}
	d.Examples, err = evidence.LastAccepted(ctx, tx, ids)
	return err
}

// asks says in a sentence what a control expects as evidence.
func asks(v control.Version) string {
	if len(v.Evidence) == 0 {
		return ""
	}
	return "Expected: " + strings.Join(v.Evidence, "; ") + "."
}
