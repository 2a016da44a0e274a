package controltest_test

import (
	"context"
	"strings"
	"testing"

	"assay/models"
	"assay/models/access"
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
// and what was found in it stays said all the same, whatever is drawn in its place.
func TestRule11DeviationsOfAFullPopulationStaySaid(t *testing.T) {
	each(t, func(w *world) {
		c, all := w.whole()
		w.must(w.set(w.jonas, c.ID, controltest.Seen{ItemID: w.all(c), Letter: "A", Result: controltest.Deviation, Rev: controltest.Any}, pass(w.all(c), "B")[0]))
		again := w.wholeAgain(all)
		w.must(w.takeSample(w.jonas, c.ID, again.ID))
		const first = "An earlier sample (S-1, drawn 2026-03-01, replaced because: A row had been left out) had 1 deviation"
		if now := w.paper(w.jonas, c.ID); len(now.Earlier) != 1 || now.Earlier[0].Words() != first || now.Tally().Deviating != 0 {
			t.Errorf("in the next full population: %+v, %+v", now.Earlier, now.Tally())
		}
		w.must(w.set(w.jonas, c.ID, controltest.Seen{ItemID: w.all(c), Letter: "B", Result: controltest.Deviation, Rev: controltest.Any}))
		w.later()
		few, items := w.draw(w.populationOf(all), 2, func(x *population.Sample) { x.RedrawsID, x.Reason = &again.ID, "Items are looked at instead." })
		w.must(w.takeSample(w.jonas, c.ID, few.ID))
		for _, i := range items {
			w.must(w.set(w.jonas, c.ID, pass(i.ID, "AB")...))
		}
		const second = "An earlier sample (S-2, drawn 2026-03-01, replaced because: Items are looked at instead) had 1 deviation"
		if now := w.paper(w.jonas, c.ID); len(now.Earlier) != 2 || now.Earlier[1].Words() != second || now.Tally().Deviating != 0 {
			t.Fatalf("got %+v", now.Earlier)
		}
		w.must(w.conclude(w.jonas, c.ID, controltest.Exceptions, ""))
		if now := w.paper(w.jonas, c.ID); now.Words != "Exceptions noted: 0 of 2 items. "+first+". "+second {
			t.Errorf("got %q", now.Words)
		}
		w.verified()
	})
}

// TestRule11AFullPopulationDrawnAgainIsTestedAgain: a row that was added was in no result
// before, so none of them counts about the new draw, and nothing is concluded until it does.
func TestRule11AFullPopulationDrawnAgainIsTestedAgain(t *testing.T) {
	for name, next := range map[string]func(w *world, s population.Sample) population.Sample{
		"of the same population": (*world).wholeAgain,
		"of its next version":    (*world).wholeOfNext,
	} {
		each(t, func(w *world) {
			c, before := w.whole()
			old := w.all(c)
			w.must(w.set(w.jonas, c.ID, pass(old, "AB")...))
			sheet := w.table(w.jonas, c.ID, func([][]string) {})
			again := next(w, before)
			if err := w.takeSample(w.jonas, c.ID, again.ID); err != nil {
				t.Fatalf("%s: %s", name, fieldsOf(err))
			}
			now := w.paper(w.jonas, c.ID)
			if len(now.Rows) != 1 || now.Rows[0].SampleID != again.ID || len(now.Rows[0].Results) != 0 || now.Tally().Done != 0 || now.Tally().Passes != 0 {
				t.Fatalf("%s: got %+v", name, now.Rows)
			}
			w.refused("an untested draw", w.conclude(w.jonas, c.ID, controltest.Effective, ""), models.KindConflict, "0 of 1 items")
			w.refused("a result about the earlier draw", w.set(w.jonas, c.ID, pass(old, "A")...), models.KindInvalid, "not in the sample")
			_, err := now.ReadSheet(sheet, false)
			w.refused("a worksheet of the earlier draw", err, models.KindInvalid, "a draw that no longer counts")
			w.broken("the same in the database", w.as(access.Clock, func(ctx context.Context, tx *models.Tx) error {
				r := controltest.Result{TestID: c.ID, EngagementID: c.EngagementID, Slug: c.Slug, Round: 1, ItemID: old, Letter: "C", Result: controltest.Pass, AuditorID: w.jonas.ID, EnteredBy: w.jonas.ID, At: tx.Now}
				return models.Insert(ctx, tx, &r, "test.result")
			}))
			w.must(w.set(w.jonas, c.ID, pass(w.all(c), "AB")...))
			w.must(w.conclude(w.jonas, c.ID, controltest.Effective, ""))
			w.must(w.review(w.lea, c.ID, ""))
			if n := len(w.results(c.ID)); n != 4 {
				t.Errorf("%s: %d results are kept", name, n)
			}
			w.verified()
		})
	}
}

// TestRule13FullPopulationsOfTwoPartsOfThePeriodStandBesideEachOther: of one list there is
// one, of another list another, each with results of its own.
func TestRule13FullPopulationsOfTwoPartsOfThePeriodStandBesideEachOther(t *testing.T) {
	each(t, func(w *world) {
		c, first := w.whole()
		w.must(w.set(w.jonas, c.ID, pass(w.all(c), "AB")...))
		w.later()
		twice, _ := w.draw(w.populationOf(first), 0, func(x *population.Sample) { x.Method, x.Seed = sample.Full, "" })
		w.refused("the same list twice", w.takeSample(w.jonas, c.ID, twice.ID), models.KindInvalid, "instead of a sample, not beside one")
		rest, _ := w.draw(w.locked(w.control, 9), 0, func(x *population.Sample) { x.Method, x.Seed = sample.Full, "" })
		w.must(w.takeSample(w.jonas, c.ID, rest.ID))
		now := w.paper(w.jonas, c.ID)
		if len(now.Rows) != 2 || now.Tally().Done != 1 || now.Rows[0].Key == now.Rows[1].Key || now.Rows[1].SampleID != rest.ID {
			t.Fatalf("got %+v", now.Rows)
		}
		w.must(w.set(w.jonas, c.ID, pass(now.Rows[1].ItemID, "AB")...))
		w.must(w.conclude(w.jonas, c.ID, controltest.Effective, ""))
	})
}

// TestRule11ADrawFromAllOfTheNextVersionIsARedraw: it covers what earlier draws were made
// from, so an item would count twice if they stood beside it. Only what was added stands
// beside them, as a stratum of its own.
func TestRule11ADrawFromAllOfTheNextVersionIsARedraw(t *testing.T) {
	each(t, func(w *world) {
		c, first, items := w.tested(2)
		w.must(w.set(w.jonas, c.ID, controltest.Seen{ItemID: items[1].ID, Letter: "A", Result: controltest.Deviation, Rev: controltest.Any}))
		w.later()
		two := w.lockedAs(w.control, 41, func(p *population.Population) {
			p.ReplacesID, p.Version, p.ChangeNote = &first.PopulationID, 2, "CHG-041 was left out."
		})
		added, _ := w.draw(two, 1, func(x *population.Sample) { x.SinceID = &first.PopulationID })
		w.must(w.takeSample(w.jonas, c.ID, added.ID))
		picked, _ := w.draw(two, 1, func(x *population.Sample) { x.Method, x.Seed, x.Reason = sample.Judgemental, "", "The largest." })
		w.must(w.takeSample(w.jonas, c.ID, picked.ID))
		if now := w.paper(w.jonas, c.ID); len(now.Live()) != 3 || len(now.Rows) != 4 {
			t.Fatalf("with the stratum that was added: %+v", now.Draws)
		}
		again, fresh := w.draw(two, 3, nil)
		w.must(w.takeSample(w.jonas, c.ID, again.ID))
		now := w.paper(w.jonas, c.ID)
		if live := now.Live(); len(live) != 2 || live[0].SampleID != picked.ID || live[1].SampleID != again.ID || now.Tally().Deviating != 0 {
			t.Fatalf("drawn again: %+v", now.Draws)
		}
		const said = "An earlier sample (S-1, drawn 2026-03-01, replaced because: CHG-041 was left out) had 1 deviation"
		if len(now.Earlier) != 1 || now.Earlier[0].Words() != said {
			t.Errorf("got %+v", now.Earlier)
		}
		for what, s := range map[string]func(*population.Sample){
			"what was added, beside all":  func(x *population.Sample) { x.SinceID = &first.PopulationID },
			"all of the version before":   func(x *population.Sample) { x.PopulationID = first.PopulationID },
			"the whole version before it": func(x *population.Sample) { x.PopulationID, x.Method, x.Seed = first.PopulationID, sample.Full, "" },
		} {
			late, _ := w.draw(two, 1, s)
			w.refused(what, w.takeSample(w.jonas, c.ID, late.ID), models.KindInvalid, "beside")
		}
		for _, i := range append(fresh, w.itemsOf(picked)...) {
			w.must(w.set(w.jonas, c.ID, pass(i.ID, "AB")...))
		}
		w.must(w.conclude(w.jonas, c.ID, controltest.Effective, ""))
		if now := w.paper(w.jonas, c.ID); now.Words != "No exceptions noted. "+said {
			t.Errorf("got %q", now.Words)
		}
		w.verified()
	})
}

// TestNothingStandsBesideAFullPopulation, whichever of them was taken first.
func TestNothingStandsBesideAFullPopulation(t *testing.T) {
	each(t, func(w *world) {
		c, all := w.whole()
		w.later()
		few, _ := w.draw(w.populationOf(all), 2, nil)
		w.refused("a sample of what is tested in full", w.takeSample(w.jonas, c.ID, few.ID), models.KindInvalid, "not beside one")
	})
}

// itemsOf are the items of a sample.
func (w *world) itemsOf(s population.Sample) (list []population.Item) {
	w.Helper()
	w.must(w.db.Read(w.Context(), w.jonas, func(tx *models.Tx) (err error) {
		list, err = models.Rows[population.Item](tx).Where("sample_id = ?", s.ID).Find(w.Context())
		return err
	}))
	return list
}

// all is the row of a full population.
func (w *world) all(c controltest.Test) int64 {
	w.Helper()
	rows := w.paper(w.jonas, c.ID).Rows
	return rows[0].ItemID
}

func (w *world) results(test int64) (list []controltest.Result) {
	w.Helper()
	w.must(w.db.Read(w.Context(), w.jonas, func(tx *models.Tx) (err error) {
		list, err = models.Rows[controltest.Result](tx).Where("test_results.test_id = ?", test).Find(w.Context())
		return err
	}))
	return list
}

// wholeAgain is the same full population, drawn again.
func (w *world) wholeAgain(s population.Sample) population.Sample {
	w.Helper()
	w.later()
	again, _ := w.draw(w.populationOf(s), 0, func(x *population.Sample) {
		x.Method, x.Seed, x.RedrawsID, x.Reason = sample.Full, "", &s.ID, "A row had been left out."
	})
	return again
}

// wholeOfNext is all of the next version of the population of s, with a row more.
func (w *world) wholeOfNext(s population.Sample) population.Sample {
	w.Helper()
	w.later()
	next := w.lockedAs(w.control, 41, func(p *population.Population) {
		p.ReplacesID, p.Version, p.ChangeNote = &s.PopulationID, 2, "CHG-041 was left out."
	})
	all, _ := w.draw(next, 0, func(x *population.Sample) { x.Method, x.Seed = sample.Full, "" })
	return all
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
