package ui

import (
	"context"

	"assay/models/access"
)

// A PeriodLink leads to the same page in a period.
type PeriodLink struct {
	Name, Days, Href string
	Here             bool
}

// examined is the engagement that the page is about, else the current one.
func (p Page) examined(ctx context.Context) Engagement {
	e := p.Engagement
	if e.Name == "" {
		e = ShellOf(ctx).Engagement
	}
	return e
}

func mayOpenEngagements(ctx context.Context) bool { return Can(ctx, access.EngagementView) }
