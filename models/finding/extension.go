package finding

import (
	"context"
	"fmt"
	"time"

	"assay/models"
	"assay/models/access"
)

// An Extension is a request for more time, for a whole plan or for one step of it.
// The original dates stay where they are.
type Extension struct {
	models.Meta
	FindingID   int64
	PlanID      int64
	MilestoneID *int64 // nil: the plan
	Number      int    // the how manieth of this date it would be
	DueBefore   models.Date
	DueAfter    models.Date
	Reason      string
	AskedBy     int64
	AskedAt     time.Time
	Status      ExtensionStatus
	DecidedBy   *int64
	DecidedAt   *time.Time
	Note        string
}

// TableName is where extensions live.
func (Extension) TableName() string { return "plan_extensions" }

// Path is the place of e on its finding's page.
func (e Extension) Path() string { return fmt.Sprintf("%s#extension-%d", path(e.FindingID), e.ID) }

// Within is the finding.
func (e Extension) Within() string { return path(e.FindingID) }

// VisibleTo follows the finding.
func (Extension) VisibleTo(a access.Actor) (string, []any) {
	return visible(a, "plan_extensions.finding_id")
}

// about reports whether e would move the date of m, or of p when m is nil.
func (e *Extension) about(p *Plan, m *Milestone) bool {
	if m == nil {
		return e.PlanID == p.ID && e.MilestoneID == nil
	}
	return e.MilestoneID != nil && *e.MilestoneID == m.ID
}

// AskExtension asks for more time until a day: for a step, or for the whole plan when
// milestone is 0. A step cannot end after its plan.
func AskExtension(ctx context.Context, tx *models.Tx, id, milestone int64, until models.Date, why string) (Extension, error) {
	c, err := take(ctx, tx, id)
	if err != nil {
		return Extension{}, err
	}
	p, m := c.Plan(), (*Milestone)(nil)
	if milestone != 0 {
		if p, m, err = c.step(milestone); err != nil {
			return Extension{}, err
		}
	}
	if err := c.MayExtend(m, tx.Actor); err != nil {
		return Extension{}, err
	}
	e := Extension{
		FindingID: id, PlanID: p.ID, Number: 1, DueBefore: p.DueOn, DueAfter: until, Reason: why,
		AskedBy: tx.Actor.ID, AskedAt: tx.Now, Status: ExtensionAsked,
	}
	if m != nil {
		e.MilestoneID, e.DueBefore = &m.ID, m.DueOn
	}
	for _, old := range c.Extensions {
		if old.Status == ExtensionGranted && old.about(p, m) {
			e.Number++
		}
	}
	if err := e.check(ctx, tx, p); err != nil {
		return e, err
	}
	return e, models.Insert(ctx, tx, &e, "extension.ask", models.Note{"until": string(until), "note": why})
}

func (e *Extension) check(ctx context.Context, tx *models.Tx, plan *Plan) error {
	today, err := Today(ctx, tx)
	if err != nil {
		return err
	}
	p := problems{}
	p.need("reason", e.Reason, "Say why more time is needed.")
	p.day("until", e.DueAfter, today)
	switch {
	case p["until"] != "":
	case e.DueAfter <= e.DueBefore:
		p["until"] = "Choose a day after " + string(e.DueBefore) + ", when it is due now."
	case e.MilestoneID != nil && e.DueAfter > plan.DueOn:
		p["until"] = "The plan ends on " + string(plan.DueOn) + ". Ask for more time for the plan first."
	}
	return p.err()
}

// GrantExtension moves the date. From the third one on it takes an executive.
func GrantExtension(ctx context.Context, tx *models.Tx, id, extension, rev int64, note string) error {
	c, e, err := extensionTaken(ctx, tx, id, extension, rev)
	if err != nil {
		return err
	}
	if err := c.MayExtendGrant(e, tx.Actor); err != nil {
		return err
	}
	if err := e.decide(ctx, tx, ExtensionGranted, "extension.grant", note); err != nil {
		return err
	}
	moved := models.Note{"from": string(e.DueBefore), "to": string(e.DueAfter)}
	if e.MilestoneID != nil {
		_, m, err := c.step(*e.MilestoneID)
		if err != nil {
			return err
		}
		m.DueOn = e.DueAfter
		return models.Update(ctx, tx, m, models.Columns{"DueOn"}, "milestone.extend", moved)
	}
	p := c.Plan()
	p.DueOn, c.DueOn = e.DueAfter, e.DueAfter
	if err := models.Update(ctx, tx, p, models.Columns{"DueOn"}, "plan.extend", moved); err != nil {
		return err
	}
	return models.Update(ctx, tx, &c.Finding, models.Columns{"DueOn"}, "finding.extend", moved)
}

// RefuseExtension leaves the date, with a reason.
func RefuseExtension(ctx context.Context, tx *models.Tx, id, extension, rev int64, why string) error {
	c, e, err := extensionTaken(ctx, tx, id, extension, rev)
	if err != nil {
		return err
	}
	if err := c.MayExtendDecide(e, tx.Actor); err != nil {
		return err
	}
	if err := reason(why, "Say why there is no more time."); err != nil {
		return err
	}
	return e.decide(ctx, tx, ExtensionRefused, "extension.refuse", why)
}

func (e *Extension) decide(ctx context.Context, tx *models.Tx, to ExtensionStatus, verb, note string) error {
	e.Status, e.DecidedBy, e.DecidedAt, e.Note = to, &tx.Actor.ID, &tx.Now, note
	return models.Update(ctx, tx, e, models.Columns{"Status", "DecidedBy", "DecidedAt", "Note"}, verb, models.Note{"until": string(e.DueAfter), "note": note})
}

func extensionTaken(ctx context.Context, tx *models.Tx, id, extension, rev int64) (Case, *Extension, error) {
	c, err := take(ctx, tx, id)
	if err != nil {
		return c, nil, err
	}
	for i := range c.Extensions {
		if c.Extensions[i].ID == extension {
			return c, &c.Extensions[i], fresh(c.Extensions[i].Rev, rev)
		}
	}
	return c, nil, models.NotFound("Request for more time")
}
