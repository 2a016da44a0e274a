package finding

import (
	"context"

	"assay/models"
)

// checkProof refuses what is no evidence, or was withdrawn.
func checkProof(ctx context.Context, tx *models.Tx, id int64) error {
	type item struct{ Status string }
	rows, err := models.Raw[item](ctx, tx, "SELECT status FROM evidence WHERE id = ?", id)
	switch {
	case err != nil:
		return err
	case len(rows) == 0:
		return models.Invalid(map[string]string{"proof": "There is no such evidence item. Give its number, such as E-12."})
	case rows[0].Status == "withdrawn":
		return models.Invalid(map[string]string{"proof": "This evidence was withdrawn. Give another item."})
	}
	return nil
}
