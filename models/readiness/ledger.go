package readiness

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"assay/models"
	"assay/models/control"
	"assay/models/engagement"
	"assay/models/finding"
	"assay/models/framework"
	"assay/models/occurrence"
	"assay/models/people"
)

// A ledger is what was counted of a period.
type ledger struct {
	counts    Counts
	watch     occurrence.Watch
	ownerless int
	groups    []Group
	covered   map[string]bool // criteria that a control in effect helps to meet
	rows      []Row
	tasks     []occurrence.Task
	blockers  []Blocker
	people    map[int64]people.Person
	history   []Point
}

// A slot holds the last ledger of a period: within a minute nothing falls due, and
// everything else that can change it is a leaf of the log, which empties the slot.
type slot struct {
	sync.Mutex
	minute int64
	ledger *ledger
}

type slotKey struct{ engagement int64 }

// A visitor sees each control with its months while they are counted. Nothing keeps the
// months, since of every control they are most of the memory.
type visitor func(Row)

// read is the ledger of a period. counted reports that it was counted just now, and that
// visit saw its controls; nil wants to see none.
func read(ctx context.Context, tx *models.Tx, e engagement.Engagement, f occurrence.Frame, codes []string, visit visitor) (l *ledger, counted bool, err error) {
	s, err := models.Kept(ctx, tx, slotKey{e.ID}, func() (*slot, error) { return new(slot), nil },
		control.Control{}, engagement.Engagement{}, finding.Finding{})
	if err != nil {
		return nil, false, err
	}
	s.Lock() // two readers who find it empty do not both count
	defer s.Unlock()
	if minute := f.Now.Unix() / 60; s.ledger == nil || s.minute != minute {
		l, err := count(ctx, tx, e, f, codes, visit)
		if err != nil {
			return nil, false, err
		}
		s.minute, s.ledger, counted = minute, l, true
	}
	return s.ledger, counted, nil
}

// count judges every control in scope.
func count(ctx context.Context, tx *models.Tx, e engagement.Engagement, f occurrence.Frame, codes []string, visit visitor) (*ledger, error) {
	sheets, err := occurrence.Sheets(ctx, tx, f, occurrence.Scope{Criteria: codes})
	if err != nil {
		return nil, err
	}
	criteria, weak, err := placeOf(ctx, tx, e, f, codes)
	if err != nil {
		return nil, err
	}
	l := &ledger{counts: Counts{}, groups: groupsFor(codes, len(f.Months())), covered: map[string]bool{}}
	at := map[string]*Group{}
	for i := range l.groups {
		at[l.groups[i].Code] = &l.groups[i]
	}
	for _, s := range sheets {
		standing, squares := s.Standing(f, weak[s.ID]), s.Squares(f)
		if s.Ended(f) { // what it owed until then stays in the squares
			for _, group := range l.in(s, f, criteria[s.ID]) {
				at[group].addSquares(squares)
			}
			continue
		}
		l.counts[standing]++
		l.watch.Add(s.Watch(f))
		row := Row{id: s.ID, Code: s.Code, Title: s.Title, OwnerID: s.OwnerID, Frequency: s.FrequencyIn(f), Standing: standing, Groups: l.in(s, f, criteria[s.ID])}
		for _, group := range row.Groups {
			at[group].add(standing, squares)
		}
		l.rows = append(l.rows, row)
		if visit != nil {
			row.Squares = squares
			visit(row)
		}
	}
	if l.history, err = History(ctx, tx, e.ID); err != nil {
		return nil, err
	}
	return l, l.wait(ctx, tx, f, sheets)
}

// A Row is one control of the period.
type Row struct {
	id          int64
	Code, Title string
	OwnerID     int64
	Frequency   string
	Standing    occurrence.Standing
	Groups      []string
	Squares     []occurrence.Square // one a month, of what is shown
}

// PageSize is how many controls List shows at once.
const PageSize = 70

// List reads the controls of a period that have the standing and are in the group, ""
// being any, from the code after on. More reports that there are others behind them.
func List(ctx context.Context, tx *models.Tx, slug string, standing occurrence.Standing, group, after string) (_ Picture, rows []Row, more bool, _ error) {
	take := func(r Row) {
		switch {
		case more || r.Code <= after || standing != "" && r.Standing != standing || group != "" && !slices.Contains(r.Groups, group):
		case len(rows) == PageSize:
			more = true
		default:
			rows = append(rows, r)
		}
	}
	p, l, counted, err := of(ctx, tx, slug, take)
	if err != nil || counted || l == nil {
		return p, rows, more, err
	}
	for _, r := range l.rows {
		take(r)
	}
	return p, rows, more, square(ctx, tx, p.Frame, rows)
}

// square reads the months of rows.
func square(ctx context.Context, tx *models.Tx, f occurrence.Frame, rows []Row) error {
	at, ids := make(map[int64]*Row, len(rows)), make([]int64, len(rows))
	for n := range rows {
		ids[n], at[rows[n].id] = rows[n].id, &rows[n]
	}
	sheets, err := occurrence.Sheets(ctx, tx, f, occurrence.Scope{Controls: ids})
	for _, s := range sheets {
		at[s.ID].Squares = s.Squares(f)
	}
	return err
}

// TaskWeek is how many days ahead a list of what is due looks.
const TaskWeek = 7

// wait adds what is late or due, who is waited for, and whom nobody answers for.
func (l *ledger) wait(ctx context.Context, tx *models.Tx, f occurrence.Frame, sheets []*occurrence.Sheet) error {
	f.Days = occurrence.TaskDays(f.Days.First.Date(), f.Today)
	waits := map[int64]*Blocker{}
	at := func(person int64, since models.Date) *Blocker {
		b := waits[person]
		if b == nil {
			b = &Blocker{Since: since}
			waits[person] = b
		}
		b.Since = min(b.Since, since)
		return b
	}
	for _, t := range occurrence.Tasks(sheets, f) {
		if t.Window.Due > f.Today+TaskWeek || t.Window.First > f.Today {
			continue
		}
		l.tasks = append(l.tasks, t)
		if t.Late(f.Today) && t.PersonID != 0 {
			at(t.PersonID, t.Window.Due.Date()).Late++
		}
	}
	rows, err := waitRows(ctx, tx, f.Today.Date())
	if err != nil {
		return err
	}
	for _, r := range rows {
		b := at(r.PersonID, r.Since)
		b.Returned, b.Overdue = b.Returned+r.Returned, b.Overdue+r.Overdue
	}
	if err := l.name(ctx, tx, sheets, waits); err != nil {
		return err
	}
	for _, s := range sheets {
		if s.Effective && !l.people[s.OwnerID].CanOwn() {
			l.ownerless++
		}
	}
	return nil
}

// name reads the people who own controls, hold tasks and are waited for.
func (l *ledger) name(ctx context.Context, tx *models.Tx, sheets []*occurrence.Sheet, waits map[int64]*Blocker) (err error) {
	var ids []int64
	for _, s := range sheets {
		ids = append(ids, s.OwnerID)
	}
	for _, t := range l.tasks {
		ids = append(ids, t.PersonID)
	}
	for id := range waits {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	if l.people, err = people.Named(ctx, tx, slices.Compact(ids)...); err != nil {
		return err
	}
	for id, b := range waits {
		b.Person = l.people[id]
		l.blockers = append(l.blockers, *b)
	}
	slices.SortFunc(l.blockers, func(a, b Blocker) int {
		return cmp.Or(cmp.Compare(a.Since, b.Since), strings.Compare(a.Person.Name, b.Person.Name))
	})
	return nil
}

// in lists the groups that s belongs to, each once, and notes what it covers.
func (l *ledger) in(s *occurrence.Sheet, f occurrence.Frame, codes []string) []string {
	var out []string
	for _, code := range codes {
		if s.InEffect(f) {
			l.covered[code] = true
		}
		if g := groupOf(code); len(out) == 0 || out[len(out)-1] != g {
			out = append(out, g)
		}
	}
	if s.AI {
		out = append(out, aiGroup)
	}
	return out
}

func (g *Group) add(standing occurrence.Standing, squares []occurrence.Square) {
	g.Controls++
	switch standing { //nolint:exhaustive // the others have no column
	case occurrence.Behind:
		g.Behind++
	case occurrence.Exception:
		g.Exceptions++
	}
	g.addSquares(squares)
}

func (g *Group) addSquares(squares []occurrence.Square) {
	for i := range squares {
		g.Squares[i].Add(squares[i])
	}
}

// placeOf lists the criteria in question that every control helped to meet on some of the
// days, in order, and the controls that an open finding is about.
func placeOf(ctx context.Context, tx *models.Tx, e engagement.Engagement, f occurrence.Frame, codes []string) (criteria map[int64][]string, weak map[int64]bool, err error) {
	type row struct {
		ControlID int64
		Code      string
	}
	days := f.Days.Span()
	open, args := openIn(e, f)
	rows, err := models.Raw[row](ctx, tx, `SELECT DISTINCT control_id, code FROM version_criteria WHERE framework = ? AND code IN ?
		AND effective_from <= ? AND (effective_to = '' OR effective_to >= ?)
		UNION ALL
		SELECT fc.control_id, '' FROM finding_controls fc JOIN findings ON findings.id = fc.finding_id WHERE `+open+`
		ORDER BY 1, 2`, append([]any{framework.SOC2, codes, days.To, days.From}, args...)...)
	criteria, weak = map[int64][]string{}, map[int64]bool{}
	for _, r := range rows {
		if r.Code == "" {
			weak[r.ControlID] = true
			continue
		}
		criteria[r.ControlID] = append(criteria[r.ControlID], r.Code)
	}
	return criteria, weak, err
}

// openIn is a condition on findings: those that are open or, of a period that is over, that
// were at the end of its last day, whatever became of them since. What its fieldwork found
// after that day was so then; what was dismissed never was.
func openIn(e engagement.Engagement, f occurrence.Frame) (string, []any) {
	if !f.Over() {
		return "findings.status NOT IN ?", []any{closedStatuses()}
	}
	_, until := f.Days.Span().Instants(f.Zone)
	return `EXISTS (SELECT 1 FROM finding_cycles y WHERE y.finding_id = findings.id AND y.outcome <> 'dismissed'
		AND (y.opened_at < ? AND (y.closed_at IS NULL OR y.closed_at >= ?) OR y.opened_at >= ? AND y.number = 1 AND findings.engagement_id = ?))`,
		[]any{until, until, until, e.ID}
}

// A Point is where the headline stood at the end of a day, as it was known then.
type Point struct {
	Day models.Date
	Counts
}

type dayRow struct {
	EngagementID int64       `gorm:"primaryKey;autoIncrement:false"`
	Day          models.Date `gorm:"primaryKey"`
	Counts       string
}

func (dayRow) TableName() string { return "readiness_days" }

// WhyUnlogged says why changing one leaves no leaf.
func (dayRow) WhyUnlogged() string { return "it is derived from logged rows, as they were on a day" }

// Note keeps where the current period stands today. The clock does it before midnight; a
// day that is there already is written anew, so that the last look of a day counts.
func Note(ctx context.Context, tx *models.Tx) error {
	var p Picture
	if err := p.look(ctx, tx, ""); err != nil || !p.Period() {
		return err
	}
	l, err := count(ctx, tx, p.Engagement, p.Frame, p.codes(), nil)
	if err != nil {
		return err
	}
	text, err := json.Marshal(l.counts)
	if err != nil {
		return err
	}
	row := dayRow{EngagementID: p.Engagement.ID, Day: p.Frame.Today.Date(), Counts: string(text)}
	if _, err := models.Remove[dayRow](ctx, tx, "engagement_id = ? AND day = ?", row.EngagementID, row.Day); err != nil {
		return err
	}
	return models.Put(ctx, tx, &row)
}

// History is the headline at the end of each week, the oldest first, for the last year.
func History(ctx context.Context, tx *models.Tx, engagement int64) ([]Point, error) {
	rows, err := models.Rows[dayRow](tx).Where("engagement_id = ?", engagement).Order("day DESC").Limit(400).Find(ctx)
	if err != nil {
		return nil, err
	}
	var out []Point
	week := ""
	for _, r := range rows { // the first of a week is its last day
		if w := weekOf(r.Day); w != week {
			week = w
			p := Point{Day: r.Day, Counts: Counts{}}
			if err := json.Unmarshal([]byte(r.Counts), &p.Counts); err != nil {
				return nil, err
			}
			out = append([]Point{p}, out...)
		}
	}
	return out, nil
}

// weekOf names the ISO week of a day.
func weekOf(d models.Date) string {
	year, week := d.In(time.UTC).ISOWeek()
	return fmt.Sprintf("%d-%d", year, week)
}
