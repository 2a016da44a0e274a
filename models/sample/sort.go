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
	"sync/atomic"
)

// A sorter puts records in the byte order of their keys, records of one key in the order
// they came in. It holds a bounded part in memory and the rest in sorted runs in temporary
// files, so a list may be longer than memory.
type sorter struct {
	bound   int           // bytes it may hold before a run is written
	taken   int           // bytes of bound that come from spare
	spare   *atomic.Int64 // bytes that sorters share, nil for one that keeps to its bound
	beside  int           // bytes that sorting takes beside a record
	used    int
	chunks  [][]byte // records one after the other, none of them in two chunks
	emptied [][]byte // chunks to be used again
	count   int
	first   []byte  // key of the first record
	common  int     // bytes that all keys begin with
	order   []place // good while it is as long as count
	touched byte
	runs    []*os.File
}

// A place is where a record lies, and the part of its key that decides most comparisons.
type place struct {
	prefix uint64
	at     uint32 // chunk and byte
}

const (
	// ownBytes is what each sorter may hold, whatever others do.
	ownBytes = 16 << 20
	// sharedBytes is what all of them may hold beyond, so that a list of a million is
	// never written, and several at once still fit into a small machine.
	sharedBytes = 160 << 20
	share       = 4 << 20
	smallBits   = 14 // of the first chunk; each is twice the one before
	chunkBits   = 20 // of those that most lie in
)

var shared = func() *atomic.Int64 {
	var left atomic.Int64
	left.Store(sharedBytes)
	return &left
}()

func newSorter() *sorter { return &sorter{bound: ownBytes, spare: shared, beside: 2 * 16} }

func (s *sorter) add(key string, value []byte) error {
	size := len(key) + len(value)
	cost := size + s.beside
	if s.used+cost > s.bound && !s.widen(cost) && s.count > 0 {
		if err := s.spill(); err != nil {
			return err
		}
	}
	s.used += cost
	if s.count++; s.count == 1 {
		s.first, s.common = append(s.first[:0], key...), len(key)
	}
	s.common = sharing(s.first[:s.common], key)
	chunk := s.room(size + 2*binary.MaxVarintLen32)
	*chunk = binary.AppendUvarint(binary.AppendUvarint(*chunk, uint64(len(key))), uint64(len(value)))
	*chunk = append(append(*chunk, key...), value...)
	return nil
}

// widen takes from what sorters share.
func (s *sorter) widen(more int) bool {
	if s.spare == nil || more > share {
		return false
	}
	if s.spare.Add(-share) < 0 {
		s.spare.Add(share)
		return false
	}
	s.bound, s.taken = s.bound+share, s.taken+share
	return true
}

// sharing is how many bytes of a its beginning shares with b.
func sharing[T string | []byte](a []byte, b T) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

// room is the chunk that takes so many bytes more.
func (s *sorter) room(size int) *[]byte {
	n := len(s.chunks)
	if n > 0 && len(s.chunks[n-1]) < 1<<chunkBits && cap(s.chunks[n-1])-len(s.chunks[n-1]) >= size {
		return &s.chunks[n-1]
	}
	if left := len(s.emptied) - 1; left >= 0 && cap(s.emptied[left]) >= size {
		s.chunks, s.emptied = append(s.chunks, s.emptied[left]), s.emptied[:left]
		return &s.chunks[n]
	}
	usual := 1 << min(chunkBits, smallBits+n)
	s.chunks = append(s.chunks, make([]byte, 0, max(usual, size)))
	return &s.chunks[n]
}

// record reads what lies at a place.
func (s *sorter) record(at uint32) (key, value []byte) {
	key, value, _ = cutRecord(s.chunks[at>>chunkBits][at&(1<<chunkBits-1):])
	return key, value
}

// cutRecord cuts the record that b begins with.
func cutRecord(b []byte) (key, value, rest []byte) {
	keySize, n := uvarint(b)
	valueSize, m := uvarint(b[n:])
	b = b[n+m:]
	return b[:keySize], b[keySize : keySize+valueSize], b[keySize+valueSize:]
}

// uvarint is binary.Uvarint, quick for small numbers.
func uvarint(b []byte) (uint64, int) {
	if b[0] < 0x80 {
		return uint64(b[0]), 1
	}
	return binary.Uvarint(b)
}

// sort puts the records in order.
func (s *sorter) sort() {
	if len(s.order) == s.count {
		return
	}
	if cap(s.order) < s.count {
		s.order = make([]place, 0, s.count)
	}
	s.order = s.order[:0]
	for c, chunk := range s.chunks {
		for rest := chunk; len(rest) > 0; {
			at := uint32(c<<chunkBits | len(chunk) - len(rest))
			var key []byte
			key, _, rest = cutRecord(rest)
			s.order = append(s.order, place{prefixAt(key, s.common), at})
		}
	}
	s.arrange(s.order, make([]place, len(s.order)), s.common, 0)
}

// prefixAt is what a key says from depth on, in a number that sorts alike.
func prefixAt(key []byte, depth int) uint64 {
	if len(key) >= depth+8 {
		return binary.BigEndian.Uint64(key[depth:])
	}
	var b [8]byte
	copy(b[:], key[min(depth, len(key)):])
	return binary.BigEndian.Uint64(b[:])
}

const (
	fewPlaces = 96 // which are compared rather than counted
	deepest   = 64 // rounds of counting
)

// arrange sorts places whose keys have depth bytes in common; spare is as long.
func (s *sorter) arrange(all, spare []place, depth, round int) {
	if len(all) <= fewPlaces || round == deepest {
		slices.SortFunc(all, s.compare)
		return
	}
	byPrefix(all, spare)
	for from := 0; from < len(all); {
		to := from + 1
		for to < len(all) && all[to].prefix == all[from].prefix {
			to++
		}
		if to-from > 1 {
			s.deeper(all[from:to], spare[from:to], depth+8, round+1)
		}
		from = to
	}
}

// deeper sorts places of one prefix by what comes after.
func (s *sorter) deeper(all, spare []place, depth, round int) {
	if len(all) > fewPlaces {
		first, _ := s.record(all[0].at)
		common := len(first)
		for _, p := range all[1:] {
			key, _ := s.record(p.at)
			common = sharing(first[:common], key)
		}
		depth = max(depth, common) // behind a shorter key the prefix has zeros
		if common >= depth {
			for i := range all {
				key, _ := s.record(all[i].at)
				all[i].prefix = prefixAt(key, depth)
			}
			s.arrange(all, spare, depth, round)
			return
		}
	}
	slices.SortFunc(all, s.compare)
}

// compare is the order of two records.
func (s *sorter) compare(a, b place) int {
	if a.prefix != b.prefix {
		return cmp.Compare(a.prefix, b.prefix)
	}
	keyA, _ := s.record(a.at)
	keyB, _ := s.record(b.at)
	return cmp.Or(bytes.Compare(keyA, keyB), cmp.Compare(a.at, b.at))
}

// byPrefix sorts places by counting the bytes of their prefixes, the last one first. Those
// of one prefix stay in the order they are in.
func byPrefix(all, spare []place) {
	var counts [8][256]uint32
	for _, p := range all {
		for i := range 8 {
			counts[i][byte(p.prefix>>(8*i))]++
		}
	}
	from, to := all, spare
	for i := range 8 {
		count, shift := &counts[i], 8*i
		if int(count[byte(all[0].prefix>>shift)]) == len(all) {
			continue // they all have the same byte here
		}
		var sum uint32
		for b := range count {
			count[b], sum = sum, sum+count[b]
		}
		for _, p := range from {
			at := &count[byte(p.prefix>>shift)]
			to[*at] = p
			*at++
		}
		from, to = to, from
	}
	if &from[0] != &all[0] {
		copy(all, from)
	}
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
	for p := range s.inMemory {
		size = binary.AppendUvarint(binary.AppendUvarint(size[:0], uint64(len(p.key))), uint64(len(p.value)))
		_, _ = out.Write(size) // Flush says whether it went wrong
		_, _ = out.Write(p.key)
		_, _ = out.Write(p.value)
	}
	for _, chunk := range s.chunks {
		s.emptied = append(s.emptied, chunk[:0])
	}
	s.chunks, s.order, s.count, s.used = s.chunks[:0], s.order[:0], 0, 0
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
	if s.spare != nil {
		s.spare.Add(int64(s.taken))
	}
	*s = sorter{bound: s.bound - s.taken, spare: s.spare, beside: s.beside}
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
		return s.inMemory
	}
	return s.merge
}

// near is how many records are fetched at a time. They lie all over the memory, and waiting
// for many at once takes hardly longer than for one.
const near = 32

func (s *sorter) inMemory(yield func(pair) bool) {
	for from := 0; from < len(s.order); from += near {
		some := s.order[from:min(from+near, len(s.order))]
		for _, p := range some {
			s.touched += s.chunks[p.at>>chunkBits][p.at&(1<<chunkBits-1)]
		}
		for _, p := range some {
			key, value := s.record(p.at)
			if !yield(pair{key, value, nil}) {
				return
			}
		}
	}
}

func (s *sorter) merge(yield func(pair) bool) {
	if s.count > 0 {
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
