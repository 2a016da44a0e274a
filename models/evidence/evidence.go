// Package evidence is what proves that a control acted: items, their files, and how an
// item is submitted, decided by somebody else, replaced and withdrawn. The bytes are in
// the blob store; here is what is said about them, and by whom.
package evidence

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"assay/models"
	"assay/models/access"
)

// An Item is one piece of evidence for one control, in one or more files.
type Item struct {
	models.Meta
	ControlID int64
	Details
	Status        Status
	FormKey       string // of the form it came with
	UploadedBy    int64
	UploadedAt    time.Time
	SubmittedAt   *time.Time
	OwnerID       *int64 // the control's owner when it was decided
	BackupID      *int64 // and the backup owner
	DecidedBy     *int64
	DecidedAt     *time.Time
	DecisionNote  string // a returned item keeps it when it is sent again
	WithdrawnBy   *int64
	WithdrawnAt   *time.Time
	WithdrawnNote string
}

// Details is what the uploader says about the files.
type Details struct {
	Title        string
	Kind         string
	Source       string     // the system it comes from
	Location     string     // query, path or address in that system
	Extractor    string     // who or what pulled it
	Description  string     // a note for the reviewer
	PerformedAt  *time.Time // the control acted
	CollectedAt  *time.Time // the evidence was captured
	CoversFrom   models.Date
	CoversTo     models.Date
	LateReason   string // why it was uploaded more than OwnerStatedAfter later
	SupersedesID *int64 // the accepted item that this one replaces
	Answers      models.List[Answer]
}

// detailColumns are the columns of Details.
var detailColumns = models.Columns{
	"Title", "Kind", "Source", "Location", "Extractor", "Description", "PerformedAt", "CollectedAt",
	"CoversFrom", "CoversTo", "LateReason", "SupersedesID", "Answers",
}

// OwnerStatedAfter is how long after the control acted evidence still speaks for itself.
// Later, the time is marked as the owner's statement.
const OwnerStatedAfter = 7 * 24 * time.Hour

// TableName is where items live.
func (Item) TableName() string { return "evidence" }

// Code is the id people use.
func (i Item) Code() string { return fmt.Sprintf("E-%d", i.ID) }

// Path is the address of i.
func (i Item) Path() string { return "evidence/" + i.Code() }

// OwnerStated reports that nothing but the uploader's word dates the control's act.
func (i Item) OwnerStated() bool {
	return i.PerformedAt != nil && i.UploadedAt.Sub(*i.PerformedAt) > OwnerStatedAfter
}

// VisibleTo gives compliance managers and administrators everything; owners what proves
// the controls they own or back up, and what they uploaded; auditors what was accepted
// for a control in scope of an open engagement and covers a day of its period. Nobody
// else sees any.
func (Item) VisibleTo(a access.Actor) (string, []any) {
	switch a.Role {
	case access.Compliance, access.Administrator, access.System:
		return "", nil
	case access.Owner:
		return `(evidence.uploaded_by = ? OR evidence.control_id IN (
			SELECT controls.id FROM controls WHERE controls.owner_id = ? OR controls.backup_id = ?))`,
			[]any{a.ID, a.ID, a.ID}
	case access.Auditor:
		return auditorSees, []any{append([]int64{0}, a.Engagements...)}
	}
	return "1 = 0", nil
}

// One engagement has to give all of it: two that are open side by side do not lend each
// other their criteria or their period. What the control helped to meet is asked of the
// versions of the period's days; the evidence's own days only have to be in the period,
// since a company proves with it what it did before it wrote its controls down here.
const auditorSees = `evidence.status IN ('accepted', 'superseded') AND EXISTS (
	SELECT 1 FROM engagements e
	JOIN engagement_criteria ec ON ec.engagement_id = e.id
	JOIN version_criteria vc ON vc.framework = ec.framework AND vc.code = ec.code
	WHERE e.id IN ? AND vc.control_id = evidence.control_id AND vc.begun
	AND vc.effective_from <= e.period_end AND (vc.effective_to = '' OR vc.effective_to >= e.period_start)
	AND evidence.covers_from <= e.period_end AND evidence.covers_to >= e.period_start)`

// A File is one file of an item. Its bytes are the blob of that digest.
type File struct {
	models.Meta
	EvidenceID int64
	Digest     string // lower-case hexadecimal SHA-256
	Name       string
	Size       int64
	Version    string // what a store that keeps versions called these bytes when they came
	RemovalID  *int64 // of the request by which the bytes were removed; the rest of the record stays
	RedactsID  *int64 // the original that this is a redacted copy of
	Redaction  string // what was covered in it, and why
	AddedBy    int64
	AddedAt    time.Time
}

// TableName is where files live.
func (File) TableName() string { return "evidence_files" }

// Path is the address of f.
func (f File) Path() string { return fmt.Sprintf("%s/files/%d", f.Within(), f.ID) }

// Within is the address of the item that f belongs to.
func (f File) Within() string { return fmt.Sprintf("evidence/E-%d", f.EvidenceID) }

// VisibleTo shows the files of the items that are visible.
func (File) VisibleTo(a access.Actor) (string, []any) {
	cond, args := Item{}.VisibleTo(a)
	if cond == "" {
		return "", nil
	}
	return "evidence_files.evidence_id IN (SELECT evidence.id FROM evidence WHERE " + cond + ")", args
}

// ByID finds an item that the actor may see.
func ByID(ctx context.Context, tx *models.Tx, id int64) (Item, error) {
	i, err := models.Rows[Item](tx).Where("evidence.id = ?", id).Take(ctx)
	return models.One(i, err, "Evidence")
}

// ByCode finds an item that the actor may see by its human id, such as E-12.
func ByCode(ctx context.Context, tx *models.Tx, code string) (Item, error) {
	digits, ok := strings.CutPrefix(code, "E-")
	id, err := strconv.ParseInt(digits, 10, 64)
	if !ok || err != nil || id <= 0 || digits != strconv.FormatInt(id, 10) {
		return Item{}, models.NotFound("Evidence")
	}
	return ByID(ctx, tx, id)
}

// ByFormKey finds the item that the actor made with a form, so that the same form sent
// twice leads to the same item.
func ByFormKey(ctx context.Context, tx *models.Tx, key string) (Item, error) {
	if key == "" {
		return Item{}, models.NotFound("Evidence")
	}
	i, err := models.Rows[Item](tx).Where("uploaded_by = ? AND form_key = ? AND form_key <> ''", tx.Actor.ID, key).Take(ctx)
	return models.One(i, err, "Evidence")
}

// FilesOf lists the files of an item in the order they came.
func FilesOf(ctx context.Context, tx *models.Tx, item int64) ([]File, error) {
	return files(tx, item).Find(ctx)
}

func files(tx *models.Tx, item int64) models.Query[File] {
	return models.Rows[File](tx).Where("evidence_id = ?", item).Order("id")
}

// FileByID finds a file of an item that the actor may see.
func FileByID(ctx context.Context, tx *models.Tx, item, id int64) (File, error) {
	f, err := models.Rows[File](tx).Where("evidence_id = ? AND evidence_files.id = ?", item, id).Take(ctx)
	return models.One(f, err, "File")
}
