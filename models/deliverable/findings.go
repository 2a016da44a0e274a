package deliverable

import (
	"context"
	"fmt"
	"strings"

	"assay/models"
	"assay/models/control"
	"assay/models/engagement"
	"assay/models/finding"
	"assay/models/people"
	"assay/models/rollforward"
)

// A FindingLine is what the findings and remediation report says of one finding.
type FindingLine struct {
	finding.Case
	Where   string // the cells it was raised from
	Codes   []string
	Raised  string
	Answer  string   // the last one that was given
	Cover   []string // compensating controls
	Remedy  string
	Actions []string // milestones and extensions
	Again   []string // retests
	History []string // a cycle each
	Age     int      // days of the present cycle
	Overdue bool
}

// FindingColumns are the names of Cells.
var FindingColumns = []string{
	"Finding", "Title", "Controls", "Seen in", "Condition", "Criterion", "Cause", "Effect", "Severity", "In the report", "Status", "Age in days", "Overdue",
	"Raised", "Management response", "Compensating controls", "Remediation plan", "Milestones and extensions", "Retests", "Cycles",
}

// Cells are l as a row of a file.
func (l FindingLine) Cells() []string {
	overdue := "no"
	if l.Overdue {
		overdue = "yes"
	}
	return []string{
		l.Code(), l.Title, strings.Join(l.Codes, " "), l.Where, l.Condition, l.Criterion, l.Cause, l.Effect, l.Severity.Label(), l.ReportEffect.Label(), l.Status.Label(),
		fmt.Sprint(l.Age), overdue, l.Raised, l.Answer, strings.Join(l.Cover, "; "), l.Remedy, strings.Join(l.Actions, "; "), strings.Join(l.Again, "; "), strings.Join(l.History, "; "),
	}
}

// FindingsPage is a page of the findings and remediation report of an engagement.
func FindingsPage(ctx context.Context, tx *models.Tx, e engagement.Engagement, page models.Page) (models.Window[FindingLine], error) {
	w, err := finding.List(ctx, tx, finding.Filter{EngagementID: e.ID, Source: finding.FromAudit}, page)
	if err != nil {
		return models.Window[FindingLine]{}, err
	}
	lines, err := findingLines(ctx, tx, w.Items)
	return models.Window[FindingLine]{Items: lines, Earlier: w.Earlier, Later: w.Later}, err
}

// CarriedColumn is the last one: it marks what is history of an earlier period.
const CarriedColumn = "Carried over from"

// CarriedCells are a finding of an earlier period as a row of a file. It is history, so it
// says only what it was when it was carried over.
func CarriedCells(h rollforward.History) []string {
	row := make([]string, len(FindingColumns)+1)
	for i, name := range FindingColumns {
		switch name {
		case "Finding":
			row[i] = h.Code()
		case "Title":
			row[i] = h.Title
		case "Severity":
			row[i] = h.Severity.Label()
		case "In the report":
			row[i] = "History, no exception of this period"
		case "Status":
			row[i] = h.Status.Label() + " when it was carried over"
		}
	}
	row[len(FindingColumns)] = h.Origin()
	return row
}

// Findings are all lines of the report, the newest finding first.
func Findings(ctx context.Context, tx *models.Tx, e engagement.Engagement) (out []FindingLine, err error) {
	for list, err := range finding.Every(ctx, tx, finding.Filter{EngagementID: e.ID, Source: finding.FromAudit}) {
		if err != nil {
			return nil, err
		}
		lines, err := findingLines(ctx, tx, list)
		if err != nil {
			return nil, err
		}
		out = append(out, lines...)
	}
	return out, nil
}

func findingLines(ctx context.Context, tx *models.Tx, list []finding.Finding) ([]FindingLine, error) {
	if len(list) == 0 {
		return nil, nil
	}
	cases, err := finding.CasesOf(ctx, tx, list)
	if err != nil {
		return nil, err
	}
	audit, err := finding.AuditOf(ctx, tx, cases...)
	if err != nil {
		return nil, err
	}
	today, err := finding.Today(ctx, tx)
	if err != nil {
		return nil, err
	}
	var ids []int64
	for _, c := range cases {
		ids = append(ids, c.People()...)
	}
	names, err := control.Named(ctx, tx, ids...)
	out := make([]FindingLine, len(cases))
	for i, c := range cases {
		l := FindingLine{Case: c, Age: today.Age(c.Finding), Overdue: today.Overdue(c.Finding)}
		l.say(names, audit)
		out[i] = l
	}
	return out, err
}

func (l *FindingLine) say(names map[int64]people.Person, audit finding.AuditPart) {
	l.Raised = names[l.RaisedBy].Name
	if l.BroughtIn() {
		l.Raised += ", brought in by " + names[*l.EnteredBy].Name
	}
	for _, k := range l.Controls {
		l.Codes = append(l.Codes, k.Code)
	}
	var where []string
	for _, c := range l.Case.Cells {
		where = append(where, c.Test()+", "+c.Words())
	}
	l.Where = strings.Join(where, "; ")
	l.Answer = "None"
	if r := l.Response(); r != nil {
		l.Answer = r.Position.Label() + ". " + r.Text + " (" + names[r.PersonID].Name + ", " + strings.ToLower(r.Status.Label()) + ")"
	}
	for _, c := range audit.Covers[l.ID] {
		l.Cover = append(l.Cover, c.Code+": "+c.Covers+" "+c.Result())
	}
	for _, t := range audit.Retests(&l.Case) {
		said := t.Status.Label()
		if t.Words != "" {
			said = t.Words
		}
		l.Again = append(l.Again, fmt.Sprintf("%s from %s: %s", t.Code(), t.FromDay, said))
	}
	l.sayPlan(names)
	for _, c := range l.Cycles {
		text := fmt.Sprintf("%d: opened %s", c.Number, c.OpenedAt.UTC().Format("2006-01-02"))
		if c.ClosedAt != nil {
			text += fmt.Sprintf(", %s %s by %s", strings.ToLower(c.Outcome.Label()), c.ClosedAt.UTC().Format("2006-01-02"), nameOf(names, c.ClosedBy)+broughtIn(names, c.ClosedBy, c.ClosedEntry))
		}
		l.History = append(l.History, text)
	}
}

func (l *FindingLine) sayPlan(names map[int64]people.Person) {
	p := l.Plan()
	if p == nil {
		l.Remedy = "None in this cycle"
		return
	}
	l.Remedy = fmt.Sprintf("%s Owner %s, %s, due %s", p.Summary, names[p.OwnerID].Name, strings.ToLower(p.Status.Label()), p.DueOn)
	if p.DueOn != p.OriginalDueOn {
		l.Remedy += ", originally " + string(p.OriginalDueOn)
	}
	if p.VerifiedBy != nil {
		l.Remedy += ", verified by " + names[*p.VerifiedBy].Name
	}
	for _, m := range l.Steps(p.ID) {
		step := fmt.Sprintf("%s: %s, due %s", m.Title, strings.ToLower(m.Status.Label()), m.DueOn)
		if m.ProofID != nil {
			step += fmt.Sprintf(", proof E-%d", *m.ProofID)
		}
		l.Actions = append(l.Actions, step)
	}
	for _, x := range l.Extensions {
		if x.PlanID == p.ID {
			l.Actions = append(l.Actions, fmt.Sprintf("extension %d to %s: %s", x.Number, x.DueAfter, strings.ToLower(x.Status.Label())))
		}
	}
}

func nameOf(names map[int64]people.Person, id *int64) string {
	if id == nil {
		return "Assay"
	}
	return names[*id].Name
}

// broughtIn says who brought in what an auditor who only reads decided, or nothing.
func broughtIn(names map[int64]people.Person, auditor, entered *int64) string {
	if entered == nil || auditor == nil || *entered == *auditor {
		return ""
	}
	return ", brought in by " + names[*entered].Name
}
