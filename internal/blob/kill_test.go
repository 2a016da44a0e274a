package blob_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"assay/internal/blob"
)

const putForever = "ASSAY_TEST_PUT_FOREVER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(putForever); dir != "" {
		fmt.Fprintln(os.Stderr, storeUntilKilled(dir))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// storeUntilKilled puts blobs from four goroutines and prints the digest of each once it
// is acknowledged.
func storeUntilKilled(dir string) error {
	d, err := blob.Open(dir)
	if err != nil {
		return err
	}
	failed := make(chan error)
	var stdout sync.Mutex
	for range 4 {
		go func() {
			for {
				b, err := d.Put(context.Background(), bytes.NewReader(random(rand.IntN(200_000))), limit)
				if err != nil {
					failed <- err
					return
				}
				stdout.Lock()
				fmt.Println(b.Digest)
				stdout.Unlock()
			}
		}()
	}
	return <-failed
}

// A killed process keeps its page cache, so this finds a wrong order of steps, not a
// missing sync: that is what the power-cut test is for.
func TestKillingTheProcessLosesNothingAcknowledged(t *testing.T) {
	dir := t.TempDir()
	var acked []string
	for range 10 {
		acked = append(acked, runAndKill(t, dir)...)
	}
	if len(acked) < 10 {
		t.Fatalf("only %d blobs were acknowledged in ten runs", len(acked))
	}
	d, err := blob.Open(dir)
	must(t, err)
	defer d.Close()
	for _, digest := range acked {
		if err := blob.Verify(t.Context(), d, digest); err != nil {
			t.Error(err)
		}
	}
}

func runAndKill(t *testing.T, dir string) (acked []string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), putForever+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if line := lines.Text(); len(line) == 64 { // the last may be cut off
			acked = append(acked, line)
		}
		if len(acked) == 1 {
			time.AfterFunc(time.Duration(20+rand.IntN(100))*time.Millisecond, func() { _ = cmd.Process.Kill() })
		}
	}
	if cmd.Wait() == nil {
		t.Error("the process ended by itself")
	}
	return acked
}
