package control

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/framework"
	"assay/models/period"
)

// A Version is what a control said from one day to another. From the moment it is
// approved its Content never changes.
type Version struct {
	models.Meta
	ControlID int64
	Code      string // of the control
	Number    int
	Status    Status
	Editorial bool // a wording fix: same test segment as the version before
	Content
	AuthorID      *int64 // nil: taken from the catalog
	Writers       models.List[int64]
	AuthoredAt    time.Time
	SubmittedAt   *time.Time
	ApproverID    *int64
	ApprovedAt    *time.Time
	EffectiveFrom models.Date
	EffectiveTo   models.Date // last day, once superseded or retired
	EndedReason   string
}

// Content is what an author writes.
type Content struct {
	Title          string
	Statement      string // values to tailor stand in [square brackets]
	Category       string
	Kind           string
	Nature         string
	Frequency      string
	AnchorMonth    int    // the month a yearly or quarterly rhythm is counted from; 0 is January
	DueDay         int    // the day of a window's last month by which it acts; 0 is its end
	GraceDays      *int   // after that; nil is the grace of the frequency
	CalendarID     *int64 // of business days, for a daily control that rests on others and for limits
	EventTrigger   string
	EventDirection string // "before" the trigger or "after" it
	EventLimit     string // ISO 8601 duration, of an "after"
	OwnerFunction  string
	Population     string
	Evidence       models.List[string] // what is expected, a line each: see Expects
	TestsDesign    models.List[framework.Test]
	TestsOperating models.List[framework.Test]
	Parameters     models.List[framework.Parameter] // what the catalog says about the values in brackets
	Criteria       models.List[framework.Ref]
	AI             bool
	ChangeNote     string
}

var contentColumns = models.Columns{
	"Title", "Statement", "Category", "Kind", "Nature", "Frequency", "AnchorMonth", "DueDay", "GraceDays", "CalendarID",
	"EventTrigger", "EventDirection", "EventLimit", "OwnerFunction", "Population",
	"Evidence", "TestsDesign", "TestsOperating", "Parameters", "Criteria", "AI", "ChangeNote",
}

// The words that Kind and Nature can be.
var (
	Kinds   = []string{"preventive", "detective", "corrective"}
	Natures = []string{"manual", "automated", "hybrid"}
)

// TableName is where versions live.
func (Version) TableName() string { return "control_versions" }

// Path is the address of v.
func (v Version) Path() string { return fmt.Sprintf("controls/%s/versions/%d", v.Code, v.Number) }

// Within is the control it is a version of.
func (v Version) Within() string { return "controls/" + v.Code }

// VisibleTo shows an auditor the versions that were effective in the period of an open
// engagement, of the controls that one of them puts in its scope: the version that took a
// control out of scope is shown as well, since it says why. Drafts are the company's own.
func (Version) VisibleTo(a access.Actor) (string, []any) {
	if a.Role != access.Auditor {
		return "", nil
	}
	return `control_versions.status IN ('effective', 'superseded', 'retired') AND EXISTS (
		SELECT 1 FROM engagements e
		JOIN engagement_criteria ec ON ec.engagement_id = e.id
		JOIN version_criteria vc ON vc.framework = ec.framework AND vc.code = ec.code
		WHERE e.id IN ? AND vc.control_id = control_versions.control_id AND vc.begun
		AND vc.effective_from <= e.period_end AND (vc.effective_to = '' OR vc.effective_to >= e.period_start)
		AND control_versions.effective_from <= e.period_end
		AND (control_versions.effective_to = '' OR control_versions.effective_to >= e.period_start))`,
		[]any{engagements(a)}
}

// Versions lists the versions of a control that the actor may see, newest first.
func Versions(ctx context.Context, tx *models.Tx, c Control) ([]Version, error) {
	return models.Rows[Version](tx).Where("control_id = ?", c.ID).Order("number DESC").Find(ctx)
}

// WithVersions is ByCode together with Versions.
func WithVersions(ctx context.Context, tx *models.Tx, code string) (Control, []Version, error) {
	var found []Control
	var versions []Version
	code = strings.ToUpper(code)
	err := models.Together(ctx, tx, models.Into(models.Rows[Control](tx).Where("code = ?", code), &found),
		models.Into(models.Rows[Version](tx).Where("control_id = (SELECT id FROM controls WHERE code = ?)", code).Order("number DESC"), &versions))
	if err == nil && len(found) == 0 {
		err = models.NotFound("Control")
	}
	if err != nil {
		return Control{}, nil, err
	}
	return found[0], versions, nil
}

// VersionOf finds one version of a control by its number.
func VersionOf(ctx context.Context, tx *models.Tx, c Control, number int) (Version, error) {
	v, err := models.Rows[Version](tx).Where("control_id = ? AND number = ?", c.ID, number).Take(ctx)
	return models.One(v, err, "Version")
}

// Shown is the version to read first: for the company the one that lists show, for an
// auditor the newest they may see.
func Shown(ctx context.Context, tx *models.Tx, c Control) (Version, error) {
	v, err := VersionOf(ctx, tx, c, c.Version)
	if models.KindOf(err) != models.KindNotFound {
		return v, err
	}
	v, err = models.Rows[Version](tx).Where("control_id = ?", c.ID).Order("number DESC").Limit(1).Take(ctx)
	return models.One(v, err, "Version")
}

// ShownOf is Shown among all versions that the actor may see, the newest first.
func ShownOf(c Control, versions []Version) (Version, error) {
	for _, v := range versions {
		if v.Number == c.Version {
			return v, nil
		}
	}
	if len(versions) == 0 {
		return Version{}, models.NotFound("Version")
	}
	return versions[0], nil
}

// EffectiveOn is the version of a control that was effective on day, or not found:
// after a retirement there may be none.
func EffectiveOn(ctx context.Context, tx *models.Tx, c Control, day models.Date) (Version, error) {
	v, err := models.Rows[Version](tx).Where(`control_id = ? AND status IN ('effective', 'superseded', 'retired')
		AND effective_from <= ? AND (effective_to = '' OR effective_to >= ?)`, c.ID, day, day).Take(ctx)
	return models.One(v, err, "Version")
}

var bracket = regexp.MustCompile(`\[[^\[\]]+\]`)

// Wording is the statement as it reads, without the brackets around values.
func (c Content) Wording() string {
	return bracket.ReplaceAllStringFunc(c.Statement, func(s string) string { return s[1 : len(s)-1] })
}

// Values are what stands in brackets, in order.
func (c Content) Values() []string {
	found := bracket.FindAllString(c.Statement, -1)
	for i, s := range found {
		found[i] = s[1 : len(s)-1]
	}
	return found
}

// Tailored is the statement with its values in brackets replaced, in order; an empty
// value leaves what is there.
func (c Content) Tailored(values []string) string {
	i := -1
	return bracket.ReplaceAllStringFunc(c.Statement, func(s string) string {
		i++
		if i >= len(values) {
			return s
		}
		if v := strings.Trim(values[i], "[] \n"); v != "" {
			return "[" + v + "]"
		}
		return s
	})
}

// Codes are the criteria of c in one framework.
func (c Content) Codes(id string) []string { return Codes(c.Criteria, id) }

// text is everything that search finds.
func (v Version) text() []string {
	out := []string{v.Code, v.Title, v.Statement, v.Category, v.Kind, v.Nature, v.Frequency, v.OwnerFunction, v.Population, v.EventTrigger}
	out = append(out, v.Evidence...)
	for _, t := range slices.Concat(v.TestsDesign, v.TestsOperating) {
		out = append(out, t.Step)
	}
	for _, r := range v.Criteria {
		out = append(out, r.Code)
	}
	return out
}

// tidy trims what people type and forgets empty lines, so that an export that comes
// back says the same.
func (c Content) tidy() Content {
	for _, s := range []*string{
		&c.Title, &c.Statement, &c.Category, &c.Kind, &c.Nature, &c.Frequency, &c.EventTrigger, &c.EventDirection,
		&c.EventLimit, &c.OwnerFunction, &c.Population, &c.ChangeNote,
	} {
		*s = strings.TrimSpace(strings.ReplaceAll(*s, "\r\n", "\n"))
	}
	c.Evidence = slices.DeleteFunc(slices.Clone(c.Evidence), func(s string) bool { return strings.TrimSpace(s) == "" })
	for i, s := range c.Evidence {
		c.Evidence[i] = strings.TrimSpace(s)
	}
	var seen []framework.Ref
	for _, r := range c.Criteria {
		if !slices.Contains(seen, r) {
			seen = append(seen, r)
		}
	}
	c.Criteria = inOrder(seen)
	return c
}

// inOrder sorts criteria framework by framework, as the catalog lists those, and
// leaves the order within one to the author: the first is the main one.
func inOrder(refs []framework.Ref) []framework.Ref {
	all := framework.All()
	at := func(r framework.Ref) int {
		return slices.IndexFunc(all, func(f framework.Framework) bool { return f.ID == r.Framework })
	}
	slices.SortStableFunc(refs, func(a, b framework.Ref) int { return at(a) - at(b) })
	return refs
}

// check says what of c cannot be kept even as a draft.
func (c Content) check() error {
	wrong := map[string]string{}
	if c.Title == "" || len([]rune(c.Title)) > 200 {
		wrong["title"] = "Give the control a title of at most 200 characters."
	}
	if c.Frequency != "" && !knownFrequency(c.Frequency) {
		wrong["frequency"] = "Choose how often the control acts from the list."
	}
	if c.Kind != "" && !slices.Contains(Kinds, c.Kind) {
		wrong["kind"] = "Choose preventive, detective or corrective."
	}
	if c.Nature != "" && !slices.Contains(Natures, c.Nature) {
		wrong["nature"] = "Choose manual, automated or hybrid."
	}
	if c.AnchorMonth < 0 || c.AnchorMonth > 12 {
		wrong["anchor_month"] = "Choose a month."
	}
	if !slices.Contains([]string{"", "before", "after"}, c.EventDirection) {
		wrong["event_direction"] = "Choose before or after the trigger."
	}
	if c.DueDay < 0 || c.DueDay > 31 {
		wrong["due_day"] = "Give a day of the month from 1 to 31, or leave it empty."
	}
	if c.GraceDays != nil && (*c.GraceDays < 0 || *c.GraceDays > 180) {
		wrong["grace_days"] = "Give a grace of 0 to 180 days, or leave it empty."
	}
	if c.CalendarID != nil && c.Frequency != "daily" && c.Frequency != "event" {
		wrong["calendar"] = "Business days are for daily controls, and for limits of event-driven ones."
	}
	if c.EventLimit != "" {
		if _, err := period.ParseLimit(c.EventLimit); err != nil {
			wrong["event_limit"] = "Write the limit as PT24H for hours, P30D for days or P3D business for business days."
		}
	}
	if why := checkExpected(c.Evidence); why != "" {
		wrong["evidence"] = why
	}
	for _, r := range c.Criteria {
		if _, ok := framework.CriterionOf(r.Framework, r.Code); !ok {
			wrong["criteria"] = "There is no criterion " + r.Code + "."
		}
	}
	if len(wrong) > 0 {
		return models.Invalid(wrong)
	}
	return nil
}

func knownFrequency(id string) bool {
	return slices.ContainsFunc(framework.Frequencies(), func(f framework.Frequency) bool { return f.ID == id })
}
