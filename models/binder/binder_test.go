package binder_test

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"testing"
)

func TestTwoExportsAreTheSameBytes(t *testing.T) {
	each(t, func(w *world) {
		w.full()
		w.on("2026-07-20")
		w.report()
		first := w.export(w.priya)
		r := w.holds(first)
		if r.Draws != 5 || r.Leaves == 0 || r.Checkpoints < 2 {
			w.Errorf("got %+v", r)
		}
		w.on("2026-09-01")
		w.accepted(nil, "2026-03-01", "2026-03-31", w.upload("march.csv", "march"))
		w.sign()
		if second := w.export(w.ines); !bytes.Equal(first, second) {
			w.Error("the second export is not the first")
		}
		w.holds(w.export(w.jonas))
		names := slices.Sorted(maps.Keys(unpacked(w, first)))
		if len(names) < 20 {
			w.Error(strings.Join(names, "\n"))
		}
	})
}
