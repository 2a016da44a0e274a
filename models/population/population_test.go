package population_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/custody"
	"assay/models/freeze"
	"assay/models/ledger"
	"assay/models/modelstest"
	"assay/models/population"
	"assay/models/sample"

	"github.com/google/go-cmp/cmp"
)

func TestAListBecomesAPopulationWhenItIsLocked(t *testing.T) {
	each(t, func(w *world) {
		p := w.imported(w.parcel(changes()))
		if p.Code() != "P-1" || p.Control != "CM-01" || p.Status != population.Draft || p.RowCount != 40 {
			w.Errorf("got %+v", p)
		}
		w.refused("without traces", w.lock(&p), models.KindConflict, "Follow some items from the list to their source. Pick some items at the source")
		w.must(w.prove(&p, proof()))
		w.must(w.lock(&p))
		var kept population.Population
		modelstest.Look(w.T, w.db, w.priya, func(ctx context.Context, tx *models.Tx) (err error) {
			kept, err = population.ByCode(ctx, tx, w.engagement.ID, "P-1")
			return err
		})
		if diff := cmp.Diff(p, kept); diff != "" {
			w.Error(diff)
		}
		if kept.Record.V.Inside != 40 || len(kept.Record.V.Months) != 12 || kept.LockedAt == nil || *kept.LockedBy != w.priya.ID {
			w.Errorf("kept %+v", kept)
		}
		w.refused("locked twice", w.lock(&p), models.KindConflict, "locked already")
		w.refused("proved after the lock", w.prove(&p, proof()), models.KindConflict, "makes a next version")
		w.refused("discarded after the lock", w.as(w.priya, func(ctx context.Context, tx *models.Tx) error {
			return population.Discard(ctx, tx, &p)
		}), models.KindConflict, "A locked population stays")
		w.verified()
	})
}

// verified holds the database against its log.
func (w *world) verified() {
	w.Helper()
	report, err := models.Verify(w.Context(), w.db, models.VerifyOptions{Tables: ledger.Tables()})
	if err != nil || len(report.Problems) > 0 {
		w.Errorf("%v: %v", err, report.Problems)
	}
}

func TestWhatAListHasToSay(t *testing.T) {
	each(t, func(w *world) {
		for what, c := range map[string]struct {
			change func(*population.Parcel)
			says   string
		}{
			"no name":         {func(p *population.Parcel) { p.Name = " " }, "name: Say what is listed"},
			"no system":       {func(p *population.Parcel) { p.System = "" }, "system: Name the system"},
			"no query":        {func(p *population.Parcel) { p.Query = "" }, "query: Say by which query"},
			"nobody took it":  {func(p *population.Parcel) { p.Extractor = "" }, "extractor: Say who or what"},
			"no time":         {func(p *population.Parcel) { p.ExtractedAt = time.Time{} }, "extracted_at: Say when"},
			"a time to come":  {func(p *population.Parcel) { p.ExtractedAt = modelstest.Now.Add(time.Hour) }, "extracted_at: This is still to come"},
			"a count below 0": {func(p *population.Parcel) { p.SourceCount = -1 }, "source_count: A count is 0 or more"},
			"no file":         {func(p *population.Parcel) { p.Digest = "" }, "file: Choose a CSV"},
			"no key":          {func(p *population.Parcel) { p.KeyColumn = "" }, "key: Choose the column"},
			"no control":      {func(p *population.Parcel) { p.ControlID = 0 }, "control: Choose the control"},
			"an empty list":   {func(p *population.Parcel) { p.RowCount, p.Note = 0, "" }, "note: The list is empty"},
		} {
			in := w.parcel(changes())
			c.change(&in)
			w.refused(what, w.as(w.priya, func(ctx context.Context, tx *models.Tx) error {
				_, err := population.Import(ctx, tx, w.engagement, in)
				return err
			}), models.KindInvalid, c.says)
		}
		for _, a := range []access.Actor{w.admin, w.owner} {
			w.refused("as "+string(a.Role), w.as(a, func(ctx context.Context, tx *models.Tx) error {
				_, err := population.Import(ctx, tx, w.engagement, w.parcel(changes()))
				return err
			}), models.KindForbidden, "compliance managers")
		}
		over := w.elsewhere
		w.must(w.as(w.priya, func(ctx context.Context, tx *models.Tx) error {
			return freeze.Report(ctx, tx, &over, "")
		}))
		w.refused("after fieldwork", w.as(w.priya, func(ctx context.Context, tx *models.Tx) error {
			_, err := population.Import(ctx, tx, over, w.parcel(changes()))
			return err
		}), models.KindConflict, "in state Reporting")
	})
}

func TestDoubtsAreAnsweredBeforeTheLock(t *testing.T) {
	each(t, func(w *world) {
		csv := "key,occurred_at\nCHG-001,2025-12-31\nCHG-002,2026-01-01\nCHG-005,soon\n"
		in := w.parcel(csv)
		in.SourceCount = 5
		p := w.imported(in)
		w.must(w.prove(&p, population.Proof{
			TieSource: "Deployments", TieName: "deployments.csv", TieDigest: w.store("key\nCHG-002\nCHG-003\n"), TieKey: "key",
			Tie:      models.Doc[sample.Tie]{V: sample.Tie{Both: 1, OnlyHere: sample.Noted{Count: 2}, OnlyThere: sample.Noted{Count: 1, Examples: []string{"CHG-003"}}}},
			ToSource: []population.Trace{{Key: "CHG-001", Held: true}, {Key: "CHG-002"}},
			ToList:   []population.Trace{{Key: "CHG-003"}},
		}))
		want := []population.Doubt{
			"The source counted 5 and the list has 3 rows.", "1 outside the period.", "1 without a date that can be read.", "11 of 12 months have no row.",
			"Numbers are missing between CHG-1 and CHG-5: 2 of them.", "2 are not in Deployments.", "1 of Deployments are not in the list.",
			"1 of 2 items that were followed to the source did not hold.", "1 of 1 items that were picked at the source are not in the list.",
		}
		if diff := cmp.Diff(want, p.Doubts()); diff != "" {
			w.Error(diff)
		}
		w.refused("doubts without an answer", w.lock(&p), models.KindConflict, "Say why the list is complete and accurate in spite of")
		answered := p.Proof
		answered.Assessment = "The system was only taken into use in December."
		w.must(w.prove(&p, answered))
		w.must(w.lock(&p))
		w.verified()
	})
}

func TestAListWithFaultsIsKeptAndNotLocked(t *testing.T) {
	each(t, func(w *world) {
		p := w.imported(w.parcel("key,occurred_at\nA,2026-01-01\nA,2026-01-02\n,2026-01-03\n"))
		all := proof()
		all.Assessment = "It is all right."
		w.must(w.prove(&p, all))
		w.refused("faults", w.lock(&p), models.KindConflict, "1 row without a key (row 4)")
		w.broken("faults, past the verb", w.as(w.priya, func(ctx context.Context, tx *models.Tx) error {
			by, at := w.priya.ID, modelstest.Now
			p.Status, p.LockedBy, p.LockedAt = population.Locked, &by, &at
			return models.Update(ctx, tx, &p, models.Columns{"Status", "LockedBy", "LockedAt"}, "population.lock")
		}))
		p.Status = population.Draft
		w.must(w.as(w.priya, func(ctx context.Context, tx *models.Tx) error { return population.Discard(ctx, tx, &p) }))
		w.verified()
	})
}

// Nothing happened, and somebody says how that is known.
func TestAnEmptyPopulation(t *testing.T) {
	each(t, func(w *world) {
		p := w.imported(w.parcel("key,occurred_at\n"))
		if doubts := p.Doubts(); len(doubts) != 1 || doubts[0] != "12 of 12 months have no row." {
			w.Errorf("doubts: %v", doubts)
		}
		w.must(w.prove(&p, population.Proof{Assessment: "The incident tool was asked for each month, and had none."}))
		w.must(w.lock(&p))
		w.must(w.accept(w.priya, p, "The tool was seen."))
		if s := w.drawn(p, w.ticket(nil)); len(s.Items) != 0 {
			w.Errorf("%d items of nothing", len(s.Items))
		}
	})
}

// Rule 11: what was omitted makes version 2; version 1 and its draws stay.
func TestAnOmittedRowMakesTheNextVersion(t *testing.T) {
	each(t, func(w *world) {
		one := w.locked()
		drawn := w.drawn(one, w.ticket(nil))
		in := w.parcel(changes() + "CHG-041,2026-12-30T17:00:00Z,user1\n")
		in.Replaces = one.ID
		w.refused("without a word", w.as(w.priya, func(ctx context.Context, tx *models.Tx) error {
			_, err := population.Import(ctx, tx, w.engagement, in)
			return err
		}), models.KindInvalid, "change_note: Say what the version before lacked")
		in.ChangeNote = "CHG-041 was merged while the export ran."
		in.ControlID = 0 // it is about the same control
		two := w.imported(in)
		if two.Version != 2 || *two.ReplacesID != one.ID || two.ControlID != one.ControlID || two.TextDigest == one.TextDigest {
			w.Errorf("the second is %+v", two)
		}
		w.refused("a fork", w.as(w.priya, func(ctx context.Context, tx *models.Tx) error {
			_, err := population.Import(ctx, tx, w.engagement, in)
			return err
		}), models.KindConflict, "has a next version already")
		in.Replaces = two.ID
		w.refused("the next version of a draft", w.as(w.priya, func(ctx context.Context, tx *models.Tx) error {
			_, err := population.Import(ctx, tx, w.engagement, in)
			return err
		}), models.KindConflict, "A draft has no next version")
		if now := w.again(w.priya, drawn); keys(now) != keys(drawn) {
			w.Errorf("the old draw is now %s", keys(now))
		}
		w.broken("a version of another engagement", w.as(w.priya, func(ctx context.Context, tx *models.Tx) error {
			stray := two
			stray.Meta, stray.EngagementID, stray.Slug = models.Meta{}, w.elsewhere.ID, w.elsewhere.Slug
			stray.ReplacesID, stray.Version = &drawn.PopulationID, 3
			return models.Insert(ctx, tx, &stray, "population.import")
		}))
		w.verified()
	})
}

func TestALockedPopulationIsGuardedByTheDatabase(t *testing.T) {
	each(t, func(w *world) {
		p := w.locked()
		for what, change := range map[string]func(*population.Population){
			"another digest":    func(p *population.Population) { p.TextDigest = strings.Repeat("0", 64) },
			"other rows":        func(p *population.Population) { p.RowCount = 39 },
			"another record":    func(p *population.Population) { p.Record.V.Outside.Count = 1 },
			"another file":      func(p *population.Population) { p.Digest = strings.Repeat("0", 64) },
			"another answer":    func(p *population.Population) { p.Assessment = "x" },
			"a lock taken back": func(p *population.Population) { p.Status, p.LockedBy, p.LockedAt = population.Draft, nil, nil },
		} {
			q := p
			change(&q)
			w.broken(what, w.as(w.priya, func(ctx context.Context, tx *models.Tx) error {
				return models.Update(ctx, tx, &q, models.Columns{"TextDigest", "RowCount", "Record", "Digest", "Assessment", "Status", "LockedBy", "LockedAt"}, "population.prove")
			}))
		}
		w.broken("removed", w.as(w.priya, func(ctx context.Context, tx *models.Tx) error {
			return models.Delete(ctx, tx, &p, "population.discard")
		}))
	})
}

func TestWhoSeesAPopulation(t *testing.T) {
	each(t, func(w *world) {
		draft := w.imported(w.parcel("key,occurred_at\nX,2026-01-01\n"))
		p := w.locked()
		s := w.drawn(p, w.ticket(nil))
		for _, c := range []struct {
			actor access.Actor
			sees  []string
		}{
			{w.priya, []string{p.Code(), draft.Code()}},
			{w.admin, []string{p.Code(), draft.Code()}},
			{w.jonas, []string{p.Code()}}, // no drafts
			{w.other, nil},
			{w.owner, nil},
			{w.executive, nil},
			{access.Actor{ID: w.jonas.ID, Role: access.Auditor}, nil},
		} {
			modelstest.Look(w.T, w.db, c.actor, func(ctx context.Context, tx *models.Tx) error {
				list, err := population.List(ctx, tx, w.engagement.ID, models.Page{Limit: 10})
				var got []string
				for _, l := range list {
					got = append(got, l.Code())
				}
				if !slices.Equal(got, c.sees) {
					w.Errorf("%s sees %v, want %v", c.actor.Name, got, c.sees)
				}
				sel, err2 := population.SampleByCode(ctx, tx, p.ID, s.Code())
				if seen := err2 == nil && len(sel.Items) == 5; seen != slices.Contains(c.sees, p.Code()) {
					w.Errorf("%s sees the sample: %v", c.actor.Name, err2)
				}
				return err
			})
		}
		modelstest.Look(w.T, w.db, w.priya, func(ctx context.Context, tx *models.Tx) error {
			for _, code := range []string{"P-", "P-0", "P-01", "p-1", "P-99", "S-1", "P-1x", "P--1"} {
				if _, err := population.ByCode(ctx, tx, w.engagement.ID, code); models.KindOf(err) != models.KindNotFound {
					w.Errorf("%q: %v", code, err)
				}
			}
			_, err := population.ByCode(ctx, tx, w.elsewhere.ID, p.Code())
			w.refused("of another engagement", err, models.KindNotFound, "")
			return nil
		})
		for what, err := range map[string]error{
			"imports": w.as(w.jonas, func(ctx context.Context, tx *models.Tx) error {
				_, err := population.Import(ctx, tx, w.engagement, w.parcel(changes()))
				return err
			}),
			"extends": w.as(w.jonas, func(ctx context.Context, tx *models.Tx) error {
				return population.Extend(ctx, tx, s, population.Drawn{}, w.jonas.ID, "x")
			}),
		} {
			w.refused("an auditor who only reads "+what, err, models.KindForbidden, "")
		}
	})
}

func TestAnInterimPopulation(t *testing.T) {
	each(t, func(w *world) {
		p := w.imported(w.parcel(changes()))
		if interim, err := p.Interim(w.engagement); err != nil || !interim {
			w.Errorf("taken in March of a year: %v, %v", interim, err)
		}
		p.ExtractedAt = time.Date(2027, 1, 1, 5, 0, 0, 0, time.UTC) // midnight in New York
		if interim, err := p.Interim(w.engagement); err != nil || interim {
			w.Errorf("taken as the year ended: %v, %v", interim, err)
		}
	})
}

// The sweep of orphans and the check of the store know what a population needs.
func TestTheBytesOfAPopulationAreNeeded(t *testing.T) {
	each(t, func(w *world) {
		p := w.imported(w.parcel(changes()))
		second := w.store("key\nCHG-001\n")
		w.must(w.prove(&p, population.Proof{TieSource: "Deployments", TieName: "second.csv", TieDigest: second, TieKey: "key"}))
		modelstest.Look(w.T, w.db, access.Clock, func(ctx context.Context, tx *models.Tx) error {
			asked := []string{p.Digest, p.TextDigest, second, strings.Repeat("0", 64)}
			needed, err := custody.Needed(ctx, tx, asked)
			if err != nil || len(needed) != 3 || needed[asked[3]] {
				w.Errorf("needed: %v, %v", needed, err)
			}
			files, err := custody.PopulationsAfter(ctx, tx, 0, 10)
			var names []string
			for _, f := range files {
				names = append(names, f.String())
			}
			slices.Sort(names)
			if want := []string{`"changes.csv" of P-1`, `"population.txt" of P-1`, `"second.csv" of P-1`}; err != nil || !slices.Equal(names, want) {
				w.Errorf("files: %v, %v", names, err)
			}
			with, err := custody.FilesWith(ctx, tx, p.TextDigest)
			if err != nil || len(with) != 1 || with[0].Name != "population.txt" {
				w.Errorf("with: %v, %v", with, err)
			}
			after, err := custody.PopulationsAfter(ctx, tx, p.ID, 10)
			if err != nil || len(after) != 0 {
				w.Errorf("after: %v, %v", after, err)
			}
			return nil
		})
	})
}
