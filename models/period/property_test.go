package period_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"assay/models/period"
)

var dated = []string{"annual", "semiannual", "quarterly", "monthly", "weekly", "daily"}

// random makes facts about a control that changed a few times between 2024 and 2028.
func random(r *rand.Rand) (period.Facts, period.Days) {
	first := day("2024-01-01") + period.Day(r.IntN(200))
	var f period.Facts
	for range 1 + r.IntN(4) {
		last := first + period.Day(r.IntN(500))
		f.Versions = append(f.Versions, period.Version{
			Rhythm:    period.Rhythm{Frequency: dated[r.IntN(len(dated))], Anchor: r.IntN(13), DueDay: r.IntN(32), Grace: r.IntN(40)},
			Effective: period.Days{First: first, Last: last},
		})
		first = last + 1 + period.Day(r.IntN(2)*r.IntN(60))
	}
	start := day("2024-01-01") + period.Day(r.IntN(700))
	within := period.Days{First: start, Last: start + period.Day(r.IntN(500))}
	for range r.IntN(30) {
		at := start - 60 + period.Day(r.IntN(600))
		p := period.Performance{Day: at}
		if r.IntN(2) == 0 {
			p.For = period.Days{First: at - period.Day(r.IntN(60)), Last: at - 20 + period.Day(r.IntN(60))}
		}
		f.Performances = append(f.Performances, p)
	}
	for range r.IntN(30) {
		from := start - 60 + period.Day(r.IntN(600))
		c := period.Cover{
			Days: period.Days{First: from, Last: from + period.Day(r.IntN(90))}, Submitted: from + period.Day(r.IntN(120)), Accepted: r.IntN(3) > 0,
			Shows: []period.Shows{period.AnAct, period.AnInstant, period.EveryDay}[r.IntN(3)],
		}
		if len(f.Performances) > 0 && r.IntN(3) == 0 {
			f.Covers = append(f.Covers, period.Cover{Submitted: c.Submitted, Accepted: c.Accepted, Shows: period.AnInstant}.Kept(f.Performances[r.IntN(len(f.Performances))].Day))
		}
		f.Covers = append(f.Covers, c.Kept(c.Submitted))
	}
	return f, within
}

func TestEveryDayIsInExactlyOneWindow(t *testing.T) {
	for _, frequency := range dated {
		for anchor := range 13 {
			versions := always(frequency, anchor)
			all := windows(versions, days("2023-01-01", "2031-12-31"))
			for i, w := range all {
				if w.First > w.Last || w.By > w.Last || w.Due < w.By {
					t.Fatalf("%s counted from %d: %s", frequency, anchor, said(w))
				}
				if i > 0 && w.First != all[i-1].Last+1 {
					t.Fatalf("%s counted from %d: %s follows %s", frequency, anchor, said(w), said(all[i-1]))
				}
			}
			if all[0].Last < day("2023-01-01") || all[len(all)-1].Last > day("2031-12-31") {
				t.Errorf("%s counted from %d: the ends are %s and %s", frequency, anchor, said(all[0]), said(all[len(all)-1]))
			}
		}
	}
}

func TestPropertiesOfOccurrences(t *testing.T) {
	for seed := range uint64(3000) {
		r := rand.New(rand.NewPCG(seed, 7))
		f, within := random(r)
		check(t, f, within, within.First+period.Day(r.IntN(500)))
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// check holds what must be true of whatever facts there are.
func check(t *testing.T, f period.Facts, within period.Days, today period.Day) {
	t.Helper()
	got := slices.Collect(f.Occurrences(within, today))
	before := period.Ever // an act counts for the first of two windows that hold its day
	for i, o := range got {
		v := f.Versions[o.Segment]
		if !within.Has(o.Last) || !v.Effective.Has(o.Last) {
			t.Errorf("%s is expected although it ends outside the period or the version", said(o.Window))
		}
		if i > 0 && o.Last <= got[i-1].Last {
			t.Errorf("%s follows %s", said(o.Window), said(got[i-1].Window))
		}
		if i > 0 && o.Segment == got[i-1].Segment && o.First <= got[i-1].Last {
			t.Errorf("%s overlaps %s", said(o.Window), said(got[i-1].Window))
		}
		checkProof(t, f, o, func(p period.Performance, at period.Day) bool {
			return at > before && within.Has(p.Day) && p.Day <= today
		}, today)
		before = o.Last
		checkStatus(t, f, o, within, today)
	}
	// A longer period expects all of what a shorter one does.
	longer := windows(f.Versions, period.Days{First: within.First, Last: within.Last + 1})
	if short := windows(f.Versions, within); len(longer) < len(short) || !slices.Equal(longer[:len(short)], short) {
		t.Errorf("a day more removed an expectation: %d of %d", len(longer), len(short))
	}
	// The order of facts says nothing.
	mixed := f
	mixed.Covers, mixed.Performances = slices.Clone(f.Covers), slices.Clone(f.Performances)
	slices.Reverse(mixed.Covers)
	slices.Reverse(mixed.Performances)
	for range 2 {
		for i, o := range slices.Collect(mixed.Occurrences(within, today)) {
			if o.Act >= 0 && mixed.Performances[o.Act].Day != o.Performed {
				t.Errorf("%+v rests on the act of another day", o)
			}
			if o.Act = got[i].Act; o != got[i] {
				t.Errorf("in another order %+v is %+v", got[i], o)
			}
		}
		mixed.Sort()
	}
}

// checkProof counts day by day what the engine joins.
func checkProof(t *testing.T, f period.Facts, o period.Occurrence, counts func(period.Performance, period.Day) bool, today period.Day) {
	t.Helper()
	covered := func(d period.Day, which func(period.Cover) bool) bool {
		return slices.ContainsFunc(f.Covers, func(c period.Cover) bool { return c.Has(d) && which(c) })
	}
	all := func(of period.Days, which func(period.Cover) bool) bool {
		for d := of.First; d <= of.Last; d++ {
			if !covered(d, which) {
				return false
			}
		}
		return true
	}
	any := func(period.Cover) bool { return true }
	accepted := func(c period.Cover) bool { return c.Accepted }
	inTime := func(c period.Cover) bool { return c.Submitted <= o.Due }
	moment := func(which func(period.Cover) bool) bool { return shown(f, o, counts, which) }
	there := o.Days // without the days before the control began inside of the window
	for _, d := range period.Uncontrolled(f.Versions, o.Days) {
		there.First = max(there.First, d.Last+1)
	}
	claimed := false
	for d := min(there.First, o.Owes().First); d <= o.Last; d++ {
		claimed = claimed || covered(d, any)
	}
	want := period.Nothing
	switch owes := o.Owes(); {
	case all(owes, accepted) || moment(accepted):
		want = period.Proven
	case all(owes, any) || moment(any):
		want = period.Waiting
	case claimed:
		want = period.Partly
	}
	if o.Proof != want {
		t.Errorf("%s: %s, counted %s", said(o.Window), o.Proof.Label(), want.Label())
	}
	if late := want >= period.Waiting && !all(o.Owes(), inTime) && !moment(inTime); o.ProofLate != late {
		t.Errorf("%s: evidence late %v, counted %v", said(o.Window), o.ProofLate, late)
	}
	every := func(c period.Cover) bool { return c.Shows == period.EveryDay }
	if show := o.Act < 0 && o.Last <= today && all(there, every); o.Shown != show {
		t.Errorf("%s: shown %v, counted %v", said(o.Window), o.Shown, show)
	}
	if byProof := o.Shown && all(there, func(c period.Cover) bool { return every(c) && c.Accepted }); o.ByProof != byProof {
		t.Errorf("%s: by its evidence %v, counted %v", said(o.Window), o.ByProof, byProof)
	}
	if o.Answered() && len(f.Missing(o)) > 0 {
		t.Errorf("%s: %s and missing %v", said(o.Window), o.Proof.Label(), f.Missing(o))
	}
}

// shown reports whether an item of those in question shows an act for o that was as timely
// as the one that counts.
func shown(f period.Facts, o period.Occurrence, counts func(period.Performance, period.Day) bool, which func(period.Cover) bool) bool {
	lateness := func(d period.Day) int {
		switch {
		case d <= o.By:
			return 0
		case d <= o.Due:
			return 1
		}
		return 2
	}
	return slices.ContainsFunc(f.Performances, func(p period.Performance) bool {
		at := p.Day
		if p.For != (period.Days{}) {
			at = p.For.Last
		}
		return o.Has(at) && p.Day >= o.First && counts(p, at) && lateness(p.Day) <= lateness(o.Performed) && slices.ContainsFunc(f.Covers, func(c period.Cover) bool {
			return c.Shows == period.AnInstant && c.First == p.Day && which(c)
		})
	})
}

func checkStatus(t *testing.T, f period.Facts, o period.Occurrence, within period.Days, today period.Day) {
	t.Helper()
	if (o.Act >= 0) != (o.Performed != period.Never) || o.Act >= 0 && (f.Performances[o.Act].Day != o.Performed || o.Performed > today) {
		t.Errorf("%s: performed %s by %d", said(o.Window), o.Performed.Date(), o.Act)
	}
	var wrong bool
	switch o.Status {
	case period.OnTime:
		wrong = o.Act >= 0 && (o.Performed > o.By || !within.Has(o.Performed)) || o.Act < 0 && (!o.ByProof || o.Proof != period.Proven)
	case period.OnTimeInGrace:
		wrong = o.Performed <= o.By || o.Performed > o.Due
	case period.Late:
		wrong = o.Performed <= o.Due || o.Act < 0
	case period.OutsidePeriod:
		wrong = o.Act < 0 || within.Has(o.Performed)
	case period.Missed:
		wrong = o.Act >= 0 || today <= o.Due
	case period.Pending:
		wrong = o.Act >= 0 || today < o.First || today > o.Due
	case period.Upcoming:
		wrong = o.Act >= 0 || today >= o.First
	default:
		wrong = true
	}
	if wrong {
		t.Errorf("%s on %s: %s, performed %s, %s", said(o.Window), today.Date(), o.Status.ID(), o.Performed.Date(), o.Proof.Label())
	}
}

func TestAZoneOfAViewerChangesNothing(t *testing.T) {
	zone := zoneOf(t, "America/New_York")
	at := time.Date(2026, 7, 1, 3, 59, 59, 0, time.UTC)
	want := period.DayAt(at, zone)
	for _, viewer := range []string{"Asia/Tokyo", "Pacific/Auckland", "America/Los_Angeles", "UTC"} {
		if got := period.DayAt(at.In(zoneOf(t, viewer)), zone); got != want {
			t.Errorf("seen from %s it is %s, not %s", viewer, got.Date(), want.Date())
		}
	}
}

func FuzzOccurrences(f *testing.F) {
	f.Add(uint64(1), uint64(2), int16(90))
	f.Fuzz(func(t *testing.T, a, b uint64, today int16) {
		facts, within := random(rand.New(rand.NewPCG(a, b)))
		check(t, facts, within, within.First+period.Day(today))
	})
}

func FuzzParseLimit(f *testing.F) {
	for _, s := range []string{"PT24H", "P3D business", "P2W", "P", "PT1H business"} {
		f.Add(s)
	}
	zone := time.UTC
	f.Fuzz(func(t *testing.T, s string) {
		l, err := period.ParseLimit(s)
		if err != nil {
			return
		}
		at := time.Date(2026, 5, 10, 12, 0, 0, 0, time.UTC)
		if l.Days < 10000 && l.Exact < 24*365*time.Hour && (period.Rule{Limit: l}).Deadline(at, zone, nil).Before(at) {
			t.Errorf("%q ends before it begins", s)
		}
	})
}

// BenchmarkThreeYears is three years of 1,000 daily controls with a performance and a
// cover for every day: a million occurrences, more than the catalog's mix would give.
func BenchmarkThreeYears(b *testing.B) {
	for _, mix := range []string{"catalog", "daily"} {
		for _, size := range []struct {
			name            string
			controls, years int
		}{{"1000x3", 1000, 3}, {"500x3", 500, 3}, {"1000x1", 1000, 1}} {
			b.Run(mix+"/"+size.name, func(b *testing.B) {
				within := period.Days{First: day("2024-01-01"), Last: day("2024-01-01") + period.Day(365*size.years) - 1}
				facts := make([]period.Facts, len(dated))
				for i, frequency := range dated {
					if mix == "daily" {
						frequency = "daily"
					}
					facts[i].Versions = always(frequency, 0)
					for w := range period.Windows(facts[i].Versions, within) {
						facts[i].Performances = append(facts[i].Performances, period.Performance{Day: w.First, For: w.Days})
						facts[i].Covers = append(facts[i].Covers, period.Cover{Days: w.Days, Submitted: w.Last, Accepted: true})
					}
				}
				n := 0
				for b.Loop() {
					n = 0
					for i := range size.controls {
						for o := range facts[i%len(facts)].Occurrences(within, within.Last) {
							n += int(o.Status)
						}
					}
				}
				b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms/op")
			})
		}
	}
}
