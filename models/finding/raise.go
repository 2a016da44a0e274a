package finding

import (
	"context"
	"slices"
	"strings"

	"assay/models"
	"assay/models/access"
	"assay/models/control"
	"assay/models/engagement"
)

// Search finds findings by their words.
const Search = models.SearchIndex("findings")

// Facts are what is said about a weakness before anybody judges it.
type Facts struct {
	Title          string
	Condition      string // what was found
	Criterion      string // what should be
	Cause          string
	Effect         string
	Recommendation string
	Source         Source
	EngagementID   int64 // for an audit's finding, else 0
	OwnerID        int64 // 0: the owner of the first affected control that has one
	Controls       []int64
	DueOn          models.Date // answer by; "" gives ten days
}

// Raise records a finding. It refuses facts without title or condition, an audit's
// finding without its engagement, and controls or people that the actor cannot see.
func Raise(ctx context.Context, tx *models.Tx, in Facts) (Finding, error) {
	if !tx.Actor.Can(access.FindingRaise) {
		return Finding{}, models.Forbidden("Only control owners and compliance managers raise findings.")
	}
	if in.Source == FromAudit && !tx.Actor.Can(access.FindingManage) {
		return Finding{}, models.Forbidden("Only a compliance manager records what the auditors found.")
	}
	today, err := Today(ctx, tx)
	if err != nil {
		return Finding{}, err
	}
	if in.DueOn.IsZero() {
		in.DueOn = today.Date.AddDays(10)
	}
	controls, err := in.check(ctx, tx, today)
	if err != nil {
		return Finding{}, err
	}
	f := Finding{
		ReportEffect: Undecided, Status: Raised, Cycle: 1, CycleOpenedAt: tx.Now,
		RaisedBy: tx.Actor.ID, RaisedAt: tx.Now, OwnerID: in.owner(controls),
	}
	in.copyTo(&f)
	if err := models.Insert(ctx, tx, &f, "finding.raise", models.Note{"title": f.Title}); err != nil {
		return f, err
	}
	return f, f.begin(ctx, tx, controls)
}

// begin adds what belongs to a finding from its first day.
func (f Finding) begin(ctx context.Context, tx *models.Tx, controls []control.Control) error {
	cycle := Cycle{FindingID: f.ID, EngagementID: f.EngagementID, Number: 1, OpenedBy: f.RaisedBy, OpenedAt: tx.Now, Reason: "Raised."}
	if err := models.Insert(ctx, tx, &cycle, "finding.cycle"); err != nil {
		return err
	}
	ids := make([]int64, len(controls))
	for i, k := range controls {
		ids[i] = k.ID
	}
	if err := link(ctx, tx, f, ids); err != nil {
		return err
	}
	if err := tellOwner(ctx, tx, f, nil); err != nil {
		return err
	}
	return index(ctx, tx, f, controls)
}

// Correct changes what was said, while it is raised or disputed.
func Correct(ctx context.Context, tx *models.Tx, id, rev int64, in Facts) error {
	c, err := taken(ctx, tx, id, rev)
	if err != nil {
		return err
	}
	if err := c.MayCorrect(tx.Actor); err != nil {
		return err
	}
	if c.Exception() {
		return c.amend(ctx, tx, in)
	}
	if in.DueOn.IsZero() {
		in.DueOn = c.DueOn
	}
	if (in.Source == FromAudit) != (c.Source == FromAudit) && !tx.Actor.Can(access.FindingManage) {
		return models.Forbidden("Only a compliance manager records what the auditors found.")
	}
	controls, err := in.check(ctx, tx, Day{}) // its day may have passed
	if err != nil {
		return err
	}
	before := c.OwnerID
	c.OwnerID = in.owner(controls)
	in.copyTo(&c.Finding)
	set := models.Columns{"Title", "Condition", "Criterion", "Cause", "Effect", "Recommendation", "Source", "EngagementID", "OwnerID", "DueOn"}
	if err := models.Update(ctx, tx, &c.Finding, set, "finding.correct", models.Note{"title": c.Title}); err != nil {
		return err
	}
	if err := relink(ctx, tx, c.Finding, in.Controls); err != nil {
		return err
	}
	if err := tellOwner(ctx, tx, c.Finding, before); err != nil {
		return err
	}
	return index(ctx, tx, c.Finding, controls)
}

// Facts are what was said, as the form to correct it begins.
func (c *Case) Facts() Facts {
	in := Facts{
		Title: c.Title, Condition: c.Condition, Criterion: c.Criterion, Cause: c.Cause, Effect: c.Effect,
		Recommendation: c.Recommendation, Source: c.Source, DueOn: c.DueOn,
	}
	if c.EngagementID != nil {
		in.EngagementID = *c.EngagementID
	}
	if c.OwnerID != nil {
		in.OwnerID = *c.OwnerID
	}
	for _, k := range c.Controls {
		in.Controls = append(in.Controls, k.ID)
	}
	return in
}

func (in *Facts) check(ctx context.Context, tx *models.Tx, today Day) ([]control.Control, error) {
	p := problems{}
	p.need("title", in.Title, "Say in one line what happened.")
	p.need("condition", in.Condition, "Describe what was found.")
	if !slices.Contains(Sources, in.Source) {
		p["source"] = "Choose where the finding comes from."
	}
	p.day("due_on", in.DueOn, today)
	if err := in.checkEngagement(ctx, tx, p); err != nil {
		return nil, err
	}
	if in.OwnerID != 0 {
		if err := responsible(ctx, tx, in.OwnerID, p); err != nil {
			return nil, err
		}
	}
	slices.Sort(in.Controls)
	in.Controls = slices.Compact(in.Controls)
	var controls []control.Control
	if len(in.Controls) > 0 {
		var err error
		if controls, err = models.Rows[control.Control](tx).Where("controls.id IN ?", in.Controls).Order("code").Find(ctx); err != nil {
			return nil, err
		}
	}
	if len(controls) != len(in.Controls) {
		p["controls"] = "One of these controls is not there. Choose from the list."
	}
	return controls, p.err()
}

func (in *Facts) checkEngagement(ctx context.Context, tx *models.Tx, p problems) error {
	switch {
	case in.Source != FromAudit && in.EngagementID != 0:
		p["engagement"] = "Only a finding of the audit belongs to an engagement."
	case in.Source == FromAudit:
		_, err := models.Rows[engagement.Engagement](tx).Where("id = ?", in.EngagementID).Take(ctx)
		if models.KindOf(models.One0(err, "Engagement")) == models.KindNotFound {
			p["engagement"] = "Choose the engagement in which the auditors found it."
			return nil
		}
		return err
	}
	return nil
}

func (in *Facts) owner(controls []control.Control) *int64 {
	if in.OwnerID != 0 {
		return &in.OwnerID
	}
	for _, k := range controls {
		if k.OwnerID != nil {
			return k.OwnerID
		}
	}
	return nil
}

func (in *Facts) copyTo(f *Finding) {
	f.Title, f.Condition, f.Criterion = strings.TrimSpace(in.Title), in.Condition, in.Criterion
	f.Cause, f.Effect, f.Recommendation = in.Cause, in.Effect, in.Recommendation
	f.Source, f.DueOn, f.EngagementID = in.Source, in.DueOn, nil
	if in.EngagementID != 0 {
		f.EngagementID = &in.EngagementID
	}
}

func link(ctx context.Context, tx *models.Tx, f Finding, controls []int64) error {
	links := make([]*Affected, len(controls))
	for i, k := range controls {
		links[i] = &Affected{FindingID: f.ID, ControlID: k, EngagementID: f.EngagementID}
	}
	return models.InsertAll(ctx, tx, links, "finding.link")
}

func relink(ctx context.Context, tx *models.Tx, f Finding, controls []int64) error {
	old, err := models.Rows[Affected](tx).Where("finding_id = ?", f.ID).Order("id").Find(ctx)
	if err != nil {
		return err
	}
	for _, l := range old {
		if i := slices.Index(controls, l.ControlID); i >= 0 {
			controls = slices.Delete(slices.Clone(controls), i, i+1)
		} else if err := models.Delete(ctx, tx, &l, "finding.unlink"); err != nil {
			return err
		}
	}
	return link(ctx, tx, f, controls)
}

func index(ctx context.Context, tx *models.Tx, f Finding, controls []control.Control) error {
	texts := []string{f.Code(), f.Title, f.Condition, f.Criterion, f.Cause, f.Effect, f.Recommendation}
	for _, k := range controls {
		texts = append(texts, k.Code)
	}
	return Search.Put(ctx, tx, f.ID, texts...)
}
