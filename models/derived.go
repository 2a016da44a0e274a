package models

import (
	"context"
	"fmt"
	"maps"
	"slices"
)

// A DerivedTable is kept for queries beside logged rows that say the same, and is not
// logged itself. Check tells problem about every place where the two differ.
type DerivedTable struct {
	Name  string
	Check func(ctx context.Context, tx *Tx, problem func(string)) error
}

// CompareDerived tells problem which lines about the record at path a derived table lacks,
// and which it should not have. Neither list has an order.
func CompareDerived(table, path string, should, does []string, problem func(string)) {
	counts := make(map[string]int, len(should))
	for _, line := range should {
		counts[line]++
	}
	for _, line := range does {
		counts[line]--
	}
	for _, line := range slices.Sorted(maps.Keys(counts)) {
		switch n := counts[line]; {
		case n > 0:
			problem(fmt.Sprintf("%s lacks %q of %s", table, line, path))
		case n < 0:
			problem(fmt.Sprintf("%s says %q of %s, which no logged row does", table, line, path))
		}
	}
}
