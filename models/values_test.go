package models_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"assay/internal/testenv"
	"assay/migrations"
	"assay/models"
	"assay/models/access"
	"assay/models/modelstest"
	"assay/models/people"
)

func TestDates(t *testing.T) {
	for in, ok := range map[string]bool{"2026-03-31": true, "2026-02-29": false, "2028-02-29": true, "31.3.2026": false, "": false, "2026-3-1": false, "0000-01-01": false, "9999-12-31": false} {
		if _, err := models.ParseDate(in); (err == nil) != ok {
			t.Errorf("%q: %v", in, err)
		}
	}
	for _, c := range []struct {
		from   models.Date
		months int
		want   models.Date
	}{
		{"2026-01-31", 1, "2026-02-28"},
		{"2028-01-31", 1, "2028-02-29"},
		{"2026-03-31", -1, "2026-02-28"},
		{"2028-02-29", 12, "2029-02-28"},
		{"2026-11-15", 3, "2027-02-15"},
		{"", 3, ""},
	} {
		if got := c.from.AddMonths(c.months); got != c.want {
			t.Errorf("%s + %d months: %s, want %s", c.from, c.months, got, c.want)
		}
	}
	newYork, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	if got := models.DateOf(time.Date(2026, 7, 1, 3, 59, 59, 0, time.UTC), newYork); got != "2026-06-30" {
		t.Errorf("got %s", got)
	}
	if got := models.Date("2026-07-01").In(newYork).UTC(); !got.Equal(time.Date(2026, 7, 1, 4, 0, 0, 0, time.UTC)) {
		t.Errorf("got %s", got)
	}
	if got := models.Date("2026-03-07").DaysUntil("2026-03-09"); got != 2 { // a 23-hour day between them in New York
		t.Errorf("got %d", got)
	}
}

func TestKeysetPagesMeetEveryRowOnce(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		for i := range 25 { // names that repeat, so that the id has to decide
			err := modelstest.As(t, db, access.Clock, func(ctx context.Context, tx *models.Tx) error {
				p := people.Person{Name: fmt.Sprint("Name ", i%4), Email: fmt.Sprintf("p%d@halyard.example", i), Status: people.Active, InvitedAt: tx.Now.Add(time.Duration(i%3) * time.Hour)}
				return models.Insert(ctx, tx, &p, "person.invite")
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		for name, c := range map[string]struct {
			sort models.Sort
			key  func(people.Person) []any
		}{
			"by name":               {models.Sort{Columns: []string{"name", "id"}}, func(p people.Person) []any { return []any{p.Name, p.ID} }},
			"by time, newest first": {models.Sort{Columns: []string{"invited_at", "id"}, Desc: true}, func(p people.Person) []any { return []any{p.InvitedAt, p.ID} }},
		} {
			t.Run(name, func(t *testing.T) {
				var forth, back []int64
				page := func(p models.Page) (w models.Window[people.Person]) {
					p.Limit = 7
					modelstest.Look(t, db, access.Clock, func(ctx context.Context, tx *models.Tx) (err error) {
						w, err = models.Keyset(ctx, models.Rows[people.Person](tx), c.sort, p, c.key)
						return err
					})
					return w
				}
				w := page(models.Page{})
				if w.Earlier != "" {
					t.Error("the first page has an earlier one")
				}
				for {
					for _, p := range w.Items {
						forth = append(forth, p.ID)
					}
					if w.Later == "" {
						break
					}
					w = page(models.Page{After: w.Later})
				}
				for {
					ids := []int64{}
					for _, p := range w.Items {
						ids = append(ids, p.ID)
					}
					back = append(ids, back...)
					if w.Earlier == "" {
						break
					}
					w = page(models.Page{Before: w.Earlier})
				}
				if !slices.Equal(forth, back) || len(forth) != 25 {
					t.Errorf("forth %v\nback  %v", forth, back)
				}
				slices.Sort(forth)
				if len(slices.Compact(forth)) != 25 {
					t.Errorf("a row came twice: %v", forth)
				}
			})
		}
		modelstest.Look(t, db, access.Clock, func(ctx context.Context, tx *models.Tx) error {
			for _, bad := range []string{"x", "!!!", "WzFd", "W10", "WyJhIixudWxsXQ", "WyJhIiwiYiJd", "WzEsMl0"} {
				_, err := models.Keyset(ctx, models.Rows[people.Person](tx), models.Sort{Columns: []string{"name", "id"}}, models.Page{After: bad}, func(p people.Person) []any { return []any{p.Name, p.ID} })
				if models.KindOf(err) != models.KindInvalid {
					t.Errorf("cursor %q: %v", bad, err)
				}
			}
			return nil
		})
	})
}

func TestSearchFindsTheSameOnBothDatabases(t *testing.T) {
	texts := []string{"AC-03 Quarterly user access review", "Überprüfung der Zugänge", "model integrity: sha256 1e5 verification", "レビュー 監査", "naïve café"}
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		index := models.SearchIndex("controls")
		err := modelstest.As(t, db, access.Clock, func(ctx context.Context, tx *models.Tx) error {
			for i, text := range texts {
				if err := index.Put(ctx, tx, int64(i+1), "old words"); err != nil {
					return err
				}
				if err := index.Put(ctx, tx, int64(i+1), text); err != nil {
					return err
				}
			}
			return tx.Record("test.index", "controls")
		})
		if err != nil {
			t.Fatal(err)
		}
		for typed, want := range map[string][]int64{
			"ac-03": {1}, "AC 3": nil, "review quart": {1}, "uberpruf": {2}, "Überprüfung": {2}, "1e5": {3}, "監査": {4}, "cafe": {5},
			"old": nil, `"; DROP TABLE`: nil, "review OR model": nil, "*": nil, "' | 'model": {3},
		} {
			modelstest.Look(t, db, access.Clock, func(ctx context.Context, tx *models.Tx) error {
				cond, args, ok := index.Matching(tx, "n.id", typed, 100)
				if !ok {
					if want != nil {
						t.Errorf("%q: nothing to look for", typed)
					}
					return nil
				}
				type hit struct{ ID int64 }
				rows, err := models.Raw[hit](ctx, tx, "SELECT n.id FROM (SELECT 1 AS id UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5) n WHERE "+cond+" ORDER BY 1", args...)
				var got []int64
				for _, r := range rows {
					got = append(got, r.ID)
				}
				if !slices.Equal(got, want) {
					t.Errorf("%q: got %v, want %v", typed, got, want)
				}
				return err
			})
		}
	})
}

func TestLookingAtTheSchemaWritesNothing(t *testing.T) {
	for name, url := range map[string]string{
		"sqlite":   "sqlite://" + filepath.Join(t.TempDir(), "empty.db"),
		"postgres": testenv.Postgres(t),
	} {
		t.Run(name, func(t *testing.T) {
			db, err := models.Open(t.Context(), url)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = db.Close() }()
			files, err := migrations.For(db.Dialect())
			if err != nil {
				t.Fatal(err)
			}
			current, target, err := db.SchemaVersions(t.Context(), files)
			if err != nil || current != 0 || target < 6 {
				t.Errorf("got %d of %d, %v", current, target, err)
			}
			made := "SELECT count(*) FROM sqlite_master"
			if name == "postgres" {
				made = "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'"
			}
			modelstest.Look(t, db, access.Clock, func(ctx context.Context, tx *models.Tx) error {
				n, err := models.Value[int](ctx, tx, made)
				if n != 0 {
					t.Errorf("%d tables were made", n)
				}
				return err
			})
		})
	}
}
