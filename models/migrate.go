package models

import (
	"context"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// Migrate brings the schema up to date with files, one transaction per file. It
// refuses a database that a newer build has migrated. Replicas that start at once
// wait for each other.
func (db *DB) Migrate(ctx context.Context, files fs.FS) (from, to int64, err error) {
	p, err := db.provider(files)
	if err != nil {
		return 0, 0, err
	}
	if from, to, err = versions(ctx, p); err != nil || from == to {
		return from, to, err
	}
	if _, err := p.Up(ctx); err != nil {
		return from, to, fmt.Errorf("migrate from %d to %d: %w", from, to, err)
	}
	return from, to, nil
}

// SchemaVersions reports the version of the database and the one this build needs.
func (db *DB) SchemaVersions(ctx context.Context, files fs.FS) (current, target int64, err error) {
	p, err := db.provider(files)
	if err != nil {
		return 0, 0, err
	}
	return versions(ctx, p)
}

func (db *DB) provider(files fs.FS) (*goose.Provider, error) {
	pool, err := db.write.DB()
	if err != nil {
		return nil, err
	}
	dialect, options := goose.DialectSQLite3, []goose.ProviderOption{goose.WithDisableGlobalRegistry(true)}
	if db.dialect == "postgres" {
		locker, err := lock.NewPostgresSessionLocker()
		if err != nil {
			return nil, err
		}
		dialect, options = goose.DialectPostgres, append(options, goose.WithSessionLocker(locker))
	}
	return goose.NewProvider(dialect, pool, files, options...)
}

func versions(ctx context.Context, p *goose.Provider) (current, target int64, err error) {
	current, target, err = p.GetVersions(ctx)
	if err == nil && current > target {
		err = fmt.Errorf("the database has schema %d, newer than %d of this build; start the newer build", current, target)
	}
	return current, target, err
}
