// Package models holds what every kind of record shares: the database, the
// transaction, the log, and the error that crosses from rules to pages.
//
// It is the only package that imports GORM, and it knows no noun.
package models

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
	_ "modernc.org/sqlite" // registers the driver

	"assay/models/access"
)

// A DB is SQLite or PostgreSQL behind one surface.
type DB struct {
	read, write *gorm.DB
	only        *writer // of SQLite
	path        string  // of the SQLite file
	dialect     string
	// Now is the clock. Tests set it; verbs see it as Tx.Now.
	Now func() time.Time
	// Build names the program in each leaf.
	Build string

	halted  atomic.Pointer[string] // why the log stopped; writes are refused while set
	queries atomic.Int64
	watch   atomic.Pointer[[]string] // statements, while Statements runs
	kept    kept
}

// Open connects to sqlite:///path or postgres://…, and creates the file of a SQLite
// database when there is none. It does not migrate. A SQLite connection that would
// lose acknowledged writes at a power cut is refused.
func Open(ctx context.Context, rawURL string) (*DB, error) {
	switch {
	case strings.HasPrefix(rawURL, "sqlite://"):
		return openSQLite(ctx, strings.TrimPrefix(rawURL, "sqlite://"))
	case strings.HasPrefix(rawURL, "postgres://"), strings.HasPrefix(rawURL, "postgresql://"):
		return openPostgres(ctx, rawURL)
	}
	return nil, errors.New("the database URL should be sqlite:///path/to/file or postgres://user@host/name")
}

func openSQLite(ctx context.Context, path string) (*DB, error) {
	if path == "" {
		return nil, errors.New("the database URL sqlite:// names no file")
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	// One writes; the other is there for migrations, and only as long as they run. With 16 MiB
	// of cache, as with 4, it made a thousand changes a second, and 26 MiB more were kept.
	write, err := openSQLitePool(ctx, path, "_defensive=1&_txlock=immediate&_pragma=cache_size(-4096)", 2)
	if err != nil {
		return nil, err
	}
	if err := checkSQLite(ctx, write); err != nil {
		return nil, errors.Join(err, write.Close())
	}
	only := newWriter(write)
	if err := only.take(ctx); err != nil { // the connection that is open, for each reads the whole schema
		return nil, errors.Join(err, write.Close())
	}
	only.release()
	write.SetMaxIdleConns(0)
	// The page cache is each connection's own, and each page takes twice its size. Eight of
	// 8 MiB took 300 MiB, and served no page sooner than four of 2 do: the system keeps the
	// file in memory anyway.
	read, err := openSQLitePool(ctx, path, "_defensive=1&_pragma=query_only(1)&_pragma=cache_size(-2048)", readers)
	if err != nil {
		only.close()
		return nil, errors.Join(err, write.Close())
	}
	db := &DB{dialect: "sqlite", path: path, Now: time.Now, only: only}
	if db.write, err = db.orm(sqliteDialector{write}, false); err != nil {
		return nil, err
	}
	if db.read, err = db.orm(sqliteDialector{read}, true); err != nil {
		return nil, err
	}
	return db, db.Analyse(ctx)
}

// OpenToRead opens a database that is there and changes nothing of it: no journal mode, no
// statistics, no file beside it that stays. It is for looking at somebody else's copy.
func OpenToRead(ctx context.Context, rawURL string) (*DB, error) {
	path, ok := strings.CutPrefix(rawURL, "sqlite://")
	if !ok {
		return Open(ctx, rawURL)
	}
	how := "mode=ro"
	if atRest(path) {
		how = "immutable=1" // else SQLite would put its shared memory beside the file, if it could
	}
	pool, err := readOnlyPool(ctx, path, how)
	if err != nil {
		return nil, err
	}
	db := &DB{dialect: "sqlite", Now: time.Now}
	if db.read, err = db.orm(sqliteDialector{pool}, true); err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	db.write = db.read
	return db, nil
}

func readOnlyPool(ctx context.Context, path, how string) (*sql.DB, error) {
	pool, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+how+
		"&_pragma=query_only(1)&_busy_timeout=10000&_time_format=sqlite&_timezone=UTC&_dqs=0&_defensive=1")
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	pool.SetMaxOpenConns(readers)
	var tables int
	if err := pool.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_master").Scan(&tables); err != nil {
		return nil, errors.Join(fmt.Errorf("open database %s: %w", path, err), pool.Close())
	}
	return pool, nil
}

// atRest reports that nobody has the database file at path open, so that no change waits
// beside it.
func atRest(path string) bool {
	for _, beside := range []string{"-wal", "-shm", "-journal"} {
		if _, err := os.Stat(path + beside); err == nil {
			return false
		}
	}
	return true
}

// openSQLitePool opens a pool on the file. Times are stored as sortable UTC text.
func openSQLitePool(ctx context.Context, path, extra string, conns int) (*sql.DB, error) {
	dsn := "file:" + (&url.URL{Path: path}).EscapedPath() +
		"?_journal_mode=WAL&_busy_timeout=10000&_synchronous=FULL&_foreign_keys=on" +
		"&_time_format=sqlite&_timezone=UTC&_dqs=0&" + extra
	pool, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	pool.SetMaxOpenConns(conns)
	pool.SetMaxIdleConns(conns)
	if err := pool.PingContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open database %s: %w", path, err), pool.Close())
	}
	return pool, nil
}

// checkSQLite reads back what the connection promised. The engine before 3.51.3 can
// lose committed writes when the write-ahead log restarts, and anything under
// synchronous=FULL loses them at a power cut.
func checkSQLite(ctx context.Context, pool *sql.DB) error {
	var version string
	var sync, fk int
	var mode string
	for query, dst := range map[string]any{
		"SELECT sqlite_version()": &version, "PRAGMA synchronous": &sync,
		"PRAGMA foreign_keys": &fk, "PRAGMA journal_mode": &mode,
	} {
		if err := pool.QueryRowContext(ctx, query).Scan(dst); err != nil {
			return fmt.Errorf("open database: %s: %w", query, err)
		}
	}
	var major, minor, patch int
	if _, err := fmt.Sscanf(version, "%d.%d.%d", &major, &minor, &patch); err != nil {
		return fmt.Errorf("open database: SQLite version %q", version)
	}
	if major*1_000_000+minor*1_000+patch < 3_051_003 {
		return fmt.Errorf("open database: SQLite %s can lose committed writes; 3.51.3 is the first that does not", version)
	}
	if sync < 2 || fk != 1 || mode != "wal" {
		return fmt.Errorf("open database: synchronous=%d foreign_keys=%d journal_mode=%s, want 2, 1, wal", sync, fk, mode)
	}
	return nil
}

func openPostgres(ctx context.Context, rawURL string) (*DB, error) {
	config, err := pgx.ParseConfig(rawURL)
	if err != nil {
		return nil, errors.New("the database URL postgres://… cannot be read; it should look like postgres://user:password@host:5432/name")
	}
	config.RuntimeParams["timezone"] = "UTC"
	config.RuntimeParams["datestyle"] = "ISO, YMD" // queries write instants as text
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "assay"
	}
	pool := stdlib.OpenDB(*config, stdlib.OptionAfterConnect(tune))
	pool.SetMaxOpenConns(32)
	pool.SetMaxIdleConns(32)
	if err := pool.PingContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open database at %s: %w", config.Host, err), pool.Close())
	}
	db := &DB{dialect: "postgres", Now: time.Now}
	if db.write, err = db.orm(postgres.New(postgres.Config{Conn: pool}), false); err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	db.read = db.write
	return db, nil
}

// tune suits a connection to pages, which are many and short: to start workers for one takes
// longer than they save, and what is grouped of a whole period outgrows the 4 MB that are usual.
// It is no parameter of the connection, since poolers refuse those that they do not know.
func tune(ctx context.Context, conn *pgx.Conn) error {
	_, err := conn.Exec(ctx, "SET max_parallel_workers_per_gather = 0; SET work_mem = '16MB'")
	return err
}

// readers is how many connections read a SQLite database at once. Its engine works in this
// process, so more than there are processors only take memory.
const readers = 4

// orm keeps statements prepared where that pays: pgx does so by itself, and what is
// prepared outside a transaction has to be prepared again within.
func (db *DB) orm(d gorm.Dialector, prepare bool) (*gorm.DB, error) {
	g, err := gorm.Open(d, &gorm.Config{
		QueryFields:            true, // name every column, so a newer schema cannot surprise older code
		TranslateError:         true,
		SkipDefaultTransaction: true, // Write opens the one there is
		DisableAutomaticPing:   true,
		PrepareStmt:            prepare,
		PrepareStmtMaxSize:     500,
		NowFunc:                func() time.Time { return db.Now().UTC() },
		Logger:                 queryCounter{logger.Discard, db},
	})
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	return g, nil
}

// queryCounter lets tests hold pages to their number of queries.
type queryCounter struct {
	logger.Interface
	db *DB
}

func (c queryCounter) LogMode(logger.LogLevel) logger.Interface { return c }

func (c queryCounter) Trace(_ context.Context, _ time.Time, statement func() (string, int64), _ error) {
	c.db.queries.Add(1)
	if seen := c.db.watch.Load(); seen != nil {
		text, _ := statement()
		*seen = append(*seen, text)
	}
}

// ran is Trace for statements that GORM does not run.
func (db *DB) ran(s statement, parts ...statement) {
	db.queries.Add(1)
	seen := db.watch.Load()
	if seen == nil {
		return
	}
	if len(parts) == 0 {
		parts = []statement{s}
	}
	for _, part := range parts {
		text, args := db.bind(part, false)
		*seen = append(*seen, db.read.Explain(text, args...))
	}
}

// Statements runs f and returns the SQL it ran, values written in, for tests that ask
// for its plans: of what was read together, each part by itself. Nothing else may use db meanwhile.
func (db *DB) Statements(f func()) []string {
	var seen []string
	db.watch.Store(&seen)
	defer db.watch.Store(nil)
	f()
	return seen
}

// Queries counts the statements run so far.
func (db *DB) Queries() int64 { return db.queries.Load() }

// Dialect is "sqlite" or "postgres".
func (db *DB) Dialect() string { return db.dialect }

// Close closes every connection.
func (db *DB) Close() error {
	var errs []error
	if db.only != nil {
		db.only.close()
	}
	for _, g := range []*gorm.DB{db.read, db.write} {
		pool, err := g.DB()
		if err == nil {
			err = pool.Close()
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// Analyse lets SQLite look, at a sample, how its tables have grown since it last did.
// Knowing nothing of them it prefers an index on a status to one on an id, which made a
// person's tasks thirty times slower among 100,000 controls. PostgreSQL does this by
// itself.
func (db *DB) Analyse(ctx context.Context) error {
	if db.dialect == "postgres" {
		return nil
	}
	if err := db.only.take(ctx); err != nil {
		return err
	}
	defer db.only.release()
	for _, pragma := range []string{"PRAGMA analysis_limit = 1000", "PRAGMA optimize = 0x10002"} {
		if _, err := db.only.ExecContext(ctx, pragma); err != nil && !busy(err) { // another program writes, and looks itself
			return fmt.Errorf("analyse the database: %w", err)
		}
	}
	return nil
}

// Ping reports whether the database answers.
func (db *DB) Ping(ctx context.Context) error {
	pool, err := db.read.DB()
	if err != nil {
		return err
	}
	return pool.PingContext(ctx)
}

// A Tx is a view of the database by one actor at one instant.
type Tx struct {
	g        *gorm.DB
	db       *DB
	Now      time.Time // UTC, microseconds: what both databases keep
	Actor    access.Actor
	writable bool
	pending  []leafDraft
	grown    int64     // how long the log is once this is committed, if it grew
	last     statement // goes with COMMIT
}

func (db *DB) tx(ctx context.Context, g *gorm.DB, a access.Actor) *Tx {
	return &Tx{g: g.WithContext(ctx), db: db, Now: db.Now().UTC().Truncate(time.Microsecond), Actor: a}
}

// Read runs f with what a may see. Nothing can be written through its Tx.
func (db *DB) Read(ctx context.Context, a access.Actor, f func(*Tx) error) error {
	return f(db.tx(ctx, db.read, a))
}

// Write runs f in a transaction. It refuses read-only actors, whatever the route
// allowed, and it refuses to commit work that left no leaf in the log: what cannot be
// shown to an auditor must not happen.
func (db *DB) Write(ctx context.Context, a access.Actor, f func(*Tx) error) error {
	if a.ReadOnly() {
		return Forbidden("This account can only read.")
	}
	if why := db.halted.Load(); why != nil {
		return &Error{Kind: KindConflict, Message: "Assay is read-only because its log failed a check. An administrator has to look at it.", Err: errors.New(*why)}
	}
	return db.inTx(ctx, a, func(tx *Tx) error {
		if err := f(tx); err != nil {
			return err
		}
		if len(tx.pending) == 0 {
			return errors.New("models: a write that leaves no trace in the log")
		}
		return tx.append(ctx)
	})
}

// Observe logs that something was seen or that someone came or went, for actors of
// every kind, read-only ones too. It can write nothing but that leaf.
func (db *DB) Observe(ctx context.Context, a access.Actor, verb, about string, note Note) error {
	var grown int64
	err := db.inTx(ctx, a, func(tx *Tx) error {
		if err := tx.Record(verb, about, note); err != nil {
			return err
		}
		err := tx.append(ctx)
		grown = tx.grown
		return err
	})
	if err == nil {
		db.kept.carry(grown - 1)
	}
	return err
}

// Bookkeep is the write path for what is deliberately not logged: sessions, pending
// sign-ins, job leases, checkpoints. Through it only Unlogged rows can be changed.
func (db *DB) Bookkeep(ctx context.Context, f func(*Tx) error) error {
	return db.inTx(ctx, access.Actor{}, func(tx *Tx) error {
		if err := f(tx); err != nil {
			return err
		}
		if len(tx.pending) > 0 {
			return errors.New("models: bookkeeping changed a logged row")
		}
		return nil
	})
}

// Postgres reports which dialect the transaction speaks, for the few queries that
// have to differ.
func (tx *Tx) Postgres() bool { return tx.db.dialect == "postgres" }

// Second is SQL that writes an instant as text in UTC, to the second: 2026-01-02 15:04:05. The
// index evidence_facts of SQLite has it word for word; to_char of PostgreSQL takes twice as long.
func (tx *Tx) Second(instant string) string {
	if tx.Postgres() {
		return "left((" + instant + " AT TIME ZONE 'UTC')::text, 19)" // as the connection writes dates
	}
	return "substr(" + instant + ", 1, 19)"
}

// Writes reports whether this is a transaction, which reads what is, not what was kept.
func (tx *Tx) Writes() bool { return tx.writable }
