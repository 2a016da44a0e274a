package finding

import (
	"context"
	"fmt"

	"assay/models"
	"assay/models/notice"
)

// Titles of findings stay here: what is weak is nothing for a mail.

// tellOwner tells who now answers for f and did not before.
func tellOwner(ctx context.Context, tx *models.Tx, f Finding, was *int64) error {
	if f.OwnerID == nil || was != nil && *was == *f.OwnerID {
		return nil
	}
	return f.tell(ctx, tx, notice.FindingAssigned, "%s is yours to answer for.", *f.OwnerID)
}

// tell leaves a notice about f; the sentence names it with %s.
func (f Finding) tell(ctx context.Context, tx *models.Tx, kind notice.Kind, sentence string, to ...int64) error {
	return notice.Tell(ctx, tx, notice.Notice{Kind: kind, About: f.Path(), Sentence: fmt.Sprintf(sentence, f.Code())}, to...)
}

// mentions tells whom somebody named with an @ in what they wrote about f.
func (f Finding) mentions(ctx context.Context, tx *models.Tx, text string) error {
	return notice.Mentions(ctx, tx, f.Path(), f.Code(), text)
}

// signers are who answers for the finding and who carries its risk.
func (c *Case) signers() []int64 {
	a := c.Acceptance()
	if a == nil {
		return nil
	}
	out := []int64{a.AcceptedBy, a.OwnerID}
	if c.OwnerID != nil {
		out = append(out, *c.OwnerID)
	}
	return out
}

// expiring is how many days before its end those who carry a risk are reminded.
const expiring = 14

// ending reads the acceptances that end within a fortnight and whose owner was not
// reminded.
func ending(ctx context.Context, tx *models.Tx) ([]Acceptance, error) {
	today, err := Today(ctx, tx)
	if err != nil {
		return nil, err
	}
	return models.Rows[Acceptance](tx).
		Where("ended_at IS NULL AND expires_on >= ? AND expires_on <= ?", today.Date, today.Date.AddDays(expiring)).
		Where("NOT EXISTS (SELECT 1 FROM notices n WHERE n.person_id = risk_acceptances.owner_id AND n.once = 'ending/' || risk_acceptances.id)").
		Order("expires_on, id").Find(ctx)
}

// AnyEnding reports whether somebody is to be reminded of a risk they carry.
func AnyEnding(ctx context.Context, tx *models.Tx) (bool, error) {
	list, err := ending(ctx, tx)
	return len(list) > 0, err
}

// TellEnding reminds those who carry a risk once, a fortnight before it ends.
func TellEnding(ctx context.Context, tx *models.Tx) (int, error) {
	list, err := ending(ctx, tx)
	for _, a := range list {
		if err != nil {
			break
		}
		err = notice.Tell(ctx, tx, notice.Notice{
			Kind: notice.AcceptanceExpiring, About: path(a.FindingID), Once: fmt.Sprintf("ending/%d", a.ID),
			Sentence: fmt.Sprintf("The accepted risk of %s ends with %s; the finding opens again the day after.", Code(a.FindingID), a.ExpiresOn),
		}, a.OwnerID, a.AcceptedBy)
	}
	return len(list), err
}
