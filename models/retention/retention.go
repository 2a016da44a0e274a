// Package retention is how long evidence is kept, which holds keep it longer, and how two
// people together have its bytes removed once its time is over. Its hash, its record and
// who removed it stay.
//
// Terms grow longer and holds are set by one person. Whatever leads towards removal, a
// shorter term, a hold released, bytes removed, is asked for by one and approved by another.
package retention

import (
	"context"
	"fmt"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/engagement"
)

// DefaultYears is how long evidence is kept where nobody said otherwise.
const DefaultYears = 7

// page is the address under which all of this is looked after.
const page = "settings/retention"

// A Term is for how many years after the end of a period evidence is kept.
type Term struct {
	models.Meta
	EngagementID *int64 // nil is the company
	Years        int
	Reason       string
	SetBy        int64
	SetAt        time.Time
}

// TableName is where terms live.
func (Term) TableName() string { return "retention_terms" }

// Path is the page of all terms.
func (Term) Path() string { return page }

// VisibleTo shows terms to the company.
func (Term) VisibleTo(a access.Actor) (string, []any) { return company(a) }

// A Hold keeps the evidence of an engagement or of a control from being removed, whatever
// its term, until it is released.
type Hold struct {
	models.Meta
	EngagementID *int64
	ControlID    *int64
	Reason       string
	SetBy        int64
	SetAt        time.Time
	ReleasedAt   *time.Time
}

// TableName is where holds live.
func (Hold) TableName() string { return "legal_holds" }

// Path is the page of all holds.
func (Hold) Path() string { return page }

// VisibleTo shows holds to the company.
func (Hold) VisibleTo(a access.Actor) (string, []any) { return company(a) }

func company(a access.Actor) (string, []any) {
	if a.Role == access.System || a.Can(access.RetentionView) {
		return "", nil
	}
	return "1 = 0", nil
}

// Terms gives the years of each engagement, those of the company under 0.
func Terms(ctx context.Context, tx *models.Tx) (map[int64]Term, error) {
	list, err := models.Rows[Term](tx).Find(ctx)
	out := map[int64]Term{0: {Years: DefaultYears}}
	for _, t := range list {
		if t.EngagementID == nil {
			out[0] = t
		} else {
			out[*t.EngagementID] = t
		}
	}
	return out, err
}

// years is the term of an engagement, 0 for the company's own.
func years(terms map[int64]Term, engagement int64) int {
	if t, ok := terms[engagement]; ok {
		return t.Years
	}
	return terms[0].Years
}

// SetTerm makes a term longer at once. A shorter one is asked for instead: the request is
// returned, and somebody else has to approve it.
func SetTerm(ctx context.Context, tx *models.Tx, of *int64, n int, reason string) (*Request, error) {
	if !tx.Actor.Can(access.RetentionManage) {
		return nil, models.Forbidden("Terms are set by a compliance manager.")
	}
	wrong := map[string]string{}
	if n < 1 || n > 100 {
		wrong["years"] = "Enter a number of years from 1 to 100."
	}
	if reason == "" {
		wrong["reason"] = "Say why. The reason stays with the record."
	}
	if of != nil {
		if err := visibleEngagement(ctx, tx, *of); err != nil {
			wrong["engagement"] = "Choose an engagement from the list."
		}
	}
	if len(wrong) > 0 {
		return nil, models.Invalid(wrong)
	}
	terms, err := Terms(ctx, tx)
	if err != nil {
		return nil, err
	}
	switch now := years(terms, value(of)); {
	case n == now:
		return nil, models.Conflict(fmt.Sprintf("It is %d years already.", n))
	case n < now:
		return ask(ctx, tx, Request{Kind: Shorten, EngagementID: of, Years: n, Reason: reason})
	}
	return nil, setTerm(ctx, tx, terms, of, n, reason)
}

func setTerm(ctx context.Context, tx *models.Tx, terms map[int64]Term, of *int64, n int, reason string) error {
	t, known := terms[value(of)]
	known = known && t.ID != 0
	t.EngagementID, t.Years, t.Reason, t.SetBy, t.SetAt = of, n, reason, tx.Actor.ID, tx.Now
	note := models.Note{"years": fmt.Sprint(n), "reason": reason}
	if known {
		return models.Update(ctx, tx, &t, models.Columns{"Years", "Reason", "SetBy", "SetAt"}, "retention.term", note)
	}
	t.Meta = models.Meta{}
	return models.Insert(ctx, tx, &t, "retention.term", note)
}

func visibleEngagement(ctx context.Context, tx *models.Tx, id int64) error {
	_, err := models.Rows[engagement.Engagement](tx).Where("engagements.id = ?", id).Take(ctx)
	return models.One0(err, "Engagement")
}

func value(id *int64) int64 {
	if id == nil {
		return 0
	}
	return *id
}

// SetHold keeps all evidence of an engagement or of a control from now on.
func SetHold(ctx context.Context, tx *models.Tx, engagement, control *int64, reason string) (Hold, error) {
	if !tx.Actor.Can(access.RetentionManage) {
		return Hold{}, models.Forbidden("Holds are set by a compliance manager.")
	}
	wrong := map[string]string{}
	if (engagement == nil) == (control == nil) {
		wrong["engagement"] = "Choose an engagement, or give the code of a control, and not both."
	}
	if reason == "" {
		wrong["hold_reason"] = "Say why, such as the matter and who asked for it. The reason stays with the record."
	}
	if len(wrong) > 0 {
		return Hold{}, models.Invalid(wrong)
	}
	if err := alone(ctx, tx); err != nil {
		return Hold{}, err
	}
	again, err := models.Rows[Hold](tx).Where("released_at IS NULL AND reason = ? AND COALESCE(engagement_id, 0) = ? AND COALESCE(control_id, 0) = ?", reason, value(engagement), value(control)).
		Count(ctx, "id")
	if err == nil && again > 0 { // two would have to be released by two people each
		err = models.Conflict("This hold is on already, for the same reason.")
	}
	if err != nil {
		return Hold{}, err
	}
	h := Hold{EngagementID: engagement, ControlID: control, Reason: reason, SetBy: tx.Actor.ID, SetAt: tx.Now}
	return h, models.Insert(ctx, tx, &h, "hold.set", models.Note{"reason": reason})
}

// Holds lists the holds that are on, the newest first.
func Holds(ctx context.Context, tx *models.Tx) ([]Hold, error) {
	return models.Rows[Hold](tx).Where("released_at IS NULL").Order("id DESC").Limit(200).Find(ctx)
}

// Release asks that a hold end.
func Release(ctx context.Context, tx *models.Tx, id int64, reason string) (*Request, error) {
	h, err := models.Rows[Hold](tx).Where("id = ?", id).Take(ctx)
	if err != nil {
		return nil, models.One0(err, "Hold")
	}
	if h.ReleasedAt != nil {
		return nil, models.Conflict("This hold was released already.")
	}
	return ask(ctx, tx, Request{Kind: ReleaseHold, HoldID: &h.ID, Reason: reason})
}
