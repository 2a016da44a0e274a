package modelstest

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"assay/models"
)

// FullScans runs f and names every statement of it that would read all of one of these
// tables, and more so the larger the company: a scan without index that neither a limit
// ends nor an index orders.
func FullScans(tb testing.TB, db *models.DB, f func(), tables ...string) []string {
	tb.Helper()
	// A plan of SQLite names a table by its alias.
	names := strings.Join(tables, "|")
	alias := regexp.MustCompile(`(?i)\b(?:FROM|JOIN) "?(?:` + names + `)"? (?:AS )?([a-z]+)\b`)
	var found []string
	for _, query := range db.Statements(f) {
		if !strings.HasPrefix(query, "SELECT") {
			continue
		}
		plan, all := explain(tb, db, query), names
		for _, m := range alias.FindAllStringSubmatch(query, -1) {
			all += "|" + m[1]
		}
		scan := regexp.MustCompile(`(?m)^\W*(SCAN|Seq Scan on) (` + all + `)\b.*$`)
		bounded := strings.Contains(query, "LIMIT") && !strings.Contains(plan, "TEMP B-TREE FOR ORDER BY") && !strings.Contains(plan, "Sort Key")
		for _, step := range scan.FindAllString(plan, -1) {
			if !bounded && !strings.Contains(step, "INDEX") {
				found = append(found, fmt.Sprintf("%s\n%s", query, plan))
				break
			}
		}
	}
	return found
}

// explain asks for the plan of a database that is large enough for indexes to pay.
func explain(tb testing.TB, db *models.DB, query string) string {
	tb.Helper()
	type line struct {
		Detail string // SQLite
		Line   string `gorm:"column:QUERY PLAN"`
	}
	var rows []line
	err := db.Bookkeep(tb.Context(), func(tx *models.Tx) (err error) {
		if !tx.Postgres() {
			rows, err = models.Raw[line](tb.Context(), tx, "EXPLAIN QUERY PLAN "+query)
			return err
		}
		if _, err := models.Raw[line](tb.Context(), tx, "SET LOCAL enable_seqscan = off"); err != nil {
			return err
		}
		rows, err = models.Raw[line](tb.Context(), tx, "EXPLAIN "+query)
		return err
	})
	if err != nil {
		tb.Fatalf("%v\n%s", err, query)
	}
	var plan strings.Builder
	for _, r := range rows {
		plan.WriteString(r.Detail + r.Line + "\n")
	}
	return plan.String()
}
