// Package bindertest makes small binders without an application around them, for tests of
// the format.
package bindertest

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

// A Small is a binder with its key and what it is made of.
type Small struct {
	testing.TB
	Signer   *tlog.Signer
	texts    map[string]string
	open     func(path string) (io.ReadCloser, error)
	Contents binder.Contents
	leaves   []tlog.Leaf
}

// Frozen is when a small binder was frozen.
var Frozen = time.Date(2026, 7, 20, 12, 0, 0, 0, time.UTC)

// Sum is the SHA-256 of s in hexadecimal.
func Sum(s string) string {
	h := sha256.Sum256([]byte(s))
	return hex.EncodeToString(h[:])
}

// New has these files of evidence, and a log of twice that many leaves of others around its
// own.
func New(tb testing.TB, evidence map[string]string, others int) *Small {
	tb.Helper()
	var files []binder.EvidenceFile
	texts := map[string]string{}
	for name, text := range evidence {
		path := "evidence/CM-01/E-1/" + name
		files = append(files, binder.EvidenceFile{Name: name, Path: path, Size: int64(len(text)), SHA256: Sum(text)})
		texts[path] = text
	}
	return NewWith(tb, files, func(path string) (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader(texts[path])), nil
	}, others)
}

// NewWith has files that open reads.
func NewWith(tb testing.TB, files []binder.EvidenceFile, open func(path string) (io.ReadCloser, error), others int) *Small {
	tb.Helper()
	s := &Small{TB: tb, texts: map[string]string{}, open: open}
	var err error
	if s.Signer, err = tlog.LoadSigner(filepath.Join(tb.TempDir(), "log.key"), "assay/test"); err != nil {
		tb.Fatal(err)
	}
	for range others {
		s.leaf(tlog.Leaf{Verb: "page.view", About: "controls/X"})
	}
	s.document("engagement.json", binder.Engagement{Slug: "soc2", Name: "SOC 2", Firm: "Brandt & Okafor", Kind: "type_2", PeriodStart: "2026-01-01", PeriodEnd: "2026-06-30", Records: []binder.Record{s.record("engagements", 1)}})
	s.document("evidence/CM-01/E-1/item.json", binder.Evidence{Code: "E-1", Control: "CM-01", Title: "Reviews", Files: files, Records: []binder.Record{s.record("evidence", 1)}})
	s.freeze()
	for range others {
		s.leaf(tlog.Leaf{Verb: "page.view", About: "controls/Y"})
	}
	said, err := binder.Describe("evidence/CM-01/E-1/item.json", []byte(s.texts["evidence/CM-01/E-1/item.json"]))
	if err != nil {
		tb.Fatal(err)
	}
	s.Contents.Files = said.Stored
	s.log()
	return s
}

func (s *Small) leaf(l tlog.Leaf) {
	l.V, l.At = tlog.Version, tlog.Instant(Frozen)
	s.leaves = append(s.leaves, l)
}

func (s *Small) record(table string, id int64) binder.Record {
	s.leaf(tlog.Leaf{Verb: table + ".create", About: table, Entity: table, EntityID: id, Rev: 1, New: Sum(table)})
	return binder.Record{Table: table, ID: id, Rev: 1, About: table}
}

func (s *Small) document(path string, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		s.Fatal(err)
	}
	s.texts[path] = string(b)
	s.texts[binder.FreezeList] += Sum(string(b)) + "  " + path + "\n"
}

func (s *Small) freeze() {
	list := s.texts[binder.FreezeList]
	s.texts[binder.FreezeRow] = fmt.Sprintf("freezes\n{\"counts\":%q,\"digest\":%q,\"frozen_at\":%q,\"id\":1,\"slug\":\"soc2\"}", `{"Evidence":1}`, Sum(list), tlog.Instant(Frozen))
	s.Contents.Manifest = binder.Manifest{
		View: binder.CompanyView, Engagement: "soc2", Name: "SOC 2", Firm: "Brandt & Okafor", Kind: "type_2", Period: "2026-01-01/2026-06-30", FrozenAt: Frozen, FrozenBy: "Priya", Freeze: Sum(list),
		Leaf: int64(len(s.leaves)), Key: s.Signer.VerifierKey, Counts: map[string]int{"evidence_items": 1},
	}
	s.leaf(tlog.Leaf{Verb: "engagement.freeze", About: "engagements/soc2/binder", Entity: "freezes", EntityID: 1, Rev: 1, New: Sum(s.texts[binder.FreezeRow])})
}

// log signs what there is.
func (s *Small) log() {
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
	note, err := s.Signer.Sign(tlog.Checkpoint{Origin: s.Signer.Origin(), Size: int64(len(hashes)), Root: root})
	if err != nil {
		s.Fatal(err)
	}
	s.Contents.Log = binder.Log{
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
	s.Contents.Sign = s.Signer.SignText
	s.Contents.Open = func(_ context.Context, f binder.File) (io.ReadCloser, error) {
		if text, ok := s.texts[f.Path]; ok {
			return io.NopCloser(strings.NewReader(text)), nil
		}
		return s.open(f.Path)
	}
	for path, text := range s.texts {
		said, err := binder.Describe(path, []byte(text))
		if err != nil {
			s.Fatal(err)
		}
		f := said.Document
		f.Size, f.SHA256 = int64(len(text)), Sum(text)
		s.Contents.Files = append(s.Contents.Files, f)
	}
}

// Archive is the binder.
func (s *Small) Archive() []byte {
	s.Helper()
	b, err := binder.New(context.Background(), s.Contents)
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

// Verify is what is wrong with an archive under the key of s.
func (s *Small) Verify(archive []byte) []string {
	s.Helper()
	r, err := binder.Verify(context.Background(), bytes.NewReader(archive), int64(len(archive)), binder.Options{Key: s.Signer.VerifierKey})
	if err != nil {
		s.Fatal(err)
	}
	return r.Problems
}

// Names fails the test unless a problem says so.
func (s *Small) Names(what string, archive []byte, says string) {
	s.Helper()
	problems := s.Verify(archive)
	if !strings.Contains(strings.Join(problems, "\n"), says) {
		s.Errorf("%s: %q is not among\n%s", what, says, strings.Join(problems, "\n"))
	}
}
