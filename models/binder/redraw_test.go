package binder_test

import (
	"strings"
	"testing"

	"assay/internal/binder"
	nouns "assay/models/binder"
)

// TestRule10WhatWasAddedIsDrawnAgain repeats a draw from the rows that the version before
// lacked: they are a stratum of their own, and nothing else can come out of it.
func TestRule10WhatWasAddedIsDrawnAgain(t *testing.T) {
	const was, now = "id,what\nC-1,one\nC-2,two\n", "id,what\nC-1,one\nC-2,two\nC-3,three\nC-4,four\n"
	of := func(code, rows string) binder.Listed {
		return binder.Listed{
			Population: binder.Population{Code: code, Version: int64(len(code)), KeyColumn: "id", List: binder.Stored{Name: "list.csv"}},
			Rows:       strings.NewReader(rows),
		}
	}
	s := binder.Sample{Method: "full"}
	digestOf := func(rows string) string {
		digest, _, err := nouns.Redraw(t.Context(), of("P", rows), nil, s)
		if err != nil {
			t.Fatal(err)
		}
		return digest
	}
	later, earlier := of("P2", now), of("P", was)
	later.Digest, earlier.Digest = digestOf(now), digestOf(was)
	s = binder.Sample{Method: "random", Seed: "dice 4 1", Target: 4}
	_, picks, err := nouns.Redraw(t.Context(), later, &earlier, s)
	if err != nil || len(picks) != 2 {
		t.Fatalf("got %+v, %v", picks, err)
	}
	for _, p := range picks {
		if p.Stratum != "added in version 2" || p.Key != "C-3" && p.Key != "C-4" || p.Rank == "" {
			t.Errorf("got %+v", p)
		}
	}

	later.Rows, earlier.Rows = strings.NewReader(now), strings.NewReader(now) // another list than was locked
	if _, _, err := nouns.Redraw(t.Context(), later, &earlier, s); err == nil || !strings.Contains(err.Error(), "P is not the one that was locked") {
		t.Errorf("a list that was altered: %v", err)
	}
	later.Rows = strings.NewReader(now)
	if _, all, err := nouns.Redraw(t.Context(), later, nil, s); err != nil || len(all) != 4 {
		t.Errorf("the whole list gives %d items, %v", len(all), err)
	}
}
