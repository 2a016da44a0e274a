package blob

import (
	"os"
	"syscall"
)

const syncFileRangeWrite = 2 // SYNC_FILE_RANGE_WRITE: begin, and do not wait

// sendOn asks for it; what goes wrong, Sync reports.
func sendOn(f *os.File, from, size int64) {
	_ = syscall.SyncFileRange(int(f.Fd()), from, size, syncFileRangeWrite)
}
