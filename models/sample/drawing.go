package sample

import (
	"bytes"
	"cmp"
	"container/heap"
	"iter"
	"slices"
	"strings"
)

// A Drawing is a selection under way. Whoever knows the digest of a list before reading it
// again selects while it is read, and gets the cells of what is selected with it.
type Drawing struct {
	size     int
	excluded []string
	ranker   *ranker
	strata   map[string]*lowest
	held     int // in all strata
	err      error
}

// cellsKept is of how many items a drawing keeps the cells. Beyond, Cells may be nil.
const cellsKept = 5000

// Begin is Select of items that are still to come.
func (d Draw) Begin(size int, excluded ...string) (*Drawing, error) {
	if err := CheckSeed(d.Seed); err != nil {
		return nil, err
	}
	return &Drawing{size: size, excluded: excluded, ranker: d.ranker(), strata: map[string]*lowest{}}, nil
}

// Watch selects from items while somebody else goes through them.
func (s *Drawing) Watch(items iter.Seq2[Item, error]) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		for it, err := range items {
			if err == nil && s.err == nil {
				s.err = s.add(it)
			}
			if !yield(it, err) {
				return
			}
		}
	}
}

// Picks is what was selected.
func (s *Drawing) Picks() ([]Pick, error) {
	if s.err != nil {
		return nil, s.err
	}
	ranked := func(stratum string) iter.Seq[Pick] { return slices.Values(s.strata[stratum].ordered()) }
	return choose(sorted(s.strata), ranked, s.size, s.excluded)
}

func (s *Drawing) add(it Item) error {
	of := s.strata[it.Stratum]
	if of == nil {
		if len(s.strata) == mostStrata {
			return unusable("The column of strata has more than %d different values. Choose one that groups the items.", mostStrata)
		}
		if strings.ContainsAny(it.Stratum, "\n\r\x00") {
			return unusable("The stratum in row %d has a line break.", it.Line)
		}
		of = &lowest{}
		s.strata[strings.Clone(it.Stratum)] = of
	}
	p, n := Pick{Item: it, Rank: rankOf(s.ranker, it.Stratum, it.Key)}, s.size+len(s.excluded)
	switch {
	case len(*of) < n:
		s.held++
		heap.Push(of, s.kept(p))
	case n > 0 && byRank(p, (*of)[0]) < 0:
		(*of)[0] = s.kept(p)
		heap.Fix(of, 0)
	}
	return nil
}

// kept is p with texts of its own, which keep nothing of a file in memory.
func (s *Drawing) kept(p Pick) Pick {
	for _, text := range []*string{&p.Key, &p.Stratum, &p.When, &p.Amount} {
		*text = strings.Clone(*text)
	}
	if s.held > cellsKept {
		p.Cells = nil
	}
	p.Cells = slices.Clone(p.Cells)
	for i, cell := range p.Cells {
		p.Cells[i] = strings.Clone(cell)
	}
	return p
}

// lowest is a heap whose top is the highest rank it holds.
type lowest []Pick

func (l *lowest) ordered() []Pick { return slices.SortedFunc(slices.Values(*l), byRank) }

func byRank(a, b Pick) int {
	return cmp.Or(bytes.Compare(a.Rank[:], b.Rank[:]), cmp.Compare(a.Key, b.Key))
}

func (l lowest) Len() int           { return len(l) }
func (l lowest) Less(i, j int) bool { return byRank(l[i], l[j]) > 0 }
func (l lowest) Swap(i, j int)      { l[i], l[j] = l[j], l[i] }
func (l *lowest) Push(x any)        { *l = append(*l, x.(Pick)) }
func (l *lowest) Pop() any {
	last := (*l)[len(*l)-1]
	*l = (*l)[:len(*l)-1]
	return last
}
