package retention

import (
	"context"
	"fmt"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/evidence"
	"assay/models/job"
)

// A Kind is what a request asks for.
type Kind string

// The kinds of request.
const (
	Shorten     Kind = "shorten"
	ReleaseHold Kind = "release"
	Remove      Kind = "remove"
)

// A Status is where a request stands.
//
//	open → approved | refused (by somebody else) | withdrawn (by whoever asked)
type Status string

// The states of a request.
const (
	Open      Status = "open"
	Approved  Status = "approved"
	Refused   Status = "refused"
	Withdrawn Status = "withdrawn"
)

// A Request is the half of a step that one person can take.
type Request struct {
	models.Meta
	Kind         Kind
	EngagementID *int64
	Years        int
	HoldID       *int64
	EvidenceID   *int64
	Reason       string
	Status       Status
	AskedBy      int64
	AskedAt      time.Time
	DecidedBy    *int64
	DecidedAt    *time.Time
}

// TableName is where requests live.
func (Request) TableName() string { return "retention_requests" }

// Path is the page of all requests.
func (Request) Path() string { return page }

// Within is the item of evidence that a removal is about.
func (r Request) Within() string {
	if r.EvidenceID == nil {
		return ""
	}
	return fmt.Sprintf("evidence/E-%d", *r.EvidenceID)
}

// VisibleTo shows requests to the company.
func (Request) VisibleTo(a access.Actor) (string, []any) { return company(a) }

// ask files a request. Of one hold, item or term there is one open request at a time.
func ask(ctx context.Context, tx *models.Tx, r Request) (*Request, error) {
	if !tx.Actor.Can(access.RetentionManage) {
		return nil, models.Forbidden("This is asked for by a compliance manager.")
	}
	if r.Reason == "" {
		return nil, models.Invalid(map[string]string{"reason": "Say why. The reason stays with the record."})
	}
	if err := alone(ctx, tx); err != nil { // of a form sent twice at once the second waits here
		return nil, err
	}
	open, err := models.Rows[Request](tx).Where("status = 'open' AND ((hold_id = ? AND hold_id IS NOT NULL) OR (evidence_id = ? AND evidence_id IS NOT NULL) OR (kind = ? AND kind = 'shorten' AND COALESCE(engagement_id, 0) = ?))",
		value(r.HoldID), value(r.EvidenceID), r.Kind, value(r.EngagementID)).Count(ctx, "id")
	if err != nil {
		return nil, err
	}
	if open > 0 {
		return nil, models.Conflict("Somebody asked for this already. It waits for a second person.")
	}
	r.Status, r.AskedBy, r.AskedAt = Open, tx.Actor.ID, tx.Now
	return &r, models.Insert(ctx, tx, &r, "retention.ask_"+string(r.Kind), models.Note{"reason": r.Reason})
}

// Requests lists requests, the newest first: those that wait, or those that are decided.
func Requests(ctx context.Context, tx *models.Tx, open bool, limit int) ([]Request, error) {
	q := models.Rows[Request](tx).Where("status IN ('approved', 'refused', 'withdrawn')")
	if open {
		q = models.Rows[Request](tx).Where("status = 'open'")
	}
	return q.Order("id DESC").Limit(limit).Find(ctx)
}

// Withdraw takes one's own request back.
func Withdraw(ctx context.Context, tx *models.Tx, id int64) (Request, error) {
	r, err := waiting(ctx, tx, id)
	if err != nil {
		return r, err
	}
	if r.AskedBy != tx.Actor.ID {
		return r, models.Forbidden("Only whoever asked can take a request back. You can refuse it.")
	}
	return r, r.settle(ctx, tx, Withdrawn)
}

// Refuse turns a request of somebody else's down.
func Refuse(ctx context.Context, tx *models.Tx, id int64) (Request, error) {
	r, err := second(ctx, tx, id)
	if err != nil {
		return r, err
	}
	return r, r.settle(ctx, tx, Refused)
}

// Approve does what somebody else asked for, if it still may be done.
func Approve(ctx context.Context, tx *models.Tx, id int64) (Request, error) {
	r, err := second(ctx, tx, id)
	if err != nil {
		return r, err
	}
	if err := r.settle(ctx, tx, Approved); err != nil {
		return r, err
	}
	switch r.Kind {
	case Shorten:
		return r, r.shorten(ctx, tx)
	case ReleaseHold:
		return r, r.release(ctx, tx)
	case Remove:
		return r, r.remove(ctx, tx)
	}
	return r, models.Conflict("This build does not know what was asked for.")
}

func waiting(ctx context.Context, tx *models.Tx, id int64) (Request, error) {
	r, err := models.Rows[Request](tx).Where("id = ?", id).Take(ctx)
	if err != nil {
		return r, models.One0(err, "Request")
	}
	if r.Status != Open {
		return r, models.Conflict("This was decided already.")
	}
	return r, nil
}

// second is a request that waits for this actor, who is not the one that made it.
func second(ctx context.Context, tx *models.Tx, id int64) (Request, error) {
	if !tx.Actor.Can(access.RetentionApprove) {
		return Request{}, models.Forbidden("This is approved by a compliance manager or an administrator.")
	}
	r, err := waiting(ctx, tx, id)
	if err == nil && r.AskedBy == tx.Actor.ID {
		err = models.Forbidden("You asked for this, so somebody else has to decide it.")
	}
	return r, err
}

func (r *Request) settle(ctx context.Context, tx *models.Tx, to Status) error {
	r.Status, r.DecidedAt = to, &tx.Now
	if to != Withdrawn {
		r.DecidedBy = &tx.Actor.ID
	}
	verb := map[Status]string{Approved: "retention.approve", Refused: "retention.refuse", Withdrawn: "retention.withdraw"}[to]
	return models.Update(ctx, tx, r, models.Columns{"Status", "DecidedBy", "DecidedAt"}, verb, models.Note{"asked": r.Reason})
}

func (r *Request) shorten(ctx context.Context, tx *models.Tx) error {
	terms, err := Terms(ctx, tx)
	if err != nil {
		return err
	}
	return setTerm(ctx, tx, terms, r.EngagementID, r.Years, r.Reason)
}

func (r *Request) release(ctx context.Context, tx *models.Tx) error {
	h, err := models.Rows[Hold](tx).Where("id = ?", *r.HoldID).Take(ctx)
	if err != nil {
		return err
	}
	h.ReleasedAt = &tx.Now
	return models.Update(ctx, tx, &h, models.Columns{"ReleasedAt"}, "hold.release", models.Note{"reason": r.Reason})
}

// AskRemoval asks that the bytes of an item be removed. Its time has to be over, and no
// hold may be on it.
func AskRemoval(ctx context.Context, tx *models.Tx, item int64, reason string) (*Request, error) {
	i, err := evidence.ByID(ctx, tx, item)
	if err != nil {
		return nil, err
	}
	if err := removable(ctx, tx, i); err != nil {
		return nil, err
	}
	return ask(ctx, tx, Request{Kind: Remove, EvidenceID: &i.ID, Reason: reason})
}

// RemoveKind is the job that removes the bytes of one digest once nothing needs them.
const RemoveKind = "evidence.remove"

// A Task is what that job is told.
type Task struct {
	Digest string
	Size   int64
}

// remove takes the files of an item out of reach at once; a job removes the bytes.
func (r *Request) remove(ctx context.Context, tx *models.Tx) error {
	i, err := evidence.ByID(ctx, tx, *r.EvidenceID)
	if err != nil {
		return err
	}
	if err := removable(ctx, tx, i); err != nil {
		return err
	}
	files, err := evidence.FilesOf(ctx, tx, i.ID)
	if err != nil {
		return err
	}
	for _, f := range files {
		if f.RemovalID != nil {
			continue
		}
		f.RemovalID = &r.ID
		note := models.Note{"digest": f.Digest, "reason": r.Reason}
		if err := models.Update(ctx, tx, &f, models.Columns{"RemovalID"}, "evidence.remove", note); err != nil {
			return err
		}
		if err := job.Enqueue(ctx, tx, RemoveKind, fmt.Sprintf("%d:%s", r.ID, f.Digest), Task{f.Digest, f.Size}); err != nil {
			return err
		}
	}
	return nil
}
