package engagement

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/notice"
	"assay/models/people"
)

// An Auditor is a person's grant to one engagement.
type Auditor struct {
	models.Meta
	EngagementID int64
	PersonID     int64
	Part         Part
	AddedBy      int64
	AddedAt      time.Time
	FieldworkBy  *int64 // the administrator who lets them write the engagement's own objects
	FieldworkAt  *time.Time
}

// Fieldwork reports whether the auditor may write the objects of the engagement.
func (a Auditor) Fieldwork() bool { return a.FieldworkBy != nil }

// ReadersOf are those of a team in whose name something can be brought in: who may write
// does it with their own hand.
func ReadersOf(team []Teammate) []Teammate {
	return slices.DeleteFunc(slices.Clone(team), func(m Teammate) bool { return m.Fieldwork() })
}

// A Part is what an auditor does in the team.
type Part string

// The parts. A team has at most one lead.
const (
	Lead   Part = "lead"
	Member Part = "member"
)

// Label is p in words.
func (p Part) Label() string {
	if p == Lead {
		return "Lead auditor"
	}
	return "Member of the audit team"
}

// TableName is where grants live.
func (Auditor) TableName() string { return "engagement_auditors" }

// Path is the address of the person: a grant is part of what they hold. The change is
// told on the engagement's page by a leaf of its own.
func (a Auditor) Path() string { return fmt.Sprintf("people/%d", a.PersonID) }

// VisibleTo shows an auditor the team of their open engagements.
func (Auditor) VisibleTo(a access.Actor) (string, []any) {
	if a.Role != access.Auditor {
		return "", nil
	}
	return "engagement_auditors.engagement_id IN ?", []any{append([]int64{0}, a.Engagements...)}
}

// AddAuditor lets a person look at e while its window is open. Refused are people who
// are no external auditors, who belong to another firm, who were deactivated or are
// there already, a second lead, and engagements that are over.
func AddAuditor(ctx context.Context, tx *models.Tx, e Engagement, person int64, part Part) error {
	if !e.Status.Readable() {
		return models.Conflict("This engagement is " + strings.ToLower(e.Status.Label()) + "; nobody is given access to it any more.")
	}
	if part != Lead && part != Member {
		return refuse("part", "Choose lead or member.")
	}
	p, err := people.ByID(ctx, tx, person)
	if models.KindOf(err) == models.KindNotFound {
		return refuse("person", "Choose one from the list.")
	}
	if err != nil {
		return err
	}
	if message := unfit(p, e.Firm); message != "" {
		return refuse("person", message)
	}
	if err := roomFor(ctx, tx, e.ID, person, part); err != nil {
		return err
	}
	row := Auditor{EngagementID: e.ID, PersonID: person, Part: part, AddedBy: tx.Actor.ID, AddedAt: tx.Now}
	if err := models.Insert(ctx, tx, &row, "auditor.grant", models.Note{"engagement": e.Slug, "part": string(part)}); err != nil {
		return err
	}
	if err := tx.Record("engagement.add_auditor", e.Path(), models.Note{"auditor": p.Name, "part": part.Label()}); err != nil {
		return err
	}
	return notice.Tell(ctx, tx, notice.Notice{
		Kind: notice.AccessGranted, About: e.Path(),
		Sentence: fmt.Sprintf("You were given access to %s, from %s to the end of %s.", e.Name, e.OpensOn, e.ClosesOn),
	}, person)
}

func refuse(field, message string) error { return models.Invalid(map[string]string{field: message}) }

// unfit says why p cannot be an auditor of firm, or "".
func unfit(p people.Person, firm string) string {
	switch {
	case p.Role != access.Auditor:
		return p.Name + " is " + strings.ToLower(p.Role.Label()) + " here. Only external auditors, who hold no other role, can be given access."
	case p.Status == people.Deactivated:
		return p.Name + " is deactivated."
	case strings.TrimSpace(p.Firm) == "":
		return "It is not recorded which firm " + p.Name + " works for. Enter it on their page first."
	case !strings.EqualFold(strings.TrimSpace(p.Firm), strings.TrimSpace(firm)):
		return p.Name + " works for " + p.Firm + ", and this engagement is with " + firm + "."
	}
	return ""
}

func roomFor(ctx context.Context, tx *models.Tx, engagement, person int64, part Part) error {
	team, err := models.Rows[Auditor](tx).Where("engagement_id = ?", engagement).Find(ctx)
	for _, a := range team {
		switch {
		case a.PersonID == person:
			return refuse("person", "This auditor has access already.")
		case part == Lead && a.Part == Lead:
			return refuse("part", "The engagement has a lead auditor already.")
		}
	}
	return err
}

// RemoveAuditor ends the access of a grant at once. It is possible in every state: access
// must never be kept for want of a button. rev is the one the actor saw.
func RemoveAuditor(ctx context.Context, tx *models.Tx, e Engagement, grant, rev int64) error {
	row, p, err := teammate(ctx, tx, e, grant)
	if err != nil {
		return err
	}
	row.Rev = rev
	if err := models.Delete(ctx, tx, &row, "auditor.revoke", models.Note{"engagement": e.Slug}); err != nil {
		return err
	}
	return tx.Record("engagement.remove_auditor", e.Path(), models.Note{"auditor": p.Name})
}

// A Teammate is an auditor of an engagement with the person behind the grant.
type Teammate struct {
	Auditor
	Person people.Person
}

// Team lists the auditors of an engagement, the lead first, in two queries.
func Team(ctx context.Context, tx *models.Tx, engagement int64) ([]Teammate, error) {
	rows, err := Grants(ctx, tx, engagement)
	if err != nil {
		return nil, err
	}
	ids := make([]int64, len(rows))
	for i, r := range rows {
		ids[i] = r.PersonID
	}
	names, err := people.Named(ctx, tx, ids...)
	return Named(rows, names), err
}

// Grants lists the auditors of an engagement, the lead first.
func Grants(ctx context.Context, tx *models.Tx, engagement int64) ([]Auditor, error) {
	return grantsOf(tx, engagement).Find(ctx)
}

func grantsOf(tx *models.Tx, engagement int64) models.Query[Auditor] {
	return models.Rows[Auditor](tx).Where("engagement_id = ?", engagement).Order("part, id")
}

// Named are grants with the people behind them, for a page that looks names up once.
func Named(grants []Auditor, names map[int64]people.Person) []Teammate {
	team := make([]Teammate, len(grants))
	for i, g := range grants {
		team[i] = Teammate{g, names[g.PersonID]}
	}
	return team
}

// free are the external auditors who are not on the team of e.
func free(tx *models.Tx, e Engagement) models.Query[people.Person] {
	return models.Rows[people.Person](tx).
		Where("role = ? AND status <> ?", access.Auditor, people.Deactivated).
		Where("id NOT IN (SELECT person_id FROM engagement_auditors WHERE engagement_id = ?)", e.ID).
		Order("name, id").Limit(200)
}

// fit are those of them who work for the firm of e and may be added.
func fit(list []people.Person, e Engagement) (out []people.Person) {
	for _, p := range list {
		if unfit(p, e.Firm) == "" {
			out = append(out, p)
		}
	}
	return out
}

// A Grant is an engagement that is open to an auditor at this instant.
type Grant struct {
	Engagement
	Part      Part
	Fieldwork bool // they may write its own objects
}

// OpenFor lists the engagements that a person may look into now: they are named as an
// auditor, it is neither archived nor cancelled, and the instant lies in the window, from
// the first day's midnight in the engagement's zone to the midnight that ends the last
// one. It is asked at every request, so access ends on the second, and on every
// replica, without anybody doing anything.
func OpenFor(ctx context.Context, tx *models.Tx, person int64) ([]Grant, error) {
	// Unscoped: this is where the actor's scope comes from.
	var grants []Auditor
	var list []Engagement
	err := models.Together(ctx, tx, models.Into(models.UnscopedRows[Auditor](tx).Where("person_id = ?", person), &grants),
		models.Into(models.UnscopedRows[Engagement](tx).Where("id IN (SELECT engagement_id FROM engagement_auditors WHERE person_id = ?)", person).Order("period_end DESC, id"), &list))
	held := map[int64]Auditor{}
	for _, g := range grants {
		held[g.EngagementID] = g
	}
	var open []Grant
	for _, e := range list {
		ok, err := e.openAt(tx.Now)
		if err != nil {
			return nil, err
		}
		if ok {
			g := held[e.ID]
			open = append(open, Grant{e, g.Part, g.Fieldwork() && e.Status.Running()})
		}
	}
	return open, err
}

// IDs are the engagements of grants, for access.Actor.
func IDs(grants []Grant) []int64 {
	out := make([]int64, len(grants))
	for i, g := range grants {
		out[i] = g.ID
	}
	return out
}

// FieldworkOf are the engagements of grants whose objects the auditor may write, for
// access.Actor. Once a report is issued, nobody writes any more.
func FieldworkOf(grants []Grant) []int64 {
	var out []int64
	for _, g := range grants {
		if g.Fieldwork {
			out = append(out, g.ID)
		}
	}
	return out
}

// GrantFieldwork lets an auditor write the engagement's own objects: requests, samples,
// results, notes. An auditor only reads unless an administrator decides otherwise, for
// each engagement and person. rev is that of the grant the actor saw.
func GrantFieldwork(ctx context.Context, tx *models.Tx, e Engagement, grant, rev int64) error {
	row, p, err := teammate(ctx, tx, e, grant)
	switch {
	case err != nil:
		return err
	case !tx.Actor.Can(access.FieldworkGrant):
		return models.Forbidden("Administrators decide which auditors may write.")
	case !e.Status.Running():
		return models.Conflict("This engagement is " + strings.ToLower(e.Status.Label()) + "; nothing is written in it any more.")
	case row.Fieldwork():
		return models.Conflict(p.Name + " may write already.")
	}
	row.Rev, row.FieldworkBy, row.FieldworkAt = rev, &tx.Actor.ID, &tx.Now
	if err := models.Update(ctx, tx, &row, models.Columns{"FieldworkBy", "FieldworkAt"}, "auditor.grant_fieldwork", models.Note{"engagement": e.Slug}); err != nil {
		return err
	}
	if err := tx.Record("engagement.grant_fieldwork", e.Path(), models.Note{"auditor": p.Name}); err != nil {
		return err
	}
	return notice.Tell(ctx, tx, notice.Notice{
		Kind: notice.AccessGranted, About: e.Path(), Sentence: "You may write requests, samples, results and notes of " + e.Name + " now.",
	}, p.ID)
}

// RevokeFieldwork makes an auditor a reader again, at once. What they wrote stays.
func RevokeFieldwork(ctx context.Context, tx *models.Tx, e Engagement, grant, rev int64) error {
	row, p, err := teammate(ctx, tx, e, grant)
	switch {
	case err != nil:
		return err
	case !tx.Actor.Can(access.FieldworkGrant):
		return models.Forbidden("Administrators decide which auditors may write.")
	case !row.Fieldwork():
		return models.Conflict(p.Name + " only reads already.")
	}
	row.Rev, row.FieldworkBy, row.FieldworkAt = rev, nil, nil
	if err := models.Update(ctx, tx, &row, models.Columns{"FieldworkBy", "FieldworkAt"}, "auditor.revoke_fieldwork", models.Note{"engagement": e.Slug}); err != nil {
		return err
	}
	return tx.Record("engagement.revoke_fieldwork", e.Path(), models.Note{"auditor": p.Name})
}

func teammate(ctx context.Context, tx *models.Tx, e Engagement, grant int64) (Auditor, people.Person, error) {
	row, err := models.Rows[Auditor](tx).Where("id = ? AND engagement_id = ?", grant, e.ID).Take(ctx)
	if row, err = models.One(row, err, "Auditor"); err != nil {
		return row, people.Person{}, err
	}
	p, err := people.ByID(ctx, tx, row.PersonID)
	return row, p, err
}

// An Authority is on whose behalf an object of the audit is written: the auditor who
// decided it, and who brought it in.
type Authority struct {
	Auditor int64 // a person named on the engagement
	By      int64 // the same one, or the compliance manager who brings in the firm's file
}

// Imported reports that it was not written by the auditor's own hand.
func (a Authority) Imported() bool { return a.Auditor != a.By }

// Act is the one door to writing what belongs to the auditors of e. An auditor with the
// fieldwork grant acts for themselves, and nobody else for them: what the audited company
// could still write in their name would be worth nothing. For one who only reads, a
// compliance manager brings in what they decided. Everyone else is refused.
func Act(ctx context.Context, tx *models.Tx, e Engagement, auditor int64) (Authority, error) {
	switch {
	case tx.Actor.InFieldwork(e.ID):
		return Authority{tx.Actor.ID, tx.Actor.ID}, nil
	case !tx.Actor.Can(access.FieldworkImport):
		return Authority{}, models.Forbidden("This is the auditor's. They write it themselves when fieldwork is granted to them, or a compliance manager brings in their file.")
	}
	found, err := models.Rows[Auditor](tx).Where("engagement_id = ? AND person_id = ?", e.ID, auditor).Limit(1).Find(ctx)
	switch {
	case err != nil:
	case len(found) == 0:
		err = refuse("auditor", "Choose the auditor of this engagement who decided it.")
	case found[0].Fieldwork():
		err = refuse("auditor", "This auditor writes here with their own hand, so nothing is brought in for them.")
	}
	return Authority{auditor, tx.Actor.ID}, err
}

func (e Engagement) openAt(now time.Time) (bool, error) {
	if !e.Status.Readable() {
		return false, nil
	}
	zone, err := e.Location()
	if err != nil {
		return false, err
	}
	opens, closes := e.Window().Instants(zone)
	return !now.Before(opens) && now.Before(closes), nil
}

// OpenNow reports whether the window of e is open.
func (e Engagement) OpenNow(tx *models.Tx) (bool, error) { return e.openAt(tx.Now) }
