package testenv

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Eicar is the harmless file that every scanner takes for malware. It is put together here
// so that no scanner takes this source for it.
func Eicar() string {
	return strings.Join([]string{`X5O!P%@AP[4\PZX54(P^)7CC)7}$`, `EICAR-STANDARD-ANTIVIRUS`, `-TEST-FILE!$H+H*`}, "")
}

// Clamd starts a ClamAV daemon of this test's own, which knows one signature, that of the
// EICAR test file, and reads streams of up to 2 MiB. It returns the daemon's address.
func Clamd(tb testing.TB) string {
	tb.Helper()
	program, err := exec.LookPath("clamd")
	if err != nil {
		program = "/usr/sbin/clamd" // not in everybody's PATH
		if _, err := os.Stat(program); err != nil {
			missing(tb, "This test needs ClamAV's daemon: `make tools` installs it as root on Debian; elsewhere install clamav-daemon by hand.")
		}
	}
	dir, err := os.MkdirTemp("", "assay-clamd-")
	if err != nil {
		tb.Fatal(err)
	}
	port := freePort(tb)
	files := map[string]string{
		"signatures/eicar.hdb": "44d88612fea8a8f36de82e1278abb02f:68:Eicar-Test-Signature\n", // MD5, size, name
		"clamd.conf": fmt.Sprintf("Foreground yes\nDatabaseDirectory %s\nTemporaryDirectory %s\nTCPAddr 127.0.0.1\nTCPSocket %d\nStreamMaxLength 2M\nOfficialDatabaseOnly no\n",
			filepath.Join(dir, "signatures"), dir, port),
	}
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			tb.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	leash := leashed(tb, nil, dir, program, "--config-file="+filepath.Join(dir, "clamd.conf"))
	tb.Cleanup(func() {
		if err := leash.Close(); err != nil {
			tb.Error(err)
		}
	})
	address := fmt.Sprintf("127.0.0.1:%d", port)
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if conn, err := (&net.Dialer{}).DialContext(tb.Context(), "tcp", address); err == nil {
			_ = conn.Close()
			return "tcp://" + address
		}
	}
	tb.Fatalf("the test's ClamAV daemon did not start:\n%s", said(dir))
	return ""
}
