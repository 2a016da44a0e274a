package finding

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/notice"
	"assay/models/people"
)

// A Response is what management says to a finding, in the name of its author. One to an
// exception is drafted, approved by somebody who wrote nothing of it, and signed by its
// author:
//
//	draft → approved → signed
//	  ↑        │
//	  └────────┘ returned
//
// What is signed is bound to its text by a digest and never changes; what has to be said
// differently is signed as the next version, and the earlier one stays.
type Response struct {
	models.Meta
	FindingID  int64
	Cycle      int
	Position   Position
	Text       string
	PersonID   int64 // the author, who signs
	At         time.Time
	Version    int            // in the cycle; 0 of one from before responses were signed
	Status     ResponseStatus // "" of one from before
	Digest     string         // of Signable, once it is approved
	Hands      models.List[int64]
	ApprovedBy *int64
	ApprovedAt *time.Time
	SignedBy   *int64
	SignedAt   *time.Time
}

// A ResponseStatus is where a response stands.
type ResponseStatus string

// The states of a response.
const (
	ResponseGiven    ResponseStatus = "" // before responses were signed
	ResponseDraft    ResponseStatus = "draft"
	ResponseApproved ResponseStatus = "approved"
	ResponseSigned   ResponseStatus = "signed"
)

// Open reports that it is not signed yet.
func (s ResponseStatus) Open() bool { return s == ResponseDraft || s == ResponseApproved }

// Label is s in words.
func (s ResponseStatus) Label() string {
	return map[ResponseStatus]string{
		ResponseGiven: "Given, not signed", ResponseDraft: "Draft", ResponseApproved: "Approved, to be signed", ResponseSigned: "Signed",
	}[s]
}

// TableName is where responses live.
func (Response) TableName() string { return "finding_responses" }

// Path is the place of r on its finding's page.
func (r Response) Path() string { return fmt.Sprintf("%s#response-%d", path(r.FindingID), r.ID) }

// Within is the finding.
func (r Response) Within() string { return path(r.FindingID) }

// VisibleTo follows the finding. Auditors see what was signed, and no drafts.
func (Response) VisibleTo(a access.Actor) (string, []any) {
	cond, args := visible(a, "finding_responses.finding_id")
	if a.Role == access.Auditor {
		cond += " AND finding_responses.status IN ('', 'signed')"
	}
	return cond, args
}

// Signable is exactly what is approved and signed, and what Digest is the SHA-256 of.
func (r Response) Signable() string {
	return SignableResponse(Code(r.FindingID), r.Cycle, r.Version, r.PersonID, string(r.Position), r.Text)
}

// SignableResponse is that text, from its parts.
func SignableResponse(code string, cycle, version int, author int64, position, text string) string {
	return fmt.Sprintf("assay-response/1\n%s\ncycle %d\nversion %d\nauthor %d\n%s\n\n%s\n", code, cycle, version, author, position, text)
}

func (r Response) digest() string {
	h := sha256.Sum256([]byte(r.Signable()))
	return hex.EncodeToString(h[:])
}

// An Answer is what a response is to say, and in whose name.
type Answer struct {
	Position Position
	Text     string
	AuthorID int64 // 0: the actor
}

func (in *Answer) check(ctx context.Context, tx *models.Tx) error {
	p := problems{}
	p.need("text", in.Text, "Write the response.")
	if !slices.Contains(Positions, in.Position) {
		p["position"] = "Choose whether management agrees."
	}
	if in.AuthorID == 0 {
		in.AuthorID = tx.Actor.ID
	}
	if in.AuthorID != tx.Actor.ID {
		person, err := people.ByID(ctx, tx, in.AuthorID)
		if err != nil && models.KindOf(err) != models.KindNotFound {
			return err
		}
		if err != nil || person.Status == people.Deactivated || !person.Actor().Can(access.ResponseSign) {
			p["author"] = "Choose who of management signs the response."
		}
	}
	return p.err()
}

// Respond records what management says to a finding of the company, in the name of the
// actor. It is signed with it. A later response stands beside the earlier ones.
func Respond(ctx context.Context, tx *models.Tx, id int64, position Position, text string) error {
	c, err := take(ctx, tx, id)
	if err != nil {
		return err
	}
	if err := c.MayRespond(tx.Actor); err != nil {
		return err
	}
	in := Answer{Position: position, Text: text}
	if err := in.check(ctx, tx); err != nil {
		return err
	}
	r := c.response(in, tx)
	r.Status, r.SignedBy, r.SignedAt = ResponseSigned, &tx.Actor.ID, &tx.Now
	r.Digest = r.digest()
	if err := models.Insert(ctx, tx, &r, "finding.respond", models.Note{"position": string(position), "digest": r.Digest}); err != nil {
		return err
	}
	return c.answered(ctx, tx, text)
}

// response is the next version in the present cycle.
func (c *Case) response(in Answer, tx *models.Tx) Response {
	r := Response{FindingID: c.ID, Cycle: c.Cycle, Version: 1, Position: in.Position, Text: in.Text, PersonID: in.AuthorID, At: tx.Now, Hands: models.List[int64]{tx.Actor.ID}}
	for _, x := range c.Responses {
		if x.Cycle == c.Cycle {
			r.Version = max(r.Version, x.Version+1)
		}
	}
	return r
}

// answered tells who raised the finding, and whom the answer names.
func (c *Case) answered(ctx context.Context, tx *models.Tx, text string) error {
	if err := c.tell(ctx, tx, notice.FindingAnswered, "%s was answered by management.", c.RaisedBy); err != nil {
		return err
	}
	return c.mentions(ctx, tx, text)
}

// DraftResponse begins the next version of the response to an exception, or changes the one
// that is a draft. rev is that of the draft, 0 for a new one.
func DraftResponse(ctx context.Context, tx *models.Tx, id, rev int64, in Answer) error {
	c, err := take(ctx, tx, id)
	if err != nil {
		return err
	}
	if err := c.MayDraft(tx.Actor); err != nil {
		return err
	}
	if err := in.check(ctx, tx); err != nil {
		return err
	}
	r := c.OpenResponse()
	if r == nil {
		x := c.response(in, tx)
		x.Status = ResponseDraft
		return models.Insert(ctx, tx, &x, "response.draft", models.Note{"version": strconv.Itoa(x.Version)})
	}
	if err := fresh(r.Rev, rev); err != nil {
		return err
	}
	r.Position, r.Text, r.PersonID, r.At = in.Position, in.Text, in.AuthorID, tx.Now
	touch(&r.Hands, tx.Actor.ID)
	return models.Update(ctx, tx, r, models.Columns{"Position", "Text", "PersonID", "At", "Hands"}, "response.write")
}

// OpenResponse is the one that is not signed yet, or nil.
func (c *Case) OpenResponse() *Response {
	for i := range c.Responses {
		if c.Responses[i].Status.Open() {
			return &c.Responses[i]
		}
	}
	return nil
}

// opened takes the response that is not signed yet, as the form saw it.
func opened(ctx context.Context, tx *models.Tx, id, rev int64) (Case, *Response, error) {
	c, err := take(ctx, tx, id)
	if err != nil {
		return c, nil, err
	}
	r := c.OpenResponse()
	if r == nil {
		return c, nil, models.Conflict("There is no response of this finding that waits for a signature.")
	}
	return c, r, fresh(r.Rev, rev)
}

// ApproveResponse settles the text, by a compliance manager who neither wrote it nor signs it.
func ApproveResponse(ctx context.Context, tx *models.Tx, id, rev int64) error {
	c, r, err := opened(ctx, tx, id, rev)
	if err != nil {
		return err
	}
	if err := c.MayApproveResponse(tx.Actor); err != nil {
		return err
	}
	r.Status, r.ApprovedBy, r.ApprovedAt, r.Digest = ResponseApproved, &tx.Actor.ID, &tx.Now, r.digest()
	if err := models.Update(ctx, tx, r, models.Columns{"Status", "ApprovedBy", "ApprovedAt", "Digest"}, "response.approve", models.Note{"digest": r.Digest}); err != nil {
		return err
	}
	return c.tell(ctx, tx, notice.FindingAssigned, "The response to %s is yours to sign.", r.PersonID)
}

// ReturnResponse makes an approved response a draft again.
func ReturnResponse(ctx context.Context, tx *models.Tx, id, rev int64, why string) error {
	c, r, err := opened(ctx, tx, id, rev)
	if err != nil {
		return err
	}
	if err := c.MayReturnResponse(tx.Actor); err != nil {
		return err
	}
	if err := reason(why, "Say what has to be different."); err != nil {
		return err
	}
	r.Status, r.ApprovedBy, r.ApprovedAt, r.Digest = ResponseDraft, nil, nil, ""
	return models.Update(ctx, tx, r, models.Columns{"Status", "ApprovedBy", "ApprovedAt", "Digest"}, "response.return", models.Note{"note": why})
}

// SignResponse is its author's alone. seen is the digest that stood on their page: what is
// signed is what was read.
func SignResponse(ctx context.Context, tx *models.Tx, id, rev int64, seen string) error {
	c, r, err := opened(ctx, tx, id, rev)
	if err != nil {
		return err
	}
	if err := c.MaySignResponse(tx.Actor); err != nil {
		return err
	}
	if strings.TrimSpace(seen) != r.Digest || r.digest() != r.Digest {
		return models.Conflict("The text is not the one you read. Please look again.")
	}
	r.Status, r.SignedBy, r.SignedAt = ResponseSigned, &tx.Actor.ID, &tx.Now
	if err := models.Update(ctx, tx, r, models.Columns{"Status", "SignedBy", "SignedAt"}, "response.sign", models.Note{"digest": r.Digest}); err != nil {
		return err
	}
	return c.answered(ctx, tx, r.Text)
}

// MayDraft is for the side that answers an exception, until somebody approved the text.
func (c *Case) MayDraft(a access.Actor) error {
	if err := all(onlyIf(c.Exception(), "A finding of the company is answered at once."), onlyIf(c.speaks(a), onlySpeakers), c.during(), c.open()); err != nil {
		return err
	}
	if r := c.OpenResponse(); r != nil && r.Status == ResponseApproved {
		return models.Conflict("The response is approved and waits for its author to sign. It is returned first.")
	}
	return nil
}

// MayApproveResponse is for a compliance manager who neither wrote in it nor signs it.
func (c *Case) MayApproveResponse(a access.Actor) error {
	r := c.OpenResponse()
	if r == nil || r.Status != ResponseDraft {
		return models.Conflict("There is no draft of a response to approve.")
	}
	return all(onlyIf(a.Can(access.FindingManage), onlyManagers),
		onlyIf(r.PersonID != a.ID && !slices.Contains(r.Hands, a.ID), "You wrote in this response or sign it, so somebody else approves it."), c.during())
}

// MayReturnResponse is for its author and for compliance managers, before it is signed.
func (c *Case) MayReturnResponse(a access.Actor) error {
	r := c.OpenResponse()
	if r == nil || r.Status != ResponseApproved {
		return models.Conflict("Only what is approved and not signed yet is returned.")
	}
	return all(onlyIf(a.Can(access.FindingManage) || r.PersonID == a.ID, onlyManagers), c.during())
}

// MaySignResponse is for the author who is named in it, once it is approved.
func (c *Case) MaySignResponse(a access.Actor) error {
	r := c.OpenResponse()
	if r == nil || r.Status != ResponseApproved {
		return models.Conflict("A response is signed once it is approved, and once.")
	}
	return all(onlyIf(a.Can(access.ResponseSign) && r.PersonID == a.ID, "Only its author, who is named in the response, signs it."), c.during())
}
