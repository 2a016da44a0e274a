package subservice

import (
	"context"
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strings"

	"assay/models"
	"assay/models/access"
	"assay/models/control"
	"assay/models/engagement"
	"assay/models/evidence"
)

// Terms is what of an organisation is scope.
type Terms struct {
	Name     string
	Services string
	Method   Method
}

// Terms are those of o.
func (o Organisation) Terms() Terms { return Terms{o.Name, o.Services, o.Method} }

func (t Terms) tidy() Terms {
	t.Name, t.Services = strings.Join(strings.Fields(t.Name), " "), strings.TrimSpace(t.Services)
	return t
}

func (t Terms) check() error {
	bad := map[string]string{}
	if t.Name == "" {
		bad["name"] = "Name the organisation."
	}
	if t.Services == "" {
		bad["services"] = "Say what it does for the system in scope."
	}
	if !slices.Contains(Methods, t.Method) {
		bad["method"] = "Choose carve-out or inclusive."
	}
	if len(bad) > 0 {
		return models.Invalid(bad)
	}
	return nil
}

func refuse(field, message string) error { return models.Invalid(map[string]string{field: message}) }

func mayManage(a access.Actor) error {
	if !a.Company() || !a.Can(access.EngagementManage) {
		return models.Forbidden("Compliance managers and administrators list these.")
	}
	return nil
}

// scopeOpen refuses what the company cannot change alone.
func scopeOpen(e engagement.Engagement) error {
	switch {
	case e.Status.ScopeOpen():
		return nil
	case e.Status == engagement.Fieldwork:
		return models.Conflict("Fieldwork has started, so both sides agree on subservice organisations and their methods. Propose the change; nothing was changed here.")
	}
	return frozen(e)
}

func frozen(e engagement.Engagement) error {
	return models.Conflict("The engagement is in state " + e.Status.Label() + "; what was examined stays as it is.")
}

// listOpen refuses what comes after the freeze.
func listOpen(e engagement.Engagement) error {
	if e.Status.ScopeOpen() || e.Status == engagement.Fieldwork {
		return nil
	}
	return frozen(e)
}

// Add names an organisation, before fieldwork starts.
func Add(ctx context.Context, tx *models.Tx, e engagement.Engagement, t Terms) (Organisation, error) {
	if err := mayManage(tx.Actor); err != nil {
		return Organisation{}, err
	}
	if err := scopeOpen(e); err != nil {
		return Organisation{}, err
	}
	t = t.tidy()
	if err := t.check(); err != nil {
		return Organisation{}, err
	}
	o := Organisation{EngagementID: e.ID, Slug: e.Slug, Name: t.Name, Services: t.Services, Method: t.Method, CreatedBy: tx.Actor.ID, CreatedAt: tx.Now}
	return o, twice(models.Insert(ctx, tx, &o, "subservice.add", t.note()))
}

func (t Terms) note() models.Note {
	return models.Note{"name": t.Name, "services": t.Services, "method": t.Method.Label()}
}

func twice(err error) error {
	if models.Duplicate(err) {
		return refuse("name", "This engagement names that organisation already.")
	}
	return err
}

// Change gives an organisation other terms, before fieldwork starts. o is as the actor saw it.
func Change(ctx context.Context, tx *models.Tx, e engagement.Engagement, o *Organisation, t Terms) error {
	if err := mayManage(tx.Actor); err != nil {
		return err
	}
	if err := scopeOpen(e); err != nil {
		return err
	}
	t = t.tidy()
	if err := t.check(); err != nil {
		return err
	}
	o.Name, o.Services, o.Method = t.Name, t.Services, t.Method
	return twice(models.Update(ctx, tx, o, models.Columns{"Name", "Services", "Method"}, "subservice.change", t.note()))
}

// Remove takes an organisation and its CSOCs off the list, before fieldwork starts. The log
// keeps that they were on it.
func Remove(ctx context.Context, tx *models.Tx, e engagement.Engagement, o *Organisation) error {
	if err := mayManage(tx.Actor); err != nil {
		return err
	}
	if err := scopeOpen(e); err != nil {
		return err
	}
	list, err := models.Rows[Complement](tx).Where("organisation_id = ?", o.ID).Order("number").Find(ctx)
	if err != nil {
		return err
	}
	for _, c := range list {
		if err := models.Delete(ctx, tx, &c, "complement.remove", models.Note{"code": c.Code()}); err != nil {
			return err
		}
	}
	return models.Delete(ctx, tx, o, "subservice.remove", models.Note{"name": o.Name})
}

// becomes is what a proposal makes of an organisation.
type becomes struct {
	Terms
	Out bool
}

// Propose asks the other side to agree that an organisation is in the scope with these
// terms, or with out, that it is no longer in it. o is nil for a new one.
func Propose(ctx context.Context, tx *models.Tx, e engagement.Engagement, o *Organisation, t Terms, out bool, reason string) error {
	if t = t.tidy(); out && o != nil {
		t = o.Terms()
	}
	if err := t.check(); err != nil {
		return err
	}
	var id *int64
	var lines []string
	switch {
	case o == nil:
		lines = []string{"Subservice organisation added: " + t.Name + ", " + strings.ToLower(t.Method.Label()) + ". " + t.Services}
		if err := free(ctx, tx, e, t.Name); err != nil {
			return err
		}
	case !o.InScope():
		return models.Conflict(o.Name + " was left out of the scope.")
	case out:
		id, lines = &o.ID, []string{"Subservice organisation left out: " + o.Name}
	case t == o.Terms():
		return models.Conflict("This is what the engagement says already.")
	default:
		id, lines = &o.ID, differences(o.Terms(), t)
	}
	text, err := json.Marshal(becomes{t, out})
	if err != nil {
		return err
	}
	return engagement.ProposeOf(ctx, tx, e, engagement.OfSubservice, id, string(text), lines, reason)
}

// free refuses the name of an organisation that is on the list.
func free(ctx context.Context, tx *models.Tx, e engagement.Engagement, name string) error {
	n, err := models.Rows[Organisation](tx).Where("subservice_organisations.engagement_id = ? AND lower(name) = lower(?) AND left_at IS NULL", e.ID, name).Count(ctx, "id")
	if err == nil && n > 0 {
		err = refuse("name", "This engagement names that organisation already.")
	}
	return err
}

func differences(from, to Terms) (out []string) {
	if from.Name != to.Name {
		out = append(out, "Subservice organisation: "+from.Name+" → "+to.Name)
	}
	if from.Method != to.Method {
		out = append(out, "Method of "+to.Name+": "+from.Method.Label()+" → "+to.Method.Label())
	}
	if from.Services != to.Services {
		out = append(out, "Services of "+to.Name+": "+to.Services)
	}
	return out
}

// Agree puts a proposal about an organisation into effect, as engagement.Agree does for
// the terms.
func Agree(ctx context.Context, tx *models.Tx, e engagement.Engagement, p engagement.Proposal, letter string) error {
	if p.Subject != engagement.OfSubservice {
		return errors.New("subservice: the proposal is about something else")
	}
	var b becomes
	if err := json.Unmarshal([]byte(p.Becomes), &b); err != nil {
		return err
	}
	var o Organisation
	if p.SubjectID != nil {
		var err error
		if o, err = models.Rows[Organisation](tx).Where("subservice_organisations.id = ?", *p.SubjectID).Take(ctx); err != nil {
			return err
		}
	}
	if err := p.Settle(ctx, tx, e, letter); err != nil {
		return err
	}
	o.Name, o.Services, o.Method, o.ProposalID = b.Name, b.Services, b.Method, &p.ID
	if b.Out {
		o.LeftAt = &tx.Now
	}
	if o.ID != 0 {
		return twice(models.Update(ctx, tx, &o, models.Columns{"Name", "Services", "Method", "LeftAt", "ProposalID"}, "subservice.agree", b.note()))
	}
	o.EngagementID, o.Slug, o.CreatedBy, o.CreatedAt = e.ID, e.Slug, tx.Actor.ID, tx.Now
	return twice(models.Insert(ctx, tx, &o, "subservice.agree", b.note()))
}

var sha256Hex = regexp.MustCompile(`^[0-9a-f]{64}$`)

// Rely records what the company relies on for an organisation: its own report, and the
// controls of ours that monitor it. o is as the actor saw it. It is no scope, and stays
// open until the freeze.
func Rely(ctx context.Context, tx *models.Tx, e engagement.Engagement, o *Organisation, r Reliance, monitors []string) error {
	if err := mayManage(tx.Actor); err != nil {
		return err
	}
	if err := listOpen(e); err != nil {
		return err
	}
	if !o.InScope() {
		return models.Conflict(o.Name + " was left out of the scope.")
	}
	bad := map[string]string{}
	r.check(bad)
	codes, err := controlCodes(ctx, tx, monitors, "monitors", bad)
	if err != nil {
		return err
	}
	if r.ReportEvidenceID != nil {
		if _, err := evidence.ByID(ctx, tx, *r.ReportEvidenceID); err != nil {
			return err
		}
	}
	if len(bad) > 0 {
		return models.Invalid(bad)
	}
	o.Reliance, o.Monitors = r, codes
	set := models.Columns{"Monitors", "ReportKind", "ReportBy", "ReportFrom", "ReportTo", "ReportDigest", "ReportEvidenceID", "ReportNote"}
	note := models.Note{"monitors": strings.Join(codes, " "), "report": r.ReportKind.Label(), "from": string(r.ReportFrom), "to": string(r.ReportTo), "digest": r.ReportDigest}
	return models.Update(ctx, tx, o, set, "subservice.rely", note)
}

func (r *Reliance) check(bad map[string]string) {
	r.ReportBy, r.ReportNote, r.ReportDigest = strings.TrimSpace(r.ReportBy), strings.TrimSpace(r.ReportNote), engagement.CleanDigest(r.ReportDigest)
	if r.ReportKind == "" {
		if *r != (Reliance{}) {
			bad["report_kind"] = "Choose what kind of report it is."
		}
		return
	}
	switch {
	case !slices.Contains(ReportKinds, r.ReportKind):
		bad["report_kind"] = "Choose what kind of report it is."
	case r.ReportFrom.IsZero():
		bad["report_from"] = "Enter the first day that it covers."
	case r.ReportTo.IsZero():
		bad["report_to"] = "Enter the last day that it covers."
	case r.ReportTo < r.ReportFrom:
		bad["report_to"] = "It cannot end before it begins."
	}
	if r.ReportDigest != "" && !sha256Hex.MatchString(r.ReportDigest) {
		bad["report_digest"] = "A SHA-256 has 64 characters, 0 to 9 and a to f."
	}
}

// controlCodes are those of controls that exist, each once.
func controlCodes(ctx context.Context, tx *models.Tx, typed []string, field string, bad map[string]string) (models.List[string], error) {
	var out models.List[string]
	for _, code := range typed {
		if code = strings.ToUpper(strings.TrimSpace(code)); code != "" && !slices.Contains(out, code) {
			out = append(out, code)
		}
	}
	if len(out) == 0 {
		return nil, nil
	}
	found, err := models.Rows[control.Control](tx).Where("controls.code IN ?", []string(out)).Find(ctx)
	for _, code := range out {
		if !slices.ContainsFunc(found, func(c control.Control) bool { return c.Code == code }) {
			bad[field] = "No control is called " + code + "."
		}
	}
	return out, err
}

// check completes c for the engagement e, and says what is wrong with it.
func (c *Content) check(ctx context.Context, tx *models.Tx, e engagement.Engagement) error {
	bad := map[string]string{}
	if c.Text = strings.TrimSpace(c.Text); c.Text == "" {
		bad["text"] = "Say what has to be done, and by whom."
	}
	var criteria models.List[string]
	for _, code := range c.Criteria {
		if code = strings.ToUpper(strings.TrimSpace(code)); code != "" && !slices.Contains(criteria, code) {
			criteria = append(criteria, code)
		}
	}
	slices.SortFunc(criteria, func(a, b string) int { return slices.Index(e.Criteria, a) - slices.Index(e.Criteria, b) })
	for _, code := range criteria {
		if !slices.Contains(e.Criteria, code) {
			bad["criteria"] = code + " is no criterion in scope."
		}
	}
	if len(criteria) == 0 {
		bad["criteria"] = "Name at least one criterion that depends on it."
	}
	codes, err := controlCodes(ctx, tx, c.Controls, "controls", bad)
	if err != nil {
		return err
	}
	if c.Criteria, c.Controls = criteria, codes; len(bad) > 0 {
		return models.Invalid(bad)
	}
	return nil
}

// Expect lists a complementary control: a CSOC of o, or with nil a CUEC.
func Expect(ctx context.Context, tx *models.Tx, e engagement.Engagement, o *Organisation, in Content) (Complement, error) {
	if err := mayManage(tx.Actor); err != nil {
		return Complement{}, err
	}
	if err := listOpen(e); err != nil {
		return Complement{}, err
	}
	if err := in.check(ctx, tx, e); err != nil {
		return Complement{}, err
	}
	c := Complement{EngagementID: e.ID, Slug: e.Slug, Kind: UserEntity, Content: in, CreatedBy: tx.Actor.ID, CreatedAt: tx.Now}
	if o != nil {
		if o.Method != CarveOut || !o.InScope() {
			return c, models.Conflict("The controls of an organisation with the inclusive method are described and tested themselves. CSOCs are listed where it is carved out.")
		}
		c.Kind, c.OrganisationID = Subservice, &o.ID
	}
	last, err := models.Value[int64](ctx, tx, "SELECT coalesce(max(number), 0) FROM complementary_controls WHERE engagement_id = ? AND kind = ?", e.ID, c.Kind)
	if err != nil {
		return c, err
	}
	c.Number = last + 1
	err = models.Insert(ctx, tx, &c, "complement.add", models.Note{"text": c.Text, "criteria": strings.Join(c.Criteria, " ")})
	if models.Duplicate(err) {
		err = models.Conflict("Someone changed this a moment ago. Please look again.")
	}
	return c, err
}

// Reword says a complementary control anew. c is as the actor saw it.
func Reword(ctx context.Context, tx *models.Tx, e engagement.Engagement, c *Complement, in Content) error {
	if err := mayManage(tx.Actor); err != nil {
		return err
	}
	if err := listOpen(e); err != nil {
		return err
	}
	if err := in.check(ctx, tx, e); err != nil {
		return err
	}
	c.Content = in
	return models.Update(ctx, tx, c, models.Columns{"Text", "Criteria", "Controls"}, "complement.change", models.Note{"text": c.Text, "criteria": strings.Join(c.Criteria, " ")})
}

// Strike takes a complementary control off its list. The log keeps that it was on it.
func Strike(ctx context.Context, tx *models.Tx, e engagement.Engagement, c *Complement) error {
	if err := mayManage(tx.Actor); err != nil {
		return err
	}
	if err := listOpen(e); err != nil {
		return err
	}
	return models.Delete(ctx, tx, c, "complement.remove", models.Note{"code": c.Code(), "text": c.Text})
}
