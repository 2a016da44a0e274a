package finding_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"assay/models"
	"assay/models/access"
	"assay/models/finding"
	"assay/models/modelstest"
)

func (w *world) list(a access.Actor, f finding.Filter) (codes []string) {
	w.t.Helper()
	modelstest.Look(w.t, w.db, a, func(ctx context.Context, tx *models.Tx) error {
		for page, err := range finding.Every(ctx, tx, f) {
			if err != nil {
				return err
			}
			for _, f := range page {
				codes = append(codes, f.Code())
			}
		}
		return nil
	})
	return codes
}

func TestVisibility(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		w := newWorld(t, db)
		onLeavers := w.at(finding.InRemediation) // F-001: sam owns it, dana owns a step
		in := w.facts()
		in.Controls, in.OwnerID = []int64{w.changes.ID}, w.tomas.ID
		w.raise(in) // F-002
		in.Source, in.EngagementID = finding.FromAudit, w.audit.ID
		w.raise(in) // F-003
		in.EngagementID = w.other.ID
		w.raise(in) // F-004
		auditor := func(open ...int64) access.Actor {
			a := w.jonas
			a.Engagements = open
			return a
		}
		for _, c := range []struct {
			name string
			who  access.Actor
			want []string
		}{
			{"a compliance manager sees all", w.ben, []string{"F-004", "F-003", "F-002", "F-001"}},
			{"an administrator sees all", w.admin, []string{"F-004", "F-003", "F-002", "F-001"}},
			{"an executive sees all", w.ruth, []string{"F-004", "F-003", "F-002", "F-001"}},
			{"the owner of the control sees its findings", w.sam, []string{"F-001"}},
			{"the backup owner and owner of a step sees them too", w.dana, []string{"F-001"}},
			{"another owner sees their own", w.tomas, []string{"F-004", "F-003", "F-002"}},
			{"an auditor sees those of the open engagement", auditor(w.audit.ID), []string{"F-003"}},
			{"an auditor of two sees those of both", auditor(w.audit.ID, w.other.ID), []string{"F-004", "F-003"}},
			{"an auditor outside the window sees nothing", auditor(), nil},
		} {
			if got := w.list(c.who, finding.Filter{}); !slices.Equal(got, c.want) {
				t.Errorf("%s: got %v, want %v", c.name, got, c.want)
			}
		}
		err := db.Read(t.Context(), w.tomas, func(tx *models.Tx) error {
			if rows, err := models.Rows[finding.Milestone](tx).Find(t.Context()); err != nil || len(rows) != 0 {
				t.Errorf("another owner sees steps: %v, %v", rows, err)
			}
			_, err := finding.Load(t.Context(), tx, onLeavers)
			return err
		})
		if models.KindOf(err) != models.KindNotFound {
			t.Errorf("what one may not see is not found: %v", err)
		}
	})
}

func TestList(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		w := newWorld(t, db) // 5 January
		w.at(finding.Rated)  // F-001, due 31 December
		w.on("2026-02-20")
		in := w.facts()
		in.Title, in.Controls, in.OwnerID, in.DueOn = "Change without a ticket", []int64{w.changes.ID}, w.tomas.ID, "2026-03-01"
		w.raise(in) // F-002, due 1 March
		in.Source = finding.FromIncident
		w.at(finding.ClosedVerified) // F-003
		w.on("2026-04-01")
		in.DueOn = "2026-04-01"
		w.raise(in) // F-004, due today
		for _, c := range []struct {
			name   string
			filter finding.Filter
			want   string
		}{
			{"everything, newest first", finding.Filter{}, "F-004 F-003 F-002 F-001"},
			{"open", finding.Filter{Group: finding.OpenOnes}, "F-004 F-002 F-001"},
			{"closed", finding.Filter{Group: finding.ClosedOnes}, "F-003"},
			{"overdue leaves out what is due today", finding.Filter{Group: finding.Overdue}, "F-002"},
			{"by status", finding.Filter{Status: finding.Rated}, "F-001"},
			{"by severity", finding.Filter{Severity: finding.High}, "F-003 F-001"},
			{"by source", finding.Filter{Source: finding.FromIncident}, "F-004"},
			{"by owner", finding.Filter{OwnerID: w.tomas.ID}, "F-004 F-002"},
			{"by control", finding.Filter{ControlID: w.leavers.ID}, "F-003 F-001"},
			{"by engagement", finding.Filter{EngagementID: w.audit.ID}, ""},
			{"by text, the beginning of a word", finding.Filter{Text: "tick"}, "F-004 F-002"},
			{"by code", finding.Filter{Text: "F-002"}, "F-002"},
			{"by the control's code and a status", finding.Filter{Text: "cm-01", Group: finding.OpenOnes}, "F-004 F-002"},
			{"what is due first", finding.Filter{Group: finding.OpenOnes, Sort: finding.DueFirst}, "F-002 F-004 F-001"},
			{"what is oldest", finding.Filter{Group: finding.OpenOnes, Sort: finding.Oldest}, "F-001 F-002 F-004"},
			{"up to 30 days old", finding.Filter{Age: 1}, "F-004"},
			{"31 to 60 days old", finding.Filter{Age: 2}, "F-002"},
			{"61 to 90 days old", finding.Filter{Age: 3}, "F-001"},
			{"more than 90 days old", finding.Filter{Age: 4}, ""},
		} {
			if got := strings.Join(w.list(w.ana, c.filter), " "); got != c.want {
				t.Errorf("%s: got %q, want %q", c.name, got, c.want)
			}
		}
		modelstest.Look(t, db, w.ana, func(ctx context.Context, tx *models.Tx) error {
			s, err := finding.Summarise(ctx, tx, finding.Filter{})
			if s.Open != 3 || s.Overdue != 1 || s.Closed != 1 || !slices.Equal(s.Ageing, []int64{1, 1, 1, 0}) {
				t.Errorf("counted %+v", s)
			}
			return err
		})
	})
}

func TestPages(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		w := newWorld(t, db)
		for range 7 {
			w.raise(w.facts())
		}
		for _, order := range []finding.Order{finding.Newest, finding.DueFirst, finding.Oldest} {
			modelstest.Look(t, db, w.ana, func(ctx context.Context, tx *models.Tx) error {
				seen := map[int64]bool{}
				for page := (models.Page{Limit: 3}); ; {
					win, err := finding.List(ctx, tx, finding.Filter{Sort: order}, page)
					if err != nil {
						return err
					}
					for _, f := range win.Items {
						seen[f.ID] = true
					}
					if win.Later == "" {
						break
					}
					page.After = win.Later
				}
				if len(seen) != 7 {
					t.Errorf("in order %q, %d of 7 were seen", order, len(seen))
				}
				return nil
			})
		}
	})
}
