package control

import (
	"context"
	"slices"

	"assay/models"
	"assay/models/framework"
)

// A Cover counts the controls of one criterion: those in effect, and those that are
// not yet or no longer.
type Cover struct {
	Code      string
	Effective int
	Other     int
}

// Coverage counts the controls of each criterion of a framework that has any. Only
// what is in effect covers; an auditor's counts are of what they see.
func Coverage(ctx context.Context, tx *models.Tx, id string) (map[string]Cover, error) {
	table, args := criteriaSeen(tx.Actor)
	query := `SELECT cc.code AS code,
		SUM(CASE WHEN controls.status = 'effective' THEN 1 ELSE 0 END) AS effective,
		SUM(CASE WHEN controls.status = 'effective' THEN 0 ELSE 1 END) AS other
		FROM ` + table + ` cc JOIN controls ON controls.id = cc.control_id WHERE cc.framework = ?`
	args = append(args, id)
	if cond, more := (Control{}).VisibleTo(tx.Actor); cond != "" {
		query, args = query+" AND "+cond, append(args, more...)
	}
	list, err := models.Raw[Cover](ctx, tx, query+" GROUP BY cc.code", args...)
	out := make(map[string]Cover, len(list))
	for _, c := range list {
		out[c.Code] = c
	}
	return out, err
}

// Uncovered names the SOC 2 criteria of these categories that no control in effect
// helps to meet, in the order of the criteria.
func Uncovered(ctx context.Context, tx *models.Tx, categories []string) ([]framework.Criterion, error) {
	covers, err := Coverage(ctx, tx, framework.SOC2)
	if err != nil {
		return nil, err
	}
	var out []framework.Criterion
	for _, c := range framework.CriteriaFor(categories) {
		if covers[c.Code].Effective == 0 {
			out = append(out, c)
		}
	}
	return out, nil
}

// ForCriterion lists the controls that help to meet a criterion, by id, up to 500.
func ForCriterion(ctx context.Context, tx *models.Tx, ref framework.Ref) ([]Row, error) {
	table, args := criteriaSeen(tx.Actor)
	return models.Rows[Row](tx).
		Where("controls.id IN (SELECT control_id FROM "+table+" cc WHERE framework = ? AND code = ?)", append(args, ref.Framework, ref.Code)...).
		Order("code").Limit(500).Find(ctx)
}

// Crosswalk counts which criteria of other frameworks the controls of a criterion
// also help to meet: what work done for one of them says about the others.
func Crosswalk(ctx context.Context, tx *models.Tx, ref framework.Ref) ([]Crossing, error) {
	table, args := criteriaSeen(tx.Actor)
	query := `SELECT other.framework AS framework, other.code AS code, count(*) AS controls
		FROM ` + table + ` mine
		JOIN ` + table + ` other ON other.control_id = mine.control_id AND other.framework <> mine.framework
		JOIN controls ON controls.id = mine.control_id
		WHERE mine.framework = ? AND mine.code = ?`
	args = append(slices.Concat(args, args), ref.Framework, ref.Code)
	if cond, more := (Control{}).VisibleTo(tx.Actor); cond != "" {
		query, args = query+" AND "+cond, append(args, more...)
	}
	return models.Raw[Crossing](ctx, tx, query+" GROUP BY other.framework, other.code ORDER BY other.framework, count(*) DESC, other.code", args...)
}

// A Crossing is a criterion of another framework and how many controls lead to it.
type Crossing struct {
	Framework string
	Code      string
	Controls  int
}
