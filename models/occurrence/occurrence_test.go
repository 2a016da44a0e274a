package occurrence_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/control"
	"assay/models/evidence"
	"assay/models/modelstest"
	"assay/models/notice"
	"assay/models/occurrence"
	"assay/models/period"
	"assay/models/programme"
)

// A company in New York with two owners and two compliance managers. Today is 1 March
// 2026 at 09:30 there.
type company struct {
	*testing.T
	db                                     *models.DB
	owner, backup, other, priya, ines, eva access.Actor
}

func each(t *testing.T, f func(company)) {
	t.Helper()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		c := company{T: t, db: db}
		for role, actors := range map[access.Role][]*access.Actor{
			access.Owner: {&c.owner, &c.backup, &c.other}, access.Compliance: {&c.priya, &c.ines}, access.Executive: {&c.eva},
		} {
			for _, a := range actors {
				*a = modelstest.Person(t, db, role)
			}
		}
		c.must(c.as(c.priya, func(ctx context.Context, tx *models.Tx) error {
			_, err := programme.SetUp(ctx, tx, "Halyard AI", "America/New_York", nil)
			return err
		}))
		f(c)
	})
}

func (c company) as(a access.Actor, f func(context.Context, *models.Tx) error) error {
	return modelstest.As(c.T, c.db, a, f)
}

func (c company) must(err error) {
	c.Helper()
	if err != nil {
		c.Fatal(err)
	}
}

// refused fails the test unless err is of kind, and, of Invalid, about the field.
func (c company) refused(what string, err error, kind models.Kind, field string) {
	c.Helper()
	var e *models.Error
	if !errors.As(err, &e) || e.Kind != kind || field != "" && e.Fields[field] == "" {
		c.Errorf("%s: got %v", what, err)
	}
}

// control makes one of the owner's with versions of these frequencies, each from a day on.
func (c company) control(code string, versions ...control.Version) control.Control {
	c.Helper()
	row := control.Control{
		Code: code, Title: "Control " + code, Status: control.Effective, Frequency: versions[len(versions)-1].Frequency,
		OwnerID: &c.owner.ID, BackupID: &c.backup.ID, CreatedAt: modelstest.Now,
	}
	c.must(c.as(access.Clock, func(ctx context.Context, tx *models.Tx) error {
		if err := models.Insert(ctx, tx, &row, "control.create"); err != nil {
			return err
		}
		for i, v := range versions {
			v.ControlID, v.Code, v.Number, v.Title, v.Statement = row.ID, code, i+1, row.Title, "x"
			v.Status, v.AuthoredAt, v.ApproverID, v.ApprovedAt = control.Effective, modelstest.Now, &c.priya.ID, &modelstest.Now
			if i < len(versions)-1 {
				v.Status, v.EffectiveTo = control.Superseded, versions[i+1].EffectiveFrom.AddDays(-1)
			}
			if err := models.Insert(ctx, tx, &v, "control.approve"); err != nil {
				return err
			}
		}
		return nil
	}))
	return row
}

func version(frequency string, from models.Date) control.Version {
	return control.Version{Content: control.Content{Frequency: frequency}, EffectiveFrom: from}
}

func (c company) frame(from, to models.Date) occurrence.Frame {
	zone, err := time.LoadLocation("America/New_York")
	c.must(err)
	return occurrence.FrameOf(period.Span{From: from, To: to}, zone, c.db.Now())
}

func (c company) sheet(of control.Control, f occurrence.Frame) (s *occurrence.Sheet) {
	c.Helper()
	modelstest.Look(c.T, c.db, c.priya, func(ctx context.Context, tx *models.Tx) error {
		list, err := occurrence.Sheets(ctx, tx, f, occurrence.Scope{Controls: []int64{of.ID}})
		if len(list) == 1 {
			s = list[0]
		}
		return err
	})
	if s == nil {
		c.Fatalf("no sheet of %s", of.Code)
	}
	return s
}

// statuses are the occurrences of a control in 2026 by the month of their last day.
func (c company) statuses(of control.Control) string {
	c.Helper()
	f := c.frame("2026-01-01", "2026-12-31")
	var out []string
	for o := range c.sheet(of, f).Facts.Occurrences(f.Days, f.Today) {
		word := o.Status.ID()
		if o.ProofLate {
			word += "+late_evidence"
		}
		out = append(out, word)
		if o.First > f.Today {
			break
		}
	}
	return strings.Join(out, "/")
}

func (c company) perform(a access.Actor, of control.Control, act occurrence.Act) error {
	return c.as(a, func(ctx context.Context, tx *models.Tx) error {
		_, err := occurrence.Perform(ctx, tx, of, act)
		return err
	})
}

// submit uploads evidence that covers days and was made at an instant, as the owner.
func (c company) submit(of control.Control, covers period.Span, at time.Time, window period.Span) evidence.Item {
	c.Helper()
	return c.submitAs(c.owner, of, covers, at, window)
}

func (c company) submitAs(a access.Actor, of control.Control, covers period.Span, at time.Time, window period.Span) evidence.Item {
	c.Helper()
	var i evidence.Item
	c.must(c.as(a, func(ctx context.Context, tx *models.Tx) (err error) {
		d := evidence.Details{Title: "Export", Kind: "system_export", Source: "Okta", CoversFrom: covers.From, CoversTo: covers.To}
		if !at.IsZero() { // otherwise it states no act
			d.PerformedAt = &at
		}
		if d.PerformedAt != nil && c.db.Now().Sub(at) > evidence.OwnerStatedAfter {
			d.LateReason = "Forgotten."
		}
		files := []evidence.Upload{{Name: "a.csv", Digest: strings.Repeat("ab", 32), Size: 1}}
		if i, err = evidence.Store(ctx, tx, evidence.Parcel{ControlID: of.ID, Details: d, Files: files}); err != nil {
			return err
		}
		i, err = occurrence.SubmitEvidence(ctx, tx, i.ID, i.Rev, window)
		return err
	}))
	return i
}

func (c company) accept(i evidence.Item) {
	c.Helper()
	c.must(c.as(c.priya, func(ctx context.Context, tx *models.Tx) error {
		_, err := evidence.Accept(ctx, tx, i.ID, i.Rev, "")
		return err
	}))
}

func at(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t
}

func span(from, to models.Date) period.Span { return period.Span{From: from, To: to} }

var (
	january  = span("2026-01-01", "2026-01-31")
	february = span("2026-02-01", "2026-02-28")
)

func TestPerformancesAreStatementsOfThosePresent(t *testing.T) {
	each(t, func(c company) {
		ac := c.control("AC-03", version("monthly", "2026-01-01"))
		yesterday := modelstest.Now.Add(-24 * time.Hour)
		c.refused("an owner of something else", c.perform(c.other, ac, occurrence.Act{At: yesterday, Result: "ok"}), models.KindForbidden, "")
		c.refused("in the future", c.perform(c.owner, ac, occurrence.Act{At: modelstest.Now.Add(time.Second), Result: "ok"}), models.KindInvalid, "performed_at")
		c.refused("eight days ago without evidence", c.perform(c.owner, ac, occurrence.Act{At: modelstest.Now.AddDate(0, 0, -8), Result: "ok", LateReason: "I was away."}), models.KindInvalid, "performed_at")
		c.refused("without a result or a file", c.perform(c.owner, ac, occurrence.Act{At: yesterday}), models.KindInvalid, "result")
		c.refused("before its window", c.perform(c.owner, ac, occurrence.Act{At: yesterday, Window: span("2026-03-01", "2026-03-31"), Result: "ok"}), models.KindInvalid, "performed_at")
		c.must(c.perform(c.owner, ac, occurrence.Act{At: modelstest.Now.AddDate(0, 0, -7), Window: february, Result: "All 14 kept."}))
		c.refused("the same once more, as when a button is pressed twice", c.perform(c.owner, ac, occurrence.Act{At: modelstest.Now.AddDate(0, 0, -7), Window: february, Result: "All 14 kept."}), models.KindConflict, "")
		c.submit(ac, january, modelstest.Now.AddDate(0, 0, -40), january)
		if got := c.statuses(ac); got != "on_time+late_evidence/on_time/pending/upcoming" {
			t.Errorf("statuses %q", got)
		}
		var list []occurrence.Performance
		modelstest.Look(t, c.db, c.priya, func(ctx context.Context, tx *models.Tx) (err error) {
			list, err = occurrence.Performances(ctx, tx, ac.ID, 10)
			return err
		})
		if len(list) != 2 || list[0].OwnerStated() || !list[1].OwnerStated() {
			t.Fatalf("performances %+v", list)
		}
		take := func(a access.Actor, reason string) error {
			return c.as(a, func(ctx context.Context, tx *models.Tx) error {
				_, err := occurrence.Withdraw(ctx, tx, list[0].ID, list[0].Rev, reason)
				return err
			})
		}
		c.refused("withdrawn by somebody else", take(c.backup, "No."), models.KindForbidden, "")
		c.refused("withdrawn without a reason", take(c.owner, ""), models.KindInvalid, "reason")
		c.must(take(c.owner, "It was the other list."))
		c.refused("withdrawn twice", take(c.owner, "Again."), models.KindConflict, "")
		if got := c.statuses(ac); got != "on_time+late_evidence/pending/pending/upcoming" {
			t.Errorf("statuses %q after it was withdrawn", got)
		}
	})
}

func TestRule06OfTheRecord(t *testing.T) {
	each(t, func(c company) {
		rev := version("monthly", "2026-01-01")
		five := 5
		rev.GraceDays = &five
		ac := c.control("AC-03", rev)
		modelstest.At(c.db, at("2026-02-09T15:00:00Z"))
		c.accept(c.submit(ac, january, at("2026-01-28T15:00:00Z"), january))
		if got := c.statuses(ac); got != "on_time+late_evidence/pending/upcoming" {
			t.Errorf("performed 28 January, uploaded 9 February: %q", got)
		}
		late := c.control("AC-04", rev)
		c.accept(c.submit(late, january, at("2026-02-09T14:00:00Z"), january))
		if got := c.statuses(late); got != "late+late_evidence/pending/upcoming" {
			t.Errorf("performed 9 February for January: %q", got)
		}
		// Midnight is the company's: 05:30 UTC on 6 February is half past midnight in New York, a day too late.
		edge := c.control("AC-05", rev)
		c.must(c.perform(c.owner, edge, occurrence.Act{At: at("2026-02-06T04:30:00Z"), Window: january, Result: "ok"}))
		if got := c.statuses(edge); got != "on_time_in_grace/pending/upcoming" {
			t.Errorf("on the evening of 5 February: %q", got)
		}
	})
}

func TestEvidenceSpeaksOfOneWindow(t *testing.T) {
	each(t, func(c company) {
		ac := c.control("AC-03", version("monthly", "2026-01-01"))
		i := c.submit(ac, february, at("2026-02-27T15:00:00Z"), span("2026-02-03", "2026-12-31")) // no window of the control's
		if got := c.statuses(ac); got != "missed/on_time/pending/upcoming" {
			t.Errorf("statuses %q", got)
		}
		// Returned and sent again with another time: the first statement is withdrawn, and stays.
		c.must(c.as(c.priya, func(ctx context.Context, tx *models.Tx) (err error) {
			i, err = occurrence.ReturnEvidence(ctx, tx, i.ID, i.Rev, "The date is wrong.")
			return err
		}))
		c.must(c.as(c.owner, func(ctx context.Context, tx *models.Tx) (err error) {
			d := i.Details
			d.PerformedAt = new(time.Time)
			*d.PerformedAt = at("2026-02-20T15:00:00Z")
			d.LateReason = "I had the wrong one."
			if i, err = evidence.Amend(ctx, tx, i.ID, i.Rev, d); err != nil {
				return err
			}
			i, err = occurrence.SubmitEvidence(ctx, tx, i.ID, i.Rev, period.Span{})
			return err
		}))
		modelstest.Look(t, c.db, c.priya, func(ctx context.Context, tx *models.Tx) error {
			list, err := occurrence.Performances(ctx, tx, ac.ID, 10)
			if len(list) != 2 || list[0].WithdrawnAt == nil || list[1].WithdrawnAt != nil {
				t.Errorf("performances %+v", list)
			}
			return err
		})
	})
}

func TestNothingToDoIsForSomebodyElseToSay(t *testing.T) {
	each(t, func(c company) {
		ac := c.control("AC-03", version("monthly", "2026-01-01"))
		excuse := func(a access.Actor, w period.Span, reason string) (e occurrence.Exemption, err error) {
			err = c.as(a, func(ctx context.Context, tx *models.Tx) (err error) {
				e, err = occurrence.Excuse(ctx, tx, ac, w, reason)
				return err
			})
			return e, err
		}
		decide := func(a access.Actor, e occurrence.Exemption, yes bool, note string) error {
			return c.as(a, func(ctx context.Context, tx *models.Tx) error {
				_, err := occurrence.Decide(ctx, tx, e.ID, e.Rev, yes, note)
				return err
			})
		}
		_, err := excuse(c.owner, february, "")
		c.refused("without a reason", err, models.KindInvalid, "reason")
		_, err = excuse(c.owner, span("2026-02-02", "2026-02-28"), "x")
		c.refused("a window that is none", err, models.KindNotFound, "")
		_, err = excuse(c.other, february, "x")
		c.refused("by somebody else", err, models.KindForbidden, "")
		e, err := excuse(c.owner, february, "Nobody joined in February.")
		c.must(err)
		_, err = excuse(c.backup, february, "Me too.")
		c.refused("twice", err, models.KindConflict, "")
		modelstest.At(c.db, at("2026-03-20T15:00:00Z"))
		if got := c.statuses(ac); got != "missed/missed/pending/upcoming" {
			t.Errorf("asked is not decided: %q", got)
		}
		c.refused("decided by the owner", decide(c.owner, e, true, ""), models.KindForbidden, "")
		c.refused("refused without a word", decide(c.priya, e, false, ""), models.KindInvalid, "note")
		c.must(decide(c.priya, e, true, ""))
		c.refused("decided twice", decide(c.ines, e, false, "No."), models.KindConflict, "")
		if got := c.statuses(ac); got != "missed/not_applicable/pending/upcoming" {
			t.Errorf("statuses %q", got)
		}
		// A manager who asks does not decide, and neither does one who owns the control.
		e, err = excuse(c.priya, january, "No.")
		c.must(err)
		c.refused("decided by who asked", decide(c.priya, e, true, ""), models.KindForbidden, "")
		c.must(c.as(c.priya, func(ctx context.Context, tx *models.Tx) error {
			now, err := control.ByID(ctx, tx, ac.ID)
			if err != nil {
				return err
			}
			return control.Assign(ctx, tx, &now, &c.ines.ID, nil)
		}))
		c.refused("decided by the owner of today", decide(c.ines, e, true, ""), models.KindForbidden, "")
	})
}

func TestTheDatabaseGuardsToo(t *testing.T) {
	each(t, func(c company) {
		ac := c.control("AC-03", version("monthly", "2026-01-01"))
		for what, row := range map[string]occurrence.Exemption{
			"decided by who asked": {DecidedBy: &c.owner.ID, Status: occurrence.Approved, DecidedAt: &modelstest.Now},
			"approved by nobody":   {Status: occurrence.Approved},
			"decided by the owner": {DecidedBy: &c.priya.ID, OwnerID: &c.priya.ID, Status: occurrence.Approved, DecidedAt: &modelstest.Now},
			"refused in silence":   {DecidedBy: &c.priya.ID, Status: occurrence.Refused, DecidedAt: &modelstest.Now},
		} {
			row.ControlID, row.Code, row.WindowFrom, row.WindowTo, row.Reason, row.AskedBy, row.AskedAt = ac.ID, ac.Code, "2026-02-01", "2026-02-28", "x", c.owner.ID, modelstest.Now
			err := c.as(c.priya, func(ctx context.Context, tx *models.Tx) error { return models.Insert(ctx, tx, &row, "x") })
			if !models.Broken(err) {
				t.Errorf("%s: %v", what, err)
			}
		}
		p := occurrence.Performance{ControlID: ac.ID, Code: ac.Code, PerformedAt: modelstest.Now.Add(time.Second), PerformedBy: "x", RecordedBy: c.owner.ID, RecordedAt: modelstest.Now}
		if err := c.as(c.owner, func(ctx context.Context, tx *models.Tx) error { return models.Insert(ctx, tx, &p, "x") }); !models.Broken(err) {
			t.Errorf("performed after it was recorded: %v", err)
		}
	})
}

func (c company) owed(scope occurrence.Scope) []occurrence.Task {
	c.Helper()
	f := c.frame("2026-01-01", "2026-12-31")
	f.Days = occurrence.TaskDays("2026-01-01", f.Today)
	var out []occurrence.Task
	modelstest.Look(c.T, c.db, c.priya, func(ctx context.Context, tx *models.Tx) (err error) {
		out, err = occurrence.Owed(ctx, tx, f, scope)
		return err
	})
	return out
}

func words(c company, tasks []occurrence.Task) []string {
	who := map[int64]string{c.owner.ID: "owner", c.backup.ID: "backup", c.other.ID: "other", c.ines.ID: "ines"}
	var out []string
	for _, t := range tasks {
		out = append(out, t.Sheet.Code+" "+string(t.Want)+" "+string(t.Window.Last.Date())+" "+who[t.PersonID])
	}
	return out
}

func TestTasks(t *testing.T) {
	each(t, func(c company) {
		modelstest.At(c.db, at("2026-05-06T15:00:00Z"))
		ac := c.control("AC-03", version("monthly", "2026-01-01"))
		got := words(c, c.owed(occurrence.Scope{Person: c.owner.ID}))
		if want := []string{"AC-03 perform 2026-03-31 owner", "AC-03 perform 2026-04-30 owner", "AC-03 perform 2026-05-31 owner"}; !slices.Equal(got, want) {
			t.Errorf("nothing done: %q", got)
		}
		if older := c.owed(occurrence.Scope{})[0].Older; older != 2 {
			t.Errorf("%d older windows", older)
		}
		april := span("2026-04-01", "2026-04-30")
		c.must(c.perform(c.owner, ac, occurrence.Act{At: at("2026-04-30T15:00:00Z"), Window: april, Result: "ok"}))
		got = words(c, c.owed(occurrence.Scope{}))
		if want := "AC-03 evidence 2026-04-30 owner"; got[1] != want {
			t.Errorf("performed without evidence: %q", got)
		}
		c.submit(ac, span("2026-04-01", "2026-04-14"), at("2026-05-05T15:00:00Z"), april)
		if task := c.owed(occurrence.Scope{})[1]; len(task.Holes) != 1 || task.Holes[0].Span() != span("2026-04-15", "2026-04-30") {
			t.Errorf("a part of it: holes %v", task.Holes)
		}
		c.submit(ac, span("2026-04-15", "2026-04-30"), at("2026-05-05T15:00:00Z"), april)
		if got := words(c, c.owed(occurrence.Scope{})); len(got) != 3 || got[1] != "AC-03 perform 2026-03-31 owner" {
			t.Errorf("all of April: %q", got)
		}

		// Rule 5: from now on it is somebody else's, and what was done keeps the old name.
		march := span("2026-03-01", "2026-03-31")
		hand := func(a access.Actor, to int64) error {
			return c.as(a, func(ctx context.Context, tx *models.Tx) error {
				_, err := occurrence.HandOver(ctx, tx, ac, march, to, "You did the last one.")
				return err
			})
		}
		c.refused("handed over by who has it not", hand(c.other, c.owner.ID), models.KindForbidden, "")
		c.refused("handed to an executive", hand(c.owner, c.eva.ID), models.KindInvalid, "to")
		c.must(hand(c.owner, c.other.ID))
		if got := words(c, c.owed(occurrence.Scope{Person: c.other.ID})); !slices.Contains(got, "AC-03 perform 2026-03-31 other") {
			t.Errorf("handed over: %q", got)
		}
		c.must(c.perform(c.other, ac, occurrence.Act{At: at("2026-05-05T15:00:00Z"), Window: march, Result: "ok"}))
		c.must(hand(c.other, c.owner.ID)) // and back
		if got := words(c, c.owed(occurrence.Scope{Person: c.other.ID})); len(got) != 0 {
			t.Errorf("handed back: %q", got)
		}
		c.must(c.as(c.priya, func(ctx context.Context, tx *models.Tx) error {
			now, err := control.ByID(ctx, tx, ac.ID)
			if err != nil {
				return err
			}
			return control.Assign(ctx, tx, &now, &c.other.ID, nil)
		}))
		got = words(c, c.owed(occurrence.Scope{}))
		if !slices.Contains(got, "AC-03 perform 2026-05-31 other") {
			t.Errorf("the new owner: %q", got)
		}
		modelstest.Look(t, c.db, c.priya, func(ctx context.Context, tx *models.Tx) error {
			list, err := occurrence.Performances(ctx, tx, ac.ID, 10)
			for _, p := range list {
				if p.PerformedBy != c.owner.Name && p.PerformedBy != c.other.Name {
					t.Errorf("performed by %s", p.PerformedBy)
				}
			}
			return err
		})
	})
}

func TestQuestions(t *testing.T) {
	each(t, func(c company) {
		ac := c.control("AC-03", version("monthly", "2026-01-01"))
		var q occurrence.Question
		c.must(c.as(c.owner, func(ctx context.Context, tx *models.Tx) (err error) {
			q, err = occurrence.Ask(ctx, tx, ac, february, "Are contractors part of it? @"+c.other.Name+" knows.")
			return err
		}))
		modelstest.Look(c.T, c.db, c.other, func(ctx context.Context, tx *models.Tx) error {
			told, err := models.Rows[notice.Notice](tx).Find(ctx)
			if len(told) != 1 || told[0].Kind != notice.Mentioned || told[0].About != "tasks/AC-03/2026-02-01/2026-02-28" {
				c.Errorf("whom the question names was told %+v", told)
			}
			return err
		})
		answer := func(a access.Actor, text string) error {
			return c.as(a, func(ctx context.Context, tx *models.Tx) error {
				_, err := occurrence.Answer(ctx, tx, q.ID, q.Rev, text)
				return err
			})
		}
		c.refused("by somebody else", answer(c.other, "No."), models.KindForbidden, "")
		c.refused("empty", answer(c.priya, ""), models.KindInvalid, "answer")
		c.must(answer(c.priya, "Yes, since January."))
		c.refused("twice", answer(c.ines, "No."), models.KindConflict, "")
	})
}

// TestAWindowThatIsNoneTakesNothing: days that are no window of the control, and a window of
// the year 2030, take no performance, no question, no excuse and no hand-over.
func TestAWindowThatIsNoneTakesNothing(t *testing.T) {
	each(t, func(c company) {
		ac := c.control("AC-03", version("monthly", "2026-01-01"))
		for _, window := range []period.Span{
			span("2026-02-05", "2026-02-07"), span("2020-02-01", "2020-02-29"), span("2030-03-01", "2030-03-31"), span("2026-02-28", "2026-02-01"), span("2026-02-01", ""),
		} {
			for what, do := range map[string]func(context.Context, *models.Tx) error{
				"perform": func(ctx context.Context, tx *models.Tx) error {
					_, err := occurrence.Perform(ctx, tx, ac, occurrence.Act{At: modelstest.Now.Add(-time.Hour), Window: window, Result: "ok"})
					return err
				},
				"ask": func(ctx context.Context, tx *models.Tx) error {
					_, err := occurrence.Ask(ctx, tx, ac, window, "Does it count?")
					return err
				},
				"excuse": func(ctx context.Context, tx *models.Tx) error {
					_, err := occurrence.Excuse(ctx, tx, ac, window, "Nothing to do.")
					return err
				},
				"hand over": func(ctx context.Context, tx *models.Tx) error {
					_, err := occurrence.HandOver(ctx, tx, ac, window, c.other.ID, "")
					return err
				},
			} {
				c.refused(what+" "+string(window.From), c.as(c.owner, do), models.KindNotFound, "")
			}
		}
		modelstest.Look(t, c.db, c.priya, func(ctx context.Context, tx *models.Tx) error {
			n, err := models.Value[int](ctx, tx, "SELECT (SELECT count(*) FROM performances) + (SELECT count(*) FROM questions) + (SELECT count(*) FROM exemptions) + (SELECT count(*) FROM delegations) + (SELECT count(*) FROM notices)")
			if n != 0 {
				t.Errorf("%d records", n)
			}
			return err
		})
		// The window of next year can be excused and asked about.
		c.must(c.as(c.owner, func(ctx context.Context, tx *models.Tx) error {
			_, err := occurrence.Ask(ctx, tx, ac, span("2027-02-01", "2027-02-28"), "Will it count?")
			return err
		}))
	})
}

// TestWhatIsApprovedOfAWindowToComeIsNoHistory: excused and approved on 1 March, April is
// nothing yet until 1 April.
func TestWhatIsApprovedOfAWindowToComeIsNoHistory(t *testing.T) {
	april := span("2026-04-01", "2026-04-30").Days()
	for day, want := range map[string]string{"2026-03-31": "Approved; counts once the window begins", "2026-04-01": "Not applicable, approved"} {
		if got := occurrence.Approved.LabelOn(span(models.Date(day), models.Date(day)).Days().First, april.First); got != want {
			t.Errorf("on %s: %q", day, got)
		}
	}
	if got := occurrence.Asked.LabelOn(april.First-10, april.First); got != "Waits for approval" {
		t.Errorf("asked: %q", got)
	}
}
