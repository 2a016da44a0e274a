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
// asks for it only after a change.

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
