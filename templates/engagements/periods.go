package engagements

import (
	"cmp"
	"slices"
	"time"

	"assay/models/engagement"
	"assay/templates/ui"
)

// Examination is what the surroundings of a page say of an engagement: its name and its
// period as a ruler, seen at now.
func Examination(e engagement.Engagement, now time.Time) ui.Engagement {
	zone, err := e.Location()
	if err != nil {
		zone = time.UTC
	}
	return ui.Engagement{
		Name: e.Name, Slug: e.Slug,
		Ruler: ui.NewRuler(e.PeriodStart.In(time.UTC), e.PeriodEnd.In(time.UTC), now.In(zone)).Marking("Auditors' access", e.OpensOn.In(time.UTC), e.ClosesOn.In(time.UTC)),
	}
}

// InPeriod makes p a page about the period of e, which offers the same page of others.
// Without an engagement, or without others, there is nothing to choose.
func InPeriod(p ui.Page, e engagement.Engagement, others []engagement.Engagement, now time.Time, href func(slug string) string) ui.Page {
	if e.ID == 0 {
		return p
	}
	p.Engagement = Examination(e, now)
	if len(others) == 0 {
		return p
	}
	all := append(slices.Clone(others), e)
	slices.SortFunc(all, func(a, b engagement.Engagement) int {
		return cmp.Or(cmp.Compare(b.PeriodEnd, a.PeriodEnd), cmp.Compare(b.ID, a.ID))
	})
	for _, o := range all {
		days := o.PeriodStart.In(time.UTC).Format("2 Jan 2006") + " to " + o.PeriodEnd.In(time.UTC).Format("2 Jan 2006")
		p.Periods = append(p.Periods, ui.PeriodLink{Name: o.Name, Days: days, Href: href(o.Slug), Here: o.ID == e.ID})
	}
	return p
}
