package timeline_test

import (
	"context"
	"testing"

	"assay/models"
	"assay/models/control"
	"assay/models/engagement"
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
