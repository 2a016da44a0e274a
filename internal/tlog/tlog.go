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

// Bytes is the canonical form of l.
func (l Leaf) Bytes() ([]byte, error) {
	b, err := json.Marshal(l)
	if err != nil {
		return nil, fmt.Errorf("tlog: leaf: %w", err)
	}
	return b, nil
}

// Hash is the RFC 6962 leaf hash of l.
func (l Leaf) Hash() (Hash, error) {
	b, err := l.Bytes()
	if err != nil {
		return Hash{}, err
	}
	return tlog.RecordHash(b), nil
}

// Instant formats t as leaves write it.
func Instant(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }

// Commit binds detail, which may hold personal data, to a leaf without putting it
// there. The salt keeps short texts from being guessed. Both parts have a length
// that is known, so no other pair gives the same bytes.
func Commit(salt [32]byte, detail []byte) string {
	h := sha256.New()
	h.Write(salt[:])
	h.Write(detail)
	return hex.EncodeToString(h.Sum(nil))
}

// RowHash is the SHA-256, in hex, of a row in canonical form: the table's name and a
// JSON object of its columns in name order. Columns that hold their zero value are
// left out, so a migration that adds a column leaves the hash of every older row as
// it was, while setting a value to zero still changes it.
func RowHash(table string, columns map[string]any) (string, error) {
	names := make([]string, 0, len(columns))
	for name, v := range columns {
		if !zero(v) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	h := sha256.New()
	fmt.Fprintf(h, "%s\n{", table)
	for i, name := range names {
		v, err := canonical(columns[name])
		if err != nil {
			return "", fmt.Errorf("tlog: %s.%s: %w", table, name, err)
		}
		if i > 0 {
			h.Write([]byte{','})
		}
		key, _ := json.Marshal(name)
		h.Write(key)
		h.Write([]byte{':'})
		h.Write(v)
	}
	h.Write([]byte{'}'})
	return hex.EncodeToString(h.Sum(nil)), nil
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

// canonical writes the value kinds of database/sql/driver and refuses any other.
func canonical(v any) ([]byte, error) {
	switch v := v.(type) {
	case time.Time:
		return json.Marshal(Instant(v))
	case []byte:
		return json.Marshal("hex:" + hex.EncodeToString(v))
	case string, bool, int64, float64:
		return json.Marshal(v)
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

// Append returns the hashes that leaf n adds to the tree: its own, then one for each
// subtree it completes, bottom up.
func Append(n int64, leaf Hash, r tlog.HashReader) ([]Hash, error) {
	return tlog.StoredHashesForRecordHash(n, leaf, r)
}

// Position says where a stored hash lies when each leaf keeps the hashes that
// Append returned for it: the leaf's number and the place in its list.
func Position(index int64) (leaf int64, place int) {
	level, n := tlog.SplitStoredHashIndex(index)
	return (n+1)<<level - 1, level
}

// RecordHash is the hash of a leaf with these bytes.
func RecordHash(data []byte) Hash { return tlog.RecordHash(data) }

// NodeHash is the hash of an inner node.
func NodeHash(left, right Hash) Hash { return tlog.NodeHash(left, right) }
