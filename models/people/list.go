package people

import (
	"context"
	"fmt"
	"strings"

	"assay/models"
	"assay/models/access"
)

// A Filter narrows the list of people. Zero fields narrow nothing.
type Filter struct {
	Role   access.Role
	Status Status
	Text   string // in the name, the address or the firm
}

// List reads a page of people by name.
func List(ctx context.Context, tx *models.Tx, f Filter, page models.Page) (models.Window[Person], error) {
	q := models.Rows[Person](tx)
	if f.Role != "" {
		q = q.Where("role = ?", f.Role)
	}
	if f.Status != "" {
		q = q.Where("status = ?", f.Status)
	}
	if f.Text != "" {
		like := "%" + strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(strings.ToLower(f.Text)) + "%"
		q = q.Where(`(lower(name) LIKE ? ESCAPE '\' OR lower(email) LIKE ? ESCAPE '\' OR lower(firm) LIKE ? ESCAPE '\')`, like, like, like)
	}
	return models.Keyset(ctx, q, models.Sort{Columns: []string{"name", "id"}}, page, func(p Person) []any { return []any{p.Name, p.ID} })
}

// mostHolders bounds Holders, which forms offer as choices.
const mostHolders = 2000

type holdersKey string

// Holders lists who holds one of these roles, whatever their account, by name: what forms
// and lists say of them, which is less than the row. The list is shared: nobody may change
// it.
func Holders(ctx context.Context, tx *models.Tx, roles ...access.Role) ([]Person, error) {
	return KeepHolders(roles...).Get(ctx, tx)
}

// KeepHolders is how Holders are kept.
func KeepHolders(roles ...access.Role) models.Keeping[Person, []Person] {
	return models.Keeping[Person, []Person]{
		Key: holdersKey(fmt.Sprint(roles)),
		Ask: func(tx *models.Tx, rows *[]Person) models.Reading {
			return models.Into(models.Rows[Person](tx).Select("id", "name", "email", "title", "firm", "role", "status").Where("role IN ?", roles).
				Order("name, id").Limit(mostHolders), rows)
		},
		Value: func(rows []Person) []Person { return rows },
	}
}

// Statuses lists the states of an account.
var Statuses = []Status{Active, Invited, Deactivated}

// Label is s in words.
func (s Status) Label() string {
	return map[Status]string{Invited: "Invited", Active: "Active", Deactivated: "Deactivated"}[s]
}
