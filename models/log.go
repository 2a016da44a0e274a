package models

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
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

// logHead is the one row that orders writers: whoever holds its lock appends.
type logHead struct {
	ID   int64 `gorm:"primaryKey"`
	Size int64
}

func (logHead) TableName() string   { return "log_head" }
func (logHead) WhyUnlogged() string { return "it counts the leaves" }

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
// READ COMMITTED do on PostgreSQL: writers queue for a moment instead of aborting.
func (tx *Tx) append(ctx context.Context) error {
	size, err := tx.lockHead(ctx)
	if err != nil {
		return err
	}
	fresh := map[int64][]byte{}
	leaves := make([]LogLeaf, len(tx.pending))
	var details []LogDetail
	for i, d := range tx.pending {
		leaf := d.leaf
		leaf.Seq = size + int64(i)
		if len(d.note) > 0 {
			detail, err := d.detail(leaf.Seq)
			if err != nil {
				return err
			}
			leaf.DetailCommit = tlog.Commit([32]byte(detail.Salt), []byte(detail.Text))
			details = append(details, detail)
		}
		if leaf.Hashes, err = tx.place(ctx, leaf, fresh); err != nil {
			return err
		}
		fresh[leaf.Seq] = leaf.Hashes
		leaves[i] = leaf
	}
	if err := tx.g.WithContext(ctx).CreateInBatches(&leaves, 500).Error; err != nil {
		return fmt.Errorf("append to the log: %w", err)
	}
	if len(details) > 0 {
		if err := tx.g.WithContext(ctx).CreateInBatches(&details, 500).Error; err != nil {
			return fmt.Errorf("append to the log: %w", err)
		}
	}
	return tx.g.WithContext(ctx).Exec("UPDATE log_head SET size = ? WHERE id = 1", size+int64(len(leaves))).Error
}

func (tx *Tx) lockHead(ctx context.Context) (int64, error) {
	query := "SELECT size FROM log_head WHERE id = 1"
	if tx.Postgres() {
		query += " FOR UPDATE"
	}
	size, err := Value[int64](ctx, tx, query)
	if err != nil {
		return 0, fmt.Errorf("lock the log: %w", err)
	}
	return size, nil
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

// place computes the hashes that leaf adds to the tree. fresh holds those of leaves
// that are not written yet.
func (tx *Tx) place(ctx context.Context, leaf LogLeaf, fresh map[int64][]byte) ([]byte, error) {
	h := leaf.Leaf().Hash()
	added, err := tlog.Append(leaf.Seq, h, tx.hashes(ctx, fresh))
	if err != nil {
		return nil, fmt.Errorf("append to the log: %w", err)
	}
	out := make([]byte, 0, len(added)*len(h))
	for _, h := range added {
		out = append(out, h[:]...)
	}
	return out, nil
}

// hashes reads nodes of the tree, in one query for all that are asked at once.
func (tx *Tx) hashes(ctx context.Context, fresh map[int64][]byte) tlog.ReaderFunc {
	return func(indexes []int64) ([]tlog.Hash, error) {
		var missing []int64
		for _, index := range indexes {
			if seq, _ := tlog.Position(index); fresh[seq] == nil {
				missing = append(missing, seq)
			}
		}
		stored, err := tx.storedHashes(ctx, missing)
		if err != nil {
			return nil, err
		}
		out := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			seq, place := tlog.Position(index)
			b := fresh[seq]
			if b == nil {
				b = stored[seq]
			}
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
