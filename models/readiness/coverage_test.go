package readiness_test

import (
	"testing"
	"time"

	"assay/models/occurrence"
	"assay/models/period"
	"assay/models/readiness"
)

// TestCoverageInWords never rounds what was not seen away, however many controls there are.
func TestCoverageInWords(t *testing.T) {
	const day = 24 * time.Hour
	from := time.Date(2026, 5, 10, 4, 0, 0, 0, time.UTC)
	gap := period.Gap{From: from, To: from.Add(3 * day)}
	for want, w := range map[string]occurrence.Watch{
		"no check result due so far":                                                 {},
		"coverage 100% (365 of 365 days), no gap":                                    {Scope: 365 * day, Valid: 365 * day},
		"coverage 99% (364 of 365 days), longest gap 0.1 h":                          {Scope: 365 * day, Valid: 365*day - time.Minute, Gap: period.Gap{From: from, To: from.Add(time.Minute)}},
		"coverage 99% (362 of 365 days), longest gap 3 days, 2 days collected later": {Scope: 365 * day, Valid: 362 * day, Gap: gap, Backfilled: 2 * day},
		"coverage 99% (36497 of 36500 days), longest gap 3 days":                     {Scope: 36500 * day, Valid: 36497 * day, Gap: gap},
		"coverage 0% (0 of 31 days), longest gap 31 days":                            {Scope: 31 * day, Gap: period.Gap{From: from, To: from.Add(31 * day)}},
		"coverage 50% (12.0 of 24.0 h), longest gap 12 h":                            {Scope: day, Valid: 12 * time.Hour, Gap: period.Gap{From: from, To: from.Add(12 * time.Hour)}},
	} {
		if got := readiness.CoverageInWords(w); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	w := occurrence.Watch{Scope: 365 * day, Valid: 362 * day, Gap: gap, Backfilled: 2 * day}
	if got := readiness.CoverageSince(w, time.UTC); got != "coverage 99% (362 of 365 days), longest gap 3 days from 10 May 2026 04:00, 2 days collected later" {
		t.Error(got)
	}
}
