package engagement

import (
	"context"
	"regexp"
	"strings"
	"time"

	"assay/models"
	"assay/models/access"
)

// A Report is what is registered of the report that the firm issued: enough to say of any
// file whether it is that one. It never changes.
type Report struct {
	models.Meta
	EngagementID int64
	Slug         string
	Digest       string // SHA-256 of the file
	FileName     string // "" when only the digest is known here
	Size         int64
	ReportedOn   models.Date // the date in the report
	SignedBy     string      // for the firm
	RegisteredBy int64
	RegisteredAt time.Time
}

// TableName is where reports live.
func (Report) TableName() string { return "engagement_reports" }

// Path is the address of the engagement, which has one report.
func (r Report) Path() string { return "engagements/" + r.Slug }

// VisibleTo is that of the engagement.
func (Report) VisibleTo(a access.Actor) (string, []any) { return ofEngagement("engagement_reports", a) }

// Kept reports whether the file itself is in the store.
func (r Report) Kept() bool { return r.FileName != "" }

// ReportOf is the registered report of an engagement.
func ReportOf(ctx context.Context, tx *models.Tx, engagement int64) (Report, bool, error) {
	list, err := models.Rows[Report](tx).Where("engagement_id = ?", engagement).Limit(1).Find(ctx)
	if err != nil || len(list) == 0 {
		return Report{}, false, err
	}
	return list[0], true, nil
}

var sha256Hex = regexp.MustCompile(`^[0-9a-f]{64}$`)

// CleanDigest is a SHA-256 as it was typed or pasted, in the one way it is kept.
func CleanDigest(typed string) string {
	s := strings.ToLower(strings.Join(strings.Fields(typed), ""))
	return strings.TrimPrefix(strings.TrimPrefix(s, "sha256:"), "sha256")
}

// MayIssue refuses engagements in whose state no report is issued.
func MayIssue(e Engagement) error {
	if !e.Status.CanBecome(Issued) {
		return models.Conflict("The engagement is in state " + e.Status.Label() + "; a report is issued out of reporting.")
	}
	return nil
}

// Issue registers the report that the firm issued, and ends the engagement with it. What
// Move refuses is refused, and so are a digest that is none, a date before the period is
// over or still to come, and a report that nobody signed.
func Issue(ctx context.Context, tx *models.Tx, e *Engagement, r Report) error {
	if err := MayIssue(*e); err != nil {
		return err
	}
	if err := r.check(*e, tx.Now); err != nil {
		return err
	}
	r.EngagementID, r.Slug, r.RegisteredBy, r.RegisteredAt = e.ID, e.Slug, tx.Actor.ID, tx.Now
	note := models.Note{"digest": r.Digest, "file": r.FileName, "report_date": string(r.ReportedOn), "signed_by": r.SignedBy}
	if err := models.Insert(ctx, tx, &r, "report.register", note); err != nil {
		return err
	}
	return Move(ctx, tx, e, Issued, "")
}

func (r *Report) check(e Engagement, now time.Time) error {
	zone, err := e.Location()
	if err != nil {
		return err
	}
	r.Digest, r.SignedBy = CleanDigest(r.Digest), strings.TrimSpace(r.SignedBy)
	bad := map[string]string{}
	if !sha256Hex.MatchString(r.Digest) {
		bad["digest"] = "Choose the file of the report, or enter its SHA-256: 64 characters, 0 to 9 and a to f."
	}
	switch {
	case r.ReportedOn.IsZero():
		bad["reported_on"] = "Enter the date in the report."
	case r.ReportedOn <= e.PeriodEnd:
		bad["reported_on"] = "The period runs until " + string(e.PeriodEnd) + "; its report is dated after that."
	case r.ReportedOn > models.DateOf(now, zone):
		bad["reported_on"] = "This day is still to come."
	}
	if r.SignedBy == "" {
		bad["signed_by"] = "Say who signed it for the firm."
	}
	if len(bad) > 0 {
		return models.Invalid(bad)
	}
	return nil
}

// issuable says whether the report of e can have been issued by now.
func issuable(ctx context.Context, tx *models.Tx, e Engagement) error {
	zone, err := e.Location()
	if err != nil {
		return err
	}
	if _, until := e.Period().Instants(zone); tx.Now.Before(until) {
		return models.Conflict("The period runs until " + string(e.PeriodEnd) + "; its report cannot have been issued before that.")
	}
	if !e.Kind.Examination() {
		return nil
	}
	if _, registered, err := ReportOf(ctx, tx, e.ID); err != nil || !registered {
		return orConflict(err, "The report is registered with its digest, its date and who signed it, and is issued with that.")
	}
	return nil
}
