package finding

import (
	"context"
	"slices"

	"assay/models"
	"assay/models/engagement"
	"assay/models/notice"
)

// Confirm says that the facts are right. From a dispute it takes a word on what
// settled it.
func Confirm(ctx context.Context, tx *models.Tx, id, rev int64, note string) error {
	c, err := taken(ctx, tx, id, rev)
	if err != nil {
		return err
	}
	if err := c.MayConfirm(tx.Actor); err != nil {
		return err
	}
	if c.Status == Disputed {
		if err := reason(note, "Say what settled the dispute."); err != nil {
			return err
		}
	}
	return c.move(ctx, tx, FactsConfirmed, "finding.confirm", note)
}

// Dispute says which facts are wrong.
func Dispute(ctx context.Context, tx *models.Tx, id, rev int64, why string) error {
	c, err := taken(ctx, tx, id, rev)
	if err != nil {
		return err
	}
	if err := c.MayDispute(tx.Actor); err != nil {
		return err
	}
	if err := reason(why, "Say which facts are wrong, and how you know."); err != nil {
		return err
	}
	if err := c.move(ctx, tx, Disputed, "finding.dispute", why); err != nil {
		return err
	}
	return c.tell(ctx, tx, notice.FindingAnswered, "The facts of %s were disputed.", c.RaisedBy)
}

// Rate says how bad it is, who answers for it, and by when it is to be put right. A
// finding that is rated can be rated again until a plan is approved.
func Rate(ctx context.Context, tx *models.Tx, id, rev int64, severity Severity, ownerID int64, dueOn models.Date) error {
	c, err := taken(ctx, tx, id, rev)
	if err != nil {
		return err
	}
	if err := c.MayRate(tx.Actor); err != nil {
		return err
	}
	today, err := Today(ctx, tx)
	if err != nil {
		return err
	}
	p := problems{}
	if !slices.Contains(Severities, severity) {
		p["severity"] = "Choose a severity."
	}
	p.day("due_on", dueOn, today)
	if err := responsible(ctx, tx, ownerID, p); err != nil {
		return err
	}
	if err := p.err(); err != nil {
		return err
	}
	was, before := c.Severity, c.OwnerID
	c.Severity, c.OwnerID, c.DueOn = severity, &ownerID, dueOn
	set := models.Columns{"Severity", "OwnerID", "DueOn"}
	if c.Status == Rated {
		err = models.Update(ctx, tx, &c.Finding, set, "finding.rate", models.Note{"from": string(was), "to": string(severity)})
	} else {
		err = c.move(ctx, tx, Rated, "finding.rate", "", set...)
	}
	if err != nil {
		return err
	}
	return tellOwner(ctx, tx, c.Finding, before)
}

// Assign makes somebody answer for the finding.
func Assign(ctx context.Context, tx *models.Tx, id, rev, ownerID int64) error {
	c, err := taken(ctx, tx, id, rev)
	if err != nil {
		return err
	}
	if err := c.MayAssign(tx.Actor); err != nil {
		return err
	}
	p := problems{}
	if err := responsible(ctx, tx, ownerID, p); err != nil {
		return err
	}
	if err := p.err(); err != nil {
		return err
	}
	before := c.OwnerID
	c.OwnerID = &ownerID
	if err := models.Update(ctx, tx, &c.Finding, models.Columns{"OwnerID"}, "finding.assign"); err != nil {
		return err
	}
	return tellOwner(ctx, tx, c.Finding, before)
}

// Dismiss ends a finding that was none. What the auditors found names who decided it: auditor,
// if that is brought in, else whoever acts.
func Dismiss(ctx context.Context, tx *models.Tx, id, rev int64, why string, auditor int64) error {
	c, err := taken(ctx, tx, id, rev)
	if err != nil {
		return err
	}
	if err := c.MayDismiss(tx.Actor); err != nil {
		return err
	}
	if err := reason(why, "Say why this is no finding."); err != nil {
		return err
	}
	if c.Source == FromAudit {
		by, err := engagement.Act(ctx, tx, engagement.Engagement{Meta: models.Meta{ID: *c.EngagementID}}, auditor)
		if err != nil {
			return err
		}
		c.closes(by)
	}
	if err := c.finish(ctx, tx, Dismissed, "finding.dismiss", why); err != nil {
		return err
	}
	return c.letGo(ctx, tx)
}
