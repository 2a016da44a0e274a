package handlers_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"

	"assay/handlers/handlerstest"
	"assay/internal/jobs"
	"assay/internal/tlog"
	"assay/models"
	"assay/models/access"
	"assay/models/job"
	"assay/models/modelstest"
)

// TestTheJobsPage: what failed says why, and an administrator has it tried again.
func TestTheJobsPage(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := handlerstest.New(t, db)
		ada := modelstest.Person(t, db, access.Administrator)
		s.Get(ada, "/settings/jobs").Want(http.StatusOK).Has("No server has run yet", "No jobs here")
		broken := true
		works := append(jobs.Clock(), jobs.Work{Kind: "mail.send", Label: "Send a mail", Do: func(_ context.Context, r *jobs.Run) error {
			if broken {
				return jobs.Hopeless(errors.New("550 no such user <here>"))
			}
			r.Said = "sent"
			return nil
		}})
		signer, err := tlog.LoadSigner(t.TempDir()+"/key", "assay/test")
		if err != nil {
			t.Fatal(err)
		}
		works = append(works, jobs.Checkpoints(db, signer))
		w := jobs.New(db, works...)
		s.App.JobLabel, s.App.JobWaits = w.Label, w.Waits
		var id int64
		err = db.Bookkeep(t.Context(), func(tx *models.Tx) error { return job.Enqueue(t.Context(), tx, "mail.send", "7", nil) })
		if err := errors.Join(err, w.Stand(t.Context()), w.Drain(t.Context())); err != nil {
			t.Fatal(err)
		}
		s.Get(ada, "/settings/jobs?state=dead").Want(http.StatusOK).
			Has("One job was given up on", "Send a mail 7", "550 no such user <here>", "Put approved control versions into effect", "Given up", "Try again",
				"Sign the head of the log", "leaves under a signature", "when something was written")
		modelstest.Look(t, db, access.Clock, func(ctx context.Context, tx *models.Tx) (err error) {
			id, err = models.Value[int64](ctx, tx, "SELECT id FROM jobs WHERE kind = 'mail.send'")
			return err
		})
		retry := fmt.Sprintf("/settings/jobs/%d/retry", id)
		s.Post(modelstest.Person(t, db, access.Compliance), retry).Want(http.StatusNotFound)
		s.Post(ada, "/settings/jobs/999/retry").Want(http.StatusNotFound)
		broken = false
		s.Post(ada, retry).Want(http.StatusSeeOther)
		if err := w.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.Get(ada, "/settings/jobs").Has("sent", "Done").Lacks("given up on")
		s.Post(ada, retry).Want(http.StatusConflict).Has("nothing to try again")
		s.Get(ada, "/activity").Has("had a job tried again")
	})
}
