package endurance_test

import (
	"strings"
	"testing"
	"time"

	"assay/internal/testenv"
)

// patience is how long after PostgreSQL is back somebody may still meet an error.
const patience = 3 * time.Second

func TestPostgreSQLIsRestartedUnderLoad(t *testing.T) {
	postgres := testenv.Postmaster(t)
	addr := freeAddr(t)
	s := found(t, t.TempDir(), postgres.Address, addr)
	v := s.serve(addr)
	s.signIn()
	l := s.work()
	for range 3 {
		time.Sleep(700 * time.Millisecond)
		postgres.Stop(t)
		time.Sleep(300 * time.Millisecond)
		if well(v.base) {
			t.Error("the server calls itself well without its database")
		}
		postgres.Start(t)
		back := time.Now()
		for !well(v.base) {
			if time.Since(back) > patience {
				t.Fatalf("the server is not well %s after its database is back:\n%s", time.Since(back), v.said)
			}
			time.Sleep(10 * time.Millisecond)
		}
		time.Sleep(patience - time.Since(back))
		calm, before := time.Now(), l.acknowledged()
		time.Sleep(2 * time.Second)
		if err := l.calmAfter(calm); err != nil {
			t.Errorf("people meet errors long after the database is back: %v", err)
		}
		if l.acknowledged() == before {
			t.Error("nothing is acknowledged any more")
		}
	}
	l.rest()
	for what := range l.troubles() {
		if !strings.HasSuffix(what, ": 503") {
			t.Errorf("while the database was away somebody was told %q", what)
		}
	}
	v.stop()
	l.settle()
	t.Logf("%d acknowledged, %d pages read; troubles: %v", l.acknowledged(), l.reads, l.troubles())
}
