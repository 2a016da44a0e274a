package finding

import (
	"context"
	"fmt"
	"slices"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/notice"
)

// A Plan says how a finding is put right in one of its cycles.
type Plan struct {
	models.Meta
	FindingID        int64
	Cycle            int
	Status           PlanStatus
	Summary          string
	OwnerID          int64
	DueOn            models.Date
	OriginalDueOn    models.Date // what was approved, before any extension
	CreatedBy        int64
	CreatedAt        time.Time
	SubmittedAt      *time.Time
	DecidedBy        *int64
	DecidedAt        *time.Time
	DecisionNote     string
	CompletedBy      *int64
	CompletedAt      *time.Time
	CompletionNote   string
	VerifiedBy       *int64
	VerifiedAt       *time.Time
	VerificationNote string
	Hands            models.List[int64] // who drew it up, revised, submitted, owned or completed it
}

// TableName is where plans live.
func (Plan) TableName() string { return "remediation_plans" }

// Path is the place of p on its finding's page.
func (p Plan) Path() string { return fmt.Sprintf("%s#plan-%d", path(p.FindingID), p.Cycle) }

// Within is the finding.
func (p Plan) Within() string { return path(p.FindingID) }

// VisibleTo follows the finding.
func (Plan) VisibleTo(a access.Actor) (string, []any) {
	return visible(a, "remediation_plans.finding_id")
}

// touch remembers people who had a hand in something, each once.
func touch(hands *models.List[int64], people ...int64) {
	for _, id := range people {
		if !slices.Contains(*hands, id) {
			*hands = append(slices.Clone(*hands), id)
		}
	}
}

// A PlanDraft is what is planned.
type PlanDraft struct {
	Summary string
	OwnerID int64
	DueOn   models.Date
}

func (in PlanDraft) check(ctx context.Context, tx *models.Tx) error {
	today, err := Today(ctx, tx)
	if err != nil {
		return err
	}
	p := problems{}
	p.need("summary", in.Summary, "Say in a few sentences how this will be put right.")
	p.day("due_on", in.DueOn, today)
	if err := responsible(ctx, tx, in.OwnerID, p); err != nil {
		return err
	}
	return p.err()
}

// DraftPlan begins the plan of the present cycle.
func DraftPlan(ctx context.Context, tx *models.Tx, id int64, in PlanDraft) (Plan, error) {
	c, err := take(ctx, tx, id)
	if err != nil {
		return Plan{}, err
	}
	if err := c.MayPlan(tx.Actor); err != nil {
		return Plan{}, err
	}
	if err := in.check(ctx, tx); err != nil {
		return Plan{}, err
	}
	p := Plan{
		FindingID: id, Cycle: c.Cycle, Status: PlanDrafted, Summary: in.Summary, OwnerID: in.OwnerID,
		DueOn: in.DueOn, OriginalDueOn: in.DueOn, CreatedBy: tx.Actor.ID, CreatedAt: tx.Now,
	}
	touch(&p.Hands, tx.Actor.ID, p.OwnerID)
	return p, models.Insert(ctx, tx, &p, "plan.draft")
}

// RevisePlan changes a plan that nobody decided about, or that was rejected.
func RevisePlan(ctx context.Context, tx *models.Tx, id, rev int64, in PlanDraft) error {
	c, err := planned(ctx, tx, id, rev)
	if err != nil {
		return err
	}
	if err := c.MayRevise(tx.Actor); err != nil {
		return err
	}
	if err := in.check(ctx, tx); err != nil {
		return err
	}
	p := c.Plan()
	for _, m := range c.Steps(p.ID) {
		if m.Status.Open() && m.DueOn > in.DueOn {
			return models.Invalid(map[string]string{"due_on": "The milestone “" + m.Title + "” is due later than this."})
		}
	}
	p.Summary, p.OwnerID, p.DueOn, p.OriginalDueOn = in.Summary, in.OwnerID, in.DueOn, in.DueOn
	touch(&p.Hands, tx.Actor.ID, p.OwnerID)
	return models.Update(ctx, tx, p, models.Columns{"Summary", "OwnerID", "DueOn", "OriginalDueOn", "Hands"}, "plan.revise")
}

// SubmitPlan asks for approval.
func SubmitPlan(ctx context.Context, tx *models.Tx, id, rev int64) error {
	c, err := planned(ctx, tx, id, rev)
	if err != nil {
		return err
	}
	if err := c.MaySubmit(tx.Actor); err != nil {
		return err
	}
	p := c.Plan()
	// A decision about the plan as it was says nothing about this one.
	p.Status, p.SubmittedAt, p.DecidedBy, p.DecidedAt, p.DecisionNote = PlanSubmitted, &tx.Now, nil, nil, ""
	touch(&p.Hands, tx.Actor.ID)
	return models.Update(ctx, tx, p, models.Columns{"Status", "SubmittedAt", "DecidedBy", "DecidedAt", "DecisionNote", "Hands"}, "plan.submit")
}

// ApprovePlan agrees to the plan; its date becomes the finding's.
func ApprovePlan(ctx context.Context, tx *models.Tx, id, rev int64, note string) error {
	c, err := decided(ctx, tx, id, rev, PlanApproved, "plan.approve", note)
	if err != nil {
		return err
	}
	c.DueOn = c.Plan().DueOn
	return c.move(ctx, tx, RemediationPlanned, "finding.plan", note, "DueOn")
}

// RejectPlan sends the plan back with a reason.
func RejectPlan(ctx context.Context, tx *models.Tx, id, rev int64, why string) error {
	if err := reason(why, "Say what has to change."); err != nil {
		return err
	}
	c, err := decided(ctx, tx, id, rev, PlanRejected, "plan.reject", why)
	if err != nil {
		return err
	}
	if err := c.tell(ctx, tx, notice.FindingSentBack, "The plan for %s was sent back, with a reason.", c.Plan().OwnerID); err != nil {
		return err
	}
	return c.mentions(ctx, tx, why)
}

func decided(ctx context.Context, tx *models.Tx, id, rev int64, to PlanStatus, verb, note string) (Case, error) {
	c, err := planned(ctx, tx, id, rev)
	if err != nil {
		return c, err
	}
	if err := c.MayDecide(tx.Actor); err != nil {
		return c, err
	}
	p := c.Plan()
	p.Status, p.DecidedBy, p.DecidedAt, p.DecisionNote = to, &tx.Actor.ID, &tx.Now, note
	return c, models.Update(ctx, tx, p, models.Columns{"Status", "DecidedBy", "DecidedAt", "DecisionNote"}, verb, models.Note{"note": note})
}

// planned takes a finding for a form that was filled in against revision rev of its
// present plan.
func planned(ctx context.Context, tx *models.Tx, id, rev int64) (Case, error) {
	c, err := take(ctx, tx, id)
	if err != nil {
		return c, err
	}
	if p := c.Plan(); p != nil {
		return c, fresh(p.Rev, rev)
	}
	return c, models.NotFound("Plan")
}

// CompletePlan says that everything was done; the finding then waits for somebody
// else to verify it.
func CompletePlan(ctx context.Context, tx *models.Tx, id, rev int64, note string) error {
	c, err := planned(ctx, tx, id, rev)
	if err != nil {
		return err
	}
	if err := c.MayComplete(tx.Actor); err != nil {
		return err
	}
	if err := reason(note, "Say what was done and how it can be seen."); err != nil {
		return err
	}
	p := c.Plan()
	p.Status, p.CompletedBy, p.CompletedAt, p.CompletionNote = PlanCompleted, &tx.Actor.ID, &tx.Now, note
	touch(&p.Hands, tx.Actor.ID)
	if err := models.Update(ctx, tx, p, models.Columns{"Status", "CompletedBy", "CompletedAt", "CompletionNote", "Hands"}, "plan.complete", models.Note{"note": note}); err != nil {
		return err
	}
	return c.move(ctx, tx, ReadyForVerification, "finding.ready", note)
}

// Progress counts the steps of a plan that are not cancelled.
type Progress struct{ Done, Total int }

// Progress is that of the present plan.
func (c *Case) Progress() Progress {
	var out Progress
	p := c.Plan()
	if p == nil {
		return out
	}
	for _, m := range c.Steps(p.ID) {
		if m.Status == MilestoneCancelled {
			continue
		}
		out.Total++
		if !m.Status.Open() {
			out.Done++
		}
	}
	return out
}
