package occurrence_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"assay/models"
	"assay/models/control"
	"assay/models/modelstest"
	"assay/models/occurrence"
	"assay/models/period"
)

// blind are the months of 2026 with days of which nobody knows anything, by number.
func (c company) blind(of control.Control, f occurrence.Frame) string {
	var out []string
	for i, sq := range c.sheet(of, f).Squares(f) {
		if sq.Blind > 0 {
			out = append(out, fmt.Sprint(i+1))
		}
	}
	return strings.Join(out, " ")
}

// TestWhatIsUnknownStaysUnknownWhenTheFrequencyChanges: a version speaks of the days on
// which it counted. Today is 25 November 2026.
func TestWhatIsUnknownStaysUnknownWhenTheFrequencyChanges(t *testing.T) {
	each(t, func(c company) {
		modelstest.At(c.db, at("2026-11-25T15:00:00Z"))
		f := c.frame("2026-01-01", "2026-12-31")
		first := leavers()
		first.EffectiveFrom = "2026-03-01"
		for _, k := range []struct {
			what, blind string
			of          control.Control
			kind        string
		}{
			{"eight months event-driven, then monthly", "3 4 5 6 7 8 9 10", c.control("NW-04", first, version("monthly", "2026-11-25")), occurrence.Triggers},
			{"ten months continuous, then monthly", "1 2 3 4 5 6 7 8 9 10", c.control("MO-01", version("continuous", "2026-01-01"), version("monthly", "2026-11-25")), occurrence.Signals},
			{"many a day, then monthly since June", "1 2 3 4 5", c.control("CM-01", version("multiple_daily", "2026-01-01"), version("monthly", "2026-06-01")), occurrence.Triggers},
		} {
			s := c.sheet(k.of, f)
			if got := c.blind(k.of, f); got != k.blind {
				t.Errorf("%s: unknown in %q, want %q", k.what, got, k.blind)
			}
			want := occurrence.Blind
			if strings.HasSuffix(k.what, "June") {
				want = occurrence.Behind // June to October were missed, which is graver
			}
			if got := s.Standing(f, false); got != want {
				t.Errorf("%s: it is %s", k.what, got)
			}
			if got := s.ListOn(period.Span{From: "2026-05-01", To: "2026-05-31"}.Days()); got != k.kind {
				t.Errorf("%s: in May it rested on %q", k.what, got)
			}
			if got := s.ListOn(period.Span{From: "2026-12-01", To: "2026-12-31"}.Days()); got != "" {
				t.Errorf("%s: in December it rests on %q", k.what, got)
			}
		}
		if got := c.sheet(c.control("NW-05", first, version("monthly", "2026-11-25")), f).Tally(f).Unknown; !slices.Equal(got, []period.Days{days("2026-03-01", "2026-11-24")}) {
			t.Errorf("triggers are unknown for %v", got)
		}
	})
}

func days(from, to models.Date) period.Days { return period.Span{From: from, To: to}.Days() }

// TestAMissedWindowStaysMissedWhenTheFrequencyChanges: October was missed under version 1,
// which was monthly.
func TestAMissedWindowStaysMissedWhenTheFrequencyChanges(t *testing.T) {
	each(t, func(c company) {
		modelstest.At(c.db, at("2026-11-25T15:00:00Z"))
		f := c.frame("2026-01-01", "2026-12-31")
		pi := c.control("PI-06", version("monthly", "2026-09-01"), version("multiple_daily", "2026-11-20"))
		c.must(c.perform(c.priya, pi, occurrence.Act{At: at("2026-11-20T12:00:00Z"), Window: span("2026-09-01", "2026-09-30"), Result: "Done."}))
		s := c.sheet(pi, f)
		if got := s.Standing(f, false); got != occurrence.Behind {
			t.Errorf("with October missed it is %s", got)
		}
		squares := s.Squares(f)
		if squares[8].Of(period.Late) != 1 || squares[9].Of(period.Missed) != 1 {
			t.Errorf("September %+v, October %+v", squares[8].Counts, squares[9].Counts)
		}
		if got := s.Tally(f).Unknown; !slices.Equal(got, []period.Days{days("2026-11-20", "2026-11-25")}) {
			t.Errorf("triggers are unknown for %v, want the days of version 2", got)
		}
		if got := c.blind(pi, f); got != "" {
			t.Errorf("unknown in %q, and no month of version 2 is over", got)
		}
		var owed []string
		for _, task := range c.owed(occurrence.Scope{Controls: []int64{pi.ID}}) {
			owed = append(owed, string(task.Want)+" "+occurrence.InWords(task.Window.Span()))
		}
		if got := strings.Join(owed, ", "); got != "evidence September 2026, perform October 2026" {
			t.Errorf("owed: %s", got)
		}
	})
}

// TestListsFollowTheVersionsOfTheirDays: what a list is, and by when the control had to act,
// is what the version of the day says.
func TestListsFollowTheVersionsOfTheirDays(t *testing.T) {
	each(t, func(c company) {
		modelstest.At(c.db, at("2026-11-25T15:00:00Z"))
		f := c.frame("2026-01-01", "2026-12-31")
		first := leavers()
		first.EffectiveFrom = "2026-02-15"
		nw := c.control("NW-04", first, version("monthly", "2026-11-01"))
		fresh := func(from, to models.Date) occurrence.List {
			l := list(from, to)
			l.ExtractedAt = at("2026-11-25T14:00:00Z")
			return l
		}
		_, err := c.add(c.owner, nw, fresh("2026-11-01", "2026-11-24"), table("key,at\nL-9,2026-11-02"))
		c.refused("days with dates of their own", err, models.KindInvalid, "file")
		_, err = c.add(c.owner, nw, fresh("2026-02-01", "2026-11-24"), table(`key,at,done
L-1,2026-02-10 12:00,
L-2,2026-02-20 12:00,2026-02-21 11:00
L-3,2026-11-05 12:00,`))
		c.must(err)
		s := c.sheet(nw, f)
		if got := s.Tally(f); got.Total() != 1 || got.Of(period.OnTime) != 1 || len(got.Unknown) != 0 {
			t.Errorf("only what was triggered while the version counted is its: %+v", got)
		}
		if got := c.blind(nw, f); got != "" {
			t.Errorf("unknown in %s", got)
		}

		mo := c.control("MO-01", version("continuous", "2026-01-01"), version("event", "2026-07-01"), version("monthly", "2026-10-01"))
		_, err = c.add(c.owner, mo, fresh("2026-06-01", "2026-07-31"), table("key,at\nL-1,2026-07-02"))
		c.refused("days of two kinds", err, models.KindInvalid, "covers_to")
		l, err := c.add(c.owner, mo, fresh("2026-01-01", "2026-06-30"), table("from,to,result\n2026-01-01,2026-07-01,pass"))
		c.must(err)
		if l.Kind != occurrence.Signals {
			t.Errorf("January to June is a list of %s", l.Kind)
		}
		if got := c.blind(mo, f); got != "7 8 9" {
			t.Errorf("check results do not speak of triggers: unknown in %q", got)
		}
		l, err = c.add(c.owner, mo, fresh("2026-07-01", "2026-09-30"), table("key,at\nL-1,2026-07-02"))
		c.must(err)
		if l.Kind != occurrence.Triggers || c.blind(mo, f) != "" {
			t.Errorf("a list of %s, unknown in %q", l.Kind, c.blind(mo, f))
		}
		modelstest.Look(t, c.db, c.owner, func(ctx context.Context, tx *models.Tx) error {
			for _, k := range []struct {
				of   control.Control
				want bool
			}{{nw, true}, {mo, true}, {c.control("AC-09", version("monthly", "2026-01-01")), false}} {
				kind, err := occurrence.ListKind(ctx, tx, k.of)
				if err != nil || (kind != "") != k.want {
					t.Errorf("%s rests on %q, %v", k.of.Code, kind, err)
				}
			}
			return nil
		})
	})
}

// TestDidNotOperateIsProven: a control did not operate only when lists account for every
// day that is over and no trigger is in any of them.
func TestDidNotOperateIsProven(t *testing.T) {
	each(t, func(c company) {
		modelstest.At(c.db, at("2026-11-25T15:00:00Z"))
		fresh := func(from, to models.Date) occurrence.List {
			l := list(from, to)
			l.ExtractedAt, l.Note = at("2026-11-25T14:00:00Z"), "Nobody left."
			return l
		}
		standing := func(of control.Control, f occurrence.Frame, want occurrence.Standing) {
			t.Helper()
			if got := c.sheet(of, f).Standing(f, false); got != want {
				t.Errorf("%s from %s to %s: %s, want %s", of.Code, f.Days.First.Date(), f.Days.Last.Date(), got, want)
			}
		}
		year, november := c.frame("2026-01-01", "2026-12-31"), c.frame("2026-11-01", "2026-11-30")
		month := leavers()
		month.EventLimit = "P30D"
		vm := c.control("VM-04", month)
		_, err := c.add(c.owner, vm, fresh("2026-01-01", "2026-10-31"), table("key,at"))
		c.must(err)
		standing(vm, year, occurrence.Idle)
		standing(vm, november, occurrence.NotYet)
		_, err = c.add(c.owner, vm, fresh("2026-11-01", "2026-11-24"), table("key,at,done\nL-1,2026-11-20 12:00,"))
		c.must(err)
		standing(vm, year, occurrence.NotYet) // its limit ends on 20 December
		standing(vm, c.at("2026-12-07T15:00:00Z", year), occurrence.Blind)

		soon := leavers()
		soon.EventLimit = "P10D"
		vn := c.control("VM-05", soon)
		_, err = c.add(c.owner, vn, fresh("2026-01-01", "2026-11-24"), table("key,at,done\nL-1,2026-11-20 12:00,"))
		c.must(err)
		standing(vn, year, occurrence.DueSoon)

		// A period that is over is judged whole, wherever it lies.
		ac := c.control("AC-03", leavers())
		early := c.frame("2026-11-03", "2026-11-20")
		standing(ac, early, occurrence.Blind)
		if sq := c.sheet(ac, early).Squares(early)[0]; sq.Blind != 1 || sq.Open != 0 {
			t.Errorf("3 to 20 November: %+v", sq)
		}
		late := c.frame("2026-11-03", "2026-11-30")
		standing(ac, late, occurrence.NotYet)
		if sq := c.sheet(ac, late).Squares(late)[0]; sq.Blind != 0 || sq.Open != 1 {
			t.Errorf("3 to 30 November: %+v", sq)
		}
		_, err = c.add(c.owner, ac, fresh("2026-11-03", "2026-11-19"), table("key,at"))
		c.must(err)
		standing(ac, early, occurrence.Blind)
		_, err = c.add(c.owner, ac, fresh("2026-11-20", "2026-11-20"), table("key,at"))
		c.must(err)
		standing(ac, early, occurrence.Idle)

		past := c.frame("2011-01-01", "2011-12-31")
		standing(ac, past, occurrence.Planned)
		if sheet := c.sheet(ac, past); !sheet.Tally(past).Idle {
			for _, sq := range sheet.Squares(past) {
				if !sq.Empty() {
					t.Errorf("before it began: %+v", sq)
				}
			}
		} else {
			t.Error("before it began it is idle")
		}

		// Check results: what is over is judged whole as well.
		mo := c.control("MO-01", version("continuous", "2026-01-01"))
		standing(mo, late, occurrence.NotYet)
		standing(mo, early, occurrence.Blind)
	})
}

// TestADateWithoutATimeNeverMakesAnActLookOnTime: of a date alone is known only the day. The
// trigger counts from its first instant and the act as of its last, so that on time is
// stated only where no hour of the day could have made it late.
func TestADateWithoutATimeNeverMakesAnActLookOnTime(t *testing.T) {
	each(t, func(c company) {
		f := c.frame("2026-01-01", "2026-12-31")
		days := leavers()
		days.EventLimit = "P2D"
		before := version("event", "2026-01-01")
		before.EventDirection = "before"
		for code, k := range map[string]struct {
			version control.Version
			lines   string
			onTime  int
			late    int
			notes   string
		}{
			// 24 hours: the same day is surely within, the next day is not.
			"AC-01": {leavers(), "L-1,2026-01-10,2026-01-10\nL-2,2026-01-10,2026-01-11\nL-3,2026-01-10 23:00,2026-01-11\nL-4,2026-01-10 14:00,2026-01-11 13:59\nL-5,2026-01-10,2026-01-11 00:00", 3, 2, "both|both|act||trigger"},
			// Two whole days: their end counts, whatever the hour of the trigger.
			"AC-02": {days, "L-1,2026-01-10,2026-01-12\nL-2,2026-01-10,2026-01-13\nL-3,2026-01-10 23:59,2026-01-12\nL-4,2026-01-10 00:01,2026-01-13 00:01", 2, 2, "both|both|act|"},
			// Before the trigger: which of two things of one day came first is not known.
			"CM-01": {before, "L-1,2026-01-10,2026-01-09\nL-2,2026-01-10,2026-01-10\nL-3,2026-01-10 16:00,2026-01-10\nL-4,2026-01-10,2026-01-10 09:00\nL-5,2026-01-10 16:00,2026-01-10 15:00", 2, 3, "both|both|act|trigger|"},
		} {
			ac := c.control(code, k.version)
			_, err := c.add(c.owner, ac, list("2026-01-01", "2026-02-28"), table("key,at,done\n"+k.lines))
			c.must(err)
			if got := c.sheet(ac, f).Tally(f); got.Of(period.OnTime) != k.onTime || got.Of(period.Late) != k.late {
				t.Errorf("%s: %d on time, %d late, want %d and %d", code, got.Of(period.OnTime), got.Of(period.Late), k.onTime, k.late)
			}
			var notes []string
			modelstest.Look(t, c.db, c.owner, func(ctx context.Context, tx *models.Tx) error {
				list, err := occurrence.TriggersOf(ctx, tx, ac.ID, f.Days.Span(), f.Zone, 10)
				slices.SortFunc(list, func(a, b occurrence.Trigger) int { return strings.Compare(a.Key, b.Key) })
				for _, l := range list {
					notes = append(notes, l.Note)
				}
				return err
			})
			got := strings.NewReplacer("trigger and act dated without a time", "both", "trigger dated without a time", "trigger", "act dated without a time", "act").Replace(strings.Join(notes, "|"))
			if got != k.notes {
				t.Errorf("%s: notes %q, want %q", code, got, k.notes)
			}
		}
		// A list taken at eight knows no act of later that day.
		l := list("2026-02-01", "2026-02-28")
		l.ExtractedAt = at("2026-03-01T13:00:00Z")
		_, err := c.add(c.owner, c.control("AC-04", leavers()), l, table("key,at,done\nL-1,2026-02-28 09:00,2026-03-01"))
		c.must(err)
		for _, done := range []string{"2026-03-01 08:01", "2026-03-02"} {
			_, err = c.add(c.owner, c.control("AC-05-"+done[8:10], leavers()), l, table("key,at,done\nL-1,2026-02-28 09:00,"+done))
			c.refused("an act after the list was taken, "+done, err, models.KindInvalid, "file")
		}
	})
}

// TestNoTriggerFallsOutOfEverySquare: the company counts in New York, the auditors in Los
// Angeles or London. What belongs to the period is in one of its months, whichever day it
// was in New York.
func TestNoTriggerFallsOutOfEverySquare(t *testing.T) {
	each(t, func(c company) {
		v := leavers()
		v.EffectiveFrom = "2025-01-01"
		ac := c.control("AC-03", v)
		_, err := c.add(c.owner, ac, list("2025-12-01", "2026-02-28"), table(`key,at,done
L-1,2026-01-01T04:30:00Z,2026-01-01T06:00:00Z
L-2,2026-01-01T07:30:00Z,2026-01-01T09:00:00Z
L-3,2026-02-01T06:30:00Z,2026-02-01T09:00:00Z
L-4,2026-02-28T23:30:00Z,2026-03-01T01:00:00Z`))
		c.must(err)
		for zone, want := range map[string]string{"America/New_York": "1 2", "America/Los_Angeles": "1 1", "Europe/London": "2 2"} {
			f := c.frame("2026-01-01", "2026-02-28")
			f.Zone, err = time.LoadLocation(zone)
			c.must(err)
			s := c.sheet(ac, f)
			var got []string
			n := 0
			for _, sq := range s.Squares(f) {
				got, n = append(got, fmt.Sprint(sq.Of(period.OnTime))), n+sq.Of(period.OnTime)
			}
			if text := strings.Join(got, " "); text != want || n != s.Tally(f).Of(period.OnTime) {
				t.Errorf("in %s the months have %s, want %s; the tally has %d", zone, text, want, s.Tally(f).Of(period.OnTime))
			}
			modelstest.Look(t, c.db, c.owner, func(ctx context.Context, tx *models.Tx) error {
				count, err := occurrence.CountTriggers(ctx, tx, ac.ID, f.Days.Span(), f.Zone)
				if list, err := occurrence.TriggersOf(ctx, tx, ac.ID, f.Days.Span(), f.Zone, 10); err != nil || len(list) != n || count != int64(n) {
					t.Errorf("in %s the population has %d of %d triggers, %v", zone, len(list), n, err)
				}
				return err
			})
		}
	})
}

// TestSegmentsAndDaysWithoutAControl: rule 4. A fix of wording continues a segment, another
// version begins one, and of a continuous control each is a configuration.
func TestSegmentsAndDaysWithoutAControl(t *testing.T) {
	each(t, func(c company) {
		modelstest.At(c.db, at("2026-11-25T15:00:00Z"))
		f := c.frame("2026-01-01", "2026-12-31")
		wording := version("monthly", "2026-05-01")
		wording.Editorial = true
		cm := c.control("CM-01", version("monthly", "2026-03-10"), wording, version("weekly", "2026-11-02"))
		var got []string
		for _, s := range c.sheet(cm, f).Segments(f) {
			got = append(got, fmt.Sprintf("%d: %d-%d %s to %s, %d missed", s.Number, s.First, s.Last, s.Days.First.Date(), s.Days.Last.Date(), s.Counts.Of(period.Missed)))
		}
		if text := strings.Join(got, "; "); text != "1: 1-2 2026-03-10 to 2026-11-01, 8 missed; 2: 3-3 2026-11-02 to 2026-12-31, 2 missed" {
			t.Errorf("segments %s", text)
		}
		if got := c.sheet(cm, f).Uncontrolled(f); !slices.Equal(got, []period.Days{days("2026-01-01", "2026-03-09")}) {
			t.Errorf("no control on %v", got)
		}

		mo := c.control("MO-01", version("continuous", "2026-01-01"), version("continuous", "2026-06-01"))
		l := list("2026-01-01", "2026-10-31")
		l.ExtractedAt = at("2026-11-25T14:00:00Z")
		_, err := c.add(c.owner, mo, l, table(`from,to,result,collected
2026-01-01 00:00,2026-05-10 00:00,pass,2026-05-10 01:00
2026-05-10 00:00,2026-05-13 00:00,pass,2026-05-20
2026-05-13 00:00,2026-06-01 00:00,pass,2026-06-01 01:00
2026-06-04 00:00,2026-11-01 00:00,pass,2026-11-01 01:00`))
		c.must(err)
		s := c.sheet(mo, f)
		segments := s.Segments(f)
		if len(segments) != 2 || segments[0].Coverage.Valid != segments[0].Coverage.Scope || segments[1].Coverage.Longest().Length() < 24*24*time.Hour {
			t.Fatalf("configurations %+v", segments)
		}
		if b := segments[0].Coverage.Backfills; len(b) != 1 || !b[0].From.Equal(at("2026-05-10T04:00:00Z")) || b[0].Collected.Format("2006-01-02T15:04:05") != "2026-05-21T03:59:59" {
			t.Errorf("collected later: %v", b)
		}
		w := s.Watch(f)
		if w.Scope-w.Valid != 72*time.Hour || w.Gap.Length() != 72*time.Hour || w.Code != "MO-01" || w.Backfilled != 72*time.Hour {
			t.Errorf("until October %+v", w)
		}
		if sq := s.Squares(f); sq[5].Watch.Gap.Length() != 72*time.Hour || sq[4].Watch.Backfilled != 72*time.Hour || sq[4].Watch.Gap.Length() != 0 || sq[0].Watch.Controls != 1 || c.sheet(cm, f).Squares(f)[5].Watch.Scope != 0 {
			t.Errorf("squares %+v", sq[4:6])
		}
	})
}
