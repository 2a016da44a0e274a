package control

import (
	"context"

	"assay/models"
	"assay/models/people"
	"assay/models/programme"
)

// HeldBy lists the controls that a person owns or stands in for, by code.
func HeldBy(ctx context.Context, tx *models.Tx, person int64) ([]Control, error) {
	return models.Rows[Control](tx).Where("owner_id = ? OR backup_id = ?", person, person).Order("code").Find(ctx)
}

// HandOver gives every control that one person owns or stands in for to another, with a
// leaf each, and returns how many there were. Where the other one already stands in,
// they become the owner and nobody is the backup: one person cannot be both. It refuses
// whoever cannot own controls.
func HandOver(ctx context.Context, tx *models.Tx, from, to int64) (int, error) {
	list, err := HeldBy(ctx, tx, from)
	if err != nil || len(list) == 0 {
		return 0, err
	}
	who, err := people.Named(ctx, tx, holders(list, to)...)
	if err != nil {
		return 0, err
	}
	if why := unfit(who[to]); why != "" {
		return 0, models.Invalid(map[string]string{"to": why})
	}
	today, err := programme.Today(ctx, tx)
	if err != nil {
		return 0, err
	}
	for _, c := range list {
		owner, backup := c.OwnerID, c.BackupID
		if is(owner, from) {
			owner = &to
		}
		if is(backup, from) {
			backup = &to
		}
		if same(owner, backup) {
			backup = nil
		}
		if err := assign(ctx, tx, &c, owner, backup, who, today); err != nil {
			return 0, err
		}
	}
	return len(list), nil
}

func holders(list []Control, more ...int64) []int64 {
	for _, c := range list {
		for _, id := range []*int64{c.OwnerID, c.BackupID} {
			if id != nil {
				more = append(more, *id)
			}
		}
	}
	return more
}
