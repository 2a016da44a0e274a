package finding

import "slices"

// A Status is where a finding stands.
//
//	raised ⇢ facts_confirmed → rated → remediation_planned → in_remediation ⇄ ready_for_verification
//	   ↘ disputed ↗             ↑↓           ↓                   ↓                     ↓
//	                            risk_accepted ←──────────────────┘             closed_verified
//
// Dismissed can follow each of the first four and is the end. Closed_verified goes
// back to raised, risk_accepted back to rated: each as the next cycle.
type Status string

// The states of a finding.
const (
	Raised               Status = "raised"
	FactsConfirmed       Status = "facts_confirmed"
	Disputed             Status = "disputed"
	Rated                Status = "rated"
	RemediationPlanned   Status = "remediation_planned"
	InRemediation        Status = "in_remediation"
	ReadyForVerification Status = "ready_for_verification"
	ClosedVerified       Status = "closed_verified"
	RiskAccepted         Status = "risk_accepted"
	Dismissed            Status = "dismissed"
)

// Statuses lists them in the order a finding usually meets them.
var Statuses = []Status{
	Raised, Disputed, FactsConfirmed, Rated, RemediationPlanned, InRemediation, ReadyForVerification,
	ClosedVerified, RiskAccepted, Dismissed,
}

var next = map[Status][]Status{
	Raised:               {FactsConfirmed, Disputed, Dismissed},
	Disputed:             {FactsConfirmed, Dismissed},
	FactsConfirmed:       {Rated, Dismissed},
	Rated:                {RemediationPlanned, RiskAccepted, Dismissed},
	RemediationPlanned:   {InRemediation, RiskAccepted},
	InRemediation:        {ReadyForVerification, RiskAccepted},
	ReadyForVerification: {ClosedVerified, InRemediation},
	ClosedVerified:       {Raised},
	RiskAccepted:         {Rated},
	Dismissed:            {},
}

// Next lists what a finding in s can become.
func (s Status) Next() []Status { return next[s] }

// CanBecome reports whether a finding in s can go to t.
func (s Status) CanBecome(t Status) bool { return slices.Contains(next[s], t) }

// Open reports that something still has to happen.
func (s Status) Open() bool { return s != ClosedVerified && s != RiskAccepted && s != Dismissed }

// in reports whether s is one of list.
func (s Status) in(list ...Status) bool { return slices.Contains(list, s) }

var statusLabels = map[Status]string{
	Raised: "Raised", FactsConfirmed: "Facts confirmed", Disputed: "Disputed", Rated: "Rated",
	RemediationPlanned: "Plan approved", InRemediation: "In remediation",
	ReadyForVerification: "Ready for verification", ClosedVerified: "Closed, verified",
	RiskAccepted: "Risk accepted", Dismissed: "Dismissed",
}

// Label is s in words.
func (s Status) Label() string { return statusLabels[s] }

// A Severity is the portal's scale for handling. It says nothing about the report.
type Severity string

// The severities, least first.
const (
	Low      Severity = "low"
	Medium   Severity = "medium"
	High     Severity = "high"
	Critical Severity = "critical"
)

// Severities lists them, worst first.
var Severities = []Severity{Critical, High, Medium, Low}

// Label is s in words.
func (s Severity) Label() string {
	return map[Severity]string{Low: "Low", Medium: "Medium", High: "High", Critical: "Critical", "": "Not rated"}[s]
}

// A Source says how the weakness came to light.
type Source string

// The sources.
const (
	FromAudit    Source = "audit"
	FromTest     Source = "internal_test"
	FromIncident Source = "incident"
	FromOther    Source = "other"
)

// Sources lists them.
var Sources = []Source{FromAudit, FromTest, FromIncident, FromOther}

// Label is s in words.
func (s Source) Label() string {
	return map[Source]string{FromAudit: "Audit", FromTest: "Internal test", FromIncident: "Incident", FromOther: "Other"}[s]
}

// A ReportEffect is what a finding means for the auditors' report. Only they decide it.
type ReportEffect string

// The effects. Undecided is that of every finding that the auditors said nothing about.
const (
	Undecided   ReportEffect = "undecided"
	NotReported ReportEffect = "not_reported"
	Noted       ReportEffect = "noted"
	Contributes ReportEffect = "contributes"
)

// ReportEffects lists what the auditors can decide.
var ReportEffects = []ReportEffect{NotReported, Noted, Contributes}

// Label is e in words.
func (e ReportEffect) Label() string {
	return map[ReportEffect]string{
		Undecided: "Not decided by the auditors", NotReported: "Not reported", Noted: "Noted in section IV",
		Contributes: "Contributes to a modification",
	}[e]
}

// A Position is whether management agrees.
type Position string

// The positions.
const (
	Agree    Position = "agree"
	Partly   Position = "partly"
	Disagree Position = "disagree"
)

// Positions lists them.
var Positions = []Position{Agree, Partly, Disagree}

// Label is p in words.
func (p Position) Label() string {
	return map[Position]string{Agree: "Agrees", Partly: "Partly agrees", Disagree: "Disagrees"}[p]
}

// A PlanStatus is where a remediation plan stands.
//
//	draft → submitted → approved → in_progress ⇄ completed → verified
//	           ⇅
//	        rejected
type PlanStatus string

// The states of a plan.
const (
	PlanDrafted    PlanStatus = "draft"
	PlanSubmitted  PlanStatus = "submitted"
	PlanApproved   PlanStatus = "approved"
	PlanRejected   PlanStatus = "rejected"
	PlanInProgress PlanStatus = "in_progress"
	PlanCompleted  PlanStatus = "completed"
	PlanVerified   PlanStatus = "verified"
)

var nextPlan = map[PlanStatus][]PlanStatus{
	PlanDrafted:    {PlanSubmitted},
	PlanSubmitted:  {PlanApproved, PlanRejected},
	PlanRejected:   {PlanSubmitted},
	PlanApproved:   {PlanInProgress},
	PlanInProgress: {PlanCompleted},
	PlanCompleted:  {PlanVerified, PlanInProgress},
	PlanVerified:   {},
}

// Next lists what a plan in s can become.
func (s PlanStatus) Next() []PlanStatus { return nextPlan[s] }

func (s PlanStatus) in(list ...PlanStatus) bool { return slices.Contains(list, s) }

// Label is s in words.
func (s PlanStatus) Label() string {
	return map[PlanStatus]string{
		PlanDrafted: "Draft", PlanSubmitted: "Waits for approval", PlanApproved: "Approved", PlanRejected: "Rejected",
		PlanInProgress: "In progress", PlanCompleted: "Completed", PlanVerified: "Verified",
	}[s]
}

// A MilestoneStatus is where one step of a plan stands. That it was missed follows
// from its date and is never stored.
//
//	planned → in_progress ⇄ done → verified
//	    ↘         ↘
//	      cancelled
type MilestoneStatus string

// The states of a milestone.
const (
	MilestonePlanned    MilestoneStatus = "planned"
	MilestoneInProgress MilestoneStatus = "in_progress"
	MilestoneDone       MilestoneStatus = "done"
	MilestoneVerified   MilestoneStatus = "verified"
	MilestoneCancelled  MilestoneStatus = "cancelled"
)

var nextMilestone = map[MilestoneStatus][]MilestoneStatus{
	MilestonePlanned:    {MilestoneInProgress, MilestoneCancelled},
	MilestoneInProgress: {MilestoneDone, MilestoneCancelled},
	MilestoneDone:       {MilestoneVerified, MilestoneInProgress},
	MilestoneVerified:   {},
	MilestoneCancelled:  {},
}

// Next lists what a milestone in s can become.
func (s MilestoneStatus) Next() []MilestoneStatus { return nextMilestone[s] }

// Open reports that the step still has to be done.
func (s MilestoneStatus) Open() bool { return s == MilestonePlanned || s == MilestoneInProgress }

// Label is s in words.
func (s MilestoneStatus) Label() string {
	return map[MilestoneStatus]string{
		MilestonePlanned: "Not started", MilestoneInProgress: "In progress", MilestoneDone: "Done",
		MilestoneVerified: "Verified", MilestoneCancelled: "Cancelled",
	}[s]
}

// An ExtensionStatus is the answer to a request for more time: asked → granted | refused.
type ExtensionStatus string

// The states of a request for more time.
const (
	ExtensionAsked   ExtensionStatus = "asked"
	ExtensionGranted ExtensionStatus = "granted"
	ExtensionRefused ExtensionStatus = "refused"
)

// Label is s in words.
func (s ExtensionStatus) Label() string {
	return map[ExtensionStatus]string{ExtensionAsked: "Waits for a decision", ExtensionGranted: "Granted", ExtensionRefused: "Refused"}[s]
}
