package engagement

import (
	"context"
	"fmt"
	"slices"
	"time"

	"assay/models"
)

// A Status is where an engagement stands.
//
//	setup → planning → fieldwork → reporting → issued → archived
//	  ↓        ↓           ↓           ↓
//	  └────────┴───── cancelled ───────┘
//
// It never goes back: what was planned, tested and issued stays as it was.
type Status string

// The states of an engagement.
const (
	Setup     Status = "setup"
	Planning  Status = "planning"
	Fieldwork Status = "fieldwork"
	Reporting Status = "reporting"
	Issued    Status = "issued"
	Archived  Status = "archived"
	Cancelled Status = "cancelled"
)

// Statuses lists every status in the order of a life.
var Statuses = []Status{Setup, Planning, Fieldwork, Reporting, Issued, Archived, Cancelled}

var next = map[Status][]Status{
	Setup:     {Planning, Cancelled},
	Planning:  {Fieldwork, Cancelled},
	Fieldwork: {Reporting, Cancelled},
	Reporting: {Issued, Cancelled},
	Issued:    {Archived},
	Archived:  nil,
	Cancelled: nil,
}

// verbs say each move in the log.
var verbs = map[Status]string{
	Planning: "engagement.plan", Fieldwork: "engagement.start", Reporting: "engagement.report",
	Issued: "engagement.issue", Archived: "engagement.archive", Cancelled: "engagement.cancel",
}

// Next lists what s can become; nothing when it is final.
func (s Status) Next() []Status { return next[s] }

// CanBecome reports whether an engagement can go from s to t.
func (s Status) CanBecome(t Status) bool { return slices.Contains(next[s], t) }

// ScopeOpen reports whether the company alone can still change criteria and period. In
// fieldwork both sides agree, and from reporting on the scope is frozen.
func (s Status) ScopeOpen() bool { return s == Setup || s == Planning }

// Running reports whether anything about the engagement can still be changed.
func (s Status) Running() bool { return s.ScopeOpen() || s == Fieldwork || s == Reporting }

// Readable reports whether the auditors may look while their window is open. An issued
// report can still be asked about; an archived engagement is over.
func (s Status) Readable() bool { return s.Running() || s == Issued }

// Label is s in words, as pages show it.
func (s Status) Label() string {
	switch s {
	case Setup:
		return "Set-up"
	case Planning:
		return "Planning"
	case Fieldwork:
		return "Fieldwork"
	case Reporting:
		return "Reporting"
	case Issued:
		return "Issued"
	case Archived:
		return "Archived"
	case Cancelled:
		return "Cancelled"
	}
	return string(s)
}

// Move takes e to another state. e is as the actor saw it. Refused are moves that the
// machine does not have, fieldwork of an examination without an auditor, reporting and a
// report before its period has ended, and cancelling without a reason.
func Move(ctx context.Context, tx *models.Tx, e *Engagement, to Status, reason string) error {
	if !e.Status.CanBecome(to) {
		return models.Conflict(fmt.Sprintf("The engagement is in state %s; it cannot go to %s from there.", e.Status.Label(), to.Label()))
	}
	if err := ready(ctx, tx, *e, to, reason); err != nil {
		return err
	}
	e.Status = to
	return models.Update(ctx, tx, e, models.Columns{"Status"}, verbs[to], models.Note{"reason": reason})
}

func ready(ctx context.Context, tx *models.Tx, e Engagement, to Status, reason string) error {
	switch {
	case to == Cancelled && reason == "":
		return models.Invalid(map[string]string{"reason": "Say why, so that the record explains it later."})
	case to == Fieldwork && e.Kind.Examination():
		n, err := models.Rows[Auditor](tx).Where("engagement_id = ?", e.ID).Count(ctx, "id")
		if err == nil && n == 0 {
			return models.Conflict("Name at least one auditor before fieldwork starts.")
		}
		return err
	case to == Reporting:
		if err := e.Examined(tx.Now); err != nil {
			return err
		}
		_, open, err := OpenProposal(ctx, tx, e.ID)
		if err != nil || open {
			return orConflict(err, "A scope change waits for an answer. Agree on it, decline it or take it back; then the scope is frozen.")
		}
		// Package freeze takes it there: what was examined is kept as it is now.
		n, err := models.Value[int64](ctx, tx, "SELECT count(*) FROM freezes WHERE engagement_id = ?", e.ID)
		if err == nil && n == 0 {
			return models.Conflict("Fieldwork ends with a freeze of what was examined, and there is none yet.")
		}
		return err
	case to == Issued:
		return issuable(ctx, tx, e)
	}
	return nil
}

// Examined refuses to end the fieldwork of an examination while what it is about is still
// to come: a Type II report is about every day of its period, a Type I report about its
// last. Both are days in the zone of e. A readiness assessment is a rehearsal, no auditor
// reports on its period, and it is done when the company has learnt what it came for.
func (e Engagement) Examined(now time.Time) error {
	if !e.Kind.Examination() {
		return nil
	}
	zone, err := e.Location()
	if err != nil {
		return err
	}
	today, end := models.DateOf(now, zone), e.PeriodEnd
	switch {
	case e.Kind == TypeI && today < end:
		return models.Conflict(fmt.Sprintf("The report is as of %s (%s), so fieldwork cannot end before that day. Reporting can begin from %s on.", end, e.Zone, end))
	case e.Kind == TypeII && today <= end:
		return models.Conflict(fmt.Sprintf("The period runs until %s (%s), and controls operate until then. Reporting can begin from %s on.", end, e.Zone, end.AddDays(1)))
	}
	return nil
}
