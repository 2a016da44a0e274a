package people

import (
	"context"
	"net/mail"
	"strings"

	"assay/models"
	"assay/models/access"
)

// Invitation is what an administrator says of somebody who shall come.
type Invitation struct {
	Name, Email, Title, Firm string
	Role                     access.Role
}

func (i Invitation) check() error {
	bad := map[string]string{}
	if i.Name == "" {
		bad["name"] = "Enter the person's name."
	}
	if addr, err := mail.ParseAddress(i.Email); err != nil || addr.Address != i.Email {
		bad["email"] = "Enter an e-mail address, for example name@example.com."
	}
	if !i.Role.Valid() {
		bad["role"] = "Choose a role."
	}
	if i.Role == access.Auditor && i.Firm == "" {
		bad["firm"] = "Enter the firm the auditor works for."
	}
	if len(bad) > 0 {
		return models.Invalid(bad)
	}
	return nil
}

// Invite opens an account for an e-mail address. The first sign-in with that address,
// verified by the provider, takes it over. An address that has an account already is
// refused.
func Invite(ctx context.Context, tx *models.Tx, i Invitation) (Person, error) {
	if err := i.check(); err != nil {
		return Person{}, err
	}
	p := Person{
		Name: i.Name, Email: i.Email, Title: i.Title, Firm: i.Firm, Role: i.Role,
		Status: Invited, InvitedAt: tx.Now, InvitedBy: by(tx),
	}
	taken, err := find(ctx, tx, "lower(email) = lower(?)", i.Email)
	if err != nil {
		return p, err
	}
	if taken.ID != 0 {
		return p, models.Invalid(map[string]string{"email": taken.Name + " has an account with this address."})
	}
	err = models.Insert(ctx, tx, &p, "person.invite", models.Note{"name": p.Name, "role": p.Role.Label()})
	if models.Duplicate(err) {
		err = models.Invalid(map[string]string{"email": "There is an account with this address."})
	}
	return p, err
}

func by(tx *models.Tx) *int64 {
	if tx.Actor.ID == 0 {
		return nil
	}
	return &tx.Actor.ID
}

// ChangeRole gives p another role and ends their sessions, so that none outlives the
// rights it was begun with. It refuses one's own role, the last administrator, and
// turning an auditor's account into a company one or back.
func ChangeRole(ctx context.Context, tx *models.Tx, p *Person, role access.Role) error {
	switch {
	case !role.Valid():
		return models.Invalid(map[string]string{"role": "Choose a role."})
	case p.ID == tx.Actor.ID:
		return models.Forbidden("Nobody changes their own role. Ask another administrator.")
	case p.Status == Deactivated:
		return models.Conflict(p.Name + " is deactivated. Reactivate the account first.")
	case role == p.Role:
		return models.Invalid(map[string]string{"role": p.Name + " holds this role."})
	case p.crosses(role):
		return models.Conflict("An auditor's account and a company account stay apart, since what was done with one must not be mistaken for the other. Invite the person under another address.")
	}
	if err := keepAdministrator(ctx, tx, *p); err != nil {
		return err
	}
	note := roleNote(p.Role, role)
	p.Role, p.RoleFrom = role, Here
	if err := models.Update(ctx, tx, p, models.Columns{"Role", "RoleFrom"}, "person.role", note); err != nil {
		return err
	}
	_, err := EndSessions(ctx, tx, p.ID)
	return err
}

// crosses reports whether role would make an auditor of somebody who has worked here
// for the company, or the other way round.
func (p Person) crosses(role access.Role) bool {
	return p.FirstSeenAt != nil && p.Role != "" && role != "" && (p.Role == access.Auditor) != (role == access.Auditor)
}

// Deactivate takes the account away and ends its sessions. The name stays on everything
// the person did. An invitation that was never used is withdrawn this way. It refuses
// one's own account and the last administrator's.
func Deactivate(ctx context.Context, tx *models.Tx, p *Person, reason string) error {
	switch {
	case p.ID == tx.Actor.ID:
		return models.Forbidden("You cannot deactivate your own account. Ask another administrator.")
	case p.Status == Deactivated:
		return models.Conflict(p.Name + " is deactivated already.")
	case strings.TrimSpace(reason) == "":
		return models.Invalid(map[string]string{"reason": "Say why, for whoever reads the record later."})
	}
	if err := keepAdministrator(ctx, tx, *p); err != nil {
		return err
	}
	p.Status, p.DeactivatedAt = Deactivated, &tx.Now
	if err := models.Update(ctx, tx, p, models.Columns{"Status", "DeactivatedAt"}, "person.deactivate", models.Note{"reason": reason}); err != nil {
		return err
	}
	_, err := EndSessions(ctx, tx, p.ID)
	return err
}

// Reactivate lets somebody come back to the account they had, with the identity and
// the role they had. It needs an administrator, whatever the provider says.
func Reactivate(ctx context.Context, tx *models.Tx, p *Person) error {
	if p.Status != Deactivated {
		return models.Conflict(p.Name + " is not deactivated.")
	}
	if p.ErasedAt != nil {
		return models.Conflict("Who " + p.Name + " was is erased. Invite them anew.")
	}
	p.Status, p.DeactivatedAt = Active, nil
	if p.FirstSeenAt == nil {
		p.Status = Invited
	}
	return models.Update(ctx, tx, p, models.Columns{"Status", "DeactivatedAt"}, "person.reactivate")
}

// keepAdministrator refuses to take the last active administrator away.
func keepAdministrator(ctx context.Context, tx *models.Tx, p Person) error {
	if p.Role != access.Administrator || p.Status != Active {
		return nil
	}
	last, err := lastAdministrator(ctx, tx, p.ID)
	if err == nil && last {
		err = models.Conflict(p.Name + " is the last administrator. Make somebody else one first.")
	}
	return err
}

// lastAdministrator reports whether nobody but the person with this id is an active
// administrator. It locks them all, in one order, so that two administrators who remove
// each other at once queue, and the second is refused.
func lastAdministrator(ctx context.Context, tx *models.Tx, id int64) (bool, error) {
	query := "SELECT id FROM people WHERE role = 'administrator' AND status = 'active' ORDER BY id"
	if tx.Postgres() {
		query += " FOR UPDATE"
	}
	list, err := models.Raw[Person](ctx, tx, query)
	return len(list) == 0 || len(list) == 1 && list[0].ID == id, err
}
