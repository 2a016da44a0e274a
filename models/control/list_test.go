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
	"assay/models/people"
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
					{Text: "AC-05"},
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
	query, args, err := f.Plan(ctx, tx, o)
	if err != nil {
		return "", err
	}
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

// TestByOwnerIsByTheName: whatever the case, people of one name apart, nobody first.
func TestByOwnerIsByTheName(t *testing.T) {
	each(t, func(c company) {
		person := func(name string) *int64 {
			p := people.Person{Name: name, Email: strings.ReplaceAll(name, " ", "") + fmt.Sprint(len(name)) + "@x.example", Role: access.Owner, Status: people.Active, InvitedAt: c.db.Now()}
			for range 2 { // the second of the same name has another address
				c.must(access.Clock, func(ctx context.Context, tx *models.Tx) error {
					p.ID, p.Email = 0, "x"+p.Email
					return models.Insert(ctx, tx, &p, "person.invite")
				})
			}
			return &p.ID
		}
		zoe, anton, bea := person("Zoe"), person("anton"), person("Bea")
		twin := *bea - 1
		c.adopted()
		c.must(c.priya, func(ctx context.Context, tx *models.Tx) error {
			_, err := control.AssignMany(ctx, tx, []string{"AC-01", "AC-02", "CM-01"}, control.Assignment{SetOwner: true})
			for code, owner := range map[string]*int64{"AC-01": zoe, "AC-02": bea, "AC-03": anton, "AC-04": &twin, "AC-05": bea, "AC-06": zoe} {
				if err == nil {
					_, err = control.AssignMany(ctx, tx, []string{code}, control.Assignment{SetOwner: true, Owner: owner})
				}
			}
			return err
		})
		read := func(o control.Order, f control.Filter) (codes []string) {
			c.look(c.viewer, func(ctx context.Context, tx *models.Tx) error {
				page := models.Page{Limit: 2}
				for {
					w, err := control.List(ctx, tx, f, o, page)
					if err != nil {
						return err
					}
					for _, r := range w.Items {
						codes = append(codes, r.Code)
					}
					if page.After = w.Later; page.After == "" {
						return nil
					}
				}
			})
			return codes
		}
		want := []string{"AC-03", "AC-04", "AC-02", "AC-05", "AC-01", "AC-06"}
		got := read("owner", control.Filter{Category: "Access control"})
		if n := len(got) - len(want); n < 1 || !slices.Equal(got[n:], want) || !slices.IsSorted(got[:n]) {
			t.Errorf("up: %v", got)
		}
		slices.Reverse(want)
		if got := read("-owner", control.Filter{}); !slices.Equal(got[:len(want)], want) {
			t.Errorf("down: %v", got)
		}
	})
}

func TestACodeThatWasTypedIsMeant(t *testing.T) {
	each(t, func(c company) {
		c.adopted()
		c.look(c.viewer, func(ctx context.Context, tx *models.Tx) error {
			for typed, want := range map[string][]string{
				"AC-05": {"AC-05"}, "ac-05": {"AC-05"}, "ac 5": {"AC-05"}, "AC05": {"AC-05"}, " ac-5 ": {"AC-05"},
				"AC-0": {"AC-01", "AC-02", "AC-03", "AC-04", "AC-05", "AC-06", "AC-07", "AC-08", "AC-09"},
				"AC-1": {"AC-01", "AC-10"},
			} {
				w, err := control.List(ctx, tx, control.Filter{Text: typed}, "", models.Page{})
				if err != nil {
					return err
				}
				var got []string
				for _, r := range w.Items {
					got = append(got, r.Code)
				}
				if !slices.Equal(got, want) {
					t.Errorf("%q finds %v", typed, got)
				}
				if n, _, err := control.Count(ctx, tx, control.Filter{Text: typed}); n != len(want) || err != nil {
					t.Errorf("%q counts %d: %v", typed, n, err)
				}
			}
			// What begins no code is words, as before.
			for _, typed := range []string{"access 2", "SOC 2", "backup"} {
				if n, _, err := control.Count(ctx, tx, control.Filter{Text: typed}); n == 0 || err != nil {
					t.Errorf("%q finds nothing: %v", typed, err)
				}
			}
			return nil
		})
	})
}

func TestCodesAreFoundByTheirIndex(t *testing.T) {
	each(t, func(c company) {
		c.adopted()
		scans := modelstest.FullScans(t, c.db, func() {
			c.look(c.viewer, func(ctx context.Context, tx *models.Tx) error {
				for _, o := range control.Orders() {
					if _, err := control.List(ctx, tx, control.Filter{Text: "AC-0"}, o, models.Page{}); err != nil {
						return err
					}
				}
				_, err := control.Search(ctx, tx, "ac 5", 6)
				return err
			})
		}, "controls", "control_owners")
		if len(scans) > 0 {
			t.Error(strings.Join(scans, "\n"))
		}
	})
}

// TestTheListByOwnerKeepsNoName: who is called something else now, because who they were
// was erased, is in no corner under the old name.
func TestTheListByOwnerKeepsNoName(t *testing.T) {
	each(t, func(c company) {
		c.adopted()
		problems := func() (all []string) {
			c.look(access.Clock, func(ctx context.Context, tx *models.Tx) error {
				return control.OwnersTable().Check(ctx, tx, func(p string) { all = append(all, p) })
			})
			return all
		}
		if all := problems(); len(all) > 0 {
			t.Fatalf("before: %v", all)
		}
		var old string
		c.must(c.priya, func(ctx context.Context, tx *models.Tx) error {
			p, err := people.ByID(ctx, tx, c.tomas.ID)
			if err != nil {
				return err
			}
			old, p.Name = p.Name, "Former person"
			return models.Update(ctx, tx, &p, models.Columns{"Name"}, "person.erase")
		})
		if all := problems(); len(all) != 6 { // what is and what should be, of three controls
			t.Errorf("verification finds %v", all)
		}
		c.must(c.priya, func(ctx context.Context, tx *models.Tx) error {
			if err := control.Renamed(ctx, tx, c.tomas.ID, old, "Former person"); err != nil {
				return err
			}
			return tx.Record("person.erase", "people/1")
		})
		if all := problems(); len(all) > 0 {
			t.Errorf("after: %v", all)
		}
	})
}
