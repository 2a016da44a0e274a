package confine

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// lock gives up what a parser does not need: after it the process can open no file and
// no socket, write no core, and hold no more than Memory. It is called when the input has
// been read.
func lock() error {
	held, err := dataHeld()
	if err != nil {
		return err
	}
	// The runtime opens its poller with the first timer, which excelize may start; after
	// this there is nothing left it could open.
	time.Sleep(time.Microsecond)
	for _, l := range []struct {
		resource int
		most     uint64
	}{
		{syscall.RLIMIT_DATA, held + Memory}, // counts writable memory, not the address space that Go reserves
		{syscall.RLIMIT_CPU, uint64(Processor / time.Second)},
		{syscall.RLIMIT_FSIZE, 0},
		{syscall.RLIMIT_CORE, 0},
		{syscall.RLIMIT_NOFILE, 0},
	} {
		if err := syscall.Setrlimit(l.resource, &syscall.Rlimit{Cur: l.most, Max: l.most}); err != nil {
			return fmt.Errorf("confine: limit %d: %w", l.resource, err)
		}
	}
	return nil
}

// dataHeld is what counts against RLIMIT_DATA already: under the race detector a lot.
func dataHeld() (uint64, error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, fmt.Errorf("confine: %w", err)
	}
	_, rest, _ := strings.Cut(string(status), "\nVmData:")
	number, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
	kib, err := strconv.ParseUint(number, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("confine: VmData is %q", number)
	}
	return kib << 10, nil
}
