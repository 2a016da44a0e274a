package evidence

import (
	"context"
	"slices"
	"time"

	"assay/models"
	"assay/models/scan"
)

// A Filter narrows a list. Zero fields do not.
type Filter struct {
	Status     Status
	ControlID  int64
	Kind       string
	UploadedBy int64
	Text       string
	From, To   models.Date // items that cover a day between these
}

// considered bounds how many matches of a text are looked at; a page looks at
// consideredARow for each row it shows.
const (
	considered     = 5000
	consideredARow = 50
)

// List shows the items the actor may see, the newest first.
func List(ctx context.Context, tx *models.Tx, f Filter, page models.Page) (models.Window[Item], error) {
	most := considered
	if page.Limit > 0 {
		most = min(considered, consideredARow*page.Limit)
	}
	return list(ctx, tx, f, page, most)
}

// Search finds the newest n items by what was typed, for answers while one types. Who sees
// every item needs no more matches than are shown.
func Search(ctx context.Context, tx *models.Tx, typed string, n int) ([]Item, error) {
	most := n
	if cond, _ := (Item{}).VisibleTo(tx.Actor); cond != "" {
		most = consideredARow * n
	}
	w, err := list(ctx, tx, Filter{Text: typed}, models.Page{Limit: n}, most)
	return w.Items, err
}

func list(ctx context.Context, tx *models.Tx, f Filter, page models.Page, most int) (models.Window[Item], error) {
	q := models.Rows[Item](tx).Where("1 = 1")
	if f.Status != "" {
		q = q.Where("evidence.status = ?", f.Status)
	}
	if f.ControlID != 0 {
		q = q.Where("evidence.control_id = ?", f.ControlID)
	}
	if f.Kind != "" {
		q = q.Where("evidence.kind = ?", f.Kind)
	}
	if f.UploadedBy != 0 {
		q = q.Where("evidence.uploaded_by = ?", f.UploadedBy)
	}
	if !f.From.IsZero() {
		q = q.Where("evidence.covers_to >= ?", f.From)
	}
	if !f.To.IsZero() {
		q = q.Where("evidence.covers_from <> '' AND evidence.covers_from <= ?", f.To)
	}
	if cond, args, ok := Index.Matching(tx, "evidence.id", f.Text, most); ok {
		q = q.Where(cond, args...)
	}
	return models.Keyset(ctx, q, models.Sort{Columns: []string{"evidence.id"}, Desc: true}, page,
		func(i Item) []any { return []any{i.ID} })
}

// Queue shows what waits for a reviewer, the longest wait first.
func Queue(ctx context.Context, tx *models.Tx, page models.Page) (models.Window[Item], error) {
	q := models.Rows[Item](tx).Where("evidence.status = ?", Submitted)
	return models.Keyset(ctx, q, models.Sort{Columns: []string{"evidence.submitted_at", "evidence.id"}}, page,
		func(i Item) []any { return []any{i.SubmittedAt, i.ID} })
}

// ForControl is the query for the newest items of a control that the actor may see.
func ForControl(tx *models.Tx, control int64, limit int) models.Query[Item] {
	return models.Rows[Item](tx).Where("evidence.control_id = ?", control).Order("evidence.id DESC").Limit(limit)
}

// Uploads lists the actor's own items in one of these states, at most limit: what came back
// first, then what was not submitted, so that many that wait hide neither; the oldest first.
func Uploads(ctx context.Context, tx *models.Tx, limit int, in ...Status) ([]Item, error) {
	// The empty text keeps the index on the state out of it: the one on the uploader
	// leads to fewer rows.
	return models.Rows[Item](tx).Where("evidence.uploaded_by = ? AND (evidence.status || '') IN ?", tx.Actor.ID, in).
		Order("CASE evidence.status WHEN 'returned' THEN 0 WHEN 'stored' THEN 1 ELSE 2 END, evidence.id").Limit(limit).Find(ctx)
}

// Holding lists the items that hold a file with these bytes, among those the actor may
// see, the newest first.
func Holding(ctx context.Context, tx *models.Tx, digest string) ([]Item, error) {
	return models.Rows[Item](tx).Where("evidence.status <> ? AND evidence.id IN (SELECT f.evidence_id FROM evidence_files f WHERE f.digest = ?)", Withdrawn, digest).
		Order("evidence.id DESC").Limit(3).Find(ctx)
}

// A Receipt is the place of a file in the log: the leaf that says these bytes came in,
// and the first signed checkpoint that holds it. With it comes what a malware scan said of
// the bytes, and who removed them, in the same query because every page of files needs all.
type Receipt struct {
	FileID     int64
	Leaf       int64
	At         time.Time
	Checkpoint int64 // its size; 0 until one is signed
	Verdict    scan.Verdict
	Finding    string
	// What was here, and who removed its bytes; the zero time is that nobody did.
	RemovedAt           *time.Time
	RemovedWhy          string
	RemovedFor, Removed string // names: who asked, who approved
	RedactedID          int64  // the newest redacted copy of it; 0 when there is none
	Sealed              bool   // there is a redacted copy of its bytes, here or in another item
}

// Receipts gives the receipts of an item's files, by file.
func Receipts(ctx context.Context, tx *models.Tx, files []File) (map[int64]Receipt, error) {
	out := map[int64]Receipt{}
	if len(files) == 0 {
		return out, nil
	}
	ids := make([]int64, len(files))
	for n, f := range files {
		ids[n] = f.ID
	}
	list, err := models.Raw[Receipt](ctx, tx, `SELECT l.entity_id AS file_id, l.seq AS leaf, l.at AS at,
		COALESCE((SELECT min(c.size) FROM checkpoints c WHERE c.size > l.seq), 0) AS checkpoint,
		COALESCE(s.verdict, '') AS verdict, COALESCE(s.finding, '') AS finding,
		q.decided_at AS removed_at, COALESCE(q.reason, '') AS removed_why,
		COALESCE(asker.name, '') AS removed_for, COALESCE(remover.name, '') AS removed,
		COALESCE((SELECT max(copy.id) FROM evidence_files copy WHERE copy.redacts_id = l.entity_id), 0) AS redacted_id,
		`+SealedBytes+` AS sealed
		FROM log_leaves l JOIN evidence_files f ON f.id = l.entity_id LEFT JOIN scans s ON s.digest = f.digest
		LEFT JOIN retention_requests q ON q.id = f.removal_id
		LEFT JOIN people asker ON asker.id = q.asked_by LEFT JOIN people remover ON remover.id = q.decided_by
		WHERE l.within = ? AND l.within <> '' AND l.entity = 'evidence_files' AND l.entity_rev = 1 AND l.entity_id IN ?`,
		files[0].Within(), ids)
	for _, r := range list {
		out[r.FileID] = r
	}
	return out, err
}

// Uploaders lists who brought these items in, each once.
func Uploaders(items []Item) []int64 {
	ids := make([]int64, 0, len(items))
	for _, i := range items {
		ids = append(ids, i.UploadedBy)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// ControlIDs lists the controls of these items, each once.
func ControlIDs(items []Item) []int64 {
	ids := make([]int64, 0, len(items))
	for _, i := range items {
		ids = append(ids, i.ControlID)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// Newest is the last day that accepted items of each of these controls cover, among those
// the actor may see.
func Newest(ctx context.Context, tx *models.Tx, controls []int64) (map[int64]models.Date, error) {
	var rows []Reach
	err := models.Together(ctx, tx, NewestInto(tx, controls, &rows))
	return ByControl(rows), err
}

// A Reach is the last day that accepted items of a control cover.
type Reach struct {
	ControlID int64
	CoversTo  models.Date
}

// NewestInto is Newest to be asked together with others.
func NewestInto(tx *models.Tx, controls []int64, into *[]Reach) models.Reading {
	cond, args := Item{}.VisibleTo(tx.Actor)
	if cond == "" {
		cond = "1 = 1"
	}
	return models.RawInto(into, "", `SELECT evidence.control_id, max(evidence.covers_to) AS covers_to FROM evidence
		WHERE evidence.control_id IN ? AND evidence.status = 'accepted' AND `+cond+" GROUP BY evidence.control_id", append([]any{controls}, args...)...)
}

// ByControl are the days by control.
func ByControl(rows []Reach) map[int64]models.Date {
	out := make(map[int64]models.Date, len(rows))
	for _, r := range rows {
		out[r.ControlID] = r.CoversTo
	}
	return out
}

// LastAccepted finds the newest accepted item of each of these controls, by control.
func LastAccepted(ctx context.Context, tx *models.Tx, controls []int64, beside ...models.Reading) (map[int64]Item, error) {
	var items []Item
	err := models.Together(ctx, tx, append(beside, models.Into(models.Rows[Item](tx).Where(`evidence.id IN (
		SELECT max(e.id) FROM evidence e WHERE (e.status || '') = ? AND e.control_id IN ? GROUP BY e.control_id)`, Accepted, controls), &items))...)
	out := make(map[int64]Item, len(items))
	for _, i := range items {
		out[i.ControlID] = i
	}
	return out, err
}
