package population_test

import (
	"context"
	"testing"

	"assay/models"
	"assay/models/access"
	"assay/models/modelstest"
	"assay/models/population"
	"assay/models/sample"
)

func TestAnAuditorWithFieldworkSelectsWithTheirOwnHand(t *testing.T) {
	each(t, func(w *world) {
		p := w.imported(w.parcel(changes()))
		w.must(w.prove(&p, proof()))
		w.must(w.lock(&p))
		auditor := w.writer()
		d, err := population.Repeat(p, w.rows(p.Digest), w.ticket(nil), 5, nil)
		w.must(err)
		draw := func(a access.Actor) (s population.Selection, err error) {
			err = w.as(a, func(ctx context.Context, tx *models.Tx) error { s, err = population.Draw(ctx, tx, d); return err })
			return s, err
		}
		_, err = draw(auditor)
		w.refused("before the record is accepted", err, models.KindConflict, "The auditor accepts the record of P-1 first")
		w.refused("accepting without the grant", w.accept(w.jonas, p, ""), models.KindForbidden, "only read")
		elsewhere := w.jonas
		elsewhere.Fieldwork = []int64{w.elsewhere.ID}
		w.refused("with the grant of another engagement", w.accept(elsewhere, p, ""), models.KindForbidden, "")
		w.must(w.accept(auditor, p, "The export was repeated in front of me."))
		w.refused("twice", w.accept(auditor, p, ""), models.KindConflict, "accepted already")

		s, err := draw(auditor)
		w.must(err)
		if s.BroughtIn() || s.AuditorID != w.jonas.ID || s.DrawnBy != w.jonas.ID || s.EngagementID != w.engagement.ID || s.Items[0].EngagementID != w.engagement.ID {
			w.Errorf("drawn %+v", s.Sample)
		}
		d, err = population.Repeat(p, w.rows(p.Digest), s.Ticket(), 8, nil)
		w.must(err)
		w.must(w.as(auditor, func(ctx context.Context, tx *models.Tx) error {
			return population.Extend(ctx, tx, s, d, w.priya.ID, "One deviation.")
		}))
		s = w.again(auditor, s)
		d, err = population.Repeat(p, w.rows(p.Digest), s.Ticket(), 8, []string{s.Items[0].Key})
		w.must(err)
		w.must(w.as(auditor, func(ctx context.Context, tx *models.Tx) error {
			return population.Exclude(ctx, tx, s, s.Items[0].ID, d, population.Duplicate, "The same merge.", 0)
		}))
		s = w.again(auditor, s)
		if s.Extensions[0].BroughtIn() || s.Exclusions[0].BroughtIn() || s.Exclusions[0].AuditorID != w.jonas.ID {
			w.Errorf("extended %+v, excluded %+v", s.Extensions, s.Exclusions)
		}
		modelstest.Look(w.T, w.db, w.jonas, func(ctx context.Context, tx *models.Tx) error {
			a, ok, err := population.AcceptanceOf(ctx, tx, p)
			if !ok || a.BroughtIn() || a.Digest != p.TextDigest || !a.AcceptedAt.Equal(modelstest.Now) {
				w.Errorf("accepted %v %+v", ok, a)
			}
			return err
		})
		// The company's half is not theirs.
		w.refused("a lock", w.as(auditor, func(ctx context.Context, tx *models.Tx) error { return population.Lock(ctx, tx, &p) }), models.KindForbidden, "compliance managers")
		w.verified()
	})
}

func TestADoubtfulRecordIsAcceptedWithAWord(t *testing.T) {
	each(t, func(w *world) {
		draft := w.imported(w.parcel("key,occurred_at\nX-1,2026-01-01\n"))
		w.refused("a draft", w.accept(w.priya, draft, ""), models.KindConflict, "locks the list first")
		w.must(w.prove(&draft, population.Proof{
			ToSource: []population.Trace{{Key: "X-1", Held: true}}, ToList: []population.Trace{{Key: "X-1", Held: true}}, Assessment: "One a year is usual.",
		}))
		w.must(w.lock(&draft))
		w.refused("without a word", w.accept(w.writer(), draft, " "), models.KindInvalid, "accepted: Say what you relied on")
		w.refused("by nobody", w.as(w.priya, func(ctx context.Context, tx *models.Tx) error {
			_, err := population.Accept(ctx, tx, draft.ID, w.other.ID, "x")
			return err
		}), models.KindInvalid, "auditor: Choose the auditor")
		w.refused("by an administrator", w.accept(w.admin, draft, "x"), models.KindForbidden, "This is the auditor's")
		w.must(w.accept(w.priya, draft, "Seen at the source."))
		modelstest.Look(w.T, w.db, w.jonas, func(ctx context.Context, tx *models.Tx) error {
			a, ok, err := population.AcceptanceOf(ctx, tx, draft)
			if !ok || !a.BroughtIn() || a.EnteredBy != w.priya.ID {
				w.Errorf("accepted %v %+v", ok, a)
			}
			return err
		})
	})
}

func TestAcceptancesAreGuardedByTheDatabase(t *testing.T) {
	each(t, func(w *world) {
		p := w.imported(w.parcel(changes()))
		w.must(w.prove(&p, proof()))
		w.must(w.lock(&p))
		other := w.locked()
		s := w.drawn(other, w.ticket(nil))
		var a population.Acceptance
		modelstest.Look(w.T, w.db, w.priya, func(ctx context.Context, tx *models.Tx) (err error) {
			a, _, err = population.AcceptanceOf(ctx, tx, other)
			return err
		})
		for what, f := range map[string]func(context.Context, *models.Tx) error{
			"another note": func(ctx context.Context, tx *models.Tx) error {
				row := a
				row.Note = "x"
				return models.Update(ctx, tx, &row, models.Columns{"Note"}, "population.accept")
			},
			"taken back": func(ctx context.Context, tx *models.Tx) error {
				row := a
				return models.Delete(ctx, tx, &row, "population.accept")
			},
			"of another digest": func(ctx context.Context, tx *models.Tx) error {
				row := a
				row.Meta, row.PopulationID = models.Meta{}, p.ID
				row.Digest = w.store("x")
				return models.Insert(ctx, tx, &row, "population.accept")
			},
			"before the lock": func(ctx context.Context, tx *models.Tx) error {
				row := a
				row.Meta, row.PopulationID, row.Digest, row.AcceptedAt = models.Meta{}, p.ID, p.TextDigest, p.LockedAt.Add(-1e9)
				return models.Insert(ctx, tx, &row, "population.accept")
			},
			"by a stranger": func(ctx context.Context, tx *models.Tx) error {
				row := a
				row.Meta, row.PopulationID, row.Digest, row.AuditorID = models.Meta{}, p.ID, p.TextDigest, w.other.ID
				return models.Insert(ctx, tx, &row, "population.accept")
			},
			"a draw before the acceptance": func(ctx context.Context, tx *models.Tx) error {
				row := s.Sample
				row.Meta, row.PopulationID = models.Meta{}, p.ID
				return models.Insert(ctx, tx, &row, "sample.draw")
			},
			"a draw in another engagement": func(ctx context.Context, tx *models.Tx) error {
				row := s.Sample
				row.Meta, row.EngagementID = models.Meta{}, w.elsewhere.ID
				return models.Insert(ctx, tx, &row, "sample.draw")
			},
			"an item in another engagement": func(ctx context.Context, tx *models.Tx) error {
				row := s.Items[1]
				row.Meta, row.EngagementID, row.Place, row.Key = models.Meta{}, w.elsewhere.ID, 50, "X"
				return models.Insert(ctx, tx, &row, "sample.select")
			},
			"an extension by a stranger": func(ctx context.Context, tx *models.Tx) error {
				return models.Insert(ctx, tx, &population.Extension{
					EngagementID: w.engagement.ID, SampleID: s.ID, PopulationID: s.PopulationID, Slug: s.Slug, Size: 9, Reason: "x", AuditorID: w.other.ID, ExtendedBy: w.priya.ID, ExtendedAt: tx.Now,
				}, "sample.extend")
			},
		} {
			w.broken(what, w.as(w.priya, f))
		}
	})
}

func TestAnEngagementHasSizesOfItsOwn(t *testing.T) {
	each(t, func(w *world) {
		table := func(a access.Actor) (out population.SizeTable) {
			modelstest.Look(w.T, w.db, a, func(ctx context.Context, tx *models.Tx) (err error) {
				out, err = population.SizesOf(ctx, tx, w.engagement)
				return err
			})
			return out
		}
		set := func(a access.Actor, rev int64, change func(sample.Sizes), reason string) error {
			sizes := table(w.priya).Sizes.V
			change(sizes)
			return w.as(a, func(ctx context.Context, tx *models.Tx) error {
				return population.SetSizes(ctx, tx, w.engagement, rev, w.jonas.ID, sizes, reason)
			})
		}
		if d := table(w.jonas); !d.Default() || d.Sizes.V["monthly"] != [3]int{2, 3, 5} {
			w.Errorf("the defaults are %+v", d)
		}
		monthly := func(row [3]int) func(sample.Sizes) { return func(s sample.Sizes) { s["monthly"] = row } }
		w.refused("without a reason", set(w.priya, 0, monthly([3]int{3, 4, 6}), " "), models.KindInvalid, "reason: Say where")
		w.refused("fewer at a higher risk", set(w.priya, 0, monthly([3]int{3, 2, 6}), "x"), models.KindInvalid, "monthly: A higher risk")
		w.refused("none", set(w.priya, 0, monthly([3]int{}), "x"), models.KindInvalid, "monthly: Enter a number from 1")
		w.refused("one frequency left out", set(w.priya, 0, func(s sample.Sizes) { delete(s, "daily") }, "x"), models.KindInvalid, "daily: Enter")
		w.refused("by an administrator", set(w.admin, 0, monthly([3]int{3, 4, 6}), "x"), models.KindForbidden, "This is the auditor's")
		w.refused("without the grant", set(w.jonas, 0, monthly([3]int{3, 4, 6}), "x"), models.KindForbidden, "only read")
		w.must(set(w.writer(), 0, monthly([3]int{3, 4, 6}), "The firm's guidance of 2026."))
		d := table(w.jonas)
		if d.Default() || d.BroughtIn() || d.Sizes.V["monthly"] != [3]int{3, 4, 6} || d.Sizes.V.Of("monthly", sample.High, 12) != 6 {
			w.Errorf("now %+v", d)
		}
		w.refused("as it was before", set(w.priya, 0, monthly([3]int{1, 1, 1}), "x"), models.KindConflict, "Someone changed this")
		w.must(set(w.priya, d.Rev, monthly([3]int{1, 1, 1}), "The firm's file says so."))
		if d = table(w.jonas); !d.BroughtIn() || d.Sizes.V["monthly"] != [3]int{1, 1, 1} {
			w.Errorf("brought in %+v", d)
		}
		w.verified()
	})
}
