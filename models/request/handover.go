package request

import (
	"context"

	"assay/models"
	"assay/models/people"
)

// unsettled are the states in which somebody may still have to answer.
var unsettled = func() (out []Status) {
	for _, s := range Statuses {
		if !s.Over() {
			out = append(out, s)
		}
	}
	return out
}()

// DutiesOf lists the requests that are a person's to answer and are not over, as far as
// the actor may see them.
func DutiesOf(ctx context.Context, tx *models.Tx, person int64) ([]Request, error) {
	return models.Rows[Request](tx).Where("requests.owner_id = ? AND requests.status IN ?", person, unsettled).Order("requests.due_on, requests.id").Find(ctx)
}

// HandOver gives the requests that one person still answers to another, with a leaf each,
// and returns how many there were. It refuses whoever cannot answer requests.
func HandOver(ctx context.Context, tx *models.Tx, from, to int64) (int, error) {
	list, err := DutiesOf(ctx, tx, from)
	if err != nil || len(list) == 0 {
		return 0, err
	}
	if why, err := unfit(ctx, tx, to); err != nil || why != "" {
		return 0, firstOf(err, why, "to")
	}
	for _, r := range list {
		was := r.OwnerID
		r.OwnerID = &to
		if err := models.Update(ctx, tx, &r, models.Columns{"OwnerID"}, "request.assign"); err != nil {
			return 0, err
		}
		if err := r.tellAssigned(ctx, tx, was); err != nil {
			return 0, err
		}
	}
	return len(list), nil
}

// Relieve takes the requests that are not over from somebody who has left, or whose role no
// longer answers any. They are nobody's then, and the compliance managers are told, who
// assign them. What somebody answered stays theirs.
func Relieve(ctx context.Context, tx *models.Tx, p people.Person) error {
	if why, err := unfit(ctx, tx, p.ID); err != nil || why == "" {
		return err
	}
	list, err := DutiesOf(ctx, tx, p.ID) // a draft of the firm, which nobody here reads, loses them when it is opened
	if err != nil {
		return err
	}
	for _, r := range list {
		r.OwnerID = nil
		if err := models.Update(ctx, tx, &r, models.Columns{"OwnerID"}, "request.unassign"); err != nil {
			return err
		}
		if !r.Status.Answerable() {
			continue
		}
		if err := r.tellManagers(ctx, tx, "%s is assigned to nobody: who had to answer it has left, or has another role."); err != nil {
			return err
		}
	}
	return nil
}
