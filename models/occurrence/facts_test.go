package occurrence_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/modelstest"
	"assay/models/occurrence"
	"assay/models/period"
)

// TestFactsComeFromIndexesAlone: a hundred thousand of them are read for one page, and the
// text of each is kept as it is asked for. The two say the same words only if nobody changes one.
func TestFactsComeFromIndexesAlone(t *testing.T) {
	db := modelstest.SQLite(t)
	f := occurrence.FrameOf(period.Span{From: "2026-01-01", To: "2026-12-31"}, time.UTC, modelstest.Now)
	for _, role := range []access.Role{access.Compliance, access.Auditor} {
		reader := modelstest.Person(t, db, role)
		read := func() {
			modelstest.Look(t, db, reader, func(ctx context.Context, tx *models.Tx) error {
				_, err := occurrence.Sheets(ctx, tx, f, occurrence.Scope{Controls: []int64{1}})
				return err
			})
		}
		found := false
		for _, query := range db.Statements(read) {
			if !strings.Contains(query, "'cover'") {
				continue
			}
			found = true
			plan := modelstest.Plan(t, db, query)
			for _, index := range []string{"evidence_facts", "performances_facts"} {
				if !strings.Contains(plan, "COVERING INDEX "+index) {
					t.Errorf("to %s %s does not say all:\n%s", role, index, plan)
				}
			}
		}
		if !found {
			t.Errorf("nothing was asked for %s", role)
		}
	}
}
