package finding_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"assay/internal/sheet"
	"assay/models"
	"assay/models/access"
	"assay/models/control"
	"assay/models/controltest"
	"assay/models/engagement"
	"assay/models/evidence"
	"assay/models/finding"
	"assay/models/framework"
	"assay/models/ledger"
	"assay/models/modelstest"
	"assay/models/people"
	"assay/models/population"
	"assay/models/sample"
)

// A field is a company in the fieldwork of an engagement: Lea may write, Rita only reads,
// and the test of CM-02 has three items of which the second fails attribute B.
type field struct {
	*world
	lea, rita, olga access.Actor
	e               engagement.Engagement
	merges          control.Control
	test            controltest.Test
	items           []population.Item
	clock           time.Time
}

func newField(t *testing.T, db *models.DB) *field {
	t.Helper()
	w := newWorld(t, db)
	f := &field{world: w, clock: time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)}
	modelstest.At(db, f.clock)
	f.merges = f.scoped("CM-02")
	f.must(w.ana, func(ctx context.Context, tx *models.Tx) (err error) {
		f.e, err = engagement.Create(ctx, tx, engagement.Terms{
			Name: "Fieldwork", Firm: "Brandt & Okafor", Kind: engagement.Readiness, Criteria: []string{"CC8.1"},
			PeriodStart: "2026-01-01", PeriodEnd: "2026-12-31", Zone: "Europe/Berlin", OpensOn: "2026-01-01", ClosesOn: "2027-06-30",
		})
		return err
	})
	f.lea, f.rita = f.auditor("Lea", f.e, true), f.auditor("Rita", f.e, false)
	f.olga = f.auditor("Olga", w.other, true)
	for _, to := range []engagement.Status{engagement.Planning, engagement.Fieldwork} {
		f.must(w.ana, func(ctx context.Context, tx *models.Tx) error { return engagement.Move(ctx, tx, &f.e, to, "") })
	}
	f.test, f.items = f.tested(f.merges, 3, nil)
	f.mark(f.test, f.items[1], "B", controltest.Deviation)
	return f
}

// later moves the clock, so that what follows is after what was.
func (f *field) later() {
	f.clock = f.clock.Add(time.Minute)
	modelstest.At(f.db, f.clock)
}

// scoped is a control with a version that has been effective for long.
func (f *field) scoped(code string) control.Control {
	f.t.Helper()
	k := f.control(code, f.tomas, nil)
	f.must(access.Clock, func(ctx context.Context, tx *models.Tx) error {
		v := control.Version{
			ControlID: k.ID, Code: code, Number: 1, Status: control.Effective,
			Content:    control.Content{Title: code, Statement: "x", Frequency: "event", Nature: "manual", Criteria: models.List[framework.Ref]{{Framework: framework.SOC2, Code: "CC8.1"}}},
			AuthoredAt: f.db.Now(), ApproverID: &f.ana.ID, ApprovedAt: ptr(f.db.Now()), EffectiveFrom: "2025-06-01",
		}
		if err := models.Insert(ctx, tx, &v, "version.approve"); err != nil {
			return err
		}
		_, err := models.Raw[control.Control](ctx, tx, `INSERT INTO control_criteria (control_id, framework, code) VALUES (?, ?, 'CC8.1') RETURNING control_id AS id`, k.ID, framework.SOC2)
		return err
	})
	return k
}

func ptr[T any](v T) *T { return &v }

func (f *field) auditor(name string, e engagement.Engagement, grant bool) access.Actor {
	f.t.Helper()
	p := people.Person{Name: name, Email: name + "@firm.example", Firm: e.Firm, Role: access.Auditor, Status: people.Active, InvitedAt: f.db.Now()}
	g := engagement.Auditor{EngagementID: e.ID, Part: engagement.Member, AddedBy: f.ana.ID, AddedAt: f.db.Now()}
	if grant {
		g.FieldworkBy, g.FieldworkAt = &f.admin.ID, ptr(f.db.Now())
	}
	f.must(access.Clock, func(ctx context.Context, tx *models.Tx) error {
		if err := models.Insert(ctx, tx, &p, "person.invite"); err != nil {
			return err
		}
		g.PersonID = p.ID
		return models.Insert(ctx, tx, &g, "auditor.grant")
	})
	a := p.Actor()
	a.Engagements = []int64{e.ID}
	if grant {
		a.Fieldwork = []int64{e.ID}
	}
	return a
}

// tested is a test with so many items, that is shared; or the retest of a cell.
func (f *field) tested(k control.Control, n int, again *controltest.Cell) (t controltest.Test, items []population.Item) {
	f.t.Helper()
	plan := controltest.Plan{ControlID: k.ID, FirstVersion: 1, Retests: again}
	if again != nil {
		plan.FromDay = "2026-03-01"
	}
	f.must(f.lea, func(ctx context.Context, tx *models.Tx) (err error) {
		t, err = controltest.Begin(ctx, tx, f.e, plan, 0)
		return err
	})
	code := f.accepted(k)
	f.must(f.lea, func(ctx context.Context, tx *models.Tx) error {
		if err := controltest.Walk(ctx, tx, t.ID, 0, code); err != nil {
			return err
		}
		if err := controltest.ConcludeDesign(ctx, tx, t.ID, 0, 0, controltest.Adequate, "Followed one merge."); err != nil {
			return err
		}
		return controltest.Fix(ctx, tx, t.ID, 0, 0, []controltest.Attribute{{Text: "Approved by someone else", Technique: controltest.Inspection}, {Text: "Approval came first", Technique: controltest.Inspection}})
	})
	p := f.population(k)
	f.later()
	s, items := f.drawn(p, n)
	f.must(f.lea, func(ctx context.Context, tx *models.Tx) error {
		if err := controltest.TakePopulation(ctx, tx, t.ID, 0, 0, p.ID); err != nil {
			return err
		}
		if err := controltest.TakeSample(ctx, tx, t.ID, 0, 0, s.ID); err != nil {
			return err
		}
		return controltest.Share(ctx, tx, t.ID, 0, 0)
	})
	for _, i := range items {
		f.mark(t, i, "A", controltest.Pass)
		f.mark(t, i, "B", controltest.Pass)
	}
	return t, items
}

// alone leaves one of the team.
func (f *field) alone() {
	f.t.Helper()
	f.must(f.ana, func(ctx context.Context, tx *models.Tx) error {
		team, err := engagement.Grants(ctx, tx, f.e.ID)
		for _, g := range team {
			if err == nil && g.PersonID != f.lea.ID {
				err = engagement.RemoveAuditor(ctx, tx, f.e, g.ID, g.Rev)
			}
		}
		return err
	})
}

// reviewed concludes the test and reviews it, by who is left of the team.
func (f *field) reviewed(c controltest.Conclusion) {
	f.t.Helper()
	f.alone()
	f.must(f.lea, func(ctx context.Context, tx *models.Tx) error {
		if err := controltest.Conclude(ctx, tx, f.test.ID, 0, 0, c, ""); err != nil {
			return err
		}
		return controltest.Review(ctx, tx, f.test.ID, 0, 0, "The team is one person.")
	})
}

func (f *field) accepted(k control.Control) string {
	f.t.Helper()
	at := f.db.Now()
	i := evidence.Item{
		ControlID: k.ID, Status: evidence.Accepted, UploadedBy: f.tomas.ID, UploadedAt: at, SubmittedAt: &at, DecidedBy: &f.ana.ID, DecidedAt: &at, DecisionNote: "x",
		Details: evidence.Details{Title: "Walkthrough", Kind: "system_export", Source: "GitHub", PerformedAt: &at, CoversFrom: "2026-02-01", CoversTo: "2026-02-28"},
	}
	f.must(access.Clock, func(ctx context.Context, tx *models.Tx) error { return models.Insert(ctx, tx, &i, "evidence.store") })
	return i.Code()
}

var lists = 0

func (f *field) population(k control.Control) population.Population {
	f.t.Helper()
	lists++
	digest, at := fmt.Sprintf("%064x", lists), f.db.Now()
	p := population.Population{
		EngagementID: f.e.ID, Slug: f.e.Slug, ControlID: k.ID, Control: k.Code, Version: 1,
		Source: population.Source{Name: "Merges", System: "GitHub", Query: "is:merged", Extractor: "audit API", ExtractedAt: at, SourceCount: 40},
		File:   population.File{FileName: "m.csv", Digest: digest, Columns: []string{"key"}, KeyColumn: "key", RowCount: 40, TextDigest: digest},
		Status: population.Locked, AddedBy: f.ana.ID, AddedAt: at, LockedBy: &f.ana.ID, LockedAt: &at,
	}
	f.must(access.Clock, func(ctx context.Context, tx *models.Tx) error {
		if err := models.Insert(ctx, tx, &p, "population.import"); err != nil {
			return err
		}
		a := population.Acceptance{EngagementID: p.EngagementID, PopulationID: p.ID, Slug: p.Slug, Digest: digest, AuditorID: f.lea.ID, EnteredBy: f.lea.ID, AcceptedAt: at}
		return models.Insert(ctx, tx, &a, "population.accept")
	})
	return p
}

func (f *field) drawn(p population.Population, n int) (s population.Sample, items []population.Item) {
	f.t.Helper()
	s = population.Sample{EngagementID: f.e.ID, PopulationID: p.ID, Slug: p.Slug, Method: sample.Random, Seed: fmt.Sprint("seed ", p.ID), Size: n, AuditorID: f.lea.ID, DrawnBy: f.lea.ID, DrawnAt: f.db.Now()}
	f.must(access.Clock, func(ctx context.Context, tx *models.Tx) error {
		if err := models.Insert(ctx, tx, &s, "sample.draw"); err != nil {
			return err
		}
		for k := range n {
			key := fmt.Sprintf("CHG-%03d", k+1)
			i := population.Item{EngagementID: f.e.ID, SampleID: s.ID, PopulationID: p.ID, Slug: p.Slug, Place: k + 1, Key: key, RowDigest: strings.Repeat("0", 64), Cells: []string{key}, AddedAt: f.db.Now()}
			if err := models.Insert(ctx, tx, &i, "sample.select"); err != nil {
				return err
			}
			items = append(items, i)
		}
		return nil
	})
	return s, items
}

func (f *field) mark(t controltest.Test, i population.Item, letter string, m controltest.Mark) {
	f.t.Helper()
	if err := f.marks(t, i, letter, m); err != nil {
		f.t.Fatal(err)
	}
}

func (f *field) marks(t controltest.Test, i population.Item, letter string, m controltest.Mark) error {
	f.t.Helper()
	return f.as(f.lea, func(ctx context.Context, tx *models.Tx) error {
		_, err := controltest.Set(ctx, tx, t.ID, 0, []controltest.Seen{{ItemID: i.ID, Letter: letter, Result: m, Rev: controltest.Any}})
		return err
	})
}

func (f *field) paper(ctx context.Context, tx *models.Tx, id int64) (controltest.Paper, error) {
	t, err := controltest.ByID(ctx, tx, id)
	if err != nil {
		return controltest.Paper{}, err
	}
	return controltest.Load(ctx, tx, f.e, t)
}

// failed is the cell that deviates.
func (f *field) failed() controltest.Cell {
	return controltest.Cell{TestID: f.test.ID, ItemID: f.items[1].ID, Letter: "B"}
}

func (f *field) except(a access.Actor, at controltest.Cell, auditor int64) (x finding.Finding, err error) {
	f.t.Helper()
	err = f.as(a, func(ctx context.Context, tx *models.Tx) error {
		x, err = finding.Except(ctx, tx, f.e, at, finding.Facts{Title: "CHG-002 was approved after the merge", Condition: "The approval is four hours late."}, auditor)
		return err
	})
	return x, err
}

// exception is one that Lea raised.
func (f *field) exception() finding.Finding {
	f.t.Helper()
	x, err := f.except(f.lea, f.failed(), 0)
	if err != nil {
		f.t.Fatal(err)
	}
	return x
}

func fieldsOf(err error) (out []string) {
	var e *models.Error
	if errors.As(err, &e) {
		for field, why := range e.Fields {
			out = append(out, field+": "+why)
		}
	}
	return out
}

func (f *field) refused(what string, err error, kind models.Kind, says string) {
	f.t.Helper()
	if models.KindOf(err) != kind || !strings.Contains(fmt.Sprint(err, fieldsOf(err)), says) {
		f.t.Errorf("%s: got %v %v", what, err, fieldsOf(err))
	}
}

func (f *field) broken(what string, err error) {
	f.t.Helper()
	if !models.Broken(err) {
		f.t.Errorf("%s: got %v", what, err)
	}
}

// set writes columns past the verbs, as somebody.
func (f *field) set(a access.Actor, id int64, columns models.Columns, change func(*finding.Finding)) error {
	f.t.Helper()
	return f.as(a, func(ctx context.Context, tx *models.Tx) error {
		c, err := finding.Load(ctx, tx, id)
		if err != nil {
			return err
		}
		change(&c.Finding)
		return models.Update(ctx, tx, &c.Finding, columns, "finding.correct")
	})
}

func fields(t *testing.T, run func(*field)) {
	t.Helper()
	modelstest.Each(t, func(t *testing.T, db *models.DB) { run(newField(t, db)) })
}

func TestAnExceptionIsRaisedFromItsCell(t *testing.T) {
	fields(t, func(f *field) {
		for _, a := range []access.Actor{f.tomas, f.admin, f.ruth, f.rita, f.olga} {
			if _, err := f.except(a, f.failed(), f.lea.ID); err == nil {
				t.Errorf("%s raised it", a.Name)
			}
		}
		_, err := f.except(f.lea, controltest.Cell{TestID: f.test.ID, ItemID: f.items[0].ID, Letter: "B"}, 0)
		f.refused("from what passed", err, models.KindConflict, "no deviation of T-1")
		_, err = f.except(f.lea, controltest.Cell{TestID: f.test.ID, ItemID: f.items[1].ID, Letter: "Z"}, 0)
		f.refused("from an attribute that is none", err, models.KindNotFound, "")
		_, err = f.except(f.ana, f.failed(), 0)
		f.refused("brought in for nobody", err, models.KindInvalid, "Choose the auditor")
		_, err = f.except(f.ana, f.failed(), f.olga.ID)
		f.refused("brought in for an auditor of another", err, models.KindInvalid, "Choose the auditor")
		x := f.exception()
		c := f.load(x.ID)
		if !c.Exception() || c.BroughtIn() || c.RaisedBy != f.lea.ID || c.InEngagement() != f.e.ID || *c.OwnerID != f.tomas.ID || len(c.Cells) != 1 ||
			c.Cells[0].Words() != "CHG-002, attribute B" || c.Cells[0].Attribute != "Approval came first" || len(c.Controls) != 1 || c.Source != finding.FromAudit {
			t.Errorf("got %+v", c)
		}
		_, err = f.except(f.lea, f.failed(), 0)
		f.refused("a second one from the cell", err, models.KindConflict, x.Code()+" was raised from this cell already")
		again := c.Cells[0]
		again.ID = 0
		err = f.as(f.lea, func(ctx context.Context, tx *models.Tx) error { return models.Insert(ctx, tx, &again, "finding.cell") })
		if !models.Duplicate(err) {
			t.Errorf("the same cell twice: %v", err)
		}
		modelstest.Look(t, f.db, f.lea, func(ctx context.Context, tx *models.Tx) error {
			p, err := f.paper(ctx, tx, f.test.ID)
			if p.Excepted[controltest.At{ItemID: f.items[1].ID, Letter: "B"}] != x.ID {
				t.Errorf("the cell leads to %+v", p.Excepted)
			}
			return err
		})
		report, err := models.Verify(t.Context(), f.db, models.VerifyOptions{Tables: ledger.Tables()})
		if err != nil || len(report.Problems) > 0 {
			t.Errorf("%v %v", err, report.Problems)
		}
	})
}

func TestAnExceptionIsBroughtInForANamedAuditor(t *testing.T) {
	fields(t, func(f *field) {
		x, err := f.except(f.ana, f.failed(), f.rita.ID)
		if err != nil {
			t.Fatal(err)
		}
		c := f.load(x.ID)
		if !c.BroughtIn() || c.RaisedBy != f.rita.ID || *c.EnteredBy != f.ana.ID || c.Cells[0].AuditorID != f.rita.ID || c.Cells[0].EnteredBy != f.ana.ID {
			t.Errorf("got %+v", c.Finding)
		}
		f.refused("dismissed in nobody's name", f.try(f.ana, x.ID, dismiss), models.KindInvalid, "Choose the auditor")
		f.refused("dismissed for one who writes here", f.try(f.ana, x.ID, dismissFor(f.lea.ID)), models.KindInvalid, "with their own hand")
		f.refused("dismissed for somebody of the company", f.try(f.ana, x.ID, dismissFor(f.tomas.ID)), models.KindInvalid, "Choose the auditor")
		for _, a := range []access.Actor{f.tomas, f.admin, f.ruth} {
			f.refused("brought in by "+a.Name, f.try(a, x.ID, dismissFor(f.rita.ID)), models.KindForbidden, "Only they can dismiss it")
		}
		cycle := f.load(x.ID).Cycles[0]
		f.broken("dismissed past the verb, in the name of one who writes here", f.as(f.ana, func(ctx context.Context, tx *models.Tx) error {
			cycle.Outcome, cycle.ClosedBy, cycle.ClosedEntry, cycle.ClosedAt = finding.Dismissed, &f.lea.ID, &f.ana.ID, &tx.Now
			return models.Update(ctx, tx, &cycle, models.Columns{"Outcome", "ClosedBy", "ClosedEntry", "ClosedAt"}, "finding.cycle_end")
		}))
		f.do(f.ana, x.ID, dismissFor(f.rita.ID))
		c = f.load(x.ID)
		if c.Status != finding.Dismissed || *c.Cycles[0].ClosedBy != f.rita.ID || *c.Cycles[0].ClosedEntry != f.ana.ID || c.Cells[0].EndedAt == nil {
			t.Errorf("got %+v %+v", c.Finding, c.Cycles)
		}
	})
}

func TestOneExceptionCoversMoreCellsOfItsTest(t *testing.T) {
	fields(t, func(f *field) {
		x := f.exception()
		f.mark(f.test, f.items[2], "B", controltest.Deviation)
		at := controltest.Cell{TestID: f.test.ID, ItemID: f.items[2].ID, Letter: "B"}
		join := func(a access.Actor, id int64) error {
			return f.as(a, func(ctx context.Context, tx *models.Tx) error { return finding.Join(ctx, tx, f.e, id, at, 0) })
		}
		own := f.raise(f.facts())
		f.refused("to a finding of the company", join(f.lea, own), models.KindNotFound, "")
		f.refused("by the company", join(f.ana, x.ID), models.KindInvalid, "Choose the auditor")
		if err := join(f.lea, x.ID); err != nil {
			t.Fatal(err)
		}
		if c := f.load(x.ID); len(c.Cells) != 2 {
			t.Errorf("got %+v", c.Cells)
		}
		f.do(f.tomas, x.ID, confirm)
		f.mark(f.test, f.items[0], "B", controltest.Deviation)
		at.ItemID = f.items[0].ID
		f.refused("after the facts were confirmed", join(f.lea, x.ID), models.KindConflict, "facts confirmed")
	})
}

func TestTheAuditorsAloneDismissWhatTheyRaised(t *testing.T) {
	fields(t, func(f *field) {
		x := f.exception()
		f.refused("confirmed by an auditor before it is disputed", f.try(f.lea, x.ID, confirm), models.KindForbidden, "Only its owner")
		f.do(f.tomas, x.ID, dispute)
		for _, a := range []access.Actor{f.ana, f.ben, f.tomas, f.admin, f.ruth, f.rita} {
			if err := f.try(a, x.ID, dismiss); models.KindOf(err) != models.KindForbidden {
				t.Errorf("%s: %v", a.Name, err)
			}
		}
		f.broken("dismissed past the verb", f.set(f.ana, x.ID, models.Columns{"Status"}, func(x *finding.Finding) { x.Status = finding.Dismissed }))
		f.refused("the deviation taken back", f.marks(f.test, f.items[1], "B", controltest.Pass), models.KindConflict, "Dismiss it first")
		f.do(f.lea, x.ID, dismiss)
		if c := f.load(x.ID); c.Status != finding.Dismissed || c.Cells[0].EndedAt == nil || *c.Cycles[0].ClosedBy != f.lea.ID {
			t.Errorf("got %+v", c)
		}
		f.mark(f.test, f.items[1], "B", controltest.Pass)
		f.mark(f.test, f.items[1], "B", controltest.Deviation)
		if _, err := f.except(f.lea, f.failed(), 0); err != nil {
			t.Errorf("raised anew: %v", err)
		}
	})
}

func TestADisputeIsSettledByEitherSide(t *testing.T) {
	fields(t, func(f *field) {
		x := f.exception()
		f.do(f.tomas, x.ID, dispute)
		f.refused("by a reader", f.try(f.rita, x.ID, confirm), models.KindForbidden, "")
		f.do(f.lea, x.ID, confirm)
		if c := f.load(x.ID); c.Status != finding.FactsConfirmed {
			t.Errorf("got %s", c.Status)
		}
	})
}

func TestTheEffectOnTheReportIsTheAuditors(t *testing.T) {
	fields(t, func(f *field) {
		x := f.exception()
		decide := func(effect finding.ReportEffect, auditor int64) act {
			return func(ctx context.Context, tx *models.Tx, c finding.Case) error {
				return finding.DecideEffect(ctx, tx, c.ID, c.Rev, effect, auditor)
			}
		}
		for _, a := range []access.Actor{f.tomas, f.admin, f.ruth} {
			if err := f.try(a, x.ID, decide(finding.Noted, f.lea.ID)); models.KindOf(err) != models.KindForbidden {
				t.Errorf("%s: %v", a.Name, err)
			}
		}
		f.refused("by the company for nobody", f.try(f.ana, x.ID, decide(finding.Noted, 0)), models.KindInvalid, "Choose the auditor")
		f.refused("to none", f.try(f.lea, x.ID, decide(finding.Undecided, 0)), models.KindInvalid, "Choose what it means")
		set := models.Columns{"ReportEffect", "EffectBy", "EffectEntered", "EffectAt"}
		for _, a := range []access.Actor{f.ana, f.tomas, f.ruth, f.admin} {
			f.broken("past the verb by "+a.Name, f.set(a, x.ID, set, func(x *finding.Finding) {
				x.ReportEffect, x.EffectBy, x.EffectEntered = finding.NotReported, &a.ID, &a.ID
			}))
			f.broken("with nobody's name by "+a.Name, f.set(a, x.ID, set, func(x *finding.Finding) { x.ReportEffect = finding.NotReported }))
		}
		f.do(f.lea, x.ID, decide(finding.Contributes, 0))
		f.do(f.ana, x.ID, decide(finding.Noted, f.rita.ID))
		c := f.load(x.ID)
		if c.ReportEffect != finding.Noted || *c.EffectBy != f.rita.ID || *c.EffectEntered != f.ana.ID || c.Severity != "" {
			t.Errorf("got %+v", c.Finding)
		}
		f.do(f.tomas, x.ID, confirm)
		f.refused("severity by an auditor", f.try(f.lea, x.ID, f.rate), models.KindForbidden, "")
		if err := f.set(f.lea, x.ID, models.Columns{"Severity"}, func(x *finding.Finding) { x.Severity = finding.Low }); models.KindOf(err) != models.KindForbidden {
			t.Errorf("severity past the verb: %v", err)
		}
		own := f.raise(f.facts())
		f.refused("of a finding of the company", f.try(f.ana, own, decide(finding.Noted, f.lea.ID)), models.KindForbidden, "for the auditors to say")
	})
}

func TestAuditorsCorrectTheirWordsUntilTheFactsStand(t *testing.T) {
	fields(t, func(f *field) {
		x := f.exception()
		correct := func(ctx context.Context, tx *models.Tx, c finding.Case) error {
			in := c.Facts()
			in.Title, in.OwnerID = "CHG-002 was approved four hours late", f.sam.ID
			return finding.Correct(ctx, tx, c.ID, c.Rev, in)
		}
		f.refused("by the company", f.try(f.ana, x.ID, correct), models.KindForbidden, "Only they correct it")
		f.do(f.lea, x.ID, correct)
		if c := f.load(x.ID); c.Title != "CHG-002 was approved four hours late" || *c.OwnerID != f.tomas.ID {
			t.Errorf("got %+v", c.Finding)
		}
		f.broken("by the company past the verb, once confirmed", func() error {
			f.do(f.tomas, x.ID, confirm)
			return f.set(f.ana, x.ID, models.Columns{"Condition"}, func(x *finding.Finding) { x.Condition = "It was fine." })
		}())
		f.broken("made another test's", f.set(f.ana, x.ID, models.Columns{"TestID"}, func(x *finding.Finding) { x.TestID = nil }))
	})
}

func TestAWorksheetBringsExceptionsIn(t *testing.T) {
	fields(t, func(f *field) {
		f.mark(f.test, f.items[1], "B", "") // what Lea set with her own hand stays hers
		bring := func(result, exception string) error {
			return f.as(f.ana, func(ctx context.Context, tx *models.Tx) error {
				p, err := f.paper(ctx, tx, f.test.ID)
				if err != nil {
					return err
				}
				table := sheet.Table{Header: p.SheetHeader()}
				for row, err := range p.SheetRows() {
					if err != nil {
						return err
					}
					if row[3] == "CHG-002" {
						row[7], row[11] = result, exception
					}
					table.Rows, table.Lines = append(table.Rows, row), append(table.Lines, len(table.Lines)+2)
				}
				s, err := controltest.BringIn(ctx, tx, f.test.ID, f.rita.ID, table)
				if err != nil {
					return err
				}
				return finding.ExceptAll(ctx, tx, f.e, f.test.ID, s.Raised(), f.rita.ID)
			})
		}
		f.refused("from what passes", bring("No exception", "It is late."), models.KindInvalid, "Some lines are wrong")
		if err := bring("Deviation", "The approval is four hours late."); err != nil {
			t.Fatal(err, fieldsOf(err))
		}
		c := f.load(1)
		if !c.BroughtIn() || c.RaisedBy != f.rita.ID || c.Condition != "The approval is four hours late." || c.Cells[0].Words() != "CHG-002, attribute B" {
			t.Errorf("got %+v", c)
		}
		f.refused("raised again", bring("Deviation", "Another text."), models.KindInvalid, "Some lines are wrong")
		f.refused("with its code", bring("Deviation", "F-001"), models.KindInvalid, "says what the test says already")
	})
}
