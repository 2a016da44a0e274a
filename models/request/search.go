package request

import (
	"context"

	"assay/models"
	"assay/models/access"
)

// index finds requests by what is asked. Answers and threads are not in it: who may read
// those differs from line to line.
const index = models.SearchIndex("requests")

// consideredARow is how many matches are looked at for each one that is shown, since the
// newest may not be the reader's to see.
const consideredARow = 50

func (r Request) index(ctx context.Context, tx *models.Tx) error {
	items, err := Items(ctx, tx, r.ID)
	if err != nil {
		return err
	}
	texts := []string{r.Code(), r.Reference, r.Title, r.Detail, r.Control}
	for _, i := range items {
		texts = append(texts, i.Words)
	}
	return index.Put(ctx, tx, r.ID, texts...)
}

// sought are the requests that a search may show: to the company what it may know, to
// everybody else what was opened.
func sought(tx *models.Tx) models.Query[Request] {
	q := models.Rows[Request](tx)
	if !tx.Actor.Can(access.RequestRelease) {
		q = q.Where("requests.opened_at IS NOT NULL")
	}
	return q
}

// Search finds the newest n requests by what was typed.
func Search(ctx context.Context, tx *models.Tx, typed string, n int) ([]Request, error) {
	cond, args, ok := index.Matching(tx, "requests.id", typed, consideredARow*n)
	if !ok || !tx.Actor.Can(access.RequestView) {
		return nil, nil
	}
	return sought(tx).Where(cond, args...).Order("requests.id DESC").Limit(n).Find(ctx)
}

// ByNumber finds a request of any engagement by its number.
func ByNumber(ctx context.Context, tx *models.Tx, id int64) (Request, error) {
	if !tx.Actor.Can(access.RequestView) {
		return Request{}, models.NotFound("Request")
	}
	r, err := sought(tx).Where("requests.id = ?", id).Take(ctx)
	return models.One(r, err, "Request")
}
