package finding

import (
	"context"
	"iter"
	"slices"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/control"
	"assay/models/engagement"
	"assay/models/people"
)

// A Case is a finding with all that belongs to it: what its page shows and what its
// rules look at.
type Case struct {
	Finding
	Controls      []control.Control // those of the affected ones that the actor may see
	Covering      []control.Control // those of the compensating ones
	Cells         []Cell            // of an exception
	Over          bool              // the audit that found it is frozen, or over, and saw this cycle
	Cycles        []Cycle           // first to last
	Responses     []Response
	Compensations []Compensation
	Plans         []Plan // one a cycle at most
	Milestones    []Milestone
	Extensions    []Extension
	Acceptances   []Acceptance
}

// A found finding comes with where the engagement that found it stands.
type found struct {
	Finding
	State    engagement.Status
	FrozenAt *time.Time
}

const foundQuery = `SELECT findings.*, COALESCE(e.status, '') AS state, z.frozen_at
	FROM findings LEFT JOIN engagements e ON e.id = findings.engagement_id LEFT JOIN freezes z ON z.engagement_id = findings.engagement_id
	WHERE findings.id = ?`

// Load reads a finding that the actor may see, with everything about it, in one query.
func Load(ctx context.Context, tx *models.Tx, id int64) (c Case, err error) {
	query, args := foundQuery, []any{id}
	if cond, more := (Finding{}).VisibleTo(tx.Actor); cond != "" {
		query, args = query+" AND "+cond, append(args, more...)
	}
	var list []found
	var controls []control.Control
	err = models.Together(ctx, tx,
		models.RawInto(&list, "", query, args...),
		models.Into(models.Rows[control.Control](tx).Where(`controls.id IN (SELECT control_id FROM finding_controls WHERE finding_id = ?)
			OR controls.id IN (SELECT control_id FROM finding_compensations WHERE finding_id = ?)`, id, id).Order("code"), &controls),
		parts(tx, id, &c.Cells), parts(tx, id, &c.Cycles), parts(tx, id, &c.Responses), parts(tx, id, &c.Compensations), parts(tx, id, &c.Plans),
		parts(tx, id, &c.Milestones, "due_on"), parts(tx, id, &c.Extensions), parts(tx, id, &c.Acceptances))
	if err == nil && len(list) == 0 {
		err = models.NotFound("Finding")
	}
	if err != nil {
		return Case{}, err
	}
	c.Finding, c.Over = list[0].Finding, list[0].over()
	c.split(controls)
	return c, nil
}

// split tells the controls that a finding affects from those that cover it meanwhile.
func (c *Case) split(list []control.Control) {
	for _, k := range list {
		if slices.ContainsFunc(c.Compensations, func(x Compensation) bool { return x.ControlID == k.ID }) {
			c.Covering = append(c.Covering, k)
		} else {
			c.Controls = append(c.Controls, k)
		}
	}
}

// over reports whether the audit that found it is frozen or over, and saw this cycle. One
// that began after the freeze is not the audit's.
func (f found) over() bool {
	if f.EngagementID == nil || f.State == engagement.Fieldwork || !f.Exception() && f.State.Running() {
		return false
	}
	return f.FrozenAt == nil || !f.CycleOpenedAt.After(*f.FrozenAt)
}

// Cases goes through all the findings that f chooses, with what an export says of them:
// everything but risk acceptances and whether the audit is over.
func Cases(ctx context.Context, tx *models.Tx, f Filter) iter.Seq2[Case, error] {
	return func(yield func(Case, error) bool) {
		for list, err := range Every(ctx, tx, f) {
			var cases []Case
			if err == nil {
				cases, err = CasesOf(ctx, tx, list)
			}
			if err != nil {
				yield(Case{}, err)
				return
			}
			for _, c := range cases {
				if !yield(c, nil) {
					return
				}
			}
		}
	}
}

// CasesOf reads what an export says of these findings, in one query.
func CasesOf(ctx context.Context, tx *models.Tx, list []Finding) ([]Case, error) {
	var (
		touched    affected
		cycles     []Cycle
		plans      []Plan
		cells      []Cell
		responses  []Response
		covers     []Compensation
		extensions []Extension
		milestones []Milestone
	)
	err := models.Together(ctx, tx, touched.links(tx, list), touched.of(tx, list), partsOf(tx, list, &cycles), partsOf(tx, list, &plans), partsOf(tx, list, &cells),
		partsOf(tx, list, &responses), partsOf(tx, list, &covers), partsOf(tx, list, &extensions), partsOf(tx, list, &milestones, "due_on"))
	out, at := make([]Case, len(list)), make(map[int64]*Case, len(list))
	for i, f := range list {
		out[i] = Case{Finding: f}
		at[f.ID] = &out[i]
	}
	for id, list := range touched.byFinding() {
		at[id].Controls = list
	}
	share(cycles, func(x Cycle) *[]Cycle { return &at[x.FindingID].Cycles })
	share(plans, func(x Plan) *[]Plan { return &at[x.FindingID].Plans })
	share(cells, func(x Cell) *[]Cell { return &at[x.FindingID].Cells })
	share(responses, func(x Response) *[]Response { return &at[x.FindingID].Responses })
	share(covers, func(x Compensation) *[]Compensation { return &at[x.FindingID].Compensations })
	share(extensions, func(x Extension) *[]Extension { return &at[x.FindingID].Extensions })
	share(milestones, func(x Milestone) *[]Milestone { return &at[x.FindingID].Milestones })
	return out, err
}

// share puts each part where it belongs.
func share[T any](parts []T, of func(T) *[]T) {
	for _, x := range parts {
		list := of(x)
		*list = append(*list, x)
	}
}

// partsOf is the reading of the parts of many findings.
func partsOf[T any](tx *models.Tx, list []Finding, into *[]T, order ...string) models.Reading {
	q := models.Rows[T](tx).Where("finding_id IN ?", ids(list)).Order("finding_id")
	for _, column := range order {
		q = q.Order(column)
	}
	return models.Into(q.Order("id"), into)
}

// parts is the reading of the parts of one finding.
func parts[T any](tx *models.Tx, id int64, into *[]T, order ...string) models.Reading {
	q := models.Rows[T](tx).Where("finding_id = ?", id)
	for _, column := range order {
		q = q.Order(column)
	}
	return models.Into(q.Order("id"), into)
}

// take loads a finding to change it. Everything about one finding is changed one
// after the other: a rule that looks at several rows would otherwise hold for none of
// them on PostgreSQL. SQLite has one writer anyway.
func take(ctx context.Context, tx *models.Tx, id int64) (Case, error) {
	if tx.Postgres() {
		if _, err := models.Raw[Finding](ctx, tx, "SELECT id FROM findings WHERE id = ? FOR UPDATE", id); err != nil {
			return Case{}, err
		}
	}
	return Load(ctx, tx, id)
}

// taken is take for a form that was filled in against revision rev of the finding.
func taken(ctx context.Context, tx *models.Tx, id, rev int64) (Case, error) {
	c, err := take(ctx, tx, id)
	if err != nil {
		return c, err
	}
	return c, fresh(c.Rev, rev)
}

func fresh(rev, seen int64) error {
	if rev != seen {
		return models.Conflict("Someone changed this a moment ago. Please look again.")
	}
	return nil
}

// Plan is the plan of the present cycle, or nil.
func (c *Case) Plan() *Plan {
	for i := range c.Plans {
		if c.Plans[i].Cycle == c.Cycle {
			return &c.Plans[i]
		}
	}
	return nil
}

// Steps are the milestones of a plan.
func (c *Case) Steps(planID int64) []*Milestone {
	var out []*Milestone
	for i := range c.Milestones {
		if c.Milestones[i].PlanID == planID {
			out = append(out, &c.Milestones[i])
		}
	}
	return out
}

// step is a milestone of the present plan.
func (c *Case) step(id int64) (*Plan, *Milestone, error) {
	if p := c.Plan(); p != nil {
		for _, m := range c.Steps(p.ID) {
			if m.ID == id {
				return p, m, nil
			}
		}
	}
	return nil, nil, models.NotFound("Milestone")
}

// Response is the latest one of the present cycle that was given, or nil.
func (c *Case) Response() *Response {
	for i := len(c.Responses) - 1; i >= 0; i-- {
		if c.Responses[i].Cycle == c.Cycle && !c.Responses[i].Status.Open() {
			return &c.Responses[i]
		}
	}
	return nil
}

// Acceptance is the one that holds, or nil.
func (c *Case) Acceptance() *Acceptance {
	for i := range c.Acceptances {
		if c.Acceptances[i].EndedAt == nil {
			return &c.Acceptances[i]
		}
	}
	return nil
}

// People lists the ids of everybody c names, for people.Named.
func (c *Case) People() []int64 {
	ids := []int64{c.RaisedBy}
	add := func(more ...*int64) {
		for _, id := range more {
			if id != nil {
				ids = append(ids, *id)
			}
		}
	}
	add(c.OwnerID, c.EnteredBy, c.EffectBy, c.EffectEntered)
	for _, x := range c.Cells {
		ids = append(ids, x.AuditorID, x.EnteredBy)
	}
	for _, x := range c.Cycles {
		ids = append(ids, x.OpenedBy)
		add(x.ClosedBy)
		add(x.ClosedEntry)
	}
	for _, x := range c.Responses {
		ids = append(ids, x.PersonID)
		add(x.ApprovedBy)
	}
	for _, x := range c.Compensations {
		ids = append(ids, x.NamedBy)
	}
	for _, x := range c.Plans {
		ids = append(ids, x.OwnerID, x.CreatedBy)
		add(x.DecidedBy, x.CompletedBy, x.VerifiedBy)
	}
	for _, x := range c.Milestones {
		ids = append(ids, x.OwnerID)
		add(x.DoneBy, x.VerifiedBy)
	}
	for _, x := range c.Extensions {
		ids = append(ids, x.AskedBy)
		add(x.DecidedBy)
	}
	for _, x := range c.Acceptances {
		ids = append(ids, x.OwnerID, x.AcceptedBy)
	}
	return ids
}

// move changes the status, together with what else of the finding changes with it.
func (c *Case) move(ctx context.Context, tx *models.Tx, to Status, verb, said string, also ...string) error {
	if !c.Status.CanBecome(to) {
		return models.Conflict("This finding is " + lower(c.Status.Label()) + ", so it cannot become " + lower(to.Label()) + ".")
	}
	note := models.Note{"from": string(c.Status), "to": string(to), "note": said}
	c.Status, c.StatusNote = to, said
	if err := models.Update(ctx, tx, &c.Finding, append(models.Columns{"Status", "StatusNote"}, also...), verb, note); err != nil {
		return err
	}
	return c.mentions(ctx, tx, said)
}

// responsible loads somebody who can be made answerable for something: an active
// person whose role lets them act on findings.
func responsible(ctx context.Context, tx *models.Tx, id int64, p problems) error {
	person, err := people.ByID(ctx, tx, id)
	if models.KindOf(err) == models.KindNotFound {
		p["owner"] = "Choose a person."
		return nil
	}
	if err != nil {
		return err
	}
	switch {
	case person.Status == people.Deactivated:
		p["owner"] = person.Name + " has left. Choose somebody else."
	case !person.Actor().Can(access.FindingRespond):
		p["owner"] = person.Name + " cannot work on findings. Choose a control owner or a compliance manager."
	}
	return nil
}
