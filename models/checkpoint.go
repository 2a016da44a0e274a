package models

import (
	"context"
	"errors"
	"fmt"
	"time"

	"assay/internal/tlog"
)

// A Checkpoint is a signed head of the log. PreviousSize is unique, so of two
// replicas that sign upon the same one only one is kept: the log cannot fork.
type Checkpoint struct {
	Size         int64 `gorm:"primaryKey;autoIncrement:false"`
	PreviousSize int64
	At           time.Time
	Signed       string // the note
	VerifierKey  string
}

// TableName is where checkpoints live.
func (Checkpoint) TableName() string { return "checkpoints" }

// WhyUnlogged says why changing one leaves no leaf.
func (Checkpoint) WhyUnlogged() string { return "it signs the log" }

// LastCheckpoint is the newest one, or the zero value when none was signed yet.
func (tx *Tx) LastCheckpoint(ctx context.Context) (Checkpoint, error) {
	rows, err := Raw[Checkpoint](ctx, tx, "SELECT size, previous_size, at, signed, verifier_key FROM checkpoints ORDER BY size DESC LIMIT 1")
	if err != nil || len(rows) == 0 {
		return Checkpoint{}, err
	}
	return rows[0], nil
}

// CheckpointOver is the first checkpoint signed by key over the leaf with this number. ok is
// false while there is none.
func (tx *Tx) CheckpointOver(ctx context.Context, leaf int64, key string) (c Checkpoint, ok bool, err error) {
	rows, err := Raw[Checkpoint](ctx, tx, "SELECT size, previous_size, at, signed, verifier_key FROM checkpoints WHERE size > ? AND verifier_key = ? ORDER BY size LIMIT 1", leaf, key)
	if err != nil || len(rows) == 0 {
		return Checkpoint{}, false, err
	}
	return rows[0], true, nil
}

// LeafHashes reads the hashes of the leaves [from, to), in order.
func (tx *Tx) LeafHashes(ctx context.Context, from, to int64) ([]tlog.Hash, error) {
	type row struct{ Hashes []byte }
	rows, err := Raw[row](ctx, tx, "SELECT hashes FROM log_leaves WHERE seq >= ? AND seq < ? ORDER BY seq", from, to)
	out := make([]tlog.Hash, len(rows))
	for i, r := range rows {
		if copy(out[i][:], r.Hashes) < len(out[i]) {
			return nil, fmt.Errorf("leaf %d has no hash", from+int64(i))
		}
	}
	if err == nil && int64(len(out)) != to-from {
		err = fmt.Errorf("the log lacks a leaf between %d and %d", from, to)
	}
	return out, err
}

// ErrLogBroken means that the log no longer is what was signed. Signing and writing
// stop until somebody has looked.
var ErrLogBroken = errors.New("the log does not hold")

// stride is how many leaves one checkpoint adds at most: a second of rechecking, however
// much was brought in at once.
const stride = 100_000

// Unsigned reports whether the log has leaves that no checkpoint covers.
func (tx *Tx) Unsigned(ctx context.Context) (bool, error) {
	last, err := Value[int64](ctx, tx, "SELECT coalesce(max(size), 0) FROM checkpoints")
	if err != nil {
		return false, err
	}
	size, err := tx.LogSize(ctx)
	return size != last, err
}

// SignCheckpoint signs the log if leaves were added since the last checkpoint, up to a
// stride of them, and returns how many leaves are then signed; 0 when it signed nothing.
// Before it signs it recomputes the hash of every new leaf from its columns and proves
// that the new tree extends the last one signed; when either fails the error is
// ErrLogBroken and db refuses writes from then on.
func (db *DB) SignCheckpoint(ctx context.Context, signer *tlog.Signer) (size int64, err error) {
	err = db.Bookkeep(ctx, func(tx *Tx) error {
		last, err := tx.LastCheckpoint(ctx)
		if err != nil {
			return err
		}
		now, err := tx.LogSize(ctx)
		if err != nil || now == last.Size {
			return err
		}
		next, err := tx.nextCheckpoint(ctx, signer, last, min(now, last.Size+stride))
		if err != nil {
			return err
		}
		size = next.Size
		return Put(ctx, tx, &next)
	})
	if Duplicate(err) { // another replica signed first
		return 0, nil
	}
	if errors.Is(err, ErrLogBroken) {
		why := err.Error()
		db.halted.Store(&why)
	}
	if err != nil {
		return 0, err
	}
	return size, nil
}

func (tx *Tx) nextCheckpoint(ctx context.Context, signer *tlog.Signer, last Checkpoint, size int64) (Checkpoint, error) {
	broken := func(err error) error { return fmt.Errorf("%w: %w", ErrLogBroken, err) }
	if size < last.Size {
		return Checkpoint{}, broken(fmt.Errorf("it has %d leaves, and %d were signed", size, last.Size))
	}
	if err := tx.recheck(ctx, last.Size, size); err != nil {
		return Checkpoint{}, broken(err)
	}
	reader := tx.hashes(ctx)
	root, err := tlog.TreeHash(size, reader)
	if err != nil {
		return Checkpoint{}, broken(err)
	}
	if last.Size > 0 {
		old, err := tlog.OpenCheckpoint(last.Signed, last.VerifierKey)
		if err != nil {
			return Checkpoint{}, broken(err)
		}
		if err := tlog.Consistent(old.Size, old.Root, size, root, reader); err != nil {
			return Checkpoint{}, broken(err)
		}
	}
	note, err := signer.Sign(tlog.Checkpoint{Origin: signer.Origin(), Size: size, Root: root})
	return Checkpoint{Size: size, PreviousSize: last.Size, At: tx.Now, Signed: note, VerifierKey: signer.VerifierKey}, err
}

// recheck compares the stored hash of the leaves [from, to) with their columns.
func (tx *Tx) recheck(ctx context.Context, from, to int64) error {
	for start := from; start < to; start += 1000 {
		leaves, err := tx.Leaves(ctx, start, min(start+1000, to))
		if err != nil {
			return err
		}
		for i, leaf := range leaves {
			h := leaf.Leaf().Hash()
			if leaf.Seq != start+int64(i) {
				return fmt.Errorf("leaf %d is missing", start+int64(i))
			}
			if len(leaf.Hashes) < len(h) || string(leaf.Hashes[:len(h)]) != string(h[:]) {
				return fmt.Errorf("leaf %d was changed", leaf.Seq)
			}
		}
		if want := min(start+1000, to) - start; int64(len(leaves)) != want {
			return fmt.Errorf("leaf %d is missing", start+int64(len(leaves)))
		}
	}
	return nil
}

// RootAt is the root of the log when it had size leaves; NotFound when it never had so
// many.
func (tx *Tx) RootAt(ctx context.Context, size int64) (tlog.Hash, error) {
	now, err := tx.LogSize(ctx)
	if err == nil && (size < 0 || size > now) {
		err = NotFound("Log of this length")
	}
	if err != nil {
		return tlog.Hash{}, err
	}
	return tlog.TreeHash(size, tx.hashes(ctx))
}

// Extension proves that the log of to leaves begins with that of from, for 0 < from ≤ to.
func (tx *Tx) Extension(ctx context.Context, from, to int64) ([]tlog.Hash, error) {
	return tlog.Extension(from, to, tx.hashes(ctx))
}

// Leaves reads the leaves [from, to), in order.
func (tx *Tx) Leaves(ctx context.Context, from, to int64) ([]LogLeaf, error) {
	return Rows[LogLeaf](tx).Where("seq >= ? AND seq < ?", from, to).Order("seq").Find(ctx)
}

// Halted is why the log stopped, or "".
func (db *DB) Halted() string {
	if why := db.halted.Load(); why != nil {
		return *why
	}
	return ""
}
