package handlers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"assay/internal/jobs"
	"assay/internal/oidc"
	"assay/models"
	"assay/models/access"
	"assay/models/people"
)

// SessionCheck is the standing work that puts leavers out: each session is put to the
// provider every ten minutes, by one replica.
func (app *App) SessionCheck() jobs.Work {
	return jobs.Work{
		Kind: "session.check", Label: "Ask the identity provider whether people who are signed in still may",
		Next: jobs.After(time.Minute), Lease: 5 * time.Minute,
		Do: func(ctx context.Context, r *jobs.Run) error {
			done, err := app.CheckSessions(ctx)
			r.Said = done.String()
			return err
		},
	}
}

// Checks counts what a round of checks came to.
type Checks struct{ Stand, Ended, Unanswered int }

func (c Checks) String() string {
	if c == (Checks{}) {
		return ""
	}
	return fmt.Sprintf("%d confirmed, %d ended, %d without an answer", c.Stand, c.Ended, c.Unanswered)
}

// troubleMost is after how many failures in a row a round is given up: each can take five
// seconds, and the provider is asked again in a minute.
const troubleMost = 3

// CheckSessions asks the provider about every session that is due.
func (app *App) CheckSessions(ctx context.Context) (done Checks, err error) {
	if app.OIDC == nil {
		return done, nil
	}
	for trouble := 0; ctx.Err() == nil; {
		var due []people.Session
		err := app.DB.Read(ctx, access.Clock, func(tx *models.Tx) (err error) {
			due, err = people.DueChecks(ctx, tx, 50)
			return err
		})
		if err != nil || len(due) == 0 {
			return done, err
		}
		for _, s := range due {
			stands, failure, err := app.check(ctx, s)
			switch {
			case err != nil:
				return done, err
			case failure != nil:
				slog.WarnContext(ctx, "session not checked", "session", s.Digest(), "reason", string(oidc.Why(failure)), "err", failure)
				done.Unanswered++
				if trouble++; trouble == troubleMost {
					return done, nil
				}
				continue
			case stands:
				done.Stand++
			default:
				done.Ended++
			}
			trouble = 0
		}
	}
	return done, ctx.Err()
}

// check asks about one session. It ends it when the provider no longer stands by the
// person, or their groups no longer let them in as who they are. A failure is the
// provider's, from which nothing was learned.
func (app *App) check(ctx context.Context, s people.Session) (stands bool, failure, err error) {
	grant, err := app.unsealed(s)
	if err != nil || s.Issuer != app.OIDC.Issuer() {
		return false, nil, app.dismiss(ctx, s, "It can no longer be put to the identity provider.")
	}
	id, next, failure := app.OIDC.Recheck(ctx, grant, s.Subject)
	if oidc.Final(failure) {
		return false, nil, app.dismiss(ctx, s, withdrawn)
	}
	if oidc.Why(failure) == oidc.GrantUnknown {
		return app.replaced(ctx, s, failure)
	}
	singled := false
	err = app.DB.Bookkeep(ctx, func(tx *models.Tx) error {
		if oidc.Why(failure) == oidc.RefreshFailed {
			if singled, err = s.Singled(ctx, tx); err != nil {
				return err
			}
		}
		return s.Checked(ctx, tx, app.sealed(next, s.TokenHash), failure == nil)
	})
	switch {
	case err != nil:
		return false, nil, err
	case singled:
		return false, nil, app.dismiss(ctx, s, "The identity provider confirms others and not this one.")
	case failure != nil || id.Silent:
		return failure == nil, failure, nil
	}
	return app.still(ctx, s, id)
}

const withdrawn = "The identity provider no longer confirms it."

// replaced decides about a session whose grant the provider does not know. Dex keeps one
// refresh token for each person and site: whoever signs in at a second browser takes it
// from the first. The first then stays as long as the second is confirmed.
func (app *App) replaced(ctx context.Context, s people.Session, failure error) (stands bool, _, err error) {
	var later people.Session
	err = app.DB.Bookkeep(ctx, func(tx *models.Tx) (err error) {
		if later, err = s.Later(ctx, tx); err == nil && later.ID != 0 {
			stands, err = s.LeanOn(ctx, tx, later)
		}
		return err
	})
	switch {
	case err != nil:
		return false, nil, err
	case later.ID == 0:
		return false, nil, app.dismiss(ctx, s, withdrawn)
	case !stands:
		return false, failure, nil
	}
	return true, nil, nil
}

// still lets s go on if what the provider says of the person now would let them in. A
// change of role has ended their sessions already.
func (app *App) still(ctx context.Context, s people.Session, id oidc.Identity) (stands bool, failure, err error) {
	p, err := app.arrive(ctx, id)
	var rule *models.Error
	var conflict *oidc.Failure
	switch {
	case errors.As(err, &rule) && rule.Kind == models.KindForbidden:
		return false, nil, app.dismiss(ctx, s, rule.Message)
	case errors.As(err, &conflict):
		return false, nil, app.dismiss(ctx, s, conflict.Sentence())
	case err != nil:
		return false, nil, err
	case p.ID != s.PersonID:
		return false, nil, app.dismiss(ctx, s, "The identity is another person's now.")
	}
	return true, nil, nil
}

// dismiss ends a session for a reason that is logged.
func (app *App) dismiss(ctx context.Context, s people.Session, reason string) error {
	open := false
	err := app.DB.Bookkeep(ctx, func(tx *models.Tx) (err error) {
		open, err = people.EndSession(ctx, tx, s.ID)
		return err
	})
	if err != nil || !open {
		return err
	}
	return app.noteRevoked(ctx, s, reason)
}

func (app *App) noteRevoked(ctx context.Context, s people.Session, reason string) error {
	return app.DB.Observe(ctx, access.Clock, "session.revoke", people.PathOf(s.PersonID), models.Note{"reason": reason, "session": s.Digest()})
}

// sealed is a grant as the database may hold it, for one session; nil when there is
// nothing to keep, or no key to keep it with.
func (app *App) sealed(g oidc.Grant, tokenHash string) []byte {
	if app.Box == nil || g.Way() == oidc.NoWay {
		return nil
	}
	b, _ := json.Marshal(g) // strings and a time
	return app.Box.Seal(b, tokenHash)
}

func (app *App) unsealed(s people.Session) (g oidc.Grant, err error) {
	if app.Box == nil {
		return g, errors.New("there is no key")
	}
	b, err := app.Box.Open(s.Sealed, s.TokenHash)
	if err != nil {
		return g, err
	}
	return g, json.Unmarshal(b, &g)
}

// checking says in a sentence how leavers are noticed.
func (app *App) checking() string {
	if app.OIDC == nil {
		return "Nobody can sign in."
	}
	way, known := app.OIDC.Asked()
	switch {
	case !known:
		return "The identity provider has not been reached since the start."
	case app.Box == nil || way == oidc.NoWay:
		return "The identity provider cannot be asked about people who are signed in, so they have to sign in again every hour; administrators and auditors every half hour."
	case way == oidc.ByUserInfo:
		return "The identity provider is asked every ten minutes at its userinfo endpoint. It gives no refresh tokens, so a session lasts as long as its access token, and at most an hour if that lasts less than twenty minutes."
	}
	return "The identity provider is asked every ten minutes, with a refresh token."
}

// SayHowChecked logs how leavers are noticed, once the provider has answered. It tries
// until it has, or ctx ends.
func (app *App) SayHowChecked(ctx context.Context) {
	for app.OIDC.Ready(ctx) != nil {
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Minute):
		}
	}
	level := slog.LevelInfo
	if way, _ := app.OIDC.Asked(); way != oidc.ByRefresh {
		level = slog.LevelWarn
	}
	slog.Log(ctx, level, "leavers", "how", app.checking())
}
