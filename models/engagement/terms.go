package engagement

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"assay/models"
	"assay/models/framework"
)

// Terms is what the company and the firm agree on: what a form asks for.
type Terms struct {
	Name        string
	Firm        string
	Kind        Kind
	Criteria    []string
	PeriodStart models.Date
	PeriodEnd   models.Date
	Zone        string
	OpensOn     models.Date
	ClosesOn    models.Date
	Systems     []System
	Boundary    string
}

// Terms are those of e.
func (e Engagement) Terms() Terms {
	return Terms{e.Name, e.Firm, e.Kind, e.Criteria, e.PeriodStart, e.PeriodEnd, e.Zone, e.OpensOn, e.ClosesOn, e.Systems, e.Boundary}
}

func (e *Engagement) take(t Terms) {
	e.Name, e.Firm, e.OpensOn, e.ClosesOn = t.Name, t.Firm, t.OpensOn, t.ClosesOn
	e.cover(t)
}

// cover takes what the report covers from t.
func (e *Engagement) cover(t Terms) {
	e.Kind, e.Criteria, e.Systems, e.Boundary = t.Kind, t.Criteria, t.Systems, t.Boundary
	e.PeriodStart, e.PeriodEnd, e.Zone = t.PeriodStart, t.PeriodEnd, t.Zone
}

// Create sets an engagement up. Its slug is made from the name and never changes.
// Refused with messages for each field: missing or contradicting dates, a zone that is
// none, unknown criteria, and an examination without the common criteria.
func Create(ctx context.Context, tx *models.Tx, t Terms) (Engagement, error) {
	t = t.tidy()
	if err := t.check(models.DateOf(tx.Now, time.UTC)); err != nil {
		return Engagement{}, err
	}
	return create(ctx, tx, t, nil, "engagement.create", models.Note{"name": t.Name, "firm": t.Firm})
}

// Follow sets up the period after that of prior: name, firm, period and window from t,
// everything that the report covers from prior.
func Follow(ctx context.Context, tx *models.Tx, prior Engagement, t Terms) (Engagement, error) {
	covers := prior.Terms()
	covers.Name, covers.Firm, covers.OpensOn, covers.ClosesOn = t.Name, t.Firm, t.OpensOn, t.ClosesOn
	covers.PeriodStart, covers.PeriodEnd = t.PeriodStart, t.PeriodEnd
	t = covers.tidy()
	err := t.check(models.DateOf(tx.Now, time.UTC))
	if err == nil && t.PeriodStart <= prior.PeriodEnd {
		err = refuse("period_start", "The period before runs until "+string(prior.PeriodEnd)+"; the next one begins after that.")
	}
	if err != nil {
		return Engagement{}, err
	}
	return create(ctx, tx, t, &prior.ID, "engagement.roll_forward", models.Note{"name": t.Name, "firm": t.Firm, "after": prior.Name})
}

func create(ctx context.Context, tx *models.Tx, t Terms, prior *int64, verb string, note models.Note) (Engagement, error) {
	slug, err := freeSlug(ctx, tx, t.Name)
	if err != nil {
		return Engagement{}, err
	}
	e := Engagement{Slug: slug, Status: Setup, CreatedBy: tx.Actor.ID, CreatedAt: tx.Now, PriorID: prior}
	e.take(t)
	err = models.Insert(ctx, tx, &e, verb, note)
	if models.Duplicate(err) { // the other one was faster
		err = models.Conflict("This engagement was rolled forward already.")
	}
	if err != nil {
		return Engagement{}, err
	}
	return e, writeScope(ctx, tx, e)
}

// Change gives e, as the actor saw it, other terms. Once fieldwork has started, both sides
// agree on what the report covers (Propose); the window can be moved until the engagement
// is archived; after issue nothing else changes.
func Change(ctx context.Context, tx *models.Tx, e *Engagement, t Terms) error {
	t = t.tidy()
	today := models.DateOf(tx.Now, time.UTC)
	if e.PeriodStart == t.PeriodStart && e.PeriodEnd == t.PeriodEnd {
		today = "" // a period agreed on long ago can still have its window moved
	}
	if err := t.check(today); err != nil {
		return err
	}
	switch {
	case !e.Status.Readable():
		return models.Conflict("This engagement is " + strings.ToLower(e.Status.Label()) + "; nothing about it changes any more.")
	case e.Status == Fieldwork && !e.Terms().coversTheSame(t):
		return models.Conflict("Fieldwork has started, so both sides agree on what the report covers. Propose the change on the page Scope; nothing was changed here.")
	case !e.Status.ScopeOpen() && !e.Terms().coversTheSame(t):
		return models.Conflict("The scope is frozen since reporting began. Nothing was changed.")
	case e.Status == Issued && (e.Name != t.Name || e.Firm != t.Firm):
		return models.Conflict("The report is issued. Only the access window can still be changed.")
	}
	note := changes(e.Terms(), t)
	e.take(t)
	err := models.Update(ctx, tx, e, models.Columns{
		"Name", "Firm", "Kind", "Criteria", "PeriodStart", "PeriodEnd", "Zone", "OpensOn", "ClosesOn", "Systems", "Boundary",
	}, "engagement.change", note)
	if err != nil {
		return err
	}
	return writeScope(ctx, tx, *e)
}

// Except is t with the name, the firm and the window of u, which the company changes for as
// long as it may.
func (t Terms) Except(u Terms) Terms {
	t.Name, t.Firm, t.OpensOn, t.ClosesOn = u.Name, u.Firm, u.OpensOn, u.ClosesOn
	return t
}

func (t Terms) coversTheSame(u Terms) bool {
	return slices.Equal(t.Criteria, u.Criteria) && t.PeriodStart == u.PeriodStart && t.PeriodEnd == u.PeriodEnd &&
		t.Zone == u.Zone && t.Kind == u.Kind && slices.Equal(t.Systems, u.Systems) && t.Boundary == u.Boundary
}

// changes names what a change of terms changed, for the log.
func changes(from, to Terms) models.Note {
	note := models.Note{}
	add := func(what, a, b string) {
		if a != b {
			note[what] = a + " → " + b
		}
	}
	add("name", from.Name, to.Name)
	add("firm", from.Firm, to.Firm)
	add("kind", from.Kind.Label(), to.Kind.Label())
	add("period", days(from.PeriodStart, from.PeriodEnd), days(to.PeriodStart, to.PeriodEnd))
	add("zone", from.Zone, to.Zone)
	add("window", days(from.OpensOn, from.ClosesOn), days(to.OpensOn, to.ClosesOn))
	note["systems_added"], note["systems_removed"] = lacking(from.Systems, to.Systems), lacking(to.Systems, from.Systems)
	if from.Boundary != to.Boundary {
		note["boundary"] = to.Boundary
	}
	var out, in []string
	for _, code := range from.Criteria {
		if !slices.Contains(to.Criteria, code) {
			out = append(out, code)
		}
	}
	for _, code := range to.Criteria {
		if !slices.Contains(from.Criteria, code) {
			in = append(in, code)
		}
	}
	note["criteria_added"], note["criteria_removed"] = strings.Join(in, " "), strings.Join(out, " ")
	return note
}

// lacking names the systems of list that are not among those of before, or not as they are
// described now.
func lacking(before, list []System) string {
	var out []string
	for _, s := range list {
		switch {
		case slices.Contains(before, s):
		case s.About == "":
			out = append(out, s.Name)
		default:
			out = append(out, s.Name+" ("+s.About+")")
		}
	}
	return strings.Join(out, "; ")
}

func days(from, to models.Date) string { return fmt.Sprintf("%s to %s", from, to) }

// tidy puts the criteria in the order of the framework, each once, and keeps those it
// does not know for check to name.
func (t Terms) tidy() Terms {
	var known, unknown []string
	for _, c := range framework.CriteriaFor(everyCategory()) {
		if slices.Contains(t.Criteria, c.Code) {
			known = append(known, c.Code)
		}
	}
	for _, code := range t.Criteria {
		if !slices.Contains(known, code) && !slices.Contains(unknown, code) {
			unknown = append(unknown, code)
		}
	}
	t.Criteria = slices.Concat(known, unknown)
	t.Zone, t.Boundary = strings.TrimSpace(t.Zone), strings.TrimSpace(t.Boundary)
	return t
}

func everyCategory() []string {
	var out []string
	for _, c := range framework.Categories() {
		out = append(out, c.ID)
	}
	return out
}

// Bounds of a period: reports cover 3 to 12 months in practice, and what lies further
// away than yearsAway was mistyped.
const (
	MostMonths = 18
	yearsAway  = 10
)

// check says what is wrong with t. The period is held against today, unless that is "".
func (t Terms) check(today models.Date) error {
	bad := map[string]string{}
	refuse := func(wrong bool, field, message string) {
		if wrong && bad[field] == "" {
			bad[field] = message
		}
	}
	refuse(strings.TrimSpace(t.Name) == "", "name", "Give the engagement a name, for example SOC 2 Type II 2026.")
	refuse(t.Kind.Examination() && strings.TrimSpace(t.Firm) == "", "firm", "Name the audit firm.")
	refuse(!slices.Contains(Kinds, t.Kind), "kind", "Choose what the firm reports on.")
	refuse(t.PeriodStart.IsZero(), "period_start", "Enter the first day of the period.")
	refuse(t.PeriodEnd.IsZero(), "period_end", "Enter the last day of the period.")
	refuse(t.PeriodEnd < t.PeriodStart, "period_end", "The period cannot end before it starts.")
	if !today.IsZero() {
		refuse(t.PeriodStart < today.AddMonths(-12*yearsAway), "period_start", fmt.Sprintf("The period starts more than %d years ago. Check the year.", yearsAway))
		refuse(t.PeriodStart > today.AddMonths(12*yearsAway), "period_start", fmt.Sprintf("The period starts more than %d years from now. Check the year.", yearsAway))
		refuse(!t.PeriodStart.IsZero() && t.PeriodEnd >= t.PeriodStart.AddMonths(MostMonths), "period_end",
			fmt.Sprintf("The period is longer than %d months. One report covers at most that; check the years, or make an engagement for each part.", MostMonths))
	}
	refuse(t.OpensOn.IsZero(), "opens_on", "Enter the first day on which the auditors may look.")
	refuse(t.ClosesOn.IsZero(), "closes_on", "Enter the last day on which the auditors may look.")
	refuse(t.ClosesOn < t.OpensOn, "closes_on", "The access window cannot close before it opens.")
	_, err := location(t.Zone)
	refuse(err != nil, "zone", "This is no time zone. Use a name such as America/New_York or Europe/Berlin.")
	wrong := wrongSystems(t.Systems)
	refuse(wrong != "", "systems", wrong)
	wrong = t.wrongCriteria()
	refuse(wrong != "", "criteria", wrong)
	if len(bad) > 0 {
		return models.Invalid(bad)
	}
	return nil
}

func wrongSystems(list []System) string {
	seen := map[string]bool{}
	for _, s := range list {
		switch {
		case strings.TrimSpace(s.Name) == "":
			return "A system needs a name before the colon."
		case seen[strings.ToLower(s.Name)]:
			return s.Name + " is named twice."
		}
		seen[strings.ToLower(s.Name)] = true
	}
	return ""
}

// wrongCriteria says what is wrong with the scope, or "".
func (t Terms) wrongCriteria() string {
	if len(t.Criteria) == 0 {
		return "Choose the criteria in scope."
	}
	for _, code := range t.Criteria {
		if _, ok := framework.CriterionOf(framework.SOC2, code); !ok {
			return code + " is no SOC 2 criterion."
		}
	}
	for _, c := range framework.CriteriaFor(nil) {
		if t.Kind.Examination() && !slices.Contains(t.Criteria, c.Code) {
			return "The common criteria are part of every SOC 2 report; " + c.Code + " is missing."
		}
	}
	return ""
}

// location reads an IANA name. "" and "Local" mean something to package time, and
// nothing to an auditor.
func location(name string) (*time.Location, error) {
	if name == "" || name == "Local" {
		return nil, fmt.Errorf("engagement: %q is no time zone", name)
	}
	return time.LoadLocation(name)
}

func freeSlug(ctx context.Context, tx *models.Tx, name string) (string, error) {
	base := slugOf(name)
	for n := 1; ; n++ {
		slug := base
		if n > 1 {
			slug = fmt.Sprintf("%s-%d", base, n)
		}
		taken, err := models.Rows[Engagement](tx).Where("slug = ?", slug).Count(ctx, "id")
		if err != nil || taken == 0 {
			return slug, err
		}
	}
}

// slugOf is name in lower-case ASCII letters, digits and single dashes.
func slugOf(name string) string {
	cut := func(r rune) bool { return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) }
	plain := strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFKD.String(name))
	slug := strings.Join(strings.FieldsFunc(plain, cut), "-")
	slug = strings.Trim(slug[:min(len(slug), 60)], "-")
	if slug == "" || slug == "new" { // /engagements/new is a page
		return "engagement"
	}
	return slug
}
