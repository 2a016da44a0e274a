package clamd_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/iotest"

	"assay/internal/clamd"
	"assay/internal/testenv"
)

func scanner(t *testing.T, address string) *clamd.Scanner {
	t.Helper()
	s, err := clamd.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestADaemonTellsMalwareFromEverythingElse(t *testing.T) {
	s := scanner(t, testenv.Clamd(t))
	if v, err := s.Version(t.Context()); err != nil || !strings.HasPrefix(v, "ClamAV ") {
		t.Errorf("it calls itself %q, %v", v, err)
	}
	for name, c := range map[string]struct {
		content io.Reader
		found   string
		err     error
	}{
		"the test file":                {strings.NewReader(testenv.Eicar()), "Eicar-Test-Signature.UNOFFICIAL", nil},
		"nothing at all":               {strings.NewReader(""), "", nil},
		"a table":                      {strings.NewReader("user,kept\nana,yes\n"), "", nil},
		"a file of many pieces":        {bytes.NewReader(make([]byte, 1<<20)), "", nil},
		"one larger than it will read": {bytes.NewReader(make([]byte, 3<<20)), "", clamd.ErrTooLarge},
		"one that cannot be read":      {io.MultiReader(strings.NewReader("x"), iotest.ErrReader(io.ErrClosedPipe)), "", io.ErrClosedPipe},
	} {
		found, err := s.Scan(t.Context(), c.content)
		if found != c.found || !errors.Is(err, c.err) {
			t.Errorf("%s: %q, %v; want %q, %v", name, found, err, c.found, c.err)
		}
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if _, err := s.Scan(ended, strings.NewReader("x")); err == nil {
		t.Error("it scanned for nobody")
	}
}

func TestWithoutADaemonNothingIsClean(t *testing.T) {
	if _, err := scanner(t, "tcp://127.0.0.1:1").Scan(t.Context(), strings.NewReader("x")); err == nil {
		t.Error("nobody looked, and it passed")
	}
	ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	replies := make(chan string, 1)
	go func() {
		for reply := range replies {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			_, _ = io.CopyN(io.Discard, conn, 10+4+1+4)
			_, _ = io.WriteString(conn, reply)
			_ = conn.Close()
		}
	}()
	defer close(replies)
	for _, reply := range []string{"", "stream: OK", "stream: no idea\x00", "COMMAND READ TIMED OUT\x00"} {
		replies <- reply
		if found, err := scanner(t, "tcp://"+ln.Addr().String()).Scan(t.Context(), strings.NewReader("x")); err == nil {
			t.Errorf("the answer %q passed as %q", reply, found)
		}
	}
}

func TestAddresses(t *testing.T) {
	for _, bad := range []string{"", "127.0.0.1:3310", "tcp://127.0.0.1", "http://127.0.0.1:1", "unix://run/x", "unix:run"} {
		if _, err := clamd.Parse(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
	for _, good := range []string{"tcp://127.0.0.1:3310", "tcp://[::1]:3310", "unix:///run/clamav/clamd.ctl"} {
		if _, err := clamd.Parse(good); err != nil {
			t.Error(err)
		}
	}
}
