package main

import (
	"compress/gzip"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"assay/handlers/handlerstest"
	"assay/internal/testenv"
	"assay/migrations"
	"assay/models"
	"assay/models/access"
	"assay/models/engagement"
	"assay/models/people"
)

// A releasedTable is a table of testdata/schema6.json.gz: the demonstration's company as
// the build of schema 6 wrote it, with its log and a checkpoint. Values are text, NULL or,
// under "b", bytes, so that either database takes them.
type releasedTable struct {
	Table   string
	Columns []string
	Rows    [][]any
}

func released(t *testing.T) (tables []releasedTable) {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", "schema6.json.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	type value struct{ B []byte }
	var raw []struct {
		Table   string
		Columns []string
		Rows    [][]json.RawMessage
	}
	if err := json.NewDecoder(z).Decode(&raw); err != nil {
		t.Fatal(err)
	}
	for _, r := range raw {
		table := releasedTable{Table: r.Table, Columns: r.Columns}
		for _, cells := range r.Rows {
			row := make([]any, len(cells))
			for i, cell := range cells {
				var text *string
				var bytes value
				switch {
				case json.Unmarshal(cell, &text) == nil && text != nil:
					row[i] = *text
				case json.Unmarshal(cell, &bytes) == nil && bytes.B != nil:
					row[i] = bytes.B
				}
			}
			table.Rows = append(table.Rows, row)
		}
		tables = append(tables, table)
	}
	return tables
}

// oldDatabase is a database of schema 6 with those rows.
func oldDatabase(t *testing.T, driver, url, source string) {
	t.Helper()
	db, err := models.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	all, err := migrations.For(db.Dialect())
	if err != nil {
		t.Fatal(err)
	}
	if _, to, err := db.Migrate(t.Context(), upTo(t, all, "0006")); err != nil || to != 6 {
		t.Fatal(to, err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	plain, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = plain.Close() }()
	tx, err := plain.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	run := func(query string, args ...any) {
		t.Helper()
		if _, err := tx.ExecContext(t.Context(), query, args...); err != nil {
			t.Fatalf("%v\n%s", err, query)
		}
	}
	run("DELETE FROM log_head")
	for _, table := range released(t) {
		for _, row := range table.Rows {
			marks := make([]string, len(row))
			for i := range row {
				marks[i] = fmt.Sprintf("$%d", i+1)
			}
			run("INSERT INTO "+table.Table+" ("+strings.Join(table.Columns, ", ")+") VALUES ("+strings.Join(marks, ", ")+")", row...)
		}
		if driver == "pgx" && table.Columns[0] == "id" {
			run("SELECT setval(pg_get_serial_sequence('" + table.Table + "', 'id'), (SELECT COALESCE(max(id), 1) FROM " + table.Table + ")) FROM pg_class WHERE pg_get_serial_sequence('" + table.Table + "', 'id') IS NOT NULL LIMIT 1")
		}
	}
	if driver == "pgx" {
		run("INSERT INTO controls_search (id, words) SELECT id, to_tsvector('simple', title) FROM controls")
	} else {
		run("INSERT INTO controls_search (rowid, words) SELECT id, lower(title) FROM controls")
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
}

// upTo is the migrations up to the one that begins with number.
func upTo(t *testing.T, all fs.FS, number string) fs.FS {
	t.Helper()
	some := fstest.MapFS{}
	names, err := fs.Glob(all, "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if b, err := fs.ReadFile(all, name); err != nil {
			t.Fatal(err)
		} else if name[:4] <= number {
			some[name] = &fstest.MapFile{Data: b}
		}
	}
	return some
}

// TestAnOlderDatabaseIsBroughtUpToDate: what an earlier build wrote is migrated, verifies
// leaf by leaf and row by row, is shown to everybody, and takes new changes.
func TestAnOlderDatabaseIsBroughtUpToDate(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "assay.db")
		upgraded(t, "sqlite", "sqlite://"+path, path)
	})
	t.Run("postgres", func(t *testing.T) {
		url := testenv.Postgres(t)
		upgraded(t, "pgx", url, url)
	})
}

func upgraded(t *testing.T, driver, url, source string) {
	t.Helper()
	oldDatabase(t, driver, url, source)
	refused(t, "run \"assay migrate\" first", nil, "verify", "-db", url)
	if code, stdout, stderr := assay(t, nil, "migrate", "-database-url", url); code != exitOK || !strings.Contains(stdout, "from version 6 to ") {
		t.Fatalf("status %d\n%s%s", code, stdout, stderr)
	}
	holds := func(says string) {
		t.Helper()
		if code, stdout, stderr := assay(t, nil, "verify", "-db", url); code != exitOK || !strings.Contains(stdout, says) {
			t.Fatalf("status %d\n%s%s", code, stdout, stderr)
		}
	}
	holds("Holds: 1399 leaves, 725 rows, 1 checkpoint")
	lookedAt(t, url)
	holds("Holds: ")

	plain, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = plain.Close() }()
	if _, err := plain.ExecContext(t.Context(), "UPDATE findings SET title = 'Nothing' WHERE id = 1"); err != nil {
		t.Fatal(err)
	}
	if code, stdout, _ := assay(t, nil, "verify", "-db", url); code != exitFailed || !strings.Contains(stdout, "findings") {
		t.Errorf("a changed row: status %d\n%s", code, stdout)
	}
}

// lookedAt reads the pages of an upgraded database as somebody of each role, and changes
// something in it.
func lookedAt(t *testing.T, url string) {
	t.Helper()
	db, err := models.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	logs := slog.Default()
	slog.SetDefault(slog.New(slog.DiscardHandler)) // a line for each page
	defer slog.SetDefault(logs)
	db.Now = func() time.Time { return time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC) } // the day after it was written
	site := handlerstest.New(t, db)
	pages := map[access.Role][]string{
		access.Administrator: {"/people", "/people/1", "/settings", "/settings/jobs", "/settings/retention", "/activity", "/engagements", "/notices"},
		access.Compliance:    {"/readiness", "/readout", "/controls", "/controls/AC-05", "/controls?q=access", "/evidence", "/evidence/E-1", "/review", "/findings", "/findings/F-001", "/tasks", "/frameworks", "/settings/calendars"},
		access.Owner:         {"/tasks", "/controls", "/evidence", "/findings", "/account/notifications"},
		access.Executive:     {"/readout", "/readiness", "/controls", "/findings"},
		access.Auditor:       {"/engagements/soc-2-type-ii-2026-27", "/controls", "/evidence", "/findings"},
	}
	for role, paths := range pages {
		a := somebody(t, db, role)
		for _, path := range paths {
			if got := site.Get(a, path); got.Status != http.StatusOK {
				t.Errorf("%s reads %s: %d\n%.400s", role, path, got.Status, got.Text())
			}
		}
	}
	site.Get(somebody(t, db, access.Compliance), "/controls?q=access").Has("Access")
	admin := somebody(t, db, access.Administrator)
	site.Post(admin, "/people", "name", "New", "email", "new@halyard.example", "role", "control_owner").Want(http.StatusSeeOther)
}

func somebody(t *testing.T, db *models.DB, role access.Role) (a access.Actor) {
	t.Helper()
	err := db.Read(t.Context(), access.Clock, func(tx *models.Tx) error {
		p, err := models.Rows[people.Person](tx).Where("role = ? AND status = ?", role, people.Active).Order("id").Take(t.Context())
		if err != nil || role != access.Auditor {
			a = p.Actor()
			return err
		}
		a = p.Actor()
		open, err := engagement.OpenFor(context.WithoutCancel(t.Context()), tx, p.ID)
		for _, g := range open {
			a.Engagements = append(a.Engagements, g.ID)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return a
}
