package period_test

import (
	"slices"
	"testing"
	"time"

	"assay/models"
	"assay/models/period"
)

// These tests carry the numbers of the rules that break implementations.

func instant(t *testing.T, s string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestRule01BoundariesAndZones(t *testing.T) {
	newYork := zoneOf(t, "America/New_York")
	within := period.Span{From: "2026-01-01", To: "2026-06-30"}
	from, until := within.Instants(newYork)
	for at, want := range map[string]bool{
		"2026-07-01T03:59:59Z": true, "2026-07-01T04:00:00Z": false,
		"2026-01-01T04:59:59Z": false, "2026-01-01T05:00:00Z": true,
	} {
		e := period.Event{At: instant(t, at), Deadline: until}
		if got := e.Judge(from, until, until) != period.OutsidePeriod; got != want {
			t.Errorf("an event at %s is in: %v, want %v", at, got, want)
		}
		if got := within.Days().Has(period.DayAt(instant(t, at), newYork)); got != want {
			t.Errorf("a performance at %s is in: %v, want %v", at, got, want)
		}
	}
	// In whose zone somebody reads an instant changes no membership.
	for _, zone := range []string{"Pacific/Auckland", "America/New_York", "Pacific/Honolulu"} {
		last := instant(t, "2026-07-01T03:59:59Z").In(zoneOf(t, zone))
		if !within.Days().Has(period.DayAt(last, newYork)) || within.Days().Has(period.DayAt(last.Add(time.Second), newYork)) {
			t.Errorf("read in %s the last second of the period is another", zone)
		}
	}
	// Days of 23 and 25 hours count one window each.
	for _, d := range []models.Date{"2026-03-08", "2026-11-01"} {
		from, until := (period.Span{From: d, To: d}).Instants(newYork)
		if hours := until.Sub(from).Hours(); hours != 23 && hours != 25 {
			t.Errorf("%s has %v hours", d, hours)
		}
		if n := len(windows(always("daily", 0), days(d, d))); n != 1 {
			t.Errorf("%s: %d windows", d, n)
		}
	}
}

// one evaluates a control with one version and returns the occurrences by their last day.
func one(f period.Facts, within period.Days, today models.Date) map[models.Date]period.Occurrence {
	out := map[models.Date]period.Occurrence{}
	for o := range f.Occurrences(within, day(today)) {
		out[o.Last.Date()] = o
	}
	return out
}

func TestRule02WindowsCrossingTheEdge(t *testing.T) {
	within := days("2026-02-01", "2026-10-31")
	f := period.Facts{Versions: always("quarterly", 0), Performances: []period.Performance{{Day: day("2026-01-20")}}}
	got := one(f, within, "2026-12-31")
	if len(got) != 3 {
		t.Fatalf("%d windows, want Q1, Q2 and Q3", len(got))
	}
	if s := got["2026-03-31"].Status; s != period.OutsidePeriod {
		t.Errorf("Q1 reviewed on 20 January is %s, want outside the period: neither on time nor missed", s.ID())
	}
	q4, ok := f.Beyond(within, day("2026-12-31"))
	if !ok || q4.Status != period.NotDueInPeriod || q4.Days != days("2026-10-01", "2026-12-31") {
		t.Errorf("Q4 is %v %s %v", ok, q4.Status.ID(), q4.Span())
	}
	if _, ok := f.Beyond(days("2026-01-01", "2026-09-30"), day("2026-12-31")); ok {
		t.Error("a period that ends with a quarter has a window beyond")
	}
	f.Performances = append(f.Performances, period.Performance{Day: day("2026-03-02")})
	if s := one(f, within, "2026-12-31")["2026-03-31"].Status; s != period.OnTime {
		t.Errorf("reviewed again on 2 March it is %s", s.ID())
	}
	// After the end is outside as well, although the grace still runs.
	f.Performances = []period.Performance{{Day: day("2026-11-03"), For: days("2026-08-01", "2026-10-31")}}
	f.Versions = always("quarterly", 2)
	if s := one(f, within, "2026-12-31")["2026-10-31"].Status; s != period.OutsidePeriod {
		t.Errorf("performed on 3 November for a period that ended in October it is %s", s.ID())
	}
}

func TestRule03EvidenceCoveringPartOfThePeriod(t *testing.T) {
	covering := func(spans ...period.Days) period.Facts {
		f := period.Facts{Versions: always("monthly", 0)}
		for _, s := range spans {
			f.Covers = append(f.Covers, period.Cover{Days: s, Submitted: s.Last + 1, Accepted: true, Shows: period.EveryDay}.Kept(s.Last+1))
		}
		return f
	}
	within, march := days("2026-01-01", "2026-12-31"), days("2026-03-01", "2026-03-31")
	export := covering(days("2026-01-01", "2026-03-15"))
	got := one(export, within, "2026-05-01")
	for last, want := range map[models.Date]period.Proof{
		"2026-01-31": period.Proven, "2026-02-28": period.Proven, "2026-03-31": period.Partly, "2026-04-30": period.Nothing,
	} {
		if got[last].Proof != want {
			t.Errorf("the month to %s: %s, want %s", last, got[last].Proof.Label(), want.Label())
		}
	}
	if s := got["2026-02-28"]; s.Status != period.OnTime || !s.ByProof {
		t.Errorf("February is %s, by its evidence %v", s.Status.ID(), s.ByProof)
	}
	if s := got["2026-03-31"].Status; s != period.Missed {
		t.Errorf("March is %s", s.ID())
	}
	for _, c := range []struct {
		name  string
		facts period.Facts
		want  []period.Days
	}{
		{"the hole of the export is 16 to 31 March", export, []period.Days{days("2026-03-16", "2026-03-31")}},
		{"1 to 15 and 15 to 31 cover together", covering(days("2026-03-15", "2026-03-31"), days("2026-03-01", "2026-03-15")), nil},
		{"1 to 15 and 16 to 31 cover together", covering(days("2026-03-01", "2026-03-15"), days("2026-03-16", "2026-03-31")), nil},
		{"1 to 14 and 16 to 31 leave the 15th", covering(days("2026-03-01", "2026-03-14"), days("2026-03-16", "2026-03-31")), []period.Days{days("2026-03-15", "2026-03-15")}},
		{"a screenshot of an instant covers its day and no range", covering(days("2026-03-10", "2026-03-10")), []period.Days{days("2026-03-01", "2026-03-09"), days("2026-03-11", "2026-03-31")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.facts.Holes(march); !slices.Equal(got, c.want) {
				t.Errorf("holes %v, want %v", got, c.want)
			}
			want := period.Proven
			if len(c.want) > 0 {
				want = period.Partly
			}
			if got := one(c.facts, within, "2026-05-01")["2026-03-31"].Proof; got != want {
				t.Errorf("March is %s, want %s", got.Label(), want.Label())
			}
		})
	}
	waiting := covering(days("2026-03-01", "2026-03-15"), days("2026-03-16", "2026-03-31"))
	waiting.Covers[1].Accepted = false
	if o := one(waiting, within, "2026-05-01")["2026-03-31"]; o.Proof != period.Waiting || o.Status != period.Missed || !o.Shown {
		t.Errorf("half of it in review: %s and %s; what nobody accepted proves nothing", o.Proof.Label(), o.Status.ID())
	}
	shot := period.Facts{Versions: always("monthly", 0)}
	for _, accepted := range []bool{false, true} { // uploaded long ago, when a screenshot could still claim a quarter
		shot.Covers = append(shot.Covers, period.Cover{Days: days("2026-01-01", "2026-03-31"), Submitted: day("2026-03-10"), Accepted: accepted, Shows: period.AnInstant}.Kept(day("2026-03-10")))
	}
	for last, o := range one(shot, within, "2026-05-01") {
		if o.Proof > period.Partly || o.Status.Operated() || o.Shown {
			t.Errorf("a screenshot of 10 March that claims a quarter: the month to %s is %s, %s", last, o.Status.ID(), o.Proof.Label())
		}
	}
	if got := shot.Holes(march); !slices.Equal(got, []period.Days{days("2026-03-01", "2026-03-09"), days("2026-03-11", "2026-03-31")}) {
		t.Errorf("the screenshot leaves %v", got)
	}
}

// TestRule06EvidenceThatStatesAnActDoesNotDateAnother: October's grace ended on 10
// November. On 25 November evidence comes that is said to cover from September to the end
// of the year.
func TestRule06EvidenceThatStatesAnActDoesNotDateAnother(t *testing.T) {
	wide, within := days("2026-09-30", "2026-12-31"), days("2026-01-01", "2026-12-31")
	cover := period.Cover{Days: wide, Submitted: day("2026-11-25"), Accepted: true, Shows: period.AnAct}.Kept(day("2026-11-25"))
	f := period.Facts{Versions: always("monthly", 0), Performances: []period.Performance{{Day: day("2026-11-25")}}, Covers: []period.Cover{cover}}
	for last, want := range map[models.Date]period.Status{"2026-09-30": period.Missed, "2026-10-31": period.Missed, "2026-11-30": period.OnTime, "2026-12-31": period.Upcoming} {
		if o := one(f, within, "2026-11-26")[last]; o.Status != want || o.ByProof {
			t.Errorf("the month to %s is %s, by its evidence %v; want %s", last, o.Status.ID(), o.ByProof, want.ID())
		}
	}
	if o := one(f, within, "2026-11-26")["2026-12-31"]; o.Proof != period.Nothing || o.Answered() {
		t.Errorf("December, of which nothing can be known, is %s", o.Proof.Label())
	}
	f.Performances[0].For = days("2026-10-01", "2026-10-31") // the act was October's, 15 days too late
	if o := one(f, within, "2026-11-26")["2026-10-31"]; o.Status != period.Late || o.Performed != day("2026-11-25") {
		t.Errorf("October, made up for on 25 November, is %s", o.Status.ID())
	}
}

// TestRule12EvidenceKnowsNothingOfDaysToCome: an export taken on 2 January for the whole
// year shows no month, one taken on 1 March shows January and February, and in review it
// answers no more than that.
func TestRule12EvidenceKnowsNothingOfDaysToCome(t *testing.T) {
	year := days("2026-01-01", "2026-12-31")
	for _, c := range []struct {
		taken models.Date
		ended int // windows that had ended then
		part  period.Proof
	}{{"2026-01-02", 0, period.Partly}, {"2026-01-31", 0, period.Partly}, {"2026-02-01", 1, period.Nothing}, {"2026-03-01", 2, period.Nothing}, {"2027-01-01", 12, period.Nothing}} {
		for _, accepted := range []bool{false, true} {
			f := period.Facts{Versions: always("monthly", 0)}
			f.Covers = []period.Cover{period.Cover{Days: year, Submitted: day(c.taken), Accepted: accepted, Shows: period.EveryDay}.Kept(day(c.taken))}
			n := 0
			for o := range f.Occurrences(year, day("2027-02-01")) {
				if n < c.ended != o.Answered() || n < c.ended && o.ByProof != accepted || n >= c.ended && o.Status != period.Missed {
					t.Errorf("taken on %s, accepted %v: %s is %s, answered %v", c.taken, accepted, said(o.Window), o.Status.ID(), o.Answered())
				}
				if n == c.ended && o.Proof != c.part {
					t.Errorf("taken on %s: %s has %s", c.taken, said(o.Window), o.Proof.Label())
				}
				n++
			}
		}
	}
}

// TestEvidenceOfAnAct: a control owes one act in each window, and evidence of it as far as
// that act.
func TestEvidenceOfAnAct(t *testing.T) {
	march := days("2026-03-01", "2026-03-31")
	for _, c := range []struct {
		name      string
		performed models.Date
		cover     period.Cover
		want      period.Proof
		late      bool
		missing   []period.Days
	}{
		{"an export until the day of the act", "2026-03-20", period.Cover{Days: days("2026-03-01", "2026-03-20"), Submitted: day("2026-03-20")}, period.Proven, false, nil},
		{"one that leaves out the beginning", "2026-03-20", period.Cover{Days: days("2026-03-06", "2026-03-31"), Submitted: day("2026-04-01")}, period.Partly, false, []period.Days{days("2026-03-01", "2026-03-05")}},
		{"one of the days after it", "2026-03-20", period.Cover{Days: days("2026-03-21", "2026-03-31"), Submitted: day("2026-04-01")}, period.Partly, false, []period.Days{days("2026-03-01", "2026-03-20")}},
		{"a screenshot of the act", "2026-03-20", period.Cover{Days: days("2026-03-20", "2026-03-20"), Submitted: day("2026-03-20"), Shows: period.AnInstant}, period.Proven, false, nil},
		{"a screenshot of the act that came after the grace", "2026-03-20", period.Cover{Days: days("2026-03-20", "2026-03-20"), Submitted: day("2026-04-20"), Shows: period.AnInstant}, period.Proven, true, nil},
		{"a screenshot of another day", "2026-03-20", period.Cover{Days: days("2026-03-21", "2026-03-21"), Submitted: day("2026-03-21"), Shows: period.AnInstant}, period.Partly, false, []period.Days{days("2026-03-01", "2026-03-20")}},
		{"a screenshot of an act after the window", "2026-04-20", period.Cover{Days: days("2026-04-20", "2026-04-20"), Submitted: day("2026-04-20"), Shows: period.AnInstant}, period.Proven, true, nil},
		{"an export of a part, of an act after the window", "2026-04-20", period.Cover{Days: days("2026-03-01", "2026-03-30"), Submitted: day("2026-04-20")}, period.Partly, false, []period.Days{days("2026-03-31", "2026-03-31")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.cover.Accepted = true
			f := period.Facts{Versions: always("monthly", 0), Performances: []period.Performance{{Day: day(c.performed), For: march}}, Covers: []period.Cover{c.cover}}
			o := one(f, days("2026-01-01", "2026-12-31"), "2026-05-01")["2026-03-31"]
			if o.Proof != c.want || o.ProofLate != c.late || !slices.Equal(f.Missing(o), c.missing) {
				t.Errorf("%s, late %v, missing %v", o.Proof.Label(), o.ProofLate, f.Missing(o))
			}
		})
	}
	// An act in time that nothing shows is not shown by one that came too late.
	f := period.Facts{Versions: always("monthly", 0), Performances: []period.Performance{{Day: day("2026-03-20")}, {Day: day("2026-04-20"), For: march}}}
	f.Covers = []period.Cover{{Days: days("2026-04-20", "2026-04-20"), Submitted: day("2026-04-20"), Accepted: true, Shows: period.AnInstant}}
	if o := one(f, days("2026-01-01", "2026-12-31"), "2026-05-01")["2026-03-31"]; o.Status != period.OnTime || o.Answered() {
		t.Errorf("%s with %s", o.Status.ID(), o.Proof.Label())
	}
}

// TestAControlOwesNothingOfDaysBeforeIt: a quarterly control that began on 15 February is
// shown by evidence from that day on; one that only changed then owes the whole quarter.
func TestAControlOwesNothingOfDaysBeforeIt(t *testing.T) {
	quarterly := func(effective ...period.Days) (out []period.Version) {
		for n, d := range effective {
			out = append(out, period.Version{Rhythm: period.Rhythm{Frequency: "quarterly", Grace: 10}, Number: n + 1, Effective: d})
		}
		return out
	}
	began, whole := days("2026-02-15", "2026-03-31"), days("2026-01-01", "2026-03-31")
	for _, c := range []struct {
		name      string
		versions  []period.Version
		performed models.Date
		owes      period.Days
		want      period.Proof
	}{
		{"it began on 15 February", quarterly(days("2026-02-15", "")), "", began, period.Proven},
		{"it began then, and acted on 20 March", quarterly(days("2026-02-15", "")), "2026-03-20", days("2026-02-15", "2026-03-20"), period.Proven},
		{"somebody had acted already", quarterly(days("2026-02-15", "")), "2026-02-01", days("2026-02-01", "2026-02-01"), period.Partly},
		{"it changed on 1 March after it began", quarterly(days("2026-02-15", "2026-02-28"), days("2026-03-01", "")), "", began, period.Proven},
		{"it changed on 15 February", quarterly(days("2025-01-01", "2026-02-14"), days("2026-02-15", "")), "", whole, period.Partly},
		{"it was retired for two weeks", quarterly(days("2025-01-01", "2026-01-31"), days("2026-02-15", "")), "", began, period.Proven},
		{"it began on the first day", quarterly(days("2026-01-01", "")), "", whole, period.Partly},
	} {
		f := period.Facts{Versions: c.versions, Covers: []period.Cover{{Days: began, Submitted: day("2026-04-02"), Accepted: true, Shows: period.EveryDay}}}
		if c.performed != "" {
			f.Performances = []period.Performance{{Day: day(c.performed)}}
		}
		o := one(f, days("2026-01-01", "2026-12-31"), "2026-05-01")["2026-03-31"]
		if o.Owes() != c.owes || o.Proof != c.want || c.performed == "" && o.ByProof != (c.want == period.Proven) {
			t.Errorf("%s: owes %v, %s, by its evidence %v", c.name, o.Owes().Span(), o.Proof.Label(), o.ByProof)
		}
	}
}

func TestRule04ControlChangeMidPeriod(t *testing.T) {
	versions := []period.Version{
		{Rhythm: period.Rhythm{Frequency: "monthly", Grace: 10}, Number: 1, Effective: days("2026-01-01", "2026-05-31")},
		{Rhythm: period.Rhythm{Frequency: "weekly", Grace: 3}, Number: 2, Effective: days("2026-06-01", "")},
	}
	all := windows(versions, days("2026-01-01", "2026-06-30"))
	if len(all) != 5+4 {
		t.Fatalf("%d windows, want five months and the four weeks that end from 7 to 28 June", len(all))
	}
	for i, w := range all {
		if want := 0; i >= 5 {
			want = 1
			if w.Segment != want || w.Len() != 7 || w.Last < day("2026-06-01") {
				t.Errorf("window %d is %s of segment %d", i, said(w), w.Segment)
			}
		} else if w.Segment != want || w.Last != day(models.Date("2026-01-31").AddMonths(i)) && w.Last.Date() != models.Date("2026-01-31").AddMonths(i) {
			t.Errorf("window %d is %s of segment %d", i, said(w), w.Segment)
		}
	}
	if got := period.Segments(versions); len(got) != 2 {
		t.Errorf("segments %v", got)
	}
	versions[1].Editorial = true
	if got := period.Segments(versions); len(got) != 1 {
		t.Errorf("a fix of wording begins a segment: %v", got)
	}
	versions[1].Effective.First = day("2026-07-01") // retired in between
	if got := period.Segments(versions); len(got) != 2 {
		t.Errorf("after days without a control it is the same segment: %v", got)
	}
	if got := period.Uncontrolled(versions, days("2026-01-01", "2026-12-31")); !slices.Equal(got, []period.Days{days("2026-06-01", "2026-06-30")}) {
		t.Errorf("no control on %v", got)
	}
}

func TestRule06LateEvidenceAndLateControl(t *testing.T) {
	june := days("2026-06-01", "2026-06-30")
	monthly := []period.Version{{Rhythm: period.Rhythm{Frequency: "monthly", Grace: 5}, Effective: days("2026-01-01", "")}}
	for _, c := range []struct {
		name      string
		performed models.Date
		submitted models.Date
		want      period.Status
		late      bool
	}{
		{"performed 28 June, uploaded 9 July: on time, and its evidence late", "2026-06-28", "2026-07-09", period.OnTime, true},
		{"performed 28 June, uploaded on the last day of the grace", "2026-06-28", "2026-07-05", period.OnTime, false},
		{"performed 3 July: in the grace", "2026-07-03", "2026-07-03", period.OnTimeInGrace, false},
		{"performed 5 July: the grace includes its last day", "2026-07-05", "2026-07-05", period.OnTimeInGrace, false},
		{"performed 6 July: late", "2026-07-06", "2026-07-06", period.Late, true},
		{"performed 9 July for June: late", "2026-07-09", "2026-07-09", period.Late, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := period.Facts{
				Versions:     monthly,
				Performances: []period.Performance{{Day: day(c.performed), For: june}},
				Covers:       []period.Cover{{Days: june, Submitted: day(c.submitted), Accepted: true}},
			}
			o := one(f, days("2026-01-01", "2026-12-31"), "2026-08-01")["2026-06-30"]
			if o.Status != c.want || o.ProofLate != c.late {
				t.Errorf("%s, evidence late %v; want %s, %v", o.Status.ID(), o.ProofLate, c.want.ID(), c.late)
			}
		})
	}
}

func TestRule09CalendarOddities(t *testing.T) {
	if n := len(windows(always("daily", 0), days("2028-02-01", "2028-02-29"))); n != 29 {
		t.Errorf("February 2028 has %d daily windows", n)
	}
	on31 := []period.Version{{Rhythm: period.Rhythm{Frequency: "monthly", DueDay: 31}, Effective: days("2020-01-01", "")}}
	for _, w := range windows(on31, days("2026-01-01", "2028-12-31")) {
		if w.By != w.Last {
			t.Errorf("due on the 31st, %s has it on %s", said(w), w.By.Date())
		}
	}
	leap := []period.Version{{Rhythm: period.Rhythm{Frequency: "annual", Anchor: 3, DueDay: 29}, Effective: days("2020-01-01", "")}}
	var anniversaries []models.Date
	for _, w := range windows(leap, days("2027-01-01", "2029-12-31")) {
		anniversaries = append(anniversaries, w.By.Date())
	}
	if want := []models.Date{"2027-02-28", "2028-02-29", "2029-02-28"}; !slices.Equal(anniversaries, want) {
		t.Errorf("29 February falls on %v, want %v", anniversaries, want)
	}
	weeks := windows(always("weekly", 0), days("2026-12-28", "2027-01-03"))
	if len(weeks) != 1 || said(weeks[0]) != "2026-12-28 2027-01-03 2027-01-06" {
		t.Errorf("ISO week 53 of 2026: %v", weeks)
	}
	if _, week := weeks[0].First.Starts(time.UTC).ISOWeek(); week != 53 {
		t.Errorf("that is week %d", week)
	}
	months := windows(always("monthly", 0), days("2028-01-31", "2028-03-30"))
	if len(months) != 2 || months[1].Last.Date() != "2028-02-29" {
		t.Errorf("31 January to 30 March 2028: %v, want January and February", months)
	}
}

func TestRule12NothingHappenedOrNothingKnown(t *testing.T) {
	within, today := days("2026-01-01", "2026-12-31"), day("2026-12-31")
	t.Run("no population is unknown, and nothing missed", func(t *testing.T) {
		got := period.Sum(period.Counts{}, nil, []period.Days{within}, today)
		if got.Idle || got.Of(period.Missed) != 0 || !slices.Equal(got.Unknown, []period.Days{within}) {
			t.Errorf("%+v", got)
		}
	})
	t.Run("an empty population of the whole period: did not operate", func(t *testing.T) {
		if got := period.Sum(period.Counts{}, []period.Days{within}, []period.Days{within}, today); !got.Idle || len(got.Unknown) > 0 {
			t.Errorf("%+v", got)
		}
	})
	t.Run("an empty population until June leaves the rest unknown", func(t *testing.T) {
		got := period.Sum(period.Counts{}, []period.Days{days("2025-11-01", "2026-06-30")}, []period.Days{within}, day("2026-09-15"))
		if got.Idle || !slices.Equal(got.Unknown, []period.Days{days("2026-07-01", "2026-09-15")}) || !slices.Equal(got.Listed, []period.Days{days("2026-01-01", "2026-06-30")}) {
			t.Errorf("%+v", got)
		}
	})
	t.Run("what another version rested on is not unknown", func(t *testing.T) {
		versions := []period.Version{
			{Rhythm: period.Rhythm{Frequency: "monthly"}, Effective: days("2026-01-01", "2026-03-31")},
			{Rhythm: period.Rhythm{Frequency: "event"}, Effective: days("2026-04-01", "2026-04-30")},
			{Rhythm: period.Rhythm{Frequency: "multiple_daily"}, Effective: days("2026-05-01", "2026-05-31")},
			{Rhythm: period.Rhythm{Frequency: "continuous"}, Effective: days("2026-06-01", "2026-06-30")},
			{Rhythm: period.Rhythm{Frequency: "event"}, Effective: days("2026-07-01", "2027-12-31")},
		}
		runs := period.InForce(versions, within, period.Triggered)
		if want := []period.Days{days("2026-04-01", "2026-05-31"), days("2026-07-01", "2026-12-31")}; !slices.Equal(runs, want) {
			t.Fatalf("in force %v, want %v", runs, want)
		}
		got := period.Sum(period.Counts{}, []period.Days{days("2026-05-20", "2026-07-31")}, runs, day("2026-08-02"))
		if want := []period.Days{days("2026-04-01", "2026-05-19"), days("2026-08-01", "2026-08-02")}; !slices.Equal(got.Unknown, want) {
			t.Errorf("unknown %v, want %v", got.Unknown, want)
		}
		if want := []period.Days{days("2026-05-20", "2026-05-31"), days("2026-07-01", "2026-07-31")}; !slices.Equal(got.Listed, want) || got.Idle {
			t.Errorf("listed %v, want %v", got.Listed, want)
		}
		if got := period.Sum(period.Counts{}, nil, nil, today); got.Idle || len(got.Unknown) > 0 {
			t.Errorf("of no day nothing is proven: %+v", got)
		}
	})
	t.Run("a collector down from 10 to 12 May covers 362 of 365 days", func(t *testing.T) {
		berlin := zoneOf(t, "Europe/Berlin")
		from, until := within.Span().Instants(berlin)
		down, up := day("2026-05-10").Starts(berlin), day("2026-05-13").Starts(berlin)
		signals := []period.Signal{
			{From: up, To: until, Pass: true, Collected: until},
			{From: from, To: down, Pass: true, Collected: down},
		}
		got := period.Observe(from, until, berlin, signals)
		if got.Days.Of(period.Unknown) != 3 || got.Days.Of(period.OnTime) != 362 || got.Longest().Length() != 72*time.Hour || got.Backfilled != 0 {
			t.Errorf("%+v", got)
		}
		backfill := period.Signal{From: down, To: up, Pass: true, Collected: up.AddDate(0, 0, 7)}
		got = period.Observe(from, until, berlin, append(signals, backfill))
		if len(got.Gaps) > 0 || got.Backfilled != 72*time.Hour {
			t.Errorf("filled in later, it should be known and marked: %+v", got)
		}
		if want := []period.Backfill{{From: down, To: up, Collected: backfill.Collected}}; !slices.Equal(got.Backfills, want) {
			t.Errorf("the mark carries when it was collected: %v, want %v", got.Backfills, want)
		}
		// A result that was captured in time speaks for a part of it; two captures are two.
		half := period.Signal{From: down, To: down.Add(12 * time.Hour), Pass: true, Collected: up}
		second := period.Signal{From: up.Add(-24 * time.Hour), To: up, Pass: true, Collected: up.AddDate(0, 1, 0)}
		first := backfill
		first.To = second.From
		half.Collected = half.To
		got = period.Observe(from, until, berlin, append(signals, second, first, half))
		if want := []period.Backfill{{From: half.To, To: second.From, Collected: first.Collected}, {From: second.From, To: up, Collected: second.Collected}}; !slices.Equal(got.Backfills, want) {
			t.Errorf("%v, want %v", got.Backfills, want)
		}
		backfill.Pass = false
		got = period.Observe(from, until, berlin, append(signals, backfill, period.Signal{From: from, To: until, Pass: true, Collected: until}))
		if got.Passing != got.Valid-72*time.Hour || got.Days.Of(period.Missed) != 3 {
			t.Errorf("where two checks disagree the bad one counts: %+v", got)
		}
	})
}

func TestEvents(t *testing.T) {
	berlin := zoneOf(t, "Europe/Berlin")
	limit := func(s string) period.Limit {
		l, err := period.ParseLimit(s)
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	friday := instant(t, "2026-04-24T13:00:00Z") // 15:00 in Berlin
	for _, c := range []struct {
		name string
		rule period.Rule
		want string
	}{
		{"before the trigger", period.Rule{Before: true}, "2026-04-24T13:00:00Z"},
		{"24 hours to the second", period.Rule{Limit: limit("PT24H")}, "2026-04-25T13:00:00Z"},
		{"30 days end with the thirtieth", period.Rule{Limit: limit("P30D")}, "2026-05-24T21:59:59.999999Z"},
		{"3 business days from a Friday end on Wednesday", period.Rule{Limit: limit("P3D business")}, "2026-04-29T21:59:59.999999Z"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.rule.Deadline(friday, berlin, nil).UTC().Format(time.RFC3339Nano); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
	mayDay := &period.Calendar{Weekend: period.SatSun, Holidays: map[period.Day]string{day("2026-05-01"): "Labour Day"}}
	if got := (period.Rule{Limit: limit("P5D business")}).Deadline(friday, berlin, mayDay).In(berlin).Format(time.DateOnly); got != "2026-05-04" {
		t.Errorf("5 business days over a holiday end on %s", got)
	}

	from, until := period.Span{From: "2026-01-01", To: "2026-06-30"}.Instants(berlin)
	deadline := friday.Add(24 * time.Hour)
	for _, c := range []struct {
		name string
		done string
		now  string
		want period.Status
	}{
		{"done at the deadline", "2026-04-25T13:00:00Z", "2026-06-01T00:00:00Z", period.OnTime},
		{"done a second after it", "2026-04-25T13:00:01Z", "2026-06-01T00:00:00Z", period.Late},
		{"not done, and the deadline not over", "", "2026-04-25T13:00:00Z", period.Pending},
		{"not done", "", "2026-04-25T13:00:01Z", period.Missed},
		{"done later than now is not done yet", "2026-04-25T12:00:00Z", "2026-04-25T11:00:00Z", period.Pending},
		{"not triggered yet", "", "2026-04-24T12:59:59Z", period.Upcoming},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := period.Event{At: friday, Deadline: deadline}
			if c.done != "" {
				e.Done = instant(t, c.done)
			}
			if got := e.Judge(from, until, instant(t, c.now)); got != c.want {
				t.Errorf("%s, want %s", got.ID(), c.want.ID())
			}
		})
	}
}

func TestParseLimit(t *testing.T) {
	for s, want := range map[string]period.Limit{
		"PT24H": {Exact: 24 * time.Hour}, "PT1H30M": {Exact: 90 * time.Minute}, "P30D": {Days: 30}, "P2W": {Days: 14},
		"P3D business": {Days: 3, Business: true}, " P10D  business ": {Days: 10, Business: true},
	} {
		if got, err := period.ParseLimit(s); err != nil || got != want {
			t.Errorf("%q is %+v, %v", s, got, err)
		}
	}
	for _, s := range []string{"", "P", "PT", "24H", "P1M", "P1Y", "P1DT2H", "PT1H business", "P-1D", "P1.5D", "PT1D", "P99999999D"} {
		if got, err := period.ParseLimit(s); err == nil {
			t.Errorf("%q is read as %+v", s, got)
		}
	}
}

func TestNotApplicable(t *testing.T) {
	may := days("2026-05-01", "2026-05-31")
	f := period.Facts{Versions: always("monthly", 0), Excused: []period.Days{may}}
	within := days("2026-01-01", "2026-12-31")
	if s := one(f, within, "2026-12-31")["2026-05-31"].Status; s != period.NotApplicable {
		t.Errorf("excused it is %s", s.ID())
	}
	f.Performances = []period.Performance{{Day: day("2026-05-20")}}
	if s := one(f, within, "2026-12-31")["2026-05-31"].Status; s != period.OnTime {
		t.Errorf("performed all the same it is %s", s.ID())
	}
}

func TestWhichPerformanceCounts(t *testing.T) {
	june := days("2026-06-01", "2026-06-30")
	within := days("2026-01-01", "2026-12-31")
	for _, c := range []struct {
		name  string
		acts  []period.Performance
		today models.Date
		want  period.Status
		act   int
	}{
		{"the first of two", []period.Performance{{Day: day("2026-06-20")}, {Day: day("2026-06-03")}}, "2026-12-31", period.OnTime, 1},
		{"one that came in July for June is June's", []period.Performance{{Day: day("2026-07-20"), For: june}}, "2026-12-31", period.Late, 0},
		{"one in July that says nothing is July's", []period.Performance{{Day: day("2026-07-20")}}, "2026-12-31", period.Missed, -1},
		{"one before its window has begun does not count", []period.Performance{{Day: day("2026-05-31"), For: june}}, "2026-12-31", period.Missed, -1},
		{"what is yet to come is not known", []period.Performance{{Day: day("2026-06-20")}}, "2026-06-10", period.Pending, -1},
		{"nothing, in the grace", nil, "2026-07-10", period.Pending, -1},
		{"nothing, after it", nil, "2026-07-11", period.Missed, -1},
		{"nothing, before it", nil, "2026-05-31", period.Upcoming, -1},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := period.Facts{Versions: always("monthly", 0), Performances: c.acts}
			o := one(f, within, c.today)["2026-06-30"]
			if o.Status != c.want || o.Act != c.act {
				t.Errorf("%s by %d, want %s by %d", o.Status.ID(), o.Act, c.want.ID(), c.act)
			}
		})
	}
}
