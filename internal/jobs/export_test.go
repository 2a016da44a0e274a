package jobs

import "testing"

// RemindedAtOnce changes how many controls are reminded of in one transaction.
func RemindedAtOnce(tb testing.TB, n int) {
	tb.Helper()
	before := remindedAtOnce
	remindedAtOnce = n
	tb.Cleanup(func() { remindedAtOnce = before })
}
