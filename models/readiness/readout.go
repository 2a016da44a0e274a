package readiness

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"assay/models"
	"assay/models/finding"
	"assay/models/occurrence"
)

// A Readout is one page for an executive: counts of a period, what is wrong, who is
// waited for, and how it went. It has no opinion.
type Readout struct {
	Picture
	Open  []finding.Finding // the gravest first
	Grave int               // of them, high or critical
	// Discreet leaves out who is waited for and what findings say: what goes into a mail
	// may be read by anybody on its way.
	Discreet bool
}

// mostRead bounds the open findings that are counted.
const mostRead = 500

// ReadoutOf reads the readout of an engagement's period, "" being the current one's.
func ReadoutOf(ctx context.Context, tx *models.Tx, slug string) (r Readout, err error) {
	if r.Picture, err = Of(ctx, tx, slug); err != nil || !r.Programme.Ready() {
		return r, err
	}
	open, args := openIn(r.Engagement, r.Frame)
	r.Open, err = models.Rows[finding.Finding](tx).Select("id", "title", "severity", "status", "due_on").
		Where(open, args...).Order("findings.id DESC").Limit(mostRead).Find(ctx)
	slices.SortStableFunc(r.Open, func(a, b finding.Finding) int { return cmp.Compare(gravity(a), gravity(b)) })
	for _, f := range r.Open {
		if f.Severity == finding.Critical || f.Severity == finding.High {
			r.Grave++
		}
	}
	return r, err
}

// gravity is where f stands on the scale; a finding that nobody rated comes after all.
func gravity(f finding.Finding) int {
	if i := slices.Index(finding.Severities, f.Severity); i >= 0 {
		return i
	}
	return len(finding.Severities)
}

// Opening is the first sentence about a period: what is known, of how many.
func (p Picture) Opening() string {
	verb := "are"
	if p.Counts[occurrence.Operating] == 1 || p.Total() == 1 {
		verb = "is"
	}
	return fmt.Sprintf("%d of %s %s operating with evidence.", p.Counts[occurrence.Operating], models.Plural(p.Total(), "control"), verb)
}

// Worries are what follows it: counts of what needs somebody, none of them zero.
func (p Picture) Worries() []string {
	var out []string
	add := func(n int, one, many string) {
		switch {
		case n == 1:
			out = append(out, "1 "+one)
		case n > 1:
			out = append(out, fmt.Sprintf("%d %s", n, many))
		}
	}
	add(p.Counts[occurrence.Behind], "is late", "are late")
	add(p.Counts[occurrence.Exception], "carries an open finding", "carry an open finding")
	add(p.Counts[occurrence.Blind], "is unknown", "are unknown")
	return out
}

// Join is a list in words.
func Join(list []string) string {
	if len(list) < 2 {
		return strings.Join(list, "")
	}
	return strings.Join(list[:len(list)-1], ", ") + " and " + list[len(list)-1]
}

// Percent is a share without its sign; it rounds down, so that 100 means all.
func Percent(n, of int) int {
	if of == 0 {
		return 0
	}
	return n * 100 / of
}

// A Figure is one number with what it is of.
type Figure struct{ Label, Number, Of string }

// Figures are the numbers on top of the page.
func (r Readout) Figures() []Figure {
	total := r.Total()
	day := int(r.Frame.Today-r.Frame.Days.First) + 1
	out := []Figure{
		{"Operating", fmt.Sprintf("%d%%", Percent(r.Counts[occurrence.Operating], total)), fmt.Sprintf("%d of %d", r.Counts[occurrence.Operating], total)},
		{"Late", fmt.Sprint(r.Counts[occurrence.Behind]), fmt.Sprintf("of %s", models.Plural(total, "control"))},
		{"Open findings", fmt.Sprint(len(r.Open)), fmt.Sprintf("%d high or critical", r.Grave)},
	}
	if day = min(max(day, 0), r.Frame.Days.Len()); r.Period() {
		out = append(out, Figure{"Day of the period", fmt.Sprint(day), fmt.Sprintf("of %d", r.Frame.Days.Len())})
	}
	return out
}

// Standings are the controls by standing, in words, none of them zero.
func (r Readout) Standings() []string {
	var out []string
	for _, s := range occurrence.Standings {
		if n := r.Counts[s]; n > 0 {
			out = append(out, fmt.Sprintf("%d %s", n, strings.ToLower(s.Label())))
		}
	}
	return out
}

// shownLines bounds each list, so that the page stays one.
const shownLines = 5

// Risks are the gravest open findings.
func (r Readout) Risks() []finding.Finding { return r.Open[:min(len(r.Open), shownLines)] }

// Waited are the people who are waited for the longest.
func (r Readout) Waited() []Blocker { return r.Blockers[:min(len(r.Blockers), shownLines)] }

// For says what somebody is waited for.
func (b Blocker) For() string {
	var out []string
	for _, part := range []struct {
		n    int
		word string
	}{{b.Late, "late"}, {b.Returned, "returned"}, {b.Overdue, "overdue"}} {
		if part.n > 0 {
			out = append(out, fmt.Sprintf("%d %s", part.n, part.word))
		}
	}
	return Join(out)
}

// Missing says what stands besides: criteria without a control and controls without an
// owner.
func (r Readout) Missing() []string {
	return []string{
		fmt.Sprintf("%s in scope without a control in effect", criteria(len(r.Uncovered))),
		fmt.Sprintf("%s without an owner", models.Plural(r.Ownerless, "control")),
	}
}

func criteria(n int) string {
	if n == 1 {
		return "1 criterion"
	}
	return fmt.Sprintf("%d criteria", n)
}

// Week is the week of the readout as it is counted in the period's zone.
func (r Readout) Week() int {
	_, week := r.Frame.Now.In(r.Frame.Zone).ISOWeek()
	return week
}

// Waiting sums up who is waited for, where people are not named.
func (r Readout) Waiting() string {
	all := Blocker{}
	for _, b := range r.Blockers {
		all.Late, all.Returned, all.Overdue = all.Late+b.Late, all.Returned+b.Returned, all.Overdue+b.Overdue
	}
	people := models.Plural(len(r.Blockers), "person")
	if len(r.Blockers) != 1 {
		people = fmt.Sprintf("%d people", len(r.Blockers))
	}
	return people + ": " + all.For()
}

// Trend is the headline by week with today as its end, in percent of the controls.
func (p Picture) Trend() []Point {
	today := Point{Day: p.Frame.Today.Date(), Counts: p.Counts}
	out := slices.DeleteFunc(slices.Clone(p.History), func(h Point) bool { return h.Day > today.Day })
	if n := len(out); n > 0 && weekOf(out[n-1].Day) == weekOf(today.Day) {
		out[n-1] = today
		return out
	}
	return append(out, today)
}

// Share is the operating controls of a day in percent.
func (p Point) Share() int { return Percent(p.Counts[occurrence.Operating], p.Total()) }
