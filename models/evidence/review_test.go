package evidence_test

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/evidence"
	"assay/models/modelstest"
)

func TestFourEyes(t *testing.T) {
	each(t, func(c company) {
		own := c.submitted(c.priya, details())
		_, err := c.accept(c.priya, own)
		c.refused("the uploader accepts", err, models.KindForbidden)
		_, err = c.returned(c.priya, own, "No.")
		c.refused("the uploader returns", err, models.KindForbidden)

		c.handOver(c.ines)
		_, err = c.accept(c.ines, own)
		c.refused("the owner of the control accepts", err, models.KindForbidden)
		c.handOver(c.owner)
		if i, err := c.accept(c.ines, own); err != nil || *i.OwnerID != c.owner.ID {
			c.Errorf("the owner of yesterday cannot accept: %v", err)
		}

		theirs := c.submitted(c.owner, details(), upload("x.csv", "x"))
		for _, a := range []access.Actor{c.owner, c.backup, c.admin} {
			_, err := c.accept(a, theirs)
			c.refused(a.Name+" accepts", err, models.KindForbidden)
		}
		for _, a := range []access.Actor{c.executive, c.auditor} {
			if _, err := c.accept(a, theirs); err == nil {
				c.Errorf("%s accepts", a.Name)
			}
		}
		_, err = c.returned(c.priya, theirs, "")
		c.refused("returned without a reason", err, models.KindInvalid)
		_, err = c.withdraw(c.priya, theirs, "")
		c.refused("withdrawn without a reason", err, models.KindInvalid)
		_, err = c.withdraw(c.owner, theirs, "Mine.")
		c.refused("withdrawn by the owner", err, models.KindForbidden)
	})
}

func TestTheSlowerReviewerIsToldWhoDecided(t *testing.T) {
	each(t, func(c company) {
		i := c.submitted(c.owner, details())
		stale := i
		_, err := c.accept(c.priya, i)
		c.must(err)
		modelstest.At(c.db, modelstest.Now.Add(2*time.Minute))
		_, err = c.returned(c.ines, stale, "Not good.")
		c.refused("a second decision", err, models.KindConflict)
		for _, word := range []string{c.priya.Name, "accepted", "2 minutes ago"} {
			if !strings.Contains(err.Error(), word) {
				c.Errorf("%q does not say %q", err, word)
			}
		}
	})
}

func TestManyAtOnceCannotAcceptTheirOwn(t *testing.T) {
	each(t, func(c company) {
		i := c.submitted(c.priya, details())
		var succeeded atomic.Int32
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				err := c.db.Write(context.Background(), c.priya, func(tx *models.Tx) error {
					_, err := evidence.Accept(context.Background(), tx, i.ID, i.Rev, "")
					return err
				})
				if err == nil {
					succeeded.Add(1)
				}
			})
		}
		wg.Wait()
		if n := succeeded.Load(); n != 0 {
			c.Errorf("%d of 100 got through", n)
		}
	})
}

func TestOneOfManyReviewersDecides(t *testing.T) {
	each(t, func(c company) {
		i := c.submitted(c.owner, details())
		var succeeded atomic.Int32
		var wg sync.WaitGroup
		for n := range 16 {
			wg.Go(func() {
				err := c.db.Write(context.Background(), []access.Actor{c.priya, c.ines}[n%2], func(tx *models.Tx) error {
					_, err := evidence.Accept(context.Background(), tx, i.ID, i.Rev, "")
					return err
				})
				switch {
				case err == nil:
					succeeded.Add(1)
				case models.KindOf(err) != models.KindConflict:
					c.Error(err)
				}
			})
		}
		wg.Wait()
		if n := succeeded.Load(); n != 1 {
			c.Errorf("%d decisions on one item", n)
		}
	})
}

// The control gets a new owner while they decide: either the decision comes first and
// names the owner before, or it is refused. The database alone could not tell.
func TestOwnerChangesWhileTheyDecide(t *testing.T) {
	each(t, func(c company) {
		for range 8 {
			c.handOver(c.owner)
			i := c.submitted(c.owner, details(), upload("f.csv", "f"))
			var wg sync.WaitGroup
			var err error
			wg.Go(func() { i, err = c.accept(c.ines, i) })
			wg.Go(func() { c.handOver(c.ines) })
			wg.Wait()
			switch {
			case err == nil && *i.OwnerID == c.ines.ID:
				c.Error("the owner accepted evidence of their own control")
			case err != nil:
				c.refused("decided after the change", err, models.KindForbidden)
			}
		}
	})
}

func TestTheDatabaseRefusesWhatAVerbWouldLetThrough(t *testing.T) {
	each(t, func(c company) {
		i := c.submitted(c.priya, details())
		decide := func(by, owner, backup int64, status evidence.Status, note string) error {
			return c.as(c.priya, func(ctx context.Context, tx *models.Tx) error {
				row, err := evidence.ByID(ctx, tx, i.ID)
				if err != nil {
					return err
				}
				row.Status, row.DecidedBy, row.DecidedAt, row.OwnerID, row.BackupID, row.DecisionNote = status, &by, &tx.Now, &owner, &backup, note
				return models.Update(ctx, tx, &row, models.Columns{"Status", "DecidedBy", "DecidedAt", "OwnerID", "BackupID", "DecisionNote"}, "evidence.accept")
			})
		}
		for name, err := range map[string]error{
			"the uploader decides":      decide(c.priya.ID, c.owner.ID, c.backup.ID, evidence.Accepted, ""),
			"the owner decides":         decide(c.owner.ID, c.owner.ID, c.backup.ID, evidence.Accepted, ""),
			"the backup owner decides":  decide(c.backup.ID, c.owner.ID, c.backup.ID, evidence.Accepted, ""),
			"returned without a reason": decide(c.ines.ID, c.owner.ID, c.backup.ID, evidence.Returned, ""),
		} {
			if !models.Broken(err) {
				c.Errorf("%s: %v", name, err)
			}
		}
	})
}
