package people_test

import (
	"context"
	"testing"

	"assay/models"
	"assay/models/access"
	"assay/models/modelstest"
	"assay/models/notice"
	"assay/models/people"
)

// TestASessionCountsWhatIsUnread by the way, the person's own notices and nobody else's.
func TestASessionCountsWhatIsUnread(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ada, ben := modelstest.Person(t, db, access.Administrator), modelstest.Person(t, db, access.Owner)
		sit(t, db, ada.ID, "token of ada")
		err := db.Bookkeep(t.Context(), func(tx *models.Tx) error {
			return models.PutAll(t.Context(), tx, []notice.Notice{
				{PersonID: ada.ID, Kind: notice.EvidenceReturned, Sentence: "one", CreatedAt: tx.Now},
				{PersonID: ada.ID, Kind: notice.EvidenceReturned, Sentence: "two", CreatedAt: tx.Now},
				{PersonID: ada.ID, Kind: notice.EvidenceReturned, Sentence: "read", CreatedAt: tx.Now, ReadAt: &tx.Now},
				{PersonID: ben.ID, Kind: notice.EvidenceReturned, Sentence: "another's", CreatedAt: tx.Now},
			})
		})
		if err != nil {
			t.Fatal(err)
		}
		modelstest.Look(t, db, access.Actor{}, func(ctx context.Context, tx *models.Tx) error {
			s, _, err := people.BySession(ctx, tx, "token of ada")
			if err != nil || s.Bell == nil || *s.Bell != 2 {
				t.Errorf("got %v, %v", s.Bell, err)
			}
			return nil
		})
	})
}
