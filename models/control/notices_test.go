package control_test

import (
	"context"
	"slices"
	"testing"

	"assay/models"
	"assay/models/access"
	"assay/models/control"
	"assay/models/modelstest"
	"assay/models/notice"
	"assay/models/people"
)

func sentences(t *testing.T, db *models.DB, a access.Actor) (out []string) {
	t.Helper()
	modelstest.Look(t, db, a, func(ctx context.Context, tx *models.Tx) error {
		list, err := models.Rows[notice.Notice](tx).Order("id").Find(ctx)
		for _, n := range list {
			out = append(out, n.Sentence)
		}
		return err
	})
	return out
}

func TestWhoIsToldThatAControlChangedHands(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		priya, ines := modelstest.Person(t, db, access.Compliance), modelstest.Person(t, db, access.Compliance)
		sam, tom, ada := modelstest.Person(t, db, access.Owner), modelstest.Person(t, db, access.Owner), modelstest.Person(t, db, access.Administrator)
		var c control.Control
		do := func(a access.Actor, f func(context.Context, *models.Tx) error) {
			t.Helper()
			if err := modelstest.As(t, db, a, f); err != nil {
				t.Fatal(err)
			}
		}
		give := func(owner, backup *int64) {
			t.Helper()
			do(priya, func(ctx context.Context, tx *models.Tx) error { return control.Assign(ctx, tx, &c, owner, backup) })
		}
		do(priya, func(ctx context.Context, tx *models.Tx) (err error) {
			c, _, err = control.New(ctx, tx, "AC-03", control.Content{Title: "Access review"})
			return err
		})
		give(&sam.ID, &tom.ID)
		give(&sam.ID, &tom.ID) // nothing new for anybody
		give(nil, &tom.ID)
		give(&sam.ID, &tom.ID)
		if got, want := sentences(t, db, sam), []string{"AC-03, Access review, is now yours to answer for.", "AC-03, Access review, is now yours to answer for."}; !slices.Equal(got, want) {
			t.Errorf("the owner was told %q", got)
		}
		if got, want := sentences(t, db, tom), []string{"You are now the backup owner of AC-03, Access review."}; !slices.Equal(got, want) {
			t.Errorf("the backup was told %q", got)
		}
		if got, want := sentences(t, db, ines), []string{"AC-03, Access review, has no owner any more."}; !slices.Equal(got, want) {
			t.Errorf("the other manager was told %q", got)
		}

		left := func() (n int) {
			err := db.Bookkeep(t.Context(), func(tx *models.Tx) (err error) {
				tx.Actor = access.Clock
				n, err = control.TellLeft(t.Context(), tx)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		if left() != 0 {
			t.Error("somebody left who is there")
		}
		do(ada, func(ctx context.Context, tx *models.Tx) error {
			p, err := people.ByID(ctx, tx, sam.ID)
			if err != nil {
				return err
			}
			return people.Deactivate(ctx, tx, &p, "left")
		})
		if left() != 1 || left() != 0 {
			t.Error("an owner who left is not told of once")
		}
		for _, a := range []access.Actor{priya, ines, ada} {
			got := sentences(t, db, a)
			if len(got) == 0 || got[len(got)-1] != "AC-03 has an owner who can no longer act." {
				t.Errorf("%s was told %q", a.Name, got)
			}
		}
	})
}
