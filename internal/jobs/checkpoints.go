package jobs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"assay/internal/tlog"
	"assay/models"
)

// Checkpoints signs the head of the log after it has grown, well inside the ten seconds
// after which a change has to be under a signature.
//
// A replica that finds the log broken refuses writes from then on and signs no more. The
// next turn is the next one's, so that within seconds each has seen it for itself.
func Checkpoints(db *models.DB, signer *tlog.Signer) Work {
	return Work{
		Kind: "log.sign", Label: "Sign the head of the log", Next: After(2 * time.Second),
		Lease: 15 * time.Second, Prompt: true,
		When: func(ctx context.Context, tx *models.Tx) (bool, error) {
			if db.Halted() != "" {
				return false, nil
			}
			return tx.Unsigned(ctx)
		},
		Waits: "when something was written",
		Do: func(ctx context.Context, r *Run) error {
			size, err := r.DB.SignCheckpoint(ctx, signer)
			if errors.Is(err, models.ErrLogBroken) {
				return Hopeless(err)
			}
			if size > 0 {
				r.Said = fmt.Sprintf("%d leaves under a signature", size)
			}
			return err
		},
	}
}
