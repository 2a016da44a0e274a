package engagement

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/notice"
)

// A Proposal is a change of the scope that one side asks for once fieldwork has started. It
// takes effect when the other side agrees, and until then changes nothing.
//
//	open → agreed | declined | withdrawn
type Proposal struct {
	models.Meta
	EngagementID int64
	Slug         string
	Status       ProposalStatus
	Side         Side // who asks
	Subject      Subject
	SubjectID    *int64 // the subservice organisation, unless it is a new one
	Becomes      string // JSON of what the subject is to be
	Changes      models.List[string]
	Reason       string
	CompanyID    *int64 // who speaks for the company
	AuditorID    *int64 // the lead who speaks for the firm
	EnteredBy    *int64 // who wrote down the lead's word
	Letter       string // the letter or mail it came by, unless the lead wrote it here
	ProposedAt   time.Time
	DecidedAt    *time.Time
	Answer       string // why it was declined or taken back
	AppliedRev   int64  // the state of the engagement it was agreed on
}

// A ProposalStatus is where a proposal stands.
type ProposalStatus string

// The states of a proposal.
const (
	Open      ProposalStatus = "open"
	Agreed    ProposalStatus = "agreed"
	Declined  ProposalStatus = "declined"
	Withdrawn ProposalStatus = "withdrawn"
)

// Label is s in words.
func (s ProposalStatus) Label() string {
	return map[ProposalStatus]string{Open: "Waits for an answer", Agreed: "Agreed by both sides", Declined: "Declined", Withdrawn: "Taken back"}[s]
}

// A Side is one of the two that agree on a scope.
type Side string

// The sides.
const (
	OfCompany Side = "company"
	OfAuditor Side = "auditor"
)

// A Subject is the part of the scope that is to change.
type Subject string

// The subjects.
const (
	OfTerms      Subject = "terms"      // criteria, period, zone, kind of report, systems
	OfSubservice Subject = "subservice" // subservice organisations, see package subservice
)

// TableName is where proposals live.
func (Proposal) TableName() string { return "scope_proposals" }

// Path is the address of the engagement, which a proposal is part of.
func (p Proposal) Path() string { return "engagements/" + p.Slug }

// InEngagement lets the lead auditor write it, too.
func (p Proposal) InEngagement() int64 { return p.EngagementID }

// VisibleTo is that of the engagement.
func (Proposal) VisibleTo(a access.Actor) (string, []any) { return ofEngagement("scope_proposals", a) }

// BroughtIn reports that somebody of the company wrote down the word of the lead.
func (p Proposal) BroughtIn() bool {
	return p.AuditorID != nil && p.EnteredBy != nil && *p.AuditorID != *p.EnteredBy
}

// ofEngagement shows auditors the rows of table that belong to an open engagement of
// theirs, and the company what its roles let them open.
func ofEngagement(table string, a access.Actor) (string, []any) {
	if a.Role != access.Auditor {
		return "", nil
	}
	return table + ".engagement_id IN ?", []any{append([]int64{0}, a.Engagements...)}
}

// Proposals lists those of an engagement, the newest first.
func Proposals(ctx context.Context, tx *models.Tx, engagement int64) ([]Proposal, error) {
	return models.Rows[Proposal](tx).Where("engagement_id = ?", engagement).Order("id DESC").Limit(50).Find(ctx)
}

// OpenProposal is the one that waits for an answer. There is at most one, so that what
// somebody agrees to is a change of what they see.
func OpenProposal(ctx context.Context, tx *models.Tx, engagement int64) (Proposal, bool, error) {
	list, err := openProposals(tx, engagement).Find(ctx)
	if err != nil || len(list) == 0 {
		return Proposal{}, false, err
	}
	return list[0], true, nil
}

func openProposals(tx *models.Tx, engagement int64) models.Query[Proposal] {
	return models.Rows[Proposal](tx).Where("engagement_id = ? AND status = 'open'", engagement).Limit(1)
}

// Propose asks the other side to agree that the report of e covers what t says. Refused
// are a scope that is the same or contradicts itself, a second open proposal, and any
// before fieldwork or after it.
func Propose(ctx context.Context, tx *models.Tx, e Engagement, t Terms, reason string) error {
	now := e.Terms()
	t = t.Except(now).tidy()
	if err := t.check(models.DateOf(tx.Now, time.UTC)); err != nil {
		return err
	}
	if now.coversTheSame(t) {
		return models.Conflict("This is what the engagement covers already.")
	}
	becomes, err := json.Marshal(t)
	if err != nil {
		return err
	}
	return ProposeOf(ctx, tx, e, OfTerms, nil, string(becomes), lines(changes(now, t)), reason)
}

// ProposeOf is Propose for any subject: becomes is what its own noun reads back when both
// sides have agreed.
func ProposeOf(ctx context.Context, tx *models.Tx, e Engagement, of Subject, id *int64, becomes string, changes []string, reason string) error {
	side, err := SideOf(ctx, tx, e)
	if err != nil {
		return err
	}
	if reason == "" {
		return refuse("reason", "Say why the scope has to change, so that the other side can decide.")
	}
	if _, open, err := OpenProposal(ctx, tx, e.ID); err != nil || open {
		return orConflict(err, "A scope change waits for an answer already. It is settled first.")
	}
	p := Proposal{
		EngagementID: e.ID, Slug: e.Slug, Status: Open, Side: side, Subject: of, SubjectID: id,
		Becomes: becomes, Changes: changes, Reason: reason, ProposedAt: tx.Now,
	}
	p.speak(side, tx.Actor.ID)
	note := models.Note{"reason": reason, "changes": strings.Join(changes, "; ")}
	if err := models.Insert(ctx, tx, &p, "scope.propose", note); err != nil {
		return err
	}
	return p.tell(ctx, tx, e, "A scope change of "+e.Name+" waits for your answer.")
}

func orConflict(err error, message string) error {
	if err != nil {
		return err
	}
	return models.Conflict(message)
}

// SideOf is the side the actor speaks for: compliance managers for the company, the lead
// auditor with fieldwork for the firm.
func SideOf(ctx context.Context, tx *models.Tx, e Engagement) (Side, error) {
	switch {
	case e.Status.ScopeOpen():
		return "", models.Conflict("Until fieldwork starts the company changes the terms itself.")
	case e.Status != Fieldwork:
		return "", models.Conflict("The scope is frozen: this engagement is in state " + e.Status.Label() + ".")
	case tx.Actor.Role == access.Compliance:
		return OfCompany, nil
	}
	lead, ok, err := LeadOf(ctx, tx, e.ID)
	switch {
	case err != nil:
		return "", err
	case ok && lead.PersonID == tx.Actor.ID && tx.Actor.InFieldwork(e.ID):
		return OfAuditor, nil
	}
	return "", models.Forbidden("Scope changes are agreed between a compliance manager and the lead auditor.")
}

// LeadOf is the grant of the lead auditor, if the team has one.
func LeadOf(ctx context.Context, tx *models.Tx, engagement int64) (Auditor, bool, error) {
	list, err := models.Rows[Auditor](tx).Where("engagement_id = ? AND part = ?", engagement, Lead).Limit(1).Find(ctx)
	if err != nil || len(list) == 0 {
		return Auditor{}, false, err
	}
	return list[0], true, nil
}

func (p *Proposal) speak(side Side, person int64) {
	if side == OfCompany {
		p.CompanyID = &person
		return
	}
	p.AuditorID, p.EnteredBy = &person, &person
}

// tell lets the side that did not act know: the lead, or the compliance managers.
func (p Proposal) tell(ctx context.Context, tx *models.Tx, e Engagement, sentence string) error {
	n := notice.Notice{Kind: notice.ScopeChange, About: e.Path() + "/scope", Sentence: sentence}
	if tx.Actor.Role == access.Auditor {
		to, err := notice.Managers(ctx, tx)
		if err != nil {
			return err
		}
		return notice.Tell(ctx, tx, n, to...)
	}
	lead, ok, err := LeadOf(ctx, tx, e.ID)
	if err != nil || !ok {
		return err
	}
	return notice.Tell(ctx, tx, n, lead.PersonID)
}

// Agree puts a proposal about the terms into effect, as the word of the side that did not
// make it. Where the lead only reads, a compliance manager says by which letter or mail
// the lead agreed.
func Agree(ctx context.Context, tx *models.Tx, e Engagement, p Proposal, letter string) error {
	if p.Subject != OfTerms {
		return fmt.Errorf("engagement: a proposal about %s is another noun's", p.Subject)
	}
	var t Terms
	if err := json.Unmarshal([]byte(p.Becomes), &t); err != nil {
		return err
	}
	if err := p.Settle(ctx, tx, e, letter); err != nil {
		return err
	}
	note := changes(e.Terms(), t.Except(e.Terms()))
	e.cover(t)
	if err := models.Update(ctx, tx, &e, scopeColumns, "engagement.rescope", note); err != nil {
		return err
	}
	return writeScope(ctx, tx, e)
}

// Settle records that both sides agree. The noun of the subject then changes it in the
// same transaction.
func (p *Proposal) Settle(ctx context.Context, tx *models.Tx, e Engagement, letter string) error {
	if p.Status != Open {
		return models.Conflict("This proposal was answered already.")
	}
	side, err := SideOf(ctx, tx, e)
	if err != nil {
		return err
	}
	if err := p.word(ctx, tx, e, side, letter); err != nil {
		return err
	}
	p.Status, p.DecidedAt, p.AppliedRev = Agreed, &tx.Now, e.Rev
	note := models.Note{"changes": strings.Join(p.Changes, "; "), "letter": p.Letter}
	err = models.Update(ctx, tx, p, models.Columns{"Status", "CompanyID", "AuditorID", "EnteredBy", "Letter", "DecidedAt", "AppliedRev"}, "scope.agree", note)
	if err != nil {
		return err
	}
	return p.tell(ctx, tx, e, "The scope of "+e.Name+" was changed, as both sides agreed.")
}

// word adds the word of the side that did not ask.
func (p *Proposal) word(ctx context.Context, tx *models.Tx, e Engagement, side Side, letter string) error {
	if side != p.Side {
		p.speak(side, tx.Actor.ID)
		return nil
	}
	if side == OfAuditor {
		return models.Forbidden("The company answers what you proposed.")
	}
	lead, ok, err := LeadOf(ctx, tx, e.ID)
	switch {
	case err != nil:
		return err
	case !ok:
		return refuse("letter", "This engagement has no lead auditor who could have agreed. Name one first.")
	case lead.Fieldwork():
		return refuse("letter", "The lead auditor may write here, and agrees here.")
	case letter == "":
		return refuse("letter", "Name the letter or mail in which the lead auditor agreed, with its date.")
	}
	p.AuditorID, p.EnteredBy, p.Letter = &lead.PersonID, &tx.Actor.ID, letter
	return nil
}

// Decline ends a proposal without effect: the side that made it takes it back, the other
// declines it. Both say why.
func Decline(ctx context.Context, tx *models.Tx, e Engagement, p Proposal, answer string) error {
	if p.Status != Open {
		return models.Conflict("This proposal was answered already.")
	}
	side, err := SideOf(ctx, tx, e)
	switch {
	case err != nil:
		return err
	case answer == "":
		return refuse("answer", "Say why, so that the record explains it later.")
	}
	p.Status, p.DecidedAt, p.Answer = Declined, &tx.Now, answer
	verb, said := "scope.decline", "A scope change of "+e.Name+" was declined."
	if side == p.Side {
		p.Status, verb, said = Withdrawn, "scope.withdraw", "A scope change of "+e.Name+" was taken back."
	} else {
		p.speak(side, tx.Actor.ID)
	}
	set := models.Columns{"Status", "DecidedAt", "Answer", "CompanyID", "AuditorID", "EnteredBy"}
	if err := models.Update(ctx, tx, &p, set, verb, models.Note{"reason": answer}); err != nil {
		return err
	}
	return p.tell(ctx, tx, e, said)
}

// ProposalOf finds a proposal of e by its id.
func ProposalOf(ctx context.Context, tx *models.Tx, e Engagement, id int64) (Proposal, error) {
	p, err := models.Rows[Proposal](tx).Where("id = ? AND engagement_id = ?", id, e.ID).Take(ctx)
	return models.One(p, err, "Proposal")
}

// changeNames are what changes are called where both sides read them.
var changeNames = map[string]string{
	"kind": "Kind of report", "period": "Period", "zone": "Time zone", "boundary": "Boundary", "systems_added": "Systems added", "systems_removed": "Systems left out",
	"criteria_added": "Criteria added", "criteria_removed": "Criteria left out",
}

// lines are the entries of a note of changes in words.
func lines(note models.Note) []string {
	var out []string
	for _, key := range slices.Sorted(maps.Keys(note)) {
		if note[key] != "" {
			out = append(out, changeNames[key]+": "+note[key])
		}
	}
	return out
}
