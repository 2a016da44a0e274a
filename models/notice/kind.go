package notice

import (
	"slices"

	"assay/models/access"
)

// A Kind is what a notice is about, and what people choose by.
type Kind string

// The kinds of notice.
const (
	EvidenceReturned   Kind = "evidence_returned"
	EvidenceAccepted   Kind = "evidence_accepted"
	EvidenceInfected   Kind = "evidence_infected"
	DueSoon            Kind = "due_soon"
	Late               Kind = "late"
	Escalated          Kind = "escalated"
	Chased             Kind = "chased"
	Exempted           Kind = "exempted"
	HandedOver         Kind = "handed_over"
	Ownerless          Kind = "ownerless"
	Asked              Kind = "asked"
	Mentioned          Kind = "mentioned"
	FindingAssigned    Kind = "finding_assigned"
	FindingAnswered    Kind = "finding_answered"
	FindingSentBack    Kind = "finding_sent_back"
	AcceptanceExpiring Kind = "acceptance_expiring"
	AcceptanceExpired  Kind = "acceptance_expired"
	RequestAssigned    Kind = "request_assigned"
	RequestReturned    Kind = "request_returned"
	RequestToCheck     Kind = "request_to_check"
	RequestReleased    Kind = "request_released"
	RequestAccepted    Kind = "request_accepted"
	RequestDue         Kind = "request_due"
	RequestWritten     Kind = "request_written"
	AccessGranted      Kind = "access_granted"
	ScopeChange        Kind = "scope_change"
	AddendumWritten    Kind = "addendum_written"
	BreakGlass         Kind = "break_glass"
	Readout            Kind = "readout"    // no row behind the bell: a mail of its own, see PostReadouts
	Checkpoint         Kind = "checkpoint" // likewise, see PostCheckpoints
	AnchorOld          Kind = "anchor_old"
)

// A Mode says how somebody is told beside the bell.
type Mode string

// The modes.
const (
	Now    Mode = "now"    // a mail within minutes
	Digest Mode = "digest" // in the one mail of the morning
	Off    Mode = "off"    // no mail
	Weekly Mode = "weekly" // a mail of its own on Monday at eight
	Daily  Mode = "daily"  // a mail of its own every day at eight, weekends too
)

// Modes lists those that k has.
func (k Kind) Modes() []Mode {
	switch k { //nolint:exhaustive // the others are told as they come
	case Readout:
		return []Mode{Weekly, Off}
	case Checkpoint:
		return []Mode{Daily, Off}
	}
	return []Mode{Now, Digest, Off}
}

// Label is m in words.
func (m Mode) Label() string {
	return map[Mode]string{Now: "At once", Digest: "In the morning mail", Off: "No mail", Weekly: "On Monday at 08:00", Daily: "Every day at 08:00"}[m]
}

// about describes a kind: what it is called, who can get it, and how they are told
// unless they say otherwise. What somebody has to act on is told at once; the rest can
// wait for the morning.
type about struct {
	Kind  Kind
	Label string
	Needs access.Permission
	Mode  Mode
}

var kinds = []about{
	{EvidenceReturned, "Evidence of yours was returned", access.EvidenceSubmit, Now},
	{EvidenceInfected, "A file that you handed in or accepted was set aside by the malware scan", access.EvidenceSubmit, Now},
	{EvidenceAccepted, "Evidence of yours was accepted", access.EvidenceSubmit, Digest},
	{DueSoon, "A task of yours is due within five days", access.EvidenceSubmit, Digest},
	{Late, "A task of yours is late", access.EvidenceSubmit, Digest},
	{Escalated, "A task of somebody else's is late for long", access.EvidenceSubmit, Digest},
	{Chased, "A compliance manager asks for a task of yours", access.EvidenceSubmit, Now},
	{Exempted, "What you said does not apply was decided", access.EvidenceSubmit, Digest},
	{HandedOver, "A control or a task was handed over to you", access.EvidenceSubmit, Digest},
	{Ownerless, "A control has nobody who answers for it", access.ControlAssign, Digest},
	{Asked, "A question about a control was asked or answered", access.EvidenceSubmit, Digest},
	{Mentioned, "Somebody mentioned you", access.SignedIn, Digest},
	{FindingAssigned, "A finding was given to you", access.FindingRespond, Digest},
	{FindingAnswered, "A finding you raised was answered", access.FindingRaise, Digest},
	{FindingSentBack, "A remediation of yours was sent back", access.FindingRespond, Digest},
	{AcceptanceExpiring, "An accepted risk comes to its end", access.FindingRespond, Digest},
	{AcceptanceExpired, "An accepted risk has ended", access.FindingRespond, Digest},
	{RequestAssigned, "A request of the auditors is yours to answer", access.RequestAnswer, Now},
	{RequestReturned, "A request you answered came back", access.RequestAnswer, Now},
	{RequestDue, "A request of yours is due soon or late", access.RequestAnswer, Digest},
	{RequestAccepted, "A request you answered was accepted", access.RequestAnswer, Digest},
	{RequestToCheck, "A request waits for your release check, an owner or a look", access.RequestRelease, Digest},
	{RequestReleased, "A request was answered", access.RequestView, Digest},
	{RequestWritten, "Something was written on a request", access.RequestView, Digest},
	{AccessGranted, "You were given access to an engagement", access.SignedIn, Digest},
	{ScopeChange, "A scope change was proposed or answered", access.EngagementView, Now},
	{AddendumWritten, "An addendum was written to a report that is issued", access.EngagementView, Now},
	{BreakGlass, "Somebody comes in without the identity provider", access.ActivityView, Now},
	{Readout, "The readout of the period, with its PDF", access.ReadinessView, Off},
	{Checkpoint, "The checkpoint of the log, to keep", access.EngagementView, Off},
	{AnchorOld, "No outside anchor of the log for more than a day", access.SystemManage, Now},
}

// told are the roles that a kind goes to, where these are fewer than those that could
// open what it is about.
var told = map[Kind][]access.Role{
	AccessGranted: {access.Auditor}, RequestReleased: {access.Auditor}, AddendumWritten: {access.Auditor}, ScopeChange: {access.Auditor, access.Compliance},
}

// For lists the kinds of notice that a can choose about. A person who writes is not
// switched off, nor is a way in around the identity provider.
func For(a access.Actor) []Kind {
	var out []Kind
	for _, k := range kinds {
		if a.Can(k.Needs) && k.Kind != Chased && k.Kind != BreakGlass && (told[k.Kind] == nil || slices.Contains(told[k.Kind], a.Role)) {
			out = append(out, k.Kind)
		}
	}
	return out
}

func (k Kind) describe() about {
	for _, a := range kinds {
		if a.Kind == k {
			return a
		}
	}
	return about{k, string(k), access.SignedIn, Digest} // of a newer build
}

// Label is k in words.
func (k Kind) Label() string { return k.describe().Label }

// Mode is how people of a role are told of k who say nothing else. The readout is written
// for executives; the others who may see it look at readiness every day. The checkpoint
// goes to those whose mailbox the company cannot reach into.
func (k Kind) Mode(role access.Role) Mode {
	switch {
	case k == Readout && role == access.Executive:
		return Weekly
	case k == Checkpoint && role == access.Auditor:
		return Daily
	}
	return k.describe().Mode
}

// Kinds lists every kind, in the order that pages and mails follow.
func Kinds() []Kind {
	out := make([]Kind, len(kinds))
	for i, k := range kinds {
		out[i] = k.Kind
	}
	return out
}

// Passes reports that what k says can stop being so, when the task is done.
func (k Kind) Passes() bool { return k == DueSoon || k == Late || k == Escalated || k == RequestDue }
