package confine_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"
	"time"

	"assay/internal/confine"
)

// misdeeds is work that does what it is told.
var misdeeds = confine.Register("misdeeds", 1<<10, func(what string, input []byte) (string, error) {
	switch what {
	case "echo":
		return strings.ToUpper(string(input)), nil
	case "refuse":
		return "", errors.New("this is no table")
	case "eat":
		var kept [][]byte
		for {
			block := bytes.Repeat([]byte{1}, 16<<20)
			kept = append(kept, block)
			if len(kept) > 1<<20 {
				return "", nil
			}
		}
	case "hang":
		for {
			runtime.Gosched()
		}
	case "talk":
		return strings.Repeat("x", 65<<20), nil
	case "panic":
		panic("index out of range")
	case "open":
		_, err := os.Open("/proc/self/status")
		return "", err
	case "write":
		_, err := os.CreateTemp("", "confined")
		return "", err
	case "dial":
		_, err := net.DialTimeout("tcp", "127.0.0.1:1", time.Second)
		return "", err
	case "environment":
		return strings.Join(os.Environ(), " "), nil
	}
	return "", nil
})

func TestAChildDoesTheWork(t *testing.T) {
	got, err := misdeeds.Do(t.Context(), "echo", strings.NewReader("words"))
	if err != nil || got != "WORDS" {
		t.Errorf("%q %v", got, err)
	}
	t.Setenv("ASSAY_OIDC_CLIENT_SECRET", "s3cret")
	if got, err := misdeeds.Do(t.Context(), "environment", strings.NewReader("")); err != nil || got != "" {
		t.Errorf("the child knows %q, %v", got, err)
	}
	var refusal confine.Refusal
	if _, err := misdeeds.Do(t.Context(), "refuse", strings.NewReader("")); !errors.As(err, &refusal) || refusal != "this is no table" {
		t.Errorf("refused with %v", err)
	}
	if _, err := misdeeds.Do(t.Context(), "echo", strings.NewReader(strings.Repeat("x", 1<<10+1))); !errors.Is(err, confine.ErrTooLarge) {
		t.Errorf("too much input: %v", err)
	}
}

func TestAReaderThatFailsIsNoFaultOfTheChild(t *testing.T) {
	broken := errors.New("the disk is gone")
	if _, err := misdeeds.Do(t.Context(), "echo", iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
}

func TestAChildThatTakesTooMuchIsStopped(t *testing.T) {
	for what, want := range map[string]error{
		"eat": confine.ErrExceeded, "hang": confine.ErrExceeded, "talk": confine.ErrExceeded, "panic": confine.ErrBroken,
	} {
		t.Run(what, func(t *testing.T) {
			before, start := peak(t), time.Now()
			_, err := misdeeds.Do(t.Context(), what, strings.NewReader("x"))
			if !errors.Is(err, want) {
				t.Errorf("it ended with %v", err)
			}
			if took := time.Since(start); took > confine.Deadline+5*time.Second { // a busy machine's; an idle one's is Processor
				t.Errorf("stopped after %s", took)
			}
			if grew := peak(t) - before; what != "talk" && grew > 64<<20 {
				t.Errorf("our own memory grew by %d MiB", grew>>20)
			}
			if runtime.GOOS == "linux" {
				if most := childrenPeak(t); most > confine.Memory+300<<20 {
					t.Errorf("a child held %d MiB", most>>20)
				}
			}
		})
	}
}

func TestAChildCanOpenNothing(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux has the limits for it")
	}
	for _, what := range []string{"open", "write", "dial"} {
		_, err := misdeeds.Do(t.Context(), what, strings.NewReader(""))
		var refusal confine.Refusal
		if !errors.As(err, &refusal) || !strings.Contains(err.Error(), "too many open files") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestWhoLeavesTakesTheChildAlong(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	start := time.Now()
	if _, err := misdeeds.Do(ctx, "hang", strings.NewReader("")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("it ended with %v", err)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("after %s", took)
	}
}

// peak is the most memory this process ever held.
func peak(t *testing.T) int64 { return usage(t, syscall.RUSAGE_SELF) }

// childrenPeak is the most memory any child ever held.
func childrenPeak(t *testing.T) int64 { return usage(t, syscall.RUSAGE_CHILDREN) }

func usage(t *testing.T, who int) int64 {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(who, &u); err != nil {
		t.Fatal(err)
	}
	return u.Maxrss << 10
}
