package activity_test

import (
	"context"
	"strings"
	"testing"

	"assay/models"
	"assay/models/access"
	"assay/models/activity"
	"assay/models/modelstest"
)

func TestFeedTellsWhatHappened(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ana := modelstest.Person(t, db, access.Compliance)
		auditor := modelstest.Person(t, db, access.Auditor)
		note := func(verb, about string, n models.Note) {
			t.Helper()
			if err := db.Observe(t.Context(), ana, verb, about, n); err != nil {
				t.Fatal(err)
			}
		}
		note("evidence.submit", "evidence/E-1", nil)
		note("evidence.return", "evidence/E-1", models.Note{"reason": "October is missing."})
		note("evidence.submit", "evidence/E-2", nil)
		note("page.view", "evidence/E-1", nil)

		for name, c := range map[string]struct {
			as   access.Actor
			want []string
		}{
			"the company reads all but views, newest first": {ana, []string{"returned E-1 October is missing.", "submitted E-1 for review "}},
			"an auditor reads custody only":                 {auditor, []string{"submitted E-1 for review "}},
		} {
			t.Run(name, func(t *testing.T) {
				modelstest.Look(t, db, c.as, func(ctx context.Context, tx *models.Tx) error {
					got, err := activity.For(ctx, tx, "evidence/E-1")
					var lines []string
					for _, e := range got {
						lines = append(lines, e.What+" "+e.Message+strings.Join(e.Facts, " "))
						if e.Who != ana.Name {
							t.Errorf("by %q, want %q", e.Who, ana.Name)
						}
					}
					if strings.Join(lines, "|") != strings.Join(c.want, "|") {
						t.Errorf("got %q, want %q", lines, c.want)
					}
					return err
				})
			})
		}
	})
}

func TestPartsOfARecordAreSaidInWords(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ana := modelstest.Person(t, db, access.Compliance)
		for _, c := range []struct {
			verb, about string
			note        models.Note
			want        string
		}{
			{"milestone.done", "findings/F-001#milestone-57", models.Note{"title": "Connect it", "note": "Done."}, "called a step of F-001 done: Done. Title: Connect it"},
			{"plan.verify", "findings/F-001#plan-1", nil, "verified the plan for F-001:  "},
			{"finding.close", "findings/F-001", models.Note{"from": "ready_for_verification", "to": "closed_verified"}, "verified and closed F-001:  ready for verification → closed verified"},
			{"version.approve", "controls/AC-05/versions/2", models.Note{"effective_from": "2026-07-01"}, "approved version 2 of AC-05:  Effective from: 2026-07-01"},
		} {
			if err := db.Observe(t.Context(), ana, c.verb, c.about, c.note); err != nil {
				t.Fatal(err)
			}
			modelstest.Look(t, db, ana, func(ctx context.Context, tx *models.Tx) error {
				w, err := activity.List(ctx, tx, activity.Filter{}, models.Page{Limit: 1})
				if len(w.Items) != 1 || w.Items[0].What+": "+w.Items[0].Message+" "+strings.Join(w.Items[0].Facts, " ") != c.want {
					t.Errorf("got %+v, want %q", w.Items, c.want)
				}
				return err
			})
		}
	})
}

func TestListFilters(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ana, ben := modelstest.Person(t, db, access.Compliance), modelstest.Person(t, db, access.Compliance)
		for _, about := range []string{"evidence/E-1", "evidence/E-2", "controls/AC-03"} {
			if err := db.Observe(t.Context(), ana, "page.view", about, nil); err != nil {
				t.Fatal(err)
			}
		}
		if err := db.Observe(t.Context(), ben, "evidence.accept", "evidence/E-1", nil); err != nil {
			t.Fatal(err)
		}
		day := models.DateOf(modelstest.Now, modelstest.Now.Location())
		for name, c := range map[string]struct {
			filter activity.Filter
			want   int
		}{
			"everything":              {activity.Filter{}, 6}, // two invitations
			"one person":              {activity.Filter{Person: ben.ID}, 1},
			"one record, by its code": {activity.Filter{Record: "e-1"}, 2},
			"one record, by its path": {activity.Filter{Record: "/controls/AC-03"}, 1},
			"one kind of verb":        {activity.Filter{Group: "evidence"}, 1},
			"a kind that is not":      {activity.Filter{Group: "nothing"}, 0},
			"today":                   {activity.Filter{From: day, To: day}, 6},
			"from tomorrow":           {activity.Filter{From: day.AddDays(1)}, 0},
			"until yesterday":         {activity.Filter{To: day.AddDays(-1)}, 0},
		} {
			t.Run(name, func(t *testing.T) {
				modelstest.Look(t, db, ana, func(ctx context.Context, tx *models.Tx) error {
					w, err := activity.List(ctx, tx, c.filter, models.Page{})
					if len(w.Items) != c.want {
						t.Errorf("got %d entries, want %d", len(w.Items), c.want)
					}
					return err
				})
			})
		}
		t.Run("pages go from the newest to the oldest without a gap", func(t *testing.T) {
			modelstest.Look(t, db, ana, func(ctx context.Context, tx *models.Tx) error {
				var seqs []int64
				for page := (models.Page{Limit: 4}); ; {
					w, err := activity.List(ctx, tx, activity.Filter{}, page)
					if err != nil {
						return err
					}
					for _, e := range w.Items {
						seqs = append(seqs, e.Seq)
					}
					if page.After = w.Later; page.After == "" {
						break
					}
				}
				for i, s := range seqs {
					if s != int64(5-i) {
						t.Fatalf("got leaves %v", seqs)
					}
				}
				return nil
			})
		})
		t.Run("an auditor finds nothing", func(t *testing.T) {
			auditor := modelstest.Person(t, db, access.Auditor)
			_ = db.Read(t.Context(), auditor, func(tx *models.Tx) error {
				if _, err := activity.List(t.Context(), tx, activity.Filter{}, models.Page{}); models.KindOf(err) != models.KindNotFound {
					t.Errorf("got %v", err)
				}
				return nil
			})
		})
	})
}
