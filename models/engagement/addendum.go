package engagement

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/notice"
)

// An Addendum is a fact that became known after the report was issued. It is added to the
// record and changes nothing in it, and never changes itself.
type Addendum struct {
	models.Meta
	EngagementID int64
	Slug         string
	Number       int64
	Text         string
	HappenedOn   models.Date // the date of the fact
	EvidenceID   *int64
	FindingID    *int64
	WrittenBy    int64
	WrittenAt    time.Time
}

// TableName is where addenda live.
func (Addendum) TableName() string { return "engagement_addenda" }

// Path is the address of the engagement.
func (a Addendum) Path() string { return "engagements/" + a.Slug }

// VisibleTo is that of the engagement.
func (Addendum) VisibleTo(a access.Actor) (string, []any) {
	return ofEngagement("engagement_addenda", a)
}

// Add writes the next addendum of e and tells its lead auditor. Refused are engagements
// whose report is not issued, which are still changed themselves, an empty text, and a
// day still to come.
func Add(ctx context.Context, tx *models.Tx, e Engagement, a Addendum) (Addendum, error) {
	if e.Status != Issued && e.Status != Archived {
		return a, models.Conflict("The report is not issued yet; what becomes known now belongs in the engagement itself.")
	}
	zone, err := e.Location()
	if err != nil {
		return a, err
	}
	switch {
	case a.Text == "":
		return a, refuse("text", "Say what became known.")
	case a.HappenedOn.IsZero():
		return a, refuse("happened_on", "Enter the day on which it happened.")
	case a.HappenedOn > models.DateOf(tx.Now, zone):
		return a, refuse("happened_on", "This day is still to come.")
	}
	last, err := models.Rows[Addendum](tx).Where("engagement_id = ?", e.ID).Order("number DESC").Limit(1).Find(ctx)
	if err != nil {
		return a, err
	}
	a.EngagementID, a.Slug, a.Number, a.WrittenBy, a.WrittenAt = e.ID, e.Slug, 1, tx.Actor.ID, tx.Now
	if len(last) > 0 {
		a.Number = last[0].Number + 1
	}
	note := models.Note{"number": strconv.FormatInt(a.Number, 10), "date": string(a.HappenedOn), "note": a.Text}
	if err := models.Insert(ctx, tx, &a, "engagement.addendum", note); err != nil {
		return a, err
	}
	lead, ok, err := LeadOf(ctx, tx, e.ID)
	if err != nil || !ok {
		return a, err
	}
	return a, notice.Tell(ctx, tx, notice.Notice{
		Kind: notice.AddendumWritten, About: e.Path() + "/report",
		Sentence: fmt.Sprintf("Addendum %d was written to %s, whose report is issued.", a.Number, e.Name),
	}, lead.PersonID)
}

// Addenda lists those of an engagement in their order.
func Addenda(ctx context.Context, tx *models.Tx, engagement int64) ([]Addendum, error) {
	return models.Rows[Addendum](tx).Where("engagement_id = ?", engagement).Order("number").Limit(200).Find(ctx)
}
