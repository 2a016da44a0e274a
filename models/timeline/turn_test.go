package timeline_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"assay/models"
	"assay/models/access"
	"assay/models/control"
	"assay/models/engagement"
	"assay/models/modelstest"
	"assay/models/notice"
	"assay/models/occurrence"
	"assay/models/period"
	"assay/models/reminder"
)

// period makes another engagement.
func (w *world) period(name string, from, to models.Date) (e engagement.Engagement) {
	w.Helper()
	w.do(func(ctx context.Context, tx *models.Tx) (err error) {
		e, err = engagement.Create(ctx, tx, engagement.Terms{
			Name: name, Firm: "Brandt & Okafor", Kind: engagement.Readiness, Criteria: []string{"CC6.1"}, Zone: w.zone.String(),
			PeriodStart: from, PeriodEnd: to, OpensOn: from, ClosesOn: to.AddDays(90),
		})
		return err
	})
	return e
}

// TestWhatAPeriodOwesIsAskedForWhenTheNextBegins: the last windows of a period fall due after
// its last day. Tasks, reminders and letters speak of them although the next one is current.
func TestWhatAPeriodOwesIsAskedForWhenTheNextBegins(t *testing.T) {
	abroad(t, "UTC", "UTC", func(w *world) {
		w.period("2027", "2027-01-01", "2027-12-31")
		w.period("2024", "2024-01-01", "2024-12-31") // nobody closed it, and it is long over
		monthly, quarterly := w.control("CM-01", "monthly", "2026-12-01"), w.control("CM-02", "quarterly", "2026-10-01")
		w.control("CM-03", "annual", "2024-01-01")
		w.at("2027-01-04T12:00:00Z")
		december, fourth := period.Span{From: "2026-12-01", To: "2026-12-31"}, period.Span{From: "2026-10-01", To: "2026-12-31"}
		asked := func() (letters reminder.Letters, found int) {
			for c, of := range map[string]period.Span{"CM-01": december, "CM-02": fourth} {
				id := monthly
				if c == "CM-02" {
					id = quarterly
				}
				if tasks, _ := w.owed(id); tasks[of] {
					found++
				}
			}
			w.do(func(ctx context.Context, tx *models.Tx) (err error) {
				letters, err = reminder.Compose(ctx, tx, []string{"tasks/CM-01/2026-12-01/2026-12-31"})
				if err != nil {
					return err
				}
				return tx.Record("test.looked", "controls/CM-01")
			})
			return letters, found
		}
		letters, found := asked()
		if found != 2 || len(letters.List) != 1 || letters.Gone != 0 {
			w.Errorf("%d of 2 windows of 2026 are asked for on 4 January, and %d letters would go: %d gone", found, len(letters.List), letters.Gone)
		}
		w.do(func(ctx context.Context, tx *models.Tx) error {
			f, _, err := reminder.Frame(ctx, tx)
			if err != nil {
				return err
			}
			owed, err := occurrence.Owed(ctx, tx, f, occurrence.Scope{})
			for _, x := range owed {
				if x.Window.Last < period.DayOf("2026-01-01", 0) {
					w.Errorf("%s of %v is asked for: its period was over two years ago", x.Sheet.Code, x.Window.Span())
				}
			}
			if err != nil {
				return err
			}
			e, err := engagement.BySlug(ctx, tx, "2026")
			if err != nil {
				return err
			}
			return engagement.Move(ctx, tx, &e, engagement.Cancelled, "Not examined after all.")
		})
		if _, found := asked(); found != 0 {
			w.Errorf("%d windows of a period that was cancelled are asked for", found)
		}
	})
}

// TestWhatARetiredControlOwesIsAskedFor: March was not shown yet when the control was retired on
// 2 April. It is owed all the same, and April is not.
func TestWhatARetiredControlOwesIsAskedFor(t *testing.T) {
	abroad(t, "UTC", "UTC", func(w *world) {
		c := w.control("CM-01", "monthly", "2026-03-01")
		w.at("2026-04-02T12:00:00Z")
		w.do(func(ctx context.Context, tx *models.Tx) error {
			return control.Retire(ctx, tx, &c, "Another control does it now.", true)
		})
		w.at("2026-05-04T12:00:00Z")
		march := period.Span{From: "2026-03-01", To: "2026-03-31"}
		tasks, squares := w.owed(c)
		if late, asked := tasks[march]; !asked || !late || len(tasks) != 1 {
			w.Errorf("asked for: %v, want March alone", tasks)
		}
		if late, asked := squares[march]; !asked || !late {
			w.Errorf("readiness lists %v", squares)
		}
		w.do(func(ctx context.Context, tx *models.Tx) error {
			_, err := occurrence.Perform(ctx, tx, c, occurrence.Act{Window: march, At: w.at("2026-05-04T11:00:00Z"), Result: "Looked through."})
			return err
		})
		if o := w.line(c, march); o.Status != period.Late {
			w.Errorf("done in May: %s", o.Status.Label())
		}
	})
}

// late lists the windows of c that are asked for and late, by their first day.
func (w *world) late(c control.Control) (days []models.Date) {
	w.Helper()
	tasks, _ := w.owed(c)
	for of, late := range tasks {
		if late {
			days = append(days, of.From)
		}
	}
	slices.Sort(days)
	return days
}

// TestWhatIsNeglectedIsLateHoweverOftenItComesBack: of a control that acts every day the last
// two days are asked for, which are never late where there is grace and never late for long.
// Where the neglect began is asked for beside them, once.
func TestWhatIsNeglectedIsLateHoweverOftenItComesBack(t *testing.T) {
	abroad(t, "UTC", "UTC", func(w *world) {
		w.at("2026-03-02T12:00:00Z")
		c := w.control("CM-01", "daily", "2026-03-02")
		w.at("2026-03-05T12:00:00Z")
		first := period.Span{From: "2026-03-02", To: "2026-03-02"}
		act := func(of period.Span) {
			w.do(func(ctx context.Context, tx *models.Tx) error {
				_, err := occurrence.Excuse(ctx, tx, c, of, "The system was not there yet.")
				return err
			})
		}
		if got := fmt.Sprint(w.late(c)); got != "[2026-03-02 2026-03-03 2026-03-04]" {
			w.Errorf("late on 5 March: %s", got)
		}
		told := func(kind notice.Kind) (n int) {
			modelstest.Look(w.T, w.db, access.Clock, func(ctx context.Context, tx *models.Tx) (err error) {
				n, err = models.Value[int](ctx, tx, "SELECT count(*) FROM notices WHERE kind = ? AND about LIKE 'tasks/CM-01/%'", kind)
				return err
			})
			return n
		}
		kim := modelstest.Person(w.T, w.db, access.Compliance) // a manager who owns nothing of it
		for _, day := range []string{"10", "11", "12", "19"} {
			w.at("2026-03-" + day + "T12:00:00Z")
			if err := w.db.Bookkeep(w.Context(), func(tx *models.Tx) error {
				tx.Actor = access.Clock
				_, err := reminder.Remind(w.Context(), tx, occurrence.Codes{})
				return err
			}); err != nil {
				w.Fatal(err)
			}
		}
		if n := told(notice.Escalated); n != 1 {
			w.Errorf("after 17 days without a performance %s and others were told %d times, want once", kim.Name, n)
		}
		// The first day did not apply, somebody says: until that is decided the next one is asked for.
		act(first)
		if got := fmt.Sprint(w.late(c)); got != "[2026-03-03 2026-03-17 2026-03-18]" {
			w.Errorf("late on 19 March: %s", got)
		}
	})
}
