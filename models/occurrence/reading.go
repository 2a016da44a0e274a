package occurrence

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"assay/models"
	"assay/models/control"
	"assay/models/period"
)

// A rule says by when a control acts for a trigger, from one day to another.
type rule struct {
	days      period.Days
	frequency string
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
		r := rule{days: period.Span{From: v.EffectiveFrom, To: v.EffectiveTo}.Days(), frequency: v.Frequency, Rule: period.Rule{Before: v.EventDirection != "after"}}
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
	if len(out) == 0 { // nothing was approved yet
		out = []rule{{frequency: c.Frequency, Rule: period.Rule{Before: true}}}
	}
	out[0].days.First = period.Ever // what was before the control began is judged as it then was
	out[len(out)-1].days.Last = period.Never
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

// keyMost is how many characters the key of a trigger has at most: it identifies, and the
// databases keep it in an index.
const keyMost = 200

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

func readTriggers(rows Rows, zone *time.Location, l List, rules []rule) ([]Trigger, error) {
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
		case utf8.RuneCountInString(t.Key) > keyMost:
			wrong.add(line, "the key %s has more than %d characters.", clip(t.Key), keyMost)
			continue
		case strings.ContainsFunc(t.Key, unicode.IsControl):
			wrong.add(line, "the key %q holds characters that nobody can see.", clip(t.Key))
			continue
		case seen[t.Key]:
			wrong.add(line, "the key %s is there twice.", clip(t.Key))
			continue
		}
		seen[t.Key] = true
		var dated, actDated bool
		if t.At, dated, err = parseInstant(cell(row, at), zone); err != nil {
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
			when, day, err := parseInstant(text, zone)
			if err != nil || when.After(l.ExtractedAt) {
				wrong.add(line, "“%s” is no time before the list was taken.", clip(text))
				continue
			}
			if actDated = day; actDated {
				when = l.atLatest(when, zone)
			}
			t.DoneAt = &when
		} else if done < 0 && ruleOn(day, rules).frequency == "multiple_daily" {
			t.DoneAt = &t.At // a list of executions: each is one
		}
		t.Note = datedNote(dated, actDated)
		r := ruleOn(day, rules)
		if r.err != nil {
			return nil, models.Invalid(map[string]string{"file": "The control does not say in time limits that can be counted when it has to act: " + r.err.Error() + ". Write a new version of it first."})
		}
		t.Deadline = r.Deadline(t.At, zone, r.open).UTC()
		out = append(out, t)
	}
	return out, wrong.err()
}

// ruleOn is the rule of the version that counted on a day.
func ruleOn(day period.Day, rules []rule) rule {
	for _, r := range slices.Backward(rules) {
		if r.days.Has(day) {
			return r
		}
	}
	return rule{Rule: period.Rule{Before: true}}
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
		s.FromAt, _, errs[0] = parseInstant(cell(row, from), zone)
		s.ToAt, _, errs[1] = parseInstant(cell(row, to), zone)
		if text := cell(row, seen); text != "" {
			var dated bool
			if s.CollectedAt, dated, errs[2] = parseInstant(text, zone); dated {
				s.CollectedAt = l.atLatest(s.CollectedAt, zone)
			}
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
		case s.CollectedAt.Before(s.FromAt):
			wrong.add(line, "it was collected before it began.")
		case s.CollectedAt.After(l.ExtractedAt):
			wrong.add(line, "it was collected after the list was taken.")
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

// atLatest is the last instant of the day that begins at t: of an act that is dated without
// a time only the day is known, and on time is not stated of what may have been late. The
// list knows of nothing that came after it was taken.
func (l List) atLatest(t time.Time, zone *time.Location) time.Time {
	end := (period.DayAt(t, zone) + 1).Starts(zone).UTC().Add(-time.Microsecond)
	switch {
	case t.After(l.ExtractedAt): // refused as that
		return t
	case end.After(l.ExtractedAt):
		return l.ExtractedAt
	}
	return end
}

// datedNote says what of a trigger is known by its day alone.
func datedNote(trigger, act bool) string {
	switch {
	case trigger && act:
		return "trigger and act dated without a time"
	case trigger:
		return "trigger dated without a time"
	case act:
		return "act dated without a time"
	}
	return ""
}

// parseInstant reads an instant as files write it: with an offset, or without one, then
// in zone. A date alone is the beginning of that day, and said to be one. Orders of day and
// month that differ from country to country are refused.
func parseInstant(s string, zone *time.Location) (t time.Time, dated bool, err error) {
	s = strings.TrimSpace(s)
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04:05Z07:00", "2006-01-02T15:04Z07:00", "2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05 MST"} {
		if t, err := time.Parse(layout, s); err == nil && models.Storable(t) && (layout[len(layout)-3:] != "MST" || strings.HasSuffix(s, "UTC")) {
			return t.UTC().Truncate(time.Microsecond), false, nil
		}
	}
	for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02 15:04:05.999999", "2006-01-02T15:04", "2006-01-02 15:04"} {
		if t, err := time.ParseInLocation(layout, s, zone); err == nil && models.Storable(t) {
			return t.UTC().Truncate(time.Microsecond), false, nil
		}
	}
	d, err := models.ParseDate(s)
	if err != nil {
		return time.Time{}, false, err
	}
	return d.In(zone).UTC(), true, nil
}
