package sample_test

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"

	"assay/internal/sheet"
	"assay/models/sample"
)

// itemsRead reads a CSV text as items.
func itemsRead(t *testing.T, csv string, read func(sheet.Rows) (iter.Seq2[sample.Item, error], error)) iter.Seq2[sample.Item, error] {
	t.Helper()
	rows, err := sheet.Stream(t.Context(), strings.NewReader(csv), "f", sheet.Large)
	if err != nil {
		t.Fatal(err)
	}
	items, err := read(rows)
	if err != nil {
		t.Fatal(err)
	}
	return items
}

func hashed(stratum string) func(sheet.Rows) (iter.Seq2[sample.Item, error], error) {
	return func(rows sheet.Rows) (iter.Seq2[sample.Item, error], error) {
		return sample.Items(rows, sample.Columns{Key: "key", Stratum: stratum})
	}
}

// TestDrawingWhileAListIsReadIsSelectingFromIt: the same items in the same order, and with
// them the cells of their rows.
func TestDrawingWhileAListIsReadIsSelectingFromIt(t *testing.T) {
	csv := changes(7000)
	for _, c := range []struct {
		stratum string
		size    int
		cells   bool
	}{{"", 25, true}, {"repository", 30, true}, {"author", 6000, false}} {
		plain, err := sample.ListOf(itemsRead(t, csv, hashed(c.stratum)))
		if err != nil {
			t.Fatal(err)
		}
		draw := sample.Draw{Population: "p", Seed: "s"}
		first := choose(t, draw, plain, c.size)[0].Key
		want, err := draw.SelectFrom(plain, c.size, first)
		if err != nil {
			t.Fatal(err)
		}
		drawing, err := draw.Begin(c.size, first)
		if err != nil {
			t.Fatal(err)
		}
		list, err := sample.ListOf(drawing.Watch(itemsRead(t, csv, hashed(c.stratum))))
		if err != nil || list.Keys() != 7000 {
			t.Fatal(err)
		}
		got, err := drawing.Picks()
		if err != nil || len(got) != len(want) {
			t.Fatalf("%d of %d, %v", len(got), len(want), err)
		}
		for i, p := range got {
			if w := want[i]; p.Key != w.Key || p.Rank != w.Rank || p.Digest != w.Digest || p.Stratum != w.Stratum || p.Excluded != w.Excluded {
				t.Fatalf("%v: place %d is %+v, want %+v", c, i, p, w)
			}
			if p.Cells != nil && (p.Cells[0] != p.Key || !strings.Contains(csv, "\n"+strings.Join(p.Cells, ",")+"\n")) {
				t.Fatalf("%v: %s has the cells %q", c, p.Key, p.Cells)
			}
		}
		if all := !slices.ContainsFunc(got, func(p sample.Pick) bool { return p.Cells == nil }); all != c.cells {
			t.Errorf("%v: all cells were kept: %t", c, all)
		}
	}
}

// TestADrawingSaysAtTheEndWhatCannotBeDrawn, and lets the list be read until then.
func TestADrawingSaysAtTheEndWhatCannotBeDrawn(t *testing.T) {
	if _, err := (sample.Draw{Seed: " "}).Begin(1); !errors.Is(err, sample.ErrSeed) {
		t.Errorf("a blank seed: %v", err)
	}
	drawing, err := sample.Draw{Population: "p", Seed: "s"}.Begin(1)
	if err != nil {
		t.Fatal(err)
	}
	list, err := sample.ListOf(drawing.Watch(itemsRead(t, changes(1500), hashed("key"))))
	if err != nil || list.Keys() != 1500 {
		t.Fatalf("%v", err)
	}
	if _, err := drawing.Picks(); err == nil || !strings.Contains(err.Error(), "more than 1000 different values") {
		t.Errorf("got %v", err)
	}
}

// TestRowsAreItemsWithoutADigest, in every other way the same.
func TestRowsAreItemsWithoutADigest(t *testing.T) {
	csv := "title,key\nplain,A-1\n" + "decomposed u\u0308,u\u0308-2\n" + "\"a \"\"quote\"\"\",\"A,3\"\n"
	var want []string
	for it, err := range itemsRead(t, csv, hashed("")) {
		want = append(want, fmt.Sprint(it.Line, it.Key, it.Cells, err))
	}
	n := 0
	for it, err := range itemsRead(t, csv, func(r sheet.Rows) (iter.Seq2[sample.Item, error], error) { return sample.Rows(r, "key") }) {
		if got := fmt.Sprint(it.Line, it.Key, it.Cells, err); got != want[n] || it.Digest != (sample.Digest{}) {
			t.Errorf("got %s, want %s", got, want[n])
		}
		n++
	}
	if n != 3 || !strings.Contains(want[1], "ü-2") {
		t.Errorf("%d rows: %q", n, want)
	}
}
