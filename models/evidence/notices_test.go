package evidence_test

import (
	"context"
	"strings"
	"testing"

	"assay/models"
	"assay/models/access"
	"assay/models/modelstest"
	"assay/models/notice"
)

func (c company) told(a access.Actor) (list []notice.Notice) {
	c.Helper()
	modelstest.Look(c.T, c.db, a, func(ctx context.Context, tx *models.Tx) (err error) {
		list, err = models.Rows[notice.Notice](tx).Order("id").Find(ctx)
		return err
	})
	return list
}

// TestTheUploaderIsTold: at once of what came back, in the morning of what is good, and
// without the reviewer's words, which may quote what the evidence shows.
func TestTheUploaderIsTold(t *testing.T) {
	each(t, func(c company) {
		before := len(c.told(c.owner))
		i, err := c.returned(c.priya, c.submitted(c.owner, details()), "Jane Doe's row is missing. @"+c.ines.Name+", look.")
		c.must(err)
		_, err = c.accept(c.priya, c.submitted(c.owner, details(), upload("x.csv", "x")))
		c.must(err)
		got := c.told(c.owner)[before:]
		if len(got) != 2 || got[0].Kind != notice.EvidenceReturned || got[0].Mail != notice.Now || got[0].About != i.Path() ||
			got[1].Kind != notice.EvidenceAccepted || got[1].Mail != notice.Digest {
			t.Fatalf("told %+v", got)
		}
		if strings.Contains(got[0].Sentence, "Jane") || !strings.HasPrefix(got[0].Sentence, i.Code()+" for ") {
			t.Errorf("told %q", got[0].Sentence)
		}
		if ines := c.told(c.ines); len(ines) != 1 || ines[0].Kind != notice.Mentioned || ines[0].About != i.Path() {
			t.Errorf("whom the reason names is told %+v", ines)
		}
		if priya := c.told(c.priya); len(priya) != 0 {
			t.Errorf("the reviewer is told %+v", priya)
		}
	})
}
