package models

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"assay/internal/tlog"
)

// A LoggedTable knows how to read every row of one kind of Record.
type LoggedTable struct {
	Name string
	Row  Record // a zero row, for tests that look at its columns
	path func(ctx context.Context, tx *Tx, id int64) (string, error)
}

// Logged describes the table of a Record. Package ledger lists them all.
func Logged[T any, P record[T]]() LoggedTable {
	var zero T
	return LoggedTable{Name: P(&zero).TableName(), Row: P(&zero), path: pathOf[T, P]}
}

func pathOf[T any, P record[T]](ctx context.Context, tx *Tx, id int64) (string, error) {
	row, err := UnscopedRows[T](tx).Where("id = ?", id).Take(ctx)
	return P(&row).Path(), err
}

// VerifyOptions say what to hold the database against.
type VerifyOptions struct {
	Tables      []LoggedTable
	Derived     []DerivedTable
	VerifierKey string   // of the log; "" takes the one beside the newest checkpoint
	Replaced    []string // what it replaced, the newest first: each signed before those that came after it
	Since       string   // a signed checkpoint kept outside, or ""
}

// A Report is what Verify found. It holds when Problems is empty.
type Report struct {
	Leaves, Rows, Checkpoints, Erased int64
	Root                              tlog.Hash
	VerifierKey                       string
	Replaced                          int64 // checkpoints that a key signed which it replaced
	Signed                            int64 // leaves under the newest good checkpoint
	Problems                          []string
}

// Verify replays the whole log: every leaf against the hash the tree holds for it,
// every tree against the checkpoint that was signed for it, every note against its
// commitment, every logged row against the last leaf about it, and what is derived from
// logged rows against them. It looks at one consistent state through several connections, so that the log and the tables are read
// and hashed beside each other, and keeps about 150 bytes a row in memory. An error means
// that it could not look, not that something is wrong.
func Verify(ctx context.Context, db *DB, o VerifyOptions) (Report, error) {
	views, end, err := db.views(ctx, 1+tableReaders())
	if err != nil {
		return Report{}, err
	}
	defer end()
	v := &verifier{tx: views[0], last: map[string]map[int64]rowState{}, roots: map[int64]tlog.Hash{}}
	err = v.run(ctx, o, views[1:])
	return v.report, err
}

type rowState struct {
	seq  int64
	hash [32]byte
	gone bool
}

type verifier struct {
	tx     *Tx
	report Report
	hasher tlog.Hasher
	last   map[string]map[int64]rowState // by table and id
	keys   []string                      // of the log, the one that counts now first
	roots  map[int64]tlog.Hash           // the root at each size that somebody signed
	edge   []tlog.Hash                   // complete subtrees, largest first
	size   int64                         // leaves there should be: one more than the last place taken
	bad    int64                         // one more than the newest leaf that a problem was named for
}

func (v *verifier) problem(format string, args ...any) {
	v.report.Problems = append(v.report.Problems, fmt.Sprintf(format, args...))
}

func (v *verifier) run(ctx context.Context, o VerifyOptions, views []*Tx) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	tables := readTables(ctx, cancel, o, views)
	if err := v.log(ctx, o); err != nil {
		cancel()
		if _, failed := tables(); failed != nil && !errors.Is(failed, context.Canceled) {
			return failed // which ended the log
		}
		return err
	}
	read, err := tables()
	if err != nil {
		return err
	}
	for i, t := range o.Tables {
		if err := v.rows(ctx, t, read.rows[i]); err != nil {
			return about(t.Name, err)
		}
	}
	known := make(map[string]bool, len(o.Tables))
	for _, t := range o.Tables {
		known[t.Name] = true
	}
	for table, states := range v.last {
		if !known[table] {
			v.lost(table, states, nil)
		}
	}
	v.report.Problems = slices.Concat(append([][]string{v.report.Problems}, read.derived...)...)
	return nil
}

// What readTables read: the rows of each logged table, and the problems of each derived one.
type tablesRead struct {
	rows    [][]storedRow
	derived [][]string
}

// readTables reads every table, and is done when what it returns is called. The first
// failure ends all reading.
func readTables(ctx context.Context, cancel context.CancelFunc, o VerifyOptions, views []*Tx) (wait func() (tablesRead, error)) {
	read := tablesRead{make([][]storedRow, len(o.Tables)), make([][]string, len(o.Derived))}
	todo := make(chan func(*Tx) error, len(o.Tables)+len(o.Derived))
	for i, t := range o.Tables {
		todo <- func(tx *Tx) (err error) {
			read.rows[i], err = tx.storedRows(ctx, t)
			return about(t.Name, err)
		}
	}
	for i, t := range o.Derived {
		todo <- func(tx *Tx) error {
			return about(t.Name, t.Check(ctx, tx, func(problem string) { read.derived[i] = append(read.derived[i], problem) }))
		}
	}
	close(todo)
	failed := make(chan error, len(views))
	var group sync.WaitGroup
	for _, tx := range views {
		group.Go(func() {
			for do := range todo {
				if err := do(tx); err != nil {
					failed <- err
					cancel()
					return
				}
			}
		})
	}
	return func() (tablesRead, error) {
		group.Wait()
		close(failed)
		return read, <-failed
	}
}

func about(table string, err error) error {
	if err != nil {
		return fmt.Errorf("read %s: %w", table, err)
	}
	return nil
}

// log checks everything but the rows.
func (v *verifier) log(ctx context.Context, o VerifyOptions) error {
	checkpoints, err := v.tx.storedCheckpoints(ctx)
	if err != nil {
		return fmt.Errorf("read the checkpoints: %w", err)
	}
	since, err := v.openNotes(o, checkpoints)
	if err != nil {
		return err
	}
	if err := v.replay(ctx); err != nil {
		return fmt.Errorf("read the log: %w", err)
	}
	if err := v.head(ctx); err != nil {
		return fmt.Errorf("read the log: %w", err)
	}
	v.checkpoints(checkpoints)
	v.since(since)
	return nil
}

// openNotes chooses the keys, reads the note that was kept outside, and registers the
// sizes whose roots are wanted.
func (v *verifier) openNotes(o VerifyOptions, checkpoints []storedCheckpoint) (*tlog.Checkpoint, error) {
	v.report.VerifierKey = o.VerifierKey
	if o.VerifierKey == "" {
		v.report.VerifierKey = keyOf(checkpoints)
	}
	v.keys = append([]string{v.report.VerifierKey}, o.Replaced...)
	for _, c := range checkpoints {
		v.roots[c.Size] = tlog.Hash{}
	}
	if o.Since == "" {
		return nil, nil
	}
	if v.report.VerifierKey == "" {
		return nil, fmt.Errorf("the database holds no checkpoint, so the key that signed the old note has to be given")
	}
	c, err := tlog.OpenCheckpoint(o.Since, v.keys...)
	if err != nil {
		return nil, fmt.Errorf("the old note: %w", err)
	}
	v.roots[c.Size] = tlog.Hash{}
	return &c, nil
}

func (v *verifier) replay(ctx context.Context) error {
	return v.tx.storedLeaves(ctx, func(l *storedLeaf) {
		for ; v.size < l.seq; v.size++ {
			v.problem("leaf %d is missing", v.size)
			v.bad = v.size + 1
			v.grow(v.size, tlog.Hash{}, nil)
		}
		v.leaf(l)
		v.size++
		v.report.Leaves++
	})
}

func (v *verifier) leaf(l *storedLeaf) {
	if l.V != tlog.Version {
		v.problem("leaf %d has layout %d, which this build does not know", l.seq, l.V)
	}
	h := v.hasher.Leaf(&l.Leaf)
	if len(l.hashes) < len(h) || string(l.hashes[:len(h)]) != string(h[:]) {
		v.problem("leaf %d was changed: %s %s by %d at %s", l.seq, l.Verb, l.About, l.Actor, l.At)
		v.bad = l.seq + 1
	}
	v.grow(l.seq, h, l.hashes)
	v.note(l)
	if l.Entity != "" {
		v.follow(l)
	}
}

// head compares what the next append would build upon with the tree.
func (v *verifier) head(ctx context.Context) error {
	before, err := Value[int64](ctx, v.tx, "SELECT count(*) FROM log_leaves WHERE seq < 0")
	if err != nil {
		return err
	}
	if before > 0 {
		v.problem("%d leaves stand before the first one", before)
	}
	strays, err := Value[int64](ctx, v.tx, "SELECT count(*) FROM log_details d WHERE NOT EXISTS (SELECT 1 FROM log_leaves l WHERE l.seq = d.seq)")
	if err != nil {
		return err
	}
	if strays > 0 {
		v.problem("%d notes belong to no leaf", strays)
	}
	size, err := v.tx.LogSize(ctx)
	if err != nil {
		return err
	}
	if size != v.report.Leaves {
		v.problem("the log says it has %d leaves; %d are there", size, v.report.Leaves)
	}
	head, err := v.tx.head(ctx, false)
	if err != nil || !slices.Equal(head.edge, v.edge) {
		v.problem("the head of the log does not belong to its leaves")
	}
	return nil
}

// grow adds a leaf hash to the recomputed tree and compares the subtrees it completes
// with the stored ones.
func (v *verifier) grow(seq int64, h tlog.Hash, stored []byte) {
	var added []tlog.Hash
	v.edge, added = tlog.Grow(v.edge, seq, h)
	for place, node := range added {
		end := (place + 1) * len(node)
		from := seq + 1 - 1<<place
		if place == 0 || stored == nil || v.bad > from { // what lies below was named already
			continue
		}
		if len(stored) < end || string(stored[end-len(node):end]) != string(node[:]) {
			v.problem("the tree above leaves %d to %d does not match them", from, seq)
			v.bad = seq + 1
		}
	}
	if _, wanted := v.roots[seq+1]; wanted {
		v.roots[seq+1] = v.root()
	}
}

func (v *verifier) root() tlog.Hash {
	if len(v.edge) == 0 {
		return tlog.Hash{}
	}
	r := v.edge[len(v.edge)-1]
	for i := len(v.edge) - 2; i >= 0; i-- {
		r = tlog.NodeHash(v.edge[i], r)
	}
	return r
}

func (v *verifier) note(l *storedLeaf) {
	switch {
	case l.Detail == "" && l.salt != nil:
		v.problem("leaf %d has a note that it does not commit to", l.seq)
	case l.Detail != "" && l.salt == nil:
		v.report.Erased++
	case l.Detail != "" && (len(l.salt) != 32 || tlog.Commit([32]byte(l.salt), l.text) != l.Detail):
		v.problem("the note of leaf %d was changed", l.seq)
	}
}

// follow checks that a leaf takes up its row where the leaf before left it.
func (v *verifier) follow(l *storedLeaf) {
	states := v.last[l.Entity]
	if states == nil {
		states = map[int64]rowState{}
		v.last[strings.Clone(l.Entity)] = states
	}
	before, known := states[l.EntityID]
	prev := ""
	if known && !before.gone {
		prev = hex.EncodeToString(before.hash[:])
	}
	if prev != l.Prev {
		v.problem("leaf %d does not take up row %s/%d where leaf %d left it", l.seq, l.Entity, l.EntityID, before.seq)
	}
	state := rowState{seq: l.seq, gone: l.New == ""}
	if len(l.New) == 2*len(state.hash) {
		if _, err := hex.Decode(state.hash[:], []byte(l.New)); err != nil {
			state.hash = [32]byte{}
		}
	}
	states[l.EntityID] = state
}

// rows holds every row of a table against the last leaf about it.
func (v *verifier) rows(ctx context.Context, t LoggedTable, stored []storedRow) error {
	v.report.Rows += int64(len(stored))
	states, seen := v.last[t.Name], 0
	for _, row := range stored {
		state, known := states[row.id]
		if known && !state.gone {
			seen++
		}
		if known && !state.gone && row.ok && row.hash == state.hash {
			continue
		}
		path, err := t.path(ctx, v.tx, row.id)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil { // SQLite takes a word where a time was
			path = "cannot be read: " + err.Error()
		}
		if state.gone || state.hash == [32]byte{} {
			v.problem("row %s/%d (%s) has no leaf", t.Name, row.id, path)
		} else {
			v.problem("row %s/%d (%s) was changed: it does not match leaf %d", t.Name, row.id, path, state.seq)
		}
	}
	there := 0
	for _, state := range states {
		if !state.gone {
			there++
		}
	}
	if there != seen {
		v.lost(t.Name, states, stored)
	}
	return nil
}

// lost names the rows that should be among those that are stored, which go by their ids.
func (v *verifier) lost(table string, states map[int64]rowState, stored []storedRow) {
	for _, id := range slices.Sorted(maps.Keys(states)) {
		_, found := slices.BinarySearchFunc(stored, id, func(row storedRow, id int64) int { return cmp.Compare(row.id, id) })
		if state := states[id]; !state.gone && !found {
			v.problem("row %s/%d is gone, and leaf %d says it is there", table, id, state.seq)
		}
	}
}

// keyOf is the verifier key beside the newest checkpoint that it opens: a row that holds
// no key must not make all others look forged.
func keyOf(checkpoints []storedCheckpoint) string {
	for _, c := range slices.Backward(checkpoints) {
		if _, err := tlog.OpenCheckpoint(c.Signed, c.VerifierKey); err == nil {
			return c.VerifierKey
		}
	}
	return ""
}

func (v *verifier) checkpoints(list []storedCheckpoint) {
	v.report.Root = v.root()
	good, broken, after := int64(0), int64(0), 0
	last := len(v.keys) - 1 // the oldest key that may still sign
	for _, c := range list {
		v.report.Checkpoints++
		place := slices.Index(v.keys, c.VerifierKey)
		signed, err := tlog.OpenCheckpoint(c.Signed, v.keys[max(place, 0)])
		if c.damage != "" {
			v.problem("checkpoint %d cannot be read any more: %s", c.Size, c.damage)
		}
		switch {
		case place < 0:
			v.problem("checkpoint %d names another key than the one it is checked with", c.Size)
		case place > last:
			v.problem("checkpoint %d was signed by a key after that had been replaced", c.Size)
		default:
			last = place
		}
		if place > 0 {
			v.report.Replaced++
		}
		switch {
		case err != nil:
			v.problem("checkpoint %d is not signed by the key: %v", c.Size, err)
		case signed.Size != c.Size:
			v.problem("checkpoint %d holds a note for %d leaves", c.Size, signed.Size)
		case signed.Size > v.size:
			v.problem("checkpoint %d was signed, and the log has %d leaves: leaves %d to %d are lost", c.Size, v.size, v.size, c.Size-1)
		case signed.Root == v.roots[c.Size]:
			good = c.Size
		case broken == 0:
			broken = c.Size
		default: // every tree over a changed leaf differs
			after++
		}
	}
	if broken > 0 {
		v.problem("leaves %d to %d do not match the checkpoint signed over them, nor do %d later checkpoints", good, broken-1, after)
	}
	v.report.Signed = good
}

func (v *verifier) since(c *tlog.Checkpoint) {
	switch {
	case c == nil:
	case c.Size > v.size:
		v.problem("the old note attests %d leaves, and the log has %d: an older database was put back", c.Size, v.size)
	case c.Size > 0 && c.Root != v.roots[c.Size]:
		v.problem("the first %d leaves are not those the old note attests: history was rewritten", c.Size)
	}
}

// ColumnsOf lists the columns that row's struct declares, for the drift test.
func ColumnsOf(row any) (table string, columns []string, err error) {
	s, err := schemaOf(row)
	if err != nil {
		return "", nil, err
	}
	if n := len(s.Relationships.Relations); n > 0 {
		return "", nil, fmt.Errorf("models: %s has associations; keep ids", s.Table)
	}
	return s.Table, s.DBNames, nil
}
