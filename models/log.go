package models

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"math/bits"
	"strings"
	"time"

	"assay/internal/tlog"
)

// A Note is the free text of a leaf: reasons, titles, old and new values. It is kept
// beside the tree, which commits to it, so that it can be erased.
type Note map[string]string

// LogLeaf is a stored leaf: the columns the tree commits to, and the hashes the leaf
// added to the tree.
type LogLeaf struct {
	Seq          int64 `gorm:"primaryKey;autoIncrement:false"`
	V            int
	At           time.Time
	ActorID      int64
	Role         string
	Session      string
	Verb         string
	About        string
	Within       string
	Entity       string
	EntityID     int64
	EntityRev    int64
	PrevHash     string
	NewHash      string
	DetailCommit string
	Request      string
	Build        string
	Hashes       []byte
}

// TableName is where leaves live.
func (LogLeaf) TableName() string { return "log_leaves" }

// WhyUnlogged says why changing one leaves no leaf.
func (LogLeaf) WhyUnlogged() string { return "it is the log" }

// Leaf is what the tree commits to.
func (l LogLeaf) Leaf() tlog.Leaf {
	return tlog.Leaf{
		V: l.V, At: tlog.Instant(l.At), Actor: l.ActorID, Role: l.Role, Session: l.Session,
		Verb: l.Verb, About: l.About, Within: l.Within,
		Entity: l.Entity, EntityID: l.EntityID, Rev: l.EntityRev, Prev: l.PrevHash, New: l.NewHash,
		Detail: l.DetailCommit, Request: l.Request, Build: l.Build,
	}
}

// LogDetail is the note of a leaf, beside the tree.
type LogDetail struct {
	Seq  int64 `gorm:"primaryKey;autoIncrement:false"`
	Salt []byte
	Text string
}

// TableName is where the notes live.
func (LogDetail) TableName() string { return "log_details" }

// WhyUnlogged says why changing one leaves no leaf.
func (LogDetail) WhyUnlogged() string { return "its leaf commits to it" }

// A leafDraft is a leaf that waits for its place, which it gets last of all so that
// the head is locked for as short as possible.
type leafDraft struct {
	leaf LogLeaf
	note Note
}

// Record adds a leaf that is about something without changing a row.
func (tx *Tx) Record(verb, about string, notes ...Note) error {
	if err := tx.mustWrite(); err != nil {
		return err
	}
	return tx.stage(LogLeaf{Verb: verb, About: about}, notes)
}

func change(row Record, verb, prev, next string) LogLeaf {
	m := row.(interface{ meta() *Meta }).meta()
	leaf := LogLeaf{
		Verb: verb, About: row.Path(), Entity: row.TableName(), EntityID: m.ID, EntityRev: m.Rev,
		PrevHash: prev, NewHash: next,
	}
	if c, ok := row.(Contained); ok {
		leaf.Within = c.Within()
	}
	return leaf
}

func (tx *Tx) stage(leaf LogLeaf, notes []Note) error {
	if leaf.Verb == "" {
		return errors.New("models: a leaf without a verb")
	}
	note := Note{}
	for _, n := range notes {
		for k, v := range n {
			if v != "" {
				note[k] = v
			}
		}
	}
	leaf.V, leaf.At, leaf.ActorID, leaf.Role, leaf.Session = tlog.Version, tx.Now, tx.Actor.ID, string(tx.Actor.Role), tx.Actor.Session
	leaf.Build, leaf.Request = tx.db.Build, RequestID(tx.g.Statement.Context)
	tx.pending = append(tx.pending, leafDraft{leaf, note})
	return nil
}

// append gives the staged leaves their places. The head's row lock, taken last, lets
// READ COMMITTED do on PostgreSQL: writers queue for a moment instead of aborting. From
// then on there is one statement on PostgreSQL, which goes with the commit, because
// everybody waits.
func (tx *Tx) append(ctx context.Context) error {
	head, err := tx.head(ctx, true)
	if err != nil {
		return fmt.Errorf("lock the log: %w", err)
	}
	leaves := make([]LogLeaf, len(tx.pending))
	var details []LogDetail
	for i, d := range tx.pending {
		leaf := d.leaf
		leaf.Seq = head.size
		if len(d.note) > 0 {
			detail, err := d.detail(leaf.Seq)
			if err != nil {
				return err
			}
			leaf.DetailCommit = tlog.Commit([32]byte(detail.Salt), []byte(detail.Text))
			details = append(details, detail)
		}
		leaf.Hashes = head.grow(leaf.Leaf().Hash())
		leaves[i] = leaf
	}
	tx.grown = head.size
	if err := tx.writeLeaves(ctx, leaves, details, head); err != nil {
		return fmt.Errorf("append to the log: %w", err)
	}
	return nil
}

// leavesAtOnce stays below the 32,766 values that a statement of SQLite may hold.
const leavesAtOnce = 500

func (tx *Tx) writeLeaves(ctx context.Context, leaves []LogLeaf, details []LogDetail, head logHead) error {
	run := func(s statement) error { return tx.exec(ctx, s) }
	for len(leaves) > leavesAtOnce {
		if err := run(insertLeaves(leaves[:leavesAtOnce])); err != nil {
			return err
		}
		leaves = leaves[leavesAtOnce:]
	}
	for len(details) > leavesAtOnce {
		if err := run(insertDetails(details[:leavesAtOnce])); err != nil {
			return err
		}
		details = details[leavesAtOnce:]
	}
	last := []statement{insertLeaves(leaves)}
	if len(details) > 0 {
		last = append(last, insertDetails(details))
	}
	last = append(last, statement{"UPDATE log_head SET size = ?, edge = ? WHERE id = 1", []any{head.size, head.bytes()}})
	if tx.Postgres() {
		tx.last = joined(last)
		return nil
	}
	for _, s := range last {
		if err := run(s); err != nil {
			return err
		}
	}
	return nil
}

// joined makes one statement of several, which SQLite cannot.
func joined(list []statement) statement {
	last := len(list) - 1
	var all statement
	for i, s := range list {
		switch i {
		case last:
			all.text += " " + s.text
		case 0:
			all.text = "WITH s0 AS (" + s.text + ")"
		default:
			all.text += fmt.Sprintf(", s%d AS (%s)", i, s.text)
		}
		all.args = append(all.args, s.args...)
	}
	return all
}

// values repeats one row of placeholders.
func values(columns, rows int) string {
	row := "(?" + strings.Repeat(", ?", columns-1) + ")"
	return row + strings.Repeat(", "+row, rows-1)
}

func insertLeaves(leaves []LogLeaf) statement {
	const columns = 18
	args := make([]any, 0, columns*len(leaves))
	for _, l := range leaves {
		args = append(args, l.Seq, l.V, l.At, l.ActorID, l.Role, l.Session, l.Verb, l.About, l.Within, l.Entity, l.EntityID,
			l.EntityRev, l.PrevHash, l.NewHash, l.DetailCommit, l.Request, l.Build, l.Hashes)
	}
	return statement{`INSERT INTO log_leaves (seq, v, at, actor_id, role, session, verb, about, within, entity, entity_id,
		entity_rev, prev_hash, new_hash, detail_commit, request, build, hashes) VALUES ` + values(columns, len(leaves)), args}
}

func insertDetails(details []LogDetail) statement {
	args := make([]any, 0, 3*len(details))
	for _, d := range details {
		args = append(args, d.Seq, d.Salt, d.Text)
	}
	return statement{"INSERT INTO log_details (seq, salt, text) VALUES " + values(3, len(details)), args}
}

// A logHead is the one row that orders writers: whoever holds its lock appends.
type logHead struct {
	size int64
	edge []tlog.Hash // complete subtrees, largest first
}

// head reads the head, and locks it for an append.
func (tx *Tx) head(ctx context.Context, lock bool) (h logHead, err error) {
	query := "SELECT size, edge FROM log_head WHERE id = 1"
	if lock && tx.Postgres() {
		query += " FOR UPDATE"
	}
	var edge []byte
	if err := tx.one(ctx, statement{text: query}, &h.size, &edge); err != nil {
		return h, err
	}
	for len(edge) >= len(tlog.Hash{}) {
		h.edge, edge = append(h.edge, tlog.Hash(edge)), edge[len(tlog.Hash{}):]
	}
	if len(h.edge) != bits.OnesCount64(uint64(h.size)) {
		return h, errors.New("the head of the log was changed")
	}
	return h, nil
}

// grow adds a leaf and returns the hashes to keep with it.
func (h *logHead) grow(leaf tlog.Hash) []byte {
	var added []tlog.Hash
	h.edge, added = tlog.Grow(h.edge, h.size, leaf)
	h.size++
	return flat(added)
}

func (h *logHead) bytes() []byte { return flat(h.edge) }

func flat(hashes []tlog.Hash) []byte {
	out := make([]byte, 0, len(hashes)*len(tlog.Hash{}))
	for _, h := range hashes {
		out = append(out, h[:]...)
	}
	return out
}

func (d leafDraft) detail(seq int64) (LogDetail, error) {
	text, err := json.Marshal(d.note)
	if err != nil {
		return LogDetail{}, err
	}
	salt := make([]byte, 32)
	_, _ = rand.Read(salt) // never fails
	return LogDetail{Seq: seq, Salt: salt, Text: string(text)}, nil
}

// EraseNotes removes every note that holds one of these words. The leaves stay, and go on
// proving that there was a note.
func EraseNotes(ctx context.Context, tx *Tx, words ...string) error {
	holds := "instr(text, ?) > 0"
	if tx.Postgres() {
		holds = "position(? IN text) > 0"
	}
	for _, word := range words {
		quoted, err := json.Marshal(word)
		if err != nil {
			return err
		}
		if _, err := Remove[LogDetail](ctx, tx, holds, string(quoted[1:len(quoted)-1])); err != nil {
			return err
		}
	}
	return nil
}

// hashes reads nodes of the tree, in one query for all that are asked at once.
func (tx *Tx) hashes(ctx context.Context) tlog.ReaderFunc {
	return func(indexes []int64) ([]tlog.Hash, error) {
		seqs := make([]int64, len(indexes))
		for i, index := range indexes {
			seqs[i], _ = tlog.Position(index)
		}
		stored, err := tx.storedHashes(ctx, seqs)
		if err != nil {
			return nil, err
		}
		out := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			seq, place := tlog.Position(index)
			b := stored[seq]
			if len(b) < (place+1)*len(out[i]) {
				return nil, fmt.Errorf("the log lacks a hash of leaf %d", seq)
			}
			copy(out[i][:], b[place*len(out[i]):])
		}
		return out, nil
	}
}

func (tx *Tx) storedHashes(ctx context.Context, seqs []int64) (map[int64][]byte, error) {
	found := make(map[int64][]byte, len(seqs))
	if len(seqs) == 0 {
		return found, nil
	}
	rows, err := Raw[LogLeaf](ctx, tx, "SELECT seq, hashes FROM log_leaves WHERE seq IN ?", seqs)
	for _, row := range rows {
		found[row.Seq] = row.Hashes
	}
	return found, err
}

// LogSize is the number of leaves.
func (tx *Tx) LogSize(ctx context.Context) (int64, error) {
	return Value[int64](ctx, tx, "SELECT size FROM log_head WHERE id = 1")
}

type requestKey struct{}

// WithRequestID carries the id that leaves and error pages name.
func WithRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestKey{}, id)
}

// RequestID is the id that WithRequestID put into ctx, or "".
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestKey{}).(string)
	return id
}
