package binder_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"assay/internal/binder"
	"assay/models"
	"assay/models/access"
	"assay/models/engagement"
	"assay/models/rollforward"
)

// Rule 13: prior-period exceptions appear as history, not as this period's.
func TestRule13CarriedFindingsAreHistoryInBothBinders(t *testing.T) {
	each(t, func(w *world) {
		w.on("2026-04-02")
		w.raised()
		w.on("2026-07-20")
		w.report()
		first := w.engagement
		w.on("2026-08-01")
		w.do(w.priya, func(ctx context.Context, tx *models.Tx) error {
			to, n, err := rollforward.Roll(ctx, tx, first, engagement.Terms{
				Name: "The next half", Firm: "Brandt & Okafor", PeriodStart: "2026-07-01", PeriodEnd: "2026-12-31", OpensOn: "2026-09-01", ClosesOn: "2027-03-31",
			})
			if err == nil && n.Findings != 1 {
				w.Errorf("rolled %+v", n)
			}
			if err == nil {
				err = engagement.AddAuditor(ctx, tx, to, w.jonas.ID, engagement.Lead)
			}
			w.engagement = to
			return err
		})
		for _, s := range []engagement.Status{engagement.Planning, engagement.Fieldwork} {
			w.do(w.priya, func(ctx context.Context, tx *models.Tx) error {
				return engagement.Move(ctx, tx, &w.engagement, s, "")
			})
		}
		w.jonas.Engagements = []int64{w.engagement.ID}
		w.on("2027-01-20")
		w.report()
		for _, a := range []access.Actor{w.priya, w.jonas} {
			archive := w.export(a)
			w.holds(archive)
			files := unpacked(w, archive)
			var c binder.Carried
			w.must(json.Unmarshal([]byte(files["carried/F-001.json"]), &c))
			if c.Code != "F-001" || c.Title != "1 of 25 changes without review" || c.Status != "raised" || c.From != first.Name || c.FromStart != string(first.PeriodStart) || c.FromEnd != string(first.PeriodEnd) || len(c.Records) != 1 {
				w.Errorf("%s: the binder says %+v", a.Name, c)
			}
			var m binder.Manifest
			w.must(json.Unmarshal([]byte(files["manifest.json"]), &m))
			if _, listed := files["findings/F-001.json"]; listed || m.Counts["findings"] != 0 || m.Counts["carried_findings"] != 1 {
				w.Errorf("%s: what was carried over is counted as a finding of this period", a.Name)
			}
			if !strings.Contains(files["README.html"], "Carried over from earlier periods: history") {
				w.Errorf("%s: the index does not say what was carried over", a.Name)
			}
		}
		forged := w.forge(w.export(w.priya))
		forged.edit("carried/F-001.json", "1 of 25 changes", "2 of 25 changes")
		forged.insider()
		if problems := w.verify(forged.pack(), nil).Problems; len(problems) == 0 {
			w.Error("altered history was not noticed")
		}
		forged = w.forge(w.export(w.priya))
		twice, err := json.Marshal(binder.Finding{Code: "F-001", Controls: []string{}})
		w.must(err)
		forged.files["findings/F-001.json"] = string(twice)
		forged.insider()
		if problems := fmt.Sprint(w.verify(forged.pack(), nil).Problems); !strings.Contains(problems, "F-001 was carried over from an earlier period, and is listed as a finding of this one") {
			w.Errorf("carried over and found anew: %s", problems)
		}
		w.intact()
	})
}
