package finding

import (
	"context"

	"assay/models"
	"assay/models/evidence"
)

// checkProof refuses what the actor cannot see among the evidence, and what was
// withdrawn.
func checkProof(ctx context.Context, tx *models.Tx, id int64) error {
	item, err := evidence.ByID(ctx, tx, id)
	switch {
	case models.KindOf(err) == models.KindNotFound:
		return models.Invalid(map[string]string{"proof": "There is no such evidence item. Give its number, such as E-12."})
	case err != nil:
		return err
	case item.Status == evidence.Withdrawn:
		return models.Invalid(map[string]string{"proof": item.Code() + " was withdrawn. Give another item."})
	}
	return nil
}
