package models

import (
	"context"
	"database/sql"
	"errors"
	"runtime"

	"gorm.io/gorm"
)

// tableReaders is how many tables are read at once, the log beside them. SQLite reads with
// so many connections and no more.
func tableReaders() int { return min(max(2, runtime.NumCPU()-1), readers-1) }

// views are transactions that see the same state: each begins with the length of the log,
// and whatever is logged changes that. One that a change came between begins anew.
func (db *DB) views(ctx context.Context, n int) (views []*Tx, end func(), err error) {
	pool, err := db.read.DB()
	if err != nil {
		return nil, nil, err
	}
	opts := &sql.TxOptions{}
	if db.dialect == "postgres" {
		opts = &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
	}
	for range 100 {
		views, end, err = db.viewsOnce(ctx, pool, opts, n)
		if err != nil || views != nil {
			return views, end, err
		}
	}
	return nil, nil, errors.New("the database changes too fast to be looked at")
}

// viewsOnce is nil when a change came between.
func (db *DB) viewsOnce(ctx context.Context, pool *sql.DB, opts *sql.TxOptions, n int) (views []*Tx, end func(), err error) {
	var open []*sql.Tx
	end = func() {
		for _, t := range open {
			_ = t.Rollback() // nothing was written
		}
	}
	var first int64
	for range n {
		t, err := pool.BeginTx(ctx, opts)
		if err != nil {
			end()
			return nil, nil, err
		}
		open = append(open, t)
		g := db.read.Session(&gorm.Session{NewDB: true, Context: ctx})
		g.Statement.ConnPool = t
		tx := &Tx{g: g, db: db, Now: db.Now().UTC()}
		size, err := tx.LogSize(ctx)
		if err != nil || len(views) > 0 && size != first {
			end()
			return nil, nil, err
		}
		first, views = size, append(views, tx)
	}
	return views, end, nil
}
