package population_test

import (
	"context"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"assay/models"
	"assay/models/population"
	"assay/models/sample"

	"github.com/google/go-cmp/cmp"
)

// vector is the worked example that the scheme was published with.
type vector struct {
	Sampling struct {
		CSV         string   `json:"population_csv"`
		Digest      string   `json:"population_digest"`
		Seed        string   `json:"seed"`
		First       []string `json:"first_8_in_rank_order"`
		Replacement string   `json:"replacement_for_one_excluded_item_when_n_is_5"`
	} `json:"sampling"`
}

func (w *world) published() (v vector) {
	w.Helper()
	text, err := os.ReadFile("../sample/testdata/vectors.json")
	w.must(err)
	w.must(json.Unmarshal(text, &v))
	return v
}

func (w *world) lockedOf(csv string) population.Population {
	w.Helper()
	p := w.imported(w.parcel(csv))
	w.must(w.prove(&p, proof()))
	w.must(w.lock(&p))
	w.must(w.accept(w.writer(), p, "Seen."))
	return p
}

func TestRule10(t *testing.T) {
	each(t, func(w *world) {
		v := w.published().Sampling
		p := w.lockedOf(v.CSV)
		if p.TextDigest != v.Digest {
			w.Fatalf("the digest is %s", p.TextDigest)
		}
		s := w.drawn(p, w.ticket(func(t *population.Ticket) { t.Seed = v.Seed }))
		if keys(s) != strings.Join(v.First[:5], " ") {
			w.Fatalf("drawn %s", keys(s))
		}
		// "Evidence missing" is a deviation, never a reason to replace.
		w.refused("missing evidence", w.exclude(p, s, s.Items[1], "evidence_missing", "It cannot be found."), models.KindInvalid, "is a deviation")
		w.refused("by the company's administrator", w.as(w.admin, func(ctx context.Context, tx *models.Tx) error {
			d, err := population.Repeat(p, w.rows(p.Digest), s.Ticket(), 5, []string{s.Items[1].Key})
			w.must(err)
			return population.Exclude(ctx, tx, s, s.Items[1].ID, d, population.Duplicate, "x", w.jonas.ID)
		}), models.KindForbidden, "This is the auditor's")
		w.must(w.exclude(p, s, s.Items[1], population.OutsidePeriod, "Merged in 2025."))
		s = w.again(w.jonas, s)
		if len(s.Items) != 6 || s.Items[5].Key != v.Replacement || v.Replacement != "CHG-017" || s.Exclusions[0].ItemID != s.Items[1].ID {
			w.Errorf("replaced: %s, excluded %+v", keys(s), s.Exclusions)
		}

		// Raising 25 to 40 keeps the first 25 in their order.
		long := w.drawn(p, w.ticket(func(t *population.Ticket) {
			t.Seed, t.Size, t.Redraws, t.Reason = v.Seed, 25, s.ID, "The risk was raised."
		}))
		w.must(w.extend(p, long, 40))
		longer := w.again(w.jonas, long)
		if len(longer.Items) != 40 || !strings.HasPrefix(keys(longer), keys(long)+" ") {
			w.Errorf("of %s came %s", keys(long), keys(longer))
		}
		w.verified()
	})
}

// next brings in the version after p with these rows, as the form does.
func (w *world) next(p population.Population, csv string) population.Population {
	w.Helper()
	in := w.parcel(csv)
	in.Replaces, in.ChangeNote = p.ID, "CHG-041 was merged while the export ran."
	change, err := w.change(in.Digest, p.Digest)
	w.must(err)
	in.Change = change
	return w.imported(in)
}

func (w *world) list(digest string) *sample.List {
	w.Helper()
	rows, err := w.rows(digest)()
	w.must(err)
	items, err := sample.Items(rows, sample.Columns{Key: "key"})
	w.must(err)
	list, err := sample.ListOf(items)
	w.must(err)
	w.Cleanup(func() { _ = list.Close() })
	return list
}

func (w *world) change(now, before string) (sample.Change, error) {
	return sample.ChangeOf(w.list(now).Items(), w.list(before).Items())
}

func TestRule11(t *testing.T) {
	each(t, func(w *world) {
		v := w.published().Sampling
		one := w.lockedOf(v.CSV)
		old := w.drawn(one, w.ticket(func(t *population.Ticket) { t.Seed = v.Seed }))

		two := w.next(one, v.CSV+"CHG-041,2026-06-30T10:00:00Z,user1\n")
		if two.Version != 2 || two.TextDigest == one.TextDigest || two.Change.V.Added.Count != 1 || two.Change.V.Added.Examples[0] != "CHG-041" {
			w.Errorf("version 2 is %+v", two)
		}
		w.must(w.prove(&two, proof()))
		w.must(w.lock(&two))
		w.must(w.accept(w.writer(), two, ""))
		if now := w.again(w.jonas, old); keys(now) != strings.Join(v.First[:5], " ") {
			w.Errorf("the old draw is now %s", keys(now))
		}

		// The auditor tests what was added as a stratum of its own …
		added := w.ticket(func(t *population.Ticket) {
			t.Seed, t.Stratum, t.Since = v.Seed, "approver", &population.Earlier{Population: one, Rows: w.rows(one.Digest)}
		})
		extra, err := w.draw(two, added)
		w.must(err)
		if keys(extra) != "CHG-041" || extra.Items[0].Stratum != "added in version 2" || *extra.SinceID != one.ID || extra.Stratum != "" ||
			extra.Items[0].Rank != (sample.Draw{Population: two.TextDigest, Seed: v.Seed}).Rank("added in version 2", "CHG-041").String() {
			w.Errorf("the extra stratum is %+v of %+v", extra.Items, extra.Sample)
		}
		// … or draws again from all of it. Both can be seen, and what they are.
		again := w.drawn(two, w.ticket(func(t *population.Ticket) { t.Seed = v.Seed }))
		if again.SinceID != nil || len(again.Items) != 5 {
			w.Errorf("again %+v", again)
		}
		_, err = w.draw(two, added)
		w.refused("the extra stratum twice", err, models.KindConflict, "Draw it again, with the reason")
		_, err = w.draw(one, added)
		w.refused("what the first version lacked", err, models.KindNotFound, "")
		kept := w.files[one.Digest]
		w.files[one.Digest] = strings.Replace(kept, "user0", "user9", 1)
		_, err = w.draw(two, added)
		w.refused("of a list that was altered", err, models.KindConflict, "The stored list of P-1 was altered")
		w.files[one.Digest] = kept
		w.broken("the wrong version before", w.as(w.priya, func(ctx context.Context, tx *models.Tx) error {
			row := extra.Sample
			row.Meta, row.SinceID = models.Meta{}, &two.ID
			return models.Insert(ctx, tx, &row, "sample.draw")
		}))

		// Rows are not removed or rewritten silently: it has to be explained.
		three := w.next(two, strings.Replace(strings.Replace(v.CSV, "CHG-012,2026-01-13T10:00:00Z,user2\n", "", 1), "CHG-013,2026-02-14T10:00:00Z,user3", "CHG-013,2026-02-14T10:00:00Z,user4", 1))
		want := sample.Change{Removed: sample.Noted{Count: 2, Examples: []string{"CHG-012", "CHG-041"}}, Changed: sample.Noted{Count: 1, Examples: []string{"CHG-013"}}}
		if diff := cmp.Diff(want, three.Change.V); diff != "" {
			w.Error(diff)
		}
		w.must(w.prove(&three, proof()))
		w.refused("locked without a word", w.lock(&three), models.KindConflict, "in spite of what was found")
		_, err = w.draw(two, w.ticket(func(t *population.Ticket) {
			t.Seed, t.Since, t.Redraws, t.Reason = "9", &population.Earlier{Population: one, Rows: w.rows(one.Digest)}, extra.ID, "Once more."
		}))
		w.must(err)
		w.verified()
	})
}

func TestNothingIsDrawnFromNothingAdded(t *testing.T) {
	each(t, func(w *world) {
		one := w.lockedOf(changes())
		two := w.next(one, strings.Replace(changes(), "user0", "user1", 1))
		w.must(w.prove(&two, population.Proof{ToSource: proof().ToSource, ToList: proof().ToList, Assessment: "One approver was wrong."}))
		w.must(w.lock(&two))
		w.must(w.accept(w.writer(), two, "Seen at the source."))
		_, err := w.draw(two, w.ticket(func(t *population.Ticket) { t.Since = &population.Earlier{Population: one, Rows: w.rows(one.Digest)} }))
		w.refused("nothing", err, models.KindInvalid, "since: This version has no row that P-1 lacked")
	})
}

// Two people extend one sample at the same time: one does, and the other is told.
func TestOfTwoExtensionsAtOnceOneIsKept(t *testing.T) {
	each(t, func(w *world) {
		if w.db.Dialect() != "postgres" {
			w.Skip("SQLite has one writer at a time")
		}
		p := w.locked()
		s := w.drawn(p, w.ticket(nil))
		extend := func(size int, then func()) error {
			d, err := population.Repeat(p, w.rows(p.Digest), s.Ticket(), size, nil)
			w.must(err)
			return w.as(w.writer(), func(ctx context.Context, tx *models.Tx) error {
				err := population.Extend(ctx, tx, s, d, 0, "One deviation was found.")
				then()
				return err
			})
		}
		written, second := make(chan struct{}), make(chan error, 1)
		go func() {
			<-written
			second <- extend(9, func() {})
		}()
		w.must(extend(8, func() {
			close(written)
			time.Sleep(300 * time.Millisecond) // the second one reads the sample and waits for the rank
		}))
		w.refused("the second", <-second, models.KindConflict, "Someone changed this sample a moment ago")
		if now := w.again(w.jonas, s); now.Target() != 8 || len(now.Items) != 8 || len(now.Extensions) != 1 {
			w.Errorf("kept %+v", now)
		}
		// An exclusion that comes too late is told the same.
		stale := s
		d, err := population.Repeat(p, w.rows(p.Digest), stale.Ticket(), 5, []string{stale.Items[0].Key})
		w.must(err)
		w.refused("excluded from what it was", w.as(w.writer(), func(ctx context.Context, tx *models.Tx) error {
			return population.Exclude(ctx, tx, stale, stale.Items[0].ID, d, population.Duplicate, "x", 0)
		}), models.KindConflict, "Someone changed this sample")
		w.verified()
	})
}

// Two people draw from one list at the same time, or one of them sends the form twice: there
// is one sample, and nobody has to ask which one counts.
func TestOfTwoDrawsAtOnceOneIsKept(t *testing.T) {
	each(t, func(w *world) {
		if w.db.Dialect() != "postgres" {
			w.Skip("SQLite has one writer at a time")
		}
		p := w.locked()
		draw := func(seed string, then func()) error {
			ticket := w.ticket(func(t *population.Ticket) { t.Seed, t.Auditor = seed, 0 })
			d, err := population.Repeat(p, w.rows(p.Digest), ticket, ticket.Size, nil)
			w.must(err)
			return w.as(w.writer(), func(ctx context.Context, tx *models.Tx) error {
				_, err := population.Draw(ctx, tx, d)
				then()
				return err
			})
		}
		written, second := make(chan struct{}), make(chan error, 1)
		go func() {
			<-written
			second <- draw("a nicer one", func() {})
		}()
		w.must(draw("the first", func() {
			close(written)
			time.Sleep(300 * time.Millisecond) // the second one waits for the list
		}))
		w.refused("the second", <-second, models.KindConflict, "S-1 is there. Draw it again, with the reason")
	})
}
