package request

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"assay/internal/sheet"
	"assay/models"
	"assay/models/access"
	"assay/models/control"
	"assay/models/engagement"
	"assay/models/people"
)

// A Fate is what an import does with one row.
type Fate string

// The fates.
const (
	IsNew     Fate = "new"
	ToAccept  Fate = "accept"
	ToReturn  Fate = "return"
	Unchanged Fate = "unchanged"
	Refused   Fate = "refused"
)

// Label is f in words.
func (f Fate) Label() string {
	return map[Fate]string{IsNew: "New", ToAccept: "Accepted", ToReturn: "Returned", Unchanged: "Nothing to do", Refused: "Refused"}[f]
}

// A Planned is one row of a file and what becomes of it.
type Planned struct {
	Line    int
	Code    string // of a request that is here
	Title   string
	Fate    Fate
	Why     []string // of a refused one, in sentences
	Remarks []string // what was not understood and is left out
	Reason  string   // of a return
	ask     Ask
	at      Request
}

// An Order is how a file is to be taken: on whose behalf, and whether what is new and has
// a date is opened at once.
type Order struct {
	Auditor int64 // 0 is the company itself, or the auditor who brings their own
	Open    bool
}

// A Plan says the fate of every row of a file before anything is written.
type Plan struct {
	Order
	Rows   []Planned
	Unused []string // columns that nothing is read from
	Digest string   // of the rows, the order, and what they were compared with
}

// Count is how many rows have the fate.
func (p Plan) Count(f Fate) (n int) {
	for _, r := range p.Rows {
		if r.Fate == f {
			n++
		}
	}
	return n
}

// Ready reports that a plan can be confirmed: no row is refused and something is done.
func (p Plan) Ready() bool {
	return p.Count(Refused) == 0 && p.Count(IsNew)+p.Count(ToAccept)+p.Count(ToReturn) > 0
}

// mostRows is how many requests one file may hold.
const mostRows = 2000

// columns are the names under which other lists have what is read. Those that Assay
// writes itself and reads nothing from have none.
var columns = map[string][]string{
	"request":         {"request_id", "assay_request"},
	"reference":       {"number", "no", "nr", "#", "ref", "id", "pbc", "pbc_no", "pbc_number", "pbc_id", "item_no", "item_number", "request_no", "request_number", "index"},
	"title":           {"request_title", "subject", "name", "requested_item", "item_requested"},
	"description":     {"request_description", "description_of_request", "item_description", "documents_requested", "document_requested", "evidence_requested", "requested_evidence", "what"},
	"detail":          {"details", "comment", "comments", "notes", "note", "guidance", "instructions"},
	"items":           {"asked_for", "evidence_items"},
	"control":         {"control_id", "control_code", "control_ref", "control_reference", "control_number", "control_no"},
	"due":             {"due_on", "due_date", "date_due", "needed_by", "deadline", "required_by", "date_needed", "date_required", "target_date"},
	"owner":           {"client_owner", "owner_email", "assignee", "assigned_to", "responsible", "responsible_person", "contact", "client_contact", "poc"},
	"decision":        {"auditor_decision", "outcome"},
	"decision_reason": {"reason", "auditor_comment", "auditor_comments", "reason_for_return"},
	"status":          {}, "overdue": {}, "asked_by": {}, "opened": {}, "released": {}, "answers": {}, "decided_by": {}, "decided": {},
}

// MayImport refuses whoever may not bring requests in, and engagements that take none,
// before there is a list. auditor is as in Order.
func MayImport(ctx context.Context, tx *models.Tx, e engagement.Engagement, auditor int64) error {
	if _, _, err := author(ctx, tx, e, auditor); err != nil {
		return err
	}
	return running(e)
}

// PlanImport compares a table with the requests of e and writes nothing. A row that names
// a request, by its code or by the firm's own number, can decide it; every other row asks
// something new. Nothing that is here is rewritten. Whoever is not known, and controls that
// are not, are left out with a remark. A row is refused for a code that is none, a number
// twice, nothing that is asked, a date that can be read in two ways, and a decision that
// cannot be taken.
func PlanImport(ctx context.Context, tx *models.Tx, e engagement.Engagement, t sheet.Table, o Order) (Plan, error) {
	if err := MayImport(ctx, tx, e, o.Auditor); err != nil {
		return Plan{}, err
	}
	found, unused := sheet.Columns(t.Header, columns)
	plan := Plan{Order: o, Unused: unused}
	_, titled := found["title"]
	_, described := found["description"]
	_, coded := found["request"]
	switch {
	case !titled && !described && !coded:
		return plan, models.Invalid(map[string]string{"file": "No column says what is asked. Call it description or title, or request where it holds ids such as R-012."})
	case len(t.Rows) == 0:
		return plan, models.Invalid(map[string]string{"file": "The file has a header and no rows under it."})
	case len(t.Rows) > mostRows:
		return plan, models.Invalid(map[string]string{"file": fmt.Sprintf("The file has more than %d rows. Split it.", mostRows)})
	}
	r := reader{late: asking(e), columns: found, order: o, decides: o.Auditor != 0 || tx.Actor.InFieldwork(e.ID), seen: map[string]int{}}
	if err := r.load(ctx, tx, e, t); err != nil {
		return plan, err
	}
	for i, cells := range t.Rows {
		plan.Rows = append(plan.Rows, r.plan(t.Lines[i], cells, slices.Contains(t.Beyond, t.Lines[i])))
	}
	plan.Digest = plan.digest()
	return plan, nil
}

// digest binds a confirmation to what was previewed.
func (p Plan) digest() string {
	h := sha256.New()
	out := json.NewEncoder(h)
	_ = out.Encode(p.Order) // to a hash, of strings: cannot fail
	for _, r := range p.Rows {
		_ = out.Encode([]any{r, r.ask, r.at.ID, r.at.Rev})
	}
	return hex.EncodeToString(h.Sum(nil))
}

type reader struct {
	late     error // why nothing new is asked any more
	order    Order
	columns  map[string]int
	byCode   map[string]Request
	byNumber map[string]Request
	controls map[string]control.Row
	decided  map[int64]Step             // the last decision of a request
	people   map[string][]people.Person // by address and by name
	able     map[int64]bool             // who answers requests
	decides  bool                       // decisions can be taken
	seen     map[string]int             // id or number: the line it stood on first
}

func (r *reader) load(ctx context.Context, tx *models.Tx, e engagement.Engagement, t sheet.Table) (err error) {
	r.byCode, r.byNumber = map[string]Request{}, map[string]Request{}
	for list, err := range Every(ctx, tx, e, Filter{}) {
		if err != nil {
			return err
		}
		for _, q := range list {
			r.byCode[q.Code()] = q
			if q.Reference != "" && q.Status != Cancelled {
				r.byNumber[q.Reference] = q
			}
		}
	}
	if r.decided, err = decisions(ctx, tx, e); err != nil {
		return err
	}
	if err := r.loadControls(ctx, tx, t); err != nil {
		return err
	}
	return r.loadPeople(ctx, tx)
}

// loadControls reads those that the table names.
func (r *reader) loadControls(ctx context.Context, tx *models.Tx, t sheet.Table) error {
	r.controls = map[string]control.Row{}
	var codes []string
	for _, cells := range t.Rows {
		codes = append(codes, strings.ToUpper(r.cell(cells, "control")))
	}
	slices.Sort(codes)
	for part := range slices.Chunk(slices.Compact(codes), 500) {
		rows, err := models.Rows[control.Row](tx).Where("controls.code IN ?", part).Find(ctx)
		if err != nil {
			return err
		}
		for _, c := range rows {
			r.controls[c.Code] = c
		}
	}
	return nil
}

// loadPeople reads who answers requests. An auditor names nobody of the company.
func (r *reader) loadPeople(ctx context.Context, tx *models.Tx) error {
	r.people, r.able = map[string][]people.Person{}, map[int64]bool{}
	list, err := people.Holders(ctx, tx, access.Owner, access.Compliance)
	for _, p := range list {
		if p.Status == people.Deactivated || !tx.Actor.Company() {
			continue
		}
		r.able[p.ID] = true
		for _, key := range []string{strings.ToLower(p.Email), strings.ToLower(p.Name)} {
			r.people[key] = append(r.people[key], p)
		}
	}
	return err
}

// decisions is the last decision about each request of an engagement.
func decisions(ctx context.Context, tx *models.Tx, e engagement.Engagement) (map[int64]Step, error) {
	out := map[int64]Step{}
	list, err := models.Rows[Step](tx).Where("engagement_id = ? AND to_status IN ?", e.ID, []Status{Accepted, Returned}).Order("request_id, place").Find(ctx)
	for _, s := range list {
		out[s.RequestID] = s
	}
	return out, err
}

func (r *reader) cell(cells []string, key string) string {
	if i, ok := r.columns[key]; ok {
		return strings.TrimSpace(cells[i])
	}
	return ""
}

func (p *Planned) refuse(format string, args ...any) {
	p.Fate, p.Why = Refused, append(p.Why, fmt.Sprintf(format, args...))
}

// plan decides what becomes of a row.
func (r *reader) plan(line int, cells []string, beyond bool) Planned {
	p := Planned{Line: line}
	code, number := strings.ToUpper(r.cell(cells, "request")), r.cell(cells, "reference")
	name := code
	if name == "" {
		name = number
	}
	if first := r.seen[name]; name != "" && first > 0 {
		p.refuse("%s already stands on line %d.", name, first)
	} else {
		r.seen[name] = line
	}
	if beyond {
		p.refuse("There is text beyond the last column. A text that holds the delimiter has to stand in quotation marks.")
	}
	var known bool
	if p.at, known = r.byCode[code]; !known && code != "" {
		p.refuse("No request of this engagement has the id %s.", code)
		return p
	}
	if !known && number != "" {
		p.at, known = r.byNumber[number]
	}
	if known {
		p.Code, p.Title = p.at.Code(), p.at.Title
		r.decide(&p, cells)
		return p
	}
	r.read(&p, cells)
	if r.late != nil {
		p.refuse("%s", r.late.Error())
	}
	if r.cell(cells, "decision") != "" {
		p.refuse("It decides a request that is not here yet.")
	}
	if p.Fate == "" {
		p.Fate = IsNew
	}
	return p
}

// accepting and returning are the words for a decision.
var (
	accepting = []string{"accept", "accepted", "ok", "yes", "satisfied"}
	returning = []string{"return", "returned", "reject", "rejected", "no"}
)

// decide reads what an auditor decided about a request.
func (r *reader) decide(p *Planned, cells []string) {
	word, reason := strings.ToLower(r.cell(cells, "decision")), r.cell(cells, "decision_reason")
	last, was := r.decided[p.at.ID]
	switch {
	case p.Fate == Refused:
	case word == "":
		p.Fate = Unchanged
	case !slices.Contains(accepting, word) && !slices.Contains(returning, word):
		p.refuse("%q is no decision. Write accept or return.", word)
	case p.at.Status != Released && was && slices.Contains(accepting, word) && last.ToStatus == Accepted,
		p.at.Status != Released && was && slices.Contains(returning, word) && last.ToStatus == Returned && last.Reason == reason:
		p.Fate = Unchanged
	case p.at.Status != Released:
		p.refuse("%s is in state %s; only a released answer is accepted or returned.", p.Code, p.at.Status.Label())
	case slices.Contains(accepting, word):
		p.Fate = ToAccept
	case reason == "":
		p.refuse("It is returned without a reason.")
	default:
		p.Fate, p.Reason = ToReturn, reason
	}
	if !r.decides && (p.Fate == ToAccept || p.Fate == ToReturn) {
		p.refuse("Say on whose behalf the file is brought in: decisions are an auditor's.")
	}
}

// titleLength is where what is asked becomes a title and the rest of it the detail.
const titleLength = 200

// read reads a new request.
func (r *reader) read(p *Planned, cells []string) {
	q := Question{Reference: r.cell(cells, "reference"), Title: r.cell(cells, "title")}
	details := []string{r.cell(cells, "description"), r.cell(cells, "detail")}
	if q.Title == "" {
		q.Title = details[0]
		if first, rest, broken := strings.Cut(q.Title, "\n"); broken {
			q.Title, details[0] = strings.TrimSpace(first), strings.TrimSpace(rest)
		} else {
			details[0] = ""
		}
	}
	if runes := []rune(q.Title); len(runes) > titleLength {
		details[0] = strings.TrimSpace(q.Title + "\n" + details[0])
		q.Title = string(runes[:titleLength-1]) + "…"
	}
	if q.Title == "" {
		p.refuse("It says nothing that is asked.")
	}
	q.Detail = strings.Join(slices.DeleteFunc(details, func(s string) bool { return s == "" }), "\n\n")
	r.readControl(p, &q, strings.ToUpper(r.cell(cells, "control")))
	r.readOwner(p, &q, r.cell(cells, "owner"))
	if text := r.cell(cells, "due"); text != "" {
		day, why := readDay(text)
		if q.DueOn = day; why != "" {
			p.refuse("%s", why)
		}
	}
	if r.order.Open && q.DueOn.IsZero() {
		p.Remarks = append(p.Remarks, "It has no date, so it stays a draft.")
	}
	p.Title = q.Title
	p.ask = Ask{Question: q, Items: strings.Split(r.cell(cells, "items"), "\n"), Auditor: r.order.Auditor}
}

func (r *reader) readControl(p *Planned, q *Question, code string) {
	if code == "" {
		return
	}
	c, ok := r.controls[code]
	if !ok {
		p.Remarks = append(p.Remarks, "No control has the id "+code+"; the request is taken without one.")
		return
	}
	q.ControlID, q.OwnerID = &c.ID, nil
	if c.OwnerID != nil && r.able[*c.OwnerID] { // unless the file names another
		q.OwnerID = c.OwnerID
	}
}

func (r *reader) readOwner(p *Planned, q *Question, name string) {
	if name == "" {
		return
	}
	found := r.people[strings.ToLower(name)]
	if len(found) != 1 {
		p.Remarks = append(p.Remarks, "Nobody who answers requests is known as "+name+".")
		return
	}
	q.OwnerID = &found[0].ID
}

// days are the ways of writing a date that can be read in one way only.
var days = []string{"2006-01-02", "2006/01/02", "2.1.2006", "2 Jan 2006", "2 January 2006", "Jan 2, 2006", "January 2, 2006", "2-Jan-2006", "2-Jan-06", "2006-01-02 15:04:05", "2006-01-02T15:04:05Z"}

// readDay reads a date, or says why it cannot.
func readDay(text string) (models.Date, string) {
	for _, layout := range days {
		if t, err := time.Parse(layout, text); err == nil && models.Storable(t) {
			return models.Date(t.Format(time.DateOnly)), ""
		}
	}
	var read []models.Date
	for _, layout := range []string{"2/1/2006", "1/2/2006"} {
		if t, err := time.Parse(layout, text); err == nil && models.Storable(t) {
			read = append(read, models.Date(t.Format(time.DateOnly)))
		}
	}
	switch {
	case len(read) == 1, len(read) == 2 && read[0] == read[1]:
		return read[0], ""
	case len(read) == 2:
		return "", fmt.Sprintf("%q can be %s or %s. Write it as %s.", text, read[0], read[1], read[0])
	}
	return "", fmt.Sprintf("%q is no date. Write it as 2026-03-31.", text)
}

// Import does what PlanImport said, all of it or nothing. digest is that of the plan the
// actor looked at.
func Import(ctx context.Context, tx *models.Tx, e engagement.Engagement, t sheet.Table, o Order, digest string) (Plan, error) {
	plan, err := PlanImport(ctx, tx, e, t, o)
	switch {
	case err != nil:
		return plan, err
	case plan.Digest != digest:
		return plan, models.Conflict("Something has changed since this preview was made. Nothing was written; please look at the new preview.")
	case plan.Count(Refused) > 0:
		return plan, models.Conflict("Rows are refused, so nothing was written. Correct the file and send it again.")
	case !plan.Ready():
		return plan, models.Conflict("The file says what Assay says already. There is nothing to write.")
	}
	for _, p := range plan.Rows {
		if err := p.apply(ctx, tx, e, o); err != nil {
			return plan, err
		}
	}
	return plan, tx.Record("requests.import", e.Path(), models.Note{
		"new": fmt.Sprint(plan.Count(IsNew)), "accepted": fmt.Sprint(plan.Count(ToAccept)), "returned": fmt.Sprint(plan.Count(ToReturn)),
	})
}

func (p Planned) apply(ctx context.Context, tx *models.Tx, e engagement.Engagement, o Order) error {
	switch p.Fate {
	case IsNew:
		r, err := Write(ctx, tx, e, p.ask)
		if err != nil || !o.Open || r.DueOn.IsZero() {
			return err
		}
		return OpenUp(ctx, tx, e, &r)
	case ToAccept:
		return Accept(ctx, tx, e, &p.at, o.Auditor)
	case ToReturn:
		return Return(ctx, tx, e, &p.at, o.Auditor, p.Reason)
	case Unchanged, Refused:
	}
	return nil
}
