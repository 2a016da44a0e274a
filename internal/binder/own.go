package binder

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"

	"assay/internal/tlog"
)

// hashes writes the hash of every leaf, one behind the other. With them anybody can work
// out the root of the tree at any size it ever had.
func (b *Binder) hashes(ctx context.Context, w io.Writer) error {
	out := bufio.NewWriterSize(w, 64<<10)
	n := int64(0)
	for h, err := range b.contents.Log.Hashes(ctx) {
		if err != nil {
			return err
		}
		if n++; n > b.tree.size {
			break
		}
		_, _ = out.Write(h[:]) // kept for Flush
	}
	return out.Flush()
}

// A leafLine is one line of the file of leaves.
type leafLine struct {
	Index int64           `json:"index"`
	Proof []string        `json:"proof"`
	Leaf  json.RawMessage `json:"leaf"`
}

// leaves writes the leaves with their proofs. What a leaf says is written as it is, since
// its hash is of those bytes.
func (b *Binder) leaves(ctx context.Context, w io.Writer) error {
	out := bufio.NewWriterSize(w, 64<<10)
	err := b.tree.prove(b.contents.Log.Hashes(ctx), b.contents.Log.Leaves(ctx), func(l Leaf, path []tlog.Hash) error {
		line := leafLine{Index: l.Index, Proof: make([]string, len(path))}
		for i, h := range path {
			line.Proof[i] = base64.StdEncoding.EncodeToString(h[:])
		}
		head, err := json.Marshal(struct {
			Index int64    `json:"index"`
			Proof []string `json:"proof"`
		}{line.Index, line.Proof})
		_, _ = out.Write(head[:len(head)-1])
		_, _ = out.WriteString(`,"leaf":`)
		_, _ = out.Write(l.Data)
		_, _ = out.WriteString("}\n")
		return err
	})
	if err != nil {
		return err
	}
	return out.Flush()
}
