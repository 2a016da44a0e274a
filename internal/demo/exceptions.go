package demo

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"assay/models"
	"assay/models/controltest"
	"assay/models/finding"
	"assay/models/population"
)

// exceptions are raised from the test of granted access: one is disputed still; the other
// was put right, and what came after is tested again.
func (t *trial) exceptions() {
	late := t.except(t.ago(7), 194, 16, "B", "ITACC access given four hours before its approval", "The group was given at 09:12 and the approval is of 13:20 on the same day.")
	late.on(t.ago(6), "dana", func(ctx context.Context, tx *models.Tx, c *finding.Case) error {
		return finding.Dispute(ctx, tx, c.ID, c.Rev, "An emergency was declared that morning, and the procedure lets the approval follow within the day. The incident names this access.")
	})
	late.on(t.ago(5), "dana", func(ctx context.Context, tx *models.Tx, c *finding.Case) error {
		return finding.Compensate(ctx, tx, c.ID, "AC-05", "Every quarter the owners of systems look at each account, so access without approval is found.")
	})

	open := t.except(t.ago(7), 198, 9, "A", "One access without the approval of the owner of the system", "The ticket was approved by the team lead; the owner of the system is not in it.")
	open.confirm(t.ago(6), "dana", "The form let any lead approve.").
		rate(t.ago(6), finding.Medium, "dana", t.ago(-10)).
		plan(t.ago(6), "dana", "Only the owner of a system can approve in the form.", t.ago(-10), step{"The form asks the owner of the system", "dana", t.ago(-3)}).
		submitPlan(t.ago(6), "dana").approvePlan(t.ago(6), "").
		begin(t.ago(6), "dana", 0).
		finish(t.ago(6), "dana", 0, "AC-02", "Form of access requests", "A lead is refused since this morning.").
		complete(t.ago(6), "dana", "The form was changed and tried by two people.")
	t.answered(open)
	t.retest(open)
	open.verify(t.ago(1), "The form refuses a lead. The auditors tested what came after, too.")
}

// except raises an exception from the nth item.
func (t *trial) except(day models.Date, minutes, n int, letter, title, condition string) *matter {
	m := &matter{s: t.story, steps: 1}
	t.on(day, minutes, "jonas", func(ctx context.Context, tx *models.Tx) error {
		p, err := t.paper(ctx, tx)
		if err != nil {
			return err
		}
		f, err := finding.Except(ctx, tx, t.running.e, controltest.Cell{TestID: t.id, ItemID: p.Rows[n].ItemID, Letter: letter}, finding.Facts{
			Title: title, Condition: condition, Criterion: "AC-02: access is approved by the owner of the system before it is given. CC6.2.",
		}, 0)
		m.id = f.ID
		return err
	})
	return m
}

// answered has management answer, and the auditors say what it means for the report.
func (t *trial) answered(m *matter) {
	m.on(t.ago(5), "dana", func(ctx context.Context, tx *models.Tx, c *finding.Case) error {
		return finding.DraftResponse(ctx, tx, c.ID, 0, finding.Answer{
			Position: finding.Agree, AuthorID: t.story.id("ruth"), Text: "We agree. Since last week only the owner of a system can approve access to it. The one access was reviewed and is needed.",
		})
	})
	m.on(t.ago(4), "priya", func(ctx context.Context, tx *models.Tx, c *finding.Case) error {
		return finding.ApproveResponse(ctx, tx, c.ID, c.OpenResponse().Rev)
	})
	m.on(t.ago(3), "ruth", func(ctx context.Context, tx *models.Tx, c *finding.Case) error {
		return finding.SignResponse(ctx, tx, c.ID, c.OpenResponse().Rev, c.OpenResponse().Digest)
	})
	m.on(t.ago(3), "jonas", func(ctx context.Context, tx *models.Tx, c *finding.Case) error {
		return finding.DecideEffect(ctx, tx, c.ID, c.Rev, finding.Noted, 0)
	})
}

// retest looks at all access that was granted since, a list of its own.
func (t *trial) retest(m *matter) {
	var b bytes.Buffer
	b.WriteString("ticket,granted_at,person,group\n")
	changed := workday(t.ago(6))
	for n := range 5 {
		at := changed.In(t.zone).Add(time.Duration(16+n) * time.Hour)
		fmt.Fprintf(&b, "ITACC-%d,%s,employee-%d,eng-read\n", 1081+n, at.UTC().Format(time.RFC3339), 300+n)
	}
	csv := b.Bytes()
	parcel := t.parcel("AC-02", "Access granted since the form changed", csv, workday(t.ago(3)))
	again := &trial{story: t.story, code: t.code}
	var p population.Population
	m.on(t.ago(3), "jonas", func(ctx context.Context, tx *models.Tx, c *finding.Case) error {
		x, err := controltest.ByID(ctx, tx, t.id)
		if err != nil {
			return err
		}
		planned, err := controltest.Begin(ctx, tx, t.running.e, controltest.Plan{
			ControlID: x.ControlID, FirstVersion: x.FirstVersion, FromDay: changed, Retests: &controltest.Cell{TestID: c.Cells[0].TestID, ItemID: c.Cells[0].ItemID, Letter: c.Cells[0].Letter},
		}, 0)
		if err != nil {
			return err
		}
		again.id = planned.ID
		code, err := t.proof(ctx, tx)
		if err != nil {
			return err
		}
		if err := controltest.Walk(ctx, tx, again.id, 0, code); err != nil {
			return err
		}
		if err := controltest.ConcludeDesign(ctx, tx, again.id, 0, 0, controltest.Adequate, "Tried to approve as a lead; the form refused."); err != nil {
			return err
		}
		return controltest.Fix(ctx, tx, again.id, 0, 0, []controltest.Attribute{{Text: "Approved by the owner of the system", Technique: controltest.Inspection}})
	})
	m.on(t.ago(3), "priya", func(ctx context.Context, tx *models.Tx, _ *finding.Case) (err error) {
		if p, err = t.bring(ctx, tx, "AC-02", parcel); err != nil {
			return err
		}
		err = population.Prove(ctx, tx, &p, population.Proof{
			ToSource: []population.Trace{{Key: "ITACC-1082", Held: true}}, ToList: []population.Trace{{Key: "ITACC-1084", Held: true}}, Assessment: "All access since the form changed.",
		})
		if err != nil {
			return err
		}
		return population.Lock(ctx, tx, &p)
	})
	m.on(t.ago(2), "jonas", func(ctx context.Context, tx *models.Tx, _ *finding.Case) error {
		return again.concludes(ctx, tx, p, csv)
	})
}

// concludes selects three items of a retest, finds nothing, and says so.
func (t *trial) concludes(ctx context.Context, tx *models.Tx, p population.Population, csv []byte) error {
	if err := t.draws(ctx, tx, p, csv, 3, "Five rows, as in Okta."); err != nil {
		return err
	}
	paper, err := t.paper(ctx, tx)
	if err != nil {
		return err
	}
	code, err := t.proof(ctx, tx)
	if err != nil {
		return err
	}
	if err := controltest.LinkItem(ctx, tx, t.id, 0, paper.Rows[0].ItemID, "A", code); err != nil {
		return err
	}
	var seen []controltest.Seen
	for _, r := range paper.Rows {
		seen = append(seen, controltest.Seen{ItemID: r.ItemID, Letter: "A", Result: controltest.Pass, Rev: controltest.Any})
	}
	if _, err := controltest.Set(ctx, tx, t.id, 0, seen); err != nil {
		return err
	}
	if err := controltest.Conclude(ctx, tx, t.id, 0, 0, controltest.Effective, ""); err != nil {
		return err
	}
	return controltest.Share(ctx, tx, t.id, 0, 0)
}
