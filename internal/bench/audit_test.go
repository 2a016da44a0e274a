package bench_test

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"assay/internal/bench"
	"assay/models"
	"assay/models/access"
	"assay/models/control"
	"assay/models/controltest"
	"assay/models/engagement"
	"assay/models/modelstest"
	"assay/models/people"
	"assay/models/population"
	"assay/models/request"
	"assay/web"
)

// An audit is an engagement in fieldwork, with an auditor who may write in it.
type audit struct {
	site       *site
	engagement engagement.Engagement
	auditor    access.Actor
	control    string
	population string // its address
}

// TestAuditNumbers measures what an audit asks of a company of 1,000 controls: a population
// of ASSAY_BENCH_ROWS rows, the matrix of a test and the requests of an engagement.
func TestAuditNumbers(t *testing.T) {
	rows := rowsOfAList(t)
	slog.SetDefault(slog.New(slog.DiscardHandler))
	path, small := listFile(t, rows), bench.Size{Controls: 1000, Items: 2000}
	r := &report{}
	for name, c := range map[string]func() company{"sqlite": func() company { return onSQLite(t, small) }, "postgres": func() company { return onPostgres(t, small) }} {
		t.Run(name, func(t *testing.T) {
			r.on(name)
			a := fieldwork(t, serve(t, c()))
			test := a.plans(t, 10)
			a.listing(t, r, path, rows)
			a.asks(t, 500)
			at := "/engagements/" + a.engagement.Slug
			look(t, r, a.site, nil, visit{"engagement with 500 requests", at, bench.Manager, false})
			look(t, r, a.site, nil, visit{"its list of requests", at + "/requests", bench.Manager, false})
			look(t, r, a.site, nil, visit{"test of 60 items and 10 attributes, all decided", at + "/tests/" + a.decides(t, test), a.auditor, false})
		})
	}
	fmt.Print(r.table())
}

func (a *audit) write(t *testing.T, by access.Actor, f func(ctx context.Context, tx *models.Tx) error) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	if err := a.site.db.Write(ctx, by, func(tx *models.Tx) error { return f(ctx, tx) }); err != nil {
		t.Fatal(err, web.Errors(err))
	}
}

// fieldwork begins an engagement about all criteria, and grants an auditor to write in it.
func fieldwork(t *testing.T, s *site) *audit {
	t.Helper()
	a := &audit{site: s, control: examine(t, s.db)}
	p := people.Person{Name: "Jonas Lindqvist", Email: "jonas@brandt.example", Firm: "Brandt & Okafor", Role: access.Auditor, Status: people.Active, InvitedAt: s.db.Now()}
	a.write(t, access.Clock, func(ctx context.Context, tx *models.Tx) error { return models.Insert(ctx, tx, &p, "person.invite") })
	a.write(t, bench.Manager, func(ctx context.Context, tx *models.Tx) (err error) {
		if a.engagement, err = models.Rows[engagement.Engagement](tx).Order("id DESC").Limit(1).Take(ctx); err == nil {
			err = engagement.AddAuditor(ctx, tx, a.engagement, p.ID, engagement.Lead)
		}
		for _, to := range []engagement.Status{engagement.Planning, engagement.Fieldwork} {
			if err == nil {
				err = engagement.Move(ctx, tx, &a.engagement, to, "")
			}
		}
		return err
	})
	admin := access.Actor{ID: bench.Manager.ID + 2, Name: "Person 3", Role: access.Administrator}
	a.write(t, admin, func(ctx context.Context, tx *models.Tx) error {
		g, err := models.Rows[engagement.Auditor](tx).Where("engagement_id = ? AND person_id = ?", a.engagement.ID, p.ID).Take(ctx)
		if err != nil {
			return err
		}
		return engagement.GrantFieldwork(ctx, tx, a.engagement, g.ID, g.Rev)
	})
	a.auditor = p.Actor()
	a.auditor.Engagements, a.auditor.Fieldwork = []int64{a.engagement.ID}, []int64{a.engagement.ID}
	s.tokens[p.ID] = session(t, s.db, a.auditor)
	return a
}

// asks writes requests of three items each, as the auditor.
func (a *audit) asks(t *testing.T, n int) {
	t.Helper()
	due := models.DateOf(time.Now(), time.UTC).AddDays(10)
	a.write(t, a.auditor, func(ctx context.Context, tx *models.Tx) error {
		for i := range n {
			_, err := request.Write(ctx, tx, a.engagement, request.Ask{
				Question: request.Question{Reference: fmt.Sprintf("B&O-%03d", i), Title: fmt.Sprintf("Evidence of change %d", i), Detail: "For the whole period.", DueOn: due.AddDays(i % 20)},
				Items:    []string{"The ticket", "The approval", "The log of the deployment"},
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// plans begins a test and fixes its attributes, which comes before the draw.
func (a *audit) plans(t *testing.T, attributes int) (x controltest.Test) {
	t.Helper()
	a.write(t, a.auditor, func(ctx context.Context, tx *models.Tx) error {
		c, err := control.ByCode(ctx, tx, a.control)
		if err != nil {
			return err
		}
		segments, err := controltest.Segments(ctx, tx, a.engagement, c.ID)
		if err != nil {
			return err
		}
		if x, err = controltest.Begin(ctx, tx, a.engagement, controltest.Plan{ControlID: c.ID, FirstVersion: segments[c.ID][0].First}, 0); err != nil {
			return err
		}
		err = controltest.Walk(ctx, tx, x.ID, 0, a.proof(t))
		if err == nil {
			err = controltest.ConcludeDesign(ctx, tx, x.ID, 0, 0, controltest.Adequate, "Followed one merge from the branch to production.")
		}
		list := make([]controltest.Attribute, attributes)
		for i := range list {
			list[i] = controltest.Attribute{Text: fmt.Sprintf("Attribute %d was there in time", i+1), Technique: controltest.Inspection}
		}
		if err == nil {
			err = controltest.Fix(ctx, tx, x.ID, 0, 0, list)
		}
		return err
	})
	return x
}

// proof is the code of accepted evidence of the control that is tested.
func (a *audit) proof(t *testing.T) (code string) {
	t.Helper()
	modelstest.Look(t, a.site.db, a.auditor, func(ctx context.Context, tx *models.Tx) (err error) {
		code, err = models.Value[string](ctx, tx, "SELECT 'E-' || min(evidence.id) FROM evidence JOIN controls ON controls.id = control_id WHERE evidence.status = 'accepted' AND code = ?", a.control)
		return err
	})
	return code
}

// decides takes the sample of the population into the test and decides every cell of it.
func (a *audit) decides(t *testing.T, x controltest.Test) (code string) {
	t.Helper()
	a.write(t, a.auditor, func(ctx context.Context, tx *models.Tx) error { return a.decide(ctx, tx, x) })
	return x.Code()
}

func (a *audit) decide(ctx context.Context, tx *models.Tx, x controltest.Test) error {
	lists, err := population.List(ctx, tx, a.engagement.ID, models.Page{Limit: 1})
	if err != nil {
		return err
	}
	if err := controltest.TakePopulation(ctx, tx, x.ID, 0, 0, lists[0].ID); err != nil {
		return err
	}
	draws, err := population.Samples(ctx, tx, lists[0].ID)
	if err != nil {
		return err
	}
	if err := controltest.TakeSample(ctx, tx, x.ID, 0, 0, draws[0].ID); err != nil {
		return err
	}
	if x, err = controltest.ByID(ctx, tx, x.ID); err != nil {
		return err
	}
	p, err := controltest.Load(ctx, tx, a.engagement, x)
	if err != nil {
		return err
	}
	var seen []controltest.Seen
	for _, r := range p.Rows {
		for _, attribute := range p.Attributes {
			seen = append(seen, controltest.Seen{ItemID: r.ItemID, Letter: attribute.Letter, Result: controltest.Pass, Rev: controltest.Any})
		}
	}
	_, err = controltest.Set(ctx, tx, x.ID, 0, seen)
	return err
}
