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

// Sorts runs f and names every statement of it that reads a stretch of one of these tables
// in an order that no index has, so that all rows are sorted to show some.
func Sorts(tb testing.TB, db *models.DB, f func(), tables ...string) []string {
	tb.Helper()
	from := regexp.MustCompile(`^SELECT [^()]* FROM "(` + strings.Join(tables, "|") + `)" .* LIMIT \d+$`)
	var found []string
	for _, query := range db.Statements(f) {
		if !from.MatchString(query) {
			continue
		}
		if plan := explain(tb, db, query, "enable_sort"); strings.Contains(plan, "TEMP B-TREE FOR ORDER BY") || strings.Contains(plan, "Sort Key") {
			found = append(found, fmt.Sprintf("%s\n%s", query, plan))
		}
	}
	return found
}

// Plan is how the database would answer a query.
func Plan(tb testing.TB, db *models.DB, query string) string {
	tb.Helper()
	return explain(tb, db, query)
}

// explain asks for the plan of a database that is large enough for indexes to pay, and
// without what else PostgreSQL could do.
func explain(tb testing.TB, db *models.DB, query string, without ...string) string {
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
		for _, way := range append(without, "enable_seqscan") {
			if _, err := models.Raw[line](tb.Context(), tx, "SET LOCAL "+way+" = off"); err != nil {
				return err
			}
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
