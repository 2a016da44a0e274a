package handlers

import (
	"context"
	"net/http"

	"assay/internal/jobs"
	"assay/models"
	"assay/models/job"
	"assay/models/people"
	"assay/web"
)

// grantRevoke is the job that gives back what a session had for asking the provider again.
const grantRevoke = "grant.revoke"

// giveBack has that done for the session of a request, which its person is leaving. The
// answer does not wait for the provider, and a provider that is away is asked later.
// Sessions that end otherwise keep out of it: with some providers a grant is the sitting
// itself, which the person may go on with.
func (app *App) giveBack(r *http.Request) error {
	s := web.SessionOf[people.Session](r)
	if app.OIDC == nil || app.Box == nil || s.ID == 0 {
		return nil
	}
	return app.DB.Bookkeep(r.Context(), func(tx *models.Tx) error {
		row, err := people.SessionByID(r.Context(), tx, s.PersonID, s.ID)
		if err != nil || row.Sealed == nil {
			return err
		}
		return job.Enqueue(r.Context(), tx, grantRevoke, row.Digest(), people.Session{TokenHash: row.TokenHash, Sealed: row.Sealed})
	})
}

// GrantRevoke is the work that does it.
func (app *App) GrantRevoke() jobs.Work {
	return jobs.Work{
		Kind: grantRevoke, Label: "Tell the identity provider that a sign-in is over", Attempts: 5,
		Do: func(ctx context.Context, r *jobs.Run) error {
			var s people.Session
			if err := r.Job.Read(&s); err != nil {
				return jobs.Hopeless(err)
			}
			grant, err := app.unsealed(s)
			if err != nil { // sealed under an earlier key, and so good for nobody
				return jobs.Hopeless(err)
			}
			return app.OIDC.Revoke(ctx, grant)
		},
	}
}
