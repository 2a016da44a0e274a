// Package ledger lists every table whose rows the log answers for. It is what
// verification, and the tests that hold structs and tables together, go through.
package ledger

import (
	"context"

	"assay/models/anchor"

	"assay/models"
	"assay/models/control"
	"assay/models/controltest"
	"assay/models/deliverable"
	"assay/models/engagement"
	"assay/models/evidence"
	"assay/models/finding"
	"assay/models/freeze"
	"assay/models/occurrence"
	"assay/models/people"
	"assay/models/population"
	"assay/models/programme"
	"assay/models/request"
	"assay/models/retention"
	"assay/models/rollforward"
	"assay/models/scan"
	"assay/models/subservice"
	"assay/models/view"
	"assay/models/webhook"
)

// Tables is every kind of Record, each after those it refers to.
func Tables() []models.LoggedTable {
	return []models.LoggedTable{
		models.Logged[programme.Programme](),
		models.Logged[people.Person](),
		models.Logged[webhook.Hook](),
		models.Logged[view.View](),
		models.Logged[control.Calendar](),
		models.Logged[control.Holiday](),
		models.Logged[control.Control](),
		models.Logged[control.Version](),
		models.Logged[evidence.Item](),
		models.Logged[evidence.File](),
		models.Logged[scan.Scan](),
		models.Logged[anchor.Anchor](),
		models.Logged[occurrence.Performance](),
		models.Logged[occurrence.Exemption](),
		models.Logged[occurrence.Delegation](),
		models.Logged[occurrence.Question](),
		models.Logged[occurrence.List](),
		models.Logged[engagement.Engagement](),
		models.Logged[engagement.Auditor](),
		models.Logged[engagement.Proposal](),
		models.Logged[engagement.Round](),
		models.Logged[engagement.Report](),
		models.Logged[engagement.Addendum](),
		models.Logged[subservice.Organisation](),
		models.Logged[subservice.Complement](),
		models.Logged[population.Population](),
		models.Logged[population.Acceptance](),
		models.Logged[population.SizeTable](),
		models.Logged[deliverable.Document](),
		models.Logged[population.Sample](),
		models.Logged[population.Item](),
		models.Logged[population.Exclusion](),
		models.Logged[population.Extension](),
		models.Logged[request.Request](),
		models.Logged[request.Item](),
		models.Logged[request.Answer](),
		models.Logged[request.Message](),
		models.Logged[request.Step](),
		models.Logged[controltest.Test](),
		models.Logged[controltest.Round](),
		models.Logged[controltest.Link](),
		models.Logged[controltest.Result](),
		models.Logged[controltest.Proof](),
		models.Logged[controltest.Note](),
		models.Logged[retention.Term](),
		models.Logged[retention.Hold](),
		models.Logged[retention.Request](),
		models.Logged[finding.Finding](),
		models.Logged[finding.Affected](),
		models.Logged[finding.Cycle](),
		models.Logged[finding.Cell](),
		models.Logged[finding.Response](),
		models.Logged[finding.Compensation](),
		models.Logged[finding.Plan](),
		models.Logged[finding.Milestone](),
		models.Logged[finding.Extension](),
		models.Logged[finding.Acceptance](),
		models.Logged[rollforward.Carried](),
		models.Logged[freeze.Freeze](),
	}
}

// Derived is every table that says again, for queries, what logged rows say.
func Derived() []models.DerivedTable {
	return []models.DerivedTable{
		control.CriteriaTable(), control.VersionCriteriaTable(), control.OwnersTable(), engagement.ScopeTable(), occurrence.LinesTable(), freeze.DocumentsTable(),
		anchor.Table(),
	}
}

// Verify holds the whole database against its log, with the key beside the newest checkpoint.
func Verify(ctx context.Context, db *models.DB) (models.Report, error) {
	return models.Verify(ctx, db, models.VerifyOptions{Tables: Tables(), Derived: Derived()})
}
