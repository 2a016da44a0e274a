package readiness_test

import (
	"context"
	"testing"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/control"
	"assay/models/engagement"
	"assay/models/finding"
	"assay/models/framework"
	"assay/models/modelstest"
	"assay/models/occurrence"
	"assay/models/programme"
	"assay/models/readiness"
)

// A world is a company in New York whose period 2025/26 ended on 31 March 2026. Today is
// 25 November 2026.
type world struct {
	*testing.T
	db    *models.DB
	priya access.Actor
	past  engagement.Engagement
	other engagement.Engagement
}

func each(t *testing.T, f func(*world)) {
	t.Helper()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		w := &world{T: t, db: db, priya: modelstest.Person(t, db, access.Compliance)}
		modelstest.At(db, time.Date(2026, 11, 25, 15, 0, 0, 0, time.UTC))
		w.do(func(ctx context.Context, tx *models.Tx) (err error) {
			if _, err = programme.SetUp(ctx, tx, "Halyard AI", "America/New_York", nil); err != nil {
				return err
			}
			terms := engagement.Terms{
				Name: "2025/26", Firm: "Brandt & Okafor", Kind: engagement.Readiness, Criteria: []string{"CC6.1"},
				PeriodStart: "2025-04-01", PeriodEnd: "2026-03-31", Zone: "America/New_York", OpensOn: "2026-04-01", ClosesOn: "2026-06-30",
			}
			if w.past, err = engagement.Create(ctx, tx, terms); err != nil {
				return err
			}
			terms.Name, terms.PeriodStart, terms.PeriodEnd, terms.OpensOn, terms.ClosesOn = "2026/27", "2026-04-01", "2027-03-31", "2027-04-01", "2027-06-30"
			w.other, err = engagement.Create(ctx, tx, terms)
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

func (w *world) clock(f func(context.Context, *models.Tx) error) {
	w.Helper()
	if err := modelstest.As(w.T, w.db, access.Clock, f); err != nil {
		w.Fatal(err)
	}
}

// control counts from a day on and helps to meet CC6.1.
func (w *world) control(code, frequency string, from models.Date) control.Control {
	w.Helper()
	c := control.Control{Code: code, Title: "Control " + code, Frequency: frequency, Status: control.Effective, OwnerID: &w.priya.ID, CreatedAt: modelstest.Now}
	w.clock(func(ctx context.Context, tx *models.Tx) error {
		if err := models.Insert(ctx, tx, &c, "control.create"); err != nil {
			return err
		}
		v := control.Version{
			ControlID: c.ID, Code: code, Number: 1, Status: control.Effective, AuthoredAt: modelstest.Now, ApproverID: &w.priya.ID, ApprovedAt: &modelstest.Now, EffectiveFrom: from,
			Content: control.Content{Title: c.Title, Statement: "x", Frequency: frequency, Criteria: models.List[framework.Ref]{{Framework: framework.SOC2, Code: "CC6.1"}}},
		}
		return models.Insert(ctx, tx, &v, "version.approve")
	})
	return c
}

// finding is about a control, with the cycle that began and, unless it is open, ended.
func (w *world) finding(c control.Control, e *engagement.Engagement, outcome finding.Status, opened, closed models.Date) {
	w.Helper()
	noon := func(d models.Date) time.Time { return d.In(time.UTC).Add(16 * time.Hour) }
	f := finding.Finding{
		Title: "It was not done", Condition: "x", Source: finding.FromIncident, Severity: finding.High, Status: finding.Rated, ReportEffect: "undecided",
		Cycle: 1, CycleOpenedAt: noon(opened), RaisedBy: w.priya.ID, RaisedAt: noon(opened),
	}
	y := finding.Cycle{Number: 1, OpenedBy: w.priya.ID, OpenedAt: noon(opened)}
	if e != nil {
		f.Source, f.EngagementID = finding.FromAudit, &e.ID
	}
	if closed != "" {
		at := noon(closed)
		f.Status, f.ClosedAt, y.Outcome, y.ClosedAt, y.ClosedBy = outcome, &at, outcome, &at, &w.priya.ID
	}
	w.clock(func(ctx context.Context, tx *models.Tx) error {
		if err := models.Insert(ctx, tx, &f, "finding.raise"); err != nil {
			return err
		}
		y.FindingID = f.ID
		if err := models.Insert(ctx, tx, &y, "finding.raise"); err != nil {
			return err
		}
		return models.Insert(ctx, tx, &finding.Affected{FindingID: f.ID, ControlID: c.ID}, "finding.link")
	})
}

// standings are where the controls of the period that is over stand, by code.
func (w *world) standings() (p readiness.Picture, of map[string]occurrence.Standing) {
	w.Helper()
	of = map[string]occurrence.Standing{}
	modelstest.Look(w.T, w.db, w.priya, func(ctx context.Context, tx *models.Tx) (err error) {
		var rows []readiness.Row
		p, rows, _, err = readiness.List(ctx, tx, w.past.Slug, "", "", "")
		for _, r := range rows {
			of[r.Code] = r.Standing
		}
		return err
	})
	return p, of
}

// TestAPeriodThatIsOverIsJudgedAsOfItsLastDay: 2025/26 reads the same before and after a
// control is retired, revised or found wanting today.
func TestAPeriodThatIsOverIsJudgedAsOfItsLastDay(t *testing.T) {
	each(t, func(w *world) {
		gv := w.control("GV-04", "quarterly", "2025-01-01")
		w.control("GV-09", "quarterly", "2026-04-01") // after the period: no part of it
		w.control("HAL-01", "annual", "2026-02-01")   // its year ends after the period
		w.control("NW-04", "event", "2026-03-10")     // in the last month
		open := map[string][4]models.Date{
			"FD-01": {"2025-06-01", "", "exception"},           // raised within, open still
			"FD-02": {"2025-03-01", "2026-05-01", "exception"}, // before, and closed after
			"FD-03": {"2025-06-01", "2026-03-31", ""},          // closed by its last day
			"FD-04": {"2026-04-01", "", ""},                    // raised after
			"FD-05": {"2025-06-01", "2026-10-01", ""},          // dismissed: it never was one
		}
		for code, f := range open {
			outcome := finding.ClosedVerified
			if code == "FD-05" {
				outcome = finding.Dismissed
			}
			w.finding(w.control(code, "quarterly", "2025-01-01"), nil, outcome, f[0], f[1])
		}
		w.finding(w.control("FD-06", "quarterly", "2025-01-01"), &w.past, finding.ClosedVerified, "2026-05-10", "2026-07-01") // of its fieldwork
		w.finding(w.control("FD-07", "quarterly", "2025-01-01"), &w.other, "", "2026-05-10", "")                              // of another's
		before, of := w.standings()
		for code, f := range open {
			if got := of[code] == occurrence.Exception; got != (f[2] != "") {
				t.Errorf("%s is %s", code, of[code])
			}
		}
		for code, want := range map[string]occurrence.Standing{
			"GV-04": occurrence.Behind, "GV-09": "", "HAL-01": occurrence.NothingDue, "NW-04": occurrence.Blind, "FD-06": occurrence.Exception, "FD-07": occurrence.Behind,
		} {
			if of[code] != want {
				t.Errorf("%s is %q, want %q", code, of[code], want)
			}
		}
		if before.Counts[occurrence.NotYet] > 0 || before.Counts[occurrence.Planned] > 0 || before.Total() != 10 {
			t.Errorf("%v", before.Counts)
		}

		w.do(func(ctx context.Context, tx *models.Tx) error {
			return control.Retire(ctx, tx, &gv, "No longer done.", true)
		})
		after, now := w.standings()
		for code, was := range of {
			if now[code] != was {
				t.Errorf("%s was %s before a control was retired today, and is %s", code, was, now[code])
			}
		}
		if after.Total() != before.Total() || len(after.Uncovered) != len(before.Uncovered) {
			t.Errorf("%v became %v", before.Counts, after.Counts)
		}

		modelstest.Look(t, w.db, w.priya, func(ctx context.Context, tx *models.Tx) error {
			r, err := readiness.ReadoutOf(ctx, tx, w.past.Slug)
			if len(r.Open) != 3 {
				t.Errorf("the readout of 2025/26 counts %d findings, want those of FD-01, FD-02 and FD-06", len(r.Open))
			}
			return err
		})
	})
}

// TestAWindowWhoseGraceRunsWhenThePeriodEnds is due, not "not yet due": the period of 5 days
// ended yesterday.
func TestAWindowWhoseGraceRunsWhenThePeriodEnds(t *testing.T) {
	each(t, func(w *world) {
		modelstest.At(w.db, time.Date(2026, 4, 1, 15, 0, 0, 0, time.UTC))
		w.control("GV-04", "daily", "2026-03-31")
		if _, of := w.standings(); of["GV-04"] != occurrence.DueSoon {
			t.Errorf("it is %s", of["GV-04"])
		}
	})
}
