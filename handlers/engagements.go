package handlers

import (
	"context"
	"net/http"
	"slices"

	"assay/models"
	"assay/models/access"
	"assay/models/activity"
	"assay/models/control"
	"assay/models/engagement"
	"assay/models/evidence"
	"assay/models/finding"
	"assay/models/freeze"
	"assay/models/programme"
	"assay/models/rollforward"
	"assay/templates/engagements"
	"assay/templates/ui"
	"assay/web"
)

const engagementPageSize = 100

// engagementList is the home of an auditor. With one engagement open to them, that is
// where they wanted to go.
func (app *App) engagementList(w http.ResponseWriter, r *http.Request) error {
	d, err := read(app, r, func(ctx context.Context, tx *models.Tx) (d engagements.ListData, err error) {
		d.Open = map[int64]bool{}
		if d.Items, err = engagement.List(ctx, tx); err != nil {
			return d, err
		}
		for _, e := range d.Items {
			if d.Open[e.ID], err = e.OpenNow(tx); err != nil {
				return d, err
			}
		}
		return d, nil
	})
	if err != nil {
		return err
	}
	if web.ActorOf(r).Role == access.Auditor && len(d.Items) == 1 {
		return web.SeeOther(w, r, "/"+d.Items[0].Path())
	}
	return app.page(w, r, http.StatusOK, engagements.List(d))
}

// engagementNew suggests the programme's zone and categories.
func (app *App) engagementNew(w http.ResponseWriter, r *http.Request) error {
	d, err := read(app, r, func(ctx context.Context, tx *models.Tx) (engagements.FormData, error) {
		p, err := programme.Current(ctx, tx)
		return engagements.FormData{Terms: engagement.Terms{Kind: engagement.TypeII, Zone: p.Zone}, Categories: p.Categories}, err
	})
	if err != nil {
		return err
	}
	return app.page(w, r, http.StatusOK, engagements.Form(d))
}

func engagementForm(f *web.Values) engagements.FormData {
	d := engagements.FormData{Rev: f.Rev(), Categories: f.Texts("criteria"), Left: f.Texts("left_out")}
	d.Terms = engagement.Terms{
		Name: f.Line("name", 120), Firm: f.Line("firm", 120), Kind: engagement.Kind(f.Line("kind", 20)),
		PeriodStart: f.Date("period_start"), PeriodEnd: f.Date("period_end"), Zone: f.Line("zone", 60),
		OpensOn: f.Date("opens_on"), ClosesOn: f.Date("closes_on"),
	}
	d.Terms.Systems, d.Terms.Boundary = engagements.Systems(f.Lines("systems", 4000)), f.Text("boundary", 4000)
	if len(d.Categories) > 0 {
		d.Terms.Criteria = engagements.Chosen(d.Categories, d.Left)
	}
	return d
}

func (app *App) engagementCreate(w http.ResponseWriter, r *http.Request) error {
	f := web.Form(r)
	d := engagementForm(f)
	err := f.Err()
	var e engagement.Engagement
	if err == nil {
		e, err = write(app, r, func(ctx context.Context, tx *models.Tx) (engagement.Engagement, error) {
			return engagement.Create(ctx, tx, d.Terms)
		})
	}
	if d.Errors = web.Errors(err); d.Errors != nil {
		return app.page(w, r, web.Status(err), engagements.Form(d))
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "ok", e.Name+" is set up. Nobody from outside can look until you name an auditor.")
	return web.SeeOther(w, r, "/"+e.Path())
}

func (app *App) engagementEdit(w http.ResponseWriter, r *http.Request) error {
	e, err := app.engagementOf(r)
	if err != nil {
		return err
	}
	d := engagements.FormData{Slug: e.Slug, Rev: e.Rev, Terms: e.Terms(), Settled: !e.Status.ScopeOpen(), Frozen: e.Status != engagement.Fieldwork}
	d.Categories, d.Left = engagements.Choice(e.Criteria)
	return app.page(w, r, http.StatusOK, engagements.Form(d))
}

func (app *App) engagementChange(w http.ResponseWriter, r *http.Request) error {
	e, err := app.engagementOf(r)
	if err != nil {
		return err
	}
	f := web.Form(r)
	d := engagementForm(f)
	d.Slug, d.Settled, d.Frozen = e.Slug, !e.Status.ScopeOpen(), e.Status != engagement.Fieldwork
	if d.Settled { // the form did not ask for it
		d.Terms = e.Terms().Except(d.Terms)
	}
	if err = f.Err(); err == nil {
		e.Rev = d.Rev
		_, err = write(app, r, func(ctx context.Context, tx *models.Tx) (int, error) {
			return 0, engagement.Change(ctx, tx, &e, d.Terms)
		})
	}
	if d.Errors = web.Errors(err); d.Errors != nil {
		return app.page(w, r, web.Status(err), engagements.Form(d))
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "ok", "The changes are saved.")
	return web.SeeOther(w, r, "/"+e.Path())
}

func (app *App) engagementOf(r *http.Request) (engagement.Engagement, error) {
	return read(app, r, func(ctx context.Context, tx *models.Tx) (engagement.Engagement, error) {
		return engagement.BySlug(ctx, tx, web.Param(r, "engagement"))
	})
}

func (app *App) engagementPage(w http.ResponseWriter, r *http.Request) error {
	d, err := read(app, r, func(ctx context.Context, tx *models.Tx) (engagements.PageData, error) {
		return engagementData(ctx, tx, r)
	})
	if err != nil {
		return err
	}
	return app.page(w, r, http.StatusOK, engagements.Page(d))
}

// engagementData reads the page. What the auditors of the engagement can see is asked as
// one of them, so that the company never reads another number than they do.
func engagementData(ctx context.Context, tx *models.Tx, r *http.Request) (d engagements.PageData, err error) {
	e, err := engagement.BySlug(ctx, tx, web.Param(r, "engagement"))
	if err != nil {
		return d, err
	}
	d = engagements.PageData{
		Engagement: e, Now: tx.Now, Part: string(engagement.Member),
		Manage: tx.Actor.Can(access.EngagementManage),
	}
	zone, err := e.Location()
	if err != nil {
		return d, err
	}
	d.Opens, d.Closes = e.Window().Instants(zone)
	if d.Open, err = e.OpenNow(tx); err != nil {
		return d, err
	}
	viewer := e.Viewer()
	var seen []finding.Finding
	var totals []engagements.Totals
	beside := []models.Reading{engagementFindings(tx, viewer, &seen), scopeTotals(viewer, &totals)}
	if e.PriorID != nil && tx.Actor.Can(access.DeliverableView) {
		d.OpensCarried = tx.Actor.Company()
		beside = append(beside, models.Into(rollforward.CarriedInto(tx, e.ID), &d.Carried))
	}
	s, err := engagement.StandingOf(ctx, tx, e, d.Manage, beside...)
	if err != nil {
		return d, err
	}
	d.Team, d.Rounds, d.Proposal, d.Candidates = s.Team, s.Rounds, s.Proposal, s.Candidates
	d.Findings, d.Total = findingLines(seen), totals[0]
	return d, fillScope(ctx, tx, r, viewer, &d)
}

// engagementHistory is what happened to the engagement, for those who read the log.
func (app *App) engagementHistory(w http.ResponseWriter, r *http.Request) error {
	var e engagement.Engagement
	feed, err := read(app, r, func(ctx context.Context, tx *models.Tx) (_ []activity.Entry, err error) {
		if e, err = engagement.BySlug(ctx, tx, web.Param(r, "engagement")); err != nil {
			return nil, err
		}
		return activity.For(ctx, tx, e.Path())
	})
	if err != nil {
		return err
	}
	return app.page(w, r, http.StatusOK, engagements.History(e, feed))
}

// fillScope adds the controls that are in scope, with their evidence.
func fillScope(ctx context.Context, tx *models.Tx, r *http.Request, viewer access.Actor, d *engagements.PageData) error {
	cond, args := control.Control{}.VisibleTo(viewer)
	list, err := models.Keyset(ctx, models.Rows[control.Row](tx).Where(cond, args...), models.Sort{Columns: []string{"code"}},
		web.PageOf(r, engagementPageSize), func(c control.Row) []any { return []any{c.Code} })
	if err != nil {
		return err
	}
	d.Earlier, d.Later = evidenceCursors(r, list.Earlier, list.Later)
	d.Controls, err = scopeLines(ctx, tx, viewer, list.Items)
	return err
}

// engagementFindings are the newest findings of the engagement, as its auditors see them.
func engagementFindings(tx *models.Tx, viewer access.Actor, into *[]finding.Finding) models.Reading {
	cond, args := finding.Finding{}.VisibleTo(viewer)
	return models.Into(models.Rows[finding.Finding](tx).Where(cond, args...).Order("findings.id DESC").Limit(50), into)
}

func findingLines(list []finding.Finding) (out []engagements.FindingLine) {
	for _, f := range list {
		state := ui.Exception
		if !f.Status.Open() {
			state = ui.OK
		}
		out = append(out, engagements.FindingLine{
			Code: f.Code(), Path: f.Path(), Title: f.Title, Severity: f.Severity.Label(), Status: f.Status.Label(), State: state,
		})
	}
	return out
}

func scopeLines(ctx context.Context, tx *models.Tx, viewer access.Actor, controls []control.Row) ([]engagements.ControlLine, error) {
	var ids, owners []int64
	for _, c := range controls {
		ids = append(ids, c.ID)
		if c.OwnerID != nil {
			owners = append(owners, *c.OwnerID)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	slices.Sort(owners)
	names, err := control.Named(ctx, tx, slices.Compact(owners)...)
	if err != nil {
		return nil, err
	}
	type count struct {
		ControlID int64
		N         int
	}
	cond, args := evidence.Item{}.VisibleTo(viewer)
	counts, err := models.Raw[count](ctx, tx, "SELECT control_id, count(*) AS n FROM evidence WHERE control_id IN ? AND "+cond+" GROUP BY control_id",
		append([]any{ids}, args...)...)
	if err != nil {
		return nil, err
	}
	n := map[int64]int{}
	for _, c := range counts {
		n[c.ControlID] = c.N
	}
	lines := make([]engagements.ControlLine, len(controls))
	for i, c := range controls {
		lines[i] = engagements.ControlLine{Row: c, Evidence: n[c.ID]}
		if c.OwnerID != nil {
			lines[i].Owner = names[*c.OwnerID]
		}
	}
	return lines, nil
}

// scopeTotals counts what the auditors of the engagement see.
func scopeTotals(viewer access.Actor, into *[]engagements.Totals) models.Reading {
	controls, inControls := control.Control{}.VisibleTo(viewer)
	items, inItems := evidence.Item{}.VisibleTo(viewer)
	findings, inFindings := finding.Finding{}.VisibleTo(viewer)
	return models.RawInto(into, "",
		"SELECT (SELECT count(*) FROM controls WHERE "+controls+") AS controls, (SELECT count(*) FROM evidence WHERE "+items+") AS evidence, (SELECT count(*) FROM findings WHERE "+findings+") AS findings",
		slices.Concat(inControls, inItems, inFindings)...)
}

// engagementAct runs a verb on the engagement in the address and goes back to its page,
// or shows the page again with what was wrong.
func (app *App) engagementAct(w http.ResponseWriter, r *http.Request, f *web.Values, said string,
	again func(*engagements.PageData), verb func(context.Context, *models.Tx, engagement.Engagement) error,
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
	if errs := web.Errors(err); errs != nil {
		d, failed := read(app, r, func(ctx context.Context, tx *models.Tx) (engagements.PageData, error) {
			return engagementData(ctx, tx, r)
		})
		if failed != nil {
			return failed
		}
		d.Errors = errs
		again(&d)
		return app.page(w, r, web.Status(err), engagements.Page(d))
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "ok", said)
	return web.SeeOther(w, r, "/engagements/"+web.Param(r, "engagement"))
}

func (app *App) engagementMove(w http.ResponseWriter, r *http.Request) error {
	f := web.Form(r)
	rev, to, reason := f.Rev(), engagement.Status(f.Line("to", 20)), f.Text("reason", 1000)
	again := func(d *engagements.PageData) { d.Opened, d.Reason = to, reason }
	return app.engagementAct(w, r, f, "The engagement is in "+to.Label()+" now.", again, func(ctx context.Context, tx *models.Tx, e engagement.Engagement) error {
		e.Rev = rev
		if to == engagement.Reporting {
			return freeze.Report(ctx, tx, &e, reason)
		}
		return engagement.Move(ctx, tx, &e, to, reason)
	})
}

func (app *App) engagementAddAuditor(w http.ResponseWriter, r *http.Request) error {
	f := web.Form(r)
	person, part := f.ID("person"), engagement.Part(f.Line("part", 20))
	again := func(d *engagements.PageData) { d.Part = string(part) }
	return app.engagementAct(w, r, f, "Access is given. It holds while the window is open.", again, func(ctx context.Context, tx *models.Tx, e engagement.Engagement) error {
		return engagement.AddAuditor(ctx, tx, e, person, part)
	})
}

func (app *App) engagementRemoveAuditor(w http.ResponseWriter, r *http.Request) error {
	grant, err := web.ID(r, "grant")
	if err != nil {
		return err
	}
	f := web.Form(r)
	rev := f.Rev()
	return app.engagementAct(w, r, f, "Their access has ended.", func(*engagements.PageData) {}, func(ctx context.Context, tx *models.Tx, e engagement.Engagement) error {
		return engagement.RemoveAuditor(ctx, tx, e, grant, rev)
	})
}

// engagementFieldwork lets an auditor write the engagement's own objects, or ends that.
func (app *App) engagementFieldwork(w http.ResponseWriter, r *http.Request) error {
	grant, err := web.ID(r, "grant")
	if err != nil {
		return err
	}
	f := web.Form(r)
	rev, give := f.Rev(), f.Line("do", 10) == "grant"
	said, verb := "They only read again.", engagement.RevokeFieldwork
	if give {
		said, verb = "They may write requests, samples, results and notes of this engagement.", engagement.GrantFieldwork
	}
	return app.engagementAct(w, r, f, said, func(*engagements.PageData) {}, func(ctx context.Context, tx *models.Tx, e engagement.Engagement) error {
		return verb(ctx, tx, e, grant, rev)
	})
}
