package control_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"assay/models"
	"assay/models/access"
	"assay/models/control"
	"assay/models/framework"
	"assay/models/modelstest"
	"assay/models/people"
)

func TestStatesCanBeReachedAndLeft(t *testing.T) {
	reached := map[control.Status]bool{control.Draft: true}
	for from, all := range control.Next {
		for _, to := range all {
			reached[to] = true
			if to == from {
				t.Errorf("%s becomes itself", from)
			}
		}
	}
	for _, s := range control.Statuses {
		if !reached[s] {
			t.Errorf("%s cannot be reached", s)
		}
		if terminal := s == control.Superseded || s == control.Retired; (len(control.Next[s]) == 0) != terminal {
			t.Errorf("%s: terminal is wrong", s)
		}
	}
}

func TestVersionGoesThroughItsStates(t *testing.T) {
	each(t, func(c company) {
		c.written()
		c.expect("1 draft –")
		c.refused(c.ines, models.KindConflict, "cannot become approved", approve(1, "2026-03-01"))
		c.must(c.priya, submit(1))
		c.refused(c.priya, models.KindConflict, "is in review", with(1, func(ctx context.Context, tx *models.Tx, v *control.Version) error {
			return control.Edit(ctx, tx, v, monthly)
		}))
		giveBack := func(reason string) func(context.Context, *models.Tx) error {
			return with(1, func(ctx context.Context, tx *models.Tx, v *control.Version) error {
				return control.Return(ctx, tx, v, reason)
			})
		}
		c.refused(c.ines, models.KindInvalid, "reason: Say what has to change", giveBack(" "))
		c.must(c.ines, giveBack("Name the systems."))
		c.expect("1 draft –")
		c.must(c.tomas, submit(1))
		c.refused(c.priya, models.KindForbidden, "You wrote in this version", approve(1, "2026-03-01"))
		c.refused(c.ines, models.KindInvalid, "Nothing is backdated", approve(1, "2026-02-28"))
		c.must(c.ines, approve(1, "2026-03-10"))
		c.expect("1 approved 2026-03-10–")
		c.refused(c.priya, models.KindConflict, "never changes", with(1, func(ctx context.Context, tx *models.Tx, v *control.Version) error {
			return control.Edit(ctx, tx, v, monthly)
		}))
		c.day("2026-03-10 03:59:59") // still the ninth in New York
		if n := c.activate(); n != 0 {
			t.Errorf("the clock was early: %d", n)
		}
		c.day("2026-03-10 04:00:00")
		if n := c.activate(); n != 1 {
			t.Errorf("the clock found %d versions, want 1", n)
		}
		c.expect("1 effective 2026-03-10–")
	})
}

func TestWhoeverWroteCannotApprove(t *testing.T) {
	each(t, func(c company) {
		c.written()
		c.must(c.ines, with(1, func(ctx context.Context, tx *models.Tx, v *control.Version) error {
			changed := monthly
			changed.Title = "Accounts are reviewed by their owners"
			return control.Edit(ctx, tx, v, changed)
		}))
		c.must(c.tomas, submit(1))
		c.refused(c.ines, models.KindForbidden, "Somebody else has to approve", approve(1, "2026-03-01"))
		c.refused(c.priya, models.KindForbidden, "Somebody else has to approve", approve(1, "2026-03-01"))
		third := modelstest.Person(t, c.db, access.Compliance)
		c.must(third, approve(1, "2026-03-01"))
		c.expect("1 effective 2026-03-01–")
	})
}

func TestSubmitNamesWhatIsMissing(t *testing.T) {
	each(t, func(c company) {
		c.must(c.priya, func(ctx context.Context, tx *models.Tx) error {
			_, _, err := control.New(ctx, tx, "XX-01", control.Content{Title: "To be written"})
			return err
		})
		for _, want := range []string{"owner: ", "statement: ", "frequency: ", "evidence: ", "criteria: "} {
			c.refused(c.priya, models.KindInvalid, want, submit(1))
		}
	})
}

// Rule 4: v1 to 31 May, v2 from 1 June, no day with two and none without one.
func TestRule04VersionsFollowEachOther(t *testing.T) {
	each(t, func(c company) {
		c.inEffect()
		weekly := monthly
		weekly.Frequency, weekly.ChangeNote = "weekly", "Auditors asked for it"
		c.must(c.tomas, revise(weekly, false))
		c.refused(c.priya, models.KindConflict, "Version 2 is already being written", revise(weekly, false))
		c.must(c.tomas, submit(2))
		c.refused(c.ines, models.KindInvalid, "Version 1 holds on 2026-03-01", approve(2, "2026-03-01"))
		c.must(c.ines, approve(2, "2026-06-01"))
		c.expect("1 effective 2026-03-01–", "2 approved 2026-06-01–")
		c.must(c.tomas, revise(monthly, true))
		c.must(c.tomas, submit(3))
		c.refused(c.ines, models.KindInvalid, "the earliest is 2026-06-02", approve(3, "2026-05-01"))
		c.day("2026-06-03 12:00:00") // the clock was down for two days
		c.activate()
		c.expect("1 superseded 2026-03-01–2026-05-31", "2 effective 2026-06-01–", "3 in_review –")
		for day, number := range map[models.Date]int{"2026-05-31": 1, "2026-06-01": 2} {
			c.look(c.viewer, func(ctx context.Context, tx *models.Tx) error {
				k, err := control.ByCode(ctx, tx, "xx-01")
				if err != nil {
					return err
				}
				v, err := control.EffectiveOn(ctx, tx, k, day)
				if v.Number != number {
					t.Errorf("on %s version %d held, want %d", day, v.Number, number)
				}
				if k.Frequency != "weekly" || k.Version != 2 {
					t.Errorf("the list shows version %d, %s", k.Version, k.Frequency)
				}
				return err
			})
		}
	})
}

// Rule 5: owners change at once, what was written keeps its names.
func TestRule05OwnerChange(t *testing.T) {
	each(t, func(c company) {
		c.inEffect()
		mei := modelstest.Person(t, c.db, access.Owner)
		assign := func(owner, backup *int64) func(context.Context, *models.Tx) error {
			return func(ctx context.Context, tx *models.Tx) error {
				k, err := control.ByCode(ctx, tx, "XX-01")
				if err != nil {
					return err
				}
				return control.Assign(ctx, tx, &k, owner, backup)
			}
		}
		c.must(c.tomas, revise(monthly, true))
		c.must(c.priya, assign(&mei.ID, nil))
		c.refused(c.tomas, models.KindForbidden, "Only the owner of XX-01", submit(2))
		c.must(mei, submit(2))
		c.refused(c.priya, models.KindInvalid, "backup: The backup owner has to be somebody else", assign(&mei.ID, &mei.ID))
		c.refused(c.priya, models.KindInvalid, "is Executive viewer and cannot own controls", assign(&c.viewer.ID, nil))
		gone := int64(9999)
		c.refused(c.priya, models.KindInvalid, "owner: Choose a person from the list", assign(&gone, nil))
		c.must(c.priya, func(ctx context.Context, tx *models.Tx) error {
			p, err := people.ByID(ctx, tx, c.tomas.ID)
			if err != nil {
				return err
			}
			p.Status, p.DeactivatedAt = people.Deactivated, &tx.Now
			return models.Update(ctx, tx, &p, models.Columns{"Status", "DeactivatedAt"}, "person.deactivate")
		})
		c.refused(c.priya, models.KindInvalid, "has no active account", assign(&c.tomas.ID, nil))
		c.look(c.priya, with(2, func(_ context.Context, _ *models.Tx, v *control.Version) error {
			if v.AuthorID == nil || *v.AuthorID != c.tomas.ID {
				t.Errorf("the author of version 2 became %v", v.AuthorID)
			}
			return nil
		}))
	})
}

func TestOwnersWriteOnlyTheirOwn(t *testing.T) {
	each(t, func(c company) {
		c.inEffect()
		other := modelstest.Person(t, c.db, access.Owner)
		c.refused(other, models.KindForbidden, "Only the owner of XX-01 and compliance managers", revise(monthly, true))
		c.must(c.tomas, revise(monthly, true))
		c.refused(other, models.KindForbidden, "Only the owner", submit(2))
	})
}

func TestAssignMany(t *testing.T) {
	each(t, func(c company) {
		c.must(c.priya, func(ctx context.Context, tx *models.Tx) error {
			_, err := control.Adopt(ctx, tx, nil)
			return err
		})
		many := func(a control.Assignment, codes ...string) func(context.Context, *models.Tx) error {
			return func(ctx context.Context, tx *models.Tx) error {
				n, err := control.AssignMany(ctx, tx, codes, a)
				if err == nil && n != len(codes) {
					t.Errorf("assigned %d of %d", n, len(codes))
				}
				return err
			}
		}
		toTomas := control.Assignment{SetOwner: true, Owner: &c.tomas.ID}
		c.must(c.priya, many(toTomas, "AC-01", "AC-02", "AC-03"))
		c.refused(c.priya, models.KindConflict, "assigned like that already", many(toTomas, "AC-01"))
		c.refused(c.priya, models.KindInvalid, "would be owner and backup owner of AC-01. Nothing was changed",
			many(control.Assignment{SetBackup: true, Backup: &c.tomas.ID}, "AC-04", "AC-01"))
		c.refused(c.priya, models.KindInvalid, "Choose the controls first", many(toTomas))
		c.look(c.priya, func(ctx context.Context, tx *models.Tx) error {
			n, _, err := control.Count(ctx, tx, control.Filter{Owner: control.Nobody, Category: "Access control"})
			all, _, err2 := control.Count(ctx, tx, control.Filter{Category: "Access control"})
			if n != all-3 || err2 != nil {
				t.Errorf("%d of %d have no owner", n, all)
			}
			leaves, err3 := models.Value[int](ctx, tx, "SELECT count(*) FROM log_leaves WHERE verb = 'control.assign'")
			if leaves != 3 || err3 != nil {
				t.Errorf("%d leaves for 3 controls", leaves)
			}
			return err
		})
	})
}

func TestAdoptAddsOnlyWhatIsMissing(t *testing.T) {
	each(t, func(c company) {
		adopt := func(want int, categories ...string) {
			c.must(c.priya, func(ctx context.Context, tx *models.Tx) error {
				n, err := control.Adopt(ctx, tx, categories)
				if n != want {
					t.Errorf("%v added %d controls, want %d", categories, n, want)
				}
				return err
			})
		}
		security := len(framework.TemplatesFor(nil))
		both := len(framework.TemplatesFor([]string{framework.Privacy}))
		if both <= security {
			t.Fatal("privacy brings nothing")
		}
		adopt(security)
		adopt(0)
		adopt(both-security, framework.Privacy)
		c.look(c.priya, func(ctx context.Context, tx *models.Tx) error {
			k, err := control.ByCode(ctx, tx, "AC-03")
			if err != nil {
				return err
			}
			v, err := control.Shown(ctx, tx, k)
			if v.AuthorID != nil || v.ApproverID == nil || *v.ApproverID != c.priya.ID || v.EffectiveFrom != "2026-03-01" || v.Status != control.Effective {
				t.Errorf("got %+v", v)
			}
			if v.EventLimit != "PT24H" || len(v.TestsOperating) != 3 || v.Values()[0] != "24 hours" {
				t.Errorf("content was lost: %+v", v.Content)
			}
			bare, err2 := control.Uncovered(ctx, tx, []string{framework.Security, framework.Privacy})
			if len(bare) != 0 || err2 != nil {
				t.Errorf("uncovered after adoption: %v", bare)
			}
			availability, err2 := control.Uncovered(ctx, tx, []string{framework.Availability, framework.ProcessingIntegrity})
			if err2 != nil {
				return err2
			}
			for _, u := range availability {
				if u.Category == framework.Security || u.Category == framework.Privacy {
					t.Errorf("%s is named uncovered", u.Code)
				}
			}
			return err
		})
	})
}

func TestRetire(t *testing.T) {
	each(t, func(c company) {
		c.inEffect()
		c.engaged("a", "2026-01-01", "2026-12-31", "CC6.2", "CC1.1")
		retire := func(reason string, override bool) func(context.Context, *models.Tx) error {
			return func(ctx context.Context, tx *models.Tx) error {
				k, err := control.ByCode(ctx, tx, "XX-01")
				if err != nil {
					return err
				}
				return control.Retire(ctx, tx, &k, reason, override)
			}
		}
		c.refused(c.priya, models.KindInvalid, "reason: Say why", retire("", false))
		c.refused(c.priya, models.KindInvalid, "Without XX-01 nothing covers CC6.2 in SOC 2 a", retire("Merged into AC-01", false))
		c.must(c.priya, revise(monthly, true))
		c.must(c.priya, submit(2))
		c.must(c.ines, approve(2, "2026-04-01"))
		c.refused(c.priya, models.KindConflict, "Version 2 is approved and takes effect on 2026-04-01", retire("Merged into AC-01", true))
		c.day("2026-04-05 12:00:00")
		c.activate()
		c.must(c.priya, retire("Merged into AC-01", true))
		c.expect("1 superseded 2026-03-01–2026-03-31", "2 retired 2026-04-01–2026-04-05")
		c.refused(c.priya, models.KindConflict, "not in effect", retire("Again", true))
		c.must(c.tomas, revise(monthly, false))
		c.look(c.priya, func(ctx context.Context, tx *models.Tx) error {
			k, err := control.ByCode(ctx, tx, "XX-01")
			if k.Status != control.Retired {
				t.Errorf("a draft hides that the control is retired: %s", k.Status)
			}
			bare, err2 := control.Uncovered(ctx, tx, nil)
			if len(bare) == 0 || err2 != nil {
				t.Error("a retired control still covers")
			}
			return err
		})
		c.must(c.tomas, submit(3))
		c.refused(c.ines, models.KindInvalid, "the earliest is 2026-04-06", approve(3, "2026-04-05"))
		c.must(c.ines, approve(3, "2026-04-20"))
	})
}

func TestAuditorsSeeVersionsOfThePeriod(t *testing.T) {
	each(t, func(c company) {
		c.inEffect()
		c.must(c.priya, revise(monthly, false))
		c.must(c.priya, submit(2))
		c.must(c.ines, approve(2, "2026-07-01"))
		c.day("2026-07-02 12:00:00")
		c.activate()
		c.must(c.priya, revise(monthly, false))
		in := c.engaged("first-half", "2026-01-01", "2026-06-30", "CC6.2")
		out := c.engaged("elsewhere", "2026-01-01", "2026-06-30", "A1.1")
		early := c.engaged("before", "2025-01-01", "2025-12-31", "CC6.2")
		auditor := modelstest.Person(t, c.db, access.Auditor)
		for _, tc := range []struct {
			name string
			open []int64
			want []int
		}{
			{"the version of the period, and no draft", []int64{in}, []int{1}},
			{"nothing of a control out of scope", []int64{out}, nil},
			{"nothing before it was in effect", []int64{early}, nil},
			{"nothing outside the window", nil, nil},
		} {
			a := auditor
			a.Engagements = tc.open
			c.look(a, func(ctx context.Context, tx *models.Tx) error {
				k, err := control.ByCode(ctx, tx, "XX-01")
				if len(tc.want) == 0 {
					if models.KindOf(err) != models.KindNotFound {
						t.Errorf("%s: the control is visible", tc.name)
					}
					return nil
				}
				if err != nil {
					return err
				}
				all, err := control.Versions(ctx, tx, k)
				var got []int
				for _, v := range all {
					got = append(got, v.Number)
				}
				if !slices.Equal(got, tc.want) {
					t.Errorf("%s: got versions %v", tc.name, got)
				}
				v, err2 := control.Shown(ctx, tx, k)
				if err2 != nil || v.Number != tc.want[0] {
					t.Errorf("%s: shown is %d, %v", tc.name, v.Number, err2)
				}
				return err
			})
		}
	})
}

func TestTailored(t *testing.T) {
	if got := monthly.Tailored([]string{"quarter", ""}); got != "Every [quarter] the owner reviews all accounts within [five] days." {
		t.Error(got)
	}
	if got := monthly.Wording(); got != "Every month the owner reviews all accounts within five days." {
		t.Error(got)
	}
}

func TestNewRefusesCodes(t *testing.T) {
	each(t, func(c company) {
		c.written()
		for _, code := range []string{"", "a b", "ÄC-1", "AC/1", strings.Repeat("x", 21), "-1", "xx-01"} {
			c.refused(c.priya, models.KindInvalid, "code: ", func(ctx context.Context, tx *models.Tx) error {
				_, _, err := control.New(ctx, tx, code, monthly)
				return err
			})
		}
	})
}

func TestDiffMarksWords(t *testing.T) {
	newer := monthly
	newer.Statement = "Every [month] the owner and the backup reviews all accounts within [two] days."
	newer.Frequency = "weekly"
	changes := control.Diff(control.Version{Content: monthly}, control.Version{Content: newer})
	if len(changes) != 2 || changes[0].Label != "Statement" || changes[1].Label != "Frequency" {
		t.Fatalf("got %+v", changes)
	}
	var gained, lost, was, now []string
	for _, p := range changes[0].Was {
		was = append(was, p.Text)
		if p.Changed {
			lost = append(lost, strings.TrimSpace(p.Text))
		}
	}
	for _, p := range changes[0].Now {
		now = append(now, p.Text)
		if p.Changed {
			gained = append(gained, strings.TrimSpace(p.Text))
		}
	}
	if strings.Join(was, "") != monthly.Statement || strings.Join(now, "") != newer.Statement {
		t.Errorf("the pieces do not make the text: %q, %q", was, now)
	}
	if !slices.Equal(lost, []string{"[five]"}) || !slices.Equal(gained, []string{"and the backup", "[two]"}) {
		t.Errorf("lost %q, gained %q", lost, gained)
	}
}
