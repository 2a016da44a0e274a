package control

import (
	"context"
	"fmt"

	"assay/models"
	"assay/models/framework"
)

// A versionLine is one line of version_criteria, which triggers of control_versions keep.
type versionLine struct {
	VersionID     int64 `gorm:"primaryKey"`
	ControlID     int64
	Framework     string
	Code          string
	EffectiveFrom models.Date
	EffectiveTo   models.Date
	Begun         bool
}

func (versionLine) TableName() string { return "version_criteria" }

// WhyUnlogged says why changing one leaves no leaf.
func (versionLine) WhyUnlogged() string { return "it is derived from the versions of controls" }

func (l versionLine) String() string {
	return fmt.Sprintf("%s %s from %s to %q, begun %t, of control %d", l.Framework, l.Code, l.EffectiveFrom, l.EffectiveTo, l.Begun, l.ControlID)
}

// VersionCriteriaTable holds version_criteria against the versions that were approved.
func VersionCriteriaTable() models.DerivedTable {
	return models.DerivedTable{Name: "version_criteria", Check: checkVersionCriteria}
}

// A said is what an approved version says of criteria.
type said struct {
	ID            int64
	ControlID     int64
	Code          string
	Number        int
	Status        Status
	EffectiveFrom models.Date
	EffectiveTo   models.Date
	Criteria      models.List[framework.Ref]
}

func checkVersionCriteria(ctx context.Context, tx *models.Tx, problem func(string)) error {
	for after, more := int64(0), true; more; {
		list, err := models.Raw[said](ctx, tx, `SELECT id, control_id, code, number, status, effective_from, effective_to, criteria
			FROM control_versions WHERE id > ? ORDER BY id LIMIT ?`, after, pageOfCriteria)
		if err != nil {
			return err
		}
		until := int64(1<<63 - 1)
		if more = len(list) == pageOfCriteria; more {
			until = list[len(list)-1].ID
		}
		rows, err := models.UnscopedRows[versionLine](tx).Where("version_id > ? AND version_id <= ?", after, until).Order("version_id").Find(ctx)
		if err != nil {
			return err
		}
		compareVersions(list, rows, problem)
		after = until
	}
	return nil
}

func compareVersions(list []said, rows []versionLine, problem func(string)) {
	does := map[int64][]string{}
	for _, r := range rows {
		does[r.VersionID] = append(does[r.VersionID], r.String())
	}
	for _, v := range list {
		models.CompareDerived("version_criteria", fmt.Sprintf("controls/%s/versions/%d", v.Code, v.Number), v.lines(), does[v.ID], problem)
		delete(does, v.ID)
	}
	for id, lines := range does {
		models.CompareDerived("version_criteria", fmt.Sprintf("version %d", id), nil, lines, problem)
	}
}

func (v said) lines() (out []string) {
	if v.Status == Draft || v.Status == InReview {
		return nil
	}
	seen := map[framework.Ref]bool{}
	for _, ref := range v.Criteria {
		if !seen[ref] {
			out = append(out, versionLine{v.ID, v.ControlID, ref.Framework, ref.Code, v.EffectiveFrom, v.EffectiveTo, v.Status != Approved}.String())
		}
		seen[ref] = true
	}
	return out
}
