package request

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/engagement"
)

// A Status is where a request stands.
//
//	                    ┌── sent back ──┐
//	                    ↓               │
//	draft → open → in_progress → fulfilled → released → accepted
//	                    ↑                       ↓
//	                    └────── returned ←──────┘
//
//	any before accepted → cancelled
//
// Whoever asks opens, accepts, returns and cancels; whoever answers starts and fulfils;
// a compliance manager checks, and then releases or sends back.
type Status string

// The states of a request.
const (
	Draft      Status = "draft"
	Open       Status = "open"
	InProgress Status = "in_progress"
	Fulfilled  Status = "fulfilled"
	Released   Status = "released" // only from here on auditors see the answer
	Returned   Status = "returned"
	Accepted   Status = "accepted"
	Cancelled  Status = "cancelled"
)

// Statuses lists every status in the order of a life.
var Statuses = []Status{Draft, Open, InProgress, Fulfilled, Released, Returned, Accepted, Cancelled}

var next = map[Status][]Status{
	Draft:      {Open, Cancelled},
	Open:       {InProgress, Cancelled},
	InProgress: {Fulfilled, Cancelled},
	Fulfilled:  {Released, InProgress, Cancelled},
	Released:   {Accepted, Returned, Cancelled},
	Returned:   {InProgress, Cancelled},
	Accepted:   nil,
	Cancelled:  nil,
}

// Next lists what s can become; nothing when it is final.
func (s Status) Next() []Status { return next[s] }

// CanBecome reports whether a request can go from s to t.
func (s Status) CanBecome(t Status) bool { return slices.Contains(next[s], t) }

// Valid reports whether s is a status.
func (s Status) Valid() bool { return slices.Contains(Statuses, s) }

// Owed reports that the company owes an answer: it was asked and nothing was released.
func (s Status) Owed() bool { return s.Answerable() || s == Fulfilled }

// Answerable reports that it is the owner's turn.
func (s Status) Answerable() bool { return s == Open || s == InProgress || s == Returned }

// Over reports that nothing about the request changes any more.
func (s Status) Over() bool { return len(next[s]) == 0 }

// Label is s in words, as pages show it.
func (s Status) Label() string {
	switch s {
	case Draft:
		return "Draft"
	case Open:
		return "Open"
	case InProgress:
		return "In progress"
	case Fulfilled:
		return "Release check"
	case Released:
		return "Released"
	case Returned:
		return "Returned"
	case Accepted:
		return "Accepted"
	case Cancelled:
		return "Cancelled"
	}
	return string(s)
}

// verbs say each move in the log.
var verbs = map[Status]string{
	Open: "request.open", InProgress: "request.start", Fulfilled: "request.fulfil", Released: "request.release",
	Accepted: "request.accept", Returned: "request.return", Cancelled: "request.cancel",
}

// A Step is one move of a request. It never changes.
type Step struct {
	models.Meta
	EngagementID int64
	Slug         string
	RequestID    int64
	Place        int64
	FromStatus   Status
	ToStatus     Status
	Reason       string
	AuditorID    *int64 // who decided it
	TakenBy      int64  // the same one, or who brought it in
	TakenAt      time.Time
}

// TableName is where steps live.
func (Step) TableName() string { return "request_steps" }

// Path is the place of s on the page of its request.
func (s Step) Path() string { return fmt.Sprintf("%s#step-%d", pathOf(s.Slug, s.RequestID), s.Place) }

// InEngagement is the engagement that s belongs to.
func (s Step) InEngagement() int64 { return s.EngagementID }

// Imported reports that an auditor decided it and somebody else brought it in.
func (s Step) Imported() bool { return s.AuditorID != nil && *s.AuditorID != s.TakenBy }

// SentBack reports that the release check failed, which stays within the company.
func (s Step) SentBack() bool { return s.FromStatus == Fulfilled && s.ToStatus == InProgress }

// VisibleTo follows the request. That an answer was sent back before auditors saw it is
// the company's own affair.
func (Step) VisibleTo(a access.Actor) (string, []any) {
	cond, args := ofVisible("request_steps", a)
	if a.Role == access.Auditor {
		cond += " AND NOT (request_steps.from_status = 'fulfilled' AND request_steps.to_status = 'in_progress')"
	}
	return cond, args
}

// StepsOf lists the steps of a request, the first one first.
func StepsOf(ctx context.Context, tx *models.Tx, request int64) ([]Step, error) {
	return models.Rows[Step](tx).Where("request_id = ?", request).Order("place").Find(ctx)
}

// running refuses what is written into an engagement that is over.
func running(e engagement.Engagement) error {
	if !e.Status.Running() {
		return models.Conflict("This engagement is " + strings.ToLower(e.Status.Label()) + "; its requests stay as they are.")
	}
	return nil
}

// asking refuses what is asked anew when it is too late: the answer could not enter what is
// frozen, and an examination that went on beside its binder would be proved by nothing. What
// was asked before is still answered and decided, so that no request stays in the air.
func asking(e engagement.Engagement) error {
	if e.Status == engagement.Reporting {
		return models.Conflict("What was examined is frozen since reporting began, and the answer to something new could not enter it. Write in the thread of a request that is there, or ask it in the next engagement.")
	}
	return running(e)
}

// move takes r a step further. step says who decided it and why.
func (r *Request) move(ctx context.Context, tx *models.Tx, e engagement.Engagement, to Status, step Step, set models.Columns, verb string) error {
	if err := running(e); err != nil {
		return err
	}
	if !r.Status.CanBecome(to) {
		return models.Conflict(fmt.Sprintf("%s is in state %s; it cannot become %s from there.", r.Code(), r.Status.Label(), to.Label()))
	}
	step.EngagementID, step.Slug, step.RequestID, step.Place = r.EngagementID, r.Slug, r.ID, r.Steps+1
	step.FromStatus, step.ToStatus, step.TakenBy, step.TakenAt = r.Status, to, tx.Actor.ID, tx.Now
	err := models.Insert(ctx, tx, &step, "request.step")
	if models.Duplicate(err) { // the other one was faster
		return models.Conflict("Someone changed this a moment ago. Please look again.")
	}
	if err != nil {
		return err
	}
	note := models.Note{"from": string(r.Status), "to": string(to), "reason": step.Reason}
	r.Status, r.Steps = to, step.Place
	return models.Update(ctx, tx, r, append(models.Columns{"Status", "Steps"}, set...), verb, note)
}

// asker is on whose behalf the side that asked acts now. A compliance manager speaks for
// the company's own requests, and brings in what a named auditor decided. What an auditor
// wrote with their own hand is theirs to change and to cancel.
func (r Request) asker(ctx context.Context, tx *models.Tx, e engagement.Engagement) (engagement.Authority, error) {
	switch {
	case r.Side == Company && tx.Actor.Can(access.RequestAsk) && tx.Actor.Company():
		return engagement.Authority{Auditor: tx.Actor.ID, By: tx.Actor.ID}, nil
	case r.Side == Company:
		return engagement.Authority{}, models.Forbidden("The company asked this itself; its compliance managers change it.")
	case !tx.Actor.InFieldwork(e.ID) && !r.Imported():
		return engagement.Authority{}, models.Forbidden("An auditor asked this; only the auditors change or cancel it.")
	}
	return engagement.Act(ctx, tx, e, r.RequesterID)
}

// decided is the auditor of an authority for a step, nil when the company asked itself.
func (r Request) decided(by engagement.Authority) *int64 {
	if r.Side == Company {
		return nil
	}
	return &by.Auditor
}

// OpenUp puts r to the company. r is as the actor saw it. Refused are engagements that are
// still being set up, requests without a date, and those of the other side.
func OpenUp(ctx context.Context, tx *models.Tx, e engagement.Engagement, r *Request) error {
	by, err := r.asker(ctx, tx, e)
	switch {
	case err != nil:
		return err
	case e.Status == engagement.Setup:
		return models.Conflict("The engagement is still being set up. Requests are opened from planning on.")
	case asking(e) != nil:
		return asking(e)
	case r.DueOn.IsZero():
		return refuse("due_on", "Say by when it is needed.")
	}
	set := models.Columns{"OpenedAt"}
	if r.OwnerID != nil { // who has left since it was written answers nothing
		why, err := unfit(ctx, tx, *r.OwnerID)
		if err != nil {
			return err
		}
		if why != "" {
			r.OwnerID, set = nil, append(set, "OwnerID")
		}
	}
	r.OpenedAt = &tx.Now
	if err := r.move(ctx, tx, e, Open, Step{AuditorID: r.decided(by)}, set, verbs[Open]); err != nil {
		return err
	}
	return r.tellOpened(ctx, tx)
}

// Cancel ends r. Only whoever asked does, and says why.
func Cancel(ctx context.Context, tx *models.Tx, e engagement.Engagement, r *Request, reason string) error {
	by, err := r.asker(ctx, tx, e)
	if err != nil {
		return err
	}
	if strings.TrimSpace(reason) == "" {
		return refuse("reason", "Say why it is no longer needed.")
	}
	return r.move(ctx, tx, e, Cancelled, Step{Reason: reason, AuditorID: r.decided(by)}, nil, verbs[Cancelled])
}

// mine refuses everybody but whoever answers r.
func (r Request) mine(a access.Actor) error {
	if r.OwnerID == nil || *r.OwnerID != a.ID || !a.Can(access.RequestAnswer) {
		return models.Forbidden("The person it is assigned to answers it. A compliance manager can assign it to somebody else.")
	}
	return nil
}

// Start says that the owner is at it: for the first time, or again after it was returned.
func Start(ctx context.Context, tx *models.Tx, e engagement.Engagement, r *Request) error {
	if err := r.mine(tx.Actor); err != nil {
		return err
	}
	if r.Status == Fulfilled {
		return models.Conflict("It is with the compliance manager for the release check.")
	}
	return r.move(ctx, tx, e, InProgress, Step{}, nil, verbs[InProgress])
}

// Fulfil hands the answer to the compliance manager. Refused are items without an answer,
// and, after a return, an answer that is still the same.
func Fulfil(ctx context.Context, tx *models.Tx, e engagement.Engagement, r *Request) error {
	if err := r.mine(tx.Actor); err != nil {
		return err
	}
	if r.Status != InProgress {
		return models.Conflict(fmt.Sprintf("%s is in state %s; it is answered while it is in progress.", r.Code(), r.Status.Label()))
	}
	open, fresh, err := unanswered(ctx, tx, *r)
	switch {
	case err != nil:
		return err
	case len(open) > 0:
		return models.Conflict("Not answered yet: " + strings.Join(open, "; ") + ".")
	case !fresh:
		return models.Conflict("Nothing was added since it was returned. Add evidence, or say in words what changes.")
	}
	if err := r.move(ctx, tx, e, Fulfilled, Step{}, nil, verbs[Fulfilled]); err != nil {
		return err
	}
	return r.tellManagers(ctx, tx, "%s is answered and waits for the release check.")
}

func mayRelease(a access.Actor) error {
	if !a.Can(access.RequestRelease) {
		return models.Forbidden("Compliance managers check an answer before the auditors see it.")
	}
	return nil
}

// SendBack is a release check that failed: the owner goes on, and no auditor saw anything.
func SendBack(ctx context.Context, tx *models.Tx, e engagement.Engagement, r *Request, reason string) error {
	if err := mayRelease(tx.Actor); err != nil {
		return err
	}
	switch {
	case r.Status != Fulfilled:
		return models.Conflict(fmt.Sprintf("%s is in state %s; only an answer that waits for the release check is sent back.", r.Code(), r.Status.Label()))
	case strings.TrimSpace(reason) == "":
		return refuse("reason", "Say what is missing, so that the owner can put it right.")
	}
	if err := r.move(ctx, tx, e, InProgress, Step{Reason: reason}, nil, "request.send_back"); err != nil {
		return err
	}
	return r.tellOwner(ctx, tx, returned, "%s came back from the release check.")
}

// Release lets the auditors see the answer. Refused while any of its evidence is not
// accepted, or is nothing that the auditors of e could open.
func Release(ctx context.Context, tx *models.Tx, e engagement.Engagement, r *Request) error {
	if err := mayRelease(tx.Actor); err != nil {
		return err
	}
	if r.Status != Fulfilled {
		return models.Conflict(fmt.Sprintf("%s is in state %s; what is released was answered and waits for the release check.", r.Code(), r.Status.Label()))
	}
	list, err := evidenceOf(ctx, tx, r.ID)
	if err != nil {
		return err
	}
	wrong, err := Withheld(ctx, tx, e, list)
	switch {
	case err != nil:
		return err
	case len(wrong) > 0:
		return models.Conflict(strings.Join(wrong, " "))
	}
	r.ReleasedAt = &tx.Now
	if err := r.move(ctx, tx, e, Released, Step{}, models.Columns{"ReleasedAt"}, verbs[Released]); err != nil {
		return err
	}
	if err := releaseAnswers(ctx, tx, r.ID); err != nil {
		return err
	}
	return r.tellAuditors(ctx, tx, e)
}

// Accept says that the auditor has what they asked for. auditor is who decided it when a
// compliance manager brings it in.
func Accept(ctx context.Context, tx *models.Tx, e engagement.Engagement, r *Request, auditor int64) error {
	by, err := r.judge(ctx, tx, e, auditor)
	if err != nil {
		return err
	}
	if err := r.move(ctx, tx, e, Accepted, Step{AuditorID: &by.Auditor}, nil, verbs[Accepted]); err != nil {
		return err
	}
	return r.tellOwner(ctx, tx, accepted, "%s was accepted by the auditor.")
}

// Return gives the answer back with a reason, and the request is the owner's again.
func Return(ctx context.Context, tx *models.Tx, e engagement.Engagement, r *Request, auditor int64, reason string) error {
	by, err := r.judge(ctx, tx, e, auditor)
	if err != nil {
		return err
	}
	if strings.TrimSpace(reason) == "" {
		return refuse("reason", "Say what is missing, so that the owner can put it right.")
	}
	if err := r.move(ctx, tx, e, Returned, Step{Reason: reason, AuditorID: &by.Auditor}, nil, verbs[Returned]); err != nil {
		return err
	}
	if err := r.tellManagers(ctx, tx, "%s was returned by the auditor."); err != nil {
		return err
	}
	return r.tellOwner(ctx, tx, returned, "%s was returned by the auditor. The reason stands on top of it.")
}

// judge is the auditor on whose behalf a released answer is decided.
func (r Request) judge(ctx context.Context, tx *models.Tx, e engagement.Engagement, auditor int64) (engagement.Authority, error) {
	by, err := engagement.Act(ctx, tx, e, auditor)
	if err == nil && r.Status != Released {
		err = models.Conflict(fmt.Sprintf("%s is in state %s; only a released answer is accepted or returned.", r.Code(), r.Status.Label()))
	}
	return by, err
}

func refuse(field, message string) error { return models.Invalid(map[string]string{field: message}) }
