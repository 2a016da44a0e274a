// Package readinesses is the page a manager's day begins with.
package readinesses

import (
	"fmt"
	"strconv"
	"strings"

	"assay/models/readiness"
	"assay/templates/ui"
)

var labels = map[readiness.Standing]string{
	readiness.Proven:    "With accepted evidence",
	readiness.Submitted: "Evidence in review",
	readiness.Nothing:   "No evidence yet",
	readiness.Returned:  "Evidence returned",
	readiness.Weak:      "With an open finding",
	readiness.Planned:   "Not in effect yet",
}

var states = map[readiness.Standing]ui.State{
	readiness.Proven: ui.OK, readiness.Submitted: ui.InReview, readiness.Nothing: ui.Open,
	readiness.Returned: ui.Returned, readiness.Weak: ui.Exception, readiness.Planned: ui.Future,
}

func shares(c readiness.Counts) []ui.Share {
	var out []ui.Share
	for _, s := range readiness.Standings {
		out = append(out, ui.Share{State: states[s], Label: labels[s], Count: c[s], Href: "/controls"})
	}
	return out
}

// plural is "1 control" or "3 controls".
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

// opening is the first sentence of the page: what is known, of how many.
func opening(p readiness.Picture) string {
	when := ""
	if p.Period {
		when = " for the period"
	}
	verb := "have"
	if p.Total() == 1 {
		verb = "has"
	}
	return fmt.Sprintf("%d of %s %s accepted evidence%s.", p.Counts[readiness.Proven], plural(p.Total(), "control"), verb, when)
}

// worries are what follows it: counts of what needs somebody, none of them zero.
func worries(p readiness.Picture) []string {
	var out []string
	add := func(n int, one, many string) {
		switch {
		case n == 1:
			out = append(out, "1 "+one)
		case n > 1:
			out = append(out, strconv.Itoa(n)+" "+many)
		}
	}
	add(p.Counts[readiness.Weak], "carries an open finding", "carry an open finding")
	add(p.Counts[readiness.Returned], "has evidence that was returned", "have evidence that was returned")
	add(p.Counts[readiness.Nothing], "has no evidence yet", "have no evidence yet")
	return out
}

func join(list []string) string {
	if len(list) < 2 {
		return strings.Join(list, "")
	}
	return strings.Join(list[:len(list)-1], ", ") + " and " + list[len(list)-1]
}

// percent is a share with its counts; it rounds down, so that 100% means all.
func percent(n, of int) string {
	if of == 0 {
		return "none"
	}
	return fmt.Sprintf("%d%% (%d of %d)", n*100/of, n, of)
}

func waitsFor(b readiness.Blocker) string {
	var out []string
	if b.Returned > 0 {
		out = append(out, strconv.Itoa(b.Returned)+" returned")
	}
	if b.Overdue > 0 {
		out = append(out, strconv.Itoa(b.Overdue)+" overdue")
	}
	return join(out)
}
