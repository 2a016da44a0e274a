// Package scan is what a malware scanner said of the bytes of evidence and of lists, and
// who may read them before and after it did. It knows no scanner.
package scan

import (
	"context"
	"fmt"
	"slices"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/job"
	"assay/models/notice"
)

// A Verdict is what came of a scan.
type Verdict string

// The verdicts. Bytes that no scan is known of are Pending, which is no row.
const (
	Pending   Verdict = ""
	Clean     Verdict = "clean"
	Infected  Verdict = "infected"
	Unscanned Verdict = "unscanned" // the scanner could not look
)

// A Scan is the last verdict on stored bytes.
type Scan struct {
	models.Meta
	Digest     string
	EvidenceID *int64 // the item they first came with
	About      string // the address of what they came with when that is no evidence
	Verdict    Verdict
	Finding    string // Infected: the signature; Unscanned: why
	Scanner    string
	ScannedAt  time.Time
}

// TableName is where scans live.
func (Scan) TableName() string { return "scans" }

// Path is what the bytes first came with.
func (s Scan) Path() string {
	if s.EvidenceID == nil {
		return s.About
	}
	return fmt.Sprintf("evidence/E-%d", *s.EvidenceID)
}

// A holder is a record that has the bytes of a digest.
type holder struct {
	Item   int64 // of evidence, 0 when it is a list
	About  string
	Name   string // of the file
	Person int64  // who brought it
	Took   int64  // who accepted the evidence, 0 when nobody has
}

// holders are the first records that have these bytes, evidence before lists.
func holders(ctx context.Context, tx *models.Tx, digest string) ([]holder, error) {
	items, err := models.Raw[holder](ctx, tx, `SELECT e.id AS item, 'evidence/E-' || e.id AS about, f.name, f.added_by AS person, CASE WHEN e.status = 'accepted' THEN COALESCE(e.decided_by, 0) ELSE 0 END AS took
		FROM evidence_files f JOIN evidence e ON e.id = f.evidence_id WHERE f.digest = ? ORDER BY f.id LIMIT 50`, digest)
	if err != nil {
		return nil, err
	}
	lists, err := models.Raw[holder](ctx, tx, `SELECT 0 AS item, 'controls/' || code AS about, name, added_by AS person FROM fact_lists
		WHERE digest = ? ORDER BY id LIMIT 50`, digest)
	if err != nil {
		return nil, err
	}
	populations, err := models.Raw[holder](ctx, tx, `SELECT 0 AS item, 'engagements/' || slug || '/populations/P-' || id AS about, file_name AS name, added_by AS person FROM populations
		WHERE digest = ? OR text_digest = ? OR tie_digest = ? ORDER BY id LIMIT 50`, digest, digest, digest)
	if err != nil {
		return nil, err
	}
	reports, err := models.Raw[holder](ctx, tx, `SELECT 0 AS item, 'engagements/' || slug AS about, file_name AS name, registered_by AS person FROM engagement_reports
		WHERE digest = ? AND file_name <> '' ORDER BY id LIMIT 50`, digest)
	return slices.Concat(items, lists, populations, reports), err
}

// VisibleTo shows what is known of bytes to whoever found them by a record.
func (Scan) VisibleTo(a access.Actor) (string, []any) {
	if a.Role == "" {
		return "1 = 0", nil
	}
	return "", nil
}

// Kind is the job that scans the bytes of one digest.
const Kind = "evidence.scan"

// A Task is what that job is told.
type Task struct{ Digest string }

// Enqueue has bytes scanned soon, unless that is so already.
func Enqueue(ctx context.Context, tx *models.Tx, digest string) error {
	return job.Enqueue(ctx, tx, Kind, digest, Task{digest})
}

// Again has bytes scanned once more, whatever was said of them.
func Again(ctx context.Context, tx *models.Tx, item int64, digest string) error {
	if !tx.Actor.Can(access.EvidenceScan) {
		return models.Forbidden("A scan is asked for by a compliance manager or an administrator.")
	}
	if err := job.Enqueue(ctx, tx, Kind, digest+"@"+tx.Now.Format(time.RFC3339), Task{digest}); err != nil {
		return err
	}
	return tx.Record("scan.again", fmt.Sprintf("evidence/E-%d", item), models.Note{"digest": digest})
}

// Of gives the last scan of each of these bytes, by digest.
func Of(ctx context.Context, tx *models.Tx, digests ...string) (map[string]Scan, error) {
	out := map[string]Scan{}
	if len(digests) == 0 {
		return out, nil
	}
	list, err := models.Rows[Scan](tx).Where("digest IN ?", digests).Find(ctx)
	for _, s := range list {
		out[s.Digest] = s
	}
	return out, err
}

// Conclude records a verdict. The same one again changes nothing, and is false; what was
// looked at and found clean or infected does not become unscanned because a scanner was
// away.
func Conclude(ctx context.Context, tx *models.Tx, digest string, v Verdict, finding, scanner string) (bool, error) {
	known, err := Of(ctx, tx, digest)
	if err != nil {
		return false, err
	}
	s, before := known[digest]
	if before && (s.Verdict == v && s.Finding == finding || v == Unscanned && s.Verdict != Unscanned) {
		return false, nil
	}
	s.Verdict, s.Finding, s.Scanner, s.ScannedAt = v, finding, scanner, tx.Now
	held, err := holders(ctx, tx, digest)
	if err != nil || !before && len(held) == 0 {
		return false, err // of nothing that is kept any more
	}
	if v == Infected {
		if err := warn(ctx, tx, held, finding); err != nil {
			return false, err
		}
	}
	note := models.Note{"digest": digest, "finding": finding, "scanner": scanner}
	if before {
		return true, models.Update(ctx, tx, &s, models.Columns{"Verdict", "Finding", "Scanner", "ScannedAt"}, "scan."+string(v), note)
	}
	s.Digest = digest
	if first := held[0]; first.Item > 0 {
		s.EvidenceID = &first.Item
	} else {
		s.About = first.About
	}
	return true, models.Insert(ctx, tx, &s, "scan."+string(v), note)
}

// warn tells whoever handed malware in, and whoever accepted it before that was known.
func warn(ctx context.Context, tx *models.Tx, held []holder, finding string) error {
	for _, h := range held {
		what := h.Name
		if h.Item > 0 {
			what += fmt.Sprintf(" of E-%d", h.Item)
		}
		n := notice.Notice{Kind: notice.EvidenceInfected, About: h.About, Sentence: fmt.Sprintf("The malware scan found %s in %s and set it aside. Hand in a clean copy.", finding, what)}
		if err := notice.Tell(ctx, tx, n, h.Person); err != nil {
			return err
		}
		if h.Took == 0 || h.Took == h.Person {
			continue
		}
		n.Sentence = fmt.Sprintf("The malware scan found %s in %s, which you had accepted, and set it aside. Nobody can open it until a clean copy takes its place.", finding, what)
		if err := notice.Tell(ctx, tx, n, h.Took); err != nil {
			return err
		}
	}
	return nil
}

// Refuse is a Conflict when a file of an item of evidence is malware.
func Refuse(ctx context.Context, tx *models.Tx, item int64) error {
	n, err := models.Value[int](ctx, tx, `SELECT count(*) FROM evidence_files f JOIN scans s ON s.digest = f.digest
		WHERE f.evidence_id = ? AND s.verdict = ?`, item, Infected)
	if err == nil && n > 0 {
		err = models.Conflict("A file of this was set aside by a malware scan, so it cannot be accepted. Return it and ask for a clean copy.")
	}
	return err
}

// Backlog lists bytes of evidence and lists that no scan is known of, in the order of
// their digests.
func Backlog(ctx context.Context, tx *models.Tx, after string, limit int) ([]string, error) {
	type row struct{ Digest string }
	rows, err := models.Raw[row](ctx, tx, `SELECT digest FROM (
			SELECT digest FROM evidence_files WHERE digest > ?
			UNION SELECT digest FROM fact_lists WHERE digest > ?
			UNION SELECT digest FROM populations WHERE digest > ?
			UNION SELECT digest FROM engagement_reports WHERE digest > ? AND file_name <> '') AS d
		WHERE NOT EXISTS (SELECT 1 FROM scans s WHERE s.digest = d.digest) ORDER BY digest LIMIT ?`, after, after, after, after, limit)
	out := make([]string, len(rows))
	for i, r := range rows {
		out[i] = r.Digest
	}
	return out, err
}

// Refusal says why the actor may not have the bytes that s is about, or "". Malware is for
// nobody; while scans are required, an auditor gets what was found clean and nothing else.
func (s Scan) Refusal(a access.Actor, required bool) string {
	switch {
	case s.Verdict == Infected:
		return "A malware scan found " + s.Finding + " in this file, so it is set aside and cannot be opened or downloaded. Its record and its digest stand. Whoever uploaded it should hand in a clean copy."
	case a.Company() || !required || s.Verdict == Clean:
		return ""
	case s.Verdict == Unscanned:
		return "This file could not be scanned for malware, so it is not handed out. Ask your contact at the company."
	}
	return "This file waits for its malware scan. Try again in a few minutes."
}
