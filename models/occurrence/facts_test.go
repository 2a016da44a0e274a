package occurrence_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"assay/models"
	"assay/models/access"
	"assay/models/modelstest"
	"assay/models/occurrence"
)

// TestFactsComeFromIndexesAlone: a hundred thousand of them are read for one page, and the
// text of each is kept as it is asked for. The two say the same words only if nobody changes one.
func TestFactsComeFromIndexesAlone(t *testing.T) {
	each(t, func(c company) {
		if c.db.Dialect() != "sqlite" {
			return // it chooses by what there is
		}
		c.control("AC-01", version("monthly", "2026-01-01"))
		f := c.frame("2026-01-01", "2026-12-31")
		for _, reader := range []access.Actor{c.priya, modelstest.Person(c.T, c.db, access.Auditor)} {
			read := func() {
				modelstest.Look(c.T, c.db, reader, func(ctx context.Context, tx *models.Tx) error {
					_, one := occurrence.Sheets(ctx, tx, f, occurrence.Scope{Controls: []int64{1}})
					_, all := occurrence.Sheets(ctx, tx, f, occurrence.Scope{})
					return errors.Join(one, all)
				})
			}
			found := 0
			for _, query := range c.db.Statements(read) {
				if !strings.Contains(query, "'cover'") {
					continue
				}
				found++
				plan := modelstest.Plan(c.T, c.db, query)
				for _, index := range []string{"evidence_facts", "performances_facts"} {
					if !strings.Contains(plan, "COVERING INDEX "+index) {
						c.Errorf("to %s %s does not say all:\n%s", reader.Role, index, plan)
					}
				}
			}
			if want := map[access.Role]int{access.Compliance: 2, access.Auditor: 1}[reader.Role]; found != want { // an auditor without an engagement sees no control
				c.Errorf("%s: asked %d times, want %d", reader.Role, found, want)
			}
		}
	})
}
