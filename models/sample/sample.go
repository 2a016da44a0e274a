// Package sample selects items of a population so that anybody can repeat it: with this
// code, with "assay sample", or with sha256sum, sort and head. It is pure: no database, no
// clock; all it reads are rows, in one pass and in bounded memory.
//
// The scheme is assay-sample/1. A population has a digest that depends on what its rows
// say and not on their order. Whoever knows the digest and the seed knows the rank of
// every item, a SHA-256; the sample is the items of the lowest ranks. Nobody can steer it,
// since the seed comes after the digest, and a longer sample or a replacement is simply
// the next rank.
package sample

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"

	"assay/internal/sheet"
)

// A Digest is a SHA-256.
type Digest [sha256.Size]byte

func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// Columns name the columns of a list that mean something. Only Key is needed.
type Columns struct {
	Key     string // tells the items apart
	Stratum string // items of a kind, of which a sample takes so many each
	When    string // when the item occurred
	Amount  string // what the item is worth, for monetary unit sampling
}

// An Item is one row of a population: one occurrence of what a control acts on.
type Item struct {
	Line                       int
	Key, Stratum, When, Amount string
	Digest                     Digest   // of the whole row
	Cells                      []string // good until the next item; nil in a List
}

// An UnusableError is a sentence for the person who asked: what cannot be done, and why.
type UnusableError string

func (e UnusableError) Error() string { return string(e) }

func unusable(format string, args ...any) error { return UnusableError(fmt.Sprintf(format, args...)) }

// A ColumnError is a column that was named and is not there, or is there twice.
type ColumnError struct {
	Column string
	Times  int
	Header []string
}

func (e *ColumnError) Error() string {
	if e.Times > 1 {
		return fmt.Sprintf("%d columns are called “%s”. Rename all but one.", e.Times, e.Column)
	}
	return fmt.Sprintf("No column is called “%s”. The header names: %s.", e.Column, strings.Join(e.Header, ", "))
}

// Items reads the rows of a file as items. Text is compared and hashed in Unicode's
// normal form C, so that it does not matter how a program writes an ü.
func Items(rows sheet.Rows, c Columns) (iter.Seq2[Item, error], error) {
	r, err := readerOf(rows, c)
	if err != nil {
		return nil, err
	}
	return func(yield func(Item, error) bool) { r.read(rows, yield) }, nil
}

// Rows reads the rows of a file as items without Digest, for whoever looks some of them up
// by their keys. It is twice as quick as Items.
func Rows(rows sheet.Rows, key string) (iter.Seq2[Item, error], error) {
	r, err := readerOf(rows, Columns{Key: key})
	if err != nil {
		return nil, err
	}
	return func(yield func(Item, error) bool) {
		var cells []string
		for row, err := range rows.All {
			var it Item
			if err == nil {
				cells = append(cells[:0], row.Cells...)
				normal(cells, row.ASCII)
				it = Item{Line: row.Line, Key: cells[r.key], Cells: cells}
			}
			if !yield(it, err) || err != nil {
				return
			}
		}
	}, nil
}

// normal brings cells into normal form C.
func normal(cells []string, ascii bool) {
	if ascii {
		return
	}
	for i, cell := range cells {
		cells[i] = norm.NFC.String(cell)
	}
}

func readerOf(rows sheet.Rows, c Columns) (*reader, error) {
	r := &reader{header: make([]string, len(rows.Header))}
	for i, name := range rows.Header {
		r.header[i] = norm.NFC.String(name)
	}
	for _, want := range []struct {
		name string
		at   *int
	}{{c.Key, &r.key}, {c.Stratum, &r.stratum}, {c.When, &r.when}, {c.Amount, &r.amount}} {
		var err error
		if *want.at, err = r.find(want.name); err != nil {
			return nil, err
		}
	}
	if r.key < 0 {
		return nil, &ColumnError{Column: c.Key, Header: r.header}
	}
	r.names = make([][]byte, len(r.header))
	for i, name := range r.header {
		r.names[i] = netstring(nil, name)
	}
	return r, nil
}

// A reader knows where the columns stand.
type reader struct {
	header                     []string
	names                      [][]byte // the header as netstrings
	key, stratum, when, amount int      // -1 where there is none
}

// find is where a column stands, -1 for no name. Blanks around a name do not count.
func (r *reader) find(name string) (int, error) {
	name = strings.TrimSpace(norm.NFC.String(name))
	if name == "" {
		return -1, nil
	}
	at, times := -1, 0
	for i, header := range r.header {
		if strings.TrimSpace(header) == name {
			at, times = i, times+1
		}
	}
	if times != 1 {
		return 0, &ColumnError{name, times, r.header}
	}
	return at, nil
}

// netstring appends the length of s in bytes, a colon, s and a comma.
func netstring(to []byte, s string) []byte {
	to = strconv.AppendInt(to, int64(len(s)), 10)
	return append(append(append(to, ':'), s...), ',')
}

// A List holds the items of a population in the order of their keys. Close it: a long one
// lies in temporary files.
type List struct {
	items  *sorter
	count  int
	faults Faults
	value  []byte // of the item that is being added
}

// Faults are what keeps a list from being a population: an item that cannot be told from
// the others cannot be selected.
type Faults struct {
	Keyless   Noted // rows without a key
	Broken    Noted // keys with a line break or another character no list can show
	Duplicate Noted // rows whose key another row has
}

// Any reports whether there are some.
func (f Faults) Any() bool { return f.Keyless.Count+f.Broken.Count+f.Duplicate.Count > 0 }

// Err says in a sentence what is wrong first, or is nil.
func (f Faults) Err() error {
	for _, c := range []struct {
		noted Noted
		why   string
	}{
		{f.Keyless, "%s without a key (%s). Every item of a population needs one."},
		{f.Broken, "%s with a line break in the key (%s)."},
		{f.Duplicate, "%s with a key that is there already (%s). Choose a column that tells the items apart, or take out what is there twice."},
	} {
		if c.noted.Count > 0 {
			return unusable(c.why, rows(c.noted.Count), strings.Join(c.noted.Examples, "; "))
		}
	}
	return nil
}

func rows(n int) string {
	if n == 1 {
		return "1 row"
	}
	return strconv.Itoa(n) + " rows"
}

// Noted counts rows and keeps the first few of them as examples.
type Noted struct {
	Count    int
	Examples []string `json:",omitempty"`
}

const examples = 10

func (n *Noted) note(format string, args ...any) {
	if n.Count++; n.Count <= examples {
		n.Examples = append(n.Examples, fmt.Sprintf(format, args...))
	}
}

// NewList is an empty list.
func NewList() *List { return &List{items: newSorter()} }

// ListOf reads all of items.
func ListOf(items iter.Seq2[Item, error]) (*List, error) {
	l := NewList()
	for it, err := range items {
		if err == nil {
			err = l.Add(it)
		}
		if err != nil {
			return nil, errors.Join(err, l.Close())
		}
	}
	return l, nil
}

// Close removes what the list left on disk.
func (l *List) Close() error { return l.items.close() }

// Add takes an item in. One without a usable key is counted among the faults.
func (l *List) Add(it Item) error {
	l.count++
	switch {
	case strings.TrimSpace(it.Key) == "":
		l.faults.Keyless.note("row %d", it.Line)
		return nil
	case strings.ContainsAny(it.Key, "\n\r\x00"):
		l.faults.Broken.note("row %d", it.Line)
		return nil
	}
	l.value = pack(l.value[:0], it)
	return l.items.add(it.Key, l.value)
}

// Sealed is what a lock fixes.
type Sealed struct {
	Digest string // of the population; empty while there are faults
	Count  int    // of rows
	Faults Faults
}

// Seal computes the digest of the population and writes to w the text that it is the
// digest of: a first line, and a line per item in the order of the keys.
func (l *List) Seal(w io.Writer) (Sealed, error) {
	h := sha256.New()
	out := newSink(io.MultiWriter(h, w))
	err := l.lines(out)
	if err = cmp.Or(out.close(), err); err != nil {
		return Sealed{}, err
	}
	s := Sealed{Count: l.count, Faults: l.faults}
	if !s.Faults.Any() {
		s.Digest = hex.EncodeToString(h.Sum(nil))
	}
	return s, nil
}

// lines writes the text, and notes keys that are there twice.
func (l *List) lines(out *sink) error {
	text := out.buffer
	text = append(text, "assay-population/1\n"...)
	l.faults.Duplicate = Noted{}
	var last []byte
	lastLine := 0
	for p := range l.items.all() {
		if p.err != nil {
			return p.err
		}
		line := lineOf(p.value)
		if lastLine > 0 && bytes.Equal(p.key, last) {
			l.faults.Duplicate.note("%s in rows %d and %d", p.key, lastLine, line)
		}
		last, lastLine = append(last[:0], p.key...), line
		text = appendHex(text, p.value[:sha256.Size])
		text = append(append(append(text, "  "...), p.key...), '\n')
		if len(text) > sinkBytes {
			var err error
			if text, err = out.pass(text); err != nil {
				return err
			}
		}
	}
	out.buffer = text
	return nil
}

// Items goes through the items in the byte order of their keys. They have no Cells.
func (l *List) Items() iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		for p := range l.items.all() {
			if !yield(unpack(p), p.err) || p.err != nil {
				return
			}
		}
	}
}

// Keys is the number of items with a key.
func (l *List) Keys() int { return l.count - l.faults.Keyless.Count - l.faults.Broken.Count }

// pack is what a list keeps of an item beside its key: digest, line, the stratum
// behind its length, amount. The instant has done its work when the record was made.
func pack(to []byte, it Item) []byte {
	to = append(to, it.Digest[:]...)
	to = binary.BigEndian.AppendUint32(to, uint32(it.Line))
	to = binary.BigEndian.AppendUint32(to, uint32(len(it.Stratum)))
	return append(append(to, it.Stratum...), it.Amount...)
}

const packed = sha256.Size + 8 // bytes before the stratum

func lineOf(value []byte) int { return int(binary.BigEndian.Uint32(value[sha256.Size:])) }

func unpack(p pair) Item {
	if p.err != nil {
		return Item{}
	}
	texts := string(p.value[packed:])
	cut := binary.BigEndian.Uint32(p.value[sha256.Size+4:])
	return Item{Key: string(p.key), Digest: Digest(p.value[:sha256.Size]), Line: lineOf(p.value), Stratum: texts[:cut], Amount: texts[cut:]}
}

// sorted gives the keys of a map in order.
func sorted[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
