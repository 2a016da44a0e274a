package bench_test

import (
	"fmt"
	"os"
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
type meter struct {
	postmaster int                   // process id, 0 on SQLite
	seen       map[int]time.Duration // of each process of the server
	server     time.Duration
}

// metering finds the server by the process that answers a question.
func metering(t testing.TB, db *models.DB) *meter {
	t.Helper()
	m := &meter{seen: map[int]time.Duration{}}
	if db.Dialect() != "postgres" {
		return m
	}
	var backend int
	err := db.Read(t.Context(), access.Clock, func(tx *models.Tx) (err error) {
		backend, err = models.Value[int](t.Context(), tx, "SELECT pg_backend_pid()")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	m.postmaster = parentOf(backend)
	return m
}

// during is what f took. The looking itself stays out of it.
func (m *meter) during(f func()) time.Duration {
	before := m.ofServer()
	own := ofThis()
	f()
	own = ofThis() - own
	return own + m.ofServer() - before
}

func ofThis() time.Duration {
	var use syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &use) // fails only for a bad address
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}

// ofServer adds what each process has had since it was last seen, so that one that has
// ended is not taken away again.
func (m *meter) ofServer() time.Duration {
	if m.postmaster == 0 {
		return 0
	}
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", m.postmaster, m.postmaster))
	for _, child := range strings.Fields(string(b)) {
		pid, _ := strconv.Atoi(child)
		spent := onProcessor(pid)
		if spent > m.seen[pid] {
			m.server += spent - m.seen[pid]
			m.seen[pid] = spent
		}
	}
	return m.server
}

// parentOf reads the fourth field of stat, behind a name that may hold anything.
func parentOf(pid int) int {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
	parent, _ := strconv.Atoi(fields[1])
	return parent
}

func onProcessor(pid int) (spent time.Duration) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/schedstat", pid))
	if err == nil {
		_, _ = fmt.Sscan(string(b), &spent)
	}
	return spent
}
