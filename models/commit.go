package models

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/gorm"

	"assay/models/access"
)

// A link is one connection in one transaction, begun and ended by hand. database/sql would
// prepare every statement anew for each transaction of SQLite, a third of what a change
// costs, and would send the last statement and COMMIT one after the other while every
// other writer waits for the head of the log.
type link interface {
	gorm.ConnPool
	begin(ctx context.Context) error
	// commit runs the last statement, if it is one, and ends the transaction.
	commit(ctx context.Context, last statement) error
	rollback(ctx context.Context)
	release()
}

// inTx runs f in a transaction. It ends with COMMIT, or with ROLLBACK when f fails, panics
// or outlives ctx.
func (db *DB) inTx(ctx context.Context, a access.Actor, f func(*Tx) error) (err error) {
	seen := int64(unseen) // what was kept before no longer counts for this request
	defer func() { SawLog(ctx, seen) }()
	l, err := db.connect(ctx)
	if err != nil {
		return err
	}
	defer l.release()
	if err := l.begin(ctx); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	done := false
	defer func() {
		if !done {
			l.rollback(context.WithoutCancel(ctx))
		}
	}()
	g := db.write.Session(&gorm.Session{NewDB: true, Context: ctx})
	g.Statement.ConnPool = l
	tx := db.tx(ctx, g, a)
	tx.writable = true
	if err := f(tx); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	err = l.commit(context.WithoutCancel(ctx), tx.last) // once it is sent, it is not taken back half way
	if done = err == nil; done && tx.grown > 0 {
		seen = tx.grown
	}
	return err
}

func (db *DB) connect(ctx context.Context) (link, error) {
	if db.dialect == "sqlite" {
		return db.only, db.only.take(ctx)
	}
	pool, err := db.write.DB()
	if err != nil {
		return nil, err
	}
	conn, err := pool.Conn(ctx)
	return pgLink{conn, db}, err
}

// A pgLink is a connection of the pool, whose driver keeps statements prepared.
type pgLink struct {
	*sql.Conn
	db *DB
}

func (l pgLink) begin(ctx context.Context) error {
	_, err := l.ExecContext(ctx, "BEGIN")
	return err
}

// commit sends both in one go: whoever waits for the head of the log waits for one answer
// of the server, the one after the disk has it.
func (l pgLink) commit(ctx context.Context, last statement) error {
	var batch pgx.Batch
	if last.text != "" {
		text, args := l.db.bound(last)
		l.db.ran(last)
		batch.Queue(text, args...)
	}
	batch.Queue("COMMIT")
	return l.Raw(func(driver any) error {
		answers := driver.(*stdlib.Conn).Conn().SendBatch(ctx, &batch)
		var failed error
		for range batch.Len() {
			tag, err := answers.Exec()
			if err == nil && tag.String() == "ROLLBACK" {
				err = errors.New("the transaction had failed before")
			}
			failed = errors.Join(failed, err)
		}
		return errors.Join(failed, answers.Close())
	})
}

// rollback may fail with the connection, which the pool then drops; the server rolls back.
func (l pgLink) rollback(ctx context.Context) { _, _ = l.ExecContext(ctx, "ROLLBACK") }

func (l pgLink) release() { _ = l.Close() } // back into the pool

// mostPrepared bounds the statements that the writer of SQLite keeps.
const mostPrepared = 300

// A writer is the one connection that writes to SQLite, with its statements prepared.
type writer struct {
	pool     *sql.DB
	turn     chan struct{} // holds one, for whoever writes
	conn     *sql.Conn
	prepared map[string]*sql.Stmt
}

func newWriter(pool *sql.DB) *writer {
	w := &writer{pool: pool, turn: make(chan struct{}, 1), prepared: map[string]*sql.Stmt{}}
	w.turn <- struct{}{}
	return w
}

// take waits for the connection, and opens it the first time and after it has failed.
func (w *writer) take(ctx context.Context) (err error) {
	select {
	case <-w.turn:
	case <-ctx.Done():
		return ctx.Err()
	}
	if w.conn == nil {
		if w.conn, err = w.pool.Conn(ctx); err != nil {
			w.conn = nil
			w.release()
		}
	}
	return err
}

func (w *writer) release() { w.turn <- struct{}{} }

// close gives the connection up. It waits for whoever writes.
func (w *writer) close() {
	<-w.turn
	defer w.release()
	w.drop()
}

func (w *writer) drop() {
	for _, s := range w.prepared {
		_ = s.Close()
	}
	clear(w.prepared)
	if w.conn != nil {
		_ = w.conn.Close()
	}
	w.conn = nil
}

func (w *writer) begin(ctx context.Context) error {
	_, err := w.ExecContext(ctx, "BEGIN IMMEDIATE")
	return err
}

func (w *writer) commit(ctx context.Context, _ statement) error {
	_, err := w.ExecContext(ctx, "COMMIT")
	return err
}

// rollback drops a connection that cannot even do this. Of some errors SQLite rolls back by
// itself.
func (w *writer) rollback(ctx context.Context) {
	if _, err := w.ExecContext(ctx, "ROLLBACK"); err != nil && !strings.Contains(err.Error(), "no transaction is active") {
		w.drop()
	}
}

func (w *writer) statement(ctx context.Context, query string) (*sql.Stmt, error) {
	if s, ok := w.prepared[query]; ok {
		return s, nil
	}
	if len(w.prepared) == mostPrepared {
		for _, s := range w.prepared {
			_ = s.Close()
		}
		clear(w.prepared)
	}
	s, err := w.conn.PrepareContext(ctx, query)
	if err == nil {
		w.prepared[query] = s
	}
	return s, err
}

// PrepareContext prepares a statement that the caller closes.
func (w *writer) PrepareContext(ctx context.Context, query string) (*sql.Stmt, error) {
	return w.conn.PrepareContext(ctx, query)
}

// ExecContext runs a statement.
func (w *writer) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	s, err := w.statement(ctx, query) //nolint:sqlclosecheck // it stays prepared
	if err != nil {
		return nil, err
	}
	return s.ExecContext(ctx, args...)
}

// QueryContext runs a query. Its rows are to be closed before it is asked again.
func (w *writer) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	s, err := w.statement(ctx, query) //nolint:sqlclosecheck // it stays prepared
	if err != nil {
		return nil, err
	}
	return s.QueryContext(ctx, args...)
}

// QueryRowContext runs a query for one row.
func (w *writer) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	s, err := w.statement(ctx, query) //nolint:sqlclosecheck // it stays prepared
	if err != nil {
		return w.conn.QueryRowContext(ctx, query, args...) // which fails alike, and says so when it is scanned
	}
	return s.QueryRowContext(ctx, args...)
}
