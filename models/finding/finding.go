// Package finding is any weakness, from any source: what is wrong, who answers for
// it, how it is put right, and who checked. It decides nothing about the auditor's
// report, and it never removes an exception from the period it happened in.
package finding

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"assay/models"
	"assay/models/access"
)

// A Finding is one weakness. It lives in cycles: closing ends one, re-opening begins
// the next, and what earlier cycles hold is never touched again.
type Finding struct {
	models.Meta
	Title          string
	Condition      string
	Criterion      string
	Cause          string
	Effect         string
	Recommendation string
	Severity       Severity
	Source         Source
	EngagementID   *int64 // of an audit's finding, and of no other
	TestID         *int64 // of an exception: the test whose cells it was raised from
	EnteredBy      *int64 // of an exception: the auditor, or who brought it in
	ReportEffect   ReportEffect
	EffectBy       *int64 // the auditor who decided it
	EffectEntered  *int64 // the same one, or who brought it in
	EffectAt       *time.Time
	Status         Status
	Cycle          int
	CycleOpenedAt  time.Time // age counts from here
	OwnerID        *int64    // answers for it
	RaisedBy       int64
	RaisedAt       time.Time
	DueOn          models.Date // for what it waits for next
	ClosedAt       *time.Time
	StatusNote     string // what was said with the last change of status
}

// TableName is where findings live.
func (Finding) TableName() string { return "findings" }

// Code is the number people say: F-014.
func (f Finding) Code() string { return Code(f.ID) }

// Path is the address of f.
func (f Finding) Path() string { return path(f.ID) }

// Exception reports that auditors raised f from their test.
func (f Finding) Exception() bool { return f.TestID != nil }

// BroughtIn reports that a compliance manager entered it for the auditor who raised it.
func (f Finding) BroughtIn() bool { return f.EnteredBy != nil && *f.EnteredBy != f.RaisedBy }

// InEngagement is whose finding it is, 0 for the company's own.
func (f Finding) InEngagement() int64 { return engagementOf(f.EngagementID) }

func engagementOf(id *int64) int64 {
	if id == nil {
		return 0
	}
	return *id
}

// AuditorsMay names what of a finding is theirs: its facts, whether it stands, and what it
// means for the report. How the company handles it never is.
func (Finding) AuditorsMay() models.Columns {
	return models.Columns{
		"Title", "Condition", "Criterion", "Cause", "Effect", "Recommendation", "Status", "StatusNote", "ClosedAt",
		"ReportEffect", "EffectBy", "EffectEntered", "EffectAt",
	}
}

// AuditorsAdd says that they raise exceptions.
func (Finding) AuditorsAdd() {}

// Repeats counts how often f came back.
func (f Finding) Repeats() int { return f.Cycle - 1 }

// Code is the code of the finding with this id.
func Code(id int64) string { return fmt.Sprintf("F-%03d", id) }

func path(id int64) string { return "findings/" + Code(id) }

// ParseCode reads what Code wrote. Anything else, other spellings of the same number
// included, is not found: a finding has one address.
func ParseCode(code string) (int64, error) {
	id, err := strconv.ParseInt(strings.TrimPrefix(code, "F-"), 10, 64)
	if err != nil || Code(id) != code {
		return 0, models.NotFound("Finding")
	}
	return id, nil
}

// VisibleTo shows auditors the findings of their open engagements, and control owners
// what they raised, own, remediate, or what affects a control of theirs. Everybody
// else in the company sees all.
func (Finding) VisibleTo(a access.Actor) (string, []any) { return visible(a, "findings.id") }

// visible is the condition on column, the id of a finding, wherever it stands.
func visible(a access.Actor, column string) (string, []any) {
	switch a.Role {
	case access.Auditor:
		ids := a.Engagements
		if len(ids) == 0 {
			ids = []int64{0} // IN () is no SQL
		}
		return column + " IN (SELECT f.id FROM findings f WHERE f.source = 'audit' AND f.engagement_id IN ?)", []any{ids}
	case access.Administrator, access.Compliance, access.Executive, access.System:
		return "", nil
	}
	return column + ` IN (
		SELECT f.id FROM findings f WHERE f.owner_id = ?
		UNION SELECT f.id FROM findings f WHERE f.raised_by = ?
		UNION SELECT p.finding_id FROM remediation_plans p WHERE p.owner_id = ?
		UNION SELECT m.finding_id FROM milestones m WHERE m.owner_id = ?
		UNION SELECT l.finding_id FROM finding_controls l JOIN controls c ON c.id = l.control_id WHERE c.owner_id = ?
		UNION SELECT l.finding_id FROM finding_controls l JOIN controls c ON c.id = l.control_id WHERE c.backup_id = ?)`,
		[]any{a.ID, a.ID, a.ID, a.ID, a.ID, a.ID}
}

// An Affected links a finding to a control it weakens.
type Affected struct {
	models.Meta
	FindingID    int64
	ControlID    int64
	EngagementID *int64 // that of the finding
}

// InEngagement is that of the finding.
func (l Affected) InEngagement() int64 { return engagementOf(l.EngagementID) }

// TableName is where the links live.
func (Affected) TableName() string { return "finding_controls" }

// Path is the place of l on its finding's page.
func (l Affected) Path() string { return fmt.Sprintf("%s#control-%d", path(l.FindingID), l.ControlID) }

// Within is the finding.
func (l Affected) Within() string { return path(l.FindingID) }

// VisibleTo follows the finding.
func (Affected) VisibleTo(a access.Actor) (string, []any) {
	return visible(a, "finding_controls.finding_id")
}

// A Cycle is one life of a finding, from being opened to being closed.
type Cycle struct {
	models.Meta
	FindingID    int64
	EngagementID *int64 // that of the finding
	Number       int
	OpenedBy     int64 // 0: the clock
	OpenedAt     time.Time
	Reason       string
	Outcome      Status // "" while it is open
	ClosedBy     *int64
	ClosedEntry  *int64 // that of the auditor who dismissed it, or who brought that in
	ClosedAt     *time.Time
	Note         string
}

// InEngagement is that of the finding.
func (c Cycle) InEngagement() int64 { return engagementOf(c.EngagementID) }

// AuditorsMay names how they end a cycle: by dismissing what they raised.
func (Cycle) AuditorsMay() models.Columns {
	return models.Columns{"Outcome", "ClosedBy", "ClosedEntry", "ClosedAt", "Note"}
}

// AuditorsAdd says that they begin the first cycle of an exception.
func (Cycle) AuditorsAdd() {}

// TableName is where cycles live.
func (Cycle) TableName() string { return "finding_cycles" }

// Path is the place of c on its finding's page.
func (c Cycle) Path() string { return fmt.Sprintf("%s#cycle-%d", path(c.FindingID), c.Number) }

// Within is the finding.
func (c Cycle) Within() string { return path(c.FindingID) }

// VisibleTo follows the finding.
func (Cycle) VisibleTo(a access.Actor) (string, []any) {
	return visible(a, "finding_cycles.finding_id")
}
