package control

import (
	"context"
	"fmt"
	"strings"

	"assay/models"
	"assay/models/access"
	"assay/models/notice"
	"assay/models/people"
)

// tellOwners tells those who now answer for c and did not before, and the managers when
// nobody does any more.
func tellOwners(ctx context.Context, tx *models.Tx, c *Control, owner, backup *int64) error {
	n := notice.Notice{Kind: notice.HandedOver, About: c.Path()}
	if c.OwnerID != nil && !same(c.OwnerID, owner) {
		n.Sentence = fmt.Sprintf("%s, %s, is now yours to answer for.", c.Code, c.Title)
		if err := notice.Tell(ctx, tx, n, *c.OwnerID); err != nil {
			return err
		}
	}
	if c.BackupID != nil && !same(c.BackupID, backup) {
		n.Sentence = fmt.Sprintf("You are now the backup owner of %s, %s.", c.Code, c.Title)
		if err := notice.Tell(ctx, tx, n, *c.BackupID); err != nil {
			return err
		}
	}
	if c.OwnerID != nil || owner == nil {
		return nil
	}
	managers, err := notice.Managers(ctx, tx)
	if err != nil {
		return err
	}
	return notice.Tell(ctx, tx, notice.Notice{
		Kind: notice.Ownerless, About: c.Path(), Sentence: fmt.Sprintf("%s, %s, has no owner any more.", c.Code, c.Title),
	}, managers...)
}

// A leaver owns controls and can no longer act.
type leaver struct {
	ID, Rev int64
}

// leavers lists who owns controls and lost the account or the role for it, with the state
// of their account.
func leavers(ctx context.Context, tx *models.Tx) ([]leaver, error) {
	return models.Raw[leaver](ctx, tx, `SELECT p.id, p.rev FROM people p
		WHERE (p.status <> ? OR p.role NOT IN ?) AND EXISTS (SELECT 1 FROM controls c WHERE c.owner_id = p.id AND c.status <> 'retired')
		AND NOT EXISTS (SELECT 1 FROM notices n WHERE n.kind = ? AND n.about = 'people/' || p.id AND n.once = 'left/' || p.id || '/' || p.rev)
		ORDER BY p.id`, people.Active, ownerRoles, notice.Ownerless)
}

// AnyLeft reports whether somebody owns controls who can no longer act, and the managers
// do not know.
func AnyLeft(ctx context.Context, tx *models.Tx) (bool, error) {
	list, err := leavers(ctx, tx)
	return len(list) > 0, err
}

// TellLeft tells managers and administrators, once for each person and state of their
// account, which controls have nobody left who can act.
func TellLeft(ctx context.Context, tx *models.Tx) (int, error) {
	list, err := leavers(ctx, tx)
	if err != nil || len(list) == 0 {
		return 0, err
	}
	managers, err := notice.Managers(ctx, tx, access.Administrator)
	if err != nil {
		return 0, err
	}
	for _, l := range list {
		codes, err := models.Raw[struct{ Code string }](ctx, tx, "SELECT code FROM controls WHERE owner_id = ? AND status <> 'retired' ORDER BY code LIMIT 6", l.ID)
		if err != nil {
			return 0, err
		}
		err = notice.Tell(ctx, tx, notice.Notice{
			Kind: notice.Ownerless, About: people.PathOf(l.ID), Once: fmt.Sprintf("left/%d/%d", l.ID, l.Rev), Sentence: leftSentence(codes),
		}, managers...)
		if err != nil {
			return 0, err
		}
	}
	return len(list), nil
}

func leftSentence(codes []struct{ Code string }) string {
	var names []string
	for _, c := range codes[:min(len(codes), 5)] {
		names = append(names, c.Code)
	}
	text := strings.Join(names, ", ")
	if len(codes) > 5 {
		text += " and more"
	}
	if len(codes) == 1 {
		return text + " has an owner who can no longer act."
	}
	return text + " have an owner who can no longer act."
}
