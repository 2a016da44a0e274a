package models

import (
	"context"
	"database/sql"
	"reflect"
	"slices"
	"strings"

	"assay/internal/tlog"
)

// Verification reads what the database holds, not what a struct makes of it: values of
// the wrong kind show instead of being smoothed over, and a million rows pass in a third
// of the time that GORM takes to fill structs.

// atOnce is how many rows are read while as many are hashed.
const atOnce = 2000

// batches reads the next rows of something, none when it has ended.
type batches[T any] func(ctx context.Context) ([]T, error)

// ahead calls f for everything that read finds, and reads the next batch meanwhile. f
// must not use the transaction.
func ahead[T any](ctx context.Context, read batches[T], f func(T)) error {
	type batch struct {
		rows []T
		err  error
	}
	ready := make(chan batch, 1)
	go func() {
		defer close(ready)
		for {
			rows, err := read(ctx)
			ready <- batch{rows, err}
			if err != nil || len(rows) == 0 {
				return
			}
		}
	}()
	for b := range ready {
		if b.err != nil {
			return b.err
		}
		for _, row := range b.rows {
			f(row)
		}
	}
	return nil
}

// collect runs a query and scans each row of the answer.
func collect[T any](ctx context.Context, tx *Tx, query string, args []any, scan func(*sql.Rows) (T, error)) ([]T, error) {
	rows, err := tx.rows(ctx, statement{query, args})
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := make([]T, 0, atOnce)
	for rows.Next() {
		row, err := scan(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, row)
	}
	return out, rows.Err()
}

// A storedLeaf is a leaf with the note beside it, nil where there is none.
type storedLeaf struct {
	LogLeaf
	salt, text []byte
}

const leafQuery = `SELECT l.seq, l.v, l.at, l.actor_id, l.role, l.session, l.verb, l.about, l.within, l.entity, l.entity_id,
	l.entity_rev, l.prev_hash, l.new_hash, l.detail_commit, l.request, l.build, l.hashes, d.salt, d.text
	FROM log_leaves l LEFT JOIN log_details d ON d.seq = l.seq WHERE l.seq > ? ORDER BY l.seq LIMIT ?`

// storedLeaves reads the whole log in order.
func (tx *Tx) storedLeaves() batches[storedLeaf] {
	after := int64(-1)
	return func(ctx context.Context) ([]storedLeaf, error) {
		leaves, err := collect(ctx, tx, leafQuery, []any{after, atOnce}, func(rows *sql.Rows) (l storedLeaf, err error) {
			err = rows.Scan(&l.Seq, &l.V, &l.At, &l.ActorID, &l.Role, &l.Session, &l.Verb, &l.About, &l.Within, &l.Entity, &l.EntityID,
				&l.EntityRev, &l.PrevHash, &l.NewHash, &l.DetailCommit, &l.Request, &l.Build, &l.Hashes, &l.salt, &l.text)
			if err != nil && l.Seq > after { // a value of another kind: what was read of it does not match its hash
				err = nil
			}
			return l, err
		})
		if len(leaves) > 0 {
			after = leaves[len(leaves)-1].Seq
		}
		return leaves, err
	}
}

// A storedRow is a row of a logged table, its columns in name order.
type storedRow struct {
	id      int64
	columns []tlog.Column
}

// storedRows reads the whole of a table.
func (tx *Tx) storedRows(t LoggedTable) (batches[storedRow], error) {
	s, err := schemaOf(t.Row)
	if err != nil {
		return nil, err
	}
	names := slices.Sorted(slices.Values(s.DBNames))
	id := slices.Index(names, "id")
	flags := make([]bool, len(names))
	for i, name := range names {
		flags[i] = s.FieldsByDBName[name].IndirectFieldType.Kind() == reflect.Bool
	}
	query := "SELECT \"" + strings.Join(names, "\", \"") + "\" FROM " + t.Name + " WHERE id > ? ORDER BY id LIMIT ?"
	after := int64(-1 << 62)
	scan := func(rows *sql.Rows) (storedRow, error) {
		values, into := make([]any, len(names)), make([]any, len(names))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			return storedRow{}, err
		}
		row := storedRow{columns: make([]tlog.Column, len(names))}
		for i, v := range values {
			if n, ok := v.(int64); ok && flags[i] { // SQLite has no booleans
				v = n != 0
			}
			row.columns[i] = tlog.Column{Name: names[i], Value: v}
		}
		row.id, _ = values[id].(int64)
		return row, nil
	}
	return func(ctx context.Context) ([]storedRow, error) {
		rows, err := collect(ctx, tx, query, []any{after, atOnce}, scan)
		if len(rows) > 0 {
			after = rows[len(rows)-1].id
		}
		return rows, err
	}, nil
}
