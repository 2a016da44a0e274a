package binder

import (
	"fmt"
	"iter"

	"assay/internal/tlog"
)

// A tile is 256 leaves. Of the tree only what stands above tiles is kept in memory, a
// quarter of a byte for each leaf; what stands within one is worked out when its leaves
// come by.
const (
	tileLevel = 8
	tileSize  = 1 << tileLevel
)

// A tree is the log up to a checkpoint, read once.
type tree struct {
	size  int64
	root  tlog.Hash
	upper [][]tlog.Hash // from tileLevel up
	last  [][]tlog.Hash // the levels within the tile that is not complete
	edge  int64         // its number
}

type hashes = iter.Seq2[tlog.Hash, error]

// grow reads the hash of every leaf. each sees them, in order.
func grow(size int64, list hashes, each func(tlog.Hash)) (*tree, error) {
	t := &tree{size: size}
	n := int64(0)
	var tile []tlog.Hash
	for h, err := range list {
		if err != nil {
			return nil, err
		}
		if n++; n > size {
			break
		}
		each(h)
		if tile = append(tile, h); len(tile) == tileSize {
			t.add(0, levels(tile)[tileLevel][0])
			tile = tile[:0]
		}
	}
	if n != size {
		return nil, fmt.Errorf("the log gave %d leaf hashes, and its checkpoint is over %d", n, size)
	}
	t.edge, t.last = n/tileSize, levels(tile)
	var err error
	t.root, err = tlog.TreeHash(size, t.reader(-1, nil))
	return t, err
}

func (t *tree) add(level int, h tlog.Hash) {
	if level == len(t.upper) {
		t.upper = append(t.upper, nil)
	}
	t.upper[level] = append(t.upper[level], h)
	if row := t.upper[level]; len(row)%2 == 0 {
		t.add(level+1, tlog.NodeHash(row[len(row)-2], row[len(row)-1]))
	}
}

// levels are the complete subtrees over these leaves, level by level.
func levels(leaves []tlog.Hash) [][]tlog.Hash {
	out := [][]tlog.Hash{append([]tlog.Hash(nil), leaves...)}
	for len(out) <= tileLevel {
		below := out[len(out)-1]
		row := make([]tlog.Hash, 0, len(below)/2)
		for i := 0; i+1 < len(below); i += 2 {
			row = append(row, tlog.NodeHash(below[i], below[i+1]))
		}
		out = append(out, row)
	}
	return out
}

// reader finds any hash above tiles, and those within the given one and the last one.
func (t *tree) reader(tile int64, within [][]tlog.Hash) tlog.ReaderFunc {
	return func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			level, n := tlog.Level(index)
			row, at := t.find(tile, within, level, n)
			if at < 0 || at >= int64(len(row)) {
				return nil, fmt.Errorf("the tree has no hash %d of level %d", n, level)
			}
			out[i] = row[at]
		}
		return out, nil
	}
}

func (t *tree) find(tile int64, within [][]tlog.Hash, level int, n int64) (row []tlog.Hash, at int64) {
	if level >= tileLevel {
		if level -= tileLevel; level < len(t.upper) {
			return t.upper[level], n
		}
		return nil, -1
	}
	in, per := n>>(tileLevel-level), int64(1)<<(tileLevel-level)
	switch in {
	case tile:
		return within[level], n - in*per
	case t.edge:
		return t.last[level], n - in*per
	}
	return nil, -1
}

// prove gives each leaf its path to the root. Leaves come in the order of their numbers.
func (t *tree) prove(list hashes, leaves iter.Seq2[Leaf, error], yield func(Leaf, []tlog.Hash) error) error {
	next, stop := iter.Pull2(leaves)
	defer stop()
	want, err, more := next()
	tile := make([]tlog.Hash, 0, tileSize)
	number := int64(0)
	flush := func() error {
		within := levels(tile)
		for ; more && want.Index < number*tileSize+int64(len(tile)); want, err, more = next() {
			if err != nil {
				return err
			}
			if want.Index < number*tileSize {
				return fmt.Errorf("leaf %d is out of order", want.Index)
			}
			path, err := tlog.Prove(t.size, want.Index, t.reader(number, within))
			if err != nil {
				return err
			}
			if err := yield(want, path); err != nil {
				return err
			}
		}
		number, tile = number+1, tile[:0]
		return err
	}
	seen := int64(0)
	for h, failed := range list {
		if failed != nil || err != nil || seen == t.size {
			if failed != nil {
				return failed
			}
			break
		}
		seen++
		if tile = append(tile, h); len(tile) == tileSize {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	if err == nil && len(tile) > 0 {
		err = flush()
	}
	if err == nil && more {
		err = fmt.Errorf("leaf %d is not under the checkpoint over %d leaves", want.Index, t.size)
	}
	return err
}
