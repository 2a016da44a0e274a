package models_test

import (
	"context"
	"testing"

	"assay/models"
	"assay/models/access"
	"assay/models/modelstest"
	"assay/models/people"
)

type headcount struct{}

// mine is what only its owner sees.
type mine struct{}

func (mine) VisibleTo(a access.Actor) (string, []any) {
	if a.Role == access.Owner {
		return "person_id = ?", []any{a.ID}
	}
	return "", nil
}

func TestWhatIsKeptIsNeverOlderThanTheLog(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ana := modelstest.Person(t, db, access.Administrator)
		asked := 0
		ask := func(ctx context.Context, who access.Actor, scopes ...models.Scoped) (n int) {
			t.Helper()
			err := db.Read(ctx, who, func(tx *models.Tx) (err error) {
				n, err = models.Kept(ctx, tx, headcount{}, func() (int, error) {
					asked++
					return models.Value[int](ctx, tx, "SELECT count(*) FROM people")
				}, scopes...)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		request := func() context.Context { return models.WithLog(t.Context()) }
		expect := func(what string, got, want, times int) {
			t.Helper()
			if got != want || asked != times {
				t.Errorf("%s: %d after %d questions, want %d after %d", what, got, asked, want, times)
			}
		}
		expect("the first time", ask(request(), ana), 1, 1)
		expect("the next", ask(request(), ana), 1, 1)
		expect("outside a request", ask(t.Context(), ana), 1, 2)

		modelstest.Person(t, db, access.Owner)
		expect("after a change", ask(request(), ana), 2, 3)
		expect("then", ask(request(), ana), 2, 3)

		ctx := request()
		expect("a request begins", ask(ctx, ana), 2, 3)
		err := db.Write(ctx, ana, func(tx *models.Tx) error {
			p := people.Person{Name: "Ben", Email: "ben@halyard.example", Role: access.Owner, Status: people.Active, InvitedAt: tx.Now}
			return models.Insert(ctx, tx, &p, "person.invite")
		})
		if err != nil {
			t.Fatal(err)
		}
		expect("and sees what it wrote", ask(ctx, ana), 3, 4)

		// What one person may not see is not shown from what was kept for another.
		asked = 0
		one, other := access.Actor{ID: 2, Role: access.Owner}, access.Actor{ID: 3, Role: access.Owner}
		ask(request(), ana, mine{})
		ask(request(), one, mine{})
		expect("somebody who sees less", ask(request(), other, mine{}), 3, 3)
		expect("the same person again", ask(request(), one, mine{}), 3, 3)
	})
}

// TestWhatIsKeptOutlivesALook: a leaf that says who looked changes no row, and what a change
// on another replica put before it is seen all the same.
func TestWhatIsKeptOutlivesALook(t *testing.T) {
	modelstest.Pair(t, func(t *testing.T, db, other *models.DB) {
		ana := modelstest.Person(t, db, access.Administrator)
		asked := 0
		expect := func(what string, want, times int) {
			t.Helper()
			n := 0
			ctx := models.WithLog(t.Context())
			modelstest.Look(t, db, ana, func(_ context.Context, tx *models.Tx) (err error) {
				n, err = models.Kept(ctx, tx, headcount{}, func() (int, error) {
					asked++
					return models.Value[int](ctx, tx, "SELECT count(*) FROM people")
				})
				return err
			})
			if n != want || asked != times {
				t.Errorf("%s: %d after %d questions, want %d after %d", what, n, asked, want, times)
			}
		}
		look := func(at *models.DB) {
			t.Helper()
			if err := at.Observe(t.Context(), ana, "session.start", "people/1", nil); err != nil {
				t.Fatal(err)
			}
		}
		expect("at first", 1, 1)
		look(db)
		look(db)
		expect("after looks", 1, 1)
		modelstest.Person(t, other, access.Owner)
		look(db)
		expect("after a change elsewhere and a look", 2, 2)
		look(db)
		expect("after a look more", 2, 2)
		look(other)
		expect("after a look elsewhere", 2, 3)
		modelstest.Person(t, db, access.Owner)
		expect("after a change", 3, 4)
	})
}

func TestATransactionReadsWhatIs(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ana := modelstest.Person(t, db, access.Administrator)
		ctx := models.WithLog(t.Context())
		names := func(tx *models.Tx) string {
			name, err := models.Kept(ctx, tx, headcount{}, func() (string, error) {
				p, err := people.ByID(ctx, tx, ana.ID)
				return p.Name, err
			})
			if err != nil {
				t.Fatal(err)
			}
			return name
		}
		modelstest.Look(t, db, ana, func(_ context.Context, tx *models.Tx) error { names(tx); return nil })
		err := db.Write(ctx, ana, func(tx *models.Tx) error {
			if err := rename(ctx, tx, ana.ID, "Anna"); err != nil {
				return err
			}
			if got := names(tx); got != "Anna" {
				t.Errorf("a transaction read %q, which it had changed", got)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}
