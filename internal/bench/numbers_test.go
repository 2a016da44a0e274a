package bench_test

import (
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"assay/internal/bench"
)

// TestNumbers measures what doc/performance.md tells. ASSAY_BENCH is the number of
// controls, 100,000 for the figures that count; without it nothing is measured. Only
// ratios between lines of one run mean anything.
func TestNumbers(t *testing.T) {
	controls, err := strconv.Atoi(os.Getenv("ASSAY_BENCH"))
	if err != nil {
		t.Skip("make bench measures; ASSAY_BENCH holds the number of controls")
	}
	slog.SetDefault(slog.New(slog.DiscardHandler))
	size := bench.Size{Controls: controls, Items: 2 * controls}
	r := &report{}
	small := bench.Size{Controls: 1000, Items: 2000}
	t.Run("sqlite", func(t *testing.T) { onOne(t, r, onSQLite(t, size), onSQLite(t, small)) })
	t.Run("period", func(t *testing.T) {
		t.Run("sqlite", func(t *testing.T) { throughAPeriod(t, r.on("sqlite"), onSQLite(t, ofAPeriod)) })
		t.Run("postgres", func(t *testing.T) { throughAPeriod(t, r.on("postgres"), onPostgres(t, ofAPeriod)) })
	})
	t.Run("process", func(t *testing.T) { running(t, r.on("sqlite"), onSQLite(t, size)) })
	t.Run("postgres", func(t *testing.T) { onOne(t, r, onPostgres(t, size), onPostgres(t, small)) })
	load, _ := os.ReadFile("/proc/loadavg")
	fmt.Printf("\nLoad of the machine at the end: %s\n%s", load, r.table())
}

// onOne takes the figures of one database. Those that read come first.
func onOne(t *testing.T, r *report, c, small company) {
	database, _, _ := strings.Cut(c.url, ":")
	r.on(database)
	t.Run("pages", func(t *testing.T) {
		s := serve(t, c)
		browsing(t, r, s, serve(t, small))
		typing(t, r, s)
		crowd(t, r, c, s)
	})
	t.Run("verify", func(t *testing.T) { verifying(t, r, c) })
	t.Run("append", func(t *testing.T) { appending(t, r, c) })
}

// A report is the lines of a run.
type report struct {
	database string
	lines    []line
}

type line struct {
	work, database, bar, figure string
	verdict                     string
}

// on says which database the next lines are of.
func (r *report) on(database string) *report {
	r.database = database
	return r
}

func (r *report) add(work, bar, figure string, holds bool) {
	verdict := "holds"
	if !holds {
		verdict = "**missed**"
	}
	r.put(work, bar, figure, verdict)
}

// tell adds a figure that has no bar of its own.
func (r *report) tell(work, figure string) { r.put(work, "", figure, "") }

func (r *report) put(work, bar, figure, verdict string) {
	r.lines = append(r.lines, line{work, r.database, bar, figure, verdict})
	fmt.Printf("%-8s %-58s %-32s %-12s %s\n", r.database, work, figure, verdict, bar)
}

func (r *report) table() string {
	var b strings.Builder
	b.WriteString("| Work | Database | Bar | Figure | |\n|---|---|---|---|---|\n")
	for _, l := range r.lines {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", l.work, l.database, l.bar, l.figure, l.verdict)
	}
	return b.String()
}

// percentile sorts and picks.
func percentile(all []time.Duration, p float64) time.Duration {
	slices.Sort(all)
	return all[min(len(all)-1, int(p*float64(len(all))))]
}

func ms(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000) }
