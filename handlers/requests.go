package handlers

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/a-h/templ"

	"assay/internal/sheet"
	"assay/models"
	"assay/models/access"
	"assay/models/control"
	"assay/models/engagement"
	"assay/models/evidence"
	"assay/models/people"
	"assay/models/request"
	"assay/templates/requests"
	"assay/templates/ui"
	"assay/web"
)

const requestPageSize = 50

// requestList shows the requests of an engagement that the visitor may see.
func (app *App) requestList(w http.ResponseWriter, r *http.Request) error {
	d, err := read(app, r, func(ctx context.Context, tx *models.Tx) (requests.ListData, error) {
		return requestListData(ctx, tx, r)
	})
	if err != nil {
		return err
	}
	return app.page(w, r, http.StatusOK, requests.List(d))
}

// requestFilter reads the filter in the address.
func requestFilter(r *http.Request) request.Filter {
	q := web.Query(r)
	f := request.Filter{Control: q.Line("control", 40), DueFirst: q.Line("sort", 10) == "due"}
	switch state := q.Line("state", 20); {
	case state == "overdue":
		f.Overdue = true
	case state == "unassigned":
		f.Nobodys = true
	case request.Status(state).Valid():
		f.Status = request.Status(state)
	}
	if f.OwnerID = q.ID("owner"); q.Err() != nil {
		f.OwnerID = 0
	}
	return f
}

func requestListData(ctx context.Context, tx *models.Tx, r *http.Request) (d requests.ListData, err error) {
	if d.Engagement, err = engagement.BySlug(ctx, tx, web.Param(r, "engagement")); err != nil {
		return d, err
	}
	d.Query, d.Filter = r.URL.Query(), requestFilter(r)
	if d.Today, err = request.Today(d.Engagement, tx.Now); err != nil {
		return d, err
	}
	if d.Summary, err = request.Summarise(ctx, tx, d.Engagement); err != nil {
		return d, err
	}
	list, err := request.List(ctx, tx, d.Engagement, d.Filter, web.PageOf(r, requestPageSize))
	if err != nil {
		return d, err
	}
	d.Requests = list.Items
	d.Earlier, d.Later = evidenceCursors(r, list.Earlier, list.Later)
	var ids []int64
	for _, q := range d.Requests {
		if q.OwnerID != nil && !slices.Contains(ids, *q.OwnerID) {
			ids = append(ids, *q.OwnerID)
		}
	}
	if d.People, err = people.Named(ctx, tx, ids...); err != nil || !tx.Actor.Can(access.RequestRelease) {
		return d, err
	}
	d.Owners, err = answerers(ctx, tx)
	return d, err
}

// answerers are the people who can be asked.
func answerers(ctx context.Context, tx *models.Tx) ([]ui.Option, error) {
	list, err := people.Holders(ctx, tx, access.Owner, access.Compliance)
	var out []ui.Option
	for _, p := range list {
		if p.Status != people.Deactivated {
			out = append(out, ui.Option{Value: strconv.FormatInt(p.ID, 10), Label: p.Name})
		}
	}
	return out, err
}

// requestAt finds the engagement and the request of the address.
func requestAt(ctx context.Context, tx *models.Tx, r *http.Request) (engagement.Engagement, request.Request, error) {
	return request.Of(ctx, tx, web.Param(r, "engagement"), web.Param(r, "request"))
}

func (app *App) requestPage(w http.ResponseWriter, r *http.Request) error {
	return app.requestAgain(w, r, http.StatusOK, requests.Page, func(*requests.PageData) {})
}

// requestCheck is the release check as a page of its own: what would be shown, and what
// stands in the way.
func (app *App) requestCheck(w http.ResponseWriter, r *http.Request) error {
	return app.requestAgain(w, r, http.StatusOK, requests.Check, func(*requests.PageData) {})
}

// requestAgain is a page of the request with what a refused form of it said.
func (app *App) requestAgain(w http.ResponseWriter, r *http.Request, code int, draw func(requests.PageData) templ.Component, change func(*requests.PageData)) error {
	d, err := read(app, r, func(ctx context.Context, tx *models.Tx) (requests.PageData, error) { return requestData(ctx, tx, r) })
	if err != nil {
		return err
	}
	change(&d)
	return app.page(w, r, code, draw(d))
}

func requestData(ctx context.Context, tx *models.Tx, r *http.Request) (d requests.PageData, err error) {
	if d.Engagement, d.Request, err = requestAt(ctx, tx, r); err != nil {
		return d, err
	}
	d.Actor = tx.Actor
	if d.Today, err = request.Today(d.Engagement, tx.Now); err != nil {
		return d, err
	}
	d.Before, _ = strconv.ParseInt(r.URL.Query().Get("before"), 10, 64) // anything else is the end of the thread
	if m, err := strconv.ParseInt(r.URL.Query().Get("message"), 10, 64); err == nil && m > 0 {
		if d.Before, err = request.Until(ctx, tx, d.Request.ID, m); err != nil {
			return d, err
		}
	}
	parts, err := request.PartsOf(ctx, tx, d.Request.ID, d.Before)
	if err != nil {
		return d, err
	}
	d.Items, d.Answers, d.Steps, d.Thread, d.Earlier = parts.Items, parts.Answers, parts.Steps, parts.Thread, parts.Earlier
	if err = requestEvidence(ctx, tx, &d); err != nil {
		return d, err
	}
	if d.Releasing() {
		if d.Withheld, err = request.Withheld(ctx, tx, d.Engagement, d.Unreleased()); err != nil {
			return d, err
		}
	}
	return d, requestPeople(ctx, tx, &d)
}

// requestEvidence adds the evidence that answers, and what else the control has for who
// answers now.
func requestEvidence(ctx context.Context, tx *models.Tx, d *requests.PageData) error {
	d.Evidence = map[int64]evidence.Item{}
	var ids []int64
	for _, a := range d.Answers {
		if a.EvidenceID != nil {
			ids = append(ids, *a.EvidenceID)
		}
	}
	if len(ids) > 0 {
		list, err := models.Rows[evidence.Item](tx).Where("evidence.id IN ?", ids).Find(ctx)
		if err != nil {
			return err
		}
		for _, i := range list {
			d.Evidence[i.ID] = i
		}
	}
	if !d.Answering() || d.Request.ControlID == nil {
		return nil
	}
	list, err := evidence.List(ctx, tx, evidence.Filter{ControlID: *d.Request.ControlID}, models.Page{Limit: 40})
	for _, i := range list.Items {
		if i.Status != evidence.Withdrawn {
			d.Candidates = append(d.Candidates, i)
		}
	}
	return err
}

// requestPeople adds names, and who could decide or answer.
func requestPeople(ctx context.Context, tx *models.Tx, d *requests.PageData) (err error) {
	var team []engagement.Auditor
	if d.Importing() || d.Releasing() {
		if team, err = engagement.Grants(ctx, tx, d.Engagement.ID); err != nil {
			return err
		}
	}
	if d.Assigning() {
		if d.Owners, err = answerers(ctx, tx); err != nil {
			return err
		}
	}
	ids := []int64{d.Request.RequesterID, d.Request.EnteredBy}
	add := func(id *int64) {
		if id != nil {
			ids = append(ids, *id)
		}
	}
	add(d.Request.OwnerID)
	for _, s := range d.Steps {
		add(&s.TakenBy)
		add(s.AuditorID)
	}
	for _, m := range d.Thread {
		add(&m.AuthorID)
	}
	for _, a := range d.Answers {
		add(&a.AddedBy)
	}
	for _, g := range team {
		add(&g.PersonID)
	}
	slices.Sort(ids)
	d.People, err = people.Named(ctx, tx, slices.Compact(ids)...)
	d.Team = engagement.Named(team, d.People)
	return err
}

func (app *App) requestsCSV(w http.ResponseWriter, r *http.Request) error {
	return app.requestsExport(w, r, "csv", sheet.WriteCSV)
}

func (app *App) requestsXLSX(w http.ResponseWriter, r *http.Request) error {
	return app.requestsExport(w, r, "xlsx", requestBook)
}

// requestsExport writes exactly what the filter in the address shows, in its order.
func (app *App) requestsExport(w http.ResponseWriter, r *http.Request, ending string, write sheetWriter) error {
	e, err := app.engagementOf(r)
	if err != nil {
		return err
	}
	return app.export(w, r, e.Path()+"/requests", ending, func(ctx context.Context, tx *models.Tx) error {
		return write(w, request.Columns, request.Export(ctx, tx, e, requestFilter(r)))
	})
}

// proposalsShown is how many controls the page of proposals offers at once.
const proposalsShown = 25

// requestProposals offers what the controls in scope expect as evidence.
func (app *App) requestProposals(w http.ResponseWriter, r *http.Request) error {
	return app.proposalsAgain(w, r, http.StatusOK, nil, nil)
}

func (app *App) proposalsAgain(w http.ResponseWriter, r *http.Request, code int, f *web.Values, refused map[string]string) error {
	d, err := read(app, r, func(ctx context.Context, tx *models.Tx) (d requests.ProposalsData, err error) {
		if d.Engagement, err = engagement.BySlug(ctx, tx, web.Param(r, "engagement")); err != nil {
			return d, err
		}
		list, err := request.Proposals(ctx, tx, d.Engagement, web.PageOf(r, proposalsShown))
		if err != nil {
			return d, err
		}
		d.Proposals = list.Items
		d.Earlier, d.Later = evidenceCursors(r, list.Earlier, list.Later)
		d.Team, err = askingFor(ctx, tx, d.Engagement)
		return d, err
	})
	if err != nil {
		return err
	}
	if d.Errors = refused; f != nil {
		d.Typed, d.Chosen = f.All(), f.Texts("control")
	}
	if why := refused["control"]; why != "" && len(d.Proposals) == 0 { // there is no field to say it at
		d.Errors = map[string]string{"": why}
	}
	return app.page(w, r, code, requests.Proposals(d))
}

// askingFor are the auditors on whose behalf a compliance manager can write.
func askingFor(ctx context.Context, tx *models.Tx, e engagement.Engagement) ([]engagement.Teammate, error) {
	if !tx.Actor.Can(access.FieldworkImport) {
		return nil, nil
	}
	return engagement.Team(ctx, tx, e.ID)
}

func (app *App) requestPropose(w http.ResponseWriter, r *http.Request) error {
	f := web.Form(r)
	due, auditor, codes := f.Date("due_on"), f.ID("auditor"), f.Texts("control")
	err := f.Err()
	n := 0
	if err == nil {
		n, err = write(app, r, func(ctx context.Context, tx *models.Tx) (int, error) {
			e, err := engagement.BySlug(ctx, tx, web.Param(r, "engagement"))
			if err != nil {
				return 0, err
			}
			return request.WriteProposed(ctx, tx, e, codes, due, auditor)
		})
	}
	if refused := web.Errors(err); refused != nil {
		return app.proposalsAgain(w, r, web.Status(err), f, refused)
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "ok", "Drafts written: "+strconv.Itoa(n)+". Nobody is asked before you open them.")
	return web.SeeOther(w, r, "/engagements/"+web.Param(r, "engagement")+"/requests?"+url.Values{"state": {"draft"}}.Encode())
}

// controlOf reads a control's id from a form; none is fine.
func controlOf(ctx context.Context, tx *models.Tx, code string) (*int64, error) {
	if code == "" {
		return nil, nil //nolint:nilnil // a request need not be about a control
	}
	c, err := control.ByCode(ctx, tx, code)
	if models.KindOf(err) == models.KindNotFound {
		err = models.Invalid(map[string]string{"control": "No control has the id " + code + "."})
	}
	return &c.ID, err
}
