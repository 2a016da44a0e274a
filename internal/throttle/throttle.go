// Package throttle bounds how often, and how many at once, somebody may do a thing. It
// counts on this replica only and holds a bounded amount of memory, whoever asks.
package throttle

import (
	"errors"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// most is how many strangers one Rates remembers.
const most = 20_000

// Rates lets everybody have a number of tries in a time; the tries come back one by one.
type Rates struct {
	tries int
	per   time.Duration

	mu   sync.Mutex
	seen map[string]*rate.Limiter
}

// NewRates allows tries in each per.
func NewRates(tries int, per time.Duration) *Rates {
	return &Rates{tries: tries, per: per, seen: map[string]*rate.Limiter{}}
}

// Wait is how long who has to wait for the next try; 0 when there is one. It takes none.
func (r *Rates) Wait(who string, now time.Time) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	l := r.seen[Network(who)]
	if l == nil {
		return 0
	}
	left := l.TokensAt(now)
	if left >= 1 {
		return 0
	}
	return time.Duration((1 - left) * float64(r.per) / float64(r.tries))
}

// Take takes a try of who's, and reports whether there was one.
func (r *Rates) Take(who string, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := Network(who)
	l := r.seen[key]
	if l == nil {
		r.forget(now)
		l = rate.NewLimiter(rate.Every(r.per/time.Duration(r.tries)), r.tries)
		r.seen[key] = l
	}
	return l.AllowN(now, 1)
}

// forget makes room when there is none: those who have all their tries back are no
// different from strangers. While too many are busy it lets some go, whoever comes first.
func (r *Rates) forget(now time.Time) {
	if len(r.seen) < most {
		return
	}
	for key, l := range r.seen {
		if l.TokensAt(now) >= float64(r.tries) {
			delete(r.seen, key)
		}
	}
	for key := range r.seen {
		if len(r.seen) < most-most/8 {
			return
		}
		delete(r.seen, key)
	}
}

// Network is what an address is counted as: of IPv6, where one customer has 2^64
// addresses, the first half.
func Network(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil || a.Unmap().Is4() {
		return address
	}
	p, err := a.WithZone("").Prefix(64)
	if err != nil {
		return address
	}
	return p.String()
}

// Why a turn was not given.
var (
	ErrOwn  = errors.New("throttle: this person has as many at once as one may")
	ErrFull = errors.New("throttle: there are as many at once as this server takes")
)

// Turns bounds how many do something at once, each person and all together. The zero
// value has given none.
type Turns struct {
	mu   sync.Mutex
	all  int
	each map[int64]int
}

// Take gives who a turn, unless they have each turns or all are given. leave gives it
// back; calling it again does nothing.
func (t *Turns) Take(who int64, each, all int) (leave func(), err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.each[who] >= each:
		return nil, ErrOwn
	case t.all >= all:
		return nil, ErrFull
	}
	if t.each == nil {
		t.each = map[int64]int{}
	}
	t.all++
	t.each[who]++
	return sync.OnceFunc(func() { t.give(who) }), nil
}

func (t *Turns) give(who int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.all--
	if t.each[who]--; t.each[who] == 0 {
		delete(t.each, who)
	}
}
