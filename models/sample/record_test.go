package sample_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"assay/internal/sheet"
	"assay/models"
	"assay/models/period"
	"assay/models/sample"

	"github.com/google/go-cmp/cmp"
)

// terms are those of the first half of 2026 in New York.
func terms(t testing.TB, dates sample.DateOrder) sample.Terms {
	t.Helper()
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	return sample.Terms{Period: period.Span{From: "2026-01-01", To: "2026-06-30"}, Zone: zone, Dates: dates}
}

// recorded reads a CSV file with the columns key and at.
func recorded(t testing.TB, csv string, terms sample.Terms) sample.Record {
	t.Helper()
	rows, err := sheet.Stream(t.Context(), strings.NewReader(csv), "list.csv", sheet.Large)
	if err != nil {
		t.Fatal(err)
	}
	_, record, err := sample.Read(rows, sample.Columns{Key: "key", When: "at"}, terms, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	return record
}

func instant(t testing.TB, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestARecordCountsWhatTheListSays(t *testing.T) {
	got := recorded(t, `key,at
CHG-001,2026-01-01T04:59:59Z
CHG-002,2026-01-01T05:00:00Z
CHG-004,2026-03-15
CHG-004,2026-03-16
CHG-007,2026-07-01T03:59:59Z
CHG-008,2026-07-01T04:00:00Z
,2026-05-05
CHG-009,soon
CHG-010,
INC-1,2026-05-20 10:00
INC-2,2026-05-21 10:00
alone,2026-05-22
`, terms(t, sample.YearFirst))
	month := func(date models.Date, rows int) sample.Month {
		return sample.Month{First: period.DayOf(date, period.Ever), Rows: rows}
	}
	want := sample.Record{
		Rows: 12, Dated: true, Inside: 8,
		Faults: sample.Faults{
			Keyless:   sample.Noted{Count: 1, Examples: []string{"row 8"}},
			Duplicate: sample.Noted{Count: 1, Examples: []string{"CHG-004 in rows 4 and 5"}},
		},
		First:   instant(t, "2026-01-01T05:00:00Z"),
		Last:    instant(t, "2026-07-01T03:59:59Z"),
		Outside: sample.Noted{Count: 2, Examples: []string{"CHG-001 in row 2: 2026-01-01T04:59:59Z", "CHG-008 in row 7: 2026-07-01T04:00:00Z"}},
		Undated: sample.Noted{Count: 2, Examples: []string{"row 9: “soon”", "row 10: “”"}},
		Months: []sample.Month{
			month("2026-01-01", 1), month("2026-02-01", 0), month("2026-03-01", 2), month("2026-04-01", 0), month("2026-05-01", 4), month("2026-06-01", 1),
		},
		Numbered: 2,
		Sequences: []sample.Sequence{
			{Prefix: "CHG-", First: 1, Last: 10, Items: 7, Missing: 3, Gaps: []sample.Gap{{From: 3, To: 3}, {From: 5, To: 6}}},
			{Prefix: "INC-", First: 1, Last: 2, Items: 2},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if empty := got.EmptyMonths(); len(empty) != 2 || empty[0].First.Date() != "2026-02-01" || empty[1].First.Date() != "2026-04-01" {
		t.Errorf("the empty months are %v", empty)
	}
}

// A period need not begin or end with a month, and may cross a year.
func TestMonthsOfAnOddPeriod(t *testing.T) {
	terms := terms(t, sample.YearFirst)
	terms.Period = period.Span{From: "2025-11-30", To: "2026-02-01"}
	got := recorded(t, "key,at\n1,2025-11-29\n2,2025-11-30\n3,2026-02-01 23:59\n4,2026-02-02\n", terms)
	said := ""
	for _, m := range got.Months {
		said += fmt.Sprintf("%s %d, ", m.First.Date(), m.Rows)
	}
	if said != "2025-11-01 1, 2025-12-01 0, 2026-01-01 0, 2026-02-01 1, " || got.Outside.Count != 2 {
		t.Errorf("%s and %+v outside", said, got.Outside)
	}
}

// In Auckland it is May already when the list is taken; in New York it is not.
func TestMonthsEndWhenTheListWasTaken(t *testing.T) {
	terms := terms(t, sample.YearFirst)
	for taken, want := range map[string]int{"2026-05-01T03:59:59Z": 4, "2026-05-01T04:00:00Z": 5, "2027-01-01T00:00:00Z": 6, "2025-12-01T00:00:00Z": 0} {
		terms.Taken = instant(t, taken)
		if got := recorded(t, "key,at\n1,2026-01-01\n", terms); len(got.Months) != want {
			t.Errorf("taken at %s: %d months, want %d", taken, len(got.Months), want)
		}
	}
}

func TestAPeriodWithoutAnEndHasNoMonths(t *testing.T) {
	got := recorded(t, "key,at\n1,2026-01-01\n", sample.Terms{Period: period.Span{From: "2026-01-01"}, Zone: time.UTC})
	if got.Inside != 1 || got.Months != nil {
		t.Errorf("%+v", got)
	}
}

func TestDatesAsListsWriteThem(t *testing.T) {
	for _, c := range []struct {
		order      sample.DateOrder
		text, want string // "" where it cannot be read
	}{
		{"", "2026-03-04", "2026-03-04T05:00:00Z"},
		{"", " 2026-03-04T10:00:00+02:00 ", "2026-03-04T08:00:00Z"},
		{"", "2026-03-04T10:00:00.123456Z", "2026-03-04T10:00:00Z"},
		{"", "2026-03-04 10:00:00 UTC", "2026-03-04T10:00:00Z"},
		{"", "2026-03-04 10:00:00 +0000", "2026-03-04T10:00:00Z"},
		{"", "2026-03-04 10:00", "2026-03-04T15:00:00Z"}, // of the engagement's zone
		{"", "2026-04-04 10:00", "2026-04-04T14:00:00Z"}, // in summer
		{"", "03/04/2026", ""},                           // whose third, or fourth?
		{"dmy", "3/4/2026", "2026-04-03T04:00:00Z"},
		{"dmy", "03.04.2026 10:00:00", "2026-04-03T14:00:00Z"},
		{"dmy", "2026-03-04", "2026-03-04T05:00:00Z"},
		{"mdy", "3/4/2026", "2026-03-04T05:00:00Z"},
		{"mdy", "13/4/2026", ""},
		{"", "2026-02-30", ""},
		{"", "46027.5", ""},
		{"", "0026-01-01", ""},
		{"", "10000-01-01", ""},
		{"", "today", ""},
	} {
		got := recorded(t, "key,at\n1,"+c.text+"\n", terms(t, c.order))
		switch {
		case c.want == "" && got.Undated.Count != 1:
			t.Errorf("%q (%s) was read as %s", c.text, c.order, got.First)
		case c.want != "" && got.First.Truncate(time.Second).Format(time.RFC3339) != c.want:
			t.Errorf("%q (%s) is %s, want %s", c.text, c.order, got.First, c.want)
		}
	}
}

// Where clocks go forward at midnight, a date is still that day.
func TestADayThatDoesNotBeginAtMidnight(t *testing.T) {
	zone, err := time.LoadLocation("America/Santiago")
	if err != nil {
		t.Fatal(err)
	}
	got := recorded(t, "key,at\n1,2026-09-06\n", sample.Terms{Period: period.Span{From: "2026-09-06", To: "2026-09-06"}, Zone: zone})
	if got.Inside != 1 {
		t.Errorf("%+v", got)
	}
}

func TestAListWithoutDates(t *testing.T) {
	r := sample.NewRecorder(terms(t, ""), false)
	for i, key := range []string{"7", "007", "9", "18446744073709551615", "a1b2"} {
		if err := r.Add(sample.Item{Key: key, Line: i + 2}); err != nil {
			t.Fatal(err)
		}
	}
	got, err := r.Done(sample.Sealed{Count: 5})
	want := sample.Record{Rows: 5, Numbered: 1, Sequences: []sample.Sequence{{First: 7, Last: 9, Items: 2, Missing: 1, Gaps: []sample.Gap{{From: 8, To: 8}}}}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

func TestOnlyADenseSequenceHasGapsThatMeanSomething(t *testing.T) {
	got := recorded(t, "key,at\nX-1,\nX-2,\nX-4,\nhash-17,\nhash-90210,\n", terms(t, ""))
	if len(got.Sequences) != 2 || !got.Sequences[0].Dense() || got.Sequences[1].Dense() {
		t.Errorf("%+v", got.Sequences)
	}
}

func TestTheLongestSequencesAreShown(t *testing.T) {
	var csv strings.Builder
	csv.WriteString("key,at\n")
	for s := range 30 {
		for i := range s {
			fmt.Fprintf(&csv, "s%02d-%d,\n", s, 2*i)
		}
	}
	got := recorded(t, csv.String(), terms(t, ""))
	if got.Numbered != 28 || len(got.Sequences) != 10 || got.Sequences[0].Prefix != "s29-" || got.Sequences[9].Prefix != "s20-" {
		t.Errorf("%d, %+v", got.Numbered, got.Sequences)
	}
	if s := got.Sequences[0]; s.Missing != 28 || len(s.Gaps) != 10 || s.Dense() != true {
		t.Errorf("%+v", s)
	}
}

func TestATieNamesWhatOnlyOneSourceHas(t *testing.T) {
	columns := sample.Columns{Key: "key"}
	for name, c := range map[string]struct {
		here, there string
		want        sample.Tie
	}{
		"the same in another order": {"a\nb\nc\n", "c\na\nb\n", sample.Tie{Both: 3}},
		"nothing and nothing":       {"", "", sample.Tie{}},
		"nothing here":              {"", "a\n", sample.Tie{OnlyThere: sample.Noted{Count: 1, Examples: []string{"a"}}}},
		"nothing there":             {"a\nb\n", "", sample.Tie{OnlyHere: sample.Noted{Count: 2, Examples: []string{"a", "b"}}}},
		"some of each, some twice": {"b\nd\na\nb\n", "c\ne\nb\nc\n", sample.Tie{
			Both: 1, OnlyHere: sample.Noted{Count: 2, Examples: []string{"a", "d"}}, OnlyThere: sample.Noted{Count: 2, Examples: []string{"c", "e"}},
		}},
	} {
		here, there := listed(t, "key\n"+c.here, columns), listed(t, "key\n"+c.there, columns)
		got, err := sample.TieOf(here.Items(), there.Items())
		if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
			t.Errorf("%s: %v %s", name, err, diff)
		}
		if got.Holds() != (c.want.OnlyHere.Count+c.want.OnlyThere.Count == 0) {
			t.Errorf("%s: holds is %v", name, got.Holds())
		}
	}
	broken := func(yield func(sample.Item, error) bool) {
		_ = yield(sample.Item{Key: "a"}, nil) && yield(sample.Item{}, io.ErrUnexpectedEOF)
	}
	whole := listed(t, "key\na\nb\n", columns)
	if _, err := sample.TieOf(whole.Items(), broken); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("there: %v", err)
	}
	if _, err := sample.TieOf(broken, whole.Items()); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("here: %v", err)
	}
}

func TestATraceFromTheSourceBack(t *testing.T) {
	l := listed(t, "key\na\nb\nc\n", sample.Columns{Key: "key"})
	got, err := sample.Missing(l.Items(), []string{"z", "b", "x", "b"})
	if diff := cmp.Diff([]string{"z", "x"}, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
}
