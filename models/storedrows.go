package models

import (
	"context"
	"database/sql"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"gorm.io/gorm/schema"

	"assay/internal/tlog"
)

// A storedRow is the hash of a row of a logged table. It is no hash when the row holds
// what none can be made of.
type storedRow struct {
	id   int64
	hash tlog.Hash
	ok   bool
}

// A rowReader reads the rows of a table as they are stored, and hashes them.
type rowReader struct {
	tx      *Tx
	table   string
	columns []tlog.Column
	of      []storedColumn // the same ones
	id      int
	hasher  tlog.Hasher
	kinds   string   // of the values that were unpacked last
	kind    []string // the same, one by one
}

type storedColumn struct {
	name             string // quoted
	flag, time, bulk bool   // bulk is never packed
}

// storedRows reads the whole of a table, in the order of its ids.
func (tx *Tx) storedRows(ctx context.Context, t LoggedTable) (out []storedRow, err error) {
	r, err := tx.rowReader(t)
	if err != nil {
		return nil, err
	}
	read := r.packed
	if tx.Postgres() {
		read = func(ctx context.Context, f func(storedRow)) error { return r.plain(ctx, "ORDER BY id", f) }
	}
	err = read(ctx, func(row storedRow) { out = append(out, row) })
	return out, err
}

func (tx *Tx) rowReader(t LoggedTable) (*rowReader, error) {
	s, err := schemaOf(t.Row)
	if err != nil {
		return nil, err
	}
	names := slices.Sorted(slices.Values(s.DBNames))
	r := &rowReader{tx: tx, table: t.Name, columns: make([]tlog.Column, len(names)), of: make([]storedColumn, len(names)), id: slices.Index(names, "id")}
	for i, name := range names {
		field := s.FieldsByDBName[name]
		r.columns[i].Name = name
		r.of[i] = storedColumn{
			name: quoted(name), flag: field.IndirectFieldType.Kind() == reflect.Bool, time: field.IndirectFieldType == reflect.TypeFor[time.Time](),
			bulk: field.DataType == schema.Bytes || field.DataType == schema.Float,
		}
	}
	return r, nil
}

// plain reads those rows column by column.
func (r *rowReader) plain(ctx context.Context, which string, f func(storedRow)) error {
	read, into := make([]string, len(r.of)), make([]any, len(r.of))
	for i, c := range r.of {
		read[i], into[i] = c.name, &r.columns[i].Value
		if c.time {
			read[i] = r.tx.asText(c.name)
		}
	}
	query := "SELECT " + strings.Join(read, ", ") + " FROM " + r.table + " " + which
	return r.tx.each(ctx, query, func(rows *sql.Rows) error {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		f(r.row())
		return nil
	})
}

// packed reads all rows of a table of SQLite with the columns packed: their kinds first,
// which SQLite names itself, then the values of those that have one. A row that holds what
// cannot be told apart so is read by itself.
func (r *rowReader) packed(ctx context.Context, f func(storedRow)) error {
	var id int64
	var kinds, values string
	read, into := []string{"id"}, []any{&id, &kinds, &values}
	var names, types []string
	for i, c := range r.of {
		if c.bulk {
			read, into = append(read, c.name), append(into, &r.columns[i].Value)
			continue
		}
		names, types = append(names, c.name), append(types, "typeof("+c.name+")")
	}
	read = slices.Insert(read, 1, packed(types...), packed(names...))
	query := "SELECT " + strings.Join(read, ", ") + " FROM " + r.table + " ORDER BY id"
	return r.tx.each(ctx, query, func(rows *sql.Rows) error {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		if !r.unpack(kinds, values) {
			return r.plain(ctx, "WHERE id = "+strconv.FormatInt(id, 10), f)
		}
		f(r.row())
		return nil
	})
}

// unpack takes the values of a row apart, unless one of them is of a kind that is lost in
// a text, or holds what stands between them.
func (r *rowReader) unpack(kinds, values string) bool {
	if kinds != r.kinds {
		r.kinds, r.kind = kinds, strings.Split(kinds, between)
	}
	left := len(r.kind)
	for _, kind := range r.kind {
		if kind == "null" {
			left--
		}
	}
	if left > 0 && strings.Count(values, between) != left-1 {
		return false
	}
	at := 0
	for i, c := range r.of {
		if c.bulk {
			continue
		}
		var text string
		var ok bool
		if r.kind[at] != "null" {
			text, values, _ = strings.Cut(values, between)
		}
		if r.columns[i].Value, ok = valueOf(r.kind[at], text, c.time); !ok {
			return false
		}
		at++
	}
	return true
}

// valueOf is what the driver makes of a value. Of a time it is the text, whatever was
// stored in its place.
func valueOf(kind, text string, asText bool) (v any, ok bool) {
	switch {
	case kind == "null":
		return nil, true
	case kind == "text", kind == "integer" && asText:
		return text, true
	case kind == "integer":
		n, err := strconv.ParseInt(text, 10, 64)
		return n, err == nil
	}
	return nil, false
}

// row hashes what was read.
func (r *rowReader) row() storedRow {
	for i, c := range r.of {
		if n, ok := r.columns[i].Value.(int64); ok && c.flag { // SQLite has no booleans
			r.columns[i].Value = n != 0
		} else if c.time {
			r.columns[i].Value = instant(r.columns[i].Value)
		}
	}
	row := storedRow{}
	row.id, _ = r.columns[r.id].Value.(int64)
	h, err := r.hasher.Row(r.table, r.columns)
	row.hash, row.ok = h, err == nil
	return row
}
