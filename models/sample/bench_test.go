package sample_test

import (
	"fmt"
	"io"
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
