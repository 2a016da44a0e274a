package demo

import (
	"context"
	"fmt"
	"strings"

	"assay/models"
	"assay/models/control"
	"assay/models/framework"
)

// catalogue is what happens to the texts of controls after they were taken into use.
func (s *story) catalogue() {
	for _, r := range s.revisions() {
		s.revise(r)
	}
	s.ownControl()
	s.retire("PI-04", s.in(118), "PI-03 and AI-32 test the same thing since deliveries go through one queue.")
}

// A revision is the next version of a control, as far as it came.
type revision struct {
	code      string
	author    string
	written   models.Date
	adds      string // to the statement
	every     string // another frequency
	why       string
	editorial bool
	until     control.Status
	from      models.Date // the day it takes effect
}

func (s *story) revisions() []revision {
	return []revision{
		{
			code: "AC-05", author: "tomas", written: s.in(68), from: s.in(91), until: control.Effective,
			adds: "The review includes the inference clusters and the model registry.",
			why:  "Inference clusters and the model registry were outside the review.",
		},
		{
			code: "CM-01", author: "tomas", written: s.in(40), from: s.in(61), until: control.Effective,
			adds: "A change written by a coding agent carries the label “human-review”, set by the person who read it.",
			why:  "Coding agents open changes since April; who read them has to be visible.",
		},
		{
			code: "BC-03", author: "seun", written: s.in(100), from: s.in(122), until: control.Effective, every: "monthly",
			adds: "Each month one customer region is restored to an empty account.",
			why:  "A quarterly test found a broken restore ten weeks late.",
		},
		{
			code: "AC-03", author: "dana", written: s.in(150), from: s.in(183), until: control.Effective,
			adds: "Contractors are leavers on the day their contract ends, whatever the identity provider says.",
			why:  "Contract ends are kept outside the personnel system.",
		},
		{
			code: "GV-01", author: "sam", written: s.in(30), from: s.in(45), until: control.Effective, editorial: true,
			adds: "Staff here means employees, contractors and interns.", why: "Readers asked who staff is.",
		},
		{
			code: "AI-35", author: "tomas", written: s.ago(9), until: control.InReview,
			adds: "The suite includes one pair of tenants that share a cache node.",
			why:  "The shared cache is new since this month.",
		},
		{
			code: "AI-29", author: "tomas", written: s.ago(4), until: control.Draft,
			adds: "Tool results are part of the test set.", why: "Agents read web pages now.",
		},
		{
			code: "VM-03", author: "yusuf", written: s.ago(12), from: s.ago(-19), until: control.Approved,
			adds: "For model providers the report has to cover inference, not only the console.",
			why:  "Two reports left inference out.",
		},
	}
}

func (s *story) revise(r revision) {
	var v control.Version
	s.on(r.written, 50, r.author, func(ctx context.Context, tx *models.Tx) error {
		c, err := control.ByCode(ctx, tx, r.code)
		if err != nil {
			return err
		}
		if v, err = control.Revise(ctx, tx, &c, r.editorial); err != nil {
			return err
		}
		return control.Edit(ctx, tx, &v, r.apply(v.Content))
	})
	if r.until == control.Draft {
		return
	}
	s.on(r.written.AddDays(1), 80, r.author, func(ctx context.Context, tx *models.Tx) error { return control.Submit(ctx, tx, &v) })
	if r.until == control.InReview {
		return
	}
	s.on(r.written.AddDays(4), 200, s.reviewerWho(r.author), func(ctx context.Context, tx *models.Tx) error {
		return control.Approve(ctx, tx, &v, r.from)
	})
	if r.until == control.Effective {
		s.atMidnight(r.from, activate)
	}
}

// reviewerWho is a compliance manager other than the author.
func (s *story) reviewerWho(author string) string {
	if author == "priya" {
		return "yusuf"
	}
	return "priya"
}

func activate(ctx context.Context, tx *models.Tx) error {
	n, err := control.Activate(ctx, tx)
	if err == nil && n == 0 {
		err = fmt.Errorf("no version was due")
	}
	return err
}

func (r revision) apply(c control.Content) control.Content {
	c.Statement = strings.TrimSpace(c.Statement + " " + r.adds)
	c.ChangeNote = r.why
	if r.every != "" {
		c.Frequency = r.every
	}
	return c
}

// ownControl is one that no catalog has, and a second that is still being written.
func (s *story) ownControl() {
	var v control.Version
	s.on(s.in(12), 30, "ines", func(ctx context.Context, tx *models.Tx) (err error) {
		_, v, err = control.New(ctx, tx, "HAL-01", gpuHall())
		return err
	})
	s.on(s.in(12), 90, "priya", func(ctx context.Context, tx *models.Tx) error {
		c, err := control.ByCode(ctx, tx, "HAL-01")
		if err != nil {
			return err
		}
		ines, seun := s.id("ines"), s.id("seun")
		return control.Assign(ctx, tx, &c, &ines, &seun)
	})
	s.on(s.in(13), 100, "ines", func(ctx context.Context, tx *models.Tx) error { return control.Submit(ctx, tx, &v) })
	s.on(s.in(16), 130, "priya", func(ctx context.Context, tx *models.Tx) error { return control.Approve(ctx, tx, &v, s.in(30)) })
	s.atMidnight(s.in(30), activate)
	s.on(s.ago(3), 95, "yusuf", func(ctx context.Context, tx *models.Tx) error {
		_, _, err := control.New(ctx, tx, "HAL-02", control.Content{
			Title: "Customers hear of a change of subprocessor in time", Category: "Vendor management",
			Kind: "preventive", Nature: "manual", Frequency: "event", OwnerFunction: "Compliance",
			Statement:      "Customers are told of a new subprocessor at least [30 days] before it receives their content.",
			EventTrigger:   "A subprocessor is added to the register",
			EventDirection: "before",
			Criteria:       models.List[framework.Ref]{{Framework: framework.SOC2, Code: "P6.1"}, {Framework: framework.SOC2, Code: "CC9.2"}},
		})
		return err
	})
}

func gpuHall() control.Content {
	return control.Content{
		Title: "Sessions on the GPU clusters are recorded", Category: "Access control",
		Kind: "detective", Nature: "automated", Frequency: "continuous", OwnerFunction: "Security", AI: true,
		Statement: "Every interactive session on a training or inference cluster goes through the bastion, which records it. " +
			"Recordings are kept for [180 days] and ten a month are looked at by somebody outside the platform team.",
		Population: "Interactive sessions on production clusters",
		Evidence:   models.List[string]{"Bastion configuration", "List of sessions with recording id", "Notes on the ten that were looked at"},
		TestsDesign: models.List[framework.Test]{
			{Technique: "inspection", Step: "Inspect that the clusters accept sessions from the bastion only"},
		},
		TestsOperating: models.List[framework.Test]{
			{Technique: "reperformance", Step: "For a sample of sessions, find the recording and play it"},
			{Technique: "inspection", Step: "Inspect the notes of two months"},
		},
		Criteria: models.List[framework.Ref]{
			{Framework: framework.SOC2, Code: "CC6.1"},
			{Framework: framework.SOC2, Code: "CC7.2"},
			{Framework: framework.CSF, Code: "PR.AA-05"},
		},
	}
}

func (s *story) retire(code string, day models.Date, why string) {
	s.on(day, 240, "priya", func(ctx context.Context, tx *models.Tx) error {
		c, err := control.ByCode(ctx, tx, code)
		if err != nil {
			return err
		}
		return control.Retire(ctx, tx, &c, why, false)
	})
}
