// Package timeline is one control over one period: each window with what is known of it,
// the days that evidence covers, what lists say, and what people said about it.
package timeline

import (
	"context"
	"slices"

	"assay/models"
	"assay/models/access"
	"assay/models/control"
	"assay/models/engagement"
	"assay/models/framework"
	"assay/models/occurrence"
	"assay/models/period"
	"assay/models/programme"
	"assay/models/readiness"
)

// A Timeline is what happened with one control in a period.
type Timeline struct {
	Engagement engagement.Engagement   // whose period it is; its ID is 0 when there is none
	Chosen     bool                    // by name, rather than because it is the current one
	Others     []engagement.Engagement // to choose instead
	Frame      occurrence.Frame
	Sheet      *occurrence.Sheet // nil when no version was ever approved
	Windows    []Window
	Counts     period.Counts // of Windows
	Late       int           // windows covered only after their grace
	Beyond     *period.Occurrence
	Cover      Cover
	Record
}

// A Window is one occurrence with what was said and shown for it.
type Window struct {
	period.Occurrence
	Act   *Performance // that says so, if the actor may see it
	Items []*Item      // that cover a day of it
}

// Cover is which days evidence covers.
type Cover struct {
	Accepted []period.Days
	Waiting  []period.Days // for review, where nothing accepted does
	Holes    []period.Days // of windows that are over
}

// Days is how many days runs have.
func Days(runs []period.Days) int {
	n := 0
	for _, r := range runs {
		n += r.Len()
	}
	return n
}

// Of reads the timeline of c in the period of an engagement, "" being the current one.
// An auditor is shown the period of an engagement that c is in scope of, and nothing
// that lies outside it.
func Of(ctx context.Context, tx *models.Tx, c control.Control, criteria []string, slug string) (t Timeline, err error) {
	p, err := programme.Current(ctx, tx)
	if err != nil || !p.Ready() {
		return t, err
	}
	if t.Engagement, t.Others, err = choose(ctx, tx, criteria, slug); err != nil {
		return t, err
	}
	t.Chosen = slug != ""
	if t.Frame, err = readiness.FrameOf(t.Engagement, p, tx.Now); err != nil {
		return t, err
	}
	sheets, err := occurrence.Sheets(ctx, tx, t.Frame, occurrence.Scope{Controls: []int64{c.ID}})
	if err != nil {
		return t, err
	}
	if len(sheets) == 0 {
		return t, nil
	}
	t.Sheet = sheets[0]
	if t.Record, err = recorded(ctx, tx, c, t.Frame); err != nil {
		return t, err
	}
	t.look()
	return t, nil
}

// choose is readiness.Choose, and for an auditor among the engagements that one of these
// criteria is in scope of.
func choose(ctx context.Context, tx *models.Tx, criteria []string, slug string) (engagement.Engagement, []engagement.Engagement, error) {
	chosen, others, err := readiness.Choose(ctx, tx, slug)
	if err != nil || tx.Actor.Role != access.Auditor {
		return chosen, others, err
	}
	outside := func(e engagement.Engagement) bool {
		return !slices.ContainsFunc(criteria, func(code string) bool { return slices.Contains(e.Criteria, code) })
	}
	others = slices.DeleteFunc(others, outside)
	switch {
	case !outside(chosen):
		return chosen, others, nil
	case slug != "" || len(others) == 0:
		return chosen, nil, models.NotFound("Period")
	}
	return others[0], others[1:], nil
}

// Criteria are the criteria of SOC 2 that a version helps to meet.
func Criteria(v control.Version) []string { return v.Codes(framework.SOC2) }

// look works out what the facts say.
func (t *Timeline) look() {
	facts := &t.Sheet.Facts
	for o := range facts.Occurrences(t.Frame.Days, t.Frame.Today) {
		t.Counts[o.Status]++
		if o.ProofLate {
			t.Late++
		}
		t.Windows = append(t.Windows, t.window(o))
		if o.Last < t.Frame.Today && (o.Status.Due() || o.Status == period.OutsidePeriod) {
			t.Cover.Holes = append(t.Cover.Holes, facts.Missing(o)...)
		}
	}
	if o, ok := facts.Beyond(t.Frame.Days, t.Frame.Today); ok {
		t.Beyond = &o
	}
	t.Cover.Holes = period.Join(t.Cover.Holes)
	var accepted, claimed []period.Days
	for _, c := range facts.Covers {
		if in := c.And(t.Frame.Days); in.Len() > 0 {
			claimed = append(claimed, in)
			if c.Accepted {
				accepted = append(accepted, in)
			}
		}
	}
	t.Cover.Accepted = period.Join(accepted)
	for _, r := range period.Join(claimed) {
		t.Cover.Waiting = append(t.Cover.Waiting, period.Holes(r, t.Cover.Accepted)...)
	}
	t.keep()
}

func (t *Timeline) window(o period.Occurrence) Window {
	w := Window{Occurrence: o}
	for i := range t.Performances {
		if p := &t.Performances[i]; o.Act >= 0 && p.Withdrawn == "" && p.Day == o.Performed && p.in(o.Days) {
			w.Act = p
			break
		}
	}
	for i := range t.Items {
		if it := &t.Items[i]; it.Meets(o.Days) {
			w.Items = append(w.Items, it)
		}
	}
	return w
}

// keep drops what was said of windows and days outside the period.
func (t *Timeline) keep() {
	expected := map[period.Days]bool{}
	for _, w := range t.Windows {
		expected[w.Days] = true
	}
	acts, shown := map[int64]bool{}, map[int64]bool{}
	for _, w := range t.Windows {
		if w.Act != nil {
			acts[w.Act.ID] = true
		}
		for _, i := range w.Items {
			shown[i.ID] = true
		}
	}
	in := t.Frame.Days
	t.Performances = slices.DeleteFunc(slices.Clone(t.Performances), func(p Performance) bool {
		return !acts[p.ID] && !expected[p.For] && !in.Has(p.Day)
	})
	t.Items = slices.DeleteFunc(slices.Clone(t.Items), func(i Item) bool { return !shown[i.ID] && !i.Meets(in) })
	t.Exemptions = slices.DeleteFunc(t.Exemptions, func(e Exemption) bool { return !expected[e.Days] && !in.Has(e.Last) })
	t.Owners = changes(t.Owners, in)
	t.Questions = slices.DeleteFunc(t.Questions, func(q Question) bool { return !expected[q.Days] && !in.Has(q.Last) })
}
