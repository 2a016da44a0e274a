package finding

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/control"
	"assay/models/controltest"
)

// A Compensation names another control that covers what failed. It counts only once it is
// tested itself, which is read from the tests of the engagement and never stored.
type Compensation struct {
	models.Meta
	FindingID int64
	ControlID int64
	Covers    string // what of the risk
	NamedBy   int64
	NamedAt   time.Time
}

// TableName is where they live.
func (Compensation) TableName() string { return "finding_compensations" }

// Path is the place of c on its finding's page.
func (c Compensation) Path() string {
	return fmt.Sprintf("%s#cover-%d", path(c.FindingID), c.ControlID)
}

// Within is the finding.
func (c Compensation) Within() string { return path(c.FindingID) }

// VisibleTo follows the finding.
func (Compensation) VisibleTo(a access.Actor) (string, []any) {
	return visible(a, "finding_compensations.finding_id")
}

// Compensate names a control that covers the failure meanwhile, and what of it.
func Compensate(ctx context.Context, tx *models.Tx, id int64, code, covers string) error {
	c, err := take(ctx, tx, id)
	if err != nil {
		return err
	}
	if err := c.MayCompensate(tx.Actor); err != nil {
		return err
	}
	p := problems{}
	p.need("covers", covers, "Say what of the risk it covers.")
	k, err := control.ByCode(ctx, tx, strings.TrimSpace(code))
	switch {
	case models.KindOf(err) == models.KindNotFound:
		p["control"] = "No control has this code. Give one such as AC-03."
	case err != nil:
		return err
	case slices.ContainsFunc(c.Controls, func(x control.Control) bool { return x.ID == k.ID }):
		p["control"] = k.Code + " is what failed. Another control covers it, or none."
	}
	if err := p.err(); err != nil {
		return err
	}
	x := Compensation{FindingID: id, ControlID: k.ID, Covers: strings.TrimSpace(covers), NamedBy: tx.Actor.ID, NamedAt: tx.Now}
	err = models.Insert(ctx, tx, &x, "finding.compensate", models.Note{"control": k.Code})
	if models.Duplicate(err) {
		err = models.Conflict(k.Code + " is named already.")
	}
	return err
}

// Uncover takes a compensating control back.
func Uncover(ctx context.Context, tx *models.Tx, id, compensation int64) error {
	c, err := take(ctx, tx, id)
	if err != nil {
		return err
	}
	if err := c.MayCompensate(tx.Actor); err != nil {
		return err
	}
	i := slices.IndexFunc(c.Compensations, func(x Compensation) bool { return x.ID == compensation })
	if i < 0 {
		return models.NotFound("Compensating control")
	}
	return models.Delete(ctx, tx, &c.Compensations[i], "finding.uncover")
}

// A Cover is a compensating control with what its own tests in the engagement say.
type Cover struct {
	Compensation
	Code  string
	Title string
	Tests []controltest.Test // those that the actor may see, by age
}

// Counts reports whether the control was tested in the engagement, and everything that was
// concluded about it there is that it operated effectively.
func (c Cover) Counts() bool {
	return len(c.Tests) > 0 && !slices.ContainsFunc(c.Tests, func(t controltest.Test) bool { return t.Conclusion != controltest.Effective })
}

// Result says how far the control was tested.
func (c Cover) Result() string {
	if len(c.Tests) == 0 {
		return "Not tested, so it does not count"
	}
	var out []string
	for _, t := range c.Tests {
		said := "not concluded"
		if t.Conclusion != "" {
			said = strings.ToLower(t.Conclusion.Label())
		}
		out = append(out, t.Code()+": "+said)
	}
	if c.Counts() {
		return strings.Join(out, ", ")
	}
	return strings.Join(out, ", ") + ", so it does not count"
}

// An AuditPart is what the tests of an engagement say about findings: the tests that are
// seen, the failures, and what compensates them.
type AuditPart struct {
	Tests  map[int64]controltest.Test // by id, those the actor may see
	Covers map[int64][]Cover          // by finding
}

// Retests are the tests that retest a cell of the finding, by age.
func (a AuditPart) Retests(c *Case) (out []controltest.Test) {
	for _, t := range a.Tests {
		if t.RetestsID != nil && slices.ContainsFunc(c.Cells, func(x Cell) bool {
			return x.TestID == *t.RetestsID && x.ItemID == t.RetestItem && x.Letter == t.RetestLetter
		}) {
			out = append(out, t)
		}
	}
	slices.SortFunc(out, func(a, b controltest.Test) int { return int(a.ID - b.ID) })
	return out
}

// AuditOf reads what the tests say about these findings of one engagement, in two queries.
// Of the tests it is those that the actor may see.
func AuditOf(ctx context.Context, tx *models.Tx, cases ...Case) (AuditPart, error) {
	out := AuditPart{Tests: map[int64]controltest.Test{}, Covers: map[int64][]Cover{}}
	engagements, controls := []int64{0}, []int64{0}
	tests := []int64{0}
	for _, c := range cases {
		engagements = append(engagements, c.InEngagement())
		for _, x := range c.Compensations {
			controls = append(controls, x.ControlID)
		}
		if c.TestID != nil {
			tests = append(tests, *c.TestID)
		}
	}
	if len(controls) == 1 && len(tests) == 1 {
		return out, nil
	}
	slices.Sort(engagements)
	list, err := models.Rows[controltest.Test](tx).Where("control_tests.engagement_id IN ?", slices.Compact(engagements)).
		Where("control_tests.id IN ? OR control_tests.retests_id IN ? OR control_tests.control_id IN ?", tests, tests, controls).Order("id").Find(ctx)
	for _, t := range list {
		out.Tests[t.ID] = t
	}
	if err != nil || len(controls) == 1 {
		return out, err
	}
	known, err := covering(ctx, tx, cases, controls)
	for _, c := range cases {
		for _, x := range c.Compensations {
			out.Covers[c.ID] = append(out.Covers[c.ID], coverOf(c, x, known, list))
		}
	}
	return out, err
}

// covering are the compensating controls: those of one finding are read with it.
func covering(ctx context.Context, tx *models.Tx, cases []Case, ids []int64) ([]control.Control, error) {
	if len(cases) == 1 && cases[0].Covering != nil {
		return cases[0].Covering, nil
	}
	return models.Rows[control.Control](tx).Where("controls.id IN ?", ids).Find(ctx)
}

func coverOf(c Case, x Compensation, known []control.Control, tests []controltest.Test) Cover {
	v := Cover{Compensation: x, Code: "A control that you do not see"}
	for _, k := range known {
		if k.ID == x.ControlID {
			v.Code, v.Title = k.Code, k.Title
		}
	}
	for _, t := range tests {
		if t.ControlID == x.ControlID && t.EngagementID == c.InEngagement() && t.RetestsID == nil {
			v.Tests = append(v.Tests, t)
		}
	}
	return v
}
