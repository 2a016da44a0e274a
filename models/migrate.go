package models

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// Migrate brings the schema up to date with files, one transaction per file. It
// refuses a database that a newer build has migrated. Replicas that start at once
// wait for each other.
func (db *DB) Migrate(ctx context.Context, files fs.FS) (from, to int64, err error) {
	if from, to, err = db.SchemaVersions(ctx, files); err != nil || from == to {
		return from, to, err
	}
	p, done, err := db.migrator(ctx, files)
	if err != nil {
		return from, to, err
	}
	defer done()
	if _, err := p.Up(ctx); err != nil {
		return from, to, fmt.Errorf("migrate from %d to %d: %w", from, to, err)
	}
	return from, to, nil
}

// migrator writes the schema, until done.
func (db *DB) migrator(ctx context.Context, files fs.FS) (p *goose.Provider, done func(), err error) {
	if db.dialect == "sqlite" {
		// A CHECK is eased in the text of the schema, which other connections keep shut.
		pool, err := openSQLitePool(ctx, db.path, "_txlock=immediate", 1)
		if err != nil {
			return nil, nil, err
		}
		if p, err = providerOf(goose.DialectSQLite3, pool, files); err != nil {
			return nil, nil, errors.Join(err, pool.Close())
		}
		return p, func() { _ = pool.Close() }, nil // what was committed stays
	}
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return nil, nil, err
	}
	pool, err := db.write.DB()
	if err != nil {
		return nil, nil, err
	}
	p, err = providerOf(goose.DialectPostgres, pool, files, goose.WithSessionLocker(locker))
	return p, func() {}, err
}

// SchemaVersions reports the version of the database, 0 when it was never migrated, and
// the one this build needs. It writes nothing.
func (db *DB) SchemaVersions(ctx context.Context, files fs.FS) (current, target int64, err error) {
	pool, err := db.read.DB()
	if err != nil {
		return 0, 0, err
	}
	p, err := providerOf(map[string]goose.Dialect{"sqlite": goose.DialectSQLite3, "postgres": goose.DialectPostgres}[db.dialect], pool, files)
	if err != nil {
		return 0, 0, err
	}
	migrated, err := db.migrated(ctx)
	if err != nil || migrated {
		if err == nil {
			current, target, err = versions(ctx, p)
		}
		return current, target, err
	}
	for _, source := range p.ListSources() {
		target = max(target, source.Version)
	}
	return 0, target, nil
}

// migrated reports whether the database was ever migrated. goose makes its table when
// it is asked for a version, and a look must not write.
func (db *DB) migrated(ctx context.Context) (there bool, err error) {
	query := "SELECT count(*) > 0 FROM sqlite_master WHERE name = 'goose_db_version'"
	if db.dialect == "postgres" {
		query = "SELECT to_regclass('goose_db_version') IS NOT NULL"
	}
	err = db.read.WithContext(ctx).Raw(query).Scan(&there).Error
	return there, err
}

func providerOf(dialect goose.Dialect, pool *sql.DB, files fs.FS, options ...goose.ProviderOption) (*goose.Provider, error) {
	return goose.NewProvider(dialect, pool, files, append(options, goose.WithDisableGlobalRegistry(true))...)
}

func versions(ctx context.Context, p *goose.Provider) (current, target int64, err error) {
	current, target, err = p.GetVersions(ctx)
	if err == nil && current > target {
		err = fmt.Errorf("the database has schema %d, newer than %d of this build; start the newer build", current, target)
	}
	return current, target, err
}
