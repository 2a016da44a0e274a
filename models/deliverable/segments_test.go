package deliverable_test

import (
	"context"
	"strings"
	"testing"

	"assay/models"
	"assay/models/access"
	"assay/models/control"
	"assay/models/controltest"
	"assay/models/deliverable"
	"assay/models/engagement"
	"assay/models/framework"
	"assay/models/modelstest"
	"assay/models/people"
)

// changing adds a control that two versions described in the period, and a third one after
// it, which helps to meet a criterion out of scope.
func (w *world) changing() (c control.Control) {
	w.Helper()
	c = control.Control{Code: "CM-01", Title: "Named anew", Frequency: "event", Status: control.Effective, OwnerID: &w.owner.ID, CreatedAt: modelstest.Now}
	w.must(w.as(access.Clock, func(ctx context.Context, tx *models.Tx) error {
		if err := models.Insert(ctx, tx, &c, "control.create"); err != nil {
			return err
		}
		_, err := models.Raw[control.Control](ctx, tx, `INSERT INTO control_criteria (control_id, framework, code) VALUES (?, ?, 'CC8.1') RETURNING control_id AS id`, c.ID, framework.SOC2)
		return err
	}))
	for n, v := range []struct {
		title, criterion string
		from, to         models.Date
	}{{"Peer review", "CC6.1", "2025-06-01", "2025-12-31"}, {"Review by two", "CC6.1", "2026-01-01", "2026-08-31"}, {"Named anew", "CC8.1", "2026-09-01", ""}} {
		status := control.Superseded
		if v.to == "" {
			status = control.Effective
		}
		row := control.Version{
			ControlID: c.ID, Code: c.Code, Number: n + 1, Status: status, AuthoredAt: modelstest.Now, ApproverID: &w.priya.ID, ApprovedAt: &modelstest.Now, EffectiveFrom: v.from, EffectiveTo: v.to,
			Content: control.Content{Title: v.title, Statement: "x", Frequency: "event", Nature: "manual", Criteria: models.List[framework.Ref]{{Framework: framework.SOC2, Code: v.criterion}}},
		}
		w.must(w.as(access.Clock, func(ctx context.Context, tx *models.Tx) error { return models.Insert(ctx, tx, &row, "version.approve") }))
	}
	return c
}

func (w *world) matrix(a access.Actor) (out []string) {
	w.Helper()
	modelstest.Look(w.T, w.db, a, func(ctx context.Context, tx *models.Tx) error {
		lines, err := deliverable.Matrix(ctx, tx, w.e)
		for _, l := range lines {
			out = append(out, strings.Join([]string{l.Criterion, l.Control, l.Title, l.Segment, l.Test, l.Status}, "|"))
		}
		return err
	})
	return out
}

// segmentsOpen is how many segments still lack a test.
func (w *world) segmentsOpen(a access.Actor) (open int) {
	w.Helper()
	modelstest.Look(w.T, w.db, a, func(ctx context.Context, tx *models.Tx) error {
		steps, err := deliverable.Steps(ctx, tx, w.e, nil)
		open = steps[0].Open
		return err
	})
	return open
}

// TestRule04SectionIVShowsEverySegment: a segment that nobody tests is a line that says so,
// also beside one that is tested; and what a control became after the period is no part of it.
func TestRule04SectionIVShowsEverySegment(t *testing.T) {
	each(t, func(w *world) {
		c := w.changing()
		const first, second = "CC6.1|CM-01|Peer review|Version 1, 2025-07-01 to 2025-12-31|", "CC6.1|CM-01|Review by two|Version 2, 2026-01-01 to 2026-06-30|"
		for _, a := range []access.Actor{w.priya, w.auditor} {
			want := first + "|No test\n" + second + "|No test\nCC7.2|||||No control"
			if got := strings.Join(w.matrix(a), "\n"); got != want || w.segmentsOpen(a) != 2 {
				t.Errorf("%s, %d open:\n%s", a.Role, w.segmentsOpen(a), got)
			}
		}
		modelstest.Look(w.T, w.db, w.auditor, func(ctx context.Context, tx *models.Tx) error {
			list, err := controltest.Controls(ctx, tx, w.e)
			if len(list) != 1 {
				t.Errorf("%d controls can be tested", len(list))
			}
			return err
		})
		lead := people.Person{Name: "Miriam Brandt", Email: "miriam@firm.example", Firm: w.e.Firm, Role: access.Auditor, Status: people.Active, InvitedAt: modelstest.Now}
		w.must(w.as(access.Clock, func(ctx context.Context, tx *models.Tx) error {
			return models.Insert(ctx, tx, &lead, "person.invite")
		}))
		w.must(w.as(w.priya, func(ctx context.Context, tx *models.Tx) error {
			return engagement.AddAuditor(ctx, tx, w.e, lead.ID, engagement.Lead)
		}))
		x := controltest.Test{
			EngagementID: w.e.ID, Slug: w.e.Slug, ControlID: c.ID, Control: c.Code, FirstVersion: 2, Status: controltest.Planned, Round: 1,
			AuditorID: lead.ID, EnteredBy: w.priya.ID, PlannedAt: modelstest.Now, SharedBy: &lead.ID, SharedAt: &modelstest.Now,
		}
		w.must(w.as(access.Clock, func(ctx context.Context, tx *models.Tx) error {
			if err := models.Insert(ctx, tx, &x, "test.plan"); err != nil {
				return err
			}
			r := controltest.Round{TestID: x.ID, EngagementID: w.e.ID, Slug: w.e.Slug, Number: 1, AuditorID: lead.ID, EnteredBy: w.priya.ID, OpenedAt: modelstest.Now}
			return models.Insert(ctx, tx, &r, "test.round")
		}))
		want := first + "|No test\n" + second + "T-1|Planned\nCC7.2|||||No control"
		if got := strings.Join(w.matrix(w.auditor), "\n"); got != want || w.segmentsOpen(w.auditor) != 1 {
			t.Errorf("with a test, %d open:\n%s", w.segmentsOpen(w.auditor), got)
		}
	})
}
