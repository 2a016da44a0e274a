package models

import (
	"context"
	"slices"

	"gorm.io/gorm"
)

// A Query asks for rows of T. It is a value: going on from one in two ways leaves
// neither with the other's conditions. It says no more than lists need; what it cannot
// say is Raw.
//
// It wraps GORM's plain API. The generic one was tried first: each kind of row makes
// the compiler build its some sixty methods anew, which took 20 seconds for package
// ledger alone.
type Query[T any] struct {
	g     *gorm.DB
	parts []part
}

// A part is one clause of a query.
type part func(*gorm.DB) *gorm.DB

func (q Query[T]) with(p part) Query[T] { return Query[T]{q.g, append(slices.Clip(q.parts), p)} }

// Where narrows the query. Conditions are joined by AND.
func (q Query[T]) Where(cond string, args ...any) Query[T] {
	return q.with(func(g *gorm.DB) *gorm.DB { return g.Where(cond, args...) })
}

// Order sorts by columns that come from code, never from a reader.
func (q Query[T]) Order(columns string) Query[T] {
	return q.with(func(g *gorm.DB) *gorm.DB { return g.Order(columns) })
}

// Limit bounds the number of rows.
func (q Query[T]) Limit(n int) Query[T] {
	return q.with(func(g *gorm.DB) *gorm.DB { return g.Limit(n) })
}

// Select reads these columns only; the other fields stay zero.
func (q Query[T]) Select(columns ...string) Query[T] {
	return q.with(func(g *gorm.DB) *gorm.DB { return g.Select(columns) })
}

func (q Query[T]) on(ctx context.Context, model any) *gorm.DB {
	g := q.g.WithContext(ctx).Model(model)
	for _, p := range q.parts {
		g = p(g)
	}
	return g
}

// Find reads every row.
func (q Query[T]) Find(ctx context.Context) ([]T, error) {
	var rows []T
	err := q.on(ctx, new(T)).Find(&rows).Error
	return rows, err
}

// Take reads one row; give the error to One.
func (q Query[T]) Take(ctx context.Context) (T, error) {
	var row T
	err := q.on(ctx, new(T)).Take(&row).Error
	return row, err
}

// Count counts the rows. It is for sets that are known to be small.
func (q Query[T]) Count(ctx context.Context, column string) (int64, error) {
	var n int64
	err := q.on(ctx, new(T)).Select(column).Count(&n).Error
	return n, err
}
