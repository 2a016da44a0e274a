package occurrence_test

import (
	"context"
	"strings"
	"sync"
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
)

// TestRule12AListKnowsNothingOfADayThatIsNotOver: a list of triggers that was taken five
// minutes into its last day would say of the rest of that day that nothing happened.
func TestRule12AListKnowsNothingOfADayThatIsNotOver(t *testing.T) {
	each(t, func(c company) {
		ac := c.control("AC-03", leavers())
		l := list("2026-02-01", "2026-02-28")
		l.Note = "Nobody left."
		for _, taken := range []string{"2026-02-28T05:05:00Z", "2026-03-01T04:59:59Z"} { // 00:05 and 23:59:59 in New York
			l.ExtractedAt = at(taken)
			_, err := c.add(c.owner, ac, l, table("key,at"))
			c.refused("taken on its last day, "+taken, err, models.KindInvalid, "extracted_at")
		}
		l.ExtractedAt = at("2026-03-01T05:00:00Z") // midnight
		_, err := c.add(c.owner, ac, l, table("key,at"))
		c.must(err)
		today := list("2026-03-01", "2026-03-01")
		today.Note = "Nobody left."
		_, err = c.add(c.owner, ac, today, table("key,at"))
		c.refused("of today", err, models.KindInvalid, "covers_to")
		// Check results say themselves until when they hold.
		watched := c.control("MO-01", version("continuous", "2026-01-01"))
		_, err = c.add(c.owner, watched, list("2026-03-01", "2026-03-01"), table("from,to,result\n2026-03-01 00:00,2026-03-01 08:00,pass"))
		c.must(err)
		f := c.frame("2026-03-01", "2026-03-31")
		if got := c.sheet(watched, f).Coverage(f); got.Valid != 8*time.Hour || got.Valid == got.Scope {
			t.Errorf("watched %s of %s", got.Valid, got.Scope)
		}
	})
}

// TestListsOfTheSameDaysSentAtOnce: two tabs send the same list. Counted twice, every
// trigger of it would be two.
func TestListsOfTheSameDaysSentAtOnce(t *testing.T) {
	each(t, func(c company) {
		ac := c.control("AC-03", leavers())
		var done sync.WaitGroup
		errs := make([]error, 4)
		for n := range errs {
			done.Go(func() {
				_, errs[n] = c.add(c.owner, ac, list("2026-01-01", "2026-01-31"), table("key,at,done\nL-1,2026-01-10T17:00:00Z,2026-01-10T18:00:00Z"))
			})
		}
		done.Wait()
		taken := 0
		for _, err := range errs {
			if err == nil {
				taken++
				continue
			}
			c.refused("the second", err, models.KindInvalid, "covers_from")
		}
		f := c.frame("2026-01-01", "2026-12-31")
		if got := c.sheet(ac, f).Tally(f); taken != 1 || got.Of(period.OnTime) != 1 {
			t.Errorf("%d lists were taken, %d triggers on time", taken, got.Of(period.OnTime))
		}
	})
}

// TestAPerformanceSentAtOnceIsOne: the same form from four tabs.
func TestAPerformanceSentAtOnceIsOne(t *testing.T) {
	each(t, func(c company) {
		ac := c.control("AC-03", version("monthly", "2026-01-01"))
		var done sync.WaitGroup
		errs := make([]error, 4)
		for n := range errs {
			done.Go(func() {
				errs[n] = c.perform(c.owner, ac, occurrence.Act{Window: february, At: at("2026-02-27T15:00:00Z"), Result: "Nobody was removed."})
			})
		}
		done.Wait()
		taken := 0
		for _, err := range errs {
			if err == nil {
				taken++
				continue
			}
			c.refused("the second", err, models.KindConflict, "")
		}
		if taken != 1 {
			t.Errorf("it was recorded %d times", taken)
		}
	})
}

// TestTheDatabaseGuardsLists says in the database what AddList refuses.
func TestTheDatabaseGuardsLists(t *testing.T) {
	each(t, func(c company) {
		ac := c.control("AC-03", leavers())
		l := list("2026-01-01", "2026-01-31")
		l, err := c.add(c.owner, ac, l, table("key,at\nL-1,2026-01-10"))
		c.must(err)
		insert := func(change func(*occurrence.List)) error {
			row := occurrence.List{
				ControlID: ac.ID, Code: ac.Code, Kind: occurrence.Triggers, CoversFrom: "2026-02-01", CoversTo: "2026-02-10", Source: "x", Name: "x", Note: "None.",
				Digest: l.Digest, ExtractedAt: at("2026-02-12T00:00:00Z"), AddedBy: c.owner.ID, AddedAt: modelstest.Now,
			}
			change(&row)
			return c.as(c.owner, func(ctx context.Context, tx *models.Tx) error { return models.Insert(ctx, tx, &row, "list.add") })
		}
		for what, change := range map[string]func(*occurrence.List){
			"days of another list":   func(l *occurrence.List) { l.CoversFrom = "2026-01-31" },
			"around another list":    func(l *occurrence.List) { l.CoversFrom = "2025-12-01" },
			"taken before it ends":   func(l *occurrence.List) { l.ExtractedAt = at("2026-02-09T23:00:00Z") },
			"taken on its last day":  func(l *occurrence.List) { l.ExtractedAt = at("2026-02-10T09:59:59Z") }, // over nowhere on earth
			"taken before it begins": func(l *occurrence.List) { l.ExtractedAt = at("2026-01-09T23:00:00Z") },
		} {
			if err := insert(change); !models.Broken(err) {
				t.Errorf("%s: %v", what, err)
			}
		}
		c.must(insert(func(*occurrence.List) {}))
		c.must(c.as(c.owner, func(ctx context.Context, tx *models.Tx) error {
			_, err := occurrence.WithdrawList(ctx, tx, l.ID, l.Rev, "The wrong export.")
			return err
		}))
		c.must(insert(func(l *occurrence.List) { l.CoversFrom, l.CoversTo = "2026-01-01", "2026-01-31" })) // what was withdrawn covers nothing
	})
}

// TestLinesThatNoDatabaseHolds: a key is an identifier and not a text, and check results
// are collected once they are there and before the list is.
func TestLinesThatNoDatabaseHolds(t *testing.T) {
	each(t, func(c company) {
		ac := c.control("AC-03", leavers())
		for what, key := range map[string]string{"long": strings.Repeat("ä", 201), "with a NUL": "L-\x001"} {
			_, err := c.add(c.owner, ac, list("2026-01-01", "2026-01-31"), table("key,at\n"+key+",2026-01-10"))
			c.refused("a key that is "+what, err, models.KindInvalid, "file")
		}
		_, err := c.add(c.owner, ac, list("2026-01-01", "2026-01-31"), table("key,at\n"+strings.Repeat("ä", 200)+",2026-01-10"))
		c.must(err)
		watched := c.control("MO-01", version("continuous", "2026-01-01"))
		for what, collected := range map[string]string{"after the list was taken": "2026-03-02 00:00", "before it began": "2026-01-09 23:59", "centuries ago": "1999-01-01", "on a day years ahead": "2030-01-01"} {
			_, err := c.add(c.owner, watched, list("2026-01-01", "2026-02-28"), table("from,to,result,collected_at\n2026-01-10 00:00,2026-01-11 00:00,pass,"+collected))
			c.refused("collected "+what, err, models.KindInvalid, "file")
		}
		// A probe says that the state holds until the next one.
		_, err = c.add(c.owner, watched, list("2026-01-01", "2026-02-28"), table("from,to,result,collected_at\n2026-01-10 00:00,2026-01-11 00:00,pass,2026-01-10 00:00"))
		c.must(err)
	})
}

// TestRule12EvidenceKnowsNothingOfWhatCameAfterItsFiles: the file came on 2 January and was
// handed in on 1 March, said to cover January and February. It can know of the first only.
func TestRule12EvidenceKnowsNothingOfWhatCameAfterItsFiles(t *testing.T) {
	each(t, func(c company) {
		ac := c.control("AC-03", version("monthly", "2026-01-01"))
		modelstest.At(c.db, at("2026-01-02T15:00:00Z"))
		var i evidence.Item
		c.must(c.as(c.owner, func(ctx context.Context, tx *models.Tx) (err error) {
			i, err = evidence.Store(ctx, tx, evidence.Parcel{ControlID: ac.ID, Files: []evidence.Upload{{Name: "a.csv", Digest: strings.Repeat("ab", 32), Size: 1}}})
			return err
		}))
		modelstest.At(c.db, modelstest.Now)
		send := func(more ...evidence.Upload) error {
			return c.as(c.owner, func(ctx context.Context, tx *models.Tx) (err error) {
				now, err := evidence.ByID(ctx, tx, i.ID)
				if err != nil {
					return err
				}
				d := evidence.Details{Title: "Export", Kind: "system_export", Source: "Okta", CoversFrom: "2026-01-01", CoversTo: "2026-02-28"}
				if now, err = evidence.Amend(ctx, tx, now.ID, now.Rev, d); err != nil {
					return err
				}
				if len(more) > 0 {
					if now, err = evidence.AddFiles(ctx, tx, now.ID, more); err != nil {
						return err
					}
				}
				_, err = occurrence.SubmitEvidence(ctx, tx, now.ID, now.Rev, period.Span{})
				return err
			})
		}
		c.refused("of days after its file came", send(), models.KindInvalid, "covers_to")
		if got := c.statuses(ac); got != "missed/pending/pending/upcoming" {
			t.Errorf("statuses %q", got)
		}
		c.must(send(evidence.Upload{Name: "b.csv", Digest: strings.Repeat("cd", 32), Size: 1})) // a newer file knows of them
	})
}

// TestTheDatabaseGuardsLateWords says in the database what rule 6 says: the word of an owner
// alone does not date what is more than seven days back.
func TestTheDatabaseGuardsLateWords(t *testing.T) {
	each(t, func(c company) {
		ac := c.control("AC-03", version("monthly", "2026-01-01"))
		i := c.submit(ac, january, at("2026-01-28T15:00:00Z"), january)
		back := func(d time.Duration, reason string, item *int64) error {
			p := occurrence.Performance{
				ControlID: ac.ID, Code: ac.Code, PerformedAt: modelstest.Now.Add(-d), PerformedBy: "x", Result: "x", LateReason: reason, EvidenceID: item,
				RecordedBy: c.owner.ID, RecordedAt: modelstest.Now,
			}
			return c.as(c.owner, func(ctx context.Context, tx *models.Tx) error {
				return models.Insert(ctx, tx, &p, "performance.record")
			})
		}
		week := evidence.OwnerStatedAfter
		for what, err := range map[string]error{
			"without both":    back(week+time.Second, "", nil),
			"without a file":  back(week+time.Second, "Forgotten.", nil),
			"without a word":  back(week+time.Second, "", &i.ID),
			"long ago, alone": back(60*24*time.Hour, "Forgotten.", nil),
		} {
			if !models.Broken(err) {
				t.Errorf("%s: %v", what, err)
			}
		}
		c.must(back(week, "", nil))
		c.must(back(week+time.Second, "Forgotten.", &i.ID))

		item := func(kind, reason string) error {
			performed := modelstest.Now.Add(-week - time.Second)
			row := evidence.Item{
				ControlID: ac.ID, UploadedBy: c.owner.ID, UploadedAt: modelstest.Now, SubmittedAt: &modelstest.Now, Status: evidence.Submitted,
				Details: evidence.Details{Title: "x", Kind: kind, Source: "x", PerformedAt: &performed, CoversFrom: "2026-02-01", CoversTo: "2026-02-20", LateReason: reason},
			}
			return c.as(c.owner, func(ctx context.Context, tx *models.Tx) error {
				row.Status, row.SubmittedAt = evidence.Stored, nil
				if err := models.Insert(ctx, tx, &row, "evidence.store"); err != nil {
					return err
				}
				row.Status, row.SubmittedAt = evidence.Submitted, &modelstest.Now
				return models.Update(ctx, tx, &row, models.Columns{"Status", "SubmittedAt"}, "evidence.submit")
			})
		}
		if err := item("ticket", ""); !models.Broken(err) {
			t.Errorf("late evidence without a reason: %v", err)
		}
		if err := item("attestation", "Forgotten."); !models.Broken(err) {
			t.Errorf("a statement of long ago: %v", err)
		}
		c.must(item("ticket", "Forgotten."))
	})
}

// TestWhatDidNotApplyIsTakenBackWithAReason: an exemption that was approved is a decision, so
// undoing it says why, and whoever asked hears that the window counts again.
func TestWhatDidNotApplyIsTakenBackWithAReason(t *testing.T) {
	each(t, func(c company) {
		ac := c.control("AC-03", version("monthly", "2026-01-01"))
		var e occurrence.Exemption
		c.must(c.as(c.owner, func(ctx context.Context, tx *models.Tx) (err error) {
			e, err = occurrence.Excuse(ctx, tx, ac, february, "Nobody joined.")
			return err
		}))
		c.must(c.as(c.priya, func(ctx context.Context, tx *models.Tx) (err error) {
			e, err = occurrence.Decide(ctx, tx, e.ID, e.Rev, true, "")
			return err
		}))
		back := func(a access.Actor, why string) error {
			return c.as(a, func(ctx context.Context, tx *models.Tx) error {
				_, err := occurrence.TakeBack(ctx, tx, e.ID, e.Rev, why)
				return err
			})
		}
		told := func() (n int) {
			modelstest.Look(c.T, c.db, c.owner, func(ctx context.Context, tx *models.Tx) error {
				list, err := models.Rows[notice.Notice](tx).Where("person_id = ? AND kind = ?", c.owner.ID, notice.Exempted).Find(ctx)
				n = len(list)
				return err
			})
			return n
		}
		before := told()
		c.refused("without a word", back(c.ines, ""), models.KindInvalid, "note")
		c.must(back(c.ines, "Two people joined."))
		if got := told(); got != before+1 {
			t.Errorf("%d notices after it was taken back, %d before", got, before)
		}
	})
}

// TestAHolidayOfThePastExcusesNothing: a control that was due yesterday and missed is not
// excused by a holiday that one person adds today. That needs two, at the task.
func TestAHolidayOfThePastExcusesNothing(t *testing.T) {
	each(t, func(c company) {
		var days control.Calendar
		add := func(text string) error {
			return c.as(c.priya, func(ctx context.Context, tx *models.Tx) error {
				_, err := control.AddHolidays(ctx, tx, days, text)
				return err
			})
		}
		c.must(c.as(c.priya, func(ctx context.Context, tx *models.Tx) (err error) {
			days, err = control.AddCalendar(ctx, tx, "New York", []int{0, 6})
			return err
		}))
		c.must(add("2026-01-01 New Year’s Day\n2026-02-16 Presidents’ Day")) // no control rests on it so far
		v := version("daily", "2026-02-02")
		v.CalendarID = &days.ID
		ac := c.control("OP-01", v)
		f := c.frame("2026-02-01", "2026-02-28")
		missed := func() (n int) {
			for o := range c.sheet(ac, f).Facts.Occurrences(f.Days, f.Today) {
				if o.Status == period.Missed {
					n++
				}
			}
			return n
		}
		before := missed()
		c.refused("a day on which it was due", add("2026-02-17 Made up"), models.KindInvalid, "days")
		c.refused("yesterday among days to come", add("2026-04-03 Good Friday\n2026-02-28 Made up"), models.KindInvalid, "days")
		c.must(add("2026-01-19 Martin Luther King Day")) // before any control rested on it
		c.must(add("2026-03-01 Today"))
		c.must(add("2026-04-03 Good Friday"))
		if got := missed(); got != before || before == 0 {
			t.Errorf("%d missed, %d before", got, before)
		}
		row := control.Holiday{CalendarID: days.ID, Day: "2026-02-18", Name: "Made up", AddedBy: c.priya.ID, AddedAt: modelstest.Now}
		err := c.as(c.priya, func(ctx context.Context, tx *models.Tx) error { return models.Insert(ctx, tx, &row, "holiday.add") })
		if !models.Broken(err) {
			t.Errorf("the database takes it: %v", err)
		}
	})
}
