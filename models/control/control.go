// Package control is the catalog in use: controls, their versions in time, who owns
// them, and which criteria they help to meet.
package control

import (
	"context"
	"time"

	"assay/models"
	"assay/models/access"
)

// A Control is one logical control: an ordered list of versions and the people who
// answer for it. What lists show is copied here from the version they show.
type Control struct {
	models.Meta
	Code      string
	Template  string // the catalog entry it was taken from, or ""
	OwnerID   *int64
	BackupID  *int64
	VersionID *int64 // the version lists show: the effective one, else the newest
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
func (c Control) OwnedBy(a access.Actor) bool {
	return c.OwnerID != nil && *c.OwnerID == a.ID || c.BackupID != nil && *c.BackupID == a.ID
}

// VisibleTo shows an auditor the controls that help to meet a criterion in scope of
// an open engagement and had a version effective in its period. The company sees all.
func (Control) VisibleTo(a access.Actor) (string, []any) {
	if a.Role != access.Auditor {
		return "", nil
	}
	return `controls.id IN (
		SELECT cc.control_id FROM engagement_criteria ec
		JOIN control_criteria cc ON cc.framework = ec.framework AND cc.code = ec.code
		JOIN engagements e ON e.id = ec.engagement_id
		JOIN control_versions v ON v.control_id = cc.control_id
		WHERE ec.engagement_id IN ? AND v.status IN ('effective', 'superseded', 'retired')
		AND v.effective_from <= e.period_end AND (v.effective_to = '' OR v.effective_to >= e.period_start))`,
		[]any{engagements(a)}
}

// engagements is never empty, since IN () is no SQL.
func engagements(a access.Actor) []int64 {
	if len(a.Engagements) == 0 {
		return []int64{0}
	}
	return a.Engagements
}

// A Status is where a version stands.
type Status string

// The states of a version.
const (
	Draft      Status = "draft"
	InReview   Status = "in_review"
	Approved   Status = "approved"
	Effective  Status = "effective"
	Superseded Status = "superseded"
	Retired    Status = "retired"
)

// ByID finds a control that the actor may see.
func ByID(ctx context.Context, tx *models.Tx, id int64) (Control, error) {
	c, err := models.Rows[Control](tx).Where("id = ?", id).Take(ctx)
	return models.One(c, err, "Control")
}

// ByCode finds a control that the actor may see by its human id, such as AC-03.
func ByCode(ctx context.Context, tx *models.Tx, code string) (Control, error) {
	c, err := models.Rows[Control](tx).Where("code = ?", code).Take(ctx)
	return models.One(c, err, "Control")
}
