package demo

import (
	"context"
	"fmt"
	"slices"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/notice"
)

// A story is everything that happened, first collected and then played in the order of
// its instants.
type story struct {
	now     time.Time
	zone    *time.Location
	today   models.Date
	begin   models.Date // Assay is set up
	period  days        // of the engagement that is running
	prior   days        // of the one before it
	issuer  string
	first   *audit // the engagement that is over
	running *audit
	shelf   *shelf
	events  []event
	actors  map[string]access.Actor // by login
}

type deed func(context.Context, *models.Tx) error

type event struct {
	at   time.Time
	who  string
	sees bool // looks, and changes nothing
	do   deed
}

// newStory lays out the dates. The period is a year from the first of a month, chosen
// so that today is about its 240th day.
func newStory(now time.Time, issuer string) (*story, error) {
	zone, err := time.LoadLocation(Zone)
	if err != nil {
		return nil, err
	}
	s := &story{now: now, zone: zone, today: models.DateOf(now, zone), issuer: issuer, actors: map[string]access.Actor{clock: access.Clock}}
	s.period.from = monthOf(s.today.AddDays(-225))
	s.period.to = s.period.from.AddMonths(12).AddDays(-1)
	s.prior = days{s.period.from.AddMonths(-6), s.period.from.AddDays(-1)}
	s.begin = s.prior.from.AddDays(-26)
	return s, nil
}

// monthOf is the first day of the month of d.
func monthOf(d models.Date) models.Date { return d[:8] + "01" }

// newsDays is for how long nobody has looked behind the bell.
const newsDays = 5

// clock is the login of nobody: what happens because time passed.
const clock = ""

// in is n days into the period, or before it.
func (s *story) in(n int) models.Date { return s.period.from.AddDays(n) }

// ago is n days before today.
func (s *story) ago(n int) models.Date { return s.today.AddDays(-n) }

// on lets somebody do something on a day, minutes after nine in the morning. At a
// weekend it is the Friday before: never later, which could be tomorrow.
func (s *story) on(day models.Date, minutes int, who string, do deed) {
	s.at(workday(day), 9*60+minutes, event{who: who, do: do})
}

// atMidnight is for what happens as a day begins.
func (s *story) atMidnight(day models.Date, do deed) { s.at(day, 1, event{who: clock, do: do}) }

// looks lets an auditor look at a page, which is recorded and nothing else.
func (s *story) looks(day models.Date, minutes int, who, path string) {
	s.at(workday(day), 9*60+minutes, event{who: who, sees: true, do: func(_ context.Context, tx *models.Tx) error {
		return tx.Record("page.view", path, models.Note{"path": "/" + path})
	}})
}

func (s *story) at(day models.Date, minutes int, e event) {
	seconds := chance(fmt.Sprint(day, minutes, e.who, len(s.events))).IntN(60)
	e.at = day.In(s.zone).Add(time.Duration(minutes)*time.Minute + time.Duration(seconds)*time.Second)
	s.events = append(s.events, e)
}

func workday(day models.Date) models.Date {
	switch day.In(time.UTC).Weekday() {
	case time.Saturday:
		return day.AddDays(-1)
	case time.Sunday:
		return day.AddDays(-2)
	case time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday:
	}
	return day
}

// play tells the story. One transaction carries all of it, and takes on the hour and
// the person of each event: an event in a transaction of its own would cost a wait for
// the disk each, some thousand of them. The files have to be safe before it commits.
func (s *story) play(ctx context.Context, db *models.DB) error {
	slices.SortStableFunc(s.events, func(a, b event) int { return a.at.Compare(b.at) })
	err := db.Write(ctx, access.Clock, func(tx *models.Tx) error {
		for _, e := range s.events {
			if err := s.happens(ctx, tx, e); err != nil {
				return fmt.Errorf("the demonstration at %s, %q: %w", e.at.Format(time.DateTime), e.who, err)
			}
		}
		if err := notice.ReadBefore(ctx, tx, s.now.AddDate(0, 0, -newsDays).UTC().Truncate(time.Microsecond)); err != nil {
			return err
		}
		return s.shelf.safe()
	})
	if err != nil {
		_ = s.shelf.safe() // nobody writes on when this returns
	}
	return err
}

func (s *story) happens(ctx context.Context, tx *models.Tx, e event) error {
	actor, known := s.actors[e.who]
	switch {
	case !known:
		return fmt.Errorf("nobody is called that yet")
	case !e.at.Before(s.now):
		return fmt.Errorf("that is in the future")
	case actor.ReadOnly() != e.sees:
		return fmt.Errorf("this account only reads, or nothing was done")
	}
	tx.Now, tx.Actor = e.at.UTC().Truncate(time.Microsecond), actor
	return e.do(ctx, tx)
}
