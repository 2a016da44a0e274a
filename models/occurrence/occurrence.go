// Package occurrence is what was expected of each control in a period, and what is known
// of it: performances, what did not apply, lists of triggers and of check results, and
// the evidence that covers them. Whether something was on time, late or missed is derived
// by package period each time it is asked, and never stored.
package occurrence

import (
	"context"
	"slices"
	"strings"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/control"
	"assay/models/framework"
	"assay/models/period"
)

// A Frame is the days that are looked at, the zone they are counted in, and today. Today
// may be a day of the past: then what is known now is judged as of the end of that day.
type Frame struct {
	Days  period.Days
	Zone  *time.Location
	Today period.Day
	Now   time.Time
}

// FrameOf is a period seen at an instant.
func FrameOf(days period.Span, zone *time.Location, now time.Time) Frame {
	return Frame{Days: days.Days(), Zone: zone, Today: period.DayAt(now, zone), Now: now}
}

// A Sheet is one control and what is known of it.
type Sheet struct {
	ID        int64
	Code      string
	Title     string
	OwnerID   int64 // 0 is nobody
	BackupID  int64
	Frequency string
	AI        bool
	Effective bool // a version is in effect today
	Retired   bool // it was, and no longer is
	Facts     period.Facts
	Ahead     []period.Days            // windows to come that were approved not to apply
	Asked     []period.Days            // windows that somebody asked to be excused, undecided
	Handed    map[period.Days]int64    // windows whose task somebody else holds, by person
	Listed    map[string][]period.Days // what lists account for, by their kind
	Events    []MonthOfEvents
	Signals   []period.Signal
}

// MonthOfEvents counts the triggers of a month by status.
type MonthOfEvents struct {
	Month string     // 2026-08, in the frame's zone; "" is outside the period
	Soon  int        // of those that are pending, due within Soon days
	Limit period.Day // by which the last of those had to be acted on that are unknown, their list having been taken before
	period.Counts
}

// InEffect reports whether a version is in effect on the day that f is judged by: today, or
// the last day of a period that is over.
func (s *Sheet) InEffect(f Frame) bool {
	if f.Days.Last >= f.Today {
		return s.Effective
	}
	return slices.ContainsFunc(s.Facts.Versions, func(v period.Version) bool {
		return v.Effective.First <= f.Days.Last && f.Days.Last <= v.Effective.Last
	})
}

// FrequencyIn is how often s acts on that day, or last did.
func (s *Sheet) FrequencyIn(f Frame) string {
	out := s.Frequency
	if !f.Over() {
		return out
	}
	for _, v := range s.Facts.Versions {
		if v.Effective.First <= f.Days.Last {
			out = v.Frequency
		}
	}
	return out
}

// Ended reports that s was in effect and no longer is on the day that f is judged by.
func (s *Sheet) Ended(f Frame) bool {
	if f.Days.Last >= f.Today {
		return s.Retired && !s.Effective
	}
	return !s.InEffect(f)
}

// InForce lists the days of the period on which a version of a kind counted: period.Dated,
// period.Triggered or period.Continuous.
func (s *Sheet) InForce(f Frame, kind func(frequency string) bool) []period.Days {
	return period.InForce(s.Facts.Versions, f.Days, kind)
}

// ListOn is the kind of list that the control rested on, on some of these days, or "".
func (s *Sheet) ListOn(days period.Days) string {
	for _, v := range s.Facts.Versions {
		if kind := KindFor(v.Frequency); kind != "" && v.Effective.Meets(days) {
			return kind
		}
	}
	return ""
}

// Unlisted are the days of the period up to a day on which the control rested on lists and
// of which none speaks.
func (s *Sheet) Unlisted(f Frame, until period.Day) []period.Days {
	runs := slices.Concat(
		period.Sum(period.Counts{}, s.Listed[Triggers], s.InForce(f, period.Triggered), until).Unknown,
		period.Sum(period.Counts{}, s.Listed[Signals], s.InForce(f, period.Continuous), until).Unknown,
	)
	return period.Join(runs)
}

// Tally is what lists of triggers say of s.
func (s *Sheet) Tally(f Frame) period.Tally { return s.tally(f, f.Today) }

func (s *Sheet) tally(f Frame, until period.Day) period.Tally {
	var c period.Counts
	for _, m := range s.Events {
		c.Add(m.Counts)
	}
	return period.Sum(c, s.Listed[Triggers], s.InForce(f, period.Triggered), until)
}

// Watched is what check results say of a run of days, up to now.
type Watched struct {
	period.Days
	period.Coverage
}

// Watched lists the runs of days on which s was continuous, those to come left out.
func (s *Sheet) Watched(f Frame) []Watched {
	var out []Watched
	for _, run := range s.InForce(f, period.Continuous) {
		if run.First <= f.Today {
			out = append(out, Watched{run, s.observed(f, run)})
		}
	}
	return out
}

// Coverage is what lists of check results say of s, up to now.
func (s *Sheet) Coverage(f Frame) (c period.Coverage) {
	for _, w := range s.Watched(f) {
		c.Add(w.Coverage)
	}
	return c
}

// observed is what lists of check results say of these days, up to now.
func (s *Sheet) observed(f Frame, days period.Days) period.Coverage {
	if days.Len() == 0 || days.First > f.Today {
		return period.Coverage{}
	}
	from, until := days.Span().Instants(f.Zone)
	if until.After(f.Now) {
		until = f.Now
	}
	return period.Observe(from, until, f.Zone, s.Signals)
}

// A Scope chooses controls.
type Scope struct {
	Controls []int64  // these; none is all
	Person   int64    // those that this person owns, backs up or was handed a window of; 0 is everybody's
	Criteria []string // those of which a version of the frame's days helps to meet one of these criteria of SOC 2, and what such versions asked; none is all
	Codes    Codes
}

// Codes are those after the one up to the other; "" is no bound.
type Codes struct{ After, Until string }

// Where is c as a condition on a column.
func (c Codes) Where(column string) (string, []any) {
	conds, args := []string{"1 = 1"}, []any(nil)
	if c.After != "" {
		conds, args = append(conds, column+" > ?"), append(args, c.After)
	}
	if c.Until != "" {
		conds, args = append(conds, column+" <= ?"), append(args, c.Until)
	}
	return strings.Join(conds, " AND "), args
}

// everyControl is the condition that chooses them all.
const everyControl = "1 = 1"

// among asks that a column names one of the controls that cond chooses.
func among(column, cond string) string {
	if cond == everyControl {
		return ""
	}
	return " AND " + column + " IN (SELECT controls.id FROM controls WHERE " + cond + ")"
}

// where is s as a condition on controls.
func (s Scope) where(tx *models.Tx, f Frame) (string, []any) {
	conds, args := []string{everyControl}, []any(nil)
	if cond, a := (control.Control{}).VisibleTo(tx.Actor); cond != "" {
		conds, args = append(conds, cond), append(args, a...)
	}
	if s.Controls != nil {
		conds, args = append(conds, "controls.id IN ?"), append(args, append([]int64{0}, s.Controls...))
	}
	if s.Person != 0 {
		// One index each: asked with OR the database reads every control there is.
		conds = append(conds, `controls.id IN (SELECT id FROM controls WHERE owner_id = ? UNION SELECT id FROM controls WHERE backup_id = ?
			UNION SELECT control_id FROM delegations WHERE to_id = ? AND ended_at IS NULL)`)
		args = append(args, s.Person, s.Person, s.Person)
	}
	if s.Criteria != nil {
		days := f.Days.Span()
		conds = append(conds, `EXISTS (SELECT 1 FROM version_criteria vc WHERE vc.control_id = controls.id AND vc.framework = ? AND vc.code IN ?
			AND vc.effective_from <= ? AND (vc.effective_to = '' OR vc.effective_to >= ?))`)
		args = append(args, framework.SOC2, append([]string{""}, s.Criteria...), days.To, days.From)
	}
	if s.Codes != (Codes{}) {
		cond, a := s.Codes.Where("controls.code")
		conds, args = append(conds, cond), append(args, a...)
	}
	return strings.Join(conds, " AND "), args
}

// Sheets reads what is known of the chosen controls, by code, in a few queries however
// many there are. Facts before the frame are left out as far as no window of it needs
// them.
func Sheets(ctx context.Context, tx *models.Tx, f Frame, scope Scope) ([]*Sheet, error) {
	cond, args := scope.where(tx, f)
	known, err := scope.read(ctx, tx, f, cond, args)
	if err != nil {
		return nil, err
	}
	sheets, err := rhythms(ctx, tx, known.versions)
	if err != nil || len(sheets) == 0 {
		return nil, err
	}
	byID := make(map[int64]*Sheet, len(sheets))
	for _, s := range sheets {
		byID[s.ID] = s
	}
	if err := known.unpack(f, byID); err != nil {
		return nil, err
	}
	for _, s := range sheets { // what was approved of a window to come counts once it has come
		s.Facts.Excused = slices.DeleteFunc(s.Facts.Excused, func(d period.Days) bool {
			ahead := d.First > f.Today
			if ahead {
				s.Ahead = append(s.Ahead, d)
			}
			return ahead
		})
	}
	if !slices.ContainsFunc(sheets, (*Sheet).listed) {
		return sheets, nil
	}
	return sheets, events(ctx, tx, f, known.lists, byID)
}

// Batches are the codes of all controls, size at once. What is known of a control is many
// times what is kept of it, and a company may have a hundred thousand. Other readings are
// asked together with it.
func Batches(ctx context.Context, tx *models.Tx, size int, beside ...models.Reading) ([]Codes, error) {
	var ends []struct{ Code string }
	err := models.Together(ctx, tx, append(beside, models.RawInto(&ends, "code", `SELECT code FROM (SELECT code, row_number() OVER (ORDER BY code) AS place FROM controls) x
		WHERE place % ? = 0`, size))...)
	out := make([]Codes, len(ends)+1)
	for n, end := range ends {
		out[n].Until, out[n+1].After = end.Code, end.Code
	}
	return out, err
}

// listed reports whether s rests on lists, or did under an earlier version.
func (s *Sheet) listed() bool {
	return slices.ContainsFunc(s.Facts.Versions, func(v period.Version) bool { return !period.Dated(v.Frequency) })
}

// A versionRow is a control with one of its versions.
type versionRow struct {
	ID            int64
	Code          string
	Title         string
	OwnerID       *int64
	BackupID      *int64
	AI            bool
	Number        int
	Frequency     string
	AnchorMonth   int
	GraceDays     *int
	DueDay        int
	CalendarID    *int64
	Editorial     bool
	EffectiveFrom models.Date
	EffectiveTo   models.Date
	Status        control.Status
	Counts        int // 0: it helps to meet none of the criteria asked for
}

// counts is the column of versionRow that says whether a version is in s.
func (s Scope) counts() (string, []any) {
	if s.Criteria == nil {
		return "1", nil
	}
	return "CASE WHEN EXISTS (SELECT 1 FROM version_criteria vc WHERE vc.version_id = v.id AND vc.framework = ? AND vc.code IN ?) THEN 1 ELSE 0 END",
		[]any{framework.SOC2, append([]string{""}, s.Criteria...)}
}

// raw is what sheets are made of.
type raw struct {
	versions []versionRow
	facts    []packed
	lists    []listed
}

// read reads it, in one query for a person or a few controls, and else each kind by
// itself: what is read together is carried as text, and of a whole company that is much.
func (s Scope) read(ctx context.Context, tx *models.Tx, f Frame, cond string, args []any) (x raw, err error) {
	column, before := s.counts()
	versions := `SELECT controls.id, controls.code, controls.title, controls.owner_id, controls.backup_id, controls.ai,
		v.number, v.frequency, v.anchor_month, v.grace_days, v.due_day, v.calendar_id, v.editorial, v.effective_from, v.effective_to, v.status, ` + column + ` AS counts
		FROM controls JOIN control_versions v ON v.control_id = controls.id AND v.status IN ('approved', 'effective', 'superseded', 'retired')
		WHERE ` + cond
	lists := func(cond string) string {
		return `SELECT id, control_id, kind, covers_from, covers_to FROM fact_lists WHERE withdrawn_at IS NULL` + among("control_id", cond)
	}
	if s.Person != 0 || s.Controls != nil && len(s.Controls) <= few {
		return x, models.Together(ctx, tx, models.RawInto(&x.versions, "code, number", versions, slices.Concat(before, args)...),
			models.RawInto(&x.facts, "", factsSQL(tx, cond), factArgs(f, args)...),
			models.RawInto(&x.lists, "control_id, covers_from", lists(cond), args...))
	}
	if x.versions, err = models.Raw[versionRow](ctx, tx, versions+" ORDER BY controls.code, v.number", slices.Concat(before, args)...); err != nil || len(x.versions) == 0 {
		return x, err
	}
	// What is asked about is nearly all of a company. To look up of each fact whether it is took
	// a third of the time; the few others are left out when they are unpacked.
	s.Criteria = nil
	cond, args = s.where(tx, f)
	if x.facts, err = models.Raw[packed](ctx, tx, factsSQL(tx, cond), factArgs(f, args)...); err != nil {
		return x, err
	}
	x.lists, err = models.Raw[listed](ctx, tx, lists(cond)+" ORDER BY control_id, covers_from", args...)
	return x, err
}

// few controls are read together with what is known of them.
const few = 50

func rhythms(ctx context.Context, tx *models.Tx, rows []versionRow) ([]*Sheet, error) {
	calendars, err := calendarsOf(ctx, tx, rows)
	if err != nil {
		return nil, err
	}
	var sheets []*Sheet
	for _, r := range rows {
		if n := len(sheets); n == 0 || sheets[n-1].ID != r.ID {
			sheets = append(sheets, &Sheet{
				ID: r.ID, Code: r.Code, Title: r.Title, OwnerID: deref(r.OwnerID), BackupID: deref(r.BackupID), AI: r.AI, Frequency: r.Frequency,
			})
		}
		sheets[len(sheets)-1].add(r, calendars)
	}
	return sheets, nil
}

func (s *Sheet) add(r versionRow, calendars map[int64]*period.Calendar) {
	v := period.Version{
		Rhythm: period.Rhythm{Frequency: r.Frequency, Anchor: r.AnchorMonth, DueDay: r.DueDay, Grace: period.DefaultGrace(r.Frequency)},
		Number: r.Number, Editorial: r.Editorial, Effective: period.Span{From: r.EffectiveFrom, To: r.EffectiveTo}.Days(),
	}
	if r.GraceDays != nil {
		v.Grace = *r.GraceDays
	}
	if r.CalendarID != nil {
		v.Business = calendars[*r.CalendarID]
	}
	if n := len(s.Facts.Versions); n > 0 { // an approved successor ends the one before it, from its day on
		before := &s.Facts.Versions[n-1]
		before.Effective.Last = min(before.Effective.Last, v.Effective.First-1)
	}
	if r.Counts == 0 { // the control left what is asked about, as if it were retired
		s.Retired = s.Retired || r.Status == control.Effective
		return
	}
	s.Facts.Versions = append(s.Facts.Versions, v)
	switch r.Status { //nolint:exhaustive // the others say nothing of today
	case control.Effective:
		s.Effective, s.Frequency = true, r.Frequency
	case control.Retired:
		s.Retired, s.Frequency = true, r.Frequency
	}
}

func deref(id *int64) int64 {
	if id == nil {
		return 0
	}
	return *id
}

// calendarsOf reads the calendars that versions rest on. Most companies have none or one.
func calendarsOf(ctx context.Context, tx *models.Tx, rows []versionRow) (map[int64]*period.Calendar, error) {
	var ids []int64
	for _, r := range rows {
		if r.CalendarID != nil && !slices.Contains(ids, *r.CalendarID) {
			ids = append(ids, *r.CalendarID)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	return control.Calendars(ctx, tx, ids...)
}

// MayRecord reports whether a may say what happened with a control: its owners, whoever
// was handed one of its windows, and compliance managers.
func MayRecord(a access.Actor, c control.Control, delegate bool) bool {
	return a.Can(access.EvidenceSubmit) && (a.Role == access.Compliance || c.OwnedBy(a) || delegate)
}
