// Package readiness counts where the programme stands: which controls are in effect,
// what is known about their evidence, and who is waited for. It states counts and never
// an opinion, and what is not known is never counted as good.
package readiness

import (
	"context"
	_ "embed"
	"slices"
	"strings"

	"assay/models"
	"assay/models/control"
	"assay/models/engagement"
	"assay/models/finding"
	"assay/models/framework"
	"assay/models/people"
	"assay/models/programme"
)

// A Standing is what is known about one control. A control has exactly one: the first
// that applies.
type Standing string

// The standings, in that order.
const (
	Planned   Standing = "planned"   // no version is in effect
	Weak      Standing = "weak"      // a finding about it is open
	Returned  Standing = "returned"  // evidence was returned and waits to be sent again
	Submitted Standing = "submitted" // evidence waits for a reviewer, and none is accepted
	Nothing   Standing = "nothing"   // in effect, and no evidence for the period
	Proven    Standing = "proven"    // accepted evidence covers a day of the period, or more
)

// Standings lists them as a bar shows them.
var Standings = []Standing{Proven, Submitted, Nothing, Returned, Weak, Planned}

// Counts are controls by standing.
type Counts map[Standing]int

// Total is how many controls there are.
func (c Counts) Total() int {
	n := 0
	for _, v := range c {
		n += v
	}
	return n
}

// A Group is a row of the table: the controls of one group of criteria. A control can
// be in several groups, so groups do not add up to the total.
type Group struct {
	Code, Title string
	Counts
	Ownerless int
	Criteria  int // in scope
	Uncovered int // of those, without a control in effect
}

// A Blocker is somebody others wait for.
type Blocker struct {
	Person   people.Person
	Returned int         // evidence returned on controls they answer for
	Overdue  int         // findings past their date that they answer for
	Since    models.Date // the oldest of it
}

// A Picture is the state of the programme at one instant.
type Picture struct {
	Programme  programme.Programme
	Engagement engagement.Engagement // the current one; its ID is 0 when there is none
	Period     bool                  // evidence is held against the engagement's period
	Counts
	Ownerless int
	Groups    []Group
	Uncovered []framework.Criterion
	Blockers  []Blocker
}

//go:embed standing.sql
var standingSQL string

// Of reads the picture. Without an engagement it looks at the criteria of the programme's
// categories, and at evidence of any day.
func Of(ctx context.Context, tx *models.Tx) (p Picture, err error) {
	if p.Programme, err = programme.Current(ctx, tx); err != nil || !p.Programme.Ready() {
		return p, err
	}
	if p.Engagement, p.Period, err = engagement.Current(ctx, tx); err != nil {
		return p, err
	}
	codes := p.codes()
	if err := p.count(ctx, tx, codes); err != nil {
		return p, err
	}
	if err := p.cover(ctx, tx, codes); err != nil {
		return p, err
	}
	p.Blockers, err = blockers(ctx, tx, models.DateOf(tx.Now, p.Programme.Location()))
	return p, err
}

// codes are the criteria in question.
func (p Picture) codes() []string {
	if p.Period {
		return p.Engagement.Criteria
	}
	var out []string
	for _, c := range framework.CriteriaFor(p.Programme.Categories) {
		out = append(out, c.Code)
	}
	return out
}

type countRow struct {
	Grp       string
	Standing  Standing
	Controls  int
	Ownerless int
}

// count reads the standing of every control, once over all and once for each group.
func (p *Picture) count(ctx context.Context, tx *models.Tx, codes []string) error {
	from, to := models.Date("0000-01-01"), models.Date("9999-12-31")
	if p.Period {
		from, to = p.Engagement.PeriodStart, p.Engagement.PeriodEnd
	}
	group := "substr(cc.code, 1, instr(cc.code, '.') - 1)"
	if tx.Postgres() {
		group = "split_part(cc.code, '.', 1)"
	}
	base := strings.ReplaceAll(standingSQL, "{group}", group)
	args := []any{to, from, closedStatuses(), framework.SOC2, codes}
	rows, err := models.Raw[countRow](ctx, tx, base, args...)
	if err != nil {
		return err
	}
	p.Counts = Counts{}
	groups := map[string]*Group{}
	for _, r := range rows {
		if r.Grp == "" { // over all
			p.Counts[r.Standing] += r.Controls
			p.Ownerless += r.Ownerless
			continue
		}
		g := groups[r.Grp]
		if g == nil {
			g = &Group{Counts: Counts{}}
			groups[r.Grp] = g
		}
		g.Counts[r.Standing] += r.Controls
		g.Ownerless += r.Ownerless
	}
	p.Groups = named(groups, codes)
	return nil
}

// closedStatuses are those of findings that nobody has to do anything about.
func closedStatuses() []finding.Status {
	var out []finding.Status
	for _, s := range finding.Statuses {
		if !s.Open() {
			out = append(out, s)
		}
	}
	return out
}

// named puts the groups of the criteria in question into the order of the framework,
// also those that no control is in.
func named(groups map[string]*Group, codes []string) []Group {
	var out []Group
	for _, c := range framework.CriteriaFor(everyCategory()) {
		if !slices.Contains(codes, c.Code) {
			continue
		}
		code, _, _ := strings.Cut(c.Code, ".")
		if len(out) == 0 || out[len(out)-1].Code != code {
			g := Group{Code: code, Title: groupTitle(c.Group), Counts: Counts{}}
			if found := groups[code]; found != nil {
				g.Counts, g.Ownerless = found.Counts, found.Ownerless
			}
			out = append(out, g)
		}
		out[len(out)-1].Criteria++
	}
	return out
}

// groupTitle is the heading under which the framework prints a criterion.
func groupTitle(id string) string {
	soc2, _ := framework.ByID(framework.SOC2)
	for _, g := range soc2.Groups {
		if g.ID == id {
			return g.Title
		}
	}
	return id
}

func everyCategory() []string {
	var out []string
	for _, c := range framework.Categories() {
		out = append(out, c.ID)
	}
	return out
}

// cover names the criteria in question that no control in effect helps to meet.
func (p *Picture) cover(ctx context.Context, tx *models.Tx, codes []string) error {
	missing, err := control.Uncovered(ctx, tx, everyCategory())
	for _, c := range missing {
		if !slices.Contains(codes, c.Code) {
			continue
		}
		p.Uncovered = append(p.Uncovered, c)
		code, _, _ := strings.Cut(c.Code, ".")
		for i := range p.Groups {
			if p.Groups[i].Code == code {
				p.Groups[i].Uncovered++
			}
		}
	}
	return err
}

type waitRow struct {
	PersonID int64
	Returned int
	Overdue  int
	Since    models.Date
}

// blockers lists whom others wait for, the longest first.
func blockers(ctx context.Context, tx *models.Tx, today models.Date) ([]Blocker, error) {
	day := "substr(min(e.decided_at), 1, 10)"
	if tx.Postgres() {
		day = "to_char(min(e.decided_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD')"
	}
	rows, err := models.Raw[waitRow](ctx, tx, `
		SELECT c.owner_id AS person_id, count(*) AS returned, 0 AS overdue, `+day+` AS since
		FROM evidence e JOIN controls c ON c.id = e.control_id
		WHERE e.status = 'returned' AND c.owner_id IS NOT NULL GROUP BY c.owner_id
		UNION ALL
		SELECT f.owner_id AS person_id, 0 AS returned, count(*) AS overdue, min(f.due_on) AS since
		FROM findings f WHERE f.owner_id IS NOT NULL AND f.due_on <> '' AND f.due_on < ? AND f.status NOT IN ? GROUP BY f.owner_id`,
		today, closedStatuses())
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	merged := map[int64]*Blocker{}
	var ids []int64
	for _, r := range rows {
		b := merged[r.PersonID]
		if b == nil {
			b = &Blocker{Since: r.Since}
			merged[r.PersonID] = b
			ids = append(ids, r.PersonID)
		}
		b.Returned, b.Overdue, b.Since = b.Returned+r.Returned, b.Overdue+r.Overdue, min(b.Since, r.Since)
	}
	names, err := people.Named(ctx, tx, ids...)
	var out []Blocker
	for id, b := range merged {
		b.Person = names[id]
		out = append(out, *b)
	}
	slices.SortFunc(out, func(a, b Blocker) int {
		return strings.Compare(string(a.Since)+a.Person.Name, string(b.Since)+b.Person.Name)
	})
	return out[:min(len(out), 12)], err
}
