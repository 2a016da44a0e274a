package models_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/modelstest"
	"assay/models/people"
)

func tables() []models.LoggedTable { return []models.LoggedTable{models.Logged[people.Person]()} }

func rename(ctx context.Context, tx *models.Tx, id int64, name string) error {
	p, err := people.ByID(ctx, tx, id)
	if err != nil {
		return err
	}
	p.Name = name
	return models.Update(ctx, tx, &p, models.Columns{"Name"}, "person.rename", models.Note{"to": name})
}

func verify(t *testing.T, db *models.DB, since string) models.Report {
	t.Helper()
	r, err := models.Verify(t.Context(), db, models.VerifyOptions{Tables: tables(), Since: since})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestWriteLeavesALeaf(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ana := modelstest.Person(t, db, access.Administrator)
		if err := modelstest.As(t, db, ana, func(ctx context.Context, tx *models.Tx) error { return rename(ctx, tx, ana.ID, "Ana") }); err != nil {
			t.Fatal(err)
		}
		r := verify(t, db, "")
		if len(r.Problems) > 0 || r.Leaves != 2 || r.Rows != 1 {
			t.Errorf("got %+v", r)
		}
	})
}

func TestRefusals(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ana := modelstest.Person(t, db, access.Administrator)
		auditor := modelstest.Person(t, db, access.Auditor)
		nothing := func(context.Context, *models.Tx) error { return nil }
		if err := modelstest.As(t, db, ana, nothing); err == nil {
			t.Error("a write that leaves no leaf was committed")
		}
		if err := modelstest.As(t, db, auditor, nothing); models.KindOf(err) != models.KindForbidden {
			t.Errorf("a read-only actor could write: %v", err)
		}
		if err := db.Observe(t.Context(), auditor, "page.view", "controls/AC-03", nil); err != nil {
			t.Errorf("an auditor's view cannot be logged: %v", err)
		}
		modelstest.Look(t, db, ana, func(ctx context.Context, tx *models.Tx) error {
			if err := rename(ctx, tx, ana.ID, "x"); err == nil {
				t.Error("a read could write")
			}
			return nil
		})
		stale := func(ctx context.Context, tx *models.Tx) error {
			p, err := people.ByID(ctx, tx, ana.ID)
			if err != nil {
				return err
			}
			if err := rename(ctx, tx, ana.ID, "first"); err != nil {
				return err
			}
			return models.Update(ctx, tx, &p, models.Columns{"Name"}, "person.rename")
		}
		if err := modelstest.As(t, db, ana, stale); models.KindOf(err) != models.KindConflict {
			t.Errorf("the slower of two was not told: %v", err)
		}
		if r := verify(t, db, ""); r.Leaves != 3 || len(r.Problems) > 0 {
			t.Errorf("a refused write left something behind: %+v", r)
		}
	})
}

func TestFailureLeavesNothing(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ana := modelstest.Person(t, db, access.Administrator)
		boom := errors.New("boom")
		err := modelstest.As(t, db, ana, func(ctx context.Context, tx *models.Tx) error {
			return errors.Join(rename(ctx, tx, ana.ID, "Changed"), boom)
		})
		if !errors.Is(err, boom) {
			t.Fatal(err)
		}
		modelstest.Look(t, db, ana, func(ctx context.Context, tx *models.Tx) error {
			p, err := people.ByID(ctx, tx, ana.ID)
			if p.Name == "Changed" {
				t.Error("half a transaction was kept")
			}
			return err
		})
	})
}

func TestConcurrentWriters(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		const writers, each = 32, 8
		actors := make([]access.Actor, writers)
		for i := range actors {
			actors[i] = modelstest.Person(t, db, access.Administrator)
		}
		var wg sync.WaitGroup
		for _, a := range actors {
			wg.Go(func() {
				for n := range each {
					err := db.Write(context.Background(), a, func(tx *models.Tx) error {
						return rename(context.Background(), tx, a.ID, fmt.Sprint("name ", n))
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		if r := verify(t, db, ""); r.Leaves != writers*(each+1) || len(r.Problems) > 0 {
			t.Errorf("got %d leaves, %s", r.Leaves, strings.Join(r.Problems, "; "))
		}
	})
}

// TestVerifyWhileOthersWrite: its connections look at one state, whatever happens meanwhile.
func TestVerifyWhileOthersWrite(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ana := modelstest.Person(t, db, access.Administrator)
		ctx, stop := context.WithCancel(t.Context())
		var group sync.WaitGroup
		for range 3 {
			group.Go(func() {
				for n := 0; ctx.Err() == nil; n++ {
					_ = db.Write(ctx, ana, func(tx *models.Tx) error { return rename(ctx, tx, ana.ID, fmt.Sprintf("Ana %d", n)) })
				}
			})
		}
		for range 5 {
			if r := verify(t, db, ""); len(r.Problems) > 0 {
				t.Error(r.Problems)
			}
		}
		stop()
		group.Wait()
	})
}

// TestNothingStaysOfAWriteThatFails: neither after an error, nor after a panic, nor after
// the request was given up, and the next one finds a connection that works.
func TestNothingStaysOfAWriteThatFails(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ana := modelstest.Person(t, db, access.Administrator)
		for what, f := range map[string]func(tx *models.Tx, giveUp func()) error{
			"an error": func(*models.Tx, func()) error { return errors.New("no") },
			"a bad statement": func(tx *models.Tx, _ func()) error {
				_, err := models.Value[int](t.Context(), tx, "SELECT nothing")
				return err
			},
			"a panic":   func(*models.Tx, func()) error { panic("no") },
			"giving up": func(_ *models.Tx, giveUp func()) error { giveUp(); return nil },
		} {
			func() {
				ctx, giveUp := context.WithCancel(t.Context())
				defer giveUp()
				defer func() { _ = recover() }()
				err := db.Write(ctx, ana, func(tx *models.Tx) error {
					if err := rename(t.Context(), tx, ana.ID, what); err != nil {
						return err
					}
					return f(tx, giveUp)
				})
				if err == nil {
					t.Errorf("%s: it was written", what)
				}
			}()
		}
		if err := modelstest.As(t, db, ana, func(ctx context.Context, tx *models.Tx) error { return rename(ctx, tx, ana.ID, "Ana") }); err != nil {
			t.Fatal(err)
		}
		if r := verify(t, db, ""); len(r.Problems) > 0 || r.Leaves != 2 {
			t.Errorf("got %+v", r)
		}
	})
}

func TestAWriterThatHasToWaitCanGiveUp(t *testing.T) {
	db := modelstest.SQLite(t)
	ana := modelstest.Person(t, db, access.Administrator)
	err := db.Write(t.Context(), ana, func(tx *models.Tx) error {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		if err := db.Observe(ctx, ana, "session.start", "people/1", nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		return rename(t.Context(), tx, ana.ID, "Ana")
	})
	if err != nil {
		t.Fatal(err)
	}
}
