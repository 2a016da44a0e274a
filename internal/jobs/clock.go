package jobs

import (
	"context"
	"fmt"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/control"
	"assay/models/engagement"
	"assay/models/finding"
	"assay/models/job"
	"assay/models/notice"
	"assay/models/occurrence"
	"assay/models/programme"
	"assay/models/readiness"
	"assay/models/reminder"
)

// Every is how often the clock looks: a version that becomes effective at midnight
// does so within this time.
const Every = time.Minute

// kept is for how long work that was done can be looked at.
const kept = 30 * 24 * time.Hour

// Clock is the standing work of every installation.
func Clock() []Work {
	return []Work{
		{Kind: "control.activate", Label: "Put approved control versions into effect", Next: After(Every), Do: due(control.Waiting, control.Activate)},
		{Kind: "finding.expire", Label: "End risk acceptances that ran out", Next: After(Every), Do: due(lapsed, finding.ExpireAcceptances)},
		{Kind: "finding.ending", Label: "Remind of risk acceptances that end", Next: After(time.Hour), Do: told(finding.AnyEnding, finding.TellEnding)},
		{Kind: "control.leavers", Label: "Tell of controls whose owner left", Next: After(time.Hour), Do: told(control.AnyLeft, control.TellLeft)},
		{Kind: "reminder.day", Label: "Begin the reminders of a day", Next: After(time.Hour), Do: beginDay},
		{Kind: remindKind, Label: "Remind of what is due and late", Do: remind, Lease: 5 * time.Minute},
		{Kind: "notice.sweep", Label: "Forget notices older than half a year", Next: After(24 * time.Hour), Do: forgetNotices},
		{Kind: "database.analyse", Label: "Let the database learn how its tables grew", Next: After(time.Hour), Do: analyse},
		{Kind: "readiness.note", Label: "Keep where the period stands at the end of the day", Next: quarterly, Do: noteReadiness},
		{Kind: "job.sweep", Label: "Forget jobs done more than 30 days ago", Next: After(24 * time.Hour), Do: sweep},
	}
}

// After is a turn every d.
func After(d time.Duration) func(time.Time) time.Time {
	return func(now time.Time) time.Time { return now.Truncate(d).Add(d) }
}

// A look asks whether there is anything to do, so that a quiet minute takes no lock.
type look func(context.Context, *models.Tx) (bool, error)

func (any look) found(ctx context.Context, r *Run) (found bool, err error) {
	err = r.DB.Read(ctx, access.Clock, func(tx *models.Tx) error {
		found, err = any(ctx, tx)
		return err
	})
	return found, err
}

// due is work on records, which leaves leaves.
func due(any look, do func(context.Context, *models.Tx) (int, error)) func(context.Context, *Run) error {
	return func(ctx context.Context, r *Run) error {
		if found, err := any.found(ctx, r); err != nil || !found {
			return err
		}
		return r.Write(ctx, do)
	}
}

// told is work that leaves notices and no leaf.
func told(any look, do func(context.Context, *models.Tx) (int, error)) func(context.Context, *Run) error {
	return func(ctx context.Context, r *Run) error {
		if found, err := any.found(ctx, r); err != nil || !found {
			return err
		}
		return r.Bookkeep(ctx, func(ctx context.Context, tx *models.Tx) error {
			n, err := do(ctx, tx)
			r.Said = fmt.Sprintf("%d told", n)
			return err
		})
	}
}

func lapsed(ctx context.Context, tx *models.Tx) (bool, error) {
	ids, err := finding.LapsedAcceptances(ctx, tx)
	return len(ids) > 0, err
}

// remindKind is done once on each of the company's days: its key is the date.
const remindKind = "reminder.send"

func beginDay(ctx context.Context, r *Run) error {
	return r.Bookkeep(ctx, func(ctx context.Context, tx *models.Tx) error {
		day, err := reminder.Day(ctx, tx)
		if err != nil {
			return err
		}
		return job.Enqueue(ctx, tx, remindKind, string(day), nil)
	})
}

// remindedAtOnce is how many controls are held against the day in one transaction, so that
// nobody who writes waits for all of them. What was told stays told if the job begins anew.
var remindedAtOnce = 500

func remind(ctx context.Context, r *Run) error {
	var batches []occurrence.Codes
	err := r.DB.Read(ctx, access.Clock, func(tx *models.Tx) (err error) {
		batches, err = occurrence.Batches(ctx, tx, remindedAtOnce)
		return err
	})
	tasks := 0
	for _, some := range batches {
		if err != nil {
			return err
		}
		n := 0
		err = r.DB.Bookkeep(ctx, func(tx *models.Tx) (err error) {
			tx.Actor = access.Clock
			n, err = reminder.Remind(ctx, tx, some)
			return err
		})
		tasks += n
	}
	if err != nil {
		return err
	}
	return r.Bookkeep(ctx, func(ctx context.Context, tx *models.Tx) error {
		n, err := reminder.RemindOfRequests(ctx, tx)
		r.Said = fmt.Sprintf("%d tasks", tasks+n)
		return err
	})
}

func forgetNotices(ctx context.Context, r *Run) error {
	return r.Bookkeep(ctx, func(ctx context.Context, tx *models.Tx) error {
		n, err := notice.Sweep(ctx, tx, tx.Now.AddDate(0, -6, 0))
		r.Said = fmt.Sprintf("%d forgotten", n)
		return err
	})
}

// quarterly is a turn a minute before each quarter of an hour: in every zone there is, one
// of them is the last minute of the day.
func quarterly(now time.Time) time.Time {
	return now.Add(time.Minute).Truncate(quarter).Add(quarter - time.Minute)
}

const quarter = 15 * time.Minute

// dayEnds reports that the day by which the period is judged ends within a quarter of an hour.
func dayEnds(ctx context.Context, tx *models.Tx) (bool, error) {
	p, err := programme.Current(ctx, tx)
	if err != nil || !p.Ready() {
		return false, err
	}
	zone, err := engagement.Zone(ctx, tx)
	if err != nil {
		return false, err
	}
	now := tx.Now.In(zone)
	return now.Day() != now.Add(quarter).Day(), nil
}

func noteReadiness(ctx context.Context, r *Run) error {
	if ends, err := look(dayEnds).found(ctx, r); err != nil || !ends {
		return err
	}
	return r.Bookkeep(ctx, readiness.Note)
}

func analyse(ctx context.Context, r *Run) error { return r.DB.Analyse(ctx) }

func sweep(ctx context.Context, r *Run) error {
	return r.Bookkeep(ctx, func(ctx context.Context, tx *models.Tx) error {
		n, err := job.Sweep(ctx, tx, tx.Now.Add(-kept))
		r.Said = fmt.Sprintf("%d forgotten", n)
		return err
	})
}
