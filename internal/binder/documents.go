// Package binder is the evidence binder: an archive that proves itself without us. It knows
// the format, writes it as a stream and checks it. It knows no database: what is in a
// binder, it is told.
package binder

import "time"

// Format names the layout. A verifier that meets another one says so.
const Format = "assay-binder/1"

// A Record is a row of the log at the revision that a document says again. The leaf that
// made that revision is in the binder, with its proof.
type Record struct {
	Table string `json:"table"`
	ID    int64  `json:"id"`
	Rev   int64  `json:"rev"`
	About string `json:"about"` // the address that its leaf names
}

// A Person is who did something, by the name they had then. The log knows the id only.
type Person struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
}

// An Engagement is what was examined: engagement.json.
type Engagement struct {
	Slug        string    `json:"slug"`
	Name        string    `json:"name"`
	Firm        string    `json:"firm"`
	Kind        string    `json:"kind"`
	PeriodStart string    `json:"period_start"`
	PeriodEnd   string    `json:"period_end"`
	Zone        string    `json:"zone"`
	Criteria    []string  `json:"criteria"`
	Auditors    []Auditor `json:"auditors"`
	FrozenBy    *Person   `json:"frozen_by,omitempty"`
	Records     []Record  `json:"records"`
}

// An Auditor is one of the audit team.
type Auditor struct {
	Person
	Part string `json:"part"`
}

// A Subservice is whose controls, besides the company's own, the report rests on:
// subservice.json.
type Subservice struct {
	Organisations []Organisation `json:"organisations"`
	UserEntities  []Complement   `json:"user_entity_controls"`
	Records       []Record       `json:"records"`
}

// An Organisation is one subservice organisation with the controls that it is assumed to
// operate.
type Organisation struct {
	Code         string       `json:"code"`
	Name         string       `json:"name"`
	Services     string       `json:"services"`
	Method       string       `json:"method"`
	Monitors     []string     `json:"monitored_by,omitempty"`
	ReportKind   string       `json:"report_kind,omitempty"`
	ReportBy     string       `json:"report_by,omitempty"`
	ReportFrom   string       `json:"report_from,omitempty"`
	ReportTo     string       `json:"report_to,omitempty"`
	ReportSHA256 string       `json:"report_sha256,omitempty"`
	ReportNote   string       `json:"report_note,omitempty"`
	Controls     []Complement `json:"controls"`
}

// A Complement is a control that somebody else operates.
type Complement struct {
	Code     string   `json:"code"`
	Text     string   `json:"text"`
	Criteria []string `json:"criteria"`
	Controls []string `json:"controls,omitempty"`
}

// A Control is one version of a control that was in effect in the period.
type Control struct {
	Code          string   `json:"code"`
	Version       int      `json:"version"`
	Title         string   `json:"title"`
	Statement     string   `json:"statement"`
	Kind          string   `json:"kind"`
	Nature        string   `json:"nature"`
	Frequency     string   `json:"frequency"`
	EffectiveFrom string   `json:"effective_from"`
	EffectiveTo   string   `json:"effective_to,omitempty"`
	Editorial     bool     `json:"editorial,omitempty"`
	Criteria      []string `json:"criteria"`
	Evidence      []string `json:"evidence"`
	Author        *Person  `json:"author,omitempty"`
	Approver      *Person  `json:"approver,omitempty"`
	Records       []Record `json:"records"`
}

// An Evidence is one item: item.json beside its files.
type Evidence struct {
	Code        string         `json:"code"`
	Control     string         `json:"control"`
	Title       string         `json:"title"`
	Kind        string         `json:"kind"`
	Source      string         `json:"source"`
	Location    string         `json:"location,omitempty"`
	Extractor   string         `json:"extractor,omitempty"`
	PerformedAt *time.Time     `json:"performed_at,omitempty"`
	CollectedAt *time.Time     `json:"collected_at,omitempty"`
	CoversFrom  string         `json:"covers_from"`
	CoversTo    string         `json:"covers_to"`
	LateReason  string         `json:"late_reason,omitempty"`
	Status      string         `json:"status"`
	Replaces    string         `json:"replaces,omitempty"`
	UploadedAt  time.Time      `json:"uploaded_at"`
	Uploader    Person         `json:"uploader"`
	ApprovedAt  *time.Time     `json:"approved_at,omitempty"`
	Approver    *Person        `json:"approver,omitempty"`
	Files       []EvidenceFile `json:"files"`
	Records     []Record       `json:"records"`
}

// An EvidenceFile is one file of an item. Withheld says why its bytes are not in the binder.
type EvidenceFile struct {
	ID        int64  `json:"id"`
	Name      string `json:"name"`
	Path      string `json:"path,omitempty"`
	Size      int64  `json:"size"`
	SHA256    string `json:"sha256"`
	Redacts   int64  `json:"redacts,omitempty"`
	Redaction string `json:"redaction,omitempty"`
	Withheld  string `json:"withheld,omitempty"`
}

// A Stored is a file of a population.
type Stored struct {
	Name   string `json:"name"`
	Path   string `json:"path"`
	SHA256 string `json:"sha256"`
}

// A Population is one locked list.
type Population struct {
	Code        string    `json:"code"`
	Control     string    `json:"control"`
	Version     int64     `json:"version"`
	Replaces    string    `json:"replaces,omitempty"`
	ChangeNote  string    `json:"change_note,omitempty"`
	Name        string    `json:"name"`
	System      string    `json:"system"`
	Environment string    `json:"environment,omitempty"`
	Query       string    `json:"query"`
	Extractor   string    `json:"extractor"`
	ExtractedAt time.Time `json:"extracted_at"`
	SourceCount int64     `json:"source_count"`
	Note        string    `json:"note,omitempty"`
	Rows        int64     `json:"rows"`
	KeyColumn   string    `json:"key_column"`
	WhenColumn  string    `json:"when_column,omitempty"`
	Digest      string    `json:"population_digest"` // the SHA-256 of Text
	List        Stored    `json:"list"`
	Text        Stored    `json:"text"`
	Second      *Stored   `json:"second_source,omitempty"`
	SecondName  string    `json:"second_source_name,omitempty"`
	Record      any       `json:"record"` // completeness and accuracy
	Tie         any       `json:"tie,omitempty"`
	ToSource    any       `json:"traced_to_source,omitempty"`
	ToList      any       `json:"traced_to_list,omitempty"`
	Assessment  string    `json:"assessment,omitempty"`
	LockedAt    time.Time `json:"locked_at"`
	LockedBy    Person    `json:"locked_by"`
	Acceptance  *Taking   `json:"acceptance,omitempty"`
	Records     []Record  `json:"records"`
}

// A Taking is an auditor's word that a list is complete and accurate enough.
type Taking struct {
	Note      string    `json:"note,omitempty"`
	Auditor   Person    `json:"auditor"`
	EnteredBy Person    `json:"entered_by"`
	At        time.Time `json:"at"`
}

// A Sample is one draw with all that was selected.
type Sample struct {
	Code       string       `json:"code"`
	Population string       `json:"population"`
	Method     string       `json:"method"`
	Seed       string       `json:"seed,omitempty"`
	Stratum    string       `json:"stratum_column,omitempty"`
	Amount     string       `json:"amount_column,omitempty"`
	Decimals   int          `json:"decimals,omitempty"`
	Every      int64        `json:"every,omitempty"`
	Size       int          `json:"size"`   // of each stratum, as drawn
	Target     int          `json:"target"` // after extensions
	Redraws    string       `json:"redraws,omitempty"`
	Since      string       `json:"since,omitempty"` // the version before, if only what it lacked was selected from
	Reason     string       `json:"reason,omitempty"`
	Auditor    Person       `json:"auditor"`
	EnteredBy  Person       `json:"entered_by"`
	DrawnAt    time.Time    `json:"drawn_at"`
	Items      []SampleItem `json:"items"`
	Extensions []Extension  `json:"extensions,omitempty"`
	Records    []Record     `json:"records"`
}

// A SampleItem is one row that was selected.
type SampleItem struct {
	Place     int        `json:"place"`
	Stratum   string     `json:"stratum,omitempty"`
	Key       string     `json:"key"`
	Rank      string     `json:"rank,omitempty"`
	RowDigest string     `json:"row_digest"`
	Line      int        `json:"line"`
	Hits      int        `json:"hits,omitempty"`
	Cells     []string   `json:"cells,omitempty"`
	Excluded  *Exclusion `json:"excluded,omitempty"`
}

// An Exclusion says why an item does not belong. Place counts exclusions in their order.
type Exclusion struct {
	Place   int       `json:"place"`
	Class   string    `json:"class"`
	Reason  string    `json:"reason"`
	Auditor Person    `json:"auditor"`
	At      time.Time `json:"at"`
}

// An Extension made a sample longer.
type Extension struct {
	Size    int       `json:"size"`
	Reason  string    `json:"reason"`
	Auditor Person    `json:"auditor"`
	At      time.Time `json:"at"`
}

// A Finding is a weakness with every cycle it had at the freeze.
type Finding struct {
	Code           string       `json:"code"`
	Title          string       `json:"title"`
	Condition      string       `json:"condition"`
	Criterion      string       `json:"criterion,omitempty"`
	Cause          string       `json:"cause,omitempty"`
	Effect         string       `json:"effect,omitempty"`
	Recommendation string       `json:"recommendation,omitempty"`
	Severity       string       `json:"severity,omitempty"`
	ReportEffect   string       `json:"report_effect,omitempty"`
	EffectBy       *Person      `json:"report_effect_by,omitempty"`
	EffectEntered  *Person      `json:"report_effect_entered_by,omitempty"`
	EffectAt       *time.Time   `json:"report_effect_at,omitempty"`
	Status         string       `json:"status"`
	Controls       []string     `json:"controls"`
	RaisedAt       time.Time    `json:"raised_at"`
	RaisedBy       Person       `json:"raised_by"`
	EnteredBy      *Person      `json:"entered_by,omitempty"`
	Test           string       `json:"test,omitempty"` // of an exception
	Cells          []Cell       `json:"cells,omitempty"`
	Compensations  []Cover      `json:"compensating_controls,omitempty"`
	Retests        []string     `json:"retests,omitempty"`
	Cycle          int          `json:"cycle"`
	Cycles         []Cycle      `json:"cycles"`
	Responses      []Response   `json:"responses,omitempty"`
	Plans          []Plan       `json:"plans,omitempty"`
	Acceptances    []Acceptance `json:"acceptances,omitempty"`
	Records        []Record     `json:"records"`
}

// CarriedDir holds the findings of earlier periods.
const CarriedDir = "carried/"

// A Carried finding was open when the engagement began that it came into. It says what it
// was then, and is history: no finding and no exception of this engagement.
type Carried struct {
	Code      string    `json:"code"`
	Title     string    `json:"title"`
	Severity  string    `json:"severity,omitempty"`
	Status    string    `json:"status_then"`
	Cycle     int       `json:"cycle"`
	CarriedAt time.Time `json:"carried_at"`
	From      string    `json:"found_in,omitempty"` // the earlier engagement
	FromStart string    `json:"found_in_period_start,omitempty"`
	FromEnd   string    `json:"found_in_period_end,omitempty"`
	Records   []Record  `json:"records"`
}

// A Cell is where an exception was seen: an item and an attribute; without both the design;
// with a population a row that it has and that the version before lacked.
type Cell struct {
	Omitted   string     `json:"omitted_before,omitempty"` // the population that has the row
	Sample    string     `json:"sample,omitempty"`
	Item      string     `json:"item,omitempty"`
	Letter    string     `json:"letter,omitempty"`
	Attribute string     `json:"attribute"`
	Auditor   Person     `json:"auditor"`
	By        Person     `json:"entered_by"`
	At        time.Time  `json:"raised_at"`
	EndedAt   *time.Time `json:"ended_at,omitempty"` // the exception was dismissed
}

// A Cover is a compensating control, with what its own tests say.
type Cover struct {
	Control string   `json:"control"`
	Covers  string   `json:"covers"`
	NamedBy Person   `json:"named_by"`
	Tests   []string `json:"tests"`
	Counts  bool     `json:"counts"`
}

// A Cycle is one life of a finding.
type Cycle struct {
	Number   int        `json:"number"`
	OpenedAt time.Time  `json:"opened_at"`
	Reason   string     `json:"reason,omitempty"`
	Outcome  string     `json:"outcome,omitempty"`
	ClosedAt *time.Time `json:"closed_at,omitempty"`
	ClosedBy *Person    `json:"closed_by,omitempty"`
	Entered  *Person    `json:"closed_entered_by,omitempty"` // the auditor who dismissed it, or who brought that in
	Note     string     `json:"note,omitempty"`
}

// A Response is what management says to a finding.
type Response struct {
	Cycle    int       `json:"cycle"`
	Position string    `json:"position"`
	Text     string    `json:"text"`
	Person   Person    `json:"person"`
	At       time.Time `json:"at"`

	Version    int        `json:"version,omitempty"`
	Status     string     `json:"status,omitempty"`
	SHA256     string     `json:"sha256,omitempty"` // of what was signed
	ApprovedBy *Person    `json:"approved_by,omitempty"`
	ApprovedAt *time.Time `json:"approved_at,omitempty"`
	SignedAt   *time.Time `json:"signed_at,omitempty"` // by the person
}

// A Plan is a remediation plan.
type Plan struct {
	Cycle         int         `json:"cycle"`
	Status        string      `json:"status"`
	Summary       string      `json:"summary"`
	Owner         Person      `json:"owner"`
	DueOn         string      `json:"due_on"`
	OriginalDueOn string      `json:"original_due_on,omitempty"`
	CompletedAt   *time.Time  `json:"completed_at,omitempty"`
	VerifiedAt    *time.Time  `json:"verified_at,omitempty"`
	VerifiedBy    *Person     `json:"verified_by,omitempty"`
	Verification  string      `json:"verification,omitempty"`
	Milestones    []Milestone `json:"milestones"`
}

// A Milestone is one step of a plan.
type Milestone struct {
	Title         string `json:"title"`
	Status        string `json:"status"`
	DueOn         string `json:"due_on"`
	OriginalDueOn string `json:"original_due_on,omitempty"`
	Proof         string `json:"proof,omitempty"`
}

// An Acceptance is a risk that somebody carried.
type Acceptance struct {
	Cycle     int        `json:"cycle"`
	Reason    string     `json:"reason"`
	Accepted  Person     `json:"accepted_by"`
	At        time.Time  `json:"at"`
	ExpiresOn string     `json:"expires_on"`
	EndedAt   *time.Time `json:"ended_at,omitempty"`
}

// A Test is what the auditors did about one version segment of a control.
type Test struct {
	Code          string      `json:"code"`
	Control       string      `json:"control"`
	FirstVersion  int         `json:"first_version"`
	Configuration string      `json:"configuration,omitempty"`
	Reliance      string      `json:"reliance,omitempty"`
	From          string      `json:"from,omitempty"`
	To            string      `json:"to,omitempty"`
	Retests       string      `json:"retests,omitempty"`
	RetestLetter  string      `json:"retests_letter,omitempty"`
	Status        string      `json:"status"`
	Design        string      `json:"design,omitempty"`
	Conclusion    string      `json:"conclusion,omitempty"`
	Words         string      `json:"words,omitempty"`
	Attributes    []Attribute `json:"attributes"`
	FixedAt       *time.Time  `json:"attributes_fixed_at,omitempty"`
	Population    string      `json:"population,omitempty"`
	Samples       []string    `json:"samples"`
	Earlier       []Earlier   `json:"earlier_samples,omitempty"`
	Auditor       Person      `json:"auditor"`
	EnteredBy     Person      `json:"entered_by"`
	PlannedAt     time.Time   `json:"planned_at"`
	Rounds        []Round     `json:"rounds"`
	Results       []Result    `json:"results"`
	Evidence      []Proof     `json:"evidence"`
	Notes         []Note      `json:"notes,omitempty"` // those that were shared
	Records       []Record    `json:"records"`
}

// An Earlier is a sample that was drawn again, in which deviations had been found.
type Earlier struct {
	Sample     string    `json:"sample"`
	DrawnAt    time.Time `json:"drawn_at"`
	Reason     string    `json:"replaced_because"`
	Deviations int       `json:"deviations"`
}

// An Attribute is one thing that every item was looked at for.
type Attribute struct {
	Letter    string `json:"letter"`
	Text      string `json:"text"`
	Technique string `json:"technique,omitempty"`
}

// A Round is one time through a test.
type Round struct {
	Number      int        `json:"number"`
	Reason      string     `json:"reason,omitempty"`
	OpenedAt    time.Time  `json:"opened_at"`
	Design      string     `json:"design,omitempty"`
	DesignBasis string     `json:"design_basis,omitempty"`
	DesignedBy  *Person    `json:"designed_by,omitempty"`
	DesignedAt  *time.Time `json:"designed_at,omitempty"`
	Conclusion  string     `json:"conclusion,omitempty"`
	Basis       string     `json:"basis,omitempty"`
	Words       string     `json:"words,omitempty"`
	ConcludedBy *Person    `json:"concluded_by,omitempty"`
	ConcludedAt *time.Time `json:"concluded_at,omitempty"`
	Waiver      string     `json:"review_waived,omitempty"`
	ReviewedBy  *Person    `json:"reviewed_by,omitempty"`
	ReviewedAt  *time.Time `json:"reviewed_at,omitempty"`
}

// A Result is what one item showed about one attribute. Sample is the draw that it came from:
// the same item can come again in another one. Binders of before say only the item.
type Result struct {
	Round   int       `json:"round"`
	Sample  string    `json:"sample,omitempty"`
	Item    string    `json:"item,omitempty"`
	Letter  string    `json:"letter"`
	Result  string    `json:"result"`
	Missing bool      `json:"evidence_missing,omitempty"`
	Reason  string    `json:"reason,omitempty"`
	Auditor Person    `json:"auditor"`
	By      Person    `json:"entered_by"`
	At      time.Time `json:"at"`
}

// A Proof is evidence that a test rests on, as it was when it was linked.
type Proof struct {
	Evidence string      `json:"evidence"`
	Title    string      `json:"title"`
	Purpose  string      `json:"purpose"`
	Sample   string      `json:"sample,omitempty"`
	Item     string      `json:"item,omitempty"`
	Letters  string      `json:"letters,omitempty"`
	Files    []ProofFile `json:"files"`
	Auditor  Person      `json:"auditor"`
	At       time.Time   `json:"at"`
}

// A ProofFile is one file of linked evidence.
type ProofFile struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"`
}

// A Note is what an auditor wrote beside a test: shared ones in the test, the others
// documents of their own that only the firm's copy has.
type Note struct {
	About   string    `json:"about"`
	Sample  string    `json:"sample,omitempty"`
	Item    string    `json:"item,omitempty"`
	Letter  string    `json:"letter,omitempty"`
	Text    string    `json:"text"`
	Auditor Person    `json:"auditor"`
	At      time.Time `json:"at"`
	Records []Record  `json:"records,omitempty"`
}
