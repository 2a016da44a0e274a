package deliverable

import (
	"context"
	"fmt"
	"strings"

	"assay/models"
	"assay/models/engagement"
	"assay/models/finding"
	"assay/models/framework"
	"assay/models/programme"
	"assay/models/subservice"
)

// Blank stands in a draft where only people know what belongs there.
const Blank = "[to be filled in]"

// compose drafts a document from what is known. It is a beginning: people write it.
func compose(ctx context.Context, tx *models.Tx, e engagement.Engagement, kind Kind) (string, error) {
	p, err := programme.Current(ctx, tx)
	if err != nil {
		return "", err
	}
	company := p.Company
	if company == "" {
		company = Blank
	}
	switch kind {
	case Assertion:
		return assertion(company, e), nil
	case Description:
		return description(ctx, tx, company, e)
	case Bridge:
		return bridge(company, e), nil
	}
	return responses(ctx, tx, company, e)
}

func during(e engagement.Engagement) string {
	if e.Kind == engagement.TypeI {
		return "as of " + string(e.PeriodEnd)
	}
	return fmt.Sprintf("throughout the period %s to %s", e.PeriodStart, e.PeriodEnd)
}

// categories are those whose criteria are in scope, in words.
func categories(e engagement.Engagement) string {
	var out []string
	for _, c := range framework.Categories() {
		for _, code := range e.Criteria {
			if k, ok := framework.CriterionOf(framework.SOC2, code); ok && k.Category == c.ID {
				out = append(out, strings.ToLower(c.Title))
				break
			}
		}
	}
	if len(out) == 0 {
		return "security"
	}
	return strings.Join(out, ", ")
}

func paragraphs(list ...string) string { return strings.Join(list, "\n\n") }

func assertion(company string, e engagement.Engagement) string {
	operated := "(b) the controls stated in the description were suitably designed " + during(e) + " to provide reasonable assurance that the service commitments and system requirements would be achieved based on the applicable trust services criteria; and"
	last := "(c) the controls stated in the description operated effectively " + during(e) + " to provide that reasonable assurance, provided that complementary customer and subservice organisation controls assumed in their design operated effectively."
	if e.Kind == engagement.TypeI {
		operated, last = strings.TrimSuffix(operated, "; and")+".", ""
	}
	return strings.TrimSpace(paragraphs(
		"Assertion of the management of "+company,
		fmt.Sprintf("We have prepared the accompanying description of the system of %s, %s, based on the description criteria for a SOC 2 report. It is meant to give users information about the system that helps them assess the risks of their interactions with it.", company, during(e)),
		fmt.Sprintf("The trust services criteria in scope are those relevant to %s: %d criteria.", categories(e), len(e.Criteria)),
		"We assert, to the best of our knowledge and belief, that",
		"(a) the description presents the system that was designed and implemented "+during(e)+" in accordance with the description criteria;",
		operated, last,
	))
}

func description(ctx context.Context, tx *models.Tx, company string, e engagement.Engagement) (string, error) {
	organisations, users, err := others(ctx, tx, e)
	if err != nil {
		return "", err
	}
	var out []string
	out = append(out, "Description of the system of "+company+", "+during(e))
	for n, what := range []string{
		"Types of services provided", "Principal service commitments and system requirements", "Components of the system: infrastructure, software, people, procedures and data",
		"Incidents during the period that affected the commitments", "Applicable trust services criteria and the related controls", "Complementary user entity controls",
		"Subservice organisations and their controls", "Criteria that are not relevant, and why", "Significant changes during the period",
	} {
		text := Blank
		switch n {
		case 5:
			text = users
		case 6:
			text = organisations
		case 4:
			text = fmt.Sprintf("%d criteria relevant to %s. The controls that help to meet each of them are listed in section IV.", len(e.Criteria), categories(e))
		}
		out = append(out, fmt.Sprintf("DC %d. %s", n+1, what), text)
	}
	return paragraphs(out...), nil
}

// others are whose controls, besides the company's own, the description names.
func others(ctx context.Context, tx *models.Tx, e engagement.Engagement) (organisations, users string, err error) {
	list, err := subservice.Organisations(ctx, tx, e.ID)
	if err != nil {
		return "", "", err
	}
	complements, err := subservice.Complements(ctx, tx, e.ID)
	of := func(o *subservice.Organisation) (out []string) {
		for _, c := range complements {
			if o == nil && c.OrganisationID == nil || o != nil && c.OrganisationID != nil && *c.OrganisationID == o.ID {
				out = append(out, fmt.Sprintf("%s (%s): %s", c.Code(), strings.Join(c.Criteria, ", "), c.Text))
			}
		}
		return out
	}
	var lines []string
	for _, o := range list {
		lines = append(lines, fmt.Sprintf("%s, %s method. %s", o.Name, strings.ToLower(o.Method.Label()), o.Services))
		lines = append(lines, of(&o)...)
	}
	return orBlank(lines), orBlank(of(nil)), err
}

func orBlank(lines []string) string {
	if len(lines) == 0 {
		return Blank
	}
	return paragraphs(lines...)
}

func bridge(company string, e engagement.Engagement) string {
	return paragraphs(
		"To the users of the services of "+company,
		fmt.Sprintf("The most recent SOC 2 report on our system covers the period %s to %s. It was examined by %s.", e.PeriodStart, e.PeriodEnd, e.Firm),
		"This letter is management's. It covers the time from "+string(e.PeriodEnd.AddDays(1))+" to "+Blank+". No auditor has examined that time, and the letter is no substitute for a report.",
		"To the best of our knowledge there was no material change in the controls described in that report, other than: "+Blank+".",
	)
}

// responses are what management said last to each finding of the audit.
func responses(ctx context.Context, tx *models.Tx, company string, e engagement.Engagement) (string, error) {
	out := []string{"Responses of the management of " + company + " to the exceptions of " + e.Name, "These responses are not examined by the auditor."}
	var list []finding.Finding
	for some, err := range finding.Every(ctx, tx, finding.Filter{EngagementID: e.ID, Source: finding.FromAudit}) {
		if err != nil {
			return "", err
		}
		list = append(list, some...)
	}
	last, err := lastResponses(ctx, tx, list)
	if err != nil {
		return "", err
	}
	for _, f := range list {
		text := Blank
		if r, ok := last[f.ID]; ok {
			text = r.Position.Label() + ". " + r.Text
		}
		out = append(out, f.Code()+". "+f.Title, f.Condition, "Response: "+text)
	}
	if len(list) == 0 {
		out = append(out, "No exception was recorded.")
	}
	return paragraphs(out...), nil
}

// lastResponses are what management said last to each finding.
func lastResponses(ctx context.Context, tx *models.Tx, list []finding.Finding) (map[int64]finding.Response, error) {
	ids := []int64{0}
	for _, f := range list {
		ids = append(ids, f.ID)
	}
	rows, err := models.Rows[finding.Response](tx).Where("finding_responses.finding_id IN ? AND finding_responses.status IN ('', 'signed')", ids).Order("id").Find(ctx)
	out := map[int64]finding.Response{}
	for _, r := range rows {
		out[r.FindingID] = r
	}
	return out, err
}
