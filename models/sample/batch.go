package sample

import (
	"crypto/sha256"
	"runtime"
	"sync"

	"assay/internal/sheet"
)

// batchRows is how many rows are hashed at a time.
const batchRows = 512

// A batch is rows on their way to being items.
type batch struct {
	rows  []sheet.Row // their cells lie in cells
	cells []string
	items []Item
	text  []byte // the row that is being hashed
	done  chan struct{}
}

func (b *batch) add(row sheet.Row) {
	b.cells = append(b.cells, row.Cells...)
	b.rows = append(b.rows, row)
}

func (b *batch) reset() *batch {
	b.rows, b.cells, b.items = b.rows[:0], b.cells[:0], b.items[:0]
	return b
}

// read makes items of rows, in their order. Rows are cut and items are taken by whoever
// asks; where the list is long, others hash in the meantime.
func (r *reader) read(rows sheet.Rows, yield func(Item, error) bool) {
	h := hashing{reader: r, most: runtime.GOMAXPROCS(0)}
	defer h.stop()
	now := new(batch)
	for row, err := range rows.All {
		if err != nil {
			if h.finish(now, yield) {
				yield(Item{}, err)
			}
			return
		}
		if now.add(row); len(now.rows) == batchRows {
			var more bool
			if now, more = h.pass(now, yield); !more {
				return
			}
		}
	}
	h.finish(now, yield)
}

// hashing is the batches that are being hashed, the oldest first.
type hashing struct {
	*reader
	most    int // workers
	work    chan *batch
	workers sync.WaitGroup
	pending []*batch
}

// pass has a batch hashed, and gives one to be filled. Items of the oldest are yielded
// when enough are under way.
func (h *hashing) pass(b *batch, yield func(Item, error) bool) (next *batch, more bool) {
	if h.work == nil {
		h.work = make(chan *batch, 2*h.most)
		for range h.most {
			h.workers.Go(func() {
				for b := range h.work {
					h.hash(b)
					b.done <- struct{}{}
				}
			})
		}
	}
	if b.done == nil {
		b.done = make(chan struct{}, 1)
	}
	h.work <- b
	if h.pending = append(h.pending, b); len(h.pending) < 2*h.most {
		return new(batch), true
	}
	return h.oldest(yield)
}

// oldest yields the items of the oldest batch, which can then be used again.
func (h *hashing) oldest(yield func(Item, error) bool) (b *batch, more bool) {
	b = h.pending[0]
	h.pending = append(h.pending[:0], h.pending[1:]...)
	<-b.done
	more = b.yield(yield)
	return b.reset(), more
}

// finish yields all that is left, last of it what nobody has hashed yet.
func (h *hashing) finish(last *batch, yield func(Item, error) bool) bool {
	for len(h.pending) > 0 {
		if _, more := h.oldest(yield); !more {
			return false
		}
	}
	h.hash(last)
	return last.yield(yield)
}

// stop leaves nobody behind.
func (h *hashing) stop() {
	if h.work != nil {
		close(h.work)
		h.workers.Wait()
	}
}

func (b *batch) yield(yield func(Item, error) bool) bool {
	for i := range b.items {
		if !yield(b.items[i], nil) {
			return false
		}
	}
	return true
}

// hash makes the items of a batch.
func (r *reader) hash(b *batch) {
	width := len(r.header)
	for i, row := range b.rows {
		cells := b.cells[i*width : (i+1)*width : (i+1)*width]
		normal(cells, row.ASCII)
		b.items = append(b.items, r.item(b, row.Line, cells))
	}
}

func (r *reader) item(b *batch, line int, cells []string) Item {
	text := b.text[:0]
	for i, cell := range cells {
		text = netstring(append(text, r.names[i]...), cell)
	}
	b.text = text
	at := func(i int) string {
		if i < 0 {
			return ""
		}
		return cells[i]
	}
	return Item{
		Line: line, Key: at(r.key), Stratum: at(r.stratum), When: at(r.when), Amount: at(r.amount),
		Digest: sha256.Sum256(text), Cells: cells,
	}
}
