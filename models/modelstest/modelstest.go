// Package modelstest opens databases for tests: a real SQLite file and a real
// PostgreSQL database, migrated, with a clock that stands still.
package modelstest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"assay/internal/testenv"
	"assay/migrations"
	"assay/models"
	"assay/models/access"
	"assay/models/people"
)

// Now is the instant at which every test database stands: a Sunday in New York and
// already the next day in Auckland.
var Now = time.Date(2026, 3, 1, 14, 30, 0, 0, time.UTC)

// Each runs f once on SQLite and once on PostgreSQL, as subtests.
func Each(t *testing.T, f func(t *testing.T, db *models.DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { f(t, SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { f(t, Postgres(t)) })
}

// Pair runs f with two handles on one database, as two replicas have, once on SQLite
// and once on PostgreSQL. Their clocks show the same until one is moved.
func Pair(t *testing.T, f func(t *testing.T, a, b *models.DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		url := sqliteURL(t)
		f(t, open(t, url), open(t, url))
	})
	t.Run("postgres", func(t *testing.T) {
		url := postgresURL(t)
		f(t, open(t, url), open(t, url))
	})
}

// SQLite is a fresh, migrated database in a file.
func SQLite(tb testing.TB) *models.DB {
	tb.Helper()
	return open(tb, sqliteURL(tb))
}

// Postgres is a fresh, migrated database on the shared test server.
func Postgres(tb testing.TB) *models.DB {
	tb.Helper()
	return open(tb, postgresURL(tb))
}

// migrated is the content of a migrated SQLite file. Migrating takes a quarter of a second, and four of them
// under the race detector: it is done once per process, as for PostgreSQL.
var migrated = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "assay-template-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	file := filepath.Join(dir, "assay.db")
	if err := migrate("sqlite://" + file); err != nil {
		return nil, err
	}
	return os.ReadFile(file)
})

func sqliteURL(tb testing.TB) string {
	tb.Helper()
	template, err := migrated()
	if err != nil {
		tb.Fatal(err)
	}
	file := filepath.Join(tb.TempDir(), "assay.db")
	if err := os.WriteFile(file, template, 0o600); err != nil {
		tb.Fatal(err)
	}
	return "sqlite://" + file
}

func postgresURL(tb testing.TB) string {
	tb.Helper()
	digest, err := migrations.Digest("postgres")
	if err != nil {
		tb.Fatal(err)
	}
	return testenv.Database(tb, "assay_"+digest[:12], migrate)
}

func open(tb testing.TB, url string) *models.DB {
	tb.Helper()
	db, err := models.Open(tb.Context(), url)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = db.Close() })
	db.Now = func() time.Time { return Now }
	return db
}

func migrate(url string) error {
	db, err := models.Open(context.Background(), url)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	files, err := migrations.For(db.Dialect())
	if err != nil {
		return err
	}
	_, _, err = db.Migrate(context.Background(), files)
	return err
}

// Person adds an active person with the role and returns them as an actor. Names are
// made from the role and a number.
func Person(tb testing.TB, db *models.DB, role access.Role) access.Actor {
	tb.Helper()
	p := people.Person{Role: role, Status: people.Active, InvitedAt: db.Now()}
	err := db.Write(tb.Context(), access.Clock, func(tx *models.Tx) error {
		n, err := models.Value[int64](tb.Context(), tx, "SELECT count(*) FROM people")
		if err != nil {
			return err
		}
		p.Name = fmt.Sprintf("%s %d", role.Label(), n+1)
		p.Email = fmt.Sprintf("%s-%d@halyard.example", role, n+1)
		return models.Insert(tb.Context(), tx, &p, "person.invite")
	})
	if err != nil {
		tb.Fatal(err)
	}
	return p.Actor()
}

// As runs f in a transaction of actor and returns its error.
func As(tb testing.TB, db *models.DB, actor access.Actor, f func(context.Context, *models.Tx) error) error {
	tb.Helper()
	return db.Write(tb.Context(), actor, func(tx *models.Tx) error { return f(tb.Context(), tx) })
}

// Change is a change of somebody's, after which nothing that was kept counts.
func Change(tb testing.TB, db *models.DB) {
	tb.Helper()
	err := db.Write(tb.Context(), access.Clock, func(tx *models.Tx) error { return tx.Record("session.start", "people/1") })
	if err != nil {
		tb.Fatal(err)
	}
}

// Look runs f as a read of actor and fails the test on an error.
func Look(tb testing.TB, db *models.DB, actor access.Actor, f func(context.Context, *models.Tx) error) {
	tb.Helper()
	if err := db.Read(tb.Context(), actor, func(tx *models.Tx) error { return f(tb.Context(), tx) }); err != nil {
		tb.Fatal(err)
	}
}

// At sets the clock of db for the rest of the test.
func At(db *models.DB, t time.Time) { db.Now = func() time.Time { return t } }
