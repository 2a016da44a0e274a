package demo

import (
	"context"
	"strings"

	"assay/internal/idp"
	"assay/models"
	"assay/models/access"
	"assay/models/control"
	"assay/models/people"
)

// firm is the audit firm.
const firm = "Brandt & Okafor LLP"

// A member of the cast. The login is the first name, and the part of the address
// before the @.
type member struct {
	login, name, title string
	role               access.Role
	backup             string // who stands in for an owner
	state              people.Status
}

var cast = []member{
	{login: "aoife", name: "Aoife Ní Bhriain", title: "IT administrator", role: access.Administrator},
	{login: "priya", name: "Priya Raman", title: "Compliance manager", role: access.Compliance, backup: "sam"},
	{login: "yusuf", name: "Yusuf Demirel", title: "Governance and risk", role: access.Compliance, backup: "ines"},
	{login: "tomas", name: "Tomás Herrera", title: "Platform engineering", role: access.Owner, backup: "ines"},
	{login: "ines", name: "Ines Duarte", title: "Security", role: access.Owner, backup: "tomas"},
	{login: "sam", name: "Sam Whitlock", title: "People operations", role: access.Owner, backup: "dana"},
	{login: "seun", name: "Seun Bakare", title: "Site reliability", role: access.Owner, backup: "tomas"},
	{login: "meiling", name: "Mei-Ling Zhou 周美玲", title: "ML engineering", role: access.Owner, backup: "tomas"},
	{login: "dana", name: "Dana Kowalski", title: "IT operations", role: access.Owner, backup: "seun"},
	{login: "zoe", name: "Zoë Brännström", title: "Legal and privacy", role: access.Owner, backup: "sam"},
	{login: "camille", name: "Camille Lefèvre", title: "Product", role: access.Owner, backup: "zoe"},
	{login: "ruth", name: "Ruth Adeyemi", title: "Chief operating officer", role: access.Executive},
	{login: "miriam", name: "Miriam Brandt", title: "Engagement partner", role: access.Auditor},
	{login: "jonas", name: "Jonas Lindqvist", title: "Audit senior", role: access.Auditor},
	{login: "rawiri", name: "Rawiri Ngata", title: "Product", role: access.Owner, backup: "camille", state: people.Deactivated},
	{login: "mika", name: "Mika Okoye", title: "Data engineering", role: access.Owner, state: people.Invited},
}

func (m member) email() string {
	if m.role == access.Auditor {
		return m.login + "@brandt-okafor.example"
	}
	return m.login + "@halyard.example"
}

func (m member) subject() string { return "halyard-" + m.login }

func (m member) firm() string {
	if m.role == access.Auditor {
		return firm
	}
	return ""
}

// groups are what the provider says of people, by the role they give here.
var groups = map[access.Role]string{
	access.Administrator: "assay-admins",
	access.Compliance:    "compliance",
	access.Owner:         "control-owners",
	access.Executive:     "leadership",
	access.Auditor:       "external-audit",
}

// RoleMap says which group of the provider gives which role, as the setting
// ASSAY_OIDC_ROLE_MAP does.
func RoleMap() string {
	var pairs []string
	for _, r := range access.Roles {
		pairs = append(pairs, groups[r]+"="+string(r))
	}
	return strings.Join(pairs, ",")
}

// Contact is whom people without a role are told to ask.
const Contact = "Aoife Ní Bhriain, aoife@halyard.example"

// People are those who can sign in, for the identity provider.
func People() []idp.Person {
	var out []idp.Person
	for _, m := range cast {
		if m.state != people.Deactivated {
			out = append(out, idp.Person{
				Email: m.email(), Name: m.name, Title: m.title, Role: m.role.Label(),
				Groups: []string{groups[m.role]}, Subject: m.subject(),
			})
		}
	}
	return out
}

// arrives lets somebody sign in for the first time.
func (s *story) arrives(day models.Date, minutes int, m member) {
	s.on(day, minutes, clock, func(ctx context.Context, tx *models.Tx) error {
		w, err := people.Arrive(ctx, tx, people.Arrival{
			Issuer: s.issuer, Subject: m.subject(), Email: m.email(), EmailVerified: true, Name: m.name, Role: m.role,
		})
		if err != nil {
			return err
		}
		err = w.Settle(ctx, tx)
		s.actors[m.login] = w.Person.Actor()
		return err
	})
}

func (s *story) invites(day models.Date, minutes int, m member) {
	s.on(day, minutes, "aoife", func(ctx context.Context, tx *models.Tx) error {
		_, err := people.Invite(ctx, tx, people.Invitation{Name: m.name, Email: m.email(), Title: m.title, Firm: m.firm(), Role: m.role})
		return err
	})
}

// id is somebody's id; it can be asked while the story is played.
func (s *story) id(login string) int64 { return s.actors[login].ID }

// leaves takes Rawiri's account away and gives what he owned to Camille, except the
// controls named, for which nobody was found.
func (s *story) leaves(day models.Date, ownerless ...string) {
	s.on(day, 60, "priya", func(ctx context.Context, tx *models.Tx) error {
		rows, err := models.Rows[control.Control](tx).Where("owner_id = ?", s.id("rawiri")).Order("code").Find(ctx)
		if err != nil {
			return err
		}
		var codes []string
		for _, c := range rows {
			codes = append(codes, c.Code)
		}
		camille, zoe := s.id("camille"), s.id("zoe")
		if _, err := control.AssignMany(ctx, tx, codes, control.Assignment{SetOwner: true, Owner: &camille, SetBackup: true, Backup: &zoe}); err != nil {
			return err
		}
		_, err = control.AssignMany(ctx, tx, ownerless, control.Assignment{SetOwner: true, SetBackup: true})
		return err
	})
	s.on(day, 75, "aoife", func(ctx context.Context, tx *models.Tx) error {
		p, err := people.ByID(ctx, tx, s.id("rawiri"))
		if err != nil {
			return err
		}
		return people.Deactivate(ctx, tx, &p, "Left Halyard; last day today.")
	})
}
