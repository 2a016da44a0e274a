package bench_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"assay/internal/bench"
	"assay/models"
	"assay/models/engagement"
	"assay/models/framework"
	"assay/models/modelstest"
	"assay/models/occurrence"
)

// ofAPeriod is the company of the bars of a period: 1,000 controls and 100,000 evidence
// items, looked at over twelve months.
var ofAPeriod = bench.Size{Controls: 1000, Items: 100_000}

// throughAPeriod measures the pages that derive where a period stands.
func throughAPeriod(t *testing.T, r *report, c company) {
	s := serve(t, c)
	daily := examine(t, s.db)
	c.settle(t)
	began := readings{}
	began.add(serve(t, c).cost(t, bench.Manager, "/readiness")) // a process that has read nothing yet
	r.add("readiness of a period, first page of a process", "≤ 250 ms", began.String(), began.cpu() <= 250*time.Millisecond)
	cold, warm := readings{}, readings{}
	for range 15 {
		modelstest.Change(t, s.db)
		cold.add(s.cost(t, bench.Manager, "/readiness"))
		warm.add(s.cost(t, bench.Manager, "/readiness"))
	}
	r.add("readiness of a period, after a change", "≤ 250 ms", cold.String(), cold.cpu() <= 250*time.Millisecond)
	r.add("readiness of a period, warm", "≤ 50 ms", warm.String(), warm.cpu() <= 50*time.Millisecond)
	item := first(t, s.db, "SELECT 'E-' || min(id) FROM evidence WHERE status = 'submitted'")
	for _, v := range []visit{
		{"control that acts daily, with its timeline", "/controls/" + daily, bench.Manager, false},
		{"my tasks, in a period", "/tasks", bench.OwnerActor, false},
		{"review queue, in a period", "/review", bench.Manager, false},
		{"review page of an item", "/review/" + item, bench.Manager, false},
	} {
		look(t, r, s, nil, v)
	}
}

// readings are what pages cost.
type readings struct{ clock, processor []time.Duration }

func (r *readings) add(took, cpu time.Duration, _ int64) {
	r.clock, r.processor = append(r.clock, took), append(r.processor, cpu)
}

func (r *readings) cpu() time.Duration { return percentile(r.processor, 0.5) }

func (r *readings) String() string {
	return fmt.Sprintf("%s of processor, p50 %s, p99 %s by the clock", ms(r.cpu()), ms(percentile(r.clock, 0.5)), ms(percentile(r.clock, 0.99)))
}

// examine begins an engagement over the year that the items are of, with every criterion
// in scope, and records performances: one for every other accepted item, and one a day for
// a control that acts daily, whose code it returns.
func examine(t *testing.T, db *models.DB) (daily string) {
	t.Helper()
	today := models.DateOf(db.Now(), time.UTC)
	var categories, codes []string
	for _, c := range framework.Categories() {
		categories = append(categories, c.ID)
	}
	for _, c := range framework.CriteriaFor(categories) {
		codes = append(codes, c.Code)
	}
	daily = first(t, db, "SELECT code FROM controls WHERE frequency = 'daily' AND status = 'effective' ORDER BY id LIMIT 1")
	ctx := context.WithoutCancel(t.Context())
	err := db.Write(ctx, bench.Manager, func(tx *models.Tx) error {
		_, err := engagement.Create(ctx, tx, engagement.Terms{
			Name: "Year", Firm: "Brandt & Okafor", Kind: engagement.TypeII, Criteria: codes, Zone: "America/New_York",
			PeriodStart: today.AddDays(-364), PeriodEnd: today, OpensOn: today.AddDays(-60), ClosesOn: today.AddDays(60),
		})
		if err != nil {
			return err
		}
		acts, err := models.Raw[occurrence.Performance](ctx, tx, `SELECT e.control_id, c.code, e.performed_at, e.id AS evidence_id FROM evidence e JOIN controls c ON c.id = e.control_id
			WHERE e.status = 'accepted' AND e.id % 2 = 0 ORDER BY e.id`)
		if err != nil {
			return err
		}
		of, err := models.Value[int64](ctx, tx, "SELECT id FROM controls WHERE code = ?", daily)
		if err != nil {
			return err
		}
		for n := range 364 {
			acts = append(acts, occurrence.Performance{ControlID: of, Code: daily, PerformedAt: tx.Now.AddDate(0, 0, -n)})
		}
		rows := make([]*occurrence.Performance, len(acts))
		for n := range acts {
			rows[n] = &acts[n]
			rows[n].PerformedBy, rows[n].Result, rows[n].RecordedBy, rows[n].RecordedAt = "Operations", "Done.", bench.OwnerActor.ID, acts[n].PerformedAt
		}
		return models.InsertAll(ctx, tx, rows, "performance.record")
	})
	if err != nil {
		t.Fatal(err)
	}
	return daily
}
