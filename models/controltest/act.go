package controltest

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"assay/models"
	"assay/models/access"
	"assay/models/control"
	"assay/models/engagement"
	"assay/models/evidence"
	"assay/models/population"
)

func refuse(field, message string) error { return models.Invalid(map[string]string{field: message}) }

// need asks for a text.
func need(field, text, sentence string) error {
	if strings.TrimSpace(text) == "" {
		return refuse(field, sentence)
	}
	return nil
}

func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// The phases in which something can be done. What is planned can be written before the
// fieldwork. The freeze ends all of it, since the binder says what was found then; showing
// something to the company changes nothing of it.
var (
	toPlan   = []engagement.Status{engagement.Planning, engagement.Fieldwork}
	toSelect = []engagement.Status{engagement.Fieldwork}
	toTest   = []engagement.Status{engagement.Fieldwork}
	toShare  = []engagement.Status{engagement.Fieldwork, engagement.Reporting}
)

// act is on whose behalf the actor writes in e, in one of these phases.
func act(ctx context.Context, tx *models.Tx, e engagement.Engagement, auditor int64, phases []engagement.Status) (engagement.Authority, error) {
	by, err := engagement.Act(ctx, tx, e, auditor)
	if err == nil {
		err = inPhase(e, phases)
	}
	return by, err
}

func inPhase(e engagement.Engagement, phases []engagement.Status) error {
	if slices.Contains(phases, e.Status) {
		return nil
	}
	return models.Conflict("This engagement is in state " + e.Status.Label() + ", so this can no longer be changed, or not yet.")
}

// take loads a test to change it, one change after the other: a rule that looks at several
// rows would otherwise hold for none of them on PostgreSQL. seen is the revision that the
// form showed, 0 where it does not matter.
func take(ctx context.Context, tx *models.Tx, id, seen, auditor int64, phases []engagement.Status) (Paper, engagement.Authority, error) {
	return takeItems(ctx, tx, id, seen, auditor, phases, nil)
}

// takeItems is take for a change that looks at these items only. nil is all.
func takeItems(ctx context.Context, tx *models.Tx, id, seen, auditor int64, phases []engagement.Status, items []int64) (p Paper, by engagement.Authority, err error) {
	if tx.Postgres() {
		if _, err := models.Raw[Test](ctx, tx, "SELECT id FROM control_tests WHERE id = ? FOR UPDATE", id); err != nil {
			return p, by, err
		}
	}
	t, err := ByID(ctx, tx, id)
	if err != nil {
		return p, by, err
	}
	if seen != 0 && t.Rev != seen {
		return p, by, models.Conflict("Someone changed this test a moment ago. Please look again.")
	}
	e, err := models.Rows[engagement.Engagement](tx).Where("engagements.id = ?", t.EngagementID).Take(ctx)
	if e, err = models.One(e, err, "Engagement"); err != nil {
		return p, by, err
	}
	if by, err = act(ctx, tx, e, auditor, phases); err != nil {
		return p, by, err
	}
	papers, err := load(ctx, tx, e, []Test{t}, items)
	if err != nil {
		return p, by, err
	}
	return papers[0], by, nil
}

// A Plan is what a test is to be of.
type Plan struct {
	ControlID     int64
	FirstVersion  int
	Configuration string      // of an automated control
	Reliance      string      // what holds it still
	FromDay       models.Date // of a part of the segment
	ToDay         models.Date
	Retests       *Cell // the failure that is tested again
}

// A Cell is one item and one attribute of a test.
type Cell struct {
	TestID int64
	ItemID int64
	Letter string
}

// Begin plans a test of a version segment. Refused are controls outside the scope, versions
// that begin no segment, an automated control without its configuration, and a second test
// of the same.
func Begin(ctx context.Context, tx *models.Tx, e engagement.Engagement, in Plan, auditor int64) (Test, error) {
	by, err := act(ctx, tx, e, auditor, toPlan)
	if err != nil {
		return Test{}, err
	}
	t, err := in.test(ctx, tx, e)
	if err != nil {
		return Test{}, err
	}
	t.AuditorID, t.EnteredBy, t.PlannedAt = by.Auditor, by.By, tx.Now
	if by.Imported() {
		t.SharedBy, t.SharedAt = &by.Auditor, &tx.Now
	}
	err = models.Insert(ctx, tx, &t, "test.plan", models.Note{"control": t.Control})
	if models.Duplicate(err) {
		err = models.Conflict("There is a test of this segment already.")
	}
	if err != nil {
		return Test{}, err
	}
	r := Round{TestID: t.ID, EngagementID: e.ID, Slug: e.Slug, Number: 1, AuditorID: by.Auditor, EnteredBy: by.By, OpenedAt: tx.Now}
	return t, models.Insert(ctx, tx, &r, "test.round")
}

func (in Plan) test(ctx context.Context, tx *models.Tx, e engagement.Engagement) (t Test, err error) {
	c, err := control.ByID(ctx, tx, in.ControlID)
	if models.KindOf(err) == models.KindNotFound {
		return t, refuse("control", "Choose the control that is tested.")
	}
	if err != nil {
		return t, err
	}
	scoped, err := inScope(ctx, tx, e, c.ID)
	if err != nil || !scoped {
		return t, first(err, refuse("control", c.Code+" addresses no criterion in the scope of this engagement."))
	}
	segments, err := Segments(ctx, tx, e, c.ID)
	if err != nil {
		return t, err
	}
	s, ok := segmentAt(segments[c.ID], in.FirstVersion)
	if !ok {
		return t, refuse("version", "Choose a segment: a version of "+c.Code+" that was effective in the period.")
	}
	t = Test{
		EngagementID: e.ID, Slug: e.Slug, ControlID: c.ID, Control: c.Code, FirstVersion: s.First, Automated: s.Automated(),
		Configuration: strings.TrimSpace(in.Configuration), Reliance: in.Reliance, FromDay: in.FromDay, ToDay: in.ToDay, Status: Planned, Round: 1,
	}
	if err := t.checkPlan(s); err != nil {
		return t, err
	}
	return t, t.again(ctx, tx, in.Retests)
}

func (t Test) checkPlan(s Segment) error {
	wrong := map[string]string{}
	if t.Automated && t.Configuration == "" {
		wrong["configuration"] = "Say which configuration is tested, such as Branch protection since 1 January."
	}
	if t.Automated && strings.TrimSpace(t.Reliance) == "" {
		wrong["reliance"] = "Name the tested controls over change and access that keep the configuration as it is."
	}
	if !t.Automated && t.Configuration != "" {
		wrong["configuration"] = "Only an automated control is tested by configuration."
	}
	for field, day := range map[string]models.Date{"from": t.FromDay, "to": t.ToDay} {
		if day != "" && (day < s.From || day > s.To) {
			wrong[field] = "The segment runs from " + string(s.From) + " to " + string(s.To) + "."
		}
	}
	if t.FromDay != "" && t.ToDay != "" && t.ToDay < t.FromDay {
		wrong["to"] = "This is before the first day."
	}
	if len(wrong) > 0 {
		return models.Invalid(wrong)
	}
	return nil
}

// again makes t the next retest of a failure.
func (t *Test) again(ctx context.Context, tx *models.Tx, failed *Cell) error {
	if failed == nil {
		return nil
	}
	before, err := ByID(ctx, tx, failed.TestID)
	if err != nil {
		return err
	}
	if before.EngagementID != t.EngagementID || before.ControlID != t.ControlID {
		return refuse("control", "A retest is of the control that failed.")
	}
	if marked, err := failed.deviates(ctx, tx); err != nil || !marked {
		return first(err, refuse("retests", "A retest is of a deviation, and this is none."))
	}
	if err := need("from", string(t.FromDay), "Say from which day on the remediation is tested."); err != nil {
		return err
	}
	n, err := models.Value[int](ctx, tx, "SELECT COALESCE(max(retest), 0) FROM control_tests WHERE engagement_id = ? AND control_id = ? AND first_version = ?", t.EngagementID, t.ControlID, t.FirstVersion)
	t.Retest, t.RetestsID, t.RetestItem, t.RetestLetter = n+1, &failed.TestID, failed.ItemID, failed.Letter
	return err
}

// deviates looks what the cell says now. A design that was inadequate has no item, and
// neither has a row that the population lacked.
func (c Cell) deviates(ctx context.Context, tx *models.Tx) (bool, error) {
	if c.Letter == "" {
		n, err := models.Value[int64](ctx, tx, "SELECT (SELECT count(*) FROM control_tests WHERE id = ? AND design = 'inadequate') + (SELECT count(*) FROM finding_cells WHERE test_id = ? AND population_id IS NOT NULL AND ended_at IS NULL)", c.TestID, c.TestID)
		return n > 0, err
	}
	n, err := models.Value[int64](ctx, tx, `SELECT count(*) FROM test_results r WHERE r.test_id = ? AND r.item_id = ? AND r.letter = ? AND r.result = 'deviation'
		AND NOT EXISTS (SELECT 1 FROM test_results n WHERE n.test_id = r.test_id AND n.item_id = r.item_id AND n.letter = r.letter AND n.round > r.round)`, c.TestID, c.ItemID, c.Letter)
	return n > 0, err
}

// Walk links the evidence of a walkthrough, which a conclusion on the design rests on.
func Walk(ctx context.Context, tx *models.Tx, id, auditor int64, code string) error {
	p, by, err := take(ctx, tx, id, 0, auditor, toSelect)
	if err != nil {
		return err
	}
	if err := p.while("A walkthrough is linked before the design is concluded.", Planned); err != nil {
		return err
	}
	return p.link(ctx, tx, by, Walkthrough, 0, "", code)
}

// link keeps what an item of evidence is at this moment.
func (p *Paper) link(ctx context.Context, tx *models.Tx, by engagement.Authority, purpose Purpose, item int64, letters, code string) error {
	e, err := evidence.ByCode(ctx, tx, strings.ToUpper(strings.TrimSpace(code)))
	switch {
	case models.KindOf(err) == models.KindNotFound:
		return refuse("evidence", "There is no such evidence among what was accepted in scope. Give its number, such as E-12.")
	case err != nil:
		return err
	case e.Status == evidence.Superseded:
		return refuse("evidence", e.Code()+" was superseded. Link the item that replaced it.")
	case e.Status != evidence.Accepted:
		return refuse("evidence", e.Code()+" is not accepted, so the audit team cannot see it yet.")
	}
	files, err := evidence.FilesOf(ctx, tx, e.ID)
	if err != nil {
		return err
	}
	x := Proof{
		TestID: p.ID, EngagementID: p.EngagementID, Slug: p.Slug, Purpose: purpose, ItemID: item, Letters: letters, EvidenceID: e.ID, Title: e.Title,
		AuditorID: by.Auditor, EnteredBy: by.By, LinkedAt: tx.Now,
	}
	for _, f := range files {
		x.Files = append(x.Files, File{f.Name, f.Digest})
	}
	err = models.Insert(ctx, tx, &x, "test.link", models.Note{"evidence": e.Code()})
	if models.Duplicate(err) {
		err = models.Conflict(e.Code() + " is linked there already.")
	}
	return err
}

// Unlink takes a link back, as long as no conclusion rests on it.
func Unlink(ctx context.Context, tx *models.Tx, id, link, auditor int64) error {
	p, _, err := takeItems(ctx, tx, id, 0, auditor, toTest, []int64{}) // no item
	if err != nil {
		return err
	}
	if p.Status.Done() || p.Round > 1 {
		return models.Conflict("A conclusion rests on this link, so it stays.")
	}
	i := slices.IndexFunc(p.Proofs, func(x LinkedProof) bool { return x.ID == link })
	if i < 0 {
		return models.NotFound("Link")
	}
	x := p.Proofs[i]
	if x.Purpose == Walkthrough && p.Status != Planned {
		return models.Conflict("The conclusion on the design rests on the walkthrough, so it stays.")
	}
	return models.Delete(ctx, tx, &x.Proof, "test.unlink", models.Note{"evidence": x.Code()})
}

// ConcludeDesign says, from the walkthrough, whether the design is adequate. An inadequate one ends the test: what would
// not work if it is performed as described is not sampled.
func ConcludeDesign(ctx context.Context, tx *models.Tx, id, rev, auditor int64, verdict Design, basis string) error {
	p, by, err := take(ctx, tx, id, rev, auditor, toSelect)
	if err != nil {
		return err
	}
	switch {
	case !p.Status.CanBecome(DesignConcluded):
		return p.while("The design is concluded first.", Planned)
	case verdict != Adequate && verdict != Inadequate:
		return refuse("design", "Choose whether the design is adequate.")
	case len(p.ProofsOf(Walkthrough, 0)) == 0:
		return refuse("design", "Link the evidence of the walkthrough first.")
	}
	if err := need("basis", basis, "Say what the walkthrough showed."); err != nil {
		return err
	}
	r := p.Now()
	r.Design, r.DesignBasis, r.DesignedBy, r.DesignedEntry, r.DesignedAt = verdict, basis, &by.Auditor, &by.By, &tx.Now
	if err := models.Update(ctx, tx, r, models.Columns{"Design", "DesignBasis", "DesignedBy", "DesignedEntry", "DesignedAt"}, "test.round_design"); err != nil {
		return err
	}
	p.Design = verdict
	if err := p.move(DesignConcluded); err != nil {
		return err
	}
	if err := models.Update(ctx, tx, &p.Test, models.Columns{"Status", "Design"}, "test.design"); err != nil || verdict == Adequate {
		return err
	}
	return p.conclude(ctx, tx, by, DesignInadequate, basis)
}

// Fix says for what every item is looked at, in place of what was said before. It is fixed
// before the selection: a sample that counts is drawn after it.
func Fix(ctx context.Context, tx *models.Tx, id, rev, auditor int64, attributes []Attribute) error {
	p, _, err := take(ctx, tx, id, rev, auditor, toPlan)
	if err != nil {
		return err
	}
	if p.SampledAt != nil || p.Status.Done() {
		return models.Conflict("The sample is drawn. Attributes are fixed before the selection, so none is added or changed now.")
	}
	if attributes, err = lettered(attributes); err != nil {
		return err
	}
	p.Attributes, p.FixedAt = attributes, &tx.Now
	return models.Update(ctx, tx, &p.Test, models.Columns{"Attributes", "FixedAt"}, "test.fix", models.Note{"attributes": fmt.Sprint(len(attributes))})
}

// lettered gives the attributes their letters.
func lettered(in []Attribute) (out []Attribute, err error) {
	for _, a := range in {
		if a.Text = strings.TrimSpace(a.Text); a.Text == "" {
			continue
		}
		if !slices.Contains(Techniques, a.Technique) {
			return nil, refuse("attributes", "Choose how each attribute is looked at: inspection, reperformance, observation or inquiry.")
		}
		a.Letter = string(rune('A' + len(out)))
		out = append(out, a)
	}
	switch {
	case len(out) == 0:
		return nil, refuse("attributes", "Name at least one attribute.")
	case len(out) > MostAttributes:
		return nil, refuse("attributes", fmt.Sprintf("A test has at most %d attributes.", MostAttributes))
	case !slices.ContainsFunc(out, func(a Attribute) bool { return a.Technique != Inquiry }):
		return nil, refuse("attributes", "Inquiry alone is never enough. Choose another technique for at least one attribute.")
	}
	return out, nil
}

// TakePopulation takes a locked population of the control as the one that is tested.
func TakePopulation(ctx context.Context, tx *models.Tx, id, rev, auditor, population int64) error {
	p, _, err := take(ctx, tx, id, rev, auditor, toSelect)
	if err != nil {
		return err
	}
	if err := p.while("A population is taken once the design is adequate.", DesignConcluded); err != nil {
		return err
	}
	if err := p.move(PopulationLocked); err != nil {
		return err
	}
	if _, err := p.populationOf(ctx, tx, population); err != nil {
		return err
	}
	p.PopulationID = &population
	return models.Update(ctx, tx, &p.Test, models.Columns{"Status", "PopulationID"}, "test.population", models.Note{"population": fmt.Sprintf("P-%d", population)})
}

// populationOf checks that a population can be tested: locked, and of the same control and
// engagement. A retest has one of its own.
func (p *Paper) populationOf(ctx context.Context, tx *models.Tx, id int64) (population.Population, error) {
	x, err := population.ByID(ctx, tx, id)
	switch {
	case models.KindOf(err) == models.KindNotFound || err == nil && (x.EngagementID != p.EngagementID || x.ControlID != p.ControlID):
		return x, refuse("population", "Choose a population of "+p.Control+" in this engagement.")
	case err != nil:
		return x, err
	case x.Status != population.Locked:
		return x, refuse("population", x.Code()+" is a draft. The company locks it first.")
	}
	if _, accepted, err := population.AcceptanceOf(ctx, tx, x); err != nil || !accepted {
		return x, first(err, refuse("population", "The auditor accepts the record of "+x.Code()+" first, on its page."))
	}
	if p.RetestsID == nil {
		return x, nil
	}
	n, err := models.Value[int64](ctx, tx, `SELECT (SELECT count(*) FROM control_tests WHERE id = ? AND population_id = ?) +
		(SELECT count(*) FROM test_samples WHERE test_id = ? AND population_id = ?)`, *p.RetestsID, id, *p.RetestsID, id)
	if err == nil && n > 0 {
		err = refuse("population", "A retest has a population of its own. "+x.Code()+" is that of the test that failed.")
	}
	return x, err
}

// MayWrite reports whether a may write what belongs to the auditors of e, for pages.
func MayWrite(a access.Actor, e engagement.Engagement) bool {
	return slices.Contains(append(slices.Clone(toShare), toPlan...), e.Status) && (a.InFieldwork(e.ID) || a.Can(access.FieldworkImport))
}
