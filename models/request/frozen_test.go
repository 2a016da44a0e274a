package request_test

import (
	"context"
	"strings"
	"testing"

	"assay/internal/sheet"
	"assay/models"
	"assay/models/engagement"
	"assay/models/modelstest"
	"assay/models/request"
)

// TestNothingNewIsAskedAfterTheFreeze: the answer to a new request could not enter what is
// frozen. What was asked before is still answered, talked about and decided.
func TestNothingNewIsAskedAfterTheFreeze(t *testing.T) {
	each(t, func(w *world) {
		draft, open := w.written(w.miriam, w.ask()), w.written(w.miriam, w.ask())
		w.take(w.miriam, &open, request.OpenUp)
		r := w.released()
		modelstest.At(w.db, modelstest.Now.AddDate(1, 0, 0))
		w.moveTo(&w.engagement, engagement.Reporting)
		const says = "frozen since reporting began"
		_, err := w.write(w.priya, w.ask())
		w.refused("a request of the company", err, models.KindConflict, says)
		_, err = w.write(w.miriam, w.ask())
		w.refused("a request of an auditor", err, models.KindConflict, says)
		in := w.ask()
		in.Auditor = w.jonas.ID
		_, err = w.write(w.priya, in)
		w.refused("a request that is brought in", err, models.KindConflict, says)
		w.refused("a draft that is opened", w.try(w.miriam, &draft, request.OpenUp), models.KindConflict, says)
		w.refused("another question in an open one", w.try(w.miriam, &open, func(ctx context.Context, tx *models.Tx, e engagement.Engagement, r *request.Request) error {
			return request.Edit(ctx, tx, e, r, r.Question, []string{"Something else"})
		}), models.KindConflict, says)
		err = modelstest.As(w.T, w.db, w.priya, func(ctx context.Context, tx *models.Tx) error {
			plan, err := request.PlanImport(ctx, tx, w.engagement, sheet.Table{Header: []string{"Title"}, Rows: [][]string{{"One more"}}, Lines: []int{2}}, request.Order{Auditor: w.jonas.ID})
			if err == nil && (plan.Count(request.Refused) != 1 || plan.Ready()) {
				w.Errorf("a list with something new: %+v", plan.Rows)
			}
			if err == nil {
				err = models.Conflict("looked at")
			}
			return err
		})
		w.refused("the plan of a list", err, models.KindConflict, "looked at")
		w.must(w.say(w.ana, r, request.Both, "The letter comes this week."))
		w.must(w.try(w.priya, &r, accept(w.jonas)))
		w.must(w.try(w.miriam, &open, cancel("It was answered in the meeting.")))

		past := func(what, sql string, args ...any) {
			t.Helper()
			err := modelstest.As(w.T, w.db, w.priya, func(ctx context.Context, tx *models.Tx) error {
				_, err := models.Raw[request.Item](ctx, tx, sql, args...)
				return err
			})
			if err == nil || !strings.Contains(err.Error(), "nothing new is asked") {
				w.Errorf("%s: %v", what, err)
			}
		}
		past("a request past the verb", `INSERT INTO requests (rev, engagement_id, slug, side, reference, title, detail, control, due_on, status, requester_id, entered_by, created_at, steps)
			SELECT 1, engagement_id, slug, side, '', title, '', control, due_on, 'draft', requester_id, entered_by, created_at, 0 FROM requests WHERE id = ? RETURNING id`, draft.ID)
		past("an item past the verb", "INSERT INTO request_items (rev, engagement_id, slug, request_id, place, words) VALUES (1, ?, ?, ?, 9, 'more') RETURNING id", w.engagement.ID, w.engagement.Slug, draft.ID)
		past("opened past the verb", "UPDATE requests SET opened_at = created_at WHERE id = ? RETURNING id", draft.ID)
	})
}
