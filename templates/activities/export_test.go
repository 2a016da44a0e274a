package activities

import (
	"strings"

	"assay/models/activity"
)

// Steps is what a page makes of entries, a line each.
func Steps(entries []activity.Entry) []string {
	var out []string
	for _, g := range together(entries) {
		e := g.event(true)
		line := e.What + " [" + e.Proof + "] " + strings.Join(e.Facts, ",")
		for _, r := range g.rest() {
			line += " +" + r.What
		}
		out = append(out, line)
	}
	return out
}
