package population_test

import (
	"context"
	"strings"
	"testing"

	"assay/internal/sheet"
	"assay/models"
	"assay/models/freeze"
	"assay/models/modelstest"
	"assay/models/population"
	"assay/models/sample"
)

func TestADrawKeepsItsItemsWithTheirRanks(t *testing.T) {
	each(t, func(w *world) {
		p := w.locked()
		s := w.drawn(p, w.ticket(nil))
		if s.Code() != "S-1" || s.Method != sample.Random || s.AuditorID != w.jonas.ID || s.DrawnBy != w.priya.ID || !s.BroughtIn() || len(s.Items) != 5 {
			w.Fatalf("got %+v", s)
		}
		draw := sample.Draw{Population: p.TextDigest, Seed: s.Seed}
		last := ""
		for n, i := range s.Items {
			if i.Place != n+1 || i.Rank != draw.Rank("", i.Key).String() || i.Rank <= last || i.Cells[0] != i.Key || !strings.Contains(changes(), strings.Join(i.Cells, ",")+"\n") {
				w.Errorf("item %d is %+v", n, i)
			}
			last = i.Rank
		}
		if seen := w.again(w.jonas, s); keys(seen) != keys(s) {
			w.Errorf("the auditor sees %s, drawn were %s", keys(seen), keys(s))
		}
		w.verified()
	})
}

func TestExtensionAndReplacementAreTheNextRanks(t *testing.T) {
	each(t, func(w *world) {
		p := w.locked()
		s := w.drawn(p, w.ticket(nil))
		longest, err := population.Repeat(p, w.rows(p.Digest), s.Ticket(), 12, nil)
		w.must(err)
		ranks := strings.Fields(longest.Keys())
		w.refused("no class", w.exclude(p, s, s.Items[2], "evidence_missing", "It cannot be found."), models.KindInvalid, "That its evidence is missing is a deviation")
		w.refused("no reason", w.exclude(p, s, s.Items[2], population.Duplicate, " "), models.KindInvalid, "reason: Say what shows")
		w.must(w.exclude(p, s, s.Items[2], population.Duplicate, "The same merge as CHG-007."))
		replaced := w.again(w.priya, s)
		if keys(replaced) != strings.Join(ranks[:6], " ") || len(replaced.Exclusions) != 1 || replaced.Excluded()[0] != ranks[2] {
			w.Errorf("after an exclusion: %s, the ranks are %v", keys(replaced), ranks)
		}
		w.refused("as it was before", w.exclude(p, s, s.Items[3], population.Duplicate, "x"), models.KindConflict, "Someone changed this sample")
		w.refused("twice", w.as(w.priya, func(ctx context.Context, tx *models.Tx) error {
			return population.Exclude(ctx, tx, replaced, replaced.Items[2].ID, population.Drawn{}, population.Duplicate, "x", w.jonas.ID)
		}), models.KindConflict, "is excluded already")
		w.refused("no longer", w.extend(p, replaced, 5), models.KindInvalid, "size: The sample has 5 already")
		w.must(w.extend(p, replaced, 9))
		longer := w.again(w.priya, s)
		if keys(longer) != strings.Join(ranks[:10], " ") || longer.Target() != 9 {
			w.Errorf("extended: %s of %d, the ranks are %v", keys(longer), longer.Target(), ranks)
		}
		// An item of the extension is replaced as well.
		w.must(w.exclude(p, longer, longer.Items[9], population.NotAnOccurrence, "A dry run."))
		if now := w.again(w.priya, s); keys(now) != strings.Join(ranks[:11], " ") {
			w.Errorf("replaced after an extension: %s", keys(now))
		}
		w.verified()
	})
}

func TestStrataAreDrawnAndExtendedApart(t *testing.T) {
	each(t, func(w *world) {
		p := w.locked()
		s := w.drawn(p, w.ticket(func(t *population.Ticket) { t.Stratum, t.Size = "approver", 2 }))
		if len(s.Items) != 6 || s.Items[0].Stratum != "user0" || s.Items[2].Place != 1 || s.Items[5].Stratum != "user2" {
			w.Fatalf("got %+v", s.Items)
		}
		w.must(w.extend(p, s, 3))
		now := w.again(w.priya, s)
		for n, i := range now.Items {
			if i.Place != n%3+1 || n%3 < 2 && !strings.Contains(keys(s), i.Key) {
				w.Errorf("item %d is %+v", n, i)
			}
		}
		w.must(w.exclude(p, now, now.Items[3], population.OutsidePeriod, "Merged in 2025."))
		if len(w.again(w.priya, s).Items) != 10 {
			w.Error("its stratum did not go on")
		}
	})
}

func TestOtherSelectionsAreRecordedAsWhatTheyAre(t *testing.T) {
	each(t, func(w *world) {
		csv := strings.ReplaceAll(strings.ReplaceAll(changes(), "approver", "amount"), ",user", ",1")
		p := w.imported(w.parcel(csv))
		w.must(w.prove(&p, proof()))
		w.must(w.lock(&p))
		w.must(w.accept(w.priya, p, ""))
		systematic := w.drawn(p, w.ticket(func(t *population.Ticket) { t.Method, t.Size = sample.Systematic, 8 }))
		if len(systematic.Items) != 8 || systematic.Items[1].Line-systematic.Items[0].Line != 5 || systematic.Items[0].Rank != "" {
			w.Errorf("systematic: %+v", systematic.Items)
		}
		monetary := w.drawn(p, w.ticket(func(t *population.Ticket) {
			t.Method, t.Amount, t.Every, t.Stratum = sample.Monetary, "amount", 100, "approver"
		}))
		if monetary.Stratum != "" || len(monetary.Items) < 4 || monetary.Items[0].Hits != 1 || monetary.Size != 0 {
			w.Errorf("monetary: %+v", monetary)
		}
		picked := w.drawn(p, w.ticket(func(t *population.Ticket) {
			t.Method, t.Keys, t.Reason = sample.Judgemental, []string{"CHG-007", "CHG-002"}, "The two that were made at night."
		}))
		if keys(picked) != "CHG-002 CHG-007" || picked.Seed != "" || picked.Method.Projects() {
			w.Errorf("picked: %+v", picked)
		}
		full := w.drawn(p, w.ticket(func(t *population.Ticket) { t.Method = sample.Full }))
		if len(full.Items) != 0 || full.Seed != "" || full.Method != sample.Full {
			w.Errorf("full: %+v", full)
		}
		w.refused("a longer systematic one", w.extend(p, systematic, 9), models.KindConflict, "Only a random sample goes on")
		_, err := w.draw(p, w.ticket(func(t *population.Ticket) {
			t.Method, t.Keys, t.Reason = sample.Judgemental, []string{"CHG-007", "CHG-777"}, "x"
		}))
		w.refused("who is not there", err, models.KindInvalid, "keys: The population has no CHG-777.")
		w.verified()
	})
}

func TestADrawIsRepeatedOnlyWithAReason(t *testing.T) {
	each(t, func(w *world) {
		p := w.locked()
		first := w.drawn(p, w.ticket(nil))
		_, err := w.draw(p, w.ticket(func(t *population.Ticket) { t.Seed = "a nicer one" }))
		w.refused("again, silently", err, models.KindConflict, "S-1 is there. Draw it again, with the reason")
		second := w.drawn(p, w.ticket(func(t *population.Ticket) {
			t.Seed, t.Redraws, t.Reason = "another", first.ID, "The seed was known before the lock."
		}))
		if *second.RedrawsID != first.ID {
			w.Errorf("got %+v", second)
		}
		_, err = w.draw(p, w.ticket(func(t *population.Ticket) { t.Redraws, t.Reason = first.ID, "Once more." }))
		w.refused("the same twice", err, models.KindConflict, "S-1 was drawn again already")
		_, err = w.draw(p, w.ticket(func(t *population.Ticket) { t.Redraws, t.Reason = 99, "Once more." }))
		w.refused("one that is not there", err, models.KindNotFound, "")
		full := func(t *population.Ticket) { t.Method = sample.Full }
		other := w.locked()
		all := w.drawn(other, w.ticket(full))
		_, err = w.draw(other, w.ticket(full))
		w.refused("all of it, twice", err, models.KindConflict, all.Code()+" is there.")
		modelstest.Look(w.T, w.db, w.jonas, func(ctx context.Context, tx *models.Tx) error {
			all, err := population.Samples(ctx, tx, p.ID)
			if err == nil && (len(all) != 2 || all[1].ID != first.ID) {
				w.Errorf("the auditor sees %d draws", len(all))
			}
			return err
		})
	})
}

func TestTicketsThatCannotBe(t *testing.T) {
	for what, c := range map[string]struct {
		ticket population.Ticket
		field  string
	}{
		"no method":                 {population.Ticket{}, "method"},
		"no seed":                   {population.Ticket{Method: sample.Random, Size: 1}, "seed"},
		"no size":                   {population.Ticket{Method: sample.Systematic, Seed: "s"}, "size"},
		"no interval":               {population.Ticket{Method: sample.Monetary, Seed: "s", Amount: "a"}, "every"},
		"no amount":                 {population.Ticket{Method: sample.Monetary, Seed: "s", Every: 1}, "amount"},
		"nothing picked":            {population.Ticket{Method: sample.Judgemental, Reason: "x"}, "keys"},
		"picked without a reason":   {population.Ticket{Method: sample.Judgemental, Keys: []string{"a"}, Reason: " "}, "reason"},
		"a redraw without a reason": {population.Ticket{Method: sample.Full, Redraws: 1}, "reason"},
	} {
		_, err := c.ticket.Prepared()
		if fields := fieldsOf(err); len(fields) != 1 || fields[0] != c.field {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestDrawsThatCannotBe(t *testing.T) {
	each(t, func(w *world) {
		draft := w.imported(w.parcel("key,occurred_at\nX,2026-01-01\n"))
		_, err := w.draw(draft, w.ticket(nil))
		w.refused("before the lock", err, models.KindConflict, "A sample is drawn from a locked population")
		p := w.locked()
		_, err = w.draw(p, w.ticket(func(t *population.Ticket) { t.Auditor = w.other.ID }))
		w.refused("for an auditor of another engagement", err, models.KindInvalid, "auditor: Choose the auditor")
		_, err = w.draw(p, w.ticket(func(t *population.Ticket) { t.Stratum = "repository" }))
		w.refused("strata that are not there", err, models.KindInvalid, "No column is called “repository”")
		_, err = w.draw(p, w.ticket(func(t *population.Ticket) { t.Method, t.Every, t.Amount = sample.Monetary, 5, "approver" }))
		w.refused("amounts that are none", err, models.KindInvalid, "“user0” is not an amount")
		kept := w.files[p.Digest]
		w.files[p.Digest] = strings.Replace(kept, "user0", "user1", 1)
		_, err = w.draw(p, w.ticket(nil))
		w.refused("from a list that was altered", err, models.KindConflict, "It was altered, so nothing was drawn")
		w.files[p.Digest] = kept
		d, err := population.Repeat(p, w.rows(p.Digest), w.ticket(nil), 5, nil)
		w.must(err)
		for _, a := range []struct {
			who  string
			err  error
			kind models.Kind
		}{
			{"an administrator", w.as(w.admin, func(ctx context.Context, tx *models.Tx) error { _, err := population.Draw(ctx, tx, d); return err }), models.KindForbidden},
			{"an owner", w.as(w.owner, func(ctx context.Context, tx *models.Tx) error { _, err := population.Draw(ctx, tx, d); return err }), models.KindNotFound},
		} {
			w.refused(a.who, a.err, a.kind, "")
		}
		e := w.engagement
		w.must(w.as(w.priya, func(ctx context.Context, tx *models.Tx) error {
			return freeze.Report(ctx, tx, &e, "")
		}))
		_, err = w.draw(p, w.ticket(nil))
		w.refused("after fieldwork", err, models.KindConflict, "in state Reporting")
	})
}

func TestWhatWasDrawnIsGuardedByTheDatabase(t *testing.T) {
	each(t, func(w *world) {
		draft := w.imported(w.parcel("key,occurred_at\nX,2026-01-01\n"))
		p := w.locked()
		s := w.drawn(p, w.ticket(nil))
		w.must(w.exclude(p, s, s.Items[0], population.Duplicate, "The same as another."))
		w.must(w.extend(p, w.again(w.priya, s), 6))
		s = w.again(w.priya, s)
		for what, f := range map[string]func(context.Context, *models.Tx) error{
			"another seed": func(ctx context.Context, tx *models.Tx) error {
				row := s.Sample
				row.Seed = "better"
				return models.Update(ctx, tx, &row, models.Columns{"Seed"}, "sample.draw")
			},
			"a sample removed": func(ctx context.Context, tx *models.Tx) error {
				row := s.Sample
				return models.Delete(ctx, tx, &row, "sample.draw")
			},
			"another item": func(ctx context.Context, tx *models.Tx) error {
				row := s.Items[1]
				row.Key = "CHG-001x"
				return models.Update(ctx, tx, &row, models.Columns{"Key"}, "sample.select")
			},
			"an item removed": func(ctx context.Context, tx *models.Tx) error {
				row := s.Items[1]
				return models.Delete(ctx, tx, &row, "sample.select")
			},
			"an exclusion taken back": func(ctx context.Context, tx *models.Tx) error {
				row := s.Exclusions[0]
				return models.Delete(ctx, tx, &row, "sample.exclude")
			},
			"another reason": func(ctx context.Context, tx *models.Tx) error {
				row := s.Extensions[0]
				row.Reason = "x"
				return models.Update(ctx, tx, &row, models.Columns{"Reason"}, "sample.extend")
			},
			"a draw from a draft": func(ctx context.Context, tx *models.Tx) error {
				row := s.Sample
				row.Meta, row.PopulationID = models.Meta{}, draft.ID
				return models.Insert(ctx, tx, &row, "sample.draw")
			},
			"a draw before the lock": func(ctx context.Context, tx *models.Tx) error {
				row := s.Sample
				row.Meta, row.DrawnAt = models.Meta{}, p.LockedAt.Add(-1e9)
				return models.Insert(ctx, tx, &row, "sample.draw")
			},
			"a draw of a stranger": func(ctx context.Context, tx *models.Tx) error {
				row := s.Sample
				row.Meta, row.AuditorID = models.Meta{}, w.other.ID
				return models.Insert(ctx, tx, &row, "sample.draw")
			},
			"a draw without a seed": func(ctx context.Context, tx *models.Tx) error {
				row := s.Sample
				row.Meta, row.Seed = models.Meta{}, ""
				return models.Insert(ctx, tx, &row, "sample.draw")
			},
			"a redraw without a reason": func(ctx context.Context, tx *models.Tx) error {
				row := s.Sample
				row.Meta, row.RedrawsID = models.Meta{}, &s.ID
				return models.Insert(ctx, tx, &row, "sample.draw")
			},
			"an exclusion for missing evidence": func(ctx context.Context, tx *models.Tx) error {
				row := s.Exclusions[0]
				row.Meta, row.ItemID, row.Class = models.Meta{}, s.Items[1].ID, "evidence_missing"
				return models.Insert(ctx, tx, &row, "sample.exclude")
			},
			"an extension that is shorter": func(ctx context.Context, tx *models.Tx) error {
				row := s.Extensions[0]
				row.Meta, row.Size = models.Meta{}, 6
				return models.Insert(ctx, tx, &row, "sample.extend")
			},
			"an item of another population": func(ctx context.Context, tx *models.Tx) error {
				row := s.Items[1]
				row.Meta, row.PopulationID, row.Place, row.Key = models.Meta{}, draft.ID, 50, "X"
				return models.Insert(ctx, tx, &row, "sample.select")
			},
		} {
			w.broken(what, w.as(w.priya, f))
		}
		w.verified()
	})
}

// TestAListIsReadOnceForARandomDraw, and again where nobody knows beforehand what will be
// selected. Both give each item the cells of its row.
func TestAListIsReadOnceForARandomDraw(t *testing.T) {
	each(t, func(w *world) {
		p := w.locked()
		for method, want := range map[sample.Method]int{sample.Random: 1, sample.Systematic: 2} {
			opened, open := 0, w.rows(p.Digest)
			ticket := w.ticket(func(t *population.Ticket) { t.Method = method })
			d, err := population.Repeat(p, func() (sheet.Rows, error) {
				opened++
				return open()
			}, ticket, 5, nil)
			w.must(err)
			if opened != want {
				w.Errorf("%s: the list was opened %d times", method, opened)
			}
			for key, cells := range d.Cells() {
				if cells[0] != key || !strings.Contains(changes(), strings.Join(cells, ",")+"\n") {
					w.Errorf("%s: %s has the cells %q", method, key, cells)
				}
			}
		}
	})
}

// TestASampleAsksForNoMoreThanABinderTakes: of another size it could never be verified.
func TestASampleAsksForNoMoreThanABinderTakes(t *testing.T) {
	each(t, func(w *world) {
		p := w.locked()
		_, err := w.draw(p, w.ticket(func(t *population.Ticket) { t.Size = 100_000_000 }))
		w.refused("a hundred million", err, models.KindInvalid, "size: These are 100000000 items. More than 2000 is a test of the full population.")
		s := w.drawn(p, w.ticket(func(t *population.Ticket) { t.Size = 500 })) // of 40
		if len(s.Items) != 40 {
			w.Fatalf("drew %d", len(s.Items))
		}
		_, err = population.Repeat(p, w.rows(p.Digest), s.Ticket(), 100_000_000, nil)
		w.refused("made longer to that", err, models.KindInvalid, "size: These are 100000000 items.")
		w.must(w.exclude(p, s, s.Items[0], population.Duplicate, "The same merge."))
		if s = w.again(w.jonas, s); len(s.Items) != 40 || len(s.Exclusions) != 1 {
			w.Errorf("got %d items, %d excluded", len(s.Items), len(s.Exclusions))
		}
		w.verified()
	})
}
