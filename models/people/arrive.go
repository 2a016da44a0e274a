package people

import (
	"context"

	"assay/models"
	"assay/models/access"
)

// An Arrival is somebody whom the identity provider vouches for.
type Arrival struct {
	Issuer, Subject string
	Email           string
	EmailVerified   bool // by the provider, or because everything it says of addresses is trusted
	Name            string
	Role            access.Role // that their groups give; "" when they give none
}

// A Welcome is what an arrival comes to: who it is, and what has to be written before
// they may come in.
type Welcome struct {
	Person Person
	verb   string
	set    models.Columns
	note   models.Note
}

// Settled reports that nothing has to be written.
func (w Welcome) Settled() bool { return w.verb == "" }

// Settle writes what has to be. It belongs into the transaction that found w.
func (w *Welcome) Settle(ctx context.Context, tx *models.Tx) error {
	switch {
	case w.Settled():
		return nil
	case w.Person.ID == 0:
		return models.Insert(ctx, tx, &w.Person, w.verb, w.note)
	}
	if err := models.Update(ctx, tx, &w.Person, w.set, w.verb, w.note); err != nil || w.note["to"] == "" {
		return err
	}
	_, err := EndSessions(ctx, tx, w.Person.ID) // none outlives the rights it was begun with
	return err
}

// NoRole is the refusal of somebody whom neither groups nor an administrator gave a
// role. The page adds whom to ask.
const NoRole = "Your account has no role here."

// The other refusals of an arrival. Each says what to do about it.
const (
	noEmail        = "The identity provider did not say what your e-mail address is, so no account can be made for you."
	unverified     = "The identity provider does not confirm that your e-mail address is yours, so no account can be opened with it."
	deactivated    = "This account is deactivated. What you did stays under your name."
	otherIdentity  = "Your e-mail address belongs to an account that somebody else, or you under an earlier identity, signs in to. It was not opened."
	auditorOrStaff = "Your groups would make an auditor's account a company account, or the other way round. Nobody can be both, so you were not signed in."
)

// Arrive finds the person behind an arrival and what has to change about them. The
// identity is issuer and subject alone; an e-mail address opens an account only once,
// for somebody invited who has no identity yet, and only when it is verified. A role
// that groups give wins over one given here.
//
// It refuses, with a Forbidden that says why: people who are deactivated, addresses
// that belong to another identity, and people who would hold no role. When the refused
// one is known, the Welcome still names them. Somebody whom their groups no longer give
// a role is no refusal yet: that is written first, and Settle leaves them without one.
func Arrive(ctx context.Context, tx *models.Tx, a Arrival) (Welcome, error) {
	p, err := find(ctx, tx, "issuer = ? AND subject = ?", a.Issuer, a.Subject)
	if err != nil {
		return Welcome{}, err
	}
	if p.ID != 0 {
		return again(ctx, tx, p, a)
	}
	switch {
	case a.Email == "":
		return Welcome{}, models.Forbidden(noEmail)
	case !a.EmailVerified:
		return Welcome{}, models.Forbidden(unverified)
	}
	if p, err = find(ctx, tx, "lower(email) = lower(?)", a.Email); err != nil {
		return Welcome{}, err
	}
	if p.ID != 0 {
		return bind(ctx, tx, p, a)
	}
	return first(tx, a)
}

// find returns the zero Person when there is none.
func find(ctx context.Context, tx *models.Tx, cond string, args ...any) (Person, error) {
	list, err := models.Rows[Person](tx).Where(cond, args...).Limit(1).Find(ctx)
	if err != nil || len(list) == 0 {
		return Person{}, err
	}
	return list[0], nil
}

// first makes an account for somebody nobody invited. Only groups can give them a role,
// and without one there is nothing to keep.
func first(tx *models.Tx, a Arrival) (Welcome, error) {
	if a.Role == "" {
		return Welcome{}, models.Forbidden(NoRole)
	}
	p := Person{
		Name: a.Name, Email: a.Email, Role: a.Role, RoleFrom: Groups, Status: Active,
		Issuer: a.Issuer, Subject: a.Subject, InvitedAt: tx.Now, FirstSeenAt: &tx.Now,
	}
	if p.Name == "" {
		p.Name = a.Email
	}
	return Welcome{Person: p, verb: "person.provision", note: models.Note{"name": p.Name, "role": p.Role.Label()}}, nil
}

// bind gives an invited person the identity they arrived with.
func bind(ctx context.Context, tx *models.Tx, p Person, a Arrival) (Welcome, error) {
	switch {
	case p.Status == Deactivated:
		return Welcome{Person: p}, models.Forbidden(deactivated)
	case p.Subject != "":
		return Welcome{Person: p}, models.Forbidden(otherIdentity)
	}
	w, err := again(ctx, tx, p, a)
	if err != nil {
		return w, err
	}
	w.Person.Issuer, w.Person.Subject, w.Person.Status, w.Person.FirstSeenAt = a.Issuer, a.Subject, Active, &tx.Now
	w.verb, w.set = "person.bind", append(w.set, "Issuer", "Subject", "Status", "FirstSeenAt")
	return w, nil
}

// again lets somebody in who has an account, with the role their groups give now.
func again(ctx context.Context, tx *models.Tx, p Person, a Arrival) (Welcome, error) {
	if p.Status == Deactivated {
		return Welcome{Person: p}, models.Forbidden(deactivated)
	}
	role, from, err := p.roleOf(ctx, tx, a.Role)
	switch {
	case err != nil:
		return Welcome{Person: p}, err
	case p.crosses(role):
		return Welcome{Person: p}, models.Forbidden(auditorOrStaff)
	case role == "" && p.Role == "":
		return Welcome{Person: p}, models.Forbidden(NoRole)
	case role == p.Role && from == p.RoleFrom:
		return Welcome{Person: p}, nil
	}
	w := Welcome{Person: p, verb: "person.role", set: models.Columns{"Role", "RoleFrom"}, note: roleNote(p.Role, role)}
	w.Person.Role, w.Person.RoleFrom = role, from
	if role != p.Role {
		w.note["reason"] = "Groups at the identity provider."
	}
	return w, nil
}

// roleOf is the role that p holds from now on when their groups give the role mapped.
// The last administrator keeps theirs, since without one nobody could mend the mapping.
func (p Person) roleOf(ctx context.Context, tx *models.Tx, mapped access.Role) (access.Role, Source, error) {
	role, from := p.Role, p.RoleFrom
	switch {
	case mapped != "":
		role, from = mapped, Groups
	case p.RoleFrom == Groups:
		role, from = "", Here
	}
	if p.Role == access.Administrator && role != access.Administrator && p.Status == Active {
		last, err := lastAdministrator(ctx, tx, p.ID)
		if err != nil || last {
			return p.Role, p.RoleFrom, err
		}
	}
	return role, from, nil
}

func roleNote(from, to access.Role) models.Note {
	if from == to {
		return models.Note{}
	}
	return models.Note{"from": from.Label(), "to": to.Label()}
}
