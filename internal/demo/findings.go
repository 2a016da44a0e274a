package demo

import (
	"context"

	"assay/models"
	"assay/models/control"
	"assay/models/evidence"
	"assay/models/finding"
	"assay/models/occurrence"
	"assay/models/period"
)

// A matter is a finding in the story. What happens to it on one day happens in the
// order it is written.
type matter struct {
	s     *story
	id    int64
	steps int
}

type turn func(ctx context.Context, tx *models.Tx, c *finding.Case) error

// raise begins a matter about controls.
func (s *story) raise(day models.Date, who string, audit *audit, in finding.Facts, codes ...string) *matter {
	m := &matter{s: s}
	s.on(day, m.next(), who, func(ctx context.Context, tx *models.Tx) error {
		for _, code := range codes {
			c, err := control.ByCode(ctx, tx, code)
			if err != nil {
				return err
			}
			in.Controls = append(in.Controls, c.ID)
		}
		if audit != nil {
			in.Source, in.EngagementID = finding.FromAudit, audit.e.ID
		}
		f, err := finding.Raise(ctx, tx, in)
		m.id = f.ID
		return err
	})
	return m
}

func (m *matter) next() int {
	m.steps++
	return 240 + 4*m.steps
}

// on lets somebody do something to it.
func (m *matter) on(day models.Date, who string, do turn) *matter {
	m.s.on(day, m.next(), who, m.turn(do))
	return m
}

func (m *matter) turn(do turn) deed {
	return func(ctx context.Context, tx *models.Tx) error {
		c, err := finding.Load(ctx, tx, m.id)
		if err != nil {
			return err
		}
		return do(ctx, tx, &c)
	}
}

func (m *matter) confirm(day models.Date, who, note string) *matter {
	return m.on(day, who, func(ctx context.Context, tx *models.Tx, c *finding.Case) error {
		return finding.Confirm(ctx, tx, c.ID, c.Rev, note)
	})
}

func (m *matter) respond(day models.Date, who string, position finding.Position, text string) *matter {
	return m.on(day, who, func(ctx context.Context, tx *models.Tx, c *finding.Case) error {
		return finding.Respond(ctx, tx, c.ID, position, text)
	})
}

func (m *matter) rate(day models.Date, severity finding.Severity, owner string, due models.Date) *matter {
	return m.on(day, "priya", func(ctx context.Context, tx *models.Tx, c *finding.Case) error {
		return finding.Rate(ctx, tx, c.ID, c.Rev, severity, m.s.id(owner), due)
	})
}

// A step is one milestone of a plan: what, by whom, until when.
type step struct {
	title, owner string
	due          models.Date
}

// plan drafts a plan with its steps.
func (m *matter) plan(day models.Date, owner, summary string, due models.Date, steps ...step) *matter {
	m.on(day, owner, func(ctx context.Context, tx *models.Tx, c *finding.Case) error {
		_, err := finding.DraftPlan(ctx, tx, c.ID, finding.PlanDraft{Summary: summary, OwnerID: m.s.id(owner), DueOn: due})
		return err
	})
	return m.on(day, owner, func(ctx context.Context, tx *models.Tx, c *finding.Case) error {
		for _, st := range steps {
			if _, err := finding.AddMilestone(ctx, tx, c.ID, finding.Step{Title: st.title, OwnerID: m.s.id(st.owner), DueOn: st.due}); err != nil {
				return err
			}
		}
		return nil
	})
}

func (m *matter) submitPlan(day models.Date, who string) *matter {
	return m.on(day, who, func(ctx context.Context, tx *models.Tx, c *finding.Case) error {
		return finding.SubmitPlan(ctx, tx, c.ID, c.Plan().Rev)
	})
}

func (m *matter) approvePlan(day models.Date, note string) *matter {
	return m.on(day, "priya", func(ctx context.Context, tx *models.Tx, c *finding.Case) error {
		return finding.ApprovePlan(ctx, tx, c.ID, c.Plan().Rev, note)
	})
}

func (m *matter) rejectPlan(day models.Date, why string) *matter {
	return m.on(day, "priya", func(ctx context.Context, tx *models.Tx, c *finding.Case) error {
		return finding.RejectPlan(ctx, tx, c.ID, c.Plan().Rev, why)
	})
}

// begin starts the nth step of the plan.
func (m *matter) begin(day models.Date, who string, n int) *matter {
	return m.on(day, who, func(ctx context.Context, tx *models.Tx, c *finding.Case) error {
		st := c.Steps(c.Plan().ID)[n]
		return finding.StartMilestone(ctx, tx, c.ID, st.ID, st.Rev)
	})
}

// finish says that the nth step was done, with new evidence for a control as its proof.
func (m *matter) finish(day models.Date, who string, n int, code, title, note string) *matter {
	var proof evidence.Item
	span := days{workday(day.AddDays(-1)), workday(day.AddDays(-1))}
	file := m.s.shelf.put("proof-"+title+".pdf", minutes(title, note)(span, chance(title)))
	m.s.on(day, m.next(), who, func(ctx context.Context, tx *models.Tx) error {
		c, err := control.ByCode(ctx, tx, code)
		if err != nil {
			return err
		}
		proof, err = evidence.Store(ctx, tx, evidence.Parcel{
			ControlID: c.ID, Files: []evidence.Upload{file},
			Details: m.s.details(parcel{title: "Remediation: " + title, kind: "signed_record", source: "Remediation", acted: span.from, covers: span}, tx.Actor.Name),
		})
		if err != nil {
			return err
		}
		proof, err = occurrence.SubmitEvidence(ctx, tx, proof.ID, proof.Rev, period.Span{})
		return err
	})
	if after := day.AddDays(1); after < m.s.today {
		m.s.on(after, m.next(), m.s.reviewerOf(code), func(ctx context.Context, tx *models.Tx) error {
			_, err := evidence.Accept(ctx, tx, proof.ID, proof.Rev, "")
			return err
		})
	}
	return m.on(day, who, func(ctx context.Context, tx *models.Tx, c *finding.Case) error {
		st := c.Steps(c.Plan().ID)[n]
		return finding.FinishMilestone(ctx, tx, c.ID, st.ID, st.Rev, proof.ID, note)
	})
}

func (m *matter) verifyStep(day models.Date, n int) *matter {
	return m.on(day, "priya", func(ctx context.Context, tx *models.Tx, c *finding.Case) error {
		st := c.Steps(c.Plan().ID)[n]
		return finding.VerifyMilestone(ctx, tx, c.ID, st.ID, st.Rev)
	})
}

func (m *matter) complete(day models.Date, who, note string) *matter {
	return m.on(day, who, func(ctx context.Context, tx *models.Tx, c *finding.Case) error {
		return finding.CompletePlan(ctx, tx, c.ID, c.Plan().Rev, note)
	})
}

func (m *matter) verify(day models.Date, note string) *matter {
	return m.on(day, "priya", func(ctx context.Context, tx *models.Tx, c *finding.Case) error {
		return finding.Verify(ctx, tx, c.ID, c.Rev, note)
	})
}

func (m *matter) reopen(day models.Date, why string) *matter {
	return m.on(day, "priya", func(ctx context.Context, tx *models.Tx, c *finding.Case) error {
		return finding.Reopen(ctx, tx, c.ID, c.Rev, why)
	})
}

func (m *matter) accept(day models.Date, who string, until models.Date, why string) {
	m.on(day, who, func(ctx context.Context, tx *models.Tx, c *finding.Case) error {
		return finding.AcceptRisk(ctx, tx, c.ID, c.Rev, until, why)
	})
}

func (m *matter) ask(day models.Date, who string, n int, until models.Date, why string) *matter {
	return m.on(day, who, func(ctx context.Context, tx *models.Tx, c *finding.Case) error {
		id := int64(0)
		if n >= 0 {
			id = c.Steps(c.Plan().ID)[n].ID
		}
		_, err := finding.AskExtension(ctx, tx, c.ID, id, until, why)
		return err
	})
}

func (m *matter) grant(day models.Date, who, note string) *matter {
	return m.on(day, who, func(ctx context.Context, tx *models.Tx, c *finding.Case) error {
		e := c.Extensions[len(c.Extensions)-1]
		return finding.GrantExtension(ctx, tx, c.ID, e.ID, e.Rev, note)
	})
}
