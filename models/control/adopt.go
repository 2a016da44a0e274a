package control

import (
	"context"
	"fmt"
	"strings"

	"assay/models"
	"assay/models/framework"
	"assay/models/programme"
)

// Adopt takes the catalog's controls for these trust services categories into use:
// version 1 of each, with no author but the catalog, approved by the actor and
// effective today. What is in use already, in whatever state, stays as it is, so a
// category added later adds only what it brings. It returns how many it added.
func Adopt(ctx context.Context, tx *models.Tx, categories []string) (int, error) {
	today, err := programme.Today(ctx, tx)
	if err != nil {
		return 0, err
	}
	missing, err := missingTemplates(ctx, tx, categories)
	if err != nil {
		return 0, err
	}
	controls := make([]*Control, len(missing))
	versions := make([]*Version, len(missing))
	for i, t := range missing {
		v := fromTemplate(tx, t, today)
		controls[i] = &Control{Code: t.Code, Template: t.Code, CreatedBy: &tx.Actor.ID, CreatedAt: tx.Now}
		controls[i].copy(v)
		versions[i] = &v
	}
	if err := insertBoth(ctx, tx, controls, versions, "control.adopt", "version.adopt"); err != nil {
		return 0, err
	}
	note := models.Note{"categories": strings.Join(categories, ", "), "controls": fmt.Sprint(len(missing))}
	return len(missing), tx.Record("catalog.adopt", "controls", note)
}

// insertBoth adds controls with their first versions, in few statements.
func insertBoth(ctx context.Context, tx *models.Tx, controls []*Control, versions []*Version, verb, versionVerb string) error {
	if len(controls) == 0 {
		return nil
	}
	if err := models.InsertAll(ctx, tx, controls, verb); err != nil {
		return err
	}
	for i, c := range controls {
		versions[i].ControlID = c.ID
	}
	if err := models.InsertAll(ctx, tx, versions, versionVerb); err != nil {
		return err
	}
	if err := Place(ctx, tx, controls...); err != nil {
		return err
	}
	for i, c := range controls {
		if err := derive(ctx, tx, c.ID, *versions[i]); err != nil {
			return err
		}
	}
	return nil
}

// missingTemplates leaves out templates in use and codes that a control of the
// company's own has taken.
func missingTemplates(ctx context.Context, tx *models.Tx, categories []string) ([]framework.Template, error) {
	type used struct{ Code string }
	rows, err := models.Raw[used](ctx, tx, "SELECT code FROM controls UNION SELECT template FROM controls WHERE template <> ''")
	if err != nil {
		return nil, err
	}
	have := map[string]bool{}
	for _, r := range rows {
		have[r.Code] = true
	}
	var missing []framework.Template
	for _, t := range framework.TemplatesFor(categories) {
		if !have[t.Code] {
			missing = append(missing, t)
		}
	}
	return missing, nil
}

func fromTemplate(tx *models.Tx, t framework.Template, today models.Date) Version {
	return Version{
		Code: t.Code, Number: 1, Status: Effective, Content: ContentOf(t), AuthoredAt: tx.Now,
		ApproverID: &tx.Actor.ID, ApprovedAt: &tx.Now, EffectiveFrom: today,
	}
}

// ContentOf is what a catalog entry says, to tailor.
func ContentOf(t framework.Template) Content {
	c := Content{
		Title: t.Title, Statement: t.Description, Category: t.Category, Kind: t.Type, Nature: t.Nature,
		Frequency: t.Frequency, OwnerFunction: t.OwnerFunction, Population: t.Population,
		Evidence: t.Evidence, TestsDesign: t.DesignTests, TestsOperating: t.OperatingTests,
		Parameters: t.Parameters, Criteria: t.Criteria(), AI: t.AI,
	}
	if t.EventRule != nil {
		c.EventTrigger, c.EventDirection, c.EventLimit = t.EventRule.Trigger, t.EventRule.Direction, t.EventRule.Limit
	}
	return c.tidy()
}
