package jobs_test

import (
	"context"
	"slices"
	"testing"

	"assay/internal/jobs"
	"assay/models"
	"assay/models/access"
	"assay/models/engagement"
	"assay/models/modelstest"
	"assay/models/programme"
	"assay/models/readiness"
)

// counted sets the company up in a zone, with a period whose days are those of another.
func counted(t *testing.T, db *models.DB, priya access.Actor, company, zone string) (e engagement.Engagement) {
	t.Helper()
	err := modelstest.As(t, db, priya, func(ctx context.Context, tx *models.Tx) (err error) {
		if _, err = programme.SetUp(ctx, tx, "Halyard AI", company, nil); err != nil {
			return err
		}
		e, err = engagement.Create(ctx, tx, engagement.Terms{
			Name: "Readiness", Firm: "Brandt & Okafor", Kind: engagement.Readiness, Criteria: []string{"CC6.1"}, Zone: zone,
			PeriodStart: "2026-01-01", PeriodEnd: "2026-06-30", OpensOn: "2026-03-01", ClosesOn: "2026-10-31",
		})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// TestTheDayIsNoted: once before midnight where the company is, by one of two replicas.
func TestTheDayIsNoted(t *testing.T) {
	modelstest.Pair(t, func(t *testing.T, db, other *models.DB) {
		priya := modelstest.Person(t, db, access.Compliance)
		e := counted(t, db, priya, "America/New_York", "America/New_York")
		one, two := jobs.New(db, jobs.Clock()...), jobs.New(other, jobs.Clock()...)
		// 23:59 in New York is 04:59 in UTC, and 03:59 once the clocks have changed.
		for _, at := range []string{"2026-03-02T23:59:05Z", "2026-03-03T03:59:05Z", "2026-03-03T04:59:05Z", "2026-03-03T05:14:05Z", "2026-03-12T03:59:05Z"} {
			for _, x := range []struct {
				db *models.DB
				w  *jobs.Worker
			}{{db, one}, {other, two}} {
				modelstest.At(x.db, instant(t, at))
				if err := x.w.Stand(t.Context()); err != nil {
					t.Fatal(err)
				}
				if err := x.w.Drain(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
		}
		modelstest.Look(t, db, priya, func(ctx context.Context, tx *models.Tx) error {
			list, err := readiness.History(ctx, tx, e.ID)
			if len(list) != 2 || list[0].Day != "2026-03-02" || list[1].Day != "2026-03-11" {
				t.Errorf("noted %+v", list)
			}
			return err
		})
	})
}

// TestTheDayIsNotedWhereItIsCounted: the company is in Auckland, and the period's days end
// in New York, when it is evening of the next in Auckland.
func TestTheDayIsNotedWhereItIsCounted(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		priya := modelstest.Person(t, db, access.Compliance)
		e := counted(t, db, priya, "Pacific/Auckland", "America/New_York")
		w := jobs.New(db, jobs.Clock()...)
		var noted []int
		// A minute before midnight in Auckland, before it in New York, and of the next day there.
		for _, at := range []string{"2026-03-03T10:44:05Z", "2026-03-03T10:59:05Z", "2026-03-04T04:44:05Z", "2026-03-04T04:59:05Z"} {
			modelstest.At(db, instant(t, at))
			if err := w.Stand(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := w.Drain(t.Context()); err != nil {
				t.Fatal(err)
			}
			modelstest.Look(t, db, priya, func(ctx context.Context, tx *models.Tx) error {
				list, err := readiness.History(ctx, tx, e.ID)
				noted = append(noted, len(list))
				return err
			})
		}
		if want := []int{0, 0, 0, 1}; !slices.Equal(noted, want) {
			t.Errorf("noted %v, want %v", noted, want)
		}
	})
}
