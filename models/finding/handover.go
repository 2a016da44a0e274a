package finding

import (
	"context"

	"assay/models"
)

// Duties is what a person still has to do about findings.
type Duties struct {
	Findings   []Finding   // that they answer for
	Plans      []Plan      // of open findings
	Milestones []Milestone // that are not done
}

// Count is how many things that are.
func (d Duties) Count() int { return len(d.Findings) + len(d.Plans) + len(d.Milestones) }

// DutiesOf lists what a person still has to do about findings. What is over stays with
// whoever did it.
func DutiesOf(ctx context.Context, tx *models.Tx, person int64) (d Duties, err error) {
	open := statuses(true)
	if d.Findings, err = models.Rows[Finding](tx).Where("owner_id = ? AND status IN ?", person, open).Order("id").Find(ctx); err != nil {
		return d, err
	}
	d.Plans, err = models.Rows[Plan](tx).
		Where("owner_id = ? AND status <> ?", person, PlanVerified).
		Where("finding_id IN (SELECT id FROM findings f WHERE f.status IN ? AND f.cycle = remediation_plans.cycle)", open).
		Order("finding_id, id").Find(ctx)
	if err != nil {
		return d, err
	}
	d.Milestones, err = models.Rows[Milestone](tx).
		Where("owner_id = ? AND status IN ?", person, []MilestoneStatus{MilestonePlanned, MilestoneInProgress}).
		Where("plan_id IN (SELECT p.id FROM remediation_plans p JOIN findings f ON f.id = p.finding_id AND f.cycle = p.cycle WHERE f.status IN ?)", open).
		Order("finding_id, id").Find(ctx)
	return d, err
}

// HandOver gives what one person still has to do about findings to another, with a leaf
// each, and returns how much that was. It refuses whoever cannot work on findings, and
// whoever approved one of the plans: a plan is not owned by its judge.
func HandOver(ctx context.Context, tx *models.Tx, from, to int64) (int, error) {
	d, err := DutiesOf(ctx, tx, from)
	if err != nil || d.Count() == 0 {
		return 0, err
	}
	p := problems{}
	if err := responsible(ctx, tx, to, p); err != nil {
		return 0, err
	}
	if why := p["owner"]; why != "" {
		p = problems{"to": why} // as the form of a hand-over calls the new owner
	}
	for _, plan := range d.Plans {
		if plan.DecidedBy != nil && *plan.DecidedBy == to {
			p["to"] = "This person decided on the plan of " + Code(plan.FindingID) + " and cannot own it too. Choose somebody else."
		}
	}
	if err := p.err(); err != nil {
		return 0, err
	}
	return d.Count(), d.give(ctx, tx, to)
}

func (d Duties) give(ctx context.Context, tx *models.Tx, to int64) error {
	owner := models.Columns{"OwnerID"}
	for i := range d.Findings {
		d.Findings[i].OwnerID = &to
		if err := models.Update(ctx, tx, &d.Findings[i], owner, "finding.assign"); err != nil {
			return err
		}
		if err := tellOwner(ctx, tx, d.Findings[i], nil); err != nil {
			return err
		}
	}
	for i := range d.Plans {
		touch(&d.Plans[i].Hands, d.Plans[i].OwnerID, to)
		d.Plans[i].OwnerID = to
		if err := models.Update(ctx, tx, &d.Plans[i], append(owner, "Hands"), "plan.assign"); err != nil {
			return err
		}
	}
	for i := range d.Milestones {
		touch(&d.Milestones[i].Hands, d.Milestones[i].OwnerID, to)
		d.Milestones[i].OwnerID = to
		if err := models.Update(ctx, tx, &d.Milestones[i], append(owner, "Hands"), "milestone.assign"); err != nil {
			return err
		}
	}
	return nil
}
