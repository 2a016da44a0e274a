// Package people is who uses Assay: how they came, which role they hold, and what
// becomes of them. It knows nothing of sign-in protocols.
package people

import (
	"context"
	"fmt"
	"time"

	"assay/models"
	"assay/models/access"
)

// A Person is somebody with an account. People who did something are never deleted.
type Person struct {
	models.Meta
	Name          string
	Email         string
	Title         string
	Firm          string // of an external auditor
	Role          access.Role
	RoleFrom      Source
	Status        Status
	Issuer        string // identity is issuer and subject, never the e-mail
	Subject       string
	InvitedBy     *int64
	InvitedAt     time.Time
	FirstSeenAt   *time.Time
	DeactivatedAt *time.Time
	ErasedAt      *time.Time
}

// TableName is where people live.
func (Person) TableName() string { return "people" }

// Path is the address of p.
func (p Person) Path() string { return PathOf(p.ID) }

// PathOf is the address of the person with this id.
func PathOf(id int64) string { return fmt.Sprintf("people/%d", id) }

// Actor is p as somebody who acts.
func (p Person) Actor() access.Actor { return access.Actor{ID: p.ID, Name: p.Name, Role: p.Role} }

// A Status says whether a person can sign in.
//
//	invited → active → deactivated → active
//	        ↘ deactivated
type Status string

// The states of an account.
const (
	Invited     Status = "invited"
	Active      Status = "active"
	Deactivated Status = "deactivated"
)

// A Source says who gave a person their role, and so who takes it away again.
type Source string

// The sources of a role. A role that a person's groups give wins over one given here,
// and goes when the groups go; a role given here stands until it is changed here.
const (
	Here   Source = ""
	Groups Source = "groups"
)

// ByID finds one person. Names are no secret inside the product: everyone who can see
// a record can see who did what to it.
func ByID(ctx context.Context, tx *models.Tx, id int64) (Person, error) {
	p, err := models.Rows[Person](tx).Where("id = ?", id).Take(ctx)
	return models.One(p, err, "Person")
}

// CanOwn reports whether p can answer for controls and tasks.
func (p Person) CanOwn() bool {
	return p.Status == Active && (p.Role == access.Owner || p.Role == access.Compliance)
}

// Naming asks for what a page says of the people with these ids, which is less than the row.
func Naming(tx *models.Tx, ids ...int64) models.Query[Person] {
	return models.Rows[Person](tx).Select("id", "name", "email", "title", "firm", "role", "status").Where("id IN ?", ids)
}

// Named reads the people with these ids into a map, in one query, as Naming
// asks. Ids that are zero or unknown are left out.
func Named(ctx context.Context, tx *models.Tx, ids ...int64) (map[int64]Person, error) {
	out := make(map[int64]Person, len(ids))
	if len(ids) == 0 {
		return out, nil
	}
	list, err := Naming(tx, ids...).Find(ctx)
	for _, p := range list {
		out[p.ID] = p
	}
	return out, err
}
