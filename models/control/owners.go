package control

import (
	"context"
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

// Candidates lists who can own controls, by name.
func Candidates(ctx context.Context, tx *models.Tx) ([]people.Person, error) {
	list, err := models.Kept(ctx, tx, candidatesKey{}, func() ([]people.Person, error) {
		return models.Rows[people.Person](tx).Select("id", "name", "email", "role").Where("role IN ? AND status = ?", ownerRoles, people.Active).Order("name, id").Find(ctx)
	})
	return slices.Clone(list), err // callers leave people out
}

type candidatesKey struct{}
