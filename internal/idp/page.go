package idp

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
	"net/url"
	"strings"
)

//go:embed page.css
var pageCSS []byte

//go:embed page.html
var pageHTML string

var pages = template.Must(template.New("page").Parse(pageHTML))

// asked lists the parameters of an authorisation request that the form carries along.
var asked = []string{
	"client_id", "redirect_uri", "response_type", "response_mode", "scope", "state", "nonce",
	"code_challenge", "code_challenge_method", "prompt", "max_age",
}

type field struct{ Name, Value string }

type pageData struct {
	Base, Stylesheet string
	Heading, Text    string
	Error            string
	Fields           []field
	People           []Person
}

// page shows one form with a button for everybody who can sign in.
func (s *Server) page(w http.ResponseWriter, r *http.Request, code int, form url.Values, d demand, problem string) {
	data := pageData{
		Heading: "Choose who you are",
		Text:    "This is the demonstration sign-in. It asks for no password and runs on this machine only.",
		Error:   problem,
	}
	for _, name := range asked {
		if form.Has(name) {
			data.Fields = append(data.Fields, field{name, form.Get(name)})
		}
	}
	for _, p := range s.people {
		if !s.memory.isInactive(p.Subject) {
			data.People = append(data.People, p)
		}
	}
	s.render(w, r, code, data, origin(d.redirect))
}

// refuse shows what is wrong with a request that cannot be sent back to its client.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, sentence string) {
	s.notice(w, r, http.StatusBadRequest, "This request cannot be answered", sentence)
}

func (s *Server) notice(w http.ResponseWriter, r *http.Request, code int, heading, text string) {
	s.render(w, r, code, pageData{Heading: heading, Text: text}, "")
}

func (s *Server) render(w http.ResponseWriter, _ *http.Request, code int, data pageData, target string) {
	data.Base, data.Stylesheet = s.base, s.stylesheet
	var buf bytes.Buffer
	if err := pages.Execute(&buf, data); err != nil {
		s.log.Error("demonstration provider could not draw its page", "err", err)
		http.Error(w, "The page could not be drawn.", http.StatusInternalServerError)
		return
	}
	// form-action also governs where the answer to the form redirects, so the client's
	// own origin has to be in it.
	policy := []string{
		"default-src 'none'", "style-src 'self'", "base-uri 'none'", "frame-ancestors 'none'",
		strings.TrimSpace("form-action 'self' " + target),
	}
	h := w.Header()
	h.Set("Content-Security-Policy", strings.Join(policy, "; "))
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	_, _ = w.Write(buf.Bytes()) // the reader may have gone; nobody is left to tell
}

func (s *Server) css(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("Cache-Control", "no-cache")
	_, _ = w.Write(pageCSS)
}

// origin is the scheme and host of an address.
func origin(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}
