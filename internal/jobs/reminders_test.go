package jobs_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"assay/internal/jobs"
	"assay/internal/mailtest"
	"assay/models"
	"assay/models/access"
	"assay/models/activity"
	"assay/models/control"
	"assay/models/framework"
	"assay/models/modelstest"
	"assay/models/notice"
	"assay/models/occurrence"
	"assay/models/people"
	"assay/models/period"
	"assay/models/reminder"
)

// monthly makes a control of March on, with five days of grace.
func (o *office) monthly(code string, owner, backup access.Actor) control.Control {
	o.t.Helper()
	grace := 5
	c := control.Control{
		Code: code, Title: "Access review", Status: control.Effective, Frequency: "monthly", OwnerID: &owner.ID, BackupID: &backup.ID, CreatedAt: o.db.Now(),
	}
	err := modelstest.As(o.t, o.db, access.Clock, func(ctx context.Context, tx *models.Tx) error {
		if err := models.Insert(ctx, tx, &c, "control.create"); err != nil {
			return err
		}
		v := control.Version{ControlID: c.ID, Code: code, Number: 1, Status: control.Effective, EffectiveFrom: "2026-03-01", AuthoredAt: o.db.Now(), ApproverID: &o.priya.ID}
		v.Title, v.Statement, v.Frequency, v.GraceDays = c.Title, "x", "monthly", &grace
		v.Criteria = models.List[framework.Ref]{{Framework: framework.SOC2, Code: "CC6.1"}}
		return models.Insert(ctx, tx, &v, "version.adopt")
	})
	if err != nil {
		o.t.Fatal(err)
	}
	return c
}

// driven makes a control that acts within a day of events, from a day on.
func (o *office) driven(code string, from models.Date, owner, backup access.Actor) {
	o.t.Helper()
	c := control.Control{
		Code: code, Title: "Leavers", Status: control.Effective, Frequency: "event", OwnerID: &owner.ID, BackupID: &backup.ID, CreatedAt: o.db.Now(),
	}
	err := modelstest.As(o.t, o.db, access.Clock, func(ctx context.Context, tx *models.Tx) error {
		if err := models.Insert(ctx, tx, &c, "control.create"); err != nil {
			return err
		}
		v := control.Version{ControlID: c.ID, Code: code, Number: 1, Status: control.Effective, EffectiveFrom: from, AuthoredAt: o.db.Now(), ApproverID: &o.priya.ID}
		v.Title, v.Statement, v.Frequency, v.EventDirection, v.EventLimit = c.Title, "x", "event", "after", "PT24H"
		return models.Insert(ctx, tx, &v, "version.adopt")
	})
	if err != nil {
		o.t.Fatal(err)
	}
}

var march = period.Span{From: "2026-03-01", To: "2026-03-31"}

// performed records that the owner acted in March.
func (o *office) performed(c control.Control, owner access.Actor, at string) {
	o.t.Helper()
	modelstest.At(o.db, instant(o.t, at))
	err := modelstest.As(o.t, o.db, owner, func(ctx context.Context, tx *models.Tx) error {
		_, err := occurrence.Excuse(ctx, tx, c, march, "No accounts existed.")
		return err
	})
	if err != nil {
		o.t.Fatal(err)
	}
}

// TestWhatIsDueLateAndLateForLong lives from the end of March to the middle of April.
func TestWhatIsDueLateAndLateForLong(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		o := newOffice(t, db)
		sam, kim := modelstest.Person(t, db, access.Owner), modelstest.Person(t, db, access.Owner)
		o.monthly("AC-03", sam, kim)
		about := "tasks/AC-03/2026-03-01/2026-03-31"
		what := "AC-03, Access review, for March 2026"
		to := map[string]string{address(t, db, sam): "owner", address(t, db, kim): "backup", address(t, db, o.priya): "manager"}
		for _, step := range []struct {
			when string
			says map[string]string // reader to sentence
		}{
			{"2026-03-25T12:00:00Z", nil},
			{"2026-03-26T12:00:00Z", map[string]string{"owner": what + " is due Tue 31 Mar 2026."}}, // five days before
			{"2026-03-27T12:00:00Z", nil}, // said once
			{"2026-04-03T12:00:00Z", nil},
			{"2026-04-06T12:00:00Z", map[string]string{"owner": what + " was due Tue 31 Mar 2026 and is late."}}, // the grace ended yesterday
			{"2026-04-07T12:00:00Z", nil},
			{"2026-04-10T12:00:00Z", nil},
			{"2026-04-13T12:00:00Z", map[string]string{ // more than seven days after
				"backup": what + " was due Tue 31 Mar 2026 and is late.", "manager": what + " was due Tue 31 Mar 2026 and is late.",
			}},
			{"2026-04-14T12:00:00Z", nil},
		} {
			got := map[string]string{}
			if night := o.at(strings.Replace(step.when, "T12:", "T05:", 1)); len(night) != 0 {
				t.Errorf("%s: %d mails in the night", step.when, len(night))
			}
			for _, m := range o.at(step.when) {
				got[to[m.To]] = m.Text
				if want := step.says[to[m.To]]; !strings.Contains(m.Text, want) || !strings.Contains(m.Text, base+"/"+about) {
					t.Errorf("%s: the %s is told\n%s", step.when, to[m.To], m.Text)
				}
				if hand := base + "/" + about + "?open=handover"; !strings.Contains(m.Text, hand) || !strings.Contains(m.HTML, hand) {
					t.Errorf("%s: no way to hand it over:\n%s", step.when, m.Text)
				}
			}
			if len(got) != len(step.says) {
				t.Errorf("%s: mails to %v, want %v", step.when, got, step.says)
			}
		}
	})
}

// TestEachMonthsMissingListIsAnnouncedAndEscalated: September's list never comes, and
// October's is asked for, late and told to others all the same.
func TestEachMonthsMissingListIsAnnouncedAndEscalated(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		o := newOffice(t, db)
		sam, kim := modelstest.Person(t, db, access.Owner), modelstest.Person(t, db, access.Owner)
		o.driven("PH-02", "2026-09-01", sam, kim)
		september, october := "The list of PH-02, Leavers, for September 2026,", "The list of PH-02, Leavers, for October 2026,"
		for _, step := range []struct{ when, to, kind, says, at string }{
			{"2026-10-01T12:00:00Z", "owner", "due_soon", september + " was due Wed 30 Sep 2026; it counts as in time until Sat 10 Oct 2026.", "2026-09"},
			{"2026-10-10T12:00:00Z", "", "", "", ""},
			{"2026-10-12T12:00:00Z", "owner", "late", september + " was due Wed 30 Sep 2026 and is late.", "2026-09"},
			{"2026-10-20T12:00:00Z", "others", "escalated", september + " was due Wed 30 Sep 2026 and is late.", "2026-09"},
			{"2026-11-02T13:00:00Z", "owner", "due_soon", october + " was due Sat 31 Oct 2026; it counts as in time until Tue 10 Nov 2026.", "2026-10"},
			{"2026-11-11T13:00:00Z", "owner", "late", october + " was due Sat 31 Oct 2026 and is late.", "2026-10"},
			{"2026-11-18T13:00:00Z", "others", "escalated", october + " was due Sat 31 Oct 2026 and is late.", "2026-10"},
			{"2026-11-19T13:00:00Z", "", "", "", ""},
		} {
			o.at(step.when[:11] + "05:30:00Z") // the reminders of the day, before the morning mail
			readers := map[string]bool{}
			for _, m := range o.at(step.when) {
				readers[m.To] = true
				if at := base + "/controls/PH-02/lists/" + step.at; !strings.Contains(m.Text, step.says) || !strings.Contains(m.Text, at+"?open=handover") {
					t.Errorf("%s: %s is told\n%s", step.when, m.To, m.Text)
				}
			}
			want := map[string][]access.Actor{"owner": {sam}, "others": {kim, o.priya}}[step.to]
			for _, a := range want {
				if !readers[address(t, db, a)] {
					t.Errorf("%s: %s is not told that it is %s", step.when, a.Name, step.kind)
				}
			}
			if len(readers) != len(want) {
				t.Errorf("%s: mails to %v", step.when, readers)
			}
		}
		// What a mail of an earlier build led to is open as long as any month is missing.
		modelstest.Look(t, db, o.priya, func(ctx context.Context, tx *models.Tx) error {
			const old = "controls/PH-02/lists"
			open, err := reminder.Open(ctx, tx, []string{old, old + "/2026-09", old + "/2026-08"})
			if err != nil || !open[old] || !open[old+"/2026-09"] || open[old+"/2026-08"] {
				t.Errorf("open: %v, %v", open, err)
			}
			l, err := reminder.Compose(ctx, tx, []string{old, old + "/2026-10", old + "/2026-08"})
			if len(l.List) != 1 || len(l.List[0].Items) != 2 || l.Gone != 1 {
				t.Errorf("composed %+v, %v", l, err)
			}
			return err
		})
	})
}

// TestWhatWasDoneMeanwhileIsNotMailed: the reminder is written at midnight, and the owner is
// faster than the morning mail.
func TestWhatWasDoneMeanwhileIsNotMailed(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		o := newOffice(t, db)
		sam, kim := modelstest.Person(t, db, access.Owner), modelstest.Person(t, db, access.Owner)
		c := o.monthly("AC-03", sam, kim)
		o.at("2026-04-06T05:00:00Z")
		if list := notices(t, db, sam); len(list) != 1 || list[0].Kind != notice.Late {
			t.Fatalf("told %+v", list)
		}
		o.performed(c, sam, "2026-04-06T06:00:00Z")
		err := modelstest.As(t, db, o.priya, func(ctx context.Context, tx *models.Tx) error {
			list, _, err := occurrence.Undecided(ctx, tx, 10)
			if err != nil {
				return err
			}
			_, err = occurrence.Decide(ctx, tx, list[0].ID, list[0].Rev, true, "")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range o.at("2026-04-06T12:00:00Z") {
			if strings.Contains(m.Text, "late") {
				t.Errorf("mailed what is done:\n%s", m.Text)
			}
		}
	})
}

func TestRemindersAreDerivedOnceADayAcrossReplicas(t *testing.T) {
	modelstest.Pair(t, func(t *testing.T, a, b *models.DB) {
		o := newOffice(t, a)
		sam, kim := modelstest.Person(t, a, access.Owner), modelstest.Person(t, a, access.Owner)
		o.monthly("AC-03", sam, kim)
		for _, at := range []string{"2026-04-06T05:00:00Z", "2026-04-06T06:00:00Z", "2026-04-06T23:00:00Z", "2026-04-07T04:30:00Z"} {
			modelstest.At(a, instant(t, at))
			modelstest.At(b, instant(t, at))
			for _, db := range []*models.DB{a, b} {
				if err := turn(t, db); err != nil {
					t.Fatal(err)
				}
			}
		}
		var days []string
		for _, j := range all(t, b) {
			if j.Kind == "reminder.send" {
				days = append(days, j.Key+" "+string(j.State))
			}
		}
		if !slices.Equal(days, []string{"2026-04-06 done", "2026-04-07 done"}) {
			t.Errorf("reminded on %v", days)
		}
		if got := len(notices(t, b, sam)); got != 1 {
			t.Errorf("told %d times", got)
		}
	})
}

// TestRemindersBeginAnewWhereTheyStopped: the third of four controls cannot be told of at
// first. What was told before it stays told, and is told once.
func TestRemindersBeginAnewWhereTheyStopped(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		jobs.RemindedAtOnce(t, 1)
		o := newOffice(t, db)
		sam, kim, mo := modelstest.Person(t, db, access.Owner), modelstest.Person(t, db, access.Owner), modelstest.Person(t, db, access.Owner)
		modelstest.At(db, instant(t, "2026-03-30T15:00:00Z"))
		o.monthly("AC-01", sam, kim)
		o.monthly("AC-02", sam, kim)
		o.monthly("AC-03", mo, kim)
		o.monthly("AC-04", kim, sam)
		exec := func(sqlite, postgres string) {
			t.Helper()
			if db.Dialect() == "postgres" {
				sqlite = postgres
			}
			if err := db.Bookkeep(t.Context(), func(tx *models.Tx) error {
				_, err := models.Raw[struct{ ID int64 }](t.Context(), tx, sqlite)
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
		exec(fmt.Sprintf("CREATE TRIGGER refuse BEFORE INSERT ON notices WHEN NEW.person_id = %d BEGIN SELECT RAISE(ABORT, 'the disk is full'); END", mo.ID),
			fmt.Sprintf("ALTER TABLE notices ADD CONSTRAINT refuse CHECK (person_id <> %d)", mo.ID))
		_ = turn(t, db)
		if got := []int{len(notices(t, db, sam)), len(notices(t, db, mo)), len(notices(t, db, kim))}; !slices.Equal(got, []int{2, 0, 0}) {
			t.Fatalf("told %v", got)
		}
		exec("DROP TRIGGER refuse", "ALTER TABLE notices DROP CONSTRAINT refuse")
		modelstest.At(db, instant(t, "2026-03-30T16:00:00Z"))
		if err := turn(t, db); err != nil {
			t.Fatal(err)
		}
		if got := []int{len(notices(t, db, sam)), len(notices(t, db, mo)), len(notices(t, db, kim))}; !slices.Equal(got, []int{2, 1, 1}) {
			t.Errorf("told %v", got)
		}
		for _, j := range all(t, db) {
			if j.Kind == "reminder.send" && j.Said != "4 tasks" {
				t.Errorf("it said %q and is %s", j.Said, j.State)
			}
		}
	})
}

// TestChase: what is looked at is what is sent, and each control keeps a note of it.
func TestChase(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		o := newOffice(t, db)
		sam, kim := modelstest.Person(t, db, access.Owner), modelstest.Person(t, db, access.Owner)
		for i := range 3 {
			o.monthly(fmt.Sprintf("AC-0%d", i+1), sam, kim)
		}
		o.monthly("AC-09", kim, sam)
		modelstest.At(db, instant(t, "2026-04-08T15:00:00Z"))
		item := func(code string) string { return "tasks/" + code + "/2026-03-01/2026-03-31" }
		chosen := []string{item("AC-01"), item("AC-02"), item("AC-09"), item("AC-77"), "nonsense"}
		var l reminder.Letters
		chase := func(sending string) error {
			return modelstest.As(t, db, o.priya, func(ctx context.Context, tx *models.Tx) (err error) {
				if l, err = reminder.Compose(ctx, tx, chosen); err != nil {
					return err
				}
				return reminder.Chase(ctx, tx, l, sending, true)
			})
		}
		if err := modelstest.As(t, db, sam, func(ctx context.Context, tx *models.Tx) error {
			return reminder.Chase(ctx, tx, reminder.Letters{List: []reminder.Letter{{Person: kim.ID}}}, "X", true)
		}); models.KindOf(err) != models.KindForbidden {
			t.Errorf("an owner chases: %v", err)
		}
		if err := chase("ONE"); err != nil {
			t.Fatal(err)
		}
		if len(l.List) != 2 || l.Gone != 2 || len(l.Nobody) != 0 {
			t.Fatalf("%+v", l)
		}
		want := map[string]string{}
		for _, letter := range l.List {
			m := o.post.Chasing(letter, person(t, db, letter.Person))
			want[address(t, db, access.Actor{ID: letter.Person, Role: access.Owner})] = m.Subject + "\n" + m.Text()
		}
		got := map[string]string{}
		for _, m := range o.at("2026-04-08T15:00:05Z") {
			got[m.To] = m.Subject + "\n" + m.Text
		}
		if len(got) != 2 || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("looked at:\n%v\nsent:\n%v", want, got)
		}
		if err := chase("ONE"); models.KindOf(err) != models.KindConflict {
			t.Errorf("sent twice: %v", err)
		}
		modelstest.Look(t, db, o.priya, func(ctx context.Context, tx *models.Tx) error {
			feed, err := activity.For(ctx, tx, "controls/AC-01")
			if err == nil && !slices.ContainsFunc(feed, func(e activity.Entry) bool { return strings.Contains(e.What, "asked for what is owed on AC-01") }) {
				t.Errorf("the control tells %+v", feed)
			}
			return err
		})
		// The morning mail does not say it all again.
		var again []mailtest.Mail
		for _, m := range o.at("2026-04-09T12:00:00Z") {
			if strings.Contains(m.Text, "compliance manager asks") {
				again = append(again, m)
			}
		}
		if len(again) != 0 {
			t.Errorf("mailed again: %+v", again)
		}
	})
}

// TestAChaseSentAtOnceFromFourTabsIsOne: without a mail server there is no job that could
// tell, and each task is told and noted once all the same.
func TestAChaseSentAtOnceFromFourTabsIsOne(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		o := newOffice(t, db)
		sam, kim := modelstest.Person(t, db, access.Owner), modelstest.Person(t, db, access.Owner)
		o.monthly("AC-01", sam, kim)
		o.monthly("AC-02", sam, kim)
		modelstest.At(db, instant(t, "2026-04-08T15:00:00Z"))
		chase := func(sending string) error {
			return modelstest.As(t, db, o.priya, func(ctx context.Context, tx *models.Tx) error {
				l, err := reminder.Compose(ctx, tx, []string{"tasks/AC-01/2026-03-01/2026-03-31", "tasks/AC-02/2026-03-01/2026-03-31"})
				if err != nil {
					return err
				}
				return reminder.Chase(ctx, tx, l, sending, false)
			})
		}
		errs := make(chan error, 4)
		for range cap(errs) {
			go func() { errs <- chase("ONE") }()
		}
		sent := 0
		for range cap(errs) {
			switch err := <-errs; {
			case err == nil:
				sent++
			case models.KindOf(err) != models.KindConflict:
				t.Errorf("the second is refused with %v", err)
			}
		}
		if told := notices(t, db, sam); sent != 1 || len(told) != 2 {
			t.Errorf("sent %d times, told %d times", sent, len(told))
		}
		modelstest.Look(t, db, o.priya, func(ctx context.Context, tx *models.Tx) error {
			n, err := models.Value[int](ctx, tx, "SELECT count(*) FROM log_leaves WHERE verb = 'task.chase'")
			if n != 2 {
				t.Errorf("%d leaves", n)
			}
			return err
		})
		if err := chase("TWO"); err != nil { // another form, looked at again
			t.Error(err)
		}
	})
}

func person(t *testing.T, db *models.DB, id int64) (p people.Person) {
	t.Helper()
	modelstest.Look(t, db, access.Clock, func(ctx context.Context, tx *models.Tx) (err error) {
		p, err = people.ByID(ctx, tx, id)
		return err
	})
	return p
}
