package engagements

import (
	"context"

	"assay/models/access"
	"assay/models/engagement"
	"assay/templates/ui"
)

// part is one of the pages of an engagement, for those who may open it.
type part struct {
	label, at string
	needs     access.Permission
}

var parts = []part{
	{"Overview", "", access.EngagementView},
	{"Scope", "/scope", access.EngagementView},
	{"Requests", "/requests", access.RequestView},
	{"Populations", "/populations", access.PopulationView},
	{"Tests of controls", "/tests", access.TestView},
	{"Deliverables", "/deliverables", access.DeliverableView},
	{"Binder", "/binder", access.BinderExport},
	{"Report", "/report", access.EngagementView},
	{"History", "/history", access.ActivityView},
}

// tabs lead from one page of an engagement to its others. here is the end of the address.
func tabs(ctx context.Context, e engagement.Engagement, here string) []ui.Tab {
	var out []ui.Tab
	for _, p := range parts {
		if ui.Can(ctx, p.needs) {
			out = append(out, ui.Tab{Label: p.label, Href: "/" + e.Path() + p.at + ui.ShellOf(ctx).Lens, Current: p.at == here})
		}
	}
	return out
}
