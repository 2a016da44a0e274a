package control_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"assay/models"
	"assay/models/access"
	"assay/models/control"
	"assay/models/framework"
	"assay/models/modelstest"
)

func (c company) adopted() {
	c.Helper()
	c.must(c.priya, func(ctx context.Context, tx *models.Tx) error {
		if _, err := control.Adopt(ctx, tx, []string{framework.Availability, framework.Confidentiality, framework.ProcessingIntegrity, framework.Privacy}); err != nil {
			return err
		}
		_, err := control.AssignMany(ctx, tx, []string{"AC-01", "AC-02", "CM-01"}, control.Assignment{SetOwner: true, Owner: &c.tomas.ID})
		return err
	})
}

func TestFilters(t *testing.T) {
	each(t, func(c company) {
		c.adopted()
		c.written()
		c.look(c.viewer, func(ctx context.Context, tx *models.Tx) error {
			for _, tc := range []struct {
				name   string
				filter control.Filter
				want   []string // the first ones; nil: none at all
			}{
				{"by owner", control.Filter{Owner: strconv.FormatInt(c.tomas.ID, 10)}, []string{"AC-01", "AC-02", "CM-01", "XX-01"}},
				{"by owner and text", control.Filter{Owner: strconv.FormatInt(c.tomas.ID, 10), Text: "reviewed five accoun"}, []string{"XX-01"}},
				{"by id as text", control.Filter{Text: "xx-01"}, []string{"XX-01"}},
				{"by state", control.Filter{Status: "draft"}, []string{"XX-01"}},
				{"by criterion and frequency", control.Filter{Criterion: "SOC2 cc_6_2", Frequency: "monthly", Category: "Access control", AI: "no", Owner: strconv.FormatInt(c.tomas.ID, 10), Framework: framework.SOC2}, []string{"XX-01"}},
				{"by a criterion that does not exist", control.Filter{Criterion: "CC99.1"}, nil},
				{"by an owner who is no number", control.Filter{Owner: "tomas"}, nil},
				{"by text without words", control.Filter{Text: "!!"}, nil},
				{"by a word nobody used", control.Filter{Text: "zebra"}, nil},
			} {
				w, err := control.List(ctx, tx, tc.filter, "code", models.Page{})
				if err != nil {
					return err
				}
				var got []string
				for _, r := range w.Items {
					got = append(got, r.Code)
				}
				if !slices.Equal(got, tc.want) {
					t.Errorf("%s: got %v, want %v", tc.name, got, tc.want)
				}
				n, more, err := control.Count(ctx, tx, tc.filter)
				if n != len(tc.want) || more || err != nil {
					t.Errorf("%s: counted %d, %v, %v", tc.name, n, more, err)
				}
			}
			return nil
		})
	})
}

func TestEveryOrderShowsEveryControlOnce(t *testing.T) {
	each(t, func(c company) {
		c.adopted()
		all := len(framework.Controls())
		c.look(c.viewer, func(ctx context.Context, tx *models.Tx) error {
			for _, o := range control.Orders() {
				seen := map[string]bool{}
				page := models.Page{Limit: 29}
				for {
					w, err := control.List(ctx, tx, control.Filter{}, o, page)
					if err != nil {
						return err
					}
					for _, r := range w.Items {
						if seen[r.Code] {
							t.Fatalf("%s shows %s twice", o, r.Code)
						}
						seen[r.Code] = true
					}
					if w.Later == "" {
						break
					}
					page.After = w.Later
				}
				if len(seen) != all {
					t.Errorf("%s shows %d of %d", o, len(seen), all)
				}
			}
			n, more, err := control.Count(ctx, tx, control.Filter{})
			if n != all || more {
				t.Errorf("counted %d, %v", n, more)
			}
			return err
		})
	})
}

var errStop = errors.New("stop")

// TestListNeverScans holds every query the list can make to its indexes: one that
// reads all controls to find or to sort them is slow only once there are many, which
// is when nobody is looking.
func TestListNeverScans(t *testing.T) {
	each(t, func(c company) {
		c.adopted()
		err := modelstest.As(t, c.db, c.priya, func(ctx context.Context, tx *models.Tx) error {
			if tx.Postgres() { // small tables are always read whole unless told otherwise
				if _, err := models.Value[string](ctx, tx, "SELECT set_config('enable_seqscan', 'off', true)"); err != nil {
					return err
				}
			}
			for _, o := range control.Orders() {
				for i, f := range []control.Filter{
					{},
					{Owner: "1"},
					{Owner: control.Nobody, Status: "effective"},
					{Backup: "1"},
					{Category: "Access control"},
					{Frequency: "monthly", AI: "yes"},
					{Framework: framework.AIRMF},
					{Criterion: "CC6.1", Text: "access re"},
				} {
					plan, err := explain(ctx, tx, f, o)
					if err != nil {
						return err
					}
					if scans(plan) || i == 0 && sorts(plan) {
						t.Errorf("%+v by %s:\n%s", f, o, plan)
					}
				}
			}
			return errStop // nothing was written
		})
		if !errors.Is(err, errStop) {
			t.Fatal(err)
		}
	})
}

func explain(ctx context.Context, tx *models.Tx, f control.Filter, o control.Order) (string, error) {
	query, args := f.Plan(tx, o)
	var lines []string
	if tx.Postgres() {
		type line struct {
			Line string `gorm:"column:QUERY PLAN"`
		}
		rows, err := models.Raw[line](ctx, tx, "EXPLAIN "+query, args...)
		for _, r := range rows {
			lines = append(lines, r.Line)
		}
		return strings.Join(lines, "\n"), err
	}
	type line struct{ Detail string }
	rows, err := models.Raw[line](ctx, tx, "EXPLAIN QUERY PLAN "+query, args...)
	for _, r := range rows {
		lines = append(lines, r.Detail)
	}
	return strings.Join(lines, "\n"), err
}

func scans(plan string) bool {
	for l := range strings.SplitSeq(plan, "\n") {
		if strings.Contains(l, "Seq Scan on controls ") || strings.HasPrefix(l+" ", "SCAN controls ") && !strings.Contains(l, "USING") {
			return true
		}
	}
	return plan == ""
}

func sorts(plan string) bool {
	return strings.Contains(plan, "USE TEMP B-TREE FOR ORDER BY") || strings.Contains(plan, "Sort Key")
}

func TestCountStopsAtAThousand(t *testing.T) {
	db := modelstest.SQLite(t)
	priya := modelstest.Person(t, db, access.Compliance)
	rows := make([]*control.Control, 1200)
	for i := range rows {
		rows[i] = &control.Control{Code: fmt.Sprintf("Z-%04d", i), Title: "One of many", Version: 1, Status: control.Draft, CreatedAt: db.Now()}
	}
	if err := modelstest.As(t, db, priya, func(ctx context.Context, tx *models.Tx) error {
		return models.InsertAll(ctx, tx, rows, "control.create")
	}); err != nil {
		t.Fatal(err)
	}
	modelstest.Look(t, db, priya, func(ctx context.Context, tx *models.Tx) error {
		n, more, err := control.Count(ctx, tx, control.Filter{})
		if n != 1000 || !more {
			t.Errorf("got %d, %v", n, more)
		}
		return err
	})
}

func TestCoverageAndCrosswalk(t *testing.T) {
	each(t, func(c company) {
		c.written()
		c.look(c.viewer, func(ctx context.Context, tx *models.Tx) error {
			covers, err := control.Coverage(ctx, tx, framework.SOC2)
			if got := covers["CC6.2"]; got.Effective != 0 || got.Other != 1 {
				t.Errorf("a draft covers: %+v", got)
			}
			return err
		})
		c.must(c.priya, submit(1))
		c.must(c.ines, approve(1, "2026-03-01"))
		c.adopted()
		c.look(c.viewer, func(ctx context.Context, tx *models.Tx) error {
			covers, err := control.Coverage(ctx, tx, framework.SOC2)
			if err != nil {
				return err
			}
			ref := framework.Ref{Framework: framework.SOC2, Code: "CC6.2"}
			rows, err := control.ForCriterion(ctx, tx, ref)
			if len(rows) != covers["CC6.2"].Effective || len(rows) < 3 {
				t.Errorf("%d controls, %+v", len(rows), covers["CC6.2"])
			}
			cross, err2 := control.Crosswalk(ctx, tx, ref)
			if len(cross) == 0 || cross[0].Framework == framework.SOC2 || err2 != nil {
				t.Errorf("crosswalk: %+v, %v", cross, err2)
			}
			return err
		})
	})
}
