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
		if a.Number = last[0].Number + 1; last[0].says(a) { // it cannot be taken back, so it is not written twice
			return a, models.Conflict(fmt.Sprintf("Addendum %d says this already.", last[0].Number))
		}
	}
	note := models.Note{"number": strconv.FormatInt(a.Number, 10), "date": string(a.HappenedOn), "note": a.Text}
	err = models.Insert(ctx, tx, &a, "engagement.addendum", note)
	if models.Duplicate(err) {
		err = models.Conflict("Somebody wrote an addendum a moment ago. Please look again.")
	}
	if err != nil {
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

// says reports whether a says what b says.
func (a Addendum) says(b Addendum) bool {
	return a.Text == b.Text && a.HappenedOn == b.HappenedOn && a.WrittenBy == b.WrittenBy
}

// Addenda lists those of an engagement in their order.
func Addenda(ctx context.Context, tx *models.Tx, engagement int64) ([]Addendum, error) {
	return models.Rows[Addendum](tx).Where("engagement_id = ?", engagement).Order("number").Limit(200).Find(ctx)
}
