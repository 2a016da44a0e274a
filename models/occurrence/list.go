package occurrence

import (
	"context"
	"fmt"
	"strings"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/control"
	"assay/models/period"
	"assay/models/programme"
)

// A List says what happened in a stretch of days: the triggers of an event-driven
// control, or the intervals in which a continuous one was seen to work. An empty one, with
// a word on how that is known, says that nothing happened.
type List struct {
	models.Meta
	ControlID     int64
	Code          string // of the control, which never changes
	Kind          string // Triggers or Signals
	CoversFrom    models.Date
	CoversTo      models.Date
	Source        string // the system it comes from
	Query         string
	Digest        string // of the file, in the blob store
	LinesDigest   string // of what was read from it
	Name          string
	Lines         int
	Note          string
	ExtractedAt   time.Time
	AddedBy       int64
	AddedAt       time.Time
	WithdrawnBy   *int64
	WithdrawnAt   *time.Time
	WithdrawnNote string
}

// The kinds of list.
const (
	Triggers = "triggers"
	Signals  = "signals"
)

// KindFor is the kind of list that a control of this frequency rests on, or "".
func KindFor(frequency string) string {
	switch {
	case period.Triggered(frequency):
		return Triggers
	case period.Continuous(frequency):
		return Signals
	}
	return ""
}

// TableName is where lists live.
func (List) TableName() string { return "fact_lists" }

// Path is the address of the control, whose page names its lists.
func (l List) Path() string { return "controls/" + l.Code }

// VisibleTo gives the company everything, and an auditor the lists of controls in scope
// of an open engagement.
func (List) VisibleTo(a access.Actor) (string, []any) { return ofVisibleControls("fact_lists", a) }

// A Trigger is one line of a list of triggers.
type Trigger struct {
	ListID   int64  `gorm:"primaryKey;autoIncrement:false"`
	Key      string `gorm:"primaryKey"`
	At       time.Time
	Day      models.Date
	Deadline time.Time
	DoneAt   *time.Time
	Note     string
}

// TableName is where triggers live.
func (Trigger) TableName() string { return "trigger_events" }

// WhyUnlogged says why changing one leaves no leaf.
func (Trigger) WhyUnlogged() string {
	return "it is a line of a list, whose digest over its lines is logged"
}

// signalRow is one line of a list of signals.
type signalRow struct {
	ListID      int64 `gorm:"primaryKey;autoIncrement:false"`
	Line        int   `gorm:"primaryKey;autoIncrement:false"`
	FromAt      time.Time
	ToAt        time.Time
	Pass        bool
	CollectedAt time.Time
}

func (signalRow) TableName() string { return "signal_intervals" }

// WhyUnlogged says why changing one leaves no leaf.
func (signalRow) WhyUnlogged() string {
	return "it is a line of a list, whose digest over its lines is logged"
}

// MaxLines is how many lines one list holds.
const MaxLines = 100_000

// Rows is a table of text as a file holds it.
type Rows struct {
	Header []string
	Rows   [][]string
	Lines  []int // of the file, for messages
}

// MayAddList refuses whoever may not add lists to c, and controls that never rested on one.
func MayAddList(ctx context.Context, tx *models.Tx, c control.Control) error {
	if err := mayList(ctx, tx, c, period.Days{First: 0, Last: -1}); err != nil {
		return err
	}
	kind, err := ListKind(ctx, tx, c)
	if err == nil && kind == "" {
		err = models.NotFound("List")
	}
	return err
}

// mayList refuses whoever may not say what happened with c on these days: its owners,
// compliance managers and whoever was handed the list of these months can.
func mayList(ctx context.Context, tx *models.Tx, c control.Control, covers period.Days) error {
	if MayRecord(tx.Actor, c, false) {
		return nil
	}
	mine, err := handed(ctx, tx, c)
	switch {
	case err != nil:
		return err
	case len(mine) == 0 || !MayRecord(tx.Actor, c, true):
		return models.Forbidden("Lists are added by the owner of " + c.Code + ", by whoever was handed one, and by compliance managers.")
	case len(period.Holes(covers, mine)) > 0:
		return models.Invalid(map[string]string{"covers_from": "You were handed the list of " + InWords(mine[0].Span()) + ". Other days are for the owner of " + c.Code + " to speak of."})
	}
	return nil
}

// CheckList says what AddList would refuse, before the file is kept anywhere.
func CheckList(ctx context.Context, tx *models.Tx, c control.Control, l List, rows Rows) error {
	_, _, err := l.read(ctx, tx, c, rows)
	return err
}

// AddList takes a list into use for a control: its lines are read by the columns that
// the header names, judged row by row, and kept all or none. What is wrong is Invalid:
// in the field "file" for rows, naming the first five. Days that a list which still
// counts covers already are a Conflict, for they would be counted twice.
func AddList(ctx context.Context, tx *models.Tx, c control.Control, l List, rows Rows) (List, error) {
	if err := queue(ctx, tx, c.ID); err != nil {
		return l, err
	}
	triggers, signals, err := l.read(ctx, tx, c, rows)
	if err != nil {
		return l, err
	}
	l.LinesDigest = digestLines(append(linesOf(triggers), linesOf(signals)...))
	err = models.Insert(ctx, tx, &l, "list.add", models.Note{
		"control": c.Code, "kind": l.Kind, "covers": string(l.CoversFrom + " to " + l.CoversTo), "lines": fmt.Sprint(l.Lines), "file": l.Name, "digest": l.Digest,
	})
	if err != nil {
		return l, err
	}
	for i := range triggers {
		triggers[i].ListID = l.ID
	}
	for i := range signals {
		signals[i].ListID = l.ID
	}
	if err := models.PutAll(ctx, tx, triggers); err != nil {
		return l, err
	}
	return l, models.PutAll(ctx, tx, signals)
}

// read completes l and reads its lines, of either kind.
func (l *List) read(ctx context.Context, tx *models.Tx, c control.Control, rows Rows) (triggers []Trigger, signals []signalRow, err error) {
	days := period.Span{From: l.CoversFrom, To: l.CoversTo}.Days()
	if l.CoversFrom.IsZero() || l.CoversTo.IsZero() { // refused below
		days = period.Days{First: 0, Last: -1}
	}
	if err := mayList(ctx, tx, c, days); err != nil {
		return nil, nil, err
	}
	zone, err := programme.Zone(ctx, tx)
	if err != nil {
		return nil, nil, err
	}
	rules, err := rulesOf(ctx, tx, c)
	if err != nil {
		return nil, nil, err
	}
	l.ControlID, l.Code, l.Lines, l.AddedBy, l.AddedAt = c.ID, c.Code, len(rows.Rows), tx.Actor.ID, tx.Now
	wrong := l.problems(zone)
	l.classify(rules, wrong)
	l.whole(zone, wrong)
	if len(wrong) > 0 {
		return nil, nil, models.Invalid(wrong)
	}
	if err := l.apart(ctx, tx); err != nil {
		return nil, nil, err
	}
	if l.Kind == Signals {
		signals, err = readSignals(rows, zone, *l)
		return nil, signals, err
	}
	triggers, err = readTriggers(rows, zone, *l, rules)
	return triggers, nil, err
}

func (l List) problems(zone *time.Location) map[string]string {
	wrong := map[string]string{}
	today := models.DateOf(l.AddedAt, zone)
	switch {
	case l.CoversFrom.IsZero():
		wrong["covers_from"] = "Give the first day the list speaks of."
	case l.CoversTo.IsZero():
		wrong["covers_to"] = "Give the last day the list speaks of."
	case l.CoversTo < l.CoversFrom:
		wrong["covers_to"] = "The last day is before the first day."
	case l.CoversTo > today:
		wrong["covers_to"] = "A list cannot speak of days to come."
	}
	if strings.TrimSpace(l.Source) == "" {
		wrong["source"] = "Name the system the list comes from."
	}
	switch {
	case l.ExtractedAt.IsZero():
		wrong["extracted_at"] = "Say when the list was taken from its system."
	case l.ExtractedAt.After(l.AddedAt):
		wrong["extracted_at"] = "This is still to come."
	case !l.CoversTo.IsZero() && models.DateOf(l.ExtractedAt, zone) < l.CoversTo:
		wrong["extracted_at"] = "The list was taken before the last day it is said to cover."
	}
	if l.Lines == 0 && strings.TrimSpace(l.Note) == "" {
		wrong["note"] = "The list is empty. Say how it is known that nothing happened."
	}
	if l.Lines > MaxLines {
		wrong["file"] = fmt.Sprintf("The list has more than %d lines. Split it by days; two lists cannot speak of the same day.", MaxLines)
	}
	return wrong
}

// whole refuses a list of triggers that was taken before its last day was over: of the rest of
// that day it would say that nothing happened. Check results say themselves until when they
// hold.
func (l *List) whole(zone *time.Location, wrong map[string]string) {
	if l.Kind != Triggers || len(wrong) > 0 {
		return
	}
	const say = "The list knows nothing of what happened on %s after it was taken. Take it again once that day is over, or let it end on %s."
	switch last := l.CoversTo; {
	case models.DateOf(l.ExtractedAt, zone) > last:
	case last == models.DateOf(l.AddedAt, zone):
		wrong["covers_to"] = fmt.Sprintf(say, last, last.AddDays(-1))
	default:
		wrong["extracted_at"] = fmt.Sprintf(say, last, last.AddDays(-1))
	}
}

// classify says of what kind l is: what the control rested on, on the days that l speaks of.
func (l *List) classify(rules []rule, wrong map[string]string) {
	covers, open := period.Span{From: l.CoversFrom, To: l.CoversTo}.Days(), l.CoversFrom.IsZero() || l.CoversTo.IsZero()
	for _, r := range rules {
		switch kind := KindFor(r.frequency); {
		case kind == "" || !open && !r.days.Meets(covers):
		case l.Kind == "":
			l.Kind = kind
		case l.Kind != kind && !open:
			wrong["covers_to"] = fmt.Sprintf("From %s on the control went by %s instead of %s. Send a list of each.", r.days.First.Date(), kindWords[kind], kindWords[l.Kind])
		}
	}
	if l.Kind == "" {
		wrong["file"] = "The control had dates of its own on these days. Only event-driven and continuous controls rest on lists."
	}
}

var kindWords = map[string]string{Triggers: "triggers", Signals: "check results"}

// ListKind is the kind of list that c rests on, or last rested on; "" when it never did.
func ListKind(ctx context.Context, tx *models.Tx, c control.Control) (kind string, err error) {
	rules, err := rulesOf(ctx, tx, c)
	for _, r := range rules {
		if k := KindFor(r.frequency); k != "" {
			kind = k
		}
	}
	return kind, err
}

// apart refuses days that another list of the control covers.
func (l List) apart(ctx context.Context, tx *models.Tx) error {
	others, err := models.Rows[List](tx).Where("fact_lists.control_id = ? AND fact_lists.withdrawn_at IS NULL AND fact_lists.covers_from <= ? AND fact_lists.covers_to >= ?",
		l.ControlID, l.CoversTo, l.CoversFrom).Limit(1).Find(ctx)
	if err != nil || len(others) == 0 {
		return err
	}
	return models.Invalid(map[string]string{"covers_from": fmt.Sprintf(
		"A list of %s to %s is there already (%s). Withdraw it first, or choose days it does not cover.", others[0].CoversFrom, others[0].CoversTo, others[0].Name,
	)})
}

// WithdrawList takes a list out of use, with a reason. What it said is no longer known.
func WithdrawList(ctx context.Context, tx *models.Tx, id, rev int64, reason string) (List, error) {
	l, err := models.Rows[List](tx).Where("fact_lists.id = ?", id).Take(ctx)
	if l, err = models.One(l, err, "List"); err != nil {
		return l, err
	}
	switch {
	case tx.Actor.ID != l.AddedBy && !tx.Actor.Can(access.EvidenceWithdraw):
		return l, models.Forbidden("A list is withdrawn by whoever added it or by a compliance manager.")
	case l.WithdrawnAt != nil:
		return l, models.Conflict("This was withdrawn already.")
	case reason == "":
		return l, models.Invalid(map[string]string{"reason": "Say why it is withdrawn. The reason stays with the record."})
	}
	l.Rev, l.WithdrawnBy, l.WithdrawnAt, l.WithdrawnNote = rev, &tx.Actor.ID, &tx.Now, reason
	return l, models.Update(ctx, tx, &l, models.Columns{"WithdrawnBy", "WithdrawnAt", "WithdrawnNote"}, "list.withdraw", models.Note{"control": l.Code, "reason": reason})
}

// Lists are those of a control, the latest days first.
func Lists(ctx context.Context, tx *models.Tx, control int64, limit int) ([]List, error) {
	return models.Rows[List](tx).Where("fact_lists.control_id = ?", control).Order("fact_lists.id DESC").Limit(limit).Find(ctx)
}

// ToList are the company's days that a list has to speak of for t: those that the first days
// it asks for reach into, as far as no list speaks of them.
func ToList(ctx context.Context, tx *models.Tx, f Frame, t Task) (period.Span, error) {
	zone, err := programme.Zone(ctx, tx)
	if err != nil || len(t.Holes) == 0 {
		return period.Span{}, err
	}
	asked := t.Holes[0].Around(f.Zone, zone)
	span := asked.Span()
	there, err := models.Rows[List](tx).Where("fact_lists.control_id = ? AND fact_lists.withdrawn_at IS NULL AND fact_lists.covers_from <= ? AND fact_lists.covers_to >= ?",
		t.Sheet.ID, span.To, span.From).Find(ctx)
	covered := make([]period.Days, len(there))
	for n, l := range there {
		covered[n] = period.Span{From: l.CoversFrom, To: l.CoversTo}.Days()
	}
	if open := period.Holes(asked, covered); len(open) > 0 {
		span = open[0].Span()
	}
	return span, err
}

// ofCounting are the triggers of days in a zone, of lists that count. Lists file each under
// its day in the company's zone, which narrows the index and may be a day off.
const ofCounting = ` FROM trigger_events t JOIN fact_lists l ON l.id = t.list_id
	WHERE l.control_id = ? AND l.withdrawn_at IS NULL AND t.day >= ? AND t.day <= ? AND t.at >= ? AND t.at < ?`

func counting(control int64, days period.Span, zone *time.Location) []any {
	from, until := days.Instants(zone)
	return []any{control, days.From.AddDays(-1), days.To.AddDays(1), from, until}
}

// CountTriggers counts what TriggersOf lists.
func CountTriggers(ctx context.Context, tx *models.Tx, control int64, days period.Span, zone *time.Location) (int64, error) {
	return models.Value[int64](ctx, tx, "SELECT count(*)"+ofCounting, counting(control, days, zone)...)
}

// TriggersOf are the triggers of these days in the lists of a control that count, in the
// order they occurred, at most limit.
func TriggersOf(ctx context.Context, tx *models.Tx, control int64, days period.Span, zone *time.Location, limit int) ([]Trigger, error) {
	return models.Raw[Trigger](ctx, tx, `SELECT t.list_id, t."key", t.at, t.day, t.deadline, t.done_at, t.note`+ofCounting+` ORDER BY t.at, t."key" LIMIT ?`,
		append(counting(control, days, zone), limit)...)
}

// CountSignals counts the results in the lists of a continuous control that meet these
// days.
func CountSignals(ctx context.Context, tx *models.Tx, control int64, days period.Span, zone *time.Location) (int64, error) {
	from, until := days.Instants(zone)
	return models.Value[int64](ctx, tx, `SELECT count(*) FROM signal_intervals s JOIN fact_lists l ON l.id = s.list_id
		WHERE l.control_id = ? AND l.withdrawn_at IS NULL AND s.from_at < ? AND s.to_at > ?`, control, until, from)
}
