package tasks_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"strings"
	"testing"
	"time"

	"assay/models"
	"assay/models/evidence"
	"assay/models/occurrence"
	"assay/models/period"
	"assay/templates/evidences"
	"assay/templates/tasks"
)

// TestTheListOfManyTasksIsLightAndWhole: somebody who owns a hundred controls finds each of them, and the page still
// fits the 12 KB that a page may weigh.
func TestTheListOfManyTasksIsLightAndWhole(t *testing.T) {
	april := period.Days{First: period.DayOf("2026-04-01", 0), Last: period.DayOf("2026-04-30", 0)}
	d := tasks.Data{Name: "Priya Raman", Today: april.Last + 20, Asks: map[int64]string{}}
	const many = 100
	for n := range int64(many) {
		sheet := &occurrence.Sheet{ID: n, Code: fmt.Sprintf("AC-%02d", n), Title: fmt.Sprintf("Access of group %d is reviewed against what %x needs", n, n*7919)}
		window := period.Window{Days: april, Due: april.Last + 5, By: april.Last + 5}
		d.Late = append(d.Late, occurrence.Task{Sheet: sheet, Window: window, Status: period.Missed, Holes: []period.Days{april}, PersonID: 1})
		d.Asks[n] = fmt.Sprintf("The signed review of group %d with the list it was done on, %x, and what was removed.", n, n*104729)
	}
	for n := range int64(many) {
		d.Waiting = append(d.Waiting, evidences.Row{Item: evidence.Item{Meta: models.Meta{ID: n * 31}, Details: evidence.Details{Title: fmt.Sprintf("Review %x of the group, signed", n*15485863)}, Status: evidence.Submitted}})
	}
	var page bytes.Buffer
	if err := tasks.Page(d).Render(t.Context(), &page); err != nil {
		t.Fatal(err)
	}
	for n := range many {
		if link := fmt.Sprintf(`href="/tasks/AC-%02d/2026-04-01/2026-04-30"`, n); !strings.Contains(page.String(), link) {
			t.Errorf("nothing leads to the task of AC-%02d", n)
		}
	}
	if n := packed(t, page.Bytes()); n > 12<<10 {
		t.Errorf("%d bytes packed", n)
	}
}

func packed(t *testing.T, page []byte) int {
	t.Helper()
	var out bytes.Buffer
	z, err := gzip.NewWriterLevel(&out, 5)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := z.Write(page); err != nil || z.Close() != nil {
		t.Fatal(err)
	}
	return out.Len()
}

// TestTheTasksOfAFullPeriodAreLight: forty controls in a full period, with something in every part. What surrounds the
// page in life, some 1.5 KB, is not in it here.
func TestTheTasksOfAFullPeriodAreLight(t *testing.T) {
	words := strings.Fields("access backup change deploy encrypt firewall grant harden inspect join key log merge network owner patch query review sign test user vendor window export")
	seed := uint32(1)
	say := func(n int) string {
		var out []string
		for range n {
			seed = seed*1664525 + 1013904223
			out = append(out, words[seed>>16%uint32(len(words))])
		}
		return strings.Join(out, " ")
	}
	today := period.DayOf("2026-04-20", 0)
	d := tasks.Data{Name: "Priya Raman", Today: today, Asks: map[int64]string{}, Examples: map[int64]evidence.Item{}}
	for n := range int64(40) {
		sheet := &occurrence.Sheet{ID: n, Code: fmt.Sprintf("AC-%05d", n*7919), Title: say(7)}
		d.Asks[n], d.Examples[n] = "Expected: "+say(7)+"; "+say(7)+".", evidence.Item{Meta: models.Meta{ID: n * 977}, Details: evidence.Details{Title: say(6)}}
		task := func(first, last, due period.Day, status period.Status) occurrence.Task {
			return occurrence.Task{Sheet: sheet, Window: period.Window{Days: period.Days{First: first, Last: last}, Due: due, By: due}, Status: status, PersonID: 1}
		}
		at := period.Day(n)
		d.Late = append(d.Late, task(today-90-2*at, today-60-2*at, today-50-at, period.Missed))
		d.Due = append(d.Due, task(today-30-at, today-1-at%7, today+at, period.Pending))
		d.Coming = append(d.Coming, task(today-at, today+20+at, today+25+at, period.Pending))
		sent := time.Date(2026, 4, 20, 9, 0, 0, 0, time.UTC).Add(-time.Duration(n*n) * time.Hour)
		row := evidences.Row{Item: evidence.Item{Meta: models.Meta{ID: n * 31}, Details: evidence.Details{Title: say(6)}, Status: evidence.Returned, SubmittedAt: &sent, DecisionNote: say(9)}}
		row.Control.Code = sheet.Code
		d.Returned = append(d.Returned, row)
	}
	var page bytes.Buffer
	if err := tasks.Page(d).Render(t.Context(), &page); err != nil {
		t.Fatal(err)
	}
	for _, late := range append(d.Late, d.Due...) {
		if !strings.Contains(page.String(), `href="/tasks/`+late.Sheet.Code+"/"+string(late.Window.First.Date())) {
			t.Errorf("nothing leads to the task of %s", late.Sheet.Code)
		}
	}
	for _, row := range d.Returned {
		if !strings.Contains(page.String(), `href="`+evidences.Href(row.Item)+`"`) {
			t.Errorf("nothing leads to %s", row.Code())
		}
	}
	if n := packed(t, page.Bytes()); n > 9000 {
		t.Errorf("%d bytes packed", n)
	}
}
