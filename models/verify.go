package models

import (
	"context"
	"database/sql"
	"encoding/hex"
	"fmt"
	"slices"

	"gorm.io/gorm"

	"assay/internal/tlog"
	"assay/models/access"
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
	VerifierKey string // of the log; "" takes the one beside the newest checkpoint
	Since       string // a signed checkpoint kept outside, or ""
}

// A Report is what Verify found. It holds when Problems is empty.
type Report struct {
	Leaves, Rows, Checkpoints, Erased int64
	Root                              tlog.Hash
	VerifierKey                       string
	Signed                            int64 // leaves under the newest good checkpoint
	Problems                          []string
}

// Verify replays the whole log: every leaf against the hash the tree holds for it,
// every tree against the checkpoint that was signed for it, every note against its
// commitment, and every logged row against the last leaf about it. It reads one
// consistent snapshot and keeps about 100 bytes a row in memory. An error means that
// it could not look, not that something is wrong.
func Verify(ctx context.Context, db *DB, o VerifyOptions) (Report, error) {
	var v *verifier
	err := db.snapshot(ctx, func(tx *Tx) (err error) {
		v = &verifier{tx: tx, last: map[rowKey]rowState{}, roots: map[int64]tlog.Hash{}}
		return v.run(ctx, o)
	})
	if err != nil {
		return Report{}, err
	}
	return v.report, nil
}

// snapshot runs f in a read-only transaction that sees one state of the database.
func (db *DB) snapshot(ctx context.Context, f func(*Tx) error) error {
	opts := &sql.TxOptions{}
	if db.dialect == "postgres" {
		opts = &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
	}
	return db.read.WithContext(ctx).Transaction(func(g *gorm.DB) error {
		return f(db.tx(ctx, g, access.Actor{}))
	}, opts)
}

type rowKey struct {
	table string
	id    int64
}

type rowState struct {
	seq  int64
	hash [32]byte
	gone bool
	seen bool
}

type verifier struct {
	tx     *Tx
	report Report
	last   map[rowKey]rowState
	roots  map[int64]tlog.Hash // the root at each size that somebody signed
	edge   []tlog.Hash         // complete subtrees, largest first
	size   int64               // leaves there should be: one more than the last place taken
	bad    int64               // one more than the newest leaf that a problem was named for
}

func (v *verifier) problem(format string, args ...any) {
	v.report.Problems = append(v.report.Problems, fmt.Sprintf(format, args...))
}

func (v *verifier) run(ctx context.Context, o VerifyOptions) error {
	checkpoints, err := Rows[Checkpoint](v.tx).Order("size").Find(ctx)
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
	for _, t := range o.Tables {
		if err := v.rows(ctx, t); err != nil {
			return fmt.Errorf("read %s: %w", t.Name, err)
		}
	}
	for key, state := range v.last {
		if !state.gone && !state.seen {
			v.problem("row %s/%d is gone, and leaf %d says it is there", key.table, key.id, state.seq)
		}
	}
	return nil
}

// openNotes chooses the key, reads the note that was kept outside, and registers the
// sizes whose roots are wanted.
func (v *verifier) openNotes(o VerifyOptions, checkpoints []Checkpoint) (*tlog.Checkpoint, error) {
	v.report.VerifierKey = o.VerifierKey
	if o.VerifierKey == "" && len(checkpoints) > 0 {
		v.report.VerifierKey = checkpoints[len(checkpoints)-1].VerifierKey
	}
	for _, c := range checkpoints {
		v.roots[c.Size] = tlog.Hash{}
	}
	if o.Since == "" {
		return nil, nil
	}
	if v.report.VerifierKey == "" {
		return nil, fmt.Errorf("the database holds no checkpoint, so the key that signed the old note has to be given")
	}
	c, err := tlog.OpenCheckpoint(o.Since, v.report.VerifierKey)
	if err != nil {
		return nil, fmt.Errorf("the old note: %w", err)
	}
	v.roots[c.Size] = tlog.Hash{}
	return &c, nil
}

func (v *verifier) replay(ctx context.Context) error {
	return ahead(ctx, v.tx.storedLeaves(), func(l storedLeaf) {
		for ; v.size < l.Seq; v.size++ {
			v.problem("leaf %d is missing", v.size)
			v.bad = v.size + 1
			v.grow(v.size, tlog.Hash{}, nil)
		}
		v.leaf(l)
		v.size++
		v.report.Leaves++
	})
}

func (v *verifier) leaf(l storedLeaf) {
	if l.V != tlog.Version {
		v.problem("leaf %d has layout %d, which this build does not know", l.Seq, l.V)
	}
	h := l.Leaf().Hash()
	if len(l.Hashes) < len(h) || string(l.Hashes[:len(h)]) != string(h[:]) {
		v.problem("leaf %d was changed: %s %s by %d at %s", l.Seq, l.Verb, l.About, l.ActorID, tlog.Instant(l.At))
		v.bad = l.Seq + 1
	}
	v.grow(l.Seq, h, l.Hashes)
	v.note(l)
	if l.Entity != "" {
		v.follow(l.LogLeaf)
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

func (v *verifier) note(l storedLeaf) {
	switch {
	case l.DetailCommit == "" && l.salt != nil:
		v.problem("leaf %d has a note that it does not commit to", l.Seq)
	case l.DetailCommit != "" && l.salt == nil:
		v.report.Erased++
	case l.DetailCommit != "" && (len(l.salt) != 32 || tlog.Commit([32]byte(l.salt), l.text) != l.DetailCommit):
		v.problem("the note of leaf %d was changed", l.Seq)
	}
}

// follow checks that a leaf takes up its row where the leaf before left it.
func (v *verifier) follow(l LogLeaf) {
	key := rowKey{l.Entity, l.EntityID}
	before, known := v.last[key]
	prev := ""
	if known && !before.gone {
		prev = hex.EncodeToString(before.hash[:])
	}
	if prev != l.PrevHash {
		v.problem("leaf %d does not take up row %s/%d where leaf %d left it", l.Seq, l.Entity, l.EntityID, before.seq)
	}
	state := rowState{seq: l.Seq, gone: l.NewHash == ""}
	if b, err := hex.DecodeString(l.NewHash); err == nil && len(b) == len(state.hash) {
		state.hash = [32]byte(b)
	}
	v.last[key] = state
}

// rows holds every row of a table against the last leaf about it. Rows that differ are
// looked up afterwards, when the transaction is free again.
func (v *verifier) rows(ctx context.Context, t LoggedTable) error {
	read, err := v.tx.storedRows(t)
	if err != nil {
		return err
	}
	var differ []rowState
	var ids []int64
	err = ahead(ctx, read, func(row storedRow) {
		v.report.Rows++
		key := rowKey{t.Name, row.id}
		state, known := v.last[key]
		if h, err := tlog.RowHash(t.Name, row.columns); !known || state.gone || err != nil || h != state.hash {
			differ, ids = append(differ, state), append(ids, row.id)
		}
		if known {
			state.seen = true
			v.last[key] = state
		}
	})
	if err != nil {
		return err
	}
	for i, state := range differ {
		path, err := t.path(ctx, v.tx, ids[i])
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil { // SQLite takes a word where a time was
			path = "cannot be read: " + err.Error()
		}
		if state.gone || state.hash == [32]byte{} {
			v.problem("row %s/%d (%s) has no leaf", t.Name, ids[i], path)
		} else {
			v.problem("row %s/%d (%s) was changed: it does not match leaf %d", t.Name, ids[i], path, state.seq)
		}
	}
	return nil
}

func (v *verifier) checkpoints(list []Checkpoint) {
	v.report.Root = v.root()
	good, broken, after := int64(0), int64(0), 0
	for _, c := range list {
		v.report.Checkpoints++
		signed, err := tlog.OpenCheckpoint(c.Signed, v.report.VerifierKey)
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
