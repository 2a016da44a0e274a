package occurrence

import (
	"context"
	"fmt"
	"slices"
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

// AddList takes a list into use for a control: its lines are read by the columns that
// the header names, judged row by row, and kept all or none. What is wrong is Invalid:
// in the field "file" for rows, naming the first five. Days that a list which still
// counts covers already are a Conflict, for they would be counted twice.
func AddList(ctx context.Context, tx *models.Tx, c control.Control, l List, rows Rows) (List, error) {
	if !MayRecord(tx.Actor, c, false) {
		return l, models.Forbidden("Lists are added by the owner of " + c.Code + " and by compliance managers.")
	}
	zone, err := programme.Zone(ctx, tx)
	if err != nil {
		return l, err
	}
	l.ControlID, l.Code, l.Kind, l.Lines, l.AddedBy, l.AddedAt = c.ID, c.Code, KindFor(c.Frequency), len(rows.Rows), tx.Actor.ID, tx.Now
	if wrong := l.problems(zone); len(wrong) > 0 {
		return l, models.Invalid(wrong)
	}
	if err := l.apart(ctx, tx); err != nil {
		return l, err
	}
	insert := func(lines []string) error {
		l.LinesDigest = digestLines(lines)
		return models.Insert(ctx, tx, &l, "list.add", models.Note{
			"control": c.Code, "kind": l.Kind, "covers": string(l.CoversFrom + " to " + l.CoversTo), "lines": fmt.Sprint(l.Lines), "file": l.Name, "digest": l.Digest,
		})
	}
	if l.Kind == Signals {
		lines, err := readSignals(rows, zone, l)
		if err != nil {
			return l, err
		}
		if err := insert(linesOf(lines)); err != nil {
			return l, err
		}
		for i := range lines {
			lines[i].ListID = l.ID
		}
		return l, models.PutAll(ctx, tx, lines)
	}
	rules, err := rulesOf(ctx, tx, c)
	if err != nil {
		return l, err
	}
	lines, err := readTriggers(rows, zone, l, c.Frequency, rules)
	if err != nil {
		return l, err
	}
	if err := insert(linesOf(lines)); err != nil {
		return l, err
	}
	for i := range lines {
		lines[i].ListID = l.ID
	}
	return l, models.PutAll(ctx, tx, lines)
}

func (l List) problems(zone *time.Location) map[string]string {
	wrong := map[string]string{}
	today := models.DateOf(l.AddedAt, zone)
	if l.Kind == "" {
		wrong["file"] = "This control has dates of its own. Only event-driven and continuous controls rest on lists."
	}
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
		wrong["file"] = fmt.Sprintf("The list has more than %d lines. Split it by month.", MaxLines)
	}
	return wrong
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

// A rule says by when a control acts for a trigger, from one day to another.
type rule struct {
	days period.Days
	period.Rule
	open *period.Calendar
	err  error
}

// rulesOf reads what the versions of c say about their triggers.
func rulesOf(ctx context.Context, tx *models.Tx, c control.Control) ([]rule, error) {
	versions, err := models.Rows[control.Version](tx).Where("control_versions.control_id = ? AND control_versions.status IN ('effective', 'superseded', 'retired')", c.ID).
		Order("number").Find(ctx)
	if err != nil {
		return nil, err
	}
	var out []rule
	for _, v := range versions {
		r := rule{days: period.Span{From: v.EffectiveFrom, To: v.EffectiveTo}.Days(), Rule: period.Rule{Before: v.EventDirection != "after"}}
		if v.EventDirection == "after" {
			r.Limit, r.err = period.ParseLimit(v.EventLimit)
		}
		if v.CalendarID != nil {
			calendars, err := control.Calendars(ctx, tx, *v.CalendarID)
			if err != nil {
				return nil, err
			}
			r.open = calendars[*v.CalendarID]
		}
		out = append(out, r)
	}
	if len(out) > 0 { // triggers before the control began are judged as it then was
		out[0].days.First = period.Ever
		out[len(out)-1].days.Last = period.Never
	}
	return out, nil
}

// The names under which files hold the columns of triggers and signals, in lower case.
var (
	keyNames  = []string{"key", "id", "number", "ticket", "reference", "change", "event", "name"}
	atNames   = []string{"triggered_at", "trigger_at", "trigger", "occurred_at", "event_at", "at", "date", "time", "started_at", "created_at", "created"}
	doneNames = []string{"performed_at", "done_at", "completed_at", "done", "performed", "approved_at", "closed_at", "completed", "resolved_at", "resolved"}
	fromNames = []string{"from", "from_at", "start", "started_at", "valid_from"}
	toNames   = []string{"to", "to_at", "until", "end", "ended_at", "valid_to"}
	passNames = []string{"result", "pass", "passed", "status", "state", "outcome"}
	seenNames = []string{"collected_at", "collected", "captured_at", "checked_at"}
)

func (r Rows) column(names []string) int {
	for _, name := range names {
		i := slices.IndexFunc(r.Header, func(h string) bool {
			return strings.EqualFold(strings.NewReplacer(" ", "_", "-", "_").Replace(strings.TrimSpace(h)), name)
		})
		if i >= 0 {
			return i
		}
	}
	return -1
}

func cell(row []string, i int) string {
	if i < 0 || i >= len(row) {
		return ""
	}
	return strings.TrimSpace(row[i])
}

// A report collects what is wrong with rows, the first five in words.
type report struct {
	said  []string
	count int
}

func (r *report) add(line int, format string, args ...any) {
	if r.count++; r.count <= 5 {
		r.said = append(r.said, fmt.Sprintf("Line %d: ", line)+fmt.Sprintf(format, args...))
	}
}

func (r *report) err() error {
	if r.count == 0 {
		return nil
	}
	text := strings.Join(r.said, " ")
	if r.count > 5 {
		text += fmt.Sprintf(" And %d lines more.", r.count-5)
	}
	return models.Invalid(map[string]string{"file": text})
}

func readTriggers(rows Rows, zone *time.Location, l List, frequency string, rules []rule) ([]Trigger, error) {
	key, at, done := rows.column(keyNames), rows.column(atNames), rows.column(doneNames)
	if len(rows.Rows) > 0 && (key < 0 || at < 0) {
		return nil, models.Invalid(map[string]string{"file": "The first row must name a column “key” and a column “triggered_at”, and for what was done a column “performed_at”. It names " + strings.Join(rows.Header, ", ") + "."})
	}
	seen, wrong := map[string]bool{}, &report{}
	out := make([]Trigger, 0, len(rows.Rows))
	covers := period.Span{From: l.CoversFrom, To: l.CoversTo}.Days()
	for n, row := range rows.Rows {
		line := rows.Lines[n]
		t := Trigger{Key: cell(row, key), Note: ""}
		var err error
		switch {
		case t.Key == "":
			wrong.add(line, "it has no key.")
			continue
		case seen[t.Key]:
			wrong.add(line, "the key %s is there twice.", clip(t.Key))
			continue
		}
		seen[t.Key] = true
		if t.At, err = ParseInstant(cell(row, at), zone); err != nil {
			wrong.add(line, "“%s” is no time. Write 2026-03-31 14:30 or 2026-03-31T14:30:00Z.", clip(cell(row, at)))
			continue
		}
		day := period.DayAt(t.At, zone)
		if !covers.Has(day) {
			wrong.add(line, "%s is outside the days that the list covers.", day.Date())
			continue
		}
		t.Day = day.Date()
		if text := cell(row, done); text != "" {
			when, err := ParseInstant(text, zone)
			if err != nil || when.After(l.ExtractedAt) {
				wrong.add(line, "“%s” is no time before the list was taken.", clip(text))
				continue
			}
			t.DoneAt = &when
		} else if frequency == "multiple_daily" && done < 0 {
			t.DoneAt = &t.At // a list of executions: each is one
		}
		if t.Deadline, err = deadline(t.At, day, zone, rules); err != nil {
			return nil, models.Invalid(map[string]string{"file": "The control does not say in time limits that can be counted when it has to act: " + err.Error() + ". Write a new version of it first."})
		}
		out = append(out, t)
	}
	return out, wrong.err()
}

func deadline(at time.Time, day period.Day, zone *time.Location, rules []rule) (time.Time, error) {
	for i := len(rules) - 1; i >= 0; i-- {
		if r := rules[i]; r.days.Has(day) {
			return r.Deadline(at, zone, r.open).UTC(), r.err
		}
	}
	return at, nil
}

func readSignals(rows Rows, zone *time.Location, l List) ([]signalRow, error) {
	from, to, pass, seen := rows.column(fromNames), rows.column(toNames), rows.column(passNames), rows.column(seenNames)
	if len(rows.Rows) > 0 && (from < 0 || to < 0 || pass < 0) {
		return nil, models.Invalid(map[string]string{"file": "The first row must name the columns “from”, “to” and “result”. It names " + strings.Join(rows.Header, ", ") + "."})
	}
	first, until := period.Span{From: l.CoversFrom, To: l.CoversTo}.Instants(zone)
	wrong := &report{}
	out := make([]signalRow, 0, len(rows.Rows))
	for n, row := range rows.Rows {
		line := rows.Lines[n]
		s := signalRow{Line: line, CollectedAt: l.ExtractedAt}
		var errs [3]error
		s.FromAt, errs[0] = ParseInstant(cell(row, from), zone)
		s.ToAt, errs[1] = ParseInstant(cell(row, to), zone)
		if text := cell(row, seen); text != "" {
			s.CollectedAt, errs[2] = ParseInstant(text, zone)
		}
		word, known := passWords[strings.ToLower(cell(row, pass))]
		s.Pass = word
		switch {
		case errs[0] != nil || errs[1] != nil || errs[2] != nil:
			wrong.add(line, "it holds something that is no time. Write 2026-03-31 14:30 or 2026-03-31T14:30:00Z.")
		case !s.FromAt.Before(s.ToAt):
			wrong.add(line, "it ends before it begins.")
		case s.FromAt.Before(first) || s.ToAt.After(until):
			wrong.add(line, "it reaches beyond the days that the list covers.")
		case s.ToAt.After(l.ExtractedAt):
			wrong.add(line, "it ends after the list was taken.")
		case !known:
			wrong.add(line, "“%s” is neither pass nor fail.", clip(cell(row, pass)))
		default:
			out = append(out, s)
		}
	}
	return out, wrong.err()
}

var passWords = map[string]bool{
	"pass": true, "passed": true, "ok": true, "true": true, "yes": true, "1": true, "success": true, "healthy": true,
	"fail": false, "failed": false, "false": false, "no": false, "0": false, "failure": false, "unhealthy": false, "error": false,
}

func clip(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}

// ParseInstant reads an instant as files write it: with an offset, or without one, then
// in zone. A date alone is the beginning of that day. Orders of day and month that differ
// from country to country are refused.
func ParseInstant(s string, zone *time.Location) (time.Time, error) {
	s = strings.TrimSpace(s)
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04:05Z07:00", "2006-01-02T15:04Z07:00", "2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05 MST"} {
		if t, err := time.Parse(layout, s); err == nil && models.Storable(t) && (layout[len(layout)-3:] != "MST" || strings.HasSuffix(s, "UTC")) {
			return t.UTC().Truncate(time.Microsecond), nil
		}
	}
	for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02 15:04:05.999999", "2006-01-02T15:04", "2006-01-02 15:04"} {
		if t, err := time.ParseInLocation(layout, s, zone); err == nil && models.Storable(t) {
			return t.UTC().Truncate(time.Microsecond), nil
		}
	}
	d, err := models.ParseDate(s)
	if err != nil {
		return time.Time{}, err
	}
	return d.In(zone).UTC(), nil
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

const ofCounting = ` FROM trigger_events t JOIN fact_lists l ON l.id = t.list_id
	WHERE l.control_id = ? AND l.withdrawn_at IS NULL AND t.day >= ? AND t.day <= ?`

// CountTriggers counts what TriggersOf lists.
func CountTriggers(ctx context.Context, tx *models.Tx, control int64, days period.Span) (int64, error) {
	return models.Value[int64](ctx, tx, "SELECT count(*)"+ofCounting, control, days.From, days.To)
}

// TriggersOf are the triggers of these days in the lists of a control that count, in the
// order they occurred, at most limit.
func TriggersOf(ctx context.Context, tx *models.Tx, control int64, days period.Span, limit int) ([]Trigger, error) {
	return models.Raw[Trigger](ctx, tx, `SELECT t.list_id, t."key", t.at, t.day, t.deadline, t.done_at, t.note`+ofCounting+` ORDER BY t.at, t."key" LIMIT ?`,
		control, days.From, days.To, limit)
}

// CountSignals counts the results in the lists of a continuous control that meet these
// days.
func CountSignals(ctx context.Context, tx *models.Tx, control int64, days period.Span, zone *time.Location) (int64, error) {
	from, until := days.Instants(zone)
	return models.Value[int64](ctx, tx, `SELECT count(*) FROM signal_intervals s JOIN fact_lists l ON l.id = s.list_id
		WHERE l.control_id = ? AND l.withdrawn_at IS NULL AND s.from_at < ? AND s.to_at > ?`, control, until, from)
}
