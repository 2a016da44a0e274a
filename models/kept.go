package models

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"assay/models/access"
)

// What stands around every page, such as the company's name or how much waits for review,
// changes only when a logged row does, and then the log has grown. So it is kept until the
// log is longer than it was: on every replica nobody sees what is no longer so, and a page
// asks for it only after a change. A leaf that says who looked at something is no change.

// mostKept bounds what is kept, since filters come from readers.
const mostKept = 1000

// kept is what was read while the log had a certain size.
type kept struct {
	sync.Mutex
	size   int64
	values map[any]any
}

func (k *kept) find(size int64, key any) (any, bool) {
	k.Lock()
	defer k.Unlock()
	if k.size != size {
		return nil, false
	}
	v, ok := k.values[key]
	return v, ok
}

func (k *kept) put(size int64, key, v any) {
	k.Lock()
	defer k.Unlock()
	if k.size != size || k.values == nil {
		k.size, k.values = size, map[any]any{}
	}
	if len(k.values) < mostKept {
		k.values[key] = v
	}
}

// carry keeps what was kept while the log had size before: what made it one leaf longer
// changed no row.
func (k *kept) carry(before int64) {
	k.Lock()
	defer k.Unlock()
	if k.size == before {
		k.size++
	}
}

// Kept is what read gives, which must come from logged rows alone and is shared: nobody
// may change it. key is a value of a type of the caller's own. scopes are the kinds of
// rows that read looks at: what is kept is shown again only to those who see the same rows
// of each, so nothing kept for one person is shown to another.
func Kept[T any](ctx context.Context, tx *Tx, key any, read func() (T, error), scopes ...Scoped) (T, error) {
	seen, ok := ctx.Value(logKey{}).(*atomic.Int64)
	if !ok || tx.writable {
		return read()
	}
	key = scopedKey{key, sees(tx.Actor, scopes)}
	size, err := tx.seenSize(ctx, seen)
	if err != nil { // a log that cannot be read keeps nobody from looking
		return read()
	}
	if v, ok := tx.db.kept.find(size, key); ok {
		return v.(T), nil
	}
	v, err := read()
	if err == nil { // read after size, so never older than it
		tx.db.kept.put(size, key, v)
	}
	return v, err
}

// A Keeping is what Kept keeps if it comes from the rows of one query. Several are read in
// one statement: see KeepTogether.
type Keeping[R, T any] struct {
	Key    any
	Ask    func(tx *Tx, rows *[]R) Reading
	Value  func(rows []R) T
	Scopes []Scoped
}

// Get is the value, for whom tx reads.
func (k Keeping[R, T]) Get(ctx context.Context, tx *Tx) (T, error) {
	return Kept(ctx, tx, k.Key, func() (v T, err error) {
		mine := k.wish(tx)
		if err := tx.readWishes(ctx, mine, tx.beside(ctx, mine)); err != nil {
			return v, err
		}
		return mine.value().(T), nil
	}, k.Scopes...)
}

// A Keep is a Keeping of any kind.
type Keep interface{ wish(tx *Tx) wish }

// A wish is one of the values that are read in one statement.
type wish struct {
	key     any
	reading Reading
	value   func() any
}

func (k Keeping[R, T]) wish(tx *Tx) wish {
	rows := new([]R)
	return wish{scopedKey{k.Key, sees(tx.Actor, k.Scopes)}, k.Ask(tx, rows), func() any { return k.Value(*rows) }}
}

// beside are the values that are wanted together with this one and are not kept.
func (tx *Tx) beside(ctx context.Context, asked wish) (others []wish) {
	these, ok := ctx.Value(besideKey{}).(func(*Tx) []Keep)
	seen, log := ctx.Value(logKey{}).(*atomic.Int64)
	if !ok || !log || tx.writable {
		return nil
	}
	size := seen.Load()
	if size == unseen {
		return nil
	}
	for _, k := range these(tx) {
		w := k.wish(tx)
		if _, kept := tx.db.kept.find(size, w.key); !kept && w.key != asked.key {
			others = append(others, w)
		}
	}
	return others
}

// readWishes reads them all in one statement and keeps the others.
func (tx *Tx) readWishes(ctx context.Context, asked wish, others []wish) error {
	readings := []Reading{asked.reading}
	for _, w := range others {
		readings = append(readings, w.reading)
	}
	if err := Together(ctx, tx, readings...); err != nil || len(others) == 0 {
		return err
	}
	size := ctx.Value(logKey{}).(*atomic.Int64).Load()
	for _, w := range others {
		tx.db.kept.put(size, w.key, w.value())
	}
	return nil
}

type besideKey struct{}

// KeepTogether names the values that every page needs: with whatever Keeping is asked for
// first after a change, these are read.
func KeepTogether(ctx context.Context, these func(*Tx) []Keep) context.Context {
	return context.WithValue(ctx, besideKey{}, these)
}

type scopedKey struct {
	key  any
	sees string
}

// sees tells apart what different actors see of these rows.
func sees(a access.Actor, scopes []Scoped) string {
	var b strings.Builder
	for _, s := range scopes {
		if cond, args := s.VisibleTo(a); cond != "" {
			fmt.Fprintf(&b, "%s %v\n", cond, args)
		} else {
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// seenSize is how long the log was when the request began, or when it last wrote.
func (tx *Tx) seenSize(ctx context.Context, seen *atomic.Int64) (int64, error) {
	if size := seen.Load(); size != unseen {
		return size, nil
	}
	size, err := tx.LogSize(ctx)
	if err == nil {
		seen.Store(size)
	}
	return size, err
}

type logKey struct{}

const unseen = -1

// WithLog lets what is read with ctx be Kept. It is for the context of one request.
func WithLog(ctx context.Context) context.Context {
	seen := new(atomic.Int64)
	seen.Store(unseen)
	return context.WithValue(ctx, logKey{}, seen)
}

// SawLog notes how long the log was, for queries that can tell by the way.
func SawLog(ctx context.Context, size int64) {
	if seen, ok := ctx.Value(logKey{}).(*atomic.Int64); ok {
		seen.Store(size)
	}
}
