// Package deliverable is what an engagement hands over: documents that management answers
// for, the matrix of section IV, and what still blocks the issue of the report. None of it
// states an opinion: that is the auditor's report, which is written outside.
package deliverable

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
	"assay/models/engagement"
	"assay/models/people"
)

// A Document is one version of what management says, drafted, approved by somebody else,
// and signed by a named executive.
//
//	draft → approved → signed
//	  ↑        │
//	  └────────┘ returned
//
// A signed one never changes. What has to be said differently makes a next version.
type Document struct {
	models.Meta
	EngagementID int64
	Slug         string
	Kind         Kind
	Version      int
	Body         string
	Bound        string // the digest of the description that an assertion is about
	Status       Status
	Authors      models.List[int64]
	DraftedBy    int64
	DraftedAt    time.Time
	SignatoryID  int64
	Digest       string // of Text, as it was approved
	ApprovedBy   *int64
	ApprovedAt   *time.Time
	SignedBy     *int64
	SignedAt     *time.Time
}

// A Kind is what a document is.
type Kind string

// The kinds.
const (
	Assertion   Kind = "assertion"
	Description Kind = "description"
	Responses   Kind = "responses"
	Bridge      Kind = "bridge"
)

// Kinds lists them, in the order of a report.
var Kinds = []Kind{Assertion, Description, Responses, Bridge}

// Label is k in words.
func (k Kind) Label() string {
	return map[Kind]string{
		Assertion: "Management assertion", Description: "System description", Responses: "Management responses", Bridge: "Bridge letter",
	}[k]
}

// A Status is where a document stands.
type Status string

// The states.
const (
	Draft    Status = "draft"
	Approved Status = "approved"
	Signed   Status = "signed"
)

// Label is s in words.
func (s Status) Label() string {
	return map[Status]string{Draft: "Draft", Approved: "Approved, to be signed", Signed: "Signed"}[s]
}

// TableName is where documents live.
func (Document) TableName() string { return "management_documents" }

// Path is the address of d.
func (d Document) Path() string {
	return d.Within() + "/deliverables/" + string(d.Kind) + "-" + strconv.Itoa(d.Version)
}

// Within is the address of the engagement.
func (d Document) Within() string { return "engagements/" + d.Slug }

// Title names d.
func (d Document) Title() string { return fmt.Sprintf("%s, version %d", d.Kind.Label(), d.Version) }

// VisibleTo shows an auditor of an open engagement what is signed, and owners nothing.
func (Document) VisibleTo(a access.Actor) (string, []any) {
	switch a.Role {
	case access.Compliance, access.Administrator, access.Executive, access.System:
		return "", nil
	case access.Auditor:
		return "management_documents.status = 'signed' AND management_documents.engagement_id IN ?", []any{append([]int64{0}, a.Engagements...)}
	}
	return "1 = 0", nil
}

// Text is exactly what is approved and signed, and what Digest is the SHA-256 of.
func (d Document) Text() string {
	head := fmt.Sprintf("assay-document/1\n%s\n%s\nversion %d\nsignatory %d\n", d.Kind.Label(), d.Within(), d.Version, d.SignatoryID)
	if d.Bound != "" {
		head += "description sha256 " + d.Bound + "\n"
	}
	return head + "\n" + d.Body + "\n"
}

func (d Document) digest() string {
	h := sha256.Sum256([]byte(d.Text()))
	return hex.EncodeToString(h[:])
}

// Of lists the documents of an engagement that the actor may see, the newest version of a
// kind first.
func Of(ctx context.Context, tx *models.Tx, engagement int64) ([]Document, error) {
	return models.Rows[Document](tx).Where("management_documents.engagement_id = ?", engagement).Order("kind, version DESC").Limit(100).Find(ctx)
}

// ByName finds a document of an engagement by the end of its address, such as assertion-1.
func ByName(ctx context.Context, tx *models.Tx, engagement int64, name string) (Document, error) {
	kind, number, _ := strings.Cut(name, "-")
	n, err := strconv.Atoi(number)
	if err != nil || strconv.Itoa(n) != number {
		return Document{}, models.NotFound("Document")
	}
	d, err := models.Rows[Document](tx).Where("management_documents.engagement_id = ? AND kind = ? AND version = ?", engagement, kind, n).Take(ctx)
	return models.One(d, err, "Document")
}

// Signatories are the executives who can be named.
func Signatories(ctx context.Context, tx *models.Tx) ([]people.Person, error) {
	return models.Rows[people.Person](tx).Where("role = ? AND status <> ?", access.Executive, people.Deactivated).Order("name, id").Limit(200).Find(ctx)
}

func refuse(field, message string) error { return models.Invalid(map[string]string{field: message}) }

func mayManage(a access.Actor) error {
	if !a.Can(access.DeliverableManage) {
		return models.Forbidden("Documents are drafted and approved by compliance managers.")
	}
	return nil
}

// open refuses an engagement in which nothing is written any more. A bridge letter is
// about the time after the period, and so the only one that comes after the report.
func (k Kind) open(e engagement.Engagement) error {
	if e.Status.Running() || k == Bridge && e.Status == engagement.Issued {
		return nil
	}
	return models.Conflict("This engagement is " + strings.ToLower(e.Status.Label()) + "; its documents stay as they are.")
}

// Begin drafts the next version of a kind from what is known. There is one open version of
// a kind at a time.
func Begin(ctx context.Context, tx *models.Tx, e engagement.Engagement, kind Kind, signatory int64) (Document, error) {
	if err := mayManage(tx.Actor); err != nil {
		return Document{}, err
	}
	if !slices.Contains(Kinds, kind) {
		return Document{}, refuse("kind", "Choose what is drafted.")
	}
	if err := kind.open(e); err != nil {
		return Document{}, err
	}
	if err := executive(ctx, tx, signatory); err != nil {
		return Document{}, err
	}
	last, err := models.Value[int](ctx, tx, "SELECT coalesce(max(version), 0) FROM management_documents WHERE engagement_id = ? AND kind = ?", e.ID, kind)
	if err != nil {
		return Document{}, err
	}
	d := Document{
		EngagementID: e.ID, Slug: e.Slug, Kind: kind, Version: last + 1, Status: Draft, SignatoryID: signatory,
		Authors: models.List[int64]{tx.Actor.ID}, DraftedBy: tx.Actor.ID, DraftedAt: tx.Now,
	}
	if d.Body, err = compose(ctx, tx, e, kind); err != nil {
		return d, err
	}
	err = models.Insert(ctx, tx, &d, "document.draft", models.Note{"kind": kind.Label(), "version": strconv.Itoa(d.Version)})
	if models.Duplicate(err) {
		err = models.Conflict("A version of the " + strings.ToLower(kind.Label()) + " is open already. Finish it first.")
	}
	return d, err
}

// executive refuses a signatory who is no executive of the company.
func executive(ctx context.Context, tx *models.Tx, person int64) error {
	p, err := people.ByID(ctx, tx, person)
	if models.KindOf(err) == models.KindNotFound || err == nil && (p.Role != access.Executive || p.Status == people.Deactivated) {
		return refuse("signatory", "Choose the executive who signs for management.")
	}
	return err
}

// Write changes a draft. d is as the actor saw it.
func Write(ctx context.Context, tx *models.Tx, d *Document, body string, signatory int64) error {
	if err := mayManage(tx.Actor); err != nil {
		return err
	}
	if d.Status != Draft {
		return models.Conflict("This version is " + strings.ToLower(d.Status.Label()) + ". Only a draft is written in.")
	}
	if strings.TrimSpace(body) == "" {
		return refuse("body", "Write the text.")
	}
	if err := executive(ctx, tx, signatory); err != nil {
		return err
	}
	d.Body, d.SignatoryID, d.DraftedBy, d.DraftedAt = body, signatory, tx.Actor.ID, tx.Now
	if !slices.Contains(d.Authors, tx.Actor.ID) {
		d.Authors = append(slices.Clone(d.Authors), tx.Actor.ID)
	}
	return models.Update(ctx, tx, d, models.Columns{"Body", "SignatoryID", "DraftedBy", "DraftedAt", "Authors"}, "document.write")
}

// Approve settles the text, by somebody who wrote none of it. An assertion is bound to the
// description that was approved or signed last: it says of which text it speaks.
func Approve(ctx context.Context, tx *models.Tx, e engagement.Engagement, d *Document) error {
	if err := mayManage(tx.Actor); err != nil {
		return err
	}
	switch {
	case d.Status != Draft:
		return models.Conflict("This version is " + strings.ToLower(d.Status.Label()) + " already.")
	case slices.Contains(d.Authors, tx.Actor.ID):
		return models.Conflict("You wrote in it. Somebody else approves it.")
	case strings.Contains(d.Body, Blank):
		return models.Conflict("Some places still say " + Blank + ". They are filled in first.")
	}
	if err := d.Kind.open(e); err != nil {
		return err
	}
	if d.Kind == Assertion {
		about, ok, err := settled(ctx, tx, e.ID, Description)
		if err != nil {
			return err
		}
		if !ok {
			return models.Conflict("The assertion is about the system description, which is not approved yet.")
		}
		d.Bound = about.Digest
	}
	by, at := tx.Actor.ID, tx.Now
	d.Status, d.ApprovedBy, d.ApprovedAt, d.Digest = Approved, &by, &at, d.digest()
	return models.Update(ctx, tx, d, models.Columns{"Status", "ApprovedBy", "ApprovedAt", "Bound", "Digest"}, "document.approve", models.Note{"digest": d.Digest})
}

// settled is the newest version of a kind whose text is approved or signed.
func settled(ctx context.Context, tx *models.Tx, engagement int64, kind Kind) (Document, bool, error) {
	list, err := models.Rows[Document](tx).Where("management_documents.engagement_id = ? AND kind = ? AND status <> 'draft'", engagement, kind).Order("version DESC").Limit(1).Find(ctx)
	if err != nil || len(list) == 0 {
		return Document{}, false, err
	}
	return list[0], true, nil
}

// Return makes an approved version a draft again, before it is signed.
func Return(ctx context.Context, tx *models.Tx, d *Document, reason string) error {
	if err := mayManage(tx.Actor); err != nil {
		return err
	}
	switch {
	case d.Status != Approved:
		return models.Conflict("Only what is approved and not signed yet is returned.")
	case strings.TrimSpace(reason) == "":
		return refuse("reason", "Say what has to be different.")
	}
	d.Status, d.ApprovedBy, d.ApprovedAt, d.Digest, d.Bound = Draft, nil, nil, "", ""
	return models.Update(ctx, tx, d, models.Columns{"Status", "ApprovedBy", "ApprovedAt", "Digest", "Bound"}, "document.return", models.Note{"reason": reason})
}

// Sign is the named signatory's alone. seen is the digest that stood on their page: what is
// signed is what was read.
func Sign(ctx context.Context, tx *models.Tx, e engagement.Engagement, d *Document, seen string) error {
	switch {
	case !tx.Actor.Can(access.DeliverableSign) || tx.Actor.ID != d.SignatoryID:
		return models.Forbidden("Only the signatory who is named in the document signs it.")
	case d.Status != Approved:
		return models.Conflict("A document is signed once it is approved, and once.")
	case seen != d.Digest || d.digest() != d.Digest:
		return models.Conflict("The text is not the one you read. Please look again.")
	}
	if err := d.Kind.open(e); err != nil {
		return err
	}
	if d.Kind == Assertion {
		about, ok, err := settled(ctx, tx, e.ID, Description)
		if err != nil {
			return err
		}
		if !ok || about.Digest != d.Bound || about.Status != Signed {
			return models.Conflict("The assertion is about a system description that is not signed, or no longer the last one. Have it returned, and approve it again after the description is signed.")
		}
	}
	by, at := tx.Actor.ID, tx.Now
	d.Status, d.SignedBy, d.SignedAt = Signed, &by, &at
	return models.Update(ctx, tx, d, models.Columns{"Status", "SignedBy", "SignedAt"}, "document.sign", models.Note{"digest": d.Digest})
}

// Paragraphs are those of the body.
func (d Document) Paragraphs() []string { return strings.Split(d.Body, "\n\n") }
