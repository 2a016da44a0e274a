package control

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"assay/models"
	"assay/models/people"
	"assay/models/programme"
)

var codeForm = regexp.MustCompile(`^[A-Z0-9][A-Z0-9._-]{0,19}$`)

// New writes a control from nothing: its first version, as a draft of the actor's.
// Codes are kept in upper case. It refuses a code that is taken or cannot stand in an
// address, and content that Content cannot hold.
func New(ctx context.Context, tx *models.Tx, code string, content Content) (Control, Version, error) {
	c := Control{Code: strings.ToUpper(strings.TrimSpace(code)), CreatedBy: &tx.Actor.ID, CreatedAt: tx.Now}
	if !codeForm.MatchString(c.Code) {
		return c, Version{}, models.Invalid(map[string]string{"code": "Give the control an id of at most 20 letters, digits, hyphens or dots, such as AC-03."})
	}
	content = content.tidy()
	if err := content.check(); err != nil {
		return c, Version{}, err
	}
	taken, err := models.UnscopedRows[Control](tx).Where("code = ?", c.Code).Limit(1).Find(ctx)
	if err != nil {
		return c, Version{}, err
	}
	if len(taken) > 0 {
		return c, Version{}, models.Invalid(map[string]string{"code": c.Code + " is already taken by “" + taken[0].Title + "”."})
	}
	v := draft(tx, &c, 1, content)
	c.copy(v)
	if err := models.Insert(ctx, tx, &c, "control.create"); err != nil {
		return c, v, err
	}
	v.ControlID = c.ID
	if err := models.Insert(ctx, tx, &v, "version.draft"); err != nil {
		return c, v, err
	}
	if err := Place(ctx, tx, &c); err != nil {
		return c, v, err
	}
	return c, v, derive(ctx, tx, c.ID, v)
}

func draft(tx *models.Tx, c *Control, number int, content Content) Version {
	return Version{
		ControlID: c.ID, Code: c.Code, Number: number, Status: Draft, Content: content,
		AuthorID: &tx.Actor.ID, Writers: models.List[int64]{tx.Actor.ID}, AuthoredAt: tx.Now,
	}
}

// Revise opens the next version of a control as a draft that says what the one before
// it says. An editorial version changes wording only. It is refused while another
// draft is open, and for owners of other controls.
func Revise(ctx context.Context, tx *models.Tx, c *Control, editorial bool) (Version, error) {
	v := Version{ControlID: c.ID}
	if _, err := of(ctx, tx, &v); err != nil {
		return v, err
	}
	all, err := Versions(ctx, tx, *c)
	if err != nil {
		return v, err
	}
	for _, o := range all {
		if o.Status == Draft || o.Status == InReview {
			return o, models.Conflict(fmt.Sprintf("Version %d is already being written. Work on that one.", o.Number))
		}
	}
	v = draft(tx, c, all[0].Number+1, all[0].Content)
	v.ChangeNote, v.Editorial = "", editorial
	err = models.Insert(ctx, tx, &v, "version.draft")
	if models.Duplicate(err) {
		err = models.Conflict("Someone has just opened a new version of " + c.Code + ".")
	}
	if err != nil {
		return v, err
	}
	return v, show(ctx, tx, c)
}

// Edit rewrites a draft. Whoever does is one of its writers from then on. It is
// refused in every other state: what is in review is returned first, and what is
// approved never changes.
func Edit(ctx context.Context, tx *models.Tx, v *Version, content Content) error {
	c, err := of(ctx, tx, v)
	if err != nil {
		return err
	}
	switch v.Status {
	case Draft:
	case InReview:
		return models.Conflict(fmt.Sprintf("Version %d is in review. It has to be returned before it can change.", v.Number))
	case Approved, Effective, Superseded, Retired:
		return models.Conflict(fmt.Sprintf("Version %d is approved and never changes. Write a new version.", v.Number))
	}
	content = content.tidy()
	if err := content.check(); err != nil {
		return err
	}
	v.Content = content
	if !slices.Contains(v.Writers, tx.Actor.ID) {
		v.Writers = append(v.Writers, tx.Actor.ID)
	}
	if err := models.Update(ctx, tx, v, append(slices.Clone(contentColumns), "Writers"), "version.edit"); err != nil {
		return err
	}
	return show(ctx, tx, &c)
}

// SetEditorial says whether a draft changes wording only, so that it shares the test
// segment of the version before it.
func SetEditorial(ctx context.Context, tx *models.Tx, v *Version, editorial bool) error {
	if _, err := of(ctx, tx, v); err != nil {
		return err
	}
	if v.Status != Draft {
		return models.Conflict("Only a draft can be marked as editorial.")
	}
	if v.Editorial == editorial {
		return nil
	}
	v.Editorial = editorial
	return models.Update(ctx, tx, v, models.Columns{"Editorial"}, "version.edit")
}

// Assign gives a control an owner and a backup owner; nil is nobody. Both must be
// active, hold a role that can own controls, and differ. It takes effect at once:
// what was done before stays with whoever did it.
func Assign(ctx context.Context, tx *models.Tx, c *Control, owner, backup *int64) error {
	who, err := assignable(ctx, tx, owner, backup)
	if err != nil {
		return err
	}
	if owner != nil && is(backup, *owner) {
		return models.Invalid(map[string]string{"backup": "The backup owner has to be somebody else."})
	}
	today, err := programme.Today(ctx, tx)
	if err != nil {
		return err
	}
	return assign(ctx, tx, c, owner, backup, who, today)
}

func assign(ctx context.Context, tx *models.Tx, c *Control, owner, backup *int64, who map[int64]people.Person, today models.Date) error {
	wasOwner, wasBackup := c.OwnerID, c.BackupID
	c.answers(owner, backup, today)
	note := models.Note{"owner": name(owner, who), "backup": name(backup, who)}
	if err := models.Update(ctx, tx, c, models.Columns{"OwnerID", "BackupID", "Former"}, "control.assign", note); err != nil {
		return err
	}
	if err := Place(ctx, tx, c); err != nil {
		return err
	}
	return tellOwners(ctx, tx, c, wasOwner, wasBackup)
}

func name(id *int64, who map[int64]people.Person) string {
	if id == nil {
		return "nobody"
	}
	return who[*id].Name
}

// assignable loads the people and refuses those who cannot answer for a control.
func assignable(ctx context.Context, tx *models.Tx, owner, backup *int64) (map[int64]people.Person, error) {
	var ids []int64
	for _, id := range []*int64{owner, backup} {
		if id != nil {
			ids = append(ids, *id)
		}
	}
	who, err := people.Named(ctx, tx, ids...)
	if err != nil {
		return who, err
	}
	wrong := map[string]string{}
	for field, id := range map[string]*int64{"owner": owner, "backup": backup} {
		if id == nil {
			continue
		}
		if why := unfit(who[*id]); why != "" {
			wrong[field] = why
		}
	}
	if len(wrong) > 0 {
		return who, models.Invalid(wrong)
	}
	return who, nil
}

// An Assignment changes the owner, the backup owner or both of many controls.
type Assignment struct {
	SetOwner, SetBackup bool
	Owner, Backup       *int64 // nil: nobody
}

// AssignMany assigns the controls with these codes, all or none, with a leaf for each
// that changes. Its refusals are those of Assign, and name the control.
func AssignMany(ctx context.Context, tx *models.Tx, codes []string, a Assignment) (int, error) {
	if len(codes) == 0 {
		return 0, models.Invalid(map[string]string{"code": "Choose the controls first."})
	}
	if !a.SetOwner && !a.SetBackup {
		return 0, models.Invalid(map[string]string{"owner": "Choose an owner or a backup owner."})
	}
	who, err := assignable(ctx, tx, a.Owner, a.Backup)
	if err != nil {
		return 0, err
	}
	list, err := models.Rows[Control](tx).Where("code IN ?", codes).Order("code").Find(ctx)
	if err != nil {
		return 0, err
	}
	if len(list) == 0 {
		return 0, models.NotFound("Control")
	}
	today, err := programme.Today(ctx, tx)
	if err != nil {
		return 0, err
	}
	changed := 0
	for _, c := range list {
		owner, backup := a.over(c)
		if same(owner, c.OwnerID) && same(backup, c.BackupID) {
			continue
		}
		if owner != nil && is(backup, *owner) {
			return 0, models.Invalid(map[string]string{"owner": name(owner, who) + " would be owner and backup owner of " + c.Code + ". Nothing was changed."})
		}
		if err := assign(ctx, tx, &c, owner, backup, who, today); err != nil {
			return 0, err
		}
		changed++
	}
	if changed == 0 {
		return 0, models.Conflict("The chosen controls are assigned like that already.")
	}
	return changed, nil
}

func (a Assignment) over(c Control) (owner, backup *int64) {
	owner, backup = c.OwnerID, c.BackupID
	if a.SetOwner {
		owner = a.Owner
	}
	if a.SetBackup {
		backup = a.Backup
	}
	return owner, backup
}

func same(a, b *int64) bool { return a == b || a != nil && b != nil && *a == *b }
