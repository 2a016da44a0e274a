package finding

import (
	"context"

	"assay/models"
	"assay/models/engagement"
	"assay/models/notice"
)

// Verify closes the finding: somebody who took no part in the remediation looked at
// the proof of every step. Steps that were not verified one by one are verified by it.
func Verify(ctx context.Context, tx *models.Tx, id, rev int64, note string) error {
	c, err := taken(ctx, tx, id, rev)
	if err != nil {
		return err
	}
	if err := c.MayVerify(tx.Actor); err != nil {
		return err
	}
	if err := reason(note, "Say what you looked at and what it shows."); err != nil {
		return err
	}
	p := c.Plan()
	for _, m := range c.Steps(p.ID) {
		if m.Status == MilestoneDone {
			if err := m.verify(ctx, tx); err != nil {
				return err
			}
		}
	}
	p.Status, p.VerifiedBy, p.VerifiedAt, p.VerificationNote = PlanVerified, &tx.Actor.ID, &tx.Now, note
	if err := models.Update(ctx, tx, p, models.Columns{"Status", "VerifiedBy", "VerifiedAt", "VerificationNote"}, "plan.verify", models.Note{"note": note}); err != nil {
		return err
	}
	return c.finish(ctx, tx, ClosedVerified, "finding.close", note)
}

// SendBack says that the remediation does not hold yet.
func SendBack(ctx context.Context, tx *models.Tx, id, rev int64, why string) error {
	c, err := taken(ctx, tx, id, rev)
	if err != nil {
		return err
	}
	if err := c.MayVerify(tx.Actor); err != nil {
		return err
	}
	if err := reason(why, "Say what is missing."); err != nil {
		return err
	}
	return c.sendBack(ctx, tx, why)
}

func (c *Case) sendBack(ctx context.Context, tx *models.Tx, why string) error {
	p := c.Plan()
	p.Status, p.CompletedBy, p.CompletedAt, p.CompletionNote = PlanInProgress, nil, nil, ""
	if err := models.Update(ctx, tx, p, models.Columns{"Status", "CompletedBy", "CompletedAt", "CompletionNote"}, "plan.return", models.Note{"note": why}); err != nil {
		return err
	}
	if err := c.move(ctx, tx, InRemediation, "finding.send_back", why); err != nil {
		return err
	}
	return c.tell(ctx, tx, notice.FindingSentBack, "%s was sent back to remediation, with a reason.", p.OwnerID)
}

// Reopen begins the next cycle: of a closed finding because it recurred, so that its
// facts are new; of an accepted one because the risk is no longer carried, so that its
// rating stands.
func Reopen(ctx context.Context, tx *models.Tx, id, rev int64, why string) error {
	c, err := taken(ctx, tx, id, rev)
	if err != nil {
		return err
	}
	if err := c.MayReopen(tx.Actor); err != nil {
		return err
	}
	if err := reason(why, "Say what happened."); err != nil {
		return err
	}
	return c.reopen(ctx, tx, "finding.reopen", why)
}

func (c *Case) reopen(ctx context.Context, tx *models.Tx, verb, why string) error {
	to := Raised
	if a := c.Acceptance(); a != nil {
		to, a.EndedAt = Rated, &tx.Now
		if err := models.Update(ctx, tx, a, models.Columns{"EndedAt"}, "risk.end"); err != nil {
			return err
		}
	}
	today, err := Today(ctx, tx)
	if err != nil {
		return err
	}
	cycle := Cycle{FindingID: c.ID, EngagementID: c.EngagementID, Number: c.Cycle + 1, OpenedBy: tx.Actor.ID, OpenedAt: tx.Now, Reason: why}
	if err := models.Insert(ctx, tx, &cycle, "finding.cycle"); err != nil {
		return err
	}
	c.Cycle, c.CycleOpenedAt, c.ClosedAt, c.DueOn = cycle.Number, tx.Now, nil, today.Date.AddDays(10)
	return c.move(ctx, tx, to, verb, why, "Cycle", "CycleOpenedAt", "ClosedAt", "DueOn")
}

// closes says which auditor ends the present cycle, and with whose hand.
func (c *Case) closes(by engagement.Authority) {
	cycle := &c.Cycles[len(c.Cycles)-1]
	cycle.ClosedBy, cycle.ClosedEntry = &by.Auditor, &by.By
}

// finish ends the present cycle.
func (c *Case) finish(ctx context.Context, tx *models.Tx, to Status, verb, said string) error {
	cycle := &c.Cycles[len(c.Cycles)-1]
	if cycle.ClosedBy == nil { // no auditor does
		cycle.ClosedBy = &tx.Actor.ID
	}
	cycle.Outcome, cycle.ClosedAt, cycle.Note = to, &tx.Now, said
	if err := models.Update(ctx, tx, cycle, models.Columns{"Outcome", "ClosedBy", "ClosedEntry", "ClosedAt", "Note"}, "finding.cycle_end"); err != nil {
		return err
	}
	c.ClosedAt = &tx.Now
	return c.move(ctx, tx, to, verb, said, "ClosedAt")
}
