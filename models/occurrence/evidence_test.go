package occurrence_test

import (
	"context"
	"testing"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/evidence"
	"assay/models/modelstest"
	"assay/models/occurrence"
	"assay/models/period"
)

func (c company) take(how func(context.Context, *models.Tx, int64, int64, string) (evidence.Item, error), i evidence.Item, why string) evidence.Item {
	c.Helper()
	c.must(c.as(c.priya, func(ctx context.Context, tx *models.Tx) (err error) {
		i, err = how(ctx, tx, i.ID, i.Rev, why)
		return err
	}))
	return i
}

// TestRule06AWideCoverMakesNoMissedWindowOnTime: October was missed, its grace ended on 10
// November. On 25 November evidence of that day comes, which is said to cover from the end
// of September on.
func TestRule06AWideCoverMakesNoMissedWindowOnTime(t *testing.T) {
	each(t, func(c company) {
		pi := c.control("PI-05", version("monthly", "2026-10-01"))
		other := c.control("PI-06", version("monthly", "2026-09-01"))
		modelstest.At(c.db, at("2026-11-25T15:00:00Z"))
		c.accept(c.submit(pi, span("2026-09-30", "2026-11-25"), at("2026-11-25T14:00:00Z"), period.Span{}))
		if got := c.statuses(pi); got != "late+late_evidence/pending/upcoming" {
			t.Errorf("made up for on 25 November, October and November are %q", got)
		}
		c.accept(c.submit(other, span("2026-08-30", "2026-11-25"), at("2026-11-25T14:00:00Z"), period.Span{}))
		if got := c.statuses(other); got != "missed+late_evidence/missed+late_evidence/on_time/upcoming" {
			t.Errorf("an act of November says nothing of two other months, which are %q", got)
		}
	})
}

// TestRule03OfTheRecord: an export of 1 January to 15 March that states no act shows
// January and February, whoever sent it, and March only once the rest is there.
func TestRule03OfTheRecord(t *testing.T) {
	each(t, func(c company) {
		ac := c.control("AC-10", version("monthly", "2026-01-01"))
		modelstest.At(c.db, at("2026-03-16T15:00:00Z"))
		i := c.submitAs(c.other, ac, span("2026-01-01", "2026-03-15"), time.Time{}, period.Span{})
		if got := c.owed(occurrence.Scope{}); len(got) != 1 || got[0].Window.Span() != span("2026-03-01", "2026-03-31") {
			t.Errorf("in review it answers January and February, and owed is %q", words(c, got))
		}
		c.accept(i)
		modelstest.At(c.db, at("2026-04-12T15:00:00Z"))
		if got := c.statuses(ac); got != "on_time+late_evidence/on_time+late_evidence/missed/pending/upcoming" {
			t.Errorf("statuses %q", got)
		}
		for _, task := range c.owed(occurrence.Scope{}) {
			if task.Window.Last.Date() == "2026-03-31" && (len(task.Holes) != 1 || task.Holes[0].Span() != span("2026-03-16", "2026-03-31")) {
				t.Errorf("the hole of March is %v", task.Holes)
			}
		}
		c.accept(c.submit(ac, span("2026-03-15", "2026-03-31"), time.Time{}, period.Span{}))
		if got := c.statuses(ac); got != "on_time+late_evidence/on_time+late_evidence/on_time+late_evidence/pending/upcoming" {
			t.Errorf("with the rest of March %q", got)
		}
	})
}

// TestEvidenceOfSomebodyElseRecordsNothing: who has no part in a control does not say when
// it was performed, until the task is handed to them.
func TestEvidenceOfSomebodyElseRecordsNothing(t *testing.T) {
	each(t, func(c company) {
		mo := c.control("MO-03", version("monthly", "2026-01-01"))
		modelstest.At(c.db, at("2026-02-04T15:00:00Z"))
		c.accept(c.submitAs(c.other, mo, january, at("2026-01-29T15:00:00Z"), january))
		if got := c.statuses(mo); got != "pending/pending/upcoming" {
			t.Errorf("evidence of somebody else: %q", got)
		}
		c.must(c.as(c.owner, func(ctx context.Context, tx *models.Tx) error {
			_, err := occurrence.HandOver(ctx, tx, mo, january, c.other.ID, "")
			return err
		}))
		c.submitAs(c.other, mo, january, at("2026-01-29T15:00:00Z"), january)
		if got := c.statuses(mo); got != "on_time/pending/upcoming" {
			t.Errorf("handed to them: %q", got)
		}
	})
}

// TestWhatIsTakenBackTakesItsPerformance: returned, sent again, and withdrawn.
func TestWhatIsTakenBackTakesItsPerformance(t *testing.T) {
	each(t, func(c company) {
		mo := c.control("MO-03", version("monthly", "2026-01-01"))
		modelstest.At(c.db, at("2026-02-12T15:00:00Z"))
		i := c.submit(mo, january, at("2026-02-08T15:00:00Z"), january)
		is := func(when, want string) {
			t.Helper()
			if got := c.statuses(mo); got != want {
				t.Errorf("%s: %q, want %q", when, got, want)
			}
		}
		is("sent", "on_time_in_grace+late_evidence/pending/upcoming")
		i = c.take(occurrence.ReturnEvidence, i, "No date on it.")
		is("returned", "missed/pending/upcoming")
		c.must(c.as(c.owner, func(ctx context.Context, tx *models.Tx) (err error) {
			i, err = occurrence.SubmitEvidence(ctx, tx, i.ID, i.Rev, period.Span{}) // from its own page, which names no window
			return err
		}))
		is("sent again", "on_time_in_grace+late_evidence/pending/upcoming")
		c.take(occurrence.WithdrawEvidence, i, "Fabricated.")
		is("withdrawn", "missed/pending/upcoming")
		modelstest.Look(t, c.db, c.priya, func(ctx context.Context, tx *models.Tx) error {
			list, err := occurrence.Performances(ctx, tx, mo.ID, 10)
			if len(list) != 2 || list[0].WithdrawnNote != "E-1 was withdrawn: Fabricated." || list[1].WithdrawnNote != "E-1 was returned: No date on it." || *list[0].WithdrawnBy != c.priya.ID {
				t.Errorf("performances %+v", list)
			}
			return err
		})
	})
}

// TestWhatWasTakenBackEarlierCountsNoLonger: rows of the time when a withdrawal let the
// performance stand, and of screenshots that claimed a quarter.
func TestWhatWasTakenBackEarlierCountsNoLonger(t *testing.T) {
	each(t, func(c company) {
		mo := c.control("MO-03", version("monthly", "2026-01-01"))
		modelstest.At(c.db, at("2026-02-09T15:00:00Z"))
		c.take(evidence.Withdraw, c.submit(mo, january, at("2026-02-08T15:00:00Z"), january), "Fabricated.")
		if got := c.statuses(mo); got != "pending/pending/upcoming" {
			t.Errorf("withdrawn before performances were: %q", got)
		}
		acted, sent := at("2026-01-20T14:00:00Z"), at("2026-01-20T15:00:00Z")
		shot := evidence.Item{ControlID: mo.ID, Status: evidence.Accepted, UploadedBy: c.owner.ID, UploadedAt: sent, SubmittedAt: &sent, DecidedBy: &c.priya.ID}
		shot.Details = evidence.Details{Title: "Old", Kind: "screenshot", Source: "Okta", PerformedAt: &acted, CoversFrom: "2026-01-01", CoversTo: "2026-03-31"}
		c.must(c.as(access.Clock, func(ctx context.Context, tx *models.Tx) error { return models.Insert(ctx, tx, &shot, "x") }))
		f := c.frame("2026-01-01", "2026-12-31")
		for o := range c.sheet(mo, f).Facts.Occurrences(f.Days, f.Today) {
			if want := map[bool]period.Proof{true: period.Partly, false: period.Nothing}[o.Last.Date() == "2026-01-31"]; o.Proof != want {
				t.Errorf("a screenshot of 20 January: the month to %s has %s", o.Last.Date(), o.Proof.Label())
			}
		}
		shot.Meta, shot.Kind, shot.PerformedAt = models.Meta{}, "ticket", nil
		if err := c.as(access.Clock, func(ctx context.Context, tx *models.Tx) error { return models.Insert(ctx, tx, &shot, "x") }); !models.Broken(err) {
			t.Errorf("a ticket that states no act: %v", err)
		}
	})
}

// TestEvidenceOfAllDaysThatThereWasAControl: it began on 15 February. What covers it from that
// day to the end of the quarter is about that quarter, though the control acted in April.
func TestEvidenceOfAllDaysThatThereWasAControl(t *testing.T) {
	each(t, func(c company) {
		ac := c.control("AC-12", version("quarterly", "2026-02-15"))
		modelstest.At(c.db, at("2026-04-03T15:00:00Z"))
		c.submit(ac, span("2026-02-15", "2026-03-31"), at("2026-04-02T15:00:00Z"), period.Span{})
		if got := c.statuses(ac); got != "on_time_in_grace/pending/upcoming" {
			t.Errorf("statuses %q", got)
		}
	})
}
