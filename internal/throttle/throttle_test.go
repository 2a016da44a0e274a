package throttle_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"assay/internal/throttle"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func TestTriesComeBackOneByOne(t *testing.T) {
	r := throttle.NewRates(3, time.Minute)
	for n := range 3 {
		if r.Wait("192.0.2.1", noon) != 0 || !r.Take("192.0.2.1", noon) {
			t.Fatalf("try %d was refused", n+1)
		}
	}
	if r.Take("192.0.2.1", noon) {
		t.Error("a fourth try")
	}
	if got := r.Wait("192.0.2.1", noon.Add(5*time.Second)).Round(time.Second); got != 15*time.Second {
		t.Errorf("wait %s, want 15s", got)
	}
	if !r.Take("192.0.2.2", noon) {
		t.Error("somebody else pays for it")
	}
	if !r.Take("192.0.2.1", noon.Add(20*time.Second)) || r.Take("192.0.2.1", noon.Add(21*time.Second)) {
		t.Error("after a third of the time there should be one try")
	}
}

func TestANetworkOfIPv6IsOne(t *testing.T) {
	r := throttle.NewRates(1, time.Minute)
	r.Take("2001:db8:1:2::3", noon)
	if r.Take("2001:db8:1:2:ffff::1%eth0", noon) {
		t.Error("another address of the same network had tries of its own")
	}
	if !r.Take("2001:db8:1:3::3", noon) || !r.Take("::ffff:192.0.2.1", noon) {
		t.Error("another network was refused")
	}
}

// The memory is bounded, and a flood of strangers gives those who wait no more tries than
// a stranger has.
func TestAFloodOfStrangersIsForgotten(t *testing.T) {
	r := throttle.NewRates(2, time.Minute)
	for n := range 50_000 {
		r.Take(fmt.Sprint(n), noon)
	}
	if n := throttle.Remembered(r); n > 20_000 {
		t.Errorf("%d are remembered", n)
	}
	r.Take("late", noon.Add(time.Hour))
	if n := throttle.Remembered(r); n > 20_000 {
		t.Errorf("%d are remembered", n)
	}
}

func TestTurns(t *testing.T) {
	var turns throttle.Turns
	one, err := turns.Take(1, 2, 3)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := turns.Take(1, 2, 3); err != nil {
		t.Fatal(err)
	}
	if _, err := turns.Take(1, 2, 3); !errors.Is(err, throttle.ErrOwn) {
		t.Errorf("a third of the same person: %v", err)
	}
	if _, err := turns.Take(2, 2, 3); err != nil {
		t.Fatal(err)
	}
	if _, err := turns.Take(3, 2, 3); !errors.Is(err, throttle.ErrFull) {
		t.Errorf("a fourth in all: %v", err)
	}
	one()
	one()
	if _, err := turns.Take(3, 2, 3); err != nil {
		t.Errorf("after one left: %v", err)
	}
	if _, err := turns.Take(4, 2, 3); !errors.Is(err, throttle.ErrFull) {
		t.Errorf("leaving twice made room for two: %v", err)
	}
}

func TestTurnsTakenAtOnce(t *testing.T) {
	var turns throttle.Turns
	var wg sync.WaitGroup
	var mu sync.Mutex
	given := 0
	for range 100 {
		wg.Go(func() {
			if _, err := turns.Take(7, 4, 64); err == nil {
				mu.Lock()
				given++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if given != 4 {
		t.Errorf("%d turns were given", given)
	}
}
