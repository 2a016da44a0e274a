package evidence

import (
	"context"
	"fmt"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/notice"
)

// A reviewer who pressed the wrong key can take an acceptance back for as long as this;
// pages offer it for UndoShown.
const (
	UndoWithin = time.Minute
	UndoShown  = 8 * time.Second
)

// MayUndo reports whether the actor accepted i so short a time ago that they can take it
// back, if nothing relies on it yet.
func (i Item) MayUndo(a access.Actor, now time.Time) bool {
	return i.Status == Accepted && i.DecidedBy != nil && *i.DecidedBy == a.ID && i.DecidedAt != nil && now.Sub(*i.DecidedAt) <= UndoWithin
}

// Undo takes back an acceptance that the actor recorded a moment ago: the item waits for a
// reviewer again, and what it had superseded stands again. Nothing is erased: the
// acceptance keeps its leaf, and this has its own. It is a Conflict once anybody relies on
// the item: a milestone that it proves, an auditor who has seen it.
func Undo(ctx context.Context, tx *models.Tx, id, rev int64) (Item, error) {
	i, err := ByID(ctx, tx, id)
	if err != nil {
		return Item{}, err
	}
	c, err := lockControl(ctx, tx, i.ControlID)
	if err != nil {
		return Item{}, err
	}
	switch {
	case !tx.Actor.Can(access.EvidenceReview):
		return Item{}, models.Forbidden("Evidence is reviewed by a compliance manager.")
	case i.Status != Accepted:
		return Item{}, models.Conflict(i.Code() + " is not accepted any more, so there is nothing to take back.")
	case !i.MayUndo(tx.Actor, tx.Now):
		return Item{}, models.Conflict("A decision can be taken back for a minute, by whoever made it. Withdraw " + i.Code() + " with a reason instead.")
	}
	if why, err := reliedOn(ctx, tx, i); err != nil || why != "" {
		if err == nil {
			err = models.Conflict(why)
		}
		return Item{}, err
	}
	accepted := *i.DecidedAt
	i.Rev, i.Status = rev, Submitted
	i.DecidedBy, i.DecidedAt, i.DecisionNote, i.OwnerID, i.BackupID = nil, nil, "", nil, nil
	set := models.Columns{"Status", "DecidedBy", "DecidedAt", "DecisionNote", "OwnerID", "BackupID"}
	if err := models.Update(ctx, tx, &i, set, "evidence.undo", models.Note{"accepted": accepted.UTC().Format(time.RFC3339)}); err != nil {
		return Item{}, err
	}
	if err := reinstate(ctx, tx, i); err != nil {
		return i, err
	}
	return i, notice.Tell(ctx, tx, notice.Notice{
		Kind: notice.EvidenceAccepted, About: i.Path(),
		Sentence: fmt.Sprintf("%s for %s, %s, waits for a reviewer again: its acceptance was taken back.", i.Code(), c.Code, c.Title),
	}, i.UploadedBy)
}

// reliedOn says who relies on an accepted item already, or nothing.
func reliedOn(ctx context.Context, tx *models.Tx, i Item) (string, error) {
	proves, err := models.Value[int64](ctx, tx, "SELECT count(*) FROM milestones WHERE proof_id = ?", i.ID)
	if err != nil || proves > 0 {
		return "A milestone relies on " + i.Code() + " as its proof. Withdraw it with a reason instead.", err
	}
	seen, err := models.Value[int64](ctx, tx, "SELECT count(*) FROM log_leaves WHERE about = ? AND role = ? AND at >= ?", i.Path(), access.Auditor, *i.DecidedAt)
	if err != nil || seen > 0 {
		return "An auditor has seen " + i.Code() + " as accepted. Withdraw it with a reason instead.", err
	}
	return "", nil
}

// reinstate makes what i had superseded accepted again, once i is accepted no more: the item
// that i names, or when that was withdrawn the one before it. It stays superseded while
// another accepted item names it.
func reinstate(ctx context.Context, tx *models.Tx, i Item) error {
	for i.SupersedesID != nil {
		old, err := ByID(ctx, tx, *i.SupersedesID)
		if err != nil {
			return err
		}
		if old.Status == Withdrawn {
			i.SupersedesID = old.SupersedesID
			continue
		}
		others, err := models.Value[int64](ctx, tx, "SELECT count(*) FROM evidence WHERE supersedes_id = ? AND status = 'accepted'", old.ID)
		if err != nil || others > 0 || old.Status != Superseded {
			return err
		}
		old.Status = Accepted
		return models.Update(ctx, tx, &old, models.Columns{"Status"}, "evidence.reinstate", models.Note{"by": i.Code()})
	}
	return nil
}
