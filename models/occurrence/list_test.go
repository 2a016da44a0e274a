package occurrence_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/control"
	"assay/models/modelstest"
	"assay/models/notice"
	"assay/models/occurrence"
	"assay/models/period"
)

func table(csv string) occurrence.Rows {
	var out occurrence.Rows
	for i, line := range strings.Split(strings.TrimSpace(csv), "\n") {
		cells := strings.Split(line, ",")
		if i == 0 {
			out.Header = cells
			continue
		}
		out.Rows, out.Lines = append(out.Rows, cells), append(out.Lines, i+1)
	}
	return out
}

func list(from, to models.Date) occurrence.List {
	return occurrence.List{
		CoversFrom: from, CoversTo: to, Source: "Workday", Digest: strings.Repeat("cd", 32), Name: "leavers.csv", ExtractedAt: modelstest.Now.Add(-time.Hour),
	}
}

func (c company) add(a access.Actor, of control.Control, l occurrence.List, rows occurrence.Rows) (out occurrence.List, err error) {
	err = c.as(a, func(ctx context.Context, tx *models.Tx) (err error) {
		out, err = occurrence.AddList(ctx, tx, of, l, rows)
		return err
	})
	return out, err
}

func leavers() control.Version {
	v := version("event", "2026-01-01")
	v.EventDirection, v.EventLimit = "after", "PT24H"
	return v
}

func TestTriggerLists(t *testing.T) {
	each(t, func(c company) {
		ac := c.control("AC-03", leavers())
		f := c.frame("2026-01-01", "2026-12-31")
		if got := c.sheet(ac, f).Tally(f); len(got.Unknown) != 1 || got.Idle || got.Of(period.Missed) != 0 {
			t.Errorf("without a list: %+v", got)
		}
		if s := c.sheet(ac, f).Standing(f, false); s != occurrence.Blind {
			t.Errorf("without a list it is %s", s)
		}
		l, err := c.add(c.owner, ac, list("2026-01-01", "2026-02-28"), table(`Key,Triggered at,Performed at
L-1,2026-01-10T17:00:00Z,2026-01-11T17:00:00Z
L-2,2026-01-12 12:00,2026-01-13 12:01
L-3,2026-02-27T14:00:00Z,
L-4,2026-02-28T15:00:00Z,`))
		c.must(err)
		got := c.sheet(ac, f).Tally(f)
		if got.Of(period.OnTime) != 1 || got.Of(period.Late) != 1 || got.Of(period.Missed) != 1 || got.Of(period.Pending) != 1 {
			t.Errorf("tally %+v", got.Counts)
		}
		if len(got.Unknown) != 1 || got.Unknown[0].Span() != span("2026-03-01", "2026-03-01") {
			t.Errorf("unknown %v, want today", got.Unknown)
		}
		if s := c.sheet(ac, f).Standing(f, false); s != occurrence.Behind {
			t.Errorf("with one that was missed it is %s", s)
		}
		squares := c.sheet(ac, f).Squares(f)
		if squares[0].Of(period.OnTime) != 1 || squares[0].Of(period.Late) != 1 || squares[1].Of(period.Missed) != 1 || squares[2].Open != 1 || squares[2].Blind != 0 || !squares[3].Empty() {
			t.Errorf("squares %+v", squares[:4])
		}
		// The same list seen for a period that begins later: what was before is outside.
		g := c.frame("2026-02-01", "2026-12-31")
		if got := c.sheet(ac, g).Tally(g); got.Of(period.OutsidePeriod) != 2 || got.Of(period.Missed) != 1 {
			t.Errorf("from February on: %+v", got.Counts)
		}

		_, err = c.add(c.owner, ac, list("2026-02-28", "2026-02-28"), table("key,at"))
		c.refused("days that are covered already", err, models.KindInvalid, "note")
		again := list("2026-02-28", "2026-02-28")
		again.Note = "None."
		_, err = c.add(c.owner, ac, again, table("key,at"))
		c.refused("days that are covered already", err, models.KindInvalid, "covers_from")
		c.must(c.as(c.owner, func(ctx context.Context, tx *models.Tx) error {
			_, err := occurrence.WithdrawList(ctx, tx, l.ID, l.Rev, "The wrong export.")
			return err
		}))
		again.CoversFrom = "2026-01-01"
		_, err = c.add(c.owner, ac, again, table("key,at"))
		c.must(err)
		if got := c.sheet(ac, f); !got.Tally(c.at("2026-02-28T15:00:00Z", f)).Idle || got.Standing(f, false) != occurrence.Idle {
			t.Errorf("proven empty it is %s, %+v", got.Standing(f, false), got.Tally(f))
		}
	})
}

// at is f seen at another instant.
func (c company) at(instant string, f occurrence.Frame) occurrence.Frame {
	f.Now = at(instant)
	f.Today = period.DayAt(f.Now, f.Zone)
	return f
}

func TestListsAreReadLenientlyAndJudgedByRow(t *testing.T) {
	each(t, func(c company) {
		ac := c.control("AC-03", leavers())
		message := func(l occurrence.List, rows occurrence.Rows) string {
			_, err := c.add(c.owner, ac, l, rows)
			var e *models.Error
			if !errors.As(err, &e) {
				t.Fatalf("got %v", err)
			}
			return e.Fields["file"]
		}
		got := message(list("2026-01-01", "2026-02-28"), table(`id,date,done_at
L-1,03/04/2026,
,2026-01-02,
L-2,2025-12-31 23:59,
L-2,2026-01-02,
L-3,2026-01-02,2027-01-01
L-4,2026-02-30,`))
		for _, want := range []string{"Line 2: “03/04/2026” is no time", "Line 3: it has no key", "Line 4: 2025-12-31 is outside", "Line 5: the key L-2 is there twice", "Line 6: “2027-01-01”", "And 1 lines more"} {
			if !strings.Contains(got, want) {
				t.Errorf("%q lacks %q", got, want)
			}
		}
		if got := message(list("2026-01-01", "2026-02-28"), table("a,b\n1,2")); !strings.Contains(got, "It names a, b") {
			t.Error(got)
		}
		for field, change := range map[string]func(*occurrence.List){
			"covers_to": func(l *occurrence.List) { l.CoversTo = "2026-03-02" }, "source": func(l *occurrence.List) { l.Source = " " },
			"extracted_at": func(l *occurrence.List) { l.ExtractedAt = at("2026-02-20T12:00:00Z") }, "covers_from": func(l *occurrence.List) { l.CoversFrom = "" },
		} {
			l := list("2026-01-01", "2026-02-28")
			change(&l)
			_, err := c.add(c.owner, ac, l, table("key,at\nL-1,2026-01-02"))
			c.refused(field, err, models.KindInvalid, field)
		}
		monthly := c.control("AC-09", version("monthly", "2026-01-01"))
		_, err := c.add(c.owner, monthly, list("2026-01-01", "2026-02-28"), table("key,at\nL-1,2026-01-02"))
		c.refused("a control with dates of its own", err, models.KindInvalid, "file")
	})
}

func TestSignals(t *testing.T) {
	each(t, func(c company) {
		ac := c.control("MO-01", version("continuous", "2026-01-01"))
		f := c.frame("2026-01-01", "2026-12-31")
		_, err := c.add(c.owner, ac, list("2026-01-01", "2026-02-28"), table(`from,to,result
2026-01-01 00:00,2026-02-10 00:00,pass
2026-02-13 00:00,2026-03-01 00:00,OK`))
		c.must(err)
		got := c.sheet(ac, f).Coverage(f)
		if got.Days.Of(period.Unknown) != 4 || got.Longest().Length() != 72*time.Hour || got.Passing != got.Valid {
			t.Errorf("three days without a collector, and today: %+v", got.Days)
		}
		if s := c.sheet(ac, f).Standing(f, false); s != occurrence.Blind {
			t.Errorf("with a hole it is %s", s)
		}
		_, err = c.add(c.owner, c.control("MO-02", version("continuous", "2026-01-01")), list("2026-01-01", "2026-02-28"), table(`from,to,result
2026-01-01 00:00,2026-01-01 00:00,pass
2026-01-01 00:00,2026-03-02 00:00,pass
2026-01-01 00:00,2026-01-02 00:00,perhaps`))
		c.refused("lines that make no sense", err, models.KindInvalid, "file")
	})
}

// TestAMissingListIsATaskOfItsOwnEachMonth: nobody sends the list of September, nor that of
// October. September's is late from 11 October on, whatever comes after it.
func TestAMissingListIsATaskOfItsOwnEachMonth(t *testing.T) {
	each(t, func(c company) {
		v := leavers()
		v.EffectiveFrom = "2026-09-01"
		ph := c.control("PH-02", v)
		check := func(when, want string) {
			t.Helper()
			modelstest.At(c.db, at(when))
			var got []string
			for _, task := range c.owed(occurrence.Scope{Controls: []int64{ph.ID}}) {
				words := string(task.Want) + " " + occurrence.InWords(task.Window.Span()) + ", due " + string(task.Window.Due.Date())
				if task.Late(c.frame("2026-01-01", "2026-12-31").Today) {
					words += ", late"
				}
				got = append(got, words+" @"+task.Path())
			}
			if text := strings.Join(got, "; "); text != want {
				t.Errorf("%s: %q, want %q", when, text, want)
			}
		}
		const september = "list September 2026, due 2026-10-10, late @controls/PH-02/lists/2026-09"
		check("2026-09-30T15:00:00Z", "")
		check("2026-10-10T15:00:00Z", strings.Replace(september, ", late", "", 1))
		check("2026-10-31T15:00:00Z", september)
		check("2026-11-05T15:00:00Z", september+"; list October 2026, due 2026-11-10 @controls/PH-02/lists/2026-10")
		check("2026-11-11T15:00:00Z", september+"; list October 2026, due 2026-11-10, late @controls/PH-02/lists/2026-10")
		l := list("2026-10-01", "2026-10-15")
		l.ExtractedAt = at("2026-11-11T12:00:00Z")
		_, err := c.add(c.owner, ph, l, table("key,at\nL-1,2026-10-02"))
		c.must(err)
		check("2026-12-01T15:00:00Z", september+
			"; list 16 Oct to 31 Oct 2026, due 2026-11-10, late @controls/PH-02/lists/2026-10"+
			"; list November 2026, due 2026-12-10 @controls/PH-02/lists/2026-11")
	})
}

// TestTheListOfAMonthIsHandedOver: January's list is with a colleague, who adds it and no
// other; a question about it is asked, and both are told where it is done.
func TestTheListOfAMonthIsHandedOver(t *testing.T) {
	each(t, func(c company) {
		ac := c.control("AC-03", leavers())
		january, february, at := span("2026-01-01", "2026-01-31"), span("2026-02-01", "2026-02-28"), "controls/AC-03/lists/2026-01"
		handOver := func(window period.Span) error {
			return c.as(c.owner, func(ctx context.Context, tx *models.Tx) error {
				_, err := occurrence.HandOver(ctx, tx, ac, window, c.other.ID, "")
				return err
			})
		}
		ask := func(a access.Actor, window period.Span) error {
			return c.as(a, func(ctx context.Context, tx *models.Tx) error {
				_, err := occurrence.Ask(ctx, tx, ac, window, "Do contractors count?")
				return err
			})
		}
		for _, none := range []period.Span{span("2026-01-01", "2026-01-30"), span("2026-01-02", "2026-02-01"), span("2026-05-01", "2026-05-31"), span("2025-12-01", "2025-12-31")} {
			c.refused("handing over "+string(none.From), handOver(none), models.KindNotFound, "")
			c.refused("asking about "+string(none.From), ask(c.owner, none), models.KindNotFound, "")
		}
		c.refused("a performance for a month of lists", c.perform(c.owner, ac, occurrence.Act{At: modelstest.Now.Add(-time.Hour), Window: february, Result: "ok"}), models.KindNotFound, "")
		_, err := c.add(c.other, ac, list("2026-01-01", "2026-01-31"), table("key,at\nL-1,2026-01-10T17:00:00Z"))
		c.refused("a list of somebody it was not handed to", err, models.KindForbidden, "")
		_, err = c.add(c.owner, ac, list("2026-01-01", "2026-01-05"), table("key,at\nL-0,2026-01-03T17:00:00Z"))
		c.must(err) // of a part; the rest is handed over
		c.must(handOver(january))
		of := map[int64]string{}
		for _, task := range c.owed(occurrence.Scope{}) {
			if task.Sheet.ID == ac.ID {
				of[task.PersonID] += string(task.Window.First.Date())[:7] + " "
			}
		}
		if of[c.other.ID] != "2026-01 " || of[c.owner.ID] != "2026-02 " {
			t.Errorf("who owes the lists: %v", of)
		}
		c.must(ask(c.other, january))
		for _, a := range []access.Actor{c.other, c.priya} {
			modelstest.Look(t, c.db, a, func(ctx context.Context, tx *models.Tx) error {
				told, err := models.Rows[notice.Notice](tx).Find(ctx)
				if len(told) != 1 || told[0].About != at {
					t.Errorf("%s was told %+v", a.Name, told)
				}
				return err
			})
		}
		_, err = c.add(c.other, ac, list("2026-01-06", "2026-02-28"), table("key,at\nL-1,2026-01-10T17:00:00Z"))
		c.refused("more than was handed over", err, models.KindInvalid, "covers_from")
		_, err = c.add(c.other, ac, list("2026-01-06", "2026-01-31"), table("key,at\nL-1,2026-01-10T17:00:00Z"))
		c.must(err)
	})
}
