// Package readiness says where a period stands: what was expected, what was performed,
// what evidence covers it, what nobody knows, and who is waited for. It states counts and
// never an opinion, and what is not known is never counted as good.
package readiness

import (
	"context"
	"slices"
	"strings"
	"time"

	"assay/models"
	"assay/models/engagement"
	"assay/models/finding"
	"assay/models/framework"
	"assay/models/occurrence"
	"assay/models/people"
	"assay/models/period"
	"assay/models/programme"
)

// Counts are controls by standing.
type Counts map[occurrence.Standing]int

// Total is how many controls there are.
func (c Counts) Total() int {
	n := 0
	for _, v := range c {
		n += v
	}
	return n
}

// aiGroup is the last row of the table: the controls for AI, across all criteria.
const aiGroup = "AI"

// A Group is a row of the table: the controls of one group of criteria, by month. A
// control can be in several groups, so groups do not add up to the total.
type Group struct {
	Code, Title string
	Controls    int
	Behind      int // controls with a window that is over and not done
	Exceptions  int // controls with an open finding
	Criteria    int // in scope
	Uncovered   int // of those, without a control in effect
	Squares     []occurrence.Square
}

// A Blocker is somebody others wait for.
type Blocker struct {
	Person   people.Person
	Late     int         // windows past their grace
	Returned int         // evidence returned on controls they answer for
	Overdue  int         // findings past their date that they answer for
	Since    models.Date // the oldest of it
}

// A Picture is the state of a period at one instant.
type Picture struct {
	Programme  programme.Programme
	Engagement engagement.Engagement   // whose period it is; its ID is 0 when there is none
	Chosen     bool                    // by name, rather than because it is the current one
	Others     []engagement.Engagement // to choose instead
	Earlier    []engagement.Engagement // of them, those that still ask for what their period owes
	Frame      occurrence.Frame
	Months     []period.Days
	Counts
	Watch     occurrence.Watch // of the continuous controls
	Ownerless int              // controls in effect that nobody answers for
	Groups    []Group
	Uncovered []framework.Criterion
	Tasks     []occurrence.Task // late, and due within a week, the earliest first; not all of very many
	Owed      int               // how many there are
	People    map[int64]people.Person
	Blockers  []Blocker
	History   []Point
}

// Period reports that there is a period to look at.
func (p Picture) Period() bool { return p.Engagement.ID != 0 }

// FrameOf is the period of e, seen at now. Without an engagement it is the year that the
// day is in, in the company's zone.
func FrameOf(e engagement.Engagement, p programme.Programme, now time.Time) (occurrence.Frame, error) {
	if e.ID == 0 {
		zone := p.Location()
		year := models.DateOf(now, zone)[:4]
		return occurrence.FrameOf(period.Span{From: year + "-01-01", To: year + "-12-31"}, zone, now), nil
	}
	zone, err := e.Location()
	return occurrence.FrameOf(e.Period(), zone, now), err
}

// Choose is the engagement of the address, "" being the current one, and the others.
func Choose(ctx context.Context, tx *models.Tx, slug string) (chosen engagement.Engagement, others []engagement.Engagement, err error) {
	list, err := engagement.List(ctx, tx)
	if err != nil {
		return chosen, nil, err
	}
	if slug == "" {
		chosen, _, err = engagement.CurrentOf(list, tx.Now)
	} else if i := slices.IndexFunc(list, func(e engagement.Engagement) bool { return e.Slug == slug }); i >= 0 {
		chosen = list[i]
	} else {
		err = models.NotFound("Period")
	}
	return chosen, slices.DeleteFunc(slices.Clone(list), func(e engagement.Engagement) bool { return e.ID == chosen.ID || e.Status == engagement.Cancelled }), err
}

// Of reads the picture of an engagement's period, "" being the current one's. Without any
// it looks at the criteria of the programme's categories and at this year.
func Of(ctx context.Context, tx *models.Tx, slug string) (p Picture, err error) {
	if err = p.look(ctx, tx, slug); err != nil || !p.Programme.Ready() {
		return p, err
	}
	_, _, err = p.fill(ctx, tx, nil)
	return p, err
}

// fill counts, or takes what was counted; see read.
func (p *Picture) fill(ctx context.Context, tx *models.Tx, visit visitor) (l *ledger, counted bool, err error) {
	codes := p.codes()
	if l, counted, err = read(ctx, tx, p.Engagement, p.Frame, codes, visit); err != nil {
		return nil, false, err
	}
	p.Watch = l.watch
	p.Counts, p.Ownerless, p.Groups = l.counts, l.ownerless, slices.Clone(l.groups)
	p.Tasks, p.Owed, p.Blockers, p.People, p.History = l.tasks, l.owed, l.blockers, l.people, l.history
	p.cover(l, codes)
	return l, counted, nil
}

// look finds the period that slug names.
func (p *Picture) look(ctx context.Context, tx *models.Tx, slug string) (err error) {
	if p.Programme, err = programme.Current(ctx, tx); err != nil || !p.Programme.Ready() {
		return err
	}
	if p.Engagement, p.Others, err = Choose(ctx, tx, slug); err != nil {
		return err
	}
	if p.Period() {
		if p.Earlier, err = engagement.StillAsking(append(slices.Clone(p.Others), p.Engagement), p.Engagement, tx.Now); err != nil {
			return err
		}
	}
	p.Chosen = slug != ""
	p.Frame, err = FrameOf(p.Engagement, p.Programme, tx.Now)
	p.Months = p.Frame.Months()
	return err
}

// codes are the criteria in question.
func (p Picture) codes() []string {
	if p.Period() {
		return p.Engagement.Criteria
	}
	var out []string
	for _, c := range framework.CriteriaFor(p.Programme.Categories) {
		out = append(out, c.Code)
	}
	return out
}

// cover names the criteria in question that no control in effect helps to meet.
func (p *Picture) cover(l *ledger, codes []string) {
	for _, c := range framework.CriteriaFor(everyCategory()) {
		if !slices.Contains(codes, c.Code) || l.covered[c.Code] {
			continue
		}
		p.Uncovered = append(p.Uncovered, c)
		for i := range p.Groups {
			if p.Groups[i].Code == groupOf(c.Code) {
				p.Groups[i].Uncovered++
			}
		}
	}
}

// groupOf is the group that prints a criterion: CC6 of CC6.1, and P of every P1 to P8.
func groupOf(code string) string {
	group, _, _ := strings.Cut(code, ".")
	if group[0] == 'P' && group[1] != 'I' {
		return "P"
	}
	return group
}

type waitRow struct {
	PersonID int64
	Returned int
	Overdue  int
	Since    string // a date or, of what was returned, an instant
}

// since is the day on which the waiting began.
func (r waitRow) since(zone *time.Location) (models.Date, error) {
	if len(r.Since) == len(time.DateOnly) {
		return models.Date(r.Since), nil
	}
	t, err := time.Parse(time.DateTime, r.Since)
	return models.DateOf(t, zone), err
}

// waitRows counts what was returned to people and what findings ask of them, which are late
// by the company's days.
func waitRows(ctx context.Context, tx *models.Tx) ([]waitRow, error) {
	today, err := programme.Today(ctx, tx)
	if err != nil {
		return nil, err
	}
	return models.Raw[waitRow](ctx, tx, `
		SELECT c.owner_id AS person_id, count(*) AS returned, 0 AS overdue, `+tx.Second("min(e.decided_at)")+` AS since
		FROM evidence e JOIN controls c ON c.id = e.control_id
		WHERE e.status = 'returned' AND c.owner_id IS NOT NULL GROUP BY c.owner_id
		UNION ALL
		SELECT f.owner_id AS person_id, 0 AS returned, count(*) AS overdue, min(f.due_on) AS since
		FROM findings f WHERE f.owner_id IS NOT NULL AND f.due_on <> '' AND f.due_on < ? AND f.status NOT IN ? GROUP BY f.owner_id`,
		today, closedStatuses())
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

func everyCategory() []string {
	var out []string
	for _, c := range framework.Categories() {
		out = append(out, c.ID)
	}
	return out
}

// groups are the rows of the table without their counts, in the order of the framework.
func groupsFor(codes []string, months int) []Group {
	var out []Group
	for _, c := range framework.CriteriaFor(everyCategory()) {
		if !slices.Contains(codes, c.Code) {
			continue
		}
		if code := groupOf(c.Code); len(out) == 0 || out[len(out)-1].Code != code {
			out = append(out, Group{Code: code, Title: groupTitle(c.Group, code), Squares: make([]occurrence.Square, months)})
		}
		out[len(out)-1].Criteria++
	}
	return append(out, Group{Code: aiGroup, Title: "of which controls for AI", Squares: make([]occurrence.Square, months)})
}

// groupTitle is the heading under which the framework prints a criterion.
func groupTitle(id, code string) string {
	if code == "P" {
		return "Privacy"
	}
	soc2, _ := framework.ByID(framework.SOC2)
	for _, g := range soc2.Groups {
		if g.ID == id {
			return g.Title
		}
	}
	return id
}

// A Part is one control in a square: its windows that ended in the month, or what lists
// say of the month.
type Part struct {
	Sheet       *occurrence.Sheet
	Square      occurrence.Square
	Occurrences []period.Occurrence
}

// Square is what a square of the table is made of.
type Square struct {
	Engagement engagement.Engagement
	Chosen     bool
	Frame      occurrence.Frame
	Group      Group // with this one square
	Month      period.Days
	Total      int    // of the controls of which something was expected
	Parts      []Part // those that are shown
	Turn       Turn
	People     map[int64]people.Person
}

// At reads one square: the group's code and the month, 2026-08. Its controls are those from
// the code after on.
func At(ctx context.Context, tx *models.Tx, slug, group, month, after string) (s Square, err error) {
	s.Turn.after = after
	var p Picture
	if err := p.look(ctx, tx, slug); err != nil {
		return s, err
	}
	if !p.Programme.Ready() {
		return s, models.NotFound("Square")
	}
	s.Engagement, s.Chosen, s.Frame = p.Engagement, p.Chosen, p.Frame
	codes := p.codes()
	at := slices.IndexFunc(p.Months, func(m period.Days) bool { return strings.HasPrefix(string(m.First.Date()), month+"-") })
	groups := groupsFor(codes, 1)
	g := slices.IndexFunc(groups, func(g Group) bool { return g.Code == group })
	if at < 0 || g < 0 || len(month) != len("2026-08") {
		return s, models.NotFound("Square")
	}
	s.Group, s.Month = groups[g], p.Months[at]
	if group != aiGroup {
		codes = slices.DeleteFunc(slices.Clone(codes), func(c string) bool { return groupOf(c) != group })
	}
	batches, err := occurrence.Batches(ctx, tx, batch)
	if err != nil {
		return s, err
	}
	for _, some := range batches {
		sheets, err := occurrence.Sheets(ctx, tx, s.Frame, occurrence.Scope{Criteria: codes, Codes: some})
		if err != nil {
			return s, err
		}
		for _, sheet := range sheets {
			s.take(sheet, at)
		}
	}
	var ids []int64
	for _, p := range s.Parts {
		ids = append(ids, p.Sheet.OwnerID)
	}
	s.People, err = people.Named(ctx, tx, ids...)
	return s, err
}

// take counts a control, and shows it if its turn has come.
func (s *Square) take(sheet *occurrence.Sheet, month int) {
	if s.Group.Code == aiGroup && !sheet.AI {
		return
	}
	part := Part{Sheet: sheet, Square: sheet.Squares(s.Frame)[month]}
	if part.Square.Empty() {
		return
	}
	s.Total++
	s.Group.Squares[0].Add(part.Square)
	if !s.Turn.shows(sheet.Code) {
		return
	}
	for o := range sheet.Facts.Occurrences(s.Frame.Days, s.Frame.Today) {
		if s.Month.Has(o.Last) {
			part.Occurrences = append(part.Occurrences, o)
		}
	}
	s.Parts = append(s.Parts, part)
}
