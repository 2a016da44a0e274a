package readiness_test

import (
	"context"
	"fmt"
	"reflect"
	"testing"

	"assay/models"
	"assay/models/control"
	"assay/models/framework"
	"assay/models/modelstest"
	"assay/models/occurrence"
	"assay/models/readiness"
)

// company is seven controls of all kinds in 2026/27, which runs: two with an open finding, one
// without an owner, one that helped to meet another criterion over the summer.
func (w *world) company() {
	w.Helper()
	for n, frequency := range []string{"monthly", "quarterly", "event", "continuous", "daily", "annual", "quarterly"} {
		c := w.control(fmt.Sprintf("X-%02d", n), frequency, "2026-04-01")
		switch n {
		case 0, 6:
			w.finding(c, nil, "", "2026-06-01", "")
		case 1:
			w.clock(func(ctx context.Context, tx *models.Tx) error {
				c.OwnerID = nil
				return models.Update(ctx, tx, &c, models.Columns{"OwnerID"}, "control.edit")
			})
		case 4:
			w.revise(c, "2026-06-01", "CC7.1")
			w.revise(c, "2026-10-01", "CC6.1")
		}
	}
}

// revise gives c a version that helps to meet this criterion, from a day on.
func (w *world) revise(c control.Control, from models.Date, criterion string) {
	w.Helper()
	w.clock(func(ctx context.Context, tx *models.Tx) error {
		old, err := models.Rows[control.Version](tx).Where("control_versions.control_id = ?", c.ID).Order("number DESC").Limit(1).Take(ctx)
		if err != nil {
			return err
		}
		next := old
		next.ID, next.Rev, next.Number, next.EffectiveFrom = 0, 0, old.Number+1, from
		next.Criteria = models.List[framework.Ref]{{Framework: framework.SOC2, Code: criterion}}
		old.Status, old.EffectiveTo = control.Superseded, from.AddDays(-1)
		if err := models.Update(ctx, tx, &old, models.Columns{"Status", "EffectiveTo"}, "version.supersede"); err != nil {
			return err
		}
		return models.Insert(ctx, tx, &next, "version.approve")
	})
}

// TestHoweverManyAreJudgedAtOnce: the picture, and the list, are the same.
func TestHoweverManyAreJudgedAtOnce(t *testing.T) {
	each(t, func(w *world) {
		w.company()
		whole, rows := w.picture()
		if whole.Total() != 7 || whole.Owed != len(whole.Tasks) || len(whole.Tasks) < 5 || whole.Ownerless != 1 || len(whole.Blockers) != 1 || whole.Blockers[0].Late == 0 {
			t.Fatalf("%v, %d of %d tasks, %d without an owner, waited for %+v", whole.Counts, len(whole.Tasks), whole.Owed, whole.Ownerless, whole.Blockers)
		}
		owed := tasks(whole)
		whole.Tasks = nil // which hold pointers
		for _, n := range []int{1, 2, 3, 7} {
			readiness.Batch(t, n)
			parts, same := w.picture()
			if !reflect.DeepEqual(tasks(parts), owed) {
				t.Errorf("%d at once: tasks %v, want %v", n, tasks(parts), owed)
			}
			if !reflect.DeepEqual(same, rows) {
				t.Errorf("%d at once: rows %+v, want %+v", n, same, rows)
			}
			if parts.Tasks = nil; !reflect.DeepEqual(parts, whole) {
				t.Errorf("%d at once: %+v, want %+v", n, parts, whole)
			}
		}
	})
}

// TestARowOfTheListIsTheSameWhenItWasCountedBefore: months in which a control helped to meet
// something else are empty, also when its row is read by itself.
func TestARowOfTheListIsTheSameWhenItWasCountedBefore(t *testing.T) {
	each(t, func(w *world) {
		w.company()
		ctx := models.WithLog(t.Context())
		list := func(standing occurrence.Standing) (rows []readiness.Row) {
			if err := w.db.Read(ctx, w.priya, func(tx *models.Tx) (err error) {
				_, rows, _, err = readiness.List(ctx, tx, w.other.Slug, standing, "CC6", "X-00")
				return err
			}); err != nil {
				t.Fatal(err)
			}
			return rows
		}
		first, again := list(""), list("")
		if len(first) != 6 || !first[3].Squares[3].Empty() || !reflect.DeepEqual(first, again) {
			t.Errorf("first %+v\nthen %+v", first, again)
		}
		if rows := list(occurrence.Exception); len(rows) != 1 || rows[0].Code != "X-06" {
			t.Errorf("with an open finding: %+v", rows)
		}
	})
}

// picture is 2026/27 as it stands.
func (w *world) picture() (p readiness.Picture, rows []readiness.Row) {
	w.Helper()
	modelstest.Look(w.T, w.db, w.priya, func(ctx context.Context, tx *models.Tx) (err error) {
		p, rows, _, err = readiness.List(ctx, tx, w.other.Slug, "", "", "")
		return err
	})
	return p, rows
}

func tasks(p readiness.Picture) (out []string) {
	for _, t := range p.Tasks {
		out = append(out, fmt.Sprint(t.Path(), t.Want, t.PersonID, t.Late(p.Frame.Today)))
	}
	return out
}

// TestASquareIsShownInParts: of 72 controls 70, then two, and the sums are those of all.
func TestASquareIsShownInParts(t *testing.T) {
	each(t, func(w *world) {
		for n := range readiness.PageSize + 2 {
			w.control(fmt.Sprintf("X-%02d", n), "monthly", "2026-04-01")
		}
		w.control("Y-00", "annual", "2026-04-01") // of which nothing was expected in August
		readiness.Batch(t, 30)
		at := func(after string) (s readiness.Square) {
			modelstest.Look(w.T, w.db, w.priya, func(ctx context.Context, tx *models.Tx) (err error) {
				s, err = readiness.At(ctx, tx, w.other.Slug, "CC6", "2026-08", after)
				return err
			})
			return s
		}
		first, last := at(""), at(fmt.Sprintf("X-%02d", readiness.PageSize-1))
		for _, s := range []readiness.Square{first, last} {
			if s.Total != 72 || s.Group.Squares[0].Total() != 72 {
				t.Errorf("%d controls, %d windows", s.Total, s.Group.Squares[0].Total())
			}
		}
		earlier := func(turn readiness.Turn, want string, wanted bool) {
			t.Helper()
			if after, any := turn.Earlier(); after != want || any != wanted {
				t.Errorf("earlier ones: %t, after %q", any, after)
			}
		}
		if len(first.Parts) != 70 || !first.Turn.More || first.Parts[69].Sheet.Code != "X-69" || len(first.Parts[0].Occurrences) != 1 {
			t.Errorf("first %d, more: %t", len(first.Parts), first.Turn.More)
		}
		earlier(first.Turn, "", false)
		if len(last.Parts) != 2 || last.Turn.More || last.Parts[0].Sheet.Code != "X-70" {
			t.Errorf("then %d, more: %t", len(last.Parts), last.Turn.More)
		}
		earlier(last.Turn, "", true)
		earlier(at("X-70").Turn, "X-00", true) // the page before begins behind it
		all := at("X-01")
		if len(all.Parts) != 70 || all.Turn.More {
			t.Errorf("after the second %d, more: %t", len(all.Parts), all.Turn.More)
		}
		earlier(all.Turn, "", true)
		modelstest.Look(w.T, w.db, w.priya, func(ctx context.Context, tx *models.Tx) error {
			for range 2 { // counted, and from what is kept
				_, rows, turn, err := readiness.List(ctx, tx, w.other.Slug, "", "CC6", "X-70")
				if err != nil || len(rows) != 2 || turn.More {
					t.Errorf("%d rows, more: %t, %v", len(rows), turn.More, err)
				}
				earlier(turn, "X-00", true)
			}
			return nil
		})
	})
}
