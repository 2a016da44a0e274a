package bench_test

import (
	"context"
	"database/sql"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"assay/internal/bench"
	"assay/models"
	"assay/models/control"
	"assay/models/ledger"
)

// verifying replays the log and extrapolates to the million leaves of the bar, by the clock.
func verifying(t *testing.T, r *report, c company) {
	db := c.open(t)
	m := metering(t, db)
	runtime.GC()
	var got models.Report
	var err error
	start := time.Now()
	spent := m.during(func() {
		got, err = ledger.Verify(t.Context(), db)
	})
	took := time.Since(start)
	if err != nil || len(got.Problems) > 0 {
		t.Fatal(err, got.Problems)
	}
	million := func(d time.Duration) float64 { return d.Seconds() * 1e6 / float64(got.Leaves) }
	r.add(fmt.Sprintf("verify %d leaves and as many rows", got.Leaves), "1M leaves ≤ 10 s",
		fmt.Sprintf("%.1f s a million by the clock, %.1f s of processor", million(took), million(spent)), million(took) <= 10)
}

// appending compares a change with its leaf to the same change without.
func appending(t *testing.T, r *report, c company) {
	db := c.open(t)
	change := func(ctx context.Context, worker, n int) error {
		return db.Write(ctx, bench.Manager, func(tx *models.Tx) error {
			row, err := control.ByID(ctx, tx, target(c, worker, n))
			if err != nil {
				return err
			}
			row.Title = fmt.Sprintf("Changed by %d, %d", worker, n)
			return models.Update(ctx, tx, &row, models.Columns{"Title"}, "control.edit", models.Note{"title": row.Title})
		})
	}
	byHandToo := bareUpdate(t, c)
	for _, writers := range []int{1, 8, 32} {
		var bare, logged float64
		const turns = 6 // a second each, so that whatever else the machine does meets both
		for range turns {
			bare += rate(t, writers, byHandToo) / turns
			logged += rate(t, writers, change) / turns
		}
		ratio := logged / bare
		figure := fmt.Sprintf("%.0f/s of %.0f/s = %.2f", logged, bare, ratio)
		work := fmt.Sprintf("change with its leaf, %d writers", writers)
		switch {
		case db.Dialect() == "sqlite":
			r.add(work, "≥ 0.5 of the same without", figure, ratio >= 0.5)
		case writers == 32:
			r.add(work, "≥ 750/s, no aborts", figure, logged >= 750)
		default:
			r.tell(work, figure)
		}
	}
}

// target spreads changes over the controls, each worker in its own.
func target(c company, worker, n int) int64 {
	return int64((worker*997+n*32)%(c.size.Controls/32)*32+worker) + 1
}

// byHand opens the database with nothing of the product between.
func byHand(t *testing.T, c company, conns int) *sql.DB {
	t.Helper()
	driver, dsn := "pgx", c.url
	if path, ok := strings.CutPrefix(c.url, "sqlite://"); ok {
		driver, dsn = "sqlite", "file:"+path+"?_journal_mode=WAL&_busy_timeout=10000&_synchronous=FULL&_foreign_keys=on&_txlock=immediate&_pragma=cache_size(-65536)"
	}
	pool, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pool.Close() })
	pool.SetMaxOpenConns(conns)
	pool.SetMaxIdleConns(conns)
	return pool
}

// bareUpdate is the change as one would write it by hand.
func bareUpdate(t *testing.T, c company) func(ctx context.Context, worker, n int) error {
	t.Helper()
	conns := 32
	if strings.HasPrefix(c.url, "sqlite") {
		conns = 1
	}
	pool, query := byHand(t, c, conns), "UPDATE controls SET title = $1, rev = rev + 1 WHERE id = $2"
	return func(ctx context.Context, worker, n int) error {
		tx, err := pool.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer func() { _ = tx.Rollback() }()
		if _, err := tx.ExecContext(ctx, query, fmt.Sprintf("Changed by %d, %d", worker, n), target(c, worker, n)); err != nil {
			return err
		}
		return tx.Commit()
	}
}

// window is how long a rate is measured at a time.
const window = time.Second

// rate runs f from so many workers and counts what gets done a second. Any error ends
// the measurement: an abort is a failure.
func rate(t *testing.T, workers int, f func(ctx context.Context, worker, n int) error) float64 {
	t.Helper()
	var done atomic.Int64
	var group sync.WaitGroup
	start := time.Now()
	for worker := range workers {
		group.Go(func() {
			for n := 0; time.Since(start) < window; n++ {
				if err := f(t.Context(), worker, n); err != nil {
					t.Errorf("worker %d: %v", worker, err)
					return
				}
				done.Add(1)
			}
		})
	}
	group.Wait()
	return float64(done.Load()) / time.Since(start).Seconds()
}
