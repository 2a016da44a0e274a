package jobs_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"assay/internal/jobs"
	"assay/models"
	"assay/models/access"
	"assay/models/control"
	"assay/models/modelstest"
	"assay/models/programme"
)

// company takes the catalog into use in New York and has version 2 of AC-05 approved
// from 10 March 2026 on.
func company(t *testing.T, db *models.DB) {
	t.Helper()
	priya, yusuf := modelstest.Person(t, db, access.Compliance), modelstest.Person(t, db, access.Compliance)
	owner := modelstest.Person(t, db, access.Owner)
	do := func(a access.Actor, f func(context.Context, *models.Tx) error) {
		t.Helper()
		if err := modelstest.As(t, db, a, f); err != nil {
			t.Fatal(err)
		}
	}
	do(priya, func(ctx context.Context, tx *models.Tx) error {
		if _, err := programme.SetUp(ctx, tx, "Halyard AI", "America/New_York", []string{"security"}); err != nil {
			return err
		}
		if _, err := control.Adopt(ctx, tx, []string{"security"}); err != nil {
			return err
		}
		c, err := control.ByCode(ctx, tx, "AC-05")
		if err != nil {
			return err
		}
		if err := control.Assign(ctx, tx, &c, &owner.ID, nil); err != nil {
			return err
		}
		v, err := control.Revise(ctx, tx, &c, true)
		if err != nil {
			return err
		}
		return control.Submit(ctx, tx, &v)
	})
	do(yusuf, func(ctx context.Context, tx *models.Tx) error {
		v, err := second(ctx, tx)
		if err != nil {
			return err
		}
		return control.Approve(ctx, tx, &v, "2026-03-10")
	})
}

func second(ctx context.Context, tx *models.Tx) (control.Version, error) {
	c, err := control.ByCode(ctx, tx, "AC-05")
	if err != nil {
		return control.Version{}, err
	}
	return control.VersionOf(ctx, tx, c, 2)
}

func standing(t *testing.T, db *models.DB) (status control.Status, leaves int64) {
	t.Helper()
	modelstest.Look(t, db, access.Clock, func(ctx context.Context, tx *models.Tx) error {
		v, err := second(ctx, tx)
		if err != nil {
			return err
		}
		status = v.Status
		leaves, err = tx.LogSize(ctx)
		return err
	})
	return status, leaves
}

// turn has a new replica do what its clock says is due.
func turn(t *testing.T, db *models.DB) error {
	t.Helper()
	w := jobs.New(db, jobs.Clock()...)
	return errors.Join(w.Stand(t.Context()), w.Drain(t.Context()))
}

func TestAVersionTakesEffectAtMidnightOfTheCompany(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		company(t, db)
		_, before := standing(t, db)
		midnight := time.Date(2026, 3, 10, 4, 0, 0, 0, time.UTC) // daylight time began on the 8th
		modelstest.At(db, midnight.Add(-time.Microsecond))
		if err := turn(t, db); err != nil {
			t.Fatal(err)
		}
		if status, leaves := standing(t, db); status != control.Approved || leaves != before {
			t.Errorf("a moment too early it is %s, and a quiet minute left %d leaves", status, leaves-before)
		}
		modelstest.At(db, midnight)
		if err := turn(t, db); err != nil {
			t.Fatal(err)
		}
		status, after := standing(t, db)
		if status != control.Effective {
			t.Errorf("at midnight it is %s", status)
		}
		if err := turn(t, db); err != nil {
			t.Fatal(err)
		}
		if _, again := standing(t, db); again != after {
			t.Errorf("a second look changed something: %d leaves more", again-after)
		}
	})
}

func TestOfManyReplicasOneDoesIt(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		company(t, db)
		modelstest.At(db, time.Date(2026, 3, 11, 12, 0, 0, 0, time.UTC))
		_, before := standing(t, db)
		var wg sync.WaitGroup
		errs := make([]error, 8)
		for i := range errs {
			wg.Go(func() { errs[i] = turn(t, db) })
		}
		wg.Wait()
		status, after := standing(t, db)
		if err := errors.Join(errs...); err != nil || status != control.Effective || after-before > 4 {
			t.Errorf("it is %s, %d leaves were written for one change, and errors: %v", status, after-before, err)
		}
	})
}
