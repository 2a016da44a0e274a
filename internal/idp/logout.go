package idp

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const logoutEvent = "http://schemas.openid.net/event/backchannel-logout"

// endSession is RP-initiated logout. Nothing ends without an id_token_hint that this
// provider signed, so that a stray link cannot sign anybody out.
func (s *Server) endSession(w http.ResponseWriter, r *http.Request) {
	form, sentence := single(r)
	if sentence != "" {
		s.refuse(w, r, sentence)
		return
	}
	claims, ok := s.ours(form.Get("id_token_hint"))
	if !ok {
		s.refuse(w, r, "The request to sign out did not say who is signed in. Nothing has been ended; close this page.")
		return
	}
	audience, _ := claims["aud"].(string)
	client, ok := s.client(audience)
	if !ok || (form.Has("client_id") && form.Get("client_id") != audience) {
		s.refuse(w, r, "The request to sign out names another site than the one signed in to. Nothing has been ended.")
		return
	}
	back := form.Get("post_logout_redirect_uri")
	if back != "" && !slices.Contains(client.LogoutReturns, back) {
		s.refuse(w, r, "The address to return to is not registered for the site. Nothing has been ended.")
		return
	}
	sid, _ := claims["sid"].(string)
	s.tell(r.Context(), s.memory.end(func(g grant) bool { return g.SID == sid }))
	s.afterLogout(w, r, back, form)
}

func (s *Server) afterLogout(w http.ResponseWriter, r *http.Request, back string, form url.Values) {
	if back == "" {
		s.notice(w, r, http.StatusOK, "Signed out", "You are signed out. You can close this page.")
		return
	}
	if state := form.Get("state"); state != "" {
		back = extend(back, url.Values{"state": {state}})
	}
	http.Redirect(w, r, back, http.StatusSeeOther)
}

// Deactivate takes a person off the sign-in page, stops their tokens and tells every
// site they are signed in to. An address nobody has is an error.
func (s *Server) Deactivate(ctx context.Context, email string) error {
	p, ok := s.person(func(p Person) bool { return p.Email == email })
	if !ok {
		return fmt.Errorf("nobody active has the address %s", email)
	}
	s.memory.setInactive(p.Subject, true)
	s.tell(ctx, s.memory.end(func(g grant) bool { return g.Subject == p.Subject }))
	return nil
}

// Reactivate lets a person sign in again.
func (s *Server) Reactivate(email string) {
	for _, p := range s.people {
		if p.Email == email {
			s.memory.setInactive(p.Subject, false)
		}
	}
}

// tell sends a logout token for each ended sign-in. A site that does not answer is
// logged and passed over: the person's wish to leave does not wait for it.
func (s *Server) tell(ctx context.Context, ended []grant) {
	for _, g := range ended {
		client, _ := s.client(g.Client)
		if client.BackChannel == "" {
			continue
		}
		if err := s.backChannel(ctx, client, g); err != nil {
			s.log.Warn("demonstration provider could not announce a logout", "client", client.ID, "err", err)
		}
	}
}

func (s *Server) backChannel(ctx context.Context, client Client, g grant) error {
	now := s.now()
	token, err := s.sign("logout+jwt", map[string]any{
		"iss": s.issuer, "aud": client.ID, "sub": g.Subject, "sid": g.SID, "jti": rand.Text(),
		"iat": now.Unix(), "exp": now.Add(2 * time.Minute).Unix(),
		"events": map[string]any{logoutEvent: struct{}{}},
	})
	if err != nil {
		return err
	}
	body := strings.NewReader(url.Values{"logout_token": {token}}.Encode())
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, client.BackChannel, body)
	if err != nil {
		return fmt.Errorf("addressing the logout token: %w", err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := s.outbound.Do(req)
	if err != nil {
		return fmt.Errorf("sending the logout token: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("the site answered the logout token with %s", resp.Status)
	}
	return nil
}
