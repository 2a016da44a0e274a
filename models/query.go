package models

import (
	"bytes"
	"context"
	"database/sql"
	"database/sql/driver"
	"math/bits"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"gorm.io/gorm"
)

// A Query asks for rows of T. It is a value: going on from one in two ways leaves
// neither with the other's conditions. It says no more than lists need; what it cannot
// say is Raw.
//
// It writes its own SQL and fills the rows itself (scan.go), because pages read far more
// than they write: GORM took two fifths of the time of a list. Writing goes through GORM.
type Query[T any] struct {
	tx      *Tx
	columns []string
	join    string
	where   []statement
	order   string
	limit   int
	lock    bool
}

// Where narrows the query. Conditions are joined by AND.
func (q Query[T]) Where(cond string, args ...any) Query[T] {
	q.where = append(slices.Clip(q.where), statement{cond, args})
	return q
}

// Join adds another table, for columns to sort or choose by.
func (q Query[T]) Join(clause string) Query[T] { q.join = " " + clause; return q }

// Order sorts by columns that come from code, never from a reader. What is said first
// counts first.
func (q Query[T]) Order(columns string) Query[T] {
	q.order = strings.TrimPrefix(q.order+", "+columns, ", ")
	return q
}

// Limit bounds the number of rows.
func (q Query[T]) Limit(n int) Query[T] { q.limit = n; return q }

// Select reads these columns only; the other fields stay zero.
func (q Query[T]) Select(columns ...string) Query[T] { q.columns = columns; return q }

// locked keeps the rows from changing until the transaction ends. SQLite has one writer,
// so a row lock means nothing to it.
func (q Query[T]) locked() Query[T] { q.lock = q.tx.Postgres(); return q }

// statement is q with these columns.
func (q Query[T]) statement(table, columns string) statement {
	var b strings.Builder
	b.WriteString("SELECT " + columns + " FROM " + quoted(table) + q.join)
	var args []any
	for i, w := range q.where {
		if i == 0 {
			b.WriteString(" WHERE (")
		} else {
			b.WriteString(" AND (")
		}
		b.WriteString(w.text + ")")
		args = append(args, w.args...)
	}
	if q.order != "" {
		b.WriteString(" ORDER BY " + q.order)
	}
	if q.limit > 0 { // written in: a plan for any limit is a plan for many rows
		b.WriteString(" LIMIT " + strconv.Itoa(q.limit))
	}
	if q.lock {
		b.WriteString(" FOR UPDATE")
	}
	return statement{b.String(), args}
}

// Find reads every row.
func (q Query[T]) Find(ctx context.Context) ([]T, error) {
	p, err := planOf[T]()
	if err != nil {
		return nil, err
	}
	columns := p.all
	if len(q.columns) > 0 {
		columns = strings.Join(q.columns, ", ")
	}
	return fill[T](ctx, q.tx, p, q.statement(p.table, columns), q.limit)
}

// Take reads one row; give the error to One.
func (q Query[T]) Take(ctx context.Context) (row T, err error) {
	rows, err := q.Limit(1).Find(ctx)
	if err == nil && len(rows) == 0 {
		err = gorm.ErrRecordNotFound
	}
	if err != nil {
		return row, err
	}
	return rows[0], nil
}

// Count counts the rows. It is for sets that are known to be small.
func (q Query[T]) Count(ctx context.Context, column string) (int64, error) {
	p, err := planOf[T]()
	if err != nil {
		return 0, err
	}
	s := q.statement(p.table, "count("+column+")")
	return Value[int64](ctx, q.tx, s.text, s.args...)
}

func quoted(name string) string { return `"` + name + `"` }

// Raw runs a query that Query cannot say, into rows of T. It is unscoped: the caller adds
// the condition that VisibleTo gives.
func Raw[T any](ctx context.Context, tx *Tx, sql string, args ...any) ([]T, error) {
	p, err := planOf[T]()
	if err != nil {
		return nil, err
	}
	return fill[T](ctx, tx, p, statement{sql, args}, 0)
}

// Value runs a query for a single value, such as a count.
func Value[T any](ctx context.Context, tx *Tx, sql string, args ...any) (v T, err error) {
	return v, tx.one(ctx, statement{sql, args}, &v)
}

// one reads the first row of an answer; sql.ErrNoRows says that there is none.
func (tx *Tx) one(ctx context.Context, s statement, into ...any) error {
	rows, err := tx.rows(ctx, s)
	if err != nil {
		return err
	}
	return firstOf(rows, into)
}

func firstOf(rows *sql.Rows, into []any) error {
	defer rows.Close()
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return err
		}
		return sql.ErrNoRows
	}
	if err := rows.Scan(into...); err != nil {
		return err
	}
	return rows.Close()
}

// A statement is SQL with its values, a ? for each. A slice stands for a list of values
// in parentheses.
type statement struct {
	text string
	args []any
}

// rows runs a statement for its rows. parts are what it was put together from.
func (tx *Tx) rows(ctx context.Context, s statement, parts ...statement) (*sql.Rows, error) {
	text, args := tx.db.bound(s)
	tx.db.ran(s, parts...)
	if strings.Contains(text, queryMark) {
		// Planned for these words each time: a few rows come from the index, and of a word
		// that is everywhere the newest rows are the first that one meets.
		args = append([]any{pgx.QueryExecModeCacheDescribe}, args...)
	}
	return tx.g.Statement.ConnPool.QueryContext(ctx, text, args...)
}

// exec runs a statement that has no rows.
func (tx *Tx) exec(ctx context.Context, s statement) error {
	text, args := tx.db.bound(s)
	tx.db.ran(s)
	_, err := tx.g.Statement.ConnPool.ExecContext(ctx, text, args...)
	return err
}

// bound is s as the driver takes it: placeholders numbered for PostgreSQL, where a list is
// one array, and lists spelt out.
func (db *DB) bound(s statement) (text string, args []any) { return db.bind(s, true) }

func (db *DB) bind(s statement, arrays bool) (text string, args []any) {
	numbered := db.dialect == "postgres"
	if !numbered && !slices.ContainsFunc(s.args, isList) {
		return s.text, s.args
	}
	b := make([]byte, 0, len(s.text)+64)
	args = make([]any, 0, len(s.args))
	add := func(v any) {
		args = append(args, v)
		b = append(b, '?')
		if numbered {
			b = strconv.AppendInt(append(b[:len(b)-1], '$'), int64(len(args)), 10)
		}
	}
	rest, next := s.text, 0
	for {
		at := strings.IndexByte(rest, '?')
		if at < 0 || next == len(s.args) {
			return string(append(b, rest...)), args
		}
		b, rest = append(b, rest[:at]...), rest[at+1:]
		v := s.args[next]
		array, ok := arrayOf(v)
		switch {
		case ok && numbered && arrays:
			b = asArray(b)
			add(array)
			b = append(b, ')')
		case isList(v):
			b = append(b, '(')
			for i, item := range spelt(v) {
				if i > 0 {
					b = append(b, ',')
				}
				add(item)
			}
			b = append(b, ')')
		default:
			add(v)
		}
		next++
	}
}

// arrayOf is a list as an array of PostgreSQL, which is one value however long it is.
func arrayOf(list any) (array any, ok bool) {
	if !isList(list) {
		return nil, false
	}
	v := reflect.ValueOf(list)
	switch v.Type().Elem().Kind() { //nolint:exhaustive // others are spelt out
	case reflect.Int64:
		out := make([]int64, v.Len())
		for i := range out {
			out[i] = v.Index(i).Int()
		}
		return out, true
	case reflect.String:
		out := make([]string, v.Len())
		for i := range out {
			out[i] = v.Index(i).String()
		}
		return out, true
	}
	return nil, false
}

// asArray makes "x IN " say "x = ANY (", and "x NOT IN " say "x <> ALL (".
func asArray(b []byte) []byte {
	if rest, ok := bytes.CutSuffix(b, []byte("NOT IN ")); ok {
		return append(rest, "<> ALL ("...)
	}
	return append(bytes.TrimSuffix(b, []byte("IN ")), "= ANY ("...)
}

// isList reports whether v stands for several values rather than one.
func isList(v any) bool {
	switch v.(type) {
	case nil, string, int64, int, bool, []byte, driver.Valuer:
		return false
	}
	return reflect.TypeOf(v).Kind() == reflect.Slice
}

// spelt is the values of a list. No value is NULL, which nothing equals. Longer lists end
// in repetitions of their last value: statements are kept prepared, and a page asks with
// as many lengths as it has rows.
func spelt(list any) []any {
	v := reflect.ValueOf(list)
	n := v.Len()
	if n == 0 {
		return []any{nil}
	}
	size := n
	if n > 4 && n < 1<<13 {
		size = 1 << bits.Len(uint(n-1))
	}
	out := make([]any, size)
	for i := range out {
		out[i] = v.Index(min(i, n-1)).Interface()
	}
	return out
}
