package handlers

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"assay/models"
	"assay/models/access"
	"assay/models/control"
	"assay/models/engagement"
	"assay/models/finding"
	"assay/models/people"
	"assay/templates/findings"
	"assay/templates/ui"
	"assay/web"
)

const (
	findingsPageSize = 50
	findingsPrinted  = 1000
)

func (app *App) findingsList(w http.ResponseWriter, r *http.Request) error {
	d, err := read(app, r, func(ctx context.Context, tx *models.Tx) (findings.ListData, error) {
		return findingsData(ctx, tx, r)
	})
	if err != nil {
		return err
	}
	return app.page(w, r, http.StatusOK, findings.List(d))
}

// findingFields narrow the register, beside the tab and the age.
var findingFields = []string{"q", "status", "severity", "source", "owner", "control", "engagement"}

// findingFilter reads the filter in the address. Without a group it is the open ones.
// A control that the actor cannot see is refused like one that is not there.
func findingFilter(ctx context.Context, tx *models.Tx, r *http.Request) (finding.Filter, error) {
	q := web.Query(r)
	f := finding.Filter{
		Group: finding.Group(cmp.Or(q.Line("group", 10), string(finding.OpenOnes))), Age: q.Int("age"),
		Status: finding.Status(q.Line("status", 30)), Severity: finding.Severity(q.Line("severity", 20)),
		Source: finding.Source(q.Line("source", 20)), OwnerID: q.ID("owner"), EngagementID: q.ID("engagement"),
		Text: q.Line("q", 200), Sort: finding.Order(q.Line("sort", 10)),
	}
	if f.Group == "all" || f.Status != "" {
		f.Group = finding.Everything
	}
	if code := q.Line("control", 40); code != "" {
		c, err := control.ByCode(ctx, tx, code)
		if models.KindOf(err) == models.KindNotFound {
			q.Refuse("control", "No control has the code "+code+".")
		} else if err != nil {
			return f, err
		}
		f.ControlID = c.ID
	}
	return f, q.Err()
}

func findingsData(ctx context.Context, tx *models.Tx, r *http.Request) (findings.ListData, error) {
	d := findings.ListData{Filter: map[string]string{}, Print: r.URL.Query().Has("print")}
	for _, name := range append([]string{"group", "age", "sort"}, findingFields...) {
		d.Filter[name] = r.URL.Query().Get(name)
		d.Narrowed = d.Narrowed || d.Filter[name] != "" && name != "group" && name != "sort"
	}
	d.Query = findingQuery(r, "")
	f, err := findingFilter(ctx, tx, r)
	if d.Errors = web.Errors(err); d.Errors != nil {
		return d, nil
	} else if err != nil {
		return d, err
	}
	if d.Summary, err = finding.Summarise(ctx, tx, f); err != nil {
		return d, err
	}
	d.Tabs, d.Ageing = findingTabs(r, f, d.Summary, tx.Actor), findingAges(r, f, d.Summary)
	size := findingsPageSize
	if d.Print {
		size = findingsPrinted
	}
	list, err := finding.List(ctx, tx, f, web.PageOf(r, size))
	if err != nil {
		return d, err
	}
	if d.Print {
		d.More = list.Later != ""
	} else {
		d.Earlier, d.Later = evidenceCursors(r, list.Earlier, list.Later)
	}
	if d.Rows, err = findingRows(ctx, tx, list.Items); err != nil {
		return d, err
	}
	if d.Engagements, err = engagementOptions(ctx, tx); err != nil {
		return d, err
	}
	d.Owners, err = evidenceUploaders(ctx, tx)
	return d, err
}

// findingQuery is the query of this view with changes, as name, value, name, value …
func findingQuery(r *http.Request, changes ...string) string {
	q := r.URL.Query()
	for _, name := range []string{"after", "before", "print"} {
		q.Del(name)
	}
	for i := 0; i+1 < len(changes); i += 2 {
		q.Set(changes[i], changes[i+1])
	}
	for name, values := range q {
		if len(values) == 0 || values[0] == "" {
			q.Del(name)
		}
	}
	if len(q) == 0 {
		return ""
	}
	return "?" + q.Encode()
}

func findingTabs(r *http.Request, f finding.Filter, s finding.Summary, a access.Actor) []ui.Tab {
	count := func(n int64) string { return strconv.FormatInt(n, 10) }
	mine := a.Can(access.FindingRespond)
	tabs := []ui.Tab{
		{Label: "Open", Href: findingQuery(r, "group", "", "status", "", "age", ""), Count: count(s.Open), Current: f.Group == finding.OpenOnes && f.Age == 0},
		{Label: "Past the date", Href: findingQuery(r, "group", "overdue", "status", "", "age", ""), Count: count(s.Overdue), Current: f.Group == finding.Overdue},
		{Label: "Closed", Href: findingQuery(r, "group", "closed", "status", "", "age", ""), Count: count(s.Closed), Current: f.Group == finding.ClosedOnes},
		{Label: "All", Href: findingQuery(r, "group", "all", "status", "", "age", ""), Current: f.Group == finding.Everything && f.Status == ""},
	}
	if mine {
		own := "?owner=" + strconv.FormatInt(a.ID, 10)
		tabs = append(tabs, ui.Tab{Label: "Mine", Href: own, Current: r.URL.RawQuery == own[1:]})
	}
	for i := range tabs {
		tabs[i].Href = "/findings" + tabs[i].Href
	}
	return tabs
}

func findingAges(r *http.Request, f finding.Filter, s finding.Summary) []ui.Tab {
	if s.Open == 0 || f.Group == finding.ClosedOnes {
		return nil
	}
	tabs := make([]ui.Tab, len(s.Ageing))
	for i, n := range s.Ageing {
		age := strconv.Itoa(i + 1)
		tabs[i] = ui.Tab{Label: findings.AgeLabel(i + 1), Href: "/findings" + findingQuery(r, "group", "", "age", age), Count: strconv.FormatInt(n, 10), Current: f.Age == i+1}
	}
	return tabs
}

// findingRows adds controls, progress and names to findings, in three queries.
func findingRows(ctx context.Context, tx *models.Tx, list []finding.Finding) ([]findings.Row, error) {
	today, err := finding.Today(ctx, tx)
	if err != nil {
		return nil, err
	}
	controls, err := finding.ControlsOf(ctx, tx, list)
	if err != nil {
		return nil, err
	}
	progress, err := finding.ProgressOf(ctx, tx, list)
	if err != nil {
		return nil, err
	}
	var ids []int64
	for _, f := range list {
		ids = append(ids, f.RaisedBy)
		if f.OwnerID != nil {
			ids = append(ids, *f.OwnerID)
		}
	}
	names, err := control.Named(ctx, tx, ids...)
	rows := make([]findings.Row, len(list))
	for i, f := range list {
		rows[i] = findings.Row{
			Finding: f, Controls: controls[f.ID], Progress: progress[f.ID], Age: today.Age(f), Overdue: today.Overdue(f),
			RaisedBy: names[f.RaisedBy].Name,
		}
		if f.OwnerID != nil {
			rows[i].Owner = names[*f.OwnerID].Name
		}
	}
	return rows, err
}

// engagementOptions lists the engagements that the actor may see.
func engagementOptions(ctx context.Context, tx *models.Tx) ([]ui.Option, error) {
	list, err := engagement.List(ctx, tx)
	out := make([]ui.Option, len(list))
	for i, e := range list {
		out[i] = ui.Option{Value: strconv.FormatInt(e.ID, 10), Label: e.Name}
	}
	return out, err
}

// answerable lists who can be made to answer for something.
func answerable(ctx context.Context, tx *models.Tx) ([]ui.Option, error) {
	if !tx.Actor.Company() {
		return nil, nil
	}
	list, err := people.Holders(ctx, tx, access.Owner, access.Compliance)
	var out []ui.Option
	for _, p := range list {
		if p.Status != people.Deactivated {
			out = append(out, ui.Option{Value: strconv.FormatInt(p.ID, 10), Label: p.Name, Group: p.Role.Label()})
		}
	}
	slices.SortStableFunc(out, func(a, b ui.Option) int { return cmp.Compare(a.Group, b.Group) })
	return out, err
}

func findingHref(id int64) string { return "/findings/" + url.PathEscape(finding.Code(id)) }
