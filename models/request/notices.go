package request

import (
	"context"
	"fmt"
	"time"

	"assay/models"
	"assay/models/engagement"
	"assay/models/notice"
)

// What is asked for, what was answered and why it came back stay here: a mail names the
// request and no more.

const (
	returned = notice.RequestReturned
	accepted = notice.RequestAccepted
)

func (r Request) tell(ctx context.Context, tx *models.Tx, kind notice.Kind, sentence string, to ...int64) error {
	return notice.Tell(ctx, tx, notice.Notice{Kind: kind, About: r.Path(), Sentence: fmt.Sprintf(sentence, r.Code())}, to...)
}

func (r Request) tellOwner(ctx context.Context, tx *models.Tx, kind notice.Kind, sentence string) error {
	if r.OwnerID == nil {
		return nil
	}
	return r.tell(ctx, tx, kind, sentence, *r.OwnerID)
}

// tellManagers tells those who check and assign, but for the owner, who is told as that.
func (r Request) tellManagers(ctx context.Context, tx *models.Tx, sentence string) error {
	ids, err := notice.Managers(ctx, tx)
	if err != nil {
		return err
	}
	for n, id := range ids {
		if r.OwnerID != nil && *r.OwnerID == id {
			ids[n] = 0
		}
	}
	return r.tell(ctx, tx, notice.RequestToCheck, sentence, ids...)
}

// tellOpened tells the owner, or, while there is none, those who find one.
func (r Request) tellOpened(ctx context.Context, tx *models.Tx) error {
	if r.OwnerID == nil {
		return r.tellManagers(ctx, tx, "%s was opened and is assigned to nobody.")
	}
	return r.tellAssigned(ctx, tx, nil)
}

// tellAssigned tells who has to answer r now and did not before.
func (r Request) tellAssigned(ctx context.Context, tx *models.Tx, was *int64) error {
	if r.OwnerID == nil || !r.Status.Answerable() || was != nil && *was == *r.OwnerID {
		return nil
	}
	return r.tellOwner(ctx, tx, notice.RequestAssigned, "%s is yours to answer, due "+r.due()+".")
}

func (r Request) due() string {
	if r.DueOn.IsZero() {
		return "without a date"
	}
	return r.DueOn.In(time.UTC).Format("Mon 2 Jan 2006")
}

// tellAuditors tells the audit team that there is something to look at.
func (r Request) tellAuditors(ctx context.Context, tx *models.Tx, e engagement.Engagement) error {
	team, err := teamOf(ctx, tx, e)
	if err != nil {
		return err
	}
	return r.tell(ctx, tx, notice.RequestReleased, "%s is answered.", team...)
}

func teamOf(ctx context.Context, tx *models.Tx, e engagement.Engagement) ([]int64, error) {
	team, err := engagement.Team(ctx, tx, e.ID)
	ids := make([]int64, len(team))
	for n, t := range team {
		ids[n] = t.PersonID
	}
	return ids, err
}

// tellWritten tells the others in an audience that something was written. Nobody is told
// of what the audit team keeps to itself.
func (r Request) tellWritten(ctx context.Context, tx *models.Tx, e engagement.Engagement, to Audience, text string) error {
	if to == TeamOnly {
		return nil
	}
	var ids []int64
	if to == Both {
		team, err := teamOf(ctx, tx, e)
		if err != nil {
			return err
		}
		ids = team
	}
	if r.OwnerID != nil {
		ids = append(ids, *r.OwnerID)
	}
	managers, err := notice.Managers(ctx, tx)
	if err != nil {
		return err
	}
	if err := r.tell(ctx, tx, notice.RequestWritten, "Something was written on %s.", append(ids, managers...)...); err != nil {
		return err
	}
	if !tx.Actor.Company() {
		return nil
	}
	return notice.Mentions(ctx, tx, r.Path(), r.Code(), text)
}
