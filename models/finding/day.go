package finding

import (
	"context"
	"time"

	"assay/models"
	"assay/models/programme"
)

// A Day is today in the company's zone. What is late, how old something is, and when
// an acceptance ends are civil days there; none of it is stored.
type Day struct {
	Date models.Date
	Zone *time.Location
}

// Today reads the company's zone, UTC before the company is set up.
func Today(ctx context.Context, tx *models.Tx) (Day, error) {
	company, err := programme.Current(ctx, tx)
	if err != nil {
		return Day{}, err
	}
	zone := company.Location()
	return Day{Date: models.DateOf(tx.Now, zone), Zone: zone}, nil
}

// Overdue reports whether f waits for something whose day has passed.
func (d Day) Overdue(f Finding) bool { return f.Status.Open() && d.passed(f.DueOn) }

// Missed reports whether m should have been done by now.
func (d Day) Missed(m Milestone) bool { return m.Status.Open() && d.passed(m.DueOn) }

// Age counts the days of f's present cycle: to today, or to the day it was closed.
func (d Day) Age(f Finding) int {
	end := d.Date
	if f.ClosedAt != nil {
		end = models.DateOf(*f.ClosedAt, d.Zone)
	}
	return models.DateOf(f.CycleOpenedAt, d.Zone).DaysUntil(end)
}

// passed: a day is over from the next midnight in the company's zone.
func (d Day) passed(due models.Date) bool { return !due.IsZero() && due < d.Date }
