package demo

import (
	"context"
	"slices"
	"strings"

	"assay/models"
	"assay/models/control"
	"assay/models/evidence"
	"assay/models/framework"
	"assay/models/occurrence"
	"assay/models/period"
	"assay/models/readiness"
)

// handInDays is the grace of controls that act daily or weekly: their records are written
// by a system, and handed in for a month, after it.
const handInDays = 40

// soon are monthly controls that act by a day of the month which is at hand.
var soon = []string{"AI-01", "AI-08", "AC-10"}

// An oddity is what went another way in one window of a control.
type oddity int

const (
	never   oddity = iota + 1 // nobody did anything, and the grace is over
	partly                    // it was done, and the evidence leaves out the first five days
	tardy                     // it was done after the grace
	slow                      // it was done in time, and the evidence came after the grace
	nothing                   // there was nothing to do, and that was approved
	asked                     // that there was nothing to do waits for approval
)

var oddities = map[string]oddity{
	"PI-06": never, "AI-14": never, "PI-05": never, "MO-03": never, "BC-05": partly,
	"GV-07": tardy, "DP-03": slow, "AI-26": nothing, "PV-10": asked,
}

// operation is what every control did, month by month.
func (s *story) operation() {
	s.rhythms()
	for n, t := range framework.Controls() {
		switch {
		case !period.Dated(t.Frequency):
			s.listed(n, t)
		case t.Frequency == "daily" || t.Frequency == "weekly":
			s.monthly(habit(n, t), n, t.Frequency == "weekly")
		default:
			s.windowed(habit(n, t), n, t)
		}
	}
	s.listed(0, recorded)
	s.earlier()
	s.exchanges()
	s.history()
}

// rhythms gives controls a grace or a day of their own, before the period begins.
func (s *story) rhythms() {
	from, n := s.in(-14), 0
	for _, t := range framework.Controls() {
		in := control.Content{ChangeNote: "The system writes one record for a whole month. It is handed in after the month."}
		switch {
		case t.Frequency == "daily" || t.Frequency == "weekly":
			grace := handInDays
			in.GraceDays = &grace
		case slices.Contains(soon, t.Code):
			in.DueDay = min(31, s.today.In(s.zone).Day()+10) // of this month, on every day of it
			in.ChangeNote = "The meeting that uses the result has a fixed day of the month."
		default:
			continue
		}
		s.rhythm(t.Code, from, n, in)
		n++
	}
	s.atMidnight(from, activate)
}

func (s *story) rhythm(code string, from models.Date, n int, change control.Content) {
	var v control.Version
	author := "priya"
	if s.reviewerOf(code) == author {
		author = "yusuf"
	}
	s.on(from.AddDays(-12), 10+n, author, func(ctx context.Context, tx *models.Tx) error {
		c, err := control.ByCode(ctx, tx, code)
		if err != nil {
			return err
		}
		if v, err = control.Revise(ctx, tx, &c, false); err != nil {
			return err
		}
		in := v.Content
		in.ChangeNote, in.DueDay, in.GraceDays = change.ChangeNote, change.DueDay, change.GraceDays
		if err := control.Edit(ctx, tx, &v, in); err != nil {
			return err
		}
		return control.Submit(ctx, tx, &v)
	})
	s.on(from.AddDays(-8), 100+n, s.reviewerWho(author), func(ctx context.Context, tx *models.Tx) error {
		return control.Approve(ctx, tx, &v, from)
	})
}

// monthly hands in the records of a control that acts more often, month by month: of
// weeks those that ended in the month.
func (s *story) monthly(c custom, n int, weekly bool) {
	next := s.period.from.AddDays(-6) // a week may have begun before the period
	for month := s.period.from; ; month = month.AddMonths(1) {
		covers := days{next, month.AddMonths(1).AddDays(-1)}
		if weekly {
			covers.to = covers.to.AddDays(-int(covers.to.In(s.zone).Weekday()))
		}
		p := c.parcel(s, covers, covers.to.AddDays(2+n%3), 10+n%40).shown()
		if p.day.AddDays(4) >= s.today {
			return
		}
		next = covers.to.AddDays(1)
		s.store(p).submit(0, 14+n%40).accept(1+n%3, 200+n%90, "")
	}
}

// windowed hands in what a control produced in each of its windows.
func (s *story) windowed(c custom, n int, t framework.Template) {
	odd := s.odd(t)
	for w := range period.Windows(s.versions(t), s.period.days()) {
		span := w.And(s.period.days())
		acted := workday((span.First + period.Day(min(spread(t.Frequency, n), span.Len()-4))).Date())
		p := c.parcel(s, days{w.First.Date(), w.Last.Date()}, acted.AddDays(1), 10+n%40)
		p.acted, p.window, p.covers.to = acted, w.Span(), acted
		if how := oddities[t.Code]; how != 0 && w == odd && !s.another(how, &p, w) {
			continue
		}
		if p.day.AddDays(4) >= s.today || slices.Contains(soon, t.Code) && w.Has(s.day()) || s.told(c, p.covers) {
			continue
		}
		s.store(p).submit(0, 14+n%40).accept(1+n%3, 200+n%90, "")
	}
}

// spread is how many days into its window a control acts: few enough that the control
// has acted in the months that end soon.
func spread(frequency string, n int) int {
	switch frequency {
	case "monthly":
		return 2 + n%5
	case "quarterly":
		return 6 + n*7%30
	}
	return 8 + n*7%90
}

// another changes what is handed in for w, and reports whether anything is.
func (s *story) another(how oddity, p *parcel, w period.Window) bool {
	switch how {
	case never:
		return false
	case partly:
		p.acted = workday((w.First + 12).Date())
		p.day, p.covers = p.acted.AddDays(1), days{(w.First + 5).Date(), p.acted}
		p.note = "The dashboard was set up anew on the sixth."
	case tardy:
		p.acted = workday((w.Due + 12).Date())
		p.day, p.covers.to = p.acted.AddDays(1), w.Last.Date()
		p.note = "Done when the new region was live, so that it is described."
	case slow:
		p.day = (w.Due + 20).Date()
		p.late = "The review was made in its quarter. Its record lay with somebody who was away."
	case nothing:
		s.excuse(p.code, w, p.acted, "No evaluation set was used or changed in this quarter: both suites were frozen until the release.", true)
		return false
	case asked:
		s.excuse(p.code, w, s.ago(2), "No complaint came in, and the mailbox was moved. There is nothing to review before the next quarter.", false)
		return false
	}
	return true
}

// odd is the window in which a control's oddity falls: the last one that is over for what
// is open now, and the first for what is history.
func (s *story) odd(t framework.Template) (odd period.Window) {
	how := oddities[t.Code]
	for w := range period.Windows(s.versions(t), s.period.days()) {
		switch how {
		case never, partly:
			if w.Due >= s.day() {
				return odd
			}
		case asked:
			if w.First > s.day()-4 {
				return odd
			}
		default:
			return w
		}
		odd = w
	}
	return odd
}

// versions are the rhythms of a control in the period.
func (s *story) versions(t framework.Template) []period.Version {
	v := period.Version{Rhythm: period.Rhythm{Frequency: t.Frequency, Grace: period.DefaultGrace(t.Frequency)}, Effective: period.Days{First: period.Ever, Last: period.Never}}
	if t.Code != "BC-03" {
		return []period.Version{v}
	}
	after := v
	after.Frequency, after.Grace = "monthly", period.DefaultGrace("monthly")
	v.Effective.Last, after.Effective.First = period.DayOf(s.in(121), period.Never), period.DayOf(s.in(122), period.Ever)
	return []period.Version{v, after}
}

func (d days) days() period.Days { return period.Span{From: d.from, To: d.to}.Days() }

// day is today for the period engine.
func (s *story) day() period.Day { return period.DayOf(s.today, period.Never) }

func (s *story) excuse(code string, w period.Window, day models.Date, why string, approved bool) {
	var e occurrence.Exemption
	s.withControl(day, 130, s.ownerOf(code, day), code, func(ctx context.Context, tx *models.Tx, c control.Control) (err error) {
		e, err = occurrence.Excuse(ctx, tx, c, w.Span(), why)
		return err
	})
	if !approved {
		return
	}
	s.on(day.AddDays(3), 250, s.reviewerOf(code), func(ctx context.Context, tx *models.Tx) (err error) {
		e, err = occurrence.Decide(ctx, tx, e.ID, e.Rev, true, "Saw the release calendar: no suite changed.")
		return err
	})
}

func (s *story) withControl(day models.Date, minutes int, who, code string, do func(context.Context, *models.Tx, control.Control) error) {
	s.on(day, minutes, who, func(ctx context.Context, tx *models.Tx) error {
		c, err := control.ByCode(ctx, tx, code)
		if err != nil {
			return err
		}
		return do(ctx, tx, c)
	})
}

// exchanges are what owners hand over and ask about what is late.
func (s *story) exchanges() {
	window := func(code string) period.Span {
		t, _ := framework.TemplateOf(code)
		return s.odd(t).Span()
	}
	s.withControl(s.ago(2), 140, "seun", "PI-05", func(ctx context.Context, tx *models.Tx, c control.Control) error {
		_, err := occurrence.HandOver(ctx, tx, c, window("PI-05"), s.id("tomas"), "I am on call this week. The job's report is in the bucket integrity-reports.")
		return err
	})
	s.withControl(s.ago(1), 150, "sam", "PI-06", func(ctx context.Context, tx *models.Tx, c control.Control) error {
		_, err := occurrence.Ask(ctx, tx, c, window("PI-06"), "Two invoices of this month were corrected after it. Do I compare with the first or with the corrected ones?")
		return err
	})
	var q occurrence.Question
	s.withControl(s.ago(5), 145, "seun", "BC-05", func(ctx context.Context, tx *models.Tx, c control.Control) (err error) {
		q, err = occurrence.Ask(ctx, tx, c, window("BC-05"), "The first five days are on the old dashboard, which is gone. Is a screenshot of the raw graph enough?")
		return err
	})
	s.on(s.ago(4), 165, "priya", func(ctx context.Context, tx *models.Tx) (err error) {
		q, err = occurrence.Answer(ctx, tx, q.ID, q.Rev, "Yes, if the screenshot shows the dates and the query. Please say in the note why it differs.")
		return err
	})
}

// history is where the period stood at the end of each week.
func (s *story) history() {
	for day := s.period.from.AddDays(6); day < s.today; day = day.AddDays(7) {
		s.at(day, 23*60+50, event{who: clock, do: readiness.Note})
	}
}

// habit is the evidence that a control with dates brings again and again.
func habit(n int, t framework.Template) custom {
	for _, c := range customs() {
		if c.code == t.Code && c.months > 0 {
			return c
		}
	}
	title := t.Title
	if len(t.Evidence) > 0 {
		title, _, _ = strings.Cut(t.Evidence[n%len(t.Evidence)], " |")
	}
	papers := []custom{
		{kind: "signed_record", source: "Document store", file: "record-%s.pdf", make: minutes(t.Title, "Everything the control asks for was looked at.", "Nothing was found that needs a change.")},
		{kind: "system_export", source: "Jira", where: "filter " + t.Code, file: "tickets-%s.csv", make: tickets("OPS", t.Title)},
		{kind: "log_extract", source: "Scheduler", file: "runs-%s.log", make: record("jobs-01.prod", "scheduler", 30, outcome)},
		{kind: "system_export", source: "Notion", file: "review-%s.csv", make: measurements("open points", "count", 3)},
		{kind: "system_export", source: "GitHub", where: "repository controls", file: "settings-%s.json", make: settings("github", branches)},
	}
	c := papers[n%len(papers)]
	if (t.Frequency == "daily" || t.Frequency == "weekly") && !evidence.Record(c.kind) { // nobody signs every day
		c = papers[2]
	}
	c.code, c.title = t.Code, title
	return c
}

// earlier is what came of the period before, Halyard's first: one record of all of it, late
// for the months it begins with, and one list.
func (s *story) earlier() {
	for n, t := range framework.Controls() {
		c := habit(n, t)
		switch {
		case t.Code == unlisted:
		case !period.Dated(t.Frequency):
			s.list(n, t, s.prior, s.prior.to.AddDays(1))
		case t.Frequency == "annual" || t.Frequency == "semiannual":
			for w := range period.Windows(s.versions(t), s.prior.days()) {
				if !c.before || w.Last.Date() != s.prior.to {
					s.handedIn(c, n, days{w.First.Date(), w.Last.Date()})
				}
			}
		case c.before: // the rest comes with its own story
			s.handedIn(c, n, days{s.prior.from, s.prior.from.AddMonths(3).AddDays(-1)})
		default: // a week may have begun before the period
			s.handedIn(c, n, days{s.prior.from.AddDays(-6), s.prior.to})
		}
	}
}

// handedIn is a record of some days that was accepted soon after them.
func (s *story) handedIn(c custom, n int, covers days) {
	p := c.parcel(s, covers, covers.to.AddDays(2+n%3), 10+n%40)
	if t, _ := framework.TemplateOf(c.code); t.Frequency == "annual" || t.Frequency == "semiannual" {
		for workday(p.day) < covers.to {
			p.day = p.day.AddDays(1)
		}
		p.acted = workday(covers.to)
	} else {
		p = p.shown()
	}
	s.store(p).submit(0, 14+n%40).accept(1+n%3, 200+n%90, "")
}
