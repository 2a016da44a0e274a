package models

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// A page reads a little of much. Together asks for it in one statement: each list comes as
// one text of JSON, so that lists of different kinds fit beside each other. It is for short
// lists. Long ones are cheaper as rows of their own.

// A Reading is a list of rows that is asked for together with others.
type Reading struct {
	ask     statement // by itself
	columns []string  // in the order of the text
	table   string
	order   string
	fill    func(values [][]any) error
	err     error
}

// Into is the reading of q's rows into rows. q sorts by its own columns.
func Into[T any](q Query[T], rows *[]T) Reading {
	p, err := planOf[T]()
	if err != nil {
		return Reading{err: err}
	}
	columns, all := q.columns, strings.Join(q.columns, ", ")
	if len(columns) == 0 {
		columns, all = p.schema.DBNames, p.all
	}
	r := Reading{ask: q.statement(p.table, all), columns: columns, table: p.table, order: q.order}
	r.fill = filler(p, columns, rows)
	return r
}

// RawInto is Into for a query that Query cannot say. It names a column for each field of T,
// and order sorts by these names; "" leaves them in any order.
func RawInto[T any](rows *[]T, order, sql string, args ...any) Reading {
	p, err := planOf[T]()
	if err != nil {
		return Reading{err: err}
	}
	columns := p.schema.DBNames
	return Reading{ask: statement{sql, args}, columns: columns, table: "these", order: order, fill: filler(p, columns, rows)}
}

// Together reads all of these in one statement.
func Together(ctx context.Context, tx *Tx, readings ...Reading) error {
	if len(readings) == 0 {
		return nil
	}
	var all statement
	var parts []statement
	texts, into := make([]sql.NullString, len(readings)), make([]any, len(readings))
	for i, r := range readings {
		if r.err != nil {
			return r.err
		}
		if i > 0 {
			all.text += ", "
		}
		all.text += "(" + r.packed(tx.Postgres()) + ") AS p" + strconv.Itoa(i)
		all.args, parts = append(all.args, r.ask.args...), append(parts, r.ask)
		into[i] = &texts[i]
	}
	all.text = "SELECT " + all.text
	rows, err := tx.rows(ctx, all, parts...)
	if err == nil {
		err = firstOf(rows, into)
	}
	if err != nil {
		return err
	}
	for i, r := range readings {
		if err := r.unpack(texts[i].String); err != nil {
			return fmt.Errorf("models: %s: %w", r.table, err)
		}
	}
	return nil
}

// packed is the query for r as one text.
func (r Reading) packed(postgres bool) string {
	columns := make([]string, len(r.columns))
	for i, c := range r.columns {
		columns[i] = quoted(r.table) + "." + quoted(c[strings.LastIndexByte(c, '.')+1:])
	}
	row, list, cast := "json_array", "json_group_array", ""
	if postgres {
		row, list, cast = "json_build_array", "json_agg", "::text"
	}
	order := ""
	if r.order != "" {
		order = " ORDER BY " + r.order
	}
	return "SELECT " + list + "(" + row + "(" + strings.Join(columns, ", ") + ")" + order + ")" + cast + " FROM (" + r.ask.text + ") AS " + quoted(r.table)
}

func (r Reading) unpack(text string) error {
	if text == "" {
		return r.fill(nil)
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var values [][]any
	if err := d.Decode(&values); err != nil {
		return err
	}
	return r.fill(values)
}

func filler[T any](p *plan, columns []string, rows *[]T) func([][]any) error {
	return func(values [][]any) error {
		*rows = make([]T, len(values))
		for n, list := range values {
			row := reflect.ValueOf(&(*rows)[n]).Elem()
			for i, v := range list {
				name := columns[i][strings.LastIndexByte(columns[i], '.')+1:]
				if err := p.put(row, name, v); err != nil {
					return fmt.Errorf("%s: %w", name, err)
				}
			}
		}
		return nil
	}
}

// put is a value of JSON as the driver would have given it.
func (p *plan) put(row reflect.Value, name string, v any) error {
	f := p.schema.FieldsByDBName[name]
	if f == nil || v == nil {
		return nil
	}
	switch x := v.(type) {
	case json.Number:
		whole, err := x.Int64()
		if err != nil {
			return fmt.Errorf("%s is no whole number", x)
		}
		v = whole
	case string:
		switch f.IndirectFieldType {
		case reflect.TypeFor[time.Time]():
			at, err := instantIn(x)
			if err != nil {
				return err
			}
			v = at
		case reflect.TypeFor[[]byte]():
			return fmt.Errorf("bytes are not read together with others")
		}
	}
	return p.cells[name](row, v)
}

// instantIn reads one as SQLite keeps it or as PostgreSQL writes it in JSON, in the zone
// that the driver gives it in.
func instantIn(text string) (time.Time, error) {
	if strings.Contains(text, "T") {
		at, err := time.Parse(time.RFC3339Nano, text)
		return at.Local(), err
	}
	at, err := time.Parse("2006-01-02 15:04:05.999999999-07:00", text)
	return at.UTC(), err
}
