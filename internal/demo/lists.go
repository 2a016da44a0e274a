package demo

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"math/rand/v2"
	"time"

	"assay/models"
	"assay/models/control"
	"assay/models/framework"
	"assay/models/occurrence"
	"assay/models/period"
)

// The controls of which a list says something else than that all was well.
const (
	unlisted   = "AI-20" // nobody took a list into use
	halfListed = "PH-02" // the last two months are missing
	idle       = "VM-04" // nothing happened, and the list says so
	missedOnce = "CM-04" // one trigger was never acted on
	lateOnce   = "AC-04" // one trigger was acted on late
	unseen     = "NW-04" // the checks stood still for three days
	retired    = "PI-04" // taken out of use in the period
)

// recorded is the control that Halyard wrote itself; Ines owns it.
var recorded = framework.Template{Code: "HAL-01", Frequency: "continuous"}

// A logbook is where the triggers of a control are written down, and how they are named.
type logbook struct{ key, source string }

var logbooks = map[string]logbook{
	"GV-05": {"RPT-%d", "Concerns line"}, "HR-01": {"EMP-%d", "HiBob"}, "HR-04": {"EMP-%d", "HiBob"},
	"RM-04": {"CHG-%d", "Jira"}, "MO-05": {"report-%d", "Report register"},
	"AC-02": {"ITACC-%d", "Okta"}, "AC-03": {"ITOFF-%d", "HiBob"}, "AC-04": {"ITROLE-%d", "HiBob"}, "AC-06": {"ELEV-%d", "Teleport"},
	"PH-02": {"ASSET-%d", "Snipe-IT"}, "OP-06": {"deploy-%d", "Argo CD"},
	"IR-02": {"EVT-%d", "PagerDuty"}, "IR-03": {"INC-%d", "Jira"}, "IR-04": {"INC-%d", "Jira"},
	"CM-01": {"pull/%d", "GitHub"}, "CM-02": {"deploy-%d", "Argo CD"}, "CM-04": {"CHG-E-%d", "Jira"}, "CM-05": {"LAUNCH-%d", "Jira"},
	"VM-02": {"VEN-%d", "Vendor register"}, "VM-04": {"VEN-%d", "Vendor register"},
	"CF-02": {"DEL-%d", "Zendesk"}, "CF-03": {"SUP-%d", "Support console"},
	"PV-02": {"CONSENT-%d", "Console"}, "PV-03": {"DPIA-%d", "Privacy register"}, "PV-05": {"DSR-%d", "Privacy mailbox"}, "PV-08": {"PRIV-%d", "Privacy register"},
	"AI-04": {"AIA-%d", "AI governance"}, "AI-06": {"halyard-code-4.%d", "Model registry"}, "AI-07": {"run-%d", "Marquez"}, "AI-09": {"source-%d", "Data catalogue"},
	"AI-10": {"build-%d", "Data pipeline"}, "AI-11": {"ds-%d", "Data catalogue"}, "AI-13": {"ds-%d", "Data catalogue"},
	"AI-16": {"model-%d", "Model registry"}, "AI-17": {"load-%d", "model-verify"}, "AI-21": {"release-%d", "Model registry"},
	"AI-23": {"model-%d", "Eval suite"}, "AI-25": {"CFG-%d", "GitHub"}, "AI-31": {"action-%d", "Agent gateway"}, "AI-33": {"prompt-v%d", "GitHub"},
	"AI-39": {"MC-%d", "Agent gateway"}, "AI-41": {"RET-%d", "Model registry"}, "AI-44": {"PROV-%d", "Vendor register"},
}

// listed takes a list into use for each month that is over of a control that has no dates
// of its own.
func (s *story) listed(n int, t framework.Template) {
	from, end := s.period.from, monthOf(s.today)
	switch t.Code {
	case unlisted:
		return
	case recorded.Code:
		from = s.in(30) // when it began
	case retired:
		end = s.in(116)
	case halfListed:
		end = s.doubtful()
	}
	for from < end {
		next := min(monthOf(from).AddMonths(1), end)
		s.list(n, t, days{from, next.AddDays(-1)}, next)
		from = next
	}
}

// doubtful is the first day of the month before the last one that is over, of which some
// lists tell what went wrong.
func (s *story) doubtful() models.Date { return monthOf(s.today).AddMonths(-2) }

// list takes one list into use in the morning of a day, or as today begins.
func (s *story) list(n int, t framework.Template, covers days, day models.Date) {
	who, at := "ines", day.In(s.zone).Add(9*time.Hour+time.Duration(n)*time.Minute)
	if _, common := framework.TemplateOf(t.Code); common {
		who = s.ownerOf(t.Code, day)
	}
	if day >= s.today {
		at = s.today.In(s.zone)
	}
	l := occurrence.List{CoversFrom: covers.from, CoversTo: covers.to, ExtractedAt: at.UTC()}
	r := chance("list " + t.Code + string(covers.from))
	var rows occurrence.Rows
	if period.Continuous(t.Frequency) {
		rows, l.Source, l.Query = s.watched(t.Code, covers, at), "Monitoring", "check("+t.Code+"), one line an interval without a change"
	} else {
		book := logbooks[t.Code]
		rows, l.Source, l.Query = s.triggers(t, book.key, covers, r), book.source, "population of "+t.Code
	}
	if len(rows.Rows) == 0 {
		l.Note = "The register has no entry in this time, and finance paid no last invoice to a vendor."
	}
	l.Name = fmt.Sprintf("%s-%s.csv", t.Code, covers.from)
	l.Digest = s.shelf.put(l.Name, sheetOf(rows)).Digest
	s.events = append(s.events, event{at: at, who: who, do: func(ctx context.Context, tx *models.Tx) error {
		c, err := control.ByCode(ctx, tx, t.Code)
		if err != nil {
			return err
		}
		_, err = occurrence.AddList(ctx, tx, c, l, rows)
		return err
	}})
}

func sheetOf(rows occurrence.Rows) []byte {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	_ = w.Write(rows.Header)  // a buffer takes everything
	_ = w.WriteAll(rows.Rows) // likewise
	return b.Bytes()
}

// watched are the intervals in which a check gave one answer, a month at a time.
func (s *story) watched(code string, covers days, taken time.Time) occurrence.Rows {
	rows := occurrence.Rows{Header: []string{"check", "from", "to", "result", "collected_at"}}
	collected := func(from, to, seen time.Time) {
		rows.Rows = append(rows.Rows, []string{code, stamp(from), stamp(to), "pass", stamp(seen)})
		rows.Lines = append(rows.Lines, len(rows.Rows)+1)
	}
	add := func(from, to time.Time) {
		seen := to.Add(time.Hour)
		if seen.After(taken) {
			seen = to
		}
		collected(from, to, seen)
	}
	for from := covers.from; from <= covers.to; from = monthOf(from).AddMonths(1) {
		to := min(monthOf(from).AddMonths(1), covers.to.AddDays(1))
		if code == unseen && from == s.doubtful() {
			add(from.In(s.zone), from.AddDays(9).In(s.zone))
			add(from.AddDays(12).In(s.zone), to.In(s.zone))
			continue
		}
		if code == unseen && from == s.doubtful().AddMonths(-1) { // the collector was down, and what it missed was fetched later
			down, up := from.AddDays(4).In(s.zone), from.AddDays(7).In(s.zone)
			add(from.In(s.zone), down)
			collected(down, up, up.AddDate(0, 0, 6))
			add(up, to.In(s.zone))
			continue
		}
		add(from.In(s.zone), to.In(s.zone))
	}
	return rows
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// triggers are what set a control off, and when it acted.
func (s *story) triggers(t framework.Template, key string, covers days, r *rand.Rand) occurrence.Rows {
	rows := occurrence.Rows{Header: []string{"key", "triggered_at", "performed_at", "by"}}
	n := 1 + r.IntN(2)
	switch {
	case t.Code == idle:
		n = 0
	case t.Frequency == "multiple_daily":
		n = 5
	case t.Code == missedOnce, t.Code == lateOnce:
		n = 2
	}
	first, rule := 100+r.IntN(3000), t.EventRule
	for i, at := range (days{covers.from, covers.to.AddDays(-16)}).moments(r, n) {
		done := at.Add(-time.Duration(20+r.IntN(1200)) * time.Minute)
		if rule != nil && rule.Direction == "after" {
			done = at.Add(within(rule.Limit, r))
		}
		row := []string{fmt.Sprintf(key, first+3*i), stamp(at), stamp(done), pick(r, staff)}
		switch {
		case t.Code == missedOnce && i == 1 && covers.from == s.doubtful():
			row[2], row[3] = "", ""
		case t.Code == lateOnce && i == 1 && covers.from == s.period.from:
			row[2] = stamp(at.AddDate(0, 0, 12))
		}
		rows.Rows, rows.Lines = append(rows.Rows, row), append(rows.Lines, i+2)
	}
	return rows
}

// within is a time that a limit allows, whatever days are business days.
func within(limit string, r *rand.Rand) time.Duration {
	l, err := period.ParseLimit(limit)
	switch {
	case err == nil && l.Exact > 0:
		return time.Duration(5+r.IntN(int(l.Exact/time.Minute)-10)) * time.Minute
	default:
		return time.Duration(3+r.IntN(36)) * time.Hour
	}
}
