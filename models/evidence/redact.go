package evidence

import (
	"context"
	"fmt"

	"assay/models"
	"assay/models/access"
	"assay/models/control"
)

// MayRedact reports whether the actor may put a redacted copy beside a file of i: whoever
// uploaded it, and compliance managers.
func MayRedact(a access.Actor, i Item) bool {
	return i.Status != Withdrawn && (i.UploadedBy == a.ID && a.Can(access.EvidenceSubmit) || a.Can(access.EvidenceReview))
}

// MayUnseal reports whether the actor may open a file of i whose bytes are those of an
// original of which there is a redacted copy: whoever brought them here, and compliance
// managers. Everybody who sees the item sees that it exists, and its digest; auditors get the
// copy.
func MayUnseal(a access.Actor, i Item) bool {
	return i.UploadedBy == a.ID || a.Can(access.EvidenceReview)
}

// SealedBytes is a condition on the digest of a file f: there is a redacted copy of these bytes,
// in this item or in another. The bytes are what is sealed, wherever they lie.
const SealedBytes = `EXISTS (SELECT 1 FROM evidence_files o JOIN evidence_files copy ON copy.redacts_id = o.id WHERE o.digest = f.digest)`

// Sealed tells which of these digests are of sealed originals.
func Sealed(ctx context.Context, tx *models.Tx, digests ...string) (map[string]bool, error) {
	out := map[string]bool{}
	list, err := models.Raw[File](ctx, tx, "SELECT DISTINCT f.digest FROM evidence_files f WHERE f.digest IN ? AND "+SealedBytes, append([]string{""}, digests...))
	for _, f := range list {
		out[f.Digest] = true
	}
	return out, err
}

// Redact puts a redacted copy beside the original, which is sealed by it and stays as it
// is: same bytes, same digest, same place in the log. The copy can come after the review,
// for it proves nothing by itself; what was covered, and why, is said with it.
func Redact(ctx context.Context, tx *models.Tx, item, original int64, u Upload, why string) (Item, error) {
	i, err := ByID(ctx, tx, item)
	if err != nil {
		return i, err
	}
	if !MayRedact(tx.Actor, i) {
		return i, models.Forbidden("A redacted copy is added by whoever uploaded the original, or by a compliance manager, unless the item was withdrawn.")
	}
	f, err := FileByID(ctx, tx, item, original)
	if err != nil {
		return i, err
	}
	if wrong := redactable(f, u, why); len(wrong) > 0 {
		return i, models.Invalid(wrong)
	}
	files, err := FilesOf(ctx, tx, i.ID)
	if err != nil {
		return i, err
	}
	if len(files) >= 2*MaxFiles {
		return i, models.Invalid(map[string]string{"files": fmt.Sprintf("One item holds at most %d redacted copies.", MaxFiles)})
	}
	redacted := File{
		EvidenceID: i.ID, Digest: u.Digest, Name: u.Name, Size: u.Size, Version: u.Version,
		RedactsID: &f.ID, Redaction: why, AddedBy: tx.Actor.ID, AddedAt: tx.Now,
	}
	if err := models.Insert(ctx, tx, &redacted, "evidence.redact", models.Note{"original": f.Name, "why": why}); err != nil {
		if models.Duplicate(err) {
			err = models.Conflict("This copy is part of the item already.")
		}
		return i, err
	}
	c, err := control.ByID(ctx, tx, i.ControlID)
	if err != nil {
		return i, err
	}
	return i, index(ctx, tx, i, c)
}

func redactable(f File, u Upload, why string) map[string]string {
	wrong := map[string]string{}
	switch {
	case f.RedactsID != nil:
		wrong["files"] = "This is a redacted copy itself. Add the new one to its original."
	case u.Digest == f.Digest:
		wrong["files"] = "These are the bytes of the original. Nothing was redacted."
	}
	if why == "" {
		wrong["redaction"] = "Say what was covered and why. Auditors read it in place of what they do not see."
	}
	return wrong
}
