package handlers

import (
	"context"
	"io"
	"iter"
	"net/http"
	"strconv"
	"strings"
	"time"

	"assay/internal/sheet"
	"assay/models"
	"assay/models/finding"
	"assay/templates/findings"
)

func (app *App) findingsCSV(w http.ResponseWriter, r *http.Request) error {
	return app.findingsExport(w, r, "csv", sheet.WriteCSV)
}

func (app *App) findingsXLSX(w http.ResponseWriter, r *http.Request) error {
	return app.findingsExport(w, r, "xlsx", func(w io.Writer, header []string, rows iter.Seq2[[]string, error]) error {
		return sheet.WriteXLSX(w, "Findings", header, rows)
	})
}

type sheetWriter func(w io.Writer, header []string, rows iter.Seq2[[]string, error]) error

// findingsExport writes exactly what the filter in the address shows, in its order.
func (app *App) findingsExport(w http.ResponseWriter, r *http.Request, ending string, write sheetWriter) error {
	f, err := read(app, r, func(ctx context.Context, tx *models.Tx) (finding.Filter, error) { return findingFilter(ctx, tx, r) })
	if err != nil {
		return err
	}
	return app.export(w, r, "findings", ending, func(ctx context.Context, tx *models.Tx) error {
		return write(w, findingColumns, findingSheet(ctx, tx, f))
	})
}

var findingColumns = []string{
	"Finding", "Title", "Status", "Severity", "Source", "Controls", "Owner", "Raised by", "Raised", "Cycle", "Repeats",
	"Opened", "Age in days", "Due", "Overdue", "Steps done", "Steps", "Closed", "Condition", "Criterion", "Cause", "Effect",
	"Recommendation", "Note",
}

func findingSheet(ctx context.Context, tx *models.Tx, f finding.Filter) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		for list, err := range finding.Every(ctx, tx, f) {
			var rows []findings.Row
			if err == nil {
				rows, err = findingRows(ctx, tx, list)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			for _, row := range rows {
				if !yield(findingCells(row), nil) {
					return
				}
			}
		}
	}
}

// findingCells are the cells of one row. Instants are UTC.
func findingCells(r findings.Row) []string {
	codes := make([]string, len(r.Controls))
	for i, k := range r.Controls {
		codes[i] = k.Code
	}
	closed, overdue := "", "no"
	if r.ClosedAt != nil {
		closed = stamp(*r.ClosedAt)
	}
	if r.Overdue {
		overdue = "yes"
	}
	return []string{
		r.Code(), r.Title, r.Status.Label(), r.Severity.Label(), r.Source.Label(), strings.Join(codes, " "), r.Owner, r.RaisedBy,
		stamp(r.RaisedAt), strconv.Itoa(r.Cycle), strconv.Itoa(r.Repeats()), stamp(r.CycleOpenedAt), strconv.Itoa(r.Age),
		string(r.DueOn), overdue, strconv.Itoa(r.Progress.Done), strconv.Itoa(r.Progress.Total), closed,
		r.Condition, r.Criterion, r.Cause, r.Effect, r.Recommendation, r.StatusNote,
	}
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }
