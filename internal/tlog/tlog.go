// Package tlog is the arithmetic of the tamper-evident log: the bytes of a leaf,
// the hash of a row, and signed checkpoints over an RFC 6962 tree. It stores
// nothing; package models keeps leaves and hashes in the database.
package tlog

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// Version is the leaf layout this build writes. A verifier that meets a version it
// does not know must say so rather than guess.
const Version = 1

// Hash is a node of the tree.
type Hash = tlog.Hash

// A Leaf is one line of the log. Its JSON, in this field order, is what the tree
// commits to. It names people by stable id only, so that contact data can be erased
// while the proofs still hold; free text sits beside the tree behind Detail.
type Leaf struct {
	V        int    `json:"v"`
	At       string `json:"at"` // UTC, microseconds
	Actor    int64  `json:"actor"`
	Role     string `json:"role"`
	Session  string `json:"session,omitempty"`
	Verb     string `json:"verb"`
	About    string `json:"about"`
	Within   string `json:"within,omitempty"`
	Entity   string `json:"entity,omitempty"` // table of the row that changed
	EntityID int64  `json:"entity_id,omitempty"`
	Rev      int64  `json:"rev,omitempty"`
	Prev     string `json:"prev,omitempty"`   // row hash before, hex
	New      string `json:"new,omitempty"`    // row hash after, hex; empty when the row is gone
	Detail   string `json:"detail,omitempty"` // commitment to the text beside the tree, hex
	Request  string `json:"request,omitempty"`
	Build    string `json:"build,omitempty"`
}

// Bytes is the canonical form of l: what json.Marshal makes of it, which a test holds
// it to, and written by hand because the whole log is hashed again and again.
func (l Leaf) Bytes() []byte { return l.appendTo(make([]byte, 0, 512)) }

func (l Leaf) appendTo(b []byte) []byte {
	b = strconv.AppendInt(append(b, `{"v":`...), int64(l.V), 10)
	b = appendText(append(b, `,"at":`...), l.At)
	b = strconv.AppendInt(append(b, `,"actor":`...), l.Actor, 10)
	b = appendText(append(b, `,"role":`...), l.Role)
	b = textField(b, `,"session":`, l.Session)
	b = appendText(append(b, `,"verb":`...), l.Verb)
	b = appendText(append(b, `,"about":`...), l.About)
	b = textField(b, `,"within":`, l.Within)
	b = textField(b, `,"entity":`, l.Entity)
	b = numberField(b, `,"entity_id":`, l.EntityID)
	b = numberField(b, `,"rev":`, l.Rev)
	b = textField(b, `,"prev":`, l.Prev)
	b = textField(b, `,"new":`, l.New)
	b = textField(b, `,"detail":`, l.Detail)
	b = textField(b, `,"request":`, l.Request)
	b = textField(b, `,"build":`, l.Build)
	return append(b, '}')
}

func textField(b []byte, key, s string) []byte {
	if s == "" {
		return b
	}
	return appendText(append(b, key...), s)
}

func numberField(b []byte, key string, n int64) []byte {
	if n == 0 {
		return b
	}
	return strconv.AppendInt(append(b, key...), n, 10)
}

// appendText appends s as JSON. Text that json.Marshal would leave as it is, which is
// nearly all, is copied.
func appendText(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			text, _ := json.Marshal(s) // a string always has a form
			return append(b, text...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

// Hash is the RFC 6962 leaf hash of l.
func (l Leaf) Hash() Hash { return tlog.RecordHash(l.Bytes()) }

const instant = "2006-01-02T15:04:05.000000Z"

// Instant formats t as leaves write it.
func Instant(t time.Time) string { return t.UTC().Format(instant) }

// Commit binds detail, which may hold personal data, to a leaf without putting it
// there. The salt keeps short texts from being guessed. Both parts have a length
// that is known, so no other pair gives the same bytes.
func Commit(salt [32]byte, detail []byte) string {
	h := sha256.New()
	h.Write(salt[:])
	h.Write(detail)
	return hex.EncodeToString(h.Sum(nil))
}

// A Column is a value of a row, of a kind that database/sql/driver knows.
type Column struct {
	Name  string
	Value any
}

// RowHash is the SHA-256 of a row in canonical form: the table's name and a JSON object
// of its columns in name order, which it sorts columns into. Columns that hold their
// zero value are left out, so a migration that adds a column leaves the hash of every
// older row as it was, while setting a value to zero still changes it.
func RowHash(table string, columns []Column) (Hash, error) {
	var h Hasher
	return h.Row(table, columns)
}

// RowText is the text that RowHash is the SHA-256 of, for whoever checks it without us.
func RowText(table string, columns []Column) ([]byte, error) {
	var h Hasher
	_, err := h.Row(table, columns)
	return h.buf, err
}

// A Hasher hashes many leaves and rows with one piece of memory.
type Hasher struct{ buf []byte }

// Leaf is l.Hash. RFC 6962 puts a zero before what a leaf says.
func (h *Hasher) Leaf(l *Leaf) Hash {
	h.buf = l.appendTo(append(h.buf[:0], 0))
	return sha256.Sum256(h.buf)
}

// Row is RowHash.
func (h *Hasher) Row(table string, columns []Column) (Hash, error) {
	byName := func(a, b Column) int { return strings.Compare(a.Name, b.Name) }
	if !slices.IsSortedFunc(columns, byName) {
		slices.SortFunc(columns, byName)
	}
	b := h.buf[:0]
	b = append(append(b, table...), "\n{"...)
	start := len(b)
	for _, c := range columns {
		if zero(c.Value) {
			continue
		}
		if len(b) > start {
			b = append(b, ',')
		}
		b = append(appendText(b, c.Name), ':')
		var err error
		if b, err = canonical(b, c.Value); err != nil {
			return Hash{}, fmt.Errorf("tlog: %s.%s: %w", table, c.Name, err)
		}
	}
	b = append(b, '}')
	h.buf = b
	return sha256.Sum256(b), nil
}

func zero(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case []byte:
		return len(v) == 0
	case bool:
		return !v
	case int64:
		return v == 0
	case float64:
		return v == 0
	case time.Time:
		return v.IsZero()
	}
	return false
}

// canonical appends the value kinds of database/sql/driver and refuses any other.
func canonical(b []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case time.Time:
		b = v.UTC().AppendFormat(append(b, '"'), instant)
		return append(b, '"'), nil
	case []byte:
		b = hex.AppendEncode(append(b, `"hex:`...), v)
		return append(b, '"'), nil
	case string:
		return appendText(b, v), nil
	case int64:
		return strconv.AppendInt(b, v, 10), nil
	case bool, float64:
		text, err := json.Marshal(v)
		return append(b, text...), err
	}
	return nil, fmt.Errorf("a %T has no canonical form", v)
}

// ReaderFunc adapts a function to the reader that the tree functions ask for.
type ReaderFunc = tlog.HashReaderFunc

// TreeHash is the root of the first n leaves.
func TreeHash(n int64, r tlog.HashReader) (Hash, error) {
	if n == 0 { // RFC 6962: the hash of nothing; x/mod answers with zeros
		return sha256.Sum256(nil), nil
	}
	return tlog.TreeHash(n, r)
}

// Consistent proves that the tree of size n with root h extends the one of size m
// with root g, reading hashes from r.
func Consistent(m int64, g Hash, n int64, h Hash, r tlog.HashReader) error {
	if m == 0 {
		return nil
	}
	if m > n {
		return fmt.Errorf("tlog: the log has %d leaves, fewer than the %d signed before", n, m)
	}
	if m == n {
		if g != h {
			return fmt.Errorf("tlog: two roots for %d leaves", n)
		}
		return nil
	}
	proof, err := tlog.ProveTree(n, m, r)
	if err != nil {
		return err
	}
	return tlog.CheckTree(proof, n, h, m, g)
}

// Grow adds leaf n, whose hash is h, to a tree of which edge holds the complete
// subtrees, largest first, as it does of the tree it returns. added is what leaf n adds:
// its own hash, then one for each subtree it completes, bottom up.
func Grow(edge []Hash, n int64, h Hash) (after, added []Hash) {
	added = []Hash{h}
	for ; n&1 == 1; n >>= 1 {
		h = NodeHash(edge[len(edge)-1], h)
		edge = edge[:len(edge)-1]
		added = append(added, h)
	}
	return append(edge, h), added
}

// Position says where a stored hash lies when each leaf keeps the hashes that
// Grow added with it: the leaf's number and the place in its list.
func Position(index int64) (leaf int64, place int) {
	level, n := tlog.SplitStoredHashIndex(index)
	return (n+1)<<level - 1, level
}

// RecordHash is the hash of a leaf with these bytes.
func RecordHash(data []byte) Hash { return tlog.RecordHash(data) }

// NodeHash is the hash of an inner node.
func NodeHash(left, right Hash) Hash { return tlog.NodeHash(left, right) }

// Level is where a stored hash stands in the tree: it is the n-th of its level, which
// counts from the leaves.
func Level(index int64) (level int, n int64) { return tlog.SplitStoredHashIndex(index) }

// Prove is the path from leaf n to the root of the tree of this size.
func Prove(size, n int64, r tlog.HashReader) ([]Hash, error) { return tlog.ProveRecord(size, n, r) }

// CheckProof checks that the tree of this size with this root holds leaf n with this hash.
func CheckProof(path []Hash, size int64, root Hash, n int64, leaf Hash) error {
	return tlog.CheckRecord(path, size, root, n, leaf)
}
