package endurance_test

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"assay/internal/testenv"
)

// kills is how often a server is killed: in the short form as often as there is time for,
// in the long form as often as ASSAY_TEST_KILLS says (`make endurance`).
func kills(t *testing.T) int {
	t.Helper()
	n, err := strconv.Atoi(os.Getenv("ASSAY_TEST_KILLS"))
	if err != nil || n < 1 {
		return 10 // on each database
	}
	return n
}

func TestAKilledServerLosesNothingItAcknowledged(t *testing.T) {
	for name, database := range map[string]func() string{
		"sqlite":   func() string { return "" },
		"postgres": func() string { return testenv.Postgres(t) },
	} {
		t.Run(name, func(t *testing.T) {
			addr := freeAddr(t)
			s := found(t, t.TempDir(), database(), addr)
			v := s.serve(addr)
			s.signIn()
			l := s.work()
			for n := range kills(t) {
				select {
				case <-l.uploaded:
				case <-time.After(time.Minute):
					t.Fatalf("no upload is acknowledged any more; the server says:\n%s", v.said)
				}
				if n%2 == 0 { // anywhere; else at once, when what was put off is not done yet
					time.Sleep(time.Duration(rand.IntN(200)) * time.Millisecond)
				}
				v.kill()
				v = s.serve(addr)
			}
			l.rest()
			v.stop()
			l.settle()
			if n := l.acknowledged(); n < kills(t) {
				t.Errorf("only %d acknowledgements", n)
			}
			t.Logf("%d uploads and %d records acknowledged, %d pages read, over %d kills", len(l.uploads), len(l.records), l.reads, kills(t))
		})
	}
}
