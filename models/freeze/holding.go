package freeze

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"assay/internal/binder"
	"assay/models"
	"assay/models/evidence"
)

// A Holder is a binder that holds certain bytes.
type Holder struct {
	Slug     string
	Name     string // of the engagement
	FrozenAt time.Time
}

// itemPath is the document of an item of evidence.
const itemPath = `'evidence/' || c.code || '/E-' || i.id || '/item.json'`

// Holding tells which binders hold the bytes of these digests, whoever asks: who may seal an
// original has to know where it stays. A binder is what was examined, so a redacted copy
// that comes after the freeze changes nothing of it.
func Holding(ctx context.Context, tx *models.Tx, digests ...string) (map[string][]Holder, error) {
	type row struct {
		Holder

		Body string
	}
	rows, err := models.Raw[row](ctx, tx, `SELECT g.slug, g.name, f.frozen_at, d.body
		FROM freezes f JOIN engagements g ON g.id = f.engagement_id
		JOIN evidence i ON i.id IN (SELECT x.evidence_id FROM evidence_files x WHERE x.digest IN ?) JOIN controls c ON c.id = i.control_id
		JOIN freeze_documents d ON d.engagement_id = f.engagement_id AND d.path = `+itemPath+`
		ORDER BY f.frozen_at, d.place`, append([]string{""}, digests...))
	out := map[string][]Holder{}
	for _, r := range rows {
		var e binder.Evidence
		if err := json.Unmarshal([]byte(r.Body), &e); err != nil {
			return nil, err
		}
		for _, f := range e.Files {
			if f.Withheld == "" && slices.Contains(digests, f.SHA256) && !slices.Contains(out[f.SHA256], r.Holder) {
				out[f.SHA256] = append(out[f.SHA256], r.Holder)
			}
		}
	}
	return out, err
}

// SealedSince lists the evidence of which the binder made from f holds an original that was
// sealed after the freeze.
func SealedSince(ctx context.Context, tx *models.Tx, f Freeze) (codes []string, err error) {
	type row struct{ ID int64 }
	rows, err := models.Raw[row](ctx, tx, `SELECT DISTINCT i.id FROM evidence_files copy JOIN evidence_files o ON o.id = copy.redacts_id
		JOIN evidence i ON i.id = o.evidence_id JOIN controls c ON c.id = i.control_id
		JOIN freeze_documents d ON d.engagement_id = ? AND d.path = `+itemPath+`
		WHERE copy.redacts_id IS NOT NULL AND copy.added_at > ?
		AND NOT EXISTS (SELECT 1 FROM evidence_files e WHERE e.redacts_id = o.id AND e.added_at <= ?) ORDER BY i.id LIMIT 100`, f.EngagementID, f.FrozenAt, f.FrozenAt)
	for _, r := range rows {
		codes = append(codes, evidence.Item{Meta: models.Meta{ID: r.ID}}.Code())
	}
	return codes, err
}
