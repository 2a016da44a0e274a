package ui

import (
	"fmt"
	"strings"
)

// Share is one part of a whole: how many are in a state, and where they are listed.
type Share struct {
	State State
	Label string
	Count int
	Href  string
}

// bar is a Share drawn to scale.
type bar struct {
	Class, X, Width string
}

// bars lays shares side by side over the full width. A share that exists is never
// drawn narrower than the eye can see.
func bars(shares []Share) []bar {
	const least, gap = 0.8, 0.25
	total := 0
	for _, s := range shares {
		total += s.Count
	}
	widths, sum := make([]float64, len(shares)), 0.0
	for i, s := range shares {
		if s.Count > 0 {
			widths[i] = max(percent(s.Count, total), least)
			sum += widths[i]
		}
	}
	var out []bar
	x := 0.0
	for i, s := range shares {
		if w := widths[i] * 100 / max(sum, 1); w > 0 {
			out = append(out, bar{fill(s.State), percentText(x), percentText(w - gap)})
			x += w
		}
	}
	return out
}

func fill(s State) string {
	switch s {
	case OK, Late, Exception, Soon, InReview:
		return "f-" + string(s)
	case Returned:
		return "f-warn"
	case Open:
		return "f-idle"
	case Future, NA:
		return "f-none"
	}
	return "f-idle"
}

func percentText(p float64) string { return fmt.Sprintf("%.2f%%", p) }

// inWords is the text twin of a bar: "12 operating, 3 late".
func inWords(shares []Share) string {
	var parts []string
	for _, s := range shares {
		if s.Count > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", s.Count, strings.ToLower(s.Label)))
		}
	}
	if len(parts) == 0 {
		return "Nothing yet"
	}
	return strings.Join(parts, ", ")
}

// ringPercent rounds down, so that a ring is full only when everything is done.
func ringPercent(done, total int) int {
	if total <= 0 {
		return 0
	}
	return done * 100 / total
}
