package handlers

import (
	"context"
	"log/slog"
	"net/http"
	"strings"

	"assay/internal/oidc"
	"assay/models"
	"assay/models/access"
	"assay/models/engagement"
	"assay/models/people"
	"assay/web"
)

// sessionRows keeps the sessions of web.Sessions as rows of people.Session.
type sessionRows struct{ db *models.DB }

func (app *App) sessions() web.Sessions[people.Session] {
	return web.Sessions[people.Session]{Rows: sessionRows{app.DB}, Secure: app.Secure}
}

// Find reads the session and whose it is; for an auditor also which engagements are
// open at this instant, so that a window can close under the reader's eyes.
func (s sessionRows) Find(ctx context.Context, tokenHash string) (row people.Session, a access.Actor, err error) {
	err = s.db.Read(ctx, access.Actor{}, func(tx *models.Tx) error {
		row, a, err = people.BySession(ctx, tx, tokenHash)
		if err == nil && a.Role == access.Auditor {
			a.Engagements, a.Fieldwork, err = openFor(ctx, tx, a.ID)
		}
		return err
	})
	return row, a, err
}

// openFor are the engagements that are open to the auditor, and those among them whose
// objects they may write.
func openFor(ctx context.Context, tx *models.Tx, auditor int64) (open, fieldwork []int64, err error) {
	grants, err := engagement.OpenFor(ctx, tx, auditor)
	return engagement.IDs(grants), engagement.FieldworkOf(grants), err
}

func (s sessionRows) Begin(ctx context.Context, row people.Session, tokenHash, before string) error {
	row.TokenHash = tokenHash
	return s.db.Bookkeep(ctx, func(tx *models.Tx) error {
		if err := people.EndToken(ctx, tx, before); err != nil {
			return err
		}
		return row.Begin(ctx, tx)
	})
}

func (s sessionRows) End(ctx context.Context, tokenHash string) error {
	return s.db.Bookkeep(ctx, func(tx *models.Tx) error { return people.EndToken(ctx, tx, tokenHash) })
}

// visitor finds who makes a request, and notes once a minute that they are still here.
func (app *App) visitor(_ http.ResponseWriter, r *http.Request) (context.Context, access.Actor, error) {
	ctx := r.Context()
	row, a, err := app.sessions().Visitor(r)
	if err != nil || a.ID == 0 {
		return ctx, a, err
	}
	if row.Stale(app.DB.Now()) {
		// To be seen is not worth failing for: who it is, is known.
		if err := app.DB.Bookkeep(ctx, func(tx *models.Tx) error { return row.Seen(ctx, tx) }); err != nil {
			slog.WarnContext(ctx, "session", "id", models.RequestID(ctx), "err", err)
		}
	}
	return web.WithSession(ctx, row), a, nil
}

// startSession lets p in. It is logged first: nobody is in without a leaf that says so.
func (app *App) startSession(w http.ResponseWriter, r *http.Request, p people.Person, id oidc.Identity, asked oidc.Ask) error {
	token := web.NewToken()
	row := people.Session{
		PersonID: p.ID, TokenHash: web.TokenHash(token), Address: web.ClientIP(r), Agent: cut(r.UserAgent(), 300),
		Issuer: id.Issuer, Subject: id.Subject, SID: id.SID, IDToken: id.IDToken,
	}
	row.Sealed = app.sealed(id.Grant, row.TokenHash)
	now := app.DB.Now().UTC()
	if id.Grant.Lasts > 0 {
		row.ExpiresAt = now.Add(id.Grant.Lasts)
	}
	if !id.AuthTime.IsZero() || asked.Login { // Finish saw to it that the one asked for is fresh
		at := now.Add(-id.AuthAge)
		row.AuthAt = &at
	}
	actor := p.Actor()
	actor.Session = row.Digest()
	if err := app.DB.Observe(r.Context(), actor, "session.start", p.Path(), nil); err != nil {
		return err
	}
	return app.sessions().Start(w, r, token, row)
}

// endSession ends the session of the request, if there is one, and logs it.
func (app *App) endSession(w http.ResponseWriter, r *http.Request) error {
	if err := app.sessions().Stop(w, r); err != nil {
		return err
	}
	a := web.ActorOf(r)
	if a.ID == 0 {
		return nil
	}
	return app.DB.Observe(r.Context(), a, "session.end", people.PathOf(a.ID), nil)
}

// cut shortens what a browser sent to what a column should hold.
func cut(s string, limit int) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, ""), "\x00", "") // PostgreSQL keeps no NUL
	return strings.ToValidUTF8(s[:min(len(s), limit)], "")
}
