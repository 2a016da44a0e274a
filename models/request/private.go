package request

import (
	"context"

	"assay/models"
)

// Private reads what the audit team of an engagement said to itself, past what anybody of
// the company may see. It is for the freeze, which makes documents of it that are the
// team's own and that no role of the company can read.
func Private(ctx context.Context, tx *models.Tx, engagement int64) ([]Message, error) {
	return models.Raw[Message](ctx, tx, "SELECT request_messages.* FROM request_messages WHERE request_id IN (SELECT id FROM requests WHERE engagement_id = ?) AND audience = ? ORDER BY request_id, id", engagement, TeamOnly)
}
