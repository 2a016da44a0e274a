package control

import (
	"context"
	"maps"
	"slices"

	"assay/models"
	"assay/models/access"
	"assay/models/people"
)

// ownerRoles are the roles that can answer for a control.
var ownerRoles = []access.Role{access.Owner, access.Compliance}

// unfit says why a person cannot own a control, or "".
func unfit(p people.Person) string {
	switch {
	case p.ID == 0:
		return "Choose a person from the list."
	case p.Status != people.Active:
		return p.Name + " has no active account."
	case p.Role != access.Owner && p.Role != access.Compliance:
		return p.Name + " is " + p.Role.Label() + " and cannot own controls."
	}
	return ""
}

// KeepOwners is how those who hold such a role are kept.
func KeepOwners() models.Keep { return people.KeepHolders(ownerRoles...) }

// Candidates lists who can own controls, by name.
func Candidates(ctx context.Context, tx *models.Tx) ([]people.Person, error) {
	holders, err := people.Holders(ctx, tx, ownerRoles...)
	able := make([]people.Person, 0, len(holders))
	for _, p := range holders {
		if p.Status == people.Active {
			able = append(able, p)
		}
	}
	return able, err
}

// Named is people.Named, and asks only for those who do not hold the role of an owner: the
// others are known, because forms offer them.
func Named(ctx context.Context, tx *models.Tx, ids ...int64) (map[int64]people.Person, error) {
	if !tx.Actor.Company() {
		return people.Named(ctx, tx, ids...)
	}
	known, err := people.Holders(ctx, tx, ownerRoles...)
	if err != nil {
		return nil, err
	}
	found := make(map[int64]people.Person, len(ids))
	for i := range known { // a person is a large value
		if p := &known[i]; slices.Contains(ids, p.ID) {
			found[p.ID] = *p
		}
	}
	rest, err := people.Named(ctx, tx, slices.DeleteFunc(slices.Clone(ids), func(id int64) bool { return found[id].ID != 0 })...)
	maps.Copy(found, rest)
	return found, err
}
