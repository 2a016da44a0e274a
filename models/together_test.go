package models_test

import (
	"context"
	"reflect"
	"testing"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/engagement"
	"assay/models/modelstest"
	"assay/models/people"
	"assay/models/programme"
)

// What is read together is what each query reads by itself: every kind of column, every
// order, nothing at all.
func TestWhatIsReadTogetherIsWhatEachQueryReads(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		modelstest.At(db, time.Date(2026, 2, 3, 4, 5, 6, 789_010_000, time.UTC))
		ana := modelstest.Person(t, db, access.Compliance)
		err := modelstest.As(t, db, ana, func(ctx context.Context, tx *models.Tx) error {
			odd := people.Person{Name: "say \"hällo\", 世界\n\\ '?", Email: "odd@halyard.example", Role: access.Owner, Status: people.Active, InvitedAt: tx.Now}
			if err := models.Insert(ctx, tx, &odd, "person.invite"); err != nil {
				return err
			}
			_, err := programme.SetUp(ctx, tx, `"Halyard"`, "America/New_York", nil)
			if err == nil {
				err = models.Insert(ctx, tx, &engagement.Engagement{
					Slug: "year", Name: "Year 世界", Kind: engagement.TypeII, Status: engagement.Setup, Criteria: []string{"CC6.1", "CC6.2"}, Zone: "America/New_York",
					PeriodStart: "2026-01-01", PeriodEnd: "2026-06-30", OpensOn: "2026-01-01", ClosesOn: "2026-07-30", CreatedBy: tx.Actor.ID, CreatedAt: tx.Now,
					Systems: models.List[engagement.System]{{Name: "App", About: "what \"it\" is"}},
				}, "engagement.create")
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		modelstest.Look(t, db, ana, func(ctx context.Context, tx *models.Tx) error {
			persons := models.Rows[people.Person](tx).Order("name DESC, people.id")
			first := persons.Limit(1)
			names := models.Rows[people.Person](tx).Select("name", "id").Where("role IN ?", []access.Role{access.Owner, access.Compliance}).Order("id")
			engagements := models.Rows[engagement.Engagement](tx).Order("period_end DESC, id DESC").Limit(5)
			nobody := models.Rows[people.Person](tx).Where("id = ?", -1)
			type count struct {
				Role string
				N    int
				Any  bool
				None *int64
			}
			const counted = "SELECT role, count(*) AS n, (count(*) > ?) AS any, NULL AS none FROM people GROUP BY role"
			var gotPersons, gotFirst, gotNames, gotNobody []people.Person
			var gotEngagements []engagement.Engagement
			var gotCounts []count
			before := db.Queries()
			err := models.Together(ctx, tx, models.Into(persons, &gotPersons), models.Into(first, &gotFirst), models.Into(names, &gotNames),
				models.Into(engagements, &gotEngagements), models.Into(nobody, &gotNobody), models.RawInto(&gotCounts, "role DESC", counted, 0))
			if err != nil {
				return err
			}
			if n := db.Queries() - before; n != 1 {
				t.Errorf("%d queries", n)
			}
			same(ctx, t, "people", gotPersons, persons)
			same(ctx, t, "the first of them", gotFirst, first)
			same(ctx, t, "some columns", gotNames, names)
			same(ctx, t, "engagements", gotEngagements, engagements)
			same(ctx, t, "nobody", gotNobody, nobody)
			if want := []count{{"control_owner", 1, true, nil}, {"compliance_manager", 1, true, nil}}; !reflect.DeepEqual(gotCounts, want) {
				t.Errorf("counts %v, want %v", gotCounts, want)
			}
			return nil
		})
	})
}

func same[T any](ctx context.Context, t *testing.T, what string, got []T, q models.Query[T]) {
	t.Helper()
	want, err := q.Find(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(want) {
		t.Fatalf("%s: %d rows, want %d", what, len(got), len(want))
	}
	for i := range want {
		if !reflect.DeepEqual(got[i], want[i]) {
			t.Errorf("%s, row %d:\n%+v, want\n%+v", what, i, got[i], want[i])
		}
	}
}
