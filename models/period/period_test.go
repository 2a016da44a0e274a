package period_test

import (
	"encoding/json"
	"os"
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

func always(frequency string, anchor int) []period.Version {
	return []period.Version{{Frequency: frequency, AnchorMonth: anchor, Effective: period.Span{From: "2020-01-01"}}}
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
		got := period.Windows(always(c.Frequency, c.Anchor), c.Start, c.End)
		if len(got) != c.Expected {
			t.Errorf("%s from %s to %s: %d windows, want %d", c.Frequency, c.Start, c.End, len(got), c.Expected)
			continue
		}
		if c.Expected == 0 {
			continue
		}
		if want := (period.Span{From: c.First[0], To: c.First[1]}); got[0].Span != want {
			t.Errorf("%s from %s: first is %v, want %v", c.Frequency, c.Start, got[0].Span, want)
		}
		if want := (period.Span{From: c.Last[0], To: c.Last[1]}); got[len(got)-1].Span != want {
			t.Errorf("%s to %s: last is %v, want %v", c.Frequency, c.End, got[len(got)-1].Span, want)
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
		zone, err := time.LoadLocation(c.TZ)
		if err != nil {
			t.Fatal(err)
		}
		from, until := period.Span{From: c.Start, To: c.End}.Instants(zone)
		if !from.Equal(c.UTC[0]) || !until.Equal(c.UTC[1]) {
			t.Errorf("%s to %s in %s: %s to %s, want %s", c.Start, c.End, c.TZ, from, until, c.UTC)
		}
	}
}

func TestWindows(t *testing.T) {
	week := func(versions []period.Version, from, to models.Date, want ...period.Window) func(*testing.T) {
		return func(t *testing.T) {
			got := period.Windows(versions, from, to)
			if len(got) != len(want) {
				t.Fatalf("got %v, want %v", got, want)
			}
			for i := range got {
				if got[i] != want[i] {
					t.Errorf("got %v, want %v", got[i], want[i])
				}
			}
		}
	}
	window := func(from, to, due models.Date) period.Window {
		return period.Window{Span: period.Span{From: from, To: to}, Due: due}
	}
	changed := []period.Version{
		{Frequency: "monthly", Effective: period.Span{From: "2026-01-01", To: "2026-05-31"}},
		{Frequency: "weekly", Effective: period.Span{From: "2026-06-01"}},
	}
	ended := []period.Version{{Frequency: "monthly", Effective: period.Span{From: "2026-01-01", To: "2026-03-30"}}}

	t.Run("ISO week 53 of 2026 ends in 2027", week(always("weekly", 0), "2026-12-28", "2027-01-03", window("2026-12-28", "2027-01-03", "2027-01-06")))
	t.Run("a day on which daylight saving ends is one window", week(always("daily", 0), "2026-11-01", "2026-11-01", window("2026-11-01", "2026-11-01", "2026-11-02")))
	t.Run("the version of the last day decides, so May is a month and June begins with a week", week(changed, "2026-05-15", "2026-06-07",
		window("2026-05-01", "2026-05-31", "2026-06-10"), window("2026-06-01", "2026-06-07", "2026-06-10")))
	t.Run("a month that a control did not live to see the end of is not expected", week(ended, "2026-02-01", "2026-12-31",
		window("2026-02-01", "2026-02-28", "2026-03-10")))
	t.Run("an annual control anchored in May covers May to April", week(always("annual", 5), "2026-01-01", "2026-12-31",
		window("2025-05-01", "2026-04-30", "2026-05-30")))
	t.Run("event-driven controls have no windows", week(always("event", 0), "2026-01-01", "2026-12-31"))
	t.Run("always-on controls have no windows", week(always("continuous", 0), "2026-01-01", "2026-12-31"))
	t.Run("controls that act many times a day have no windows", week(always("multiple_daily", 0), "2026-01-01", "2026-12-31"))
}

func TestHoles(t *testing.T) {
	span := func(from, to models.Date) period.Span { return period.Span{From: from, To: to} }
	march := span("2026-03-01", "2026-03-31")
	for _, c := range []struct {
		name    string
		window  period.Span
		covered []period.Span
		want    []period.Span
	}{
		{"an export of 1 January to 15 March covers February", span("2026-02-01", "2026-02-28"), []period.Span{span("2026-01-01", "2026-03-15")}, nil},
		{"and leaves the second half of March", march, []period.Span{span("2026-01-01", "2026-03-15")}, []period.Span{span("2026-03-16", "2026-03-31")}},
		{"two items that share a day cover", march, []period.Span{span("2026-03-15", "2026-03-31"), span("2026-03-01", "2026-03-15")}, nil},
		{"two items that meet cover", march, []period.Span{span("2026-03-01", "2026-03-15"), span("2026-03-16", "2026-03-31")}, nil},
		{"two items with a day between leave that day", march, []period.Span{span("2026-03-01", "2026-03-14"), span("2026-03-16", "2026-03-31")}, []period.Span{span("2026-03-15", "2026-03-15")}},
		{"a screenshot of one instant covers its day and no more", march, []period.Span{span("2026-03-10", "2026-03-10")}, []period.Span{span("2026-03-01", "2026-03-09"), span("2026-03-11", "2026-03-31")}},
		{"nothing covers nothing", march, nil, []period.Span{march}},
		{"a short item inside a long one takes nothing away", march, []period.Span{span("2026-03-01", "2026-03-31"), span("2026-03-02", "2026-03-03")}, nil},
		{"what lies outside does not count", march, []period.Span{span("2026-02-01", "2026-02-28"), span("2026-04-01", "2026-04-30")}, []period.Span{march}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := period.Holes(c.window, c.covered)
			if len(got) != len(c.want) {
				t.Fatalf("got %v, want %v", got, c.want)
			}
			for i := range got {
				if got[i] != c.want[i] {
					t.Errorf("got %v, want %v", got, c.want)
				}
			}
		})
	}
}
