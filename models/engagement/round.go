package engagement

import (
	"context"

	"assay/models"
	"assay/models/access"
)

// A Round is one of the times at which the firm is at work: interim while the period runs,
// year-end when it is over. It says nothing about access, which the window decides.
type Round struct {
	models.Meta
	EngagementID int64
	Slug         string
	Kind         RoundKind
	Name         string
	FromOn       models.Date // civil dates in the engagement's zone
	ToOn         models.Date
}

// A RoundKind says which part of the work a round is.
type RoundKind string

// The kinds of round.
const (
	Interim RoundKind = "interim"
	YearEnd RoundKind = "year_end"
)

// RoundKinds lists them in the order they come.
var RoundKinds = []RoundKind{Interim, YearEnd}

// Label is k in words.
func (k RoundKind) Label() string {
	if k == Interim {
		return "Interim fieldwork"
	}
	return "Year-end fieldwork"
}

// TableName is where rounds live.
func (Round) TableName() string { return "engagement_rounds" }

// Path is the address of the engagement.
func (r Round) Path() string { return "engagements/" + r.Slug }

// VisibleTo is that of the engagement.
func (Round) VisibleTo(a access.Actor) (string, []any) { return ofEngagement("engagement_rounds", a) }

// Rounds lists those of an engagement in their order.
func Rounds(ctx context.Context, tx *models.Tx, engagement int64) ([]Round, error) {
	return rounds(tx, engagement).Find(ctx)
}

func rounds(tx *models.Tx, engagement int64) models.Query[Round] {
	return models.Rows[Round](tx).Where("engagement_id = ?", engagement).Order("from_on, id").Limit(50)
}

// roundsOpen reports whether the dates of fieldwork can still be planned.
func (e Engagement) roundsOpen() error {
	if e.Status.ScopeOpen() || e.Status == Fieldwork {
		return nil
	}
	return models.Conflict("Fieldwork is over; its dates stay as they were.")
}

// PlanRound adds a round, or changes the one that r names and the actor saw. A year-end
// round ends after the period does, and an interim one begins before.
func PlanRound(ctx context.Context, tx *models.Tx, e Engagement, r Round) error {
	if err := e.roundsOpen(); err != nil {
		return err
	}
	if err := r.check(e); err != nil {
		return err
	}
	note := models.Note{"round": r.Name, "kind": r.Kind.Label(), "dates": days(r.FromOn, r.ToOn)}
	if r.ID == 0 {
		r.EngagementID, r.Slug = e.ID, e.Slug
		return models.Insert(ctx, tx, &r, "round.plan", note)
	}
	if _, err := RoundOf(ctx, tx, e, r.ID); err != nil {
		return err
	}
	return models.Update(ctx, tx, &r, models.Columns{"Kind", "Name", "FromOn", "ToOn"}, "round.change", note)
}

func (r Round) check(e Engagement) error {
	bad := map[string]string{}
	if r.Kind != Interim && r.Kind != YearEnd {
		bad["round_kind"] = "Choose interim or year-end."
	}
	if r.Name == "" {
		bad["round_name"] = "Give the round a name, for example Walkthroughs and first quarter."
	}
	switch {
	case r.FromOn.IsZero():
		bad["from_on"] = "Enter the first day."
	case r.Kind == Interim && r.FromOn > e.PeriodEnd:
		bad["from_on"] = "Interim fieldwork begins while the period runs, which ends " + string(e.PeriodEnd) + "."
	}
	switch {
	case r.ToOn.IsZero():
		bad["to_on"] = "Enter the last day."
	case r.ToOn < r.FromOn:
		bad["to_on"] = "The round cannot end before it begins."
	case r.Kind == YearEnd && r.ToOn <= e.PeriodEnd:
		bad["to_on"] = "Year-end fieldwork goes on after the period, which ends " + string(e.PeriodEnd) + "."
	}
	if len(bad) > 0 {
		return models.Invalid(bad)
	}
	return nil
}

// RoundOf finds a round of e.
func RoundOf(ctx context.Context, tx *models.Tx, e Engagement, id int64) (Round, error) {
	r, err := models.Rows[Round](tx).Where("id = ? AND engagement_id = ?", id, e.ID).Take(ctx)
	return models.One(r, err, "Round")
}

// DropRound takes a planned round out. rev is the one the actor saw.
func DropRound(ctx context.Context, tx *models.Tx, e Engagement, id, rev int64) error {
	if err := e.roundsOpen(); err != nil {
		return err
	}
	r, err := RoundOf(ctx, tx, e, id)
	if err != nil {
		return err
	}
	r.Rev = rev
	return models.Delete(ctx, tx, &r, "round.drop", models.Note{"round": r.Name, "dates": days(r.FromOn, r.ToOn)})
}
