package request

import (
	"context"
	"fmt"
	"strings"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/engagement"
	"assay/models/evidence"
)

// An Answer is what the company gives for one item: a piece of evidence with its files,
// or words. It never changes once auditors were shown it.
type Answer struct {
	models.Meta
	EngagementID int64
	Slug         string
	RequestID    int64
	ItemID       int64
	EvidenceID   *int64
	Words        string
	AddedBy      int64
	AddedAt      time.Time
	ReleasedBy   *int64
	ReleasedAt   *time.Time
}

// TableName is where answers live.
func (Answer) TableName() string { return "request_answers" }

// Path is the place of a on the page of its request.
func (a Answer) Path() string { return fmt.Sprintf("%s#answer-%d", pathOf(a.Slug, a.RequestID), a.ID) }

// Within is the request.
func (a Answer) Within() string { return pathOf(a.Slug, a.RequestID) }

// VisibleTo follows the request; auditors see what was released.
func (Answer) VisibleTo(a access.Actor) (string, []any) {
	cond, args := ofVisible("request_answers", a)
	if a.Role == access.Auditor {
		cond += " AND request_answers.released_at IS NOT NULL"
	}
	return cond, args
}

// Answers lists what was given for a request, as far as the actor may see it.
func Answers(ctx context.Context, tx *models.Tx, request int64) ([]Answer, error) {
	return models.Rows[Answer](tx).Where("request_id = ?", request).Order("id").Find(ctx)
}

// Reply answers an item with evidence that the actor may see, with words, or with both,
// and starts the request if nobody has. Refused is evidence that was withdrawn, and the
// same one twice.
func Reply(ctx context.Context, tx *models.Tx, e engagement.Engagement, r *Request, item int64, code, words string) (Answer, error) {
	if err := r.mine(tx.Actor); err != nil {
		return Answer{}, err
	}
	row := Answer{EngagementID: r.EngagementID, Slug: r.Slug, RequestID: r.ID, ItemID: item, Words: strings.TrimSpace(words), AddedBy: tx.Actor.ID, AddedAt: tx.Now}
	if err := r.asks(ctx, tx, item); err != nil {
		return row, err
	}
	if code = strings.TrimSpace(code); code != "" {
		found, err := usable(ctx, tx, strings.ToUpper(code))
		if err != nil {
			return row, err
		}
		row.EvidenceID = &found.ID
	}
	if row.EvidenceID == nil && row.Words == "" {
		return row, refuse("evidence", "Choose evidence, or answer in words.")
	}
	if r.Status == Open || r.Status == Returned {
		if err := Start(ctx, tx, e, r); err != nil {
			return row, err
		}
	}
	if err := running(e); err != nil {
		return row, err
	}
	if r.Status != InProgress {
		return row, models.Conflict(fmt.Sprintf("%s is in state %s; answers are added while it is in progress.", r.Code(), r.Status.Label()))
	}
	err := models.Insert(ctx, tx, &row, "request.answer")
	if models.Duplicate(err) {
		err = refuse("evidence", code+" answers this item already.")
	}
	return row, err
}

// asks refuses an item that r does not have.
func (r Request) asks(ctx context.Context, tx *models.Tx, item int64) error {
	n, err := models.Rows[Item](tx).Where("id = ? AND request_id = ?", item, r.ID).Count(ctx, "id")
	if err == nil && n == 0 {
		err = refuse("item", "Choose what this answers.")
	}
	return err
}

func usable(ctx context.Context, tx *models.Tx, code string) (evidence.Item, error) {
	found, err := evidence.ByCode(ctx, tx, code)
	switch {
	case models.KindOf(err) == models.KindNotFound:
		return found, refuse("evidence", "No evidence has the id "+code+". It looks like E-12.")
	case err == nil && found.Status == evidence.Withdrawn:
		return found, refuse("evidence", code+" was withdrawn.")
	}
	return found, err
}

// TakeOut removes an answer that no auditor was shown. rev is the one the actor saw.
func TakeOut(ctx context.Context, tx *models.Tx, e engagement.Engagement, r *Request, answer, rev int64) error {
	if err := r.mine(tx.Actor); err != nil {
		return err
	}
	if err := running(e); err != nil {
		return err
	}
	row, err := models.Rows[Answer](tx).Where("id = ? AND request_id = ?", answer, r.ID).Take(ctx)
	switch {
	case err != nil:
		return models.One0(err, "Answer")
	case row.ReleasedAt != nil:
		return models.Conflict("The auditors were shown this. It stays; add what is right beside it.")
	case r.Status != InProgress:
		return models.Conflict(fmt.Sprintf("%s is in state %s; answers are taken out while it is in progress.", r.Code(), r.Status.Label()))
	}
	row.Rev = rev
	return models.Delete(ctx, tx, &row, "request.take_out")
}

// unanswered lists the items without an answer, and whether anything is new since the
// last release.
func unanswered(ctx context.Context, tx *models.Tx, r Request) (open []string, fresh bool, err error) {
	items, err := Items(ctx, tx, r.ID)
	if err != nil {
		return nil, false, err
	}
	answers, err := Answers(ctx, tx, r.ID)
	have := map[int64]bool{}
	for _, a := range answers {
		have[a.ItemID] = true
		fresh = fresh || a.ReleasedAt == nil
	}
	for _, i := range items {
		if !have[i.ID] {
			open = append(open, i.Words)
		}
	}
	return open, fresh, err
}

// Withheld says, in sentences, which of the evidence that answers keeps it from being
// released: what is not accepted, and what the auditors could not open even so.
func Withheld(ctx context.Context, tx *models.Tx, e engagement.Engagement, list []evidence.Item) ([]string, error) {
	if len(list) == 0 {
		return nil, nil
	}
	ids := make([]int64, len(list))
	for n, i := range list {
		ids[n] = i.ID
	}
	cond, args := evidence.Item{}.VisibleTo(e.Viewer())
	seen, err := models.Rows[evidence.Item](tx).Select("evidence.id").Where("evidence.id IN ?", ids).Where(cond, args...).Find(ctx)
	shown := map[int64]bool{}
	for _, i := range seen {
		shown[i.ID] = true
	}
	var out []string
	for _, i := range list {
		switch {
		case i.Status != evidence.Accepted && i.Status != evidence.Superseded:
			out = append(out, fmt.Sprintf("%s is not accepted: %s.", i.Code(), strings.ToLower(i.Status.Label())))
		case !shown[i.ID]:
			out = append(out, i.Code()+" is for a control or for days that the engagement does not cover, so the auditors could not open it.")
		}
	}
	return out, err
}

// evidenceOf is the evidence that waits for the release of a request.
func evidenceOf(ctx context.Context, tx *models.Tx, request int64) ([]evidence.Item, error) {
	return models.Rows[evidence.Item](tx).
		Where("evidence.id IN (SELECT a.evidence_id FROM request_answers a WHERE a.request_id = ? AND a.released_at IS NULL)", request).
		Order("evidence.id").Find(ctx)
}

func releaseAnswers(ctx context.Context, tx *models.Tx, request int64) error {
	list, err := models.Rows[Answer](tx).Where("request_id = ? AND released_at IS NULL", request).Order("id").Find(ctx)
	for _, a := range list {
		if err != nil {
			return err
		}
		a.ReleasedBy, a.ReleasedAt = &tx.Actor.ID, &tx.Now
		err = models.Update(ctx, tx, &a, models.Columns{"ReleasedBy", "ReleasedAt"}, "request.show")
	}
	return err
}
