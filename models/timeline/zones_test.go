package timeline_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/control"
	"assay/models/engagement"
	"assay/models/evidence"
	"assay/models/framework"
	"assay/models/modelstest"
	"assay/models/occurrence"
	"assay/models/period"
	"assay/models/programme"
	"assay/models/readiness"
	"assay/models/reminder"
	"assay/models/timeline"
)

// A world is a company in one zone whose auditors count the year 2026 in another.
type world struct {
	*testing.T
	db    *models.DB
	priya access.Actor
	zone  *time.Location // of the engagement
}

// abroad runs f where company and engagement are in these zones.
func abroad(t *testing.T, company, auditors string, f func(*world)) {
	t.Helper()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		zone, err := time.LoadLocation(auditors)
		if err != nil {
			t.Fatal(err)
		}
		w := &world{T: t, db: db, priya: modelstest.Person(t, db, access.Compliance), zone: zone}
		w.do(func(ctx context.Context, tx *models.Tx) error {
			if _, err := programme.SetUp(ctx, tx, "Halyard AI", company, nil); err != nil {
				return err
			}
			_, err := engagement.Create(ctx, tx, engagement.Terms{
				Name: "2026", Firm: "Brandt & Okafor", Kind: engagement.Readiness, Criteria: []string{"CC6.1"}, Zone: auditors,
				PeriodStart: "2026-01-01", PeriodEnd: "2026-12-31", OpensOn: "2026-01-01", ClosesOn: "2027-06-30",
			})
			return err
		})
		f(w)
	})
}

func (w *world) do(f func(context.Context, *models.Tx) error) {
	w.Helper()
	if err := modelstest.As(w.T, w.db, w.priya, f); err != nil {
		w.Fatal(err)
	}
}

func (w *world) at(instant string) time.Time {
	w.Helper()
	t, err := time.Parse(time.RFC3339, instant)
	if err != nil {
		w.Fatal(err)
	}
	modelstest.At(w.db, t)
	return t
}

// control is Priya's from a day on, without any grace.
func (w *world) control(code, frequency string, from models.Date) control.Control {
	w.Helper()
	grace := 0
	c := control.Control{Code: code, Title: "Control " + code, Frequency: frequency, Status: control.Effective, OwnerID: &w.priya.ID, CreatedAt: modelstest.Now}
	err := modelstest.As(w.T, w.db, access.Clock, func(ctx context.Context, tx *models.Tx) error {
		if err := models.Insert(ctx, tx, &c, "control.create"); err != nil {
			return err
		}
		v := control.Version{
			ControlID: c.ID, Code: code, Number: 1, Status: control.Effective, AuthoredAt: modelstest.Now, ApproverID: &w.priya.ID, ApprovedAt: &modelstest.Now, EffectiveFrom: from,
			Content: control.Content{
				Title: c.Title, Statement: "x", Frequency: frequency, GraceDays: &grace, EventDirection: "before",
				Criteria: models.List[framework.Ref]{{Framework: framework.SOC2, Code: "CC6.1"}},
			},
		}
		return models.Insert(ctx, tx, &v, "version.approve")
	})
	if err != nil {
		w.Fatal(err)
	}
	return c
}

// owed is what tasks say of the control, and what readiness does: late or not, by window.
func (w *world) owed(c control.Control) (tasks, squares map[period.Span]bool) {
	w.Helper()
	tasks, squares = map[period.Span]bool{}, map[period.Span]bool{}
	modelstest.Look(w.T, w.db, w.priya, func(ctx context.Context, tx *models.Tx) error {
		f, _, err := reminder.Frame(ctx, tx)
		if err != nil {
			return err
		}
		owed, err := occurrence.Owed(ctx, tx, f, occurrence.Scope{Person: w.priya.ID})
		if err != nil {
			return err
		}
		p, err := readiness.Of(ctx, tx, "")
		for _, t := range owed {
			if t.Sheet.ID == c.ID {
				tasks[t.Window.Span()] = t.Late(f.Today)
			}
		}
		for _, t := range p.Tasks {
			if t.Sheet.ID == c.ID {
				squares[t.Window.Span()] = t.Late(p.Frame.Today)
			}
		}
		return err
	})
	return tasks, squares
}

// line is the window in the timeline of the control.
func (w *world) line(c control.Control, of period.Span) (found timeline.Window) {
	w.Helper()
	modelstest.Look(w.T, w.db, w.priya, func(ctx context.Context, tx *models.Tx) error {
		t, err := timeline.Of(ctx, tx, c, []string{"CC6.1"}, "")
		for _, x := range t.Windows {
			if x.Span() == of {
				found = x
			}
		}
		return err
	})
	return found
}

// edges are company, auditors, and instants near a midnight of either, a change of clocks,
// the end of a month and of the year.
var edges = []struct {
	company, auditors string
	at                []string
}{
	{"Pacific/Auckland", "America/New_York", []string{
		"2026-03-08T06:59:00Z", "2026-03-31T10:59:00Z", "2026-03-31T11:01:00Z", "2026-03-31T19:00:00Z", "2026-04-01T03:59:00Z", "2026-04-01T04:01:00Z",
		"2026-04-04T13:59:00Z", "2026-09-26T14:01:00Z", "2026-11-01T05:59:00Z", "2026-12-31T11:01:00Z", "2027-01-01T04:59:00Z",
	}},
	{"America/Los_Angeles", "Europe/Berlin", []string{
		"2026-03-28T22:59:00Z", "2026-03-29T01:01:00Z", "2026-03-31T21:59:00Z", "2026-03-31T22:01:00Z", "2026-04-01T06:59:00Z", "2026-04-01T07:01:00Z",
		"2026-10-25T00:59:00Z", "2026-11-01T08:59:00Z", "2026-12-31T22:59:00Z",
	}},
}

// TestPagesAgreeWhereCompanyAndAuditorsCountInOtherZones: what is asked for today, and done
// now, is done today on every page, and what one page calls late is late on the other.
func TestPagesAgreeWhereCompanyAndAuditorsCountInOtherZones(t *testing.T) {
	for _, x := range edges {
		t.Run(x.company, func(t *testing.T) {
			abroad(t, x.company, x.auditors, func(w *world) {
				for n, at := range x.at {
					now := w.at(at)
					day := models.DateOf(now, w.zone)
					c := w.control(fmt.Sprintf("CM-%02d", n+1), "daily", day.AddDays(-3))
					today := period.Span{From: day, To: day}
					tasks, squares := w.owed(c)
					if fmt.Sprint(tasks) != fmt.Sprint(squares) {
						w.Errorf("%s: tasks say %v, readiness %v", at, tasks, squares)
					}
					if late, asked := tasks[today]; !asked || late {
						w.Errorf("%s: %s is not asked for today, but %v", at, day, tasks)
					}
					w.do(func(ctx context.Context, tx *models.Tx) error {
						_, err := occurrence.Perform(ctx, tx, c, occurrence.Act{Window: today, At: now, Result: "Looked through."})
						return err
					})
					if o := w.line(c, today); o.Status != period.OnTime || o.Act == nil {
						w.Errorf("%s: done for %s, and the timeline says %s", at, day, o.Status.Label())
					}
					if tomorrow := (period.Span{From: day.AddDays(1), To: day.AddDays(1)}); day < "2026-12-31" {
						err := modelstest.As(w.T, w.db, w.priya, func(ctx context.Context, tx *models.Tx) error {
							_, err := occurrence.Perform(ctx, tx, c, occurrence.Act{Window: tomorrow, At: now, Result: "Looked through."})
							return err
						})
						if models.KindOf(err) != models.KindInvalid {
							w.Errorf("%s: done for %s before it began: %v", at, tomorrow.From, err)
						}
					}
				}
			})
		})
	}
}

// TestNobodyIsWaitedForSinceTomorrow: what was returned in the evening is waited for since
// that day, wherever UTC is by then.
func TestNobodyIsWaitedForSinceTomorrow(t *testing.T) {
	abroad(t, "America/Los_Angeles", "America/New_York", func(w *world) {
		c := w.control("CM-01", "annual", "2026-01-01")
		now, sam := w.at("2026-04-01T02:30:00Z"), modelstest.Person(w.T, w.db, access.Compliance)
		w.do(func(ctx context.Context, tx *models.Tx) error {
			return models.Insert(ctx, tx, &evidence.Item{
				ControlID: c.ID, Details: evidence.Details{Title: "Export", Kind: "system_export", Source: "Okta", CoversFrom: "2026-01-01", CoversTo: "2026-03-30"}, Status: evidence.Returned, UploadedBy: w.priya.ID, UploadedAt: now, SubmittedAt: &now, DecidedBy: &sam.ID, DecidedAt: &now, DecisionNote: "A part is missing.",
			}, "evidence.return")
		})
		modelstest.Look(w.T, w.db, w.priya, func(ctx context.Context, tx *models.Tx) error {
			p, err := readiness.Of(ctx, tx, "")
			if len(p.Blockers) != 1 || p.Blockers[0].Since != "2026-03-31" || p.Blockers[0].Returned != 1 {
				w.Errorf("waited for %+v", p.Blockers)
			}
			return err
		})
	})
}

// TestEvidenceIsTakenForTheDaysThatCount: what may be said to be covered is what readiness
// counts as covered. Of a day that is not over for the auditors an export shows nothing.
func TestEvidenceIsTakenForTheDaysThatCount(t *testing.T) {
	for _, x := range []struct {
		company, auditors, at string
		last                  models.Date
	}{
		{"Pacific/Auckland", "America/New_York", "2026-03-31T19:00:00Z", "2026-03-30"},
		{"Pacific/Auckland", "America/New_York", "2026-04-01T04:00:00Z", "2026-03-31"},
		{"America/Los_Angeles", "Europe/Berlin", "2026-03-31T21:59:00Z", "2026-03-30"},
		{"America/Los_Angeles", "Europe/Berlin", "2026-03-31T22:01:00Z", "2026-03-31"},
		{"America/New_York", "America/New_York", "2026-04-01T03:59:00Z", "2026-03-30"},
	} {
		abroad(t, x.company, x.auditors, func(w *world) {
			c, now := w.control("CM-01", "monthly", "2026-01-01"), w.at(x.at)
			i := evidence.Item{ControlID: c.ID, UploadedAt: now, Details: evidence.Details{Title: "Export", Kind: "system_export", Source: "Okta", CoversFrom: "2026-03-01", CoversTo: x.last}}
			modelstest.Look(w.T, w.db, w.priya, func(ctx context.Context, tx *models.Tx) error {
				i.CoversTo = x.last.AddDays(1)
				if err := evidence.Check(ctx, tx, i); models.KindOf(err) != models.KindInvalid {
					w.Errorf("%s %s: covers %s: %v", x.company, x.at, i.CoversTo, err)
				}
				i.CoversTo = x.last
				return evidence.Check(ctx, tx, i)
			})
			i.Status, i.UploadedBy, i.SubmittedAt = evidence.Submitted, w.priya.ID, &now
			w.do(func(ctx context.Context, tx *models.Tx) error { return models.Insert(ctx, tx, &i, "evidence.submit") })
			modelstest.Look(w.T, w.db, w.priya, func(ctx context.Context, tx *models.Tx) error {
				t, err := timeline.Of(ctx, tx, c, []string{"CC6.1"}, "")
				if n := len(t.Sheet.Facts.Covers); n != 1 || t.Sheet.Facts.Covers[0].Last.Date() != x.last {
					w.Errorf("%s %s: taken until %s, counted %v", x.company, x.at, x.last, t.Sheet.Facts.Covers)
				}
				return err
			})
		})
	}
}
