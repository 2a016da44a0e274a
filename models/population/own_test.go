package population_test

import (
	"context"
	"testing"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/control"
	"assay/models/evidence"
	"assay/models/modelstest"
	"assay/models/occurrence"
	"assay/models/population"

	"github.com/google/go-cmp/cmp"
)

// version makes the control of the world follow a rhythm from a day on.
func (w *world) version(number int, frequency string, from, to models.Date, editorial bool) {
	w.Helper()
	v := control.Version{
		ControlID: w.control.ID, Code: w.control.Code, Number: number, Status: control.Effective, AuthoredAt: modelstest.Now,
		Content:    control.Content{Title: w.control.Title, Frequency: frequency, Statement: "It acts.", Evidence: models.List[string]{"A record"}},
		ApproverID: &w.priya.ID, ApprovedAt: &modelstest.Now, EffectiveFrom: from, EffectiveTo: to, Editorial: editorial,
	}
	if to != "" {
		v.Status = control.Superseded
	}
	w.must(w.as(access.Clock, func(ctx context.Context, tx *models.Tx) error { return models.Insert(ctx, tx, &v, "control.approve") }))
}

func (w *world) written(from population.Origin, segment int) (out population.Written, err error) {
	err = w.as(w.priya, func(ctx context.Context, tx *models.Tx) error {
		out, err = population.Write(ctx, tx, w.engagement, w.control, from, segment)
		if err == nil {
			err = tx.Record("population.import", "engagements/x", nil)
		}
		return err
	})
	return out, err
}

// Rule 4 for populations: a control that became weekly in February has two test segments,
// and each can be a population of its own. A fix of wording makes none.
func TestWindowsOfASegmentAreAPopulation(t *testing.T) {
	each(t, func(w *world) {
		w.version(1, "monthly", "2025-06-01", "2026-01-10", false)
		w.version(2, "monthly", "2026-01-11", "2026-01-31", true)
		w.version(3, "weekly", "2026-02-01", "", false)
		first, err := w.written(population.Windows, 1)
		w.must(err)
		want := [][]string{{"CM-01 2026-01-01 to 2026-01-31", "2026-01-01", "2026-01-31", "2", "1", "monthly", "2026-01-31", first.Rows[0][7], first.Rows[0][8], "", "No evidence"}}
		if diff := cmp.Diff(want, first.Rows); diff != "" {
			w.Error(diff)
		}
		second, err := w.written(population.Windows, 2)
		w.must(err)
		var ends []string
		for _, row := range second.Rows {
			ends = append(ends, row[2])
		}
		// The week that ends today is not over.
		if diff := cmp.Diff([]string{"2026-02-01", "2026-02-08", "2026-02-15", "2026-02-22"}, ends); diff != "" {
			w.Error(diff)
		}
		all, err := w.written(population.Windows, 0)
		w.must(err)
		if len(all.Rows) != 5 || all.SourceCount != 5 || all.System != "Assay" || !all.ExtractedAt.Equal(modelstest.Now) || all.Origin != population.Windows {
			w.Errorf("all %+v", all)
		}
		if want := "Windows of CM-01 (control 1), 2026-01-01 to 2026-12-31 in America/New_York, test segment 2, whose last day is in the period and before 2026-03-01"; second.Query != want {
			w.Errorf("the query is %q", second.Query)
		}
		_, err = w.written(population.Windows, 3)
		w.refused("a segment that is not there", err, models.KindInvalid, "segment: CM-01 has 2 test segments")
		_, err = w.written("everything", 0)
		w.refused("nothing chosen", err, models.KindInvalid, "from: Choose")
		w.refused("by an auditor", w.as(w.writer(), func(ctx context.Context, tx *models.Tx) error {
			_, err := population.Write(ctx, tx, w.engagement, w.control, population.Windows, 0)
			return err
		}), models.KindForbidden, "compliance managers")
	})
}

func TestUploadsOfThePeriodAreAPopulation(t *testing.T) {
	each(t, func(w *world) {
		w.version(1, "monthly", "2025-06-01", "", false)
		empty, err := w.written(population.Uploads, 0)
		w.must(err)
		if len(empty.Rows) != 0 || empty.Note == "" {
			w.Errorf("of nothing: %+v", empty)
		}
		at := modelstest.Now.Add(-time.Hour)
		for _, i := range []evidence.Item{
			{Status: evidence.Submitted, SubmittedAt: &at, Details: evidence.Details{Title: "January", CoversFrom: "2026-01-01", CoversTo: "2026-01-31"}},
			{Status: evidence.Submitted, SubmittedAt: &at, Details: evidence.Details{Title: "The year before", CoversFrom: "2025-01-01", CoversTo: "2025-12-31"}},
			{Status: evidence.Stored, Details: evidence.Details{Title: "A draft", CoversFrom: "2026-01-01", CoversTo: "2026-01-31"}},
		} {
			i.ControlID, i.UploadedBy, i.UploadedAt, i.Kind, i.Source, i.FormKey = w.control.ID, w.owner.ID, at, "export", "Okta", i.Title
			i.PerformedAt, i.CollectedAt, i.Extractor, i.Location = &at, &at, "Priya", "/reports"
			w.must(w.as(access.Clock, func(ctx context.Context, tx *models.Tx) error { return models.Insert(ctx, tx, &i, "evidence.submit") }))
		}
		got, err := w.written(population.Uploads, 0)
		w.must(err)
		if len(got.Rows) != 1 || got.SourceCount != 1 || got.Rows[0][0] != "E-1" || got.Rows[0][6] != "2026-03-01T13:30:00Z" {
			w.Errorf("got %+v", got)
		}
	})
}

func TestTriggersAndChecksAreAPopulation(t *testing.T) {
	each(t, func(w *world) {
		w.version(1, "continuous", "2025-06-01", "", false)
		c := w.control
		c.Frequency = "continuous"
		add := func(from, to models.Date, rows ...[]string) (l occurrence.List, err error) {
			err = w.as(w.priya, func(ctx context.Context, tx *models.Tx) error {
				l, err = occurrence.AddList(ctx, tx, c, occurrence.List{
					CoversFrom: from, CoversTo: to, Source: "CSPM", Query: "state of the check", Digest: w.store("x"), Name: "x.csv", ExtractedAt: modelstest.Now,
				}, occurrence.Rows{Header: []string{"from", "to", "state"}, Rows: rows, Lines: []int{2, 3}})
				return err
			})
			return l, err
		}
		_, err := add("2026-01-01", "2026-01-31", []string{"2026-01-01T00:00:00Z", "2026-01-20T00:00:00Z", "pass"}, []string{"2026-01-20T00:00:00Z", "2026-01-31T00:00:00Z", "fail"})
		w.must(err)
		got, err := w.written(population.Checks, 0)
		w.must(err)
		if len(got.Rows) != 2 || got.SourceCount != 2 || got.Rows[0][3] != "pass" || got.Rows[1][3] != "fail" || got.Rows[0][0] == got.Rows[1][0] {
			w.Errorf("got %+v", got)
		}
		triggers, err := w.written(population.Triggers, 0)
		w.must(err)
		if len(triggers.Rows) != 0 || triggers.SourceCount != 0 {
			w.Errorf("triggers of a continuous control: %+v", triggers)
		}
	})
}
