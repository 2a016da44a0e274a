package request

import (
	"context"
	"fmt"
	"strings"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/engagement"
)

// A Message is one entry in the thread of a request. It never changes.
type Message struct {
	models.Meta
	EngagementID int64
	Slug         string
	RequestID    int64
	Audience     Audience
	Text         string
	AuthorID     int64
	SentAt       time.Time
}

// An Audience is who can read a message.
type Audience string

// The audiences.
const (
	CompanyOnly Audience = "company"
	Both        Audience = "both"
	TeamOnly    Audience = "firm"
)

// Label says who that is, before and after sending.
func (a Audience) Label() string {
	switch a {
	case CompanyOnly:
		return "Company only"
	case Both:
		return "Company and auditors"
	case TeamOnly:
		return "Audit team only"
	}
	return string(a)
}

// Audiences lists those that a may speak to, the widest first.
func Audiences(a access.Actor) []Audience {
	if a.Role == access.Auditor {
		return []Audience{Both, TeamOnly}
	}
	return []Audience{Both, CompanyOnly}
}

// TableName is where messages live.
func (Message) TableName() string { return "request_messages" }

// Path is the place of m on the page of its request.
func (m Message) Path() string {
	return fmt.Sprintf("%s#message-%d", pathOf(m.Slug, m.RequestID), m.ID)
}

// InEngagement is the engagement that m belongs to.
func (m Message) InEngagement() int64 { return m.EngagementID }

// VisibleTo follows the request and the audience. What the audit team keeps to itself is
// for its members by name: no role of the company reads it, nor the company looking as an
// auditor, nor the clock, so it is in no export, no search and no mail.
func (Message) VisibleTo(a access.Actor) (string, []any) {
	cond, args := ofVisible("request_messages", a)
	switch {
	case a.Role == access.Auditor && a.ID != 0:
		return cond + " AND request_messages.audience <> 'company'", args
	case a.Role == access.Auditor:
		return cond + " AND request_messages.audience = 'both'", args
	}
	return cond + " AND request_messages.audience <> 'firm'", args
}

// ThreadShown is how many messages a page of a request shows at once.
const ThreadShown = 50

// thread is what was said about a request before a message, 0 for all of it, the latest
// first; with one more than is shown, which says that there are earlier ones.
func thread(tx *models.Tx, request, before int64) models.Query[Message] {
	q := models.Rows[Message](tx).Where("request_id = ?", request)
	if before > 0 {
		q = q.Where("request_messages.id < ?", before)
	}
	return q.Order("id DESC").Limit(ThreadShown + 1)
}

// Until is the message before which a page of the thread ends so that it holds another one
// about in the middle, or 0 if the end of the thread holds it.
func Until(ctx context.Context, tx *models.Tx, request, message int64) (int64, error) {
	later, err := models.Rows[Message](tx).Where("request_id = ? AND request_messages.id > ?", request, message).Order("id").Limit(ThreadShown).Find(ctx)
	if err != nil || len(later) < ThreadShown {
		return 0, err
	}
	return later[ThreadShown/2-1].ID, nil
}

// Say writes to an audience that the actor may speak to. The text stays out of the log:
// a leaf says that something was written, and for whom.
func Say(ctx context.Context, tx *models.Tx, e engagement.Engagement, r Request, to Audience, text string) (Message, error) {
	m := Message{EngagementID: e.ID, Slug: e.Slug, RequestID: r.ID, Audience: to, Text: strings.TrimSpace(text), AuthorID: tx.Actor.ID, SentAt: tx.Now}
	if err := running(e); err != nil {
		return m, err
	}
	team := tx.Actor.InFieldwork(e.ID)
	switch {
	case !team && (!tx.Actor.Company() || !tx.Actor.Can(access.RequestTalk)):
		return m, models.Forbidden("The thread is written by control owners, compliance managers, and auditors to whom fieldwork is granted.")
	case to != Both && to != CompanyOnly && to != TeamOnly, team && to == CompanyOnly, !team && to == TeamOnly:
		return m, refuse("audience", "Choose who can read it.")
	case m.Text == "":
		return m, refuse("text", "Write something.")
	}
	last, err := models.Rows[Message](tx).Where("request_id = ?", r.ID).Order("id DESC").Limit(1).Find(ctx)
	if err != nil {
		return m, err
	}
	if len(last) > 0 && last[0].AuthorID == m.AuthorID && last[0].Audience == to && last[0].Text == m.Text {
		return m, models.Conflict("You have written this already. It is the last message of the thread.")
	}
	verb := map[Audience]string{Both: "request.write_to_both", CompanyOnly: "request.write_within", TeamOnly: "request.note"}[to]
	if err := models.Insert(ctx, tx, &m, verb); err != nil {
		return m, err
	}
	return m, r.tellWritten(ctx, tx, e, to, m.Text)
}
