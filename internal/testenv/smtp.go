package testenv

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// SMTP starts a mail server of this test's own that insists on STARTTLS with the
// certificate and key, in PEM. It returns its address, and the mails that arrived so far.
func SMTP(tb testing.TB, cert, key []byte) (address string, mails func() []string) {
	tb.Helper()
	program, err := exec.LookPath("aiosmtpd")
	if err != nil {
		missing(tb, "This test needs a mail server: `make tools` installs aiosmtpd as root on Debian; elsewhere install python3-aiosmtpd by hand.")
	}
	dir, err := os.MkdirTemp("", "assay-smtp-")
	if err != nil {
		tb.Fatal(err)
	}
	for name, text := range map[string][]byte{"cert.pem": cert, "key.pem": key} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	box := filepath.Join(dir, "box")
	address = "127.0.0.1:" + strconv.Itoa(freePort(tb))
	leash := leashed(tb, nil, dir, program, "-n", "-l", address, "--tlscert", filepath.Join(dir, "cert.pem"), "--tlskey", filepath.Join(dir, "key.pem"),
		"-c", "aiosmtpd.handlers.Mailbox", box)
	tb.Cleanup(func() {
		if err := leash.Close(); err != nil {
			tb.Error(err)
		}
	})
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if conn, err := (&net.Dialer{}).DialContext(tb.Context(), "tcp", address); err == nil {
			_ = conn.Close()
			return address, func() []string { return arrived(tb, box) }
		}
	}
	tb.Fatalf("the test's mail server did not start:\n%s", said(dir))
	return "", nil
}

// arrived reads a maildir.
func arrived(tb testing.TB, box string) (out []string) {
	tb.Helper()
	files, err := filepath.Glob(filepath.Join(box, "new", "*"))
	if err != nil {
		tb.Fatal(err)
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			tb.Fatal(err)
		}
		out = append(out, string(text))
	}
	return out
}
