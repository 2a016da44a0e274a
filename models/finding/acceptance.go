package finding

import (
	"context"
	"fmt"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/notice"
)

// An Acceptance is somebody's signature under a risk that is not put right, for a
// time.
type Acceptance struct {
	models.Meta
	FindingID  int64
	Cycle      int
	OwnerID    int64 // who owned the risk then
	Reason     string
	AcceptedBy int64
	AcceptedAt time.Time
	ExpiresOn  models.Date // the last day it holds
	EndedAt    *time.Time
}

// TableName is where acceptances live.
func (Acceptance) TableName() string { return "risk_acceptances" }

// Path is the place of a on its finding's page.
func (a Acceptance) Path() string { return fmt.Sprintf("%s#acceptance-%d", path(a.FindingID), a.ID) }

// Within is the finding.
func (a Acceptance) Within() string { return path(a.FindingID) }

// VisibleTo follows the finding.
func (Acceptance) VisibleTo(a access.Actor) (string, []any) {
	return visible(a, "risk_acceptances.finding_id")
}

// AcceptRisk closes the finding until the end of a day at most twelve months away. The
// actor signs for it.
func AcceptRisk(ctx context.Context, tx *models.Tx, id, rev int64, expiresOn models.Date, why string) error {
	c, err := taken(ctx, tx, id, rev)
	if err != nil {
		return err
	}
	if err := c.MayAccept(tx.Actor); err != nil {
		return err
	}
	today, err := Today(ctx, tx)
	if err != nil {
		return err
	}
	p := problems{}
	p.need("reason", why, "Say why the risk can be carried.")
	p.day("expires_on", expiresOn, today)
	if latest := today.Date.AddMonths(12); expiresOn > latest {
		p["expires_on"] = "A risk is accepted for twelve months at most, so until " + string(latest) + "."
	}
	if err := p.err(); err != nil {
		return err
	}
	a := Acceptance{
		FindingID: id, Cycle: c.Cycle, OwnerID: *c.OwnerID, Reason: why,
		AcceptedBy: tx.Actor.ID, AcceptedAt: tx.Now, ExpiresOn: expiresOn,
	}
	if err := models.Insert(ctx, tx, &a, "risk.accept", models.Note{"until": string(expiresOn), "note": why}); err != nil {
		return err
	}
	return c.finish(ctx, tx, RiskAccepted, "finding.accept_risk", why)
}

// LapsedAcceptances reads the ids of the findings whose acceptance ended with a day
// that has passed. A job asks it first, since a write that changes nothing is refused.
func LapsedAcceptances(ctx context.Context, tx *models.Tx) ([]int64, error) {
	today, err := Today(ctx, tx)
	if err != nil {
		return nil, err
	}
	rows, err := models.Rows[Acceptance](tx).Where("ended_at IS NULL AND expires_on < ?", today.Date).Order("expires_on, id").Find(ctx)
	ids := make([]int64, len(rows))
	for i, a := range rows {
		ids[i] = a.FindingID
	}
	return ids, err
}

// ExpireAcceptances re-opens every finding whose acceptance has lapsed, as its next
// cycle, and returns how many there were. It is the clock's: nobody else may call it.
func ExpireAcceptances(ctx context.Context, tx *models.Tx) (int, error) {
	if tx.Actor.Role != access.System {
		return 0, models.Forbidden("Acceptances end by the clock.")
	}
	ids, err := LapsedAcceptances(ctx, tx)
	if err != nil {
		return 0, err
	}
	for _, id := range ids {
		c, err := take(ctx, tx, id)
		if err != nil {
			return 0, err
		}
		signers := c.signers()
		if err := c.reopen(ctx, tx, "finding.expire", "The risk acceptance ended on "+string(c.Acceptance().ExpiresOn)+"."); err != nil {
			return 0, err
		}
		if err := c.tell(ctx, tx, notice.AcceptanceExpired, "The accepted risk of %s has ended, and the finding is open again.", signers...); err != nil {
			return 0, err
		}
	}
	return len(ids), nil
}
