package demo

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"assay/models"
	"assay/models/control"
	"assay/models/evidence"
	"assay/models/framework"
	"assay/models/occurrence"
	"assay/models/period"
)

// A filed is an item of evidence, from the moment it is stored.
type filed struct {
	s    *story
	who  string
	code string
	day  models.Date
	item evidence.Item
	// window is what the upload page was opened for, none when it was not.
	window period.Span
}

// A parcel is what somebody uploads.
type parcel struct {
	code    string // of the control
	title   string
	kind    string
	source  string
	where   string
	note    string
	day     models.Date // of the upload
	minutes int         // after nine
	acted   models.Date // when the control did; the day before unless said
	every   bool        // it shows all days that it covers, and states none on which the control acted
	covers  days
	window  period.Span // of the control; none is found by the days covered
	late    string
	files   []evidence.Upload
	paper   func() evidence.Upload // one more, written when the parcel is sent: not every one is
	newer   *filed                 // replaces it
	who     string                 // the owner unless said
}

// store puts the parcel's files where they stay, unreviewed.
func (s *story) store(p parcel) *filed {
	if p.who == "" {
		p.who = s.ownerOf(p.code, p.day)
		if slices.Contains(ownerless, p.code) { // a compliance manager sees to it until somebody owns it
			p.who = s.reviewerWho(s.reviewerOf(p.code))
		}
	}
	if p.paper != nil {
		p.files = append(p.files, p.paper())
	}
	if p.acted == "" {
		p.acted = workday(p.day.AddDays(-1))
	}
	if evidence.OneInstant(p.kind) {
		p.covers = days{p.acted, p.acted}
	}
	p.covers.to = min(p.covers.to, workday(p.day)) // of a weekend nothing is sent
	p.covers.from = min(p.covers.from, p.covers.to)
	f := &filed{s: s, who: p.who, code: p.code, day: p.day, window: p.window}
	key := fmt.Sprintf("demo-%d", len(s.events))
	s.on(p.day, p.minutes, p.who, func(ctx context.Context, tx *models.Tx) error {
		c, err := control.ByCode(ctx, tx, p.code)
		if err != nil {
			return err
		}
		d := s.details(p, tx.Actor.Name)
		if d.Answers, err = answersOf(ctx, tx, c, p.kind); err != nil {
			return err
		}
		f.item, err = evidence.Store(ctx, tx, evidence.Parcel{
			ControlID: c.ID, Details: d, Files: p.files, Key: key,
		})
		return err
	})
	return f
}

// shown lets p show every day that it covers, taken once those are over. What shows one
// act only is sent as the register of all of them.
func (p parcel) shown() parcel {
	p.every = true
	if !evidence.Record(p.kind) {
		p.kind, p.where = "system_export", "register of records, each with its date"
	}
	for workday(p.day) <= p.covers.to {
		p.day = p.day.AddDays(1)
	}
	return p
}

// answersOf is the first thing of this kind that the control expects.
func answersOf(ctx context.Context, tx *models.Tx, c control.Control, kind string) ([]evidence.Answer, error) {
	v, err := control.Shown(ctx, tx, c)
	if err != nil {
		return nil, err
	}
	for _, e := range v.Expects() {
		if e.Kind == kind {
			return []evidence.Answer{{Version: e.Version, Number: e.Number}}, nil
		}
	}
	return nil, nil
}

func (s *story) details(p parcel, extractor string) evidence.Details {
	acted := p.acted.In(s.zone).Add(8*time.Hour + 40*time.Minute)
	d := evidence.Details{
		Title: p.title, Kind: p.kind, Source: p.source, Location: p.where, Extractor: extractor, Description: p.note,
		CoversFrom: p.covers.from, CoversTo: p.covers.to, LateReason: p.late,
	}
	if !p.every {
		d.PerformedAt = &acted
	}
	if p.newer != nil {
		d.SupersedesID = &p.newer.item.ID
	}
	return d
}

// submit sends it to review, n days after the upload.
func (f *filed) submit(n, minutes int) *filed {
	f.s.on(f.day.AddDays(n), minutes, f.who, func(ctx context.Context, tx *models.Tx) (err error) {
		f.item, err = occurrence.SubmitEvidence(ctx, tx, f.item.ID, f.item.Rev, f.window)
		return err
	})
	return f
}

// accept finds it good, n days after the upload.
func (f *filed) accept(n, minutes int, note string) *filed {
	f.s.on(f.day.AddDays(n), minutes, f.s.reviewerOf(f.code), func(ctx context.Context, tx *models.Tx) (err error) {
		f.item, err = evidence.Accept(ctx, tx, f.item.ID, f.item.Rev, note, f.item.Answers...)
		return err
	})
	return f
}

// giveBack returns it, n days after the upload.
func (f *filed) giveBack(n, minutes int, why string) *filed {
	f.s.on(f.day.AddDays(n), minutes, f.s.reviewerOf(f.code), func(ctx context.Context, tx *models.Tx) (err error) {
		f.item, err = occurrence.ReturnEvidence(ctx, tx, f.item.ID, f.item.Rev, why)
		return err
	})
	return f
}

// add puts another file to it.
func (f *filed) add(n, minutes int, file evidence.Upload) *filed {
	f.s.on(f.day.AddDays(n), minutes, f.who, func(ctx context.Context, tx *models.Tx) (err error) {
		f.item, err = evidence.AddFiles(ctx, tx, f.item.ID, []evidence.Upload{file})
		return err
	})
	return f
}

// withdraw takes it back for good.
func (f *filed) withdraw(n, minutes int, why string) {
	f.s.on(f.day.AddDays(n), minutes, f.s.reviewerOf(f.code), func(ctx context.Context, tx *models.Tx) error {
		i, err := evidence.ByID(ctx, tx, f.item.ID) // a newer item may have superseded it
		if err != nil {
			return err
		}
		f.item, err = occurrence.WithdrawEvidence(ctx, tx, i.ID, i.Rev, why)
		return err
	})
}

// A custom is evidence that comes again and again.
type custom struct {
	code, title string
	kind        string
	source      string
	where       string
	file        string // its name; %s is the period
	make        paper
	months      int // how many it covers: 1, 3 or 6; 0: once, on the day after at
	at          int // days into the period
	before      bool
}

// parcel is the custom for some days, uploaded on a day after them.
func (c custom) parcel(s *story, covers days, day models.Date, minutes int) parcel {
	name := c.file
	if strings.Contains(name, "%s") {
		name = fmt.Sprintf(name, covers.from[:7])
	}
	paper := func() evidence.Upload {
		return s.shelf.put(name, c.make(covers, chance(c.code+c.title+string(covers.from))))
	}
	return parcel{
		code: c.code, title: c.title + ", " + covers.label(), kind: c.kind, source: c.source, where: c.where,
		day: day, minutes: minutes, covers: covers, paper: paper,
	}
}

// routine is the evidence that came when it should and was accepted.
func (s *story) routine() {
	for i, c := range customs() {
		late := i % 5
		if c.before {
			span := days{s.prior.from.AddMonths(3), s.prior.to}
			s.regular(c, span, s.prior.to.AddDays(3+late), i)
		}
		if c.months == 0 {
			day := s.in(c.at)
			s.regular(c, days{day.AddDays(-1), day.AddDays(-1)}, day, i)
			continue
		}
		if t, _ := framework.TemplateOf(c.code); period.Dated(t.Frequency) {
			continue // comes with its windows
		}
		for from := s.period.from; ; from = from.AddMonths(c.months) {
			span := days{from, from.AddMonths(c.months).AddDays(-1)}
			day := span.to.AddDays(2 + late)
			if day.AddDays(6) >= s.today || s.told(c, span) {
				break
			}
			s.regular(c, span, day, i)
		}
	}
}

func (s *story) regular(c custom, covers days, day models.Date, i int) {
	note := ""
	if i%7 == 3 {
		note = "Complete, and dated by the system."
	}
	p := c.parcel(s, covers, day, 10+i)
	if t, _ := framework.TemplateOf(c.code); period.Dated(t.Frequency) && covers.from != covers.to {
		p = p.shown()
	}
	s.store(p).submit(0, 14+i).accept(1+i%4, 200+i, note)
}

// told reports whether the evidence of the last month comes in a story of its own.
func (s *story) told(c custom, covers days) bool {
	return covers.from == s.lastMonth().from && (c.code == "CM-01" || c.code == "PV-04" || c.code == "AI-45")
}

// lastMonth is the last whole month of the period.
func (s *story) lastMonth() days {
	first := monthOf(s.today.AddDays(-9))
	return days{first.AddMonths(-1), first.AddDays(-1)}
}
