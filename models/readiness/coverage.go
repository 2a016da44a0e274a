package readiness

import (
	"fmt"
	"strings"
	"time"

	"assay/models"
	"assay/models/occurrence"
)

// CoverageInWords is how much of the time check results speak of, with its counts and the
// longest gap: no rate of a continuous control stands without it.
func CoverageInWords(w occurrence.Watch) string { return coverage(w, "") }

// CoverageSince is CoverageInWords with when the gap began.
func CoverageSince(w occurrence.Watch, zone *time.Location) string {
	return coverage(w, " from "+w.Gap.From.In(zone).Format("2 Jan 2006 15:04"))
}

func coverage(w occurrence.Watch, since string) string {
	if w.Scope == 0 {
		return "no check result due so far"
	}
	out := fmt.Sprintf("coverage %d%% (%s)", Share(w.Valid, w.Scope), ofTime(w.Valid, w.Scope))
	if w.Gap.Length() == 0 {
		out += ", no gap"
	} else {
		out += ", longest gap " + Length(w.Gap.Length()) + since
	}
	if w.Backfilled > 0 {
		out += ", " + Length(w.Backfilled) + " collected later"
	}
	return out
}

// Share is part of whole in percent, rounded down so that 100 means all. The time of many
// controls, a hundred times over, is more than a Duration holds.
func Share(part, whole time.Duration) int {
	return Percent(int(part/time.Second), int((whole+time.Second-1)/time.Second))
}

// ofTime is part of whole, in days where they are many.
func ofTime(part, whole time.Duration) string {
	if whole >= 48*time.Hour {
		return fmt.Sprintf("%d of %d days", int(part/(24*time.Hour)), int(whole/(24*time.Hour)))
	}
	return fmt.Sprintf("%.1f of %.1f h", part.Hours(), whole.Hours())
}

// Length is how long something was, in days where they are many, and never rounded to
// nothing.
func Length(d time.Duration) string {
	n, unit := d.Hours(), " h"
	if d >= 48*time.Hour {
		n, unit = n/24, " days"
	}
	return strings.TrimSuffix(fmt.Sprintf("%.1f", max(n, 0.1)), ".0") + unit
}

// Coverage says how much of the time the check results of the period's continuous controls
// speak of, or "" without any.
func (p Picture) Coverage() string {
	w := p.Watch
	if w.Scope == 0 {
		return ""
	}
	out := "Check results of " + models.Plural(w.Controls, "continuous control") + ": " + CoverageInWords(w)
	if w.Code != "" {
		out += "; the gap is of " + w.Code + " from " + w.Gap.From.In(p.Frame.Zone).Format("2 Jan 2006")
	}
	return out + "."
}
