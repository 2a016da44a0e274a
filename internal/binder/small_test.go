package binder_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"assay/internal/binder"
	"assay/internal/tlog"
)

// A small is a binder without an application around it.
type small struct {
	testing.TB
	signer   *tlog.Signer
	texts    map[string]string
	contents binder.Contents
	leaves   []tlog.Leaf
}

var frozen = time.Date(2026, 7, 20, 12, 0, 0, 0, time.UTC)

func sum(s string) string {
	h := sha256.Sum256([]byte(s))
	return hex.EncodeToString(h[:])
}

// newSmall has these files of evidence, and a log of that many leaves of others around the
// leaves of its own.
func newSmall(tb testing.TB, evidence map[string]string, others int) *small {
	tb.Helper()
	s := &small{TB: tb, texts: map[string]string{}}
	var err error
	if s.signer, err = tlog.LoadSigner(filepath.Join(tb.TempDir(), "log.key"), "assay/test"); err != nil {
		tb.Fatal(err)
	}
	for range others {
		s.leaf(tlog.Leaf{Verb: "page.view", About: "controls/X"})
	}
	s.document("engagement.json", binder.Engagement{Slug: "soc2", Name: "SOC 2", Records: []binder.Record{s.record("engagements", 1)}})
	item := binder.Evidence{Code: "E-1", Control: "CM-01", Title: "Reviews", Records: []binder.Record{s.record("evidence", 1)}}
	for name, text := range evidence {
		path := "evidence/CM-01/E-1/" + name
		item.Files = append(item.Files, binder.EvidenceFile{Name: name, Path: path, Size: int64(len(text)), SHA256: sum(text)})
		s.texts[path] = text
	}
	s.document("evidence/CM-01/E-1/item.json", item)
	s.freeze()
	for range others {
		s.leaf(tlog.Leaf{Verb: "page.view", About: "controls/Y"})
	}
	s.log()
	return s
}

func (s *small) leaf(l tlog.Leaf) {
	l.V, l.At = tlog.Version, tlog.Instant(frozen)
	s.leaves = append(s.leaves, l)
}

func (s *small) record(table string, id int64) binder.Record {
	s.leaf(tlog.Leaf{Verb: table + ".create", About: table, Entity: table, EntityID: id, Rev: 1, New: sum(table)})
	return binder.Record{Table: table, ID: id, Rev: 1, About: table}
}

func (s *small) document(path string, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		s.Fatal(err)
	}
	s.texts[path] = string(b)
	s.texts[binder.FreezeList] += sum(string(b)) + "  " + path + "\n"
}

func (s *small) freeze() {
	list := s.texts[binder.FreezeList]
	s.texts[binder.FreezeRow] = fmt.Sprintf("freezes\n{\"digest\":%q,\"frozen_at\":%q,\"id\":1,\"slug\":\"soc2\"}", sum(list), tlog.Instant(frozen))
	s.contents.Manifest = binder.Manifest{
		View: binder.CompanyView, Engagement: "soc2", Name: "SOC 2", FrozenAt: frozen, FrozenBy: "Priya", Freeze: sum(list),
		Leaf: int64(len(s.leaves)), Key: s.signer.VerifierKey, Counts: map[string]int{"evidence_items": 1},
	}
	s.leaf(tlog.Leaf{Verb: "engagement.freeze", About: "engagements/soc2/binder", Entity: "freezes", EntityID: 1, Rev: 1, New: sum(s.texts[binder.FreezeRow])})
}

// log signs what there is.
func (s *small) log() {
	var edge []tlog.Hash
	var hashes []tlog.Hash
	for i, l := range s.leaves {
		h := l.Hash()
		hashes = append(hashes, h)
		edge, _ = tlog.Grow(edge, int64(i), h)
	}
	root := edge[len(edge)-1]
	for i := len(edge) - 2; i >= 0; i-- {
		root = tlog.NodeHash(edge[i], root)
	}
	note, err := s.signer.Sign(tlog.Checkpoint{Origin: s.signer.Origin(), Size: int64(len(hashes)), Root: root})
	if err != nil {
		s.Fatal(err)
	}
	s.contents.Log = binder.Log{
		Checkpoint: note,
		Hashes: func(context.Context) iter.Seq2[tlog.Hash, error] {
			return func(yield func(tlog.Hash, error) bool) {
				for _, h := range hashes {
					if !yield(h, nil) {
						return
					}
				}
			}
		},
		Leaves: func(context.Context) iter.Seq2[binder.Leaf, error] {
			return func(yield func(binder.Leaf, error) bool) {
				for i, l := range s.leaves {
					if l.Entity != "" && !yield(binder.Leaf{Index: int64(i), Data: l.Bytes()}, nil) {
						return
					}
				}
			}
		},
	}
	s.contents.Sign = s.signer.SignText
	s.contents.Open = func(_ context.Context, f binder.File) (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader(s.texts[f.Path])), nil
	}
	for path, text := range s.texts {
		s.contents.Files = append(s.contents.Files, binder.File{Path: path, Size: int64(len(text)), SHA256: sum(text)})
	}
}

func (s *small) archive() []byte {
	s.Helper()
	b, err := binder.New(context.Background(), s.contents)
	if err != nil {
		s.Fatal(err)
	}
	var out bytes.Buffer
	if err := b.Write(context.Background(), &out); err != nil {
		s.Fatal(err)
	}
	if int64(out.Len()) != b.Size {
		s.Errorf("%d bytes, said to be %d", out.Len(), b.Size)
	}
	return out.Bytes()
}

func (s *small) verify(archive []byte) []string {
	s.Helper()
	r, err := binder.Verify(context.Background(), bytes.NewReader(archive), int64(len(archive)), binder.Options{Key: s.signer.VerifierKey})
	if err != nil {
		s.Fatal(err)
	}
	return r.Problems
}

// names fails the test unless a problem says so.
func (s *small) names(what string, archive []byte, says string) {
	s.Helper()
	problems := s.verify(archive)
	if !strings.Contains(strings.Join(problems, "\n"), says) {
		s.Errorf("%s: %q is not among\n%s", what, says, strings.Join(problems, "\n"))
	}
}
