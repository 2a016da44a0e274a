package finding

import (
	"slices"

	"assay/models"
	"assay/models/access"
	"assay/models/control"
)

// Who may do what to a finding, and when. Every rule is asked twice: by the page, to
// show a button or not, and by the verb. The answer is nil, or why not.

// speaks: for the side that answers, that is the owner, the owners of the controls
// it affects, and compliance managers.
func (c *Case) speaks(a access.Actor) bool {
	if a.Can(access.FindingManage) {
		return true
	}
	if !a.Can(access.FindingRespond) {
		return false
	}
	return is(c.OwnerID, a) || slices.ContainsFunc(c.Controls, func(k control.Control) bool { return k.OwnedBy(a) })
}

// raised: by a, or a is a compliance manager.
func (c *Case) raised(a access.Actor) bool {
	return a.Can(access.FindingManage) || a.Can(access.FindingRaise) && c.RaisedBy == a.ID
}

// leads: a works on the plan as its owner, as who drew it up, or for compliance.
func (c *Case) leads(p *Plan, a access.Actor) bool {
	return a.Can(access.FindingManage) || p != nil && a.Can(access.FindingRespond) && (p.OwnerID == a.ID || p.CreatedBy == a.ID || is(c.OwnerID, a))
}

// remediated: a had a hand in putting it right, or in the plan for it, so it is not a who
// verifies. To be sent back, or to hand one's part over, takes nobody's hand out of it.
func (c *Case) remediated(a access.Actor) bool {
	p := c.Plan()
	if is(c.OwnerID, a) || p != nil && p.touchedBy(a) {
		return true
	}
	return p != nil && slices.ContainsFunc(c.Steps(p.ID), func(m *Milestone) bool {
		return m.Status != MilestoneCancelled && m.touchedBy(a)
	})
}

// wrote: a drew up the plan or a step of it, so it is not a who decides on it.
func (c *Case) wrote(a access.Actor) bool {
	p := c.Plan()
	return p.touchedBy(a) || slices.ContainsFunc(c.Steps(p.ID), func(m *Milestone) bool { return m.touchedBy(a) })
}

func (p *Plan) touchedBy(a access.Actor) bool {
	return p.OwnerID == a.ID || p.CreatedBy == a.ID || is(p.CompletedBy, a) || slices.Contains(p.Hands, a.ID)
}

func (m *Milestone) touchedBy(a access.Actor) bool {
	return m.OwnerID == a.ID || is(m.DoneBy, a) || slices.Contains(m.Hands, a.ID)
}

func is(id *int64, a access.Actor) bool { return id != nil && *id == a.ID }

func (c *Case) while(list ...Status) error {
	if c.Status.in(list...) {
		return nil
	}
	return models.Conflict("This finding is " + lower(c.Status.Label()) + " now. Please look again.")
}

func (c *Case) whilePlan(list ...PlanStatus) error {
	p := c.Plan()
	switch {
	case p == nil:
		return models.Conflict("There is no remediation plan in this cycle yet.")
	case !c.Status.Open():
		return models.Conflict("This finding is " + lower(c.Status.Label()) + ", so its plan is history.")
	case !p.Status.in(list...):
		return models.Conflict("The plan is " + lower(p.Status.Label()) + " now. Please look again.")
	}
	return nil
}

func onlyIf(ok bool, sentence string) error {
	if ok {
		return nil
	}
	return models.Forbidden(sentence)
}

func all(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

const (
	onlySpeakers = "Only its owner, the owners of the affected controls and compliance managers answer for this finding."
	onlyManagers = "Only a compliance manager decides this."
	onlyLeaders  = "Only the owner of the plan or of the finding, or a compliance manager, works on this plan."
)

// audits: a is an auditor who may write in the engagement that found it.
func (c *Case) audits(a access.Actor) bool {
	return c.EngagementID != nil && a.InFieldwork(*c.EngagementID)
}

// brings: a does for a named auditor what read-only auditors decided.
func (c *Case) brings(a access.Actor) bool {
	return c.EngagementID != nil && a.Can(access.FieldworkImport)
}

// during refuses what an audit no longer says once it is frozen, or over.
func (c *Case) during() error {
	if c.Over {
		return models.Conflict("The engagement is frozen or over. What it says about " + c.Code() + " stays as it is; the remediation goes on.")
	}
	return nil
}

// MayCorrect is for who raised it, or a compliance manager, until the facts are confirmed.
// An exception is corrected by the audit side.
func (c *Case) MayCorrect(a access.Actor) error {
	if c.Exception() {
		return all(onlyIf(c.audits(a) || c.BroughtIn() && c.brings(a), "The auditors raised this exception. Only they correct it."), c.during(), c.while(Raised, Disputed))
	}
	return all(onlyIf(c.raised(a), "Only who raised a finding, or a compliance manager, corrects it."), c.while(Raised, Disputed))
}

// MayAssign is for a compliance manager, while the finding is open.
func (c *Case) MayAssign(a access.Actor) error {
	return all(onlyIf(a.Can(access.FindingManage), onlyManagers), c.open())
}

func (c *Case) open() error {
	if c.Status.Open() {
		return nil
	}
	return models.Conflict("This finding is " + lower(c.Status.Label()) + ". Re-open it first.")
}

// MaySettle is for the auditors who raised it: to say that the disputed facts stand.
func (c *Case) MaySettle(a access.Actor) error {
	return all(onlyIf(c.Exception() && c.audits(a), "The auditors raised this exception. They say whether its facts stand."), c.during(), c.while(Disputed))
}

// MayConfirm is for the side that answers. A dispute can also be settled by who raised it.
func (c *Case) MayConfirm(a access.Actor) error {
	settles := c.Status == Disputed && (c.raised(a) || c.MaySettle(a) == nil)
	return all(onlyIf(c.speaks(a) || settles, onlySpeakers), c.while(Raised, Disputed))
}

// MayDispute is for the side that answers, but nobody disputes what they raised themselves.
func (c *Case) MayDispute(a access.Actor) error {
	return all(onlyIf(c.speaks(a), onlySpeakers),
		onlyIf(c.RaisedBy != a.ID, "You raised this finding. Correct it instead of disputing it."), c.during(), c.while(Raised))
}

// MayRespond is for the side that answers, while a finding of the company is open. To an
// exception a response is drafted, approved and signed.
func (c *Case) MayRespond(a access.Actor) error {
	if c.Exception() {
		return models.Conflict("The response to an exception is drafted, approved by somebody else, and then signed by its author.")
	}
	return all(onlyIf(c.speaks(a), onlySpeakers), c.open())
}

// MayCompensate is for the side that answers: to name what covers the failure meanwhile.
func (c *Case) MayCompensate(a access.Actor) error {
	return all(onlyIf(c.speaks(a), onlySpeakers), c.during(), c.open())
}

// MayRate is for a compliance manager, once the facts stand and until a plan is approved.
func (c *Case) MayRate(a access.Actor) error {
	return all(onlyIf(a.Can(access.FindingManage), onlyManagers), c.while(FactsConfirmed, Rated))
}

// MayDismiss is for the side that raised it. An audit's finding is the auditors' alone: what
// was brought in for those who only read is dismissed by bringing that in, too. No owner
// dismisses what they answer for.
func (c *Case) MayDismiss(a access.Actor) error {
	if c.Source == FromAudit {
		brought := c.brings(a) && c.BroughtIn() && !is(c.OwnerID, a)
		return all(onlyIf(c.audits(a) || brought, "The auditors raised this finding. Only they can dismiss it."), c.during(),
			c.while(Raised, Disputed, FactsConfirmed, Rated))
	}
	return all(onlyIf(c.raised(a), "Only the side that raised a finding dismisses it."),
		onlyIf(!is(c.OwnerID, a), "You answer for this finding, so somebody else has to dismiss it."),
		c.while(Raised, Disputed, FactsConfirmed, Rated))
}

// MayDecideEffect is for the auditors of the engagement, or who brings in what they decided,
// until it is frozen.
func (c *Case) MayDecideEffect(a access.Actor) error {
	err := all(onlyIf(c.audits(a) || c.brings(a), "What a finding means for the report is for the auditors to say."), c.during())
	if err == nil && c.Status == Dismissed {
		err = models.Conflict("This finding is dismissed, so it means nothing for the report.")
	}
	return err
}

// MayPlan is for the side that answers, once it is rated, if this cycle has no plan.
func (c *Case) MayPlan(a access.Actor) error {
	if err := all(onlyIf(c.speaks(a), onlySpeakers), c.while(Rated)); err != nil {
		return err
	}
	if c.Plan() != nil {
		return models.Conflict("This cycle has a plan already.")
	}
	return nil
}

// MayRevise is for who works on the plan, until it is submitted and after it was rejected.
func (c *Case) MayRevise(a access.Actor) error {
	return all(c.whilePlan(PlanDrafted, PlanRejected), c.mayLead(a))
}

func (c *Case) mayLead(a access.Actor) error { return onlyIf(c.leads(c.Plan(), a), onlyLeaders) }

// MaySubmit is as MayRevise, once the plan has a step.
func (c *Case) MaySubmit(a access.Actor) error {
	if err := c.MayRevise(a); err != nil {
		return err
	}
	if c.Progress().Total == 0 {
		return models.Conflict("Add a milestone before you submit the plan.")
	}
	return nil
}

// MayDecide is for a compliance manager who neither owns the plan nor wrote in it: to
// approve or reject it.
func (c *Case) MayDecide(a access.Actor) error {
	if err := all(c.whilePlan(PlanSubmitted), onlyIf(a.Can(access.FindingManage), onlyManagers)); err != nil {
		return err
	}
	return onlyIf(!c.wrote(a), "You own this plan or wrote in it, so somebody else has to decide about it.")
}

// MayAddStep is for who works on the plan, except while it waits for a decision.
func (c *Case) MayAddStep(a access.Actor) error {
	return all(c.whilePlan(PlanDrafted, PlanRejected, PlanApproved, PlanInProgress), c.mayLead(a))
}

// MayStart is for the owner of a planned step, or who works on the plan, once it is approved.
func (c *Case) MayStart(m *Milestone, a access.Actor) error {
	return all(c.whilePlan(PlanApproved, PlanInProgress), c.mayWork(m, a), m.while(MilestonePlanned))
}

// MayFinish is as MayStart, for a step that was begun.
func (c *Case) MayFinish(m *Milestone, a access.Actor) error {
	return all(c.whilePlan(PlanInProgress), c.mayWork(m, a), m.while(MilestoneInProgress))
}

// MayCancel is for who works on the plan, for a step that is not done.
func (c *Case) MayCancel(m *Milestone, a access.Actor) error {
	return all(c.MayAddStep(a), m.while(MilestonePlanned, MilestoneInProgress))
}

// MayEditStep is for who works on the plan, before it is approved. Later a date moves only
// by an extension.
func (c *Case) MayEditStep(m *Milestone, a access.Actor) error {
	return all(c.MayRevise(a), m.while(MilestonePlanned))
}

func (c *Case) mayWork(m *Milestone, a access.Actor) error {
	mine := m.OwnerID == a.ID && a.Can(access.FindingRespond)
	return onlyIf(mine || c.leads(c.Plan(), a), "Only its owner, or who works on the plan, does this step.")
}

// MayVerifyStep is for a compliance manager who neither owns nor did the step, nor owns the
// plan. The same people can send it back.
func (c *Case) MayVerifyStep(m *Milestone, a access.Actor) error {
	if err := all(c.whilePlan(PlanInProgress, PlanCompleted), onlyIf(a.Can(access.FindingManage), onlyManagers)); err != nil {
		return err
	}
	own := m.touchedBy(a) || c.Plan().OwnerID == a.ID
	return all(onlyIf(!own, "You worked on this step, so somebody else has to verify it."), m.while(MilestoneDone))
}

// MayExtend is for the owner of the step, or who works on the plan, while it runs and no
// other request about the same date is open. A nil step means the plan itself.
func (c *Case) MayExtend(m *Milestone, a access.Actor) error {
	if err := c.whilePlan(PlanApproved, PlanInProgress); err != nil {
		return err
	}
	p := c.Plan()
	if m == nil {
		return all(c.mayLead(a), c.nothingAsked(p, nil))
	}
	return all(c.mayWork(m, a), m.while(MilestonePlanned, MilestoneInProgress), c.nothingAsked(p, m))
}

func (c *Case) nothingAsked(p *Plan, m *Milestone) error {
	for _, e := range c.Extensions {
		if e.Status == ExtensionAsked && e.about(p, m) {
			return models.Conflict("More time has been asked for already. It waits for a decision.")
		}
	}
	return nil
}

// MayExtendDecide is for who may accept a risk, but neither asked nor owns the plan.
func (c *Case) MayExtendDecide(e *Extension, a access.Actor) error {
	if err := all(c.whilePlan(PlanApproved, PlanInProgress), onlyIf(a.Can(access.FindingAccept), "Only compliance managers and executives decide about more time.")); err != nil {
		return err
	}
	if e.Status != ExtensionAsked {
		return models.Conflict("This request was decided a moment ago.")
	}
	return all(onlyIf(e.AskedBy != a.ID, "You asked for this time, so somebody else has to decide."),
		onlyIf(c.Plan().OwnerID != a.ID, "You own this plan, so somebody else has to decide about it."))
}

// MayExtendGrant is as MayExtendDecide; from the third extension on it takes an executive.
func (c *Case) MayExtendGrant(e *Extension, a access.Actor) error {
	return all(c.MayExtendDecide(e, a),
		onlyIf(e.Number < 3 || a.Role == access.Executive, "From the third extension on, only an executive can grant it."))
}

// MayComplete is for who works on the plan, once no step is left and at least one was done.
func (c *Case) MayComplete(a access.Actor) error {
	if err := all(c.whilePlan(PlanInProgress), c.mayLead(a)); err != nil {
		return err
	}
	switch p := c.Progress(); {
	case p.Done < p.Total:
		return models.Conflict("Finish or cancel every milestone before you complete the plan.")
	case p.Done == 0:
		return models.Conflict("No milestone was done, so there is no proof. Add one and do it.")
	}
	return nil
}

// MayVerify is for a compliance manager who had no hand in the remediation. The same people
// can send it back.
func (c *Case) MayVerify(a access.Actor) error {
	return all(c.while(ReadyForVerification), onlyIf(a.Can(access.FindingManage), onlyManagers),
		onlyIf(!c.remediated(a), "You took part in the remediation, so somebody else has to verify it."))
}

// MayAccept is for a compliance manager or an executive who does not answer for the finding,
// once somebody does.
func (c *Case) MayAccept(a access.Actor) error {
	if err := all(c.while(Rated, RemediationPlanned, InRemediation), onlyIf(a.Can(access.FindingAccept), "Only compliance managers and executives accept a risk.")); err != nil {
		return err
	}
	if c.OwnerID == nil {
		return models.Conflict("Nobody answers for this finding. Assign an owner first.")
	}
	return onlyIf(!is(c.OwnerID, a), "You own this risk, so somebody else has to accept it.")
}

// MayReopen is for a compliance manager, once it is closed or its risk accepted.
func (c *Case) MayReopen(a access.Actor) error {
	return all(onlyIf(a.Can(access.FindingManage), onlyManagers), c.while(ClosedVerified, RiskAccepted))
}
