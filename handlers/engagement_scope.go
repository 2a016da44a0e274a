package handlers

import (
	"context"
	"net/http"

	"assay/models"
	"assay/models/access"
	"assay/models/engagement"
	"assay/models/people"
	"assay/models/subservice"
	"assay/templates/engagements"
	"assay/web"
)

func (app *App) scopePage(w http.ResponseWriter, r *http.Request) error {
	return app.scopeAgain(w, r, http.StatusOK, nil)
}

// scopeAgain is the page with what a refused form of it said.
func (app *App) scopeAgain(w http.ResponseWriter, r *http.Request, code int, change func(*engagements.ScopeData)) error {
	d, err := read(app, r, func(ctx context.Context, tx *models.Tx) (engagements.ScopeData, error) { return scopeData(ctx, tx, r) })
	if err != nil {
		return err
	}
	if change != nil {
		change(&d)
	}
	return app.page(w, r, code, engagements.Scope(d))
}

func scopeData(ctx context.Context, tx *models.Tx, r *http.Request) (d engagements.ScopeData, err error) {
	if d.Engagement, err = engagement.BySlug(ctx, tx, web.Param(r, "engagement")); err != nil {
		return d, err
	}
	e := d.Engagement
	d.Scope, d.Manage = engagements.ScopeOf(e.Criteria), tx.Actor.Can(access.EngagementManage)
	if d.Rounds, err = engagement.Rounds(ctx, tx, e.ID); err != nil {
		return d, err
	}
	all, err := engagement.Proposals(ctx, tx, e.ID)
	if err != nil {
		return d, err
	}
	for _, p := range all {
		if p.Status == engagement.Open {
			d.Open = p
		} else {
			d.Past = append(d.Past, p)
		}
	}
	if d.People, err = people.Named(ctx, tx, speakers(all)...); err != nil {
		return d, err
	}
	if e.Status != engagement.Fieldwork {
		return d, nil
	}
	if d.Side, err = sideOf(ctx, tx, e); err != nil {
		return d, err
	}
	lead, ok, err := engagement.LeadOf(ctx, tx, e.ID)
	d.LeadWrites = ok && lead.Fieldwork()
	return d, err
}

// sideOf is the side that the visitor answers for, or "".
func sideOf(ctx context.Context, tx *models.Tx, e engagement.Engagement) (engagement.Side, error) {
	if !tx.Actor.Can(access.ScopeSettle) {
		return "", nil
	}
	side, err := engagement.SideOf(ctx, tx, e)
	if models.KindOf(err) == models.KindForbidden {
		return "", nil
	}
	return side, err
}

func speakers(list []engagement.Proposal) (ids []int64) {
	for _, p := range list {
		for _, id := range []*int64{p.CompanyID, p.AuditorID, p.EnteredBy} {
			if id != nil {
				ids = append(ids, *id)
			}
		}
	}
	return ids
}

// inEngagement runs a verb on the engagement in the address. It goes on to the page at,
// or shows what was wrong with again.
func (app *App) inEngagement(w http.ResponseWriter, r *http.Request, f *web.Values, at, said string,
	again func(code int, refused map[string]string) error, verb func(context.Context, *models.Tx, engagement.Engagement) error,
) error {
	err := f.Err()
	if err == nil {
		_, err = write(app, r, func(ctx context.Context, tx *models.Tx) (int, error) {
			e, err := engagement.BySlug(ctx, tx, web.Param(r, "engagement"))
			if err != nil {
				return 0, err
			}
			return 0, verb(ctx, tx, e)
		})
	}
	if refused := web.Errors(err); refused != nil {
		return again(web.Status(err), refused)
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "ok", said)
	return web.SeeOther(w, r, "/engagements/"+web.Param(r, "engagement")+at)
}

// onScope is inEngagement for the forms of the page Scope. asked is the one that was sent.
func (app *App) onScope(w http.ResponseWriter, r *http.Request, f *web.Values, asked, said string,
	verb func(context.Context, *models.Tx, engagement.Engagement) error,
) error {
	again := func(code int, refused map[string]string) error {
		return app.scopeAgain(w, r, code, func(d *engagements.ScopeData) { d.Typed, d.Errors, d.Asked = f.All(), refused, asked })
	}
	return app.inEngagement(w, r, f, "/scope", said, again, verb)
}

// scopePropose is the form, with what is in scope now.
func (app *App) scopePropose(w http.ResponseWriter, r *http.Request) error {
	e, err := read(app, r, func(ctx context.Context, tx *models.Tx) (engagement.Engagement, error) {
		e, err := engagement.BySlug(ctx, tx, web.Param(r, "engagement"))
		if err != nil {
			return e, err
		}
		_, err = engagement.SideOf(ctx, tx, e)
		return e, err
	})
	if err != nil {
		return err
	}
	d := engagements.FormData{Slug: e.Slug, Rev: e.Rev, Terms: e.Terms()}
	d.Categories, d.Left = engagements.Choice(e.Criteria)
	return app.page(w, r, http.StatusOK, engagements.Propose(d))
}

func (app *App) scopeProposed(w http.ResponseWriter, r *http.Request) error {
	f := web.Form(r)
	d := engagementForm(f)
	d.Slug, d.Reason = web.Param(r, "engagement"), f.Text("reason", 1000)
	again := func(code int, refused map[string]string) error {
		e, err := app.engagementOf(r)
		if err != nil {
			return err
		}
		d.Terms.Name, d.Errors = e.Name, refused
		return app.page(w, r, code, engagements.Propose(d))
	}
	return app.inEngagement(w, r, f, "/scope", "The change is proposed. It takes effect when the other side agrees.", again, func(ctx context.Context, tx *models.Tx, e engagement.Engagement) error {
		return engagement.Propose(ctx, tx, e, d.Terms, d.Reason)
	})
}

// proposalAt finds the proposal of the address, as the visitor saw it.
func proposalAt(ctx context.Context, tx *models.Tx, r *http.Request, e engagement.Engagement, seen int64) (engagement.Proposal, error) {
	id, err := web.ID(r, "proposal")
	if err != nil {
		return engagement.Proposal{}, err
	}
	p, err := engagement.ProposalOf(ctx, tx, e, id)
	p.Rev = seen
	return p, err
}

func (app *App) scopeAgree(w http.ResponseWriter, r *http.Request) error {
	f := web.Form(r)
	seen, letter := f.Rev(), f.Line("letter", 300)
	return app.onScope(w, r, f, "agree", "The scope is changed, as both sides agreed.", func(ctx context.Context, tx *models.Tx, e engagement.Engagement) error {
		p, err := proposalAt(ctx, tx, r, e, seen)
		if err != nil {
			return err
		}
		if p.Subject == engagement.OfSubservice {
			return subservice.Agree(ctx, tx, e, p, letter)
		}
		return engagement.Agree(ctx, tx, e, p, letter)
	})
}

func (app *App) scopeDecline(w http.ResponseWriter, r *http.Request) error {
	f := web.Form(r)
	seen, answer := f.Rev(), f.Text("answer", 1000)
	return app.onScope(w, r, f, "decline", "The scope stays as it is.", func(ctx context.Context, tx *models.Tx, e engagement.Engagement) error {
		p, err := proposalAt(ctx, tx, r, e, seen)
		if err != nil {
			return err
		}
		return engagement.Decline(ctx, tx, e, p, answer)
	})
}

func roundForm(f *web.Values) engagement.Round {
	return engagement.Round{
		Kind: engagement.RoundKind(f.Line("round_kind", 20)), Name: f.Line("round_name", 120), FromOn: f.Date("from_on"), ToOn: f.Date("to_on"),
	}
}

func (app *App) roundPlan(w http.ResponseWriter, r *http.Request) error {
	f := web.Form(r)
	round := roundForm(f)
	return app.onScope(w, r, f, "round-new", "The round is planned.", func(ctx context.Context, tx *models.Tx, e engagement.Engagement) error {
		return engagement.PlanRound(ctx, tx, e, round)
	})
}

func (app *App) roundChange(w http.ResponseWriter, r *http.Request) error {
	id, err := web.ID(r, "round")
	if err != nil {
		return err
	}
	f := web.Form(r)
	round := roundForm(f)
	round.ID, round.Rev = id, f.Rev()
	return app.onScope(w, r, f, "round-"+web.Param(r, "round"), "The round is changed.", func(ctx context.Context, tx *models.Tx, e engagement.Engagement) error {
		return engagement.PlanRound(ctx, tx, e, round)
	})
}

func (app *App) roundDrop(w http.ResponseWriter, r *http.Request) error {
	id, err := web.ID(r, "round")
	if err != nil {
		return err
	}
	f := web.Form(r)
	seen := f.Rev()
	return app.onScope(w, r, f, "", "The round is taken out.", func(ctx context.Context, tx *models.Tx, e engagement.Engagement) error {
		return engagement.DropRound(ctx, tx, e, id, seen)
	})
}
