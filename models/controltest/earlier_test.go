package controltest_test

import (
	"strings"
	"testing"

	"assay/models"
	"assay/models/controltest"
	"assay/models/population"
	"assay/models/sample"
)

// redrawn is a test whose sample of two was drawn again after two deviations were found in
// one item of it.
func (w *world) redrawn() controltest.Test {
	w.Helper()
	c, s, items := w.tested(2)
	fail := func(letter string) controltest.Seen {
		return controltest.Seen{ItemID: items[1].ID, Letter: letter, Result: controltest.Deviation, Rev: controltest.Any}
	}
	w.must(w.set(w.jonas, c.ID, fail("A"), fail("B")))
	w.later()
	again, fresh := w.draw(w.populationOf(s), 3, func(x *population.Sample) { x.RedrawsID, x.Reason = &s.ID, "A row had been left out." })
	w.must(w.takeSample(w.jonas, c.ID, again.ID))
	for _, i := range fresh {
		w.must(w.set(w.jonas, c.ID, pass(i.ID, "AB")...))
	}
	return c
}

func (w *world) populationOf(s population.Sample) (p population.Population) {
	w.Helper()
	w.must(w.db.Read(w.Context(), w.jonas, func(tx *models.Tx) (err error) {
		p, err = population.ByID(w.Context(), tx, s.PopulationID)
		return err
	}))
	return p
}

const earlier = "An earlier sample (S-1, drawn 2026-03-01, replaced because: A row had been left out) had 2 deviations"

// TestRule11DeviationsOfAnEarlierDrawStaySaid: a redraw takes them out of the count, and out
// of nobody's sight.
func TestRule11DeviationsOfAnEarlierDrawStaySaid(t *testing.T) {
	each(t, func(w *world) {
		c := w.redrawn()
		now := w.paper(w.jonas, c.ID)
		if len(now.Earlier) != 1 || now.Earlier[0].Words() != earlier || now.Tally().Deviating != 0 {
			t.Fatalf("got %+v", now.Earlier)
		}
		w.must(w.conclude(w.jonas, c.ID, controltest.Effective, ""))
		if now := w.paper(w.jonas, c.ID); now.Words != "No exceptions noted. "+earlier {
			t.Errorf("got %q", now.Words)
		}
	})
	// Whether what an earlier draw showed is an exception, the auditor says.
	each(t, func(w *world) {
		c := w.redrawn()
		w.must(w.conclude(w.jonas, c.ID, controltest.Exceptions, ""))
		if now := w.paper(w.jonas, c.ID); !strings.HasPrefix(now.Words, "Exceptions noted: 0 of 3 items. "+earlier) {
			t.Errorf("got %q", now.Words)
		}
	})
}

// TestRule11DeviationsOfAFullPopulationStaySaid: what is looked at as a whole has no items,
// and what was found in it stays said all the same when items are drawn instead.
func TestRule11DeviationsOfAFullPopulationStaySaid(t *testing.T) {
	each(t, func(w *world) {
		c, all := w.whole()
		w.must(w.set(w.jonas, c.ID, controltest.Seen{Letter: "A", Result: controltest.Deviation, Rev: controltest.Any}, pass(0, "B")[0]))
		w.later()
		// In a full population that takes its place the results stand, and count once.
		again, _ := w.draw(w.populationOf(all), 0, func(x *population.Sample) {
			x.Method, x.Seed, x.RedrawsID, x.Reason = sample.Full, "", &all.ID, "A row had been left out."
		})
		w.must(w.takeSample(w.jonas, c.ID, again.ID))
		if now := w.paper(w.jonas, c.ID); len(now.Earlier) != 0 || now.Tally().Deviating != 1 {
			t.Errorf("in the next full population: %+v, %+v", now.Earlier, now.Tally())
		}
		w.later()
		few, items := w.draw(w.populationOf(all), 2, func(x *population.Sample) { x.RedrawsID, x.Reason = &again.ID, "Items are looked at instead." })
		w.must(w.takeSample(w.jonas, c.ID, few.ID))
		for _, i := range items {
			w.must(w.set(w.jonas, c.ID, pass(i.ID, "AB")...))
		}
		const said = "An earlier sample (S-2, drawn 2026-03-01, replaced because: Items are looked at instead) had 1 deviation"
		if now := w.paper(w.jonas, c.ID); len(now.Earlier) != 1 || now.Earlier[0].Words() != said || now.Tally().Deviating != 0 {
			t.Fatalf("got %+v", now.Earlier)
		}
		w.must(w.conclude(w.jonas, c.ID, controltest.Exceptions, ""))
		if now := w.paper(w.jonas, c.ID); now.Words != "Exceptions noted: 0 of 2 items. "+said {
			t.Errorf("got %q", now.Words)
		}
	})
}

// whole is a test of a full population.
func (w *world) whole() (controltest.Test, population.Sample) {
	w.Helper()
	c := w.designed()
	p := w.locked(w.control, 40)
	w.must(w.takePopulation(w.jonas, c.ID, p.ID))
	w.later()
	s, _ := w.draw(p, 0, func(x *population.Sample) { x.Method, x.Seed = sample.Full, "" })
	w.must(w.takeSample(w.jonas, c.ID, s.ID))
	return c, s
}
