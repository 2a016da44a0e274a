package readiness

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
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
	marks     []mark
	tasks     []occurrence.Task // the first of them
	owed      int               // how many there are
	blockers  []Blocker
	people    map[int64]people.Person
	history   []Point
}

// A mark is what is kept of each control: where it stands and what it belongs to.
type mark struct {
	id       int64
	code     string
	standing occurrence.Standing
	groups   uint32 // bit n is the n-th of the ledger's
}

// A slot holds the last ledger of a period: within a minute nothing falls due, and
// everything else that can change it is a leaf of the log, which empties the slot.
type slot struct {
	sync.Mutex
	minute int64
	ledger *ledger
}

type slotKey struct{ engagement int64 }

// A visitor sees each control with its months while they are counted. Nothing keeps them:
// of every control they are most of the memory.
type visitor func(*ledger, mark, *occurrence.Sheet, []occurrence.Square)

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

// batch is how many controls are judged at once.
var batch = 4096

// count judges every control in scope.
func count(ctx context.Context, tx *models.Tx, e engagement.Engagement, f occurrence.Frame, codes []string, visit visitor) (*ledger, error) {
	l := &ledger{counts: Counts{}, groups: groupsFor(codes, len(f.Months())), covered: map[string]bool{}}
	w := waits{on: map[int64]*Blocker{}, owns: map[int64]int{}}
	var days []dayRow
	batches, err := occurrence.Batches(ctx, tx, batch, noted(tx, e.ID, &days))
	if err == nil {
		l.history, err = weeks(days)
	}
	if err != nil {
		return nil, err
	}
	for _, some := range batches {
		sheets, err := occurrence.Sheets(ctx, tx, f, occurrence.Scope{Criteria: codes, Codes: some})
		if err != nil {
			return nil, err
		}
		criteria, weak, err := placeOf(ctx, tx, e, f, codes, some)
		if err != nil {
			return nil, err
		}
		for _, s := range sheets {
			l.judge(s, f, criteria[s.ID], weak[s.ID], visit)
		}
		w.add(l, f, sheets)
	}
	return l, w.settle(ctx, tx, l, f)
}

// judge counts one control.
func (l *ledger) judge(s *occurrence.Sheet, f occurrence.Frame, criteria []string, weak bool, visit visitor) {
	squares := s.Squares(f)
	m := mark{id: s.ID, code: s.Code, standing: s.Standing(f, weak), groups: l.in(s, f, criteria)}
	ended := s.Ended(f) // what it owed until then stays in the squares
	for n := range l.groups {
		switch {
		case !m.in(n):
		case ended:
			l.groups[n].addSquares(squares)
		default:
			l.groups[n].add(m.standing, squares)
		}
	}
	if ended {
		return
	}
	l.counts[m.standing]++
	l.watch.Add(s.Watch(f))
	l.marks = append(l.marks, m)
	if visit != nil {
		visit(l, m, s, squares)
	}
}

func (m mark) in(group int) bool { return m.groups>>group&1 == 1 }

// A Row is one control of the period.
type Row struct {
	Code, Title string
	OwnerID     int64
	Frequency   string
	Standing    occurrence.Standing
	Squares     []occurrence.Square // one a month
}

func rowOf(m mark, s *occurrence.Sheet, f occurrence.Frame, squares []occurrence.Square) Row {
	return Row{Code: s.Code, Title: s.Title, OwnerID: s.OwnerID, Frequency: s.FrequencyIn(f), Standing: m.standing, Squares: squares}
}

// PageSize is how many controls are shown at once.
const PageSize = 70

// A Turn is which controls of a long list, in the order of their codes, are shown: PageSize
// from the code after on.
type Turn struct {
	More   bool // there are others behind them
	after  string
	before []string // codes in front of them: a page of them, and the one before that page
	shown  int
}

// shows goes past the next control and reports whether it is one of those that are shown.
func (t *Turn) shows(code string) bool {
	switch {
	case code <= t.after:
		if t.before = append(t.before, code); len(t.before) > PageSize+1 {
			t.before = t.before[1:]
		}
		return false
	case t.shown == PageSize:
		t.More = true
		return false
	}
	t.shown++
	return true
}

// Earlier is the code from which on the controls in front of these are shown, "" being the
// first, and whether there are any.
func (t Turn) Earlier() (after string, any bool) {
	if len(t.before) > PageSize {
		after = t.before[0]
	}
	return after, len(t.before) > 0
}

// List reads the controls of a period that have the standing and are in the group, ""
// being any, from the code after on.
func List(ctx context.Context, tx *models.Tx, slug string, standing occurrence.Standing, group, after string) (p Picture, rows []Row, turn Turn, err error) {
	turn.after = after
	var found []mark
	take := func(l *ledger, m mark) bool {
		if standing != "" && m.standing != standing || group != "" && !m.in(l.place(group)) || !turn.shows(m.code) {
			return false
		}
		found = append(found, m)
		return true
	}
	if err = p.look(ctx, tx, slug); err != nil || !p.Programme.Ready() {
		return p, nil, turn, err
	}
	l, counted, err := p.fill(ctx, tx, func(l *ledger, m mark, s *occurrence.Sheet, squares []occurrence.Square) {
		if take(l, m) {
			rows = append(rows, rowOf(m, s, p.Frame, squares))
		}
	})
	if err != nil || counted {
		return p, rows, turn, err
	}
	for _, m := range l.marks {
		take(l, m)
	}
	rows, err = rowsOf(ctx, tx, p.Frame, p.codes(), found)
	return p, rows, turn, err
}

// place is the group with the code, or one that nothing is in.
func (l *ledger) place(group string) int {
	if n := slices.IndexFunc(l.groups, func(g Group) bool { return g.Code == group }); n >= 0 {
		return n
	}
	return len(l.groups)
}

// rowsOf reads the controls that were found.
func rowsOf(ctx context.Context, tx *models.Tx, f occurrence.Frame, codes []string, found []mark) ([]Row, error) {
	at, ids := make(map[int64]mark, len(found)), make([]int64, len(found))
	for n, m := range found {
		ids[n], at[m.id] = m.id, m
	}
	sheets, err := occurrence.Sheets(ctx, tx, f, occurrence.Scope{Controls: ids, Criteria: codes})
	rows := make([]Row, len(sheets))
	for n, s := range sheets {
		rows[n] = rowOf(at[s.ID], s, f, s.Squares(f))
	}
	return rows, err
}

// TaskWeek is how many days ahead a list of what is due looks.
const TaskWeek = 7

// mostTasks is how many of the tasks are kept, the earliest.
const mostTasks = 1000

// waits collect who is waited for.
type waits struct {
	on   map[int64]*Blocker
	owns map[int64]int // how many controls in effect somebody answers for, 0 being nobody
}

func (w waits) at(person int64, since models.Date) *Blocker {
	b := w.on[person]
	if b == nil {
		b = &Blocker{Since: since}
		w.on[person] = b
	}
	b.Since = min(b.Since, since)
	return b
}

// add adds what is late or due of these controls, and who answers for them.
func (w waits) add(l *ledger, f occurrence.Frame, sheets []*occurrence.Sheet) {
	f.Days = occurrence.TaskDays(f.Days.First.Date(), f.Today)
	for _, t := range occurrence.Tasks(sheets, f) {
		if t.Window.Due > f.Today+TaskWeek || t.Window.First > f.Today {
			continue
		}
		l.owed++
		l.tasks = append(l.tasks, t)
		if t.Late(f.Today) && t.PersonID != 0 {
			w.at(t.PersonID, t.Window.Due.Date()).Late++
		}
	}
	slices.SortStableFunc(l.tasks, func(a, b occurrence.Task) int { return cmp.Compare(a.Window.Due, b.Window.Due) })
	if len(l.tasks) > mostTasks {
		l.tasks = slices.Clone(l.tasks[:mostTasks])
	}
	for _, s := range sheets {
		n := 0
		if s.Effective {
			n = 1
		}
		w.owns[s.OwnerID] += n // also whoever owns none in effect: lists name them
	}
}

// settle adds what was returned and what findings ask, names everybody, and counts the
// controls that nobody answers for.
func (w waits) settle(ctx context.Context, tx *models.Tx, l *ledger, f occurrence.Frame) error {
	rows, err := waitRows(ctx, tx)
	if err != nil {
		return err
	}
	for _, r := range rows {
		since, err := r.since(f.Zone)
		if err != nil {
			return err
		}
		b := w.at(r.PersonID, since)
		b.Returned, b.Overdue = b.Returned+r.Returned, b.Overdue+r.Overdue
	}
	ids := slices.Concat(slices.Collect(maps.Keys(w.owns)), slices.Collect(maps.Keys(w.on)))
	for _, t := range l.tasks {
		ids = append(ids, t.PersonID)
	}
	slices.Sort(ids)
	if l.people, err = people.Named(ctx, tx, slices.Compact(ids)...); err != nil {
		return err
	}
	for id, n := range w.owns {
		if !l.people[id].CanOwn() {
			l.ownerless += n
		}
	}
	for id, b := range w.on {
		b.Person = l.people[id]
		l.blockers = append(l.blockers, *b)
	}
	slices.SortFunc(l.blockers, func(a, b Blocker) int {
		return cmp.Or(cmp.Compare(a.Since, b.Since), strings.Compare(a.Person.Name, b.Person.Name))
	})
	return nil
}

// in are the groups that s belongs to; what it covers is noted.
func (l *ledger) in(s *occurrence.Sheet, f occurrence.Frame, criteria []string) (groups uint32) {
	for _, code := range criteria {
		if s.InEffect(f) {
			l.covered[code] = true
		}
		groups |= 1 << l.place(groupOf(code))
	}
	if s.AI {
		groups |= 1 << l.place(aiGroup)
	}
	return groups
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
// days, in order, and the controls that an open finding is about, of those with some codes.
func placeOf(ctx context.Context, tx *models.Tx, e engagement.Engagement, f occurrence.Frame, codes []string, some occurrence.Codes) (criteria map[int64][]string, weak map[int64]bool, err error) {
	type row struct {
		ControlID int64
		Code      string
	}
	days := f.Days.Span()
	open, more := openIn(e, f)
	args := []any{framework.SOC2, codes, days.To, days.From}
	among := ""
	if some != (occurrence.Codes{}) {
		cond, a := some.Where("controls.code")
		among, args = "AND control_id IN (SELECT controls.id FROM controls WHERE "+cond+")", append(args, a...)
	}
	rows, err := models.Raw[row](ctx, tx, `SELECT DISTINCT control_id, code FROM version_criteria WHERE framework = ? AND code IN ?
		AND effective_from <= ? AND (effective_to = '' OR effective_to >= ?) `+among+`
		UNION ALL
		SELECT fc.control_id, '' FROM finding_controls fc JOIN findings ON findings.id = fc.finding_id WHERE `+open+`
		ORDER BY 1, 2`, append(args, more...)...)
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
	var days []dayRow
	if err := models.Together(ctx, tx, noted(tx, engagement, &days)); err != nil {
		return nil, err
	}
	return weeks(days)
}

// noted is the reading of what was noted in the last year, the newest first.
func noted(tx *models.Tx, engagement int64, days *[]dayRow) models.Reading {
	return models.Into(models.Rows[dayRow](tx).Where("engagement_id = ?", engagement).Order("day DESC").Limit(400), days)
}

func weeks(days []dayRow) (out []Point, err error) {
	week := ""
	for _, r := range days { // the first of a week is its last day
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
