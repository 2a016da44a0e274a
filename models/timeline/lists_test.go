package timeline_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"assay/models"
	"assay/models/control"
	"assay/models/modelstest"
	"assay/models/occurrence"
	"assay/models/period"
	"assay/models/reminder"
	"assay/models/timeline"
)

// TestAListSpeaksOfNoDayThatItEndsIn: lists are taken by the company's days. Of a day of the
// auditors that ends after the last of them nobody knows, until the next list says so.
func TestAListSpeaksOfNoDayThatItEndsIn(t *testing.T) {
	for _, x := range []struct {
		company, auditors, one, both string
		ask                          period.Span // what the task asks a list of, in the company's days
	}{
		{"Pacific/Auckland", "America/New_York", "2026-03-31 to 2026-04-30", "2026-04-30 to 2026-04-30", period.Span{From: "2026-05-01", To: "2026-05-01"}},
		{"America/Los_Angeles", "Europe/Berlin", "2026-03-01 to 2026-03-01, 2026-04-01 to 2026-04-30", "2026-03-01 to 2026-03-01", period.Span{From: "2026-02-28", To: "2026-02-28"}},
		{"Europe/Berlin", "Europe/Berlin", "2026-04-01 to 2026-04-30", "", period.Span{}},
	} {
		abroad(t, x.company, x.auditors, func(w *world) {
			c := w.control("AC-01", "event", "2026-03-01")
			w.at("2026-05-02T12:00:00Z")
			for n, want := range []string{x.one, x.both} {
				month := []period.Span{{From: "2026-03-01", To: "2026-03-31"}, {From: "2026-04-01", To: "2026-04-30"}}[n]
				w.do(func(ctx context.Context, tx *models.Tx) error {
					_, err := occurrence.AddList(ctx, tx, c, occurrence.List{CoversFrom: month.From, CoversTo: month.To, Source: "HR", Name: "none.csv", Digest: strings.Repeat("0", 64), ExtractedAt: w.db.Now(), Note: "Nobody left."}, occurrence.Rows{})
					return err
				})
				modelstest.Look(w.T, w.db, w.priya, func(ctx context.Context, tx *models.Tx) error {
					t, err := timeline.Of(ctx, tx, c, []string{"CC6.1"}, "")
					got := ""
					for _, u := range t.Sheet.Unlisted(t.Frame, period.DayOf("2026-04-30", 0)) {
						if got != "" {
							got += ", "
						}
						got += fmt.Sprintf("%s to %s", u.First.Date(), u.Last.Date())
					}
					if got != want {
						w.Errorf("%s, %d lists: unknown are %q, want %q", x.company, n+1, got, want)
					}
					if n > 0 {
						w.toList(ctx, tx, c, x.ask)
					}
					return err
				})
			}
		})
	}
}

// toList fails unless the one list that is owed is asked of these days of the company's.
func (w *world) toList(ctx context.Context, tx *models.Tx, c control.Control, want period.Span) {
	w.Helper()
	f, _, err := reminder.Frame(ctx, tx)
	if err != nil {
		w.Fatal(err)
	}
	owed, err := occurrence.Owed(ctx, tx, f, occurrence.Scope{Controls: []int64{c.ID}})
	if err != nil {
		w.Fatal(err)
	}
	var got period.Span
	for _, t := range owed {
		if got, err = occurrence.ToList(ctx, tx, f, t); err != nil {
			w.Fatal(err)
		}
	}
	if got != want || len(owed) > 1 {
		w.Errorf("asked for a list of %v, want %v; %d are owed", got, want, len(owed))
	}
}
