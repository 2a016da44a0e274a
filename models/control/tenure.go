package control

import (
	"slices"

	"assay/models"
)

// A Holder owned a control or stood in for its owner, up to a day.
type Holder struct {
	Person int64       `json:"person"`
	Until  models.Date `json:"until"`
}

// answers gives c to others. Whoever no longer answers for it is remembered, with the day
// on which they last did.
func (c *Control) answers(owner, backup *int64, today models.Date) {
	before := []*int64{c.OwnerID, c.BackupID}
	c.OwnerID, c.BackupID = owner, backup
	for _, id := range before {
		if id == nil || is(owner, *id) || is(backup, *id) {
			continue
		}
		// A fresh list: a control that is copied must not share it.
		c.Former = slices.DeleteFunc(slices.Clone(c.Former), func(h Holder) bool { return h.Person == *id })
		c.Former = append(c.Former, Holder{Person: *id, Until: today})
	}
}

// HeldSince reports whether person answers for c, or did so on day or later.
func (c Control) HeldSince(person int64, day models.Date) bool {
	return is(c.OwnerID, person) || is(c.BackupID, person) ||
		slices.ContainsFunc(c.Former, func(h Holder) bool { return h.Person == person && h.Until >= day })
}
