package arch_test

import (
	"context"
	"go/ast"
	"slices"
	"strconv"
	"testing"

	"assay/models"
	"assay/models/access"
	"assay/models/ledger"
	"assay/models/modelstest"
	"assay/models/upload"
)

// derived are the tables that no struct stands for, and why they need no leaf.
var derived = map[string]string{
	"goose_db_version":    "the schema's version",
	"goose_lock":          "migrating",
	"log_head":            "counts the leaves",
	"controls_words":      "which words there are to search for",
	"evidence_words":      "the same",
	"findings_words":      "the same",
	"requests_words":      "the same",
	"control_criteria":    "derived from control_versions.criteria",
	"version_criteria":    "derived from control_versions.criteria",
	"engagement_criteria": "derived from engagements.criteria",
}

func tables(t *testing.T, db *models.DB) map[string][]string {
	t.Helper()
	query := `SELECT m.name AS "table", c.name AS "column" FROM sqlite_master m JOIN pragma_table_info(m.name) c
		WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name NOT LIKE '%\_search%' ESCAPE '\'`
	if db.Dialect() == "postgres" {
		query = `SELECT table_name AS "table", column_name AS "column" FROM information_schema.columns
			WHERE table_schema = 'public' AND table_name NOT LIKE '%\_search'`
	}
	type column struct{ Table, Column string }
	out := map[string][]string{}
	modelstest.Look(t, db, access.Clock, func(ctx context.Context, tx *models.Tx) error {
		rows, err := models.Raw[column](ctx, tx, query)
		for _, r := range rows {
			out[r.Table] = append(out[r.Table], r.Column)
		}
		return err
	})
	return out
}

// TestColumns holds the columns of every struct against the migrated table, on both
// databases.
func TestColumns(t *testing.T) {
	rows := []any{models.LogLeaf{}, models.LogDetail{}, models.Checkpoint{}, upload.Upload{}, upload.Part{}}
	for _, l := range ledger.Tables() {
		rows = append(rows, l.Row)
	}
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		have := tables(t, db)
		for _, row := range rows {
			table, columns, err := models.ColumnsOf(row)
			if err != nil {
				t.Fatal(err)
			}
			slices.Sort(columns)
			slices.Sort(have[table])
			if !slices.Equal(columns, have[table]) {
				t.Errorf("%s: the struct has %v,\nthe table has %v", table, columns, have[table])
			}
		}
	})
}

// TestEveryTableIsLoggedOrExcused finds a table that nobody answers for: neither in
// the ledger, nor of a type that says why it is not logged, nor listed above.
func TestEveryTableIsLoggedOrExcused(t *testing.T) {
	excused := unloggedTables(t)
	for name := range derived {
		excused = append(excused, name)
	}
	for _, l := range ledger.Tables() {
		if slices.Contains(excused, l.Name) {
			t.Errorf("%s is both logged and excused", l.Name)
		}
		excused = append(excused, l.Name)
	}
	for name := range tables(t, modelstest.SQLite(t)) {
		if !slices.Contains(excused, name) {
			t.Errorf("nobody logs changes of %s, and nobody says why", name)
		}
	}
}

// unloggedTables finds the types that have WhyUnlogged and returns their TableName.
func unloggedTables(t *testing.T) []string {
	t.Helper()
	names, excused := map[string]string{}, map[string]bool{}
	for _, s := range sources(t) {
		for _, d := range s.ast.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Recv == nil || len(f.Body.List) != 1 {
				continue
			}
			receiver, ok := f.Recv.List[0].Type.(*ast.Ident)
			ret, isReturn := f.Body.List[0].(*ast.ReturnStmt)
			if !ok || !isReturn || len(ret.Results) != 1 {
				continue
			}
			key := s.dir + "." + receiver.Name
			switch f.Name.Name {
			case "WhyUnlogged":
				excused[key] = true
			case "TableName":
				if lit, ok := ret.Results[0].(*ast.BasicLit); ok {
					names[key], _ = strconv.Unquote(lit.Value)
				}
			}
		}
	}
	var out []string
	for key := range excused {
		if names[key] == "" {
			t.Errorf("%s is unlogged and has no plain TableName", key)
		}
		out = append(out, names[key])
	}
	return out
}
