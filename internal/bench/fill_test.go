package bench_test

import (
	"testing"

	"assay/internal/bench"
	"assay/models"
	"assay/models/evidence"
	"assay/models/ledger"
	"assay/models/modelstest"
)

// TestWhatIsGeneratedHolds keeps the figures honest: they are taken on data that the log
// answers for.
func TestWhatIsGeneratedHolds(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		blobs := []evidence.Upload{{Name: "a.csv", Digest: "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b", Size: 1}}
		if err := bench.Fill(t.Context(), db, bench.Size{Controls: 120, Items: 240}, blobs); err != nil {
			t.Fatal(err)
		}
		r, err := ledger.Verify(t.Context(), db)
		if err != nil || len(r.Problems) > 0 {
			t.Fatal(err, r.Problems)
		}
		if want := int64(2*120 + 2*240 + 4 + 60 + 1); r.Leaves != want || r.Rows != want {
			t.Errorf("%d leaves and %d rows, want %d of each", r.Leaves, r.Rows, want)
		}
	})
}
