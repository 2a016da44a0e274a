package finding

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/control"
)

// A Group is a coarse choice of statuses, as the tabs of the register offer it.
type Group string

// The groups.
const (
	Everything Group = ""
	OpenOnes   Group = "open"
	ClosedOnes Group = "closed"
	Overdue    Group = "overdue"
)

// A Filter chooses findings. Its zero value chooses all that the actor may see.
type Filter struct {
	Group        Group
	Status       Status
	Severity     Severity
	Source       Source
	OwnerID      int64
	ControlID    int64
	EngagementID int64
	Age          int // 1 to 4: one of the Ages of open findings
	Text         string
	Sort         Order
}

// An Order is how a list goes.
type Order string

// The orders. Each is stable and served by an index.
const (
	Newest   Order = ""    // number, falling
	DueFirst Order = "due" // what waits longest for its date
	Oldest   Order = "age" // the present cycle that was opened first
)

// matches bounds how many findings a text search considers.
const matches = 1000

// where is f as one condition.
func (f Filter) where(tx *models.Tx, today Day) (string, []any) {
	conds, args := []string{"findings.id > 0"}, []any(nil)
	and := func(used bool, cond string, values ...any) {
		if used {
			conds, args = append(conds, cond), append(args, values...)
		}
	}
	and(f.Group == OpenOnes || f.Group == Overdue || f.Age > 0, "findings.status IN ?", statuses(true))
	and(f.Group == ClosedOnes, "findings.status IN ?", statuses(false))
	and(f.Group == Overdue, "findings.due_on <> '' AND findings.due_on < ?", today.Date)
	and(f.Status != "", "findings.status = ?", f.Status)
	and(f.Severity != "", "findings.severity = ?", f.Severity)
	and(f.Source != "", "findings.source = ?", f.Source)
	and(f.OwnerID != 0, "findings.owner_id = ?", f.OwnerID)
	and(f.EngagementID != 0, "findings.engagement_id = ?", f.EngagementID)
	and(f.ControlID != 0, "findings.id IN (SELECT finding_id FROM finding_controls WHERE control_id = ?)", f.ControlID)
	from, to, aged := today.bucket(f.Age)
	and(aged, "findings.cycle_opened_at < ?", to)
	and(!from.IsZero(), "findings.cycle_opened_at >= ?", from)
	text, values, typed := Search.Matching(tx, "findings.id", f.Text, matches)
	and(typed, text, values...)
	return strings.Join(conds, " AND "), args
}

func statuses(open bool) []Status {
	return slices.DeleteFunc(slices.Clone(Statuses), func(s Status) bool { return s.Open() != open })
}

func (o Order) sort() (models.Sort, func(Finding) []any) {
	switch o {
	case DueFirst:
		return models.Sort{Columns: []string{"due_on", "id"}}, func(f Finding) []any { return []any{string(f.DueOn), f.ID} }
	case Oldest:
		return models.Sort{Columns: []string{"cycle_opened_at", "id"}}, func(f Finding) []any { return []any{f.CycleOpenedAt, f.ID} }
	case Newest:
	}
	return models.Sort{Columns: []string{"id"}, Desc: true}, func(f Finding) []any { return []any{f.ID} }
}

// List reads a page of the findings that the actor may see.
func List(ctx context.Context, tx *models.Tx, f Filter, page models.Page) (models.Window[Finding], error) {
	today, err := Today(ctx, tx)
	if err != nil {
		return models.Window[Finding]{}, err
	}
	sort, key := f.Sort.sort()
	cond, args := f.where(tx, today)
	return models.Keyset(ctx, models.Rows[Finding](tx).Where(cond, args...), sort, page, key)
}

// Every goes through all the findings that f chooses, a few hundred at a time.
func Every(ctx context.Context, tx *models.Tx, f Filter) iter.Seq2[[]Finding, error] {
	return func(yield func([]Finding, error) bool) {
		for page := (models.Page{Limit: 500}); ; {
			w, err := List(ctx, tx, f, page)
			if !yield(w.Items, err) || err != nil || w.Later == "" {
				return
			}
			page.After = w.Later
		}
	}
}

// Ages are the bounds of ageing, in days since the present cycle was opened: up to 30,
// up to 60, up to 90, and more.
var Ages = []int{30, 60, 90}

// bucket is the stretch of instants [from, to) at which findings of age class n, from
// 1, were opened.
func (d Day) bucket(n int) (from, to time.Time, ok bool) {
	if n < 1 || n > len(Ages)+1 {
		return from, to, false
	}
	to = d.Date.AddDays(1).In(d.Zone)
	if n > 1 {
		to = d.Date.AddDays(-Ages[n-2]).In(d.Zone)
	}
	if n <= len(Ages) {
		from = d.Date.AddDays(-Ages[n-1]).In(d.Zone)
	}
	return from, to, true
}

// A Summary counts what the actor may see.
type Summary struct {
	Open, Overdue, Closed int64
	FromAudit             int64   // open ones
	Ageing                []int64 // open ones, by Ages
}

// Summarise counts the findings that f chooses, in one query. What f says of groups and
// ages is left out, since these are what is counted.
func Summarise(ctx context.Context, tx *models.Tx, f Filter) (s Summary, err error) {
	today, err := Today(ctx, tx)
	if err != nil {
		return s, err
	}
	visible, scope := Finding{}.VisibleTo(tx.Actor)
	var parts []string
	var args []any
	count := func(f Filter) {
		cond, values := f.where(tx, today)
		if visible != "" {
			cond, values = cond+" AND "+visible, append(values, scope...)
		}
		parts, args = append(parts, "SELECT count(*) AS n FROM findings WHERE "+cond), append(args, values...)
	}
	f.Group, f.Age = OpenOnes, 0
	count(f)
	for age := range len(Ages) + 1 {
		f.Age = age + 1
		count(f)
	}
	f.Group, f.Age = Overdue, 0
	count(f)
	f.Group = ClosedOnes
	count(f)
	f.Group = OpenOnes
	if f.Source == "" || f.Source == FromAudit {
		f.Source = FromAudit
		count(f)
	}
	n, err := counted(ctx, tx, parts, args)
	if err != nil {
		return s, err
	}
	s = Summary{Open: n[0], Ageing: n[1 : len(Ages)+2], Overdue: n[len(Ages)+2], Closed: n[len(Ages)+3]}
	if len(n) > len(Ages)+4 {
		s.FromAudit = n[len(Ages)+4]
	}
	return s, nil
}

// counted asks several counts at once.
func counted(ctx context.Context, tx *models.Tx, counts []string, args []any) ([]int64, error) {
	type row struct{ Place, N int64 }
	for i, c := range counts {
		counts[i] = fmt.Sprintf("SELECT %d AS place, (%s) AS n", i, c)
	}
	rows, err := models.Raw[row](ctx, tx, strings.Join(counts, " UNION ALL "), args...)
	out := make([]int64, len(counts))
	for _, r := range rows {
		out[r.Place] = r.N
	}
	return out, err
}

// ProgressOf reads how far the present plans of these findings are.
func ProgressOf(ctx context.Context, tx *models.Tx, list []Finding) (map[int64]Progress, error) {
	out := map[int64]Progress{}
	if len(list) == 0 {
		return out, nil
	}
	type row struct {
		FindingID int64
		Status    MilestoneStatus
		N         int
	}
	rows, err := models.Raw[row](ctx, tx, `
		SELECT m.finding_id, m.status, count(*) AS n FROM milestones m
		JOIN remediation_plans p ON p.id = m.plan_id JOIN findings f ON f.id = m.finding_id AND f.cycle = p.cycle
		WHERE m.finding_id IN ? AND m.status <> 'cancelled' GROUP BY m.finding_id, m.status`, ids(list))
	for _, r := range rows {
		p := out[r.FindingID]
		p.Total += r.N
		if !r.Status.Open() {
			p.Done += r.N
		}
		out[r.FindingID] = p
	}
	return out, err
}

// ControlsOf reads the affected controls of these findings, as far as the actor may
// see them, by finding.
func ControlsOf(ctx context.Context, tx *models.Tx, list []Finding) (map[int64][]control.Control, error) {
	if len(list) == 0 {
		return nil, nil
	}
	var a affected
	err := models.Together(ctx, tx, a.links(tx, list), a.of(tx, list))
	return a.byFinding(), err
}

// affected are the controls of findings, and which of which.
type affected struct {
	list     []Affected
	controls []control.Control
}

func (a *affected) links(tx *models.Tx, list []Finding) models.Reading {
	return models.Into(models.Rows[Affected](tx).Where("finding_id IN ?", ids(list)), &a.list)
}

func (a *affected) of(tx *models.Tx, list []Finding) models.Reading {
	return models.Into(models.Rows[control.Control](tx).Where("controls.id IN (SELECT control_id FROM finding_controls WHERE finding_id IN ?)", ids(list)).Order("code"), &a.controls)
}

func (a *affected) byFinding() map[int64][]control.Control {
	out := map[int64][]control.Control{}
	for _, k := range a.controls {
		for _, l := range a.list {
			if l.ControlID == k.ID {
				out[l.FindingID] = append(out[l.FindingID], k)
			}
		}
	}
	return out
}

func ids(list []Finding) []int64 {
	out := make([]int64, len(list))
	for i, f := range list {
		out[i] = f.ID
	}
	return out
}

// ForControl is the query for the findings that affect a control, newest first.
func ForControl(tx *models.Tx, controlID int64) models.Query[Finding] {
	return models.Rows[Finding](tx).
		Where("findings.id IN (SELECT finding_id FROM finding_controls WHERE control_id = ?)", controlID).
		Order("findings.id DESC")
}

// Waiting are the open findings, the open steps and the requests that wait for the
// actor, for their list of tasks.
type Waiting struct {
	Findings   []Finding // they answer for
	Milestones []Milestone
	Decisions  []Finding // somebody else's plan, remediation or facts to decide about
}

// WaitingFor reads what waits for the actor.
func WaitingFor(ctx context.Context, tx *models.Tx) (w Waiting, err error) {
	a := tx.Actor
	all := []models.Reading{
		models.Into(models.Rows[Finding](tx).Where("findings.owner_id = ? AND findings.status IN ?", a.ID, statuses(true)).Order("due_on, id").Limit(100), &w.Findings),
		models.Into(models.Rows[Milestone](tx).
			Where("milestones.owner_id = ? AND milestones.status IN ?", a.ID, []MilestoneStatus{MilestonePlanned, MilestoneInProgress}).
			Where("milestones.plan_id IN (SELECT p.id FROM remediation_plans p JOIN findings f ON f.id = p.finding_id AND f.cycle = p.cycle WHERE p.status IN ('approved', 'in_progress') AND f.status IN ('remediation_planned', 'in_remediation'))").
			Order("due_on, id").Limit(100), &w.Milestones),
	}
	if a.Can(access.FindingManage) {
		all = append(all, models.Into(models.Rows[Finding](tx).
			Where("findings.status IN ? OR findings.id IN (SELECT p.finding_id FROM remediation_plans p JOIN findings f ON f.id = p.finding_id AND f.cycle = p.cycle WHERE p.status = 'submitted' AND p.owner_id <> ? AND f.status = 'rated')",
				[]Status{Disputed, FactsConfirmed, ReadyForVerification}, a.ID).
			Order("due_on, id").Limit(100), &w.Decisions))
	}
	return w, models.Together(ctx, tx, all...)
}
