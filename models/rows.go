package models

import (
	"context"
	"database/sql/driver"
	"encoding/hex"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"

	"gorm.io/gorm/clause"
	"gorm.io/gorm/schema"

	"assay/internal/tlog"
	"assay/models/access"
)

// Meta is what every logged record begins with. Rev grows by one with each change;
// a form carries the one it was filled in against, so that the slower of two people
// is told.
type Meta struct {
	ID  int64 `gorm:"primaryKey"`
	Rev int64
}

func (m *Meta) meta() *Meta { return m }

// A Record is a row whose every change is a leaf of the log.
type Record interface {
	TableName() string
	// Path is the record's address without the leading slash, "controls/AC-03". It
	// must be known once the row has its id.
	Path() string
}

// record is what a pointer to a Record offers the kernel.
type record[T any] interface {
	*T
	Record
	meta() *Meta
}

// Contained is a Record that also belongs on the feed of another one.
type Contained interface {
	Within() string // the other record's path
}

// OfEngagement is a Record that belongs to one engagement. Of all records, only these can
// be written by an auditor, and only while they hold the fieldwork of that engagement.
type OfEngagement interface {
	InEngagement() int64
}

// SharedOnly is a record of the engagement that is the company's but for these columns.
// Auditors never remove one, and add only what is AddedByAuditors.
type SharedOnly interface {
	OfEngagement
	AuditorsMay() Columns
}

// AddedByAuditors is a SharedOnly record that auditors add as well, as a whole.
type AddedByAuditors interface {
	SharedOnly
	AuditorsAdd()
}

// mayAdd is mayChange for a row that is not there yet.
func (tx *Tx) mayAdd(row Record) error {
	if added, ok := row.(AddedByAuditors); ok && tx.Actor.InFieldwork(added.InEngagement()) {
		return nil
	}
	return tx.mayChange(row, nil)
}

// mayChange refuses an auditor every record but those of an engagement whose fieldwork is
// theirs, whatever the route or the verb allowed. set are the columns to write, nil for
// the whole row.
func (tx *Tx) mayChange(row Record, set Columns) error {
	if tx.Actor.Role != access.Auditor {
		return nil
	}
	of, ok := row.(OfEngagement)
	if shared, partly := row.(SharedOnly); partly {
		allowed := shared.AuditorsMay()
		ok = set != nil && !slices.ContainsFunc(set, func(column string) bool { return !slices.Contains(allowed, column) })
	}
	if ok && tx.Actor.InFieldwork(of.InEngagement()) {
		return nil
	}
	return Forbidden("This account can only read this.")
}

// Unlogged is a row that may change without a leaf. The reason is shown by the test
// that lists every such type.
type Unlogged interface {
	TableName() string
	WhyUnlogged() string
}

// Scoped is a record that not everyone may see. Rows adds the condition to every
// query, so no caller can forget it. Column names in it carry their table's name.
type Scoped interface {
	VisibleTo(access.Actor) (condition string, args []any)
}

// Rows starts a query on the rows of T that the actor may see. To change them, use
// Update.
func Rows[T any](tx *Tx) Query[T] {
	var zero T
	q := Query[T]{tx: tx}
	if s, ok := any(zero).(Scoped); ok {
		if cond, args := s.VisibleTo(tx.Actor); cond != "" {
			q = q.Where(cond, args...)
		}
	}
	return q
}

// UnscopedRows is Rows without the condition. The name is ugly so that it is seen; a
// test lists its callers.
func UnscopedRows[T any](tx *Tx) Query[T] { return Query[T]{tx: tx} }

// Columns names the fields, as the struct spells them, that an Update writes.
type Columns []string

// Insert adds row and its leaf. The row's id is set.
func Insert[T any, P record[T]](ctx context.Context, tx *Tx, row P, verb string, note ...Note) error {
	return InsertAll(ctx, tx, []P{row}, verb, note...)
}

// InsertAll is Insert for many rows of one kind: a leaf each, few statements.
func InsertAll[T any, P record[T]](ctx context.Context, tx *Tx, rows []P, verb string, note ...Note) error {
	if err := tx.mustWrite(); err != nil {
		return err
	}
	for _, row := range rows {
		if err := tx.mayAdd(row); err != nil {
			return err
		}
		row.meta().Rev = 1
	}
	for start := 0; start < len(rows); start += 200 {
		batch := rows[start:min(start+200, len(rows))]
		if err := tx.g.WithContext(ctx).Omit(clause.Associations).Create(&batch).Error; err != nil {
			return err
		}
	}
	for _, row := range rows {
		h, err := rowHash(ctx, row)
		if err != nil {
			return err
		}
		if err := tx.stage(change(row, verb, "", h), note); err != nil {
			return err
		}
	}
	return nil
}

// Update writes the named columns of row, whose id and rev say which row it is and
// which state of it the actor saw, and adds the leaf. When somebody else was there
// first it reports a Conflict and nothing changes. What the actor may not see is not
// found.
func Update[T any, P record[T]](ctx context.Context, tx *Tx, row P, set Columns, verb string, note ...Note) error {
	if len(set) == 0 {
		panic("models: Update needs columns")
	}
	if err := tx.mustWrite(); err != nil {
		return err
	}
	m := row.meta()
	before, err := lockRow[T](ctx, tx, m.ID)
	if err != nil {
		return One0(err, "Record")
	}
	if P(&before).meta().Rev != m.Rev {
		return stale()
	}
	if err := tx.mayChange(P(&before), set); err != nil {
		return err
	}
	prev, err := rowHash(ctx, P(&before))
	if err != nil {
		return err
	}
	after := before
	if err := copyFields(ctx, &after, (*T)(row), set); err != nil {
		return err
	}
	if err := tx.mayChange(P(&after), set); err != nil {
		return err
	}
	P(&after).meta().Rev++
	names := append([]string{"Rev"}, set...)
	res := tx.g.WithContext(ctx).Model(P(&after)).Where("rev = ?", m.Rev).Select(names).Updates(P(&after))
	if res.Error != nil {
		return res.Error
	}
	if res.RowsAffected == 0 {
		return stale()
	}
	*row = after
	h, err := rowHash(ctx, row)
	if err != nil {
		return err
	}
	return tx.stage(change(row, verb, prev, h), note)
}

// Delete removes row and adds the leaf that says so. It is for links and drafts;
// what an audit may rely on is withdrawn or retired instead.
func Delete[T any, P record[T]](ctx context.Context, tx *Tx, row P, verb string, note ...Note) error {
	if err := tx.mustWrite(); err != nil {
		return err
	}
	m := row.meta()
	before, err := lockRow[T](ctx, tx, m.ID)
	if err != nil {
		return One0(err, "Record")
	}
	if P(&before).meta().Rev != m.Rev {
		return stale()
	}
	if err := tx.mayChange(P(&before), nil); err != nil {
		return err
	}
	prev, err := rowHash(ctx, P(&before))
	if err != nil {
		return err
	}
	if err := tx.g.WithContext(ctx).Delete(P(&before)).Error; err != nil {
		return err
	}
	return tx.stage(change(P(&before), verb, prev, ""), note)
}

func stale() error { return Conflict("Someone changed this a moment ago. Please look again.") }

// One0 is One for callers that need only the error.
func One0(err error, what string) error {
	_, err = One(0, err, what)
	return err
}

func lockRow[T any](ctx context.Context, tx *Tx, id int64) (T, error) {
	return Rows[T](tx).Where("id = ?", id).locked().Take(ctx)
}

func (tx *Tx) mustWrite() error {
	if !tx.writable {
		return errors.New("models: a read tried to write")
	}
	return nil
}

// Put inserts an unlogged row.
func Put[T Unlogged](ctx context.Context, tx *Tx, row *T) error {
	if err := tx.mustWrite(); err != nil {
		return err
	}
	return tx.g.WithContext(ctx).Create(row).Error
}

// PutNew is Put, but for a row that a unique constraint refuses: then nothing happens,
// and it reports false.
func PutNew[T Unlogged](ctx context.Context, tx *Tx, row *T) (bool, error) {
	if err := tx.mustWrite(); err != nil {
		return false, err
	}
	res := tx.g.WithContext(ctx).Clauses(clause.OnConflict{DoNothing: true}).Create(row)
	return res.RowsAffected > 0, res.Error
}

// PutAll is Put for many rows, in few statements.
func PutAll[T Unlogged](ctx context.Context, tx *Tx, rows []T) error {
	if err := tx.mustWrite(); err != nil {
		return err
	}
	if len(rows) == 0 {
		return nil
	}
	return tx.g.WithContext(ctx).CreateInBatches(&rows, 500).Error
}

// Change writes the named columns of the unlogged rows that match, and returns how
// many there were.
func Change[T Unlogged](ctx context.Context, tx *Tx, row T, set Columns, cond string, args ...any) (int, error) {
	if len(set) == 0 || cond == "" {
		panic("models: Change needs columns and a condition")
	}
	if err := tx.mustWrite(); err != nil {
		return 0, err
	}
	res := tx.g.WithContext(ctx).Model(new(T)).Where(cond, args...).Select([]string(set)).Updates(&row)
	return int(res.RowsAffected), res.Error
}

// Remove deletes the unlogged rows that match, and returns how many there were.
func Remove[T Unlogged](ctx context.Context, tx *Tx, cond string, args ...any) (int, error) {
	if cond == "" {
		panic("models: Remove needs a condition")
	}
	if err := tx.mustWrite(); err != nil {
		return 0, err
	}
	res := tx.g.WithContext(ctx).Where(cond, args...).Delete(new(T))
	return int(res.RowsAffected), res.Error
}

var schemas sync.Map

func schemaOf(row any) (*schema.Schema, error) {
	s, err := schema.Parse(row, &schemas, schema.NamingStrategy{})
	if err != nil {
		return nil, fmt.Errorf("models: %T: %w", row, err)
	}
	return s, nil
}

// RowText is what the log's digest of the row that row points to is of.
func RowText(ctx context.Context, row Record) ([]byte, error) {
	columns, err := columnsOf(ctx, row)
	if err != nil {
		return nil, err
	}
	return tlog.RowText(row.TableName(), columns)
}

// rowHash is the canonical hash of the row that row points to.
func rowHash(ctx context.Context, row Record) (string, error) {
	columns, err := columnsOf(ctx, row)
	if err != nil {
		return "", err
	}
	h, err := tlog.RowHash(row.TableName(), columns)
	return hex.EncodeToString(h[:]), err
}

func columnsOf(ctx context.Context, row Record) ([]tlog.Column, error) {
	s, err := schemaOf(row)
	if err != nil {
		return nil, err
	}
	columns := make([]tlog.Column, 0, len(s.Fields))
	v := reflect.ValueOf(row).Elem()
	for _, f := range s.Fields {
		if f.DBName == "" {
			continue
		}
		raw, _ := f.ValueOf(ctx, v)
		value, err := driver.DefaultParameterConverter.ConvertValue(raw)
		if err != nil {
			return nil, fmt.Errorf("models: %s.%s: %w", s.Table, f.DBName, err)
		}
		columns = append(columns, tlog.Column{Name: f.DBName, Value: value})
	}
	return columns, nil
}

func copyFields[T any](ctx context.Context, dst, src *T, names Columns) error {
	s, err := schemaOf(dst)
	if err != nil {
		return err
	}
	to, from := reflect.ValueOf(dst).Elem(), reflect.ValueOf(src).Elem()
	for _, name := range names {
		f := s.LookUpField(name)
		if f == nil {
			return fmt.Errorf("models: %s has no column %s", s.Table, name)
		}
		v, _ := f.ValueOf(ctx, from)
		if err := f.Set(ctx, to, v); err != nil {
			return fmt.Errorf("models: %s.%s: %w", s.Table, name, err)
		}
	}
	return nil
}
