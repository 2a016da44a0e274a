// Package engagement is the audit from outside: what it covers, over which period,
// and which auditors may look, until when.
package engagement

import (
	"context"
	"slices"
	"time"
	_ "time/tzdata" // a zone decides who may look, so it cannot depend on the host having the file

	"assay/models"
	"assay/models/access"
	"assay/models/framework"
	"assay/models/period"
	"assay/models/programme"
)

// An Engagement is one examination by one firm. Period and access window are civil
// dates in Zone, and independent of each other.
type Engagement struct {
	models.Meta
	Slug        string
	Name        string
	Firm        string
	Kind        Kind
	Status      Status
	Criteria    models.List[string] // SOC 2 criteria in scope, in the order of the framework
	PeriodStart models.Date
	PeriodEnd   models.Date
	Zone        string      // IANA
	OpensOn     models.Date // first day on which auditors may look
	ClosesOn    models.Date // last day
	CreatedBy   int64
	CreatedAt   time.Time
	Systems     models.List[System] // in scope
	Boundary    string              // where they end
	PriorID     *int64              // the period before, from which this one was rolled forward
}

// A System is one of the systems that the report is about.
type System struct {
	Name  string
	About string
}

// A Kind says what the firm reports on.
type Kind string

// The kinds of engagement.
const (
	Readiness Kind = "readiness"
	TypeI     Kind = "type_1"
	TypeII    Kind = "type_2"
)

// Kinds lists every kind, the usual one first.
var Kinds = []Kind{TypeII, TypeI, Readiness}

// Label is k in words.
func (k Kind) Label() string {
	switch k {
	case Readiness:
		return "Readiness assessment"
	case TypeI:
		return "SOC 2 Type I"
	case TypeII:
		return "SOC 2 Type II"
	}
	return string(k)
}

// Examination reports whether k ends in an auditor's report.
func (k Kind) Examination() bool { return k == TypeI || k == TypeII }

// TableName is where engagements live.
func (Engagement) TableName() string { return "engagements" }

// Path is the address of e.
func (e Engagement) Path() string { return "engagements/" + e.Slug }

// InEngagement is e itself. Of it the auditors write only what AuditorsMay names.
func (e Engagement) InEngagement() int64 { return e.ID }

// AuditorsMay names what the lead auditor agrees on with the company once fieldwork has
// started. The access window and the state are never theirs.
func (Engagement) AuditorsMay() models.Columns { return scopeColumns }

var scopeColumns = models.Columns{"Kind", "Criteria", "PeriodStart", "PeriodEnd", "Zone", "Systems", "Boundary"}

// VisibleTo shows an auditor the engagements whose window is open for them.
func (Engagement) VisibleTo(a access.Actor) (string, []any) {
	if a.Role != access.Auditor {
		return "", nil
	}
	return "engagements.id IN ?", []any{append([]int64{0}, a.Engagements...)}
}

// Period is the days the report covers.
func (e Engagement) Period() period.Span {
	return period.Span{From: e.PeriodStart, To: e.PeriodEnd}
}

// Window is the days on which auditors may look.
func (e Engagement) Window() period.Span { return period.Span{From: e.OpensOn, To: e.ClosesOn} }

// Location is the zone of every date of e. A name that no longer is a zone is an error:
// guessing another would move the window.
func (e Engagement) Location() (*time.Location, error) { return location(e.Zone) }

// Viewer is an auditor to whom only e is open. What such an actor sees is what the
// auditors of e are shown, so the company's page about e counts with the same rule.
func (e Engagement) Viewer() access.Actor {
	return access.Actor{Role: access.Auditor, Engagements: []int64{e.ID}}
}

// A scopeLine is one criterion in scope, as scope conditions join it.
type scopeLine struct {
	EngagementID int64
	Framework    string
	Code         string
}

func (scopeLine) TableName() string   { return "engagement_criteria" }
func (scopeLine) WhyUnlogged() string { return "it is derived from engagements.criteria" }

// writeScope keeps engagement_criteria in step with e.
func writeScope(ctx context.Context, tx *models.Tx, e Engagement) error {
	if _, err := models.Remove[scopeLine](ctx, tx, "engagement_id = ?", e.ID); err != nil {
		return err
	}
	for _, code := range e.Criteria {
		if err := models.Put(ctx, tx, &scopeLine{e.ID, framework.SOC2, code}); err != nil {
			return err
		}
	}
	return nil
}

// ScopeTable holds engagement_criteria against the engagements.
func ScopeTable() models.DerivedTable {
	return models.DerivedTable{Name: "engagement_criteria", Check: checkScope}
}

func checkScope(ctx context.Context, tx *models.Tx, problem func(string)) error {
	list, err := models.UnscopedRows[Engagement](tx).Order("id").Find(ctx)
	if err != nil {
		return err
	}
	for _, e := range list {
		lines, err := models.UnscopedRows[scopeLine](tx).Where("engagement_id = ?", e.ID).Find(ctx)
		if err != nil {
			return err
		}
		var should, does []string
		for _, code := range e.Criteria {
			should = append(should, framework.SOC2+" "+code)
		}
		for _, l := range lines {
			does = append(does, l.Framework+" "+l.Code)
		}
		models.CompareDerived("engagement_criteria", e.Path(), should, does, problem)
	}
	return nil
}

// BySlug finds an engagement that the actor may see.
func BySlug(ctx context.Context, tx *models.Tx, slug string) (Engagement, error) {
	if !tx.Writes() { // every page about it begins with it, and all are kept
		list, err := List(ctx, tx)
		i := slices.IndexFunc(list, func(e Engagement) bool { return e.Slug == slug })
		switch {
		case err != nil:
			return Engagement{}, err
		case i >= 0:
			return list[i], nil
		case len(list) < mostListed:
			return Engagement{}, models.NotFound("Engagement")
		}
	}
	e, err := models.Rows[Engagement](tx).Where("slug = ?", slug).Take(ctx)
	return models.One(e, err, "Engagement")
}

const mostListed = 200

// List reads the engagements that the actor may see, the latest period first. A company
// has a handful; the bound is there for the one that does not.
func List(ctx context.Context, tx *models.Tx) ([]Engagement, error) {
	return Keep.Get(ctx, tx)
}

// Keep is how the list is kept. It is shared: nobody may change it.
var Keep = models.Keeping[Engagement, []Engagement]{
	Key: listKey{},
	Ask: func(tx *models.Tx, rows *[]Engagement) models.Reading {
		return models.Into(models.Rows[Engagement](tx).Order("period_end DESC, id DESC").Limit(mostListed), rows)
	},
	Value:  func(rows []Engagement) []Engagement { return rows },
	Scopes: []models.Scoped{Engagement{}},
}

type listKey struct{}

// Current is the engagement that pages speak about unless they name another: the one
// whose period is running, else the next to begin, else the last that ended. One in
// set-up is a plan: while its own period runs it gives way only to one under way that runs
// too, else to any under way. ok is false when there is none.
func Current(ctx context.Context, tx *models.Tx) (Engagement, bool, error) {
	list, err := List(ctx, tx)
	if err != nil {
		return Engagement{}, false, err
	}
	return CurrentOf(list, tx.Now)
}

// Zone is the zone in which the days of windows are counted: that of the current engagement,
// for its auditors judge by it what was in time, and without one the company's.
func Zone(ctx context.Context, tx *models.Tx) (*time.Location, error) {
	e, ok, err := Current(ctx, tx)
	switch {
	case err != nil:
		return nil, err
	case !ok:
		return programme.Zone(ctx, tx)
	}
	return e.Location()
}

// CurrentOf is Current among engagements that are listed with the latest period first.
func CurrentOf(list []Engagement, now time.Time) (current Engagement, ok bool, err error) {
	days, err := daysOf(list, now)
	if err != nil {
		return Engagement{}, false, err
	}
	for n, e := range list {
		if e.Status == Archived || e.Status == Cancelled || e.Status == Setup && givesWay(list, days, days[n], e) {
			continue
		}
		if e.PeriodEnd >= days[n] || !ok { // the list goes backwards in time
			current, ok = e, true
		}
		if e.Period().Contains(days[n]) {
			break
		}
	}
	return current, ok, nil
}

// lateWork is for how many days after its last day a period still asks for what it owes.
const lateWork = 366

// AskedSince is the first day of which tasks speak while current is the current engagement:
// that of its period or of an earlier one which still asks.
func AskedSince(list []Engagement, current Engagement, now time.Time) (models.Date, error) {
	since := current.PeriodStart // "" is none
	earlier, err := StillAsking(list, current, now)
	for _, e := range earlier {
		since = min(since, e.PeriodStart)
	}
	return since, err
}

// StillAsking are the engagements whose period began before that of current and which are
// under way: what falls due after a period's last day is owed although the next has begun.
func StillAsking(list []Engagement, current Engagement, now time.Time) ([]Engagement, error) {
	days, err := daysOf(list, now)
	var out []Engagement
	for n, e := range list {
		plan := e.Status == Setup && givesWay(list, days, days[n], e)
		if e.PeriodStart < current.PeriodStart && e.Status.Running() && !plan && e.PeriodEnd >= days[n].AddDays(-lateWork) {
			out = append(out, e)
		}
	}
	return out, err
}

// daysOf is today where each of them is.
func daysOf(list []Engagement, now time.Time) ([]models.Date, error) {
	days := make([]models.Date, len(list))
	for n, e := range list {
		zone, err := e.Location()
		if err != nil {
			return days, err
		}
		days[n] = models.DateOf(now, zone)
	}
	return days, nil
}

// givesWay reports whether e, which is in set-up, is a plan beside one that is under way:
// while its own period runs, only beside one whose period runs too.
func givesWay(list []Engagement, days []models.Date, today models.Date, e Engagement) bool {
	runs := e.Period().Contains(today)
	for n, other := range list {
		switch other.Status {
		case Planning, Fieldwork, Reporting, Issued:
			if other.Period().Contains(days[n]) || !runs && other.Status != Issued {
				return true
			}
		case Setup, Archived, Cancelled:
		}
	}
	return false
}
