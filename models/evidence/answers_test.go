package evidence_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/control"
	"assay/models/evidence"
	"assay/models/modelstest"
)

// expecting gives the control a second version that asks for three things.
func (c company) expecting() {
	c.Helper()
	v := control.Version{
		ControlID: c.control.ID, Code: c.control.Code, Number: 2, Status: control.Effective,
		Content: control.Content{
			Title: c.control.Title, Statement: "x", Frequency: "quarterly",
			Evidence: models.List[string]{"Account export | system_export", "Reviewer decisions | signed_record | The review tool, Decisions", "(optional) Tickets"},
		},
		AuthoredAt: modelstest.Now, ApproverID: &c.priya.ID, ApprovedAt: &modelstest.Now, EffectiveFrom: "2026-02-01",
	}
	c.must(c.as(access.Clock, func(ctx context.Context, tx *models.Tx) error {
		if _, err := models.Raw[control.Version](ctx, tx, "UPDATE control_versions SET status = 'superseded', effective_to = '2026-01-31' WHERE control_id = ? RETURNING id", c.control.ID); err != nil {
			return err
		}
		return models.Insert(ctx, tx, &v, "control.approve")
	}))
}

func (c company) acceptChecked(i evidence.Item, checked ...evidence.Answer) (evidence.Item, error) {
	err := c.as(c.priya, func(ctx context.Context, tx *models.Tx) (err error) {
		i, err = evidence.Accept(ctx, tx, i.ID, i.Rev, "", checked...)
		return err
	})
	return i, err
}

func TestWhatAnItemAnswersIsCheckedBeforeItIsAccepted(t *testing.T) {
	each(t, func(c company) {
		c.expecting()
		d := details()
		d.Answers = models.List[evidence.Answer]{{Version: 2, Number: 1}, {Version: 2, Number: 3}}
		i := c.submitted(c.owner, d)
		_, err := c.acceptChecked(i)
		var refusal *models.Error
		if !errors.As(err, &refusal) || !strings.Contains(refusal.Fields["checked"], "Account export") {
			c.Errorf("accepted with nothing ticked: %v", err)
		}
		_, err = c.acceptChecked(i, evidence.Answer{Version: 2, Number: 2})
		c.refused("accepted with something else ticked", err, models.KindInvalid)
		if i, err = c.acceptChecked(i, evidence.Answer{Version: 2, Number: 1}); err != nil || i.Status != evidence.Accepted {
			c.Errorf("with all ticked that is needed: %v", err)
		}
		// What names nothing asks for no tick, and an older item keeps the words of its version.
		_, err = c.acceptChecked(c.submitted(c.owner, details(), upload("b.txt", "b")))
		c.must(err)
		modelstest.Look(c.T, c.db, c.priya, func(ctx context.Context, tx *models.Tx) error {
			now, err := control.VersionOf(ctx, tx, c.control, 1)
			if err != nil {
				return err
			}
			list, err := evidence.Expectations(ctx, tx, i, now)
			if len(list) != 2 || list[0].Words != "Account export" || list[1].Words != "Tickets" || !list[1].Optional {
				c.Errorf("got %+v", list)
			}
			return err
		})
	})
}

func TestOnlyWhatIsExpectedCanBeAnswered(t *testing.T) {
	each(t, func(c company) {
		c.expecting()
		for _, a := range []evidence.Answer{{Version: 2, Number: 4}, {Version: 2, Number: 0}, {Version: 1, Number: 1}, {Version: 9, Number: 1}} {
			d := details()
			d.Answers = models.List[evidence.Answer]{a}
			_, err := c.submit(c.owner, c.store(c.owner, d, upload(a.Key(), a.Key())))
			c.refused("answers "+a.Key(), err, models.KindInvalid)
		}
	})
}

// TestWhatWasSupersededStandsAgainOnceItsSuccessorIsWithdrawn: along the whole chain, and
// not while other accepted evidence replaces it, too.
func TestWhatWasSupersededStandsAgainOnceItsSuccessorIsWithdrawn(t *testing.T) {
	each(t, func(c company) {
		next := func(name string, old *evidence.Item) evidence.Item {
			d := details()
			if old != nil {
				d.SupersedesID = &old.ID
			}
			i := c.submitted(c.owner, d, upload(name, name))
			i, err := c.accept(c.priya, i)
			c.must(err)
			return i
		}
		withdraw := func(i evidence.Item) {
			c.must(c.as(c.priya, func(ctx context.Context, tx *models.Tx) error {
				now, err := evidence.ByID(ctx, tx, i.ID)
				if err == nil {
					_, err = evidence.Withdraw(ctx, tx, i.ID, now.Rev, "It shows another company.")
				}
				return err
			}))
		}
		are := func(when string, want map[int64]evidence.Status) {
			modelstest.Look(c.T, c.db, c.priya, func(ctx context.Context, tx *models.Tx) error {
				for id, status := range want {
					if i, err := evidence.ByID(ctx, tx, id); err != nil || i.Status != status {
						c.Errorf("%s: %s is %s, want %s, %v", when, i.Code(), i.Status, status, err)
					}
				}
				return nil
			})
		}
		first := next("1", nil)
		rival := c.submitted(c.owner, func() evidence.Details { d := details(); d.SupersedesID = &first.ID; return d }(), upload("r", "r"))
		second := next("2", &first)
		third := next("3", &second)
		are("at first", map[int64]evidence.Status{first.ID: evidence.Superseded, second.ID: evidence.Superseded, third.ID: evidence.Accepted})
		withdraw(second)
		are("its own successor stands", map[int64]evidence.Status{first.ID: evidence.Superseded, second.ID: evidence.Withdrawn, third.ID: evidence.Accepted})
		withdraw(third)
		are("nothing after it stands", map[int64]evidence.Status{first.ID: evidence.Accepted, third.ID: evidence.Withdrawn})
		fourth := next("4", &first)
		_, err := c.accept(c.priya, rival)
		c.must(err)
		withdraw(fourth)
		are("another one replaces it, too", map[int64]evidence.Status{first.ID: evidence.Superseded})
		withdraw(rival)
		are("none does", map[int64]evidence.Status{first.ID: evidence.Accepted})
	})
}

func TestAnAcceptanceCanBeTakenBackForAMinute(t *testing.T) {
	undo := func(c company, a access.Actor, i evidence.Item) (evidence.Item, error) {
		err := c.as(a, func(ctx context.Context, tx *models.Tx) (err error) {
			i, err = evidence.Undo(ctx, tx, i.ID, i.Rev)
			return err
		})
		return i, err
	}
	each(t, func(c company) {
		old, err := c.accept(c.priya, c.submitted(c.owner, details()))
		c.must(err)
		d := details()
		d.SupersedesID = &old.ID
		i, err := c.accept(c.priya, c.submitted(c.owner, d, upload("new.csv", "new")))
		c.must(err)
		_, err = undo(c, c.ines, i)
		c.refused("taken back by somebody else", err, models.KindConflict)
		modelstest.At(c.db, modelstest.Now.Add(evidence.UndoWithin+time.Microsecond))
		_, err = undo(c, c.priya, i)
		c.refused("taken back after a minute", err, models.KindConflict)
		modelstest.At(c.db, modelstest.Now.Add(evidence.UndoWithin))
		i, err = undo(c, c.priya, i)
		c.must(err)
		if i.Status != evidence.Submitted || i.DecidedBy != nil || i.OwnerID != nil {
			c.Errorf("got %+v", i)
		}
		modelstest.Look(c.T, c.db, c.priya, func(ctx context.Context, tx *models.Tx) error {
			was, err := evidence.ByID(ctx, tx, old.ID)
			if was.Status != evidence.Accepted {
				c.Errorf("what it had superseded is %s", was.Status)
			}
			for verb, want := range map[string]int64{"evidence.accept": 1, "evidence.undo": 1, "evidence.supersede": 0} {
				n, err := models.Value[int64](ctx, tx, "SELECT count(*) FROM log_leaves WHERE about = ? AND verb = ?", i.Path(), verb)
				if err != nil || n != want {
					c.Errorf("%d leaves %s, want %d, %v", n, verb, want, err)
				}
			}
			return err
		})
		_, err = undo(c, c.priya, i)
		c.refused("taken back twice", err, models.KindConflict)
		i, err = c.accept(c.ines, i) // by anybody, as before
		c.must(err)
		// An auditor who has seen it relies on it.
		c.must(c.db.Observe(c.Context(), c.auditor, "page.view", i.Path(), nil))
		_, err = undo(c, c.ines, i)
		c.refused("taken back when an auditor has seen it", err, models.KindConflict)
	})
}
