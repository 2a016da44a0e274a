package finding

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/control"
	"assay/models/controltest"
	"assay/models/engagement"
)

// A Cell is one item and one attribute of a test from which an exception was raised, in the
// words they had then. A design that is inadequate has neither.
type Cell struct {
	models.Meta
	FindingID    int64
	EngagementID int64
	TestID       int64
	ItemID       int64  // 0: all of it at once, or the design
	Letter       string // of the attribute; "": the design
	ItemKey      string
	Attribute    string
	PopulationID *int64     // of an omitted row, ItemKey: the version that has it
	EndedAt      *time.Time // the exception was dismissed
	AuditorID    int64
	EnteredBy    int64
	RaisedAt     time.Time
}

// TableName is where cells live.
func (Cell) TableName() string { return "finding_cells" }

// Path is the place of c on its finding's page.
func (c Cell) Path() string { return fmt.Sprintf("%s#cell-%d", path(c.FindingID), c.ID) }

// Within is the finding.
func (c Cell) Within() string { return path(c.FindingID) }

// InEngagement is whose fieldwork it is.
func (c Cell) InEngagement() int64 { return c.EngagementID }

// VisibleTo follows the finding.
func (Cell) VisibleTo(a access.Actor) (string, []any) { return visible(a, "finding_cells.finding_id") }

// Test is the code of the test.
func (c Cell) Test() string { return fmt.Sprintf("T-%d", c.TestID) }

// Words name the cell: CHG-017, attribute B.
func (c Cell) Words() string {
	switch {
	case c.PopulationID != nil:
		return c.ItemKey + ", omitted from the population"
	case c.Letter == "":
		return "Design"
	case c.ItemKey == "":
		return "Attribute " + c.Letter
	}
	return c.ItemKey + ", attribute " + c.Letter
}

// place is a cell of a test as it stands.
type place struct {
	controltest.Paper
	cell   controltest.Cell
	key    string
	about  string // the attribute
	marked bool   // it deviates
	of     *int64 // the population that has the row, of one that was omitted
}

func placeOf(ctx context.Context, tx *models.Tx, e engagement.Engagement, at controltest.Cell) (p place, err error) {
	t, err := controltest.ByID(ctx, tx, at.TestID)
	if err == nil && t.EngagementID != e.ID {
		err = models.NotFound("Test")
	}
	if err != nil {
		return p, err
	}
	p.cell = at
	if p.Paper, err = controltest.Load(ctx, tx, e, t); err != nil {
		return p, err
	}
	if at.Letter == "" {
		p.about, p.marked = "The design of the control", at.ItemID == 0 && p.Design == controltest.Inadequate
		return p, nil
	}
	a := slices.IndexFunc(p.Attributes, func(a controltest.Attribute) bool { return a.Letter == at.Letter })
	r := slices.IndexFunc(p.Rows, func(r controltest.Row) bool { return r.ItemID == at.ItemID && !r.Excluded() })
	if a < 0 || r < 0 {
		return p, models.NotFound("Item of the test")
	}
	p.about, p.key = p.Attributes[a].Text, p.Rows[r].Key
	p.marked = p.Rows[r].Results[at.Letter].Result == controltest.Deviation
	return p, nil
}

// Begun is what is known of an exception before anybody wrote a word: the form begins
// with it.
func Begun(ctx context.Context, tx *models.Tx, e engagement.Engagement, at controltest.Cell) (Facts, controltest.Paper, error) {
	p, err := placeOf(ctx, tx, e, at)
	if err != nil {
		return Facts{}, p.Paper, err
	}
	if err := p.free(); err != nil {
		return Facts{}, p.Paper, err
	}
	in := Facts{Title: p.Control + ": the design is inadequate", Condition: p.Now().DesignBasis, Criterion: p.about}
	if at.Letter != "" {
		in.Title = fmt.Sprintf("%s: %s deviates from attribute %s", p.Control, p.key, at.Letter)
		in.Condition = fmt.Sprintf("%s does not meet attribute %s: “%s”.", p.key, at.Letter, strings.TrimSuffix(p.about, "."))
		if p.Rows[slices.IndexFunc(p.Rows, func(r controltest.Row) bool { return r.ItemID == at.ItemID })].Results[at.Letter].Missing {
			in.Condition += " There is no evidence."
		}
	}
	return in, p.Paper, nil
}

// free refuses a cell that does not deviate, or from which an exception stands.
func (p place) free() error {
	if !p.marked {
		return models.Conflict("This is no deviation of " + p.Code() + ", so there is no exception to raise from it.")
	}
	if p.of != nil {
		if id := p.Omitted[controltest.Gone{PopulationID: *p.of, Key: p.key}]; id != 0 {
			return models.Conflict(Code(id) + " was raised from the omission of " + p.key + " already.")
		}
		return nil
	}
	if id := p.Excepted[controltest.At{ItemID: p.cell.ItemID, Letter: p.cell.Letter}]; id != 0 {
		return models.Conflict(Code(id) + " was raised from this cell already.")
	}
	return nil
}

// Except raises an exception from a cell that deviates. It is the auditors': with the
// fieldwork grant their own, else brought in for the one who is named. The company sees the
// facts from then on, whatever else of the test is shared.
func Except(ctx context.Context, tx *models.Tx, e engagement.Engagement, at controltest.Cell, in Facts, auditor int64) (Finding, error) {
	by, err := excepting(ctx, tx, e, auditor)
	if err != nil {
		return Finding{}, err
	}
	p, err := placeOf(ctx, tx, e, at)
	if err != nil {
		return Finding{}, err
	}
	return in.except(ctx, tx, by, p)
}

// excepting asks who may raise an exception, and when.
func excepting(ctx context.Context, tx *models.Tx, e engagement.Engagement, auditor int64) (engagement.Authority, error) {
	by, err := engagement.Act(ctx, tx, e, auditor)
	if err == nil && e.Status != engagement.Fieldwork {
		err = models.Conflict("Exceptions are raised in fieldwork, and this engagement is in state " + e.Status.Label() + ".")
	}
	return by, err
}

// except raises an exception from places of one test.
func (in Facts) except(ctx context.Context, tx *models.Tx, by engagement.Authority, places ...place) (Finding, error) {
	for _, p := range places {
		if err := p.free(); err != nil {
			return Finding{}, err
		}
	}
	if err := in.worded(); err != nil {
		return Finding{}, err
	}
	f, controls, err := in.exception(ctx, tx, places[0], by)
	if err != nil {
		return f, err
	}
	if err := models.Insert(ctx, tx, &f, "finding.except", models.Note{"title": f.Title, "test": places[0].Code()}); err != nil {
		return f, err
	}
	if err := f.begin(ctx, tx, controls); err != nil {
		return f, err
	}
	for _, p := range places {
		if err := f.take(ctx, tx, p, by); err != nil {
			return f, err
		}
	}
	return f, nil
}

// worded asks for the words of an exception.
func (in Facts) worded() error {
	p := problems{}
	p.need("title", in.Title, "Say in one line what happened.")
	p.need("condition", in.Condition, "Describe what was found.")
	return p.err()
}

func (in Facts) exception(ctx context.Context, tx *models.Tx, p place, by engagement.Authority) (f Finding, controls []control.Control, err error) {
	today, err := Today(ctx, tx)
	if err != nil {
		return f, nil, err
	}
	if controls, err = models.Rows[control.Control](tx).Where("controls.id = ?", p.ControlID).Find(ctx); err != nil {
		return f, nil, err
	}
	in.Source, in.EngagementID, in.OwnerID, in.DueOn = FromAudit, p.EngagementID, 0, today.Date.AddDays(10)
	f = Finding{
		TestID: &p.ID, EnteredBy: &by.By, ReportEffect: Undecided, Status: Raised, Cycle: 1, CycleOpenedAt: tx.Now,
		RaisedBy: by.Auditor, RaisedAt: tx.Now, OwnerID: in.owner(controls),
	}
	in.copyTo(&f)
	return f, controls, nil
}

// take ties the finding to a cell.
func (f Finding) take(ctx context.Context, tx *models.Tx, p place, by engagement.Authority) error {
	c := Cell{
		FindingID: f.ID, EngagementID: p.EngagementID, TestID: p.ID, ItemID: p.cell.ItemID, Letter: p.cell.Letter, ItemKey: p.key, Attribute: p.about, PopulationID: p.of,
		AuditorID: by.Auditor, EnteredBy: by.By, RaisedAt: tx.Now,
	}
	err := models.Insert(ctx, tx, &c, "finding.cell", models.Note{"test": p.Code(), "cell": c.Words()})
	if models.Duplicate(err) {
		err = models.Conflict("An exception was raised from this cell a moment ago.")
	}
	return err
}

// Join adds one more cell of the same test to an exception whose facts are not settled.
func Join(ctx context.Context, tx *models.Tx, e engagement.Engagement, id int64, at controltest.Cell, auditor int64) error {
	c, by, err := joining(ctx, tx, e, id, at.TestID, auditor)
	if err != nil {
		return err
	}
	p, err := placeOf(ctx, tx, e, at)
	if err != nil {
		return err
	}
	return c.join(ctx, tx, by, p)
}

// joining takes the exception of a test to which something can still be added.
func joining(ctx context.Context, tx *models.Tx, e engagement.Engagement, id, test, auditor int64) (Case, engagement.Authority, error) {
	c, err := take(ctx, tx, id)
	if err != nil {
		return c, engagement.Authority{}, err
	}
	by, err := engagement.Act(ctx, tx, e, auditor)
	if err != nil {
		return c, by, err
	}
	if !c.Exception() || *c.TestID != test || c.InEngagement() != e.ID {
		return c, by, models.Invalid(map[string]string{"finding": "Choose an exception that was raised from the same test."})
	}
	return c, by, all(c.during(), c.while(Raised, Disputed))
}

func (c *Case) join(ctx context.Context, tx *models.Tx, by engagement.Authority, places ...place) error {
	for _, p := range places {
		if err := p.free(); err != nil {
			return err
		}
		if err := c.take(ctx, tx, p, by); err != nil {
			return err
		}
	}
	return nil
}

// amend changes the words of an exception, and nothing that is the company's.
func (c *Case) amend(ctx context.Context, tx *models.Tx, in Facts) error {
	if err := in.worded(); err != nil {
		return err
	}
	c.Title, c.Condition, c.Criterion = strings.TrimSpace(in.Title), in.Condition, in.Criterion
	c.Cause, c.Effect, c.Recommendation = in.Cause, in.Effect, in.Recommendation
	set := models.Columns{"Title", "Condition", "Criterion", "Cause", "Effect", "Recommendation"}
	if err := models.Update(ctx, tx, &c.Finding, set, "finding.correct", models.Note{"title": c.Title}); err != nil {
		return err
	}
	return index(ctx, tx, c.Finding, c.Controls)
}

// DecideEffect says what the finding means for the report. It is the auditors' word alone,
// whatever severity the company gave it.
func DecideEffect(ctx context.Context, tx *models.Tx, id, rev int64, effect ReportEffect, auditor int64) error {
	c, err := taken(ctx, tx, id, rev)
	if err != nil {
		return err
	}
	if err := c.MayDecideEffect(tx.Actor); err != nil {
		return err
	}
	if !slices.Contains(ReportEffects, effect) {
		return models.Invalid(map[string]string{"effect": "Choose what it means for the report."})
	}
	by, err := engagement.Act(ctx, tx, engagement.Engagement{Meta: models.Meta{ID: *c.EngagementID}}, auditor)
	if err != nil {
		return err
	}
	note := models.Note{"from": string(c.ReportEffect), "to": string(effect)}
	c.ReportEffect, c.EffectBy, c.EffectEntered, c.EffectAt = effect, &by.Auditor, &by.By, &tx.Now
	return models.Update(ctx, tx, &c.Finding, models.Columns{"ReportEffect", "EffectBy", "EffectEntered", "EffectAt"}, "finding.effect", note)
}

// letGo frees the cells of an exception that was dismissed.
func (c *Case) letGo(ctx context.Context, tx *models.Tx) error {
	for i := range c.Cells {
		if c.Cells[i].EndedAt != nil {
			continue
		}
		c.Cells[i].EndedAt = &tx.Now
		if err := models.Update(ctx, tx, &c.Cells[i], models.Columns{"EndedAt"}, "finding.cell_end"); err != nil {
			return err
		}
	}
	return nil
}

// Joinable are the exceptions of a test that another cell can still be added to.
func Joinable(ctx context.Context, tx *models.Tx, test int64) ([]Finding, error) {
	return models.Rows[Finding](tx).Where("findings.test_id = ? AND findings.status IN ?", test, []Status{Raised, Disputed}).Order("id").Limit(50).Find(ctx)
}

// ExceptAll raises what a worksheet brought in, each from its cell.
func ExceptAll(ctx context.Context, tx *models.Tx, e engagement.Engagement, test int64, list []controltest.Jotting, auditor int64) error {
	for _, j := range list {
		at := controltest.Cell{TestID: test, ItemID: j.ItemID, Letter: j.Letter}
		in, _, err := Begun(ctx, tx, e, at)
		if err != nil {
			return err
		}
		in.Condition = j.Text
		if _, err := Except(ctx, tx, e, at, in, auditor); err != nil {
			return err
		}
	}
	return nil
}

// Place is the address of the item on its test's page, within an engagement.
func (c Cell) Place(engagement string) string {
	if c.PopulationID != nil {
		return fmt.Sprintf("%s/populations/P-%d", engagement, *c.PopulationID)
	}
	return engagement + "/tests/" + c.Test() + "?item=" + strconv.FormatInt(c.ItemID, 10)
}
