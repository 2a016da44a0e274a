package sample

import (
	"bufio"
	"bytes"
	"cmp"
	"container/heap"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"
)

// A sorter puts records in the byte order of their keys, records of one key in the order
// they came in. It holds a bounded part in memory and the rest in sorted runs in temporary
// files, so a list may be longer than memory.
type sorter struct {
	bound   int // bytes held before a run is written
	held    []byte
	records []record
	runs    []*os.File
}

// A record is a key and a value that lie in the sorter's bytes one after the other.
type record struct {
	prefix            uint64 // the first bytes of the key, which decide most comparisons
	at                uint32
	keySize, itemSize uint32
}

// heldBytes is enough for a quarter of a million items of the usual size: most lists are
// never written. A server may read several at once.
const heldBytes = 16 << 20

func newSorter() *sorter { return &sorter{bound: heldBytes} }

func (s *sorter) add(key string, value []byte) error {
	if len(s.held)+len(key)+len(value) > s.bound && len(s.records) > 0 {
		if err := s.spill(); err != nil {
			return err
		}
	}
	s.records = append(s.records, record{prefixOf(key), uint32(len(s.held)), uint32(len(key)), uint32(len(value))})
	s.held = append(append(s.held, key...), value...)
	return nil
}

func prefixOf(key string) uint64 {
	var b [8]byte
	copy(b[:], key)
	return binary.BigEndian.Uint64(b[:])
}

func (s *sorter) key(r record) []byte { return s.held[r.at : r.at+r.keySize] }
func (s *sorter) value(r record) []byte {
	return s.held[r.at+r.keySize : r.at+r.keySize+r.itemSize]
}

func (s *sorter) sort() {
	slices.SortFunc(s.records, func(a, b record) int {
		if a.prefix != b.prefix {
			return cmp.Compare(a.prefix, b.prefix)
		}
		return cmp.Or(bytes.Compare(s.key(a), s.key(b)), cmp.Compare(a.at, b.at))
	})
}

// spill writes what is held as a sorted run.
func (s *sorter) spill() error {
	s.sort()
	f, err := os.CreateTemp("", "assay-sort-*")
	if err != nil {
		return fmt.Errorf("sort a long list: %w", err)
	}
	s.runs = append(s.runs, f)
	out := bufio.NewWriterSize(f, 256<<10)
	var size []byte
	for _, r := range s.records {
		size = binary.AppendUvarint(binary.AppendUvarint(size[:0], uint64(r.keySize)), uint64(r.itemSize))
		_, _ = out.Write(size) // Flush says whether it went wrong
		_, _ = out.Write(s.held[r.at : r.at+r.keySize+r.itemSize])
	}
	s.records, s.held = s.records[:0], s.held[:0]
	if err := out.Flush(); err != nil {
		return fmt.Errorf("sort a long list: %w", err)
	}
	return nil
}

// close removes the temporary files.
func (s *sorter) close() error {
	var errs []error
	for _, f := range s.runs {
		errs = append(errs, f.Close(), os.Remove(f.Name()))
	}
	s.runs, s.records, s.held = nil, nil, nil
	return errors.Join(errs...)
}

// A pair is a record on its way out; its bytes are good until the next one.
type pair struct {
	key, value []byte
	err        error
}

// all goes through the records in order, as often as it is called. Nothing can be added
// any more.
func (s *sorter) all() iter.Seq[pair] {
	if len(s.runs) == 0 {
		s.sort()
		return func(yield func(pair) bool) {
			for _, r := range s.records {
				if !yield(pair{s.key(r), s.value(r), nil}) {
					return
				}
			}
		}
	}
	return s.merge
}

func (s *sorter) merge(yield func(pair) bool) {
	if len(s.records) > 0 {
		if err := s.spill(); err != nil {
			yield(pair{err: err})
			return
		}
	}
	h := make(runs, 0, len(s.runs))
	for i, f := range s.runs {
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			yield(pair{err: err})
			return
		}
		r := &run{order: i, in: bufio.NewReaderSize(f, 256<<10)}
		if r.next() {
			h = append(h, r)
		}
	}
	heap.Init(&h)
	for len(h) > 0 {
		r := h[0]
		if !yield(pair{r.key, r.value, r.err}) || r.err != nil {
			return
		}
		if r.next() {
			heap.Fix(&h, 0)
		} else {
			heap.Pop(&h)
		}
	}
}

// A run is a sorted file being read.
type run struct {
	order int
	in    *bufio.Reader
	pair
}

// next reports whether there is a record, or an error, which then comes first of all.
func (r *run) next() bool {
	keySize, err := binary.ReadUvarint(r.in)
	if errors.Is(err, io.EOF) {
		return false
	}
	var size uint64
	if err == nil {
		size, err = binary.ReadUvarint(r.in)
	}
	if err == nil {
		whole := slices.Grow(r.key[:0], int(keySize+size))[:keySize+size]
		_, err = io.ReadFull(r.in, whole)
		r.key, r.value = whole[:keySize], whole[keySize:]
	}
	r.err = err
	return true
}

// runs is a heap of runs by their next record.
type runs []*run

func (h runs) Len() int      { return len(h) }
func (h runs) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h runs) Less(i, j int) bool {
	a, b := h[i], h[j]
	if (a.err != nil) != (b.err != nil) {
		return a.err != nil
	}
	return cmp.Or(bytes.Compare(a.key, b.key), cmp.Compare(a.order, b.order)) < 0
}
func (h *runs) Push(x any) { *h = append(*h, x.(*run)) }
func (h *runs) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}
