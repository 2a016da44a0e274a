// Package controltest is what the auditors of an engagement do about a control: how they
// conclude on its design, from what they select, what they find item by item, and what
// they conclude. All of it is the auditors'. Those with the fieldwork grant write it
// themselves; a compliance manager brings in what a named auditor decided, marked so.
package controltest

import (
	"fmt"
	"time"

	"assay/models"
	"assay/models/access"
)

// A Test is of one version segment of a control in one engagement; of an automated
// control, of one configuration in it.
type Test struct {
	models.Meta
	EngagementID  int64
	Slug          string // of the engagement
	ControlID     int64
	Control       string // its code, which never changes
	FirstVersion  int    // the one that its segment begins with
	Automated     bool
	Configuration string
	Reliance      string      // what holds that configuration still
	FromDay       models.Date // of a part of the segment, or ""
	ToDay         models.Date
	Retest        int // 0: the first test of the segment
	RetestsID     *int64
	RetestItem    int64
	RetestLetter  string
	Status        Status
	Round         int
	Design        Design
	Conclusion    Conclusion
	Words         string // the conclusion, as the report says it
	Attributes    models.List[Attribute]
	FixedAt       *time.Time // the attributes; a sample is drawn after that
	PopulationID  *int64
	SampledAt     *time.Time
	AuditorID     int64
	EnteredBy     int64
	PlannedAt     time.Time
	SharedBy      *int64
	SharedAt      *time.Time
}

// An Attribute is one thing that every item is looked at for.
type Attribute struct {
	Letter    string
	Text      string
	Technique Technique
}

// MostAttributes is how many a test can have: a letter each, on one page.
const MostAttributes = 10

// TableName is where tests live.
func (Test) TableName() string { return "control_tests" }

// Code is the id people use.
func (t Test) Code() string { return fmt.Sprintf("T-%d", t.ID) }

// Path is the address of t.
func (t Test) Path() string { return pathOf(t.Slug, t.ID) }

// Within is the address of the engagement.
func (t Test) Within() string { return "engagements/" + t.Slug }

// InEngagement is whose fieldwork it is.
func (t Test) InEngagement() int64 { return t.EngagementID }

// BroughtIn reports whether somebody else than the auditor entered it.
func (t Test) BroughtIn() bool { return t.EnteredBy != t.AuditorID }

func pathOf(slug string, id int64) string { return fmt.Sprintf("engagements/%s/tests/T-%d", slug, id) }

// VisibleTo shows auditors the tests of their open engagements. Of the company, compliance
// managers and administrators see what was shared, and everything once the fieldwork is
// over. Nobody else sees any.
func (Test) VisibleTo(a access.Actor) (string, []any) {
	switch a.Role {
	case access.System:
		return "", nil
	case access.Compliance, access.Administrator:
		return shared, nil
	case access.Auditor:
		return "control_tests.engagement_id IN ?", []any{append([]int64{0}, a.Engagements...)}
	}
	return "1 = 0", nil
}

const shared = `(control_tests.shared_at IS NOT NULL OR control_tests.engagement_id IN (
	SELECT e.id FROM engagements e WHERE e.status IN ('reporting', 'issued', 'archived')))`

// ofVisible is the condition that a row's test is visible.
func ofVisible(table string, a access.Actor) (string, []any) {
	cond, args := Test{}.VisibleTo(a)
	if cond == "" {
		return "", nil
	}
	return table + ".test_id IN (SELECT control_tests.id FROM control_tests WHERE " + cond + ")", args
}

// A Round is one time through a test. Opening a test again begins the next, and the
// earlier ones stay as they were.
type Round struct {
	models.Meta
	TestID         int64
	EngagementID   int64
	Slug           string
	Number         int
	Reason         string // why it was opened again
	AuditorID      int64
	EnteredBy      int64
	OpenedAt       time.Time
	Design         Design
	DesignBasis    string // what the walkthrough showed
	DesignedBy     *int64
	DesignedEntry  *int64
	DesignedAt     *time.Time
	Conclusion     Conclusion
	Basis          string // what corroborates it, or why nothing was tested
	Words          string
	ConcludedBy    *int64
	ConcludedEntry *int64
	ConcludedAt    *time.Time
	Waiver         string // why nobody else reviewed it
	ReviewedBy     *int64
	ReviewedEntry  *int64
	ReviewedAt     *time.Time
}

// TableName is where rounds live.
func (Round) TableName() string { return "test_rounds" }

// Path is the place of r on its test's page.
func (r Round) Path() string { return fmt.Sprintf("%s#round-%d", r.Within(), r.Number) }

// Within is the address of the test.
func (r Round) Within() string { return pathOf(r.Slug, r.TestID) }

// InEngagement is whose fieldwork it is.
func (r Round) InEngagement() int64 { return r.EngagementID }

// VisibleTo is that of the test.
func (Round) VisibleTo(a access.Actor) (string, []any) { return ofVisible("test_rounds", a) }

// A Link says that the items of a sample are tested.
type Link struct {
	models.Meta
	TestID       int64
	EngagementID int64
	Slug         string
	SampleID     int64
	PopulationID int64
	Digest       string     // of the population, when it was linked
	WholeItem    int64      // of a full population: the ItemID of what is found in all of it
	EndedAt      *time.Time // it was drawn again
	AuditorID    int64
	EnteredBy    int64
	LinkedAt     time.Time
}

// TableName is where links to samples live.
func (Link) TableName() string { return "test_samples" }

// Path is the address of the test.
func (l Link) Path() string { return pathOf(l.Slug, l.TestID) }

// InEngagement is whose fieldwork it is.
func (l Link) InEngagement() int64 { return l.EngagementID }

// VisibleTo is that of the test.
func (Link) VisibleTo(a access.Actor) (string, []any) { return ofVisible("test_samples", a) }

// A Result is what one item showed about one attribute, in one round.
type Result struct {
	models.Meta
	TestID       int64
	EngagementID int64
	Slug         string
	Round        int
	ItemID       int64  // 0: a configuration, below: the WholeItem of a draw
	Letter       string // of the attribute
	Result       Mark
	Missing      bool   // there is no evidence, which is a deviation
	Reason       string // why the attribute does not apply
	AuditorID    int64
	EnteredBy    int64
	At           time.Time
}

// TableName is where results live.
func (Result) TableName() string { return "test_results" }

// Path is the place of the item on its test's page.
func (r Result) Path() string { return fmt.Sprintf("%s#item-%d", r.Within(), r.ItemID) }

// Within is the address of the test.
func (r Result) Within() string { return pathOf(r.Slug, r.TestID) }

// OwnHand reports that the auditor who decided it also entered it.
func (r Result) OwnHand() bool { return r.ID != 0 && r.AuditorID == r.EnteredBy }

// InEngagement is whose fieldwork it is.
func (r Result) InEngagement() int64 { return r.EngagementID }

// VisibleTo is that of the test.
func (Result) VisibleTo(a access.Actor) (string, []any) { return ofVisible("test_results", a) }

// A Proof is evidence that a test rests on, with what it was when it was linked: it stays
// that, whatever replaces it later.
type Proof struct {
	models.Meta
	TestID       int64
	EngagementID int64
	Slug         string
	Purpose      Purpose
	ItemID       int64
	Letters      string // the attributes that it speaks about, or ""
	EvidenceID   int64
	Title        string
	Files        models.List[File]
	AuditorID    int64
	EnteredBy    int64
	LinkedAt     time.Time
}

// A File is one file of linked evidence.
type File struct{ Name, Digest string }

// TableName is where links to evidence live.
func (Proof) TableName() string { return "test_evidence" }

// Code is the id of the evidence.
func (p Proof) Code() string { return fmt.Sprintf("E-%d", p.EvidenceID) }

// Path is the place of the item on its test's page.
func (p Proof) Path() string { return fmt.Sprintf("%s#item-%d", p.Within(), p.ItemID) }

// Within is the address of the test.
func (p Proof) Within() string { return pathOf(p.Slug, p.TestID) }

// InEngagement is whose fieldwork it is.
func (p Proof) InEngagement() int64 { return p.EngagementID }

// VisibleTo is that of the test.
func (Proof) VisibleTo(a access.Actor) (string, []any) { return ofVisible("test_evidence", a) }

// A Note is what an auditor wrote beside a cell. Until it is shared only the audit team
// reads it: its text is in no leaf of the log, in no search and in no export.
type Note struct {
	models.Meta
	TestID       int64
	EngagementID int64
	Slug         string
	ItemID       int64
	Letter       string // "": about the item, or about the test when there is none
	Text         string
	AuditorID    int64
	EnteredBy    int64
	WrittenAt    time.Time
	SharedBy     *int64
	SharedAt     *time.Time
}

// TableName is where notes live.
func (Note) TableName() string { return "test_notes" }

// Path is the address of the test: where in it somebody wrote is theirs as well.
func (n Note) Path() string { return pathOf(n.Slug, n.TestID) }

// InEngagement is whose fieldwork it is.
func (n Note) InEngagement() int64 { return n.EngagementID }

// VisibleTo shows the audit team all notes, and the company those that were shared.
func (Note) VisibleTo(a access.Actor) (string, []any) {
	cond, args := ofVisible("test_notes", a)
	switch {
	case a.Role == access.Auditor:
		return cond, args
	case cond == "":
		return "test_notes.shared_at IS NOT NULL", nil
	}
	return "test_notes.shared_at IS NOT NULL AND " + cond, args
}
