package request

import (
	"context"

	"assay/models"
)

// Parts are what belongs to a request, as far as the actor may see it.
type Parts struct {
	Items   []Item
	Answers []Answer  // what was given
	Steps   []Step    // the first one first
	Thread  []Message // what was said, the first word first
}

// PartsOf reads them in one query.
func PartsOf(ctx context.Context, tx *models.Tx, request int64) (p Parts, err error) {
	err = models.Together(ctx, tx,
		models.Into(models.Rows[Item](tx).Where("request_id = ?", request).Order("place"), &p.Items),
		models.Into(models.Rows[Answer](tx).Where("request_id = ?", request).Order("id"), &p.Answers),
		models.Into(models.Rows[Step](tx).Where("request_id = ?", request).Order("place"), &p.Steps),
		models.Into(models.Rows[Message](tx).Where("request_id = ?", request).Order("id").Limit(500), &p.Thread))
	return p, err
}
