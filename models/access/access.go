// Package access says who may do what. It is data and a few small functions: no
// database, no HTTP.
package access

import "slices"

// A Permission names one thing the product lets people do. Every route and every
// button asks for exactly one.
type Permission string

// Permissions that need no role.
const (
	Public   Permission = "public"    // no sign-in: health check, sign-in, static files
	SignedIn Permission = "signed-in" // any account that holds a role
)

// Permissions to look.
const (
	ReadinessView  Permission = "readiness.view"
	TaskView       Permission = "task.view" // one's own tasks
	FrameworkView  Permission = "framework.view"
	ControlView    Permission = "control.view"
	EvidenceView   Permission = "evidence.view" // items and their files, within the row scope
	EvidenceQueue  Permission = "evidence.queue"
	FindingView    Permission = "finding.view"
	EngagementView Permission = "engagement.view"
	PopulationView Permission = "population.view" // locked ones, for auditors
	BinderExport   Permission = "binder.export"   // the evidence binder of a frozen engagement
	TestView       Permission = "test.view"       // tests of controls; for the company those that were shared
	RequestView    Permission = "request.view"    // one's own, for owners; open ones, for auditors
	PeopleView     Permission = "people.view"
	RetentionView  Permission = "retention.view"
	ActivityView   Permission = "activity.view"
	SearchUse      Permission = "search.use"
	ExportData     Permission = "export.data" // CSV and XLSX of what a filter shows
)

// Permissions to change.
const (
	ProgrammeManage   Permission = "programme.manage" // first-run set-up, categories, company
	ControlWrite      Permission = "control.write"    // draft and submit versions; owners on their own controls
	ControlApprove    Permission = "control.approve"  // approve, return, retire
	ControlAssign     Permission = "control.assign"   // owner and backup owner, in bulk too
	ControlImport     Permission = "control.import"   // bring in new controls, from a file or written one by one
	EvidenceSubmit    Permission = "evidence.submit"
	EvidenceReview    Permission = "evidence.review"
	EvidenceWithdraw  Permission = "evidence.withdraw"
	RetentionManage   Permission = "retention.manage"  // terms, legal holds, asking for what a second person approves
	RetentionApprove  Permission = "retention.approve" // be the second person
	EvidenceScan      Permission = "evidence.scan"     // have a file scanned for malware once more
	FindingRaise      Permission = "finding.raise"
	FindingRespond    Permission = "finding.respond"    // management response, plan, milestones, proof
	FindingManage     Permission = "finding.manage"     // rate, approve plans, verify, dismiss, re-open
	FindingAccept     Permission = "finding.accept"     // accept a risk
	ResponseSign      Permission = "response.sign"      // sign a management response that names one as its author
	EngagementManage  Permission = "engagement.manage"  // set up, scope, window, named auditors
	PopulationManage  Permission = "population.manage"  // bring in populations, and samples that an auditor decided
	PeopleManage      Permission = "people.manage"      // invite, change roles, deactivate, hand over, end sessions
	ViewSave          Permission = "view.save"          // one's own saved views and preferences
	TaskChase         Permission = "task.chase"         // write to people about what they owe
	SystemManage      Permission = "system.manage"      // how this installation runs: jobs, mail, webhooks
	SampleWrite       Permission = "sample.write"       // accept the record of a population and select from it; auditors by grant only
	TestWrite         Permission = "test.write"         // plan, test and conclude, or bring that in; auditors by grant only
	DeliverableView   Permission = "deliverable.view"   // section IV, what blocks issue, documents of management
	DeliverableManage Permission = "deliverable.manage" // draft and approve documents of management
	DeliverableSign   Permission = "deliverable.sign"   // sign a document that names one as its signatory
	FieldworkGrant    Permission = "fieldwork.grant"    // let an auditor write the objects of an engagement
	FieldworkImport   Permission = "fieldwork.import"   // bring in what a named auditor decided, from the firm's own file
	FieldworkWrite    Permission = "fieldwork.write"    // by grant only: requests, samples, results and notes of one's engagement
	RequestAsk        Permission = "request.ask"        // write requests, cancel one's own, accept and return answers; auditors by grant only
	RequestAnswer     Permission = "request.answer"     // answer requests that are one's own
	RequestRelease    Permission = "request.release"    // assign, check an answer and let the auditors see it
	RequestTalk       Permission = "request.talk"       // write in the thread of a request; auditors by grant only
	ScopeSettle       Permission = "scope.settle"       // propose and answer scope changes in fieldwork; auditors by grant only
)

// A Role is what a person is to the company. A person holds exactly one; an
// external auditor can therefore hold no other.
type Role string

const (
	Administrator Role = "administrator"
	Compliance    Role = "compliance_manager"
	Owner         Role = "control_owner"
	Auditor       Role = "external_auditor"
	Executive     Role = "executive_viewer"
	// System is the clock and the jobs. No person can hold it.
	System Role = "system"
)

// Roles lists every role a person can hold, in the order the documentation does.
var Roles = []Role{Administrator, Compliance, Owner, Auditor, Executive}

// Label is the role in words, as pages show it.
func (r Role) Label() string {
	switch r {
	case Administrator:
		return "Administrator"
	case Compliance:
		return "Compliance manager"
	case Owner:
		return "Control owner"
	case Auditor:
		return "External auditor"
	case Executive:
		return "Executive viewer"
	case System:
		return "Assay"
	}
	return "No role"
}

// Valid reports whether a person can hold r.
func (r Role) Valid() bool { return slices.Contains(Roles, r) }

// changing lists the permissions that lead to a write. Everything else only reads.
var changing = []Permission{
	ProgrammeManage, ControlWrite, ControlApprove, ControlAssign, ControlImport,
	EvidenceSubmit, EvidenceReview, EvidenceWithdraw, EvidenceScan, RetentionManage, RetentionApprove,
	FindingRaise, FindingRespond, FindingManage, FindingAccept, ResponseSign,
	EngagementManage, PopulationManage, PeopleManage, ViewSave, TaskChase, SystemManage,
	DeliverableManage, DeliverableSign, FieldworkGrant, FieldworkImport, FieldworkWrite, SampleWrite, TestWrite, RequestAsk, RequestAnswer, RequestRelease, RequestTalk, ScopeSettle,
}

// granted lists what an auditor holds by the fieldwork grant alone, whoever else may hold it.
var granted = []Permission{FieldworkWrite, SampleWrite, TestWrite, RequestAsk, RequestTalk, ScopeSettle}

var grants = map[Role][]Permission{
	// An administrator runs people and settings, and decides nothing about evidence.
	Administrator: {
		SignedIn, ReadinessView, TaskView, FrameworkView, ControlView, EvidenceView, FindingView,
		DeliverableView, EngagementView, PopulationView, TestView, RequestView, PeopleView, ActivityView, SearchUse, ExportData,
		ProgrammeManage, EngagementManage, EvidenceScan, RetentionView, RetentionApprove, PeopleManage, ViewSave, SystemManage,
		FieldworkGrant,
	},
	Compliance: {
		SignedIn, ReadinessView, TaskView, FrameworkView, ControlView, EvidenceView, EvidenceQueue, FindingView,
		DeliverableView, DeliverableManage, EngagementView, PopulationView, TestView, RequestView, PeopleView, ActivityView, SearchUse, ExportData,
		ProgrammeManage, ControlWrite, ControlApprove, ControlAssign, ControlImport,
		EvidenceSubmit, EvidenceReview, EvidenceWithdraw, EvidenceScan, RetentionView, RetentionManage, RetentionApprove,
		FindingRaise, FindingRespond, FindingManage, FindingAccept, ResponseSign, EngagementManage, PopulationManage, ViewSave, TaskChase,
		FieldworkImport, BinderExport, SampleWrite, TestWrite, RequestAsk, RequestAnswer, RequestRelease, RequestTalk, ScopeSettle,
	},
	Owner: {
		SignedIn, TaskView, FrameworkView, ControlView, EvidenceView, FindingView, RequestView, SearchUse, ExportData,
		ControlWrite, EvidenceSubmit, FindingRaise, FindingRespond, ResponseSign, RequestAnswer, RequestTalk, ViewSave,
	},
	Auditor: {
		SignedIn, FrameworkView, ControlView, EvidenceView, FindingView, DeliverableView, EngagementView, PopulationView, TestView, RequestView, BinderExport, SearchUse, ExportData,
	},
	Executive: {
		SignedIn, ReadinessView, FrameworkView, ControlView, FindingView, DeliverableView, EngagementView, SearchUse, ExportData,
		DeliverableSign, FindingAccept, ResponseSign, ViewSave,
	},
}

// An Actor is the person or the job on whose behalf something happens. The zero
// Actor is nobody, and may do only what is Public.
type Actor struct {
	ID      int64
	Name    string
	Role    Role
	Session string // a digest of the session, so that two sittings can be told apart in the log
	// Engagements are those whose access window is open for this auditor at this
	// request. Empty for everyone else.
	Engagements []int64
	// Fieldwork are those of Engagements whose own objects this auditor may write, because
	// an administrator granted it.
	Fieldwork []int64
}

// Clock is the actor of scheduled work.
var Clock = Actor{Name: "Assay", Role: System}

// Can reports whether a holds p.
func (a Actor) Can(p Permission) bool {
	if a.Role == Auditor && slices.Contains(granted, p) {
		return len(a.Fieldwork) > 0
	}
	return p == Public || slices.Contains(grants[a.Role], p)
}

// InFieldwork reports whether a is an auditor who may write the objects of the engagement.
func (a Actor) InFieldwork(engagement int64) bool {
	return a.Role == Auditor && slices.Contains(a.Fieldwork, engagement)
}

// ReadOnly reports that a holds no permission that changes anything. It follows
// from the grants, so a new role cannot forget it.
func (a Actor) ReadOnly() bool {
	if a.Role == System || a.Can(FieldworkWrite) {
		return false
	}
	return !slices.ContainsFunc(grants[a.Role], Changes)
}

// Changes reports whether p leads to a write.
func Changes(p Permission) bool { return slices.Contains(changing, p) }

// Company reports whether a belongs to the audited company: everyone but the
// external auditor, who sees only what an open engagement shows them.
func (a Actor) Company() bool { return a.Role != Auditor && a.Role != "" }
