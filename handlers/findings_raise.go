package handlers

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"assay/models"
	"assay/models/access"
	"assay/models/control"
	"assay/models/finding"
	"assay/templates/findings"
	"assay/web"
)

func (app *App) findingNew(w http.ResponseWriter, r *http.Request) error {
	q := web.Query(r)
	typed := map[string]string{"controls": q.Line("control", 200)}
	for _, field := range []string{"title", "condition", "source", "engagement"} { // what a page that found something says of it
		if text := q.Text(field, 4000); text != "" {
			typed[field] = text
		}
	}
	return app.findingForm(w, r, http.StatusOK, findings.FormData{Typed: typed})
}

func (app *App) findingEdit(w http.ResponseWriter, r *http.Request) error {
	d, err := read(app, r, func(ctx context.Context, tx *models.Tx) (findings.FormData, error) {
		c, err := findingOf(ctx, tx, r)
		if err != nil {
			return findings.FormData{}, err
		}
		return findings.FormData{Of: &c.Finding, Typed: typedFacts(&c)}, c.MayCorrect(tx.Actor)
	})
	if err != nil {
		return err
	}
	return app.findingForm(w, r, http.StatusOK, d)
}

// findingForm shows the form with what there is to choose from.
func (app *App) findingForm(w http.ResponseWriter, r *http.Request, code int, d findings.FormData) error {
	d, err := read(app, r, func(ctx context.Context, tx *models.Tx) (findings.FormData, error) {
		var err error
		if d.Owners, err = answerable(ctx, tx); err != nil {
			return d, err
		}
		for _, s := range finding.Sources {
			if s != finding.FromAudit || tx.Actor.Can(access.FindingManage) {
				d.Sources = append(d.Sources, s)
			}
		}
		d.Engagements, err = engagementOptions(ctx, tx)
		return d, err
	})
	if err != nil {
		return err
	}
	return app.page(w, r, code, findings.Form(d))
}

func typedFacts(c *finding.Case) map[string]string {
	in := c.Facts()
	codes := make([]string, len(c.Controls))
	for i, k := range c.Controls {
		codes[i] = k.Code
	}
	number := func(id int64) string {
		if id == 0 {
			return ""
		}
		return strconv.FormatInt(id, 10)
	}
	return map[string]string{
		"title": in.Title, "source": string(in.Source), "engagement": number(in.EngagementID), "controls": strings.Join(codes, " "),
		"condition": in.Condition, "criterion": in.Criterion, "cause": in.Cause, "effect": in.Effect,
		"recommendation": in.Recommendation, "owner": number(in.OwnerID), "due_on": string(in.DueOn),
	}
}

func (app *App) findingRaise(w http.ResponseWriter, r *http.Request) error {
	f := web.Form(r)
	raised, err := write(app, r, func(ctx context.Context, tx *models.Tx) (finding.Finding, error) {
		in, err := factsFrom(ctx, tx, f)
		if err != nil {
			return finding.Finding{}, err
		}
		return finding.Raise(ctx, tx, in)
	})
	if refused := web.Errors(err); refused != nil {
		return app.findingForm(w, r, web.Status(err), findings.FormData{Typed: typedIn(f, findings.FormFields), Errors: refused})
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "ok", raised.Code()+" is recorded.")
	return web.SeeOther(w, r, findingHref(raised.ID))
}

func (app *App) findingCorrect(w http.ResponseWriter, r *http.Request) error {
	f := web.Form(r)
	c, err := write(app, r, func(ctx context.Context, tx *models.Tx) (finding.Case, error) {
		c, err := findingOf(ctx, tx, r)
		if err != nil {
			return c, err
		}
		in, err := factsFrom(ctx, tx, f)
		if err != nil {
			return c, err
		}
		return c, finding.Correct(ctx, tx, c.ID, f.Rev(), in)
	})
	if refused := web.Errors(err); refused != nil && c.ID != 0 {
		return app.findingForm(w, r, web.Status(err), findings.FormData{Of: &c.Finding, Typed: typedIn(f, findings.FormFields), Errors: refused})
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "ok", c.Code()+" is corrected.")
	return web.SeeOther(w, r, findingHref(c.ID))
}

// factsFrom reads the form to record a finding. Controls are typed as codes and looked
// up among those that the actor may see.
func factsFrom(ctx context.Context, tx *models.Tx, f *web.Values) (finding.Facts, error) {
	in := finding.Facts{
		Title: f.Line("title", 200), Source: finding.Source(f.Line("source", 20)), EngagementID: f.ID("engagement"),
		Condition: f.Text("condition", 10000), Criterion: f.Text("criterion", 10000), Cause: f.Text("cause", 10000),
		Effect: f.Text("effect", 10000), Recommendation: f.Text("recommendation", 10000), OwnerID: f.ID("owner"), DueOn: f.Date("due_on"),
	}
	codes := strings.FieldsFunc(f.Line("controls", 1000), func(r rune) bool { return r == ' ' || r == ',' || r == ';' })
	for _, code := range codes {
		c, err := control.ByCode(ctx, tx, code)
		if models.KindOf(err) == models.KindNotFound {
			f.Refuse("controls", "No control has the code "+code+".")
			continue
		}
		if err != nil {
			return in, err
		}
		in.Controls = append(in.Controls, c.ID)
	}
	return in, f.Err()
}

// typedIn is what was typed into these fields.
func typedIn(f *web.Values, names []string) map[string]string {
	out := make(map[string]string, len(names))
	for _, name := range names {
		out[name] = f.Typed(name)
	}
	return out
}
