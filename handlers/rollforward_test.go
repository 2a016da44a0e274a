package handlers_test

import (
	"context"
	"testing"

	"assay/models"
	"assay/models/control"
	"assay/models/finding"
	"assay/models/freeze"
	"assay/models/modelstest"
)

func TestAnEngagementIsRolledForwardWithAForm(t *testing.T) {
	eachFieldwork(t, func(w fieldwork) {
		at := "/engagements/fieldwork-2026"
		roll := at + "/roll-forward"
		in := []string{"name", "SOC 2 2027", "firm", "Brandt & Okafor", "period_start", "2026-07-01", "period_end", "2027-06-30", "opens_on", "2027-02-01", "closes_on", "2027-12-31"}
		w.Post(w.priya, roll, in...).Want(409).Has("once it is frozen")
		w.Get(w.priya, at).Want(200).Lacks("Roll forward")
		must(w.T, modelstest.As(w.T, w.db, w.priya, func(ctx context.Context, tx *models.Tx) error {
			c, err := control.ByCode(ctx, tx, "AC-03")
			if err != nil {
				return err
			}
			_, err = finding.Raise(ctx, tx, finding.Facts{
				Title: "1 of 25 changes without review", Condition: "CHG-017 was merged by its author.", Source: finding.FromAudit, EngagementID: w.engagement.ID, Controls: []int64{c.ID},
			})
			return err
		}))
		must(w.T, modelstest.As(w.T, w.db, w.priya, func(ctx context.Context, tx *models.Tx) error { return freeze.Report(ctx, tx, &w.engagement, "") }))
		w.Get(w.priya, at).Want(200).Has("Roll forward")
		w.Get(w.jonas, at).Want(200).Lacks("Roll forward")
		w.Get(w.executive, roll).Want(404)
		w.Get(w.jonas, roll).Want(404)
		form := w.Get(w.priya, roll).Want(200)
		for field, want := range map[string]string{"period_start": "2026-07-01", "period_end": "2027-06-30", "opens_on": "2027-02-01", "closes_on": "2027-12-31"} {
			if got := form.Field(field); got != want {
				w.Errorf("%s is suggested as %q", field, got)
			}
		}
		w.Post(w.priya, roll, "name", "", "period_start", "2026-06-01", "period_end", "2027-06-30").Want(422).Has("Give the engagement a name")
		w.Post(w.jonas, roll, in...).Want(404)
		next := w.Post(w.priya, roll, in...).Want(303).Location
		w.Get(w.priya, next).Want(200).Has("SOC 2 2027", "Set-up")
		report := next + "/deliverables/findings"
		w.Get(w.priya, report).Want(200).Has("Carried over from earlier periods", "1 of 25 changes without review", "Fieldwork 2026, 2025-07-01 to 2026-06-30")
		w.Get(w.priya, report+".csv").Want(200).Has("Carried over from", "F-001", "no exception of this period", "\"Fieldwork 2026, 2025-07-01 to 2026-06-30\"")
		w.Get(w.priya, roll).Want(200).Has("This was done already", "SOC 2 2027")
		w.Post(w.priya, roll, in...).Want(409).Has("This was done already")
	})
}
