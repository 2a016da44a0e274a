package models

import (
	"context"
	"database/sql"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"time"

	"gorm.io/gorm/schema"
)

// A plan fills rows of one kind from what the driver gives. It is worked out once for
// each kind, from the schema that writing uses, so that both always mean the same columns.
type plan struct {
	table  string
	all    string // every column, named: a newer schema cannot surprise older code
	schema *schema.Schema
	cells  map[string]cell // by column
}

// A cell puts a value of the driver into the field of a row.
type cell func(row reflect.Value, v any) error

var plans sync.Map // by type

func planOf[T any]() (*plan, error) {
	kind := reflect.TypeFor[T]()
	if p, ok := plans.Load(kind); ok {
		return p.(*plan), nil
	}
	s, err := schemaOf(new(T))
	if err != nil {
		return nil, err
	}
	p := &plan{table: s.Table, schema: s, cells: make(map[string]cell, len(s.DBNames))}
	columns := make([]string, len(s.DBNames))
	for i, name := range s.DBNames {
		columns[i] = quoted(s.Table) + "." + quoted(name)
		p.cells[name] = cellOf(s.FieldsByDBName[name])
	}
	p.all = strings.Join(columns, ", ")
	plans.Store(kind, p)
	return p, nil
}

// cellOf takes the short way for values of the kind that the field has, and GORM's, which
// knows all others, for the rest.
func cellOf(f *schema.Field) cell {
	index, setter := f.StructField.Index, setterOf(f.FieldType)
	return func(row reflect.Value, v any) error {
		if v == nil {
			return nil // rows begin zero
		}
		if setter != nil && setter(row.FieldByIndex(index), v) {
			return nil
		}
		return f.Set(context.Background(), row, v)
	}
}

// A setter reports whether it could.
type setter func(field reflect.Value, v any) bool

func setterOf(t reflect.Type) setter {
	if reflect.PointerTo(t).Implements(reflect.TypeFor[sql.Scanner]()) {
		return func(field reflect.Value, v any) bool { return field.Addr().Interface().(sql.Scanner).Scan(v) == nil }
	}
	switch {
	case t == reflect.TypeFor[time.Time]():
		return func(field reflect.Value, v any) bool {
			at, ok := v.(time.Time)
			if ok {
				*field.Addr().Interface().(*time.Time) = at
			}
			return ok
		}
	case t.Kind() == reflect.Pointer:
		inner := setterOf(t.Elem())
		return func(field reflect.Value, v any) bool {
			value := reflect.New(t.Elem())
			if inner == nil || !inner(value.Elem(), v) {
				return false
			}
			field.Set(value)
			return true
		}
	}
	if t == reflect.TypeFor[[]byte]() {
		return func(field reflect.Value, v any) bool {
			b, ok := v.([]byte)
			if ok {
				field.SetBytes(b)
			}
			return ok
		}
	}
	return setterOfKind(t.Kind())
}

func setterOfKind(kind reflect.Kind) setter {
	switch kind { //nolint:exhaustive // the others are rare
	case reflect.String:
		return func(field reflect.Value, v any) bool {
			s, ok := v.(string)
			if ok {
				field.SetString(s)
			}
			return ok
		}
	case reflect.Int, reflect.Int64:
		return func(field reflect.Value, v any) bool {
			n, ok := v.(int64)
			if ok {
				field.SetInt(n)
			}
			return ok
		}
	case reflect.Bool:
		return func(field reflect.Value, v any) bool {
			switch v := v.(type) {
			case bool:
				field.SetBool(v)
			case int64: // SQLite has no booleans
				field.SetBool(v != 0)
			default:
				return false
			}
			return true
		}
	}
	return nil
}

// fill runs a query and fills a row of T from each row of the answer. Columns without a
// field are left out.
func fill[T any](ctx context.Context, tx *Tx, p *plan, s statement, expected int) ([]T, error) {
	rows, err := tx.rows(ctx, s)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	cells, values, into := make([]cell, len(names)), make([]any, len(names)), make([]any, len(names))
	for i, name := range names {
		cells[i], into[i] = p.cells[name], &values[i]
	}
	out := make([]T, 0, min(expected, 128))
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		var zero T
		out = append(out, zero)
		row := reflect.ValueOf(&out[len(out)-1]).Elem()
		for i, c := range cells {
			if c == nil {
				continue
			}
			if err := c(row, values[i]); err != nil {
				return nil, fmt.Errorf("models: %s.%s: %w", p.table, names[i], err)
			}
		}
	}
	return out, rows.Err()
}
