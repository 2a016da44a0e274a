package handlers

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/control"
	"assay/models/engagement"
	"assay/models/evidence"
	"assay/models/finding"
	"assay/models/notice"
	"assay/models/people"
	"assay/models/programme"
	"assay/templates/engagements"
	"assay/templates/ui"
	"assay/web"
)

// shell is what surrounds a page, with the sentence that the last request left.
func (app *App) shell(w http.ResponseWriter, r *http.Request) (ui.Shell, error) {
	s, err := app.surroundings(r)
	if err != nil {
		return s, err
	}
	if kind, text, ok := web.TakeFlash(w, r); ok {
		s.Flash = []ui.Flash{{Kind: kind, Text: text}}
	}
	return s, nil
}

func (app *App) surroundings(r *http.Request) (ui.Shell, error) {
	if l, ok := r.Context().Value(lensKey{}).(lens); ok {
		return app.throughLens(r, l)
	}
	a := web.ActorOf(r)
	s := app.bare(r, a)
	if why := app.DB.Halted(); why != "" && a.Company() {
		s.Banner = "Assay is read-only because its log failed a check. An administrator has to look at it."
	}
	if a.ID == 0 {
		return s, nil
	}
	return s, app.DB.Read(r.Context(), a, func(tx *models.Tx) error {
		return fillShell(r.Context(), tx, &s, web.SessionOf[people.Session](r).Bell)
	})
}

// bare is what is known of what surrounds a page without asking the database.
func (app *App) bare(r *http.Request, a access.Actor) ui.Shell {
	return ui.Shell{
		Actor: a, Path: r.URL.RequestURI(), Demo: app.Demo, RequestID: models.RequestID(r.Context()),
		Theme: theme(r), Keys: keysOn(r), Now: app.DB.Now().UTC(),
	}
}

// fillShell reads the company, the engagement and the counts beside the navigation, in
// three queries after a change and mostly in none. What is unread came with the session.
func fillShell(ctx context.Context, tx *models.Tx, s *ui.Shell, unread *int) error {
	p, err := programme.Current(ctx, tx)
	if err != nil {
		return err
	}
	s.Company, s.Now = p.Company, s.Now.In(p.Location())
	if unread != nil {
		s.Unread = *unread
	} else if s.Unread, err = notice.Unread(ctx, tx, s.Actor.ID, people.BellLimit); err != nil {
		return err
	}
	if s.Actor.Role == access.Auditor {
		return auditorShell(ctx, tx, s)
	}
	if e, ok, err := engagement.Current(ctx, tx); err != nil {
		return err
	} else if ok {
		s.Engagement = engagements.Examination(e, tx.Now)
	}
	s.Counts, err = companyCounts(ctx, tx)
	for _, n := range []*int{&s.Counts.Controls, &s.Counts.Review, &s.Counts.Findings} {
		if *n >= ui.CountLimit {
			*n = 0
		}
	}
	return err
}

// auditorShell says what an auditor may do, and until when.
func auditorShell(ctx context.Context, tx *models.Tx, s *ui.Shell) error {
	open, err := engagement.List(ctx, tx)
	if err != nil {
		return err
	}
	if len(open) == 0 {
		s.Banner = "No engagement is open to you at the moment. Ask your contact at the company when your access opens."
		return nil
	}
	s.Engagement = engagements.Examination(open[0], tx.Now)
	change := "You can change nothing"
	var until []string
	for _, e := range open {
		if s.Actor.InFieldwork(e.ID) {
			change = "The audit's own objects are yours to write where fieldwork was granted to you, and the company's are not"
		}
		until = append(until, fmt.Sprintf("%s until the end of %s (%s)", e.Name, e.ClosesOn.In(time.UTC).Format("2 January 2006"), e.Zone))
	}
	s.Banner = "You can read and download what is in scope of " + strings.Join(until, " and ") +
		". " + change + ", and each page you open is recorded."
	return nil
}

// companyCounts are the counts of the visitor, as far as they are counted.
func companyCounts(ctx context.Context, tx *models.Tx) (ui.Counts, error) {
	keep, ok := countsKept(tx)
	if !ok {
		return ui.Counts{}, nil
	}
	return keep.Get(ctx, tx)
}

// around are the values that every page needs: after a change they are read in one query.
func around(tx *models.Tx) []models.Keep {
	all := []models.Keep{programme.Keep, engagement.Keep}
	if keep, ok := countsKept(tx); ok {
		all = append(all, keep, control.KeepOwners())
	}
	return all
}

// countsOf is the key of the counts of a role: what it may not look at is not counted.
type countsOf access.Role

// counts are what is counted of the company.
type counts struct{ Controls, Review, Findings int }

// countsKept counts what the visitor may see, in one query. It is false for whom nothing is
// counted.
func countsKept(tx *models.Tx) (models.Keeping[counts, ui.Counts], bool) {
	keep := models.Keeping[counts, ui.Counts]{
		Key: countsOf(tx.Actor.Role), Ask: askCounts, Scopes: []models.Scoped{control.Control{}, evidence.Item{}, finding.Finding{}},
		Value: func(rows []counts) ui.Counts {
			return ui.Counts{Controls: rows[0].Controls, Review: rows[0].Review, Findings: rows[0].Findings}
		},
	}
	return keep, tx.Actor.Company()
}

func askCounts(tx *models.Tx, rows *[]counts) models.Reading {
	var parts []string
	var args []any
	add := func(name string, p access.Permission, table, cond string, scope models.Scoped) {
		if !tx.Actor.Can(p) {
			parts = append(parts, "0 AS "+name)
			return
		}
		if visible, more := scope.VisibleTo(tx.Actor); visible != "" {
			cond += " AND " + visible
			args = append(args, more...)
		}
		parts = append(parts, fmt.Sprintf("(SELECT count(*) FROM (SELECT 1 AS one FROM %s WHERE %s LIMIT %d) counted) AS %s", table, cond, ui.CountLimit, name))
	}
	add("controls", access.ControlView, "controls", "1 = 1", control.Control{})
	add("review", access.EvidenceQueue, "evidence", "evidence.status = 'submitted'", evidence.Item{})
	add("findings", access.FindingView, "findings", "findings.status NOT IN ('closed_verified', 'risk_accepted', 'dismissed')", finding.Finding{})
	return models.RawInto(rows, "", "SELECT "+strings.Join(parts, ", "), args...)
}

func theme(r *http.Request) string {
	if c, err := r.Cookie("theme"); err == nil && (c.Value == "light" || c.Value == "dark") {
		return c.Value
	}
	return ""
}

func keysOn(r *http.Request) bool {
	c, err := r.Cookie("keys")
	return err != nil || c.Value != "off"
}

// home sends everybody to the page their day begins with.
func (app *App) home(w http.ResponseWriter, r *http.Request) error {
	if done, err := app.setUpFirst(w, r); done || err != nil {
		return err
	}
	switch web.ActorOf(r).Role {
	case access.Owner:
		return web.SeeOther(w, r, "/tasks")
	case access.Auditor:
		return web.SeeOther(w, r, "/engagements")
	case access.Executive:
		return web.SeeOther(w, r, "/readout")
	}
	return web.SeeOther(w, r, "/readiness")
}
