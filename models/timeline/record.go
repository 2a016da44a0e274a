package timeline

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"assay/models"
	"assay/models/control"
	"assay/models/evidence"
	"assay/models/occurrence"
	"assay/models/period"
)

// A Record is what people said of a control, the latest first.
type Record struct {
	Performances []Performance
	Exemptions   []Exemption
	Questions    []Question
	Items        []Item  // that cover a day of the period, the latest days first
	Owners       []Owner // changes, for the company
}

// A Performance is one act as it was recorded.
type Performance struct {
	ID, Rev    int64
	Day        period.Day  // on which the control acted
	For        period.Days // the window it was meant for; the zero Days is the one that holds Day
	By         string      // who acted, in words
	Result     string
	Stated     string // recorded more than a week later: why
	EvidenceID int64
	RecordedBy int64
	Withdrawn  string // why, when it was
}

// in reports whether p speaks of the window.
func (p *Performance) in(w period.Days) bool {
	if p.For == (period.Days{}) {
		return w.Has(p.Day)
	}
	return w.Has(p.For.Last)
}

// An Exemption says that there was nothing to do in a window.
type Exemption struct {
	ID, Rev int64
	period.Days
	Status  occurrence.ExemptionStatus
	Reason  string
	Note    string // of the decision
	AskedBy int64
}

// A Question is what somebody asked about a window, and the answer.
type Question struct {
	ID int64
	period.Days
	Text, Answer string
	AskedBy      int64
	AnsweredBy   int64
}

// An Item is evidence for some days.
type Item struct {
	ID int64
	period.Days
	Status evidence.Status
	Title  string
}

// Code is the id people use.
func (i Item) Code() string { return fmt.Sprintf("E-%d", i.ID) }

// An Owner is a change of who answers for the control.
type Owner struct {
	Day           period.Day
	Owner, Backup string // from then on
	Was           string // the owner before, when the log tells
	By            int64  // who changed it
}

// People are those whose names a page of r shows.
func (r Record) People() []int64 {
	var ids []int64
	for _, p := range r.Performances {
		ids = append(ids, p.RecordedBy)
	}
	for _, e := range r.Exemptions {
		ids = append(ids, e.AskedBy)
	}
	for _, q := range r.Questions {
		ids = append(ids, q.AskedBy, q.AnsweredBy)
	}
	for _, o := range r.Owners {
		ids = append(ids, o.By)
	}
	return ids
}

// most bounds each part of the record. A daily control has some 260 of each in a year.
const most = 1000

// farBack is how long before the period the earliest window that ends in it begins.
const farBack = 366

// said is one line of the record, whatever it is: one query reads them all.
type said struct {
	Kind        string
	ID, Rev     int64
	First, Last models.Date
	At          string // in UTC
	Person      int64
	Other       int64
	Name        string
	Words       string
	Note        string
	State       string
}

// recorded reads what people said of c that can have to do with the frame.
func recorded(ctx context.Context, tx *models.Tx, c control.Control, f occurrence.Frame) (r Record, err error) {
	query, args := recordSQL(tx, c, f)
	rows, err := models.Raw[said](ctx, tx, query, args...)
	if err != nil {
		return r, err
	}
	for _, row := range rows {
		if err := r.add(row, f.Zone); err != nil {
			return r, fmt.Errorf("record of %s: %s %d: %w", c.Code, row.Kind, row.ID, err)
		}
	}
	for i := range r.Owners { // the latest first
		if i+1 < len(r.Owners) {
			r.Owners[i].Was = r.Owners[i+1].Owner
		}
	}
	return r, nil
}

func recordSQL(tx *models.Tx, c control.Control, f occurrence.Frame) (query string, args []any) {
	at := tx.Second
	part := func(columns, table, cond, order string, more ...any) {
		if query != "" {
			query += " UNION ALL "
		}
		query += fmt.Sprintf("SELECT * FROM (SELECT %s FROM %s WHERE %s ORDER BY %s LIMIT %d) AS part", columns, table, cond, order, most)
		args = append(args, more...)
	}
	of := func(s models.Scoped, table string) (string, []any) {
		cond, a := s.VisibleTo(tx.Actor)
		if cond != "" {
			cond = " AND " + cond
		}
		return table + ".control_id = ?" + cond, append([]any{c.ID}, a...)
	}
	cond, a := of(occurrence.Performance{}, "performances")
	part(`'act' AS kind, id, rev, window_from AS first, window_to AS last, `+at("performed_at")+` AS at, recorded_by AS person, COALESCE(evidence_id, 0) AS other,
		performed_by AS name, result AS words, late_reason AS note, withdrawn_note AS state`, "performances", cond, "performed_at DESC, id DESC", a...)
	cond, a = of(occurrence.Exemption{}, "exemptions")
	part(`'exempt' AS kind, id, rev, window_from, window_to, '', asked_by, 0, '', reason, decision_note, status`, "exemptions", cond, "window_from DESC, id DESC", a...)
	cond, a = of(occurrence.Question{}, "questions")
	part(`'ask' AS kind, id, rev, window_from, window_to, '', asked_by, COALESCE(answered_by, 0), '', text, answer, ''`, "questions", cond, "id DESC", a...)
	cond, a = of(evidence.Item{}, "evidence")
	part(`'item' AS kind, id, rev, covers_from, covers_to, '', uploaded_by, 0, '', title, '', status`, "evidence",
		cond+" AND evidence.covers_to >= ? AND evidence.covers_from <= ? AND evidence.status IN ('submitted', 'accepted', 'superseded')", "covers_from DESC, id DESC",
		append(a, (f.Days.First-farBack).Date(), f.Days.Last.Date())...)
	if tx.Actor.Company() {
		part(`'owner' AS kind, log_leaves.seq AS id, 0, '', '', `+at("log_leaves.at")+`, actor_id, 0, '', COALESCE(d.text, ''), '', ''`,
			"log_leaves LEFT JOIN log_details d ON d.seq = log_leaves.seq", "about = ? AND verb = 'control.assign'", "log_leaves.seq DESC", c.Path())
	}
	return query, args
}

func (r *Record) add(row said, zone *time.Location) error {
	days := period.Span{From: row.First, To: row.Last}.Days()
	if row.First.IsZero() {
		days = period.Days{}
	}
	switch row.Kind {
	case "act":
		day, err := dayOf(row.At, zone)
		r.Performances = append(r.Performances, Performance{row.ID, row.Rev, day, days, row.Name, row.Words, row.Note, row.Other, row.Person, row.State})
		return err
	case "exempt":
		r.Exemptions = append(r.Exemptions, Exemption{row.ID, row.Rev, days, occurrence.ExemptionStatus(row.State), row.Words, row.Note, row.Person})
	case "ask":
		r.Questions = append(r.Questions, Question{row.ID, days, row.Words, row.Note, row.Person, row.Other})
	case "item":
		r.Items = append(r.Items, Item{row.ID, days, evidence.Status(row.State), row.Words})
	case "owner":
		day, err := dayOf(row.At, zone)
		var note struct{ Owner, Backup string }
		if row.Words != "" { // the note may have been erased
			err = json.Unmarshal([]byte(row.Words), &note)
		}
		r.Owners = append(r.Owners, Owner{Day: day, Owner: note.Owner, Backup: note.Backup, By: row.Person})
		return err
	}
	return nil
}

func dayOf(at string, zone *time.Location) (period.Day, error) {
	t, err := time.Parse(time.DateTime, at)
	return period.DayAt(t, zone), err
}

// changes drops assignments that left the owner as they were, and what came after the
// period. The one in force when it began stays out, too.
func changes(owners []Owner, in period.Days) (out []Owner) {
	for _, o := range owners {
		if o.Owner != o.Was && in.Has(o.Day) {
			out = append(out, o)
		}
	}
	return out
}
