package control_test

import (
	"context"
	"testing"

	"assay/models"
	"assay/models/control"
	"assay/models/modelstest"
)

// TestAnApprovedVersionIsGuardedByTheDatabase goes around the verbs, as a mistake in one of
// them would.
func TestAnApprovedVersionIsGuardedByTheDatabase(t *testing.T) {
	each(t, func(c company) {
		c.inEffect()
		for name, change := range map[string]func(*control.Version){
			"other words":           func(v *control.Version) { v.Statement = "Once in a while." },
			"another criterion":     func(v *control.Version) { v.Criteria = nil },
			"a day earlier":         func(v *control.Version) { v.EffectiveFrom = "2026-02-28" },
			"another approver":      func(v *control.Version) { v.ApproverID = &c.priya.ID },
			"back to a draft":       func(v *control.Version) { v.Status = control.Draft },
			"a forgotten co-author": func(v *control.Version) { v.Writers = nil },
		} {
			err := modelstest.As(c.T, c.db, c.priya, with(1, func(ctx context.Context, tx *models.Tx, v *control.Version) error {
				change(v)
				return models.Update(ctx, tx, v, models.Columns{"Statement", "Criteria", "EffectiveFrom", "ApproverID", "Status", "Writers"}, "version.edit")
			}))
			if !models.Broken(err) {
				c.Errorf("%s: %v", name, err)
			}
		}
		err := modelstest.As(c.T, c.db, c.priya, with(1, func(ctx context.Context, tx *models.Tx, v *control.Version) error {
			return models.Delete(ctx, tx, v, "version.discard")
		}))
		if !models.Broken(err) {
			c.Errorf("removed: %v", err)
		}
		c.must(c.priya, revise(monthly, false)) // and a draft still changes
	})
}

func TestADraftIsDiscarded(t *testing.T) {
	discard := with(1, func(ctx context.Context, tx *models.Tx, v *control.Version) error {
		gone, err := control.Discard(ctx, tx, v)
		if err == nil && !gone {
			t.Error("the control stays without a version")
		}
		return err
	})
	each(t, func(c company) {
		c.written()
		c.refused(c.viewer, models.KindForbidden, "Only the owner", discard)
		c.must(c.priya, submit(1))
		c.refused(c.tomas, models.KindConflict, "in review is returned first", discard)
		c.must(c.ines, with(1, func(ctx context.Context, tx *models.Tx, v *control.Version) error {
			return control.Return(ctx, tx, v, "Too vague.")
		}))
		c.must(c.tomas, discard)
		c.look(c.priya, func(ctx context.Context, tx *models.Tx) error {
			if _, err := control.ByCode(ctx, tx, "XX-01"); models.KindOf(err) != models.KindNotFound {
				c.Errorf("the control is still there: %v", err)
			}
			list, err := control.List(ctx, tx, control.Filter{Text: "accounts"}, "", models.Page{})
			if len(list.Items) != 0 {
				c.Errorf("search still finds %+v", list.Items)
			}
			n, err2 := models.Value[int](ctx, tx, "SELECT count(*) FROM log_leaves WHERE verb IN ('version.draft', 'version.discard', 'control.discard')")
			if n != 3 {
				c.Errorf("the log tells %d of 3 things", n)
			}
			if err == nil {
				err = err2
			}
			return err
		})
		c.written() // its id was never in force, and can be given again
	})
}

func TestOnlyTheDraftGoesFromAControlThatIsInEffect(t *testing.T) {
	each(t, func(c company) {
		c.inEffect()
		other := monthly
		other.Title = "Something else"
		c.must(c.priya, revise(other, false))
		c.must(c.priya, with(2, func(ctx context.Context, tx *models.Tx, v *control.Version) error {
			gone, err := control.Discard(ctx, tx, v)
			if gone {
				c.Error("the control went too")
			}
			return err
		}))
		c.refused(c.priya, models.KindConflict, "Only a draft can be discarded", with(1, func(ctx context.Context, tx *models.Tx, v *control.Version) error {
			_, err := control.Discard(ctx, tx, v)
			return err
		}))
		c.must(c.priya, revise(other, false)) // the next draft is version 2 again
	})
}

func TestADraftThatEvidenceNamesStays(t *testing.T) {
	each(t, func(c company) {
		c.written()
		c.must(c.priya, func(ctx context.Context, tx *models.Tx) error {
			k, err := control.ByCode(ctx, tx, "XX-01")
			if err != nil {
				return err
			}
			_, err = models.Raw[control.Control](ctx, tx, `INSERT INTO evidence (rev, control_id, title, kind, source, location, extractor, description, covers_from, covers_to,
				late_reason, status, form_key, uploaded_by, uploaded_at, decision_note, withdrawn_note)
				VALUES (1, ?, 'x', '', '', '', '', '', '', '', '', 'stored', '', ?, ?, '', '') RETURNING id`, k.ID, c.priya.ID, tx.Now)
			if err != nil {
				return err
			}
			return tx.Record("controls.import", "controls")
		})
		c.refused(c.priya, models.KindConflict, "so it stays", with(1, func(ctx context.Context, tx *models.Tx, v *control.Version) error {
			_, err := control.Discard(ctx, tx, v)
			return err
		}))
	})
}

func TestWhoAnsweredForAControlIsRemembered(t *testing.T) {
	each(t, func(c company) {
		c.written()
		assign := func(owner, backup *int64) {
			c.must(c.priya, func(ctx context.Context, tx *models.Tx) error {
				k, err := control.ByCode(ctx, tx, "XX-01")
				if err != nil {
					return err
				}
				return control.Assign(ctx, tx, &k, owner, backup)
			})
		}
		held := func(person int64, day models.Date, want bool) {
			c.Helper()
			c.look(c.priya, func(ctx context.Context, tx *models.Tx) error {
				k, err := control.ByCode(ctx, tx, "XX-01")
				if k.HeldSince(person, day) != want {
					c.Errorf("held since %s: %v, want %v (%+v)", day, !want, want, k.Former)
				}
				return err
			})
		}
		held(c.tomas.ID, "2026-12-31", true) // who has it now has it on every day
		assign(&c.ines.ID, &c.tomas.ID)      // from owner to backup is no end
		held(c.tomas.ID, "2026-12-31", true)
		assign(&c.ines.ID, nil)
		held(c.tomas.ID, "2026-03-01", true)
		held(c.tomas.ID, "2026-03-02", false)
		held(c.priya.ID, "2026-01-01", false)
		c.day("2026-04-10 12:00:00")
		assign(&c.tomas.ID, nil)
		assign(nil, nil)
		held(c.tomas.ID, "2026-04-10", true) // the latest end counts
		held(c.ines.ID, "2026-04-11", false)
	})
}
