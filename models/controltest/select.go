package controltest

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"assay/models"
	"assay/models/engagement"
	"assay/models/population"
	"assay/models/sample"
)

// TakeSample takes the items of a sample as those that are tested. It was drawn after the
// attributes were fixed, from the population of the test or, later, from another one of the
// same control: a next version, or the rest of the period. A sample that was drawn again
// gives its place to the new one; so do draws from earlier versions to one from all of the
// next. The old draw stays listed, with its results.
func TakeSample(ctx context.Context, tx *models.Tx, id, rev, auditor, draw int64) error {
	p, by, err := take(ctx, tx, id, rev, auditor, toSelect)
	if err != nil {
		return err
	}
	if err := p.readyToSelect(PopulationLocked, Sampled, Testing); err != nil {
		return err
	}
	s, err := sampleByID(ctx, tx, draw)
	if err != nil {
		return err
	}
	x, err := p.populationOf(ctx, tx, s.PopulationID)
	if err != nil {
		return err
	}
	if x.RowCount == 0 {
		return refuse("sample", x.Code()+" is empty, so the control had nothing to act on, and nothing that is selected shows that it operated.")
	}
	replaced, err := p.replaced(ctx, tx, s)
	if err != nil {
		return err
	}
	if err := p.fits(ctx, tx, s); err != nil {
		return err
	}
	l := Link{
		TestID: p.ID, EngagementID: p.EngagementID, Slug: p.Slug, SampleID: s.ID, PopulationID: x.ID, Digest: x.TextDigest,
		AuditorID: by.Auditor, EnteredBy: by.By, LinkedAt: tx.Now,
	}
	if s.Method == sample.Full {
		l.WholeItem = -s.ID
	}
	err = models.Insert(ctx, tx, &l, "test.sample", models.Note{"sample": s.Code(), "digest": x.TextDigest})
	if models.Duplicate(err) {
		return models.Conflict(s.Code() + " is tested here already.")
	}
	if err != nil {
		return err
	}
	for _, l := range replaced {
		l.EndedAt = &tx.Now
		if err := models.Update(ctx, tx, &l, models.Columns{"EndedAt"}, "test.sample_end"); err != nil {
			return err
		}
	}
	return p.sampled(ctx, tx)
}

func sampleByID(ctx context.Context, tx *models.Tx, id int64) (population.Sample, error) {
	s, err := models.Rows[population.Sample](tx).Where("samples.id = ?", id).Take(ctx)
	if models.KindOf(models.One0(err, "Sample")) == models.KindNotFound {
		return s, refuse("sample", "Choose a sample that was drawn from the population.")
	}
	return s, err
}

// readyToSelect refuses a selection before what it rests on is settled.
func (p *Paper) readyToSelect(states ...Status) error {
	if err := p.while("A sample is taken once the population is accepted, and until the test is concluded.", states...); err != nil {
		return err
	}
	if p.FixedAt == nil {
		return models.Conflict("Fix the attributes first. What every item is looked at for is settled before the selection.")
	}
	return nil
}

// fits refuses a sample that was drawn too early, or that was drawn again.
func (p *Paper) fits(ctx context.Context, tx *models.Tx, s population.Sample) error {
	if s.DrawnAt.Before(*p.FixedAt) {
		return refuse("sample", s.Code()+" was drawn before the attributes were fixed. Draw it again, with that as the reason.")
	}
	n, err := models.Value[int64](ctx, tx, "SELECT count(*) FROM samples WHERE redraws_id = ?", s.ID)
	if err == nil && n > 0 {
		err = refuse("sample", s.Code()+" was drawn again. Take the sample that replaced it.")
	}
	return err
}

// replaced are the links that end when s is taken: to the sample that it redraws and, if it
// was drawn from all of a next version, to what was drawn from earlier ones and from what
// they lacked. Beside another draw of the same list it would count what is in both twice, so
// it is refused where the other one looks at more.
func (p *Paper) replaced(ctx context.Context, tx *models.Tx, s population.Sample) (out []Link, err error) {
	versions, err := population.Versions(ctx, tx, s.PopulationID)
	if err != nil {
		return nil, err
	}
	fromAll := covers(s.Method, s.SinceID)
	for _, d := range p.Live() {
		again := s.RedrawsID != nil && d.SampleID == *s.RedrawsID
		same, earlier := slices.Contains(versions, d.PopulationID), d.PopulationID < s.PopulationID
		switch {
		case again, same && fromAll && earlier && (s.Method == sample.Full || d.Method != sample.Judgemental), same && fromAll && d.SinceID != nil && d.PopulationID == s.PopulationID:
			out = append(out, d.Link)
		case same && !earlier && (s.Method == sample.Full || d.Method == sample.Full):
			return nil, refuse("sample", "A full population is tested instead of a sample, not beside one. Draw it in place of S-"+strconv.FormatInt(d.SampleID, 10)+", with a reason, or from a next version.")
		case same && covers(d.Method, d.SinceID) && (d.PopulationID > s.PopulationID && fromAll || !earlier && s.SinceID != nil):
			return nil, refuse("sample", fmt.Sprintf("S-%d was drawn from all of P-%d, in which these items are too. They would count twice beside it.", d.SampleID, d.PopulationID))
		}
	}
	return out, nil
}

// covers reports whether any item of its list could come into a draw. What somebody picked
// beside is no such draw, and neither is a stratum of what was added.
func covers(m sample.Method, since *int64) bool { return m != sample.Judgemental && since == nil }

func (p *Paper) sampled(ctx context.Context, tx *models.Tx) error {
	if p.Status.in(Sampled, Testing) {
		return nil
	}
	if err := p.move(Sampled); err != nil {
		return err
	}
	p.SampledAt = &tx.Now
	return models.Update(ctx, tx, &p.Test, models.Columns{"Status", "SampledAt"}, "test.start")
}

// TakeConfiguration starts the test of an automated control, once for its configuration.
func TakeConfiguration(ctx context.Context, tx *models.Tx, id, rev, auditor int64) error {
	p, _, err := take(ctx, tx, id, rev, auditor, toSelect)
	if err != nil {
		return err
	}
	if !p.Automated {
		return models.Conflict("Only an automated control is tested once. Take a population and a sample.")
	}
	if err := p.readyToSelect(DesignConcluded); err != nil {
		return err
	}
	return p.sampled(ctx, tx)
}

// Seen is what an auditor saw in one cell.
type Seen struct {
	ItemID  int64
	Letter  string
	Result  Mark // "" clears the cell
	Missing bool // there is no evidence
	Reason  string
	Rev     int64 // of the result that the form showed, 0 for none
}

// Any is the revision of who does not care what the cell said before: a worksheet.
const Any = -1

// Set keeps results, and returns how many cells changed. A cell that somebody else changed
// in the meantime is a Conflict, and nothing is kept. Missing evidence is a deviation.
func Set(ctx context.Context, tx *models.Tx, id, auditor int64, seen []Seen) (changed int, err error) {
	items := make([]int64, len(seen))
	for i, s := range seen {
		items[i] = s.ItemID
	}
	p, by, err := takeItems(ctx, tx, id, 0, auditor, toTest, items)
	if err != nil {
		return 0, err
	}
	if err := p.while("Results are set between the selection and the conclusion.", Sampled, Testing); err != nil {
		return 0, err
	}
	for _, s := range seen {
		ok, err := p.set(ctx, tx, by, s)
		if err != nil {
			return 0, err
		}
		if ok {
			changed++
		}
	}
	if changed == 0 || p.Status == Testing {
		return changed, nil
	}
	if err := p.move(Testing); err != nil {
		return 0, err
	}
	return changed, models.Update(ctx, tx, &p.Test, models.Columns{"Status"}, "test.first")
}

func (p *Paper) set(ctx context.Context, tx *models.Tx, by engagement.Authority, s Seen) (bool, error) {
	if s.Result == NotApplicable || s.Missing {
		s.Missing = s.Result == Deviation
	}
	if s.Result != NotApplicable {
		s.Reason = ""
	}
	if err := p.check(s); err != nil {
		return false, err
	}
	row := p.Rows[p.index(s.ItemID)]
	r, known := row.Results[s.Letter]
	if known && r.Result == Deviation && s.Result != Deviation {
		if code := p.exceptedBy(s.ItemID, s.Letter); code != "" {
			return false, models.Conflict(code + " was raised from this deviation. Dismiss it first, with a reason; then the result can change.")
		}
	}
	switch {
	case known && r.Result == s.Result && r.Missing == s.Missing && r.Reason == s.Reason, !known && s.Result == "":
		return false, nil
	case by.Imported() && r.Result != "" && r.OwnHand():
		return false, models.Conflict("An auditor set attribute " + s.Letter + " of " + row.Key + " with their own hand, so nothing that is brought in changes it. Nothing was written.")
	case s.Rev != Any && s.Rev != r.Rev:
		return false, models.Conflict("Someone else set attribute " + s.Letter + " of " + row.Key + " a moment ago. Please look again; nothing was changed.")
	}
	earlier := known && r.Round < p.Round
	if !known || earlier {
		r = Result{TestID: p.ID, EngagementID: p.EngagementID, Slug: p.Slug, Round: p.Round, ItemID: s.ItemID, Letter: s.Letter}
	}
	r.Result, r.Missing, r.Reason, r.AuditorID, r.EnteredBy, r.At = s.Result, s.Missing, s.Reason, by.Auditor, by.By, tx.Now
	note := models.Note{"item": row.Key, "attribute": s.Letter}
	var err error
	if r.ID == 0 {
		err = models.Insert(ctx, tx, &r, "test.result", note)
	} else {
		err = models.Update(ctx, tx, &r, models.Columns{"Result", "Missing", "Reason", "AuditorID", "EnteredBy", "At"}, "test.result", note)
	}
	p.put(r)
	return true, err
}

func (p *Paper) check(s Seen) error {
	i := p.index(s.ItemID)
	switch {
	case i < 0:
		return refuse("item", "This item is not in the sample of "+p.Code()+".")
	case p.Rows[i].Excluded():
		return refuse("item", p.Rows[i].Key+" is excluded from the sample, so it is not tested.")
	case !slices.ContainsFunc(p.Attributes, func(a Attribute) bool { return a.Letter == s.Letter }):
		return refuse("attribute", p.Code()+" has no attribute "+strconv.Quote(s.Letter)+".")
	case s.Result != "" && !slices.Contains(Marks, s.Result):
		return refuse("result", "Choose no exception, deviation or not applicable.")
	case s.Result == NotApplicable:
		return need("reason", s.Reason, "Say why attribute "+s.Letter+" does not apply to "+p.Rows[i].Key+".")
	}
	return nil
}

// LinkItem links evidence for an item, and for some of its attributes if letters name them.
func LinkItem(ctx context.Context, tx *models.Tx, id, auditor, item int64, letters, code string) error {
	p, by, err := takeItems(ctx, tx, id, 0, auditor, toTest, []int64{item})
	if err != nil {
		return err
	}
	if err := p.while("Evidence is linked to items between the selection and the conclusion.", Sampled, Testing); err != nil {
		return err
	}
	if p.index(item) < 0 {
		return refuse("item", "This item is not in the sample of "+p.Code()+".")
	}
	for _, l := range letters {
		if !slices.ContainsFunc(p.Attributes, func(a Attribute) bool { return a.Letter == string(l) }) {
			return refuse("letters", "Name attributes by their letters, such as AC.")
		}
	}
	return p.link(ctx, tx, by, OfItem, item, letters, code)
}
