package demo

import (
	"context"
	"slices"
	"time"

	"assay/models"
	"assay/models/engagement"
	"assay/models/framework"
	"assay/models/freeze"
)

// An audit is one engagement in the story.
type audit struct {
	s *story
	e engagement.Engagement
}

// engagements are the two examinations: the first, which is over, and the one that runs.
func (s *story) engagements() {
	for i, m := range cast {
		if m.firm() != "" {
			s.invites(s.prior.from.AddDays(8), 60+i, m)
			s.arrives(s.prior.from.AddDays(9), 90+i, m)
		}
	}
	first := s.engagement(s.prior.from.AddDays(12), engagement.Terms{
		Name: name(s.prior), Firm: firm, Kind: engagement.TypeII, Zone: Zone,
		Criteria:    criteria(framework.Security, framework.Availability, framework.Confidentiality),
		PeriodStart: s.prior.from, PeriodEnd: s.prior.to, OpensOn: s.in(-30), ClosesOn: s.in(45),
	})
	first.move(s.prior.from.AddDays(20), engagement.Planning)
	first.move(s.in(-30), engagement.Fieldwork)
	first.move(s.in(14), engagement.Reporting)
	first.issue(s.in(47))
	first.move(s.in(80), engagement.Archived)
	s.on(s.in(96), 100, "priya", func(ctx context.Context, tx *models.Tx) error {
		_, err := engagement.Add(ctx, tx, first.e, engagement.Addendum{
			Text:       "An account of a contractor at the support desk stayed open for 16 days after the contract ended, in the last month of the period. Nobody signed in with it. It was found by the review of the first quarter, and is closed.",
			HappenedOn: s.prior.to.AddDays(-9),
		})
		return err
	})
	s.looks(s.in(-28), 70, "jonas", "controls/AC-05")
	s.looks(s.in(6), 95, "jonas", "controls/CM-01")

	running := s.engagement(s.in(-12), engagement.Terms{
		Name: name(s.period), Firm: firm, Kind: engagement.TypeII, Zone: Zone,
		Criteria:    criteria(framework.Security, framework.Availability, framework.Confidentiality, framework.ProcessingIntegrity),
		PeriodStart: s.period.from, PeriodEnd: s.period.to, OpensOn: s.ago(17), ClosesOn: s.period.to.AddDays(75),
		Systems: []engagement.System{
			{Name: "Halyard Code", About: "the coding assistant in the editor and on the command line"},
			{Name: "Halyard Platform", About: "accounts, organisations, billing and the interface for developers"},
		},
		Boundary: "Production in the two regions of the hosting provider, the model gateway, the corporate identity provider, and the people and procedures that run them. The models themselves are served by the foundation-model provider. Research clusters and the marketing site do not belong to it.",
	})
	running.move(s.in(90), engagement.Planning)
	running.round(s.in(92), engagement.Round{Kind: engagement.Interim, Name: "Walkthroughs and the first half", FromOn: s.ago(16), ToOn: s.today.AddDays(9)})
	running.round(s.in(92), engagement.Round{Kind: engagement.YearEnd, Name: "Roll-forward", FromOn: s.period.to.AddDays(11), ToOn: s.period.to.AddDays(29)})
	running.move(s.ago(16), engagement.Fieldwork)
	running.propose(s.ago(2), "A first customer runs agents in production since this month, and asks that the report covers them.", func(t *engagement.Terms) {
		t.Systems = append(slices.Clone(t.Systems), engagement.System{Name: "Halyard Agents", About: "tasks that run without somebody watching, in sandboxes of the customer"})
	})
	s.looks(s.ago(13), 35, "jonas", "controls/AC-03")
	s.looks(s.ago(12), 50, "jonas", "controls/AC-05")
	s.looks(s.ago(11), 42, "miriam", "controls/AI-17")
	s.running = running
	s.first = first
}

// name is how an engagement over these days is called.
func name(d days) string {
	from, to := string(d.from[:4]), string(d.to[:4])
	if from == to {
		return "SOC 2 Type II " + d.from.In(time.UTC).Format("January") + " to " + d.to.In(time.UTC).Format("January 2006")
	}
	return "SOC 2 Type II " + from + "/" + to[2:]
}

func criteria(categories ...string) []string {
	var codes []string
	for _, c := range framework.CriteriaFor(categories) {
		codes = append(codes, c.Code)
	}
	return codes
}

// engagement sets one up and names both auditors.
func (s *story) engagement(day models.Date, t engagement.Terms) *audit {
	a := &audit{s: s}
	s.on(day, 150, "priya", func(ctx context.Context, tx *models.Tx) (err error) {
		if a.e, err = engagement.Create(ctx, tx, t); err != nil {
			return err
		}
		if err := engagement.AddAuditor(ctx, tx, a.e, s.id("miriam"), engagement.Lead); err != nil {
			return err
		}
		return engagement.AddAuditor(ctx, tx, a.e, s.id("jonas"), engagement.Member)
	})
	return a
}

// issue registers the report, of which the firm sent a copy.
func (a *audit) issue(day models.Date) {
	s := a.s
	file := s.shelf.put("soc2-type2-report.pdf", pdf([]string{"Independent service auditor's report", name(s.prior), firm}))
	s.on(day, 25, "priya", func(ctx context.Context, tx *models.Tx) error {
		return engagement.Issue(ctx, tx, &a.e, engagement.Report{
			Digest: file.Digest, FileName: file.Name, Size: file.Size, ReportedOn: workday(day.AddDays(-3)), SignedBy: "Miriam Brandt, engagement partner",
		})
	})
}

func (a *audit) round(day models.Date, r engagement.Round) {
	a.s.on(day, 60, "priya", func(ctx context.Context, tx *models.Tx) error { return engagement.PlanRound(ctx, tx, a.e, r) })
}

// propose asks the lead auditor for another scope.
func (a *audit) propose(day models.Date, why string, edit func(*engagement.Terms)) {
	a.s.on(day, 200, "priya", func(ctx context.Context, tx *models.Tx) error {
		t := a.e.Terms()
		edit(&t)
		return engagement.Propose(ctx, tx, a.e, t, why)
	})
}

func (a *audit) move(day models.Date, to engagement.Status) {
	a.s.on(day, 25, "priya", func(ctx context.Context, tx *models.Tx) error {
		if to == engagement.Reporting {
			return freeze.Report(ctx, tx, &a.e, "")
		}
		return engagement.Move(ctx, tx, &a.e, to, "")
	})
}
