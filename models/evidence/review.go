package evidence

import (
	"context"
	"fmt"
	"strings"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/control"
	"assay/models/people"
	"assay/models/scan"
)

// MayNotDecide says why the actor may not accept or return i, or "" when they may. Four
// eyes: neither who uploaded it, nor who owns or backs up the control now, nor who did so
// on a day that the evidence covers or after it was uploaded. Whoever hands a control over
// does not judge the time in which it was theirs.
func MayNotDecide(a access.Actor, i Item, c control.Control) string {
	switch {
	case !a.Can(access.EvidenceReview):
		return "Evidence is reviewed by a compliance manager."
	case i.UploadedBy == a.ID:
		return "You uploaded this. Somebody else has to decide on it."
	case c.OwnedBy(a):
		return "You own or back up " + c.Code + ". Somebody else has to decide on its evidence."
	case c.HeldSince(a.ID, i.since()):
		return "You owned or backed up " + c.Code + " in the time this evidence is about. Somebody else has to decide on it."
	}
	return ""
}

// since is the first day that i is about: the first it covers or, if that is later, the
// day on which it came.
func (i Item) since() models.Date {
	came := models.DateOf(i.UploadedAt, time.UTC)
	if i.CoversFrom.IsZero() {
		return came
	}
	return min(i.CoversFrom, came)
}

// Accept finds a submitted item good. The item it names as replaced becomes superseded.
// Neither its uploader nor the control's owner or backup owner at this moment can accept
// it; who these were is written down. checked is what the reviewer ticked of what the
// control expects: everything that the item says to answer has to be among it. When
// somebody decided first, the Conflict says who and how. What holds malware cannot be
// accepted.
func Accept(ctx context.Context, tx *models.Tx, id, rev int64, note string, checked ...Answer) (Item, error) {
	if err := scan.Refuse(ctx, tx, id); err != nil {
		return Item{}, err
	}
	i, err := decide(ctx, tx, id, rev, Accepted, note, checked...)
	if err != nil || i.SupersedesID == nil {
		return i, err
	}
	old, err := ByID(ctx, tx, *i.SupersedesID)
	if err != nil || old.Status != Accepted {
		return i, err // withdrawn or replaced meanwhile: nothing left to supersede
	}
	old.Status = Superseded
	return i, models.Update(ctx, tx, &old, models.Columns{"Status"}, "evidence.supersede", models.Note{"by": i.Code()})
}

// Return gives a submitted item back to its uploader, with a reason. The rules of Accept
// hold.
func Return(ctx context.Context, tx *models.Tx, id, rev int64, reason string) (Item, error) {
	if reason == "" {
		return Item{}, models.Invalid(map[string]string{"note": "Say what is missing or wrong, so that it can be sent again."})
	}
	return decide(ctx, tx, id, rev, Returned, reason)
}

func decide(ctx context.Context, tx *models.Tx, id, rev int64, to Status, note string, checked ...Answer) (Item, error) {
	i, err := ByID(ctx, tx, id)
	if err != nil {
		return Item{}, err
	}
	c, err := lockControl(ctx, tx, i.ControlID)
	if err != nil {
		return Item{}, err
	}
	if why := MayNotDecide(tx.Actor, i, c); why != "" {
		return Item{}, models.Forbidden(why)
	}
	if !i.Status.CanBecome(to) {
		return Item{}, notWaiting(ctx, tx, i)
	}
	said := models.Note{"control": c.Code, "note": note}
	if to == Accepted {
		if said["checked"], err = allChecked(ctx, tx, i, checked); err != nil {
			return Item{}, err
		}
	}
	i.Rev, i.Status = rev, to
	i.DecidedBy, i.DecidedAt, i.DecisionNote = &tx.Actor.ID, &tx.Now, note
	i.OwnerID, i.BackupID = c.OwnerID, c.BackupID
	verb := "evidence.accept"
	if to == Returned {
		verb = "evidence.return"
	}
	set := models.Columns{"Status", "DecidedBy", "DecidedAt", "DecisionNote", "OwnerID", "BackupID"}
	if err := models.Update(ctx, tx, &i, set, verb, said); err != nil {
		return i, err
	}
	return i, tellUploader(ctx, tx, i, c, note)
}

// allChecked refuses an acceptance whose reviewer left something unticked, and otherwise
// says what was ticked.
func allChecked(ctx context.Context, tx *models.Tx, i Item, checked []Answer) (string, error) {
	left, err := unchecked(ctx, tx, i, checked)
	if err != nil {
		return "", err
	}
	if len(left) > 0 {
		return "", models.Invalid(map[string]string{"checked": "Tick what you have looked at before you accept: " + left[0].Words + "."})
	}
	keys := make([]string, len(checked))
	for n, a := range checked {
		keys[n] = a.Key()
	}
	return strings.Join(keys, " "), nil
}

// notWaiting says what became of an item that a reviewer was too late for.
func notWaiting(ctx context.Context, tx *models.Tx, i Item) error {
	who, at := i.DecidedBy, i.DecidedAt
	if i.Status == Withdrawn {
		who, at = i.WithdrawnBy, i.WithdrawnAt
	}
	if who == nil || at == nil {
		return models.Conflict(i.Code() + " is not submitted, so there is nothing to decide.")
	}
	p, err := people.ByID(ctx, tx, *who)
	if err != nil {
		return err
	}
	return models.Conflict(fmt.Sprintf("%s decided first: %s was %s %s. Your decision was not recorded.",
		p.Name, i.Code(), i.Status, ago(tx.Now.Sub(*at))))
}

func ago(d time.Duration) string {
	for _, unit := range []struct {
		name string
		d    time.Duration
	}{{"day", 24 * time.Hour}, {"hour", time.Hour}, {"minute", time.Minute}} {
		switch n := int(d / unit.d); {
		case n == 1:
			return "1 " + unit.name + " ago"
		case n > 1:
			return fmt.Sprintf("%d %ss ago", n, unit.name)
		}
	}
	return "a moment ago"
}
