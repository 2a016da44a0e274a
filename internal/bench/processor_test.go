package bench_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"assay/models"
	"assay/models/access"
)

// The machine is shared, and what others do on it doubles any time by the clock. What a
// processor did for us stays what it was, so that is what most bars are judged by.

// A meter counts the processor time of this process, and of the PostgreSQL server that it
// asks.
type meter struct{ server int } // process id of the postmaster, 0 on SQLite

// metering finds the server by the process that answers a question.
func metering(t testing.TB, db *models.DB) meter {
	t.Helper()
	if db.Dialect() != "postgres" {
		return meter{}
	}
	var backend int
	err := db.Read(t.Context(), access.Clock, func(tx *models.Tx) (err error) {
		backend, err = models.Value[int](t.Context(), tx, "SELECT pg_backend_pid()")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	server, _ := parentOf(strconv.Itoa(backend))
	return meter{server}
}

// spent is all that was spent so far. It never shrinks as long as no connection closes.
func (m meter) spent() time.Duration {
	var use syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &use) // fails only for a bad address
	total := time.Duration(use.Utime.Nano() + use.Stime.Nano())
	if m.server == 0 {
		return total
	}
	processes, _ := filepath.Glob("/proc/[0-9]*")
	for _, p := range processes {
		if parent, ok := parentOf(filepath.Base(p)); ok && parent == m.server {
			total += onProcessor(p)
		}
	}
	return total
}

// parentOf reads the fourth field of stat, behind a name that may hold anything.
func parentOf(pid string) (int, bool) {
	b, err := os.ReadFile(filepath.Join("/proc", pid, "stat"))
	if err != nil {
		return 0, false
	}
	fields := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
	parent, err := strconv.Atoi(fields[1])
	return parent, err == nil
}

func onProcessor(process string) (spent time.Duration) {
	b, err := os.ReadFile(filepath.Join(process, "schedstat"))
	if err == nil {
		_, _ = fmt.Sscan(string(b), &spent)
	}
	return spent
}
