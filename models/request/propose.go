package request

import (
	"context"
	"fmt"

	"assay/models"
	"assay/models/access"
	"assay/models/control"
	"assay/models/engagement"
)

// A Proposal is what a control in scope could be asked for: everything that it expects as
// evidence.
type Proposal struct {
	Control control.Row
	Items   []string
	Asked   []string // codes of requests about it that are here already
}

// Proposals lists the controls in scope of e with what each expects, by their codes.
func Proposals(ctx context.Context, tx *models.Tx, e engagement.Engagement, page models.Page) (w models.Window[Proposal], err error) {
	cond, args := control.Control{}.VisibleTo(e.Viewer())
	list, err := models.Keyset(ctx, models.Rows[control.Row](tx).Where(cond, args...), models.Sort{Columns: []string{"code"}}, page, func(c control.Row) []any { return []any{c.Code} })
	if err != nil {
		return w, err
	}
	w.Earlier, w.Later = list.Earlier, list.Later
	w.Items, err = propose(ctx, tx, e, list.Items)
	return w, err
}

func propose(ctx context.Context, tx *models.Tx, e engagement.Engagement, controls []control.Row) ([]Proposal, error) {
	if len(controls) == 0 {
		return nil, nil
	}
	ids := make([]int64, len(controls))
	for n, c := range controls {
		ids[n] = c.ID
	}
	versions, err := models.Rows[control.Version](tx).Where("control_versions.control_id IN ? AND control_versions.status = ?", ids, control.Effective).Find(ctx)
	if err != nil {
		return nil, err
	}
	asked, err := models.Rows[Request](tx).Where("engagement_id = ? AND control_id IN ? AND status <> ?", e.ID, ids, Cancelled).Order("id").Find(ctx)
	out := make([]Proposal, len(controls))
	for n, c := range controls {
		out[n].Control = c
		for _, v := range versions {
			if v.ControlID == c.ID {
				out[n].Items = expected(v)
			}
		}
		for _, r := range asked {
			if *r.ControlID == c.ID {
				out[n].Asked = append(out[n].Asked, r.Code())
			}
		}
	}
	return out, err
}

// expected is what a version asks for in words; what may be left out says so.
func expected(v control.Version) (out []string) {
	for _, x := range v.Expects() {
		words := x.Words
		if x.Optional {
			words += " (if there is any)"
		}
		out = append(out, words)
	}
	return out
}

// Ask is p as a request: of the control's owner, for the whole period.
func (p Proposal) Ask(e engagement.Engagement, due models.Date, auditor int64) Ask {
	return Ask{
		Question: Question{
			Title:  "Evidence of " + p.Control.Code + ", " + p.Control.Title,
			Detail: fmt.Sprintf("For the period from %s to %s.", e.PeriodStart, e.PeriodEnd), ControlID: &p.Control.ID, OwnerID: p.Control.OwnerID, DueOn: due,
		},
		Items: p.Items, Auditor: auditor,
	}
}

// WriteProposed makes drafts of what the controls with these codes expect. A control that
// is not in scope is refused.
func WriteProposed(ctx context.Context, tx *models.Tx, e engagement.Engagement, codes []string, due models.Date, auditor int64) (int, error) {
	if len(codes) == 0 {
		return 0, refuse("control", "Choose at least one control.")
	}
	if !tx.Actor.Can(access.RequestAsk) {
		return 0, models.Forbidden("Requests are written by compliance managers, and by auditors to whom fieldwork is granted.")
	}
	cond, args := control.Control{}.VisibleTo(e.Viewer())
	controls, err := models.Rows[control.Row](tx).Where(cond, args...).Where("controls.code IN ?", codes).Order("code").Find(ctx)
	if err == nil && len(controls) != len(codes) {
		err = refuse("control", "One of these controls is no longer in scope. Choose again.")
	}
	if err != nil {
		return 0, err
	}
	list, err := propose(ctx, tx, e, controls)
	for _, p := range list {
		if err != nil {
			return 0, err
		}
		in := p.Ask(e, due, auditor)
		if in.OwnerID != nil { // somebody who can no longer answer is nobody to ask
			why, wrong := unfit(ctx, tx, *in.OwnerID)
			if wrong != nil {
				return 0, wrong
			}
			if why != "" {
				in.OwnerID = nil
			}
		}
		_, err = Write(ctx, tx, e, in)
	}
	return len(list), err
}
