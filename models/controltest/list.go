package controltest

import (
	"context"
	"iter"

	"assay/models"
	"assay/models/engagement"
	"assay/models/population"
)

// List lists the tests of an engagement that the actor may see, by control. A page
// at a time.
func List(ctx context.Context, tx *models.Tx, engagement int64, page models.Page) (models.Window[Test], error) {
	return models.Keyset(ctx, models.Rows[Test](tx).Where("control_tests.engagement_id = ?", engagement),
		models.Sort{Columns: []string{"control", "id"}}, page, func(t Test) []any { return []any{t.Control, t.ID} })
}

// Of lists the tests of one control in an engagement that the actor may see.
func Of(ctx context.Context, tx *models.Tx, engagement, control int64) ([]Test, error) {
	return models.Rows[Test](tx).Where("control_tests.engagement_id = ? AND control_tests.control_id = ?", engagement, control).Order("id").Find(ctx)
}

// Populations are the locked lists of the test's control, the newest first.
func Populations(ctx context.Context, tx *models.Tx, t Test) ([]population.Line, error) {
	return populations(tx, t).Find(ctx)
}

func populations(tx *models.Tx, t Test) models.Query[population.Line] {
	return models.Rows[population.Line](tx).Where("populations.control_id = ? AND populations.engagement_id = ? AND populations.status = 'locked'", t.ControlID, t.EngagementID).
		Order("id DESC").Limit(50)
}

// Samples are the draws from those lists that the test can take, the newest first.
func Samples(ctx context.Context, tx *models.Tx, t Test) ([]population.Sample, error) {
	if t.FixedAt == nil {
		return nil, nil
	}
	return samples(tx, t).Find(ctx)
}

func samples(tx *models.Tx, t Test) models.Query[population.Sample] {
	return models.Rows[population.Sample](tx).Where(`samples.population_id IN (SELECT p.id FROM populations p WHERE p.control_id = ? AND p.engagement_id = ? AND p.status = 'locked')
		AND samples.drawn_at >= ? AND NOT EXISTS (SELECT 1 FROM samples n WHERE n.redraws_id = samples.id)
		AND NOT EXISTS (SELECT 1 FROM test_samples l WHERE l.sample_id = samples.id AND l.test_id = ?)`, t.ControlID, t.EngagementID, *t.FixedAt, t.ID).Order("id DESC").Limit(50)
}

// A Choice is what the next selection of a test can be made from: Populations or Samples.
type Choice struct {
	Populations []population.Line
	Samples     []population.Sample
}

// Of is the reading of what t can take in its state.
func (c *Choice) Of(tx *models.Tx, t Test) []models.Reading {
	switch {
	case t.Status == DesignConcluded:
		return []models.Reading{models.Into(populations(tx, t), &c.Populations)}
	case t.Status.in(PopulationLocked, Sampled, Testing) && t.FixedAt != nil: // more may be drawn, from a next version for example
		return []models.Reading{models.Into(samples(tx, t), &c.Samples)}
	}
	return nil
}

// All goes through every test of e that the actor may see, by control, each with its
// segment, attributes, items, results, evidence and conclusion, a few at a time. Of the
// notes only those that were shared are there, whoever asks: this is what leaves the house.
func All(ctx context.Context, tx *models.Tx, e engagement.Engagement) iter.Seq2[Paper, error] {
	return func(yield func(Paper, error) bool) {
		for page := (models.Page{Limit: 20}); ; {
			w, err := List(ctx, tx, e.ID, page)
			var papers []Paper
			if err == nil && len(w.Items) > 0 {
				papers, err = load(ctx, tx, e, w.Items, nil)
			}
			if err != nil {
				yield(Paper{}, err)
				return
			}
			for _, p := range papers {
				p.Notes = sharedOf(p.Notes)
				if !yield(p, nil) {
					return
				}
			}
			if w.Later == "" {
				return
			}
			page.After = w.Later
		}
	}
}

func sharedOf(notes []Note) (out []Note) {
	for _, n := range notes {
		if n.SharedAt != nil {
			out = append(out, n)
		}
	}
	return out
}

// A Count is how far the tests of an engagement are.
type Count struct {
	Status Status
	N      int
}

// Counts counts the tests of an engagement that the actor may see, by state.
func Counts(ctx context.Context, tx *models.Tx, engagement int64) (map[Status]int, error) {
	cond, args := Test{}.VisibleTo(tx.Actor)
	query := "SELECT status, count(*) AS n FROM control_tests WHERE engagement_id = ?"
	if cond != "" {
		query += " AND " + cond
	}
	list, err := models.Raw[Count](ctx, tx, query+" GROUP BY status", append([]any{engagement}, args...)...)
	out := map[Status]int{}
	for _, c := range list {
		out[c.Status] = c.N
	}
	return out, err
}
