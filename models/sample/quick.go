package sample

import (
	"bytes"
	"cmp"
	"container/heap"
	"crypto/sha256"
	"encoding"
	"encoding/binary"
	"hash"
	"iter"
	"runtime"
	"slices"
	"strings"
	"sync"
)

// SelectFrom is Select from all items of a list. Where the list lies in memory it goes
// through it as it lies there, and makes items only of what is selected.
func (d Draw) SelectFrom(l *List, size int, excluded ...string) ([]Pick, error) {
	if err := CheckSeed(d.Seed); err != nil {
		return nil, err
	}
	if len(l.items.runs) > 0 {
		return d.Select(l.Items(), size, excluded...)
	}
	found, ok := d.scan(l.items, size+len(excluded))
	if !ok { // Select says which item is the first that cannot be
		return d.Select(l.Items(), size, excluded...)
	}
	ranked := func(stratum string) iter.Seq[Pick] {
		return func(yield func(Pick) bool) {
			for _, r := range found[stratum].ordered() {
				key, value := l.items.record(r.at)
				if !yield(Pick{Item: unpack(pair{key, value, nil}), Rank: r.rank}) {
					return
				}
			}
		}
	}
	return choose(sorted(found), ranked, size, excluded)
}

// A ranked record is one that may be selected.
type ranked struct {
	rank Digest
	at   uint32
}

// best is a heap whose top is the highest rank it holds.
type best []ranked

func byRankAndPlace(a, b ranked) int {
	return cmp.Or(bytes.Compare(a.rank[:], b.rank[:]), cmp.Compare(a.at, b.at))
}

func (l best) ordered() []ranked {
	slices.SortFunc(l, byRankAndPlace)
	return l
}

func (l best) Len() int           { return len(l) }
func (l best) Less(i, j int) bool { return byRankAndPlace(l[i], l[j]) > 0 }
func (l best) Swap(i, j int)      { l[i], l[j] = l[j], l[i] }
func (l *best) Push(x any)        { *l = append(*l, x.(ranked)) }
func (l *best) Pop() any {
	last := (*l)[len(*l)-1]
	*l = (*l)[:len(*l)-1]
	return last
}

func (l *best) offer(r ranked, n int) {
	switch {
	case len(*l) < n:
		heap.Push(l, r)
	case n > 0 && byRankAndPlace(r, (*l)[0]) < 0:
		(*l)[0] = r
		heap.Fix(l, 0)
	}
}

// scan keeps the n lowest ranks of each stratum. It gives up, and says so, where the strata
// are none that can be drawn from.
func (d Draw) scan(s *sorter, n int) (map[string]*best, bool) {
	parts := make([]map[string]*best, min(len(s.chunks), runtime.GOMAXPROCS(0)))
	var group sync.WaitGroup
	for i := range parts {
		from, to := i*len(s.chunks)/len(parts), (i+1)*len(s.chunks)/len(parts)
		group.Go(func() { parts[i] = d.scanPart(s, from, to, n) })
	}
	group.Wait()
	all := map[string]*best{}
	for _, part := range parts {
		if part == nil {
			return nil, false
		}
		for stratum, some := range part {
			of := all[stratum]
			if of == nil {
				all[stratum] = some
				continue
			}
			for _, r := range *some {
				of.offer(r, n)
			}
		}
	}
	return all, len(all) <= mostStrata
}

// scanPart goes through some of the chunks.
func (d Draw) scanPart(s *sorter, from, to, n int) map[string]*best {
	strata := map[string]*best{}
	r := d.ranker()
	var of *best
	var last []byte // the stratum that of belongs to
	for c := from; c < to; c++ {
		chunk := s.chunks[c]
		for rest := chunk; len(rest) > 0; {
			at := uint32(c<<chunkBits | len(chunk) - len(rest))
			var key, value []byte
			key, value, rest = cutRecord(rest)
			stratum := value[packed : packed+int(binary.BigEndian.Uint32(value[sha256.Size+4:]))]
			if of == nil || !bytes.Equal(stratum, last) {
				if of = strata[string(stratum)]; of == nil {
					if len(strata) == mostStrata || strings.ContainsAny(string(stratum), "\n\r\x00") {
						return nil
					}
					of = &best{}
					strata[string(stratum)] = of
				}
				last = stratum
			}
			of.offer(ranked{rankOf(r, stratum, key), at}, n)
		}
	}
	return strata
}

// A ranker computes ranks. All of them begin with the same text, so as much of it as fills
// blocks of the hash is hashed once.
type ranker struct {
	hash  hash.Hash
	again encoding.BinaryUnmarshaler
	state []byte // of hash, after the blocks that all ranks have
	text  []byte
	fixed int
	sum   []byte
}

func (d Draw) ranker() *ranker {
	text := []byte("assay-sample/1\n" + d.Population + "\n" + d.Seed + "\n")
	r := &ranker{hash: sha256.New(), sum: make([]byte, 0, sha256.Size)}
	blocks := len(text) / sha256.BlockSize * sha256.BlockSize
	r.hash.Write(text[:blocks])
	r.text, r.fixed = text[blocks:], len(text)-blocks
	r.again = r.hash.(encoding.BinaryUnmarshaler) // both are documented of crypto/sha256
	r.state, _ = r.hash.(encoding.BinaryMarshaler).MarshalBinary()
	return r
}

// rankOf is Draw.Rank.
func rankOf[T string | []byte](r *ranker, stratum, key T) Digest {
	r.text = append(append(append(r.text[:r.fixed], stratum...), '\n'), key...)
	if err := r.again.UnmarshalBinary(r.state); err != nil {
		panic(err) // it is the state that it gave itself
	}
	r.hash.Write(r.text)
	return Digest(r.hash.Sum(r.sum))
}
