package request

import (
	"context"
	"slices"

	"assay/models"
)

// Parts are what belongs to a request, as far as the actor may see it.
type Parts struct {
	Items   []Item
	Answers []Answer  // what was given
	Steps   []Step    // the first one first
	Thread  []Message // what was said last, the first word first
	Earlier bool      // more was said before
}

// PartsOf reads them in one query: of the thread what was said last, or last before a
// message.
func PartsOf(ctx context.Context, tx *models.Tx, request, before int64) (p Parts, err error) {
	err = models.Together(ctx, tx,
		models.Into(models.Rows[Item](tx).Where("request_id = ?", request).Order("place"), &p.Items),
		models.Into(models.Rows[Answer](tx).Where("request_id = ?", request).Order("id"), &p.Answers),
		models.Into(models.Rows[Step](tx).Where("request_id = ?", request).Order("place"), &p.Steps),
		models.Into(thread(tx, request, before), &p.Thread))
	p.Earlier = len(p.Thread) > ThreadShown
	p.Thread = p.Thread[:min(len(p.Thread), ThreadShown)]
	slices.Reverse(p.Thread)
	return p, err
}
