package binder

import (
	"bufio"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"assay/internal/tlog"
)

// log checks the checkpoint, the whole tree under it, every leaf that is here, and that it
// extends what was known before.
func (v *verifier) log() {
	note, ok := v.read(CheckpointFile, smallNote)
	if !ok {
		return
	}
	c, err := tlog.OpenCheckpoint(note, v.key)
	if err != nil {
		v.problem("%s is not signed by the key: %v", CheckpointFile, err)
		return
	}
	m := v.report.Manifest
	if c.Size != m.LogSize || root(c.Root) != m.LogRoot {
		v.problem("%s is over %d leaves, and %s says %d with another root or number", CheckpointFile, c.Size, ManifestFile, m.LogSize)
	}
	v.report.Checkpoints++
	wanted := map[int64][]named{c.Size: {{CheckpointFile, c.Root}}}
	v.since(c, wanted)
	v.tree(c.Size, wanted)
	v.leaves(c)
	v.row()
}

// named is a root that somebody signed.
type named struct {
	what string
	root tlog.Hash
}

// since is the note that somebody kept. An older binder is one whose log ends before it.
func (v *verifier) since(c tlog.Checkpoint, wanted map[int64][]named) {
	if v.o.Since == "" {
		return
	}
	old, err := tlog.OpenCheckpoint(v.o.Since, append([]string{v.key, v.o.Key}, v.o.Replaced...)...)
	switch {
	case err != nil:
		v.problem("the older checkpoint is not signed by the key: %v", err)
	case old.Size > c.Size:
		v.problem("this binder is older than the checkpoint that was kept: its log has %d leaves, and %d were known", c.Size, old.Size)
	default:
		v.report.Extends = old.Size
		wanted[old.Size] = append(wanted[old.Size], named{"the checkpoint that was kept", old.Root})
	}
}

// tree works out the root at each size that somebody signed, from the hash of every leaf.
func (v *verifier) tree(size int64, wanted map[int64][]named) {
	f := v.byPath[HashesFile]
	if f == nil {
		v.problem("%s is missing", HashesFile)
		return
	}
	if int64(f.UncompressedSize64) != size*32 {
		v.problem("%s holds %d bytes, and the checkpoint is over %d leaves", HashesFile, f.UncompressedSize64, size)
		return
	}
	r, err := f.Open()
	if err != nil {
		v.problem("%s cannot be read: %v", HashesFile, err)
		return
	}
	in := bufio.NewReaderSize(r, 64<<10)
	var edge []tlog.Hash
	for n := int64(0); ; n++ {
		for _, want := range wanted[n] {
			if rootOf(edge) != want.root {
				v.problem("the log does not have the root that %s was signed over", want.what)
			}
		}
		if n == size {
			return
		}
		var h tlog.Hash
		if _, err := io.ReadFull(in, h[:]); err != nil {
			v.problem("%s cannot be read: %v", HashesFile, err)
			return
		}
		edge, _ = tlog.Grow(edge, n, h)
	}
}

func rootOf(edge []tlog.Hash) tlog.Hash {
	if len(edge) == 0 {
		r, _ := tlog.TreeHash(0, nil) // the hash of nothing, which needs no reader
		return r
	}
	r := edge[len(edge)-1]
	for _, h := range slices.Backward(edge[:len(edge)-1]) {
		r = tlog.NodeHash(h, r)
	}
	return r
}

// leaves proves each leaf, and that each record of a document has the leaf of the revision
// that the document says.
func (v *verifier) leaves(c tlog.Checkpoint) {
	last := int64(-1)
	err := v.lines(LeavesFile, func(line []byte) error {
		var l leafLine
		if err := json.Unmarshal(line, &l); err != nil {
			return err
		}
		if l.Index <= last {
			return fmt.Errorf("leaf %d is out of order", l.Index)
		}
		last = l.Index
		v.report.Leaves++
		if err := proven(l, c); err != nil {
			v.problem("leaf %d is not in the log: %v", l.Index, err)
			return nil
		}
		var leaf tlog.Leaf
		if err := json.Unmarshal(l.Leaf, &leaf); err != nil {
			return fmt.Errorf("leaf %d: %w", l.Index, err)
		}
		v.leaf(l.Index, leaf)
		return nil
	})
	if err != nil {
		v.problem("%s: %v", LeavesFile, err)
	}
	var missing []string
	for r, path := range v.held {
		missing = append(missing, fmt.Sprintf("no leaf proves revision %d of %s/%d, which %s is about", r.rev, clip(r.table), r.id, path))
	}
	slices.Sort(missing)
	for _, m := range missing {
		v.problem("%s", m)
	}
}

func proven(l leafLine, c tlog.Checkpoint) error {
	path := make([]tlog.Hash, len(l.Proof))
	for i, text := range l.Proof {
		b, err := base64.StdEncoding.DecodeString(text)
		if err != nil || len(b) != len(path[i]) {
			return errors.New("its proof cannot be read")
		}
		path[i] = tlog.Hash(b)
	}
	if l.Index < 0 || l.Index >= c.Size {
		return fmt.Errorf("the checkpoint is over %d leaves", c.Size)
	}
	return tlog.CheckProof(path, c.Size, c.Root, l.Index, tlog.RecordHash(l.Leaf))
}

func (v *verifier) leaf(index int64, leaf tlog.Leaf) {
	delete(v.held, record{leaf.Entity, leaf.EntityID, leaf.Rev})
	if leaf.Entity == "freezes" && index == v.report.Manifest.Leaf {
		v.freezeLeaf, v.freezeAt = leaf.New, leaf.At
	}
}

// row holds the row of the freeze against its leaf.
func (v *verifier) row() {
	digest, ok := v.digests[FreezeRow]
	switch {
	case !ok:
	case v.freezeLeaf == "":
		v.problem("the leaf of the freeze, %d, is missing", v.report.Manifest.Leaf)
	case v.freezeLeaf != digest:
		v.problem("the freeze is not the one in the log: its row was changed")
	case v.freezeAt != tlog.Instant(v.report.Manifest.FrozenAt):
		v.problem("the log says that it was frozen at %s", v.freezeAt)
	}
}

// lines goes through a file line by line. A line is at most a mebibyte.
func (v *verifier) lines(path string, each func([]byte) error) error {
	f := v.byPath[path]
	if f == nil {
		return errors.New("it is missing")
	}
	r, err := f.Open()
	if err != nil {
		return err
	}
	in := bufio.NewScanner(r)
	in.Buffer(make([]byte, 64<<10), 1<<20)
	for in.Scan() {
		if err := v.ctx.Err(); err != nil {
			return err
		}
		if err := each(in.Bytes()); err != nil {
			return err
		}
	}
	return in.Err()
}

// draws repeats every draw that a seed decides.
func (v *verifier) draws() {
	for _, s := range v.samples {
		p, ok := v.populations[s.Population]
		if !ok {
			v.problem("sample %s is of population %s, which is not here", clip(s.Code), clip(s.Population))
			continue
		}
		if err := v.draw(p, s); err != nil {
			v.problem("the draw of %s from %s does not hold: %v", clip(s.Code), clip(s.Population), err)
		}
		v.report.Draws++
	}
}

func (v *verifier) draw(p Population, s Sample) error {
	if v.o.Redraw == nil {
		return errors.New("it was not repeated")
	}
	of, err := v.listed(p)
	if err != nil {
		return err
	}
	before, err := v.before(p, s)
	if err != nil {
		return err
	}
	digest, picks, err := v.o.Redraw(v.ctx, of, before, s)
	if err != nil {
		return err
	}
	if digest != p.Digest {
		return fmt.Errorf("the list has the digest %s, and %s was locked", digest, clip(p.Digest))
	}
	if _, err := hex.DecodeString(digest); err != nil {
		return err
	}
	return same(picks, s.Items)
}

func (v *verifier) listed(p Population) (Listed, error) {
	f := v.byPath[p.List.Path]
	if f == nil {
		return Listed{}, fmt.Errorf("the list %s is missing", clip(p.List.Path))
	}
	r, err := f.Open()
	return Listed{p, r}, err
}

// before is the version of p that lacked what s was selected from.
func (v *verifier) before(p Population, s Sample) (*Listed, error) {
	if s.Since == "" {
		return nil, nil
	}
	earlier, ok := v.populations[s.Since]
	if !ok || p.Replaces != s.Since {
		return nil, fmt.Errorf("%s is not the version that it replaces", clip(s.Since))
	}
	l, err := v.listed(earlier)
	return &l, err
}

// same compares what a draw gives with what the sample lists, item by item.
func same(picks, items []SampleItem) error {
	for i, p := range picks {
		if i >= len(items) {
			return fmt.Errorf("item %d should be %s, and is missing", i+1, p.Key)
		}
		got := items[i]
		switch {
		case got.Key != p.Key || got.Stratum != p.Stratum:
			return fmt.Errorf("item %d is %s, and the draw gives %s", i+1, clip(got.Key), p.Key)
		case got.Rank != p.Rank:
			return fmt.Errorf("%s has the rank %s, and the draw gives %s", p.Key, clip(got.Rank), p.Rank)
		case got.Place != p.Place || got.RowDigest != p.RowDigest || got.Hits != p.Hits || (got.Excluded != nil) != (p.Excluded != nil):
			return fmt.Errorf("%s is not at the place, or not the row, that the draw gives", p.Key)
		}
	}
	if len(items) > len(picks) {
		return fmt.Errorf("%s is listed, and the draw does not give it", clip(items[len(picks)].Key))
	}
	return nil
}
