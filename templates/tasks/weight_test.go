package tasks_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"strings"
	"testing"

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
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write(page.Bytes()); err != nil || z.Close() != nil {
		t.Fatal(err)
	}
	if packed.Len() > 12<<10 {
		t.Errorf("%d bytes packed", packed.Len())
	}
}
