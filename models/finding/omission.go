package finding

import (
	"context"
	"fmt"
	"strings"

	"assay/models"
	"assay/models/controltest"
	"assay/models/engagement"
	"assay/models/population"
)

// A row that a population lacked was never tested, so that it was omitted is a deviation of
// its own. It begins an exception of the test that rests on the population.

// omitted are the places of rows that x says were omitted, in the test with this id. A test
// that is concluded is opened again first, so that its conclusion can say it.
func omitted(ctx context.Context, tx *models.Tx, e engagement.Engagement, test int64, x population.Omission) ([]place, error) {
	t, err := controltest.ByID(ctx, tx, test)
	if err == nil && (t.EngagementID != e.ID || x.EngagementID != e.ID) {
		err = models.NotFound("Test")
	}
	if err != nil {
		return nil, err
	}
	paper, err := controltest.Load(ctx, tx, e, t)
	if err != nil {
		return nil, err
	}
	switch {
	case t.ControlID != x.ControlID || !paper.RestsOn(x.ID, *x.ReplacesID):
		return nil, models.Conflict(fmt.Sprintf("%s does not rest on %s, nor on the version before it.", t.Code(), x.Code()))
	case t.Status.Done():
		return nil, models.Conflict(t.Code() + " is concluded. The lead opens it again first, so that its conclusion can say what was omitted.")
	}
	places := make([]place, len(x.Keys))
	for i, key := range x.Keys {
		places[i] = place{Paper: paper, cell: controltest.Cell{TestID: t.ID}, key: key, marked: true, of: &x.ID, about: fmt.Sprintf("Listed in P-%d", *x.ReplacesID)}
	}
	return places, nil
}

// BegunOmitted is what is known of an omission before anybody wrote a word.
func BegunOmitted(ctx context.Context, tx *models.Tx, e engagement.Engagement, test int64, x population.Omission) (Facts, controltest.Paper, error) {
	places, err := omitted(ctx, tx, e, test, x)
	if err != nil {
		return Facts{}, controltest.Paper{}, err
	}
	return Facts{
		Title:     fmt.Sprintf("%s: the population lacked %s", x.Control, models.Plural(len(x.Keys), "row")),
		Condition: fmt.Sprintf("P-%d lacked %s, which version %d (%s) has. Said with that version: “%s”", *x.ReplacesID, strings.Join(x.Keys, ", "), x.Version, x.Code(), x.ChangeNote),
		Criterion: "The population from which the control is tested lists every item of the period.",
	}, places[0].Paper, nil
}

// ExceptOmitted raises one exception from rows that a population lacked.
func ExceptOmitted(ctx context.Context, tx *models.Tx, e engagement.Engagement, test int64, x population.Omission, in Facts, auditor int64) (Finding, error) {
	by, err := excepting(ctx, tx, e, auditor)
	if err != nil {
		return Finding{}, err
	}
	places, err := omitted(ctx, tx, e, test, x)
	if err != nil {
		return Finding{}, err
	}
	return in.except(ctx, tx, by, places...)
}

// JoinOmitted adds omitted rows to an exception of the same test whose facts are not settled.
func JoinOmitted(ctx context.Context, tx *models.Tx, e engagement.Engagement, id, test int64, x population.Omission, auditor int64) error {
	c, by, err := joining(ctx, tx, e, id, test, auditor)
	if err != nil {
		return err
	}
	places, err := omitted(ctx, tx, e, test, x)
	if err != nil {
		return err
	}
	return c.join(ctx, tx, by, places...)
}

// OmittedOf are the findings that stand on rows of a population, by key.
func OmittedOf(ctx context.Context, tx *models.Tx, population int64) (map[string]int64, error) {
	list, err := models.Rows[Cell](tx).Where("population_id = ? AND ended_at IS NULL", population).Order("item_key").Limit(200).Find(ctx)
	out := make(map[string]int64, len(list))
	for _, c := range list {
		out[c.ItemKey] = c.FindingID
	}
	return out, err
}
