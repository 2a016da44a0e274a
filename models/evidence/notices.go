package evidence

import (
	"context"
	"fmt"

	"assay/models"
	"assay/models/control"
	"assay/models/notice"
)

// tellUploader says what was decided on i. The words of the decision stay here: they may
// quote what the evidence shows.
func tellUploader(ctx context.Context, tx *models.Tx, i Item, c control.Control, note string) error {
	n := notice.Notice{Kind: notice.EvidenceAccepted, About: i.Path(), Sentence: fmt.Sprintf("%s for %s, %s, was accepted.", i.Code(), c.Code, c.Title)}
	if i.Status == Returned {
		n.Kind, n.Sentence = notice.EvidenceReturned, fmt.Sprintf("%s for %s, %s, was returned, with a reason.", i.Code(), c.Code, c.Title)
	}
	if err := notice.Tell(ctx, tx, n, i.UploadedBy); err != nil {
		return err
	}
	return notice.Mentions(ctx, tx, i.Path(), i.Code(), note)
}
