package readiness

import "testing"

// Batch changes how many controls are judged at once.
func Batch(tb testing.TB, n int) {
	tb.Helper()
	before := batch
	batch = n
	tb.Cleanup(func() { batch = before })
}
