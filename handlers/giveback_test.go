package handlers_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"assay/internal/jobs"
	"assay/internal/oidc"
	"assay/models"
	"assay/models/access"
	"assay/models/job"
	"assay/models/modelstest"
)

// TestSigningOutGivesTheRefreshTokenBack: what a session had for asking the provider again
// is good for nobody after it, also when the provider was away at that moment.
func TestSigningOutGivesTheRefreshTokenBack(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		var down atomic.Bool
		h := open(t, db, demonstration, wire(func(*http.Request) (*http.Response, error) {
			if down.Load() {
				return nil, errors.New("connection refused")
			}
			return nil, nil
		}))
		browser, other := h.enter("ada@example.com"), h.enter("max@example.com")
		session := h.open("ada@example.com")[0]
		var grant oidc.Grant
		plain, err := box.Open(session.Sealed, session.TokenHash)
		if err != nil || json.Unmarshal(plain, &grant) != nil || grant.Refresh == "" {
			t.Fatal("there is no refresh token to give back", err)
		}

		down.Store(true)
		h.send(browser, "/signout").want(http.StatusOK)
		w := jobs.New(db, h.app.GrantRevoke())
		drain := func() {
			if err := w.Drain(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		drain()
		modelstest.Look(t, db, access.Clock, func(ctx context.Context, tx *models.Tx) error {
			j, err := models.Rows[job.Job](tx).Where("kind = ?", "grant.revoke").Take(ctx)
			if j.State != job.Waiting || strings.Contains(j.Payload, grant.Refresh) {
				t.Errorf("the job is %s, with %s", j.State, j.Payload)
			}
			return err
		})
		if _, next, err := h.app.OIDC.Recheck(t.Context(), grant, session.Subject); err == nil {
			t.Fatal("the provider answers although it is away")
		} else if next.Refresh != grant.Refresh {
			t.Fatal("the token was spent")
		}
		down.Store(false)
		h.pass(time.Minute, other)
		drain()
		if _, _, err := h.app.OIDC.Recheck(t.Context(), grant, session.Subject); oidc.Why(err) != oidc.Withdrawn {
			t.Errorf("the refresh token is still good: %v", err)
		}
		if !h.isIn(other, h.base) {
			t.Error("somebody else was put out")
		}
	})
}
