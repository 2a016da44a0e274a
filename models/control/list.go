package control

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"assay/models"
	"assay/models/access"
	"assay/models/framework"
)

// Nobody is the Filter.Owner of controls without one.
const Nobody = "none"

// A Filter narrows the list. The zero Filter narrows nothing. Its fields are what an
// address holds, so a saved view is a Filter and an Order.
type Filter struct {
	Text      string
	Framework string // its id
	Criterion string // as people write it: CC6.1, A.6.2.4
	Category  string // of controls: "Access control"
	Owner     string // id of a person, or Nobody
	Backup    string
	Frequency string
	Status    string
	AI        string // "yes" or "no"
}

// A Row is what the list shows of a control.
type Row struct {
	ID        int64
	Code      string
	Title     string
	Category  string
	OwnerID   *int64
	BackupID  *int64
	Frequency string
	Nature    string
	AI        bool
	Status    Status
	Version   int
}

// TableName is where controls live.
func (Row) TableName() string { return "controls" }

// VisibleTo is that of Control.
func (Row) VisibleTo(a access.Actor) (string, []any) { return Control{}.VisibleTo(a) }

// matches bounds how many hits of a text are considered; a page considers matchesARow for
// each row it shows.
const (
	matches     = 5000
	matchesARow = 50
)

// where is the condition of f. empty reports that nothing can match, such as a
// criterion that does not exist. A text that is the beginning of codes means those.
func (f Filter) where(ctx context.Context, tx *models.Tx, considered int) (cond string, args []any, empty bool, err error) {
	var conds []string
	add := func(c string, a ...any) { conds, args = append(conds, c), append(args, a...) }
	for _, eq := range []struct{ column, value string }{
		{"controls.category", f.Category}, {"controls.frequency", f.Frequency}, {"controls.status", f.Status},
	} {
		if eq.value != "" {
			add(eq.column+" = ?", eq.value)
		}
	}
	if f.AI != "" {
		add("controls.ai = ?", f.AI == "yes")
	}
	if f.Owner != "" {
		id, ok := personID(f.Owner)
		add("COALESCE(controls.owner_id, 0) = ?", id)
		empty = empty || !ok
	}
	switch f.Backup {
	case "":
	case Nobody:
		add("controls.backup_id IS NULL")
	default:
		id, ok := personID(f.Backup)
		add("controls.backup_id = ?", id)
		empty = empty || !ok
	}
	table, seen := criteriaSeen(tx.Actor)
	if f.Framework != "" {
		add("controls.id IN (SELECT control_id FROM "+table+" cc WHERE framework = ?)", append(slices.Clone(seen), f.Framework)...)
	}
	if f.Criterion != "" {
		id, code, ok := framework.NormaliseCriterion(f.Criterion)
		add("controls.id IN (SELECT control_id FROM "+table+" cc WHERE framework = ? AND code = ?)", append(slices.Clone(seen), id, code)...)
		empty = empty || !ok
	}
	codes, err := coded(ctx, tx, f.Text)
	switch {
	case err != nil:
		return "", nil, false, err
	case len(codes) > 0:
		add("controls.code IN ?", codes)
	case strings.TrimSpace(f.Text) != "":
		c, a, ok := index.Matching(tx, "controls.id", f.Text, considered)
		if ok {
			add(c, a...)
		}
		empty = empty || !ok
	}
	return strings.Join(conds, " AND "), args, empty, nil
}

func personID(s string) (int64, bool) {
	if s == Nobody {
		return 0, true
	}
	id, err := strconv.ParseInt(s, 10, 64)
	return id, err == nil && id > 0
}

// An Order is a column to sort by, with "-" before it to turn it round.
type Order string

// orders maps what an address may ask for to columns that an index serves.
var orders = map[Order][]string{
	"code":      {"controls.code"},
	"title":     {"controls.title", "controls.code"},
	"owner":     {"lower(control_owners.owner_name)", "control_owners.owner_id", "control_owners.code"},
	"frequency": {"controls.frequency", "controls.code"},
	"category":  {"controls.category", "controls.code"},
	"status":    {"controls.status", "controls.code"},
}

// Column is the column of o, "code" when there is no such.
func (o Order) Column() string {
	name := Order(strings.TrimPrefix(string(o), "-"))
	if orders[name] == nil {
		return "code"
	}
	return string(name)
}

// Desc reports whether o goes down.
func (o Order) Desc() bool { return strings.HasPrefix(string(o), "-") }

func (o Order) sort() models.Sort {
	return models.Sort{Columns: orders[Order(o.Column())], Desc: o.Desc()}
}

func (o Order) key(r Row) []any {
	switch o.Column() {
	case "title":
		return []any{r.Title, r.Code}
	case "frequency":
		return []any{r.Frequency, r.Code}
	case "category":
		return []any{r.Category, r.Code}
	case "status":
		return []any{string(r.Status), r.Code}
	}
	return []any{r.Code}
}

// List reads a page of the controls that f lets through, in the order o.
func List(ctx context.Context, tx *models.Tx, f Filter, o Order, page models.Page) (models.Window[Row], error) {
	considered := matches
	if page.Limit > 0 {
		considered = min(matches, matchesARow*page.Limit)
	}
	return list(ctx, tx, f, o, page, considered)
}

// Search finds at most n controls by what was typed, for answers while one types. Who sees
// every control needs no more hits than are shown.
func Search(ctx context.Context, tx *models.Tx, typed string, n int) ([]Row, error) {
	considered := n
	if cond, _ := (Control{}).VisibleTo(tx.Actor); cond != "" {
		considered = matchesARow * n
	}
	w, err := list(ctx, tx, Filter{Text: typed}, "", models.Page{Limit: n}, considered)
	return w.Items, err
}

func list(ctx context.Context, tx *models.Tx, f Filter, o Order, page models.Page, considered int) (models.Window[Row], error) {
	cond, args, empty, err := f.where(ctx, tx, considered)
	if err != nil || empty {
		return models.Window[Row]{}, err
	}
	if o.Column() == "owner" {
		return byOwner(ctx, tx, cond, args, o, page)
	}
	q := models.Rows[Row](tx)
	if cond != "" {
		q = q.Where(cond, args...)
	}
	return models.Keyset(ctx, q, o.sort(), page, o.key)
}

// most is as far as Count counts.
const most = 1000

// Count says how many controls f lets through. It stops at 1,000 and then reports
// that there are more: counting them all would cost more than the list itself.
func Count(ctx context.Context, tx *models.Tx, f Filter) (n int, more bool, err error) {
	cond, args, empty, err := f.where(ctx, tx, matches)
	if err != nil || empty {
		return 0, false, err
	}
	if cond == "" {
		cond = "1 = 1"
	}
	if c, a := (Control{}).VisibleTo(tx.Actor); c != "" {
		cond, args = cond+" AND "+c, append(args, a...)
	}
	n, err = models.Kept(ctx, tx, f, func() (int, error) {
		return models.Value[int](ctx, tx, "SELECT count(*) FROM (SELECT 1 FROM controls WHERE "+cond+" LIMIT ?) counted", append(args, most+1)...)
	}, Control{})
	return min(n, most), n > most, err
}

// CriteriaOf reads the SOC 2 criteria of many controls in one query.
func CriteriaOf(ctx context.Context, tx *models.Tx, rows []Row) (map[int64][]string, error) {
	out := make(map[int64][]string, len(rows))
	if len(rows) == 0 {
		return out, nil
	}
	ids := make([]int64, len(rows))
	for i, r := range rows {
		ids[i] = r.ID
	}
	table, args := criteriaSeen(tx.Actor)
	list, err := models.Raw[criterionRow](ctx, tx, "SELECT control_id, framework, code FROM "+table+" cc WHERE framework = ? AND control_id IN ? ORDER BY control_id, code",
		append(args, framework.SOC2, ids)...)
	for _, r := range list {
		out[r.ControlID] = append(out[r.ControlID], r.Code)
	}
	return out, err
}

// Categories lists the control categories in the catalog's order.
func Categories() []string {
	var out []string
	for _, g := range framework.ControlGroups() {
		if !slices.Contains(out, g.Title) {
			out = append(out, g.Title)
		}
	}
	return out
}
