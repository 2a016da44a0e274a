package endurance_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
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
	said     atomic.Value // why a visitor was sent away last
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
	turn := int(b.turn.Add(1)) // once: others take theirs meanwhile
	for n := range b.replicas {
		if r := b.replicas[(turn+n)%len(b.replicas)]; r.well.Load() {
			return r
		}
	}
	return nil
}

var forward = &http.Transport{MaxIdleConnsPerHost: 8}

func (b *balancer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	tries := 1
	if r.Method == http.MethodGet {
		tries = len(b.replicas)
	}
	for range tries {
		to := b.next()
		if to == nil {
			b.said.Store("no replica is well")
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
		if _, err := io.Copy(w, a.Body); err != nil { // a visitor who left is none of ours
			b.said.Store(err.Error())
		}
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
	// A busy machine may take a while to ask; four times as long is a little longer.
	start := func(addr string) *server { return s.serve(addr, "-drain", (40 * asks).String()) }
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
	t.Logf("%d acknowledged, %d pages read, over four restarts; sent away: %v", l.acknowledged(), l.reads, b.said.Load())
}

// TestAKeptConnectionIsServedWhileAServerDrains: whoever holds a connection may send on it
// until they have heard that the server goes; then they are told to open no other here.
func TestAKeptConnectionIsServedWhileAServerDrains(t *testing.T) {
	s := found(t, t.TempDir(), "", freeAddr(t))
	v := s.serve(s.address, "-drain", "2s")
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", s.address)
	s.must(err)
	defer conn.Close()
	in := bufio.NewReader(conn)
	ask := func() *http.Response {
		t.Helper()
		_, err := io.WriteString(conn, "GET /healthz HTTP/1.1\r\nHost: "+s.address+"\r\n\r\n")
		s.must(err)
		a, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatalf("the kept connection ended with %v", err)
		}
		_, _ = io.Copy(io.Discard, a.Body) // a few bytes
		return a
	}
	if a := ask(); a.StatusCode != http.StatusOK || a.Close {
		t.Fatalf("before: %s, close %t", a.Status, a.Close)
	}
	s.must(v.cmd.Process.Signal(syscall.SIGTERM))
	for deadline := time.Now().Add(time.Second); well(v.base) && time.Now().Before(deadline); {
		time.Sleep(10 * time.Millisecond)
	}
	if a := ask(); a.StatusCode != http.StatusServiceUnavailable || !a.Close {
		t.Errorf("while it drains: %s, close %t", a.Status, a.Close)
	}
	s.must(v.cmd.Wait())
}
