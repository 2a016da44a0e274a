package idp

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// token exchanges a code. It wants the client's secret, and the code, the redirect
// address and the PKCE verifier that belong together; a code that fails any of them is
// spent all the same, so that it cannot be tried twice.
func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	form, sentence := single(r)
	if sentence != "" {
		fault(w, http.StatusBadRequest, "invalid_request", sentence)
		return
	}
	client, ok := s.authenticate(r)
	if !ok {
		w.Header().Set("WWW-Authenticate", `Basic realm="token"`)
		fault(w, http.StatusUnauthorized, "invalid_client", "the client or its secret is wrong")
		return
	}
	switch form.Get("grant_type") {
	case "authorization_code":
	case "refresh_token":
		s.refresh(w, client, form.Get("refresh_token"))
		return
	default:
		fault(w, http.StatusBadRequest, "unsupported_grant_type", "only authorization_code and refresh_token are offered")
		return
	}
	code := form.Get("code")
	g, ok := s.memory.spend(code, client.ID, s.now())
	if !ok || g.Redirect != form.Get("redirect_uri") || !proves(form.Get("code_verifier"), g.Challenge) {
		fault(w, http.StatusBadRequest, "invalid_grant", "the code is spent, too old, or belongs to another request")
		return
	}
	s.grantTokens(w, code, g)
}

func (s *Server) grantTokens(w http.ResponseWriter, code string, g grant) {
	bearer := s.memory.bearer(code, g, s.now())
	signed, err := s.sign("JWT", s.identity(g, bearer))
	if err != nil {
		s.log.Error("demonstration provider could not sign", "err", err)
		fault(w, http.StatusInternalServerError, "server_error", "the token could not be signed")
		return
	}
	answer := map[string]any{
		"access_token": bearer, "token_type": "Bearer", "expires_in": int(BearerLife.Seconds()),
		"id_token": signed, "scope": strings.Join(g.Scopes, " "),
	}
	if slices.Contains(g.Scopes, offline) {
		if answer["refresh_token"], err = s.refreshToken(g); err != nil {
			s.log.Error("demonstration provider could not sign", "err", err)
			fault(w, http.StatusInternalServerError, "server_error", "the token could not be signed")
			return
		}
	}
	reply(w, http.StatusOK, answer)
}

// identity is the ID token's content.
func (s *Server) identity(g grant, bearer string) map[string]any {
	now := s.now()
	claims := s.about(g)
	claims["iss"] = s.issuer
	claims["aud"] = g.Client
	claims["iat"] = now.Unix()
	claims["exp"] = now.Add(TokenLife).Unix()
	claims["auth_time"] = g.At.Unix()
	claims["sid"] = g.SID
	sum := sha256.Sum256([]byte(bearer))
	claims["at_hash"] = base64.RawURLEncoding.EncodeToString(sum[:16])
	if g.Nonce != "" {
		claims["nonce"] = g.Nonce
	}
	return claims
}

// about is what the granted scopes say of the person.
func (s *Server) about(g grant) map[string]any {
	claims := map[string]any{"sub": g.Subject}
	p, _ := s.person(func(p Person) bool { return p.Subject == g.Subject })
	if slices.Contains(g.Scopes, "email") {
		claims["email"], claims["email_verified"] = p.Email, true
	}
	if slices.Contains(g.Scopes, "profile") {
		claims["name"] = p.Name
	}
	if slices.Contains(g.Scopes, "groups") {
		claims["groups"] = append([]string{}, p.Groups...)
	}
	return claims
}

func (s *Server) userinfo(w http.ResponseWriter, r *http.Request) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	g, good := s.memory.bearing(token, s.now())
	if !ok || !good || s.memory.isInactive(g.Subject) {
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
		fault(w, http.StatusUnauthorized, "invalid_token", "the access token is unknown or has run out")
		return
	}
	reply(w, http.StatusOK, s.about(g))
}

// authenticate takes the secret from the Authorization header or from the form, and
// refuses a request that uses both (RFC 6749 section 2.3).
func (s *Server) authenticate(r *http.Request) (Client, bool) {
	id, secret, basic := r.BasicAuth()
	if basic {
		if r.PostForm.Has("client_secret") {
			return Client{}, false
		}
		id, secret = unescape(id), unescape(secret)
	} else {
		id, secret = r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	}
	client, ok := s.client(id)
	given, want := sha256.Sum256([]byte(secret)), sha256.Sum256([]byte(client.Secret))
	return client, ok && subtle.ConstantTimeCompare(given[:], want[:]) == 1
}

// unescape undoes the form encoding that RFC 6749 asks for inside Basic; a value that
// is not so encoded is taken as it is.
func unescape(s string) string {
	if plain, err := url.QueryUnescape(s); err == nil {
		return plain
	}
	return s
}

// proves reports whether the verifier is the one behind the challenge (RFC 7636).
func proves(verifier, challenge string) bool {
	if len(verifier) < 43 || len(verifier) > 128 {
		return false
	}
	sum := sha256.Sum256([]byte(verifier))
	return subtle.ConstantTimeCompare([]byte(base64.RawURLEncoding.EncodeToString(sum[:])), []byte(challenge)) == 1
}

func fault(w http.ResponseWriter, status int, code, text string) {
	reply(w, status, map[string]string{"error": code, "error_description": text})
}
