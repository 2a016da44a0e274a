package handlers

import (
	"context"
	"net/http"
	"strings"

	"assay/internal/docx"
	"assay/internal/sheet"
	"assay/models"
	"assay/models/access"
	"assay/models/control"
	"assay/models/engagement"
	"assay/models/evidence"
	"assay/models/subservice"
	"assay/templates/subservices"
	"assay/web"
)

// mayScope says whether the visitor changes subservice organisations alone, or proposes it.
func mayScope(ctx context.Context, tx *models.Tx, e engagement.Engagement) (alone, propose bool, err error) {
	if e.Status.ScopeOpen() {
		return tx.Actor.Company() && tx.Actor.Can(access.EngagementManage), false, nil
	}
	if e.Status != engagement.Fieldwork {
		return false, false, nil
	}
	side, err := sideOf(ctx, tx, e)
	return false, side != "", err
}

// mayList says whether the visitor changes what is no scope.
func mayList(tx *models.Tx, e engagement.Engagement) bool {
	return tx.Actor.Company() && tx.Actor.Can(access.EngagementManage) && (e.Status.ScopeOpen() || e.Status == engagement.Fieldwork)
}

func (app *App) subserviceList(w http.ResponseWriter, r *http.Request) error {
	d, err := read(app, r, func(ctx context.Context, tx *models.Tx) (d subservices.ListData, err error) {
		if d.Engagement, err = engagement.BySlug(ctx, tx, web.Param(r, "engagement")); err != nil {
			return d, err
		}
		alone, propose, err := mayScope(ctx, tx, d.Engagement)
		if err != nil {
			return d, err
		}
		d.Add = alone || propose
		if d.Organisations, err = subservice.Organisations(ctx, tx, d.Engagement.ID); err != nil {
			return d, err
		}
		d.Complements, err = subservice.Complements(ctx, tx, d.Engagement.ID)
		return d, err
	})
	if err != nil {
		return err
	}
	return app.page(w, r, http.StatusOK, subservices.List(d))
}

func (app *App) subserviceNew(w http.ResponseWriter, r *http.Request) error {
	return app.subserviceNewAgain(w, r, http.StatusOK, subservices.Form{})
}

func (app *App) subserviceNewAgain(w http.ResponseWriter, r *http.Request, code int, f subservices.Form) error {
	d, err := read(app, r, func(ctx context.Context, tx *models.Tx) (d subservices.NewData, err error) {
		if d.Engagement, err = engagement.BySlug(ctx, tx, web.Param(r, "engagement")); err != nil {
			return d, err
		}
		_, d.Propose, err = mayScope(ctx, tx, d.Engagement)
		return d, err
	})
	if err != nil {
		return err
	}
	d.Form = f
	return app.page(w, r, code, subservices.New(d))
}

func subserviceTerms(f *web.Values) subservice.Terms {
	return subservice.Terms{Name: f.Line("name", 120), Services: f.Text("services", 2000), Method: subservice.Method(f.Line("method", 20))}
}

func (app *App) subserviceAdd(w http.ResponseWriter, r *http.Request) error {
	f := web.Form(r)
	t := subserviceTerms(f)
	return app.inEngagement(w, r, f, "/deliverables/subservice", t.Name+" is named. Record its report, and which control of ours monitors it.", app.newRefused(w, r, f),
		func(ctx context.Context, tx *models.Tx, e engagement.Engagement) error {
			_, err := subservice.Add(ctx, tx, e, t)
			return err
		})
}

func (app *App) subserviceProposeNew(w http.ResponseWriter, r *http.Request) error {
	f := web.Form(r)
	t, reason := subserviceTerms(f), f.Text("reason", 1000)
	return app.inEngagement(w, r, f, "/scope", "The change is proposed. It takes effect when the other side agrees.", app.newRefused(w, r, f),
		func(ctx context.Context, tx *models.Tx, e engagement.Engagement) error {
			return subservice.Propose(ctx, tx, e, nil, t, false, reason)
		})
}

func (app *App) newRefused(w http.ResponseWriter, r *http.Request, f *web.Values) func(int, map[string]string) error {
	return func(code int, refused map[string]string) error {
		return app.subserviceNewAgain(w, r, code, subservices.Form{Asked: "scope", Typed: f.All(), Errors: refused})
	}
}

func (app *App) subservicePage(w http.ResponseWriter, r *http.Request) error {
	return app.subserviceAgain(w, r, http.StatusOK, web.Param(r, "organisation"), subservices.Form{})
}

func (app *App) subserviceAgain(w http.ResponseWriter, r *http.Request, code int, organisation string, f subservices.Form) error {
	d, err := read(app, r, func(ctx context.Context, tx *models.Tx) (d subservices.PageData, err error) {
		if d.Engagement, err = engagement.BySlug(ctx, tx, web.Param(r, "engagement")); err != nil {
			return d, err
		}
		if d.Organisation, err = subservice.ByCode(ctx, tx, d.Engagement.ID, organisation); err != nil {
			return d, err
		}
		return d, fillSubservice(ctx, tx, &d)
	})
	if err != nil {
		return err
	}
	d.Form = f
	return app.page(w, r, code, subservices.Page(d))
}

func fillSubservice(ctx context.Context, tx *models.Tx, d *subservices.PageData) error {
	o := d.Organisation
	all, err := subservice.Complements(ctx, tx, d.Engagement.ID)
	if err != nil {
		return err
	}
	for _, c := range all {
		if c.OrganisationID != nil && *c.OrganisationID == o.ID {
			d.Complements = append(d.Complements, c)
		}
	}
	if len(o.Monitors) > 0 {
		if d.Monitors, err = models.Rows[control.Control](tx).Where("controls.code IN ?", []string(o.Monitors)).Find(ctx); err != nil {
			return err
		}
	}
	if o.ReportEvidenceID != nil && tx.Actor.Can(access.EvidenceView) {
		item, err := evidence.ByID(ctx, tx, *o.ReportEvidenceID)
		if err == nil {
			d.Evidence = &item
		} else if models.KindOf(err) != models.KindNotFound {
			return err
		}
	}
	if !o.InScope() {
		return nil
	}
	d.Edit = mayList(tx, d.Engagement)
	d.Scope, d.Propose, err = mayScope(ctx, tx, d.Engagement)
	return err
}

// onSubservice runs a verb on the organisation in the address. asked is the form.
func (app *App) onSubservice(w http.ResponseWriter, r *http.Request, f *web.Values, asked, at, said string,
	verb func(context.Context, *models.Tx, engagement.Engagement, *subservice.Organisation) error,
) error {
	code := web.Param(r, "organisation")
	again := func(status int, refused map[string]string) error {
		return app.subserviceAgain(w, r, status, code, subservices.Form{Asked: asked, Typed: f.All(), Errors: refused})
	}
	return app.inEngagement(w, r, f, at, said, again, func(ctx context.Context, tx *models.Tx, e engagement.Engagement) error {
		o, err := subservice.ByCode(ctx, tx, e.ID, code)
		if err != nil {
			return err
		}
		return verb(ctx, tx, e, &o)
	})
}

func subserviceAt(r *http.Request) string {
	return "/deliverables/subservice/" + web.Param(r, "organisation")
}

func (app *App) subserviceChange(w http.ResponseWriter, r *http.Request) error {
	f := web.Form(r)
	seen, t := f.Rev(), subserviceTerms(f)
	return app.onSubservice(w, r, f, "scope", subserviceAt(r), "The organisation is changed.", func(ctx context.Context, tx *models.Tx, e engagement.Engagement, o *subservice.Organisation) error {
		o.Rev = seen
		return subservice.Change(ctx, tx, e, o, t)
	})
}

func (app *App) subservicePropose(w http.ResponseWriter, r *http.Request) error {
	f := web.Form(r)
	out, reason, asked := f.Bool("out"), f.Text("reason", 1000), "scope"
	var t subservice.Terms
	if out {
		asked = "out"
	} else {
		t = subserviceTerms(f)
	}
	return app.onSubservice(w, r, f, asked, "/scope", "The change is proposed. It takes effect when the other side agrees.", func(ctx context.Context, tx *models.Tx, e engagement.Engagement, o *subservice.Organisation) error {
		return subservice.Propose(ctx, tx, e, o, t, out, reason)
	})
}

func (app *App) subserviceRemove(w http.ResponseWriter, r *http.Request) error {
	f := web.Form(r)
	seen := f.Rev()
	return app.onSubservice(w, r, f, "out", "/deliverables/subservice", "It is off the list.", func(ctx context.Context, tx *models.Tx, e engagement.Engagement, o *subservice.Organisation) error {
		o.Rev = seen
		return subservice.Remove(ctx, tx, e, o)
	})
}

func (app *App) subserviceRely(w http.ResponseWriter, r *http.Request) error {
	f := web.Form(r)
	seen, item := f.Rev(), strings.ToUpper(f.Line("evidence", 20))
	in := subservice.Reliance{
		ReportKind: subservice.ReportKind(f.Line("report_kind", 20)), ReportBy: f.Line("report_by", 120), ReportFrom: f.Date("report_from"), ReportTo: f.Date("report_to"),
		ReportDigest: f.Line("report_digest", 80), ReportNote: f.Text("report_note", 2000),
	}
	monitors := codesIn(f.Line("monitors", 400))
	return app.onSubservice(w, r, f, "rely", subserviceAt(r), "Report and monitoring are recorded.", func(ctx context.Context, tx *models.Tx, e engagement.Engagement, o *subservice.Organisation) (err error) {
		if in.ReportEvidenceID, err = namedRecord(item, "evidence", "No evidence has this code.", func() (int64, error) {
			i, err := evidence.ByCode(ctx, tx, item)
			return i.ID, err
		}); err != nil {
			return err
		}
		o.Rev = seen
		return subservice.Rely(ctx, tx, e, o, in, monitors)
	})
}

// codesIn are the codes of a line, however they are parted.
func codesIn(line string) []string {
	return strings.FieldsFunc(line, func(r rune) bool { return r == ' ' || r == ',' || r == ';' })
}

func complementForm(f *web.Values) subservice.Content {
	return subservice.Content{Text: f.Text("text", 2000), Criteria: codesIn(f.Line("criteria", 400)), Controls: codesIn(f.Line("controls", 400))}
}

func (app *App) subserviceExpect(w http.ResponseWriter, r *http.Request) error {
	f := web.Form(r)
	in := complementForm(f)
	return app.onSubservice(w, r, f, "csoc-new", subserviceAt(r), "The control is listed.", func(ctx context.Context, tx *models.Tx, e engagement.Engagement, o *subservice.Organisation) error {
		_, err := subservice.Expect(ctx, tx, e, o, in)
		return err
	})
}

func (app *App) cuecPage(w http.ResponseWriter, r *http.Request) error {
	return app.cuecAgain(w, r, http.StatusOK, subservices.Form{})
}

func (app *App) cuecAgain(w http.ResponseWriter, r *http.Request, code int, f subservices.Form) error {
	d, err := read(app, r, func(ctx context.Context, tx *models.Tx) (d subservices.UserData, err error) {
		if d.Engagement, err = engagement.BySlug(ctx, tx, web.Param(r, "engagement")); err != nil {
			return d, err
		}
		d.Edit = mayList(tx, d.Engagement)
		all, err := subservice.Complements(ctx, tx, d.Engagement.ID)
		for _, c := range all {
			if c.Kind == subservice.UserEntity {
				d.Complements = append(d.Complements, c)
			}
		}
		return d, err
	})
	if err != nil {
		return err
	}
	d.Form = f
	return app.page(w, r, code, subservices.Users(d))
}

func (app *App) cuecAdd(w http.ResponseWriter, r *http.Request) error {
	f := web.Form(r)
	in := complementForm(f)
	again := func(code int, refused map[string]string) error {
		return app.cuecAgain(w, r, code, subservices.Form{Asked: "cuec-new", Typed: f.All(), Errors: refused})
	}
	return app.inEngagement(w, r, f, "/deliverables/cuecs", "The control is listed.", again, func(ctx context.Context, tx *models.Tx, e engagement.Engagement) error {
		_, err := subservice.Expect(ctx, tx, e, nil, in)
		return err
	})
}

// onComplement runs a verb on the complementary control in the address and goes back to
// the list it is on.
func (app *App) onComplement(w http.ResponseWriter, r *http.Request, f *web.Values, said string,
	verb func(context.Context, *models.Tx, engagement.Engagement, *subservice.Complement) error,
) error {
	id, err := web.ID(r, "complement")
	if err != nil {
		return err
	}
	c, err := read(app, r, func(ctx context.Context, tx *models.Tx) (subservice.Complement, error) {
		e, err := engagement.BySlug(ctx, tx, web.Param(r, "engagement"))
		if err != nil {
			return subservice.Complement{}, err
		}
		return subservice.ComplementOf(ctx, tx, e.ID, id)
	})
	if err != nil {
		return err
	}
	seen, asked := f.Rev(), "c-"+web.Param(r, "complement")
	page, _, _ := strings.Cut(strings.TrimPrefix(c.Path(), c.Within()), "#")
	again := func(status int, refused map[string]string) error {
		form := subservices.Form{Asked: asked, Typed: f.All(), Errors: refused}
		if c.OrganisationID == nil {
			return app.cuecAgain(w, r, status, form)
		}
		return app.subserviceAgain(w, r, status, strings.TrimPrefix(page, "/deliverables/subservice/"), form)
	}
	return app.inEngagement(w, r, f, page, said, again, func(ctx context.Context, tx *models.Tx, e engagement.Engagement) error {
		c.Rev = seen
		return verb(ctx, tx, e, &c)
	})
}

func (app *App) complementChange(w http.ResponseWriter, r *http.Request) error {
	f := web.Form(r)
	in := complementForm(f)
	return app.onComplement(w, r, f, "The control is changed.", func(ctx context.Context, tx *models.Tx, e engagement.Engagement, c *subservice.Complement) error {
		return subservice.Reword(ctx, tx, e, c, in)
	})
}

func (app *App) complementRemove(w http.ResponseWriter, r *http.Request) error {
	return app.onComplement(w, r, web.Form(r), "The control is off the list.", subservice.Strike)
}

// A listFile is a list of an engagement as a file.
type listFile struct {
	name, title, lede string
	columns           []string
	rows              func(context.Context, *models.Tx, engagement.Engagement) ([][]string, error)
}

var subserviceFile = listFile{
	"subservice", "Subservice organisations", "It names whose controls the report assumes, and states no opinion.", subservice.SubserviceColumns, subservice.Subservices,
}

var cuecFile = listFile{
	"cuecs", "Complementary user entity controls", "It lists what user entities have to do themselves, and states no opinion.", subservice.UserEntityColumns, subservice.UserEntities,
}

// listFile answers with a list as a file.
func (app *App) listFile(l listFile, ending string) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		e, err := app.engagementOf(r)
		if err != nil {
			return err
		}
		return app.export(w, r, e.Path()+"/deliverables/"+l.name, ending, func(ctx context.Context, tx *models.Tx) error {
			rows, err := l.rows(ctx, tx, e)
			if err != nil {
				return err
			}
			switch ending {
			case "csv":
				return sheet.WriteCSV(w, l.columns, each(rows))
			case "xlsx":
				return sheet.WriteXLSX(w, l.title[:min(len(l.title), 31)], l.columns, each(rows))
			}
			out := docx.New(true)
			out.Heading(1, l.title)
			out.Text(e.Name + ", " + string(e.PeriodStart) + " to " + string(e.PeriodEnd) + ". " + l.lede)
			out.Table(l.columns, rows)
			_, err = out.WriteTo(w)
			return err
		})
	}
}
