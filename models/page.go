package models

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"time"
)

// A Page says which stretch of a list to show: the rows after or before a cursor.
type Page struct {
	After, Before string
	Limit         int
}

// Sort is a keyset order. Columns come from code, never from a reader, and the last
// one is unique; all go the same way.
type Sort struct {
	Columns []string
	Desc    bool
}

// A Window is a stretch of a list, with the cursors to go on from. An empty cursor
// means that there is nothing on that side.
type Window[T any] struct {
	Items          []T
	Earlier, Later string
}

// Keyset reads one page of q in the order sort, without OFFSET and without counting.
// key gives the values of sort.Columns for a row, the zero row too: a pointer goes in
// as it is. A cursor that cannot be read is
// Invalid.
func Keyset[T any](ctx context.Context, q Query[T], sort Sort, page Page, key func(T) []any) (Window[T], error) {
	limit := page.Limit
	if limit <= 0 || limit > 1000 {
		limit = 50
	}
	backwards := page.Before != "" && page.After == ""
	if cursor := page.After + page.Before; cursor != "" {
		if !backwards {
			cursor = page.After
		}
		var zero T
		args, err := readCursor(cursor, key(zero))
		if err != nil {
			return Window[T]{}, err
		}
		q = q.Where(sort.past(backwards), args...)
	}
	items, err := q.Order(sort.order(backwards)).Limit(limit + 1).Find(ctx)
	if err != nil {
		return Window[T]{}, err
	}
	more := len(items) > limit
	items = items[:min(len(items), limit)]
	if backwards {
		slices.Reverse(items)
	}
	w := Window[T]{Items: items}
	if len(items) == 0 {
		return w, nil
	}
	if more || backwards {
		w.Later = writeCursor(key(items[len(items)-1]))
	}
	if backwards && more || !backwards && page.After != "" {
		w.Earlier = writeCursor(key(items[0]))
	}
	return w, nil
}

func (s Sort) past(backwards bool) string {
	op := ") > ("
	if s.Desc != backwards {
		op = ") < ("
	}
	return "(" + strings.Join(s.Columns, ", ") + op + strings.TrimSuffix(strings.Repeat("?, ", len(s.Columns)), ", ") + ")"
}

func (s Sort) order(backwards bool) string {
	suffix := ""
	if s.Desc != backwards {
		suffix = " DESC"
	}
	return strings.Join(s.Columns, suffix+", ") + suffix
}

// A cursorTime keeps an instant apart from a text that looks like one.
type cursorTime struct {
	T time.Time `json:"t"`
}

func writeCursor(values []any) string {
	out := slices.Clone(values)
	for i, v := range out {
		switch t := v.(type) {
		case time.Time:
			out[i] = cursorTime{t}
		case *time.Time:
			if t != nil {
				out[i] = cursorTime{*t}
			}
		}
	}
	b, err := json.Marshal(out)
	if err != nil {
		panic("models: cursor: " + err.Error()) // a column of a kind that never is a sort key
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// readCursor reads what writeCursor wrote. like holds a value of the kind that each
// part has to be, since PostgreSQL compares nothing with a value of another kind.
func readCursor(s string, like []any) ([]any, error) {
	bad := Invalid(map[string]string{"after": "This link to a page of the list is incomplete. Start again from the first page."})
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return nil, bad
	}
	var parts []json.RawMessage
	if json.Unmarshal(b, &parts) != nil || len(parts) != len(like) {
		return nil, bad
	}
	args := make([]any, len(like))
	for i, part := range parts {
		if args[i], err = readPart(part, reflect.TypeOf(like[i])); err != nil {
			return nil, bad
		}
	}
	return args, nil
}

func readPart(part json.RawMessage, like reflect.Type) (any, error) {
	if string(part) == "null" {
		return nil, errors.New("no value")
	}
	if like == reflect.TypeFor[time.Time]() || like == reflect.TypeFor[*time.Time]() {
		var t cursorTime
		err := json.Unmarshal(part, &t)
		return t.T.UTC(), err
	}
	v := reflect.New(like)
	err := json.Unmarshal(part, v.Interface())
	if err == nil && like.Kind() == reflect.String && strings.ContainsRune(v.Elem().String(), 0) {
		err = errors.New("no text of PostgreSQL")
	}
	return v.Elem().Interface(), err
}
