package controltest

import (
	"context"
	"fmt"
	"strings"

	"assay/models"
	"assay/models/engagement"
	"assay/models/population"
)

// Conclude ends the round of a test with the auditor's conclusion. What the results say
// cannot be contradicted: a deviation is an exception, and what was never tested did not
// operate effectively.
func Conclude(ctx context.Context, tx *models.Tx, id, rev, auditor int64, c Conclusion, basis string) error {
	p, by, err := take(ctx, tx, id, rev, auditor, toTest)
	if err != nil {
		return err
	}
	if p.Status.Done() {
		return models.Conflict(p.Code() + " is concluded already. The lead opens it again, with a reason.")
	}
	basis = strings.TrimSpace(basis)
	if err := p.mayConclude(ctx, tx, c, basis); err != nil {
		return err
	}
	return p.conclude(ctx, tx, by, c, basis)
}

func (p *Paper) mayConclude(ctx context.Context, tx *models.Tx, c Conclusion, basis string) error {
	switch c {
	case Effective, Exceptions:
		return p.mayJudge(c)
	case DidNotOperate:
		if len(p.Omitted) > 0 {
			return refuse("conclusion", "The population lacked "+models.Plural(len(p.Omitted), "row")+", from which an exception was raised, so the control had something to act on.")
		}
		return first(p.nothingHappened(ctx, tx), need("basis", basis, "Say what corroborates that the control had nothing to act on."))
	case NotTested:
		return first(p.mayLeave(), need("basis", basis, "Say why it is not tested."))
	case DesignInadequate:
		return models.Conflict("An inadequate design is concluded from the walkthrough, and ends the test.")
	}
	return refuse("conclusion", "Choose a conclusion.")
}

// mayJudge looks whether every item was tested, and what was found.
func (p *Paper) mayJudge(c Conclusion) error {
	t := p.Tally()
	switch {
	case p.Status != Testing:
		return models.Conflict("Nothing was tested yet, so whether the control operated is not known.")
	case t.Done < t.Items:
		return models.Conflict(fmt.Sprintf("%d of %d items have a result for every attribute. The rest comes first.", t.Done, t.Items))
	case t.Deviating > 0 && c == Effective:
		return refuse("conclusion", fmt.Sprintf("%d of %d items deviate, so exceptions are noted.", t.Deviating, t.Items))
	case len(p.Omitted) > 0 && c == Effective:
		return refuse("conclusion", "An exception was raised from "+models.Plural(len(p.Omitted), "row")+" that the population lacked, so exceptions are noted.")
	case len(p.fromEarlier()) > 0 && c == Effective:
		return refuse("conclusion", strings.Join(p.fromEarlier(), ", ")+" was raised from a sample that was drawn again, and stands; so exceptions are noted.")
	case t.Deviating == 0 && len(p.Omitted) == 0 && len(p.Earlier) == 0 && c == Exceptions:
		return refuse("conclusion", "No item deviates, so there is no exception to note.")
	case t.Passes == 0 && c == Effective:
		return refuse("conclusion", "Every result is not applicable, so nothing shows that the control operated.")
	}
	return nil
}

// mayLeave refuses to call untested what was seen to fail.
func (p *Paper) mayLeave() error {
	if t := p.Tally(); t.Deviating > 0 {
		return refuse("conclusion", fmt.Sprintf("%d of %d items deviate, and that was found by testing. Exceptions are noted once every item has a result.", t.Deviating, t.Items))
	}
	return nil
}

// nothingHappened refuses a control that had something to act on, or of which that is not
// known: only a locked, empty population says so.
func (p *Paper) nothingHappened(ctx context.Context, tx *models.Tx) error {
	if p.Status != PopulationLocked || p.PopulationID == nil {
		return models.Conflict("That nothing happened is known from an empty population that is tied out and accepted. There is none here.")
	}
	x, err := population.ByID(ctx, tx, *p.PopulationID)
	if err == nil && x.RowCount > 0 {
		err = refuse("conclusion", fmt.Sprintf("%s has %d rows, so the control had something to act on.", x.Code(), x.RowCount))
	}
	return err
}

func (p *Paper) conclude(ctx context.Context, tx *models.Tx, by engagement.Authority, c Conclusion, basis string) error {
	r := p.Now()
	r.Conclusion, r.Basis, r.Words, r.ConcludedBy, r.ConcludedEntry, r.ConcludedAt = c, basis, p.words(c, basis)+p.earlierWords(), &by.Auditor, &by.By, &tx.Now
	if err := models.Update(ctx, tx, r, models.Columns{"Conclusion", "Basis", "Words", "ConcludedBy", "ConcludedEntry", "ConcludedAt"}, "test.round_end"); err != nil {
		return err
	}
	if err := p.move(Concluded); err != nil {
		return err
	}
	p.Conclusion, p.Words = c, r.Words
	return models.Update(ctx, tx, &p.Test, models.Columns{"Status", "Conclusion", "Words"}, "test.conclude", models.Note{"round": fmt.Sprint(p.Round)})
}

// words is the conclusion as section IV of the report says it.
func (p *Paper) words(c Conclusion, basis string) string {
	switch c {
	case Effective:
		return "No exceptions noted"
	case Exceptions:
		t := p.Tally()
		var which []string
		for _, a := range p.Attributes {
			if t.Deviations[a.Letter] > 0 {
				which = append(which, a.Letter+", "+a.Text)
			}
		}
		said := fmt.Sprintf("Exceptions noted: %d of %d items", t.Deviating, t.Items)
		if len(which) > 0 {
			said += ". Attributes not met: " + strings.Join(which, "; ")
		}
		if n := len(p.Omitted); n > 0 {
			said += ". The population lacked " + models.Plural(n, "row")
		}
		return said
	case DidNotOperate:
		return "Did not operate during the period; corroborated by " + basis
	case NotTested:
		return "Not tested: " + basis
	case DesignInadequate:
		return "Design inadequate: " + basis
	}
	return ""
}

// Review is the lead's word that the round stands. The lead has not tested in it; a team of
// one waives that, with a reason.
func Review(ctx context.Context, tx *models.Tx, id, rev, auditor int64, waiver string) error {
	p, by, err := take(ctx, tx, id, rev, auditor, toTest)
	if err != nil {
		return err
	}
	if err := p.while("A review follows the conclusion.", Concluded); err != nil {
		return err
	}
	if waiver, err = p.mayReview(ctx, tx, by.Auditor, strings.TrimSpace(waiver)); err != nil {
		return err
	}
	r := p.Now()
	r.Waiver, r.ReviewedBy, r.ReviewedEntry, r.ReviewedAt = waiver, &by.Auditor, &by.By, &tx.Now
	if err := models.Update(ctx, tx, r, models.Columns{"Waiver", "ReviewedBy", "ReviewedEntry", "ReviewedAt"}, "test.round_review"); err != nil {
		return err
	}
	if err := p.move(Reviewed); err != nil {
		return err
	}
	note := models.Note{"round": fmt.Sprint(p.Round)}
	if waiver != "" {
		note["waived"] = "yes"
	}
	return models.Update(ctx, tx, &p.Test, models.Columns{"Status"}, "test.review", note)
}

// mayReview returns the waiver, which counts only where it is needed.
func (p *Paper) mayReview(ctx context.Context, tx *models.Tx, reviewer int64, waiver string) (string, error) {
	lead, alone, err := leads(ctx, tx, p.EngagementID, reviewer)
	if err != nil {
		return "", err
	}
	if t := p.Tally(); t.Done < t.Items && (p.Conclusion == Effective || p.Conclusion == Exceptions) {
		return "", models.Conflict("Items came into the sample after the conclusion and have no result. Open the test again.")
	}
	if p.stale() {
		return "", models.Conflict(p.Changed() + " Open the test again, so that it can be concluded anew.")
	}
	switch {
	case p.tested(reviewer) && !alone:
		return "", models.Forbidden("The lead reviews what somebody else tested.")
	case p.tested(reviewer):
		return waiver, need("waiver", waiver, "Nobody else is in the team. Say why the test is not reviewed by a second person.")
	case !lead:
		return "", models.Forbidden("The lead of the audit team reviews tests.")
	}
	return "", nil
}

// tested reports whether somebody set a result of the test, or concluded on it.
func (p *Paper) tested(person int64) bool {
	r := p.Now()
	if r.ConcludedBy != nil && *r.ConcludedBy == person || r.DesignedBy != nil && *r.DesignedBy == person {
		return true
	}
	for _, row := range p.Rows {
		for _, x := range row.Results {
			if x.AuditorID == person {
				return true
			}
		}
	}
	return false
}

// leads reports whether a person leads the team, and whether they are all of it.
func leads(ctx context.Context, tx *models.Tx, e, person int64) (lead, alone bool, err error) {
	team, err := models.Rows[engagement.Auditor](tx).Where("engagement_auditors.engagement_id = ?", e).Find(ctx)
	for _, a := range team {
		if a.PersonID == person {
			lead, alone = a.Part == engagement.Lead, len(team) == 1
		}
	}
	return lead, alone, err
}

// Reopen begins the next round, with a reason: the lead's, before the report is issued.
// What the earlier round found and concluded stays.
func Reopen(ctx context.Context, tx *models.Tx, id, rev, auditor int64, why string) error {
	p, by, err := take(ctx, tx, id, rev, auditor, toTest)
	if err != nil {
		return err
	}
	if err := p.while("Only a test that is concluded is opened again.", Concluded, Reviewed); err != nil {
		return err
	}
	lead, alone, err := leads(ctx, tx, p.EngagementID, by.Auditor)
	switch {
	case err != nil:
		return err
	case !lead && !alone:
		return models.Forbidden("The lead of the audit team opens a test again.")
	}
	if err := need("reason", why, "Say why the test is opened again."); err != nil {
		return err
	}
	return p.nextRound(ctx, tx, by, why)
}

func (p *Paper) nextRound(ctx context.Context, tx *models.Tx, by engagement.Authority, why string) error {
	before, to := *p.Now(), p.from()
	r := Round{TestID: p.ID, EngagementID: p.EngagementID, Slug: p.Slug, Number: p.Round + 1, Reason: why, AuditorID: by.Auditor, EnteredBy: by.By, OpenedAt: tx.Now}
	if to == Planned {
		p.Design = ""
	} else {
		r.Design, r.DesignBasis, r.DesignedBy, r.DesignedEntry, r.DesignedAt = before.Design, before.DesignBasis, before.DesignedBy, before.DesignedEntry, before.DesignedAt
	}
	if err := models.Insert(ctx, tx, &r, "test.round"); err != nil {
		return err
	}
	if err := p.move(to); err != nil {
		return err
	}
	p.Round, p.Conclusion, p.Words = r.Number, "", ""
	return models.Update(ctx, tx, &p.Test, models.Columns{"Status", "Round", "Design", "Conclusion", "Words"}, "test.reopen", models.Note{"round": fmt.Sprint(p.Round)})
}

// from is where a test goes on that is opened again: from what still stands.
func (p *Paper) from() Status {
	switch {
	case p.SampledAt != nil:
		return Testing
	case p.PopulationID != nil:
		return PopulationLocked
	}
	return Planned
}

// Share shows a test to the company: its state, results and conclusion. Notes stay the
// audit team's until they are shared themselves.
func Share(ctx context.Context, tx *models.Tx, id, rev, auditor int64) error {
	p, by, err := take(ctx, tx, id, rev, auditor, toShare)
	if err != nil {
		return err
	}
	if p.SharedAt != nil {
		return models.Conflict(p.Code() + " is shared already.")
	}
	p.SharedBy, p.SharedAt = &by.Auditor, &tx.Now
	return models.Update(ctx, tx, &p.Test, models.Columns{"SharedBy", "SharedAt"}, "test.share")
}
