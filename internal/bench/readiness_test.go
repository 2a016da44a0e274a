package bench_test

import (
	"context"
	"testing"
	"time"

	"assay/internal/bench"
	"assay/models"
	"assay/models/access"
	"assay/models/engagement"
	"assay/models/framework"
)

// BenchmarkReadiness is the page over the bar's company: 1,000 controls, a period of
// twelve months and 100,000 evidence items. It is cold when the log has grown since the
// last reader, and warm when it has not.
func BenchmarkReadiness(b *testing.B) {
	size := bench.Size{Controls: 1000, Items: 100_000}
	for name, c := range map[string]func() company{
		"sqlite":   func() company { return onSQLite(b, size) },
		"postgres": func() company { return onPostgres(b, size) },
	} {
		b.Run(name, func(b *testing.B) {
			s := serve(b, c())
			examine(b, s.db)
			s.get(b, bench.Manager, "/readiness")
			b.Run("warm", func(b *testing.B) {
				for b.Loop() {
					s.get(b, bench.Manager, "/readiness")
				}
			})
			b.Run("cold", func(b *testing.B) {
				for b.Loop() {
					b.StopTimer()
					if err := s.db.Observe(b.Context(), access.Clock, "session.start", "people/1", nil); err != nil {
						b.Fatal(err)
					}
					b.StartTimer()
					s.get(b, bench.Manager, "/readiness")
				}
			})
		})
	}
}

// examine begins an engagement over the year that the items are of.
func examine(b *testing.B, db *models.DB) {
	b.Helper()
	today := models.DateOf(db.Now(), time.UTC)
	var codes []string
	for _, c := range framework.CriteriaFor([]string{framework.Security}) {
		codes = append(codes, c.Code)
	}
	err := db.Write(b.Context(), bench.Manager, func(tx *models.Tx) error {
		_, err := engagement.Create(context.WithoutCancel(b.Context()), tx, engagement.Terms{
			Name: "Year", Firm: "Brandt & Okafor", Kind: engagement.TypeII, Criteria: codes, Zone: "America/New_York",
			PeriodStart: today.AddDays(-364), PeriodEnd: today, OpensOn: today.AddDays(-60), ClosesOn: today.AddDays(60),
		})
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
}
