package population

import (
	"context"

	"assay/models"
)

// Around is what belongs to a population on its page.
type Around struct {
	Samples    []Sample // the newest first
	Before     Population
	Follows    bool // the actor may see the version before
	Next       Population
	Replaced   bool
	Acceptance Acceptance
	Accepted   bool
}

// AroundOf reads it in one query.
func AroundOf(ctx context.Context, tx *models.Tx, p Population) (a Around, err error) {
	var before, next []Population
	var accepted []Acceptance
	readings := []models.Reading{
		models.Into(models.Rows[Sample](tx).Where("population_id = ?", p.ID).Order("id DESC"), &a.Samples),
		models.Into(models.Rows[Population](tx).Where("replaces_id = ?", p.ID).Limit(1), &next),
		models.Into(models.Rows[Acceptance](tx).Where("population_id = ?", p.ID).Limit(1), &accepted),
	}
	if p.ReplacesID != nil {
		readings = append(readings, models.Into(models.Rows[Population](tx).Where("populations.id = ?", *p.ReplacesID), &before))
	}
	err = models.Together(ctx, tx, readings...)
	if len(before) > 0 {
		a.Before, a.Follows = before[0], true
	}
	if len(next) > 0 {
		a.Next, a.Replaced = next[0], true
	}
	if len(accepted) > 0 {
		a.Acceptance, a.Accepted = accepted[0], true
	}
	return a, err
}
