package period_test

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"assay/models"
	"assay/models/period"
)

func load(t *testing.T, into any) {
	t.Helper()
	b, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, into); err != nil {
		t.Fatal(err)
	}
}

func day(d models.Date) period.Day { return period.DayOf(d, period.Never) }

func days(from, to models.Date) period.Days {
	return period.Days{First: period.DayOf(from, period.Ever), Last: period.DayOf(to, period.Never)}
}

func always(frequency string, anchor int) []period.Version {
	return []period.Version{{
		Rhythm: period.Rhythm{Frequency: frequency, Anchor: anchor, Grace: period.DefaultGrace(frequency)}, Number: 1, Effective: days("2020-01-01", ""),
	}}
}

func windows(versions []period.Version, within period.Days) []period.Window {
	return slices.Collect(period.Windows(versions, within))
}

// said is a window as tests write it: its days and the end of its grace.
func said(w period.Window) string {
	return fmt.Sprintf("%s %s %s", w.First.Date(), w.Last.Date(), w.Due.Date())
}

func TestDaysAreThoseOfTheCalendar(t *testing.T) {
	for at := time.Date(1999, 12, 25, 0, 0, 0, 0, time.UTC); at.Year() < 2101; at = at.AddDate(0, 0, 1) {
		date := models.Date(at.Format(time.DateOnly))
		d := day(date)
		if d.Date() != date || d.Weekday() != at.Weekday() || period.DayAt(at, time.UTC) != d {
			t.Fatalf("%s: day %d is %s, a %s", date, d, d.Date(), d.Weekday())
		}
	}
	if period.DayOf("", period.Ever) != period.Ever || period.Never.Date() != "" || day("1969-12-31") != -1 || day("1969-12-28").Weekday() != time.Sunday {
		t.Error("the ends of time")
	}
}

func TestWindowsAgreeWithTheVectors(t *testing.T) {
	var v struct {
		Cases []struct {
			Frequency   string
			Anchor      int         `json:"anchor_month"`
			Start       models.Date `json:"period_start"`
			End         models.Date `json:"period_end"`
			Expected    int
			First, Last []models.Date
		} `json:"expected_occurrences"`
	}
	load(t, &v)
	if len(v.Cases) < 11 {
		t.Fatalf("%d vectors", len(v.Cases))
	}
	for _, c := range v.Cases {
		got := windows(always(c.Frequency, c.Anchor), days(c.Start, c.End))
		if len(got) != c.Expected {
			t.Errorf("%s from %s to %s: %d windows, want %d", c.Frequency, c.Start, c.End, len(got), c.Expected)
			continue
		}
		if c.Expected == 0 {
			continue
		}
		if want := days(c.First[0], c.First[1]); got[0].Days != want {
			t.Errorf("%s from %s: first is %v, want %v", c.Frequency, c.Start, got[0].Days, want)
		}
		if want := days(c.Last[0], c.Last[1]); got[len(got)-1].Days != want {
			t.Errorf("%s to %s: last is %v, want %v", c.Frequency, c.End, got[len(got)-1].Days, want)
		}
	}
}

func TestInstantsAgreeWithTheVectors(t *testing.T) {
	var v struct {
		Cases []struct {
			Start, End models.Date
			TZ         string
			UTC        [2]time.Time `json:"half_open_utc"`
		} `json:"period_instants"`
	}
	load(t, &v)
	for _, c := range v.Cases {
		zone := zoneOf(t, c.TZ)
		from, until := period.Span{From: c.Start, To: c.End}.Instants(zone)
		if !from.Equal(c.UTC[0]) || !until.Equal(c.UTC[1]) {
			t.Errorf("%s to %s in %s: %s to %s, want %s", c.Start, c.End, c.TZ, from, until, c.UTC)
		}
	}
}

func zoneOf(t testing.TB, name string) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func TestWindows(t *testing.T) {
	business := period.Rhythm{Frequency: "daily", Business: &period.Calendar{
		Weekend: period.SatSun, Holidays: map[period.Day]string{day("2026-12-25"): "Christmas Day"},
	}}
	for _, c := range []struct {
		name     string
		versions []period.Version
		within   period.Days
		want     []string
	}{
		{"a day on which daylight saving ends is one window", always("daily", 0), days("2026-11-01", "2026-11-01"), []string{"2026-11-01 2026-11-01 2026-11-02"}},
		{
			"business days leave out weekends and holidays",
			[]period.Version{{Rhythm: business, Effective: days("2020-01-01", "")}},
			days("2026-12-24", "2026-12-28"),
			[]string{"2026-12-24 2026-12-24 2026-12-24", "2026-12-28 2026-12-28 2026-12-28"},
		},
		{
			"a month that a control did not live to see the end of is not expected",
			[]period.Version{{Rhythm: period.Rhythm{Frequency: "monthly", Grace: 10}, Effective: days("2026-01-01", "2026-03-30")}},
			days("2026-02-01", "2026-12-31"),
			[]string{"2026-02-01 2026-02-28 2026-03-10"},
		},
		{"an annual control counted from May covers May to April", always("annual", 5), days("2026-01-01", "2026-12-31"), []string{"2025-05-01 2026-04-30 2026-05-30"}},
		{"quarters counted from February", always("quarterly", 2), days("2026-01-01", "2026-05-31"), []string{"2025-11-01 2026-01-31 2026-02-15", "2026-02-01 2026-04-30 2026-05-15"}},
		{"a grace of no days", []period.Version{{Rhythm: period.Rhythm{Frequency: "weekly"}, Effective: days("2026-01-01", "")}}, days("2026-03-01", "2026-03-07"), []string{"2026-02-23 2026-03-01 2026-03-01"}},
		{"event-driven controls have no windows", always("event", 0), days("2026-01-01", "2026-12-31"), nil},
		{"always-on controls have no windows", always("continuous", 0), days("2026-01-01", "2026-12-31"), nil},
		{"controls that act many times a day have no windows", always("multiple_daily", 0), days("2026-01-01", "2026-12-31"), nil},
		{"a frequency nobody knows has no windows", always("sometimes", 0), days("2026-01-01", "2026-12-31"), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, w := range windows(c.versions, c.within) {
				got = append(got, said(w))
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestHoles(t *testing.T) {
	march := days("2026-03-01", "2026-03-31")
	for _, c := range []struct {
		name    string
		window  period.Days
		covered []period.Days
		want    []period.Days
	}{
		{"nothing covers nothing", march, nil, []period.Days{march}},
		{"a short item inside a long one takes nothing away", march, []period.Days{days("2026-03-01", "2026-03-31"), days("2026-03-02", "2026-03-03")}, nil},
		{"what lies outside does not count", march, []period.Days{days("2026-02-01", "2026-02-28"), days("2026-04-01", "2026-04-30")}, []period.Days{march}},
		{"an item that ends where time does", march, []period.Days{days("2026-03-05", "")}, []period.Days{days("2026-03-01", "2026-03-04")}},
		{"an empty item", march, []period.Days{{First: day("2026-03-09"), Last: day("2026-03-08")}}, []period.Days{march}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := period.Holes(c.window, c.covered); !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestSegments(t *testing.T) {
	versions := []period.Version{{Number: 1}, {Number: 2, Editorial: true}, {Number: 3}, {Number: 4, Editorial: true}, {Number: 5, Editorial: true}}
	if got := period.Segments(versions); !slices.Equal(got, [][2]int{{0, 1}, {2, 4}}) {
		t.Errorf("got %v", got)
	}
}
