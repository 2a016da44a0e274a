package control

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"assay/internal/sheet"
	"assay/models"
	"assay/models/people"
)

// A Fate is what an import does with one row.
type Fate string

// The fates.
const (
	IsNew     Fate = "new"
	Changed   Fate = "changed"
	Unchanged Fate = "unchanged"
	Refused   Fate = "refused"
)

// A Planned is one row of a file and what becomes of it.
type Planned struct {
	Line    int
	Code    string
	Title   string
	Fate    Fate
	Changes []Cell   // of a changed row
	Why     []string // of a refused one, in sentences
	Effect  string   // what confirming does with it, in a sentence
	content Content
	people  [2]*int64 // owner, backup
	at      existing
}

// A Cell is one field that an import changes.
type Cell struct{ Label, Was, Now string }

// A Plan says the fate of every row of a file before anything is written.
type Plan struct {
	Rows   []Planned
	Unused []string // columns that nothing is read from
	Digest string   // of the rows and of what they were compared with
}

// Count is how many rows have the fate.
func (p Plan) Count(f Fate) int {
	n := 0
	for _, r := range p.Rows {
		if r.Fate == f {
			n++
		}
	}
	return n
}

// Ready reports that a plan can be confirmed: no row is refused and something changes.
func (p Plan) Ready() bool { return p.Count(Refused) == 0 && p.Count(IsNew)+p.Count(Changed) > 0 }

// codeAliases are what other products call the id of a control. The words reference
// and external id are not among them: they often hold something else beside it.
var codeAliases = []string{"id", "control_id", "control_code", "ref", "ref_code", "reference", "control_number", "identifier", "externalId"}

var personColumns = map[string][]string{
	"owner":        {"owner_email", "control_owner", "control_owner_email", "assignee"},
	"backup_owner": {"backup", "backup_owner_email", "delegate", "deputy"},
}

// informative columns are written by Export and mean nothing on the way back.
var informative = []string{"status", "version", "effective_from"}

func columnsOf(t sheet.Table) (found map[string]int, unused []string) {
	aliases := map[string][]string{"code": codeAliases}
	for k, v := range personColumns {
		aliases[k] = v
	}
	for _, f := range fields {
		aliases[f.key] = f.aliases
	}
	for _, name := range informative {
		aliases[name] = nil
	}
	return sheet.Columns(t.Header, aliases)
}

// PlanImport compares a table with the controls in use and writes nothing. A control
// is found by its id. Text that differs from what is shown becomes a draft of a new
// version, or rewrites the draft that is open; another owner takes over at once. A
// column that is missing changes nothing; an empty cell empties the field. A row is
// refused for an id that is missing, impossible or twice in the file, for people who
// are unknown or cannot own controls, for words and criteria that do not exist, and
// while the control's next version is in review. A table without ids is Invalid.
func PlanImport(ctx context.Context, tx *models.Tx, t sheet.Table) (Plan, error) {
	columns, unused := columnsOf(t)
	plan := Plan{Unused: unused}
	if _, ok := columns["code"]; !ok {
		return plan, models.Invalid(map[string]string{"file": "No column holds the id of the control. Call it id, code or control id."})
	}
	r := rowReader{columns: columns, seen: map[string]int{}}
	if err := r.load(ctx, tx, t); err != nil {
		return plan, err
	}
	if len(t.Rows) == 0 {
		return plan, models.Invalid(map[string]string{"file": "The file has a header and no rows under it."})
	}
	for i, cells := range t.Rows {
		plan.Rows = append(plan.Rows, r.plan(t.Lines[i], cells, slices.Contains(t.Beyond, t.Lines[i])))
	}
	plan.Digest = plan.digest()
	return plan, nil
}

// digest binds a confirmation to what was previewed: every fate, and the state of
// every record it was compared with.
func (p Plan) digest() string {
	h := sha256.New()
	out := json.NewEncoder(h)
	for _, r := range p.Rows {
		_ = out.Encode(r) // to a hash, of strings: cannot fail
		_ = out.Encode([]any{r.at.control.ID, r.at.control.Rev, r.at.shown.Rev, r.at.open.ID, r.at.open.Rev, r.content, r.people})
	}
	return hex.EncodeToString(h.Sum(nil))
}

// existing is what a row is compared with; its ids are 0 where there is nothing.
type existing struct {
	control     Control
	shown, open Version
}

type rowReader struct {
	columns map[string]int
	known   map[string]existing
	people  map[string]people.Person // by e-mail in lower case
	names   map[int64]people.Person
	seen    map[string]int // code: the line it stood on first
}

func (r *rowReader) cell(cells []string, key string) (string, bool) {
	i, ok := r.columns[key]
	if !ok {
		return "", false
	}
	return strings.TrimSpace(cells[i]), true
}

func (r *rowReader) code(cells []string) string {
	code, _ := r.cell(cells, "code")
	return strings.ToUpper(code)
}

// load reads all that the rows refer to in a few queries.
func (r *rowReader) load(ctx context.Context, tx *models.Tx, t sheet.Table) error {
	var codes, emails []string
	for _, cells := range t.Rows {
		codes = append(codes, r.code(cells))
		for key := range personColumns {
			if mail, _ := r.cell(cells, key); mail != "" {
				emails = append(emails, strings.ToLower(mail))
			}
		}
	}
	if err := r.loadPeople(ctx, tx, emails); err != nil {
		return err
	}
	r.known = map[string]existing{}
	var ids []int64
	for part := range slices.Chunk(codes, 500) {
		list, err := models.Rows[Control](tx).Where("code IN ?", part).Find(ctx)
		if err != nil {
			return err
		}
		if err := r.loadVersions(ctx, tx, list); err != nil {
			return err
		}
		for _, c := range list {
			for _, id := range []*int64{c.OwnerID, c.BackupID} {
				if id != nil {
					ids = append(ids, *id)
				}
			}
		}
	}
	slices.Sort(ids)
	var err error
	r.names, err = people.Named(ctx, tx, slices.Compact(ids)...)
	return err
}

func (r *rowReader) loadPeople(ctx context.Context, tx *models.Tx, emails []string) error {
	slices.Sort(emails)
	r.people = map[string]people.Person{}
	for part := range slices.Chunk(slices.Compact(emails), 500) {
		list, err := models.Rows[people.Person](tx).Where("lower(email) IN ?", part).Find(ctx)
		if err != nil {
			return err
		}
		for _, p := range list {
			r.people[strings.ToLower(p.Email)] = p
		}
	}
	return nil
}

func (r *rowReader) loadVersions(ctx context.Context, tx *models.Tx, list []Control) error {
	at := map[int64]*existing{}
	var ids []int64
	for _, c := range list {
		at[c.ID] = &existing{control: c}
		ids = append(ids, c.ID)
	}
	if len(ids) == 0 {
		return nil
	}
	versions, err := models.Rows[Version](tx).Where("control_id IN ?", ids).Find(ctx)
	if err != nil {
		return err
	}
	for _, v := range versions {
		e := at[v.ControlID]
		if v.Number == e.control.Version {
			e.shown = v
		}
		if v.Status == Draft || v.Status == InReview {
			e.open = v
		}
	}
	for _, e := range at {
		r.known[e.control.Code] = *e
	}
	return nil
}

// plan decides what becomes of a row. What stands beyond the header has most likely moved
// there, and every cell of the row with it.
func (r *rowReader) plan(line int, cells []string, beyond bool) Planned {
	p := Planned{Line: line, Code: r.code(cells)}
	p.at = r.known[p.Code]
	p.content = p.at.shown.Content
	p.people = [2]*int64{p.at.control.OwnerID, p.at.control.BackupID}
	if first := r.seen[p.Code]; first > 0 && p.Code != "" {
		p.refuse(fmt.Sprintf("The id %s already stands on line %d.", p.Code, first))
	} else {
		r.seen[p.Code] = line
	}
	if beyond {
		p.refuse("There is text beyond the last column. A text that holds the delimiter has to stand in quotation marks.")
	}
	r.read(&p, cells)
	p.Title = p.content.Title
	r.decide(&p)
	return p
}

func (p *Planned) refuse(why string) { p.Fate, p.Why = Refused, append(p.Why, why) }

func (r *rowReader) read(p *Planned, cells []string) {
	switch {
	case p.Code == "":
		p.refuse("The id is missing.")
	case !codeForm.MatchString(p.Code):
		p.refuse("The id is none: use at most 20 letters, digits, hyphens or dots.")
	}
	for _, f := range fields {
		if text, ok := r.cell(cells, f.key); ok {
			if err := f.read(&p.content, text); err != nil {
				p.refuse(err.Error())
			}
		}
	}
	p.content = p.content.tidy()
	if p.content.Title == "" {
		p.refuse("The title is missing.")
	}
	for i, key := range []string{"owner", "backup_owner"} {
		mail, ok := r.cell(cells, key)
		if !ok {
			continue
		}
		if p.people[i] = nil; mail == "" {
			continue
		}
		who := r.people[strings.ToLower(mail)]
		switch why := unfit(who); {
		case who.ID == 0:
			p.refuse("Nobody here has the e-mail address " + mail + ".")
		case why != "" && !is([]*int64{p.at.control.OwnerID, p.at.control.BackupID}[i], who.ID):
			p.refuse(why)
		default:
			p.people[i] = &who.ID
			r.names[who.ID] = who
		}
	}
	if p.people[0] != nil && is(p.people[1], *p.people[0]) {
		p.refuse("Owner and backup owner are the same person.")
	}
}

func (r *rowReader) decide(p *Planned) {
	if p.Fate == Refused {
		return
	}
	if p.at.control.ID == 0 {
		p.Fate, p.Effect = IsNew, "Becomes a control with a first version in draft."
		if err := p.content.check(); err != nil {
			p.refuse(sentences(err))
		}
		return
	}
	texts := differences(p.at.shown.Content, p.content)
	if len(texts) > 0 && p.at.open.ID != 0 {
		texts = p.meet(texts)
	}
	people := r.peopleChanges(*p)
	p.Changes = slices.Concat(texts, people)
	switch {
	case p.Fate == Refused:
		return
	case len(p.Changes) == 0:
		p.Fate = Unchanged
		return
	}
	p.Fate, p.Effect = Changed, effect(*p, len(texts) > 0, len(people) > 0)
	if err := p.content.check(); err != nil {
		p.refuse(sentences(err))
	}
}

// meet looks at a text that differs while another version of the control is open.
func (p *Planned) meet(texts []Cell) []Cell {
	if len(differences(p.at.open.Content, p.content)) == 0 {
		return nil // the draft says it already
	}
	if p.at.open.Status == InReview {
		p.refuse(fmt.Sprintf("Version %d is in review. Approve or return it first.", p.at.open.Number))
	}
	return texts
}

func differences(was, now Content) []Cell {
	var out []Cell
	for _, f := range fields {
		if a, b := f.write(was), f.write(now); a != b {
			out = append(out, Cell{f.label, a, b})
		}
	}
	return out
}

func (r *rowReader) peopleChanges(p Planned) []Cell {
	var out []Cell
	was := []*int64{p.at.control.OwnerID, p.at.control.BackupID}
	for i, label := range []string{"Owner", "Backup owner"} {
		if !same(was[i], p.people[i]) {
			out = append(out, Cell{label, name(was[i], r.names), name(p.people[i], r.names)})
		}
	}
	return out
}

func effect(p Planned, text, people bool) string {
	var parts []string
	switch {
	case text && p.at.open.ID != 0:
		parts = append(parts, fmt.Sprintf("Rewrites the draft of version %d.", p.at.open.Number))
	case text:
		parts = append(parts, "Becomes a draft of a new version; what is in effect stays until that is approved.")
	}
	if people {
		parts = append(parts, "The change of owner applies at once.")
	}
	return strings.Join(parts, " ")
}

// sentences are the messages of an Invalid, in a stable order.
func sentences(err error) string {
	e, ok := err.(*models.Error) //nolint:errorlint // check returns it bare
	if !ok {
		return err.Error()
	}
	var out []string
	for _, s := range e.Fields {
		out = append(out, s)
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

// Import does what PlanImport said, all of it or nothing. digest is that of the plan
// the actor looked at: if the file or anything it was compared with is no longer the
// same, it is refused, and the plan returned is the new one.
func Import(ctx context.Context, tx *models.Tx, t sheet.Table, digest string) (Plan, error) {
	plan, err := PlanImport(ctx, tx, t)
	if err != nil {
		return plan, err
	}
	if plan.Digest != digest {
		return plan, models.Conflict("Something has changed since this preview was made. Nothing was written; please look at the new preview.")
	}
	if plan.Count(Refused) > 0 {
		return plan, models.Conflict("Rows are refused, so nothing was written. Correct the file and upload it again.")
	}
	if !plan.Ready() {
		return plan, models.Conflict("The file says what Assay says already. There is nothing to write.")
	}
	var controls []*Control
	var versions []*Version
	for _, p := range plan.Rows {
		switch p.Fate {
		case IsNew:
			c := &Control{Code: p.Code, OwnerID: p.people[0], BackupID: p.people[1], CreatedBy: &tx.Actor.ID, CreatedAt: tx.Now}
			v := draft(tx, c, 1, p.content)
			c.copy(v)
			controls, versions = append(controls, c), append(versions, &v)
		case Changed:
			if err := p.apply(ctx, tx); err != nil {
				return plan, err
			}
		case Unchanged, Refused:
		}
	}
	if err := insertBoth(ctx, tx, controls, versions, "control.import", "version.import"); err != nil {
		return plan, err
	}
	note := models.Note{"new": fmt.Sprint(plan.Count(IsNew)), "changed": fmt.Sprint(plan.Count(Changed))}
	return plan, tx.Record("controls.import", "controls", note)
}

func (p Planned) apply(ctx context.Context, tx *models.Tx) error {
	c := p.at.control
	if !same(c.OwnerID, p.people[0]) || !same(c.BackupID, p.people[1]) {
		if err := Assign(ctx, tx, &c, p.people[0], p.people[1]); err != nil {
			return err
		}
	}
	if len(differences(p.at.shown.Content, p.content)) == 0 {
		return nil
	}
	v := p.at.open
	if v.ID == 0 {
		var err error
		if v, err = Revise(ctx, tx, &c, false); err != nil {
			return err
		}
	} else if len(differences(v.Content, p.content)) == 0 {
		return nil
	}
	return Edit(ctx, tx, &v, p.content)
}
