package controltest_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/control"
	"assay/models/controltest"
	"assay/models/engagement"
	"assay/models/evidence"
	"assay/models/framework"
	"assay/models/modelstest"
	"assay/models/people"
	"assay/models/population"
	"assay/models/sample"
)

// A world is a company in the fieldwork of an engagement: its lead Lea and Jonas may write,
// Rita only reads, Olga is an auditor of another engagement.
type world struct {
	*testing.T
	db                             *models.DB
	priya, admin, owner, executive access.Actor
	lea, jonas, rita, olga         access.Actor
	engagement, elsewhere          engagement.Engagement
	control, automated             control.Control
	clock                          time.Time
}

func each(t *testing.T, f func(*world)) {
	t.Helper()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		w := &world{T: t, db: db, clock: modelstest.Now}
		for role, a := range map[access.Role]*access.Actor{
			access.Compliance: &w.priya, access.Administrator: &w.admin, access.Owner: &w.owner, access.Executive: &w.executive,
		} {
			*a = modelstest.Person(t, db, role)
		}
		w.control = w.addControl("CM-01", "event", "manual")
		w.automated = w.addControl("CM-02", "continuous", "automated")
		w.engagement = w.examined("SOC 2 Type II 2026", map[string]*access.Actor{"Lea Lead": &w.lea, "Jonas Lindqvist": &w.jonas, "Rita Reader": &w.rita})
		w.elsewhere = w.examined("Another one", map[string]*access.Actor{"Olga Other": &w.olga})
		f(w)
	})
}

// later moves the clock, so that what follows is after what was.
func (w *world) later() {
	w.clock = w.clock.Add(time.Minute)
	modelstest.At(w.db, w.clock)
}

func (w *world) addControl(code, frequency, nature string) control.Control {
	w.Helper()
	c := control.Control{Code: code, Title: "Peer review", Frequency: frequency, Status: control.Effective, OwnerID: &w.owner.ID, CreatedAt: modelstest.Now}
	w.must(w.as(access.Clock, func(ctx context.Context, tx *models.Tx) error {
		if err := models.Insert(ctx, tx, &c, "control.create"); err != nil {
			return err
		}
		_, err := models.Raw[control.Control](ctx, tx, `INSERT INTO control_criteria (control_id, framework, code) VALUES (?, ?, 'CC8.1') RETURNING control_id AS id`, c.ID, framework.SOC2)
		return err
	}))
	w.addVersion(c, 1, control.Effective, false, nature, "2025-06-01", "")
	return c
}

func (w *world) addVersion(c control.Control, number int, status control.Status, editorial bool, nature string, from, to models.Date) {
	w.Helper()
	v := control.Version{
		ControlID: c.ID, Code: c.Code, Number: number, Status: status, Editorial: editorial,
		Content:    control.Content{Title: c.Title, Statement: "x", Frequency: c.Frequency, Nature: nature, Criteria: models.List[framework.Ref]{{Framework: framework.SOC2, Code: "CC8.1"}}},
		AuthoredAt: modelstest.Now, ApproverID: &w.priya.ID, ApprovedAt: &modelstest.Now, EffectiveFrom: from, EffectiveTo: to,
	}
	w.must(w.as(access.Clock, func(ctx context.Context, tx *models.Tx) error { return models.Insert(ctx, tx, &v, "version.approve") }))
}

// examined is an engagement in fieldwork, whose auditors may write unless they are readers.
func (w *world) examined(name string, team map[string]*access.Actor) (e engagement.Engagement) {
	w.Helper()
	w.must(w.as(w.priya, func(ctx context.Context, tx *models.Tx) (err error) {
		e, err = engagement.Create(ctx, tx, engagement.Terms{
			Name: name, Firm: "Brandt & Okafor", Kind: engagement.Readiness, Criteria: []string{"CC8.1"},
			PeriodStart: "2026-01-01", PeriodEnd: "2026-12-31", Zone: "America/New_York", OpensOn: "2026-02-01", ClosesOn: "2027-03-31",
		})
		return err
	}))
	for who, a := range team {
		w.join(e, who, a)
	}
	for _, to := range []engagement.Status{engagement.Planning, engagement.Fieldwork} {
		w.must(w.as(w.priya, func(ctx context.Context, tx *models.Tx) error { return engagement.Move(ctx, tx, &e, to, "") }))
	}
	return e
}

func (w *world) join(e engagement.Engagement, who string, a *access.Actor) {
	w.Helper()
	person := people.Person{Name: who, Email: strings.Fields(who)[0] + "@firm.example", Firm: "Brandt & Okafor", Role: access.Auditor, Status: people.Active, InvitedAt: modelstest.Now}
	w.must(w.as(access.Clock, func(ctx context.Context, tx *models.Tx) error {
		return models.Insert(ctx, tx, &person, "person.invite")
	}))
	part := engagement.Member
	if strings.HasSuffix(who, "Lead") {
		part = engagement.Lead
	}
	w.must(w.as(w.priya, func(ctx context.Context, tx *models.Tx) error {
		return engagement.AddAuditor(ctx, tx, e, person.ID, part)
	}))
	*a = person.Actor()
	a.Engagements = []int64{e.ID}
	if strings.HasSuffix(who, "Reader") {
		return
	}
	w.must(w.as(w.admin, func(ctx context.Context, tx *models.Tx) error {
		g, err := models.Rows[engagement.Auditor](tx).Where("person_id = ?", person.ID).Take(ctx)
		if err != nil {
			return err
		}
		return engagement.GrantFieldwork(ctx, tx, e, g.ID, g.Rev)
	}))
	a.Fieldwork = []int64{e.ID}
}

func (w *world) as(a access.Actor, f func(context.Context, *models.Tx) error) error {
	return modelstest.As(w.T, w.db, a, f)
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatalf("%v %v", err, fieldsOf(err))
	}
}

func fieldsOf(err error) string {
	text := fmt.Sprint(err)
	var e *models.Error
	if errors.As(err, &e) {
		for field, why := range e.Fields {
			text += " " + field + ": " + why
		}
	}
	return text
}

// refused fails the test unless err is of kind and says so.
func (w *world) refused(what string, err error, kind models.Kind, says string) {
	w.Helper()
	if err == nil || models.KindOf(err) != kind || !strings.Contains(fieldsOf(err), says) {
		w.Errorf("%s: got %s", what, fieldsOf(err))
	}
}

// broken fails the test unless the database itself refused.
func (w *world) broken(what string, err error) {
	w.Helper()
	if !models.Broken(err) {
		w.Errorf("%s: got %v", what, err)
	}
}

// proof is accepted evidence of a control.
func (w *world) proof(c control.Control, name string, supersedes *int64) evidence.Item {
	w.Helper()
	at := w.clock.Add(-time.Hour)
	digest := fmt.Sprintf("%064x", len(name)*7919+int(c.ID))
	var i evidence.Item
	w.must(w.as(w.owner, func(ctx context.Context, tx *models.Tx) (err error) {
		i, err = evidence.Store(ctx, tx, evidence.Parcel{ControlID: c.ID, Details: evidence.Details{
			Title: name, Kind: "system_export", Source: "GitHub", PerformedAt: &at, CoversFrom: "2026-02-01", CoversTo: "2026-02-28", SupersedesID: supersedes,
		}, Files: []evidence.Upload{{Name: name + ".csv", Digest: digest, Size: 1}}})
		return err
	}))
	w.must(w.as(w.owner, func(ctx context.Context, tx *models.Tx) (err error) {
		i, err = evidence.Submit(ctx, tx, i.ID, i.Rev)
		return err
	}))
	w.must(w.as(w.priya, func(ctx context.Context, tx *models.Tx) (err error) {
		i, err = evidence.Accept(ctx, tx, i.ID, i.Rev, "")
		return err
	}))
	return i
}

var digests = 0

// locked is a population of so many merges.
func (w *world) locked(c control.Control, rows int64) population.Population {
	w.Helper()
	return w.lockedAs(c, rows, func(*population.Population) {})
}

func (w *world) lockedAs(c control.Control, rows int64, change func(*population.Population)) population.Population {
	w.Helper()
	digests++
	p := population.Population{
		EngagementID: w.engagement.ID, Slug: w.engagement.Slug, ControlID: c.ID, Control: c.Code, Version: 1,
		Source: population.Source{Name: "Merges", System: "GitHub", Query: "is:merged", Extractor: "audit API", ExtractedAt: w.clock, SourceCount: rows},
		File:   population.File{FileName: "m.csv", Digest: fmt.Sprintf("%064x", digests), Columns: []string{"key", "author"}, KeyColumn: "key", RowCount: rows, TextDigest: fmt.Sprintf("%064x", digests)},
		Status: population.Locked, AddedBy: w.priya.ID, AddedAt: w.clock, LockedBy: &w.priya.ID, LockedAt: &w.clock,
	}
	change(&p)
	w.must(w.as(access.Clock, func(ctx context.Context, tx *models.Tx) error { return models.Insert(ctx, tx, &p, "population.import") }))
	a := population.Acceptance{EngagementID: p.EngagementID, PopulationID: p.ID, Slug: p.Slug, Digest: p.TextDigest, AuditorID: w.jonas.ID, EnteredBy: w.jonas.ID, AcceptedAt: w.clock}
	w.must(w.as(access.Clock, func(ctx context.Context, tx *models.Tx) error { return models.Insert(ctx, tx, &a, "population.accept") }))
	return p
}

// draw is a sample of so many items.
func (w *world) draw(p population.Population, n int, change func(*population.Sample)) (population.Sample, []population.Item) {
	w.Helper()
	s := population.Sample{PopulationID: p.ID, Slug: p.Slug, Method: sample.Random, Seed: fmt.Sprint("seed ", w.clock), Size: n, AuditorID: w.jonas.ID, DrawnBy: w.priya.ID, DrawnAt: w.clock}
	if change != nil {
		change(&s)
	}
	w.must(w.as(access.Clock, func(ctx context.Context, tx *models.Tx) error { return models.Insert(ctx, tx, &s, "sample.draw") }))
	return s, w.items(s, 1, n)
}

func (w *world) items(s population.Sample, from, to int) (out []population.Item) {
	w.Helper()
	for k := from; k <= to; k++ {
		i := population.Item{SampleID: s.ID, PopulationID: s.PopulationID, Slug: s.Slug, Place: k, Key: fmt.Sprintf("CHG-%03d", k), RowDigest: strings.Repeat("0", 64), Cells: []string{fmt.Sprintf("CHG-%03d", k), "ana"}, AddedAt: w.clock}
		w.must(w.as(access.Clock, func(ctx context.Context, tx *models.Tx) error { return models.Insert(ctx, tx, &i, "sample.select") }))
		out = append(out, i)
	}
	return out
}

// paper reads a test as an actor sees it.
func (w *world) paper(a access.Actor, id int64) (p controltest.Paper) {
	w.Helper()
	modelstest.Look(w.T, w.db, a, func(ctx context.Context, tx *models.Tx) error {
		t, err := controltest.ByID(ctx, tx, id)
		if err == nil {
			p, err = controltest.Load(ctx, tx, w.engagement, t)
		}
		return err
	})
	return p
}

func (w *world) sees(a access.Actor, id int64) bool {
	w.Helper()
	seen := false
	modelstest.Look(w.T, w.db, a, func(ctx context.Context, tx *models.Tx) error {
		_, err := controltest.ByID(ctx, tx, id)
		seen = err == nil
		if models.KindOf(err) == models.KindNotFound {
			return nil
		}
		return err
	})
	return seen
}

// The verbs, each as somebody; auditor is the named one of who brings something in.

func (w *world) begin(a access.Actor, in controltest.Plan, auditor int64) (t controltest.Test, err error) {
	err = w.as(a, func(ctx context.Context, tx *models.Tx) error {
		t, err = controltest.Begin(ctx, tx, w.engagement, in, auditor)
		return err
	})
	return t, err
}

func (w *world) walk(a access.Actor, id int64, code string) error {
	return w.as(a, func(ctx context.Context, tx *models.Tx) error { return controltest.Walk(ctx, tx, id, w.jonas.ID, code) })
}

func (w *world) design(a access.Actor, id int64, d controltest.Design, basis string) error {
	return w.as(a, func(ctx context.Context, tx *models.Tx) error {
		return controltest.ConcludeDesign(ctx, tx, id, 0, w.jonas.ID, d, basis)
	})
}

func (w *world) fix(a access.Actor, id int64, texts ...string) error {
	var list []controltest.Attribute
	for _, t := range texts {
		list = append(list, controltest.Attribute{Text: t, Technique: controltest.Inspection})
	}
	return w.as(a, func(ctx context.Context, tx *models.Tx) error {
		return controltest.Fix(ctx, tx, id, 0, w.jonas.ID, list)
	})
}

func (w *world) takePopulation(a access.Actor, id, population int64) error {
	return w.as(a, func(ctx context.Context, tx *models.Tx) error {
		return controltest.TakePopulation(ctx, tx, id, 0, w.jonas.ID, population)
	})
}

func (w *world) takeSample(a access.Actor, id, draw int64) error {
	return w.as(a, func(ctx context.Context, tx *models.Tx) error {
		return controltest.TakeSample(ctx, tx, id, 0, w.jonas.ID, draw)
	})
}

func (w *world) set(a access.Actor, id int64, seen ...controltest.Seen) error {
	return w.as(a, func(ctx context.Context, tx *models.Tx) error {
		_, err := controltest.Set(ctx, tx, id, w.jonas.ID, seen)
		return err
	})
}

func (w *world) conclude(a access.Actor, id int64, c controltest.Conclusion, basis string) error {
	return w.as(a, func(ctx context.Context, tx *models.Tx) error {
		return controltest.Conclude(ctx, tx, id, 0, w.jonas.ID, c, basis)
	})
}

func (w *world) review(a access.Actor, id int64, waiver string) error {
	return w.as(a, func(ctx context.Context, tx *models.Tx) error {
		return controltest.Review(ctx, tx, id, 0, a.ID, waiver)
	})
}

func (w *world) reopen(a access.Actor, id int64, why string) error {
	return w.as(a, func(ctx context.Context, tx *models.Tx) error { return controltest.Reopen(ctx, tx, id, 0, a.ID, why) })
}

func (w *world) planned() controltest.Test {
	w.Helper()
	t, err := w.begin(w.jonas, controltest.Plan{ControlID: w.control.ID, FirstVersion: 1}, 0)
	w.must(err)
	return t
}

// designed is a test whose design is adequate, with its attributes fixed.
func (w *world) designed() controltest.Test {
	w.Helper()
	t := w.planned()
	w.must(w.walk(w.jonas, t.ID, w.proof(w.control, "Walkthrough of CM-01", nil).Code()))
	w.must(w.design(w.jonas, t.ID, controltest.Adequate, "One merge was followed from request to release."))
	w.must(w.fix(w.jonas, t.ID, "Approved by someone else", "Linked to a ticket"))
	return t
}

// selected is a test of n items.
func (w *world) selected(n int) (controltest.Test, population.Sample, []population.Item) {
	w.Helper()
	t := w.designed()
	p := w.locked(w.control, 40)
	w.must(w.takePopulation(w.jonas, t.ID, p.ID))
	w.later()
	s, items := w.draw(p, n, nil)
	w.must(w.takeSample(w.jonas, t.ID, s.ID))
	return t, s, items
}

func pass(item int64, letters string) (out []controltest.Seen) {
	for _, l := range letters {
		out = append(out, controltest.Seen{ItemID: item, Letter: string(l), Result: controltest.Pass, Rev: controltest.Any})
	}
	return out
}

// tested is a test of n items that all passed.
func (w *world) tested(n int) (controltest.Test, population.Sample, []population.Item) {
	w.Helper()
	t, s, items := w.selected(n)
	var seen []controltest.Seen
	for _, i := range items {
		seen = append(seen, pass(i.ID, "AB")...)
	}
	w.must(w.set(w.jonas, t.ID, seen...))
	return t, s, items
}
