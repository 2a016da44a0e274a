// Package engagement is the audit from outside: what it covers, over which period,
// and which auditors may look, until when.
package engagement

import (
	"context"
	"time"

	"assay/models"
	"assay/models/access"
)

// An Engagement is one examination by one firm. Period and access window are civil
// dates in Zone, and independent of each other.
type Engagement struct {
	models.Meta
	Slug        string
	Name        string
	Firm        string
	Kind        Kind
	Status      Status
	Criteria    models.List[string] // SOC 2 criteria in scope
	PeriodStart models.Date
	PeriodEnd   models.Date
	Zone        string
	OpensOn     models.Date // first day on which auditors may look
	ClosesOn    models.Date // last day
	CreatedBy   int64
	CreatedAt   time.Time
}

// A Kind says what the firm reports on.
type Kind string

// The kinds of engagement.
const (
	Readiness Kind = "readiness"
	TypeI     Kind = "type_1"
	TypeII    Kind = "type_2"
)

// A Status is where an engagement stands.
type Status string

// The states of an engagement.
const (
	Setup     Status = "setup"
	Planning  Status = "planning"
	Fieldwork Status = "fieldwork"
	Reporting Status = "reporting"
	Issued    Status = "issued"
	Archived  Status = "archived"
	Cancelled Status = "cancelled"
)

// TableName is where engagements live.
func (Engagement) TableName() string { return "engagements" }

// Path is the address of e.
func (e Engagement) Path() string { return "engagements/" + e.Slug }

// VisibleTo shows an auditor the engagements whose window is open for them.
func (Engagement) VisibleTo(a access.Actor) (string, []any) {
	if a.Role != access.Auditor {
		return "", nil
	}
	ids := a.Engagements
	if len(ids) == 0 {
		ids = []int64{0}
	}
	return "engagements.id IN ?", []any{ids}
}

// BySlug finds an engagement that the actor may see.
func BySlug(ctx context.Context, tx *models.Tx, slug string) (Engagement, error) {
	e, err := models.Rows[Engagement](tx).Where("slug = ?", slug).Take(ctx)
	return models.One(e, err, "Engagement")
}
