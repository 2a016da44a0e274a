package request_test

import (
	"context"
	"testing"

	"assay/models"
	"assay/models/access"
	"assay/models/modelstest"
	"assay/models/people"
	"assay/models/request"
)

func (w *world) person(a access.Actor) (p people.Person) {
	w.Helper()
	modelstest.Look(w.T, w.db, access.Clock, func(ctx context.Context, tx *models.Tx) (err error) {
		p, err = people.ByID(ctx, tx, a.ID)
		return err
	})
	return p
}

func (w *world) owner(r request.Request) int64 {
	w.Helper()
	var id int64
	modelstest.Look(w.T, w.db, access.Clock, func(ctx context.Context, tx *models.Tx) (err error) {
		id, err = models.Value[int64](ctx, tx, "SELECT COALESCE(owner_id, 0) FROM requests WHERE id = ?", r.ID)
		return err
	})
	return id
}

// Rule 14, for requests: nothing stays with a person who is gone.
func TestRule14ALeaversRequestsGoToTheManagersList(t *testing.T) {
	each(t, func(w *world) {
		open := w.written(w.priya, w.ask())
		w.take(w.priya, &open, request.OpenUp)
		over := w.written(w.priya, w.ask())
		w.take(w.priya, &over, request.OpenUp, cancel("Not needed."))
		firm := w.written(w.miriam, w.ask()) // a draft that nobody of the company reads
		ana := w.person(w.ana)
		w.must(w.as(w.admin, func(ctx context.Context, tx *models.Tx) error {
			if err := request.Relieve(ctx, tx, ana); err != nil { // she is still here
				return err
			}
			return people.ChangeRole(ctx, tx, &ana, access.Executive)
		}))
		if w.owner(open) != w.ana.ID {
			w.Error("taken from somebody who can answer it")
		}
		before := len(w.told(w.priya, "request_to_check"))
		w.must(w.as(w.admin, func(ctx context.Context, tx *models.Tx) error { return request.Relieve(ctx, tx, ana) }))
		if w.owner(open) != 0 || w.owner(firm) != w.ana.ID || w.owner(over) != w.ana.ID {
			w.Errorf("owners are %d, %d, %d", w.owner(open), w.owner(firm), w.owner(over))
		}
		if got := len(w.told(w.priya, "request_to_check")) - before; got != 1 {
			w.Errorf("the manager was told %d times", got)
		}
		modelstest.Look(t, w.db, access.Clock, func(ctx context.Context, tx *models.Tx) error {
			n, err := models.Value[int](ctx, tx, "SELECT count(*) FROM log_leaves WHERE verb = 'request.unassign'")
			if n != 1 {
				w.Errorf("%d leaves say so", n)
			}
			return err
		})
		w.take(w.miriam, &firm, request.OpenUp)
		if w.owner(firm) != 0 {
			t.Error("a draft of the firm was opened for somebody who cannot answer it")
		}
		if n := len(w.told(w.priya, "request_to_check")) - before; n != 2 {
			w.Errorf("the manager was told %d times", n)
		}
	})
}

func TestRequestsAreHandedOver(t *testing.T) {
	each(t, func(w *world) {
		r := w.written(w.priya, w.ask())
		w.take(w.priya, &r, request.OpenUp)
		over := func(to int64) (n int, err error) {
			err = w.as(w.admin, func(ctx context.Context, tx *models.Tx) error {
				n, err = request.HandOver(ctx, tx, w.ana.ID, to)
				return err
			})
			return n, err
		}
		_, err := over(w.jonas.ID)
		w.refused("to an auditor", err, models.KindInvalid, "answer requests")
		if n, err := over(w.ben.ID); err != nil || n != 1 || w.owner(r) != w.ben.ID || len(w.told(w.ben, "request_assigned")) != 1 {
			w.Errorf("handed over %d: %v, owner %d", n, err, w.owner(r))
		}
	})
}
