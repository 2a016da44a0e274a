// Package subservice is whose controls, besides the company's own, a report rests on: the
// subservice organisations of an engagement, the controls they are assumed to operate
// (CSOCs), and those that the user entities have to operate (CUECs).
package subservice

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/engagement"
	"assay/models/period"
)

// An Organisation is one subservice organisation of an engagement. Its name, services and
// method are scope: once fieldwork has started both sides agree on them.
type Organisation struct {
	models.Meta
	EngagementID int64
	Slug         string // of the engagement
	Name         string
	Services     string
	Method       Method
	LeftAt       *time.Time          // both sides agreed to leave it out
	ProposalID   *int64              // what both sides agreed on last
	Monitors     models.List[string] // codes of our controls that monitor it
	Reliance
	CreatedBy int64
	CreatedAt time.Time
}

// A Reliance is the report of the organisation's own auditor that the company relies on.
type Reliance struct {
	ReportKind       ReportKind
	ReportBy         string
	ReportFrom       models.Date
	ReportTo         models.Date
	ReportDigest     string // SHA-256 of the file
	ReportEvidenceID *int64
	ReportNote       string // what our reading of it found
}

// A Method is how the report treats the controls of an organisation.
type Method string

// The methods.
const (
	CarveOut  Method = "carve_out"
	Inclusive Method = "inclusive"
)

// Methods lists them, the usual one first.
var Methods = []Method{CarveOut, Inclusive}

// Label is m in words.
func (m Method) Label() string {
	return map[Method]string{CarveOut: "Carve-out", Inclusive: "Inclusive"}[m]
}

// A ReportKind is what an organisation shows for its controls.
type ReportKind string

// ReportKinds lists them.
var ReportKinds = []ReportKind{"soc2_type_2", "soc2_type_1", "soc1_type_2", "iso27001", "other"}

// Label is k in words.
func (k ReportKind) Label() string {
	return map[ReportKind]string{
		"soc2_type_2": "SOC 2 Type II", "soc2_type_1": "SOC 2 Type I", "soc1_type_2": "SOC 1 Type II", "iso27001": "ISO/IEC 27001 certificate", "other": "Another report",
	}[k]
}

// TableName is where organisations live.
func (Organisation) TableName() string { return "subservice_organisations" }

// Code is the number people say: SO-3.
func (o Organisation) Code() string { return "SO-" + strconv.FormatInt(o.ID, 10) }

// Path is the address of o.
func (o Organisation) Path() string { return listPath(o.Slug) + "/" + o.Code() }

// Within is the address of the engagement.
func (o Organisation) Within() string { return "engagements/" + o.Slug }

// InEngagement lets the lead auditor put into effect what both sides agreed on. The rest of
// the row only the company's verbs write.
func (o Organisation) InEngagement() int64 { return o.EngagementID }

// VisibleTo shows auditors those of their open engagements, and owners none.
func (Organisation) VisibleTo(a access.Actor) (string, []any) {
	return visible("subservice_organisations", a)
}

func visible(table string, a access.Actor) (string, []any) {
	switch a.Role {
	case access.Compliance, access.Administrator, access.Executive, access.System:
		return "", nil
	case access.Auditor:
		return table + ".engagement_id IN ?", []any{append([]int64{0}, a.Engagements...)}
	}
	return "1 = 0", nil
}

// InScope reports that nobody left o out.
func (o Organisation) InScope() bool { return o.LeftAt == nil }

// Covers is the days of its own report. ok is false while there is none.
func (o Organisation) Covers() (days period.Span, ok bool) {
	return period.Span{From: o.ReportFrom, To: o.ReportTo}, o.ReportKind != ""
}

// Gaps are the days of the period of e that the organisation's own report does not cover:
// all of them when there is none.
func (o Organisation) Gaps(e engagement.Engagement) (out []period.Span) {
	covers, ok := o.Covers()
	if !ok || covers.To < e.PeriodStart || covers.From > e.PeriodEnd {
		return []period.Span{e.Period()}
	}
	if covers.From > e.PeriodStart {
		out = append(out, period.Span{From: e.PeriodStart, To: covers.From.AddDays(-1)})
	}
	if covers.To < e.PeriodEnd {
		out = append(out, period.Span{From: covers.To.AddDays(1), To: e.PeriodEnd})
	}
	return out
}

// GapWords says Gaps in words; "" when there is none.
func (o Organisation) GapWords(e engagement.Engagement) string {
	if _, ok := o.Covers(); !ok {
		return "No report of its own is on record."
	}
	var out []string
	for _, g := range o.Gaps(e) {
		out = append(out, fmt.Sprintf("%s to %s (%s)", g.From, g.To, models.Plural(g.From.DaysUntil(g.To)+1, "day")))
	}
	if len(out) == 0 {
		return ""
	}
	return "Its report leaves out " + strings.Join(out, " and ") + " of the period."
}

// A Complement is a control that somebody else has to operate so that the company's own
// reach their criteria.
type Complement struct {
	models.Meta
	EngagementID   int64
	Slug           string
	Kind           Kind
	OrganisationID *int64 // who operates a CSOC
	Number         int64
	Content
	CreatedBy int64
	CreatedAt time.Time
}

// Content is what a complementary control says.
type Content struct {
	Text     string
	Criteria models.List[string] // SOC 2 criteria in scope
	Controls models.List[string] // codes of our controls that rely on it
}

// A Kind says who operates a complementary control.
type Kind string

// The kinds.
const (
	UserEntity Kind = "cuec"
	Subservice Kind = "csoc"
)

// Label is k in words.
func (k Kind) Label() string {
	if k == UserEntity {
		return "Complementary user entity control"
	}
	return "Complementary subservice organisation control"
}

// TableName is where complementary controls live.
func (Complement) TableName() string { return "complementary_controls" }

// Code is the number people say: CUEC-2.
func (c Complement) Code() string {
	return strings.ToUpper(string(c.Kind)) + "-" + strconv.FormatInt(c.Number, 10)
}

// Path is the place of c on the list it is on.
func (c Complement) Path() string {
	if c.OrganisationID == nil {
		return "engagements/" + c.Slug + "/deliverables/cuecs#" + c.Code()
	}
	return listPath(c.Slug) + "/SO-" + strconv.FormatInt(*c.OrganisationID, 10) + "#" + c.Code()
}

// Within is the address of the engagement.
func (c Complement) Within() string { return "engagements/" + c.Slug }

// VisibleTo is that of organisations.
func (Complement) VisibleTo(a access.Actor) (string, []any) {
	return visible("complementary_controls", a)
}

func listPath(slug string) string { return "engagements/" + slug + "/deliverables/subservice" }

// most bounds the lists: an engagement has a handful of organisations, and tens of
// complementary controls.
const most = 500

// Organisations lists those of an engagement that nobody left out, by their names.
func Organisations(ctx context.Context, tx *models.Tx, engagement int64) ([]Organisation, error) {
	return models.Rows[Organisation](tx).Where("subservice_organisations.engagement_id = ? AND left_at IS NULL", engagement).Order("lower(name), id").Limit(most).Find(ctx)
}

// Complements lists those of an engagement, by kind and number. CSOCs of an organisation
// that is not carved out any more, or was left out, are no longer among them.
func Complements(ctx context.Context, tx *models.Tx, engagement int64) ([]Complement, error) {
	return models.Rows[Complement](tx).Where(`complementary_controls.engagement_id = ? AND (organisation_id IS NULL OR organisation_id IN (
		SELECT o.id FROM subservice_organisations o WHERE o.engagement_id = ? AND o.method = 'carve_out' AND o.left_at IS NULL))`, engagement, engagement).
		Order("kind, number").Limit(most).Find(ctx)
}

// ByCode finds an organisation of an engagement by the end of its address, such as SO-3.
func ByCode(ctx context.Context, tx *models.Tx, engagement int64, code string) (Organisation, error) {
	id, err := strconv.ParseInt(strings.TrimPrefix(code, "SO-"), 10, 64)
	if err != nil || "SO-"+strconv.FormatInt(id, 10) != code {
		return Organisation{}, models.NotFound("Subservice organisation")
	}
	o, err := models.Rows[Organisation](tx).Where("subservice_organisations.id = ? AND subservice_organisations.engagement_id = ?", id, engagement).Take(ctx)
	return models.One(o, err, "Subservice organisation")
}

// ComplementOf finds a complementary control of an engagement.
func ComplementOf(ctx context.Context, tx *models.Tx, engagement, id int64) (Complement, error) {
	c, err := models.Rows[Complement](tx).Where("complementary_controls.id = ? AND complementary_controls.engagement_id = ?", id, engagement).Take(ctx)
	return models.One(c, err, "Complementary control")
}
