package models_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/modelstest"
	"assay/models/people"
)

// what a query answers, in every kind of field that rows have.
type answer struct {
	Word    people.Status
	Maybe   *string
	None    *int64
	Missing string
	Number  int
	Yes     bool
	At      time.Time
	Later   *time.Time
	Few     models.List[string]
	Bytes   []byte
}

func TestRowsAreFilledAsTheyAreKept(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ana := modelstest.Person(t, db, access.Administrator)
		modelstest.Look(t, db, ana, func(ctx context.Context, tx *models.Tx) error {
			rows, err := models.Raw[answer](ctx, tx, `SELECT status AS word, name AS maybe, invited_by AS none, NULL AS missing,
				7 AS number, (1 = 1) AS yes, invited_at AS at, invited_at AS later, '["a","b"]' AS few, 'no field' AS other, edge AS bytes
				FROM people, log_head`)
			if err != nil || len(rows) != 1 {
				t.Fatal(rows, err)
			}
			got := rows[0]
			if got.Word != people.Active || got.Maybe == nil || *got.Maybe != ana.Name || got.None != nil || got.Missing != "" || got.Number != 7 || !got.Yes {
				t.Errorf("got %+v", got)
			}
			if !got.At.Equal(modelstest.Now) || got.Later == nil || !got.Later.Equal(modelstest.Now) {
				t.Errorf("got %v and %v, want %v", got.At, got.Later, modelstest.Now)
			}
			if !slices.Equal(got.Few, []string{"a", "b"}) || len(got.Bytes) != 32 {
				t.Errorf("got %+v", got)
			}
			return nil
		})
	})
}

func TestAWordIsNotReadAsATime(t *testing.T) {
	db := modelstest.SQLite(t)
	ana := modelstest.Person(t, db, access.Administrator)
	modelstest.Look(t, db, ana, func(ctx context.Context, tx *models.Tx) error {
		if rows, err := models.Raw[answer](ctx, tx, "SELECT 'soon' AS at"); err == nil {
			t.Errorf("got %+v", rows)
		}
		return nil
	})
}

func TestListsOfAnyLengthAreAskedFor(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		var all []int64
		for range 9 {
			all = append(all, modelstest.Person(t, db, access.Owner).ID)
		}
		ana := modelstest.Person(t, db, access.Administrator)
		modelstest.Look(t, db, ana, func(ctx context.Context, tx *models.Tx) error {
			for n := range len(all) + 1 {
				got, err := models.Rows[people.Person](tx).Where("id IN ?", all[:n]).Where("role = ? OR role = ?", access.Owner, access.Compliance).Order("id").Find(ctx)
				if err != nil || len(got) != n {
					t.Errorf("%d of %d: %v", len(got), n, err)
				}
				count, err := models.Rows[people.Person](tx).Where("id NOT IN ? AND role = ?", append([]int64{0}, all[:n]...), access.Owner).Count(ctx, "id")
				if err != nil || count != int64(len(all)-n) {
					t.Errorf("%d others of %d: %v", count, n, err)
				}
			}
			return nil
		})
		// Lengths share statements, which stay prepared. On PostgreSQL a list is one value.
		texts := map[int]bool{}
		for n := 5; n <= 8; n++ {
			for _, s := range db.Statements(func() {
				modelstest.Look(t, db, ana, func(ctx context.Context, tx *models.Tx) error {
					_, err := people.Named(ctx, tx, all[:n]...)
					return err
				})
			}) {
				texts[len(s)] = true
			}
		}
		if len(texts) != 1 {
			t.Errorf("5 to 8 ids take %d statements", len(texts))
		}
	})
}

func TestAConditionWithOrStaysBesideTheOthers(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ana := modelstest.Person(t, db, access.Administrator)
		modelstest.Person(t, db, access.Owner)
		modelstest.Look(t, db, ana, func(ctx context.Context, tx *models.Tx) error {
			got, err := models.Rows[people.Person](tx).Where("id = ?", ana.ID).Where("role = 'control_owner' OR role = 'administrator'").Find(ctx)
			if err != nil || len(got) != 1 {
				t.Errorf("%d rows, %v", len(got), err)
			}
			return nil
		})
	})
}

func TestOrdersFollowEachOther(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ana := modelstest.Person(t, db, access.Administrator)
		modelstest.Person(t, db, access.Owner)
		last := modelstest.Person(t, db, access.Administrator)
		modelstest.Look(t, db, ana, func(ctx context.Context, tx *models.Tx) error {
			got, err := models.Rows[people.Person](tx).Order("role").Order("id DESC").Find(ctx)
			if err != nil || len(got) != 3 || got[0].ID != last.ID || got[1].ID != ana.ID {
				t.Errorf("got %+v, %v", got, err)
			}
			return nil
		})
	})
}
