package idp

import (
	"crypto/rand"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const (
	offline     = "offline_access"
	refreshType = "refresh+jwt"
)

// refreshToken says under our own signature whose sign-in it continues, so that it is
// still good when the provider was started again.
func (s *Server) refreshToken(g grant) (string, error) {
	return s.sign(refreshType, map[string]any{
		"iss": s.issuer, "aud": g.Client, "sub": g.Subject, "sid": g.SID, "jti": rand.Text(),
		"scope": strings.Join(g.Scopes, " "), "auth_time": g.At.Unix(), "exp": s.now().Add(SignInLife).Unix(),
	})
}

// refresh exchanges a refresh token for new tokens, itself too. It is good once, and while
// the person may sign in and has not signed out.
func (s *Server) refresh(w http.ResponseWriter, client Client, token string) {
	g, id, ok := s.refreshing(token)
	if !ok || g.Client != client.ID || !s.memory.spendRefresh(id, g, s.now()) {
		fault(w, http.StatusBadRequest, "invalid_grant", "the refresh token is spent, too old, or its sign-in has ended")
		return
	}
	s.grantTokens(w, "", g)
}

// refreshing reads a refresh token: what it grants, and its own id.
func (s *Server) refreshing(token string) (g grant, id string, ok bool) {
	parsed, err := jose.ParseSigned(token, []jose.SignatureAlgorithm{s.algorithm()})
	if err != nil || parsed.Signatures[0].Header.ExtraHeaders[jose.HeaderType] != refreshType {
		return g, "", false
	}
	c, ok := s.ours(token)
	if !ok {
		return g, "", false
	}
	text := func(name string) string {
		v, _ := c[name].(string)
		return v
	}
	at, _ := c["auth_time"].(float64)
	until, _ := c["exp"].(float64)
	g = grant{
		Client: text("aud"), Subject: text("sub"), SID: text("sid"), Scopes: strings.Fields(text("scope")),
		At: time.Unix(int64(at), 0), Expires: time.Unix(int64(until), 0),
	}
	_, known := s.person(func(p Person) bool { return p.Subject == g.Subject })
	return g, text("jti"), known && slices.Contains(g.Scopes, offline)
}
