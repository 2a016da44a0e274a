// Package readinesses is the page a manager's day begins with, and what its squares are
// made of.
package readinesses

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"assay/models"
	"assay/models/engagement"
	"assay/models/occurrence"
	"assay/models/people"
	"assay/models/period"
	"assay/models/readiness"
	"assay/templates/engagements"
	"assay/templates/ui"
)

var states = map[occurrence.Standing]ui.State{
	occurrence.Operating: ui.OK, occurrence.DueSoon: ui.Soon, occurrence.InReview: ui.InReview, occurrence.Idle: ui.NA, occurrence.NothingDue: ui.NA, occurrence.NotYet: ui.Future,
	occurrence.Blind: ui.Open, occurrence.Behind: ui.Late, occurrence.Deviated: ui.Returned, occurrence.Exception: ui.Exception, occurrence.Planned: ui.Future,
}

// StateOf is the shape of an occurrence's status.
func StateOf(s period.Status) ui.State {
	switch s {
	case period.OnTime, period.OnTimeInGrace:
		return ui.OK
	case period.Late, period.OutsidePeriod:
		return ui.Returned
	case period.Missed:
		return ui.Late
	case period.Pending:
		return ui.Soon
	case period.Upcoming, period.NotDueInPeriod:
		return ui.Future
	case period.NotApplicable:
		return ui.NA
	case period.Unknown:
	}
	return ui.Open
}

func shares(p readiness.Picture) []ui.Share {
	var out []ui.Share
	for _, s := range occurrence.Standings {
		if n := p.Counts[s]; n > 0 {
			out = append(out, ui.Share{State: states[s], Label: s.Label(), Count: n, Href: controlsHref(p, string(s), "")})
		}
	}
	return out
}

// controlsHref lists the controls of a standing or of a group.
func controlsHref(p readiness.Picture, standing, group string) string {
	q := url.Values{}
	if p.Chosen {
		q.Set("period", p.Engagement.Slug)
	}
	if standing != "" {
		q.Set("standing", standing)
	}
	if group != "" {
		q.Set("group", group)
	}
	return "/readiness/controls?" + q.Encode()
}

// inPicture makes a page one of the period of p, which other periods have at the same
// path, too.
func inPicture(p readiness.Picture, path string, page ui.Page) ui.Page {
	return engagements.InPeriod(page, p.Engagement, p.Others, p.Frame.Now, func(slug string) string { return path + "?period=" + slug })
}

// address keeps the chosen period.
func address(p readiness.Picture, path string) string { return inPeriod(path, p.Engagement, p.Chosen) }

func inPeriod(path string, e engagement.Engagement, chosen bool) string {
	if chosen {
		return path + "?period=" + e.Slug
	}
	return path
}

// percent is a share with its counts; it rounds down, so that 100% means all.
func percent(n, of int) string {
	if of == 0 {
		return "none due"
	}
	return fmt.Sprintf("%d%% (%d of %d)", readiness.Percent(n, of), n, of)
}

// A look is how a square is drawn, and what it says.
type look struct {
	state ui.State
	words string
}

// lookOf is what a square of a month shows: what is worst in it, and never green for
// what nobody knows. What it says of continuous controls it says of how much of the time.
func lookOf(sq occurrence.Square, month period.Days, today period.Day) look {
	l := plainLook(sq, month, today)
	if sq.Watch.Scope > 0 {
		l.words += "; check results: " + readiness.CoverageInWords(sq.Watch)
	}
	return l
}

func plainLook(sq occurrence.Square, month period.Days, today period.Day) look {
	due, open := sq.Due(), month.Last >= today
	switch {
	case sq.Empty() && month.First > today:
		return look{ui.Future, "not yet due"}
	case sq.Empty():
		return look{ui.NA, "nothing due"}
	case sq.Of(period.Missed) > 0:
		return look{ui.Exception, fmt.Sprintf("%d of %d missed", sq.Of(period.Missed), due)}
	case sq.Blind > 0:
		return look{ui.Open, "unknown for " + models.Plural(sq.Blind, "control")}
	case sq.Of(period.Late) > 0:
		return look{ui.Late, fmt.Sprintf("%d of %d performed late", sq.Of(period.Late), due)}
	case sq.Unproven > 0:
		return look{ui.Late, fmt.Sprintf("%d of %d performed without evidence", sq.Unproven, due)}
	case sq.Open > 0 && sq.Total() == 0:
		return look{ui.InReview, "in progress, no list yet"}
	case month.First > today || sq.Of(period.Upcoming) == sq.Total():
		return look{ui.Future, "not yet due"}
	case open, sq.Of(period.Pending) > 0, sq.Waiting > 0:
		return look{ui.InReview, fmt.Sprintf("in progress, %d of %d performed", sq.Operated(), sq.Total())}
	case sq.LateProof > 0:
		return look{ui.Late, fmt.Sprintf("operated, evidence late for %d of %d", sq.LateProof, due)}
	case due == 0 && sq.Of(period.OutsidePeriod) > 0:
		return look{ui.InReview, "performed outside the period, for the auditor to decide"}
	case due == 0:
		return look{ui.NA, "not applicable"}
	case sq.Of(period.OutsidePeriod) > 0: // neither on time nor missed, so they are not counted
		return look{ui.OK, fmt.Sprintf("operated, %d of %d, and %d outside the period", sq.Operated(), due, sq.Of(period.OutsidePeriod))}
	}
	return look{ui.OK, fmt.Sprintf("operated, %d of %d", sq.Operated(), due)}
}

// together joins worries so that none of them breaks across lines.
func together(worries []string) string {
	kept := make([]string, len(worries))
	for i, w := range worries {
		kept[i] = strings.ReplaceAll(w, " ", "\u00a0")
	}
	return readiness.Join(kept)
}

// anyLate reports whether there is somebody to chase.
func anyLate(p readiness.Picture) bool {
	return slices.ContainsFunc(p.Tasks, func(t occurrence.Task) bool { return t.Late(p.Frame.Today) && !t.Excused })
}

func monthName(m period.Days) string { return m.First.Date().In(time.UTC).Format("Jan") }

func monthLong(m period.Days) string { return m.First.Date().In(time.UTC).Format("January 2006") }

func monthKey(m period.Days) string { return string(m.First.Date())[:7] }

func owner(names map[int64]people.Person, id int64) string { return names[id].Name }

// shownTasks is how many late and due items the page lists.
const shownTasks = 12

func listed(p readiness.Picture) []occurrence.Task { return p.Tasks[:min(len(p.Tasks), shownTasks)] }

// missing says what a task lacks, in a few words.
func missing(t occurrence.Task) string {
	switch t.Want {
	case occurrence.WantEvidence:
		if len(t.Holes) > 0 && t.Holes[0] != t.Window.Days {
			return "Evidence for a part"
		}
		return "Evidence"
	case occurrence.WantList:
		if t.Untold > 0 {
			return "A later list of triggers"
		}
		if t.Sheet.ListOn(t.Window.Days) == occurrence.Signals {
			return "Check results"
		}
		return "List of triggers"
	case occurrence.WantPerformance:
	}
	return "Performance and evidence"
}

func stateOfTask(t occurrence.Task, today period.Day) (ui.State, string) {
	days := int(t.Window.Due - today)
	switch {
	case t.Excused:
		return ui.InReview, "Asked to be excused"
	case days < 0:
		return ui.Late, models.Plural(-days, "day") + " late"
	case days == 0:
		return ui.Soon, "Due today"
	}
	return ui.Soon, "Due in " + models.Plural(days, "day")
}

func iso(d period.Day) string { return string(d.Date()) }

// ListData is the controls of a period.
type ListData struct {
	readiness.Picture
	Standing occurrence.Standing
	Group    string
	Rows     []readiness.Row
	Turn     readiness.Turn
}

func (d ListData) title() string {
	title := "Controls of the period"
	if d.Standing != "" {
		title = d.Standing.Label()
	}
	if d.Group != "" {
		title += ", " + d.Group
	}
	return title
}

// earlier and later lead to the controls in front of those that are shown and behind them.
func (d ListData) earlier() string {
	after, any := d.Turn.Earlier()
	if !any {
		return ""
	}
	return d.from(after)
}

func (d ListData) later() string {
	if !d.Turn.More {
		return ""
	}
	return d.from(d.Rows[len(d.Rows)-1].Code)
}

func (d ListData) from(after string) string {
	href := controlsHref(d.Picture, string(d.Standing), d.Group)
	if after != "" {
		href += "&after=" + url.QueryEscape(after)
	}
	return href
}

func (d ListData) options() []ui.Option {
	var out []ui.Option
	for _, s := range occurrence.Standings {
		out = append(out, ui.Option{Value: string(s), Label: fmt.Sprintf("%s (%d)", s.Label(), d.Counts[s])})
	}
	return out
}

func (d ListData) groups() []ui.Option {
	var out []ui.Option
	for _, g := range d.Groups {
		out = append(out, ui.Option{Value: g.Code, Label: g.Code + " " + g.Title})
	}
	return out
}

// LookOf is how a month is drawn, and what it says.
func LookOf(sq occurrence.Square, month period.Days, today period.Day) (ui.State, string) {
	l := lookOf(sq, month, today)
	return l.state, l.words
}
