package handlers

import (
	"context"
	"net/http"
	"slices"

	"assay/internal/docx"
	"assay/internal/sheet"
	"assay/models"
	"assay/models/deliverable"
	"assay/models/engagement"
	"assay/models/rollforward"
	"assay/templates/deliverables"
	"assay/web"
)

const (
	findingsReported      = 20
	findingsReportPrinted = 200
)

// findingsReport is the findings and remediation report of an engagement, some at a time.
func (app *App) findingsReport(w http.ResponseWriter, r *http.Request) error {
	d, err := read(app, r, func(ctx context.Context, tx *models.Tx) (d deliverables.FindingsData, err error) {
		if d.Engagement, err = engagement.BySlug(ctx, tx, web.Param(r, "engagement")); err != nil {
			return d, err
		}
		size := findingsReported
		if d.Print = r.URL.Query().Has("print"); d.Print {
			size = findingsReportPrinted
		}
		list, err := deliverable.FindingsPage(ctx, tx, d.Engagement, web.PageOf(r, size))
		d.Lines = list.Items
		if d.More = list.Later != ""; !d.Print {
			d.Earlier, d.Later = evidenceCursors(r, list.Earlier, list.Later)
		}
		if err == nil {
			d.Carried, err = rollforward.HistoryOf(ctx, tx, d.Engagement.ID)
		}
		return d, err
	})
	if err != nil {
		return err
	}
	return app.page(w, r, http.StatusOK, deliverables.Findings(d))
}

// findingsFile answers with all of the report.
func (app *App) findingsFile(ending string) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		e, err := read(app, r, func(ctx context.Context, tx *models.Tx) (engagement.Engagement, error) {
			return engagement.BySlug(ctx, tx, web.Param(r, "engagement"))
		})
		if err != nil {
			return err
		}
		return app.export(w, r, e.Path()+"/deliverables/findings", ending, func(ctx context.Context, tx *models.Tx) error {
			lines, err := deliverable.Findings(ctx, tx, e)
			if err != nil {
				return err
			}
			carried, err := rollforward.HistoryOf(ctx, tx, e.ID)
			if err != nil {
				return err
			}
			rows := make([][]string, 0, len(lines)+len(carried))
			for _, l := range lines {
				rows = append(rows, append(l.Cells(), ""))
			}
			if ending == "docx" {
				_, err = findingsWord(e, rows, carried).WriteTo(w)
				return err
			}
			for _, h := range carried {
				rows = append(rows, deliverable.CarriedCells(h))
			}
			columns := append(slices.Clone(deliverable.FindingColumns), deliverable.CarriedColumn)
			if ending == "csv" {
				return sheet.WriteCSV(w, columns, each(rows))
			}
			return sheet.WriteXLSX(w, "Findings", columns, each(rows))
		})
	}
}

// findingsWord is a table for each finding: twenty columns fit on no page.
func findingsWord(e engagement.Engagement, rows [][]string, carried []rollforward.History) *docx.Document {
	out := docx.New(false)
	out.Heading(1, "Findings and remediation")
	out.Text(e.Name + ", " + string(e.PeriodStart) + " to " + string(e.PeriodEnd) + ". It repeats what was recorded, and states no opinion. Remediation removes no exception from its period.")
	for _, row := range rows {
		out.Heading(2, row[0]+" "+row[1])
		var facts [][]string
		for i, name := range deliverable.FindingColumns[2:] {
			if row[i+2] != "" {
				facts = append(facts, []string{name, row[i+2]})
			}
		}
		out.Table([]string{"", ""}, facts)
	}
	if len(rows) == 0 {
		out.Text("No finding of the audit was recorded.")
	}
	if len(carried) > 0 {
		out.Heading(2, "Carried over from earlier periods")
		out.Text("They were open when this period was set up. They are history here, and no exceptions of this period.")
		var history [][]string
		for _, h := range carried {
			history = append(history, []string{h.Code(), h.Title, h.Severity.Label(), h.Status.Label(), h.Origin()})
		}
		out.Table([]string{"Finding", "Title", "Severity", "Status then", "Found in"}, history)
	}
	return out
}
