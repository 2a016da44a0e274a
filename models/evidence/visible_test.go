package evidence_test

import (
	"context"
	"testing"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/engagement"
	"assay/models/evidence"
	"assay/models/modelstest"
)

// engage opens an engagement over a period for the criteria.
func (c company) engage(slug, from, to string, criteria ...string) int64 {
	c.Helper()
	e := engagement.Engagement{
		Slug: slug, Name: slug, Kind: engagement.TypeII, Status: engagement.Fieldwork, Criteria: criteria,
		PeriodStart: models.Date(from), PeriodEnd: models.Date(to), Zone: "America/New_York",
		OpensOn: "2026-01-01", ClosesOn: "2026-12-31", CreatedBy: c.priya.ID, CreatedAt: modelstest.Now,
	}
	c.must(c.as(c.priya, func(ctx context.Context, tx *models.Tx) error {
		if err := models.Insert(ctx, tx, &e, "engagement.create"); err != nil {
			return err
		}
		for _, code := range criteria {
			if _, err := models.Raw[engagement.Engagement](ctx, tx, `INSERT INTO engagement_criteria (engagement_id, framework, code) VALUES (?, 'soc2-tsc', ?) RETURNING engagement_id AS id`, e.ID, code); err != nil {
				return err
			}
		}
		return nil
	}))
	return e.ID
}

func TestWhoSeesWhat(t *testing.T) {
	each(t, func(c company) {
		i := c.submitted(c.owner, details())
		for _, a := range []access.Actor{c.owner, c.backup, c.priya, c.ines, c.admin} {
			if !c.sees(a, i) {
				c.Errorf("%s does not see it", a.Name)
			}
		}
		for _, a := range []access.Actor{c.other, c.executive, c.auditor, {}} {
			if c.sees(a, i) {
				c.Errorf("%q sees it", a.Name)
			}
		}
		c.handOver(c.other)
		if !c.sees(c.owner, i) || !c.sees(c.other, i) {
			c.Error("after a change of owner, both the uploader and the new owner see it")
		}
	})
}

func TestWhatAnAuditorSees(t *testing.T) {
	each(t, func(c company) {
		covering := func(from, to models.Date, name string) evidence.Item {
			d := details()
			d.CoversFrom, d.CoversTo = from, to
			return c.accepted(d, upload(name, name))
		}
		touching := covering("2026-02-01", "2026-02-01", "first-day.csv")
		across := covering("2025-11-01", "2026-02-10", "across.csv")
		before := covering("2026-01-01", "2026-01-31", "before.csv")
		after := covering("2026-02-20", "2026-02-28", "after.csv")
		waiting := c.submitted(c.owner, details(), upload("waiting.csv", "w"))

		inScope := c.auditor
		inScope.Engagements = []int64{c.engage("soc2-2026", "2026-02-01", "2026-02-15", "CC6.1")}
		for _, i := range []evidence.Item{touching, across} {
			if !c.sees(inScope, i) {
				c.Errorf("%s is not seen", i.Title)
			}
		}
		for _, i := range []evidence.Item{before, after, waiting} {
			if c.sees(inScope, i) {
				c.Errorf("%s to %s, %s, is seen", i.CoversFrom, i.CoversTo, i.Status)
			}
		}
		closed := c.auditor // the same person when no window is open
		if c.sees(closed, touching) {
			c.Error("seen outside the access window")
		}
		elsewhere := c.auditor
		elsewhere.Engagements = []int64{
			c.engage("availability", "2026-01-01", "2026-12-31", "A1.1"), // the right days, other criteria
			c.engage("last-year", "2025-01-01", "2025-06-30", "CC6.1"),   // the right criteria, other days
		}
		if c.sees(elsewhere, touching) {
			c.Error("two engagements lent each other criteria and period")
		}

		d := details()
		d.SupersedesID, d.CoversFrom, d.CoversTo = &touching.ID, "2026-02-01", "2026-02-01"
		c.accepted(d, upload("newer.csv", "newer"))
		if !c.sees(inScope, touching) {
			c.Error("what was accepted is hidden once it is superseded")
		}
		_, err := c.withdraw(c.priya, across, "Wrong system.")
		c.must(err)
		if c.sees(inScope, across) {
			c.Error("withdrawn evidence is shown to the auditor")
		}

		var files []evidence.File
		modelstest.Look(c.T, c.db, inScope, func(ctx context.Context, tx *models.Tx) error {
			var err error
			if files, err = evidence.FilesOf(ctx, tx, touching.ID); err != nil {
				return err
			}
			hidden, err := evidence.FilesOf(ctx, tx, waiting.ID)
			if len(files) != 1 || len(hidden) != 0 {
				c.Errorf("%d files of what is in scope, %d of what is not", len(files), len(hidden))
			}
			_, foreign := evidence.FileByID(ctx, tx, waiting.ID, files[0].ID)
			c.refused("a file under another item's address", foreign, models.KindNotFound)
			return err
		})
	})
}

func TestLists(t *testing.T) {
	each(t, func(c company) {
		feb := c.accepted(details(), upload("february-export.csv", "feb"))
		d := details()
		d.Title, d.Kind, d.CoversFrom, d.CoversTo, d.Source = "Überprüfung März", "screenshot", "2026-03-01", "2026-03-01", "GitHub"
		d.PerformedAt = &modelstest.Now
		march := c.submitted(c.backup, d, upload("march.png", "mar"))
		list := func(a access.Actor, f evidence.Filter) (ids []int64) {
			modelstest.Look(c.T, c.db, a, func(ctx context.Context, tx *models.Tx) error {
				page := models.Page{Limit: 1}
				for {
					w, err := evidence.List(ctx, tx, f, page)
					if err != nil {
						return err
					}
					for _, i := range w.Items {
						ids = append(ids, i.ID)
					}
					if w.Later == "" {
						return nil
					}
					page.After = w.Later
				}
			})
			return ids
		}
		for name, tc := range map[string]struct {
			filter evidence.Filter
			want   []int64
		}{
			"everything, the newest first": {evidence.Filter{}, []int64{march.ID, feb.ID}},
			"by status":                    {evidence.Filter{Status: evidence.Accepted}, []int64{feb.ID}},
			"by kind":                      {evidence.Filter{Kind: "screenshot"}, []int64{march.ID}},
			"by uploader":                  {evidence.Filter{UploadedBy: c.owner.ID}, []int64{feb.ID}},
			"by control":                   {evidence.Filter{ControlID: c.control.ID}, []int64{march.ID, feb.ID}},
			"by another control":           {evidence.Filter{ControlID: 999}, nil},
			"covering a day of March":      {evidence.Filter{From: "2026-03-01", To: "2026-03-31"}, []int64{march.ID}},
			"covering 28 February":         {evidence.Filter{From: "2026-02-28", To: "2026-02-28"}, []int64{feb.ID}},
			"by a word of the title":       {evidence.Filter{Text: "uberpruf"}, []int64{march.ID}},
			"by a file's name":             {evidence.Filter{Text: "february-export"}, []int64{feb.ID}},
			"by the control's code":        {evidence.Filter{Text: "ac-03 github"}, []int64{march.ID}},
			"by a word that is nowhere":    {evidence.Filter{Text: "vault"}, nil},
		} {
			got := list(c.priya, tc.filter)
			if len(got) != len(tc.want) {
				c.Errorf("%s: got %v, want %v", name, got, tc.want)
				continue
			}
			for n := range got {
				if got[n] != tc.want[n] {
					c.Errorf("%s: got %v, want %v", name, got, tc.want)
				}
			}
		}
		if got := list(c.other, evidence.Filter{Text: "march"}); len(got) != 0 {
			c.Errorf("a search found what its reader may not see: %v", got)
		}
	})
}

func TestTheQueueIsOldestFirst(t *testing.T) {
	each(t, func(c company) {
		first := c.store(c.owner, details(), upload("1.csv", "1"))
		second := c.submitted(c.owner, details(), upload("2.csv", "2"))
		modelstest.At(c.db, modelstest.Now.Add(time.Hour))
		_, err := c.submit(c.owner, first)
		c.must(err)
		modelstest.Look(c.T, c.db, c.priya, func(ctx context.Context, tx *models.Tx) error {
			page, err := evidence.Queue(ctx, tx, models.Page{Limit: 1})
			if err != nil {
				return err
			}
			rest, err := evidence.Queue(ctx, tx, models.Page{Limit: 1, After: page.Later})
			if err != nil {
				return err
			}
			if len(page.Items) != 1 || page.Items[0].ID != second.ID || len(rest.Items) != 1 || rest.Items[0].ID != first.ID || rest.Later != "" {
				c.Errorf("got %v, then %v", page, rest)
			}
			return nil
		})
	})
}
