package sample_test

import (
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"assay/internal/sheet"
	"assay/models/sample"
)

// changes is a CSV file of n changes, as a program would export them.
func changes(n int) string {
	var b strings.Builder
	b.WriteString("key,merged_at,author,repository,title\n")
	for i := range n {
		fmt.Fprintf(&b, "CHG-%07d,2026-%02d-%02dT%02d:00:00Z,user%d,repo-%d,Change number %d of the year\n", i, 1+i%12, 1+i%28, i%24, i%50, i%14, i)
	}
	return b.String()
}

func BenchmarkLockAndDraw(b *testing.B) {
	csv := changes(100_000)
	b.SetBytes(int64(len(csv)))
	b.ReportAllocs()
	for b.Loop() {
		rows, err := sheet.Stream(b.Context(), strings.NewReader(csv), "f", sheet.Large)
		if err != nil {
			b.Fatal(err)
		}
		items, err := sample.Items(rows, sample.Columns{Key: "key", Stratum: "repository"})
		if err != nil {
			b.Fatal(err)
		}
		l, err := sample.ListOf(items)
		if err != nil {
			b.Fatal(err)
		}
		s, err := l.Seal(io.Discard)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := (sample.Draw{Population: s.Digest, Seed: "s"}).Select(l.Items(), 5); err != nil {
			b.Fatal(err)
		}
		_ = l.Close()
	}
}

// A million writes changes in an order that no key has.
type million struct {
	at, rows int
	left     []byte
	peak     uint64 // of the heap, while somebody reads
}

func (m *million) Read(p []byte) (int, error) {
	for len(m.left) == 0 {
		if m.at > m.rows {
			return 0, io.EOF
		}
		if m.at%100_000 == 99_999 {
			var now runtime.MemStats
			runtime.GC() // what is held counts, not what was let go
			runtime.ReadMemStats(&now)
			m.peak = max(m.peak, now.HeapAlloc)
		}
		i := m.at * 617_377 % m.rows
		if m.left = fmt.Appendf(nil, "CHG-%07d,2026-%02d-%02dT%02d:00:00Z,user%d,repo-%d,Change number %d of the year\n", i, 1+i%12, 1+i%28, i%24, i%50, i%14, i); m.at == 0 {
			m.left = []byte("key,at,author,repository,title\n")
		}
		m.at++
	}
	n := copy(p, m.left)
	m.left = m.left[n:]
	return n, nil
}

// TestAMillionRows reads as many as an audit brings, and draws from them.
func TestAMillionRows(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes seconds")
	}
	var before runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	in := &million{rows: 1_000_000}
	rows, err := sheet.Stream(t.Context(), in, "f", sheet.Large)
	if err != nil {
		t.Fatal(err)
	}
	sealed, record, err := sample.Read(rows, sample.Columns{Key: "key", When: "at"}, terms(t, ""), io.Discard)
	if err != nil || sealed.Count != 1_000_000 || record.Sequences[0].Missing != 0 || record.Inside == 0 {
		t.Fatalf("%+v, %v", sealed, err)
	}
	if took := (in.peak - min(in.peak, before.HeapAlloc)) >> 20; took > 96 {
		t.Errorf("it took %d MiB", took)
	} else {
		t.Logf("at most %d MiB of heap", took)
	}
}
