// Package request is what auditors ask the company for, item by item, until they accept
// what they were given. Whoever answers, whoever checks the answer and whoever asked are
// different people, and each sees only what is theirs to see.
package request

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/engagement"
)

// A Request is one line of the request list of an engagement.
type Request struct {
	models.Meta
	EngagementID int64
	Slug         string // of the engagement
	Side         Side
	Question
	Status      Status
	Steps       int64 // taken so far
	RequesterID int64
	EnteredBy   int64 // somebody else when the firm's list was brought in
	CreatedAt   time.Time
	OpenedAt    *time.Time
	ReleasedAt  *time.Time // for the last time
}

// A Question is what is asked, of whom and by when.
type Question struct {
	Reference string // what the firm calls it in its own list
	Title     string
	Detail    string
	ControlID *int64
	Control   string // its code, which never changes
	OwnerID   *int64 // who answers
	DueOn     models.Date
}

// A Side is who asks.
type Side string

// The sides.
const (
	Firm    Side = "firm"
	Company Side = "company"
)

// TableName is where requests live.
func (Request) TableName() string { return "requests" }

// Code is the number people say: R-037.
func (r Request) Code() string { return Code(r.ID) }

// Code is the code of the request with this id.
func Code(id int64) string { return fmt.Sprintf("R-%03d", id) }

// Path is the address of r.
func (r Request) Path() string { return pathOf(r.Slug, r.ID) }

// Within is the address of the engagement.
func (r Request) Within() string { return "engagements/" + r.Slug }

func pathOf(slug string, id int64) string {
	return "engagements/" + slug + "/requests/" + Code(id)
}

// InEngagement is the engagement that r belongs to.
func (r Request) InEngagement() int64 { return r.EngagementID }

// Imported reports that the requester did not write it with their own hand.
func (r Request) Imported() bool { return r.RequesterID != r.EnteredBy }

// Overdue reports that the auditors wait for r longer than was agreed.
func (r Request) Overdue(today models.Date) bool {
	return r.Status.Owed() && !r.DueOn.IsZero() && r.DueOn < today
}

// A draft is its writer's side's own until it is opened: what the firm has not asked yet
// is nothing for the company, and the other way round. What was brought in from the
// firm's own list is known to both.
const (
	shownToCompany = `(requests.opened_at IS NOT NULL OR requests.side = 'company' OR requests.requester_id <> requests.entered_by)`
	shownToFirm    = `(requests.opened_at IS NOT NULL OR requests.side = 'firm')`
	shownToBoth    = `(requests.opened_at IS NOT NULL OR requests.side = 'firm' AND requests.requester_id <> requests.entered_by)`
)

// VisibleTo gives compliance managers and administrators what the company may know,
// owners the open requests that are theirs to answer, and auditors those of their open
// engagements. An auditor without a name (engagement.Viewer) is how the company looks at
// what the firm is shown, and sees nothing that is the firm's own.
func (Request) VisibleTo(a access.Actor) (string, []any) {
	switch a.Role {
	case access.Compliance, access.Administrator, access.System:
		return shownToCompany, nil
	case access.Owner:
		return "requests.owner_id = ? AND requests.opened_at IS NOT NULL", []any{a.ID}
	case access.Auditor:
		in := []any{append([]int64{0}, a.Engagements...)}
		if a.ID == 0 {
			return "requests.engagement_id IN ? AND " + shownToBoth, in
		}
		return "requests.engagement_id IN ? AND " + shownToFirm, in
	}
	return "1 = 0", nil
}

// ofVisible is the condition that a row's request is visible.
func ofVisible(table string, a access.Actor) (string, []any) {
	cond, args := Request{}.VisibleTo(a)
	return table + ".request_id IN (SELECT requests.id FROM requests WHERE " + cond + ")", args
}

// ByCode finds a request of an engagement that the actor may see.
func ByCode(ctx context.Context, tx *models.Tx, engagement int64, code string) (Request, error) {
	id, err := strconv.ParseInt(strings.TrimPrefix(code, "R-"), 10, 64)
	if err != nil || Code(id) != code {
		return Request{}, models.NotFound("Request")
	}
	r, err := models.Rows[Request](tx).Where("requests.id = ? AND requests.engagement_id = ?", id, engagement).Take(ctx)
	return models.One(r, err, "Request")
}

// Of finds the engagement and the request. An owner reads the engagement only through a
// request of theirs.
func Of(ctx context.Context, tx *models.Tx, slug, code string) (engagement.Engagement, Request, error) {
	e, err := engagement.BySlug(ctx, tx, slug)
	if err != nil {
		return e, Request{}, err
	}
	r, err := ByCode(ctx, tx, e.ID, code)
	return e, r, err
}

// An Item is one thing that a request asks for.
type Item struct {
	models.Meta
	EngagementID int64
	Slug         string
	RequestID    int64
	Place        int64
	Words        string
}

// TableName is where items live.
func (Item) TableName() string { return "request_items" }

// Path is the place of i on the page of its request.
func (i Item) Path() string { return fmt.Sprintf("%s#item-%d", pathOf(i.Slug, i.RequestID), i.Place) }

// InEngagement is the engagement that i belongs to.
func (i Item) InEngagement() int64 { return i.EngagementID }

// VisibleTo follows the request.
func (Item) VisibleTo(a access.Actor) (string, []any) { return ofVisible("request_items", a) }

// Items lists what a request asks for.
func Items(ctx context.Context, tx *models.Tx, requests ...int64) ([]Item, error) {
	if len(requests) == 0 {
		return nil, nil
	}
	return models.Rows[Item](tx).Where("request_id IN ?", requests).Order("request_id, place").Find(ctx)
}
