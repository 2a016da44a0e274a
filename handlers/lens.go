package handlers

import (
	"context"
	"net/http"

	"assay/models"
	"assay/models/access"
	"assay/models/engagement"
	"assay/models/programme"
	"assay/templates/engagements"
	"assay/templates/ui"
	"assay/web"
)

// lensKey is where a request that looks as an auditor keeps who looks.
type lensKey struct{}

// A lens is somebody of the company who looks as the auditors of an engagement do.
type lens struct {
	who        access.Actor
	engagement engagement.Engagement
}

// through lets a compliance manager open a page of an engagement with ?as=auditor: it is
// then read, and drawn, as for an auditor without a name to whom only that engagement is
// open. Such an actor can do nothing, and sees nothing that is the firm's own. That
// somebody looked is logged before they see anything.
func (app *App) through(page web.Handler) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		who := web.ActorOf(r)
		if r.URL.Query().Get("as") != "auditor" || !who.Can(access.RequestRelease) {
			return page(w, r)
		}
		e, err := app.engagementOf(r)
		if err != nil {
			return err
		}
		if err := app.DB.Observe(r.Context(), who, "engagement.view_as_auditor", e.Path(), models.Note{"path": r.URL.Path}); err != nil {
			return err
		}
		ctx := context.WithValue(r.Context(), lensKey{}, lens{who, e})
		return page(w, r.WithContext(web.WithActor(ctx, e.Viewer())))
	}
}

// throughLens is what surrounds a page that is looked at as an auditor: whoever looks, the
// engagement, and nothing that waits for them elsewhere.
func (app *App) throughLens(r *http.Request, l lens) (ui.Shell, error) {
	s := app.bare(r, l.who)
	err := app.DB.Read(r.Context(), l.who, func(tx *models.Tx) error {
		p, err := programme.Current(r.Context(), tx)
		if err == nil {
			s.Company, s.Now = p.Company, s.Now.In(p.Location())
			s.Engagement = engagements.Examination(l.engagement, tx.Now)
		}
		return err
	})
	s.Actor = l.engagement.Viewer()
	s.Actor.Name = l.who.Name
	s.Banner = "You see " + l.engagement.Name + " as its auditors do: what is released to them, and nothing they can do. Their own drafts and notes stay theirs. That you looked is recorded."
	s.Lens, s.Leave = "?as=auditor", r.URL.Path
	return s, err
}
