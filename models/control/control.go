// Package control is the catalog in use: controls, their versions in time, who owns
// them, and which criteria they help to meet. Whether a control operated is not its
// business.
package control

import (
	"context"
	"fmt"
	"strings"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/framework"
)

// A Control is one logical control: an ordered list of versions and the people who
// answer for it. What lists show is copied here from the version they show.
type Control struct {
	models.Meta
	Code      string
	Template  string // the catalog entry it was taken from, or ""
	OwnerID   *int64
	Former    models.List[Holder] // who owned or backed it up before
	BackupID  *int64
	Version   int // the number of the version lists show: the effective one, else the newest
	Title     string
	Category  string
	Frequency string
	Nature    string
	AI        bool
	Status    Status
	CreatedBy *int64
	CreatedAt time.Time
}

// TableName is where controls live.
func (Control) TableName() string { return "controls" }

// Path is the address of c.
func (c Control) Path() string { return "controls/" + c.Code }

// OwnedBy reports whether a is the owner or the backup owner.
func (c Control) OwnedBy(a access.Actor) bool { return is(c.OwnerID, a.ID) || is(c.BackupID, a.ID) }

func is(id *int64, want int64) bool { return id != nil && *id == want }

// VisibleTo shows an auditor the controls of which a version that was effective in the
// period of an open engagement helped to meet a criterion in its scope: what a later
// version says takes none away. The company sees all.
func (Control) VisibleTo(a access.Actor) (string, []any) {
	if a.Role != access.Auditor {
		return "", nil
	}
	return `controls.id IN (
		SELECT vc.control_id FROM engagement_criteria ec
		JOIN engagements e ON e.id = ec.engagement_id
		JOIN version_criteria vc ON vc.framework = ec.framework AND vc.code = ec.code
		WHERE ec.engagement_id IN ? AND vc.begun
		AND vc.effective_from <= e.period_end AND (vc.effective_to = '' OR vc.effective_to >= e.period_start))`,
		[]any{engagements(a)}
}

// engagements is never empty, since IN () is no SQL.
func engagements(a access.Actor) []int64 {
	if len(a.Engagements) == 0 {
		return []int64{0}
	}
	return a.Engagements
}

// ByID finds a control that the actor may see.
func ByID(ctx context.Context, tx *models.Tx, id int64) (Control, error) {
	c, err := models.Rows[Control](tx).Where("id = ?", id).Take(ctx)
	return models.One(c, err, "Control")
}

// ByCode finds a control that the actor may see by its human id, such as AC-03, in
// whatever case it was typed.
func ByCode(ctx context.Context, tx *models.Tx, code string) (Control, error) {
	c, err := models.Rows[Control](tx).Where("code = ?", strings.ToUpper(code)).Take(ctx)
	return models.One(c, err, "Control")
}

// A criterionRow is one line of control_criteria.
type criterionRow struct {
	ControlID int64 `gorm:"primaryKey"`
	Framework string
	Code      string
}

func (criterionRow) TableName() string { return "control_criteria" }

// WhyUnlogged says why changing one leaves no leaf.
func (criterionRow) WhyUnlogged() string { return "it is derived from the version of a control" }

// criteriaSeen is control_criteria as a may know it, a table to select from: for an auditor
// what versions in the period of an open engagement helped to meet, whatever came later.
func criteriaSeen(a access.Actor) (string, []any) {
	if a.Role != access.Auditor {
		return "control_criteria", nil
	}
	return `(SELECT DISTINCT vc.control_id, vc.framework, vc.code FROM engagements e
		JOIN version_criteria vc ON vc.effective_from <= e.period_end AND (vc.effective_to = '' OR vc.effective_to >= e.period_start)
		WHERE e.id IN ? AND vc.begun)`, []any{engagements(a)}
}

// CriteriaTable holds control_criteria against the versions that controls show.
func CriteriaTable() models.DerivedTable {
	return models.DerivedTable{Name: "control_criteria", Check: checkCriteria}
}

// pageOfCriteria is how many controls are compared at once.
const pageOfCriteria = 1000

func checkCriteria(ctx context.Context, tx *models.Tx, problem func(string)) error {
	type showing struct {
		ID       int64
		Code     string
		Criteria models.List[framework.Ref]
	}
	for after := int64(0); ; {
		list, err := models.Raw[showing](ctx, tx, `SELECT c.id, c.code, v.criteria FROM controls c
			JOIN control_versions v ON v.control_id = c.id AND v.number = c.version WHERE c.id > ? ORDER BY c.id LIMIT ?`, after, pageOfCriteria)
		if err != nil || len(list) == 0 {
			return err
		}
		last := list[len(list)-1].ID
		rows, err := models.UnscopedRows[criterionRow](tx).Where("control_id > ? AND control_id <= ?", after, last).Order("control_id").Find(ctx)
		if err != nil {
			return err
		}
		does := map[int64][]string{}
		for _, r := range rows {
			does[r.ControlID] = append(does[r.ControlID], r.Framework+" "+r.Code)
		}
		for _, c := range list {
			var should []string
			for _, ref := range c.Criteria {
				should = append(should, ref.Framework+" "+ref.Code)
			}
			models.CompareDerived("control_criteria", "controls/"+c.Code, should, does[c.ID], problem)
			delete(does, c.ID)
		}
		for id, lines := range does { // of a control that shows no version
			models.CompareDerived("control_criteria", fmt.Sprintf("control %d", id), nil, lines, problem)
		}
		after = last
	}
}

// index is the full text of the versions that lists show.
const index = models.SearchIndex("controls")

// show brings what lists and search know of a control in step with the version to
// show. It leaves a leaf only if the row changes.
func show(ctx context.Context, tx *models.Tx, c *Control) error {
	all, err := models.UnscopedRows[Version](tx).Where("control_id = ?", c.ID).Order("number").Find(ctx)
	if err != nil || len(all) == 0 {
		return err
	}
	v := shown(all)
	old := c.face()
	c.copy(v)
	if c.face() != old {
		set := models.Columns{"Version", "Title", "Category", "Frequency", "Nature", "AI", "Status"}
		if err := models.Update(ctx, tx, c, set, "control.show"); err != nil {
			return err
		}
	}
	return derive(ctx, tx, c.ID, v)
}

// A face is what lists show of a control.
type face struct {
	version                            int
	title, category, frequency, nature string
	ai                                 bool
	status                             Status
}

func (c *Control) face() face {
	return face{c.Version, c.Title, c.Category, c.Frequency, c.Nature, c.AI, c.Status}
}

func (c *Control) copy(v Version) {
	c.Version, c.Title, c.Category, c.Frequency = v.Number, v.Title, v.Category, v.Frequency
	c.Nature, c.AI, c.Status = v.Nature, v.AI, v.Status
}

// shown picks the effective version, else the newest that was ever approved, else the
// newest: a draft on a retired control must not hide that it is retired.
func shown(all []Version) Version {
	best := all[0]
	for _, v := range all[1:] {
		if v.standing() >= best.standing() {
			best = v
		}
	}
	return best
}

func derive(ctx context.Context, tx *models.Tx, id int64, v Version) error {
	if _, err := models.Remove[criterionRow](ctx, tx, "control_id = ?", id); err != nil {
		return err
	}
	for _, ref := range v.Criteria {
		row := criterionRow{ControlID: id, Framework: ref.Framework, Code: ref.Code}
		if err := models.Put(ctx, tx, &row); err != nil {
			return err
		}
	}
	return index.Put(ctx, tx, id, v.text()...)
}

// Codes are the codes of refs that belong to the framework, in order.
func Codes(refs []framework.Ref, id string) []string {
	var codes []string
	for _, r := range refs {
		if r.Framework == id {
			codes = append(codes, r.Code)
		}
	}
	return codes
}
