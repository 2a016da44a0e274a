package population

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/engagement"
	"assay/models/framework"
	"assay/models/sample"
)

// SizeTable is how many items the auditors of an engagement test, by frequency and risk.
// As long as nobody wrote one, the defaults of the catalog hold.
type SizeTable struct {
	models.Meta
	EngagementID int64
	Slug         string
	Sizes        models.Doc[sample.Sizes]
	Reason       string // where the sizes come from, such as the firm's guidance
	AuditorID    int64
	EnteredBy    int64
	ChangedAt    time.Time
}

// InEngagement is whose fieldwork it is.
func (t SizeTable) InEngagement() int64 { return t.EngagementID }

// TableName is where tables of sizes live.
func (SizeTable) TableName() string { return "sample_sizes" }

// Path is the address of t.
func (t SizeTable) Path() string { return "engagements/" + t.Slug + "/populations/sizes" }

// VisibleTo is that of the engagement's populations.
func (SizeTable) VisibleTo(a access.Actor) (string, []any) {
	switch a.Role {
	case access.Compliance, access.Administrator, access.System:
		return "", nil
	case access.Auditor:
		return "sample_sizes.engagement_id IN ?", []any{append([]int64{0}, a.Engagements...)}
	}
	return "1 = 0", nil
}

// BroughtIn reports whether somebody else than the auditor entered it.
func (t SizeTable) BroughtIn() bool { return t.EnteredBy != t.AuditorID }

// Default reports whether nobody wrote sizes of the engagement's own.
func (t SizeTable) Default() bool { return t.ID == 0 }

// SizesOf are the sizes of an engagement: its own, or the defaults.
func SizesOf(ctx context.Context, tx *models.Tx, e engagement.Engagement) (SizeTable, error) {
	list, err := models.Rows[SizeTable](tx).Where("engagement_id = ?", e.ID).Limit(1).Find(ctx)
	if err != nil || len(list) > 0 {
		return append(list, SizeTable{})[0], err
	}
	return SizeTable{EngagementID: e.ID, Slug: e.Slug, Sizes: models.Doc[sample.Sizes]{V: sample.SizesOf(framework.Frequencies())}}, nil
}

// SetSizes gives an engagement sizes of its own. Samples that were drawn keep theirs. rev
// is that of the table the actor saw, 0 of the defaults.
func SetSizes(ctx context.Context, tx *models.Tx, e engagement.Engagement, rev, auditor int64, sizes sample.Sizes, reason string) error {
	by, err := engagement.Act(ctx, tx, e, auditor)
	if err != nil {
		return err
	}
	if e.Status != engagement.Planning && e.Status != engagement.Fieldwork {
		return models.Conflict("Sizes are settled in planning and fieldwork, and this engagement is in state " + e.Status.Label() + ".")
	}
	t, err := SizesOf(ctx, tx, e)
	if err != nil {
		return err
	}
	if wrong := wrongSizes(t.Sizes.V, sizes, reason); len(wrong) > 0 {
		return models.Invalid(wrong)
	}
	note := t.changes(sizes)
	note["reason"] = reason
	t.Rev, t.Sizes.V, t.Reason, t.AuditorID, t.EnteredBy, t.ChangedAt = rev, sizes, reason, by.Auditor, by.By, tx.Now
	if !t.Default() {
		return models.Update(ctx, tx, &t, models.Columns{"Sizes", "Reason", "AuditorID", "EnteredBy", "ChangedAt"}, "sample.size", note)
	}
	if err = models.Insert(ctx, tx, &t, "sample.size", note); models.Duplicate(err) {
		err = models.Conflict("Someone changed this a moment ago. Please look again.")
	}
	return err
}

func wrongSizes(known, sizes sample.Sizes, reason string) map[string]string {
	wrong := map[string]string{}
	if strings.TrimSpace(reason) == "" {
		wrong["reason"] = "Say where the sizes come from, so that a reviewer can judge them."
	}
	for frequency := range known {
		row, ok := sizes[frequency]
		switch {
		case !ok || row[0] < 1 || row[2] > mostItems:
			wrong[frequency] = fmt.Sprintf("Enter a number from 1 to %d for each risk.", mostItems)
		case row[0] > row[1] || row[1] > row[2]:
			wrong[frequency] = "A higher risk is not tested with fewer items."
		}
	}
	return wrong
}

// changes names what becomes different, for the log.
func (t SizeTable) changes(sizes sample.Sizes) models.Note {
	note := models.Note{}
	for _, frequency := range slices.Sorted(maps.Keys(sizes)) {
		if from, to := t.Sizes.V[frequency], sizes[frequency]; from != to {
			note[frequency] = fmt.Sprintf("%d/%d/%d → %d/%d/%d", from[0], from[1], from[2], to[0], to[1], to[2])
		}
	}
	return note
}
