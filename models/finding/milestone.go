package finding

import (
	"context"
	"fmt"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/notice"
)

// A Milestone is one step of a plan.
type Milestone struct {
	models.Meta
	FindingID     int64
	PlanID        int64
	Title         string
	OwnerID       int64
	DueOn         models.Date
	OriginalDueOn models.Date
	Status        MilestoneStatus
	ProofID       *int64 // the evidence that it was done
	DoneBy        *int64
	DoneAt        *time.Time
	Note          string
	VerifiedBy    *int64
	VerifiedAt    *time.Time
	Hands         models.List[int64] // who wrote it, owned it or called it done
}

// TableName is where milestones live.
func (Milestone) TableName() string { return "milestones" }

// Path is the place of m on its finding's page.
func (m Milestone) Path() string { return fmt.Sprintf("%s#milestone-%d", path(m.FindingID), m.ID) }

// Within is the finding.
func (m Milestone) Within() string { return path(m.FindingID) }

// VisibleTo follows the finding.
func (Milestone) VisibleTo(a access.Actor) (string, []any) {
	return visible(a, "milestones.finding_id")
}

func (m *Milestone) while(list ...MilestoneStatus) error {
	for _, s := range list {
		if m.Status == s {
			return nil
		}
	}
	return models.Conflict("This milestone is " + lower(m.Status.Label()) + " now. Please look again.")
}

// A Step is what a milestone asks for.
type Step struct {
	Title   string
	OwnerID int64
	DueOn   models.Date
}

func (in Step) check(ctx context.Context, tx *models.Tx, plan *Plan) error {
	today, err := Today(ctx, tx)
	if err != nil {
		return err
	}
	p := problems{}
	p.need("title", in.Title, "Say what will be done.")
	p.day("due_on", in.DueOn, today)
	if in.DueOn > plan.DueOn {
		p["due_on"] = "The plan ends on " + string(plan.DueOn) + ". Choose that day or an earlier one."
	}
	if err := responsible(ctx, tx, in.OwnerID, p); err != nil {
		return err
	}
	return p.err()
}

// AddMilestone adds a step to the plan of the present cycle.
func AddMilestone(ctx context.Context, tx *models.Tx, id int64, in Step) (Milestone, error) {
	c, err := take(ctx, tx, id)
	if err != nil {
		return Milestone{}, err
	}
	if err := c.MayAddStep(tx.Actor); err != nil {
		return Milestone{}, err
	}
	p := c.Plan()
	if err := in.check(ctx, tx, p); err != nil {
		return Milestone{}, err
	}
	m := Milestone{
		FindingID: id, PlanID: p.ID, Title: in.Title, OwnerID: in.OwnerID,
		DueOn: in.DueOn, OriginalDueOn: in.DueOn, Status: MilestonePlanned,
	}
	touch(&m.Hands, tx.Actor.ID, m.OwnerID)
	return m, models.Insert(ctx, tx, &m, "milestone.add", models.Note{"title": m.Title})
}

// EditMilestone changes a step of a plan that is not approved.
func EditMilestone(ctx context.Context, tx *models.Tx, id, milestone, rev int64, in Step) error {
	c, p, m, err := stepTaken(ctx, tx, id, milestone, rev)
	if err != nil {
		return err
	}
	if err := c.MayEditStep(m, tx.Actor); err != nil {
		return err
	}
	if err := in.check(ctx, tx, p); err != nil {
		return err
	}
	m.Title, m.OwnerID, m.DueOn, m.OriginalDueOn = in.Title, in.OwnerID, in.DueOn, in.DueOn
	touch(&m.Hands, tx.Actor.ID, m.OwnerID)
	return models.Update(ctx, tx, m, models.Columns{"Title", "OwnerID", "DueOn", "OriginalDueOn", "Hands"}, "milestone.edit", models.Note{"title": m.Title})
}

// StartMilestone begins a step. With the first one the plan and the finding begin too.
func StartMilestone(ctx context.Context, tx *models.Tx, id, milestone, rev int64) error {
	c, p, m, err := stepTaken(ctx, tx, id, milestone, rev)
	if err != nil {
		return err
	}
	if err := c.MayStart(m, tx.Actor); err != nil {
		return err
	}
	m.Status = MilestoneInProgress
	if err := models.Update(ctx, tx, m, models.Columns{"Status"}, "milestone.start", models.Note{"title": m.Title}); err != nil {
		return err
	}
	if p.Status == PlanInProgress {
		return nil
	}
	p.Status = PlanInProgress
	if err := models.Update(ctx, tx, p, models.Columns{"Status"}, "plan.start"); err != nil {
		return err
	}
	return c.move(ctx, tx, InRemediation, "finding.start", "")
}

// FinishMilestone says that a step was done. The proof is an evidence item that the
// actor may see and that was not withdrawn.
func FinishMilestone(ctx context.Context, tx *models.Tx, id, milestone, rev, proofID int64, note string) error {
	c, _, m, err := stepTaken(ctx, tx, id, milestone, rev)
	if err != nil {
		return err
	}
	if err := c.MayFinish(m, tx.Actor); err != nil {
		return err
	}
	if err := checkProof(ctx, tx, proofID); err != nil {
		return err
	}
	m.Status, m.ProofID, m.DoneBy, m.DoneAt, m.Note = MilestoneDone, &proofID, &tx.Actor.ID, &tx.Now, note
	touch(&m.Hands, tx.Actor.ID)
	return models.Update(ctx, tx, m, models.Columns{"Status", "ProofID", "DoneBy", "DoneAt", "Note", "Hands"}, "milestone.done", models.Note{"title": m.Title, "note": note})
}

// VerifyMilestone says that the proof shows the step.
func VerifyMilestone(ctx context.Context, tx *models.Tx, id, milestone, rev int64) error {
	c, _, m, err := stepTaken(ctx, tx, id, milestone, rev)
	if err != nil {
		return err
	}
	if err := c.MayVerifyStep(m, tx.Actor); err != nil {
		return err
	}
	return m.verify(ctx, tx)
}

func (m *Milestone) verify(ctx context.Context, tx *models.Tx) error {
	m.Status, m.VerifiedBy, m.VerifiedAt = MilestoneVerified, &tx.Actor.ID, &tx.Now
	return models.Update(ctx, tx, m, models.Columns{"Status", "VerifiedBy", "VerifiedAt"}, "milestone.verify", models.Note{"title": m.Title})
}

// ReturnMilestone says that the proof does not show the step, which is then to be
// done again. If the plan was completed, it and the finding are open again.
func ReturnMilestone(ctx context.Context, tx *models.Tx, id, milestone, rev int64, why string) error {
	c, p, m, err := stepTaken(ctx, tx, id, milestone, rev)
	if err != nil {
		return err
	}
	if err := c.MayVerifyStep(m, tx.Actor); err != nil {
		return err
	}
	if err := reason(why, "Say what is missing."); err != nil {
		return err
	}
	m.Status, m.Note = MilestoneInProgress, why
	if err := models.Update(ctx, tx, m, models.Columns{"Status", "Note"}, "milestone.return", models.Note{"title": m.Title, "note": why}); err != nil {
		return err
	}
	if err := c.tell(ctx, tx, notice.FindingSentBack, "A step of the plan for %s was sent back, with a reason.", m.OwnerID); err != nil {
		return err
	}
	if p.Status == PlanCompleted {
		return c.sendBack(ctx, tx, why)
	}
	return c.mentions(ctx, tx, why)
}

// CancelMilestone takes a step out of the plan, with a reason.
func CancelMilestone(ctx context.Context, tx *models.Tx, id, milestone, rev int64, why string) error {
	c, _, m, err := stepTaken(ctx, tx, id, milestone, rev)
	if err != nil {
		return err
	}
	if err := c.MayCancel(m, tx.Actor); err != nil {
		return err
	}
	if err := reason(why, "Say why this step is not needed."); err != nil {
		return err
	}
	m.Status, m.Note = MilestoneCancelled, why
	return models.Update(ctx, tx, m, models.Columns{"Status", "Note"}, "milestone.cancel", models.Note{"title": m.Title, "note": why})
}

func stepTaken(ctx context.Context, tx *models.Tx, id, milestone, rev int64) (Case, *Plan, *Milestone, error) {
	c, err := take(ctx, tx, id)
	if err != nil {
		return c, nil, nil, err
	}
	p, m, err := c.step(milestone)
	if err != nil {
		return c, nil, nil, err
	}
	return c, p, m, fresh(m.Rev, rev)
}
