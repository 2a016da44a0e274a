package occurrence

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/evidence"
	"assay/models/period"
	"assay/models/programme"
)

// A hundred thousand facts are read as one text for each control: rows of their own cost
// twenty times as much to carry from the database into structs.

// packed is a list of facts of one kind, each of the same length.
type packed struct {
	ControlID int64
	Kind      string
	Text      string
}

// The lengths of packed facts, in characters.
const (
	dateLen    = len("2026-01-02")
	instantLen = len("2026-01-02 15:04:05")
	idLen      = 19 // digits of the largest id
)

// unpack gives each sheet what evidence covers, when controls were performed, what did not
// apply or may not, and whom tasks were handed to.
func (x raw) unpack(f Frame, into map[int64]*Sheet) error {
	for _, r := range x.facts {
		s := into[r.ControlID]
		if s == nil { // of a control that never had an approved version
			continue
		}
		if err := s.unpack(r, f.Zone); err != nil {
			return fmt.Errorf("facts of %s: %w", s.Code, err)
		}
	}
	for _, s := range into {
		s.Facts.Sort()
	}
	return nil
}

// farBack is how long before the period the earliest window that ends in it begins.
const farBack = 366

// factArgs are the day that evidence has to reach, then the arguments of cond, once for each
// kind of fact. Work goes on when a period ends, so there is no last day.
func factArgs(f Frame, args []any) []any {
	from := models.Date("0000-01-01")
	if f.Days.First != period.Ever {
		from = (f.Days.First - farBack).Date()
	}
	out := []any{from}
	for range 5 {
		out = append(out, args...)
	}
	return out
}

func factsSQL(tx *models.Tx, cond string) string {
	list, at := "group_concat", tx.Second
	id := "substr('0000000000000000000' || to_id, -19)"
	// Each index has all that is asked for. SQLite would rather look at the rows, which are large.
	by := func(index string) string { return " INDEXED BY " + index }
	if tx.Postgres() {
		list, id, by = "string_agg", "lpad(to_id::text, 19, '0')", func(string) string { return "" }
	}
	seen := ""
	if tx.Actor.Role == access.Auditor { // an auditor is shown what was accepted, and counts with that
		seen = " AND status = 'accepted'"
	}
	of := func(kind, x, from string) string { // grouped each by itself, in the order of its index: nothing is sorted
		return `SELECT ` + kind + `.control_id, '` + kind + `' AS kind, ` + list + `(` + x + `, '') AS text FROM ` + from + among(kind+".control_id", cond) + ` GROUP BY ` + kind + `.control_id`
	}
	return strings.Join([]string{
		of("cover", `covers_from || covers_to || substr(status, 1, 1) || `+at("submitted_at")+` ||
			CASE WHEN kind IN ('`+strings.Join(evidence.Instants(), "', '")+`') THEN 'i' || `+at("COALESCE(performed_at, collected_at, submitted_at)")+`
			WHEN performed_at IS NULL THEN 'e' || `+at("COALESCE(collected_at, submitted_at)")+`
			ELSE 'a' || `+at("COALESCE(collected_at, submitted_at)")+` END`, // which the index has, word for word
			`evidence cover`+by("evidence_facts")+` WHERE status IN ('submitted', 'accepted')`+seen+` AND covers_to >= ?`),
		of("act", at("act.performed_at")+` || CASE act.window_from WHEN '' THEN '                    ' ELSE act.window_from || act.window_to END`,
			`performances act`+by("performances_facts")+` LEFT JOIN evidence refused`+by("evidence_refused")+` ON refused.id = act.evidence_id AND refused.status IN ('returned', 'withdrawn')
			WHERE act.withdrawn_at IS NULL AND refused.id IS NULL`),
		of("excused", `window_from || window_to`, `exemptions excused WHERE status = 'approved'`),
		of("asked", `window_from || window_to`, `exemptions asked WHERE status = 'asked'`),
		of("handed", `window_from || window_to || `+id, `delegations handed WHERE ended_at IS NULL AND to_id IN (SELECT id FROM people WHERE status = 'active' AND role IN ('control_owner', 'compliance_manager'))`),
	}, " UNION ALL ")
}

// shows is what evidence shows, by its letter.
var shows = map[byte]period.Shows{'a': period.AnAct, 'i': period.AnInstant, 'e': period.EveryDay}

// unpacked says, of each kind of fact, how long one is and how it is read.
var unpacked = map[string]struct {
	length int
	add    func(s *Sheet, one string, zone *time.Location) error
}{
	"cover": {2*dateLen + 2 + 2*instantLen, func(s *Sheet, one string, zone *time.Location) error {
		days := daysIn(one)
		status, one := one[2*dateLen], one[2*dateLen+1:]
		at, err := dayAt(one, zone)
		if err != nil {
			return err
		}
		captured, err := dayAt(one[instantLen+1:], zone)
		c := period.Cover{Days: days, Submitted: at, Accepted: status == 'a', Shows: shows[one[instantLen]]}.Kept(captured)
		if c.Len() > 0 {
			s.Facts.Covers = append(s.Facts.Covers, c)
		}
		return err
	}},
	"act": {instantLen + 2*dateLen, func(s *Sheet, one string, zone *time.Location) error {
		at, err := dayAt(one, zone)
		act := period.Performance{Day: at}
		if one[instantLen] != ' ' {
			act.For = daysIn(one[instantLen:])
		}
		s.Facts.Performances = append(s.Facts.Performances, act)
		return err
	}},
	"excused": {2 * dateLen, func(s *Sheet, one string, _ *time.Location) error {
		s.Facts.Excused = append(s.Facts.Excused, daysIn(one))
		return nil
	}},
	"asked": {2 * dateLen, func(s *Sheet, one string, _ *time.Location) error {
		s.Asked = append(s.Asked, daysIn(one))
		return nil
	}},
	"handed": {2*dateLen + idLen, func(s *Sheet, one string, _ *time.Location) error {
		if s.Handed == nil {
			s.Handed = map[period.Days]int64{}
		}
		s.Handed[daysIn(one)] = int64(digits(one, 2*dateLen, 2*dateLen+idLen))
		return nil
	}},
}

func (s *Sheet) unpack(p packed, zone *time.Location) error {
	kind, ok := unpacked[p.Kind]
	if !ok || len(p.Text)%kind.length != 0 {
		return fmt.Errorf("%d characters of kind %s", len(p.Text), p.Kind)
	}
	for text := p.Text; text != ""; text = text[kind.length:] {
		if err := kind.add(s, text[:kind.length], zone); err != nil {
			return err
		}
	}
	return nil
}

// daysIn reads two dates that stand without anything between them.
func daysIn(s string) period.Days {
	return period.Days{First: dayIn(s), Last: dayIn(s[dateLen:])}
}

func dayIn(s string) period.Day {
	return period.CivilDay(digits(s, 0, 4), digits(s, 5, 7), digits(s, 8, 10))
}

// dayAt is the day in zone of an instant written in UTC.
func dayAt(s string, zone *time.Location) (period.Day, error) {
	if s[4] != '-' || s[13] != ':' {
		return 0, fmt.Errorf("%q is no instant", s)
	}
	t := time.Date(digits(s, 0, 4), time.Month(digits(s, 5, 7)), digits(s, 8, 10), digits(s, 11, 13), digits(s, 14, 16), digits(s, 17, 19), 0, time.UTC)
	return period.DayAt(t, zone), nil
}

func digits(s string, from, to int) int {
	n := 0
	for _, c := range []byte(s[from:to]) {
		n = n*10 + int(c-'0')
	}
	return n
}

// eventRow counts the triggers of one control in one month that stand alike.
type eventRow struct {
	ControlID int64
	Month     string
	Standing  string
	N         int
	Until     string // the last of the limits, to the second
}

// events reads what lists of triggers and signals say. Whether a trigger belongs to the
// period is decided by its instant.
func events(ctx context.Context, tx *models.Tx, f Frame, spans []listed, into map[int64]*Sheet) error {
	kinds, of := map[string][]listed{}, map[int64]*Sheet{}
	for _, l := range spans {
		s := into[l.ControlID]
		if s == nil {
			continue
		}
		if s.Listed == nil {
			s.Listed = map[string][]period.Days{}
		}
		s.Listed[l.Kind] = append(s.Listed[l.Kind], l.days())
		kinds[l.Kind], of[l.ID] = append(kinds[l.Kind], l), s
	}
	zone, err := programme.Zone(ctx, tx)
	if err != nil {
		return err
	}
	for _, s := range into {
		s.listedIn(zone, f.Zone)
	}
	if err := triggers(ctx, tx, f, kinds[Triggers], of); err != nil {
		return err
	}
	return signals(ctx, tx, f, kinds[Signals], of)
}

// listedIn turns the company's days, which lists speak of, into those of the frame: of a day
// that reaches beyond them, a list does not know the whole.
func (s *Sheet) listedIn(company, zone *time.Location) {
	if company.String() == zone.String() {
		return
	}
	for kind, days := range s.Listed {
		runs := period.Join(days)
		for n, r := range runs {
			runs[n] = r.Whole(company, zone)
		}
		s.Listed[kind] = slices.DeleteFunc(runs, func(r period.Days) bool { return r.Len() == 0 })
	}
}

// listed is a list with the days that it speaks of.
type listed struct {
	ID, ControlID        int64
	Kind                 string
	CoversFrom, CoversTo models.Date
}

func (l listed) days() period.Days { return period.Span{From: l.CoversFrom, To: l.CoversTo}.Days() }

func ids(lists []listed) []int64 {
	out := make([]int64, len(lists))
	for i, l := range lists {
		out[i] = l.ID
	}
	return out
}

// triggers counts by months of the frame, in its zone: the day that a trigger is filed
// under is that of the company's zone, which may be another.
func triggers(ctx context.Context, tx *models.Tx, f Frame, lists []listed, of map[int64]*Sheet) error {
	if len(lists) == 0 || f.Days.Len() == 0 {
		return nil
	}
	month, args := f.monthSQL()
	foreign, more := f.foreignSQL(lists, of)
	from, until := f.Days.Span().Instants(f.Zone)
	args = append(append(args, more...), from, until, f.Now, f.Now, f.Now, (f.Today + Soon + 1).Starts(f.Zone).UTC(), f.Now, ids(lists))
	rows, err := models.Raw[eventRow](ctx, tx, `SELECT l.control_id, `+month+` AS month,
		CASE `+foreign+`WHEN e.at < ? OR e.at >= ? THEN 'outside_period' WHEN e.at > ? THEN 'upcoming'
			WHEN e.done_at <= ? AND e.done_at <= e.deadline THEN 'on_time' WHEN e.done_at <= ? THEN 'late'
			WHEN e.deadline >= ? THEN 'pending' WHEN e.deadline >= ? THEN '`+soonTrigger+`' WHEN e.deadline > l.extracted_at THEN 'unknown' ELSE 'missed' END AS standing, count(*) AS n, `+tx.Second("max(e.deadline)")+` AS until
		FROM trigger_events e JOIN fact_lists l ON l.id = e.list_id WHERE e.list_id IN ?
		GROUP BY l.control_id, month, standing ORDER BY l.control_id, month`, args...)
	if err != nil {
		return err
	}
	sheets := map[int64]*Sheet{}
	for _, s := range of {
		sheets[s.ID] = s
	}
	for _, r := range rows {
		if r.Standing == foreignTrigger {
			continue
		}
		s := sheets[r.ControlID]
		if n := len(s.Events); n == 0 || s.Events[n-1].Month != r.Month {
			s.Events = append(s.Events, MonthOfEvents{Month: r.Month})
		}
		m := &s.Events[len(s.Events)-1]
		if r.Standing == soonTrigger {
			m.Counts[period.Pending], m.Soon = m.Counts[period.Pending]+r.N, m.Soon+r.N
			continue
		}
		status := statusOf(r.Standing)
		if m.Counts[status] += r.N; status == period.Unknown {
			if m.Limit, err = dayAt(r.Until, f.Zone); err != nil {
				return err
			}
		}
	}
	return nil
}

// monthSQL names the month of the frame in which a trigger occurred, "" outside of it.
func (f Frame) monthSQL() (string, []any) {
	from, until := f.Days.Span().Instants(f.Zone)
	text, args := "CASE WHEN e.at < ? OR e.at >= ? THEN ''", []any{from, until}
	months := f.Months()
	for _, m := range slices.Backward(months[1:]) {
		text += " WHEN e.at >= ? THEN '" + keyOf(m) + "'"
		args = append(args, m.First.Starts(f.Zone).UTC())
	}
	return text + " ELSE '" + keyOf(months[0]) + "' END", args
}

// keyOf names a month: 2026-08.
func keyOf(month period.Days) string { return string(month.First.Date())[:7] }

// soonTrigger marks what is pending and due within Soon days.
const soonTrigger = "soon"

// foreignTrigger marks what was triggered while no version of the control went by triggers.
const foreignTrigger = "foreign"

// foreignSQL finds it in those lists that speak of more days than the versions do.
func (f Frame) foreignSQL(lists []listed, of map[int64]*Sheet) (text string, args []any) {
	for _, l := range lists {
		near := l.days() // and a day around: the frame's zone may be another
		near = period.Days{First: near.First - 1, Last: near.Last + 1}.And(f.Days)
		for _, d := range period.Holes(near, of[l.ID].InForce(f, period.Triggered)) {
			from, until := d.Span().Instants(f.Zone)
			text += "WHEN e.list_id = ? AND e.at >= ? AND e.at < ? THEN '" + foreignTrigger + "' "
			args = append(args, l.ID, from, until)
		}
	}
	return text, args
}

func statusOf(id string) period.Status {
	for _, s := range period.Statuses {
		if s.ID() == id {
			return s
		}
	}
	return period.Unknown
}

func signals(ctx context.Context, tx *models.Tx, f Frame, lists []listed, of map[int64]*Sheet) error {
	if len(lists) == 0 {
		return nil
	}
	from, until := f.Days.Span().Instants(f.Zone)
	rows, err := models.Raw[signalRow](ctx, tx, `SELECT list_id, line, from_at, to_at, pass, collected_at FROM signal_intervals
		WHERE list_id IN ? AND from_at < ? AND to_at > ?`, ids(lists), until, from)
	for _, r := range rows {
		s := of[r.ListID]
		s.Signals = append(s.Signals, period.Signal{From: r.FromAt, To: r.ToAt, Pass: r.Pass, Collected: r.CollectedAt})
	}
	return err
}
