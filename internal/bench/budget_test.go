package bench_test

import (
	"log/slog"
	"testing"

	"assay/handlers/handlerstest"
	"assay/internal/bench"
)

// TestPagesOfAnAuditKeepToTheirQueries holds the pages that showed most to what a page may
// ask and weigh, sessions and the record of visits in it. It measures no time, so it runs
// with the other tests.
func TestPagesOfAnAuditKeepToTheirQueries(t *testing.T) {
	before := slog.Default()
	slog.SetDefault(slog.New(slog.DiscardHandler))
	t.Cleanup(func() { slog.SetDefault(before) })
	small := bench.Size{Controls: 150, Items: 3000}
	c := company{"sqlite://" + t.TempDir() + "/assay.db", t.TempDir(), small}
	c.fill(t)
	a := fieldwork(t, serve(t, c))
	test := a.plans(t, 10)
	a.listing(t, (&report{}).on("sqlite"), listFile(t, 500), 500)
	a.asks(t, 30)
	at := "/engagements/" + a.engagement.Slug
	code := a.decides(t, test)
	for _, v := range []visit{
		{"a test of 60 items and 10 attributes", at + "/tests/" + code, a.auditor, false},
		{"an engagement", at, bench.Manager, false},
		{"an engagement for its auditor", at, a.auditor, false},
		{"requests", at + "/requests", a.auditor, false},
		{"a control", "/controls/" + a.control, bench.Manager, false},
		{"a control for its auditor", "/controls/" + a.control, a.auditor, false},
		{"evidence for its auditor", "/evidence/" + a.proof(t), a.auditor, false},
		{"controls for their auditor", "/controls", a.auditor, false},
		{"the matrix of section IV", at + "/deliverables/section-iv", a.auditor, false},
		{"tasks", "/tasks", bench.OwnerActor, false},
		{"readiness", "/readiness", bench.Manager, false},
	} {
		a.site.get(t, v.actor, v.path)
		changed, again := asked(t, a.site, v, true), asked(t, a.site, v, false)
		_, weight := a.site.get(t, v.actor, v.path)
		t.Logf("%s: %d queries right after a change, %d again, %d bytes", v.name, changed, again, weight)
		if changed > handlerstest.QueryBudget || again > handlerstest.QueryBudget {
			t.Errorf("%s takes %d queries right after a change and %d again, more than %d", v.name, changed, again, handlerstest.QueryBudget)
		}
		if weight > 12<<10 {
			t.Errorf("%s weighs %d bytes packed", v.name, weight)
		}
	}
}
