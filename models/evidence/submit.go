package evidence

import (
	"context"
	"fmt"
	"strings"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/control"
	"assay/models/engagement"
)

// Submit asks for a review of an item of the actor's that is stored or returned. What is
// missing or impossible in its details is Invalid, by field. What happened is judged
// against the upload, not against now: sending a returned item again does not make it
// later or earlier.
func Submit(ctx context.Context, tx *models.Tx, id, rev int64) (Item, error) {
	i, c, err := openItem(ctx, tx, id)
	if err != nil {
		return Item{}, err
	}
	if err := Check(ctx, tx, i); err != nil {
		return Item{}, err
	}
	i.Rev, i.Status, i.SubmittedAt = rev, Submitted, &tx.Now
	i.OwnerID, i.BackupID, i.DecidedBy, i.DecidedAt = nil, nil, nil, nil
	set := models.Columns{"Status", "SubmittedAt", "OwnerID", "BackupID", "DecidedBy", "DecidedAt"}
	err = models.Update(ctx, tx, &i, set, "evidence.submit", models.Note{
		"control": c.Code, "covers": string(i.CoversFrom + " to " + i.CoversTo), "owner-stated": i.LateReason,
	})
	return i, err
}

// Check is Invalid with everything that Submit would refuse in the details of i, or nil.
func Check(ctx context.Context, tx *models.Tx, i Item) error {
	zone, err := engagement.Zone(ctx, tx)
	if err != nil {
		return err
	}
	newest, err := arrived(ctx, tx, i)
	if err != nil {
		return err
	}
	wrong := i.problems(i, zone, newest)
	if err := replaceable(ctx, tx, i); models.KindOf(err) != models.Internal {
		wrong["supersedes"] = err.Error()
	} else if err != nil {
		return err
	}
	if why, err := answersExist(ctx, tx, i); err != nil {
		return err
	} else if why != "" {
		wrong["answers"] = why
	}
	if len(wrong) > 0 {
		return models.Invalid(wrong)
	}
	return nil
}

// arrived is when the newest file of i came, which is now where none has come yet.
func arrived(ctx context.Context, tx *models.Tx, i Item) (time.Time, error) {
	if i.ID == 0 {
		return tx.Now, nil
	}
	files, err := FilesOf(ctx, tx, i.ID)
	var newest time.Time
	for _, f := range files {
		if f.AddedAt.After(newest) {
			newest = f.AddedAt
		}
	}
	if newest.IsZero() {
		newest = tx.Now
	}
	return newest, err
}

// problems says what keeps these details from being reviewed, by field. The newest file came
// at an instant.
func (d Details) problems(i Item, zone *time.Location, came time.Time) map[string]string {
	wrong := map[string]string{}
	if !knownKind(d.Kind) {
		wrong["kind"] = "Choose what kind of evidence this is."
	}
	if d.Source == "" {
		wrong["source"] = "Name the system or place this comes from."
	}
	switch {
	case d.PerformedAt == nil && !Record(d.Kind):
		wrong["performed_at"] = "Say when the control was performed. Only an export, a log or a report that shows every day it covers can leave this empty."
	case d.PerformedAt == nil:
	case d.PerformedAt.After(i.UploadedAt):
		wrong["performed_at"] = "This is later than the upload. Evidence shows what has already happened."
	case !i.OwnerStated():
	case d.LateReason == "":
		wrong["late_reason"] = "The control was performed more than 7 days before the upload. Say why it is late, and make sure that a file carries the system's own date."
	case d.Kind == attestation:
		wrong["kind"] = "The control was performed more than 7 days before the upload. A statement carries no system's date: add an export, a log, a ticket or a screenshot that does, and choose that as the kind."
	}
	switch {
	case d.CollectedAt == nil:
	case d.CollectedAt.After(i.UploadedAt):
		wrong["collected_at"] = "This is later than the upload."
	case d.PerformedAt != nil && OneInstant(d.Kind) && models.DateOf(*d.CollectedAt, zone) < models.DateOf(*d.PerformedAt, zone):
		wrong["collected_at"] = "It was taken on a day before the control was performed, so it cannot show that. Correct one of the two times."
	}
	switch {
	case d.CoversFrom.IsZero():
		wrong["covers_from"] = "Give the first day this evidence covers."
	case d.CoversTo.IsZero():
		wrong["covers_to"] = "Give the last day this evidence covers."
	case d.CoversTo < d.CoversFrom:
		wrong["covers_to"] = "The last day is before the first day."
	default:
		if why := d.tooMuch(zone, came); why != "" {
			wrong["covers_to"] = why
		}
	}
	return wrong
}

// tooMuch says why d cannot cover the days that it names, or "". Evidence knows nothing
// of what came after it was captured, or, when nobody says when that was, after its files
// came: sending them for review later makes them know no more.
func (d Details) tooMuch(zone *time.Location, came time.Time) string {
	captured, taken := came, "uploaded"
	if d.CollectedAt != nil {
		captured, taken = *d.CollectedAt, "captured"
	}
	day := models.DateOf(captured, zone)
	switch {
	case OneInstant(d.Kind) && d.PerformedAt != nil:
		acted := models.DateOf(*d.PerformedAt, zone)
		if d.CoversFrom != acted || d.CoversTo != acted {
			return fmt.Sprintf("Evidence of the kind %s shows one moment and no range of days. Give %s, the day of the performance in %s, as the first and the last day. Days around it need evidence of their own.", strings.ToLower(KindLabel(d.Kind)), acted, zone)
		}
	case d.CoversTo > day:
		return fmt.Sprintf("Evidence cannot speak of days to come. It was %s on %s, %s time; cover the days until then.", taken, day, zone)
	case d.PerformedAt == nil && d.CoversTo >= day:
		return fmt.Sprintf("Without a day of performance it shows days that were over when it was %s: until %s, %s time. Cover those, or capture it again later.", taken, day.AddDays(-1), zone)
	}
	return ""
}

// replaceable refuses what i says it replaces, when that is not accepted evidence of the
// same control. It may name none.
func replaceable(ctx context.Context, tx *models.Tx, i Item) error {
	if i.SupersedesID == nil {
		return nil
	}
	old, err := ByID(ctx, tx, *i.SupersedesID)
	switch {
	case err != nil:
		return err
	case old.ControlID != i.ControlID:
		return models.Conflict(old.Code() + " belongs to another control.")
	case old.Status != Accepted:
		return models.Conflict(old.Code() + " is not accepted evidence, so nothing can replace it.")
	}
	return nil
}

// Withdraw takes an item back for good, with a reason. The files are kept and the item
// stays where it is listed, marked. What it had superseded stands again.
func Withdraw(ctx context.Context, tx *models.Tx, id, rev int64, reason string) (Item, error) {
	if !tx.Actor.Can(access.EvidenceWithdraw) {
		return Item{}, models.Forbidden("Evidence is withdrawn by a compliance manager.")
	}
	i, err := ByID(ctx, tx, id)
	if err != nil {
		return Item{}, err
	}
	if reason == "" {
		return Item{}, models.Invalid(map[string]string{"reason": "Say why it is withdrawn. The reason stays with the record."})
	}
	if !i.Status.CanBecome(Withdrawn) {
		return Item{}, models.Conflict("This was withdrawn already.")
	}
	stood := i.Status == Accepted
	i.Rev, i.Status = rev, Withdrawn
	i.WithdrawnBy, i.WithdrawnAt, i.WithdrawnNote = &tx.Actor.ID, &tx.Now, reason
	set := models.Columns{"Status", "WithdrawnBy", "WithdrawnAt", "WithdrawnNote"}
	err = models.Update(ctx, tx, &i, set, "evidence.withdraw", models.Note{"reason": reason})
	if err == nil && stood {
		err = reinstate(ctx, tx, i)
	}
	return i, err
}

// lockControl holds the control still until the transaction ends, so that who owns it is
// the same when the decision is checked and when it is written. SQLite has one writer,
// which does the same.
func lockControl(ctx context.Context, tx *models.Tx, id int64) (control.Control, error) {
	if tx.Postgres() {
		if _, err := models.Value[int64](ctx, tx, "SELECT id FROM controls WHERE id = ? FOR SHARE", id); err != nil {
			return control.Control{}, err
		}
	}
	return control.ByID(ctx, tx, id)
}
