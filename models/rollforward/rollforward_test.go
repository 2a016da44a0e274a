package rollforward_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/control"
	"assay/models/controltest"
	"assay/models/engagement"
	"assay/models/evidence"
	"assay/models/finding"
	"assay/models/framework"
	"assay/models/freeze"
	"assay/models/ledger"
	"assay/models/modelstest"
	"assay/models/people"
	"assay/models/population"
	"assay/models/request"
	"assay/models/rollforward"
	"assay/models/sample"
	"assay/models/subservice"
)

// A world is a company with a control that changed on 1 July 2026, and its engagements.
type world struct {
	*testing.T
	db                  *models.DB
	priya, admin, owner access.Actor
	control             control.Control
}

func each(t *testing.T, f func(*world)) {
	t.Helper()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		w := &world{T: t, db: db}
		w.on("2026-01-05")
		w.priya, w.admin, w.owner = modelstest.Person(t, db, access.Compliance), modelstest.Person(t, db, access.Administrator), modelstest.Person(t, db, access.Owner)
		w.controls()
		f(w)
	})
}

func (w *world) on(day models.Date) { modelstest.At(w.db, day.In(time.UTC).Add(12*time.Hour)) }

func (w *world) as(a access.Actor, f func(context.Context, *models.Tx) error) error {
	return modelstest.As(w.T, w.db, a, f)
}

func (w *world) do(a access.Actor, f func(context.Context, *models.Tx) error) {
	w.Helper()
	if err := w.as(a, f); err != nil {
		w.Fatal(err)
	}
}

func (w *world) refused(what string, err error, kind models.Kind, says string) {
	w.Helper()
	said := fmt.Sprint(err)
	if e := (*models.Error)(nil); errors.As(err, &e) {
		said += fmt.Sprint(e.Fields)
	}
	if models.KindOf(err) != kind || !strings.Contains(said, says) {
		w.Errorf("%s: got %v", what, said)
	}
}

// controls: CM-01 until 30 June, and from 1 July its second version.
func (w *world) controls() {
	w.Helper()
	now := w.db.Now()
	w.control = control.Control{Code: "CM-01", Title: "Peer review", Frequency: "event", Status: control.Effective, OwnerID: &w.owner.ID, CreatedAt: now, Version: 2}
	w.do(access.Clock, func(ctx context.Context, tx *models.Tx) error {
		if err := models.Insert(ctx, tx, &w.control, "control.create"); err != nil {
			return err
		}
		if err := control.Place(ctx, tx, &w.control); err != nil {
			return err
		}
		for n, days := range [][2]models.Date{{"2026-01-01", "2026-06-30"}, {"2026-07-01", ""}} {
			v := control.Version{
				ControlID: w.control.ID, Code: "CM-01", Number: n + 1, Status: []control.Status{control.Superseded, control.Effective}[n], AuthoredAt: now, ApproverID: &w.priya.ID, ApprovedAt: &now,
				EffectiveFrom: days[0], EffectiveTo: days[1],
				Content: control.Content{Title: "Peer review", Statement: "x", Frequency: "event", Criteria: models.List[framework.Ref]{{Framework: framework.SOC2, Code: "CC8.1"}}},
			}
			if err := models.Insert(ctx, tx, &v, "control.approve"); err != nil {
				return err
			}
		}
		_, err := models.Raw[control.Control](ctx, tx, `INSERT INTO control_criteria (control_id, framework, code) VALUES (?, 'soc2-tsc', 'CC8.1') RETURNING control_id AS id`, w.control.ID)
		return err
	})
}

// examined is an engagement over these days in fieldwork, with a lead who writes.
func (w *world) examined(name string, from, to models.Date) (e engagement.Engagement, lead access.Actor) {
	w.Helper()
	p := people.Person{Name: "Lead of " + name, Email: strings.ReplaceAll(name, " ", "") + "@firm.example", Firm: "Brandt & Okafor", Role: access.Auditor, Status: people.Active, InvitedAt: w.db.Now()}
	w.do(access.Clock, func(ctx context.Context, tx *models.Tx) error { return models.Insert(ctx, tx, &p, "person.invite") })
	w.do(w.priya, func(ctx context.Context, tx *models.Tx) (err error) {
		e, err = engagement.Create(ctx, tx, engagement.Terms{
			Name: name, Firm: "Brandt & Okafor", Kind: engagement.Readiness, Criteria: []string{"CC8.1"}, Systems: []engagement.System{{Name: "Halyard Code"}}, Boundary: "Production.",
			PeriodStart: from, PeriodEnd: to, Zone: "America/New_York", OpensOn: from.AddDays(30), ClosesOn: to.AddDays(90),
		})
		if err == nil {
			err = engagement.AddAuditor(ctx, tx, e, p.ID, engagement.Lead)
		}
		return err
	})
	w.complements(e)
	for _, s := range []engagement.Status{engagement.Planning, engagement.Fieldwork} {
		w.do(w.priya, func(ctx context.Context, tx *models.Tx) error { return engagement.Move(ctx, tx, &e, s, "") })
	}
	w.do(w.admin, func(ctx context.Context, tx *models.Tx) error {
		team, err := engagement.Team(ctx, tx, e.ID)
		if err != nil {
			return err
		}
		return engagement.GrantFieldwork(ctx, tx, e, team[0].ID, team[0].Rev)
	})
	lead = p.Actor()
	lead.Engagements, lead.Fieldwork = []int64{e.ID}, []int64{e.ID}
	return e, lead
}

// complements: an organisation with a report of the days, a CSOC and a CUEC.
func (w *world) complements(e engagement.Engagement) {
	w.Helper()
	w.do(w.priya, func(ctx context.Context, tx *models.Tx) error {
		o, err := subservice.Add(ctx, tx, e, subservice.Terms{Name: "Northgate", Services: "Hosting", Method: subservice.CarveOut})
		if err != nil {
			return err
		}
		for _, of := range []*subservice.Organisation{&o, nil} {
			if _, err := subservice.Expect(ctx, tx, e, of, subservice.Content{Text: "Somebody else does it.", Criteria: models.List[string]{"CC8.1"}}); err != nil {
				return err
			}
		}
		return subservice.Rely(ctx, tx, e, &o, subservice.Reliance{ReportKind: "soc2_type_2", ReportFrom: e.PeriodStart, ReportTo: e.PeriodEnd}, []string{"CM-01"})
	})
}

// accepted is evidence of these days.
func (w *world) accepted(from, to models.Date) (i evidence.Item) {
	w.Helper()
	performed := w.db.Now().Add(-time.Hour)
	w.do(w.owner, func(ctx context.Context, tx *models.Tx) (err error) {
		i, err = evidence.Store(ctx, tx, evidence.Parcel{
			ControlID: w.control.ID, Files: []evidence.Upload{{Name: "a.csv", Digest: strings.Repeat("a", 64), Size: 1}},
			Details: evidence.Details{Title: "Reviews from " + string(from), Kind: "system_export", Source: "GitHub", PerformedAt: &performed, CoversFrom: from, CoversTo: to},
		})
		if err == nil {
			i, err = evidence.Submit(ctx, tx, i.ID, i.Rev)
		}
		return err
	})
	w.do(w.priya, func(ctx context.Context, tx *models.Tx) (err error) {
		i, err = evidence.Accept(ctx, tx, i.ID, i.Rev, "")
		return err
	})
	return i
}

// fieldwork leaves something of everything in e: a request that was answered and one that
// never was opened, a population with a sample, a test with a note, findings.
func (w *world) fieldwork(e engagement.Engagement, lead access.Actor) {
	w.Helper()
	now := w.db.Now()
	w.do(w.priya, func(ctx context.Context, tx *models.Tx) error {
		for n, title := range []string{"Reviews of the quarter", "Never opened"} {
			q, err := request.Write(ctx, tx, e, request.Ask{Question: request.Question{Title: title, ControlID: &w.control.ID, OwnerID: &w.owner.ID, DueOn: e.PeriodEnd}, Items: []string{"The list", "The tickets"}})
			if err == nil && n == 0 {
				err = request.OpenUp(ctx, tx, e, &q)
			}
			if err != nil {
				return err
			}
		}
		p := population.Population{
			EngagementID: e.ID, Slug: e.Slug, ControlID: w.control.ID, Control: "CM-01", Version: 1, Status: population.Locked, AddedBy: w.priya.ID, AddedAt: now, LockedBy: &w.priya.ID, LockedAt: &now,
			Source: population.Source{Name: "Changes", System: "GitHub", ExtractedAt: now, SourceCount: 1},
			File:   population.File{FileName: "c.csv", Digest: strings.Repeat("b", 64), Columns: []string{"key"}, KeyColumn: "key", RowCount: 1, TextDigest: strings.Repeat("c", 64)},
		}
		if err := models.Insert(ctx, tx, &p, "population.import"); err != nil {
			return err
		}
		return models.Insert(ctx, tx, &population.Sample{PopulationID: p.ID, Slug: p.Slug, Method: sample.Random, Seed: "s", Stratum: "x", Size: 1, AuditorID: lead.ID, DrawnBy: w.priya.ID, DrawnAt: now}, "sample.draw")
	})
	w.do(lead, func(ctx context.Context, tx *models.Tx) error {
		t := controltest.Test{EngagementID: e.ID, Slug: e.Slug, ControlID: w.control.ID, Control: "CM-01", FirstVersion: 1, Status: controltest.Planned, Round: 1, AuditorID: lead.ID, EnteredBy: lead.ID, PlannedAt: now}
		if err := models.Insert(ctx, tx, &t, "test.plan"); err != nil {
			return err
		}
		if err := models.Insert(ctx, tx, &controltest.Round{TestID: t.ID, EngagementID: e.ID, Slug: e.Slug, Number: 1, AuditorID: lead.ID, EnteredBy: lead.ID, OpenedAt: now}, "test.round"); err != nil {
			return err
		}
		return models.Insert(ctx, tx, &controltest.Note{TestID: t.ID, EngagementID: e.ID, Slug: e.Slug, Text: "Private.", AuditorID: lead.ID, EnteredBy: lead.ID, WrittenAt: now}, "test.note")
	})
	w.do(lead, func(ctx context.Context, tx *models.Tx) error {
		tests, err := models.Rows[controltest.Test](tx).Where("control_tests.engagement_id = ?", e.ID).Find(ctx)
		if err != nil {
			return err
		}
		if err := controltest.Conclude(ctx, tx, tests[0].ID, 0, 0, controltest.NotTested, "The list came too late."); err != nil {
			return err
		}
		return controltest.Review(ctx, tx, tests[0].ID, 0, 0, "The team is one person.")
	})
	var mistaken finding.Finding
	w.do(w.priya, func(ctx context.Context, tx *models.Tx) error {
		for n, title := range []string{"1 of 25 changes without review", "Not one at all"} {
			f, err := finding.Raise(ctx, tx, finding.Facts{Title: title, Condition: "CHG-017 was merged by its author.", Source: finding.FromAudit, EngagementID: e.ID, OwnerID: w.owner.ID, Controls: []int64{w.control.ID}})
			if err != nil {
				return err
			}
			if n == 1 {
				mistaken = f
			}
		}
		_, err := finding.Raise(ctx, tx, finding.Facts{Title: "Our own", Condition: "x", Source: finding.FromTest, OwnerID: w.owner.ID, Controls: []int64{w.control.ID}})
		return err
	})
	w.do(lead, func(ctx context.Context, tx *models.Tx) error {
		return finding.Dismiss(ctx, tx, mistaken.ID, mistaken.Rev, "The ticket was found.", 0)
	})
}

func (w *world) move(e *engagement.Engagement, to ...engagement.Status) {
	w.Helper()
	for _, s := range to {
		w.do(w.priya, func(ctx context.Context, tx *models.Tx) error {
			if s == engagement.Reporting {
				return freeze.Report(ctx, tx, e, "")
			}
			return engagement.Move(ctx, tx, e, s, "for the test")
		})
	}
}

func (w *world) roll(a access.Actor, from engagement.Engagement, t engagement.Terms) (e engagement.Engagement, n rollforward.Counts, err error) {
	w.Helper()
	err = w.as(a, func(ctx context.Context, tx *models.Tx) (err error) {
		e, n, err = rollforward.Roll(ctx, tx, from, t)
		return err
	})
	return e, n, err
}

func second() engagement.Terms {
	return engagement.Terms{Name: "Second half", Firm: "Brandt & Okafor", PeriodStart: "2026-07-01", PeriodEnd: "2026-12-31", OpensOn: "2026-10-01", ClosesOn: "2027-03-31"}
}

// held counts the rows that belong to an engagement, table by table.
func (w *world) held(e engagement.Engagement) map[string]int64 {
	w.Helper()
	out := map[string]int64{}
	modelstest.Look(w.T, w.db, access.Clock, func(ctx context.Context, tx *models.Tx) error {
		query := "SELECT m.name FROM sqlite_master m JOIN pragma_table_info(m.name) p WHERE m.type = 'table' AND p.name = 'engagement_id'"
		if tx.Postgres() {
			query = "SELECT table_name AS name FROM information_schema.columns WHERE column_name = 'engagement_id' AND table_schema = current_schema()"
		}
		tables, err := models.Raw[struct{ Name string }](ctx, tx, query)
		for _, t := range tables {
			if err != nil {
				return err
			}
			var n int64
			if n, err = models.Value[int64](ctx, tx, "SELECT count(*) FROM "+t.Name+" WHERE engagement_id = ?", e.ID); n > 0 {
				out[t.Name] = n
			}
		}
		return err
	})
	return out
}

// TestRule13TheNextPeriodBeginsWithDraftsAndNothingElse: the first half of 2026, frozen on
// 20 July and rolled forward on 1 August, gives the second half its scope, the control
// version of 1 July, what is open, and drafts.
func TestRule13TheNextPeriodBeginsWithDraftsAndNothingElse(t *testing.T) {
	each(t, func(w *world) {
		from, lead := w.examined("First half", "2026-01-01", "2026-06-30")
		w.on("2026-05-04")
		w.accepted("2026-04-01", "2026-04-30")
		w.fieldwork(from, lead)
		_, _, err := w.roll(w.priya, from, second())
		w.refused("in fieldwork", err, models.KindConflict, "once it is frozen")
		w.on("2026-07-20")
		w.move(&from, engagement.Reporting)
		before := w.held(from)
		w.on("2026-08-01")
		_, _, err = w.roll(w.owner, from, second())
		w.refused("an owner", err, models.KindForbidden, "")
		_, _, err = w.roll(lead, from, second())
		w.refused("an auditor", err, models.KindForbidden, "")
		early := second()
		early.PeriodStart = "2026-06-30"
		_, _, err = w.roll(w.priya, from, early)
		w.refused("a period that overlaps", err, models.KindInvalid, "runs until 2026-06-30")
		_, _, err = w.roll(w.priya, from, engagement.Terms{})
		w.refused("nothing typed", err, models.KindInvalid, "period_start")

		to, n, err := w.roll(w.priya, from, second())
		if err != nil {
			w.Fatal(err)
		}
		if n != (rollforward.Counts{Findings: 1, Organisations: 1, Complements: 2, Requests: 1}) {
			w.Errorf("copied %+v", n)
		}
		if to.Status != engagement.Setup || to.PriorID == nil || *to.PriorID != from.ID || !slices.Equal(to.Criteria, from.Criteria) || !slices.Equal(to.Systems, from.Systems) || to.Boundary != from.Boundary || to.Kind != from.Kind || to.Zone != from.Zone {
			w.Errorf("set up as %+v", to)
		}
		want := map[string]int64{"engagement_criteria": 1, "subservice_organisations": 1, "complementary_controls": 2, "requests": 1, "request_items": 2, "carried_findings": 1}
		if got := w.held(to); !maps.Equal(got, want) {
			w.Errorf("it holds %v, want %v", got, want)
		}
		if after := w.held(from); !maps.Equal(after, before) {
			w.Errorf("the one before held %v and holds %v", before, after)
		}
		w.carriesOver(from, to)
		_, _, err = w.roll(w.priya, from, second())
		w.refused("twice", err, models.KindConflict, "rolled forward already, to Second half")
		w.again(from, to)
		report, err := models.Verify(w.Context(), w.db, models.VerifyOptions{Tables: ledger.Tables()})
		if err != nil || len(report.Problems) > 0 {
			w.Errorf("%v %v", err, report.Problems)
		}
	})
}

// carriesOver: what came is as the rule wants it.
func (w *world) carriesOver(from, to engagement.Engagement) {
	w.Helper()
	viewer := to.Viewer()
	viewer.ID = 4711 // named, so that nothing is hidden for want of a name
	modelstest.Look(w.T, w.db, w.priya, func(ctx context.Context, tx *models.Tx) error {
		orgs, err := subservice.Organisations(ctx, tx, to.ID)
		if len(orgs) != 1 || orgs[0].ReportKind != "" || !slices.Equal(orgs[0].Monitors, []string{"CM-01"}) {
			w.Errorf("the organisation came as %+v", orgs)
		}
		for list, err := range request.Every(ctx, tx, to, request.Filter{}) {
			if err != nil || len(list) != 1 || list[0].Status != request.Draft || !list[0].DueOn.IsZero() || list[0].Title != "Reviews of the quarter" {
				w.Errorf("%v: the requests came as %+v", err, list)
			}
		}
		return err
	})
	modelstest.Look(w.T, w.db, viewer, func(ctx context.Context, tx *models.Tx) error {
		versions, err := models.Rows[control.Version](tx).Find(ctx)
		if len(versions) != 1 || versions[0].EffectiveFrom != "2026-07-01" {
			w.Errorf("its auditors see versions %+v", versions)
		}
		if items, err := models.Rows[evidence.Item](tx).Find(ctx); err != nil || len(items) > 0 {
			w.Errorf("%v: its auditors see evidence of the period before: %+v", err, items)
		}
		carried, wrong := rollforward.CarriedInto(tx, to.ID).Find(ctx)
		if wrong != nil || len(carried) != 1 || carried[0].Title != "1 of 25 changes without review" || carried[0].Status != finding.Raised {
			w.Errorf("%v: carried %+v", wrong, carried)
		}
		// History, and no exception of this period.
		if own, err := models.Rows[finding.Finding](tx).Find(ctx); err != nil || len(own) > 0 {
			w.Errorf("%v: it has findings of its own: %+v", err, own)
		}
		if theirs, err := rollforward.CarriedInto(tx, from.ID).Find(ctx); err != nil || len(theirs) > 0 {
			w.Errorf("%v %v", err, theirs)
		}
		return err
	})
	modelstest.Look(w.T, w.db, w.owner, func(ctx context.Context, tx *models.Tx) error {
		list, err := rollforward.CarriedInto(tx, to.ID).Find(ctx)
		if len(list) > 0 {
			w.Error("an owner sees what was carried")
		}
		return err
	})
}

// again: the database refuses what the verb refuses, and a cancelled one makes room.
func (w *world) again(from, to engagement.Engagement) {
	w.Helper()
	row := func(e *engagement.Engagement) func(context.Context, *models.Tx) error {
		return func(ctx context.Context, tx *models.Tx) error {
			return models.Insert(ctx, tx, e, "engagement.roll_forward")
		}
	}
	x := to
	x.Meta, x.Slug = models.Meta{}, "another"
	if err := w.as(w.priya, row(&x)); !models.Duplicate(err) {
		w.Errorf("a second one after the same: %v", err)
	}
	x.Meta, x.PriorID = models.Meta{}, &to.ID
	if err := w.as(w.priya, row(&x)); !models.Broken(err) {
		w.Errorf("after one that is not frozen: %v", err)
	}
	if err := w.as(w.priya, func(ctx context.Context, tx *models.Tx) error {
		y := to
		y.PriorID = nil
		return models.Update(ctx, tx, &y, models.Columns{"PriorID"}, "engagement.change")
	}); !models.Broken(err) {
		w.Errorf("cut loose: %v", err)
	}
	w.carriedStays(to)
	w.move(&to, engagement.Cancelled)
	if _, n, err := w.roll(w.priya, from, second()); err != nil || n.Findings != 1 {
		w.Errorf("after it was cancelled: %v %+v", err, n)
	}
}

func (w *world) carriedStays(to engagement.Engagement) {
	w.Helper()
	change := func(verb func(context.Context, *models.Tx, rollforward.Carried) error) error {
		return w.as(w.priya, func(ctx context.Context, tx *models.Tx) error {
			list, err := rollforward.CarriedInto(tx, to.ID).Find(ctx)
			if err != nil {
				return err
			}
			return verb(ctx, tx, list[0])
		})
	}
	for what, verb := range map[string]func(context.Context, *models.Tx, rollforward.Carried) error{
		"another title": func(ctx context.Context, tx *models.Tx, c rollforward.Carried) error {
			c.Title = "x"
			return models.Update(ctx, tx, &c, models.Columns{"Title"}, "finding.carry")
		},
		"forgotten": func(ctx context.Context, tx *models.Tx, c rollforward.Carried) error {
			return models.Delete(ctx, tx, &c, "finding.carry")
		},
		"one of no period before": func(ctx context.Context, tx *models.Tx, c rollforward.Carried) error {
			c.Meta, c.FindingID = models.Meta{}, c.FindingID+2
			return models.Insert(ctx, tx, &c, "finding.carry")
		},
	} {
		if err := change(verb); !models.Broken(err) {
			w.Errorf("%s: %v", what, err)
		}
	}
}

// TestRule15OverlappingEngagementsShareEvidenceAndNothingMore: one of January to June and
// one of April to September. What was kept in April is evidence in both.
func TestRule15OverlappingEngagementsShareEvidenceAndNothingMore(t *testing.T) {
	each(t, func(w *world) {
		a, first := w.examined("January to June", "2026-01-01", "2026-06-30")
		_, other := w.examined("April to September", "2026-04-01", "2026-09-30")
		w.on("2026-05-04")
		w.accepted("2026-02-01", "2026-02-28")
		w.accepted("2026-04-01", "2026-04-30")
		w.fieldwork(a, first)
		w.on("2026-06-01")
		for who, want := range map[*access.Actor][]models.Date{&first: {"2026-02-01", "2026-04-01"}, &other: {"2026-04-01"}} {
			modelstest.Look(w.T, w.db, *who, func(ctx context.Context, tx *models.Tx) error {
				items, err := models.Rows[evidence.Item](tx).Order("evidence.id").Find(ctx)
				var from []models.Date
				for _, i := range items {
					from = append(from, i.CoversFrom)
				}
				if !slices.Equal(from, want) {
					w.Errorf("%s sees evidence from %v, want %v", who.Name, from, want)
				}
				return err
			})
		}
		for name, n := range w.seen(first, a) {
			if n == 0 {
				w.Errorf("its own auditor sees no %s, so the next says nothing", name)
			}
		}
		for name, n := range w.seen(other, a) {
			if n != 0 {
				w.Errorf("the auditor of the other engagement sees %d %s", n, name)
			}
		}
		w.writesNothing(other, a)
	})
}

// seen counts what an actor sees of an engagement, noun by noun.
func (w *world) seen(who access.Actor, e engagement.Engagement) map[string]int {
	w.Helper()
	out := map[string]int{}
	modelstest.Look(w.T, w.db, who, func(ctx context.Context, tx *models.Tx) (err error) {
		for _, c := range []func() error{
			func() error { return see[engagement.Engagement](ctx, tx, out, "engagements", "id = ?", e.ID) },
			func() error {
				return see[request.Request](ctx, tx, out, "requests", "requests.engagement_id = ?", e.ID)
			},
			func() error { return see[request.Item](ctx, tx, out, "items", "request_items.engagement_id = ?", e.ID) },
			func() error {
				return see[population.Population](ctx, tx, out, "populations", "populations.engagement_id = ?", e.ID)
			},
			func() error { return see[population.Sample](ctx, tx, out, "samples", "samples.slug = ?", e.Slug) },
			func() error {
				return see[controltest.Test](ctx, tx, out, "tests", "control_tests.engagement_id = ?", e.ID)
			},
			func() error {
				return see[controltest.Note](ctx, tx, out, "notes", "test_notes.engagement_id = ?", e.ID)
			},
			func() error {
				return see[finding.Finding](ctx, tx, out, "findings", "findings.engagement_id = ?", e.ID)
			},
			func() error {
				return see[subservice.Organisation](ctx, tx, out, "organisations", "subservice_organisations.engagement_id = ?", e.ID)
			},
			func() error {
				return see[subservice.Complement](ctx, tx, out, "complements", "complementary_controls.engagement_id = ?", e.ID)
			},
			func() error {
				return see[engagement.Auditor](ctx, tx, out, "grants", "engagement_auditors.engagement_id = ?", e.ID)
			},
		} {
			if err == nil {
				err = c()
			}
		}
		return err
	})
	return out
}

func see[T any](ctx context.Context, tx *models.Tx, out map[string]int, name, cond string, of any) error {
	list, err := models.Rows[T](tx).Where(cond, of).Find(ctx)
	out[name] = len(list)
	return err
}

// writesNothing: the grant of one engagement is none for the other.
func (w *world) writesNothing(who access.Actor, e engagement.Engagement) {
	w.Helper()
	now := w.db.Now()
	row := func(ctx context.Context, tx *models.Tx, what string) error {
		switch what {
		case "a test":
			return models.Insert(ctx, tx, &controltest.Test{EngagementID: e.ID, Slug: e.Slug, ControlID: w.control.ID, Control: "CM-01", FirstVersion: 1, Configuration: "x", Status: controltest.Planned, Round: 1, AuditorID: who.ID, EnteredBy: who.ID, PlannedAt: now}, "test.plan")
		case "a note":
			return models.Insert(ctx, tx, &controltest.Note{TestID: 1, EngagementID: e.ID, Slug: e.Slug, Text: "x", AuditorID: who.ID, EnteredBy: who.ID, WrittenAt: now}, "test.note")
		}
		return models.Insert(ctx, tx, &request.Request{EngagementID: e.ID, Slug: e.Slug, Side: request.Firm, Question: request.Question{Title: "x"}, Status: request.Draft, RequesterID: who.ID, EnteredBy: who.ID, CreatedAt: now}, "request.write")
	}
	for _, what := range []string{"a test", "a note", "a request"} {
		err := w.as(who, func(ctx context.Context, tx *models.Tx) error { return row(ctx, tx, what) })
		if models.KindOf(err) != models.KindForbidden {
			w.Errorf("%s: %v", what, err)
		}
	}
}
