package idp

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// A demand is a checked authorisation request.
type demand struct {
	client                            Client
	redirect, state, nonce, challenge string
	scopes                            []string
}

// authorize shows the sign-in page, and answers its buttons with a code. Whatever is
// wrong with the client or its redirect address is shown here, because an address that
// is not registered must never be redirected to; everything else is reported to the client.
func (s *Server) authorize(w http.ResponseWriter, r *http.Request) {
	form, sentence := single(r)
	if sentence != "" {
		s.refuse(w, r, sentence)
		return
	}
	client, ok := s.client(form.Get("client_id"))
	if !ok {
		s.refuse(w, r, "No site is registered under this client_id.")
		return
	}
	if !slices.Contains(client.RedirectURIs, form.Get("redirect_uri")) {
		s.refuse(w, r, "This redirect_uri is not registered for the site. It has to match to the letter.")
		return
	}
	d := demand{
		client: client, redirect: form.Get("redirect_uri"), state: form.Get("state"),
		nonce: form.Get("nonce"), challenge: form.Get("code_challenge"),
		scopes: strings.Fields(form.Get("scope")),
	}
	if code, text := objection(form, d); code != "" {
		s.back(w, r, d, url.Values{"error": {code}, "error_description": {text}})
		return
	}
	s.choose(w, r, form, d)
}

// choose completes the sign-in of the person whose button was pressed, or shows the buttons.
func (s *Server) choose(w http.ResponseWriter, r *http.Request, form url.Values, d demand) {
	login := r.PostForm.Get("login")
	if login == "" {
		s.page(w, r, http.StatusOK, form, d, "")
		return
	}
	if err := http.NewCrossOriginProtection().Check(r); err != nil {
		s.refuse(w, r, "This sign-in was sent by another site. Nobody has been signed in.")
		return
	}
	person, ok := s.person(func(p Person) bool { return p.Email == login })
	if !ok {
		s.page(w, r, http.StatusUnprocessableEntity, form, d, "Nobody with that address can sign in. Choose somebody from the list.")
		return
	}
	code := s.memory.issue(grant{
		Client: d.client.ID, Redirect: d.redirect, Challenge: d.challenge, Nonce: d.nonce,
		Scopes: d.scopes, Subject: person.Subject, SID: rand.Text(), At: s.now(),
	}, s.now())
	s.back(w, r, d, url.Values{"code": {code}})
}

// single reads the parameters and refuses any that is repeated (RFC 6749 section 3.1).
func single(r *http.Request) (url.Values, string) {
	if err := r.ParseForm(); err != nil {
		return nil, "The request could not be read."
	}
	for name, values := range r.Form {
		if len(values) > 1 {
			return nil, "The parameter " + name + " was sent more than once."
		}
	}
	return r.Form, ""
}

// objection names what is wrong with a request whose client is known.
func objection(form url.Values, d demand) (code, text string) {
	mode, prompt := form.Get("response_mode"), strings.Fields(form.Get("prompt"))
	switch {
	case form.Has("request"):
		return "request_not_supported", "request objects are not supported"
	case form.Has("request_uri"):
		return "request_uri_not_supported", "request_uri is not supported"
	case form.Get("response_type") != "code":
		return "unsupported_response_type", "only response_type=code is offered"
	case mode != "" && mode != "query":
		return "invalid_request", "only response_mode=query is offered"
	case !slices.Contains(d.scopes, "openid"):
		return "invalid_scope", "scope must contain openid"
	case form.Get("code_challenge_method") != "S256":
		return "invalid_request", "PKCE with code_challenge_method=S256 is required"
	case !plausibleChallenge(d.challenge):
		return "invalid_request", "code_challenge must be 43 base64url characters"
	case slices.Contains(prompt, "none"):
		return "login_required", "somebody has to press a button"
	}
	return "", ""
}

// plausibleChallenge reports whether c can be the base64url form of a SHA-256 digest.
func plausibleChallenge(c string) bool {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return len(c) == 43 && strings.Trim(c, alphabet) == ""
}

// back returns the browser to the client, naming ourselves (RFC 9207) so that a site
// with two providers cannot be led to mistake one for the other.
func (s *Server) back(w http.ResponseWriter, r *http.Request, d demand, answer url.Values) {
	if d.state != "" {
		answer.Set("state", d.state)
	}
	answer.Set("iss", s.issuer)
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, extend(d.redirect, answer), http.StatusSeeOther)
}

// extend adds parameters to an address that may already carry some.
func extend(address string, more url.Values) string {
	if strings.Contains(address, "?") {
		return address + "&" + more.Encode()
	}
	return address + "?" + more.Encode()
}
