package sample_test

import (
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"assay/internal/sheet"
	"assay/models/sample"

	"github.com/google/go-cmp/cmp"
)

// TestSelectingFromAListIsSelectingFromItsItems holds the short way against the plain one,
// in lists of one batch and of many, with seeds that end before and after a block of the hash.
func TestSelectingFromAListIsSelectingFromItsItems(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 21))
		n, columns := 1+r.IntN(4000), sample.Columns{Key: "key"}
		if seed%2 == 0 {
			columns.Stratum = "stratum"
		}
		l := listed(t, population(r, n), columns)
		s, _ := sealed(t, l)
		draw := sample.Draw{Population: s.Digest, Seed: strings.Repeat("ü", r.IntN(70)) + strconv.FormatUint(seed, 36)}
		if seed%5 == 0 {
			draw.Population = "p"
		}
		size := 1 + r.IntN(40)
		if seed%7 == 0 {
			size = n // the whole order
		}
		var excluded []string
		for _, p := range choose(t, draw, l, size)[:1] {
			excluded = append(excluded, p.Key)
		}
		want, err := draw.Select(l.Items(), size, excluded...)
		if err != nil {
			t.Fatal(err)
		}
		got, err := draw.SelectFrom(l, size, excluded...)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Fatalf("seed %d: %v %s", seed, err, diff)
		}
		if p := got[0]; p.Rank != draw.Rank(p.Stratum, p.Key) {
			t.Fatalf("seed %d: the rank of %s is another one", seed, p.Key)
		}
	}
}

// TestRefusalsOfADrawFromAList are those of the plain way, word by word.
func TestRefusalsOfADrawFromAList(t *testing.T) {
	many := "key,stratum\n"
	for i := range 1500 {
		many += fmt.Sprintf("%d,s%d\n", i, i)
	}
	for name, csv := range map[string]string{
		"too many strata": many, "a line break": "key,stratum\nb,x\na,\"y\nz\"\n", "none excluded": "key,stratum\na,x\n", "no item": "key,stratum\n",
	} {
		l := listed(t, csv, sample.Columns{Key: "key", Stratum: "stratum"})
		s, _ := sealed(t, l)
		draw := sample.Draw{Population: s.Digest, Seed: "s"}
		_, want := draw.Select(l.Items(), 2, "nobody")
		_, got := draw.SelectFrom(l, 2, "nobody")
		if want == nil || got == nil || want.Error() != got.Error() {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	l := listed(t, "key\na\n", sample.Columns{Key: "key"})
	if _, err := (sample.Draw{Population: "p"}).SelectFrom(l, 1); !errors.Is(err, sample.ErrSeed) {
		t.Errorf("without a seed: %v", err)
	}
}

// TestALongListIsReadInItsOrder has rows hashed by several at once, and an end that nobody
// waits for.
func TestALongListIsReadInItsOrder(t *testing.T) {
	var b strings.Builder
	b.WriteString("key,text\n")
	const n = 9000
	for i := range n {
		fmt.Fprintf(&b, "K%d,Jo\u0308rg %d\n", i, i)
	}
	for _, end := range []int{0, 1, 511, 512, 513, 5000, n} {
		at := 0
		for it, err := range itemsOf(t, b.String()) {
			if at == end {
				break
			}
			if want := fmt.Sprintf("K%d|J\u00f6rg %d", at, at); err != nil || it.Key+"|"+it.Cells[1] != want || it.Line != at+2 {
				t.Fatalf("item %d is %+v, %v", at, it, err)
			}
			at++
		}
		if at != end {
			t.Fatalf("%d items, want %d", at, end)
		}
	}
	count, last := 0, error(nil)
	for _, err := range itemsOf(t, b.String()+"short\n") {
		if last = err; err == nil {
			count++
		}
	}
	if last == nil || count != n {
		t.Errorf("%d items and then %v", count, last)
	}
}

func itemsOf(t *testing.T, csv string) iter.Seq2[sample.Item, error] {
	t.Helper()
	rows, err := sheet.Stream(t.Context(), strings.NewReader(csv), "f", sheet.Large)
	if err != nil {
		t.Fatal(err)
	}
	items, err := sample.Items(rows, sample.Columns{Key: "key"})
	if err != nil {
		t.Fatal(err)
	}
	return items
}

// A writer that gives up ends the sealing of a long list.
func TestATextThatNobodyTakes(t *testing.T) {
	var b strings.Builder
	b.WriteString("key\n")
	for i := range 20_000 {
		fmt.Fprintf(&b, "K%d\n", i)
	}
	l := listed(t, b.String(), sample.Columns{Key: "key"})
	full := errors.New("full")
	for _, after := range []int{0, 1, 5, 20} {
		if _, err := l.Seal(&givingUp{after, full}); !errors.Is(err, full) {
			t.Errorf("after %d parts: %v", after, err)
		}
	}
	if s, _ := sealed(t, l); s.Digest == "" {
		t.Error("it cannot be sealed afterwards")
	}
}

type givingUp struct {
	after int
	err   error
}

func (g *givingUp) Write(p []byte) (int, error) {
	if g.after--; g.after < 0 {
		return 0, g.err
	}
	return len(p), nil
}
