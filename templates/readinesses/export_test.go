package readinesses

import (
	"assay/models/occurrence"
	"assay/models/period"
	"assay/templates/ui"
)

// LookOf is what a square shows, for tests.
func LookOf(sq occurrence.Square, month period.Days, today period.Day) (ui.State, string) {
	l := lookOf(sq, month, today)
	return l.state, l.words
}
