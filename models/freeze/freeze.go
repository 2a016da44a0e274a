// Package freeze keeps an engagement as it was when its fieldwork ended: scope, the
// versions in effect, the evidence with its digests, populations, samples and findings. It
// is taken in the transaction that takes the engagement to reporting, and never changes:
// what is replaced, reopened or withdrawn later leaves it alone.
//
// A freeze is documents, each under the path it has in the binder, and one row that holds
// the digest of the list of them. The list is in the form of sha256sum, so that its digest
// and every line of it can be checked without us. The row is logged; the documents are
// proved by it.
package freeze

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"assay/internal/binder"
	"assay/models"
	"assay/models/access"
	"assay/models/engagement"
	"assay/models/finding"
)

// A Freeze is the row that answers for the documents.
type Freeze struct {
	models.Meta
	EngagementID     int64
	Slug             string
	Digest           string // of the list of documents
	PrivateDigest    string // of the list of the audit team's own
	Documents        int
	PrivateDocuments int
	Counts           models.Doc[Counts]
	FrozenBy         int64
	FrozenAt         time.Time
}

// Counts is how many of each kind were frozen.
type Counts struct {
	binder.Counted

	Bytes int64 // of the files of evidence
}

// TableName is where freezes live.
func (Freeze) TableName() string { return "freezes" }

// Path is the page of the binder that is made from it.
func (f Freeze) Path() string { return f.Within() + "/binder" }

// Within is the address of the engagement.
func (f Freeze) Within() string { return "engagements/" + f.Slug }

// VisibleTo shows auditors those of their open engagements. Who of the company decides
// nothing about an audit sees none.
func (Freeze) VisibleTo(a access.Actor) (string, []any) {
	switch a.Role {
	case access.Compliance, access.Administrator, access.System:
		return "", nil
	case access.Auditor:
		return "freezes.engagement_id IN ?", []any{append([]int64{0}, a.Engagements...)}
	}
	return "1 = 0", nil
}

// A Document is one file of the binder that says what a record said.
type Document struct {
	EngagementID int64 `gorm:"primaryKey;autoIncrement:false"`
	Place        int   `gorm:"primaryKey;autoIncrement:false"`
	Path         string
	Private      bool // the audit team's own
	Digest       string
	Body         string
}

// TableName is where documents live.
func (Document) TableName() string { return "freeze_documents" }

// WhyUnlogged says why adding one leaves no leaf.
func (Document) WhyUnlogged() string { return "the freeze, which is logged, holds their digest" }

// VisibleTo is that of the freeze, and the audit team's own are the team's.
func (Document) VisibleTo(a access.Actor) (string, []any) {
	switch a.Role {
	case access.System:
		return "", nil
	case access.Compliance, access.Administrator:
		return "NOT freeze_documents.private", nil
	case access.Auditor:
		return "freeze_documents.engagement_id IN ?", []any{append([]int64{0}, a.Engagements...)}
	}
	return "1 = 0", nil
}

// Of finds the freeze of an engagement. ok is false while there is none.
func Of(ctx context.Context, tx *models.Tx, engagement int64) (f Freeze, ok bool, err error) {
	list, err := models.Rows[Freeze](tx).Where("engagement_id = ?", engagement).Limit(1).Find(ctx)
	if err != nil || len(list) == 0 {
		return Freeze{}, false, err
	}
	return list[0], true, nil
}

// Index lists the documents of an engagement that the actor may see, without what they
// say, in the order of their paths.
func Index(ctx context.Context, tx *models.Tx, engagement int64) ([]Document, error) {
	list, err := models.Rows[Document](tx).Select("engagement_id", "place", "path", "private", "digest").
		Where("engagement_id = ?", engagement).Order("place").Find(ctx)
	slices.SortFunc(list, byPath)
	return list, err
}

// Bodies reads documents by their places, which are next to each other.
func Bodies(ctx context.Context, tx *models.Tx, engagement int64, places []int) (map[int]string, error) {
	list, err := models.Rows[Document](tx).Select("engagement_id", "place", "body").
		Where("engagement_id = ? AND place IN ?", engagement, int64s(places)).Find(ctx)
	out := make(map[int]string, len(list))
	for _, d := range list {
		out[d.Place] = d.Body
	}
	return out, err
}

func int64s(list []int) []int64 {
	out := make([]int64, len(list))
	for i, n := range list {
		out[i] = int64(n)
	}
	return out
}

func byPath(a, b Document) int { return strings.Compare(a.Path, b.Path) }

// List is the text that the digest of a freeze is of: the documents in the order of their
// paths, as sha256sum lists files.
func List(documents []Document, private bool) string {
	sorted := slices.SortedFunc(slices.Values(documents), byPath)
	var b strings.Builder
	for _, d := range sorted {
		if d.Private == private {
			b.WriteString(d.Digest + "  " + d.Path + "\n")
		}
	}
	return b.String()
}

func digest(text string) string {
	h := sha256.Sum256([]byte(text))
	return hex.EncodeToString(h[:])
}

// Report ends the fieldwork of e: it freezes what is there and takes e to reporting, in
// one transaction. e is as the actor saw it.
func Report(ctx context.Context, tx *models.Tx, e *engagement.Engagement, reason string) error {
	if e.Status != engagement.Fieldwork { // the move says why not
		return engagement.Move(ctx, tx, e, engagement.Reporting, reason)
	}
	if err := e.Examined(tx.Now); err != nil { // before a snapshot is taken for nothing
		return err
	}
	if err := settled(ctx, tx, e.ID); err != nil {
		return err
	}
	s := &snapshot{tx: tx, e: *e}
	if err := s.take(ctx); err != nil {
		return fmt.Errorf("freeze %s: %w", e.Slug, err)
	}
	f := s.freeze()
	if err := models.Insert(ctx, tx, &f, "engagement.freeze", models.Note{"digest": f.Digest, "documents": fmt.Sprint(f.Documents)}); err != nil {
		if models.Duplicate(err) {
			return models.Conflict("Someone changed this a moment ago. Please look again.")
		}
		return err
	}
	return engagement.Move(ctx, tx, e, engagement.Reporting, reason)
}

// settled waits for whoever writes in the engagement at this moment, and refuses to freeze
// exceptions about which something is still to be said, and tests that are not done:
// afterwards nobody can.
func settled(ctx context.Context, tx *models.Tx, e int64) error {
	if tx.Postgres() {
		if _, err := models.Raw[engagement.Engagement](ctx, tx, "SELECT id FROM engagements WHERE id = ? FOR UPDATE", e); err != nil {
			return err
		}
	}
	open, err := finding.OpenPoints(ctx, tx, e)
	if err == nil && open.Any() {
		err = models.Conflict("Exceptions are settled before the freeze: " + open.Words() + ".")
	}
	if err != nil {
		return err
	}
	// The company freezes, so that it could end the work of its auditors; their lead's review
	// is the word that it is done.
	n, err := models.Value[int64](ctx, tx, "SELECT count(*) FROM control_tests WHERE engagement_id = ? AND status <> 'reviewed'", e)
	if err == nil && n > 0 {
		err = models.Conflict("Tests of controls are concluded and reviewed before the freeze, since nothing of them changes afterwards. Not reviewed yet: " + models.Plural(n, "test") + ".")
	}
	return err
}

// DocumentsTable holds the documents against the freezes that answer for them.
func DocumentsTable() models.DerivedTable {
	return models.DerivedTable{Name: "freeze_documents", Check: check}
}

func check(ctx context.Context, tx *models.Tx, problem func(string)) error {
	freezes, err := models.UnscopedRows[Freeze](tx).Order("id").Find(ctx)
	if err != nil {
		return err
	}
	for _, f := range freezes {
		if err := f.check(ctx, tx, problem); err != nil {
			return err
		}
	}
	strays, err := models.Value[int64](ctx, tx, "SELECT count(*) FROM freeze_documents d WHERE NOT EXISTS (SELECT 1 FROM freezes f WHERE f.engagement_id = d.engagement_id)")
	if err == nil && strays > 0 {
		problem(fmt.Sprintf("%d documents belong to no freeze", strays))
	}
	return err
}

// readAtOnce bounds how many documents are in memory.
const readAtOnce = 500

func (f Freeze) check(ctx context.Context, tx *models.Tx, problem func(string)) error {
	var all []Document
	for from := 0; ; from += readAtOnce {
		list, err := models.UnscopedRows[Document](tx).Where("engagement_id = ? AND place >= ? AND place < ?", f.EngagementID, from, from+readAtOnce).Order("place").Find(ctx)
		if err != nil {
			return err
		}
		for i, d := range list {
			if digest(d.Body) != d.Digest {
				problem(fmt.Sprintf("document %s of the freeze of %s was changed", d.Path, f.Slug))
			}
			list[i].Body = ""
		}
		if all = append(all, list...); len(list) < readAtOnce {
			break
		}
	}
	if digest(List(all, false)) != f.Digest || len(all) != f.Documents+f.PrivateDocuments || f.PrivateDocuments > 0 && digest(List(all, true)) != f.PrivateDigest {
		problem(fmt.Sprintf("the documents of the freeze of %s are not those that were frozen", f.Slug))
	}
	return nil
}
