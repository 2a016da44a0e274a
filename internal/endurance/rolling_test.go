package endurance_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"assay/internal/testenv"
)

// asks is how often the balancer asks a replica whether it is well.
const asks = 50 * time.Millisecond

// A balancer sends visitors to the replicas that are well, in turn. It repeats a GET that
// found a door closed, and nothing else.
type balancer struct {
	replicas []*replica
	turn     atomic.Int64
	said     atomic.Value // the last failure of a replica
	stop     chan struct{}
	asking   sync.WaitGroup
}

type replica struct {
	base string
	well atomic.Bool
}

func balance(addrs ...string) *balancer {
	b := &balancer{stop: make(chan struct{})}
	for _, addr := range addrs {
		r := &replica{base: "http://" + addr}
		b.replicas = append(b.replicas, r)
		b.asking.Go(func() {
			for {
				r.well.Store(well(r.base))
				select {
				case <-b.stop:
					return
				case <-time.After(asks):
				}
			}
		})
	}
	return b
}

func (b *balancer) close() {
	close(b.stop)
	b.asking.Wait()
}

// next is a replica that is well, nil when none is.
func (b *balancer) next() *replica {
	for range b.replicas {
		r := b.replicas[int(b.turn.Add(1))%len(b.replicas)]
		if r.well.Load() {
			return r
		}
	}
	return nil
}

// forward keeps no connection: one that is kept may be closed by the replica in the moment
// in which a change is sent on it, and a change is not repeated.
var forward = &http.Transport{DisableKeepAlives: true}

func (b *balancer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	tries := 1
	if r.Method == http.MethodGet {
		tries = len(b.replicas)
	}
	for range tries {
		to := b.next()
		for wait := time.Now().Add(10 * time.Second); to == nil && time.Now().Before(wait); to = b.next() {
			time.Sleep(asks) // the machine is so busy that the one that stays was slow to say it is well
		}
		if to == nil {
			break
		}
		out := r.Clone(r.Context())
		out.RequestURI = ""
		out.URL.Scheme, out.URL.Host = "http", strings.TrimPrefix(to.base, "http://")
		a, err := forward.RoundTrip(out)
		if err != nil {
			b.said.Store(err.Error())
			continue
		}
		defer a.Body.Close()
		for name, values := range a.Header {
			w.Header()[name] = values
		}
		w.WriteHeader(a.StatusCode)
		_, _ = io.Copy(w, a.Body) // a visitor who left is none of ours
		return
	}
	http.Error(w, "no replica answered", http.StatusBadGateway)
}

func TestReplicasAreReplacedUnderLoadAndNobodyNotices(t *testing.T) {
	addrs := []string{freeAddr(t), freeAddr(t)}
	b := balance(addrs...)
	defer b.close()
	front := httptest.NewServer(b)
	defer front.Close()
	s := found(t, t.TempDir(), testenv.Postgres(t), strings.TrimPrefix(front.URL, "http://"))
	// A busy machine may take seconds to ask, and until then the balancer believes the last
	// answer.
	start := func(addr string) *server { return s.serve(addr, "-drain", (60 * asks).String()) }
	replicas := []*server{start(addrs[0]), start(addrs[1])}
	for !b.replicas[0].well.Load() || !b.replicas[1].well.Load() {
		time.Sleep(asks)
	}
	s.signIn()
	l := s.work()
	for range 2 {
		for n := range replicas {
			time.Sleep(500 * time.Millisecond)
			before := l.acknowledged()
			replicas[n].stop()
			if l.acknowledged() == before {
				t.Error("nothing was acknowledged while a replica stopped")
			}
			replicas[n] = start(addrs[n])
			for !b.replicas[n].well.Load() {
				time.Sleep(asks)
			}
		}
	}
	l.rest()
	for _, v := range replicas {
		v.stop()
	}
	l.quiet()
	l.settle()
	t.Logf("%d acknowledged, %d pages read, over four restarts; the last failure of a replica: %v", l.acknowledged(), l.reads, b.said.Load())
}
