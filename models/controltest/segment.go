package controltest

import (
	"context"
	"fmt"
	"slices"

	"assay/models"
	"assay/models/access"
	"assay/models/control"
	"assay/models/engagement"
	"assay/models/framework"
	"assay/models/period"
)

// A Segment is what a control said for a part of the period: a version and the editorial
// ones that follow it. Each is tested for itself, with its own population and sample.
type Segment struct {
	ControlID int64
	Number    int // in the period, from 1
	Of        int
	First     int // version
	Last      int
	Title     string // of the last one
	Nature    string
	Frequency string
	From, To  models.Date // within the period
}

// Automated reports whether the control acts by itself.
func (s Segment) Automated() bool { return s.Nature == "automated" }

// Label says which versions the segment is.
func (s Segment) Label() string {
	if s.First == s.Last {
		return fmt.Sprintf("Version %d", s.First)
	}
	return fmt.Sprintf("Versions %d to %d", s.First, s.Last)
}

// A phase is a version as segments need it.
type phase struct {
	models.Meta
	ControlID     int64
	Number        int
	Editorial     bool
	Title         string
	Nature        string
	Frequency     string
	EffectiveFrom models.Date
	EffectiveTo   models.Date
}

// TableName is where versions live.
func (phase) TableName() string { return "control_versions" }

// VisibleTo is that of versions.
func (phase) VisibleTo(a access.Actor) (string, []any) { return control.Version{}.VisibleTo(a) }

// Segments are those of the controls in the period of e, in the order of time. A version
// follows into the same segment only if its change is editorial and no day lies between.
// A version that helps to meet nothing in scope is no segment: there is nothing to test.
func Segments(ctx context.Context, tx *models.Tx, e engagement.Engagement, controls ...int64) (map[int64][]Segment, error) {
	list, err := phases(tx, e, controls).Find(ctx)
	return segmentsOf(list, e), err
}

// SegmentsAt are those of all controls that helped to meet one of these criteria of SOC 2,
// read together with what else is asked for.
func SegmentsAt(ctx context.Context, tx *models.Tx, e engagement.Engagement, criteria []string, beside models.Reading) (map[int64][]Segment, error) {
	var list []phase
	at := inPeriod(tx, e).Where(`control_versions.control_id IN (SELECT at.control_id FROM version_criteria at WHERE at.framework = ? AND at.code IN ? AND at.begun)`,
		framework.SOC2, append([]string{""}, criteria...))
	err := models.Together(ctx, tx, models.Into(at, &list), beside)
	return segmentsOf(list, e), err
}

func phases(tx *models.Tx, e engagement.Engagement, controls []int64) models.Query[phase] {
	return inPeriod(tx, e).Where("control_versions.control_id IN ?", append([]int64{0}, controls...))
}

func inPeriod(tx *models.Tx, e engagement.Engagement) models.Query[phase] {
	return models.Rows[phase](tx).Where(`control_versions.status IN ('effective', 'superseded', 'retired')
		AND control_versions.effective_from <= ? AND (control_versions.effective_to = '' OR control_versions.effective_to >= ?)
		AND EXISTS (SELECT 1 FROM version_criteria vc JOIN engagement_criteria ec ON ec.framework = vc.framework AND ec.code = vc.code
			WHERE vc.version_id = control_versions.id AND ec.engagement_id = ?)`,
		e.PeriodEnd, e.PeriodStart, e.ID).Order("control_id, effective_from, number")
}

func segmentsOf(list []phase, e engagement.Engagement) map[int64][]Segment {
	out := map[int64][]Segment{}
	var before phase
	for _, v := range list {
		all := out[v.ControlID]
		if n := len(all); n > 0 && v.Editorial && before.EffectiveTo.AddDays(1) == v.EffectiveFrom {
			all[n-1].extend(v, e.Period())
		} else {
			out[v.ControlID] = append(all, segmentOf(v, e.Period()))
		}
		before = v
	}
	for _, all := range out {
		for i := range all {
			all[i].Number, all[i].Of = i+1, len(all)
		}
	}
	return out
}

func segmentOf(v phase, p period.Span) Segment {
	s := Segment{ControlID: v.ControlID, First: v.Number, Nature: v.Nature, Frequency: v.Frequency, From: max(v.EffectiveFrom, p.From)}
	s.extend(v, p)
	return s
}

func (s *Segment) extend(v phase, p period.Span) {
	s.Last, s.Title, s.To = v.Number, v.Title, p.To
	if v.EffectiveTo != "" {
		s.To = min(v.EffectiveTo, p.To)
	}
}

// segmentAt finds the segment that a version begins.
func segmentAt(list []Segment, first int) (Segment, bool) {
	i := slices.IndexFunc(list, func(s Segment) bool { return s.First == first })
	if i < 0 {
		return Segment{}, false
	}
	return list[i], true
}

// inScope reports whether a version of the control in the period of e helped to meet a
// criterion in its scope.
func inScope(ctx context.Context, tx *models.Tx, e engagement.Engagement, control int64) (bool, error) {
	n, err := models.Value[int64](ctx, tx, `SELECT count(*) FROM engagement_criteria ec
		JOIN version_criteria vc ON vc.framework = ec.framework AND vc.code = ec.code
		WHERE ec.engagement_id = ? AND vc.control_id = ? AND vc.begun
		AND vc.effective_from <= ? AND (vc.effective_to = '' OR vc.effective_to >= ?)`, e.ID, control, e.PeriodEnd, e.PeriodStart)
	return n > 0, err
}

// Controls are those that the actor may see and that helped to meet a criterion in the scope
// of e in its period, by code.
func Controls(ctx context.Context, tx *models.Tx, e engagement.Engagement) ([]control.Control, error) {
	return models.Rows[control.Control](tx).Where(`controls.id IN (SELECT vc.control_id FROM engagement_criteria ec
		JOIN version_criteria vc ON vc.framework = ec.framework AND vc.code = ec.code WHERE ec.engagement_id = ? AND vc.begun
		AND vc.effective_from <= ? AND (vc.effective_to = '' OR vc.effective_to >= ?))`, e.ID, e.PeriodEnd, e.PeriodStart).Order("code").Limit(1000).Find(ctx)
}
