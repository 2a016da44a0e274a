package testenv

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// leashed starts a server that cannot outlive this test process, in a folder that goes when the server goes,
// and returns the end of its leash. What the server says is in server.log there.
//
// A shell holds the read end of a pipe whose write end is ours: when we close it, or die by a panic, a timeout or
// a signal, the shell reads the end of file and stops the server. A parent-death signal was the other way: it fires
// when the *thread* that started the child ends, and Go's threads come and go. The process group is its own, so
// that Ctrl-C reaches the server through the leash and not past it; none of our standard output is handed down,
// because `go test` waits until the last holder has closed it.
func leashed(tb testing.TB, as *syscall.Credential, dir string, command ...string) io.Closer {
	tb.Helper()
	const script = `dir=$1; shift; "$@" & cat; kill -TERM $!; sleep 0.1; kill -QUIT $! 2>/dev/null; wait; rm -rf -- "$dir"`
	log, err := os.Create(filepath.Join(dir, "server.log"))
	if err != nil {
		tb.Fatal(err)
	}
	defer log.Close()
	cmd := exec.Command("sh", append([]string{"-c", script, "leash", dir}, command...)...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, log, log
	cmd.Env = append(os.Environ(), "LC_ALL=C", "HOME="+dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: as}
	leash, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		tb.Fatalf("start %s: %v", command[0], err)
	}
	return ending{leash, cmd}
}

// ending is the near end of a leash.
type ending struct {
	leash io.Closer
	cmd   *exec.Cmd
}

// Close lets go and waits until the server and its folder are gone.
func (e ending) Close() error {
	if err := e.leash.Close(); err != nil {
		return fmt.Errorf("let go of the leash: %w", err)
	}
	_ = e.cmd.Wait() // the status is that of a server that was told to stop
	return nil
}

// said is what the server in dir has written so far, for the message of a test that gave up on it.
func said(dir string) string {
	log, err := os.ReadFile(filepath.Join(dir, "server.log"))
	if err != nil {
		return err.Error()
	}
	return string(log)
}

// freePort is a loopback port that nobody listened on a moment ago.
func freePort(tb testing.TB) int {
	tb.Helper()
	listener, err := new(net.ListenConfig).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}
