package handlers

import (
	"context"
	"io"
	"net/http"

	"assay/internal/oscal"
	"assay/models"
	"assay/models/controltest"
	"assay/models/engagement"
	"assay/models/finding"
	"assay/web"
)

// assessmentOSCAL answers with an engagement as an OSCAL document, as far as the reader
// sees its tests and its exceptions.
func (app *App) assessmentOSCAL(name string, document func(io.Writer, oscal.Head, oscal.Assessment) error) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		e, err := app.engagementOf(r)
		if err != nil {
			return err
		}
		zone, err := e.Location()
		if err != nil {
			return err
		}
		return app.export(w, r, e.Path()+"/deliverables#"+name, "oscal.json", func(ctx context.Context, tx *models.Tx) error {
			h, _, err := app.oscalHead(ctx, tx)
			if err != nil {
				return err
			}
			rounds, err := engagement.Rounds(ctx, tx, e.ID)
			if err != nil {
				return err
			}
			return document(w, h, oscal.Assessment{
				Engagement: e, Zone: zone, Rounds: rounds, Tests: controltest.All(ctx, tx, e),
				Cases: finding.Cases(ctx, tx, finding.Filter{EngagementID: e.ID, Source: finding.FromAudit}),
			})
		})
	}
}
