package web_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"assay/web"
)

// drip posts a body that comes in pieces, and returns how the server's reading ended and
// after how long.
func drip(t *testing.T, pace web.Pace, pieces int, piece string, every time.Duration) (time.Duration, error) {
	t.Helper()
	type ending struct {
		err  error
		took time.Duration
	}
	ended := make(chan ending, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		_, err := io.Copy(io.Discard, pace.Body(w, r.Body))
		ended <- ending{err, time.Since(start)}
	}))
	defer server.Close()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
	go func() {
		for range pieces {
			if _, err := io.WriteString(conn, hex(len(piece))+"\r\n"+piece+"\r\n"); err != nil {
				return
			}
			time.Sleep(every)
		}
		_, _ = io.WriteString(conn, "0\r\n\r\n")
	}()
	e := <-ended
	return e.took, e.err
}

func hex(n int) string {
	const digits = "0123456789abcdef"
	if n < 16 {
		return digits[n : n+1]
	}
	return hex(n/16) + digits[n%16:n%16+1]
}

func TestASlowSenderIsCutOff(t *testing.T) {
	pace := web.Pace{Window: 200 * time.Millisecond, Least: 1000, Total: time.Minute}
	if took, err := drip(t, pace, 100, "x", 20*time.Millisecond); !errors.Is(err, os.ErrDeadlineExceeded) || took > time.Second {
		t.Errorf("a byte now and then: %v after %s", err, took)
	}
	// Much at first buys nobody a rest: each window counts for itself.
	slow := func() (time.Duration, error) {
		return drip(t, pace, 2, strings.Repeat("x", 50_000), 600*time.Millisecond)
	}
	if took, err := slow(); !errors.Is(err, os.ErrDeadlineExceeded) || took > time.Second {
		t.Errorf("much and then nothing: %v after %s", err, took)
	}
	if _, err := drip(t, pace, 10, strings.Repeat("x", 1000), 50*time.Millisecond); err != nil {
		t.Errorf("fast enough: %v", err)
	}
	pace.Total = 300 * time.Millisecond
	if took, err := drip(t, pace, 100, strings.Repeat("x", 1000), 20*time.Millisecond); !errors.Is(err, os.ErrDeadlineExceeded) || took > time.Second {
		t.Errorf("fast, but without end: %v after %s", err, took)
	}
}
