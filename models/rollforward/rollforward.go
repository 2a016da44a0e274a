// Package rollforward begins the next period with what lasts of the one before: its scope,
// its complementary controls, what was asked, and the findings that are open. Evidence,
// samples, tests, conclusions, signatures, grants and notes belong to their own period.
package rollforward

import (
	"context"
	"fmt"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/engagement"
	"assay/models/finding"
	"assay/models/request"
	"assay/models/subservice"
)

// A Carried is a finding of an earlier period that was open when the next one began. It
// says what it was then; it is history in the new period, and none of its exceptions.
type Carried struct {
	models.Meta
	EngagementID int64
	Slug         string
	FindingID    int64
	Cycle        int
	Title        string
	Severity     finding.Severity
	Status       finding.Status
	CarriedAt    time.Time
}

// TableName is where carried findings live.
func (Carried) TableName() string { return "carried_findings" }

// Code is that of the finding.
func (c Carried) Code() string { return finding.Code(c.FindingID) }

// Path is the place of c on the page of its engagement.
func (c Carried) Path() string { return "engagements/" + c.Slug + "#" + c.Code() }

// Within is the address of the engagement.
func (c Carried) Within() string { return "engagements/" + c.Slug }

// VisibleTo shows auditors those of their open engagements. That gives them nothing of the
// period before but these words.
func (Carried) VisibleTo(a access.Actor) (string, []any) {
	switch a.Role {
	case access.Compliance, access.Administrator, access.Executive, access.System:
		return "", nil
	case access.Auditor:
		return "carried_findings.engagement_id IN ?", []any{append([]int64{0}, a.Engagements...)}
	}
	return "1 = 0", nil
}

// CarriedInto is the query for the findings that were carried into an engagement.
func CarriedInto(tx *models.Tx, engagement int64) models.Query[Carried] {
	return models.Rows[Carried](tx).Where("carried_findings.engagement_id = ?", engagement).Order("finding_id").Limit(500)
}

// A History is a carried finding with the period that it comes from.
type History struct {
	Carried
	From               string // the engagement in which it was found, or ""
	FromStart, FromEnd models.Date
}

// Origin says in words where a finding comes from.
func (h History) Origin() string {
	if h.From == "" {
		return "An earlier period"
	}
	return fmt.Sprintf("%s, %s to %s", h.From, h.FromStart, h.FromEnd)
}

// HistoryOf lists the findings that were carried into an engagement, each with the name and
// the period of the engagement in which it was found. That name is all that the auditors of
// the next one get of it.
func HistoryOf(ctx context.Context, tx *models.Tx, into int64) ([]History, error) {
	list, err := CarriedInto(tx, into).Find(ctx)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	type origin struct {
		ID                     int64
		Name                   string
		PeriodStart, PeriodEnd models.Date
	}
	from, err := models.Raw[origin](ctx, tx, `SELECT f.id, e.name, e.period_start, e.period_end
		FROM carried_findings c JOIN findings f ON f.id = c.finding_id JOIN engagements e ON e.id = f.engagement_id WHERE c.engagement_id = ?`, into)
	names := map[int64]origin{}
	for _, o := range from {
		names[o.ID] = o
	}
	out := make([]History, len(list))
	for i, c := range list {
		o := names[c.FindingID]
		out[i] = History{Carried: c, From: o.Name, FromStart: o.PeriodStart, FromEnd: o.PeriodEnd}
	}
	return out, err
}

// Counts is how much was copied.
type Counts struct{ Findings, Organisations, Complements, Requests int }

// Next is the engagement that from was rolled forward to, unless that was cancelled.
func Next(ctx context.Context, tx *models.Tx, from int64) (engagement.Engagement, bool, error) {
	list, err := models.Rows[engagement.Engagement](tx).Where("prior_id = ? AND status <> 'cancelled'", from).Limit(1).Find(ctx)
	if err != nil || len(list) == 0 {
		return engagement.Engagement{}, false, err
	}
	return list[0], true, nil
}

// Suggest is what a form offers: as long a period right after, and as long a window as far
// behind its end.
func Suggest(from engagement.Engagement) engagement.Terms {
	t := from.Terms()
	t.PeriodStart = from.PeriodEnd.AddDays(1)
	t.PeriodEnd = from.PeriodEnd.AddDays(from.PeriodStart.DaysUntil(from.PeriodEnd) + 1)
	for n := range engagement.MostMonths + 1 { // whole months stay whole
		if from.PeriodStart.AddMonths(n) == t.PeriodStart {
			t.PeriodEnd = t.PeriodStart.AddMonths(n).AddDays(-1)
		}
	}
	t.OpensOn = t.PeriodEnd.AddDays(from.PeriodEnd.DaysUntil(from.OpensOn))
	t.ClosesOn = t.PeriodEnd.AddDays(from.PeriodEnd.DaysUntil(from.ClosesOn))
	t.Name = ""
	return t
}

// Roll sets the next period up. Of the terms it takes the name, the firm, the period and
// the window; what the report covers is copied. Refused are engagements that are not frozen
// yet, a second time, and a period that begins before the one that it follows is over.
func Roll(ctx context.Context, tx *models.Tx, from engagement.Engagement, t engagement.Terms) (to engagement.Engagement, n Counts, err error) {
	if !tx.Actor.Company() || !tx.Actor.Can(access.EngagementManage) {
		return to, n, models.Forbidden("Compliance managers and administrators roll an engagement forward.")
	}
	switch from.Status {
	case engagement.Reporting, engagement.Issued, engagement.Archived:
	default:
		return to, n, models.Conflict("The engagement is in state " + from.Status.Label() + ". It is rolled forward once it is frozen: until then its scope and its findings may change.")
	}
	if next, there, err := Next(ctx, tx, from.ID); err != nil || there {
		if err == nil {
			err = models.Conflict("This engagement was rolled forward already, to " + next.Name + ".")
		}
		return to, n, err
	}
	if to, err = engagement.Follow(ctx, tx, from, t); err != nil {
		return to, n, err
	}
	if n.Organisations, n.Complements, err = subservice.Copy(ctx, tx, from, to); err != nil {
		return to, n, err
	}
	if n.Requests, err = request.CopyDrafts(ctx, tx, from, to); err != nil {
		return to, n, err
	}
	n.Findings, err = carry(ctx, tx, from, to)
	return to, n, err
}

// carry takes the findings with it that are open: those of from, and those that were
// carried into it and still are.
func carry(ctx context.Context, tx *models.Tx, from, to engagement.Engagement) (int, error) {
	list, err := models.Rows[finding.Finding](tx).Where(`findings.status NOT IN ('closed_verified', 'risk_accepted', 'dismissed')
		AND (findings.source = 'audit' AND findings.engagement_id = ? OR findings.id IN (SELECT c.finding_id FROM carried_findings c WHERE c.engagement_id = ?))`, from.ID, from.ID).
		Order("findings.id").Find(ctx)
	if err != nil {
		return 0, err
	}
	for _, f := range list {
		c := Carried{EngagementID: to.ID, Slug: to.Slug, FindingID: f.ID, Cycle: f.Cycle, Title: f.Title, Severity: f.Severity, Status: f.Status, CarriedAt: tx.Now}
		if err := models.Insert(ctx, tx, &c, "finding.carry", models.Note{"finding": f.Code()}); err != nil {
			return 0, fmt.Errorf("%s: %w", f.Code(), err)
		}
	}
	return len(list), nil
}
