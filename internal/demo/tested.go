package demo

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"assay/internal/sheet"
	"assay/models"
	"assay/models/control"
	"assay/models/controltest"
	"assay/models/engagement"
	"assay/models/evidence"
	"assay/models/period"
	"assay/models/population"
	"assay/models/sample"
)

// A weekend's deeds fall on the Friday before, so what follows is later in the hour, too.

// tested is what Jonas tests with his own hand: granted access is done, with three deviations,
// and of the merges he has looked at a third.
func (s *story) tested() {
	s.granted("jonas", s.ago(10))
	s.accessTest()
	s.mergeTest()
}

// granted lets an auditor write in the engagement that runs.
func (s *story) granted(who string, day models.Date) {
	s.on(day, 55, "aoife", func(ctx context.Context, tx *models.Tx) error {
		g, err := models.Rows[engagement.Auditor](tx).Where("engagement_id = ? AND person_id = ?", s.running.e.ID, s.id(who)).Take(ctx)
		if err != nil {
			return err
		}
		a := s.actors[who]
		a.Engagements, a.Fieldwork = []int64{s.running.e.ID}, []int64{s.running.e.ID}
		s.actors[who] = a
		return engagement.GrantFieldwork(ctx, tx, s.running.e, g.ID, g.Rev)
	})
}

// A trial is one test on its way.
type trial struct {
	*story
	code string
	id   int64
}

// designed plans a test, walks through one occurrence and fixes the attributes.
func (t *trial) designed(day models.Date, minutes int, basis string, attributes ...controltest.Attribute) {
	t.on(day, minutes, "jonas", func(ctx context.Context, tx *models.Tx) error {
		c, err := control.ByCode(ctx, tx, t.code)
		if err != nil {
			return err
		}
		all, err := controltest.Segments(ctx, tx, t.running.e, c.ID)
		if err != nil || len(all[c.ID]) == 0 {
			return fmt.Errorf("no segment of %s: %w", t.code, err)
		}
		planned, err := controltest.Begin(ctx, tx, t.running.e, controltest.Plan{ControlID: c.ID, FirstVersion: all[c.ID][0].First}, 0)
		t.id = planned.ID
		return err
	})
	t.on(day, minutes+10, "jonas", func(ctx context.Context, tx *models.Tx) error {
		code, err := t.proof(ctx, tx)
		if err != nil {
			return err
		}
		if err := controltest.Walk(ctx, tx, t.id, 0, code); err != nil {
			return err
		}
		if err := controltest.ConcludeDesign(ctx, tx, t.id, 0, 0, controltest.Adequate, basis); err != nil {
			return err
		}
		return controltest.Fix(ctx, tx, t.id, 0, 0, attributes)
	})
}

// proof is the code of accepted evidence of the control.
func (t *trial) proof(ctx context.Context, tx *models.Tx) (string, error) {
	c, err := control.ByCode(ctx, tx, t.code)
	if err != nil {
		return "", err
	}
	i, err := models.Rows[evidence.Item](tx).Where("evidence.control_id = ? AND evidence.status = 'accepted'", c.ID).Order("id").Limit(1).Take(ctx)
	return i.Code(), err
}

// accessTest is a whole one: 25 of the access that was granted, of which three deviate.
func (s *story) accessTest() {
	t := &trial{story: s, code: "AC-02"}
	t.designed(s.ago(10), 60, "Followed one new engineer from the ticket to the group in Okta. Nobody can approve their own request.",
		controltest.Attribute{Text: "Approved by the owner of the system", Technique: controltest.Inspection},
		controltest.Attribute{Text: "Approval came before the access", Technique: controltest.Inspection},
		controltest.Attribute{Text: "The group in Okta is the one that was asked for", Technique: controltest.Reperformance})
	csv := s.grants()
	parcel := s.parcel("AC-02", "Access granted in Okta", csv, s.ago(14))
	var p population.Population
	s.on(s.ago(9), 80, "priya", func(ctx context.Context, tx *models.Tx) (err error) {
		if p, err = s.bring(ctx, tx, "AC-02", parcel); err != nil {
			return err
		}
		err = population.Prove(ctx, tx, &p, population.Proof{
			ToSource: []population.Trace{{Key: "ITACC-1004", Held: true}, {Key: "ITACC-1031", Held: true}}, ToList: []population.Trace{{Key: "ITACC-1017", Held: true}},
			Assessment: "The list ends with the day it was taken; the rest of the period becomes a population of its own.",
		})
		if err != nil {
			return err
		}
		return population.Lock(ctx, tx, &p)
	})
	s.on(s.ago(9), 130, "jonas", func(ctx context.Context, tx *models.Tx) error {
		return t.draws(ctx, tx, p, csv, 25, "Ran the report together with Dana Kowalski; it gave the same rows.")
	})
	s.on(s.ago(8), 160, "jonas", t.looksAtAll)
	s.on(s.ago(7), 190, "jonas", func(ctx context.Context, tx *models.Tx) error {
		if err := controltest.Conclude(ctx, tx, t.id, 0, 0, controltest.Exceptions, ""); err != nil {
			return err
		}
		return controltest.Share(ctx, tx, t.id, 0, 0)
	})
	s.on(s.ago(5), 220, "priya", func(ctx context.Context, tx *models.Tx) error {
		return controltest.Review(ctx, tx, t.id, 0, s.id("miriam"), "")
	})
	t.exceptions()
}

// draws accepts the population and takes n of it.
func (t *trial) draws(ctx context.Context, tx *models.Tx, p population.Population, csv []byte, n int, seen string) error {
	if _, err := population.Accept(ctx, tx, p.ID, 0, seen); err != nil {
		return err
	}
	if err := controltest.TakePopulation(ctx, tx, t.id, 0, 0, p.ID); err != nil {
		return err
	}
	ticket, err := population.Ticket{Method: sample.Random, Seed: fmt.Sprintf("brandt-okafor-%d", 71400+p.ID), Size: n, Auditor: tx.Actor.ID}.Prepared()
	if err != nil {
		return err
	}
	d, err := population.Repeat(p, func() (sheet.Rows, error) { return sheet.Stream(ctx, bytes.NewReader(csv), p.FileName, sheet.Large) }, ticket, ticket.Size, nil)
	if err != nil {
		return err
	}
	s, err := population.Draw(ctx, tx, d)
	if err != nil {
		return err
	}
	return controltest.TakeSample(ctx, tx, t.id, 0, 0, s.ID)
}

// paper is the test as it is.
func (t *trial) paper(ctx context.Context, tx *models.Tx) (controltest.Paper, error) {
	x, err := controltest.ByID(ctx, tx, t.id)
	if err != nil {
		return controltest.Paper{}, err
	}
	return controltest.Load(ctx, tx, t.running.e, x)
}

// looksAtAll finds one that was approved too late, one by the wrong person, and one in
// another group; of the last no exception is raised yet.
func (t *trial) looksAtAll(ctx context.Context, tx *models.Tx) error {
	p, err := t.paper(ctx, tx)
	if err != nil {
		return err
	}
	var seen []controltest.Seen
	for n, r := range p.Rows {
		for _, a := range p.Attributes {
			s := controltest.Seen{ItemID: r.ItemID, Letter: a.Letter, Result: controltest.Pass, Rev: controltest.Any}
			switch {
			case n == 16 && a.Letter == "B", n == 9 && a.Letter == "A", n == 21 && a.Letter == "C":
				s.Result = controltest.Deviation
			case n == 4 && a.Letter == "C":
				s.Result, s.Reason = controltest.NotApplicable, "The access was withdrawn before the group was given."
			}
			seen = append(seen, s)
		}
	}
	if _, err := controltest.Set(ctx, tx, t.id, 0, seen); err != nil {
		return err
	}
	code, err := t.proof(ctx, tx)
	if err != nil {
		return err
	}
	for _, n := range []int{0, 16} { // two show how it looks, and a start has seconds
		if err := controltest.LinkItem(ctx, tx, t.id, 0, p.Rows[n].ItemID, "AB", code); err != nil {
			return err
		}
	}
	failed := p.Rows[16].ItemID
	_, err = controltest.Jot(ctx, tx, t.id, 0, []controltest.Jotting{{ItemID: failed, Letter: "B", Text: "The approval is four hours after the group was given. Ask Dana whether an emergency was declared."}})
	return err
}

// mergeTest is under way: of the merges, the first third is looked at.
func (s *story) mergeTest() {
	t := &trial{story: s, code: "CM-01"}
	t.designed(s.ago(9), 145, "Followed one merge from the branch to production. The rule of the branch asks for a second person and for the checks.",
		controltest.Attribute{Text: "Approved by somebody other than the author", Technique: controltest.Inspection},
		controltest.Attribute{Text: "Approval came before the merge", Technique: controltest.Inspection},
		controltest.Attribute{Text: "All required checks passed", Technique: controltest.Reperformance},
		controltest.Attribute{Text: "The change names its ticket", Technique: controltest.Inspection})
	s.on(s.ago(6), 170, "jonas", func(ctx context.Context, tx *models.Tx) error {
		x, err := controltest.ByID(ctx, tx, t.id)
		if err != nil {
			return err
		}
		lists, err := controltest.Populations(ctx, tx, x)
		if err != nil {
			return err
		}
		if err := controltest.TakePopulation(ctx, tx, t.id, 0, 0, lists[0].ID); err != nil {
			return err
		}
		draws, err := controltest.Samples(ctx, tx, x)
		if err != nil {
			return err
		}
		return controltest.TakeSample(ctx, tx, t.id, 0, 0, draws[0].ID)
	})
	s.on(s.ago(4), 200, "jonas", func(ctx context.Context, tx *models.Tx) error {
		p, err := t.paper(ctx, tx)
		if err != nil {
			return err
		}
		var seen []controltest.Seen
		for _, r := range p.Rows[:6] {
			for _, a := range p.Attributes {
				seen = append(seen, controltest.Seen{ItemID: r.ItemID, Letter: a.Letter, Result: controltest.Pass, Rev: controltest.Any})
			}
		}
		_, err = controltest.Set(ctx, tx, t.id, 0, seen)
		return err
	})
}

// grants are accesses that were granted since the period began.
func (s *story) grants() []byte {
	var b bytes.Buffer
	b.WriteString("ticket,granted_at,person,group\n")
	span, r := period.Span{From: s.period.from, To: s.ago(15)}, chance("grants")
	for n := range 64 {
		at := s.period.from.AddDays(n * span.From.DaysUntil(span.To) / 64).In(s.zone).Add(time.Duration(9+r.IntN(8)) * time.Hour)
		fmt.Fprintf(&b, "ITACC-%d,%s,employee-%d,%s\n", 1001+n, at.UTC().Format(time.RFC3339), 200+r.IntN(90), []string{"eng-read", "prod-support", "billing-admin", "data-analyst"}[r.IntN(4)])
	}
	return b.Bytes()
}
