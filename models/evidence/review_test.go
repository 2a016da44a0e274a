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
		_, err = c.accept(c.ines, own)
		c.refused("who owned the control after the upload and handed it back accepts", err, models.KindForbidden)

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

// TestHandingAControlOverOpensNoWayRound: whoever had the control on a day that the evidence
// is about does not judge it, however often it changes hands in between. The owner who is
// written down is the one at the decision.
func TestHandingAControlOverOpensNoWayRound(t *testing.T) {
	each(t, func(c company) {
		c.handOver(c.priya) // on 1 March
		c.handOver(c.other)
		during := c.submitted(c.other, details()) // covers February
		_, err := c.accept(c.priya, during)
		c.refused("who had it on 1 March accepts evidence that came that day", err, models.KindForbidden)
		if i, err := c.accept(c.ines, during); err != nil || *i.OwnerID != c.other.ID {
			c.Errorf("somebody who never had it cannot accept: %v", err)
		}

		modelstest.At(c.db, modelstest.Now.AddDate(0, 2, 0))
		march := details()
		march.CoversFrom, march.CoversTo, march.LateReason = "2026-03-01", "2026-03-31", "The export failed."
		overlapping := c.submitted(c.other, march, upload("march.csv", "m"))
		_, err = c.accept(c.priya, overlapping)
		c.refused("who had it on a day that is covered accepts", err, models.KindForbidden)

		april := details()
		april.CoversFrom, april.CoversTo, april.LateReason = "2026-04-01", "2026-04-30", "The export failed."
		later := c.submitted(c.other, april, upload("april.csv", "a"))
		if _, err := c.accept(c.priya, later); err != nil {
			c.Errorf("who handed it over before the window cannot accept: %v", err)
		}
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

func TestSubmittedEvidenceIsGuardedByTheDatabase(t *testing.T) {
	each(t, func(c company) {
		i, elsewhere := c.submitted(c.owner, details()), c.addControl("AC-04", "quarterly", "CC6.2")
		change := func(f func(*evidence.Item), columns ...string) error {
			return c.as(c.owner, func(ctx context.Context, tx *models.Tx) error {
				row, err := evidence.ByID(ctx, tx, i.ID)
				if err != nil {
					return err
				}
				f(&row)
				return models.Update(ctx, tx, &row, columns, "evidence.amend")
			})
		}
		broken := func(what string, err error) {
			c.Helper()
			if !models.Broken(err) {
				c.Errorf("%s: %v", what, err)
			}
		}
		broken("other days", change(func(i *evidence.Item) { i.CoversFrom = "2026-01-01" }, "CoversFrom"))
		broken("another time", change(func(i *evidence.Item) { i.PerformedAt = ptr(modelstest.Now.Add(-time.Hour)) }, "PerformedAt"))
		broken("another control", change(func(i *evidence.Item) { i.ControlID = elsewhere.ID }, "ControlID"))
		broken("another uploader", change(func(i *evidence.Item) { i.UploadedBy = c.other.ID }, "UploadedBy"))
		broken("another version of the bytes", c.as(c.owner, func(ctx context.Context, tx *models.Tx) error {
			list, err := evidence.FilesOf(ctx, tx, i.ID)
			if err != nil {
				return err
			}
			list[0].Version = "another"
			return models.Update(ctx, tx, &list[0], models.Columns{"Version"}, "evidence.amend")
		}))
		files := func(f func(context.Context, *models.Tx, *evidence.File) error) error {
			return c.as(c.owner, func(ctx context.Context, tx *models.Tx) error {
				list, err := evidence.FilesOf(ctx, tx, i.ID)
				if err != nil {
					return err
				}
				return f(ctx, tx, &list[0])
			})
		}
		broken("other bytes", files(func(ctx context.Context, tx *models.Tx, f *evidence.File) error {
			f.Digest = strings.Repeat("0", 64)
			return models.Update(ctx, tx, f, models.Columns{"Digest"}, "evidence.file")
		}))
		broken("a file gone", files(func(ctx context.Context, tx *models.Tx, f *evidence.File) error {
			return models.Delete(ctx, tx, f, "evidence.file")
		}))
		broken("one more file", files(func(ctx context.Context, tx *models.Tx, f *evidence.File) error {
			more := evidence.File{EvidenceID: i.ID, Digest: strings.Repeat("0", 64), Name: "more.csv", Size: 1, AddedBy: c.owner.ID, AddedAt: tx.Now.Add(time.Minute)}
			return models.Insert(ctx, tx, &more, "evidence.file")
		}))

		i, err := c.accept(c.priya, i)
		c.must(err)
		broken("another judge", change(func(i *evidence.Item) { i.DecidedBy = &c.ines.ID }, "DecidedBy"))
		_, err = c.withdraw(c.priya, i, "The wrong system.")
		c.must(err)
		broken("back from withdrawal", change(func(i *evidence.Item) { i.Status = evidence.Accepted }, "Status"))
	})
}

// TestAColleagueMayHelp: any control owner may add evidence to a control that they see, as
// proof of a finding or because they were asked. They see what they brought and nothing
// else, the control's owner sees it, and neither of them decides on it.
func TestAColleagueMayHelp(t *testing.T) {
	each(t, func(c company) {
		theirs := c.submitted(c.owner, details(), upload("a.csv", "a"))
		helped := c.submitted(c.other, details(), upload("b.csv", "b"))
		sees := func(a access.Actor, i evidence.Item, want bool) {
			c.Helper()
			err := c.db.Read(c.Context(), a, func(tx *models.Tx) error {
				_, err := evidence.ByID(c.Context(), tx, i.ID)
				return err
			})
			if (err == nil) != want {
				c.Errorf("%s sees %s: %v", a.Name, i.Code(), err)
			}
		}
		sees(c.other, helped, true)
		sees(c.other, theirs, false)
		sees(c.owner, helped, true)
		for _, a := range []access.Actor{c.other, c.owner} {
			_, err := c.accept(a, helped)
			c.refused(a.Name+" decides", err, models.KindForbidden)
		}
		if _, err := c.accept(c.priya, helped); err != nil {
			c.Error(err)
		}
	})
}

// TestWhatComesBackIsNotHiddenByWhatWaits: of more items than a page lists, those that ask something of their owner
// come first.
func TestWhatComesBackIsNotHiddenByWhatWaits(t *testing.T) {
	each(t, func(c company) {
		for range 3 {
			c.submitted(c.owner, details())
		}
		unsent := c.store(c.owner, details())
		back, err := c.returned(c.priya, c.submitted(c.owner, details()), "Wrong month.")
		c.must(err)
		modelstest.Look(t, c.db, c.owner, func(ctx context.Context, tx *models.Tx) error {
			list, err := evidence.Uploads(ctx, tx, 3, evidence.Stored, evidence.Returned, evidence.Submitted)
			if len(list) != 3 || list[0].ID != back.ID || list[1].ID != unsent.ID {
				t.Errorf("the first three are %+v", list)
			}
			return err
		})
	})
}
