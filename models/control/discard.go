package control

import (
	"context"

	"assay/models"
)

// Discard takes a draft away that was never approved: a version, and with the only version
// of it the control too. The log keeps that it was written and that it was discarded. It
// is refused in every other state, and while evidence or a finding names the control. gone
// tells that the control went as well.
func Discard(ctx context.Context, tx *models.Tx, v *Version) (gone bool, err error) {
	c, err := of(ctx, tx, v)
	if err != nil {
		return false, err
	}
	if v.Status != Draft {
		return false, models.Conflict("Only a draft can be discarded. What is in review is returned first, and what was approved stays in the record.")
	}
	all, err := Versions(ctx, tx, c)
	if err != nil {
		return false, err
	}
	only := len(all) == 1
	if only {
		if err := free(ctx, tx, c); err != nil {
			return false, err
		}
	}
	note := models.Note{"title": v.Title}
	if err := models.Delete(ctx, tx, v, "version.discard", note); err != nil {
		return false, err
	}
	if !only {
		return false, show(ctx, tx, &c)
	}
	if _, err := models.Remove[criterionRow](ctx, tx, "control_id = ?", c.ID); err != nil {
		return false, err
	}
	if _, err := models.Remove[place](ctx, tx, "control_id = ?", c.ID); err != nil {
		return false, err
	}
	if err := index.Drop(ctx, tx, c.ID); err != nil {
		return false, err
	}
	err = models.Delete(ctx, tx, &c, "control.discard", note)
	if models.Referred(err) {
		err = tied(c)
	}
	return true, err
}

// free refuses a control that something in the record names.
func free(ctx context.Context, tx *models.Tx, c Control) error {
	n, err := models.Value[int](ctx, tx, `SELECT (SELECT count(*) FROM (SELECT 1 AS one FROM evidence WHERE control_id = ? LIMIT 1) e)
		+ (SELECT count(*) FROM (SELECT 1 AS one FROM finding_controls WHERE control_id = ? LIMIT 1) f)`, c.ID, c.ID)
	if err == nil && n > 0 {
		err = tied(c)
	}
	return err
}

func tied(c Control) error {
	return models.Conflict("Evidence, a finding or other records name " + c.Code + ", so it stays. Edit it instead.")
}
