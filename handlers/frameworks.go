package handlers

import (
	"context"
	"net/http"

	"assay/models"
	"assay/models/control"
	"assay/models/framework"
	"assay/models/programme"
	"assay/templates/frameworks"
	"assay/web"
)

func (app *App) frameworkList(w http.ResponseWriter, r *http.Request) error {
	d, err := read(app, r, func(ctx context.Context, tx *models.Tx) ([]frameworks.Summary, error) {
		var out []frameworks.Summary
		for _, f := range framework.All() {
			covers, err := control.Coverage(ctx, tx, f.ID)
			if err != nil {
				return nil, err
			}
			s := frameworks.Summary{Framework: f}
			for _, c := range f.Criteria {
				if covers[c.Code].Effective > 0 {
					s.Covered++
				}
			}
			out = append(out, s)
		}
		return out, nil
	})
	if err != nil {
		return err
	}
	return app.page(w, r, http.StatusOK, frameworks.List(d))
}

func (app *App) frameworkPage(w http.ResponseWriter, r *http.Request) error {
	f, ok := framework.ByID(web.Param(r, "framework"))
	if !ok {
		return models.NotFound("Framework")
	}
	d, err := read(app, r, func(ctx context.Context, tx *models.Tx) (frameworks.PageData, error) {
		d := frameworks.PageData{Framework: f}
		p, err := programme.Current(ctx, tx)
		if err != nil {
			return d, err
		}
		d.InScope = inScope(p)
		d.Covers, err = control.Coverage(ctx, tx, f.ID)
		return d, err
	})
	if err != nil {
		return err
	}
	return app.page(w, r, http.StatusOK, frameworks.Framework(d))
}

// inScope says which criteria the company is examined against. The other frameworks
// are maps to read, and all of them is in scope.
func inScope(p programme.Programme) func(framework.Criterion) bool {
	return func(c framework.Criterion) bool {
		return c.Framework != framework.SOC2 || c.Category == framework.Security || p.Covers(c.Category)
	}
}

func (app *App) criterionPage(w http.ResponseWriter, r *http.Request) error {
	f, _ := framework.ByID(web.Param(r, "framework"))
	c, ok := framework.CriterionOf(f.ID, web.Param(r, "criterion"))
	if !ok {
		return models.NotFound("Criterion")
	}
	d, err := read(app, r, func(ctx context.Context, tx *models.Tx) (frameworks.CriterionData, error) {
		return criterionData(ctx, tx, f, c)
	})
	if err != nil {
		return err
	}
	return app.page(w, r, http.StatusOK, frameworks.Criterion(d))
}

func criterionData(ctx context.Context, tx *models.Tx, f framework.Framework, c framework.Criterion) (frameworks.CriterionData, error) {
	d := frameworks.CriterionData{Framework: f, Criterion: c}
	p, err := programme.Current(ctx, tx)
	if err != nil {
		return d, err
	}
	d.InScope = inScope(p)(c)
	list, err := control.ForCriterion(ctx, tx, c.Ref())
	if err != nil {
		return d, err
	}
	if d.Rows, err = controlRows(ctx, tx, list); err != nil {
		return d, err
	}
	cross, err := control.Crosswalk(ctx, tx, c.Ref())
	d.Crosswalk = byFramework(cross)
	return d, err
}

func byFramework(list []control.Crossing) []frameworks.Crossing {
	var out []frameworks.Crossing
	for _, f := range framework.All() {
		x := frameworks.Crossing{Name: f.Name}
		for _, c := range list {
			if c.Framework == f.ID {
				x.Criteria = append(x.Criteria, c)
			}
		}
		if len(x.Criteria) > 0 {
			out = append(out, x)
		}
	}
	return out
}
